//! How wide lines may be.

use std::{cell::Cell, io};

use terminal_size::{Width, terminal_size_of};

/// Width of what does not go to a terminal, and of what goes to a wide one: a screenshot of it is worth reading.
const WIDE: usize = 100;
/// A table of one strategy takes about so much; in narrower terminals lines break.
const NARROW: usize = 72;

thread_local! {
    /// Of what this thread writes.
    static COLUMNS: Cell<usize> = const { Cell::new(WIDE) };
}

/// Characters that a line may take.
pub(super) fn columns() -> usize {
    COLUMNS.get()
}

/// Fits what this thread writes to standard output to the terminal, if it goes to one.
pub(crate) fn fit_terminal() {
    if let Some((Width(columns), _)) = terminal_size_of(io::stdout()) {
        fit(columns.into());
    }
}

fn fit(columns: usize) {
    COLUMNS.set(columns.clamp(NARROW, WIDE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_the_terminal_within_reason() {
        for (terminal, lines) in [(80, 80), (200, 100), (20, 72)] {
            fit(terminal);
            assert_eq!(columns(), lines);
        }
    }
}
