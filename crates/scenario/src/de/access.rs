//! The serde plumbing: how a node answers each question that a type can ask of it.

use std::fmt::Display;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use super::{Here, Problem, shapes};
use crate::{
    diagnostic::Diagnostic,
    node::{Entry, Node, Plain, Value, plain},
    scalar::shorten,
    suggest,
};

impl<'de, 'run> Here<'de, 'run> {
    fn child(self, node: &'de Node, entry: Option<&'de Entry>) -> Self {
        Here { node, run: self.run, entry }
    }

    /// Something else stands here than `wanted`.
    fn wrong(self, wanted: &str, help: impl FnOnce() -> String) -> Problem {
        let problem = match &self.node.value {
            Value::Null => self.null(),
            _ => {
                let message = format!("{} stands where {wanted} is wanted", self.node.describe());
                Problem::new(Diagnostic::error("RC104", message).help(help()))
            }
        };
        problem.pin_here(self)
    }

    /// Nothing stands where a value belongs: say the likely reason.
    fn null(self) -> Problem {
        let written = self.node.span.start < self.node.span.end;
        let diagnostic = match self.entry {
            Some(entry) if written => {
                Diagnostic::error("RC105", format!("`{}` has no value: this means nothing", shorten(&entry.key)))
                    .at(self.node.span.clone())
                    .help("remove the key to get its default, or put the text in quotes")
            }
            Some(entry) if entry.key.contains([')', ']', '}', '(']) => {
                Diagnostic::error("RC105", format!("`{}` became a key without a value", shorten(&entry.key)))
                    .at(entry.key_span.clone())
                    .help("YAML splits `{ ... }` at commas: put the text in quotes, or write it without a comma")
            }
            Some(entry) => Diagnostic::error("RC105", format!("`{}` has no value", shorten(&entry.key)))
                .at(entry.key_span.clone())
                .help("write a value after the `:`, or remove the key to get its default; what belongs to it is indented deeper"),
            None => Diagnostic::error("RC105", "a value is empty").help("write a value, or remove the line"),
        };
        Problem::new(diagnostic)
    }

    fn text(self, wanted: &str) -> Result<(&'de str, bool), Problem> {
        match &self.node.value {
            Value::Scalar { text, quoted } => Ok((text, *quoted)),
            Value::Seq(items) if items.len() == 1 => {
                Err(self.wrong(wanted, || "write it without the `[ ]`".into()))
            }
            _ => Err(self.wrong(wanted, || "write one value on the same line".into())),
        }
    }

    fn number<T: std::str::FromStr>(self, wanted: &str) -> Result<T, Problem> {
        let (text, _) = self.text(wanted)?;
        text.parse().map_err(|_| self.refused(text, wanted))
    }

    fn refused(self, text: &str, wanted: impl Display) -> Problem {
        let message = format!("`{}` stands where {wanted} is wanted", shorten(text));
        let help = format!("write {wanted} without unit or quotes");
        Problem::new(Diagnostic::error("RC108", message).help(help)).pin_here(self)
    }

    fn entries(self) -> impl Iterator<Item = &'de Entry> {
        let run = self.run;
        self.node.entries().iter().filter(move |entry| !run.is_struck(&entry.value))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $wanted:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            let number = self.number::<$type>($wanted)?;
            visitor.$visit(number).map_err(|problem: Problem| problem.pin_here(self))
        }
    )*};
}

impl<'de> Deserializer<'de> for Here<'de, '_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.node.value {
            Value::Null => visitor.visit_unit().map_err(|_: Problem| self.null().pin_here(self)),
            Value::Seq(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
            Value::Scalar { text, quoted } => {
                let read = match if *quoted { Plain::Text(text) } else { plain(text) } {
                    Plain::Bool(value) => visitor.visit_bool(value),
                    Plain::Unsigned(value) => visitor.visit_u64(value),
                    Plain::Signed(value) => visitor.visit_i64(value),
                    Plain::Float(value) => visitor.visit_f64(value),
                    Plain::Text(value) => visitor.visit_borrowed_str(value),
                };
                read.map_err(|problem: Problem| problem.pin_here(self))
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let (text, quoted) = self.text("`true` or `false`")?;
        let value = match plain(text) {
            Plain::Bool(value) if !quoted => value,
            _ => {
                let help = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" | "true" => "write `true`",
                    "no" | "off" | "n" | "false" => "write `false`",
                    _ => "write `true` or `false` without quotes",
                };
                let message = format!("`{}` stands where `true` or `false` is wanted", shorten(text));
                return Err(Problem::new(Diagnostic::error("RC108", message).help(help)).pin_here(self));
            }
        };
        visitor.visit_bool(value).map_err(|problem: Problem| problem.pin_here(self))
    }

    numbers! {
        deserialize_i8 visit_i8 i8, "a whole number";
        deserialize_i16 visit_i16 i16, "a whole number";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_i128 visit_i128 i128, "a whole number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number from 0";
        deserialize_u64 visit_u64 u64, "a whole number from 0";
        deserialize_u128 visit_u128 u128, "a whole number from 0";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let number = self.number::<f64>("a number")?;
        if !number.is_finite() {
            return Err(self.refused(self.node.text().unwrap_or(""), "a finite number"));
        }
        visitor.visit_f64(number).map_err(|problem: Problem| problem.pin_here(self))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let (text, _) = self.text("a single value")?;
        visitor.visit_borrowed_str(text).map_err(|problem: Problem| problem.pin_here(self))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        // An absent key is `None`; a key with nothing behind it is a slip.
        if self.node.value == Value::Null {
            return Err(self.null().pin_here(self));
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.wrong("nothing", || "remove it".into())),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self).map_err(|problem: Problem| problem.pin_here(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let Value::Seq(items) = &self.node.value else {
            let found = self.node.describe().replace('`', "");
            return Err(self.wrong("a list", || match self.node.value {
                Value::Map(_) => "write `- ` before each item".into(),
                _ => format!("write `[{found}]`"),
            }));
        };
        visitor.visit_seq(Items { here: self, items: items.iter() }).map_err(|problem| problem.pin_here(self))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let Value::Map(_) = self.node.value else {
            return Err(
                self.wrong("a map by name", || "write `name: ...`, each name on a line of its own".into())
            );
        };
        let entries =
            Entries { here: self, entries: self.entries().collect::<Vec<_>>().into_iter(), value: None };
        visitor.visit_map(entries).map_err(|problem| problem.pin_here(self))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let Value::Map(entries) = &self.node.value else {
            let help = || match fields.first() {
                Some(first) => {
                    format!("write `{{ {first}: ... }}`; the keys here are {}", suggest::list(fields, 30))
                }
                None => "write `{}`".into(),
            };
            return Err(self.wrong("a map", help));
        };
        for entry in entries.iter().filter(|entry| !fields.contains(&entry.key.as_str())) {
            if self.run.is_struck(&entry.value) {
                continue;
            }
            self.run.note_once(&entry.value, || {
                if let Some(near) = suggest::did_you_mean(&entry.key, fields) {
                    self.run.excuse(self.node, near);
                }
                if let Some(split) = shapes::number_split(entry) {
                    return split;
                }
                let problem = <Problem as de::Error>::unknown_field(&entry.key, fields);
                problem
                    .diagnostic
                    .map_or_else(|| Diagnostic::error("RC101", "unknown key"), |d| *d)
                    .at(entry.key_span.clone())
            });
        }
        let known = self.entries().filter(|entry| fields.contains(&entry.key.as_str())).collect::<Vec<_>>();
        let access = Entries { here: self, entries: known.into_iter(), value: None };
        visitor.visit_map(access).map_err(|problem| problem.pin_here(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let choice = match &self.node.value {
            Value::Scalar { text, .. } => Choice { here: self, variants, name: text, payload: None },
            Value::Map(entries) => {
                let kept: Vec<_> = self.entries().collect();
                match kept.as_slice() {
                    [entry] => Choice { here: self, variants, name: &entry.key, payload: Some(entry) },
                    // Something in it was struck out, so the number of keys says nothing.
                    _ if kept.len() < entries.len() => return Err(Problem::silent().pin_here(self)),
                    _ => {
                        let message =
                            format!("a choice is a map with one key, and this one has {}", entries.len());
                        let help = format!("keep one of {}", suggest::list(variants, 20));
                        return Err(
                            Problem::new(Diagnostic::error("RC109", message).help(help)).pin_here(self)
                        );
                    }
                }
            }
            _ => {
                let help = || format!("the choices are {}", suggest::list(variants, 20));
                return Err(self.wrong("a choice", help));
            }
        };
        visitor.visit_enum(choice).map_err(|problem| problem.pin_here(self))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { bytes byte_buf }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }
}

/// Reads a value; what a conversion behind the reading says belongs to that value too.
fn read<'de, S: DeserializeSeed<'de>>(seed: S, here: Here<'de, '_>) -> Result<S::Value, Problem> {
    seed.deserialize(here).map_err(|problem| problem.pin_here(here))
}

/// The items of a list that are not struck out.
struct Items<'de, 'run> {
    here: Here<'de, 'run>,
    items: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Problem;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Problem> {
        match self.items.find(|item| !self.here.run.is_struck(item)) {
            Some(item) => read(seed, self.here.child(item, None)).map(Some),
            None => Ok(None),
        }
    }
}

/// The entries of a map that are known and not struck out.
struct Entries<'de, 'run> {
    here: Here<'de, 'run>,
    entries: std::vec::IntoIter<&'de Entry>,
    value: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Problem;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Problem> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        self.value = Some(entry);
        seed.deserialize(KeyHere { here: self.here, entry }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Problem> {
        let entry = self.value.take().expect("invariant: serde asks for a key before its value");
        read(seed, self.here.child(&entry.value, Some(entry)))
    }
}

/// A key as a value; a problem with it strikes out its entry and points at the key.
struct KeyHere<'de, 'run> {
    here: Here<'de, 'run>,
    entry: &'de Entry,
}

impl<'de> Deserializer<'de> for KeyHere<'de, '_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let here = self.here.child(&self.entry.value, Some(self.entry));
        let read: Result<_, Problem> = visitor.visit_borrowed_str(&self.entry.key);
        read.map_err(|problem| {
            // A number that YAML split at its comma is no misspelt key.
            let problem = shapes::number_split(self.entry).map_or(problem, Problem::new);
            problem.pin(here, || self.entry.key_span.clone())
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let here = self.here.child(&self.entry.value, Some(self.entry));
        let pin = |problem: Problem| problem.pin(here, || self.entry.key_span.clone());
        if !variants.contains(&self.entry.key.as_str()) {
            return Err(pin(de::Error::unknown_variant(&self.entry.key, variants)));
        }
        let read: Result<_, Problem> = visitor.visit_enum(self.entry.key.as_str().into_deserializer());
        read.map_err(pin)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A choice among variants: a word alone, or a map with one key.
struct Choice<'de, 'run> {
    here: Here<'de, 'run>,
    variants: &'static [&'static str],
    name: &'de str,
    payload: Option<&'de Entry>,
}

impl<'de> Choice<'de, '_> {
    fn payload(&self) -> Result<Here<'de, '_>, Problem> {
        match self.payload {
            Some(entry) => Ok(self.here.child(&entry.value, Some(entry))),
            None => {
                let name = shorten(self.name);
                let diagnostic = Diagnostic::error("RC104", format!("`{name}` needs more than its name"))
                    .help(format!("write `{{ {name}: ... }}`"));
                Err(Problem::new(diagnostic).pin_here(self.here))
            }
        }
    }
}

impl<'de> EnumAccess<'de> for Choice<'de, '_> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Problem> {
        let here = self.here;
        let span = || self.payload.map_or_else(|| here.node.span.clone(), |entry| entry.key_span.clone());
        if !self.variants.contains(&self.name) {
            let problem: Problem = de::Error::unknown_variant(self.name, self.variants);
            return Err(problem.pin(here, span));
        }
        let name = de::value::BorrowedStrDeserializer::<Problem>::new(self.name);
        let variant = seed.deserialize(name).map_err(|problem| problem.pin(here, span))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'de, '_> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        match self.payload {
            None => Ok(()),
            Some(entry) => {
                let name = shorten(self.name);
                let diagnostic = Diagnostic::error("RC104", format!("`{name}` takes nothing more"))
                    .at(entry.key_span.clone())
                    .help(format!("write `{name}` alone"));
                Err(Problem::new(diagnostic).pin_here(self.here))
            }
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Problem> {
        read(seed, self.payload()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.payload()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.payload()?.deserialize_struct("", fields, visitor)
    }
}
