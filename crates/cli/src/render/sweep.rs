//! What a sweep says at its end.

use std::path::Path;

use rollcast_sweep::{
    figures::comparison::{Comparison, Statistic},
    layout::{Design, Layout},
    prepare::Prepared,
    rounds::Rounds,
    rows::Results,
};

use super::{
    comparison::{HEADING, lines, put, styled, wrapped},
    front::{picture, say_sureness},
    number::{count, many},
    paper, sensitivity,
    table::grid::{Grid, Lean},
};
use crate::{
    commands::label,
    report::{
        choice::{listed, told},
        comparison,
        stopping::stopping,
    },
};

/// The points that matter, and where everything is.
pub(crate) fn of_sweep(
    prepared: &Prepared,
    results: &Results,
    rounds: Option<&Rounds>,
    dir: &Path,
) -> String {
    /// More would scroll; all are in the files.
    const SHOWN: usize = 12;
    let layout = &prepared.layout;
    let written = format!("{} in {}", many(results.runs(), "run"), dir.join("results.csv").display());
    // Points of such a design have luck of their own: none of them can be called better than another.
    if layout.design == Some(Design::Indices) {
        return format!("{}\n{written}\n", sensitivity::section(prepared, results, dir));
    }
    let comparison = Comparison::new(layout, results);
    let mut out = String::new();
    let chosen = comparison::choice(prepared, &comparison, rounds);
    let of_front = comparison::front(prepared, &comparison);
    let mut columns: Vec<(usize, Statistic, String)> = Vec::new();
    let mut points: Vec<usize> = Vec::new();
    let heading;
    if let Some((choice, limits, aim)) = &chosen {
        let (objective, _) = comparison::aim(prepared).expect("invariant: a choice has an aim");
        columns.push((
            objective.column,
            objective.statistic,
            named(layout, objective.column, objective.statistic),
        ));
        columns.extend(
            limits.iter().map(|(limit, _)| {
                (limit.column, limit.statistic, named(layout, limit.column, limit.statistic))
            }),
        );
        points.clone_from(&choice.passing);
        let value = |point: usize| comparison.value(point, objective.column, objective.statistic);
        points.sort_by(|&a, &b| objective.sense.compare(value(a), value(b)));
        let keeps = match limits.len() {
            0 => String::new(),
            _ => format!(
                "; {} of {} keep all limits",
                count(choice.passing.len() as u64),
                many(layout.points.len() as u64, "point")
            ),
        };
        heading = format!("best by {aim}{keeps}");
    } else {
        let front = comparison::front_columns(prepared);
        columns.extend(
            front
                .iter()
                .take(4)
                .map(|&column| (column, Statistic::Mean, layout.columns[column].name.clone())),
        );
        let front = &of_front;
        points.clone_from(&front.strategies);
        let value = |point: usize| comparison.value(point, columns[0].0, Statistic::Mean);
        points.sort_by(|&a, &b| {
            value(a).unwrap_or(f64::INFINITY).total_cmp(&value(b).unwrap_or(f64::INFINITY))
        });
        heading = format!(
            "front of {}: {} of {}",
            listed(&front.of),
            count(points.len() as u64),
            many(layout.points.len() as u64, "point")
        );
    }
    let mut seen: Vec<(usize, Statistic)> = Vec::new();
    columns.retain(|&(column, statistic, _)| {
        let new = !seen.contains(&(column, statistic));
        seen.push((column, statistic));
        new
    });
    put(&mut out, format_args!("{}", styled(HEADING, &heading)));
    let names: Vec<String> = columns.iter().map(|(_, _, name)| wrapped(name)).collect();
    let mut grid = Grid::new(
        std::iter::once(("point", Lean::Left)).chain(names.iter().map(|name| (name.as_str(), Lean::Right))),
    );
    for &point in points.iter().take(SHOWN) {
        let cell = |(column, statistic, _): &(usize, Statistic, String)| {
            let of = &layout.columns[*column];
            match comparison.reading(point, *column, *statistic) {
                None => "undefined".into(),
                Some(reading) => match (reading.low, reading.high) {
                    (Some(low), Some(high)) => {
                        format!("{}\n{} to {}", told(of, reading.value), told(of, low), told(of, high))
                    }
                    _ => told(of, reading.value),
                },
            }
        };
        grid.row(std::iter::once(label(layout, point)).chain(columns.iter().map(cell)));
    }
    out.push_str(&grid.lines());
    if points.len() > SHOWN {
        put(&mut out, format_args!("  and {} more", count((points.len() - SHOWN) as u64)));
    }
    if let [x, y] = comparison::front_columns(prepared).as_slice() {
        let means = |&column: &usize| -> Vec<Option<f64>> {
            (0..layout.points.len()).map(|point| comparison.value(point, column, Statistic::Mean)).collect()
        };
        let names: Vec<String> = (0..layout.points.len()).map(|point| label(layout, point)).collect();
        let axis = |column: &usize| &layout.columns[*column];
        picture(&mut out, (axis(x), &means(x)), (axis(y), &means(y)), &of_front.strategies, &names);
    }
    let names: Vec<String> = (0..layout.points.len()).map(|point| label(layout, point)).collect();
    say_sureness(&mut out, &of_front, &names);
    if let Some(rounds) = rounds {
        for sentence in stopping(prepared, rounds, &comparison).sentences {
            out.push('\n');
            lines(&sentence, paper::columns())
                .into_iter()
                .for_each(|line| put(&mut out, format_args!("{line}")));
        }
    }
    if let Some((choice, limits, aim)) = &chosen {
        out.push('\n');
        for (n, sentence) in comparison::sentences(prepared, choice, limits, aim).iter().enumerate() {
            for (i, line) in lines(sentence, paper::columns() - 6).into_iter().enumerate() {
                let indent = match (n, i) {
                    (0, 0) => "",
                    (0, _) | (_, 0) => "  ",
                    _ => "    ",
                };
                put(&mut out, format_args!("{indent}{line}"));
            }
        }
    }
    let matters = sensitivity::section(prepared, results, dir);
    if !matters.is_empty() {
        put(&mut out, format_args!("\n{}", matters.trim_end()));
    }
    put(&mut out, format_args!("\n{written}"));
    out
}

/// The name of a statistic of a column.
fn named(layout: &Layout, column: usize, statistic: Statistic) -> String {
    let name = &layout.columns[column].name;
    match statistic {
        Statistic::Mean => name.clone(),
        Statistic::Median => format!("median of {name}"),
        Statistic::Percentile(percent) => format!("{percent} % of runs: {name}"),
        Statistic::Reached => format!("reached: {name}"),
    }
}
