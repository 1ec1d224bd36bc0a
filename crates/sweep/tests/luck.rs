//! Luck is shared: strategies meet the same devices, the same absences and the same defects, so what differs between
//! them is sharper than between independent runs; and what is drawn of an uncertain world is the same for all.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::Path, sync::Arc};

use rollcast_scenario::{diagnostic::Source, study::Study};
use rollcast_sweep::{
    figures::comparison::Comparison,
    prepare::{Options, Prepared},
    rows::{Played, Results},
    runner::{Progress, play},
};

/// Prepares a plan or scenario.
fn prepared(text: &str, axes: bool) -> Prepared {
    let source = Arc::new(Source { name: "plan.yaml".into(), text: text.into() });
    let study = Study::of_source(source, Path::new(""), Vec::new()).unwrap_or_else(|p| panic!("{p}"));
    let options = Options { axes, files: vec!["plan.yaml".into()], ..Options::default() };
    Prepared::of(study, &options).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Plays all cells.
fn played(prepared: &Prepared) -> Results {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut results = Results::new(&prepared.layout);
    let cells: Vec<u64> = (0..prepared.layout.cells()).collect();
    play(prepared, &cells, &pool, &Progress::default(), |cell, played| {
        assert!(matches!(played, Played::Rows(_)), "{played:?}");
        results.put(cell, played);
        Ok(())
    })
    .unwrap();
    results
}

fn column(prepared: &Prepared, name: &str) -> usize {
    prepared.layout.columns.iter().position(|column| column.name == name).unwrap_or_else(|| panic!("{name}"))
}

const FLEET: &str = "\
service: autopatch/2022-08
seed: 11
runs: 60
horizon: 30 d
fleet:
  devices: 2000
  mix: { model: { A: 60%, B: rest } }
  habits: { office: { where: rest, online: workdays 08:00 to 17:00, away: { share: 9%, lasts: 3 d to 21 d } } }
release: { product: windows-quality, published: 2026-10-13 }
defects:
  crash: { in: release, share: { clustered: { attribute: model, mean: 3%, correlation: 0.3 } }, shows: after 1 h to 2 d, ticket: { share: 40% } }
people: { on-call: { staff: 2, hours: Mon-Fri 07:00 to 19:00 } }
rules:
  stop: { who: on-call, when: { count: failed, of: reported, above: 2%, at-least: 3, min-sample: 50 }, do: pause later rings }
";

/// The figure in docs/sweeps.md: by how much shared luck sharpens the difference between two strategies.
#[test]
fn differences_between_strategies_vary_less_than_between_independent_runs() {
    let text = format!(
        "{FLEET}strategies:\n  today: {{}}\n  later: {{ rings.Broad.deferral: 11 d }}\n  larger: {{ rings.First.size: 200 }}\n"
    );
    let prepared = prepared(&text, false);
    let results = played(&prepared);
    let comparison = Comparison::new(&prepared.layout, &results);
    // (metric, strategy, most of the variance of independent runs that may be left)
    let most = [
        ("exposed.device-days", 1, 0.15),
        ("harmed", 1, 0.5),
        ("harmed.device-hours", 1, 0.5),
        ("tickets.defects", 1, 0.5),
        ("exposed.device-days", 2, 0.5),
        ("harmed", 2, 0.8),
    ];
    for (metric, strategy, most) in most {
        let found = comparison.one_against_first(strategy, column(&prepared, metric)).unwrap();
        let ratio = found.variance_ratio.unwrap();
        println!("{metric} of {}: {ratio:.4}", prepared.layout.points[strategy].strategy);
        assert!(ratio < most, "{metric} of strategy {strategy}: {ratio}");
    }
}

/// Where two strategies are the same they give the same, run by run: a change of one ring does not move the others.
#[test]
fn what_a_strategy_does_not_touch_stays_as_it_is() {
    let measure =
        "measure: [patched.h95 in Test, patched.h95 in First, harmed in First, patched.h95 in Broad]\n";
    // Without rules, as a decision in one ring may well be about the others.
    let fleet = FLEET.split("rules:").next().unwrap();
    let text =
        format!("{fleet}{measure}strategies:\n  today: {{}}\n  later: {{ rings.Broad.deferral: 11 d }}\n");
    let prepared = prepared(&text, false);
    let results = played(&prepared);
    let comparison = Comparison::new(&prepared.layout, &results);
    for name in ["patched.h95 in Test", "patched.h95 in First", "harmed in First"] {
        let found = comparison.one_against_first(1, column(&prepared, name)).unwrap();
        assert_eq!((found.difference.less, found.difference.more), (0, 0), "{name}");
    }
    let moved = comparison.one_against_first(1, column(&prepared, "patched.h95 in Broad")).unwrap();
    assert!(moved.difference.more > 50, "{moved:?}");
}

/// The world of a replication is drawn once, not once a strategy: two strategies that are the same stay the same under
/// uncertainty, and the draws vary between replications as the distribution says.
#[test]
fn an_uncertain_world_is_the_same_for_all_strategies() {
    let text = "\
seed: 5
runs: 400
tick: 1 h
horizon: 3 d
fleet: { devices: 1500, habits: { machine: { online: always } } }
rings: { all: { size: rest } }
release: { product: windows-quality, published: 2026-10-13 }
device: { failures: {}, restart: { user: 5 min, idle: never } }
background: { failures: 0%, tickets: 0% }
defects: { crash: { in: release, share: { beta: { a: 2, b: 18 } }, shows: at restart } }
measure: [harmed.share]
strategies: { one: {}, other: { defects.crash.severity: annoying }, certain: { defects.crash.share: 10% } }
";
    let prepared = prepared(text, false);
    assert!(prepared.is_uncertain());
    let results = played(&prepared);
    let comparison = Comparison::new(&prepared.layout, &results);
    let same = comparison.one_against_first(1, 0).unwrap().difference;
    assert_eq!((same.less, same.more, same.pairs), (0, 0, 400));
    // Beta(2, 18): mean 0.1, variance 0.1 * 0.9 / 21; the devices add 0.1 * 0.9 / 1500 or so.
    let values: Vec<f64> = comparison.sample(0, 0).numbers().unwrap().strata[0].values.clone();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let expected = 0.09 / 21.0 + (0.09 - 0.09 / 21.0) / 1500.0;
    assert!((mean - 0.1).abs() < 4.0 * (expected / n).sqrt(), "{mean}");
    assert!((0.7..1.4).contains(&(variance / expected)), "{variance} for {expected}");
    // Told for certain, it varies by the devices alone.
    let certain: Vec<f64> = comparison.sample(2, 0).numbers().unwrap().strata[0].values.clone();
    let of_devices = certain.iter().map(|v| (v - 0.1).powi(2)).sum::<f64>() / n;
    assert!((0.7..1.4).contains(&(of_devices / (0.09 / 1500.0))), "{of_devices}");
}

/// One at a time goes around what the strategy has itself, wherever the axis lists it.
#[test]
fn one_at_a_time_is_around_the_base() {
    let sweep = "sweep: { design: one-at-a-time, axes: { rings.Fast.deferral: [4 d, 6 d, 8 d], rings.First.size: [50, 100] } }\n";
    let prepared = prepared(&format!("{FLEET}{sweep}"), true);
    let points: Vec<String> =
        prepared.layout.points.iter().map(|point| format!("{:?}", point.values)).collect();
    let of = |hours: f64, size: f64| format!("[Some(Number({hours:?})), Some(Number({size:?}))]");
    // autopatch/2022-08 offers Fast after 6 days; its First has an automatic size, so the first value stands for it.
    assert_eq!(points, [of(144.0, 50.0), of(96.0, 50.0), of(192.0, 50.0), of(144.0, 100.0)]);
}
