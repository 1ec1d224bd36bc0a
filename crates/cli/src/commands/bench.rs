//! `rollcast bench`: how fast this machine plays. The loader and the engine are the ordinary ones.
//!
//! Timed is what a sweep repeats: from a plan to its outcome, one replication, without the process's start, the
//! loader and the printing.

use std::{path::Path, sync::Arc, time::Instant};

use rollcast_core::{
    instructions,
    outcome::Outcome,
    plan::{Plan, ReleaseId},
    run::run_watched,
    tally::Truth,
};
use rollcast_scenario::{
    diagnostic::Source,
    load::{Loaded, Loader},
};
use serde::Serialize;

use crate::{
    args::{BenchArgs, BenchFormat},
    exit::Exit,
    limits,
    machine::{self, Machine},
    output::{CannotWrite, print, say},
    progress::{WATCH, watched},
    render::{
        diagnostics,
        number::{bytes, count, many, plain},
    },
};

/// What is played without a scenario: its name, its text, the size to begin with.
const BUILT_IN: [(&str, &str, u64); 2] = [
    ("w1", include_str!("../../../../scenarios/bench/w1.yaml"), 10_000),
    ("contoso", include_str!("../../../../scenarios/contoso.yaml"), 12_000),
];
/// Sizes grow by this.
const GROWTH: u64 = 10;
/// A size is played so often, where the budget allows: the median is told.
const ROUNDS: usize = 3;

/// One size on so many threads, as it is printed for programs. `elapsed_s` is the median of `rounds`.
#[derive(Debug, Serialize)]
struct Row {
    schema_version: u32,
    version: &'static str,
    scenario: String,
    devices: u64,
    releases: usize,
    jobs: usize,
    seed: u64,
    rounds: usize,
    elapsed_s: f64,
    devices_per_s: f64,
    ns_per_device: f64,
    /// Steps of devices that the counts of what is true keep; see [`events`].
    events: u64,
    ns_per_event: f64,
    decisions: usize,
    /// Share of the lives played that were straight and worked out in batches.
    straight: f64,
    /// What straight lives are played with: `avx512`, `avx2`, `neon`, `portable`, or `one by one`.
    instructions: &'static str,
    /// The most memory that the process has held so far; `null` where the system does not tell.
    peak_bytes: Option<u64>,
    machine: Machine,
}

pub(super) fn bench(args: &BenchArgs) -> Result<Exit, CannotWrite> {
    args.instructions.choose();
    match &args.scenario {
        Some(path) => one(args, path),
        None => growing(args),
    }
}

fn loader(args: &BenchArgs, devices: Option<u64>) -> Loader {
    let mut loader = super::loader(&args.sets);
    loader.sets.extend(devices.map(|n| format!("fleet.devices={n}")));
    loader
}

/// One scenario in one size, once.
fn one(args: &BenchArgs, path: &Path) -> Result<Exit, CannotWrite> {
    let loaded = match super::or_say(loader(args, args.devices).load(path)) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    if !args.quiet && !loaded.warnings.is_empty() {
        say(&diagnostics::render(&loaded.warnings));
    }
    let pool = limits::pool(args.jobs)?;
    limits::check(&loaded.plan, pool.current_num_threads(), 1, args.max_memory)?;
    let row = measure(args, &path.display().to_string(), &loaded, &pool, 1);
    match args.format {
        BenchFormat::Json => print(&line(&row))?,
        BenchFormat::Table => print(&(head(&row.machine) + &COLUMNS.join("") + "\n" + &cells(&row, None)))?,
    }
    Ok(Exit::Ok)
}

/// What is built in, in growing sizes, until the budget is used.
fn growing(args: &BenchArgs) -> Result<Exit, CannotWrite> {
    let budget = args.budget.seconds() as f64 / BUILT_IN.len() as f64;
    let many_threads = limits::pool(args.jobs)?;
    let one_thread = limits::pool(1)?;
    let parallel = many_threads.current_num_threads() > 1;
    if args.format == BenchFormat::Table {
        print(&(head(&machine::this()) + &COLUMNS.join("") + "\n"))?;
    }
    for (name, text, smallest) in BUILT_IN {
        let begun = Instant::now();
        let mut devices = smallest;
        // What one size takes next, by the one before.
        let mut expected_s = 0.0;
        while devices == smallest || begun.elapsed().as_secs_f64() + expected_s <= budget {
            let source = Arc::new(Source { name: format!("{name}.yaml"), text: text.to_owned() });
            let loaded = loader(args, Some(devices)).load_source(source, Path::new(""));
            let loaded = match super::or_say(loaded) {
                Ok(loaded) => loaded,
                Err(exit) => return Ok(exit),
            };
            limits::check(&loaded.plan, many_threads.current_num_threads(), 1, args.max_memory)?;
            let left_s = budget - begun.elapsed().as_secs_f64();
            let rounds = if expected_s * ROUNDS as f64 <= left_s { ROUNDS } else { 1 };
            let alone = measure(args, name, &loaded, &one_thread, rounds);
            show(args, &alone, None)?;
            let mut once_s = alone.elapsed_s;
            if parallel {
                let together = measure(args, name, &loaded, &many_threads, rounds);
                show(args, &together, Some(alone.elapsed_s / together.elapsed_s))?;
                once_s += together.elapsed_s;
            }
            expected_s = once_s * GROWTH as f64;
            devices *= GROWTH;
        }
    }
    if args.format == BenchFormat::Table {
        print(LEGEND)?;
    }
    Ok(Exit::Ok)
}

fn show(args: &BenchArgs, row: &Row, speedup: Option<f64>) -> Result<(), CannotWrite> {
    match args.format {
        BenchFormat::Json => print(&line(row)),
        BenchFormat::Table => print(&cells(row, speedup)),
    }
}

/// Plays replication 0 `rounds` times.
fn measure(args: &BenchArgs, name: &str, loaded: &Loaded, pool: &rayon::ThreadPool, rounds: usize) -> Row {
    let seed = args.seed.unwrap_or(loaded.seed);
    let play = || {
        let begun = Instant::now();
        let outcome = pool.install(|| run_watched(&loaded.plan, seed, 0, &WATCH));
        let outcome = outcome.expect("invariant: nobody stops the watch, Ctrl-C ends the process");
        (begun.elapsed().as_secs_f64(), outcome)
    };
    let before = WATCH.lives();
    let mut played = watched(rounds as u64, args.quiet, || (0..rounds).map(|_| play()).collect::<Vec<_>>());
    played.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (lives, straight) = WATCH.lives();
    let (lives, straight) = (lives - before.0, straight - before.1);
    let (elapsed_s, outcome) = &played[rounds / 2];
    let (elapsed_s, devices, events) = (*elapsed_s, loaded.plan.devices(), events(&loaded.plan, outcome));
    Row {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION"),
        scenario: name.to_owned(),
        devices,
        releases: loaded.plan.releases.len(),
        jobs: pool.current_num_threads(),
        seed,
        rounds,
        elapsed_s,
        devices_per_s: devices as f64 / elapsed_s,
        ns_per_device: elapsed_s * 1e9 / devices as f64,
        events,
        ns_per_event: elapsed_s * 1e9 / events.max(1) as f64,
        decisions: outcome.decisions.len(),
        straight: straight as f64 / lives.max(1) as f64,
        instructions: instructions::name(),
        peak_bytes: machine::peak_bytes(),
        machine: machine::this(),
    }
}

/// Steps of devices that the counts of what is true keep: scans that found a release, downloads begun, attempts
/// that failed, restarts, devices patched at the end, defects that showed, repairs, uninstalls done and failed,
/// and calls to the help desk.
fn events(plan: &Plan, outcome: &Outcome) -> u64 {
    let of = |t: &Truth| -> u64 {
        let curves = [&t.offered, &t.downloads, &t.failures, &t.harmed_by, &t.repaired, &t.rolled_back];
        let counted: u64 = curves.into_iter().flatten().sum();
        let patched = t.patched.iter().sum::<i64>().max(0) as u64;
        counted + t.restarts.iter().sum::<u64>() + patched + t.rollbacks_failed + t.tickets
    };
    let releases = (0..plan.releases.len()).map(|release| ReleaseId(release as u16));
    releases.map(|release| of(&outcome.fleet(plan, release))).sum()
}

fn line(row: &Row) -> String {
    serde_json::to_string(row).expect("invariant: a row is plain JSON") + "\n"
}

const COLUMNS: [&str; 10] = [
    "scenario      ",
    "        devices",
    " threads",
    "   seconds",
    "      devices/s",
    "  ns/device",
    "  ns/step",
    "  straight",
    "  speedup",
    "     memory",
];

const LEGEND: &str = "\
seconds: from the plan to the outcome of one replication, median of up to 3
step: a scan that found a release, a download, a failed attempt, a restart, a device patched, a defect that showed, ...
straight: share of the lives in which nothing out of the ordinary happens, worked out in batches
speedup: against one thread; memory: the most that the process has held so far
";

/// What one has to know to compare.
fn head(machine: &Machine) -> String {
    let model = machine.cpu.as_deref().map_or(String::new(), |cpu| format!(", {cpu}"));
    let cores = many(machine.cores as u64, "core");
    let with = instructions::name();
    format!(
        "rollcast {}, {} {}, {cores}{model}, {with}\n",
        env!("CARGO_PKG_VERSION"),
        machine.os,
        machine.arch
    )
}

fn cells(row: &Row, speedup: Option<f64>) -> String {
    let decimals = if row.elapsed_s < 1.0 { 4 } else { 2 };
    let texts = [
        row.scenario.clone(),
        count(row.devices),
        row.jobs.to_string(),
        format!("{:.decimals$}", row.elapsed_s),
        count(row.devices_per_s as u64),
        plain(row.ns_per_device),
        plain(row.ns_per_event),
        format!("{:.1} %", row.straight * 100.0),
        speedup.map_or(String::new(), |speedup| format!("{speedup:.2}")),
        row.peak_bytes.map_or(String::new(), |peak| bytes(peak as f64)),
    ];
    let mut text = format!("{:<1$}", texts[0], COLUMNS[0].len());
    for (cell, column) in texts.iter().zip(COLUMNS).skip(1) {
        text += &format!("{cell:>0$}", column.len());
    }
    text.trim_end().to_owned() + "\n"
}
