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

/// What is needed of a row only until the rows are known to be unique.
struct Seen {
    /// A second hash, which tells the same id from another id with the same key.
    check: u32,
    line: u32,
}

/// Positions of rows by rising key, of one key in the order of the file: (upper half of the key, position). The
/// halves keep the sort within short records; a million rows take 8 MB of them.
type ByKey = Vec<(u32, u32)>;

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
        seen.push(Seen { check: check(id), line: u32::try_from(line).unwrap_or(u32::MAX) });
        let name = places.name.map_or("", |at| table.cell(at));
        let name = if name.is_empty() { id } else { name };
        derived.extend(derivers.iter_mut().map(|deriver| deriver.code(key, &table, name, &mut letters)));
    }
    let mut order = by_key(&rows);
    let same = order.chunk_by(|a, b| a.0 == b.0 && rows[a.1 as usize].key == rows[b.1 as usize].key);
    let of = |&(_, at): &(u32, u32)| (seen[at as usize].check, seen[at as usize].line);
    note_twins(same, of, places.id, &mut problems);
    drop(seen);

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
    rearrange(&mut rows, &mut derived, &mut order);
    drop(order);
    let inventory = assemble(rows, derived, interners, &places, rules, values);
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
pub(super) fn check(id: &str) -> u32 {
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

fn by_key(rows: &[Row]) -> ByKey {
    let mut order: ByKey = rows.iter().zip(0_u32..).map(|(row, at)| ((row.key >> 32) as u32, at)).collect();
    order.sort_unstable();
    for equal in order.chunk_by_mut(|a, b| a.0 == b.0).filter(|equal| equal.len() > 1) {
        equal.sort_unstable_by_key(|&(_, at)| (rows[at as usize].key, at));
    }
    order
}

/// Notes every row whose key was there before. `groups` are the rows of equal keys by line, `of` gives [`check`] and line
/// of a row.
pub(super) fn note_twins<'a, T: 'a>(
    groups: impl Iterator<Item = &'a [T]>,
    of: impl Fn(&T) -> (u32, u32),
    cell: usize,
    problems: &mut Problems,
) {
    let mut twins: Vec<(u32, u32, bool)> = Vec::new();
    for group in groups.filter(|group| group.len() > 1) {
        for at in 1..group.len() {
            let (wanted, line) = of(&group[at]);
            let same = group[..at].iter().map(&of).find(|earlier| earlier.0 == wanted);
            twins.push((line, same.unwrap_or(of(&group[0])).1, same.is_some()));
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

/// Puts rows and their derived codes into `order`, in place: a copy would double the memory of the loader.
fn rearrange(rows: &mut [Row], derived: &mut [u16], order: &mut ByKey) {
    let width = derived.len().checked_div(rows.len()).unwrap_or(0);
    let mut codes = Vec::with_capacity(width);
    for first in 0..rows.len() {
        // Along the cycle that begins here; a place that has its row points to itself.
        let (mut to, row) = (first, rows[first]);
        codes.clear();
        codes.extend_from_slice(&derived[first * width..(first + 1) * width]);
        loop {
            let from = std::mem::replace(&mut order[to].1, to as u32) as usize;
            if from == first {
                rows[to] = row;
                derived[to * width..(to + 1) * width].copy_from_slice(&codes);
                break;
            }
            rows[to] = rows[from];
            derived.copy_within(from * width..(from + 1) * width, to * width);
            to = from;
        }
    }
}

/// Puts dictionaries into the order of their values; the rows are in that of their keys.
fn assemble(
    mut rows: Vec<Row>,
    mut derived: Vec<u16>,
    interners: [Interner; Column::ALL.len()],
    places: &Places,
    rules: &[AttributeRule],
    values: Vec<Interner>,
) -> Inventory {
    let (dictionaries, columns): (Vec<Dictionary>, Vec<Vec<u16>>) =
        interners.into_iter().map(Interner::sorted).unzip();
    let (words, attributes): (Vec<Dictionary>, Vec<Vec<u16>>) =
        values.into_iter().map(Interner::sorted).unzip();
    let renew = |codes: &mut [u16], all: &[Vec<u16>]| {
        codes.iter_mut().zip(all).for_each(|(code, new)| *code = new[usize::from(*code)]);
    };
    rows.iter_mut().for_each(|row| renew(&mut row.codes, &columns));
    derived.chunks_exact_mut(attributes.len().max(1)).for_each(|codes| renew(codes, &attributes));
    Inventory {
        rows,
        dictionaries,
        present: places.kept.map(|place| place.is_some()),
        attributes: rules.iter().map(|rule| rule.name.clone()).zip(words).collect(),
        codes: derived,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: u64) -> Row {
        let codes = std::array::from_fn(|_| key as u16);
        Row { key, last_check_in_s: NEVER, free_storage_mb: UNKNOWN_MB, codes, no_serial: false }
    }

    #[test]
    fn rows_and_their_attributes_get_into_the_order_of_keys() {
        for width in [0, 1, 3] {
            // One key a row, some of them with equal upper halves.
            let keys: Vec<u64> = (0..1_000_u64).map(|i| (i * 7_919 % 1_000) | (i * 31 % 50) << 32).collect();
            let mut rows: Vec<Row> = keys.iter().copied().map(row).collect();
            let mut derived: Vec<u16> = keys.iter().flat_map(|&key| vec![key as u16; width]).collect();
            let mut order = by_key(&rows);
            rearrange(&mut rows, &mut derived, &mut order);
            let mut sorted = keys;
            sorted.sort_unstable();
            assert!(rows.iter().map(|row| row.key).eq(sorted.iter().copied()));
            assert!(rows.iter().all(|row| row.codes[3] == row.key as u16));
            assert!(derived.iter().copied().eq(sorted.iter().flat_map(|&key| vec![key as u16; width])));
        }
    }

    #[test]
    fn twins_and_collisions_are_told_apart() {
        // Key, check, line; keys that differ in one half only are two.
        let all: [(u64, u32, u32); 5] = [(1, 1, 2), (2, 1, 3), (1, 2, 5), (1 << 32, 1, 6), (1, 1, 9)];
        let rows: Vec<Row> = all.iter().map(|one| row(one.0)).collect();
        let order = by_key(&rows);
        let of = |&(_, at): &(u32, u32)| (all[at as usize].1, all[at as usize].2);
        let same = order.chunk_by(|a, b| rows[a.1 as usize].key == rows[b.1 as usize].key);
        let mut problems = Problems::new("x.csv");
        note_twins(same, of, 0, &mut problems);
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
