//! Which settings matter: shares of the axes in the variance, or main effects, as a section of what a sweep says.

use std::path::Path;

use rollcast_core::stats::rule_of_three;
use rollcast_sweep::{
    export::SENSITIVITY,
    figures::sensitivity::{
        Sensitivity, Silence,
        effects::Effect,
        indices::{Share, Shares},
        name,
    },
    layout::{Column, Design, Layout},
    prepare::Prepared,
    rows::Results,
};

use super::{
    comparison::{HEADING, lines, put, styled},
    number::{count, many, share},
    paper,
    table::grid::{Grid, Lean},
};
use crate::report::choice::{signed, told};

/// Characters of a bar.
const BAR: usize = 10;
/// Widest name of an axis, and widest value: with two figures beside it a line stays within 100 characters.
const NAME: usize = 28;
const VALUE: usize = 14;

/// What the column that decides says about the axes; nothing without axes.
pub(crate) fn section(prepared: &Prepared, results: &Results, dir: &Path) -> String {
    let layout = &prepared.layout;
    let mut out = String::new();
    let Some((number, _)) = prepared.aim() else { return out };
    let Some(found) = Sensitivity::of(layout, results, number) else { return out };
    let column = &layout.columns[number];
    match found {
        Sensitivity::Shares(Ok(found)) => shares(&mut out, layout, column, &found),
        Sensitivity::Shares(Err(silence)) => {
            let text = format!("no shares of the axes in {}: {}", column.name, why(silence));
            told_in_lines(&mut out, &text);
        }
        Sensitivity::Effects { axes, restricted } => effects(&mut out, layout, column, &axes, restricted),
    }
    put(&mut out, format_args!("  all metrics in {}", dir.join(SENSITIVITY).display()));
    out
}

/// A sentence over as many lines as it needs, the first one a heading.
fn told_in_lines(out: &mut String, text: &str) {
    for (i, line) in lines(text, paper::columns() - 4).into_iter().enumerate() {
        match i {
            0 => put(out, format_args!("{}", styled(HEADING, &line))),
            _ => put(out, format_args!("  {line}")),
        }
    }
}

fn shares(out: &mut String, layout: &Layout, column: &Column, found: &Shares) {
    let points = count(layout.axes.len() as u64 + 2);
    let runs = many(layout.members.iter().map(|member| u64::from(member.runs)).sum(), "run");
    told_in_lines(
        out,
        &format!(
            "which settings matter for {}: shares of the variance of its mean over the settings ({} of {points} points, {runs} of each; below them 95 % intervals)",
            column.name,
            many(found.rows as u64, "row"),
        ),
    );
    let mut grid =
        Grid::new([("axis", Lean::Left), ("alone", Lean::Left), ("alone and with others", Lean::Left)]);
    let mut order: Vec<usize> = (0..found.axes.len()).collect();
    order.sort_by(|&a, &b| found.axes[b].total.value.total_cmp(&found.axes[a].total.value));
    for axis in order {
        let of = &found.axes[axis];
        grid.row([axis_name(layout, axis), share_cell(&of.first), share_cell(&of.total)]);
    }
    out.push_str(&grid.lines());
    let luck = &found.luck;
    put(
        out,
        format_args!(
            "  luck: {}  {} of the variance of a single run ({} to {})",
            bar(luck.value),
            share(luck.value),
            share(luck.low),
            share(luck.high)
        ),
    );
    if found.left_out > 0 {
        let rows = many(found.left_out as u64, "row");
        put(out, format_args!("  {rows} left out: runs are missing or values undefined"));
    }
    never(out, found.restricted);
}

fn share_cell(of: &Share) -> String {
    if of.may_be_nothing() {
        return format!("{}  cannot be told from 0\nat most {}", bar(0.0), share(of.high));
    }
    format!("{}  {}\n{} to {}", bar(of.value), share(of.value), share(of.low), share(of.high))
}

fn effects(
    out: &mut String,
    layout: &Layout,
    column: &Column,
    axes: &[Result<Effect, Silence>],
    restricted: bool,
) {
    let cube = layout.design == Some(Design::Cube);
    told_in_lines(
        out,
        &format!(
            "main effects on {}: how far the means of the values of an axis are apart (below it its 95 % interval{})",
            column.name,
            if cube { ", over luck and what the other axes happen to have" } else { ", luck only" }
        ),
    );
    let size = |axis: usize| axes[axis].as_ref().map_or(-1.0, |effect| effect.size);
    let mut order: Vec<usize> = (0..axes.len()).collect();
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)));
    let largest = order.first().map_or(0.0, |&axis| size(axis));
    let heads =
        [("axis", Lean::Left), ("effect", Lean::Left), ("least at", Lean::Left), ("most at", Lean::Left)];
    let mut grid = Grid::new(heads);
    for &axis in &order {
        let of = axis_name(layout, axis);
        match &axes[axis] {
            Err(silence) => grid.row([of, lines(why(*silence), 33).join("\n"), String::new(), String::new()]),
            Ok(effect) => {
                let at = |level: usize| {
                    let level = &effect.levels[level];
                    format!("{}\n{}", lines(&level.text, VALUE).join("\n"), told(column, level.mean))
                };
                let part = if largest > 0.0 { effect.size / largest } else { 0.0 };
                grid.row([of, effect_cell(column, effect, part), at(effect.least), at(effect.most)]);
            }
        }
    }
    out.push_str(&grid.lines());
    for axis in order {
        if let Ok(Effect { left_out: left_out @ 1.., .. }) = &axes[axis] {
            let text = format!(
                "{}: {} left out, of which not every value of it has a counterpart",
                name(layout, axis),
                many(*left_out as u64, "point")
            );
            lines(&text, paper::columns() - 4).iter().for_each(|line| put(out, format_args!("  {line}")));
        }
    }
    never(out, restricted);
}

fn effect_cell(column: &Column, effect: &Effect, part: f64) -> String {
    let size = signed(column, effect.size);
    match effect.interval {
        Some((_, high)) if effect.may_be_nothing() => {
            format!("{}  cannot be told from 0\nat most {}", bar(0.0), signed(column, high))
        }
        Some((low, high)) => {
            format!("{}  {size}\n{} to {}", bar(part), signed(column, low), signed(column, high))
        }
        None if effect.constant && effect.size == 0.0 => {
            let differs = share(rule_of_three(effect.runs as u32));
            format!("{}  the same\n(differs in < {differs} of runs)", bar(0.0))
        }
        None if effect.constant => format!("{}  {size}\nin every run", bar(part)),
        None => format!("{}  {size}\ntoo few for an interval", bar(part)),
    }
}

fn never(out: &mut String, restricted: bool) {
    if restricted {
        put(out, format_args!("  'never' counts as the end of the watch"));
    }
}

/// The name of an axis over several lines, cut at its blanks and dots.
fn axis_name(layout: &Layout, axis: usize) -> String {
    let mut lines = vec![String::new()];
    for word in name(layout, axis).split_inclusive([' ', '.']) {
        if let Some(last) = lines.last_mut()
            && (last.is_empty() || last.chars().count() + word.trim_end().chars().count() <= NAME)
        {
            last.push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines.join("\n")
}

/// A share as a bar. Only nothing has an empty one, and only all of it a full one.
fn bar(part: f64) -> String {
    let full = match (part * BAR as f64).round() as usize {
        0 if part > 0.0 => 1,
        BAR.. if part < 1.0 => BAR - 1,
        full => full.min(BAR),
    };
    format!("{}{}", "█".repeat(full), "░".repeat(BAR - full))
}

fn why(silence: Silence) -> &'static str {
    match silence {
        Silence::Constant => "it is the same in all runs",
        Silence::Luck => {
            "what the points differ by cannot be told from luck; more rows or more runs would tell"
        }
        Silence::TooFew => "too few runs, or values that are undefined",
        Silence::OneLevel => "it has one value only",
        Silence::Confounded => "confounded: no combination of the others is there with each of its values",
    }
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_are_full_and_empty_for_all_and_nothing() {
        assert_eq!(bar(0.0), "░░░░░░░░░░");
        assert_eq!(bar(0.001), "█░░░░░░░░░");
        assert_eq!(bar(0.5), "█████░░░░░");
        assert_eq!(bar(0.999), "█████████░");
        assert_eq!(bar(1.0), "██████████");
    }
}
