//! `rollcast sweep`: plays every combination of a plan, resumably.

use std::{path::Path, time::Instant};

use rollcast_sweep::{
    export::{self, Format},
    journal::{Journal, Resumed},
    prepare::{Options, Prepared},
    rounds::Rounds,
    rows::{Played, Results},
    runner,
    shard::Shard,
};

use super::{
    study,
    until::{self, Play},
};
use crate::{
    args::SweepArgs,
    exit::Exit,
    limits,
    output::{CannotWrite, print, say},
    render::{
        number::{count, many, time},
        paper,
        sweep::of_sweep,
    },
};

pub(super) fn sweep(args: &SweepArgs) -> Result<Exit, CannotWrite> {
    if args.shard != Shard::WHOLE && args.until.is_open_ended() {
        let message =
            "a shard does not see the runs of the others, so it cannot tell when something is known";
        say(&super::error(
            message,
            "play all of it on one machine, or with a fixed number of `--replications`",
        ));
        return Ok(Exit::BadInput);
    }
    args.play.instructions.choose();
    let pool = limits::pool(args.play.jobs)?;
    let prepared = match study::prepare(
        std::slice::from_ref(&args.plan),
        &args.play.sets,
        Options {
            runs: args.play.replications,
            seed: args.play.seed,
            axes: true,
            open_ended: args.until.is_open_ended(),
            ..Options::default()
        },
        &pool,
    ) {
        Ok(prepared) => prepared,
        Err(exit) => return Ok(exit),
    };
    let mut rounds = match until::rounds(&args.until, &prepared) {
        Ok(rounds) => rounds,
        Err(exit) => return Ok(exit),
    };
    study::warn(&prepared, args.play.quiet);
    study::check(&prepared, args.shard, pool.current_num_threads(), args.play.max_memory)?;
    if args.dry_run {
        return dry_run(&prepared, rounds.is_some(), &pool);
    }
    let dir = args.output.as_deref().unwrap_or(Path::new("."));
    let (mut journal, kept) = match open(args, &prepared, dir) {
        Ok(opened) => opened,
        Err(exit) => return Ok(exit),
    };
    let layout = &prepared.layout;
    let mut results = Results::new(layout);
    let way_out = format!("what is finished is kept, go on with `--resume`: {}", resume(args, dir));
    let play = Play { prepared: &prepared, pool: &pool, quiet: args.play.quiet, way_out: &way_out, kept };
    let cells = args.shard.cells(layout).collect();
    let played = play.all(cells, &mut rounds, &mut results, |cell, played| journal.append(cell, played));
    if let Err(refusal) = played.and_then(|()| journal.finish()) {
        return Ok(study::refuse(&refusal));
    }
    finish(args, &prepared, &results, rounds.as_ref(), dir)
}

/// The journal, and what it already holds.
fn open(args: &SweepArgs, prepared: &Prepared, dir: &Path) -> Result<(Journal, Vec<(u64, Played)>), Exit> {
    let layout = &prepared.layout;
    if !args.resume {
        let journal = Journal::create(dir, layout, args.shard).map_err(|refusal| study::refuse(&refusal))?;
        return Ok((journal, Vec::new()));
    }
    let Resumed { journal, played, notes } =
        Journal::resume(dir, layout, args.shard).map_err(|refusal| study::refuse(&refusal))?;
    if !args.play.quiet {
        notes.iter().for_each(|note| say(&format!("note: {note}")));
        let there = many(played.len() as u64, "cell");
        say(&match args.until.is_open_ended() {
            true => format!("{there} are there already"),
            false => {
                format!("{there} of {} are there already", count(args.shard.cells(layout).count() as u64))
            }
        });
    }
    Ok((journal, played))
}

/// Writes the results of a whole sweep, and says what came of it.
fn finish(
    args: &SweepArgs,
    prepared: &Prepared,
    results: &Results,
    rounds: Option<&Rounds>,
    dir: &Path,
) -> Result<Exit, CannotWrite> {
    let layout = &prepared.layout;
    let exit = if study::partial(layout, results, "`rollcast sweep` with `--resume`") {
        Exit::Partial
    } else {
        Exit::Ok
    };
    if args.shard != Shard::WHOLE {
        if !args.play.quiet {
            say(&format!("shard {} is finished; `rollcast merge` puts the shards together", args.shard));
        }
        return Ok(exit);
    }
    write_results(layout, results, dir)?;
    paper::fit_terminal();
    print(&of_sweep(prepared, results, rounds, dir))?;
    Ok(exit)
}

/// Writes results in every format that this build has, and what they say about the axes.
pub(super) fn write_results(
    layout: &rollcast_sweep::layout::Layout,
    results: &Results,
    dir: &Path,
) -> Result<(), CannotWrite> {
    for format in Format::ALL.into_iter().filter(|format| format.check().is_ok()) {
        export::write(format, layout, results, &dir.join(format.file_name()))?;
    }
    if !layout.axes.is_empty() {
        export::write_sensitivity(layout, results, &dir.join(export::SENSITIVITY))?;
    }
    Ok(())
}

/// Says what a sweep would take, measured on the first replication of a few cells.
fn dry_run(prepared: &Prepared, open_ended: bool, pool: &rayon::ThreadPool) -> Result<Exit, CannotWrite> {
    /// Enough for a sum; a few seconds of a slow plan.
    const ENOUGH_S: f64 = 2.0;
    let layout = &prepared.layout;
    let cells = layout.cells();
    let one = limits::pool(1)?;
    let begun = Instant::now();
    let mut measured = 0_u64;
    // Far-apart cells first, so that a few stand for all.
    let mut order: Vec<u64> = (0..cells.min(16)).map(|i| i * cells / cells.min(16)).collect();
    order.dedup();
    for cell in order {
        one.install(|| runner::try_one(prepared, cell)).map_err(|message| CannotWrite {
            message: format!("cell {cell} fails: {message}"),
            help: "this is a fault of the program; please report it with the plan".into(),
        })?;
        measured += 1;
        if begun.elapsed().as_secs_f64() > ENOUGH_S {
            break;
        }
    }
    let each_s = begun.elapsed().as_secs_f64() / measured as f64;
    let threads = pool.current_num_threads() as f64;
    let hours = each_s * layout.runs() as f64 / threads / 3_600.0;
    let members = match layout.members.len() {
        1 => String::new(),
        several => format!(" against {several} releases of the bank"),
    };
    let most = if open_ended { "at most " } else { "" };
    print(&format!(
        "{}{members}: {most}{}, {}\nabout {} on {} ({} measured on one thread, {} each)\n",
        many(layout.points.len() as u64, "point"),
        many(cells, "cell"),
        many(layout.runs(), "run"),
        time(hours),
        many(threads as u64, "thread"),
        many(measured, "run"),
        time(each_s / 3_600.0),
    ))?;
    Ok(Exit::Ok)
}

/// The command that goes on.
fn resume(args: &SweepArgs, dir: &Path) -> String {
    use rollcast_sweep::prepare::{file, option};
    let mut words = vec!["rollcast sweep".to_owned(), file(&args.plan.display().to_string())];
    words.push(option("-o", &dir.display().to_string()));
    words.push("--resume".into());
    if args.shard != Shard::WHOLE {
        words.push(format!("--shard {}", args.shard));
    }
    words.extend(args.play.replications.map(|runs| format!("--replications {runs}")));
    words.extend(args.play.seed.map(|seed| format!("--seed {seed}")));
    words.extend(args.until.words());
    words.extend((args.play.jobs != 0).then(|| format!("--jobs {}", args.play.jobs)));
    let usual = limits::MAX_MEMORY.parse().ok() == Some(args.play.max_memory);
    words.extend((!usual).then(|| option("--max-memory", &args.play.max_memory.to_string())));
    words.extend(args.play.sets.iter().map(|set| option("--set", set)));
    words.join(" ")
}
