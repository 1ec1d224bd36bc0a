//! Recurring hours as a table by day, for a look-up without a branch.

use crate::{
    time::{DAY_S, SimTime},
    windows::Windows,
};

/// One stretch in each day of 24 hours, days counted from a second between the stretches; daylight saving moves them
/// within it.
#[derive(Debug)]
pub(super) struct Hours {
    /// Days begin so many seconds before second 0.
    shift: i32,
    /// Begin and length of the stretch of each day; length 0: none.
    from: Vec<i32>,
    length: Vec<u32>,
}

const DAY: i32 = DAY_S as i32;

impl Hours {
    /// The hours from second 0 up to `horizon`; `None` if some day would hold more than one stretch.
    pub(super) fn new(windows: &Windows, horizon: SimTime) -> Option<Self> {
        (0..24).map(|hour| hour * 3_600).find_map(|shift| Self::shifted(windows, horizon, shift))
    }

    fn shifted(windows: &Windows, horizon: SimTime, shift: i64) -> Option<Self> {
        let day_of = |t: i64| (t + shift).div_euclid(DAY_S);
        let days = day_of(horizon.0) as usize + 1;
        let mut hours = Self { shift: shift as i32, from: vec![0; days], length: vec![0; days] };
        for span in windows.spans() {
            let (from, to) = (span.from.0.max(0), span.to.0.min(horizon.0));
            if from >= to {
                continue;
            }
            let day = day_of(from) as usize;
            if day_of(to - 1) as usize != day || hours.length[day] > 0 {
                return None;
            }
            (hours.from[day], hours.length[day]) = (from as i32, (to - from) as u32);
        }
        Some(hours)
    }

    /// True if `t` lies in a stretch; `t` is not negative.
    #[inline(always)]
    pub(super) fn contain(&self, t: i32) -> bool {
        let day = ((t + self.shift) as u32 / DAY as u32) as usize;
        let day = day.min(self.from.len() - 1);
        ((t - self.from[day]) as u32) < self.length[day]
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
        let windows = Windows::new((-2..12).filter(|&day| day != 6).map(span).collect());
        let hours = Hours::new(&windows, horizon).expect("one stretch a day");
        for t in (0..horizon.0).step_by(599) {
            assert_eq!(hours.contain(t as i32), windows.contains(SimTime(t)), "{t}");
        }
        let twice =
            [8, 13, 32, 37].map(|from| Span { from: SimTime(from * 3_600), to: SimTime((from + 4) * 3_600) });
        assert!(Hours::new(&Windows::new(twice.to_vec()), horizon).is_none());
        let never = Hours::new(&Windows::default(), horizon).expect("none is not more than one");
        assert!(!never.contain(0) && !never.contain(86_400));
    }
}
