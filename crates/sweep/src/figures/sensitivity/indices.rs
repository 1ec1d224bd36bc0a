//! Shares of the axes in the variance of E[metric | settings], freed of what luck adds to it.
//!
//! First-order shares after Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola, Computer Physics Communications 181
//! (2010) 259-270 (table 2, b), total shares after Jansen, Computer Physics Communications 117 (1999) 35-43. Both are made
//! for models without noise. Here each point is the mean of a few runs with luck of its own, so the variance of that mean is
//! known from within the point and taken off where it does not cancel.

use super::{Numbers, Silence};
use crate::design::rows::width;
use crate::figures::bootstrap::{ENDS, each_resample};
use crate::figures::mean::{average, sample_variance};
use crate::figures::sample::Stratum;

/// Fewer whole rows say nothing.
const FEWEST_ROWS: usize = 8;

/// A share of a variance, from 0 to 1, with its 95 % interval. What an estimate has outside is cut off: no share is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The share.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    /// True if the interval holds 0: it may be that there is nothing.
    pub fn may_be_nothing(&self) -> bool {
        self.low <= 0.0
    }
}

/// The shares of one axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Of {
    /// What the axis does alone: by how much the variance would fall if it were known.
    pub first: Share,
    /// What it does alone and together with others: what would be left if all others were known.
    pub total: Share,
}

/// What the variance of a column is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// By axis.
    pub axes: Vec<Of>,
    /// The share of luck in the variance of a single run.
    pub luck: Share,
    /// Variance of E[metric | settings].
    pub between: f64,
    /// Variance of a single run at given settings, on average over the settings.
    pub within: f64,
    /// Rows that count.
    pub rows: usize,
    /// Rows that do not: a run is missing or undefined.
    pub left_out: usize,
    /// True if 'never' counts as the limit of the column.
    pub restricted: bool,
}

/// A point: its mean, the variance of that mean, and the variance of a single run.
#[derive(Clone, Copy)]
struct Evaluation {
    mean: f64,
    noise: f64,
    run: f64,
}

impl Evaluation {
    /// With weights w, runs n, means m and variances s^2 of the members the mean is sum w m, its variance
    /// sum w^2 s^2 / n. A single run is of a release drawn by the weights, so its variance is sum w s^2 plus that of the m
    /// around the mean, less what luck adds to the latter: sum w (1 - w) s^2 / n. `None` if a member has fewer than two
    /// runs.
    fn of(strata: &[Stratum<(u32, f64)>]) -> Option<Self> {
        let parts: Vec<(f64, f64, f64, f64)> = strata
            .iter()
            .map(|stratum| {
                let values: Vec<f64> = stratum.values.iter().map(|(_, value)| *value).collect();
                let n = values.len() as f64;
                (n >= 2.0).then(|| (stratum.weight, n, average(&values), sample_variance(&values)))
            })
            .collect::<Option<_>>()?;
        let mean: f64 = parts.iter().map(|(w, _, m, _)| w * m).sum();
        let noise = parts.iter().map(|(w, n, _, s2)| w * w * s2 / n).sum();
        let run = parts
            .iter()
            .map(|(w, n, m, s2)| w * s2 + w * (m - mean) * (m - mean) - w * (1.0 - w) * s2 / n)
            .sum();
        Some(Evaluation { mean, noise, run })
    }
}

/// What sums over rows are made of; of each axis three of them follow.
mod part {
    /// A + B.
    pub(super) const SUM: usize = 0;
    /// A^2 + B^2.
    pub(super) const SQUARES: usize = 1;
    /// Variances of the means A and B, added.
    pub(super) const NOISE: usize = 2;
    /// The variance of a single run, on average over the row.
    pub(super) const RUN: usize = 3;
    /// Of an axis: B (AB - A), AB - A, and (A - AB)^2 / 2 less its noise.
    pub(super) const AXES: usize = 4;
}

/// The parts of a row, values counted from `centre`.
fn parts(row: &[Evaluation], centre: f64) -> Vec<f64> {
    let [a, b] = [row[0].mean - centre, row[1].mean - centre];
    let run = row.iter().map(|point| point.run).sum::<f64>() / row.len() as f64;
    let mut parts = vec![a + b, a * a + b * b, row[0].noise + row[1].noise, run];
    for mixed in &row[2..] {
        let step = mixed.mean - centre - a;
        parts.extend([b * step, step, (step * step - row[0].noise - mixed.noise) / 2.0]);
    }
    parts
}

/// Estimates from sums of parts over so many rows.
struct Estimate {
    between: f64,
    within: f64,
    /// By axis: first-order and total part of the variance.
    axes: Vec<(f64, f64)>,
}

impl Estimate {
    fn of(sums: &[f64], rows: f64) -> Self {
        let n = 2.0 * rows;
        let mean = sums[part::SUM] / n;
        // The unbiased variance of the 2 N means, less the mean variance that luck gives them.
        let between = (sums[part::SQUARES] - n * mean * mean) / (n - 1.0) - sums[part::NOISE] / n;
        let axis = |sums: &[f64]| ((sums[0] - mean * sums[1]) / rows, sums[2] / rows);
        let axes = sums[part::AXES..].chunks(3).map(axis).collect();
        Estimate { between, within: sums[part::RUN] / rows, axes }
    }

    /// Everything as shares: of each axis two, then luck.
    fn shares(&self) -> Vec<f64> {
        let of_axes = self.axes.iter().flat_map(|(first, total)| [first, total]);
        let of_axes = of_axes.map(|part| part / self.between);
        of_axes.chain([self.within / (self.between + self.within)]).collect()
    }
}

/// The shares of so many axes, from points that come row by row as `design::rows` has them.
///
/// Intervals are percentile intervals of 1 000 resamples of rows, each with all of its points; since the rows fill the cube
/// more evenly than drawn ones would, they are rather too wide than too narrow.
pub(super) fn shares(numbers: &Numbers, axes: usize, seed: u64) -> Result<Shares, Silence> {
    let points: Vec<Option<Evaluation>> =
        numbers.points.iter().map(|strata| Evaluation::of(strata.as_ref()?)).collect();
    let whole = |row: &[Option<Evaluation>]| row.iter().copied().collect::<Option<Vec<_>>>();
    let rows: Vec<Vec<Evaluation>> = points.chunks(width(axes)).filter_map(whole).collect();
    let left_out = points.len() / width(axes) - rows.len();
    if rows.len() < FEWEST_ROWS {
        return Err(Silence::TooFew);
    }
    let every = || rows.iter().flatten();
    let centre = every().map(|point| point.mean).sum::<f64>() / every().count() as f64;
    let hair = 1e-12 * centre.abs();
    if every().all(|point| (point.mean - centre).abs() <= hair && point.noise <= hair * hair) {
        return Err(Silence::Constant);
    }
    let parts: Vec<Vec<f64>> = rows.iter().map(|row| parts(row, centre)).collect();
    let estimate = |times: &dyn Fn(usize) -> f64| {
        let mut sums = vec![0.0; parts[0].len()];
        for (row, parts) in parts.iter().enumerate() {
            let times = times(row);
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += times * part);
        }
        Estimate::of(&sums, parts.len() as f64)
    };
    let found = estimate(&|_| 1.0);
    let mut resampled = Vec::new();
    each_resample(&[parts.len()], seed, |counts| resampled.push(estimate(&|row| f64::from(counts[row]))));
    // Shares of a variance that may be none at all are no shares.
    let mut between: Vec<f64> = resampled.iter().map(|one| one.between).collect();
    between.sort_unstable_by(f64::total_cmp);
    if found.between <= 0.0 || between[ENDS.0] <= 0.0 {
        return Err(Silence::Luck);
    }
    let all: Vec<Vec<f64>> = resampled.iter().filter(|one| one.between > 0.0).map(Estimate::shares).collect();
    let share = |which: usize, value: f64| {
        let mut ends: Vec<f64> = all.iter().map(|shares| shares[which]).collect();
        // Where a resample leaves no variance, the share may be anything: it counts on both sides.
        let lost = resampled.len() - all.len();
        ends.extend(std::iter::repeat_n(f64::INFINITY, lost));
        ends.sort_unstable_by(f64::total_cmp);
        let low = ends[ENDS.0.saturating_sub(lost)];
        // An interval wholly below 0 leaves out what can be: the share may be as far above 0 as the interval reaches below.
        let high = if ends[ENDS.1] <= 0.0 { -low } else { ends[ENDS.1] };
        Share { value: value.clamp(0.0, 1.0), low: low.clamp(0.0, 1.0), high: high.clamp(0.0, 1.0) }
    };
    let values = found.shares();
    let of = |axis: usize| Of {
        first: share(2 * axis, values[2 * axis]),
        total: share(2 * axis + 1, values[2 * axis + 1]),
    };
    Ok(Shares {
        axes: (0..axes).map(of).collect(),
        luck: share(2 * axes, values[2 * axes]),
        between: found.between,
        within: found.within,
        rows: rows.len(),
        left_out,
        restricted: numbers.restricted,
    })
}
