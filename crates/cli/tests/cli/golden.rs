//! What the shipped scenarios say, checked in as CSV that one can read and compare.
//!
//! A change of the model or of a draw shows here first. Renew by
//! `ROLLCAST_UPDATE_GOLDEN=1 cargo test -p rollcast --test cli golden`, read the difference, and say in
//! the commit why the numbers moved.

use std::{fs, path::Path};

/// Scenarios, and what makes them small enough to be played in every test run.
const SHIPPED: [(&str, &[&str]); 10] = [
    ("minimal", &[]),
    ("contoso", &["--replications", "10"]),
    ("holiday-weeks", &[]),
    ("tenant", &[]),
    ("fedora-coreos", &[]),
    ("incidents/content-push", &["--set", "fleet.devices=85000"]),
    ("incidents/content-push-rings", &["--set", "fleet.devices=85000"]),
    ("incidents/windows-10-1809", &["--replications", "5"]),
    ("incidents/kb5034441", &["--replications", "5"]),
    ("incidents/kb5058379", &["--replications", "2", "--set", "fleet.devices=10000"]),
];

use crate::support::Place;

#[test]
fn shipped_scenarios_say_what_they_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let place = Place::with("");
    let mut stale = Vec::new();
    for (name, smaller) in SHIPPED {
        let scenario = root.join(format!("scenarios/{name}.yaml"));
        let golden = root.join(format!("scenarios/golden/{}.csv", name.replace('/', "-")));
        let done = place
            .command(["run", "--quiet", "--format", "csv", "--jobs", "2"])
            .arg(&scenario)
            .args(smaller)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        let found = String::from_utf8(done.stdout).unwrap();
        if std::env::var_os("ROLLCAST_UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != found {
            stale.push(name);
        }
    }
    assert!(
        stale.is_empty(),
        "{stale:?} say something else than scenarios/golden/; see the head of this test"
    );
}
