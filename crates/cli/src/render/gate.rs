//! The gate of `--fail-on` in words, for the table and for stderr.

use super::paper;
use clap::builder::styling::{AnsiColor, Style};

use crate::{
    output::say,
    report::gate::{Gate, Verdict},
};

/// The block of a table; nothing where nothing was asked. It begins with an empty line.
pub(crate) fn table(gate: &[Gate]) -> String {
    if gate.is_empty() {
        return String::new();
    }
    let heading = Style::new().bold();
    let mut out = format!("\n{heading}gate{heading:#} (fails if)\n");
    for one in gate {
        let colour = match one.verdict {
            Verdict::Pass => AnsiColor::Green,
            Verdict::Fail => AnsiColor::Red,
            Verdict::Undecided => AnsiColor::Yellow,
        };
        let style = colour.on_default().bold();
        out += &format!("  {style}{:<9}{style:#}  {}\n", one.verdict.word(), clean(&one.fails_if));
        for line in super::table::wrapped(&clean(&one.sentence), paper::columns() - 14) {
            out += &format!("  {:<9}  {line}\n", "");
        }
    }
    out
}

/// Says what shuts the gate where the answer went elsewhere.
pub(crate) fn say_shut(gate: &[Gate]) {
    for one in gate.iter().filter(|one| one.verdict != Verdict::Pass) {
        say(&clean(&format!("gate: {}: {}: {}", one.verdict.word(), one.fails_if, one.sentence)));
    }
}

fn clean(text: &str) -> String {
    super::table::grid::clean(text)
}
