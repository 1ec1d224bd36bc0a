//! When the devices of a batch look for updates and hear of pauses: what `scan.rs` of the general life says, in
//! columns.

use crate::{
    control::Pause,
    draws::Purpose,
    plan::{ReleaseId, Scan},
    presence::LOOK_BACK_S,
    time::{DAY_S, SimTime},
};

use pulp::Simd;

use super::{
    BATCH,
    course::{Column, Course, DAY, FAR, Offer, Room, Stretch, Turn, ZERO, near, short},
    kernels::{any, draw, draw_each, sample},
    kind::{self, Hold, LONG_AGO_S},
    ticks::Ticks,
};

/// So many scans in a row are worked out; who still finds nothing is not straight.
const MOST_SCANS: usize = 24;

/// Lanes of [`Purpose::Wake`].
const SCAN: usize = 0;
const SYNC: usize = 1;

impl<S: Simd> Course<'_, '_, S> {
    /// Works out when the devices take no new offer, one stretch after the other.
    #[inline(always)]
    pub(super) fn holds(&mut self, holds: &mut Vec<Stretch>) {
        let kind = self.kind;
        holds.resize(kind.holds.len(), Stretch { from: ZERO, to: ZERO });
        let (mut begun, mut ended) = ([LONG_AGO_S as i32; BATCH], [LONG_AGO_S as i32; BATCH]);
        for (hold, Stretch { from, to }) in kind.holds.iter().zip(holds) {
            match hold {
                Hold::Ideal(span) => {
                    from.fill(kind::clamped(span.from));
                    to.fill(kind::clamped(span.to));
                }
                Hold::Pause(pause, later) => {
                    match pause.with {
                        Some(release) => self.receipt(pause.from, release, from),
                        None => self.sync(pause.from + 1, from),
                    }
                    self.end_of_pause(pause, later, to);
                }
            }
            for i in 0..BATCH {
                // What has ended before it began is no hold, and none counts twice.
                let is_hold = from[i] < to[i];
                self.plain[i] &= !is_hold | (from[i] >= begun[i]);
                begun[i] = if is_hold { from[i] } else { begun[i] };
                from[i] = if is_hold { from[i].max(ended[i]) } else { FAR };
                to[i] = if is_hold { to[i].max(from[i]) } else { FAR };
                ended[i] = if is_hold { to[i] } else { ended[i] };
            }
        }
    }

    #[inline(always)]
    fn end_of_pause(&mut self, pause: &Pause, later: &[Pause], to: &mut Column) {
        let (mut last, mut pushed, mut received) = (pause, [FAR; BATCH], ZERO);
        for next in later {
            if next.from != last.to {
                continue;
            }
            let Some(release) = next.with.filter(|_| last.replaced) else { break };
            self.receipt(next.from, release, &mut received);
            for i in 0..BATCH {
                pushed[i] = pushed[i].min(received[i]);
            }
            last = next;
        }
        self.sync(last.to + 1, to);
        let expires = kind::clamped(pause.expires);
        for i in 0..BATCH {
            to[i] = to[i].min(pushed[i]).min(expires);
        }
    }

    /// When the devices receive an uninstall of `release` that lands at `landed`.
    #[inline(always)]
    fn receipt(&mut self, landed: SimTime, release: ReleaseId, at: &mut Column) {
        let plan = self.setting.plan;
        let Some(push) = &plan.management.uninstall.push else { return self.sync(landed + 1, at) };
        let n = plan.releases[release.0 as usize].key << 8;
        if push.is_drawn() {
            let keys = &self.batch.keys;
            draw(self.simd, self.setting.luck, keys, Purpose::Uninstall, n, &mut self.room.more);
        }
        sample(self.simd, push, &self.room.more[2], at, self.plain);
        let landed = kind::clamped(landed);
        for i in 0..BATCH {
            at[i] = near(landed + at[i].max(1));
        }
        let Room { wakes, ends, .. } = &mut *self.room;
        self.on.wake(self.simd, self.kind, true, at, wakes, ends);
        let everybody = [true; BATCH];
        self.overdue(SYNC, &everybody, at);
    }

    /// What falls due at `at` happens then, or some time after the wake-up (in `wakes`) at which the devices are next on.
    #[inline(always)]
    fn overdue(&mut self, lane: usize, who: &[bool; BATCH], at: &mut Column) {
        let Room { more, length, wakes, ends, .. } = &mut *self.room;
        let mut late = [false; BATCH];
        for i in 0..BATCH {
            late[i] = who[i] & (wakes[i] > at[i]);
        }
        if !any(&late) {
            return;
        }
        let plan = self.setting.plan;
        let after = if lane == SCAN { &plan.device.wake_scan } else { &plan.device.wake_sync };
        if after.is_drawn() {
            let first = (plan.epoch_unix_s + LONG_AGO_S).div_euclid(DAY_S);
            let since = (plan.epoch_unix_s - first * DAY_S) as i32;
            let days = wakes.map(|at| (first as u32).wrapping_add((at + since) as u32 / DAY as u32));
            draw_each(self.simd, self.setting.luck, &self.batch.keys, Purpose::Wake, &days, more);
        }
        sample(self.simd, after, &more[lane], length, self.plain);
        for i in 0..BATCH {
            let then = near(wakes[i] + length[i]);
            // If it is not on for that long it takes the next wake-up.
            self.plain[i] &= !late[i] | (then < ends[i]);
            at[i] = if late[i] { then } else { at[i] };
        }
    }

    /// The first policy sync at or after `t`; `FAR_S`: never.
    #[inline(always)]
    fn sync(&mut self, t: SimTime, at: &mut Column) {
        let plan = self.setting.plan;
        if t >= plan.horizon {
            at.fill(FAR);
            return;
        }
        let (t, every) = (kind::clamped(t), plan.device.sync_every_s as i32);
        let (habit, keys) = (self.kind.habit, &self.batch.keys);
        draw(self.simd, self.setting.luck, keys, Purpose::Habit, habit.key, &mut self.room.more);
        let ticks = Ticks::new(i64::from(every));
        // A whole number of intervals that makes times positive.
        let above = (-LONG_AGO_S as i32 / every + 2) * every;
        let (mut next, mut due) = (ZERO, ZERO);
        for i in 0..BATCH {
            let phase = ((u64::from(self.room.more[3][i]) * every as u64) >> 32) as i32;
            let since = t + above - phase;
            let since = since - ticks.of(since) as i32 * every;
            due[i] = t - since;
            next[i] = t - since + every;
        }
        let Room { wakes, ends, .. } = &mut *self.room;
        self.on.wake(self.simd, self.kind, true, &due, wakes, ends);
        for i in 0..BATCH {
            // The last one may still be to come, if the device was off.
            due[i] = if (wakes[i] <= due[i]) & (due[i] < t) { next[i] } else { due[i] };
        }
        self.on.wake(self.simd, self.kind, true, &due, wakes, ends);
        *at = due;
        let mut asleep = [false; BATCH];
        for i in 0..BATCH {
            asleep[i] = wakes[i] > due[i];
            // What falls due before the wake-up comes with it.
            let waits = (wakes[i] - due[i]).max(next[i] - due[i]).max(0);
            let later = due[i] + ticks.of(waits + every - 1) as i32 * every;
            due[i] = if asleep[i] { near(later) } else { due[i] };
        }
        self.overdue(SYNC, &asleep, at);
        let mut again = [false; BATCH];
        for i in 0..BATCH {
            at[i] = if at[i] >= t { at[i] } else { FAR };
            again[i] = asleep[i] & (due[i] < at[i]);
        }
        if any(&again) {
            let Room { wakes, ends, .. } = &mut *self.room;
            self.on.wake(self.simd, self.kind, true, &due, wakes, ends);
            for i in 0..BATCH {
                self.plain[i] &= !again[i] | (wakes[i] <= due[i]);
                at[i] = if again[i] { due[i] } else { at[i] };
            }
        }
    }

    /// The first scan that may find something, from when on something is offered.
    #[inline(always)]
    pub(super) fn scan(
        &mut self,
        turn: &mut Turn,
        before: Option<&Turn>,
        offers: &[Offer],
        holds: &[Stretch],
    ) {
        let (plan, luck, kind) = (self.setting.plan, self.setting.luck, self.kind);
        let needs = plan.device.needs_online.scan;
        let address = kind.ways[turn.first].address;
        draw(self.simd, luck, &self.batch.keys, Purpose::Rollout, address, &mut self.room.words);
        let mut from = offers[turn.first].offerable;
        for offer in &offers[turn.first + 1..] {
            for i in 0..BATCH {
                from[i] = from[i].min(offer.offerable[i]);
            }
        }
        let (interval, residual, look_back) = match &plan.device.scan {
            Scan::Wait(wait) => {
                sample(self.simd, wait, &self.room.words[0], &mut self.room.length, self.plain);
                for i in 0..BATCH {
                    turn.scan[i] = near(from[i] + self.room.length[i]);
                }
                let Room { wakes, ends, .. } = &mut *self.room;
                self.on.wake(self.simd, kind, needs, &turn.scan, wakes, ends);
                turn.scan = *wakes;
                for hold in holds {
                    for i in 0..BATCH {
                        self.plain[i] &= !((hold.from[i] <= turn.scan[i]) & (turn.scan[i] < hold.to[i]));
                    }
                }
                return;
            }
            Scan::Every { interval, residual, longest_s } => (interval, residual, 3 * short(*longest_s)),
        };
        if let Some(before) = before {
            // A scan that is not so long ago tells when the next one comes.
            for i in 0..BATCH {
                self.plain[i] &= from[i] - before.scan[i] >= LOOK_BACK_S as i32;
            }
        }
        sample(self.simd, residual, &self.room.words[0], &mut self.room.length, self.plain);
        let mut due = ZERO;
        let mut looks = [false; BATCH];
        for i in 0..BATCH {
            let every_hour = !needs | (kind.day_and_night() & self.on.never_away(i));
            // A device that sleeps scans when it wakes, so its last days tell when it will.
            due[i] = from[i] + self.room.length[i] - if every_hour { 0 } else { look_back };
            looks[i] = self.plain[i];
        }
        let mut intervals = [[0; BATCH]; 4];
        for k in 0..MOST_SCANS {
            if needs {
                let Room { wakes, ends, .. } = &mut *self.room;
                self.on.wake(self.simd, kind, true, &due, wakes, ends);
                self.overdue(SCAN, &looks, &mut due);
            }
            let mut still = [false; BATCH];
            for i in 0..BATCH {
                still[i] = due[i] < from[i];
            }
            for hold in holds {
                for i in 0..BATCH {
                    still[i] |= (hold.from[i] <= due[i]) & (due[i] < hold.to[i]);
                }
            }
            for i in 0..BATCH {
                looks[i] &= still[i] & self.plain[i] & (due[i] < FAR);
            }
            if !any(&looks) {
                break;
            }
            if interval.is_drawn() && k % 4 == 0 {
                let n = address | (k / 4) as u32;
                draw(self.simd, luck, &self.batch.keys, Purpose::Scan, n, &mut intervals);
            }
            sample(self.simd, interval, &intervals[k % 4], &mut self.room.length, self.plain);
            for i in 0..BATCH {
                due[i] = if looks[i] { near(due[i] + self.room.length[i].max(60)) } else { due[i] };
            }
        }
        for i in 0..BATCH {
            self.plain[i] &= !looks[i];
        }
        turn.scan = due;
    }
}
