//! For tests: a small scenario that goes wrong and is stopped, made a report.

use rollcast_core::{
    draws::Coin,
    goals::Goal,
    plan::{
        Act, Condition, Counted, Crew, CrewId, Defect, Denominator, Evaluate, Filter, Leaves, Prevalence,
        Reach, Repair, Rule, Scripted, Severity, ShareOf, Shows, Side, Ticket,
    },
    quantile::Quantile,
    replicate::replicate,
    time::{DAY_S, HOUR_S, SimTime},
    watch::Watch,
    windows::{Span, Windows},
};
use rollcast_scenario::load::{Loaded, Loader};

use super::{Input, Report, ScenarioRef, build};
use crate::labels::Names;

/// A fleet of 2 000 in four rings without anything that goes wrong.
pub(crate) fn calm() -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let text = "\
service: autopatch/2025-03
seed: 7
fleet: { devices: 2000 }
rings: { Test: { size: 20 }, Ring1: {}, Ring2: {}, Ring3: {} }
release: { product: windows-quality, published: 2026-10-13 }
";
    std::fs::write(&path, text).unwrap();
    Loader { sets: vec![] }.load(&path).unwrap()
}

/// The same with a defect that takes a third of the devices down soon after the restart, people who pause and
/// uninstall when they see it, and a resume that the service tries in vain.
pub(crate) fn trouble() -> Loaded {
    let mut loaded = calm();
    let (plan, labels) = (&mut loaded.plan, &mut loaded.labels);
    let hours = |h: i64| Quantile::fixed(h * HOUR_S);
    plan.defects.push(Defect {
        key: 1,
        releases: vec![true],
        members: Filter::default(),
        prevalence: Prevalence::Share(Coin::new(0.3)),
        shows: Shows::AfterRestart(hours(2)),
        severity: Severity::Down,
        telemetry: Coin::new(1.0),
        ticket: Some(Ticket { share: Coin::new(0.5), after: hours(1), hours: None }),
        repair: Some(Repair {
            asked_after: hours(1),
            takes: hours(4),
            hours: None,
            at_most_a_day: None,
            leaves: Leaves::WorkedAround,
        }),
    });
    labels.defects.push("bad-driver".into());
    labels.causes.push("bad-driver".into());
    let work = (0..40).map(|d| Span { from: SimTime(d * DAY_S), to: SimTime(d * DAY_S + 8 * HOUR_S) });
    plan.crews.push(Crew {
        key: 2,
        staff: 1,
        hours: Windows::new(work.collect()),
        notices: hours(1),
        decides: hours(1),
        paged_after_s: Some(2 * HOUR_S),
    });
    labels.people.push("desk".into());
    plan.rules.push(Rule {
        key: 3,
        crew: Some(CrewId(0)),
        side: Side::Tenant,
        releases: vec![true],
        rings: vec![true; 4],
        each_ring: false,
        when: Condition {
            count: Counted::Failed,
            within_s: None,
            at_least: 3,
            share: Some(ShareOf { of: Denominator::Reported, above: 0.01, min_sample: 5 }),
        },
        evaluate: Evaluate::Tick,
        acts: vec![
            Act::Pause { rings: Reach::Later, for_s: Some(10 * DAY_S) },
            Act::Uninstall { release: None, rings: Reach::From(rollcast_core::plan::RingId(0)), for_s: None },
        ],
    });
    labels.rules.push("failures".into());
    plan.scripted.push(Scripted {
        at: SimTime::from_days(12),
        side: Side::Service,
        act: Act::Resume { rings: Reach::All },
    });
    labels.decisions.push("service resumes".into());
    loaded
}

/// What `runs` replications of a scenario give.
pub(crate) fn report(loaded: &Loaded, runs: u32) -> Report {
    let goals: Vec<Goal> = loaded.goals.iter().map(|(goal, _)| goal.clone()).collect();
    let numbers: Vec<u32> = (0..runs).collect();
    let replications = replicate(&loaded.plan, 7, &numbers, &goals, &Watch::new()).unwrap();
    build(Input {
        plan: &loaded.plan,
        labels: Names(&loaded.labels),
        goals: &loaded.goals,
        replications: &replications,
        scenario: ScenarioRef {
            path: "a.yaml".into(),
            digest: String::new(),
            service: None,
            set: Vec::new(),
        },
        seed: 7,
        gate: Vec::new(),
        warnings: Vec::new(),
        replay: "rollcast run a.yaml".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ActName, EffectName, What};

    #[test]
    fn the_decision_log_says_who_did_what_on_which_numbers() {
        let report = report(&trouble(), 1);
        let landed: Vec<_> = report.decisions.iter().filter(|d| d.what == What::Decided).collect();
        let first = landed[0].landed.as_ref().unwrap();
        assert_eq!(
            (first.who.as_str(), first.rule.as_deref(), first.firing),
            ("desk", Some("failures"), Some(1))
        );
        assert_eq!((first.act, first.words.as_str()), (ActName::Pause, "pause later rings for 10 d"));
        assert!(first.fired.at_s < first.noticed.at_s && first.noticed.at_s < first.decided.at_s);
        assert!(first.decided.at_s <= landed[0].at_s);
        let (seen, truth) = (first.observed.as_ref().unwrap(), first.truth.as_ref().unwrap());
        assert!(seen.count >= 3 && seen.of.unwrap() >= 5);
        assert!(truth.harmed >= seen.count, "telemetry sees no more than there is");
        let second = landed[1].landed.as_ref().unwrap();
        assert_eq!(
            second.words,
            format!("uninstall {} from ring Test and those after it", report.releases[0].name)
        );
        let last = landed.iter().find(|d| d.landed.as_ref().unwrap().script.is_some()).unwrap();
        let last = last.landed.as_ref().unwrap();
        assert_eq!((last.who.as_str(), last.script.as_deref()), ("scripted", Some("service resumes")));
        assert!(last.rings.iter().all(|ring| ring.effect == EffectName::Refused), "{:?}", last.rings);
        assert!(last.observed.is_none() && last.truth.is_none());
    }

    #[test]
    fn harm_in_groups_agrees_with_the_metrics() {
        let report = report(&trouble(), 4);
        let release = &report.releases[0];
        for group in release.rings.iter().map(|ring| &ring.group).chain([&release.fleet]) {
            let metric = |name: &str| {
                group.metrics.iter().find(|(metric, _)| metric.name() == name).unwrap().1.clone()
            };
            let last = |curve: &[u64]| curve.last().copied().unwrap() as f64;
            assert_eq!(Some(last(&group.curve.harmed)), metric("harmed").value);
            assert_eq!(Some(last(&group.curve.down)), metric("down.devices").value);
            assert_eq!(Some(last(&group.curve.rolled_back)), metric("rolled-back.devices").value);
            assert!(last(&group.curve.repaired) <= last(&group.curve.down));
            assert_eq!(group.harmed_by.len(), 1);
            assert_eq!(group.restarts.values().sum::<u64>() as f64, metric("restarts.total").value.unwrap());
            let chance = &group.stopped_before_offer;
            let share = f64::from(chance.held) / f64::from(chance.runs);
            assert_eq!(Some(share), metric("stop.before-offer").mean);
            assert!(chance.interval[0] <= share && share <= chance.interval[1]);
        }
        assert!(release.fleet.harmed_by["bad-driver"] > 0);
    }

    #[test]
    fn an_outcome_with_trouble_satisfies_the_schema() {
        let schema = serde_json::from_str(&crate::report::schema()).unwrap();
        let outcome = serde_json::to_value(report(&trouble(), 2)).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&outcome).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}
