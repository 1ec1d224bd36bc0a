//! Runs that go on until something is known.
//!
//! Points are played in rounds: [`BLOCK`] replications against each member for each point that goes on. What goes on is
//! decided when all cells of a round are there, from nothing but their rows, in plan order. So the same study ends after the
//! same rounds with the same bytes, at any number of threads and after any interruption.

use crate::{
    figures::{
        comparison::{Comparison, Criterion},
        decide::{State, screen},
        front::Sense,
        mean::{Bounds, Mean},
        sample::Sample,
    },
    layout::{BLOCK, Layout},
    rows::Results,
};

/// The least replications before anything is decided; in whole rounds [`Rounds::FIRST`].
const FIRST: u32 = 30;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Until {
    /// The 95 % interval of a statistic of each point is narrow: its half width is at most `share` of the statistic, or at
    /// most `floor` in the unit of the column.
    ///
    /// Chow and Robbins, 'On the asymptotic theory of fixed-width sequential confidence intervals for the mean', Annals of
    /// Mathematical Statistics 36 (1965) 457-462: the interval covers its 95 % in the limit of narrow intervals; with few runs a
    /// little less, which is why there are at least [`Rounds::FIRST`].
    Narrow {
        /// What is estimated.
        of: Criterion,
        /// Half width in parts of the value.
        share: f64,
        /// Half width that is narrow enough in any case.
        floor: f64,
    },
    /// The point with the best mean is told apart from all others, or from those that are further away than `worth`
    /// ([`screen`]).
    Decided {
        /// The column, by its mean.
        column: usize,
        /// Which way is good.
        sense: Sense,
        /// Probability of a right decision.
        confidence: f64,
        /// Differences below this are worth nothing, in the unit of the column.
        worth: f64,
    },
}

/// How far a study has got.
#[derive(Clone, Debug)]
pub struct Rounds {
    until: Until,
    /// Replications before the first decision.
    first: u32,
    /// Where they end in any case.
    most: u32,
    /// Replications of each point so far; what comes after them is not part of the study.
    ends: Vec<u32>,
    /// Points that go on, in plan order.
    left: Vec<usize>,
    /// What Kim and Nelson's procedure came to.
    decision: Option<State>,
    /// Points of which the figure is undefined, so that more runs would not tell.
    undefined: Vec<usize>,
}

impl Rounds {
    /// The replications before the first decision at the least.
    pub const FIRST: u32 = FIRST.div_ceil(BLOCK) * BLOCK;

    /// Rounds of a layout whose members have as many runs as there may be, with `first` (at least
    /// [`Rounds::FIRST`]) before anything is decided.
    pub fn new(layout: &Layout, until: Until, first: u32) -> Self {
        let most = layout.members.iter().map(|member| member.runs).max().unwrap_or(0);
        let first = first.max(FIRST).div_ceil(BLOCK) * BLOCK;
        let points = layout.points.len();
        Rounds {
            until,
            first: first.min(most),
            most,
            ends: vec![0; points],
            left: (0..points).collect(),
            decision: None,
            undefined: Vec::new(),
        }
    }

    /// What is waited for.
    pub fn until(&self) -> Until {
        self.until
    }

    /// Replications of a point that belong to the study.
    pub fn end(&self, point: usize) -> u32 {
        self.ends[point]
    }

    /// Points that are not done with, in plan order: those whose interval is still wide, or that may still be the best.
    pub fn left(&self) -> &[usize] {
        &self.left
    }

    /// Points that are waited for in vain, because the figure is undefined there.
    pub fn undefined(&self) -> &[usize] {
        &self.undefined
    }

    /// What came of the procedure that looks for the best, if that is what is waited for.
    pub fn decision(&self) -> Option<&State> {
        self.decision.as_ref()
    }

    /// The cells of the next round, in plan order; none if there is nothing to wait for any more.
    pub fn next(&mut self, layout: &Layout) -> Vec<u64> {
        let decided = self.decision.as_ref().is_some_and(|state| state.decided);
        let hopeless = |point: &usize| self.ends[*point] >= self.most || self.undefined.contains(point);
        let going: Vec<usize> = self.left.iter().copied().filter(|point| !hopeless(point)).collect();
        if decided || going.is_empty() {
            return Vec::new();
        }
        let each = layout.cells() / (layout.points.len() as u64).max(1);
        let mut cells = Vec::new();
        for point in going {
            let from = self.ends[point];
            let to = if from == 0 { self.first } else { from + BLOCK };
            self.ends[point] = to.min(self.most);
            let of_point = point as u64 * each..(point as u64 + 1) * each;
            cells.extend(of_point.filter(|&cell| {
                let first = layout.cell(cell).first;
                from <= first && first < to
            }));
        }
        cells
    }

    /// Decides, when all cells of a round are there, which points go on.
    pub fn judge(&mut self, layout: &Layout, results: &Results) {
        match self.until {
            Until::Narrow { of, share, floor } => {
                let study = Comparison::new(layout, results);
                self.left.retain(|&point| !is_narrow(&study, point, of, share, floor));
                let defined = |point: usize| study.value(point, of.column, of.statistic).is_some();
                self.undefined = self.left.iter().copied().filter(|&point| !defined(point)).collect();
            }
            Until::Decided { column, sense, confidence, worth } => {
                let sign = if sense == Sense::Least { 1.0 } else { -1.0 };
                let of = |&point: &usize| observations(&Sample::of(layout, results, point, column), sign);
                let Some(all) = self.left.iter().map(of).collect::<Option<Vec<_>>>() else {
                    self.undefined.clone_from(&self.left);
                    return;
                };
                // Where a run failed, what all have is what can be compared.
                let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
                let first = (self.first / layout.together.max(1)) as usize;
                if shortest < first || first < 2 {
                    return;
                }
                let all: Vec<Vec<f64>> = all.into_iter().map(|of| of[..shortest].to_vec()).collect();
                let state = screen(&self.left, &all, first, layout.points.len(), confidence, worth);
                self.left.clone_from(&state.left);
                if !state.decided {
                    self.left.sort_unstable();
                }
                self.decision = Some(state);
            }
        }
    }
}

/// True if the interval of a statistic is narrow enough.
fn is_narrow(study: &Comparison<'_>, point: usize, of: Criterion, share: f64, floor: f64) -> bool {
    use crate::figures::comparison::Statistic;
    if of.statistic == Statistic::Mean
        && let Some(Mean { bounds: Bounds::Constant { at_most }, .. }) =
            Mean::of(&study.sample(point, of.column))
    {
        // All runs gave the same: then it is a question of how probable anything else still is.
        return at_most <= share;
    }
    let Some(found) = study.reading(point, of.column, of.statistic) else { return false };
    match (found.low, found.high) {
        (Some(low), Some(high)) if high.is_finite() => {
            (high - low) / 2.0 <= (share * found.value.abs()).max(floor)
        }
        _ => false,
    }
}

/// One number for each replication (or draw of the uncertain settings): the sum over the members of weight times value, which
/// has the mean of a release drawn from the bank. 'Never' counts as the limit in every run, so that a number does not
/// change when a later run never gets there. `None` if a value is undefined.
fn observations(sample: &Sample, sign: f64) -> Option<Vec<f64>> {
    let limited = |value: Option<f64>| match sample.limit {
        Some(limit) => Some(value.map_or(limit, |value| value.min(limit))),
        None => value,
    };
    let runs = sample.strata.iter().map(|stratum| stratum.values.len()).min().unwrap_or(0);
    let draws = sample.together.max(1) as usize;
    let value = |first: usize| -> Option<f64> {
        let mut sum = 0.0;
        for stratum in &sample.strata {
            for (_, value) in &stratum.values[first..first + draws] {
                sum += stratum.weight * limited(*value)? / draws as f64;
            }
        }
        Some(sign * sum)
    };
    (0..runs / draws).map(|draw| value(draw * draws)).collect()
}
