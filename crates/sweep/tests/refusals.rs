//! What a sweep does not do, the sentences that say so, and that nothing is changed then.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{fs, path::Path};

use common::{layout, play};
use rollcast_sweep::{
    journal::Journal,
    layout::Layout,
    refusal::{Kind, Refusal},
    shard::Shard,
};

const WHOLE: Shard = Shard::WHOLE;

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

/// Names and contents of all files of a directory.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The refusal to create or resume, which changes nothing.
fn refused<T: std::fmt::Debug>(dir: &Path, done: impl FnOnce() -> Result<T, Refusal>) -> Refusal {
    let before = contents(dir);
    let refusal = done().unwrap_err();
    assert_eq!(contents(dir), before, "{refusal}");
    refusal
}

fn assert_says(refusal: &Refusal, words: &[&str]) {
    let text = refusal.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

fn begun(dir: &Path, layout: &Layout, shard: Shard) {
    let mut journal = Journal::create(dir, layout, shard).unwrap();
    let cell = shard.cells(layout).next().unwrap();
    journal.append(cell, &play(layout, cell)).unwrap();
    journal.finish().unwrap();
}

#[test]
fn a_sweep_is_not_begun_over_another() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    begun(dir, &layout, WHOLE);
    let refusal = refused(dir, || Journal::create(dir, &layout, WHOLE));
    assert_says(&refusal, &["already holds a sweep", "`--resume`", "another directory"]);
    assert_eq!(refusal.kind, Kind::Input);
    assert_says(&refused(dir, || Journal::create(dir, &layout, shard("1/2"))), &["already holds a sweep"]);
}

#[test]
fn a_directory_with_other_things_is_left_alone() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("thesis.tex"), "all of it").unwrap();
    let refusal = refused(dir, || Journal::create(dir, &layout, WHOLE));
    assert_says(&refusal, &["is not empty", "`thesis.tex`", "does not exist yet"]);
}

#[test]
fn shards_of_one_plan_share_a_directory_and_those_of_two_do_not() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    begun(dir, &layout, shard("1/3"));
    begun(dir, &layout, shard("3/3"));
    assert_says(&refused(dir, || Journal::create(dir, &layout, shard("3/3"))), &["`--resume`"]);
    assert_says(&refused(dir, || Journal::create(dir, &layout, shard("2/4"))), &["already holds a sweep"]);
    assert_says(&refused(dir, || Journal::create(dir, &layout, WHOLE)), &["already holds a sweep"]);
    let other = Layout { digest: "other".into(), ..layout.clone() };
    let refusal = refused(dir, || Journal::create(dir, &other, shard("2/3")));
    assert_says(&refusal, &["holds another sweep", "5e9d", "other"]);
    let newer = Layout { version: "0.2.0".into(), ..layout.clone() };
    let refusal = refused(dir, || Journal::create(dir, &newer, shard("2/3")));
    assert_says(&refusal, &["0.1.0", "0.2.0"]);
    assert_eq!(Journal::resume(dir, &layout, shard("3/3")).unwrap().played.len(), 1);
}

#[test]
fn a_sweep_that_was_ended_before_it_began_is_begun() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    begun(dir, &layout, WHOLE);
    fs::remove_file(dir.join("journal.jsonl")).unwrap();
    fs::write(dir.join(".plan.json.7.part"), "{").unwrap();
    begun(dir, &layout, WHOLE);
}

#[test]
fn another_plan_version_or_shard_is_not_gone_on_with() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    begun(dir, &layout, WHOLE);
    let other = Layout { digest: "other".into(), ..layout.clone() };
    let refusal = refused(dir, || Journal::resume(dir, &other, WHOLE));
    assert_says(&refusal, &["journal.jsonl", "another plan", "5e9d", "other", "another directory"]);
    let newer = Layout { version: "0.2.0".into(), ..layout.clone() };
    let refusal = refused(dir, || Journal::resume(dir, &newer, WHOLE));
    assert_says(&refusal, &["version 0.1.0", "0.2.0", "never mixed", "go on with version 0.1.0"]);
    // A digest that is a lie.
    let mut edited = layout.clone();
    edited.points.pop();
    assert_says(&refused(dir, || Journal::resume(dir, &edited, WHOLE)), &["fault"]);
    // Right journal, and a plan of something else beside it.
    let plan = dir.join("plan.json");
    fs::write(&plan, serde_json::to_vec(&other).unwrap()).unwrap();
    assert_says(&refused(dir, || Journal::resume(dir, &layout, WHOLE)), &["plan.json", "5e9d", "other"]);
}

#[test]
fn journals_of_shards_keep_their_names() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    begun(dir, &layout, shard("1/3"));
    assert_says(
        &refused(dir, || Journal::resume(dir, &layout, shard("2/3"))),
        &["no journal of shard 2/3", "`1/3`", "leave out `--resume`"],
    );
    assert_says(&refused(dir, || Journal::resume(dir, &layout, WHOLE)), &["`1/3`", "`--shard`"]);
    assert_says(&refused(dir, || Journal::resume(dir, &layout, shard("1/4"))), &["`1/3`", "`--shard`"]);
    fs::rename(dir.join("journal-1-of-3.jsonl"), dir.join("journal-2-of-3.jsonl")).unwrap();
    let refusal = refused(dir, || Journal::resume(dir, &layout, shard("2/3")));
    assert_says(&refusal, &["belongs to shard 1/3", "`journal-1-of-3.jsonl`"]);
    fs::rename(dir.join("journal-2-of-3.jsonl"), dir.join("journal.jsonl")).unwrap();
    assert_says(&refused(dir, || Journal::resume(dir, &layout, WHOLE)), &["belongs to shard 1/3"]);
    assert_says(&refused(dir, || Journal::resume(dir, &layout, shard("1/3"))), &["whole sweep"]);
}

#[test]
fn a_journal_written_in_another_way_is_not_guessed_at() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    begun(dir, &layout, WHOLE);
    let text = r#"{"format":"rollcast-journal-9","more":1"#;
    let sum = crc32fast::hash(text.as_bytes());
    fs::write(dir.join("journal.jsonl"), format!("{text},\"crc\":\"{sum:08x}\"}}\n")).unwrap();
    let refusal = refused(dir, || Journal::resume(dir, &layout, WHOLE));
    assert_says(&refusal, &["rollcast-journal-9", "rollcast-journal-1", "version"]);
    for text in ["\n", "x\n", "{}", "\u{0}\u{0}\u{0}"] {
        fs::write(dir.join("journal.jsonl"), text).unwrap();
        let refusal = refused(dir, || Journal::resume(dir, &layout, WHOLE));
        assert_says(&refusal, &["the first line of", "is damaged", "move the file away"]);
    }
}

#[test]
fn nothing_to_go_on_with_is_said() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let refusal = refused(folder.path(), || Journal::resume(folder.path(), &layout, WHOLE));
    assert_says(&refusal, &["holds no journal", "leave out `--resume`"]);
    let missing = folder.path().join("missing");
    assert_says(&Journal::resume(&missing, &layout, WHOLE).unwrap_err(), &["holds no journal"]);
    assert!(!missing.exists());
}

#[test]
fn two_sweeps_do_not_write_one_journal() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut first = Journal::create(dir, &layout, WHOLE).unwrap();
    first.append(0, &play(&layout, 0)).unwrap();
    let refusal = Journal::resume(dir, &layout, WHOLE).unwrap_err();
    assert_says(&refusal, &["another sweep is writing", "journal.jsonl", "wait"]);
    assert_says(&Journal::create(dir, &layout, WHOLE).unwrap_err(), &["already holds a sweep"]);
    first.append(1, &play(&layout, 1)).unwrap();
    drop(first);
    let second = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert_eq!(second.played.len(), 2);
    assert!(Journal::resume(dir, &layout, WHOLE).is_err());
}

#[test]
fn places_where_nothing_can_be_written_are_told() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "text").unwrap();
    let refusal = Journal::create(&file, &layout, WHOLE).unwrap_err();
    assert_says(&refusal, &["is a file", "needs a directory", "name a directory"]);
    assert_eq!(refusal.kind, Kind::Storage);
    assert_says(
        &Journal::create(&file.join("below"), &layout, WHOLE).unwrap_err(),
        &["not a directory", "check the path"],
    );
    assert_says(&Journal::resume(&file, &layout, WHOLE).unwrap_err(), &["file", "not a directory"]);
    if cfg!(target_os = "linux") {
        assert!(Journal::create(Path::new("/proc/sweep"), &layout, WHOLE).is_err());
    }
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("locked");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(dir.join("probe"), "").is_ok() {
        return; // The superuser may write anywhere.
    }
    for place in [dir.clone(), dir.join("sweep")] {
        let refusal = Journal::create(&place, &layout, WHOLE).unwrap_err();
        assert_says(&refusal, &["no permission", "choose a place where you may write"]);
    }
}
