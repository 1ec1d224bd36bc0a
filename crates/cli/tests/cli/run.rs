//! `rollcast run`: exit codes, destinations, determinism.

use std::{io::Read, process::Stdio};

use crate::support::{MET, MISSED, Place, UNDECIDED};

#[test]
fn every_way_to_end_has_its_code() {
    let table: &[(&str, &str, i32)] = &[
        ("", "run a.yaml", 0),
        (MET, "run a.yaml", 0),
        (UNDECIDED, "run a.yaml", 0),
        (MISSED, "run a.yaml", 1),
        (MISSED, "run a.yaml --format json", 1),
        (MISSED, "validate a.yaml", 0),
        ("wrong: 1\n", "run a.yaml", 2),
        ("wrong: 1\n", "validate a.yaml", 2),
        ("wrong: 1\n", "explain a.yaml", 2),
        ("", "run missing.yaml", 2),
        ("", "run .", 2),
        ("", "run a.yaml --set fleet.devises=3", 2),
        ("", "run a.yaml --set fleet.devices", 2),
        ("", "run a.yaml --wrong", 2),
        ("", "run a.yaml --replications 0", 2),
        ("", "run a.yaml --replication 1 --replications 2", 2),
        ("", "run a.yaml --jobs 5000", 2),
        ("", "explain RC998", 2),
        ("", "explain a.yaml --device 3000", 2),
        ("", "run a.yaml -o .", 4),
        ("", "run a.yaml -o a.yaml", 4),
        ("", "run a.yaml -o no/", 4),
        ("", "run a.yaml -o no/such/folder/x", 4),
        ("", "run a.yaml --replications 4000000000", 4),
        ("", "run a.yaml --max-memory 1MB", 4),
        ("", "run a.yaml --max-memory 1", 2),
        ("", "run a.yaml --set fleet.devices=1099511627776", 4),
        ("", "explain a.yaml --device 1 --set fleet.devices=1099511627776", 4),
        ("", "bench a.yaml --devices 1099511627776", 4),
        ("", "bench a.yaml --max-memory 1MB", 4),
        ("", "bench a.yaml --devices 2000", 0),
        ("", "bench a.yaml --set fleet.devises=3", 2),
        ("", "bench a.yaml --devices 0", 2),
        ("", "bench a.yaml --budget 1s", 2),
        ("", "bench --devices 5", 2),
        ("", "bench missing.yaml", 2),
        ("", "init a.yaml", 4),
        ("", "--help", 0),
        ("", "--version", 0),
        ("", "", 2),
    ];
    for (more, line, code) in table {
        let done = Place::with(more).run(line);
        assert_eq!(done.code, Some(*code), "{line}: {}", done.err);
        if *code == 2 || *code == 4 {
            assert_eq!(
                done.out.lines().filter(|l| !l.contains("a.yaml:")).count(),
                0,
                "{line}: talk on stdout"
            );
            assert!(!done.err.is_empty(), "{line}: no word about it");
        }
    }
}

#[test]
fn a_check_is_talk_and_leaves_the_answer_alone() {
    let place = Place::with("");
    let plain = place.run("run a.yaml --format csv --quiet");
    let checked = place.run("run a.yaml --format csv --check");
    assert_eq!((checked.code, &checked.out), (Some(0), &plain.out), "{}", checked.err);
    assert!(checked.err.contains("checked: ") && checked.err.contains("invariants hold"), "{}", checked.err);
    let quiet = place.run("run a.yaml --format csv --check --quiet");
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(0), ""));
}

#[test]
fn help_of_every_command_shows_an_example_and_the_exit_codes() {
    let place = Place::with("");
    let commands = [
        "",
        "run",
        "compare",
        "sweep",
        "merge",
        "validate",
        "explain",
        "init",
        "bench",
        "schema",
        "completions",
    ];
    for command in commands {
        for flag in ["-h", "--help"] {
            let done = place.run(&format!("{command} {flag}"));
            assert!(done.out.starts_with("Example"), "{command} {flag}: {}", done.out);
            for word in ["Exit codes", "a goal of the scenario was missed", "130"] {
                assert!(done.out.contains(word), "{command} {flag}: {}", done.out);
            }
        }
    }
}

#[test]
fn the_table_says_what_a_planner_asks() {
    let place = Place::with(&format!("{MET}runs: 4\n"));
    let done = place.run("run a.yaml");
    for word in [
        "a.yaml",
        "autopatch/2025-03",
        "seed 7",
        "4 runs",
        "registered",
        "eligible",
        "ring",
        "fleet",
        "offered from",
        "deadline",
        "50 %",
        "95 %",
        "in time",
        "late",
        "restarts",
        "forced",
        "in active hours",
        "device-days",
        "day 0",
        "busiest hour",
        "luck only",
        "interval of the mean",
        "how representative",
        "goals",
        "met",
        "replay: rollcast run a.yaml --seed 7 --replication 0",
    ] {
        assert!(done.out.contains(word), "`{word}` is missing:\n{}", done.out);
    }
    let wide: Vec<&str> = done.out.lines().filter(|line| line.chars().count() > 100).collect();
    assert!(wide.is_empty(), "wider than 100 columns: {wide:#?}");
    assert!(!done.out.contains('\u{1b}'), "colours in a pipe");
    assert!(!done.out.contains("NaN") && !done.out.contains("inf"), "{}", done.out);
}

#[test]
fn colour_is_a_matter_of_the_terminal_and_of_no_color() {
    let place = Place::with(MISSED);
    let with = |name: &str| {
        let output = place.command(["run", "a.yaml"]).env(name, "1").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(with("CLICOLOR_FORCE").contains('\u{1b}'));
    let plain = with("NO_COLOR");
    assert!(!plain.contains('\u{1b}'));
    assert!(plain.contains("missed"), "the verdict is a word, not a colour");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let place = Place::with("runs: 5\n");
    for format in ["table", "json", "csv"] {
        let one = place.run(&format!("run a.yaml --format {format} --jobs 1"));
        assert_eq!(one.code, Some(0), "{}", one.err);
        for jobs in [2, 7, 0] {
            let other = place.run(&format!("run a.yaml --format {format} --jobs {jobs}"));
            assert!(one.out == other.out, "{format}, {jobs} threads");
        }
    }
}

#[test]
fn a_file_gets_the_same_bytes_as_stdout_and_is_replaced_whole() {
    let place = Place::with("");
    let shown = place.run("run a.yaml --format json").out;
    place.write("out.json", "old");
    let done = place.run("run a.yaml --format json -o out.json");
    assert_eq!((done.code, done.out.as_str()), (Some(0), ""), "{}", done.err);
    assert_eq!(place.read("out.json"), shown);
    assert_eq!(place.run("run a.yaml --format json -o -").out, shown);
    // What is refused leaves the file as it was and no other file behind.
    place.write("out.json", "old");
    assert_eq!(place.run("run a.yaml --set seed=x -o out.json").code, Some(2));
    assert_eq!(place.read("out.json"), "old");
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_reader_that_left_is_none() {
    let place = Place::with("");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = place.command(["run", "a.yaml"]).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(4));
    for format in ["table", "json", "csv"] {
        let mut child = place
            .command(["run", "a.yaml", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{format}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_within_a_second() {
    use std::time::{Duration, Instant};

    let place = Place::with("");
    let line = "run a.yaml --set fleet.devices=3000000 --replications 1000 -o out.json";
    let child = place.command(line.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let begun = Instant::now();
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("interrupted") && err.contains("--replications"), "{err}");
    // Generous, for machines that are busy with other tests.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(std::fs::read_dir(place.path("")).unwrap().count(), 1, "something was left behind");
}

#[test]
fn quiet_says_nothing_but_errors() {
    let place = Place::with(MISSED);
    let talk = place.run("run a.yaml --format csv");
    assert!(talk.err.contains("goal missed"), "{}", talk.err);
    let quiet = place.run("run a.yaml --format csv --quiet");
    assert_eq!((quiet.code, quiet.err.as_str()), (Some(1), ""));
    assert_eq!(quiet.out, talk.out);
    assert!(!place.run("run missing.yaml --quiet").err.is_empty());
}

#[test]
fn a_queue_for_repair_beyond_the_memory_is_refused() {
    let place = Place::with(
        "defects: { d: { in: release, share: 10%, shows: at restart, severity: down, \
         repair: { asked-after: 1 h, takes: 1 h, at-most: 9 a day } } }\n",
    );
    let done = place.run("run a.yaml --set fleet.devices=1000000000 --jobs 1");
    assert_eq!(done.code, Some(4), "{}", done.err);
    for words in ["13 GB at most for the queue for repair", "the limit is 4.3 GB", "`at-most`"] {
        assert!(done.err.contains(words), "`{words}` is missing: {}", done.err);
    }
    assert!(!done.err.contains("inventory"), "what takes nothing is not spoken of: {}", done.err);
}

/// A decision that is certain early and lands late does not take the place of those that land before it.
#[test]
fn the_limit_counts_decisions_in_the_order_in_which_they_land() {
    let place = Place::with("");
    let text = "\
horizon: 30 d
max-decisions: 2
fleet: { devices: 2000, habits: { m: { online: always } } }
release: { published: 2026-10-13 }
device: { restart: { idle: never }, telemetry: { every: at once, loss: 0%, latency: 0 s } }
background: { failures: 0%, tickets: 0% }
defects: { d: { in: release, share: 10%, shows: after exp 2 d } }
people: { board: { hours: always, notices: 0 s, decides: 10 d } }
rules:
  fast: { when: { count: failed, at-least: 1 }, do: pause all rings for 1 h }
  slow: { who: board, when: { count: failed, at-least: 1 }, do: pause all rings for 2 h }
  late: { when: { count: failed, at-least: 60 }, do: pause all rings for 1 h }
";
    place.write("limit.yaml", text);
    let done = place.run("run limit.yaml --replications 1 --format json --quiet");
    assert_eq!(done.code, Some(3), "{}", done.err);
    let outcome: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let log = outcome["decisions"].as_array().unwrap();
    assert_eq!(log.iter().filter(|entry| entry["what"] == "decided").count(), 2, "{log:?}");
    // The rule that decides by itself lands two hours apart, and the third time is one too many; the board is not there
    // for ten days.
    assert_eq!(outcome["end"]["at_s"], 25 * 3_600);
}
