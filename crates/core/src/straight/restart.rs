//! When pending restarts of a batch happen: what `restart.rs` of the general life says, in columns.

use crate::{draws::Purpose, plan::Anchor, steps::RestartBy};

use pulp::Simd;

use super::{
    BATCH,
    course::{Column, Course, FAR, Room, Turn, near, short},
    hours::Hours,
    kernels::{all, draw, sample},
};

/// So many stretches are looked at for an idle slot of everybody; then those who have found none look on by themselves,
/// so many times, and who has found none by then is not straight.
const TOGETHER: usize = 3;
const MOST_SLOTS: usize = 64;

/// The restart `after` the begin of an idle slot of a device that is on over `[wakes, ends)`, or `FAR` if that is too
/// short for it, and when to look on.
#[inline(always)]
fn slot(active: &Hours, wakes: i32, ends: i32, after: i32) -> (i32, i32) {
    let (begins, stops) = active.next(wakes);
    let is_active = begins <= wakes;
    let at = near(wakes + after);
    let fits = !is_active & (at < ends) & (at < begins);
    let slot_ends = ends.min(begins).max(wakes + 1);
    (if fits { at } else { FAR }, near(if is_active { stops } else { slot_ends }))
}

impl<S: Simd> Course<'_, '_, S> {
    /// The restart: the earliest of the user's choice, an idle slot and the effective deadline; or the next install
    /// window where that is scheduled.
    #[inline(always)]
    pub(super) fn restart(&mut self, turn: &mut Turn, latest: &Column) {
        let plan = self.setting.plan;
        let address = self.kind.ways[turn.target].address;
        if self.kind.habit.scheduled {
            let pending = turn.pending;
            self.in_install_window(&pending, &mut turn.restarted);
            turn.by.fill(RestartBy::Schedule as u8);
        } else {
            if turn.target != turn.first {
                let keys = &self.batch.keys;
                draw(self.simd, self.setting.luck, keys, Purpose::Rollout, address, &mut self.room.words);
            }
            self.forced(turn);
            self.user(turn);
            self.idle(turn);
        }
        let takes = &plan.device.restart.takes;
        if takes.is_drawn() {
            let keys = &self.batch.keys;
            draw(self.simd, self.setting.luck, keys, Purpose::Durations, address | 255, &mut self.room.more);
        }
        sample(self.simd, takes, &self.room.more[2], &mut self.room.length, self.plain);
        for i in 0..BATCH {
            turn.patched[i] = near(turn.restarted[i] + self.room.length[i]);
            self.plain[i] &= turn.patched[i] <= latest[i];
        }
    }

    /// The effective deadline, behind a warning that the device must have been on to show; one that is off in between
    /// is warned again.
    #[inline(always)]
    fn forced(&mut self, turn: &mut Turn) {
        let plan = self.setting.plan;
        let (rule, ring) = (&plan.device.restart, &plan.rings[self.kind.ring.0 as usize]);
        turn.by.fill(RestartBy::Deadline as u8);
        let Some(deadline) = ring.deadline_s else {
            turn.restarted.fill(FAR * 2);
            return;
        };
        let needs = plan.device.needs_online.restart;
        let (deadline, grace, warning) = (short(deadline), short(ring.grace_s), short(rule.warning_s));
        let released = short(plan.earliest_offer(self.kind.ring, self.kind.ways[turn.target].release).0);
        let Room { length, times, wakes, ends, .. } = &mut *self.room;
        for i in 0..BATCH {
            let anchor = match rule.anchor {
                Anchor::Offer => turn.scan[i],
                Anchor::Release => released,
                Anchor::Pending => turn.pending[i],
            };
            let effective = near((anchor + deadline).max(turn.pending[i] + grace));
            turn.restarted[i] = effective;
            times[i] = (effective - warning).max(turn.pending[i]);
        }
        self.on.wake(self.simd, self.kind, needs, times, wakes, ends);
        let mut once = [false; BATCH];
        for i in 0..BATCH {
            let at = turn.restarted[i].max(wakes[i] + warning);
            once[i] = at <= ends[i];
            times[i] = if once[i] { times[i] } else { near(ends[i]) };
            length[i] = at;
        }
        if !all(&once) {
            self.on.wake(self.simd, self.kind, needs, times, wakes, ends);
        }
        for i in 0..BATCH {
            let at = turn.restarted[i].max(wakes[i] + warning);
            self.plain[i] &= once[i] || at <= ends[i];
            turn.restarted[i] = if once[i] { length[i] } else { at };
        }
    }

    /// The user's choice, if it comes before that.
    #[inline(always)]
    fn user(&mut self, turn: &mut Turn) {
        let plan = self.setting.plan;
        let Some(after) = &plan.device.restart.user else { return };
        let Room { words, length, times, wakes, ends, .. } = &mut *self.room;
        sample(self.simd, after, &words[1], length, self.plain);
        for i in 0..BATCH {
            times[i] = near(turn.pending[i] + length[i]);
        }
        self.on.wake(self.simd, self.kind, plan.device.needs_online.restart, times, wakes, ends);
        for i in 0..BATCH {
            let earlier = wakes[i] <= turn.restarted[i];
            turn.restarted[i] = if earlier { wakes[i] } else { turn.restarted[i] };
            turn.by[i] = if earlier { RestartBy::User as u8 } else { turn.by[i] };
        }
    }

    /// An idle slot outside active hours that is long enough, if it comes before both.
    #[inline(always)]
    fn idle(&mut self, turn: &mut Turn) {
        let plan = self.setting.plan;
        let Some(after) = &plan.device.restart.idle else { return };
        let active = &self.kind.active;
        let Room { words, length, times, wakes, ends, .. } = &mut *self.room;
        sample(self.simd, after, &words[2], length, self.plain);
        *times = turn.pending;
        let mut found = [FAR; BATCH];
        let mut looks = *self.plain;
        for _ in 0..TOGETHER {
            self.on.wake(self.simd, self.kind, true, times, wakes, ends);
            for i in 0..BATCH {
                let (at, next) = slot(active, wakes[i], ends[i], length[i]);
                looks[i] &= times[i] <= turn.restarted[i];
                found[i] = if looks[i] { at } else { found[i] };
                looks[i] &= at >= FAR;
                times[i] = next;
            }
        }
        for i in 0..BATCH {
            for _ in 0..MOST_SLOTS {
                looks[i] &= times[i] <= turn.restarted[i];
                if !looks[i] {
                    break;
                }
                let (wakes, ends) = self.on.one(self.kind, i, times[i]);
                (found[i], times[i]) = slot(active, wakes, ends, length[i]);
                looks[i] = found[i] >= FAR;
            }
        }
        for i in 0..BATCH {
            self.plain[i] &= !looks[i];
            // On a tie the user's own choice is told, then the idle slot.
            let by_user = turn.by[i] == RestartBy::User as u8;
            let earlier = found[i] < turn.restarted[i] || (found[i] == turn.restarted[i] && !by_user);
            turn.restarted[i] = if earlier { found[i] } else { turn.restarted[i] };
            turn.by[i] = if earlier { RestartBy::Idle as u8 } else { turn.by[i] };
        }
    }
}
