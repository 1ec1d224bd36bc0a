//! Which settings matter, on models of which the answer is published or can be worked out by hand.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::f64::consts::{PI, TAU};

use rand::RngExt;
use rollcast_core::draws::Luck;
use rollcast_sweep::{
    design::rows,
    figures::sensitivity::{
        Sensitivity, Silence,
        effects::Effect,
        indices::{Share, Shares},
    },
    layout::{Axis, AxisUnit, Column, Design, Layout, Member, Point, Value},
    rows::{Played, Results, Row},
};

/// A layout of points with these numbers on their axes, against members with (weight, runs).
fn layout(design: Design, points: &[Vec<f64>], members: &[(f64, u32)], seed: u64) -> Layout {
    let axis = |n: usize| Axis { name: format!("x{n}"), unit: AxisUnit::Number, plus: None };
    let point = |at: &Vec<f64>| Point {
        strategy: "as it is".into(),
        values: at.iter().map(|x| Some(Value::Number(*x))).collect(),
        replay: Vec::new(),
    };
    let column = |limit| Column { name: "y".into(), unit: "hours".into(), lower_is_better: true, limit };
    Layout {
        version: String::new(),
        digest: String::new(),
        seed,
        together: 1,
        axes: (0..points[0].len()).map(axis).collect(),
        design: Some(design),
        columns: vec![column(None), column(Some(1_000.0))],
        points: points.iter().map(point).collect(),
        members: members
            .iter()
            .map(|(weight, runs)| Member { name: String::new(), weight: *weight, runs: *runs })
            .collect(),
    }
}

/// What (point, member, replication) gives, in every column.
fn results(layout: &Layout, value: impl Fn(usize, usize, u32) -> Option<f64>) -> Results {
    let mut results = Results::new(layout);
    for number in 0..layout.cells() {
        let cell = layout.cell(number);
        let row = |run| Row {
            values: vec![value(cell.point, cell.member, run); layout.columns.len()],
            ended_early: false,
        };
        results.put(number, Played::Rows((cell.first..cell.first + cell.runs).map(row).collect()));
    }
    results
}

/// A standard normal value that belongs to (seed, replication, name).
fn normal(seed: u64, run: u32, name: &str) -> f64 {
    let mut luck = Luck::new(seed, run).stream(name);
    let (u, v): (f64, f64) = (luck.random(), luck.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
}

/// The shares of a model with `noise` (a standard deviation).
fn shares_of(
    model: &dyn Fn(&[f64]) -> f64,
    (axes, number, runs): (usize, u32, u32),
    noise: f64,
    seed: u64,
) -> Result<Shares, Silence> {
    let points: Vec<Vec<f64>> = rows::rows(number, axes, seed).unwrap().collect();
    let layout = layout(Design::Indices, &points, &[(1.0, runs)], seed);
    let found =
        results(&layout, |point, _, run| Some(model(&points[point]) + noise * normal(seed, run, "noise")));
    shares(&layout, &found, 0)
}

fn shares(layout: &Layout, found: &Results, column: usize) -> Result<Shares, Silence> {
    let Some(Sensitivity::Shares(shares)) = Sensitivity::of(layout, found, column) else {
        panic!("the design is for shares")
    };
    shares
}

fn holds(share: Share, truth: f64) -> bool {
    share.low <= truth && truth <= share.high
}

/// Ishigami and Homma (1990) with a = 7 and b = 0.1, on the unit cube.
fn ishigami(at: &[f64]) -> f64 {
    let [x, y, z] = [0, 1, 2].map(|axis| -PI + 2.0 * PI * at[axis]);
    x.sin() + 7.0 * y.sin().powi(2) + 0.1 * z.powi(4) * x.sin()
}
/// Published: variance, first-order and total shares.
const VARIANCE: f64 = 13.844_588;
const FIRST: [f64; 3] = [0.313_9, 0.442_4, 0.0];
const TOTAL: [f64; 3] = [0.557_6, 0.442_4, 0.243_7];

#[test]
fn ishigami_without_luck() {
    let found = shares_of(&ishigami, (3, 4_096, 2), 0.0, 1).unwrap();
    assert!((found.between / VARIANCE - 1.0).abs() < 0.02, "{}", found.between);
    for (axis, of) in found.axes.iter().enumerate() {
        assert!((of.first.value - FIRST[axis]).abs() < 0.015, "first of {axis}: {of:?}");
        assert!((of.total.value - TOTAL[axis]).abs() < 0.015, "total of {axis}: {of:?}");
        assert!(holds(of.first, FIRST[axis]) && holds(of.total, TOTAL[axis]), "{axis}: {of:?}");
    }
    assert!(found.axes[2].first.may_be_nothing() && !found.axes[2].total.may_be_nothing());
    assert_eq!((found.luck.value, found.within, found.rows, found.left_out), (0.0, 0.0, 4_096, 0));
}

#[test]
fn ishigami_with_as_much_luck() {
    let found = shares_of(&ishigami, (3, 4_096, 4), VARIANCE.sqrt(), 1).unwrap();
    assert!((found.between / VARIANCE - 1.0).abs() < 0.05, "{}", found.between);
    assert!((found.luck.value - 0.5).abs() < 0.02 && holds(found.luck, 0.5), "{:?}", found.luck);
    for (axis, of) in found.axes.iter().enumerate() {
        assert!((of.first.value - FIRST[axis]).abs() < 0.03, "first of {axis}: {of:?}");
        assert!((of.total.value - TOTAL[axis]).abs() < 0.03, "total of {axis}: {of:?}");
        assert!(holds(of.first, FIRST[axis]) && holds(of.total, TOTAL[axis]), "{axis}: {of:?}");
    }
    // Luck that is not taken off would be taken for interaction: a quarter of each squared step, and a fifth of the
    // variance.
    assert!((found.axes[1].total.value - found.axes[1].first.value).abs() < 0.03);
}

#[test]
fn what_adds_up_has_no_interactions() {
    let found = shares_of(&|at| at[0] + 2.0 * at[1], (2, 256, 2), 0.0, 3).unwrap();
    for (of, truth) in found.axes.iter().zip([0.2, 0.8]) {
        assert!((of.first.value - truth).abs() < 0.02, "{of:?}");
        assert!((of.total.value - truth).abs() < 0.02, "{of:?}");
    }
}

#[test]
fn the_g_function_of_sobol() {
    // a = 0, 1, 9: parts 1/3 / (1 + a)^2.
    let model = |at: &[f64]| {
        at.iter().zip([0.0, 1.0, 9.0]).map(|(x, a)| ((4.0 * x - 2.0).abs() + a) / (1.0 + a)).product::<f64>()
    };
    let parts = [0.0, 1.0, 9.0].map(|a: f64| 1.0 / 3.0 / (1.0 + a).powi(2));
    let variance = parts.iter().map(|part| 1.0 + part).product::<f64>() - 1.0;
    let found = shares_of(&model, (3, 4_096, 2), 0.0, 2).unwrap();
    for (axis, of) in found.axes.iter().enumerate() {
        let others = (0..3).filter(|other| *other != axis).map(|other| 1.0 + parts[other]).product::<f64>();
        assert!((of.first.value - parts[axis] / variance).abs() < 0.015, "{axis}: {of:?}");
        assert!((of.total.value - parts[axis] * others / variance).abs() < 0.015, "{axis}: {of:?}");
    }
}

/// How often intervals hold the truth. Rows fill the cube evenly, so more often than they promise; with 300 experiments
/// the standard deviation of a share of 95 % is 1.3 %.
#[test]
fn intervals_hold_the_truth() {
    // x + y + 2 (x - 1/2) (y - 1/2): parts 1/12, 1/12 and 4/144.
    let model = |at: &[f64]| at[0] + at[1] + 2.0 * (at[0] - 0.5) * (at[1] - 0.5);
    let all = 2.0 / 12.0 + 4.0 / 144.0;
    let (first, total, luck) = (1.0 / 12.0 / all, (1.0 / 12.0 + 4.0 / 144.0) / all, 0.3_f64.powi(2));
    let mut held = [0; 3];
    for seed in 0..300 {
        let found = shares_of(&model, (2, 64, 3), 0.3, seed).unwrap();
        held[0] += u32::from(holds(found.axes[0].first, first));
        held[1] += u32::from(holds(found.axes[1].total, total));
        held[2] += u32::from(holds(found.luck, luck / (luck + all)));
    }
    assert!(held.iter().all(|held| *held >= 270), "of 300: {held:?}");
}

#[test]
fn luck_alone_has_no_shares() {
    let said = (0..300).filter(|&seed| match shares_of(&|_| 5.0, (2, 64, 3), 1.0, seed) {
        Ok(_) => true,
        Err(silence) => {
            assert_eq!(silence, Silence::Luck);
            false
        }
    });
    // 2.5 % of them; the standard deviation is 0.9 %.
    assert!(said.count() <= 300 / 16);
    assert_eq!(shares_of(&|_| 5.0, (2, 64, 3), 0.0, 1), Err(Silence::Constant));
}

#[test]
fn members_of_a_bank_count_by_their_weights() {
    let points: Vec<Vec<f64>> = rows::rows(1_024, 2, 9).unwrap().collect();
    let layout = layout(Design::Indices, &points, &[(0.7, 4), (0.3, 4)], 9);
    // The second member is 2 larger, takes more of the first axis, and has luck of its own size.
    let found = results(&layout, |point, member, run| {
        let [x, y] = [points[point][0], points[point][1]];
        let noise = normal(9, run, "noise");
        Some(if member == 0 { x + y + 0.5 * noise } else { 2.0 + 3.0 * x + y + noise })
    });
    let found = shares(&layout, &found, 0).unwrap();
    // The mean is 0.6 + 1.6 x + y.
    let all = (1.6 * 1.6 + 1.0) / 12.0;
    assert!((found.between / all - 1.0).abs() < 0.08, "{}", found.between);
    assert!(
        holds(found.axes[0].first, 1.6 * 1.6 / 12.0 / all) && holds(found.axes[1].total, 1.0 / 12.0 / all)
    );
    // A run: 0.7 / 4 + 0.3, and 0.21 (2 + 2 x)^2 on average, that is 0.21 (9 + 1/3).
    let run = 0.7 * 0.25 + 0.3 + 0.21 * (9.0 + 1.0 / 3.0);
    assert!((found.within / run - 1.0).abs() < 0.03, "{} is not {run}", found.within);
}

#[test]
fn never_is_the_limit_at_every_point_and_gaps_leave_rows_out() {
    let points: Vec<Vec<f64>> = rows::rows(16, 2, 4).unwrap().collect();
    let layout = layout(Design::Indices, &points, &[(1.0, 2)], 4);
    let found = results(&layout, |point, _, run| {
        (point != 5 || run % 2 == 0).then(|| 900.0 + 300.0 * points[point][0])
    });
    let cut = shares(&layout, &found, 1).unwrap();
    assert!(cut.restricted && cut.left_out == 0 && cut.rows == 16);
    // Without a limit the value is undefined, and the row with point 5 says nothing.
    let found = shares(&layout, &found, 0).unwrap();
    assert_eq!((found.restricted, found.left_out, found.rows), (false, 1, 15));
    assert!(found.axes[0].total.value > 0.99 && found.axes[1].total.value == 0.0);
    assert_eq!(shares(&layout, &Results::new(&layout), 0), Err(Silence::TooFew));
}

// Main effects

fn effects(layout: &Layout, found: &Results) -> Vec<Result<Effect, Silence>> {
    let Some(Sensitivity::Effects { axes, .. }) = Sensitivity::of(layout, found, 0) else {
        panic!("the design is for effects")
    };
    axes
}

fn grid(levels: &[&[f64]]) -> Vec<Vec<f64>> {
    levels.iter().fold(vec![Vec::new()], |points, axis| {
        points
            .iter()
            .flat_map(|point| axis.iter().map(move |value| point.iter().copied().chain([*value]).collect()))
            .collect()
    })
}

#[test]
fn effects_of_a_grid_are_taken_with_the_same_luck() {
    let points = grid(&[&[1.0, 2.0, 4.0], &[0.0, 10.0]]);
    let layout = layout(Design::Grid, &points, &[(1.0, 20)], 5);
    // A jump of luck that all points share, and a little of their own.
    let found = results(&layout, |point, _, run| {
        let own = normal(5, run, &format!("point {point}"));
        Some(3.0 * points[point][0] - points[point][1] + 100.0 * normal(5, run, "all") + 0.1 * own)
    });
    let found = effects(&layout, &found);
    let first = found[0].as_ref().unwrap();
    assert!((first.size - 9.0).abs() < 0.2, "{first:?}");
    assert_eq!((first.least, first.most, first.left_out), (0, 2, 0));
    assert_eq!(first.levels.iter().map(|level| level.text.as_str()).collect::<Vec<_>>(), ["1", "2", "4"]);
    let (low, high) = first.interval.unwrap();
    assert!(low < 9.0 && 9.0 < high && high - low < 0.5, "{first:?}");
    let second = found[1].as_ref().unwrap();
    assert_eq!((second.least, second.most), (1, 0), "less where the axis has more");
}

#[test]
fn levels_are_compared_where_they_differ_in_nothing_else() {
    // Combinations with the second axis below the first are left out: plain means of the levels would take the one axis
    // for the other.
    let mut points = grid(&[&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]]);
    points.retain(|point| point[1] >= point[0]);
    let kept = layout(Design::Grid, &points, &[(1.0, 2)], 1);
    let found = effects(&kept, &results(&kept, |point, _, _| Some(10.0 * points[point][1])));
    let first = found[0].as_ref().unwrap();
    assert_eq!((first.size, first.constant, first.left_out), (0.0, true, 3), "it has no effect: {first:?}");
    assert_eq!(found[1].as_ref().unwrap().size, 20.0);
    // Where nothing is left that is there with each value, nothing is said.
    let points = vec![vec![1.0, 1.0], vec![2.0, 2.0], vec![3.0, 3.0]];
    let diagonal = layout(Design::Grid, &points, &[(1.0, 2)], 1);
    let found = effects(&diagonal, &results(&diagonal, |point, _, _| Some(points[point][0])));
    assert_eq!(found, [Err(Silence::Confounded), Err(Silence::Confounded)]);
    // One at a time: each axis around the base.
    let points = vec![vec![1.0, 1.0], vec![2.0, 1.0], vec![1.0, 2.0], vec![1.0, 3.0]];
    let around = layout(Design::OneAtATime, &points, &[(1.0, 2)], 1);
    let found =
        effects(&around, &results(&around, |point, _, _| Some(points[point][0] + 5.0 * points[point][1])));
    assert_eq!(found.iter().map(|effect| effect.as_ref().unwrap().size).collect::<Vec<_>>(), [1.0, 10.0]);
}

#[test]
fn an_offset_is_told_by_its_distance() {
    let points: Vec<Vec<f64>> =
        grid(&[&[0.1, 0.2, 0.3], &[0.1, 0.5]]).into_iter().map(|p| vec![p[0], p[0] + p[1]]).collect();
    let mut layout = layout(Design::Grid, &points, &[(1.0, 2)], 1);
    layout.axes[1].plus = Some(0);
    let found = effects(&layout, &results(&layout, |point, _, _| Some(points[point][1] - points[point][0])));
    assert!(found[0].as_ref().unwrap().size < 1e-9, "{found:?}");
    let second = found[1].as_ref().unwrap();
    assert_eq!(second.levels.iter().map(|level| level.text.as_str()).collect::<Vec<_>>(), ["0.1", "0.5"]);
    assert!((second.size - 0.4).abs() < 1e-9);
}

#[test]
fn a_continuous_axis_is_cut_into_groups() {
    let points: Vec<Vec<f64>> = (0..50).map(|n| vec![f64::from(n), f64::from(n % 2)]).collect();
    let layout = layout(Design::Cube, &points, &[(1.0, 3)], 1);
    let found = effects(&layout, &results(&layout, |point, _, _| Some(points[point][0])));
    let first = found[0].as_ref().unwrap();
    let texts: Vec<&str> = first.levels.iter().map(|level| level.text.as_str()).collect();
    assert_eq!(texts, ["0 to 9", "10 to 19", "20 to 29", "30 to 39", "40 to 49"]);
    assert!(first.levels.iter().all(|level| level.points == 10));
    assert_eq!(first.size, 40.0);
    assert_eq!(found[1].as_ref().unwrap().levels.len(), 2);
}

/// An axis that does nothing is said to do something in 5 of 100 cases, though the levels are picked by what was measured.
#[test]
fn what_does_nothing_is_rarely_told_from_nothing() {
    let points: Vec<Vec<f64>> = (0..5).map(|n| vec![f64::from(n)]).collect();
    let told = (0..1_000).filter(|&seed| {
        let layout = layout(Design::Grid, &points, &[(0.5, 10), (0.5, 10)], seed);
        let found = results(&layout, |point, _, run| Some(normal(seed, run, &format!("luck of {point}"))));
        !effects(&layout, &found)[0].as_ref().unwrap().may_be_nothing()
    });
    // Five levels are ten pairs; without minding that it would be 25 %. Standard deviation 0.7 %.
    let told = told.count();
    assert!((15..=75).contains(&told), "{told} of 1000");
}

#[test]
fn one_run_has_no_interval() {
    let points = grid(&[&[1.0, 2.0]]);
    let layout = layout(Design::Grid, &points, &[(1.0, 1)], 1);
    let found = effects(&layout, &results(&layout, |point, _, _| Some(points[point][0])));
    let only = found[0].as_ref().unwrap();
    assert_eq!((only.size, only.interval, only.constant, only.may_be_nothing()), (1.0, None, false, true));
}
