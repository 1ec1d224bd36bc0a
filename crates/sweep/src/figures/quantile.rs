//! Medians and percentiles, in which 'never' is later than anything.

use rollcast_core::stats::{binomial_upper_tail, order_statistics};

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
    /// How many runs it takes until it can have both ends, if there are fewer.
    pub needs: Option<u32>,
}

/// Quantiles of a sample, one for each of `shares` (between 0 and 1): [`order_statistic_interval`] for one stratum of
/// independent runs, otherwise `bootstrap::quantile_interval`.
///
/// `None` if a member was not played or if a value is undefined.
pub fn quantiles(sample: &Sample, shares: &[f64]) -> Option<Vec<Quantile>> {
    let strata = orderable(sample)?;
    let ordered = Ordered::of(&strata, &sample.draws());
    let alone = strata.len() == 1 && sample.together == 1;
    let ends: Vec<(Option<f64>, Option<f64>)> = if alone {
        let values: Vec<f64> = ordered.values.iter().map(|(value, _)| *value).collect();
        shares.iter().map(|share| order_statistic_interval(&values, *share, TAIL)).collect()
    } else {
        let value = |end: Option<usize>| end.map(|position| ordered.value(position));
        let found = bootstrap::quantile_interval(&ordered, shares, sample.seed);
        found.into_iter().map(|(low, high)| (value(low), value(high))).collect()
    };
    let quantile = |(share, (low, high)): (&f64, (Option<f64>, Option<f64>))| Quantile {
        value: Reach::of(ordered.value(ordered.position(*share, |_| 1.0))),
        low: low.map(Reach::of),
        high: high.map(Reach::of),
        needs: alone.then(|| runs_needed(*share)).filter(|needed| sample.runs() < *needed),
    };
    Some(shares.iter().zip(ends).map(quantile).collect())
}

/// The least value with at least `share` of runs, members counted by weight, at or below it; `None` as for
/// [`quantiles`].
pub fn quantile_value(sample: &Sample, share: f64) -> Option<Reach> {
    let ordered = Ordered::of(&orderable(sample)?, &sample.draws());
    Some(Reach::of(ordered.value(ordered.position(share, |_| 1.0))))
}

/// Interval of a quantile from independent runs in order: between two order statistics that leave it out with a
/// probability of at most `tail` each, and where no two runs are equal interpolated towards their inner neighbours so that
/// it is about `tail`.
///
/// Without interpolation it covers at least what it says whatever the distribution is, ties and 'never' included; with it
/// about that for continuous distributions. Without enough runs an end is `None`: with a tail of 2.5 % a median has two
/// ends from 6 runs on, a 95th percentile from 72 on ([`runs_needed`]).
///
/// With pi(r) = P(B < r), B binomial (n, p), and pi(r) <= tail < pi(r + 1), the lower end is
/// (1 - lambda) x(r) + lambda x(r + 1), 1 / lambda = 1 + r (1 - p) (pi(r + 1) - tail) / ((n - r) p (tail - pi(r))); the
/// upper end is the same from above with 1 - p.
///
/// Hettmansperger and Sheather, Statistics & Probability Letters 4 (1986) 75-79 (the median); Nyblom, Statistics &
/// Probability Letters 14 (1992) 129-131 (any quantile); David and Nagaraja, 'Order Statistics', 3rd ed. (2003), section
/// 7.1.
pub fn order_statistic_interval(ordered: &[f64], share: f64, tail: f64) -> (Option<f64>, Option<f64>) {
    let n = ordered.len() as u32;
    let (low, high) = order_statistics(n, share, tail);
    let ties = ordered.windows(2).any(|pair| pair[0] == pair[1]);
    let at = |rank: u32| ordered[rank as usize - 1];
    let towards = |outer: f64, inner: f64, lambda: f64| match outer.is_finite() && inner.is_finite() && !ties
    {
        true => (1.0 - lambda) * outer + lambda * inner,
        false => outer,
    };
    let low = low.map(|rank| match rank < n {
        true => towards(at(rank), at(rank + 1), inwards(rank, n, share, tail)),
        false => at(rank),
    });
    let high = high.map(|rank| match rank > 1 {
        true => towards(at(rank), at(rank - 1), inwards(n + 1 - rank, n, 1.0 - share, tail)),
        false => at(rank),
    });
    (low, high)
}

/// How far an end goes from the order statistic of `rank` to the next inner one (Nyblom's lambda).
fn inwards(rank: u32, n: u32, share: f64, tail: f64) -> f64 {
    // P(B < r) of a binomial (n, share) is P(B' > n - r) of a binomial (n, 1 - share).
    let below = |rank: u32| binomial_upper_tail(n + 1 - rank, n, 1.0 - share);
    let (outer, inner) = (below(rank), below(rank + 1));
    let (room, spare) = (inner - tail, tail - outer);
    let (r, rest) = (f64::from(rank), f64::from(n - rank));
    if spare <= 0.0 { 0.0 } else { 1.0 / (1.0 + r * (1.0 - share) * room.max(0.0) / (rest * share * spare)) }
}

/// How many independent runs it takes until a quantile has two ends: the extreme run lies beyond it with a probability of
/// 97.5 %.
pub fn runs_needed(share: f64) -> u32 {
    let (far, mut beyond, mut runs) = (share.max(1.0 - share), 1.0, 0);
    while beyond > TAIL && runs < u32::MAX {
        beyond *= far;
        runs += 1;
    }
    runs
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
    /// What is independent: the group of each run, numbered stratum by stratum.
    groups: Vec<usize>,
    sizes: Vec<usize>,
}

impl Ordered {
    /// Orders the runs of strata, none of which is empty. Runs of a stratum that follow one another with the same number in
    /// `draws` are one group.
    pub(super) fn of(strata: &[Stratum<f64>], draws: &[Vec<u32>]) -> Self {
        let mut values: Vec<_> =
            strata.iter().flat_map(|stratum| &stratum.values).copied().zip(0..).collect();
        // Runs with equal values keep their order, so that results do not depend on the way of sorting.
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let weight = |stratum: &Stratum<f64>| {
            let n = stratum.values.len();
            std::iter::repeat_n(stratum.weight / n as f64, n)
        };
        let weights = strata.iter().flat_map(weight).collect();
        let (mut groups, mut sizes) = (Vec::with_capacity(values.len()), Vec::new());
        let mut next = 0;
        for draws in draws {
            let before = next;
            for group in draws.chunk_by(|a, b| a == b) {
                groups.extend(std::iter::repeat_n(next, group.len()));
                next += 1;
            }
            sizes.push(next - before);
        }
        Ordered { values, weights, groups, sizes }
    }

    /// Groups of each stratum: single runs, or those that share a draw of the uncertain settings.
    pub(super) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The value at a position.
    pub(super) fn value(&self, position: usize) -> f64 {
        self.values[position].0
    }

    /// How many runs there are.
    pub(super) fn runs(&self) -> usize {
        self.values.len()
    }

    /// The first position with at least `share` of all weight at or before it, where a run counts as many times as its
    /// group does. The groups of a stratum count as often as it has groups, altogether.
    pub(super) fn position(&self, share: f64, times: impl Fn(usize) -> f64) -> usize {
        // Sums of weights come out a little below what they should be.
        let wanted = share - 1e-9;
        let mut sum = 0.0;
        let found = self.values.iter().position(|(_, run)| {
            sum += times(self.groups[*run]) * self.weights[*run];
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

    const LOW: f64 = 6.235_23;

    fn count(n: u32) -> Vec<Option<f64>> {
        (1..=n).map(|value| Some(f64::from(value))).collect()
    }

    #[test]
    fn a_median_with_its_ranks() {
        let found = quantiles(&sample(Some(9e9), &[(1.0, &count(20))]), &[0.5, 0.95]).unwrap();
        // Ranks 6 and 15 hold it with 95.9 %; inwards of them, by hand: (0.025 - 0.020695) / (0.057659 - 0.020695)
        // = 0.11647, and 14 * 0.11647 / (6 + 8 * 0.11647) = 0.23523.
        let Some((Reach::At(low), Reach::At(high))) = found[0].low.zip(found[0].high) else {
            panic!("{found:?}")
        };
        assert!((low - LOW).abs() < 1e-3 && (high - (21.0 - LOW)).abs() < 1e-3, "{low} {high}");
        assert_eq!((found[0].value, found[0].needs), (Reach::At(10.0), None));
        // Equal runs are not divided: the ranks themselves.
        let ties: Vec<_> = (1..=20).map(|value| Some(f64::from(value / 2))).collect();
        let found_in_ties = quantiles(&sample(Some(9e9), &[(1.0, &ties)]), &[0.5]).unwrap()[0];
        assert_eq!((found_in_ties.low, found_in_ties.high), (Some(Reach::At(3.0)), Some(Reach::At(7.0))));
        // 0.95^20 = 36 % is far from 2.5 %.
        assert_eq!((found[1].value, found[1].high), (Reach::At(19.0), None));
    }

    #[test]
    fn five_runs_bound_no_median() {
        let found = quantiles(&sample(None, &[(1.0, &count(5))]), &[0.5]).unwrap();
        assert_eq!(found[0], Quantile { value: Reach::At(3.0), low: None, high: None, needs: Some(6) });
    }

    #[test]
    fn never_is_later_than_anything() {
        let mut values = count(100);
        values[90..].fill(None);
        let found = quantiles(&sample(Some(500.0), &[(1.0, &values)]), &[0.5, 0.95]).unwrap();
        assert_eq!((found[0].value, found[1].value), (Reach::At(50.0), Reach::Never));
        // The 90th is the last that is reached.
        assert_eq!((found[1].low, found[1].high), (Some(Reach::At(90.0)), Some(Reach::Never)));
        assert!(Reach::At(f64::MAX) < Reach::Never);
        // Undefined is not never.
        assert_eq!(quantiles(&sample(None, &[(1.0, &values)]), &[0.5]), None);
        assert_eq!(quantiles(&sample(Some(1.0), &[(0.5, &values), (0.5, &[])]), &[0.5]), None);
    }

    #[test]
    fn members_count_by_weight_however_often_they_are_played() {
        let (rare, usual) = (vec![Some(100.0); 900], vec![Some(1.0); 10]);
        let bank = sample(None, &[(0.04, &rare), (0.96, &usual)]);
        let found = quantiles(&bank, &[0.5, 0.95, 0.97]).unwrap();
        assert_eq!(found.iter().map(|q| q.value).collect::<Vec<_>>(), [1.0, 1.0, 100.0].map(Reach::At));
    }

    #[test]
    fn over_a_bank_the_interval_is_resampled() {
        let (a, b) = (count(100), count(200));
        let bank = sample(None, &[(0.5, &a), (0.5, &b)]);
        let found = quantiles(&bank, &[0.5]).unwrap()[0];
        assert!(found.low.unwrap() < found.value && found.value < found.high.unwrap(), "{found:?}");
        assert_eq!(quantiles(&bank, &[0.5]).unwrap()[0], found);
        let others = (2..9).map(|seed| quantiles(&Sample { seed, ..bank.clone() }, &[0.5]).unwrap()[0]);
        assert!(others.into_iter().any(|other| other != found));
    }

    proptest! {
        #[test]
        fn without_a_bank_it_is_the_quantile_of_a_run(
            values in prop::collection::vec(prop::option::weighted(0.8, -50_i32..50), 1..120),
        ) {
            let values: Vec<_> = values.into_iter().map(|v| v.map(f64::from)).collect();
            let summary = Summary::of(&values, Some(100.0));
            let found = quantiles(&sample(Some(100.0), &[(1.0, &values)]), &[0.05, 0.5, 0.95]).unwrap();
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
            let one = quantiles(&sample(None, &[(1.0, &values)]), &[share]).unwrap()[0];
            let two = sample(None, &[(weight, &values[..cut]), (1.0 - weight, &values[cut..])]);
            prop_assert_eq!(quantiles(&two, &[share]).unwrap()[0].value, one.value);
        }
    }
}
