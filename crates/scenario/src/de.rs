//! A serde deserializer over [`Node`]s that finds all problems of a file in one go.
//!
//! Serde stops at the first error. So each error is recorded with its place, the value that caused it is
//! struck out as if it were absent, and the reading starts over, until nothing new turns up:
//!
//! ```text
//! examine shapes --> read --error--> note it, strike out its node --> read again ... --> value, problems
//! ```
//!
//! Unknown keys need no second reading: they are noted and passed over where a struct lists its fields. What
//! only follows from a problem already noted (a required key whose value was struck out) is not reported, and
//! its map is struck out instead. *Invariant:* every round strikes out one more node, so it ends.

mod access;
mod problem;
mod shapes;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt,
    marker::PhantomData,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
};

use crate::{
    diagnostic::Diagnostic,
    node::{Entry, Node},
};
pub use problem::Problem;

/// Most problems that are listed.
const MAX_PROBLEMS: usize = 100;
/// Most nodes read over all rounds; a file of hundreds of thousands of keys is not read a hundred times.
const MAX_WORK: usize = 10_000_000;

/// Reads a tree as `T`. The value is there when it could be read with the faulty parts left out; look at the
/// problems first. Problems come in the order of the text.
pub fn from_node<T: DeserializeOwned>(root: &Node) -> (Option<T>, Vec<Diagnostic>) {
    let run = Run::default();
    shapes::examine(root, &run);
    let size = root.count();
    let mut value = None;
    let mut unfinished = false;
    for round in 1.. {
        let here = Here { node: root, run: &run, entry: None };
        match T::deserialize(here).map_err(|problem| problem.pin_here(here)) {
            Ok(read) => {
                value = Some(read);
                break;
            }
            Err(problem) => {
                let stop = problem.node.is_none_or(|node| node == address(root) || !run.strike(node));
                if let Some(diagnostic) = problem.diagnostic {
                    run.note(*diagnostic);
                }
                if stop {
                    break;
                }
            }
        }
        if run.found.borrow().len() >= MAX_PROBLEMS || size.saturating_mul(round) > MAX_WORK {
            unfinished = true;
            break;
        }
    }
    let mut found = run.found.into_inner();
    found.sort_by_key(|problem| problem.span.as_ref().map_or(0, |span| span.start));
    if unfinished || found.len() > MAX_PROBLEMS {
        found.truncate(MAX_PROBLEMS);
        found.push(
            Diagnostic::error("RC110", format!("stopped looking after {} problems", found.len()))
                .help("correct these first; there may be more"),
        );
    }
    (value, found)
}

/// What all rounds share.
#[derive(Default)]
struct Run {
    struck: RefCell<BTreeSet<usize>>,
    noted: RefCell<BTreeSet<usize>>,
    /// Required keys (by the address of their map) that a misspelt key probably stands for.
    excused: RefCell<BTreeMap<usize, Vec<String>>>,
    found: RefCell<Vec<Diagnostic>>,
}

impl Run {
    fn strike(&self, node: usize) -> bool {
        self.struck.borrow_mut().insert(node)
    }

    fn is_struck(&self, node: &Node) -> bool {
        self.struck.borrow().contains(&address(node))
    }

    /// Whether more is noted than will be listed: then words are saved, not found for each of 100 000 keys.
    fn is_full(&self) -> bool {
        self.found.borrow().len() > 2 * MAX_PROBLEMS
    }

    fn note(&self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.found.borrow_mut().push(diagnostic);
        }
    }

    /// Notes what is found again in every round only once.
    fn note_once(&self, node: &Node, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.noted.borrow_mut().insert(address(node)) && !self.is_full() {
            self.note(diagnostic());
        }
    }

    fn excuse(&self, map: &Node, key: &str) {
        self.excused.borrow_mut().entry(address(map)).or_default().push(key.to_owned());
    }
}

/// The identity of a node: the tree is borrowed, so nothing moves while it is read.
fn address(node: &Node) -> usize {
    std::ptr::from_ref(node) as usize
}

/// The deserializer: a node, and the entry that it is the value of.
#[derive(Clone, Copy)]
struct Here<'de, 'run> {
    node: &'de Node,
    run: &'run Run,
    entry: Option<&'de Entry>,
}

/// A map by name that keeps the order of the file.
///
/// Repeated names are reported by [`from_node`], and refused from any other format.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<T> Named<T> {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Names and values in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The names in the order of the file.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_str())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut named = Vec::new();
                let mut seen = BTreeSet::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if !seen.insert(name.clone()) {
                        return Err(de::Error::custom(format_args!("`{name}` stands twice")));
                    }
                    named.push((name, value));
                }
                Ok(Named(named))
            }
        }
        deserializer.deserialize_map(Names(PhantomData))
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

#[cfg(test)]
mod tests;
