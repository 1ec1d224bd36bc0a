//! What one run gives: who was there, what was decided, what is true of each ring and release.

use crate::{
    census::Census,
    control::{Known, Logged},
    plan::{Plan, ReleaseId, RingId},
    tally::{Tally, Truth},
    time::SimTime,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Played to the horizon.
    Completed,
    /// More decisions than [`crate::control::MAX_DECISIONS`]; everything up to this instant is valid.
    DecisionLimit(SimTime),
}

/// One run of a plan.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which replication.
    pub replication: u32,
    /// Who is in the fleet and in each ring.
    pub census: Census,
    /// Rings that got fewer devices than asked: (ring, asked, got).
    pub short: Vec<(RingId, u64, u64)>,
    /// The decisions, as devices could know them.
    pub known: Known,
    /// Every event of the control plane, in order.
    pub log: Vec<Logged>,
    /// Counts by ring and release.
    pub tally: Tally,
    /// How it ended.
    pub end: End,
}

impl Outcome {
    /// What is true of one ring and one release.
    pub fn ring(&self, ring: RingId, release: ReleaseId) -> &Truth {
        &self.tally.unit(ring, release).truth
    }

    /// What is true of all rings together and one release.
    pub fn fleet(&self, plan: &Plan, release: ReleaseId) -> Truth {
        let mut sum = self.ring(RingId(0), release).clone();
        for ring in 1..plan.rings.len() {
            sum.add(self.ring(RingId(ring as u16), release));
        }
        sum
    }
}

/// The first tick by whose end at least a share `share` of `of` devices is in a curve of counts per tick.
pub fn tick_reached(curve: &[u64], of: u64, share: f64) -> Option<usize> {
    // At least one device: a share of nobody is never reached.
    let needed = (libm::ceil(share * of as f64 - 1e-9) as u64).max(1);
    let mut sum = 0;
    curve.iter().position(|&n| {
        sum += n;
        sum >= needed
    })
}
