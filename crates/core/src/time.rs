//! Whole seconds from the publication of the first release.
//!
//! Civil time (zones, Patch Tuesday, working hours) is resolved outside the engine; inside, an instant is
//! one integer and a length of time is a plain `i64` whose name ends in `_s`.

use std::{
    fmt,
    ops::{Add, Sub},
};

/// Seconds in an hour.
pub const HOUR_S: i64 = 3_600;
/// Seconds in a day.
pub const DAY_S: i64 = 86_400;

/// An instant: seconds since the first publication of the plan (negative before it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub i64);

impl SimTime {
    /// Later than anything that happens; used for 'until further notice'.
    pub const NEVER: SimTime = SimTime(i64::MAX / 4);
    /// Earlier than anything that happens.
    pub const ALWAYS: SimTime = SimTime(-(i64::MAX / 4));

    /// `days` whole days after the first publication.
    pub const fn from_days(days: i64) -> Self {
        SimTime(days * DAY_S)
    }

    /// `hours` whole hours after the first publication.
    pub const fn from_hours(hours: i64) -> Self {
        SimTime(hours * HOUR_S)
    }
}

impl Add<i64> for SimTime {
    type Output = SimTime;
    fn add(self, seconds: i64) -> SimTime {
        SimTime(self.0 + seconds)
    }
}

impl Sub for SimTime {
    type Output = i64;
    fn sub(self, other: SimTime) -> i64 {
        self.0 - other.0
    }
}

impl fmt::Display for SimTime {
    /// `day 3 07:30:00`, counted from the first publication.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, s) = (self.0.div_euclid(DAY_S), self.0.rem_euclid(DAY_S));
        write!(f, "day {day} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}
