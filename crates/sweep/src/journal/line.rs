//! The lines of a journal: compact JSON whose last field is a checksum of everything before it, so that every cut and
//! every changed byte shows.

use serde::{Deserialize, Serialize};

use crate::{directory, layout::Layout, rows::Played, shard::Shard};

/// The way journals are written; another way gets another name.
pub(crate) const FORMAT: &str = "rollcast-journal-1";

/// What stands between the fields of a line and its checksum.
const BEFORE: &[u8] = b",\"crc\":\"";
/// What stands behind the checksum.
const AFTER: &[u8] = b"\"}";
/// Digits of the checksum.
const DIGITS: usize = 8;

/// The first line of a journal: what the cells below it belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// [`FORMAT`].
    pub(crate) format: String,
    /// Version of the program.
    pub(crate) version: String,
    /// Digest of the layout.
    pub(crate) digest: String,
    /// Checksum of `plan.json` ([`directory::fingerprint`]).
    pub(crate) plan: String,
    /// Cells of the layout.
    pub(crate) cells: u64,
    /// The shard whose cells are here.
    pub(crate) shard: Shard,
}

impl Header {
    /// The header of the journal of a shard.
    pub(crate) fn of(layout: &Layout, shard: Shard) -> Self {
        Header {
            format: FORMAT.into(),
            version: layout.version.clone(),
            digest: layout.digest.clone(),
            plan: directory::fingerprint(layout),
            cells: layout.cells(),
            shard,
        }
    }

    /// The line, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        seal(self)
    }
}

/// What can be said of a header in any format.
#[derive(Debug, Deserialize)]
pub(crate) struct AnyHeader {
    pub(crate) format: String,
}

#[derive(Serialize)]
struct CellRef<'a> {
    cell: u64,
    played: &'a Played,
}

/// A cell as it was read.
#[derive(Debug, Deserialize)]
pub(crate) struct Cell {
    pub(crate) cell: u64,
    pub(crate) played: Played,
}

/// The line of a cell, with its end.
pub(crate) fn cell(cell: u64, played: &Played) -> Vec<u8> {
    if let Played::Rows(rows) = played {
        // JSON has no word for what is not finite: it would be read back as `None`.
        debug_assert!(rows.iter().flat_map(|row| &row.values).flatten().all(|value| value.is_finite()));
    }
    seal(&CellRef { cell, played })
}

fn seal(fields: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(fields).expect("invariant: lines are made of numbers, texts and lists");
    line.pop();
    let sum = crc32fast::hash(&line);
    line.extend_from_slice(BEFORE);
    line.extend_from_slice(format!("{sum:08x}").as_bytes());
    line.extend_from_slice(AFTER);
    line.push(b'\n');
    line
}

/// Reads a line without its end; `None` if it is not as it was written.
pub(crate) fn open<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    let rest = line.strip_suffix(AFTER)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    let fields = rest.strip_suffix(BEFORE)?;
    if format!("{:08x}", crc32fast::hash(fields)).as_bytes() != digits {
        return None;
    }
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rows::Row;

    #[test]
    fn a_changed_byte_shows() {
        let played = Played::Rows(vec![Row { values: vec![Some(0.1), None], ended_early: true }]);
        let mut line = cell(7, &played);
        assert_eq!(line.pop(), Some(b'\n'));
        let back: Cell = open(&line).unwrap();
        assert_eq!((back.cell, back.played), (7, played));
        for at in 0..line.len() {
            for bit in 0..8 {
                line[at] ^= 1 << bit;
                assert!(open::<Cell>(&line).is_none(), "bit {bit} of byte {at}");
                line[at] ^= 1 << bit;
            }
            assert!(open::<Cell>(&line[..at]).is_none(), "cut at {at}");
        }
    }

    proptest! {
        #[test]
        fn numbers_survive_to_the_last_bit(values in prop::collection::vec(
            prop::option::of(any::<f64>().prop_filter("journals hold finite numbers", |value| value.is_finite())), 1..20,
        )) {
            let line = cell(1, &Played::Rows(vec![Row { values: values.clone(), ended_early: false }]));
            let back: Cell = open(&line[..line.len() - 1]).unwrap();
            let Played::Rows(rows) = back.played else { panic!("rows were written") };
            let bits = |values: &[Option<f64>]| values.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>();
            prop_assert_eq!(bits(&rows[0].values), bits(&values));
        }
    }
}
