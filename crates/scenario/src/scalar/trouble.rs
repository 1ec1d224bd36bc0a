//! When a defect shows, and on what share of devices: each a text or a map with one key.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess},
};

use super::{
    Dist, Duration, Moment, Name, Positive, ScalarError, Shape, Share, Unsure,
    forms::{Form, form},
    shorten,
};
use crate::de::Named;

/// When a defect shows on a device that has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    /// Every attempt to install fails.
    InInstall,
    /// So long after the restart that brought the release.
    AfterRestart(Dist<Duration>),
    /// At a moment, on devices that are patched later at once.
    On(Moment),
    /// The same on the last day of the month of the publication, at midnight.
    OnMonthEnd,
}

/// The share of devices that have a defect.
#[derive(Clone, Debug, PartialEq)]
pub enum Prevalence {
    /// The same for all.
    Share(Share),
    /// By the value of an attribute.
    ByValue(ByValue),
    /// Some values of an attribute are bad and most are fine.
    Clustered(Clustered),
    /// The same for all, and not known: one is drawn in each replication ([`crate::uncertain`]).
    Unsure(Unsure),
}

/// Shares by the value of an attribute.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ByValue {
    /// The attribute.
    pub attribute: Name,
    /// Share by value; `*` stands for any letters, and the first match counts.
    pub values: Named<Share>,
    /// Share of all other values; `0%` without it.
    #[serde(rename = "else")]
    pub otherwise: Option<Share>,
}

/// Shares that are drawn for each value of an attribute, anew in every run.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Clustered {
    /// The attribute.
    pub attribute: Name,
    /// Mean share over many runs.
    pub mean: Share,
    /// Correlation between two devices of one value, above 0 and below 1.
    pub correlation: Positive,
}

form!(Shows);
form!(Prevalence);

/// Reads the one value of a map of which the first key has been read.
fn only<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    what: &str,
    help: &str,
) -> Result<T, A::Error> {
    let value = map.next_value()?;
    match map.next_key::<de::IgnoredAny>()? {
        None => Ok(value),
        Some(_) => {
            let why = format!("`{what}` is a map with one key, and this one has more");
            Err(de::Error::custom(ScalarError::new("RC109", why, help)))
        }
    }
}

fn empty<E: de::Error>(what: &str, help: &str) -> E {
    E::custom(ScalarError::new("RC109", format!("`{what}` is an empty map"), help))
}

const SHOWS: &str = "write `in install`, `at restart`, `after 2 h to 3 d`, `on 2026-11-30`, `on month end`, or `{ after: ... }` with a distribution";
const SHARE: &str = "write a share such as `2%`, `{ by-value: { attribute: model, values: { Latitude*: 5% } } }` or `{ clustered: { attribute: model, mean: 1%, correlation: 0.3 } }`, or what is known of it, as in `1% to 5%`";

impl Form for Shows {
    const WANTED: &'static str =
        "`in install`, `at restart`, `after 2 h to 3 d`, `on 2026-11-30`, or `{ after: ... }`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        match text.trim() {
            "in install" => Ok(Shows::InInstall),
            "at restart" => Ok(Shows::AfterRestart(Dist::new(Shape::Fixed(0.0)))),
            "on month end" => Ok(Shows::OnMonthEnd),
            other => match (other.strip_prefix("after "), other.strip_prefix("on ")) {
                (Some(wait), _) => wait.parse().map(Shows::AfterRestart),
                (_, Some(moment)) => moment.parse().map(Shows::On),
                _ => {
                    let why = format!("`{}` says no time at which a defect shows", shorten(text));
                    Err(ScalarError::new("RC140", why, SHOWS))
                }
            },
        }
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Kind {
            After,
        }
        match map.next_key::<Kind>()? {
            Some(Kind::After) => only(&mut map, "shows", SHOWS).map(Shows::AfterRestart),
            None => Err(empty("shows", SHOWS)),
        }
    }
}

impl Form for Prevalence {
    const WANTED: &'static str = "a share such as `2%`, `{ by-value: { ... } }` or `{ clustered: { ... } }`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        if text.contains(" to ") {
            return Unsure::text(text).map(Prevalence::Unsure);
        }
        text.parse().map(Prevalence::Share)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Kind {
            ByValue,
            Clustered,
            Beta,
            Triangular,
            Lognormal,
            OneOf,
        }
        match map.next_key::<Kind>()? {
            Some(Kind::ByValue) => only(&mut map, "share", SHARE).map(Prevalence::ByValue),
            Some(Kind::Clustered) => only(&mut map, "share", SHARE).map(Prevalence::Clustered),
            Some(Kind::Beta) => only(&mut map, "share", SHARE).map(Unsure::Beta).and_then(unsure),
            Some(Kind::Triangular) => only(&mut map, "share", SHARE).map(Unsure::Triangular).and_then(unsure),
            Some(Kind::Lognormal) => only(&mut map, "share", SHARE).map(Unsure::Lognormal).and_then(unsure),
            Some(Kind::OneOf) => only(&mut map, "share", SHARE).map(Unsure::OneOf).and_then(unsure),
            None => Err(empty("share", SHARE)),
        }
    }
}

fn unsure<E: de::Error>(unsure: Unsure) -> Result<Prevalence, E> {
    unsure.checked().map(Prevalence::Unsure).map_err(E::custom)
}

impl JsonSchema for Shows {
    fn schema_name() -> Cow<'static, str> {
        "Shows".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let wait = generator.subschema_for::<Dist<Duration>>();
        json_schema!({
            "description": "When a defect shows: in the install, at or after the restart, or on a date.",
            "anyOf": [
                {
                    "type": "string",
                    "pattern": "^(in install|at restart|after .+|on .+)$",
                    "examples": ["in install", "at restart", "after 2 h to 3 d", "on 2026-11-30", "on month end"],
                },
                {
                    "type": "object",
                    "properties": { "after": wait },
                    "required": ["after"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl JsonSchema for Prevalence {
    fn schema_name() -> Cow<'static, str> {
        "Prevalence".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let share = generator.subschema_for::<Share>();
        let by_value = generator.subschema_for::<ByValue>();
        let clustered = generator.subschema_for::<Clustered>();
        let unsure = generator.subschema_for::<Unsure>();
        let one = |key: &str, value: Schema| {
            serde_json::json!({
                "type": "object",
                "properties": { key: value },
                "required": [key],
                "additionalProperties": false,
            })
        };
        json_schema!({
            "description": "A share of devices: for all, by the value of an attribute, drawn for each value, or what is known of it.",
            "anyOf": [share, one("by-value", by_value), one("clustered", clustered), unsure],
        })
    }
}
