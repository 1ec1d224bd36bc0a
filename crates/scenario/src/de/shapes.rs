//! What can be said of a tree before any type is known: keys that repeat, and values that YAML split at
//! their comma.

use std::collections::BTreeMap;

use super::Run;
use crate::{
    diagnostic::{Diagnostic, Span},
    node::{Entry, Node, Value},
    scalar::shorten,
};

/// Notes the problems of the whole tree and strikes out what they spoil.
pub(super) fn examine(node: &Node, run: &Run) {
    match &node.value {
        Value::Map(entries) => {
            split_entries(entries, run);
            repeated(entries, run);
            entries.iter().for_each(|entry| examine(&entry.value, run));
        }
        Value::Seq(items) => {
            split_items(items, run);
            items.iter().for_each(|item| examine(item, run));
        }
        _ => {}
    }
}

fn repeated(entries: &[Entry], run: &Run) {
    let mut first: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in entries {
        if let Some(earlier) = first.get(entry.key.as_str()) {
            run.note_once(&entry.value, || {
                let line = earlier.key_span.line_column().0;
                Diagnostic::error(
                    "RC102",
                    format!("the key `{}` stands twice in this map", shorten(&entry.key)),
                )
                .at(entry.key_span.clone())
                .help(format!("it is already in line {line}; remove or rename one of the two"))
            });
            run.strike(super::address(&entry.value));
        } else {
            first.insert(&entry.key, entry);
        }
    }
}

/// `{ a: uniform(10 min, 40 min) }` becomes two keys: `a` with `uniform(10 min`, and `40 min)` with nothing.
fn split_entries(entries: &[Entry], run: &Run) {
    let mut at = 0;
    while at < entries.len() {
        let entry = &entries[at];
        at += 1;
        let Some(mut open) = unclosed(&entry.value) else { continue };
        let mut whole = plain_text(&entry.value).unwrap_or("").to_owned();
        let first = at;
        while open > 0 && at < entries.len() {
            let next = &entries[at];
            open += balance(&next.key);
            whole = format!("{whole}, {}", next.key);
            if let Some(text) = plain_text(&next.value) {
                open += balance(text);
                whole = format!("{whole}: {text}");
            }
            at += 1;
        }
        if open != 0 || at == first {
            at = first;
            continue;
        }
        let last = &entries[at - 1];
        let end = last.value.span.end.max(last.key_span.end);
        let message = format!(
            "YAML splits `{}` at the comma: it became `{}` and a key `{}`",
            shorten(&whole),
            shorten(plain_text(&entry.value).unwrap_or("")),
            shorten(&entries[first].key)
        );
        note(run, &entry.value, end, message, &whole);
        for spoilt in &entries[first - 1..at] {
            run.strike(super::address(&spoilt.value));
        }
    }
}

/// `[uniform(10 min, 40 min)]` becomes two items.
fn split_items(items: &[Node], run: &Run) {
    for (at, item) in items.iter().enumerate() {
        let (Some(open), Some(next)) = (unclosed(item), items.get(at + 1)) else { continue };
        let (Some(one), Some(two)) = (plain_text(item), plain_text(next)) else { continue };
        if open + balance(two) != 0 {
            continue;
        }
        let whole = format!("{one}, {two}");
        let message = format!("YAML splits `{}` at the comma: it became two items", shorten(&whole));
        note(run, item, next.span.end, message, &whole);
        run.strike(super::address(item));
        run.strike(super::address(next));
    }
}

fn note(run: &Run, node: &Node, end: usize, message: String, whole: &str) {
    run.note_once(node, || {
        let span = Span { end: end.max(node.span.end), ..node.span.clone() };
        Diagnostic::error("RC106", message).at(span).help(way_out(whole))
    });
}

/// What to write instead of a call with commas.
fn way_out(whole: &str) -> String {
    let call = whole.split_once('(').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix(')')?)));
    match call {
        Some(("uniform" | "range", range)) if range.matches(", ").count() == 1 => {
            format!("write `{}`", shorten(&range.replace(", ", " to ")))
        }
        Some((name, _)) if !name.is_empty() && !name.contains(' ') => {
            format!(
                "write a map with one key: `{{ {name}: {{ ... }} }}`; a text with a comma stands in quotes"
            )
        }
        _ => "put the text in quotes, or write it without the comma".to_owned(),
    }
}

fn plain_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, quoted: false } => Some(text),
        _ => None,
    }
}

/// How many brackets an unquoted text leaves open, if any.
fn unclosed(node: &Node) -> Option<i64> {
    plain_text(node).map(balance).filter(|open| *open > 0)
}

fn balance(text: &str) -> i64 {
    text.chars()
        .map(|c| if matches!(c, '(' | '[' | '{') { 1 } else { -i64::from(matches!(c, ')' | ']' | '}')) })
        .sum()
}

/// `{ devices: 12,000 }` and `{ lasts: 2,5 d }`: YAML takes what stands behind the comma for a key without a value.
pub(super) fn number_split(entry: &Entry) -> Option<Diagnostic> {
    let key = &entry.key;
    let bare = entry.value.value == Value::Null;
    (bare && key.starts_with(|c: char| c.is_ascii_digit())).then(|| {
        Diagnostic::error(
            "RC106",
            format!("YAML takes the comma before `{}` for the end of a value", shorten(key)),
        )
        .at(entry.key_span.clone())
        .help("a decimal has a point (`2.5 d`), thousands a space or nothing (`12 000`)")
    })
}
