//! What can go wrong on a device, and how anybody gets to know of it.

use crate::{
    draws::Coin,
    plan::{AWAY_BLOCK_S, AttributeId, Filter},
    quantile::Quantile,
    time::SimTime,
    windows::Windows,
};

/// Index into [`crate::plan::Plan::defects`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefectId(pub u16);

/// Something wrong with one release or several.
#[derive(Clone, Debug)]
pub struct Defect {
    /// 24-bit address of its draws (a hash of its name).
    pub key: u32,
    /// Which releases have it, by index. A release that is not marked cures it.
    pub releases: Vec<bool>,
    /// Only these devices can have it.
    pub members: Filter,
    /// Which share of them does.
    pub prevalence: Prevalence,
    /// When it shows.
    pub shows: Shows,
    /// How bad it is.
    pub severity: Severity,
    /// Whether telemetry sees it on an affected device.
    pub telemetry: Coin,
    /// Whether its user calls the help desk.
    pub ticket: Option<Ticket>,
    /// How a device that is down gets up again; `None`: not at all. Used with [`Severity::Down`] only.
    pub repair: Option<Repair>,
}

/// The share of devices that are prone to a defect.
#[derive(Clone, Debug)]
pub enum Prevalence {
    /// Each device by itself.
    Share(Coin),
    /// Each device by itself with the share of its value of an attribute.
    ByValue(AttributeId, Vec<Coin>),
    /// Some values of an attribute are bad and most are fine: the share of each value is drawn once a
    /// replication from the beta distribution with this mean and intra-class correlation rho (0 < rho < 1), so
    /// a = mean (1 - rho) / rho and b = (1 - mean) (1 - rho) / rho.
    Clustered {
        /// The attribute.
        by: AttributeId,
        /// Mean share.
        mean: f64,
        /// Correlation between two devices of one value.
        correlation: f64,
    },
}

/// When a defect shows on a device that has it.
#[derive(Clone, Debug)]
pub enum Shows {
    /// Every attempt to install fails.
    InInstall,
    /// So long after the restart that brought the release.
    AfterRestart(Quantile),
    /// At this instant (a month's end), on devices that are patched later at once.
    On(SimTime),
}

/// How bad a defect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Work goes on.
    Annoying,
    /// Work goes on with difficulty.
    Degraded,
    /// The device is down: it sends nothing, hears nothing and takes nothing until it is repaired by hand.
    Down,
}

/// Calls to the help desk.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Whether the user calls.
    pub share: Coin,
    /// From the moment it shows to the call, in seconds.
    pub after: Quantile,
    /// Calls wait for these hours; `None`: at once.
    pub hours: Option<Windows>,
}

/// Repair by hand.
#[derive(Clone, Debug)]
pub struct Repair {
    /// From the moment the device goes down to the request for repair, in seconds.
    pub asked_after: Quantile,
    /// How long one repair takes, in seconds.
    pub takes: Quantile,
    /// Repairs begin in these hours only; `None`: at any time.
    pub hours: Option<Windows>,
    /// How many repairs can begin between two of [`crate::plan::Plan::midnights`]; `None`: as many as are asked
    /// for. Requests are served in their order (ties by device key).
    pub at_most_a_day: Option<u64>,
    /// What the repair leaves behind.
    pub leaves: Leaves,
}

/// What a repair leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// The device runs the build it had before, and the release is not offered to it any more.
    Removed,
    /// The release stays, the defect does not show on this device again.
    WorkedAround,
}

/// What every fleet has without any release: failures and calls that rules take for signs.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// Failures seen by telemetry.
    pub failures: Option<Poisson>,
    /// Calls to the help desk.
    pub tickets: Option<Poisson>,
    /// Background calls wait for these hours; `None`: at once.
    pub ticket_hours: Option<Windows>,
}

/// A Poisson stream of events on each device, addressed by 28-day block of absolute time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poisson {
    upto: Vec<u64>,
}

impl Poisson {
    /// `mean` events in a block of [`AWAY_BLOCK_S`] on average (at most 15 happen).
    pub fn per_block(mean: f64) -> Self {
        let mut upto = Vec::new();
        let (mut term, mut sum, mut k) = (libm::exp(-mean), 0.0, 0.0);
        // The last interval takes what is left beyond 2^-64 or after 15 events (the address has 4 bits).
        while upto.len() < 15 && sum < 1.0 - 1e-16 {
            sum += term;
            upto.push((sum * 18_446_744_073_709_551_616.0) as u64);
            k += 1.0;
            term *= mean / k;
        }
        Self { upto }
    }

    /// Such that a device has at least one event in `per_s` seconds with probability `share` (below 1).
    pub fn share_per(share: f64, per_s: i64) -> Self {
        Self::per_block(-libm::log1p(-share) * AWAY_BLOCK_S as f64 / per_s as f64)
    }

    /// The words below which a block has no event; `u64::MAX`: all (but one in 2^64).
    pub(crate) fn none_below(&self) -> u64 {
        self.upto.first().copied().unwrap_or(u64::MAX)
    }

    /// Events in the block whose word this is.
    #[inline]
    pub fn count(&self, word: u64) -> u32 {
        if self.upto.first().is_none_or(|&none| word < none) {
            return 0;
        }
        self.upto.partition_point(|&upto| upto <= word).min(15) as u32
    }
}

/// How the service gets to know of a device: uploads at intervals, each lost or not, each seen after a while.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Seconds between uploads, at a phase of the device's own; `None`: an upload at once for each event.
    pub every_s: Option<i64>,
    /// Whether an upload is lost. What it would have said comes with the next one; without `every_s` it is lost
    /// for good.
    pub loss: Coin,
    /// From an upload to the moment at which the service's people and rules can see it, in seconds.
    pub latency: Quantile,
    /// When a device counts as installed for the service.
    pub success: Success,
}

/// What a device reports as success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// Running the new build, after the restart.
    Restarted,
    /// The complete install, before the restart: the service believes a device patched that is not yet.
    Installed,
}
