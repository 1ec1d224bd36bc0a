//! When the devices of a batch are on: what [`crate::presence`] says, in columns.

use crate::{
    draws::{Purpose, low64},
    life::Setting,
    plan::AWAY_BLOCK_S,
    presence::LOOK_BACK_S,
    time::{DAY_S, SimTime},
    windows::Span,
};

use pulp::{Simd, WithSimd};

use super::{
    BATCH, Batch,
    course::{Words, block},
    kernels::{any, draw, sample},
    kind::{FAR_S, Kind, LONG_AGO_S, Rhythm, clamped},
};

/// So many absences of a device are followed; one that has more of them is a life for [`crate::life`].
pub(super) const MOST_AWAYS: usize = 8;

const DAY: i32 = DAY_S as i32;
const FAR: i32 = FAR_S as i32;

/// When `N` devices are on.
#[derive(Clone, Debug)]
pub(super) struct On<const N: usize> {
    /// Begin of the device's own day, or how far its day is shifted against the stated hours.
    shift: [i32; N],
    /// Begins and ends of absences, in order, as many as the device has that is away most often; `FAR_S` where there
    /// are no more.
    away: Vec<[[i32; N]; 2]>,
    /// For each day, begin and end of the first session that begins on it or later; empty where nobody has sessions.
    sessions: Vec<[[i32; N]; 2]>,
}

/// Days for which sessions are kept.
pub(super) const SESSION_DAYS: usize = 128;

impl<const N: usize> On<N> {
    pub(super) fn new() -> Self {
        Self { shift: [0; N], away: Vec::new(), sessions: Vec::new() }
    }

    /// Puts device `from` of `other` in place `to`.
    pub(super) fn take<const M: usize>(&mut self, to: usize, other: &On<M>, from: usize) {
        self.shift[to] = other.shift[from];
        self.away.resize(other.away.len(), [[FAR; N]; 2]);
        for (mine, others) in self.away.iter_mut().zip(&other.away) {
            (mine[0][to], mine[1][to]) = (others[0][from], others[1][from]);
        }
        self.sessions.resize(other.sessions.len(), [[FAR; N]; 2]);
        for (mine, others) in self.sessions.iter_mut().zip(&other.sessions) {
            (mine[0][to], mine[1][to]) = (others[0][from], others[1][from]);
        }
    }

    /// True if device `i` has no absence.
    #[inline(always)]
    pub(super) fn never_away(&self, i: usize) -> bool {
        self.away.first().is_none_or(|[from, _]| from[i] >= FAR)
    }

    /// The first seconds at or after `times` at which the devices are on, if they need to be, and until when they then
    /// stay on.
    #[inline(always)]
    pub(super) fn wake<S: Simd>(
        &self,
        simd: S,
        kind: &Kind<'_>,
        needs: bool,
        times: &[i32; N],
        wakes: &mut [i32; N],
        ends: &mut [i32; N],
    ) {
        if !needs || (kind.day_and_night() && self.away.is_empty()) {
            *wakes = *times;
            ends.fill(i32::MAX);
            return;
        }
        simd.vectorize(Wake { on: self, kind, times, wakes, ends });
    }

    /// The session of device `i` that has not ended at `t`.
    #[inline(always)]
    fn session(&self, since: i32, i: usize, t: i32) -> (i32, i32) {
        let Ok(sessions) = <&[[[i32; N]; 2]; SESSION_DAYS]>::try_from(self.sessions.as_slice()) else {
            return (FAR, FAR);
        };
        // It may have begun the day before.
        let day = ((t + since) as u32 / DAY as u32).min(SESSION_DAYS as u32 - 2).max(1) as usize - 1;
        let day = (day + usize::from(t >= sessions[day][1][i])) & (SESSION_DAYS - 1);
        let day = (day + usize::from(t >= sessions[day][1][i])) & (SESSION_DAYS - 1);
        (sessions[day][0][i], sessions[day][1][i])
    }

    /// Those who would be on while they are away are on when they come back; all are on until they leave.
    #[inline(always)]
    fn back(&self, kind: &Kind<'_>, wakes: &mut [i32; N], ends: &mut [i32; N]) {
        let mut absent = [false; N];
        for [from, to] in &self.away {
            for i in 0..N {
                absent[i] |= (from[i] <= wakes[i]) & (wakes[i] < to[i]);
                ends[i] = ends[i].min(if from[i] > wakes[i] { from[i] } else { i32::MAX });
            }
        }
        if !any(&absent) {
            return;
        }
        for i in 0..N {
            if absent[i] {
                (wakes[i], ends[i]) = self.after_absences(kind, i, wakes[i]);
            }
        }
    }

    /// When device `i`, away at `t`, is on again, and until when.
    fn after_absences(&self, kind: &Kind<'_>, i: usize, t: i32) -> (i32, i32) {
        let (mut wakes, mut ends) = (t, i32::MAX);
        for [from, to] in &self.away {
            if from[i] > wakes {
                return (wakes, ends.min(from[i]));
            }
            if wakes < to[i] {
                (wakes, ends) = self.one_there(kind, i, to[i]);
            }
        }
        (wakes, ends)
    }

    /// The same as [`On::wake`] for one device, which needs to be on.
    #[inline]
    pub(super) fn one(&self, kind: &Kind<'_>, i: usize, t: i32) -> (i32, i32) {
        let (wakes, ends) = self.one_there(kind, i, t);
        for [from, to] in &self.away {
            if from[i] > wakes {
                return (wakes, ends.min(from[i]));
            }
            if wakes < to[i] {
                return self.after_absences(kind, i, wakes);
            }
        }
        (wakes, ends)
    }

    /// The same, absences aside.
    #[inline]
    fn one_there(&self, kind: &Kind<'_>, i: usize, t: i32) -> (i32, i32) {
        match &kind.rhythm {
            Rhythm::Always => (t, i32::MAX),
            Rhythm::Daily { on_s } => {
                let since = since_wake_up(t, self.shift[i]);
                let day = t - since + if since < *on_s { 0 } else { DAY };
                (day.max(t), day + on_s)
            }
            Rhythm::Hours(hours) => {
                let (from, to) = hours.next(t - self.shift[i]);
                ((from + self.shift[i]).max(t), to + self.shift[i])
            }
            Rhythm::Sporadic { since, .. } => {
                let (from, to) = self.session(*since, i, t);
                (from.max(t), to)
            }
        }
    }

    /// When so many `seconds` of work are done that go on only while the devices are on, begun at a second at which they
    /// are on until `ends`.
    #[inline(always)]
    pub(super) fn work(
        &self,
        kind: &Kind<'_>,
        who: &[bool; N],
        (begin, ends): (&[i32; N], &[i32; N]),
        seconds: &[i32; N],
        done: &mut [i32; N],
    ) {
        let mut cut = [false; N];
        for i in 0..N {
            done[i] = (begin[i] + seconds[i]).min(FAR);
            cut[i] = who[i] & (done[i] > ends[i]);
        }
        if !any(&cut) {
            return;
        }
        for i in 0..N {
            if cut[i] {
                done[i] = self.rest(kind, i, ends[i], seconds[i] - (ends[i] - begin[i]));
            }
        }
    }

    /// When device `i` has worked for `left` seconds more, from `t` on.
    fn rest(&self, kind: &Kind<'_>, i: usize, mut t: i32, mut left: i32) -> i32 {
        while t < FAR {
            let (wakes, ends) = self.one(kind, i, t);
            if ends - wakes >= left || wakes >= FAR {
                return (wakes + left).min(FAR);
            }
            left -= ends - wakes;
            t = ends;
        }
        FAR
    }

    /// Seconds of `[from, to)` for which each device is away. False: nobody is.
    #[inline(always)]
    pub(super) fn away(&self, from: &[i32; N], to: &[i32; N], seconds: &mut [i32; N]) -> bool {
        if self.away.is_empty() {
            return false;
        }
        seconds.fill(0);
        for [leaves, back] in &self.away {
            for i in 0..N {
                seconds[i] += (to[i].min(back[i]) - from[i].max(leaves[i])).max(0);
            }
        }
        true
    }
}

impl On<BATCH> {
    /// Works out the rhythm and the absences of a batch. Who is gone for good, or away too often, is not `plain`.
    #[inline(always)]
    pub(super) fn of_batch<S: Simd>(
        &mut self,
        simd: S,
        setting: Setting<'_>,
        kind: &Kind<'_>,
        batch: &Batch,
        words: &mut Words,
        plain: &mut [bool; BATCH],
    ) {
        let (luck, habit) = (setting.luck, kind.habit);
        if !matches!(kind.rhythm, Rhythm::Sporadic { .. }) {
            self.sessions.clear();
        }
        match kind.rhythm {
            Rhythm::Always => self.shift.fill(0),
            Rhythm::Sporadic { .. } => self.draw_sessions(simd, setting, kind, batch, words, plain),
            Rhythm::Daily { .. } => {
                draw(simd, luck, &batch.keys, Purpose::Habit, habit.key, words);
                for i in 0..BATCH {
                    self.shift[i] = ((u64::from(words[1][i]) * DAY_S as u64) >> 32) as i32;
                }
            }
            Rhythm::Hours(_) => {
                if habit.shift.is_drawn() {
                    draw(simd, luck, &batch.keys, Purpose::Habit, habit.key, words);
                }
                sample(simd, &habit.shift, &words[0], &mut self.shift, plain);
                for i in 0..BATCH {
                    plain[i] &= self.shift[i].abs() < DAY;
                    self.shift[i] = self.shift[i].clamp(-DAY, DAY);
                }
            }
        }
        self.absences(simd, setting, kind, batch, words, plain);
    }

    #[inline(always)]
    fn draw_sessions<S: Simd>(
        &mut self,
        simd: S,
        setting: Setting<'_>,
        kind: &Kind<'_>,
        batch: &Batch,
        words: &mut Words,
        plain: &mut [bool; BATCH],
    ) {
        let Rhythm::Sporadic { day, session, since, days } = kind.rhythm else { return };
        let plan = setting.plan;
        let first = (plan.epoch_unix_s - i64::from(since)).div_euclid(DAY_S);
        self.sessions.resize(SESSION_DAYS, [[FAR; BATCH]; 2]);
        let (mut lasts, mut next) = ([0; BATCH], [[FAR; BATCH]; 2]);
        for d in (0..days).rev() {
            draw(simd, setting.luck, &batch.keys, Purpose::Session, (first + d as i64) as u32, words);
            sample(simd, session, &words[3], &mut lasts, plain);
            let midnight = d as i32 * DAY - since;
            for i in 0..BATCH {
                let on = day.heads(low64(block(words, i)));
                let from = midnight + ((u64::from(words[2][i]) * DAY_S as u64) >> 32) as i32;
                let to = from + lasts[i].max(1);
                // The next session may begin before this one ends; then it is one stretch.
                let joined = if next[0][i] <= to { to.max(next[1][i]) } else { to };
                next[0][i] = if on { from } else { next[0][i] };
                next[1][i] = if on { joined } else { next[1][i] };
            }
            self.sessions[d] = next;
        }
    }

    #[inline(always)]
    fn absences<S: Simd>(
        &mut self,
        simd: S,
        setting: Setting<'_>,
        kind: &Kind<'_>,
        batch: &Batch,
        words: &mut Words,
        plain: &mut [bool; BATCH],
    ) {
        self.away.clear();
        self.away
            .extend(kind.closed.iter().map(|span| [[clamped(span.from); BATCH], [clamped(span.to); BATCH]]));
        let Some(away) = &kind.habit.away else { return };
        let (plan, luck) = (setting.plan, setting.luck);
        let begin = SimTime(-LOOK_BACK_S);
        let block_of = |t: SimTime| (t.0 + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        let none_below = away.begins.none_below();
        let mut found: Vec<(usize, Span)> = Vec::new();
        for number in block_of(begin) - away.reach_blocks..=block_of(plan.horizon) {
            draw(simd, luck, &batch.keys, Purpose::Absence, number as u32, words);
            let mut begins = [false; BATCH];
            for i in 0..BATCH {
                begins[i] = low64(block(words, i)) >= none_below;
            }
            for i in (0..batch.count).filter(|&i| begins[i]) {
                let count = away.begins.count(low64(block(words, i)));
                for n in (0..count).map(|which| (number as u32) << 4 | which) {
                    let key = batch.key(i);
                    let draws = luck.block(key, Purpose::AbsenceSpan, n);
                    let at = number * AWAY_BLOCK_S + ((i64::from(draws[0]) * AWAY_BLOCK_S) >> 32);
                    let from = SimTime(at - plan.epoch_unix_s);
                    let to = from + away.lasts.draw(luck, key, Purpose::AbsenceSpan, n, 1, draws);
                    if to > begin && from < plan.horizon {
                        found.push((i, Span { from, to }));
                    }
                }
            }
        }
        found.sort_unstable_by_key(|&(i, span)| (i, span.from, span.to));
        let mut spans = Vec::new();
        for of_device in found.chunk_by(|a, b| a.0 == b.0) {
            spans.clear();
            spans.extend(kind.closed.iter().copied().chain(of_device.iter().map(|&(_, span)| span)));
            spans.sort_by_key(|span| (span.from, span.to));
            spans.dedup_by(|next, last| {
                let joins = next.from <= last.to;
                if joins {
                    last.to = last.to.max(next.to);
                }
                joins
            });
            let i = of_device[0].0;
            plain[i] &= spans.len() <= MOST_AWAYS;
            let places = spans.len().min(MOST_AWAYS).max(self.away.len());
            self.away.resize(places, [[FAR; BATCH]; 2]);
            for (k, [from, to]) in self.away.iter_mut().enumerate() {
                // Absences may join days on which the site is closed.
                let span = spans.get(k).map_or((FAR, FAR), |span| (clamped(span.from), clamped(span.to)));
                (from[i], to[i]) = span;
            }
        }
    }
}

/// What [`On::wake`] is asked for.
struct Wake<'a, 'b, const N: usize> {
    on: &'b On<N>,
    kind: &'b Kind<'a>,
    times: &'b [i32; N],
    wakes: &'b mut [i32; N],
    ends: &'b mut [i32; N],
}

impl<const N: usize> WithSimd for Wake<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { on, kind, times, wakes, ends } = self;
        match &kind.rhythm {
            Rhythm::Always => {
                *wakes = *times;
                ends.fill(i32::MAX);
            }
            Rhythm::Daily { on_s } => {
                for i in 0..N {
                    let since = since_wake_up(times[i], on.shift[i]);
                    let day = times[i] - since + if since < *on_s { 0 } else { DAY };
                    wakes[i] = day.max(times[i]);
                    ends[i] = day + on_s;
                }
            }
            Rhythm::Hours(hours) => {
                for i in 0..N {
                    let (from, to) = hours.next(times[i] - on.shift[i]);
                    wakes[i] = (from + on.shift[i]).max(times[i]);
                    ends[i] = to + on.shift[i];
                }
            }
            Rhythm::Sporadic { since, .. } => {
                for i in 0..N {
                    let (from, to) = on.session(*since, i, times[i]);
                    (wakes[i], ends[i]) = (from.max(times[i]), to);
                }
            }
        }
        if !on.away.is_empty() {
            on.back(kind, wakes, ends);
        }
    }
}

/// Seconds since the device's day began. `LONG_AGO_S` is a whole number of days.
#[inline(always)]
fn since_wake_up(t: i32, phase: i32) -> i32 {
    ((t - LONG_AGO_S as i32 - phase) as u32 % DAY as u32) as i32
}
