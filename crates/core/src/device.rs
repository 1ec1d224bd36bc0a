//! Who a device is: its key, its attributes and its habit, as functions of (plan, luck, index).

use crate::{
    draws::{Luck, Purpose, low64},
    plan::{Cohort, Described, Fleet, Habit, HabitAtSite, Listed, ListedFacts, Pick, Plan},
};

/// Bits of a described device's key that hold its index in the cohort; the cohort's address is above them.
const INDEX_BITS: u32 = 40;

/// A device before anything happens to it.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// Position in the fleet (order of the scenario or of the inventory).
    pub index: u64,
    /// Address of its draws; unique in the fleet.
    pub key: u64,
    /// One value per attribute of the plan.
    pub values: &'a [u16],
    /// Why the service cannot register it (an index into the loader's list of reasons).
    pub unregistered: Option<u8>,
    /// What an inventory says of it.
    pub listed: Option<ListedFacts>,
}

impl<'a> Device<'a> {
    /// How it lives, and the calendar of that habit at its site.
    pub fn habit(&self, plan: &'a Plan) -> (&'a Habit, &'a HabitAtSite) {
        let habit = plan
            .habits
            .iter()
            .find(|h| h.members.matches(self.values))
            .expect("invariant: the loader makes the last habit match every device");
        (habit, &habit.at_site[self.values[plan.site_attribute.0 as usize] as usize])
    }
}

impl Plan {
    /// Calls `visit` with every device whose index lies in `range`, in order. Attributes that `wanted` leaves
    /// out (where it is given) need not be right: drawing them costs time.
    pub fn visit(
        &self,
        luck: &Luck,
        wanted: Option<&[bool]>,
        range: std::ops::Range<u64>,
        mut visit: impl FnMut(&Device<'_>),
    ) {
        match &self.fleet {
            Fleet::Described(fleet) => self.visit_described(fleet, luck, wanted, range, &mut visit),
            Fleet::Listed(fleet) => self.visit_listed(fleet, range, &mut visit),
        }
    }

    fn visit_listed(&self, fleet: &Listed, range: std::ops::Range<u64>, visit: &mut impl FnMut(&Device<'_>)) {
        let width = self.attributes.len();
        for index in range {
            let i = index as usize;
            let facts = fleet.facts[i];
            visit(&Device {
                index,
                key: fleet.keys[i],
                values: &fleet.values[i * width..(i + 1) * width],
                unregistered: (facts.unregistered != u8::MAX).then_some(facts.unregistered),
                listed: Some(facts),
            });
        }
    }

    fn visit_described(
        &self,
        fleet: &Described,
        luck: &Luck,
        wanted: Option<&[bool]>,
        range: std::ops::Range<u64>,
        visit: &mut impl FnMut(&Device<'_>),
    ) {
        let mut values = vec![0; self.attributes.len()];
        let mut begin = 0;
        for (count, cohort) in &fleet.counted {
            let fixed = self.fill_fixed(cohort, &mut values);
            for index in range.start.max(begin)..range.end.min(begin + count) {
                let key = u64::from(cohort.key) << INDEX_BITS | (index - begin);
                if !fixed {
                    self.fill(cohort, luck, wanted, key, &mut values);
                }
                visit(&Device {
                    index,
                    key,
                    values: &values,
                    unregistered: cohort.unregistered,
                    listed: None,
                });
            }
            begin += count;
        }
        for index in range.start.max(begin)..range.end {
            let key = u64::from(fleet.shared_key) << INDEX_BITS | (index - begin);
            let cohort = match fleet.shared.as_slice() {
                [(_, only)] => only,
                shared => {
                    let word = low64(luck.block(key, Purpose::Cohort, 0));
                    let at = shared.partition_point(|(upto, _)| *upto < word);
                    &shared[at.min(shared.len() - 1)].1
                }
            };
            self.fill(cohort, luck, wanted, key, &mut values);
            visit(&Device { index, key, values: &values, unregistered: cohort.unregistered, listed: None });
        }
    }

    /// Writes the attributes that are the same for the whole cohort; true if that is all of them.
    fn fill_fixed(&self, cohort: &Cohort, values: &mut [u16]) -> bool {
        let mut all = true;
        for (value, pick) in values.iter_mut().zip(&cohort.picks) {
            match pick {
                Pick::Always(v) => *value = *v,
                Pick::Shares(_) => all = false,
            }
        }
        all
    }

    fn fill(&self, cohort: &Cohort, luck: &Luck, wanted: Option<&[bool]>, key: u64, values: &mut [u16]) {
        for (i, (value, pick)) in values.iter_mut().zip(&cohort.picks).enumerate() {
            *value = match pick {
                Pick::Always(v) => *v,
                Pick::Shares(_) if wanted.is_some_and(|wanted| !wanted[i]) => continue,
                Pick::Shares(shares) => {
                    let word = low64(luck.block(key, Purpose::Attribute, self.attributes[i].key));
                    let at = shares.partition_point(|(upto, _)| *upto < word);
                    shares[at.min(shares.len() - 1)].1
                }
            };
        }
    }
}
