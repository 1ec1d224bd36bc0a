//! Published arithmetic and closed forms that the engine must reproduce. Seeds are fixed; statistical tests
//! say their alpha.

mod common;

use common::*;
use rollcast_core::{
    draws::Coin,
    observe::{Seen, observe},
    plan::*,
    quantile::Quantile,
    run::run,
    steps::{RestartBy, Step},
    time::{DAY_S, HOUR_S, SimTime},
    windows::{Span, Windows},
};

const BUDGET: u64 = 256 << 20;

/// Times of the steps that `pick` chooses, in seconds.
fn times(plan: &Plan, seed: u64, pick: impl Fn(Step) -> bool) -> Vec<f64> {
    let outcome = run(plan, seed, 0);
    let mut found = Vec::new();
    observe(plan, seed, &outcome, BUDGET, |at, seen| {
        if let Seen::Device { step, .. } = seen
            && pick(step)
        {
            found.push(at.0 as f64);
        }
    });
    found
}

#[test]
fn default_rings_are_offered_and_forced_on_the_published_days() {
    // Deferral 0/1/6/9, deadline 0/2/2/5, grace 0/2/2/2 (the classic four rings); nobody restarts by choice,
    // scans are immediate: forced on days 0, 3, 8 and 14 after publication.
    let mut plan = plan(4_000);
    plan.device.scan = Scan::Wait(Quantile::fixed(0));
    plan.device.restart.user = None;
    plan.device.restart.warning_s = 15 * 60;
    let days = [(0, 0, 0), (1, 2, 2), (6, 2, 2), (9, 5, 2)];
    plan.rings = days
        .map(|(deferral, deadline, grace)| {
            sized(RingSize::Pool(Amount::Count(1_000)), ring(deferral, Some(deadline), grace))
        })
        .to_vec();
    let outcome = run(&plan, 1, 0);
    for (i, forced_day) in [0, 3, 8, 14].into_iter().enumerate() {
        let truth = outcome.ring(RingId(i as u16), ReleaseId(0));
        assert_eq!(truth.offered[days[i].0 as usize * 24], 1_000);
        // A ring without deadline days still shows its fifteen minutes of warning.
        let at = SimTime::from_days(forced_day) + if i == 0 { 15 * 60 } else { 0 };
        assert_eq!(truth.first_last, Some((at, at)));
        assert_eq!(truth.restarts[RestartBy::Deadline as usize], 1_000);
    }
}

#[test]
fn deadline_anchors_differ_by_what_they_count_from() {
    // Offered 20 h after the deferral ended, pending 3 h later; deadline 5 d, grace 2 d.
    let forced_at = |anchor: Anchor, grace_d: i64| {
        let mut plan = plan(10);
        plan.device.scan = Scan::Wait(Quantile::fixed(20 * HOUR_S));
        plan.device.install_takes = Quantile::fixed(3 * HOUR_S);
        plan.device.restart.user = None;
        plan.device.restart.anchor = anchor;
        plan.rings = vec![ring(9, Some(5), grace_d)];
        run(&plan, 1, 0).ring(RingId(0), ReleaseId(0)).first_last.expect("all are forced").0
    };
    assert_eq!(forced_at(Anchor::Offer, 2), SimTime::from_days(14) + 20 * HOUR_S);
    assert_eq!(forced_at(Anchor::Release, 2), SimTime::from_days(14));
    assert_eq!(forced_at(Anchor::Pending, 2), SimTime::from_days(14) + 23 * HOUR_S);
    // Grace overrides the deadline where it ends later.
    assert_eq!(forced_at(Anchor::Release, 6), SimTime::from_days(15) + 23 * HOUR_S);
}

#[test]
fn back_from_holiday_the_anchor_decides_between_two_days_and_five() {
    // Away from day 5 to day 20, ring with 9/5/2: with the release-date anchor the deadline ran out meanwhile
    // and the grace of two days is left, with the offer anchor there are five.
    let forced_at = |anchor: Anchor| {
        let mut plan = plan(10);
        plan.device.scan = Scan::Wait(Quantile::fixed(0));
        plan.device.restart.user = None;
        plan.device.restart.anchor = anchor;
        plan.rings = vec![ring(9, Some(5), 2)];
        let closed = Windows::new(vec![Span { from: SimTime::from_days(5), to: SimTime::from_days(20) }]);
        for at_site in &mut plan.habits[0].at_site {
            at_site.closed = closed.clone();
        }
        run(&plan, 1, 0).ring(RingId(0), ReleaseId(0)).first_last.expect("all are forced").0
    };
    assert_eq!(forced_at(Anchor::Release), SimTime::from_days(22));
    assert_eq!(forced_at(Anchor::Offer), SimTime::from_days(25));
}

#[test]
fn waits_follow_their_distributions() {
    // Kolmogorov-Smirnov at alpha 0.001, 20 000 devices each.
    let n = 20_000;
    let mut uniform = plan(n);
    uniform.device.restart.user = None;
    let waits = times(&uniform, 3, |s| matches!(s, Step::Offered(_)));
    assert!(ks(waits, |x| x / (22.0 * 3600.0)) < ks_limit(n as usize));

    // A renewal of 17.6 to 22 hours in equilibrium, seen from the end of the deferral.
    let (low, high) = (17.6 * 3600.0, 22.0 * 3600.0);
    let residual = rollcast_core::family::Family::Residual { low, high };
    let mut renewal = plan(n);
    renewal.device.scan = Scan::Every {
        interval: Quantile::uniform(low, high),
        residual: Quantile::family(residual),
        longest_s: high as i64,
    };
    let waits = times(&renewal, 4, |s| matches!(s, Step::Offered(_)));
    let mean = 0.5 * (low + high);
    let cdf = |x: f64| {
        if x <= low {
            x / mean
        } else {
            low / mean + ((high - low).powi(2) - (high - x).powi(2)) / (2.0 * (high - low) * mean)
        }
    };
    assert!(ks(waits, cdf) < ks_limit(n as usize));

    // Restart: exponential with mean 18 h, cut off by a deadline of 2 days after the pending restart.
    let mut restart = plan(n);
    restart.device.scan = Scan::Wait(Quantile::fixed(0));
    restart.device.restart.anchor = Anchor::Pending;
    let family = rollcast_core::family::Family::Exponential { mean: 18.0 * 3600.0 };
    restart.device.restart.user = Some(Quantile::family(family));
    restart.rings = vec![ring(0, Some(2), 0)];
    let waits = times(&restart, 5, |s| matches!(s, Step::Patched(_)));
    let forced = waits.iter().filter(|&&t| t == 2.0 * 86_400.0).count() as f64;
    let expected = n as f64 * (-48.0_f64 / 18.0).exp();
    // Binomial, 3.3 standard deviations (alpha 0.001).
    assert!((forced - expected).abs() < 3.3 * expected.sqrt(), "{forced} for {expected}");
    let early: Vec<f64> = waits.into_iter().filter(|&t| t < 2.0 * 86_400.0).collect();
    let mass = 1.0 - (-48.0_f64 / 18.0).exp();
    let limit = ks_limit(early.len());
    assert!(ks(early, |x| (1.0 - (-x / (18.0 * 3600.0)).exp()) / mass) < limit);
}

#[test]
fn quantile_and_last_of_a_uniform_wait() {
    // n uniform waits over 22 h: the 95 % quantile has mean 0.95 * 22 h, the last one n/(n+1) * 22 h.
    let mut plan = plan(999);
    plan.tick_s = 60;
    let (mut q95, mut last) = (0.0, 0.0);
    let runs = 200;
    for r in 0..runs {
        let outcome = run(&plan, 9, r);
        let truth = outcome.ring(RingId(0), ReleaseId(0));
        let tick = rollcast_core::outcome::tick_reached(&truth.patched, 999, 0.95).expect("everyone is");
        q95 += (tick + 1) as f64 / 60.0;
        last += (truth.first_last.expect("everyone is").1.0) as f64 / 3600.0;
    }
    // Standard errors: of the 95 % order statistic 22 * sqrt(0.95 * 0.05 / 1000) / sqrt(200) = 0.011 h (read
    // at the end of its minute, half a minute late on average), of the maximum 22 / 1000 / sqrt(200) = 0.002 h.
    let (q95, last) = (q95 / f64::from(runs), last / f64::from(runs));
    assert!((q95 - 0.5 / 60.0 - 22.0 * 950.0 / 1000.0).abs() < 0.04, "{q95}");
    assert!((last - 22.0 * 999.0 / 1000.0).abs() < 0.01, "{last}");
}

#[test]
fn a_linear_ramp_offers_its_share_at_every_hour() {
    let n = 50_000;
    let mut plan = plan(n);
    plan.device.scan = Scan::Wait(Quantile::fixed(0));
    plan.rings[0].ramp =
        Ramp { points: vec![(0.1, 0), (1.0, 72 * HOUR_S)], linear: true, keeps_order: false };
    let outcome = run(&plan, 2, 0);
    let truth = outcome.ring(RingId(0), ReleaseId(0));
    let mut sum = 0;
    for hour in 0..72_usize {
        sum += truth.offerable[hour];
        let share = 0.1 + 0.9 * (hour + 1) as f64 / 72.0;
        let sd = (share * (1.0 - share) * n as f64).sqrt();
        // 4.5 standard deviations: alpha 0.001 over 72 hours by Bonferroni (the last hour is exact).
        assert!((sum as f64 - share * n as f64).abs() <= 4.5 * sd + 1.0, "hour {hour}: {sum}");
    }
    assert_eq!(sum, n);
}

#[test]
fn downloads_under_way_obey_littles_law() {
    // Offers spread evenly over 22 h, downloads of 56 s at 100 Mbit/s: n / 22 h * 56 s at once.
    let n = 100_000;
    let mut plan = plan(n);
    plan.device.download_takes = None;
    plan.habits[0].bandwidth = Quantile::fixed(100_000_000);
    let outcome = run(&plan, 6, 0);
    let truth = outcome.ring(RingId(0), ReleaseId(0));
    assert_eq!(truth.bytes.iter().sum::<u64>(), n * 700_000_000);
    assert_eq!(truth.transfer_s.iter().sum::<u64>(), n * 56);
    let expected = n as f64 / 22.0 / 3600.0 * 56.0;
    for hour in 1..21 {
        let at_once = truth.transfer_s[hour] as f64 / 3600.0;
        // Poisson counts of n/22 an hour: 4 standard deviations are 6 %.
        assert!((at_once / expected - 1.0).abs() < 0.06, "hour {hour}: {at_once} for {expected}");
    }
}

#[test]
fn failures_repeat_with_their_probability_until_the_device_gives_up() {
    // Each attempt fails with 0.3, at most 4 attempts: 0.3^4 give up, attempts fail n (0.3 + 0.09 + ...).
    let n = 40_000;
    let mut plan = plan(n);
    plan.device.failures = vec![Failure { in_download: false, upto: Coin::new(0.3).threshold() }];
    plan.device.attempts = Some(4);
    let outcome = run(&plan, 8, 0);
    let truth = outcome.ring(RingId(0), ReleaseId(0));
    let near = |found: u64, share: f64| {
        let (mean, sd) = (share * n as f64, (share * n as f64).sqrt());
        assert!((found as f64 - mean).abs() < 4.0 * sd, "{found} for {mean}");
    };
    near(truth.gave_up, 0.3_f64.powi(4));
    near(truth.failures[0], 0.3 + 0.09 + 0.027 + 0.0081);
    assert_eq!(truth.patched.iter().sum::<i64>() as u64 + truth.gave_up, n);
}

#[test]
fn the_stated_share_is_away_at_every_instant() {
    let n = 20_000;
    let mut plan = plan(n);
    plan.habits[0].away = Some(Away::new(0.12, Quantile::uniform(3.0 * 86_400.0, 21.0 * 86_400.0)));
    plan.device.scan = Scan::Wait(Quantile::fixed(0));
    for day in [0, 7, 30] {
        plan.rings = vec![ring(day, None, 0)];
        let outcome = run(&plan, 5, 0);
        let found = outcome.ring(RingId(0), ReleaseId(0)).offered[day as usize * 24] as f64 / n as f64;
        // 4 standard deviations of a share of 0.88 among 20 000.
        assert!((found - 0.88).abs() < 4.0 * (0.88 * 0.12 / n as f64).sqrt(), "day {day}: {found}");
    }
}

#[test]
fn a_pause_reaches_devices_over_the_sync_interval() {
    // Scans every minute or so; a pause issued at hour 4 reaches a device within 8 h, uniformly: of the devices
    // that would scan at hour 4 + x, a share 1 - x/8 has not heard of it.
    let n = 50_000;
    let mut plan = plan(n);
    let window = 24.0 * 3600.0;
    plan.device.scan = Scan::Wait(Quantile::uniform(0.0, window));
    plan.freezes = vec![Freeze {
        spans: vec![Span { from: SimTime::from_hours(4), to: SimTime::from_days(30) }],
        rings: vec![true],
        by: FreezeBy::Pause,
    }];
    let outcome = run(&plan, 12, 0);
    let offered: u64 = outcome.ring(RingId(0), ReleaseId(0)).offered[..29 * 24].iter().sum();
    // 4 h at the full rate, then 8 h with the share falling from 1 to 0: 4 + 4 hours of 24.
    let expected = n as f64 * 8.0 / 24.0;
    assert!((offered as f64 - expected).abs() < 4.0 * (expected * 2.0 / 3.0).sqrt(), "{offered} {expected}");

    plan.freezes[0].by = FreezeBy::Ideal;
    let outcome = run(&plan, 12, 0);
    let offered: u64 = outcome.ring(RingId(0), ReleaseId(0)).offered[..29 * 24].iter().sum();
    let ideal = n as f64 * 4.0 / 24.0;
    assert!((offered as f64 - ideal).abs() < 4.0 * ideal.sqrt());
}

#[test]
fn a_gate_opens_on_what_was_reported_and_starts_the_next_ring() {
    // Uniform waits over 22 h, reports at once: 90 % of the first ring is seen at about 19.8 h, so the gate
    // opens at tick 20 and, with a wait of a day, the second ring starts at hour 44.
    let mut plan = plan(20_000);
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(10_000)), ring(0, None, 0)),
        Ring { gate: Some(Gate { after: RingId(0), share: 0.9, wait_s: DAY_S }), ..ring(0, None, 0) },
    ];
    let outcome = run(&plan, 1, 0);
    assert_eq!(outcome.known.offer(RingId(1), ReleaseId(0)), Some(SimTime::from_hours(44)));
    let second = outcome.ring(RingId(1), ReleaseId(0));
    assert_eq!(second.offerable[44], 10_000);
    assert_eq!(second.patched[..44].iter().sum::<i64>(), 0);
    // What nobody reports opens no gate, and the ring's devices count as deferred for all that time.
    plan.device.telemetry.latency = Quantile::fixed(50 * DAY_S);
    let outcome = run(&plan, 1, 0);
    assert_eq!(outcome.known.offer(RingId(1), ReleaseId(0)), None);
    let second = outcome.ring(RingId(1), ReleaseId(0));
    assert_eq!((second.devices, second.patched.iter().sum::<i64>()), (10_000, 0));
    assert_eq!(second.blocked_s[0], 10_000 * 40 * 86_400);
}
