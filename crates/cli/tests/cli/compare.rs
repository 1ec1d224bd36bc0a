//! `rollcast compare`: strategies with the same luck, from one file or several.

use serde_json::Value;

use crate::{
    support::{Place, SMALL},
    sweep::{planned, replay},
};

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = planned("");
    for format in ["table", "json", "csv"] {
        let line = format!("compare plan.yaml --format {format}");
        let one = place.ends(0, &format!("{line} --jobs 1")).out;
        for jobs in [2, 7] {
            assert_eq!(place.ends(0, &format!("{line} --jobs {jobs}")).out, one, "{format}, {jobs} threads");
        }
        place.ends(0, &format!("{line} -o out"));
        assert_eq!(place.read("out"), one, "{format} in a file");
    }
}

/// The rows of a comparison are those of a sweep, and of runs alone: it is the same luck everywhere.
#[test]
fn every_run_of_two_scenarios_can_be_played_alone() {
    let place = Place::with("goals: [{ of: registered, patched: 90%, by: 20 d }]\n");
    let goal = "goals: [{ of: registered, patched: 90%, by: 20 d }]\n";
    let other = SMALL.replace("Ring3: {}", "Ring3: { deferral: 5 d }, Last: {}");
    place.write("b c's.yaml", &format!("{other}{goal}uncertain: {{ rings.Ring1.deferral: 1 d to 3 d }}\n"));
    let args =
        ["compare", "a.yaml", "b c's.yaml", "--keep", "kept", "--format", "csv", "-r", "4", "--seed", "5"];
    let more = ["--set", "fleet.devices=400"];
    let done = crate::support::Done::from(place.command(args.iter().chain(&more)).output().unwrap());
    assert_eq!(done.code, Some(0), "{}", done.err);
    place.write("kept/results.csv", &done.out);
    // The directory of a comparison is that of a sweep without results; they are made from the CSV here.
    let mut reader = csv::Reader::from_reader(done.out.as_bytes());
    let names = reader.headers().unwrap().clone();
    let mut lines = String::new();
    for record in reader.records() {
        let record = record.unwrap();
        let field = |(name, text): (&str, &str)| {
            let value = match name {
                "strategy" => Value::from(text),
                "replication" => text.parse::<u64>().unwrap().into(),
                "ended_early" => text.parse::<bool>().unwrap().into(),
                _ if text.is_empty() => Value::Null,
                _ => text.parse::<f64>().unwrap().into(),
            };
            (name.to_owned(), value)
        };
        let row: serde_json::Map<String, Value> = names.iter().zip(&record).map(field).collect();
        lines += &format!("{}\n", Value::from(row));
    }
    place.write("kept/results.jsonl", &lines);
    replay(&place, "kept", 1);
}

#[test]
fn what_is_kept_is_gone_on_with() {
    let place = planned("");
    let line = "compare plan.yaml --format json --keep kept";
    let whole = place.ends(0, "compare plan.yaml --format json").out;
    assert_eq!(place.ends(0, line).out, whole);
    let journal = place.read("kept/journal.jsonl");
    let some: Vec<&str> = journal.lines().take(3).collect();
    place.write("kept/journal.jsonl", &(some.join("\n") + "\n{\"cell\":5"));
    let done = place.ends(0, line);
    assert!(done.err.contains("was cut in the middle"), "{}", done.err);
    assert_eq!(done.out, whole);
    assert_eq!(place.read("kept/journal.jsonl").lines().count(), journal.lines().count());
    // Of another comparison nothing is taken, and nothing is lost.
    let files = place.contents("kept");
    let done = place.ends(2, &format!("{line} --seed 4"));
    assert!(done.err.contains("belongs to another plan"), "{}", done.err);
    assert_eq!(place.contents("kept"), files);
    place.ends(4, "compare plan.yaml --keep plan.yaml");
    place.ends(4, "compare plan.yaml --keep plan.yaml/below");
}

#[test]
fn files_that_cannot_be_compared_are_refused() {
    let place = planned("");
    place.write("bank.yaml", &format!("{SMALL}bank: standard/2026\n"));
    place.write("fewer.yaml", &format!("{SMALL}bank: {{ from: standard/2026, only: good }}\n"));
    for (line, words) in [
        ("compare plan.yaml a.yaml", &["RC220", "a plan is compared by itself"][..]),
        ("compare a.yaml plan.yaml", &["RC220", "plan.yaml:1:1"]),
        ("compare a.yaml missing.yaml", &["RC001", "`missing.yaml` does not exist"]),
        ("compare a.yaml .", &["RC002", "is a directory"]),
        (
            "compare a.yaml bank.yaml",
            &["RC220", "`bank.yaml` names a bank of releases, and `a.yaml` does not"],
        ),
        ("compare bank.yaml a.yaml", &["RC220", "`a.yaml` names no bank of releases, and `bank.yaml` does"]),
        ("compare bank.yaml fewer.yaml", &["RC220", "names another bank of releases than `bank.yaml`"]),
        ("compare plan.yaml --replications 0", &["0 is not in 1.."]),
        ("compare a.yaml --set rings.Nope=", &["RC"]),
        ("compare", &["PLAN|SCENARIO"]),
    ] {
        let done = place.ends(2, line);
        assert_eq!(done.out, "", "{line}");
        for word in words {
            assert!(done.err.contains(word), "{line}: `{word}` is not in: {}", done.err);
        }
    }
    let done =
        place.ends(0, "compare bank.yaml bank.yaml --replications 1 --set fleet.devices=300 --keep kept");
    assert!(done.out.contains("against 8 releases of a bank"), "{}", done.out);
}

/// A file that is named again is a strategy again, under a name of its own, and differs in nothing.
#[test]
fn the_same_file_twice_differs_in_nothing() {
    let place = Place::with("");
    let json =
        place.json("compare a.yaml a.yaml a.yaml --replications 5 --set fleet.devices=300 --format json");
    let strategies = json["strategies"].as_array().unwrap();
    let names: Vec<&str> = strategies.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "a.yaml", "a.yaml (2)"]);
    for metric in json["metrics"].as_array().unwrap() {
        for of in &metric["of"].as_array().unwrap()[1..] {
            let against = &of["against_first"];
            let differ = (against["less"].as_u64(), against["more"].as_u64());
            assert!(matches!(differ, (Some(0), Some(0)) | (None, None)), "{metric}");
        }
    }
    assert_eq!(strategies[2]["replay"], strategies[0]["replay"]);
}
