//! Reading a journal, whole or not.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use super::{
    found::Found,
    line::{self, AnyHeader, Cell, FORMAT, Header},
};
use crate::{layout::Layout, ranges, refusal::Refusal, rows::Played, shard::Shard};

/// A journal whose first line was read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    path: &'a Path,
    file: BufReader<&'a File>,
    /// Bytes up to the end of the last whole line.
    whole: u64,
}

/// What stands on the first line.
#[derive(Debug)]
pub(crate) enum First {
    /// The header.
    Header(Header),
    /// The beginning of a line: the sweep was ended before it was written. There are no cells.
    Cut(Vec<u8>),
}

/// How a journal ends.
#[derive(Debug)]
pub(crate) struct End {
    /// Bytes up to the end of the last whole line; what is behind them was cut in the middle.
    pub(crate) whole: u64,
    /// What to tell.
    pub(crate) notes: Vec<String>,
}

/// Why a journal is not that of a shard of a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// It was written by this version.
    Version(String),
    /// This is the digest of its plan.
    Digest(String),
    /// It belongs to this shard.
    Shard(Shard),
    /// The digests are equal, and yet the plans are not.
    Plan,
}

impl Header {
    /// Compares with the header that is expected.
    pub(crate) fn check(&self, expected: &Header) -> Result<(), Mismatch> {
        if self.version != expected.version {
            Err(Mismatch::Version(self.version.clone()))
        } else if self.digest != expected.digest {
            Err(Mismatch::Digest(self.digest.clone()))
        } else if self.shard != expected.shard {
            Err(Mismatch::Shard(self.shard))
        } else if self != expected {
            Err(Mismatch::Plan)
        } else {
            Ok(())
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads the first line.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or is not that of a journal that this program knows.
    pub(crate) fn new(path: &'a Path, file: &'a File) -> Result<(Self, First), Refusal> {
        let mut reader = Reader { path, file: BufReader::with_capacity(1 << 18, file), whole: 0 };
        let mut first = Vec::new();
        if !reader.next(&mut first)? {
            return Ok((reader, First::Cut(first)));
        }
        let known: Option<AnyHeader> = line::open(&first);
        if let Some(AnyHeader { format }) = known.filter(|header| header.format != FORMAT) {
            return Err(Refusal::input(
                format!("`{}` is written as {format}, and this program knows {FORMAT}", path.display()),
                "go on with the version that wrote it",
            ));
        }
        match line::open(&first) {
            Some(header) => Ok((reader, First::Header(header))),
            None => Err(damaged(path)),
        }
    }

    /// Reads the cells. A damaged line is left out with a note, and so is one that does not fit the layout.
    ///
    /// # Errors
    /// If the file cannot be read, or [`Found::put`] refuses a cell.
    pub(crate) fn cells(mut self, layout: &Layout, shard: Shard, found: &mut Found) -> Result<End, Refusal> {
        found.file(self.path);
        let mut notes = Vec::new();
        let mut damaged = Vec::new();
        let mut text = Vec::new();
        let mut number = 1;
        while self.next(&mut text)? {
            number += 1;
            match line::open::<Cell>(&text).filter(|cell| fits(cell, layout, shard)) {
                Some(Cell { cell, played }) => found.put(number, cell, played)?,
                None => damaged.push(number),
            }
        }
        let path = self.path.display();
        match damaged.len() {
            0 => {}
            1 => notes.push(format!("line {} of `{path}` is damaged: its cell does not count", damaged[0])),
            _ => {
                let lines = ranges::words(&damaged, 1);
                notes.push(format!("lines {lines} of `{path}` are damaged: their cells do not count"));
            }
        }
        if !text.is_empty() {
            notes.push(format!("the last line of `{path}` was cut in the middle: its cell does not count"));
        }
        Ok(End { whole: self.whole, notes })
    }

    /// Reads the next line, without its end; false if there is no whole one, with what there is.
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Refusal> {
        text.clear();
        self.file.read_until(b'\n', text).map_err(|error| Refusal::io("read", self.path, &error))?;
        let length = text.len() as u64;
        let whole = text.pop_if(|last| *last == b'\n').is_some();
        if whole {
            self.whole += length;
        }
        Ok(whole)
    }
}

/// Says that the first line is damaged.
pub(crate) fn damaged(path: &Path) -> Refusal {
    Refusal::input(
        format!(
            "the first line of `{}` is damaged, so nobody knows what its cells belong to",
            path.display()
        ),
        "move the file away: its cells are then missing and can be played again",
    )
}

fn fits(cell: &Cell, layout: &Layout, shard: Shard) -> bool {
    if cell.cell >= layout.cells() || !shard.holds(cell.cell) {
        return false;
    }
    match &cell.played {
        Played::Rows(rows) => {
            rows.len() == layout.cell(cell.cell).runs as usize
                && rows.iter().all(|row| row.values.len() == layout.columns.len())
        }
        Played::Panicked { .. } => true,
    }
}
