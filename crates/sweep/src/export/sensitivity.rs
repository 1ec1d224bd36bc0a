//! Which settings matter, as CSV: for every metric the shares or the effects of the axes.

use std::io::{self, Write};

use csv::Writer;

use super::shortest;
use crate::{
    figures::sensitivity::{Sensitivity, Silence, effects::Effect, indices::Shares, name},
    layout::Layout,
    rows::Results,
};

/// The columns of the file.
const COLUMNS: [&str; 9] = ["metric", "figure", "axis", "level", "points", "value", "low", "high", "note"];

/// A line: a figure of an axis or a level.
#[derive(Default)]
struct Line<'a> {
    figure: &'a str,
    axis: &'a str,
    level: &'a str,
    points: Option<usize>,
    value: Option<f64>,
    interval: Option<(f64, f64)>,
    note: &'a str,
}

pub(super) fn write(layout: &Layout, results: &Results, out: &mut dyn Write) -> io::Result<()> {
    whole_file(layout, results, out).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

fn whole_file(layout: &Layout, results: &Results, out: &mut dyn Write) -> Result<(), csv::Error> {
    let mut out = Writer::from_writer(out);
    out.write_record(COLUMNS)?;
    let axes: Vec<String> = (0..layout.axes.len()).map(|axis| name(layout, axis)).collect();
    for (number, column) in layout.columns.iter().enumerate() {
        let Some(found) = Sensitivity::of(layout, results, number) else { continue };
        for line in lines(&found, &axes) {
            let number = |value: Option<f64>| value.map_or(String::new(), shortest);
            out.write_record([
                column.name.as_str(),
                line.figure,
                line.axis,
                line.level,
                &line.points.map_or(String::new(), |points| points.to_string()),
                &number(line.value),
                &number(line.interval.map(|ends| ends.0)),
                &number(line.interval.map(|ends| ends.1)),
                line.note,
            ])?;
        }
    }
    out.flush()?;
    Ok(())
}

fn lines<'a>(found: &'a Sensitivity, axes: &'a [String]) -> Vec<Line<'a>> {
    match found {
        Sensitivity::Shares(Ok(shares)) => of_shares(shares, axes),
        Sensitivity::Shares(Err(silence)) => {
            vec![Line { figure: "none", note: why(*silence), ..Line::default() }]
        }
        Sensitivity::Effects { axes: all, restricted } => {
            axes.iter().zip(all).flat_map(|(axis, effect)| of_effect(axis, effect, *restricted)).collect()
        }
    }
}

fn of_shares<'a>(shares: &Shares, axes: &'a [String]) -> Vec<Line<'a>> {
    let note = restricted(shares.restricted);
    let mut all = Vec::new();
    for (axis, of) in axes.iter().zip(&shares.axes) {
        for (figure, share) in [("first-order", of.first), ("total", of.total)] {
            let (value, interval) = (Some(share.value), Some((share.low, share.high)));
            all.push(Line { figure, axis, value, interval, note, ..Line::default() });
        }
    }
    let luck = &shares.luck;
    let interval = Some((luck.low, luck.high));
    all.push(Line { figure: "luck", value: Some(luck.value), interval, note, ..Line::default() });
    for (figure, value) in [("variance-between", shares.between), ("variance-within", shares.within)] {
        all.push(Line { figure, value: Some(value), note, ..Line::default() });
    }
    all
}

fn of_effect<'a>(axis: &'a str, effect: &'a Result<Effect, Silence>, cut: bool) -> Vec<Line<'a>> {
    let effect = match effect {
        Ok(effect) => effect,
        Err(silence) => return vec![Line { figure: "none", axis, note: why(*silence), ..Line::default() }],
    };
    let note = restricted(cut);
    let (value, interval) = (Some(effect.size), effect.interval);
    let mut all = vec![Line { figure: "effect", axis, value, interval, note, ..Line::default() }];
    all.extend(effect.levels.iter().map(|level| Line {
        figure: "mean",
        axis,
        level: &level.text,
        points: Some(level.points),
        value: Some(level.mean),
        note,
        ..Line::default()
    }));
    all
}

fn restricted(is: bool) -> &'static str {
    if is { "never counts as the end of the watch" } else { "" }
}

fn why(silence: Silence) -> &'static str {
    match silence {
        Silence::Constant => "nothing varies",
        Silence::Luck => "points cannot be told apart from luck",
        Silence::TooFew => "too few runs, or undefined",
        Silence::OneLevel => "one value only",
        Silence::Confounded => "confounded: no combination of the others is there with each value",
    }
}
