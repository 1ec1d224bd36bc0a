//! Defects, background trouble and telemetry as they are typed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Name;
use crate::scalar::{
    Dist, Duration, Names, PerDay, Prevalence, Rate, Share, Shows, Uploads, Week, Where, Zone,
};

/// How the service gets to know what happened on a device.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Telemetry {
    /// Interval between uploads, at a phase of the device's own; or `at once`, an upload for each event.
    pub every: Option<Uploads>,
    /// Share of uploads that are lost.
    pub loss: Option<Share>,
    /// From an upload to the moment at which people and rules can see it.
    pub latency: Option<Dist<Duration>>,
    /// When a device reports success.
    pub success: Option<Success>,
}

/// When a device reports success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Success {
    /// Running the new build.
    Restarted,
    /// The complete install, before the restart.
    Installed,
}

/// Something wrong with one release or several.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Defect {
    /// The release that has it, or a list of releases. Any other release cures it.
    #[serde(rename = "in")]
    pub releases: Option<Names>,
    /// Only these devices can have it, e.g. `model = Latitude*`; all without it.
    #[serde(rename = "where")]
    pub members: Option<Where>,
    /// Share of those devices that have it: for all, `by-value` of an attribute, or `clustered`.
    pub share: Option<Prevalence>,
    /// When it shows: `in install`, `at restart`, `after` a time, `on` a date.
    pub shows: Option<Shows>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Share of devices that show it and on which telemetry sees it.
    pub telemetry: Option<Share>,
    /// Whether users call the help desk; nobody does without it.
    pub ticket: Option<Ticket>,
    /// How a device that is down gets up again; not at all without it.
    pub repair: Option<Repair>,
    /// True if it sits in a security fix, which cannot be switched off.
    pub security: Option<bool>,
}

/// How bad a defect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Work goes on.
    Annoying,
    /// Work goes on with difficulty.
    Degraded,
    /// The device is down until it is repaired by hand.
    Down,
}

/// Calls to the help desk.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Ticket {
    /// Share of users that call.
    pub share: Option<Share>,
    /// From the moment it shows to the call.
    pub after: Option<Dist<Duration>>,
    /// Calls wait for these hours; at any time without it.
    pub only_in: Option<Week>,
    /// Zone of these hours.
    pub zone: Option<Zone>,
}

/// Repair by hand.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Repair {
    /// From the moment the device goes down to the request for repair.
    pub asked_after: Option<Dist<Duration>>,
    /// How long one repair takes.
    pub takes: Option<Dist<Duration>>,
    /// How many repairs can begin in a day, e.g. `120 a day`, or `unlimited`.
    pub at_most: Option<PerDay>,
    /// Repairs begin in these hours only; at any time without it.
    pub hours: Option<Week>,
    /// Zone of these hours.
    pub zone: Option<Zone>,
    /// Instead of `hours`: repairs begin in the hours of these `people`.
    #[schemars(with = "Option<Name>")]
    pub by: Option<String>,
    /// What the repair leaves behind.
    pub leaves: Option<Leaves>,
}

/// What a repair leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leaves {
    /// The device runs the build from before, and the release is not offered to it any more.
    Removed,
    /// The release stays, and the defect does not show on this device again.
    WorkedAround,
}

/// What every fleet has without any release.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Background {
    /// Rate at which devices are seen failing, e.g. `0.5% a month`.
    pub failures: Option<Rate>,
    /// Rate at which users call the help desk, e.g. `3% a month`.
    pub tickets: Option<Rate>,
    /// These calls wait for these hours; at any time without it.
    pub tickets_in: Option<Week>,
    /// Zone of these hours.
    pub zone: Option<Zone>,
    /// Where the figures come from, in your own words.
    pub source: Option<String>,
}
