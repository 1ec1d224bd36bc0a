//! People, rules, decisions and what commands do, as they are typed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Name;
use crate::scalar::{
    Act, Count, Dist, Duration, Expiry, Judged, Moment, Names, OneOrMany, Outside, Share, Week, Zone,
};

/// People who notice and decide.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct People {
    /// How many; each handles one incident at a time.
    pub staff: Option<Count>,
    /// When they are at work.
    pub hours: Option<Week>,
    /// Zone of these hours.
    pub zone: Option<Zone>,
    /// From a rule's firing, or the begin of work, to the moment somebody looks.
    pub notices: Option<Dist<Duration>>,
    /// From there to the decision.
    pub decides: Option<Dist<Duration>>,
    /// What happens with an incident outside hours: it `waits`, or somebody is `paged after 3 h`.
    pub outside: Option<Outside>,
    /// In whose name they decide.
    pub acts_as: Option<Side>,
}

/// In whose name a decision is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The customer.
    Tenant,
    /// The update service.
    Service,
}

/// Watches what can be observed; when its condition holds, something is decided.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Rule {
    /// The `people` who decide; without them the rule acts by itself, at once.
    #[schemars(with = "Option<Name>")]
    pub who: Option<String>,
    /// In whose name a rule without people acts.
    #[serde(rename = "as")]
    pub side: Option<Side>,
    /// The ring or rings that it counts over; all without it.
    #[serde(rename = "in")]
    pub rings: Option<Names>,
    /// True: each ring by itself; false: all of them together.
    pub each_ring: Option<bool>,
    /// The release or releases that it watches; every one without it.
    pub releases: Option<Names>,
    /// What must be observed.
    pub when: Option<When>,
    /// When that is judged: at each `tick`, or `daily 09:00`.
    pub evaluate: Option<Judged>,
    /// What is decided then: an act, or a list of acts.
    #[serde(rename = "do")]
    pub acts: Option<OneOrMany<Act>>,
}

/// What must be observed: a number, and with `above` a share too.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct When {
    /// What is counted.
    pub count: Option<Counted>,
    /// Only what was seen in so much time before the judgement; everything without it.
    pub within: Option<Duration>,
    /// The least number.
    pub at_least: Option<Count>,
    /// What the share is of.
    pub of: Option<SampleOf>,
    /// The share that must be exceeded.
    pub above: Option<Share>,
    /// The least number that the share is of.
    pub min_sample: Option<Count>,
}

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// Devices on the release that were seen failing.
    Failed,
    /// Devices that were seen failing to download or install it.
    InstallFailed,
    /// Calls to the help desk, whatever they are about.
    Tickets,
}

/// What a share is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SampleOf {
    /// Registered devices.
    Registered,
    /// Devices whose scan found the release.
    Offered,
    /// Devices reported installed.
    Installed,
    /// Devices that reported anything.
    Reported,
}

/// A decision at a given moment, whatever happens.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Decision {
    /// When it lands.
    pub at: Option<Moment>,
    /// Zone of `at`.
    pub zone: Option<Zone>,
    /// In whose name.
    #[serde(rename = "as")]
    pub side: Option<Side>,
    /// What: an act, or a list of acts.
    #[serde(rename = "do")]
    pub acts: Option<OneOrMany<Act>>,
}

/// What commands do, and what the service allows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Commands {
    /// A pause ends on the device itself so long after it was ordered, or `never`.
    pub pause_expires: Option<Expiry>,
    /// Whether the tenant may lift a pause of the service.
    pub tenant_lifts_service: Option<bool>,
    /// Uninstall commands.
    pub uninstall: Option<Uninstall>,
    /// Known Issue Rollback.
    pub switch_off: Option<SwitchOff>,
}

/// Uninstall commands.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Uninstall {
    /// How a device receives it.
    pub received: Option<Received>,
    /// With `push`: from the command to its receipt by a device that is on.
    pub push: Option<Dist<Duration>>,
    /// How long it takes before the restart.
    pub takes: Option<Dist<Duration>>,
    /// Share of devices on which it fails.
    pub fails: Option<Share>,
}

/// How a device receives an uninstall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Received {
    /// It is sent to the device.
    #[serde(rename = "push")]
    Push,
    /// With the next policy sync.
    #[serde(rename = "at sync")]
    AtSync,
}

/// Known Issue Rollback.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SwitchOff {
    /// From the policy sync that brings it to the device's next restart.
    pub restart_after: Option<Dist<Duration>>,
    /// Share of devices on which it fails.
    pub fails: Option<Share>,
}
