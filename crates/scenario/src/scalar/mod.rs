//! Typed single values as an administrator writes them: `22 h`, `62%`, `patch-tuesday 2026-10`.
//!
//! Each parses from its text with a planner's sentence on error, prints its canonical text, and describes
//! itself to editors (JSON Schema). *Invariant:* no form contains `, `, `: ` or a bracket or starts with `>`,
//! so YAML can misread none of them in block or flow style.

mod act;
mod amount;
mod bound;
mod column;
mod data;
mod dist;
mod duration;
mod filter;
mod forms;
mod gate;
mod keep;
mod lists;
mod measured;
mod moment;
mod offset;
mod price;
mod share;
mod terms;
mod trouble;
mod unsure;
mod week;
mod words;
mod zone;

use std::fmt;

use crate::diagnostic::Diagnostic;
pub use act::{Act, FORMS as ACT_FORMS, Form as ActForm, Verb};
pub use amount::{Count, Positive, Size};
pub use bound::Line;
pub use column::{Aim, Column, Criterion, Statistic};
pub use data::{Bandwidth, Bytes};
pub use dist::{Dist, FromBase, Shape};
pub use duration::Duration;
pub use filter::{Term, Where, glob};
pub use forms::{Maybe, Online, Sporadic, Spread};
pub use gate::{Asked, FailOn, Op};
pub use keep::{Comparison, Keep, Side, Term as KeepTerm};
pub use lists::{Listed, Name, Names, OneOrMany};
pub use measured::{Kind, Measured, Stretch, Values};
pub use moment::{Date, Moment};
pub use offset::Offset;
pub use price::{Clock, Price, Shipped};
pub use share::Share;
pub use terms::{Expiry, Judged, Outside, PerDay, Uploads};
pub use trouble::{ByValue, Clustered, Prevalence, Shows};
pub use unsure::Unsure;
pub use week::{Hours, TimeOfDay, WEEK_S, Week, Window};
pub use words::{Attempts, Batch, Bound, Days, Limit, OfRuns, Period, Rate};
pub use zone::Zone;

/// Why a text is not the value that it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarError {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

impl ScalarError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        ScalarError { code, message: message.into(), help: Some(help.into()) }
    }

    /// The same as a diagnostic without a place.
    pub fn diagnostic(self) -> Diagnostic {
        Diagnostic { help: self.help, ..Diagnostic::error(self.code, self.message) }
    }

    /// Reads the alternate form back (serde's errors carry text only).
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('\u{1}')?.splitn(3, '\u{1}');
        let code = parts.next()?;
        let code = crate::codes::CODES.iter().find(|(known, _)| *known == code)?.0;
        let message = parts.next()?.to_owned();
        Some(ScalarError {
            code,
            message,
            help: parts.next().filter(|help| !help.is_empty()).map(str::to_owned),
        })
    }
}

impl fmt::Display for ScalarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let help = self.help.as_deref().unwrap_or("");
            return write!(f, "\u{1}{}\u{1}{}\u{1}{help}", self.code, self.message);
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScalarError {}

/// A text cut to a length that fits a message, without line breaks.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(61).collect();
    if line.chars().count() > 60 { line.chars().take(60).chain("...".chars()).collect() } else { line }
}

/// A quantity with a unit: what distributions are made of.
pub trait Quantity: Copy + fmt::Display + std::str::FromStr<Err = ScalarError> {
    /// Its schema's name.
    const NAME: &'static str;
    /// A pattern of its text, without anchors.
    const PATTERN: &'static str;
    /// Two examples, the smaller first.
    const EXAMPLES: [&'static str; 2];
    /// The value in base units (seconds, bits per second, bytes, parts of 1).
    fn value(self) -> f64;
}

/// A decimal number without sign, exponent or grouping.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let dots = text.bytes().filter(|&b| b == b'.').count();
    (digits > 0 && dots <= 1 && digits + dots == text.len() && digits <= 40)
        .then(|| text.parse().ok())
        .flatten()
}

/// Splits `12.5 MB` into its number and the rest.
pub(crate) fn number_and_rest(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

/// Serde and schema for a type with `FromStr` and `Display`.
macro_rules! leaf {
    ($type:ty, $name:literal, $wanted:literal, $schema:tt) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Leaf;
                impl serde::de::Visitor<'_> for Leaf {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($wanted)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<$type, E> {
                        self.visit_str(&number.to_string())
                    }

                    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<$type, E> {
                        self.visit_str(&number.to_string())
                    }

                    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<$type, E> {
                        self.visit_str(&number.to_string())
                    }
                }
                deserializer.deserialize_str(Leaf)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(crate) use leaf;

#[cfg(test)]
mod tests;
