//! From a file to a plan that can be played.
//!
//! ```
//! use rollcast_core::{metrics::Metric, replicate::replicate, watch::Watch};
//! use rollcast_scenario::load;
//!
//! # fn main() -> Result<(), load::Problems> {
//! let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/minimal.yaml");
//! let loaded = load::Loader::new().load(path)?;                   // parse, fill in, check, compile
//! let played = replicate(&loaded.plan, loaded.seed, &[0, 1], &[], &Watch::new()).expect("nobody stops it");
//! let metric = Metric::parse("patched.h95").expect("a metric of docs/metrics.md");
//! let hours = played.summary(&loaded.plan, metric, None, loaded.releases()[0]).p50;
//! assert!(hours.is_some_and(|hours| (200.0..600.0).contains(&hours)), "{hours:?}");
//! # Ok(())
//! # }
//! ```

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rollcast_core::{
    goals::Goal,
    plan::{Plan, ReleaseId},
};

use crate::{
    compile::{Compiled, Labels, compile},
    de,
    diagnostic::{Diagnostic, Severity, Source},
    digest,
    layers::{self, Change},
    node::{Entry, Node, Value},
    schema::Scenario,
    study,
    uncertain::{self, Uncertain, World},
    yaml,
};

/// Everything that is wrong with a scenario (and what is odd besides).
#[derive(Clone, Debug)]
pub struct Problems(pub Vec<Diagnostic>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| writeln!(f, "{problem}"))
    }
}

impl std::error::Error for Problems {}

/// A scenario that can be played.
#[derive(Debug)]
pub struct Loaded {
    /// What the engine plays; uncertain settings in the middle.
    pub plan: Plan,
    /// Names of the plan's indices, and civil times.
    pub labels: Labels,
    /// What must hold, with the words that say it.
    pub goals: Vec<(Goal, String)>,
    /// What is odd but played.
    pub warnings: Vec<Diagnostic>,
    /// SHA-256 of the effective scenario and of the files that it names.
    pub digest: String,
    /// The scenario's seed.
    pub seed: u64,
    /// Replications that the scenario asks for.
    pub runs: u32,
    /// The effective scenario with the origin of every value.
    pub layered: layers::Layered,
    /// Settings that are drawn in each replication; see [`Base::plan_of`].
    pub uncertain: Vec<Uncertain>,
}

impl Loaded {
    /// The releases, by publication.
    pub fn releases(&self) -> Vec<ReleaseId> {
        (0..self.plan.releases.len()).map(|i| ReleaseId(i as u16)).collect()
    }
}

/// Keys of a scenario that say what is compared and how; they do not change how it is played.
const STUDY: [&str; 6] = ["strategies", "bank", "measure", "choose", "gates", "sweep"];

/// A scenario that was read and not changed yet: what strategies, axes and settings are laid over.
#[derive(Clone, Debug)]
pub struct Base {
    /// The tree without what is about comparisons.
    pub root: Node,
    /// What is about comparisons.
    pub study: Node,
    /// Where the files lie that it names.
    pub dir: PathBuf,
}

impl Base {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or is no YAML.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Problems> {
        let path = path.as_ref();
        let source = yaml::read(path).map_err(|problem| Problems(vec![problem]))?;
        Self::of_source(source, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads a text; the files that it names lie relative to `dir`.
    ///
    /// # Errors
    /// A text that is no YAML.
    pub fn of_source(source: Arc<Source>, dir: &Path) -> Result<Self, Problems> {
        let mut root = yaml::parse(source).map_err(Problems)?;
        let mut entries: Vec<Entry> = Vec::new();
        if let Value::Map(all) = &mut root.value {
            entries.extend(all.extract_if(.., |entry| STUDY.contains(&entry.key.as_str())));
        }
        let study = Node { value: Value::Map(entries), span: root.span.clone() };
        Ok(Base { root, study, dir: dir.to_owned() })
    }

    /// What is about comparisons, as a plan file would say it.
    pub fn study_as_plan(&self) -> Node {
        as_plan(&self.study)
    }

    /// Fills in, checks and compiles it with these changes, the last one on top; uncertain settings in the middle.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(&self, changes: &[Change]) -> Result<Loaded, Problems> {
        let loaded = self.load_once(changes)?;
        if !loaded.uncertain.is_empty()
            && let Ok(certain) = layers::effective(&self.root, changes)
        {
            let astray = uncertain::astray(&loaded.uncertain, &certain.root);
            if !astray.is_empty() {
                return Err(Problems(astray));
            }
        }
        // What a draw may bring must be playable, and must not turn the scenario into another one.
        for world in uncertain::extremes(&loaded.uncertain) {
            let World::Extreme { which, pick } = world else { continue };
            let one = &loaded.uncertain[which];
            let extreme = self.load_in(changes, world).map_err(|Problems(mut found)| {
                found.retain(|problem| problem.severity == Severity::Error);
                for problem in &mut found {
                    problem.message += &format!(", where `{}` is drawn", one.told_at(pick));
                }
                Problems(found)
            })?;
            let same = |a: &Labels, b: &Labels| a.rings == b.rings && a.releases == b.releases;
            if !same(&loaded.labels, &extreme.labels) {
                let setting = crate::path::join(&one.keys);
                return Err(Problems(vec![
                    Diagnostic::error(
                        "RC212",
                        format!("an uncertain `{setting}` changes which rings or releases there are, or their order"),
                    )
                    .at(one.span.clone())
                    .help("name strategies for what changes the order, and keep `uncertain` for sizes, shares and times"),
                ]));
            }
        }
        Ok(loaded)
    }

    /// The same without a look at what draws may bring.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load_once(&self, changes: &[Change]) -> Result<Loaded, Problems> {
        self.load_in(changes, World::Middle)
    }

    /// The plan of one replication, with what is uncertain drawn.
    ///
    /// # Errors
    /// A draw that cannot be played; [`Base::load`] has tried the extremes.
    pub fn plan_of(&self, changes: &[Change], seed: u64, replication: u32) -> Result<Plan, Problems> {
        self.load_in(changes, World::Drawn { seed, replication }).map(|loaded| loaded.plan)
    }

    fn load_in(&self, changes: &[Change], world: World) -> Result<Loaded, Problems> {
        let mut draft = self.root.clone();
        // A change that cannot be applied is reported below.
        changes.iter().for_each(|change| drop(change.put(&mut draft)));
        let all = uncertain::find(&draft, changes);
        let unsure = all.as_deref().unwrap_or_default();
        let (below, above) = uncertain::draw(unsure, world);
        let changes: Vec<Change> = below.into_iter().chain(changes.iter().cloned()).chain(above).collect();
        let layered = match layers::effective(&self.root, &changes) {
            Ok(layered) => layered,
            Err(mut problems) => {
                // What the keys and values have wrong is worth saying too.
                problems.extend(de::from_node::<Scenario>(&draft).1);
                return Err(Problems(problems));
            }
        };
        let (scenario, mut problems) = de::from_node::<Scenario>(&layered.root);
        if let (Err(found), true) = (&all, problems.iter().all(|p| p.severity != Severity::Error)) {
            problems.extend(found.iter().cloned());
        }
        let compiled = scenario.as_ref().map(|scenario| (scenario, compile(&layered, scenario, &self.dir)));
        match compiled {
            Some((scenario, Ok(compiled))) if problems.iter().all(|p| p.severity != Severity::Error) => {
                problems.extend(compiled.warnings.iter().cloned());
                Ok(finish(layered.clone(), scenario, compiled, problems, all.unwrap_or_default()))
            }
            Some((_, Err(found))) => {
                problems.extend(found);
                Err(Problems(problems))
            }
            Some((_, Ok(_))) | None => Err(Problems(problems)),
        }
    }
}

/// The keys of a scenario that are about comparisons, in the places that they have in a plan file.
fn as_plan(study: &Node) -> Node {
    let mut plan = study.clone();
    if let Value::Map(entries) = &mut plan.value
        && let Some(at) = entries.iter().position(|entry| entry.key == "sweep")
        && let Value::Map(_) = entries[at].value.value
    {
        let sweep = entries.remove(at);
        entries.extend(sweep.value.entries().iter().cloned());
    }
    plan
}

/// How a scenario is loaded.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// Settings `path=value` that replace what the file says.
    pub sets: Vec<String>,
}

impl Loader {
    /// A loader without settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more setting, e.g. `rings.First.size=800`.
    pub fn set(mut self, setting: impl Into<String>) -> Self {
        self.sets.push(setting.into());
        self
    }

    /// Loads a file; the files that it names lie relative to it.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Loaded, Problems> {
        self.finish(Base::read(path)?)
    }

    /// Loads a text; the files that it names lie relative to `dir`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load_source(&self, source: Arc<Source>, dir: &Path) -> Result<Loaded, Problems> {
        self.finish(Base::of_source(source, dir)?)
    }

    fn finish(&self, base: Base) -> Result<Loaded, Problems> {
        // What is about comparisons does not change how the scenario is played, but what is wrong with it is said.
        let about_study = study::check(&base);
        let loaded = match Change::parse_all(&self.sets) {
            Ok(changes) => base.load(&changes),
            Err(mut problems) => {
                problems.extend(de::from_node::<Scenario>(&base.root).1);
                Err(Problems(problems))
            }
        };
        match loaded {
            loaded if about_study.is_empty() => loaded,
            Ok(_) => Err(Problems(about_study)),
            Err(Problems(mut problems)) => {
                problems.extend(about_study);
                Err(Problems(problems))
            }
        }
    }
}

fn finish(
    layered: layers::Layered,
    scenario: &Scenario,
    compiled: Compiled,
    warnings: Vec<Diagnostic>,
    uncertain: Vec<Uncertain>,
) -> Loaded {
    let Compiled { plan, labels, goals, mut files, .. } = compiled;
    // The order of rings, habits, failures, rules and decisions is part of the scenario; the order of other keys is not.
    let mut order = format!("{:?} {:?} {:?}", labels.rings, labels.habits, labels.causes);
    if !labels.rules.is_empty() || !labels.decisions.is_empty() {
        order += &format!(" {:?} {:?}", labels.rules, labels.decisions);
    }
    files.push(("(order)".to_owned(), digest::Content::Bytes(order.into_bytes())));
    if !uncertain.is_empty() {
        let told = uncertain::told(&uncertain).join("\n");
        files.push(("(uncertain)".to_owned(), digest::Content::Bytes(told.into_bytes())));
    }
    Loaded {
        digest: digest::digest(&layered.root, &files),
        seed: scenario.seed.unwrap_or(1),
        runs: scenario.runs.unwrap_or(1).max(1),
        plan,
        labels,
        goals,
        warnings,
        layered,
        uncertain,
    }
}
