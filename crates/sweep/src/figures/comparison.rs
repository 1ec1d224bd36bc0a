//! A study and what was measured of it, asked for figures.

use rayon::prelude::*;
use rollcast_core::stats::{clopper_pearson, holm};

use crate::layout::Layout;
use crate::rows::Results;

use super::front::{Sense, front, share_on_front};
use super::mean::Mean;
use super::paired::{self, Difference, Verdict};
use super::quantile::{Quantile, Reach, quantile_value, quantiles};
use super::sample::{Pairs, Sample, Stratum};
use super::several::{against_the_best, bonferroni, is_not_best};
use super::share::{Share, weighted_share};
use super::variation::Variation;
use super::{ERROR, TAIL};

/// Up to so many points, all are compared with the first at once (Holm); with more, each by Bonferroni for itself.
const HOLM: usize = 100;
/// Up to so many points, every pair is looked at.
const PAIRS: usize = 30;
/// Up to so many points, the front is drawn anew in resamples.
const RESAMPLED: usize = 500;

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
    /// The greatest value of a run, members of little weight included; `None` as for the mean.
    pub most: Option<Reach>,
    /// The least value of a run; `None` as for the mean.
    pub least: Option<Reach>,
    /// Where the spread of a run comes from; `None` as for the mean, and with a member played once.
    pub variation: Option<Variation>,
}

/// What a column says of a point against another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Mean of the differences within pairs.
    pub difference: Difference,
    /// Its p-value, adjusted for the other points that are compared with the same one.
    pub adjusted_p: f64,
    /// What it means for this column, with an error of 5 % for all points that are compared with the same one.
    pub verdict: Verdict,
    /// What pairing gains ([`paired::variance_ratio`]).
    pub variance_ratio: Option<f64>,
}

/// Two points of a study, neither of which was singled out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The first point and the one it is compared with.
    pub points: (usize, usize),
    /// Mean of the differences within pairs of runs.
    pub difference: Difference,
    /// Its p-value, adjusted for all pairs of points (Bonferroni).
    pub adjusted_p: f64,
    /// What it means for the column, with an error of 5 % for all pairs.
    pub verdict: Verdict,
}

/// Which points can be the best in something.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaders {
    /// The point measured as best, the first of equals.
    pub best: usize,
    /// The others that cannot be told apart from it, in plan order: the true best is among them and it, with 95 % confidence.
    pub others: Vec<usize>,
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
        let found = quantiles(&sample, &[0.5, 0.95]);
        let quantile = |which: usize| found.as_ref().map(|found| found[which]);
        let extreme = |share: f64| found.as_ref().and_then(|_| quantile_value(&sample, share));
        Figure {
            runs: sample.runs(),
            missing: sample.missing,
            ended_early: sample.ended_early,
            reached: weighted_share(&sample.reached()),
            mean: Mean::of(&sample),
            median: quantile(0),
            p95: quantile(1),
            most: extreme(1.0),
            least: extreme(0.0),
            variation: Variation::of(&sample),
        }
    }

    /// What `column` says of each point against the first; `None` for that itself, if a member has no pairs and if a value is
    /// undefined. Verdicts err with 5 % altogether: by Holm's procedure.
    pub fn against_first(&self, column: usize) -> Vec<Option<Paired>> {
        let points = 0..self.layout.points.len();
        let pairs = |point| (point > 0).then(|| self.pairs(point, 0, column));
        let found: Vec<Option<(Difference, Option<f64>)>> = points
            .map(|point| {
                let pairs = pairs(point)?;
                Some((paired::mean_difference(&pairs)?, paired::variance_ratio(&pairs)))
            })
            .collect();
        let p: Vec<f64> = found.iter().flatten().map(|(difference, _)| difference.p).collect();
        let mut adjusted = holm(&p).into_iter();
        let mut paired = |(difference, ratio): (Difference, Option<f64>)| {
            let adjusted_p = adjusted.next().unwrap_or(1.0);
            self.paired(column, difference, adjusted_p, ratio)
        };
        found.into_iter().map(|found| found.map(&mut paired)).collect()
    }

    /// What `column` says of one point against the first, as in [`Comparison::against_first`]; where there are very many
    /// points, by Bonferroni's inequality.
    pub fn one_against_first(&self, point: usize, column: usize) -> Option<Paired> {
        let points = self.layout.points.len();
        if points <= HOLM {
            return self.against_first(column).swap_remove(point);
        }
        let pairs = self.pairs(point, 0, column);
        let difference = paired::mean_difference(&pairs)?;
        let adjusted_p = bonferroni(difference.p, points - 1);
        Some(self.paired(column, difference, adjusted_p, paired::variance_ratio(&pairs)))
    }

    fn paired(&self, column: usize, difference: Difference, adjusted_p: f64, ratio: Option<f64>) -> Paired {
        let verdict = self.verdict(column, &difference, adjusted_p);
        Paired { difference, adjusted_p, verdict, variance_ratio: ratio }
    }

    fn verdict(&self, column: usize, difference: &Difference, adjusted_p: f64) -> Verdict {
        let adjusted = Difference { p: adjusted_p, ..*difference };
        adjusted.verdict_at(ERROR, self.layout.columns[column].lower_is_better)
    }

    /// Every pair of points in the means of a column, by Bonferroni's inequality; none where there are very many points.
    pub fn all_pairs(&self, column: usize) -> Vec<Pair> {
        let points = self.layout.points.len();
        if points > PAIRS {
            return Vec::new();
        }
        let family = points * (points - 1) / 2;
        let numbers = (0..points).flat_map(|a| (a + 1..points).map(move |b| (a, b)));
        let pair = |points: (usize, usize)| {
            let difference = self.difference(points.0, points.1, column, Statistic::Mean)?;
            let adjusted_p = bonferroni(difference.p, family);
            let verdict = self.verdict(column, &difference, adjusted_p);
            Some(Pair { points, difference, adjusted_p, verdict })
        };
        numbers.filter_map(pair).collect()
    }

    /// How much the mean of each point differs from the best of the others, all at once with 95 % confidence
    /// ([`against_the_best`]); empty where there are very many points.
    pub fn against_the_best(&self, column: usize) -> Vec<Option<(f64, f64)>> {
        let points = self.layout.points.len();
        if points > PAIRS {
            return Vec::new();
        }
        let sense = Sense::of(self.layout.columns[column].lower_is_better);
        against_the_best(points, sense, |a, b| paired::mean_estimate(&self.pairs(a, b, column)))
    }

    /// Which of `points` can be the best in a statistic ([`is_not_best`]): `None` if it is undefined for all.
    pub fn leaders(&self, points: &[usize], of: Criterion) -> Option<Leaders> {
        let value = |point: usize| self.value(point, of.column, of.statistic).map(|value| (point, value));
        let mut found: Vec<(usize, f64)> = points.iter().filter_map(|point| value(*point)).collect();
        // A stable sort: of equally good points the first stays first.
        found.sort_by(|a, b| of.sense.compare(Some(a.1), Some(b.1)));
        let (best, _) = *found.first()?;
        let stays = |point: &usize| {
            *point != best
                && self
                    .difference(*point, best, of.column, of.statistic)
                    .is_none_or(|difference| !is_not_best(difference.p, found.len()))
        };
        let others: Vec<bool> = points.par_iter().map(stays).collect();
        let named = points.iter().zip(others).filter(|(_, stays)| *stays).map(|(point, _)| *point);
        Some(Leaders { best, others: named.filter(|p| found.iter().any(|(q, _)| q == p)).collect() })
    }

    /// A statistic of a point; `None` if it is undefined.
    pub fn reading(&self, point: usize, column: usize, statistic: Statistic) -> Option<Reading> {
        let sample = self.sample(point, column);
        let of_quantile = |share: f64| {
            let found = quantiles(&sample, &[share])?[0];
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

    /// The same for a claim that must hold with 95 % confidence however the runs fell: shares of independent runs without a
    /// bank have the exact interval of Clopper and Pearson in place of the closer one that tables show.
    pub fn claim(&self, point: usize, column: usize, statistic: Statistic) -> Option<Reading> {
        let sample = self.sample(point, column);
        let exact = |strata: &[Stratum<bool>]| match strata {
            [only] if sample.together == 1 && !only.values.is_empty() => {
                let (hits, of) =
                    (only.values.iter().filter(|hit| **hit).count() as u32, only.values.len() as u32);
                let (low, high) = clopper_pearson(hits, of, TAIL);
                let value = f64::from(hits) / f64::from(of);
                Some(Reading { value, low: Some(low), high: Some(high), restricted: false })
            }
            _ => None,
        };
        let found = match statistic {
            Statistic::Reached => exact(&sample.reached()),
            Statistic::Mean => sample.yes_or_no().and_then(|strata| exact(&strata)),
            Statistic::Median | Statistic::Percentile(_) => None,
        };
        found.or_else(|| self.reading(point, column, statistic))
    }

    /// The value of a statistic of a point without its interval, which may take long over a bank; infinity is 'never'.
    /// `None` if it is undefined.
    pub fn value(&self, point: usize, column: usize, statistic: Statistic) -> Option<f64> {
        let of_quantile = |share| quantile_value(&self.sample(point, column), share).map(Reach::number);
        match statistic {
            Statistic::Median => of_quantile(0.5),
            Statistic::Percentile(percent) => of_quantile(f64::from(percent) / 100.0),
            Statistic::Mean => Mean::value_of(&self.sample(point, column)),
            Statistic::Reached => self.reading(point, column, statistic).map(|found| found.value),
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
        let of_quantile = |share| paired::quantile_difference(&pairs, share);
        match statistic {
            Statistic::Mean => paired::mean_difference(&pairs),
            Statistic::Median => of_quantile(0.5),
            Statistic::Percentile(percent) => of_quantile(f64::from(percent) / 100.0),
            Statistic::Reached => paired::reached_difference(&pairs),
        }
    }

    /// For each point, whether no other beats it in all of `criteria` ([`front`]).
    pub fn front(&self, criteria: &[Criterion]) -> Vec<bool> {
        let value = |point, of: &Criterion| self.value(point, of.column, of.statistic);
        let values: Vec<_> = (0..self.layout.points.len())
            .map(|point| criteria.iter().map(|of| value(point, of)).collect())
            .collect();
        front(&values, &criteria.iter().map(|of| of.sense).collect::<Vec<_>>())
    }

    /// For each point, in what share of resamples it is on the front of the means of `columns` ([`share_on_front`]). `None`
    /// where there are very many points, where a mean is undefined, or where points were not played equally often.
    pub fn share_on_front(&self, columns: &[usize]) -> Option<Vec<f64>> {
        let points = self.layout.points.len();
        let strata = |point, column: &usize| Some(self.sample(point, *column).independent()?.strata);
        let of = |point| columns.iter().map(|column| strata(point, column)).collect::<Option<Vec<_>>>();
        let samples = (points <= RESAMPLED).then(|| (0..points).map(of).collect::<Option<Vec<_>>>())??;
        let sizes = |of: &Vec<Vec<Stratum<f64>>>| -> Vec<usize> {
            of.iter().flatten().map(|stratum| stratum.values.len()).collect()
        };
        let equal = samples.windows(2).all(|pair| sizes(&pair[0]) == sizes(&pair[1]));
        let senses: Vec<Sense> =
            columns.iter().map(|&column| Sense::of(self.layout.columns[column].lower_is_better)).collect();
        equal.then(|| share_on_front(&samples, &senses, self.layout.seed))
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
        let faster = comparison.one_against_first(1, 0).unwrap();
        assert!((faster.difference.value + 10.0).abs() < 1e-9 && faster.variance_ratio.unwrap() < 1e-9);
        assert!(matches!(faster.difference.bounds, Bounds::Constant { .. }));
        assert_eq!((faster.verdict, faster.difference.less), (Verdict::Better, 147));
        assert_eq!(comparison.one_against_first(0, 0), None);
        let itself = comparison.difference(0, 0, 0, Statistic::Mean).unwrap();
        assert_eq!((itself.verdict(true), itself.value), (Verdict::CannotTell, 0.0));
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
        assert!(comparison.one_against_first(1, 0).is_none());
    }
}
