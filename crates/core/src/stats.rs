//! Statistics over replications: plain, named procedures.
//!
//! Everything here speaks of luck only: the same assumptions, played again.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// What replications say of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Replications.
    pub runs: u32,
    /// Replications in which the value exists (for times: the share was reached).
    pub reached: u32,
    /// Wilson 95 % interval of the probability of being reached.
    pub reached_interval: (f64, f64),
    /// 5 %, 50 % and 95 % of the runs lie below these values, 'never' counting as later than anything.
    pub p5: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// The 95 % quantile.
    pub p95: Option<f64>,
    /// Mean over all runs; `None` if one of them has no value.
    pub mean: Option<f64>,
    /// 95 % interval of the mean (Student's t); `None` below two runs or if the mean is.
    pub mean_interval: Option<(f64, f64)>,
    /// Restricted mean: 'never' counts as `limit` (for times, the end of the watch).
    pub restricted_mean: Option<f64>,
}

impl Summary {
    /// Summarises `values` in replication order; `limit` stands for 'never' in the restricted mean.
    pub fn of(values: &[Option<f64>], limit: Option<f64>) -> Self {
        let runs = values.len() as u32;
        let mut found: Vec<f64> = values.iter().copied().flatten().collect();
        found.sort_by(f64::total_cmp);
        let reached = found.len() as u32;
        let quantile = |share: f64| -> Option<f64> {
            // The smallest value with at least this share of the runs at or below it.
            let rank = (libm::ceil(share * f64::from(runs) - 1e-9) as usize).max(1);
            found.get(rank - 1).copied()
        };
        let complete = reached == runs && runs > 0;
        let (mean, mean_interval) = if complete { mean_and_interval(&found) } else { (None, None) };
        let restricted: Option<Vec<f64>> =
            values.iter().map(|v| v.or(limit).map(|v| limit.map_or(v, |l| v.min(l)))).collect();
        Self {
            runs,
            reached,
            reached_interval: wilson(reached, runs),
            p5: quantile(0.05),
            p50: quantile(0.5),
            p95: quantile(0.95),
            mean,
            mean_interval,
            restricted_mean: restricted.filter(|r| !r.is_empty()).map(|r| sum(&r) / r.len() as f64),
        }
    }
}

fn sum(values: &[f64]) -> f64 {
    values.iter().sum()
}

/// Mean and Student's 95 % interval of independent values.
fn mean_and_interval(values: &[f64]) -> (Option<f64>, Option<(f64, f64)>) {
    let n = values.len() as f64;
    let mean = sum(values) / n;
    let interval = student_t_quantile(0.975, n - 1.0).map(|t| {
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
        let half = t * libm::sqrt(variance / n);
        (mean - half, mean + half)
    });
    (Some(mean), interval)
}

/// The value that a Student's t with `freedom` degrees of freedom, whole or not, stays below with probability `p` in
/// 0..=1; `None` without degrees of freedom.
pub fn student_t_quantile(p: f64, freedom: f64) -> Option<f64> {
    if freedom <= 10_000.0 {
        return StudentsT::new(0.0, 1.0, freedom).ok().map(|t| t.inverse_cdf(p));
    }
    // The library loses its digits here (1.827 for 1.960 at 10^7). The expansion around the normal quantile (Abramowitz
    // and Stegun 26.7.5) has twelve.
    let z = Normal::standard().inverse_cdf(p);
    let (z3, z5) = (z * z * z, z * z * z * z * z);
    let second = (5.0 * z5 + 16.0 * z3 + 3.0 * z) / 96.0;
    (!freedom.is_nan()).then(|| z + (z3 + z) / (4.0 * freedom) + second / (freedom * freedom))
}

/// Ranks (1 is the least) of the order statistics of `of` independent values between which the quantile of `share`
/// lies: it is below the first, and above the second, with probability at most `tail` each, whatever the distribution.
/// `None` on a side where even the extreme value promises too little.
///
/// With B binomial (`of`, `share`), the quantile is below the value of rank l only if B < l, and above the value of
/// rank u only if B >= u (David and Nagaraja, 'Order Statistics', 3rd ed. 2003, section 7.1).
pub fn order_statistics(of: u32, share: f64, tail: f64) -> (Option<u32>, Option<u32>) {
    if of == 0 || share <= 0.0 || share >= 1.0 {
        return (None, None);
    }
    let n = f64::from(of);
    let term = |k: u32| libm::exp(log_binomial(of, k, share));
    // Farther out than this the terms add up to less than 1e-15.
    let far = 10.0 * libm::sqrt(n * share * (1.0 - share)) + 10.0;
    let mut below = 0.0;
    let mut low = (n * share - far).max(0.0) as u32;
    while low <= of && below + term(low) <= tail {
        below += term(low);
        low += 1;
    }
    let mut above = 0.0;
    let mut high = (n * share + far).min(n) as u32;
    while above + term(high) <= tail {
        above += term(high);
        match high.checked_sub(1) {
            Some(next) => high = next,
            None => break,
        }
    }
    // Now P(B < low) and P(B > high) are at most `tail`.
    (Some(low).filter(|low| *low > 0), Some(high + 1).filter(|rank| *rank <= of))
}

/// Wilson's 95 % score interval for a proportion.
pub fn wilson(hits: u32, of: u32) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, p, z) = (f64::from(of), f64::from(hits) / f64::from(of), 1.959_963_984_540_054_f64);
    let middle = p + z * z / (2.0 * n);
    let half = z * libm::sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n));
    let scale = 1.0 + z * z / n;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// P(X >= hits) for a binomial X of `of` trials with probability `p`, summed term by term.
pub fn binomial_upper_tail(hits: u32, of: u32, p: f64) -> f64 {
    if hits == 0 || p >= 1.0 {
        return 1.0;
    }
    if p <= 0.0 {
        return 0.0;
    }
    (hits..=of).map(|k| libm::exp(log_binomial(of, k, p))).sum::<f64>().min(1.0)
}

/// Logarithm of the probability of `hits` of `of` trials that each succeed with probability `p`, strictly between 0
/// and 1.
fn log_binomial(of: u32, hits: u32, p: f64) -> f64 {
    let (n, k) = (f64::from(of), f64::from(hits));
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
        + k * libm::log(p)
        + (n - k) * libm::log1p(-p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_counts_as_latest_and_voids_the_mean() {
        let s = Summary::of(&[Some(10.0), None, Some(20.0), Some(30.0)], Some(40.0));
        assert_eq!((s.reached, s.p5, s.p50, s.p95), (3, Some(10.0), Some(20.0), None));
        assert_eq!(s.mean, None);
        assert_eq!(s.restricted_mean, Some(25.0));
    }

    #[test]
    fn student_interval_of_a_known_sample() {
        // Mean 3, standard deviation 1.5811, t(0.975, 4) = 2.7764: half width 1.9632.
        let s = Summary::of(&[1.0, 2.0, 3.0, 4.0, 5.0].map(Some), None);
        let (low, high) = s.mean_interval.unwrap();
        assert!((low - 1.0368).abs() < 1e-4 && (high - 4.9632).abs() < 1e-4);
    }

    #[test]
    fn wilson_and_binomial_against_published_values() {
        // Wilson for 9 of 10: (0.5958, 0.9821), Brown, Cai and DasGupta (2001) style figures.
        let (low, high) = wilson(9, 10);
        assert!((low - 0.5958).abs() < 1e-3 && (high - 0.9821).abs() < 1e-3);
        assert!((binomial_upper_tail(8, 10, 0.5) - 56.0 / 1024.0).abs() < 1e-12);
        assert!((binomial_upper_tail(20, 20, 0.9) - 0.9_f64.powi(20)).abs() < 1e-12);
    }

    #[test]
    fn student_quantiles_with_broken_degrees_of_freedom() {
        // Figures of scipy.stats.t.ppf(0.975, df).
        for (freedom, expected) in [
            (1.0, 12.706_204_736),
            (2.5, 3.574_654_842),
            (4.0, 2.776_445_105),
            (29.7, 2.043_137_856),
            (1e4, 1.960_201_240),
            (10_001.0, 1.960_201_216),
            (1e6, 1.959_966_357),
            (1e7, 1.959_964_222),
        ] {
            let found = student_t_quantile(0.975, freedom).unwrap();
            assert!((found - expected).abs() < 2e-9, "{freedom}: {found}");
        }
        assert_eq!((student_t_quantile(0.975, 0.0), student_t_quantile(0.975, f64::NAN)), (None, None));
    }

    #[test]
    fn ranks_around_a_quantile() {
        // Figures of scipy.stats.binom.
        for (of, share, expected) in [
            (20, 0.5, (Some(6), Some(15))),
            (1_000, 0.5, (Some(469), Some(532))),
            (100, 0.95, (Some(90), Some(100))),
            (1_000, 0.95, (Some(936), Some(964))),
        ] {
            assert_eq!(order_statistics(of, share, 0.025), expected, "{of}, {share}");
        }
        // 0.5^6 and 0.95^72 are the first powers of at most 2.5 %.
        assert_eq!(order_statistics(5, 0.5, 0.025), (None, None));
        assert_eq!(order_statistics(6, 0.5, 0.025), (Some(1), Some(6)));
        assert_eq!(order_statistics(71, 0.95, 0.025).1, None);
        assert_eq!(order_statistics(72, 0.95, 0.025), (Some(64), Some(72)));
        assert_eq!(order_statistics(0, 0.5, 0.025), (None, None));
    }
}
