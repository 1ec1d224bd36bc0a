//! Playing cells: whatever happens to one of them, the others are what they would have been.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rollcast_scenario::{diagnostic::Source, study::Study};
use rollcast_sweep::{
    columns::MOST_COLUMNS,
    journal::Journal,
    layout::CellId,
    prepare::{Options, Prepared},
    refusal::Refusal,
    rows::{Played, Row},
    runner::{Progress, play, play_watched, try_one},
    shard::Shard,
};

const SMALL: &str = "\
fleet: { devices: 300 }
service: autopatch/2025-03
seed: 7
release: { product: windows-quality, published: 2026-10-13 }
strategies: { as it is: {}, \"it's late\": { rings.Ring3.deferral: 9 d } }
sweep: { axes: { rings.Ring2.deferral: [2 d, 4 d] }, runs: 30 }
";

fn prepared(text: &str, dir: &Path) -> Prepared {
    let source = Arc::new(Source { name: "a.yaml".into(), text: text.into() });
    let study = Study::of_source(source, dir, Vec::new()).unwrap();
    let options = Options { axes: true, files: vec!["my plan.yaml".into()], ..Options::default() };
    Prepared::of(study, &options).unwrap()
}

fn small() -> Prepared {
    prepared(SMALL, Path::new(""))
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Plays all cells with `begins` looking on.
fn played(
    prepared: &Prepared,
    threads: usize,
    begins: &(dyn Fn(CellId, u32) + Sync),
) -> BTreeMap<u64, Played> {
    let cells: Vec<u64> = (0..prepared.layout.cells()).collect();
    let mut all = BTreeMap::new();
    let done = |cell, played| {
        assert!(all.insert(cell, played).is_none(), "cell {cell} came twice");
        Ok(())
    };
    play_watched(prepared, &cells, &pool(threads), &Progress::default(), begins, done).unwrap();
    all
}

/// A panic of a run, without its words on stderr.
fn panics(words: &str) -> ! {
    std::panic::resume_unwind(Box::new(words.to_owned()))
}

#[test]
fn any_number_of_threads_gives_the_same_rows() {
    let prepared = small();
    assert_eq!(prepared.layout.cells(), 6, "three points in blocks of 25 and 5 runs");
    let one = played(&prepared, 1, &|_, _| ());
    assert_eq!(one.len(), 6);
    for threads in [2, 7] {
        assert_eq!(played(&prepared, threads, &|_, _| ()), one, "{threads} threads");
    }
    // One cell by itself, in any company, and the run that a dry run tries.
    for cell in [5, 0, 3] {
        let done = |number, played| {
            assert_eq!((number, &played), (cell, &one[&cell]));
            Ok(())
        };
        play(&prepared, &[cell], &pool(2), &Progress::default(), done).unwrap();
        let Played::Rows(rows) = &one[&cell] else { panic!("it was played") };
        assert_eq!(try_one(&prepared, cell).as_ref(), Ok(&rows[0]));
    }
}

/// A fault of the engine costs its cell, which is written down with what plays the run again; the sweep goes on, and
/// goes on once more when the fault is mended.
#[test]
fn a_panic_costs_its_cell_alone() {
    let prepared = small();
    let expected = played(&prepared, 2, &|_, _| ());
    let begins = |cell: CellId, replication| match (cell.point, replication) {
        (0, 27) => panics("index out of bounds"),
        (2, 3 | 4) => panics("no such ring"),
        _ => (),
    };
    let panicked =
        |message: &str, replay: &str| Played::Panicked { message: message.into(), replay: replay.into() };
    let axis = "rollcast run 'my plan.yaml' --strategy 'as it is' --axis 'rings.Ring2.deferral=2 d'";
    let late = r"rollcast run 'my plan.yaml' --strategy 'it'\''s late'";
    for threads in [1, 2, 7] {
        let found = played(&prepared, threads, &begins);
        assert_eq!(found.len(), 6, "{threads} threads");
        for (cell, played) in found {
            let expected = match cell {
                1 => panicked("index out of bounds", &format!("{axis} --seed 7 --replication 27")),
                4 => panicked("no such ring", &format!("{late} --seed 7 --replication 3")),
                _ => expected[&cell].clone(),
            };
            assert_eq!(played, expected, "cell {cell}, {threads} threads");
        }
    }

    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path(), &prepared.layout, Shard::WHOLE).unwrap();
    for (cell, played) in played(&prepared, 2, &begins) {
        journal.append(cell, &played).unwrap();
    }
    journal.finish().unwrap();
    let resumed = Journal::resume(folder.path(), &prepared.layout, Shard::WHOLE).unwrap();
    assert_eq!(resumed.notes, ["2 cells had panicked: they are played again"]);
    let mut all: BTreeMap<u64, Played> = resumed.played.into_iter().collect();
    let missing: Vec<u64> = (0..6).filter(|cell| !all.contains_key(cell)).collect();
    assert_eq!(missing, [1, 4]);
    let done = |cell, played| {
        all.insert(cell, played);
        Ok(())
    };
    play(&prepared, &missing, &pool(2), &Progress::default(), done).unwrap();
    assert_eq!(all, expected);
}

#[test]
fn a_panic_may_be_anything() {
    let prepared = small();
    let begins = |cell: CellId, _| match cell.point {
        0 => std::panic::resume_unwind(Box::new("a slice of text")),
        1 => std::panic::resume_unwind(Box::new(7_u8)),
        _ => (),
    };
    let found = played(&prepared, 2, &begins);
    let message = |cell: u64| match &found[&cell] {
        Played::Panicked { message, .. } => message.as_str(),
        Played::Rows(_) => "",
    };
    assert_eq!([0, 2, 4].map(message), ["a slice of text", "a panic without words", ""]);
}

/// Where the journal takes no more, nothing more is begun, and what was handed over before counts.
#[test]
fn a_refusal_stops_the_sweep() {
    let prepared = prepared(&SMALL.replace("runs: 30", "runs: 2500"), Path::new(""));
    let cells: Vec<u64> = (0..prepared.layout.cells()).collect();
    let progress = Progress::default();
    let mut taken = 0;
    let full = || Refusal::storage("the disk is full", "free some space");
    let done = |_, _| {
        taken += 1;
        if taken < 3 { Ok(()) } else { Err(full()) }
    };
    assert_eq!(play(&prepared, &cells, &pool(2), &progress, done), Err(full()));
    assert_eq!(taken, 3, "nobody is asked again");
    let runs = progress.runs.load(Ordering::Relaxed);
    assert!(runs < prepared.layout.runs() / 2, "{runs} runs were played");
}

/// Small fleets are played one a thread; of a large one fewer are in hand, so that memory stays that of few runs while
/// all threads are busy inside them.
#[test]
fn runs_in_hand_are_as_many_as_threads_for_small_fleets_and_fewer_for_large_ones() {
    let in_hand = |prepared: &Prepared, threads| {
        let (begun, most, progress) = (AtomicU64::new(0), AtomicU64::new(0), Progress::default());
        let begins = |_: CellId, _: u32| {
            let over = progress.runs.load(Ordering::Relaxed);
            let begun = begun.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(begun.saturating_sub(over), Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(2));
        };
        let cells: Vec<u64> = (0..prepared.layout.cells()).collect();
        play_watched(prepared, &cells, &pool(threads), &progress, &begins, |_, _| Ok(())).unwrap();
        most.into_inner()
    };
    let small = small();
    assert_eq!(in_hand(&small, 1), 1);
    assert!(in_hand(&small, 4) >= 2);
    let large = SMALL.replace("300", "600000").replace("runs: 30", "runs: 1");
    let large = prepared(&large, Path::new(""));
    assert_eq!(in_hand(&large, 3), 1);
}

/// A file of the scenario that is changed while the sweep goes on must not slip into its results.
#[test]
fn a_file_that_changes_meanwhile_gives_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let devices = |rows: u32| {
        let rows: String = (0..rows).map(|row| format!("PC-{row},{row:08x}\n")).collect();
        fs::write(folder.path().join("devices.csv"), format!("Device name,Device ID\n{rows}")).unwrap();
    };
    devices(20);
    // So many points that their scenarios are loaded again when they are played.
    let text = "\
fleet: { inventory: devices.csv }
service: autopatch/2025-03
release: { product: windows-quality, published: 2026-10-13 }
sweep: { axes: { rings.Ring3.deferral: 600 values from 2 d to 9 d } }
";
    let prepared = prepared(text, folder.path());
    assert_eq!(prepared.layout.cells(), 600);
    let of = |cell: u64| {
        let mut found = None;
        let done = |_, played| {
            found = Some(played);
            Ok(())
        };
        play(&prepared, &[cell], &pool(1), &Progress::default(), done).unwrap();
        found.unwrap()
    };
    let before = of(599);
    assert!(matches!(before, Played::Rows(_)), "{before:?}");
    devices(21);
    match of(599) {
        Played::Panicked { message, .. } => assert!(message.contains("was changed while"), "{message}"),
        Played::Rows(_) => panic!("rows of another fleet"),
    }
    fs::remove_file(folder.path().join("devices.csv")).unwrap();
    match of(0) {
        Played::Panicked { message, .. } => assert!(message.contains("devices.csv"), "{message}"),
        Played::Rows(_) => panic!("rows of no fleet"),
    }
    devices(20);
    assert_eq!(of(599), before);
}

/// A row of the most columns that there may be is a kilobyte at most, and more columns are refused.
#[test]
fn a_row_takes_a_kilobyte_at_most() {
    let bytes = size_of::<Row>() + MOST_COLUMNS * size_of::<Option<f64>>();
    assert!(bytes <= 1_024, "{bytes} bytes");
    // Those that a scenario without prices and attackers has.
    let metrics: Vec<String> = rollcast_core::metrics::Metric::all()
        .into_iter()
        .filter(|metric| metric.lacks(None, false).is_none())
        .map(|metric| metric.name())
        .collect();
    assert!(2 * metrics.len() > MOST_COLUMNS);
    let in_ring = metrics.iter().map(|metric| format!("{metric} in Ring3"));
    let every: Vec<String> = metrics.iter().cloned().chain(in_ring).collect();
    let of = |columns: usize| {
        let text = format!("{SMALL}measure: [{}]\n", every[..columns].join(", "));
        let source = Arc::new(Source { name: "a.yaml".into(), text });
        let study = Study::of_source(source, Path::new(""), Vec::new()).unwrap();
        Prepared::of(study, &Options { files: vec![String::new()], ..Options::default() })
    };
    assert_eq!(of(MOST_COLUMNS).unwrap().layout.columns.len(), MOST_COLUMNS);
    let refused = of(MOST_COLUMNS + 1).unwrap_err().to_string();
    assert!(refused.contains("61 columns are more than the 60 of a row"), "{refused}");
}
