//! The effective scenario: general defaults below the profile of the service, below the file, below `--set`.
//!
//! Defaults and profiles are flat lists of (path, value, origin). A default fills a path that nothing above it
//! has. In `rings`, `fleet.habits` and `device.failures` a map that the file writes is complete: defaults
//! that name a ring or a failure hold only where the file names it too, and those that name a habit not at
//! all. A setting that reaches into such a map (`rings.Ring1.size=800`) changes the members that are there, it
//! takes none away; one that gives the map itself (`rings={ ... }`) writes it. `*` stands for every member there
//! is.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    node::{Entry, Node, Value, nowhere},
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
    /// Given by another file: a plan that changes this scenario.
    Plan {
        /// Its name.
        file: String,
        /// The line, from 1.
        line: usize,
    },
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
            Origin::Plan { file, line } => write!(f, "{file}:{line}"),
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
    /// Paths of which each makes it void.
    unless: Vec<String>,
    /// Paths (or `path = value`, or several joined by ` or `) without each of which it does not hold.
    with: Vec<String>,
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
    /// Names of the sources of changes.
    sources: Vec<String>,
    /// Origins of what was filled in, by path.
    filled: BTreeMap<Vec<String>, Origin>,
}

/// Names of the profiles, oldest first.
pub fn profiles() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}

/// The general defaults (`None`) or those of a profile.
pub fn defaults(profile: Option<&'static str>) -> &'static [Default] {
    // Read when they are first asked for, and kept: a sweep lays them under thousands of scenarios.
    static READ: [OnceLock<Vec<Default>>; PROFILES.len() + 1] =
        [const { OnceLock::new() }; PROFILES.len() + 1];
    let at = profile.map_or(PROFILES.len(), |name| {
        profiles().position(|known| known == name).expect("invariant: a known profile")
    });
    READ[at].get_or_init(|| read_defaults(profile))
}

fn read_defaults(profile: Option<&'static str>) -> Vec<Default> {
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
                unless: value.get("unless").map_or(Vec::new(), texts),
                with: value.get("with").map_or(Vec::new(), texts),
            }
        })
        .collect()
}

/// The text of a single value, or those of a list.
fn texts(node: &Node) -> Vec<String> {
    node.text().into_iter().chain(node.items().iter().filter_map(Node::text)).map(str::to_owned).collect()
}

/// Lays the defaults under a scenario file and changes over it, the last one on top.
///
/// # Errors
/// Changes that cannot be applied, an unknown service, both `release` and `releases`.
pub fn effective(file: &Node, changes: &[Change]) -> Result<Layered, Vec<Diagnostic>> {
    let mut root = file.clone();
    let mut problems: Vec<Diagnostic> = release_into_releases(&mut root).into_iter().collect();
    let named_twice = !problems.is_empty();
    let mut written: Vec<&str> = COMPLETE.into_iter().filter(|map| root.at(map).is_some()).collect();
    for change in changes {
        problems.extend(change.apply(&mut root, &mut written));
    }
    if !named_twice {
        problems.extend(release_into_releases(&mut root));
    }
    let profile = match profile_of(&root) {
        Ok(profile) => profile,
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    // Defaults go to each member, so too many are refused before.
    let many: Vec<Diagnostic> = MOST.into_iter().filter_map(|most| too_many(&root, most)).collect();
    if !many.is_empty() {
        problems.extend(many);
        return Err(problems);
    }
    let name = file.span.source.name.clone();
    let sources = changes.iter().map(|change| change.span.source.name.clone()).collect();
    let mut layered = Layered { root, profile, file: name, sources, filled: BTreeMap::new() };
    layered.fill(&written);
    if problems.is_empty() { Ok(layered) } else { Err(problems) }
}

/// Maps by name with the most members that they may have.
const MOST: [(&str, usize); 4] =
    [("defects", 250), ("people", 1_000), ("rules", 1_000), ("decisions", 1_000)];

fn too_many(root: &Node, (map, most): (&str, usize)) -> Option<Diagnostic> {
    let entry = root.entry(map)?;
    let members = entry.value.entries().len();
    (members > most).then(|| {
        Diagnostic::error(
            "RC212",
            format!("{members} {map} are more than the {most} that a scenario may have"),
        )
        .at(entry.key_span.clone())
        .help("join some of them, or leave some out")
    })
}

/// A value that is put at a path of a scenario: by `--set`, a strategy, an axis, a member of a release bank.
#[derive(Clone, Debug)]
pub struct Change {
    /// The path.
    pub keys: Vec<String>,
    /// What stands there then.
    pub value: Node,
    /// Where the path was typed.
    pub span: Span,
}

impl Change {
    /// Reads a setting (`path=value`) by applying it to nothing: what stands then are the maps on its way, and its
    /// value.
    ///
    /// # Errors
    /// A text that is no setting.
    pub fn parse(set: &str) -> Result<Change, Vec<Diagnostic>> {
        let mut value = Node::map([], nowhere("--set"));
        overrides::apply(&mut value, set)?;
        let span = value.entries().first().expect("invariant: a path has a key").key_span.clone();
        let keys = path::split(&set[..span.end]).expect("invariant: the path was read before");
        for key in &keys {
            value = value.get(key).expect("invariant: the value stands at the path").clone();
        }
        Ok(Change { keys, value, span })
    }

    /// All settings of a command line.
    ///
    /// # Errors
    /// The texts that are no settings.
    pub fn parse_all(sets: &[String]) -> Result<Vec<Change>, Vec<Diagnostic>> {
        let (mut changes, mut problems) = (Vec::new(), Vec::new());
        for set in sets {
            match Change::parse(set) {
                Ok(change) => changes.push(change),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(changes) } else { Err(problems) }
    }

    /// The entry of a map of changes: its key is a path.
    ///
    /// # Errors
    /// A key that is no path.
    pub fn of(entry: &Entry) -> Result<Change, Diagnostic> {
        let keys = path::split(&entry.key).map_err(|problem| problem.at(entry.key_span.clone()))?;
        Ok(Change { keys, value: entry.value.clone(), span: entry.key_span.clone() })
    }

    /// Whether it decides what stands at `path`: it is at the path, above it or below it.
    pub fn touches(&self, path: &[String]) -> bool {
        self.keys.iter().zip(path).all(|(a, b)| a == b)
    }

    /// Puts it into a tree.
    ///
    /// # Errors
    /// A path that leads nowhere.
    pub fn put(&self, root: &mut Node) -> Result<(), Diagnostic> {
        overrides::set(root, &at_home(&self.keys, root), self.value.clone(), &self.span)
    }

    fn apply(&self, root: &mut Node, written: &mut Vec<&'static str>) -> Option<Diagnostic> {
        let keys = at_home(&self.keys, root);
        let problem = self.put(root).err();
        for map in COMPLETE {
            if map.split('.').take(keys.len()).eq(keys.iter().map(String::as_str)) {
                written.retain(|known| *known != map);
                written.extend(root.at(map).map(|_| map));
            }
        }
        problem
    }
}

/// The one release of a file can be reached by its short name and by the path that `explain` prints.
pub fn at_home(keys: &[String], root: &Node) -> Vec<String> {
    let one = root.get("releases").is_none_or(|releases| releases.get("release").is_some());
    let short = keys.first().is_some_and(|key| key == "release") && one;
    short.then(|| "releases".to_owned()).into_iter().chain(keys.iter().cloned()).collect()
}

/// `release: {...}` is short for `releases: { release: {...} }`.
fn release_into_releases(root: &mut Node) -> Option<Diagnostic> {
    let names: Option<Vec<String>> =
        root.get("releases").map(|all| all.entries().iter().map(|entry| entry.key.clone()).collect());
    let Value::Map(entries) = &mut root.value else { return None };
    let at = entries.iter().position(|entry| entry.key == "release")?;
    if let Some(names) = names {
        let place = entries[at].key_span.clone();
        let help = match names.first() {
            Some(name) if place.source.name == "--set" => {
                format!(
                    "write `releases.{}...`; the scenario has {}",
                    path::join(&[name]),
                    suggest::list(&names, 20)
                )
            }
            _ => "move the release into `releases` under a name of its own".into(),
        };
        return Some(
            Diagnostic::error("RC151", "a scenario has either `release` or `releases`").at(place).help(help),
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
    fn fill(&mut self, written: &[&str]) {
        let layers = [self.profile.map(|p| defaults(Some(p))), Some(defaults(None))];
        for layer in layers.into_iter().flatten() {
            // Members first, so that `*` finds them.
            let (some, every): (Vec<&Default>, Vec<&Default>) =
                layer.iter().partition(|d| !d.path.contains(&"*".into()));
            for default in some {
                if self.holds(default, written) {
                    self.put(&default.path, default);
                }
            }
            for default in every {
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
        // A member that a setting names was there before the defaults were; its place among them is not new.
        for map in COMPLETE.into_iter().filter(|map| !written.contains(map)) {
            let keys: Vec<&str> = map.split('.').collect();
            let named = layers.into_iter().flatten().flatten().filter(|default| {
                default.path.len() > keys.len() && default.path.iter().zip(&keys).all(|(a, b)| a == b)
            });
            let order: Vec<&str> = named.map(|default| default.path[keys.len()].as_str()).collect();
            if let Some(Value::Map(entries)) = at_mut(&mut self.root, &keys).map(|node| &mut node.value) {
                entries.sort_by_key(|entry| {
                    order.iter().position(|name| *name == entry.key).unwrap_or(order.len())
                });
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
        let void = default.unless.iter().any(|path| self.root.at(path).is_some());
        let has = |with: &String| with.split(" or ").any(|one| self.has(one, keys, default));
        let lacks = !default.with.iter().all(has);
        if void || lacks || self.root.at(&path::join(keys)).is_some() {
            return;
        }
        // A key without a value is a slip, which a default must not cover.
        let bare = |depth| self.root.at(&path::join(&keys[..depth])).is_some_and(|n| n.value == Value::Null);
        if (1..keys.len()).any(bare) {
            return;
        }
        // A parent of the wrong kind is reported when the tree is read.
        if overrides::set(&mut self.root, keys, default.value.clone(), &default.value.span).is_ok() {
            self.filled.insert(keys.to_vec(), default.origin.clone());
        }
    }

    /// Whether what a default asks for stands in the scenario; its `*` is the member in hand.
    fn has(&self, with: &str, keys: &[String], default: &Default) -> bool {
        let (wanted, value) =
            with.split_once(" = ").map_or((with, None), |(path, value)| (path, Some(value)));
        let star = default.path.iter().position(|key| key == "*");
        let member = star.map_or(String::new(), |star| path::join(&keys[star..=star]));
        let found = self.root.at(&wanted.replace('*', &member));
        found.is_some_and(|node| value.is_none_or(|value| node.text() == Some(value)))
    }

    /// Where the value at `keys` comes from.
    pub fn origin(&self, keys: &[String]) -> Origin {
        for depth in (1..=keys.len()).rev() {
            if let Some(origin) = self.filled.get(&keys[..depth]) {
                return origin.clone();
            }
        }
        let span: Span = self.root.locate(&path::join(keys));
        let line = span.line_column().0;
        match &span.source.name {
            name if name == "--set" => Origin::Set,
            name if *name == self.file => Origin::File { line },
            name => Origin::Plan { file: name.clone(), line },
        }
    }

    /// Whether a place is in something that was typed, not in shipped defaults.
    pub fn is_typed(&self, span: &Span) -> bool {
        span.source.name == self.file || self.sources.contains(&span.source.name)
    }
}

fn at_mut<'n>(root: &'n mut Node, keys: &[&str]) -> Option<&'n mut Node> {
    keys.iter().try_fold(root, |node, key| match &mut node.value {
        Value::Map(entries) => {
            entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(text: &str, sets: &[&str]) -> Layered {
        let source = Arc::new(Source { name: "test.yaml".into(), text: text.into() });
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        let changes = Change::parse_all(&sets).expect("settings");
        effective(&yaml::parse(source).expect("valid YAML"), &changes).expect("a scenario")
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

    fn names(layered: &Layered, path: &str) -> Vec<String> {
        layered.root.at(path).expect("a map").entries().iter().map(|entry| entry.key.clone()).collect()
    }

    #[test]
    fn a_setting_changes_a_member_and_takes_none_away() {
        let bare = "service: autopatch/2025-03\nrelease: { published: 2026-10-13 }\n";
        let l = layered(
            bare,
            &[
                "rings.Ring2.size=800",
                "rings.Pilot.size=20",
                "fleet.habits.office.away.share=12%",
                "device.failures.WUBusy.share=2%",
            ],
        );
        assert_eq!(names(&l, "rings"), ["Test", "Ring1", "Ring2", "Ring3", "Last", "Pilot"]);
        assert_eq!(text(&l, "rings.Ring2.size").as_deref(), Some("800"));
        assert_eq!(text(&l, "rings.Ring2.deferral").as_deref(), Some("5 d"));
        assert_eq!(text(&l, "rings.Ring1.size").as_deref(), Some("automatic"));
        assert_eq!(text(&l, "fleet.habits.office.away.share").as_deref(), Some("12%"));
        assert!(text(&l, "fleet.habits.office.online").is_some());
        assert_eq!(names(&l, "device.failures"), names(&layered(bare, &[]), "device.failures"));
        assert_eq!(text(&l, "device.failures.WUBusy.share").as_deref(), Some("2%"));
    }

    #[test]
    fn a_setting_that_gives_the_whole_map_writes_it() {
        let file = "service: autopatch/2025-03\nrings: { Test: { size: 5 }, Ring3: { size: rest } }\n";
        for text in ["service: autopatch/2025-03\n", file] {
            let l =
                layered(text, &["rings={ Ring1: { size: 9 }, Rest: { size: rest } }", "device.failures={}"]);
            assert_eq!(names(&l, "rings"), ["Ring1", "Rest"]);
            assert_eq!(l.root.at("device.failures").map(Node::count), Some(1));
        }
        // A whole parent leaves what it does not write to the defaults.
        let l = layered("device: { failures: {} }\n", &["device={ sync: 4 h }"]);
        assert_eq!(text(&l, "device.sync").as_deref(), Some("4 h"));
        assert!(text(&l, "device.failures.WUBusy.share").is_some());
        let l = layered(file, &["rings.Ring3.deferral=8 d"]);
        assert_eq!(names(&l, "rings"), ["Test", "Ring3"]);
    }

    #[test]
    fn the_one_release_has_a_short_name_and_a_path() {
        let short = "release: { published: 2026-10-13, size: 1 GB }\n";
        let long = "releases: { release: { published: 2026-10-13, size: 1 GB } }\n";
        for file in [short, long] {
            for path in ["release", "releases.release"] {
                let l = layered(file, &[&format!("{path}.size=2 GB")]);
                assert_eq!(text(&l, "releases.release.size").as_deref(), Some("2 GB"));
                assert_eq!(text(&l, "releases.release.published").as_deref(), Some("2026-10-13"));
                assert!(l.root.get("release").is_none());
            }
        }
        let source = Arc::new(Source { name: "test.yaml".into(), text: "releases: { oct: {} }\n".into() });
        let file = yaml::parse(source).expect("valid YAML");
        let found = effective(&file, &[Change::parse("release.size=2 GB").expect("a setting")])
            .expect_err("which release?");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].code, "RC151");
        assert!(found[0].help.as_deref().is_some_and(|help| help.contains("`oct`")), "{found:?}");
    }

    #[test]
    fn a_ring_that_says_who_is_in_it_needs_no_size_of_the_service() {
        let l = layered(
            "service: autopatch/2025-03\nrings: { Test: { members: test.csv }, Ring3: { where: rest }, Last: { where: role = it, size: 5 } }\n",
            &[],
        );
        assert!(l.root.at("rings.Test.size").is_none() && l.root.at("rings.Ring3.size").is_none());
        assert_eq!(text(&l, "rings.Last.size").as_deref(), Some("5"));
    }

    #[test]
    fn unknown_services_are_named_with_the_nearest_one() {
        for (service, help) in
            [("autopatch/2025-3", "did you mean `autopatch/2025-03`?"), ("wsus", "known services")]
        {
            let source = Arc::new(Source { name: "test.yaml".into(), text: format!("service: {service}\n") });
            let found = effective(&yaml::parse(source).expect("valid YAML"), &[]).expect_err("unknown");
            assert_eq!(found[0].code, "RC150");
            assert!(found[0].help.as_deref().is_some_and(|text| text.contains(help)), "{found:?}");
        }
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
