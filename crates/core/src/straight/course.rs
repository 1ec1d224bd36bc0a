//! The straight course: who lives straight, and when which step of the chain comes. Same order and same names as
//! docs/model.md and [`crate::life`].

use crate::{
    draws::{Purpose, high64, low64},
    life::Setting,
    plan::{AWAY_BLOCK_S, Anchor, DefectId, InstallOnline, Plan, Scan, Success},
    quantile::Quantile,
    time::DAY_S,
};

use super::{
    BATCH, Batch,
    kind::{FAR_S, Kind, Leg, Rhythm},
    retries::Retries,
};

/// One number for each device of a batch.
pub(super) type Column = [i32; BATCH];
type Words = [[u32; BATCH]; 4];

/// When each step of a release comes.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub offerable: Column,
    pub scan: Column,
    /// When the download gets going: at the scan, or when the device is next on.
    pub loading: Column,
    pub downloaded: Column,
    pub pending: Column,
    pub restarted: Column,
    pub patched: Column,
    /// Who needed more than one attempt.
    pub retries: Retries,
    /// The user's own restart, not the deadline's.
    pub by_user: [bool; BATCH],
    /// When the install was seen; `FAR_S`: not at all.
    pub seen: Column,
}

/// Memory that batches are worked out in.
#[derive(Debug)]
pub(super) struct Columns {
    /// Who lives straight.
    pub straight: [bool; BATCH],
    /// For each release.
    pub steps: Vec<Steps>,
    /// Begin of the device's own day.
    phase: Column,
    words: Words,
    more: Words,
    length: Column,
    times: Column,
    ends: Column,
}

const ZERO: Column = [0; BATCH];
const FAR: i32 = FAR_S as i32;
const DAY: i32 = DAY_S as i32;

impl Columns {
    /// Bytes that those of a plan take.
    pub(super) fn bytes(plan: &Plan) -> u64 {
        (size_of::<Self>() + plan.releases.len() * size_of::<Steps>()) as u64
    }

    pub(super) fn new(releases: usize) -> Self {
        let steps = Steps {
            offerable: ZERO,
            scan: ZERO,
            loading: ZERO,
            downloaded: ZERO,
            pending: ZERO,
            restarted: ZERO,
            patched: ZERO,
            retries: Retries::new(),
            by_user: [false; BATCH],
            seen: ZERO,
        };
        Self {
            straight: [false; BATCH],
            steps: vec![steps; releases],
            phase: ZERO,
            words: [[0; BATCH]; 4],
            more: [[0; BATCH]; 4],
            length: ZERO,
            times: ZERO,
            ends: ZERO,
        }
    }
}

/// Works a batch out.
#[inline(always)]
pub(super) fn course(setting: Setting<'_>, kind: &Kind<'_>, batch: &Batch, c: &mut Columns) {
    for (i, straight) in c.straight.iter_mut().enumerate() {
        *straight = i < batch.count;
    }
    habit(setting, kind, batch, c);
    trouble(setting, batch, c);
    for index in 0..kind.legs.len() {
        let (before, rest) = c.steps.split_at_mut(index);
        let mut life = Course {
            setting,
            kind,
            batch,
            leg: &kind.legs[index],
            steps: &mut rest[0],
            straight: &mut c.straight,
            phase: &c.phase,
            words: &mut c.words,
            more: &mut c.more,
            length: &mut c.length,
            times: &mut c.times,
            ends: &mut c.ends,
        };
        life.offer(before);
        life.scan(before.last());
        life.download();
        life.install();
        life.restart();
        life.report();
    }
}

/// Who follows the rhythm without an absence, and nothing blocks it.
#[inline(always)]
fn habit(setting: Setting<'_>, kind: &Kind<'_>, batch: &Batch, c: &mut Columns) {
    let (luck, habit) = (setting.luck, kind.habit);
    let plain = &mut c.straight;
    if let Rhythm::Daily { .. } = kind.rhythm {
        luck.columns(&batch.keys, Purpose::Habit, |_| habit.key, &mut c.words);
        for i in 0..BATCH {
            c.phase[i] = ((u64::from(c.words[1][i]) * DAY_S as u64) >> 32) as i32;
        }
    }
    if !habit.no_heartbeat.is_never() || habit.never_back.is_some() {
        luck.columns(&batch.keys, Purpose::Silent, |_| habit.key, &mut c.words);
        for i in 0..BATCH {
            plain[i] &= !habit.no_heartbeat.heads(low64(block(&c.words, i)));
        }
        if let Some(leaves) = &habit.never_back {
            let horizon = setting.plan.horizon.0.min(FAR_S) as i32;
            leaves.column(&c.words[2], &mut c.length, plain);
            for i in 0..BATCH {
                plain[i] &= c.length[i] >= horizon;
            }
        }
    }
    if !habit.policy_conflict.is_never() || !habit.little_disk.is_never() {
        luck.columns(&batch.keys, Purpose::Blocked, |_| habit.key, &mut c.words);
        for i in 0..BATCH {
            let words = block(&c.words, i);
            plain[i] &= !habit.policy_conflict.heads(low64(words)) && !habit.little_disk.heads(high64(words));
        }
    }
    for i in 0..batch.count {
        if let Some(listed) = batch.listed[i] {
            plain[i] &= listed.away_for_s == 0 && listed.little_disk != Some(true);
        }
    }
}

/// Who has no defect and no trouble of other kinds.
#[inline(always)]
fn trouble(setting: Setting<'_>, batch: &Batch, c: &mut Columns) {
    let (plan, luck) = (setting.plan, setting.luck);
    let plain = &mut c.straight;
    let width = plan.attributes.len();
    for (d, defect) in plan.defects.iter().enumerate() {
        let id = DefectId(d as u16);
        if let Some(coin) = setting.odds.of_everybody(plan, id) {
            if coin.is_never() {
                continue;
            }
            luck.columns(&batch.keys, Purpose::Defect, |_| defect.key, &mut c.words);
            for i in 0..BATCH {
                plain[i] &= !coin.heads(low64(block(&c.words, i)));
            }
            continue;
        }
        for i in 0..batch.count {
            plain[i] = plain[i] && !setting.odds.prone(plan, luck, id, batch.key(i), batch.values(i, width));
        }
    }
    let background = &plan.background;
    if setting.sees && (background.failures.is_some() || background.tickets.is_some()) {
        let block_of = |t: i64| (t + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        for number in block_of(0)..=block_of(setting.until.0) {
            luck.columns(&batch.keys, Purpose::Trouble, |_| number as u32, &mut c.words);
            for i in 0..BATCH {
                let words = block(&c.words, i);
                let failures = background.failures.as_ref().map_or(0, |p| p.count(low64(words)));
                let tickets = background.tickets.as_ref().map_or(0, |p| p.count(high64(words)));
                plain[i] &= failures == 0 && tickets == 0;
            }
        }
    }
}

/// The course of one release through a batch.
struct Course<'a, 'b> {
    setting: Setting<'a>,
    kind: &'b Kind<'a>,
    batch: &'b Batch,
    leg: &'b Leg,
    steps: &'b mut Steps,
    straight: &'b mut [bool; BATCH],
    phase: &'b Column,
    words: &'b mut Words,
    more: &'b mut Words,
    length: &'b mut Column,
    times: &'b mut Column,
    ends: &'b mut Column,
}

impl Course<'_, '_> {
    /// From when on the device may be offered the release.
    #[inline(always)]
    fn offer(&mut self, before: &[Steps]) {
        let (luck, leg) = (self.setting.luck, self.leg);
        if let Some(followed) = leg.follows {
            for i in 0..BATCH {
                self.steps.offerable[i] = before[followed].offerable[i].max(leg.published);
            }
            return;
        }
        self.steps.offerable.fill(leg.start);
        let plan = self.setting.plan;
        let ramp = &plan.rings[self.kind.ring.0 as usize].ramp;
        if ramp.is_at_once() {
            return;
        }
        let key = plan.releases[leg.release.0 as usize].key;
        if ramp.keeps_order {
            luck.columns(&self.batch.keys, Purpose::Ring, |_| 0, self.words);
        } else {
            luck.columns(&self.batch.keys, Purpose::RampPlace, |_| key, self.words);
        }
        for i in 0..BATCH {
            let words = block(self.words, i);
            let word = if ramp.keeps_order { high64(words) } else { low64(words) };
            let delay =
                ramp.delay_s(word as f64 / 18_446_744_073_709_551_616.0).filter(|&delay| delay < FAR_S);
            self.straight[i] &= delay.is_some();
            self.steps.offerable[i] += delay.unwrap_or(0) as i32;
        }
    }

    /// The scan that finds it, with nobody holding it back in between.
    #[inline(always)]
    fn scan(&mut self, before: Option<&Steps>) {
        let (plan, steps, plain) = (self.setting.plan, &mut *self.steps, &mut *self.straight);
        self.setting.luck.columns(&self.batch.keys, Purpose::Rollout, |_| self.leg.address, self.words);
        let waits = match &plan.device.scan {
            Scan::Wait(wait) => wait,
            Scan::Every { residual, .. } => {
                // The last scan is forgotten when it is so long ago.
                if let Some(before) = before {
                    for i in 0..BATCH {
                        plain[i] &=
                            steps.offerable[i] - before.scan[i] >= crate::presence::LOOK_BACK_S as i32;
                    }
                }
                residual
            }
        };
        waits.column(&self.words[0], self.length, plain);
        for i in 0..BATCH {
            self.times[i] = near(steps.offerable[i] + self.length[i]);
        }
        wake(self.kind, self.phase, plan.device.needs_online.scan, self.times, &mut steps.scan);
        for &(from, to) in &self.kind.held {
            for i in 0..BATCH {
                plain[i] &= steps.scan[i] < from || steps.offerable[i] >= to;
            }
        }
        for i in 0..BATCH {
            plain[i] &= steps.scan[i] <= self.leg.latest;
        }
    }

    /// The download, in one piece.
    #[inline(always)]
    fn download(&mut self) {
        let (plan, luck) = (self.setting.plan, self.setting.luck);
        let (steps, plain, leg) = (&mut *self.steps, &mut *self.straight, self.leg);
        match &plan.device.download_takes {
            Some(takes) => {
                if takes.is_drawn() {
                    luck.columns(&self.batch.keys, Purpose::Durations, |_| leg.address, self.more);
                }
                takes.column(&self.more[0], self.length, plain);
            }
            None => {
                let habit = self.kind.habit;
                let bandwidth: &Quantile = self.kind.at_site.bandwidth.as_ref().unwrap_or(&habit.bandwidth);
                let bits = plan.releases[leg.release.0 as usize].size_bytes.saturating_mul(8);
                if bandwidth.is_drawn() {
                    luck.columns(&self.batch.keys, Purpose::Habit, |_| habit.key, self.more);
                }
                for i in 0..BATCH {
                    let speed = bandwidth.usual(self.more[2][i]);
                    plain[i] &= speed.is_some();
                    let seconds = bits.div_ceil(speed.unwrap_or(1).max(1) as u64);
                    plain[i] &= seconds < FAR_S as u64;
                    self.length[i] = seconds.min(FAR_S as u64) as i32;
                }
            }
        }
        let needs = plan.device.needs_online.download;
        wake_until(self.kind, self.phase, needs, &steps.scan, &mut steps.loading, self.ends);
        for i in 0..BATCH {
            steps.downloaded[i] = near(steps.loading[i] + self.length[i]);
            plain[i] &= steps.downloaded[i] <= self.ends[i].min(leg.latest);
        }
    }

    /// The attempts, of which the first one works nearly always.
    #[inline(always)]
    fn install(&mut self) {
        let (plan, luck) = (self.setting.plan, self.setting.luck);
        let (steps, plain, address) = (&mut *self.steps, &mut *self.straight, self.leg.address | 1);
        let device = &plan.device;
        if device.install_takes.is_drawn() {
            luck.columns(&self.batch.keys, Purpose::Durations, |_| address, self.more);
        }
        device.install_takes.column(&self.more[0], self.length, plain);
        let online = device.needs_online.install;
        let needs = online != InstallOnline::Ignores;
        wake_until(self.kind, self.phase, needs, &steps.downloaded, self.times, self.ends);
        let cut = online == InstallOnline::Resumes;
        for i in 0..BATCH {
            steps.pending[i] = near(self.times[i] + self.length[i]);
            plain[i] &= steps.pending[i] <= self.leg.latest && (!cut || steps.pending[i] <= self.ends[i]);
        }
        steps.retries.forget();
        if !device.failures.is_empty() {
            luck.columns(&self.batch.keys, Purpose::Attempt, |_| address, self.more);
            let below = |in_download: bool| {
                let of_stage = device.failures.iter().filter(|cause| cause.in_download == in_download);
                of_stage.map(|cause| cause.upto).max().unwrap_or(0)
            };
            let (in_download, in_install) = (below(true), below(false));
            let mut fails = [false; BATCH];
            for i in 0..BATCH {
                let coins = block(self.more, i);
                plain[i] &= low64(coins) >= in_download;
                fails[i] = high64(coins) < in_install;
            }
            let life = (self.setting, self.kind, self.leg);
            let who = (self.batch, self.phase, &*self.more);
            steps.retries.play(life, who, &fails, &mut steps.pending, plain);
        }
    }

    /// The restart: the earlier of the user's choice and the effective deadline.
    #[inline(always)]
    fn restart(&mut self) {
        let plan = self.setting.plan;
        let (steps, plain, leg) = (&mut *self.steps, &mut *self.straight, self.leg);
        let (rule, ring) = (&plan.device.restart, &plan.rings[self.kind.ring.0 as usize]);
        let needs = plan.device.needs_online.restart;
        if let Some(deadline) = ring.deadline_s {
            let (deadline, grace, warning) = (short(deadline), short(ring.grace_s), short(rule.warning_s));
            let released = short(plan.earliest_offer(self.kind.ring, leg.release).0);
            for i in 0..BATCH {
                let anchor = match rule.anchor {
                    Anchor::Offer => steps.scan[i],
                    Anchor::Release => released,
                    Anchor::Pending => steps.pending[i],
                };
                let effective = near((anchor + deadline).max(steps.pending[i] + grace));
                steps.restarted[i] = effective;
                self.times[i] = (effective - warning).max(steps.pending[i]);
            }
            // Behind a warning that the device must have been on to show; one that is off in between is warned again.
            wake_until(self.kind, self.phase, needs, self.times, self.length, self.ends);
            for i in 0..BATCH {
                let at = steps.restarted[i].max(self.length[i] + warning);
                let again = at > self.ends[i];
                steps.restarted[i] = if again { steps.restarted[i] } else { at };
                self.times[i] = if again { self.ends[i] } else { self.times[i] };
                self.length[i] = at;
            }
            if needs && self.kind.rhythm != Rhythm::Always {
                let first = *self.length;
                let mut wakes = ZERO;
                let mut ends = ZERO;
                wake_until(self.kind, self.phase, needs, self.times, &mut wakes, &mut ends);
                for i in 0..BATCH {
                    let once = first[i] <= self.ends[i];
                    let at = steps.restarted[i].max(wakes[i] + warning);
                    plain[i] &= once || at <= ends[i];
                    steps.restarted[i] = if once { first[i] } else { at };
                }
            }
        } else {
            steps.restarted.fill(FAR * 2);
        }
        steps.by_user.fill(false);
        if let Some(after) = &rule.user {
            after.column(&self.words[1], self.length, plain);
            for i in 0..BATCH {
                self.ends[i] = near(steps.pending[i] + self.length[i]);
            }
            wake(self.kind, self.phase, needs, self.ends, self.times);
            for i in 0..BATCH {
                steps.by_user[i] = self.times[i] <= steps.restarted[i];
                steps.restarted[i] = steps.restarted[i].min(self.times[i]);
            }
        }
        if rule.takes.is_drawn() {
            let address = leg.address | 255;
            self.setting.luck.columns(&self.batch.keys, Purpose::Durations, |_| address, self.more);
        }
        rule.takes.column(&self.more[2], self.length, plain);
        for i in 0..BATCH {
            steps.patched[i] = near(steps.restarted[i] + self.length[i]);
            plain[i] &= steps.patched[i] <= leg.latest;
        }
    }

    /// When telemetry first shows that it is installed: by the report of the install, where that counts, or by the one
    /// after the restart.
    #[inline(always)]
    fn report(&mut self) {
        if !self.kind.reports {
            return;
        }
        let rule = &self.setting.plan.device.telemetry;
        let uncertain = !rule.loss.is_never() || rule.latency.is_drawn();
        let at_install = rule.success == Success::Installed;
        if !at_install || uncertain {
            *self.times = self.steps.patched;
            self.tell();
            self.steps.seen = *self.ends;
        }
        if at_install {
            *self.times = self.steps.pending;
            self.tell();
            for i in 0..BATCH {
                let earlier = if uncertain { self.steps.seen[i].min(self.ends[i]) } else { self.ends[i] };
                self.steps.seen[i] = earlier;
            }
        }
        if self.kind.legs.len() > 1 {
            // Who is seen with a newer release is seen with the older ones too: no straight matter.
            for i in 0..BATCH {
                self.straight[i] &= self.steps.seen[i] <= self.leg.latest;
            }
        }
    }

    /// When (`ends`) something that happens at `times` is seen by telemetry; `FAR_S`: never.
    #[inline(always)]
    fn tell(&mut self) {
        let device = &self.setting.plan.device;
        let rule = &device.telemetry;
        wake(self.kind, self.phase, device.needs_online.telemetry, self.times, self.ends);
        if !rule.loss.is_never() || rule.latency.is_drawn() {
            let made = &*self.ends;
            self.setting.luck.columns(&self.batch.keys, Purpose::Telemetry, |i| made[i] as u32, self.more);
        }
        rule.latency.column(&self.more[2], self.length, self.straight);
        for i in 0..BATCH {
            let lost = rule.loss.heads(low64(block(self.more, i)));
            self.ends[i] = if lost { FAR } else { near(self.ends[i] + self.length[i]) };
        }
    }
}

#[inline(always)]
pub(super) fn block<const N: usize>(words: &[[u32; N]; 4], i: usize) -> [u32; 4] {
    [words[0][i], words[1][i], words[2][i], words[3][i]]
}

/// The first seconds at or after `times` at which the devices are on, if they need to be.
#[inline(always)]
fn wake<const N: usize>(
    kind: &Kind<'_>,
    phase: &[i32; N],
    needs: bool,
    times: &[i32; N],
    wakes: &mut [i32; N],
) {
    match kind.rhythm {
        Rhythm::Daily { on_s } if needs => {
            for i in 0..N {
                let since = since_wake_up(times[i], phase[i]);
                wakes[i] = if since < on_s { times[i] } else { times[i] - since + DAY };
            }
        }
        _ => *wakes = *times,
    }
}

/// The same, and until when they then stay on.
#[inline(always)]
pub(super) fn wake_until<const N: usize>(
    kind: &Kind<'_>,
    phase: &[i32; N],
    needs: bool,
    times: &[i32; N],
    wakes: &mut [i32; N],
    ends: &mut [i32; N],
) {
    match kind.rhythm {
        Rhythm::Daily { on_s } if needs => {
            for i in 0..N {
                let since = since_wake_up(times[i], phase[i]);
                let day = times[i] - since + if since < on_s { 0 } else { DAY };
                wakes[i] = day.max(times[i]);
                ends[i] = day + on_s;
            }
        }
        _ => {
            *wakes = *times;
            ends.fill(i32::MAX);
        }
    }
}

/// What is not straight any more must not overflow either.
#[inline(always)]
pub(super) fn near(t: i32) -> i32 {
    t.min(FAR)
}

fn short(seconds: i64) -> i32 {
    seconds.min(FAR_S) as i32
}

/// Seconds since the device's day began. Times are below 2^31 - 1 day and not negative.
#[inline(always)]
fn since_wake_up(t: i32, phase: i32) -> i32 {
    ((t + DAY - phase) as u32 % DAY as u32) as i32
}
