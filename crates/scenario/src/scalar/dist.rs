//! Distributions of quantities: `30 min`, `10 min to 40 min`, `exp 30 min`, `{ lognormal: { median: 18 h, sigma: 0.8 } }`.
//!
//! Single values and ranges are texts; every other family is a map with one key, so that each parameter keeps
//! its own place in the file. Parameters are kept as numbers in the base unit of the quantity.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap,
};

use super::{Positive, Quantity, ScalarError, Share, shorten};

/// A distribution of the quantity `U`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dist<U> {
    /// Its family with the parameters in base units.
    pub shape: Shape,
    /// Values below count as this one.
    pub at_least: Option<f64>,
    /// Values above count as this one.
    pub at_most: Option<f64>,
    unit: PhantomData<U>,
}

/// Families with their parameters in base units (seconds, bits per second, bytes, parts of 1).
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Always this value.
    Fixed(f64),
    /// Evenly between the two.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Exponential with this mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// The logarithm is normal.
    Lognormal {
        /// Median.
        median: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// Weibull.
    Weibull {
        /// Shape without unit.
        shape: f64,
        /// Scale: the 63.2 % quantile.
        scale: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape without unit.
        shape: f64,
        /// Mean.
        mean: f64,
    },
    /// Triangular.
    Triangular {
        /// Lower end.
        low: f64,
        /// Peak.
        mode: f64,
        /// Upper end.
        high: f64,
    },
    /// Normal; values below zero count as zero.
    Normal {
        /// Mean before the cut.
        mean: f64,
        /// Standard deviation before the cut.
        sd: f64,
    },
    /// Quantile points (share, value) from 0 % to 100 %, straight lines between.
    Points(Vec<(f64, f64)>),
    /// Observed values in a file.
    File(String),
}

const FAMILIES: &[&str] =
    &["lognormal", "weibull", "gamma", "triangular", "normal", "exponential", "uniform", "empirical"];

impl<U> Dist<U> {
    /// A distribution without bounds.
    pub fn new(shape: Shape) -> Self {
        Dist { shape, at_least: None, at_most: None, unit: PhantomData }
    }

    /// The value, if it is always the same.
    pub fn fixed(&self) -> Option<f64> {
        match self.shape {
            Shape::Fixed(value) => Some(value),
            _ => None,
        }
    }
}

fn fail(why: impl Into<String>, help: &str) -> ScalarError {
    ScalarError::new("RC128", why, help)
}

impl<U: Quantity> FromStr for Dist<U> {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let text = text.trim();
        if let Some(mean) = text.strip_prefix("exp ") {
            let mean = mean.trim().parse::<U>()?.value();
            return positive("mean", mean).map(|()| Dist::new(Shape::Exponential { mean }));
        }
        if let Some((low, high)) = text.split_once(" to ") {
            let (low, high) = (low.parse::<U>()?.value(), high.parse::<U>()?.value());
            if low > high {
                let why = format!("`{}` starts above its end", shorten(text));
                return Err(fail(why, "write the smaller value first"));
            }
            return Ok(Dist::new(Shape::Uniform { low, high }));
        }
        let word = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        if FAMILIES.contains(&word) || word == "exp" {
            let why = format!("`{}` is not a distribution", shorten(text));
            return Err(match word {
                "exp" => fail(why, &format!("write `exp {}`", U::EXAMPLES[0])),
                "uniform" => fail(why, &format!("write `{} to {}`", U::EXAMPLES[0], U::EXAMPLES[1])),
                _ => fail(why, &format!("write it as a map with one key: `{{ {word}: {{ ... }} }}`")),
            });
        }
        text.parse::<U>().map(|value| Dist::new(Shape::Fixed(value.value())))
    }
}

fn positive(name: &str, value: f64) -> Result<(), ScalarError> {
    if value > 0.0 {
        Ok(())
    } else {
        Err(fail(format!("the {name} of a distribution is above 0"), "write a larger value"))
    }
}

/// Parameters as they stand in the file, one struct for each family, each with the optional bounds.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* })*) => {$(
        $(#[$doc])*
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case", bound = "U: Quantity + Deserialize<'de>")]
        struct $name<U> {
            $($field: $type,)*
            /// Values below count as this one.
            at_least: Option<U>,
            /// Values above count as this one.
            at_most: Option<U>,
        }
    )*};
}

parameters! {
    /// The logarithm is normal: median, and standard deviation of the natural logarithm.
    Lognormal { median: U, sigma: Positive }
    /// Weibull with shape and scale (the 63.2 % quantile).
    Weibull { shape: Positive, scale: U }
    /// Gamma with shape and mean.
    Gamma { shape: Positive, mean: U }
    /// Triangular between low and high with its peak at mode.
    Triangular { low: U, mode: U, high: U }
    /// Normal with mean and standard deviation; values below zero count as zero.
    Normal { mean: U, sd: U }
    /// Exponential with this mean.
    Exponential { mean: U }
    /// Evenly between low and high.
    Uniform { low: U, high: U }
    /// Observed: quantile points from 0% to 100%, or a file.
    Empirical { file: Option<String>, points: Option<Points<U>> }
}

struct Points<U>(Vec<(f64, f64)>, PhantomData<U>);

impl<'de, U: Quantity + Deserialize<'de>> Deserialize<'de> for Points<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = crate::de::Named::<U>::deserialize(deserializer)?;
        let mut points = Vec::new();
        for (share, value) in named.iter() {
            points.push((share.parse::<Share>().map_err(de::Error::custom)?.get(), value.value()));
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = points.first().map(|point| point.0) == Some(0.0)
            && points.last().map(|point| point.0) == Some(1.0);
        if !ends {
            let why = "quantile points go from `0%` to `100%`";
            return Err(de::Error::custom(fail(
                why,
                "add the smallest value as `0%` and the largest as `100%`",
            )));
        }
        if points.windows(2).any(|pair| pair[0].0 >= pair[1].0 || pair[0].1 > pair[1].1) {
            let why = "quantile points rise: a larger share has a larger value";
            return Err(de::Error::custom(fail(why, "check the order of the values")));
        }
        Ok(Points(points, PhantomData))
    }
}

impl<U: JsonSchema> JsonSchema for Points<U> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Points".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "%$" },
            "additionalProperties": generator.subschema_for::<U>(),
            "minProperties": 2,
        })
    }
}

impl<'de, U: Quantity + Deserialize<'de>> Deserialize<'de> for Dist<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyForm(PhantomData))
    }
}

struct AnyForm<U>(PhantomData<U>);

impl<'de, U: Quantity + Deserialize<'de>> Visitor<'de> for AnyForm<U> {
    type Value = Dist<U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [low, high] = U::EXAMPLES;
        write!(
            f,
            "a distribution such as `{low} to {high}` or `{{ lognormal: {{ median: {high}, sigma: 0.8 }} }}`"
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Dist<U>, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Dist<U>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Dist<U>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Dist<U>, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dist<U>, A::Error> {
        let Some(family) = map.next_key::<Family>()? else {
            let why = "a distribution is a map with one key, and this one has none";
            let help = "write it as in `{ lognormal: { median: 18 h, sigma: 0.8 } }`";
            return Err(de::Error::custom(ScalarError::new("RC109", why, help)));
        };
        let dist = family.read(&mut map)?;
        if map.next_key::<de::IgnoredAny>()?.is_some() {
            let why = "a distribution is a map with one key, and this one has more";
            let help = "bounds such as `at-most` stand beside the parameters, one level deeper";
            return Err(de::Error::custom(ScalarError::new("RC109", why, help)));
        }
        Ok(dist)
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Family {
    Lognormal,
    Weibull,
    Gamma,
    Triangular,
    Normal,
    Exponential,
    Uniform,
    Empirical,
}

impl Family {
    fn read<'de, U: Quantity + Deserialize<'de>, A: MapAccess<'de>>(
        self,
        map: &mut A,
    ) -> Result<Dist<U>, A::Error> {
        // Reads the parameters of one family and turns them into its shape.
        macro_rules! family {
            ($parameters:ident, $one:ident => $shape:expr) => {{
                let $one: $parameters<U> = map.next_value()?;
                let shape: Result<Shape, ScalarError> = $shape;
                let (least, most) = ($one.at_least.map(U::value), $one.at_most.map(U::value));
                shape.and_then(|shape| bounded(shape, least, most)).map_err(de::Error::custom)
            }};
        }
        match self {
            Family::Lognormal => family!(Lognormal, p => positive("median", p.median.value())
                .map(|()| Shape::Lognormal { median: p.median.value(), sigma: p.sigma.get() })),
            Family::Weibull => family!(Weibull, p => positive("scale", p.scale.value())
                .map(|()| Shape::Weibull { shape: p.shape.get(), scale: p.scale.value() })),
            Family::Gamma => family!(Gamma, p => positive("mean", p.mean.value())
                .map(|()| Shape::Gamma { shape: p.shape.get(), mean: p.mean.value() })),
            Family::Triangular => family!(Triangular, p => {
                let (low, mode, high) = (p.low.value(), p.mode.value(), p.high.value());
                if low <= mode && mode <= high && low < high {
                    Ok(Shape::Triangular { low, mode, high })
                } else {
                    Err(fail("`low`, `mode` and `high` of a triangular distribution rise in this order", "check the three values"))
                }
            }),
            Family::Normal => family!(Normal, p => positive("sd", p.sd.value())
                .map(|()| Shape::Normal { mean: p.mean.value(), sd: p.sd.value() })),
            Family::Exponential => family!(Exponential, p => positive("mean", p.mean.value())
                .map(|()| Shape::Exponential { mean: p.mean.value() })),
            Family::Uniform => family!(Uniform, p => {
                let (low, high) = (p.low.value(), p.high.value());
                if low <= high { Ok(Shape::Uniform { low, high }) } else {
                    Err(fail("`low` of a uniform distribution is above its `high`", "exchange the two"))
                }
            }),
            Family::Empirical => family!(Empirical, p => match (&p.file, &p.points) {
                (Some(file), None) => Ok(Shape::File(file.clone())),
                (None, Some(points)) => Ok(Shape::Points(points.0.clone())),
                _ => Err(fail("an empirical distribution has either `file` or `points`", "keep one of the two")),
            }),
        }
    }
}

fn bounded<U>(shape: Shape, at_least: Option<f64>, at_most: Option<f64>) -> Result<Dist<U>, ScalarError> {
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
    {
        return Err(fail("`at-least` is above `at-most`", "exchange the two"));
    }
    Ok(Dist { shape, at_least, at_most, unit: PhantomData })
}

/// Writes numbers of base units as the quantity's own text.
pub trait FromBase: Quantity {
    /// The quantity nearest to a number of base units.
    fn from_base(value: f64) -> Self;
}

impl FromBase for super::Duration {
    fn from_base(value: f64) -> Self {
        super::Duration::from_seconds(value.round() as i64)
    }
}

impl FromBase for super::Bytes {
    fn from_base(value: f64) -> Self {
        super::Bytes::new(value.round() as u64)
    }
}

impl FromBase for super::Bandwidth {
    fn from_base(value: f64) -> Self {
        super::Bandwidth::new(value.round() as u64)
    }
}

impl FromBase for Share {
    fn from_base(value: f64) -> Self {
        Share::new(value).unwrap_or(Share::ALL)
    }
}

impl FromBase for super::Count {
    fn from_base(value: f64) -> Self {
        super::Count::new(value.round() as u64)
    }
}

impl<U: FromBase> Serialize for Dist<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |value: f64| U::from_base(value).to_string();
        let unbounded = self.at_least.is_none() && self.at_most.is_none();
        let (family, fields): (_, Vec<(&str, Parameter)>) = match &self.shape {
            Shape::Fixed(value) => return serializer.serialize_str(&text(*value)),
            Shape::Uniform { low, high } if unbounded => {
                return serializer.serialize_str(&format!("{} to {}", text(*low), text(*high)));
            }
            Shape::Exponential { mean } if unbounded => {
                return serializer.serialize_str(&format!("exp {}", text(*mean)));
            }
            Shape::Uniform { low, high } => {
                ("uniform", vec![("low", text(*low).into()), ("high", text(*high).into())])
            }
            Shape::Exponential { mean } => ("exponential", vec![("mean", text(*mean).into())]),
            Shape::Lognormal { median, sigma } => {
                ("lognormal", vec![("median", text(*median).into()), ("sigma", (*sigma).into())])
            }
            Shape::Weibull { shape, scale } => {
                ("weibull", vec![("shape", (*shape).into()), ("scale", text(*scale).into())])
            }
            Shape::Gamma { shape, mean } => {
                ("gamma", vec![("shape", (*shape).into()), ("mean", text(*mean).into())])
            }
            Shape::Triangular { low, mode, high } => (
                "triangular",
                vec![("low", text(*low).into()), ("mode", text(*mode).into()), ("high", text(*high).into())],
            ),
            Shape::Normal { mean, sd } => {
                ("normal", vec![("mean", text(*mean).into()), ("sd", text(*sd).into())])
            }
            Shape::File(file) => ("empirical", vec![("file", file.clone().into())]),
            Shape::Points(points) => {
                let points =
                    points.iter().map(|(share, value)| (Share::from_base(*share).to_string(), text(*value)));
                ("empirical", vec![("points", Parameter::Points(crate::de::Named(points.collect())))])
            }
        };
        let bound = |name, value: Option<f64>| value.map(|value| (name, Parameter::from(text(value))));
        let bounds = [bound("at-least", self.at_least), bound("at-most", self.at_most)];
        let fields = crate::de::Named(
            fields.into_iter().chain(bounds.into_iter().flatten()).map(|(k, v)| (k.to_owned(), v)).collect(),
        );
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(family, &fields)?;
        map.end()
    }
}

/// A parameter on its way out.
#[derive(Serialize)]
#[serde(untagged)]
enum Parameter {
    Text(String),
    Number(f64),
    Points(crate::de::Named<String>),
}

impl From<String> for Parameter {
    fn from(text: String) -> Self {
        Parameter::Text(text)
    }
}

impl From<f64> for Parameter {
    fn from(number: f64) -> Self {
        Parameter::Number(number)
    }
}

impl<U: Quantity + JsonSchema> JsonSchema for Dist<U> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Distribution", U::NAME).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let quantity = U::PATTERN;
        let mut forms = vec![serde_json::json!({
            "type": "string",
            "pattern": format!("^((exp )?({quantity})|({quantity}) to ({quantity}))$"),
        })];
        let [low, high] = U::EXAMPLES;
        let mut family = |name: &str, schema: Schema| {
            forms.push(serde_json::json!({
                "type": "object", "properties": { name: schema }, "required": [name], "additionalProperties": false,
            }));
        };
        family("lognormal", Lognormal::<U>::json_schema(generator));
        family("weibull", Weibull::<U>::json_schema(generator));
        family("gamma", Gamma::<U>::json_schema(generator));
        family("triangular", Triangular::<U>::json_schema(generator));
        family("normal", Normal::<U>::json_schema(generator));
        family("exponential", Exponential::<U>::json_schema(generator));
        family("uniform", Uniform::<U>::json_schema(generator));
        family("empirical", Empirical::<U>::json_schema(generator));
        json_schema!({
            "description": "A distribution: one value, `low to high` (uniform), `exp mean`, or a map with one key that names the family.",
            "anyOf": forms,
            "examples": [low, format!("{low} to {high}"), format!("exp {high}"), { "lognormal": { "median": high, "sigma": 0.8 } }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        de::from_node,
        scalar::{Bandwidth, Duration},
        yaml::tests::tree,
    };

    /// Reads the text as block and as flow value of a key.
    fn read(text: &str) -> Dist<Duration> {
        let in_block = from_node::<crate::de::Named<Dist<Duration>>>(&tree(&format!("x: {text}\n")));
        let in_flow = from_node::<crate::de::Named<Dist<Duration>>>(&tree(&format!("{{ x: {text} }}")));
        assert!(in_block.1.is_empty() && in_flow.1.is_empty(), "{text}: {:?}", in_block.1);
        assert_eq!(in_block.0, in_flow.0);
        in_block.0.unwrap().0.remove(0).1
    }

    fn problem(text: &str) -> (&'static str, String) {
        let (_, problems) = from_node::<crate::de::Named<Dist<Duration>>>(&tree(&format!("{{ x: {text} }}")));
        assert!(!problems.is_empty(), "{text}");
        (problems[0].code, format!("{} {}", problems[0].message, problems[0].help.as_deref().unwrap_or("")))
    }

    #[test]
    fn forms() {
        assert_eq!(read("30 min").shape, Shape::Fixed(1_800.0));
        assert_eq!(read("10 min to 40 min").shape, Shape::Uniform { low: 600.0, high: 2_400.0 });
        assert_eq!(read("exp 30 min").shape, Shape::Exponential { mean: 1_800.0 });
        let dist = read("{ lognormal: { median: 18 h, sigma: 0.8, at-most: 9 d } }");
        assert_eq!(dist.shape, Shape::Lognormal { median: 64_800.0, sigma: 0.8 });
        assert_eq!(dist.at_most, Some(777_600.0));
        assert_eq!(
            read("{ weibull: { shape: 2, scale: 1 h } }").shape,
            Shape::Weibull { shape: 2.0, scale: 3_600.0 }
        );
        assert_eq!(
            read("{ gamma: { shape: 2, mean: 1 h } }").shape,
            Shape::Gamma { shape: 2.0, mean: 3_600.0 }
        );
        assert_eq!(
            read("{ triangular: { low: 1 min, mode: 2 min, high: 4 min } }").shape,
            Shape::Triangular { low: 60.0, mode: 120.0, high: 240.0 }
        );
        assert_eq!(
            read("{ normal: { mean: 1 h, sd: 5 min } }").shape,
            Shape::Normal { mean: 3_600.0, sd: 300.0 }
        );
        assert_eq!(read("{ empirical: { file: waits.csv } }").shape, Shape::File("waits.csv".into()));
        assert_eq!(
            read("{ empirical: { points: { 0%: 0 h, 50%: 8 h, 100%: 30 d } } }").shape,
            Shape::Points(vec![(0.0, 0.0), (0.5, 28_800.0), (1.0, 2_592_000.0)])
        );
        assert_eq!(
            "20 Mbit/s to 50 Mbit/s".parse::<Dist<Bandwidth>>().unwrap().shape,
            Shape::Uniform { low: 2e7, high: 5e7 }
        );
    }

    #[test]
    fn serialized_forms_read_back() {
        for text in [
            "30 min",
            "10 min to 40 min",
            "exp 30 min",
            "{ lognormal: { median: 18 h, sigma: 0.8, at-most: 9 d } }",
            "{ empirical: { points: { 0%: 0 s, 50%: 8 h, 100%: 30 d } } }",
            "{ uniform: { low: 1 h, high: 2 h, at-least: 90 min } }",
        ] {
            let dist = read(text);
            let json = serde_json::to_value(&dist).unwrap();
            assert_eq!(json, tree(&format!("x: {text}")).get("x").unwrap().to_json());
            assert_eq!(serde_json::from_value::<Dist<Duration>>(json).unwrap(), dist);
        }
    }

    #[test]
    fn refusals_say_why() {
        for (text, code, why) in [
            ("30", "RC120", "no unit"),
            ("40 min to 10 min", "RC128", "smaller"),
            ("uniform(10 min, 40 min)", "RC106", "`10 min to 40 min`"),
            ("exp 0 s", "RC128", "above 0"),
            ("{ lognormal: { median: 18 h, sigma: -1 } }", "RC128", "above 0"),
            ("{ lognormal: { median: 18 h, sigma: .nan } }", "RC108", "number"),
            ("{ lognormal: { median: 18 h } }", "RC103", "`sigma`"),
            ("{ lognormal: { median: 18, sigma: 1 } }", "RC120", "no unit"),
            ("{ lognormall: { median: 18 h, sigma: 1 } }", "RC107", "`lognormal`"),
            ("{ lognormal: 18 h }", "RC104", "median"),
            ("{ triangular: { low: 3 h, mode: 2 h, high: 4 h } }", "RC128", "rise"),
            ("{ empirical: { points: { 0%: 0 h, 50%: 8 h } } }", "RC128", "`100%`"),
            ("{ empirical: { points: { 0%: 9 h, 100%: 8 h } } }", "RC128", "rise"),
            ("{ empirical: {} }", "RC128", "either"),
            ("{ normal: { mean: 1 h, sd: 1 h, at-least: 2 h, at-most: 1 h } }", "RC128", "above"),
            ("{}", "RC109", "one key"),
            ("{ lognormal: { median: 18 h, sigma: 1 }, at-most: 9 d }", "RC109", "one level deeper"),
            ("[30 min]", "RC104", "distribution"),
        ] {
            let (found, all) = problem(text);
            assert_eq!(found, code, "{text}: {all}");
            assert!(all.contains(why), "{text}: {all}");
        }
    }
}
