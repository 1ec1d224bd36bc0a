//! When a device is on: its hours or sessions, less its absences.
//!
//! *Invariant:* every answer costs a bounded number of draws, and any instant can be asked for, in any order.

use std::cell::Cell;

use crate::{
    device::Device,
    draws::{Coin, Purpose, high64, low64},
    memo::Draws,
    plan::{AWAY_BLOCK_S, Away, Habit, HabitAtSite, Online, Plan},
    quantile::Quantile,
    time::{DAY_S, SimTime},
    windows::Span,
};

/// Why a device cannot be reached for longer than its hours explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AwayKind {
    /// On leave, or its site is closed; it comes back.
    Absent,
    /// A defect has it.
    Down,
    /// Silent since before the start, or gone for good.
    Gone,
}

/// Reusable memory for one worker, so that playing a life allocates nothing.
#[derive(Debug)]
pub(crate) struct Scratch {
    away: Vec<(Span, AwayKind)>,
    sessions: Box<Sessions>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { away: Vec::new(), sessions: Box::new([const { Cell::new((i64::MIN, None)) }; SESSIONS]) }
    }
}

/// Days since 1970 and the session of each, as far as they are known; every day has a place that it shares with others.
type Sessions = [Cell<(i64, Option<Span>)>; SESSIONS];
const SESSIONS: usize = 128;

/// A stretch of being on, and when it is the answer: to whoever asks from `since` on and before `until`.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    since: SimTime,
    from: SimTime,
    to: SimTime,
    until: SimTime,
}

impl Stretch {
    #[inline]
    fn answer(&self, t: SimTime) -> Option<Span> {
        (self.since <= t && t < self.until).then(|| Span { from: self.from.max(t), to: self.to })
    }
}

/// The answer to nobody.
const NO_STRETCH: Stretch =
    Stretch { since: SimTime::NEVER, from: SimTime::NEVER, to: SimTime::NEVER, until: SimTime::ALWAYS };

/// The on and off of one device.
#[derive(Debug)]
pub(crate) struct Presence<'a> {
    draws: Draws<'a>,
    habit: &'a Habit,
    at_site: &'a HabitAtSite,
    epoch_unix_s: i64,
    horizon: SimTime,
    /// Shift against the stated hours, or begin of the device's own day.
    shift_s: i64,
    sync_phase: u32,
    sessions: &'a Sessions,
    /// Sorted, disjoint.
    away: &'a mut Vec<(Span, AwayKind)>,
    /// What was answered last: many ask for the same stretch or a later instant in it.
    last: Cell<Stretch>,
    /// On day and night and never away: the fast path.
    pub always: bool,
}

impl<'a> Presence<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        draws: Draws<'a>,
        device: &Device<'_>,
        habit: &'a Habit,
        at_site: &'a HabitAtSite,
        scratch: &'a mut Scratch,
    ) -> Self {
        let block = draws.block(Purpose::Habit, habit.key);
        let shift_s = match habit.online {
            Online::Hours => draws.sample(&habit.shift, Purpose::Habit, habit.key, 0),
            Online::Daily { .. } => (i64::from(block[1]) * DAY_S) >> 32,
            Online::Always | Online::Sporadic { .. } => 0,
        };
        scratch.away.clear();
        if matches!(habit.online, Online::Sporadic { .. }) {
            scratch.sessions.iter().for_each(|day| day.set((i64::MIN, None)));
        }
        let mut presence = Presence {
            draws,
            habit,
            at_site,
            epoch_unix_s: plan.epoch_unix_s,
            horizon: plan.horizon,
            shift_s,
            sync_phase: block[3],
            sessions: &scratch.sessions,
            away: &mut scratch.away,
            last: Cell::new(NO_STRETCH),
            always: false,
        };
        presence.collect_away(device);
        presence.always = matches!(habit.online, Online::Always) && presence.away.is_empty();
        presence
    }

    fn collect_away(&mut self, device: &Device<'_>) {
        let habit = self.habit;
        if self.draws.toss(habit.no_heartbeat, Purpose::Silent, habit.key, false) {
            self.away.push((Span { from: SimTime::ALWAYS, to: SimTime::NEVER }, AwayKind::Gone));
            return;
        }
        if let Some(leaves) = &habit.never_back {
            // The stay is exponential, so its residual from the start of play has the same law.
            let stay = self.draws.sample(leaves, Purpose::Silent, habit.key, 2);
            if SimTime(stay) < self.horizon {
                self.away.push((Span { from: SimTime(stay), to: SimTime::NEVER }, AwayKind::Gone));
            }
        }
        if let Some(since) = device.listed.map(|l| l.away_for_s).filter(|&s| s > 0) {
            self.away.push(self.still_away(i64::from(since)));
        }
        for &span in self.at_site.closed.spans() {
            self.away.push((span, AwayKind::Absent));
        }
        self.collect_absences();
        if self.away.len() > 1 {
            self.join();
        }
    }

    /// A listed device last seen `since_s` before the start: back after the rest of an absence of that age,
    /// or gone where its habit has no absence that long.
    fn still_away(&self, since_s: i64) -> (Span, AwayKind) {
        let from = SimTime(-since_s);
        let gone = (Span { from, to: SimTime::NEVER }, AwayKind::Gone);
        let Some(away) = &self.habit.away else { return gone };
        // The length given that it exceeds the age: the quantile at a share uniform above F(age).
        let (mut low, mut high) = (0_u64, 1_u64 << 32);
        while low < high {
            let middle = (low + high) / 2;
            if away.lasts.at(middle as u32, || 1 << 31) > since_s { high = middle } else { low = middle + 1 }
        }
        if low >= 1 << 32 {
            return gone;
        }
        let word = u64::from(self.draws.block(Purpose::Silent, self.habit.key)[3]);
        let share = low + ((((1 << 32) - low) * word) >> 32);
        let lasts = away.lasts.at(share as u32, || 1 << 31);
        (Span { from, to: from + lasts }, AwayKind::Absent)
    }

    fn collect_absences(&mut self) {
        let Some(away) = &self.habit.away else { return };
        let block_of = |t: SimTime| (t.0 + self.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        let begin = SimTime(-LOOK_BACK_S);
        for block in block_of(begin) - away.reach_blocks..=block_of(self.horizon) {
            let word = low64(self.draws.once(Purpose::Absence, block as u32));
            let drawn = |n: u32| {
                let draws = self.draws.once(Purpose::AbsenceSpan, n);
                (draws[0], self.draws.of(&away.lasts, draws, Purpose::AbsenceSpan, n, 1))
            };
            absences((away, block, word), (self.epoch_unix_s, self.horizon), drawn, |span| {
                self.away.push((span, AwayKind::Absent));
            });
        }
    }

    /// Sorts and joins the absences; where one that ends meets one that does not, the latter wins.
    fn join(&mut self) {
        self.away.sort_by_key(|(span, _)| (span.from, span.to));
        let mut kept = 0;
        for i in 1..self.away.len() {
            let (span, kind) = self.away[i];
            let last = &mut self.away[kept];
            if kind == AwayKind::Gone && last.1 == AwayKind::Absent {
                // The absence ends where the device goes for good.
                last.0.to = last.0.to.min(span.from).max(last.0.from);
                kept += 1;
                self.away[kept] = (span, kind);
            } else if span.from <= last.0.to {
                last.0.to = last.0.to.max(span.to);
            } else {
                kept += 1;
                self.away[kept] = (span, kind);
            }
        }
        self.away.truncate(kept + 1);
    }

    /// The device is down over `[from, to)`, whatever else it would be.
    pub(crate) fn go_down(&mut self, from: SimTime, to: SimTime) {
        self.always = false;
        self.last.set(NO_STRETCH);
        let mut kept = Vec::with_capacity(self.away.len() + 2);
        for &(span, kind) in self.away.iter() {
            kept.push((Span { from: span.from, to: span.to.min(from) }, kind));
            kept.push((Span { from: span.from.max(to), to: span.to }, kind));
        }
        kept.push((Span { from, to }, AwayKind::Down));
        kept.retain(|(span, _)| span.from < span.to);
        kept.sort_unstable_by_key(|(span, _)| span.from);
        *self.away = kept;
    }

    /// The first stretch online that has not ended at `t`: it begins at `t` if the device is on, else when it
    /// next wakes up. `None` if it never does (before the horizon).
    #[inline]
    pub(crate) fn online(&self, t: SimTime) -> Option<Span> {
        if self.always {
            return Some(Span { from: t, to: SimTime::NEVER });
        }
        self.last.get().answer(t).or_else(|| self.look_up(t))
    }

    #[inline(never)]
    fn look_up(&self, t: SimTime) -> Option<Span> {
        let mut at = t;
        loop {
            if at >= self.horizon {
                return None;
            }
            let base = self.hours(at)?;
            let from = base.from.max(at);
            // The end of the absence before, and the begin of the one after.
            let (mut back, mut leaves) = (SimTime::ALWAYS, SimTime::NEVER);
            for (away, _) in self.away.iter() {
                if away.to > from {
                    (leaves, at) = (away.from, away.to);
                    break;
                }
                back = away.to;
            }
            if leaves <= from {
                continue;
            }
            let to = base.to.min(leaves);
            self.last.set(Stretch {
                since: base.since.max(back).min(t),
                from: base.from.max(back),
                to,
                until: base.until.min(to).min(self.horizon),
            });
            return Some(Span { from, to });
        }
    }

    /// The stretch of the habit's hours that contains `t` or comes next, absences aside.
    #[inline]
    fn hours(&self, t: SimTime) -> Option<Stretch> {
        match &self.habit.online {
            Online::Always => Some(Stretch {
                since: SimTime::ALWAYS,
                from: SimTime::ALWAYS,
                to: SimTime::NEVER,
                until: SimTime::NEVER,
            }),
            Online::Hours => {
                let (before, span) = self.at_site.online.around(SimTime(t.0 - self.shift_s))?;
                let to = span.to + self.shift_s;
                Some(Stretch { since: before + self.shift_s, from: span.from + self.shift_s, to, until: to })
            }
            Online::Daily { on_s } => {
                let since = (t.0 - self.shift_s).rem_euclid(DAY_S);
                let day = SimTime(t.0 - since);
                let from = if since < *on_s { day } else { day + DAY_S };
                let to = from + *on_s;
                Some(Stretch { since: SimTime(to.0 - DAY_S), from, to, until: to })
            }
            Online::Sporadic { day, session } => self.sessions(*day, session, t),
        }
    }

    /// The session that has not ended at `t`, with those that begin before it ends.
    #[inline(never)]
    fn sessions(&self, day: Coin, session: &Quantile, t: SimTime) -> Option<Stretch> {
        let on = |d: i64| {
            let kept = &self.sessions[d as usize % SESSIONS];
            let (of, known) = kept.get();
            if of == d {
                return known;
            }
            let block = self.draws.once(Purpose::Session, d as u32);
            let drawn = day.heads(low64(block)).then(|| {
                let begin = d * DAY_S - self.epoch_unix_s + ((i64::from(block[2]) * DAY_S) >> 32);
                let lasts = self.draws.of(session, block, Purpose::Session, d as u32, 3);
                Span { from: SimTime(begin), to: SimTime(begin + lasts.max(1)) }
            });
            kept.set((d, drawn));
            drawn
        };
        // A session may reach over midnight, so the search begins the day before.
        let today = (t.0 + self.epoch_unix_s).div_euclid(DAY_S);
        let last = (self.horizon.0 + self.epoch_unix_s).div_euclid(DAY_S);
        let midnight = SimTime(today * DAY_S - self.epoch_unix_s);
        let mut since = midnight;
        for d in today - 1..=last {
            let Some(mut span) = on(d) else { continue };
            if span.to <= t {
                since = since.max(span.to);
                continue;
            }
            let mut longest = span.to - span.from;
            // The next day's session may begin before this one ends; then it is one stretch.
            for next in d + 1.. {
                match on(next) {
                    Some(more) if more.from <= span.to => {
                        longest = longest.max(more.to - more.from);
                        span.to = span.to.max(more.to);
                    }
                    _ => break,
                }
            }
            // After midnight one that lasts for days is not found any more.
            let until = if longest <= DAY_S { span.to } else { midnight + DAY_S };
            return Some(Stretch { since, from: span.from, to: span.to, until });
        }
        None
    }

    /// The kind of absence at `t`, and how long (at most to `to`) that stays so.
    pub(crate) fn absence_at(&self, t: SimTime, to: SimTime) -> (SimTime, Option<AwayKind>) {
        match self.away.iter().find(|(span, _)| span.to > t) {
            Some((span, kind)) if span.from <= t => (span.to.min(to), Some(*kind)),
            Some((span, _)) => (span.from.min(to), None),
            None => (to, None),
        }
    }

    /// The end of `seconds` of work that goes on only while the device is on, begun at `t`; every stretch of
    /// work is passed to `stretch`. `None` if it is never done.
    pub(crate) fn work(
        &self,
        t: SimTime,
        seconds: i64,
        mut stretch: impl FnMut(SimTime, SimTime),
    ) -> Option<SimTime> {
        let (mut t, mut left) = (t, seconds);
        loop {
            let span = self.online(t)?;
            if span.to - span.from >= left {
                stretch(span.from, span.from + left);
                return Some(span.from + left);
            }
            stretch(span.from, span.to);
            left -= span.to - span.from;
            t = span.to;
        }
    }

    /// The first instant at which the device has been online `total_s` seconds since `from`, `continuous_s` of
    /// them in one piece; `None` if that does not happen before `until`.
    pub(crate) fn connected(
        &self,
        from: SimTime,
        total_s: i64,
        continuous_s: i64,
        until: SimTime,
    ) -> Option<SimTime> {
        let (mut t, mut total, mut piece) = (from, 0, None);
        while t < until {
            let span = self.online(t)?;
            let length = span.to - span.from;
            if piece.is_none() && length >= continuous_s {
                piece = Some(span.from + continuous_s);
            }
            if total + length >= total_s
                && let Some(piece) = piece
            {
                let done = piece.max(span.from + (total_s - total).max(0));
                return (done <= until).then_some(done);
            }
            total += length;
            t = span.to;
        }
        None
    }

    /// True if it has no absence at all.
    pub(crate) fn is_never_away(&self) -> bool {
        self.away.is_empty()
    }

    /// Word of the device's phase in the policy-sync interval.
    pub(crate) fn sync_phase(&self) -> u32 {
        self.sync_phase
    }

    /// Word for the bandwidth of the device's link, with its second word.
    pub(crate) fn bandwidth(&self) -> i64 {
        let quantile = self.at_site.bandwidth.as_ref().unwrap_or(&self.habit.bandwidth);
        self.draws.sample(quantile, Purpose::Habit, self.habit.key, 2).max(1)
    }

    /// True if the habit's blocking coins fall that way: (policy conflict, too little disk).
    pub(crate) fn blocked(&self) -> (bool, bool) {
        let (habit, at) = (self.habit, self.habit.key);
        if habit.policy_conflict.is_never() && habit.little_disk.is_never() {
            return (false, false);
        }
        let block = self.draws.block(Purpose::Blocked, at);
        (habit.policy_conflict.heads(low64(block)), habit.little_disk.heads(high64(block)))
    }
}

/// Tells the absences that begin in a block of a device, whose `word` says how many, as far as they matter for play;
/// `drawn` has the word for the begin and the length of the one of this number.
#[inline]
pub(crate) fn absences(
    (away, block, word): (&Away, i64, u64),
    (epoch_unix_s, horizon): (i64, SimTime),
    drawn: impl Fn(u32) -> (u32, i64),
    mut tell: impl FnMut(Span),
) {
    for i in 0..away.begins.count(word) {
        let (place, lasts) = drawn((block as u32) << 4 | i);
        let at = block * AWAY_BLOCK_S + ((i64::from(place) * AWAY_BLOCK_S) >> 32);
        let from = SimTime(at - epoch_unix_s);
        let to = from + lasts;
        if to.0 > -LOOK_BACK_S && from < horizon {
            tell(Span { from, to });
        }
    }
}

/// How far before the first publication a device's scans and absences are followed.
pub(crate) const LOOK_BACK_S: i64 = 7 * DAY_S;
