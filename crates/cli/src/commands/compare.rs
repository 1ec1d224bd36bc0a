//! `rollcast compare`: strategies side by side, with the same luck.

use rollcast_sweep::{
    journal::{Journal, Resumed},
    prepare::{Options, Prepared},
    refusal::Refusal,
    rows::{Played, Results},
    shard::Shard,
};

use super::{
    study,
    until::{self, Play},
};
use crate::{
    args::{CompareArgs, CompareFormat},
    exit::Exit,
    limits,
    output::{CannotWrite, Output, say},
    render::{comparison, gate as gate_lines, paper},
    report::{
        comparison::{self as report, Compared},
        gate,
    },
};

pub(super) fn compare(args: &CompareArgs) -> Result<Exit, CannotWrite> {
    let asked = match super::or_say(gate::read(&args.fail_on)) {
        Ok(asked) => asked,
        Err(exit) => return Ok(exit),
    };
    args.play.instructions.choose();
    let pool = limits::pool(args.play.jobs)?;
    let prepared = match study::prepare(
        &args.files,
        &args.play.sets,
        Options {
            runs: args.play.replications,
            seed: args.play.seed,
            asked: asked.iter().map(gate::Criterion::column).collect(),
            open_ended: args.until.is_open_ended(),
            ..Options::default()
        },
        &pool,
    ) {
        Ok(prepared) => prepared,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = super::or_say(gate::check_strategies(&asked, &prepared)) {
        return Ok(exit);
    }
    let mut rounds = match until::rounds(&args.until, &prepared) {
        Ok(rounds) => rounds,
        Err(exit) => return Ok(exit),
    };
    study::warn(&prepared, args.play.quiet);
    study::check(&prepared, Shard::WHOLE, pool.current_num_threads(), args.play.max_memory)?;
    let layout = &prepared.layout;
    // Opened before the work: a bad path fails now and not after it.
    let output = Output::open(args.output.as_deref())?;
    let mut results = Results::new(layout);
    let (mut journal, kept) = match open(args, &prepared) {
        Ok(opened) => opened,
        Err(refusal) => return Ok(study::refuse(&by_itself(refusal))),
    };
    let way_out = match args.keep {
        Some(_) => "what is finished is kept, run the same command again",
        None => {
            "nothing was written, run the same command again or with `--keep DIR` to go on after an interruption"
        }
    };
    let play = Play { prepared: &prepared, pool: &pool, quiet: args.play.quiet, way_out, kept };
    let played =
        play.all(
            (0..layout.cells()).collect(),
            &mut rounds,
            &mut results,
            |cell, played| match &mut journal {
                Some(journal) => journal.append(cell, played),
                None => Ok(()),
            },
        );
    if let Err(refusal) = played.and_then(|()| journal.map_or(Ok(()), Journal::finish)) {
        return Ok(study::refuse(&by_itself(refusal)));
    }
    let partial = study::partial(layout, &results, "the same command");
    let gates = gate::of_comparison(&asked, &prepared, &results, args.point);
    // Figures are work, and rows have none.
    let compared = || {
        let files = args.files.iter().map(|file| file.display().to_string()).collect();
        let compared = pool.install(|| report::build(&prepared, &results, rounds.as_ref(), files));
        Compared { gate: gates.clone(), ..compared }
    };
    if args.output.is_none() {
        paper::fit_terminal();
    }
    output.write(|out| match args.format {
        CompareFormat::Table => {
            let text = comparison::table(&compared()) + &gate_lines::table(&gates);
            out.write_all(text.as_bytes())
        }
        CompareFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &compared())?;
            out.write_all(b"\n")
        }
        CompareFormat::Csv => rollcast_sweep::export::write_csv(layout, &results, out),
    })?;
    if !args.play.quiet && (args.format != CompareFormat::Table || args.output.is_some()) {
        gate_lines::say_shut(&gates);
    }
    Ok(match partial {
        true => Exit::Partial,
        false if gate::is_shut(&gates) => Exit::GoalMissed,
        false => Exit::Ok,
    })
}

/// A refusal with the way out of a comparison: it has no `--resume`, because it goes on by itself.
fn by_itself(refusal: Refusal) -> Refusal {
    let help = refusal.help.replace("go on with `--resume`", "run the same command again");
    // Where shards lie there is nothing to go on with.
    let help = help.replace("go on with it with `--resume`, or name", "name");
    Refusal { help, ..refusal }
}

/// What was played before.
type Kept = Vec<(u64, Played)>;

/// The journal of a comparison that is kept, with what it already holds.
fn open(args: &CompareArgs, prepared: &Prepared) -> Result<(Option<Journal>, Kept), Refusal> {
    let Some(dir) = &args.keep else { return Ok((None, Kept::new())) };
    let layout = &prepared.layout;
    if !rollcast_sweep::journal::is_begun(dir, Shard::WHOLE) {
        return Ok((Some(Journal::create(dir, layout, Shard::WHOLE)?), Kept::new()));
    }
    let Resumed { journal, played, notes } = Journal::resume(dir, layout, Shard::WHOLE)?;
    if !args.play.quiet {
        notes.iter().for_each(|note| say(&format!("note: {note}")));
    }
    Ok((Some(journal), played))
}
