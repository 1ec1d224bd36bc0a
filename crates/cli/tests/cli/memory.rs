//! Memory does not grow with a described fleet, and little with a listed one.
#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, thread, time::Duration};

use crate::support::Place;

/// The most memory that a run ever held, in KB.
fn peak_kb(place: &Place, line: &str) -> u64 {
    let args = line.split(' ').chain(["--quiet", "--format", "csv", "--jobs", "2", "--replications", "1"]);
    let mut child = place.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        peak = peak.max(line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0));
        if child.try_wait().unwrap().is_some() {
            return peak;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_fleet_ten_times_as_large_takes_no_more_memory() {
    let place = Place::with("");
    let peak = |devices: u64| peak_kb(&place, &format!("run a.yaml --set fleet.devices={devices}"));
    // In a smaller fleet not every thread has seen all kinds of devices, and has less of its own.
    let (small, large) = (peak(300_000), peak(3_000_000));
    // One byte a device would be 2.7 MB more.
    assert!(small > 1_000 && large < small + 2_000, "{small} KB for 300 000, {large} KB for 3 000 000");
}

/// The loader included: an export has 600 bytes a row, of which none is kept as text.
#[test]
fn a_device_of_an_inventory_takes_little_memory() {
    let place = Place::with("");
    let peak = |rows: u64| {
        let done = place.run(&format!("init {rows}.yaml --force --inventory {rows}"));
        assert_eq!(done.code, Some(0), "{}", done.err);
        peak_kb(&place, &format!("run {rows}.yaml"))
    };
    let (few, many) = (10_000, 90_000);
    let bytes = (peak(many).saturating_sub(peak(few))) * 1_024 / (many - few);
    assert!(bytes < 110, "{bytes} bytes a device");
}
