//! What is asked of the rules that stop releases: each of them alone, against every bad release at several defect rates,
//! and the smallest ring that still catches one. Both become studies like any other.

use super::{Bank, Member, Strategy, Study};
use crate::{
    diagnostic::{Diagnostic, Span},
    layers::Change,
    load::Problems,
    node::{Entry, Node, Value, head},
    scalar::{Act, Column, Kind, OneOrMany, Share, Values, Verb},
    schema, suggest,
};

/// Defect rates where a plan names none: one in each power of ten between what only a large fleet can notice and what
/// nobody overlooks. An assumption.
pub const RATES: [&str; 4] = ["1 in 10000", "1 in 1000", "1%", "10%"];
/// How probably a ring is to catch a defect where a plan does not say it: an assumption.
const PROBABILITY: &str = "90%";
/// The name of the point with all rules.
pub const ALL_RULES: &str = "all rules";
/// The name of the point that nothing stops.
pub const NO_RULE: &str = "no rule";

/// What is asked of the rules that stop releases.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    /// Defect rates; `None` for [`RATES`].
    pub rates: Option<Vec<Share>>,
    /// The rules with their places; `None` for all that stop a release.
    pub rules: Option<Vec<(String, Span)>>,
    /// The ring of which the smallest size is looked for.
    pub smallest: Option<Catch>,
}

/// A ring of which the smallest size is looked for.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The ring.
    pub ring: String,
    /// The ring before whose offer the release must be stopped; `None` for the next one.
    pub before: Option<String>,
    /// How probably.
    pub probability: Share,
    /// True if the plan says how probably.
    pub probability_given: bool,
    /// The smallest and the largest size.
    pub sizes: (u64, u64),
    /// What is caught.
    pub member: Member,
    /// Where ring, ring before and sizes stand.
    places: [Span; 3],
}

/// The rules of a study, each played alone: what it takes to know what they do.
#[derive(Debug)]
pub struct RulesAlone {
    /// The study: a strategy for each rule alone, then all of them (where there are several), then none.
    pub study: Study,
    /// The rules that are played alone; the first strategies.
    pub rules: Vec<String>,
    /// By member of its bank: the member that it was made from, and the defect rate; a good release has none.
    pub members: Vec<(String, Option<Share>)>,
    /// The rings in order.
    pub rings: Vec<String>,
    /// The strategy of the plan on which they are played, where it has several.
    pub on: Option<String>,
    /// True if decisions of the scenario, which the clock takes, were left out.
    pub without_decisions: bool,
}

/// Reads `gates` of a plan.
pub(super) fn gates(
    plan: &Node,
    read: schema::Gates,
    bank: Option<&Bank>,
    problems: &mut Vec<Diagnostic>,
) -> Gates {
    let named = |names: OneOrMany<crate::scalar::Name>| {
        let place = |(path, name): (String, &crate::scalar::Name)| (name.0.clone(), plan.locate(&path));
        names.with_paths("gates.rules").map(place).collect()
    };
    let rates = read.rates.map(|rates| {
        let all: Vec<(String, &Share)> = rates.with_paths("gates.rates").collect();
        for (i, (path, rate)) in all.iter().enumerate() {
            let wrong = match () {
                () if rate.get() == 0.0 => "a defect rate of 0% is a good release, which is met anyway",
                () if all[..i].iter().any(|(_, other)| other == rate) => "a defect rate is listed twice",
                () => continue,
            };
            let problem = Diagnostic::error("RC212", wrong).at(plan.locate(path));
            problems.push(problem.help("leave it out, as in `rates: [1 in 10000, 1 in 1000, 1%, 10%]`"));
        }
        if all.is_empty() {
            let problem = Diagnostic::error("RC218", "`rates` lists no defect rate");
            let problem = problem.at(plan.locate("gates.rates"));
            problems.push(problem.help("list some, as in `rates: [1 in 1000, 1%]`, or leave `rates` out"));
        }
        rates.all
    });
    let smallest = read.smallest.and_then(|asked| smallest(plan, asked, bank, problems));
    Gates { rates, rules: read.rules.map(named), smallest }
}

fn smallest(
    plan: &Node,
    asked: schema::Catch,
    bank: Option<&Bank>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Catch> {
    let place = |key: &str| plan.locate(&format!("gates.catch.{key}"));
    let mut refuse = |code: &'static str, message: String, at: Span, help: &str| {
        problems.push(Diagnostic::error(code, message).at(at).help(help));
    };
    let whole = plan.locate("gates.catch");
    // What is there and wrong is reported as such.
    let unsaid = |key: &str| plan.at(&format!("gates.catch.{key}")).is_none();
    if unsaid("ring") {
        let message = "`catch` does not say which ring is to catch the defect";
        refuse("RC218", message.into(), whole.clone(), "write it as in `ring: First`");
    }
    if unsaid("sizes") {
        let message = "`catch` does not say between which sizes is looked";
        refuse("RC218", message.into(), whole.clone(), "write them as in `sizes: 20 to 5000`");
    }
    let probability = asked.probability.or_else(|| PROBABILITY.parse().ok()).unwrap_or(Share::ALL);
    if !(probability.get() > 0.0 && probability.get() < 1.0) {
        let message = format!("a probability of `{probability}` cannot be shown by any number of runs");
        refuse("RC212", message, place("probability"), "write one above 0% and below 100%, as in `90%`");
    }
    if asked.rate.is_some_and(|rate| rate.get() == 0.0) {
        let message = "a defect rate of 0% is a good release, and nothing is to be caught";
        refuse("RC212", message.into(), place("rate"), "write a rate above 0%, as in `1 in 1000`");
    }
    let sizes = asked.sizes.map(|sizes| {
        let plain = sizes.from.kind == Kind::Number && sizes.from.whole && sizes.to.whole;
        if !plain || sizes.log || sizes.values != Values::All || sizes.from.value < 1.0 {
            let message = format!("`{sizes}` is no range of ring sizes");
            let help = "write two whole numbers of devices from 1 on, as in `20 to 5000`";
            refuse("RC212", message, place("sizes"), help);
        }
        (sizes.from.value as u64, sizes.to.value as u64)
    });
    let Some(bank) = bank else {
        // A bank that is wrong is reported as such.
        if plan.get("bank").is_none() {
            let message = "`catch` is about a bad release, and there is no bank of releases";
            refuse("RC218", message.into(), whole, "name one, as in `bank: standard/2026`");
        }
        return None;
    };
    let bad: Vec<&Member> = bank.members.iter().filter(|member| !member.is_good()).collect();
    let names: Vec<&str> = bad.iter().map(|member| member.name.as_str()).collect();
    let member = match (&asked.member, bad.as_slice()) {
        (None, [one]) => Some(*one),
        (None, _) => {
            let message = "`catch` does not say which release is to be caught";
            refuse(
                "RC218",
                message.into(),
                whole,
                &suggest::way_out("", &names, "the bank has no bad release"),
            );
            None
        }
        (Some(name), all) => all.iter().copied().find(|member| member.name == *name).or_else(|| {
            let message = match bank.members.iter().any(|member| member.name == *name) {
                true => format!("`{name}` is a good release, and there is nothing to catch"),
                false => format!("`{name}` is no member of the bank"),
            };
            refuse("RC235", message, place("member"), &suggest::way_out(name, &names, "there is no bad one"));
            None
        }),
    };
    let member = member?;
    Some(Catch {
        ring: asked.ring?,
        before: asked.before,
        probability,
        probability_given: asked.probability.is_some(),
        sizes: sizes?,
        member: asked.rate.map_or_else(|| member.clone(), |rate| member.at(rate, 1.0)),
        places: [place("ring"), place("before"), place("sizes")],
    })
}

/// Keys of a scenario that `gates` decides in every point: which rules there are, and that nothing else stops.
fn decided(change: &Change) -> bool {
    change.keys[0] == "rules" || change.keys[0] == "decisions"
}

impl Study {
    /// The scenario that the rules are played on, as far as it was typed.
    fn with_rules(&self) -> Node {
        let own = &self.strategies[self.vary].changes;
        let mut draft = self.base(self.vary).root.clone();
        // A change that cannot be applied is reported when the scenario is loaded.
        self.common.iter().chain(own).chain(&self.sets).for_each(|change| drop(change.put(&mut draft)));
        draft
    }

    /// The rules that `gates` is about, or what is wrong with those that it names.
    pub(super) fn rules_that_stop(&self) -> Result<Vec<Entry>, Vec<Diagnostic>> {
        let draft = self.with_rules();
        let all = draft.get("rules").map_or(&[][..], Node::entries);
        let (stopping, others): (Vec<&Entry>, Vec<&Entry>) = all.iter().partition(|rule| stops(rule));
        let Some(named) = self.gates.as_ref().and_then(|gates| gates.rules.as_ref()) else {
            return Ok(stopping.into_iter().cloned().collect());
        };
        let known: Vec<&str> = stopping.iter().map(|rule| rule.key.as_str()).collect();
        let mut problems = Vec::new();
        let mut found: Vec<Entry> = Vec::new();
        for (name, span) in named {
            let rule = stopping.iter().find(|rule| rule.key == *name);
            let message = match rule {
                Some(rule) if found.iter().all(|other| other.key != *name) => {
                    found.push((*rule).clone());
                    continue;
                }
                Some(_) => format!("the rule `{name}` is named twice"),
                None if others.iter().any(|rule| rule.key == *name) => {
                    format!(
                        "the rule `{name}` pauses, uninstalls and withdraws nothing, so it stops no release"
                    )
                }
                None => format!("`{name}` is no rule of this scenario"),
            };
            let help = match rule {
                Some(_) => "leave one of the two out".into(),
                None => suggest::way_out(name, &known, "there is no rule that stops a release"),
            };
            problems.push(Diagnostic::error("RC239", message).at(span.clone()).help(help));
        }
        if problems.is_empty() { Ok(found) } else { Err(problems) }
    }

    /// The study in which each rule that stops releases is played alone, all are played together, and none is, against
    /// every bad release of the bank at every defect rate and against a good one. Decisions by the clock are left out.
    ///
    /// # Errors
    /// No bank, no rule, rings that are not there, and what is wrong with the scenario.
    pub fn rules_alone(&self) -> Result<RulesAlone, Problems> {
        let base = self.base(self.vary);
        let refuse = |code, message: &str, place: Span, help: &str| {
            Err(Problems(vec![Diagnostic::error(code, message).at(place).help(help)]))
        };
        let loaded = base.load_once(&self.changes(Some(self.vary), &[]))?;
        let rings = loaded.labels.rings.clone();
        let Some(bank) = &self.bank else {
            let help = "name one in the plan or the scenario, as in `bank: standard/2026`";
            return refuse("RC218", "there is no bank of releases to stop", head(&base.root.span), help);
        };
        let rules = self.rules_that_stop().map_err(Problems)?;
        if rules.is_empty() {
            let help = "write one, as in `rules: { stop: { when: { count: failed, at-least: 3 }, do: pause later rings } }`";
            return refuse("RC218", "no rule stops a release", base.root.locate("rules"), help);
        }
        self.refuse_shares()?;
        if let Some(smallest) = self.smallest() {
            smallest.before(&rings).map_err(|problem| Problems(vec![problem]))?;
        }
        let mut study = self.clone();
        let draft = self.with_rules();
        let whole = draft.get("rules").cloned().unwrap_or_else(|| Node::map([], draft.span.clone()));
        let only = |rules: Vec<Entry>| Node { value: Value::Map(rules), span: whole.span.clone() };
        let mut points: Vec<(String, Node)> =
            rules.iter().map(|rule| (rule.key.clone(), only(vec![rule.clone()]))).collect();
        if whole.entries().len() > 1 {
            points.push((ALL_RULES.to_owned(), whole.clone()));
        }
        points.push((NO_RULE.to_owned(), only(Vec::new())));
        study.strategies = points.into_iter().map(|(name, rules)| self.gate(name, rules)).collect();
        study.vary = 0;
        study.sets.retain(|change| !decided(change));
        let default = || RATES.iter().filter_map(|rate| rate.parse().ok()).collect();
        let rates = self.gates.as_ref().and_then(|gates| gates.rates.clone()).unwrap_or_else(default);
        let (mut members, mut of) = (Vec::new(), Vec::new());
        let good: Vec<Member> = bank.members.iter().filter(|member| member.is_good()).cloned().collect();
        for member in if good.is_empty() { vec![Member::good()] } else { good } {
            of.push((member.name.clone(), None));
            members.push(member);
        }
        for member in bank.members.iter().filter(|member| !member.is_good()) {
            for &rate in &rates {
                of.push((member.name.clone(), Some(rate)));
                members.push(member.at(rate, member.weight / rates.len() as f64));
            }
        }
        let sum: f64 = members.iter().map(|member| member.weight).sum();
        members.iter_mut().for_each(|member| member.weight /= sum);
        study.bank = Some(Bank { members, ..bank.clone() });
        let metrics =
            ["stop.by-rules", "stop.false", "stop.landed-h", "harmed.first-h", "harmed", "harmed.after-stop"];
        let of_fleet = metrics.iter().map(|metric| (*metric, None));
        let of_rings = rings.iter().skip(1).map(|ring| ("stop.before-offer", Some(ring.clone())));
        study.measured(of_fleet.chain(of_rings));
        Ok(RulesAlone {
            study,
            rules: rules.into_iter().map(|rule| rule.key).collect(),
            members: of,
            rings,
            on: (self.strategies.len() > 1).then(|| self.strategies[self.vary].name.clone()),
            without_decisions: draft.get("decisions").is_some_and(|all| !all.entries().is_empty()),
        })
    }

    /// The study of [`Study::rules_alone`], in whose bank is the release that a ring is to catch as well: to play any run
    /// of it again.
    ///
    /// # Errors
    /// As there.
    pub fn gate_alone(&self) -> Result<Study, Problems> {
        let mut study = self.rules_alone()?.study;
        if let (Some(bank), Some(catch)) = (&mut study.bank, self.smallest())
            && bank.members.iter().all(|member| member.name != catch.member.name)
        {
            bank.members.push(catch.member.clone());
        }
        Ok(study)
    }

    /// The ring of which the smallest size is looked for.
    pub fn smallest(&self) -> Option<&Catch> {
        self.gates.as_ref().and_then(|gates| gates.smallest.as_ref())
    }

    /// The study in which that ring has each of these sizes, with all rules, against the release that it is to catch; its
    /// column is whether `before` was spared.
    pub fn sized(&self, smallest: &Catch, before: &str, sizes: &[u64]) -> Study {
        let mut study = self.clone();
        let draft = self.with_rules();
        let rules = draft.get("rules").cloned().unwrap_or_else(|| Node::map([], draft.span.clone()));
        let place = &smallest.places[2];
        study.strategies = sizes
            .iter()
            .map(|size| {
                let mut point = self.gate(ALL_RULES.into(), rules.clone());
                let keys = vec!["rings".to_owned(), smallest.ring.clone(), "size".to_owned()];
                let setting = format!("{}={size}", crate::path::join(&keys));
                point.options.push(("--set", setting));
                point.name = format!("{} of {size}", smallest.ring);
                point.changes.push(Change {
                    keys,
                    value: Node::scalar(size.to_string(), place.clone()),
                    span: place.clone(),
                });
                point
            })
            .collect();
        study.vary = 0;
        study.sets.retain(|change| !decided(change));
        if let Some(bank) = &mut study.bank {
            bank.members = vec![smallest.member.clone()];
            bank.members[0].weight = 1.0;
        }
        study.measured([("stop.before-offer", Some(before.to_owned()))].into_iter());
        study
    }

    /// The strategy of the plan with these rules and without decisions by the clock.
    fn gate(&self, name: String, rules: Node) -> Strategy {
        let of = &self.strategies[self.vary];
        let set = |key: &str, value: Node| Change { keys: vec![key.into()], span: value.span.clone(), value };
        let none = Node::map([], rules.span.clone());
        let mut changes = of.changes.clone();
        changes.extend([set("rules", rules), set("decisions", none)]);
        let options = vec![("--gate", name.clone())];
        Strategy { name, base: of.base, changes, options }
    }

    fn measured<'a>(&mut self, columns: impl Iterator<Item = (&'a str, Option<String>)>) {
        let place = self.bases[0].root.span.clone();
        let column = |(metric, ring): (&str, Option<String>)| {
            (Column { metric: metric.to_owned(), ring, release: None }, place.clone())
        };
        self.measure = Some(columns.map(column).collect());
        self.choose = None;
        // Tests and intervals want runs that are independent: each has a draw of its own, and their number is fixed.
        (self.together, self.at_most) = (1, None);
        self.axes.clear();
        self.keep.clear();
    }

    /// A share that lies over those of the bank would hide the rates.
    fn refuse_shares(&self) -> Result<(), Problems> {
        let is_share = |keys: &[String]| keys.len() > 2 && keys[0] == "defects" && keys[2] == "share";
        let here = self.sets.iter().filter(|change| is_share(&change.keys));
        let here = here.map(|change| (crate::path::join(&change.keys), change.span.clone()));
        let unsure = self.base(self.vary).root.get("uncertain").map_or(&[][..], Node::entries).iter();
        let unsure = unsure.map(|entry| (entry.key.clone(), entry.key_span.clone()));
        let of_plan = self.common.iter().filter(|change| change.keys[0] == "uncertain");
        let of_plan = of_plan.filter_map(|change| Some((change.keys.get(1)?.clone(), change.span.clone())));
        let drawn = unsure.chain(of_plan);
        let drawn = drawn.filter(|(path, _)| crate::path::split(path).is_ok_and(|keys| is_share(&keys)));
        let problem = |(path, span): (String, Span)| {
            let message =
                format!("`{path}` is set here, and `gates` gives the defects of the bank its rates");
            Diagnostic::error("RC220", message).at(span).help("leave it out, and write `rates` under `gates`")
        };
        let problems: Vec<Diagnostic> = here.chain(drawn).map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}

impl Catch {
    /// The ring that must not be offered the release.
    ///
    /// # Errors
    /// Rings that are not there, or in another order.
    pub fn before(&self, rings: &[String]) -> Result<String, Diagnostic> {
        let find = |name: &String, place: usize| {
            rings.iter().position(|ring| ring == name).ok_or_else(|| {
                let help = suggest::way_out(name, rings, "there is none");
                let message = format!("`{name}` is no ring of this scenario");
                Diagnostic::error("RC204", message).at(self.places[place].clone()).help(help)
            })
        };
        let at = find(&self.ring, 0)?;
        let Some(name) = &self.before else {
            return rings.get(at + 1).cloned().ok_or_else(|| {
                let message = format!("no ring comes after `{}`, so nobody is spared", self.ring);
                Diagnostic::error("RC212", message)
                    .at(self.places[0].clone())
                    .help("name an earlier ring, as in `ring: First`")
            });
        };
        if find(name, 1)? <= at {
            let message = format!("`{name}` does not come after `{}`", self.ring);
            let problem = Diagnostic::error("RC212", message).at(self.places[1].clone());
            return Err(problem.help("name a later ring, or leave `before` out for the next one"));
        }
        Ok(name.clone())
    }
}

/// Whether a rule pauses, uninstalls or withdraws. What cannot be read is reported where it is loaded.
fn stops(rule: &Entry) -> bool {
    let Some(acts) = rule.value.get("do") else { return false };
    let one = |node: &Node| {
        let verb = node.text().and_then(|text| text.parse::<Act>().ok()).map(|act| act.verb);
        matches!(verb, None | Some(Verb::Pause | Verb::Uninstall | Verb::Withdraw))
    };
    if acts.items().is_empty() { one(acts) } else { acts.items().iter().any(one) }
}
