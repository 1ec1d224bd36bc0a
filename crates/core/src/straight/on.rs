//! When the devices of a batch are on: what [`crate::presence`] says, in columns.

use crate::{
    draws::{Purpose, low64},
    life::Setting,
    plan::AWAY_BLOCK_S,
    presence::{LOOK_BACK_S, absences},
    time::{DAY_S, SimTime},
    windows::{Span, join},
};

use pulp::{Simd, WithSimd};

use super::{
    BATCH, Batch,
    course::{DAY, FAR, Words, block},
    hours::Hours,
    kernels::{any, draw, sample},
    kind::{Kind, LONG_AGO_S, Rhythm, clamped},
};

/// So many absences of a device are followed; one that has more of them is a life for [`crate::life`].
pub(super) const MOST_AWAYS: usize = 8;

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

    /// When device `i` is in a session at or after `t`, and until when.
    #[inline(always)]
    fn session(&self, since: i32, i: usize, t: i32) -> (i32, i32) {
        let Ok(sessions) = <&[[[i32; N]; 2]; SESSION_DAYS]>::try_from(self.sessions.as_slice()) else {
            return (FAR.max(t), FAR);
        };
        // It may have begun the day before.
        let day = ((t + since) as u32 / DAY as u32).min(SESSION_DAYS as u32 - 2).max(1) as usize - 1;
        let day = (day + usize::from(t >= sessions[day][1][i])) & (SESSION_DAYS - 1);
        let day = (day + usize::from(t >= sessions[day][1][i])) & (SESSION_DAYS - 1);
        (sessions[day][0][i].max(t), sessions[day][1][i])
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
                (wakes[i], ends[i]) = self.past_absences(kind, i, (wakes[i], ends[i]));
            }
        }
    }

    /// When device `i` is on at last, and until when, given when it would be if it were never away.
    fn past_absences(&self, kind: &Kind<'_>, i: usize, there: (i32, i32)) -> (i32, i32) {
        let (mut wakes, mut ends) = there;
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
        self.past_absences(kind, i, self.one_there(kind, i, t))
    }

    /// The same, absences aside.
    #[inline]
    fn one_there(&self, kind: &Kind<'_>, i: usize, t: i32) -> (i32, i32) {
        match &kind.rhythm {
            Rhythm::Always => (t, i32::MAX),
            Rhythm::Daily { on_s } => daily(*on_s, self.shift[i], t),
            Rhythm::Hours(hours) => shifted(hours, self.shift[i], t),
            Rhythm::Sporadic { since, .. } => self.session(*since, i, t),
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
        let block_of = |t: SimTime| (t.0 + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        let none_below = away.begins.none_below();
        let mut found: Vec<(usize, Span)> = Vec::new();
        for number in block_of(SimTime(-LOOK_BACK_S)) - away.reach_blocks..=block_of(plan.horizon) {
            draw(simd, luck, &batch.keys, Purpose::Absence, number as u32, words);
            let mut begins = [false; BATCH];
            for i in 0..BATCH {
                begins[i] = low64(block(words, i)) >= none_below;
            }
            for i in (0..batch.count).filter(|&i| begins[i]) {
                let key = batch.key(i);
                let drawn = |n: u32| {
                    let draws = luck.block(key, Purpose::AbsenceSpan, n);
                    (draws[0], away.lasts.draw(luck, key, Purpose::AbsenceSpan, n, 1, draws))
                };
                let begins = (away, number, low64(block(words, i)));
                absences(begins, (plan.epoch_unix_s, plan.horizon), drawn, |span| found.push((i, span)));
            }
        }
        found.sort_by_key(|&(i, _)| i);
        let mut spans = Vec::new();
        for of_device in found.chunk_by(|a, b| a.0 == b.0) {
            spans.clear();
            spans.extend(kind.closed.iter().copied().chain(of_device.iter().map(|&(_, span)| span)));
            join(&mut spans);
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
                    (wakes[i], ends[i]) = daily(*on_s, on.shift[i], times[i]);
                }
            }
            Rhythm::Hours(hours) => {
                for i in 0..N {
                    (wakes[i], ends[i]) = shifted(hours, on.shift[i], times[i]);
                }
            }
            Rhythm::Sporadic { since, .. } => {
                for i in 0..N {
                    (wakes[i], ends[i]) = on.session(*since, i, times[i]);
                }
            }
        }
        if !on.away.is_empty() {
            on.back(kind, wakes, ends);
        }
    }
}

/// When a device that is on for `on_s` seconds a day, from `phase` on, is so at or after `t`, and until when.
/// `LONG_AGO_S` is a whole number of days.
#[inline(always)]
fn daily(on_s: i32, phase: i32, t: i32) -> (i32, i32) {
    let since = ((t - LONG_AGO_S as i32 - phase) as u32 % DAY as u32) as i32;
    let day = t - since + if since < on_s { 0 } else { DAY };
    (day.max(t), day + on_s)
}

/// The same for hours that are shifted.
#[inline(always)]
fn shifted(hours: &Hours, shift: i32, t: i32) -> (i32, i32) {
    let (from, to) = hours.next(t - shift);
    ((from + shift).max(t), to + shift)
}
