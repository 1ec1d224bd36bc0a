//! Closed forms again, through the runner: what a sweep measures along an axis is the curve that arithmetic gives.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::Path, sync::Arc};

use rollcast_core::stats::wilson;
use rollcast_scenario::{diagnostic::Source, study::Study};
use rollcast_sweep::{
    layout::Value,
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
rings: { First: { size: 10, deferral: 0 d }, Broad: { size: rest, deferral: 10 d } }
release: { product: windows-quality, published: 2026-10-13 }
device:
  scan: { wait: 0 h to 4 h }
  failures: {}
  restart: { user: 5 min, idle: never }
  telemetry: { every: at once, loss: 0%, latency: 0 s }
background: { failures: 0%, tickets: 0% }
defects: { crash: { in: release, share: 1%, shows: after 1 h to 2 d } }
rules: { stop: { when: { count: failed, at-least: 1 }, do: pause later rings } }
measure: [stop.before-offer in Broad]
sweep:
  runs: 400
";

fn swept(axis: &str) -> Vec<(f64, u32)> {
    let text = format!("{PLAN}  axes: {{ {axis} }}\n");
    let source = Arc::new(Source { name: "plan.yaml".into(), text });
    let study = Study::of_source(source, Path::new(""), Vec::new()).unwrap_or_else(|p| panic!("{p}"));
    let options = Options { axes: true, files: vec!["plan.yaml".into()], ..Options::default() };
    let prepared = Prepared::of(study, &options).unwrap_or_else(|problems| panic!("{problems}"));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut results = Results::new(&prepared.layout);
    let cells: Vec<u64> = (0..prepared.layout.cells()).collect();
    play(&prepared, &cells, &pool, &Progress::default(), |cell, played| {
        results.put(cell, played);
        Ok(())
    })
    .unwrap();
    let layout = &prepared.layout;
    let mut found: Vec<(f64, u32)> = layout
        .points
        .iter()
        .map(|point| match point.values[0] {
            Some(Value::Number(number)) => (number, 0),
            ref other => panic!("{other:?}"),
        })
        .collect();
    for cell in 0..layout.cells() {
        let Some(Played::Rows(rows)) = results.cell(cell) else { panic!("cell {cell}") };
        let caught = rows.iter().filter(|row| row.values[0] == Some(1.0)).count() as u32;
        found[layout.cell(cell).point].1 += caught;
    }
    found
}

/// The share lies in the 95 % interval (Wilson) of each point; seed and design are fixed, so this is one draw of luck
/// and no repeated test.
fn follows(curve: &[(f64, u32)], expected: impl Fn(f64) -> f64) {
    assert!(curve.len() >= 8);
    for &(x, caught) in curve {
        let (low, high) = wilson(caught, RUNS);
        let expected = expected(x);
        assert!((low..=high).contains(&expected), "at {x}: {caught} of {RUNS} for {expected:.4}");
    }
    assert!(
        curve.first().unwrap().1 + 100 < curve.last().unwrap().1,
        "a flat curve proves nothing: {curve:?}"
    );
}

#[test]
fn caught_before_broad_along_the_size_of_the_first_ring() {
    let curve = swept("rings.First.size: [5, 10, 20, 40, 70, 110, 160, 230, 300]");
    follows(&curve, |n| 1.0 - 0.99_f64.powf(n));
}

#[test]
fn caught_before_broad_along_the_share_of_the_defect() {
    let curve = swept("defects.crash.share: 8 log values from 0.5% to 40%");
    follows(&curve, |p| 1.0 - (1.0 - p).powi(10));
}
