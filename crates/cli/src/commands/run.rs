//! `rollcast run`: plays a scenario and prints the answer.

use std::{borrow::Cow, path::Path};

use rollcast_core::{
    check::{INVARIANTS, Violation, check},
    goals::Goal,
    replicate::replicate_each,
};

use rollcast_sweep::prepare::{file, option};

use super::study;
use crate::{
    args::{RunArgs, RunFormat},
    exit::Exit,
    labels::Names,
    limits,
    output::{CannotWrite, Output, say},
    progress::{WATCH, watched},
    render::{csv, diagnostics, gate as gate_lines, json, table},
    report::{self, Input, Report, ScenarioRef, Verdict, Warning, gate},
};

pub(super) fn run(args: &RunArgs) -> Result<Exit, CannotWrite> {
    let alone = study::alone(
        &args.scenario,
        &args.sets,
        (args.strategy.as_deref(), args.gate.as_deref()),
        &args.axes,
        args.member.as_deref(),
    );
    let study::Alone { base, changes, loaded, seed, together } = match alone {
        Ok(alone) => alone,
        Err(exit) => return Ok(exit),
    };
    let asked = match super::or_say(gate::read(&args.fail_on)) {
        Ok(asked) => asked,
        Err(exit) => return Ok(exit),
    };
    let seed = args.seed.unwrap_or(seed);
    let asked = match super::or_say(gate::OfRun::new(&asked, &loaded, (seed, together))) {
        Ok(asked) => asked,
        Err(exit) => return Ok(exit),
    };
    args.instructions.choose();
    let pool = limits::pool(args.jobs)?;
    let runs = if args.replication.is_some() { 1 } else { args.replications.unwrap_or(loaded.runs) };
    limits::check(&loaded.plan, pool.current_num_threads(), runs, args.max_memory)?;
    let numbers: Vec<u32> = match args.replication {
        Some(one) => vec![one],
        None => (0..runs).collect(),
    };
    spare_the_scenario(args)?;
    // Opened before the run: a bad path fails now and not after the work.
    let output = Output::open(args.output.as_deref())?;
    let in_table = args.format == RunFormat::Table && args.output.is_none();
    if !args.quiet && !in_table && !loaded.warnings.is_empty() {
        say(&diagnostics::render(&loaded.warnings));
    }
    let goals: Vec<Goal> = loaded.goals.iter().map(|(goal, _)| goal.clone()).collect();
    // What is uncertain is drawn in each replication; the answer shows the first one in full.
    let drawn = |number| match loaded.uncertain.is_empty() {
        true => Cow::Borrowed(&loaded.plan),
        false => Cow::Owned(
            base.plan_of(&changes, seed, number / together)
                .expect("invariant: the extremes of all draws can be played"),
        ),
    };
    let plan = drawn(numbers[0]);
    let work = || pool.install(|| replicate_each(&plan, drawn, seed, &numbers, &goals, &WATCH));
    let replications = watched(numbers.len() as u64, args.quiet, work)
        .expect("invariant: nobody stops the watch, Ctrl-C ends the process");
    let report = report::build(Input {
        plan: &plan,
        labels: Names(&loaded.labels),
        goals: &loaded.goals,
        replications: &replications,
        scenario: ScenarioRef {
            path: args.scenario.display().to_string(),
            digest: loaded.digest.clone(),
            service: loaded.labels.service,
            set: args.sets.clone(),
        },
        seed,
        gate: asked.judge(&replications, args.point),
        warnings: loaded.warnings.iter().map(Warning::from).collect(),
        replay: replay(args, seed, numbers[0]),
    });
    let violations = args.check.then(|| pool.install(|| check(&plan, seed, &replications.first)));
    output.write(|out| match args.format {
        RunFormat::Table => out.write_all(table::render(&report).as_bytes()),
        RunFormat::Json => json::write(out, &report),
        RunFormat::Csv => csv::write(out, &report),
    })?;
    let exit = exit(&report, args.quiet || in_table);
    Ok(violations.map_or(exit, |found| checked(&found, args.quiet).unwrap_or(exit)))
}

/// Says what a check found; gives the exit code if it found anything.
fn checked(violations: &[Violation], quiet: bool) -> Option<Exit> {
    /// More of the same would only scroll.
    const SHOWN: usize = 20;
    if violations.is_empty() {
        if !quiet {
            say(&format!("checked: {} invariants hold", INVARIANTS.len()));
        }
        return None;
    }
    for violation in violations.iter().take(SHOWN) {
        say(&format!("invariant broken: {violation}"));
    }
    if violations.len() > SHOWN {
        say(&format!("and {} more", violations.len() - SHOWN));
    }
    Some(Exit::Partial)
}

/// A slip of the completion key must not cost a scenario.
fn spare_the_scenario(args: &RunArgs) -> Result<(), CannotWrite> {
    let same = |output: &Path| Some(output.canonicalize().ok()? == args.scenario.canonicalize().ok()?);
    if args.output.as_deref().and_then(same) != Some(true) {
        return Ok(());
    }
    Err(CannotWrite {
        message: format!("`{}` is the scenario itself", args.scenario.display()),
        help: "name another file".into(),
    })
}

/// The exit code of a finished run; says on stderr what the answer says too, if that went elsewhere.
fn exit(report: &Report, quiet: bool) -> Exit {
    if !report.ended_early.is_empty() {
        if !quiet {
            let (early, all) = (report.ended_early.len(), report.replications.len());
            say(&format!("{early} of {all} runs ended early, at their limit of decisions"));
        }
        return Exit::Partial;
    }
    if !quiet {
        gate_lines::say_shut(&report.gate);
    }
    let of = |verdict| report.goals.iter().filter(move |goal| goal.verdict == verdict);
    if !quiet {
        for goal in of(Verdict::Missed) {
            say(&format!("goal missed: {} (held in {} of {} runs)", goal.text, goal.held, goal.runs));
        }
        for goal in of(Verdict::NotDecided) {
            say(&format!(
                "goal not decided: {} (held in {} of {} runs); more `--replications` may decide it",
                goal.text, goal.held, goal.runs
            ));
        }
    }
    if of(Verdict::Missed).next().is_some() || gate::is_shut(&report.gate) {
        Exit::GoalMissed
    } else {
        Exit::Ok
    }
}

/// The command that plays one replication again.
fn replay(args: &RunArgs, seed: u64, replication: u32) -> String {
    let mut words = vec!["rollcast run".to_owned(), file(&args.scenario.display().to_string())];
    words.extend(args.strategy.iter().map(|name| option("--strategy", name)));
    words.extend(args.gate.iter().map(|name| option("--gate", name)));
    words.extend(args.axes.iter().map(|axis| option("--axis", axis)));
    words.extend(args.member.iter().map(|name| option("--member", name)));
    words.push(format!("--seed {seed} --replication {replication}"));
    words.extend(args.sets.iter().map(|set| option("--set", set)));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_invariant_makes_the_answer_partial() {
        assert_eq!(checked(&[], true), None);
        let broken = Violation { invariant: 2, what: "device 4".into() };
        assert_eq!(checked(&[broken], true), Some(Exit::Partial));
    }
}
