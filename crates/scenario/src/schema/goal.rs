//! Objective and goals as they are typed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Name;
use crate::scalar::{Bound, Duration, OfRuns, Share};

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
