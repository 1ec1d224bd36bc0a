//! When a device looks for updates and hears of pauses: scans, policy syncs, and what is overdue at wake-up.

use crate::{
    control::Known,
    draws::Purpose,
    life::Life,
    plan::Scan,
    presence::LOOK_BACK_S,
    steps::Sink,
    time::{DAY_S, SimTime},
    windows::Span,
};

impl<S: Sink> Life<'_, S> {
    /// Works out when this device takes no new offer: from the sync that brings a pause to the one that brings
    /// the resume, and in ideal freezes.
    pub(crate) fn collect_holds(&mut self, known: &Known) {
        self.held.clear();
        for &command in known.pauses(self.ring) {
            // Only the latest command counts when both arrive at one sync.
            if let Some(from) = self.sync(command.from)
                && let to = self.sync(command.to).unwrap_or(SimTime::NEVER)
                && from < to
            {
                self.held.push(Span { from, to });
            }
        }
        self.held.extend_from_slice(known.no_offers(self.ring));
        if self.held.len() > 1 {
            self.held.sort_by_key(|s| (s.from, s.to));
            self.held.dedup_by(|next, last| {
                let joins = next.from <= last.to;
                if joins {
                    last.to = last.to.max(next.to);
                }
                joins
            });
        }
    }

    /// The first policy sync at or after `t`.
    fn sync(&self, t: SimTime) -> Option<SimTime> {
        let every = self.plan.device.sync_every_s;
        let phase = (i64::from(self.presence.sync_phase()) * every) >> 32;
        let since = (t.0 - phase).rem_euclid(every);
        // A sync that fell due while the device was off may still be to come.
        let missed = self.due(SimTime(t.0 - since), Wakes::Sync);
        if missed.is_some_and(|at| at >= t) {
            return missed;
        }
        self.due(SimTime(t.0 - since + every), Wakes::Sync)
    }

    /// When something that falls due at `due` really happens: then, or some time after the next wake-up.
    fn due(&self, due: SimTime, what: Wakes) -> Option<SimTime> {
        let span = self.presence.online(due)?;
        if span.from <= due {
            return Some(due);
        }
        let day = ((span.from.0 + self.plan.epoch_unix_s).div_euclid(DAY_S)) as u32;
        let block = self.luck.block(self.key, Purpose::Wake, day);
        let (quantile, lane) = match what {
            Wakes::Scan => (&self.plan.device.wake_scan, 0),
            Wakes::Sync => (&self.plan.device.wake_sync, 1),
        };
        let at = span.from + quantile.draw(self.luck, self.key, Purpose::Wake, day, lane, block);
        if at < span.to { Some(at) } else { self.presence.online(at).map(|s| s.from) }
    }

    /// The first scan at or after `from` that may find something.
    pub(crate) fn scan(&mut self, next: usize, from: SimTime) -> Option<SimTime> {
        let rules = &self.plan.device;
        let address = self.plan.releases[next].key << 8;
        let first = self.luck.block(self.key, Purpose::Rollout, address);
        match &rules.scan {
            Scan::Wait(wait) => {
                let mut at = from;
                for k in 0..=255 {
                    let block = self.luck.block(self.key, Purpose::Rollout, address | k);
                    at = at + wait.draw(self.luck, self.key, Purpose::Rollout, address | k, 0, block);
                    if rules.needs_online.scan {
                        at = self.presence.online(at)?.from;
                    }
                    match self.hold_at(at) {
                        Some(held) => at = held.to,
                        None => {
                            self.last_scan = Some(at);
                            return (at < self.plan.horizon).then_some(at);
                        }
                    }
                }
                None
            }
            Scan::Every { interval, residual, longest_s } => {
                let residual = || residual.draw(self.luck, self.key, Purpose::Rollout, address, 0, first);
                let every_hour = self.presence.always || !rules.needs_online.scan;
                let mut k = 0;
                let mut after = |at: SimTime| {
                    let n = address | (k / 4);
                    let block = self.luck.block(self.key, Purpose::Scan, n);
                    let gap = interval.draw(self.luck, self.key, Purpose::Scan, n, (k % 4) as usize, block);
                    k += 1;
                    at + gap.max(60)
                };
                let mut due = match self.last_scan.filter(|&last| from - last < LOOK_BACK_S) {
                    Some(last) => after(last),
                    None if every_hour => from + residual(),
                    // A device that sleeps scans when it wakes, so its last days tell when it will.
                    None => SimTime(from.0 - 3 * longest_s) + residual(),
                };
                loop {
                    let at = if rules.needs_online.scan { self.due(due, Wakes::Scan)? } else { due };
                    if at >= self.plan.horizon {
                        return None;
                    }
                    if at >= from && self.hold_at(at).is_none() {
                        self.last_scan = Some(at);
                        return Some(at);
                    }
                    due = after(at);
                }
            }
        }
    }

    /// The hold that contains `t`.
    pub(crate) fn hold_at(&self, t: SimTime) -> Option<Span> {
        self.held.iter().copied().find(|s| s.contains(t))
    }
}

/// What runs late after a wake-up.
#[derive(Clone, Copy)]
enum Wakes {
    Scan,
    Sync,
}
