//! Settings of which only a distribution is known: what is drawn for them in a replication.
//!
//! They stand in `uncertain` by path; the share of a defect may also hold the distribution itself. A value is drawn by
//! an address of (seed, replication, path), so every strategy meets the same world in the same replication.

use rollcast_core::draws::{Luck, Purpose, hash64, low64};

use crate::{
    de::{self, Named},
    diagnostic::{Diagnostic, Severity, Span},
    layers::{Change, at_home},
    node::{Node, Value},
    path,
    scalar::Unsure,
    study,
};

/// One uncertain setting.
#[derive(Clone, Debug)]
pub struct Uncertain {
    /// Its path.
    pub keys: Vec<String>,
    /// What is known of it.
    pub unsure: Unsure,
    /// Where that stands.
    pub(crate) span: Span,
    /// True if it stands in the place of the value itself.
    inline: bool,
}

/// Which values uncertain settings take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// One in the middle: for what must be known before anything is drawn.
    Middle,
    /// Those of a replication.
    Drawn {
        /// The seed.
        seed: u64,
        /// The replication.
        replication: u32,
    },
    /// The extreme value number `pick` of the setting number `which`, the others in the middle.
    Extreme {
        /// Which setting.
        which: usize,
        /// Which of its extremes.
        pick: usize,
    },
}

/// The uncertain settings of a scenario (`root`, with `changes` in place). A setting in `uncertain` that a change decides
/// is certain there.
///
/// # Errors
/// What cannot be read.
pub fn find(root: &Node, changes: &[Change]) -> Result<Vec<Uncertain>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    if let Some(map) = root.get("uncertain") {
        let (read, wrong) = de::from_node::<Named<Unsure>>(map);
        problems.extend(wrong.into_iter().filter(|p| p.severity == Severity::Error));
        for (key, unsure) in read.unwrap_or_default().0 {
            let entry = map.entry(&key);
            let span = entry.map_or_else(|| map.span.clone(), |entry| entry.value.span.clone());
            match path::split(&key) {
                Ok(keys) => {
                    let keys = at_home(&keys, root);
                    let certain = changes.iter().any(|change| {
                        let home = Change { keys: at_home(&change.keys, root), ..change.clone() };
                        home.touches(&keys) && home.keys[0] != "uncertain"
                    });
                    if !certain {
                        found.push(Uncertain { keys, unsure, span, inline: false });
                    }
                }
                Err(problem) => problems.push(problem.at(entry.map(|entry| entry.key_span.clone()))),
            }
        }
    }
    for (name, share) in shares(root) {
        let (read, wrong) = de::from_node::<Unsure>(share);
        match read.filter(|_| wrong.is_empty()) {
            Some(unsure) => found.push(Uncertain {
                keys: ["defects", name, "share"].map(str::to_owned).to_vec(),
                unsure,
                span: share.span.clone(),
                inline: true,
            }),
            None => problems.extend(wrong),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Shares of defects that are a distribution: `1% to 30%`, `{ beta: ... }`.
fn shares(root: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let defects = root.get("defects").map_or(&[][..], Node::entries);
    let known = ["beta", "triangular", "lognormal", "one-of"];
    defects.iter().filter_map(move |defect| {
        let share = defect.value.get("share")?;
        let unsure = match &share.value {
            Value::Scalar { text, .. } => text.contains(" to "),
            Value::Map(entries) => matches!(&entries[..], [one] if known.contains(&one.key.as_str())),
            _ => false,
        };
        unsure.then_some((defect.key.as_str(), share))
    })
}

impl Uncertain {
    /// The setting with one of its extreme values, as `--set` would write it.
    pub(crate) fn told_at(&self, pick: usize) -> String {
        let mut all = self.unsure.extremes();
        format!("{}={}", path::join(&self.keys), all.swap_remove(pick.min(all.len() - 1)))
    }

    fn value(&self, world: World, number: usize) -> String {
        match world {
            World::Extreme { which, pick } if which == number => {
                let mut all = self.unsure.extremes();
                all.swap_remove(pick.min(all.len() - 1))
            }
            World::Middle | World::Extreme { .. } => self.unsure.middle(),
            World::Drawn { seed, replication } => {
                let entity = hash64(path::join(&self.keys).as_bytes());
                let word = low64(Luck::new(seed, replication).block(entity, Purpose::Setting, 0));
                self.unsure.at((word as f64 + 0.5) / 18_446_744_073_709_551_616.0)
            }
        }
    }
}

/// What the settings are in a world: changes that lie below those of a strategy, and changes that lie above them, for
/// distributions that stand in the place of a value.
pub fn draw(all: &[Uncertain], world: World) -> (Vec<Change>, Vec<Change>) {
    let change = |(number, one): (usize, &Uncertain)| {
        let value = Node::scalar(one.value(world, number), one.span.clone());
        (one.inline, Change { keys: one.keys.clone(), value, span: one.span.clone() })
    };
    let (above, below): (Vec<_>, Vec<_>) =
        all.iter().enumerate().map(change).partition(|(inline, _)| *inline);
    let only = |pairs: Vec<(bool, Change)>| pairs.into_iter().map(|(_, change)| change).collect();
    (only(below), only(above))
}

/// Settings that stand in something that is not there (`root`: the effective scenario without draws): a draw would make a
/// new ring behind the planner's back.
pub(crate) fn astray(all: &[Uncertain], root: &Node) -> Vec<Diagnostic> {
    let lost = all.iter().filter(|one| study::is_astray(&one.keys, root));
    lost.map(|one| study::no_setting(&one.keys, root, &one.span)).collect()
}

/// Every world in which one setting takes an extreme value.
pub fn extremes(all: &[Uncertain]) -> impl Iterator<Item = World> {
    all.iter().enumerate().flat_map(|(which, one)| {
        (0..one.unsure.extremes().len()).map(move |pick| World::Extreme { which, pick })
    })
}

/// One line for each setting, for a digest and for people.
pub fn told(all: &[Uncertain]) -> Vec<String> {
    all.iter().map(|one| format!("{}: {}", path::join(&one.keys), one.unsure)).collect()
}
