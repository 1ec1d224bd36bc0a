//! The same plan with other luck, many times.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::{
    goals::{Goal, Judgement},
    metrics::{Group, Metric, Unit},
    outcome::{End, Outcome},
    plan::{Plan, ReleaseId, RingId},
    run::{run_beside_others, run_watched},
    stats::Summary,
    tally::Truth,
    time::HOUR_S,
    watch::Watch,
};

/// What replications of a plan give.
#[derive(Debug)]
pub struct Replications {
    /// The first replication, in full.
    pub first: Outcome,
    /// Which replications, in order.
    pub numbers: Vec<u32>,
    /// Those of them that ended early, see [`crate::outcome::End::DecisionLimit`].
    pub ended_early: Vec<u32>,
    /// [`Metric::all`], made once: it is looked through for every value that is asked for.
    metrics: Vec<Metric>,
    /// Rings of the plan.
    rings: usize,
    /// For each release, for the fleet and then each ring, for each metric: its value by replication.
    values: Vec<Vec<Option<f64>>>,
    /// Goals in the order given.
    pub goals: Vec<Judgement>,
}

/// A number that is wanted of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which metric.
    pub metric: Metric,
    /// Of which ring; `None`: of the fleet.
    pub ring: Option<RingId>,
    /// And of which release.
    pub release: ReleaseId,
}

/// One run boiled down to what is wanted of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The values that were asked for, in that order; `None` is 'never' or 'undefined' (see [`Metric::value`]).
    pub values: Vec<Option<f64>>,
    /// Which of the goals held.
    pub held: Vec<bool>,
    /// True if the run ended at its limit of decisions, see [`End::DecisionLimit`].
    pub ended_early: bool,
}

/// Plays one replication of `plan` with `seed`, for `wanted` and `goals` alone; `None` if `watch` told it to stop.
///
/// Meant for many runs at a time, of one plan or several, spread over the current rayon pool: each is played by one
/// thread unless its fleet is very large. The values are those of [`replicate`].
pub fn play_one(
    plan: &Plan,
    seed: u64,
    replication: u32,
    wanted: &[Wanted],
    goals: &[Goal],
    watch: &Watch,
) -> Option<Row> {
    let outcome = run_beside_others(plan, seed, replication, watch)?;
    Some(boil_down(plan, &outcome, wanted, goals))
}

/// Plays replications `numbers` (at least one) with `seed`; `None` if `watch` told it to stop.
pub fn replicate(
    plan: &Plan,
    seed: u64,
    numbers: &[u32],
    goals: &[Goal],
    watch: &Watch,
) -> Option<Replications> {
    replicate_each(plan, |_| Cow::Borrowed(plan), seed, numbers, goals, watch)
}

/// The same where each replication has a plan of its own, with the rings and releases of `plan`.
pub fn replicate_each<'p>(
    plan: &Plan,
    plan_of: impl Fn(u32) -> Cow<'p, Plan> + Sync,
    seed: u64,
    numbers: &[u32],
    goals: &[Goal],
    watch: &Watch,
) -> Option<Replications> {
    let (metrics, rings) = (Metric::all(), plan.rings.len());
    let mut wanted = Vec::with_capacity(plan.releases.len() * (rings + 1) * metrics.len());
    for release in (0..plan.releases.len()).map(|i| ReleaseId(i as u16)) {
        for ring in std::iter::once(None).chain((0..rings).map(|i| Some(RingId(i as u16)))) {
            wanted.extend(metrics.iter().map(|&metric| Wanted { metric, ring, release }));
        }
    }
    // Where there are not many runs, the threads help each other out.
    let many = numbers.len() >= 4 * rayon::current_num_threads();
    let play = if many { run_beside_others } else { run_watched };
    let played: Option<Vec<(Row, Option<Outcome>)>> = numbers
        .par_iter()
        .enumerate()
        .with_max_len(1)
        .map(|(i, &number)| {
            let plan = plan_of(number);
            let outcome = play(&plan, seed, number, watch)?;
            let row = boil_down(&plan, &outcome, &wanted, goals);
            Some((row, (i == 0).then_some(outcome)))
        })
        .collect();
    let mut played = played?;
    let first = played.first_mut()?.1.take()?;
    let rows: Vec<Row> = played.into_iter().map(|(row, _)| row).collect();
    let values = (0..wanted.len()).map(|i| rows.iter().map(|row| row.values[i]).collect()).collect();
    let judged = goals
        .iter()
        .enumerate()
        .map(|(i, goal)| {
            let held = rows.iter().filter(|row| row.held[i]).count() as u32;
            goal.judge(held, rows.len() as u32)
        })
        .collect();
    let early = numbers.iter().zip(&rows).filter(|(_, row)| row.ended_early);
    let ended_early = early.map(|(&number, _)| number).collect();
    Some(Replications {
        first,
        numbers: numbers.to_vec(),
        ended_early,
        metrics,
        rings,
        values,
        goals: judged,
    })
}

fn boil_down(plan: &Plan, outcome: &Outcome, wanted: &[Wanted], goals: &[Goal]) -> Row {
    let asked = wanted.iter().map(|w| (w.release, w.ring)).chain(goals.iter().map(|g| (g.release, g.ring)));
    let mut units: Vec<(ReleaseId, Option<RingId>)> = asked.collect();
    units.dedup();
    units.sort_unstable();
    units.dedup();
    let fleet = |i: usize| {
        let release = ReleaseId(i as u16);
        let asked = units.contains(&(release, None));
        if asked { outcome.fleet(plan, release) } else { Truth::default() }
    };
    let fleets: Vec<Truth> = (0..plan.releases.len()).map(fleet).collect();
    let of_unit = |&(release, ring): &(ReleaseId, Option<RingId>)| {
        group(plan, outcome, &fleets[release.0 as usize], ring, release)
    };
    let groups: Vec<Group<'_>> = units.iter().map(of_unit).collect();
    let of = |release: ReleaseId, ring: Option<RingId>| {
        let at = units.binary_search(&(release, ring));
        &groups[at.expect("invariant: whatever is asked for is there")]
    };
    Row {
        values: wanted.iter().map(|w| w.metric.value(of(w.release, w.ring))).collect(),
        held: goals.iter().map(|goal| goal.held(of(goal.release, goal.ring))).collect(),
        ended_early: outcome.end != End::Completed,
    }
}

/// The group of `ring` (`None`: the fleet, whose sum is given) and `release`, as metrics want it.
pub fn group<'a>(
    plan: &'a Plan,
    outcome: &'a Outcome,
    fleet: &'a Truth,
    ring: Option<RingId>,
    release: ReleaseId,
) -> Group<'a> {
    let truth = ring.map_or(fleet, |ring| outcome.ring(ring, release));
    let of_release = &plan.releases[release.0 as usize];
    Group {
        truth,
        is_fleet: ring.is_none(),
        all: if ring.is_some() { truth.devices } else { outcome.census.devices },
        tick_s: plan.tick_s,
        published_s: of_release.published.0,
        stop: outcome.stop(plan, ring, release),
        background_tickets: match ring {
            Some(ring) => outcome.tally.rings[ring.0 as usize].background_tickets,
            None => outcome.tally.rings.iter().map(|ring| ring.background_tickets).sum(),
        },
        costs: plan.costs.as_ref(),
        exploit: of_release.exploit.as_ref(),
    }
}

impl Replications {
    /// The values of `metric` by replication, for a ring or the fleet.
    pub fn values(&self, metric: Metric, ring: Option<RingId>, release: ReleaseId) -> &[Option<f64>] {
        let at = self.metrics.iter().position(|m| *m == metric);
        let unit = release.0 as usize * (self.rings + 1) + ring.map_or(0, |ring| ring.0 as usize + 1);
        &self.values[unit * self.metrics.len() + at.expect("invariant: every metric is in the list")]
    }

    /// The summary of `metric` over the replications.
    pub fn summary(&self, plan: &Plan, metric: Metric, ring: Option<RingId>, release: ReleaseId) -> Summary {
        let r = &plan.releases[release.0 as usize];
        let watched_h = (r.watched_until - r.published) as f64 / HOUR_S as f64;
        let limit = (metric.unit() == Unit::Hours).then_some(watched_h);
        Summary::of(self.values(metric, ring, release), limit)
    }
}
