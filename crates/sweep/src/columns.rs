//! What is measured in each run of a study, and where it is found in the scenario of a point.

use rollcast_core::{
    costs::Costs,
    goals::Goal,
    metrics::{Lack, Metric, Unit},
    plan::{Amount, ReleaseId, RingId, RingSize},
    replicate::Wanted,
    time::HOUR_S,
};
use rollcast_scenario::{
    compile::{bound_in_unit, lacking},
    diagnostic::{Diagnostic, Span},
    digest::digest,
    load::Loaded,
    scalar::Column as AskedFor,
    study::Study,
    suggest,
};

use crate::layout::Column;

/// Most columns: a row stays within a kilobyte.
pub const MOST_COLUMNS: usize = 60;

/// What must be known of a point to measure it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its rings.
    pub rings: Vec<String>,
    /// Its releases.
    pub releases: Vec<String>,
    /// Its goals.
    pub goals: Vec<(Goal, String)>,
    /// Its devices.
    pub devices: u64,
    /// The seed that its scenario names.
    pub seed: u64,
    /// The replications that its scenario asks for.
    pub runs: u32,
    /// Digest of its fleet.
    pub fleet: String,
    /// How long each release is watched, in hours.
    watched_h: Vec<f64>,
    /// The last ring that may have devices, where there are several.
    last_ring: Option<String>,
    /// True if something can go wrong with a release, or can be stopped.
    troubled: bool,
    /// Its prices.
    costs: Option<Costs>,
    /// Which of its releases have an exploit clock.
    exploits: Vec<bool>,
    /// True if settings are drawn anew in each replication.
    pub uncertain: bool,
}

impl Facts {
    /// The facts of a scenario.
    pub fn of(loaded: &Loaded) -> Self {
        let plan = &loaded.plan;
        let watched =
            |r: &rollcast_core::plan::Release| (r.watched_until - r.published) as f64 / HOUR_S as f64;
        // A ring that the service never fills by itself has nobody to be spared.
        let empty = |ring: &rollcast_core::plan::Ring| match ring.members.size {
            RingSize::Automatic { large, .. } => large <= 0.0,
            RingSize::Pool(Amount::Count(n)) | RingSize::Chosen(Amount::Count(n)) => n == 0,
            _ => false,
        };
        let last = plan.rings.iter().rposition(|ring| !empty(ring)).filter(|&last| last > 0);
        Facts {
            last_ring: last.map(|last| loaded.labels.rings[last].clone()),
            rings: loaded.labels.rings.clone(),
            releases: loaded.labels.releases.iter().map(|release| release.0.clone()).collect(),
            goals: loaded.goals.clone(),
            devices: plan.devices(),
            seed: loaded.seed,
            runs: loaded.runs,
            watched_h: plan.releases.iter().map(watched).collect(),
            troubled: !(plan.defects.is_empty() && plan.rules.is_empty() && plan.scripted.is_empty()),
            costs: plan.costs.clone(),
            exploits: plan.releases.iter().map(|release| release.exploit.is_some()).collect(),
            fleet: loaded.layered.root.get("fleet").map_or(String::new(), |fleet| digest(fleet, &[])),
            uncertain: !loaded.uncertain.is_empty(),
        }
    }
}

impl Facts {
    /// Adds the prices and exploits that a member of the bank brings along.
    pub fn with_member(&mut self, loaded: &Loaded) {
        let with = Facts::of(loaded);
        self.costs = self.costs.take().or(with.costs);
        for (name, exploited) in with.releases.iter().zip(with.exploits) {
            if let Some(at) = self.releases.iter().position(|known| known == name) {
                self.exploits[at] |= exploited;
            }
        }
    }

    /// What this point does not say that the metric needs for a release.
    fn lacks(&self, metric: Metric, release: &str) -> Option<Lack> {
        let at = self.releases.iter().position(|known| known == release);
        metric.lacks(self.costs.as_ref(), at.is_some_and(|at| self.exploits[at]))
    }

    /// Whether both watch every release for the same time.
    pub fn watched_like(&self, other: &Facts) -> bool {
        self.watched_h == other.watched_h
    }
}

/// A column with what it measures.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The column of the layout.
    pub column: Column,
    /// What it measures.
    pub what: What,
}

/// What a column measures.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A metric of a ring (`None`: the fleet) and a release, by their names.
    Metric {
        /// The metric.
        metric: Metric,
        /// The ring.
        ring: Option<String>,
        /// The release.
        release: String,
    },
    /// Whether the goal with these words held.
    Goal(String),
}

impl Measured {
    /// Whether a study that names this column means this one: without a release the first that is measured.
    pub fn is(&self, named: &AskedFor) -> bool {
        match &self.what {
            What::Goal(_) => false,
            What::Metric { metric, ring, release } => {
                metric.name() == named.metric
                    && *ring == named.ring
                    && named.release.as_ref().is_none_or(|name| name == release)
            }
        }
    }

    /// What it is in a scenario; `None` if the scenario has no such ring, release or goal.
    pub fn found(&self, loaded: &Loaded) -> Option<Found> {
        match &self.what {
            What::Goal(text) => {
                let goal = loaded.goals.iter().find(|(_, words)| words == text)?;
                Some(Found::Goal(goal.0.clone()))
            }
            What::Metric { metric, ring, release } => {
                let ring = match ring {
                    None => None,
                    Some(name) => {
                        let at = loaded.labels.rings.iter().position(|known| known == name)?;
                        Some(RingId(at as u16))
                    }
                };
                let release = loaded.labels.releases.iter().position(|known| known.0 == *release)?;
                Some(Found::Metric(Wanted { metric: *metric, ring, release: ReleaseId(release as u16) }))
            }
        }
    }
}

/// A column in a scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A metric.
    Metric(Wanted),
    /// A goal.
    Goal(Goal),
}

/// The usual selection for a release, and what is added where something can go wrong: metrics that mean something for a
/// good release too (of a harm that never comes, 'never seen' is no bad news).
const USUAL: [Metric; 5] = [
    Metric::Hours(rollcast_core::metrics::Of::Registered, 95),
    Metric::PatchedShare(rollcast_core::metrics::Of::Registered),
    Metric::ObjectiveShare,
    Metric::ExposedDeviceDays,
    Metric::RestartsForcedActive,
];
const TROUBLE: [Metric; 6] = [
    Metric::Harmed,
    Metric::HarmedUnseen,
    Metric::HarmedDeviceHours,
    Metric::Down,
    Metric::Tickets,
    Metric::FalseStops,
];

/// The columns of a study: what it asks for, or the usual selection; then what it chooses by, what the command line asks for
/// (`also`), and the goals.
///
/// # Errors
/// Metrics, rings and releases that are not there.
pub fn columns<'a>(
    study: &Study,
    also: &[(AskedFor, Span)],
    first: &Facts,
    all: impl Iterator<Item = &'a Facts>,
) -> Result<Vec<Measured>, Vec<Diagnostic>> {
    let all: Vec<&Facts> = all.collect();
    let mut making = Making {
        first,
        all: &all,
        several: first.releases.len() > 1,
        found: Vec::new(),
        problems: Vec::new(),
    };
    let about = making.about(study);
    match &study.measure {
        Some(asked) => asked.iter().for_each(|(column, span)| making.ask(column, &about, span)),
        None => {
            let troubled = study.bank.is_some() || all.iter().any(|facts| facts.troubled);
            for release in &about {
                let trouble = TROUBLE.into_iter().filter(|_| troubled);
                USUAL.into_iter().chain(trouble).for_each(|metric| making.add(metric, None, release));
                // The metrics of money and attacks, where there are prices and attackers.
                for metric in [Metric::ExposedHit, Metric::Cost] {
                    if making.lacks(metric, release).is_none() {
                        making.add(metric, None, release);
                    }
                }
                // Whether it was caught before most devices were offered it.
                if let (true, Some(last)) = (troubled, &first.last_ring) {
                    making.add(Metric::StopBeforeOffer, Some(last.clone()), release);
                }
            }
        }
    }
    if let Some(choose) = &study.choose {
        choose.only_if.iter().for_each(|(limit, span)| {
            making.ask(&limit.column, &about, span);
            if let Some(metric) = Metric::parse(&limit.column.metric)
                && let Err((message, help)) = bound_in_unit(limit.bound, metric)
            {
                making.problems.push(Diagnostic::error("RC215", message).at(span.clone()).help(help));
            }
        });
        choose.then.iter().for_each(|(aim, span)| making.ask(&aim.column, &about, span));
        choose.front.iter().for_each(|(column, span)| making.ask(column, &about, span));
    }
    also.iter().for_each(|(column, span)| making.ask(column, &about, span));
    if study.bank.is_none() {
        making.goals();
    }
    let Making { found, mut problems, .. } = making;
    if found.is_empty() && problems.is_empty() {
        problems.push(
            Diagnostic::error("RC218", "nothing is measured")
                .at(study.bases[0].root.locate("measure"))
                .help("name a metric in `measure`, as in `measure: [patched.h95]`, or leave `measure` out"),
        );
    }
    if found.len() > MOST_COLUMNS && problems.is_empty() {
        problems.push(
            Diagnostic::error("RC212", format!("{} columns are more than the {MOST_COLUMNS} of a row", found.len()))
                .at(study.bases[0].root.locate("releases"))
                .help("name in `measure` what matters, as in `measure: [patched.h95 of 2026-12 B, harmed of 2026-12 B]`"),
        );
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

struct Making<'a> {
    first: &'a Facts,
    all: &'a [&'a Facts],
    several: bool,
    found: Vec<Measured>,
    problems: Vec<Diagnostic>,
}

impl Making<'_> {
    /// The releases that a column without a release is about.
    fn about(&mut self, study: &Study) -> Vec<String> {
        let releases = &self.first.releases;
        let Some(bank) = &study.bank else { return releases.clone() };
        let place = || study.bases[0].root.locate("releases");
        match &bank.release {
            Some(name) if releases.contains(name) => vec![name.clone()],
            Some(name) => {
                let problem = unknown("RC217", "release", name, releases);
                self.problems.push(problem.at(place()));
                Vec::new()
            }
            None if releases.len() == 1 => releases.clone(),
            None => {
                let message = "the bank does not say which of the releases is good or bad";
                let help = format!("write it as in `bank: {{ from: {}, in: {} }}`", bank.name, releases[0]);
                self.problems.push(Diagnostic::error("RC218", message).at(place()).help(help));
                Vec::new()
            }
        }
    }

    fn ask(&mut self, column: &AskedFor, about: &[String], span: &Span) {
        let Some(metric) = Metric::parse(&column.metric) else {
            let known: Vec<String> = Metric::all().into_iter().map(Metric::name).collect();
            self.problems.push(unknown("RC214", "metric", &column.metric, &known).at(span.clone()));
            return;
        };
        if let Some(ring) = &column.ring
            && !self.all.iter().any(|facts| facts.rings.contains(ring))
        {
            self.problems.push(unknown("RC204", "ring", ring, &self.first.rings).at(span.clone()));
            return;
        }
        match &column.release {
            Some(release) if !self.all.iter().any(|facts| facts.releases.contains(release)) => {
                self.problems
                    .push(unknown("RC217", "release", release, &self.first.releases).at(span.clone()));
            }
            named => {
                // Without a name every release of which the metric has a value.
                let about = named.as_ref().map_or(about, std::slice::from_ref);
                let (with, without): (Vec<&String>, Vec<&String>) =
                    about.iter().partition(|release| self.lacks(metric, release).is_none());
                if let (true, Some(release)) = (with.is_empty(), without.first())
                    && let Some(lack) = self.lacks(metric, release)
                {
                    let (message, help) = lacking(metric, lack);
                    self.problems.push(Diagnostic::error("RC238", message).at(span.clone()).help(help));
                }
                with.into_iter().for_each(|release| self.add(metric, column.ring.clone(), release));
            }
        }
    }

    /// What no point says that the metric needs for a release.
    fn lacks(&self, metric: Metric, release: &str) -> Option<Lack> {
        let mut lacks = self.all.iter().map(|facts| facts.lacks(metric, release));
        let first = lacks.next()?;
        if lacks.any(|lack| lack.is_none()) { None } else { first }
    }

    fn add(&mut self, metric: Metric, ring: Option<String>, release: &str) {
        let what = What::Metric { metric, ring: ring.clone(), release: release.to_owned() };
        if self.found.iter().any(|known| known.what == what) {
            return;
        }
        let of = self.several.then(|| release.to_owned());
        let name = AskedFor { metric: metric.name(), ring, release: of }.to_string();
        // The longest watch of any point: 'never' counts as that everywhere.
        let watched = |facts: &&Facts| {
            let at = facts.releases.iter().position(|known| known == release)?;
            Some(facts.watched_h[at])
        };
        let limit = self.all.iter().filter_map(watched).fold(0.0, f64::max);
        let column = Column {
            name,
            unit: unit_name(metric.unit()).to_owned(),
            lower_is_better: metric.lower_is_better(),
            limit: (metric.unit() == Unit::Hours).then_some(limit),
        };
        self.found.push(Measured { column, what });
    }

    fn goals(&mut self) {
        let goals: Vec<String> = self.first.goals.iter().map(|(_, text)| text.clone()).collect();
        for text in goals {
            let column = Column {
                name: format!("goal: {text}"),
                unit: "share".into(),
                lower_is_better: false,
                limit: None,
            };
            self.found.push(Measured { column, what: What::Goal(text) });
        }
    }
}

fn unknown(code: &'static str, what: &str, name: &str, known: &[String]) -> Diagnostic {
    let help = suggest::way_out(name, known, "there is none");
    Diagnostic::error(code, format!("`{name}` is no {what} of this study")).help(help)
}

/// The unit of a metric by its name in results.
pub fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::Share => "share",
        Unit::Hours => "hours",
        Unit::Days => "days",
        Unit::DeviceDays => "device-days",
        Unit::DeviceHours => "device-hours",
        Unit::Bytes => "bytes",
        Unit::Money => "money",
    }
}
