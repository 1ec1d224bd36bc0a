//! What is wrong with an input, said to a planner: code, place, sentence, way out.
//!
//! The crate collects every problem of a file before it answers; rendering (snippets, JSON) is the
//! caller's business, so nothing here knows about terminals.

use std::{fmt, sync::Arc};

/// One source text (a scenario, a CSV, a `--set` value) that diagnostics point into.
#[derive(Debug)]
pub struct Source {
    /// The name as the user wrote it, e.g. `scenarios/contoso.yaml` or `--set`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A byte range in a [`Source`].
#[derive(Clone, Debug)]
pub struct Span {
    /// The text pointed into.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// Line and column (both from 1, column in characters) of the first byte.
    pub fn line_column(&self) -> (usize, usize) {
        let upto = &self.source.text[..self.source.text.floor_char_boundary(self.start)];
        let line = upto.bytes().filter(|&b| b == b'\n').count() + 1;
        let column = upto.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

/// How bad it is: an error refuses the scenario, a warning is printed and the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario is not played.
    Error,
    /// Worth knowing; the scenario is played.
    Warning,
}

/// One problem. `message` and `help` are sentences in lower case without a final dot; literals are in
/// backticks.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// Stable code, e.g. `RC012` (docs/errors.md lists them all).
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong and why.
    pub message: String,
    /// Where; `None` only when there is no text to point at (a file that cannot be opened).
    pub span: Option<Span>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error without a place or help yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), span: None, help: None }
    }

    /// A warning without a place or help yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// The same, pointing at `span`.
    pub fn at(mut self, span: impl Into<Option<Span>>) -> Self {
        self.span = span.into();
        self
    }

    /// The same, with a way out.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{severity}[{}]: {}", self.code, self.message)?;
        if let Some(span) = &self.span {
            let (line, column) = span.line_column();
            write!(f, "\n  --> {}:{line}:{column}", span.source.name)?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}
