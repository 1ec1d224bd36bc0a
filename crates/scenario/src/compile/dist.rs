//! Distributions as typed to compiled quantile functions.

use rollcast_core::{family::Family, quantile::Quantile};

use super::cx::Cx;
use crate::scalar::{Dist, FromBase, Maybe, ScalarError, Shape};

/// Compiles a distribution; `path` is its place. `None` after a problem.
pub(super) fn quantile<U: FromBase>(cx: &mut Cx<'_>, path: &str, dist: &Dist<U>) -> Option<Quantile> {
    let compiled = match &dist.shape {
        Shape::Fixed(value) => Quantile::fixed(value.round() as i64),
        Shape::Uniform { low, high } => Quantile::uniform(*low, *high),
        Shape::Exponential { mean } => cx.family(Family::Exponential { mean: *mean }),
        Shape::Lognormal { median, sigma } => cx.family(Family::Lognormal { median: *median, sigma: *sigma }),
        Shape::Weibull { shape, scale } => cx.family(Family::Weibull { shape: *shape, scale: *scale }),
        Shape::Gamma { shape, mean } => cx.family(Family::Gamma { shape: *shape, mean: *mean }),
        Shape::Triangular { low, mode, high } => {
            cx.family(Family::Triangular { low: *low, mode: *mode, high: *high })
        }
        Shape::Normal { mean, sd } => cx.family(Family::Normal { mean: *mean, sd: *sd }),
        Shape::Points(points) => Quantile::points(points.clone()),
        Shape::File(name) => Quantile::points(points_of_file::<U>(cx, path, name)?),
    };
    if dist.at_least.is_none() && dist.at_most.is_none() {
        // A variate beyond a hundred years is of no use to a calendar.
        return Some(compiled.clamped(f64::NEG_INFINITY, 1e15));
    }
    Some(compiled.clamped(dist.at_least.unwrap_or(f64::NEG_INFINITY), dist.at_most.unwrap_or(1e15)))
}

/// The same for an optional one that the defaults fill in.
pub(super) fn filled<U: FromBase>(cx: &mut Cx<'_>, path: &str, dist: Option<&Dist<U>>) -> Option<Quantile> {
    match dist {
        Some(dist) => quantile(cx, path, dist),
        None => {
            cx.missing(
                "RC218",
                path,
                &[],
                format!("`{path}` is missing"),
                "write a distribution such as `10 min to 40 min`",
            );
            None
        }
    }
}

/// `never`, or a distribution.
pub(super) fn maybe(cx: &mut Cx<'_>, path: &str, wait: Option<&Maybe>) -> Option<Option<Quantile>> {
    match wait {
        None | Some(Maybe::Never) => Some(None),
        Some(Maybe::After(dist)) => quantile(cx, path, dist).map(Some),
    }
}

/// Observed values, one a line, as quantile points at equal shares.
fn points_of_file<U: FromBase>(cx: &mut Cx<'_>, path: &str, name: &str) -> Option<Vec<(f64, f64)>> {
    let bytes = cx.read_small(path, name)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut values = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parsed: Result<U, ScalarError> = line.parse();
        match parsed {
            Ok(value) => values.push(value.value()),
            Err(error) => {
                let message = format!("line {} of `{name}`: {error}", index + 1);
                cx.error("RC128", path, message, "one value with its unit stands on each line");
                return None;
            }
        }
    }
    values.sort_by(f64::total_cmp);
    if values.is_empty() {
        cx.error(
            "RC128",
            path,
            format!("`{name}` holds no value"),
            "one value with its unit stands on each line",
        );
        return None;
    }
    Some(points_of(&values))
}

/// Observed values (one at least), the least first, as quantile points at equal shares.
pub(super) fn points_of(values: &[f64]) -> Vec<(f64, f64)> {
    match values {
        [one] => vec![(0.0, *one), (1.0, *one)],
        all => {
            let last = (all.len() - 1) as f64;
            all.iter().enumerate().map(|(i, v)| (i as f64 / last, *v)).collect()
        }
    }
}
