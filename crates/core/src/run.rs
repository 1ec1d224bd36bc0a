//! Plays a plan: membership, the calendar, then lives and gates in turn until nothing new is decided.
//!
//! ```text
//!   ledger --> control plane closed --> play the rings that it reaches --> tallies
//!     ^                                                                      |
//!     +------------ the earliest decision that is not in the ledger <--------+
//! ```
//!
//! Lives are right until a decision lands, so each round takes the earliest landing, and with it what is already
//! certain by then: decisions on what was seen before it. Rings whose start is not known are not played yet. A run is
//! therefore unique and needs at most one pass over a ring per decision that reaches it, plus one.
//!
//! Large rings that start late are played last, for they cost most. Until then rules look at the others alone: whatever
//! they see of a release before those rings are offered it is all that there is to see. If a ring then shows that another
//! decision would have come first, the run starts over and plays all of them in the order of time.

use crate::{
    census::Census,
    control::{Closed, Firing, Known, Ledger, Opening, Seen},
    desk,
    device::Device,
    draws::Luck,
    gather::Gather,
    lag,
    life::Setting,
    membership::Membership,
    odds::Odds,
    outcome::{End, Outcome},
    parallel::{World, fold_ranges},
    plan::{Plan, ReleaseId, Repair, RingId},
    roll::{Roll, Seat},
    rules::{confirm, next_firings},
    straight::Lives,
    tally::{Reads, Request, Tally},
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
    play(World::new(plan, &luck, watch), replication)
}

/// The same for one of many runs that keep the threads of the pool busy together.
pub(crate) fn run_beside_others(plan: &Plan, seed: u64, replication: u32, watch: &Watch) -> Option<Outcome> {
    let luck = Luck::new(seed, replication);
    play(World { beside_others: true, ..World::new(plan, &luck, watch) }, replication)
}

fn play(world: World<'_>, replication: u32) -> Option<Outcome> {
    let World { plan, luck, watch, .. } = world;
    let membership = Membership::new(world);
    let odds = Odds::new(plan, luck);
    let mut rounds = Rounds {
        world,
        membership: &membership,
        odds: &odds,
        closed: Ledger::default().close(plan),
        ledger: Ledger::default(),
        tally: Tally::of_rings(plan, &vec![false; plan.rings.len()]),
        census: None,
        counted: vec![false; plan.rings.len()],
        played: vec![false; plan.rings.len()],
        later: Vec::new(),
        ahead: false,
        judged: SimTime(0),
    };
    let end = rounds.decide();
    if let End::DecisionLimit(at) = end {
        rounds.end_early(at);
    }
    let Rounds { closed: Closed { known, log, decisions, .. }, tally, census, .. } = rounds;
    let census = census.unwrap_or_else(|| Census::new(plan)).finish();
    let short = membership.short.clone();
    let after_decision = Vec::new();
    let mut outcome =
        Outcome { replication, census, short, known, log, decisions, tally, end, after_decision };
    outcome.after_decision = lag::harmed_after_decisions(world, &membership, &odds, &outcome);
    watch.finish();
    (!watch.stopped()).then_some(outcome)
}

/// A run in progress.
struct Rounds<'a> {
    world: World<'a>,
    membership: &'a Membership,
    odds: &'a Odds,
    ledger: Ledger,
    closed: Closed,
    tally: Tally,
    census: Option<Census>,
    /// Rings of which the census knows what their devices are.
    counted: Vec<bool>,
    /// Rings whose lives have been played.
    played: Vec<bool>,
    /// Rings that are played last.
    later: Vec<bool>,
    /// Something was decided before they were played that lands after their start.
    ahead: bool,
    /// Rules are judged up to here: what fired before is in the ledger.
    judged: SimTime,
}

impl Rounds<'_> {
    /// Rounds of playing and judging until nothing new is decided.
    fn decide(&mut self) -> End {
        let plan = self.world.plan;
        let mut end = End::Completed;
        let mut dirty = vec![true; plan.rings.len()];
        self.later = self.later();
        loop {
            self.play_those(&dirty, |rounds, ring| rounds.starts(ring) && !rounds.later[ring]);
            if self.world.watch.stopped() {
                return end;
            }
            if self.ahead && !self.later.contains(&true) {
                self.ahead = false;
                if !self.confirmed() {
                    dirty = self.start_over();
                    continue;
                }
            }
            let Some(at) = self.take_next() else {
                if !self.later.contains(&true) {
                    end = self.beyond_the_limit().map_or(End::Completed, End::DecisionLimit);
                    break;
                }
                dirty = self.next_of_later();
                self.later.iter_mut().zip(&dirty).for_each(|(later, next)| *later &= !next);
                // They may show what the others did not.
                self.judged = SimTime(0);
                continue;
            };
            if let Some(one_too_many) = self.beyond_the_limit().filter(|&landed| landed <= at) {
                if self.later.contains(&true) {
                    dirty = self.start_over();
                    continue;
                }
                end = End::DecisionLimit(one_too_many);
                break;
            }
            let closed = self.ledger.close(plan);
            dirty = self.closed.known.differs(&closed.known);
            let repairs = self.closed.known.repairs().to_vec();
            self.closed = closed;
            self.closed.known.set_repairs(repairs);
        }
        // Rings that never started still have members who wait.
        let waiting: Vec<bool> = self.played.iter().map(|played| !played).collect();
        if waiting.contains(&true) {
            self.play_those(&waiting, |_, _| true);
        }
        end
    }

    /// When the first decision lands that is more than a run may have. Some of the ledger were taken ahead and land
    /// later than those that are still to be found.
    fn beyond_the_limit(&self) -> Option<SimTime> {
        let mut landings: Vec<SimTime> = self.ledger.firings.iter().map(|firing| firing.landed).collect();
        landings.sort_unstable();
        landings.get(self.world.plan.management.max_decisions).copied()
    }

    /// Nothing from `at` on was decided, so nothing from there on is told.
    fn end_early(&mut self, at: SimTime) {
        self.closed.log.retain(|logged| logged.at <= at);
        self.closed.decisions.retain(|decision| decision.landed <= at);
        self.replay(&vec![true; self.played.len()], at);
    }

    /// True if what was decided before the last rings were played is what is decided with them.
    fn confirmed(&self) -> bool {
        let World { plan, luck, .. } = self.world;
        let Some(census) = &self.census else { return false };
        let Self { tally, closed, ledger, .. } = self;
        let landed = ledger.firings.iter().map(|firing| firing.landed);
        let last = landed.chain(ledger.openings.iter().map(|opening| opening.judged)).max();
        let last = last.unwrap_or(SimTime(0));
        let stands = |opening: &Opening| {
            let judged = gate(plan, census, tally, opening.ring, opening.release);
            judged == Some((opening.judged, opening.seen))
        };
        ledger.openings.iter().all(stands)
            && next_gate(plan, census, &closed.known, tally).is_none_or(|gate| gate.judged > last)
            && confirm(plan, luck, census, tally, closed, ledger, last)
    }

    /// Forgets what was decided; all rings are played in the order of time.
    fn start_over(&mut self) -> Vec<bool> {
        let plan = self.world.plan;
        let rings = plan.rings.len();
        self.ledger = Ledger::default();
        self.closed = self.ledger.close(plan);
        self.tally = Tally::of_rings(plan, &vec![false; rings]);
        (self.played, self.later) = (vec![false; rings], vec![false; rings]);
        (self.ahead, self.judged) = (false, SimTime(0));
        vec![true; rings]
    }

    /// The first large ring that does not start with the first ones, and all that start no earlier, where rules may stop
    /// a release before it reaches them.
    fn later(&self) -> Vec<bool> {
        let plan = self.world.plan;
        let rings = plan.rings.len();
        // Calls come from devices that have not been offered anything too, and a desk serves all rings.
        let at_most = |repair: &Repair| repair.at_most_a_day.is_some();
        let desk = plan.defects.iter().any(|defect| defect.repair.as_ref().is_some_and(at_most));
        let first = (0..rings).map(|ring| self.start(ring)).min();
        let next = first.and_then(|first| self.large_ring_after(first, &vec![true; rings]));
        match next {
            Some(start) if !(plan.rules.is_empty() || desk || Reads::of(plan).tickets) => {
                (0..rings).map(|ring| self.start(ring) >= start).collect()
            }
            _ => vec![false; rings],
        }
    }

    /// Of the rings that are played last those that are played next: one large ring after the other as long as nothing
    /// is decided, for what the next one shows may spare its successors a second play; then all.
    fn next_of_later(&self) -> Vec<bool> {
        let starts = |ring: usize| self.later[ring].then(|| self.start(ring));
        let first = (0..self.later.len()).filter_map(starts).min();
        let open = self.ledger.firings.is_empty() && self.ledger.openings.is_empty();
        let end = first.filter(|_| open).and_then(|first| self.large_ring_after(first, &self.later));
        (0..self.later.len())
            .map(|ring| starts(ring).is_some_and(|at| end.is_none_or(|end| at < end)))
            .collect()
    }

    /// When the first large one of `rings` starts that starts later than `first`. A pass over the fleet costs what a few
    /// per cent of the lives do, so smaller ones are not worth one.
    fn large_ring_after(&self, first: SimTime, rings: &[bool]) -> Option<SimTime> {
        let about = &self.membership.about;
        let largest = (0..about.len()).max_by_key(|&ring| about[ring]);
        let least = (self.world.plan.devices() / 16).max(8_192);
        let large = |&ring: &usize| rings[ring] && (about[ring] >= least || Some(ring) == largest);
        let starts = (0..about.len()).filter(large).map(|ring| self.start(ring));
        starts.filter(|&start| start > first && start < SimTime::NEVER).min()
    }

    /// When a ring is first offered anything, as far as that is known.
    fn start(&self, ring: usize) -> SimTime {
        let releases = (0..self.world.plan.releases.len()).map(|r| ReleaseId(r as u16));
        let offers = releases.filter_map(|release| self.closed.known.offer(RingId(ring as u16), release));
        offers.min().unwrap_or(SimTime::NEVER)
    }

    /// True if the devices of a ring have something to live for: an offer, or calls that a rule counts.
    fn starts(&self, ring: usize) -> bool {
        self.start(ring) < SimTime::NEVER || Reads::of(self.world.plan).tickets
    }

    /// Plays the lives of those of the `marked` rings that are `ready`, and again where the queue for repair
    /// changes them.
    fn play_those(&mut self, marked: &[bool], ready: impl Fn(&Self, usize) -> bool) {
        let plan = self.world.plan;
        let mut rings: Vec<bool> = (0..marked.len()).map(|r| marked[r] && ready(self, r)).collect();
        while self.census.is_none() || rings.contains(&true) {
            self.replay(&rings, plan.horizon);
            if self.world.watch.stopped() {
                return;
            }
            let requests = |tally: &Tally| -> Vec<Request> {
                tally.rings.iter().flat_map(|ring| ring.requests.iter().copied()).collect()
            };
            let known = &self.closed.known;
            let schedule = desk::schedule(plan, requests(&self.tally));
            if schedule == known.repairs() {
                return;
            }
            let mut fresh = known.clone();
            fresh.set_repairs(schedule);
            let begins = |known: &Known, r: &Request| known.repair(r.key, r.defect, r.asked);
            rings = (0..rings.len())
                .map(|ring| {
                    let mut of_ring = self.tally.rings[ring].requests.iter();
                    of_ring.any(|request| begins(known, request) != begins(&fresh, request))
                })
                .collect();
            self.closed.known = fresh;
        }
    }

    /// About how many lives a pass over the marked rings is worth, if that is known; to see which ring somebody is in
    /// takes less than an eighth of a life.
    fn busy(&self, rings: &[bool]) -> Option<u64> {
        let about = &self.membership.about;
        let marked = (0..rings.len()).filter(|&ring| rings[ring]);
        let lives: Option<u64> = marked.map(|ring| Some(about[ring]).filter(|&n| n > 0)).sum();
        lives.map(|lives| lives.max(self.world.plan.devices() / 8))
    }

    /// Plays the lives of the marked rings and puts their counts in the place of the old ones; the first time it
    /// also counts who is where, and of each ring what its devices are.
    fn replay(&mut self, rings: &[bool], until: SimTime) {
        let World { plan, luck, .. } = self.world;
        let first = self.census.is_none();
        let uncounted: Vec<bool> = rings.iter().zip(&self.counted).map(|(ring, c)| *ring && !c).collect();
        let background = plan.background.failures.is_some() || plan.background.tickets.is_some();
        let sees = background || Reads::of(plan) != Reads::default() || !plan.defects.is_empty();
        let setting = Setting { plan, luck, odds: self.odds, known: &self.closed.known, sees, until };
        let of_lives = plan.attributes_of_lives();
        let wanted = Some(&of_lives[..]).filter(|_| !first && !uncounted.contains(&true));
        let is_wanted = |seat: Seat| if let Seat::In(ring) = seat { rings[ring.0 as usize] } else { first };
        let roll = Roll::new(plan, luck, &self.membership.rungs(plan), |seat| first || is_wanted(seat));
        type Sums<'a> = (Tally, Census, Lives<'a>);
        let take = |(sum, census, lives): &mut Sums<'_>, seat: Seat, device: &Device<'_>, count: u64| {
            let Seat::In(ring) = seat else { return census.count(device, seat, count) };
            if uncounted[ring.0 as usize] {
                census.count(device, seat, count);
            }
            lives.take(ring, device, count, sum);
        };
        let ((mut fresh, counted, _), _) = fold_ranges(
            World { busy: self.busy(rings), ..self.world },
            || {
                let sums = (Tally::of_rings(plan, rings), Census::new(plan), Lives::new(setting));
                (sums, Gather::new(&roll, wanted))
            },
            |(sums, gather), range| {
                roll.call(range, |run| {
                    if first {
                        sums.1.seat(run.seat, run.count);
                    }
                    if is_wanted(run.seat) {
                        gather.take(run, &mut |seat, device, count| take(sums, seat, device, count));
                    }
                });
            },
            |(sums, gather)| {
                gather.finish(&mut |seat, device, count| take(sums, seat, device, count));
                sums.2.finish(&mut sums.0, self.world.watch);
            },
            |(a, _), (b, _)| {
                a.0.add(&b.0);
                a.1.add(&b.1);
            },
        );
        self.census.get_or_insert_with(|| Census::new(plan)).add(&counted);
        for ring in (0..rings.len()).filter(|&r| rings[r]) {
            self.tally.take_ring(RingId(ring as u16), &mut fresh);
            (self.counted[ring], self.played[ring]) = (true, true);
        }
    }

    /// Puts the decision that lands next into the ledger, and those that are as certain; gives back when it lands. One
    /// that rings which have not been played may have a say in is not taken.
    fn take_next(&mut self) -> Option<SimTime> {
        let plan = self.world.plan;
        let census = self.census.as_ref()?;
        let gate = next_gate(plan, census, &self.closed.known, &self.tally);
        let (luck, from) = (self.world.luck, self.judged);
        let firings = next_firings(plan, luck, census, &self.tally, &self.closed, &self.ledger, from);
        let firings = firings.map(|(mut all, mut judged)| {
            let unsure = all.iter().position(|firing| !self.is_sure(firing));
            let unsure = all.split_off(unsure.unwrap_or(all.len()));
            judged = unsure.iter().map(|firing| firing.fired).chain([judged]).min().unwrap_or(judged);
            (all, judged)
        });
        let firings = firings.filter(|(all, _)| !all.is_empty());
        let first = firings.as_ref().map_or(SimTime::NEVER, |(all, _)| all[0].landed);
        let at = match (gate, firings) {
            (Some(gate), _) if gate.judged <= first => {
                self.ledger.openings.push(gate);
                gate.judged
            }
            (_, Some((all, judged))) => {
                self.ledger.firings.extend(all);
                self.judged = judged;
                first
            }
            _ => return None,
        };
        let started =
            (0..self.later.len()).filter(|&ring| self.later[ring]).any(|ring| self.start(ring) < at);
        self.ahead |= started;
        Some(at)
    }

    /// True if the rings that are played last cannot have had a say in it: they do not count for the rule, or none of
    /// them had been offered the release, or a newer one that brings it along.
    fn is_sure(&self, firing: &Firing) -> bool {
        let plan = self.world.plan;
        let counts = |ring: usize| {
            plan.rules[firing.rule as usize].rings[ring]
                && firing.ring.is_none_or(|own| own.0 as usize == ring)
        };
        let begun = |ring: usize| {
            let mut newer = (firing.release.0..plan.releases.len() as u16).map(ReleaseId);
            let offer = |release| self.closed.known.offer(RingId(ring as u16), release);
            newer.any(|release| offer(release).is_some_and(|offered| offered < firing.fired))
        };
        !(0..self.later.len()).any(|ring| self.later[ring] && counts(ring) && begun(ring))
    }
}

/// The earliest gate that opens and is not in the ledger yet.
fn next_gate(plan: &Plan, census: &Census, known: &Known, tally: &Tally) -> Option<Opening> {
    let mut earliest: Option<Opening> = None;
    for (r, of_ring) in plan.rings.iter().enumerate() {
        let (Some(waits), ring) = (of_ring.gate, RingId(r as u16)) else { continue };
        for (i, next) in plan.releases.iter().enumerate() {
            let release = ReleaseId(i as u16);
            // An out-of-band release starts where the one that it follows has started.
            let by_itself = next.follows.is_none() && next.push.as_ref().is_none_or(|p| !p.ignores_rings);
            if !by_itself || known.offer(ring, release).is_some() {
                continue;
            }
            let Some((judged, seen)) = gate(plan, census, tally, ring, release) else { continue };
            if judged >= plan.horizon {
                continue;
            }
            let starts = plan.earliest_offer(ring, release).max(judged + waits.wait_s);
            if earliest.as_ref().is_none_or(|other| judged < other.judged) {
                earliest = Some(Opening { ring, release, judged, starts, seen });
            }
        }
    }
    earliest
}

/// When the gate of `ring` opens for `release`, judged at the end of each tick on what was reported by then, and what
/// was seen.
fn gate(
    plan: &Plan,
    census: &Census,
    tally: &Tally,
    ring: RingId,
    release: ReleaseId,
) -> Option<(SimTime, Seen)> {
    let gate = plan.rings[ring.0 as usize].gate?;
    // Of a ring that has not started nobody is reported, but its members are known.
    let of = census.ring_sizes[gate.after.0 as usize];
    let needed = libm::ceil(gate.share * of as f64 - 1e-9) as u64;
    let installed = tally.unit(gate.after, release).observed.installed.iter().copied();
    let mut sum = 0;
    // Nobody of a ring that has not been played is seen, and a share of nobody is reached at once.
    let seen = installed.chain(std::iter::repeat(0)).take(plan.clock_ticks(release));
    let tick = seen.map(|n| {
        sum += n;
        sum
    });
    let tick = tick.enumerate().find(|&(_, sum)| sum >= needed)?;
    let at = SimTime((plan.clock_from(release) + tick.0 as i64 + 1) * plan.tick_s);
    Some((at, Seen { patched: tick.1, of }))
}
