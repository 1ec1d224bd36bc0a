//! A disk that gets full in the middle of a line. A limit on the size of files stands for it: it, too, takes the first
//! part of a line and refuses the rest.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{env, fs, path::Path, process::Command};

use common::{layout, play};
use rollcast_sweep::{journal::Journal, shard::Shard};

const DIR: &str = "ROLLCAST_TEST_DIR";

/// What the child does under the limit.
fn write_until_full(dir: &Path) {
    let layout = layout(2000);
    let mut journal = Journal::create(dir, &layout, Shard::WHOLE).unwrap();
    let mut written = 0;
    let refusal = loop {
        match journal.append(written, &play(&layout, written)) {
            Ok(()) => written += 1,
            Err(refusal) => break refusal,
        }
    };
    assert!(written > 5, "{written}");
    assert!(refusal.message.contains("journal.jsonl"), "{refusal}");
    assert!(refusal.help.contains("is kept: free some space and go on with `--resume`"), "{refusal}");
    // Half of a line was cut off, so that what follows goes on cleanly.
    let text = fs::read_to_string(journal.path()).unwrap();
    assert!(text.ends_with("\"}\n"), "no piece of a line is left");
    assert_eq!(text.lines().count() as u64, written + 1);
    // A line that still has room is taken.
    journal.append(written, &common::panic(written)).unwrap();
    journal.finish().unwrap();
    fs::write(dir.join("written"), written.to_string()).unwrap();
}

#[test]
fn a_full_disk_leaves_a_journal_that_goes_on() {
    // The test calls itself under the limit: a limit on this process would be one for all tests.
    if let Some(dir) = env::var_os(DIR) {
        return write_until_full(Path::new(&dir));
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("sweep");
    // Without `trap` the limit would end the child, as no full disk does. Blocks have 512 or 1024 bytes.
    let limited = r#"trap '' XFSZ; ulimit -f 40; exec "$0" a_full_disk_leaves_a_journal_that_goes_on --exact --nocapture"#;
    let child = Command::new("sh")
        .args(["-c", limited])
        .arg(env::current_exe().unwrap())
        .env(DIR, &dir)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let written: u64 = fs::read_to_string(dir.join("written")).unwrap().parse().unwrap();
    let layout = layout(2000);
    let resumed = Journal::resume(&dir, &layout, Shard::WHOLE).unwrap();
    let expected: Vec<_> = (0..written).map(|cell| (cell, play(&layout, cell))).collect();
    assert_eq!(resumed.played, expected);
    assert_eq!(resumed.notes, [format!("cell {written} had panicked: it is played again")]);
}
