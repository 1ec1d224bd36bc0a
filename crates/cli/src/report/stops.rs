//! What is wrong with releases and who stops them, as it stands in the outcome.

use schemars::JsonSchema;
use serde::Serialize;

use super::When;

/// Something wrong with one release or several.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Defect {
    /// Its name.
    pub name: String,
    /// The releases that have it.
    pub releases: Vec<String>,
    /// How bad it is.
    pub severity: SeverityName,
}

/// How bad a defect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SeverityName {
    /// Work goes on.
    Annoying,
    /// Work goes on with difficulty.
    Degraded,
    /// The device is down until it is repaired by hand.
    Down,
}

/// A rule that watches releases.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Rule {
    /// Its name.
    pub name: String,
    /// The people who decide; null: it acts by itself.
    pub people: Option<String>,
    /// In whose name.
    pub side: SideName,
    /// The releases that it watches.
    pub releases: Vec<String>,
    /// What it counts.
    pub counts: CountedName,
    /// What its share is of; null: it asks for no share.
    pub of: Option<SampleName>,
}

/// In whose name something is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SideName {
    /// The customer's.
    Tenant,
    /// The update service's.
    Service,
}

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CountedName {
    /// Devices on the release that were seen failing.
    Failed,
    /// Devices seen failing to download or install it.
    FailedToInstall,
    /// Calls to the help desk, whatever they are about.
    Tickets,
}

/// What a share is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SampleName {
    /// Registered devices.
    Registered,
    /// Devices whose scan found the release.
    Offered,
    /// Devices seen installed.
    Installed,
    /// Devices seen installed, failing or failing to install.
    Reported,
}

/// A decision that landed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Landed {
    /// The rule that fired; null: it was scripted.
    pub rule: Option<String>,
    /// Which firing of the rule this was, from 1; null: it was scripted.
    pub firing: Option<u32>,
    /// The name of the scripted decision; null: a rule fired.
    pub script: Option<String>,
    /// Who decided: the people, `the rule itself`, or `scripted`.
    pub who: String,
    /// In whose name.
    pub side: SideName,
    /// When the rule fired (for a scripted decision: when it landed, as the other instants).
    pub fired: When,
    /// When somebody looked at it.
    pub noticed: When,
    /// When it was decided.
    pub decided: When,
    /// What was decided, as a word.
    pub act: ActName,
    /// What was decided, as a phrase.
    pub words: String,
    /// Each ring that it was about, and what became of it there.
    pub rings: Vec<RingEffect>,
    /// What was observed when the rule fired; null: it was scripted.
    pub observed: Option<Sighting>,
    /// What was true at that moment; null: it was scripted.
    pub truth: Option<TrueMoment>,
}

/// What was decided, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ActName {
    /// The rings take no new offers.
    Pause,
    /// Ends a pause.
    Resume,
    /// Removes the release where it is installed and pauses the rings.
    Uninstall,
    /// Switches one change inside a release off.
    SwitchOff,
    /// The release is not offered any more.
    Withdraw,
}

/// What became of a decision in a ring.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RingEffect {
    /// The ring.
    pub ring: String,
    /// What became of it.
    pub effect: EffectName,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EffectName {
    /// It holds.
    Applied,
    /// Refused, because the pause of the other side stands.
    Refused,
    /// There was nothing to change.
    Void,
}

/// What a rule saw when it fired.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Sighting {
    /// How many were counted.
    pub count: u64,
    /// What is counted.
    pub counted: CountedName,
    /// The sample; null: the rule asks for no share.
    pub of: Option<u64>,
    /// What the sample is.
    pub sample: Option<SampleName>,
}

/// What was true when a rule fired, in the rings that it counts over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TrueMoment {
    /// Devices that the release had harmed.
    pub harmed: u64,
    /// Devices that ran the release or a newer one.
    pub patched: u64,
}

/// In how many runs something was so.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Chance {
    /// Runs in which it was.
    pub held: u32,
    /// Runs played.
    pub runs: u32,
    /// 95 % interval (Wilson) of its probability.
    pub interval: [f64; 2],
}
