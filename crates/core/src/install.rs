//! From an offer to the restart: downloads, attempts, failures, and when each step may happen.

use crate::{
    draws::{Purpose, high64, low64},
    life::Life,
    plan::{CauseId, InstallOnline, ReleaseId},
    steps::{Blocker, Sink, Step},
    time::SimTime,
};

/// How an attempt to install ended.
enum Attempt {
    /// Installed; the restart is due from this instant.
    Installed(SimTime),
    /// Failed at this instant for this cause.
    Failed(SimTime, CauseId),
    /// Nothing more happens in this leg.
    Over,
}

impl<S: Sink> Life<'_, S> {
    /// Attempts to install `target` from `now`; gives back when the device is done with it (a newer one may take
    /// over between attempts). `None`: the leg is over.
    pub(crate) fn install(&mut self, mut target: ReleaseId, mut now: SimTime) -> Option<SimTime> {
        let mut attempt = 0;
        let mut downloaded = false;
        loop {
            attempt += 1;
            let address = self.plan.releases[target.0 as usize].key << 8 | u32::min(attempt, 255);
            let (failed_at, cause) = match self.attempt(target, address, &mut downloaded, now) {
                Attempt::Installed(pending) => return self.finish(target, pending),
                Attempt::Failed(at, cause) => (at, cause),
                Attempt::Over => return None,
            };
            self.note(failed_at, Step::Failed(target, cause));
            self.harm_by_failure(failed_at, target, cause);
            let newer = self.next_offer(target.0 as usize + 1, failed_at);
            if self.plan.device.attempts.is_some_and(|most| attempt >= most) {
                self.sink.step(failed_at, Step::GaveUp(target));
                self.next = target.0 as usize + 1;
                self.in_hand = None;
                let until = newer.filter(|&t| self.fits(t));
                self.emit(failed_at, until.unwrap_or(self.cut), Blocker::NeedsAttention);
                return until;
            }
            let wait = self.draws.sample(&self.plan.device.retry_after, Purpose::Durations, address, 1);
            // At least a minute apart, so that attempts without end do end at the horizon.
            let again = self.when_allowed(failed_at + wait.max(60)).filter(|&t| self.fits(t));
            let Some(again) = again else {
                self.emit(failed_at, self.cut, Blocker::Retrying);
                return None;
            };
            self.emit(failed_at, again, Blocker::Retrying);
            now = again;
            if self.hold_at(now).is_none()
                && let Some(newer) = self.newest(target.0 as usize + 1, now)
            {
                target = newer;
                self.take(target, now);
                (attempt, downloaded) = (0, false);
            }
        }
    }

    /// One attempt: download what is missing, then install.
    fn attempt(&mut self, target: ReleaseId, address: u32, downloaded: &mut bool, now: SimTime) -> Attempt {
        let coins = if self.plan.device.failures.is_empty() {
            [u32::MAX; 4]
        } else {
            self.draws.once(Purpose::Attempt, address)
        };
        let mut now = now;
        if !*downloaded {
            let Some(end) = self.download(target, now).filter(|&end| self.fits(end)) else {
                self.emit(now, self.cut, Blocker::Downloading);
                return Attempt::Over;
            };
            self.emit(now, end, Blocker::Downloading);
            now = end;
            if let Some(cause) = self.failure(true, low64(coins)) {
                return Attempt::Failed(end, cause);
            }
            self.sink.step(end, Step::Downloaded(target));
            *downloaded = true;
        }
        if self.little_disk && !self.disk_freed {
            let freed = self.plan.device.disk_freed_after.as_ref().map_or(SimTime::NEVER, |after| {
                now + self.draws.sample(after, Purpose::Durations, address, 3)
            });
            if !self.fits(freed) {
                self.emit(now, self.cut, Blocker::DiskFull);
                return Attempt::Over;
            }
            self.emit(now, freed, Blocker::DiskFull);
            self.disk_freed = true;
            now = freed;
        }
        let takes = self.draws.sample(&self.plan.device.install_takes, Purpose::Durations, address, 0);
        let begin = self.when_allowed(now).filter(|&t| self.fits(t));
        let end = begin.and_then(|begin| {
            self.sink.step(begin, Step::InstallStarted(target));
            match self.plan.device.needs_online.install {
                InstallOnline::Resumes if !self.scheduled() => self.presence.work(begin, takes, |_, _| {}),
                _ => Some(begin + takes),
            }
        });
        let Some(end) = end.filter(|&t| self.fits(t)) else {
            self.emit(now, self.cut, Blocker::Installing);
            return Attempt::Over;
        };
        self.emit(now, end, Blocker::Installing);
        if let Some(cause) = self.failure_by_defect(target).or_else(|| self.failure(false, high64(coins))) {
            return Attempt::Failed(end, cause);
        }
        self.hours_online(target, end)
    }

    /// Applies the connectivity rule where it gates: the install completes no earlier than the hours are full.
    fn hours_online(&mut self, target: ReleaseId, end: SimTime) -> Attempt {
        let rule = self.plan.device.connectivity;
        if !rule.gates {
            return Attempt::Installed(end);
        }
        let published = self.plan.releases[target.0 as usize].published;
        let full = self.presence.connected(published, rule.total_s, rule.continuous_s, self.plan.horizon);
        let done = full.map(|full| full.max(end)).filter(|&t| self.fits(t));
        self.emit(end, done.unwrap_or(self.cut), Blocker::LowConnectivity);
        done.map_or(Attempt::Over, Attempt::Installed)
    }

    /// The end of the download of `target` begun at `now`.
    fn download(&mut self, target: ReleaseId, now: SimTime) -> Option<SimTime> {
        let rules = &self.plan.device;
        let release = &self.plan.releases[target.0 as usize];
        let total = match &rules.download_takes {
            Some(takes) => {
                let n = release.key << 8;
                self.draws.sample(takes, Purpose::Durations, n, 0)
            }
            None => {
                let bits = release.size_bytes.saturating_mul(8);
                bits.div_ceil(self.presence.bandwidth() as u64).min(i64::MAX as u64 / 4) as i64
            }
        };
        self.sink.step(now, Step::DownloadStarted(target));
        let cut = self.cut;
        if !rules.needs_online.download {
            self.sink.transfer(target, now, (now + total).min(cut), 0, total);
            return Some(now + total);
        }
        let mut done = 0;
        let sink = &mut *self.sink;
        self.presence.work(now, total, |from, to| {
            if from < cut || from == to {
                sink.transfer(target, from, to.min(cut.max(from)), done, total);
            }
            done += to - from;
        })
    }

    /// The first instant at or after `t` at which an attempt may begin.
    fn when_allowed(&self, t: SimTime) -> Option<SimTime> {
        if self.scheduled() {
            return self.in_install_window(t);
        }
        match self.plan.device.needs_online.install {
            InstallOnline::Ignores => Some(t),
            InstallOnline::Resumes | InstallOnline::Begins => self.presence.online(t).map(|s| s.from),
        }
    }

    /// The first instant at or after `t` that lies in an install window while the device is on.
    pub(crate) fn in_install_window(&self, t: SimTime) -> Option<SimTime> {
        let mut t = t;
        loop {
            let window = self.at_site.install_windows.next(t)?;
            let on = self.presence.online(t.max(window.from))?;
            if on.from < window.to {
                return Some(on.from);
            }
            t = on.from;
        }
    }

    /// True if updates wait for install windows: no deadline, no forced restart.
    pub(crate) fn scheduled(&self) -> bool {
        self.habit.scheduled
    }

    /// The first instant at or after `t` at which no freeze holds restarts.
    #[inline]
    pub(crate) fn released(&self, t: SimTime) -> SimTime {
        if self.holds.spans().is_empty() {
            return t;
        }
        match self.holds.next(t) {
            Some(hold) if hold.from <= t => hold.to,
            _ => t,
        }
    }

    fn failure(&self, in_download: bool, word: u64) -> Option<CauseId> {
        let causes = &self.plan.device.failures;
        let hit = causes.iter().position(|c| c.in_download == in_download && word < c.upto);
        hit.map(|i| CauseId(i as u16))
    }

    /// From the pending restart to the patch.
    fn finish(&mut self, target: ReleaseId, pending: SimTime) -> Option<SimTime> {
        self.note(pending, Step::PendingRestart(target));
        let mut restart = self.restart(target, pending);
        let mut since = pending;
        loop {
            let planned = restart.map_or(SimTime::NEVER, |(at, ..)| at);
            let Some(received) = self.received_while_pending(target, since, planned) else { break };
            match self.undo_install(target, since, received)? {
                Ok(back) => return Some(back),
                // It failed: the restart comes as planned, or now.
                Err(failed) => {
                    since = failed;
                    restart = restart.map(|(at, by, _)| {
                        let at = at.max(failed);
                        (at, by, self.disturbance(at))
                    });
                }
            }
        }
        let restart = restart.filter(|&(at, ..)| self.fits(at));
        let patched = restart.and_then(|(at, by, disturbance)| {
            self.sink.step(at, Step::Restarted(target, by, disturbance));
            // Restarting into another build it has nothing to remove.
            self.booting = at;
            self.leg(self.next_interruption());
            Some((at, at + self.restart_takes(target))).filter(|&(_, up)| self.fits(up))
        });
        let Some((began, at)) = patched else {
            self.emit(since, self.cut, Blocker::PendingRestart);
            return None;
        };
        self.emit(since, at, Blocker::PendingRestart);
        self.enter(target, began, at);
        Some(at)
    }

    /// How long a restart into or out of `target` takes.
    pub(crate) fn restart_takes(&self, target: ReleaseId) -> i64 {
        let n = self.plan.releases[target.0 as usize].key << 8 | 255;
        self.draws.sample(&self.plan.device.restart.takes, Purpose::Durations, n, 2)
    }
}
