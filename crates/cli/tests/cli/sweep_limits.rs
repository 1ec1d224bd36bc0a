//! What a sweep takes of the machine: memory for its rows, and as many threads as it was given.
#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, thread, time::Duration};

use crate::{support::Place, sweep::planned};

/// Peak memory in KB and most threads of a command.
fn taken(place: &Place, line: &str) -> (u64, usize) {
    let mut command = place.command(line.split_whitespace());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let process = format!("/proc/{}", child.id());
    let (mut peak, mut threads) = (0, 0);
    let status = loop {
        let text = fs::read_to_string(format!("{process}/status")).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0));
        threads = threads.max(fs::read_dir(format!("{process}/task")).map_or(0, Iterator::count));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(status.code(), Some(0), "{line}");
    (peak, threads)
}

/// Five columns are 120 bytes a run; whatever a run takes besides, it is less than a kilobyte.
#[test]
fn memory_grows_with_rows_alone() {
    let place = planned("");
    let tiny = "base: a.yaml\nset: { fleet.devices: 100, rings: { All: { size: rest } } }\n";
    place.write("tiny.yaml", tiny);
    let peak = |runs: u64| {
        taken(&place, &format!("sweep tiny.yaml -o {runs} --jobs 2 --quiet --replications {runs}")).0
    };
    let (few, many) = (1_000, 9_000);
    let (small, large) = (peak(few), peak(many));
    let bytes = large.saturating_sub(small) * 1_024 / (many - few);
    assert!(
        small > 1_000 && bytes < 1_024,
        "{bytes} bytes a run: {small} KB for {few}, {large} KB for {many}"
    );
}

/// Each scenario has an inventory of its own once it is loaded, so they are not all kept.
#[test]
fn an_inventory_lies_in_memory_few_times() {
    let place = planned("");
    place.ends(0, "init listed.yaml --inventory 20000");
    let set = "base: listed.yaml\nset: { goals: [] }\nmeasure: [patched.share]\n";
    let peak = |points: u64| {
        place.write(
            "listed-plan.yaml",
            &format!("{set}axes: {{ tick: {points} values from 30 min to 60 min }}\n"),
        );
        taken(&place, &format!("sweep listed-plan.yaml -o {points} --jobs 2 --quiet --replications 1")).0
    };
    let (few, many) = (peak(5), peak(50));
    // 50 times 20 000 devices are more than 40 MB.
    assert!(few > 1_000 && many < few + 20_000, "{few} KB for 5 points, {many} KB for 50");
}

/// The main thread, one for Ctrl-C and one that waits for the pool are there besides those that play.
#[test]
fn a_sweep_takes_no_more_threads_than_it_was_given() {
    const BESIDES: usize = 3;
    let place = planned("");
    for (jobs, fleet, more) in [
        (1, "small", "--replications 100"),
        (3, "small", "--replications 100"),
        (1, "large", "--replications 1 --set fleet.devices=600000"),
        (3, "large", "--replications 1 --set fleet.devices=600000"),
    ] {
        let line = format!("compare plan.yaml --quiet --jobs {jobs} {more}");
        let threads = taken(&place, &line).1;
        assert!(
            (jobs + 1..=jobs + BESIDES).contains(&threads),
            "{fleet} fleets, {jobs} jobs: {threads} threads"
        );
    }
    let threads = taken(&place, "sweep plan.yaml --dry-run --jobs 2 --set fleet.devices=300000").1;
    assert!(threads <= 2 + BESIDES, "a dry run: {threads} threads");
}
