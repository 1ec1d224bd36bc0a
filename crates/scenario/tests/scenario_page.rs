//! docs/scenario.md: every YAML block of the page loads, every key of the language is on it, and its commands
//! name settings that can be set.
//!
//! A block marked `yaml` is a whole scenario. One marked `yaml fragment` is laid over [`BASE`]: a map over a map
//! key by key, anything else in place of what was there. One marked `yaml plan` is a plan over [`OF_PLANS`]; everything
//! that it may play is loaded. One marked `yaml bank` is a release bank, of which every member is loaded.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path, sync::Arc};

use rollcast_scenario::{
    diagnostic::Source,
    inventory::generate,
    load::Loader,
    node::{Node, Value},
    schema,
    study::Study,
    yaml,
};

mod common;

const PAGE: &str = include_str!("../../../docs/scenario.md");
const BASE: &str =
    "fleet: { devices: 10000 }\nrelease: { product: windows-quality, published: 2026-10-13 }\n";
/// `base.yaml` of the plans.
const OF_PLANS: &str = "\
service: autopatch/2022-08
fleet: { devices: 3000, mix: { model: { Latitude 7450: 30%, OptiPlex 7020: rest } } }
rings: { Test: { size: 20 }, First: { size: 100 }, Fast: {}, Broad: {} }
people: { on-call: { hours: Mon-Fri 07:00 to 19:00 } }
rules: { stop: { who: on-call, when: { count: failed, at-least: 3, above: 2% }, do: pause later rings } }
releases: { KB1: { published: 2026-10-13 }, KB2: { published: 2026-11-10 } }
defects: { crash: { in: KB1, share: 2%, shows: after exp 6 h, ticket: {} } }
";

/// A fenced block: its info string, the line of its fence, its text.
fn blocks() -> Vec<(&'static str, usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(&str, usize, String)> = None;
    for (i, line) in PAGE.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info, i + 1, String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, _, text)), None) => writeln!(text, "{line}").expect("text"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

fn tree(name: String, text: &str) -> Node {
    yaml::parse(Arc::new(Source { name: name.clone(), text: text.into() }))
        .unwrap_or_else(|problems| panic!("{name}: {problems:?}"))
}

fn lay_over(base: &mut Node, over: &Node) {
    let (Value::Map(below), Value::Map(above)) = (&mut base.value, &over.value) else {
        *base = over.clone();
        return;
    };
    for entry in above {
        match below.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => lay_over(&mut known.value, &entry.value),
            None => below.push(entry.clone()),
        }
    }
}

/// The text of a fragment laid over the base, less what the fragment has in another form.
fn whole(name: &str, fragment: &str) -> String {
    let over = tree(name.to_owned(), fragment);
    let mut base = tree("base".into(), BASE);
    if let Value::Map(entries) = &mut base.value {
        entries.retain(|entry| match entry.key.as_str() {
            "fleet" => over.at("fleet.inventory").is_none(),
            _ => over.get("releases").is_none(),
        });
    }
    lay_over(&mut base, &over);
    yaml::print(&base)
}

/// The files that the page names, made up.
fn files(dir: &Path) {
    let mut devices = Vec::new();
    generate::generate(300, 1, generate::DEFAULT_EXPORT_S, &mut devices).expect("an export");
    let text = String::from_utf8_lossy(&devices).into_owned();
    let ids: Vec<&str> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .map(|id| id.trim_matches('"'))
        .collect();
    let put = |name: &str, content: String| fs::write(dir.join(name), content).expect("a file");
    let rows = |head: &str, row: &dyn Fn(usize, &str) -> String| {
        ids.iter().enumerate().fold(head.to_owned(), |text, (i, id)| text + &row(i, id))
    };
    put(
        "floors.csv",
        rows("Device ID,Floor\n", &|i, id| format!("{id},{}\n", ["ground", "first", "second"][i % 3])),
    );
    put("test.csv", rows("Device ID\n", &|i, id| if i < 20 { format!("{id}\n") } else { String::new() }));
    put("restarts.txt", "# observed\n20 min\n3 h\n9 h\n26 h\n5 d\n".into());
    put("devices.csv", text.clone());
    put("base.yaml", OF_PLANS.into());
}

#[test]
fn every_block_loads() {
    let dir = tempfile::tempdir().expect("a folder");
    files(dir.path());
    let mut wrong = Vec::new();
    let mut seen = [0; 4];
    for (info, line, text) in blocks() {
        let name = format!("docs/scenario.md:{line}");
        let (kind, schema, text) = match info {
            "yaml" => (0, schema::json_schema(), text),
            "yaml fragment" => (1, schema::json_schema(), whole(&name, &text)),
            "yaml plan" => (2, schema::plan_json_schema(), text),
            "yaml bank" => (3, schema::bank_json_schema(), text),
            "text" | "sh" => continue,
            other => panic!("{name}: a block is `yaml`, one of its kinds, `text` or `sh`, not `{other}`"),
        };
        seen[kind] += 1;
        let validator = jsonschema::draft7::new(&schema).expect("a valid schema");
        for error in validator.iter_errors(&tree(name.clone(), &text).to_json()) {
            wrong.push(format!("{name}: not by the schema: {}: {error}", error.instance_path()));
        }
        let source = match info {
            "yaml bank" => {
                fs::write(dir.path().join("ours.yaml"), &text).expect("a file");
                "base: base.yaml\nbank: { from: ours.yaml, in: KB1 }\n".to_owned()
            }
            _ => text.clone(),
        };
        let source = Arc::new(Source { name: name.clone(), text: source });
        if let "yaml" | "yaml fragment" = info
            && let Err(problems) = Loader::new().load_source(Arc::clone(&source), dir.path())
        {
            wrong.push(format!("{name}\n{problems}\n{text}"));
        }
        match Study::of_source(source, dir.path(), Vec::new()) {
            Ok(study) => {
                let found = common::wrong_with(&study);
                wrong.extend((!found.is_empty()).then(|| format!("{name}\n{}\n{text}", found.join("\n"))));
            }
            Err(problems) => wrong.push(format!("{name}\n{problems}\n{text}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen[0] >= 7 && seen[1] >= 16 && seen[2] >= 6 && seen[3] >= 1, "{seen:?}");
}

#[test]
fn every_key_is_on_the_page() {
    let mut keys = BTreeSet::new();
    for schema in [schema::json_schema(), schema::plan_json_schema(), schema::bank_json_schema()] {
        collect(&schema, &mut keys);
    }
    assert!(keys.len() > 110, "{keys:?}");
    let words: BTreeSet<&str> = PAGE.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    let missing: Vec<&String> = keys.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/scenario.md does not speak of {missing:?}");
}

fn collect(schema: &serde_json::Value, keys: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Object(properties)) = object.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| collect(value, keys));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}

#[test]
fn every_command_sets_what_can_be_set() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut commands = 0;
    for (_, line, text) in blocks().into_iter().filter(|block| block.0 == "sh") {
        for command in text.lines() {
            let words = words(command.split(" # ").next().unwrap_or(""));
            let Some(file) = words.iter().find(|word| word.starts_with("scenarios/")) else { continue };
            let mut loader = Loader::new();
            for pair in words.windows(2).filter(|pair| pair[0] == "--set") {
                loader = loader.set(&pair[1]);
            }
            commands += 1;
            loader
                .load(root.join(file))
                .unwrap_or_else(|problems| panic!("docs/scenario.md:{line}: {command}\n{problems}"));
        }
    }
    assert!(commands >= 4, "{commands}");
}

/// The words of a command, with single quotes as a shell has them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("a word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
