//! Plays a plan: membership, the calendar, then lives and gates in turn until nothing new is decided.
//!
//! ```text
//!   calendar --> decisions known --> play the rings that they reach --> tallies
//!                      ^                                                   |
//!                      +----- the earliest decision not yet in the log <---+
//! ```
//!
//! Lives are right until a decision lands, so each round takes the earliest landing only; rings whose start is
//! not known are not played yet. A run is therefore unique and needs one pass over a ring per decision that
//! reaches it, plus one.

use crate::{
    census::Census,
    control::{Event, Known, Logged, MAX_DECISIONS, Seen},
    draws::Luck,
    life::{LifeScratch, play},
    membership::Membership,
    outcome::{End, Outcome},
    parallel::{World, fold_fleet},
    plan::{Gate, Plan, ReleaseId, RingId},
    tally::{Counter, Observed, Tally},
    time::SimTime,
    watch::Watch,
};

/// Plays `plan` with the luck of (`seed`, `replication`) on the cores of the current rayon pool.
///
/// The same arguments give the same outcome at any number of threads.
pub fn run(plan: &Plan, seed: u64, replication: u32) -> Outcome {
    run_watched(plan, seed, replication, &Watch::new()).expect("invariant: nobody told the run to stop")
}

/// The same with somebody looking on; `None` if they told it to stop.
pub fn run_watched(plan: &Plan, seed: u64, replication: u32, watch: &Watch) -> Option<Outcome> {
    let luck = Luck::new(seed, replication);
    let world = World { plan, luck: &luck, watch, wanted: None };
    let membership = Membership::new(world);
    let (known, log, tally, census, end) = decide(world, &membership);
    watch.finish();
    let outcome = Outcome { replication, census, short: membership.short.clone(), known, log, tally, end };
    (!watch.stopped()).then_some(outcome)
}

/// Rounds of playing and judging until no gate opens any more.
fn decide(world: World<'_>, membership: &Membership) -> (Known, Vec<Logged>, Tally, Census, End) {
    let plan = world.plan;
    let (mut known, mut log) = Known::from_calendar(plan);
    let mut tally = Tally::new(plan);
    let mut census = None;
    let mut dirty: Vec<bool> = plan.rings.iter().map(|ring| ring.gate.is_none()).collect();
    let mut end = End::Completed;
    let calendar = log.len();
    loop {
        if census.is_none() || dirty.contains(&true) {
            replay(world, membership, &known, &dirty, &mut tally, &mut census);
            dirty.fill(false);
        }
        let Some((ring, judged, starts)) = next_gate(plan, &known, &tally) else { break };
        if log.len() - calendar >= 2 * MAX_DECISIONS {
            end = End::DecisionLimit(judged.at);
            break;
        }
        for logged in [judged, starts] {
            known.learn(plan, logged);
            log.push(logged);
        }
        dirty[ring.0 as usize] = true;
    }
    // Rings that never started still have members who wait.
    let waiting: Vec<bool> = plan
        .rings
        .iter()
        .enumerate()
        .map(|(r, ring)| ring.gate.is_some() && tally.units[r * plan.releases.len()].truth.devices == 0)
        .collect();
    if waiting.contains(&true) {
        replay(world, membership, &known, &waiting, &mut tally, &mut census);
    }
    log.sort_by_key(|logged| (logged.at, logged.event.class()));
    let census = census.expect("invariant: the first round counts everybody").finish();
    (known, log, tally, census, end)
}

/// Plays the lives of the marked rings and puts their counts in the place of the old ones; the first time it
/// also counts who is where.
fn replay(
    world: World<'_>,
    membership: &Membership,
    known: &Known,
    rings: &[bool],
    tally: &mut Tally,
    census: &mut Option<Census>,
) {
    let World { plan, luck, .. } = world;
    let first = census.is_none();
    let (fresh, counted, _) = fold_fleet(
        world,
        || (Tally::new(plan), Census::new(plan), LifeScratch::default()),
        |(sum, census, scratch), device| {
            let ring = membership.ring(plan, luck, device);
            if first {
                census.count(device, ring);
            }
            if let Some(ring) = ring.filter(|r| rings[r.0 as usize]) {
                let mut counter = Counter { plan, units: sum.ring_mut(ring) };
                play(plan, luck, known, ring, device, scratch, &mut counter);
            }
        },
        |a, b| {
            a.0.add(&b.0);
            a.1.add(&b.1);
        },
    );
    if first {
        *census = Some(counted);
    }
    for (r, _) in rings.iter().enumerate().filter(|&(_, &played)| played) {
        let ring = RingId(r as u16);
        let from = r * plan.releases.len();
        tally.ring_mut(ring).clone_from_slice(&fresh.units[from..from + plan.releases.len()]);
    }
}

/// The earliest gate that opens and is not in the log yet: its ring, its judgement and the start it causes.
fn next_gate(plan: &Plan, known: &Known, tally: &Tally) -> Option<(RingId, Logged, Logged)> {
    let mut earliest: Option<(RingId, Logged, Logged)> = None;
    for (r, ring) in plan.rings.iter().enumerate() {
        let (Some(gate), id) = (ring.gate, RingId(r as u16)) else { continue };
        for release in (0..plan.releases.len()).map(|i| ReleaseId(i as u16)) {
            if known.offer(id, release).is_some() || known.offer(gate.after, release).is_none() {
                continue;
            }
            let observed = &tally.unit(gate.after, release).observed;
            let Some((at, seen)) = opens(plan, gate, release, observed) else { continue };
            if at >= plan.horizon {
                continue;
            }
            let starts = plan.earliest_offer(id, release).max(at + gate.wait_s);
            if earliest.as_ref().is_none_or(|(_, judged, _)| at < judged.at) {
                let judged = Logged { at, event: Event::GateJudged(id, release, seen) };
                earliest = Some((id, judged, Logged { at: starts, event: Event::RingStarts(id, release) }));
            }
        }
    }
    earliest
}

/// When a gate opens, judged at the end of each tick on what was reported by then, and what was seen.
fn opens(plan: &Plan, gate: Gate, release: ReleaseId, observed: &Observed) -> Option<(SimTime, Seen)> {
    let needed = libm::ceil(gate.share * observed.devices as f64 - 1e-9) as u64;
    let mut sum = 0;
    let tick = observed.patched.iter().position(|&n| {
        sum += n;
        sum >= needed
    })?;
    let at = plan.releases[release.0 as usize].published + (tick as i64 + 1) * plan.tick_s;
    Some((at, Seen { patched: sum, of: observed.devices }))
}
