//! The gate of `--fail-on`: criteria as they are typed, what they are asked of, and what the runs say of each.

use std::sync::Arc;

use rollcast_core::{
    metrics::{Metric, Unit},
    plan::{ReleaseId, RingId},
    replicate::{Replications, Wanted},
    time::HOUR_S,
};
use rollcast_scenario::{
    compile::{bound_in_unit, lacking},
    diagnostic::{Diagnostic, Source, Span},
    load::{Loaded, Problems},
    scalar::{Asked, Bound, Column, FailOn, Op, ScalarError, Statistic},
    suggest,
};
use rollcast_sweep::{
    figures::{
        gate::{Judged, Number, Ruling, judge},
        sample::{Sample, Stratum},
    },
    prepare::Prepared,
    rows::Results,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::UnitName;

/// A criterion of `--fail-on` and what the runs say of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Gate {
    /// It fails if this holds; with the release it is about, where there are several.
    pub fails_if: String,
    /// The strategy that was asked; null for `run`.
    pub strategy: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// True if the measured value decided (`--point`), and not the bounds of confidence.
    pub by_point: bool,
    /// Unit of the numbers below.
    pub unit: UnitName,
    /// The bound that it is held against.
    pub bound: f64,
    /// As measured; null: never, or undefined.
    pub value: Option<f64>,
    /// With 95 % confidence (one-sided) it is at least this; null where the runs cannot say.
    pub at_least: Option<f64>,
    /// With 95 % confidence (one-sided) it is at most this; null where the runs cannot say, or never get there.
    pub at_most: Option<f64>,
    /// How far what decided is from the bound, positive above it: the bound of confidence, or the measured value where none
    /// decided; null where there is none.
    pub by: Option<f64>,
    /// Runs that were asked.
    pub runs: u32,
    /// If it is undecided: about so many runs in all would decide, if they go on like these; null where that cannot be said.
    pub runs_needed: Option<u64>,
    /// True for a mean in which 'never' counts as the end of the watch.
    pub restricted: bool,
    /// The same in a sentence.
    pub sentence: String,
}

/// What came of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// It does not hold, so nothing fails.
    Pass,
    /// It holds.
    Fail,
    /// The runs cannot tell.
    Undecided,
}

impl Verdict {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Undecided => "undecided",
        }
    }
}

/// True if something is asked and does not pass.
pub(crate) fn is_shut(gate: &[Gate]) -> bool {
    gate.iter().any(|one| one.verdict != Verdict::Pass)
}

/// A criterion with what it says of a metric.
#[derive(Clone, Debug)]
pub(crate) struct Criterion {
    typed: FailOn,
    place: Span,
    metric: Metric,
    number: Number,
    bound: f64,
    unit: Unit,
}

/// Reads the criteria of a command line.
///
/// # Errors
/// What is wrong with them, all of it.
pub(crate) fn read(texts: &[String]) -> Result<Vec<Criterion>, Problems> {
    let (mut criteria, mut problems) = (Vec::new(), Vec::new());
    for text in texts {
        let source = Arc::new(Source { name: "--fail-on".into(), text: text.clone() });
        let place = Span { source, start: 0, end: text.len() };
        match criterion(text, &place) {
            Ok(criterion) => criteria.push(criterion),
            Err(problem) => problems.push(problem.at(place)),
        }
    }
    if problems.is_empty() { Ok(criteria) } else { Err(Problems(problems)) }
}

fn criterion(text: &str, place: &Span) -> Result<Criterion, Diagnostic> {
    let mut typed: FailOn = text.parse().map_err(|error: ScalarError| error.diagnostic())?;
    let Some(mut metric) = Metric::parse(&typed.column.metric) else {
        let known: Vec<String> = Metric::all().into_iter().map(Metric::name).collect();
        let help = suggest::way_out(&typed.column.metric, &known, "there is none");
        return Err(Diagnostic::error("RC214", format!("`{}` is no metric", typed.column.metric)).help(help));
    };
    let number = match typed.asked {
        Asked::Of(Statistic::Mean) => Number::Mean,
        Asked::Of(Statistic::Quantile(percent)) => Number::Quantile(f64::from(percent) / 100.0),
        Asked::Reached => Number::Reached,
    };
    let (bound, unit) = if number == Number::Reached {
        // The share of runs, whatever the metric is measured in: a bound as of a metric that is a share.
        let of_runs = bound_in_unit(typed.bound, Metric::ObjectiveShare).map_err(|_| {
            (format!("`{}` is no share of runs", typed.bound), "write a share such as `90%`".to_owned())
        });
        (of_runs, Unit::Share)
    } else {
        // `harmed > 1%` means the share of registered devices.
        let of_devices = Metric::parse(&format!("{}.share", metric.name()));
        if let (Bound::Share(_), Unit::Count, Some(share)) = (typed.bound, metric.unit(), of_devices) {
            metric = share;
        }
        (bound_in_unit(typed.bound, metric), metric.unit())
    };
    let bound = bound.map_err(|(message, help)| Diagnostic::error("RC215", message).help(help))?;
    typed.column.metric = metric.name();
    Ok(Criterion { typed, place: place.clone(), metric, number, bound, unit })
}

impl Criterion {
    /// What is to be measured, and where it was typed.
    pub(crate) fn column(&self) -> (Column, Span) {
        (self.typed.column.clone(), self.place.clone())
    }

    fn problem(&self, code: &'static str, message: String, help: String) -> Diagnostic {
        Diagnostic::error(code, message).at(self.place.clone()).help(help)
    }

    /// Its words about a release, and a strategy.
    fn words(&self, release: Option<&str>, strategy: Option<&str>) -> String {
        let mut typed = self.typed.clone();
        typed.column.release = typed.column.release.or(release.map(str::to_owned));
        typed.strategy = strategy.map(str::to_owned);
        typed.to_string()
    }

    fn gate(&self, words: String, strategy: Option<&str>, sample: &Sample, point: bool) -> Gate {
        let judged = judge(sample, self.number, self.typed.op, self.bound, point);
        let verdict = match judged.ruling {
            Ruling::Passes => Verdict::Pass,
            Ruling::Fails => Verdict::Fail,
            Ruling::Undecided => Verdict::Undecided,
        };
        let decided_by = deciding(self.typed.op, &judged, point).or(judged.value);
        let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
        Gate {
            fails_if: words,
            strategy: strategy.map(str::to_owned),
            verdict,
            by_point: point,
            unit: self.unit.into(),
            bound: self.bound,
            value: finite(judged.value),
            at_least: finite(judged.low),
            at_most: finite(judged.high),
            by: finite(decided_by.map(|end| end - self.bound)),
            runs: judged.runs,
            runs_needed: judged.needs,
            restricted: judged.restricted,
            sentence: told::sentence(self.unit, self.bound, self.typed.op, &judged, point),
        }
    }
}

/// The bound of confidence that decides; `None` where none does.
fn deciding(op: Op, judged: &Judged, point: bool) -> Option<f64> {
    match judged.ruling {
        _ if point => None,
        Ruling::Undecided => None,
        Ruling::Fails => {
            if op.is_upwards() {
                judged.low
            } else {
                judged.high
            }
        }
        Ruling::Passes => {
            if op.is_upwards() {
                judged.high
            } else {
                judged.low
            }
        }
    }
}

/// Criteria of a run, each for the ring and the release that it is asked of.
pub(crate) struct OfRun<'a> {
    asked: Vec<(&'a Criterion, Wanted, String)>,
    watched_h: Vec<f64>,
    seed: u64,
    together: u32,
}

impl<'a> OfRun<'a> {
    /// Finds what criteria are about, for runs with this seed, so many of which share a draw of the uncertain settings.
    ///
    /// # Errors
    /// Rings and releases that are not there, and metrics that the scenario has no figures for.
    pub(crate) fn new(
        criteria: &'a [Criterion],
        loaded: &Loaded,
        (seed, together): (u64, u32),
    ) -> Result<Self, Problems> {
        let (mut asked, mut problems) = (Vec::new(), Vec::new());
        for criterion in criteria {
            match of_run(criterion, loaded) {
                Ok(found) => {
                    asked.extend(found.into_iter().map(|(wanted, words)| (criterion, wanted, words)))
                }
                Err(problem) => problems.push(problem),
            }
        }
        let watched =
            |r: &rollcast_core::plan::Release| (r.watched_until - r.published) as f64 / HOUR_S as f64;
        let watched_h = loaded.plan.releases.iter().map(watched).collect();
        if problems.is_empty() {
            Ok(OfRun { asked, watched_h, seed, together })
        } else {
            Err(Problems(problems))
        }
    }

    /// What the runs say.
    pub(crate) fn judge(&self, replications: &Replications, point: bool) -> Vec<Gate> {
        let gate = |(criterion, wanted, words): &(&Criterion, Wanted, String)| {
            let values = replications.values(wanted.metric, wanted.ring, wanted.release);
            let numbers = replications.numbers.iter().copied().zip(values.iter().copied()).collect();
            let sample = Sample {
                strata: vec![Stratum { weight: 1.0, values: numbers }],
                limit: (wanted.metric.unit() == Unit::Hours)
                    .then(|| self.watched_h[wanted.release.0 as usize]),
                missing: 0,
                ended_early: replications.ended_early.len() as u32,
                together: self.together,
                indicator: wanted.metric == Metric::StopBeforeOffer,
                seed: self.seed,
            };
            criterion.gate(words.clone(), None, &sample, point)
        };
        self.asked.iter().map(gate).collect()
    }
}

fn of_run(criterion: &Criterion, loaded: &Loaded) -> Result<Vec<(Wanted, String)>, Diagnostic> {
    let Column { ring, release, .. } = &criterion.typed.column;
    if let Some(name) = &criterion.typed.strategy {
        let message = format!("`run` plays one strategy, so `for {name}` asks nobody");
        let help = format!("leave `for` out and write `--strategy '{name}'`, or take `rollcast compare`");
        return Err(criterion.problem("RC233", message, help));
    }
    let rings = &loaded.labels.rings;
    let releases: Vec<&str> = loaded.labels.releases.iter().map(|release| release.0.as_str()).collect();
    let ring = match ring {
        None => None,
        Some(name) => match rings.iter().position(|known| known == name) {
            Some(at) => Some(RingId(at as u16)),
            None => {
                let help = suggest::way_out(name, rings, "there is none");
                return Err(criterion.problem(
                    "RC204",
                    format!("`{name}` is no ring of this scenario"),
                    help,
                ));
            }
        },
    };
    let about: Vec<usize> = match release {
        None => (0..releases.len()).collect(),
        Some(name) => match releases.iter().position(|known| known == name) {
            Some(at) => vec![at],
            None => {
                let help = suggest::way_out(name, &releases, "there is none");
                return Err(criterion.problem(
                    "RC217",
                    format!("`{name}` is no release of this scenario"),
                    help,
                ));
            }
        },
    };
    let plan = &loaded.plan;
    let lacks = |at: usize| criterion.metric.lacks(plan.costs.as_ref(), plan.releases[at].exploit.is_some());
    let with: Vec<usize> = about.iter().copied().filter(|at| lacks(*at).is_none()).collect();
    if let (true, Some(lack)) = (with.is_empty(), about.first().and_then(|at| lacks(*at))) {
        let (message, help) = lacking(criterion.metric, lack);
        return Err(criterion.problem("RC238", message, help));
    }
    let several = releases.len() > 1;
    let one = |at: usize| {
        let wanted = Wanted { metric: criterion.metric, ring, release: ReleaseId(at as u16) };
        (wanted, criterion.words(several.then_some(releases[at]), None))
    };
    Ok(with.into_iter().map(one).collect())
}

/// Checks that a comparison has the strategies that criteria name.
///
/// # Errors
/// Those that it has not.
pub(crate) fn check_strategies(criteria: &[Criterion], prepared: &Prepared) -> Result<(), Problems> {
    let known: Vec<&str> = prepared.layout.points.iter().map(|point| point.strategy.as_str()).collect();
    let unknown = |criterion: &Criterion| {
        let name = criterion.typed.strategy.as_ref().filter(|name| !known.contains(&name.as_str()))?;
        let help = suggest::way_out(name, &known, "there is none");
        Some(criterion.problem("RC233", format!("`{name}` is no strategy of this comparison"), help))
    };
    let problems: Vec<Diagnostic> = criteria.iter().filter_map(unknown).collect();
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// What the runs of a comparison say: every criterion asked of every strategy, or of the one that it names.
pub(crate) fn of_comparison(
    criteria: &[Criterion],
    prepared: &Prepared,
    results: &Results,
    point: bool,
) -> Vec<Gate> {
    let layout = &prepared.layout;
    let mut found = Vec::new();
    for criterion in criteria {
        for (column, release) in prepared.columns_named(&criterion.typed.column) {
            let several = layout.columns[column].name.ends_with(&format!(" of {release}"));
            for (at, of) in layout.points.iter().enumerate() {
                if criterion.typed.strategy.as_ref().is_some_and(|name| *name != of.strategy) {
                    continue;
                }
                let words = criterion.words(several.then_some(release), Some(&of.strategy));
                let sample = Sample::of(layout, results, at, column);
                found.push(criterion.gate(words, Some(&of.strategy), &sample, point));
            }
        }
    }
    found
}

/// The words of a verdict.
mod told {
    use rollcast_core::metrics::Unit;
    use rollcast_scenario::scalar::Op;
    use rollcast_sweep::figures::gate::{Judged, Ruling};

    use crate::render::number::{self, count, many};

    fn number(unit: Unit, value: f64) -> String {
        if value.is_infinite() {
            return "never".into();
        }
        match unit {
            Unit::Hours => number::time(value),
            Unit::Days => number::time(value * 24.0),
            Unit::Share => number::share(value),
            Unit::Bytes => number::bytes(value),
            Unit::Count | Unit::DeviceDays | Unit::DeviceHours | Unit::Money => number::plain(value),
        }
    }

    /// `12 over the bound`, `at the bound`; shares differ by points of their percentage.
    fn away(unit: Unit, value: f64, bound: f64) -> String {
        let by = value - bound;
        let size = match unit {
            _ if by.is_infinite() => return "later than the bound".into(),
            Unit::Share => format!("{} pp", number::plain(by.abs() * 100.0)),
            unit => number(unit, by.abs()),
        };
        match by {
            by if by > 0.0 => format!("{size} over the bound"),
            by if by < 0.0 => format!("{size} under the bound"),
            _ => "at the bound".into(),
        }
    }

    /// What was measured, how sure that is, and by how much it is away from the bound.
    pub(super) fn sentence(unit: Unit, bound: f64, op: Op, judged: &Judged, point: bool) -> String {
        let runs = many(judged.runs.into(), "run");
        let Some(value) = judged.value else {
            return format!("it has no value in some of {runs}, so nothing can be said");
        };
        let never = if judged.restricted { " ('never' counts as the end of the watch)" } else { "" };
        let measured = format!("measured {}{never} in {runs}", number(unit, value));
        if point {
            return format!("{measured}, {}; by the measured value alone", away(unit, value, bound));
        }
        let end = super::deciding(op, judged, point);
        match (judged.ruling, end) {
            (Ruling::Undecided, _) | (_, None) => undecided(unit, value, bound, judged, &measured),
            (_, Some(_)) if judged.alike => {
                format!("{measured}, the same in every run, {}", away(unit, value, bound))
            }
            (ruling, Some(end)) => {
                let at = if (ruling == Ruling::Fails) == op.is_upwards() { "least" } else { "most" };
                let end_told = number(unit, end);
                format!("{measured}; with 95 % confidence at {at} {end_told}, {}", away(unit, end, bound))
            }
        }
    }

    fn undecided(unit: Unit, value: f64, bound: f64, judged: &Judged, measured: &str) -> String {
        let mut text = format!("{measured}, {}; ", away(unit, value, bound));
        text += &match (judged.low, judged.high) {
            (Some(low), Some(high)) => {
                format!(
                    "with 95 % confidence at least {}, and at most {}",
                    number(unit, low),
                    number(unit, high)
                )
            }
            (Some(low), None) => {
                format!("with 95 % confidence at least {}, without an upper bound", number(unit, low))
            }
            (None, Some(high)) => {
                format!("with 95 % confidence at most {}, without a lower bound", number(unit, high))
            }
            (None, None) => "too few runs for a bound of confidence".into(),
        };
        match judged.needs {
            Some(needs) => {
                text + &format!("; about {} runs would decide, if they go on like these", count(needs))
            }
            None => text,
        }
    }
}
