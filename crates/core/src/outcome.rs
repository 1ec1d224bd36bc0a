//! What one run gives: who was there, what was decided, what is true of each ring and release.

use crate::{
    census::Census,
    control::{Known, Logged},
    plan::{Act, Plan, ReleaseId, RingId, Side},
    tally::{Tally, Truth},
    time::SimTime,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Played to the horizon.
    Completed,
    /// More decisions of rules than the plan allows: the run ends here, and nothing later was played.
    DecisionLimit(SimTime),
}

/// Whose idea a decision was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A rule fired: its index, and which of its firings this was (from 0).
    Rule(u16, u32),
    /// Written in the scenario: its index.
    Script(u16),
}

/// What a rule saw when it fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saw {
    /// What it counts.
    pub count: u64,
    /// The sample, if it asks for a share.
    pub of: Option<u64>,
}

/// What was true when a rule fired, of the rings that it counts over and the release of the decision; by whole
/// ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrueThen {
    /// Devices harmed so far.
    pub harmed: u64,
    /// Devices running the release or a newer one.
    pub patched: u64,
}

/// One act that was decided and landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whose idea it was.
    pub by: By,
    /// In whose name.
    pub side: Side,
    /// When the rule fired (for a scripted decision: when it lands).
    pub fired: SimTime,
    /// When somebody looked at it.
    pub noticed: SimTime,
    /// When it was decided.
    pub decided: SimTime,
    /// When it landed.
    pub landed: SimTime,
    /// The release that the rule fired for; for tickets and scripts the newest one published.
    pub release: ReleaseId,
    /// The ring that the rule fired for, if it counts each by itself.
    pub ring: Option<RingId>,
    /// What was observed.
    pub saw: Option<Saw>,
    /// What was true at that moment. `None` for a scripted decision.
    pub truth: Option<TrueThen>,
    /// What was decided.
    pub act: Act,
    /// For each ring, what became of it there.
    pub effect: Vec<Effect>,
}

/// What a decision did in a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is not about this ring.
    None,
    /// It holds.
    Applied,
    /// The other side's pause stands.
    Refused,
    /// Nothing to change (a resume of what is not paused).
    Void,
}

impl Decision {
    /// The release that it is about: the one that the act names, else the one that it was decided for.
    pub fn about(&self) -> ReleaseId {
        match self.act {
            Act::Uninstall { release: Some(named), .. } | Act::Withdraw { release: Some(named) } => named,
            _ => self.release,
        }
    }

    /// True if it keeps its release from devices somewhere: a pause, an uninstall, a withdrawal.
    pub fn stops(&self) -> bool {
        self.effect.contains(&Effect::Applied)
            && matches!(self.act, Act::Pause { .. } | Act::Uninstall { .. } | Act::Withdraw { .. })
    }
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
    /// What people and rules decided, in the order in which it landed; [`crate::control::Event::Landed`] points
    /// here.
    pub decisions: Vec<Decision>,
    /// Counts by ring and release.
    pub tally: Tally,
    /// How it ended.
    pub end: End,
    /// For each ring and release (releases of one ring side by side): devices harmed after the first stop of the
    /// release in that ring was decided, and after the first one anywhere was.
    pub after_decision: Vec<(u64, u64)>,
}

/// What became of the harm that a release does and of the attempts to stop it, in one ring or the fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    /// When the first decision that stops the release fired.
    pub fired: Option<SimTime>,
    /// When it was decided.
    pub decided: Option<SimTime>,
    /// When it landed.
    pub landed: Option<SimTime>,
    /// True if it landed before the ring was offered the release (a ring that is never offered it counts). For
    /// the fleet: before any ring was.
    pub before_offer: bool,
    /// Decisions of rules that stop the release.
    pub by_rules: u32,
    /// Of which at a moment at which no device had been harmed by it.
    pub false_alarms: u32,
    /// Decisions that landed, of any kind.
    pub decisions: u32,
    /// Devices harmed after the stop was decided: the price of lag. `None` without a stop.
    pub harmed_after: Option<u64>,
}

impl Outcome {
    /// Where play ended: a run that ended early says nothing about later.
    pub fn until(&self, plan: &Plan) -> SimTime {
        match self.end {
            End::Completed => plan.horizon,
            End::DecisionLimit(at) => plan.horizon.min(at),
        }
    }

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

    /// How `release` was stopped in `ring`, or anywhere (`None`).
    pub fn stop(&self, plan: &Plan, ring: Option<RingId>, release: ReleaseId) -> Stop {
        let applies = |d: &&Decision| {
            d.about() == release
                && ring.is_none_or(|ring| d.effect.get(ring.0 as usize) == Some(&Effect::Applied))
        };
        let about: Vec<&Decision> = self.decisions.iter().filter(applies).collect();
        let stops: Vec<&&Decision> = about.iter().filter(|d| d.stops()).collect();
        let first = stops.iter().min_by_key(|d| d.landed);
        let offered = match ring {
            Some(ring) => self.known.offer(ring, release),
            None => {
                let rings = (0..plan.rings.len()).map(|r| RingId(r as u16));
                rings.filter_map(|ring| self.known.offer(ring, release)).min()
            }
        };
        let by_rules: Vec<&&&Decision> = stops.iter().filter(|d| matches!(d.by, By::Rule(..))).collect();
        let innocent = |d: &&&&&Decision| d.truth.is_some_and(|truth| truth.harmed == 0);
        Stop {
            fired: first.map(|d| d.fired),
            decided: first.map(|d| d.decided),
            landed: first.map(|d| d.landed),
            before_offer: first.is_some_and(|d| offered.is_none_or(|at| d.landed < at)),
            by_rules: by_rules.len() as u32,
            false_alarms: by_rules.iter().filter(innocent).count() as u32,
            decisions: about.len() as u32,
            harmed_after: first.map(|_| {
                let unit = |ring: usize| ring * plan.releases.len() + release.0 as usize;
                let of = |ring: usize| self.after_decision.get(unit(ring)).copied().unwrap_or_default();
                match ring {
                    Some(ring) => of(ring.0 as usize).0,
                    None => (0..plan.rings.len()).map(|ring| of(ring).1).sum(),
                }
            }),
        }
    }
}

/// The first tick by whose end at least a share `share` of `of` devices is in a curve of changes per tick.
pub fn tick_reached(curve: &[i64], of: u64, share: f64) -> Option<usize> {
    // At least one device: a share of nobody is never reached.
    let needed = (libm::ceil(share * of as f64 - 1e-9) as i64).max(1);
    let mut sum = 0;
    curve.iter().position(|&n| {
        sum += n;
        sum >= needed
    })
}
