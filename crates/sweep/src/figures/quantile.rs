//! Medians and percentiles, in which 'never' is later than anything.

use rollcast_core::stats::order_statistics;

use super::sample::{Sample, Stratum};
use super::{TAIL, bootstrap};

/// A place on the scale of a column.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Reach {
    /// A value in the unit of the column.
    At(f64),
    /// Later than anything.
    Never,
}

impl Reach {
    /// From a number in which infinity is 'never'.
    fn of(value: f64) -> Self {
        if value.is_finite() { Reach::At(value) } else { Reach::Never }
    }

    /// As a number in which infinity is 'never'.
    pub fn number(self) -> f64 {
        match self {
            Reach::At(value) => value,
            Reach::Never => f64::INFINITY,
        }
    }
}

/// A quantile over the runs of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile {
    /// The least value with at least the wanted share of runs, members counted by weight, at or below it.
    pub value: Reach,
    /// Lower end of its 95 % interval; `None` where the runs are too few to bound it from below.
    pub low: Option<Reach>,
    /// Upper end of its 95 % interval; `None` where the runs are too few to bound it from above.
    pub high: Option<Reach>,
}

/// Quantiles of a sample, one for each of `shares` (between 0 and 1): [`order_statistic_interval`] for one stratum,
/// `bootstrap::quantile_interval` over several, drawn from `seed`.
///
/// `None` if a member was not played or if a value is undefined.
pub fn quantiles(sample: &Sample, shares: &[f64], seed: u64) -> Option<Vec<Quantile>> {
    let strata = orderable(sample)?;
    let ordered = Ordered::of(&strata);
    let reach = |position: Option<usize>| position.map(|position| Reach::of(ordered.value(position)));
    let ends = if strata.len() == 1 {
        let of = ordered.values.len() as u32;
        shares.iter().map(|share| order_statistic_interval(of, *share)).collect()
    } else {
        bootstrap::quantile_interval(&ordered, shares, seed)
    };
    let quantile = |(share, (low, high)): (&f64, (Option<usize>, Option<usize>))| Quantile {
        value: Reach::of(ordered.value(ordered.position(*share, |_| 1.0))),
        low: reach(low),
        high: reach(high),
    };
    Some(shares.iter().zip(ends).map(quantile).collect())
}

/// The least value with at least `share` of runs, members counted by weight, at or below it; `None` as for
/// [`quantiles`].
pub fn quantile_value(sample: &Sample, share: f64) -> Option<Reach> {
    let ordered = Ordered::of(&orderable(sample)?);
    Some(Reach::of(ordered.value(ordered.position(share, |_| 1.0))))
}

/// Distribution-free 95 % interval of a quantile from independent runs: positions, from 0, of the two order statistics
/// that leave it out with a probability of at most 2.5 % each.
///
/// It covers at least 95 % whatever the distribution is, ties and 'never' included. Without enough runs an end is
/// `None`: for a median there are two ends from 6 runs on, for a 95th percentile an upper end from 72 runs on.
///
/// David and Nagaraja, 'Order Statistics', 3rd ed. (2003), section 7.1; Conover, 'Practical Nonparametric Statistics',
/// 3rd ed. (1999), section 3.2.
pub fn order_statistic_interval(of: u32, share: f64) -> (Option<usize>, Option<usize>) {
    let (low, high) = order_statistics(of, share, TAIL);
    let position = |rank: Option<u32>| rank.map(|rank| rank as usize - 1);
    (position(low), position(high))
}

/// Values as numbers that can be put in order, infinity for 'never'.
fn orderable(sample: &Sample) -> Option<Vec<Stratum<f64>>> {
    let strata = sample.strata.iter().map(|stratum| stratum.map(|(_, value)| value.unwrap_or(f64::INFINITY)));
    let strata: Vec<_> = strata.collect();
    // Without a limit a missing value is undefined and has no place in the order.
    let has_order =
        sample.limit.is_some() || strata.iter().flat_map(|s| &s.values).all(|value| value.is_finite());
    (has_order && sample.has_every_member()).then_some(strata)
}

/// Runs of all strata in the order of their values.
#[derive(Clone, Debug)]
pub(super) struct Ordered {
    /// Value and number of each run, the least value first; runs are numbered stratum by stratum.
    values: Vec<(f64, usize)>,
    /// What each run weighs: the weight of its stratum, divided by the runs in it.
    weights: Vec<f64>,
    sizes: Vec<usize>,
}

impl Ordered {
    /// Orders the runs of strata, none of which is empty.
    pub(super) fn of(strata: &[Stratum<f64>]) -> Self {
        let mut values: Vec<_> =
            strata.iter().flat_map(|stratum| &stratum.values).copied().zip(0..).collect();
        // Runs with equal values keep their order, so that results do not depend on the way of sorting.
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let weight = |stratum: &Stratum<f64>| {
            let n = stratum.values.len();
            std::iter::repeat_n(stratum.weight / n as f64, n)
        };
        let weights = strata.iter().flat_map(weight).collect();
        Ordered { values, weights, sizes: strata.iter().map(|stratum| stratum.values.len()).collect() }
    }

    /// Runs of each stratum.
    pub(super) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The value at a position.
    pub(super) fn value(&self, position: usize) -> f64 {
        self.values[position].0
    }

    /// The first position with at least `share` of all weight at or before it, where a run counts `times` its weight.
    /// The runs of a stratum count as often as it has runs, altogether.
    pub(super) fn position(&self, share: f64, times: impl Fn(usize) -> f64) -> usize {
        // Sums of weights come out a little below what they should be.
        let wanted = share - 1e-9;
        let mut sum = 0.0;
        let found = self.values.iter().position(|(_, run)| {
            sum += times(*run) * self.weights[*run];
            sum >= wanted
        });
        found.unwrap_or(self.values.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::sample;
    use super::*;
    use proptest::prelude::*;
    use rollcast_core::stats::Summary;

    fn count(n: u32) -> Vec<Option<f64>> {
        (1..=n).map(|value| Some(f64::from(value))).collect()
    }

    #[test]
    fn a_median_with_its_ranks() {
        let found = quantiles(&sample(Some(9e9), &[(1.0, &count(20))]), &[0.5, 0.95], 1).unwrap();
        let at = |value| Some(Reach::At(value));
        assert_eq!(found[0], Quantile { value: Reach::At(10.0), low: at(6.0), high: at(15.0) });
        // 0.95^20 = 36 % is far from 2.5 %.
        assert_eq!((found[1].value, found[1].high), (Reach::At(19.0), None));
    }

    #[test]
    fn five_runs_bound_no_median() {
        let found = quantiles(&sample(None, &[(1.0, &count(5))]), &[0.5], 1).unwrap();
        assert_eq!(found[0], Quantile { value: Reach::At(3.0), low: None, high: None });
    }

    #[test]
    fn never_is_later_than_anything() {
        let mut values = count(100);
        values[90..].fill(None);
        let found = quantiles(&sample(Some(500.0), &[(1.0, &values)]), &[0.5, 0.95], 1).unwrap();
        assert_eq!((found[0].value, found[1].value), (Reach::At(50.0), Reach::Never));
        // The 90th is the last that is reached.
        assert_eq!((found[1].low, found[1].high), (Some(Reach::At(90.0)), Some(Reach::Never)));
        assert!(Reach::At(f64::MAX) < Reach::Never);
        // Undefined is not never.
        assert_eq!(quantiles(&sample(None, &[(1.0, &values)]), &[0.5], 1), None);
        assert_eq!(quantiles(&sample(Some(1.0), &[(0.5, &values), (0.5, &[])]), &[0.5], 1), None);
    }

    #[test]
    fn members_count_by_weight_however_often_they_are_played() {
        let (rare, usual) = (vec![Some(100.0); 900], vec![Some(1.0); 10]);
        let bank = sample(None, &[(0.04, &rare), (0.96, &usual)]);
        let found = quantiles(&bank, &[0.5, 0.95, 0.97], 1).unwrap();
        assert_eq!(found.iter().map(|q| q.value).collect::<Vec<_>>(), [1.0, 1.0, 100.0].map(Reach::At));
    }

    #[test]
    fn over_a_bank_the_interval_is_resampled() {
        let (a, b) = (count(100), count(200));
        let bank = sample(None, &[(0.5, &a), (0.5, &b)]);
        let found = quantiles(&bank, &[0.5], 1).unwrap()[0];
        assert!(found.low.unwrap() < found.value && found.value < found.high.unwrap(), "{found:?}");
        assert_eq!(quantiles(&bank, &[0.5], 1).unwrap()[0], found);
        assert_ne!(quantiles(&bank, &[0.5], 2).unwrap()[0], found);
    }

    proptest! {
        #[test]
        fn without_a_bank_it_is_the_quantile_of_a_run(
            values in prop::collection::vec(prop::option::weighted(0.8, -50_i32..50), 1..120),
        ) {
            let values: Vec<_> = values.into_iter().map(|v| v.map(f64::from)).collect();
            let summary = Summary::of(&values, Some(100.0));
            let found = quantiles(&sample(Some(100.0), &[(1.0, &values)]), &[0.05, 0.5, 0.95], 1).unwrap();
            let expected = [summary.p5, summary.p50, summary.p95].map(|v| v.map_or(Reach::Never, Reach::At));
            prop_assert_eq!(found.iter().map(|q| q.value).collect::<Vec<_>>(), expected);
            for quantile in found {
                prop_assert!(quantile.low.is_none_or(|low| low <= quantile.value));
                prop_assert!(quantile.high.is_none_or(|high| quantile.value <= high));
            }
        }

        /// Cutting one sample into strata by the share of each changes nothing but the interval.
        #[test]
        fn proportional_strata_give_the_same_quantile(
            values in prop::collection::vec(-50_i32..50, 2..60), cut in 0.0_f64..1.0, share in 0.01_f64..0.99,
        ) {
            let values: Vec<_> = values.into_iter().map(|v| Some(f64::from(v))).collect();
            let cut = 1 + (cut * (values.len() - 1) as f64) as usize;
            let weight = cut as f64 / values.len() as f64;
            prop_assume!(cut < values.len());
            let one = quantiles(&sample(None, &[(1.0, &values)]), &[share], 1).unwrap()[0];
            let two = sample(None, &[(weight, &values[..cut]), (1.0 - weight, &values[cut..])]);
            prop_assert_eq!(quantiles(&two, &[share], 1).unwrap()[0].value, one.value);
        }
    }
}
