//! Prices and exploit clocks: they add up to what the counts say, change nothing that is played, and are settings like
//! any other.

use std::{path::Path, sync::Arc};

use rollcast_core::{
    costs::Part,
    metrics::Metric,
    outcome::Outcome,
    plan::{Plan, ReleaseId, RingId},
    replicate::group,
    run::run,
};
use rollcast_scenario::{
    diagnostic::Source,
    load::{Loaded, Loader},
    study::Study,
};

/// Two rings, a defect that takes devices down, one that annoys, somebody who decides.
const BAD: &str = "
seed: 5
fleet: { devices: 4000 }
rings: { pilot: { size: 10% }, broad: { size: rest, deferral: 3 d, deadline: 4 d } }
release: { published: 2026-10-13, exploit: { chance: 40%, after: 0 d, hits: 1% a day } }
people: { on-call: { hours: always } }
rules: { stop: { who: on-call, when: { count: failed, at-least: 5 }, do: pause broad for 2 d } }
defects:
  crash: { in: release, share: 8%, shows: after exp 6 h, severity: down, ticket: {}, repair: { takes: 20 min to 40 min } }
  noise: { in: release, share: 5%, shows: at restart, severity: annoying, ticket: {} }
";
const PRICES: &str = "costs: { currency: EUR, exposed-device-day: 0.40, harmed-device-hour: 35, restart-in-active-hours: 12, \
    ticket: 25, decision: 300, administrator-hour: 80, hit-device: 12 000 }\n";
const R: ReleaseId = ReleaseId(0);

fn try_load(text: &str, sets: &[&str]) -> Result<Loaded, Vec<(&'static str, String)>> {
    let source = Arc::new(Source { name: "test.yaml".into(), text: text.to_owned() });
    let loader = sets.iter().fold(Loader::new(), |loader, set| loader.set(*set));
    let told = |problems: rollcast_scenario::load::Problems| {
        problems.0.into_iter().map(|problem| (problem.code, problem.message)).collect()
    };
    loader.load_source(source, Path::new("")).map_err(told)
}

fn load(text: &str, sets: &[&str]) -> Loaded {
    try_load(text, sets).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn value(plan: &Plan, outcome: &Outcome, ring: Option<RingId>, metric: Metric) -> Option<f64> {
    let fleet = outcome.fleet(plan, R);
    metric.value(&group(plan, outcome, &fleet, ring, R))
}

fn close(found: f64, expected: f64, part: f64) {
    assert!((found - expected).abs() <= part * expected.abs(), "{found} for {expected}");
}

#[test]
fn money_is_the_sum_of_priced_counts() {
    let loaded = load(&format!("{BAD}{PRICES}"), &[]);
    let (plan, outcome) = (&loaded.plan, run(&loaded.plan, loaded.seed, 0));
    assert_eq!(loaded.labels.currency.as_deref(), Some("EUR"));
    let fleet = |metric| value(plan, &outcome, None, metric).unwrap();
    let repaired: u64 = outcome.fleet(plan, R).repaired.iter().sum();
    assert!(repaired > 50, "{repaired}");
    for (part, price, counted) in [
        (Part::Exposure, 0.4, fleet(Metric::ExposedDeviceDays)),
        (Part::Hits, 12_000.0, fleet(Metric::ExposedHit)),
        (Part::Harm, 35.0, fleet(Metric::HarmedDeviceHours)),
        (Part::Restarts, 12.0, fleet(Metric::RestartsActive)),
        (Part::Tickets, 25.0, fleet(Metric::Tickets)),
        (Part::Decisions, 300.0, fleet(Metric::Decisions)),
        // The only defect that is repaired by hand takes half an hour on average.
        (Part::Administrators, 80.0, repaired as f64 * 0.5),
    ] {
        assert!(counted > 0.0, "{part:?}");
        close(fleet(Metric::CostOf(part)), price * counted, 1e-6);
    }
    let parts: f64 = Part::ALL.into_iter().map(|part| fleet(Metric::CostOf(part))).sum();
    close(fleet(Metric::Cost), parts, 1e-12);
    let rings = [0, 1].map(|ring| {
        assert_eq!(value(plan, &outcome, Some(RingId(ring)), Metric::CostOf(Part::Decisions)), None);
        value(plan, &outcome, Some(RingId(ring)), Metric::Cost).unwrap()
    });
    close(rings[0] + rings[1] + fleet(Metric::CostOf(Part::Decisions)), parts, 1e-9);
}

#[test]
fn prices_and_attackers_change_nothing_that_is_played() {
    let (with, without) = (load(&format!("{BAD}{PRICES}"), &[]), load(BAD, &[]));
    let [with_costs, plain] = [&with, &without].map(|loaded| run(&loaded.plan, loaded.seed, 0));
    assert_eq!(with_costs.decisions, plain.decisions);
    for ring in [RingId(0), RingId(1)] {
        assert_eq!(with_costs.ring(ring, R), plain.ring(ring, R));
    }
    assert_eq!(value(&without.plan, &plain, None, Metric::Cost), None);
}

#[test]
fn what_has_no_price_is_not_counted() {
    let loaded = load(&format!("{BAD}costs: {{ ticket: 25 }}\n"), &[]);
    let outcome = run(&loaded.plan, loaded.seed, 0);
    let fleet = |metric| value(&loaded.plan, &outcome, None, metric);
    assert_eq!(fleet(Metric::Cost), fleet(Metric::CostOf(Part::Tickets)));
    assert_eq!(fleet(Metric::CostOf(Part::Harm)), None);
}

#[test]
fn a_fleet_that_is_never_offered_the_release_is_hit_by_the_closed_form() {
    // T = 0, c = 40 %, 1 % a day over 10 days: 1000 x 0.4 x (1 - 0.99^10).
    let text = "fleet: { devices: 1000 }\nhorizon: 10 d\nrings: { all: { size: rest, deferral: 30 d } }\n\
        release: { published: 2026-10-13, exploit: { chance: 40%, after: 0 d, hits: 1% a day } }\n";
    let loaded = load(text, &[]);
    let outcome = run(&loaded.plan, 1, 0);
    let hit = value(&loaded.plan, &outcome, None, Metric::ExposedHit).unwrap();
    close(hit, 400.0 * (1.0 - 0.99_f64.powi(10)), 1e-9);
    // The shipped clock: 31 of 56 at publication, the rest later, so fewer hits than with T = 0.
    let shipped = load(text, &["release.exploit.after=kev-microsoft/2026"]);
    let fewer = value(&shipped.plan, &outcome, None, Metric::ExposedHit).unwrap();
    let share = fewer / hit;
    assert!((0.55..0.75).contains(&share), "{share}");
}

#[test]
fn a_metric_without_its_figures_is_an_error_by_name() {
    let two = "fleet: { devices: 100 }\nreleases: { A: { published: 2026-10-13 }, B: { published: 2026-11-10, \
        exploit: { chance: 10%, after: kev-microsoft/2026, hits: 1 in 1000 a day } } }\n";
    let goals = |more: &str| try_load(&format!("{two}{more}"), &[]);
    for (more, words) in [
        ("goals: [cost <= 5]", "`cost` has no value: the scenario has no `costs`"),
        (
            "costs: { ticket: 3 }\ngoals: [cost.harm <= 5]",
            "`cost.harm` has no value: `costs` has no `harmed-device-hour`",
        ),
        (
            "goals: [{ metric: exposed.hit, at-most: 3, release: A }]",
            "`exposed.hit` has no value: no release that it is about has an `exploit`",
        ),
    ] {
        let problems = goals(more).unwrap_err();
        assert_eq!(problems, [("RC238", words.to_owned())], "{more}");
    }
    // Without a name a goal is about the releases of which there is a value.
    let loaded = goals("goals: [exposed.hit <= 5]").unwrap();
    assert_eq!(loaded.goals.len(), 1);
    assert_eq!(loaded.goals[0].0.release, ReleaseId(1));
    // Prices that could not be read are one mistake, not two.
    let problems = goals("costs: { ticket: many }\ngoals: [cost <= 5]").unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.0).collect::<Vec<_>>(), ["RC135"]);
}

#[test]
fn prices_and_chances_are_settings_like_any_other() {
    let text = format!(
        "{BAD}{PRICES}uncertain: {{ release.exploit.chance: 2% to 20%, costs.ticket: 10 to 40 }}\n\
         sweep: {{ axes: {{ costs.decision: [100, 300], release.exploit.hits: [1% a day, 1 in 1000 a day] }} }}\n"
    );
    let loaded = load(&text, &[]);
    assert_eq!(loaded.uncertain.len(), 2);
    let source = Arc::new(Source { name: "test.yaml".into(), text });
    let study = Study::of_source(source, Path::new(""), Vec::new()).unwrap();
    let base = study.base(0);
    let price = |replication: u32, levels: &[usize]| {
        let levels: Vec<_> = study.axes.iter().zip(levels).map(|(axis, n)| axis.level(*n)).collect();
        let plan = base.plan_of(&study.changes(Some(0), &levels), 5, replication).unwrap();
        let costs = plan.costs.unwrap();
        let hit = plan.releases[0].exploit.as_ref().unwrap().hit_after(240);
        (costs.price(Part::Tickets).unwrap(), costs.price(Part::Decisions).unwrap(), hit)
    };
    let (first, second) = (price(0, &[]), price(1, &[]));
    assert!((10.0..=40.0).contains(&first.0) && first.0 != second.0 && first.2 != second.2);
    assert_eq!((price(0, &[0, 0]).1, price(0, &[1, 0]).1), (100.0, 300.0));
    let (often, rarely) = (price(0, &[0, 0]).2, price(0, &[0, 1]).2);
    assert!(often > 8.0 * rarely, "{often} {rarely}");
}
