//! Text to tree and back: the only module that names the YAML crate.
//!
//! The crate's event stream is folded into [`Node`]s here, with a stack of our own instead of recursion, so
//! that quotes, places, repeated keys and tags are all seen, and so that every limit is ours: depth, number
//! of values, and what aliases may repeat. Numbers and booleans are not guessed: a value is text until a type
//! asks for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Serialize, Serializer, ser::SerializeMap as _, ser::SerializeSeq as _};
use serde_yaml::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span as Place, Tag};

pub use crate::read::read;
use crate::{
    diagnostic::{Diagnostic, Source, Span},
    node::{Entry, Node, Value, head},
    path::MAX_DEPTH,
};

/// Most values in a file, aliases expanded.
const MAX_NODES: usize = 1_000_000;
/// Most values that anchors and aliases may copy.
const MAX_COPIES: usize = 100_000;
/// Most bytes of text that they may copy.
const MAX_COPIED_BYTES: usize = 16 << 20;

/// Parses one YAML document into a tree; an error list otherwise.
pub fn parse(source: Arc<Source>) -> Result<Node, Vec<Diagnostic>> {
    let text = Arc::clone(&source);
    let mut fold = Fold::new(source);
    for next in Parser::new_from_str(&text.text) {
        let step = match next {
            Ok((event, place)) => fold.event(event, place),
            Err(error) => Err(fold.scan_error(&error)),
        };
        if let Err(fatal) = step {
            fold.problems.push(fatal);
            break;
        }
    }
    match fold.root {
        _ if !fold.problems.is_empty() => Err(fold.problems),
        Some(root) if root.value != Value::Null => Ok(root),
        _ => Err(vec![
            Diagnostic::error("RC008", format!("`{}` holds no value, only comments or blanks", text.name))
                .help("`rollcast init` writes a scenario to start from"),
        ]),
    }
}

/// The tree as block YAML that reads back as the same tree.
pub fn print(node: &Node) -> String {
    to_text(node)
}

/// The same with a comment behind each single value for which `note` has one; it gets the keys of the path.
pub fn print_annotated(node: &Node, note: &dyn Fn(&[String]) -> Option<String>) -> String {
    to_text(&Annotated { node, path: Vec::new(), note })
}

fn to_text(value: &impl Serialize) -> String {
    let options = serde_yaml::ser_options! {
        yaml_12: true,
        no_lang_directive: true,
        prefer_block_scalars: false,
        compact_list_indent: false,
    };
    serde_yaml::to_string_with_options(value, options)
        .expect("invariant: a tree has text keys and a bounded depth")
}

struct Annotated<'a> {
    node: &'a Node,
    path: Vec<String>,
    note: &'a dyn Fn(&[String]) -> Option<String>,
}

impl Annotated<'_> {
    fn child<'a>(&'a self, key: String, node: &'a Node) -> Annotated<'a> {
        let mut path = self.path.clone();
        path.push(key);
        Annotated { node, path, note: self.note }
    }
}

impl Serialize for Annotated<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.node.value {
            Value::Seq(items) if !items.is_empty() => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for (index, item) in items.iter().enumerate() {
                    seq.serialize_element(&self.child(index.to_string(), item))?;
                }
                seq.end()
            }
            Value::Map(entries) if !entries.is_empty() => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &self.child(entry.key.clone(), &entry.value))?;
                }
                map.end()
            }
            Value::Scalar { .. } => match (self.note)(&self.path) {
                Some(note) => serde_yaml::Commented(self.node, note).serialize(serializer),
                None => self.node.serialize(serializer),
            },
            _ => self.node.serialize(serializer),
        }
    }
}

/// An open list or map.
enum Open {
    Seq { items: Vec<Node>, start: usize, anchor: usize },
    Map { entries: Vec<Entry>, merged: Vec<Entry>, key: Option<Key>, start: usize, anchor: usize },
}

/// A key that waits for its value.
struct Key {
    text: String,
    span: Span,
    merge: bool,
}

struct Fold {
    source: Arc<Source>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    root: Option<Node>,
    problems: Vec<Diagnostic>,
    documents: usize,
    nodes: usize,
    copies: usize,
    copied_bytes: usize,
}

impl Fold {
    fn new(source: Arc<Source>) -> Self {
        Fold {
            source,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            root: None,
            problems: Vec::new(),
            documents: 0,
            nodes: 0,
            copies: 0,
            copied_bytes: 0,
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let text = &self.source.text;
        let start = text.floor_char_boundary(start);
        let end = text.floor_char_boundary(end.max(start));
        Span { source: Arc::clone(&self.source), start, end }
    }

    /// The place without the blanks and comments' line breaks that a block collection drags along.
    fn trimmed(&self, start: usize, end: usize) -> Span {
        let span = self.span(start, end);
        let blank = [' ', '\t', '\n', '\r'];
        let length = self.source.text[span.start..span.end].trim_end_matches(blank).len();
        Span { end: span.start + length, ..span }
    }

    fn place(&self, place: &Place) -> Span {
        let range = place.byte_range().unwrap_or(0..0);
        self.trimmed(range.start, range.end)
    }

    /// `Err` ends the parse; what may be reported beside others goes to `problems`.
    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Diagnostic> {
        let start = place.start.byte_offset().unwrap_or(0);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Diagnostic::error(
                        "RC013",
                        "a second document starts here; a scenario is one document",
                    )
                    .at(self.place(&place))
                    .help("move it to a file of its own, or remove the `---`"));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let span = self.place(&place);
                let forced = self.tag(tag.as_deref(), "str", &place);
                let quoted = style != ScalarStyle::Plain || forced;
                let null = !quoted && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                // A key called `null` is a text, so keys are taken before nulls are seen.
                if self.wants_key() {
                    self.anchor(anchor, &Node { value: scalar(&text, quoted), span: span.clone() })?;
                    return self.key(text.into_owned(), quoted, span);
                }
                let value = if null { Value::Null } else { scalar(&text, quoted) };
                self.done(Node { value, span }, anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), "seq", &place);
                self.enter(Open::Seq { items: Vec::new(), start, anchor }, &place)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), "map", &place);
                self.enter(
                    Open::Map { entries: Vec::new(), merged: Vec::new(), key: None, start, anchor },
                    &place,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(&place)?,
            Event::Alias(anchor) => self.alias(anchor, &place)?,
            _ => {}
        }
        Ok(())
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Map { key: None, .. }))
    }

    fn key(&mut self, text: String, quoted: bool, span: Span) -> Result<(), Diagnostic> {
        self.count(&span)?;
        // The parser gives an absent key as `~` that takes no room.
        if text.is_empty() || span.start == span.end {
            self.problems.push(
                Diagnostic::error("RC019", "a key is empty")
                    .at(span.clone())
                    .help("write a name before the `:`"),
            );
        }
        let merge = !quoted && text == "<<";
        if let Some(Open::Map { key, .. }) = self.open.last_mut() {
            *key = Some(Key { text, span, merge });
        }
        Ok(())
    }

    fn enter(&mut self, open: Open, place: &Place) -> Result<(), Diagnostic> {
        if self.wants_key() {
            return Err(Diagnostic::error("RC019", "a list or a map stands where a key is wanted")
                .at(head(&self.place(place)))
                .help("keys are plain texts; if this was meant as a value, put `key:` before it, and quote braces and brackets in texts"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep().at(head(&self.place(place))));
        }
        self.open.push(open);
        Ok(())
    }

    fn leave(&mut self, place: &Place) -> Result<(), Diagnostic> {
        let end = place.end.byte_offset().unwrap_or(self.source.text.len());
        let (value, start, anchor) = match self.open.pop() {
            Some(Open::Seq { items, start, anchor }) => (Value::Seq(items), start, anchor),
            Some(Open::Map { mut entries, merged, start, anchor, .. }) => {
                add_merged(&mut entries, merged);
                (Value::Map(entries), start, anchor)
            }
            None => return Ok(()),
        };
        let span = self.trimmed(start, end);
        self.done(Node { value, span }, anchor)
    }

    /// A node is complete: remember it if anchored, and put it where it belongs.
    fn done(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        self.count(&node.span)?;
        self.anchor(anchor, &node)?;
        match self.open.last_mut() {
            None => {
                self.root.get_or_insert(node);
            }
            Some(Open::Seq { items, .. }) => items.push(node),
            Some(Open::Map { entries, merged, key, .. }) => match key.take() {
                Some(Key { text, span: key_span, merge: false }) => {
                    entries.push(Entry { key: text, key_span, value: node });
                }
                Some(Key { span, .. }) if !merge(merged, node) => {
                    self.problems.push(
                        Diagnostic::error("RC018", "`<<` merges maps, and this is none")
                            .at(span)
                            .help("write `<<: *name` where `&name` stands before a map"),
                    );
                }
                _ => {}
            },
        }
        Ok(())
    }

    fn count(&mut self, span: &Span) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Diagnostic::error("RC015", format!("the file has more than {MAX_NODES} values"))
                .at(head(span))
                .help("describe the fleet by cohorts or an inventory file"));
        }
        Ok(())
    }

    fn anchor(&mut self, anchor: usize, node: &Node) -> Result<(), Diagnostic> {
        if anchor != 0 {
            self.pay(node, &node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, place: &Place) -> Result<(), Diagnostic> {
        let span = self.place(place);
        let Some(known) = self.anchors.get(&anchor) else {
            return Err(Diagnostic::error(
                "RC017",
                "this alias repeats a value that contains the alias itself",
            )
            .at(span)
            .help("write the value out"));
        };
        let depth = depth(known);
        let node = Node { span: span.clone(), ..known.clone() };
        self.pay(&node, &span)?;
        if self.open.len() + depth > MAX_DEPTH {
            return Err(too_deep().at(span));
        }
        if !self.wants_key() {
            return self.done(node, 0);
        }
        match node.value {
            Value::Scalar { text, .. } => self.key(text, true, span),
            _ => Err(Diagnostic::error("RC019", "a list or a map stands where a key is wanted")
                .at(span)
                .help("keys are plain texts")),
        }
    }

    /// Copies are budgeted: ten lines of aliases can otherwise stand for billions of values.
    fn pay(&mut self, node: &Node, span: &Span) -> Result<(), Diagnostic> {
        self.copies += node.count();
        self.copied_bytes += bytes(node);
        if self.copies > MAX_COPIES || self.copied_bytes > MAX_COPIED_BYTES {
            return Err(Diagnostic::error(
                "RC015",
                format!("aliases repeat more than {MAX_COPIES} values or 16 MiB of text"),
            )
            .at(head(span))
            .help("write fewer aliases of aliases"));
        }
        Ok(())
    }

    /// Whether the tag makes a text of the value; any tag but the one that says what is there anyway is refused.
    fn tag(&mut self, tag: Option<&Tag>, natural: &str, place: &Place) -> bool {
        let Some(tag) = tag else { return false };
        if tag.is_yaml_core_schema_tag(natural) || tag.original() == "!" {
            return natural == "str";
        }
        let span = place.tag_span().map_or_else(|| self.place(place), |place| self.place(&place));
        self.problems.push(
            Diagnostic::error("RC016", format!("the tag `{}` means nothing here", crate::scalar::shorten(&tag.original())))
                .at(span)
                .help("remove it; a choice is a map with one key, as in `{ lognormal: { median: 18 h, sigma: 0.8 } }`, and a text that starts with `!` stands in quotes"),
        );
        false
    }

    fn scan_error(&self, error: &ScanError) -> Diagnostic {
        use ErrorKind as E;
        let at = error.marker().byte_offset().unwrap_or(0).min(self.source.text.len());
        let text = &self.source.text;
        let mut start = text.floor_char_boundary(at);
        if start == text.len() {
            start = text.trim_end().len().saturating_sub(1);
            start = text.floor_char_boundary(start);
        }
        let next = text[start..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let span = self.span(start, start + next);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        match error.kind() {
            E::RecursionLimitExceeded => return too_deep().at(span),
            E::UnknownAnchor => {
                return Diagnostic::error("RC017", "this alias repeats an anchor that is not defined before it")
                    .at(span)
                    .help("write `&name` before the value that `*name` shall repeat; a text that starts with `*` stands in quotes");
            }
            E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabAtBlockScalarStart => {
                return Diagnostic::error("RC011", "a tab stands where YAML wants spaces")
                    .at(span)
                    .help("indent with spaces");
            }
            _ => {}
        }
        if let Some((call, start, end)) = call_in(line) {
            return Diagnostic::error(
                "RC012",
                format!("YAML cannot read `{}`", crate::scalar::shorten(&line[start..end])),
            )
            .at(self.span(line_start + start, line_start + end))
            .help(format!("write the distribution as a map with one key: `{{ {call}: {{ ... }} }}`"));
        }
        let help = match error.kind() {
            E::UnclosedFlowCollection { .. }
            | E::UnexpectedEofFlowMapping
            | E::UnexpectedEofFlowSequence
            | E::UnexpectedEofImplicitFlowMapping
            | E::ExpectedFlowMappingSeparator
            | E::ExpectedFlowSequenceSeparator
            | E::MisplacedFlowCollectionEnd
            | E::MismatchedFlowCollectionEnd { .. } => {
                "check that every `{` and `[` is closed and that `,` stands between the items"
            }
            E::UnclosedQuotedScalar | E::UnexpectedEof => "check that every quote is closed",
            E::InvalidBlockScalarHeader => "a value that starts with `>` or `|` stands in quotes",
            E::MappingValueNotAllowed | E::InvalidSimpleKey | E::SimpleKeyExpected => {
                "a value that contains `: ` stands in quotes; otherwise check the indentation and that every key has its `:`"
            }
            E::UnexpectedCharacter { .. } => {
                "a value that starts with `@`, `%` or a backtick stands in quotes"
            }
            _ => "check the indentation here and in the line above, and quote texts with special characters",
        };
        Diagnostic::error("RC010", format!("this is not valid YAML: {}", error.kind())).at(span).help(help)
    }
}

fn too_deep() -> Diagnostic {
    Diagnostic::error("RC014", format!("maps and lists are nested more than {MAX_DEPTH} deep"))
        .help("no scenario needs that depth; is this the right file?")
}

fn scalar(text: &str, quoted: bool) -> Value {
    Value::Scalar { text: text.to_owned(), quoted }
}

/// Collects the entries of a map behind `<<`, or of a list of maps.
fn merge(merged: &mut Vec<Entry>, node: Node) -> bool {
    match node.value {
        Value::Map(more) => merged.extend(more),
        Value::Seq(maps) => {
            for map in maps {
                let Value::Map(more) = map.value else { return false };
                merged.extend(more);
            }
        }
        _ => return false,
    }
    true
}

/// A map's own keys win over merged ones wherever `<<` stands, and earlier merged maps over later ones.
fn add_merged(entries: &mut Vec<Entry>, merged: Vec<Entry>) {
    if merged.is_empty() {
        return;
    }
    let mut known: BTreeSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    entries.extend(merged.into_iter().filter(|entry| known.insert(entry.key.clone())));
}

fn bytes(node: &Node) -> usize {
    match &node.value {
        Value::Null => 0,
        Value::Scalar { text, .. } => text.len(),
        Value::Seq(items) => items.iter().map(bytes).sum(),
        Value::Map(entries) => entries.iter().map(|entry| entry.key.len() + bytes(&entry.value)).sum(),
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Seq(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// Finds `word(... : ...)` in a line: the call that somebody wrote instead of a map with one key.
fn call_in(line: &str) -> Option<(&str, usize, usize)> {
    let open = line.find('(')?;
    let word = line[..open].rfind(|c: char| !c.is_ascii_alphabetic() && c != '-').map_or(0, |at| at + 1);
    let word = line.ceil_char_boundary(word);
    let end = line[open..].find(')').map_or(line.trim_end().len(), |at| open + at + 1);
    (word < open && line[open..end].contains(": ")).then(|| (&line[word..open], word, end))
}

#[cfg(test)]
pub(crate) mod tests;
