//! How a command ends: ONE table of exit codes for all of them.
//!
//! The table is printed by `--help` and copied into the documentation; a test of the binary walks through it.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, no goal was missed, and every `--fail-on` passes.
    Ok,
    /// Done, and a goal was missed, or a `--fail-on` holds or cannot be told.
    GoalMissed,
    /// The input or the command line was refused; nothing was played.
    BadInput,
    /// Only a part was played or is there, or what was played breaks an invariant.
    Partial,
    /// The answer could not be written, or would go over a limit.
    CannotWrite,
}

/// Exit code of a process ended by Ctrl-C, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Code and meaning, in order of the code.
pub(crate) const TABLE: &[(u8, &str)] = &[
    (0, "ok (a goal that this many runs cannot decide is no failure; the output says so)"),
    (1, "played to the end, and a goal of the scenario was missed, or a `--fail-on` holds or cannot be told"),
    (2, "bad input or usage: nothing was played"),
    (
        3,
        "partial: a run stopped before its end and is valid up to there, `--check` found it invalid, or cells of a sweep failed or are missing",
    ),
    (4, "cannot write the output, or the run would go over a limit"),
    (INTERRUPTED, "interrupted (Ctrl-C); no outcome was written, and what a sweep has finished is kept"),
];

/// The table as lines for `--help`.
pub(crate) fn help() -> String {
    let lines: Vec<String> = TABLE.iter().map(|(code, meaning)| format!("  {code:>3}  {meaning}")).collect();
    format!("Exit codes of every command:\n{}", lines.join("\n"))
}

impl Exit {
    /// Its number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::GoalMissed => 1,
            Exit::BadInput => 2,
            Exit::Partial => 3,
            Exit::CannotWrite => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_is_in_the_table() {
        for exit in [Exit::Ok, Exit::GoalMissed, Exit::BadInput, Exit::Partial, Exit::CannotWrite] {
            assert!(TABLE.iter().any(|(code, _)| *code == exit.code()), "{exit:?}");
        }
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
