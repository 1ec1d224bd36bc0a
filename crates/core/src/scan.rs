//! When a device looks for updates and hears of pauses: scans, policy syncs, and what is overdue at wake-up.

use crate::{
    control::Pause,
    draws::Purpose,
    life::Life,
    plan::{ReleaseId, Scan},
    presence::LOOK_BACK_S,
    steps::Sink,
    time::{DAY_S, SimTime},
    windows::{Span, join},
};

impl<S: Sink> Life<'_, S> {
    /// Works out when this device takes no new offer: from the sync that brings a pause to the one that brings its
    /// end, or until the pause expires; and in ideal freezes. Commands are heard later than they land.
    pub(crate) fn collect_pauses(&mut self) {
        let known = self.known;
        let mut held = std::mem::take(&mut self.lists.held);
        held.clear();
        for pauses in known.pauses(self.ring) {
            for (i, pause) in pauses.iter().enumerate() {
                let from = match pause.with {
                    Some(release) => self.receipt(pause.from, release),
                    None => self.sync(pause.from + 1),
                };
                let to = self.end_of_pause(pause, &pauses[i + 1..]).min(pause.expires);
                // Only the latest command counts when both arrive at one sync.
                if let Some(from) = from
                    && from < to
                {
                    held.push(Span { from, to });
                }
            }
        }
        held.extend_from_slice(known.no_offers(self.ring));
        if held.len() > 1 {
            join(&mut held);
        }
        self.lists.held = held;
    }

    /// When the device receives an uninstall of `release`: of each that was ordered, in any order.
    pub(crate) fn uninstalls(&self, release: ReleaseId) -> impl Iterator<Item = SimTime> {
        let ordered = self.known.uninstalls(self.ring).iter();
        ordered.filter(move |(_, of)| *of == release).filter_map(move |&(at, _)| self.receipt(at, release))
    }

    /// When the device hears of the end of `pause`, or of what came in its place: an uninstall does not come with a
    /// sync.
    fn end_of_pause(&self, pause: &Pause, later: &[Pause]) -> SimTime {
        let (mut last, mut pushed) = (pause, SimTime::NEVER);
        for next in later {
            if next.from != last.to {
                // It came beside what stands, not in its place.
                continue;
            }
            let Some(release) = next.with.filter(|_| last.replaced) else { break };
            pushed = pushed.min(self.receipt(next.from, release).unwrap_or(SimTime::NEVER));
            last = next;
        }
        self.sync(last.to + 1).unwrap_or(SimTime::NEVER).min(pushed)
    }

    /// When the device receives an uninstall of `release` that lands at `landed`.
    fn receipt(&self, landed: SimTime, release: ReleaseId) -> Option<SimTime> {
        let Some(push) = &self.plan.management.uninstall.push else { return self.sync(landed + 1) };
        let n = self.plan.releases[release.0 as usize].key << 8;
        let takes = self.draws.sample(push, Purpose::Uninstall, n, 2);
        self.due(landed + takes.max(1), Wakes::Sync)
    }

    /// The first policy sync at or after `t`.
    pub(crate) fn sync(&self, t: SimTime) -> Option<SimTime> {
        if t >= self.plan.horizon {
            return None;
        }
        let every = self.plan.device.sync_every_s;
        let phase = (i64::from(self.presence.sync_phase()) * every) >> 32;
        let since = (t.0 - phase).rem_euclid(every);
        let next = SimTime(t.0 - since + every);
        if self.presence.always {
            return Some(if since == 0 { t } else { next });
        }
        // The last one may still be to come, if the device was off; one that falls due after the wake-up while it is
        // on may come before that.
        let mut due = SimTime(t.0 - since);
        loop {
            let span = self.presence.online(due)?;
            if span.from <= due {
                if due >= t {
                    return Some(due);
                }
                due = next;
                continue;
            }
            let mut first = Some(self.overdue(span, Wakes::Sync)?).filter(|&at| at >= t);
            // What falls due before the wake-up comes with it.
            let waits = (span.from - due).max(next - due);
            due = due + (waits + every - 1) / every * every;
            while due < first.unwrap_or(self.plan.horizon) {
                let at = self.due(due, Wakes::Sync);
                first = [first, at].into_iter().flatten().min();
                due = due + every;
            }
            return first;
        }
    }

    /// When something that falls due at `due` really happens: then, or some time after the next wake-up after which
    /// the device stays on for so long.
    fn due(&self, due: SimTime, what: Wakes) -> Option<SimTime> {
        let span = self.presence.online(due)?;
        if span.from <= due { Some(due) } else { self.overdue(span, what) }
    }

    /// When something that is overdue happens, given the stretch that the device wakes up to.
    fn overdue(&self, mut span: Span, what: Wakes) -> Option<SimTime> {
        let (quantile, lane) = match what {
            Wakes::Scan => (&self.plan.device.wake_scan, 0),
            Wakes::Sync => (&self.plan.device.wake_sync, 1),
        };
        loop {
            let day = ((span.from.0 + self.plan.epoch_unix_s).div_euclid(DAY_S)) as u32;
            let at = span.from + self.draws.sample(quantile, Purpose::Wake, day, lane);
            if at < span.to {
                return Some(at);
            }
            span = self.presence.online(span.to)?;
        }
    }

    /// The first scan at or after `from` that may find something.
    pub(crate) fn scan(&self, next: usize, from: SimTime) -> Option<SimTime> {
        let rules = &self.plan.device;
        let address = self.plan.releases[next].key << 8;
        match &rules.scan {
            Scan::Wait(wait) => {
                let mut at = from;
                for k in 0..=255 {
                    at = at + self.draws.sample(wait, Purpose::Rollout, address | k, 0);
                    if rules.needs_online.scan {
                        at = self.presence.online(at)?.from;
                    }
                    match self.hold_at(at) {
                        Some(held) => at = held.to,
                        None => return (at < self.plan.horizon).then_some(at),
                    }
                }
                None
            }
            Scan::Every { interval, residual, longest_s } => {
                let residual = || self.draws.sample(residual, Purpose::Rollout, address, 0);
                let mut k = 0;
                let mut after = |at: SimTime| {
                    let n = address | (k / 4);
                    let gap = self.draws.sample(interval, Purpose::Scan, n, (k % 4) as usize);
                    k += 1;
                    at + gap.max(60)
                };
                let mut due = match self.last_scan.filter(|&last| from - last < LOOK_BACK_S) {
                    Some(last) => after(last),
                    None if self.every_hour => from + residual(),
                    // A device that sleeps scans when it wakes, so its last days tell when it will.
                    None => SimTime(from.0 - 3 * longest_s) + residual(),
                };
                loop {
                    let at = if rules.needs_online.scan { self.due(due, Wakes::Scan)? } else { due };
                    if at >= self.plan.horizon {
                        return None;
                    }
                    if at >= from && self.hold_at(at).is_none() {
                        return Some(at);
                    }
                    due = after(at);
                }
            }
        }
    }

    /// The hold that contains `t`.
    pub(crate) fn hold_at(&self, t: SimTime) -> Option<Span> {
        self.lists.held.iter().copied().find(|s| s.contains(t))
    }
}

/// What runs late after a wake-up.
#[derive(Clone, Copy)]
enum Wakes {
    Scan,
    Sync,
}
