//! Lives in batches against lives one by one: the same outcome to the last count.

use crate::{
    generate,
    spec::{OnlineSpec, Spec},
};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rollcast_core::{
    draws::mix64,
    instructions::{Instructions, choose},
    outcome::Outcome,
    plan::{Act, Fleet, FreezeBy, Plan},
    run::run_watched,
    tally::Unit,
    watch::Watch,
};

/// The same scenario with fewer adventures in it, so that many lives are straight, and with more devices. Each bit of
/// `wild` leaves something in.
fn tame(mut spec: Spec, wild: u64) -> Plan {
    let keeps = |bit: u32| wild >> bit & 1 == 1;
    for habit in &mut spec.habits {
        habit.online = match habit.online.clone() {
            OnlineSpec::Sporadic(..) if !keeps(0) => OnlineSpec::Always,
            OnlineSpec::Hours(..) if !keeps(1) => OnlineSpec::Daily(9),
            as_it_is => as_it_is,
        };
        habit.away = habit.away.take().filter(|_| keeps(2));
        habit.scheduled &= keeps(3);
    }
    let device = &mut spec.device;
    if !keeps(4) {
        device.needs = (keeps(5), keeps(6), keeps(7));
    }
    device.connectivity = device.connectivity.filter(|_| keeps(8));
    device.upload_every_s = device.upload_every_s.filter(|_| keeps(9));
    device.idle = device.idle.take().filter(|_| keeps(10));
    let mut plan = spec.plan();
    plan.device.connectivity.gates &= keeps(11) && keeps(12);
    if let Fleet::Described(fleet) = &mut plan.fleet {
        let more = 1_500 / fleet.devices.max(1);
        for (count, _) in &mut fleet.counted {
            *count *= more;
        }
        fleet.devices *= more;
    }
    if !keeps(13) {
        plan.habits
            .iter_mut()
            .flat_map(|habit| &mut habit.at_site)
            .for_each(|at| at.closed = Default::default());
    }
    plan.releases.iter_mut().for_each(|release| release.push = None);
    let mild = |act: &Act| match act {
        Act::Pause { .. } | Act::Resume { .. } | Act::SwitchOff { .. } => true,
        Act::Uninstall { .. } => keeps(14),
        _ => false,
    };
    plan.scripted.retain(|script| mild(&script.act));
    plan.rules.iter_mut().for_each(|rule| rule.acts.retain(mild));
    plan.freezes.retain(|freeze| freeze.by != FreezeBy::HoldRestarts);
    if !keeps(15) {
        plan.defects.clear();
        plan.rules.iter_mut().for_each(|rule| rule.acts.retain(|act| !matches!(act, Act::SwitchOff { .. })));
        plan.scripted.retain(|script| !matches!(script.act, Act::SwitchOff { .. }));
    }
    plan
}

fn play(plan: &Plan, seed: u64, with: Instructions) -> (Outcome, u64) {
    choose(with);
    let watch = Watch::new();
    let outcome = run_watched(plan, seed, 0, &watch).expect("nobody stops it");
    choose(Instructions::Widest);
    (outcome, watch.lives().1)
}

/// The first line in which they differ.
fn differs(batch: &Unit, single: &Unit) -> String {
    let (a, b) = (format!("{batch:#?}"), format!("{single:#?}"));
    let mut field = "";
    for (a, b) in a.lines().zip(b.lines()) {
        field = if a.contains(": ") { a } else { field };
        if a != b {
            return format!("{field}: batch {a}, single {b}");
        }
    }
    String::new()
}

#[test]
fn batches_count_what_single_lives_count() {
    let cases = super::number("ROLLCAST_ORACLE_CASES", 2_000) as usize / 2;
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&super::number("ROLLCAST_ORACLE_SEED", 1).to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let (mut with_straight, mut straight, mut devices) = (0, 0, 0);
    for case in 0..cases {
        let spec =
            proptest::strategy::Strategy::new_tree(&generate::spec(), &mut runner).expect("a scenario");
        let spec: Spec = proptest::strategy::ValueTree::current(&spec);
        let seed = spec.seed;
        let plan = tame(spec.clone(), mix64(case as u64));
        let (one_by_one, none) = play(&plan, seed, Instructions::OneByOne);
        assert_eq!(none, 0);
        for with in [Instructions::Widest, Instructions::Portable] {
            let (batches, found) = play(&plan, seed, with);
            for (batch, single) in batches.tally.units.iter().zip(&one_by_one.tally.units) {
                assert!(batch == single, "{with:?}, case {case}: {}\nof\n{spec:?}", differs(batch, single));
            }
            assert_eq!(batches.census, one_by_one.census, "{with:?}, case {case}");
            assert_eq!(batches.decisions, one_by_one.decisions, "{with:?}, case {case}");
            if with == Instructions::Widest {
                (straight, devices) = (straight + found, devices + plan.devices());
                with_straight += usize::from(found > 0);
            }
        }
    }
    println!(
        "{with_straight} of {cases} scenarios with straight lives, {straight} of them; {devices} devices"
    );
    assert!(with_straight * 5 > cases, "{with_straight} of {cases} scenarios have straight lives");
    assert!(straight * 20 > devices, "{straight} straight lives, {devices} devices");
}
