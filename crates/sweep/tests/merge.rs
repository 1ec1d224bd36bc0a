//! Shards from several machines become the sweep that one would have played.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{layout, panic, play};
use rollcast_sweep::{
    journal::{Journal, Resumed},
    layout::Layout,
    merge::{gather, merge},
    refusal::Refusal,
    rows::Played,
    shard::Shard,
};

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

/// Plays some cells of a shard in a directory.
fn swept(dir: &Path, layout: &Layout, shard: Shard, cells: impl IntoIterator<Item = u64>) {
    let mut journal = Journal::create(dir, layout, shard).unwrap();
    for cell in cells {
        journal.append(cell, &play(layout, cell)).unwrap();
    }
    journal.finish().unwrap();
}

/// A scratch folder and directories in it.
fn folders<const N: usize>(names: [&str; N]) -> (tempfile::TempDir, [PathBuf; N]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = names.map(|name| folder.path().join(name));
    (folder, paths)
}

fn assert_says(refusal: &Refusal, words: &[&str]) {
    let text = refusal.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn shards_give_the_bytes_of_a_whole_sweep() {
    let layout = layout(60);
    let (_folder, [a, b, whole, out]) = folders(["a", "b", "whole", "out"]);
    // Two shards in one directory, one in another, each in its own order and with its own place of the scenario.
    let mut elsewhere = layout.clone();
    elsewhere.points[0].replay = vec!["run".into(), "/other/place.yaml".into()];
    swept(&a, &layout, shard("1/3"), shard("1/3").cells(&layout));
    let mut backwards: Vec<u64> = shard("3/3").cells(&layout).collect();
    backwards.reverse();
    swept(&a, &layout, shard("3/3"), backwards);
    swept(&b, &elsewhere, shard("2/3"), shard("2/3").cells(&layout));
    swept(&whole, &layout, Shard::WHOLE, 0..layout.cells());

    let merged = merge(&[a, b], &out).unwrap();
    assert_eq!((merged.missing.len(), merged.gaps.len(), merged.duplicates.len()), (0, 0, 0));
    assert_eq!(merged.notes, [""; 0]);
    assert_eq!(merged.layout, layout);
    for cell in 0..layout.cells() {
        assert_eq!(merged.results.cell(cell), Some(&play(&layout, cell)));
    }
    for name in ["plan.json", "journal.jsonl"] {
        assert_eq!(fs::read(out.join(name)).unwrap(), fs::read(whole.join(name)).unwrap(), "{name}");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn gaps_are_told_by_shard_and_filled_by_resume() {
    let layout = layout(60);
    assert_eq!(layout.cells(), 12);
    let (_folder, [a, b, out]) = folders(["a", "b", "out"]);
    swept(&a, &layout, shard("1/4"), [0, 8]);
    swept(&a, &layout, shard("3/4"), [2]);
    swept(&b, &layout, shard("4/4"), [3, 7, 11]);
    let merged = merge(&[a, b], &out).unwrap();
    assert_eq!(merged.missing, [1, 4, 5, 6, 9, 10]);
    let told: Vec<String> = merged.gaps.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "of shard 1/4 1 of 3 cells is missing: 4",
            "of shard 2/4 none of 3 cells is there",
            "of shard 3/4 2 of 3 cells are missing: 6 and 10",
        ]
    );
    assert_eq!(merged.gaps[1].stretches(), [(1, 9)]);
    let Resumed { mut journal, played, notes } = Journal::resume(&out, &layout, Shard::WHOLE).unwrap();
    assert_eq!((played.len(), notes.len()), (6, 0));
    for cell in merged.missing {
        journal.append(cell, &play(&layout, cell)).unwrap();
    }
    journal.finish().unwrap();
    assert!(gather(&[out]).unwrap().missing.is_empty());
}

#[test]
fn journals_of_other_numbers_of_shards_go_together() {
    let layout = layout(60);
    let (_folder, [a, b]) = folders(["a", "b"]);
    swept(&a, &layout, shard("1/2"), shard("1/2").cells(&layout));
    swept(&b, &layout, shard("3/3"), shard("3/3").cells(&layout));
    let merged = gather(&[a.clone(), b.clone()]).unwrap();
    assert_eq!(merged.missing, [1, 3, 7, 9]);
    assert_eq!(merged.gaps[0].to_string(), "of the sweep 4 of 12 cells are missing: 1, 3, 7 and 9");
    let told = format!(
        "2 cells are in `{}` and in `{}`, with equal rows: they count once",
        a.join("journal-1-of-2.jsonl").display(),
        b.join("journal-3-of-3.jsonl").display()
    );
    assert_eq!(merged.duplicates[0].to_string(), told);
    assert_eq!(merged.duplicates.len(), 1);
}

#[test]
fn different_rows_for_a_cell_are_a_fault() {
    let layout = layout(60);
    let (_folder, [a, b, out]) = folders(["a", "b", "out"]);
    swept(&a, &layout, Shard::WHOLE, [0, 1, 2]);
    let mut journal = Journal::create(&b, &layout, Shard::WHOLE).unwrap();
    let Played::Rows(mut rows) = play(&layout, 2) else { unreachable!() };
    rows[0].ended_early = !rows[0].ended_early;
    journal.append(2, &Played::Rows(rows)).unwrap();
    drop(journal);
    let refusal = merge(&[a.clone(), b.clone()], &out).unwrap_err();
    let (a, b) = (a.join("journal.jsonl"), b.join("journal.jsonl"));
    let places = [format!("line 2 of `{}`", b.display()), format!("line 4 of `{}`", a.display())];
    assert_says(&refusal, &["cell 2 has other rows", &places[0], &places[1], "fault", "report"]);
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn rows_count_more_than_a_panic() {
    let layout = layout(60);
    let (_folder, [a, b, out]) = folders(["a", "b", "out"]);
    for (dir, rows, panicked) in [(&a, 0, 1), (&b, 1, 0)] {
        let mut journal = Journal::create(dir, &layout, Shard::WHOLE).unwrap();
        journal.append(rows, &play(&layout, rows)).unwrap();
        journal.append(panicked, &panic(panicked)).unwrap();
        journal.append(2, &panic(2)).unwrap();
        journal.finish().unwrap();
    }
    let merged = merge(&[a, b], &out).unwrap();
    assert_eq!(merged.results.cell(0), Some(&play(&layout, 0)));
    assert_eq!(merged.results.cell(1), Some(&play(&layout, 1)));
    assert_eq!(merged.results.cell(2), Some(&panic(2)));
    assert_eq!(merged.missing.len(), 9);
    assert!(merged.duplicates.is_empty());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let layout = layout(60);
    let (_folder, [a, b, c, out]) = folders(["a", "b", "c", "out"]);
    swept(&a, &layout, shard("1/2"), [0]);
    swept(&b, &Layout { digest: "other".into(), ..layout.clone() }, shard("2/2"), [1]);
    swept(&c, &Layout { version: "0.2.0".into(), ..layout.clone() }, shard("2/2"), [1]);
    let (in_a, in_b) = (a.display().to_string(), b.display().to_string());
    assert_says(
        &merge(&[a.clone(), b.clone()], &out).unwrap_err(),
        &["digest", "5e9d", "other", &in_a, &in_b],
    );
    assert_says(&merge(&[a.clone(), c.clone()], &out).unwrap_err(), &["0.1.0", "0.2.0", "never mixed"]);
    // A journal that was put beside the wrong plan.
    for (from, word) in [(&b, "digest"), (&c, "version")] {
        fs::copy(from.join("journal-2-of-2.jsonl"), a.join("journal-2-of-2.jsonl")).unwrap();
        assert_says(
            &gather(std::slice::from_ref(&a)).unwrap_err(),
            &["journal-2-of-2.jsonl", "plan.json", word],
        );
    }
    fs::copy(a.join("journal-1-of-2.jsonl"), a.join("journal-2-of-2.jsonl")).unwrap();
    assert_says(&gather(std::slice::from_ref(&a)).unwrap_err(), &["another name than its shard 1/2"]);
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn a_damaged_plan_is_refused() {
    let layout = layout(60);
    let (_folder, [a, b]) = folders(["a", "b"]);
    swept(&a, &layout, shard("1/2"), [0]);
    swept(&b, &layout, shard("2/2"), [1]);
    let plan = a.join("plan.json");
    let good = fs::read_to_string(&plan).unwrap();
    let told = plan.display().to_string();
    for damaged in ["", &good[..200], &good.replace("0.05", "0.06"), &good.replace("slow", "slew")] {
        fs::write(&plan, damaged).unwrap();
        let refusal = gather(std::slice::from_ref(&a)).unwrap_err();
        assert_says(&refusal, &[&told, "is damaged", "copy it again"]);
        assert!(gather(&[b.clone(), a.clone()]).is_err());
    }
    fs::remove_file(&plan).unwrap();
    assert_says(&gather(&[a]).unwrap_err(), &["holds no sweep", "no `plan.json`"]);
}

#[test]
fn damage_costs_the_cells_it_hit() {
    let layout = layout(60);
    let (_folder, [a]) = folders(["a"]);
    swept(&a, &layout, Shard::WHOLE, 0..layout.cells());
    let path = a.join("journal.jsonl");
    let text = fs::read_to_string(&path).unwrap().replacen("\"cell\":3,", "\"cell\":4,", 1);
    fs::write(&path, &text[..text.len() - 9]).unwrap();
    let merged = gather(std::slice::from_ref(&a)).unwrap();
    assert_eq!(merged.missing, [3, 11]);
    let path = path.display();
    assert_eq!(
        merged.notes,
        [
            format!("line 5 of `{path}` is damaged: its cell does not count"),
            format!("the last line of `{path}` was cut in the middle: its cell does not count"),
        ]
    );
}

#[test]
fn what_is_odd_is_told() {
    let layout = layout(60);
    let (folder, [a, b]) = folders(["a", "b"]);
    swept(&a, &layout, shard("1/3"), [0]);
    swept(&a, &layout, shard("2/3"), []);
    fs::write(a.join("journal-2-of-3.jsonl"), "{\"form").unwrap();
    fs::copy(a.join("journal-1-of-3.jsonl"), a.join("journal-1-of-3 (1).jsonl")).unwrap();
    let writing = Journal::create(&b, &layout, shard("3/3")).unwrap();
    let twice = folder.path().join("b/../a");
    let merged = gather(&[a.clone(), b.clone(), twice]).unwrap();
    let expected = ["no name of a journal", "holds nothing yet", "still being written", "named twice"];
    assert_eq!(merged.notes.len(), expected.len(), "{:?}", merged.notes);
    for (note, words) in merged.notes.iter().zip(expected) {
        assert!(note.contains(words), "{note}");
    }
    drop(writing);
}

#[test]
fn the_merged_sweep_goes_to_a_new_place() {
    let layout = layout(60);
    let (folder, [a, b]) = folders(["a", "b"]);
    swept(&a, &layout, shard("1/2"), [0]);
    let dirs = std::slice::from_ref(&a);
    let refusal = merge(dirs, &folder.path().join("a/../a")).unwrap_err();
    assert_says(&refusal, &["one of those that are merged", "another directory"]);
    swept(&b, &layout, shard("2/2"), [1]);
    assert_says(&merge(dirs, &b).unwrap_err(), &["already holds a sweep"]);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_says(&merge(dirs, &file).unwrap_err(), &["is a file"]);
    assert_says(&merge(&[], &file.join("x")).unwrap_err(), &["nothing to merge"]);
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_says(&gather(std::slice::from_ref(&empty)).unwrap_err(), &["holds no sweep"]);
    fs::copy(a.join("plan.json"), empty.join("plan.json")).unwrap();
    assert_says(&gather(&[empty]).unwrap_err(), &["holds no journal"]);
}
