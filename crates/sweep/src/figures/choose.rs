//! Limits first, then the best of one metric.
//!
//! The choice goes by the values as measured. The best of many measured values is a little better than the truth behind
//! it (the more points and the fewer runs, the more), so what was chosen is worth another look with fresh luck.

use super::comparison::{Comparison, Criterion, Paired, Statistic};
use super::paired::{Difference, Verdict};

/// What a statistic may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

impl Bound {
    /// By how much a value is beyond the bound; 0 or less is within.
    fn excess(self, value: f64) -> f64 {
        match self {
            Bound::AtMost(most) if value == most => 0.0,
            Bound::AtMost(most) => value - most,
            Bound::AtLeast(least) if value == least => 0.0,
            Bound::AtLeast(least) => least - value,
        }
    }
}

/// A limit that a choice has to keep. An undefined statistic keeps none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Position in [`crate::layout::Layout::columns`].
    pub column: usize,
    /// What of the column.
    pub statistic: Statistic,
    /// What it may be.
    pub bound: Bound,
}

/// What came of choosing.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The points that keep all limits, in plan order.
    pub passing: Vec<usize>,
    /// For each limit, who keeps it.
    pub limits: Vec<Keeping>,
    /// What was chosen; `None` if no point keeps all limits, or if the objective is undefined at those that do.
    pub chosen: Option<Chosen>,
    /// If no point keeps all limits: the one that fails the fewest, the first of those in plan order.
    pub closest: Option<Closest>,
}

/// Who keeps a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keeping {
    /// How many points keep it by themselves; 0 means that it fails everywhere.
    pub points: u32,
    /// If it fails everywhere: the point that misses it by the least. `None` if it is kept somewhere, and where the
    /// statistic is undefined or 'never' at all points.
    pub nearest: Option<Miss>,
}

/// How far a point is from a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Miss {
    /// The point.
    pub point: usize,
    /// Its value.
    pub value: f64,
    /// By how much that is beyond the bound; positive.
    pub by: f64,
}

/// The point that comes closest to keeping all limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Closest {
    /// The point.
    pub point: usize,
    /// The limits that it fails (positions in the list of limits), and how; `None` where the statistic is undefined or
    /// 'never'.
    pub fails: Vec<(usize, Option<Miss>)>,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The point. Of equally good ones the first in plan order.
    pub point: usize,
    /// Its value of the objective; infinity is 'never'.
    pub value: f64,
    /// For each limit, whether the whole 95 % interval of the statistic keeps it.
    pub surely_kept: Vec<bool>,
    /// The next best point that keeps all limits.
    pub runner_up: Option<RunnerUp>,
    /// The other points that keep all limits and cannot be told apart from it, so that one of them may be the best
    /// ([`Comparison::leaders`]).
    pub rivals: Vec<usize>,
    /// What the choice costs or gains against the first point: the columns, other than the objective's, in which the
    /// two can be told apart.
    pub against_first: Vec<(usize, Paired)>,
}

/// The next best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunnerUp {
    /// The point.
    pub point: usize,
    /// Its value of the objective; infinity is 'never'.
    pub value: f64,
    /// The chosen point minus this one, run by run, in the statistic of the objective; `None` if undefined.
    pub difference: Option<Difference>,
    /// Whether the chosen point is better than this one, as far as the runs can tell: told for all points that keep the
    /// limits at once.
    pub verdict: Verdict,
}

/// Chooses among `points` of a study (in plan order): those that keep every one of `limits`, and of these the best by
/// `objective`.
pub fn choose(study: &Comparison<'_>, points: &[usize], limits: &[Limit], objective: Criterion) -> Choice {
    let value = |point, of: &Limit| study.value(point, of.column, of.statistic);
    // For each point and limit: how far beyond the bound, if that can be said.
    let excess: Vec<Vec<Option<Miss>>> = points
        .iter()
        .map(|&point| {
            let miss =
                |of: &Limit| value(point, of).map(|value| Miss { point, value, by: of.bound.excess(value) });
            limits.iter().map(miss).collect()
        })
        .collect();
    let keeps = |miss: &Option<Miss>| miss.is_some_and(|miss| miss.by <= 0.0);
    let both = || points.iter().copied().zip(&excess);
    let passing: Vec<_> =
        both().filter(|(_, misses)| misses.iter().all(keeps)).map(|(point, _)| point).collect();
    let keeping = |limit: usize| {
        let misses = excess.iter().map(|of| of[limit]);
        let count = misses.clone().filter(keeps).count() as u32;
        let finite = misses.flatten().filter(|miss| miss.by.is_finite());
        let nearest = finite.reduce(|best, miss| if miss.by < best.by { miss } else { best });
        Keeping { points: count, nearest: nearest.filter(|_| count == 0) }
    };
    let closest = both().min_by_key(|(_, misses)| misses.iter().filter(|miss| !keeps(miss)).count());
    let closest = closest.filter(|_| passing.is_empty()).map(|(point, misses)| {
        let fails = (0..).zip(misses).filter(|(_, miss)| !keeps(miss));
        Closest {
            point,
            fails: fails.map(|(at, miss)| (at, miss.filter(|miss| miss.by.is_finite()))).collect(),
        }
    });
    Choice {
        chosen: best(study, limits, objective, &passing),
        limits: (0..limits.len()).map(keeping).collect(),
        passing,
        closest,
    }
}

/// The best of the points that pass.
fn best(study: &Comparison<'_>, limits: &[Limit], objective: Criterion, passing: &[usize]) -> Option<Chosen> {
    let Criterion { column, statistic, sense } = objective;
    let value = |point: &usize| study.value(*point, column, statistic).map(|value| (*point, value));
    let mut ranked: Vec<_> = passing.iter().filter_map(value).collect();
    // A stable sort: of equally good points the first stays first.
    ranked.sort_by(|a, b| sense.compare(Some(a.1), Some(b.1)));
    let (point, best) = *ranked.first()?;
    let rivals = study.leaders(passing, objective)?.others;
    let runner_up = ranked.get(1).map(|(other, value)| {
        let difference = study.difference(point, *other, column, statistic);
        let verdict = if rivals.contains(other) { Verdict::CannotTell } else { Verdict::Better };
        RunnerUp { point: *other, value: *value, difference, verdict }
    });
    let surely = |limit: &Limit| {
        let found = study.claim(point, limit.column, limit.statistic);
        let end = found.and_then(|found| match limit.bound {
            Bound::AtMost(_) => found.high,
            Bound::AtLeast(_) => found.low,
        });
        end.is_some_and(|end| limit.bound.excess(end) <= 0.0)
    };
    let others = (0..study.layout().columns.len()).filter(|other| *other != column && point != 0);
    let told_apart =
        |other| study.one_against_first(point, other).filter(|paired| paired.verdict != Verdict::CannotTell);
    Some(Chosen {
        point,
        value: best,
        surely_kept: limits.iter().map(surely).collect(),
        runner_up,
        rivals,
        against_first: others.filter_map(|other| told_apart(other).map(|paired| (other, paired))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::front::Sense;
    use super::super::sample::tests::{fill, layout};
    use super::*;
    use crate::layout::Layout;
    use crate::rows::Results;

    const FASTEST: Criterion = Criterion { column: 0, statistic: Statistic::Mean, sense: Sense::Least };

    /// Columns: hours (50, 40, 30.0, 30.1, 20 by point), tickets (10 x point), and one that is the same for all.
    fn study() -> (Layout, Results) {
        let layout = layout(5, 3, &[(1.0, 100)]);
        let results = fill(&layout, |point, _, run, column| {
            let luck = f64::from(run * 37 % 100) / 50.0 - 0.99;
            Some(match column {
                0 => {
                    [50.0, 40.0, 30.0, 30.1, 20.0][point] + luck + if point == 3 { -luck * 1.5 } else { 0.0 }
                }
                1 => 10.0 * point as f64 + luck,
                _ => 5.0,
            })
        });
        (layout, results)
    }

    fn at_most(column: usize, most: f64) -> Limit {
        Limit { column, statistic: Statistic::Mean, bound: Bound::AtMost(most) }
    }

    #[test]
    fn limits_come_first() {
        let (layout, results) = study();
        let found =
            choose(&Comparison::new(&layout, &results), &[0, 1, 2, 3, 4], &[at_most(1, 35.0)], FASTEST);
        assert_eq!((&found.passing[..], found.limits[0].points), (&[0, 1, 2, 3][..], 4));
        assert!(found.closest.is_none() && found.limits[0].nearest.is_none());
        let chosen = found.chosen.unwrap();
        assert!(chosen.point == 2 && (chosen.value - 30.0).abs() < 1e-9 && chosen.surely_kept == [true]);
        // 0.1 hours with luck that does not cancel cannot be told apart in 100 runs.
        let next = chosen.runner_up.unwrap();
        assert_eq!((next.point, next.verdict), (3, Verdict::CannotTell));
        // More tickets than the first; the third column does not differ, the objective is not repeated.
        assert_eq!(chosen.against_first.len(), 1);
        let (column, cost) = chosen.against_first[0];
        assert!(column == 1 && cost.verdict == Verdict::Worse && (cost.difference.value - 20.0).abs() < 1e-9);
    }

    #[test]
    fn without_limits_the_best_wins_and_is_told_apart() {
        let (layout, results) = study();
        let found = choose(&Comparison::new(&layout, &results), &[0, 1, 2, 3, 4], &[], FASTEST);
        let chosen = found.chosen.unwrap();
        assert_eq!(
            (found.passing.len(), chosen.point, chosen.runner_up.unwrap().verdict),
            (5, 4, Verdict::Better)
        );
        let slowest = Criterion { sense: Sense::Most, ..FASTEST };
        let chosen =
            choose(&Comparison::new(&layout, &results), &[0, 1, 2, 3, 4], &[], slowest).chosen.unwrap();
        assert_eq!((chosen.point, chosen.runner_up.unwrap().verdict), (0, Verdict::Better));
        assert!(chosen.against_first.is_empty());
    }

    #[test]
    fn a_limit_that_fails_everywhere_says_by_how_much() {
        let (layout, results) = study();
        let found = choose(
            &Comparison::new(&layout, &results),
            &[0, 1, 2, 3, 4],
            &[at_most(0, 15.0), at_most(1, 100.0)],
            FASTEST,
        );
        assert!(found.chosen.is_none() && found.passing.is_empty());
        let nearest = found.limits[0].nearest.unwrap();
        assert!(found.limits[0].points == 0 && nearest.point == 4 && (nearest.by - 5.0).abs() < 1e-9);
        assert_eq!((found.limits[1].points, found.limits[1].nearest), (5, None));
        let closest = found.closest.unwrap();
        assert_eq!((closest.point, closest.fails[0].0, closest.fails.len()), (0, 0, 1));
    }

    #[test]
    fn limits_that_no_point_keeps_together() {
        let (layout, results) = study();
        let limits = [at_most(0, 35.0), at_most(1, 5.0)];
        let found = choose(&Comparison::new(&layout, &results), &[0, 1, 2, 3, 4], &limits, FASTEST);
        assert!(found.chosen.is_none() && found.limits.iter().all(|limit| limit.points > 0));
        let closest = found.closest.unwrap();
        assert!(closest.point == 0 && (closest.fails[0].1.unwrap().by - 15.0).abs() < 1e-9);
    }

    #[test]
    fn never_misses_a_limit_without_a_number_and_equals_keep_plan_order() {
        let layout = layout(3, 1, &[(1.0, 100)]);
        let results = fill(&layout, |point, _, run, _| (point > 0 || run < 50).then(|| f64::from(run)));
        let study = Comparison::new(&layout, &results);
        let p95 = Limit { column: 0, statistic: Statistic::Percentile(95), bound: Bound::AtMost(94.0) };
        let found = choose(&study, &[0, 1, 2], &[p95], FASTEST);
        let chosen = found.chosen.unwrap();
        assert_eq!((&found.passing[..], chosen.point, chosen.runner_up.unwrap().point), (&[1, 2][..], 1, 2));
        // The 95th percentile is 94, but may be more.
        assert_eq!(chosen.surely_kept, [false]);
        let never = Limit { bound: Bound::AtLeast(1e6), ..p95 };
        assert_eq!(choose(&study, &[0, 1, 2], &[never], FASTEST).passing, [0]);
        let reached = Limit { column: 0, statistic: Statistic::Reached, bound: Bound::AtLeast(0.9) };
        assert_eq!(choose(&study, &[0, 1, 2], &[reached], FASTEST).passing, [1, 2]);
        let none = choose(&study, &[0, 1, 2], &[Limit { bound: Bound::AtMost(-1.0), ..p95 }], FASTEST);
        assert_eq!(none.limits[0].nearest.unwrap().point, 1);
    }
}
