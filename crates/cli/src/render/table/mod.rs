//! The outcome as a planner wants to read it: one block a release, rings as rows, the few numbers that matter.
//!
//! Lines fit 100 columns for names of ordinary length. Colour marks headings and verdicts and says nothing that
//! the words do not say.

mod costs;
mod decisions;
pub(super) mod grid;
mod harm;
mod luck;
mod release;
mod rings;

use std::fmt::Write;

use clap::builder::styling::{AnsiColor, Style};
use rollcast_core::metrics::{Metric, Of};

use super::number::{count, many};
use crate::report::{Report, Verdict};

/// Bold, for headings.
const HEADING: Style = Style::new().bold();

/// A text in a style.
fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The whole table.
pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    header(&mut out, report);
    for of_release in &report.releases {
        out.push('\n');
        release::block(&mut out, report, of_release);
    }
    decisions::block(&mut out, report);
    out.push_str(&rings::likeness(report));
    goals(&mut out, report);
    out.push_str(&super::gate::table(&report.gate));
    warnings(&mut out, report);
    put(&mut out, format_args!(""));
    put(&mut out, format_args!("replay: {}", report.replay));
    out
}

/// A line. Writing to a string cannot fail.
fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("invariant: a string takes all that is written");
}

fn header(out: &mut String, report: &Report) {
    let name = styled(HEADING, &report.scenario.path);
    let service = report.scenario.service.map(|s| format!(", {s}")).unwrap_or_default();
    let runs = many(report.replications.len() as u64, "run");
    put(out, format_args!("{name}{service}, seed {}, {runs}, times in {}", report.seed, report.zone));
    let fleet = &report.fleet;
    let eligible = match report.releases.as_slice() {
        [only] => {
            let eligible = only.fleet.metric(Metric::Devices(Of::Eligible)).value.unwrap_or(0.0);
            format!(", {} eligible for the objective", count(eligible as u64))
        }
        _ => String::new(),
    };
    put(
        out,
        format_args!("{}: {} registered{eligible}", many(fleet.devices, "device"), count(fleet.registered)),
    );
    for not in &fleet.not_registered {
        put(out, format_args!("  not registered: {} ({})", count(not.devices), not.reason));
    }
    if fleet.in_no_ring > 0 {
        put(out, format_args!("  in no ring: {}", count(fleet.in_no_ring)));
    }
}

fn goals(out: &mut String, report: &Report) {
    if report.goals.is_empty() {
        return;
    }
    put(out, format_args!("\n{}", styled(HEADING, "goals")));
    for goal in &report.goals {
        let (word, colour) = match goal.verdict {
            Verdict::Met => ("met", AnsiColor::Green),
            Verdict::Missed => ("missed", AnsiColor::Red),
            Verdict::NotDecided => ("not decided", AnsiColor::Yellow),
        };
        let word = styled(colour.on_default().bold(), &format!("{word:<11}"));
        let held = match goal.verdict {
            Verdict::NotDecided => {
                format!(
                    "not decided by {} ({} held)",
                    many(goal.runs.into(), "run"),
                    held_of(goal.held, goal.runs)
                )
            }
            _ if goal.runs == 1 => if goal.held == 1 { "held" } else { "did not hold" }.to_owned(),
            _ => format!("held in {}", held_of(goal.held, goal.runs)),
        };
        put(out, format_args!("  {word}  {}", goal.text));
        put(out, format_args!("  {:<11}  {held}", ""));
    }
}

fn held_of(held: u32, runs: u32) -> String {
    format!("{held} of {runs}")
}

fn warnings(out: &mut String, report: &Report) {
    if report.warnings.is_empty() {
        return;
    }
    put(out, format_args!("\n{}", styled(HEADING, "warnings")));
    for warning in &report.warnings {
        let code = warning.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
        let place = match (&warning.file, warning.line) {
            (Some(file), Some(line)) => format!(" ({file}:{line})"),
            _ => String::new(),
        };
        for (i, line) in wrapped(&format!("{code}{}{place}", warning.message), 96).into_iter().enumerate() {
            put(out, format_args!("{}{line}", if i == 0 { "  - " } else { "    " }));
        }
    }
}

/// The words of a text; a number and its unit are one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let unit = ["s", "min", "h", "d", "%"].contains(&word.trim_end_matches([',', ';', ')', '.']));
        match words.last_mut() {
            Some(last) if unit && last.ends_with(|c: char| c.is_ascii_digit()) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Breaks a text into lines of at most `width` characters, between words where there are any.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in words(text) {
        let letters = word.chars().count();
        if length > 0 && length + 1 + letters > width {
            lines.push(String::new());
            length = 0;
        }
        let line = lines.last_mut().expect("invariant: there is a line from the start");
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(&word);
        length += letters;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{render, wrapped};
    use crate::report::{
        What,
        trouble::{calm, report, trouble},
    };

    fn shown(report: &crate::report::Report) -> String {
        anstream::adapter::strip_str(&render(report)).to_string()
    }

    #[test]
    fn trouble_is_told_within_the_width() {
        for runs in [1, 5] {
            let text = shown(&report(&trouble(), runs));
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for word in [
                "harm (",
                "bad-driver (down, shows on",
                "devices harmed",
                "before seen",
                "after the decision",
                "tickets",
                "down device-hours",
                "95 % repaired",
                "first harm",
                "first seen",
                "last new harm",
                "stops (",
                "before its offer",
                "false",
                "decisions (replication 0",
                "desk: pause later rings for 10 d (rule failures about",
                "failing of",
                "noticed after ",
                " h, decided after ",
                "(the same incident)",
                "true then:",
                "scripted for the service: resume all rings (service resumes)",
            ] {
                assert!(flat.contains(word), "`{word}` is missing:\n{text}");
            }
            let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 100).collect();
            assert!(wide.is_empty(), "wider than 100 columns: {wide:#?}");
        }
    }

    #[test]
    fn a_calm_scenario_says_nothing_of_trouble() {
        let text = shown(&report(&calm(), 1));
        for word in ["harm", "stops", "decisions"] {
            assert!(!text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_rule_that_never_fires_is_told_as_such() {
        let mut loaded = trouble();
        loaded.plan.defects[0].prevalence =
            rollcast_core::plan::Prevalence::Share(rollcast_core::draws::Coin::NEVER);
        loaded.plan.scripted.clear();
        loaded.labels.decisions.clear();
        let text = shown(&report(&loaded, 3));
        assert!(text.contains("stops  the release was in no run stopped"), "{text}");
        assert!(text.contains("decisions  none in replication 0"), "{text}");
    }

    #[test]
    fn a_pause_that_ends_by_itself_is_told() {
        let mut loaded = trouble();
        let act =
            rollcast_core::plan::Act::Pause { rings: rollcast_core::plan::Reach::All, for_s: Some(86_400) };
        loaded.plan.rules.clear();
        loaded.labels.rules.clear();
        loaded.plan.scripted[0].act = act;
        let report = report(&loaded, 1);
        assert!(report.decisions.iter().any(|decision| decision.what == What::PauseEnds));
        let text = shown(&report);
        assert!(text.contains("the pause of Test, Ring1, Ring2, Ring3 ends as planned"), "{text}");
    }

    #[test]
    fn texts_wrap_between_words() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("aaaaaaaa b", 5), ["aaaaaaaa", "b"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("after 3.3 h, yes", 9), ["after", "3.3 h,", "yes"]);
    }
}
