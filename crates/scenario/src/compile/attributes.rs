//! Attributes by name, and conditions on them.

use std::collections::BTreeMap;

use rollcast_core::{
    draws::hash64,
    plan::{AttributeDomain, AttributeId, Filter},
};

use super::cx::Cx;
use crate::scalar::{Where, glob};

/// All attributes of a fleet with their values, in the order of their codes.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    names: Vec<String>,
    values: Vec<Vec<String>>,
    codes: Vec<BTreeMap<String, u16>>,
}

/// The attribute that says where a device is.
pub(super) const SITE: &str = "site";
/// The attribute that says which cohort a device is of.
pub(super) const COHORT: &str = "cohort";

impl Attributes {
    /// The index of an attribute, added if it is new.
    pub(super) fn attribute(&mut self, name: &str) -> usize {
        self.position(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.values.push(Vec::new());
            self.codes.push(BTreeMap::new());
            self.names.len() - 1
        })
    }

    /// The code of a value of an attribute, added if it is new.
    pub(super) fn code(&mut self, attribute: usize, value: &str) -> u16 {
        if let Some(code) = self.codes[attribute].get(value) {
            return *code;
        }
        let code = u16::try_from(self.values[attribute].len()).unwrap_or(u16::MAX);
        self.values[attribute].push(value.to_owned());
        self.codes[attribute].insert(value.to_owned(), code);
        code
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn known(&self) -> &[String] {
        &self.names
    }

    pub(super) fn values(&self, attribute: usize) -> &[String] {
        &self.values[attribute]
    }

    pub(super) fn domains(&self) -> Vec<AttributeDomain> {
        let domain = |(name, values): (&String, &Vec<String>)| AttributeDomain {
            key: hash64(name.as_bytes()) as u32,
            values: u16::try_from(values.len()).unwrap_or(u16::MAX),
        };
        self.names.iter().zip(&self.values).map(domain).collect()
    }

    pub(super) fn names(&self) -> Vec<(String, Vec<String>)> {
        self.names.iter().cloned().zip(self.values.iter().cloned()).collect()
    }

    pub(super) fn site(&self) -> AttributeId {
        AttributeId(self.position(SITE).unwrap_or(0) as u16)
    }

    /// Compiles a condition; unknown attributes and values that no device can have are problems.
    pub(super) fn filter(&self, cx: &mut Cx<'_>, path: &str, condition: &Where) -> Option<Filter> {
        let Where::Any(any) = condition else { return Some(Filter::default()) };
        let mut found = true;
        let mut any_of = Vec::new();
        for all in any {
            let mut conjunction = Vec::new();
            for term in all {
                let Some(attribute) = self.position(&term.attribute) else {
                    cx.unknown("RC205", path, "attribute", &term.attribute, &self.names);
                    found = false;
                    continue;
                };
                let values = &self.values[attribute];
                let hits: Vec<bool> = values.iter().map(|v| glob(&term.pattern, v)).collect();
                if !hits.contains(&true) {
                    let what = format!("value of `{}`", term.attribute);
                    let known: Vec<String> = values.iter().filter(|v| !v.is_empty()).cloned().collect();
                    cx.unknown("RC205", path, &what, &term.pattern, &known);
                    found = false;
                }
                let allowed = hits.into_iter().map(|hit| hit != term.negated).collect();
                conjunction.push((AttributeId(attribute as u16), allowed));
            }
            any_of.push(conjunction);
        }
        found.then_some(Filter { any_of })
    }
}
