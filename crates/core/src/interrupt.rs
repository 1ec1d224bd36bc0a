//! What cuts into a device's life: a defect that takes it down, an uninstall that it receives.

use crate::{
    desk,
    draws::Purpose,
    life::{Build, Life},
    plan::{DefectId, Leaves, ReleaseId, Severity, Shows},
    steps::{Blocker, RestartBy, Sink, Step},
    time::SimTime,
};

/// What ends a leg before the device runs another build. Of one second the first of this list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Interruption {
    /// A defect takes the device down.
    Down(DefectId),
    /// It receives an uninstall of the release that it runs.
    Uninstall(ReleaseId),
}

impl<S: Sink> Life<'_, S> {
    /// The next interruption of the build that the device runs, before the end of play.
    pub(crate) fn next_interruption(&self) -> Option<(SimTime, Interruption)> {
        if self.sound && self.known.uninstalls(self.ring).is_empty() {
            return None;
        }
        let release = ReleaseId(self.on()? as u16);
        let down = self.next_down().map(|(at, defect)| (at, Interruption::Down(defect)));
        let build = self.build();
        let mine = |&at: &SimTime| at >= build.restarted && at > self.heard && at < self.booting;
        let received = self.uninstalls(release).filter(mine).map(|at| at.max(build.from).max(self.up)).min();
        let uninstall = received.map(|at| (at, Interruption::Uninstall(release)));
        [down, uninstall].into_iter().flatten().min().filter(|&(at, _)| at < self.horizon)
    }

    /// The next defect that takes the device down, if it goes on running its build.
    fn next_down(&self) -> Option<(SimTime, DefectId)> {
        if self.sound {
            return None;
        }
        let build = self.build();
        let release = build.release?;
        let takes_down = |&d: &usize| {
            let defect = &self.plan.defects[d];
            defect.severity == Severity::Down
                && !matches!(defect.shows, Shows::InInstall)
                && defect.releases[release]
                && self.lists.prone[d]
                && !self.lists.worked_around[d]
        };
        (0..self.plan.defects.len())
            .filter(takes_down)
            .filter_map(|d| Some((self.onset(d, &build)?, DefectId(d as u16))))
            .min()
    }

    pub(crate) fn build(&self) -> Build {
        *self.lists.builds.last().expect("invariant: a device runs something")
    }

    /// The device goes down at `at`; gives back when it is up again.
    pub(crate) fn go_down(&mut self, at: SimTime, defect: DefectId) -> SimTime {
        let horizon = self.horizon;
        let d = &self.plan.defects[defect.0 as usize];
        let release = ReleaseId(self.on().expect("invariant: a defect belongs to a release") as u16);
        self.harm(at, release, defect);
        let mut up = SimTime::NEVER;
        if let Some(repair) = &d.repair {
            let draw = |quantile: &crate::quantile::Quantile, lane: usize| {
                self.draws.sample(quantile, Purpose::Repair, d.key, lane)
            };
            let asked = at + draw(&repair.asked_after, 0);
            let begun = match repair.at_most_a_day {
                Some(_) => self.known.repair(self.key, defect, asked),
                None => desk::opens(&repair.hours, asked),
            };
            up = begun.map_or(SimTime::NEVER, |begun| begun + draw(&repair.takes, 1));
            if asked < horizon {
                self.sink.asked(asked, self.key, defect);
            }
        }
        self.presence.go_down(at, up);
        self.collect_pauses();
        let until = up.min(horizon);
        self.emit(at, until, Blocker::WaitingForScan);
        self.end_harm(defect, up);
        if up >= horizon {
            return horizon;
        }
        self.up = up;
        self.note(up, Step::Repaired(release, defect));
        match d.repair.as_ref().map(|repair| repair.leaves) {
            Some(Leaves::Removed) => {
                let last = &mut self.lists.offers[release.0 as usize].offered_until;
                *last = (*last).min(SimTime(up.0 - 1));
                self.back_to_the_build_before(up, up);
            }
            Some(Leaves::WorkedAround) | None => self.lists.worked_around[defect.0 as usize] = true,
        }
        up
    }

    /// From `at` on the device runs the build from before, after a restart that began at `restarted`.
    fn back_to_the_build_before(&mut self, restarted: SimTime, at: SimTime) {
        self.leave(at);
        self.lists.stack.pop();
        let release = self.on();
        self.lists.builds.push(Build { release, restarted, from: at });
        self.next = release.map_or(0, |on| on + 1);
    }

    /// The device receives at `at` an uninstall of the release that it runs; gives back when it goes on.
    pub(crate) fn uninstall(&mut self, at: SimTime, release: ReleaseId) -> SimTime {
        let horizon = self.horizon;
        self.heard = at;
        self.sink.step(at, Step::RollbackStarted(release));
        let (fails, done) = self.uninstall_takes(at, release);
        let done = done.unwrap_or(SimTime::NEVER);
        let back = if fails { done } else { done + self.restart_takes(release) };
        let down = self.next_down().filter(|&(down, _)| down < back.min(horizon));
        let until = down.map_or(horizon, |(down, _)| down);
        if !fails && done <= until && done < horizon {
            self.sink.step(done, Step::Restarted(release, RestartBy::Rollback, self.disturbance(done)));
        }
        self.emit(at, back.min(until), Blocker::RollingBack);
        if let Some((down, defect)) = down {
            // What came while it was under way goes with it.
            self.heard = down;
            return self.go_down(down, defect);
        }
        if back >= horizon {
            return horizon;
        }
        self.heard = back;
        if fails {
            self.sink.step(back, Step::RollbackFailed(release));
        } else {
            self.sink.step(back, Step::RolledBack(release));
            self.back_to_the_build_before(done, back);
        }
        back
    }

    /// Whether an uninstall begun at `at` fails, and when it is done.
    fn uninstall_takes(&self, at: SimTime, release: ReleaseId) -> (bool, Option<SimTime>) {
        let rule = &self.plan.management.uninstall;
        let n = self.plan.releases[release.0 as usize].key << 8;
        let takes = self.draws.sample(&rule.takes, Purpose::Uninstall, n, 3);
        let fails = self.draws.toss(rule.fails, Purpose::Uninstall, n, false);
        (fails, self.presence.work(at, takes, |_, _| {}))
    }

    /// When an uninstall of `target` is received while its restart is pending, planned for `planned`.
    pub(crate) fn received_while_pending(
        &self,
        target: ReleaseId,
        pending: SimTime,
        planned: SimTime,
    ) -> Option<SimTime> {
        let mine = |&at: &SimTime| at >= pending && at < planned && at > self.heard && at < self.cut;
        self.uninstalls(target).filter(mine).min()
    }

    /// Undoes an install before its restart: `Ok` with the instant at which the device is up again on its old
    /// build, `Err` with the one at which that failed. `None`: the leg is over.
    pub(crate) fn undo_install(
        &mut self,
        target: ReleaseId,
        pending: SimTime,
        received: SimTime,
    ) -> Option<Result<SimTime, SimTime>> {
        self.heard = received;
        self.emit(pending, received, Blocker::PendingRestart);
        self.sink.step(received, Step::RollbackStarted(target));
        let (fails, done) = self.uninstall_takes(received, target);
        let Some(done) = done.filter(|&t| self.fits(t)) else {
            self.emit(received, self.cut, Blocker::RollingBack);
            return None;
        };
        self.heard = done;
        if fails {
            self.emit(received, done, Blocker::RollingBack);
            self.sink.step(done, Step::RollbackFailed(target));
            return Some(Err(done));
        }
        self.sink.step(done, Step::Restarted(target, RestartBy::Rollback, self.disturbance(done)));
        let back = done + self.restart_takes(target);
        if !self.fits(back) {
            self.emit(received, self.cut, Blocker::RollingBack);
            return None;
        }
        self.emit(received, back, Blocker::RollingBack);
        self.sink.step(back, Step::RolledBack(target));
        (self.heard, self.in_hand) = (back, None);
        Some(Ok(back))
    }
}
