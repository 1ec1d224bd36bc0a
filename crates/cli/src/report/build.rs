//! From replications to the report: names put to indices, civil time put to seconds.

use std::collections::BTreeMap;

use rollcast_core::{
    goals::Goal as CoreGoal,
    metrics::Metric,
    outcome::{End as CoreEnd, Outcome},
    plan::{Anchor, Plan, ReleaseId, RingId},
    replicate::Replications,
    stats::{Summary, wilson},
    steps::Blocker,
    tally::Truth,
    time::{HOUR_S, SimTime},
};

use super::{
    Attribute, Chance, Curve, End, Fleet, Goal, Group, LUCK_ONLY, Late, Likeness, MetricReport,
    NotRegistered, Release, Report, Ring, RingOutcome, SCHEMA_VERSION, ScenarioRef, Tool, Warning, When,
    decisions, gate::Gate,
};
use crate::labels::Names;

/// All that a report is made of.
pub(crate) struct Input<'a> {
    pub plan: &'a Plan,
    pub labels: Names<'a>,
    pub goals: &'a [(CoreGoal, String)],
    pub replications: &'a Replications,
    pub scenario: ScenarioRef,
    pub seed: u64,
    pub gate: Vec<Gate>,
    pub warnings: Vec<Warning>,
    pub replay: String,
}

/// Puts a report together.
pub(crate) fn build(input: Input<'_>) -> Report {
    let Input { plan, labels, goals, replications, .. } = input;
    let first = &replications.first;
    let mut warnings = input.warnings;
    warnings.extend(of_the_run(plan, labels, first));
    warnings.extend(cut_short(replications));
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        scenario: input.scenario,
        seed: input.seed,
        replications: replications.numbers.clone(),
        interval_meaning: LUCK_ONLY,
        tick_s: plan.tick_s,
        horizon_s: plan.horizon.0,
        zone: labels.0.zone.to_string(),
        currency: labels.0.currency.clone(),
        end: match first.end {
            CoreEnd::Completed => End::Completed,
            CoreEnd::DecisionLimit(at) => End::DecisionLimit { at_s: at.0 },
        },
        ended_early: replications.ended_early.clone(),
        fleet: fleet(labels, first),
        rings: rings(plan, labels, first),
        releases: (0..plan.releases.len())
            .map(|r| release(plan, labels, replications, ReleaseId(r as u16)))
            .collect(),
        defects: decisions::defects(plan, labels),
        rules: decisions::rules(plan, labels),
        scripted: labels.0.decisions.clone(),
        decisions: first.log.iter().map(|event| decisions::logged(plan, labels, first, event)).collect(),
        goals: goals
            .iter()
            .zip(&replications.goals)
            .map(|((goal, text), judged)| Goal {
                text: text.clone(),
                ring: goal.ring.map(|ring| labels.ring(ring)),
                release: labels.release(goal.release),
                in_share: goal.in_share,
                held: judged.held,
                runs: judged.runs,
                verdict: judged.verdict.into(),
            })
            .collect(),
        gate: input.gate,
        warnings,
        replay: input.replay,
    }
}

/// Warnings that only a run can give.
fn of_the_run(plan: &Plan, labels: Names<'_>, first: &Outcome) -> Vec<Warning> {
    let mut found = Vec::new();
    for &(ring, asked, got) in &first.short {
        found.push(warning(
            format!("ring `{}` asked for {asked} devices and got {got}", labels.ring(ring)),
            Some("make the ring smaller, or its condition wider"),
        ));
    }
    if first.census.ringless > 0 {
        found.push(warning(
            format!(
                "{} registered devices are in no ring and are never offered anything",
                first.census.ringless
            ),
            Some("give one ring `size: rest`"),
        ));
    }
    for (r, ring) in plan.rings.iter().enumerate() {
        let id = RingId(r as u16);
        for release in (0..plan.releases.len()).map(|i| ReleaseId(i as u16)) {
            if let (Some(gate), None) = (ring.gate, first.known.offer(id, release)) {
                found.push(warning(
                    format!(
                        "ring `{}` never starts with `{}`: the share of `{}` that it waits for was not reported patched before the end",
                        labels.ring(id),
                        labels.release(release),
                        labels.ring(gate.after)
                    ),
                    Some("lower the share, or make the horizon longer"),
                ));
            }
        }
    }
    if let CoreEnd::DecisionLimit(at) = first.end {
        found.push(warning(
            format!(
                "replication {} ended at {}, after as many decisions of rules as a run may take",
                first.replication,
                labels.civil(at)
            ),
            Some("nothing later was played; raise `max-decisions`, or give the rule a longer pause"),
        ));
    }
    found
}

fn warning(message: String, help: Option<&str>) -> Warning {
    Warning { code: None, message, help: help.map(str::to_owned), file: None, line: None, column: None }
}

/// Runs that ended at their limit count with what they are up to there, which pulls every number.
fn cut_short(replications: &Replications) -> Option<Warning> {
    let (early, all) = (replications.ended_early.len(), replications.numbers.len());
    (early > 0).then(|| {
        warning(
            format!("{early} of {all} runs ended early, at their limit of decisions; later nothing was played in them"),
            Some("raise `max-decisions`, or give the rule a longer pause"),
        )
    })
}

fn fleet(labels: Names<'_>, first: &Outcome) -> Fleet {
    let census = &first.census;
    let reasons = census.unregistered.iter().enumerate().filter(|&(_, &devices)| devices > 0);
    Fleet {
        devices: census.devices,
        registered: census.registered,
        not_registered: reasons
            .map(|(reason, &devices)| NotRegistered { reason: labels.reason(reason), devices })
            .collect(),
        in_no_ring: census.ringless,
        attributes: labels
            .0
            .attributes
            .iter()
            .zip(&census.fleet)
            .map(|((name, values), counts)| Attribute { name: name.clone(), values: by_name(values, counts) })
            .collect(),
    }
}

fn by_name(names: &[String], counts: &[u64]) -> BTreeMap<String, u64> {
    let present = names.iter().zip(counts).filter(|&(_, &count)| count > 0);
    present.map(|(name, &count)| (name.clone(), count)).collect()
}

fn rings(plan: &Plan, labels: Names<'_>, first: &Outcome) -> Vec<Ring> {
    let census = &first.census;
    plan.rings
        .iter()
        .enumerate()
        .map(|(r, ring)| Ring {
            name: labels.ring(RingId(r as u16)),
            devices: census.ring_sizes[r],
            deferral_s: ring.deferral_s,
            deadline_s: ring.deadline_s,
            grace_s: ring.grace_s,
            after: ring.gate.map(|gate| labels.ring(gate.after)),
            likeness: labels
                .0
                .attributes
                .iter()
                .enumerate()
                .map(|(a, (name, values))| Likeness {
                    attribute: name.clone(),
                    likeness: census.likeness(r, a),
                    coverage: census.coverage(r, a),
                    values: by_name(values, &census.rings[r][a]),
                })
                .collect(),
        })
        .collect()
}

fn release(plan: &Plan, labels: Names<'_>, replications: &Replications, id: ReleaseId) -> Release {
    let first = &replications.first;
    let of = &plan.releases[id.0 as usize];
    let fleet = first.fleet(plan, id);
    let ring = |r: usize| {
        let ring = RingId(r as u16);
        let offered = first.known.offer(ring, id);
        RingOutcome {
            name: labels.ring(ring),
            offered_from: offered.map(|at| when(labels, at)),
            deadline_from: deadline(plan, ring, id, offered).map(|at| when(labels, at)),
            objective_at: when(labels, plan.objective_at(ring, id)),
            group: group(plan, labels, replications, Some(ring), id, first.ring(ring, id)),
        }
    };
    Release {
        name: labels.release(id),
        product: labels.product(id),
        published: labels.utc(of.published),
        published_civil: labels.civil(of.published),
        published_s: of.published.0,
        watched_h: (of.watched_until - of.published) as f64 / HOUR_S as f64,
        size_bytes: of.size_bytes,
        objective_share: plan.objective.share,
        fleet: group(plan, labels, replications, None, id, &fleet),
        rings: (0..plan.rings.len()).map(ring).collect(),
    }
}

/// When the deadline passes of a device that is offered the release as soon as the ring starts.
fn deadline(plan: &Plan, ring: RingId, release: ReleaseId, offered: Option<SimTime>) -> Option<SimTime> {
    let deadline_s = plan.rings[ring.0 as usize].deadline_s?;
    match plan.device.restart.anchor {
        Anchor::Offer => offered.map(|at| at + deadline_s),
        Anchor::Release => offered.map(|_| plan.earliest_offer(ring, release) + deadline_s),
        Anchor::Pending => None,
    }
}

pub(super) fn when(labels: Names<'_>, at: SimTime) -> When {
    When { at_s: at.0, civil: labels.civil(at) }
}

fn group(
    plan: &Plan,
    labels: Names<'_>,
    replications: &Replications,
    ring: Option<RingId>,
    release: ReleaseId,
    truth: &Truth,
) -> Group {
    let metrics = Metric::all()
        .into_iter()
        .map(|metric| {
            let value = replications.values(metric, ring, release).first().copied().flatten();
            (metric, of_metric(metric, value, &replications.summary(plan, metric, ring, release)))
        })
        .collect();
    let per_state = |counts: &[u64; Blocker::ALL.len()]| -> BTreeMap<&'static str, u64> {
        Blocker::ALL.iter().map(|state| (state.name(), counts[*state as usize])).collect()
    };
    let late = |state: &Blocker| Late {
        devices: truth.late[*state as usize],
        eligible: truth.late_eligible[*state as usize],
    };
    const RESTARTS: [&str; 5] = ["user", "idle", "deadline", "schedule", "rollback"];
    Group {
        metrics,
        curve: curve(plan, truth),
        late: Blocker::ALL.iter().map(|state| (state.name(), late(state))).collect(),
        blocked_s: per_state(&truth.blocked_s),
        exposed_s: truth.blocked_s.iter().sum(),
        restarts: RESTARTS.into_iter().zip(truth.restarts).collect(),
        failures: labels.0.causes.iter().cloned().zip(truth.failures.iter().copied()).collect(),
        harmed_by: plan
            .defects
            .iter()
            .enumerate()
            .filter(|(_, defect)| defect.releases[release.0 as usize])
            .map(|(d, _)| (labels.0.defects[d].clone(), truth.harmed_by[d]))
            .collect(),
        stopped_before_offer: chance(replications.values(Metric::StopBeforeOffer, ring, release)),
    }
}

/// Of values that are 1 in the runs in which something was so.
fn chance(values: &[Option<f64>]) -> Chance {
    let held = values.iter().filter(|value| **value == Some(1.0)).count() as u32;
    let runs = values.len() as u32;
    let (low, high) = wilson(held, runs);
    Chance { held, runs, interval: [low, high] }
}

fn of_metric(metric: Metric, value: Option<f64>, summary: &Summary) -> MetricReport {
    // Neither NaN nor infinity can be written in JSON, and neither says anything.
    let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
    let interval = summary.mean_interval.filter(|(low, high)| low.is_finite() && high.is_finite());
    MetricReport {
        unit: metric.unit().into(),
        value: finite(value),
        runs: summary.runs,
        reached: summary.reached,
        reached_interval: [summary.reached_interval.0, summary.reached_interval.1],
        p5: finite(summary.p5),
        p50: finite(summary.p50),
        p95: finite(summary.p95),
        mean: finite(summary.mean),
        mean_interval: interval.map(|(low, high)| [low, high]),
        restricted_mean: finite(summary.restricted_mean),
    }
}

/// Sums up to and including each tick.
fn running<N: Copy + TryInto<i64>>(curve: &[N]) -> Vec<u64> {
    let mut sum = 0_i64;
    let add = |n: &N| {
        sum += (*n).try_into().unwrap_or(0);
        sum.max(0) as u64
    };
    curve.iter().map(add).collect()
}

fn curve(plan: &Plan, truth: &Truth) -> Curve {
    Curve {
        hours: (1..=truth.patched.len())
            .map(|tick| (tick as i64 * plan.tick_s) as f64 / HOUR_S as f64)
            .collect(),
        patched: running(&truth.patched),
        patched_eligible: running(&truth.patched_eligible),
        offerable: running(&truth.offerable),
        offered: running(&truth.offered),
        harmed: running(&truth.harmed),
        down: running(&truth.down),
        repaired: running(&truth.repaired),
        rolled_back: running(&truth.rolled_back),
    }
}
