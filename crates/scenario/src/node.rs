//! The tree that a YAML text becomes: maps in file order, lists, and single values as they were typed,
//! each with its place in the text.
//!
//! Nothing is interpreted here: `no`, `08:00` and `1e3` stay the text that they are, and a key that stands
//! twice stands twice. *Invariant:* trees are at most [`MAX_DEPTH`](crate::path::MAX_DEPTH) deep.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::{
    diagnostic::{Source, Span},
    path,
};

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// From its first to its last byte.
    pub span: Span,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A single value, as text.
    Scalar {
        /// The text without quotes and escapes.
        text: String,
        /// Whether it was quoted or a text block: then it is no number, no `true`, no null.
        quoted: bool,
    },
    /// A list.
    Seq(Vec<Node>),
    /// A map in file order; keys may repeat (reported by [`crate::de::from_node`]).
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key as text.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

/// Equal content; places do not count.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Equal content; places do not count.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

/// A span in a source without text, for values that no file holds (defaults, derived values).
pub fn nowhere(name: &str) -> Span {
    Span { source: Arc::new(Source { name: name.to_owned(), text: String::new() }), start: 0, end: 0 }
}

impl Node {
    /// An unquoted single value.
    pub fn scalar(text: impl Into<String>, span: Span) -> Self {
        Node { value: Value::Scalar { text: text.into(), quoted: false }, span }
    }

    /// A list.
    pub fn seq(items: Vec<Node>, span: Span) -> Self {
        Node { value: Value::Seq(items), span }
    }

    /// A map of (key, value); each key gets the span of its value.
    pub fn map(entries: impl IntoIterator<Item = (String, Node)>, span: Span) -> Self {
        let entry = |(key, value): (String, Node)| Entry { key, key_span: value.span.clone(), value };
        Node { value: Value::Map(entries.into_iter().map(entry).collect()), span }
    }

    /// The text of a single value.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a map; of anything else none.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; of anything else none.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The value of a key of a map (the first, if the key repeats).
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of a key of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The node at a dotted path; list items by their index from 0. An empty path is the node itself.
    pub fn at(&self, path: &str) -> Option<&Node> {
        if path.is_empty() {
            return Some(self);
        }
        let keys = path::split(path).ok()?;
        let mut node = self;
        for key in &keys {
            node = node.child(key)?.0;
        }
        Some(node)
    }

    /// Where the value at a path stands, or else its nearest parent that exists.
    pub fn locate(&self, path: &str) -> Span {
        let (node, _) = self.nearest(path);
        node.span.clone()
    }

    /// Where the key at a path stands, or else the key of its nearest parent that exists.
    pub fn locate_key(&self, path: &str) -> Span {
        let (node, entry) = self.nearest(path);
        entry.map_or_else(|| head(&node.span), |entry| entry.key_span.clone())
    }

    fn nearest(&self, path: &str) -> (&Node, Option<&Entry>) {
        let mut here = (self, None);
        for key in path::split(path).unwrap_or_default() {
            match here.0.child(&key) {
                Some((node, entry)) => here = (node, entry.or(here.1)),
                None => break,
            }
        }
        here
    }

    fn child(&self, key: &str) -> Option<(&Node, Option<&Entry>)> {
        match &self.value {
            Value::Map(_) => self.entry(key).map(|entry| (&entry.value, Some(entry))),
            Value::Seq(items) => items.get(key.parse::<usize>().ok()?).map(|node| (node, None)),
            _ => None,
        }
    }

    /// How many nodes the tree has.
    pub fn count(&self) -> usize {
        1 + match &self.value {
            Value::Seq(items) => items.iter().map(Node::count).sum::<usize>(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.count()).sum(),
            _ => 0,
        }
    }

    /// The same tree as JSON, with the numbers, booleans and nulls that YAML's core schema sees: what a JSON
    /// Schema judges.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("invariant: a tree has text keys and finite numbers only")
    }

    /// What an error message calls this: `a map`, `a list`, the text itself.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".into(),
            Value::Scalar { text, .. } => format!("`{}`", crate::scalar::shorten(text)),
            Value::Seq(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
        }
    }
}

/// The first line of a span: enough to point at a map without underlining all of it.
pub fn head(span: &Span) -> Span {
    let text = span.source.text.get(span.start..span.end).unwrap_or("");
    let length = text.find('\n').unwrap_or(text.len());
    Span { source: Arc::clone(&span.source), start: span.start, end: span.start + length }
}

/// How YAML's core schema reads an unquoted text.
pub(crate) enum Plain<'a> {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

pub(crate) fn plain(text: &str) -> Plain<'_> {
    match text {
        "true" | "True" | "TRUE" => return Plain::Bool(true),
        "false" | "False" | "FALSE" => return Plain::Bool(false),
        _ => {}
    }
    let body = text.strip_prefix('-').unwrap_or(text);
    let zeros = body.len() > 1 && body.starts_with('0') && !body.starts_with("0.");
    if zeros || !body.starts_with(|c: char| c.is_ascii_digit()) {
        return Plain::Text(text);
    }
    if let Ok(number) = text.parse::<u64>() {
        return Plain::Unsigned(number);
    }
    if let Ok(number) = text.parse::<i64>() {
        return Plain::Signed(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Plain::Float(number),
        _ => Plain::Text(text),
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Scalar { text, quoted: true } => serializer.serialize_str(text),
            Value::Scalar { text, quoted: false } => match plain(text) {
                Plain::Bool(value) => serializer.serialize_bool(value),
                Plain::Unsigned(value) => serializer.serialize_u64(value),
                Plain::Signed(value) => serializer.serialize_i64(value),
                Plain::Float(value) => serializer.serialize_f64(value),
                Plain::Text(value) => serializer.serialize_str(value),
            },
            Value::Seq(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Value::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests::tree;

    #[test]
    fn paths_reach_maps_lists_and_odd_keys() {
        let root = tree("rings:\n  First: { size: 400 }\n  a.b: { size: 2 }\n  as it was: [x, { y: z }]\n");
        assert_eq!(root.at("rings.First.size").and_then(Node::text), Some("400"));
        assert_eq!(root.at("rings.\"a.b\".size").and_then(Node::text), Some("2"));
        assert_eq!(root.at("rings.as it was.1.y").and_then(Node::text), Some("z"));
        assert!(root.at("rings.First.size.more").is_none());
        assert!(root.at("rings.as it was.2").is_none());
        assert!(root.at("..").is_none());
    }

    #[test]
    fn locate_falls_back_to_the_nearest_parent() {
        let root = tree("rings:\n  First: { size: 400 }\n");
        assert_eq!(root.locate("rings.First.size").line_column(), (2, 18));
        assert_eq!(root.locate_key("rings.First.size").line_column(), (2, 12));
        assert_eq!(root.locate_key("rings.First.colour").line_column(), (2, 3));
        assert_eq!(root.locate("rings.First.colour").line_column(), (2, 10));
        assert_eq!(root.locate("people").line_column(), (1, 1));
    }

    #[test]
    fn json_has_core_schema_types() {
        let root = tree(
            "{ a: 400, b: '400', c: no, d: true, e: 08:00, f: 0.8, g: 2026-10-13, h: 007, i: -3, j: ~ }",
        );
        let json = serde_json::json!({ "a": 400, "b": "400", "c": "no", "d": true, "e": "08:00", "f": 0.8,
            "g": "2026-10-13", "h": "007", "i": -3, "j": null });
        assert_eq!(root.to_json(), json);
    }
}
