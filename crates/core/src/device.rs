//! Who a device is: its key, its attributes and its habit, as functions of (plan, luck, index).

use std::ops::Range;

use crate::{
    draws::{Luck, Purpose, low64},
    plan::{Cohort, Described, Fleet, Habit, HabitAtSite, Listed, ListedFacts, Pick, Plan, Prevalence},
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
    /// Attributes that a device's ring and life depend on; the others are for counting alone.
    pub(crate) fn attributes_of_lives(&self) -> Vec<bool> {
        let filters = (self.rings.iter().map(|ring| &ring.members.filter))
            .chain(self.habits.iter().map(|habit| &habit.members))
            .chain(self.defects.iter().map(|defect| &defect.members));
        let by = self.defects.iter().filter_map(|defect| match &defect.prevalence {
            Prevalence::Share(_) => None,
            Prevalence::ByValue(by, _) | Prevalence::Clustered { by, .. } => Some(*by),
        });
        let in_filters = filters.flat_map(|filter| filter.any_of.iter().flatten()).map(|(by, _)| *by);
        let mut wanted = vec![false; self.attributes.len()];
        for attribute in in_filters.chain(by).chain([self.site_attribute]) {
            wanted[attribute.0 as usize] = true;
        }
        wanted
    }

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
        let cohort = |words: &Words, i: usize| {
            let word = words.cohort(i);
            let at = fleet.shared.partition_point(|(upto, _)| *upto < word);
            &fleet.shared[at.min(fleet.shared.len() - 1)].1
        };
        let mut words = Words::new(self.attributes.len());
        let drawn = self.drawn(fleet.shared.iter().map(|(_, cohort)| cohort), wanted);
        let mut index = here.start;
        while index < here.end {
            let key = u64::from(fleet.shared_key) << INDEX_BITS | (index - begin);
            let count = (here.end - index).min(TOGETHER as u64);
            words.draw(self, luck, key, true, &drawn);
            for i in 0..count {
                let cohort = cohort(&words, i as usize);
                self.fill(cohort, &drawn, &words, i as usize, &mut values);
                let (index, key, unregistered) = (index + i, key + i, cohort.unregistered);
                visit(&Device { index, key, values: &values, unregistered, listed: None }, 1);
            }
            index += count;
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
        let drawn = self.drawn(std::iter::once(cohort), wanted);
        let (mut words, mut index) = (Words::new(drawn.len()), range.start);
        let unregistered = cohort.unregistered;
        while index < range.end {
            let key = u64::from(address) << INDEX_BITS | (index - begin);
            if !drawn.contains(&true) {
                // All are alike.
                self.fill(cohort, &drawn, &words, 0, values);
                visit(&Device { index, key, values, unregistered, listed: None }, range.end - index);
                return;
            }
            let count = (range.end - index).min(TOGETHER as u64);
            words.draw(self, luck, key, false, &drawn);
            for i in 0..count {
                self.fill(cohort, &drawn, &words, i as usize, values);
                let (index, key) = (index + i, key + i);
                visit(&Device { index, key, values, unregistered, listed: None }, 1);
            }
            index += count;
        }
    }

    /// Attributes that are wanted and that some cohort draws.
    fn drawn<'a>(
        &self,
        cohorts: impl Iterator<Item = &'a Cohort> + Clone,
        wanted: Option<&[bool]>,
    ) -> Vec<bool> {
        let is_wanted = |i: usize| wanted.is_none_or(|wanted| wanted[i]);
        let is_drawn = |i: usize| cohorts.clone().any(|cohort| matches!(cohort.picks[i], Pick::Shares(_)));
        (0..self.attributes.len()).map(|i| is_wanted(i) && is_drawn(i)).collect()
    }

    /// Writes the attributes of device `i` of those whose words were drawn.
    fn fill(&self, cohort: &Cohort, drawn: &[bool], words: &Words, i: usize, values: &mut [u16]) {
        for (attribute, (value, pick)) in values.iter_mut().zip(&cohort.picks).enumerate() {
            *value = match pick {
                Pick::Always(v) => *v,
                Pick::Shares(_) if !drawn[attribute] => continue,
                Pick::Shares(shares) => {
                    let word = words.attribute(attribute, i);
                    let at = shares.partition_point(|(upto, _)| *upto < word);
                    shares[at.min(shares.len() - 1)].1
                }
            };
        }
    }
}

/// Devices whose cohorts and attributes are drawn together.
const TOGETHER: usize = 64;

/// What [`TOGETHER`] devices drew: one column a word.
struct Words {
    keys: [[u32; TOGETHER]; 2],
    cohort: [[u32; TOGETHER]; 4],
    attributes: Vec<[[u32; TOGETHER]; 4]>,
}

impl Words {
    fn new(attributes: usize) -> Self {
        let none = [[0; TOGETHER]; 4];
        Self { keys: [[0; TOGETHER]; 2], cohort: none, attributes: vec![none; attributes] }
    }

    /// Draws for the devices whose keys count up from `first`.
    fn draw(&mut self, plan: &Plan, luck: &Luck, first: u64, cohort: bool, drawn: &[bool]) {
        for i in 0..TOGETHER {
            let key = first + i as u64;
            (self.keys[0][i], self.keys[1][i]) = (key as u32, (key >> 32) as u32);
        }
        if cohort {
            luck.many(&self.keys, Purpose::Cohort, 0, &mut self.cohort);
        }
        let wanted = self.attributes.iter_mut().zip(&plan.attributes).zip(drawn).filter(|(_, drawn)| **drawn);
        for ((words, attribute), _) in wanted {
            luck.many(&self.keys, Purpose::Attribute, attribute.key, words);
        }
    }

    fn cohort(&self, i: usize) -> u64 {
        low64([self.cohort[0][i], self.cohort[1][i], 0, 0])
    }

    fn attribute(&self, attribute: usize, i: usize) -> u64 {
        let words = &self.attributes[attribute];
        low64([words[0][i], words[1][i], 0, 0])
    }
}
