//! Objective and goals as they are typed.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::Name;
use crate::scalar::{Bound, Duration, Line, OfRuns, Share};

/// What the service promises: `within` a time of publication, or `after-deadline`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Objective {
    /// Share of eligible devices.
    pub share: Option<Share>,
    /// Time from publication.
    pub within: Option<Duration>,
    /// Instead: time after deferral plus deadline of the ring.
    pub after_deadline: Option<Duration>,
    /// With `after-deadline`: time after the grace period of a device that came back later.
    pub after_return: Option<Duration>,
    /// How recently a device must have been heard from to count as eligible.
    pub heard_within: Option<Duration>,
}

/// Something that must hold: a share patched by a time, or a bound on a metric.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Goal {
    /// Which devices: all, registered, eligible, connected.
    pub of: Option<Of>,
    /// Which ring; the fleet without it.
    #[schemars(with = "Option<Name>")]
    pub ring: Option<String>,
    /// Which release; every one without it.
    #[schemars(with = "Option<Name>")]
    pub release: Option<String>,
    /// Share that must be patched.
    pub patched: Option<Share>,
    /// By when, from publication.
    pub by: Option<Duration>,
    /// A metric (docs/metrics.md) instead of `of`, `patched`, `by`.
    pub metric: Option<String>,
    /// Its upper bound: a number, a share, or a duration where the metric is a time.
    pub at_most: Option<Bound>,
    /// Its lower bound.
    pub at_least: Option<Bound>,
    /// In what share of runs, e.g. `90% of runs`; in every run without it.
    #[serde(rename = "in")]
    pub runs: Option<OfRuns>,
}

/// Denominators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// Every device.
    All,
    /// Registered with the service.
    Registered,
    /// Registered and counting for the objective.
    Eligible,
    /// Registered, with the required hours online.
    Connected,
}

/// A goal as a line or as a map.
#[derive(Clone, Debug)]
pub enum GoalForm {
    /// `harmed.p95 <= 200`.
    Line(Line),
    /// A map.
    Map(Box<Goal>),
}

impl<'de> Deserialize<'de> for GoalForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = GoalForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a goal such as `harmed.p95 <= 200` or `{ of: eligible, patched: 95%, by: 14 d }`",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoalForm, E> {
                text.parse().map(GoalForm::Line).map_err(E::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GoalForm, A::Error> {
                Goal::deserialize(MapAccessDeserializer::new(map)).map(|goal| GoalForm::Map(Box::new(goal)))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for GoalForm {
    fn schema_name() -> Cow<'static, str> {
        "GoalForm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (line, map) = (generator.subschema_for::<Line>(), generator.subschema_for::<Goal>());
        json_schema!({
            "description": "A goal in one line, or as a map.",
            "anyOf": [line, map],
        })
    }
}
