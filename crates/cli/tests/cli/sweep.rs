//! `rollcast sweep`: a sweep that is ended in whatever way goes on to the same bytes, on any number of threads, and
//! every row can be played alone.

use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{Done, Place};

/// Seven points: six of the axes, and a strategy beside them.
pub(crate) const PLAN: &str = "\
base: a.yaml
set: { fleet.devices: 500 }
runs: 60
strategies: { as it is: {}, slow: { rings.Ring3.deferral: 9 d } }
axes: { rings.Test.size: [20, 40], rings.Ring2.deferral: 2 d to 6 d step 2 d }
choose: { then: least exposed.device-days }
";

/// A folder with [`PLAN`] and `more` as `plan.yaml`.
pub(crate) fn planned(more: &str) -> Place {
    let place = Place::with("");
    place.write("plan.yaml", &format!("{PLAN}{more}"));
    place
}

/// What a sweep leaves for readers.
pub(crate) fn results(place: &Place, dir: &str) -> (String, String) {
    (place.read(&format!("{dir}/results.csv")), place.read(&format!("{dir}/results.jsonl")))
}

/// Cells in a journal.
pub(crate) fn journalled(place: &Place, dir: &str) -> usize {
    let text = std::fs::read(place.path(dir).join("journal.jsonl")).unwrap_or_default();
    text.iter().filter(|&&byte| byte == b'\n').count().saturating_sub(1)
}

/// Begins a command, and waits until the journal of its sweep has so many cells.
fn until(place: &Place, line: &str, dir: &str, cells: usize) -> Child {
    let mut command = place.command(line.split_whitespace());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while journalled(place, dir) < cells {
        assert!(child.try_wait().unwrap().is_none(), "{line}: over before it had {cells} cells");
        assert!(begun.elapsed() < Duration::from_secs(60), "{line}: hangs");
        thread::sleep(Duration::from_millis(1));
    }
    child
}

fn kill(mut child: Child) {
    // SIGKILL: nothing is tidied up.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_at_any_moment_it_goes_on_to_the_same_bytes() {
    let place = planned("");
    let line = "sweep plan.yaml --replications 100 --quiet";
    place.ends(0, &format!("{line} -o whole --jobs 1"));
    let expected = results(&place, "whole");
    let all = journalled(&place, "whole");
    assert_eq!(all, 7 * 4);
    for (dir, kills, jobs) in [("once", &[1][..], 1), ("twice", &[4, 17], 7), ("late", &[2, 3, 20], 2)] {
        for (number, cells) in kills.iter().enumerate() {
            let resume = if number == 0 { "" } else { "--resume" };
            kill(until(&place, &format!("{line} -o {dir} --jobs 2 {resume}"), dir, *cells));
            assert!(journalled(&place, dir) < all, "killed too late to show anything");
            assert!(!place.path(dir).join("results.csv").exists(), "results of half a sweep");
        }
        let before = journalled(&place, dir);
        let done =
            place.ends(0, &format!("sweep plan.yaml --replications 100 -o {dir} --jobs {jobs} --resume"));
        let there = format!("{before} cells of {all} are there already");
        assert!(done.err.contains(&there) || done.err.contains("are there already"), "{}", done.err);
        assert_eq!(results(&place, dir), expected, "{dir}");
        // Every cell once: what was there was not played again.
        assert_eq!(journalled(&place, dir), all, "{dir}");
    }
}

#[test]
fn killed_before_it_began_it_is_begun() {
    let place = planned("");
    place.ends(0, "sweep plan.yaml -o whole --quiet --jobs 1");
    for wait_ms in [0, 3, 10, 30, 60] {
        let dir = format!("after-{wait_ms}");
        let line = format!("sweep plan.yaml -o {dir} --quiet");
        let child = place.command(line.split(' ')).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(wait_ms));
        kill(child);
        let resumed = place.run(&format!("{line} --resume"));
        if resumed.code != Some(0) {
            // Nothing was there yet, and the words say how to go on.
            assert_eq!(resumed.code, Some(2), "{}", resumed.err);
            assert!(resumed.err.contains("leave out `--resume` to begin there"), "{}", resumed.err);
            place.ends(0, &line);
        }
        assert_eq!(results(&place, &dir), results(&place, "whole"), "{dir}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_says_how_to_go_on_and_that_works() {
    let place = planned("");
    place.write("my plan.yaml", &place.read("plan.yaml"));
    let line =
        "sweep plan.yaml --replications 100 --seed 11 --set tick=30min --max-memory 1GB -o whole --quiet";
    place.ends(0, line);
    let args = ["sweep", "my plan.yaml", "--replications", "100", "--seed", "11", "--set", "tick=30min"];
    let more = ["--max-memory", "1GB", "-o", "it's here", "--jobs", "1"];
    let mut command = place.command(args.iter().chain(&more));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while journalled(&place, "it's here") < 2 {
        thread::sleep(Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let done = Done::from(child.wait_with_output().unwrap());
    assert_eq!((done.code, done.out.as_str()), (Some(130), ""), "{}", done.err);
    let (_, command) =
        done.err.split_once("go on with `--resume`: ").unwrap_or_else(|| panic!("{}", done.err));
    assert!(journalled(&place, "it's here") < 28);
    let resumed = place.shell(command.trim());
    assert_eq!(resumed.code, Some(0), "{command}: {}", resumed.err);
    assert_eq!(results(&place, "it's here"), results(&place, "whole"));
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = planned("");
    let sweep = |jobs: u32| {
        let dir = format!("jobs-{jobs}");
        let table = place.ends(0, &format!("sweep plan.yaml -o {dir} --jobs {jobs}")).out;
        let journal = place.read(&format!("{dir}/journal.jsonl"));
        let lines: BTreeSet<String> = journal.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 1 + 7 * 3);
        (results(&place, &dir), lines, place.read(&format!("{dir}/plan.json")), table.replace(&dir, "DIR"))
    };
    let one = sweep(1);
    for jobs in [2, 7] {
        assert!(one == sweep(jobs), "{jobs} threads");
    }
}

#[test]
fn a_finished_sweep_that_is_resumed_says_the_same_again() {
    let place = planned("");
    let first = place.ends(0, "sweep plan.yaml -o out");
    let files = place.contents("out");
    let again = place.ends(0, "sweep plan.yaml -o out --resume");
    assert_eq!(again.out, first.out);
    assert_eq!(place.contents("out"), files);
    // Results that were lost are written again from the journal.
    std::fs::remove_file(place.path("out/results.csv")).unwrap();
    std::fs::write(place.path("out/results.jsonl"), "half").unwrap();
    place.ends(0, "sweep plan.yaml -o out --resume --quiet");
    assert_eq!(place.contents("out"), files);
}

/// A journal that was cut in the middle of a line, as a crash of the machine leaves it, loses that cell alone.
#[test]
fn a_cut_journal_goes_on() {
    let place = planned("");
    place.ends(0, "sweep plan.yaml -o out --quiet --jobs 1");
    let (expected, journal) = (results(&place, "out"), place.read("out/journal.jsonl"));
    for cut in [3, 40, journal.len() / 3, journal.len() / 2, journal.len() - 1] {
        place.write("out/journal.jsonl", &journal[..cut]);
        std::fs::remove_file(place.path("out/results.csv")).unwrap();
        let done = place.ends(0, "sweep plan.yaml -o out --resume");
        let in_a_cell = cut > journal.find('\n').unwrap();
        assert_eq!(
            done.err.contains("was cut in the middle: its cell does not count"),
            in_a_cell,
            "{}",
            done.err
        );
        assert_eq!(results(&place, "out"), expected, "cut at {cut}");
    }
}

/// What the row of a result says in a column, and what `run` says of the same.
fn said(outcome: &Value, column: &str) -> Option<f64> {
    if let Some(text) = column.strip_prefix("goal: ") {
        let goals = outcome["goals"].as_array().unwrap();
        let goal = goals.iter().find(|goal| goal["text"] == text).unwrap();
        return goal["held"].as_f64();
    }
    let releases = outcome["releases"].as_array().unwrap();
    let (rest, release) = match column.split_once(" of ") {
        Some((rest, name)) => (rest, releases.iter().find(|release| release["name"] == name).unwrap()),
        None => (column, &releases[0]),
    };
    match rest.split_once(" in ") {
        None => release["fleet"]["metrics"][rest]["value"].as_f64(),
        Some((metric, ring)) => {
            let rings = release["rings"].as_array().unwrap();
            rings.iter().find(|group| group["name"] == ring)?["metrics"][metric]["value"].as_f64()
        }
    }
}

/// Plays rows of a sweep alone, by the command that its plan says, and compares every column.
pub(crate) fn replay(place: &Place, dir: &str, every: usize) {
    let plan: Value = serde_json::from_str(&place.read(&format!("{dir}/plan.json"))).unwrap();
    let mut rows = place
        .read(&format!("{dir}/results.jsonl"))
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let mut number = 0;
    for point in list(&plan["points"]) {
        let words: Vec<String> =
            list(&point["replay"]).iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        for member in list(&plan["members"]) {
            for run in 0..member["runs"].as_u64().unwrap() {
                // Where every point has luck of its own, replications are counted through.
                let replication = if plan["design"] == "indices" { number as u64 } else { run };
                let row: Value = serde_json::from_str(&rows.next().unwrap()).unwrap();
                assert_eq!(
                    (&row["strategy"], &row["replication"]),
                    (&point["strategy"], &replication.into())
                );
                number += 1;
                if number % every != 1 % every {
                    continue;
                }
                let name = member["name"].as_str().unwrap();
                let member = if name.is_empty() { String::new() } else { format!("--member '{name}'") };
                let command = format!(
                    "rollcast run {} {member} --seed {} --replication {replication} --format json --quiet",
                    words.join(" "),
                    plan["seed"]
                );
                let done = place.shell(&command);
                assert!(matches!(done.code, Some(0 | 1 | 3)), "{command}: {}", done.err);
                let outcome: Value = serde_json::from_str(&done.out).unwrap();
                for column in list(&plan["columns"]) {
                    let column = column["name"].as_str().unwrap();
                    assert_eq!(row[column].as_f64(), said(&outcome, column), "{command}: {column}");
                }
                let early = !outcome["ended_early"].as_array().unwrap().is_empty();
                assert_eq!(row["ended_early"], early, "{command}");
            }
        }
    }
    assert_eq!(rows.next(), None);
    assert!(number > 0);
}

#[test]
fn every_row_can_be_played_alone() {
    let place = planned("");
    // All forms of axes; names and values that a shell would take apart; a setting that is drawn in each replication.
    let plan = r#"
base: a.yaml
set: { fleet.devices: 300, goals: [{ of: registered, patched: 90%, by: 20 d }] }
seed: 99
runs: 4
uncertain: { rings.Ring1.deferral: 1 d to 4 d, device.telemetry.loss: 0% to 5% }
strategies:
  "it's; $(touch x) `touch y`": {}
  "two\nlines, \"quoted\"": { rings.Ring3.deferral: 5 d }
  '--help': { rings: { Test: { size: 5 }, Last: { size: rest } } }
axes:
  rings.Test.size: log 10 to 100
  rings.Ring2.deferral: [1 d, 36 h, 3 d]
  rings.Ring3.deadline: 2 d to 6 d
  release.size: [700 MB, 1 GB]
  "how = why": { plain: {}, " a = b ": { tick: 30 min }, "c'd": { device.telemetry.every: 12 h } }
design: { latin: 5 }
measure: [patched.h95, patched.share in Ring3, restarts.total, patched.last-h in Last]
"#;
    place.write("all.yaml", plan);
    place.ends(0, "sweep all.yaml -o all --quiet --set device.restart.idle=never");
    replay(&place, "all", 3);
    assert!(!place.path("x").exists() && !place.path("y").exists(), "a name was run as a command");
    // Grids of lists, and the same luck against a bank.
    let plan = "\
base: a.yaml
set: { fleet.devices: 300 }
bank: { from: standard/2026, only: [good, boot loop on one model, 1 in 1000 crash] }
runs: 2
strategies: { only: {} }
axes:
  rings.Test.size: 3 log values from 10 to 90
  rings.Ring1: [{ deferral: 1 d }, { deferral: 2 d, deadline: 4 d }]
design: one-at-a-time
";
    place.write("bank.yaml", plan);
    place.ends(0, "sweep bank.yaml -o bank --quiet");
    replay(&place, "bank", 2);
}

#[test]
fn a_dry_run_says_what_it_would_take_and_writes_nothing() {
    let place = planned("");
    let files = place.contents("");
    let done = place.ends(0, "sweep plan.yaml --dry-run -o out");
    assert!(done.out.starts_with("7 points: 21 cells, 420 runs\nabout "), "{}", done.out);
    assert_eq!(place.contents(""), files);
    assert!(!place.path("out").exists());
}

#[test]
fn quiet_says_nothing_and_a_pipe_gets_no_progress() {
    let place = planned("");
    let talk = place.ends(0, "sweep plan.yaml -o talk --replications 150 --jobs 1");
    // It takes more than the second after which a terminal would get a bar.
    assert_eq!(talk.err, "", "progress in a pipe");
    assert_eq!(place.ends(0, "sweep plan.yaml -o quiet --quiet").err, "");
    assert_eq!(place.ends(0, "sweep plan.yaml -o quiet --quiet --resume").err, "");
    assert_eq!(place.ends(0, "sweep plan.yaml -o shard --quiet --shard 1/2").err, "");
    // A reader that left is no error.
    let head = place.shell("rollcast sweep plan.yaml -o head --replications 1 | head -1");
    assert_eq!((head.code, head.err.as_str(), head.out.lines().count()), (Some(0), "", 1));
    for format in ["table", "json", "csv"] {
        let line = format!("rollcast compare plan.yaml --replications 2 --format {format} | true");
        assert_eq!(place.shell(&line).err, "", "{format}");
    }
}
