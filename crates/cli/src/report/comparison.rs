//! The outcome of `compare` and `sweep` as it leaves the program: one structure behind the table and the JSON.
//!
//! *Invariants.* Numbers are unrounded; NaN and infinity do not occur: a quantile that is 'never' says so. Every
//! sentence about what is better comes from a procedure of docs/statistics.md.

use rayon::prelude::*;
use rollcast_scenario::{compile::bound_in_unit, scalar};
use rollcast_sweep::{
    figures::{
        choose::{Bound, Choice, Limit, choose},
        comparison::{Comparison, Criterion, Figure, Paired, Statistic},
        front::Sense,
        mean::{Bounds, Method},
        paired::{Difference, Verdict},
        quantile::{Quantile, Reach},
    },
    prepare::Prepared,
    rounds::Rounds,
    rows::Results,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

pub(crate) use super::choice::sentences;
use super::{Tool, stopping::stopping};

/// Version of the shape; a change that can break a reader raises it.
const SCHEMA_VERSION: u32 = 1;

/// The outcome of `rollcast compare`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Rollcast comparison")]
pub(crate) struct Compared {
    /// Version of this shape.
    pub schema_version: u32,
    /// What made it.
    pub tool: Tool,
    /// The files as they were named.
    pub files: Vec<String>,
    /// SHA-256 of everything that the results depend on.
    pub digest: String,
    /// The seed that all strategies share.
    pub seed: u64,
    /// What intervals cover.
    pub interval_meaning: &'static str,
    /// The strategies in the order of the file.
    pub strategies: Vec<Strategy>,
    /// The releases that all met, by weight; empty without a bank.
    pub bank: Vec<Member>,
    /// True if settings of the scenario are uncertain, and drawn anew in each replication (or in each few).
    pub uncertain: bool,
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// The metric that decides, by position: that of `choose`, or the first.
    pub decides: Option<usize>,
    /// Where runs went on until something was known: what came of it.
    pub stopping: Option<Stopping>,
    /// What to choose, by the file's `choose`.
    pub choice: Option<Chosen>,
    /// Strategies that no other one equals or beats in all of these metrics.
    pub front: Front,
    /// What `--fail-on` asked, and what the runs say of it.
    pub gate: Vec<super::gate::Gate>,
}

/// A strategy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Strategy {
    /// Its name, with its values on the axes.
    pub name: String,
    /// The command that plays one replication of it alone.
    pub replay: String,
}

/// A member of the release bank.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Member {
    /// Its name.
    pub name: String,
    /// Its share of all releases.
    pub weight: f64,
    /// How often each strategy was played against it.
    pub runs: u32,
    /// Where it comes from.
    pub origin: String,
    /// True if that is an assumption.
    pub assumed: bool,
}

/// A metric over all strategies.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Metric {
    /// Its name (docs/metrics.md), with ring and release.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// True if less is better.
    pub lower_is_better: bool,
    /// What stands for 'never' in a restricted mean.
    pub limit: Option<f64>,
    /// By strategy.
    pub of: Vec<Of>,
    /// Strategies with the best mean, by position.
    pub best: Vec<usize>,
    /// Strategies that cannot be told apart from the (first) best one: with 95 % confidence the true best is among it and
    /// them.
    pub like_best: Vec<usize>,
    /// Every pair of strategies (none if there are more than 30).
    pub pairs: Vec<Pair>,
}

/// Two strategies, compared run by run.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Pair {
    /// The first, by position.
    pub first: usize,
    /// The one it is compared with.
    pub second: usize,
    /// Mean of the first minus mean of the second.
    pub difference: f64,
    /// p-value, adjusted for all pairs of strategies (Bonferroni).
    pub adjusted_p: f64,
    /// What the first is against the second, with an error of 5 % for all pairs together.
    pub verdict: Told,
}

/// A metric of one strategy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Of {
    /// Runs.
    pub runs: u32,
    /// Of which ended at their limit of decisions.
    pub ended_early: u32,
    /// Share of runs that have a value (for times: in which it was reached).
    pub reached: Option<Span>,
    /// The mean, releases of the bank counted by their weight.
    pub mean: Option<Mean>,
    /// The median.
    pub median: Option<Quant>,
    /// What 95 % of the runs do not exceed.
    pub p95: Option<Quant>,
    /// The worst of all runs; `null` is 'never', or undefined.
    pub worst: Option<f64>,
    /// Where the variance of a single run comes from.
    pub variance: Option<Variance>,
    /// How much the mean differs from the best mean of the other strategies: for all strategies at once with 95 %
    /// confidence. `null` where it has no interval, and if there are more than 30 strategies.
    pub against_best: Option<Ends>,
    /// The difference to the first strategy, run by run.
    pub against_first: Option<Against>,
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Span {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The ends of an interval.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Ends {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The variance of a single run, in the square of the unit, by where it comes from.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Variance {
    /// Luck: what would be left if the uncertain settings were known.
    pub luck: f64,
    /// Uncertain settings: what would be left without luck. `null` where each draw of them was played once only, so that it
    /// is contained in luck (`runs: { per-draw: 2 }` tells them apart).
    pub ignorance: Option<f64>,
    /// Which release of the bank it is.
    pub release: f64,
}

/// The procedure behind an interval (docs/statistics.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Procedure {
    /// Student's t, over a bank with the degrees of freedom of Welch and Satterthwaite.
    StudentT,
    /// Bootstrap-t, because the mean is skewed: a rough interval.
    BootstrapT,
    /// That of a share: every run says yes or no.
    Share,
}

/// A mean.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Mean {
    /// The mean.
    pub value: f64,
    /// Lower end of its 95 % interval; `null` where it has none.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Where all runs gave the same: with 95 % confidence a run gives something else with at most this probability.
    pub varies_at_most: Option<f64>,
    /// True if 'never' occurred, for which `limit` counts.
    pub restricted: bool,
    /// The procedure behind the interval.
    pub procedure: Procedure,
    /// Skewness of the mean (of the runs, divided by the root of their number); beyond 0.5 its interval is a rough one.
    pub skew: f64,
}

/// A quantile over runs.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Quant {
    /// Its value; `null` is 'never'.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval; `null` where the runs are too few for one, or never get there.
    pub low: Option<f64>,
    /// Upper end; `null` likewise.
    pub high: Option<f64>,
    /// How many runs it takes until it can have two ends, if there are fewer.
    pub needs: Option<u32>,
}

/// A difference to another strategy, run by run: both meet the same luck.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Against {
    /// Mean of the differences.
    pub value: f64,
    /// Lower end of its 95 % interval; `null` where it has none.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Where all pairs differ alike: with 95 % confidence a pair differs otherwise with at most this probability.
    pub varies_at_most: Option<f64>,
    /// Pairs of runs.
    pub pairs: u32,
    /// Pairs in which this strategy has less.
    pub less: u32,
    /// Pairs in which it has more.
    pub more: u32,
    /// p-value of 'no difference', adjusted for all strategies that are compared with the first (Holm).
    pub adjusted_p: f64,
    /// What it means, with an error of 5 % for all strategies together.
    pub verdict: Told,
    /// Variance of the paired difference in parts of that of independent runs.
    pub variance_ratio: Option<f64>,
}

/// What a difference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Told {
    /// Better than the other one.
    Better,
    /// Worse.
    Worse,
    /// The runs cannot tell.
    CannotTell,
}

/// What to choose.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Chosen {
    /// The limits and what decides, as they are written.
    pub by: Vec<String>,
    /// The strategy, by position; `null` if none keeps all limits.
    pub strategy: Option<usize>,
    /// Strategies that keep all limits.
    pub passing: Vec<usize>,
    /// The same in sentences.
    pub sentences: Vec<String>,
}

/// What came of runs that went on until something was known.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Stopping {
    /// True if it is known; otherwise runs ended at their limit before.
    pub known: bool,
    /// Strategies that were not done with, by position: their interval is too wide, or they may be the best.
    pub left: Vec<usize>,
    /// By strategy, how often it was played (against each release of the bank).
    pub runs: Vec<u32>,
    /// The same in sentences.
    pub sentences: Vec<String>,
}

/// A Pareto front.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Front {
    /// The metrics (their means).
    pub of: Vec<String>,
    /// The strategies on it, by position.
    pub strategies: Vec<usize>,
    /// By strategy: in what share of 1 000 resamples of the runs it is on the front. `null` where that was not worked out:
    /// more than 500 strategies, an undefined mean, or strategies that were not played equally often.
    pub share_of_resamples: Option<Vec<f64>>,
}

impl From<Verdict> for Told {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Better => Told::Better,
            Verdict::Worse => Told::Worse,
            Verdict::CannotTell => Told::CannotTell,
        }
    }
}

/// What intervals over a study cover.
fn meaning(prepared: &Prepared) -> &'static str {
    match (prepared.study.bank.is_some(), prepared.is_uncertain()) {
        (false, false) => super::LUCK_ONLY,
        (true, false) => "luck, over the releases of the bank by their weights",
        (false, true) => "luck and the settings that are uncertain",
        (true, true) => {
            "luck and the settings that are uncertain, over the releases of the bank by their weights"
        }
    }
}

/// Builds the report of a comparison.
pub(crate) fn build(
    prepared: &Prepared,
    results: &Results,
    rounds: Option<&Rounds>,
    files: Vec<String>,
) -> Compared {
    let layout = &prepared.layout;
    let comparison = Comparison::new(layout, results);
    let points = layout.points.len();
    let strategy = |point: usize| Strategy {
        name: crate::commands::label(layout, point),
        replay: prepared.replay(layout.cell(point as u64 * (layout.cells() / points as u64)), 0),
    };
    let most = rounds.and_then(|rounds| (0..points).map(|point| rounds.end(point)).max());
    let members = prepared.study.bank.iter().flat_map(|bank| &bank.members).zip(&layout.members);
    let members = members.map(|(member, of)| Member {
        name: member.name.clone(),
        weight: member.weight,
        // Where runs go on until something is known, a layout has as many as there may be.
        runs: most.map_or(of.runs, |most| most.min(of.runs)),
        origin: member.origin.clone(),
        assumed: member.assumed,
    });
    let front = front(prepared, &comparison);
    Compared {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        files,
        digest: layout.digest.clone(),
        seed: layout.seed,
        interval_meaning: meaning(prepared),
        strategies: (0..points).map(strategy).collect(),
        bank: members.collect(),
        uncertain: prepared.is_uncertain(),
        decides: prepared.aim().map(|(column, _)| column),
        metrics: (0..layout.columns.len())
            .into_par_iter()
            .map(|column| metric(&comparison, column))
            .collect(),
        stopping: rounds.map(|rounds| stopping(prepared, rounds, &comparison)),
        choice: chosen(prepared, &comparison, rounds),
        front,
        gate: Vec::new(),
    }
}

fn metric(comparison: &Comparison<'_>, column: usize) -> Metric {
    let layout = comparison.layout();
    let of = &layout.columns[column];
    let points: Vec<usize> = (0..layout.points.len()).collect();
    let figures: Vec<Figure> = points.par_iter().map(|&point| comparison.figure(point, column)).collect();
    let sense = Sense::of(of.lower_is_better);
    let means = || figures.iter().map(|figure| figure.mean.map(|mean| mean.value));
    let least = means().filter(Option::is_some).min_by(|a, b| sense.compare(*a, *b)).flatten();
    let best: Vec<usize> = points
        .iter()
        .copied()
        .zip(means())
        .filter(|(_, mean)| mean.is_some() && *mean == least)
        .map(|(p, _)| p)
        .collect();
    let criterion = Criterion { column, statistic: Statistic::Mean, sense };
    let others = comparison.leaders(&points, criterion).map_or(Vec::new(), |leaders| leaders.others);
    let pairs = comparison.all_pairs(column).into_iter().map(|pair| Pair {
        first: pair.points.0,
        second: pair.points.1,
        difference: pair.difference.value,
        adjusted_p: pair.adjusted_p,
        verdict: pair.verdict.into(),
    });
    let against_best = comparison.against_the_best(column);
    let ends =
        |point: usize| against_best.get(point).copied().flatten().map(|(low, high)| Ends { low, high });
    let against_first = comparison.against_first(column).into_iter();
    Metric {
        name: of.name.clone(),
        unit: of.unit.clone(),
        lower_is_better: of.lower_is_better,
        limit: of.limit,
        like_best: others.into_iter().filter(|point| !best.contains(point)).collect(),
        pairs: pairs.collect(),
        of: figures
            .iter()
            .zip(against_first)
            .enumerate()
            .map(|(point, (figure, paired))| Of {
                against_best: ends(point),
                ..of_point(figure, paired, sense)
            })
            .collect(),
        // Where all are alike, none is best.
        best: if best.len() == figures.len() { Vec::new() } else { best },
    }
}

fn of_point(figure: &Figure, paired: Option<Paired>, sense: Sense) -> Of {
    let mean = figure.mean.map(|mean| {
        let (low, high, varies_at_most) = bounds(mean.bounds);
        let (value, restricted, skew) = (mean.value, mean.restricted, mean.skew);
        Mean { value, low, high, varies_at_most, restricted, procedure: mean.method.into(), skew }
    });
    let worst = if sense == Sense::Least { figure.most } else { figure.least };
    Of {
        runs: figure.runs,
        ended_early: figure.ended_early,
        reached: figure.reached.map(|share| Span { value: share.value, low: share.low, high: share.high }),
        mean,
        median: figure.median.map(quant),
        p95: figure.p95.map(quant),
        worst: worst.and_then(number),
        variance: figure.variation.map(|of| Variance {
            luck: of.luck,
            ignorance: of.ignorance,
            release: of.release,
        }),
        against_best: None,
        against_first: paired.map(|paired| {
            let Difference { value, bounds: of, pairs, less, more, .. } = paired.difference;
            let (low, high, varies_at_most) = bounds(of);
            let Paired { adjusted_p, variance_ratio, .. } = paired;
            let verdict = paired.verdict.into();
            Against {
                value,
                low,
                high,
                varies_at_most,
                pairs,
                less,
                more,
                adjusted_p,
                verdict,
                variance_ratio,
            }
        }),
    }
}

impl From<Method> for Procedure {
    fn from(method: Method) -> Self {
        match method {
            Method::Student => Procedure::StudentT,
            Method::BootstrapT => Procedure::BootstrapT,
            Method::Share => Procedure::Share,
        }
    }
}

fn bounds(of: Bounds) -> (Option<f64>, Option<f64>, Option<f64>) {
    match of {
        Bounds::Interval { low, high } => (Some(low), Some(high), None),
        Bounds::Constant { at_most } => (None, None, Some(at_most)),
        Bounds::Unknown => (None, None, None),
    }
}

fn number(reach: Reach) -> Option<f64> {
    match reach {
        Reach::At(value) => Some(value),
        Reach::Never => None,
    }
}

fn quant(of: Quantile) -> Quant {
    let (low, high) = (of.low.and_then(number), of.high.and_then(number));
    Quant { value: number(of.value), low, high, needs: of.needs }
}

/// The front of what the study names; otherwise of exposure and harm, the trade that every ring strategy makes, or of
/// whatever is measured where one of them is not.
pub(crate) fn front(prepared: &Prepared, comparison: &Comparison<'_>) -> Front {
    let layout = comparison.layout();
    let columns = front_columns(prepared);
    let criterion = |&column: &usize| Criterion {
        column,
        statistic: Statistic::Mean,
        sense: Sense::of(layout.columns[column].lower_is_better),
    };
    let criteria: Vec<Criterion> = columns.iter().map(criterion).collect();
    let on = comparison.front(&criteria);
    Front {
        of: columns.iter().map(|&column| layout.columns[column].name.clone()).collect(),
        strategies: (0..on.len()).filter(|&point| on[point]).collect(),
        share_of_resamples: comparison.share_on_front(&columns),
    }
}

/// The columns of the front.
pub(crate) fn front_columns(prepared: &Prepared) -> Vec<usize> {
    let layout = &prepared.layout;
    let named = prepared.study.choose.iter().flat_map(|choose| &choose.front);
    let named: Vec<usize> = named.filter_map(|(column, _)| prepared.column(column)).collect();
    if !named.is_empty() {
        return named;
    }
    let find = |metric: &str| {
        let is =
            |name: &str| name == metric || name.strip_prefix(metric).is_some_and(|r| r.starts_with(" of "));
        layout.columns.iter().position(|column| is(&column.name))
    };
    match (find("exposed.device-days"), find("harmed")) {
        (Some(exposed), Some(harmed)) => vec![exposed, harmed],
        _ => (0..layout.columns.len()).filter(|&c| !layout.columns[c].name.starts_with("goal: ")).collect(),
    }
}

fn statistic(of: scalar::Statistic) -> Statistic {
    match of {
        scalar::Statistic::Mean => Statistic::Mean,
        scalar::Statistic::Quantile(50) => Statistic::Median,
        scalar::Statistic::Quantile(percent) => Statistic::Percentile(percent),
    }
}

/// The limits of a study in the columns of its layout, with their words.
pub(crate) fn limits(prepared: &Prepared) -> Vec<(Limit, String)> {
    let only_if = prepared.study.choose.iter().flat_map(|choose| &choose.only_if);
    let limit = |(criterion, _): &(scalar::Criterion, _)| {
        let column = prepared.column(&criterion.column)?;
        let metric = rollcast_core::metrics::Metric::parse(&criterion.column.metric)?;
        let bound = bound_in_unit(criterion.bound, metric).ok()?;
        let bound = if criterion.at_most { Bound::AtMost(bound) } else { Bound::AtLeast(bound) };
        Some((Limit { column, statistic: statistic(criterion.statistic), bound }, criterion.to_string()))
    };
    only_if.filter_map(limit).collect()
}

/// What decides among those that keep the limits, with its words.
pub(crate) fn aim(prepared: &Prepared) -> Option<(Criterion, String)> {
    let (aim, _) = prepared.study.choose.as_ref()?.then.as_ref()?;
    let column = prepared.column(&aim.column)?;
    let sense = if aim.least { Sense::Least } else { Sense::Most };
    Some((Criterion { column, statistic: statistic(aim.statistic), sense }, aim.to_string()))
}

/// A choice with the limits and what decides, each in its words.
pub(crate) type Reasoned = (Choice, Vec<(Limit, String)>, String);

/// The choice of a study; `None` if it does not say how to choose.
///
/// Where runs went on until the best was known it is that one, and nothing if they ended before.
pub(crate) fn choice(
    prepared: &Prepared,
    comparison: &Comparison<'_>,
    rounds: Option<&Rounds>,
) -> Option<Reasoned> {
    let limits = limits(prepared);
    let (objective, words) = aim(prepared)?;
    let plain: Vec<Limit> = limits.iter().map(|(limit, _)| *limit).collect();
    let all = 0..comparison.layout().points.len();
    let among: Vec<usize> = match rounds.and_then(|rounds| Some((rounds.decision()?, rounds.left()))) {
        Some((state, [best, ..])) if state.decided => vec![*best],
        // Nothing is said about the best before it is known: a look at a favourable moment would be no test.
        Some(_) => return None,
        None => all.collect(),
    };
    Some((choose(comparison, &among, &plain, objective), limits, words))
}

fn chosen(prepared: &Prepared, comparison: &Comparison<'_>, rounds: Option<&Rounds>) -> Option<Chosen> {
    let (choice, limits, words) = choice(prepared, comparison, rounds)?;
    let by = limits.iter().map(|(_, words)| words.clone()).chain([words.clone()]).collect();
    let sentences = sentences(prepared, &choice, &limits, &words);
    let strategy = choice.chosen.as_ref().map(|chosen| chosen.point);
    Some(Chosen { by, strategy, passing: choice.passing, sentences })
}

/// The JSON Schema of a comparison.
pub(crate) fn schema() -> String {
    let generator = SchemaSettings::draft07().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<Compared>();
    let text = serde_json::to_string_pretty(&schema).expect("invariant: a schema is plain JSON");
    text + "\n"
}
