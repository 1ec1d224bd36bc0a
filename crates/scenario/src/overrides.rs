//! `--set path=value`: changes a tree before it is read as a scenario.
//!
//! The value is a piece of YAML, so `--set 'rings.First={ size: 800 }'` works like `--set rings.First.size=800`. What it
//! brings points into a source of its own named `--set`, so that errors show what was typed.

use std::sync::Arc;

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    node::{Entry, Node, Value},
    path, yaml,
};

/// Applies one `path=value`, creating maps on the way where nothing stands yet.
pub fn apply(root: &mut Node, setting: &str) -> Result<(), Vec<Diagnostic>> {
    let source = Arc::new(Source { name: "--set".into(), text: setting.to_owned() });
    let whole = Span { source: Arc::clone(&source), start: 0, end: setting.len() };
    let Some(at) = equals(setting) else {
        return Err(vec![
            Diagnostic::error("RC111", "a `--set` is a path, `=` and a value")
                .at(whole)
                .help("write it as in `--set rings.First.size=800`"),
        ]);
    };
    let keys =
        path::split(&setting[..at]).map_err(|problem| vec![problem.at(Span { end: at, ..whole.clone() })])?;
    let value = value(&source, at + 1)?;
    set(root, &keys, value, &Span { end: at, ..whole }).map_err(|problem| vec![problem])
}

/// Puts `value` at a path; `span` is where the path was written. The same as [`apply`] for trees that are at hand.
pub fn set(root: &mut Node, keys: &[String], value: Node, span: &Span) -> Result<(), Diagnostic> {
    let mut node = root;
    for (depth, key) in keys.iter().enumerate() {
        let so_far = || format!("`{}`", path::join(&keys[..depth]));
        if let Value::Null = node.value {
            node.value = Value::Map(Vec::new());
        }
        let found = node.describe();
        node = match &mut node.value {
            Value::Map(entries) => {
                let at = entries.iter().position(|entry| entry.key == *key).unwrap_or_else(|| {
                    let value = Node { value: Value::Null, span: span.clone() };
                    entries.push(Entry { key: key.clone(), key_span: span.clone(), value });
                    entries.len() - 1
                });
                &mut entries[at].value
            }
            Value::Seq(items) => {
                let length = items.len();
                match key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                    Some(item) => item,
                    None => {
                        let help = match length {
                            0 => "the list is empty".to_owned(),
                            _ => format!("its items are 0 to {}", length - 1),
                        };
                        let message = format!("{} is a list and has no item `{key}`", so_far());
                        return Err(Diagnostic::error("RC112", message).at(span.clone()).help(help));
                    }
                }
            }
            _ => {
                let message = format!("{} is {found}, so nothing can stand below it", so_far());
                return Err(Diagnostic::error("RC112", message)
                    .at(span.clone())
                    .help("end the path there, or correct it"));
            }
        };
    }
    *node = value;
    Ok(())
}

/// The first `=` outside double quotes.
fn equals(setting: &str) -> Option<usize> {
    let mut quoted = false;
    setting.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'=' && !quoted
    })
}

fn value(source: &Arc<Source>, start: usize) -> Result<Node, Vec<Diagnostic>> {
    let blank = source.text[start..].trim().is_empty();
    if blank {
        let span = Span { source: Arc::clone(source), start: 0, end: start };
        return Err(vec![
            Diagnostic::error("RC111", "the value behind `=` is empty")
                .at(span)
                .help("write `{}` for an empty map, `[]` for an empty list, or remove the key from the file"),
        ]);
    }
    // The path is replaced by blanks, not cut off, so that places in the value are places in the setting. Blanks
    // before the value are not a key's indentation, as nothing stands before it.
    let padded = format!("{}{}", " ".repeat(start), &source.text[start..]);
    let mut node =
        yaml::parse(Arc::new(Source { name: source.name.clone(), text: padded })).map_err(|problems| {
            let point = |mut problem: Diagnostic| {
                let span = problem.span.take();
                let (start, end) = span.map_or((start, source.text.len()), |span| (span.start, span.end));
                problem.at(Span { source: Arc::clone(source), start, end })
            };
            problems.into_iter().map(point).collect::<Vec<_>>()
        })?;
    point_into(&mut node, source);
    Ok(node)
}

fn point_into(node: &mut Node, source: &Arc<Source>) {
    node.span.source = Arc::clone(source);
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| point_into(item, source)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_span.source = Arc::clone(source);
            point_into(&mut entry.value, source);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests::tree;

    fn code(text: &str, setting: &str) -> &'static str {
        apply(&mut tree(text), setting).unwrap_err()[0].code
    }

    #[test]
    fn sets_creates_and_points() {
        let mut root = tree("rings: { First: { size: 400 } }\ngoals: [{ by: 14 d }]\n");
        for setting in [
            "rings.First.size=800",
            "rings.Fast={ size: 10%, grace: 2 d }",
            "goals.0.by=20 d",
            "people.on-call.hours=Mon-Fri 07:00 to 19:00",
            "rings.\"a=b\".size = rest",
        ] {
            apply(&mut root, setting).unwrap_or_else(|problems| panic!("{setting}: {problems:?}"));
        }
        let text = |path: &str| root.at(path).and_then(Node::text);
        assert_eq!(text("rings.First.size"), Some("800"));
        assert_eq!(text("rings.Fast.grace"), Some("2 d"));
        assert_eq!(text("goals.0.by"), Some("20 d"));
        assert_eq!(text("people.on-call.hours"), Some("Mon-Fri 07:00 to 19:00"));
        assert_eq!(text("rings.a=b.size"), Some("rest"));
        let span = root.locate("rings.First.size");
        assert_eq!((span.source.name.as_str(), &span.source.text[span.start..span.end]), ("--set", "800"));
    }

    #[test]
    fn refusals() {
        assert_eq!(code("a: b", "a"), "RC111");
        assert_eq!(code("a: b", "a..b=1"), "RC111");
        assert_eq!(code("a: b", "=1"), "RC111");
        assert_eq!(code("a: b", "a="), "RC111");
        assert_eq!(code("a: b", "a.c=1"), "RC112");
        assert_eq!(code("a: [b]", "a.1=1"), "RC112");
        assert_eq!(code("a: [b]", "a.x=1"), "RC112");
        assert_eq!(code("a: b", "a={"), "RC010");
        assert_eq!(code("a: b", &format!("{}=1", ["a"; 100].join("."))), "RC111");
    }
}
