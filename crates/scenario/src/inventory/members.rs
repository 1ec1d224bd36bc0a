//! Lists of ring members: a CSV with a column `Device ID`, or bare ids, one a line.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Inventory,
    csv::Table,
    derive::{Sample, plural},
    device_key,
    problems::Problems,
};
use crate::diagnostic::{Diagnostic, Severity};

/// The devices that a list names.
#[derive(Clone, Debug)]
pub struct Members {
    /// The list, as the user named it.
    pub path: PathBuf,
    ids: BTreeMap<u64, Box<str>>,
}

/// Reads a list of at most `limit` bytes; answers warnings (repeated ids) beside it.
pub fn members(path: impl AsRef<Path>, limit: u64) -> Result<(Members, Vec<Diagnostic>), Vec<Diagnostic>> {
    let path = path.as_ref();
    let mut table = Table::open(path, limit).map_err(|problem| vec![problem])?;
    let mut problems = Problems::new(&table.name);
    let mut ids: BTreeMap<u64, Box<str>> = BTreeMap::new();
    let column = table.find("Device ID").map_err(|problem| vec![problem])?;
    let cell = match column {
        Some(cell) => cell,
        // A single column without that name is a list without a header.
        None if table.header.iter().skip(1).all(String::is_empty) => {
            let first = table.header[0].clone();
            ids.insert(device_key(&first), first.into());
            0
        }
        None => return Err(vec![table.missing("Device ID")]),
    };
    while let Some(line) = table.next_row(&mut problems) {
        let id = table.cell(cell);
        if id.is_empty() {
            problems.error("RC306", line, Some(cell), || "the Device ID is empty".to_owned());
            continue;
        }
        let key = device_key(id);
        match ids.get(&key) {
            None => {
                ids.insert(key, id.into());
            }
            Some(earlier) if earlier.to_lowercase() == id.to_lowercase() => {
                problems
                    .warning("RC325", line, Some(cell), || format!("the Device ID `{id}` was there before"));
            }
            Some(earlier) => problems.error("RC311", line, Some(cell), || {
                format!("the Device ID `{id}` has the same key as `{earlier}`")
            }),
        }
    }
    let mut found = problems.finish(path, table.separator);
    if ids.is_empty() && found.is_empty() {
        found.push(
            Diagnostic::error("RC301", format!("`{}` has a header and no device", table.name))
                .help("list one Device ID a line"),
        );
    }
    if found.iter().any(|problem| problem.severity == Severity::Error) {
        Err(found)
    } else {
        Ok((Members { path: path.to_owned(), ids }, found))
    }
}

impl Members {
    /// Keys of the devices in ascending order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.ids.keys().copied()
    }

    /// Counts and names the ids that the inventory does not have.
    pub fn unknown(&self, inventory: &Inventory) -> Option<Diagnostic> {
        self.unknown_to(|key| inventory.position(key).is_some())
    }

    /// The same where only the keys of the inventory are at hand.
    pub(crate) fn unknown_to(&self, has: impl Fn(u64) -> bool) -> Option<Diagnostic> {
        let mut unknown = Sample::default();
        self.ids.iter().filter(|(key, _)| !has(**key)).for_each(|(_, id)| unknown.add(id));
        if unknown.count == 0 {
            return None;
        }
        let message = format!(
            "`{}` names {} that the inventory does not have: {}",
            self.path.display(),
            plural(unknown.count, "Device ID"),
            unknown.text()
        );
        Some(
            Diagnostic::warning("RC324", message)
                .help("take ids from the column `Device ID` of the same export; unknown ids are ignored"),
        )
    }
}
