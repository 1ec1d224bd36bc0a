//! What was measured: one row for each run.

use serde::{Deserialize, Serialize};

use crate::layout::Layout;

/// What a cell gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Played {
    /// One row for each of its replications, in order.
    Rows(Vec<Row>),
    /// It panicked: a fault of the program. The sweep went on without it.
    Panicked {
        /// What it said.
        message: String,
        /// The command that plays it again.
        replay: String,
    },
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// A value for each column of the layout; `None` is 'never' for times and 'undefined' for shares of nobody.
    pub values: Vec<Option<f64>>,
    /// True if it ended at its limit of decisions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended_early: bool,
}

/// Results of a study, by cell.
#[derive(Clone, Debug)]
pub struct Results {
    cells: Vec<Option<Played>>,
    /// By point: replications from this one on are not part of the study.
    ends: Vec<u32>,
}

impl Results {
    /// Nothing played yet.
    pub fn new(layout: &Layout) -> Self {
        Results { cells: vec![None; layout.cells() as usize], ends: vec![u32::MAX; layout.points.len()] }
    }

    /// Says that replications of a point end before this one, where runs went on until something was known.
    pub fn set_end(&mut self, point: usize, end: u32) {
        self.ends[point] = end;
    }

    /// Replications of a point from this one on are not part of the study.
    pub fn end(&self, point: usize) -> u32 {
        self.ends[point]
    }

    /// How many rows there are.
    pub fn runs(&self) -> u64 {
        let rows = |played: &Played| match played {
            Played::Rows(rows) => rows.len() as u64,
            Played::Panicked { .. } => 0,
        };
        self.cells.iter().flatten().map(rows).sum()
    }

    /// Puts what a cell gave.
    pub fn put(&mut self, cell: u64, played: Played) {
        self.cells[cell as usize] = Some(played);
    }

    /// What a cell gave, if it was played.
    pub fn cell(&self, cell: u64) -> Option<&Played> {
        self.cells[cell as usize].as_ref()
    }

    /// Numbers of the cells that have not been played, in plan order.
    pub fn missing(&self) -> impl Iterator<Item = u64> {
        (0..).zip(&self.cells).filter(|(_, cell)| cell.is_none()).map(|(number, _)| number)
    }
}
