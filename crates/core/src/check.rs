//! The invariants of a run, checked on the run itself: every life is played again and looked at step by step.
//!
//! Tests check every outcome like this, `rollcast run --check` does for whoever doubts one. It costs one life per
//! device and one more for each instant (the first [`MOST_LANDINGS`]) at which a decision lands.

use std::{collections::BTreeMap, fmt};

use crate::{
    control::{Event, Known},
    device::Device,
    draws::Luck,
    gather::fold_members,
    life::{LifeScratch, Setting, play},
    membership::Membership,
    observe::Story,
    odds::Odds,
    outcome::{By, Outcome},
    parallel::World,
    plan::{Counted, Plan, ReleaseId, RingId},
    steps::{Observation, Step},
    time::SimTime,
    watch::Watch,
    windows::Span,
};

/// What must hold, in the order in which it is looked at.
pub const INVARIANTS: [&str; 8] = [
    "every device is in exactly one state for every second and release",
    "time never runs back",
    "nobody installs what was not offered",
    "no new offer once a device has learnt of a pause",
    "every observation cites an earlier or equal true event of its device",
    "a decision cites only numbers that were visible when its rule fired",
    "the causes of lateness sum up to the late devices",
    "a decision changes no event before it has landed",
];

/// Landing instants up to which the last invariant is checked.
pub const MOST_LANDINGS: usize = 32;

/// Violations that are told; more than that are counted.
const MOST_TOLD: usize = 20;

/// Something that does not hold: a fault of the program, not of the scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Index into [`INVARIANTS`].
    pub invariant: usize,
    /// Where.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", INVARIANTS[self.invariant], self.what)
    }
}

/// What a check of some devices found.
#[derive(Default)]
struct Found {
    violations: Vec<Violation>,
    more: u64,
    /// Devices (or calls) visible when each decision's rule fired.
    visible: Vec<u64>,
    /// By ring and release: late devices, and device-seconds without the release.
    late: BTreeMap<(RingId, ReleaseId), (u64, u64)>,
}

impl Found {
    fn say(&mut self, invariant: usize, what: impl FnOnce() -> String) {
        if self.violations.len() < MOST_TOLD {
            self.violations.push(Violation { invariant, what: what() });
        } else {
            self.more += 1;
        }
    }

    fn add(&mut self, other: Found) {
        self.violations.extend(other.violations);
        self.more += other.more;
        self.visible.iter_mut().zip(other.visible).for_each(|(a, b)| *a += b);
        for (unit, (devices, seconds)) in other.late {
            let sum = self.late.entry(unit).or_default();
            *sum = (sum.0 + devices, sum.1 + seconds);
        }
    }
}

/// Looks for violations in an outcome of `plan`; none is what there should be.
pub fn check(plan: &Plan, seed: u64, outcome: &Outcome) -> Vec<Violation> {
    let until = outcome.until(plan);
    let (luck, watch) = (Luck::new(seed, outcome.replication), Watch::new());
    let world = World::new(plan, &luck, &watch);
    let membership = Membership::new(world);
    let odds = Odds::new(plan, &luck);
    let setting = Setting { plan, luck: &luck, odds: &odds, known: &outcome.known, sees: true, until };
    let before: Vec<(SimTime, Known)> =
        landings(outcome).into_iter().map(|at| (at, outcome.known.before(at))).collect();
    let new = || {
        let found = Found { visible: vec![0; outcome.decisions.len()], ..Found::default() };
        (found, LifeScratch::default())
    };
    let (mut found, _) = fold_members(
        world,
        &membership,
        (None, None),
        new,
        |(found, scratch), ring, device| {
            let story = told(setting, ring, device, scratch);
            look(setting, outcome, ring, &story, found);
            for (at, known) in &before {
                let other = told(Setting { known, ..setting }, ring, device, scratch);
                let upto = |story: &Story| -> Vec<(SimTime, Step)> {
                    story.steps.iter().take_while(|(t, _)| t <= at).copied().collect()
                };
                if upto(&other) != upto(&story) {
                    found.say(7, || format!("device {} before the decision of {at}", device.index));
                }
            }
        },
        |(a, _), (b, _)| a.add(b),
    );
    look_at_the_whole(plan, outcome, &mut found);
    found.violations.sort();
    if found.more > 0 {
        let what = format!("and {} more", found.more);
        found.violations.push(Violation { invariant: 0, what });
    }
    found.violations
}

fn told(setting: Setting<'_>, ring: RingId, device: &Device<'_>, scratch: &mut LifeScratch) -> Story {
    let mut story = Story::new(device, Some(ring));
    play(setting, ring, device, scratch, &mut story);
    story.sort();
    story
}

/// Instants at which decisions land.
fn landings(outcome: &Outcome) -> Vec<SimTime> {
    let mut all: Vec<SimTime> = outcome.decisions.iter().map(|d| d.landed).collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(MOST_LANDINGS);
    all
}

/// Looks at one device.
fn look(setting: Setting<'_>, outcome: &Outcome, ring: RingId, story: &Story, found: &mut Found) {
    let plan = setting.plan;
    let who = story.index;
    let ids = || (0..plan.releases.len()).map(|r| ReleaseId(r as u16));
    for release in ids() {
        let r = &plan.releases[release.0 as usize];
        let mut spans: Vec<(SimTime, SimTime)> =
            story.blocked.iter().filter(|b| b.0 == release).map(|b| (b.1, b.2)).collect();
        let without: i64 = spans.iter().map(|&(from, to)| to - from).sum();
        let watched = r.watched_until.min(setting.until);
        let within = |s: &Span| (s.from.max(r.published), s.to.min(watched));
        let covered = &story.covered[release.0 as usize];
        spans.extend(covered.iter().map(within).filter(|(from, to)| from < to));
        spans.sort_unstable();
        let touch = spans.windows(2).all(|pair| pair[0].1 == pair[1].0);
        let ends =
            spans.first().map(|s| s.0) == Some(r.published) && spans.last().map(|s| s.1) == Some(watched);
        if r.published < watched && !(touch && ends) {
            found.say(0, || format!("device {who}, release {}", release.0));
        }
        let settled = &story.settled[release.0 as usize];
        let due = settled.objective_at;
        let in_time = covered.iter().any(|s| s.from <= due && due < s.to);
        if settled.late_by.is_some() == in_time {
            found.say(6, || format!("device {who}, release {}", release.0));
        }
        let sum = found.late.entry((ring, release)).or_default();
        *sum = (sum.0 + u64::from(settled.late_by.is_some()), sum.1 + without as u64);
    }
    look_at_steps(setting, ring, story, found);
    for &(at, what, cites) in &story.observed {
        if cites.at > at || !story.steps.contains(&(cites.at, cites.step)) {
            found.say(4, || format!("device {who}, {what:?} at {at}"));
        }
    }
    for (decision, visible) in outcome.decisions.iter().zip(&mut found.visible) {
        let By::Rule(rule, _) = decision.by else { continue };
        let rule = &plan.rules[rule as usize];
        if !rule.rings[ring.0 as usize] || decision.ring.is_some_and(|only| only != ring) {
            continue;
        }
        let counts = |what: Observation| match rule.when.count {
            Counted::Failed => what == Observation::Failed(decision.release),
            Counted::InstallFailed => what == Observation::InstallFailed(decision.release),
            Counted::Tickets => what == Observation::Ticket,
        };
        let since = rule.when.within_s.map_or(SimTime::ALWAYS, |within| SimTime(decision.fired.0 - within));
        let visible_then = |at: SimTime| since <= at && at < decision.fired;
        let seen = story.observed.iter().filter(|(at, what, _)| visible_then(*at) && counts(*what));
        *visible += seen.count() as u64;
    }
}

/// What a device did, in the order in which it did it.
fn look_at_steps(setting: Setting<'_>, ring: RingId, story: &Story, found: &mut Found) {
    let (plan, known) = (setting.plan, setting.known);
    let who = story.index;
    let mut offered: Vec<Option<SimTime>> = vec![None; plan.releases.len()];
    let first = plan.releases.first().map_or(SimTime(0), |r| r.published);
    let mut last = first;
    for &(at, step) in &story.steps {
        if at < last || at >= setting.until {
            found.say(1, || format!("device {who}, {step:?} at {at} after {last}"));
        }
        last = at;
        match step {
            Step::Offered(r) => {
                let release = &plan.releases[r.0 as usize];
                let from = known.offer(ring, r).unwrap_or(SimTime::NEVER);
                if at < from.max(release.published) || at > known.withdrawn(r) {
                    found.say(2, || format!("device {who} is offered release {} at {at}", r.0));
                }
                if release.push.is_none() && story.held.iter().any(|held| held.contains(at)) {
                    found.say(3, || format!("device {who} is offered release {} at {at}", r.0));
                }
                offered[r.0 as usize] = Some(at);
            }
            Step::DownloadStarted(r) | Step::InstallStarted(r) | Step::Patched(r)
                if offered[r.0 as usize].is_none() =>
            {
                found.say(2, || format!("device {who}, {step:?} at {at}"));
            }
            _ => {}
        }
    }
}

/// Sums over all devices against what the run says.
fn look_at_the_whole(plan: &Plan, outcome: &Outcome, found: &mut Found) {
    let late = std::mem::take(&mut found.late);
    for ((ring, release), (devices, seconds)) in late {
        let truth = outcome.ring(ring, release);
        let told: u64 = truth.late.iter().sum();
        if devices != told {
            found.say(6, || format!("ring {}, release {}: {devices}, not {told}", ring.0, release.0));
        }
        let told: u64 = truth.blocked_s.iter().sum();
        if seconds != told {
            found.say(0, || format!("ring {}, release {}: {seconds} s, not {told}", ring.0, release.0));
        }
    }
    for (i, decision) in outcome.decisions.iter().enumerate() {
        let count = decision.saw.map_or(0, |saw| saw.count);
        let (fired, landed) = (decision.fired, decision.landed);
        if count > found.visible[i] || decision.noticed < fired || decision.decided < decision.noticed {
            let visible = found.visible[i];
            found.say(5, || format!("{count} at {fired}, {visible} were visible"));
        }
        if landed < decision.decided || landed >= plan.horizon {
            found.say(1, || format!("decision of {fired} lands at {landed}"));
        }
    }
    if outcome.log.windows(2).any(|pair| pair[0].at > pair[1].at) {
        found.say(1, || "the control plane".into());
    }
    let landed = outcome.log.iter().filter(|l| matches!(l.event, Event::Landed(_))).count();
    if landed != outcome.decisions.len() {
        found.say(1, || format!("{landed} of {} decisions land", outcome.decisions.len()));
    }
}
