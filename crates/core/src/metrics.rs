//! The one list of metrics: goals, tables, JSON and sweeps all use these names.
//!
//! A name reads from the general to the particular: `patched.eligible.h95` is the time, in hours from
//! publication, at which 95 % of the eligible devices are patched. Times are 'never' (`None`) where the share
//! is not reached; nothing averages over the lucky runs alone.

use crate::{
    outcome::tick_reached,
    steps::{Blocker, RestartBy},
    tally::Truth,
    time::{DAY_S, HOUR_S},
};

/// Which devices a share is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// Every device, also those that cannot be registered.
    All,
    /// Devices registered with the service.
    Registered,
    /// Registered devices that count for the service's objective.
    Eligible,
    /// Registered devices with the required hours online before their objective passed.
    Connected,
}

impl Of {
    /// All denominators.
    pub const ALL: [Of; 4] = [Of::All, Of::Registered, Of::Eligible, Of::Connected];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Of::All => "all",
            Of::Registered => "registered",
            Of::Eligible => "eligible",
            Of::Connected => "connected",
        }
    }

    /// How many devices that is.
    pub fn count(self, group: &Group<'_>) -> u64 {
        match self {
            Of::All => group.all,
            Of::Registered => group.truth.devices,
            Of::Eligible => group.truth.eligible,
            Of::Connected => group.truth.connected,
        }
    }

    /// Patched devices of that kind per tick.
    pub fn curve(self, truth: &Truth) -> &[u64] {
        match self {
            Of::All | Of::Registered => &truth.patched,
            Of::Eligible => &truth.patched_eligible,
            Of::Connected => &truth.patched_connected,
        }
    }
}

/// A ring or the whole fleet, with what a metric needs.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Its counts.
    pub truth: &'a Truth,
    /// All its devices, registered or not (a ring has registered ones only).
    pub all: u64,
    /// The tick in seconds.
    pub tick_s: i64,
    /// Publication in seconds from the start of play.
    pub published_s: i64,
}

/// A number about a group and a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Devices of a kind.
    Devices(Of),
    /// Share patched at the end of the watch.
    PatchedShare(Of),
    /// Hours from publication until so many per cent are patched.
    Hours(Of, u8),
    /// Hours from publication to the first patched device.
    FirstHours,
    /// Hours from publication to the last patched device (of those that were).
    LastHours,
    /// Share of eligible devices patched within the service's objective.
    ObjectiveShare,
    /// Registered devices that were not patched when their objective passed.
    Late,
    /// Of which blocked by this state at that instant.
    LateBy(Blocker),
    /// Device-days between publication and patch, up to the end of the watch, registered devices.
    ExposedDeviceDays,
    /// The same, per registered device, in days.
    ExposedMeanDays,
    /// Device-days of exposure with this state as the reason.
    BlockedDeviceDays(Blocker),
    /// Restarts for the update.
    Restarts,
    /// Of which forced by the deadline.
    RestartsForced,
    /// Of which in active hours.
    RestartsActive,
    /// Forced restarts in active hours.
    RestartsForcedActive,
    /// Most downloads begun in an hour.
    DownloadsPeakHour,
    /// Most downloads under way at once (mean over the busiest tick).
    DownloadsPeakAtOnce,
    /// Most bytes in an hour.
    BytesPeakHour,
    /// All bytes.
    Bytes,
    /// Failed attempts.
    Failures,
    /// Devices that gave up.
    GaveUp,
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share, 0..=1.
    Share,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Devices times days.
    DeviceDays,
    /// Bytes.
    Bytes,
}

const PERCENTS: [u8; 4] = [50, 90, 95, 99];

impl Metric {
    /// Every metric, in the order of outputs.
    pub fn all() -> Vec<Metric> {
        let mut all: Vec<Metric> = Of::ALL.into_iter().map(Metric::Devices).collect();
        for of in [Of::Registered, Of::Eligible, Of::Connected, Of::All] {
            all.push(Metric::PatchedShare(of));
            all.extend(PERCENTS.map(|percent| Metric::Hours(of, percent)));
        }
        all.extend([
            Metric::FirstHours,
            Metric::LastHours,
            Metric::ObjectiveShare,
            Metric::ExposedDeviceDays,
            Metric::ExposedMeanDays,
            Metric::Restarts,
            Metric::RestartsForced,
            Metric::RestartsActive,
            Metric::RestartsForcedActive,
            Metric::DownloadsPeakHour,
            Metric::DownloadsPeakAtOnce,
            Metric::BytesPeakHour,
            Metric::Bytes,
            Metric::Failures,
            Metric::GaveUp,
            Metric::Late,
        ]);
        all.extend(Blocker::ALL.map(Metric::LateBy));
        all.extend(Blocker::ALL.map(Metric::BlockedDeviceDays));
        all
    }

    /// The metric of this name.
    pub fn parse(name: &str) -> Option<Metric> {
        Metric::all().into_iter().find(|metric| metric.name() == name)
    }

    /// The name, as in goals and JSON.
    pub fn name(self) -> String {
        let of = |of: Of| if of == Of::Registered { String::new() } else { format!("{}.", of.name()) };
        match self {
            Metric::Devices(kind) => format!("devices.{}", kind.name()),
            Metric::PatchedShare(kind) => format!("patched.{}share", of(kind)),
            Metric::Hours(kind, percent) => format!("patched.{}h{percent}", of(kind)),
            Metric::FirstHours => "patched.first-h".into(),
            Metric::LastHours => "patched.last-h".into(),
            Metric::ObjectiveShare => "objective.share".into(),
            Metric::Late => "late.devices".into(),
            Metric::LateBy(blocker) => format!("late.{}", blocker.name()),
            Metric::ExposedDeviceDays => "exposed.device-days".into(),
            Metric::ExposedMeanDays => "exposed.mean-days".into(),
            Metric::BlockedDeviceDays(blocker) => format!("blocked.{}.device-days", blocker.name()),
            Metric::Restarts => "restarts.total".into(),
            Metric::RestartsForced => "restarts.forced".into(),
            Metric::RestartsActive => "restarts.in-active-hours".into(),
            Metric::RestartsForcedActive => "restarts.forced-in-active-hours".into(),
            Metric::DownloadsPeakHour => "downloads.peak-per-hour".into(),
            Metric::DownloadsPeakAtOnce => "downloads.peak-at-once".into(),
            Metric::BytesPeakHour => "downloads.peak-bytes-per-hour".into(),
            Metric::Bytes => "downloads.bytes".into(),
            Metric::Failures => "failures.attempts".into(),
            Metric::GaveUp => "failures.gave-up".into(),
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Metric::PatchedShare(_) | Metric::ObjectiveShare => Unit::Share,
            Metric::Hours(..) | Metric::FirstHours | Metric::LastHours => Unit::Hours,
            Metric::ExposedMeanDays => Unit::Days,
            Metric::ExposedDeviceDays | Metric::BlockedDeviceDays(_) => Unit::DeviceDays,
            Metric::BytesPeakHour | Metric::Bytes => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// One sentence for documentation.
    pub fn meaning(self) -> String {
        match self {
            Metric::Devices(of) => match of {
                Of::All => "all devices, registered or not".into(),
                Of::Registered => "devices registered with the service".into(),
                Of::Eligible => "registered devices that count for the objective".into(),
                Of::Connected => "registered devices with the required hours online".into(),
            },
            Metric::PatchedShare(of) => {
                format!("share of {} devices patched at the end of the watch", of.name())
            }
            Metric::Hours(of, percent) => {
                format!("hours from publication until {percent} % of {} devices are patched", of.name())
            }
            Metric::FirstHours => "hours from publication to the first patched device".into(),
            Metric::LastHours => "hours from publication to the last device that was patched".into(),
            Metric::ObjectiveShare => "share of eligible devices patched within the objective".into(),
            Metric::Late => "registered devices not patched when their objective passed".into(),
            Metric::LateBy(b) => format!("late devices blocked by `{}` at that instant", b.name()),
            Metric::ExposedDeviceDays => {
                "device-days between publication and patch, registered devices".into()
            }
            Metric::ExposedMeanDays => "the same per registered device".into(),
            Metric::BlockedDeviceDays(b) => format!("device-days of exposure blocked by `{}`", b.name()),
            Metric::Restarts => "restarts for the update".into(),
            Metric::RestartsForced => "restarts forced by the deadline".into(),
            Metric::RestartsActive => "restarts in active hours".into(),
            Metric::RestartsForcedActive => "restarts forced by the deadline in active hours".into(),
            Metric::DownloadsPeakHour => "most downloads begun in one hour".into(),
            Metric::DownloadsPeakAtOnce => {
                "most downloads under way at once, mean of the busiest tick".into()
            }
            Metric::BytesPeakHour => "most bytes downloaded in one hour".into(),
            Metric::Bytes => "bytes downloaded".into(),
            Metric::Failures => "failed attempts to download or install".into(),
            Metric::GaveUp => "devices that gave up".into(),
        }
    }

    /// True if less is better.
    pub fn lower_is_better(self) -> bool {
        !matches!(self, Metric::Devices(_) | Metric::PatchedShare(_) | Metric::ObjectiveShare)
    }

    /// The value for a group; `None` is 'never' for times and 'undefined' for shares of nobody.
    pub fn value(self, group: &Group<'_>) -> Option<f64> {
        let truth = group.truth;
        let hours_s = |seconds: i64| seconds as f64 / HOUR_S as f64;
        let days = |seconds: u64| seconds as f64 / DAY_S as f64;
        let restarts = || truth.restarts.iter().sum::<u64>() as f64;
        match self {
            Metric::Devices(of) => Some(of.count(group) as f64),
            Metric::PatchedShare(of) => {
                let patched: u64 = of.curve(truth).iter().sum();
                ratio(patched, of.count(group))
            }
            Metric::Hours(of, percent) => {
                let tick = tick_reached(of.curve(truth), of.count(group), f64::from(percent) / 100.0)?;
                Some(hours_s((tick as i64 + 1) * group.tick_s))
            }
            Metric::FirstHours => truth.first_last.map(|(first, _)| hours_s(first.0 - group.published_s)),
            Metric::LastHours => truth.first_last.map(|(_, last)| hours_s(last.0 - group.published_s)),
            Metric::ObjectiveShare => ratio(truth.in_time, truth.eligible),
            Metric::Late => Some(truth.late.iter().sum::<u64>() as f64),
            Metric::LateBy(blocker) => Some(truth.late[blocker as usize] as f64),
            Metric::ExposedDeviceDays => Some(days(truth.blocked_s.iter().sum())),
            Metric::ExposedMeanDays => {
                ratio(truth.blocked_s.iter().sum(), truth.devices).map(|seconds| seconds / DAY_S as f64)
            }
            Metric::BlockedDeviceDays(blocker) => Some(days(truth.blocked_s[blocker as usize])),
            Metric::Restarts => Some(restarts()),
            Metric::RestartsForced => Some(truth.restarts[RestartBy::Deadline as usize] as f64),
            Metric::RestartsActive => Some(truth.restarts_active as f64),
            Metric::RestartsForcedActive => Some(truth.forced_active as f64),
            Metric::DownloadsPeakHour => Some(peak_per_hour(&truth.downloads, group.tick_s)),
            Metric::DownloadsPeakAtOnce => {
                let busiest = truth.transfer_s.iter().copied().max().unwrap_or(0);
                Some(busiest as f64 / group.tick_s as f64)
            }
            Metric::BytesPeakHour => Some(peak_per_hour(&truth.bytes, group.tick_s)),
            Metric::Bytes => Some(truth.bytes.iter().sum::<u64>() as f64),
            Metric::Failures => Some(truth.failures.iter().sum::<u64>() as f64),
            Metric::GaveUp => Some(truth.gave_up as f64),
        }
    }
}

/// The share of `of` devices that are patched `by_s` seconds after publication, by whole ticks.
pub fn patched_share_at(group: &Group<'_>, of: Of, by_s: i64) -> Option<f64> {
    let ticks = (by_s / group.tick_s).max(0) as usize;
    let curve = of.curve(group.truth);
    ratio(curve[..ticks.min(curve.len())].iter().sum(), of.count(group))
}

fn ratio(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// The largest sum over one hour; a tick of an hour or more stands for its own mean hour.
fn peak_per_hour(curve: &[u64], tick_s: i64) -> f64 {
    if tick_s >= HOUR_S {
        let most = curve.iter().copied().max().unwrap_or(0);
        return most as f64 * HOUR_S as f64 / tick_s as f64;
    }
    let per_hour = (HOUR_S / tick_s).max(1) as usize;
    curve.chunks(per_hour).map(|hour| hour.iter().sum::<u64>()).max().unwrap_or(0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parse() {
        let all = Metric::all();
        for metric in &all {
            assert_eq!(Metric::parse(&metric.name()), Some(*metric), "{}", metric.name());
        }
        let mut names: Vec<String> = all.iter().map(|m| m.name()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }
}
