//! The fleet as it is typed: cohorts, attributes, sites, habits.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Name;
use crate::{
    de::Named,
    scalar::{
        Bandwidth, Count, Days, Dist, Duration, Hours, Online, Rate, Share, Size, Spread, Week, Where, Zone,
    },
};

/// The devices: described (`devices`, `cohorts`, `mix`) or listed (`inventory`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Fleet {
    /// Number of devices of a described fleet.
    pub devices: Option<Count>,
    /// Kinds of devices by name, by count (exact) or share (each device draws its own).
    pub cohorts: Option<Named<Cohort>>,
    /// Attributes of devices and how their values are spread, for cohorts that do not say otherwise.
    pub mix: Option<Named<Spread>>,
    /// An export of Intune's device list (CSV), relative to this file.
    pub inventory: Option<PathBuf>,
    /// Attributes derived from the columns of the inventory.
    pub attributes: Option<Named<Attribute>>,
    /// Sites by the values of the attribute `site`.
    pub sites: Option<Named<Site>>,
    /// How devices live; a device follows the first habit whose `where` matches, and one says `where: rest`
    /// or nothing.
    pub habits: Option<Named<Habit>>,
}

/// A kind of device.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Cohort {
    /// Exactly so many devices.
    pub count: Option<Count>,
    /// Share of the devices that no `count` claims: `45%` or `rest`. Each device draws its cohort by itself.
    pub share: Option<Size>,
    /// Attributes that are particular to the cohort.
    pub mix: Option<Named<Spread>>,
    /// `corporate` devices can be registered, `personal` ones cannot.
    pub ownership: Option<Ownership>,
    /// Who manages the devices; `configuration-manager` alone cannot be registered.
    pub management: Option<Management>,
}

/// Whose device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// Owned by the company.
    Corporate,
    /// Owned by the user.
    Personal,
}

/// Who manages a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Management {
    /// Intune.
    Intune,
    /// Configuration Manager and Intune together, with the update workloads on Intune.
    CoManaged,
    /// Configuration Manager alone.
    ConfigurationManager,
}

/// An attribute derived from a column: by patterns, by its own values, or from a second file by Device ID.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Attribute {
    /// Column of the inventory (or of `file`).
    #[schemars(with = "Option<Name>")]
    pub from: Option<String>,
    /// Pattern (`KRK-*`) to value, the first match counts. Without it the column's own value is taken.
    #[serde(rename = "match")]
    #[schemars(with = "Option<Named<Name>>")]
    pub matches: Option<Named<String>>,
    /// Value where nothing matches.
    #[serde(rename = "else")]
    #[schemars(with = "Option<Name>")]
    pub otherwise: Option<String>,
    /// A second CSV with a Device ID column that holds the column `from`.
    pub file: Option<PathBuf>,
}

/// A site.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Site {
    /// Time zone of its local hours.
    pub zone: Option<Zone>,
    /// Bandwidth of one device at this site; a habit's own bandwidth gives way to it.
    pub bandwidth: Option<Dist<Bandwidth>>,
    /// Days on which the site is closed and its devices are off: dates or ranges of dates.
    pub closed: Option<Vec<Days>>,
}

/// How a kind of device lives.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Habit {
    /// Which devices, e.g. `role = shopfloor`, or `rest`.
    #[serde(rename = "where")]
    pub members: Option<Where>,
    /// When they are on and connected.
    pub online: Option<Online>,
    /// How far one device's day is shifted against the stated hours.
    pub varies: Option<Dist<Duration>>,
    /// Absences of days or weeks.
    pub away: Option<Away>,
    /// Share that is registered but silent from before the start.
    pub no_heartbeat: Option<Share>,
    /// Rate at which devices leave for good, e.g. `0.3% a month`.
    pub never_back: Option<Rate>,
    /// Share with settings that conflict with the service's policies.
    pub policy_conflict: Option<Share>,
    /// Share with too little free disk for the update.
    pub little_disk: Option<Share>,
    /// Download bandwidth of one device.
    pub bandwidth: Option<Dist<Bandwidth>>,
    /// Local hours that automatic restarts avoid.
    pub active_hours: Option<Hours>,
    /// When updates may install.
    pub install: Option<InstallCadence>,
}

/// Installs at fixed times instead of by deadline.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct InstallCadence {
    /// Local windows for install and restart, e.g. `Sun 02:00 to Sun 06:00`. No deadline, no forced restart,
    /// outside the service's objective.
    pub scheduled: Option<Week>,
}

/// Absences.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Away {
    /// Share of devices that are away at any instant.
    pub share: Option<Share>,
    /// How long an absence lasts.
    pub lasts: Option<Dist<Duration>>,
}
