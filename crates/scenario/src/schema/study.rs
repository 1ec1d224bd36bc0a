//! Comparisons and sweeps as they are typed: in a scenario, or in a plan file of their own.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Defect, Name};
use crate::{
    de::Named,
    scalar::{
        Aim, Column, Count, Criterion, Keep, Names, Offset, OneOrMany, Positive, ScalarError, Share, Stretch,
        Unsure,
    },
};

/// Anything: it is read where it is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Anything)
    }
}

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// Settings by path, as in `rings.First.size: 800`.
pub type Overrides = Named<Anything>;

/// A plan: what is compared over which scenario.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PlanFile {
    /// The scenario that everything is about, relative to this file.
    pub base: Option<String>,
    /// Settings by path that hold for all strategies.
    pub set: Option<Overrides>,
    /// What is compared: settings by path for each strategy by name.
    pub strategies: Option<Named<Overrides>>,
    /// Bad releases that every strategy meets.
    pub bank: Option<BankForm>,
    /// Settings of which only a distribution is known, by path; drawn in each replication.
    pub uncertain: Option<Named<Unsure>>,
    /// What is measured in each run; a selection of metrics without it.
    pub measure: Option<Vec<Column>>,
    /// What to choose by.
    pub choose: Option<Choose>,
    /// What `gates` asks of the rules that stop releases.
    pub gates: Option<Gates>,
    /// The strategy that the axes vary; the first one without it.
    #[schemars(with = "Option<Name>")]
    pub vary: Option<String>,
    /// What is varied: settings by path with their values, or names with blocks of settings.
    pub axes: Option<Named<Axis>>,
    /// Conditions between settings; combinations that break one are left out.
    pub keep: Option<Vec<Keep>>,
    /// Which combinations are played.
    pub design: Option<Design>,
    /// How often each combination is played, each time with other luck.
    pub runs: Option<RunsForm>,
    /// The luck that all share; the scenario's without it.
    pub seed: Option<u64>,
}

/// A sweep in a scenario.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Sweep {
    /// The strategy that the axes vary; the first one without it.
    #[schemars(with = "Option<Name>")]
    pub vary: Option<String>,
    /// What is varied: settings by path with their values, or names with blocks of settings.
    pub axes: Option<Named<Axis>>,
    /// Conditions between settings; combinations that break one are left out.
    pub keep: Option<Vec<Keep>>,
    /// Which combinations are played.
    pub design: Option<Design>,
    /// How often each combination is played; the scenario's `runs` without it.
    pub runs: Option<RunsForm>,
}

/// How often each combination is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Runs {
    /// How often each is played against each release of the bank, or at first where the runs go on until something is
    /// known; the scenario's `runs` without it.
    pub each: Option<Count>,
    /// Where runs that go on until something is known end.
    pub at_most: Option<Count>,
    /// How many runs share a draw of the uncertain settings; 1 without it. From 2 on, luck and ignorance can be told apart.
    pub per_draw: Option<Count>,
}

/// Runs by their number, or as a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunsForm(pub Runs);

impl<'de> Deserialize<'de> for RunsForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RunsForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as `100`, or `{ each: 100, at-most: 2000 }`")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<RunsForm, E> {
                Ok(RunsForm(Runs { each: Some(Count::new(number)), ..Runs::default() }))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<RunsForm, E> {
                let each = text.parse().map_err(E::custom)?;
                Ok(RunsForm(Runs { each: Some(each), ..Runs::default() }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RunsForm, A::Error> {
                Runs::deserialize(MapAccessDeserializer::new(map)).map(RunsForm)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for RunsForm {
    fn schema_name() -> Cow<'static, str> {
        "RunsForm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (number, map) = (generator.subschema_for::<Count>(), generator.subschema_for::<Runs>());
        json_schema!({ "description": "How often each combination is played.", "anyOf": [number, map] })
    }
}

/// Which releases every strategy meets.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Bank {
    /// A shipped bank such as `standard/2026`, or a file relative to this one.
    pub from: Option<String>,
    /// The release that is good or bad; the only one without it.
    #[serde(rename = "in")]
    #[schemars(with = "Option<Name>")]
    pub release: Option<String>,
    /// Only these members.
    pub only: Option<OneOrMany<crate::scalar::Name>>,
}

/// A bank by its name, or as a map.
#[derive(Clone, Debug, PartialEq)]
pub enum BankForm {
    /// Its name.
    Named(String),
    /// A map.
    Map(Bank),
}

impl<'de> Deserialize<'de> for BankForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = BankForm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a bank such as `standard/2026`, or `{ from: standard/2026, in: 2026-12 B }`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<BankForm, E> {
                Ok(BankForm::Named(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BankForm, A::Error> {
                Bank::deserialize(MapAccessDeserializer::new(map)).map(BankForm::Map)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for BankForm {
    fn schema_name() -> Cow<'static, str> {
        "BankForm".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = generator.subschema_for::<Bank>();
        json_schema!({ "anyOf": [{ "type": "string", "examples": ["standard/2026"] }, map] })
    }
}

/// A file of bad releases.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BankFile {
    /// What this bank is, in a sentence.
    pub about: Option<String>,
    /// The releases by name.
    pub members: Option<Named<BankMember>>,
}

/// One kind of release, good or bad.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BankMember {
    /// How often it comes, relative to the other members.
    pub weight: Option<Positive>,
    /// Where weight and shape come from.
    pub source: Option<String>,
    /// Instead of `source`: why this is assumed.
    pub assumption: Option<String>,
    /// What is wrong with the release, as in a scenario but without `in`. A good release has none.
    pub defects: Option<Named<Defect>>,
    /// An attribute that the fleet must know for these defects.
    #[schemars(with = "Option<Name>")]
    pub needs: Option<String>,
    /// What stands in for them in a fleet that does not know it.
    pub otherwise: Option<Named<Defect>>,
    /// Other settings by path.
    pub set: Option<Overrides>,
}

/// How the best strategy is found.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Choose {
    /// Only strategies that keep this limit, or all of these.
    pub only_if: Option<OneOrMany<Criterion>>,
    /// Of those the one with the least or the most of this.
    pub then: Option<Aim>,
    /// The metrics whose means the front of strategies that nothing beats is about; exposure and harm without it.
    pub front: Option<Vec<Column>>,
}

/// What `gates` asks of the rules that stop releases.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Gates {
    /// The rules that are played alone; every one that stops a release without it.
    pub rules: Option<Names>,
    /// Defect rates at which the bad releases of the bank are met: the largest share of each has this rate.
    pub rates: Option<OneOrMany<Share>>,
    /// A ring of which the smallest size that catches a defect is looked for.
    #[serde(rename = "catch")]
    pub smallest: Option<Catch>,
}

/// The smallest size of a ring that catches a defect before a later ring is offered the release.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Catch {
    /// The ring.
    #[schemars(with = "Option<Name>")]
    pub ring: Option<String>,
    /// The bad release of the bank; the only one without it.
    #[schemars(with = "Option<Name>")]
    pub member: Option<String>,
    /// Its defect rate; as the bank has it without it.
    pub rate: Option<Share>,
    /// How probably it is caught.
    pub probability: Option<Share>,
    /// Caught is what is stopped before this ring is offered the release; the next ring without it.
    #[schemars(with = "Option<Name>")]
    pub before: Option<String>,
    /// Between which sizes is looked, as in `20 to 5000`.
    pub sizes: Option<Stretch>,
}

impl crate::scalar::Listed for Share {
    const FORMS: &'static str =
        "write one share, or a list of shares such as `[1 in 10000, 1 in 1000, 1%, 10%]`";
}

impl crate::scalar::Listed for Criterion {
    const FORMS: &'static str =
        "write one limit, or a list of limits such as `[harmed.p95 <= 200, patched.h95 <= 14 d]`";
}

/// The values of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Axis {
    /// Values one by one, as they are written in a scenario.
    Values,
    /// A range.
    Stretch(Stretch),
    /// A range on top of another axis.
    Offset(Offset),
    /// Blocks of settings by name.
    Blocks(Named<Overrides>),
}

impl<'de> Deserialize<'de> for Axis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Axis;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a list such as `[100, 200]`, a range such as `6 d to 9 d step 1 d`, an offset such as `rings.Fast.deferral + 1 d to 5 d`, or blocks of settings by name",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Axis, E> {
                let read = match Offset::is_meant(text) {
                    true => text.parse().map(Axis::Offset),
                    false => text.parse().map(Axis::Stretch),
                };
                read.map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Axis, A::Error> {
                while seq.next_element::<Anything>()?.is_some() {}
                Ok(Axis::Values)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Axis, A::Error> {
                Named::deserialize(MapAccessDeserializer::new(map)).map(Axis::Blocks)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl JsonSchema for Axis {
    fn schema_name() -> Cow<'static, str> {
        "Axis".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let stretch = generator.subschema_for::<Stretch>();
        let offset = generator.subschema_for::<Offset>();
        let blocks = generator.subschema_for::<Named<Overrides>>();
        json_schema!({
            "description": "The values of an axis: a list, a range, a range on top of another axis, or blocks of settings by name.",
            "anyOf": [{ "type": "array", "minItems": 1 }, stretch, offset, blocks],
        })
    }
}

/// Which combinations of the axes are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Every combination.
    Grid,
    /// The base, and each other value of one axis after the other.
    OneAtATime,
    /// So many points of a Latin hypercube.
    Latin(u32),
    /// So many points of a scrambled Sobol sequence.
    Sobol(u32),
    /// So many rows of points that tell the share of each axis in the variance.
    SobolIndices(u32),
}

const DESIGNS: &str =
    "write `grid`, `one-at-a-time`, `{ latin: 50 }`, `{ sobol: 64 }` or `{ sobol-indices: 64 }`";
/// Most points of a design: above it a sweep is a slip.
pub const MOST_POINTS: u32 = 1 << 20;
/// Fewest and most rows of a design for indices. Fewer say nothing; each row has three points or more.
const FEWEST_ROWS: u32 = 8;
const MOST_ROWS: u32 = 1 << 18;

/// A number of rows: a power of two, because a scrambled Sobol sequence is even at these lengths and no others.
fn rows(number: u32) -> Result<u32, ScalarError> {
    if number.is_power_of_two() && (FEWEST_ROWS..=MOST_ROWS).contains(&number) {
        return Ok(number);
    }
    let (why, help) = match number {
        _ if number < FEWEST_ROWS => (
            format!("{number} rows tell nothing"),
            format!("write {FEWEST_ROWS} or {}, better 64 or more", 2 * FEWEST_ROWS),
        ),
        _ if number > MOST_ROWS => {
            (format!("more than {MOST_ROWS} rows are a slip"), "write 64, 256 or 1024".into())
        }
        _ => {
            let above = number.next_power_of_two();
            (format!("{number} is no power of two"), format!("write {} or {above}", above / 2))
        }
    };
    let why = format!("`sobol-indices` wants a power of two of rows, and {why}");
    Err(ScalarError::new("RC140", why, help))
}

impl<'de> Deserialize<'de> for Design {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Design;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "`grid`, `one-at-a-time`, `{ latin: 50 }`, `{ sobol: 64 }` or `{ sobol-indices: 64 }`",
                )
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Design, E> {
                match text.trim() {
                    "grid" => Ok(Design::Grid),
                    "one-at-a-time" => Ok(Design::OneAtATime),
                    other => {
                        let why = format!("`{}` is no design", crate::scalar::shorten(other));
                        Err(E::custom(ScalarError::new("RC140", why, DESIGNS)))
                    }
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Design, A::Error> {
                #[derive(Deserialize)]
                #[serde(rename_all = "kebab-case")]
                enum Kind {
                    Latin,
                    Sobol,
                    SobolIndices,
                }
                let refuse = |why: String| de::Error::custom(ScalarError::new("RC140", why, DESIGNS));
                let kind =
                    map.next_key::<Kind>()?.ok_or_else(|| refuse("an empty map is no design".into()))?;
                let points: Count = map.next_value()?;
                if map.next_key::<IgnoredAny>()?.is_some() {
                    return Err(refuse("a design is a map with one key, and this one has more".into()));
                }
                let number = u32::try_from(points.get()).ok().filter(|n| (1..=MOST_POINTS).contains(n));
                let number =
                    number.ok_or_else(|| refuse(format!("a design has from 1 to {MOST_POINTS} points")))?;
                Ok(match kind {
                    Kind::Latin => Design::Latin(number),
                    Kind::Sobol => Design::Sobol(number),
                    Kind::SobolIndices => Design::SobolIndices(rows(number).map_err(de::Error::custom)?),
                })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Design {
    fn schema_name() -> Cow<'static, str> {
        "Design".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = |key: &str, number: serde_json::Value| {
            serde_json::json!({
                "type": "object",
                "properties": { key: number },
                "required": [key],
                "additionalProperties": false,
            })
        };
        let any = serde_json::json!({ "type": "integer", "minimum": 1, "maximum": MOST_POINTS });
        let powers: Vec<u32> = (3..=MOST_ROWS.ilog2()).map(|power| 1 << power).collect();
        let powers = serde_json::json!({ "enum": powers });
        json_schema!({
            "description": "Which combinations are played.",
            "anyOf": [
                { "enum": ["grid", "one-at-a-time"] },
                one("latin", any.clone()),
                one("sobol", any),
                one("sobol-indices", powers),
            ],
        })
    }
}
