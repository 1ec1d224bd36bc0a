//! A second CSV with a value for each device, by Device ID.
//!
//! It may be as long as the inventory, so of a row only the key and the code of its value are kept: 16 bytes. Ids that
//! the inventory does not have are named from the file, which is read once more for that.

use std::path::{Path, PathBuf};

use super::{
    csv::Table,
    derive::{Interner, Sample},
    device_key,
    problems::Problems,
    read::{check, note_twins},
};
use crate::diagnostic::{Diagnostic, Span};

/// The values of a second CSV.
#[derive(Debug)]
pub(super) struct Lookup {
    /// The file.
    pub(super) path: PathBuf,
    limit: u64,
    /// By key.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: u64,
    code: Option<u16>,
    used: bool,
}

/// What is needed of a row until the rows are known to be unique.
struct Typed {
    key: u64,
    check: u32,
    line: u32,
    code: Option<u16>,
}

impl Lookup {
    /// Reads the file of a rule that stands at `span`.
    pub(super) fn read(
        path: &Path,
        column: &str,
        span: Option<&Span>,
        values: &mut Interner,
        limit: u64,
    ) -> Result<Self, Vec<Diagnostic>> {
        let at_rule = |problem: Diagnostic| {
            let place = problem.span.clone().or_else(|| span.cloned());
            problem.at(place)
        };
        let mut table = Table::open(path, limit).map_err(|problem| vec![at_rule(problem)])?;
        let (id, value) = match (table.need("Device ID"), table.need(column)) {
            (Ok(id), Ok(value)) => (id, value),
            (id, value) => {
                return Err([id, value].into_iter().filter_map(Result::err).map(at_rule).collect());
            }
        };
        let mut problems = Problems::new(&table.name);
        let mut typed: Vec<Typed> = Vec::new();
        let mut full = false;
        while let Some(line) = table.next_row(&mut problems) {
            let text = table.cell(id);
            if text.is_empty() {
                problems.error("RC306", line, Some(id), || "the Device ID is empty".to_owned());
                continue;
            }
            let cell = table.cell(value);
            let code = if cell.is_empty() { None } else { values.code(cell) };
            full |= code.is_none() && !cell.is_empty();
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            typed.push(Typed { key: device_key(text), check: check(text), line, code });
        }
        typed.sort_unstable_by_key(|one| (one.key, one.line));
        let same = typed.chunk_by(|a, b| a.key == b.key);
        note_twins(same, |one| (one.check, one.line), id, &mut problems);
        let failed = problems.failed();
        let mut all = problems.finish(path, table.separator);
        if full {
            let message =
                format!("`{}`: column `{column}` has more than 65 535 different values", table.name);
            all.push(at_rule(Diagnostic::error("RC312", message).help("group the values in that file")));
        }
        if typed.is_empty() && !failed {
            let message = format!("`{}` has a header and no row", table.name);
            all.push(at_rule(Diagnostic::error("RC301", message).help("export the list again")));
        }
        if !all.is_empty() {
            return Err(all);
        }
        let entries = typed.into_iter().map(|one| Entry { key: one.key, code: one.code, used: false });
        Ok(Self { path: path.to_owned(), limit, entries: entries.collect() })
    }

    /// The value of a device; `None` if the file has none.
    pub(super) fn code(&mut self, key: u64) -> Option<u16> {
        let at = self.entries.binary_search_by_key(&key, |entry| entry.key).ok()?;
        self.entries[at].used = true;
        self.entries[at].code
    }

    /// The ids that nobody asked for.
    pub(super) fn unknown(&self) -> Sample {
        let mut unknown = Sample::default();
        if self.entries.iter().any(|entry| !entry.used) {
            self.name(&mut unknown);
            // What the file said when it was read, should it have changed.
            unknown.count = self.entries.iter().filter(|entry| !entry.used).count() as u64;
        }
        unknown
    }

    fn name(&self, unknown: &mut Sample) {
        let Ok(mut table) = Table::open(&self.path, self.limit) else { return };
        let Ok(id) = table.need("Device ID") else { return };
        let mut problems = Problems::new(&table.name);
        while table.next_row(&mut problems).is_some() {
            let text = table.cell(id);
            let found = self.entries.binary_search_by_key(&device_key(text), |entry| entry.key);
            if found.is_ok_and(|at| !self.entries[at].used) {
                unknown.add(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_small_and_ids_are_told_from_the_file() {
        assert!(size_of::<Entry>() <= 16);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let read = |text: &str, values: &mut Interner| {
            std::fs::write(&path, text).unwrap();
            Lookup::read(&path, "Floor", None, values, 1 << 20)
        };
        let mut values = Interner::default();
        let mut lookup = read("Device ID,Floor\nB,2\na,1\nc,\nD,1\n", &mut values).unwrap();
        let code = |value: &str, values: &mut Interner| values.code(value);
        assert_eq!(lookup.code(device_key("A")), code("1", &mut values));
        assert_eq!(lookup.code(device_key("b")), code("2", &mut values));
        assert_eq!(lookup.code(device_key("x")), None);
        assert_eq!(lookup.unknown().text(), "`D`, `c`");
        assert_eq!((lookup.code(device_key("c")), lookup.code(device_key("d"))), (None, Some(1)));
        assert_eq!(lookup.unknown().count, 0);
        let twice = read("Device ID,Floor\na,2\nb,1\nA,3\n", &mut values).unwrap_err();
        assert_eq!((twice.len(), twice[0].code), (1, "RC310"));
        assert!(
            twice[0].message.ends_with("line 4: the same Device ID as in line 2"),
            "{}",
            twice[0].message
        );
    }
}
