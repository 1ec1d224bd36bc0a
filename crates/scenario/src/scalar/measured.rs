//! Quantities of any kind and their ranges: what axes, uncertain values and conditions between settings are made of.

use std::{fmt, str::FromStr};

use super::{Count, Duration, ScalarError, Share, decimal, leaf, shorten};

/// What kind of quantity it is; only equal kinds can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain number.
    Number,
    /// A share, from 0 to 1.
    Share,
    /// A length of time, in seconds.
    Time,
}

impl Kind {
    /// What a message calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Share => "a share",
            Kind::Time => "a length of time",
        }
    }
}

/// A number, a share or a length of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Its kind.
    pub kind: Kind,
    /// Its size in the unit of the kind.
    pub value: f64,
    /// True for a whole number: then what lies between two of them is whole as well.
    pub whole: bool,
}

impl Measured {
    /// The same kind with another size, as it can be written: whole numbers are rounded, times are whole seconds.
    pub fn with(self, value: f64) -> Self {
        let whole = self.whole || self.kind == Kind::Time;
        Measured { value: if whole { value.round() } else { value }, ..self }
    }

    /// The sum of two quantities; `None` if they are of two kinds.
    pub fn plus(self, other: Self) -> Option<Self> {
        let whole = self.whole && other.whole;
        (self.kind == other.kind).then(|| Measured { whole, ..self }.with(rounded(self.value + other.value)))
    }

    /// What must be added to the other one to have this; `None` if they are of two kinds or the other one is larger.
    pub fn minus(self, other: Self) -> Option<Self> {
        let whole = self.whole && other.whole;
        let left = rounded(self.value - other.value);
        (self.kind == other.kind && left >= 0.0).then(|| Measured { whole, ..self }.with(left))
    }
}

impl FromStr for Measured {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        let number = |value, whole| Measured { kind: Kind::Number, value, whole };
        if let Ok(count) = trimmed.parse::<Count>() {
            return Ok(number(count.get() as f64, true));
        }
        if let Some(value) = decimal(trimmed) {
            return Ok(number(value, false));
        }
        if trimmed.ends_with('%') || trimmed.contains(" in ") {
            let share: Share = trimmed.parse()?;
            return Ok(Measured { kind: Kind::Share, value: share.get(), whole: false });
        }
        match trimmed.parse::<Duration>() {
            Ok(time) => Ok(Measured { kind: Kind::Time, value: time.seconds() as f64, whole: false }),
            // Something with a digit is meant as a quantity, and then its unit is what is wrong.
            Err(error) if trimmed.starts_with(|c: char| c.is_ascii_digit()) => Err(error),
            Err(_) => {
                let why = format!("`{}` is no quantity", shorten(text));
                Err(ScalarError::new(
                    "RC140",
                    why,
                    "write a number, a share or a length of time, as in `400`, `10%`, `9 d`",
                ))
            }
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Number => self.value.fmt(f),
            Kind::Share => Share::new(self.value.clamp(0.0, 1.0)).unwrap_or(Share::ALL).fmt(f),
            Kind::Time => Duration::from_seconds(self.value as i64).fmt(f),
        }
    }
}

leaf!(Measured, "Measured", "a number, a share or a length of time", {
    "description": "A number, a share or a length of time.",
    "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string" }],
    "examples": [400, "10%", "9 d"],
});

/// A stretch of quantities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Where it begins.
    pub from: Measured,
    /// Where it ends; of the same kind, and larger.
    pub to: Measured,
    /// True if equal ratios count, not equal differences.
    pub log: bool,
    /// Which of them are meant.
    pub values: Values,
}

/// Which quantities of a stretch are meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values {
    /// Any.
    All,
    /// The first and those that follow it at this distance.
    Step(Measured),
    /// So many, evenly spread, with both ends.
    Evenly(u32),
}

/// Most values that a stretch may list.
const MOST: u32 = 10_000;

fn fail(text: &str, why: impl fmt::Display) -> ScalarError {
    let help = "write it as in `6 d to 9 d step 1 d`, `5 values from 10% to 50%`, `5 log values from 100 to 1600`, or `8% to 16%` for everything between";
    ScalarError::new("RC140", format!("`{}` is no range: {why}", shorten(text)), help)
}

impl FromStr for Stretch {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let mut rest = text.trim();
        let mut values = Values::All;
        let mut log = false;
        if let Some((head, ends)) = rest.split_once(" from ") {
            let words: Vec<&str> = head.split_whitespace().collect();
            let number = match words[..] {
                [number, "values"] => number,
                [number, "log", "values"] => {
                    log = true;
                    number
                }
                _ => return Err(fail(text, format!("`{}` says no number of values", shorten(head)))),
            };
            let number: Count = number.parse()?;
            if !(2..=u64::from(MOST)).contains(&number.get()) {
                return Err(fail(text, format!("it lists from 2 to {MOST} values")));
            }
            (values, rest) = (Values::Evenly(number.get() as u32), ends);
        } else if let Some(ends) = rest.strip_prefix("log ") {
            (log, rest) = (true, ends);
        }
        let Some((from, to)) = rest.split_once(" to ") else {
            return Err(fail(text, "it has no two ends with `to` between them"));
        };
        let to = match to.split_once(" step ") {
            Some((to, step)) if values == Values::All && !log => {
                values = Values::Step(step.parse()?);
                to
            }
            Some(_) => return Err(fail(text, "a `step` goes with plain ends only")),
            None => to,
        };
        let (from, to): (Measured, Measured) = (from.parse()?, to.parse()?);
        if from.kind != to.kind {
            return Err(fail(text, format!("one end is {}, the other {}", from.kind.name(), to.kind.name())));
        }
        if from.value >= to.value {
            return Err(fail(text, "its first end is not below its second"));
        }
        if log && from.value <= 0.0 {
            return Err(fail(text, "ratios need ends above 0"));
        }
        let whole = from.whole && to.whole;
        if let Values::Step(step) = values {
            if step.kind != from.kind {
                return Err(fail(text, format!("its step is {}", step.kind.name())));
            }
            let steps = (to.value - from.value) / step.value;
            if step.value <= 0.0 || steps > f64::from(MOST) {
                return Err(fail(text, format!("it lists more than {MOST} values")));
            }
            let whole = whole && step.whole;
            return Ok(Stretch {
                from: Measured { whole, ..from },
                to: Measured { whole, ..to },
                log,
                values,
            });
        }
        Ok(Stretch { from: Measured { whole, ..from }, to: Measured { whole, ..to }, log, values })
    }
}

impl Stretch {
    /// The quantity at a place of the stretch, 0 its first end, 1 its second.
    pub fn at(&self, place: f64) -> Measured {
        let (from, to) = (self.from.value, self.to.value);
        let value = match () {
            () if place <= 0.0 => from,
            () if place >= 1.0 => to,
            () if self.log => from * libm::pow(to / from, place),
            () => from + (to - from) * place,
        };
        self.from.with(value)
    }

    /// The values that it lists, in order and each once; `None` if it means everything between its ends.
    pub fn listed(&self) -> Option<Vec<Measured>> {
        let mut all: Vec<Measured> = match self.values {
            Values::All => return None,
            Values::Evenly(number) => {
                (0..number).map(|i| self.at(f64::from(i) / f64::from(number - 1))).collect()
            }
            Values::Step(step) => {
                // A hair's breadth, so that `10% to 50% step 10%` has its last one.
                let steps = ((self.to.value - self.from.value) / step.value + 1e-9).floor() as u32;
                (0..=steps)
                    .map(|i| self.from.with(rounded(self.from.value + f64::from(i) * step.value)))
                    .collect()
            }
        };
        all.dedup();
        Some(all)
    }
}

/// A sum of decimal numbers as it would be written: 0.30000000000000004 is 0.3.
fn rounded(value: f64) -> f64 {
    format!("{value:.12}").parse().unwrap_or(value)
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = if self.log { "log " } else { "" };
        match self.values {
            Values::Evenly(number) => write!(f, "{number} {log}values from {} to {}", self.from, self.to),
            Values::Step(step) => write!(f, "{} to {} step {step}", self.from, self.to),
            Values::All => write!(f, "{log}{} to {}", self.from, self.to),
        }
    }
}

leaf!(Stretch, "Stretch", "a range such as `6 d to 9 d step 1 d`", {
    "type": "string",
    "description": "A range: everything between two ends, in steps, or so many values evenly or log-evenly spread.",
    "pattern": r"^(\d+ (log )?values from |log )?.+ to .+$",
    "examples": ["6 d to 9 d step 1 d", "5 values from 10% to 50%", "5 log values from 100 to 1600", "8% to 16%"],
});

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<String> {
        let stretch: Stretch = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        stretch.listed().expect("values").iter().map(Measured::to_string).collect()
    }

    #[test]
    fn ranges_list_what_they_say() {
        assert_eq!(listed("6 d to 9 d step 1 d"), ["6 d", "7 d", "8 d", "9 d"]);
        assert_eq!(listed("5 log values from 100 to 1600"), ["100", "200", "400", "800", "1600"]);
        assert_eq!(listed("10% to 50% step 10%"), ["10%", "20%", "30%", "40%", "50%"]);
        assert_eq!(listed("3 values from 0 h to 9 h"), ["0 s", "270 min", "9 h"]);
        assert_eq!(listed("3 values from 0.5 to 2"), ["0.5", "1.25", "2"]);
        assert_eq!(
            listed("5 values from 1 to 3"),
            ["1", "2", "3"],
            "whole numbers stay whole, and each is there once"
        );
        assert!("8% to 16%".parse::<Stretch>().unwrap().listed().is_none());
        assert_eq!("8% to 16%".parse::<Stretch>().unwrap().at(0.25).to_string(), "10%");
        assert_eq!("log 1 h to 100 h".parse::<Stretch>().unwrap().at(0.5).to_string(), "10 h");
    }

    #[test]
    fn slips_are_refused() {
        for text in [
            "6 d",
            "6 d to",
            "9 d to 6 d",
            "6 d to 9",
            "6 d to 9 d step 1",
            "6 d to 9 d step 0 s",
            "1 values from 1 to 2",
            "many values from 1 to 2",
            "log 0 to 5",
            "0 d to 300 d step 1 s",
            "5 log values from 1 to 9 step 2",
            "6 days to x",
        ] {
            assert!(text.parse::<Stretch>().is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_add_up_as_they_are_written() {
        let [a, b, day, hour, number] =
            ["10%", "20%", "1 d", "6 h", "400"].map(|text| text.parse::<Measured>().unwrap());
        let told = |found: Option<Measured>| found.map(|found| found.to_string());
        assert_eq!(told(a.plus(b)).unwrap(), "30%");
        assert_eq!(told(day.plus(hour)).unwrap(), "30 h");
        assert_eq!(told(day.minus(hour)).unwrap(), "18 h");
        assert_eq!(
            (told(hour.minus(day)), told(day.plus(number)), told(a.minus(number))),
            (None, None, None)
        );
        assert!(number.plus(number).unwrap().whole);
    }

    #[test]
    fn quantities_read_back() {
        for text in ["400", "0.25", "10%", "9 d", "36 h", "0.05%"] {
            assert_eq!(text.parse::<Measured>().unwrap().to_string(), text);
        }
        for text in ["rest", "9 parsec", "", "Mon-Fri 07:00 to 19:00", "120%"] {
            assert!(text.parse::<Measured>().is_err(), "{text}");
        }
    }
}
