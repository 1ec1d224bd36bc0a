//! A part of a sweep, for one of several machines.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{layout::Layout, refusal::Refusal};

/// Part `I` of `N`, written `I/N`. All parts together cover every cell exactly once; neighbouring cells go to different
/// parts, since they tend to cost the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    of: u32,
    index: u32,
}

impl Shard {
    /// The whole sweep: part 1 of 1.
    pub const WHOLE: Shard = Shard { of: 1, index: 1 };

    /// Part `index` (from 1) of `of`; `None` if there is no such part.
    pub fn new(index: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&index).then_some(Shard { of, index })
    }

    /// Which part it is, from 1.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many parts there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// True if it is all there is.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// Which of `of` parts (at least 1) a cell belongs to.
    pub fn of_cell(cell: u64, of: u32) -> Self {
        Shard { of, index: (cell % u64::from(of)) as u32 + 1 }
    }

    /// True if a cell belongs to it.
    pub fn holds(self, cell: u64) -> bool {
        Shard::of_cell(cell, self.of) == self
    }

    /// Its cells, in plan order.
    pub fn cells(self, layout: &Layout) -> impl Iterator<Item = u64> + use<> {
        (u64::from(self.index - 1)..layout.cells()).step_by(self.of as usize)
    }

    /// How many cells it has.
    pub fn count(self, layout: &Layout) -> u64 {
        (layout.cells() + u64::from(self.of - self.index)) / u64::from(self.of)
    }
}

impl FromStr for Shard {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        // Digits alone: what `parse` takes besides them (`+3`) would be printed differently.
        let number = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()
        };
        text.split_once('/').and_then(|(index, of)| Shard::new(number(index)?, number(of)?)).ok_or_else(
            || {
                Refusal::input(
                    format!("`{text}` is not a shard"),
                    "write `I/N` with I from 1 to N, for example `3/16`",
                )
            },
        )
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{BLOCK, Member, Point};

    fn layout(points: usize, blocks: u32) -> Layout {
        let point = Point { strategy: "a".into(), values: vec![], replay: vec![] };
        Layout {
            version: String::new(),
            digest: String::new(),
            seed: 1,
            together: 1,
            axes: vec![],
            design: None,
            columns: vec![],
            points: vec![point; points],
            members: vec![Member { name: String::new(), weight: 1.0, runs: blocks * BLOCK }],
        }
    }

    proptest! {
        #[test]
        fn shards_cover_every_cell_once_and_evenly(points in 1_usize..40, blocks in 1_u32..9, of in 1_u32..60) {
            let layout = layout(points, blocks);
            let shards: Vec<Shard> = (1..=of).map(|index| Shard::new(index, of).unwrap()).collect();
            let mut cells = Vec::new();
            for shard in &shards {
                let own: Vec<u64> = shard.cells(&layout).collect();
                prop_assert_eq!(own.len() as u64, shard.count(&layout));
                prop_assert!(own.iter().all(|&cell| shard.holds(cell)));
                prop_assert!(own.len() as u64 >= layout.cells() / u64::from(of));
                prop_assert!(own.len() as u64 <= layout.cells().div_ceil(u64::from(of)));
                cells.extend(own);
            }
            cells.sort_unstable();
            prop_assert_eq!(cells, (0..layout.cells()).collect::<Vec<_>>());
        }

        #[test]
        fn what_is_printed_is_read(index in 1_u32.., more in 0_u32..1000) {
            if let Some(shard) = Shard::new(index, index.saturating_add(more)) {
                prop_assert_eq!(shard.to_string().parse::<Shard>(), Ok(shard));
            }
        }
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        for text in [
            "0/4",
            "5/4",
            "x",
            "",
            "/",
            "1/",
            "/4",
            "1/4/4",
            "-1/4",
            "+1/4",
            "1 /4",
            "1/0",
            "0/0",
            "1/4294967296",
        ] {
            let refusal = text.parse::<Shard>().unwrap_err();
            assert!(refusal.message.contains(&format!("`{text}`")), "{refusal}");
        }
        assert_eq!("3/16".parse(), Ok(Shard::new(3, 16).unwrap()));
    }
}
