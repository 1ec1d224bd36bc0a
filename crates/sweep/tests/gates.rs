//! Operating characteristics against what arithmetic says: curves over the defect rate, the smallest ring, rules that do
//! the same and one that does nothing.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use rollcast_core::stats::clopper_pearson;
use rollcast_scenario::{
    diagnostic::Source,
    study::{RulesAlone, Study},
};
use rollcast_sweep::{
    gates::{
        Characteristic, Runs, Tried, differences,
        paired::Verdict,
        smallest::{RESOLUTION, find},
    },
    prepare::{Options, Prepared},
    rows::{Played, Results},
    runner::{Progress, play},
};

const RUNS: u32 = 400;

/// One report of a failing device stops the later rings before Broad is offered the release, ten days after First. A
/// defect of share p is caught before Broad if one of the n devices of First has it: 1 - (1 - p)^n.
const PLAN: &str = "\
seed: 3
tick: 1 h
horizon: 20 d
fleet: { devices: 2000, habits: { machine: { online: always } } }
rings: { First: { size: 20, deferral: 0 d }, Broad: { size: rest, deferral: 10 d } }
release: { product: windows-quality, published: 2026-10-13 }
device:
  scan: { wait: 0 h to 4 h }
  failures: {}
  restart: { user: 5 min, idle: never }
  telemetry: { every: at once, loss: 0%, latency: 0 s }
background: { failures: 0%, tickets: 0% }
rules:
  one: { when: { count: failed, at-least: 1 }, do: pause later rings }
  same: { when: { count: failed, at-least: 1 }, do: pause later rings }
  deaf: { when: { count: failed, at-least: 1900 }, do: pause later rings }
bank: { from: bank.yaml }
runs: 400
gates:
  rates: [1%, 5%, 10%]
  catch: { ring: First, member: crash, rate: 1%, probability: 90%, sizes: 20 to 900 }
";
const BANK: &str = "\
members:
  good: { weight: 9, assumption: most are }
  crash: { weight: 1, assumption: some are not, defects: { crash: { share: 2%, shows: after 1 h to 2 d } } }
";

fn study() -> Study {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bank.yaml"), BANK).unwrap();
    let source = Arc::new(Source { name: "plan.yaml".into(), text: PLAN.into() });
    Study::of_source(source, dir.path(), Vec::new()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn played(study: Study) -> (Prepared, Results) {
    let options = Options { files: vec!["plan.yaml".into()], ..Options::default() };
    let prepared = Prepared::of(study, &options).unwrap_or_else(|problems| panic!("{problems}"));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut results = Results::new(&prepared.layout);
    let cells: Vec<u64> = (0..prepared.layout.cells()).collect();
    play(&prepared, &cells, &pool, &Progress::default(), |cell, played| {
        results.put(cell, played);
        Ok(())
    })
    .unwrap();
    (prepared, results)
}

#[test]
fn curves_follow_the_closed_form_and_rules_that_do_the_same_cannot_be_told_apart() {
    let alone: RulesAlone = study().rules_alone().unwrap_or_else(|problems| panic!("{problems}"));
    let (prepared, results) = played(alone.study);
    let members = prepared.layout.members.len();
    let names: Vec<&str> = prepared.layout.points.iter().map(|point| point.strategy.as_str()).collect();
    assert_eq!(names, ["one", "same", "deaf", "all rules", "no rule"]);
    let runs: Vec<Vec<Runs<'_>>> = (0..names.len())
        .map(|point| {
            (0..members).map(|member| Runs::of(&prepared, &results, point, member).unwrap()).collect()
        })
        .collect();
    let before = prepared.layout.columns.len() - 1;
    let of = |rule: usize, member: usize| -> Characteristic {
        runs[rule][member].characteristic(&runs[4][member], &[before]).unwrap()
    };
    for (member, rate) in [(1, 0.01_f64), (2, 0.05), (3, 0.1)] {
        let expected = 1.0 - (1.0 - rate).powi(20);
        for rule in [0, 1, 3] {
            let found = of(rule, member);
            let (low, high) = clopper_pearson(found.stopped.hits, RUNS, 0.025);
            assert!((low..=high).contains(&expected), "{rate}: {found:?} for {expected}");
            assert_eq!(found.before[0], found.stopped, "who is paused is paused before Broad");
            assert_eq!(found.missed.hits, RUNS - found.stopped.hits);
            assert_eq!(found.stopped_without_harm.hits, 0);
            // Who stops it spares Broad, a share of 1980 devices; what comes later in First is harmed all the same.
            let spared = found.spared.value / (rate * 1_980.0);
            assert!((spared - expected).abs() < 0.1, "{rate}: {found:?}");
            assert!(found.harmed.value >= found.harmed_until_stop.value - 1e-9, "{found:?}");
            assert!((found.harmed.value + found.spared.value - of(4, member).harmed.value).abs() < 1e-6);
        }
        let median = |rule: usize| of(rule, member).delay_from_harm.unwrap().median_h;
        if expected > 0.5 {
            // It is seen at once, decided at the end of its hour, and takes effect.
            assert!(median(0).unwrap() <= 1.0, "{:?}", median(0));
        } else {
            assert_eq!(median(0), None, "half of the runs and more are never stopped");
        }
    }
    // A good release is stopped by nobody, and nobody can know that for certain.
    let good = of(0, 0).stopped;
    assert_eq!((good.hits, good.low, good.high), (0, 0.0, 3.0 / 400.0));
    // A rule that cannot fire misses everything, up to the rule of three.
    for member in 0..members {
        let deaf = of(2, member);
        assert_eq!((deaf.missed.hits, deaf.missed.low, deaf.stopped.high), (RUNS, 1.0 - 0.0075, 0.0075));
        assert_eq!(deaf.harmed, of(4, member).harmed);
        assert_eq!(deaf.harmed_until_stop_if_stopped, None);
    }
    for one in differences(&runs[..3]) {
        match (one.first, one.second, one.release) {
            (0, 1, _) | (_, _, 0) => {
                assert_eq!((one.first_alone, one.second_alone, one.p), (0, 0, 1.0));
                assert_eq!(one.verdict, Verdict::CannotTell);
            }
            _ => assert_eq!(one.verdict, Verdict::First, "{one:?}"),
        }
    }
}

#[test]
fn the_smallest_ring_is_the_one_of_the_closed_form() {
    let study = study();
    let catch = study.smallest().unwrap();
    assert_eq!(catch.before(&["First".into(), "Broad".into()]).unwrap(), "Broad");
    let found = find(catch.sizes, catch.probability.get(), |size| {
        let (prepared, results) = played(study.sized(catch, "Broad", &[size]));
        let mut caught = 0;
        for cell in 0..prepared.layout.cells() {
            let Some(Played::Rows(rows)) = results.cell(cell) else { return Err(cell) };
            caught += rows.iter().filter(|row| row.values[0] == Some(1.0)).count() as u32;
        }
        Ok(Tried::new(size, caught, RUNS))
    })
    .unwrap();
    // ln(1 - 0.9) / ln(1 - 0.01) = 229.1 devices.
    let exact = 0.1_f64.ln() / 0.99_f64.ln();
    let (enough, few) = (found.proved.unwrap() as f64, found.refuted.unwrap() as f64);
    assert!((few..=enough).contains(&exact), "{found:?}");
    // At the size that was found the truth lies in the interval of what was measured, to the resolution of the search.
    let measured = found.measured.unwrap() as f64;
    let at = found.tried.iter().find(|one| one.size as f64 == measured).unwrap();
    let (low, high) = clopper_pearson(at.caught, RUNS, 0.025);
    let truth = |size: f64| 1.0 - 0.99_f64.powf(size);
    assert!(truth(measured) <= high && low <= truth(measured), "{found:?}");
    assert!((few..=enough).contains(&measured) && enough / few < 2.0, "{found:?}");
    let below = found.tried.iter().rfind(|one| (one.size as f64) < measured).unwrap().size as f64;
    assert!(measured - below <= (below * RESOLUTION).max(1.0), "{found:?}");
    // A larger ring holds the devices of a smaller one, and luck is the same.
    assert!(found.against_order.is_empty(), "{found:?}");
}

#[test]
fn every_run_has_the_words_that_play_it_again() {
    let study = study();
    let alone = study.rules_alone().unwrap_or_else(|problems| panic!("{problems}"));
    let options = Options { files: vec!["plan.yaml".into()], runs: Some(25), ..Options::default() };
    let prepared = Prepared::of(alone.study, &options).unwrap_or_else(|problems| panic!("{problems}"));
    let cell = prepared.layout.cell(2 * 4 + 1);
    assert_eq!(
        prepared.replay(cell, 7),
        "rollcast run plan.yaml --gate deaf --member 'crash at 1%' --seed 3 --replication 7"
    );
    let sized = study.sized(study.smallest().unwrap(), "Broad", &[33]);
    let prepared = Prepared::of(sized, &options).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        prepared.replay(prepared.layout.cell(0), 0),
        "rollcast run plan.yaml --gate 'all rules' --set rings.First.size=33 --member 'crash at 1%' --seed 3 --replication 0"
    );
}
