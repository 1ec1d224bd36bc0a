//! What every part of the compiler shares: places for messages, the calendar's span, files read.

use std::path::{Path, PathBuf};

use rollcast_core::{family::Family, quantile::Quantile, time::SimTime};

use crate::{
    calendar::Epoch,
    diagnostic::{Diagnostic, Span},
    digest::Content,
    layers::{Layered, Origin},
    node::Value,
    path, read,
    scalar::Duration,
    suggest,
};

/// Largest file of values or members that a scenario names.
const MAX_FILE_BYTES: u64 = 64 << 20;

pub(super) struct Cx<'a> {
    pub(super) layered: &'a Layered,
    pub(super) dir: &'a Path,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) files: Vec<(String, Content)>,
    pub(super) epoch: Epoch,
    /// Calendars cover these seconds.
    pub(super) span: (SimTime, SimTime),
    /// Tables that were made before: sites and habits share most of their distributions.
    families: Vec<(Family, Quantile)>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(layered: &'a Layered, dir: &'a Path) -> Self {
        Cx {
            layered,
            dir,
            problems: Vec::new(),
            files: Vec::new(),
            epoch: Epoch { unix_s: 0 },
            span: (SimTime(0), SimTime(0)),
            families: Vec::new(),
        }
    }

    /// The place of the value at a path, or of its nearest parent. What stands only in a profile or in the
    /// defaults is placed where the scenario names its service, or at its begin.
    pub(super) fn place(&self, path: &str) -> Span {
        let span = self.layered.root.locate(path);
        if self.layered.is_typed(&span) { span } else { self.layered.root.locate("service") }
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.place(path);
        self.problems.push(Diagnostic::error(code, message).at(span).help(help));
    }

    /// Something that must be said and is not: one of `keys` of the value at `path` (without keys the value
    /// itself). One that stands there and could not be read has been reported.
    pub(super) fn missing(
        &mut self,
        code: &'static str,
        path: &str,
        keys: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if !self.stands(path, keys) {
            self.error(code, path, message, help);
        }
    }

    /// True if one of `keys` of the value at `path` (without keys the value itself) stands in the scenario, be
    /// it readable or not.
    pub(super) fn stands(&self, path: &str, keys: &[&str]) -> bool {
        let root = &self.layered.root;
        // A key above it that has no value has been reported, and lacks everything.
        let above = path::split(path).unwrap_or_default();
        let bare = |depth| root.at(&path::join(&above[..depth])).is_some_and(|n| n.value == Value::Null);
        if (1..=above.len()).any(bare) {
            return true;
        }
        if keys.is_empty() {
            return root.at(path).is_some();
        }
        // A parent that is no map has been reported too.
        let parent = root.at(path);
        parent
            .is_some_and(|p| !matches!(p.value, Value::Map(_)) || keys.iter().any(|key| p.get(key).is_some()))
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let span = self.place(path);
        self.problems.push(Diagnostic::warning(code, message).at(span).help(help));
    }

    /// Takes over what reading a named file found; what has no place of its own is placed where it is named.
    pub(super) fn found_in_file(&mut self, path: &str, found: impl IntoIterator<Item = Diagnostic>) {
        let span = self.place(path);
        let placed = |problem: Diagnostic| {
            if problem.span.is_some() { problem } else { problem.at(span.clone()) }
        };
        self.problems.extend(found.into_iter().map(placed));
    }

    /// An unknown name, with the ones there are.
    pub(super) fn unknown(
        &mut self,
        code: &'static str,
        path: &str,
        what: &str,
        name: &str,
        known: &[String],
    ) {
        let help = suggest::way_out(name, known, &format!("the scenario has no {what}"));
        self.error(code, path, format!("`{name}` is no {what} of this scenario"), help);
    }

    /// The same for a member (its map and what it is) that may stand there without having been readable.
    pub(super) fn unknown_unless_unread(
        &mut self,
        code: &'static str,
        path: &str,
        (map, what): (&str, &str),
        name: &str,
        known: &[String],
    ) {
        if !self.stands(map, &[name]) {
            self.unknown(code, path, what, name, known);
        }
    }

    /// True if somebody wrote the value at this path, in the file or by `--set`.
    pub(super) fn written(&self, keys: &[&str]) -> bool {
        let keys: Vec<String> = keys.iter().map(|k| (*k).to_owned()).collect();
        self.layered.root.at(&path::join(&keys)).is_some()
            && matches!(self.layered.origin(&keys), Origin::File { .. } | Origin::Set | Origin::Plan { .. })
    }

    /// Seconds of a duration that must be at least `least_s`. One that could not be read has been reported.
    pub(super) fn positive(&mut self, path: &str, duration: Option<Duration>, least_s: i64) -> i64 {
        let Some(seconds) = duration.map(Duration::seconds) else { return least_s };
        if seconds < least_s {
            let least = Duration::from_seconds(least_s);
            let message =
                format!("`{path}` is {}, and at least {least} makes sense", Duration::from_seconds(seconds));
            self.error("RC212", path, message, format!("write `{least}` or more"));
        }
        seconds.max(least_s)
    }

    /// A named distribution as a table; an equal one is made once.
    pub(super) fn family(&mut self, family: Family) -> Quantile {
        if let Some((_, known)) = self.families.iter().find(|(known, _)| *known == family) {
            return known.clone();
        }
        let made = Quantile::family(family);
        self.families.push((family, made.clone()));
        made
    }

    /// A file of the scenario, relative to it.
    pub(super) fn file(&self, name: &Path) -> PathBuf {
        self.dir.join(name)
    }

    /// The bytes of a small file that the scenario names, kept for the digest.
    pub(super) fn read_small(&mut self, at: &str, name: &str) -> Option<Vec<u8>> {
        match read::read_bytes(self.file(Path::new(name)), MAX_FILE_BYTES) {
            Ok(bytes) => {
                self.files.push((name.to_owned(), Content::Bytes(bytes.clone())));
                Some(bytes)
            }
            Err(problem) => {
                let span = self.place(at);
                self.problems.push(problem.at(span));
                None
            }
        }
    }
}

/// `rings.First.size` with names quoted where they must be.
pub(super) fn at(keys: &[&str]) -> String {
    path::join(keys)
}
