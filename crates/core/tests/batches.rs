//! Lives in batches at their edges: the same counts as one by one, and most lives of a plain scenario in them.

mod common;

use std::sync::Mutex;

use common::*;
use rollcast_core::{
    instructions::{Instructions, choose},
    outcome::Outcome,
    plan::*,
    quantile::Quantile,
    run::run_watched,
    time::HOUR_S,
    watch::Watch,
};

/// The choice holds for the whole process.
static CHOICE: Mutex<()> = Mutex::new(());

/// Plays both ways; gives the outcome in batches and how many lives were straight.
fn both_ways(plan: &Plan) -> (Outcome, u64) {
    let _alone = CHOICE.lock();
    let play = |with| {
        choose(with);
        let watch = Watch::new();
        let outcome = run_watched(plan, 5, 0, &watch).expect("nobody stops it");
        (outcome, watch.lives())
    };
    let (single, (lives, none)) = play(Instructions::OneByOne);
    let (batches, (_, straight)) = play(Instructions::Widest);
    assert_eq!((lives, none), (plan.devices(), 0));
    assert!(batches.tally.units == single.tally.units);
    assert_eq!(batches.census, single.census);
    (batches, straight)
}

#[test]
fn a_plain_scenario_is_straight_but_for_what_goes_wrong() {
    let mut plan = plan(20_000);
    plan.habits[0].online = Online::Daily { on_s: 8 * HOUR_S };
    plan.device.install_takes = Quantile::uniform(600.0, 2_400.0);
    plan.device.failures = vec![Failure { in_download: true, upto: u64::MAX / 50 }];
    let (outcome, straight) = both_ways(&plan);
    // One in fifty downloads fails; an install that does not fit into what is left of the device's day goes on in the next.
    let failed = outcome.tally.units[0].truth.failures[0];
    assert!((20_000 - failed..19_700).contains(&straight), "{straight} of 20000, {failed} failures");
}

#[test]
fn attempts_may_fail_for_any_number_of_causes() {
    let mut plan = plan(3_000);
    plan.device.retry_after = Quantile::fixed(HOUR_S);
    plan.device.attempts = None;
    // 400 causes, four fifths of all attempts together.
    let share = u64::MAX / 500;
    plan.device.failures = (1..=400).map(|k| Failure { in_download: false, upto: share * k }).collect();
    let (outcome, straight) = both_ways(&plan);
    let failures: u64 = outcome.tally.units[0].truth.failures.iter().sum();
    assert!((11_000..13_000).contains(&failures), "{failures} failures of 3000 devices");
    assert!(outcome.tally.units[0].truth.failures[300..].iter().sum::<u64>() > 2_000);
    assert!(straight > 100, "{straight}");
}

#[test]
fn many_kinds_are_few_in_batches() {
    // A thousand sites with twenty devices each, and one with all the others.
    let mut plan = plan(40_000);
    plan.attributes[0].values = 1_001;
    let site = plan.habits[0].at_site[0].clone();
    plan.habits[0].at_site = vec![site; 1_001];
    let Fleet::Described(fleet) = &mut plan.fleet else { panic!("described") };
    let big = fleet.counted[0].1.clone();
    let small = |k: u16| {
        let key = big.key.wrapping_add(u32::from(k) + 1) & 0xFF_FFFF;
        (20, Cohort { key, picks: vec![Pick::Always(k + 1)], ..big.clone() })
    };
    fleet.counted = std::iter::once((20_000, Cohort { picks: vec![Pick::Always(0)], ..big.clone() }))
        .chain((0..1_000).map(small))
        .collect();
    let (_, straight) = both_ways(&plan);
    assert!((19_500..22_000).contains(&straight), "{straight}");
}
