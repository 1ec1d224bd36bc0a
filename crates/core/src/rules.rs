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
    /// When it is judged next: not before it can see something else than the last time.
    next: SimTime,
    /// Sums of what it counts before each tick, from the tick `first` of the plan's clock on.
    counts: Vec<u64>,
    samples: Option<Vec<u64>>,
    registered: u64,
    first: i64,
    /// No judgement later than this.
    until: SimTime,
}

/// What rules were judged to do.
struct Judged {
    /// All that fired, in order; those in the ledger as they stand there.
    fired: Vec<Firing>,
    /// Of those that are not in the ledger, the one that lands first.
    next: Option<Firing>,
    /// Those in the ledger fired when and on what it says.
    agrees: bool,
}

/// Judges the rules from `from` on, up to the landing of the first decision that is not in the ledger; whatever fired
/// before `from` is.
fn judge(
    plan: &Plan,
    luck: &Luck,
    census: &Census,
    tally: &Tally,
    closed: &Closed,
    ledger: &Ledger,
    from: SimTime,
) -> Judged {
    let known = known(plan, ledger);
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
    let (mut next, mut agrees): (Option<Firing>, bool) = (None, true);
    for watcher in &mut watchers {
        watcher.next = watcher.judged_from(plan, from);
    }
    loop {
        let at = watchers.iter().map(|watcher| watcher.next).min().unwrap_or(SimTime::NEVER);
        if at >= plan.horizon || next.as_ref().is_some_and(|next| next.landed < at) {
            break;
        }
        for watcher in watchers.iter_mut().filter(|watcher| watcher.next == at) {
            let (count, of) = watcher.sees(plan, at);
            let Some(saw) = watcher.judge(count, of) else {
                watcher.next = watcher.judged_from(plan, watcher.quiet_until(plan, at, count, of));
                continue;
            };
            let nth = fired_of_rule[watcher.index as usize];
            fired_of_rule[watcher.index as usize] += 1;
            let firing = watcher.firing(plan, tally, at, nth, saw);
            let in_ledger = known(firing.rule, nth).map(|i| (i, ledger.firings[i]));
            watcher.armed = in_ledger.and_then(|(i, _)| closed.ended[i]);
            watcher.next = watcher.judged_from(plan, at + 1);
            let what = |f: &Firing| (f.fired, f.release, f.ring, f.saw, f.truth);
            agrees &= in_ledger.is_none_or(|(_, known)| what(&known) == what(&firing));
            fired.push(in_ledger.map_or(firing, |(_, known)| known));
            // One that is known keeps people from others that have fired before.
            if in_ledger.is_none() || next.is_some() {
                next = earliest_unknown(plan, luck, &mut fired, &known);
            }
        }
    }
    Judged { fired, next, agrees }
}

/// Where in the ledger a firing of a rule is, by its number.
fn known(plan: &Plan, ledger: &Ledger) -> impl Fn(u16, u32) -> Option<usize> {
    let mut by_rule: Vec<Vec<usize>> = vec![Vec::new(); plan.rules.len()];
    for (i, firing) in ledger.firings.iter().enumerate() {
        let of_rule = &mut by_rule[firing.rule as usize];
        of_rule.resize(of_rule.len().max(firing.nth as usize + 1), usize::MAX);
        of_rule[firing.nth as usize] = i;
    }
    move |rule, nth| by_rule[rule as usize].get(nth as usize).copied().filter(|&i| i != usize::MAX)
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
    let Judged { fired, next, .. } = judge(plan, luck, census, tally, closed, ledger, from);
    let known = known(plan, ledger);
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

/// True if the rules, judged on `tally` from the start, do what the ledger says, and nothing else by `upto`.
pub(crate) fn confirm(
    plan: &Plan,
    luck: &Luck,
    census: &Census,
    tally: &Tally,
    closed: &Closed,
    ledger: &Ledger,
    upto: SimTime,
) -> bool {
    let Judged { mut fired, next, agrees } = judge(plan, luck, census, tally, closed, ledger, SimTime(0));
    // People see to all that fired, so one more may have kept them from the others.
    earliest_unknown(plan, luck, &mut fired, &|_, _| None);
    agrees
        && next.is_none_or(|next| next.landed > upto)
        && ledger.firings.iter().all(|firing| fired.contains(firing))
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
                all.extend(watcher(plan, census, tally, index as u16, release, *ring, rings.clone()));
            }
        }
    }
    all
}

/// `None` if so little is counted that it never fires.
fn watcher<'a>(
    plan: &'a Plan,
    census: &Census,
    tally: &Tally,
    index: u16,
    release: Option<ReleaseId>,
    ring: Option<RingId>,
    rings: Vec<RingId>,
) -> Option<Watcher<'a>> {
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
    let least = rule.when.share.map_or(0.0, |share| share.above * share.min_sample as f64 + 1e-9);
    let all = counts.last().copied().unwrap_or(0);
    if all < rule.when.at_least.max(1) || all as f64 <= least {
        return None;
    }
    let samples = match rule.when.share.map(|share| share.of) {
        Some(Denominator::Offered) => Some(of_units(|o| &o.offered)),
        Some(Denominator::Installed) => Some(of_units(|o| &o.installed)),
        Some(Denominator::Reported) => Some(of_units(|o| &o.reported)),
        Some(Denominator::Registered) | None => None,
    };
    let until = release.map_or(plan.horizon, |r| plan.stroke(plan.releases[r.0 as usize].watched_until));
    Some(Watcher {
        index,
        rule,
        release,
        ring,
        armed: Some(SimTime(0)),
        next: SimTime::NEVER,
        counts,
        samples,
        registered: rings.iter().map(|ring| census.ring_sizes[ring.0 as usize]).sum(),
        first: release.map_or(0, |release| plan.clock_from(release)),
        until,
        rings,
    })
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

/// The sum before `tick`.
fn upto(sums: &[u64], tick: usize) -> u64 {
    sums.get(tick).or(sums.last()).copied().unwrap_or(0)
}

impl Watcher<'_> {
    /// The first instant at or after `t` at which it is judged; `NEVER` if it is not any more.
    fn judged_from(&self, plan: &Plan, t: SimTime) -> SimTime {
        // Nothing has happened yet at second 0.
        let t = t.max(SimTime(1));
        let judged = match &self.rule.evaluate {
            _ if self.armed.is_none() || t > self.until => SimTime::NEVER,
            Evaluate::Tick => plan.stroke(t),
            Evaluate::At(instants) => {
                let next = instants.partition_point(|&at| at < t);
                instants.get(next).copied().unwrap_or(SimTime::NEVER)
            }
        };
        if judged <= self.until { judged } else { SimTime::NEVER }
    }

    /// What it counts is summed up over these ticks at `at`: whole ticks since it was armed (or as far as it looks back)
    /// that are over.
    fn ticks(&self, plan: &Plan, at: SimTime) -> (usize, usize) {
        let armed = self.armed.unwrap_or(SimTime::NEVER);
        let since = self.rule.when.within_s.map_or(armed, |within| armed.max(SimTime(at.0 - within)));
        let from = (plan.stroke(since).0 / plan.tick_s - self.first).max(0) as usize;
        let to = (at.0.div_euclid(plan.tick_s) - self.first).max(0) as usize;
        (from, to.max(from))
    }

    /// What it counts and the sample, if it asks for a share.
    fn sees(&self, plan: &Plan, at: SimTime) -> (u64, Option<u64>) {
        let (from, to) = self.ticks(plan, at);
        let over = |sums: &[u64]| upto(sums, to) - upto(sums, from);
        let of = || self.samples.as_ref().map_or(self.registered, |sums| over(sums));
        (over(&self.counts), self.rule.when.share.map(|_| of()))
    }

    /// What it saw, if that is too much: then it fires.
    fn judge(&self, count: u64, of: Option<u64>) -> Option<Saw> {
        let Condition { at_least, share, .. } = self.rule.when;
        if count < at_least.max(1) {
            return None;
        }
        let Some((share, of)) = share.zip(of) else { return Some(Saw { count, of: None }) };
        // A share such as 2 % is a hair off its decimal value; a billionth of a device absorbs that.
        let exceeded = of > 0 && of >= share.min_sample && count as f64 > share.above * of as f64 + 1e-9;
        exceeded.then_some(Saw { count, of: Some(of) })
    }

    /// Before this instant it does not fire if it saw `count` and `of` at `at` and that was not too much.
    fn quiet_until(&self, plan: &Plan, at: SimTime, count: u64, of: Option<u64>) -> SimTime {
        let Condition { within_s, at_least, share, .. } = self.rule.when;
        let (from, to) = self.ticks(plan, at);
        // The end of the tick in which a sum grows to `least` more than what it was before tick `from`.
        let grown = |sums: &[u64], from: usize, least: u64| {
            let least = upto(sums, from) + least;
            let tick = sums.partition_point(|&sum| sum < least);
            let ends = SimTime((self.first + tick as i64) * plan.tick_s);
            if tick < sums.len() { ends } else { SimTime::NEVER }
        };
        let sample = share.map_or(0, |share| share.min_sample.max(1));
        let next = if count < at_least.max(1) {
            grown(&self.counts, from, at_least.max(1))
        } else if of.is_some_and(|of| of < sample) {
            self.samples.as_ref().map_or(SimTime::NEVER, |sums| grown(sums, from, sample))
        } else if within_s.is_none() {
            // A larger sample alone makes a share smaller.
            grown(&self.counts, to, 1)
        } else {
            at
        };
        next.max(at + 1)
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
