//! `rollcast bench`: what it measures is noisy, what it says of it is not. And W1, its workload.

use std::path::Path;

use serde_json::Value;

use crate::support::Place;

fn last_line(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
fn one_size_ends_with_one_line_for_programs() {
    let place = Place::with("");
    let done = place.run("bench a.yaml --devices 2000 --jobs 1 --format json --set tick=30min");
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(done.out.lines().count(), 1);
    let row = last_line(&done.out);
    assert_eq!((&row["devices"], &row["jobs"], &row["seed"]), (&2_000.into(), &1.into(), &7.into()));
    assert_eq!(row["version"], env!("CARGO_PKG_VERSION"));
    let number = |key: &str| row[key].as_f64().unwrap();
    assert!(number("elapsed_s") > 0.0);
    assert!((number("ns_per_device") * 2_000.0 / 1e9 / number("elapsed_s") - 1.0).abs() < 1e-6);
    // Found, downloaded, restarted and patched at the most, and a few failures; some devices never get so far.
    assert!((4_000.0..9_000.0).contains(&number("events")), "{}", row["events"]);
    assert!(row["machine"]["cores"].as_u64() >= Some(1));
    if cfg!(target_os = "linux") {
        assert!(row["peak_bytes"].as_u64() > Some(1 << 20), "{}", row["peak_bytes"]);
    } else {
        assert!(row["peak_bytes"].is_null());
    }
    // The same steps on any number of threads.
    let other = place.run("bench a.yaml --devices 2000 --jobs 3 --format json --set tick=30min");
    assert_eq!(last_line(&other.out)["events"], row["events"]);
}

#[test]
fn without_a_scenario_the_built_in_ones_are_played() {
    // Anywhere, also where no scenario lies; a second is enough for the first size of each.
    let place = Place::with("");
    let done = place.run("bench --budget 1s --format json --jobs 2 --quiet");
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    let rows: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (name, devices) in [("w1", 10_000), ("contoso", 12_000)] {
        let of = |jobs: u64| {
            rows.iter().any(|r| r["scenario"] == name && r["devices"] == devices && r["jobs"] == jobs)
        };
        assert!(of(1) && of(2), "{name}: {}", done.out);
    }
    let table = place.run("bench --budget 1s --jobs 2 --quiet").out;
    for word in [
        "rollcast ",
        "core",
        "w1",
        "contoso",
        "10 000",
        "devices/s",
        "ns/step",
        "straight",
        "speedup",
        "memory",
    ] {
        assert!(table.contains(word), "`{word}` is missing:\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
}

#[test]
fn a_fleet_beyond_reason_is_refused_with_what_it_would_take() {
    let place = Place::with("");
    for line in ["run a.yaml --set fleet.devices=1099511627776", "bench a.yaml --devices 1099511627776"] {
        let done = place.run(&format!("{line} --jobs 2"));
        assert_eq!(done.code, Some(4), "{}", done.err);
        for word in ["1 099 511 627 776 devices", "5.7 h", "2 threads", "of memory", "100 000 000 000"] {
            assert!(done.err.contains(word), "`{word}` is missing: {}", done.err);
        }
    }
}

/// W1 by its definition: everybody is installed, ring ends are whole parts, and hours are those that the
/// programs of benches/rivals find at a hundred thousand devices and more (18, 42, 162 and 234 for a half).
#[test]
fn w1_is_what_its_definition_says() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/bench/w1.yaml");
    let place = Place::with("");
    let devices = "fleet.devices=100007";
    let args = ["run", "--format", "json", "--set", devices, "--set", "device.restart.user=0 s"];
    let output = place.command(args).arg(&scenario).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    let value = |ring: usize, metric: &str| {
        outcome["releases"][0]["rings"][ring]["metrics"][metric]["value"].as_f64().unwrap()
    };
    let expected = [(1_000.0, 18.0), (9_000.0, 42.0), (30_002.0, 162.0), (60_005.0, 234.0)];
    for (ring, (size, half)) in expected.into_iter().enumerate() {
        assert_eq!(value(ring, "devices.registered"), size);
        assert_eq!(value(ring, "patched.share"), 1.0);
        assert!((value(ring, "patched.h50") - half).abs() <= 1.0, "{ring}: {}", value(ring, "patched.h50"));
    }
}

#[test]
fn bytes_that_no_counter_holds_are_refused() {
    let place = Place::with("");
    for line in ["run a.yaml", "bench a.yaml"] {
        let size = "--set release.size=999TB --set fleet.devices=30000";
        let done = place.run(&format!("{line} {size}"));
        assert_eq!(done.code, Some(4), "{}", done.err);
        for word in ["30 000 devices may download", "counters hold"] {
            assert!(done.err.contains(word), "`{word}` is missing: {}", done.err);
        }
    }
}
