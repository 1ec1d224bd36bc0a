//! Means of a release drawn from the bank, and what can be said where nothing varied.

use rollcast_core::stats::student_t_quantile;

use super::TAIL;
use super::sample::{Sample, Stratum};

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
    /// True for a restricted mean: some runs never got there, and the limit of the column counts for them. Such a mean
    /// is at most the limit, and the true mean, if there is one, is later.
    pub restricted: bool,
}

impl Mean {
    /// The mean of a sample; `None` if a member was not played or a value is undefined.
    pub fn of(sample: &Sample) -> Option<Self> {
        let numbers = sample.numbers()?;
        let (value, bounds) = stratified_t(&numbers.strata)?;
        Some(Mean { value, bounds, restricted: numbers.restricted })
    }
}

/// Student's t interval of a mean; over several strata the weighted mean, with the degrees of freedom of Welch and
/// Satterthwaite.
///
/// With weights w, runs n and variances s^2 of the strata, the mean is sum w mean, its variance sum w^2 s^2 / n, and the
/// degrees of freedom are (sum w^2 s^2 / n)^2 / sum ((w^2 s^2 / n)^2 / (n - 1)). Exact for normal values in one stratum,
/// otherwise an approximation that improves with n; with few runs it covers too little where values are skewed.
///
/// `None` if a stratum is empty. Bounds are unknown if a stratum has one run only.
///
/// Student (1908); Satterthwaite, Biometrics Bulletin 2 (1946) 110-114; Welch, Biometrika 34 (1947) 28-35; Cochran,
/// 'Sampling Techniques', 3rd ed. (1977), sections 5.3 and 5.4.
pub fn stratified_t(strata: &[Stratum<f64>]) -> Option<(f64, Bounds)> {
    if strata.is_empty() || strata.iter().any(|stratum| stratum.values.is_empty()) {
        return None;
    }
    let (mut mean, mut variance, mut squares) = (0.0, 0.0, 0.0);
    for Stratum { weight, values } in strata {
        let n = values.len() as f64;
        mean += weight * average(values);
        if n > 1.0 {
            let part = weight * weight * sample_variance(values) / n;
            variance += part;
            squares += part * part / (n - 1.0);
        }
    }
    let bounds = if strata.iter().any(|stratum| stratum.values.len() < 2) {
        Bounds::Unknown
    } else if strata.iter().all(|stratum| is_constant(&stratum.values)) {
        Bounds::Constant { at_most: rule_of_three(strata) }
    } else {
        student_t_quantile(1.0 - TAIL, variance * variance / squares).map_or(Bounds::Unknown, |t| {
            let half = t * variance.sqrt();
            Bounds::Interval { low: mean - half, high: mean + half }
        })
    };
    Some((mean, bounds))
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

/// True if values are equal up to what subtracting rounded numbers leaves.
fn is_constant(values: &[f64]) -> bool {
    let (least, most) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    most - least <= 1e-12 * least.abs().max(most.abs())
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
            prop_assume!(!is_constant(&values));
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
