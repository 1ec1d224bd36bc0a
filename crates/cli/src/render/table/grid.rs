//! Rows and columns as text: names to the left, numbers to the right.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

/// Which way a column leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lean {
    Left,
    Right,
}

/// A table under construction.
pub(crate) struct Grid {
    table: Table,
    lean: Vec<Lean>,
}

impl Grid {
    /// A table with these headings; numbers lean right.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Lean)>) -> Self {
        let (headings, lean): (Vec<&str>, Vec<Lean>) = columns.into_iter().unzip();
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(headings.into_iter().map(clean).collect::<Vec<_>>());
        Grid { table, lean }
    }

    /// Adds a row; a cell may have several lines.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(cells.into_iter().map(|cell| clean(&cell)).collect::<Vec<_>>());
    }

    /// The lines, indented by two.
    pub(crate) fn lines(mut self) -> String {
        for (column, lean) in self.table.column_iter_mut().zip(&self.lean) {
            column.set_cell_alignment(match lean {
                Lean::Left => CellAlignment::Left,
                Lean::Right => CellAlignment::Right,
            });
            column.set_padding((0, 2));
        }
        self.table.lines().map(|line| format!("  {}\n", line.trim_end())).collect()
    }
}

/// Names come from the user: no tabs, no escape sequences.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lean_right() {
        let mut grid = Grid::new([("ring", Lean::Left), ("devices", Lean::Right)]);
        grid.row(["Test".into(), "5".into()]);
        grid.row(["Broad\nlast".into(), "12 000".into()]);
        assert_eq!(grid.lines(), "  ring   devices\n  Test         5\n  Broad   12 000\n  last\n");
    }
}
