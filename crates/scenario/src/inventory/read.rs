//! From the rows of an export to an [`Inventory`].

use std::path::Path;

use super::{
    AttributeRule, Column, Dictionary, Inventory, NEVER, Row, UNKNOWN_MB, checks,
    csv::{Table, megabytes_per_unit},
    dates,
    derive::{Deriver, Interner},
    device_key,
    problems::Problems,
};
use crate::diagnostic::{Diagnostic, Severity};

/// Where the columns of this file are.
struct Places {
    id: usize,
    name: Option<usize>,
    serial: Option<usize>,
    check_in: Option<usize>,
    free: Option<usize>,
    kept: [Option<usize>; Column::ALL.len()],
}

/// What is needed only until the rows are known to be unique.
struct Seen {
    key: u64,
    /// A second hash, which tells the same id from another id with the same key.
    check: u32,
    line: u32,
    row: u32,
}

pub(super) fn inventory(
    path: &Path,
    rules: &[AttributeRule],
    limit: u64,
) -> Result<(Inventory, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut table = Table::open(path, limit).map_err(|problem| vec![problem])?;
    let (places, mut derivers) = prepare(&table, rules, limit)?;
    let per_unit = places.free.map_or(1.0, |at| megabytes_per_unit(&table.header[at]));

    let mut problems = Problems::new(&table.name);
    let mut interners: [Interner; Column::ALL.len()] = Default::default();
    let mut full = [false; Column::ALL.len()];
    let mut rows: Vec<Row> = Vec::new();
    let mut derived: Vec<u16> = Vec::new();
    let mut seen: Vec<Seen> = Vec::new();
    let mut letters = Vec::new();
    let mut data_rows = 0_u64;
    while let Some(line) = table.next_row(&mut problems) {
        data_rows += 1;
        let id = table.cell(places.id);
        if id.is_empty() {
            problems.error("RC306", line, Some(places.id), || "the Device ID is empty".to_owned());
            continue;
        }
        let key = device_key(id);
        let codes = std::array::from_fn(|column| {
            let text = places.kept[column].map_or("", |at| table.cell(at));
            let code = interners[column].code(text);
            full[column] |= code.is_none();
            code.unwrap_or(0)
        });
        rows.push(Row {
            key,
            last_check_in_s: check_in(&table, places.check_in, line, &mut problems),
            free_storage_mb: storage(&table, places.free, per_unit, line, &mut problems),
            codes,
            no_serial: places.serial.is_some_and(|at| table.cell(at).is_empty()),
        });
        seen.push(Seen {
            key,
            check: check(id),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            row: u32::try_from(rows.len() - 1).unwrap_or(u32::MAX),
        });
        let name = places.name.map_or("", |at| table.cell(at));
        let name = if name.is_empty() { id } else { name };
        derived.extend(derivers.iter_mut().map(|deriver| deriver.code(key, &table, name, &mut letters)));
    }
    seen.sort_unstable_by_key(|seen| (seen.key, seen.line));
    note_twins(&seen, places.id, &mut problems);

    let failed = problems.failed();
    let mut found = problems.finish(path, table.separator);
    if data_rows == 0 && !failed {
        found.push(
            Diagnostic::error("RC301", format!("`{}` has a header and no device", table.name))
                .help("export the devices again, without a filter: Devices > All devices > Export"),
        );
    }
    for column in Column::ALL.into_iter().filter(|&column| full[column as usize]) {
        let message =
            format!("`{}`: column `{}` has more than 65 535 different values", table.name, column.header());
        found.push(Diagnostic::error("RC312", message).help("is this the right column? look at the header"));
    }
    if found.is_empty() {
        // Of a broken file, counts of devices would mislead.
        found.extend(derivers.iter().flat_map(Deriver::findings));
    }
    if found.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(found);
    }

    let values = derivers.into_iter().map(|deriver| deriver.values).collect();
    let inventory = assemble(rows, derived, &seen, interners, &places, rules, values);
    found.extend(checks::unknown_values(&inventory, &table.name));
    Ok((inventory, found))
}

fn prepare<'r>(
    table: &Table,
    rules: &'r [AttributeRule],
    limit: u64,
) -> Result<(Places, Vec<Deriver<'r>>), Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut optional = |column: &str| {
        table.find(column).unwrap_or_else(|problem| {
            found.push(problem);
            None
        })
    };
    let name = optional("Device name");
    let serial = optional("Serial number");
    let check_in = optional("Last check-in");
    let free = optional("Free storage");
    let kept = Column::ALL.map(|column| optional(column.header()));
    let id = table.need("Device ID").unwrap_or_else(|problem| {
        found.insert(0, problem);
        0
    });
    let mut derivers = Vec::new();
    for rule in rules {
        match Deriver::new(rule, table, limit) {
            Ok(deriver) => derivers.push(deriver),
            Err(problems) => found.extend(problems),
        }
    }
    if found.is_empty() {
        Ok((Places { id, name, serial, check_in, free, kept }, derivers))
    } else {
        Err(found)
    }
}

fn check_in(table: &Table, place: Option<usize>, line: u64, problems: &mut Problems) -> i64 {
    let Some(at) = place else { return NEVER };
    let text = table.cell(at);
    dates::unix_seconds(text)
        .unwrap_or_else(|()| {
            problems.error("RC309", line, place, || {
                format!("column `{}`: `{}` is not a date", table.header[at], short(text))
            });
            None
        })
        .unwrap_or(NEVER)
}

fn storage(table: &Table, place: Option<usize>, per_unit: f64, line: u64, problems: &mut Problems) -> u32 {
    let Some(at) = place else { return UNKNOWN_MB };
    let text = table.cell(at);
    if text.is_empty() {
        return UNKNOWN_MB;
    }
    // `parse` alone would take `inf`, `nan` and signs.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.parse::<f64>() {
        Ok(amount) if plain => (amount * per_unit).min(f64::from(UNKNOWN_MB - 1)) as u32,
        _ => {
            problems.error("RC308", line, place, || {
                format!("column `{}`: `{}` is not a number", table.header[at], short(text))
            });
            UNKNOWN_MB
        }
    }
}

/// A cell for a message.
fn short(text: &str) -> String {
    if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text.to_owned() }
}

/// A 32-bit hash of an id that has nothing to do with [`device_key`].
fn check(id: &str) -> u32 {
    let fold = |bytes: &mut dyn Iterator<Item = u8>| {
        bytes.fold(0x9E37_79B9_u32, |hash, byte| {
            (hash.rotate_left(5) ^ u32::from(byte)).wrapping_mul(0x85EB_CA6B)
        })
    };
    if id.is_ascii() {
        fold(&mut id.bytes().map(|byte| byte.to_ascii_lowercase()))
    } else {
        fold(&mut id.to_lowercase().bytes())
    }
}

/// Notes every row whose key was there before; `seen` is sorted by key and line.
fn note_twins(seen: &[Seen], cell: usize, problems: &mut Problems) {
    let mut twins: Vec<(u32, u32, bool)> = Vec::new();
    for group in seen.chunk_by(|a, b| a.key == b.key).filter(|group| group.len() > 1) {
        for (at, later) in group.iter().enumerate().skip(1) {
            let same = group[..at].iter().find(|earlier| earlier.check == later.check);
            twins.push((later.line, same.unwrap_or(&group[0]).line, same.is_some()));
        }
    }
    twins.sort_unstable();
    for (line, earlier, same) in twins {
        if same {
            problems.error("RC310", line.into(), Some(cell), || {
                format!("the same Device ID as in line {earlier}")
            });
        } else {
            problems.error("RC311", line.into(), Some(cell), || {
                format!("this Device ID and the one in line {earlier} have the same 64-bit key")
            });
        }
    }
}

/// Puts devices in the order of their keys and dictionaries in the order of their values.
fn assemble(
    rows: Vec<Row>,
    derived: Vec<u16>,
    seen: &[Seen],
    interners: [Interner; Column::ALL.len()],
    places: &Places,
    rules: &[AttributeRule],
    values: Vec<Interner>,
) -> Inventory {
    let (dictionaries, columns): (Vec<Dictionary>, Vec<Vec<u16>>) =
        interners.into_iter().map(Interner::sorted).unzip();
    let (words, attributes): (Vec<Dictionary>, Vec<Vec<u16>>) =
        values.into_iter().map(Interner::sorted).unzip();
    let width = attributes.len();
    let sorted = seen
        .iter()
        .map(|seen| {
            let mut row = rows[seen.row as usize];
            for (code, new) in row.codes.iter_mut().zip(&columns) {
                *code = new[usize::from(*code)];
            }
            row
        })
        .collect();
    let mut codes = Vec::with_capacity(derived.len());
    for seen in seen {
        let from = seen.row as usize * width;
        codes.extend(
            derived[from..from + width].iter().zip(&attributes).map(|(&old, new)| new[usize::from(old)]),
        );
    }
    Inventory {
        rows: sorted,
        dictionaries,
        present: places.kept.map(|place| place.is_some()),
        attributes: rules.iter().map(|rule| rule.name.clone()).zip(words).collect(),
        codes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_and_collisions_are_told_apart() {
        let seen = |key, check, line| Seen { key, check, line, row: 0 };
        let rows = [seen(1, 1, 2), seen(1, 2, 5), seen(1, 1, 9), seen(2, 1, 3)];
        let mut problems = Problems::new("x.csv");
        note_twins(&rows, 0, &mut problems);
        let all: Vec<_> =
            problems.finish(Path::new("none"), b',').into_iter().map(|p| (p.code, p.message)).collect();
        assert_eq!(all[0], ("RC310", "`x.csv` line 9: the same Device ID as in line 2".to_owned()));
        assert_eq!(all[1].0, "RC311");
        assert!(all[1].1.contains("line 5") && all[1].1.contains("line 2"));
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn checks_ignore_case() {
        assert_eq!(check("ABC-é"), check("abc-É"));
        assert_eq!(check("ABC"), check("abc"));
        assert_ne!(check("abc"), check("acb"));
    }
}
