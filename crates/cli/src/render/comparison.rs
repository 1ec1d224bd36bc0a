//! A comparison as a planner wants to read it: strategies as columns, metrics as rows.

use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Style};
use rollcast_sweep::{figures::estimate::SKEWED, layout::Column};

use super::{
    front::pareto,
    number::{many, share},
    paper,
    table::grid::{Grid, Lean},
};
use crate::report::{
    choice::{listed, signed, told},
    comparison::{self, Compared, Metric, Of, Told},
    stopping::spanned,
};

/// Bold, for headings and best values.
pub(super) const HEADING: Style = Style::new().bold();
pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub(super) fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("invariant: a string takes all that is written");
}

/// The whole table of a comparison.
pub(crate) fn table(of: &Compared) -> String {
    let mut out = String::new();
    let runs: u32 = match of.bank.as_slice() {
        [] => of.metrics.first().and_then(|metric| metric.of.first()).map_or(0, |first| first.runs),
        members => members.iter().map(|member| member.runs).sum(),
    };
    let bank = match of.bank.len() {
        0 => String::new(),
        members => format!(" against {members} releases of a bank"),
    };
    let heading = format!(
        "{}, seed {}, {} of each strategy{bank}, the same luck for all",
        of.files.join(", "),
        of.seed,
        match &of.stopping {
            Some(stopping) => spanned(&stopping.runs),
            None => many(runs.into(), "run"),
        },
    );
    for (i, line) in lines(&heading, paper::columns()).into_iter().enumerate() {
        put(&mut out, format_args!("{}", if i == 0 { styled(HEADING, &line) } else { line }));
    }
    members(&mut out, of);
    let all: Vec<usize> = (0..of.strategies.len()).collect();
    beside(&mut out, of, &all, means);
    legend(&mut out, of);
    beside(&mut out, of, &all[1..], differences);
    beside(&mut out, of, &all, quantiles);
    spread(&mut out, of);
    pareto(&mut out, of);
    for sentence in of.stopping.iter().flat_map(|stopping| &stopping.sentences) {
        out.push('\n');
        lines(sentence, paper::columns()).into_iter().for_each(|line| put(&mut out, format_args!("{line}")));
    }
    choice(&mut out, of);
    out.push('\n');
    put(&mut out, format_args!("replay: {}", of.strategies[0].replay));
    out
}

/// What the marks of the means say, as far as they occur.
fn legend(out: &mut String, of: &Compared) {
    let mut marks = Vec::new();
    if telling(of).any(|metric| !metric.best.is_empty()) {
        marks.push("* best mean");
    }
    if telling(of).any(|metric| !metric.best.is_empty() && !metric.like_best.is_empty()) {
        marks.push("~ cannot be told apart from it");
    }
    if telling(of).flat_map(|metric| &metric.of).any(|of| of.mean.is_some_and(|mean| mean.restricted)) {
        marks.push(">= 'never' counts as the end of the watch, and below it how often it is reached");
    }
    if telling(of).flat_map(|metric| &metric.of).filter_map(|of| of.mean).any(|mean| is_rough(&mean)) {
        marks.push("^ a skewed mean: a rough interval, better with more runs");
    }
    for line in lines(&marks.join("; "), paper::columns() - 2) {
        put(out, format_args!("  {line}"));
    }
}

/// As many strategies beside each other as fit, in blocks of the same number.
fn beside(out: &mut String, of: &Compared, all: &[usize], block: fn(&mut String, &Compared, &[usize])) {
    let written = |each: usize| {
        let mut text = String::new();
        all.chunks(each).for_each(|some| block(&mut text, of, some));
        text
    };
    let fits = |text: &String| text.lines().all(|line| width(line) <= paper::columns());
    let text = (1..=all.len()).rev().map(written).find(fits);
    out.push_str(&text.unwrap_or_else(|| written(1)));
}

/// Characters that a terminal shows: without the sequences for styles.
fn width(line: &str) -> usize {
    let mut shown = 0;
    let mut hidden = false;
    for c in line.chars() {
        match c {
            '\u{1b}' => hidden = true,
            'm' if hidden => hidden = false,
            _ if !hidden => shown += 1,
            _ => {}
        }
    }
    shown
}

fn members(out: &mut String, of: &Compared) {
    if of.bank.is_empty() {
        return;
    }
    put(
        out,
        format_args!(
            "\n{} (weights; a figure below is that of a release drawn by them)",
            styled(HEADING, "releases")
        ),
    );
    for member in &of.bank {
        let assumed = if member.assumed { "assumption" } else { "source" };
        put(out, format_args!("  {:>6}  {} ({assumed} in the bank)", share(member.weight), member.name));
    }
}

/// Metrics in which anything happens at all.
fn telling(of: &Compared) -> impl Iterator<Item = &Metric> {
    of.metrics.iter().filter(|metric| !is_empty(metric))
}

fn is_empty(metric: &Metric) -> bool {
    metric.of.iter().all(|of| of.mean.is_none_or(|mean| mean.value == 0.0))
}

pub(super) fn column(metric: &Metric) -> Column {
    Column {
        name: metric.name.clone(),
        unit: metric.unit.clone(),
        lower_is_better: metric.lower_is_better,
        limit: metric.limit,
    }
}

fn heading(of: &Compared, first: &'static str, some: &[usize]) -> Grid {
    let names: Vec<String> = some.iter().map(|&i| wrapped(&of.strategies[i].name)).collect();
    let columns = names.iter().map(|name| (name.as_str(), Lean::Right));
    Grid::new(std::iter::once((first, Lean::Left)).chain(columns))
}

/// A long name over several lines, cut at its blanks.
pub(super) fn wrapped(name: &str) -> String {
    let mut lines = vec![String::new()];
    for word in name.split(' ') {
        let last = lines.last_mut().expect("invariant: there is a line");
        if !last.is_empty() && last.chars().count() + word.chars().count() > 16 {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join("\n")
}

/// What stands over a block of the table.
fn headed(out: &mut String, name: &str, text: &str) {
    for (i, line) in lines(text, paper::columns() - 10).into_iter().enumerate() {
        let first = if i == 0 { format!("\n{} ", styled(HEADING, name)) } else { "  ".into() };
        put(out, format_args!("{first}{line}"));
    }
}

fn means(out: &mut String, of: &Compared, some: &[usize]) {
    let below = format!("(below it its 95 % interval: {})", of.interval_meaning);
    headed(out, "means", &below);
    let mut grid = heading(of, "", some);
    for metric in telling(of) {
        let column = column(metric);
        let cell = |&i: &usize| mean(metric, &column, &metric.of[i], i);
        grid.row(std::iter::once(metric.name.clone()).chain(some.iter().map(cell)));
    }
    out.push_str(&grid.lines());
    let empty: Vec<String> =
        of.metrics.iter().filter(|metric| is_empty(metric)).map(|m| m.name.clone()).collect();
    if !empty.is_empty() {
        for line in lines(&format!("nothing in {}", listed(&empty)), paper::columns() - 4) {
            put(out, format_args!("  {line}"));
        }
    }
}

fn mean(metric: &Metric, column: &Column, of: &Of, i: usize) -> String {
    let Some(mean) = of.mean else { return "undefined".into() };
    let mark = match () {
        () if metric.best.contains(&i) => " *",
        () if metric.like_best.contains(&i) && !metric.best.is_empty() => " ~",
        () => "  ",
    };
    let more = if mean.restricted { ">= " } else { "" };
    let value = format!("{more}{}{mark}", told(column, mean.value));
    let text = match (mean.low, mean.high, mean.varies_at_most) {
        // No metric is below zero, no share above one, no restricted time after the watch: an interval cut off there
        // covers as much.
        (Some(low), Some(high), _) => {
            let most = if column.unit == "share" { Some(1.0) } else { column.limit };
            let high = most.map_or(high, |most| high.min(most));
            let rough = if is_rough(&mean) { " ^" } else { "  " };
            format!("{value}\n{} to {}{rough}", told(column, low.max(0.0)), told(column, high))
        }
        (_, _, Some(_)) => format!("{value}\nno variation  "),
        _ if is_rough(&mean) => format!("{value}\ntoo few runs ^"),
        _ => value,
    };
    text + &reached(&mean, of)
}

/// True if the mean is so skewed that its interval, if it has one, is not to be trusted as others are.
fn is_rough(mean: &comparison::Mean) -> bool {
    let resampled = mean.procedure == comparison::Procedure::BootstrapT;
    mean.skew.abs() > SKEWED || resampled && mean.low.is_none()
}

/// How often runs got there, under a mean in which some did not.
fn reached(mean: &comparison::Mean, of: &Of) -> String {
    let Some(span) = of.reached.filter(|_| mean.restricted) else { return String::new() };
    format!("\nin {} ({} to {})  ", share(span.value), share(span.low), share(span.high))
}

fn differences(out: &mut String, of: &Compared, some: &[usize]) {
    let first = &of.strategies[0].name;
    let holm = if of.strategies.len() > 2 { "; verdicts by Holm, 5 % for all" } else { "" };
    headed(out, "against", &format!("{first} (run by run, the same luck; 95 % interval{holm})"));
    let mut grid = heading(of, "", some);
    for metric in telling(of) {
        let column = column(metric);
        let cell = |&i: &usize| against(&column, &metric.of[i]);
        grid.row(std::iter::once(metric.name.clone()).chain(some.iter().map(cell)));
    }
    out.push_str(&grid.lines());
}

fn against(column: &Column, of: &Of) -> String {
    let Some(against) = of.against_first else { return "undefined".into() };
    if against.less + against.more == 0 {
        let at_most =
            against.varies_at_most.map(|p| format!("\n(differs in < {})", share(p))).unwrap_or_default();
        return format!("the same{at_most}");
    }
    let word = match against.verdict {
        Told::Better => "better",
        Told::Worse => "worse",
        Told::CannotTell => "cannot tell",
    };
    let value = signed(column, against.value);
    match (against.low, against.high) {
        (Some(low), Some(high)) => {
            format!("{value} {word}\n{} to {}", signed(column, low), signed(column, high))
        }
        _ if against.varies_at_most.is_some() => format!("{value} {word}\nno variation"),
        _ => format!("{value} {word}\ntoo few runs"),
    }
}

fn quantiles(out: &mut String, of: &Compared, some: &[usize]) {
    headed(out, "over runs", "(median, what 95 % of the runs do not exceed, worst run)");
    let mut grid = heading(of, "", some);
    for metric in telling(of).filter(|metric| !metric.name.starts_with("goal: ")) {
        let column = column(metric);
        let number = |value: Option<f64>| value.map_or("never".into(), |value| told(&column, value));
        let cell = |&i: &usize| match (metric.of[i].median, metric.of[i].p95) {
            (Some(median), Some(p95)) => {
                format!("{}, {}, {}", number(median.value), number(p95.value), number(metric.of[i].worst))
            }
            _ => "undefined".into(),
        };
        grid.row(std::iter::once(metric.name.clone()).chain(some.iter().map(cell)));
    }
    out.push_str(&grid.lines());
}

/// What the quantiles are worth, and where the spread comes from.
fn spread(out: &mut String, of: &Compared) {
    let quantiles =
        || telling(of).flat_map(|metric| &metric.of).filter_map(|of| of.p95.map(|p95| (of.runs, p95)));
    if let Some((runs, needs)) = quantiles().find_map(|(runs, p95)| p95.needs.map(|needs| (runs, needs))) {
        let text = format!(
            "what 95 % of the runs do not exceed may lie beyond all of them: an interval needs {needs} runs, there are {runs}"
        );
        lines(&text, paper::columns() - 2).into_iter().for_each(|line| put(out, format_args!("  {line}")));
    }
    let decides = of.decides.and_then(|column| of.metrics.get(column));
    let Some((metric, variance)) = decides.and_then(|metric| Some((metric, metric.of.first()?.variance?)))
    else {
        return;
    };
    let sum = variance.luck + variance.ignorance.unwrap_or(0.0) + variance.release;
    let several = of.bank.len() > 1 || variance.ignorance.is_some();
    if sum <= 0.0 || !(several || of.uncertain) {
        return;
    }
    let mut parts = Vec::new();
    if of.bank.len() > 1 {
        parts.push(format!("{} from which release it is", share(variance.release / sum)));
    }
    match variance.ignorance {
        Some(ignorance) => {
            parts.push(format!("{} from the uncertain settings", share(ignorance / sum)));
            parts.push(format!("{} from luck", share(variance.luck / sum)));
        }
        None if of.uncertain => parts.push(format!(
            "{} from luck and the uncertain settings, which `runs: {{ per-draw: 2 }}` tells apart",
            share(variance.luck / sum)
        )),
        None => parts.push(format!("{} from luck", share(variance.luck / sum))),
    }
    let text =
        format!("variance of a run of {} in {}: {}", of.strategies[0].name, metric.name, listed(&parts));
    lines(&text, paper::columns() - 2).into_iter().for_each(|line| put(out, format_args!("  {line}")));
}

fn choice(out: &mut String, of: &Compared) {
    out.push('\n');
    let Some(choice) = &of.choice else {
        let names: Vec<String> = of.front.strategies.iter().map(|&i| of.strategies[i].name.clone()).collect();
        // A strategy alone is on every front, and what was waited for has been said.
        if of.strategies.len() < 2 || of.stopping.as_ref().is_some_and(|stopping| !stopping.known) {
            return;
        }
        let means = if of.front.of.len() == 2 { "both the means" } else { "the means" };
        let text = format!(
            "nothing beats {} in {means} of {}; say in `choose` how to choose",
            listed(&names),
            listed(&of.front.of)
        );
        for (i, line) in lines(&text, paper::columns() - 8).into_iter().enumerate() {
            put(
                out,
                format_args!("{}{line}", if i == 0 { styled(HEADING, "front  ") } else { "       ".into() }),
            );
        }
        return;
    };
    for (n, sentence) in choice.sentences.iter().enumerate() {
        for (i, line) in lines(sentence, paper::columns() - 4).into_iter().enumerate() {
            let line = match n {
                0 => styled(AnsiColor::Green.on_default().bold(), &line),
                _ => format!("  {}{line}", if i == 0 { "" } else { "  " }),
            };
            put(out, format_args!("{line}"));
        }
    }
}

/// Lines of at most so many characters.
pub(super) fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in whole_numbers(text) {
        let last = lines.last_mut().expect("invariant: there is a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > most {
            lines.push(word);
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(&word);
        }
    }
    lines
}

/// The words of a text; a number with its groups and its unit is one.
fn whole_numbers(text: &str) -> Vec<String> {
    const UNITS: [&str; 7] = ["s", "min", "h", "d", "%", "pp", "runs"];
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_end_matches([',', ';', ')', '.', ':']);
        let group = bare.len() == 3 && bare.bytes().all(|b| b.is_ascii_digit());
        match words.last_mut() {
            Some(last)
                if (group || UNITS.contains(&bare)) && last.ends_with(|c: char| c.is_ascii_digit()) =>
            {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}
