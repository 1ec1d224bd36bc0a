//! A setting of which only a distribution is known: one value is drawn in each replication.

use std::{borrow::Cow, fmt};

use rollcast_core::family::{Family, beta};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess},
};

use super::{
    Positive, ScalarError,
    forms::{Form, form},
    measured::{Measured, Stretch, Values},
};
use crate::de::Named;

/// What is known of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Unsure {
    /// Evenly (or log-evenly) between two ends.
    Between(Stretch),
    /// A share that follows a beta distribution.
    Beta(Beta),
    /// Triangular.
    Triangular(Triangular),
    /// The logarithm is normal.
    Lognormal(Lognormal),
    /// One of these, by weight.
    OneOf(Named<Positive>),
}

/// Beta distribution of a share, mean a / (a + b).
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beta {
    /// First shape.
    pub a: Positive,
    /// Second shape.
    pub b: Positive,
}

/// Triangular distribution.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Triangular {
    /// Lower end.
    pub low: Measured,
    /// Peak.
    pub mode: Measured,
    /// Upper end.
    pub high: Measured,
}

/// Log-normal distribution.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// Median.
    pub median: Measured,
    /// Standard deviation of the natural logarithm.
    pub sigma: Positive,
}

form!(Unsure);

const FORMS: &str = "write `8% to 16%`, `{ beta: { a: 0.5, b: 200 } }`, `{ triangular: { low: 1 h, mode: 2 h, high: 6 h } }`, `{ lognormal: { median: 2 h, sigma: 0.7 } }` or `{ one-of: { 4 h: 1, 8 h: 3 } }`";

impl Form for Unsure {
    const WANTED: &'static str =
        "a range such as `8% to 16%`, or a distribution such as `{ beta: { a: 0.5, b: 200 } }`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        let stretch: Stretch = text.parse()?;
        if stretch.values == Values::All {
            return Ok(Unsure::Between(stretch));
        }
        let why = format!("`{stretch}` lists values, and what is uncertain lies anywhere between two ends");
        Err(ScalarError::new("RC128", why, FORMS))
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Family {
            Beta,
            Triangular,
            Lognormal,
            OneOf,
        }
        let refuse = |why: &str| de::Error::custom(ScalarError::new("RC128", why, FORMS));
        let read = match map.next_key::<Family>()? {
            Some(Family::Beta) => Unsure::Beta(map.next_value()?),
            Some(Family::Triangular) => Unsure::Triangular(map.next_value()?),
            Some(Family::Lognormal) => Unsure::Lognormal(map.next_value()?),
            Some(Family::OneOf) => Unsure::OneOf(map.next_value()?),
            None => return Err(refuse("an empty map is no distribution")),
        };
        if map.next_key::<de::IgnoredAny>()?.is_some() {
            return Err(refuse("a distribution is a map with one key, and this one has more"));
        }
        read.checked().map_err(de::Error::custom)
    }
}

impl Unsure {
    /// The same, if its parameters make a distribution.
    pub(super) fn checked(self) -> Result<Self, ScalarError> {
        let refuse = |why: &str| ScalarError::new("RC128", why, FORMS);
        match &self {
            Unsure::Triangular(Triangular { low, mode, high }) => {
                if low.kind != mode.kind || mode.kind != high.kind {
                    return Err(refuse("`low`, `mode` and `high` are of one kind"));
                }
                if !(low.value <= mode.value && mode.value <= high.value && low.value < high.value) {
                    return Err(refuse("`low`, `mode` and `high` do not rise"));
                }
            }
            Unsure::Lognormal(Lognormal { median, .. }) if median.value <= 0.0 => {
                return Err(refuse("the median of a log-normal distribution is above 0"));
            }
            Unsure::OneOf(values) if values.is_empty() => return Err(refuse("`one-of` lists no value")),
            _ => {}
        }
        Ok(self)
    }

    /// The value below which a share `p` of the distribution lies (above 0 and below 1), as it is written.
    pub fn at(&self, p: f64) -> String {
        match self {
            Unsure::Between(stretch) => stretch.at(p).to_string(),
            Unsure::Beta(Beta { a, b }) => share(beta(a.get(), b.get(), p)),
            Unsure::Triangular(Triangular { low, mode, high }) => {
                let family = Family::Triangular { low: low.value, mode: mode.value, high: high.value };
                mode.with(family.quantile(p, 1.0 - p)).to_string()
            }
            Unsure::Lognormal(Lognormal { median, sigma }) => {
                let family = Family::Lognormal { median: median.value, sigma: sigma.get() };
                median.with(family.quantile(p, 1.0 - p)).to_string()
            }
            Unsure::OneOf(values) => {
                let all: f64 = values.iter().map(|(_, weight)| weight.get()).sum();
                let mut below = 0.0;
                let reached = values.iter().find(|(_, weight)| {
                    below += weight.get() / all;
                    p < below
                });
                let last = values.names().last();
                reached.map(|(name, _)| name).or(last).unwrap_or_default().to_owned()
            }
        }
    }

    /// A value in the middle, for what must be known before anything is drawn.
    pub fn middle(&self) -> String {
        match self {
            Unsure::Beta(Beta { a, b }) => share(a.get() / (a.get() + b.get())),
            other => other.at(0.5),
        }
    }

    /// Values that are as extreme as will be met: all of a choice, else both ends.
    pub fn extremes(&self) -> Vec<String> {
        match self {
            Unsure::OneOf(values) => values.names().map(str::to_owned).collect(),
            other => vec![other.at(1e-6), other.at(1.0 - 1e-6)],
        }
    }
}

/// A share to nine decimals: what a `log` or a `pow` may differ in beyond them must not reach a result.
fn share(value: f64) -> String {
    let short: f64 = format!("{value:.9}").parse().unwrap_or(value);
    super::Share::new(short).unwrap_or(super::Share::ALL).to_string()
}

impl fmt::Display for Unsure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsure::Between(stretch) => stretch.fmt(f),
            Unsure::Beta(Beta { a, b }) => write!(f, "beta with a {} and b {}", a.get(), b.get()),
            Unsure::Triangular(Triangular { low, mode, high }) => {
                write!(f, "triangular from {low} over {mode} to {high}")
            }
            Unsure::Lognormal(Lognormal { median, sigma }) => {
                write!(f, "log-normal with median {median} and sigma {}", sigma.get())
            }
            Unsure::OneOf(values) => {
                let all: Vec<String> =
                    values.iter().map(|(name, weight)| format!("{name} (weight {})", weight.get())).collect();
                write!(f, "one of {}", all.join(", "))
            }
        }
    }
}

impl JsonSchema for Unsure {
    fn schema_name() -> Cow<'static, str> {
        "Unsure".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = |key: &str, value: Schema| {
            serde_json::json!({
                "type": "object",
                "properties": { key: value },
                "required": [key],
                "additionalProperties": false,
            })
        };
        let beta = one("beta", generator.subschema_for::<Beta>());
        let triangular = one("triangular", generator.subschema_for::<Triangular>());
        let lognormal = one("lognormal", generator.subschema_for::<Lognormal>());
        let one_of = one("one-of", generator.subschema_for::<Named<Positive>>());
        json_schema!({
            "description": "What is known of a setting: a range, or a distribution. One value is drawn in each replication.",
            "anyOf": [generator.subschema_for::<Stretch>(), beta, triangular, lognormal, one_of],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{de::from_node, yaml::tests::tree};

    fn unsure(text: &str) -> Unsure {
        let (read, problems) = from_node::<Named<Unsure>>(&tree(&format!("x: {text}\n")));
        assert!(problems.is_empty(), "{text}: {problems:?}");
        read.expect("a map").0.remove(0).1
    }

    #[test]
    fn draws_are_written_as_settings() {
        assert_eq!(unsure("8% to 16%").at(0.5), "12%");
        assert_eq!(unsure("1 h to 3 h").at(0.25), "90 min");
        assert_eq!(unsure("{ one-of: { 4 h: 1, 8 h: 3 } }").at(0.2), "4 h");
        assert_eq!(unsure("{ one-of: { 4 h: 1, 8 h: 3 } }").at(0.9), "8 h");
        assert_eq!(unsure("{ lognormal: { median: 2 h, sigma: 0.7 } }").middle(), "2 h");
        assert_eq!(unsure("{ beta: { a: 1, b: 3 } }").middle(), "25%");
        // The median of Beta(1, 3) is 1 - 0.5^(1/3).
        let median: super::super::Share = unsure("{ beta: { a: 1, b: 3 } }").at(0.5).parse().unwrap();
        assert!((median.get() - (1.0 - 0.5_f64.powf(1.0 / 3.0))).abs() < 1e-9);
        assert_eq!(unsure("{ triangular: { low: 0 h, mode: 1 h, high: 2 h } }").at(0.5), "1 h");
    }

    #[test]
    fn slips_are_refused() {
        for text in [
            "8%",
            "6 d to 9 d step 1 d",
            "{ beta: { a: 0, b: 1 } }",
            "{ one-of: {} }",
            "{}",
            "{ triangular: { low: 2 h, mode: 1 h, high: 3 h } }",
            "{ triangular: { low: 2 h, mode: 3%, high: 3 h } }",
            "{ beta: { a: 1, b: 1 }, one-of: { 3: 1 } }",
            "[1, 2]",
        ] {
            assert!(!from_node::<Named<Unsure>>(&tree(&format!("x: {text}\n"))).1.is_empty(), "{text}");
        }
    }
}
