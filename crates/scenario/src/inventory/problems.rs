//! What is wrong with the rows of one file: every problem counted, the first of each kind named.

use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

use super::text;
use crate::diagnostic::{Diagnostic, Severity, Source, Span};

/// How many rows of each kind of problem are named before `and 312 more`.
pub const PER_KIND: usize = 20;
/// A file up to this size is read again to show the line itself; of larger ones the line number must do.
const SNIPPET_BYTES: u64 = 16 << 20;

/// Problems of one file, by code.
#[derive(Debug)]
pub(super) struct Problems {
    name: String,
    kinds: BTreeMap<(Severity, &'static str), Kind>,
}

#[derive(Debug, Default)]
struct Kind {
    count: u64,
    first: Vec<Found>,
}

#[derive(Debug)]
struct Found {
    line: u64,
    cell: Option<usize>,
    message: String,
}

impl Problems {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), kinds: BTreeMap::new() }
    }

    /// Notes an error; the message is made only if it will be shown.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        line: u64,
        cell: Option<usize>,
        message: impl FnOnce() -> String,
    ) {
        self.note(Severity::Error, code, line, cell, message);
    }

    /// The same for a warning.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        line: u64,
        cell: Option<usize>,
        message: impl FnOnce() -> String,
    ) {
        self.note(Severity::Warning, code, line, cell, message);
    }

    fn note(
        &mut self,
        severity: Severity,
        code: &'static str,
        line: u64,
        cell: Option<usize>,
        message: impl FnOnce() -> String,
    ) {
        let kind = self.kinds.entry((severity, code)).or_default();
        kind.count += 1;
        if kind.first.len() < PER_KIND {
            kind.first.push(Found { line, cell, message: message() });
        }
    }

    /// True if an error was noted.
    pub(super) fn failed(&self) -> bool {
        self.kinds.keys().any(|(severity, _)| *severity == Severity::Error)
    }

    /// All of them as diagnostics, kind by kind.
    pub(super) fn finish(self, path: &Path, separator: u8) -> Vec<Diagnostic> {
        if self.kinds.is_empty() {
            return Vec::new();
        }
        let source =
            text::whole(path, SNIPPET_BYTES).map(|text| Arc::new(Source { name: self.name.clone(), text }));
        let starts: Vec<usize> = source.as_ref().map_or_else(Vec::new, |source| {
            std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect()
        });
        let mut all = Vec::new();
        for ((severity, code), kind) in self.kinds {
            let make = |message: String| Diagnostic { severity, ..Diagnostic::error(code, message) };
            let shown = kind.first.len() as u64;
            for found in kind.first {
                let span = source.as_ref().and_then(|source| {
                    let start = *starts.get(usize::try_from(found.line).ok()?.checked_sub(1)?)?;
                    let part = part(&source.text[start..], separator, found.cell);
                    Some(Span {
                        source: Arc::clone(source),
                        start: start + part.start,
                        end: start + part.end,
                    })
                });
                let message = format!("`{}` line {}: {}", self.name, found.line, found.message);
                all.push(Diagnostic { help: help(code).map(str::to_owned), ..make(message).at(span) });
            }
            if kind.count > shown {
                all.push(make(format!("`{}`: and {} more of this kind", self.name, kind.count - shown)));
            }
        }
        all
    }
}

/// The way out that fits every row of a kind.
fn help(code: &str) -> Option<&'static str> {
    Some(match code {
        "RC304" => "put cells that contain the separator in double quotes, or export the list again",
        "RC305" => "close the quote; a quote inside a quoted cell is written twice (`\"\"`)",
        "RC306" => "every device needs its Device ID: export the list again or delete the row",
        "RC307" => "save the file as `CSV UTF-8`, or export the list again and do not edit it",
        "RC308" => {
            "storage is a number of MB such as `45120` or `45120.5`, without a unit; leave the cell empty if unknown"
        }
        "RC309" => {
            "write `2026-10-30 08:15:42`, `2026-10-30T08:15:42Z` or `10/30/2026 8:15:42 AM` (month first)"
        }
        "RC310" => "keep one row of each device, the one with the newest check-in",
        "RC311" => {
            "change one of the ids in this file by adding a letter; a device's key is a 64-bit hash of its id"
        }
        "RC325" => "the device is counted once; delete the repetition",
        _ => return None,
    })
}

/// Byte range of a cell (or of the whole row) in a text that begins with the row.
fn part(text: &str, separator: u8, cell: Option<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let line_end = bytes.iter().position(|&b| b == b'\n').unwrap_or(bytes.len());
    let line_end = if line_end > 0 && bytes[line_end - 1] == b'\r' { line_end - 1 } else { line_end };
    let Some(wanted) = cell else { return 0..line_end };
    let (mut at, mut start, mut quoted) = (0, 0, false);
    for (position, &byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ if byte == separator || byte == b'\n' => {
                if at == wanted {
                    let end = if byte == b'\n' { position.min(line_end.max(start)) } else { position };
                    return start..end;
                }
                if byte == b'\n' {
                    break;
                }
                at += 1;
                start = position + 1;
            }
            _ => {}
        }
    }
    if at == wanted { start..bytes.len() } else { 0..line_end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found() {
        let text = "a,\"b, \"\"c\",dd\r\nnext,row\n";
        assert_eq!(&text[part(text, b',', Some(0))], "a");
        assert_eq!(&text[part(text, b',', Some(1))], "\"b, \"\"c\"");
        assert_eq!(&text[part(text, b',', Some(2))], "dd");
        assert_eq!(&text[part(text, b',', None)], "a,\"b, \"\"c\",dd");
        assert_eq!(part(text, b',', Some(9)), part(text, b',', None));
        assert_eq!(&"a,b"[part("a,b", b',', Some(1))], "b");
        assert_eq!(part("", b',', Some(0)), 0..0);
        assert_eq!(part("\n", b',', Some(0)), 0..0);
    }

    #[test]
    fn every_kind_has_its_own_limit() {
        let mut problems = Problems::new("x.csv");
        for line in 2..334 {
            problems.error("RC306", line, None, || "no id".to_owned());
        }
        problems.warning("RC325", 5, None, || "again".to_owned());
        assert!(problems.failed());
        let all = problems.finish(Path::new("does-not-exist.csv"), b',');
        assert_eq!(all.len(), PER_KIND + 2);
        assert_eq!(all[0].message, "`x.csv` line 2: no id");
        assert_eq!(all[PER_KIND].message, "`x.csv`: and 312 more of this kind");
        assert_eq!(all[PER_KIND + 1].severity, Severity::Warning);
    }
}
