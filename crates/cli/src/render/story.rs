//! The life of one device, told in the local time of its site.

use std::fmt::Write;

use rollcast_core::{
    observe::Story,
    plan::ReleaseId,
    steps::{Disturbance, RestartBy, Step},
    time::{HOUR_S, SimTime},
};
use serde::Serialize;

use super::number::time;
use crate::labels::Names;

/// A story for machines and for the text.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    pub device: u64,
    /// Address of its draws, in hex (64 bits do not fit a JSON number).
    pub key: String,
    pub ring: Option<String>,
    pub zone: String,
    pub attributes: Vec<(String, String)>,
    pub releases: Vec<ToldRelease>,
}

/// What one release was to the device.
#[derive(Debug, Serialize)]
pub(crate) struct ToldRelease {
    pub name: String,
    pub eligible: bool,
    pub patched: Option<String>,
    pub patched_s: Option<i64>,
    pub late_by: Option<&'static str>,
    pub steps: Vec<ToldStep>,
    pub blocked: Vec<ToldBlocked>,
}

/// A step.
#[derive(Debug, Serialize)]
pub(crate) struct ToldStep {
    pub at_s: i64,
    pub at: String,
    pub what: String,
}

/// A stretch in which one state kept the release from the device.
#[derive(Debug, Serialize)]
pub(crate) struct ToldBlocked {
    pub from_s: i64,
    pub to_s: i64,
    pub from: String,
    pub to: String,
    pub by: &'static str,
}

/// Puts names and local times to a story.
pub(crate) fn tell(labels: Names<'_>, site: usize, story: &Story) -> Told {
    let civil = |at: SimTime| labels.at_site(site, at);
    let releases = story
        .settled
        .iter()
        .enumerate()
        .map(|(r, settled)| {
            let id = ReleaseId(r as u16);
            let steps = story.steps.iter().filter(|(_, step)| step.release() == id);
            let blocked = story.blocked.iter().filter(|(release, ..)| *release == id);
            ToldRelease {
                name: labels.release(id),
                eligible: settled.eligible,
                patched: settled.patched.map(civil),
                patched_s: settled.patched.map(|at| at.0),
                late_by: settled.late_by.map(|state| state.name()),
                steps: steps
                    .map(|&(at, step)| ToldStep { at_s: at.0, at: civil(at), what: sentence(labels, step) })
                    .collect(),
                blocked: blocked
                    .map(|&(_, from, to, state)| ToldBlocked {
                        from_s: from.0,
                        to_s: to.0,
                        from: civil(from),
                        to: civil(to),
                        by: state.name(),
                    })
                    .collect(),
            }
        })
        .collect();
    let attributes = labels.0.attributes.iter().zip(&story.values);
    Told {
        device: story.index,
        key: format!("{:016x}", story.key),
        ring: story.ring.map(|ring| labels.ring(ring)),
        zone: labels.site_zone(site),
        attributes: attributes
            .map(|((name, values), &value)| (name.clone(), values[value as usize].clone()))
            .collect(),
        releases,
    }
}

fn sentence(labels: Names<'_>, step: Step) -> String {
    match step {
        Step::Offered(_) => "a scan finds the release".into(),
        Step::DownloadStarted(_) => "the download begins".into(),
        Step::Downloaded(_) => "the download is complete".into(),
        Step::InstallStarted(_) => "the install begins".into(),
        Step::Failed(_, cause) => format!("the attempt fails: {}", labels.0.causes[cause.0 as usize]),
        Step::GaveUp(_) => "it gives up and needs attention".into(),
        Step::PendingRestart(_) => "the install is complete, the restart is pending".into(),
        Step::Restarted(_, by, disturbance) => {
            let by = match by {
                RestartBy::User => "the user restarts",
                RestartBy::Idle => "it restarts by itself while idle",
                RestartBy::Deadline => "the deadline forces the restart",
                RestartBy::Schedule => "it restarts in its scheduled window",
            };
            let when = match disturbance {
                Disturbance::OutsideActiveHours => "outside active hours",
                Disturbance::InActiveHours => "in active hours",
            };
            format!("{by}, {when}")
        }
        Step::Patched(_) => "patched".into(),
        Step::Reported(_) => "the service can see that it is patched".into(),
    }
}

/// The story as text.
pub(crate) fn text(told: &Told) -> String {
    let mut out = String::new();
    let mut put = |line: String| {
        writeln!(out, "{}", line.trim_end()).expect("invariant: a string takes all that is written");
    };
    let ring =
        told.ring.as_deref().map_or("in no ring: nothing is ever offered".into(), |r| format!("ring {r}"));
    put(format!("device {}, {ring}, times in {}", told.device, told.zone));
    let attributes: Vec<String> =
        told.attributes.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    put(format!("  {}", attributes.join(", ")));
    for release in &told.releases {
        put(String::new());
        let counts =
            if release.eligible { "counts for the objective" } else { "does not count for the objective" };
        put(format!("{} ({counts})", release.name));
        // One list in time order: what it did, and from when to when something kept it.
        let mut lines: Vec<(i64, u8, String)> = Vec::new();
        for step in &release.steps {
            lines.push((step.at_s, 0, format!("  {}  {}", step.at, step.what)));
        }
        for blocked in &release.blocked {
            let hours = (blocked.to_s - blocked.from_s) as f64 / HOUR_S as f64;
            let length = time(hours);
            lines.push((
                blocked.from_s,
                1,
                format!("  {}    blocked by {} for {length}", blocked.from, blocked.by),
            ));
        }
        lines.sort_by_key(|&(at, kind, _)| (at, kind));
        lines.into_iter().for_each(|(.., line)| put(line));
        match (&release.patched, release.late_by) {
            (Some(at), None) => put(format!("  patched {at}, within the objective")),
            (Some(at), Some(by)) => put(format!("  patched {at}, late: {by} when the objective passed")),
            (None, Some(by)) => put(format!("  not patched by the end; {by} when the objective passed")),
            (None, None) => put("  not patched by the end of the watch".into()),
        }
    }
    out
}
