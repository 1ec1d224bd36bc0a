//! The effective scenario: general defaults below the profile of the service, below the file, below `--set`.
//!
//! Defaults and profiles are flat lists of (path, value, origin). A default fills a path that nothing above it
//! has. In `rings`, `fleet.habits` and `device.failures` a map that the file writes is complete: defaults
//! that name a ring or a failure hold only where the file names it too, and those that name a habit not at
//! all. `*` stands for every member there is.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    node::{Entry, Node, Value},
    overrides, path, suggest, yaml,
};

const BASE: &str = include_str!("../defaults/base.yaml");
const PROFILES: [(&str, &str); 3] = [
    ("autopatch/2022-08", include_str!("../profiles/autopatch-2022-08.yaml")),
    ("autopatch/2023-05", include_str!("../profiles/autopatch-2023-05.yaml")),
    ("autopatch/2025-03", include_str!("../profiles/autopatch-2025-03.yaml")),
];

/// Maps whose members are a matter of the scenario: written, they are complete.
const COMPLETE: [&str; 3] = ["rings", "fleet.habits", "device.failures"];

/// Where an effective value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written in the scenario file.
    File {
        /// The line, from 1.
        line: usize,
    },
    /// Given by `--set`.
    Set,
    /// A published figure; with the profile that holds it, if one does.
    Published {
        /// The profile.
        profile: Option<&'static str>,
        /// Title and date of what was published.
        source: String,
    },
    /// An assumption with its plausible range.
    Assumption {
        /// The profile.
        profile: Option<&'static str>,
        /// The plausible range or what else could be assumed.
        range: String,
    },
    /// How the program counts.
    Convention(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let from = |profile: &Option<&'static str>| profile.map_or(String::new(), |p| format!("{p}: "));
        match self {
            Origin::File { line } => write!(f, "line {line}"),
            Origin::Set => f.write_str("--set"),
            Origin::Published { profile, source } => write!(f, "{}published, {source}", from(profile)),
            Origin::Assumption { profile, range } => write!(f, "{}assumption, {range}", from(profile)),
            Origin::Convention(why) => write!(f, "default, {why}"),
        }
    }
}

/// A default or a line of a profile.
#[derive(Clone, Debug)]
pub struct Default {
    /// Keys of its path; `*` for every name.
    pub path: Vec<String>,
    /// Its value.
    pub value: Node,
    /// Where it comes from.
    pub origin: Origin,
    /// Path that makes it void.
    unless: Option<String>,
}

/// A scenario with everything filled in.
#[derive(Clone, Debug)]
pub struct Layered {
    /// The effective tree; what the file wrote keeps its place.
    pub root: Node,
    /// The profile, if the scenario names one.
    pub profile: Option<&'static str>,
    /// Name of the file.
    pub file: String,
    /// Origins of what was filled in, by path.
    filled: BTreeMap<Vec<String>, Origin>,
}

/// Names of the profiles, oldest first.
pub fn profiles() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}

/// The general defaults (`None`) or those of a profile.
pub fn defaults(profile: Option<&'static str>) -> Vec<Default> {
    let text = profile.map_or(BASE, |name| {
        PROFILES.iter().find(|(known, _)| *known == name).expect("invariant: a known profile").1
    });
    let source = Arc::new(Source { name: profile.unwrap_or("defaults").into(), text: text.into() });
    let root = yaml::parse(source).expect("invariant: shipped defaults are valid YAML");
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    root.entries()
        .iter()
        .map(|Entry { key, value, .. }| {
            let origin = if let Some(source) = text(value, "source") {
                Origin::Published { profile, source }
            } else if let Some(range) = text(value, "assumption") {
                Origin::Assumption { profile, range }
            } else {
                Origin::Convention(text(value, "convention").expect("invariant: each default has an origin"))
            };
            Default {
                path: path::split(key).expect("invariant: paths of shipped defaults are valid"),
                value: value.get("value").expect("invariant: each default has a value").clone(),
                origin,
                unless: text(value, "unless"),
            }
        })
        .collect()
}

/// Lays the defaults under a scenario file and `sets` (`path=value`) over it.
///
/// # Errors
/// Settings that cannot be applied, an unknown service, both `release` and `releases`.
pub fn effective(file: &Node, sets: &[String]) -> Result<Layered, Vec<Diagnostic>> {
    let mut root = file.clone();
    let mut problems: Vec<Diagnostic> = Vec::new();
    for set in sets {
        if let Err(found) = overrides::apply(&mut root, set) {
            problems.extend(found);
        }
    }
    problems.extend(release_into_releases(&mut root));
    let profile = match profile_of(&root) {
        Ok(profile) => profile,
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let name = file.span.source.name.clone();
    let mut layered = Layered { root, profile, file: name, filled: BTreeMap::new() };
    layered.fill();
    if problems.is_empty() { Ok(layered) } else { Err(problems) }
}

/// `release: {...}` is short for `releases: { release: {...} }`.
fn release_into_releases(root: &mut Node) -> Option<Diagnostic> {
    let both = root.get("releases").is_some();
    let Value::Map(entries) = &mut root.value else { return None };
    let at = entries.iter().position(|entry| entry.key == "release")?;
    if both {
        return Some(
            Diagnostic::error("RC151", "a scenario has either `release` or `releases`")
                .at(entries[at].key_span.clone())
                .help("move the release into `releases` under a name of its own"),
        );
    }
    let one = entries.remove(at);
    let (span, key_span) = (one.value.span.clone(), one.key_span.clone());
    let value = Node { value: Value::Map(vec![one]), span };
    entries.insert(at, Entry { key: "releases".into(), key_span, value });
    None
}

fn profile_of(root: &Node) -> Result<Option<&'static str>, Diagnostic> {
    let Some(node) = root.get("service") else { return Ok(None) };
    let Some(name) = node.text() else { return Ok(None) };
    if let Some(found) = profiles().find(|known| *known == name) {
        return Ok(Some(found));
    }
    let near = suggest::did_you_mean(name, profiles());
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known services: {}", suggest::list(&profiles().collect::<Vec<_>>(), 20)),
    };
    Err(Diagnostic::error("RC150", format!("`{name}` is no service that Rollcast knows"))
        .at(node.span.clone())
        .help(help))
}

impl Layered {
    fn fill(&mut self) {
        let written: Vec<&str> = COMPLETE.into_iter().filter(|map| self.root.at(map).is_some()).collect();
        let layers = [self.profile.map(|p| defaults(Some(p))), Some(defaults(None))];
        for layer in layers.into_iter().flatten() {
            // Members first, so that `*` finds them.
            let (some, every): (Vec<_>, Vec<_>) =
                layer.into_iter().partition(|d| !d.path.contains(&"*".into()));
            for default in &some {
                if self.holds(default, &written) {
                    self.put(&default.path, default);
                }
            }
            for default in &every {
                let star = default.path.iter().position(|key| key == "*").unwrap_or(0);
                let members: Vec<String> = self
                    .root
                    .at(&path::join(&default.path[..star]))
                    .map_or(Vec::new(), |map| map.entries().iter().map(|entry| entry.key.clone()).collect());
                for member in members {
                    let mut path = default.path.clone();
                    path[star] = member;
                    self.put(&path, default);
                }
            }
        }
    }

    /// Whether a default that names a member of a map holds for this scenario.
    fn holds(&self, default: &Default, written: &[&str]) -> bool {
        let Some(map) = COMPLETE.into_iter().find(|map| {
            let depth = map.split('.').count();
            default.path.len() > depth && path::join(&default.path[..depth]) == **map
        }) else {
            return true;
        };
        let depth = map.split('.').count();
        let member = path::join(&default.path[..=depth]);
        if written.contains(&map) {
            // A ring that the service knows keeps what the service says of it; a habit that somebody writes
            // has what they write, whatever its name.
            return map != "fleet.habits" && self.root.at(&member).is_some();
        }
        // The one ring of a scenario without rings is not wanted beside those of a profile.
        let from_profile = !matches!(default.origin, Origin::Convention(_));
        map != "rings" || from_profile || self.profile.is_none()
    }

    fn put(&mut self, keys: &[String], default: &Default) {
        let void = default.unless.as_ref().is_some_and(|path| self.root.at(path).is_some());
        if void || self.root.at(&path::join(keys)).is_some() {
            return;
        }
        // A parent of the wrong kind is reported when the tree is read.
        if overrides::set(&mut self.root, keys, default.value.clone(), &default.value.span).is_ok() {
            self.filled.insert(keys.to_vec(), default.origin.clone());
        }
    }

    /// Where the value at `keys` comes from.
    pub fn origin(&self, keys: &[String]) -> Origin {
        for depth in (1..=keys.len()).rev() {
            if let Some(origin) = self.filled.get(&keys[..depth]) {
                return origin.clone();
            }
        }
        let span: Span = self.root.locate(&path::join(keys));
        if span.source.name == "--set" { Origin::Set } else { Origin::File { line: span.line_column().0 } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(text: &str, sets: &[&str]) -> Layered {
        let source = Arc::new(Source { name: "test.yaml".into(), text: text.into() });
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        effective(&yaml::parse(source).expect("valid YAML"), &sets).expect("a scenario")
    }

    fn text(layered: &Layered, path: &str) -> Option<String> {
        layered.root.at(path).and_then(Node::text).map(str::to_owned)
    }

    #[test]
    fn ring_tables_of_the_profiles() {
        // (deferral, deadline, grace) in days, as published.
        type Table = &'static [(&'static str, [i64; 3])];
        let tables: [(&str, Table); 3] = [
            (
                "autopatch/2022-08",
                &[("Test", [0, 0, 0]), ("First", [1, 2, 2]), ("Fast", [6, 2, 2]), ("Broad", [9, 5, 2])],
            ),
            (
                "autopatch/2023-05",
                &[
                    ("Test", [0, 0, 0]),
                    ("Ring1", [1, 2, 2]),
                    ("Ring2", [6, 2, 2]),
                    ("Ring3", [9, 5, 2]),
                    ("Last", [11, 3, 2]),
                ],
            ),
            (
                "autopatch/2025-03",
                &[
                    ("Test", [0, 0, 0]),
                    ("Ring1", [1, 2, 2]),
                    ("Ring2", [5, 2, 2]),
                    ("Ring3", [9, 5, 2]),
                    ("Last", [10, 3, 2]),
                ],
            ),
        ];
        for (service, rings) in tables {
            let layered = layered(&format!("service: {service}\n"), &[]);
            let names: Vec<&str> =
                layered.root.at("rings").expect("rings").entries().iter().map(|e| e.key.as_str()).collect();
            assert_eq!(names, rings.iter().map(|r| r.0).collect::<Vec<_>>());
            for (ring, days) in rings {
                for (key, days) in ["deferral", "deadline", "grace"].iter().zip(days) {
                    assert_eq!(text(&layered, &format!("rings.{ring}.{key}")), Some(format!("{days} d")));
                }
            }
        }
    }

    #[test]
    fn what_is_written_wins_and_written_rings_are_all_there_are() {
        let l = layered(
            "service: autopatch/2022-08\nrings: { Pilot: { size: 5 }, Fast: { deferral: 3 d } }\nrelease: { size: 1 GB }\n",
            &["rings.Fast.grace=1 d"],
        );
        let names: Vec<&str> =
            l.root.at("rings").expect("rings").entries().iter().map(|e| e.key.as_str()).collect();
        assert_eq!(names, ["Pilot", "Fast"]);
        assert_eq!(text(&l, "rings.Fast.deferral").as_deref(), Some("3 d"));
        assert_eq!(text(&l, "rings.Fast.deadline").as_deref(), Some("2 d"));
        assert_eq!(text(&l, "rings.Fast.grace").as_deref(), Some("1 d"));
        assert_eq!(text(&l, "rings.Pilot.deadline").as_deref(), Some("none"));
        assert_eq!(text(&l, "releases.release.size").as_deref(), Some("1 GB"));
        let keys = |path: &str| path::split(path).expect("a path");
        assert_eq!(l.origin(&keys("rings.Fast.deferral")), Origin::File { line: 2 });
        assert_eq!(l.origin(&keys("rings.Fast.grace")), Origin::Set);
        assert!(matches!(l.origin(&keys("rings.Fast.deadline")), Origin::Published { profile: Some(_), .. }));
        assert!(matches!(l.origin(&keys("device.install.takes")), Origin::Assumption { .. }));
    }

    #[test]
    fn choosing_one_variant_voids_the_defaults_of_the_other() {
        let l = layered("service: autopatch/2022-08\ndevice: { scan: { wait: 0 h to 22 h } }\n", &[]);
        assert!(l.root.at("device.scan.every").is_none() && l.root.at("device.scan.jitter").is_none());
        let l = layered("service: autopatch/2025-03\n", &[]);
        assert!(l.root.at("objective.within").is_none());
        let l = layered("service: autopatch/2025-03\nobjective: { within: 14 d }\n", &[]);
        assert!(l.root.at("objective.after-deadline").is_none());
        let l = layered("device: { failures: {} }\n", &[]);
        assert_eq!(l.root.at("device.failures").map(Node::count), Some(1));
        assert!(l.root.at("rings.everyone.size").is_some());
    }
}
