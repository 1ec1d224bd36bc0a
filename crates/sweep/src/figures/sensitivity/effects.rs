//! Main effects: what an axis does to the mean of a column, the other axes averaged over.

use std::collections::BTreeMap;

use rollcast_core::stats::student_t_quantile;

use super::{Numbers, Silence, own_value, roughly, written};
use crate::figures::TAIL;
use crate::figures::mean::{average, sample_variance};
use crate::figures::sample::Stratum;
use crate::layout::{Axis, Layout, Value};

/// The most levels that a continuous axis is cut into.
pub const GROUPS: usize = 5;

/// What an axis does.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Its levels: numbers in rising order, texts in that of the plan.
    pub levels: Vec<Level>,
    /// The level with the least mean.
    pub least: usize,
    /// The level with the largest mean.
    pub most: usize,
    /// How far the two are apart.
    pub size: f64,
    /// The 95 % interval of that, over luck (in a cube, over what the other axes happen to have as well); `None` with too few
    /// runs or points, or where all runs gave the same.
    pub interval: Option<(f64, f64)>,
    /// How often the two were compared: replications, or draws of the uncertain settings.
    pub runs: usize,
    /// True if the two were equally far apart in all runs, of which there were several.
    pub constant: bool,
    /// Points that no other level has a counterpart of, so that they are left out.
    pub left_out: usize,
}

/// A value of an axis, or a group of neighbours.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// In the words of a file.
    pub text: String,
    /// How many points it is the mean of.
    pub points: usize,
    /// The mean.
    pub mean: f64,
}

impl Effect {
    /// True if it may be that there is none.
    pub fn may_be_nothing(&self) -> bool {
        match self.interval {
            Some((low, _)) => low <= 0.0,
            None => self.size == 0.0 || !self.constant,
        }
    }
}

/// The runs of a point: replication, and the mean over the members by their weights. Members have equal luck in equal
/// replications, so they are joined before anything is said about luck.
type Series = Vec<(u32, f64)>;

/// Main effects of all axes. `cube` says that points fill a cube and have no counterparts.
pub(super) fn effects(
    layout: &Layout,
    points: &[usize],
    numbers: &Numbers,
    cube: bool,
) -> Vec<Result<Effect, Silence>> {
    let runs: Vec<Option<Series>> =
        numbers.points.iter().map(|strata| Some(joined(strata.as_ref()?))).collect();
    let values = |axis: usize| -> Vec<Option<Value>> {
        points.iter().map(|&point| own_value(layout, point, axis)).collect()
    };
    let levels: Vec<Levels> =
        layout.axes.iter().enumerate().map(|(at, axis)| Levels::of(axis, &values(at), cube)).collect();
    let how = How { cube, together: numbers.together };
    (0..layout.axes.len()).map(|axis| effect(axis, &levels, &runs, how)).collect()
}

/// Means over the members in the replications that all of them have.
fn joined(strata: &[Stratum<(u32, f64)>]) -> Series {
    let mut sums: BTreeMap<u32, (usize, f64)> = BTreeMap::new();
    for stratum in strata {
        for (replication, value) in &stratum.values {
            let sum = sums.entry(*replication).or_default();
            *sum = (sum.0 + 1, sum.1 + stratum.weight * value);
        }
    }
    let whole = |(run, (members, sum)): (u32, (usize, f64))| (members == strata.len()).then_some((run, sum));
    sums.into_iter().filter_map(whole).collect()
}

/// The levels of an axis.
struct Levels {
    texts: Vec<String>,
    /// By point: its level.
    of: Vec<usize>,
}

impl Levels {
    fn of(axis: &Axis, values: &[Option<Value>], cube: bool) -> Self {
        let numbers: Option<Vec<f64>> = values
            .iter()
            .map(|value| match value {
                Some(Value::Number(number)) => Some(*number),
                _ => None,
            })
            .collect();
        let Some(numbers) = numbers else {
            let texts: Vec<String> = values
                .iter()
                .map(|value| value.as_ref().map_or(String::new(), |v| written(axis, v)))
                .collect();
            let mut distinct: Vec<String> = Vec::new();
            texts.iter().for_each(|text| {
                if !distinct.contains(text) {
                    distinct.push(text.clone());
                }
            });
            let of =
                texts.iter().map(|text| distinct.iter().position(|one| one == text).unwrap_or(0)).collect();
            return Levels { texts: distinct, of };
        };
        let mut sorted = numbers.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        let rank = |all: &[f64], number: f64| all.partition_point(|one| *one < number);
        let told = |number: f64| written(axis, &Value::Number(number));
        if !cube || distinct.len() <= GROUPS {
            let of = numbers.iter().map(|number| rank(&distinct, *number)).collect();
            return Levels { texts: distinct.into_iter().map(told).collect(), of };
        }
        // Groups of equally many points; equal values stay together, so a group may be empty and is none then.
        let group = |number: f64| rank(&sorted, number) * GROUPS / sorted.len();
        let mut groups: Vec<usize> = sorted.iter().map(|number| group(*number)).collect();
        groups.dedup();
        let text = |of: &usize| {
            let mut inside = sorted.iter().copied().filter(|number| group(*number) == *of);
            let first = inside.next().unwrap_or_default();
            let last = inside.next_back().unwrap_or(first);
            format!("{} to {}", roughly(axis, first), roughly(axis, last))
        };
        let texts = groups.iter().map(text).collect();
        let of = numbers.iter().map(|number| groups.partition_point(|one| *one < group(*number))).collect();
        Levels { texts, of }
    }
}

/// Which points stand for each level of an axis: in a cube all that have it; elsewhere those of the combinations of the
/// other axes that are there with each level, so that levels differ in nothing else.
fn chosen(axis: usize, levels: &[Levels], runs: &[Option<Series>], cube: bool) -> Vec<Vec<usize>> {
    let own = &levels[axis];
    let mut chosen = vec![Vec::new(); own.texts.len()];
    if cube {
        (0..runs.len())
            .filter(|&point| runs[point].is_some())
            .for_each(|point| chosen[own.of[point]].push(point));
        return chosen;
    }
    let mut combinations: BTreeMap<Vec<usize>, Vec<Option<usize>>> = BTreeMap::new();
    for (point, runs) in runs.iter().enumerate() {
        let mut others: Vec<usize> = levels.iter().map(|level| level.of[point]).collect();
        others.remove(axis);
        let with = combinations.entry(others).or_insert_with(|| vec![None; own.texts.len()]);
        with[own.of[point]] = runs.is_some().then_some(point);
    }
    for with in combinations.into_values() {
        if let Some(whole) = with.into_iter().collect::<Option<Vec<usize>>>() {
            chosen.iter_mut().zip(whole).for_each(|(level, point)| level.push(point));
        }
    }
    chosen
}

/// How points are compared.
#[derive(Clone, Copy)]
struct How {
    /// They fill a cube and have no counterparts.
    cube: bool,
    /// So many replications in a row count as one.
    together: u32,
}

/// True if a point has these replications and no others, as it is where nothing failed.
fn is_whole(runs: &Series, common: &[u32]) -> bool {
    runs.len() == common.len() && runs.iter().zip(common).all(|((run, _), of)| run == of)
}

/// Interval of a difference of two means of independent values, which leaves out 5 % divided by `pairs`: Student's t with the
/// degrees of freedom of Welch. `None` with fewer than two values on a side, or where nothing varies.
fn welch(a: &[f64], b: &[f64], pairs: f64) -> Option<(f64, f64)> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let part = |values: &[f64]| sample_variance(values) / values.len() as f64;
    let (one, other) = (part(a), part(b));
    let squares = one * one / (a.len() as f64 - 1.0) + other * other / (b.len() as f64 - 1.0);
    let t = student_t_quantile(1.0 - TAIL / pairs, (one + other) * (one + other) / squares)?;
    let (size, half) = (average(a) - average(b), t * (one + other).sqrt());
    (half > 0.0).then_some((size - half, size + half))
}

/// The effect of an axis: the largest mean of a level less the smallest one.
///
/// In a cube the points of a level have other values of the other axes than those of the next, so points are what is
/// counted: Welch's interval over the means of points.
///
/// Luck is shared, so the difference is taken within each replication, and Student's t interval is over replications. The
/// two levels are picked by what was measured: with L levels the interval leaves out 5 % divided by the L (L - 1) / 2 pairs
/// that could have been picked (Bonferroni), so it holds for whichever it was.
fn effect(axis: usize, levels: &[Levels], runs: &[Option<Series>], how: How) -> Result<Effect, Silence> {
    let How { cube, together } = how;
    let own = &levels[axis];
    if own.texts.len() < 2 {
        return Err(Silence::OneLevel);
    }
    let chosen = chosen(axis, levels, runs, cube);
    if chosen.iter().any(Vec::is_empty) {
        let undefined = runs.iter().any(Option::is_none);
        return Err(if undefined || cube { Silence::TooFew } else { Silence::Confounded });
    }
    let of_level = |points: &Vec<usize>| -> Vec<&Series> {
        points.iter().filter_map(|&point| runs[point].as_ref()).collect()
    };
    let by_level: Vec<Vec<&Series>> = chosen.iter().map(of_level).collect();
    // Replications that every point has, by level the mean over its points in each of them.
    let mut common: Vec<u32> = by_level[0][0].iter().map(|(run, _)| *run).collect();
    for runs in by_level.iter().flatten() {
        if is_whole(runs, &common) {
            continue;
        }
        common.retain(|run| runs.binary_search_by_key(run, |(run, _)| *run).is_ok());
    }
    if common.is_empty() {
        return Err(Silence::TooFew);
    }
    let series = |points: &Vec<&Series>| -> Vec<f64> {
        let mut sums = vec![0.0; common.len()];
        for runs in points {
            let whole = is_whole(runs, &common);
            let wanted = runs.iter().filter(|(run, _)| whole || common.binary_search(run).is_ok());
            sums.iter_mut().zip(wanted).for_each(|(sum, (_, value))| *sum += value);
        }
        sums.into_iter().map(|sum| sum / points.len() as f64).collect()
    };
    let series: Vec<Vec<f64>> = by_level.iter().map(series).collect();
    let means: Vec<f64> = series.iter().map(|one| average(one)).collect();
    let by_mean = |a: &usize, b: &usize| means[*a].total_cmp(&means[*b]);
    let least = (0..means.len()).min_by(by_mean).unwrap_or(0);
    let most = (0..means.len()).rev().max_by(by_mean).unwrap_or(0);
    // Replications that share a draw of the uncertain settings are not independent, and count as one.
    let differences: Vec<(u32, f64)> = (common.iter().map(|run| run / together))
        .zip(series[most].iter().zip(&series[least]).map(|(a, b)| a - b))
        .collect();
    let differences: Vec<f64> = differences
        .chunk_by(|a, b| a.0 == b.0)
        .map(|draw| draw.iter().map(|(_, difference)| difference).sum::<f64>() / draw.len() as f64)
        .collect();
    let (size, n) = (average(&differences), differences.len() as f64);
    let spread = sample_variance(&differences).sqrt();
    let constant = n > 1.0 && spread <= 1e-12 * means[most].abs().max(means[least].abs());
    let pairs = (means.len() * (means.len() - 1)) as f64 / 2.0;
    let t = student_t_quantile(1.0 - TAIL / pairs, n - 1.0).filter(|_| n > 1.0 && !constant);
    let over_luck = t.map(|t| t * spread / n.sqrt()).map(|half| (size - half, size + half));
    // In a cube the points of two levels differ in the other axes too, by more than luck.
    let of_points = |level: usize| -> Vec<f64> {
        let mean = |runs: &&Series| {
            let wanted = runs.iter().filter(|(run, _)| common.binary_search(run).is_ok());
            average(&wanted.map(|(_, value)| *value).collect::<Vec<_>>())
        };
        by_level[level].iter().map(mean).collect()
    };
    let interval = if cube { welch(&of_points(most), &of_points(least), pairs) } else { over_luck };
    let constant = constant && !cube;
    let level = |(text, (points, mean)): (&String, (&Vec<usize>, &f64))| Level {
        text: text.clone(),
        points: points.len(),
        mean: *mean,
    };
    let used: usize = chosen.iter().map(Vec::len).sum();
    Ok(Effect {
        levels: own.texts.iter().zip(chosen.iter().zip(&means)).map(level).collect(),
        least,
        most,
        size,
        interval,
        runs: differences.len(),
        constant,
        left_out: runs.len() - used,
    })
}
