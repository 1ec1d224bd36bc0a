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

use std::{fmt, path::Path, sync::Arc};

use rollcast_core::{
    goals::Goal,
    plan::{Plan, ReleaseId},
};

use crate::{
    compile::{Compiled, Labels, compile},
    de,
    diagnostic::{Diagnostic, Severity, Source},
    digest, layers,
    schema::Scenario,
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

/// How a scenario is loaded.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// Settings `path=value` that replace what the file says.
    pub sets: Vec<String>,
}

/// A scenario that can be played.
#[derive(Debug)]
pub struct Loaded {
    /// What the engine plays.
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
}

impl Loaded {
    /// The releases, by publication.
    pub fn releases(&self) -> Vec<ReleaseId> {
        (0..self.plan.releases.len()).map(|i| ReleaseId(i as u16)).collect()
    }
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
        let path = path.as_ref();
        let source = yaml::read(path).map_err(|problem| Problems(vec![problem]))?;
        self.load_source(source, path.parent().unwrap_or(Path::new("")))
    }

    /// Loads a text; the files that it names lie relative to `dir`.
    ///
    /// # Errors
    /// Everything that is wrong with it, at once.
    pub fn load_source(&self, source: Arc<Source>, dir: &Path) -> Result<Loaded, Problems> {
        let root = yaml::parse(source).map_err(Problems)?;
        let layered = match layers::effective(&root, &self.sets) {
            Ok(layered) => layered,
            Err(mut problems) => {
                // What the keys and values have wrong is worth saying too.
                problems.extend(de::from_node::<Scenario>(&root).1);
                return Err(Problems(problems));
            }
        };
        let (scenario, mut problems) = de::from_node::<Scenario>(&layered.root);
        let compiled = scenario.as_ref().map(|scenario| (scenario, compile(&layered, scenario, dir)));
        match compiled {
            Some((scenario, Ok(compiled))) if problems.iter().all(|p| p.severity != Severity::Error) => {
                problems.extend(compiled.warnings.iter().cloned());
                Ok(finish(layered.clone(), scenario, compiled, problems))
            }
            Some((_, Err(found))) => {
                problems.extend(found);
                Err(Problems(problems))
            }
            Some((_, Ok(_))) | None => Err(Problems(problems)),
        }
    }
}

fn finish(
    layered: layers::Layered,
    scenario: &Scenario,
    compiled: Compiled,
    warnings: Vec<Diagnostic>,
) -> Loaded {
    let Compiled { plan, labels, goals, mut files, .. } = compiled;
    // The order of rings, habits, failures, rules and decisions is part of the scenario; the order of other keys is not.
    let mut order = format!("{:?} {:?} {:?}", labels.rings, labels.habits, labels.causes);
    if !labels.rules.is_empty() || !labels.decisions.is_empty() {
        order += &format!(" {:?} {:?}", labels.rules, labels.decisions);
    }
    files.push(("(order)".to_owned(), digest::Content::Bytes(order.into_bytes())));
    Loaded {
        digest: digest::digest(&layered.root, &files),
        seed: scenario.seed.unwrap_or(1),
        runs: scenario.runs.unwrap_or(1).max(1),
        plan,
        labels,
        goals,
        warnings,
        layered,
    }
}
