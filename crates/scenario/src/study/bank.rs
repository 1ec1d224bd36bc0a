//! Release banks: weighted releases, good and bad, that every strategy meets.

use std::{path::Path, sync::Arc};

use super::rates;
use crate::{
    compile::Labels,
    de,
    diagnostic::{Diagnostic, Severity, Source},
    layers::Change,
    node::{Entry, Node, Value},
    scalar::Share,
    schema::{self, BankFile, BankForm},
    suggest, yaml,
};

/// Banks that come with the program.
const BANKS: [(&str, &str); 1] = [("standard/2026", include_str!("../../banks/standard-2026.yaml"))];

/// Names and texts of the banks that come with the program.
pub fn banks() -> impl Iterator<Item = (&'static str, &'static str)> {
    BANKS.into_iter()
}

/// A bank as it is used: its members about one release.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Its name or file.
    pub name: String,
    /// The release that is good or bad; `None` where the scenario has one alone.
    pub release: Option<String>,
    /// Its members; their weights sum to 1.
    pub members: Vec<Member>,
}

/// A member of a bank.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its share of all releases.
    pub weight: f64,
    /// Where it comes from, or why it is assumed.
    pub origin: String,
    /// True if it is an assumption.
    pub assumed: bool,
    /// Its defects as they are written.
    defects: Vec<Entry>,
    /// The attribute that they need.
    needs: Option<String>,
    /// What stands in for them.
    otherwise: Vec<Entry>,
    set: Vec<Change>,
    /// The largest share of its defects instead of its own.
    rate: Option<Share>,
}

impl Member {
    /// A release with which nothing is wrong.
    pub(super) fn good() -> Self {
        Member {
            name: "good".into(),
            weight: 1.0,
            origin: "a release without defects, for false stops".into(),
            assumed: true,
            defects: Vec::new(),
            needs: None,
            otherwise: Vec::new(),
            set: Vec::new(),
            rate: None,
        }
    }

    /// The same release with a defect rate: its largest share becomes `rate`, the others keep their proportion to it.
    pub(super) fn at(&self, rate: Share, weight: f64) -> Self {
        Member { name: format!("{} at {rate}", self.name), weight, rate: Some(rate), ..self.clone() }
    }

    /// True if nothing is wrong with it.
    pub fn is_good(&self) -> bool {
        self.defects.is_empty()
    }
}

impl Bank {
    /// What a member changes in a scenario (`draft`): what is wrong with the release is the member's matter alone.
    pub(super) fn changes(&self, member: usize, draft: &Node, labels: &Labels) -> Vec<Change> {
        let member = &self.members[member];
        let Some(release) = self.release.clone().or_else(|| only_release(draft)) else { return Vec::new() };
        let has = |needs: &String| labels.attributes.iter().any(|(name, _)| name == needs);
        let known = member.needs.as_ref().is_none_or(has);
        let mut own = if known { member.defects.clone() } else { member.otherwise.clone() };
        if let Some(rate) = member.rate {
            rates::scale(&mut own, rate);
        }
        let theirs = draft.get("defects").map_or(&[][..], Node::entries);
        let mut all: Vec<Entry> = theirs.iter().filter_map(|defect| without(defect, &release)).collect();
        for defect in own {
            all.retain(|other| other.key != defect.key);
            let mut defect = defect;
            if let Value::Map(keys) = &mut defect.value.value {
                let span = defect.key_span.clone();
                let value = Node::scalar(release.clone(), span.clone());
                keys.insert(0, Entry { key: "in".into(), key_span: span, value });
            }
            all.push(defect);
        }
        let span = all.first().map_or_else(|| draft.span.clone(), |entry| entry.key_span.clone());
        let value = Node { value: Value::Map(all), span: span.clone() };
        let defects = Change { keys: vec!["defects".into()], value, span };
        std::iter::once(defects).chain(member.set.iter().cloned()).collect()
    }
}

/// The release of a scenario that has one alone.
fn only_release(draft: &Node) -> Option<String> {
    if draft.get("release").is_some() {
        return Some("release".into());
    }
    match draft.get("releases")?.entries() {
        [one] => Some(one.key.clone()),
        _ => None,
    }
}

/// A defect of a scenario without `release`; `None` if it is about nothing else.
fn without(defect: &Entry, release: &str) -> Option<Entry> {
    let mut defect = defect.clone();
    let Value::Map(keys) = &mut defect.value.value else { return Some(defect) };
    let Some(about) = keys.iter_mut().find(|entry| entry.key == "in") else { return Some(defect) };
    match &mut about.value.value {
        Value::Scalar { text, .. } if text == release => None,
        Value::Seq(items) => {
            items.retain(|item| item.text() != Some(release));
            (!items.is_empty()).then_some(defect)
        }
        _ => Some(defect),
    }
}

/// The bank of a plan.
pub(super) fn bank(
    plan: &Node,
    form: Option<&BankForm>,
    dir: &Path,
    problems: &mut Vec<Diagnostic>,
) -> Option<Bank> {
    let form = match form? {
        BankForm::Named(name) => schema::Bank { from: Some(name.clone()), ..schema::Bank::default() },
        BankForm::Map(map) => map.clone(),
    };
    let place = plan.locate("bank");
    let Some(name) = form.from else {
        let help = "write `from: standard/2026`, or the path of a file";
        problems.push(
            Diagnostic::error("RC218", "the bank does not say where its releases are").at(place).help(help),
        );
        return None;
    };
    let source = match BANKS.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Arc::new(Source { name: format!("bank {name}"), text: (*text).to_owned() }),
        None if name.ends_with(".yaml") || name.ends_with(".yml") => match yaml::read(dir.join(&name)) {
            Ok(source) => source,
            Err(problem) => {
                problems.push(problem.at(place));
                return None;
            }
        },
        None => {
            let known: Vec<&str> = BANKS.iter().map(|(name, _)| *name).collect();
            let help = match suggest::did_you_mean(&name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there is {}, or a file that ends in `.yaml`", suggest::list(&known, 12)),
            };
            let message = format!("`{name}` is no bank of releases");
            problems.push(Diagnostic::error("RC235", message).at(place).help(help));
            return None;
        }
    };
    let root = match yaml::parse(source) {
        Ok(root) => root,
        Err(found) => {
            problems.extend(found);
            return None;
        }
    };
    let (file, found) = de::from_node::<BankFile>(&root);
    let wrong = found.iter().any(|problem| problem.severity == Severity::Error);
    problems.extend(found);
    let members = file?.members.unwrap_or_default();
    if wrong {
        return None;
    }
    let mut read: Vec<Member> = Vec::new();
    for (name, member) in members.iter() {
        read.extend(one(&root, name, member, problems));
    }
    if let Some(only) = &form.only {
        for (path, name) in only.with_paths("bank.only") {
            if !read.iter().any(|member| member.name == name.0) {
                let known: Vec<&str> = read.iter().map(|member| member.name.as_str()).collect();
                let help = suggest::way_out(&name.0, &known, "there is none");
                let message = format!("`{}` is no member of the bank", name.0);
                problems.push(Diagnostic::error("RC235", message).at(plan.locate(&path)).help(help));
            }
        }
        read.retain(|member| only.all.iter().any(|name| name.0 == member.name));
    }
    let sum: f64 = read.iter().map(|member| member.weight).sum();
    if read.is_empty() {
        let help = "write `members`, each with a `weight`";
        problems.push(
            Diagnostic::error("RC235", format!("the bank `{name}` has no member")).at(place).help(help),
        );
        return None;
    }
    read.iter_mut().for_each(|member| member.weight /= sum);
    Some(Bank { name, release: form.release, members: read })
}

fn one(
    root: &Node,
    name: &str,
    member: &schema::BankMember,
    problems: &mut Vec<Diagnostic>,
) -> Option<Member> {
    let entry = root.get("members")?.entry(name)?;
    let place = entry.key_span.clone();
    let mut refuse = |message: String, help: &str| {
        problems.push(Diagnostic::error("RC218", message).at(place.clone()).help(help));
    };
    let weight = member.weight.map(|weight| weight.get());
    if weight.is_none() {
        refuse(format!("member `{name}` has no weight"), "write how often it comes, as in `weight: 3`");
    }
    let origin = member.source.as_ref().or(member.assumption.as_ref());
    if origin.is_none() || (member.source.is_some() && member.assumption.is_some()) {
        let help = "write `source:` with what was published, or `assumption:` with the reason";
        refuse(format!("member `{name}` has either a source or an assumption"), help);
    }
    if member.needs.is_some() && member.otherwise.is_none() {
        let help = "write in `otherwise` what stands in for it";
        refuse(format!("member `{name}` needs an attribute that a fleet may not know"), help);
    }
    let entries = |key: &str| entry.value.get(key).map_or(Vec::new(), |map| map.entries().to_vec());
    let mut set = Vec::new();
    for change in entry.value.get("set").map_or(&[][..], Node::entries).iter().map(Change::of) {
        match change {
            Ok(change) => set.push(change),
            Err(problem) => problems.push(problem),
        }
    }
    Some(Member {
        name: name.to_owned(),
        weight: weight?,
        origin: origin?.clone(),
        assumed: member.assumption.is_some(),
        defects: entries("defects"),
        needs: member.needs.clone(),
        otherwise: entries("otherwise"),
        set,
        rate: None,
    })
}
