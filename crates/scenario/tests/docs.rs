//! docs/errors.md and docs/defaults.md are made from the program; these tests say when they are stale and how to
//! renew them.

use rollcast_scenario::{
    codes, inventory,
    layers::{self, Default, Origin},
    node::{Node, Value},
};

const RENEW: &str = "`ROLLCAST_UPDATE_DOCS=1 cargo test -p rollcast-scenario --test docs`";

fn check(name: &str, page: &str) {
    let path = format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("ROLLCAST_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page).expect("docs/ can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/{name} is stale; renew it by {RENEW}");
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn errors_page_is_fresh() {
    let groups = [
        ("RC0", "Reading and YAML"),
        ("RC1", "Keys, structure and single values"),
        ("RC20 RC21 RC22 RC23 RC24", "Meaning"),
        ("RC25 RC26 RC27", "Oddities: warnings, the scenario is played"),
        ("RC30 RC31", "Inventories and other CSV files"),
        ("RC32", "Oddities of inventories: warnings, the scenario is played"),
    ];
    let mut page = format!(
        "# Errors and warnings\n\n\
         Every code that Rollcast prints, with its meaning. Codes stay: none is ever used for something else. All\n\
         problems of a scenario and of the files that it names are reported at once, with file, line, column and\n\
         a way out; a scenario with an error is not played (exit code 2). `rollcast validate --format json` prints\n\
         the same for machines. The files under `scenarios/bad/` show the codes one by one.\n\n\
         Made from `crates/scenario/src/codes.rs` and `crates/scenario/src/inventory/mod.rs` by\n{RENEW}.\n"
    );
    let mut listed = 0;
    for (prefixes, title) in groups {
        page += &format!("\n## {title}\n\n| code | meaning |\n|---|---|\n");
        for (code, meaning) in codes::CODES.iter().chain(inventory::CODES) {
            if prefixes.split(' ').any(|prefix| code.starts_with(prefix)) {
                page += &format!("| {code} | {} |\n", cell(meaning.trim_start_matches("warning: ")));
                listed += 1;
            }
        }
    }
    assert_eq!(listed, codes::CODES.len() + inventory::CODES.len(), "a code is in no group of the page");
    check("errors.md", &page);
}

/// A value as compact YAML.
fn compact(node: &Node) -> String {
    match &node.value {
        Value::Map(entries) => {
            let inside: Vec<String> =
                entries.iter().map(|e| format!("{}: {}", e.key, compact(&e.value))).collect();
            format!("{{ {} }}", inside.join(", "))
        }
        Value::Seq(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        _ => node.text().unwrap_or("").to_owned(),
    }
}

fn table(defaults: &[Default]) -> String {
    let mut text = "| path | value | kind | origin |\n|---|---|---|---|\n".to_owned();
    for default in defaults {
        let (kind, origin) = match &default.origin {
            Origin::Published { source, .. } => ("published", source.as_str()),
            Origin::Assumption { range, .. } => ("assumption", range.as_str()),
            Origin::Convention(why) => ("convention", why.as_str()),
            Origin::File { .. } | Origin::Set | Origin::Plan { .. } => panic!("a default comes from no file"),
        };
        // Names with dots stand quoted in paths; no default has one.
        let path = default.path.join(".");
        text += &format!("| `{path}` | `{}` | {kind} | {} |\n", cell(&compact(&default.value)), cell(origin));
    }
    text
}

#[test]
fn defaults_page_is_fresh() {
    let mut page = format!(
        "# Defaults and profiles\n\n\
         What a scenario has that does not write it. `--set` wins over the file, the file over the profile of its\n\
         `service`, the profile over the general defaults; `rollcast explain` shows the whole scenario with the\n\
         origin of every value. `*` stands for every name.\n\n\
         *published*: a published figure, with its source. *assumption*: nobody publishes it, and the text says what\n\
         is plausible. *convention*: how Rollcast counts.\n\n\
         Made from `crates/scenario/defaults/` and `crates/scenario/profiles/` by\n{RENEW}.\n"
    );
    for profile in layers::profiles() {
        page += &format!("\n## `service: {profile}`\n\n{}", table(layers::defaults(Some(profile))));
    }
    page += &format!("\n## General\n\n{}", table(layers::defaults(None)));
    check("defaults.md", &page);
}
