//! Which settings matter: a design with luck of its own for each point is as safe to play as any other, and what a sweep
//! says about its axes is read from its results alone.

use crate::{
    support::Place,
    sweep::{planned, replay, results},
};

/// Eight rows of five points against two releases.
const INDICES: &str = "\
base: a.yaml
set: { fleet.devices: 200, horizon: 40 d }
bank: { from: standard/2026, only: [good, 1 in 1000 crash] }
runs: 2
measure: [exposed.device-days, patched.share]
axes:
  rings.Test.size: log 10 to 50
  rings.Ring2.deferral: [2 d, 6 d]
  rings.Ring3.deferral: rings.Ring2.deferral + 1 d to 9 d
design: { sobol-indices: 8 }
";

fn place() -> Place {
    let place = planned("");
    place.write("indices.yaml", INDICES);
    place
}

#[test]
fn indices_are_the_same_on_any_threads_after_interruptions_and_from_shards() {
    let place = place();
    let whole = place.ends(0, "sweep indices.yaml -o whole --jobs 1 --quiet");
    let expected = (results(&place, "whole"), place.read("whole/sensitivity.csv"));
    place.ends(0, "sweep indices.yaml -o threads --jobs 3 --quiet");
    assert_eq!((results(&place, "threads"), place.read("threads/sensitivity.csv")), expected);
    // Half of the journal, as an interruption leaves it.
    let journal = place.read("whole/journal.jsonl");
    let half: String = journal.split_inclusive('\n').take(41).collect();
    place.ends(0, "sweep indices.yaml -o half --quiet");
    place.write("half/journal.jsonl", &half);
    let again = place.ends(0, "sweep indices.yaml -o half --resume");
    assert!(again.err.contains("40 cells of 80 are there already"), "{}", again.err);
    assert_eq!((results(&place, "half"), place.read("half/sensitivity.csv")), expected);
    assert_eq!(again.out.replace("half/", "whole/"), whole.out);
    for shard in [1, 2] {
        place.ends(0, &format!("sweep indices.yaml -o shard-{shard} --shard {shard}/2 --quiet"));
    }
    place.ends(0, "merge shard-1 shard-2 -o merged --quiet");
    assert_eq!((results(&place, "merged"), place.read("merged/sensitivity.csv")), expected);
}

#[test]
fn a_row_with_luck_of_its_own_can_be_played_alone() {
    let place = place();
    place.ends(0, "sweep indices.yaml -o out --quiet");
    replay(&place, "out", 19);
}

#[test]
fn a_sweep_says_which_settings_matter() {
    let place = place();
    let dry = place.ends(0, "sweep indices.yaml -o out --dry-run");
    assert!(
        dry.out.starts_with("40 points against 2 releases of the bank: 80 cells, 160 runs"),
        "{}",
        dry.out
    );
    let more = "sweep indices.yaml -o out --replications 4 --quiet --set rings.Ring2.deadline='3 d'";
    let done = place.shell(&format!("rollcast {more}"));
    let out = done.out;
    assert!(
        out.starts_with("which settings matter for exposed.device-days: shares of the variance"),
        "{out}"
    );
    assert!(out.contains("rings.Ring3.deferral -") && out.contains("luck: "), "{out}");
    assert!(!out.contains("best by") && !out.contains("front of"), "{out}");
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    let table = place.read("out/sensitivity.csv");
    assert!(table.contains("exposed.device-days,total,rings.Test.size,,,"), "{table}");
    // Any other design: main effects below what is best.
    let grid = place.ends(0, "sweep plan.yaml -o grid --replications 5 --quiet").out;
    assert!(grid.contains("main effects on exposed.device-days"), "{grid}");
    assert!(grid.contains("best by"), "{grid}");
    assert!(grid.lines().all(|line| line.chars().count() <= 100), "{grid}");
    let table = place.read("grid/sensitivity.csv");
    assert!(table.contains("exposed.device-days,mean,rings.Ring2.deferral,4 d,2,"), "{table}");
    // Strategies without axes have nothing to say about them.
    place.write(
        "none.yaml",
        "base: a.yaml\nset: { fleet.devices: 200 }\nstrategies: { a: {}, b: { tick: 2 h } }\nruns: 2\n",
    );
    assert!(!place.ends(0, "sweep none.yaml -o none --quiet").out.contains("main effects"));
    assert!(!place.path("none/sensitivity.csv").exists());
}

#[test]
fn what_cannot_be_told_is_not_told() {
    let place = place();
    // Two names for the same: what the points differ by is luck.
    let plan = "\
base: a.yaml
set: { fleet.devices: 100, horizon: 20 d }
runs: 2
measure: [restarts.total]
axes: { name: { this: {}, that: {} } }
design: { sobol-indices: 8 }
";
    place.write("luck.yaml", plan);
    let out = place.shell("rollcast sweep luck.yaml -o luck --quiet");
    let said = &out.out;
    let none = said.contains("no shares of the axes") || said.contains("cannot be told from 0");
    assert!(none, "{said}{}", out.err);
}

#[test]
fn one_at_a_time_goes_around_the_offset_that_the_strategy_has() {
    let place = place();
    let plan = "\
base: a.yaml
set: { fleet.devices: 100, horizon: 30 d, rings.Ring2.deferral: 3 d, rings.Ring3.deferral: 8 d }
runs: 2
axes: { rings.Ring2.deferral: [2 d, 3 d], rings.Ring3.deferral: rings.Ring2.deferral + 3 d to 7 d step 2 d }
design: one-at-a-time
";
    place.write("around.yaml", plan);
    place.ends(0, "sweep around.yaml -o around --quiet");
    let plan: serde_json::Value = serde_json::from_str(&place.read("around/plan.json")).unwrap();
    let values: Vec<String> =
        plan["points"].as_array().unwrap().iter().map(|p| p["values"].to_string()).collect();
    assert_eq!(values, ["[72.0,192.0]", "[48.0,168.0]", "[72.0,144.0]", "[72.0,240.0]"], "in hours");
    replay(&place, "around", 3);
}
