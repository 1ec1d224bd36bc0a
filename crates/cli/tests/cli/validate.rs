//! `rollcast validate`: all problems at once, for people and for machines.

use serde_json::Value;

use crate::support::Place;

#[test]
fn all_problems_are_listed_with_their_places() {
    let place = Place::with("rngs: {}\nhorizon: 3 parsecs\n");
    let done = place.run("validate a.yaml --format json");
    assert_eq!(done.code, Some(2));
    assert_eq!(done.err, "");
    let list: Value = serde_json::from_str(&done.out).unwrap();
    let problems = list["files"][0]["problems"].as_array().unwrap();
    assert!(problems.len() >= 2, "{problems:#?}");
    let errors = problems.iter().filter(|problem| problem["severity"] == "error").count();
    assert_eq!(list["errors"], errors);
    for problem in problems {
        for field in ["code", "severity", "message", "file", "line", "column", "help"] {
            assert!(problem.get(field).is_some(), "{field}: {problem}");
        }
        assert_eq!(problem["file"], "a.yaml");
        assert!(problem["code"].as_str().unwrap().starts_with("RC"));
    }
    assert!(
        problems.iter().any(|p| p["line"] == 8) && problems.iter().any(|p| p["line"] == 9),
        "{problems:#?}"
    );
}

#[test]
fn people_get_snippets_on_stderr_and_a_verdict_on_stdout() {
    let place = Place::with("rngs: {}\n");
    place.write("b.yaml", crate::support::SMALL);
    let done = place.run("validate a.yaml b.yaml");
    assert_eq!(done.code, Some(2));
    assert!(done.out.starts_with("a.yaml: 1 error") && done.out.contains("b.yaml: valid"), "{}", done.out);
    for word in ["error[RC", "a.yaml:8:1", "rngs: {}", "help:"] {
        assert!(done.err.contains(word), "{word}: {}", done.err);
    }
}

#[test]
fn a_wrong_setting_is_shown_as_it_was_typed() {
    let place = Place::with("");
    let done = place.run("run a.yaml --set fleet.devises=3");
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("--set") && done.err.contains("devises"), "{}", done.err);
    assert!(done.err.contains("devices"), "no suggestion: {}", done.err);
}
