//! Who a device is: its key, its attributes and its habit, as functions of (plan, luck, index).

use std::ops::Range;

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
        range: Range<u64>,
        mut visit: impl FnMut(&Device<'_>),
    ) {
        self.visit_runs(luck, wanted, range, |first, count| {
            for i in 0..count {
                visit(&Device { index: first.index + i, key: first.key + i, ..*first });
            }
        });
    }

    /// The same by runs of devices that differ in nothing but their index and their key, which count up from the
    /// first one's.
    pub(crate) fn visit_runs(
        &self,
        luck: &Luck,
        wanted: Option<&[bool]>,
        range: Range<u64>,
        mut visit: impl FnMut(&Device<'_>, u64),
    ) {
        match &self.fleet {
            Fleet::Described(fleet) => self.visit_described(fleet, luck, wanted, range, &mut visit),
            Fleet::Listed(fleet) => self.visit_listed(fleet, range, &mut visit),
        }
    }

    fn visit_listed(&self, fleet: &Listed, range: Range<u64>, visit: &mut impl FnMut(&Device<'_>, u64)) {
        let width = self.attributes.len();
        for index in range {
            let i = index as usize;
            let facts = fleet.facts[i];
            let device = Device {
                index,
                key: fleet.keys[i],
                values: &fleet.values[i * width..(i + 1) * width],
                unregistered: (facts.unregistered != u8::MAX).then_some(facts.unregistered),
                listed: Some(facts),
            };
            visit(&device, 1);
        }
    }

    fn visit_described(
        &self,
        fleet: &Described,
        luck: &Luck,
        wanted: Option<&[bool]>,
        range: Range<u64>,
        visit: &mut impl FnMut(&Device<'_>, u64),
    ) {
        let mut values = vec![0; self.attributes.len()];
        let mut begin = 0;
        for (count, cohort) in &fleet.counted {
            let here = range.start.max(begin)..range.end.min(begin + count);
            self.visit_cohort(cohort, (cohort.key, begin), luck, wanted, here, &mut values, visit);
            begin += count;
        }
        let here = range.start.max(begin)..range.end;
        if let [(_, only)] = fleet.shared.as_slice() {
            self.visit_cohort(only, (fleet.shared_key, begin), luck, wanted, here, &mut values, visit);
            return;
        }
        for index in here {
            let key = u64::from(fleet.shared_key) << INDEX_BITS | (index - begin);
            let word = low64(luck.block(key, Purpose::Cohort, 0));
            let at = fleet.shared.partition_point(|(upto, _)| *upto < word);
            let cohort = &fleet.shared[at.min(fleet.shared.len() - 1)].1;
            self.fill(cohort, luck, wanted, key, &mut values);
            let device =
                Device { index, key, values: &values, unregistered: cohort.unregistered, listed: None };
            visit(&device, 1);
        }
    }

    /// Those of one cohort, whose keys are (address, index after `begin`).
    #[allow(clippy::too_many_arguments, reason = "what a visit is told goes through here")]
    fn visit_cohort(
        &self,
        cohort: &Cohort,
        (address, begin): (u32, u64),
        luck: &Luck,
        wanted: Option<&[bool]>,
        range: Range<u64>,
        values: &mut [u16],
        visit: &mut impl FnMut(&Device<'_>, u64),
    ) {
        let all_alike = self.fill_fixed(cohort, wanted, values);
        let mut index = range.start;
        while index < range.end {
            let key = u64::from(address) << INDEX_BITS | (index - begin);
            let count = if all_alike { range.end - index } else { 1 };
            if !all_alike {
                self.fill(cohort, luck, wanted, key, values);
            }
            let unregistered = cohort.unregistered;
            visit(&Device { index, key, values, unregistered, listed: None }, count);
            index += count;
        }
    }

    /// Writes the attributes that are the same for the whole cohort; true if that is all that is wanted.
    fn fill_fixed(&self, cohort: &Cohort, wanted: Option<&[bool]>, values: &mut [u16]) -> bool {
        let mut all = true;
        for (i, (value, pick)) in values.iter_mut().zip(&cohort.picks).enumerate() {
            match pick {
                Pick::Always(v) => *value = *v,
                Pick::Shares(_) => all &= wanted.is_some_and(|wanted| !wanted[i]),
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
