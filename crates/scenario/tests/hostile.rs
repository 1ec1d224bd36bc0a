//! What nobody means to load: files of gigabytes, pipes, bombs, noise. Each is answered in under a second and
//! without a panic; and a file with many mistakes hears of all of them at once.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use rollcast_scenario::{
    diagnostic::{Diagnostic, Severity, Source},
    load::{Loaded, Loader, Problems},
};

const GOOD: &str = "fleet: { devices: 1000 }\nservice: autopatch/2025-03\nrelease: { product: windows-quality, published: 2026-10-13 }\n";

fn within_a_second<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = work();
    assert!(start.elapsed() < Duration::from_secs(1), "took {:?}", start.elapsed());
    made
}

fn text(text: impl Into<String>, sets: &[&str]) -> Result<Loaded, Problems> {
    let source = Arc::new(Source { name: "test.yaml".into(), text: text.into() });
    let loader = sets.iter().fold(Loader::new(), |loader, set| loader.set(*set));
    within_a_second(|| loader.load_source(source, Path::new("")))
}

fn errors(result: Result<Loaded, Problems>) -> Vec<Diagnostic> {
    let problems = result.err().map_or(Vec::new(), |problems| problems.0);
    problems.into_iter().filter(|p| p.severity == Severity::Error).collect()
}

fn codes(problems: &[Diagnostic]) -> Vec<&'static str> {
    problems.iter().map(|p| p.code).collect()
}

fn code_of(path: &Path) -> &'static str {
    let found = errors(within_a_second(|| Loader::new().load(path)));
    assert!(found.iter().all(|p| p.help.is_some()), "{found:?}");
    let [only] = &found[..] else { panic!("{found:?}") };
    only.code
}

#[test]
fn what_is_no_scenario_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::File::create(at("huge.yaml")).unwrap().set_len(2 << 30).unwrap();
    assert_eq!(code_of(&at("huge.yaml")), "RC005");
    fs::write(at("program.yaml"), b"\x7fELF\x02\x01\x01\0\0\0\0\0").unwrap();
    assert_eq!(code_of(&at("program.yaml")), "RC006");
    assert_eq!(code_of(folder.path()), "RC002");
    fs::write(at("empty.yaml"), "").unwrap();
    assert_eq!(code_of(&at("empty.yaml")), "RC008");
    // A name that is nearly right.
    fs::write(at("contoso.yaml"), GOOD).unwrap();
    let missing = errors(Loader::new().load(at("contosso.yaml")));
    assert_eq!(codes(&missing), ["RC001"]);
    assert!(missing[0].help.as_ref().unwrap().contains("contoso.yaml"), "{missing:?}");
    // A file used as a folder, and a name that no file system takes.
    assert!(["RC001", "RC009"].contains(&code_of(&at("contoso.yaml").join("inner.yaml"))));
    assert!(["RC001", "RC009"].contains(&code_of(&at(&"x".repeat(5_000)))));
    assert_eq!(code_of(Path::new("")), "RC001");
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(code_of(&pipe), "RC004");
    assert_eq!(code_of(Path::new("/dev/zero")), "RC004");
    let secret = folder.path().join("secret.yaml");
    fs::write(&secret, GOOD).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    if fs::read(&secret).is_err() {
        assert_eq!(code_of(&secret), "RC003");
    }
}

#[test]
fn an_inventory_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(folder.path().join("huge.csv")).unwrap().set_len((2 << 30) + 1).unwrap();
    fs::write(folder.path().join("program.csv"), b"MZ\x90\0\x03\0\0\0").unwrap();
    let scenario = folder.path().join("scenario.yaml");
    for (name, code) in [
        ("huge.csv", "RC005"),
        ("program.csv", "RC006"),
        (".", "RC002"),
        ("none.csv", "RC001"),
        ("scenario.yaml", "RC302"),
    ] {
        fs::write(&scenario, GOOD.replace("devices: 1000", &format!("inventory: {name}"))).unwrap();
        let found = errors(within_a_second(|| Loader::new().load(&scenario)));
        assert!(codes(&found).contains(&code), "{name}: {found:?}");
        assert!(found.iter().all(|p| p.span.is_some() && p.help.is_some()), "{name}: {found:?}");
    }
}

#[test]
fn depth_bombs_and_crowds() {
    let deep = |open: &str, close: &str| format!("fleet: {}1{}\n", open.repeat(10_000), close.repeat(10_000));
    assert_eq!(codes(&errors(text(deep("[", "]"), &[]))), ["RC014"]);
    assert_eq!(codes(&errors(text(deep("{ a: ", " }"), &[]))), ["RC014"]);
    let stairs: String = (0..3_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert_eq!(codes(&errors(text(stairs, &[]))), ["RC014"]);
    let dashes = format!("fleet:\n  {}1\n", "- ".repeat(10_000));
    assert_eq!(codes(&errors(text(dashes, &[]))), ["RC014"]);

    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let before = format!("*a{}, ", n - 1).repeat(10);
        bomb += &format!("a{n}: &a{n} [{}]\n", before.trim_end_matches(", "));
    }
    assert_eq!(codes(&errors(text(bomb, &[]))), ["RC015"]);

    let crowd: String = (0..100_000).map(|n| format!("k{n}: {n}\n")).collect();
    let found = errors(text(format!("{GOOD}{crowd}"), &[]));
    assert!(found.len() <= 200 && codes(&found).contains(&"RC110"), "{} problems", found.len());

    let long = format!("{GOOD}zone: {}\n", "Europe/".repeat(100_000));
    let found = errors(text(long, &[]));
    assert_eq!(codes(&found), ["RC127"]);
    assert!(found[0].message.len() < 500, "a message repeats the value: {} bytes", found[0].message.len());
}

#[test]
fn settings_that_make_no_sense() {
    for set in [
        "",
        "=",
        "=1",
        "seed",
        "seed=",
        ".=1",
        "..=1",
        "seed.=1",
        ".seed=1",
        "rings.=1",
        "seed.a.b.c=1",
        "rings.Nobody=3",
        "rings.Test.size=",
        "rings.Test.size=[",
        "rings.\"Test.size=1",
        "fleet.devices=many",
        "fleet.devices=-1",
        "goals.99.by=3 d",
        "goals.x=1",
        "rings=*a",
        "rings=!x 1",
        "fleet={}",
        "service=none",
        "a\nb=1",
        "\u{0}=1",
        "rings.Test.size=1\n---\n2",
        "no.such.path=1",
        "releases.x.published=2026-02-30",
        "tick=0 s",
        "horizon=-3 d",
    ] {
        let result = text(GOOD, &[set]);
        // `seed=` and its like may mean 'no value'; whatever is refused is refused with a way out.
        let found = errors(result);
        assert!(!found.is_empty(), "`--set {set:?}` was taken");
        assert!(found.iter().all(|p| p.help.is_some()), "{set:?}: {found:?}");
    }
    let deep = format!("{}=1", "a.".repeat(20_000) + "a");
    assert!(!errors(text(GOOD, &[&deep])).is_empty());
    let found = errors(text(GOOD, &["seed=7", "rigns.Test.size=3", "tick=soon"]));
    assert!(found.len() >= 2, "{found:?}");
}

#[test]
fn numbers_at_their_limits_are_refused_or_played() {
    for line in [
        "seed: 18446744073709551616",
        "seed: -1",
        "seed: .nan",
        "runs: 4294967296",
        "horizon: 99999999999999999999 d",
        "horizon: .inf d",
        "horizon: 9223372036854775807 s",
        "tick: 0.0001 s",
        "tick: 9223372036854775807 d",
        "rings: { a: { size: rest, deferral: 999999999 d } }",
        "rings: { a: { size: 1e400 } }",
        "rings: { a: { size: 18446744073709551615 }, b: { size: 18446744073709551615 } }",
        "rings: { a: { size: .nan% } }",
        "rings: { a: { size: rest, deadline: 9223372036854775807 s } }",
        "freezes: { a: { during: 0001-01-01 00:00 to 9999-12-31 00:00 } }",
        "device: { restart: { takes: { lognormal: { median: 1 h, sigma: .inf } } } }",
        "device: { restart: { takes: { lognormal: { median: 1 h, sigma: 1e308 } } } }",
        "device: { restart: { takes: { weibull: { shape: 1e-300, scale: 1 h } } } }",
        "device: { install: { takes: 30 min to 5 min } }",
        "device: { retry: { attempts: 99999999999 } }",
        "automatic: { batch: 0 }",
        "objective: { share: 100%, within: 999999999999 d }",
    ] {
        let loaded = text(format!("{GOOD}{line}\n"), &[]);
        if let Ok(loaded) = &loaded {
            within_a_second(|| rollcast_core::run::run(&loaded.plan, 1, 0));
        }
        let found = errors(loaded);
        assert!(found.iter().all(|p| p.help.is_some() && p.span.is_some()), "{line}: {found:?}");
    }
    let many = GOOD.replace("1000", "18446744073709551615");
    let _ = text(many, &[]);
    let cohorts =
        "fleet: { cohorts: { a: { count: 18446744073709551615 }, b: { count: 18446744073709551615 } } }";
    let found = errors(text(GOOD.replace("fleet: { devices: 1000 }", cohorts), &[]));
    assert!(!found.is_empty(), "a sum beyond 64 bits");
}

#[test]
fn what_is_extreme_but_sensible_is_played() {
    for line in [
        "seed: 18446744073709551615",
        "tick: 1 s\nhorizon: 12 h",
        "tick: 1 d\nhorizon: 3650 d",
        "rings: { a: { size: rest, deferral: 3650 d, deadline: 3650 d, grace: 3650 d } }",
        "rings: { a: { size: rest, ramp: { linear: { over: 3650 d, from: 100% } } } }",
        "device: { restart: { takes: { lognormal: { median: 1 h, sigma: 20 } } } }",
        "device: { restart: { user: { weibull: { shape: 0.05, scale: 1 h } } } }",
        "device: { sync: 1 min, scan: { every: 1 min } }",
        "device: { failures: { Always: { share: 100% } }, retry: { after: 0 min, attempts: unlimited } }",
        "device: { failures: { Always: { share: 100%, in: download } }, retry: { after: 1 s, attempts: 250 } }",
        "freezes: { always: { during: 2026-01-01 00:00 to 2027-12-31 00:00 } }",
        "freezes: { nearly always: { every: Mon 00:01 to Mon 00:00, by: hold restarts } }",
    ] {
        let loaded = text(format!("{}{line}\n", GOOD.replace("1000", "50")), &[]);
        let loaded = loaded.unwrap_or_else(|problems| panic!("{line}: {problems}"));
        let outcome = within_a_second(|| rollcast_core::run::run(&loaded.plan, loaded.seed, 0));
        assert_eq!(outcome.census.devices, 50, "{line}");
    }
}

#[test]
fn numbers_with_commas_and_two_things_at_once() {
    for (change, code) in [
        (("devices: 1000", "devices: 12,000"), "RC106"),
        (("2026-10-13 }", "2026-10-13, size: 0,7 GB }"), "RC106"),
        (("service", "objective: { within: 14 d, after-deadline: 5 d }\nservice"), "RC220"),
        (("service", "rings: { all: { size: 1001 } }\nservice"), "RC207"),
    ] {
        let found = text(GOOD.replacen(change.0, change.1, 1), &[]).unwrap_err().0;
        assert!(found.iter().any(|p| p.code == code), "{change:?}: {found:#?}");
        assert!(
            found.iter().all(|p| p.severity == Severity::Warning || [code, "RC124"].contains(&p.code)),
            "{found:#?}"
        );
        assert!(found.iter().all(|p| p.code != "RC257"), "{found:#?}");
    }
}

#[test]
fn a_value_that_cannot_be_read_is_not_called_missing_besides() {
    for (line, code) in [
        ("rings: { a: { size: some } }", "RC122"),
        ("rings: { a: { size: 10 }, b: { size: rest, start: { after: a, patched: 900% } } }", "RC121"),
        ("rings: { a: { size: rest, ramp: { linear: { over: 3 } } } }", "RC120"),
        ("freezes: { f: { every: Mon 00:00 to Mon 00:00 } }", "RC130"),
        ("device: { failures: { f: { share: 2 } } }", "RC121"),
        ("device: { install: { takes: 5 } }", "RC120"),
        ("goals: [{ of: registered, patched: 90, by: 14 d }]", "RC121"),
        ("goals: [{ of: registered, patched: 90%, by: 14 }]", "RC120"),
        ("goals: [{ metric: patched.h95, at-most: soon }]", "RC140"),
    ] {
        let found = errors(text(format!("{GOOD}{line}\n"), &[]));
        assert_eq!(codes(&found), [code], "{line}: {found:#?}");
    }
}

#[test]
fn names_that_yaml_likes_to_turn_into_something_else_stay_as_typed() {
    let names = ["no", "on", "007", "1e3", "0x1F", "1_000", "12:30", "2026-11-10", "1.10", ".5", "+3", "NO"];
    let shares: Vec<String> = names.iter().map(|name| format!("{name}: 5%")).collect();
    let fleet =
        format!("fleet: {{ devices: 1000, mix: {{ model: {{ {}, other: rest }} }} }}", shares.join(", "));
    let loaded = text(GOOD.replace("fleet: { devices: 1000 }", &fleet), &[]).unwrap();
    let model = loaded.labels.attributes.iter().find(|(name, _)| name == "model").unwrap();
    assert_eq!(model.1[..names.len()], names);
    // No value at all is not a name.
    for nothing in ["~", "null", ""] {
        let fleet = format!("fleet: {{ devices: 1000, mix: {{ model: {nothing} }} }}");
        let found = errors(text(GOOD.replace("fleet: { devices: 1000 }", &fleet), &[]));
        assert_eq!(codes(&found), ["RC105"], "{nothing}: {found:#?}");
    }
}

#[test]
fn an_unknown_service_does_not_hide_values_that_cannot_be_read() {
    let found = errors(text(GOOD.replace("2025-03", "2025-30") + "tick: 5\nhorizn: 30 d\n", &[]));
    let shown: BTreeSet<&str> = codes(&found).into_iter().collect();
    assert_eq!(shown, BTreeSet::from(["RC101", "RC120", "RC150"]), "{found:#?}");
}

#[test]
fn every_mistake_of_a_file_is_named_at_once() {
    let many = "\
fleet:
  devices: 1000
  mix: { model: { laptop: 80%, desktop: 30% } }
  habits:
    office: { online: always, no-heartbeat: 140%, colour: blue }
release: { product: windows-quality, published: 2026-02-30, size: -5 GB }
rings:
  A: { size: rest, deferral: 9, start: { after: B, patched: 90% } }
  B: { size: rest, start: { after: A, patched: 90% } }
  C: { size: 10, size: 20 }
goals:
  - { ring: D, of: registered, patched: 90%, by: 14 d }
";
    let found = errors(text(many, &[]));
    let shown: BTreeSet<&str> = codes(&found).into_iter().collect();
    // Unknown key, key twice, no unit, share over 100 %, size of data, date, shares that do not add up, two
    // `rest`, a circle, an unknown ring.
    let wanted = ["RC101", "RC102", "RC120", "RC121", "RC124", "RC126", "RC201", "RC202", "RC203", "RC204"];
    assert_eq!(shown, BTreeSet::from(wanted), "{found:#?}");
    assert!(found.iter().all(|p| p.span.is_some() && p.help.is_some()));
}

/// A change of a text: what to do, where (as a share of its length), and with what.
#[derive(Clone, Debug)]
enum Change {
    Delete(f64, usize),
    Insert(f64, String),
    Replace(f64, String),
    Swap(f64, f64),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop_oneof![
        "[ -~]{1,6}",
        Just("\n".to_owned()),
        Just("&a ".to_owned()),
        Just("*a".to_owned()),
        Just("<<: ".to_owned()),
        Just("ü€😀".to_owned()),
        Just(" rest".to_owned()),
        Just(" -9223372036854775808 d".to_owned()),
        Just("{".to_owned()),
        Just("]".to_owned()),
    ];
    let place = 0.0..1.0;
    prop_oneof![
        (place.clone(), 1_usize..20).prop_map(|(at, n)| Change::Delete(at, n)),
        (place.clone(), piece.clone()).prop_map(|(at, text)| Change::Insert(at, text)),
        (place.clone(), piece).prop_map(|(at, text)| Change::Replace(at, text)),
        (place.clone(), place).prop_map(|(a, b)| Change::Swap(a, b)),
    ]
}

fn changed(mut text: String, change: &Change) -> String {
    let place = |text: &str, at: f64| text.floor_char_boundary((text.len() as f64 * at) as usize);
    match change {
        Change::Delete(at, n) => {
            let from = place(&text, *at);
            let to = text.floor_char_boundary((from + n).min(text.len()));
            text.replace_range(from..to, "");
        }
        Change::Insert(at, piece) => {
            let from = place(&text, *at);
            text.insert_str(from, piece);
        }
        Change::Replace(at, piece) => {
            let from = place(&text, *at);
            let to = text.floor_char_boundary((from + piece.len()).min(text.len()));
            text.replace_range(from..to, piece);
        }
        Change::Swap(a, b) => {
            let mut lines: Vec<&str> = text.lines().collect();
            let line = |at: f64| (lines.len() as f64 * at) as usize;
            let (a, b) = (line(*a), line(*b));
            if a < lines.len() && b < lines.len() {
                lines.swap(a, b);
            }
            text = lines.join("\n") + "\n";
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_scenario_panics(changes in proptest::collection::vec(change(), 1..6)) {
        let contoso = include_str!("../../../scenarios/contoso.yaml").to_owned();
        let broken = changes.iter().fold(contoso, changed);
        if let Err(problems) = text(broken, &[]) {
            prop_assert!(problems.0.iter().any(|p| p.severity == Severity::Error));
        }
    }
}
