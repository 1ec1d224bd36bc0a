//! Attempts that fail and are made again. A few devices of a batch each: they are gathered, so that the others do not
//! wait for them.

use crate::{
    draws::{Purpose, high64},
    life::Setting,
    plan::InstallOnline,
};

use pulp::Simd;

use super::{
    BATCH, Batch,
    course::{Column, FAR, Room, block, near},
    kernels::{any, draw, sample},
    kind::{Kind, Way},
    on::On,
    report::Telemetry,
};

/// So many failing devices of a batch are followed; more of them are lives for [`crate::life`].
pub(super) const FEW: usize = 32;

/// The devices of a batch whose first attempt to install a release failed.
#[derive(Clone, Debug)]
pub(super) struct Retries {
    count: usize,
    /// Where they stand in the batch.
    lane: [usize; FEW],
    keys: [[u32; FEW]; 2],
    on: On<FEW>,
    latest: [i32; FEW],
    /// Still trying, and not out of the ordinary.
    trying: [bool; FEW],
    plain: [bool; FEW],
    failed: [i32; FEW],
    /// Seconds between a failure and the next attempt, over all of them, in which the device was not away.
    waited: [i32; FEW],
    /// (place in the list, cause) of every failure.
    causes: Vec<(u8, u16)>,
    /// When telemetry showed a failure, where somebody reads that.
    seen: [i32; FEW],
    away: [i32; FEW],
    room: Room<FEW>,
}

impl Retries {
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            lane: [0; FEW],
            keys: [[0; FEW]; 2],
            on: On::new(),
            latest: [0; FEW],
            trying: [false; FEW],
            plain: [false; FEW],
            failed: [0; FEW],
            waited: [0; FEW],
            causes: Vec::new(),
            seen: [0; FEW],
            away: [0; FEW],
            room: Room::new(),
        }
    }

    /// Nobody failed.
    pub(super) fn forget(&mut self) {
        self.count = 0;
        self.causes.clear();
    }

    /// Tries again with those of the batch that live straight but for the failure at `pending` that their `coins`
    /// say; `pending` becomes the end of the attempt that works.
    #[inline(always)]
    pub(super) fn play<S: Simd>(
        &mut self,
        simd: S,
        (setting, kind, way): (Setting<'_>, &Kind<'_>, &Way),
        (batch, on, latest): (&Batch, &On<BATCH>, &Column),
        (coins, fails): (&[[u32; BATCH]; 4], &[bool; BATCH]),
        pending: &mut Column,
        straight: &mut [bool; BATCH],
    ) {
        for i in 0..BATCH {
            if !(fails[i] & straight[i]) {
                continue;
            }
            let cause = cause(setting, high64(block(coins, i)));
            if self.count == FEW || !kind.retries || cause.is_none() {
                straight[i] = false;
                continue;
            }
            let at = self.count;
            self.causes.extend(cause.map(|cause| (at as u8, cause)));
            (self.lane[at], self.keys[0][at], self.keys[1][at]) = (i, batch.keys[0][i], batch.keys[1][i]);
            self.on.take(at, on, i);
            (self.latest[at], self.failed[at], self.waited[at]) = (latest[i], pending[i], 0);
            self.count += 1;
        }
        if self.count == 0 {
            return;
        }
        for at in 0..FEW {
            (self.trying[at], self.plain[at]) = (at < self.count, at < self.count);
        }
        self.seen = [FAR; FEW];
        let mut attempt = 1;
        while any(&self.trying) {
            if kind.reads_failures {
                let mut seen = self.failed;
                let Self { on, keys, room, plain, .. } = self;
                Telemetry { simd, setting, kind, on, keys, room, plain }.tell(&mut seen);
                for at in 0..FEW {
                    self.seen[at] = if self.trying[at] { self.seen[at].min(seen[at]) } else { self.seen[at] };
                }
            }
            if setting.plan.device.attempts.is_some_and(|most| attempt >= most) || attempt >= 255 {
                // They give up.
                for at in 0..FEW {
                    self.plain[at] &= !self.trying[at];
                }
                break;
            }
            self.again(simd, setting, kind, way, attempt);
            attempt += 1;
        }
        for at in 0..self.count {
            pending[self.lane[at]] = self.failed[at];
            straight[self.lane[at]] &= self.plain[at];
        }
    }

    /// After the failure of attempt number `attempt`, the next one; `failed` becomes its end.
    #[inline(always)]
    fn again<S: Simd>(&mut self, simd: S, setting: Setting<'_>, kind: &Kind<'_>, way: &Way, attempt: u32) {
        let (luck, device) = (setting.luck, &setting.plan.device);
        let needs = device.needs_online.install != InstallOnline::Ignores;
        let goes_on = device.needs_online.install == InstallOnline::Resumes;
        let Room { words, length, times, wakes, ends, .. } = &mut self.room;
        if device.retry_after.is_drawn() {
            draw(simd, luck, &self.keys, Purpose::Durations, way.address | attempt, words);
        }
        sample(simd, &device.retry_after, &words[1], length, &mut self.plain);
        for at in 0..FEW {
            // At least a minute apart.
            times[at] = near(self.failed[at] + length[at].max(60));
        }
        self.on.wake(simd, kind, needs, times, wakes, ends);
        if !self.on.away(&self.failed, wakes, &mut self.away) {
            self.away.fill(0);
        }
        let address = way.address | (attempt + 1);
        if device.install_takes.is_drawn() {
            draw(simd, luck, &self.keys, Purpose::Durations, address, words);
        }
        sample(simd, &device.install_takes, &words[0], length, &mut self.plain);
        draw(simd, luck, &self.keys, Purpose::Attempt, address, words);
        if !goes_on {
            ends.fill(i32::MAX);
        }
        self.on.work(kind, &self.trying, (wakes, ends), length, times);
        for at in 0..FEW {
            self.plain[at] &= (times[at] <= self.latest[at]) | !self.trying[at];
            let waited = wakes[at] - self.failed[at] - self.away[at];
            self.waited[at] += if self.trying[at] { waited } else { 0 };
            self.failed[at] = if self.trying[at] { times[at] } else { self.failed[at] };
            self.trying[at] &= self.plain[at];
        }
        for at in 0..self.count {
            if self.trying[at] {
                let cause = cause(setting, high64(block(words, at)));
                self.trying[at] = cause.is_some();
                self.causes.extend(cause.map(|cause| (at as u8, cause)));
            }
        }
    }

    /// Seconds of waiting for the next attempt, over those who live straight.
    pub(super) fn waited(&self, straight: &[bool; BATCH]) -> u64 {
        let counts = (0..self.count).filter(|&at| straight[self.lane[at]]);
        counts.map(|at| self.waited[at] as u64).sum()
    }

    /// When failures of those who live straight were first seen, and by whom in the batch they were made.
    pub(super) fn seen<'a>(&'a self, straight: &'a [bool; BATCH]) -> impl Iterator<Item = (usize, i32)> + 'a {
        let seen = (0..self.count).map(|at| (self.lane[at], self.seen[at]));
        seen.filter(|&(lane, at)| straight[lane] && at < FAR)
    }

    /// What their attempts failed for.
    pub(super) fn told(&self, straight: &[bool; BATCH], failures: &mut [u64]) {
        for &(at, cause) in &self.causes {
            failures[cause as usize] += u64::from(straight[self.lane[at as usize]]);
        }
    }
}

/// Why an install with this coin fails.
fn cause(setting: Setting<'_>, word: u64) -> Option<u16> {
    let causes = &setting.plan.device.failures;
    let hit = causes.iter().position(|cause| !cause.in_download && word < cause.upto);
    hit.map(|cause| cause as u16)
}
