//! Metamorphic laws and invariants: what must not change when something else does.

mod common;

use common::*;
use proptest::prelude::*;
use rollcast_core::{
    draws::Coin,
    family::Family,
    observe::{Story, story},
    outcome::Outcome,
    plan::*,
    quantile::Quantile,
    run::run,
    time::{DAY_S, HOUR_S, SimTime},
    windows::Span,
};

/// A plan with most features on at once.
fn rich(devices: u64) -> Plan {
    let mut plan = plan(devices);
    let (low, high) = (17.6 * 3600.0, 22.0 * 3600.0);
    plan.device.scan = Scan::Every {
        interval: Quantile::uniform(low, high),
        residual: Quantile::family(Family::Residual { low, high }),
        longest_s: high as i64,
    };
    plan.device.wake_scan = Quantile::uniform(0.0, 900.0);
    plan.device.wake_sync = Quantile::uniform(0.0, 900.0);
    plan.device.download_takes = None;
    plan.device.install_takes = Quantile::uniform(600.0, 2_400.0);
    plan.device.failures = vec![
        Failure { in_download: true, upto: Coin::new(0.05).threshold() },
        Failure { in_download: false, upto: Coin::new(0.05).threshold() },
        Failure { in_download: false, upto: Coin::new(0.08).threshold() },
    ];
    plan.device.restart.user =
        Some(Quantile::family(Family::Lognormal { median: 18.0 * 3600.0, sigma: 0.8 }));
    plan.device.restart.idle = Some(Quantile::uniform(0.0, 3_600.0));
    plan.device.restart.warning_s = 900;
    plan.device.telemetry.latency = Quantile::uniform(0.0, 86_400.0);
    plan.attributes.push(AttributeDomain { key: 99, values: 2 });
    let Fleet::Described(fleet) = &mut plan.fleet else { unreachable!() };
    let half = Pick::Shares(vec![(u64::MAX / 2, 0), (u64::MAX, 1)]);
    for (_, cohort) in fleet.counted.iter_mut().chain(&mut fleet.shared) {
        cohort.picks.push(half.clone());
    }
    let kiosk = Filter { any_of: vec![vec![(AttributeId(1), vec![false, true])]] };
    let office = Habit {
        key: 11,
        away: Some(Away::new(0.1, Quantile::uniform(3.0 * 86_400.0, 21.0 * 86_400.0))),
        never_back: Some(Quantile::family(Family::Exponential { mean: 300.0 * 86_400.0 })),
        no_heartbeat: Coin::new(0.01),
        policy_conflict: Coin::new(0.02),
        little_disk: Coin::new(0.02),
        shift: Quantile::uniform(-1_800.0, 1_800.0),
        ..daily(8, 17)
    };
    plan.habits = vec![Habit { members: kiosk, ..always() }, office];
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(devices / 50)), ring(0, Some(0), 0)),
        sized(RingSize::Pool(Amount::Share(0.1)), ring(1, Some(2), 2)),
        ring(6, Some(5), 2),
    ];
    plan
}

fn same(a: &Outcome, b: &Outcome) -> bool {
    a.tally.units == b.tally.units && a.census == b.census && a.log == b.log
}

fn stories(plan: &Plan, seed: u64) -> Vec<Story> {
    let outcome = run(plan, seed, 0);
    (0..plan.devices()).filter_map(|i| story(plan, seed, &outcome, i)).collect()
}

#[test]
fn same_bytes_at_any_number_of_threads() {
    let plan = rich(30_000);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| run(&plan, 7, 3))
    };
    let one = on(1);
    assert!(same(&one, &on(2)));
    assert!(same(&one, &on(7)));
    assert!(!same(&one, &run(&plan, 7, 4)), "another replication has other luck");
}

#[test]
fn every_second_until_the_patch_has_one_reason() {
    let plan = rich(3_000);
    let watch = 40 * DAY_S;
    for story in stories(&plan, 5) {
        let settled = story.settled[0];
        let end = settled.patched.unwrap_or(SimTime(watch));
        let mut t = SimTime(0);
        for &(_, from, to, _) in &story.blocked {
            assert_eq!(from, t, "device {}: a gap or an overlap", story.index);
            t = to;
        }
        assert_eq!(t, end, "device {}", story.index);
        assert_eq!(settled.late_by.is_some(), settled.patched.is_none_or(|p| p > settled.objective_at));
        assert!(story.steps.windows(2).all(|w| w[0].0 <= w[1].0), "time runs back: {:?}", story.steps);
    }
    let outcome = run(&plan, 5, 0);
    for ring in 0..3 {
        let truth = outcome.ring(RingId(ring), ReleaseId(0));
        let patched = truth.patched.iter().sum::<i64>() as u64;
        let unpatched: u64 = truth.devices - patched;
        let late: u64 = truth.late.iter().sum();
        assert!(late >= unpatched, "whoever is never patched is late");
        assert_eq!(truth.devices, outcome.census.ring_sizes[ring as usize]);
    }
}

#[test]
fn a_longer_deferral_shifts_every_event_by_exactly_that() {
    let base = |deferral: i64| {
        let mut plan = rich(2_000);
        plan.habits = vec![always()];
        plan.device.restart.idle = None;
        plan.rings = vec![ring(deferral, Some(2), 2)];
        plan.horizon = SimTime::from_days(60);
        plan.releases[0].watched_until = plan.horizon;
        stories(&plan, 3)
    };
    let (a, b) = (base(2), base(7));
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(&b) {
        let shifted: Vec<_> = a.steps.iter().map(|&(t, s)| (t + 5 * DAY_S, s)).collect();
        assert_eq!(shifted, b.steps);
    }
}

#[test]
fn splitting_a_ring_in_two_equal_ones_changes_no_life() {
    let mut whole = rich(5_000);
    whole.rings = vec![ring(3, Some(4), 2)];
    let mut split = whole.clone();
    split.rings = vec![sized(RingSize::Pool(Amount::Count(1_234)), ring(3, Some(4), 2)), ring(3, Some(4), 2)];
    for (a, b) in stories(&whole, 2).iter().zip(&stories(&split, 2)) {
        assert_eq!((&a.steps, &a.blocked, &a.settled), (&b.steps, &b.blocked, &b.settled));
    }
}

#[test]
fn an_unrelated_cohort_changes_no_draw_of_the_others() {
    let plan = rich(2_000);
    let mut more = plan.clone();
    let Fleet::Described(fleet) = &mut more.fleet else { unreachable!() };
    let mut extra = fleet.counted[0].1.clone();
    extra.key = key24("extra");
    fleet.counted.insert(0, (500, extra));
    fleet.devices += 500;
    // One ring, so that no bound moves with the size of the fleet.
    let one_ring = |mut plan: Plan| {
        plan.rings = vec![ring(1, Some(2), 2)];
        plan
    };
    let (a, b) = (stories(&one_ring(plan), 4), stories(&one_ring(more), 4));
    for (a, b) in a.iter().zip(&b[500..]) {
        assert_eq!((a.key, &a.steps, &a.settled), (b.key, &b.steps, &b.settled));
    }
}

#[test]
fn the_order_of_an_inventory_does_not_matter() {
    let listed = |order: Vec<u64>| {
        let mut plan = rich(1);
        let facts = ListedFacts { ring: u8::MAX, unregistered: u8::MAX, little_disk: None, away_for_s: 0 };
        plan.fleet = Fleet::Listed(Listed {
            keys: order.iter().map(|i| rollcast_core::draws::mix64(*i)).collect(),
            values: order.iter().flat_map(|i| [0, (i % 2) as u16]).collect(),
            facts: order
                .iter()
                .map(|i| ListedFacts { away_for_s: if i % 7 == 0 { 86_400 * 6 } else { 0 }, ..facts })
                .collect(),
        });
        plan.rings[0] = sized(RingSize::Pool(Amount::Count(100)), ring(0, Some(0), 0));
        run(&plan, 9, 0)
    };
    let a = listed((0..3_000).collect());
    let b = listed((0..3_000).rev().collect());
    assert!(same(&a, &b));
}

#[test]
fn a_newer_release_supersedes_and_counts_for_the_older() {
    let mut plan = rich(3_000);
    plan.horizon = SimTime::from_days(70);
    plan.releases = vec![release("oct", 0), release("nov", 28)];
    plan.releases[0].watched_until = SimTime::from_days(40);
    plan.releases[1].watched_until = SimTime::from_days(70);
    let outcome = run(&plan, 1, 0);
    for ring in 0..3 {
        for release in 0..2 {
            let truth = outcome.ring(RingId(ring), ReleaseId(release));
            let patched = truth.patched.iter().sum::<i64>() as u64;
            assert!(patched as f64 > 0.8 * truth.devices as f64);
        }
    }
    for story in stories(&plan, 1) {
        let [oct, nov] = story.settled[..] else { panic!("two releases") };
        if let (Some(oct), Some(nov)) = (oct.patched, nov.patched) {
            assert!(oct <= nov, "running the newer build is being patched for the older");
        }
    }
}

#[test]
fn an_interrupting_freeze_holds_restarts() {
    let mut plan = rich(3_000);
    plan.freezes = vec![Freeze {
        spans: vec![Span { from: SimTime::from_days(4), to: SimTime::from_days(12) }],
        rings: vec![true; 3],
        by: FreezeBy::HoldRestarts,
    }];
    let outcome = run(&plan, 1, 0);
    let takes = 0;
    for ring in 0..3 {
        let truth = outcome.ring(RingId(ring), ReleaseId(0));
        // Ticks of this curve include their end: whoever is patched at the end of the hold is in the last one.
        assert_eq!(truth.patched[4 * 24 + takes..12 * 24 - 1].iter().sum::<i64>(), 0);
        assert!(truth.patched[12 * 24 - 1..].iter().sum::<i64>() > 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the sizes: nobody is lost, in two rings or unplaced; sizes are exact.
    #[test]
    fn membership_is_exact(
        devices in 1_u64..5_000,
        test in 0_u64..400,
        share in 0.0_f64..0.6,
        seed in 0_u64..1_000,
    ) {
        let mut plan = plan(devices);
        plan.rings = vec![
            sized(RingSize::Pool(Amount::Count(test.min(devices))), ring(0, None, 0)),
            sized(RingSize::Pool(Amount::Share(share)), ring(1, None, 0)),
            ring(2, None, 0),
        ];
        let outcome = run(&plan, seed, 0);
        let wanted = (devices as f64 * share).round() as i64;
        prop_assert_eq!(outcome.census.ring_sizes.iter().sum::<u64>(), devices);
        prop_assert_eq!(outcome.census.ring_sizes[0], test.min(devices));
        if test as i64 + wanted <= devices as i64 {
            prop_assert!((outcome.census.ring_sizes[1] as i64 - wanted).abs() <= 1);
        } else {
            prop_assert!(!outcome.short.is_empty() || (devices as i64 - test as i64 - wanted).abs() <= 1);
        }
    }

    /// Random calendars and habits: the invariants of a life hold.
    #[test]
    fn lives_are_sound(
        seed in 0_u64..10_000,
        from_h in 0_i64..12,
        len_h in 1_i64..12,
        away in 0.0_f64..0.5,
        deferral in 0_i64..12,
        deadline in prop::option::of(0_i64..8),
        grace in 0_i64..5,
        freeze in prop::option::of((0_i64..20, 1_i64..20, 0_u8..3)),
        gates in any::<bool>(),
    ) {
        let mut plan = rich(60);
        plan.habits[1] = Habit {
            away: Some(Away::new(away, Quantile::uniform(86_400.0, 40.0 * 86_400.0))),
            ..daily(from_h, from_h + len_h)
        };
        plan.device.connectivity.gates = gates;
        plan.rings = vec![ring(deferral, deadline, grace)];
        plan.freezes = freeze
            .iter()
            .map(|&(from, len, by)| Freeze {
                spans: vec![Span { from: SimTime::from_days(from), to: SimTime::from_days(from + len) }],
                rings: vec![true],
                by: [FreezeBy::Pause, FreezeBy::HoldRestarts, FreezeBy::Ideal][by as usize],
            })
            .collect();
        for story in stories(&plan, seed) {
            let mut t = SimTime(0);
            for &(_, from, to, _) in &story.blocked {
                prop_assert_eq!(from, t);
                prop_assert!(to > from);
                t = to;
            }
            let end = story.settled[0].patched.unwrap_or(SimTime(40 * DAY_S));
            prop_assert_eq!(t, end);
            prop_assert!(story.steps.windows(2).all(|w| w[0].0 <= w[1].0));
            prop_assert!(story.steps.first().is_none_or(|s| s.0 >= SimTime(deferral * DAY_S)));
            let _ = HOUR_S;
        }
    }
}
