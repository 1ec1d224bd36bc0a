//! What a study consists of: its points, members, columns and cells, in plan order. Written to `plan.json`, it is
//! all that is needed to read results; its digest ties journals and shards to it.

use serde::{Deserialize, Serialize};

/// Replications of a cell: enough that the work of a cell outweighs its line in the journal, few enough that little is
/// lost with it.
pub const BLOCK: u32 = 25;

/// What a study consists of. Equal layouts give equal rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// Version of the program: results of two versions are never mixed.
    pub version: String,
    /// SHA-256 of everything that the results depend on.
    pub digest: String,
    /// The seed that all points share.
    pub seed: u64,
    /// How many replications in a row share one draw of the uncertain settings.
    #[serde(default = "alone", skip_serializing_if = "is_alone")]
    pub together: u32,
    /// The axes, in the order of the plan.
    pub axes: Vec<Axis>,
    /// Which combinations of the axes there are; `None` without axes.
    #[serde(default)]
    pub design: Option<Design>,
    /// What is measured in a run.
    pub columns: Vec<Column>,
    /// The points, in plan order.
    pub points: Vec<Point>,
    /// The members of the release bank; without a bank one member of weight 1 and no name.
    pub members: Vec<Member>,
}

fn alone() -> u32 {
    1
}

fn is_alone(together: &u32) -> bool {
    *together == 1
}

/// Which combinations of the axes are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// All of them, less those that break a condition.
    Grid,
    /// A base, and each other value of one axis with the base of the others.
    OneAtATime,
    /// Points that fill the cube of the axes.
    Cube,
    /// Rows of points for the shares of the axes in the variance (`design::rows`). Each point has luck of its own.
    Indices,
}

/// One axis: a scalar of the scenario that is varied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Its path, or the name of a choice of blocks.
    pub name: String,
    /// What its numbers are: `number`, `share` (0 to 1), `hours`, or `text`.
    pub unit: AxisUnit,
    /// The position of the axis that this one is an offset of. Values of points are sums, as they are set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plus: Option<usize>,
}

/// What the values of an axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AxisUnit {
    /// Plain numbers.
    Number,
    /// Shares from 0 to 1.
    Share,
    /// Hours.
    Hours,
    /// Anything else, as it was typed.
    Text,
}

/// The value of a point on an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number in the unit of the axis.
    Number(f64),
    /// A text.
    Text(String),
}

/// A strategy with one value on each axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The strategy.
    pub strategy: String,
    /// Its value on each axis; `None` for a strategy that the axes do not vary.
    pub values: Vec<Option<Value>>,
    /// What plays it alone: the words behind `rollcast run`, without seed and replication.
    pub replay: Vec<String>,
}

/// A member of the release bank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name; empty where there is no bank.
    pub name: String,
    /// Its share of all releases; the weights of a study sum to 1.
    pub weight: f64,
    /// How often each point is played against it.
    pub runs: u32,
}

/// Something that is measured in each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The metric (docs/metrics.md), with ` in RING` and ` of RELEASE` where it is not the fleet or there are several
    /// releases; `goal: TEXT` for a goal (1 held, 0 missed).
    pub name: String,
    /// The unit as in docs/metrics.md: `count`, `share`, `hours`, `days`, `device-days`, `device-hours`, `bytes`, `money`.
    pub unit: String,
    /// True if less is better.
    pub lower_is_better: bool,
    /// What stands for 'never' in a restricted mean: the end of the watch, in the column's unit.
    pub limit: Option<f64>,
}

/// Which cell of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellId {
    /// Position in [`Layout::points`].
    pub point: usize,
    /// Position in [`Layout::members`].
    pub member: usize,
    /// Its first replication.
    pub first: u32,
    /// How many replications it has.
    pub runs: u32,
}

impl Layout {
    /// How many cells there are. Cells are numbered from 0: by point, then by member, then by block of [`BLOCK`]
    /// replications.
    pub fn cells(&self) -> u64 {
        self.points.len() as u64 * self.blocks()
    }

    /// Cells of one point.
    fn blocks(&self) -> u64 {
        self.members.iter().map(|member| u64::from(member.runs.div_ceil(BLOCK))).sum()
    }

    /// Runs of all cells.
    pub fn runs(&self) -> u64 {
        self.points.len() as u64 * self.members.iter().map(|member| u64::from(member.runs)).sum::<u64>()
    }

    /// Where the replications of a point with a member begin. Runs with equal numbers have equal luck, so they begin at 0
    /// for all where points are compared, and one after the other's end where their luck must be independent: over the
    /// members as well, or what members have in common would not average out.
    fn first_replication(&self, point: usize, member: usize) -> u32 {
        let own = self.design == Some(Design::Indices);
        let runs = |members: &[Member]| members.iter().map(|member| member.runs).sum::<u32>();
        if own { point as u32 * runs(&self.members) + runs(&self.members[..member]) } else { 0 }
    }

    /// The cell of a number below [`Layout::cells`].
    pub fn cell(&self, number: u64) -> CellId {
        let point = (number / self.blocks()) as usize;
        let mut block = number % self.blocks();
        for (member, of) in self.members.iter().enumerate() {
            let blocks = u64::from(of.runs.div_ceil(BLOCK));
            if block < blocks {
                let within = block as u32 * BLOCK;
                let first = self.first_replication(point, member) + within;
                return CellId { point, member, first, runs: BLOCK.min(of.runs - within) };
            }
            block -= blocks;
        }
        unreachable!("the remainder is below the sum of the blocks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three points against two members.
    fn layout(design: Option<Design>) -> Layout {
        let member = |runs| Member { name: String::new(), weight: 0.5, runs };
        let point = || Point { strategy: "a".into(), values: vec![], replay: vec![] };
        Layout {
            version: String::new(),
            digest: String::new(),
            seed: 1,
            together: 1,
            axes: vec![],
            design,
            columns: vec![],
            points: vec![point(), point(), point()],
            members: vec![member(60), member(25)],
        }
    }

    #[test]
    fn cells_cover_every_run_once_in_plan_order() {
        let layout = layout(Some(Design::Grid));
        assert_eq!((layout.cells(), layout.runs()), (3 * 4, 3 * 85));
        let mut expected = Vec::new();
        for point in 0..3 {
            for (member, runs) in [(0, 60), (1, 25)] {
                expected.extend((0..runs).map(|run| (point, member, run)));
            }
        }
        let of_cell = |number| {
            let cell = layout.cell(number);
            (cell.first..cell.first + cell.runs).map(move |run| (cell.point, cell.member, run))
        };
        assert_eq!((0..layout.cells()).flat_map(of_cell).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn luck_of_their_own_is_a_number_that_no_other_run_has() {
        let layout = layout(Some(Design::Indices));
        let of_cell = |number| {
            let cell = layout.cell(number);
            cell.first..cell.first + cell.runs
        };
        let found: Vec<u32> = (0..layout.cells()).flat_map(of_cell).collect();
        assert_eq!(found, (0..layout.runs() as u32).collect::<Vec<_>>());
    }
}
