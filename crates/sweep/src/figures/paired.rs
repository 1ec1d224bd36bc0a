//! Differences between two points that were played with the same luck.

use std::cmp::Ordering;

use rollcast_core::stats::mcnemar;

use super::bootstrap::{ENDS, RESAMPLES, each_resample};
use super::estimate::{Estimate, Pivot};
use super::mean::{Bounds, Method, sample_variance};
use super::quantile::Ordered;
use super::sample::{Pairs, Stratum, gathered};
use super::{ERROR, TAIL};

/// A difference: a point minus the one it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference, members counted by weight, in the unit of the column.
    pub value: f64,
    /// How sure it is.
    pub bounds: Bounds,
    /// p-value of 'there is no difference', two-sided; 1 where nothing can be said.
    pub p: f64,
    /// Which procedure the interval of a mean difference comes from; `None` for differences of quantiles.
    pub method: Option<Method>,
    /// True if on either side some runs never got there: both sides are restricted at the limit of the column.
    pub restricted: bool,
    /// Pairs of runs: same member, same replication.
    pub pairs: u32,
    /// Pairs in which the point has less.
    pub less: u32,
    /// Pairs in which it has more. In the others both are equal.
    pub more: u32,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The point is better than the one it is compared with.
    Better,
    /// It is worse.
    Worse,
    /// The runs cannot tell.
    CannotTell,
}

impl Difference {
    /// On which side of zero the truth is, if the runs can tell with an error of at most `error`.
    pub fn side(&self, error: f64) -> Option<Ordering> {
        if self.p > error {
            return None;
        }
        // Where every pair that differs does so the same way, the value has that sign too.
        self.value.partial_cmp(&0.0).filter(|side| side.is_ne())
    }

    /// What the difference means where less is better, or more; for this comparison alone, with an error of at most 5 %.
    pub fn verdict(&self, lower_is_better: bool) -> Verdict {
        self.verdict_at(ERROR, lower_is_better)
    }

    /// The same with an error of at most `error`.
    pub fn verdict_at(&self, error: f64, lower_is_better: bool) -> Verdict {
        match self.side(error) {
            Some(side) if (side == Ordering::Less) == lower_is_better => Verdict::Better,
            Some(_) => Verdict::Worse,
            None => Verdict::CannotTell,
        }
    }
}

/// Pairs in which the first is less, and in which it is more.
fn signs(strata: &[Stratum<(f64, f64)>]) -> (u32, u32) {
    let pairs = || strata.iter().flat_map(|stratum| &stratum.values);
    (pairs().filter(|(a, b)| a < b).count() as u32, pairs().filter(|(a, b)| a > b).count() as u32)
}

/// Exact sign test for where there is no interval: only if all pairs that differ go the same way (Conover, 'Practical
/// Nonparametric Statistics', 3rd ed. (1999), section 3.4).
fn same_sign(less: u32, more: u32) -> f64 {
    if less == 0 || more == 0 { mcnemar(less, more) } else { 1.0 }
}

/// Paired t interval of a mean difference: [`Estimate::of`] the differences within pairs, so bootstrap-t where they are
/// skewed. Runs that share a draw of the uncertain settings count as one pair.
///
/// Where all pairs of a stratum differ by the same (in particular, not at all), there is no interval but the bound
/// of [`super::mean::rule_of_three`] on the probability that a run differs by something else; what can be told then comes
/// from the signs. Where every run says yes or no and there is one stratum, the p-value is exact ([`mcnemar`]); elsewhere it is never less
/// than what signs alone could say of as many pairs that differ, if others are equal: so 6 of them it takes. `None`
/// if a member has no pairs or if a value is undefined.
///
/// Law, 'Simulation Modeling and Analysis', 5th ed. (2015), sections 10.2.1 and 11.2 (common random numbers).
pub fn mean_difference(pairs: &Pairs) -> Option<Difference> {
    let numbers = pairs.numbers()?;
    let found = estimate_of(&numbers.strata, pairs)?;
    Some(told(&numbers.strata, &found, numbers.restricted, pairs.yes_or_no))
}

/// The estimate behind [`mean_difference`], for intervals of other sizes.
pub fn mean_estimate(pairs: &Pairs) -> Option<Estimate> {
    estimate_of(&pairs.numbers()?.strata, pairs)
}

/// The same for the share of runs that have a value: how much more often the point gets there.
pub fn reached_difference(pairs: &Pairs) -> Option<Difference> {
    let strata = pairs.reached()?;
    let alone = pairs.draws.iter().all(|draws| draws.is_sorted_by(|a, b| a < b));
    Some(told(&strata, &estimate_of(&strata, pairs)?, false, alone))
}

fn estimate_of(strata: &[Stratum<(f64, f64)>], pairs: &Pairs) -> Option<Estimate> {
    let differences = strata.iter().map(|stratum| stratum.map(|(a, b)| a - b)).collect();
    Estimate::of(&gathered(differences, &pairs.draws), pairs.seed)
}

fn told(strata: &[Stratum<(f64, f64)>], found: &Estimate, restricted: bool, exact: bool) -> Difference {
    let (less, more) = signs(strata);
    let pairs = strata.iter().map(|stratum| stratum.values.len() as u32).sum();
    let method = match found.pivot {
        Pivot::Resampled(_) => Method::BootstrapT,
        _ => Method::Student,
    };
    let p = match found.p_value() {
        Some(_) if exact && strata.len() == 1 => mcnemar(less, more),
        // Among pairs that are equal, a handful that differ say no more than their signs could, whatever a formula makes of
        // their sizes.
        Some(p) if less + more < pairs => p.max(mcnemar(0, less + more)),
        Some(p) => p,
        None => same_sign(less, more),
    };
    Difference {
        value: found.value,
        bounds: found.bounds(TAIL),
        p,
        method: Some(method),
        restricted,
        pairs,
        less,
        more,
    }
}

/// Percentile interval of a difference of quantiles, 'never' counting as the limit: pairs are resampled within strata
/// (see [`super::bootstrap`]), so what both points owe to the same luck cancels.
///
/// It covers approximately 95 % for large samples. Bounds are unknown where a stratum has one pair only, where a quantile
/// often falls on an extreme run, and where all resamples agree: then the values lie too far apart to say anything. The
/// p-value is twice the smaller share of resamples on either side of zero, or comes from the signs where there is no
/// interval.
pub fn quantile_difference(pairs: &Pairs, share: f64) -> Option<Difference> {
    let numbers = pairs.numbers()?;
    let side = |of: fn(&(f64, f64)) -> f64| {
        Ordered::of(&numbers.strata.iter().map(|stratum| stratum.map(of)).collect::<Vec<_>>(), &pairs.draws)
    };
    let (left, right) = (side(|pair| pair.0), side(|pair| pair.1));
    let at = |ordered: &Ordered| ordered.value(ordered.position(share, |_| 1.0));
    let value = at(&left) - at(&right);
    let (less, more) = signs(&numbers.strata);
    let difference = |bounds, p| Difference {
        value,
        bounds,
        p,
        method: None,
        restricted: numbers.restricted,
        pairs: numbers.strata.iter().map(|stratum| stratum.values.len() as u32).sum(),
        less,
        more,
    };
    // Signs speak for the quantiles if every pair that differs goes the same way, and if the quantiles do.
    let signs = || if value == 0.0 { 1.0 } else { same_sign(less, more) };
    if left.sizes().iter().any(|size| *size < 2) {
        return Some(difference(Bounds::Unknown, signs()));
    }
    let last = numbers.strata.iter().map(|stratum| stratum.values.len()).sum::<usize>() - 1;
    let mut found = Vec::with_capacity(RESAMPLES);
    let (mut on_first, mut on_last) = ([0; 2], [0; 2]);
    each_resample(left.sizes(), pairs.seed, |counts| {
        let positions = [&left, &right].map(|side| side.position(share, |group| f64::from(counts[group])));
        for (side, position) in positions.into_iter().enumerate() {
            on_first[side] += usize::from(position == 0);
            on_last[side] += usize::from(position == last);
        }
        found.push(left.value(positions[0]) - right.value(positions[1]));
    });
    found.sort_unstable_by(f64::total_cmp);
    let (low, high) = (found[ENDS.0], found[ENDS.1]);
    let extreme = on_first.into_iter().chain(on_last).any(|count| count > ENDS.0);
    if extreme || low == high {
        return Some(difference(Bounds::Unknown, signs()));
    }
    let not_above = found.partition_point(|x| *x <= 0.0);
    let not_below = found.len() - found.partition_point(|x| *x < 0.0);
    let p = (2.0 * (not_above.min(not_below) + 1) as f64 / (found.len() + 1) as f64).min(1.0);
    Some(difference(Bounds::Interval { low, high }, p))
}

/// What pairing does to the variance of a mean difference: that of the paired difference, divided by what it would be
/// if the two points were played with luck of their own. 1 is no gain, 0.1 the precision of ten times the runs.
///
/// `None` if a value is undefined, a stratum has fewer than two pairs, or nothing varies.
pub fn variance_ratio(pairs: &Pairs) -> Option<f64> {
    let strata = pairs.numbers()?.strata;
    let (mut paired, mut independent) = (0.0, 0.0);
    for stratum in &strata {
        let n = stratum.values.len() as f64;
        if n < 2.0 {
            return None;
        }
        let variance = |of: fn(&(f64, f64)) -> f64| sample_variance(&stratum.map(of).values);
        let factor = stratum.weight * stratum.weight / n;
        paired += factor * variance(|(a, b)| a - b);
        independent += factor * (variance(|pair| pair.0) + variance(|pair| pair.1));
    }
    (independent > 0.0).then(|| paired / independent)
}

#[cfg(test)]
mod tests {
    use super::super::mean::average;
    use super::super::sample::Sample;
    use super::super::sample::tests::sample;
    use super::*;
    use proptest::prelude::*;

    fn pairs(limit: Option<f64>, pairs: &[(Option<f64>, Option<f64>)]) -> Pairs {
        let draws = vec![(0..pairs.len() as u32).collect()];
        let strata = vec![Stratum { weight: 1.0, values: pairs.to_vec() }];
        Pairs { strata, limit, draws, yes_or_no: false, seed: 1 }
    }

    fn of(values: &[(f64, f64)]) -> Pairs {
        pairs(None, &values.iter().map(|(a, b)| (Some(*a), Some(*b))).collect::<Vec<_>>())
    }

    #[test]
    fn a_paired_t_interval_by_hand() {
        // Differences 1, 2, 3, 4, 5: as in the test of one mean.
        let found =
            mean_difference(&of(&[(11.0, 10.0), (22.0, 20.0), (3.0, 0.0), (8.0, 4.0), (5.0, 0.0)])).unwrap();
        let (low, high) = found.bounds.interval().unwrap();
        assert!((low - 1.036_757).abs() < 1e-5 && (high - 4.963_243).abs() < 1e-5);
        assert_eq!((found.value, found.pairs, found.less, found.more), (3.0, 5, 0, 5));
        assert_eq!((found.verdict(true), found.verdict(false)), (Verdict::Worse, Verdict::Better));
    }

    #[test]
    fn pairs_that_never_differ_may_still_differ() {
        let found = mean_difference(&of(&[(7.0, 7.0); 60])).unwrap();
        assert_eq!((found.value, found.bounds), (0.0, Bounds::Constant { at_most: 0.05 }));
        assert_eq!(found.verdict(true), Verdict::CannotTell);
    }

    #[test]
    fn pairs_that_always_differ_alike_are_told_apart_by_their_signs() {
        let found = |n| mean_difference(&of(&vec![(24.0, 48.0); n])).unwrap();
        assert_eq!(found(6).bounds, Bounds::Constant { at_most: 0.5 });
        assert_eq!((found(5).verdict(true), found(6).verdict(true)), (Verdict::CannotTell, Verdict::Better));
        // One member, one run: nothing is known.
        assert_eq!((found(1).bounds, found(1).verdict(true)), (Bounds::Unknown, Verdict::CannotTell));
    }

    #[test]
    fn never_is_restricted_on_both_sides() {
        let found = pairs(Some(40.0), &[(Some(50.0), None), (Some(10.0), Some(20.0)), (None, Some(30.0))]);
        let difference = mean_difference(&found).unwrap();
        assert!(difference.restricted && difference.value == 0.0);
        assert_eq!((difference.less, difference.more), (1, 1));
        let reached = reached_difference(&found).unwrap();
        assert_eq!((reached.value, reached.less, reached.more), (0.0, 1, 1));
        assert_eq!(mean_difference(&pairs(None, &[(Some(1.0), None)])), None);
    }

    #[test]
    fn shared_luck_reduces_variance() {
        let luck = |i: i32| f64::from(i * 37 % 101);
        let shared: Vec<_> = (0..101).map(|i| (luck(i) + f64::from(i % 2), luck(i))).collect();
        let ratio = variance_ratio(&of(&shared)).unwrap();
        assert!(ratio < 0.001, "{ratio}");
        let opposed: Vec<_> = (0..101).map(|i| (luck(i), -luck(i))).collect();
        assert!((variance_ratio(&of(&opposed)).unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(variance_ratio(&of(&[(1.0, 1.0); 9])), None);
        assert_eq!(variance_ratio(&of(&[(1.0, 2.0)])), None);
    }

    #[test]
    fn quantiles_of_shifted_samples_differ_by_the_shift() {
        let values: Vec<_> =
            (0..200).map(|i| f64::from(i * 71 % 200)).map(|v| (v + 3.0 + v / 100.0, v)).collect();
        let found = quantile_difference(&of(&values), 0.5).unwrap();
        let (low, high) = found.bounds.interval().unwrap();
        assert!(
            (found.value - 3.99).abs() < 1e-9 && low < 3.99 && 3.99 < high && high - low < 0.5,
            "{found:?}"
        );
        assert_eq!(found.verdict(true), Verdict::Worse);
        // 20 runs do not reach beyond a 95th percentile.
        assert_eq!(quantile_difference(&of(&values[..20]), 0.95).unwrap().bounds, Bounds::Unknown);
        // All resamples agree: only the signs speak.
        let shifted: Vec<_> = values.iter().map(|(_, b)| (b + 3.0, *b)).collect();
        let found = quantile_difference(&of(&shifted), 0.5).unwrap();
        assert_eq!((found.value, found.bounds, found.verdict(true)), (3.0, Bounds::Unknown, Verdict::Worse));
    }

    proptest! {
        /// The mean difference is the difference of the means, and turning the pair turns everything.
        #[test]
        fn differences_turn_with_the_pair(
            values in prop::collection::vec((-50_i32..50, -50_i32..50), 4..60), weight in 0.1_f64..0.9,
        ) {
            let cut = values.len() / 2;
            let side = |of: fn(&(i32, i32)) -> i32| -> Sample {
                let values: Vec<_> = values.iter().map(|pair| Some(f64::from(of(pair)))).collect();
                sample(None, &[(weight, &values[..cut]), (1.0 - weight, &values[cut..])])
            };
            let (a, b) = (side(|pair| pair.0), side(|pair| pair.1));
            let there = mean_difference(&Pairs::of(&a, &b)).unwrap();
            let back = mean_difference(&Pairs::of(&b, &a)).unwrap();
            let mean = |of: &Sample| {
                of.numbers().unwrap().strata.iter().map(|s| s.weight * average(&s.values)).sum::<f64>()
            };
            prop_assert!((there.value - (mean(&a) - mean(&b))).abs() < 1e-9);
            prop_assert_eq!((there.value, there.less, there.more), (-back.value, back.more, back.less));
            prop_assert_eq!(there.verdict(true), back.verdict(false));
            prop_assert_eq!(variance_ratio(&Pairs::of(&a, &b)), variance_ratio(&Pairs::of(&b, &a)));
        }
    }
}
