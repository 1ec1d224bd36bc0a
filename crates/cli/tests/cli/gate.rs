//! `--fail-on`: a run or a comparison as a gate of CI.

use std::path::Path;

use serde_json::Value;

use crate::{
    support::{Done, Place},
    sweep::planned,
};

/// What a command with one criterion or more gives.
fn asked(place: &Place, line: &str, criteria: &[&str]) -> Done {
    let mut command = place.command(line.split(' '));
    for criterion in criteria {
        command.args(["--fail-on", criterion]);
    }
    Done::from(command.output().unwrap())
}

fn verdicts(done: &Done) -> Vec<String> {
    let report: Value = serde_json::from_str(&done.out).unwrap();
    let gate = report["gate"].as_array().unwrap();
    gate.iter().map(|one| one["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn runs_pass_fail_or_cannot_tell() {
    let place = Place::with("");
    let line = "run a.yaml --quiet --replications 20 --format json";
    for (criterion, verdict, code) in [
        ("patched.share < 50%", "pass", 0),
        ("patched.share > 50%", "fail", 1),
        ("patched.h95 > 60 d", "pass", 0),
        ("restarts.forced >= 0", "fail", 1),
        ("exposed.device-days.p5 < 1000", "undecided", 1),
        ("exposed.device-days.p95 > 999999", "undecided", 1),
        ("patched.h50.reached in Ring3 < 50%", "pass", 0),
    ] {
        let done = asked(&place, line, &[criterion]);
        assert_eq!(
            (verdicts(&done), done.code),
            (vec![verdict.to_owned()], Some(code)),
            "{criterion}: {}",
            done.err
        );
    }
    // Contradictory criteria are both answered, and one of them fails.
    let done = asked(&place, line, &["patched.share > 50%", "patched.share <= 50%"]);
    assert_eq!((verdicts(&done), done.code), (vec!["fail".into(), "pass".into()], Some(1)));
    // The measured value alone decides what 20 runs cannot.
    let done = asked(&place, &format!("{line} --point"), &["exposed.device-days.p95 > 999999"]);
    assert_eq!((verdicts(&done), done.code), (vec!["pass".into()], Some(0)));
}

#[test]
fn one_run_says_how_many_would_do() {
    let place = Place::with("");
    let done =
        asked(&place, "run a.yaml --quiet", &["exposed.device-days.p95 > 999999", "patched.share < 1%"]);
    assert_eq!(done.code, Some(1));
    let flat = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "gate (fails if)",
        "undecided exposed.device-days.p95 > 999999",
        "under the bound; with 95 % confidence",
        "about 59 runs would decide",
        "undecided patched.share < 1%",
        "too few runs for a bound of confidence",
    ] {
        assert!(flat.contains(words), "`{words}` is missing: {}", done.out);
    }
}

#[test]
fn what_shuts_the_gate_is_said_where_the_answer_goes_elsewhere() {
    let place = Place::with("");
    let done = asked(&place, "run a.yaml -r 4 --format csv", &["patched.share > 50%", "patched.share < 50%"]);
    assert_eq!(done.code, Some(1));
    let lines: Vec<&str> = done.err.lines().filter(|line| line.contains("gate: ")).collect();
    assert!(
        lines.len() == 1 && lines[0].contains("gate: fail: patched.share > 50%: measured"),
        "{}",
        done.err
    );
}

#[test]
fn nonsense_is_refused_before_anything_is_played() {
    let place = Place::with("");
    for (criterion, code, words) in [
        ("", "RC133", "compares nothing"),
        ("harmed", "RC133", "compares nothing"),
        ("harmed > NaN", "RC140", "not a bound"),
        ("harmed > -1", "RC140", "not a bound"),
        ("harmd > 3", "RC214", "did you mean `harmed`?"),
        ("patched.h95 > 3", "RC215", "write a length of time"),
        ("late.devices > 1%", "RC215", "write a plain number"),
        ("patched.h95.reached > 3 d", "RC215", "no share of runs"),
        ("harmed in Broad > 3", "RC204", "no ring of this scenario"),
        ("harmed of KB2 > 3", "RC217", "no release of this scenario"),
        ("cost > 3", "RC238", "the scenario has no `costs`"),
        ("harmed > 3 for cautious", "RC233", "`run` plays one strategy"),
    ] {
        let done = asked(&place, "run a.yaml", &[criterion]);
        assert!(done.code == Some(2) && done.out.is_empty(), "{criterion}: {done:?}");
        for part in [code, words, "--fail-on:1:1", "nothing was played"] {
            assert!(done.err.contains(part), "{criterion}: `{part}` is missing: {}", done.err);
        }
    }
    // All of them are said at once.
    let done = asked(&place, "run a.yaml", &["harmd > 3", "harmed > many"]);
    assert!(done.err.contains("RC214") && done.err.contains("RC140"), "{}", done.err);
    let done = asked(&place, "run a.yaml --point", &[]);
    assert!(done.code == Some(2) && done.err.contains("--fail-on"), "{}", done.err);
    let plan = planned("");
    let done = asked(&plan, "compare plan.yaml", &["exposed.device-days > 3 for nobody"]);
    assert!(done.code == Some(2) && done.err.contains("no strategy of this comparison"), "{}", done.err);
    let done = asked(&plan, "compare plan.yaml", &["cost > 3"]);
    assert!(done.code == Some(2) && done.err.contains("RC238"), "{}", done.err);
}

#[test]
fn a_share_of_devices_bounds_their_count() {
    let place = Place::with("defects: { crash: { in: release, share: 5%, shows: at restart } }\n");
    let line = "run a.yaml --quiet --replications 10 --format json";
    let done = asked(&place, line, &["harmed > 1%", "harmed > 10%"]);
    assert_eq!((verdicts(&done), done.code), (vec!["fail".into(), "pass".into()], Some(1)), "{}", done.err);
    let report: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(report["gate"][0]["fails_if"], "harmed.share > 1%");
    assert_eq!((&report["gate"][0]["unit"], &report["gate"][0]["bound"]), (&"share".into(), &0.01.into()));
}

#[test]
fn the_shipped_budget_fails_as_proposed_and_passes_as_changed() {
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/sweeps/ci-risk-budget.yaml");
    let place = Place::with("");
    let with = |strategies: &[&str]| {
        let mut command = place.command(["compare", "--quiet", "-r", "10", "--format", "json"]);
        command.arg(&plan);
        for strategy in strategies {
            for budget in ["harmed.device-hours > 3200", "exposed.mean-days > 12 d", "cost > 35000"] {
                command.args(["--fail-on", &format!("{budget}{strategy}")]);
            }
        }
        Done::from(command.output().unwrap())
    };
    let both = with(&[" for proposed", " for changed"]);
    assert_eq!(both.code, Some(1), "{}", both.err);
    assert_eq!(verdicts(&both), ["fail", "pass", "pass", "pass", "pass", "pass"], "{}", both.err);
    let changed = with(&[" for changed"]);
    assert_eq!(changed.code, Some(0), "{}", changed.err);
    assert_eq!(verdicts(&changed), ["pass"; 3]);
}
