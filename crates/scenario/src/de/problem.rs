//! The error that travels through serde: a diagnostic, and the node that is to be struck out.

use std::fmt;

use serde::de;

use super::{Here, Run, address};
use crate::{
    diagnostic::{Diagnostic, Span},
    node::{Node, head},
    scalar::{ScalarError, shorten},
    suggest,
};

/// Why a reading ended. Serde makes it without a place; the innermost node on its way out gives it one.
#[derive(Debug)]
pub struct Problem {
    /// Address of the node to strike out.
    pub(super) node: Option<usize>,
    /// `None` when it only follows from a problem that is noted already.
    pub(super) diagnostic: Option<Box<Diagnostic>>,
    /// The required key that is missing, if that is the problem.
    missing: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(diagnostic: Diagnostic) -> Self {
        Problem { node: None, diagnostic: Some(Box::new(diagnostic)), missing: None }
    }

    /// A consequence of something already noted.
    pub(super) fn silent() -> Self {
        Problem { node: None, diagnostic: None, missing: None }
    }

    /// Pins the problem to a node, and to `span` unless it has a place already.
    pub(super) fn pin(mut self, here: Here<'_, '_>, span: impl FnOnce() -> Span) -> Self {
        if self.node.is_some() {
            return self;
        }
        self.node = Some(address(here.node));
        if let Some(field) = self.missing.take() {
            self.diagnostic = missing(here, field).map(Box::new);
        }
        if let Some(diagnostic) = &mut self.diagnostic
            && diagnostic.span.is_none()
        {
            diagnostic.span = Some(span());
        }
        self
    }

    /// Pins the problem to the node's own text. What a type says of a value of which a part was struck out may
    /// be wrong, so it is not reported.
    pub(super) fn pin_here(mut self, here: Here<'_, '_>) -> Self {
        if self.node.is_none() && incomplete(here) {
            self.diagnostic = None;
        }
        self.pin(here, || head(&here.node.span))
    }
}

/// Whether anything inside the node was struck out.
fn incomplete(here: Here<'_, '_>) -> bool {
    fn inside(node: &Node, run: &Run) -> bool {
        let gone = |child: &Node| run.is_struck(child) || inside(child, run);
        node.items().iter().any(gone) || node.entries().iter().any(|entry| gone(&entry.value))
    }
    !here.run.struck.borrow().is_empty() && inside(here.node, here.run)
}

/// What is said of a missing key; nothing when its value was struck out or its misspelling noted.
fn missing(here: Here<'_, '_>, field: &str) -> Option<Diagnostic> {
    let struck = |entry: &&crate::node::Entry| entry.key == field && here.run.is_struck(&entry.value);
    let excused = here.run.excused.borrow();
    let excused = excused.get(&address(here.node)).is_some_and(|keys| keys.iter().any(|key| key == field));
    if excused || here.node.entries().iter().find(struck).is_some() {
        return None;
    }
    let (place, span) = match here.entry {
        Some(entry) => (format!("`{}` lacks", shorten(&entry.key)), entry.key_span.clone()),
        None => ("the map lacks".to_owned(), head(&here.node.span)),
    };
    Some(
        Diagnostic::error("RC103", format!("{place} the key `{field}`"))
            .at(span)
            .help(format!("add `{field}: ...`")),
    )
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.diagnostic {
            Some(diagnostic) => f.write_str(&diagnostic.message),
            None => f.write_str("follows from another problem"),
        }
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // A scalar's error carries its code and help through serde in its alternate form.
        let text = format!("{message:#}");
        Problem::new(match ScalarError::decode(&text) {
            Some(error) => error.diagnostic(),
            None => Diagnostic::error("RC199", text),
        })
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Problem::new(Diagnostic::error("RC104", format!("{unexpected} stands where {expected} is wanted")))
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Problem::new(Diagnostic::error("RC108", format!("{unexpected} stands where {expected} is wanted")))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Problem::new(Diagnostic::error("RC104", format!("{length} items stand where {expected} is wanted")))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let help = match suggest::did_you_mean(variant, expected) {
            Some(near) => format!("did you mean `{near}`? the choices are {}", suggest::list(expected, 20)),
            None => format!("the choices are {}", suggest::list(expected, 20)),
        };
        Problem::new(
            Diagnostic::error("RC107", format!("`{}` is none of the choices", shorten(variant))).help(help),
        )
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let help = match suggest::did_you_mean(field, expected) {
            Some(near) => format!("did you mean `{near}`? the keys here are {}", suggest::list(expected, 30)),
            None if expected.is_empty() => "no keys are wanted here".to_owned(),
            None => format!("the keys here are {}", suggest::list(expected, 30)),
        };
        Problem::new(Diagnostic::error("RC101", format!("unknown key `{}`", shorten(field))).help(help))
    }

    fn missing_field(field: &'static str) -> Self {
        Problem { node: None, diagnostic: None, missing: Some(field) }
    }
}
