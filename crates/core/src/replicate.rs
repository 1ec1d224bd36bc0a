//! The same plan with other luck, many times.

use rayon::prelude::*;

use crate::{
    goals::{Goal, Judgement},
    metrics::{Group, Metric, Unit},
    outcome::{End, Outcome},
    plan::{Plan, ReleaseId, RingId},
    run::run_watched,
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
    /// For each release, for the fleet and then each ring: the values of [`Metric::all`] by replication.
    values: Vec<Vec<Vec<Vec<Option<f64>>>>>,
    /// Goals in the order given.
    pub goals: Vec<Judgement>,
}

/// One run boiled down to its metrics.
struct Row {
    values: Vec<Vec<Vec<Option<f64>>>>,
    held: Vec<bool>,
    ended_early: bool,
    outcome: Option<Outcome>,
}

/// Plays replications `numbers` (at least one) with `seed`; `None` if `watch` told it to stop.
pub fn replicate(
    plan: &Plan,
    seed: u64,
    numbers: &[u32],
    goals: &[Goal],
    watch: &Watch,
) -> Option<Replications> {
    let metrics = Metric::all();
    let rows: Option<Vec<Row>> = numbers
        .par_iter()
        .enumerate()
        .with_max_len(1)
        .map(|(i, &number)| {
            let outcome = run_watched(plan, seed, number, watch)?;
            let mut row = boil_down(plan, &outcome, &metrics, goals);
            row.outcome = (i == 0).then_some(outcome);
            Some(row)
        })
        .collect();
    let mut rows = rows?;
    let first = rows.first_mut()?.outcome.take()?;
    let groups = plan.rings.len() + 1;
    let values = (0..plan.releases.len())
        .map(|release| {
            (0..groups)
                .map(|group| {
                    (0..metrics.len())
                        .map(|metric| rows.iter().map(|row| row.values[release][group][metric]).collect())
                        .collect()
                })
                .collect()
        })
        .collect();
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
    Some(Replications { first, numbers: numbers.to_vec(), ended_early, metrics, values, goals: judged })
}

fn boil_down(plan: &Plan, outcome: &Outcome, metrics: &[Metric], goals: &[Goal]) -> Row {
    let mut held = vec![false; goals.len()];
    let mut values = Vec::with_capacity(plan.releases.len());
    for release in (0..plan.releases.len()).map(|i| ReleaseId(i as u16)) {
        let fleet = outcome.fleet(plan, release);
        let mut of_release = Vec::with_capacity(plan.rings.len() + 1);
        for ring in std::iter::once(None).chain((0..plan.rings.len()).map(|i| Some(RingId(i as u16)))) {
            let group = group(plan, outcome, &fleet, ring, release);
            of_release.push(metrics.iter().map(|metric| metric.value(&group)).collect());
            for (held, goal) in held.iter_mut().zip(goals) {
                if goal.ring == ring && goal.release == release {
                    *held = goal.held(&group);
                }
            }
        }
        values.push(of_release);
    }
    Row { values, held, ended_early: outcome.end != End::Completed, outcome: None }
}

/// The group of `ring` (`None`: the fleet, whose sum is given) and `release`, as metrics want it.
pub fn group<'a>(
    plan: &Plan,
    outcome: &'a Outcome,
    fleet: &'a Truth,
    ring: Option<RingId>,
    release: ReleaseId,
) -> Group<'a> {
    let truth = ring.map_or(fleet, |ring| outcome.ring(ring, release));
    Group {
        truth,
        all: if ring.is_some() { truth.devices } else { outcome.census.devices },
        tick_s: plan.tick_s,
        published_s: plan.releases[release.0 as usize].published.0,
        stop: outcome.stop(plan, ring, release),
        background_tickets: match ring {
            Some(ring) => outcome.tally.rings[ring.0 as usize].background_tickets,
            None => outcome.tally.rings.iter().map(|ring| ring.background_tickets).sum(),
        },
    }
}

impl Replications {
    /// The values of `metric` by replication, for a ring or the fleet.
    pub fn values(&self, metric: Metric, ring: Option<RingId>, release: ReleaseId) -> &[Option<f64>] {
        let at = self.metrics.iter().position(|m| *m == metric);
        let group = ring.map_or(0, |ring| ring.0 as usize + 1);
        &self.values[release.0 as usize][group][at.expect("invariant: every metric is in the list")]
    }

    /// The summary of `metric` over the replications.
    pub fn summary(&self, plan: &Plan, metric: Metric, ring: Option<RingId>, release: ReleaseId) -> Summary {
        let r = &plan.releases[release.0 as usize];
        let watched_h = (r.watched_until - r.published) as f64 / HOUR_S as f64;
        let limit = (metric.unit() == Unit::Hours).then_some(watched_h);
        Summary::of(self.values(metric, ring, release), limit)
    }
}
