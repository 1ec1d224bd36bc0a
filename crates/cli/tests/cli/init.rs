//! `rollcast init`, `schema`, `completions`.

use crate::support::Place;

#[test]
fn every_template_runs() {
    let place = Place::with("");
    for template in ["small", "enterprise"] {
        let done = place.run(&format!("init {template}.yaml --template {template}"));
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(
            place.read(&format!("{template}.yaml")).contains("yaml-language-server"),
            "no line for editors"
        );
        let done = place.run(&format!("run {template}.yaml --quiet"));
        assert!(matches!(done.code, Some(0 | 1)), "{template}: {}", done.err);
    }
    let done = place.run("init inv.yaml --inventory 300 --seed 3");
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(place.read("devices.csv").lines().count(), 301);
    assert!(
        !place.run("validate small.yaml enterprise.yaml").out.contains("warning"),
        "a template has warnings"
    );
    let done = place.run("run inv.yaml --quiet");
    assert!(matches!(done.code, Some(0 | 1)), "{}", done.err);
}

#[test]
fn nothing_is_replaced_unless_asked() {
    let place = Place::with("");
    let before = place.read("a.yaml");
    let done = place.run("init a.yaml");
    assert_eq!(done.code, Some(4));
    assert!(done.err.contains("--force"), "{}", done.err);
    assert_eq!(place.read("a.yaml"), before);
    place.write("devices.csv", "mine");
    assert_eq!(place.run("init new.yaml --inventory 10").code, Some(4));
    assert!(!place.path("new.yaml").exists(), "half of it was written");
    assert_eq!(place.run("init a.yaml --force").code, Some(0));
    assert_ne!(place.read("a.yaml"), before);
    assert_eq!(place.run("init new.yaml --template small --inventory 10").code, Some(2));
}

#[test]
fn schemas_and_completions_are_printed() {
    let place = Place::with("");
    for of in ["schema", "schema scenario", "schema outcome"] {
        let schema = place.json(of);
        assert!(schema["$schema"].as_str().unwrap().contains("draft-07"), "{of}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = place.run(&format!("completions {shell}"));
        assert!(done.code == Some(0) && done.out.contains("rollcast"), "{shell}");
    }
}
