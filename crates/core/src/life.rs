//! The life of one device: scan, offer, download, install, restart, patched; and what interrupts it.
//!
//! ```text
//!  deferred --> waiting for scan --> downloading --> installing --> pending restart --> patched
//!      ^              |  ^               |              |                                  |
//!      |           paused              failed ------> retrying --> needs attention         |
//!      +------------- next release, or the same again after a rollback or a repair <-------+
//! ```
//!
//! One place, one order; docs/model.md describes the same chain in words. A life is played straight through
//! under the decisions known so far and depends on nothing but (plan, luck, device, decisions). It is played in
//! legs: each goes on until the device runs another build, or until the next interruption of the build that it
//! runs (a defect that takes it down, an uninstall), which `interrupt.rs` plays. Within one second the chain comes
//! first, then a defect, then a command.

use crate::{
    control::Known,
    device::Device,
    draws::{Luck, Purpose, high64, low64},
    harm::Harm,
    interrupt::Interruption,
    memo::{Draws, Table},
    odds::Odds,
    plan::{DefectId, Habit, HabitAtSite, Plan, ReleaseId, RingId},
    presence::{AwayKind, Presence, Scratch},
    sight::Seen,
    steps::{Blocker, Sink, Step},
    time::SimTime,
    windows::{Span, Windows},
};

/// What lives are played in.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The luck of the replication.
    pub luck: &'a Luck,
    /// Who is prone to what.
    pub odds: &'a Odds,
    /// The decisions so far.
    pub known: &'a Known,
    /// Whether what can be seen of the device is wanted.
    pub sees: bool,
    /// Where play ends: at the plan's horizon, or earlier.
    pub until: SimTime,
}

/// Memory that lives are played in; one per worker.
#[derive(Debug, Default)]
pub struct LifeScratch {
    table: Table,
    presence: Scratch,
    lists: Lists,
}

/// What a life keeps of itself.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// Per release, what holds for this device.
    pub offers: Vec<Offer>,
    /// What it ran, in order.
    pub builds: Vec<Build>,
    /// The releases that it runs on top of each other: an uninstall takes the last one off.
    pub stack: Vec<usize>,
    /// Sorted stretches in which this device takes no new offer.
    pub held: Vec<Span>,
    /// By defect: whether it is prone, and whether a repair has worked around it.
    pub prone: Vec<bool>,
    pub worked_around: Vec<bool>,
    /// Defects that showed.
    pub harms: Vec<Harm>,
    /// True events that somebody could see.
    pub notable: Vec<(SimTime, Step)>,
    /// What was seen, and when the device ran a release: kept for their memory alone.
    pub seen: Seen,
    pub covered: Vec<Span>,
}

/// What holds for a device and a release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    published: SimTime,
    /// The end of the watch, as far as it is played.
    pub watched_until: SimTime,
    /// When this device may be offered it (`NEVER`: not at all), and the last second in which it is.
    pub offerable: SimTime,
    pub offered_until: SimTime,
    /// When the objective passes, and what blocked the device then.
    objective: SimTime,
    late_by: Option<Blocker>,
}

/// A stretch in which a device runs one build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    /// The release; `None`: whatever it ran before the first one.
    pub release: Option<usize>,
    /// When the restart into it began.
    pub restarted: SimTime,
    /// When it ran.
    pub from: SimTime,
}

/// Plays the life of `device`, a member of `ring`, into `sink`.
pub fn play<S: Sink>(
    setting: Setting<'_>,
    ring: RingId,
    device: &Device<'_>,
    scratch: &mut LifeScratch,
    sink: &mut S,
) {
    let Setting { plan, luck, odds, known, .. } = setting;
    let (habit, at_site) = device.habit(plan);
    let LifeScratch { table, presence, lists } = scratch;
    let draws = Draws::new(luck, device.key, table);
    let presence = Presence::new(plan, draws, device, habit, at_site, presence);
    let (policy_conflict, coin_disk) = presence.blocked();
    let little_disk = device.listed.and_then(|l| l.little_disk).unwrap_or(coin_disk);
    let every_hour = presence.always || !plan.device.needs_online.scan;
    lists.prone.clear();
    lists.prone.extend(
        (0..plan.defects.len())
            .map(|d| odds.prone(plan, luck, DefectId(d as u16), device.key, device.values)),
    );
    let sound = !lists.prone.contains(&true);
    let mut life = Life {
        plan,
        draws,
        known,
        sees: setting.sees,
        ring,
        key: device.key,
        habit,
        at_site,
        presence,
        every_hour,
        sound,
        policy_conflict,
        little_disk,
        disk_freed: false,
        lists,
        holds: known.restart_holds(ring),
        last_scan: None,
        offered: SimTime::NEVER,
        next: 0,
        in_hand: None,
        horizon: setting.until,
        cut: setting.until,
        last: setting.until,
        heard: SimTime::ALWAYS,
        up: SimTime::ALWAYS,
        booting: SimTime::NEVER,
        sink,
    };
    life.collect_offers();
    life.collect_pauses();
    life.live();
    life.leave(setting.until);
    let seen = life.see();
    life.sink.held(&life.lists.held);
    life.settle(&seen);
    life.lists.seen = seen;
}

/// One life in progress. `scan.rs` says when it looks for updates, `install.rs` how a
/// release gets on, `restart.rs` how that ends,
/// `interrupt.rs` what cuts in, `harm.rs` which defects show, `sight.rs` what can be seen of it.
#[derive(Debug)]
pub(crate) struct Life<'a, S> {
    pub(crate) plan: &'a Plan,
    pub(crate) draws: Draws<'a>,
    pub(crate) known: &'a Known,
    pub(crate) sees: bool,
    pub(crate) ring: RingId,
    pub(crate) key: u64,
    pub(crate) habit: &'a Habit,
    pub(crate) at_site: &'a HabitAtSite,
    pub(crate) presence: Presence<'a>,
    /// It scans day and night (but while it is down).
    pub(crate) every_hour: bool,
    /// It is not prone to anything.
    pub(crate) sound: bool,
    policy_conflict: bool,
    pub(crate) little_disk: bool,
    pub(crate) disk_freed: bool,
    pub(crate) lists: &'a mut Lists,
    /// Stretches in which a freeze holds this ring's restarts.
    pub(crate) holds: &'a Windows,
    pub(crate) last_scan: Option<SimTime>,
    /// When the release in hand was offered.
    pub(crate) offered: SimTime,
    /// The oldest release that it would take.
    pub(crate) next: usize,
    /// The release that is being downloaded, installed or restarted into.
    pub(crate) in_hand: Option<usize>,
    /// Where play ends.
    pub(crate) horizon: SimTime,
    /// End of the leg: nothing of the chain happens after its second `last`, and what blocked the device until
    /// then blocked it until `cut`.
    pub(crate) cut: SimTime,
    pub(crate) last: SimTime,
    /// Commands received up to here have had their say.
    pub(crate) heard: SimTime,
    /// When the restart began that is under way ([`SimTime::NEVER`]: none is).
    pub(crate) booting: SimTime,
    /// Since when it has not been down.
    pub(crate) up: SimTime,
    pub(crate) sink: &'a mut S,
}

impl<S: Sink> Life<'_, S> {
    fn collect_offers(&mut self) {
        let lists = &mut *self.lists;
        lists.offers.clear();
        lists.builds.clear();
        lists.builds.push(Build { release: None, restarted: SimTime::ALWAYS, from: SimTime::ALWAYS });
        lists.stack.clear();
        lists.worked_around.clear();
        lists.worked_around.resize(self.plan.defects.len(), false);
        lists.harms.clear();
        lists.notable.clear();
        for i in 0..self.plan.releases.len() {
            let id = ReleaseId(i as u16);
            let at = self.offer_of(id);
            let release = &self.plan.releases[i];
            let watched_until = release.watched_until.min(self.horizon);
            self.lists.offers.push(Offer {
                published: release.published,
                watched_until,
                offerable: at,
                offered_until: self.known.withdrawn(id),
                objective: self.objective_of(id, at).min(watched_until),
                late_by: None,
            });
        }
    }

    /// From when on `release` may be offered to this device. Releases come in order.
    fn offer_of(&self, id: ReleaseId) -> SimTime {
        let release = &self.plan.releases[id.0 as usize];
        if let (Some(followed), None) = (release.follows, &release.push) {
            return self.lists.offers[followed.0 as usize].offerable.max(release.published);
        }
        let Some(start) = self.known.offer(self.ring, id) else { return SimTime::NEVER };
        if release.push.as_ref().is_some_and(|push| push.ignores_rings) {
            return start;
        }
        let ramp = &self.plan.rings[self.ring.0 as usize].ramp;
        if ramp.is_at_once() {
            return start;
        }
        let word = if ramp.keeps_order {
            high64(self.draws.block(Purpose::Ring, 0))
        } else {
            low64(self.draws.block(Purpose::RampPlace, release.key))
        };
        let delay = ramp.delay_s(word as f64 / 18_446_744_073_709_551_616.0);
        delay.map_or(SimTime::NEVER, |delay| start + delay)
    }

    /// When the objective passes for this device: the ring's instant, or the later one of a device that was
    /// not there while its ring was due.
    fn objective_of(&self, release: ReleaseId, offerable: SimTime) -> SimTime {
        let ring = &self.plan.rings[self.ring.0 as usize];
        let due = self.plan.objective_at(self.ring, release);
        let late =
            ring.returned_objective_s.filter(|_| !self.presence.always && offerable < self.plan.horizon);
        late.map_or(due, |after_return| {
            let active_until = offerable + ring.deadline_s.unwrap_or(0);
            match self.presence.online(offerable) {
                Some(span) if span.from > active_until => due.max(span.from + after_return),
                _ => due,
            }
        })
    }

    /// Leg by leg to the end of play.
    fn live(&mut self) {
        let horizon = self.horizon;
        let mut now = self.plan.releases.first().map_or(horizon, |r| r.published);
        while now < horizon {
            let mut next = self.next_interruption();
            self.leg(next);
            let then = self.advance(now);
            if self.booting < SimTime::NEVER {
                // A restart into another build was under way.
                next = self.next_interruption();
                self.booting = SimTime::NEVER;
            }
            now = match (then, next) {
                (Some(then), _) => then,
                (None, Some((at, what))) => {
                    self.in_hand = None;
                    (self.cut, self.last) = (horizon, SimTime(horizon.0 - 1));
                    match what {
                        Interruption::Down(defect) => self.go_down(at, defect),
                        Interruption::Uninstall(release) => self.uninstall(at, release),
                    }
                }
                (None, None) => return,
            };
        }
    }

    /// A leg ends with the next interruption, or with the play.
    pub(crate) fn leg(&mut self, next: Option<(SimTime, Interruption)>) {
        let horizon = self.horizon;
        (self.cut, self.last) = match next {
            Some((at, _)) => (at, at),
            None => (horizon, SimTime(horizon.0 - 1)),
        };
    }

    /// True if a step of the chain can happen at `t` in this leg.
    pub(crate) fn fits(&self, t: SimTime) -> bool {
        t <= self.last
    }

    /// Goes on from `now`: one release, up to its patch (or to giving it up). `None`: the leg is over.
    fn advance(&mut self, now: SimTime) -> Option<SimTime> {
        let waits = if self.next > self.on().map_or(0, |on| on + 1) {
            Blocker::NeedsAttention
        } else {
            Blocker::Deferred
        };
        let from = self.next_offer(self.next, now).filter(|&t| self.fits(t));
        let Some(from) = from else {
            self.emit(now, self.cut, waits);
            return None;
        };
        self.emit(now, from, waits);
        if self.plan.releases[self.next].push.is_some() {
            return self.arrive(from);
        }
        if self.policy_conflict {
            self.emit(from, self.cut, Blocker::PolicyConflict);
            return None;
        }
        let Some(scan) = self.scan(self.next, from).filter(|&t| self.fits(t)) else {
            self.wait(from, self.cut);
            return None;
        };
        self.last_scan = Some(scan);
        let Some(target) = self.newest(self.next, scan) else {
            self.wait(from, scan + 1);
            return Some(scan + 1);
        };
        self.wait(from, scan);
        self.take(target, scan);
        self.install(target, scan)
    }

    /// The release that the device runs.
    pub(crate) fn on(&self) -> Option<usize> {
        self.lists.stack.last().copied()
    }

    /// The first instant at or after `t` at which a release from `next` on may be offered.
    pub(crate) fn next_offer(&self, next: usize, t: SimTime) -> Option<SimTime> {
        let of = |offer: &Offer| {
            let at = offer.offerable.max(t);
            (at <= offer.offered_until && at < SimTime::NEVER).then_some(at)
        };
        self.lists.offers.get(next..)?.iter().filter_map(of).min()
    }

    /// The newest release that is offered at `t`, `next` at the oldest.
    pub(crate) fn newest(&self, next: usize, t: SimTime) -> Option<ReleaseId> {
        let offered = |offer: &Offer| offer.offerable <= t && t <= offer.offered_until;
        let newer = self.lists.offers.get(next..)?.iter().rposition(offered)?;
        Some(ReleaseId((next + newer) as u16))
    }

    pub(crate) fn take(&mut self, target: ReleaseId, at: SimTime) {
        self.offered = at;
        self.in_hand = Some(target.0 as usize);
        self.note(at, Step::Offered(target));
    }

    /// Pushed content: it comes when the device is on, and that is all.
    fn arrive(&mut self, now: SimTime) -> Option<SimTime> {
        let plan = self.plan;
        let arrival = |i: usize| {
            let release = &plan.releases[i];
            let push = release.push.as_ref()?;
            let n = release.key << 8;
            let takes = self.draws.sample(&push.reaches, Purpose::Rollout, n, 3);
            let Offer { offerable, offered_until, .. } = self.lists.offers[i];
            let at = self.presence.online(now.max(offerable + takes))?.from;
            (at <= offered_until).then_some(at)
        };
        let first = (self.next..plan.releases.len()).filter_map(arrival).min().filter(|&t| self.fits(t));
        let Some(at) = first else {
            self.emit(now, self.cut, Blocker::WaitingForScan);
            return None;
        };
        self.emit(now, at, Blocker::WaitingForScan);
        let target = self.newest(self.next, at).expect("invariant: something arrived that is offered");
        self.take(target, at);
        self.enter(target, at, at);
        Some(at)
    }

    /// From `at` on the device runs `target`, after a restart that began at `restarted`.
    pub(crate) fn enter(&mut self, target: ReleaseId, restarted: SimTime, at: SimTime) {
        self.note(at, Step::Patched(target));
        self.leave(at);
        self.end_failing(at);
        let release = target.0 as usize;
        self.lists.stack.push(release);
        self.lists.builds.push(Build { release: Some(release), restarted, from: at });
        (self.next, self.in_hand) = (release + 1, None);
        self.booting = SimTime::NEVER;
    }

    /// Takes a step and keeps it in mind for those who look.
    pub(crate) fn note(&mut self, at: SimTime, step: Step) {
        self.sink.step(at, step);
        if self.sees {
            self.lists.notable.push((at, step));
        }
    }

    /// Waiting for a scan over `[from, to)`, paused where the device knows of a hold.
    fn wait(&mut self, from: SimTime, to: SimTime) {
        let mut t = from;
        for i in 0..self.lists.held.len() {
            let held = self.lists.held[i];
            if held.to <= t || held.from >= to {
                continue;
            }
            self.emit(t, held.from.max(t), Blocker::WaitingForScan);
            self.emit(held.from.max(t), held.to.min(to), Blocker::Paused);
            t = held.to.min(to);
        }
        self.emit(t, to, Blocker::WaitingForScan);
    }

    /// Says that the device is blocked by `blocker`, or by an absence where that takes precedence.
    pub(crate) fn emit(&mut self, from: SimTime, to: SimTime, blocker: Blocker) {
        if from >= to {
            return;
        }
        if blocker < Blocker::NoHeartbeat || self.presence.is_never_away() {
            self.project(from, to, blocker);
            return;
        }
        let mut t = from;
        while t < to {
            let (end, kind) = self.presence.absence_at(t, to);
            let what = match kind {
                None => blocker,
                Some(AwayKind::Absent) => Blocker::Away,
                Some(AwayKind::Down) => Blocker::Down,
                Some(AwayKind::Gone) => Blocker::NoHeartbeat,
            };
            self.project(t, end, what);
            t = end;
        }
    }

    /// Tells each release that the device does not run what keeps it back over `[from, to)`.
    fn project(&mut self, from: SimTime, to: SimTime, blocker: Blocker) {
        for i in self.on().map_or(0, |on| on + 1)..self.lists.offers.len() {
            let Offer { published, watched_until, offerable, offered_until: last, .. } = self.lists.offers[i];
            if to <= published {
                // So are all newer ones.
                return;
            }
            let (from, to) = (from.max(published), to.min(watched_until));
            if from >= to {
                continue;
            }
            let begun = offerable.max(from).min(to);
            self.block(i, from, begun, Blocker::Deferred);
            if last >= to || self.in_hand.is_some_and(|hand| hand >= i) {
                self.block(i, begun, to, blocker);
                continue;
            }
            let withdrawn = (last + 1).max(begun).min(to);
            self.block(i, begun, withdrawn, blocker);
            self.project_withdrawn(i, withdrawn, to, blocker);
        }
    }

    /// Once withdrawn, a release waits for a newer one that brings it along.
    #[cold]
    fn project_withdrawn(&mut self, release: usize, from: SimTime, to: SimTime, blocker: Blocker) {
        let again = self.next_offer(release + 1, from).unwrap_or(to).clamp(from, to);
        self.block(release, from, again, Blocker::Deferred);
        self.block(release, again, to, blocker);
    }

    #[inline]
    fn block(&mut self, release: usize, from: SimTime, to: SimTime, what: Blocker) {
        if from >= to {
            return;
        }
        self.sink.blocked(ReleaseId(release as u16), from, to, what);
        let offer = &mut self.lists.offers[release];
        // The objective may pass at the very end of the watch, after the last stretch.
        let at_end = offer.objective == to && to == offer.watched_until;
        if from <= offer.objective && (offer.objective < to || at_end) {
            offer.late_by = Some(what);
        }
    }

    /// When the objective of `release` passes for this device, whether the device counts for it, whether it was
    /// connected enough, and what blocked it then.
    pub(crate) fn judged(&self, release: usize) -> (SimTime, bool, bool, Option<Blocker>) {
        let rule = self.plan.device.connectivity;
        let ring = &self.plan.rings[self.ring.0 as usize];
        let Offer { published, objective: due, late_by, .. } = self.lists.offers[release];
        let heard_from = SimTime(due.0 - self.plan.objective.heard_within_s);
        let heard = || self.presence.online(heard_from).is_some_and(|span| span.from <= due);
        let connected = self.presence.connected(published, rule.total_s, rule.continuous_s, due).is_some();
        let eligible = ring.in_objective
            && !self.scheduled()
            && !self.policy_conflict
            && !self.little_disk
            && connected
            && heard();
        (due, eligible, connected, late_by)
    }
}
