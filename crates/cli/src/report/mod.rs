//! The outcome as it leaves the program: one structure behind the table, the JSON and the CSV.
//!
//! The doc comments here are the descriptions in `schema/outcome.schema.json`, which
//! `rollcast schema outcome > schema/outcome.schema.json` writes again after a change.
//!
//! *Invariants.* Numbers are unrounded; NaN and infinity do not occur, 'never' is `null` beside the count of
//! runs that got there. Metric names come from [`rollcast_core::metrics::Metric`] alone. Nothing depends on the
//! number of threads or on the clock.

mod build;
pub(crate) mod choice;
pub(crate) mod comparison;
mod decisions;
pub(crate) mod gate;
pub(crate) mod gates;
mod goal;
pub(crate) mod stopping;
mod stops;
#[cfg(test)]
pub(crate) mod trouble;

use std::collections::BTreeMap;

use rollcast_core::metrics::{Metric, Unit};
use rollcast_scenario::diagnostic::Diagnostic;
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde::{Serialize, Serializer, ser::SerializeMap};

pub(crate) use build::{Input, build};
pub(crate) use stops::{
    ActName, Chance, CountedName, Defect, EffectName, Landed, RingEffect, Rule, SampleName, SeverityName,
    SideName, Sighting, TrueMoment,
};

/// Version of the shape of the outcome; a change that can break a reader raises it.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// What intervals and ranges over replications speak of.
pub(crate) const LUCK_ONLY: &str = "luck only";

/// The outcome of `rollcast run`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Rollcast outcome")]
pub(crate) struct Report {
    /// Version of this shape.
    pub schema_version: u32,
    /// What made it.
    pub tool: Tool,
    /// What was played.
    pub scenario: ScenarioRef,
    /// The seed of all luck.
    pub seed: u64,
    /// The replications played, by number. Curves, decisions, censuses and `value` are those of the first.
    pub replications: Vec<u32>,
    /// What ranges and intervals mean: the same assumptions with other luck. An answer is not sharper than its
    /// assumptions.
    #[schemars(extend("const" = LUCK_ONLY))]
    pub interval_meaning: &'static str,
    /// Length of a counting bucket in seconds: the resolution of curves and of hours to a share.
    pub tick_s: i64,
    /// End of play in seconds after the first publication.
    pub horizon_s: i64,
    /// Zone of the civil times.
    pub zone: String,
    /// The currency of costs, if the scenario names one.
    pub currency: Option<String>,
    /// How the first replication ended.
    pub end: End,
    /// The replications that ended early, at their limit of decisions: their numbers are those up to there.
    pub ended_early: Vec<u32>,
    /// Who is in the fleet.
    pub fleet: Fleet,
    /// The rings in the order of the scenario.
    pub rings: Vec<Ring>,
    /// The releases by publication.
    pub releases: Vec<Release>,
    /// What is wrong with the releases.
    pub defects: Vec<Defect>,
    /// The rules that watch them.
    pub rules: Vec<Rule>,
    /// Names of the scripted decisions.
    pub scripted: Vec<String>,
    /// The events of the control plane in the first replication, in their order: the calendar, gates, and what
    /// rules and people decided.
    pub decisions: Vec<Decision>,
    /// The goals in the order of the scenario.
    pub goals: Vec<Goal>,
    /// What `--fail-on` asked, and what the runs say of it.
    pub gate: Vec<gate::Gate>,
    /// What is worth knowing about the input or the run.
    pub warnings: Vec<Warning>,
    /// The command that plays the first replication again.
    pub replay: String,
}

/// The program.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

impl Tool {
    /// This program.
    pub(crate) fn this() -> Self {
        Tool { name: "rollcast", version: env!("CARGO_PKG_VERSION") }
    }
}

/// The scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ScenarioRef {
    /// The path as it was typed.
    pub path: String,
    /// SHA-256 of the effective scenario and of the files that it names.
    pub digest: String,
    /// The dated service, if the scenario names one.
    pub service: Option<&'static str>,
    /// Changes by `--set`, in order.
    pub set: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub(crate) enum End {
    /// Played to the horizon.
    Completed,
    /// More decisions than the engine allows; valid up to the instant.
    DecisionLimit {
        /// Seconds after the first publication.
        at_s: i64,
    },
}

/// The fleet before anything is played.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Fleet {
    /// All devices.
    pub devices: u64,
    /// Devices registered with the service.
    pub registered: u64,
    /// Devices that cannot be registered, by reason.
    pub not_registered: Vec<NotRegistered>,
    /// Registered devices that are in no ring.
    pub in_no_ring: u64,
    /// Registered devices by the values of each attribute.
    pub attributes: Vec<Attribute>,
}

/// Devices that cannot be registered.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct NotRegistered {
    /// Why.
    pub reason: String,
    /// How many.
    pub devices: u64,
}

/// An attribute of devices.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Attribute {
    /// Its name.
    pub name: String,
    /// Devices with each value.
    pub values: BTreeMap<String, u64>,
}

/// A ring before anything is played.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Ring {
    /// Its name.
    pub name: String,
    /// Registered devices in it.
    pub devices: u64,
    /// Deferral in seconds.
    pub deferral_s: i64,
    /// Deadline in seconds; null: no forced restart.
    pub deadline_s: Option<i64>,
    /// Grace period in seconds.
    pub grace_s: i64,
    /// The ring that it waits for.
    pub after: Option<String>,
    /// How well it stands for the fleet, attribute by attribute.
    pub likeness: Vec<Likeness>,
}

/// How well a ring stands for the fleet in one attribute.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Likeness {
    /// The attribute.
    pub attribute: String,
    /// 1 minus the total-variation distance between ring and fleet: 1 is a perfect miniature. Null for an empty
    /// ring.
    pub likeness: Option<f64>,
    /// Share of the values in the fleet that occur in the ring too.
    pub coverage: Option<f64>,
    /// Devices of the ring with each value.
    pub values: BTreeMap<String, u64>,
}

/// What became of one release.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Release {
    /// Its name.
    pub name: String,
    /// The product.
    pub product: String,
    /// Publication (RFC 3339, UTC).
    pub published: String,
    /// Publication, civil time in `zone`.
    pub published_civil: String,
    /// Publication in seconds after the first one.
    pub published_s: i64,
    /// Hours from publication to the end of the watch.
    pub watched_h: f64,
    /// Bytes of a download.
    pub size_bytes: u64,
    /// Share of eligible devices that the service wants patched in time.
    pub objective_share: f64,
    /// All rings together.
    pub fleet: Group,
    /// Ring by ring, in the order of the scenario.
    pub rings: Vec<RingOutcome>,
}

/// What became of one release in one ring.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RingOutcome {
    /// The ring.
    pub name: String,
    /// When it was offered the release in the first replication; null: never.
    pub offered_from: Option<When>,
    /// When the deadline of a device passes that is offered the release at once; null: no deadline, no offer, or
    /// a deadline that counts from each device's pending restart.
    pub deadline_from: Option<When>,
    /// When the objective of the ring passes.
    pub objective_at: When,
    /// Its numbers.
    #[serde(flatten)]
    pub group: Group,
}

/// An instant.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct When {
    /// Seconds after the first publication.
    pub at_s: i64,
    /// Civil time in `zone`.
    pub civil: String,
}

/// The numbers of a ring or of the fleet.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Group {
    /// Every metric by its name.
    #[serde(serialize_with = "metrics_as_map")]
    #[schemars(schema_with = "metrics_schema")]
    pub metrics: Vec<(Metric, MetricReport)>,
    /// Adoption over time, first replication.
    pub curve: Curve,
    /// Registered devices that were not patched when their objective passed, by the one state that blocked them
    /// at that instant, first replication. They sum to `late.devices`.
    pub late: BTreeMap<&'static str, Late>,
    /// Device-seconds between publication and patch (or the end of the watch), by the state that blocked, first
    /// replication. They sum to `exposed_s`.
    pub blocked_s: BTreeMap<&'static str, u64>,
    /// Device-seconds between publication and patch, first replication.
    pub exposed_s: u64,
    /// Restarts by what caused them, first replication.
    pub restarts: BTreeMap<&'static str, u64>,
    /// Failed attempts by alert (or by the defect that fails them), first replication.
    pub failures: BTreeMap<String, u64>,
    /// Times that each defect of the release showed on a device, first replication. A device with two defects
    /// counts for both.
    pub harmed_by: BTreeMap<String, u64>,
    /// In how many runs the first stop landed before the ring (for the fleet: any ring) was offered the release.
    pub stopped_before_offer: Chance,
}

/// Late devices of one state.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Late {
    /// Registered devices.
    pub devices: u64,
    /// Of which eligible.
    pub eligible: u64,
}

/// One metric over the replications.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct MetricReport {
    /// Its unit.
    pub unit: UnitName,
    /// In the first replication; null: never reached, or a share of nobody.
    pub value: Option<f64>,
    /// Replications.
    pub runs: u32,
    /// Replications in which it has a value (for times: in which the share was reached).
    pub reached: u32,
    /// 95 % interval (Wilson) of the probability of being reached.
    pub reached_interval: [f64; 2],
    /// 5 % of the runs lie at or below it; never counts as later than anything.
    pub p5: Option<f64>,
    /// The median run.
    pub p50: Option<f64>,
    /// 95 % of the runs lie at or below it.
    pub p95: Option<f64>,
    /// Mean over all runs; null if one of them has no value.
    pub mean: Option<f64>,
    /// 95 % interval of the mean (Student); null below two runs or without a mean.
    pub mean_interval: Option<[f64; 2]>,
    /// Mean with 'never' counted as the end of the watch, for times; the mean for the rest.
    pub restricted_mean: Option<f64>,
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UnitName {
    /// A number of things.
    Count,
    /// 0 to 1.
    Share,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Devices times days.
    DeviceDays,
    /// Devices times hours.
    DeviceHours,
    /// Bytes.
    Bytes,
    /// Money, in the currency of the scenario.
    Money,
}

impl From<Unit> for UnitName {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Count => UnitName::Count,
            Unit::Share => UnitName::Share,
            Unit::Hours => UnitName::Hours,
            Unit::Days => UnitName::Days,
            Unit::DeviceDays => UnitName::DeviceDays,
            Unit::DeviceHours => UnitName::DeviceHours,
            Unit::Bytes => UnitName::Bytes,
            Unit::Money => UnitName::Money,
        }
    }
}

impl UnitName {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            UnitName::Count => "count",
            UnitName::Share => "share",
            UnitName::Hours => "hours",
            UnitName::Days => "days",
            UnitName::DeviceDays => "device-days",
            UnitName::DeviceHours => "device-hours",
            UnitName::Bytes => "bytes",
            UnitName::Money => "money",
        }
    }
}

/// Adoption over time: cumulative counts at the end of each tick.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Curve {
    /// Hours from publication to the end of each tick.
    pub hours: Vec<f64>,
    /// Registered devices that are patched.
    pub patched: Vec<u64>,
    /// Eligible devices that are patched.
    pub patched_eligible: Vec<u64>,
    /// Registered devices to which the release is or was offerable.
    pub offerable: Vec<u64>,
    /// Registered devices whose scan has found it.
    pub offered: Vec<u64>,
    /// Devices that a defect of the release has harmed so far. Empty in scenarios without defects, as the next
    /// two.
    pub harmed: Vec<u64>,
    /// Times that a device went down so far.
    pub down: Vec<u64>,
    /// Times that one was repaired so far; `down` less this is down at that moment.
    pub repaired: Vec<u64>,
    /// Uninstalls completed so far. Empty in scenarios in which nothing can be uninstalled.
    pub rolled_back: Vec<u64>,
}

/// One event of the control plane.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Decision {
    /// Seconds after the first publication.
    pub at_s: i64,
    /// Civil time in `zone`.
    pub civil: String,
    /// What happened.
    pub what: What,
    /// The release, where it is about one.
    pub release: Option<String>,
    /// The ring, where it is about one.
    pub ring: Option<String>,
    /// The freeze, where it is about one.
    pub freeze: Option<String>,
    /// What a gate saw of the ring that it waits for.
    pub seen: Option<Seen>,
    /// The decision, where one landed; `release` and `ring` are then those that it was taken about, and `at_s` and
    /// `civil` its landing.
    pub landed: Option<Landed>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    /// The release was published.
    Published,
    /// A freeze began.
    FreezeBegins,
    /// A freeze ended.
    FreezeEnds,
    /// A ring started to be offered the release.
    RingStarts,
    /// The gate of a ring was judged open.
    GateOpens,
    /// A ring's pause ended by itself, as planned when it was ordered.
    PauseEnds,
    /// A ring's pause ended by itself, because devices let no pause last longer.
    PauseExpires,
    /// A decision of a rule, of people or of the script landed.
    Decided,
}

/// What a gate saw.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Seen {
    /// Devices reported patched.
    pub patched: u64,
    /// Registered devices of that ring.
    pub of: u64,
}

/// A goal and its verdict.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Goal {
    /// The goal in the words of the scenario.
    pub text: String,
    /// The ring; null is the fleet.
    pub ring: Option<String>,
    /// The release.
    pub release: String,
    /// In which share of runs it must hold; null: in every run.
    pub in_share: Option<f64>,
    /// Runs in which it held.
    pub held: u32,
    /// Runs played.
    pub runs: u32,
    /// The verdict.
    pub verdict: Verdict,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It holds.
    Met,
    /// It does not.
    Missed,
    /// This many runs cannot tell.
    NotDecided,
}

/// Something worth knowing.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Warning {
    /// A stable code (`rollcast explain CODE`); null for what only the run could show.
    pub code: Option<String>,
    /// What.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The file, where it is about one.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
}

impl From<&Diagnostic> for Warning {
    fn from(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.span.as_ref().map(|span| span.line_column());
        Warning {
            code: Some(diagnostic.code.to_owned()),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            file: diagnostic.span.as_ref().map(|span| span.source.name.clone()),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
        }
    }
}

impl Group {
    /// The numbers of one metric.
    pub(crate) fn metric(&self, metric: Metric) -> &MetricReport {
        let found = self.metrics.iter().find(|(known, _)| *known == metric);
        &found.expect("invariant: every metric is in every group").1
    }
}

fn metrics_as_map<S: Serializer>(
    metrics: &[(Metric, MetricReport)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(metrics.len()))?;
    for (metric, report) in metrics {
        map.serialize_entry(&metric.name(), report)?;
    }
    map.end()
}

fn metrics_schema(generator: &mut SchemaGenerator) -> Schema {
    let report = generator.subschema_for::<MetricReport>();
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for metric in Metric::all() {
        // Draft-07 ignores what stands beside `$ref`, so the description goes around it.
        let of_one = serde_json::json!({ "description": metric.meaning(), "allOf": [&report] });
        properties.insert(metric.name(), of_one);
        required.push(metric.name());
    }
    json_schema!({
        "description": "Every metric by its name.",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false
    })
}

/// The JSON Schema (draft-07) of a [`Report`], as text with a final line break.
pub(crate) fn schema() -> String {
    let generator = SchemaSettings::draft07().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<Report>();
    let text = serde_json::to_string_pretty(&schema).expect("invariant: a schema is plain JSON");
    text + "\n"
}
