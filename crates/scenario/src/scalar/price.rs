//! Prices, and the clock of an exploit: a distribution of times of which some are shipped.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, value::MapAccessDeserializer},
};

use super::{
    Dist, Duration, ScalarError,
    amount::digits,
    decimal,
    forms::{Form, form},
    leaf, shorten,
};

/// Highest price of one thing.
const MOST: f64 = 1e12;

/// What one thing costs, in the currency of the scenario: `0.40`, `12 000`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Price(f64);

impl Price {
    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Price {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: &str, help: &str| {
            ScalarError::new("RC135", format!("`{}` is not a price: {why}", shorten(text)), help)
        };
        let trimmed = text.trim();
        match decimal(trimmed).or_else(|| digits(trimmed).map(|number| number as f64)) {
            Some(number) if number <= MOST => Ok(Price(number)),
            Some(_) => Err(fail("it is too large", "prices go up to 1 000 000 000 000")),
            None if trimmed.starts_with('-') => Err(fail("it is negative", "prices are zero or more")),
            None => Err(fail(
                "it is no plain number",
                "write it as in `0.40` or `12 000`; the currency stands in `costs.currency`",
            )),
        }
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

leaf!(Price, "Price", "a price such as `0.40`", {
    "description": "What one thing costs, in the currency of the scenario.",
    "anyOf": [
        { "type": "number", "minimum": 0, "maximum": MOST },
        { "type": "string", "pattern": r"^(\d{1,13}(\.\d+)?|\d{1,3}([_ ]\d{3})+)$" },
    ],
    "examples": [0.4, 25, "12 000"],
});

/// A shipped distribution of lengths of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name in scenarios.
    pub name: &'static str,
    /// The CSV that it is made of; the last column is the time in whole days.
    csv: &'static str,
}

const SHIPPED: [Shipped; 1] =
    [Shipped { name: "kev-microsoft/2026", csv: include_str!("../../data/kev-microsoft-2026.csv") }];

impl Shipped {
    /// Its values in seconds, the least first. What came before publication is known at it, so it counts as 0.
    pub fn seconds(self) -> Vec<f64> {
        let rows = self.csv.lines().skip(1).filter_map(|row| row.rsplit(',').next());
        let mut values: Vec<f64> =
            rows.filter_map(|days| days.trim().parse::<f64>().ok()).map(|d| d.max(0.0) * 86_400.0).collect();
        values.sort_by(f64::total_cmp);
        values
    }
}

/// From the publication of a release to the first attacks.
#[derive(Clone, Debug, PartialEq)]
pub enum Clock {
    /// One of the shipped distributions.
    Shipped(Shipped),
    /// A distribution of the scenario's own.
    Own(Dist<Duration>),
}

form!(Clock);

impl Form for Clock {
    const WANTED: &'static str = "a distribution of times such as `exp 20 d`, or `kev-microsoft/2026`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        if let Some(shipped) = SHIPPED.iter().find(|shipped| shipped.name == trimmed) {
            return Ok(Clock::Shipped(*shipped));
        }
        if trimmed.contains('/') {
            let why = format!("`{}` is no shipped distribution", shorten(trimmed));
            return Err(ScalarError::new(
                "RC140",
                why,
                "write `kev-microsoft/2026`, or a distribution of your own",
            ));
        }
        text.parse().map(Clock::Own)
    }
    fn map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Dist::<Duration>::deserialize(MapAccessDeserializer::new(map)).map(Clock::Own)
    }
}

impl JsonSchema for Clock {
    fn schema_name() -> Cow<'static, str> {
        "Clock".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let own = generator.subschema_for::<Dist<Duration>>();
        json_schema!({
            "description": "A distribution of times, or one that is shipped.",
            "anyOf": [{ "enum": SHIPPED.map(|shipped| shipped.name) }, own],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices() {
        for (text, number) in
            [("0", 0.0), ("0.40", 0.4), ("12 000", 12_000.0), ("12_000", 12_000.0), ("80", 80.0)]
        {
            assert_eq!(text.parse::<Price>().unwrap().get(), number);
        }
        for (text, why) in [
            ("-1", "negative"),
            ("2 EUR", "plain"),
            ("", "plain"),
            ("NaN", "plain"),
            ("inf", "plain"),
            ("1e3", "plain"),
            ("9999999999999", "large"),
        ] {
            let error = text.parse::<Price>().unwrap_err();
            assert!(error.code == "RC135" && error.message.contains(why), "{text}: {}", error.message);
        }
    }

    #[test]
    fn the_shipped_lags_are_those_of_the_file() {
        let Ok(Clock::Shipped(shipped)) = Clock::text(" kev-microsoft/2026 ") else {
            panic!("it is shipped")
        };
        let values = shipped.seconds();
        assert_eq!(values.len(), 56);
        assert_eq!(values.iter().filter(|value| **value == 0.0).count(), 31);
        assert_eq!(values.last(), Some(&(4_223.0 * 86_400.0)));
        assert_eq!(Clock::text("kev/2020").unwrap_err().code, "RC140");
        assert!(matches!(Clock::text("exp 20 d"), Ok(Clock::Own(_))));
    }
}
