//! Counts, sizes of rings and cohorts, and plain positive numbers.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Quantity, ScalarError, Share, decimal, leaf, shorten};

/// Largest count: a million million and a bit.
const MAX_COUNT: u64 = 1 << 40;

/// A whole number of things: `400`, `12 000`, `12_000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(u64);

impl Count {
    /// So many.
    pub fn new(number: u64) -> Self {
        Count(number.min(MAX_COUNT))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u32> for Count {
    fn from(number: u32) -> Self {
        Count(u64::from(number))
    }
}

/// Digits, with `_` or a space between groups of three.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let groups: Vec<&str> = text.split(['_', ' ', '\u{A0}', '\u{202F}']).collect();
    let numeric = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    let grouped =
        groups.len() == 1 || (groups[0].len() <= 3 && groups[1..].iter().all(|group| group.len() == 3));
    (numeric && grouped).then(|| groups.concat().parse().ok()).flatten()
}

impl FromStr for Count {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: &str, help: String| {
            ScalarError::new("RC123", format!("`{}` is not a count: {why}", shorten(text)), help)
        };
        let trimmed = text.trim();
        match digits(trimmed) {
            Some(number) if number <= MAX_COUNT => Ok(Count(number)),
            Some(_) => Err(fail("it is too large", format!("counts go up to {MAX_COUNT}"))),
            None if trimmed.starts_with('-') => Err(fail("it is negative", "counts are zero or more".into())),
            None if !trimmed.is_empty() && trimmed.bytes().all(|b| b.is_ascii_digit()) => {
                Err(fail("it is too large", format!("counts go up to {MAX_COUNT}")))
            }
            None if decimal(trimmed).is_some() => Err(fail("it is not whole", "write a whole number".into())),
            None => Err(fail("it is no whole number", "write it as in `400` or `12 000`".into())),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Quantity for Count {
    const NAME: &'static str = "Count";
    const PATTERN: &'static str = r"\d{1,13}|\d{1,3}([_ ]\d{3})+";
    const EXAMPLES: [&'static str; 2] = ["10", "40"];

    fn value(self) -> f64 {
        self.0 as f64
    }
}

leaf!(Count, "Count", "a whole number such as `400`", {
    "description": "A whole number; thousands may be set apart, as in `12 000`.",
    "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": MAX_COUNT },
        { "type": "string", "pattern": format!("^({})$", Self::PATTERN) },
    ],
    "examples": [400, "12 000"],
});

/// How large a ring or cohort is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// So many devices.
    Count(u64),
    /// A share of the fleet.
    Share(Share),
    /// What the others leave.
    Rest,
    /// As the service assigns devices by itself.
    Automatic,
}

impl FromStr for Size {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let recode = |error: ScalarError| ScalarError { code: "RC122", ..error };
        match text.trim() {
            "rest" => Ok(Size::Rest),
            "automatic" => Ok(Size::Automatic),
            share if share.contains('%') || share.contains(" in ") => {
                share.parse().map(Size::Share).map_err(recode)
            }
            number
                if number.starts_with(|c: char| c.is_ascii_digit() || c == '-') && !number.contains('.') =>
            {
                number.parse().map(|Count(number)| Size::Count(number)).map_err(recode)
            }
            number if decimal(number).is_some() => number.parse().map(Size::Share).map_err(recode),
            other => {
                let near = crate::suggest::did_you_mean(other, ["rest", "automatic"]);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write a count (`400`), a share (`10%`), `rest` or `automatic`".into(),
                };
                Err(ScalarError::new("RC122", format!("`{}` is not a size", shorten(other)), help))
            }
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Size::Count(number) => number.fmt(f),
            Size::Share(share) => share.fmt(f),
            Size::Rest => f.write_str("rest"),
            Size::Automatic => f.write_str("automatic"),
        }
    }
}

leaf!(Size, "Size", "a count, a share, `rest` or `automatic`", {
    "description": "A count of devices, a share of the fleet, `rest` (what the others leave) or `automatic` (as the service assigns).",
    "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": MAX_COUNT },
        { "type": "string", "pattern": format!("^({}|{}|rest|automatic)$", Count::PATTERN, Share::PATTERN) },
    ],
    "examples": [400, "10%", "rest", "automatic"],
});

/// A number above zero without unit: a shape, a sigma, a weight.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Positive(f64);

impl Positive {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Positive {
    type Error = ScalarError;

    fn try_from(number: f64) -> Result<Self, ScalarError> {
        if (1e-9..=1e12).contains(&number) {
            return Ok(Positive(number));
        }
        let why =
            format!("`{number}` is not a parameter of a distribution: it must be a finite number above 0");
        Err(ScalarError::new("RC128", why, "write it as in `0.8`"))
    }
}

impl From<Positive> for f64 {
    fn from(number: Positive) -> f64 {
        number.0
    }
}

impl JsonSchema for Positive {
    fn schema_name() -> Cow<'static, str> {
        "Positive".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number above zero without unit.",
            "type": "number",
            "exclusiveMinimum": 0,
            "examples": [0.8, 2],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (text, number) in
            [("0", 0), ("400", 400), ("12 000", 12_000), ("12_000", 12_000), ("1 000 000", 1_000_000)]
        {
            assert_eq!(text.parse::<Count>().unwrap().get(), number);
        }
        for (text, why) in [
            ("-1", "negative"),
            ("1.5", "whole"),
            ("12,000", "whole"),
            ("12 00", "whole"),
            ("2e6", "whole"),
            ("", "whole"),
            ("1099511627777", "large"),
            ("99999999999999999999999", "large"),
            ("NaN", "whole"),
        ] {
            let error = text.parse::<Count>().unwrap_err();
            assert!(error.message.contains(why), "{text}: {}", error.message);
        }
    }

    #[test]
    fn sizes() {
        assert_eq!("400".parse(), Ok(Size::Count(400)));
        assert_eq!("12 000".parse(), Ok(Size::Count(12_000)));
        assert_eq!("10%".parse::<Size>().unwrap().to_string(), "10%");
        assert_eq!("rest".parse(), Ok(Size::Rest));
        assert_eq!("automatic".parse(), Ok(Size::Automatic));
        for (text, why) in [
            ("rst", "`rest`"),
            ("0.1", "`10%`"),
            ("110%", "`100%`"),
            ("-4", "negative"),
            ("all", "`10%`"),
            ("4 rings", "whole"),
        ] {
            let error = text.parse::<Size>().unwrap_err();
            assert_eq!(error.code, "RC122");
            let all = format!("{} {}", error.message, error.help.unwrap_or_default());
            assert!(all.contains(why), "{text}: {all}");
        }
    }

    #[test]
    fn positives() {
        assert_eq!(Positive::try_from(0.8).unwrap().get(), 0.8);
        for number in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(Positive::try_from(number).unwrap_err().code, "RC128", "{number}");
        }
    }
}
