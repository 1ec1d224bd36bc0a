//! `rollcast validate`: every problem of every file, and nothing is played.

use std::path::Path;

use rollcast_scenario::{
    diagnostic::{Diagnostic, Severity},
    load::Problems,
    study::{self, Study},
};
use rollcast_sweep::prepare::{Options, Prepared};
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
        let found = find(path, &args.sets);
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

/// The problems of a scenario; of a plan or a scenario with strategies those of every combination.
fn find(path: &Path, sets: &[String]) -> Vec<Diagnostic> {
    let study = match Study::read(&[path.to_owned()], sets) {
        Ok(study) => study,
        Err(Problems(found)) => {
            // What is wrong with the scenario itself is worth saying too, unless it is in another file.
            return match super::loader(sets).load(path) {
                Err(Problems(of_scenario)) if !study::is_plan(path) => of_scenario,
                _ => found,
            };
        }
    };
    let as_it_is = match study.bases[0].load(&study.changes(None, &[])) {
        Ok(loaded) => loaded.warnings,
        Err(Problems(found)) => return found,
    };
    if !study.compares() {
        return as_it_is;
    }
    let files = vec![path.display().to_string()];
    let of_gates = match study.gates {
        Some(_) => super::gates::problems(&study, &files),
        None => Vec::new(),
    };
    let options = Options { axes: true, files, ..Options::default() };
    let mut found = match Prepared::of(study, &options) {
        Ok(prepared) => prepared.warnings,
        Err(Problems(found)) => found,
    };
    // What both say is said once.
    let new =
        of_gates.into_iter().filter(|one| found.iter().all(|other| other.to_string() != one.to_string()));
    let new: Vec<Diagnostic> = new.collect();
    found.extend(new);
    found
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
