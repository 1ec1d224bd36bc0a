//! When a pending restart happens: the earliest of the user's choice, an idle slot outside active hours, and
//! the effective deadline.

use crate::{
    draws::Purpose,
    life::Life,
    plan::{Anchor, ReleaseId},
    steps::{Disturbance, RestartBy, Sink},
    time::SimTime,
};

impl<S: Sink> Life<'_, S> {
    /// When the device restarts after `pending`, and why; `None`: not before the horizon.
    pub(crate) fn restart(
        &self,
        release: ReleaseId,
        pending: SimTime,
    ) -> Option<(SimTime, RestartBy, Disturbance)> {
        let (at, by) = if self.scheduled() {
            let mut at = self.in_install_window(pending)?;
            while self.released(at) > at {
                at = self.in_install_window(self.released(at))?;
            }
            (at, RestartBy::Schedule)
        } else {
            let forced = self.forced(release, pending).map(|at| (at, RestartBy::Deadline));
            let latest = forced.map_or(self.plan.horizon, |(at, _)| at);
            let user = self.user(release, pending, latest).map(|at| (at, RestartBy::User));
            let latest = user.map_or(latest, |(at, _)| at.min(latest));
            let idle = self.idle(release, pending, latest).map(|at| (at, RestartBy::Idle));
            // On a tie the user's own choice is told, then the idle slot.
            [user, idle, forced].into_iter().flatten().min_by_key(|&(at, by)| (at, by))?
        };
        Some((at, by, self.disturbance(at)))
    }

    /// Whether a restart at `at` falls into active hours.
    pub(crate) fn disturbance(&self, at: SimTime) -> Disturbance {
        if self.at_site.active.contains(at) {
            Disturbance::InActiveHours
        } else {
            Disturbance::OutsideActiveHours
        }
    }

    /// The effective deadline: the later of (anchor + deadline) and (pending + grace), behind a warning of
    /// `warning_s` that the device must have been on to show.
    fn forced(&self, release: ReleaseId, pending: SimTime) -> Option<SimTime> {
        let ring = &self.plan.rings[self.ring.0 as usize];
        let rule = &self.plan.device.restart;
        let deadline = ring.deadline_s?;
        let anchor = match rule.anchor {
            Anchor::Offer => self.offered,
            Anchor::Release => self.plan.earliest_offer(self.ring, release),
            Anchor::Pending => pending,
        };
        let effective = (anchor + deadline).max(pending + ring.grace_s);
        let mut warn = SimTime(effective.0 - rule.warning_s).max(pending);
        loop {
            if !self.plan.device.needs_online.restart {
                let at = effective.max(warn + rule.warning_s);
                match self.released(at) {
                    free if free > at => warn = free,
                    free => return Some(free),
                }
                continue;
            }
            let on = self.presence.online(warn)?;
            let at = effective.max(on.from + rule.warning_s);
            // A device that is switched off in between is warned again when it wakes up; being on in the
            // last second is enough to restart.
            if at <= on.to {
                match self.released(at) {
                    free if free > at => warn = free,
                    free => return Some(free),
                }
            } else {
                warn = on.to;
            }
        }
    }

    /// The user's choice, if it can come by `latest`.
    fn user(&self, release: ReleaseId, pending: SimTime, latest: SimTime) -> Option<SimTime> {
        let after = self.plan.device.restart.user.as_ref()?;
        let n = self.plan.releases[release.0 as usize].key << 8;
        let delay = self.draws.sample(after, Purpose::Rollout, n, 1);
        let mut at = pending + delay;
        // Nobody is asked during a hold; when it ends, the user takes as long as ever.
        while self.released(at) > at {
            at = self.released(at) + delay;
        }
        if at > latest {
            return None;
        }
        self.on_and_released(at)
    }

    /// The automatic restart: some time into the first stretch that is outside active hours while the device
    /// is on, if that comes by `latest`.
    fn idle(&self, release: ReleaseId, pending: SimTime, latest: SimTime) -> Option<SimTime> {
        let after = self.plan.device.restart.idle.as_ref()?;
        let n = self.plan.releases[release.0 as usize].key << 8;
        let delay = self.draws.sample(after, Purpose::Rollout, n, 2);
        let mut t = pending;
        while t <= latest {
            let start = self.on_and_released(t)?;
            let active = self.at_site.active.next(start);
            match active {
                Some(active) if active.from <= start => t = active.to,
                _ => {
                    let at = start + delay;
                    let free = self.released(at);
                    if free > at {
                        t = free;
                        continue;
                    }
                    let still_on = !self.plan.device.needs_online.restart
                        || self.presence.online(start).is_some_and(|on| at < on.to);
                    let still_idle = active.is_none_or(|active| at < active.from);
                    if still_on && still_idle {
                        return Some(at);
                    }
                    // This slot was too short for this device's luck; try the one after it.
                    let ends = self.presence.online(start).map_or(SimTime::NEVER, |on| on.to);
                    t = ends.min(active.map_or(SimTime::NEVER, |active| active.from)).max(start + 1);
                }
            }
        }
        None
    }

    /// The first instant at or after `t` at which the device is on and no freeze holds restarts.
    fn on_and_released(&self, t: SimTime) -> Option<SimTime> {
        let mut t = t;
        loop {
            let free = self.released(t);
            if !self.plan.device.needs_online.restart {
                return Some(free);
            }
            let on = self.presence.online(free)?.from;
            if on == free {
                return Some(on);
            }
            t = on;
        }
    }
}
