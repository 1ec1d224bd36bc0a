//! The control plane: the few decisions of a rollout, and what devices can know of them.
//!
//! Events of one second are ordered by class, then by sequence:
//!
//! | class | event | why it stands there |
//! |---|---|---|
//! | 0 | `Published` | everything else of that second may be about the new release |
//! | 1 | `FreezeEnds` | of two freezes that touch, the second must still hold at the seam |
//! | 2 | `FreezeBegins` | a ring whose deferral ends at the second a freeze begins is frozen, not offered |
//! | 3 | `RingStarts` | an offer of this second is not yet visible to anyone who judges this second |
//! | 4 | `GateJudged` | uses only what was visible before; what it starts lands at this second or later |
//! | 5 | `PauseEnds`, `Landed` of a resume | a new pause of the second at which the old one ends stands |
//! | 6 | `Landed` of everything else | decided on what was visible before this second |
//!
//! Within a second devices act first: what a device does at t is decided by decisions that landed before or at
//! t, and a decision at t has seen only what was visible before the end of t.
//!
//! [`Ledger::close`] plays the whole control plane through, from the calendar and the decisions taken so far: there
//! is one place that knows precedence, expiry and what a newer decision strikes out.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{
    outcome::{By, Decision, Effect, Saw, TrueThen},
    plan::{Act, DefectId, FreezeBy, Plan, Reach, ReleaseId, RingId, Side},
    time::SimTime,
    windows::{Span, Windows},
};

/// Something that happens to the rollout rather than to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The release exists.
    Published(ReleaseId),
    /// A freeze (index into the plan) ends; with `FreezeBy::Pause` a resume command goes out.
    FreezeEnds(u16),
    /// A freeze begins; with `FreezeBy::Pause` a pause command goes out.
    FreezeBegins(u16),
    /// A ring may be offered the release from now on.
    RingStarts(RingId, ReleaseId),
    /// The gate of a ring was judged open.
    GateJudged(RingId, ReleaseId, Seen),
    /// A ring's pause ends by itself: as planned when it was ordered, or because it has expired.
    PauseEnds(RingId, PauseEnd),
    /// A decision (index into [`crate::outcome::Outcome::decisions`]) lands.
    Landed(u32),
}

/// Why a pause ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseEnd {
    /// It was ordered for so long.
    Planned,
    /// Devices end it themselves.
    Expired,
}

/// What a gate saw: devices of the ring waited for that were reported installed, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Reported installed.
    pub patched: u64,
    /// Registered devices of that ring.
    pub of: u64,
}

impl Event {
    fn class(&self) -> u8 {
        match self {
            Event::Published(_) => 0,
            Event::FreezeEnds(_) => 1,
            Event::FreezeBegins(_) => 2,
            Event::RingStarts(..) => 3,
            Event::GateJudged(..) => 4,
            Event::PauseEnds(..) => 5,
            Event::Landed(_) => 6,
        }
    }
}

/// An event and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When.
    pub at: SimTime,
    /// What.
    pub event: Event,
}

/// A pause as a ring's devices come to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it was ordered.
    pub from: SimTime,
    /// When its end was ordered ([`SimTime::NEVER`]: not at all).
    pub to: SimTime,
    /// When it ends on the device by itself.
    pub expires: SimTime,
    /// The release whose uninstall it comes with.
    pub with: Option<ReleaseId>,
    /// Nobody ordered its end: a newer pause took its place at `to`.
    pub replaced: bool,
}

/// The decisions so far, in the form in which a device's life asks for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    releases: usize,
    offers: Vec<Option<SimTime>>,
    rings: Vec<RingKnown>,
    withdrawn: Vec<SimTime>,
    switched_off: Vec<SimTime>,
    /// When repair begins, by (device, defect, request); sorted.
    repairs: Vec<((u64, DefectId, SimTime), SimTime)>,
}

/// What the devices of one ring can know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RingKnown {
    /// Ordered by freezes, and by everybody else: a device is held while either holds.
    freezes: Vec<Pause>,
    pauses: Vec<Pause>,
    no_offers: Vec<Span>,
    holds: Windows,
    uninstalls: Vec<(SimTime, ReleaseId)>,
}

impl Known {
    fn nothing(plan: &Plan) -> Self {
        let rings = plan.rings.len();
        let holds = |ring: usize| {
            let frozen = plan.freezes.iter().filter(|f| f.rings[ring] && f.by == FreezeBy::HoldRestarts);
            Windows::new(frozen.flat_map(|f| f.spans.iter().copied()).collect())
        };
        Self {
            releases: plan.releases.len(),
            offers: vec![None; rings * plan.releases.len()],
            rings: (0..rings).map(|r| RingKnown { holds: holds(r), ..RingKnown::default() }).collect(),
            withdrawn: vec![SimTime::NEVER; plan.releases.len()],
            switched_off: vec![SimTime::NEVER; plan.defects.len()],
            repairs: Vec::new(),
        }
    }

    /// When `ring` starts with `release`, if that is decided.
    pub fn offer(&self, ring: RingId, release: ReleaseId) -> Option<SimTime> {
        self.offers[ring.0 as usize * self.releases + release.0 as usize]
    }

    /// Pauses of `ring`: those of freezes, and those that somebody ordered, each in its order.
    pub fn pauses(&self, ring: RingId) -> [&[Pause]; 2] {
        let known = &self.rings[ring.0 as usize];
        [&known.freezes, &known.pauses]
    }

    /// Stretches in which nothing new is offered, without any delay.
    pub fn no_offers(&self, ring: RingId) -> &[Span] {
        &self.rings[ring.0 as usize].no_offers
    }

    /// Stretches in which restarts are held.
    pub fn restart_holds(&self, ring: RingId) -> &Windows {
        &self.rings[ring.0 as usize].holds
    }

    /// Uninstall commands for `ring`: when they landed and for which release.
    pub fn uninstalls(&self, ring: RingId) -> &[(SimTime, ReleaseId)] {
        &self.rings[ring.0 as usize].uninstalls
    }

    /// The last second in which `release` is offered.
    pub fn withdrawn(&self, release: ReleaseId) -> SimTime {
        self.withdrawn[release.0 as usize]
    }

    /// When the order to switch `defect` off landed.
    pub fn switched_off(&self, defect: DefectId) -> SimTime {
        self.switched_off[defect.0 as usize]
    }

    /// When the repair that a device asked for at `asked` begins, as far as it is known.
    pub fn repair(&self, key: u64, defect: DefectId, asked: SimTime) -> Option<SimTime> {
        let at = self.repairs.binary_search_by_key(&(key, defect, asked), |(request, _)| *request).ok()?;
        Some(self.repairs[at].1)
    }

    /// What was known of commands before `at`: as if none had landed from then on. (Ring starts and repairs stay.)
    pub(crate) fn before(&self, at: SimTime) -> Known {
        let mut known = self.clone();
        for ring in &mut known.rings {
            ring.pauses.retain(|pause| pause.from < at);
            let open = ring.pauses.iter_mut().filter(|pause| pause.to >= at);
            open.for_each(|pause| pause.to = SimTime::NEVER);
            ring.uninstalls.retain(|(landed, _)| *landed < at);
        }
        for landed in known.withdrawn.iter_mut().chain(&mut known.switched_off) {
            if *landed >= at {
                *landed = SimTime::NEVER;
            }
        }
        known
    }

    /// All repairs that wait for a desk; sorted.
    pub fn repairs(&self) -> &[((u64, DefectId, SimTime), SimTime)] {
        &self.repairs
    }

    pub(crate) fn set_repairs(&mut self, repairs: Vec<((u64, DefectId, SimTime), SimTime)>) {
        self.repairs = repairs;
    }

    /// For each ring, whether its devices could live otherwise under `other` (repairs aside).
    pub(crate) fn differs(&self, other: &Known) -> Vec<bool> {
        let everywhere = self.withdrawn != other.withdrawn || self.switched_off != other.switched_off;
        let offers = |known: &Known, ring: usize| -> Vec<Option<SimTime>> {
            known.offers[ring * known.releases..(ring + 1) * known.releases].to_vec()
        };
        (0..self.rings.len())
            .map(|r| everywhere || self.rings[r] != other.rings[r] || offers(self, r) != offers(other, r))
            .collect()
    }
}

/// A rule that fired and was acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Firing {
    pub rule: u16,
    /// Which firing of the rule, from 0.
    pub nth: u32,
    pub release: ReleaseId,
    pub ring: Option<RingId>,
    pub fired: SimTime,
    pub noticed: SimTime,
    pub decided: SimTime,
    pub landed: SimTime,
    pub saw: Saw,
    pub truth: TrueThen,
}

/// A gate that was judged open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub ring: RingId,
    pub release: ReleaseId,
    pub judged: SimTime,
    pub starts: SimTime,
    pub seen: Seen,
}

/// What has been decided by looking at the rollout; everything else follows from the plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub openings: Vec<Opening>,
    pub firings: Vec<Firing>,
}

/// The control plane played through.
#[derive(Debug)]
pub(crate) struct Closed {
    pub known: Known,
    pub log: Vec<Logged>,
    pub decisions: Vec<Decision>,
    /// For each firing of the ledger: when the first ring that it was about stopped being paused.
    pub ended: Vec<Option<SimTime>>,
}

/// What waits in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Event(Event),
    /// A pause of a ring ends if it is still the one with this number.
    PauseEnds(RingId, u32, PauseEnd),
    Script(u16),
    /// Index into the ledger's firings, index into the rule's acts.
    Firing(u32, u16),
}

/// Order within one class and second: when it fired, rule (scripts first), release, ring, act or sequence.
type Order = (SimTime, u32, u16, u16, u64);

struct Books<'a> {
    plan: &'a Plan,
    ledger: &'a Ledger,
    queue: BinaryHeap<Reverse<(SimTime, u8, Order, Item)>>,
    sequence: u64,
    closed: Closed,
    /// Per ring: whose pause stands, its number, and whether it stands at all.
    standing: Vec<Option<(Side, u32)>>,
    pauses: u32,
    /// Freezes in force per ring: (by pause, ideal). Where several overlap, the last that ends counts.
    depth: Vec<(u16, u16)>,
    /// Rings that each firing was about.
    about: Vec<Vec<bool>>,
    /// Firings that have landed and wait for a ring of theirs to stop being paused.
    waiting: Vec<usize>,
}

impl Ledger {
    /// Plays the control plane through up to the end of play.
    pub(crate) fn close(&self, plan: &Plan) -> Closed {
        let rings = plan.rings.len();
        let mut books = Books {
            plan,
            ledger: self,
            queue: BinaryHeap::new(),
            sequence: 0,
            closed: Closed {
                known: Known::nothing(plan),
                log: Vec::new(),
                decisions: Vec::new(),
                ended: vec![None; self.firings.len()],
            },
            standing: vec![None; rings],
            pauses: 0,
            depth: vec![(0, 0); rings],
            about: vec![vec![false; rings]; self.firings.len()],
            waiting: Vec::new(),
        };
        books.open();
        while let Some(Reverse((at, _, _, item))) = books.queue.pop() {
            books.book(at, item);
        }
        books.closed
    }
}

impl Books<'_> {
    fn push(&mut self, at: SimTime, event: Event) {
        self.sequence += 1;
        let order = (SimTime(0), 0, 0, 0, self.sequence);
        self.queue.push(Reverse((at, event.class(), order, Item::Event(event))));
    }

    /// Everything that is certain from the start.
    fn open(&mut self) {
        let plan = self.plan;
        for (i, release) in plan.releases.iter().enumerate() {
            let id = ReleaseId(i as u16);
            self.push(release.published, Event::Published(id));
            for (r, ring) in plan.rings.iter().enumerate() {
                let past_rings = release.push.as_ref().is_some_and(|push| push.ignores_rings);
                if past_rings || (ring.gate.is_none() && release.follows.is_none()) {
                    let ring = RingId(r as u16);
                    self.push(plan.earliest_offer(ring, id), Event::RingStarts(ring, id));
                }
            }
        }
        for (i, freeze) in plan.freezes.iter().enumerate() {
            for span in &freeze.spans {
                self.push(span.from, Event::FreezeBegins(i as u16));
                self.push(span.to, Event::FreezeEnds(i as u16));
            }
        }
        for opening in &self.ledger.openings {
            let Opening { ring, release, judged, starts, seen } = *opening;
            self.push(judged, Event::GateJudged(ring, release, seen));
            self.push(starts, Event::RingStarts(ring, release));
        }
        let class = |act: &Act| if matches!(act, Act::Resume { .. }) { 5 } else { 6 };
        for (i, script) in plan.scripted.iter().enumerate() {
            let order = (script.at, 0, 0, 0, i as u64);
            self.queue.push(Reverse((script.at, class(&script.act), order, Item::Script(i as u16))));
        }
        for (i, firing) in self.ledger.firings.iter().enumerate() {
            let ring = firing.ring.map_or(0, |ring| ring.0 + 1);
            for (k, act) in plan.rules[firing.rule as usize].acts.iter().enumerate() {
                let order = (firing.fired, u32::from(firing.rule) + 1, firing.release.0, ring, k as u64);
                let item = Item::Firing(i as u32, k as u16);
                self.queue.push(Reverse((firing.landed, class(act), order, item)));
            }
        }
    }

    fn log(&mut self, at: SimTime, event: Event) {
        self.closed.log.push(Logged { at, event });
    }

    fn book(&mut self, at: SimTime, item: Item) {
        match item {
            Item::Event(event) => {
                self.log(at, event);
                self.calendar(at, event);
            }
            Item::PauseEnds(ring, number, why) => {
                if self.standing[ring.0 as usize].is_some_and(|(_, standing)| standing == number) {
                    self.log(at, Event::PauseEnds(ring, why));
                    self.end_pause(ring, at, why == PauseEnd::Planned);
                }
            }
            Item::Script(i) => {
                let script = &self.plan.scripted[i as usize];
                let decision = Decision {
                    by: By::Script(i),
                    side: script.side,
                    fired: at,
                    noticed: at,
                    decided: at,
                    landed: at,
                    release: self.newest(at),
                    ring: None,
                    saw: None,
                    truth: None,
                    act: script.act,
                    effect: Vec::new(),
                };
                self.land(decision, None);
            }
            Item::Firing(i, k) => {
                let firing = self.ledger.firings[i as usize];
                let rule = &self.plan.rules[firing.rule as usize];
                let decision = Decision {
                    by: By::Rule(firing.rule, firing.nth),
                    side: rule.side,
                    fired: firing.fired,
                    noticed: firing.noticed,
                    decided: firing.decided,
                    landed: firing.landed,
                    release: firing.release,
                    ring: firing.ring,
                    saw: Some(firing.saw),
                    truth: Some(firing.truth),
                    act: rule.acts[k as usize],
                    effect: Vec::new(),
                };
                self.land(decision, Some(i as usize));
            }
        }
    }

    /// The newest release published by `at`.
    fn newest(&self, at: SimTime) -> ReleaseId {
        self.plan.newest_published(at)
    }

    fn calendar(&mut self, at: SimTime, event: Event) {
        let plan = self.plan;
        match event {
            Event::RingStarts(ring, release) => {
                let known = &mut self.closed.known;
                known.offers[ring.0 as usize * known.releases + release.0 as usize] = Some(at);
                for (i, next) in plan.releases.iter().enumerate() {
                    let past_rings = next.push.as_ref().is_some_and(|push| push.ignores_rings);
                    if next.follows == Some(release) && !past_rings {
                        self.push(next.published.max(at), Event::RingStarts(ring, ReleaseId(i as u16)));
                    }
                }
            }
            Event::FreezeBegins(i) | Event::FreezeEnds(i) => {
                let begins = matches!(event, Event::FreezeBegins(_));
                let freeze = &plan.freezes[i as usize];
                for ring in (0..plan.rings.len()).filter(|&ring| freeze.rings[ring]) {
                    self.freeze(ring, at, freeze.by, begins);
                }
            }
            _ => {}
        }
    }

    fn freeze(&mut self, ring: usize, at: SimTime, by: FreezeBy, begins: bool) {
        let depth = match by {
            FreezeBy::Pause => &mut self.depth[ring].0,
            FreezeBy::Ideal => &mut self.depth[ring].1,
            FreezeBy::HoldRestarts => return,
        };
        if begins {
            *depth += 1;
        } else {
            *depth -= 1;
        }
        let (first, last) = (begins && *depth == 1, !begins && *depth == 0);
        let expires = self.expiry(at);
        let known = &mut self.closed.known.rings[ring];
        match by {
            FreezeBy::Pause if first => {
                known.freezes.push(Pause {
                    from: at,
                    to: SimTime::NEVER,
                    expires,
                    with: None,
                    replaced: false,
                });
            }
            FreezeBy::Pause if last => {
                if let Some(pause) = known.freezes.last_mut() {
                    pause.to = at;
                }
            }
            FreezeBy::Ideal if first => known.no_offers.push(Span { from: at, to: SimTime::NEVER }),
            FreezeBy::Ideal if last => {
                if let Some(span) = known.no_offers.last_mut() {
                    span.to = at;
                }
            }
            _ => {}
        }
    }

    fn expiry(&self, from: SimTime) -> SimTime {
        self.plan.management.pause_expires_s.map_or(SimTime::NEVER, |after| from + after)
    }

    /// A decision lands; `firing` is its place in the ledger.
    fn land(&mut self, mut decision: Decision, firing: Option<usize>) {
        let reached = self.reached(&decision);
        let of_pauses =
            matches!(decision.act, Act::Pause { .. } | Act::Resume { .. } | Act::Uninstall { .. });
        if let Some(i) = firing.filter(|_| of_pauses) {
            self.about[i].iter_mut().zip(&reached).for_each(|(about, reached)| *about |= reached);
            if self.closed.ended[i].is_none() && !self.waiting.contains(&i) {
                self.waiting.push(i);
            }
        }
        decision.effect = (0..reached.len())
            .map(|ring| if reached[ring] { self.carry_out(ring, &decision) } else { Effect::None })
            .collect();
        match decision.act {
            Act::Withdraw { release } => {
                let release = release.unwrap_or(decision.release);
                let last = &mut self.closed.known.withdrawn[release.0 as usize];
                *last = (*last).min(decision.landed);
            }
            Act::SwitchOff { defect } => {
                let first = &mut self.closed.known.switched_off[defect.0 as usize];
                *first = (*first).min(decision.landed);
            }
            Act::Pause { .. } | Act::Resume { .. } | Act::Uninstall { .. } => {}
        }
        let index = self.closed.decisions.len() as u32;
        self.log(decision.landed, Event::Landed(index));
        self.closed.decisions.push(decision);
    }

    /// The rings that a decision is about.
    fn reached(&self, decision: &Decision) -> Vec<bool> {
        let reach = match decision.act {
            Act::Pause { rings, .. } | Act::Resume { rings } | Act::Uninstall { rings, .. } => rings,
            Act::SwitchOff { .. } | Act::Withdraw { .. } => Reach::All,
        };
        (0..self.plan.rings.len())
            .map(|r| match reach {
                Reach::All => true,
                Reach::Later => {
                    let offer = self.closed.known.offer(RingId(r as u16), decision.release);
                    offer.is_none_or(|offer| offer > decision.landed)
                }
                Reach::Ring(ring) => r == ring.0 as usize,
                Reach::From(ring) => r >= ring.0 as usize,
            })
            .collect()
    }

    fn carry_out(&mut self, ring: usize, decision: &Decision) -> Effect {
        let at = decision.landed;
        let standing = self.standing[ring].map(|(side, _)| side);
        let overridden = standing == Some(Side::Tenant) && decision.side == Side::Service;
        match decision.act {
            Act::Pause { .. } | Act::Resume { .. } | Act::Uninstall { .. } if overridden => Effect::Refused,
            Act::Pause { for_s, .. } => {
                self.pause(ring, at, decision.side, for_s, None);
                Effect::Applied
            }
            Act::Uninstall { release, for_s, .. } => {
                let release = release.unwrap_or(decision.release);
                self.pause(ring, at, decision.side, for_s, Some(release));
                self.closed.known.rings[ring].uninstalls.push((at, release));
                Effect::Applied
            }
            Act::Resume { .. } => match standing {
                None => Effect::Void,
                Some(Side::Service)
                    if decision.side == Side::Tenant && !self.plan.management.tenant_lifts_service =>
                {
                    Effect::Refused
                }
                Some(_) => {
                    self.end_pause(RingId(ring as u16), at, true);
                    Effect::Applied
                }
            },
            Act::SwitchOff { defect } => {
                let already = self.closed.known.switched_off[defect.0 as usize] < SimTime::NEVER;
                if already { Effect::Void } else { Effect::Applied }
            }
            Act::Withdraw { release } => {
                let release = release.unwrap_or(decision.release);
                let already = self.closed.known.withdrawn[release.0 as usize] < SimTime::NEVER;
                if already { Effect::Void } else { Effect::Applied }
            }
        }
    }

    /// A pause begins, in the place of one that may stand. An uninstall without a length of its own leaves the end
    /// of its side's pause as it is: its own pause ends with that one.
    fn pause(&mut self, ring: usize, at: SimTime, side: Side, for_s: Option<i64>, with: Option<ReleaseId>) {
        let joins = with.is_some()
            && for_s.is_none()
            && self.standing[ring].is_some_and(|(standing, _)| standing == side);
        if joins && let Some(last) = self.closed.known.rings[ring].pauses.last().copied() {
            self.closed.known.rings[ring].pauses.push(Pause { from: at, with, ..last });
            return;
        }
        let expires = self.expiry(at);
        if self.standing[ring].is_some() {
            self.end_what_stands(ring, at, true);
        }
        let pauses = &mut self.closed.known.rings[ring].pauses;
        pauses.push(Pause { from: at, to: SimTime::NEVER, expires, with, replaced: false });
        self.pauses += 1;
        self.standing[ring] = Some((side, self.pauses));
        let (ends, why) = match for_s.map(|for_s| at + for_s) {
            Some(planned) if planned < expires => (planned, PauseEnd::Planned),
            _ => (expires, PauseEnd::Expired),
        };
        if ends < self.plan.horizon {
            self.sequence += 1;
            let order = (SimTime(0), 0, 0, 0, self.sequence);
            let item = Item::PauseEnds(RingId(ring as u16), self.pauses, why);
            self.queue.push(Reverse((ends, 5, order, item)));
        }
    }

    /// What stands ends at `at`: by order, or because something takes its place.
    fn end_what_stands(&mut self, ring: usize, at: SimTime, replaced: bool) {
        let stands = |pause: &&mut Pause| pause.expires > at && pause.to > at;
        for pause in self.closed.known.rings[ring].pauses.iter_mut().filter(stands) {
            (pause.to, pause.replaced) = (at, replaced);
        }
    }

    /// A pause ends; devices are told so only if somebody `ordered` it.
    fn end_pause(&mut self, ring: RingId, at: SimTime, ordered: bool) {
        self.standing[ring.0 as usize] = None;
        if ordered {
            self.end_what_stands(ring.0 as usize, at, false);
        }
        let (ended, about) = (&mut self.closed.ended, &self.about);
        self.waiting.retain(|&i| {
            let over = about[i][ring.0 as usize];
            if over {
                ended[i] = Some(at);
            }
            !over
        });
    }
}
