//! A mean with what its error is known by: the root of intervals, of tests, and of comparisons with many others.
//!
//! Everything rests on the *pivot* t = (estimate - truth) / standard error. Where values are well behaved it has Student's
//! distribution; where they are skewed its distribution is found by resampling (bootstrap-t).

use rollcast_core::stats::{student_t_quantile, student_t_tail};

use super::bootstrap::{RESAMPLES, each_resample};
use super::mean::{Bounds, average, rule_of_three};
use super::sample::Stratum;

/// Skewness of a mean (of one stratum: skewness of the values, divided by the root of their number) up to which Student's
/// distribution is fair: its interval then covers 94 % or more.
pub const FAIR: f64 = 0.1;
/// Runs that every stratum must have for its skewness to be more than noise, and for resamples to say anything.
const ENOUGH: usize = 10;
/// Skewness of a mean above which bootstrap-t is a rough answer too, and whoever reads it is told.
pub const SKEWED: f64 = 0.5;

/// A resample with less than this part of the measured error has lost what made the runs vary; its pivot would be a number
/// without a meaning.
const ALMOST_NONE: f64 = 0.1;

/// A mean over strata, and how sure it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The mean, strata counted by weight.
    pub value: f64,
    /// Its standard error; 0 where nothing varies or too little is known.
    pub error: f64,
    /// Skewness of the mean itself: sum w^3 m3 / n^2 over the third power of the standard error.
    pub skew: f64,
    /// Degrees of freedom of Welch and Satterthwaite, if anything varies.
    pub freedom: Option<f64>,
    /// What is known of (mean - truth) / error.
    pub pivot: Pivot,
}

/// How a mean, measured in its standard error, lies about the truth.
#[derive(Clone, Debug, PartialEq)]
pub enum Pivot {
    /// Student's t with so many degrees of freedom (Welch and Satterthwaite over several strata).
    Student(f64),
    /// As resampling says: the sorted values of the pivot in the resamples.
    Resampled(Vec<f64>),
    /// Every stratum is constant: nothing to make an error from, but a bound of [`rule_of_three`].
    Constant(f64),
    /// A stratum has one value only.
    Unknown,
}

impl Estimate {
    /// Estimates the weighted mean of strata; skewed ones with resamples that `seed` addresses. `None` if there is no
    /// stratum or an empty one.
    ///
    /// With weights w, sizes n and variances s^2 the mean is sum w mean, its squared error sum w^2 s^2 / n, and the degrees
    /// of freedom are (sum w^2 s^2 / n)^2 / sum ((w^2 s^2 / n)^2 / (n - 1)).
    ///
    /// Cochran, 'Sampling Techniques', 3rd ed. (1977), sections 5.3 and 5.4; Hall, 'The Bootstrap and Edgeworth Expansion'
    /// (1992), section 3.3 (bootstrap-t), and for strata Davison and Hinkley (1997), section 3.2.
    pub fn of(strata: &[Stratum<f64>], seed: u64) -> Option<Self> {
        let mut found = Self::student(strata)?;
        let enough = strata.iter().all(|stratum| stratum.values.len() >= ENOUGH);
        if matches!(found.pivot, Pivot::Student(_)) && found.skew.abs() > FAIR && enough {
            found.pivot = Pivot::Resampled(resampled(strata, found.error, seed));
        }
        Some(found)
    }

    /// The same by Student's distribution, however skewed the values are.
    pub fn student(strata: &[Stratum<f64>]) -> Option<Self> {
        if strata.is_empty() || strata.iter().any(|stratum| stratum.values.is_empty()) {
            return None;
        }
        let (mut value, mut variance, mut squares, mut third) = (0.0, 0.0, 0.0, 0.0);
        for Stratum { weight, values } in strata {
            let n = values.len() as f64;
            let mean = average(values);
            value += weight * mean;
            if n > 1.0 {
                let (second, cubes) = values.iter().fold((0.0, 0.0), |(a, b), v| {
                    let d = v - mean;
                    (a + d * d, b + d * d * d)
                });
                let part = weight * weight * second / (n - 1.0) / n;
                variance += part;
                squares += part * part / (n - 1.0);
                third += weight * weight * weight * cubes / (n * n * n);
            }
        }
        let alone = strata.iter().any(|stratum| stratum.values.len() < 2);
        let same = strata.iter().all(|stratum| is_constant(&stratum.values));
        if alone || same {
            let pivot = if alone { Pivot::Unknown } else { Pivot::Constant(rule_of_three(strata)) };
            return Some(Estimate { value, error: 0.0, skew: 0.0, freedom: None, pivot });
        }
        let (error, freedom) = (variance.sqrt(), variance * variance / squares);
        let skew = third / (variance * error);
        Some(Estimate { value, error, skew, freedom: Some(freedom), pivot: Pivot::Student(freedom) })
    }

    /// Interval that leaves out `tail` on each side. An end that resampling cannot find is infinite, and with it there is
    /// no interval.
    pub fn bounds(&self, tail: f64) -> Bounds {
        match self.pivot {
            Pivot::Constant(at_most) => Bounds::Constant { at_most },
            Pivot::Unknown => Bounds::Unknown,
            _ => match (self.low(tail), self.high(tail)) {
                (Some(low), Some(high)) => Bounds::Interval { low, high },
                _ => Bounds::Unknown,
            },
        }
    }

    /// The truth is below this with probability at most `tail`; `None` if there are too few values to say so.
    pub fn low(&self, tail: f64) -> Option<f64> {
        self.end(1.0 - tail)
    }

    /// The truth is above this with probability at most `tail`; `None` if there are too few values to say so.
    pub fn high(&self, tail: f64) -> Option<f64> {
        self.end(tail)
    }

    /// The mean less the quantile `p` of the pivot, in standard errors.
    fn end(&self, p: f64) -> Option<f64> {
        let quantile = match &self.pivot {
            Pivot::Student(freedom) => student_t_quantile(p, *freedom),
            Pivot::Resampled(sorted) => {
                // Rank (n + 1) p, as that of an order statistic (Davison and Hinkley, section 2.4).
                let rank = ((sorted.len() + 1) as f64 * p).round() as usize;
                sorted.get(rank.wrapping_sub(1)).copied().filter(|t| t.is_finite())
            }
            Pivot::Constant(_) | Pivot::Unknown => None,
        };
        quantile.map(|t| self.value - t * self.error)
    }

    /// Two-sided p-value of 'the truth is 0': twice the smaller tail of the pivot beyond what was measured. `None` where
    /// the pivot is not known.
    pub fn p_value(&self) -> Option<f64> {
        let t = self.value / self.error;
        match &self.pivot {
            Pivot::Student(freedom) => student_t_tail(t.abs(), *freedom).map(|tail| (2.0 * tail).min(1.0)),
            Pivot::Resampled(sorted) => {
                let below = sorted.partition_point(|x| *x < t);
                let not_above = sorted.partition_point(|x| *x <= t);
                // What was measured counts as one resample: no p-value is 0.
                let tail = not_above.min(sorted.len() - below);
                let p = (2.0 * (tail + 1) as f64 / (sorted.len() + 1) as f64).min(1.0);
                // Beyond all resamples only a formula goes on; it decides between many comparisons, not about one.
                let beyond = || self.freedom.and_then(|freedom| student_t_tail(t.abs(), freedom));
                Some(if tail == 0 { beyond().map_or(p, |tail| p.min(2.0 * tail)) } else { p })
            }
            Pivot::Constant(_) | Pivot::Unknown => None,
        }
    }
}

/// The sorted pivots of resamples within strata. Where a resample has almost no variation its pivot is infinite, on the side
/// on which its mean lies.
fn resampled(strata: &[Stratum<f64>], error: f64, seed: u64) -> Vec<f64> {
    let sizes: Vec<usize> = strata.iter().map(|stratum| stratum.values.len()).collect();
    // Values about their mean: sums of squares of large numbers lose their digits.
    let centred: Vec<(f64, Vec<f64>)> = strata
        .iter()
        .map(|stratum| {
            let mean = average(&stratum.values);
            (stratum.weight, stratum.values.iter().map(|value| value - mean).collect())
        })
        .collect();
    let nothing = error * error * ALMOST_NONE * ALMOST_NONE;
    let mut found = Vec::with_capacity(RESAMPLES);
    each_resample(&sizes, seed, |counts| {
        let (mut shift, mut variance, mut first) = (0.0, 0.0, 0);
        for (weight, values) in &centred {
            let n = values.len() as f64;
            let (mut sum, mut squares) = (0.0, 0.0);
            for (value, count) in values.iter().zip(&counts[first..]) {
                let times = f64::from(*count) * value;
                sum += times;
                squares += times * value;
            }
            first += values.len();
            shift += weight * sum / n;
            // Rounding must not leave a variance below 0.
            variance += weight * weight * (squares - sum * sum / n).max(0.0) / (n - 1.0) / n;
        }
        found.push(match variance > nothing {
            true => shift / variance.sqrt(),
            false if shift == 0.0 => 0.0,
            false => shift.signum() * f64::INFINITY,
        });
    });
    found.sort_unstable_by(f64::total_cmp);
    found
}

/// True if values are equal up to what subtracting rounded numbers leaves.
fn is_constant(values: &[f64]) -> bool {
    let (least, most) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    most - least <= 1e-12 * least.abs().max(most.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(values: &[f64]) -> [Stratum<f64>; 1] {
        [Stratum { weight: 1.0, values: values.to_vec() }]
    }

    #[test]
    fn even_values_are_students() {
        let found = Estimate::of(&one(&[1.0, 2.0, 3.0, 4.0, 5.0]), 1).unwrap();
        assert_eq!((found.value, found.skew, &found.pivot), (3.0, 0.0, &Pivot::Student(4.0)));
        // t = 3 / (1.5811 / sqrt 5) = 4.2426 with 4 degrees of freedom: p = 0.013236 (scipy).
        assert!((found.p_value().unwrap() - 0.013_236).abs() < 1e-5, "{:?}", found.p_value());
        let low = found.low(0.05).unwrap();
        // t(0.95, 4) = 2.131847.
        assert!((3.0 - low - 2.131_847 * 0.5_f64.sqrt()).abs() < 1e-5, "{low}");
    }

    #[test]
    fn skewed_values_are_resampled_and_lean_the_right_way() {
        // Squares of 1 to 12 and one far out: skewness about 2.9, of the mean 0.8.
        let mut values: Vec<f64> = (1..=12).map(|i| f64::from(i * i)).collect();
        values.push(1_000.0);
        let strata = one(&values);
        let (found, student) = (Estimate::of(&strata, 1).unwrap(), Estimate::student(&strata).unwrap());
        assert!(found.skew > SKEWED && matches!(found.pivot, Pivot::Resampled(_)));
        let (low, high) = found.bounds(0.025).interval().unwrap();
        let (plain_low, plain_high) = student.bounds(0.025).interval().unwrap();
        assert!(low > plain_low && high > plain_high, "{low} {high} {plain_low} {plain_high}");
        assert_eq!(Estimate::of(&strata, 1).unwrap(), found);
        // Turned over, it leans the other way.
        let turned: Vec<f64> = values.iter().map(|value| -value).collect();
        let turned = Estimate::of(&one(&turned), 1).unwrap().bounds(0.025).interval().unwrap();
        assert!((turned.0 + high).abs() < 1e-9 * high && (turned.1 + low).abs() < 1e-9 * high);
    }

    #[test]
    fn one_event_in_many_runs_bounds_nothing_from_above() {
        let mut values = vec![0.0; 99];
        values.push(5.0);
        let found = Estimate::of(&one(&values), 1).unwrap();
        // A resample without the event (37 % of them) says that the truth may be as far above as one likes.
        assert_eq!((found.high(0.025), found.bounds(0.025)), (None, Bounds::Unknown));
    }

    #[test]
    fn the_skewness_of_a_weighted_mean() {
        // One stratum: skewness over the root of n. Values 0, 0, 0, 1: m3 = 0.09375, s^2 = 0.25.
        let found = Estimate::student(&one(&[0.0, 0.0, 0.0, 1.0])).unwrap();
        assert!((found.skew - 0.093_75 / 0.125 / 2.0).abs() < 1e-12, "{}", found.skew);
        // A stratum without weight changes nothing.
        let mut strata = one(&[0.0, 0.0, 0.0, 1.0]).to_vec();
        strata.push(Stratum { weight: 0.0, values: vec![1.0, 2.0, 50.0] });
        assert!((Estimate::student(&strata).unwrap().skew - found.skew).abs() < 1e-12);
    }

    #[test]
    fn nothing_varied_or_one_run() {
        let found = Estimate::of(&one(&[7.0; 60]), 1).unwrap();
        assert_eq!((found.pivot.clone(), found.p_value()), (Pivot::Constant(0.05), None));
        assert_eq!(found.bounds(0.025), Bounds::Constant { at_most: 0.05 });
        assert_eq!(Estimate::of(&one(&[7.0]), 1).unwrap().pivot, Pivot::Unknown);
        assert_eq!(Estimate::of(&one(&[]), 1), None);
    }
}
