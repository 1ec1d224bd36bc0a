//! `rollcast explain`: codes, scenarios, devices.

use serde_json::Value;

use crate::support::Place;

#[test]
fn codes_are_explained_in_either_case() {
    let place = Place::with("");
    for code in ["RC101", "rc101"] {
        let done = place.run(&format!("explain {code}"));
        assert_eq!(done.code, Some(0));
        assert!(done.out.starts_with("RC101: "), "{}", done.out);
    }
}

#[test]
fn an_explained_scenario_is_a_scenario_with_the_same_outcome() {
    let place = Place::with("");
    let explained = place.run("explain a.yaml --set fleet.devices=1500");
    assert_eq!(explained.code, Some(0), "{}", explained.err);
    assert!(explained.out.contains("1500"));
    place.write("b.yaml", &explained.out);
    let direct = place.json("run a.yaml --set fleet.devices=1500 --format json");
    let around = place.json("run b.yaml --format json");
    assert_eq!(direct["releases"], around["releases"]);
    let json: Value = place.json("explain a.yaml --format json");
    assert!(json.is_object());
}

#[test]
fn a_device_has_a_story() {
    let place = Place::with("");
    let text = place.run("explain a.yaml --device 5");
    assert_eq!(text.code, Some(0), "{}", text.err);
    assert!(text.out.starts_with("device 5, ring "), "{}", text.out);
    assert!(text.out.contains("blocked by"), "{}", text.out);
    let told = place.json("explain a.yaml --device 5 --format json");
    let release = &told["releases"][0];
    let blocked = release["blocked"].as_array().unwrap();
    for pair in blocked.windows(2) {
        assert_eq!(pair[0]["to_s"], pair[1]["from_s"], "a gap or an overlap");
    }
    if let Some(patched) = release["patched_s"].as_i64() {
        assert_eq!(blocked.last().unwrap()["to_s"].as_i64(), Some(patched));
    }
    // Other luck, another life; the same luck, the same life.
    let again = place.json("explain a.yaml --device 5 --format json --jobs 1");
    assert_eq!(told, again);
    let other = place.json("explain a.yaml --device 5 --format json --seed 8");
    assert_ne!(told, other);
}
