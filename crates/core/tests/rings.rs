//! Who is in which ring, worked out the plain way: draw every device, put all into order, deal them out.

mod common;

use common::*;
use proptest::prelude::*;
use rollcast_core::{
    draws::{Luck, Purpose, low64},
    observe::story,
    plan::*,
    run::run,
};

const VALUES: [u16; 2] = [4, 3];

struct Plain {
    key: u64,
    values: Vec<u16>,
    registered: bool,
    ring: Option<usize>,
}

fn pick(shares: &[(u64, u16)], word: u64) -> u16 {
    shares.iter().find(|(upto, _)| word <= *upto).expect("the last one goes up to the end").1
}

fn devices(plan: &Plan, luck: &Luck) -> Vec<Plain> {
    let Fleet::Described(fleet) = &plan.fleet else { unreachable!() };
    let word = |key, purpose, n| low64(luck.block(key, purpose, n));
    let device = |key: u64, cohort: &Cohort| {
        let value = |(pick_of, attribute): (&Pick, &AttributeDomain)| match pick_of {
            Pick::Always(value) => *value,
            Pick::Shares(shares) => pick(shares, word(key, Purpose::Attribute, attribute.key)),
        };
        let values = cohort.picks.iter().zip(&plan.attributes).map(value).collect();
        Plain { key, values, registered: cohort.unregistered.is_none(), ring: None }
    };
    let mut all = Vec::new();
    for (count, cohort) in &fleet.counted {
        all.extend((0..*count).map(|i| device(u64::from(cohort.key) << 40 | i, cohort)));
    }
    for i in 0..fleet.devices - all.len() as u64 {
        let key = u64::from(fleet.shared_key) << 40 | i;
        // A single cohort by share is nothing to draw.
        let drawn = word(key, Purpose::Cohort, 0);
        let cohort = fleet.shared.iter().find(|(upto, _)| drawn <= *upto).expect("see above");
        all.push(device(key, &cohort.1));
    }
    all
}

fn deal(plan: &Plan, luck: &Luck, all: &mut [Plain]) {
    let mut order: Vec<usize> = (0..all.len()).filter(|&i| all[i].registered).collect();
    if plan.ring_order == RingOrder::Drawn {
        order.sort_by_key(|&i| (low64(luck.block(all[i].key, Purpose::Ring, 0)), all[i].key));
    }
    let mut take = |ring: usize, most: u64, fresh: bool| {
        let filter = &plan.rings[ring].members.filter;
        let fits = |device: &Plain| (fresh || device.ring.is_none()) && filter.matches(&device.values);
        let taken: Vec<usize> =
            order.iter().copied().filter(|&i| fits(&all[i])).take(most as usize).collect();
        taken.iter().for_each(|&i| all[i].ring = Some(ring));
    };
    let size = |ring: usize| plan.rings[ring].members.size;
    let rings = 0..plan.rings.len();
    rings.clone().filter(|&r| size(r) == RingSize::All).for_each(|r| take(r, u64::MAX, true));
    for r in rings.clone() {
        if let RingSize::Chosen(Amount::Count(n)) = size(r) {
            take(r, n, false);
        }
    }
    for r in rings.clone() {
        if let RingSize::Pool(Amount::Count(n)) = size(r) {
            take(r, n, false);
        }
    }
    rings.filter(|&r| size(r) == RingSize::Rest).for_each(|r| take(r, u64::MAX, false));
}

fn a_cohort() -> impl Strategy<Value = Cohort> {
    let pick = |values: u16| {
        let shares = prop::collection::vec(any::<u64>(), values as usize - 1).prop_map(move |mut ends| {
            ends.sort_unstable();
            ends.push(u64::MAX);
            Pick::Shares(ends.into_iter().zip(0..values).collect())
        });
        prop_oneof![(0..values).prop_map(Pick::Always), shares]
    };
    let picks = (pick(VALUES[0]), pick(VALUES[1])).prop_map(|(a, b)| vec![a, b]);
    (picks, prop::option::weighted(0.2, 0_u8..3), 0_u32..1 << 24)
        .prop_map(|(picks, unregistered, key)| Cohort { key, picks, unregistered })
}

fn a_filter() -> impl Strategy<Value = Filter> {
    let condition = (0_u16..2, prop::collection::vec(any::<bool>(), 4));
    let all = prop::collection::vec(condition.prop_map(|(by, allowed)| (AttributeId(by), allowed)), 1..3);
    prop::collection::vec(all, 0..3).prop_map(|any_of| Filter { any_of })
}

fn a_ring() -> impl Strategy<Value = Ring> {
    let count = |n| Amount::Count(n);
    let some = (0_u64..120).prop_map(count);
    let size = prop_oneof![
        Just(RingSize::All),
        some.clone().prop_map(RingSize::Chosen),
        some.prop_map(RingSize::Pool)
    ];
    (a_filter(), size, 0_i64..9).prop_map(|(filter, size, deferral)| {
        let pooled = matches!(size, RingSize::Pool(_));
        let filter = if pooled { Filter::default() } else { filter };
        Ring { members: Members { filter, size }, ..ring(deferral, None, 0) }
    })
}

fn a_plan() -> impl Strategy<Value = Plan> {
    let counted = prop::collection::vec((0_u64..150, a_cohort()), 0..3);
    let shared = prop::collection::vec((any::<u64>(), a_cohort()), 1..4);
    let rings = prop::collection::vec(a_ring(), 1..5);
    (0_u64..600, counted, shared, rings, any::<bool>(), any::<bool>()).prop_map(
        |(drawn, counted, mut shared, mut rings, rest, as_listed)| {
            let mut plan = plan(0);
            plan.attributes = vec![
                AttributeDomain { key: 1, values: VALUES[0] },
                AttributeDomain { key: 2, values: VALUES[1] },
            ];
            shared.sort_by_key(|(upto, _)| *upto);
            shared.last_mut().expect("at least one").0 = u64::MAX;
            let devices = drawn + counted.iter().map(|(count, _)| count).sum::<u64>();
            plan.fleet =
                Fleet::Described(Described { devices, counted, shared, shared_key: key24("shared") });
            if rest {
                rings.push(ring(4, None, 0));
            }
            plan.rings = rings;
            plan.ring_order = if as_listed { RingOrder::AsListed } else { RingOrder::Drawn };
            plan
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rings_are_dealt_as_if_devices_lay_in_a_row(plan in a_plan(), seed in 0_u64..1_000) {
        let luck = Luck::new(seed, 0);
        let mut all = devices(&plan, &luck);
        deal(&plan, &luck, &mut all);
        let outcome = run(&plan, seed, 0);
        let census = &outcome.census;
        let count = |fits: &dyn Fn(&&Plain) -> bool| all.iter().filter(fits).count() as u64;
        prop_assert_eq!(census.devices, all.len() as u64);
        prop_assert_eq!(census.registered, count(&|d| d.registered));
        prop_assert_eq!(census.ringless, count(&|d| d.registered && d.ring.is_none()));
        prop_assert_eq!(census.unregistered.iter().sum::<u64>(), count(&|d| !d.registered));
        for (attribute, values) in VALUES.iter().enumerate() {
            for value in 0..*values {
                let has = |d: &&Plain| d.registered && d.values[attribute] == value;
                prop_assert_eq!(census.fleet[attribute][value as usize], count(&has));
                for ring in 0..plan.rings.len() {
                    let in_ring = count(&|d| has(d) && d.ring == Some(ring));
                    prop_assert_eq!(census.rings[ring][attribute][value as usize], in_ring);
                }
            }
        }
        for (index, device) in all.iter().enumerate().step_by(29) {
            let told = story(&plan, seed, &outcome, index as u64).expect("there is such a device");
            prop_assert_eq!((told.key, &told.values), (device.key, &device.values));
            prop_assert_eq!(told.ring.map(|ring| ring.0 as usize), device.ring);
        }
    }
}
