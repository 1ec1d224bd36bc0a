//! Lengths of time in whole seconds.

use std::{fmt, str::FromStr};

use super::{Quantity, ScalarError, decimal, leaf, number_and_rest, shorten};

/// A length of time: `30 min`, `22 h`, `9 d`, `2 weeks`, `1.5 h`, `1 d 12 h`. Rounded to whole seconds; from 0
/// to ten years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(i64);

const DAY_S: i64 = 86_400;
const MAX_S: i64 = 3_653 * DAY_S;
const UNITS: &str = "`s`, `min`, `h`, `d`, `weeks`";

impl Duration {
    /// So many seconds, held within 0 and ten years.
    pub fn from_seconds(seconds: i64) -> Self {
        Duration(seconds.clamp(0, MAX_S))
    }

    /// The length in seconds.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

fn fail(text: &str, why: &str, help: impl Into<String>) -> ScalarError {
    ScalarError::new("RC120", format!("`{}` is not a length of time: {why}", shorten(text)), help)
}

fn unit_seconds(unit: &str) -> Option<i64> {
    Some(match unit {
        "s" | "sec" | "second" | "seconds" => 1,
        "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => DAY_S,
        "w" | "week" | "weeks" => 7 * DAY_S,
        _ => return None,
    })
}

impl FromStr for Duration {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let example = "write a number and a unit, as in `30 min`, `22 h`, `9 d`";
        let mut rest = text.trim();
        if rest.starts_with('-') {
            return Err(fail(text, "it is negative", "lengths of time are zero or more"));
        }
        if rest.is_empty() {
            return Err(fail(text, "it is empty", example));
        }
        let (mut total, mut last) = (0.0, i64::MAX);
        while !rest.is_empty() {
            let (number, after) = number_and_rest(rest);
            let Some(number) = decimal(number) else {
                return Err(fail(text, "it does not start with a number", example));
            };
            let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
            let unit = &after[..end];
            let seconds = match (unit, unit_seconds(unit), unit_seconds(&unit.to_ascii_lowercase())) {
                (_, Some(seconds), _) => seconds,
                ("", ..) => {
                    let help = format!("write the unit: one of {UNITS}, as in `{} h`", shorten(text.trim()));
                    return Err(fail(text, "it has no unit", help));
                }
                ("m", ..) => {
                    return Err(fail(text, "`m` could be minutes or months", "write `min` for minutes"));
                }
                ("M" | "mo" | "month" | "months" | "y" | "year" | "years", ..) => {
                    return Err(fail(
                        text,
                        "months and years have no fixed length",
                        "write days, as in `30 d`",
                    ));
                }
                (_, _, Some(_)) => {
                    let help = format!("write the unit in lower case: `{}`", unit.to_ascii_lowercase());
                    return Err(fail(text, "the unit is in capitals", help));
                }
                _ => {
                    let why = format!("`{}` is no unit of time", shorten(unit));
                    return Err(fail(text, &why, format!("the units are {UNITS}")));
                }
            };
            if seconds >= last {
                return Err(fail(
                    text,
                    "its units do not fall from large to small",
                    "write it as in `1 d 12 h`",
                ));
            }
            (last, total) = (seconds, total + number * seconds as f64);
            rest = after[end..].trim_start();
        }
        if total > MAX_S as f64 {
            return Err(fail(text, "it is longer than ten years", "check the unit"));
        }
        Ok(Duration(total.round() as i64))
    }
}

impl fmt::Display for Duration {
    /// The largest unit that divides it: `36 h`, `2 d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, unit) = [(DAY_S, "d"), (3_600, "h"), (60, "min"), (1, "s")]
            .into_iter()
            .find(|(size, _)| self.0 != 0 && self.0 % size == 0)
            .unwrap_or((1, "s"));
        write!(f, "{} {unit}", self.0 / size)
    }
}

impl Quantity for Duration {
    const NAME: &'static str = "Duration";
    const PATTERN: &'static str = r"\d+(\.\d+)? ?(s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)( \d+(\.\d+)? ?(s|sec|seconds?|min|minutes?|h|hours?|d|days?))*";
    const EXAMPLES: [&'static str; 2] = ["10 min", "40 min"];

    fn value(self) -> f64 {
        self.0 as f64
    }
}

leaf!(Duration, "Duration", "a length of time such as `22 h`", {
    "type": "string",
    "description": "A length of time with its unit: s, min, h, d, weeks; also compound, as in `1 d 12 h`.",
    "pattern": format!("^{}$", Self::PATTERN),
    "examples": ["30 min", "22 h", "9 d", "2 weeks", "1.5 h", "1 d 12 h"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, seconds) in [
            ("45 s", 45),
            ("30 min", 1_800),
            ("22 h", 79_200),
            ("22h", 79_200),
            ("9 d", 777_600),
            ("2 weeks", 1_209_600),
            ("2 w", 1_209_600),
            ("1.5 h", 5_400),
            ("1 d 12 h", 129_600),
            ("0 s", 0),
            ("1 day", 86_400),
        ] {
            assert_eq!(text.parse::<Duration>().unwrap().seconds(), seconds, "{text}");
        }
        assert_eq!(Duration(129_600).to_string(), "36 h");
        assert_eq!(Duration(0).to_string(), "0 s");
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("22", "no unit"),
            ("-1 h", "negative"),
            ("NaN h", "number"),
            ("5 m", "months"),
            ("1 month", "fixed"),
            ("9 D", "capitals"),
            ("11 years", "fixed"),
            ("4000 d", "ten years"),
            ("1 h 2 d", "fall"),
            ("", "empty"),
            ("3 parsec", "no unit of time"),
            ("1e3 s", "unit"),
            ("inf", "number"),
            ("9 d ,", "number"),
        ] {
            let error = text.parse::<Duration>().unwrap_err();
            assert!(error.message.contains(why), "{text}: {}", error.message);
        }
    }
}
