//! The one list of metrics: goals, tables, JSON and sweeps all use these names.
//!
//! A name reads from the general to the particular: `patched.eligible.h95` is the time, in hours from
//! publication, at which 95 % of the eligible devices are patched. Times are 'never' (`None`) where the share
//! is not reached; nothing averages over the lucky runs alone.

use crate::{
    costs::{Costs, Part},
    outcome::{Stop, tick_reached},
    plan::Exploit,
    steps::{Blocker, RestartBy},
    tally::Truth,
    time::{DAY_S, HOUR_S, SimTime},
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

    /// By how many more devices of that kind are patched after each tick.
    pub fn curve(self, truth: &Truth) -> &[i64] {
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
    /// True of the fleet, false of a ring.
    pub is_fleet: bool,
    /// All its devices, registered or not (a ring has registered ones only).
    pub all: u64,
    /// The tick in seconds.
    pub tick_s: i64,
    /// Publication in seconds from the start of play.
    pub published_s: i64,
    /// How the release was stopped.
    pub stop: Stop,
    /// Calls to the help desk that are about no release, over the whole play.
    pub background_tickets: u64,
    /// What things cost, if anything has a price.
    pub costs: Option<&'a Costs>,
    /// The exploit of what the release closes, if there may be one.
    pub exploit: Option<&'a Exploit>,
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
    /// Devices that an exploit is expected to hit before they are patched.
    ExposedHit,
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
    /// Devices that a defect of the release harmed.
    Harmed,
    /// Their share of registered devices.
    HarmedShare,
    /// Hours from publication to the first of them.
    HarmedFirstHours,
    /// Hours from publication to the last of them: contained from there on.
    HarmedLastHours,
    /// Hours from publication to the first sight of harm, by telemetry or through a call.
    HarmSeenHours,
    /// Devices harmed up to the end of the tick in which harm was first seen.
    HarmedUnseen,
    /// Devices harmed after the first stop was decided: the price of lag.
    HarmedAfterDecision,
    /// Devices harmed from the tick on in which the first stop landed.
    HarmedAfterStop,
    /// Device-hours of harm.
    HarmedDeviceHours,
    /// Devices that went down.
    Down,
    /// Device-hours down.
    DownDeviceHours,
    /// Hours from publication until 95 % of the devices that ever went down are repaired.
    DownRepairedHours,
    /// Uninstalls completed.
    RolledBack,
    /// Uninstalls that failed.
    RollbackFailed,
    /// Calls to the help desk about defects of the release.
    Tickets,
    /// Calls about nothing in particular, over the whole play.
    BackgroundTickets,
    /// Decisions about the release that landed.
    Decisions,
    /// Hours from publication to the firing of the first rule that stopped the release.
    StopFiredHours,
    /// Hours from publication to that decision.
    StopDecidedHours,
    /// Hours from publication to its landing.
    StopLandedHours,
    /// 1 if a stop landed before the ring (for the fleet: any ring) was offered the release, else 0.
    StopBeforeOffer,
    /// Stops of the release by rules.
    Stops,
    /// Of which at a moment at which no device was harmed by it.
    FalseStops,
    /// What it costs in all.
    Cost,
    /// Of which in this part.
    CostOf(Part),
}

/// What a scenario must say before a metric has a value in any of its runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Any price.
    Costs,
    /// This price.
    Price(Part),
    /// The exploit clock of the release.
    Exploit,
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
    /// Devices times hours.
    DeviceHours,
    /// Bytes.
    Bytes,
    /// Money, in the currency of the scenario.
    Money,
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
            Metric::ExposedHit,
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
            Metric::Harmed,
            Metric::HarmedShare,
            Metric::HarmedFirstHours,
            Metric::HarmSeenHours,
            Metric::HarmedLastHours,
            Metric::HarmedUnseen,
            Metric::HarmedAfterDecision,
            Metric::HarmedAfterStop,
            Metric::HarmedDeviceHours,
            Metric::Down,
            Metric::DownDeviceHours,
            Metric::DownRepairedHours,
            Metric::RolledBack,
            Metric::RollbackFailed,
            Metric::Tickets,
            Metric::BackgroundTickets,
            Metric::Decisions,
            Metric::StopFiredHours,
            Metric::StopDecidedHours,
            Metric::StopLandedHours,
            Metric::StopBeforeOffer,
            Metric::Stops,
            Metric::FalseStops,
            Metric::Cost,
        ]);
        all.extend(Part::ALL.map(Metric::CostOf));
        all.push(Metric::Late);
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
            Metric::ExposedHit => "exposed.hit".into(),
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
            Metric::Harmed => "harmed".into(),
            Metric::HarmedShare => "harmed.share".into(),
            Metric::HarmedFirstHours => "harmed.first-h".into(),
            Metric::HarmedLastHours => "harmed.last-h".into(),
            Metric::HarmSeenHours => "harmed.seen-h".into(),
            Metric::HarmedUnseen => "harmed.before-seen".into(),
            Metric::HarmedAfterDecision => "harmed.after-decision".into(),
            Metric::HarmedAfterStop => "harmed.after-stop".into(),
            Metric::HarmedDeviceHours => "harmed.device-hours".into(),
            Metric::Down => "down.devices".into(),
            Metric::DownDeviceHours => "down.device-hours".into(),
            Metric::DownRepairedHours => "down.repaired-h95".into(),
            Metric::RolledBack => "rolled-back.devices".into(),
            Metric::RollbackFailed => "rolled-back.failed".into(),
            Metric::Tickets => "tickets.defects".into(),
            Metric::BackgroundTickets => "tickets.background".into(),
            Metric::Decisions => "decisions".into(),
            Metric::StopFiredHours => "stop.fired-h".into(),
            Metric::StopDecidedHours => "stop.decided-h".into(),
            Metric::StopLandedHours => "stop.landed-h".into(),
            Metric::StopBeforeOffer => "stop.before-offer".into(),
            Metric::Stops => "stop.by-rules".into(),
            Metric::FalseStops => "stop.false".into(),
            Metric::Cost => "cost".into(),
            Metric::CostOf(part) => format!("cost.{}", part.name()),
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Metric::PatchedShare(_)
            | Metric::ObjectiveShare
            | Metric::HarmedShare
            | Metric::StopBeforeOffer => Unit::Share,
            Metric::Hours(..)
            | Metric::FirstHours
            | Metric::LastHours
            | Metric::HarmedFirstHours
            | Metric::HarmedLastHours
            | Metric::HarmSeenHours
            | Metric::DownRepairedHours
            | Metric::StopFiredHours
            | Metric::StopDecidedHours
            | Metric::StopLandedHours => Unit::Hours,
            Metric::HarmedDeviceHours | Metric::DownDeviceHours => Unit::DeviceHours,
            Metric::ExposedMeanDays => Unit::Days,
            Metric::ExposedDeviceDays | Metric::BlockedDeviceDays(_) => Unit::DeviceDays,
            Metric::BytesPeakHour | Metric::Bytes => Unit::Bytes,
            Metric::Cost | Metric::CostOf(_) => Unit::Money,
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
            Metric::ExposedHit => {
                "registered devices that an exploit of what the release closes is expected to hit before they are patched; undefined without an exploit clock".into()
            }
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
            Metric::Harmed => "devices that a defect of the release harmed".into(),
            Metric::HarmedShare => "the same as a share of registered devices".into(),
            Metric::HarmedFirstHours => "hours from publication to the first harmed device".into(),
            Metric::HarmedLastHours => {
                "hours from publication to the last newly harmed device: contained from there on".into()
            }
            Metric::HarmSeenHours => {
                "hours from publication until harm was first seen, by telemetry or through a call".into()
            }
            Metric::HarmedUnseen => {
                "devices harmed up to the end of the tick in which harm was first seen (all, if it never was)"
                    .into()
            }
            Metric::HarmedAfterDecision => {
                "devices harmed after the first stop (a pause, an uninstall or a withdrawal that takes effect) was decided: the price of lag; undefined without a stop".into()
            }
            Metric::HarmedAfterStop => {
                "devices harmed from the tick on in which the first stop landed; undefined without a stop".into()
            }
            Metric::HarmedDeviceHours => "device-hours for which defects showed".into(),
            Metric::Down => "times that a device went down".into(),
            Metric::DownDeviceHours => "device-hours down".into(),
            Metric::DownRepairedHours => {
                "hours from publication until 95 % of the devices that ever went down are repaired".into()
            }
            Metric::RolledBack => "uninstalls completed".into(),
            Metric::RollbackFailed => "uninstalls that failed".into(),
            Metric::Tickets => "calls to the help desk about defects of the release".into(),
            Metric::BackgroundTickets => {
                "calls to the help desk about no release, over the whole play".into()
            }
            Metric::Decisions => "decisions about the release that landed".into(),
            Metric::StopFiredHours => {
                "hours from publication until what led to the first stop of the release was seen".into()
            }
            Metric::StopDecidedHours => {
                "hours from publication until the first stop of the release was decided".into()
            }
            Metric::StopLandedHours => "hours from publication until it landed".into(),
            Metric::StopBeforeOffer => {
                "1 if the first stop landed before the ring was offered the release, else 0; over runs the probability of it (fleet: before any ring was)".into()
            }
            Metric::Stops => "stops of the release by rules".into(),
            Metric::FalseStops => "of which at a moment at which it had harmed no device".into(),
            Metric::Cost => {
                "what it costs: the sum of the parts below that have a price in `costs`; undefined without prices. Rings have all of them but decisions".into()
            }
            Metric::CostOf(part) => format!("price `{}` times {}", part.key(), part.meaning()),
        }
    }

    /// What a scenario with these costs and a release with or without an exploit clock does not say, so that the metric has
    /// no value in any run.
    pub fn lacks(self, costs: Option<&Costs>, exploit: bool) -> Option<Lack> {
        let priced = |part| costs.is_some_and(|costs| costs.price(part).is_some());
        match self {
            Metric::ExposedHit if !exploit => Some(Lack::Exploit),
            Metric::Cost | Metric::CostOf(_) if costs.is_none() => Some(Lack::Costs),
            Metric::CostOf(part) if !priced(part) => Some(Lack::Price(part)),
            Metric::CostOf(Part::Hits) if !exploit => Some(Lack::Exploit),
            _ => None,
        }
    }

    /// True if less is better.
    pub fn lower_is_better(self) -> bool {
        !matches!(
            self,
            Metric::Devices(_)
                | Metric::PatchedShare(_)
                | Metric::ObjectiveShare
                | Metric::StopBeforeOffer
                | Metric::RolledBack
        )
    }

    /// The value for a group; `None` is 'never' for times and 'undefined' for shares of nobody.
    pub fn value(self, group: &Group<'_>) -> Option<f64> {
        let truth = group.truth;
        let hours_s = |seconds: i64| seconds as f64 / HOUR_S as f64;
        let days = |seconds: u64| seconds as f64 / DAY_S as f64;
        let since = |at: SimTime| hours_s(at.0 - group.published_s);
        let tick = |at: SimTime| ((at.0 - group.published_s).max(0) / group.tick_s) as usize;
        let restarts = || truth.restarts.iter().sum::<u64>() as f64;
        match self {
            Metric::Devices(of) => Some(of.count(group) as f64),
            Metric::PatchedShare(of) => {
                let patched: i64 = of.curve(truth).iter().sum();
                ratio(patched.max(0) as u64, of.count(group))
            }
            Metric::Hours(of, percent) => {
                let tick = tick_reached(of.curve(truth), of.count(group), f64::from(percent) / 100.0)?;
                Some(hours_s((tick as i64 + 1) * group.tick_s))
            }
            Metric::FirstHours => truth.first_last.map(|(first, _)| since(first)),
            Metric::LastHours => truth.first_last.map(|(_, last)| since(last)),
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
            Metric::Bytes => Some(truth.bytes.iter().map(|&n| u128::from(n)).sum::<u128>() as f64),
            Metric::Failures => Some(truth.failures.iter().sum::<u64>() as f64),
            Metric::GaveUp => Some(truth.gave_up as f64),
            Metric::Harmed => Some(truth.harmed.iter().sum::<u64>() as f64),
            Metric::HarmedShare => ratio(truth.harmed.iter().sum(), truth.devices),
            Metric::HarmedFirstHours => truth.onsets.map(|(first, _)| since(first)),
            Metric::HarmedLastHours => truth.onsets.map(|(_, last)| since(last)),
            Metric::HarmSeenHours => truth.harm_seen.map(since),
            Metric::HarmedUnseen => {
                let ticks = truth.harm_seen.map_or(usize::MAX, |at| tick(at) + 1);
                Some(truth.harmed_before(ticks) as f64)
            }
            Metric::HarmedAfterDecision => group.stop.harmed_after.map(|n| n as f64),
            Metric::HarmedAfterStop => {
                let landed = group.stop.landed?;
                let all: u64 = truth.harmed.iter().sum();
                Some((all - truth.harmed_before(tick(landed))) as f64)
            }
            Metric::HarmedDeviceHours => Some(hours_s(truth.harmed_s as i64)),
            Metric::Down => Some(truth.down.iter().sum::<u64>() as f64),
            Metric::DownDeviceHours => Some(hours_s(truth.down_s as i64)),
            Metric::DownRepairedHours => {
                let down: u64 = truth.down.iter().sum();
                let needed = (libm::ceil(0.95 * down as f64 - 1e-9) as u64).max(1);
                let mut sum = 0;
                let at = truth.repaired.iter().position(|n| {
                    sum += n;
                    sum >= needed
                });
                at.map(|at| hours_s((at as i64 + 1) * group.tick_s))
            }
            Metric::RolledBack => Some(truth.rolled_back.iter().sum::<u64>() as f64),
            Metric::RollbackFailed => Some(truth.rollbacks_failed as f64),
            Metric::Tickets => Some(truth.tickets as f64),
            Metric::BackgroundTickets => Some(group.background_tickets as f64),
            Metric::Decisions => Some(f64::from(group.stop.decisions)),
            Metric::StopFiredHours => group.stop.fired.map(since),
            Metric::StopDecidedHours => group.stop.decided.map(since),
            Metric::StopLandedHours => group.stop.landed.map(since),
            Metric::StopBeforeOffer => Some(if group.stop.before_offer { 1.0 } else { 0.0 }),
            Metric::Stops => Some(f64::from(group.stop.by_rules)),
            Metric::FalseStops => Some(f64::from(group.stop.false_alarms)),
            Metric::ExposedHit => {
                group.exploit.map(|exploit| exploit.expected(truth.devices, &truth.patched))
            }
            Metric::Cost => group.costs.map(|costs| costs.total(group)),
            Metric::CostOf(part) => group.costs?.part(part, group),
        }
    }
}

/// The share of `of` devices that are patched `by_s` seconds after publication, by whole ticks.
pub fn patched_share_at(group: &Group<'_>, of: Of, by_s: i64) -> Option<f64> {
    let ticks = (by_s / group.tick_s).max(0) as usize;
    let curve = of.curve(group.truth);
    let patched: i64 = curve[..ticks.min(curve.len())].iter().sum();
    ratio(patched.max(0) as u64, of.count(group))
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
