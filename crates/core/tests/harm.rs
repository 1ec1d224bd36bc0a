//! Bad releases and those who stop them, against closed forms. Statistical tests: fixed seeds, alpha = 0.001.

mod common;

use common::*;
use rollcast_core::{
    check::check,
    control::{Event, PauseEnd},
    draws::Coin,
    family::Family,
    observe::{Story, story},
    outcome::{By, Effect, End, Outcome},
    plan::*,
    quantile::Quantile,
    run::{run, run_watched},
    steps::{Observation, Step},
    time::{DAY_S, HOUR_S, SimTime},
    watch::Watch,
    windows::{Span, Windows},
};

const R: ReleaseId = ReleaseId(0);

fn defect(share: f64) -> Defect {
    Defect {
        key: key24("defect"),
        releases: vec![true],
        members: Filter::default(),
        prevalence: Prevalence::Share(Coin::new(share)),
        shows: Shows::AfterRestart(Quantile::fixed(0)),
        severity: Severity::Annoying,
        telemetry: Coin::new(1.0),
        ticket: None,
        repair: None,
    }
}

/// One ring of `devices`, all offered at second 0 with scans uniform over 22 h, and a defect.
fn bad(devices: u64, share: f64) -> Plan {
    Plan { defects: vec![defect(share)], ..plan(devices) }
}

fn rule(plan: &Plan, at_least: u64, act: Act) -> Rule {
    Rule {
        key: key24("rule"),
        crew: None,
        side: Side::Tenant,
        releases: vec![true; plan.releases.len()],
        rings: vec![true; plan.rings.len()],
        each_ring: false,
        when: Condition { count: Counted::Failed, within_s: None, at_least, share: None },
        evaluate: Evaluate::Tick,
        acts: vec![act],
    }
}

const PAUSE: Act = Act::Pause { rings: Reach::All, for_s: None };

fn script(at_h: i64, act: Act) -> Scripted {
    Scripted { at: SimTime::from_hours(at_h), side: Side::Tenant, act }
}

/// Plays and checks every invariant.
fn played(plan: &Plan, seed: u64, replication: u32) -> Outcome {
    let outcome = run(plan, seed, replication);
    assert_eq!(check(plan, seed, &outcome), []);
    outcome
}

fn harmed(outcome: &Outcome, ring: u16) -> u64 {
    outcome.ring(RingId(ring), R).harmed.iter().sum()
}

fn patched(outcome: &Outcome, ring: u16) -> i64 {
    outcome.ring(RingId(ring), R).patched.iter().sum()
}

fn stories(plan: &Plan, seed: u64, outcome: &Outcome) -> Vec<Story> {
    (0..plan.devices()).filter_map(|i| story(plan, seed, outcome, i)).collect()
}

fn first(story: &Story, wanted: fn(&Step) -> bool) -> Option<SimTime> {
    story.steps.iter().find(|(_, step)| wanted(step)).map(|(at, _)| *at)
}

/// |found - expected| in standard errors must stay below 3.29 (two-sided alpha 0.001).
fn near(found: f64, expected: f64, standard_error: f64) {
    let z = (found - expected) / standard_error;
    assert!(z.abs() < 3.29, "{found} for {expected} +- {standard_error}: z = {z}");
}

/// P(somebody is harmed) = 1 - (1 - p)^n.
#[test]
fn a_ring_catches_a_defect_with_one_minus_q_to_the_n() {
    let (n, p, runs) = (60, 0.02, 2_000);
    let plan = bad(n, p);
    let caught = (0..runs).filter(|&r| harmed(&run(&plan, 1, r), 0) > 0).count() as f64;
    let expected = 1.0 - (1.0 - p).powi(n as i32);
    let runs = f64::from(runs);
    near(caught / runs, expected, (expected * (1.0 - expected) / runs).sqrt());
}

/// Which ring catches a defect first: the first of n1 devices with 1 - q^n1, the second of n2 with q^n1 (1 - q^n2).
#[test]
fn the_first_ring_to_catch_a_defect_is_a_matter_of_sizes() {
    let (sizes, p, runs) = ([20_u64, 80, 100], 0.01, 2_000);
    let mut plan = bad(200, p);
    let of = |n: u64, day: i64| sized(RingSize::Pool(Amount::Count(n)), ring(day, None, 0));
    plan.rings = vec![of(sizes[0], 0), of(sizes[1], 2), of(sizes[2], 4)];
    let mut caught = [0.0; 4];
    for r in 0..runs {
        let outcome = run(&plan, 22, r);
        caught[(0..3).find(|&ring| harmed(&outcome, ring) > 0).map_or(3, usize::from)] += 1.0;
    }
    let (mut missed, q) = (1.0, 1.0 - p);
    for (ring, &n) in sizes.iter().enumerate() {
        let expected = missed * (1.0 - q.powi(n as i32));
        missed *= q.powi(n as i32);
        let runs = f64::from(runs);
        near(caught[ring] / runs, expected, (expected * (1.0 - expected) / runs).sqrt());
    }
}

/// A rule that reacts to the first failure after d hours lets t + d hours' worth of a uniform take-up through, where t
/// is the end of the tick of that failure; without a delay only t.
#[test]
fn a_reaction_delay_widens_the_blast_radius_by_its_own_length() {
    let n = 30_000;
    let mut plan = bad(n, 1.0);
    plan.device.scan = Scan::Wait(Quantile::uniform(0.0, 50.0 * HOUR_S as f64));
    plan.crews = vec![Crew {
        key: key24("on-call"),
        staff: 1,
        hours: Windows::new(vec![Span { from: SimTime(-DAY_S), to: SimTime(60 * DAY_S) }]),
        notices: Quantile::fixed(0),
        decides: Quantile::fixed(0),
        paged_after_s: None,
    }];
    plan.rules = vec![Rule { crew: Some(CrewId(0)), ..rule(&plan, 1, Act::Withdraw { release: None }) }];
    for delay in [0, 3, 10] {
        plan.crews[0].decides = Quantile::fixed(delay * HOUR_S);
        let outcome = played(&plan, 23, 0);
        let share = (1.0 + delay as f64) / 50.0;
        near(harmed(&outcome, 0) as f64 / n as f64, share, (share * (1.0 - share) / n as f64).sqrt());
        assert_eq!(outcome.stop(&plan, None, R).harmed_after, Some(0));
    }
}

/// A ring of n out of N devices of which K are of the bad model: hypergeometric.
#[test]
fn rings_sample_bad_models_hypergeometrically() {
    let (all, bad_models, n, runs) = (200_u64, 30_u64, 20_u64, 2_000_u32);
    let mut plan = bad(all, 1.0);
    let Fleet::Described(fleet) = &mut plan.fleet else { unreachable!() };
    let mut model = cohort("bad");
    model.picks[0] = Pick::Always(1);
    fleet.counted = vec![(bad_models, model), (all - bad_models, cohort("good"))];
    plan.defects[0].members = Filter { any_of: vec![vec![(AttributeId(0), vec![false, true])]] };
    plan.rings = vec![sized(RingSize::Pool(Amount::Count(n)), ring(0, None, 0)), ring(30, None, 0)];
    let found: Vec<f64> = (0..runs).map(|r| harmed(&run(&plan, 2, r), 0) as f64).collect();
    let (big, k, small) = (all as f64, bad_models as f64, n as f64);
    let mean = small * k / big;
    let variance = mean * (1.0 - k / big) * (big - small) / (big - 1.0);
    near(found.iter().sum::<f64>() / f64::from(runs), mean, (variance / f64::from(runs)).sqrt());
    let none: f64 = (0..n).map(|i| (big - k - i as f64) / (big - i as f64)).product();
    let zeros = found.iter().filter(|&&x| x == 0.0).count() as f64 / f64::from(runs);
    near(zeros, none, (none * (1.0 - none) / f64::from(runs)).sqrt());
}

/// The k-th of n onsets: k/(n+1) of the span for uniform installs, sum of m/(n-i) for exponential ones.
#[test]
fn the_kth_failure_comes_when_order_statistics_say() {
    let (n, k, runs) = (40, 4, 1_500);
    let mean_of_kth = |plan: &Plan| {
        let kth = |r: u32| {
            let outcome = run(plan, 3, r);
            let mut all: Vec<i64> = stories(plan, 3, &outcome)
                .iter()
                .filter_map(|s| first(s, |step| matches!(step, Step::Harmed(..))))
                .map(|at| at.0)
                .collect();
            all.sort_unstable();
            // The rule fires at the end of the tick that holds the k-th.
            let fired = outcome.decisions[0].fired;
            assert_eq!(fired, SimTime((all[k - 1] / HOUR_S + 1) * HOUR_S));
            all[k - 1] as f64 / HOUR_S as f64
        };
        let all: Vec<f64> = (0..runs).map(kth).collect();
        let mean = all.iter().sum::<f64>() / f64::from(runs);
        let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(runs - 1);
        (mean, (variance / f64::from(runs)).sqrt())
    };
    let mut plan = bad(n, 1.0);
    // A resume of nothing: the rule is heard, the rollout goes on.
    plan.rules = vec![rule(&plan, k as u64, Act::Resume { rings: Reach::All })];
    let (mean, error) = mean_of_kth(&plan);
    near(mean, 22.0 * k as f64 / (n as f64 + 1.0), error);
    plan.device.scan = Scan::Wait(Quantile::family(Family::Exponential { mean: 30.0 * HOUR_S as f64 }));
    let (mean, error) = mean_of_kth(&plan);
    near(mean, (0..k).map(|i| 30.0 / (n as f64 - i as f64)).sum(), error);
}

/// Take-up uniform over T, stop at t: a share t/T is hit, in a ring of a share c only c t/T.
#[test]
fn the_blast_radius_of_a_push_is_the_share_of_its_time() {
    let minutes = |m: i64| SimTime(m * 60);
    let mut plan = bad(50_000, 1.0);
    plan.tick_s = 60;
    plan.horizon = SimTime::from_hours(6);
    plan.releases[0].watched_until = plan.horizon;
    plan.releases[0].push = Some(Push { reaches: Quantile::uniform(0.0, 78.0 * 60.0), ignores_rings: false });
    plan.defects[0].severity = Severity::Down;
    plan.scripted =
        vec![Scripted { at: minutes(15), side: Side::Service, act: Act::Withdraw { release: None } }];
    let share: f64 = 15.0 / 78.0;
    let error = |n: f64| (share * (1.0 - share) / n).sqrt();
    let outcome = played(&plan, 4, 0);
    near(harmed(&outcome, 0) as f64 / 5e4, share, error(5e4));
    // The same with a canary ring of 1 % and the rest an hour later: nobody else is hit.
    let later = Ring { deferral_s: HOUR_S, ..ring(0, None, 0) };
    plan.rings = vec![sized(RingSize::Pool(Amount::Share(0.01)), ring(0, None, 0)), later];
    plan.rules = Vec::new();
    let outcome = played(&plan, 4, 0);
    near(harmed(&outcome, 0) as f64 / 500.0, share, error(500.0));
    assert_eq!(harmed(&outcome, 1), 0);
    assert_eq!(outcome.ring(RingId(0), R).down.iter().sum::<u64>(), harmed(&outcome, 0));
}

/// A pause reaches devices uniformly over 8 h; scans come at a rate of 1 in 22 h: 4/22 of the ring slip through
/// after the landing.
#[test]
fn the_policy_sync_lets_four_of_twenty_two_through() {
    let n = 40_000;
    let mut plan = bad(n, 0.0);
    plan.scripted = vec![script(5, PAUSE)];
    let outcome = played(&plan, 5, 0);
    let after = |from: usize| outcome.ring(RingId(0), R).offered[from..35 * 24].iter().sum::<u64>() as f64;
    let share: f64 = 4.0 / 22.0;
    near(after(5) / n as f64, share, (share * (1.0 - share) / n as f64).sqrt());
    // Nobody later than one sync interval; those already offered finish.
    assert_eq!(after(14), 0.0);
    // Devices end it themselves after 35 days, and then everybody scans.
    assert_eq!(patched(&outcome, 0), n as i64);
    let ended = outcome.log.iter().find(|l| matches!(l.event, Event::PauseEnds(_, PauseEnd::Expired)));
    assert_eq!(ended.map(|l| l.at), Some(SimTime::from_hours(5) + 35 * DAY_S));
}

/// An uninstall that waits for the sync is done uniformly over 8 h; it comes again when the pause ends.
#[test]
fn rollback_completes_uniformly_over_the_sync_interval_and_comes_again() {
    let mut plan = bad(4_000, 0.0);
    plan.management.uninstall.push = None;
    plan.management.uninstall.takes = Quantile::fixed(600);
    let day = Some(3 * DAY_S);
    plan.scripted = vec![script(48, Act::Uninstall { release: None, rings: Reach::All, for_s: day })];
    let outcome = played(&plan, 6, 0);
    let told = stories(&plan, 6, &outcome);
    let done: Vec<f64> = told
        .iter()
        .filter_map(|s| first(s, |step| matches!(step, Step::RolledBack(_))))
        .map(|at| (at.0 - 48 * HOUR_S - 600) as f64)
        .collect();
    assert_eq!(done.len(), 4_000);
    let limit = ks_limit(done.len());
    assert!(ks(done, |x| (x / (8.0 * 3_600.0)).clamp(0.0, 1.0)) < limit);
    for story in &told {
        let patches = story.steps.iter().filter(|(_, step)| matches!(step, Step::Patched(_))).count();
        assert_eq!((patches, story.covered[0].len()), (2, 2), "{:?}", story.steps);
        assert!(story.covered[0][1].from >= SimTime::from_hours(48 + 72));
    }
    // Everybody is patched, then nobody, then everybody again.
    let truth = outcome.ring(RingId(0), R);
    let at = |hour: usize| truth.patched[..hour].iter().sum::<i64>();
    assert_eq!((at(48), at(58), at(48 + 72 + 8 + 22)), (4_000, 0, 4_000));
}

/// Telemetry that sees a defect with probability q sees k of n p q devices; a lost upload delays by a day.
#[test]
fn imperfect_telemetry_thins_and_delays() {
    let (n, q, loss) = (20_000, 0.3, 0.25);
    let mut plan = bad(n, 0.5);
    plan.defects[0].telemetry = Coin::new(q);
    plan.device.telemetry.every_s = Some(DAY_S);
    plan.device.telemetry.loss = Coin::new(loss);
    let outcome = played(&plan, 7, 0);
    let (mut seen, mut harmed, mut late) = (0.0, 0.0, 0.0);
    for story in stories(&plan, 7, &outcome) {
        let Some(at) = first(&story, |step| matches!(step, Step::Harmed(..))) else { continue };
        harmed += 1.0;
        let failed = story.observed.iter().find(|o| o.1 == Observation::Failed(R));
        if let Some(&(when, _, cites)) = failed {
            assert_eq!(cites.at, at);
            seen += 1.0;
            late += f64::from(u8::from(when - at > DAY_S));
        }
    }
    near(seen / harmed, q, (q * (1.0 - q) / harmed).sqrt());
    near(late / seen, loss, (loss * (1.0 - loss) / seen).sqrt());
}

/// Clustered prevalence: the number harmed of n devices of one model is beta-binomial.
#[test]
fn clustered_prevalence_is_beta_binomial() {
    let (n, mean, rho, runs) = (50_u64, 0.2, 0.3, 3_000);
    let mut plan = bad(n, 0.0);
    plan.defects[0].prevalence = Prevalence::Clustered { by: AttributeId(0), mean, correlation: rho };
    let found: Vec<f64> = (0..runs).map(|r| harmed(&run(&plan, 8, r), 0) as f64).collect();
    let n = n as f64;
    let variance = n * mean * (1.0 - mean) * (1.0 + (n - 1.0) * rho);
    let average = found.iter().sum::<f64>() / f64::from(runs);
    near(average, n * mean, (variance / f64::from(runs)).sqrt());
    let measured = found.iter().map(|x| (x - average).powi(2)).sum::<f64>() / f64::from(runs - 1);
    assert!((measured / variance - 1.0).abs() < 0.1, "{measured} for {variance}");
}

/// Without defects and without a background no rule that counts fires, however touchy it is.
#[test]
fn a_good_release_without_background_is_never_stopped() {
    for count in [Counted::Failed, Counted::InstallFailed, Counted::Tickets] {
        let mut plan = bad(3_000, 0.0);
        let mut touchy = rule(&plan, 1, PAUSE);
        touchy.when.count = count;
        plan.rules = vec![touchy];
        let outcome = played(&plan, 9, 0);
        assert_eq!((outcome.decisions.len(), patched(&outcome, 0)), (0, 3_000));
    }
    // With a background it is stopped sooner or later, and the stop counts as false.
    let mut plan = bad(3_000, 0.0);
    plan.rules = vec![rule(&plan, 1, PAUSE)];
    plan.background.failures = Some(Poisson::share_per(0.5, 30 * DAY_S));
    plan.management.pause_expires_s = None;
    let outcome = played(&plan, 9, 0);
    let stop = outcome.stop(&plan, None, R);
    assert_eq!((stop.by_rules, stop.false_alarms), (1, 1));
}

/// Background failures come at their rate: so many devices a month.
#[test]
fn the_background_has_its_rate() {
    let (n, share) = (20_000, 0.05);
    let mut plan = bad(n, 0.0);
    plan.device.scan = Scan::Wait(Quantile::fixed(0));
    plan.background.failures = Some(Poisson::share_per(share, 30 * DAY_S));
    plan.background.tickets = Some(Poisson::share_per(share, 30 * DAY_S));
    let outcome = run(&plan, 10, 0);
    let told = stories(&plan, 10, &outcome);
    let month = |at: SimTime| at < SimTime::from_days(30);
    let failing = told
        .iter()
        .filter(|s| s.steps.iter().any(|(at, step)| *step == Step::BackgroundFailure(R) && month(*at)))
        .count() as f64;
    let calling =
        told.iter().filter(|s| s.observed.iter().any(|o| o.1 == Observation::Ticket && month(o.0))).count()
            as f64;
    for found in [failing, calling] {
        near(found / n as f64, share, (share * (1.0 - share) / n as f64).sqrt());
    }
}

/// Calls are counted also where nobody acts on them and no release is bad.
#[test]
fn background_calls_are_counted_without_anybody_who_looks() {
    let mut plan = plan(10_000);
    plan.background.tickets = Some(Poisson::per_block(0.5));
    let outcome = played(&plan, 24, 0);
    let expected = 10_000.0 * 0.5 * 40.0 / 28.0;
    near(outcome.tally.rings[0].background_tickets as f64, expected, expected.sqrt());
}

/// A rule that pauses at each failure and resumes after 10 h ends with a named result.
#[test]
fn an_oscillating_rule_ends_by_its_limit() {
    let mut plan = bad(2_000, 0.5);
    plan.rings = vec![Ring {
        ramp: Ramp { points: vec![(0.0, 0), (1.0, 30 * DAY_S)], linear: true, keeps_order: true },
        ..ring(0, None, 0)
    }];
    plan.rules = vec![rule(&plan, 1, Act::Pause { rings: Reach::All, for_s: Some(10 * HOUR_S) })];
    plan.management.max_decisions = 20;
    let outcome = played(&plan, 11, 0);
    let End::DecisionLimit(at) = outcome.end else { panic!("{:?}", outcome.end) };
    // Nothing later is counted: the limit leaves what was before it and no more.
    let truth = outcome.ring(RingId(0), R);
    let ticks = (at.0 / HOUR_S) as usize;
    assert!(truth.harmed_before(ticks) > 0 && truth.offered[..ticks].iter().sum::<u64>() > 0);
    assert_eq!(truth.harmed_before(ticks), harmed(&outcome, 0));
    assert_eq!(truth.offered[ticks..].iter().sum::<u64>(), 0);
    assert!(outcome.decisions.iter().all(|d| d.landed <= at) && outcome.log.iter().all(|l| l.at <= at));
    plan.management.max_decisions = 1_000;
    let outcome = played(&plan, 11, 0);
    assert_eq!(outcome.end, End::Completed);
    assert!(outcome.decisions.len() > 20 && outcome.decisions.iter().all(|d| d.effect == [Effect::Applied]));
    // It is armed again when its pause ends, and judged at ticks: at least 11 h from one firing to the next.
    assert!(outcome.decisions.windows(2).all(|d| d[1].fired - d[0].fired >= 11 * HOUR_S));
}

/// With a desk of 10 a day, n devices down at once are repaired in n / 10 days; nothing of them is heard before.
#[test]
fn a_desk_with_a_daily_capacity_works_its_queue_off() {
    let mut plan = bad(95, 1.0);
    plan.defects[0].severity = Severity::Down;
    plan.defects[0].repair = Some(Repair {
        asked_after: Quantile::fixed(0),
        takes: Quantile::fixed(1_800),
        hours: None,
        at_most_a_day: Some(10),
        leaves: Leaves::WorkedAround,
    });
    plan.device.telemetry.every_s = Some(DAY_S);
    let outcome = played(&plan, 12, 0);
    let truth = outcome.ring(RingId(0), R);
    // Scans spread over 22 h, midnight is second 0: day 0 serves 10, and so on to the 95th on day 9.
    let repaired: Vec<u64> = (0..11).map(|d| truth.repaired[d * 24..(d + 1) * 24].iter().sum()).collect();
    assert_eq!(repaired.iter().sum::<u64>(), 95);
    assert!(repaired[1..9].iter().all(|&n| n == 10), "{repaired:?}");
    for story in stories(&plan, 12, &outcome) {
        let down = first(&story, |step| matches!(step, Step::Harmed(..))).unwrap();
        let up = first(&story, |step| matches!(step, Step::Repaired(..))).unwrap();
        assert!(
            story
                .observed
                .iter()
                .all(|(at, what, _)| { matches!(what, Observation::Offered(_)) || *at < down || *at >= up })
        );
    }
}

/// A device that is down takes no fix until it is repaired; the others are cured by it.
#[test]
fn a_fix_cures_those_who_are_up() {
    for (severity, cured) in [(Severity::Degraded, 500), (Severity::Down, 0)] {
        let mut plan = bad(500, 1.0);
        let mut fix = release("fix", 4);
        fix.follows = Some(R);
        plan.releases.push(fix);
        plan.defects[0].releases = vec![true, false];
        plan.defects[0].severity = severity;
        let outcome = played(&plan, 13, 0);
        let fixed = outcome.ring(RingId(0), ReleaseId(1)).patched.iter().sum::<i64>();
        assert_eq!((harmed(&outcome, 0), fixed), (500, cured));
    }
}

/// An out-of-band release reaches rings past their deferral at once, the others on their own date; published in
/// the second in which a ring is offered the bad one, it wins; and a pause stops it too.
#[test]
fn an_out_of_band_release_keeps_to_the_rings() {
    let mut plan = bad(3_000, 0.0);
    let mut fix = release("fix", 6);
    fix.follows = Some(R);
    plan.releases.push(fix);
    plan.defects[0].releases = vec![true, false];
    let third = |ring| sized(RingSize::Pool(Amount::Count(1_000)), ring);
    plan.rings = vec![third(ring(1, None, 0)), third(ring(6, None, 0)), third(ring(9, None, 0))];
    let outcome = played(&plan, 14, 0);
    let start = |r: u16| outcome.known.offer(RingId(r), ReleaseId(1));
    let days = |d: i64| Some(SimTime::from_days(d));
    assert_eq!([start(0), start(1), start(2)], [days(6), days(6), days(9)]);
    let got = |r: u16, release: u16| outcome.ring(RingId(r), ReleaseId(release)).offered.iter().sum::<u64>();
    assert_eq!([got(0, 0), got(1, 0), got(2, 0)], [1_000, 0, 0]);
    assert_eq!([got(0, 1), got(1, 1), got(2, 1)], [1_000; 3]);
    plan.scripted = vec![script(5 * 24, Act::Pause { rings: Reach::Ring(RingId(0)), for_s: None })];
    let outcome = played(&plan, 14, 0);
    assert_eq!(outcome.ring(RingId(0), ReleaseId(1)).offered[..33 * 24].iter().sum::<u64>(), 0);
}

/// Known Issue Rollback: those who have not restarted into it never see the defect; the others at their restart.
#[test]
fn a_known_issue_rollback_acts_with_the_next_restart() {
    let mut plan = bad(2_000, 1.0);
    plan.device.restart.user = Some(Quantile::fixed(2 * DAY_S));
    plan.management.switch_off.restart_after = Quantile::fixed(12 * HOUR_S);
    plan.scripted = vec![script(50, Act::SwitchOff { defect: DefectId(0) })];
    let outcome = played(&plan, 15, 0);
    for story in stories(&plan, 15, &outcome) {
        let patched = first(&story, |step| matches!(step, Step::Patched(_))).unwrap();
        let harmed = first(&story, |step| matches!(step, Step::Harmed(..)));
        let healed = first(&story, |step| matches!(step, Step::Healed(..)));
        // Syncs come within 8 h of the order.
        if patched <= SimTime::from_hours(50) {
            let after = healed.unwrap() - SimTime::from_hours(50);
            assert!(harmed == Some(patched) && after > 12 * HOUR_S && after <= 20 * HOUR_S + 1);
        } else if patched > SimTime::from_hours(58) {
            assert_eq!((harmed, healed), (None, None));
        }
    }
}

/// The tenant's pause stands against the service; the service's is not lifted by the tenant (2022).
#[test]
fn pauses_have_their_precedence() {
    let act = |at_h: i64, side: Side, act: Act| Scripted { side, ..script(at_h, act) };
    let resume = Act::Resume { rings: Reach::All };
    let (tenant, service) = (Side::Tenant, Side::Service);
    let effects =
        |plan: &Plan| -> Vec<Effect> { played(plan, 16, 0).decisions.iter().map(|d| d.effect[0]).collect() };
    let mut plan = bad(50, 0.0);
    plan.scripted = vec![
        act(10, tenant, PAUSE),
        act(20, service, PAUSE),
        act(30, service, resume),
        act(40, tenant, resume),
        act(50, service, PAUSE),
        act(60, tenant, resume),
        act(70, service, resume),
        act(80, tenant, resume),
    ];
    use Effect::{Applied, Refused, Void};
    assert_eq!(effects(&plan), [Applied, Refused, Refused, Applied, Applied, Refused, Applied, Void]);
    plan.management.tenant_lifts_service = true;
    assert_eq!(effects(&plan), [Applied, Refused, Refused, Applied, Applied, Applied, Void, Void]);
    // The tenant takes over a pause of the service: from then on it is the tenant's.
    plan.scripted = vec![
        act(10, service, PAUSE),
        act(20, tenant, PAUSE),
        act(30, service, resume),
        act(40, tenant, resume),
    ];
    assert_eq!(effects(&plan), [Applied, Applied, Refused, Applied]);
}

/// Two incidents and one person: the second waits for the first. At night nobody looks, unless they are paged.
#[test]
fn people_queue_sleep_and_are_paged() {
    let mut plan = bad(1_000, 1.0);
    let days =
        (0..45).map(|d| Span { from: SimTime(d * DAY_S + 8 * HOUR_S), to: SimTime(d * DAY_S + 16 * HOUR_S) });
    plan.crews = vec![Crew {
        key: key24("on-call"),
        staff: 1,
        hours: Windows::new(days.collect()),
        notices: Quantile::fixed(1_800),
        decides: Quantile::fixed(2 * HOUR_S),
        paged_after_s: None,
    }];
    let by_people = |plan: &Plan, key: &str, at_least: u64| Rule {
        key: key24(key),
        crew: Some(CrewId(0)),
        ..rule(plan, at_least, PAUSE)
    };
    plan.management.pause_expires_s = None;
    // Both fire at the end of the first hour, which is outside the hours.
    plan.rules = vec![by_people(&plan, "a", 1), by_people(&plan, "b", 2)];
    let times = |plan: &Plan| -> Vec<[f64; 4]> {
        let outcome = played(plan, 17, 0);
        let hours = |at: SimTime| at.0 as f64 / HOUR_S as f64;
        let of = |d: &rollcast_core::outcome::Decision| {
            [hours(d.fired), hours(d.noticed), hours(d.decided), hours(d.landed)]
        };
        outcome.decisions.iter().map(of).collect()
    };
    assert_eq!(times(&plan), [[1.0, 8.5, 10.5, 11.0], [1.0, 8.5, 12.5, 13.0]]);
    plan.crews[0].staff = 2;
    assert_eq!(times(&plan), [[1.0, 8.5, 10.5, 11.0], [1.0, 8.5, 10.5, 11.0]]);
    plan.crews[0].paged_after_s = Some(3 * HOUR_S);
    assert_eq!(times(&plan), [[1.0, 4.0, 6.0, 6.0], [1.0, 4.0, 6.0, 6.0]]);
}

/// The price of lag: whom a rule's people let be harmed between their decision and its effect, to the second.
#[test]
fn lag_is_counted_from_the_decision() {
    let mut plan = bad(3_000, 1.0);
    plan.tick_s = DAY_S;
    plan.crews = vec![Crew {
        key: key24("on-call"),
        staff: 1,
        hours: Windows::new(vec![Span { from: SimTime(-DAY_S), to: SimTime(60 * DAY_S) }]),
        notices: Quantile::fixed(0),
        decides: Quantile::fixed(HOUR_S),
        paged_after_s: None,
    }];
    plan.device.scan = Scan::Wait(Quantile::uniform(0.0, 4.0 * DAY_S as f64));
    plan.rules = vec![Rule { crew: Some(CrewId(0)), ..rule(&plan, 1, Act::Withdraw { release: None }) }];
    let outcome = played(&plan, 21, 0);
    let stop = outcome.stop(&plan, None, R);
    let [decided, landed] = [stop.decided.unwrap(), stop.landed.unwrap()];
    assert_eq!([decided, landed], [SimTime(DAY_S + HOUR_S), SimTime(2 * DAY_S)]);
    let told = stories(&plan, 21, &outcome);
    let onsets = told.iter().filter_map(|s| first(s, |step| matches!(step, Step::Harmed(..))));
    let later = onsets.filter(|&at| at > decided).count() as u64;
    assert!(later > 500 && stop.harmed_after == Some(later), "{later} {stop:?}");
}

/// A share rule needs its sample and more than its share, of what it names; each ring by itself if it says so.
#[test]
fn a_share_has_a_sample_and_a_denominator() {
    let mut plan = bad(4_000, 0.1);
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(100)), ring(0, None, 0)),
        sized(RingSize::Pool(Amount::Count(900)), ring(2, None, 0)),
        ring(4, None, 0),
    ];
    let share = |of, above, min_sample| Some(ShareOf { of, above, min_sample });
    let mut watch = rule(&plan, 1, Act::Pause { rings: Reach::Later, for_s: None });
    watch.each_ring = true;
    let fired = |plan: &Plan| {
        let outcome = played(plan, 18, 0);
        outcome.decisions.first().map(|d| (d.ring, d.saw, d.effect.clone(), matches!(d.by, By::Rule(0, 0))))
    };
    // 10 % of the devices fail: a rule at 2 % with a sample of 50 fires in the first ring, of which ...
    watch.when.share = share(Denominator::Installed, 0.02, 50);
    plan.rules = vec![watch.clone()];
    let (ring, saw, effect, by_rule) = fired(&plan).unwrap();
    let saw = saw.unwrap();
    assert!(saw.of.unwrap() >= 50 && saw.count as f64 > 0.02 * saw.of.unwrap() as f64 && by_rule);
    assert_eq!((ring, effect), (Some(RingId(0)), vec![Effect::None, Effect::Applied, Effect::Applied]));
    // ... with a sample of 500 only in the second, at 50 % never, and of all registered as well.
    watch.when.share = share(Denominator::Reported, 0.02, 500);
    plan.rules = vec![watch.clone()];
    assert_eq!(fired(&plan).unwrap().0, Some(RingId(1)));
    for of in [Denominator::Installed, Denominator::Offered, Denominator::Registered, Denominator::Reported] {
        watch.when.share = share(of, 0.5, 1);
        plan.rules = vec![watch.clone()];
        assert_eq!(fired(&plan), None);
    }
}

/// A gated ring behind a bad one: with a stop before the gate opens the blast stays in the first ring.
#[test]
fn a_gate_and_a_stop_keep_the_blast_in_the_first_ring() {
    let mut plan = bad(2_000, 0.2);
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(200)), ring(0, None, 0)),
        Ring { gate: Some(Gate { after: RingId(0), share: 0.9, wait_s: DAY_S }), ..ring(0, None, 0) },
    ];
    let free = played(&plan, 19, 0);
    assert!(harmed(&free, 1) > 250);
    plan.rules = vec![rule(&plan, 5, Act::Withdraw { release: None })];
    let outcome = played(&plan, 19, 0);
    assert_eq!(harmed(&outcome, 1), 0);
    assert!(harmed(&outcome, 0) < 40 && outcome.stop(&plan, Some(RingId(1)), R).before_offer);
}

/// Installs that a defect fails never get on; a release without it does, and that is the end of the harm.
#[test]
fn an_install_that_cannot_succeed_waits_for_a_fix() {
    let mut plan = bad(400, 1.0);
    plan.defects[0].shows = Shows::InInstall;
    plan.device.attempts = Some(3);
    let outcome = played(&plan, 20, 0);
    let truth = outcome.ring(RingId(0), R);
    assert_eq!((patched(&outcome, 0), harmed(&outcome, 0), truth.gave_up), (0, 400, 400));
    assert_eq!(truth.failures, [1_200]);
    plan.releases.push(Release { follows: Some(R), ..release("fix", 10) });
    plan.defects[0].releases = vec![true, false];
    let outcome = played(&plan, 20, 0);
    assert_eq!(outcome.ring(RingId(0), ReleaseId(1)).patched.iter().sum::<i64>(), 400);
    let healed = stories(&plan, 20, &outcome);
    assert!(healed.iter().all(|s| first(s, |step| matches!(step, Step::Healed(..))).is_some()));
}

/// How many lives are played until nothing new is decided.
fn lives(plan: &Plan) -> u64 {
    let watch = Watch::new();
    assert!(run_watched(plan, 11, 0, &watch).is_some());
    watch.lives().0
}

/// What is decided before the largest ring starts costs no second play of it; what lands later does.
#[test]
fn a_decision_before_the_largest_ring_costs_no_replay_of_it() {
    let mut plan = bad(20_000, 0.5);
    let early = sized(RingSize::Pool(Amount::Count(2_000)), ring(0, None, 0));
    plan.rings = vec![early, ring(9, None, 0)];
    plan.management.pause_expires_s = None;
    assert_eq!(lives(&plan), 20_000);
    plan.rules = vec![rule(&plan, 10, PAUSE)];
    assert_eq!(lives(&plan), 20_000 + 2_000);
    plan.rules = vec![rule(&plan, 5_000, PAUSE)];
    assert_eq!(lives(&plan), 20_000 + 20_000);
}

/// Large rings are played one after the other as long as nothing is decided, and then once; what is decided is what the
/// counts of all of them say.
#[test]
fn large_rings_wait_for_what_the_smaller_ones_decide() {
    let mut plan = bad(60_000, 0.5);
    let of = |n: u64, day: i64| sized(RingSize::Pool(Amount::Count(n)), ring(day, None, 0));
    plan.rings = vec![of(600, 0), of(12_000, 3), ring(9, None, 0)];
    plan.management.pause_expires_s = None;
    for (at_least, expected) in
        [(10, 2 * 600 + 59_400), (1_000, 2 * 12_600 + 47_400), (10_000, 2 * 60_000), (40_000, 60_000)]
    {
        plan.rules = vec![rule(&plan, at_least, PAUSE)];
        assert_eq!(lives(&plan), expected, "{at_least}");
        let outcome = played(&plan, 11, 0);
        let Some(decision) = outcome.decisions.first() else { continue };
        let seen = |until: SimTime| -> u64 {
            let curves = (0..3).map(|ring| &outcome.tally.unit(RingId(ring), R).observed.failed);
            curves.map(|failed| failed.iter().take((until.0 / HOUR_S) as usize).sum::<u64>()).sum()
        };
        let fired = decision.fired;
        assert!(seen(SimTime(fired.0 - HOUR_S)) < at_least && seen(fired) >= at_least);
        assert_eq!(decision.saw.map(|saw| saw.count), Some(seen(fired)));
    }
}

/// What is decided about a release before the largest ring is offered it costs no replay of that ring either, though it
/// had the release before; unless somebody in it would have made a rule fire earlier.
#[test]
fn a_decision_about_the_next_release_costs_no_replay_of_the_last_one() {
    let mut plan = bad(20_000, 0.5);
    let early = sized(RingSize::Pool(Amount::Count(2_000)), ring(0, None, 0));
    plan.rings = vec![early, ring(9, None, 0)];
    plan.releases.push(release("next", 20));
    plan.defects[0].releases = vec![false, true];
    plan.management.pause_expires_s = None;
    plan.rules = vec![rule(&plan, 10, PAUSE)];
    assert_eq!(lives(&plan), 20_000 + 2_000);
    assert_eq!(played(&plan, 11, 0).decisions.len(), 1);
    // A few of the largest ring fail on the first release; without it, only the second one is seen to fail.
    plan.defects.push(Defect { key: key24("rare"), releases: vec![true, false], ..defect(0.001) });
    assert_eq!(lives(&plan), 2 * 2_000 + 18_000 + 2 * 20_000);
    let outcome = played(&plan, 11, 0);
    assert_eq!((outcome.decisions.len(), outcome.decisions[0].release), (1, R));
    assert!(outcome.decisions[0].fired > SimTime::from_days(9));
}

/// Two rules that fire together and are both noticed before the first decision lands are replayed together.
#[test]
fn decisions_that_are_certain_together_are_replayed_together() {
    let mut plan = bad(3_000, 0.5);
    plan.management.pause_expires_s = None;
    let always = Windows::new(vec![Span { from: SimTime(0), to: plan.horizon }]);
    let crew = |name: &str, hours: i64| Crew {
        key: key24(name),
        staff: 1,
        hours: always.clone(),
        notices: Quantile::fixed(0),
        decides: Quantile::fixed(hours * HOUR_S),
        paged_after_s: None,
    };
    plan.crews = vec![crew("quick", 2), crew("slow", 9)];
    let by = |crew: u16| Rule { crew: Some(CrewId(crew)), ..rule(&plan, 5, PAUSE) };
    let (one, two) = (vec![by(0)], vec![by(0), Rule { key: key24("other"), ..by(1) }]);
    plan.rules = one;
    assert_eq!(lives(&plan), 2 * 3_000);
    plan.rules = two;
    assert_eq!(lives(&plan), 2 * 3_000);
    assert_eq!(played(&plan, 11, 0).decisions.len(), 2);
}
