//! What a rule does about one release: how probably it stops it, when, and how many devices were harmed until then.

use rollcast_core::stats::{clopper_pearson, order_statistics, rule_of_three};
use rollcast_scenario::scalar::Column;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    figures::{
        TAIL,
        estimate::{Estimate, Pivot},
        sample::Stratum,
    },
    prepare::Prepared,
    rows::{Played, Results, Row},
};

/// A probability as it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Probability {
    /// Runs in which it came true.
    pub hits: u32,
    /// Runs.
    pub runs: u32,
    /// Their share.
    pub share: f64,
    /// 95 % interval (Clopper and Pearson). Where no run hits, the upper end is that of the rule of three, and where all
    /// do, the lower end is one minus it: both one-sided, 95 %.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Probability {
    /// Of so many hits in so many runs; `None` without runs.
    pub fn of(hits: u32, runs: u32) -> Option<Self> {
        if runs == 0 {
            return None;
        }
        let (low, high) = match hits {
            0 => (0.0, rule_of_three(runs)),
            all if all == runs => (1.0 - rule_of_three(runs), 1.0),
            some => clopper_pearson(some, runs, TAIL),
        };
        Some(Probability { hits, runs, share: f64::from(hits) / f64::from(runs), low, high })
    }
}

/// A mean over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mean {
    /// Runs.
    pub runs: u32,
    /// The mean.
    pub value: f64,
    /// 95 % interval (Student's t, or bootstrap-t where the mean is skewed); none for a single run, where all runs give the
    /// same, and where they are too skewed and too few.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
    /// Where all runs give the same: the probability of something else is at most this (rule of three).
    pub varies_at_most: Option<f64>,
}

impl Mean {
    /// Of values, skewed ones with resamples that `seed` addresses; `None` without any.
    pub fn of(values: Vec<f64>, seed: u64) -> Option<Self> {
        let runs = values.len() as u32;
        let found = Estimate::of(&[Stratum { weight: 1.0, values }], seed)?;
        let (low, high) = found.bounds(TAIL).interval().unzip();
        let varies_at_most = match found.pivot {
            Pivot::Constant(at_most) => Some(at_most),
            _ => None,
        };
        Some(Mean { runs, value: found.value, low, high, varies_at_most })
    }
}

/// A time that some runs never get to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Delay {
    /// Runs that it is about; a run without a stop counts as later than any other.
    pub runs: u32,
    /// Hours that half of the runs do not exceed; null is 'never'.
    pub median_h: Option<f64>,
    /// 95 % interval of the median by order statistics; null is an end that so few runs cannot give, or 'never'.
    pub median_low_h: Option<f64>,
    /// Its upper end.
    pub median_high_h: Option<f64>,
    /// Hours that 95 % of the runs do not exceed; null is 'never'.
    pub p95_h: Option<f64>,
}

impl Delay {
    /// Of hours, `None` for never; `None` without runs.
    pub fn of(hours: &[Option<f64>]) -> Option<Self> {
        let runs = hours.len() as u32;
        let mut reached: Vec<f64> = hours.iter().copied().flatten().collect();
        reached.sort_by(f64::total_cmp);
        let ranked = |rank: u32| reached.get(rank.checked_sub(1)? as usize).copied();
        // The least value with at least this share of the runs at or below it.
        let quantile = |percent: u32| ranked((runs * percent).div_ceil(100).max(1));
        let (low, high) = order_statistics(runs, 0.5, TAIL);
        (runs > 0).then(|| Delay {
            runs,
            median_h: quantile(50),
            median_low_h: low.and_then(ranked),
            median_high_h: high.and_then(ranked),
            p95_h: quantile(95),
        })
    }
}

/// What a rule (or all, or none) does about one release at one defect rate.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Characteristic {
    /// Whether a rule stopped it; what is left is missed.
    pub stopped: Probability,
    /// The same with what is left.
    pub missed: Probability,
    /// Whether a rule stopped it while it had harmed nobody: of a bad release by chance, of a good one by mistake.
    pub stopped_without_harm: Probability,
    /// By ring from the second on: whether it was stopped before the ring was offered it.
    pub before: Vec<Probability>,
    /// Runs in which it harmed a device; of the others it cannot be said how late a stop was.
    pub runs_with_harm: u32,
    /// Hours from the first harmed device to the landing of the stop, in runs with harm; a stop before that counts as 0.
    pub delay_from_harm: Option<Delay>,
    /// Hours from publication to the landing of the stop, in all runs.
    pub delay_from_publication: Option<Delay>,
    /// Devices harmed until the stop landed, in all runs: where nothing stopped it, all that were harmed.
    pub harmed_until_stop: Mean,
    /// The same in the runs that were stopped alone: lucky ones if few are.
    pub harmed_until_stop_if_stopped: Option<Mean>,
    /// Devices harmed in all.
    pub harmed: Mean,
    /// Devices harmed less than without any rule, run by run with the same luck.
    pub spared: Mean,
    /// Runs that ended at `max-decisions` and are valid up to there.
    pub ended_early: u32,
}

/// Runs of one point against one member, in order; a run that failed is missing in both of a pair.
#[derive(Debug)]
pub struct Runs<'a> {
    rows: Vec<Option<&'a Row>>,
    slots: Slots,
    seed: u64,
}

/// Positions of the columns.
#[derive(Clone, Copy, Debug)]
struct Slots {
    by_rules: usize,
    without_harm: usize,
    landed: usize,
    first_harm: usize,
    harmed: usize,
    after: usize,
}

impl<'a> Runs<'a> {
    /// The runs of a point of [`rollcast_scenario::study::Study::rules_alone`]; `None` if it measures something else.
    pub fn of(prepared: &Prepared, results: &'a Results, point: usize, member: usize) -> Option<Self> {
        let column =
            |metric: &str| prepared.column(&Column { metric: metric.to_owned(), ring: None, release: None });
        let slots = Slots {
            by_rules: column("stop.by-rules")?,
            without_harm: column("stop.false")?,
            landed: column("stop.landed-h")?,
            first_harm: column("harmed.first-h")?,
            harmed: column("harmed")?,
            after: column("harmed.after-stop")?,
        };
        Some(Runs { rows: rows(prepared, results, point, member), slots, seed: prepared.layout.seed })
    }

    /// By replication: whether a rule stopped the release; `None` for a run that failed.
    pub fn stopped(&self) -> impl Iterator<Item = Option<bool>> {
        self.rows.iter().map(|row| row.map(|row| some(row, self.slots.by_rules)))
    }

    /// What the rules of this point did, as compared to no rule; `before` are the columns of rings. `None` where every run
    /// failed.
    pub fn characteristic(&self, unstopped: &Runs<'_>, before: &[usize]) -> Option<Characteristic> {
        let Slots { without_harm, landed, first_harm, harmed, after, .. } = self.slots;
        let seed = self.seed;
        let rows: Vec<&Row> = self.rows.iter().copied().flatten().collect();
        let runs = rows.len() as u32;
        let count = |holds: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count() as u32;
        let stops = |row: &Row| some(row, self.slots.by_rules);
        let until = |row: &Row| row.values[harmed].unwrap_or(0.0) - row.values[after].unwrap_or(0.0);
        let stopped = count(&stops);
        let with_harm: Vec<&&Row> = rows.iter().filter(|row| row.values[first_harm].is_some()).collect();
        let from_harm = |row: &&&Row| {
            let landed = row.values[landed].filter(|_| stops(row))?;
            Some((landed - row.values[first_harm]?).max(0.0))
        };
        let lucky: Vec<f64> = rows.iter().filter(|row| stops(row)).map(|row| until(row)).collect();
        let pairs = self.rows.iter().zip(&unstopped.rows);
        let spared = pairs.filter_map(|(row, other)| {
            Some((*other)?.values[unstopped.slots.harmed]? - (*row)?.values[harmed]?)
        });
        Some(Characteristic {
            stopped: Probability::of(stopped, runs)?,
            missed: Probability::of(runs - stopped, runs)?,
            stopped_without_harm: Probability::of(count(&|row| some(row, without_harm)), runs)?,
            before: before
                .iter()
                .map(|&column| Probability::of(count(&|row| some(row, column)), runs))
                .collect::<Option<_>>()?,
            runs_with_harm: with_harm.len() as u32,
            delay_from_harm: Delay::of(&with_harm.iter().map(from_harm).collect::<Vec<_>>()),
            delay_from_publication: Delay::of(
                &rows.iter().map(|row| row.values[landed].filter(|_| stops(row))).collect::<Vec<_>>(),
            ),
            harmed_until_stop: Mean::of(rows.iter().map(|row| until(row)).collect(), seed)?,
            harmed_until_stop_if_stopped: Mean::of(lucky, seed),
            harmed: Mean::of(rows.iter().filter_map(|row| row.values[harmed]).collect(), seed)?,
            spared: Mean::of(spared.collect(), seed)?,
            ended_early: count(&|row| row.ended_early),
        })
    }
}

fn some(row: &Row, column: usize) -> bool {
    row.values[column].is_some_and(|value| value > 0.0)
}

/// The rows of a point against a member, by replication.
pub(super) fn rows<'a>(
    prepared: &Prepared,
    results: &'a Results,
    point: usize,
    member: usize,
) -> Vec<Option<&'a Row>> {
    let layout = &prepared.layout;
    let mut rows = Vec::new();
    for cell in 0..layout.cells() {
        let id = layout.cell(cell);
        if (id.point, id.member) != (point, member) {
            continue;
        }
        match results.cell(cell) {
            Some(Played::Rows(of_cell)) => rows.extend(of_cell.iter().map(Some)),
            _ => rows.extend((0..id.runs).map(|_| None)),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_everything_have_the_rule_of_three() {
        let none = Probability::of(0, 100).unwrap();
        assert_eq!((none.share, none.low, none.high), (0.0, 0.0, 0.03));
        let all = Probability::of(100, 100).unwrap();
        assert_eq!((all.share, all.low, all.high), (1.0, 0.97, 1.0));
        assert_eq!(Probability::of(0, 0), None);
        // 50 of 100: exact figures of Clopper and Pearson.
        let half = Probability::of(50, 100).unwrap();
        assert!((half.low - 0.398_321).abs() < 1e-5 && (half.high - 0.601_679).abs() < 1e-5, "{half:?}");
    }

    #[test]
    fn who_is_never_stopped_is_the_latest() {
        let delay = Delay::of(&[Some(3.0), None, Some(1.0), Some(2.0)]).unwrap();
        assert_eq!((delay.runs, delay.median_h, delay.p95_h), (4, Some(2.0), None));
        assert_eq!((delay.median_low_h, delay.median_high_h), (None, None), "four runs have no interval");
        assert_eq!(Delay::of(&[None, None]).unwrap().median_h, None);
        assert_eq!(Delay::of(&[]), None);
    }

    #[test]
    fn means_of_the_same_have_no_interval_without_width() {
        let same = Mean::of(vec![2.0; 30], 1).unwrap();
        assert_eq!((same.value, same.low, same.varies_at_most), (2.0, None, Some(0.1)));
        let other = Mean::of(vec![1.0, 2.0, 3.0], 1).unwrap();
        assert!(other.low.is_some() && other.varies_at_most.is_none(), "{other:?}");
        assert_eq!(Mean::of(vec![], 1), None);
    }
}
