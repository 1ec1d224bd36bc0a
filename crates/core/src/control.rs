//! The control plane: the few decisions of a rollout, and what devices can know of them.
//!
//! Events of one second are ordered by class, then by sequence (the order in which they were put in):
//!
//! | class | event | why it stands there |
//! |---|---|---|
//! | 0 | `Published` | everything else of that second may be about the new release |
//! | 1 | `FreezeEnds` | of two freezes that touch, the second must still hold at the seam |
//! | 2 | `FreezeBegins` | a ring whose deferral ends at the second a freeze begins is frozen, not offered |
//! | 3 | `RingStarts` | an offer of this second is not yet visible to anyone who judges this second |
//! | 4 | `GateJudged` | uses only what was visible before; what it starts lands at this second or later |
//!
//! Within a second devices act first: what a device does at t is decided by decisions that landed before or at
//! t, and a decision at t has seen only what was visible before the end of t.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::{
    plan::{FreezeBy, Plan, ReleaseId, RingId},
    time::SimTime,
    windows::{Span, Windows},
};

/// Decisions after which a run ends early with a named result.
pub const MAX_DECISIONS: usize = 1_000;

/// Something that happens to the rollout rather than to a device. The order of the variants is the order of
/// the classes.
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
}

/// What a gate saw: devices of the ring waited for that were reported patched, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Reported patched.
    pub patched: u64,
    /// Registered devices of that ring.
    pub of: u64,
}

impl Event {
    /// Rank within one second, see the table of the module.
    pub fn class(&self) -> u8 {
        match self {
            Event::Published(_) => 0,
            Event::FreezeEnds(_) => 1,
            Event::FreezeBegins(_) => 2,
            Event::RingStarts(..) => 3,
            Event::GateJudged(..) => 4,
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

/// Events by (time, class, sequence).
#[derive(Debug, Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<(SimTime, u8, u64, Event)>>,
    next: u64,
}

impl Queue {
    /// Puts an event in.
    pub fn push(&mut self, at: SimTime, event: Event) {
        self.heap.push(Reverse((at, event.class(), self.next, event)));
        self.next += 1;
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<Logged> {
        self.heap.pop().map(|Reverse((at, _, _, event))| Logged { at, event })
    }
}

/// The decisions so far, in the form in which a device's life asks for them.
#[derive(Clone, Debug)]
pub struct Known {
    releases: usize,
    offers: Vec<Option<SimTime>>,
    pauses: Vec<Vec<Span>>,
    no_offers: Vec<Vec<Span>>,
    holds: Vec<Windows>,
    /// Freezes in force per ring: (by pause, ideal). Where several overlap, the ring is held until the last ends.
    depth: Vec<(u16, u16)>,
}

impl Known {
    /// Before anything has been decided.
    fn nothing(plan: &Plan) -> Self {
        let rings = plan.rings.len();
        Self {
            releases: plan.releases.len(),
            offers: vec![None; rings * plan.releases.len()],
            pauses: vec![Vec::new(); rings],
            no_offers: vec![Vec::new(); rings],
            holds: vec![Windows::default(); rings],
            depth: vec![(0, 0); rings],
        }
    }

    /// What the calendar alone decides: publications, deferral ends of ungated rings, freezes. Gives back the
    /// log of those events too, in order.
    pub fn from_calendar(plan: &Plan) -> (Self, Vec<Logged>) {
        let mut queue = Queue::default();
        for (i, release) in plan.releases.iter().enumerate() {
            let id = ReleaseId(i as u16);
            queue.push(release.published, Event::Published(id));
            for (r, ring) in plan.rings.iter().enumerate() {
                if ring.gate.is_none() {
                    let ring = RingId(r as u16);
                    queue.push(plan.earliest_offer(ring, id), Event::RingStarts(ring, id));
                }
            }
        }
        for (i, freeze) in plan.freezes.iter().enumerate() {
            for span in &freeze.spans {
                queue.push(span.from, Event::FreezeBegins(i as u16));
                queue.push(span.to, Event::FreezeEnds(i as u16));
            }
        }
        let mut known = Self::nothing(plan);
        let mut log = Vec::new();
        while let Some(logged) = queue.pop() {
            known.learn(plan, logged);
            log.push(logged);
        }
        for (ring, holds) in known.holds.iter_mut().enumerate() {
            let frozen = plan.freezes.iter().filter(|f| f.rings[ring] && f.by == FreezeBy::HoldRestarts);
            *holds = Windows::new(frozen.flat_map(|f| f.spans.iter().copied()).collect());
        }
        (known, log)
    }

    /// Takes a decision in.
    pub fn learn(&mut self, plan: &Plan, logged: Logged) {
        match logged.event {
            Event::RingStarts(ring, release) => {
                self.offers[ring.0 as usize * self.releases + release.0 as usize] = Some(logged.at);
            }
            Event::FreezeBegins(i) | Event::FreezeEnds(i) => {
                let freeze = &plan.freezes[i as usize];
                for ring in (0..plan.rings.len()).filter(|&ring| freeze.rings[ring]) {
                    let (spans, depth) = match freeze.by {
                        FreezeBy::Pause => (&mut self.pauses[ring], &mut self.depth[ring].0),
                        FreezeBy::Ideal => (&mut self.no_offers[ring], &mut self.depth[ring].1),
                        FreezeBy::HoldRestarts => continue,
                    };
                    if let Event::FreezeBegins(_) = logged.event {
                        if *depth == 0 {
                            spans.push(Span { from: logged.at, to: SimTime::NEVER });
                        }
                        *depth += 1;
                    } else {
                        *depth -= 1;
                        if let (0, Some(last)) = (*depth, spans.last_mut()) {
                            last.to = logged.at;
                        }
                    }
                }
            }
            Event::Published(_) | Event::GateJudged(..) => {}
        }
    }

    /// When `ring` starts with `release`, if that is decided.
    pub fn offer(&self, ring: RingId, release: ReleaseId) -> Option<SimTime> {
        self.offers[ring.0 as usize * self.releases + release.0 as usize]
    }

    /// Pause and resume commands for `ring`: from the one to the other.
    pub fn pauses(&self, ring: RingId) -> &[Span] {
        &self.pauses[ring.0 as usize]
    }

    /// Stretches in which nothing new is offered, without any delay.
    pub fn no_offers(&self, ring: RingId) -> &[Span] {
        &self.no_offers[ring.0 as usize]
    }

    /// Stretches in which restarts are held.
    pub fn restart_holds(&self, ring: RingId) -> &Windows {
        &self.holds[ring.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_second_keep_their_classes_then_their_sequence() {
        let mut queue = Queue::default();
        let (a, b) = (RingId(0), RingId(1));
        queue.push(SimTime(5), Event::RingStarts(b, ReleaseId(0)));
        queue.push(SimTime(5), Event::FreezeBegins(0));
        queue.push(SimTime(5), Event::RingStarts(a, ReleaseId(0)));
        queue.push(SimTime(5), Event::FreezeEnds(1));
        queue.push(SimTime(4), Event::RingStarts(a, ReleaseId(1)));
        queue.push(SimTime(5), Event::Published(ReleaseId(0)));
        let order: Vec<Event> = std::iter::from_fn(|| queue.pop()).map(|l| l.event).collect();
        assert_eq!(
            order,
            [
                Event::RingStarts(a, ReleaseId(1)),
                Event::Published(ReleaseId(0)),
                Event::FreezeEnds(1),
                Event::FreezeBegins(0),
                Event::RingStarts(b, ReleaseId(0)),
                Event::RingStarts(a, ReleaseId(0)),
            ]
        );
    }
}
