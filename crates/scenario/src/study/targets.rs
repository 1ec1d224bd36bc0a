//! Changes that reach into something that is not there, such as a ring of another name: they would make a new one behind
//! the planner's back.

use super::{Levels, Study};
use crate::{
    diagnostic::{Diagnostic, Span},
    layers::{self, Change},
    node::Node,
    path, suggest,
};

impl Study {
    /// What the settings of the plan, a strategy and the axes that vary it reach into and is not there. What the
    /// scenario itself has wrong is reported where it is loaded.
    pub fn astray(&self, strategy: usize) -> Vec<Diagnostic> {
        let file = &self.base(strategy).root;
        let root = |changes: &[Change]| layers::effective(file, changes).ok().map(|layered| layered.root);
        let mut below = self.sets.clone();
        let mut problems = Vec::new();
        for group in [&self.common, &self.strategies[strategy].changes] {
            let Some(so_far) = root(&below) else { return problems };
            let lost = astray(group, &so_far);
            if !lost.is_empty() {
                // A change beside them, such as another service, may bring what they reach into.
                let found = |change: &&Change| !lost.iter().any(|other| std::ptr::eq(*other, *change));
                let others: Vec<Change> = below.iter().chain(group.iter().filter(found)).cloned().collect();
                let with_others = root(&others).unwrap_or(so_far);
                let lost = lost.into_iter().filter(|change| is_astray(&change.keys, &with_others));
                problems.extend(lost.map(|change| no_setting(&change.keys, &with_others, &change.span)));
            }
            below.extend(group.iter().cloned());
        }
        if strategy == self.vary
            && problems.is_empty()
            && let Some(root) = root(&below)
        {
            for axis in &self.axes {
                let levels = match &axis.values {
                    Levels::Listed(all) => all.as_slice(),
                    Levels::Stretch(..) => &[axis.at(0.5)],
                };
                let lost = levels.iter().flat_map(|level| astray(&level.changes, &root));
                problems.extend(lost.map(|change| no_setting(&change.keys, &root, &axis.span)));
            }
        }
        problems
    }
}

/// Changes that reach into nothing, where each may build on those before it.
fn astray<'a>(changes: &'a [Change], root: &Node) -> Vec<&'a Change> {
    if !changes.iter().any(|change| is_astray(&change.keys, root)) {
        return Vec::new();
    }
    let mut draft = root.clone();
    let lost = |change: &&Change| {
        let lost = is_astray(&change.keys, &draft);
        if !lost {
            // One that cannot be applied is reported where the scenario is loaded.
            drop(change.put(&mut draft));
        }
        lost
    };
    changes.iter().filter(lost).collect()
}

/// True if what a path of three or more keys would stand in is not there.
pub(crate) fn is_astray(keys: &[String], root: &Node) -> bool {
    keys.len() >= 3 && root.at(&path::join(&keys[..keys.len() - 1])).is_none()
}

/// A path that leads to nothing in an effective scenario.
pub(crate) fn no_setting(keys: &[String], root: &Node, span: &Span) -> Diagnostic {
    let mut here = root;
    let mut depth = 0;
    while let Some(next) = keys.get(depth).and_then(|key| here.get(key)) {
        (here, depth) = (next, depth + 1);
    }
    let lacks = keys.get(depth).map_or("", String::as_str);
    let known: Vec<&str> = here.entries().iter().map(|entry| entry.key.as_str()).collect();
    let place = if depth == 0 { "the scenario".into() } else { format!("`{}`", path::join(&keys[..depth])) };
    let help = suggest::way_out(lacks, &known, &format!("{place} ends there"));
    Diagnostic::error("RC112", format!("{place} has no `{lacks}`")).at(span.clone()).help(help)
}
