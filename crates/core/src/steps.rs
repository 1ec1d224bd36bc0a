//! What can be said of a device while its life is played: steps, states that block it, and where both go.

use crate::{
    plan::{CauseId, ReleaseId},
    time::SimTime,
};

/// One step in a device's life. The order of the variants is the order within one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A scan found the release.
    Offered(ReleaseId),
    /// The download began.
    DownloadStarted(ReleaseId),
    /// The download is complete.
    Downloaded(ReleaseId),
    /// The install began.
    InstallStarted(ReleaseId),
    /// An attempt failed, in the download or at the end of the install.
    Failed(ReleaseId, CauseId),
    /// The last allowed attempt failed; the device waits for attention or for a newer release.
    GaveUp(ReleaseId),
    /// The install is complete, the restart is due.
    PendingRestart(ReleaseId),
    /// The restart began.
    Restarted(ReleaseId, RestartBy, Disturbance),
    /// Running the new build: patched.
    Patched(ReleaseId),
    /// The service can see that the device is patched.
    Reported(ReleaseId),
}

impl Step {
    /// The release that the step is about.
    pub fn release(self) -> ReleaseId {
        match self {
            Step::Offered(r)
            | Step::DownloadStarted(r)
            | Step::Downloaded(r)
            | Step::InstallStarted(r)
            | Step::Failed(r, _)
            | Step::GaveUp(r)
            | Step::PendingRestart(r)
            | Step::Restarted(r, ..)
            | Step::Patched(r)
            | Step::Reported(r) => r,
        }
    }
}

/// Why a restart came when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestartBy {
    /// The user chose it.
    User,
    /// An idle slot outside active hours.
    Idle,
    /// The effective deadline.
    Deadline,
    /// A scheduled install window.
    Schedule,
}

/// Whether a restart fell into active hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Disturbance {
    /// Outside active hours.
    OutsideActiveHours,
    /// Inside them.
    InActiveHours,
}

/// The one state that keeps a device from being patched at an instant.
///
/// Where several hold, the earliest of this list counts; so every second between publication and patch, and
/// every late device, has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blocker {
    /// Not offerable yet: deferral, a gate or a ramp.
    Deferred,
    /// The service holds new offers back and the device knows.
    Paused,
    /// Settings that conflict with the service's policies.
    PolicyConflict,
    /// Silent for good.
    NoHeartbeat,
    /// Absent: on leave, or its site is closed.
    Away,
    /// Too little free disk.
    DiskFull,
    /// Installed but for the required hours online.
    LowConnectivity,
    /// No scan has found the release yet (nights off included).
    WaitingForScan,
    /// Downloading.
    Downloading,
    /// Installing, or waiting for the moment it may.
    Installing,
    /// An attempt failed; the next one is due.
    Retrying,
    /// It gave up.
    NeedsAttention,
    /// Installed, not restarted.
    PendingRestart,
}

impl Blocker {
    /// All of them, by precedence.
    pub const ALL: [Blocker; 13] = [
        Blocker::Deferred,
        Blocker::Paused,
        Blocker::PolicyConflict,
        Blocker::NoHeartbeat,
        Blocker::Away,
        Blocker::DiskFull,
        Blocker::LowConnectivity,
        Blocker::WaitingForScan,
        Blocker::Downloading,
        Blocker::Installing,
        Blocker::Retrying,
        Blocker::NeedsAttention,
        Blocker::PendingRestart,
    ];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Blocker::Deferred => "deferred",
            Blocker::Paused => "paused",
            Blocker::PolicyConflict => "policy-conflict",
            Blocker::NoHeartbeat => "no-heartbeat",
            Blocker::Away => "away",
            Blocker::DiskFull => "disk-full",
            Blocker::LowConnectivity => "low-connectivity",
            Blocker::WaitingForScan => "waiting-for-scan",
            Blocker::Downloading => "downloading",
            Blocker::Installing => "installing",
            Blocker::Retrying => "retrying",
            Blocker::NeedsAttention => "needs-attention",
            Blocker::PendingRestart => "pending-restart",
        }
    }
}

/// How a device ends up with respect to one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// When it was offerable to this device, if ever before the end of play.
    pub offerable: Option<SimTime>,
    /// When it first ran this release or a newer one, if before the end of the release's watch.
    pub patched: Option<SimTime>,
    /// When the service could first see that.
    pub reported: Option<SimTime>,
    /// When the objective passed for this device (at most the end of the watch).
    pub objective_at: SimTime,
    /// Whether it counts for the objective: heard from recently, connected enough, room on the disk, no
    /// policy conflict, deadline-driven.
    pub eligible: bool,
    /// Whether it had the required hours online between publication and `objective_at`.
    pub connected: bool,
    /// The state that blocked it at `objective_at`, if it was not patched by then.
    pub late_by: Option<Blocker>,
}

/// Where a life goes: a tally, an observer, a story. Methods are called in time order per device, except that
/// `settled` comes last, once for each release.
pub trait Sink {
    /// A step at an instant.
    fn step(&mut self, at: SimTime, step: Step);
    /// `release` was kept from the device by `blocker` over `[from, to)`.
    fn blocked(&mut self, release: ReleaseId, from: SimTime, to: SimTime, blocker: Blocker);
    /// The share of a download that went on over `[from, to)`; `done_s` of `total_s` seconds came before.
    fn transfer(&mut self, release: ReleaseId, from: SimTime, to: SimTime, done_s: i64, total_s: i64);
    /// How the device ended up with respect to `release`.
    fn settled(&mut self, release: ReleaseId, settled: &Settled);
}
