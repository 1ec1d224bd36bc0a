//! `rollcast merge`: shards of several machines become the sweep that one machine would have played.

use std::fs;

use crate::{
    support::Place,
    sweep::{journalled, planned, results},
};

/// A folder with a whole sweep in `whole` and its three shards in `1`, `2` and `3`.
fn shared_out() -> Place {
    let place = planned("");
    place.ends(0, "sweep plan.yaml -o whole --quiet");
    for shard in 1..=3 {
        let done = place.ends(0, &format!("sweep plan.yaml -o {shard} --shard {shard}/3 --jobs {shard}"));
        assert_eq!(done.out, "");
        assert!(done.err.contains(&format!("shard {shard}/3 is finished")), "{}", done.err);
        assert!(!place.path(&shard.to_string()).join("results.csv").exists(), "a part has no results");
    }
    place
}

#[test]
fn shards_become_the_whole_in_any_order() {
    let place = shared_out();
    for (out, dirs) in [("a", "1 2 3"), ("b", "3 1 2")] {
        let done = place.ends(0, &format!("merge {dirs} -o {out}"));
        assert_eq!((done.out, done.err.as_str()), (format!("21 cells and 420 runs are in `{out}`\n"), ""));
        assert_eq!(results(&place, out), results(&place, "whole"));
        // It is a sweep like any other.
        let table = place.ends(0, &format!("sweep plan.yaml -o {out} --resume")).out;
        let whole = place.ends(0, "sweep plan.yaml -o whole --resume").out;
        assert_eq!(table.replace(&format!("{out}/"), "whole/"), whole);
    }
    // Shards that shared a directory are merged from it.
    for shard in 1..=3 {
        place.ends(0, &format!("sweep plan.yaml -o one --shard {shard}/3 --quiet"));
    }
    place.ends(0, "merge one -o c");
    assert_eq!(results(&place, "c"), results(&place, "whole"));
}

#[test]
fn a_missing_shard_is_named_and_can_be_played() {
    let place = shared_out();
    let done = place.ends(3, "merge 1 3 -o out");
    assert_eq!(done.out, "");
    for words in [
        "missing: of shard 2/3 none of 7 cells is there",
        "no results were written",
        "`rollcast sweep PLAN -o out --resume` plays the rest",
    ] {
        assert!(done.err.contains(words), "`{words}` is not in: {}", done.err);
    }
    assert!(!place.path("out/results.csv").exists());
    place.ends(0, "sweep plan.yaml -o out --resume --quiet");
    assert_eq!(results(&place, "out"), results(&place, "whole"));
    assert_eq!(journalled(&place, "out"), 21, "what was there was not played again");
    // A shard that was ended in the middle is named by its cells.
    let journal = place.read("2/journal-2-of-3.jsonl");
    let some: Vec<&str> = journal.lines().take(4).collect();
    place.write("2/journal-2-of-3.jsonl", &(some.join("\n") + "\n{\"cell\":"));
    let done = place.ends(3, "merge 1 2 3 -o half");
    assert!(done.err.contains("missing: of shard 2/3 4 of 7 cells are missing: "), "{}", done.err);
    assert!(done.err.contains("was cut in the middle"), "{}", done.err);
    place.ends(0, "sweep plan.yaml -o half --resume --quiet");
    assert_eq!(results(&place, "half"), results(&place, "whole"));
}

#[test]
fn what_is_there_twice_is_noted_and_counts_once() {
    let place = shared_out();
    place.ends(0, "sweep plan.yaml -o again --shard 2/3 --quiet");
    let done = place.ends(0, "merge 1 2 3 again 1 whole -o out");
    assert!(done.err.contains("7 cells are in `2/journal-2-of-3.jsonl` and in `again/journal-2-of-3.jsonl`, with equal rows: they count once"), "{}", done.err);
    assert!(done.err.contains("note: `1` is named twice and read once"), "{}", done.err);
    assert!(done.err.contains("and in `whole/journal.jsonl`"), "{}", done.err);
    assert_eq!(results(&place, "out"), results(&place, "whole"));
    assert_eq!(place.ends(0, "merge 1 2 3 again -o quiet --quiet").err, "");
}

/// What does not belong together is refused, and nothing is written.
#[test]
fn sweeps_are_never_mixed() {
    let place = shared_out();
    let more: &[(&str, &str)] =
        &[("seed", "--seed 8"), ("runs", "--replications 61"), ("set", "--set tick=30min")];
    for (dir, options) in more {
        place.ends(0, &format!("sweep plan.yaml -o {dir} --shard 2/3 --quiet {options}"));
        let done = place.ends(2, &format!("merge 1 {dir} 3 -o out"));
        for words in [
            "belongs to another plan than `1`: its digest is ",
            "the other's",
            "the same scenarios and options",
        ] {
            assert!(done.err.contains(words), "`{words}` is not in: {}", done.err);
        }
        assert!(!place.path("out").exists());
    }
    // Other names are other results, even where everything is played alike.
    place.write("plan.yaml", &place.read("plan.yaml").replace("slow:", "sluggish:"));
    place.ends(0, "sweep plan.yaml -o renamed --shard 2/3 --quiet");
    assert!(place.ends(2, "merge 1 renamed 3 -o out").err.contains("belongs to another plan than `1`"));
    let done = place.ends(2, "sweep plan.yaml -o whole --resume");
    assert!(done.err.contains("belongs to another plan"), "{}", done.err);
    assert!(!done.err.contains("fault of the program"), "{}", done.err);
}

#[test]
fn versions_are_never_mixed() {
    let version = env!("CARGO_PKG_VERSION");
    let place = shared_out();
    let edit = |file: &str, from: &str, to: &str| {
        let text = place.read(file);
        assert!(text.contains(from), "{file}");
        place.write(file, &text.replace(from, to));
        text
    };
    let quoted = format!("\"{version}\"");
    // In the plan alone it is damage; in both it is another version.
    let plan = edit("2/plan.json", &quoted, "\"99.0.0\"");
    let done = place.ends(2, "merge 1 2 3 -o out");
    assert!(done.err.contains("results of two versions are never mixed"), "{}", done.err);
    let alone = place.ends(2, "merge 2 -o out");
    assert!(alone.err.contains("written by version") && alone.err.contains("99.0.0"), "{}", alone.err);
    place.write("2/plan.json", &plan);
    // A journal is sealed: an edited header is damage, not another version.
    edit("3/journal-3-of-3.jsonl", &quoted, "\"99.0.0\"");
    assert!(
        place
            .ends(2, "merge 1 2 3 -o out")
            .err
            .contains("the first line of `3/journal-3-of-3.jsonl` is damaged")
    );
    // An edited plan is noticed too.
    edit("1/plan.json", "\"slow\"", "\"fast\"");
    let done = place.ends(2, "merge 1 2 -o out");
    assert!(done.err.contains("1/plan.json") && done.err.contains("is damaged"), "{}", done.err);
    edit("2/plan.json", &quoted, "99");
    assert!(place.ends(2, "merge 2 -o out").err.contains("`2/plan.json` is damaged"));
    assert!(!place.path("out").exists());
}

#[test]
fn what_cannot_be_merged_is_left_as_it_is() {
    let place = shared_out();
    fs::create_dir(place.path("empty")).unwrap();
    fs::create_dir(place.path("full")).unwrap();
    place.write("full/thesis.tex", "all of it");
    place.write("file", "text");
    let before: Vec<_> = ["1", "2", "3", "whole", "full"].map(|dir| place.contents(dir)).into();
    for (line, code, words) in [
        ("merge 1 2 empty -o out", 2, "`empty` holds no sweep"),
        ("merge 1 2 missing -o out", 2, "`missing` holds no sweep"),
        ("merge file -o out", 4, "not a directory"),
        ("merge 1 2 3 -o 1", 2, "it is one of those that are merged"),
        ("merge 1 2 3 -o ./2/", 2, "it is one of those that are merged"),
        ("merge 1 2 3 -o whole", 2, "`whole` already holds a sweep"),
        ("merge 1 2 3 -o full", 2, "it holds `thesis.tex`"),
        ("merge 1 2 3 -o file", 4, "needs a directory"),
        ("merge 1 2 3 -o file/below", 4, "not a directory"),
        ("merge -o out", 2, "<DIR>"),
        ("merge 1", 2, "--output"),
    ] {
        let done = place.ends(code, line);
        assert!(done.err.contains(words), "{line}: `{words}` is not in: {}", done.err);
    }
    let after: Vec<_> = ["1", "2", "3", "whole", "full"].map(|dir| place.contents(dir)).into();
    assert!(before == after, "something was changed");
    assert!(!place.path("out").exists());
}
