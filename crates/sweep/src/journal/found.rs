//! What was found for each cell and where, in one journal or in many.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{refusal::Refusal, rows::Played};

/// Cells that were found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    cells: Vec<Option<(Played, Place)>>,
    files: Vec<PathBuf>,
    twice: BTreeMap<(u32, u32), u64>,
}

/// A line of a file.
#[derive(Clone, Copy, Debug)]
struct Place {
    file: u32,
    line: u64,
}

/// Cells that are in two journals, or twice in one, with equal rows. They count once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// How many.
    pub cells: u64,
    /// Where they were found first.
    pub first: PathBuf,
    /// Where they were found again.
    pub again: PathBuf,
}

impl std::fmt::Display for Duplicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Duplicate { cells, first, again } = self;
        let (what, once) = match cells {
            1 => ("1 cell is".into(), "it counts once"),
            _ => (format!("{cells} cells are"), "they count once"),
        };
        if first == again {
            write!(f, "{what} twice in `{}`, with equal rows: {once}", first.display())
        } else {
            let (first, again) = (first.display(), again.display());
            write!(f, "{what} in `{first}` and in `{again}`, with equal rows: {once}")
        }
    }
}

impl Found {
    /// From here on, cells come from this file.
    pub(crate) fn file(&mut self, path: &Path) {
        self.files.push(path.to_owned());
    }

    /// Takes a cell from a line of the file at hand. Of rows and a panic the rows count: a panicked cell is played again.
    ///
    /// # Errors
    /// If other rows were found before.
    pub(crate) fn put(&mut self, line: u64, cell: u64, played: Played) -> Result<(), Refusal> {
        let here = Place { file: self.files.len() as u32 - 1, line };
        let at = cell as usize;
        if self.cells.len() <= at {
            self.cells.resize(at + 1, None);
        }
        let slot = &mut self.cells[at];
        match (&*slot, &played) {
            (None | Some((Played::Panicked { .. }, _)), _) => *slot = Some((played, here)),
            (Some(_), Played::Panicked { .. }) => {}
            (Some((Played::Rows(known), there)), Played::Rows(rows)) => {
                // Bits, not values: 0 and -0 are equal and are not the same bytes.
                let same = known.len() == rows.len()
                    && known.iter().zip(rows).all(|(a, b)| {
                        a.ended_early == b.ended_early
                            && a.values.iter().map(bits).eq(b.values.iter().map(bits))
                    });
                if !same {
                    let there = *there;
                    return Err(self.conflict(cell, there, here));
                }
                *self.twice.entry((there.file, here.file)).or_default() += 1;
            }
        }
        Ok(())
    }

    fn conflict(&self, cell: u64, there: Place, here: Place) -> Refusal {
        let place =
            |place: Place| format!("line {} of `{}`", place.line, self.files[place.file as usize].display());
        Refusal::input(
            format!(
                "cell {cell} has other rows on {} than on {}, and the program promises the same",
                place(here),
                place(there)
            ),
            "this is a fault of the program or of a machine: please report it with both files",
        )
    }

    /// What was found twice.
    pub(crate) fn duplicates(&self) -> Vec<Duplicate> {
        let file = |file: u32| self.files[file as usize].clone();
        self.twice
            .iter()
            .map(|(&(first, again), &cells)| Duplicate { cells, first: file(first), again: file(again) })
            .collect()
    }

    /// The cells that were found, in plan order.
    pub(crate) fn into_cells(self) -> impl Iterator<Item = (u64, Played)> {
        (0..).zip(self.cells).filter_map(|(number, found)| Some((number, found?.0)))
    }
}

fn bits(value: &Option<f64>) -> Option<u64> {
    value.map(f64::to_bits)
}
