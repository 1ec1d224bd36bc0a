//! One file per subcommand.

mod bench;
mod compare;
mod completions;
mod explain;
mod gates;
mod init;
mod merge;
mod run;
mod schema;
mod study;
mod sweep;
mod until;
mod validate;

use std::path::Path;

use rollcast_scenario::{
    diagnostic::Severity,
    load::{Loaded, Loader, Problems},
};

use crate::{
    args::Command,
    exit::Exit,
    output::{CannotWrite, say},
    render::{diagnostics, number::many},
};

pub(crate) use study::label;

/// Does what was asked for.
pub(crate) fn dispatch(command: Command) -> Exit {
    let result = match command {
        Command::Run(args) => run::run(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Gates(args) => gates::gates(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Validate(args) => validate::validate(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Init(args) => init::init(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Completions(args) => completions::completions(&args),
    };
    result.unwrap_or_else(|refused| {
        complain(&refused);
        Exit::CannotWrite
    })
}

fn complain(refused: &CannotWrite) {
    say(&error(&refused.message, &refused.help));
}

/// A loader with the changes of the command line.
fn loader(sets: &[String]) -> Loader {
    Loader { sets: sets.to_vec() }
}

/// Loads a scenario, or says all that is wrong with it.
fn load(path: &Path, sets: &[String]) -> Result<Loaded, Exit> {
    or_say(loader(sets).load(path))
}

/// What was loaded, or all that is wrong with it on stderr.
fn or_say<T>(loaded: Result<T, Problems>) -> Result<T, Exit> {
    loaded.map_err(|Problems(problems)| {
        say(&diagnostics::render(&problems));
        let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
        say(&format!(
            "\n{}, nothing was played; `rollcast explain CODE` says what a code means",
            many(errors as u64, "error")
        ));
        Exit::BadInput
    })
}

/// An error without a place in an input.
fn error(message: &str, help: &str) -> String {
    format!("error: {message}\n  help: {help}")
}
