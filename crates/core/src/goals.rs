//! Goals: what must hold, judged over replications.

use crate::{
    metrics::{Group, Metric, Of, patched_share_at},
    plan::{ReleaseId, RingId},
    stats::binomial_upper_tail,
};

/// Something that must hold for one ring (or the fleet) and one release.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Which ring; `None` is the fleet.
    pub ring: Option<RingId>,
    /// Which release.
    pub release: ReleaseId,
    /// What must hold in a run.
    pub wants: Wants,
    /// In what share of runs; `None`: in every run played.
    pub in_share: Option<f64>,
}

/// What a run must show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wants {
    /// At least a share `share` of `of` devices patched `by_s` seconds after publication.
    Patched {
        /// Which devices.
        of: Of,
        /// The share, 0..=1.
        share: f64,
        /// Seconds after publication.
        by_s: i64,
    },
    /// A metric at most this; 'never' is more than anything.
    AtMost(Metric, f64),
    /// A metric at least this; an undefined share is less than anything.
    AtLeast(Metric, f64),
}

/// A judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Met,
    /// It does not.
    Missed,
    /// This many runs cannot tell.
    Undecided,
}

/// The outcome of one goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Runs in which it held.
    pub held: u32,
    /// Runs played.
    pub runs: u32,
    /// The verdict.
    pub verdict: Verdict,
}

impl Goal {
    /// Whether it held in one run.
    pub fn held(&self, group: &Group<'_>) -> bool {
        match self.wants {
            Wants::Patched { of, share, by_s } => {
                patched_share_at(group, of, by_s).is_some_and(|found| found >= share - 1e-12)
            }
            Wants::AtMost(metric, limit) => metric.value(group).is_some_and(|v| v <= limit),
            Wants::AtLeast(metric, limit) => metric.value(group).is_some_and(|v| v >= limit),
        }
    }

    /// The verdict after `held` of `runs` runs.
    ///
    /// With a share of runs, an exact one-sided binomial test at 5 % on either side (the bounds of Clopper and
    /// Pearson): met if so many runs would hold with less than 5 % chance were the true share just short of
    /// the one wanted, missed likewise, else undecided.
    pub fn judge(&self, held: u32, runs: u32) -> Judgement {
        const ALPHA: f64 = 0.05;
        let verdict = match self.in_share {
            None if held == runs => Verdict::Met,
            None => Verdict::Missed,
            Some(share) if binomial_upper_tail(held, runs, share) <= ALPHA => Verdict::Met,
            // P(X <= held) = P(misses >= runs - held).
            Some(share) if binomial_upper_tail(runs - held, runs, 1.0 - share) <= ALPHA => Verdict::Missed,
            Some(_) => Verdict::Undecided,
        };
        Judgement { held, runs, verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_runs_needs_enough_runs() {
        let goal = Goal {
            ring: None,
            release: ReleaseId(0),
            wants: Wants::AtMost(Metric::Late, 1.0),
            in_share: Some(0.9),
        };
        // 0.9^28 = 0.052, 0.9^29 = 0.047: 29 runs without a miss are the fewest that decide.
        assert_eq!(goal.judge(28, 28).verdict, Verdict::Undecided);
        assert_eq!(goal.judge(29, 29).verdict, Verdict::Met);
        assert_eq!(goal.judge(10, 20).verdict, Verdict::Missed);
        let every = Goal { in_share: None, ..goal };
        assert_eq!(every.judge(19, 20).verdict, Verdict::Missed);
        assert_eq!(every.judge(1, 1).verdict, Verdict::Met);
    }
}
