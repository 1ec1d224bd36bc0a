//! Which defects show on a device, from when and until when.

use crate::{
    draws::Purpose,
    life::{Build, Life},
    plan::{CauseId, DefectId, ReleaseId, Severity, Shows},
    steps::{Sink, Step},
    time::SimTime,
};

/// A defect that showed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Harm {
    pub release: ReleaseId,
    pub defect: DefectId,
    pub from: SimTime,
    /// [`SimTime::NEVER`] while it shows.
    pub to: SimTime,
}

impl<S: Sink> Life<'_, S> {
    /// When defect `d` shows on a prone device that goes on running `build`; `None`: never.
    pub(crate) fn onset(&self, d: usize, build: &Build) -> Option<SimTime> {
        let defect = &self.plan.defects[d];
        let at = match &defect.shows {
            Shows::InInstall => return None,
            Shows::AfterRestart(after) => {
                build.from + self.draws.sample(after, Purpose::Defect, defect.key, 2)
            }
            Shows::On(at) => build.from.max(*at),
        };
        // Nobody goes down twice: what falls into the time for which another defect has it down shows when it is up.
        let at = if defect.severity == Severity::Down { at.max(self.up) } else { at };
        (at < self.switched_off(d, build)).then_some(at)
    }

    /// From when on defect `d` is switched off on the device while it runs `build`.
    fn switched_off(&self, d: usize, build: &Build) -> SimTime {
        let ordered = self.known.switched_off(DefectId(d as u16));
        if ordered >= self.plan.horizon {
            return SimTime::NEVER;
        }
        let rule = &self.plan.management.switch_off;
        let key = self.plan.defects[d].key;
        if self.draws.toss(rule.fails, Purpose::SwitchOff, key, false) {
            return SimTime::NEVER;
        }
        let Some(heard) = self.sync(ordered + 1) else { return SimTime::NEVER };
        if heard <= build.restarted {
            return build.from;
        }
        let after = self.draws.sample(&rule.restart_after, Purpose::SwitchOff, key, 2);
        self.presence.online(heard + after).map_or(SimTime::NEVER, |on| on.from)
    }

    /// The device stops running its build at `at` (or play ends): what showed meanwhile.
    pub(crate) fn leave(&mut self, at: SimTime) {
        if self.sound {
            return;
        }
        let build = self.build();
        let Some(release) = build.release else { return };
        let (id, horizon) = (ReleaseId(release as u16), self.horizon);
        for d in 0..self.plan.defects.len() {
            let defect = &self.plan.defects[d];
            if !self.lists.prone[d] || !defect.releases[release] || defect.severity == Severity::Down {
                continue;
            }
            let Some(from) = self.onset(d, &build).filter(|&from| from < at) else { continue };
            self.harm(from, id, DefectId(d as u16));
            let to = self.switched_off(d, &build).min(if at < horizon { at } else { SimTime::NEVER });
            self.end_harm(DefectId(d as u16), to);
            if to < horizon {
                self.note(to, Step::Healed(id, DefectId(d as u16)));
            }
        }
    }

    pub(crate) fn harm(&mut self, at: SimTime, release: ReleaseId, defect: DefectId) {
        self.note(at, Step::Harmed(release, defect));
        self.lists.harms.push(Harm { release, defect, from: at, to: SimTime::NEVER });
    }

    /// The last harm by `defect` ends at `at`.
    pub(crate) fn end_harm(&mut self, defect: DefectId, at: SimTime) {
        if let Some(harm) = self.lists.harms.iter_mut().rev().find(|harm| harm.defect == defect) {
            harm.to = at;
        }
    }

    /// The defect that fails every install of `target` on this device.
    pub(crate) fn failure_by_defect(&self, target: ReleaseId) -> Option<CauseId> {
        if self.sound {
            return None;
        }
        let fails = |&d: &usize| {
            let defect = &self.plan.defects[d];
            matches!(defect.shows, Shows::InInstall)
                && defect.releases[target.0 as usize]
                && self.lists.prone[d]
        };
        let d = (0..self.plan.defects.len()).find(fails)?;
        Some(CauseId((self.plan.device.failures.len() + d) as u16))
    }

    /// A failed attempt is harm if a defect failed it, once until a newer release is installed.
    pub(crate) fn harm_by_failure(&mut self, at: SimTime, target: ReleaseId, cause: CauseId) {
        let Some(d) = (cause.0 as usize).checked_sub(self.plan.device.failures.len()) else { return };
        let defect = DefectId(d as u16);
        let fails = |h: &Harm| h.defect == defect && h.release == target && h.to == SimTime::NEVER;
        if !self.lists.harms.iter().any(fails) {
            self.harm(at, target, defect);
        }
    }

    /// A release gets on at `at`: installs that a defect failed are over.
    pub(crate) fn end_failing(&mut self, at: SimTime) {
        for i in 0..self.lists.harms.len() {
            let Harm { release, defect, to, .. } = self.lists.harms[i];
            let failing = matches!(self.plan.defects[defect.0 as usize].shows, Shows::InInstall);
            if failing && to == SimTime::NEVER {
                self.lists.harms[i].to = at;
                self.note(at, Step::Healed(release, defect));
            }
        }
    }
}
