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
    // What was merged is a sweep that is finished, so it is not merged again.
    write_results(&merged.layout, &merged.results, &args.output).map_err(|refused| {
        let help = refused.help.trim_end_matches(" and go on with `--resume`");
        let help = format!("{help}; then `rollcast sweep PLAN -o {out} --resume` writes the results");
        CannotWrite { help: help.into(), ..refused }
    })?;
    print(&format!(
        "{} and {} are in `{out}`\n",
        many(merged.layout.cells(), "cell"),
        many(merged.layout.runs(), "run")
    ))?;
    Ok(if study::partial(&merged.layout, &merged.results, "`rollcast sweep` with `--resume`") {
        Exit::Partial
    } else {
        Exit::Ok
    })
}
