//! Recurring hours as a table by day, for a look-up without a branch.

use crate::{
    time::{DAY_S, SimTime},
    windows::Windows,
};

use super::kind::{FAR_S, LONG_AGO_S};

/// At most one stretch in each day of 24 hours, days counted from a second between the stretches; daylight saving moves
/// them within it. Times from a day after [`LONG_AGO_S`] to a day after the horizon can be asked for: hours may be shifted
/// by less than a day.
#[derive(Debug)]
pub(super) struct Hours {
    /// Days begin so many seconds before second 0.
    shift: i32,
    /// For each day, the first stretch that ends after the day begins; begin and end are [`NEVER`] after the last one.
    from: Box<[i32; DAYS]>,
    to: Box<[i32; DAYS]>,
}

/// Days that a table holds: a power of two, so that no look-up checks its bounds.
const DAYS: usize = 1_024;

const DAY: i32 = DAY_S as i32;

/// Beyond `FAR_S` even if it is shifted by a day.
const NEVER: i32 = FAR_S as i32 + 2 * DAY;

impl Hours {
    /// The hours up to `horizon`; `None` if some day would hold more than one stretch, or there are too many days.
    pub(super) fn new(windows: &Windows, horizon: SimTime) -> Option<Self> {
        (0..24).map(|hour| hour * 3_600).find_map(|hour| Self::shifted(windows, horizon, hour - LONG_AGO_S))
    }

    fn shifted(windows: &Windows, horizon: SimTime, shift: i64) -> Option<Self> {
        let day_of = |t: i64| (t + shift).div_euclid(DAY_S) as usize;
        let last = horizon.0 + DAY_S;
        // One more day, where those who have seen the last stretch of a day look for the next.
        if day_of(last) + 2 > DAYS {
            return None;
        }
        let (mut from, mut to) = (Box::new([NEVER; DAYS]), Box::new([NEVER; DAYS]));
        let mut filled = 0;
        for span in windows.spans() {
            let (begin, end) = (span.from.0.max(-shift), span.to.0.min(last + 1));
            if begin >= end {
                continue;
            }
            let day = day_of(begin);
            if day_of(end - 1) != day || filled > day {
                return None;
            }
            from[filled..=day].fill(begin as i32);
            to[filled..=day].fill(end as i32);
            filled = day + 1;
        }
        Some(Self { shift: shift as i32, from, to })
    }

    /// Begin and end of the stretch that contains `t` or comes next.
    #[inline(always)]
    pub(super) fn next(&self, t: i32) -> (i32, i32) {
        let day = self.day(t);
        // The mask never does anything, but it shows that the day is there.
        let day = (day + usize::from(t >= self.to[day])) & (DAYS - 1);
        (self.from[day], self.to[day])
    }

    /// Bytes that a table takes.
    pub(super) const BYTES: u64 = 2 * DAYS as u64 * 4;

    /// True if `t` lies in a stretch.
    #[inline(always)]
    pub(super) fn contain(&self, t: i32) -> bool {
        let day = self.day(t);
        (self.from[day] <= t) & (t < self.to[day])
    }

    #[inline(always)]
    fn day(&self, t: i32) -> usize {
        ((t + self.shift) as u32 / DAY as u32).min(DAYS as u32 - 2) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::Span;

    #[test]
    fn they_are_the_windows() {
        let horizon = SimTime::from_days(9);
        // Nine hours a day from before second 0 on, over midnight, an hour earlier from day 4 on, with a free day.
        let span = |day: i64| {
            let from = day * DAY_S + if day < 4 { 20 } else { 19 } * 3_600;
            Span { from: SimTime(from), to: SimTime(from + 9 * 3_600) }
        };
        let windows = Windows::new((-12..12).filter(|&day| day != 6 && day != -3).map(span).collect());
        let hours = Hours::new(&windows, horizon).expect("one stretch a day");
        for t in (LONG_AGO_S + DAY_S..horizon.0).step_by(599) {
            assert_eq!(hours.contain(t as i32), windows.contains(SimTime(t)), "{t}");
            let (from, to) = hours.next(t as i32);
            let next = windows.next(SimTime(t)).expect("they go on");
            assert_eq!(SimTime(i64::from(from)), next.from, "{t}");
            assert_eq!(SimTime(i64::from(to)), next.to.min(horizon + (DAY_S + 1)), "{t}");
        }
        let twice =
            [8, 13, 32, 37].map(|from| Span { from: SimTime(from * 3_600), to: SimTime((from + 4) * 3_600) });
        assert!(Hours::new(&Windows::new(twice.to_vec()), horizon).is_none());
        let never = Hours::new(&Windows::default(), horizon).expect("none is not more than one");
        assert!(!never.contain(0) && !never.contain(86_400));
        assert_eq!(hours.next(FAR_S as i32), (NEVER, NEVER));
    }
}
