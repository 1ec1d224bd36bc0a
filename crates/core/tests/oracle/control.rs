//! Gates, rules, people and decisions.

use crate::world::{What, World, phase};
use rollcast_core::{
    control::{Event, PauseEnd, Seen},
    draws::Purpose,
    outcome::{By, Decision, End, Saw, TrueThen},
    plan::{Act, Counted, Denominator, Evaluate, FreezeBy, Plan, ReleaseId, RingId, Side},
    quantile::Quantile,
    steps::Observation,
    time::SimTime,
};
use std::collections::{BTreeMap, BTreeSet};

/// A command to the devices of a ring.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub landed: SimTime,
    /// Rising within the ring.
    pub number: u32,
    /// When a pause ends by itself; `None`: the end of a pause.
    pub pause: Option<SimTime>,
    /// It comes with an uninstall and not with a policy sync.
    pub pushed: bool,
}

#[derive(Default)]
pub struct Control {
    /// When a ring starts with a release, once that is decided.
    pub starts: BTreeMap<(usize, usize), SimTime>,
    /// Rings whose gate was judged open.
    pub opened: BTreeSet<(usize, usize)>,
    /// By people and rules; by freezes.
    pub commands: Vec<Vec<Command>>,
    pub freeze_commands: Vec<Vec<Command>>,
    pub standing: Vec<Option<(Side, u32)>>,
    /// When the pause that stands expires.
    pub expires: Vec<SimTime>,
    pub frozen: Vec<u32>,
    pub numbers: u32,
    pub switched_off: Vec<Option<SimTime>>,
    pub withdrawn: BTreeSet<usize>,
    pub watchers: Vec<Watcher>,
    pub firings: Vec<Firing>,
    pub fired: Vec<u32>,
    pub crews: Vec<Staff>,
    pub taken: usize,
    pub decisions: Vec<Decision>,
    pub log: Vec<(SimTime, Event)>,
    /// Observations by ring, as they are seen: when each device first counts, and calls.
    pub seen: BTreeMap<(usize, Observation), Vec<SimTime>>,
}

pub struct Watcher {
    pub rule: usize,
    pub release: Option<usize>,
    pub ring: Option<usize>,
    pub rings: Vec<usize>,
    pub armed: Option<SimTime>,
    pub firing: Option<usize>,
}

pub struct Firing {
    pub rule: usize,
    pub nth: u32,
    pub release: usize,
    pub ring: Option<usize>,
    pub rings: Vec<usize>,
    pub fired: SimTime,
    pub noticed: SimTime,
    pub decided: SimTime,
    pub saw: Saw,
    pub truth: TrueThen,
    pub counted: bool,
    pub about: Vec<bool>,
    pub decisions: Vec<usize>,
}

#[derive(Default)]
pub struct Staff {
    busy: u32,
    waiting: Vec<(SimTime, usize)>,
}

impl Control {
    pub fn new(plan: &Plan) -> Self {
        let rings = plan.rings.len();
        let mut watchers = Vec::new();
        for (i, rule) in plan.rules.iter().enumerate() {
            let mine: Vec<usize> = (0..rings).filter(|&r| rule.rings[r]).collect();
            let releases: Vec<Option<usize>> = match rule.when.count {
                Counted::Tickets => vec![None],
                _ => (0..plan.releases.len()).filter(|&r| rule.releases[r]).map(Some).collect(),
            };
            for release in releases {
                let mut watch = |ring: Option<usize>, rings: Vec<usize>| {
                    let armed = Some(SimTime(0));
                    watchers.push(Watcher { rule: i, release, ring, rings, armed, firing: None });
                };
                if rule.each_ring {
                    mine.iter().for_each(|&ring| watch(Some(ring), vec![ring]));
                } else {
                    watch(None, mine.clone());
                }
            }
        }
        Self {
            commands: vec![Vec::new(); rings],
            freeze_commands: vec![Vec::new(); rings],
            standing: vec![None; rings],
            expires: vec![SimTime::NEVER; rings],
            frozen: vec![0; rings],
            switched_off: vec![None; plan.defects.len()],
            watchers,
            fired: vec![0; plan.rules.len()],
            crews: plan.crews.iter().map(|_| Staff::default()).collect(),
            ..Self::default()
        }
    }

    /// How many of a ring were seen with something in `[from, to)`.
    fn count(&self, ring: usize, what: Observation, from: SimTime, to: SimTime) -> u64 {
        let Some(seen) = self.seen.get(&(ring, what)) else { return 0 };
        let upto = |t: SimTime| seen.partition_point(|&at| at < t);
        upto(to).saturating_sub(upto(from)) as u64
    }
}

/// The end of the tick that holds `t`; `t` at the stroke of a tick.
fn stroke(plan: &Plan, t: SimTime) -> SimTime {
    SimTime(t.0.div_euclid(plan.tick_s) * plan.tick_s + if t.0 % plan.tick_s == 0 { 0 } else { plan.tick_s })
}

impl World<'_> {
    pub fn control_push(&mut self, at: SimTime, class: u8, what: What) {
        self.push_ordered(at, phase::CONTROL, (class, SimTime(0), 0, 0, 0, 0), what);
    }

    pub fn open_control(&mut self) {
        let plan = self.plan;
        for (i, release) in plan.releases.iter().enumerate() {
            self.control_push(release.published, 0, What::Published(i));
            let everywhere = release.push.as_ref().is_some_and(|push| push.ignores_rings);
            for (r, ring) in plan.rings.iter().enumerate() {
                if everywhere {
                    self.control_push(release.published, 3, What::RingStarts(r, i));
                } else if release.follows.is_none() && ring.gate.is_none() {
                    self.control_push(release.published + ring.deferral_s, 3, What::RingStarts(r, i));
                }
            }
        }
        for (i, freeze) in plan.freezes.iter().enumerate() {
            for span in &freeze.spans {
                self.control_push(span.from, 2, What::FreezeBegins(i));
                self.control_push(span.to, 1, What::FreezeEnds(i));
            }
        }
        for (i, script) in plan.scripted.iter().enumerate() {
            let class = class_of(&script.act);
            self.push_ordered(script.at, phase::CONTROL, (class, script.at, 0, 0, 0, i), What::Script(i));
        }
        let mut judged = BTreeSet::new();
        for rule in &plan.rules {
            if let Evaluate::At(instants) = &rule.evaluate {
                judged.extend(instants.iter().copied().filter(|at| at.0 > 0));
            }
        }
        if plan.rules.iter().any(|r| r.evaluate == Evaluate::Tick)
            || plan.rings.iter().any(|r| r.gate.is_some())
        {
            judged.extend((1..=plan.horizon.0 / plan.tick_s).map(|k| SimTime(k * plan.tick_s)));
        }
        for at in judged {
            self.control_push(at, 4, What::Judge);
        }
    }

    pub fn control_event(&mut self, what: What) {
        let now = self.now;
        match what {
            What::Published(i) => self.log(Event::Published(ReleaseId(i as u16))),
            What::RingStarts(ring, release) => {
                self.log(Event::RingStarts(RingId(ring as u16), ReleaseId(release as u16)));
                self.ring_starts(ring, release);
            }
            What::FreezeBegins(i) | What::FreezeEnds(i) => self.freeze(i, what == What::FreezeBegins(i)),
            What::Judge => {
                if now.0 % self.plan.tick_s == 0 {
                    self.judge_gates();
                }
                self.judge_rules();
            }
            What::Noticed(i) => {
                let crew = self.crew_of(i);
                self.control.crews[crew].waiting.push((now, i));
                self.begin_work(crew);
            }
            What::Decided(i) => {
                let crew = self.crew_of(i);
                self.control.crews[crew].busy -= 1;
                self.decided(i);
                self.begin_work(crew);
            }
            What::PauseEnds(ring, number, why) => {
                if self.control.standing[ring].is_some_and(|(_, standing)| standing == number) {
                    self.log(Event::PauseEnds(RingId(ring as u16), why));
                    self.pause_over(ring, why == PauseEnd::Planned);
                }
            }
            What::Script(i) => {
                let script = &self.plan.scripted[i];
                let release = self.newest_published();
                self.land(
                    Decision {
                        by: By::Script(i as u16),
                        side: script.side,
                        fired: now,
                        noticed: now,
                        decided: now,
                        landed: now,
                        release: ReleaseId(release as u16),
                        ring: None,
                        saw: None,
                        truth: None,
                        act: script.act,
                        effect: Vec::new(),
                    },
                    None,
                );
            }
            What::Act(i, k) => self.act(i, k),
            What::Truth(i) => self.truth(i),
            _ => unreachable!("{what:?} is no event of the control plane"),
        }
    }

    pub fn log(&mut self, event: Event) {
        self.control.log.push((self.now, event));
    }

    /// The newest release that is published; the first one before that.
    fn newest_published(&self) -> usize {
        self.plan.releases.iter().rposition(|r| r.published <= self.now).unwrap_or(0)
    }

    fn ring_starts(&mut self, ring: usize, release: usize) {
        let (plan, now) = (self.plan, self.now);
        self.control.starts.insert((ring, release), now);
        for d in 0..self.devices.len() {
            if self.devices[d].ring == ring {
                self.device_ring_starts(d, release);
            }
        }
        for (i, next) in plan.releases.iter().enumerate() {
            let everywhere = next.push.as_ref().is_some_and(|push| push.ignores_rings);
            if next.follows == Some(ReleaseId(release as u16)) && !everywhere {
                self.control_push(next.published.max(now), 3, What::RingStarts(ring, i));
            }
        }
    }

    pub fn expires(&self) -> SimTime {
        self.plan.management.pause_expires_s.map_or(SimTime::NEVER, |after| self.now + after)
    }

    fn freeze(&mut self, i: usize, begins: bool) {
        let (plan, now) = (self.plan, self.now);
        self.log(if begins { Event::FreezeBegins(i as u16) } else { Event::FreezeEnds(i as u16) });
        if plan.freezes[i].by != FreezeBy::Pause {
            return;
        }
        let expires = self.expires();
        for ring in (0..plan.rings.len()).filter(|&r| plan.freezes[i].rings[r]) {
            let control = &mut self.control;
            let frozen = &mut control.frozen[ring];
            *frozen = if begins { *frozen + 1 } else { *frozen - 1 };
            let pause = match (begins, *frozen) {
                (true, 1) => Some(expires),
                (false, 0) => None,
                _ => continue,
            };
            control.numbers += 1;
            let command = Command { landed: now, number: control.numbers, pause, pushed: false };
            control.freeze_commands[ring].push(command);
        }
    }

    fn judge_gates(&mut self) {
        let (plan, now) = (self.plan, self.now);
        for (r, ring) in plan.rings.iter().enumerate() {
            let Some(gate) = ring.gate else { continue };
            for (i, release) in plan.releases.iter().enumerate() {
                let everywhere = release.push.as_ref().is_some_and(|push| push.ignores_rings);
                let first = stroke(plan, release.published + 1);
                let watched = now <= stroke(plan, release.watched_until);
                if release.follows.is_some() || everywhere || now < first || !watched {
                    continue;
                }
                if self.control.opened.contains(&(r, i)) {
                    continue;
                }
                let after = gate.after.0 as usize;
                let of = self.devices.iter().filter(|d| d.ring == after).count() as u64;
                let what = Observation::Installed(ReleaseId(i as u16));
                let patched = self.control.count(after, what, SimTime::ALWAYS, now);
                let needed = (gate.share * of as f64 - 1e-9).ceil() as u64;
                if patched < needed {
                    continue;
                }
                self.control.opened.insert((r, i));
                let (ring_id, release_id) = (RingId(r as u16), ReleaseId(i as u16));
                self.log(Event::GateJudged(ring_id, release_id, Seen { patched, of }));
                let starts = (release.published + ring.deferral_s).max(now + gate.wait_s);
                self.control_push(starts, 3, What::RingStarts(r, i));
            }
        }
    }

    /// Counts a decision; true if it was one too many.
    fn one_more(&mut self) -> bool {
        self.control.taken += 1;
        let over = self.control.taken > self.plan.management.max_decisions;
        if over {
            self.end = End::DecisionLimit(self.now);
        }
        over
    }

    fn judge_rules(&mut self) {
        for w in 0..self.control.watchers.len() {
            if let Some(saw) = self.judge(w) {
                self.fire(w, saw);
            }
        }
    }

    fn judge(&self, w: usize) -> Option<Saw> {
        let (plan, now, watcher) = (self.plan, self.now, &self.control.watchers[w]);
        let rule = &plan.rules[watcher.rule];
        let due = match &rule.evaluate {
            Evaluate::Tick => now.0 % plan.tick_s == 0,
            Evaluate::At(instants) => instants.contains(&now),
        };
        let armed = watcher.armed.filter(|_| due)?;
        if watcher.release.is_some_and(|r| now > stroke(plan, plan.releases[r].watched_until)) {
            return None;
        }
        let since = rule.when.within_s.map_or(armed, |within| armed.max(SimTime(now.0 - within)));
        // Ticks that begin at or after `since` and are over.
        let from = stroke(plan, since);
        let to = SimTime(now.0.div_euclid(plan.tick_s) * plan.tick_s);
        let count = |what: Observation| -> u64 {
            watcher.rings.iter().map(|&ring| self.control.count(ring, what, from, to)).sum()
        };
        let release = watcher.release.map(|r| ReleaseId(r as u16));
        let count_of = match (rule.when.count, release) {
            (Counted::Failed, Some(r)) => count(Observation::Failed(r)),
            (Counted::InstallFailed, Some(r)) => count(Observation::InstallFailed(r)),
            _ => count(Observation::Ticket),
        };
        if count_of < rule.when.at_least.max(1) {
            return None;
        }
        let Some(share) = rule.when.share else { return Some(Saw { count: count_of, of: None }) };
        let of = match (share.of, release) {
            (Denominator::Offered, Some(r)) => count(Observation::Offered(r)),
            (Denominator::Installed, Some(r)) => count(Observation::Installed(r)),
            (Denominator::Reported, Some(r)) => count(Observation::Reported(r)),
            (Denominator::Registered, _) => {
                self.devices.iter().filter(|d| watcher.rings.contains(&d.ring)).count() as u64
            }
            // Calls belong to no release.
            _ => 0,
        };
        let exceeded = of >= share.min_sample.max(1) && count_of as f64 > share.above * of as f64 + 1e-9;
        exceeded.then_some(Saw { count: count_of, of: Some(of) })
    }

    fn fire(&mut self, w: usize, saw: Saw) {
        let (plan, now) = (self.plan, self.now);
        let release = self.control.watchers[w].release.unwrap_or_else(|| self.newest_published());
        let control = &mut self.control;
        let i = control.firings.len();
        let watcher = &mut control.watchers[w];
        (watcher.armed, watcher.firing) = (None, Some(i));
        let rule = watcher.rule;
        control.firings.push(Firing {
            rule,
            nth: control.fired[rule],
            release,
            ring: watcher.ring,
            rings: watcher.rings.clone(),
            fired: now,
            noticed: now,
            decided: now,
            saw,
            truth: TrueThen { harmed: 0, patched: 0 },
            counted: false,
            about: vec![false; plan.rings.len()],
            decisions: Vec::new(),
        });
        control.fired[rule] += 1;
        self.push(now, phase::TRUTH, What::Truth(i));
        let Some(crew) = plan.rules[rule].crew.map(|crew| &plan.crews[crew.0 as usize]) else {
            return self.decided(i);
        };
        let takes = self.people_take(i, &crew.notices, 0);
        let work = crew.hours.next(now).map_or(SimTime::NEVER, |span| span.from.max(now));
        let mut noticed = work + takes;
        if let Some(after) = crew.paged_after_s.filter(|_| work > now) {
            noticed = noticed.min(now + after);
        }
        self.control.firings[i].noticed = noticed;
        self.control_push(noticed, 4, What::Noticed(i));
    }

    fn people_take(&self, i: usize, takes: &Quantile, lane: usize) -> i64 {
        let firing = &self.control.firings[i];
        let key = u64::from(self.plan.rules[firing.rule].key);
        let block = self.luck.block(key, Purpose::Crew, firing.nth);
        takes.draw(&self.luck, key, Purpose::Crew, firing.nth, lane, block)
    }

    fn crew_of(&self, i: usize) -> usize {
        self.plan.rules[self.control.firings[i].rule].crew.expect("people look at it").0 as usize
    }

    fn begin_work(&mut self, crew: usize) {
        while self.control.crews[crew].busy < self.plan.crews[crew].staff.max(1)
            && !self.control.crews[crew].waiting.is_empty()
        {
            let staff = &mut self.control.crews[crew];
            staff.waiting.sort_unstable();
            let (_, i) = staff.waiting.remove(0);
            staff.busy += 1;
            let takes = self.people_take(i, &self.plan.crews[crew].decides, 1);
            self.control_push(self.now + takes, 4, What::Decided(i));
        }
    }

    fn decided(&mut self, i: usize) {
        let (plan, now) = (self.plan, self.now);
        self.control.firings[i].decided = now;
        let firing = &self.control.firings[i];
        let (fired, rule, release) = (firing.fired, firing.rule, firing.release);
        let ring = firing.ring.map_or(0, |ring| ring + 1);
        for (k, act) in plan.rules[rule].acts.iter().enumerate() {
            let order = (class_of(act), fired, rule + 1, release, ring, k);
            self.push_ordered(stroke(plan, now), phase::CONTROL, order, What::Act(i, k));
        }
    }

    fn act(&mut self, i: usize, k: usize) {
        if !self.control.firings[i].counted {
            self.control.firings[i].counted = true;
            if self.one_more() {
                return;
            }
        }
        let firing = &self.control.firings[i];
        let rule = &self.plan.rules[firing.rule];
        let decision = Decision {
            by: By::Rule(firing.rule as u16, firing.nth),
            side: rule.side,
            fired: firing.fired,
            noticed: firing.noticed,
            decided: firing.decided,
            landed: self.now,
            release: ReleaseId(firing.release as u16),
            ring: firing.ring.map(|ring| RingId(ring as u16)),
            saw: Some(firing.saw),
            truth: Some(firing.truth),
            act: rule.acts[k],
            effect: Vec::new(),
        };
        let place = self.control.decisions.len();
        self.control.firings[i].decisions.push(place);
        self.land(decision, Some(i));
    }

    /// What is true once everybody has done what they do in this second.
    fn truth(&mut self, i: usize) {
        let plan = self.plan;
        let firing = &self.control.firings[i];
        let release = &plan.releases[firing.release];
        let ticks = (firing.fired - release.published).max(0) / plan.tick_s;
        let ticks = ticks.min(plan.ticks(ReleaseId(firing.release as u16)) as i64);
        let by = release.published + ticks * plan.tick_s;
        let mine = || self.devices.iter().filter(|d| firing.rings.contains(&d.ring));
        let harmed = mine().filter(|d| d.harmed_before(firing.release, by, release.watched_until)).count();
        let patched = match ticks {
            0 => 0,
            _ => mine().filter(|d| d.patched_at(firing.release, by, release.watched_until)).count(),
        };
        let truth = TrueThen { harmed: harmed as u64, patched: patched as u64 };
        let firing = &mut self.control.firings[i];
        firing.truth = truth;
        for &place in &firing.decisions {
            self.control.decisions[place].truth = Some(truth);
        }
    }
}

/// Ends of pauses come before everything else that lands.
fn class_of(act: &Act) -> u8 {
    if matches!(act, Act::Resume { .. }) { 5 } else { 6 }
}
