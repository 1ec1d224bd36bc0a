//! The chain of one device: offered, downloaded, installed, restarted, patched.

use crate::{
    device::{Hand, Harm, Todo},
    world::{What, World, phase},
};
use rollcast_core::{
    draws::{Purpose, high64, low64},
    plan::{CauseId, InstallOnline, ReleaseId, Scan, Severity, Shows},
    quantile::Quantile,
    steps::{RestartBy, Step},
    time::{DAY_S, SimTime},
};

impl World<'_> {
    pub fn open_device(&mut self, d: usize) {
        self.expect_syncs(d);
        self.open_background(d);
        self.open_uploads(d);
        let rings = |f: &&rollcast_core::plan::Freeze| f.rings[self.devices[d].ring];
        let ends: Vec<SimTime> =
            self.plan.freezes.iter().filter(rings).flat_map(|f| f.spans.iter().map(|s| s.to)).collect();
        for at in ends {
            self.push(at, phase::CHAIN, What::HoldOver { d });
        }
    }

    /// Goes on with `todo` at `at`; whatever else was to come does not.
    pub fn go_on(&mut self, d: usize, todo: Todo, at: Option<SimTime>) {
        let device = &mut self.devices[d];
        device.generation += 1;
        device.todo = todo;
        let generation = device.generation;
        if let Some(at) = at {
            self.push(at, phase::CHAIN, What::Chain { d, generation });
        }
    }

    pub fn step(&mut self, d: usize, step: Step) {
        let now = self.now;
        self.devices[d].steps.push((now, step));
    }

    pub fn device_ring_starts(&mut self, d: usize, release: usize) {
        let (now, key) = (self.now, self.devices[d].key);
        let r = &self.plan.releases[release];
        if r.follows.is_some() && r.push.is_none() {
            return;
        }
        if r.push.as_ref().is_some_and(|push| push.ignores_rings) {
            return self.set_offerable(d, release, now);
        }
        let ramp = &self.plan.rings[self.devices[d].ring].ramp;
        let word = match ramp.keeps_order {
            true => high64(self.luck.block(key, Purpose::Ring, 0)),
            false => low64(self.luck.block(key, Purpose::RampPlace, r.key)),
        };
        if let Some(delay) = ramp.delay_s(word as f64 / 2_f64.powi(64)) {
            self.set_offerable(d, release, now + delay);
        }
    }

    fn set_offerable(&mut self, d: usize, release: usize, at: SimTime) {
        self.devices[d].offerable[release] = at;
        self.push(at, phase::CHAIN, What::Offerable { d });
        if self.plan.releases[release].push.is_some() {
            self.push(self.arrival(d, release), phase::CHAIN, What::Arrives { d });
        }
        for (i, next) in self.plan.releases.iter().enumerate() {
            if next.follows == Some(ReleaseId(release as u16)) && next.push.is_none() {
                self.set_offerable(d, i, next.published.max(at));
            }
        }
    }

    pub fn offerable(&mut self, d: usize) {
        if self.devices[d].todo == Todo::Idle {
            self.look(d);
        }
    }

    /// When pushed content is there, if the device is on.
    fn arrival(&self, d: usize, release: usize) -> SimTime {
        let (key, n) = (self.devices[d].key, self.plan.releases[release].key << 8);
        let push = self.plan.releases[release].push.as_ref().expect("only pushed content arrives");
        let block = self.luck.block(key, Purpose::Rollout, n);
        self.devices[d].offerable[release] + push.reaches.draw(&self.luck, key, Purpose::Rollout, n, 3, block)
    }

    pub fn arrives(&mut self, d: usize) {
        if self.devices[d].todo == Todo::Idle && self.devices[d].down.is_none() {
            self.look(d);
        }
    }

    /// The device has nothing in hand: is something offered?
    fn look(&mut self, d: usize) {
        let now = self.now;
        self.go_on(d, Todo::Idle, None);
        let device = &self.devices[d];
        if device.down.is_some() {
            return;
        }
        let Some(newest) = device.newest(device.next, now) else { return };
        if self.plan.releases[newest].push.is_some() {
            let there = |i: usize| {
                let r = &self.plan.releases[i];
                r.push.is_some() && self.arrival(d, i) <= now && now <= device.until[i]
            };
            if !(device.next..self.plan.releases.len()).any(there) {
                return;
            }
            match device.hours.next_on(now) {
                Some(on) if on > now => self.push(on, phase::CHAIN, What::Arrives { d }),
                Some(_) => {
                    self.note(d, Step::Offered(ReleaseId(newest as u16)));
                    self.enter(d, newest, now);
                }
                None => {}
            }
        } else if device.conflict {
            self.go_on(d, Todo::Stuck, None);
        } else {
            self.devices[d].waits_from = now;
            self.wait_for_scan(d);
        }
    }

    /// The key under which the scans of this wait are drawn.
    fn scan_address(&self, d: usize) -> u32 {
        self.plan.releases[self.devices[d].next].key << 8
    }

    fn wait_for_scan(&mut self, d: usize) {
        let (device, from, address) = (&self.devices[d], self.now, self.scan_address(d));
        match &self.plan.device.scan {
            Scan::Wait(_) => self.wait_directly(d, 0),
            Scan::Every { residual, longest_s, .. } => {
                let block = self.luck.block(device.key, Purpose::Rollout, address);
                let rest = residual.draw(&self.luck, device.key, Purpose::Rollout, address, 0, block);
                match device.last_scan.filter(|&last| from - last < 7 * DAY_S) {
                    Some(last) => self.scan_again(d, last, 0),
                    None if device.every_hour => self.scan_due(d, from + rest, 0),
                    None => self.scan_due(d, SimTime(from.0 - 3 * longest_s) + rest, 0),
                }
            }
        }
    }

    fn wait_directly(&mut self, d: usize, k: u32) {
        let (Scan::Wait(wait), key) = (&self.plan.device.scan, self.devices[d].key) else { unreachable!() };
        let n = self.scan_address(d) | k;
        let block = self.luck.block(key, Purpose::Rollout, n);
        let at = self.now + wait.draw(&self.luck, key, Purpose::Rollout, n, 0, block);
        let waits = self.plan.device.needs_online.scan;
        let at = if waits { self.devices[d].hours.next_on(at) } else { Some(at) };
        self.go_on(d, Todo::Scan(k), at);
    }

    /// The next scan after the one at `last`; `k` intervals have been drawn.
    fn scan_again(&mut self, d: usize, last: SimTime, k: u32) {
        let (Scan::Every { interval, .. }, key) = (&self.plan.device.scan, self.devices[d].key) else {
            unreachable!()
        };
        let n = self.scan_address(d) | (k / 4);
        let block = self.luck.block(key, Purpose::Scan, n);
        let gap = interval.draw(&self.luck, key, Purpose::Scan, n, (k % 4) as usize, block);
        self.scan_due(d, last + gap.max(60), k + 1);
    }

    fn scan_due(&mut self, d: usize, due: SimTime, k: u32) {
        let device = &self.devices[d];
        let wakes = |on: SimTime| self.wake(d, on, &self.plan.device.wake_scan, 0);
        let at = if self.plan.device.needs_online.scan { device.overdue(due, wakes) } else { Some(due) };
        match at {
            Some(at) if at >= device.waits_from => self.go_on(d, Todo::Scan(k), Some(at)),
            Some(at) => self.scan_again(d, at, k),
            None => self.go_on(d, Todo::Stuck, None),
        }
    }

    /// What is overdue at a wake-up comes so long after it.
    pub fn wake(&self, d: usize, on: SimTime, after: &Quantile, lane: usize) -> i64 {
        let key = self.devices[d].key;
        let day = (on.0 + self.plan.epoch_unix_s).div_euclid(DAY_S) as u32;
        let block = self.luck.block(key, Purpose::Wake, day);
        after.draw(&self.luck, key, Purpose::Wake, day, lane, block)
    }

    /// When something due at `due` that waits like a policy sync happens.
    pub fn as_sync(&self, d: usize, due: SimTime) -> Option<SimTime> {
        self.devices[d].overdue(due, |on| self.wake(d, on, &self.plan.device.wake_sync, 1))
    }

    pub fn hold_over(&mut self, d: usize) {
        if let Todo::Held(k) = self.devices[d].todo
            && !self.is_held(d)
        {
            self.wait_directly(d, k + 1);
        }
    }

    fn scan(&mut self, d: usize, k: u32) {
        let now = self.now;
        if self.is_held(d) {
            return match &self.plan.device.scan {
                Scan::Wait(_) => self.go_on(d, Todo::Held(k), None),
                Scan::Every { .. } => self.scan_again(d, now, k),
            };
        }
        self.devices[d].last_scan = Some(now);
        match self.devices[d].newest(self.devices[d].next, now) {
            Some(target) => self.take(d, target),
            None => self.go_on(d, Todo::Look, Some(now + 1)),
        }
    }

    fn take(&mut self, d: usize, target: usize) {
        let now = self.now;
        self.devices[d].hand = Some(Hand {
            target,
            attempt: 1,
            downloaded: false,
            offered: now,
            pending: now,
            planned: None,
            restarted: now,
        });
        self.note(d, Step::Offered(ReleaseId(target as u16)));
        self.attempt(d);
    }

    pub fn in_hand(&self, d: usize) -> Hand {
        self.devices[d].hand.expect("the chain goes on with something in hand")
    }

    /// The address of the draws of this attempt.
    fn attempt_address(&self, d: usize) -> u32 {
        let hand = self.in_hand(d);
        self.plan.releases[hand.target].key << 8 | hand.attempt.min(255)
    }

    pub fn duration(&self, d: usize, n: u32, lane: usize, of: &Quantile) -> i64 {
        let key = self.devices[d].key;
        let block = self.luck.block(key, Purpose::Durations, n);
        of.draw(&self.luck, key, Purpose::Durations, n, lane, block)
    }

    fn attempt(&mut self, d: usize) {
        let (now, hand) = (self.now, self.in_hand(d));
        if hand.downloaded {
            return self.disk(d);
        }
        self.step(d, Step::DownloadStarted(ReleaseId(hand.target as u16)));
        let release = &self.plan.releases[hand.target];
        let device = &self.devices[d];
        let takes = match &self.plan.device.download_takes {
            Some(takes) => self.duration(d, release.key << 8, 0, takes),
            None => {
                let bandwidth = device.at_site.bandwidth.as_ref().unwrap_or(&device.habit.bandwidth);
                let n = device.habit.key;
                let block = self.luck.block(device.key, Purpose::Habit, n);
                let rate = bandwidth.draw(&self.luck, device.key, Purpose::Habit, n, 2, block).max(1);
                (release.size_bytes as i64 * 8 + rate - 1) / rate
            }
        };
        let end = match self.plan.device.needs_online.download {
            true => device.hours.worked(now, takes),
            false => Some(now + takes),
        };
        self.go_on(d, Todo::Downloaded, end);
    }

    pub fn chain(&mut self, d: usize, generation: u32) {
        if generation != self.devices[d].generation {
            return;
        }
        let now = self.now;
        match self.devices[d].todo {
            Todo::Idle | Todo::Stuck | Todo::Held(_) => {}
            Todo::Look => self.look(d),
            Todo::Scan(k) => self.scan(d, k),
            Todo::Downloaded => self.downloaded(d),
            Todo::DiskFreed => {
                self.devices[d].disk_freed = true;
                self.install(d);
            }
            Todo::InstallBegins => self.install_begins(d),
            Todo::Installed => self.installed(d),
            Todo::Connected => self.pending(d),
            Todo::Retry => self.retry(d),
            Todo::Restart(by) => {
                let hand = self.devices[d].hand.as_mut().expect("it restarts into something");
                hand.restarted = now;
                let target = hand.target;
                self.step(d, Step::Restarted(ReleaseId(target as u16), by, self.disturbance(d)));
                self.go_on(d, Todo::Boot, Some(now + self.restart_takes(d, target)));
            }
            Todo::Boot => {
                let hand = self.in_hand(d);
                self.enter(d, hand.target, hand.restarted);
            }
            Todo::Uninstalled { release, undo } => self.uninstalled(d, release, undo),
            Todo::RolledBack { release, undo, restarted } => self.rolled_back(d, release, undo, restarted),
        }
    }

    fn cause(&self, in_download: bool, word: u64) -> Option<usize> {
        self.plan.device.failures.iter().position(|f| f.in_download == in_download && word < f.upto)
    }

    fn downloaded(&mut self, d: usize) {
        let coins = self.luck.block(self.devices[d].key, Purpose::Attempt, self.attempt_address(d));
        if let Some(cause) = self.cause(true, low64(coins)) {
            return self.failed(d, cause);
        }
        let target = self.in_hand(d).target;
        self.step(d, Step::Downloaded(ReleaseId(target as u16)));
        self.devices[d].hand.as_mut().expect("it is in hand").downloaded = true;
        self.disk(d);
    }

    fn disk(&mut self, d: usize) {
        if !self.devices[d].little_disk || self.devices[d].disk_freed {
            return self.install(d);
        }
        let n = self.attempt_address(d);
        let freed =
            self.plan.device.disk_freed_after.as_ref().map(|after| self.now + self.duration(d, n, 3, after));
        self.go_on(d, Todo::DiskFreed, freed);
    }

    /// The first instant from `t` on at which an attempt may begin.
    fn may_begin(&self, d: usize, t: SimTime) -> Option<SimTime> {
        match self.plan.device.needs_online.install {
            _ if self.devices[d].habit.scheduled => self.in_window(d, t, &[]),
            InstallOnline::Ignores => Some(t),
            InstallOnline::Resumes | InstallOnline::Begins => self.devices[d].hours.next_on(t),
        }
    }

    fn install(&mut self, d: usize) {
        let begin = self.may_begin(d, self.now);
        self.go_on(d, Todo::InstallBegins, begin);
    }

    fn install_begins(&mut self, d: usize) {
        let (now, n, hand) = (self.now, self.attempt_address(d), self.in_hand(d));
        self.step(d, Step::InstallStarted(ReleaseId(hand.target as u16)));
        let takes = self.duration(d, n, 0, &self.plan.device.install_takes);
        let resumes = self.plan.device.needs_online.install == InstallOnline::Resumes;
        let end = match resumes && !self.devices[d].habit.scheduled {
            true => self.devices[d].hours.worked(now, takes),
            false => Some(now + takes),
        };
        self.go_on(d, Todo::Installed, end);
    }

    fn installed(&mut self, d: usize) {
        let (now, target, n) = (self.now, self.in_hand(d).target, self.attempt_address(d));
        let by_defect = self.plan.defects.iter().enumerate().position(|(i, defect)| {
            matches!(defect.shows, Shows::InInstall) && defect.releases[target] && self.devices[d].prone[i]
        });
        let coins = self.luck.block(self.devices[d].key, Purpose::Attempt, n);
        let cause = by_defect.map(|i| self.plan.device.failures.len() + i);
        if let Some(cause) = cause.or_else(|| self.cause(false, high64(coins))) {
            return self.failed(d, cause);
        }
        let rule = self.plan.device.connectivity;
        if !rule.gates {
            return self.pending(d);
        }
        let published = self.plan.releases[target].published;
        let full = self.devices[d].hours.connected(published, rule.total_s, rule.continuous_s);
        self.go_on(d, Todo::Connected, full.map(|full| full.max(now)));
    }

    fn failed(&mut self, d: usize, cause: usize) {
        let (now, hand, n) = (self.now, self.in_hand(d), self.attempt_address(d));
        self.note(d, Step::Failed(ReleaseId(hand.target as u16), CauseId(cause as u16)));
        if let Some(defect) = cause.checked_sub(self.plan.device.failures.len()) {
            let known = |h: &Harm| h.defect == defect && h.release == hand.target && !h.over;
            if !self.devices[d].harms.iter().any(known) {
                self.harm(d, hand.target, defect);
            }
        }
        if self.plan.device.attempts.is_some_and(|most| hand.attempt >= most) {
            self.step(d, Step::GaveUp(ReleaseId(hand.target as u16)));
            self.devices[d].next = hand.target + 1;
            self.devices[d].hand = None;
            return self.look(d);
        }
        let wait = self.duration(d, n, 1, &self.plan.device.retry_after).max(60);
        let again = self.may_begin(d, now + wait);
        self.go_on(d, Todo::Retry, again);
    }

    fn retry(&mut self, d: usize) {
        let hand = self.in_hand(d);
        let newer = self.devices[d].newest(hand.target + 1, self.now).filter(|_| !self.is_held(d));
        match newer {
            Some(newer) => self.take(d, newer),
            None => {
                self.devices[d].hand = Some(Hand { attempt: hand.attempt + 1, ..hand });
                self.attempt(d);
            }
        }
    }

    fn pending(&mut self, d: usize) {
        let (now, target) = (self.now, self.in_hand(d).target);
        self.note(d, Step::PendingRestart(ReleaseId(target as u16)));
        self.devices[d].hand.as_mut().expect("it is in hand").pending = now;
        let planned = self.restart(d);
        self.devices[d].hand.as_mut().expect("it is in hand").planned = planned;
        match planned {
            Some((at, by)) => self.go_on(d, Todo::Restart(by), Some(at)),
            None => self.go_on(d, Todo::Restart(RestartBy::Deadline), None),
        }
    }

    pub fn restart_takes(&self, d: usize, target: usize) -> i64 {
        let n = self.plan.releases[target].key << 8 | 255;
        self.duration(d, n, 2, &self.plan.device.restart.takes)
    }

    /// The device runs `target` after a restart that began at `restarted`.
    fn enter(&mut self, d: usize, target: usize, restarted: SimTime) {
        self.note(d, Step::Patched(ReleaseId(target as u16)));
        self.heal(d, |plan, harm| {
            let defect = &plan.defects[harm.defect];
            matches!(defect.shows, Shows::InInstall) || defect.severity != Severity::Down
        });
        let device = &mut self.devices[d];
        device.stack.push(target);
        (device.next, device.hand) = (target + 1, None);
        self.new_build(d, Some(target), restarted);
        self.late_receipts(d, target);
        self.look(d);
    }

    /// The device runs what it ran before.
    pub fn step_back(&mut self, d: usize, restarted: SimTime) {
        self.heal(d, |plan, harm| {
            let defect = &plan.defects[harm.defect];
            !matches!(defect.shows, Shows::InInstall) && defect.severity != Severity::Down
        });
        self.devices[d].stack.pop();
        let before = self.devices[d].runs();
        self.devices[d].next = before.map_or(0, |on| on + 1);
        self.new_build(d, before, restarted);
    }

    pub fn looks(&mut self, d: usize) {
        let now = self.now;
        self.go_on(d, Todo::Look, Some(now));
    }
}
