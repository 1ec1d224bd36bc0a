//! Runs that go on until something is known: when they end, and how often they are wrong.

mod common;

use rand::RngExt;
use rollcast_core::draws::{Luck, Stream};
use rollcast_sweep::{
    figures::{
        comparison::{Comparison, Criterion, Statistic},
        front::Sense,
    },
    layout::Layout,
    rounds::{Rounds, Until},
    rows::{Played, Results, Row},
};

fn normal(luck: &mut Stream) -> f64 {
    let (u, v): (f64, f64) = (luck.random(), luck.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// What a point gives in a replication: luck that all share, and its own.
fn value(seed: u32, truth: f64, point: usize, run: u32) -> f64 {
    let shared = normal(&mut Luck::new(seed.into(), run).stream("shared"));
    let own = normal(&mut Luck::new(seed.into(), run).stream(&format!("own {point}")));
    truth + 3.0 * shared + own
}

/// Plays rounds to their end; says how many there were.
fn played(layout: &Layout, rounds: &mut Rounds, of: impl Fn(usize, u32) -> f64) -> (Results, u32) {
    let mut results = Results::new(layout);
    for round in 0.. {
        let cells = rounds.next(layout);
        if cells.is_empty() {
            return (results, round);
        }
        assert!(cells.is_sorted(), "in plan order");
        for number in cells {
            assert!(results.cell(number).is_none(), "no cell is played twice");
            let cell = layout.cell(number);
            let row = |run| Row { values: vec![Some(of(cell.point, run))], ended_early: false };
            results.put(number, Played::Rows((cell.first..cell.first + cell.runs).map(row).collect()));
        }
        (0..layout.points.len()).for_each(|point| results.set_end(point, rounds.end(point)));
        rounds.judge(layout, &results);
    }
    unreachable!()
}

const MEAN: Criterion = Criterion { column: 0, statistic: Statistic::Mean, sense: Sense::Least };

#[test]
fn an_interval_that_is_narrow_enough_ends_its_point() {
    // Standard deviation 3.16 around 100 and around 400: 1 % of them is 1 and 4.
    let layout = common::points(2, 1_000);
    let mut rounds = Rounds::new(&layout, Until::Narrow { of: MEAN, share: 0.01, floor: 0.0 }, 10);
    let (results, _) = played(&layout, &mut rounds, |p, run| value(1, [100.0, 400.0][p], p, run));
    assert!(rounds.left().is_empty());
    // (1.99 * 3.16 / 1)^2 = 40; at least 30, in whole rounds of 25: 50. The other one is narrow at the first look.
    assert!(rounds.end(0) >= 50 && rounds.end(0) <= 75 && rounds.end(1) == 50, "{rounds:?}");
    let study = Comparison::new(&layout, &results);
    let figure = study.figure(1, 0);
    assert_eq!((figure.runs, figure.missing), (50, 0), "what is not part of the study is not missing");
    let reading = study.reading(0, 0, Statistic::Mean).unwrap();
    assert!((reading.high.unwrap() - reading.low.unwrap()) / 2.0 <= 0.01 * reading.value);
}

#[test]
fn a_floor_ends_what_is_near_zero_and_at_most_what_is_never_narrow() {
    let layout = common::points(1, 110);
    let near_zero = |floor| {
        let mut rounds = Rounds::new(&layout, Until::Narrow { of: MEAN, share: 0.01, floor }, 30);
        played(&layout, &mut rounds, |p, run| value(2, 0.01, p, run));
        (rounds.end(0), rounds.left().len())
    };
    assert_eq!(near_zero(2.0), (50, 0));
    // 110 runs are no whole number of rounds: the last one is shorter.
    assert_eq!(near_zero(0.0), (110, 1));
}

#[test]
fn sameness_ends_when_anything_else_is_improbable() {
    let layout = common::points(1, 1_000);
    let mut rounds = Rounds::new(&layout, Until::Narrow { of: MEAN, share: 0.02, floor: 0.0 }, 30);
    played(&layout, &mut rounds, |_, _| 0.0);
    // 3 / R <= 2 %.
    assert_eq!((rounds.end(0), rounds.left().len()), (150, 0));
}

#[test]
fn intervals_that_were_waited_for_hold_the_truth() {
    let layout = common::points(1, 2_000);
    let held = (0..1_000)
        .filter(|&seed| {
            let mut rounds = Rounds::new(&layout, Until::Narrow { of: MEAN, share: 0.0, floor: 0.4 }, 30);
            let (results, _) = played(&layout, &mut rounds, |p, run| value(seed, 20.0, p, run));
            let found = Comparison::new(&layout, &results).reading(0, 0, Statistic::Mean).unwrap();
            assert!(rounds.left().is_empty());
            found.low.unwrap() <= 20.0 && 20.0 <= found.high.unwrap()
        })
        .count();
    // Stopping at a favourable moment costs a little of the 95 %.
    assert!((925..=970).contains(&held), "{held}");
}

/// The guarantee: with differences of at least what is worth telling, the best is found in 95 % of all studies.
#[test]
fn the_best_is_found_as_often_as_promised() {
    let truths = [10.0, 10.5, 10.5, 10.5, 12.0];
    let layout = common::points(truths.len(), 5_000);
    let until = Until::Decided { column: 0, sense: Sense::Least, confidence: 0.95, worth: 0.5 };
    let (mut right, mut runs) = (0, 0);
    for seed in 0..1_000 {
        let mut rounds = Rounds::new(&layout, until, 30);
        played(&layout, &mut rounds, |p, run| value(seed, truths[p], p, run));
        assert!(rounds.decision().is_some_and(|state| state.decided));
        right += u32::from(rounds.left()[0] == 0);
        runs += (0..truths.len()).map(|point| u64::from(rounds.end(point))).sum::<u64>();
    }
    // Three standard deviations of 1 000 experiments are 2 %.
    assert!(right >= 930, "{right}");
    println!("right in {right} of 1 000, {} runs a study", runs / 1_000);
}

#[test]
fn what_cannot_be_decided_is_not() {
    let layout = common::points(3, 100);
    let until = Until::Decided { column: 0, sense: Sense::Most, confidence: 0.95, worth: 0.01 };
    let mut rounds = Rounds::new(&layout, until, 30);
    played(&layout, &mut rounds, |p, run| value(3, 10.0, p, run));
    let state = rounds.decision().unwrap();
    assert!(!state.decided && state.longest > 1_000 && rounds.left() == [0, 1, 2], "{state:?}");
    assert_eq!((0..3).map(|point| rounds.end(point)).collect::<Vec<_>>(), [100, 100, 100]);
    // One that is far behind is left out, and played no more.
    let mut rounds = Rounds::new(&layout, until, 30);
    played(&layout, &mut rounds, |p, run| value(3, [10.0, 10.0, 2.0][p], p, run));
    assert!(rounds.left() == [0, 1] && rounds.end(2) < 100, "{rounds:?}");
}

#[test]
fn equal_points_are_decided_when_their_difference_is_worth_nothing() {
    let layout = common::points(2, 5_000);
    let until = Until::Decided { column: 0, sense: Sense::Least, confidence: 0.95, worth: 0.5 };
    let mut rounds = Rounds::new(&layout, until, 30);
    played(&layout, &mut rounds, |p, run| value(5, 10.0, p, run));
    assert!(rounds.decision().is_some_and(|state| state.decided), "{rounds:?}");
    // The very same results: the first of equals.
    let mut rounds = Rounds::new(&layout, until, 30);
    played(&layout, &mut rounds, |_, run| value(5, 10.0, 0, run));
    assert_eq!((rounds.left()[0], rounds.end(0)), (0, 50));
}
