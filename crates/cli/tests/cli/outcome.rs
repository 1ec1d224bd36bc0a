//! `--format json` and `--format csv`: shape, sums, replay.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::{MET, MISSED, Place, UNDECIDED};

fn schema(place: &Place) -> Value {
    place.json("schema outcome")
}

#[test]
fn outcomes_satisfy_their_schema() {
    let place = Place::with(&format!("{MISSED}runs: 3\n"));
    let schema = schema(&place);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in ["run a.yaml", "run a.yaml --replication 2", "run a.yaml --set horizon=1,d"] {
        // `--set` values hold blanks; a comma stands in for one here.
        let words: Vec<String> = line.split(' ').map(|word| word.replace(',', " ")).collect();
        let output = place.command(words).args(["--format", "json"]).output().unwrap();
        let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&outcome).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{line}: {errors:#?}");
    }
}

#[test]
fn the_schema_that_is_checked_in_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/outcome.schema.json");
    let fresh = Place::with("").run("schema outcome").out;
    let stored = fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == fresh,
        "schema/outcome.schema.json is stale: `rollcast schema outcome > schema/outcome.schema.json` writes it again"
    );
}

#[test]
fn an_outcome_names_its_origin() {
    let place = Place::with("");
    let outcome = place.json("run a.yaml --format json --set fleet.devices=2000");
    assert_eq!(outcome["schema_version"], 1);
    assert_eq!(outcome["tool"]["name"], "rollcast");
    assert_eq!(outcome["tool"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(outcome["scenario"]["path"], "a.yaml");
    assert_eq!(outcome["scenario"]["set"][0], "fleet.devices=2000");
    assert_eq!(outcome["scenario"]["digest"].as_str().unwrap().len(), 64);
    assert_eq!(outcome["seed"], 7);
    assert_eq!(outcome["interval_meaning"], "luck only");
    assert_eq!(outcome["releases"][0]["published"], "2026-10-13T17:00:00Z");
    assert_eq!(outcome["fleet"]["devices"], 2000);
    let other = place.json("run a.yaml --format json");
    assert_ne!(outcome["scenario"]["digest"], other["scenario"]["digest"], "a change is another scenario");
}

fn sum(map: &Value, field: Option<&str>) -> u64 {
    let of = |value: &Value| field.map_or(value, |field| &value[field]).as_u64().unwrap();
    map.as_object().unwrap().values().map(of).sum()
}

#[test]
fn counts_sum_to_their_totals() {
    let outcome = Place::with("").json("run a.yaml --format json");
    let release = &outcome["releases"][0];
    let rings = release["rings"].as_array().unwrap();
    for group in rings.iter().chain([&release["fleet"]]) {
        let metric = |name: &str| group["metrics"][name]["value"].as_f64().unwrap();
        assert_eq!(sum(&group["late"], Some("devices")) as f64, metric("late.devices"));
        assert_eq!(sum(&group["blocked_s"], None), group["exposed_s"].as_u64().unwrap());
        assert!(
            (group["exposed_s"].as_f64().unwrap() / 86_400.0 - metric("exposed.device-days")).abs() < 1e-6
        );
        assert_eq!(sum(&group["restarts"], None) as f64, metric("restarts.total"));
        let curve = &group["curve"];
        let ends = ["hours", "patched", "patched_eligible", "offerable", "offered"]
            .map(|name| curve[name].as_array().unwrap().len());
        assert!(ends.iter().all(|&length| length == ends[0] && length > 0), "{ends:?}");
        let patched: Vec<u64> =
            curve["patched"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
        assert!(patched.windows(2).all(|pair| pair[0] <= pair[1]));
        let share = *patched.last().unwrap() as f64 / metric("devices.registered");
        assert!((share - metric("patched.share")).abs() < 1e-12);
    }
    let of_rings: u64 =
        outcome["rings"].as_array().unwrap().iter().map(|ring| ring["devices"].as_u64().unwrap()).sum();
    let fleet = &outcome["fleet"];
    assert_eq!(of_rings + fleet["in_no_ring"].as_u64().unwrap(), fleet["registered"].as_u64().unwrap());
    let devices: f64 =
        rings.iter().map(|ring| ring["metrics"]["devices.registered"]["value"].as_f64().unwrap()).sum();
    assert_eq!(devices, release["fleet"]["metrics"]["devices.registered"]["value"].as_f64().unwrap());
}

#[test]
fn a_replication_played_alone_gives_the_same_numbers() {
    let place = Place::with("runs: 4\n");
    let all = place.json("run a.yaml --format json");
    let of_first = place.json("run a.yaml --format json --replication 0");
    let metrics = |outcome: &Value| outcome["releases"][0]["fleet"]["metrics"].as_object().unwrap().clone();
    for (name, metric) in metrics(&all) {
        assert_eq!(metric["value"], metrics(&of_first)[&name]["value"], "{name}");
        assert_eq!(metric["runs"], 4);
    }
    assert_eq!(all["releases"][0]["fleet"]["curve"], of_first["releases"][0]["fleet"]["curve"]);
    assert_eq!(all["decisions"], of_first["decisions"]);
    // The replay line is the command that was just tried.
    assert_eq!(all["replay"], "rollcast run a.yaml --seed 7 --replication 0");
    let third = place.json("run a.yaml --format json --replication 2");
    assert_eq!(third["replay"], "rollcast run a.yaml --seed 7 --replication 2");
    assert_ne!(third["releases"][0]["fleet"]["curve"], of_first["releases"][0]["fleet"]["curve"]);
    let mean = |name: &str| {
        let alone: f64 = (0..4)
            .map(|k| {
                let one = place.json(&format!("run a.yaml --format json --replication {k}"));
                metrics(&one)[name]["value"].as_f64().unwrap()
            })
            .sum();
        (alone / 4.0, metrics(&all)[name]["mean"].as_f64().unwrap())
    };
    let (alone, together) = mean("exposed.device-days");
    assert!((alone - together).abs() < 1e-6 * together);
}

#[test]
fn never_is_null_with_its_counts() {
    let place = Place::with("runs: 2\n");
    let output =
        place.command(["run", "a.yaml", "--format", "json", "--set", "horizon=1 d"]).output().unwrap();
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    let metric = &outcome["releases"][0]["fleet"]["metrics"]["patched.h99"];
    assert!(metric["value"].is_null() && metric["mean"].is_null() && metric["p50"].is_null());
    assert_eq!((&metric["reached"], &metric["runs"]), (&0.into(), &2.into()));
    assert!(metric["restricted_mean"].as_f64().unwrap() <= 24.0);
    let table = place.command(["run", "a.yaml", "--set", "horizon=1 d"]).output().unwrap();
    assert!(String::from_utf8(table.stdout).unwrap().contains("never ("));
}

#[test]
fn goals_carry_their_verdicts() {
    for (goal, verdict) in [(MET, "met"), (MISSED, "missed"), (UNDECIDED, "not-decided")] {
        let done = Place::with(goal).run("run a.yaml --format json");
        let outcome: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(outcome["goals"][0]["verdict"], verdict);
        assert_eq!(outcome["goals"][0]["runs"], 1);
    }
    let table = Place::with(UNDECIDED).run("run a.yaml").out;
    assert!(table.contains("not decided by 1 run (1 of 1 held)"), "{table}");
}

#[test]
fn the_csv_is_tidy_and_agrees_with_the_json() {
    let place = Place::with("runs: 3\n");
    let outcome = place.json("run a.yaml --format json");
    let text = place.run("run a.yaml --format csv").out;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..4], ["release", "group", "metric", "unit"]);
    let mut rows = 0;
    for row in reader.records() {
        let row = row.unwrap();
        rows += 1;
        if &row[1] == "(fleet)" {
            let metric = &outcome["releases"][0]["fleet"]["metrics"][&row[2]];
            let value: Option<f64> = (!row[4].is_empty()).then(|| row[4].parse().unwrap());
            assert_eq!(metric["value"].as_f64(), value, "{}", &row[2]);
            assert_eq!(metric["unit"], row[3]);
        }
    }
    // Without prices and attackers their metrics are in the JSON alone, as null.
    let told = |name: &&String| !name.starts_with("cost") && *name != "exposed.hit";
    let metrics = outcome["releases"][0]["fleet"]["metrics"].as_object().unwrap().keys().filter(told).count();
    assert_eq!(rows, metrics * (1 + outcome["rings"].as_array().unwrap().len()));
}
