//! Results as files that other programs read: one row for each run, in plan order.
//!
//! Columns: `strategy`; one for each axis; `member` and `weight` if there is a release bank; `replication`;
//! `ended_early`; one for each metric. Whatever is 'never' or 'undefined' is an empty field in CSV and null elsewhere.
//! Cells that panicked have no rows. Equal results give equal bytes.

use std::{collections::BTreeSet, fmt, io, path::Path, str::FromStr};

use crate::{
    layout::{AxisUnit, CellId, Layout, Value},
    refusal::Refusal,
    rows::{Played, Results, Row},
    whole,
};

mod csv;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod sensitivity;

/// A way to write results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180, UTF-8, lines end with a line feed).
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet; only where the crate is built with its feature `parquet`.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::Csv, Format::Jsonl, Format::Parquet];

    /// The name of the file in the directory of a sweep.
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Csv => "results.csv",
            Format::Jsonl => "results.jsonl",
            Format::Parquet => "results.parquet",
        }
    }

    /// Refuses what this build cannot write, before anything is played for it.
    ///
    /// # Errors
    /// For Parquet without the feature `parquet`.
    pub fn check(self) -> Result<(), Refusal> {
        if self == Format::Parquet && cfg!(not(feature = "parquet")) {
            return Err(Refusal::input(
                "this program was built without Parquet",
                "build it with `--features parquet`, or write CSV or JSON Lines",
            ));
        }
        Ok(())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
            Format::Parquet => "parquet",
        })
    }
}

impl FromStr for Format {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Format::ALL.into_iter().find(|format| format.to_string() == text).ok_or_else(|| {
            Refusal::input(
                format!("`{text}` is not a format of results"),
                "write `csv`, `jsonl` or `parquet`",
            )
        })
    }
}

/// Writes the results of a layout to a file that appears whole or not at all, and says how many rows it has. Cells that
/// were not played have no rows either: whoever wants complete results looks at [`Results::missing`] first.
///
/// # Errors
/// If the file cannot be written, or for a format that this build does not have.
pub fn write(format: Format, layout: &Layout, results: &Results, path: &Path) -> Result<u64, Refusal> {
    format.check()?;
    let table = Table::new(layout, results);
    whole::write(path, |out| match format {
        Format::Csv => csv::write(&table, out),
        Format::Jsonl => jsonl::write(&table, out),
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet::write(&table, out),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => unreachable!("it was refused above"),
    })?;
    Ok(table.runs().count() as u64)
}

/// The file that says which settings matter.
pub const SENSITIVITY: &str = "sensitivity.csv";

/// Writes what the results say about the axes, for every column, to a file that appears whole or not at all.
///
/// # Errors
/// If the file cannot be written.
pub fn write_sensitivity(layout: &Layout, results: &Results, path: &Path) -> Result<(), Refusal> {
    whole::write(path, |out| sensitivity::write(layout, results, out))
}

/// Writes the results of a layout as CSV to wherever they are wanted.
///
/// # Errors
/// What the destination says.
pub fn write_csv(layout: &Layout, results: &Results, out: &mut dyn io::Write) -> io::Result<()> {
    csv::write(&Table::new(layout, results), out)
}

/// Results as a table.
#[derive(Debug)]
struct Table<'a> {
    layout: &'a Layout,
    results: &'a Results,
    columns: Vec<Column>,
}

/// A column of the table.
#[derive(Debug)]
struct Column {
    /// Its name. No two are the same, not even for programs that ignore the case.
    name: String,
    /// Where its fields come from.
    source: Source,
    /// What its fields are.
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Strategy,
    Axis(usize),
    Member,
    Weight,
    Replication,
    EndedEarly,
    Metric(usize),
}

/// What the fields of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Text, or never.
    Text,
    /// A number, or never.
    Number,
    /// A whole number.
    Whole,
    /// True or false.
    Flag,
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Field<'a> {
    Text(&'a str),
    Number(f64),
    Whole(u32),
    Flag(bool),
    Never,
}

/// One row.
#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    cell: CellId,
    replication: u32,
    row: &'a Row,
}

impl<'a> Table<'a> {
    fn new(layout: &'a Layout, results: &'a Results) -> Self {
        let mut columns = Vec::new();
        let mut names = BTreeSet::new();
        let mut add = |name: &str, source, kind| {
            let mut unique = name.to_owned();
            let mut count = 1;
            while !names.insert(unique.to_lowercase()) {
                count += 1;
                unique = format!("{name} ({count})");
            }
            columns.push(Column { name: unique, source, kind });
        };
        add("strategy", Source::Strategy, Kind::Text);
        for (at, axis) in layout.axes.iter().enumerate() {
            let kind = if axis.unit == AxisUnit::Text { Kind::Text } else { Kind::Number };
            add(&axis.name, Source::Axis(at), kind);
        }
        if layout.members.len() > 1 || layout.members.iter().any(|member| !member.name.is_empty()) {
            add("member", Source::Member, Kind::Text);
            add("weight", Source::Weight, Kind::Number);
        }
        add("replication", Source::Replication, Kind::Whole);
        add("ended_early", Source::EndedEarly, Kind::Flag);
        for (at, metric) in layout.columns.iter().enumerate() {
            add(&metric.name, Source::Metric(at), Kind::Number);
        }
        Table { layout, results, columns }
    }

    /// The rows, in plan order.
    fn runs(&self) -> impl Iterator<Item = Run<'a>> {
        let (layout, results) = (self.layout, self.results);
        (0..layout.cells()).flat_map(move |number| {
            let rows: &[Row] = match results.cell(number) {
                Some(Played::Rows(rows)) => rows,
                Some(Played::Panicked { .. }) | None => &[],
            };
            let cell = layout.cell(number);
            (cell.first..).zip(rows).map(move |(replication, row)| Run { cell, replication, row })
        })
    }

    /// What a row has in a column.
    fn field(&self, run: Run<'a>, column: &Column) -> Field<'a> {
        let number = |number: Option<f64>| number.map_or(Field::Never, Field::Number);
        let point = &self.layout.points[run.cell.point];
        let member = &self.layout.members[run.cell.member];
        match column.source {
            Source::Strategy => Field::Text(&point.strategy),
            Source::Axis(at) => match (&point.values[at], column.kind) {
                (Some(Value::Number(value)), Kind::Number) => Field::Number(*value),
                (Some(Value::Text(text)), Kind::Text) => Field::Text(text),
                (None, _) => Field::Never,
                (Some(other), _) => {
                    unreachable!("invariant: an axis has one kind, and {other:?} is of another")
                }
            },
            Source::Member => Field::Text(&member.name),
            Source::Weight => Field::Number(member.weight),
            Source::Replication => Field::Whole(run.replication),
            Source::EndedEarly => Field::Flag(run.row.ended_early),
            Source::Metric(at) => number(run.row.values[at]),
        }
    }
}

/// A number in the shortest form that gives it back, and one that no program takes for a whole number: `5.0`, `1e300`.
fn shortest(number: f64) -> String {
    serde_json::Number::from_f64(number).map_or_else(String::new, |number| number.to_string())
}
