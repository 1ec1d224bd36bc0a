//! The life of one device: scan, offer, download, install, restart, patched.
//!
//! ```text
//!  deferred --> waiting for scan --> downloading --> installing --> pending restart --> patched
//!      ^              |  ^               |              |                                  |
//!      |           paused              failed ------> retrying --> needs attention         |
//!      +------------------------- next release <--------------------------------------------+
//! ```
//!
//! One place, one order; docs/model.md describes the same chain in words. A life is played straight through
//! under the decisions known so far and depends on nothing but (plan, luck, device, decisions).

use crate::{
    control::Known,
    device::Device,
    draws::{Luck, Purpose, high64, low64},
    plan::{CauseId, Habit, HabitAtSite, InstallOnline, Plan, ReleaseId, RingId},
    presence::{AwayKind, Presence, Scratch},
    steps::{Blocker, Settled, Sink, Step},
    time::SimTime,
    windows::{Span, Windows},
};

/// Memory that lives are played in; one per worker.
#[derive(Debug, Default)]
pub struct LifeScratch {
    presence: Scratch,
    offerable: Vec<SimTime>,
    objective: Vec<SimTime>,
    late_by: Vec<Option<Blocker>>,
    patched: Vec<(SimTime, SimTime)>,
    held: Vec<Span>,
}

/// Plays the life of `device`, a member of `ring`, into `sink`.
pub fn play<S: Sink>(
    plan: &Plan,
    luck: &Luck,
    known: &Known,
    ring: RingId,
    device: &Device<'_>,
    scratch: &mut LifeScratch,
    sink: &mut S,
) {
    let (habit, at_site) = device.habit(plan);
    let LifeScratch { presence, offerable, objective, late_by, patched, held } = scratch;
    let presence = Presence::new(plan, luck, device, habit, at_site, presence);
    let (policy_conflict, coin_disk) = presence.blocked();
    let little_disk = device.listed.and_then(|l| l.little_disk).unwrap_or(coin_disk);
    let mut life = Life {
        plan,
        luck,
        ring,
        key: device.key,
        habit,
        at_site,
        presence,
        policy_conflict,
        little_disk,
        disk_freed: false,
        offerable,
        objective,
        late_by,
        patched,
        held,
        holds: known.restart_holds(ring),
        last_scan: None,
        offered: SimTime::NEVER,
        sink,
    };
    life.collect_offers(known);
    life.collect_holds(known);
    life.live();
    life.settle();
}

/// One life in progress. `scan.rs` says when it looks for updates, `restart.rs` how it ends.
#[derive(Debug)]
pub(crate) struct Life<'a, S> {
    pub(crate) plan: &'a Plan,
    pub(crate) luck: &'a Luck,
    pub(crate) ring: RingId,
    pub(crate) key: u64,
    pub(crate) habit: &'a Habit,
    pub(crate) at_site: &'a HabitAtSite,
    pub(crate) presence: Presence<'a>,
    policy_conflict: bool,
    little_disk: bool,
    disk_freed: bool,
    /// Per release: when this device may be offered it (`NEVER`: not at all).
    offerable: &'a mut Vec<SimTime>,
    objective: &'a mut Vec<SimTime>,
    late_by: &'a mut Vec<Option<Blocker>>,
    /// Per release, in order: when patched and when that could be seen.
    patched: &'a mut Vec<(SimTime, SimTime)>,
    /// Sorted stretches in which this device takes no new offer.
    pub(crate) held: &'a mut Vec<Span>,
    /// Stretches in which a freeze holds this ring's restarts.
    holds: &'a Windows,
    pub(crate) last_scan: Option<SimTime>,
    /// When the release in hand was offered.
    pub(crate) offered: SimTime,
    sink: &'a mut S,
}

/// How an attempt to install ended.
enum Attempt {
    /// Installed; the restart is due from this instant.
    Installed(SimTime),
    /// Failed at this instant for this cause.
    Failed(SimTime, CauseId),
    /// Nothing more happens before the horizon.
    Over,
}

impl<S: Sink> Life<'_, S> {
    fn collect_offers(&mut self, known: &Known) {
        let ring = &self.plan.rings[self.ring.0 as usize];
        self.offerable.clear();
        self.objective.clear();
        self.late_by.clear();
        self.patched.clear();
        for (i, release) in self.plan.releases.iter().enumerate() {
            let id = ReleaseId(i as u16);
            let start = known.offer(self.ring, id);
            let delay = if ring.ramp.is_at_once() {
                Some(0)
            } else {
                let word = if ring.ramp.keeps_order {
                    high64(self.luck.block(self.key, Purpose::Ring, 0))
                } else {
                    low64(self.luck.block(self.key, Purpose::RampPlace, release.key))
                };
                ring.ramp.delay_s(word as f64 / 18_446_744_073_709_551_616.0)
            };
            let at = start.zip(delay).map_or(SimTime::NEVER, |(start, delay)| start + delay);
            self.offerable.push(at);
            self.objective.push(self.objective_of(id, at));
            self.late_by.push(None);
        }
    }

    /// When the objective passes for this device: the ring's instant, or the later one of a device that was
    /// not there while its ring was due.
    fn objective_of(&self, release: ReleaseId, offerable: SimTime) -> SimTime {
        let ring = &self.plan.rings[self.ring.0 as usize];
        let due = self.plan.objective_at(self.ring, release);
        let watched = self.plan.releases[release.0 as usize].watched_until;
        let late =
            ring.returned_objective_s.filter(|_| !self.presence.always && offerable < self.plan.horizon);
        let at = late.map_or(due, |after_return| {
            let active_until = offerable + ring.deadline_s.unwrap_or(0);
            match self.presence.online(offerable) {
                Some(span) if span.from > active_until => due.max(span.from + after_return),
                _ => due,
            }
        });
        at.min(watched)
    }

    fn live(&mut self) {
        let horizon = self.plan.horizon;
        let releases = self.offerable.len();
        let mut now = self.plan.releases.first().map_or(horizon, |r| r.published);
        let mut next = 0;
        while next < releases {
            let earliest = self.offerable[next..].iter().copied().min().unwrap_or(SimTime::NEVER);
            let from = earliest.max(now).min(horizon);
            self.emit(now, from, Blocker::Deferred);
            now = from;
            if now >= horizon {
                return;
            }
            if self.policy_conflict {
                self.emit(now, horizon, Blocker::PolicyConflict);
                return;
            }
            let Some(scan) = self.scan(next, now) else {
                self.wait(now, horizon);
                return;
            };
            self.wait(now, scan);
            let target = self.newest(next, scan);
            self.offered = scan;
            self.sink.step(scan, Step::Offered(target));
            let Some((until, upto)) = self.install(target, scan) else { return };
            now = until;
            next = upto + 1;
        }
    }

    /// The newest release that is offerable at `t`, `next` at the oldest.
    fn newest(&self, next: usize, t: SimTime) -> ReleaseId {
        let i = (next..self.offerable.len()).rev().find(|&i| self.offerable[i] <= t);
        ReleaseId(i.expect("invariant: a scan comes after an offerable release") as u16)
    }

    /// Attempts to install `target` from `now`; gives back when the device is done with it and which release
    /// that was (a newer one may take over between attempts). `None`: nothing more before the horizon.
    fn install(&mut self, mut target: ReleaseId, mut now: SimTime) -> Option<(SimTime, usize)> {
        let horizon = self.plan.horizon;
        let mut attempt = 0;
        let mut downloaded = false;
        loop {
            attempt += 1;
            let address = self.plan.releases[target.0 as usize].key << 8 | u32::min(attempt, 255);
            let (failed_at, cause) = match self.attempt(target, address, &mut downloaded, now) {
                Attempt::Installed(pending) => {
                    let patched = self.finish(target, pending)?;
                    return Some((patched, target.0 as usize));
                }
                Attempt::Failed(at, cause) => (at, cause),
                Attempt::Over => return None,
            };
            self.sink.step(failed_at, Step::Failed(target, cause));
            let newer = (target.0 as usize + 1..self.offerable.len())
                .map(|i| self.offerable[i])
                .min()
                .unwrap_or(SimTime::NEVER);
            if self.plan.device.attempts.is_some_and(|most| attempt >= most) {
                self.sink.step(failed_at, Step::GaveUp(target));
                let until = newer.max(failed_at).min(horizon);
                self.emit(failed_at, until, Blocker::NeedsAttention);
                return (until < horizon).then_some((until, target.0 as usize));
            }
            let block = self.luck.block(self.key, Purpose::Durations, address);
            let wait =
                self.plan.device.retry_after.draw(self.luck, self.key, Purpose::Durations, address, 1, block);
            // At least a minute apart, so that attempts without end do end at the horizon.
            let again = self.when_allowed(failed_at + wait.max(60));
            let again = again.unwrap_or(horizon).min(horizon);
            self.emit(failed_at, again, Blocker::Retrying);
            if again >= horizon {
                return None;
            }
            now = again;
            if newer <= now && self.hold_at(now).is_none() {
                target = self.newest(target.0 as usize + 1, now);
                self.offered = now;
                self.sink.step(now, Step::Offered(target));
                (attempt, downloaded) = (0, false);
            }
        }
    }

    /// One attempt: download what is missing, then install.
    fn attempt(&mut self, target: ReleaseId, address: u32, downloaded: &mut bool, now: SimTime) -> Attempt {
        let horizon = self.plan.horizon;
        let coins = self.luck.block(self.key, Purpose::Attempt, address);
        let mut now = now;
        if !*downloaded {
            let Some(end) = self.download(target, now).filter(|&end| end < horizon) else {
                self.emit(now, horizon, Blocker::Downloading);
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
        let block = self.luck.block(self.key, Purpose::Durations, address);
        if self.little_disk && !self.disk_freed {
            let freed = self.plan.device.disk_freed_after.as_ref().map_or(horizon, |after| {
                now + after.draw(self.luck, self.key, Purpose::Durations, address, 3, block)
            });
            let freed = freed.min(horizon);
            self.emit(now, freed, Blocker::DiskFull);
            if freed >= horizon {
                return Attempt::Over;
            }
            self.disk_freed = true;
            now = freed;
        }
        let takes =
            self.plan.device.install_takes.draw(self.luck, self.key, Purpose::Durations, address, 0, block);
        let begin = self.when_allowed(now).filter(|&t| t < horizon);
        let end = begin.and_then(|begin| {
            self.sink.step(begin, Step::InstallStarted(target));
            match self.plan.device.needs_online.install {
                InstallOnline::Resumes if !self.scheduled() => self.presence.work(begin, takes, |_, _| {}),
                _ => Some(begin + takes),
            }
        });
        let Some(end) = end.filter(|&t| t < horizon) else {
            self.emit(now, horizon, Blocker::Installing);
            return Attempt::Over;
        };
        self.emit(now, end, Blocker::Installing);
        if let Some(cause) = self.failure(false, high64(coins)) {
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
        let horizon = self.plan.horizon;
        let full = self.presence.connected(published, rule.total_s, rule.continuous_s, horizon);
        let done = full.unwrap_or(horizon).max(end).min(horizon);
        self.emit(end, done, Blocker::LowConnectivity);
        if done < horizon { Attempt::Installed(done) } else { Attempt::Over }
    }

    /// The end of the download of `target` begun at `now`.
    fn download(&mut self, target: ReleaseId, now: SimTime) -> Option<SimTime> {
        let rules = &self.plan.device;
        let release = &self.plan.releases[target.0 as usize];
        let total = match &rules.download_takes {
            Some(takes) => {
                let n = release.key << 8;
                let block = self.luck.block(self.key, Purpose::Durations, n);
                takes.draw(self.luck, self.key, Purpose::Durations, n, 0, block)
            }
            None => {
                let bits = release.size_bytes.saturating_mul(8);
                bits.div_ceil(self.presence.bandwidth() as u64).min(i64::MAX as u64 / 4) as i64
            }
        };
        self.sink.step(now, Step::DownloadStarted(target));
        if !rules.needs_online.download {
            self.sink.transfer(target, now, now + total, 0, total);
            return Some(now + total);
        }
        let mut done = 0;
        let sink = &mut *self.sink;
        self.presence.work(now, total, |from, to| {
            sink.transfer(target, from, to, done, total);
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
    pub(crate) fn released(&self, t: SimTime) -> SimTime {
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

    /// From the pending restart to the patch; records it for `target` and everything that it supersedes.
    fn finish(&mut self, target: ReleaseId, pending: SimTime) -> Option<SimTime> {
        let horizon = self.plan.horizon;
        self.sink.step(pending, Step::PendingRestart(target));
        let patched = self.restart(target, pending).and_then(|(at, by, disturbance)| {
            if at >= horizon {
                return None;
            }
            self.sink.step(at, Step::Restarted(target, by, disturbance));
            let n = self.plan.releases[target.0 as usize].key << 8 | 255;
            let block = self.luck.block(self.key, Purpose::Durations, n);
            let takes =
                self.plan.device.restart.takes.draw(self.luck, self.key, Purpose::Durations, n, 2, block);
            Some(at + takes).filter(|&t| t < horizon)
        });
        let Some(at) = patched else {
            self.emit(pending, horizon, Blocker::PendingRestart);
            return None;
        };
        self.emit(pending, at, Blocker::PendingRestart);
        self.sink.step(at, Step::Patched(target));
        let n = self.plan.releases[target.0 as usize].key << 8;
        let block = self.luck.block(self.key, Purpose::Rollout, n);
        let delay = self.plan.device.report_after.draw(self.luck, self.key, Purpose::Rollout, n, 3, block);
        let seen = self.presence.online(at + delay).map_or(SimTime::NEVER, |s| s.from);
        if seen < horizon {
            self.sink.step(seen, Step::Reported(target));
        }
        self.patched.resize(target.0 as usize + 1, (at, seen));
        Some(at)
    }

    /// Waiting for a scan over `[from, to)`, paused where the device knows of a hold.
    fn wait(&mut self, from: SimTime, to: SimTime) {
        let mut t = from;
        for i in 0..self.held.len() {
            let held = self.held[i];
            if held.to <= t || held.from >= to {
                continue;
            }
            self.emit(t, held.from.max(t), Blocker::WaitingForScan);
            self.emit(held.from.max(t), held.to.min(to), Blocker::Paused);
            t = held.to.min(to);
        }
        self.emit(t, to, Blocker::WaitingForScan);
    }

    /// Says that the device is blocked by `blocker`, or by an absence where that takes precedence.
    fn emit(&mut self, from: SimTime, to: SimTime, blocker: Blocker) {
        if from >= to {
            return;
        }
        if blocker < Blocker::NoHeartbeat || self.presence.always {
            self.project(from, to, blocker);
            return;
        }
        let mut t = from;
        while t < to {
            let (end, kind) = self.presence.absence_at(t, to);
            let what = match kind {
                None => blocker,
                Some(AwayKind::Absent) => Blocker::Away,
                Some(AwayKind::Gone) => Blocker::NoHeartbeat,
            };
            self.project(t, end, what);
            t = end;
        }
    }

    /// Tells each release that the device does not have yet what keeps it back over `[from, to)`.
    fn project(&mut self, from: SimTime, to: SimTime, blocker: Blocker) {
        for i in self.patched.len()..self.offerable.len() {
            let release = &self.plan.releases[i];
            let (from, to) = (from.max(release.published), to.min(release.watched_until));
            if from >= to {
                continue;
            }
            let offerable = self.offerable[i].clamp(from, to);
            for (a, b, what) in [(from, offerable, Blocker::Deferred), (offerable, to, blocker)] {
                if a < b {
                    self.sink.blocked(ReleaseId(i as u16), a, b, what);
                    let due = self.objective[i];
                    // The objective may pass at the very end of the watch, after the last stretch.
                    if a <= due && (due < b || (due == b && b == release.watched_until)) {
                        self.late_by[i] = Some(what);
                    }
                }
            }
        }
    }

    fn settle(&mut self) {
        let rule = self.plan.device.connectivity;
        let ring = &self.plan.rings[self.ring.0 as usize];
        for i in 0..self.offerable.len() {
            let release = &self.plan.releases[i];
            let due = self.objective[i];
            let heard_from = SimTime(due.0 - self.plan.objective.heard_within_s);
            let heard = self.presence.online(heard_from).is_some_and(|span| span.from <= due);
            let (total, piece) = (rule.total_s, rule.continuous_s);
            let connected = self.presence.connected(release.published, total, piece, due).is_some();
            let eligible = ring.in_objective
                && !self.scheduled()
                && !self.policy_conflict
                && !self.little_disk
                && heard
                && connected;
            let done = self.patched.get(i).filter(|(at, _)| *at < release.watched_until);
            let settled = Settled {
                offerable: Some(self.offerable[i]).filter(|&t| t < self.plan.horizon),
                patched: done.map(|d| d.0),
                reported: done.map(|d| d.1).filter(|&t| t < release.watched_until),
                objective_at: due,
                eligible,
                connected,
                late_by: self.late_by[i],
            };
            self.sink.settled(ReleaseId(i as u16), &settled);
        }
    }
}
