//! Means of a release drawn from the bank, and what can be said where nothing varied.

use super::TAIL;
use super::estimate::{Estimate, Pivot};
use super::sample::{Sample, Stratum};
use super::share::weighted_share;

/// How sure a mean or a difference is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bounds {
    /// A 95 % interval.
    Interval {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// All runs of a member gave the same, so there is nothing to make an interval from. That is no certainty: with 95 %
    /// confidence a run gives something else with at most this probability.
    Constant {
        /// That probability, from [`rule_of_three`].
        at_most: f64,
    },
    /// There are too few runs to say anything.
    Unknown,
}

impl Bounds {
    /// The interval, if it is one.
    pub fn interval(self) -> Option<(f64, f64)> {
        match self {
            Bounds::Interval { low, high } => Some((low, high)),
            Bounds::Constant { .. } | Bounds::Unknown => None,
        }
    }
}

/// A mean over the runs of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean, members counted by weight, in the unit of the column.
    pub value: f64,
    /// How sure it is.
    pub bounds: Bounds,
    /// Which procedure says so.
    pub method: Method,
    /// Skewness of the mean; above [`super::estimate::SKEWED`] its interval is a rough one.
    pub skew: f64,
    /// True for a restricted mean: some runs never got there, and the limit of the column counts for them. Such a mean
    /// is at most the limit, and the true mean, if there is one, is later.
    pub restricted: bool,
}

/// The procedure behind an interval of a mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Student's t, over strata with the degrees of freedom of Welch and Satterthwaite.
    Student,
    /// Bootstrap-t, because the mean is skewed.
    BootstrapT,
    /// That of a share ([`super::share::weighted_share`]), because every run says yes or no.
    Share,
}

impl Mean {
    /// The mean of a sample; `None` if a member was not played or a value is undefined.
    pub fn of(sample: &Sample) -> Option<Self> {
        let numbers = sample.independent()?;
        if let Some(hits) = sample.yes_or_no() {
            let share = weighted_share(&hits)?;
            let bounds = Bounds::Interval { low: share.low, high: share.high };
            return Some(Mean {
                value: share.value,
                bounds,
                method: Method::Share,
                skew: 0.0,
                restricted: false,
            });
        }
        let found = Estimate::of(&numbers.strata, sample.seed)?;
        let method = match found.pivot {
            Pivot::Resampled(_) => Method::BootstrapT,
            _ => Method::Student,
        };
        let bounds = found.bounds(TAIL);
        Some(Mean { value: found.value, bounds, method, skew: found.skew, restricted: numbers.restricted })
    }

    /// Its value alone, without the work of an interval.
    pub fn value_of(sample: &Sample) -> Option<f64> {
        let strata = sample.numbers()?.strata;
        Some(strata.iter().map(|stratum| stratum.weight * average(&stratum.values)).sum())
    }
}

/// Student's t interval of a mean; over several strata the weighted mean, with the degrees of freedom of Welch and
/// Satterthwaite ([`Estimate::student`]).
///
/// Exact for normal values in one stratum, otherwise an approximation that improves with n; with few runs it covers too
/// little where values are skewed.
///
/// `None` if a stratum is empty. Bounds are unknown if a stratum has one run only.
///
/// Student (1908); Satterthwaite, Biometrics Bulletin 2 (1946) 110-114; Welch, Biometrika 34 (1947) 28-35; Cochran,
/// 'Sampling Techniques', 3rd ed. (1977), sections 5.3 and 5.4.
pub fn stratified_t(strata: &[Stratum<f64>]) -> Option<(f64, Bounds)> {
    Estimate::student(strata).map(|found| (found.value, found.bounds(TAIL)))
}

/// The most that the probability of something can be, with 95 % confidence, that happened in no run: 3 / n, at most 1.
///
/// Over strata it is 3 max (w / n): nothing in any run has a probability of prod (1 - p)^n, which is below 5 % as soon as
/// sum n p > 3, and sum w p is at most max (w / n) sum n p.
///
/// Hanley and Lippman-Hand, 'If nothing goes wrong, is everything all right?', JAMA 249 (1983) 1743-1745.
pub fn rule_of_three<T>(strata: &[Stratum<T>]) -> f64 {
    strata
        .iter()
        .map(|stratum| 3.0 * stratum.weight / stratum.values.len() as f64)
        .fold(0.0, f64::max)
        .min(1.0)
}

/// Mean of values; 0 of none.
pub(super) fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / (values.len() as f64).max(1.0)
}

/// Variance with n - 1 in the denominator; 0 of fewer than two values.
pub(super) fn sample_variance(values: &[f64]) -> f64 {
    let mean = average(values);
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>()
        / (values.len() as f64 - 1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::sample;
    use super::*;
    use proptest::prelude::*;

    fn stratum(weight: f64, values: &[f64]) -> Stratum<f64> {
        Stratum { weight, values: values.to_vec() }
    }

    #[test]
    fn one_stratum_is_plain_student() {
        // Mean 3, standard deviation 1.5811, t(0.975, 4) = 2.7764: half width 1.9632.
        let (mean, bounds) = stratified_t(&[stratum(1.0, &[1.0, 2.0, 3.0, 4.0, 5.0])]).unwrap();
        let (low, high) = bounds.interval().unwrap();
        assert!(mean == 3.0 && (low - 1.036_757).abs() < 1e-5 && (high - 4.963_243).abs() < 1e-5);
    }

    #[test]
    fn two_strata_by_hand() {
        // Means 3 and 20, variances 2.5 and 100, n 5 and 3: mean 4.7; variance 0.81 * 0.5 + 0.01 * 100 / 3 = 0.738333;
        // df = 0.545136 / (0.164025 / 4 + 0.111111 / 2) = 5.64546; t(0.975, 5.64546) = 2.484648 (scipy).
        let strata = [stratum(0.9, &[1.0, 2.0, 3.0, 4.0, 5.0]), stratum(0.1, &[10.0, 20.0, 30.0])];
        let (mean, bounds) = stratified_t(&strata).unwrap();
        let (low, high) = bounds.interval().unwrap();
        assert!((mean - 4.7).abs() < 1e-12);
        assert!((high - mean - HALF).abs() < 1e-5 && (mean - low - HALF).abs() < 1e-5, "{}", high - mean);
    }

    const HALF: f64 = 2.134_967;

    #[test]
    fn runs_that_all_give_the_same_are_no_certainty() {
        let (mean, bounds) = stratified_t(&[stratum(1.0, &[24.0; 100])]).unwrap();
        assert_eq!((mean, bounds), (24.0, Bounds::Constant { at_most: 3.0 / 100.0 }));
        // The member that was looked at least for its weight sets the bound.
        let strata = [stratum(0.9, &[1.0; 1_000]), stratum(0.1, &[5.0; 10])];
        let (mean, bounds) = stratified_t(&strata).unwrap();
        assert!((mean - 1.4).abs() < 1e-12);
        assert_eq!(bounds, Bounds::Constant { at_most: 3.0 * 0.1 / 10.0 });
        assert_eq!(rule_of_three(&[stratum(1.0, &[0.0; 2])]), 1.0);
    }

    #[test]
    fn one_run_says_a_mean_and_no_more() {
        assert_eq!(stratified_t(&[stratum(1.0, &[4.0])]), Some((4.0, Bounds::Unknown)));
        let strata = [stratum(0.5, &[4.0]), stratum(0.5, &[6.0, 8.0])];
        assert_eq!(stratified_t(&strata), Some((5.5, Bounds::Unknown)));
        assert_eq!(stratified_t(&[stratum(0.5, &[4.0]), stratum(0.5, &[])]), None);
        assert_eq!(stratified_t(&[]), None);
    }

    #[test]
    fn a_mean_says_whether_it_is_restricted() {
        let never =
            Mean::of(&sample(Some(40.0), &[(1.0, &[Some(10.0), None, Some(20.0), Some(30.0)])])).unwrap();
        assert!(never.restricted && never.value == 25.0);
        let all = Mean::of(&sample(Some(40.0), &[(1.0, &[Some(10.0), Some(20.0)])])).unwrap();
        assert!(!all.restricted && all.value == 15.0);
        assert_eq!(Mean::of(&sample(None, &[(1.0, &[Some(10.0), None])])), None);
    }

    proptest! {
        /// Adding a constant or changing the unit does the same to the interval.
        #[test]
        fn intervals_move_with_the_values(
            values in prop::collection::vec(-1e3_f64..1e3, 3..40), shift in -1e3_f64..1e3, scale in 0.1_f64..10.0,
        ) {
            prop_assume!(values.iter().any(|value| (value - values[0]).abs() > 1e-6));
            let cut = values.len() / 2;
            let ends = |values: &[f64]| {
                let strata = [stratum(0.25, &values[..cut]), stratum(0.75, &values[cut..])];
                stratified_t(&strata).unwrap().1.interval()
            };
            let moved: Vec<f64> = values.iter().map(|value| value * scale + shift).collect();
            if let (Some((low, high)), Some((low_moved, high_moved))) = (ends(&values), ends(&moved)) {
                let size = 1.0 + (high - low).abs() * scale + shift.abs() + 1e4;
                prop_assert!((low * scale + shift - low_moved).abs() < 1e-9 * size);
                prop_assert!((high * scale + shift - high_moved).abs() < 1e-9 * size);
            }
        }
    }
}
