//! Steps and observations as plain sentences.

use rollcast_core::{
    plan::{Plan, ReleaseId, Severity, Shows},
    steps::{Disturbance, Observation, RestartBy, Step},
};

use crate::labels::Names;

/// What words need.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub plan: &'a Plan,
    pub labels: Names<'a>,
}

impl Words<'_> {
    /// What the device did, or what was done to it.
    pub(super) fn step(self, step: Step) -> String {
        let pushed = |r: ReleaseId| self.plan.releases[r.0 as usize].push.is_some();
        let defect = |d: rollcast_core::plan::DefectId| &self.labels.0.defects[d.0 as usize];
        match step {
            Step::Offered(r) if pushed(r) => "the content arrives".into(),
            Step::Offered(_) => "a scan finds the release".into(),
            Step::DownloadStarted(_) => "the download begins".into(),
            Step::Downloaded(_) => "the download is complete".into(),
            Step::InstallStarted(_) => "the install begins".into(),
            Step::Failed(_, cause) => {
                format!("the attempt fails: {}", self.labels.0.causes[cause.0 as usize])
            }
            Step::GaveUp(_) => "it gives up and needs attention".into(),
            Step::PendingRestart(_) => "the install is complete, the restart is pending".into(),
            Step::Restarted(_, by, disturbance) => {
                let by = match by {
                    RestartBy::User => "the user restarts",
                    RestartBy::Idle => "it restarts by itself while idle",
                    RestartBy::Deadline => "the deadline forces the restart",
                    RestartBy::Schedule => "it restarts in its scheduled window",
                    RestartBy::Rollback => "it restarts after the uninstall",
                };
                let when = match disturbance {
                    Disturbance::OutsideActiveHours => "outside active hours",
                    Disturbance::InActiveHours => "in active hours",
                };
                format!("{by}, {when}")
            }
            Step::Patched(_) => "patched".into(),
            Step::Harmed(_, d) => {
                let of = &self.plan.defects[d.0 as usize];
                let how = match (of.severity, &of.shows) {
                    (_, Shows::InInstall) => "the install cannot succeed",
                    (Severity::Annoying, _) => "work goes on",
                    (Severity::Degraded, _) => "work goes on with difficulty",
                    (Severity::Down, _) => "the device is down",
                };
                format!("harmed by {}: {how}", defect(d))
            }
            Step::Healed(_, d) => format!("{} does not show any more", defect(d)),
            Step::Repaired(_, d) => format!("repaired by hand, up again after {}", defect(d)),
            Step::RollbackStarted(_) => "the uninstall begins".into(),
            Step::RollbackFailed(_) => "the uninstall fails, the release stays".into(),
            Step::RolledBack(_) => "rolled back: it runs the build from before".into(),
            Step::BackgroundFailure(_) => {
                "it fails for a reason that has nothing to do with the release".into()
            }
            Step::BackgroundCall => "its user calls the help desk about something else".into(),
        }
    }

    /// What could be seen.
    pub(super) fn observation(self, what: Observation) -> &'static str {
        match what {
            Observation::Offered(_) => "the service sees it offered",
            Observation::Installed(_) => "telemetry shows it installed",
            Observation::Failed(_) => "telemetry shows it failing",
            Observation::InstallFailed(_) => "telemetry shows it failing to install",
            Observation::Reported(_) => "it has reported",
            Observation::Ticket => "the help desk takes a call",
        }
    }
}

/// The release under which an observation is told: its own, or that of what led to a call.
pub(super) fn about(what: Observation, cites: Step) -> Option<ReleaseId> {
    match what {
        Observation::Offered(r)
        | Observation::Installed(r)
        | Observation::Failed(r)
        | Observation::InstallFailed(r)
        | Observation::Reported(r) => Some(r),
        Observation::Ticket => cites.release(),
    }
}
