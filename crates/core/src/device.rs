//! Who a device is: its key, its attributes and its habit. Which devices there are says [`crate::roll`], with which
//! attributes [`crate::gather`].

use crate::plan::{Habit, HabitAtSite, ListedFacts, Plan, Prevalence};

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
}
