//! When a device is on: its hours or sessions, less its absences.
//!
//! *Invariant:* every answer costs a bounded number of draws, and any instant can be asked for, in any order.

use crate::{
    device::Device,
    draws::{Luck, Purpose, high64, low64},
    plan::{AWAY_BLOCK_S, Habit, HabitAtSite, Online, Plan},
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
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    away: Vec<(Span, AwayKind)>,
}

/// The on and off of one device.
#[derive(Debug)]
pub(crate) struct Presence<'a> {
    luck: &'a Luck,
    key: u64,
    habit: &'a Habit,
    at_site: &'a HabitAtSite,
    epoch_unix_s: i64,
    horizon: SimTime,
    /// Shift against the stated hours, or begin of the device's own day.
    shift_s: i64,
    sync_phase: u32,
    /// Sorted, disjoint.
    away: &'a mut Vec<(Span, AwayKind)>,
    /// On day and night and never away: the fast path.
    pub always: bool,
}

impl<'a> Presence<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        luck: &'a Luck,
        device: &Device<'_>,
        habit: &'a Habit,
        at_site: &'a HabitAtSite,
        scratch: &'a mut Scratch,
    ) -> Self {
        let block = luck.block(device.key, Purpose::Habit, habit.key);
        let shift_s = match habit.online {
            Online::Hours => habit.shift.draw(luck, device.key, Purpose::Habit, habit.key, 0, block),
            Online::Daily { .. } => (i64::from(block[1]) * DAY_S) >> 32,
            Online::Always | Online::Sporadic { .. } => 0,
        };
        scratch.away.clear();
        let mut presence = Presence {
            luck,
            key: device.key,
            habit,
            at_site,
            epoch_unix_s: plan.epoch_unix_s,
            horizon: plan.horizon,
            shift_s,
            sync_phase: block[3],
            away: &mut scratch.away,
            always: false,
        };
        presence.collect_away(device);
        presence.always = matches!(habit.online, Online::Always) && presence.away.is_empty();
        presence
    }

    fn collect_away(&mut self, device: &Device<'_>) {
        let habit = self.habit;
        if self.luck.toss(habit.no_heartbeat, self.key, Purpose::Silent, habit.key, false) {
            self.away.push((Span { from: SimTime::ALWAYS, to: SimTime::NEVER }, AwayKind::Gone));
            return;
        }
        if let Some(leaves) = &habit.never_back {
            // The stay is exponential, so its residual from the start of play has the same law.
            let stay = leaves.sample(self.luck, self.key, Purpose::Silent, habit.key, 2);
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
        let word = u64::from(self.luck.block(self.key, Purpose::Silent, self.habit.key)[3]);
        let share = low + ((((1 << 32) - low) * word) >> 32);
        let lasts = away.lasts.at(share as u32, || 1 << 31);
        (Span { from, to: from + lasts }, AwayKind::Absent)
    }

    fn collect_absences(&mut self) {
        let Some(away) = &self.habit.away else { return };
        let block_of = |t: SimTime| (t.0 + self.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        let begin = SimTime(-LOOK_BACK_S);
        for block in block_of(begin) - away.reach_blocks..=block_of(self.horizon) {
            let word = low64(self.luck.block(self.key, Purpose::Absence, block as u32));
            let count = away.begins.count(word);
            for i in 0..count {
                let n = (block as u32) << 4 | i;
                let draws = self.luck.block(self.key, Purpose::AbsenceSpan, n);
                let at = block * AWAY_BLOCK_S + ((i64::from(draws[0]) * AWAY_BLOCK_S) >> 32);
                let from = SimTime(at - self.epoch_unix_s);
                let lasts = away.lasts.draw(self.luck, self.key, Purpose::AbsenceSpan, n, 1, draws);
                if from + lasts > begin && from < self.horizon {
                    self.away.push((Span { from, to: from + lasts }, AwayKind::Absent));
                }
            }
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
    pub(crate) fn online(&self, t: SimTime) -> Option<Span> {
        if self.always {
            return Some(Span { from: t, to: SimTime::NEVER });
        }
        let mut t = t;
        loop {
            if t >= self.horizon {
                return None;
            }
            let base = self.hours(t)?;
            let from = base.from.max(t);
            let after = self.away.partition_point(|(span, _)| span.to <= from);
            match self.away.get(after) {
                Some((away, _)) if away.from <= from => t = away.to,
                Some((away, _)) if away.from < base.to => return Some(Span { from, to: away.from }),
                _ => return Some(Span { from, to: base.to }),
            }
        }
    }

    /// The stretch of the habit's hours that contains `t` or comes next, absences aside.
    fn hours(&self, t: SimTime) -> Option<Span> {
        match &self.habit.online {
            Online::Always => Some(Span { from: t, to: SimTime::NEVER }),
            Online::Hours => {
                let span = self.at_site.online.next(SimTime(t.0 - self.shift_s))?;
                Some(Span { from: span.from + self.shift_s, to: span.to + self.shift_s })
            }
            Online::Daily { on_s } => {
                let since = (t.0 - self.shift_s).rem_euclid(DAY_S);
                let day = SimTime(t.0 - since);
                let from = if since < *on_s { day } else { day + DAY_S };
                Some(Span { from, to: from + *on_s })
            }
            Online::Sporadic { day, session } => {
                // A session may reach over midnight, so the search begins the day before.
                let today = (t.0 + self.epoch_unix_s).div_euclid(DAY_S);
                let last = (self.horizon.0 + self.epoch_unix_s).div_euclid(DAY_S);
                let session = |d: i64| {
                    let block = self.luck.block(self.key, Purpose::Session, d as u32);
                    if !day.heads(low64(block)) {
                        return None;
                    }
                    let begin = d * DAY_S - self.epoch_unix_s + ((i64::from(block[2]) * DAY_S) >> 32);
                    let lasts = session.draw(self.luck, self.key, Purpose::Session, d as u32, 3, block);
                    Some(Span { from: SimTime(begin), to: SimTime(begin + lasts.max(1)) })
                };
                let first = |d: i64| Some((d, session(d).filter(|span| span.to > t)?));
                let (d, mut span) = (today - 1..=last).find_map(first)?;
                // The next day's session may begin before this one ends; then it is one stretch.
                for next in d + 1.. {
                    match session(next) {
                        Some(more) if more.from <= span.to => span.to = span.to.max(more.to),
                        _ => break,
                    }
                }
                Some(span)
            }
        }
    }

    /// The kind of absence at `t`, and how long (at most to `to`) that stays so.
    pub(crate) fn absence_at(&self, t: SimTime, to: SimTime) -> (SimTime, Option<AwayKind>) {
        match self.away.get(self.away.partition_point(|(span, _)| span.to <= t)) {
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

    /// Word of the device's phase in the policy-sync interval.
    pub(crate) fn sync_phase(&self) -> u32 {
        self.sync_phase
    }

    /// Word for the bandwidth of the device's link, with its second word.
    pub(crate) fn bandwidth(&self) -> i64 {
        let quantile = self.at_site.bandwidth.as_ref().unwrap_or(&self.habit.bandwidth);
        let block = self.luck.block(self.key, Purpose::Habit, self.habit.key);
        quantile.draw(self.luck, self.key, Purpose::Habit, self.habit.key, 2, block).max(1)
    }

    /// True if the habit's blocking coins fall that way: (policy conflict, too little disk).
    pub(crate) fn blocked(&self) -> (bool, bool) {
        let (habit, at) = (self.habit, self.habit.key);
        if habit.policy_conflict.is_never() && habit.little_disk.is_never() {
            return (false, false);
        }
        let block = self.luck.block(self.key, Purpose::Blocked, at);
        (habit.policy_conflict.heads(low64(block)), habit.little_disk.heads(high64(block)))
    }
}

/// How far before the first publication a device's scans and absences are followed.
pub(crate) const LOOK_BACK_S: i64 = 7 * DAY_S;
