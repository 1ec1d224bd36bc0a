//! `rollcast gates`: stopping rules from the outside.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::Place;

const PLAN: &str = "\
base: a.yaml
set: { fleet.devices: 600, horizon: 20 d, device.telemetry.every: 4 h }
bank: { from: standard/2026, only: [good, 1 in 1000 crash, slow help-desk drip] }
gates:
  rates: [1%, 10%]
  catch: { ring: Ring1, member: 1 in 1000 crash, rate: 10%, sizes: 10 to 200 }
runs: 12
";
const RULES: &str = "\
rules:
  stop: { when: { count: failed, at-least: 3 }, do: pause all rings }
  same: { when: { count: failed, at-least: 3 }, do: pause all rings }
  deaf: { when: { count: install-failed, at-least: 500 }, do: pause later rings }
";

fn planned() -> Place {
    let place = Place::with(RULES);
    place.write("plan.yaml", PLAN);
    place
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = planned();
    for format in ["table", "json"] {
        let line = format!("gates plan.yaml --quiet --format {format}");
        let one = place.ends(0, &format!("{line} --jobs 1")).out;
        assert_eq!(place.ends(0, &format!("{line} --jobs 3")).out, one, "{format}");
        place.ends(0, &format!("{line} -o out"));
        assert_eq!(place.read("out"), one, "{format} in a file");
    }
}

#[test]
fn the_table_says_what_is_seen_missed_and_not_known() {
    let place = planned();
    let done = place.ends(0, "gates plan.yaml --quiet");
    assert!(
        done.out.lines().all(|line| line.starts_with("replay:") || line.chars().count() <= 100),
        "{}",
        done.out
    );
    // Sentences go over several lines.
    let flat = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "defect rates: 1 %, 10 % (of the plan)",
        "rule stop, alone",
        "all rules",
        "`stop` and `same` cannot be told apart against any of 5 releases",
        "less often than `deaf`",
        "smallest Ring1",
        "90 % of runs (not in the plan: an assumption)",
        "rollcast run plan.yaml --gate stop --member good --seed 7 --replication 0",
    ] {
        assert!(flat.contains(words), "`{words}` is not in\n{}", done.out);
    }
    // A rule that cannot fire misses everything, as far as twelve runs can say: 3 / 12.
    let deaf = done.out.split("rule deaf, alone").nth(1).unwrap();
    let deaf = deaf.split("all rules").next().unwrap();
    assert_eq!(deaf.matches("0 %  at most 25 %").count(), 5, "{deaf}");
    place.write("plain.yaml", &PLAN.replace("gates:\n  rates: [1%, 10%]\n", "").replace("  catch:", "# "));
    let done = place.ends(0, "gates plain.yaml --quiet --replications 2");
    assert!(
        done.out.contains("1 in 10 000, 1 in 1 000, 1 %, 10 % (not in the plan: an assumption)"),
        "{}",
        done.out
    );
    assert!(!done.out.contains("smallest "), "{}", done.out);
}

#[test]
fn the_json_satisfies_its_schema_and_every_run_can_be_played_alone() {
    let place = planned();
    let schema = place.json("schema gates");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let told = place.json("gates plan.yaml --quiet --format json");
    let errors: Vec<String> =
        validator.iter_errors(&told).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // The stopped runs of a cell, one by one.
    let release =
        told["releases"].as_array().unwrap().iter().position(|release| release["rate"] == 0.1).unwrap();
    let hits = told["points"][0]["of"][release]["stopped"]["hits"].as_u64().unwrap();
    let mut found = 0;
    for replication in 0..12 {
        let number = replication.to_string();
        let words = ["run", "plan.yaml", "--gate", "stop", "--member", "1 in 1000 crash at 10%", "--quiet"];
        let more = ["--replication", &number, "--format", "json"];
        let output = place.command(words.iter().chain(&more)).output().unwrap();
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = run.to_string();
        assert!(!text.contains("rule same"), "{text}");
        let decisions = run["decisions"].as_array().map_or(0, Vec::len);
        found += u64::from(decisions > 0);
    }
    assert_eq!(found, hits);
}

#[test]
fn the_schema_that_is_checked_in_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/gates.schema.json");
    let fresh = Place::with("").run("schema gates").out;
    let stored = fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == fresh,
        "schema/gates.schema.json is stale: `rollcast schema gates > schema/gates.schema.json` writes it again"
    );
}

#[test]
fn what_cannot_be_played_is_refused_before_anything_is() {
    let place = planned();
    place.write("none.yaml", &PLAN.replace("bank:", "#"));
    place.write("large.yaml", &PLAN.replace("10 to 200", "10 to 2000"));
    place.write("ring.yaml", &PLAN.replace("ring: Ring1", "ring: Rng1"));
    for (line, words) in [
        ("gates none.yaml", &["RC218", "no bank of releases"][..]),
        ("gates plan.yaml --set rules={}", &["RC218", "no rule stops a release"]),
        ("gates large.yaml", &["RC207", "2020 devices"]),
        ("gates ring.yaml", &["RC204", "`Rng1` is no ring", "did you mean `Ring1`?"]),
        ("validate ring.yaml", &["RC204"]),
        ("gates plan.yaml --set defects.crash.share=5%", &["RC218", "`crash`"]),
        ("run plan.yaml --gate stopp", &["`stopp` is no strategy"]),
    ] {
        let done = place.ends(2, line);
        for word in words {
            assert!(done.err.contains(word), "{line}: `{word}` is not in: {}", done.err);
        }
    }
    let done = place.ends(4, "gates plan.yaml --max-memory 1MB");
    assert!(done.err.contains("memory"), "{}", done.err);
}
