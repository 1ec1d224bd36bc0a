//! `attributes:` of a scenario: site, role, link, ... from any column by pattern, or from a second CSV.
//!
//! Attributes are derived while rows are read, so that of the columns behind them nothing is kept.
#![expect(clippy::disallowed_types, reason = "maps of many rows that are looked up and never walked")]

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use super::{Dictionary, csv::Table, lookup::Lookup};
use crate::{
    diagnostic::{Diagnostic, Span},
    suggest,
};

/// The value of a device that no pattern and no row of a second CSV speaks of.
pub const UNMATCHED: &str = "unmatched";
/// How many devices or ids a warning names.
const NAMED: usize = 5;

/// How one attribute of every device comes about.
#[derive(Clone, Debug)]
pub struct AttributeRule {
    /// The attribute, e.g. `site`.
    pub name: String,
    /// Where its values come from.
    pub source: AttributeSource,
    /// The rule in the scenario, for messages.
    pub span: Option<Span>,
}

/// The two sources of an attribute.
#[derive(Clone, Debug)]
pub enum AttributeSource {
    /// `{ from: Device name, match: { KRK-*: krakow }, else: munich }`
    Column {
        /// Header of a column of the inventory.
        column: String,
        /// Pattern (`*` any letters, `?` one letter, case does not matter) and value; the first match counts.
        /// Without patterns the cell itself is the value.
        patterns: Vec<(String, String)>,
        /// The value where nothing matches or the cell is empty.
        otherwise: Option<String>,
    },
    /// `{ file: roles.csv, column: Role }`: a second CSV with a column `Device ID`.
    Lookup {
        /// The second CSV, relative to the working directory.
        path: PathBuf,
        /// Header of the column with the values.
        column: String,
        /// The value of devices without a row or with an empty cell.
        otherwise: Option<String>,
    },
}

/// A pattern of letters, `*` and `?`.
#[derive(Clone, Debug)]
pub(super) struct Glob(Vec<char>);

impl Glob {
    pub(super) fn new(pattern: &str) -> Self {
        Self(pattern.trim().chars().flat_map(char::to_lowercase).collect())
    }

    /// True if the whole text (in lower case) matches. Takes at most length times length steps.
    pub(super) fn matches(&self, text: &[char]) -> bool {
        let (mut p, mut t) = (0, 0);
        // Where to go on after a mismatch: behind the last star, one letter further on.
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            match self.0.get(p) {
                Some('*') => {
                    retry = Some((p + 1, t));
                    p += 1;
                }
                Some(&c) if c == '?' || c == text[t] => {
                    p += 1;
                    t += 1;
                }
                _ => match retry {
                    Some((behind, from)) => {
                        retry = Some((behind, from + 1));
                        (p, t) = (behind, from + 1);
                    }
                    None => return false,
                },
            }
        }
        self.0[p..].iter().all(|&c| c == '*')
    }
}

/// Different values in the order they came, with their codes.
///
/// The map is only asked, never walked, so its order cannot reach a result.
#[derive(Debug, Default)]
pub(super) struct Interner {
    values: Vec<Box<str>>,
    codes: HashMap<Box<str>, u16>,
}

impl Interner {
    /// The code of a value; `None` if there are 65 535 others already.
    pub(super) fn code(&mut self, value: &str) -> Option<u16> {
        if let Some(&code) = self.codes.get(value) {
            return Some(code);
        }
        let code = u16::try_from(self.values.len()).ok().filter(|&code| code < u16::MAX)?;
        self.values.push(value.into());
        self.codes.insert(value.into(), code);
        Some(code)
    }

    /// The sorted dictionary, and the new code of each old one.
    pub(super) fn sorted(self) -> (Dictionary, Vec<u16>) {
        let mut order: Vec<u16> = (0..self.values.len() as u16).collect();
        order.sort_by(|&a, &b| self.values[usize::from(a)].cmp(&self.values[usize::from(b)]));
        let mut new = vec![0; order.len()];
        for (at, &old) in (0_u16..).zip(&order) {
            new[usize::from(old)] = at;
        }
        let mut values = self.values;
        values.sort();
        (Dictionary { values }, new)
    }
}

/// A few names for a warning and how many there were; which few does not depend on the order of rows.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) count: u64,
    names: BTreeSet<String>,
}

impl Sample {
    pub(super) fn add(&mut self, name: &str) {
        self.count += 1;
        if self.names.len() < NAMED || self.names.last().is_some_and(|last| name < last.as_str()) {
            self.names.insert(name.to_owned());
            if self.names.len() > NAMED {
                self.names.pop_last();
            }
        }
    }

    /// `` `A`, `B` and 3 more ``
    pub(super) fn text(&self) -> String {
        let names: Vec<&String> = self.names.iter().collect();
        let text = suggest::list(&names, NAMED);
        match self.count.saturating_sub(names.len() as u64) {
            0 => text,
            more => format!("{text} and {more} more"),
        }
    }
}

/// `1 device`, `312 devices`.
pub(super) fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// One rule at work.
#[derive(Debug)]
pub(super) struct Deriver<'r> {
    rule: &'r AttributeRule,
    how: How,
    otherwise: Option<u16>,
    pub(super) values: Interner,
    left_out: Sample,
    full: bool,
}

#[derive(Debug)]
enum How {
    Patterns { cell: usize, patterns: Vec<(Glob, u16)> },
    Itself { cell: usize },
    Lookup(Lookup),
}

impl<'r> Deriver<'r> {
    /// Prepares a rule for a table; reads the second CSV, if any.
    pub(super) fn new(rule: &'r AttributeRule, table: &Table, limit: u64) -> Result<Self, Vec<Diagnostic>> {
        let mut values = Interner::default();
        let intern = |values: &mut Interner, value: &str| {
            values.code(value).expect("invariant: a scenario file is too small for 65 535 values")
        };
        let (how, otherwise) = match &rule.source {
            AttributeSource::Column { column, patterns, otherwise } => {
                let cell = table.need(column).map_err(|problem| vec![problem.at(rule.span.clone())])?;
                let patterns: Vec<_> = patterns
                    .iter()
                    .map(|(pattern, value)| (Glob::new(pattern), intern(&mut values, value)))
                    .collect();
                let how =
                    if patterns.is_empty() { How::Itself { cell } } else { How::Patterns { cell, patterns } };
                (how, otherwise)
            }
            AttributeSource::Lookup { path, column, otherwise } => {
                let lookup = Lookup::read(path, column, rule.span.as_ref(), &mut values, limit)?;
                (How::Lookup(lookup), otherwise)
            }
        };
        let otherwise = otherwise.as_ref().map(|value| intern(&mut values, value));
        Ok(Self { rule, how, otherwise, values, left_out: Sample::default(), full: false })
    }

    /// The value of the device in the row at hand. `letters` is scratch space.
    pub(super) fn code(&mut self, key: u64, table: &Table, name: &str, letters: &mut Vec<char>) -> u16 {
        let found = match &mut self.how {
            How::Patterns { cell, patterns } => {
                letters.clear();
                letters.extend(table.cell(*cell).chars().flat_map(char::to_lowercase));
                patterns.iter().find(|(glob, _)| glob.matches(letters)).map(|&(_, code)| code)
            }
            How::Itself { cell } => match table.cell(*cell) {
                "" => None,
                text => {
                    let code = self.values.code(text);
                    self.full |= code.is_none();
                    Some(code.unwrap_or(0))
                }
            },
            How::Lookup(lookup) => lookup.code(key),
        };
        found.or(self.otherwise).unwrap_or_else(|| {
            self.left_out.add(name);
            let code = self.values.code(UNMATCHED);
            self.full |= code.is_none();
            code.unwrap_or(0)
        })
    }

    /// What the planner should know; an error only if the attribute has too many values.
    pub(super) fn findings(&self) -> Vec<Diagnostic> {
        let name = &self.rule.name;
        let mut all = Vec::new();
        if self.full {
            all.push(
                Diagnostic::error(
                    "RC312",
                    format!("attribute `{name}` has more than 65 535 different values"),
                )
                .help("group the values with `match:`"),
            );
        }
        if self.left_out.count > 0 {
            let devices = plural(self.left_out.count, "device");
            let names = self.left_out.text();
            all.push(match &self.how {
                How::Lookup(Lookup { path, .. }) => Diagnostic::warning(
                    "RC321",
                    format!(
                        "attribute `{name}`: `{}` has no value for {devices}, set to `{UNMATCHED}`: {names}",
                        path.display()
                    ),
                )
                .help("add their rows, or an `else:` with a value for the rest"),
                How::Itself { .. } => Diagnostic::warning(
                    "RC320",
                    format!(
                        "attribute `{name}`: the cell of {devices} is empty, set to `{UNMATCHED}`: {names}"
                    ),
                )
                .help("add an `else:` with a value for them"),
                How::Patterns { .. } => Diagnostic::warning(
                    "RC320",
                    format!("attribute `{name}`: {devices} match no pattern, set to `{UNMATCHED}`: {names}"),
                )
                .help("add a pattern to `match:`, or an `else:` with a value for the rest"),
            });
        }
        if let How::Lookup(lookup) = &self.how {
            let unknown = lookup.unknown();
            if unknown.count > 0 {
                let message = format!(
                    "attribute `{name}`: `{}` names {} that the inventory does not have: {}",
                    lookup.path.display(),
                    plural(unknown.count, "Device ID"),
                    unknown.text()
                );
                all.push(
                    Diagnostic::warning("RC322", message)
                        .help("export both lists on the same day; the unknown ids are ignored"),
                );
            }
        }
        all.into_iter().map(|problem| problem.at(self.rule.span.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).matches(&text.to_lowercase().chars().collect::<Vec<_>>())
    }

    #[test]
    fn globs() {
        assert!(matches("KRK-*", "krk-0001"));
        assert!(matches("*", ""));
        assert!(matches("*-lt-*", "KRK-LT-7"));
        assert!(matches("K?K*7", "KRK-77"));
        assert!(matches("MÜN*", "mün-1"));
        assert!(!matches("KRK-*", "MUC-KRK-1"));
        assert!(!matches("", "x"));
        assert!(!matches("a?", "a"));
        // Many stars must not take exponential time.
        assert!(!matches(&format!("{}c", "a*".repeat(50)), &"a".repeat(2_000)));
    }

    #[test]
    fn dictionaries_do_not_depend_on_order() {
        let of = |words: &[&str]| {
            let mut interner = Interner::default();
            let codes: Vec<_> = words.iter().map(|word| interner.code(word).unwrap()).collect();
            let (dictionary, new) = interner.sorted();
            for (word, code) in words.iter().zip(codes) {
                assert_eq!(dictionary.value(new[usize::from(code)]), *word);
                assert_eq!(dictionary.code(word), Some(new[usize::from(code)]));
            }
            dictionary
        };
        assert_eq!(of(&["b", "a", "c", "a"]), of(&["c", "a", "b"]));
    }

    #[test]
    fn a_dictionary_is_full_at_65_535() {
        let mut interner = Interner::default();
        assert!((0..65_535).all(|n| interner.code(&n.to_string()).is_some()));
        assert_eq!(interner.code("one more"), None);
        assert_eq!(interner.code("7"), Some(7));
    }

    #[test]
    fn samples_do_not_depend_on_order() {
        let mut one = Sample::default();
        let mut two = Sample::default();
        (0..9).for_each(|n| one.add(&format!("d{n}")));
        (0..9).rev().for_each(|n| two.add(&format!("d{n}")));
        assert_eq!(one.text(), "`d0`, `d1`, `d2`, `d3`, `d4` and 4 more");
        assert_eq!(one.text(), two.text());
    }
}
