//! Values that are a text or a map: how a device is online, how an attribute is spread, a wait or `never`.

use std::{borrow::Cow, fmt, marker::PhantomData, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Dist, Duration, ScalarError, Share, Size, Week, shorten};
use crate::de::Named;

/// When a device is on and connected.
#[derive(Clone, Debug, PartialEq)]
pub enum Online {
    /// Day and night.
    Always,
    /// Weekly local hours.
    Hours(Week),
    /// So long every day, from a time of the device's own.
    Daily(Duration),
    /// On some days, for one session.
    Sporadic(Sporadic),
}

/// Sessions on some days.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sporadic {
    /// Share of days with a session.
    pub days: Share,
    /// How long a session lasts.
    pub session: Dist<Duration>,
}

/// How the values of an attribute are spread over devices.
#[derive(Clone, Debug, PartialEq)]
pub enum Spread {
    /// All devices have this value.
    One(String),
    /// Shares by value; one may be `rest`.
    Shares(Named<Size>),
}

/// A distribution of waits, or `never`.
#[derive(Clone, Debug, PartialEq)]
pub enum Maybe {
    /// It does not happen.
    Never,
    /// It happens after such a wait.
    After(Dist<Duration>),
}

/// A value that is read from a text or from a map.
pub(super) trait Form: Sized {
    const WANTED: &'static str;
    fn text(text: &str) -> Result<Self, ScalarError>;
    fn map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

pub(super) struct Either<T>(pub(super) PhantomData<T>);

impl<'de, T: Form> Visitor<'de> for Either<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WANTED)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::text(text).map_err(E::custom)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_bool<E: de::Error>(self, word: bool) -> Result<T, E> {
        self.visit_str(if word { "true" } else { "false" })
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::map(map)
    }
}

macro_rules! form {
    ($type:ty) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(crate::scalar::forms::Either::<$type>(std::marker::PhantomData))
            }
        }
    };
}
pub(super) use form;

form!(Online);
form!(Spread);
form!(Maybe);

impl Form for Online {
    const WANTED: &'static str =
        "`always`, weekly hours such as `workdays 08:00 to 17:00`, `8 h a day`, or `{ sporadic: { ... } }`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        if trimmed == "always" {
            return Ok(Online::Always);
        }
        if let Some(daily) = trimmed.strip_suffix(" a day") {
            let daily: Duration = daily.parse()?;
            if !(1..=86_400).contains(&daily.seconds()) {
                let why = format!("`{}` is not a part of a day", shorten(text));
                return Err(ScalarError::new("RC140", why, "write between `1 s a day` and `24 h a day`"));
            }
            return Ok(Online::Daily(daily));
        }
        Week::from_str(trimmed).map(Online::Hours)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Kind {
            Sporadic,
        }
        let help = "write `{ sporadic: { days: 40%, session: 2 h to 4 h } }`";
        match map.next_key::<Kind>()? {
            Some(Kind::Sporadic) => {
                let sporadic = map.next_value()?;
                match map.next_key::<de::IgnoredAny>()? {
                    None => Ok(Online::Sporadic(sporadic)),
                    Some(_) => Err(de::Error::custom(ScalarError::new(
                        "RC109",
                        "`online` is a map with one key, and this one has more",
                        help,
                    ))),
                }
            }
            None => Err(de::Error::custom(ScalarError::new("RC109", "`online` is an empty map", help))),
        }
    }
}

impl Form for Spread {
    const WANTED: &'static str = "one value, or values with shares such as `{ munich: 60%, krakow: rest }`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        Ok(Spread::One(text.trim().to_owned()))
    }
    fn map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Named::<Size>::deserialize(MapAccessDeserializer::new(map)).map(Spread::Shares)
    }
}

impl Form for Maybe {
    const WANTED: &'static str = "a wait such as `10 min to 40 min`, or `never`";

    fn text(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "never" { Ok(Maybe::Never) } else { text.parse().map(Maybe::After) }
    }
    fn map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Dist::<Duration>::deserialize(MapAccessDeserializer::new(map)).map(Maybe::After)
    }
}

impl JsonSchema for Online {
    fn schema_name() -> Cow<'static, str> {
        "Online".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let sporadic = generator.subschema_for::<Sporadic>();
        json_schema!({
            "description": "When devices are on: `always`, weekly local hours, `8 h a day` from a time of their own, or now and then.",
            "anyOf": [
                { "type": "string", "examples": ["always", "workdays 08:00 to 17:00", "8 h a day"] },
                {
                    "type": "object",
                    "properties": { "sporadic": sporadic },
                    "required": ["sporadic"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl JsonSchema for Spread {
    fn schema_name() -> Cow<'static, str> {
        "Spread".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let shares = generator.subschema_for::<Named<Size>>();
        json_schema!({
            "description": "One value for all devices, or values with shares, one of which may be `rest`.",
            "anyOf": [{ "type": ["string", "number", "boolean"] }, shares],
        })
    }
}

impl JsonSchema for Maybe {
    fn schema_name() -> Cow<'static, str> {
        "Maybe".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let wait = generator.subschema_for::<Dist<Duration>>();
        json_schema!({
            "description": "A wait, or `never`.",
            "anyOf": [{ "const": "never" }, wait],
        })
    }
}
