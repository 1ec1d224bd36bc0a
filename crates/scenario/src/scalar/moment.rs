//! Days and moments of the civil calendar.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, ToSpan,
    civil::{self, Time, Weekday},
    tz::{Offset, TimeZone},
};

use super::{Duration, ScalarError, leaf, shorten};

/// A day: `2026-10-13`, `patch-tuesday 2026-10`, each with an optional `+ 3 d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub civil::Date);

/// A moment: a day, with an optional time and an optional offset from UTC. Without an offset the caller's time
/// zone decides: `2026-10-13`, `2025-05-19 10:00`, `patch-tuesday 2026-10`, `2026-10-13T17:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The day.
    pub date: civil::Date,
    /// The time of the day, if one was written.
    pub time: Option<Time>,
    /// The offset, if one was written.
    pub offset: Option<Offset>,
}

impl Moment {
    /// The instant, in `zone` unless the moment has its own offset, at `default` unless it has a time. A time
    /// that daylight saving skips is the one an hour later; of one that comes twice it is the first.
    pub fn instant(&self, zone: &TimeZone, default: Time) -> Timestamp {
        let civil = self.date.to_datetime(self.time.unwrap_or(default));
        let zone = self.offset.map_or_else(|| zone.clone(), TimeZone::fixed);
        zone.to_timestamp(civil).expect("invariant: years are between 2000 and 2100")
    }
}

fn fail(text: &str, why: impl fmt::Display, help: impl Into<String>) -> ScalarError {
    ScalarError::new("RC126", format!("`{}` is not a date: {why}", shorten(text)), help)
}

const FORMS: &str = "write `2026-10-13`, `2026-10-13 10:00` or `patch-tuesday 2026-10`";

impl FromStr for Moment {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        let (base, shift) = match trimmed.split_once(" + ") {
            Some((base, shift)) => (base.trim(), Some(shift)),
            None => (trimmed, None),
        };
        let mut moment = read(text, base)?;
        if let Some(shift) = shift {
            let shift: Duration = shift.parse().map_err(|error: ScalarError| fail(text, error, FORMS))?;
            moment =
                moment.shifted(shift.seconds()).ok_or_else(|| fail(text, "it is too far away", FORMS))?;
        }
        let year = moment.date.year();
        if !(2000..=2100).contains(&year) {
            return Err(fail(
                text,
                format!("the year {year} is not between 2000 and 2100"),
                "check the year",
            ));
        }
        Ok(moment)
    }
}

impl Moment {
    fn shifted(self, seconds: i64) -> Option<Moment> {
        if seconds % 86_400 == 0 {
            return Some(Moment { date: self.date.checked_add((seconds / 86_400).days()).ok()?, ..self });
        }
        let civil =
            self.date.to_datetime(self.time.unwrap_or_default()).checked_add(seconds.seconds()).ok()?;
        Some(Moment { date: civil.date(), time: Some(civil.time()), ..self })
    }
}

fn read(text: &str, base: &str) -> Result<Moment, ScalarError> {
    if let Some(rest) = base.strip_prefix("patch-tuesday") {
        let mut words = rest.split_whitespace();
        let month = words
            .next()
            .ok_or_else(|| fail(text, "the month is missing", "write it as in `patch-tuesday 2026-10`"))?;
        let (year, month) = year_month(month).ok_or_else(|| {
            fail(
                text,
                format!("`{}` is not a month", shorten(month)),
                "write it as in `patch-tuesday 2026-10`",
            )
        })?;
        let time = words.next().map(|time| clock(text, time)).transpose()?;
        if let Some(extra) = words.next() {
            return Err(fail(text, format!("`{}` is too much", shorten(extra)), FORMS));
        }
        let first =
            civil::Date::new(year, month, 1).map_err(|_| fail(text, "the month does not exist", FORMS))?;
        let date = first
            .nth_weekday_of_month(2, Weekday::Tuesday)
            .map_err(|_| fail(text, "the month does not exist", FORMS))?;
        return Ok(Moment { date, time, offset: None });
    }
    let (day, rest) = match base.find(['T', 't', ' ']) {
        Some(at) if at >= 8 => (&base[..at], Some(base[at + 1..].trim_start())),
        _ => (base, None),
    };
    let date = date(text, day)?;
    let Some(rest) = rest else { return Ok(Moment { date, time: None, offset: None }) };
    let at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let time = clock(text, rest[..at].trim_end())?;
    let offset = match &rest[at..] {
        "" => None,
        "Z" | "z" => Some(Offset::UTC),
        sign => Some(offset(sign).ok_or_else(|| {
            fail(text, format!("`{}` is no offset", shorten(sign)), "write it as in `+02:00` or `Z`")
        })?),
    };
    Ok(Moment { date, time: Some(time), offset })
}

fn number<T: FromStr>(text: &str, length: usize) -> Option<T> {
    (text.len() == length && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn year_month(text: &str) -> Option<(i16, i8)> {
    let (year, month) = text.split_once('-')?;
    Some((number(year, 4)?, number(month, 2).filter(|month| (1..=12).contains(month))?))
}

fn date(text: &str, day: &str) -> Result<civil::Date, ScalarError> {
    let mut parts = day.split('-');
    let iso = (|| {
        let date = (
            number::<i16>(parts.next()?, 4)?,
            number::<i8>(parts.next()?, 2)?,
            number::<i8>(parts.next()?, 2)?,
        );
        parts.next().is_none().then_some(date)
    })();
    let Some((year, month, of_month)) = iso else {
        let help = match rewritten(day) {
            Some(iso) => format!("write the year first: `{iso}`"),
            None => FORMS.to_owned(),
        };
        return Err(fail(text, "it is not written as year-month-day", help));
    };
    if !(1..=12).contains(&month) {
        return Err(fail(
            text,
            format!("there is no month {month:02}"),
            "write year-month-day, as in `2026-10-13`",
        ));
    }
    civil::Date::new(year, month, of_month).map_err(|_| {
        let days = civil::Date::new(year, month, 1).map_or(31, |first| first.days_in_month());
        fail(text, format!("{year}-{month:02} has {days} days"), "check the day")
    })
}

/// Reads what was probably meant: `2026-1-3`, `13.10.2026`.
fn rewritten(day: &str) -> Option<String> {
    let parts: Vec<u16> =
        day.split(['-', '.', '/']).map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let (year, month, of_month) = match parts.as_slice() {
        [year @ 1000..=9999, month, of_month] => (year, month, of_month),
        // Only where it cannot be read in two ways.
        [of_month @ 13..=31, month, year @ 1000..=9999] | [month, of_month @ 13..=31, year @ 1000..=9999] => {
            (year, month, of_month)
        }
        _ => return None,
    };
    Some(format!("{year:04}-{month:02}-{of_month:02}"))
}

fn clock(text: &str, time: &str) -> Result<Time, ScalarError> {
    let wrong = || {
        fail(
            text,
            format!("`{}` is not a time of day", shorten(time)),
            "write the time as in `10:00`, from `00:00` to `23:59`",
        )
    };
    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    let mut parts = whole.split(':');
    let (hour, minute) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let second = parts.next().unwrap_or("00");
    match (number(hour, 2), number(minute, 2), number(second, 2), parts.next()) {
        (Some(hour), Some(minute), Some(second), None) => {
            Time::new(hour, minute, second, 0).map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

fn offset(text: &str) -> Option<Offset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (number::<i32>(hours, 2)?, number::<i32>(minutes, 2)?);
    (hours <= 14 && minutes < 60)
        .then(|| Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok())
        .flatten()
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(time) = self.time else { return self.date.fmt(f) };
        let separator = if self.offset.is_some() { 'T' } else { ' ' };
        write!(f, "{}{separator}{:02}:{:02}", self.date, time.hour(), time.minute())?;
        if time.second() != 0 || self.offset.is_some() {
            write!(f, ":{:02}", time.second())?;
        }
        match self.offset.map(Offset::seconds) {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(s) => {
                write!(f, "{}{:02}:{:02}", if s < 0 { '-' } else { '+' }, s.abs() / 3_600, s.abs() / 60 % 60)
            }
        }
    }
}

leaf!(Moment, "Moment", "a date such as `2026-10-13`", {
    "type": "string",
    "description": "A date, or a date with a time, or the second Tuesday of a month; `+ 3 d` moves it.",
    "pattern": r"^(patch-tuesday \d{4}-\d{2}( \d{2}:\d{2}(:\d{2})?)?|\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|z|[+-]\d{2}:\d{2})?)?)( \+ .+)?$",
    "examples": ["2026-10-13", "2025-05-19 10:00", "patch-tuesday 2026-10", "patch-tuesday 2026-10 + 3 d", "2026-10-13T17:00:00Z"],
});

impl FromStr for Date {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let moment: Moment = text.parse()?;
        match moment.time {
            None => Ok(Date(moment.date)),
            Some(_) => {
                Err(fail(text, "a whole day is wanted, without a time", format!("write `{}`", moment.date)))
            }
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

leaf!(Date, "Date", "a date such as `2026-10-13`", {
    "type": "string",
    "description": "A day, or the second Tuesday of a month; `+ 3 d` moves it.",
    "pattern": r"^(patch-tuesday \d{4}-\d{2}|\d{4}-\d{2}-\d{2})( \+ .+)?$",
    "examples": ["2026-10-13", "patch-tuesday 2026-10"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, canonical) in [
            ("2026-10-13", "2026-10-13"),
            ("2025-05-19 10:00", "2025-05-19 10:00"),
            ("patch-tuesday 2026-10", "2026-10-13"),
            ("patch-tuesday 2026-11", "2026-11-10"),
            ("patch-tuesday 2025-05", "2025-05-13"),
            ("patch-tuesday 2026-10 + 3 d", "2026-10-16"),
            ("2026-10-13 + 6 h", "2026-10-13 06:00"),
            ("2026-10-13 22:00 + 1 d 4 h", "2026-10-15 02:00"),
            ("2026-10-13T17:00:00Z", "2026-10-13T17:00:00Z"),
            ("2026-10-13T17:00+02:00", "2026-10-13T17:00:00+02:00"),
            ("2026-10-13 17:00:00.000-07:00", "2026-10-13T17:00:00-07:00"),
            ("patch-tuesday 2026-10 10:00", "2026-10-13 10:00"),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.to_string(), canonical, "{text}");
            assert_eq!(canonical.parse(), Ok(moment));
        }
        let moment: Moment = "2025-05-19 10:00".parse().unwrap();
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        assert_eq!(moment.instant(&zone, Time::midnight()).to_string(), "2025-05-19T17:00:00Z");
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("2026-02-30", "2026-02 has 28 days"),
            ("2026-13-01", "no month 13"),
            ("13.10.2026", "`2026-10-13`"),
            ("2026-1-3", "`2026-01-03`"),
            ("Oct 13 2026", "year-month-day"),
            ("13 October 2026", "year-month-day"),
            ("2026-10-13 24:00", "time of day"),
            ("patch-tuesday", "month is missing"),
            ("patch-tuesday October", "not a month"),
            ("patch-tuesday 2026-13", "not a month"),
            ("1999-01-01", "1999"),
            ("2026-10-13 + 3", "no unit"),
            ("2026-10-13T10:00+99:00", "offset"),
            ("tomorrow", "year-month-day"),
            ("", "year-month-day"),
            ("2026-10-13 10:0", "time of day"),
            ("20261013", "year-month-day"),
        ] {
            let error = text.parse::<Moment>().unwrap_err();
            let all = format!("{} {}", error.message, error.help.unwrap_or_default());
            assert!(all.contains(why), "{text}: {all}");
        }
        assert!("2026-10-13 10:00".parse::<Date>().is_err());
        assert_eq!("2026-10-13".parse::<Date>().unwrap().to_string(), "2026-10-13");
    }
}
