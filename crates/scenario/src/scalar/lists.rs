//! One thing or a list of them: names of rings and releases, acts.

use std::{borrow::Cow, convert::Infallible, fmt, marker::PhantomData, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use super::ScalarError;

/// One `T`, or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub struct OneOrMany<T> {
    /// What is there.
    pub all: Vec<T>,
    /// True if it stands there as a list, so that items have paths of their own.
    pub listed: bool,
}

impl<T> OneOrMany<T> {
    /// Each item with its path, given the path of the whole.
    pub fn with_paths<'a>(&'a self, path: &str) -> impl Iterator<Item = (String, &'a T)> {
        let place = move |(i, one): (usize, &'a T)| {
            (if self.listed { format!("{path}.{i}") } else { path.to_owned() }, one)
        };
        self.all.iter().enumerate().map(place).collect::<Vec<_>>().into_iter()
    }
}

/// A name as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl FromStr for Name {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Name(text.trim().to_owned()))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Name)
    }
}

impl JsonSchema for Name {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // In `1` and `true` the loader sees the text, while an editor sees a number or a truth value.
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}

/// What stands alone or in a list.
pub trait Listed: FromStr<Err: fmt::Display> {
    /// How it is written, for help lines.
    const FORMS: &'static str;
}

impl Listed for Name {
    const FORMS: &'static str = "write one name, or a list of names such as `[one, another]`";
}

/// A name, or a list of names.
pub type Names = OneOrMany<Name>;

impl<'de, T: Deserialize<'de> + Listed> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Listed> Visitor<'de> for Either<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value, or a list such as `[one, another]`")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
        // The alternate form carries code and help of an error through serde.
        let one = text.parse().map_err(|error| E::custom(error))?;
        Ok(OneOrMany { all: vec![one], listed: false })
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<OneOrMany<T>, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<OneOrMany<T>, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<OneOrMany<T>, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_bool<E: de::Error>(self, word: bool) -> Result<OneOrMany<T>, E> {
        self.visit_str(if word { "true" } else { "false" })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            all.push(one);
        }
        Ok(OneOrMany { all, listed: true })
    }
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<OneOrMany<T>, A::Error> {
        let message = "a map stands where one value or a list is wanted";
        Err(de::Error::custom(ScalarError::new("RC104", message, T::FORMS)))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one.clone(), { "type": "array", "items": one }] })
    }
}
