//! What to choose and what it costs, in sentences.

use rollcast_sweep::{
    figures::{
        choose::{Bound, Choice, Chosen, Limit},
        comparison::Paired,
        mean::Bounds,
        paired::{Difference, Verdict},
    },
    layout::{Column, Layout},
    prepare::Prepared,
};

use crate::{commands::label, render::number};

/// Sentences about a choice.
pub(crate) fn sentences(
    prepared: &Prepared,
    choice: &Choice,
    limits: &[(Limit, String)],
    aim: &str,
) -> Vec<String> {
    let layout = &prepared.layout;
    match &choice.chosen {
        Some(chosen) => of_chosen(prepared, choice, chosen, limits, aim),
        None if choice.passing.is_empty() => of_none(layout, choice, limits),
        None => {
            let passing: Vec<String> = choice.passing.iter().map(|&point| label(layout, point)).collect();
            vec![format!("nothing to choose: `{aim}` is undefined for {}", listed(&passing))]
        }
    }
}

fn of_chosen(
    prepared: &Prepared,
    choice: &Choice,
    chosen: &Chosen,
    limits: &[(Limit, String)],
    aim: &str,
) -> Vec<String> {
    let layout = &prepared.layout;
    let column = prepared.aim().map_or(0, |(column, _)| column);
    let name = label(layout, chosen.point);
    let value = told(&layout.columns[column], chosen.value);
    let among = match (limits, choice.passing.len(), layout.points.len()) {
        ([], ..) => String::new(),
        (all, 1, _) => format!(
            " (the only one that keeps {})",
            listed(&all.iter().map(|l| format!("`{}`", l.1)).collect::<Vec<_>>())
        ),
        (all, passing, of) => {
            let keeps = listed(&all.iter().map(|l| format!("`{}`", l.1)).collect::<Vec<_>>());
            format!(" (of {passing} of {of} that keep {keeps})")
        }
    };
    let mut said = vec![format!("choose {name}: {aim}, {value}{among}")];
    if let Some(next) = &chosen.runner_up {
        let other = label(layout, next.point);
        let by = next.difference.as_ref().map(|d| format!(" ({})", difference(&layout.columns[column], d)));
        let by = by.unwrap_or_default();
        let same = next.difference.as_ref().is_some_and(|d| d.less + d.more == 0);
        let told_from = choice.passing.len() - 1 - chosen.rivals.len();
        said.push(match chosen.rivals.as_slice() {
            [only] if same && *only == next.point => {
                format!("the next, {other}, is the same in every pair of runs")
            }
            [] if choice.passing.len() == 2 => format!("it is better than the next, {other}{by}"),
            [] => format!("it is better than each of the other {told_from}; the next is {other}{by}"),
            rivals => {
                let names: Vec<String> = rivals.iter().take(4).map(|&point| label(layout, point)).collect();
                let more = match rivals.len() - names.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let next = match rivals.contains(&next.point) {
                    true if rivals.len() == 1 => by,
                    true => format!("; the next is {other}{by}"),
                    false => String::new(),
                };
                let names = if more.is_empty() { listed(&names) } else { names.join(", ") + &more };
                format!("it cannot be told apart from {names}{next}: more `--replications` may decide")
            }
        });
    }
    for (kept, (_, words)) in chosen.surely_kept.iter().zip(limits) {
        if !kept {
            said.push(format!(
                "whether it keeps `{words}` is not sure: the 95 % interval reaches beyond the limit"
            ));
        }
    }
    if chosen.point > 0 {
        let first = label(layout, 0);
        let part = |verdict: Verdict| {
            let of = chosen.against_first.iter().filter(|(_, paired)| paired.verdict == verdict);
            of.map(|(column, paired)| change(&layout.columns[*column], paired)).collect::<Vec<_>>()
        };
        let (gains, costs) = (part(Verdict::Better), part(Verdict::Worse));
        if !costs.is_empty() {
            said.push(format!("against {first} it costs {}", listed(&costs)));
        }
        if !gains.is_empty() {
            said.push(format!("against {first} it gains {}", listed(&gains)));
        }
        if costs.is_empty() && gains.is_empty() {
            said.push(format!("in nothing else can it be told apart from {first}"));
        }
    }
    said
}

fn of_none(layout: &Layout, choice: &Choice, limits: &[(Limit, String)]) -> Vec<String> {
    let words: Vec<String> = limits.iter().map(|limit| format!("`{}`", limit.1)).collect();
    let mut said = vec![format!("choose none: no strategy keeps {}", listed(&words))];
    for (keeping, (limit, words)) in choice.limits.iter().zip(limits) {
        let column = &layout.columns[limit.column];
        match keeping.nearest {
            Some(miss) => said.push(format!(
                "nobody keeps `{words}`; the nearest is {} with {}, {} too {}",
                label(layout, miss.point),
                told(column, miss.value),
                signed(column, miss.by).trim_start_matches('+'),
                if matches!(limit.bound, Bound::AtMost(_)) { "much" } else { "little" },
            )),
            None if keeping.points == 0 => said.push(format!("`{words}` is never reached by anybody")),
            None => {}
        }
    }
    if let Some(closest) = choice.closest.as_ref().filter(|_| limits.len() > 1) {
        let fails: Vec<String> =
            closest.fails.iter().map(|(which, _)| format!("`{}`", limits[*which].1)).collect();
        said.push(format!("the closest is {}: it fails {}", label(layout, closest.point), listed(&fails)));
    }
    said
}

/// `harmed -30 (-34 to -26)`.
fn change(column: &Column, paired: &Paired) -> String {
    format!("{} {}", column.name, difference(column, &paired.difference))
}

/// `-30 (-34 to -26)`, or without an interval how sure it is.
pub(crate) fn difference(column: &Column, of: &Difference) -> String {
    let value = signed(column, of.value);
    match of.bounds {
        Bounds::Interval { low, high } => {
            format!("{value} ({} to {})", signed(column, low), signed(column, high))
        }
        Bounds::Constant { .. } if of.less + of.more == 0 => "the same in every pair of runs".into(),
        Bounds::Constant { .. } => format!("{value} without variation"),
        Bounds::Unknown => value,
    }
}

/// A number in the unit of a column.
pub(crate) fn told(column: &Column, value: f64) -> String {
    if value.is_infinite() {
        return "never".into();
    }
    match column.unit.as_str() {
        "hours" => number::time(value),
        "days" => number::time(value * 24.0),
        "share" => number::share(value),
        "bytes" => number::bytes(value),
        _ => number::plain(value),
    }
}

/// The same with its sign.
pub(crate) fn signed(column: &Column, value: f64) -> String {
    // Shares differ by points of their percentage.
    let text = match column.unit.as_str() {
        "share" => format!("{} pp", number::plain(value.abs() * 100.0)),
        _ => told(column, value.abs()),
    };
    match value {
        v if v > 0.0 => format!("+{text}"),
        v if v < 0.0 => format!("-{text}"),
        _ => text,
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
