//! Times of the day and windows that recur every week.

use std::{fmt, str::FromStr};

use super::{ScalarError, leaf, shorten};

const DAY_S: i64 = 86_400;
/// Seconds in a week; a week starts on Monday at 00:00.
pub const WEEK_S: i64 = 7 * DAY_S;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A time of the day in seconds: `08:00`; `24:00` is the day's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(i64);

/// A span of the day: `08:00 to 17:00`, or over midnight `22:00 to 04:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Start, in seconds of the day.
    pub start_s: i64,
    /// Length in seconds, above 0 and at most a day.
    pub length_s: i64,
}

/// Windows that recur every week: `Fri 17:00 to Mon 06:00`, `Mon-Fri 07:00 to 19:00`, `workdays 08:00 to 17:00`,
/// `weekends 00:00 to 24:00`, `daily 22:00 to 04:00`, `always`, several joined by ` and `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// The windows as written.
    pub windows: Vec<Window>,
}

/// One window on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The days on which it starts: bit 0 is Monday.
    pub days: u8,
    /// Start, in seconds of the day.
    pub start_s: i64,
    /// Length in seconds, above 0 and below a week unless it is all of it.
    pub length_s: i64,
}

impl TimeOfDay {
    /// Seconds since midnight, 0 to 86400.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: &str| {
            ScalarError::new(
                "RC129",
                format!("`{}` is not a time of day: {why}", shorten(text)),
                "write hours and minutes from `00:00` to `24:00`, as in `08:00`",
            )
        };
        let trimmed = text.trim();
        let lower = trimmed.to_ascii_lowercase();
        if lower.ends_with("am") || lower.ends_with("pm") {
            return Err(fail("the day has 24 hours here"));
        }
        let Some((hour, minute)) = trimmed.split_once(':') else {
            return Err(fail("it is not written as `HH:MM`"));
        };
        let number = |part: &str| {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<i64>().ok())
                .flatten()
        };
        match (number(hour), number(minute)) {
            (Some(hour), Some(minute)) if hour < 24 && minute < 60 => {
                Ok(TimeOfDay(hour * 3_600 + minute * 60))
            }
            (Some(24), Some(0)) => Ok(TimeOfDay(DAY_S)),
            (Some(_), Some(_)) => Err(fail("no clock shows it")),
            _ => Err(fail("it is not written as `HH:MM`")),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 3_600, self.0 / 60 % 60)
    }
}

leaf!(TimeOfDay, "TimeOfDay", "a time of day such as `08:00`", {
    "type": "string",
    "description": "A time of the day.",
    "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
    "examples": ["08:00", "17:30"],
});

/// Length from start to end; an end at or before the start is on the next day.
fn length(start: TimeOfDay, end: TimeOfDay) -> i64 {
    if end.0 > start.0 { end.0 - start.0 } else { end.0 + DAY_S - start.0 }
}

fn end_of(start_s: i64, length_s: i64) -> TimeOfDay {
    let end = (start_s + length_s) % DAY_S;
    TimeOfDay(if end == 0 { DAY_S } else { end })
}

impl FromStr for Hours {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: String| {
            ScalarError::new(
                "RC129",
                format!("`{}` is not a span of the day: {why}", shorten(text)),
                "write it as in `08:00 to 17:00`",
            )
        };
        let Some((start, end)) = text.split_once(" to ") else {
            return Err(fail("` to ` is missing".into()));
        };
        let start: TimeOfDay = start.parse()?;
        let end: TimeOfDay = end.parse()?;
        if start.0 == DAY_S {
            return Err(fail("it starts at `24:00`, which is the next day's `00:00`".into()));
        }
        if start == end {
            return Err(fail("it starts and ends at the same time".into()));
        }
        Ok(Hours { start_s: start.0, length_s: length(start, end) })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", TimeOfDay(self.start_s), end_of(self.start_s, self.length_s))
    }
}

leaf!(Hours, "Hours", "a span of the day such as `08:00 to 17:00`", {
    "type": "string",
    "description": "A span of the day; it may run over midnight.",
    "pattern": r"^\d{2}:\d{2} to \d{2}:\d{2}$",
    "examples": ["08:00 to 17:00", "22:00 to 04:00"],
});

impl Week {
    /// All week.
    pub fn always() -> Self {
        Week { windows: vec![Window { days: 0x7F, start_s: 0, length_s: DAY_S }] }
    }

    /// The same as sorted, disjoint spans (start, end) of the week in seconds, none longer than the week; one that
    /// runs over Sunday midnight is split there.
    pub fn spans(&self) -> Vec<(i64, i64)> {
        let mut spans = Vec::new();
        for window in &self.windows {
            for day in (0..7).filter(|day| window.days >> day & 1 == 1) {
                let start = day * DAY_S + window.start_s;
                let end = start + window.length_s;
                spans.push((start, end.min(WEEK_S)));
                if end > WEEK_S {
                    spans.push((0, end - WEEK_S));
                }
            }
        }
        spans.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (start, end) in spans {
            match merged.last_mut() {
                Some((_, last)) if start <= *last => *last = end.max(*last),
                _ => merged.push((start, end)),
            }
        }
        merged
    }

    /// Whether a second of the week (from Monday 00:00) lies in a window.
    pub fn contains(&self, second: i64) -> bool {
        let second = second.rem_euclid(WEEK_S);
        self.spans().iter().any(|&(start, end)| start <= second && second < end)
    }
}

impl FromStr for Week {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "always" {
            return Ok(Week::always());
        }
        let windows = text.split(" and ").map(|part| window(text, part.trim())).collect::<Result<_, _>>()?;
        Ok(Week { windows })
    }
}

fn window(text: &str, part: &str) -> Result<Window, ScalarError> {
    let fail = |why: String| {
        ScalarError::new(
            "RC130",
            format!("`{}` is not a weekly window: {why}", shorten(text)),
            "write it as in `Mon-Fri 08:00 to 17:00`, `Fri 17:00 to Mon 06:00`, `workdays 08:00 to 17:00` or `daily 22:00 to 04:00`",
        )
    };
    let Some((start, end)) = part.split_once(" to ") else {
        return Err(fail("` to ` is missing".into()));
    };
    let Some((days_text, start)) = start.trim().rsplit_once(' ') else {
        return Err(fail("the days are missing".into()));
    };
    let at = |time: &str| time.trim().parse::<TimeOfDay>().map_err(|error| fail(error.message));
    let start = at(start)?;
    if start.0 == DAY_S {
        return Err(fail("it starts at `24:00`, which is the next day's `00:00`".into()));
    }
    let days =
        days(days_text.trim()).ok_or_else(|| fail(format!("`{}` names no days", shorten(days_text))))?;
    let Some((end_day, end)) = end.trim().rsplit_once(' ') else {
        let end = at(end)?;
        if end == start {
            return Err(fail("it starts and ends at the same time".into()));
        }
        return Ok(Window { days, start_s: start.0, length_s: length(start, end) });
    };
    let (Some(first), Some(last)) = (single(days), weekday(end_day.trim())) else {
        return Err(fail("a window with a day at its end starts on one day too".into()));
    };
    let length_s = ((last as i64 - first as i64) * DAY_S + at(end)?.0 - start.0).rem_euclid(WEEK_S);
    if length_s == 0 {
        return Err(fail("it starts and ends at the same time; write `always` for the whole week".into()));
    }
    Ok(Window { days, start_s: start.0, length_s })
}

fn weekday(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    (0..7).find(|&day| lower == LONG_DAYS[day] || lower == LONG_DAYS[day][..3])
}

fn single(days: u8) -> Option<usize> {
    (days.count_ones() == 1).then(|| days.trailing_zeros() as usize)
}

fn days(text: &str) -> Option<u8> {
    match text {
        "daily" => return Some(0x7F),
        "workdays" => return Some(0x1F),
        "weekends" => return Some(0x60),
        _ => {}
    }
    let Some((first, last)) = text.split_once('-') else { return weekday(text).map(|day| 1 << day) };
    let (first, last) = (weekday(first.trim())?, weekday(last.trim())?);
    let count = (last + 7 - first) % 7 + 1;
    Some((first..first + count).fold(0, |days, day| days | 1 << (day % 7)))
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = TimeOfDay(self.start_s);
        let end = end_of(self.start_s, self.length_s);
        if (self.length_s > DAY_S || self.length_s == DAY_S && self.start_s != 0)
            && let Some(first) = single(self.days)
        {
            // An end at 24:00 belongs to the day that it ends.
            let last = (first as i64 + (self.start_s + self.length_s - 1) / DAY_S) % 7;
            return write!(f, "{} {start} to {} {end}", DAYS[first], DAYS[last as usize]);
        }
        match self.days {
            0x7F => f.write_str("daily")?,
            0x1F => f.write_str("workdays")?,
            0x60 => f.write_str("weekends")?,
            days => {
                let first =
                    (0..7).find(|day| days >> day & 1 == 1 && days >> ((day + 6) % 7) & 1 == 0).unwrap_or(0);
                let count = days.count_ones() as usize;
                f.write_str(DAYS[first])?;
                if count > 1 {
                    write!(f, "-{}", DAYS[(first + count - 1) % 7])?;
                }
            }
        }
        write!(f, " {start} to {end}")
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Week::always() {
            return f.write_str("always");
        }
        for (index, window) in self.windows.iter().enumerate() {
            write!(f, "{}{window}", if index == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}

leaf!(Week, "Week", "a weekly window such as `workdays 08:00 to 17:00`", {
    "type": "string",
    "description": "Windows that recur every week, several joined by ` and `.",
    "pattern": r"^(always|[A-Za-z]+( ?- ?[A-Za-z]+)? \d{2}:\d{2} to ([A-Za-z]+ )?\d{2}:\d{2}( and [A-Za-z]+( ?- ?[A-Za-z]+)? \d{2}:\d{2} to ([A-Za-z]+ )?\d{2}:\d{2})*)$",
    "examples": ["Fri 17:00 to Mon 06:00", "Mon-Fri 07:00 to 19:00", "workdays 08:00 to 17:00", "Sun 02:00 to Sun 06:00", "daily 22:00 to 04:00"],
});

#[cfg(test)]
mod tests {
    use super::*;

    const H: i64 = 3_600;

    #[test]
    fn windows_of_the_week() {
        let spans = |text: &str| text.parse::<Week>().unwrap().spans();
        assert_eq!(spans("Fri 17:00 to Mon 06:00"), [(0, 6 * H), (4 * DAY_S + 17 * H, WEEK_S)]);
        assert_eq!(spans("Sun 02:00 to Sun 06:00"), [(6 * DAY_S + 2 * H, 6 * DAY_S + 6 * H)]);
        assert_eq!(spans("always"), [(0, WEEK_S)]);
        assert_eq!(spans("daily 00:00 to 24:00"), [(0, WEEK_S)]);
        assert_eq!(spans("workdays 08:00 to 17:00").len(), 5);
        assert_eq!(spans("Sat-Mon 08:00 to 09:00").len(), 3);
        assert_eq!(spans("daily 22:00 to 04:00").len(), 8);
        let week: Week = "Mon-Fri 07:00 to 19:00 and Sat 09:00 to 12:00".parse().unwrap();
        assert!(
            week.contains(5 * DAY_S + 10 * H)
                && !week.contains(5 * DAY_S + 12 * H)
                && week.contains(7 * H - WEEK_S)
        );
    }

    #[test]
    fn canonical_texts_read_back() {
        for text in [
            "Fri 17:00 to Mon 06:00",
            "workdays 08:00 to 17:00",
            "daily 22:00 to 04:00",
            "always",
            "Sat-Mon 08:00 to 09:00",
            "weekends 00:00 to 24:00",
            "Mon 00:00 to Tue 24:00",
            "Wed 10:00 to 12:00 and Fri 10:00 to 12:00",
            "Fri 17:00 to Fri 16:00",
        ] {
            assert_eq!(text.parse::<Week>().unwrap().to_string(), text);
        }
        assert_eq!("Sun 02:00 to Sun 06:00".parse::<Week>().unwrap().to_string(), "Sun 02:00 to 06:00");
        for text in ["08:00 to 17:00", "22:00 to 04:00", "00:00 to 24:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("08:00 to 17:00", "days"),
            ("Mon 08:00", "` to `"),
            ("Mon 8:00 to 17:00", "HH:MM"),
            ("Mond 08:00 to 17:00", "no days"),
            ("Mon 08:00 to 08:00", "same time"),
            ("Mon 08:00 to Mon 08:00", "same time"),
            ("Mon 25:00 to 26:00", "clock"),
            ("Mon-Fri 08:00 to Sat 09:00", "one day"),
            ("Mon 24:00 to Tue 06:00", "24:00"),
            ("", "` to `"),
        ] {
            let error = text.parse::<Week>().unwrap_err();
            assert_eq!(error.code, "RC130");
            assert!(error.message.contains(why), "{text}: {}", error.message);
        }
        for text in ["8 am", "08.00", "24:01", "8pm to 9pm", "08:00 to 08:00", ""] {
            assert_eq!(text.parse::<Hours>().unwrap_err().code, "RC129", "{text}");
        }
    }
}
