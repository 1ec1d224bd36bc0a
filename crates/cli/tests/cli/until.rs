//! Runs that go on until something is known: the same bytes however they are played, and what is refused.

use serde_json::Value;

use crate::{
    support::Place,
    sweep::{journalled, planned, results},
};

/// Three strategies, two of them close to each other.
const CLOSE: &str = "\
base: a.yaml
set: { fleet.devices: 300 }
runs: { each: 30, at-most: 200 }
strategies:
  as it is: {}
  the same: { rings.Test.size: 21 }
  slow: { rings.Ring3.deferral: 9 d }
choose: { then: least exposed.device-days }
";

fn close(more: &str) -> Place {
    let place = Place::with("");
    place.write("plan.yaml", &format!("{CLOSE}{more}"));
    place
}

fn json(place: &Place, line: &str) -> Value {
    let done = place.shell(&format!("rollcast compare plan.yaml --format json {line}"));
    assert_eq!(done.code, Some(0), "{line}: {}", done.err);
    serde_json::from_str(&done.out).unwrap()
}

#[test]
fn rounds_are_the_same_bytes_on_any_number_of_threads_and_after_an_interruption() {
    let place = planned("");
    let line = "sweep plan.yaml --replications 30 --until-ci 0.3%";
    let one = place.ends(0, &format!("{line} -o one --jobs 1")).out;
    place.ends(0, &format!("{line} -o seven --jobs 7"));
    let whole = results(&place, "one");
    assert_eq!(results(&place, "seven"), whole);
    // Some points went on and others did not, none to the end.
    let rows = whole.0.lines().count() - 1;
    assert!(rows > 7 * 50 && rows < 7 * 1_000 && rows.is_multiple_of(25), "{rows}");
    let said = one.replace('\n', " ");
    assert!(
        said.contains("known: half an interval of the mean of exposed.device-days at most 0.3 %"),
        "{one}"
    );
    let counted = one.lines().last().unwrap().replace(' ', "");
    assert_eq!(counted, format!("{rows}runsinone/results.csv"));

    // Cut down to a few cells, and one that is not whole.
    let journal = place.read("one/journal.jsonl");
    for kept in [2, 9, journal.lines().count()] {
        let some: Vec<&str> = journal.lines().take(kept).collect();
        place.write("one/journal.jsonl", &(some.join("\n") + "\n"));
        let resumed = place.ends(0, &format!("{line} -o one --resume --jobs 2")).out;
        assert_eq!((results(&place, "one"), &resumed), (whole.clone(), &one), "{kept} lines");
    }
    // A wish that is fulfilled earlier takes from the same journal no more than it needs.
    place.ends(0, "sweep plan.yaml --replications 30 --until-ci 50% -o one --resume");
    assert_eq!(results(&place, "one").0.lines().count() - 1, 7 * 50);
    let cells = journalled(&place, "one");
    place.ends(0, &format!("{line} -o one --resume"));
    assert_eq!(
        (results(&place, "one"), journalled(&place, "one")),
        (whole, cells),
        "nothing was played again"
    );
}

#[test]
fn the_best_is_decided_or_it_is_said_that_it_is_not() {
    let place = close("");
    let found = json(&place, "--until-decided 95% --worth 60");
    let stopping = &found["stopping"];
    assert_eq!((&stopping["known"], &found["choice"]["strategy"]), (&true.into(), &1.into()), "{stopping}");
    let said = stopping["sentences"][0].as_str().unwrap();
    assert!(
        said.starts_with("decided: the same is the best in the mean of exposed.device-days, or within 60"),
        "{said}"
    );
    // The slow one is far behind after the first stage, and is played no more.
    assert_eq!(stopping["runs"][2], 50);

    // A difference that no 200 runs can tell.
    let found = json(&place, "--until-decided 95% --worth 0.01");
    assert_eq!((&found["stopping"]["known"], &found["choice"]), (&false.into(), &Value::Null));
    assert_eq!(found["stopping"]["left"], serde_json::json!([0, 1, 2]), "so little is worth much patience");
    let table = place.ends(0, "compare plan.yaml --until-decided 95% --worth 0.01").out;
    let said = table.replace('\n', " ");
    assert!(
        said.contains("not decided after 200 runs: as it is, the same and slow may each be the best"),
        "{table}"
    );
    assert!(!table.contains("choose "), "{table}");
}

#[test]
fn a_comparison_goes_on_until_intervals_are_narrow() {
    let place = close("");
    let found = json(&place, "--until-ci '1% or 10'");
    assert_eq!(found["stopping"]["known"], true, "{}", found["stopping"]);
    for (i, of) in found["metrics"][0]["of"].as_array().unwrap().iter().enumerate() {
        assert_eq!(of["runs"], found["stopping"]["runs"][i]);
    }
    let found = json(&place, "--until-ci 0.0001%");
    assert_eq!(found["stopping"]["runs"], serde_json::json!([200, 200, 200]), "at most");
    let said = found["stopping"]["sentences"][0].as_str().unwrap();
    assert!(said.starts_with("not known after 200 runs") && said.contains("at-most"), "{said}");
}

#[test]
fn what_cannot_be_waited_for_is_refused() {
    let place = close("");
    for (line, said) in [
        ("sweep plan.yaml -o x --shard 1/2 --until-ci 2%", "a shard does not see the runs of the others"),
        ("compare plan.yaml --until-ci 0%", "no interval is as narrow as that"),
        ("compare plan.yaml --until-ci nonsense", "nonsense"),
        ("compare plan.yaml --until-ci -3%", "unexpected argument"),
        ("compare plan.yaml --until-decided 95%", "--worth"),
        ("compare plan.yaml --worth 3", "--until-decided"),
        ("compare plan.yaml --until-decided 100% --worth 3", "less than 100 %"),
        ("compare plan.yaml --until-decided 95% --worth 0", "more than 0"),
        ("compare plan.yaml --until-decided 95% --worth 3h", "is no bound for `exposed.device-days`"),
        ("compare plan.yaml --until-decided 95% --worth 3 --until-ci 2%", "cannot be used with"),
        ("compare a.yaml --until-decided 95% --worth 3h", "there is one strategy"),
    ] {
        let done = place.ends(2, line);
        assert!(done.err.contains(said) && done.out.is_empty(), "{line}: {}", done.err);
        assert!(!place.path("x").exists(), "{line}");
    }
    let place = Place::with("");
    place.write("plan.yaml", &CLOSE.replace("then: least", "only-if: harmed <= 3, then: least"));
    let done = place.ends(2, "compare plan.yaml --until-decided 95% --worth 3");
    assert!(done.err.contains("`only-if` of `choose` is a limit"), "{}", done.err);
    place.write(
        "indices.yaml",
        "base: a.yaml\naxes: { rings.Ring2.deferral: 2 d to 6 d }\ndesign: { sobol-indices: 8 }\nruns: 2\n",
    );
    place.write("few.yaml", &CLOSE.replace("{ each: 30, at-most: 200 }", "{ each: 5, at-most: 40 }"));
    let done = place.ends(2, "compare few.yaml --until-ci 5%");
    assert!(done.err.contains("runs end at 40, and nothing is decided before there are 50"), "{}", done.err);
    let done = place.ends(2, "sweep indices.yaml -o x --until-ci 2%");
    assert!(done.err.contains("shares of the variance"), "{}", done.err);
    place.write("plan.yaml", &CLOSE.replace("exposed.device-days", "exposed.device-days.p95"));
    let done = place.ends(2, "compare plan.yaml --until-decided 95% --worth 3");
    assert!(done.err.contains("decides by no mean"), "{}", done.err);
}

/// What is undefined stays so, however often it is played.
#[test]
fn what_is_undefined_is_not_waited_for() {
    let place = Place::with("");
    let undefined = "harmed.after-stop";
    place.write(
        "plan.yaml",
        &CLOSE.replace(
            "choose: { then: least exposed.device-days }",
            &format!("choose: {{ then: least {undefined} }}"),
        ),
    );
    for line in ["--until-ci 5%", "--until-decided 95% --worth 3"] {
        let found = json(&place, line);
        assert_eq!(found["stopping"]["runs"], serde_json::json!([50, 50, 50]), "{line}");
        let said = found["stopping"]["sentences"][0].as_str().unwrap();
        assert!(said.contains("undefined") && said.contains("no number of runs would tell"), "{said}");
    }
}

/// Luck and ignorance, told apart by runs that share a draw of the uncertain settings.
#[test]
fn runs_of_one_draw_share_its_settings_and_count_as_one() {
    let unsure = "uncertain: { rings.Ring3.deferral: 5 d to 15 d }\n";
    let plan = CLOSE.replace("runs: { each: 30, at-most: 200 }", "runs: { each: 40, per-draw: 4 }");
    let place = Place::with("");
    place.write("plan.yaml", &format!("{plan}{unsure}"));
    let found = json(&place, "");
    let variance = |metric: &Value| metric["of"][0]["variance"].clone();
    let exposed =
        &found["metrics"].as_array().unwrap().iter().find(|m| m["name"] == "exposed.device-days").unwrap();
    let (luck, ignorance) = (variance(exposed)["luck"].as_f64(), variance(exposed)["ignorance"].as_f64());
    // Ten days more or less for the largest ring are far more than luck.
    assert!(ignorance.unwrap() > 10.0 * luck.unwrap(), "{exposed}");
    let table = place.ends(0, "compare plan.yaml").out;
    assert!(table.contains("from the uncertain settings and") && table.contains("from luck"), "{table}");

    // One run a draw cannot tell them apart, and says so.
    place.write("plan.yaml", &format!("{}{unsure}", CLOSE.replace(", at-most: 200", "")));
    assert_eq!(variance(&json(&place, "")["metrics"][3])["ignorance"], Value::Null);
    let table = place.ends(0, "compare plan.yaml").out.replace("\n  ", " ");
    assert!(
        table.contains("from luck and the uncertain settings, which `runs: { per-draw: 2 }` tells apart"),
        "{table}"
    );

    // Replications 4 to 7 are of one draw: the same settings, other luck, here as in `run`.
    place.write("plan.yaml", &format!("{plan}{unsure}"));
    let rows = place.ends(0, "compare plan.yaml --format csv --replications 8").out;
    let mut reader = csv::Reader::from_reader(rows.as_bytes());
    let column = reader.headers().unwrap().iter().position(|name| name == "exposed.device-days").unwrap();
    let rows: Vec<f64> = reader.records().map(|row| row.unwrap()[column].parse().unwrap()).collect();
    let spread = |rows: &[f64]| rows.iter().fold(0.0_f64, |most, row| most.max((row - rows[0]).abs()));
    assert!(spread(&rows[..4]) * 3.0 < (rows[0] - rows[4]).abs(), "{rows:?}");
    let alone = place.shell("rollcast run plan.yaml --strategy 'as it is' --replication 5 --format json").out;
    let alone: Value = serde_json::from_str(&alone).unwrap();
    assert!(alone.to_string().contains(&format!("{}", rows[5])), "{} {alone}", rows[5]);
}

#[test]
fn runs_that_are_no_whole_draws_are_refused() {
    let place = Place::with("");
    for (runs, said) in [
        ("{ each: 30, per-draw: 4 }", "30 runs are not whole draws of 4"),
        ("{ each: 40, at-most: 30 }", "runs end at 30, and 40 are played at first"),
        ("{ each: 0 }", "`runs` is 0"),
        ("{ per-draw: 0 }", "no draw can have 0 runs"),
        ("{ each: 5, often: 3 }", "often"),
        ("-3", "-3"),
    ] {
        place.write("plan.yaml", &CLOSE.replace("{ each: 30, at-most: 200 }", runs));
        let done = place.ends(2, "compare plan.yaml");
        assert!(done.err.contains(said), "{runs}: {}", done.err);
    }
    place.write("plan.yaml", &CLOSE.replace("{ each: 30, at-most: 200 }", "{ each: 40, per-draw: 4 }"));
    let done = place.ends(2, "compare plan.yaml --until-ci 3%");
    assert!(done.err.contains("rounds of 25 runs are no whole draws of 4"), "{}", done.err);
}
