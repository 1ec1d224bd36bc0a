//! `rollcast gates`: what each stopping rule catches and misses, and the smallest ring that catches a defect.

use rollcast_scenario::{
    diagnostic::Diagnostic,
    load::Problems,
    study::{Catch, RulesAlone, Study},
};
use rollcast_sweep::{
    gates::smallest::{self, Smallest, Tried},
    prepare::{Options, Prepared},
    rows::{Played, Results},
    shard::Shard,
};

use super::study;
use crate::{
    args::{GatesArgs, GatesFormat},
    exit::Exit,
    limits,
    output::{CannotWrite, Output},
    render::{gates as table, paper},
    report::gates as report,
};

/// What Ctrl-C says meanwhile.
const WAY_OUT: &str = "nothing was written, run the same command again or with fewer `--replications`";
/// What the decision about rules makes idle is no oddity of the scenario: people without a rule (RC262).
const OF_RULES: &str = "RC262";

pub(super) fn gates(args: &GatesArgs) -> Result<Exit, CannotWrite> {
    args.play.instructions.choose();
    let pool = limits::pool(args.play.jobs)?;
    let study = match super::or_say(Study::read(std::slice::from_ref(&args.plan), &args.play.sets)) {
        Ok(study) => study,
        Err(exit) => return Ok(exit),
    };
    let alone = match super::or_say(study.rules_alone()) {
        Ok(alone) => alone,
        Err(exit) => return Ok(exit),
    };
    let prepared = match super::or_say(pool.install(|| prepare(alone.study.clone(), args))) {
        Ok(prepared) => prepared,
        Err(exit) => return Ok(exit),
    };
    // Both ends of the search are checked before anything is played; what is between them is like them.
    let asked = match super::or_say(asked(&study, &alone)) {
        Ok(asked) => asked,
        Err(exit) => return Ok(exit),
    };
    if let Some((catch, before)) = &asked {
        let ends = study.sized(catch, before, &[catch.sizes.0, catch.sizes.1]);
        match super::or_say(pool.install(|| prepare(ends, args))) {
            Ok(ends) => study::check(&ends, Shard::WHOLE, pool.current_num_threads(), args.play.max_memory)?,
            Err(exit) => return Ok(exit),
        }
    }
    study::warn(&prepared, args.play.quiet);
    study::check(&prepared, Shard::WHOLE, pool.current_num_threads(), args.play.max_memory)?;
    // Opened before the work: a bad path fails now and not after it.
    let output = Output::open(args.output.as_deref())?;
    let results = match play(&prepared, &pool, args) {
        Ok(results) => results,
        Err(exit) => return Ok(exit),
    };
    let mut partial = study::partial(&prepared.layout, &results, "the same command");
    let smallest = match asked {
        None => None,
        Some((catch, before)) => match search(&study, catch, &before, &pool, args, &mut partial) {
            Ok(found) => Some((catch, before, found)),
            Err(exit) => return Ok(exit),
        },
    };
    let told = report::build(&prepared, &results, &alone, &study, smallest, args.plan.display().to_string());
    if args.output.is_none() {
        paper::fit_terminal();
    }
    output.write(|out| match args.format {
        GatesFormat::Table => out.write_all(table::table(&told).as_bytes()),
        GatesFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &told)?;
            out.write_all(b"\n")
        }
    })?;
    Ok(if partial { Exit::Partial } else { Exit::Ok })
}

/// What is wrong or odd with what `gates` plays of a plan that asks for it.
pub(super) fn problems(study: &Study, files: &[String]) -> Vec<Diagnostic> {
    let options = Options { files: files.to_vec(), ..Options::default() };
    let check = || {
        let alone = study.rules_alone()?;
        let mut found = ready(alone.study.clone(), &options)?.warnings;
        if let Some((catch, before)) = asked(study, &alone)? {
            let ends = study.sized(catch, &before, &[catch.sizes.0, catch.sizes.1]);
            found.extend(ready(ends, &options)?.warnings);
        }
        Ok(found)
    };
    check().unwrap_or_else(|Problems(found)| found)
}

/// The ring that is looked for, with the ring that it is to spare.
fn asked<'a>(study: &'a Study, alone: &RulesAlone) -> Result<Option<(&'a Catch, String)>, Problems> {
    let Some(catch) = study.smallest() else { return Ok(None) };
    let before = catch.before(&alone.rings).map_err(|problem| Problems(vec![problem]))?;
    Ok(Some((catch, before)))
}

fn prepare(study: Study, args: &GatesArgs) -> Result<Prepared, Problems> {
    let options = Options {
        runs: args.play.replications,
        seed: args.play.seed,
        files: vec![args.plan.display().to_string()],
        sets: args.play.sets.clone(),
        ..Options::default()
    };
    ready(study, &options)
}

fn ready(study: Study, options: &Options) -> Result<Prepared, Problems> {
    let mut prepared = Prepared::of(study, options)?;
    prepared.warnings.retain(|warning| warning.code != OF_RULES);
    Ok(prepared)
}

fn play(prepared: &Prepared, pool: &rayon::ThreadPool, args: &GatesArgs) -> Result<Results, Exit> {
    let layout = &prepared.layout;
    let mut results = Results::new(layout);
    let cells: Vec<u64> = results.missing().collect();
    let show =
        study::Show { quiet: args.play.quiet, way_out: WAY_OUT, before: 0, of: layout.runs(), best: false };
    study::play(prepared, &cells, pool, &show, &mut results, |_, _| Ok(()))
        .map_err(|refusal| study::refuse(&refusal))?;
    Ok(results)
}

/// Plays sizes of a ring until the smallest that catches is known.
fn search(
    study: &Study,
    catch: &Catch,
    before: &str,
    pool: &rayon::ThreadPool,
    args: &GatesArgs,
    partial: &mut bool,
) -> Result<Smallest, Exit> {
    smallest::find(catch.sizes, catch.probability.get(), |size| {
        let sized = study.sized(catch, before, &[size]);
        let prepared = super::or_say(pool.install(|| prepare(sized, args)))?;
        let results = play(&prepared, pool, args)?;
        *partial |= study::partial(&prepared.layout, &results, "the same command");
        let cells = (0..prepared.layout.cells()).filter_map(|cell| match results.cell(cell) {
            Some(Played::Rows(rows)) => Some(rows),
            _ => None,
        });
        let caught: Vec<bool> = cells.flatten().map(|row| row.values[0] == Some(1.0)).collect();
        let hits = caught.iter().filter(|caught| **caught).count() as u32;
        Ok(Tried::new(size, hits, caught.len() as u32))
    })
}
