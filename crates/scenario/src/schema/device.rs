//! What devices do with an offer, as it is typed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Telemetry;
use crate::{
    de::Named,
    scalar::{Attempts, Bytes, Dist, Duration, Maybe, Share},
};

/// What every managed device does with an offer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Device {
    /// How it looks for updates: `every` with `jitter`, or `wait`.
    pub scan: Option<Scan>,
    /// Policy sync interval.
    pub sync: Option<Duration>,
    /// Delays of overdue work after a wake-up.
    pub wake: Option<Wake>,
    /// Downloads.
    pub download: Option<Download>,
    /// Installs.
    pub install: Option<Install>,
    /// What each step does while the device is off.
    pub while_off: Option<WhileOff>,
    /// Hours online that an update needs.
    pub connectivity: Option<Connectivity>,
    /// What can go wrong in an attempt, by the service's alert names.
    pub failures: Option<Named<Failure>>,
    /// Attempts after a failure.
    pub retry: Option<Retry>,
    /// Disk space.
    pub disk: Option<Disk>,
    /// Restarts.
    pub restart: Option<Restart>,
    /// How the service gets to know what happened on the device.
    pub telemetry: Option<Telemetry>,
}

/// How a device looks for updates.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Scan {
    /// Longest interval between scans.
    pub every: Option<Duration>,
    /// Intervals are uniformly shorter by up to this share.
    pub jitter: Option<Share>,
    /// Instead of intervals: the wait from the moment a release is offerable.
    pub wait: Option<Dist<Duration>>,
}

/// Delays of overdue work after a wake-up.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Wake {
    /// Of a scan.
    pub scan: Option<Dist<Duration>>,
    /// Of a policy sync.
    pub sync: Option<Dist<Duration>>,
}

/// Downloads.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Download {
    /// How long one takes; without it size over bandwidth.
    pub takes: Option<Dist<Duration>>,
}

/// Installs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Install {
    /// How long one takes, up to the pending restart.
    pub takes: Option<Dist<Duration>>,
    /// What happens when the device is switched off.
    pub when_off: Option<WhenOff>,
}

/// How an install lives with being switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenOff {
    /// It goes on where it stopped.
    Resumes,
    /// It begins while the device is on and is then finished.
    Begins,
    /// It needs no device that is on.
    Ignores,
}

/// What each step does while the device is off.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct WhileOff {
    /// Scans.
    pub scan: Option<Off>,
    /// Downloads.
    pub download: Option<Off>,
    /// Restarts.
    pub restart: Option<Off>,
    /// Uploads of telemetry.
    pub telemetry: Option<Off>,
}

/// Whether a step needs the device to be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Off {
    /// It waits until the device is on.
    #[serde(rename = "waits")]
    Waits,
    /// It goes on regardless.
    #[serde(rename = "goes on")]
    GoesOn,
}

/// Hours online that an update needs after publication.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Connectivity {
    /// In total.
    pub total: Option<Duration>,
    /// Of which in one piece.
    pub continuous: Option<Duration>,
    /// Only a statistic of who gets done, or a gate that no install completes before.
    #[serde(rename = "as")]
    pub role: Option<ConnectivityRole>,
}

/// What the connectivity rule is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectivityRole {
    /// A denominator and a criterion of eligibility.
    Statistic,
    /// No install completes before.
    Gate,
}

/// A cause of failure.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Failure {
    /// Share of attempts that fail for this cause.
    pub share: Option<Share>,
    /// At the end of which stage.
    #[serde(rename = "in")]
    pub stage: Option<Stage>,
}

/// A stage of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The download.
    Download,
    /// The install.
    Install,
}

/// Attempts after a failure.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Retry {
    /// From a failure to the next attempt.
    pub after: Option<Dist<Duration>>,
    /// Attempts before a device gives up, or `unlimited`.
    pub attempts: Option<Attempts>,
}

/// Disk space.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Disk {
    /// Free space that an update needs (compared with the inventory).
    pub needs: Option<Bytes>,
    /// Time until somebody frees the disk of a device with too little, or `never`.
    pub freed_after: Option<Maybe>,
}

/// Restarts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Restart {
    /// From the pending restart to the user's own, or `never`.
    pub user: Option<Maybe>,
    /// From the begin of an idle slot outside active hours to the automatic restart, or `never`.
    pub idle: Option<Maybe>,
    /// What the deadline counts from.
    pub anchor: Option<Anchor>,
    /// Warning before a forced restart.
    pub warning: Option<Duration>,
    /// How long a restart takes.
    pub takes: Option<Dist<Duration>>,
}

/// What a deadline counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// The scan that found the update.
    Offer,
    /// Publication plus deferral.
    Release,
    /// The pending restart.
    Pending,
}
