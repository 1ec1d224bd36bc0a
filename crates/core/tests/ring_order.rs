//! Rings in the order of the fleet: who is in which, with and without a look at the devices.

mod common;

use common::*;
use rollcast_core::{observe::story, plan::*, run::run};

/// 1 %, 9 %, 30 % and the rest, in the order of the fleet.
fn in_order(devices: u64) -> Plan {
    let mut plan = plan(devices);
    plan.ring_order = RingOrder::AsListed;
    let share = |share| sized(RingSize::Pool(Amount::Share(share)), ring(0, None, 0));
    plan.rings = vec![share(0.01), share(0.09), share(0.3), ring(0, None, 0)];
    plan
}

fn ends(n: u64) -> [u64; 4] {
    [n / 100, n / 10, 4 * n / 10, n]
}

/// The ring of each device, by its own story.
fn rings(plan: &Plan) -> Vec<Option<u16>> {
    let outcome = run(plan, 3, 0);
    (0..plan.devices()).map(|i| story(plan, 3, &outcome, i).and_then(|s| s.ring.map(|r| r.0))).collect()
}

#[test]
fn rings_end_where_whole_devices_do() {
    for n in [1, 9, 10, 99, 100, 1_234, 5_001] {
        let plan = in_order(n);
        let sizes = run(&plan, 3, 0).census.ring_sizes;
        let mut begin = 0;
        for (size, end) in sizes.iter().zip(ends(n)) {
            assert_eq!(*size, end - begin, "{n} devices: {sizes:?}");
            begin = end;
        }
    }
    let expected = |i: u64| ends(1_234).iter().position(|&end| i < end).map(|ring| ring as u16);
    let found = rings(&in_order(1_234));
    assert!((0..1_234).all(|i| found[i as usize] == expected(i)), "{found:?}");
}

#[test]
fn luck_has_no_part_in_it() {
    let plan = in_order(700);
    let sizes: Vec<_> = (0..3).map(|replication| run(&plan, 3, replication).census.ring_sizes).collect();
    assert!(sizes.windows(2).all(|pair| pair[0] == pair[1]), "{sizes:?}");
    let drawn = Plan { ring_order: RingOrder::Drawn, ..plan.clone() };
    assert_ne!(rings(&plan), rings(&drawn));
}

#[test]
fn devices_that_cannot_be_registered_or_are_taken_are_passed_over() {
    // 300 of one kind that nobody can register, then 200 whom a condition takes, then 1 000 for the pool.
    let mut plan = in_order(1_500);
    let Fleet::Described(fleet) = &mut plan.fleet else { unreachable!() };
    let unregistered = Cohort { unregistered: Some(0), ..cohort("personal") };
    let mut chosen = cohort("chosen");
    chosen.picks = vec![Pick::Always(1)];
    fleet.counted = vec![(300, unregistered), (200, chosen), (1_000, cohort("all"))];
    let filter = Filter { any_of: vec![vec![(AttributeId(0), vec![false, true])]] };
    let mut by_condition = sized(RingSize::Chosen(Amount::Count(150)), ring(0, None, 0));
    by_condition.members.filter = filter;
    plan.rings.push(by_condition);
    let found = rings(&plan);
    // 1 200 are registered; 150 of the 200 are chosen, the others of them come first in the pool.
    let expected = |i: usize| match i {
        0..300 => None,
        300..450 => Some(4),
        450..462 => Some(0),
        462..570 => Some(1),
        570..930 => Some(2),
        _ => Some(3),
    };
    for (i, ring) in found.iter().enumerate() {
        assert_eq!(*ring, expected(i), "device {i}");
    }
}

#[test]
fn counts_come_in_order_and_what_is_too_much_is_told() {
    let mut plan = in_order(100);
    let count = |n| sized(RingSize::Pool(Amount::Count(n)), ring(0, None, 0));
    plan.rings = vec![count(60), count(70), ring(0, None, 0)];
    let outcome = run(&plan, 3, 0);
    assert_eq!(outcome.census.ring_sizes, [60, 40, 0]);
    assert_eq!(outcome.short, [(RingId(1), 70, 40)]);
}

/// Ranks of small fleets are kept, those of large ones are looked up again.
#[test]
fn drawn_rings_have_the_sizes_asked_for_at_any_size() {
    for n in [50_u64, 20_000, 300_000] {
        let mut plan = plan(n);
        let count = |count| sized(RingSize::Pool(Amount::Count(count)), ring(0, None, 0));
        plan.rings = vec![count(n / 50), count(n / 7), ring(0, None, 0)];
        let sizes = run(&plan, 3, 0).census.ring_sizes;
        assert_eq!(sizes, [n / 50, n / 7, n - n / 50 - n / 7]);
    }
}
