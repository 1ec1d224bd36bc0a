//! A sweep that was ended in whatever way goes on where it was, and nothing is taken for a result that is none.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{fs, path::Path};

use common::{layout, panic, play};
use rollcast_sweep::{
    journal::{Journal, Resumed},
    layout::Layout,
    rows::Played,
    shard::Shard,
};

const WHOLE: Shard = Shard::WHOLE;

fn shard(text: &str) -> Shard {
    text.parse().unwrap()
}

/// A directory with the journal of these cells.
fn swept(dir: &Path, layout: &Layout, shard: Shard, cells: impl IntoIterator<Item = u64>) {
    let mut journal = Journal::create(dir, layout, shard).unwrap();
    for cell in cells {
        journal.append(cell, &play(layout, cell)).unwrap();
    }
    journal.finish().unwrap();
}

fn played(layout: &Layout, cells: impl IntoIterator<Item = u64>) -> Vec<(u64, Played)> {
    cells.into_iter().map(|cell| (cell, play(layout, cell))).collect()
}

/// Plays what is missing, and says what the next one to resume finds.
fn complete(dir: &Path, layout: &Layout, resumed: Resumed) -> Vec<(u64, Played)> {
    let Resumed { mut journal, played, .. } = resumed;
    for cell in (0..layout.cells()).filter(|cell| played.iter().all(|(there, _)| there != cell)) {
        journal.append(cell, &play(layout, cell)).unwrap();
    }
    journal.finish().unwrap();
    Journal::resume(dir, layout, WHOLE).unwrap().played
}

#[test]
fn what_is_written_is_read() {
    let layout = layout(60);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new/sweep");
    // In the order in which they happen to be finished.
    swept(&dir, &layout, WHOLE, [3, 0, 11, 5]);
    let resumed = Journal::resume(&dir, &layout, WHOLE).unwrap();
    assert_eq!(resumed.played, played(&layout, [0, 3, 5, 11]));
    assert_eq!(resumed.notes, [""; 0]);
    let plan: Layout = serde_json::from_slice(&fs::read(dir.join("plan.json")).unwrap()).unwrap();
    assert_eq!(plan, layout);
    assert_eq!(complete(&dir, &layout, resumed), played(&layout, 0..layout.cells()));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "a plan and a journal");
}

#[test]
fn a_journal_cut_anywhere_goes_on_to_the_same_results() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    swept(dir, &layout, WHOLE, 0..layout.cells());
    let path = dir.join("journal.jsonl");
    let whole = fs::read(&path).unwrap();
    let ends: Vec<usize> = (1..=whole.len()).filter(|&end| whole[end - 1] == b'\n').collect();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
        let lines = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(resumed.played.len(), lines.saturating_sub(1), "cut at {cut}");
        // The beginning of the first line holds no cell, so there is nothing to tell.
        let in_a_cell = lines > 0 && !ends.contains(&cut);
        assert_eq!(resumed.notes.len(), usize::from(in_a_cell), "cut at {cut}: {:?}", resumed.notes);
        assert_eq!(complete(dir, &layout, resumed), played(&layout, 0..layout.cells()), "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn what_a_crash_of_the_machine_leaves_behind_the_last_line_is_cut_off() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    swept(dir, &layout, WHOLE, 0..3);
    let path = dir.join("journal.jsonl");
    let good = fs::read(&path).unwrap();
    fs::write(&path, [&good[..], &[0; 5000]].concat()).unwrap();
    let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert_eq!(resumed.played, played(&layout, 0..3));
    assert_eq!(fs::read(&path).unwrap(), good);
}

#[test]
fn a_changed_byte_is_noticed_in_every_line() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    swept(dir, &layout, WHOLE, 0..layout.cells());
    let path = dir.join("journal.jsonl");
    let whole = fs::read(&path).unwrap();
    let header = whole.iter().position(|&byte| byte == b'\n').unwrap();
    for at in 0..whole.len() {
        for flip in [1, 0x20, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            fs::write(&path, &changed).unwrap();
            let resumed = Journal::resume(dir, &layout, WHOLE);
            if at <= header {
                let refusal = resumed.unwrap_err();
                assert!(refusal.message.contains("the first line of"), "byte {at}: {refusal}");
                assert_eq!(fs::read(&path).unwrap(), changed, "nothing is changed");
                continue;
            }
            let resumed = resumed.unwrap();
            // A changed end of a line takes the next line with it.
            let lost = if whole[at] == b'\n' && at + 1 < whole.len() { 2 } else { 1 };
            assert_eq!(resumed.played.len() as u64, layout.cells() - lost, "byte {at}");
            assert!(resumed.notes.iter().any(|note| note.contains("journal.jsonl")), "byte {at}");
            if at % 50 == 0 {
                assert_eq!(complete(dir, &layout, resumed), played(&layout, 0..layout.cells()), "byte {at}");
            }
        }
    }
}

#[test]
fn a_damaged_line_is_named_and_its_cell_played_again() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    swept(dir, &layout, WHOLE, 0..layout.cells());
    let path = dir.join("journal.jsonl");
    let mut lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(Into::into).collect();
    lines[2] = lines[2].replacen("0.", "1.", 1);
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert_eq!(
        resumed.notes,
        [format!("line 3 of `{}` is damaged: its cell does not count", path.display())]
    );
    assert_eq!(resumed.played, played(&layout, [0, 2, 3, 4, 5]));
    drop(resumed);
    lines[4].clear();
    lines[5].push('x');
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert!(resumed.notes[0].starts_with("lines 3, 5 and 6 of "), "{:?}", resumed.notes);
}

#[test]
fn cells_that_panicked_are_played_again() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut journal = Journal::create(dir, &layout, WHOLE).unwrap();
    journal.append(0, &play(&layout, 0)).unwrap();
    journal.append(1, &panic(1)).unwrap();
    journal.finish().unwrap();
    let mut resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert_eq!(resumed.played, played(&layout, [0]));
    assert_eq!(resumed.notes, ["cell 1 had panicked: it is played again"]);
    resumed.journal.append(1, &play(&layout, 1)).unwrap();
    drop(resumed);
    let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert_eq!(resumed.played, played(&layout, [0, 1]));
    assert_eq!(resumed.notes, [""; 0]);
}

#[test]
fn a_cell_found_twice_counts_once_and_never_with_other_rows() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    swept(dir, &layout, WHOLE, [0, 1, 1]);
    let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
    assert_eq!(resumed.played, played(&layout, [0, 1]));
    assert!(resumed.notes[0].starts_with("1 cell is twice in `"), "{:?}", resumed.notes);
    let Resumed { mut journal, .. } = resumed;
    // The same shape with one other number.
    let Played::Rows(mut rows) = play(&layout, 0) else { unreachable!() };
    rows[0].values[1] = Some(-0.0);
    journal.append(0, &Played::Rows(rows)).unwrap();
    journal.finish().unwrap();
    let refusal = Journal::resume(dir, &layout, WHOLE).unwrap_err();
    assert!(refusal.message.contains("cell 0 has other rows on line 5 of"), "{refusal}");
    assert!(refusal.message.contains("than on line 2 of"), "{refusal}");
    assert!(refusal.help.contains("report"), "{refusal}");
}

#[test]
fn lines_that_do_not_fit_the_plan_are_no_results() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let mut journal = Journal::create(dir, &layout, shard("2/2")).unwrap();
    let short = |played| match played {
        Played::Rows(rows) => Played::Rows(rows[1..].to_vec()),
        panicked => panicked,
    };
    journal.append(1, &play(&layout, 1)).unwrap();
    journal.append(2, &play(&layout, 2)).unwrap();
    journal.append(99, &panic(99)).unwrap();
    journal.append(3, &short(play(&layout, 3))).unwrap();
    journal.append(5, &Played::Rows(vec![])).unwrap();
    journal.finish().unwrap();
    let resumed = Journal::resume(dir, &layout, shard("2/2")).unwrap();
    assert_eq!(resumed.played, played(&layout, [1]));
    assert!(resumed.notes[0].starts_with("lines 3 to 6 of"), "{:?}", resumed.notes);
}

#[test]
fn a_plan_that_is_missing_or_damaged_is_written_again() {
    let layout = layout(3);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    swept(dir, &layout, WHOLE, 0..3);
    let path = dir.join("plan.json");
    let good = fs::read_to_string(&path).unwrap();
    let damages = [None, Some(String::new()), Some(good[..99].into()), Some(good.replace("0.05", "0.06"))];
    for damage in damages {
        match damage {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        let resumed = Journal::resume(dir, &layout, WHOLE).unwrap();
        assert_eq!(resumed.played.len(), 3);
        assert!(resumed.notes[0].contains("plan.json"), "{:?}", resumed.notes);
        assert_eq!(fs::read_to_string(&path).unwrap(), good);
    }
    // How a point is replayed says nothing about results, and differs between machines.
    fs::write(&path, good.replace("a b.yaml", "/other/place.yaml")).unwrap();
    assert_eq!(Journal::resume(dir, &layout, WHOLE).unwrap().notes, [""; 0]);
}
