//! A study and what was measured of it, asked for figures.

use crate::layout::Layout;
use crate::rows::Results;

use super::front::{Sense, front};
use super::mean::Mean;
use super::paired::{self, Difference, Verdict};
use super::quantile::{Quantile, Reach, quantile_value, quantiles};
use super::sample::{Pairs, Sample};
use super::share::{Share, weighted_share};

/// The results of a study. Every answer is worked out when it is asked; answers do not depend on each other.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'a> {
    layout: &'a Layout,
    results: &'a Results,
}

/// What a column says of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Runs that count.
    pub runs: u32,
    /// Runs of the plan without a row: not played yet, or a fault of the program.
    pub missing: u32,
    /// Runs that ended at their limit of decisions; they count as they are.
    pub ended_early: u32,
    /// How often there is a value: for times, how often it was reached. `None` if a member was not played.
    pub reached: Option<Share>,
    /// The mean; `None` if a member was not played or a value is undefined.
    pub mean: Option<Mean>,
    /// The median; `None` as for the mean.
    pub median: Option<Quantile>,
    /// The 95th percentile; `None` as for the mean.
    pub p95: Option<Quantile>,
}

/// What a column says of a point against another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Mean of the differences within pairs.
    pub difference: Difference,
    /// What it means for this column.
    pub verdict: Verdict,
    /// What pairing gains ([`paired::variance_ratio`]).
    pub variance_ratio: Option<f64>,
}

/// A number of a column that can be limited or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The mean, restricted where runs never got there.
    Mean,
    /// The median.
    Median,
    /// The percentile of that number, 1 to 99.
    Percentile(u8),
    /// The share of runs that have a value, 0 to 1.
    Reached,
}

/// A statistic of a column, and which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Position in [`Layout::columns`].
    pub column: usize,
    /// What of the column.
    pub statistic: Statistic,
    /// Which way is good.
    pub sense: Sense,
}

/// The value of a statistic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Its value; infinity is 'never'.
    pub value: f64,
    /// Lower end of its 95 % interval, if it has one.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval, if it has one; infinity is 'never'.
    pub high: Option<f64>,
    /// True for a mean in which the limit stands for 'never'.
    pub restricted: bool,
}

impl<'a> Comparison<'a> {
    /// Results of a layout.
    pub fn new(layout: &'a Layout, results: &'a Results) -> Self {
        Comparison { layout, results }
    }

    /// The layout.
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// The values behind the figures.
    pub fn sample(&self, point: usize, column: usize) -> Sample {
        Sample::of(self.layout, self.results, point, column)
    }

    /// The pairs behind the differences, `point` first.
    pub fn pairs(&self, point: usize, against: usize, column: usize) -> Pairs {
        Pairs::of(&self.sample(point, column), &self.sample(against, column))
    }

    /// What `column` says of `point`.
    pub fn figure(&self, point: usize, column: usize) -> Figure {
        let sample = self.sample(point, column);
        let found = quantiles(&sample, &[0.5, 0.95], self.layout.seed);
        let quantile = |which: usize| found.as_ref().map(|found| found[which]);
        Figure {
            runs: sample.runs(),
            missing: sample.missing,
            ended_early: sample.ended_early,
            reached: weighted_share(&sample.reached()),
            mean: Mean::of(&sample),
            median: quantile(0),
            p95: quantile(1),
        }
    }

    /// What `column` says of `point` against another one; `None` if a member has no pairs or a value is undefined.
    pub fn paired(&self, point: usize, against: usize, column: usize) -> Option<Paired> {
        let pairs = self.pairs(point, against, column);
        let difference = paired::mean_difference(&pairs)?;
        let verdict = difference.verdict(self.layout.columns[column].lower_is_better);
        Some(Paired { difference, verdict, variance_ratio: paired::variance_ratio(&pairs) })
    }

    /// A statistic of a point; `None` if it is undefined.
    pub fn reading(&self, point: usize, column: usize, statistic: Statistic) -> Option<Reading> {
        let sample = self.sample(point, column);
        let of_quantile = |share: f64| {
            let found = quantiles(&sample, &[share], self.layout.seed)?[0];
            let number = |end: Option<Reach>| end.map(Reach::number);
            let (low, high) = (number(found.low), number(found.high));
            Some(Reading { value: found.value.number(), low, high, restricted: false })
        };
        match statistic {
            Statistic::Mean => Mean::of(&sample).map(|mean| {
                let (low, high) = mean.bounds.interval().unzip();
                Reading { value: mean.value, low, high, restricted: mean.restricted }
            }),
            Statistic::Median => of_quantile(0.5),
            Statistic::Percentile(percent) => of_quantile(f64::from(percent) / 100.0),
            Statistic::Reached => weighted_share(&sample.reached()).map(|share| Reading {
                value: share.value,
                low: Some(share.low),
                high: Some(share.high),
                restricted: false,
            }),
        }
    }

    /// The value of a statistic of a point without its interval, which may take long over a bank; infinity is 'never'.
    /// `None` if it is undefined.
    pub fn value(&self, point: usize, column: usize, statistic: Statistic) -> Option<f64> {
        let of_quantile = |share| quantile_value(&self.sample(point, column), share).map(Reach::number);
        match statistic {
            Statistic::Median => of_quantile(0.5),
            Statistic::Percentile(percent) => of_quantile(f64::from(percent) / 100.0),
            Statistic::Mean | Statistic::Reached => {
                self.reading(point, column, statistic).map(|found| found.value)
            }
        }
    }

    /// By how much a statistic of `point` differs from that of another one, paired.
    pub fn difference(
        &self,
        point: usize,
        against: usize,
        column: usize,
        statistic: Statistic,
    ) -> Option<Difference> {
        let pairs = self.pairs(point, against, column);
        let of_quantile = |share| paired::quantile_difference(&pairs, share, self.layout.seed);
        match statistic {
            Statistic::Mean => paired::mean_difference(&pairs),
            Statistic::Median => of_quantile(0.5),
            Statistic::Percentile(percent) => of_quantile(f64::from(percent) / 100.0),
            Statistic::Reached => paired::reached_difference(&pairs),
        }
    }

    /// For each point, whether no other beats it in all of `criteria` ([`front`]).
    pub fn front(&self, criteria: &[Criterion]) -> Vec<bool> {
        let value =
            |point, of: &Criterion| self.reading(point, of.column, of.statistic).map(|found| found.value);
        let values: Vec<_> = (0..self.layout.points.len())
            .map(|point| criteria.iter().map(|of| value(point, of)).collect())
            .collect();
        front(&values, &criteria.iter().map(|of| of.sense).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::super::mean::Bounds;
    use super::super::sample::tests::{fill, layout};
    use super::*;

    /// Point 1 is 10 hours faster than point 0 with the same luck, point 2 often never gets there.
    fn hours(point: usize, member: usize, run: u32) -> Option<f64> {
        let luck = f64::from(run * 37 % 97) / 4.0 + member as f64;
        match point {
            0 => Some(30.0 + luck),
            1 => Some(20.0 + luck),
            _ => (!run.is_multiple_of(4)).then_some(10.0 + luck),
        }
    }

    #[test]
    fn figures_of_a_bank() {
        let layout = layout(3, 1, &[(0.75, 97), (0.25, 50)]);
        let results = fill(&layout, |point, member, run, _| hours(point, member, run));
        let comparison = Comparison::new(&layout, &results);
        let first = comparison.figure(0, 0);
        assert_eq!((first.runs, first.missing, first.ended_early), (147, 0, 0));
        let (mean, median) = (first.mean.unwrap(), first.median.unwrap());
        let (low, high) = mean.bounds.interval().unwrap();
        assert!(!mean.restricted && low < mean.value && mean.value < high && (mean.value - 42.2).abs() < 0.5);
        assert!(median.low.unwrap() < median.value && median.value < median.high.unwrap());
        assert!(first.reached.unwrap().value == 1.0 && first.reached.unwrap().low < 1.0);

        let late = comparison.figure(2, 0);
        assert!(late.mean.unwrap().restricted && late.p95.unwrap().value == Reach::Never);
        assert!((late.reached.unwrap().value - 0.74).abs() < 0.01);
        assert_eq!(comparison.reading(2, 0, Statistic::Percentile(95)).unwrap().value, f64::INFINITY);
        assert_eq!(comparison.reading(2, 0, Statistic::Reached).unwrap().value, late.reached.unwrap().value);
        let mean = comparison.reading(0, 0, Statistic::Mean).unwrap();
        assert_eq!((mean.low, mean.high), (Some(low), Some(high)));
        assert_eq!(comparison.reading(0, 0, Statistic::Median).unwrap().value, median.value.number());
        for statistic in [Statistic::Mean, Statistic::Median, Statistic::Percentile(95), Statistic::Reached] {
            for point in 0..3 {
                let value = comparison.reading(point, 0, statistic).map(|found| found.value);
                assert_eq!(comparison.value(point, 0, statistic), value);
            }
        }
    }

    #[test]
    fn points_against_the_first() {
        let layout = layout(3, 1, &[(0.75, 97), (0.25, 50)]);
        let results = fill(&layout, |point, member, run, _| hours(point, member, run));
        let comparison = Comparison::new(&layout, &results);
        let faster = comparison.paired(1, 0, 0).unwrap();
        assert!((faster.difference.value + 10.0).abs() < 1e-9 && faster.variance_ratio.unwrap() < 1e-9);
        assert!(matches!(faster.difference.bounds, Bounds::Constant { .. }));
        assert_eq!((faster.verdict, faster.difference.less), (Verdict::Better, 147));
        let itself = comparison.paired(0, 0, 0).unwrap();
        assert_eq!((itself.verdict, itself.difference.value), (Verdict::CannotTell, 0.0));
        let reached = comparison.difference(2, 0, 0, Statistic::Reached).unwrap();
        assert!(reached.verdict(false) == Verdict::Worse && (reached.value + 0.26).abs() < 0.01);
        let median = comparison.difference(2, 0, 0, Statistic::Median).unwrap();
        assert!(median.restricted && median.verdict(true) == Verdict::Better, "{median:?}");

        let fast = Criterion { column: 0, statistic: Statistic::Median, sense: Sense::Least };
        let sure = Criterion { column: 0, statistic: Statistic::Reached, sense: Sense::Most };
        assert_eq!(comparison.front(&[fast, sure]), [false, true, true]);
    }

    #[test]
    fn a_study_that_has_only_begun() {
        let layout = layout(2, 1, &[(0.5, 30), (0.5, 30)]);
        let results = Results::new(&layout);
        let comparison = Comparison::new(&layout, &results);
        let figure = comparison.figure(1, 0);
        assert_eq!((figure.runs, figure.missing), (0, 60));
        assert!(figure.reached.is_none() && figure.mean.is_none() && figure.median.is_none());
        assert!(comparison.paired(1, 0, 0).is_none());
    }
}
