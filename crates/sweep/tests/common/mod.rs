//! A small study with every kind of value, and what its cells give. Played in no time, and always the same.

#![allow(dead_code, reason = "each test file takes what it needs")]

use rollcast_sweep::{
    layout::{Axis, AxisUnit, Column, Layout, Member, Point, Value},
    rows::{Played, Results, Row},
};

/// Three strategies on three axes against a bank of two members, `runs` times each against the first.
pub(crate) fn layout(runs: u32) -> Layout {
    let axis = |name: &str, unit| Axis { name: name.into(), unit, plus: None };
    let column = |name: &str, unit: &str, limit| Column {
        name: name.into(),
        unit: unit.into(),
        lower_is_better: true,
        limit,
    };
    let number = |number| Some(Value::Number(number));
    let text = |text: &str| Some(Value::Text(text.into()));
    let point = |strategy: &str, values| Point {
        strategy: strategy.into(),
        values,
        replay: vec!["run".into(), "a b.yaml".into()],
    };
    Layout {
        version: "0.1.0".into(),
        digest: "5e9d".into(),
        seed: u64::MAX,
        together: 1,
        axes: vec![
            axis("rings.pilot.share", AxisUnit::Share),
            axis("deadline, \"hard\"", AxisUnit::Text),
            axis("replication", AxisUnit::Hours),
        ],
        design: None,
        columns: vec![
            column("time to 95 %", "hours", Some(672.0)),
            column("Devices broken", "count", None),
            column("devices broken", "count", None),
            column("goal: 90 % in\nSchäden & Straße 😀", "share", None),
            column("never there", "days", Some(28.0)),
        ],
        points: vec![
            point("fast", vec![number(0.1), text("2d"), number(48.0)]),
            point("slow, \"very\"\nslow", vec![number(0.05), text("a,b\"c\nd"), number(0.1 + 0.2)]),
            point("größer 環", vec![None, None, None]),
        ],
        members: vec![
            Member { name: "quiet".into(), weight: 0.9, runs },
            Member { name: "KB5058379, \"loud\"".into(), weight: 0.1, runs: 2 },
        ],
    }
}

/// What a cell gives.
pub(crate) fn play(layout: &Layout, cell: u64) -> Played {
    let id = layout.cell(cell);
    let rows = (id.first..id.first + id.runs).map(|run| {
        let luck = (f64::from(run) + 1.0) * (cell as f64 + 0.37);
        Row {
            values: vec![
                (run % 3 != 1).then_some(luck / 7.0),
                Some(f64::from(run % 5)),
                Some(if run == 0 { 5e-324 } else { -1.5e300 / luck }),
                Some(f64::from(run % 2)),
                None,
            ],
            ended_early: run % 4 == 3,
        }
    });
    Played::Rows(rows.collect())
}

/// What a cell gives if it panics.
pub(crate) fn panic(cell: u64) -> Played {
    Played::Panicked {
        message: format!("cell {cell}: \"index\"\nout of bounds"),
        replay: "rollcast run x".into(),
    }
}

/// All cells, played.
pub(crate) fn results(layout: &Layout) -> Results {
    let mut results = Results::new(layout);
    for cell in 0..layout.cells() {
        results.put(cell, play(layout, cell));
    }
    results
}

/// A study of so many points with one column (hours, less is better), played so often.
pub(crate) fn points(points: usize, runs: u32) -> Layout {
    let point = |number: usize| Point { strategy: number.to_string(), values: vec![], replay: vec![] };
    Layout {
        version: "0.1.0".into(),
        digest: "5e9d".into(),
        seed: 1,
        together: 1,
        axes: vec![],
        design: None,
        columns: vec![Column {
            name: "h".into(),
            unit: "hours".into(),
            lower_is_better: true,
            limit: Some(1e9),
        }],
        points: (0..points).map(point).collect(),
        members: vec![Member { name: String::new(), weight: 1.0, runs }],
    }
}

/// Results of such a study by point and replication.
pub(crate) fn filled(layout: &Layout, value: impl Fn(usize, u32) -> f64) -> Results {
    let mut results = Results::new(layout);
    for number in 0..layout.cells() {
        let cell = layout.cell(number);
        let row = |run| Row { values: vec![Some(value(cell.point, run))], ended_early: false };
        results.put(number, Played::Rows((cell.first..cell.first + cell.runs).map(row).collect()));
    }
    results
}
