//! What can go wrong with a sweep: each has its exit code, a sentence with a way out, and costs nothing that was there.

use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    support::{Done, Place},
    sweep::{journalled, planned, results},
};

/// A refusal with its code, in whose words all of these are; neither the folder nor `dir` in it is changed.
fn refused(place: &Place, code: i32, line: &str, dir: &str, words: &[&str]) {
    let before = (place.contents(""), place.contents(dir));
    let done = place.ends(code, line);
    assert_eq!(done.out, "", "{line}");
    for word in words {
        assert!(done.err.contains(word), "{line}: `{word}` is not in: {}", done.err);
    }
    assert!(before == (place.contents(""), place.contents(dir)), "{line}: something was changed");
}

#[test]
fn places_that_cannot_take_a_sweep_are_told() {
    let place = planned("");
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/thesis.tex", "all of it");
    place.write("file", "text");
    for (dir, code, words) in [
        ("full", 2, &["`full` is not empty: it holds `thesis.tex`", "does not exist yet"][..]),
        ("file", 4, &["`file` is a file, and a sweep needs a directory", "name a directory"]),
        ("file/below", 4, &["a part of the path is not a directory", "check the path"]),
        (".", 2, &["`.` is not empty", "does not exist yet"]),
    ] {
        refused(&place, code, &format!("sweep plan.yaml -o {dir}"), dir, words);
    }
    if cfg!(target_os = "linux") {
        refused(&place, 4, "sweep plan.yaml -o /proc/sweep", "", &["cannot make `/proc/sweep`", "help: "]);
    }
    // Beside a name there is nothing to go on with, and an empty directory is none.
    refused(
        &place,
        2,
        "sweep plan.yaml -o new --resume",
        "new",
        &["holds no journal", "leave out `--resume`"],
    );
    assert!(!place.path("new").exists());
    fs::create_dir(place.path("empty")).unwrap();
    refused(&place, 2, "sweep plan.yaml -o empty --resume", "empty", &["holds no journal"]);
    place.ends(0, "sweep plan.yaml -o empty --quiet --replications 1");
    // A second one does not begin over the first.
    let words = ["`empty` already holds a sweep", "`--resume`", "another directory"];
    refused(&place, 2, "sweep plan.yaml -o empty --replications 1", "empty", &words);
    refused(&place, 2, "sweep plan.yaml -o empty --replications 1 --shard 1/2", "empty", &words);
    refused(&place, 2, "sweep plan.yaml -o empty --shard 1/2 --resume", "empty", &["holds a whole sweep"]);
}

#[test]
fn a_sweep_of_something_else_is_not_gone_on_with() {
    let place = planned("");
    place.ends(0, "sweep plan.yaml -o out --quiet --replications 30");
    let words = ["`out/journal.jsonl` belongs to another plan: its digest is", "undo what was changed since"];
    for other in ["--replications 31", "--replications 30 --seed 8", "--replications 30 --set tick=30min"] {
        refused(&place, 2, &format!("sweep plan.yaml -o out --resume {other}"), "out", &words);
    }
    let (plan, scenario) = (place.read("plan.yaml"), place.read("a.yaml"));
    for (file, text) in [
        ("plan.yaml", plan.replace("9 d", "8 d")),
        ("plan.yaml", plan.replace("slow", "late")),
        ("plan.yaml", plan.replace("[20, 40]", "[20, 50]")),
        ("plan.yaml", format!("{plan}measure: [patched.h95]\n")),
        ("a.yaml", scenario.replace("70%", "71%")),
    ] {
        let before = place.read(file);
        place.write(file, &text);
        refused(&place, 2, "sweep plan.yaml -o out --resume --replications 30", "out", &words);
        place.write(file, &before);
    }
    // What changes no result is no other plan.
    place.write("plan.yaml", &plan.replace("base: a.yaml", "# A note.\nbase:   'a.yaml'"));
    place.ends(0, "sweep plan.yaml -o out --resume --replications 30 --quiet");
    // The journal of one directory beside the plan of another.
    place.ends(0, "sweep plan.yaml -o other --quiet --replications 31");
    fs::copy(place.path("other/plan.json"), place.path("out/plan.json")).unwrap();
    let words = ["`out/plan.json` is not of this sweep", "move the file away"];
    refused(&place, 2, "sweep plan.yaml -o out --resume --replications 30", "out", &words);
    // As the words say.
    fs::remove_file(place.path("out/plan.json")).unwrap();
    let done = place.ends(0, "sweep plan.yaml -o out --resume --replications 30");
    assert!(done.err.contains("`out/plan.json` was missing or damaged and is written again"), "{}", done.err);
    // A scenario that is gone is said before anything is played.
    fs::remove_file(place.path("a.yaml")).unwrap();
    refused(
        &place,
        2,
        "sweep plan.yaml -o out --resume --replications 30",
        "out",
        &["`a.yaml` does not exist"],
    );
}

#[test]
fn two_sweeps_do_not_share_a_directory() {
    let place = planned("");
    let line = "sweep plan.yaml -o out --replications 125";
    let first = place.command(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while journalled(&place, "out") < 1 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let begun = place.ends(2, line);
    assert!(begun.err.contains("`out` already holds a sweep"), "{}", begun.err);
    let resumed = place.run(&format!("{line} --resume"));
    assert!(journalled(&place, "out") < 35, "over too early to show anything");
    assert_eq!(resumed.code, Some(4), "{}", resumed.err);
    assert!(resumed.err.contains("another sweep is writing `out/journal.jsonl`"), "{}", resumed.err);
    // What is being written can be looked at.
    let merged = place.ends(3, "merge out -o part");
    assert!(merged.err.contains("is still being written: what it holds so far counts"), "{}", merged.err);
    let done = Done::from(first.wait_with_output().unwrap());
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""), "the first one was disturbed");
    place.ends(0, "sweep plan.yaml -o whole --replications 125 --quiet");
    assert_eq!(results(&place, "out"), results(&place, "whole"));
}

/// A limit on the size of files stands for a full disk.
#[cfg(unix)]
#[test]
fn a_full_disk_costs_nothing_that_was_written() {
    let place = planned("");
    let line = "sweep plan.yaml --replications 75 --quiet";
    place.ends(0, &format!("{line} -o whole"));
    let size = |name: &str| fs::metadata(place.path(&format!("whole/{name}"))).unwrap().len();
    // Blocks have 512 or 1024 bytes: between a part of the journal and all of it, and between journal and results.
    let (journal, lines) = (size("journal.jsonl"), size("results.jsonl"));
    assert!(journal < lines / 3, "{journal} {lines}");
    for (dir, limit, file) in
        [("journal", journal / 2 / 1024, "journal.jsonl"), ("results", lines * 3 / 4 / 1024, "results.jsonl")]
    {
        let limited = format!("trap '' XFSZ; ulimit -f {limit}; exec rollcast {line} -o {dir}");
        let done = place.shell(&limited);
        assert_eq!((done.code, done.out.as_str()), (Some(4), ""), "{}", done.err);
        assert!(done.err.contains(&format!("cannot write `{dir}/")), "{}", done.err);
        assert!(done.err.contains("help: "), "{}", done.err);
        let names: Vec<String> = place.contents(dir).into_iter().map(|(name, _)| name).collect();
        assert!(!names.iter().any(|name| name.contains(".part")), "{names:?}");
        if file == "journal.jsonl" {
            assert!(
                done.err.contains("what is finished is kept: free some space and go on with `--resume`"),
                "{}",
                done.err
            );
            assert!(journalled(&place, dir) > 3, "nothing was kept");
            assert!(place.read(&format!("{dir}/{file}")).ends_with("\"}\n"), "half a line is left");
        }
        let kept = journalled(&place, dir);
        let done = place.ends(0, &format!("sweep plan.yaml --replications 75 -o {dir} --resume"));
        assert!(done.err.contains(&format!("{kept} cells of 21 are there already")), "{}", done.err);
        assert_eq!(results(&place, dir), results(&place, "whole"));
    }
    let done = place.shell(&format!("trap '' XFSZ; ulimit -f 0; exec rollcast {line} -o nothing"));
    assert_eq!(done.code, Some(4), "{}", done.err);
    assert!(done.err.contains("cannot write `nothing/"), "{}", done.err);
    // Nothing is in the way of the next attempt.
    place.ends(0, &format!("{line} -o nothing"));
    // Those that have no `--resume` name what goes on instead.
    let compare = "compare plan.yaml --replications 75 --quiet --keep";
    let whole = place.ends(0, &format!("{compare} compared")).out;
    let half = fs::metadata(place.path("compared/journal.jsonl")).unwrap().len() / 2 / 1024;
    let done = place.shell(&format!("trap '' XFSZ; ulimit -f {half}; exec rollcast {compare} kept"));
    assert_eq!(done.code, Some(4), "{}", done.err);
    assert!(done.err.contains("is kept: free some space and run the same command again"), "{}", done.err);
    assert_eq!(place.ends(0, &format!("{compare} kept")).out, whole);
    let limit = lines * 3 / 4 / 1024;
    let done = place.shell(&format!("trap '' XFSZ; ulimit -f {limit}; exec rollcast merge whole -o merged"));
    assert_eq!(done.code, Some(4), "{}", done.err);
    assert!(done.err.contains("`rollcast sweep PLAN -o merged --resume` writes the results"), "{}", done.err);
    place.ends(0, "sweep plan.yaml --replications 75 --quiet -o merged --resume");
    assert_eq!(results(&place, "merged"), results(&place, "whole"));
}

/// A cell that fails is written down with its replay, the sweep goes on, and the next one plays it again. Here a file
/// that the scenario names is gone while it is needed again for every replication.
#[test]
fn a_cell_that_fails_costs_itself_alone() {
    let place = Place::with("");
    place.ends(0, "init listed.yaml --inventory 300");
    let plan = "\
base: listed.yaml
set: { goals: [] }
uncertain: { device.telemetry.loss: 0% to 5% }
measure: [patched.share]
strategies: { as it is: {}, \"it's late\": { tick: 30 min } }
runs: 100
";
    place.write("plan.yaml", plan);
    let line = "sweep plan.yaml --jobs 2";
    let whole = place.ends(0, &format!("{line} -o whole")).out;
    let mut command = place.command(format!("{line} -o out").split(' '));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while journalled(&place, "out") < 1 {
        std::thread::sleep(Duration::from_millis(1));
    }
    fs::rename(place.path("devices.csv"), place.path("elsewhere.csv")).unwrap();
    let done = Done::from(child.wait_with_output().unwrap());
    assert_eq!(done.code, Some(3), "{}", done.err);
    fs::rename(place.path("elsewhere.csv"), place.path("devices.csv")).unwrap();
    assert_eq!(journalled(&place, "out"), 8, "the sweep went on");
    assert!(done.err.contains(" failed: ") && done.err.contains("devices.csv"), "{}", done.err);
    assert!(done.err.contains("`rollcast sweep` with `--resume` plays"), "{}", done.err);
    let failed = done.err.matches(" failed: ").count();
    let rows = place.read("out/results.csv").lines().count() - 1;
    assert_eq!(rows, 200 - 25 * failed, "{}", done.err);
    // The command is in the journal too, and works.
    let (_, replay) = done.err.split_once("to see it again: ").unwrap();
    let replay = replay.lines().next().unwrap();
    assert!(
        replay.starts_with("rollcast run plan.yaml --strategy ") && replay.contains(" --replication "),
        "{replay}"
    );
    assert!(place.read("out/journal.jsonl").contains(&serde_json::to_string(replay).unwrap()));
    assert_eq!(place.shell(&format!("{replay} --quiet")).code, Some(0), "{replay}");
    // Shards that are merged say it as well.
    let merged = place.ends(3, "merge out -o merged");
    assert_eq!(merged.err.matches(" failed: ").count(), failed, "{}", merged.err);
    let resumed = place.ends(0, "sweep plan.yaml -o out --resume");
    assert!(resumed.err.contains("had panicked: "), "{}", resumed.err);
    assert_eq!(results(&place, "out"), results(&place, "whole"));
    assert_eq!(resumed.out.replace("out/", "whole/"), whole);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let place = planned("");
    for line in [
        "sweep plan.yaml -o out --shard 0/3",
        "sweep plan.yaml -o out --shard 4/3",
        "sweep plan.yaml -o out --shard x",
        "sweep plan.yaml -o out --shard 1/0",
        "sweep plan.yaml -o out --replications 0",
        "sweep plan.yaml -o out --replications -1",
        "sweep plan.yaml -o out --dry-run --resume",
        "sweep plan.yaml -o out --dry-run --shard 1/2",
        "sweep plan.yaml -o out --jobs 5000",
        "sweep plan.yaml",
        "sweep -o out",
        "sweep missing.yaml -o out",
        "sweep . -o out",
    ] {
        refused(&place, 2, line, "out", &["error"]);
    }
    let done = place.ends(2, "sweep plan.yaml -o out --shard 4/3");
    assert!(
        done.err.contains("`4/3` is not a shard; write `I/N` with I from 1 to N, for example `3/16`"),
        "{}",
        done.err
    );
    assert!(!place.path("out").exists());
    // More shards than cells: some are empty, and all together are the whole.
    place.ends(0, "sweep plan.yaml -o whole --replications 1 --quiet");
    for shard in 1..=9 {
        place.ends(0, &format!("sweep plan.yaml -o {shard} --replications 1 --quiet --shard {shard}/9"));
    }
    place.ends(0, "merge 1 2 3 4 5 6 7 8 9 -o out --quiet");
    assert_eq!(results(&place, "out"), results(&place, "whole"));
}

#[test]
fn plans_that_make_no_sense_are_refused_with_their_place() {
    let place = planned("");
    place.write("bank.yaml", "members: 7\n");
    let long = "x".repeat(3_000);
    for (plan, words) in [
        ("measure: [patched.h96]", &["RC214", "did you mean `patched.h9", ":2:"][..]),
        ("choose: { then: least patched.h96 }", &["RC214", "`patched.h96`"]),
        ("choose: { then: least patched.h95 in Nowhere }", &["RC204", "`Nowhere`"]),
        ("choose: { then: least patched.h95 of 2026-99 }", &["RC217", "`2026-99`"]),
        (
            "choose: { only-if: patched.h95 <= 200, then: least patched.h95 }",
            &["RC215", "a length of time such as"],
        ),
        ("axes: { rings.Nope.size: [1, 2] }", &["RC112", "`rings` has no `Nope`"]),
        ("axes: { fleet.devises: [1, 2] }", &["RC101", "did you mean `devices`?"]),
        ("axes: { how: { a: {}, b: { rings.Nope.size: 3 } } }", &["RC112", "`rings` has no `Nope`"]),
        ("axes: { tick: [] }", &["RC234", "has no value"]),
        ("axes: { tick: [1 h, 1 h] }", &["RC234", "twice"]),
        ("axes: { tick: 30 min to 60 min }", &["RC234", "this design wants values"]),
        ("axes: { tick: [1 h], tick: [2 h] }", &["RC102"]),
        ("axes: { a: { x: { tick: 1 h } }, tick: [2 h] }", &["RC220", "decide the same setting"]),
        ("set: { rings.Nope.size: 4 }", &["RC112", "`rings` has no `Nope`"]),
        ("uncertain: { rings.Nope.size: 4 to 9 }", &["RC112", "`rings` has no `Nope`"]),
        ("uncertain: { rings.Test.size: 20 MB }", &["RC"]),
        ("uncertain: 5", &["RC104"]),
        ("strategies: { x: { rings.Nope.size: 4 } }", &["RC112", "`rings` has no `Nope`"]),
        ("strategies: 7", &["RC104"]),
        ("vary: nobody", &["RC233", "`nobody`"]),
        ("bank: nonsense", &["RC235", "`standard/2026`"]),
        ("bank: missing.yaml", &["RC001", "missing.yaml"]),
        ("bank: bank.yaml", &["RC104", "bank.yaml:1:10"]),
        ("bank: { from: standard/2026, in: nothing }", &["RC217", "`nothing`"]),
        ("bank: { from: standard/2026, only: nobody }", &["RC235", "`nobody`"]),
        ("keep: [a > b]", &["RC112"]),
        ("keep: [fleet.devices > 1 d]", &["RC134"]),
        ("keep: [fleet.devices < 1]", &["RC236"]),
        ("runs: 0", &["RC212", "nothing would be played"]),
        ("design: { latin: 0 }", &["RC140"]),
        ("design: { latin: 9999999 }", &["RC140", "1048576"]),
        ("design: { sobol-indices: 100 }", &["RC140", "100 is no power of two", "write 64 or 128"]),
        ("axes: { tick: [1 h] }\ndesign: { sobol-indices: 8 }\nruns: 1", &["RC212", "one run of a point"]),
        ("axes: { tick: [1 h] }\ndesign: { sobol-indices: 262144 }\nruns: 8000", &["RC212", "of their own"]),
        (
            "axes: { tick: [1 h], a: { x: {} }, b: { x: {} } }\ndesign: { sobol-indices: 262144 }",
            &["RC212", "262144 rows of 5 points"],
        ),
        ("axes: { tick: [1 h, 2 h] }\ndesign: { sobol: 8 }\nkeep: [tick > 1 h]", &["RC220", "as an offset"]),
        ("design: cube", &["RC140", "`one-at-a-time`"]),
        ("sed: 4", &["RC101", "`seed`"]),
        ("seed: -4", &["RC"]),
        ("[1, 2", &["RC010"]),
        (long.as_str(), &["RC"]),
    ] {
        place.write("bad.yaml", &format!("base: a.yaml\n{plan}\n"));
        refused(&place, 2, "sweep bad.yaml -o out", "out", words);
    }
    for (base, words) in [
        ("missing.yaml", &["RC001", "bad.yaml:1:7"][..]),
        (".", &["RC002", "is a directory", "bad.yaml:1:7"]),
        ("''", &["RC104", "bad.yaml:1:7"]),
        ("[a.yaml]", &["RC104"]),
        ("plan.yaml", &["RC220", "`plan.yaml` is a plan itself", "bad.yaml:1:7"]),
        ("bad.yaml", &["RC220", "`bad.yaml` is a plan itself"]),
        ("a.yaml/below", &["RC", "bad.yaml:1:7"]),
    ] {
        place.write("bad.yaml", &format!("base: {base}\n"));
        refused(&place, 2, "sweep bad.yaml -o out", "out", words);
    }
    for text in
        ["", "\u{0}", "%PDF-1.4", "- a\n- b\n", "base:\n", "&a [*a]", "base: a.yaml\n---\nbase: a.yaml\n"]
    {
        place.write("bad.yaml", text);
        refused(&place, 2, "sweep bad.yaml -o out", "out", &["error"]);
    }
    assert!(!place.path("out").exists());
}

#[test]
fn what_a_plan_sets_is_there_for_its_strategies() {
    let place = planned("");
    let plan = "\
base: a.yaml
set: { fleet.devices: 300, rings: { A: { size: 10 }, B: { size: rest } } }
strategies: { x: { rings.A.size: 8 }, y: { release.size: 1 GB } }
axes: { rings.A.deadline: [1 d, 2 d] }
runs: 4
";
    place.write("set.yaml", plan);
    place.ends(0, "sweep set.yaml -o out --quiet");
    // And what it is unsure of is drawn: its replications differ in more than their luck.
    let plan = "base: a.yaml\nset: { fleet.devices: 300 }\nruns: 4\nuncertain: { rings.Ring3.deferral: 1 d to 20 d }\n";
    place.write("set.yaml", plan);
    place.ends(0, "sweep set.yaml -o unsure --quiet");
    place.write("set.yaml", &plan.replace("uncertain", "#"));
    place.ends(0, "sweep set.yaml -o sure --quiet");
    assert!(results(&place, "unsure") != results(&place, "sure"), "nothing was drawn");
    // No strategies at all is one that changes nothing.
    place.write("set.yaml", "base: a.yaml\nset: { fleet.devices: 300 }\nstrategies: {}\n");
    place.ends(0, "sweep set.yaml -o none --quiet");
    assert_eq!(place.read("none/results.csv").lines().count(), 2);
}

#[test]
fn designs_that_are_too_large_are_refused_at_once() {
    let place = planned("");
    let many = |number: u32, more: &str| {
        let axes: String = (0..number).map(|n| format!("  axis {n}: {{ x: {{}}, y: {{}} }}\n")).collect();
        place.write(
            "large.yaml",
            &format!("base: a.yaml\nset: {{ fleet.devices: 100 }}\n{more}axes:\n{axes}"),
        );
    };
    let quickly = |code: i32, line: &str, words: &str| {
        let begun = Instant::now();
        refused(&place, code, line, "out", &[words, "help: "]);
        assert!(begun.elapsed() < Duration::from_secs(10), "{line}: {:?}", begun.elapsed());
    };
    many(1_000, "");
    quickly(
        2,
        "sweep large.yaml -o out",
        "a grid of 1000 axes (2 x 2 x 2 x 2 x 2 x 2 x ... values) has more than 1048576 points",
    );
    many(21, "");
    quickly(2, "sweep large.yaml -o out", "more than 1048576 points");
    many(1_000, "design: { sobol: 8 }\n");
    quickly(2, "sweep large.yaml -o out", "a Sobol sequence of 1000 axes is more than the 40 there are");
    for replications in [4_000_000_000_u32, 20_000_000] {
        let line = format!("sweep plan.yaml -o out --replications {replications}");
        quickly(4, &line, "of memory");
        quickly(4, &line.replace("sweep", "compare").replace("-o out", ""), "of memory");
    }
    quickly(4, "sweep plan.yaml -o out --max-memory 1MB", "the limit is 1.0 MB");
    // The largest of all points counts, wherever it is.
    place.write("large.yaml", "base: a.yaml\naxes: { fleet.devices: [100, 900000000000, 200] }\n");
    quickly(4, "sweep large.yaml -o out", "a fleet of 900 000 000 000 devices");
    place.write("large.yaml", "base: a.yaml\nset: { fleet.devices: 99 }\naxes: { tick: [1 h, 10 s] }\n");
    quickly(4, "sweep large.yaml -o out --max-memory 200MB", "`tick`");
    // A part of it may fit where the whole does not.
    let line = "sweep plan.yaml -o out --replications 20000 --max-memory 12MB";
    quickly(4, line, "play it in shards");
    assert!(!place.path("out").exists());
    place.ends(0, &format!("{line} --shard 1/5600 --quiet"));
    // A thousand axes are many and no fault.
    many(1_000, "design: { latin: 3 }\n");
    place.ends(0, "sweep large.yaml -o thousand --quiet");
    assert_eq!(place.read("thousand/results.csv").lines().count(), 4);
}

/// A run that ends at its limit of decisions is part of the results and no whole one, so the answer is partial.
#[test]
fn runs_that_end_early_make_the_answer_partial() {
    let place = Place::with(
        "\
people: { on-call: { hours: always, notices: 0 s, decides: 0 s } }
rules: { calls: { who: on-call, when: { count: tickets, within: 24 h, at-least: 1 }, do: pause all rings for 1 h } }
background: { tickets: 50% a month }
",
    );
    let plan = "base: a.yaml\nmeasure: [patched.share]\nruns: 2\n\
                strategies: { few: { max-decisions: 1 }, many: { rules: {} } }\n";
    place.write("plan.yaml", plan);
    let said = "2 of 4 runs ended early, at their limit of decisions";
    for line in [
        "compare plan.yaml --quiet",
        "compare plan.yaml --quiet --fail-on 'patched.share < 0%'",
        "sweep plan.yaml --quiet -o out",
        "merge out -o merged",
    ] {
        let done = place.shell(&format!("rollcast {line}"));
        assert_eq!(done.code, Some(3), "{line}: {}", done.err);
        assert!(done.err.contains(said), "{line}: {}", done.err);
    }
    assert_eq!(place.read("out/results.csv").matches(",true,").count(), 2);
}
