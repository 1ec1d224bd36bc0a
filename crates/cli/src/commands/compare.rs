//! `rollcast compare`: strategies side by side, with the same luck.

use rollcast_sweep::{
    journal::{Journal, Resumed},
    prepare::Prepared,
    refusal::Refusal,
    rows::Results,
    shard::Shard,
};

use super::study;
use crate::{
    args::{CompareArgs, CompareFormat},
    exit::Exit,
    limits,
    output::{CannotWrite, Output, say},
    render::{comparison, gate as gate_lines},
    report::{comparison as report, gate},
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
        asked.iter().map(gate::Criterion::column).collect(),
        (args.play.replications, args.play.seed, false),
        &pool,
    ) {
        Ok(prepared) => prepared,
        Err(exit) => return Ok(exit),
    };
    if let Err(exit) = super::or_say(gate::check_strategies(&asked, &prepared)) {
        return Ok(exit);
    }
    study::warn(&prepared, args.play.quiet);
    study::check(&prepared, Shard::WHOLE, pool.current_num_threads(), args.play.max_memory)?;
    let layout = &prepared.layout;
    // Opened before the work: a bad path fails now and not after it.
    let output = Output::open(args.output.as_deref())?;
    let mut results = Results::new(layout);
    let mut journal = match open(args, &prepared, &mut results) {
        Ok(journal) => journal,
        Err(refusal) => return Ok(study::refuse(&refusal)),
    };
    let cells: Vec<u64> = results.missing().collect();
    let of_cells = |cells: &[u64]| cells.iter().map(|&cell| u64::from(layout.cell(cell).runs)).sum::<u64>();
    let way_out = match args.keep {
        Some(_) => "what is finished is kept, run the same command again",
        None => {
            "nothing was written, run the same command again or with `--keep DIR` to go on after an interruption"
        }
    };
    let show = study::Show {
        quiet: args.play.quiet,
        way_out,
        before: layout.runs() - of_cells(&cells),
        of: layout.runs(),
        best: true,
    };
    let played =
        study::play(&prepared, &cells, &pool, &show, &mut results, |cell, played| match &mut journal {
            Some(journal) => journal.append(cell, played),
            None => Ok(()),
        });
    if let Err(refusal) = played.and_then(|()| journal.map_or(Ok(()), Journal::finish)) {
        return Ok(study::refuse(&refusal));
    }
    let failed = study::failed(layout, &results, "the same command");
    let files = args.files.iter().map(|file| file.display().to_string()).collect();
    let mut compared = pool.install(|| report::build(&prepared, &results, files));
    compared.gate = gate::of_comparison(&asked, &prepared, &results, args.point);
    output.write(|out| match args.format {
        CompareFormat::Table => {
            let text = comparison::table(&compared) + &gate_lines::table(&compared.gate);
            out.write_all(text.as_bytes())
        }
        CompareFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &compared)?;
            out.write_all(b"\n")
        }
        CompareFormat::Csv => rollcast_sweep::export::write_csv(layout, &results, out),
    })?;
    if !args.play.quiet && (args.format != CompareFormat::Table || args.output.is_some()) {
        gate_lines::say_shut(&compared.gate);
    }
    Ok(match failed {
        true => Exit::Partial,
        false if gate::is_shut(&compared.gate) => Exit::GoalMissed,
        false => Exit::Ok,
    })
}

/// The journal of a comparison that is kept, with what it already holds.
fn open(args: &CompareArgs, prepared: &Prepared, results: &mut Results) -> Result<Option<Journal>, Refusal> {
    let Some(dir) = &args.keep else { return Ok(None) };
    let layout = &prepared.layout;
    if !rollcast_sweep::journal::is_begun(dir, Shard::WHOLE) {
        return Journal::create(dir, layout, Shard::WHOLE).map(Some);
    }
    let Resumed { journal, played, notes } = Journal::resume(dir, layout, Shard::WHOLE)?;
    if !args.play.quiet {
        notes.iter().for_each(|note| say(&format!("note: {note}")));
    }
    played.into_iter().for_each(|(cell, played)| results.put(cell, played));
    Ok(Some(journal))
}
