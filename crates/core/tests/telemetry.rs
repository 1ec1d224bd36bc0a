//! When reports of devices that are off are seen (`device.while-off.telemetry`).

mod common;

use common::*;
use rollcast_core::{
    draws::Coin,
    observe::{Story, story},
    plan::*,
    quantile::Quantile,
    run::run,
    steps::{Observation, Step},
    time::{DAY_S, HOUR_S, SimTime},
};

const R: ReleaseId = ReleaseId(0);

/// On from 9 to 17 every day; scans, downloads and restarts do not ask for that.
fn sleepers(devices: u64, waits: bool, every_s: Option<i64>) -> Plan {
    let mut plan = Plan { habits: vec![daily(9, 17)], ..plan(devices) };
    plan.device.needs_online = NeedsOnline {
        scan: false,
        download: false,
        install: InstallOnline::Ignores,
        restart: false,
        telemetry: waits,
    };
    plan.device.telemetry.every_s = every_s;
    plan
}

fn stories(plan: &Plan) -> Vec<Story> {
    let outcome = run(plan, 3, 0);
    assert_eq!(rollcast_core::check::check(plan, 3, &outcome), []);
    (0..plan.devices()).filter_map(|i| story(plan, 3, &outcome, i)).collect()
}

/// When each device was patched, and when that was seen.
fn installed(plan: &Plan) -> Vec<(SimTime, SimTime)> {
    let of = |story: &Story| {
        let patched = story.steps.iter().find(|(_, step)| *step == Step::Patched(R))?.0;
        let seen = story.observed.iter().find(|(_, what, _)| *what == Observation::Installed(R))?.0;
        Some((patched, seen))
    };
    stories(plan).iter().filter_map(of).collect()
}

fn on(t: SimTime) -> bool {
    (9 * HOUR_S..17 * HOUR_S).contains(&t.0.rem_euclid(DAY_S))
}

#[test]
fn a_report_waits_for_the_device_or_is_seen_at_once() {
    let (waits, goes_on) =
        (installed(&sleepers(2_000, true, None)), installed(&sleepers(2_000, false, None)));
    assert!(waits.iter().all(|&(_, seen)| on(seen)));
    assert!(waits.iter().any(|&(patched, _)| !on(patched)), "somebody is patched at night");
    for (&(patched, later), &(as_before, seen)) in waits.iter().zip(&goes_on) {
        assert_eq!((as_before, seen), (patched, patched), "only what is seen changes");
        assert!(later == patched || !on(patched) && later > patched);
    }
}

/// The wait for an upload is uniform over the interval if no upload waits for the device.
#[test]
fn an_upload_that_goes_on_comes_at_its_phase() {
    let n = 5_000;
    let waits = |plan: &Plan| -> Vec<f64> {
        installed(plan).iter().map(|&(patched, seen)| (seen - patched) as f64).collect()
    };
    let uniform = |x: f64| (x / DAY_S as f64).clamp(0.0, 1.0);
    let goes_on = waits(&sleepers(n, false, Some(DAY_S)));
    assert_eq!(goes_on.len(), n as usize);
    assert!(ks(goes_on, uniform) < ks_limit(n as usize));
    assert!(
        ks(waits(&sleepers(n, true, Some(DAY_S))), uniform) > ks_limit(n as usize),
        "else nothing is shown"
    );
}

/// A monitor from outside sees also a device that is down; the device itself says it when it is up again.
#[test]
fn a_device_that_is_down_is_seen_from_outside() {
    for waits in [true, false] {
        let mut plan = sleepers(200, waits, None);
        plan.defects = vec![Defect {
            key: key24("defect"),
            releases: vec![true],
            members: Filter::default(),
            prevalence: Prevalence::Share(Coin::new(1.0)),
            shows: Shows::AfterRestart(Quantile::fixed(0)),
            severity: Severity::Down,
            telemetry: Coin::new(1.0),
            ticket: None,
            repair: None,
        }];
        for story in stories(&plan) {
            let harmed = story.steps.iter().find(|(_, step)| matches!(step, Step::Harmed(..))).map(|s| s.0);
            let seen =
                story.observed.iter().find(|(_, what, _)| *what == Observation::Failed(R)).map(|o| o.0);
            assert_eq!(seen, harmed.filter(|_| !waits), "nobody repairs it");
        }
    }
}
