//! What can be seen of a life: telemetry with its losses and delays, calls to the help desk, and what every fleet
//! has in the background. And how the device ends up.
//!
//! It looks at the finished life: what happened and when the device was on. Every observation cites the true
//! event that it comes from.

use crate::{
    desk,
    draws::{Purpose, high64, low64},
    harm::Harm,
    life::{Life, Offer},
    plan::{AWAY_BLOCK_S, Plan, ReleaseId, Severity, Shows, Success},
    steps::{Cited, Observation, Settled, Sink, Step},
    time::SimTime,
    windows::Span,
};

/// What was first seen of the device, by release and kind.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    found: Vec<(SimTime, Observation, Cited)>,
    /// By kind and release: the place in `found`, counted from 1 (0: not seen).
    places: Vec<[u32; KINDS]>,
    /// When harm by a release was seen.
    harm: Vec<(SimTime, ReleaseId)>,
}

/// Kinds of observations that a device makes once per release.
const KINDS: usize = 5;

impl Seen {
    fn clear(&mut self, releases: usize) {
        self.found.clear();
        self.places.clear();
        self.places.resize(releases, [0; KINDS]);
        self.harm.clear();
    }

    fn installed(&self, release: ReleaseId) -> Option<SimTime> {
        let (at, ..) = self.found.iter().find(|(_, what, _)| *what == Observation::Installed(release))?;
        Some(*at)
    }

    /// Keeps the earliest of its kind.
    fn first(&mut self, at: SimTime, what: Observation, cites: Cited) {
        let (kind, release) = match what {
            Observation::Offered(r) => (0, r),
            Observation::Installed(r) => (1, r),
            Observation::Failed(r) => (2, r),
            Observation::InstallFailed(r) => (3, r),
            Observation::Reported(r) => (4, r),
            Observation::Ticket => return,
        };
        let place = &mut self.places[release.0 as usize][kind];
        if *place == 0 {
            self.found.push((at, what, cites));
            *place = self.found.len() as u32;
            return;
        }
        let known = &mut self.found[*place as usize - 1];
        if (at, cites.at) < (known.0, known.2.at) {
            *known = (at, what, cites);
        }
    }
}

impl<S: Sink> Life<'_, S> {
    /// Shows what can be seen of the life that was lived.
    pub(crate) fn see(&mut self) -> Seen {
        let mut seen = std::mem::take(&mut self.lists.seen);
        seen.clear(self.plan.releases.len());
        if !self.sees {
            return seen;
        }
        self.background();
        let horizon = self.horizon;
        for i in 0..self.lists.notable.len() {
            let (at, step) = self.lists.notable[i];
            let cites = Cited { at, step };
            match step {
                Step::Offered(r) => seen.first(at, Observation::Offered(r), cites),
                Step::PendingRestart(r) if self.plan.device.telemetry.success == Success::Installed => {
                    self.see_installed(&mut seen, r, cites);
                }
                Step::Patched(r) => self.see_installed(&mut seen, r, cites),
                Step::Failed(r, cause) => {
                    let defect = (cause.0 as usize).checked_sub(self.plan.device.failures.len());
                    if defect.is_none_or(|d| self.seen_by_telemetry(d))
                        && let Some(at) = self.telemetry(at)
                    {
                        seen.first(at, Observation::InstallFailed(r), cites);
                        if defect.is_some() {
                            seen.harm.push((at, r));
                        }
                    }
                }
                Step::Harmed(r, defect) => {
                    let fails = matches!(self.plan.defects[defect.0 as usize].shows, Shows::InInstall);
                    if !fails
                        && self.seen_by_telemetry(defect.0 as usize)
                        && let Some(at) = self.telemetry(at)
                    {
                        seen.first(at, Observation::Failed(r), cites);
                        seen.harm.push((at, r));
                    }
                }
                Step::BackgroundFailure(r) => {
                    if let Some(at) = self.telemetry(at) {
                        seen.first(at, Observation::Failed(r), cites);
                    }
                }
                _ => {}
            }
        }
        self.calls(&mut seen);
        for i in 0..seen.found.len() {
            let (at, what, cites) = seen.found[i];
            if let Observation::Installed(r) | Observation::Failed(r) | Observation::InstallFailed(r) = what {
                seen.first(at, Observation::Reported(r), cites);
            }
        }
        seen.found.sort_unstable_by_key(|&(at, what, _)| (at, what));
        for &(at, what, cites) in &seen.found {
            if at < horizon {
                self.sink.observed(at, what, cites);
            }
        }
        seen
    }

    /// Who is seen with a release has the older ones too.
    fn see_installed(&self, seen: &mut Seen, release: ReleaseId, cites: Cited) {
        let Some(at) = self.telemetry(cites.at) else { return };
        for older in 0..=release.0 {
            seen.first(at, Observation::Installed(ReleaseId(older)), cites);
        }
    }

    fn seen_by_telemetry(&self, defect: usize) -> bool {
        let d = &self.plan.defects[defect];
        self.draws.toss(d.telemetry, Purpose::DefectSeen, d.key, false)
    }

    /// When something that happens at `t` is seen by telemetry.
    fn telemetry(&self, t: SimTime) -> Option<SimTime> {
        let rule = &self.plan.device.telemetry;
        let waits = self.plan.device.needs_online.telemetry;
        let made = |due: SimTime| if waits { self.presence.online(due).map(|on| on.from) } else { Some(due) };
        let Some(every) = rule.every_s else {
            let at = made(t)?;
            let n = at.0 as u32;
            let lost = self.draws.toss(rule.loss, Purpose::Telemetry, n, false);
            return (!lost).then(|| at + self.draws.sample(&rule.latency, Purpose::Telemetry, n, 2));
        };
        let phase = (i64::from(self.draws.block(Purpose::Upload, 0)[0]) * every) >> 32;
        let origin = SimTime(phase - self.plan.epoch_unix_s);
        // The last upload due by then may still be to come, if the device was off.
        let mut k = (t - origin).div_euclid(every);
        loop {
            let at = made(origin + k * every)?;
            if at >= self.plan.horizon {
                return None;
            }
            // Of several uploads that a wake-up brings at once the last one is made.
            k = (at - origin).div_euclid(every);
            if at >= t {
                let n = k as u32;
                if !self.draws.toss(rule.loss, Purpose::Telemetry, n, false) {
                    return Some(at + self.draws.sample(&rule.latency, Purpose::Telemetry, n, 2));
                }
            }
            k += 1;
        }
    }

    /// Calls about defects that still show when the user gets to it.
    fn calls(&mut self, seen: &mut Seen) {
        for i in 0..self.lists.harms.len() {
            let Harm { release, defect, from, to } = self.lists.harms[i];
            let d = &self.plan.defects[defect.0 as usize];
            let Some(ticket) = &d.ticket else { continue };
            if !self.draws.toss(ticket.share, Purpose::DefectSeen, d.key, true) {
                continue;
            }
            let after = self.draws.sample(&ticket.after, Purpose::Defect, d.key, 3);
            let Some(at) = desk::opens(&ticket.hours, from + after) else { continue };
            if at < to && at < self.horizon {
                let step = Step::Harmed(release, defect);
                self.sink.observed(at, Observation::Ticket, Cited { at: from, step });
                seen.harm.push((at, release));
            }
        }
    }

    /// Failures and calls that have nothing to do with any release.
    fn background(&mut self) {
        let (plan, draws, horizon) = (self.plan, self.draws, self.horizon);
        let blocks = |purpose, n| draws.once(purpose, n);
        background(plan, horizon, blocks, |trouble, at| match trouble {
            Trouble::Failure => self.background_failure(at),
            Trouble::Call => {
                self.sink.step(at, Step::BackgroundCall);
                let cites = Cited { at, step: Step::BackgroundCall };
                self.sink.observed(at, Observation::Ticket, cites);
            }
        });
    }

    /// Shows when the device is next on, and counts against the release that it then runs.
    fn background_failure(&mut self, t: SimTime) {
        let Some(at) = self.presence.online(t).map(|on| on.from).filter(|&t| t < self.horizon) else {
            return;
        };
        let build = self.lists.builds.iter().rev().find(|build| build.from <= at);
        if let Some(release) = build.and_then(|build| build.release) {
            self.note(at, Step::BackgroundFailure(ReleaseId(release as u16)));
        }
    }

    /// How the device ends up with respect to each release.
    pub(crate) fn settle(&mut self, seen: &Seen) {
        let mut covered = std::mem::take(&mut self.lists.covered);
        for i in 0..self.plan.releases.len() {
            let id = ReleaseId(i as u16);
            let Offer { offerable, watched_until: until, .. } = self.lists.offers[i];
            self.covered(i, until, &mut covered);
            let (objective_at, eligible, connected, late_by) = self.judged(i);
            let in_time = covered.iter().any(|s| s.from <= objective_at && objective_at < s.to);
            let mine = || self.lists.harms.iter().filter(|h| h.release == id && h.from < until);
            let down = |h: &&Harm| {
                let defect = &self.plan.defects[h.defect.0 as usize];
                defect.severity == Severity::Down && !matches!(defect.shows, Shows::InInstall)
            };
            let settled = Settled {
                offerable: Some(offerable).filter(|&t| t < self.horizon),
                patched: covered.first().map(|s| s.from),
                reported: seen.installed(id).filter(|&t| t < until),
                objective_at,
                eligible,
                connected,
                late_by: late_by.filter(|_| !in_time),
                harmed: mine().map(|h| h.from).min(),
                harm_seen: seen.harm.iter().filter(|(at, of)| *of == id && *at < until).map(|s| s.0).min(),
                harmed_s: length_of_union(mine(), until),
                down_s: length_of_union(mine().filter(down), until),
            };
            self.sink.settled(id, &settled, &covered);
        }
        self.lists.covered = covered;
    }

    /// The stretches in which the device ran release `i` or a newer one, begun before `until`.
    fn covered(&self, i: usize, until: SimTime, spans: &mut Vec<Span>) {
        spans.clear();
        let mut open = false;
        for build in &self.lists.builds {
            let has = build.release.is_some_and(|release| release >= i);
            if has && !open && build.from < until {
                spans.push(Span { from: build.from, to: SimTime::NEVER });
            } else if !has
                && open
                && let Some(last) = spans.last_mut()
                && last.to == SimTime::NEVER
            {
                last.to = build.from;
            }
            open = has;
        }
    }
}

/// What goes wrong on a device without any release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Something that telemetry sees when the device is next on.
    Failure,
    /// A call to the help desk, in its hours.
    Call,
}

/// Tells what goes wrong without any release before `until`, on the device whose `blocks` these are.
#[inline]
pub(crate) fn background(
    plan: &Plan,
    until: SimTime,
    blocks: impl Fn(Purpose, u32) -> [u32; 4],
    mut tell: impl FnMut(Trouble, SimTime),
) {
    let background = &plan.background;
    if background.failures.is_none() && background.tickets.is_none() {
        return;
    }
    let block_of = |t: i64| (t + plan.epoch_unix_s).div_euclid(AWAY_BLOCK_S);
    for number in block_of(0)..=block_of(until.0) {
        let words = blocks(Purpose::Trouble, number as u32);
        let failures = background.failures.as_ref().map_or(0, |p| p.count(low64(words)));
        let calls = background.tickets.as_ref().map_or(0, |p| p.count(high64(words)));
        for i in 0..failures.max(calls) {
            let draws = blocks(Purpose::TroubleAt, (number as u32) << 4 | i);
            let place = |lane: usize| (i64::from(draws[lane]) * AWAY_BLOCK_S) >> 32;
            let at = |lane: usize| SimTime(number * AWAY_BLOCK_S + place(lane) - plan.epoch_unix_s);
            if i < failures && at(0).0 >= 0 {
                tell(Trouble::Failure, at(0));
            }
            if i < calls
                && at(1).0 >= 0
                && let Some(at) = desk::opens(&background.ticket_hours, at(1)).filter(|&t| t < until)
            {
                tell(Trouble::Call, at);
            }
        }
    }
}

/// Seconds up to `until` in at least one of the harms.
fn length_of_union<'a>(mut harms: impl Iterator<Item = &'a Harm>, until: SimTime) -> i64 {
    let Some(first) = harms.next() else { return 0 };
    let harms = std::iter::once(first).chain(harms);
    let mut spans: Vec<(SimTime, SimTime)> = harms.map(|h| (h.from, h.to.min(until))).collect();
    spans.sort_unstable();
    let (mut sum, mut reached) = (0, SimTime::ALWAYS);
    for (from, to) in spans {
        let from = from.max(reached);
        if to > from {
            sum += to - from;
            reached = to;
        }
    }
    sum
}
