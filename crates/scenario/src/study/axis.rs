//! Axes: what is varied, and the settings that a level of an axis stands for.

use super::offsets::{self, Sum};
use crate::{
    diagnostic::{Diagnostic, Span},
    layers::Change,
    node::{Node, Value},
    path,
    scalar::{Kind, Measured, Stretch},
    schema::{self, PlanFile},
};

/// Something that is varied.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The path of a setting, or the name of a choice between blocks.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Its values.
    pub values: Levels,
    /// What its numbers are; `None` where it has texts.
    pub kind: Option<Kind>,
    /// The axis whose value its own is added to: its values are offsets then.
    pub plus: Option<usize>,
}

/// The values of an axis.
#[derive(Clone, Debug)]
pub enum Levels {
    /// One by one.
    Listed(Vec<Level>),
    /// Everything in a stretch, for the setting at a path.
    Stretch(Stretch, Vec<String>),
}

/// One value of an axis.
#[derive(Clone, Debug)]
pub struct Level {
    /// As it is written; for blocks its name.
    pub text: String,
    /// What it changes.
    pub changes: Vec<Change>,
}

impl Axis {
    /// How many values it lists; 0 for a stretch.
    pub fn levels(&self) -> usize {
        match &self.values {
            Levels::Listed(all) => all.len(),
            Levels::Stretch(..) => 0,
        }
    }

    /// The value of this number.
    pub fn level(&self, number: usize) -> Level {
        match &self.values {
            Levels::Listed(all) => all[number].clone(),
            Levels::Stretch(..) => self.at(0.5),
        }
    }

    /// Which of its listed values is this one: the same text, or the same quantity.
    pub fn position(&self, text: &str) -> Option<usize> {
        let Levels::Listed(all) = &self.values else { return None };
        let quantity: Option<Measured> = text.parse().ok();
        let same = |level: &Level| {
            level.text == text || quantity.is_some_and(|quantity| level.text.parse() == Ok(quantity))
        };
        all.iter().position(same)
    }

    /// The value with this text, as it is set; in a stretch, and on top of another axis, any quantity of its kind.
    pub fn named(&self, text: &str) -> Option<Level> {
        match &self.values {
            Levels::Listed(all) if self.plus.is_none() => {
                all.iter().find(|level| level.text == text).cloned()
            }
            Levels::Listed(_) | Levels::Stretch(..) => {
                let quantity: Measured = text.parse().ok()?;
                (Some(quantity.kind) == self.kind).then(|| self.set_to(text))
            }
        }
    }

    /// A value of an axis of quantities, listed or not.
    pub(super) fn set_to(&self, text: &str) -> Level {
        match &self.values {
            Levels::Listed(all) => {
                let keys = all[0].changes.first().map_or(&[][..], |change| &change.keys);
                level(keys, text, &self.span)
            }
            Levels::Stretch(_, keys) => level(keys, text, &self.span),
        }
    }

    /// The value at a place from 0 to 1.
    pub fn at(&self, place: f64) -> Level {
        match &self.values {
            Levels::Listed(all) => {
                let number = (place * all.len() as f64) as usize;
                all[number.min(all.len() - 1)].clone()
            }
            Levels::Stretch(stretch, keys) => level(keys, &stretch.at(place).to_string(), &self.span),
        }
    }
}

fn level(keys: &[String], text: &str, span: &Span) -> Level {
    let value = Node::scalar(text, span.clone());
    let change = Change { keys: keys.to_vec(), value, span: span.clone() };
    Level { text: text.to_owned(), changes: vec![change] }
}

/// The values of a range.
fn spread(stretch: &Stretch, keys: Vec<String>, span: &Span) -> Levels {
    match stretch.listed() {
        Some(all) => Levels::Listed(all.iter().map(|one| level(&keys, &one.to_string(), span)).collect()),
        None => Levels::Stretch(*stretch, keys),
    }
}

/// The axes of a plan.
pub(super) fn axes(plan: &Node, read: &PlanFile, problems: &mut Vec<Diagnostic>) -> Vec<Axis> {
    let Some(map) = plan.get("axes") else { return Vec::new() };
    let known = read.axes.iter().flat_map(|axes| axes.iter());
    let mut found: Vec<Axis> = Vec::new();
    let mut sums = Vec::new();
    for (name, form) in known {
        let Some(entry) = map.entry(name) else { continue };
        let span = entry.key_span.clone();
        let keys = || path::split(name).map_err(|problem| problem.at(span.clone()));
        let read = match form {
            schema::Axis::Values => keys().and_then(|keys| listed(&keys, &entry.value)),
            schema::Axis::Stretch(stretch) => keys().map(|keys| spread(stretch, keys, &entry.value.span)),
            schema::Axis::Offset(offset) => keys().map(|keys| {
                let (axis, of, span) = (found.len(), offset.of.clone(), entry.value.span.clone());
                sums.push(Sum { axis, of, span });
                spread(&offset.by, keys, &entry.value.span)
            }),
            schema::Axis::Blocks(_) => blocks(&entry.value),
        };
        match read {
            Ok(values) => {
                let kind = match (&values, form) {
                    (_, schema::Axis::Blocks(_)) => None,
                    (Levels::Stretch(stretch, _), _) => Some(stretch.from.kind),
                    (Levels::Listed(all), _) => common_kind(all),
                };
                found.push(Axis { name: name.to_owned(), span, values, kind, plus: None });
            }
            Err(problem) => problems.push(problem),
        }
    }
    twice(&found, problems);
    offsets::tie(&mut found, sums, map, problems);
    found
}

/// Two axes must not decide the same setting: the second would hide the first.
fn twice(axes: &[Axis], problems: &mut Vec<Diagnostic>) {
    let paths = |axis: &Axis| -> Vec<Vec<String>> {
        match &axis.values {
            Levels::Listed(all) => all.iter().flat_map(|l| &l.changes).map(|c| c.keys.clone()).collect(),
            Levels::Stretch(_, keys) => vec![keys.clone()],
        }
    };
    for (i, axis) in axes.iter().enumerate() {
        let ours = paths(axis);
        let clash = axes[..i].iter().find(|other| {
            let theirs = paths(other);
            let meets = |a: &Vec<String>, b: &Vec<String>| a.iter().zip(b).all(|(a, b)| a == b);
            ours.iter().any(|a| theirs.iter().any(|b| meets(a, b)))
        });
        if let Some(other) = clash {
            let message = format!("the axes `{}` and `{}` decide the same setting", other.name, axis.name);
            let help = "join them into one axis of blocks, or leave one out";
            problems.push(Diagnostic::error("RC220", message).at(axis.span.clone()).help(help));
        }
    }
}

fn listed(keys: &[String], list: &Node) -> Result<Levels, Diagnostic> {
    if list.items().is_empty() {
        let message = format!("the axis `{}` has no value", path::join(keys));
        return Err(Diagnostic::error("RC234", message)
            .at(list.span.clone())
            .help("list its values, as in `[100, 200]`"));
    }
    let all = list.items().iter().map(|item| {
        let text = match &item.value {
            Value::Scalar { text, .. } => text.clone(),
            Value::Null => {
                let message = "a value of an axis is missing";
                return Err(Diagnostic::error("RC105", message)
                    .at(item.span.clone())
                    .help("write it, or remove it"));
            }
            _ => serde_json::to_string(&item.to_json()).unwrap_or_default(),
        };
        let change = Change { keys: keys.to_vec(), value: item.clone(), span: item.span.clone() };
        Ok(Level { text, changes: vec![change] })
    });
    let all: Vec<Level> = all.collect::<Result<_, _>>()?;
    // `24 h` is `1 d`.
    let quantities: Vec<Option<Measured>> = all.iter().map(|level| level.text.parse().ok()).collect();
    let equal = |i: usize, j: usize| match (quantities[i], quantities[j]) {
        (Some(a), Some(b)) => a.kind == b.kind && a.value == b.value,
        _ => all[i].text == all[j].text,
    };
    for (i, one) in all.iter().enumerate() {
        if (0..i).any(|j| equal(i, j)) {
            let message = format!("the axis `{}` lists `{}` twice", path::join(keys), one.text);
            let place = list.items()[i].span.clone();
            return Err(Diagnostic::error("RC234", message).at(place).help("leave one of the two out"));
        }
    }
    Ok(Levels::Listed(all))
}

fn blocks(map: &Node) -> Result<Levels, Diagnostic> {
    if map.entries().is_empty() {
        let help =
            "write blocks of settings by name, as in `{ slow: { rings.Fast.deferral: 9 d }, fast: {} }`";
        return Err(Diagnostic::error("RC234", "an axis of blocks has no block")
            .at(map.span.clone())
            .help(help));
    }
    let block = |entry: &crate::node::Entry| {
        let changes: Vec<Change> = entry.value.entries().iter().map(Change::of).collect::<Result<_, _>>()?;
        Ok(Level { text: entry.key.clone(), changes })
    };
    Ok(Levels::Listed(map.entries().iter().map(block).collect::<Result<_, Diagnostic>>()?))
}

/// The kind of all values, if they are quantities of one kind.
fn common_kind(all: &[Level]) -> Option<Kind> {
    let kinds: Option<Vec<Kind>> =
        all.iter().map(|level| level.text.parse::<Measured>().ok().map(|m| m.kind)).collect();
    let kinds = kinds?;
    kinds.iter().all(|kind| *kind == kinds[0]).then(|| kinds[0])
}
