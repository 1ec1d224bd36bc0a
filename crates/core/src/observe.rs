//! Looking at single devices: the life of one, and the events of all in time order.

use crate::{
    control::{Event, Logged},
    device::Device,
    draws::Luck,
    gather::{Gather, fold_members},
    life::{LifeScratch, Setting, play},
    membership::Membership,
    odds::Odds,
    outcome::Outcome,
    parallel::World,
    plan::{DefectId, Plan, ReleaseId, RingId},
    roll::{Roll, Seat},
    steps::{Blocker, Cited, Observation, Settled, Sink, Step},
    time::SimTime,
    watch::Watch,
    windows::Span,
};

/// The whole life of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// Position in the fleet.
    pub index: u64,
    /// Address of its draws.
    pub key: u64,
    /// Its attributes.
    pub values: Vec<u16>,
    /// Its ring, if it is in one.
    pub ring: Option<RingId>,
    /// What it did, in time order.
    pub steps: Vec<(SimTime, Step)>,
    /// What could be seen of it, in time order, and where that comes from.
    pub observed: Vec<(SimTime, Observation, Cited)>,
    /// What kept each release from it, in time order.
    pub blocked: Vec<(ReleaseId, SimTime, SimTime, Blocker)>,
    /// How it ended up with respect to each release.
    pub settled: Vec<Settled>,
    /// When it ran each release or a newer one.
    pub covered: Vec<Vec<Span>>,
    /// When it knew of a pause.
    pub held: Vec<Span>,
}

impl Story {
    /// Before anything is told.
    pub(crate) fn new(device: &Device<'_>, ring: Option<RingId>) -> Self {
        Story {
            index: device.index,
            key: device.key,
            values: device.values.to_vec(),
            ring,
            steps: Vec::new(),
            observed: Vec::new(),
            blocked: Vec::new(),
            settled: Vec::new(),
            covered: Vec::new(),
            held: Vec::new(),
        }
    }

    /// Puts what was told into time order; of one second in the order in which it was told.
    pub(crate) fn sort(&mut self) {
        self.steps.sort_by_key(|(at, _)| *at);
        self.observed.sort_by_key(|(at, ..)| *at);
    }
}

impl Sink for Story {
    fn step(&mut self, at: SimTime, step: Step) {
        self.steps.push((at, step));
    }
    fn blocked(&mut self, release: ReleaseId, from: SimTime, to: SimTime, blocker: Blocker) {
        match self.blocked.iter_mut().rev().find(|b| b.0 == release) {
            Some(last) if last.2 == from && last.3 == blocker => last.2 = to,
            _ => self.blocked.push((release, from, to, blocker)),
        }
    }
    fn transfer(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: i64, _: i64) {}
    fn asked(&mut self, _: SimTime, _: u64, _: DefectId) {}
    fn observed(&mut self, at: SimTime, what: Observation, cites: Cited) {
        self.observed.push((at, what, cites));
    }
    fn held(&mut self, held: &[Span]) {
        self.held = held.to_vec();
    }
    fn settled(&mut self, _: ReleaseId, settled: &Settled, covered: &[Span]) {
        self.settled.push(*settled);
        self.covered.push(covered.to_vec());
    }
}

/// The life of the device at `index` under the decisions of `outcome`; `None` if there is no such device.
///
/// Costs one life (and the bounds of the rings): nothing else of the fleet is played.
pub fn story(plan: &Plan, seed: u64, outcome: &Outcome, index: u64) -> Option<Story> {
    let (luck, watch) = (Luck::new(seed, outcome.replication), Watch::new());
    let until = outcome.until(plan);
    let world = World::new(plan, &luck, &watch);
    let membership = Membership::new(world);
    let mut found = None;
    let mut tell = |seat: Seat, device: &Device<'_>, _: u64| {
        let Seat::In(ring) = seat else {
            found = Some(Story::new(device, None));
            return;
        };
        let mut story = Story::new(device, Some(ring));
        let odds = Odds::new(plan, &luck);
        let setting = Setting { plan, luck: &luck, odds: &odds, known: &outcome.known, sees: true, until };
        play(setting, ring, device, &mut LifeScratch::default(), &mut story);
        story.sort();
        found = Some(story);
    };
    let roll = Roll::new(plan, &luck, &membership.rungs(plan), |_| true);
    let mut gather = Gather::new(&roll, None);
    let end = (index + 1).min(plan.devices());
    roll.call(index.min(end)..end, |run| gather.take(run, &mut tell));
    gather.finish(&mut tell);
    found
}

/// Something that an observer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A step of the device at this position in the fleet.
    Device {
        /// Position in the fleet.
        index: u64,
        /// What it did.
        step: Step,
    },
    /// An event of the control plane.
    Control(Event),
}

/// How far an observer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Everything.
    All,
    /// Everything before this instant; the next tick alone would not fit in the memory allowed.
    Before(SimTime),
}

type Entry = (SimTime, u64, u32, Step);

/// Keeps the steps that fall into a window.
struct Window {
    from: SimTime,
    to: SimTime,
    index: u64,
    next: u32,
    found: Vec<Entry>,
}

impl Sink for Window {
    fn step(&mut self, at: SimTime, step: Step) {
        self.next += 1;
        if self.from <= at && at < self.to {
            self.found.push((at, self.index, self.next, step));
        }
    }
    fn blocked(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: Blocker) {}
    fn transfer(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: i64, _: i64) {}
    fn asked(&mut self, _: SimTime, _: u64, _: DefectId) {}
    fn observed(&mut self, _: SimTime, _: Observation, _: Cited) {}
    fn held(&mut self, _: &[Span]) {}
    fn settled(&mut self, _: ReleaseId, _: &Settled, _: &[Span]) {}
}

/// Counts steps per tick.
struct Load<'a> {
    tick_s: i64,
    per_tick: &'a mut Vec<u64>,
}

impl Sink for Load<'_> {
    fn step(&mut self, at: SimTime, _: Step) {
        let tick = (at.0.max(0) / self.tick_s) as usize;
        if let Some(count) = self.per_tick.get_mut(tick) {
            *count += 1;
        }
    }
    fn blocked(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: Blocker) {}
    fn transfer(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: i64, _: i64) {}
    fn asked(&mut self, _: SimTime, _: u64, _: DefectId) {}
    fn observed(&mut self, _: SimTime, _: Observation, _: Cited) {}
    fn held(&mut self, _: &[Span]) {}
    fn settled(&mut self, _: ReleaseId, _: &Settled, _: &[Span]) {}
}

/// Shows `see` every event of the run behind `outcome`, ordered by time; within a second devices come before
/// the control plane, devices by position in the fleet and each in its own order.
///
/// Memory stays below `budget_bytes`: lives are played once to count, then again for as many windows of time
/// as the budget asks for. A run that nobody observes pays nothing.
pub fn observe(
    plan: &Plan,
    seed: u64,
    outcome: &Outcome,
    budget_bytes: u64,
    mut see: impl FnMut(SimTime, Seen),
) -> Shown {
    let (luck, watch) = (Luck::new(seed, outcome.replication), Watch::new());
    let until = outcome.until(plan);
    let world = World::new(plan, &luck, &watch);
    let membership = Membership::new(world);
    let odds = Odds::new(plan, &luck);
    let setting = Setting { plan, luck: &luck, odds: &odds, known: &outcome.known, sees: true, until };
    let ticks = (until.0 / plan.tick_s + 1).max(1) as usize;
    let (load, _) = fold_members(
        world,
        &membership,
        (None, None),
        || (vec![0_u64; ticks], LifeScratch::default()),
        |(per_tick, scratch), ring, device| {
            let mut sink = Load { tick_s: plan.tick_s, per_tick };
            play(setting, ring, device, scratch, &mut sink);
        },
        |(a, _), (b, _)| a.iter_mut().zip(b).for_each(|(a, b)| *a += b),
    );
    // Sorting in place needs the entries themselves; growing vectors may hold twice as much.
    let room = budget_bytes / (2 * size_of::<Entry>() as u64);
    let mut control = outcome.log.iter().peekable();
    let mut tick = 0;
    while tick < ticks {
        let begin = tick;
        let mut sum = 0;
        while tick < ticks && sum + load[tick] <= room {
            sum += load[tick];
            tick += 1;
        }
        let from = SimTime(begin as i64 * plan.tick_s);
        if tick == begin {
            return Shown::Before(from);
        }
        let to = SimTime(tick as i64 * plan.tick_s);
        for (at, index, _, step) in window(world, &membership, setting, from, to) {
            while let Some(Logged { at, event }) = control.next_if(|logged| logged.at < at) {
                see(*at, Seen::Control(*event));
            }
            see(at, Seen::Device { index, step });
        }
        while let Some(Logged { at, event }) = control.next_if(|logged| logged.at < to) {
            see(*at, Seen::Control(*event));
        }
    }
    for Logged { at, event } in control {
        see(*at, Seen::Control(*event));
    }
    Shown::All
}

/// All steps in `[from, to)`, in order.
fn window(
    world: World<'_>,
    membership: &Membership,
    setting: Setting<'_>,
    from: SimTime,
    to: SimTime,
) -> Vec<Entry> {
    let empty = || (Window { from, to, index: 0, next: 0, found: Vec::new() }, LifeScratch::default());
    let (window, _) = fold_members(
        world,
        membership,
        (None, None),
        empty,
        |(sink, scratch), ring, device| {
            (sink.index, sink.next) = (device.index, 0);
            play(setting, ring, device, scratch, sink);
        },
        |(a, _), (mut b, _)| a.found.append(&mut b.found),
    );
    let mut found = window.found;
    found.sort_unstable_by_key(|&(at, index, next, _)| (at, index, next));
    found
}
