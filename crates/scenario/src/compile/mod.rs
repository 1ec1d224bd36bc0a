//! From what was typed to what is true: Schema to Plan.
//!
//! Every problem is reported, not the first alone; places come from the dotted paths that also `--set` uses.
//! What is not wrong enough to refuse is a warning.

mod attributes;
mod costs;
mod cx;
mod device;
mod dist;
mod fleet;
mod goals;
mod habits;
mod inventory;
mod labels;
mod names;
mod oddities;
mod reach;
mod releases;
mod rings;
mod stops;
mod trouble;

use std::{collections::BTreeSet, path::Path};

use rollcast_core::{
    goals::Goal,
    plan::{Automatic, Objective, Plan, RingOrder},
    tally::Tally,
    time::SimTime,
};

use crate::{
    diagnostic::{Diagnostic, Severity},
    digest::Content,
    layers::Layered,
    schema::{self, Counts, Scenario},
};
pub use costs::lacking;
use cx::Cx;
pub use goals::bound_in_unit;
pub use labels::Labels;

/// Counters that a run may take, per thread.
const MAX_TALLY_BYTES: u64 = 1 << 30;
/// Seconds before the first publication that calendars reach back to.
const LOOK_BACK_S: i64 = 60 * 86_400;

/// A plan with all that the engine does not need to know.
#[derive(Debug)]
pub struct Compiled {
    /// What the engine plays.
    pub plan: Plan,
    /// Names of the plan's indices.
    pub labels: Labels,
    /// What must hold, and how the scenario says it.
    pub goals: Vec<(Goal, String)>,
    /// What is odd but played.
    pub warnings: Vec<Diagnostic>,
    /// Contents of the files that the scenario names, for its digest.
    pub files: Vec<(String, Content)>,
}

/// Compiles a scenario whose files lie relative to `dir`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn compile(layered: &Layered, scenario: &Scenario, dir: &Path) -> Result<Compiled, Vec<Diagnostic>> {
    let mut cx = Cx::new(layered, dir);
    let compiled = build(&mut cx, scenario);
    // What is common to all cohorts is read, and wrong, once for each of them.
    let mut said = BTreeSet::new();
    cx.problems.retain(|problem| said.insert(problem.to_string()));
    let refused = cx.problems.iter().any(|p| p.severity == Severity::Error);
    match compiled {
        Some(mut compiled) if !refused => {
            compiled.warnings = cx.problems;
            compiled.files = cx.files;
            Ok(compiled)
        }
        _ => Err(cx.problems),
    }
}

fn build(cx: &mut Cx<'_>, scenario: &Scenario) -> Option<Compiled> {
    let horizon_s = cx.positive("horizon", scenario.horizon, 1);
    let tick_s = cx.positive("tick", scenario.tick, 1);
    if tick_s > 86_400 {
        cx.error("RC212", "tick", "a tick is at most a day", "write between `1 s` and `1 d`");
    }
    let releases = releases::releases(cx, scenario, horizon_s);
    // Without a publication there is no second 0; what does not need one is still looked at.
    let horizon = releases.last().map_or(SimTime(horizon_s), |r| r.0.published + horizon_s);
    cx.span = (SimTime(-LOOK_BACK_S), horizon + 14 * 86_400);
    let fleet = fleet::fleet(cx, scenario);
    // Shares that do not add up say nothing about who is there.
    let adds_up = !cx.problems.iter().any(|p| matches!(p.code, "RC201" | "RC202"));
    let habits = habits::habits(cx, scenario, &fleet.attributes, &fleet.sites);
    let rings = rings::rings(cx, scenario, &fleet);
    let device = device::device(cx, scenario);
    let freezes = rings::freezes(cx, scenario, &rings.names, fleet.zone.as_ref());
    let automatic = scenario.automatic.as_ref();
    let objective = scenario.objective.as_ref();
    let zone = fleet.zone.clone();
    let zone = zone.as_ref();
    let world = trouble::World { attributes: &fleet.attributes, releases: &releases, zone };
    let defects = trouble::defects(cx, scenario, &world);
    let background = trouble::background(cx, scenario, zone);
    let crews = stops::crews(cx, scenario, zone);
    let release_names = stops::names(&releases);
    let named_defects = || scenario.defects.iter().flat_map(|defects| defects.iter());
    let defect_names: Vec<String> = named_defects().map(|(name, _)| name.to_owned()).collect();
    let in_security_fix: Vec<bool> = named_defects().map(|(_, d)| d.security == Some(true)).collect();
    let known = names::Known {
        rings: &rings.names,
        releases: &release_names,
        defects: &defect_names,
        in_security_fix: &in_security_fix,
    };
    let rules = stops::rules(cx, scenario, &known, zone, horizon);
    let scripted = stops::scripted(cx, scenario, &known, zone, horizon);
    let management = stops::management(cx, scenario);
    let exploits = costs::exploits(cx, scenario, release_names.iter());
    let costs = costs::costs(cx, scenario, defects.as_deref().unwrap_or_default());
    let goals = goals::goals(cx, scenario, &rings.names, &releases, costs.as_ref());
    let mut fleet_of_devices = fleet.fleet?;
    if adds_up {
        if let (Some(named), Some(rings)) = (&scenario.rings, &rings.rings) {
            reach::check_rings(cx, named, rings, &fleet_of_devices);
        }
        let named = scenario.fleet.as_ref().and_then(|f| f.habits.as_ref());
        if let (Some(named), Some(habits)) = (named, &habits) {
            reach::check_habits(cx, named, habits, &fleet_of_devices);
        }
    }
    rings.put_members(&mut fleet_of_devices);
    let scripted = scripted?;
    let mut plan = Plan {
        tick_s,
        epoch_unix_s: cx.epoch.unix_s,
        horizon,
        fleet: fleet_of_devices,
        attributes: fleet.attributes.domains(),
        habits: habits?,
        site_attribute: fleet.attributes.site(),
        rings: rings.rings?,
        automatic: Automatic {
            small_upto: automatic.and_then(|a| a.small_tenant).map_or(0, |n| n.get()),
            batch: automatic.and_then(|a| a.batch).and_then(|b| b.0),
            counts_batch: automatic.and_then(|a| a.counts) != Some(Counts::BeforeBatch),
        },
        ring_order: match scenario.ring_order {
            Some(schema::RingOrder::AsListed) => RingOrder::AsListed,
            Some(schema::RingOrder::Drawn) | None => RingOrder::Drawn,
        },
        releases: releases.iter().map(|r| r.0.clone()).collect(),
        device: device.rules?,
        freezes: freezes?,
        objective: Objective {
            share: objective.and_then(|o| o.share).map_or(0.95, |s| s.get()),
            heard_within_s: objective.and_then(|o| o.heard_within).map_or(0, |d| d.seconds()),
        },
        defects: defects?,
        background,
        crews: crews?,
        rules: rules?,
        scripted: scripted.iter().map(|(scripted, _)| scripted.clone()).collect(),
        management: management?,
        midnights: stops::daily(cx, 0, zone),
        costs,
    };
    let bytes = Tally::bytes(&plan);
    if bytes > MAX_TALLY_BYTES {
        let message = format!(
            "{} ticks in {} rings need {} MB of counters for each thread, and {} MB is the limit",
            plan.releases.iter().map(|r| (r.watched_until - r.published) / tick_s).sum::<i64>(),
            plan.rings.len(),
            bytes >> 20,
            MAX_TALLY_BYTES >> 20
        );
        cx.error("RC213", "tick", message, "make the tick longer or the horizon shorter");
        return None;
    }
    for (release, terms) in plan.releases.iter_mut().zip(exploits) {
        release.exploit = terms.map(|terms| terms.table(release, tick_s));
    }
    if scenario.horizon.is_some() {
        rings::check_horizon(cx, &plan, &rings.names);
    }
    oddities::check(cx, scenario, &plan);
    let labels = Labels {
        service: cx.layered.profile,
        zone: fleet.zone?,
        epoch: cx.epoch,
        rings: rings.names,
        releases: releases.into_iter().map(|r| r.1).collect(),
        attributes: fleet.attributes.names(),
        sites: fleet.sites.into_iter().map(|site| (site.name, site.zone)).collect(),
        habits: scenario
            .fleet
            .as_ref()
            .and_then(|f| f.habits.as_ref())
            .map_or(Vec::new(), |h| h.names().map(str::to_owned).collect()),
        reasons: fleet::reasons(),
        causes: device.causes.into_iter().chain(defect_names.iter().cloned()).collect(),
        people: scenario.people.iter().flat_map(|p| p.names().map(str::to_owned)).collect(),
        rules: scenario.rules.iter().flat_map(|r| r.names().map(str::to_owned)).collect(),
        decisions: scripted.into_iter().map(|(_, label)| label).collect(),
        defects: defect_names,
        currency: scenario.costs.as_ref().and_then(|costs| costs.currency.clone()),
        freezes: scenario.freezes.as_ref().map_or(Vec::new(), |f| f.names().map(str::to_owned).collect()),
    };
    Some(Compiled { plan, labels, goals, warnings: Vec::new(), files: Vec::new() })
}
