//! `rollcast validate`: every problem of every file, and nothing is played.

use rollcast_scenario::{
    diagnostic::{Diagnostic, Severity},
    load::Problems,
};
use serde::Serialize;

use crate::{
    args::{ValidateArgs, ValidateFormat},
    exit::Exit,
    output::{CannotWrite, print, say},
    render::{
        diagnostics::{self, Problem},
        number::many,
    },
};

/// The list for machines.
#[derive(Serialize)]
struct List {
    schema_version: u32,
    errors: usize,
    warnings: usize,
    files: Vec<OfFile>,
}

/// The problems of one scenario (which may lie in a CSV that it names).
#[derive(Serialize)]
struct OfFile {
    scenario: String,
    valid: bool,
    problems: Vec<Problem>,
}

pub(super) fn validate(args: &ValidateArgs) -> Result<Exit, CannotWrite> {
    let mut list = List { schema_version: 1, errors: 0, warnings: 0, files: Vec::new() };
    let mut verdicts = String::new();
    for path in &args.scenarios {
        let found = match super::loader(&args.sets).load(path) {
            Ok(loaded) => loaded.warnings,
            Err(Problems(found)) => found,
        };
        let errors = count(&found, Severity::Error);
        let warnings = count(&found, Severity::Warning);
        list.errors += errors;
        list.warnings += warnings;
        match args.format {
            ValidateFormat::Json => list.files.push(OfFile {
                scenario: path.display().to_string(),
                valid: errors == 0,
                problems: found.iter().map(Problem::from).collect(),
            }),
            ValidateFormat::Text => {
                if !found.is_empty() {
                    say(&format!("{}\n", diagnostics::render(&found)));
                }
                verdicts += &format!("{}: {}\n", path.display(), verdict(errors, warnings));
            }
        }
    }
    match args.format {
        ValidateFormat::Json => {
            let text = serde_json::to_string_pretty(&list).expect("invariant: a list of texts is plain JSON");
            print(&(text + "\n"))?;
        }
        ValidateFormat::Text => print(&verdicts)?,
    }
    Ok(if list.errors == 0 { Exit::Ok } else { Exit::BadInput })
}

fn count(found: &[Diagnostic], severity: Severity) -> usize {
    found.iter().filter(|diagnostic| diagnostic.severity == severity).count()
}

fn verdict(errors: usize, warnings: usize) -> String {
    let warned = || many(warnings as u64, "warning");
    match (errors, warnings) {
        (0, 0) => "valid".into(),
        (0, _) => format!("valid, {}", warned()),
        (_, 0) => many(errors as u64, "error"),
        _ => format!("{}, {}", many(errors as u64, "error"), warned()),
    }
}
