//! Values that are a quantity or a word: `none`, `never`, `unlimited`, `whole`; and a few composed ones.

use std::{fmt, str::FromStr};

use jiff::civil;

use super::{Count, Date, Duration, Moment, ScalarError, Share, leaf, shorten};

fn fail(text: &str, what: &str, help: &str) -> ScalarError {
    ScalarError::new("RC140", format!("`{}` is not {what}", shorten(text)), help)
}

/// A rate at which something happens to a device: `0.3% a month`, `5% a year`, `0%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    share: Share,
    period_s: f64,
}

const PERIODS: [(&str, f64); 4] =
    [("day", 86_400.0), ("week", 604_800.0), ("month", 2_629_800.0), ("year", 31_557_600.0)];

impl Rate {
    /// Mean seconds until it happens to one device, such that the stated share of devices is hit in one
    /// period; `None` if it never does. A month is a twelfth of 365.25 days.
    pub fn mean_s(self) -> Option<f64> {
        let share = self.share.get().min(0.999_999);
        (share > 0.0).then(|| -self.period_s / (-share).ln_1p())
    }
}

impl FromStr for Rate {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let help = "write a share and a period, as in `0.3% a month` (day, week, month, year)";
        let (share, period_s) = match text.split_once(" a ") {
            Some((share, period)) => {
                let found = PERIODS.iter().find(|(name, _)| *name == period.trim());
                (share.trim(), found.ok_or_else(|| fail(text, "a rate", help))?.1)
            }
            None if text.trim() == "0%" => ("0%", PERIODS[2].1),
            None => return Err(fail(text, "a rate", help)),
        };
        Ok(Rate { share: share.parse()?, period_s })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, _) = PERIODS.iter().find(|(_, s)| *s == self.period_s).unwrap_or(&PERIODS[2]);
        write!(f, "{} a {name}", self.share)
    }
}

leaf!(Rate, "Rate", "a rate such as `0.3% a month`", {
    "type": "string",
    "description": "A share of devices in a period.",
    "pattern": "^(0%|.+ a (day|week|month|year))$",
    "examples": ["0.3% a month"],
});

/// A day or several: `2026-11-26`, `2026-12-24 to 2027-01-03` (both included).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub first: civil::Date,
    /// The last day.
    pub last: civil::Date,
}

impl FromStr for Days {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let (first, last) = text.split_once(" to ").unwrap_or((text, text));
        let (Date(first), Date(last)) = (first.parse()?, last.parse()?);
        if last < first {
            return Err(fail(text, "a range of days: it ends before it begins", "exchange the two days"));
        }
        Ok(Days { first, last })
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{} to {}", self.first, self.last)
        }
    }
}

leaf!(Days, "Days", "a day or days such as `2026-12-24 to 2027-01-03`", {
    "type": "string",
    "description": "A day, or a range of days with both ends.",
    "examples": ["2026-11-26", "2026-12-24 to 2027-01-03"],
});

/// A stretch of time: `2026-12-19 00:00 to 2027-01-04 06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its begin.
    pub from: Moment,
    /// Its end.
    pub to: Moment,
}

impl FromStr for Period {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let help = "write two moments, as in `2026-12-19 00:00 to 2027-01-04 06:00`";
        let (from, to) = text.split_once(" to ").ok_or_else(|| fail(text, "a stretch of time", help))?;
        Ok(Period { from: from.parse()?, to: to.parse()? })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}

leaf!(Period, "Period", "a stretch of time such as `2026-12-19 00:00 to 2027-01-04 06:00`", {
    "type": "string",
    "description": "From one moment to another.",
    "pattern": " to ",
    "examples": ["2026-12-19 00:00 to 2027-01-04 06:00"],
});

/// A length of time, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

impl FromStr for Limit {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "none" { Ok(Limit(None)) } else { text.parse().map(|d| Limit(Some(d))) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("none"),
        }
    }
}

leaf!(Limit, "Limit", "a length of time such as `2 d`, or `none`", {
    "type": "string",
    "description": "A length of time, or `none`.",
    "examples": ["2 d", "none"],
});

/// A number, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(pub Option<u32>);

impl FromStr for Attempts {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| (1..=250).contains(n));
        match text.trim() {
            "unlimited" => Ok(Attempts(None)),
            other => number(other).map(|n| Attempts(Some(n))).ok_or_else(|| {
                fail(text, "a number of attempts", "write a number from 1 to 250, or `unlimited`")
            }),
        }
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("unlimited"),
        }
    }
}

leaf!(Attempts, "Attempts", "a number of attempts, or `unlimited`", {
    "description": "A number of attempts, or `unlimited`.",
    "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 250 }, { "const": "unlimited" }],
});

/// A number of devices, or the `whole` fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch(pub Option<u64>);

impl FromStr for Batch {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "whole" {
            return Ok(Batch(None));
        }
        let count: Count = text.parse()?;
        if count.get() == 0 {
            return Err(fail(text, "a batch", "write a number of devices above 0, or `whole`"));
        }
        Ok(Batch(Some(count.get())))
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("whole"),
        }
    }
}

leaf!(Batch, "Batch", "a number of devices, or `whole`", {
    "description": "Devices registered together: a number, or the `whole` fleet.",
    "anyOf": [{ "type": "integer", "minimum": 1 }, { "const": "whole" }],
});

/// A share of runs: `90% of runs`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfRuns(pub Share);

impl FromStr for OfRuns {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let share = text.trim().strip_suffix("of runs");
        let share = share.ok_or_else(|| fail(text, "a share of runs", "write it as in `90% of runs`"))?;
        share.trim().parse().map(OfRuns)
    }
}

impl fmt::Display for OfRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of runs", self.0)
    }
}

leaf!(OfRuns, "OfRuns", "a share of runs such as `90% of runs`", {
    "type": "string",
    "description": "A share of the runs.",
    "pattern": "% of runs$",
    "examples": ["90% of runs"],
});

/// A bound on a metric: a plain number, a share, or a length of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// A number.
    Number(f64),
    /// A share.
    Share(Share),
    /// A length of time.
    Time(Duration),
}

impl FromStr for Bound {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let text = text.trim();
        let plain: String = text.replace([' ', '_'], "");
        if let Ok(number) = plain.parse::<f64>() {
            if number.is_finite() && number >= 0.0 {
                return Ok(Bound::Number(number));
            }
            return Err(fail(text, "a bound", "bounds are numbers from 0 up"));
        }
        if text.contains('%') {
            return text.parse().map(Bound::Share);
        }
        text.parse().map(Bound::Time).map_err(|error: ScalarError| {
            let a_time = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            if a_time && !error.message.ends_with("is no unit of time") {
                return error;
            }
            let help = "a count takes a plain number such as `200`, a share `95%`, a time `12 d`";
            fail(text, "a bound", help)
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Number(n) => n.fmt(f),
            Bound::Share(s) => s.fmt(f),
            Bound::Time(d) => d.fmt(f),
        }
    }
}

leaf!(Bound, "Bound", "a number, a share or a length of time", {
    "description": "A number, a share such as `5%`, or a length of time such as `12 d`.",
    "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string" }],
    "examples": [200, "5%", "12 d"],
});
