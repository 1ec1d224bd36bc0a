//! `rollcast merge`: puts the shards of a sweep together.

use rollcast_sweep::merge::merge as put_together;

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
    print(&format!(
        "{} and {} are in `{out}`\n",
        many(merged.layout.cells(), "cell"),
        many(merged.layout.runs(), "run")
    ))?;
    Ok(if study::failed(&merged.layout, &merged.results, "`rollcast sweep` with `--resume`") {
        Exit::Partial
    } else {
        Exit::Ok
    })
}
