//! What came of runs that went on until something was known, in sentences.

use rollcast_sweep::{
    figures::comparison::{Comparison, Criterion, Statistic},
    layout::Layout,
    prepare::Prepared,
    rounds::{Rounds, Until},
};

use super::{
    choice::{listed, told},
    comparison::Stopping,
};
use crate::{
    commands::label,
    render::number::{count, many, share},
};

/// Names of so many points are said, the others are counted.
const NAMED: usize = 6;

pub(crate) fn stopping(prepared: &Prepared, rounds: &Rounds, comparison: &Comparison<'_>) -> Stopping {
    let layout = &prepared.layout;
    let points = 0..layout.points.len();
    let runs: Vec<u32> = points.map(|point| rounds.end(point)).collect();
    let (known, sentences) = match rounds.until() {
        Until::Narrow { of, share: part, floor } => {
            let known = rounds.left().is_empty();
            (known, vec![narrow(layout, rounds, of, part, floor, comparison)])
        }
        Until::Decided { column, confidence, worth, .. } => {
            let known = rounds.decision().is_some_and(|state| state.decided);
            let mut said = vec![decided(layout, rounds, known, (column, confidence, worth))];
            if runs.iter().any(|end| *end < runs.iter().copied().max().unwrap_or(0)) {
                let text = "strategies that fell behind were played less often: what the table says of them is as of then, and a little too unfavourable";
                said.push(text.into());
            }
            (known, said)
        }
    };
    let left = if known { Vec::new() } else { rounds.left().to_vec() };
    Stopping { known, left, runs, sentences }
}

fn narrow(
    layout: &Layout,
    rounds: &Rounds,
    of: Criterion,
    part: f64,
    floor: f64,
    comparison: &Comparison<'_>,
) -> String {
    let column = &layout.columns[of.column];
    let floor = if floor > 0.0 { format!(" or {}", told(column, floor)) } else { String::new() };
    let wanted = format!("half an interval of {} at most {}{floor}", what(layout, of), share(part));
    let left = rounds.left();
    if left.is_empty() {
        return format!("known: {wanted}, after {}", span(layout, rounds));
    }
    if !rounds.undefined().is_empty() {
        return format!(
            "not known: {} is undefined for {}, so no number of runs would tell",
            what(layout, of),
            names(layout, rounds.undefined())
        );
    }
    let wide = |&point: &usize| {
        let found = comparison.reading(point, of.column, of.statistic)?;
        Some((found.high? - found.low?) / 2.0 / found.value.abs())
    };
    let widest = left.iter().filter_map(wide).filter(|part| part.is_finite()).fold(0.0, f64::max);
    let widest =
        if widest > 0.0 { format!(" (half an interval up to {})", share(widest)) } else { String::new() };
    format!(
        "not known after {}: {wanted}, is not reached for {}{widest}; a higher `at-most` in `runs` may do",
        span(layout, rounds),
        names(layout, left)
    )
}

fn decided(layout: &Layout, rounds: &Rounds, known: bool, of: (usize, f64, f64)) -> String {
    let (column, confidence, worth) = of;
    let name = &layout.columns[column].name;
    let worth = told(&layout.columns[column], worth);
    let after = span(layout, rounds);
    match rounds.left() {
        [best, ..] if known => format!(
            "decided: {} is the best in the mean of {name}, or within {worth} of it, with a confidence of {} (Kim and Nelson), after {after}",
            label(layout, *best),
            share(confidence)
        ),
        _ if !rounds.undefined().is_empty() => {
            format!(
                "not decided: the mean of {name} is undefined for some of the strategies, so no number of runs would tell"
            )
        }
        left => {
            let longest = rounds.decision().map(|state| state.longest);
            let more = longest.map_or(String::new(), |n| format!("; it takes {} at most", count(n)));
            format!(
                "not decided after {after}: {} may each be the best in the mean of {name}, where differences below {worth} are worth nothing{more}",
                names(layout, left)
            )
        }
    }
}

fn what(layout: &Layout, of: Criterion) -> String {
    let name = &layout.columns[of.column].name;
    match of.statistic {
        Statistic::Mean => format!("the mean of {name}"),
        Statistic::Median => format!("the median of {name}"),
        Statistic::Percentile(percent) => format!("what {percent} % of the runs do not exceed in {name}"),
        Statistic::Reached => format!("how often {name} is reached"),
    }
}

fn span(layout: &Layout, rounds: &Rounds) -> String {
    let runs: Vec<u32> = (0..layout.points.len()).map(|point| rounds.end(point)).collect();
    let each = if layout.members.len() > 1 { " against each release" } else { "" };
    spanned(&runs) + each
}

/// `50 runs`, or `50 to 75 runs` of points that were not played equally often.
pub(crate) fn spanned(runs: &[u32]) -> String {
    let (least, most) = (runs.iter().min().copied().unwrap_or(0), runs.iter().max().copied().unwrap_or(0));
    let all = many(most.into(), "run");
    if least == most { all } else { format!("{} to {all}", count(least.into())) }
}

fn names(layout: &Layout, points: &[usize]) -> String {
    let mut names: Vec<String> = points.iter().take(NAMED).map(|&point| label(layout, point)).collect();
    if points.len() > NAMED {
        names.push(format!("{} more", points.len() - NAMED));
    }
    listed(&names)
}
