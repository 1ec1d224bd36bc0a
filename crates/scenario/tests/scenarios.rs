//! Every shipped scenario, plan and release bank loads and satisfies the JSON Schema, and the explanation of a scenario
//! loads to the same plan.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rollcast_core::{check::check, run::run};
use rollcast_scenario::{
    diagnostic::Source,
    explain,
    load::Loader,
    schema,
    study::{Study, banks},
    yaml,
};

mod common;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn shipped() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = [folder(), folder().join("incidents"), folder().join("bench")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("a folder of scenarios"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    files
}

#[test]
fn every_scenario_loads_and_its_explanation_is_the_same_scenario() {
    for path in shipped() {
        let loaded =
            Loader::new().load(&path).unwrap_or_else(|problems| panic!("{}: {problems}", path.display()));
        let text = explain::explain(&loaded.layered);
        let source = Arc::new(Source { name: "explained.yaml".into(), text: text.clone() });
        let again = Loader::new()
            .load_source(source, &folder())
            .unwrap_or_else(|problems| panic!("{}: {problems}\n{text}", path.display()));
        assert_eq!(again.digest, loaded.digest, "{}", path.display());
        assert_eq!(format!("{:?}", again.plan), format!("{:?}", loaded.plan), "{}", path.display());
    }
}

/// What `run --check` looks at, on the first replication of every scenario (large fleets smaller).
#[test]
fn every_scenario_keeps_the_invariants() {
    for path in shipped() {
        let mut loaded = Loader::new().load(&path).expect("a valid scenario");
        if loaded.plan.devices() > 20_000 {
            loaded = Loader::new().set("fleet.devices=20000").load(&path).expect("a valid scenario");
        }
        let outcome = run(&loaded.plan, loaded.seed, 0);
        let found = check(&loaded.plan, loaded.seed, &outcome);
        assert!(found.is_empty(), "{}: {found:?}", path.display());
    }
}

#[test]
fn every_scenario_satisfies_the_schema() {
    let schema = schema::json_schema();
    let validator = jsonschema::draft7::new(&schema).expect("a valid schema");
    for path in shipped() {
        let tree = yaml::parse(yaml::read(&path).expect("a file")).expect("YAML");
        let errors: Vec<String> =
            validator.iter_errors(&tree.to_json()).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.starts_with("# yaml-language-server: $schema="), "{}", path.display());
    }
    let unknown = serde_json::json!({ "rings": { "First": { "sizee": 3 } } });
    assert!(!validator.is_valid(&unknown));
}

/// The shipped plans, and the one that is measured.
fn plans() -> Vec<PathBuf> {
    let sweeps = std::fs::read_dir(folder().join("sweeps")).expect("a folder of plans");
    let mut files: Vec<PathBuf> = sweeps.map(|entry| entry.expect("an entry").path()).collect();
    files.push(folder().join("../benches/w2.yaml"));
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    files
}

#[test]
fn every_plan_can_be_played() {
    for path in plans() {
        let study = Study::read(std::slice::from_ref(&path), &[])
            .unwrap_or_else(|problems| panic!("{}: {problems}", path.display()));
        assert!(study.compares(), "{}", path.display());
        let wrong = common::wrong_with(&study);
        assert!(wrong.is_empty(), "{}: {}", path.display(), wrong.join("\n"));
    }
}

/// What a schema says of a text.
fn complaints(schema: &serde_json::Value, text: &str) -> Vec<String> {
    let validator = jsonschema::draft7::new(schema).expect("a valid schema");
    let source = Arc::new(Source { name: "test.yaml".into(), text: text.into() });
    let tree = yaml::parse(source).expect("YAML").to_json();
    validator.iter_errors(&tree).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_plan_satisfies_the_schema() {
    let schema = schema::plan_json_schema();
    for path in plans() {
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(
            complaints(&schema, &text).is_empty(),
            "{}: {:#?}",
            path.display(),
            complaints(&schema, &text)
        );
        let line = text.lines().next().unwrap_or_default();
        let named = line.strip_prefix("# yaml-language-server: $schema=");
        let there = named.is_some_and(|named| path.parent().expect("a folder").join(named).is_file());
        // The plan of the benchmark is made by a program.
        assert!(there || path.ends_with("w2.yaml"), "{}: {line}", path.display());
    }
    assert!(!complaints(&schema, "base: a.yaml\nstrategy: { a: {} }").is_empty());
}

#[test]
fn every_member_of_a_bank_can_be_played() {
    for (name, text) in banks() {
        assert!(
            complaints(&schema::bank_json_schema(), text).is_empty(),
            "{name}: {:#?}",
            complaints(&schema::bank_json_schema(), text)
        );
        assert!(text.starts_with("# yaml-language-server: $schema="), "{name}");
        for (scenario, bank) in
            [("minimal", name.to_owned()), ("contoso", format!("{{ from: {name}, in: 2026-12 B }}"))]
        {
            let text = format!("base: {scenario}.yaml\nbank: {bank}\n");
            let source = Arc::new(Source { name: "plan.yaml".into(), text });
            let study = Study::of_source(source, &folder(), Vec::new())
                .unwrap_or_else(|problems| panic!("{name} over {scenario}: {problems}"));
            assert!(study.bank.as_ref().is_some_and(|bank| bank.members.len() > 1));
            let wrong = common::wrong_with(&study);
            assert!(wrong.is_empty(), "{name} over {scenario}: {}", wrong.join("\n"));
        }
    }
}

#[test]
fn the_checked_in_schemas_are_fresh() {
    for (of, schema) in [
        ("scenario", schema::json_schema()),
        ("plan", schema::plan_json_schema()),
        ("bank", schema::bank_json_schema()),
    ] {
        let path = folder().join(format!("../schema/{of}.schema.json"));
        let found = std::fs::read_to_string(path).unwrap_or_default();
        let made = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        assert!(
            found == made,
            "schema/{of}.schema.json is stale; renew it by `cargo run --release -- schema {of} > schema/{of}.schema.json`"
        );
    }
}
