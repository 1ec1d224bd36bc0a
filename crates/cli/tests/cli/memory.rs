//! Memory does not grow with a described fleet.
#![cfg(target_os = "linux")]

use std::{fs, process::Stdio, thread, time::Duration};

use crate::support::Place;

/// The most memory that a run of `devices` devices ever held, in KB.
fn peak_kb(place: &Place, devices: u64) -> u64 {
    let devices = format!("fleet.devices={devices}");
    let args = ["run", "a.yaml", "--quiet", "--format", "csv", "--jobs", "2", "--set", &devices];
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
fn a_fleet_three_hundred_times_as_large_takes_no_more_memory() {
    let place = Place::with("");
    let (small, large) = (peak_kb(&place, 10_000), peak_kb(&place, 3_000_000));
    // One byte a device would be 3 MB more.
    assert!(small > 1_000 && large < small + 2_500, "{small} KB for 10 000, {large} KB for 3 000 000");
}
