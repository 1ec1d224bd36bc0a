//! Rules: what they see on whole ticks, when they fire, and which of their decisions lands next.
//!
//! *Invariant:* nothing here reads a [`crate::tally::Truth`] to decide; what was true when a rule fired is written
//! into the log beside what it saw, after it has fired.

use crate::{
    census::Census,
    control::{Closed, Firing, Ledger},
    draws::Luck,
    outcome::{Saw, TrueThen},
    people::{Incident, handle},
    plan::{Condition, Counted, Denominator, Evaluate, Plan, ReleaseId, RingId, Rule},
    tally::{Observed, Tally},
    time::SimTime,
};

/// One rule looking at one release (or at tickets) in one ring or several.
struct Watcher<'a> {
    index: u16,
    rule: &'a Rule,
    release: Option<ReleaseId>,
    ring: Option<RingId>,
    rings: Vec<RingId>,
    /// Since when it counts; `None`: it has fired and does not fire again.
    armed: Option<SimTime>,
    /// Sums of what it counts before each tick, from the tick `first` of the plan's clock on.
    counts: Vec<u64>,
    samples: Option<Vec<u64>>,
    registered: u64,
    first: i64,
    /// No judgement later than this.
    until: SimTime,
}

/// Of the decisions of rules that are not in the ledger, the one that lands first (before the end of play), and behind
/// it those that are as certain: they fired on what was seen before it lands, and whoever decides has noticed by then.
///
/// Whatever fired before `from` is in the ledger; judging begins there. Gives back the decisions and from when on judging
/// has to begin next time, once they are in the ledger.
pub(crate) fn next_firings(
    plan: &Plan,
    luck: &Luck,
    census: &Census,
    tally: &Tally,
    closed: &Closed,
    ledger: &Ledger,
    from: SimTime,
) -> Option<(Vec<Firing>, SimTime)> {
    let mut by_rule: Vec<Vec<usize>> = vec![Vec::new(); plan.rules.len()];
    for (i, firing) in ledger.firings.iter().enumerate() {
        let of_rule = &mut by_rule[firing.rule as usize];
        of_rule.resize(of_rule.len().max(firing.nth as usize + 1), usize::MAX);
        of_rule[firing.nth as usize] = i;
    }
    let known =
        |rule: u16, nth: u32| by_rule[rule as usize].get(nth as usize).copied().filter(|&i| i != usize::MAX);
    let mut watchers: Vec<Watcher<'_>> = watchers(plan, census, tally);
    let mut fired_of_rule = vec![0_u32; plan.rules.len()];
    let mut fired: Vec<Firing> = ledger.firings.iter().filter(|f| f.fired < from).copied().collect();
    fired.sort_by_key(|f| (f.fired, f.rule, f.nth));
    for firing in &fired {
        fired_of_rule[firing.rule as usize] += 1;
        let ended = known(firing.rule, firing.nth).and_then(|i| closed.ended[i]);
        if let Some(watcher) = watchers.iter_mut().find(|w| w.fired(firing)) {
            watcher.armed = ended;
        }
    }
    let mut next: Option<Firing> = None;
    let judgements = judgements(plan);
    for &at in &judgements[judgements.partition_point(|&at| at < from)..] {
        if next.as_ref().is_some_and(|next| next.landed < at) {
            break;
        }
        for watcher in &mut watchers {
            let Some(saw) = watcher.judge(plan, at) else { continue };
            let nth = fired_of_rule[watcher.index as usize];
            fired_of_rule[watcher.index as usize] += 1;
            let firing = watcher.firing(plan, tally, at, nth, saw);
            let in_ledger = known(firing.rule, nth);
            watcher.armed = in_ledger.and_then(|i| closed.ended[i]);
            fired.push(in_ledger.map_or(firing, |i| ledger.firings[i]));
            // One that is known keeps people from others that have fired before.
            if in_ledger.is_none() || next.is_some() {
                next = earliest_unknown(plan, luck, &mut fired, &known);
            }
        }
    }
    let next = next.filter(|next| next.landed < plan.horizon)?;
    let open = |f: &Firing| known(f.rule, f.nth).is_none() && (f.rule, f.nth) != (next.rule, next.nth);
    let certain =
        |f: &Firing| open(f) && f.fired <= next.landed && f.noticed <= next.landed && f.landed < plan.horizon;
    // What else has fired must be found again.
    let again = fired.iter().filter(|f| open(f) && !certain(f)).map(|f| f.fired).min();
    let again = again.unwrap_or(next.landed).min(next.landed);
    let all = std::iter::once(next).chain(fired.iter().filter(|f| certain(f)).copied()).collect();
    Some((all, again))
}

/// Works out when all that fired so far lands, and gives the first that is not in the ledger.
fn earliest_unknown(
    plan: &Plan,
    luck: &Luck,
    fired: &mut [Firing],
    known: &impl Fn(u16, u32) -> Option<usize>,
) -> Option<Firing> {
    let with_people: Vec<(usize, Incident)> = fired
        .iter()
        .enumerate()
        .filter_map(|(i, f)| {
            let rule = &plan.rules[f.rule as usize];
            let incident = |crew| Incident { crew, rule_key: rule.key, nth: f.nth, fired: f.fired };
            rule.crew.map(|crew| (i, incident(crew)))
        })
        .collect();
    let incidents: Vec<Incident> = with_people.iter().map(|(_, incident)| *incident).collect();
    for ((i, _), handled) in with_people.iter().zip(handle(plan, luck, &incidents)) {
        let firing = &mut fired[*i];
        (firing.noticed, firing.decided) = (handled.noticed, handled.decided);
        firing.landed = plan.stroke(handled.decided.min(SimTime::NEVER));
    }
    let unknown = |f: &&Firing| known(f.rule, f.nth).is_none();
    fired.iter().filter(unknown).min_by_key(|f| (f.landed, f.fired, f.rule, f.nth)).copied()
}

/// All instants at which some rule is judged, in order.
fn judgements(plan: &Plan) -> Vec<SimTime> {
    let mut all = Vec::new();
    if plan.rules.iter().any(|rule| rule.evaluate == Evaluate::Tick) {
        all.extend((1..=plan.clock_end() as i64).map(|tick| SimTime(tick * plan.tick_s)));
    }
    for rule in &plan.rules {
        if let Evaluate::At(instants) = &rule.evaluate {
            all.extend(instants.iter().copied().filter(|at| at.0 > 0));
        }
    }
    all.retain(|at| *at < plan.horizon);
    all.sort_unstable();
    all.dedup();
    all
}

fn watchers<'a>(plan: &'a Plan, census: &Census, tally: &Tally) -> Vec<Watcher<'a>> {
    let mut all = Vec::new();
    for (index, rule) in plan.rules.iter().enumerate() {
        let rings: Vec<RingId> =
            (0..plan.rings.len()).filter(|&r| rule.rings[r]).map(|r| RingId(r as u16)).collect();
        let groups: Vec<(Option<RingId>, Vec<RingId>)> = if rule.each_ring {
            rings.iter().map(|&ring| (Some(ring), vec![ring])).collect()
        } else {
            vec![(None, rings)]
        };
        let releases: Vec<Option<ReleaseId>> = if rule.when.count == Counted::Tickets {
            vec![None]
        } else {
            let watched = (0..plan.releases.len()).filter(|&r| rule.releases[r]);
            watched.map(|r| Some(ReleaseId(r as u16))).collect()
        };
        for release in releases {
            for (ring, rings) in &groups {
                all.push(watcher(plan, census, tally, index as u16, release, *ring, rings.clone()));
            }
        }
    }
    all
}

fn watcher<'a>(
    plan: &'a Plan,
    census: &Census,
    tally: &Tally,
    index: u16,
    release: Option<ReleaseId>,
    ring: Option<RingId>,
    rings: Vec<RingId>,
) -> Watcher<'a> {
    let rule = &plan.rules[index as usize];
    let of_units = |curve: fn(&Observed) -> &Vec<u64>| -> Vec<u64> {
        let Some(release) = release else { return Vec::new() };
        sums(rings.iter().map(|&ring| curve(&tally.unit(ring, release).observed)))
    };
    let counts = match rule.when.count {
        Counted::Failed => of_units(|o| &o.failed),
        Counted::InstallFailed => of_units(|o| &o.install_failed),
        Counted::Tickets => sums(rings.iter().map(|ring| &tally.rings[ring.0 as usize].tickets)),
    };
    let samples = match rule.when.share.map(|share| share.of) {
        Some(Denominator::Offered) => Some(of_units(|o| &o.offered)),
        Some(Denominator::Installed) => Some(of_units(|o| &o.installed)),
        Some(Denominator::Reported) => Some(of_units(|o| &o.reported)),
        Some(Denominator::Registered) | None => None,
    };
    let until = release.map_or(plan.horizon, |r| plan.stroke(plan.releases[r.0 as usize].watched_until));
    Watcher {
        index,
        rule,
        release,
        ring,
        armed: Some(SimTime(0)),
        counts,
        samples,
        registered: rings.iter().map(|ring| census.ring_sizes[ring.0 as usize]).sum(),
        first: release.map_or(0, |release| plan.clock_from(release)),
        until,
        rings,
    }
}

/// Element k is the sum over all curves before tick k.
fn sums<'a>(curves: impl Iterator<Item = &'a Vec<u64>>) -> Vec<u64> {
    let mut sum: Vec<u64> = vec![0];
    for curve in curves {
        sum.resize(sum.len().max(curve.len() + 1), 0);
        for (slot, n) in sum[1..].iter_mut().zip(curve) {
            *slot += n;
        }
    }
    for k in 1..sum.len() {
        sum[k] += sum[k - 1];
    }
    sum
}

impl Watcher<'_> {
    /// What it sees if it fires at `at`.
    fn judge(&self, plan: &Plan, at: SimTime) -> Option<Saw> {
        let judged = match &self.rule.evaluate {
            Evaluate::Tick => at.0 % plan.tick_s == 0,
            Evaluate::At(instants) => instants.binary_search(&at).is_ok(),
        };
        let armed = self.armed?;
        if !judged || at > self.until {
            return None;
        }
        let Condition { within_s, at_least, share, .. } = self.rule.when;
        let since = within_s.map_or(armed, |within| armed.max(SimTime(at.0 - within)));
        // Whole ticks from `since` on that are over.
        let from = (plan.stroke(since).0 / plan.tick_s - self.first).max(0) as usize;
        let to = (at.0.div_euclid(plan.tick_s) - self.first).max(0) as usize;
        let over = |sums: &[u64]| {
            let upto = |tick: usize| sums.get(tick).or(sums.last()).copied().unwrap_or(0);
            if to > from { upto(to) - upto(from) } else { 0 }
        };
        let count = over(&self.counts);
        if count < at_least.max(1) {
            return None;
        }
        let Some(share) = share else { return Some(Saw { count, of: None }) };
        let of = self.samples.as_ref().map_or(self.registered, |sums| over(sums));
        // A share such as 2 % is a hair off its decimal value; a billionth of a device absorbs that.
        let exceeded = of > 0 && of >= share.min_sample && count as f64 > share.above * of as f64 + 1e-9;
        exceeded.then_some(Saw { count, of: Some(of) })
    }

    /// True if that was a firing of this one.
    fn fired(&self, firing: &Firing) -> bool {
        let mine = self.index == firing.rule && self.ring == firing.ring;
        mine && self.release.is_none_or(|release| release == firing.release)
    }

    fn firing(&self, plan: &Plan, tally: &Tally, at: SimTime, nth: u32, saw: Saw) -> Firing {
        let release = self.release.unwrap_or_else(|| plan.newest_published(at));
        let published = plan.releases[release.0 as usize].published;
        let ticks = ((at - published).max(0) / plan.tick_s) as usize;
        let mut truth = TrueThen { harmed: 0, patched: 0 };
        for &ring in &self.rings {
            let unit = &tally.unit(ring, release).truth;
            truth.harmed += unit.harmed_before(ticks);
            truth.patched += unit.patched.iter().take(ticks).sum::<i64>().max(0) as u64;
        }
        Firing {
            rule: self.index,
            nth,
            release,
            ring: self.ring,
            fired: at,
            noticed: at,
            decided: at,
            landed: plan.stroke(at),
            saw,
            truth,
        }
    }
}
