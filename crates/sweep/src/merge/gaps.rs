//! What is missing, by shard.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{layout::Layout, ranges, shard::Shard};

/// Cells of a shard that no journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The shard; the whole sweep where the journals are not all of the same number of shards.
    pub shard: Shard,
    /// How many cells the shard has.
    pub of: u64,
    /// Those that are missing, in plan order.
    pub cells: Vec<u64>,
}

impl Gap {
    /// The missing cells as stretches: first, last. Within a stretch each cell of the shard is missing.
    pub fn stretches(&self) -> Vec<(u64, u64)> {
        ranges::stretches(&self.cells, self.step())
    }

    /// From a cell of the shard to its next.
    fn step(&self) -> u64 {
        u64::from(self.shard.of())
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gap { shard, of, cells } = self;
        let whose = if shard.is_whole() { "the sweep".into() } else { format!("shard {shard}") };
        if cells.len() as u64 == *of {
            return write!(f, "of {whose} none of {of} cells is there");
        }
        let are = if cells.len() == 1 { "is" } else { "are" };
        let which = ranges::words(cells, self.step());
        write!(f, "of {whose} {} of {of} cells {are} missing: {which}", cells.len())
    }
}

/// Groups missing cells by the shards that the sweep was shared out to.
pub(super) fn find(missing: &[u64], layout: &Layout, there: &BTreeSet<Shard>) -> Vec<Gap> {
    let parts: BTreeSet<u32> = there.iter().map(|shard| shard.of()).collect();
    let of = if parts.len() == 1 { parts.first().copied().unwrap_or(1) } else { 1 };
    let mut gaps: BTreeMap<Shard, Vec<u64>> = BTreeMap::new();
    for &cell in missing {
        gaps.entry(Shard::of_cell(cell, of)).or_default().push(cell);
    }
    gaps.into_iter().map(|(shard, cells)| Gap { shard, of: shard.count(layout), cells }).collect()
}
