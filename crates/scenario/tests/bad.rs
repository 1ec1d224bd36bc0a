//! Each file `scenarios/bad/rcNNN-*.yaml` shows its code through the loader that everybody uses: with a place,
//! a sentence and a way out, in under a second, and beside no other error.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use rollcast_scenario::{
    codes,
    diagnostic::{Diagnostic, Severity, Source},
    inventory,
    load::Loader,
};

/// Codes that no checked-in file can show: `hostile.rs`, the end of this file and tests beside the code make
/// the file (or the option) themselves.
const GENERATED: [&str; 17] = [
    "RC001", "RC002", "RC003", "RC004", "RC005", "RC006", "RC009", "RC110", "RC111", "RC112", "RC199",
    "RC221", "RC236", "RC267", "RC268", "RC269", "RC312",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/bad")
}

/// What is wrong or odd with a file, and whether it is played all the same.
fn found(path: &Path) -> (Vec<Diagnostic>, bool) {
    match Loader::new().load(path) {
        Ok(loaded) => (loaded.warnings, true),
        Err(problems) => (problems.0, false),
    }
}

fn meaning(code: &str) -> Option<&'static str> {
    let listed = || inventory::CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning);
    codes::meaning(code).or_else(listed)
}

/// A message is a sentence in lower case without its dot, with a place and a way out.
fn well_formed(problem: &Diagnostic) -> bool {
    let Diagnostic { code, message, help, span, .. } = problem;
    let way_out = help.as_ref().is_some_and(|help| !help.is_empty() && !help.ends_with('.'));
    let shouting = message.chars().next().is_some_and(char::is_uppercase) && !message.starts_with("YAML");
    // A file without any value has no place in it.
    let placed = span.as_ref().is_some_and(|span| {
        let (line, column) = span.line_column();
        line >= 1 && column >= 1 && span.start <= span.end && span.end <= span.source.text.len()
    });
    meaning(code).is_some() && way_out && !message.ends_with('.') && !shouting && (placed || *code == "RC008")
}

#[test]
fn each_code_has_its_file() {
    let mut shown = BTreeSet::new();
    let mut paths: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let wanted = name.split('-').next().unwrap().to_uppercase();
        let start = Instant::now();
        let (problems, plays) = found(&path);
        assert!(start.elapsed().as_secs_f64() < 1.0, "{name} took {:?}", start.elapsed());
        let of = |severity| -> BTreeSet<&str> {
            problems.iter().filter(|p| p.severity == severity).map(|p| p.code).collect()
        };
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let fits = if warnings.contains(wanted.as_str()) {
            plays && errors.is_empty()
        } else {
            !plays && errors == BTreeSet::from([wanted.as_str()])
        };
        if !fits {
            let all: Vec<String> = problems.iter().map(Diagnostic::to_string).collect();
            wrong.push(format!("{name} (plays: {plays}): {all:#?}"));
        }
        wrong.extend(
            problems.iter().filter(|p| !well_formed(p)).map(|p| format!("{name}: the form of {p:?}")),
        );
        shown.insert(wanted);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (code, _) in codes::CODES.iter().chain(inventory::CODES) {
        let expected = !GENERATED.contains(code);
        assert_eq!(shown.contains(*code), expected, "{code} and scenarios/bad/");
    }
}

/// The codes of a text given directly.
fn of_text(text: String) -> Vec<&'static str> {
    let source = Arc::new(Source { name: "test.yaml".into(), text });
    match Loader::new().load_source(source, &folder()) {
        Ok(loaded) => loaded.warnings.iter().map(|p| p.code).collect(),
        Err(problems) => problems.0.iter().map(|p| p.code).collect(),
    }
}

#[test]
fn two_names_with_one_address() {
    // Found by trying: 24-bit addresses of some ten thousand names meet.
    let (one, other) = two_names();
    let text = format!(
        "fleet: {{ devices: 10, cohorts: {{ {one}: {{ share: 40% }}, {other}: {{ share: rest }} }} }}\n\
         rings: {{ all: {{ size: rest }} }}\nrelease: {{ published: 2026-10-13 }}\n"
    );
    assert_eq!(of_text(text), ["RC221"]);
}

fn two_names() -> (String, String) {
    let mut seen = std::collections::BTreeMap::new();
    (0..1_000_000)
        .find_map(|n| {
            let name = format!("name{n}");
            let address = rollcast_core::draws::hash64(name.as_bytes()) >> 40;
            seen.insert(address, name.clone()).map(|other| (other, name))
        })
        .unwrap()
}

#[test]
fn problems_beyond_a_hundred_are_counted() {
    let keys: String = (0..500).map(|n| format!("unknown{n}: 1\n")).collect();
    let codes = of_text(format!("fleet: {{ devices: 10 }}\nrelease: {{ published: 2026-10-13 }}\n{keys}"));
    assert!(codes.contains(&"RC101") && codes.contains(&"RC110"), "{codes:?}");
    assert!(codes.len() <= 120, "{}", codes.len());
}

#[test]
fn conditions_are_blamed_only_where_nobody_can_meet_them() {
    let fleet = "fleet: { cohorts: { it: { count: 50, mix: { role: it, site: munich } },
        field: { share: rest, mix: { role: { driver: 30%, porter: rest, nobody: 0% }, site: krakow } },
        private: { count: 20, ownership: personal } }, devices: 1000, mix: { role: none, site: munich }";
    let rest = "release: { published: 2026-10-13 }\n";
    let ring = |ring: &str| {
        of_text(format!("{fleet} }}\nrings: {{ A: {{ {ring} }}, B: {{ size: rest }} }}\n{rest}"))
    };
    for (text, codes) in [
        ("where: role = it and site = munich", &[][..]),
        ("where: role = it and site = krakow or role = porter", &[]),
        ("where: role = it and role = driver", &["RC206"]),
        ("where: role != it and role != driver and site = krakow", &[]),
        ("where: role = it and site = krakow", &["RC206"]),
        ("where: role = nobody", &["RC206"]),
        ("where: cohort = private", &["RC206"]),
        ("where: cohort = it, size: 50", &[]),
        ("where: cohort = it, size: 51", &["RC207"]),
        ("where: role = driver, size: 930", &[]),
        ("where: role = driver, size: 931", &["RC207"]),
    ] {
        assert_eq!(ring(text), codes, "{text}");
    }
    let habit = |habits: &str| {
        of_text(format!("{fleet}, habits: {{ {habits}, z: {{ online: always }} }} }}\n{rest}"))
    };
    for (text, codes) in [
        ("a: { where: role = it, online: always }, b: { where: role != it, online: always }", &[][..]),
        ("a: { where: site = munich, online: always }, b: { where: role = it, online: always }", &["RC258"]),
        ("a: { where: role = it, online: always }, b: { where: site = munich, online: always }", &[]),
        ("a: { where: role = it and site = krakow, online: always }", &["RC258"]),
        ("a: { where: cohort = private, online: always }", &[]),
    ] {
        assert_eq!(habit(text), codes, "{text}");
    }
}

#[test]
fn inventories_are_looked_through() {
    let with = |more: &str| {
        of_text(format!(
            "fleet: {{ inventory: ../data/tenant-1000.csv }}\nrelease: {{ published: 2026-10-13 }}\n{more}"
        ))
    };
    let ring = |condition: &str| {
        let codes = with(&format!("rings: {{ A: {{ where: {condition} }}, B: {{ size: rest }} }}\n"));
        codes.contains(&"RC206")
    };
    assert!(!ring("os = Windows and manufacturer = HP"));
    assert!(ring("manufacturer = Apple and manufacturer = HP"));
    // Phones are in the inventory and are not registered.
    assert!(ring("manufacturer = Apple"));
}

#[test]
fn a_mix_for_all_cohorts_is_wrong_once() {
    let text = "fleet: { devices: 9, cohorts: { a: { share: 50% }, b: { share: rest } }, mix: { role: { x: rest, y: rest } } }\n\
        release: { published: 2026-10-13 }\n";
    assert_eq!(of_text(text.into()), ["RC202"]);
}

#[test]
fn horizons_reach_over_gates_and_ramps() {
    let with = |horizon: u32, ring: &str| {
        let rings = format!("A: {{ size: 10%, deferral: 5 d }}, B: {{ size: rest, deadline: 3 d, {ring} }}");
        of_text(format!(
            "fleet: {{ devices: 1000 }}\nhorizon: {horizon} d\nrings: {{ {rings} }}\nrelease: {{ published: 2026-10-13 }}\n"
        ))
    };
    let gate = "start: { after: A, patched: 90%, wait: 9 d }";
    assert_eq!((with(17, gate), with(18, gate)), (vec!["RC252"], vec![]));
    let ramp = "ramp: { linear: { over: 14 d } }";
    assert_eq!((with(17, ramp), with(18, ramp)), (vec!["RC252"], vec![]));
}
