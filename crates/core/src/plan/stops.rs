//! Who stops a release, when and how: people, rules, scripted decisions, and what a command does to a device.

use crate::{
    draws::Coin,
    plan::{DefectId, ReleaseId, RingId},
    quantile::Quantile,
    time::SimTime,
    windows::Windows,
};

/// Index into [`crate::plan::Plan::crews`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrewId(pub u16);

/// People who notice and decide.
#[derive(Clone, Debug)]
pub struct Crew {
    /// Address of their draws (a hash of their name).
    pub key: u32,
    /// How many; each handles one incident at a time.
    pub staff: u32,
    /// When they are at work.
    pub hours: Windows,
    /// From a rule's firing (or the begin of work, if it fires outside hours) to the moment somebody looks.
    pub notices: Quantile,
    /// From there (or from the moment somebody is free) to the decision.
    pub decides: Quantile,
    /// Outside hours somebody looks at the latest so many seconds after the firing; `None`: nobody is called.
    pub paged_after_s: Option<i64>,
}

/// Whose decision it is. The service cannot override the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The customer.
    Tenant,
    /// The update service.
    Service,
}

/// Watches what can be observed and starts an incident when its condition holds.
///
/// For each release that it watches (or once, if it counts tickets) and for the sum of its rings (or each of
/// them) a rule is armed from the start. It is judged on whole ticks. Fired, it is disarmed until a ring that its
/// decision was about stops being paused, and counts anew from there.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Address of its draws (a hash of its name).
    pub key: u32,
    /// Who decides; `None`: the rule acts by itself, at once.
    pub crew: Option<CrewId>,
    /// In whose name.
    pub side: Side,
    /// Releases that it watches, by index.
    pub releases: Vec<bool>,
    /// Rings that it counts over, by index.
    pub rings: Vec<bool>,
    /// True: each of them by itself. False: all together.
    pub each_ring: bool,
    /// What fires it.
    pub when: Condition,
    /// When it is judged.
    pub evaluate: Evaluate,
    /// What is then decided, in order.
    pub acts: Vec<Act>,
}

/// What must be observed for a rule to fire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// What is counted.
    pub count: Counted,
    /// Only what was seen in so many seconds before the evaluation; `None`: since the rule was armed.
    pub within_s: Option<i64>,
    /// The count must be at least this (at least 1).
    pub at_least: u64,
    /// And its share of something.
    pub share: Option<ShareOf>,
}

/// A share that must be exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShareOf {
    /// Of what.
    pub of: Denominator,
    /// The share that must be exceeded, 0..=1.
    pub above: f64,
    /// And of how many at least.
    pub min_sample: u64,
}

/// What a rule counts; devices count once for each release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Devices on the release that were seen failing (a defect that telemetry sees, a background failure).
    Failed,
    /// Devices seen failing to download or install it.
    InstallFailed,
    /// Calls to the help desk from the rings, whatever they are about.
    Tickets,
}

/// What a share is of, in the rings of the rule. The same window of time as for the count holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denominator {
    /// Registered devices (no window).
    Registered,
    /// Devices whose scan found the release; the service sees that at once.
    Offered,
    /// Devices reported installed.
    Installed,
    /// Devices that reported anything: installed, failed, or failed to install.
    Reported,
}

/// When a rule is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluate {
    /// At the end of each tick.
    Tick,
    /// At these instants, in order, on the ticks that are over.
    At(Vec<SimTime>),
}

/// A decision at a given instant, whatever happens.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// When it lands.
    pub at: SimTime,
    /// In whose name.
    pub side: Side,
    /// What.
    pub act: Act,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Rings take no new offers.
    Pause {
        /// Which rings.
        rings: Reach,
        /// Resumed after so many seconds; `None`: until somebody resumes or the pause expires.
        for_s: Option<i64>,
    },
    /// Ends a pause.
    Resume {
        /// Which rings.
        rings: Reach,
    },
    /// Removes the release where it is installed and pauses the rings.
    Uninstall {
        /// Which release; `None`: the one that the rule fired for.
        release: Option<ReleaseId>,
        /// Which rings.
        rings: Reach,
        /// As for a pause.
        for_s: Option<i64>,
    },
    /// Switches one change inside a release off (Known Issue Rollback), on the devices that have the defect.
    SwitchOff {
        /// Which defect.
        defect: DefectId,
    },
    /// The release is not offered any more, from that second on and to nobody.
    Withdraw {
        /// Which release; `None`: the one that the rule fired for.
        release: Option<ReleaseId>,
    },
}

/// Which rings an act is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    All,
    /// Those to which the release is not offered yet when the decision lands.
    Later,
    /// One.
    Ring(RingId),
    /// One and those after it in the order of the scenario.
    From(RingId),
}

/// What commands do to devices, and what the service allows.
#[derive(Clone, Debug)]
pub struct Management {
    /// A pause ends on the device itself so many seconds after it was ordered; `None`: it is renewed for ever.
    pub pause_expires_s: Option<i64>,
    /// True if the tenant may lift a pause of the service.
    pub tenant_lifts_service: bool,
    /// Uninstall commands.
    pub uninstall: Uninstall,
    /// Known Issue Rollback.
    pub switch_off: SwitchOff,
    /// Decisions after which a run ends early with a named result.
    pub max_decisions: usize,
}

/// Uninstall on a device.
#[derive(Clone, Debug)]
pub struct Uninstall {
    /// From the command to its receipt on a device that is on, in seconds (a device that is off receives it with
    /// the sync after its wake-up); `None`: at the next policy sync.
    pub push: Option<Quantile>,
    /// How long it takes before the restart, in seconds.
    pub takes: Quantile,
    /// Whether it fails on a device.
    pub fails: Coin,
}

/// Known Issue Rollback on a device.
#[derive(Clone, Debug)]
pub struct SwitchOff {
    /// From the policy sync that brings it to the device's next restart, in seconds.
    pub restart_after: Quantile,
    /// Whether it fails on a device.
    pub fails: Coin,
}
