//! What befalls a device: commands, defects, repairs; and what can be seen of it.

use crate::{
    control::Command,
    device::{Build, Harm, HeardPause, Note, Receipt, Todo},
    world::{What, World, phase},
};
use rollcast_core::{
    draws::{Purpose, high64, low64},
    plan::{AWAY_BLOCK_S, DefectId, FreezeBy, Leaves, Plan, ReleaseId, Severity, Shows, Success},
    steps::{Cited, Observation, RestartBy, Step},
    time::{DAY_S, SimTime},
    windows::Windows,
};

/// Commands.
impl World<'_> {
    /// All syncs from now on: each that falls due while the device is on, or some time after it wakes up.
    pub fn expect_syncs(&mut self, d: usize) {
        let every = self.plan.device.sync_every_s;
        let device = &mut self.devices[d];
        device.sync_generation += 1;
        let (generation, now) = (device.sync_generation, self.now.max(SimTime(0)));
        let phase_word = self.luck.block(device.key, Purpose::Habit, device.habit.key)[3];
        let first = (i64::from(phase_word) * every) >> 32;
        // Stretch by stretch: those that fall due in it, and before them what was missed.
        let (mut times, mut missed) = (Vec::new(), true);
        let mut t = SimTime(now.0 - 14 * DAY_S);
        while let Some(stretch) = self.devices[d].hours.stretch(t).filter(|s| s.from < self.plan.horizon) {
            let from = stretch.from.max(t);
            let in_time = from + (first - from.0).rem_euclid(every);
            let late = from + self.wake(d, from, &self.plan.device.wake_sync, 1);
            if missed && late < in_time.min(stretch.to) && stretch.from > SimTime::ALWAYS {
                times.push(late);
                missed = false;
            }
            let mut due = in_time;
            while due < stretch.to.min(self.plan.horizon) {
                times.push(due);
                (due, missed) = (due + every, false);
            }
            t = stretch.to;
            let next = self.devices[d].hours.stretch(t).map_or(t, |next| next.from);
            missed |= due < next;
        }
        times.retain(|&at| at >= now);
        for at in times {
            self.push(at, phase::SYNC, What::Sync { d, generation });
        }
    }

    fn remember(&mut self, d: usize) {
        let now = self.now;
        let device = &mut self.devices[d];
        if device.knew.0 < now {
            device.knew = (now, device.paused, device.switch_heard.clone());
        }
    }

    pub fn sync(&mut self, d: usize, generation: u32) {
        let now = self.now;
        if generation != self.devices[d].sync_generation {
            return;
        }
        self.remember(d);
        let ring = self.devices[d].ring;
        let last = |commands: &[Command]| commands.iter().rfind(|c| c.landed < now && !c.pushed).copied();
        let heard = [last(&self.control.commands[ring]), last(&self.control.freeze_commands[ring])];
        for (slot, command) in heard.into_iter().enumerate() {
            if let Some(command) = command {
                self.hear(d, slot, command);
            }
        }
        for defect in 0..self.plan.defects.len() {
            let landed = self.control.switched_off[defect].is_some_and(|landed| landed < now);
            if landed && self.devices[d].switch_heard[defect].is_none() {
                self.devices[d].switch_heard[defect] = Some(now);
                if let Some(after) = self.switch_takes(d, defect) {
                    self.push(now + after, phase::SWITCHED, What::SwitchedOff { d, defect });
                }
            }
        }
        for receipt in 0..self.devices[d].receipts.len() {
            let r = self.devices[d].receipts[receipt];
            if r.due.is_none() && !r.received && !r.late && r.command.landed < now {
                let generation = self.devices[d].receipt_generation;
                self.push(now, phase::RECEIPT, What::UninstallPushed { d, receipt, generation });
            }
        }
        self.push(now, phase::CHAIN, What::HoldOver { d });
    }

    fn hear(&mut self, d: usize, slot: usize, command: Command) {
        let heard = &mut self.devices[d].paused[slot];
        if command.number > heard.number {
            *heard = HeardPause { number: command.number, until: command.pause };
            if let Some(expires) = command.pause.filter(|&at| at > self.now) {
                self.push(expires, phase::CHAIN, What::HoldOver { d });
            }
        }
    }

    /// The device takes no new offer now.
    pub fn is_held(&self, d: usize) -> bool {
        let (now, device) = (self.now, &self.devices[d]);
        let ideal = |f: &rollcast_core::plan::Freeze| {
            f.by == FreezeBy::Ideal && f.rings[device.ring] && f.spans.iter().any(|s| s.contains(now))
        };
        device.paused.iter().any(|p| p.until.is_some_and(|until| now < until))
            || self.plan.freezes.iter().any(ideal)
    }

    pub fn send_uninstall(&mut self, d: usize, release: usize, command: Command) {
        let (key, n) = (self.devices[d].key, self.plan.releases[release].key << 8);
        let due = self.plan.management.uninstall.push.as_ref().map(|push| {
            let block = self.luck.block(key, Purpose::Uninstall, n);
            self.now + push.draw(&self.luck, key, Purpose::Uninstall, n, 2, block).max(1)
        });
        self.devices[d].receipts.push(Receipt {
            release,
            command,
            due,
            received: false,
            late: false,
            second: false,
        });
        if self.devices[d].down.is_none() {
            self.expect_receipt(d, self.devices[d].receipts.len() - 1);
        }
    }

    fn expect_receipt(&mut self, d: usize, receipt: usize) {
        let generation = self.devices[d].receipt_generation;
        let due = self.devices[d].receipts[receipt].due;
        if let Some(at) = due.and_then(|due| self.as_sync(d, due)) {
            self.push(at, phase::SYNC, What::PausePushed { d, receipt, generation });
            self.push(at, phase::RECEIPT, What::UninstallPushed { d, receipt, generation });
        }
    }

    pub fn pause_pushed(&mut self, d: usize, receipt: usize, generation: u32) {
        if generation == self.devices[d].receipt_generation {
            self.remember(d);
            self.hear(d, 0, self.devices[d].receipts[receipt].command);
            self.push(self.now, phase::CHAIN, What::HoldOver { d });
        }
    }

    pub fn uninstall_pushed(&mut self, d: usize, receipt: usize, generation: u32) {
        let now = self.now;
        if generation != self.devices[d].receipt_generation {
            return;
        }
        let device = &mut self.devices[d];
        device.receipts[receipt].received = true;
        let release = device.receipts[receipt].release;
        let target = device.hand.map(|hand| hand.target);
        if now <= device.heard {
            return;
        }
        match device.todo {
            Todo::Boot if target == Some(release) => {
                let late = &mut device.receipts[receipt];
                (late.received, late.late) = (false, true);
            }
            Todo::Boot => {}
            Todo::Uninstalled { undo: false, .. } | Todo::RolledBack { .. } => {}
            // Of several that come at once the one of the release that runs is carried out.
            Todo::Restart(_) if target == Some(release) && !device.receipts[receipt].second => {
                device.receipts[receipt].second = true;
                self.push(now, phase::RECEIPT, What::UninstallPushed { d, receipt, generation });
            }
            Todo::Restart(_) if target == Some(release) => self.uninstall(d, release, true),
            _ if device.runs() == Some(release) => {
                device.hand = None;
                self.uninstall(d, release, false);
            }
            _ => {}
        }
    }

    /// What came while the device restarted into `target` is received now that it is up.
    pub fn late_receipts(&mut self, d: usize, target: usize) {
        let generation = self.devices[d].receipt_generation;
        for receipt in 0..self.devices[d].receipts.len() {
            let r = self.devices[d].receipts[receipt];
            if r.late && !r.received && r.release == target {
                self.push(self.now, phase::RECEIPT, What::UninstallPushed { d, receipt, generation });
            }
        }
    }

    fn uninstall(&mut self, d: usize, release: usize, undo: bool) {
        let (now, key) = (self.now, self.devices[d].key);
        self.devices[d].heard = now;
        self.step(d, Step::RollbackStarted(ReleaseId(release as u16)));
        let (takes, n) = (&self.plan.management.uninstall.takes, self.plan.releases[release].key << 8);
        let block = self.luck.block(key, Purpose::Uninstall, n);
        let takes = takes.draw(&self.luck, key, Purpose::Uninstall, n, 3, block);
        let done = self.devices[d].hours.worked(now, takes);
        self.go_on(d, Todo::Uninstalled { release, undo }, done);
    }

    pub fn uninstalled(&mut self, d: usize, release: usize, undo: bool) {
        let (now, id) = (self.now, ReleaseId(release as u16));
        let n = self.plan.releases[release].key << 8;
        let coins = self.luck.block(self.devices[d].key, Purpose::Uninstall, n);
        self.devices[d].heard = now;
        if self.plan.management.uninstall.fails.heads(low64(coins)) {
            self.step(d, Step::RollbackFailed(id));
            return match self.devices[d].hand.and_then(|hand| hand.planned).filter(|_| undo) {
                Some((at, by)) => self.go_on(d, Todo::Restart(by), Some(at.max(now))),
                None if undo => self.go_on(d, Todo::Restart(RestartBy::Deadline), None),
                None => self.looks(d),
            };
        }
        self.step(d, Step::Restarted(id, RestartBy::Rollback, self.disturbance(d)));
        let back = now + self.restart_takes(d, release);
        self.go_on(d, Todo::RolledBack { release, undo, restarted: now }, Some(back));
    }

    pub fn rolled_back(&mut self, d: usize, release: usize, undo: bool, restarted: SimTime) {
        self.devices[d].heard = self.now;
        self.step(d, Step::RolledBack(ReleaseId(release as u16)));
        if undo {
            self.devices[d].hand = None;
        } else {
            self.step_back(d, restarted);
        }
        self.looks(d);
    }

    /// From the sync that brings the order to the restart that makes it hold; `None`: it fails.
    fn switch_takes(&self, d: usize, defect: usize) -> Option<i64> {
        let (key, n) = (self.devices[d].key, self.plan.defects[defect].key);
        let rule = &self.plan.management.switch_off;
        let block = self.luck.block(key, Purpose::SwitchOff, n);
        let takes = rule.restart_after.draw(&self.luck, key, Purpose::SwitchOff, n, 2, block);
        (!rule.fails.heads(low64(block))).then_some(takes)
    }

    pub fn switched_off(&mut self, d: usize, defect: usize) {
        let (Some(heard), Some(takes)) = (self.devices[d].switch_heard[defect], self.switch_takes(d, defect))
        else {
            return;
        };
        let what = What::SwitchedOff { d, defect };
        if self.now >= heard + takes && self.on_for(d, phase::SWITCHED, what) {
            self.devices[d].switched_off[defect] = true;
            self.heal(d, |plan, harm| {
                let it = &plan.defects[harm.defect];
                harm.defect == defect
                    && !matches!(it.shows, Shows::InInstall)
                    && it.severity != Severity::Down
            });
        }
    }

    /// True if the device is on; else the event comes again when it is.
    fn on_for(&mut self, d: usize, phase: u8, what: What) -> bool {
        let now = self.now;
        if self.devices[d].down.is_some() {
            self.devices[d].when_up.push((phase, what));
            return false;
        }
        match self.devices[d].hours.next_on(now) {
            Some(on) if on > now => self.push(on, phase, what),
            Some(_) => return true,
            None => {}
        }
        false
    }
}

/// Defects.
impl World<'_> {
    pub fn new_build(&mut self, d: usize, release: Option<usize>, restarted: SimTime) {
        let now = self.now;
        self.devices[d].builds.push(Build { release, from: now });
        let build = self.devices[d].builds.len() - 1;
        for defect in 0..self.plan.defects.len() {
            let it = &self.plan.defects[defect];
            let heard = self.devices[d].switch_heard[defect].is_some_and(|heard| heard <= restarted);
            if heard && self.switch_takes(d, defect).is_some() {
                self.devices[d].switched_off[defect] = true;
            }
            let Some(release) = release.filter(|&r| it.releases[r] && self.devices[d].prone[defect]) else {
                continue;
            };
            let key = self.devices[d].key;
            let at = match &it.shows {
                Shows::InInstall => continue,
                Shows::AfterRestart(after) => {
                    let block = self.luck.block(key, Purpose::Defect, it.key);
                    now + after.draw(&self.luck, key, Purpose::Defect, it.key, 2, block)
                }
                Shows::On(at) => now.max(*at),
            };
            debug_assert_eq!(self.devices[d].builds[build].release, Some(release));
            self.push(at, phase::ONSET, What::Onset { d, defect, build });
        }
    }

    pub fn onset(&mut self, d: usize, defect: usize, build: usize) {
        let device = &self.devices[d];
        if device.builds.len() - 1 != build || device.switched_off[defect] || device.worked_around[defect] {
            return;
        }
        let release = device.build().release.expect("a defect belongs to a release");
        if self.plan.defects[defect].severity != Severity::Down {
            return self.harm(d, release, defect);
        }
        if device.down.is_some() {
            // Nobody goes down twice: it shows when the device is up.
            return self.devices[d].when_up.push((phase::ONSET, What::Onset { d, defect, build }));
        }
        self.harm(d, release, defect);
        self.go_down(d, defect);
    }

    pub fn harm(&mut self, d: usize, release: usize, defect: usize) {
        let (now, key) = (self.now, self.devices[d].key);
        self.note(d, Step::Harmed(ReleaseId(release as u16), DefectId(defect as u16)));
        self.devices[d].harms.push(Harm { release, defect, from: now, over: false });
        let it = &self.plan.defects[defect];
        let Some(ticket) = &it.ticket else { return };
        if ticket.share.heads(high64(self.luck.block(key, Purpose::DefectSeen, it.key))) {
            let block = self.luck.block(key, Purpose::Defect, it.key);
            let at = now + ticket.after.draw(&self.luck, key, Purpose::Defect, it.key, 3, block);
            if let Some(at) = in_hours(&ticket.hours, at) {
                let harm = self.devices[d].harms.len() - 1;
                self.push(at, phase::CALL, What::Call { d, harm });
            }
        }
    }

    /// The harms that `which` picks are over.
    pub fn heal(&mut self, d: usize, which: impl Fn(&Plan, &Harm) -> bool) {
        for i in 0..self.devices[d].harms.len() {
            let harm = self.devices[d].harms[i];
            if !harm.over && which(self.plan, &harm) {
                self.devices[d].harms[i].over = true;
                self.step(d, Step::Healed(ReleaseId(harm.release as u16), DefectId(harm.defect as u16)));
            }
        }
    }

    fn go_down(&mut self, d: usize, defect: usize) {
        let now = self.now;
        let device = &mut self.devices[d];
        device.down = Some(now);
        device.hand = None;
        if device.knew.0 == now {
            // It went down before the syncs of this second.
            (device.paused, device.switch_heard) = (device.knew.1, device.knew.2.clone());
        }
        device.sync_generation += 1;
        device.receipt_generation += 1;
        self.go_on(d, Todo::Idle, None);
        if self.plan.defects[defect].repair.is_some() {
            let asked = now + self.repair_draw(d, defect, 0);
            self.push(asked, phase::ASKED, What::Asked { d, defect });
        }
    }

    fn repair_draw(&self, d: usize, defect: usize, lane: usize) -> i64 {
        let (key, n) = (self.devices[d].key, self.plan.defects[defect].key);
        let repair = self.plan.defects[defect].repair.as_ref().expect("somebody repairs it");
        let of = if lane == 0 { &repair.asked_after } else { &repair.takes };
        of.draw(&self.luck, key, Purpose::Repair, n, lane, self.luck.block(key, Purpose::Repair, n))
    }

    pub fn repair_takes(&self, d: usize, defect: usize) -> i64 {
        self.repair_draw(d, defect, 1)
    }

    pub fn up(&mut self, d: usize, defect: usize) {
        let now = self.now;
        let device = &mut self.devices[d];
        let since = device.down.take().expect("it was down");
        device.hours.cut(since, now);
        device.hours.always = false;
        for harm in device.harms.iter_mut().filter(|h| h.defect == defect) {
            harm.over = true;
        }
        let release = device.runs().expect("it runs the release that took it down");
        self.note(d, Step::Repaired(ReleaseId(release as u16), DefectId(defect as u16)));
        let repair = self.plan.defects[defect].repair.as_ref().expect("somebody repaired it");
        match repair.leaves {
            Leaves::Removed => {
                let until = &mut self.devices[d].until[release];
                *until = (*until).min(SimTime(now.0 - 1));
                self.step_back(d, now);
            }
            Leaves::WorkedAround => self.devices[d].worked_around[defect] = true,
        }
        self.expect_syncs(d);
        for receipt in 0..self.devices[d].receipts.len() {
            let Receipt { received, late, .. } = self.devices[d].receipts[receipt];
            let generation = self.devices[d].receipt_generation;
            if late && !received {
                self.push(now, phase::RECEIPT, What::UninstallPushed { d, receipt, generation });
            } else if !received {
                self.expect_receipt(d, receipt);
            }
        }
        let mut waiting = std::mem::take(&mut self.devices[d].when_up);
        waiting.sort_unstable();
        for (phase, what) in waiting {
            self.push(now, phase, what);
        }
        self.looks(d);
    }
}

/// What can be seen.
impl World<'_> {
    /// A step that somebody could get to know of.
    pub fn note(&mut self, d: usize, step: Step) {
        self.step(d, step);
        let cites = Cited { at: self.now, step };
        let installed = |r: ReleaseId| (0..=r.0).map(|r| Observation::Installed(ReleaseId(r))).collect();
        let kinds = match step {
            Step::Offered(r) => return self.observe(d, Observation::Offered(r), cites),
            Step::PendingRestart(r) if self.plan.device.telemetry.success == Success::Installed => {
                installed(r)
            }
            Step::Patched(r) => installed(r),
            Step::Failed(r, cause) => {
                let defect = (cause.0 as usize).checked_sub(self.plan.device.failures.len());
                if defect.is_some_and(|defect| !self.telemetry_sees(d, defect)) {
                    return;
                }
                vec![Observation::InstallFailed(r)]
            }
            Step::Harmed(r, defect) => {
                let fails = matches!(self.plan.defects[defect.0 as usize].shows, Shows::InInstall);
                if fails || !self.telemetry_sees(d, defect.0 as usize) {
                    return;
                }
                vec![Observation::Failed(r)]
            }
            Step::BackgroundFailure(r) => vec![Observation::Failed(r)],
            _ => return,
        };
        let note = self.devices[d].notes.len();
        self.devices[d].notes.push(Note { cites, kinds, sent: false });
        if self.plan.device.telemetry.every_s.is_none() {
            self.push(self.now, phase::UPLOAD, What::UploadOf { d, note });
        }
    }

    fn telemetry_sees(&self, d: usize, defect: usize) -> bool {
        let it = &self.plan.defects[defect];
        it.telemetry.heads(low64(self.luck.block(self.devices[d].key, Purpose::DefectSeen, it.key)))
    }

    pub fn open_uploads(&mut self, d: usize) {
        let Some(every) = self.plan.device.telemetry.every_s else { return };
        let origin = self.upload_due(d, 0).0;
        let first = (-7 * DAY_S - origin.0).div_euclid(every);
        let last = (self.plan.horizon - origin).div_euclid(every);
        for number in first..=last {
            let due = self.upload_due(d, number).0;
            let waits = self.plan.device.needs_online.telemetry;
            let at = if waits { self.devices[d].hours.next_on(due) } else { Some(due) };
            if let Some(at) = at.filter(|at| at.0 >= 0) {
                self.push(at, phase::UPLOAD, What::Upload { d, number });
            }
        }
    }

    /// When an upload is due, and the time between two.
    fn upload_due(&self, d: usize, number: i64) -> (SimTime, i64) {
        let every = self.plan.device.telemetry.every_s.expect("there are uploads");
        let word = self.luck.block(self.devices[d].key, Purpose::Upload, 0)[0];
        (SimTime(((i64::from(word) * every) >> 32) - self.plan.epoch_unix_s + number * every), every)
    }

    pub fn upload(&mut self, d: usize, number: i64) {
        let (due, every) = self.upload_due(d, number);
        // Of several that wait for the device to wake up the last one is made.
        let superseded = due + every <= self.now;
        if superseded || !self.uploads(d, What::Upload { d, number }) {
            return;
        }
        if let Some(seen) = self.upload_seen(d, number as u32) {
            for note in 0..self.devices[d].notes.len() {
                if !self.devices[d].notes[note].sent {
                    self.devices[d].notes[note].sent = true;
                    self.push(seen, phase::SEEN, What::Seen { d, note });
                }
            }
        }
    }

    pub fn upload_of(&mut self, d: usize, note: usize) {
        if self.uploads(d, What::UploadOf { d, note })
            && let Some(seen) = self.upload_seen(d, self.now.0 as u32)
        {
            self.push(seen, phase::SEEN, What::Seen { d, note });
        }
    }

    /// True if an upload is made now; if it waits for the device, it is put off until that is on.
    fn uploads(&mut self, d: usize, what: What) -> bool {
        !self.plan.device.needs_online.telemetry || self.on_for(d, phase::UPLOAD, what)
    }

    /// When an upload of now is seen; `None` if it is lost.
    fn upload_seen(&self, d: usize, n: u32) -> Option<SimTime> {
        let (rule, key) = (&self.plan.device.telemetry, self.devices[d].key);
        let block = self.luck.block(key, Purpose::Telemetry, n);
        let latency = rule.latency.draw(&self.luck, key, Purpose::Telemetry, n, 2, block);
        (!rule.loss.heads(low64(block))).then(|| self.now + latency)
    }

    pub fn seen(&mut self, d: usize, note: usize) {
        let Note { cites, kinds, .. } = self.devices[d].notes[note].clone();
        for kind in kinds {
            self.observe(d, kind, cites);
            if let Observation::Installed(r) | Observation::Failed(r) | Observation::InstallFailed(r) = kind {
                self.observe(d, Observation::Reported(r), cites);
            }
        }
    }

    /// A device counts once for each release and kind.
    fn observe(&mut self, d: usize, what: Observation, cites: Cited) {
        let now = self.now;
        let device = &mut self.devices[d];
        match device.seen.get_mut(&what) {
            Some((at, before)) if *at == now && cites.at < before.at => *before = cites,
            Some(_) => {}
            None => {
                device.seen.insert(what, (now, cites));
                let seen = self.control.seen.entry((device.ring, what)).or_default();
                seen.push(now);
            }
        }
    }

    fn ticket(&mut self, d: usize, cites: Cited) {
        let now = self.now;
        self.devices[d].tickets.push((now, cites));
        let ring = self.devices[d].ring;
        self.control.seen.entry((ring, Observation::Ticket)).or_default().push(now);
    }

    pub fn call(&mut self, d: usize, harm: usize) {
        let Harm { release, defect, from, over } = self.devices[d].harms[harm];
        if !over {
            let step = Step::Harmed(ReleaseId(release as u16), DefectId(defect as u16));
            self.ticket(d, Cited { at: from, step });
        }
    }

    pub fn open_background(&mut self, d: usize) {
        let (plan, key) = (self.plan, self.devices[d].key);
        let block_of = |t: i64| (t + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        for number in block_of(0)..=block_of(plan.horizon.0) {
            let words = self.luck.block(key, Purpose::Trouble, number as u32);
            let at = |i: u32, lane: usize| {
                let block = self.luck.block(key, Purpose::TroubleAt, (number as u32) << 4 | i);
                let place = (i64::from(block[lane]) * AWAY_BLOCK_S) >> 32;
                Some(SimTime(number * AWAY_BLOCK_S + place - plan.epoch_unix_s)).filter(|at| at.0 >= 0)
            };
            let failures = plan.background.failures.as_ref().map_or(0, |p| p.count(low64(words)));
            let failures: Vec<SimTime> = (0..failures).filter_map(|i| at(i, 0)).collect();
            let calls = plan.background.tickets.as_ref().map_or(0, |p| p.count(high64(words)));
            let calls = (0..calls).filter_map(|i| in_hours(&plan.background.ticket_hours, at(i, 1)?));
            let calls: Vec<SimTime> = calls.collect();
            for at in failures {
                self.push(at, phase::BACKGROUND, What::BackgroundFailure { d });
            }
            for at in calls {
                self.push(at, phase::CALL, What::BackgroundCall { d });
            }
        }
    }

    pub fn background_failure(&mut self, d: usize) {
        if self.on_for(d, phase::BACKGROUND, What::BackgroundFailure { d })
            && let Some(release) = self.devices[d].runs()
        {
            self.note(d, Step::BackgroundFailure(ReleaseId(release as u16)));
        }
    }

    pub fn background_call(&mut self, d: usize) {
        self.step(d, Step::BackgroundCall);
        self.ticket(d, Cited { at: self.now, step: Step::BackgroundCall });
    }
}

fn in_hours(hours: &Option<Windows>, t: SimTime) -> Option<SimTime> {
    match hours {
        None => Some(t),
        Some(hours) => hours.next(t).map(|span| span.from.max(t)),
    }
}
