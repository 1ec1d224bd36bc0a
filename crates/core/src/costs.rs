//! What a rollout costs, where a scenario prices things.
//!
//! A cost is worked out from the counts of a run and never while devices are played, so prices change no life and take no
//! time. Nobody publishes prices, so none has a default: what has no price is not counted.

use crate::{
    metrics::Group,
    plan::{Defect, Severity},
    time::{DAY_S, HOUR_S},
};

/// What has a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A registered device without the release for a day.
    Exposure,
    /// A device that an exploit is expected to hit.
    Hits,
    /// A device on which a defect shows for an hour.
    Harm,
    /// A restart in active hours.
    Restarts,
    /// A call about a defect of the release.
    Tickets,
    /// A decision about the release that landed.
    Decisions,
    /// An hour of work on a device that is repaired by hand.
    Administrators,
}

impl Part {
    /// All of them, in the order of outputs.
    pub const ALL: [Part; 7] = [
        Part::Exposure,
        Part::Hits,
        Part::Harm,
        Part::Restarts,
        Part::Tickets,
        Part::Decisions,
        Part::Administrators,
    ];

    /// The word for it, as in `cost.exposure`.
    pub fn name(self) -> &'static str {
        match self {
            Part::Exposure => "exposure",
            Part::Hits => "hits",
            Part::Harm => "harm",
            Part::Restarts => "restarts",
            Part::Tickets => "tickets",
            Part::Decisions => "decisions",
            Part::Administrators => "administrators",
        }
    }

    /// The key of its price in a scenario.
    pub fn key(self) -> &'static str {
        match self {
            Part::Exposure => "exposed-device-day",
            Part::Hits => "hit-device",
            Part::Harm => "harmed-device-hour",
            Part::Restarts => "restart-in-active-hours",
            Part::Tickets => "ticket",
            Part::Decisions => "decision",
            Part::Administrators => "administrator-hour",
        }
    }

    /// What is counted for it, for documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Part::Exposure => "exposed device-days",
            Part::Hits => {
                "devices that an exploit is expected to hit (`exposed.hit`); undefined for a release without an exploit clock"
            }
            Part::Harm => "device-hours for which defects showed",
            Part::Restarts => "restarts in active hours, whoever asked for them",
            Part::Tickets => "calls about defects of the release, not those of the background",
            Part::Decisions => "decisions about the release that landed; of the fleet only",
            Part::Administrators => {
                "hands-on hours of repairs: devices repaired, each for the mean of `repair.takes`"
            }
        }
    }
}

/// Prices of a scenario, in its currency.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    prices: [Option<f64>; Part::ALL.len()],
    /// Mean seconds of work on one device that a defect took down; 0 of a defect that nobody repairs.
    repair_s: Vec<f64>,
}

impl Costs {
    /// With these prices, of a plan with these defects.
    pub fn new(defects: &[Defect], price: impl Fn(Part) -> Option<f64>) -> Self {
        let priced = price(Part::Administrators).is_some();
        let mean_s = |defect: &Defect| match &defect.repair {
            // The mean of a distribution takes a while, and only this price asks for it.
            Some(repair) if priced && defect.severity == Severity::Down => repair.takes.mean().max(0.0),
            _ => 0.0,
        };
        Costs { prices: Part::ALL.map(price), repair_s: defects.iter().map(mean_s).collect() }
    }

    /// The price of a part, if it has one.
    pub fn price(&self, part: Part) -> Option<f64> {
        self.prices[part as usize]
    }

    /// What a group costs in all: the parts that have a price and of which it has counts.
    pub fn total(&self, group: &Group<'_>) -> f64 {
        Part::ALL.into_iter().filter_map(|part| self.part(part, group)).sum()
    }

    /// What it costs in one part; `None` without a price, and where the group has no such count.
    pub fn part(&self, part: Part, group: &Group<'_>) -> Option<f64> {
        let price = self.price(part)?;
        let truth = group.truth;
        let hours = |seconds: u64| seconds as f64 / HOUR_S as f64;
        let count = match part {
            Part::Exposure => truth.blocked_s.iter().sum::<u64>() as f64 / DAY_S as f64,
            Part::Hits => group.exploit?.expected(truth.devices, &truth.patched),
            Part::Harm => hours(truth.harmed_s),
            Part::Restarts => truth.restarts_active as f64,
            Part::Tickets => truth.tickets as f64,
            // One decision is about several rings, and is paid once.
            Part::Decisions if !group.is_fleet => return None,
            Part::Decisions => f64::from(group.stop.decisions),
            Part::Administrators => self.hands_on_hours(group),
        };
        Some(price * count)
    }

    /// Hours of work on the devices that were repaired. Which defect had them down is not counted, so where several take
    /// devices down each counts by how often it showed.
    fn hands_on_hours(&self, group: &Group<'_>) -> f64 {
        let truth = group.truth;
        let (mut shown, mut seconds) = (0.0, 0.0);
        for (&times, &mean_s) in
            truth.harmed_by.iter().zip(&self.repair_s).filter(|(_, mean_s)| **mean_s > 0.0)
        {
            shown += times as f64;
            seconds += times as f64 * mean_s;
        }
        let repaired: u64 = truth.repaired.iter().sum();
        if shown > 0.0 { repaired as f64 * seconds / shown / HOUR_S as f64 } else { 0.0 }
    }
}
