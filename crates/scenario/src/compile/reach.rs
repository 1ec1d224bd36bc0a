//! Who can be meant by a condition: rings and habits of nobody, and rings that want more than there are.
//!
//! Within a cohort attributes are drawn independently, so a conjunction can hold exactly if each of its
//! attributes has a possible value that all of its terms allow. An inventory is looked through.

use rollcast_core::plan::{
    Amount, AttributeId, Cohort, Described, Filter, Fleet, Habit, Listed, Pick, Ring, RingSize,
};

use super::cx::{Cx, at};
use crate::{de::Named, scalar::Where, schema};

/// Combinations of a cohort's values that are looked through for habits that others leave nobody.
const MAX_COMBINATIONS: usize = 10_000;

/// A ring by condition has candidates, and not fewer than it wants.
pub(super) fn check_rings(cx: &mut Cx<'_>, named: &Named<schema::Ring>, rings: &[Ring], fleet: &Fleet) {
    for ((name, typed), ring) in named.iter().zip(rings) {
        let filter = &ring.members.filter;
        // A member list may fill a ring that its condition leaves empty.
        if filter.any_of.is_empty() || typed.members.is_some() {
            continue;
        }
        let most = most(fleet, filter);
        if most == 0 {
            let message = format!("ring `{name}` has no devices: none that can be registered matches");
            let help = "change its `where`, or remove the ring";
            cx.error("RC206", &at(&["rings", name, "where"]), message, help);
        } else if let RingSize::Chosen(Amount::Count(wanted)) = ring.members.size
            && wanted > most
        {
            let message =
                format!("ring `{name}` wants {wanted} devices, and at most {most} match its `where`");
            let help = "lower the size, or remove it to take all that match";
            cx.error("RC207", &at(&["rings", name, "size"]), message, help);
        }
    }
}

/// A habit by condition has devices. Such habits stand first in a plan, in the order of the scenario.
pub(super) fn check_habits(cx: &mut Cx<'_>, named: &Named<schema::Habit>, habits: &[Habit], fleet: &Fleet) {
    let by_condition = named.iter().filter(|(_, habit)| matches!(habit.members, Some(Where::Any(_))));
    let followed = followed(habits, fleet);
    for (i, (name, _)) in by_condition.enumerate() {
        let (why, help) = if followed[i] {
            continue;
        } else if matches_somebody(fleet, &habits[i].members) {
            ("all that match live by an earlier one", "put it before the habit that takes its devices")
        } else {
            ("no device matches its `where`", "change its `where`, or remove the habit")
        };
        let message = format!("no device lives by the habit `{name}`: {why}");
        cx.warning("RC258", &at(&["fleet", "habits", name, "where"]), message, help);
    }
}

/// The attribute values of every listed device.
fn rows(listed: &Listed) -> impl Iterator<Item = &[u16]> {
    listed.values.chunks_exact((listed.values.len() / listed.keys.len().max(1)).max(1))
}

/// The cohorts that have, or can have, devices.
fn cohorts(described: &Described) -> impl Iterator<Item = &Cohort> {
    let counted = described.counted.iter().filter(|(count, _)| *count > 0).map(|(_, cohort)| cohort);
    counted.chain(not_empty(&described.shared))
}

/// What stands at intervals that hold at least one word; `upto` is the end of each.
fn not_empty<T>(intervals: &[(u64, T)]) -> impl Iterator<Item = &T> {
    let begins = [0].into_iter().chain(intervals.iter().map(|(upto, _)| *upto));
    intervals.iter().zip(begins).filter(|((upto, _), begin)| upto > begin).map(|((_, what), _)| what)
}

/// The values that a pick can give.
fn values(pick: &Pick) -> Vec<u16> {
    match pick {
        Pick::Always(value) => vec![*value],
        Pick::Shares(shares) => not_empty(shares).copied().collect(),
    }
}

/// The largest number of registered devices that can match.
pub(super) fn most(fleet: &Fleet, filter: &Filter) -> u64 {
    match fleet {
        Fleet::Listed(listed) => {
            let registered =
                rows(listed).zip(&listed.facts).filter(|(_, facts)| facts.unregistered == u8::MAX);
            registered.filter(|(values, _)| filter.matches(values)).count() as u64
        }
        Fleet::Described(described) => {
            let meant = |cohort: &Cohort| cohort.unregistered.is_none() && can_match(cohort, filter);
            let of = |counts: &dyn Fn(&Cohort) -> bool| -> u64 {
                described.counted.iter().filter(|(_, cohort)| counts(cohort)).map(|(count, _)| count).sum()
            };
            let drawn = described.devices.saturating_sub(of(&|_| true));
            of(&meant) + if not_empty(&described.shared).any(meant) { drawn } else { 0 }
        }
    }
}

/// The smallest number of registered devices that the fleet can have.
pub(super) fn least_registered(fleet: &Fleet) -> u64 {
    match fleet {
        Fleet::Listed(_) => most(fleet, &Filter::default()),
        Fleet::Described(described) => {
            let registered = |cohort: &Cohort| cohort.unregistered.is_none();
            let counted = || described.counted.iter();
            let of_counted: u64 =
                counted().filter(|(_, cohort)| registered(cohort)).map(|(count, _)| count).sum();
            let drawn = described.devices.saturating_sub(counted().map(|(count, _)| count).sum());
            of_counted + if not_empty(&described.shared).all(registered) { drawn } else { 0 }
        }
    }
}

/// True if some device, registered or not, can match.
pub(super) fn matches_somebody(fleet: &Fleet, filter: &Filter) -> bool {
    match fleet {
        Fleet::Listed(listed) => rows(listed).any(|values| filter.matches(values)),
        Fleet::Described(described) => cohorts(described).any(|cohort| can_match(cohort, filter)),
    }
}

fn can_match(cohort: &Cohort, filter: &Filter) -> bool {
    let all_hold = |all: &Vec<(AttributeId, Vec<bool>)>| {
        all.iter().all(|(attribute, _)| {
            let terms = || all.iter().filter(|(of, _)| of == attribute);
            let holds =
                |value: &u16| terms().all(|(_, allowed)| allowed.get(usize::from(*value)) == Some(&true));
            values(&cohort.picks[usize::from(attribute.0)]).iter().any(holds)
        })
    };
    filter.any_of.is_empty() || filter.any_of.iter().any(all_hold)
}

/// For each habit of a plan, whether it is the first that matches some device.
fn followed(habits: &[Habit], fleet: &Fleet) -> Vec<bool> {
    let mut seen = vec![false; habits.len()];
    let mut see = |values: &[u16]| {
        if let Some(first) = habits.iter().position(|habit| habit.members.matches(values)) {
            seen[first] = true;
        }
    };
    match fleet {
        Fleet::Listed(listed) => rows(listed).for_each(see),
        Fleet::Described(described) => {
            if !cohorts(described).all(|cohort| each_combination(cohort, habits, &mut see)) {
                // Too many to look through: where somebody matches, somebody may live so.
                return habits.iter().map(|habit| matches_somebody(fleet, &habit.members)).collect();
            }
        }
    }
    seen
}

/// Calls `see` with every combination of the values that habits ask for; false if there are too many.
fn each_combination(cohort: &Cohort, habits: &[Habit], see: &mut impl FnMut(&[u16])) -> bool {
    let mut choices: Vec<Vec<u16>> = vec![vec![0]; cohort.picks.len()];
    for (attribute, _) in habits.iter().flat_map(|habit| habit.members.any_of.iter().flatten()) {
        let attribute = usize::from(attribute.0);
        choices[attribute] = values(&cohort.picks[attribute]);
    }
    let count = choices.iter().try_fold(1_usize, |count, some| count.checked_mul(some.len()));
    if count.is_none_or(|count| count > MAX_COMBINATIONS) {
        return false;
    }
    let mut places = vec![0; choices.len()];
    loop {
        let values: Vec<u16> = choices.iter().zip(&places).map(|(some, &place)| some[place]).collect();
        see(&values);
        // The next combination, the first attribute turning fastest.
        let Some(turns) = (0..places.len()).find(|&i| places[i] + 1 < choices[i].len()) else { return true };
        places[turns] += 1;
        places[..turns].fill(0);
    }
}
