//! When a device is on, as one plain list of stretches.

use rollcast_core::{
    draws::{Luck, Purpose, high64, low64},
    plan::{AWAY_BLOCK_S, Away, Fleet, Habit, HabitAtSite, Online, Plan},
    time::{DAY_S, SimTime},
    windows::Span,
};

/// How far around the play a device's hours are written down.
const BEFORE_S: i64 = 14 * DAY_S;
const AFTER_S: i64 = 3 * DAY_S;

/// Stretches in which the device is on: sorted, disjoint, not touching.
#[derive(Debug)]
pub struct Hours {
    on: Vec<Span>,
    /// On day and night, and never away while the rollout is played.
    pub always: bool,
}

impl Hours {
    pub fn of(plan: &Plan, luck: &Luck, key: u64, index: u64, habit: &Habit, at_site: &HabitAtSite) -> Self {
        let (begin, end) = (SimTime(-BEFORE_S), plan.horizon + AFTER_S);
        let block = luck.block(key, Purpose::Habit, habit.key);
        let first_day = (begin.0 + plan.epoch_unix_s).div_euclid(DAY_S);
        let last_day = (end.0 + plan.epoch_unix_s).div_euclid(DAY_S);
        let on: Vec<Span> = match &habit.online {
            Online::Always => vec![Span { from: SimTime::ALWAYS, to: SimTime::NEVER }],
            Online::Hours => {
                let shift = habit.shift.draw(luck, key, Purpose::Habit, habit.key, 0, block);
                let spans = at_site.online.spans().iter();
                spans.map(|s| Span { from: s.from + shift, to: s.to + shift }).collect()
            }
            Online::Daily { on_s } => {
                let phase = (i64::from(block[1]) * DAY_S) >> 32;
                let days = -BEFORE_S / DAY_S..=end.0 / DAY_S + 1;
                let from = |day: i64| SimTime(day * DAY_S + phase);
                days.map(|day| Span { from: from(day), to: from(day) + *on_s }).collect()
            }
            Online::Sporadic { day, session } => (first_day..=last_day)
                .filter_map(|d| {
                    let block = luck.block(key, Purpose::Session, d as u32);
                    let at = d * DAY_S - plan.epoch_unix_s + ((i64::from(block[2]) * DAY_S) >> 32);
                    let lasts = session.draw(luck, key, Purpose::Session, d as u32, 3, block).max(1);
                    let span = Span { from: SimTime(at), to: SimTime(at + lasts) };
                    day.heads(low64(block)).then_some(span)
                })
                .collect(),
        };
        let away = absences(plan, luck, key, index, habit, at_site);
        let always = matches!(habit.online, Online::Always) && away.is_empty();
        let mut hours = Self { on: join(on), always };
        for span in away {
            hours.cut(span.from, span.to);
        }
        hours
    }

    /// The device is off over `[from, to)`.
    pub fn cut(&mut self, from: SimTime, to: SimTime) {
        let before = self.on.iter().map(|s| Span { from: s.from, to: s.to.min(from) });
        let after = self.on.iter().map(|s| Span { from: s.from.max(to), to: s.to });
        self.on = join(before.chain(after).collect());
    }

    pub fn is_on(&self, t: SimTime) -> bool {
        self.on.iter().any(|s| s.contains(t))
    }

    /// The stretch that `t` lies in, else the next one.
    pub fn stretch(&self, t: SimTime) -> Option<Span> {
        self.on.get(self.on.partition_point(|s| s.to <= t)).copied()
    }

    /// The first instant from `t` on at which the device is on.
    pub fn next_on(&self, t: SimTime) -> Option<SimTime> {
        self.stretch(t).map(|s| s.from.max(t))
    }

    /// When `seconds` of work begun at `t` are done, if they are done only while the device is on.
    pub fn worked(&self, t: SimTime, seconds: i64) -> Option<SimTime> {
        let mut left = seconds;
        for span in &self.on[self.on.partition_point(|s| s.to <= t)..] {
            let from = span.from.max(t);
            if span.to - from >= left {
                return Some(from + left);
            }
            left -= span.to - from;
        }
        None
    }

    /// When the device has been on for `total` seconds since `t`, and for `piece` seconds without a break.
    pub fn connected(&self, t: SimTime, total: i64, piece: i64) -> Option<SimTime> {
        let all = self.worked(t, total)?;
        let spans = &self.on[self.on.partition_point(|s| s.to <= t)..];
        let long = spans.iter().find(|s| s.to - s.from.max(t) >= piece)?;
        Some(all.max(long.from.max(t) + piece))
    }
}

fn join(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|s| s.from < s.to);
    spans.sort_by_key(|s| (s.from, s.to));
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => joined.push(span),
        }
    }
    joined
}

fn absences(
    plan: &Plan,
    luck: &Luck,
    key: u64,
    index: u64,
    habit: &Habit,
    at_site: &HabitAtSite,
) -> Vec<Span> {
    let silent = luck.block(key, Purpose::Silent, habit.key);
    if habit.no_heartbeat.heads(low64(silent)) {
        return vec![Span { from: SimTime::ALWAYS, to: SimTime::NEVER }];
    }
    let mut all: Vec<Span> = at_site.closed.spans().to_vec();
    if let Some(leaves) = &habit.never_back {
        let at = SimTime(leaves.draw(luck, key, Purpose::Silent, habit.key, 2, silent));
        all.push(Span { from: at, to: SimTime::NEVER });
    }
    if let Fleet::Listed(listed) = &plan.fleet {
        let age = i64::from(listed.facts[index as usize].away_for_s);
        if age > 0 {
            let rest = habit.away.as_ref().and_then(|away| rest_of_absence(away, age, silent[3]));
            all.push(Span {
                from: SimTime(-age),
                to: rest.map_or(SimTime::NEVER, |lasts| SimTime(lasts - age)),
            });
        }
    }
    if let Some(away) = &habit.away {
        let block_of = |t: i64| (t + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
        for number in block_of(-7 * DAY_S) - away.reach_blocks..=block_of(plan.horizon.0) {
            let count = away.begins.count(low64(luck.block(key, Purpose::Absence, number as u32)));
            for i in 0..count {
                let n = (number as u32) << 4 | i;
                let draws = luck.block(key, Purpose::AbsenceSpan, n);
                let place = (i64::from(draws[0]) * AWAY_BLOCK_S) >> 32;
                let from = SimTime(number * AWAY_BLOCK_S + place - plan.epoch_unix_s);
                let lasts = away.lasts.draw(luck, key, Purpose::AbsenceSpan, n, 1, draws);
                all.push(Span { from, to: from + lasts });
            }
        }
    }
    // What was over a week before the start, or comes after the end, is nobody's absence.
    all.retain(|s| s.to > SimTime(-7 * DAY_S) && s.from < plan.horizon);
    all
}

/// The length of an absence that is known to be longer than `age`, for a uniform word.
fn rest_of_absence(away: &Away, age: i64, word: u32) -> Option<i64> {
    // The first word whose absence is that long, bit by bit from the top.
    let mut shorter = 0_u64;
    for bit in (0..32).rev() {
        let upto = shorter + (1 << bit);
        if away.lasts.at((upto - 1) as u32, || 1 << 31) <= age {
            shorter = upto;
        }
    }
    if shorter == (1 << 32) - 1 && away.lasts.at(u32::MAX, || 1 << 31) <= age {
        return None;
    }
    let longer = (1_u64 << 32) - shorter;
    Some(away.lasts.at((shorter + ((longer * u64::from(word)) >> 32)) as u32, || 1 << 31))
}

/// (policy conflict, too little disk).
pub fn blocked(luck: &Luck, key: u64, habit: &Habit) -> (bool, bool) {
    let block = luck.block(key, Purpose::Blocked, habit.key);
    (habit.policy_conflict.heads(low64(block)), habit.little_disk.heads(high64(block)))
}
