//! `rollcast merge`: puts the shards of a sweep together.

use rollcast_sweep::{merge::merge as put_together, rows::Played};

use super::{study, sweep::write_results};
use crate::{
    args::MergeArgs,
    exit::Exit,
    output::{CannotWrite, print, say},
    render::number::many,
};

pub(super) fn merge(args: &MergeArgs) -> Result<Exit, CannotWrite> {
    let merged = match put_together(&args.shards, &args.output) {
        Ok(merged) => merged,
        Err(refusal) => return Ok(study::refuse(&refusal)),
    };
    if !args.quiet {
        merged.notes.iter().for_each(|note| say(&format!("note: {note}")));
        merged.duplicates.iter().for_each(|duplicate| say(&format!("note: {duplicate}")));
    }
    let out = args.output.display();
    if !merged.missing.is_empty() {
        merged.gaps.iter().for_each(|gap| say(&format!("missing: {gap}")));
        say(&format!(
            "no results were written; what is there is in `{out}`, and `rollcast sweep PLAN -o {out} --resume` plays the rest"
        ));
        return Ok(Exit::Partial);
    }
    write_results(&merged.layout, &merged.results, &args.output)?;
    let panicked = (0..merged.layout.cells())
        .filter(|&cell| matches!(merged.results.cell(cell), Some(Played::Panicked { .. })))
        .count() as u64;
    print(&format!(
        "{} and {} are in `{out}`\n",
        many(merged.layout.cells(), "cell"),
        many(merged.layout.runs(), "run")
    ))?;
    if panicked > 0 {
        say(&format!("{} failed and have no rows; `--resume` plays them again", many(panicked, "cell")));
        return Ok(Exit::Partial);
    }
    Ok(Exit::Ok)
}
