//! What can be said of a device while its life is played: steps, states that block it, and where both go.

use crate::{
    plan::{CauseId, DefectId, ReleaseId},
    time::SimTime,
    windows::Span,
};

/// One step in a device's life: something true.
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
    /// A defect of the release shows.
    Harmed(ReleaseId, DefectId),
    /// The defect does not show any more: another build, or the change is switched off.
    Healed(ReleaseId, DefectId),
    /// A device that was down is up again.
    Repaired(ReleaseId, DefectId),
    /// An uninstall of the release began.
    RollbackStarted(ReleaseId),
    /// It failed; the release stays.
    RollbackFailed(ReleaseId),
    /// Running the build from before.
    RolledBack(ReleaseId),
    /// A failure that has nothing to do with the release that the device runs.
    BackgroundFailure(ReleaseId),
    /// A call to the help desk that has nothing to do with any release.
    BackgroundCall,
}

impl Step {
    /// The release that the step is about.
    pub fn release(self) -> Option<ReleaseId> {
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
            | Step::Harmed(r, _)
            | Step::Healed(r, _)
            | Step::Repaired(r, _)
            | Step::RollbackStarted(r)
            | Step::RollbackFailed(r)
            | Step::RolledBack(r)
            | Step::BackgroundFailure(r) => Some(r),
            Step::BackgroundCall => None,
        }
    }
}

/// Something that the service or the help desk gets to see of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observation {
    /// The service answered the scan that found the release.
    Offered(ReleaseId),
    /// The release (or a newer one) counts as installed.
    Installed(ReleaseId),
    /// A failure of the device on the release.
    Failed(ReleaseId),
    /// A failure to download or install it.
    InstallFailed(ReleaseId),
    /// The first of the three above.
    Reported(ReleaseId),
    /// A call to the help desk.
    Ticket,
}

/// The true event that an observation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cited {
    /// When it happened.
    pub at: SimTime,
    /// What.
    pub step: Step,
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
    /// The end of an uninstall: at once.
    Rollback,
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
    /// Not offerable: deferral, a gate or a ramp; or not any more.
    Deferred,
    /// The service holds new offers back and the device knows.
    Paused,
    /// Settings that conflict with the service's policies.
    PolicyConflict,
    /// Silent for good.
    NoHeartbeat,
    /// A defect has it.
    Down,
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
    /// An uninstall is under way.
    RollingBack,
}

impl Blocker {
    /// All of them, by precedence.
    pub const ALL: [Blocker; 15] = [
        Blocker::Deferred,
        Blocker::Paused,
        Blocker::PolicyConflict,
        Blocker::NoHeartbeat,
        Blocker::Down,
        Blocker::Away,
        Blocker::DiskFull,
        Blocker::LowConnectivity,
        Blocker::WaitingForScan,
        Blocker::Downloading,
        Blocker::Installing,
        Blocker::Retrying,
        Blocker::NeedsAttention,
        Blocker::PendingRestart,
        Blocker::RollingBack,
    ];

    /// The name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Blocker::Deferred => "deferred",
            Blocker::Paused => "paused",
            Blocker::PolicyConflict => "policy-conflict",
            Blocker::NoHeartbeat => "no-heartbeat",
            Blocker::Down => "down",
            Blocker::Away => "away",
            Blocker::DiskFull => "disk-full",
            Blocker::LowConnectivity => "low-connectivity",
            Blocker::WaitingForScan => "waiting-for-scan",
            Blocker::Downloading => "downloading",
            Blocker::Installing => "installing",
            Blocker::Retrying => "retrying",
            Blocker::NeedsAttention => "needs-attention",
            Blocker::PendingRestart => "pending-restart",
            Blocker::RollingBack => "rolling-back",
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
    /// When that (or, where success is reported before the restart, the install) could first be seen.
    pub reported: Option<SimTime>,
    /// When the objective passed for this device (at most the end of the watch).
    pub objective_at: SimTime,
    /// Whether it counts for the objective: heard from recently, connected enough, room on the disk, no
    /// policy conflict, deadline-driven.
    pub eligible: bool,
    /// Whether it had the required hours online between publication and `objective_at`.
    pub connected: bool,
    /// The state that blocked it at `objective_at`, if it was not patched then.
    pub late_by: Option<Blocker>,
    /// When a defect of this release first showed on it, if before the end of the watch.
    pub harmed: Option<SimTime>,
    /// When that was first seen, by telemetry or through a call.
    pub harm_seen: Option<SimTime>,
    /// Seconds for which defects of this release showed, up to the end of the watch (down or not).
    pub harmed_s: i64,
    /// Seconds for which a defect of this release had it down, up to the end of the watch.
    pub down_s: i64,
}

/// Where a life goes: a tally, an observer, a story. A life tells what it knows when it knows it: the calls of
/// one method are not sorted by time, `observed` comes after the steps, `settled` last.
pub trait Sink {
    /// A step at an instant.
    fn step(&mut self, at: SimTime, step: Step);
    /// `release` was kept from the device by `blocker` over `[from, to)`.
    fn blocked(&mut self, release: ReleaseId, from: SimTime, to: SimTime, blocker: Blocker);
    /// The share of a download that went on over `[from, to)`; `done_s` of `total_s` seconds came before.
    fn transfer(&mut self, release: ReleaseId, from: SimTime, to: SimTime, done_s: i64, total_s: i64);
    /// The device is down since `at` minus the delay to ask, and repair by hand is asked for at `at`.
    fn asked(&mut self, at: SimTime, key: u64, defect: DefectId);
    /// Something that could be seen from `at` on, and where it comes from. A device counts once per release and
    /// kind; calls count each.
    fn observed(&mut self, at: SimTime, what: Observation, cites: Cited);
    /// The stretches in which the device knew of a pause, in order; once.
    fn held(&mut self, held: &[Span]);
    /// How the device ended up with respect to `release`, and the stretches in which it ran it or a newer one
    /// (the last one ends with [`SimTime::NEVER`] if that did not end).
    fn settled(&mut self, release: ReleaseId, settled: &Settled, covered: &[Span]);
}
