//! The engine and the reference simulator on one plan: the first thing in which they differ.

use crate::{
    device::Device,
    spec::Spec,
    world::{Member, World},
};
use rollcast_core::{
    control::{Event, PauseEnd},
    observe::{Story, story},
    outcome::{By, Decision, Effect, End},
    plan::{Act, Plan},
    run::run,
    steps::{Cited, Observation, Step},
    time::SimTime,
};
use std::{collections::BTreeMap, fmt::Debug};

/// What was reached, by name: scenarios in which it occurred.
pub type Reached = BTreeMap<&'static str, u64>;

/// A difference: when, and what either says.
type Difference = (SimTime, String);

/// Plays `spec` both ways. `Err` with the first difference.
pub fn compare(spec: &Spec, reached: &mut Reached) -> Result<(), String> {
    let plan = &spec.plan();
    let outcome = run(plan, spec.seed, 0);
    let stories: Vec<Story> =
        (0..plan.devices()).filter_map(|i| story(plan, spec.seed, &outcome, i)).collect();
    let members = stories.iter().filter_map(|s| {
        let ring = s.ring?.0 as usize;
        Some(Member { index: s.index, key: s.key, values: s.values.clone(), ring })
    });
    let mut world = World::new(plan, spec.seed, 0, members.collect());
    world.run();
    // A run that ends early is valid up to there.
    let limit = match outcome.end.min_of(world.end) {
        Some(at) => at,
        None => plan.horizon,
    };
    let mut found: Vec<Difference> = Vec::new();
    if outcome.end != world.end {
        found.push((limit, format!("the end: engine {:?}, oracle {:?}", outcome.end, world.end)));
    }
    let of_engine = outcome.log.iter().map(|l| (l.at, l.event));
    let log = |all: Vec<(SimTime, Event)>| -> Vec<(SimTime, Event)> {
        all.into_iter().filter(|(at, event)| *at < limit && !matches!(event, Event::Landed(_))).collect()
    };
    found.extend(first("control plane", log(of_engine.collect()), log(world.control.log.clone())));
    let landed =
        |all: &[Decision]| -> Vec<Decision> { all.iter().filter(|d| d.landed < limit).cloned().collect() };
    found.extend(first_decision(&landed(&outcome.decisions), &landed(&world.control.decisions)));
    let devices: BTreeMap<u64, &Device<'_>> = world.devices.iter().map(|d| (d.index, d)).collect();
    for story in &stories {
        let Some(device) = devices.get(&story.index) else { continue };
        let name = format!("device {} in ring {:?}", story.index, story.ring);
        let early = |steps: &[(SimTime, Step)]| -> Vec<(SimTime, Step)> {
            steps.iter().copied().filter(|(at, _)| *at < limit).collect()
        };
        let steps = first(&name, early(&story.steps), early(&device.steps));
        found.extend(steps.map(|(at, what)| (at, format!("{what}\n{}", context(story, device, at)))));
        let seen = device.seen.iter().map(|(what, (at, cites))| (*at, *what, *cites));
        let calls = device.tickets.iter().map(|(at, cites)| (*at, Observation::Ticket, *cites));
        let engine = brief(story.observed.iter().copied(), limit);
        found.extend(first(&name, engine, brief(seen.chain(calls), limit)));
        if let Some((at, _, cites)) =
            story.observed.iter().find(|o| !story.steps.contains(&(o.2.at, o.2.step)))
        {
            found.push((*at, format!("{name}: the engine cites {cites:?}, which did not happen")));
        }
    }
    count(reached, plan, &world, limit);
    match found.iter().min() {
        None => Ok(()),
        Some(&(at, _)) => {
            let same = found.iter().filter(|(t, _)| *t == at).map(|(_, what)| what.as_str());
            let what = same.collect::<Vec<_>>().join("\nand ");
            let said = world.control.decisions.iter().map(|d| {
                format!("  {} landed {:?} of {:?}: {:?} {:?}\n", d.landed.0, d.by, d.release, d.act, d.effect)
            });
            let said: String = said.collect();
            Err(format!("first difference at {at} ({} s): {what}\ndecisions:\n{said}", at.0))
        }
    }
}

trait Ends {
    fn min_of(self, other: End) -> Option<SimTime>;
}

impl Ends for End {
    fn min_of(self, other: End) -> Option<SimTime> {
        let at = |end| match end {
            End::DecisionLimit(at) => Some(at),
            End::Completed => None,
        };
        [at(self), at(other)].into_iter().flatten().min()
    }
}

/// Which of several things that happened in one second is cited is left open.
fn brief(
    all: impl Iterator<Item = (SimTime, Observation, Cited)>,
    limit: SimTime,
) -> Vec<(SimTime, (Observation, SimTime))> {
    all.filter(|(at, ..)| *at < limit).map(|(at, what, cites)| (at, (what, cites.at))).collect()
}

/// The earliest entry that only one of them has.
fn first<T: Ord + Debug>(
    name: &str,
    mut engine: Vec<(SimTime, T)>,
    mut oracle: Vec<(SimTime, T)>,
) -> Option<Difference> {
    engine.sort_unstable();
    oracle.sort_unstable();
    let at = (0..engine.len().max(oracle.len())).find(|&i| engine.get(i) != oracle.get(i))?;
    let (e, o) = (engine.get(at), oracle.get(at));
    let when = [e, o].into_iter().flatten().map(|(at, _)| *at).min()?;
    Some((when, format!("{name}: engine {e:?}, oracle {o:?}")))
}

fn first_decision(engine: &[Decision], oracle: &[Decision]) -> Option<Difference> {
    let at = (0..engine.len().max(oracle.len())).find(|&i| engine.get(i) != oracle.get(i))?;
    let (e, o) = (engine.get(at), oracle.get(at));
    let when = [e, o].into_iter().flatten().map(|d| d.landed).min()?;
    Some((when, format!("decision {at}:\n  engine {e:?}\n  oracle {o:?}")))
}

/// What both say of the device in the days around `at`.
fn context(story: &Story, device: &Device<'_>, at: SimTime) -> String {
    let show = |steps: &[(SimTime, Step)]| -> String {
        let mut near: Vec<_> = steps.iter().filter(|(t, _)| (at - *t).abs() < 6 * 86_400).collect();
        near.sort_unstable();
        near.iter().map(|(t, step)| format!("    {} {t} {step:?}\n", t.0)).collect()
    };
    format!("  engine:\n{}  oracle:\n{}", show(&story.steps), show(&device.steps))
}

fn count(reached: &mut Reached, plan: &Plan, world: &World<'_>, limit: SimTime) {
    let mut tick = |name: &'static str, yes: bool| *reached.entry(name).or_default() += u64::from(yes);
    let decisions = &world.control.decisions;
    let by_rule = |d: &&Decision| matches!(d.by, By::Rule(..)) && d.landed < limit;
    tick("decision of a rule", decisions.iter().filter(by_rule).count() > 0);
    tick("five decisions of rules", decisions.iter().filter(by_rule).count() > 4);
    let slow = |d: &Decision| d.noticed > d.fired && d.decided > d.noticed;
    tick("decision that took people time", decisions.iter().any(slow));
    let effect = |d: &Decision, what: Effect| d.effect.contains(&what);
    tick("decision refused", decisions.iter().any(|d| effect(d, Effect::Refused)));
    tick("decision void", decisions.iter().any(|d| effect(d, Effect::Void)));
    let resumes = |d: &Decision| matches!(d.act, Act::Resume { .. }) && effect(d, Effect::Applied);
    tick("resume", decisions.iter().any(resumes));
    let ends = |why: PauseEnd| {
        world.control.log.iter().any(|(_, event)| matches!(event, Event::PauseEnds(_, w) if *w == why))
    };
    tick("pause expired", ends(PauseEnd::Expired));
    tick("pause ended as planned", ends(PauseEnd::Planned));
    tick("gate opened", world.control.log.iter().any(|(_, e)| matches!(e, Event::GateJudged(..))));
    tick("decision limit", world.end != End::Completed);
    tick("repair that waited for capacity", world.desks.iter().any(|desk| desk.waited > 0));
    let any_step =
        |f: &dyn Fn(&Step) -> bool| world.devices.iter().any(|d| d.steps.iter().any(|(_, s)| f(s)));
    tick("repair", any_step(&|s| matches!(s, Step::Repaired(..))));
    tick("rollback", any_step(&|s| matches!(s, Step::RolledBack(_))));
    tick("rollback failed", any_step(&|s| matches!(s, Step::RollbackFailed(_))));
    tick("gave up", any_step(&|s| matches!(s, Step::GaveUp(_))));
    tick("failed attempt", any_step(&|s| matches!(s, Step::Failed(..))));
    tick("background failure", any_step(&|s| matches!(s, Step::BackgroundFailure(_))));
    let follows = |s: &Step| matches!(s, Step::Offered(r) if plan.releases[r.0 as usize].follows.is_some());
    tick("out-of-band release taken", any_step(&follows));
    let pushed = |s: &Step| matches!(s, Step::Patched(r) if plan.releases[r.0 as usize].push.is_some());
    tick("push arrived", any_step(&pushed));
    tick("switched off", world.devices.iter().any(|d| d.switched_off.contains(&true)));
    let twice = |d: &Device<'_>| {
        let offers =
            d.steps.iter().filter_map(|(_, s)| if let Step::Offered(r) = s { Some(r) } else { None });
        let mut all: Vec<_> = offers.collect();
        let before = all.len();
        all.sort_unstable();
        all.dedup();
        all.len() < before
    };
    tick("installed again", world.devices.iter().any(twice));
    let withdrawn =
        decisions.iter().any(|d| matches!(d.act, Act::Withdraw { .. }) && effect(d, Effect::Applied));
    tick("withdrawn offer", withdrawn);
    tick("ticket", world.devices.iter().any(|d| !d.tickets.is_empty()));
    tick("pause heard by a device", world.devices.iter().any(|d| d.paused.iter().any(|p| p.number > 0)));
}
