//! The observer sees everything, once, in time order, and stays within its memory.

mod common;

use common::*;
use rollcast_core::{
    observe::{Seen, Shown, observe, story},
    plan::*,
    quantile::Quantile,
    run::run,
    steps::Step,
    time::SimTime,
};

fn three_rings(devices: u64) -> Plan {
    let mut plan = plan(devices);
    plan.device.telemetry.latency = Quantile::uniform(0.0, 86_400.0);
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(devices / 10)), ring(0, Some(0), 0)),
        sized(RingSize::Pool(Amount::Share(0.3)), ring(1, Some(2), 2)),
        ring(3, Some(2), 2),
    ];
    plan
}

#[test]
fn events_come_in_order_whatever_the_budget() {
    let plan = three_rings(2_000);
    let outcome = run(&plan, 4, 0);
    let with = |budget: u64| {
        let mut events = Vec::new();
        let shown = observe(&plan, 4, &outcome, budget, |at, seen| events.push((at, seen)));
        (events, shown)
    };
    let (all, shown) = with(64 << 20);
    assert_eq!(shown, Shown::All);
    assert!(all.windows(2).all(|w| w[0].0 <= w[1].0));
    // A budget that holds only the busiest hours makes many windows of the same events.
    let (windowed, shown) = with(100_000);
    assert_eq!(shown, Shown::All);
    assert_eq!(all, windowed);
    // One that does not hold a single busy tick says how far it came, and what it showed is right.
    let (some, shown) = with(2_000);
    let Shown::Before(until) = shown else { panic!("{shown:?}") };
    assert!(some.iter().all(|(at, _)| *at < until) && all.starts_with(&some));

    let patched =
        all.iter().filter(|(_, s)| matches!(s, Seen::Device { step: Step::Patched(_), .. })).count();
    assert_eq!(patched as i64, outcome.fleet(&plan, ReleaseId(0)).patched.iter().sum::<i64>());
    let starts = all.iter().filter(|(_, s)| matches!(s, Seen::Control(_))).count();
    assert_eq!(starts, outcome.log.len());
}

#[test]
fn the_story_of_a_device_is_its_part_of_the_events() {
    let plan = three_rings(500);
    let outcome = run(&plan, 4, 2);
    let mut of_one: Vec<(SimTime, Step)> = Vec::new();
    observe(&plan, 4, &outcome, 64 << 20, |at, seen| {
        if let Seen::Device { index: 123, step } = seen {
            of_one.push((at, step));
        }
    });
    let told = story(&plan, 4, &outcome, 123).expect("there is such a device");
    assert_eq!(told.steps, of_one);
    assert!(!of_one.is_empty() && told.ring.is_some());
    assert_eq!(story(&plan, 4, &outcome, 500), None);
}
