//! The price of lag: whom a release harms after somebody has decided to stop it.

use crate::{
    device::Device,
    gather::fold_members,
    life::{LifeScratch, Setting, play},
    membership::Membership,
    odds::Odds,
    outcome::Outcome,
    parallel::World,
    plan::{DefectId, ReleaseId, RingId},
    steps::{Blocker, Cited, Observation, Settled, Sink, Step},
    time::SimTime,
    windows::Span,
};

/// When a release was decided to be stopped: in each ring, and anywhere.
type Decided = Vec<(Option<SimTime>, Option<SimTime>)>;

/// For each ring and release: devices harmed after the decision to stop it there, and anywhere. Curves know that but
/// for the tick that holds the decision; where somebody is harmed in that tick, the lives of those who can be are played
/// once more.
pub(crate) fn harmed_after_decisions(
    world: World<'_>,
    membership: &Membership,
    odds: &Odds,
    outcome: &Outcome,
) -> Vec<(u64, u64)> {
    let World { plan, luck, .. } = world;
    let releases = plan.releases.len();
    let decided: Decided = (0..plan.rings.len())
        .flat_map(|ring| (0..releases).map(move |release| (ring, release)))
        .map(|(ring, release)| {
            let of = |ring| outcome.stop(plan, ring, ReleaseId(release as u16)).decided;
            (of(Some(RingId(ring as u16))), of(None))
        })
        .collect();
    let after = |unit: usize, at: Option<SimTime>| -> (u64, bool) {
        let Some(at) = at else { return (0, false) };
        let published = plan.releases[unit % releases].published;
        let tick = ((at - published).max(0) / plan.tick_s) as usize;
        let harmed = &outcome.tally.units[unit].truth.harmed;
        (harmed.iter().skip(tick + 1).sum(), harmed.get(tick).is_some_and(|&n| n > 0))
    };
    let by_curve: Vec<_> = decided.iter().enumerate().map(|(u, d)| (after(u, d.0), after(u, d.1))).collect();
    let unclear: Vec<bool> = by_curve.iter().map(|(own, any)| own.1 || any.1).collect();
    let mut counts: Vec<_> = by_curve.iter().map(|(own, any)| (own.0, any.0)).collect();
    if !unclear.contains(&true) {
        return counts;
    }
    // A device is harmed by a release only if it is prone to a defect of it.
    let to_ask = |first: usize, device: &Device<'_>| {
        (0..releases).filter(|&release| unclear[first + release]).any(|release| {
            let has = |&d: &usize| plan.defects[d].releases[release];
            (0..plan.defects.len())
                .filter(has)
                .any(|d| odds.prone(plan, luck, DefectId(d as u16), device.key, device.values))
        })
    };
    let until = outcome.until(plan);
    let setting = Setting { plan, luck, odds, known: &outcome.known, sees: false, until };
    let of_lives = plan.attributes_of_lives();
    let of_ring = |ring: usize| unclear[ring * releases..][..releases].contains(&true);
    let rings: Vec<bool> = (0..plan.rings.len()).map(of_ring).collect();
    let (played, _) = fold_members(
        world,
        membership,
        (Some(&rings), Some(&of_lives)),
        || (vec![(0, 0); decided.len()], LifeScratch::default()),
        |(counts, scratch), ring, device| {
            let first = ring.0 as usize * releases;
            if to_ask(first, device) {
                play(setting, ring, device, scratch, &mut After { first, decided: &decided, counts });
            }
        },
        |(a, _), (b, _)| a.iter_mut().zip(b).for_each(|(a, b)| *a = (a.0 + b.0, a.1 + b.1)),
    );
    for unit in (0..counts.len()).filter(|&unit| unclear[unit]) {
        counts[unit] = played[unit];
    }
    counts
}

struct After<'a> {
    /// The unit of the first release of the device's ring.
    first: usize,
    decided: &'a Decided,
    counts: &'a mut Vec<(u64, u64)>,
}

impl Sink for After<'_> {
    fn step(&mut self, _: SimTime, _: Step) {}
    fn blocked(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: Blocker) {}
    fn transfer(&mut self, _: ReleaseId, _: SimTime, _: SimTime, _: i64, _: i64) {}
    fn asked(&mut self, _: SimTime, _: u64, _: DefectId) {}
    fn observed(&mut self, _: SimTime, _: Observation, _: Cited) {}
    fn held(&mut self, _: &[Span]) {}
    fn settled(&mut self, release: ReleaseId, settled: &Settled, _: &[Span]) {
        let unit = self.first + release.0 as usize;
        let later = |at: Option<SimTime>| u64::from(settled.harmed.zip(at).is_some_and(|(h, at)| h > at));
        let (own, any) = self.decided[unit];
        self.counts[unit].0 += later(own);
        self.counts[unit].1 += later(any);
    }
}
