//! What is compared: strategies over a scenario, axes that vary one of them, bad releases that all of them meet.
//!
//! A study is read from a plan file (with `base`), from a scenario that names strategies or a sweep, or from several
//! scenarios. It knows every point and member by its *changes* to a base; which points a design has, and in which order
//! they are played, is the sweep's business.

mod axis;
mod bank;
mod gates;
mod offsets;
mod rates;
mod targets;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    compile::Labels,
    de,
    diagnostic::{Diagnostic, Severity, Source, Span},
    layers::Change,
    load::{Base, Loaded, Problems},
    node::{Node, Value},
    scalar::{Aim, Column, Count, Criterion, Keep, KeepTerm, Measured, Side},
    schema::{self, Design, PlanFile},
    suggest, yaml,
};
pub use axis::{Axis, Level, Levels};
pub use bank::{Bank, Member, banks};
pub use gates::{ALL_RULES, Catch, Gates, NO_RULE, RATES, RulesAlone};
pub(crate) use targets::{is_astray, no_setting};

/// What is compared.
#[derive(Clone, Debug)]
pub struct Study {
    /// The scenarios.
    pub bases: Vec<Base>,
    /// The strategies, in the order of the file.
    pub strategies: Vec<Strategy>,
    /// The axes.
    pub axes: Vec<Axis>,
    /// Which strategy the axes vary.
    pub vary: usize,
    /// Which combinations are played.
    pub design: Design,
    /// Conditions between settings, with their places.
    pub keep: Vec<(Keep, Span)>,
    /// The releases that all meet.
    pub bank: Option<Bank>,
    /// What is measured; `None` for the usual selection.
    pub measure: Option<Vec<(Column, Span)>>,
    /// What to choose by: limits, and an aim.
    pub choose: Option<Choose>,
    /// What is asked of the rules that stop releases.
    pub gates: Option<Gates>,
    /// Replications of each combination, if the study says it.
    pub runs: Option<u32>,
    /// Where replications end that go on until something is known, if the study says it.
    pub at_most: Option<u32>,
    /// How many replications in a row share a draw of the uncertain settings.
    pub together: u32,
    /// The seed, if the study says it.
    pub seed: Option<u64>,
    /// Settings of the command line, which lie over everything.
    pub sets: Vec<Change>,
    /// Settings of the plan, which lie below every strategy.
    common: Vec<Change>,
}

/// How the best strategy is found.
#[derive(Clone, Debug)]
pub struct Choose {
    /// Limits with their places.
    pub only_if: Vec<(Criterion, Span)>,
    /// Of those that keep the limits the one with the least or most of this.
    pub then: Option<(Aim, Span)>,
    /// The metrics of the front, if the study names them.
    pub front: Vec<(Column, Span)>,
}

/// A strategy.
#[derive(Clone, Debug)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// Its scenario, in [`Study::bases`].
    pub base: usize,
    /// What it changes.
    pub changes: Vec<Change>,
    /// Options of `rollcast run` that name it, where it is none of the file's own.
    pub options: Vec<(&'static str, String)>,
}

impl Study {
    /// Reads a plan, a scenario, or several scenarios that are compared with each other.
    ///
    /// # Errors
    /// Everything that is wrong with the study itself; its scenarios are checked where they are loaded.
    pub fn read(paths: &[PathBuf], sets: &[String]) -> Result<Study, Problems> {
        let sets = Change::parse_all(sets).map_err(Problems)?;
        match paths {
            [one] => {
                let source = yaml::read(one).map_err(|problem| Problems(vec![problem]))?;
                Self::of_source(source, one.parent().unwrap_or(Path::new("")), sets)
            }
            several => Self::of_scenarios(several, sets),
        }
    }

    /// The same from a text that stands in `dir`.
    ///
    /// # Errors
    /// Everything that is wrong with the study itself.
    pub fn of_source(source: Arc<Source>, dir: &Path, sets: Vec<Change>) -> Result<Study, Problems> {
        let file = yaml::parse(Arc::clone(&source)).map_err(Problems)?;
        let Some(base) = file.get("base") else {
            let base = Base::of_source(source, dir)?;
            let plan = base.study_as_plan();
            return build(plan, vec![("as it is".into(), base)], dir, sets);
        };
        let Some(name) = base.text().filter(|name| !name.trim().is_empty()) else {
            let message = "`base` is the path of a scenario";
            return Err(Problems(vec![
                Diagnostic::error("RC104", message)
                    .at(base.span.clone())
                    .help("write it as in `base: contoso.yaml`"),
            ]));
        };
        let scenario = Base::read(dir.join(name)).map_err(|Problems(mut found)| {
            for problem in found.iter_mut().filter(|problem| problem.span.is_none()) {
                problem.span = Some(base.span.clone());
            }
            Problems(found)
        })?;
        if scenario.root.get("base").is_some() {
            let message = format!("`{name}` is a plan itself, and the base of a plan is a scenario");
            let help = "name the scenario of that plan, or put what the two say into one";
            let problem = Diagnostic::error("RC220", message).at(base.span.clone()).help(help);
            return Err(Problems(vec![problem]));
        }
        // What the plan does not say, the scenario may.
        let mut plan = file.clone();
        let of_scenario = scenario.study_as_plan();
        if let Value::Map(entries) = &mut plan.value {
            let more = of_scenario.entries().iter().filter(|entry| file.get(&entry.key).is_none());
            entries.extend(more.cloned());
        }
        build(plan, vec![("as it is".into(), scenario)], dir, sets)
    }

    fn of_scenarios(paths: &[PathBuf], sets: Vec<Change>) -> Result<Study, Problems> {
        let mut problems = Vec::new();
        let mut bases: Vec<(String, Base)> = Vec::new();
        for path in paths {
            match Base::read(path) {
                Ok(base) if base.root.get("base").is_some() => {
                    problems.push(
                        Diagnostic::error("RC220", "a plan is compared by itself, not beside other files")
                            .at(base.root.locate_key("base"))
                            .help("give the plan alone, or scenarios alone"),
                    );
                }
                Ok(base) => {
                    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    let taken = |name: &String| bases.iter().any(|(other, _)| other == name);
                    let whole = path.display();
                    let again = (2..).map(|number| format!("{whole} ({number})"));
                    let mut names = [stem, whole.to_string()].into_iter().chain(again);
                    let name = names.find(|name| !taken(name)).unwrap_or_default();
                    bases.push((name, base));
                }
                Err(Problems(found)) => problems.extend(found),
            }
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        same_bank(&bases)?;
        let mut plan = bases[0].1.study_as_plan();
        if let Value::Map(entries) = &mut plan.value {
            // Each file is a strategy by itself.
            entries.retain(|entry| ["bank", "measure", "choose"].contains(&entry.key.as_str()));
        }
        let dir = bases[0].1.dir.clone();
        build(plan, bases, &dir, sets)
    }

    /// True if there is anything to compare.
    pub fn compares(&self) -> bool {
        let changes = self.strategies.iter().any(|strategy| !strategy.changes.is_empty());
        let asks = self.measure.is_some() || self.choose.is_some() || !self.keep.is_empty();
        changes || asks || self.strategies.len() > 1 || !self.axes.is_empty() || self.bank.is_some()
    }

    /// What is laid over the base of a strategy (`None`: of no strategy) to play it, lowest first; the levels of the axes
    /// lie between it and the settings of the command line.
    pub fn changes(&self, strategy: Option<usize>, levels: &[Level]) -> Vec<Change> {
        let own = strategy.map_or(&[][..], |strategy| &self.strategies[strategy].changes);
        let of_axes = levels.iter().flat_map(|level| &level.changes);
        self.common.iter().chain(own).chain(of_axes).chain(&self.sets).cloned().collect()
    }

    /// The values of a combination as they are set, from those that were picked on each axis: where an axis is an offset
    /// of another one, the other one's value is added.
    pub fn combined(&self, picked: Vec<Level>) -> Vec<Level> {
        offsets::combined(&self.axes, picked)
    }

    /// The scenario of a strategy.
    pub fn base(&self, strategy: usize) -> &Base {
        &self.bases[self.strategies[strategy].base]
    }

    /// The changes of a member of the bank on top of others, and the settings of the command line on top of all; `labels`
    /// say which attributes the fleet knows.
    pub fn with_member(
        &self,
        strategy: usize,
        changes: &[Change],
        member: usize,
        labels: &Labels,
    ) -> Vec<Change> {
        let mut all = changes.to_vec();
        if let Some(bank) = &self.bank {
            let mut draft = self.base(strategy).root.clone();
            // A change that cannot be applied is reported when the scenario is loaded.
            changes.iter().for_each(|change| drop(change.put(&mut draft)));
            all.extend(bank.changes(member, &draft, labels));
            all.extend(self.sets.iter().cloned());
        }
        all
    }

    /// The first condition that a point breaks.
    ///
    /// # Errors
    /// A condition about a setting that is not there or is no quantity, or between quantities of two kinds.
    pub fn broken(&self, loaded: &Loaded) -> Result<Option<&Keep>, Diagnostic> {
        for (keep, span) in &self.keep {
            let left = quantity(&keep.left, loaded, span)?;
            let right = quantity(&keep.right, loaded, span)?;
            if left.kind != right.kind {
                let message = format!("`{keep}` compares {} with {}", left.kind.name(), right.kind.name());
                let help = "compare shares with shares, times with times and numbers with numbers";
                return Err(Diagnostic::error("RC134", message).at(span.clone()).help(help));
            }
            if !keep.comparison.holds(left.value, right.value) {
                return Ok(Some(keep));
            }
        }
        Ok(None)
    }
}

/// Scenarios that are compared meet the same releases, and each of them can be played alone.
fn same_bank(bases: &[(String, Base)]) -> Result<(), Problems> {
    let named = |base: &Base| {
        let bank = base.study.get("bank")?.to_json();
        let from = bank.get("from").unwrap_or(&bank).as_str().unwrap_or_default().to_owned();
        // Two files of one name are two banks.
        let file = from.ends_with(".yaml") || from.ends_with(".yml");
        Some((bank, file.then(|| base.dir.join(from).canonicalize().ok())))
    };
    let first = named(&bases[0].1);
    let problems = bases[1..].iter().filter(|(_, base)| named(base) != first).map(|(_, base)| {
        let span = &base.root.span;
        let here = base.study.entry("bank").map(|entry| entry.key_span.clone());
        let there = &bases[0].1.root.span.source.name;
        let message = match (&first, &here) {
            (Some(_), None) => {
                format!("`{}` names no bank of releases, and `{there}` does", span.source.name)
            }
            (None, _) => format!("`{}` names a bank of releases, and `{there}` does not", span.source.name),
            _ => format!("`{}` names another bank of releases than `{there}`", span.source.name),
        };
        Diagnostic::error("RC220", message)
            .at(here)
            .help("write the same `bank` into all of them, or into none")
    });
    let problems: Vec<Diagnostic> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// What is wrong with the comparisons that a scenario names, before any of them is loaded.
pub fn check(base: &Base) -> Vec<Diagnostic> {
    let built = build(base.study_as_plan(), vec![(String::new(), base.clone())], &base.dir, Vec::new());
    built.err().map_or(Vec::new(), |Problems(found)| found)
}

/// True if a file is a plan, which names its scenario in `base`.
pub fn is_plan(path: &Path) -> bool {
    yaml::read(path)
        .ok()
        .and_then(|source| yaml::parse(source).ok())
        .is_some_and(|root| root.get("base").is_some())
}

fn quantity(side: &Side, loaded: &Loaded, span: &Span) -> Result<Measured, Diagnostic> {
    let mut found = match &side.term {
        KeepTerm::Quantity(quantity) => *quantity,
        KeepTerm::Setting(keys) => {
            let path = crate::path::join(keys);
            let Some(node) = loaded.layered.root.at(&path) else {
                return Err(no_setting(keys, &loaded.layered.root, span));
            };
            let text = node.text().unwrap_or_default();
            text.parse::<Measured>().map_err(|_| {
                let message = format!("`{path}` is {}, which compares with nothing", node.describe());
                let help = "conditions are about numbers, shares and lengths of time";
                Diagnostic::error("RC134", message).at(span.clone()).help(help)
            })?
        }
    };
    if let Some((minus, by)) = side.shift {
        if by.kind != found.kind {
            let message = format!("{} and {} do not add up", found.kind.name(), by.kind.name());
            let help = "add a length of time to a length of time, and so on";
            return Err(Diagnostic::error("RC134", message).at(span.clone()).help(help));
        }
        found.value += if minus { -by.value } else { by.value };
    }
    Ok(found)
}

fn build(plan: Node, named: Vec<(String, Base)>, dir: &Path, sets: Vec<Change>) -> Result<Study, Problems> {
    let (read, mut problems) = de::from_node::<PlanFile>(&plan);
    let read = read.unwrap_or_default();
    let (names, bases): (Vec<String>, Vec<Base>) = named.into_iter().unzip();
    // A plan adds to what is uncertain in its scenario.
    let unsure = plan.get("uncertain").map_or(&[][..], Node::entries).iter().map(|entry| Change {
        keys: vec!["uncertain".into(), entry.key.clone()],
        value: entry.value.clone(),
        span: entry.key_span.clone(),
    });
    let common: Vec<Change> = unsure.chain(changes_of(plan.get("set"), &mut problems)).collect();
    let mut strategies: Vec<Strategy> = Vec::new();
    if bases.len() == 1 {
        for entry in plan.get("strategies").map_or(&[][..], Node::entries) {
            let changes = changes_of(Some(&entry.value), &mut problems);
            strategies.push(Strategy { name: entry.key.clone(), base: 0, changes, options: Vec::new() });
        }
    }
    if strategies.is_empty() {
        let each = names.into_iter().enumerate();
        let as_it_is = |(base, name)| Strategy { name, base, changes: Vec::new(), options: Vec::new() };
        strategies.extend(each.map(as_it_is));
    }
    let vary = match &read.vary {
        None => 0,
        Some(name) => strategies.iter().position(|strategy| strategy.name == *name).unwrap_or_else(|| {
            let known: Vec<&str> = strategies.iter().map(|strategy| strategy.name.as_str()).collect();
            let help = suggest::way_out(name, &known, "there is none");
            let message = format!("`{name}` is no strategy of this plan");
            problems.push(Diagnostic::error("RC233", message).at(plan.locate("vary")).help(help));
            0
        }),
    };
    let axes = axis::axes(&plan, &read, &mut problems);
    let at = |path: &str, i: usize| plan.locate(&format!("{path}.{i}"));
    let keep = read.keep.unwrap_or_default();
    let keep = keep.into_iter().enumerate().map(|(i, one)| (one, at("keep", i))).collect();
    let measure = read
        .measure
        .map(|all| all.into_iter().enumerate().map(|(i, one)| (one, at("measure", i))).collect::<Vec<_>>());
    let choose = read.choose.map(|choose| choose_of(&plan, choose));
    let undecided =
        |choose: &Choose| choose.then.is_none() && (choose.front.is_empty() || !choose.only_if.is_empty());
    if choose.as_ref().is_some_and(undecided) && plan.at("choose.then").is_none() {
        let message = "`choose` does not say what decides among those that keep the limits";
        let help =
            "write `then:` with `least` or `most` and a metric, as in `then: least exposed.device-days`";
        problems.push(Diagnostic::error("RC218", message).at(plan.locate("choose")).help(help));
    }
    let bank = bank::bank(&plan, read.bank.as_ref(), dir, &mut problems);
    let gates = read.gates.map(|gates| gates::gates(&plan, gates, bank.as_ref(), &mut problems));
    let design = read.design.unwrap_or(Design::Grid);
    for axis in axes.iter().filter(|axis| axis.levels() == 0) {
        if matches!(design, Design::Grid | Design::OneAtATime) {
            let message = format!(
                "`{}` varies over everything between two ends, and this design wants values",
                axis.name
            );
            let help = "write steps, as in `6 d to 9 d step 1 d` or `5 values from 6 d to 9 d`, or take `design: { latin: 50 }`";
            problems.push(Diagnostic::error("RC234", message).at(axis.span.clone()).help(help));
        }
    }
    let schema::Runs { each, at_most, per_draw } = read.runs.map_or(schema::Runs::default(), |form| form.0);
    check_runs(&plan, each, at_most, per_draw, &mut problems);
    if plan.get("keep").is_some_and(|keep| !keep.items().is_empty()) && design != Design::Grid {
        let message = "`keep` goes with `design: grid` alone: with combinations left out, no other design is what it is";
        let help = "write one axis as an offset of another, as in `rings.Broad.deferral: rings.Fast.deferral + 1 d to 5 d`, or take `design: grid`";
        problems.push(Diagnostic::error("RC220", message).at(plan.locate_key("keep")).help(help));
    }
    idle(&strategies, &axes, &common, &mut problems);
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(Problems(problems));
    }
    let number = |count: Count| u32::try_from(count.get()).unwrap_or(u32::MAX);
    let study = Study {
        bases,
        strategies,
        axes,
        vary,
        design,
        keep,
        bank,
        measure,
        choose,
        gates,
        runs: each.map(number),
        at_most: at_most.map(number),
        together: per_draw.map_or(1, number),
        seed: read.seed,
        sets,
        common,
    };
    let unknown = study.rules_that_stop().err();
    unknown.map_or(Ok(study), |problems| Err(Problems(problems)))
}

/// Numbers of runs that cannot be meant.
fn check_runs(
    plan: &Node,
    each: Option<Count>,
    at_most: Option<Count>,
    per_draw: Option<Count>,
    problems: &mut Vec<Diagnostic>,
) {
    let mut refuse = |path: &str, message: String, help: &str| {
        let place = if plan.at(path).is_some() { path } else { "runs" };
        problems.push(Diagnostic::error("RC212", message).at(plan.locate(place)).help(help));
    };
    let nothing = |count: Option<Count>| count.is_some_and(|count| count.get() == 0);
    if nothing(each) {
        let help = "write how often to play each, as in `runs: 40`";
        refuse("runs.each", "`runs` is 0, so nothing would be played".into(), help);
    }
    if nothing(per_draw) {
        refuse("runs.per-draw", "no draw can have 0 runs".into(), "write 1 or more, as in `per-draw: 2`");
    }
    if let (Some(each), Some(most)) = (each, at_most)
        && most.get() < each.get()
    {
        let message = format!("runs end at {}, and {} are played at first", most.get(), each.get());
        refuse("runs.at-most", message, "write an `at-most` that is no less than `each`");
    }
    let draws = per_draw.map_or(1, Count::get).max(1);
    for (path, count) in [("runs.each", each), ("runs.at-most", at_most)] {
        if let Some(count) = count.filter(|count| count.get() % draws != 0) {
            let whole = count.get().div_ceil(draws) * draws;
            let message = format!("{} runs are not whole draws of {draws}", count.get());
            refuse(path, message, &format!("write {whole}, or another `per-draw`"));
        }
    }
}

/// Settings of the comparison itself: they are the same for all that is compared.
const OF_ALL: [&str; 8] = ["seed", "runs", "strategies", "bank", "measure", "choose", "gates", "sweep"];

/// Strategies and axes that set what is the same for all.
fn idle(strategies: &[Strategy], axes: &[Axis], common: &[Change], problems: &mut Vec<Diagnostic>) {
    let of_axes = axes.iter().flat_map(|axis| match &axis.values {
        Levels::Listed(all) => all.iter().flat_map(|level| level.changes.clone()).collect(),
        Levels::Stretch(..) => axis.at(0.5).changes,
    });
    let own = strategies.iter().flat_map(|strategy| strategy.changes.clone());
    let mut said: Vec<String> = Vec::new();
    for change in own.chain(of_axes).chain(common.iter().cloned()) {
        let key = &change.keys[0];
        let once = format!("{key} {}", change.span.start);
        if OF_ALL.contains(&key.as_str()) && !said.contains(&once) {
            said.push(once);
            let message =
                format!("`{key}` is the same for all that is compared, so it cannot be changed here");
            let help = "write it at the top of the plan, or give `--seed` or `--replications`";
            problems.push(Diagnostic::error("RC237", message).at(change.span).help(help));
        }
    }
}

fn choose_of(plan: &Node, choose: schema::Choose) -> Choose {
    let limits = choose.only_if.iter().flat_map(|all| all.with_paths("choose.only-if"));
    let limits = limits.map(|(path, limit)| (limit.clone(), plan.locate(&path))).collect();
    let front = choose.front.into_iter().flatten().enumerate();
    Choose {
        only_if: limits,
        then: choose.then.map(|aim| (aim, plan.locate("choose.then"))),
        front: front.map(|(i, column)| (column, plan.locate(&format!("choose.front.{i}")))).collect(),
    }
}

/// The changes of a map of settings by path.
fn changes_of(map: Option<&Node>, problems: &mut Vec<Diagnostic>) -> Vec<Change> {
    let entries = map.map_or(&[][..], Node::entries).iter();
    entries.filter_map(|entry| Change::of(entry).map_err(|problem| problems.push(problem)).ok()).collect()
}
