//! Operating characteristics as a planner wants to read them: a curve for each rule and release, rates as rows.

use std::fmt::Write;

use clap::builder::styling::Style;
use rollcast_sweep::gates::{Characteristic, Delay, Probability};

use super::number::{count, many, plain, share, time};
use super::paper;
use crate::report::gates::{Gates, Kind, Point, SmallestRing, rate, runs, unstopped};

/// Bold, for headings.
const HEADING: Style = Style::new().bold();
/// Width of the answer: what fits most terminals, and a screenshot.
/// Width of a bar that is full.
const BAR: usize = 12;

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    let line = line.to_string();
    writeln!(out, "{}", line.trim_end()).expect("invariant: a string takes all that is written");
}

fn heading(text: &str) -> String {
    format!("{HEADING}{text}{HEADING:#}")
}

/// The whole answer.
pub(crate) fn table(of: &Gates) -> String {
    let mut out = String::new();
    let first = format!(
        "{}, seed {}, {} of each rule against each release, the same luck for all",
        of.file,
        of.seed,
        many(runs(of).into(), "run"),
    );
    for (i, line) in lines(&first, paper::columns()).into_iter().enumerate() {
        put(&mut out, format_args!("{}", if i == 0 { heading(&line) } else { line }));
    }
    for note in notes(of) {
        wrapped(&mut out, "  ", &note);
    }
    for point in of.points.iter().filter(|point| point.kind != Kind::None) {
        characteristic(&mut out, of, point);
    }
    legend(&mut out, of);
    if !of.sentences.is_empty() {
        let tests = of.differences.len() as u64;
        out.push('\n');
        put(&mut out, format_args!("{}", heading("rule against rule")));
        let how = format!(
            "run by run with the same luck; McNemar's exact test at 5 %, Holm over {}",
            many(tests, "comparison")
        );
        wrapped(&mut out, "  ", &how);
        of.sentences.iter().for_each(|sentence| wrapped(&mut out, "  ", sentence));
    }
    if let Some(smallest) = &of.smallest {
        ring(&mut out, smallest);
    }
    out.push('\n');
    put(&mut out, format_args!("replay: {}", of.points[0].replay));
    out
}

/// What must be known to read the numbers.
fn notes(of: &Gates) -> Vec<String> {
    let rates: Vec<String> = of.rates.iter().copied().map(rate).collect();
    let mut notes = Vec::new();
    if !rates.is_empty() {
        let origin = if of.rates_assumed { "not in the plan: an assumption" } else { "of the plan" };
        notes.push(format!(
            "defect rates: {} ({origin}); the most frequent defect of a release has the rate, others keep their proportion to it",
            rates.join(", ")
        ));
    }
    if let Some(strategy) = &of.strategy {
        notes.push(format!("played on the strategy `{strategy}`"));
    }
    if of.without_decisions {
        notes.push("decisions of the scenario by the clock are left out: only rules stop".into());
    }
    notes
}

fn characteristic(out: &mut String, of: &Gates, point: &Point) {
    let name = match point.kind {
        Kind::Rule => format!("rule {}, alone", point.name),
        _ => point.name.clone(),
    };
    put(out, format_args!("\n{}", heading(&name)));
    let last = of.rings.last().map_or("", String::as_str);
    put(
        out,
        format_args!(
            "{:37}{:17}{:>8}{:>18}{:>9}{:>9}",
            "", "", "before", "stopped after", "harmed", "without"
        ),
    );
    put(
        out,
        format_args!(
            "    {:24}{:>7}  {:17}{:>8}{:>9}{:>9}{:>9}{:>9}",
            "rate",
            "stopped",
            "95 % interval",
            short(last, 7),
            "median",
            "95 %",
            "until it",
            "any rule"
        ),
    );
    let mut member = None;
    for (at, (release, of_release)) in of.releases.iter().zip(&point.of).enumerate() {
        if member != Some(&release.member) {
            let assumed = if release.assumed { "assumption" } else { "source" };
            put(out, format_args!("  {} ({assumed} in the bank)", short(&release.member, 70)));
            member = Some(&release.member);
        }
        let label = release.rate.map_or("no defect".into(), rate);
        let Some(found) = of_release else {
            put(out, format_args!("    {label:12}every run failed"));
            continue;
        };
        let without = unstopped(of, at).map_or(String::new(), |mean| plain(mean.value));
        put(out, format_args!("    {label:12}{}", row(found, &without, release.rate.is_some())));
    }
}

fn row(of: &Characteristic, without: &str, bad: bool) -> String {
    let before = of.before.last().map_or(String::new(), |before| share(before.share));
    // How late a stop of a good release is has no meaning: nobody was to be spared.
    let delay = of.delay_from_harm.filter(|_| bad);
    let hours = |value: fn(&Delay) -> Option<f64>| {
        delay.as_ref().map_or("-".into(), |delay| value(delay).map_or("never".into(), time))
    };
    let harmed = |text: String| if bad { text } else { "-".into() };
    format!(
        "{:BAR$}{:>7}  {:17}{:>8}{:>9}{:>9}{:>9}{:>9}",
        bar(of.stopped.share),
        share(of.stopped.share),
        interval(of.stopped),
        before,
        hours(|delay| delay.median_h),
        hours(|delay| delay.p95_h),
        harmed(plain(of.harmed_until_stop.value)),
        harmed(without.to_owned()),
    )
}

fn interval(of: Probability) -> String {
    let percent = |value: f64| share(value).replace(" %", "");
    match of.hits {
        0 => format!("at most {}", share(of.high)),
        all if all == of.runs => format!("at least {}", share(of.low)),
        _ => format!("{} to {}", percent(of.low), share(of.high)),
    }
}

/// A share as a bar, to an eighth of a character; nothing is nothing, and whatever happened can be seen.
fn bar(share: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * (8 * BAR) as f64).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

/// A name that is cut where it would break the table.
fn short(name: &str, most: usize) -> String {
    let clean = super::table::grid::clean(name);
    if clean.chars().count() <= most {
        return clean;
    }
    clean.chars().take(most - 1).chain(['…']).collect()
}

fn legend(out: &mut String, of: &Gates) {
    let last = of.rings.last().map_or("the last ring", String::as_str);
    let all = [
        "stopped: in how many of the runs a rule paused, uninstalled or withdrew it; the others miss it (a good release: are right). Intervals by Clopper and Pearson; 'at most' and 'at least' by the rule of three".to_owned(),
        format!("before {last}: stopped before {last} was offered it"),
        "stopped after: from the first harmed device to the landing of the stop, in runs with harm; a run that is not stopped counts as later than any other".to_owned(),
        "harmed until it: devices harmed until the stop landed, mean over all runs; without a stop all that were harmed".to_owned(),
    ];
    all.iter().for_each(|text| wrapped(out, "  ", text));
}

fn ring(out: &mut String, of: &SmallestRing) {
    out.push('\n');
    let assumed = if of.probability_assumed { " (not in the plan: an assumption)" } else { "" };
    put(out, format_args!("{}", heading(&format!("smallest {}", of.ring))));
    wrapped(
        out,
        "  ",
        &format!(
            "asked: `{}` is stopped before {} is offered it, in {} of runs{assumed}; sizes from {} to {}, all rules",
            of.release,
            of.before,
            share(of.probability),
            count(of.sizes.0),
            count(of.sizes.1)
        ),
    );
    put(out, format_args!("    {:>9}  {:BAR$}{:>8}  95 % one-sided", "size", "", "caught"));
    for one in &of.found.tried {
        let verdict = match () {
            () if one.at_least >= of.probability => "enough",
            () if one.at_most < of.probability => "too few",
            () => "",
        };
        let bounds = format!("at least {}, at most {}", share(one.at_least), share(one.at_most));
        put(
            out,
            format_args!(
                "    {:>9}  {:BAR$}{:>8}  {bounds:34}{verdict}",
                count(one.size),
                bar(one.probability),
                share(one.probability)
            ),
        );
    }
    of.sentences.iter().for_each(|sentence| wrapped(out, "  ", sentence));
}

/// A sentence over several lines, the later ones indented.
fn wrapped(out: &mut String, indent: &str, text: &str) {
    let text = super::table::grid::clean(text);
    for (i, line) in lines(&text, paper::columns() - indent.len() - 2).into_iter().enumerate() {
        let more = if i == 0 { "" } else { "  " };
        put(out, format_args!("{indent}{more}{line}"));
    }
}

/// Lines of at most so many characters. A blank behind a digit holds a number together with its groups and its unit.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut before = String::new();
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let unit = word.starts_with(|c: char| c.is_ascii_digit() || c == '%') && !before.is_empty();
        match pieces.last_mut() {
            Some(last) if unit && before.ends_with(|c: char| c.is_ascii_digit()) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => pieces.push(word.to_owned()),
        }
        word.clone_into(&mut before);
    }
    for piece in pieces {
        let last = lines.last_mut().expect("invariant: there is a line");
        if !last.is_empty() && last.chars().count() + 1 + piece.chars().count() > most {
            lines.push(piece);
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(&piece);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_what_happened() {
        assert_eq!([0.0, 0.0001, 0.5, 1.0].map(bar), ["", "▏", "██████", "████████████"]);
    }

    #[test]
    fn numbers_are_not_cut() {
        assert_eq!(
            lines("with 12 000 devices in 90 % of runs", 12),
            ["with 12 000", "devices in", "90 % of runs"]
        );
    }

    #[test]
    fn intervals_of_nothing_and_everything_are_one_sided() {
        let told = |hits| interval(Probability::of(hits, 100).unwrap());
        assert_eq!([told(0), told(50), told(100)], ["at most 3 %", "39.8 to 60.2 %", "at least 97 %"]);
    }
}
