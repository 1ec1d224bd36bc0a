//! Statistics over replications: plain, named procedures.
//!
//! Everything here speaks of luck only: the same assumptions, played again.

use statrs::distribution::{Beta, ContinuousCDF, Normal, StudentsT};

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

/// P(T > t) for Student's t with `freedom` degrees of freedom, whole or not; `None` without degrees of freedom.
pub fn student_t_tail(t: f64, freedom: f64) -> Option<f64> {
    if freedom.is_nan() || freedom <= 0.0 || t.is_nan() {
        return None;
    }
    // As for quantiles, the library is not asked about what is nearly normal: Abramowitz and Stegun 26.7.8.
    if freedom > 10_000.0 {
        let scale = libm::sqrt(1.0 + t * t / (2.0 * freedom));
        return Some(Normal::standard().sf(t * (1.0 - 1.0 / (4.0 * freedom)) / scale));
    }
    StudentsT::new(0.0, 1.0, freedom).ok().map(|of| of.sf(t))
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

/// Clopper and Pearson's exact interval for a proportion: the truth is below its first end, and above its second, with
/// probability at most `tail` each (Biometrika 26 (1934) 404-413). Ends are quantiles of the beta distribution.
pub fn clopper_pearson(hits: u32, of: u32, tail: f64) -> (f64, f64) {
    let (hits, misses) = (f64::from(hits.min(of)), f64::from(of.saturating_sub(hits)));
    let quantile = |p: f64, a: f64, b: f64| Beta::new(a, b).ok().map(|beta| beta.inverse_cdf(p));
    // Without hits there is no lower end, without misses no upper one: then a parameter is 0, and that is no
    // distribution. The other end has a closed form, which keeps its digits.
    let low = match (hits, misses) {
        (0.0, _) => None,
        (_, 0.0) => Some(libm::pow(tail, 1.0 / hits)),
        _ => quantile(tail, hits, misses + 1.0),
    };
    let high = match (hits, misses) {
        (_, 0.0) => None,
        (0.0, _) => Some(1.0 - libm::pow(tail, 1.0 / misses)),
        _ => quantile(1.0 - tail, hits + 1.0, misses),
    };
    (low.unwrap_or(0.0), high.unwrap_or(1.0))
}

/// What a probability is at most, with 95 % certainty, if it came true in none of `of` runs: three divided by them (Hanley
/// and Lippman-Hand, JAMA 249 (1983) 1743-1745).
pub fn rule_of_three(of: u32) -> f64 {
    (3.0 / f64::from(of)).min(1.0)
}

/// McNemar's exact test: the probability that luck alone divides pairs that differ as unevenly as this, or more, if each
/// is as likely to differ one way as the other (McNemar, Psychometrika 12 (1947) 153-157; a sign test of the pairs that
/// differ).
pub fn mcnemar(one_way: u32, other_way: u32) -> f64 {
    let pairs = one_way + other_way;
    (2.0 * binomial_upper_tail(one_way.max(other_way), pairs, 0.5)).min(1.0)
}

/// Holm's adjustment: with it, the probability that any of several tests rejects wrongly stays below the level at which
/// each adjusted value is read (Scandinavian Journal of Statistics 6 (1979) 65-70). In the order of `values`.
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut adjusted = vec![0.0; values.len()];
    let mut least = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        least = least.max(((values.len() - rank) as f64 * values[at]).min(1.0));
        adjusted[at] = least;
    }
    adjusted
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
    fn tails_of_students_t() {
        // scipy: t.sf(2, 5) = 0.050970; norm.sf(1.96) = 0.024998.
        assert!((student_t_tail(2.0, 5.0).unwrap() - 0.050_970).abs() < 1e-6);
        assert!((student_t_tail(1.96, 1e9).unwrap() - 0.024_998).abs() < 1e-6);
        assert!(
            (student_t_tail(1.96, 9_999.0).unwrap() - student_t_tail(1.96, 10_001.0).unwrap()).abs() < 1e-7
        );
        assert_eq!((student_t_tail(2.0, 0.0), student_t_tail(f64::NAN, 5.0)), (None, None));
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
    fn exact_intervals_against_published_values() {
        // Figures of scipy.stats.beta.ppf; 0 and all of 10 in closed form, 1 - 0.025^(1/10).
        for (hits, of, low, high) in [
            (0, 10, 0.0, 0.308_497),
            (5, 10, 0.187_086, 0.812_914),
            (9, 10, 0.554_984, 0.997_471),
            (10, 10, 0.691_503, 1.0),
            (1, 100, 0.000_253, 0.054_459),
        ] {
            let found = clopper_pearson(hits, of, 0.025);
            assert!(
                (found.0 - low).abs() < 1e-5 && (found.1 - high).abs() < 1e-5,
                "{hits} of {of}: {found:?}"
            );
        }
        assert_eq!(clopper_pearson(0, 0, 0.025), (0.0, 1.0));
        // Both ends are where the binomial tail is the one that was asked for.
        for (hits, of) in [(3, 40), (37, 40), (200, 400), (1, 1_000)] {
            let (low, high) = clopper_pearson(hits, of, 0.05);
            assert!((binomial_upper_tail(hits, of, low) - 0.05).abs() < 1e-8, "{hits} of {of}");
            assert!((1.0 - binomial_upper_tail(hits + 1, of, high) - 0.05).abs() < 1e-8, "{hits} of {of}");
        }
        // The rule of three is never below the exact bound that it stands for.
        for of in [1, 3, 10, 30, 100, 1_000] {
            assert!(clopper_pearson(0, of, 0.05).1 <= rule_of_three(of));
        }
    }

    #[test]
    fn exact_tests_and_their_adjustment() {
        // 2 (1 + 6) / 2^6 and 2 / 2^6.
        assert!((mcnemar(1, 5) - 14.0 / 64.0).abs() < 1e-12);
        assert!((mcnemar(6, 0) - 2.0 / 64.0).abs() < 1e-12);
        assert_eq!([mcnemar(0, 0), mcnemar(4, 4)], [1.0, 1.0]);
        // The example of R's p.adjust: the least counts three times, the next twice, and none is below one before it.
        let adjusted = holm(&[0.03, 0.01, 0.04]);
        for (found, expected) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[]), [0.0; 0]);
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
