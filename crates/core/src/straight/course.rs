//! The straight course: who lives straight, and when which step of the chain comes. Same order and same names as
//! docs/model.md and [`crate::life`]. `scan.rs` says when a scan finds something, `restart.rs` how that ends,
//! `report.rs` when it is seen.

use crate::{
    draws::{Purpose, high64, low64},
    life::Setting,
    plan::{AWAY_BLOCK_S, DefectId, InstallOnline, Online, Plan, Poisson},
    quantile::{Quantile, whole_part},
    time::DAY_S,
};

use pulp::Simd;

use super::{
    BATCH, Batch,
    kernels::{any, draw, sample, sample_wide},
    kind::{FAR_S, Kind, MOST_HOLDS, Way},
    on::{MOST_AWAYS, On, SESSION_DAYS},
    retries::{FEW, Retries},
};

/// One number for each device of a batch.
pub(super) type Column = [i32; BATCH];
pub(super) type Words = [[u32; BATCH]; 4];

/// A stretch of each device.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub from: Column,
    pub to: Column,
}

/// One release found, and those before it that it brings along.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// The oldest release that is missing, and the one that is installed.
    pub first: usize,
    pub target: usize,
    pub scan: Column,
    /// When the download gets going: at the scan, or when the device is next on.
    pub loading: Column,
    /// Seconds of downloading, in one piece or in several.
    pub loads_s: Column,
    pub downloaded: Column,
    pub pending: Column,
    pub restarted: Column,
    pub patched: Column,
    /// Why it was restarted, as [`crate::steps::RestartBy`] counts.
    pub by: [u8; BATCH],
    /// Who needed more than one attempt.
    pub retries: Retries,
    /// When the install was seen; `FAR_S`: not at all.
    pub seen: Column,
}

/// What holds for a release, whichever brings it.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub offerable: Column,
    /// When its objective passes, and whether the device counts then: where the kind does not tell.
    pub due: Column,
    pub eligible: [bool; BATCH],
    pub connected: [bool; BATCH],
}

/// Memory for one step of `N` devices.
#[derive(Clone, Debug)]
pub(super) struct Room<const N: usize> {
    pub words: [[u32; N]; 4],
    pub more: [[u32; N]; 4],
    pub length: [i32; N],
    pub times: [i32; N],
    pub wakes: [i32; N],
    pub ends: [i32; N],
}

impl<const N: usize> Room<N> {
    pub(super) fn new() -> Self {
        let (words, none) = ([[0; N]; 4], [0; N]);
        Self { words, more: words, length: none, times: none, wakes: none, ends: none }
    }
}

/// Memory that batches are worked out in.
#[derive(Debug)]
pub(super) struct Columns {
    /// Who lives straight.
    pub straight: [bool; BATCH],
    pub on: On<BATCH>,
    /// Whose users call the help desk about something else.
    pub calls: [bool; BATCH],
    /// For each release.
    pub offers: Vec<Offer>,
    /// What came, in order: as many as `taken` says.
    pub turns: Vec<Turn>,
    pub taken: usize,
    /// Stretches in which no new offer is taken; they do not overlap.
    pub holds: Vec<Stretch>,
    pub room: Room<BATCH>,
}

pub(super) const ZERO: Column = [0; BATCH];
pub(super) const FAR: i32 = FAR_S as i32;
pub(super) const DAY: i32 = DAY_S as i32;

impl Columns {
    /// Bytes that those of a plan take.
    pub(super) fn bytes(plan: &Plan) -> u64 {
        let sporadic = plan.habits.iter().any(|habit| matches!(habit.online, Online::Sporadic { .. }));
        let sessions = |devices: usize| if sporadic { SESSION_DAYS * 8 * devices } else { 0 };
        let away = MOST_AWAYS * 8 * FEW;
        let of_release = size_of::<Turn>() + size_of::<Offer>() + sessions(FEW) + away;
        let spans = (MOST_HOLDS + MOST_AWAYS) * size_of::<Stretch>();
        (sessions(BATCH) + spans + size_of::<Self>() + plan.releases.len() * of_release) as u64
    }

    pub(super) fn new(releases: usize) -> Self {
        let turn = Turn {
            first: 0,
            target: 0,
            scan: ZERO,
            loading: ZERO,
            loads_s: ZERO,
            downloaded: ZERO,
            pending: ZERO,
            restarted: ZERO,
            patched: ZERO,
            by: [0; BATCH],
            retries: Retries::new(),
            seen: ZERO,
        };
        let offer = Offer { offerable: ZERO, due: ZERO, eligible: [false; BATCH], connected: [false; BATCH] };
        Self {
            straight: [false; BATCH],
            on: On::new(),
            calls: [false; BATCH],
            offers: vec![offer; releases],
            turns: vec![turn; releases],
            taken: 0,
            holds: Vec::new(),
            room: Room::new(),
        }
    }
}

/// Works a batch out.
#[inline(always)]
pub(super) fn course<S: Simd>(
    simd: S,
    setting: Setting<'_>,
    kind: &Kind<'_>,
    batch: &Batch,
    c: &mut Columns,
) {
    let Columns { straight, on, calls, offers, turns, taken, holds, room } = c;
    for (i, plain) in straight.iter_mut().enumerate() {
        *plain = i < batch.count;
    }
    on.of_batch(simd, setting, kind, batch, &mut room.words, straight);
    let mut course = Course { simd, setting, kind, batch, on, plain: straight, room };
    course.habit();
    course.background(calls);
    for release in 0..offers.len() {
        let (before, rest) = offers.split_at_mut(release);
        course.offer(release, before, &mut rest[0]);
        course.judge(release, &mut rest[0]);
    }
    course.holds(holds);
    *taken = 0;
    let mut first = 0;
    while first < offers.len() {
        let (before, rest) = turns.split_at_mut(*taken);
        let turn = &mut rest[0];
        turn.first = first;
        course.scan(turn, before.last(), offers, holds);
        let Some(target) = course.target(turn, offers) else {
            straight.fill(false);
            return;
        };
        turn.target = target;
        let mut latest = ZERO;
        course.latest(turn, offers, &mut latest);
        course.download(turn, &latest);
        course.install(turn, &latest);
        course.restart(turn, &latest);
        course.report(turn);
        *taken += 1;
        first = target + 1;
    }
    course.sound(&turns[..*taken]);
    course.seen(&mut turns[..*taken]);
}

/// The course of a batch.
pub(super) struct Course<'a, 'b, S> {
    /// The instructions that loops are compiled for.
    pub simd: S,
    pub setting: Setting<'a>,
    pub kind: &'b Kind<'a>,
    pub batch: &'b Batch,
    pub on: &'b On<BATCH>,
    /// Who lives straight so far.
    pub plain: &'b mut [bool; BATCH],
    pub room: &'b mut Room<BATCH>,
}

impl<S: Simd> Course<'_, '_, S> {
    /// Nothing blocks it, and it is there.
    #[inline(always)]
    fn habit(&mut self) {
        let (luck, habit, batch) = (self.setting.luck, self.kind.habit, self.batch);
        let (plain, words) = (&mut *self.plain, &mut self.room.words);
        if !habit.no_heartbeat.is_never() || habit.never_back.is_some() {
            draw(self.simd, luck, &batch.keys, Purpose::Silent, habit.key, words);
            for i in 0..BATCH {
                plain[i] &= !habit.no_heartbeat.heads(low64(block(words, i)));
            }
            if let Some(stays) = self.kind.stays {
                for i in 0..BATCH {
                    plain[i] &= u64::from(words[2][i]) >= stays;
                }
            }
        }
        if !habit.policy_conflict.is_never() || !habit.little_disk.is_never() {
            draw(self.simd, luck, &batch.keys, Purpose::Blocked, habit.key, words);
            for i in 0..BATCH {
                let words = block(words, i);
                let conflict = habit.policy_conflict.heads(low64(words));
                plain[i] &= !conflict && !habit.little_disk.heads(high64(words));
            }
        }
        for i in 0..batch.count {
            if let Some(listed) = batch.listed[i] {
                plain[i] &= listed.away_for_s == 0 && listed.little_disk != Some(true);
            }
        }
    }

    /// Nothing fails on it that has nothing to do with a release. Calls do no harm: [`super::count`] counts them.
    #[inline(always)]
    fn background(&mut self, calls: &mut [bool; BATCH]) {
        let Setting { plan, luck, sees, until, .. } = self.setting;
        calls.fill(false);
        let (failures, tickets) = (&plan.background.failures, &plan.background.tickets);
        if !sees || (failures.is_none() && tickets.is_none()) {
            return;
        }
        let none_below = |stream: &Option<Poisson>| stream.as_ref().map_or(u64::MAX, Poisson::none_below);
        let (failures, tickets) = (none_below(failures), none_below(tickets));
        let block_of = |t: i64| (t + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        for number in block_of(0)..=block_of(until.0) {
            draw(self.simd, luck, &self.batch.keys, Purpose::Trouble, number as u32, &mut self.room.words);
            for i in 0..BATCH {
                let words = block(&self.room.words, i);
                self.plain[i] &= low64(words) < failures;
                calls[i] |= high64(words) >= tickets;
            }
        }
    }

    /// Who is prone to no defect of what it runs, and is not told to uninstall it.
    #[inline(always)]
    fn sound(&mut self, turns: &[Turn]) {
        let Setting { plan, luck, odds, known, .. } = self.setting;
        let runs = |release: usize| turns.iter().any(|turn| turn.target == release);
        if known.uninstalls(self.kind.ring).iter().any(|(_, release)| runs(release.0 as usize)) {
            self.plain.fill(false);
        }
        let width = plan.attributes.len();
        for (d, defect) in plan.defects.iter().enumerate() {
            if !turns.iter().any(|turn| defect.releases[turn.target]) {
                continue;
            }
            let id = DefectId(d as u16);
            if let Some(coin) = odds.of_everybody(plan, id) {
                if coin.is_never() {
                    continue;
                }
                draw(self.simd, luck, &self.batch.keys, Purpose::Defect, defect.key, &mut self.room.words);
                for i in 0..BATCH {
                    self.plain[i] &= !coin.heads(low64(block(&self.room.words, i)));
                }
                continue;
            }
            for i in 0..self.batch.count {
                let values = self.batch.values(i, width);
                self.plain[i] = self.plain[i] && !odds.prone(plan, luck, id, self.batch.key(i), values);
            }
        }
    }

    /// From when on the device may be offered the release.
    #[inline(always)]
    fn offer(&mut self, release: usize, before: &[Offer], offer: &mut Offer) {
        let (luck, way) = (self.setting.luck, &self.kind.ways[release]);
        if let Some(followed) = way.follows {
            for i in 0..BATCH {
                offer.offerable[i] = before[followed].offerable[i].max(way.published);
            }
            return;
        }
        offer.offerable.fill(way.start);
        let plan = self.setting.plan;
        let ramp = &plan.rings[self.kind.ring.0 as usize].ramp;
        if ramp.is_at_once() {
            return;
        }
        let key = plan.releases[release].key;
        if ramp.keeps_order {
            draw(self.simd, luck, &self.batch.keys, Purpose::Ring, 0, &mut self.room.words);
        } else {
            draw(self.simd, luck, &self.batch.keys, Purpose::RampPlace, key, &mut self.room.words);
        }
        for i in 0..BATCH {
            let words = block(&self.room.words, i);
            let word = if ramp.keeps_order { high64(words) } else { low64(words) };
            let delay =
                ramp.delay_s(word as f64 / 18_446_744_073_709_551_616.0).filter(|&delay| delay < FAR_S);
            self.plain[i] &= delay.is_some();
            offer.offerable[i] += delay.unwrap_or(0) as i32;
        }
    }

    /// When its objective passes, whether the device counts for it and has the required hours online by then.
    #[inline(always)]
    fn judge(&mut self, release: usize, offer: &mut Offer) {
        let (plan, kind) = (self.setting.plan, self.kind);
        let (way, ring) = (&kind.ways[release], &plan.rings[kind.ring.0 as usize]);
        if way.judged.is_some() {
            return;
        }
        offer.due.fill(way.due);
        let Room { wakes, ends, .. } = &mut *self.room;
        if let Some(after_return) = ring.returned_objective_s {
            // A device that was not on while its ring was due has an objective of its own.
            let (active, after_return) = (short(ring.deadline_s.unwrap_or(0)), short(after_return));
            self.on.wake(self.simd, kind, true, &offer.offerable, wakes, ends);
            for i in 0..BATCH {
                let sleeps = !(kind.day_and_night() & self.on.never_away(i));
                // Who does not come back before the end of play keeps the ring's.
                self.plain[i] &= wakes[i] < plan.horizon.0 as i32;
                let late = sleeps & (wakes[i] > offer.offerable[i] + active);
                let due = if late { near(near(wakes[i]) + after_return) } else { way.due };
                offer.due[i] = due.max(way.due).min(way.watched_until);
            }
        }
        self.connect(way, offer);
        let counts = ring.in_objective && !kind.habit.scheduled;
        for i in 0..BATCH {
            offer.eligible[i] = counts & offer.connected[i];
        }
        // It must have been heard of so long before at the latest.
        let heard_within = short(plan.objective.heard_within_s);
        let since_publication = |&i: &usize| offer.due[i] - heard_within <= way.published;
        if plan.device.needs_online.scan && (0..BATCH).all(|i| since_publication(&i)) {
            // The scan that finds it is such a time.
            return;
        }
        let Room { times, wakes, ends, .. } = &mut *self.room;
        for i in 0..BATCH {
            times[i] = (offer.due[i] - heard_within).max(kind.earliest());
        }
        self.on.wake(self.simd, kind, true, times, wakes, ends);
        for i in 0..BATCH {
            let heard = wakes[i] <= offer.due[i];
            offer.eligible[i] &= heard;
            self.plain[i] &= wakes[i] != plan.horizon.0 as i32;
            // Who was not heard of since the earliest time that can be asked for may have been before.
            self.plain[i] &= heard | (times[i] > kind.earliest());
        }
    }

    /// Who has the required hours online between the publication and its objective.
    #[inline(always)]
    fn connect(&mut self, way: &Way, offer: &mut Offer) {
        let rule = self.setting.plan.device.connectivity;
        let (total, piece) = (short(rule.total_s), short(rule.continuous_s));
        let Room { times, wakes, ends, .. } = &mut *self.room;
        times.fill(way.published);
        self.on.wake(self.simd, self.kind, true, times, wakes, ends);
        for i in 0..BATCH {
            // One stretch is enough for most.
            let full = near(wakes[i] + total.max(piece));
            offer.connected[i] = (full <= ends[i]) & (full <= offer.due[i]) & (way.published < offer.due[i]);
            self.plain[i] &= wakes[i] != self.setting.plan.horizon.0 as i32;
        }
        for i in 0..BATCH {
            if !self.plain[i] || offer.connected[i] {
                continue;
            }
            let (mut sum, mut begun, mut t) = (0, FAR, way.published);
            while t < offer.due[i] {
                let (wakes, ends) = self.on.one(self.kind, i, t);
                let length = ends.min(FAR) - wakes;
                if begun == FAR && length >= piece {
                    begun = near(wakes + piece);
                }
                if sum + length >= total && begun < FAR {
                    offer.connected[i] = begun.max(wakes + (total - sum).max(0)) <= offer.due[i];
                    break;
                }
                (sum, t) = (sum + length.max(0), ends);
            }
        }
    }

    /// The release that the scan finds: the newest that is offered. Who finds another one than most is not straight.
    #[inline(always)]
    fn target(&mut self, turn: &Turn, offers: &[Offer]) -> Option<usize> {
        let offers = &offers[turn.first..];
        if offers.len() == 1 {
            return any(self.plain).then_some(turn.first);
        }
        let mut newest = [u16::MAX; BATCH];
        let mut all = [true; BATCH];
        let mut missed = [false; BATCH];
        for (r, offer) in offers.iter().enumerate() {
            for i in 0..BATCH {
                let offered = offer.offerable[i] <= turn.scan[i];
                newest[i] = if offered { r as u16 } else { newest[i] };
                all[i] &= !(offered & missed[i]);
                missed[i] |= !offered;
            }
        }
        let one = (0..BATCH).find(|&i| self.plain[i])?;
        let target = newest[one];
        for i in 0..BATCH {
            self.plain[i] &= all[i] & (newest[i] == target);
        }
        (target != u16::MAX).then_some(turn.first + target as usize)
    }

    /// The last second at which a straight life is patched: in time for the objectives of all that it brings, before
    /// their watches end, and before the next release is published.
    #[inline(always)]
    fn latest(&mut self, turn: &Turn, offers: &[Offer], latest: &mut Column) {
        let ways = &self.kind.ways;
        let next = ways.get(turn.target + 1).map_or(FAR, |next| next.published);
        let brought = &ways[turn.first..=turn.target];
        let of_all =
            |way: &Way| (way.watched_until - 1).min(if way.judged.is_some() { way.due } else { FAR });
        latest.fill(brought.iter().map(of_all).min().unwrap_or(FAR).min(next - 1));
        for (offer, _) in offers[turn.first..].iter().zip(brought).filter(|(_, way)| way.judged.is_none()) {
            for i in 0..BATCH {
                latest[i] = latest[i].min(offer.due[i]);
            }
        }
        for i in 0..BATCH {
            self.plain[i] &= turn.scan[i] <= latest[i];
        }
    }

    /// The download, which goes on while the device is on.
    #[inline(always)]
    fn download(&mut self, turn: &mut Turn, latest: &Column) {
        let (plan, luck, keys) = (self.setting.plan, self.setting.luck, &self.batch.keys);
        let Room { more, ends, .. } = &mut *self.room;
        let length = &mut turn.loads_s;
        let mut speed = [0.0; BATCH];
        match &plan.device.download_takes {
            Some(takes) => {
                if takes.is_drawn() {
                    let address = self.kind.ways[turn.target].address;
                    draw(self.simd, luck, keys, Purpose::Durations, address, more);
                }
                sample(self.simd, takes, &more[0], length, self.plain);
            }
            None => {
                let habit = self.kind.habit;
                let bandwidth: &Quantile = self.kind.at_site.bandwidth.as_ref().unwrap_or(&habit.bandwidth);
                let bits = plan.releases[turn.target].size_bytes.saturating_mul(8);
                if bandwidth.is_drawn() {
                    draw(self.simd, luck, keys, Purpose::Habit, habit.key, more);
                }
                sample_wide(self.simd, bandwidth, &more[2], &mut speed, self.plain);
                if bits > 1 << 52 {
                    self.plain.fill(false);
                }
                for i in 0..BATCH {
                    // A quotient of whole numbers below 2^53 is not rounded up to the next one.
                    let quotient = bits as f64 / speed[i].max(1.0);
                    let whole = whole_part(quotient.min(FAR_S as f64)) as i32;
                    length[i] = whole + i32::from(f64::from(whole) < quotient);
                    self.plain[i] &= quotient < FAR_S as f64;
                }
            }
        }
        let needs = plan.device.needs_online.download;
        self.on.wake(self.simd, self.kind, needs, &turn.scan, &mut turn.loading, ends);
        self.on.work(self.kind, self.plain, (&turn.loading, ends), &turn.loads_s, &mut turn.downloaded);
        for i in 0..BATCH {
            self.plain[i] &= turn.downloaded[i] <= latest[i];
        }
    }

    /// The attempts, of which the first one works nearly always.
    #[inline(always)]
    fn install(&mut self, turn: &mut Turn, latest: &Column) {
        let (plan, luck, keys) = (self.setting.plan, self.setting.luck, &self.batch.keys);
        let way = &self.kind.ways[turn.target];
        let address = way.address | 1;
        let device = &plan.device;
        if device.install_takes.is_drawn() {
            draw(self.simd, luck, keys, Purpose::Durations, address, &mut self.room.more);
        }
        sample(self.simd, &device.install_takes, &self.room.more[0], &mut self.room.length, self.plain);
        let online = device.needs_online.install;
        let goes_on = online == InstallOnline::Resumes && !self.kind.habit.scheduled;
        if self.kind.habit.scheduled {
            self.in_install_window(&turn.downloaded, &mut turn.pending);
            self.room.times = turn.pending;
        } else {
            let Room { times, ends, .. } = &mut *self.room;
            self.on.wake(
                self.simd,
                self.kind,
                online != InstallOnline::Ignores,
                &turn.downloaded,
                times,
                ends,
            );
        }
        let Room { more, length, times, ends, .. } = &mut *self.room;
        if !goes_on {
            ends.fill(i32::MAX);
        }
        self.on.work(self.kind, self.plain, (times, ends), length, &mut turn.pending);
        for i in 0..BATCH {
            self.plain[i] &= turn.pending[i] <= latest[i];
        }
        turn.retries.forget();
        if !device.failures.is_empty() {
            draw(self.simd, luck, keys, Purpose::Attempt, address, more);
            let below = |in_download: bool| {
                let of_stage = device.failures.iter().filter(|cause| cause.in_download == in_download);
                of_stage.map(|cause| cause.upto).max().unwrap_or(0)
            };
            let (in_download, in_install) = (below(true), below(false));
            let mut fails = [false; BATCH];
            for i in 0..BATCH {
                let coins = block(more, i);
                self.plain[i] &= low64(coins) >= in_download;
                fails[i] = high64(coins) < in_install;
            }
            let who = (self.batch, self.on, latest);
            let Turn { retries, pending, .. } = turn;
            retries.play(
                self.simd,
                (self.setting, self.kind, way),
                who,
                (&*more, &fails),
                pending,
                self.plain,
            );
        }
    }

    /// The first seconds at or after `times` that lie in an install window while the device is on.
    #[inline(always)]
    pub(super) fn in_install_window(&mut self, times: &Column, begin: &mut Column) {
        let Some(windows) = &self.kind.windows else { return };
        let Room { wakes, ends, .. } = &mut *self.room;
        let (mut after, mut closes) = (ZERO, ZERO);
        *begin = *times;
        for _ in 0..2 {
            for i in 0..BATCH {
                let (from, to) = windows.next(begin[i]);
                (after[i], closes[i]) = (begin[i].max(from), to);
            }
            self.on.wake(self.simd, self.kind, true, &after, wakes, ends);
            *begin = *wakes;
        }
        for i in 0..BATCH {
            self.plain[i] &= begin[i] < closes[i];
        }
    }
}

#[inline(always)]
pub(super) fn block<const N: usize>(words: &[[u32; N]; 4], i: usize) -> [u32; 4] {
    [words[0][i], words[1][i], words[2][i], words[3][i]]
}

/// What is not straight any more must not overflow either.
#[inline(always)]
pub(super) fn near(t: i32) -> i32 {
    t.min(FAR)
}

pub(super) fn short(seconds: i64) -> i32 {
    seconds.min(FAR_S) as i32
}
