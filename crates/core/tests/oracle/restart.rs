//! When a pending restart comes about.

use crate::world::World;
use rollcast_core::{
    draws::Purpose,
    plan::{Anchor, FreezeBy},
    quantile::Quantile,
    steps::{Disturbance, RestartBy},
    time::SimTime,
    windows::Span,
};

impl World<'_> {
    pub fn disturbance(&self, d: usize) -> Disturbance {
        match self.devices[d].at_site.active.contains(self.now) {
            true => Disturbance::InActiveHours,
            false => Disturbance::OutsideActiveHours,
        }
    }

    /// The stretches in which restarts of this device's ring are held.
    fn holds(&self, d: usize) -> Vec<Span> {
        let ring = self.devices[d].ring;
        let freezes = self.plan.freezes.iter();
        let holding = freezes.filter(|f| f.by == FreezeBy::HoldRestarts && f.rings[ring]);
        holding.flat_map(|f| f.spans.iter().copied()).collect()
    }

    /// The first instant from `t` on in an install window, while the device is on and nothing holds.
    pub fn in_window(&self, d: usize, t: SimTime, holds: &[Span]) -> Option<SimTime> {
        let mut t = t;
        loop {
            let window = self.devices[d].at_site.install_windows.next(t)?;
            let at = self.on_and_free(d, window.from.max(t), holds)?;
            if window.contains(at) {
                return Some(at);
            }
            t = at;
        }
    }

    fn on_and_free(&self, d: usize, t: SimTime, holds: &[Span]) -> Option<SimTime> {
        let mut t = t;
        loop {
            t = self.devices[d].hours.next_on(t)?;
            let free = free(holds, t);
            if free == t {
                return Some(t);
            }
            t = free;
        }
    }

    fn restart_delay(&self, d: usize, after: &Quantile, lane: usize) -> i64 {
        let (key, target) = (self.devices[d].key, self.in_hand(d).target);
        let n = self.plan.releases[target].key << 8;
        let block = self.luck.block(key, Purpose::Rollout, n);
        after.draw(&self.luck, key, Purpose::Rollout, n, lane, block)
    }

    /// The earliest of the user's choice, an idle slot and the deadline.
    pub fn restart(&self, d: usize) -> Option<(SimTime, RestartBy)> {
        let (hand, holds) = (self.in_hand(d), self.holds(d));
        if self.devices[d].habit.scheduled {
            return self.in_window(d, hand.pending, &holds).map(|at| (at, RestartBy::Schedule));
        }
        let forced = self.forced(d, &holds).map(|at| (at, RestartBy::Deadline));
        let user = self.user(d, &holds).map(|at| (at, RestartBy::User));
        let idle = self.idle(d, &holds).map(|at| (at, RestartBy::Idle));
        [user, idle, forced].into_iter().flatten().min()
    }

    fn user(&self, d: usize, holds: &[Span]) -> Option<SimTime> {
        let delay = self.restart_delay(d, self.plan.device.restart.user.as_ref()?, 1);
        let waits = self.plan.device.needs_online.restart;
        let mut at = self.in_hand(d).pending + delay;
        loop {
            if at >= self.plan.horizon {
                return None;
            }
            let free = free(holds, at);
            if free > at {
                at = free + delay;
                continue;
            }
            return if waits { self.on_and_free(d, at, holds) } else { Some(at) };
        }
    }

    fn idle(&self, d: usize, holds: &[Span]) -> Option<SimTime> {
        let delay = self.restart_delay(d, self.plan.device.restart.idle.as_ref()?, 2);
        let (device, waits) = (&self.devices[d], self.plan.device.needs_online.restart);
        let mut t = self.in_hand(d).pending;
        // Slot by slot: the stretch from `begin` on in which the device is on and outside active hours.
        while t < self.plan.horizon {
            let begin = if waits { self.on_and_free(d, t, holds)? } else { free(holds, t) };
            let active = device
                .at_site
                .active
                .next(begin)
                .unwrap_or(Span { from: SimTime::NEVER, to: SimTime::NEVER });
            if active.contains(begin) {
                t = active.to;
                continue;
            }
            let off = if waits { device.hours.stretch(begin)?.to } else { SimTime::NEVER };
            let (end, at) = (off.min(active.from), begin + delay);
            if free(holds, at) > at {
                t = free(holds, at);
            } else if at < end {
                return Some(at);
            } else {
                t = end;
            }
        }
        None
    }

    fn forced(&self, d: usize, holds: &[Span]) -> Option<SimTime> {
        let (hand, device, rule) = (self.in_hand(d), &self.devices[d], &self.plan.device.restart);
        let ring = &self.plan.rings[device.ring];
        let anchor = match rule.anchor {
            Anchor::Offer => hand.offered,
            Anchor::Release => {
                let release = rollcast_core::plan::ReleaseId(hand.target as u16);
                self.plan.earliest_offer(rollcast_core::plan::RingId(device.ring as u16), release)
            }
            Anchor::Pending => hand.pending,
        };
        let effective = (anchor + ring.deadline_s?).max(hand.pending + ring.grace_s);
        // The warning is shown from `warned` on; the device stays on until the restart, or is warned again.
        let mut warned = SimTime(effective.0 - rule.warning_s).max(hand.pending);
        while warned < self.plan.horizon {
            let mut at = effective.max(warned + rule.warning_s);
            if self.plan.device.needs_online.restart {
                let on = device.hours.stretch(warned)?;
                at = effective.max(on.from.max(warned) + rule.warning_s);
                if at > on.to {
                    warned = on.to;
                    continue;
                }
            }
            match free(holds, at) {
                free if free > at => warned = free,
                _ => return Some(at),
            }
        }
        None
    }
}

/// The first instant from `t` on that no hold contains.
fn free(holds: &[Span], t: SimTime) -> SimTime {
    let mut t = t;
    while let Some(hold) = holds.iter().find(|h| h.contains(t)) {
        t = hold.to;
    }
    t
}
