//! The scenario as it is typed. Every field is optional here: what is missing comes from the profile of the
//! service and from the defaults (`layers.rs`), and what must not be missing is asked for by the checks,
//! all at once. Doc comments are the descriptions in the JSON Schema.

mod costs;
mod device;
mod fleet;
mod goal;
mod ring;
mod stops;
mod study;
mod trouble;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Deserialize;

use crate::scalar::Name;
use crate::{
    de::Named,
    scalar::{Column, Count, Duration, Unsure, Zone},
};
pub use costs::*;
pub use device::*;
pub use fleet::*;
pub use goal::*;
pub use ring::*;
pub use stops::*;
pub use study::*;
pub use trouble::*;

/// The JSON Schema (draft-07) of a scenario file, for editors and for checking examples.
pub fn json_schema() -> serde_json::Value {
    schema_of::<Scenario>("Rollcast scenario")
}

/// The same of a plan file.
pub fn plan_json_schema() -> serde_json::Value {
    schema_of::<PlanFile>("Rollcast plan")
}

/// The same of a bank of releases.
pub fn bank_json_schema() -> serde_json::Value {
    schema_of::<BankFile>("Rollcast release bank")
}

fn schema_of<T: JsonSchema>(title: &str) -> serde_json::Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    let mut schema = schema.to_value();
    without_null(&mut schema);
    schema
}

/// An optional key is left out, not written as null (the loader's RC105).
fn without_null(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(forms)) = map.get_mut("anyOf") {
                forms.retain(|form| form.get("type").is_none_or(|t| t != "null"));
            }
            map.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// A fleet, its rings and its releases: what Rollcast plays.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Scenario {
    /// The dated service whose rings and defaults hold, e.g. `autopatch/2025-03`. Without it only what the file
    /// says holds, and the general defaults.
    pub service: Option<String>,
    /// The luck: same scenario, seed and version give the same bytes.
    pub seed: Option<u64>,
    /// How often the rollout is played, each time with other luck.
    pub runs: Option<u32>,
    /// Length of a counting bucket: the resolution of curves, quantiles and gates. 1 s to 1 d.
    pub tick: Option<Duration>,
    /// How long after the last publication is played.
    pub horizon: Option<Duration>,
    /// Zone of sites that name none.
    pub zone: Option<Zone>,
    /// The devices.
    pub fleet: Option<Fleet>,
    /// The rings, in the order in which they are meant to go. Rings written here are all the rings there are;
    /// a name that the service knows takes what is not written from the service.
    pub rings: Option<Named<Ring>>,
    /// Who is first where rings take a number or a share: by a draw, or in the order of the fleet.
    pub ring_order: Option<RingOrder>,
    /// How automatic ring assignment counts.
    pub automatic: Option<Automatic>,
    /// The one release of this scenario (short form of `releases`).
    pub release: Option<Release>,
    /// Releases by name; a later one supersedes the earlier ones.
    pub releases: Option<Named<Release>>,
    /// Stretches in which the rollout is held back.
    pub freezes: Option<Named<Freeze>>,
    /// What every managed device does with an offer.
    pub device: Option<Device>,
    /// What is wrong with the releases, by name.
    pub defects: Option<Named<Defect>>,
    /// What goes wrong without any release.
    pub background: Option<Background>,
    /// The people who decide, by name.
    pub people: Option<Named<People>>,
    /// What they (or the service by itself) react to, by name.
    pub rules: Option<Named<Rule>>,
    /// Decisions at given moments, by name.
    pub decisions: Option<Named<Decision>>,
    /// What commands do, and what the service allows.
    pub management: Option<Commands>,
    /// Decisions of rules after which a run ends early.
    pub max_decisions: Option<Count>,
    /// What the service promises.
    pub objective: Option<Objective>,
    /// What things cost.
    pub costs: Option<Costs>,
    /// What you want to hold; a missed goal is exit code 1.
    pub goals: Option<Vec<GoalForm>>,
    /// Settings of which only a distribution is known, by path; drawn in each replication.
    pub uncertain: Option<Named<Unsure>>,
    /// What `compare` compares: settings by path for each strategy by name.
    pub strategies: Option<Named<Overrides>>,
    /// Bad releases that every strategy meets.
    pub bank: Option<BankForm>,
    /// What `compare` and `sweep` measure in each run; a selection of metrics without it.
    pub measure: Option<Vec<Column>>,
    /// What to choose by.
    pub choose: Option<Choose>,
    /// What `gates` asks of the rules that stop releases.
    pub gates: Option<Gates>,
    /// What `sweep` varies.
    pub sweep: Option<Sweep>,
}
