//! Quantile functions of the distributions that a scenario can name.
//!
//! Evaluated when a plan is compiled and in the extreme tails only; through `libm`, which uses nothing but
//! correctly rounded basic operations, so that the same bytes come out on every machine.

/// A family with its parameters, in the unit of the quantity (seconds, bits per second).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Family {
    /// Exponential with this mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Log-normal: `ln x` is normal with mean `ln median` and standard deviation `sigma`.
    Lognormal {
        /// Median.
        median: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Weibull: survival `exp(-(x/scale)^shape)`.
    Weibull {
        /// Shape.
        shape: f64,
        /// Scale (the 63.2 % quantile).
        scale: f64,
    },
    /// Gamma with this shape and mean (scale = mean / shape).
    Gamma {
        /// Shape.
        shape: f64,
        /// Mean.
        mean: f64,
    },
    /// Normal, cut off at zero (values below count as zero).
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Standard deviation before the cut.
        sd: f64,
    },
    /// Triangular on low..high with its peak at mode.
    Triangular {
        /// Lower end.
        low: f64,
        /// Peak.
        mode: f64,
        /// Upper end.
        high: f64,
    },
    /// Time from a random instant to the next event of a renewal process whose intervals are uniform on
    /// `low..high`: density (survival of the interval) / (mean interval).
    Residual {
        /// Shortest interval.
        low: f64,
        /// Longest interval.
        high: f64,
    },
}

impl Family {
    /// The value below which a share `p` lies; `q` is `1 - p`, given apart so that neither tail loses digits.
    /// Both lie strictly between 0 and 1.
    pub fn quantile(&self, p: f64, q: f64) -> f64 {
        match *self {
            Family::Exponential { mean } => -mean * ln_survival(p, q),
            Family::Lognormal { median, sigma } => median * libm::exp(sigma * normal(p, q)),
            Family::Weibull { shape, scale } => scale * libm::pow(-ln_survival(p, q), 1.0 / shape),
            Family::Gamma { shape, mean } => mean / shape * gamma(shape, p, q),
            Family::Normal { mean, sd } => (mean + sd * normal(p, q)).max(0.0),
            Family::Triangular { low, mode, high } => {
                let (width, left) = (high - low, mode - low);
                if p * width < left {
                    low + libm::sqrt(p * width * left)
                } else {
                    high - libm::sqrt(q * width * (high - mode))
                }
            }
            Family::Residual { low, high } => {
                let (mean, width) = (0.5 * (low + high), high - low);
                if p * mean <= low { p * mean } else { high - libm::sqrt(2.0 * width * mean * q) }
            }
        }
    }
}

/// ln(1 - p), exact in both tails.
fn ln_survival(p: f64, q: f64) -> f64 {
    if p < 0.5 { libm::log1p(-p) } else { libm::log(q) }
}

/// Standard normal quantile: algorithm AS 241 (PPND16) of Wichura, Applied Statistics 37 (1988) 477-484,
/// relative accuracy about 1e-16.
fn normal(p: f64, q: f64) -> f64 {
    fn ratio(x: f64, num: [f64; 8], den: [f64; 7]) -> f64 {
        let top = num.iter().rev().fold(0.0, |sum, c| sum * x + c);
        let bottom = den.iter().rev().fold(0.0, |sum, c| (sum + c) * x);
        top / (bottom + 1.0)
    }
    let centred = if p < 0.5 { p - 0.5 } else { 0.5 - q };
    if centred.abs() <= 0.425 {
        let num = [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ];
        let den = [
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_545,
        ];
        return centred * ratio(0.180_625 - centred * centred, num, den);
    }
    let r = libm::sqrt(-libm::log(p.min(q)));
    let size = if r <= 5.0 {
        let num = [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ];
        let den = [
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ];
        ratio(r - 1.6, num, den)
    } else {
        let num = [
            6.657_904_643_501_103,
            5.463_784_911_164_114,
            1.784_826_539_917_291_3,
            0.296_560_571_828_504_87,
            0.026_532_189_526_576_124,
            0.001_242_660_947_388_078_4,
            2.711_555_568_743_487_6e-5,
            2.010_334_399_292_288_1e-7,
        ];
        let den = [
            0.599_832_206_555_888,
            0.136_929_880_922_735_8,
            0.014_875_361_290_850_615,
            7.868_691_311_456_133e-4,
            1.846_318_317_510_054_8e-5,
            1.421_511_758_316_446e-7,
            2.044_263_103_389_939_8e-15,
        ];
        ratio(r - 5.0, num, den)
    };
    if p < q { -size } else { size }
}

/// Quantile of the beta distribution with parameters `a`, `b` > 0, by bisection on the regularised incomplete beta
/// function.
pub fn beta(a: f64, b: f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // Halving down to the smallest positive number: shares of nearly nothing exist when a is small.
    for _ in 0..1_100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if incomplete_beta(a, b, middle) < p { low = middle } else { high = middle }
    }
    high
}

/// Regularised incomplete beta function I_x(a, b): the continued fraction (modified Lentz) on the side on which it
/// converges fast (Numerical Recipes, section 6.4, describes it).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x),
    );
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let tiny = 1e-300;
    let away = |v: f64| if v.abs() < tiny { tiny } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for i in 1..10_000 {
        let m = f64::from(i);
        for step in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / away(1.0 + step * d);
            c = away(1.0 + step / c);
            h *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    h
}

/// Quantile of the gamma distribution with scale 1, by bisection on the regularised incomplete gamma
/// function (the tail that keeps its digits is the one compared).
fn gamma(shape: f64, p: f64, q: f64) -> f64 {
    let below = |x: f64| {
        let (lower, upper) = incomplete_gamma(shape, x);
        if p < q { lower < p } else { upper > q }
    };
    let mut high = shape.max(1.0);
    while below(high) {
        high *= 2.0;
    }
    let mut low = 0.0;
    // 200 halvings end at neighbouring floating-point numbers, also for shapes far below 1.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Regularised lower and upper incomplete gamma functions P(a, x), Q(a, x): the series for x < a + 1, the
/// continued fraction (modified Lentz) beyond (Numerical Recipes, section 6.2, describes both).
fn incomplete_gamma(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        let lower = (front * sum).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let tiny = 1e-300;
        let mut b = x + 1.0 - a;
        let mut c = 1.0 / tiny;
        let mut d = 1.0 / b;
        let mut h = d;
        for i in 1..10_000 {
            let an = -f64::from(i) * (f64::from(i) - a);
            b += 2.0;
            d = an * d + b;
            d = 1.0 / if d.abs() < tiny { tiny } else { d };
            c = b + an / c;
            c = if c.abs() < tiny { tiny } else { c };
            h *= d * c;
            if (d * c - 1.0).abs() < 1e-16 {
                break;
            }
        }
        let upper = (front * h).min(1.0);
        (1.0 - upper, upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Beta, ContinuousCDF, Exp, Gamma, LogNormal, Normal, Triangular, Weibull};

    /// Our quantile put through an independent library's distribution function gives the probability back.
    #[test]
    fn quantiles_invert_an_independent_distribution_function() {
        let ps = [1e-12, 1e-6, 0.001, 0.03, 0.075, 0.2, 0.5, 0.9, 0.925, 0.99, 0.999_99, 1.0 - 1e-9];
        let check = |family: Family, cdf: &dyn Fn(f64) -> f64, sf: &dyn Fn(f64) -> f64| {
            for p in ps {
                let x = family.quantile(p, 1.0 - p);
                let (found, wanted) = if p < 0.5 { (cdf(x), p) } else { (sf(x), 1.0 - p) };
                assert!((found - wanted).abs() < 1e-6 * wanted + 1e-15, "{family:?} p={p} x={x} {found}");
            }
        };
        let d = Exp::new(0.1).unwrap();
        check(Family::Exponential { mean: 10.0 }, &|x| d.cdf(x), &|x| d.sf(x));
        let d = LogNormal::new(3.0_f64.ln(), 0.8).unwrap();
        check(Family::Lognormal { median: 3.0, sigma: 0.8 }, &|x| d.cdf(x), &|x| d.sf(x));
        let d = Weibull::new(0.7, 5.0).unwrap();
        check(Family::Weibull { shape: 0.7, scale: 5.0 }, &|x| d.cdf(x), &|x| d.sf(x));
        for shape in [0.4, 1.0, 3.5, 80.0] {
            let d = Gamma::new(shape, shape / 6.0).unwrap();
            check(Family::Gamma { shape, mean: 6.0 }, &|x| d.cdf(x), &|x| d.sf(x));
        }
        let d = Normal::new(100.0, 5.0).unwrap();
        check(Family::Normal { mean: 100.0, sd: 5.0 }, &|x| d.cdf(x), &|x| d.sf(x));
        let d = Triangular::new(1.0, 9.0, 4.0).unwrap();
        let t = Family::Triangular { low: 1.0, mode: 4.0, high: 9.0 };
        for p in [0.001, 0.2, 0.5, 0.9, 0.999] {
            assert!((d.cdf(t.quantile(p, 1.0 - p)) - p).abs() < 1e-12);
        }
    }

    #[test]
    fn beta_quantiles_invert_an_independent_distribution_function() {
        for (a, b) in [(0.5, 200.0), (0.02, 0.98), (2.0, 3.0), (40.0, 1.5)] {
            let d = Beta::new(a, b).unwrap();
            for p in [0.001, 0.1, 0.5, 0.9, 0.999] {
                let x = beta(a, b, p);
                assert!(x < 1e-12 || (d.cdf(x) - p).abs() < 1e-9, "{a} {b} {p}: {x} {}", d.cdf(x));
            }
        }
    }

    /// The residual's distribution function, integrated by hand: x/m up to `low`, then the quadratic piece.
    #[test]
    fn residual_of_a_uniform_renewal() {
        let (low, high) = (17.6, 22.0);
        let mean = 0.5 * (low + high);
        let f = Family::Residual { low, high };
        for p in [0.01, 0.5, 0.88, 0.9, 0.97, 0.999] {
            let x = f.quantile(p, 1.0 - p);
            let cdf = if x <= low {
                x / mean
            } else {
                low / mean + ((high - low).powi(2) - (high - x).powi(2)) / (2.0 * (high - low) * mean)
            };
            assert!((cdf - p).abs() < 1e-12, "{p} {x} {cdf}");
        }
    }
}
