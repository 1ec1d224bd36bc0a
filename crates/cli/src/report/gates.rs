//! What `gates` found as it leaves the program: one structure behind the table and the JSON.
//!
//! *Invariants.* Numbers are unrounded. Every sentence about what is better comes from a procedure of docs/statistics.md.

use rollcast_scenario::{
    scalar::{Column, Share},
    study::{Catch, NO_RULE, RulesAlone, Study},
};
use rollcast_sweep::{
    gates::{
        Characteristic, Difference, Mean, Runs, Smallest, differences, paired::Verdict, smallest::RESOLUTION,
    },
    prepare::Prepared,
    rows::Results,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;

use super::{Tool, choice::listed};
use crate::render::number::{count, many, share};

/// Version of the shape; a change that can break a reader raises it.
const SCHEMA_VERSION: u32 = 1;

/// The outcome of `rollcast gates`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Rollcast operating characteristics")]
pub(crate) struct Gates {
    /// Version of this shape.
    pub schema_version: u32,
    /// What made it.
    pub tool: Tool,
    /// The file as it was named.
    pub file: String,
    /// SHA-256 of everything that the characteristics depend on.
    pub digest: String,
    /// The seed that all runs share.
    pub seed: u64,
    /// What intervals cover.
    pub interval_meaning: &'static str,
    /// The strategy of the plan on which the rules were played, where it has several.
    pub strategy: Option<String>,
    /// True if decisions of the scenario, which the clock takes, were left out.
    pub without_decisions: bool,
    /// The defect rates at which bad releases were met.
    pub rates: Vec<f64>,
    /// True if the plan names none: then they are an assumption.
    pub rates_assumed: bool,
    /// The rings of `before`: all from the second on.
    pub rings: Vec<String>,
    /// The releases, good ones first; each bad one at every rate.
    pub releases: Vec<Release>,
    /// Each rule alone, then all together (where there are several), then none.
    pub points: Vec<Point>,
    /// Pairs of rules, about every release.
    pub differences: Vec<Difference>,
    /// What they say, a sentence for each pair.
    pub sentences: Vec<String>,
    /// The smallest ring, if the plan asks for it.
    pub smallest: Option<SmallestRing>,
}

/// A release that all rules met.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Release {
    /// The member of the bank.
    pub member: String,
    /// Its defect rate: that of its most frequent defect; none for a good release.
    pub rate: Option<f64>,
    /// Runs of each point against it.
    pub runs: u32,
    /// Where it comes from, or why it is assumed.
    pub origin: String,
    /// True if it is an assumption.
    pub assumed: bool,
}

/// A rule alone, all rules, or none.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Point {
    /// The rule, `all rules` or `no rule`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The command that plays its first run against the first release alone.
    pub replay: String,
    /// By release; null where every run failed.
    pub of: Vec<Option<Characteristic>>,
}

/// What a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// One rule alone.
    Rule,
    /// All rules of the scenario.
    All,
    /// None.
    None,
}

/// The smallest ring that catches a defect.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SmallestRing {
    /// The ring.
    pub ring: String,
    /// The ring that is spared.
    pub before: String,
    /// What is caught.
    pub release: String,
    /// How probably it is to be caught.
    pub probability: f64,
    /// True if the plan does not say it: then it is an assumption.
    pub probability_assumed: bool,
    /// The smallest and the largest size that may be tried.
    pub sizes: (u64, u64),
    /// What was found.
    pub found: Smallest,
    /// What it says.
    pub sentences: Vec<String>,
}

/// The JSON Schema of [`Gates`].
pub(crate) fn schema() -> String {
    let generator = SchemaSettings::draft07().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<Gates>();
    let text = serde_json::to_string_pretty(&schema).expect("invariant: a schema is plain JSON");
    text + "\n"
}

/// Builds the report.
pub(crate) fn build(
    prepared: &Prepared,
    results: &Results,
    alone: &RulesAlone,
    study: &Study,
    smallest: Option<(&Catch, String, Smallest)>,
    file: String,
) -> Gates {
    let layout = &prepared.layout;
    let members = layout.members.len();
    let points = layout.points.len();
    let runs_of = |point: usize| -> Vec<Runs<'_>> {
        (0..members).filter_map(|member| Runs::of(prepared, results, point, member)).collect()
    };
    let runs: Vec<Vec<Runs<'_>>> = (0..points).map(runs_of).collect();
    let rings: Vec<String> = alone.rings.iter().skip(1).cloned().collect();
    let before: Vec<usize> = rings.iter().filter_map(|ring| column(prepared, ring)).collect();
    let bank = alone.study.bank.iter().flat_map(|bank| &bank.members);
    let releases: Vec<Release> = alone
        .members
        .iter()
        .zip(bank)
        .zip(&layout.members)
        .map(|(((name, rate), member), of)| Release {
            member: name.clone(),
            rate: rate.map(Share::get),
            runs: of.runs,
            origin: member.origin.clone(),
            assumed: member.assumed,
        })
        .collect();
    let point = |at: usize| Point {
        name: layout.points[at].strategy.clone(),
        kind: match () {
            () if at < alone.rules.len() => Kind::Rule,
            () if layout.points[at].strategy == NO_RULE && at + 1 == points => Kind::None,
            () => Kind::All,
        },
        replay: prepared.replay(layout.cell(at as u64 * (layout.cells() / points as u64)), 0),
        of: runs[at]
            .iter()
            .zip(&runs[points - 1])
            .map(|(ours, unstopped)| ours.characteristic(unstopped, &before))
            .collect(),
    };
    let differences = differences(&runs[..alone.rules.len()]);
    let mut rates: Vec<f64> = Vec::new();
    for rate in releases.iter().filter_map(|release| release.rate) {
        if !rates.contains(&rate) {
            rates.push(rate);
        }
    }
    Gates {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        file,
        digest: layout.digest.clone(),
        seed: layout.seed,
        interval_meaning: meaning_of_one(prepared),
        strategy: alone.on.clone(),
        without_decisions: alone.without_decisions,
        rates,
        rates_assumed: study.gates.as_ref().is_none_or(|gates| gates.rates.is_none()),
        rings,
        points: (0..points).map(point).collect(),
        sentences: sentences(&differences, &alone.rules, &releases),
        differences,
        smallest: smallest.map(|(catch, before, found)| smallest_ring(catch, before, found)),
        releases,
    }
}

/// Here each release stands for itself: no interval is about a release drawn from the bank.
fn meaning_of_one(prepared: &Prepared) -> &'static str {
    if prepared.is_uncertain() { "luck and the settings that are uncertain" } else { super::LUCK_ONLY }
}

fn column(prepared: &Prepared, ring: &str) -> Option<usize> {
    let metric = "stop.before-offer".to_owned();
    prepared.column(&Column { metric, ring: Some(ring.to_owned()), release: None })
}

/// A defect rate as people say it: `1 in 10 000`, `5 %`.
pub(crate) fn rate(value: f64) -> String {
    let of = 1.0 / value;
    let whole = of.round();
    if value < 0.01 && (of - whole).abs() < 1e-6 * whole {
        format!("1 in {}", count(whole as u64))
    } else {
        share(value)
    }
}

/// One sentence for each pair of rules: what each of them misses less often, who stops good releases more often, and
/// where they cannot be told apart.
fn sentences(differences: &[Difference], rules: &[String], releases: &[Release]) -> Vec<String> {
    let pairs =
        (0..rules.len()).flat_map(|first| (first + 1..rules.len()).map(move |second| (first, second)));
    pairs
        .map(|(first, second)| {
            let of: Vec<&Difference> =
                differences.iter().filter(|d| (d.first, d.second) == (first, second)).collect();
            pair(&of, &rules[first], &rules[second], releases)
        })
        .collect()
}

fn pair(of: &[&Difference], first: &str, second: &str, releases: &[Release]) -> String {
    let told = |verdict: Verdict, bad: bool| {
        let decided = of.iter().filter(|d| d.verdict == verdict);
        let at: Vec<&Release> =
            decided.map(|d| &releases[d.release]).filter(|release| release.rate.is_some() == bad).collect();
        named(&at)
    };
    let mut parts = Vec::new();
    for (verdict, this, other) in [(Verdict::First, first, second), (Verdict::Second, second, first)] {
        let caught = told(verdict, true);
        if !caught.is_empty() {
            parts.push(format!("`{this}` misses {caught} less often than `{other}`"));
        }
        let falsely = told(verdict, false);
        if !falsely.is_empty() {
            parts.push(format!("`{this}` stops {falsely} by mistake more often than `{other}`"));
        }
    }
    let open = of.iter().filter(|d| d.verdict == Verdict::CannotTell).count();
    match (parts.is_empty(), open) {
        (true, _) => {
            let all = many(of.len() as u64, "release");
            format!("`{first}` and `{second}` cannot be told apart against any of {all}")
        }
        (false, 0) => parts.join("; "),
        (false, open) => {
            format!(
                "{}; against the other {} of {} they cannot be told apart",
                parts.join("; "),
                open,
                of.len()
            )
        }
    }
}

/// Releases with their rates: `latent for three days (1 %, 10 %)`.
fn named(releases: &[&Release]) -> String {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for release in releases {
        let told = release.rate.map(rate);
        match groups.iter_mut().find(|(member, _)| *member == release.member) {
            Some((_, rates)) => rates.extend(told),
            None => groups.push((release.member.clone(), told.into_iter().collect())),
        }
    }
    let words = groups.into_iter().map(|(member, rates)| match rates.as_slice() {
        [] => format!("`{member}`"),
        rates => format!("`{member}` ({})", rates.join(", ")),
    });
    listed(&words.collect::<Vec<_>>())
}

fn smallest_ring(catch: &Catch, before: String, found: Smallest) -> SmallestRing {
    let mut ring = SmallestRing {
        ring: catch.ring.clone(),
        before,
        release: catch.member.name.clone(),
        probability: catch.probability.get(),
        probability_assumed: !catch.probability_given,
        sizes: catch.sizes,
        found,
        sentences: Vec::new(),
    };
    ring.sentences = of_ring(&ring);
    ring
}

fn of_ring(of: &SmallestRing) -> Vec<String> {
    let SmallestRing { ring, before, release, found, .. } = of;
    let wanted = share(of.probability);
    let tried = |size: u64| found.tried.iter().find(|one| one.size == size);
    let runs = |size: u64| {
        tried(size).map_or(String::new(), |one| {
            format!("{} of {} runs", count(one.caught.into()), count(one.runs.into()))
        })
    };
    let caught = format!("`{release}` is stopped before {before} is offered it");
    let mut said = Vec::new();
    match found.measured {
        Some(size) if size == of.sizes.0 => said.push(format!(
            "the smallest size that may be tried is enough: with {ring} of {} devices {caught} in {}, and {wanted} are wanted",
            count(size),
            runs(size),
        )),
        Some(size) => said.push(format!(
            "{ring} of {} devices is the smallest size tried with which {caught} in {wanted} of runs or more: in {}",
            count(size),
            runs(size),
        )),
        None => said.push(format!(
            "no size that may be tried is enough: with {ring} of {} devices {caught} in {}, and {wanted} are wanted",
            count(of.sizes.1),
            runs(of.sizes.1),
        )),
    }
    let certain = match (found.proved, found.refuted) {
        (Some(enough), Some(few)) => format!("{} are enough and {} are too few", count(enough), count(few)),
        (Some(enough), None) => {
            format!("{} are enough, and no size that was tried is too few", count(enough))
        }
        (None, Some(few)) => format!("{} are too few, and no size that was tried is enough", count(few)),
        (None, None) => "no size that was tried is enough, and none is too few: play more runs".into(),
    };
    said.push(format!("with 95 % certainty (one-sided, each for itself) {certain}"));
    let odd: Vec<String> = found
        .against_order
        .iter()
        .map(|(smaller, larger)| format!("{} caught less than {}", count(*larger), count(*smaller)))
        .collect();
    said.push(match odd.as_slice() {
        [] => format!(
            "assumed is that a larger ring catches no less, and no two sizes tried speak against it; sizes are told to {}",
            share(RESOLUTION)
        ),
        odd => format!(
            "assumed is that a larger ring catches no less, and sizes that were tried speak against it: {}",
            listed(odd)
        ),
    });
    said
}

/// Devices harmed without any rule, by release.
pub(crate) fn unstopped(of: &Gates, release: usize) -> Option<Mean> {
    of.points.last()?.of[release].as_ref().map(|of| of.harmed)
}

/// Runs of each point against each release.
pub(crate) fn runs(of: &Gates) -> u32 {
    of.releases.first().map_or(0, |release| release.runs)
}

#[cfg(test)]
mod tests {
    use rollcast_sweep::gates::Tried;

    use super::*;

    fn release(member: &str, rate: Option<f64>) -> Release {
        Release { member: member.into(), rate, runs: 40, origin: String::new(), assumed: true }
    }

    fn difference(release: usize, verdict: Verdict) -> Difference {
        Difference {
            first: 0,
            second: 1,
            release,
            first_alone: 0,
            second_alone: 0,
            p: 1.0,
            p_adjusted: 1.0,
            verdict,
        }
    }

    #[test]
    fn rates_are_said_as_people_say_them() {
        assert_eq!(
            [0.0001, 0.001, 0.005, 0.01, 0.05, 0.0033].map(rate),
            ["1 in 10 000", "1 in 1 000", "1 in 200", "1 %", "5 %", "0.3 %"]
        );
    }

    #[test]
    fn what_cannot_be_told_apart_is_said_so() {
        let releases = [release("good", None), release("crash", Some(0.001)), release("crash", Some(0.01))];
        let rules = ["a".to_owned(), "b".to_owned()];
        let told = |verdicts: [Verdict; 3]| {
            let all: Vec<Difference> =
                verdicts.into_iter().enumerate().map(|(at, verdict)| difference(at, verdict)).collect();
            sentences(&all, &rules, &releases).concat()
        };
        use Verdict::{CannotTell, First, Second};
        assert_eq!(told([CannotTell; 3]), "`a` and `b` cannot be told apart against any of 3 releases");
        assert_eq!(
            told([Second, First, First]),
            "`a` misses `crash` (1 in 1 000, 1 %) less often than `b`; `b` stops `good` by mistake more often than `a`"
        );
        assert_eq!(
            told([CannotTell, CannotTell, Second]),
            "`b` misses `crash` (1 %) less often than `a`; against the other 2 of 3 they cannot be told apart"
        );
    }

    fn ring(found: Smallest) -> Vec<String> {
        of_ring(&SmallestRing {
            ring: "First".into(),
            before: "Broad".into(),
            release: "crash".into(),
            probability: 0.9,
            probability_assumed: false,
            sizes: (20, 5_000),
            found,
            sentences: Vec::new(),
        })
    }

    #[test]
    fn a_search_says_what_it_found_and_what_it_did_not() {
        let tried = vec![Tried::new(20, 10, 100), Tried::new(1_240, 91, 100), Tried::new(5_000, 100, 100)];
        let mut found = Smallest {
            measured: Some(1_240),
            proved: Some(5_000),
            refuted: Some(20),
            against_order: Vec::new(),
            tried,
        };
        let said = ring(found.clone());
        assert_eq!(
            said[0],
            "First of 1 240 devices is the smallest size tried with which `crash` is stopped before Broad is offered it in 90 % of runs or more: in 91 of 100 runs"
        );
        assert!(said[1].ends_with("5 000 are enough and 20 are too few"), "{said:?}");
        found = Smallest { measured: Some(20), refuted: None, ..found };
        assert!(ring(found.clone())[0].starts_with("the smallest size that may be tried is enough"));
        found = Smallest { measured: None, proved: None, against_order: vec![(20, 1_240)], ..found };
        let said = ring(found);
        assert!(said[0].starts_with("no size that may be tried is enough: with First of 5 000"), "{said:?}");
        assert!(said[1].contains("none is too few: play more runs"), "{said:?}");
        assert!(said[2].ends_with("speak against it: 1 240 caught less than 20"), "{said:?}");
    }
}
