//! Every shipped scenario loads, satisfies the JSON Schema, and its explanation loads to the same plan.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rollcast_core::{check::check, run::run};
use rollcast_scenario::{diagnostic::Source, explain, load::Loader, schema, yaml};

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

#[test]
fn the_checked_in_schema_is_fresh() {
    let path = folder().join("../schema/scenario.schema.json");
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let made = serde_json::to_string_pretty(&schema::json_schema()).expect("JSON") + "\n";
    assert!(
        found == made,
        "schema/scenario.schema.json is stale; renew it by `cargo run --release -- schema > schema/scenario.schema.json`"
    );
}
