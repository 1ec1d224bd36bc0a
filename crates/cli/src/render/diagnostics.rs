//! Problems of an input: with their place and a snippet for people, as a list for machines.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use rollcast_scenario::diagnostic::{Diagnostic, Severity, Span};
use serde::Serialize;

/// Characters of a source line that are shown; longer lines are cut around the place.
const LINE: usize = 120;

/// A problem for machines.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    pub code: &'static str,
    pub severity: &'static str,
    pub message: String,
    pub file: Option<String>,
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub help: Option<String>,
}

impl From<&Diagnostic> for Problem {
    fn from(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.span.as_ref().map(Span::line_column);
        Problem {
            code: diagnostic.code,
            severity: if diagnostic.severity == Severity::Error { "error" } else { "warning" },
            message: diagnostic.message.clone(),
            file: diagnostic.span.as_ref().map(|span| span.source.name.clone()),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            help: diagnostic.help.clone(),
        }
    }
}

/// The problems as text with colours, a blank line between two.
pub(crate) fn render(diagnostics: &[Diagnostic]) -> String {
    let rendered: Vec<String> = diagnostics.iter().map(one).collect();
    rendered.join("\n\n")
}

fn one(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(printable(&diagnostic.message)).id(diagnostic.code));
    let piece = diagnostic.span.as_ref().map(Piece::of);
    if let Some(piece) = &piece {
        let snippet = Snippet::source(piece.text.as_str())
            .line_start(piece.line)
            .annotation(AnnotationKind::Primary.span(piece.start..piece.end));
        // In a line that was cut the column has to be said, everywhere else the snippet knows it.
        group = if piece.cut {
            group
                .element(Origin::path(piece.name).line(piece.line).char_column(piece.column))
                .element(snippet)
        } else {
            group.element(snippet.path(piece.name))
        };
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    Renderer::styled().term_width(LINE + 20).render(&[group])
}

/// What a terminal may be sent: control characters of the input would do things to it.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{FFFD}' } else { c }).collect()
}

/// The part of a source that is shown.
struct Piece<'a> {
    name: &'a str,
    line: usize,
    column: usize,
    cut: bool,
    text: String,
    start: usize,
    end: usize,
}

impl<'a> Piece<'a> {
    fn of(span: &'a Span) -> Self {
        let text = &span.source.text;
        let (line, column) = span.line_column();
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let begin = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let rest = text[begin..].find('\n').map_or(text.len(), |at| begin + at);
        let whole = text[begin..rest].trim_end_matches('\r');
        let at = (start - begin).min(whole.len());
        // A place that goes on over lines is shown by its first line.
        let until = text.floor_char_boundary(span.end.clamp(start, text.len())).min(begin + whole.len());
        let until = until.saturating_sub(begin).max(at);
        let (from, to) = window(whole, at);
        let (lead, tail) = (if from > 0 { "..." } else { "" }, if to < whole.len() { "..." } else { "" });
        let cut = whole[from..to].replace('\t', " ");
        let start = lead.len() + at - from;
        let mut end = lead.len() + until.min(to).max(at) - from;
        if end == start {
            // An empty place still gets its mark, at the end of the line if need be.
            end = start + cut[start - lead.len()..].chars().next().map_or(0, char::len_utf8);
        }
        Piece {
            name: &span.source.name,
            line,
            column,
            cut: from > 0,
            text: format!("{lead}{}{tail}", printable_line(&cut)),
            start,
            end,
        }
    }
}

/// Replaces control characters byte by byte, so that places stay where they are.
fn printable_line(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_control() { '?' } else { c }).collect()
}

/// The byte range of `line` to show around byte `at`.
fn window(line: &str, at: usize) -> (usize, usize) {
    if line.chars().take(LINE + 1).count() <= LINE {
        return (0, line.len());
    }
    let from = line[..at].char_indices().rev().nth(LINE / 3).map_or(0, |(i, _)| i);
    let to = line[from..].char_indices().nth(LINE).map_or(line.len(), |(i, _)| from + i);
    (from, to)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rollcast_scenario::diagnostic::Source;

    use super::*;

    fn shown(text: &str, start: usize, end: usize) -> String {
        let source = Arc::new(Source { name: "a.yaml".into(), text: text.into() });
        let diagnostic = Diagnostic::error("RC101", "unknown key `sise`")
            .at(Span { source, start, end })
            .help("did you mean `size`?");
        anstream::adapter::strip_str(&render(&[diagnostic])).to_string()
    }

    #[test]
    fn a_problem_shows_its_place_and_a_way_out() {
        let text = shown("rings:\n  First: { sise: 4 }\n", 18, 22);
        assert!(text.starts_with("error[RC101]: unknown key `sise`"), "{text}");
        assert!(text.contains("a.yaml:2:12") && text.contains("  First: { sise: 4 }"), "{text}");
        assert!(text.contains("^^^^") && text.contains("help: did you mean `size`?"), "{text}");
    }

    #[test]
    fn long_lines_are_cut_and_ends_are_safe() {
        let long = format!("a: [{}]", "1234567, ".repeat(100_000));
        let text = shown(&long, 450_000, 450_007);
        assert!(text.lines().all(|line| line.chars().count() < 200), "{}", text.len());
        assert!(text.contains("a.yaml:1:450001"));
        for (start, end) in [(0, 0), (4, 4), (9, 99), (99, 100), (2, 1)] {
            assert!(shown("ä: b\nc", start, end).contains("RC101"));
        }
        assert!(shown("", 0, 0).contains("RC101"));
    }
}
