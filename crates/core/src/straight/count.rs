//! Counting straight lives: what [`crate::tally`] counts of each of them, in sums and curves.
//!
//! Curves are kept small for that: one 32-bit number a tick for each thing that differs, whose length is a power of two
//! so that no look-up checks its bounds, with a last slot for those who do not live straight so that no loop has a
//! branch. They are added to the 64-bit ones of the tally before they can overflow.

use crate::{
    life::Setting,
    plan::{Plan, ReleaseId, RingId},
    quantile::whole_part,
    sight::{Trouble, background},
    steps::{Blocker, Cited, Observation, RestartBy, Sink, Step},
    tally::{Reads, Tally},
    time::SimTime,
};

use super::{
    BATCH, Batch,
    course::{Column, Columns, Offer, Stretch, Turn},
    kernels::any,
    kind::{Judged, Kind, Way},
    on::On,
};

/// Devices that are counted before the small curves are added up; none of their numbers can overflow before that.
const MOST: u64 = 1 << 31;

/// What is counted of one ring, release by release.
#[derive(Debug)]
pub(super) struct Counts {
    ring: RingId,
    /// Straight lives so far.
    pub straight: u64,
    /// Devices since the curves were added up.
    devices: u64,
    releases: Vec<Curves>,
}

#[derive(Debug)]
struct Curves {
    offerable: Box<[u32]>,
    scan: Box<[u32]>,
    /// By whether they are eligible and connected; empty where nobody was.
    patched: [Box<[u32]>; 4],
    seen: Box<[u32]>,
    /// First reports of an install or a failure, where somebody reads failures; else they are installs.
    reported: Box<[u32]>,
    /// Scans on the plan's clock; empty if nobody looks at them.
    asked: Box<[u32]>,
    /// Bytes downloaded, and seconds of downloading.
    bytes: Box<[u64]>,
    loading_s: Box<[u64]>,
}

impl Counts {
    pub(super) fn new(plan: &Plan, ring: RingId) -> Self {
        let reads = Reads::of(plan);
        let curves = |r: usize| {
            let id = ReleaseId(r as u16);
            let slots = slots(plan, id);
            let curve = || vec![0; slots].into_boxed_slice();
            Curves {
                offerable: curve(),
                scan: curve(),
                patched: <[_; 4]>::default(),
                seen: curve(),
                reported: if reads.failed_attempts() { curve() } else { Box::default() },
                asked: if reads.offered { curve() } else { Box::default() },
                bytes: vec![0; slots].into_boxed_slice(),
                loading_s: vec![0; slots].into_boxed_slice(),
            }
        };
        Self { ring, straight: 0, devices: 0, releases: (0..plan.releases.len()).map(curves).collect() }
    }

    /// Bytes that those of one ring take.
    pub(super) fn bytes(plan: &Plan) -> u64 {
        let slots = |r: usize| slots(plan, ReleaseId(r as u16)) as u64;
        (0..plan.releases.len()).map(|r| slots(r) * (9 * 4 + 2 * 8)).sum()
    }

    /// Adds the curves to the tally and empties them.
    pub(super) fn flush(&mut self, tally: &mut Tally) {
        if self.devices == 0 {
            return;
        }
        self.devices = 0;
        for (r, curves) in self.releases.iter_mut().enumerate() {
            let unit = tally.unit_mut(self.ring, ReleaseId(r as u16));
            let (truth, observed) = (&mut unit.truth, &mut unit.observed);
            add(&mut truth.offerable, &curves.offerable, 1);
            add(&mut truth.offered, &curves.scan, 1);
            add(&mut truth.downloads, &curves.scan, 1);
            for (to, from) in
                [(&mut truth.bytes, &mut curves.bytes), (&mut truth.transfer_s, &mut curves.loading_s)]
            {
                to.iter_mut().zip(from.iter()).for_each(|(a, b)| *a += b);
                from.fill(0);
            }
            for (who, patched) in curves.patched.iter().enumerate() {
                add(&mut truth.patched, patched, 1);
                add(&mut truth.patched_eligible, patched, (who & 1) as i64);
                add(&mut truth.patched_connected, patched, (who >> 1) as i64);
            }
            add(&mut observed.offered, &curves.asked, 1);
            add(&mut observed.installed, &curves.seen, 1);
            let reported = if curves.reported.is_empty() { &curves.seen } else { &curves.reported };
            add(&mut observed.reported, reported, 1);
            let Curves { offerable, scan, patched: [a, b, c, d], seen, reported, asked, .. } = curves;
            for curve in [offerable, scan, a, b, c, d, seen, reported, asked] {
                curve.fill(0);
            }
        }
    }
}

/// A slot for each tick and one more.
fn slots(plan: &Plan, release: ReleaseId) -> usize {
    (plan.ticks(release).max(plan.clock_ticks(release)) + 1).next_power_of_two()
}

fn add<T: From<u32> + std::ops::AddAssign + std::ops::Mul<Output = T> + Copy>(
    to: &mut [T],
    from: &[u32],
    by: T,
) {
    to.iter_mut().zip(from).for_each(|(a, b)| *a += T::from(*b) * by);
}

/// Counts a batch.
#[inline(always)]
pub(super) fn count(
    setting: Setting<'_>,
    kind: &Kind<'_>,
    batch: &Batch,
    c: &Columns,
    counts: &mut Counts,
    tally: &mut Tally,
) {
    let straight = &c.straight;
    let devices = straight.iter().map(|&s| u64::from(s)).sum();
    counts.devices += BATCH as u64;
    counts.straight += devices;
    if devices == 0 {
        return;
    }
    for turn in &c.turns[..c.taken] {
        let (way, curves) = (&kind.ways[turn.target], &mut counts.releases[turn.target]);
        taken(kind, way, turn, straight, devices, curves, tally);
        moved(setting.plan, kind, way, turn, c, curves, tally);
        for release in turn.first..=turn.target {
            let life = Patched { kind, way: &kind.ways[release], turn, straight };
            life.sums(&c.on, &c.offers[release], &c.holds, devices, tally);
            life.curves(&c.offers[release], &mut counts.releases[release]);
        }
    }
    calls(setting, kind, batch, c, tally);
    if counts.devices > MOST {
        counts.flush(tally);
    }
}

/// What is counted of the release that was installed alone.
#[inline(always)]
fn taken(
    kind: &Kind<'_>,
    way: &Way,
    turn: &Turn,
    straight: &[bool; BATCH],
    devices: u64,
    curves: &mut Curves,
    tally: &mut Tally,
) {
    let truth = &mut tally.unit_mut(kind.ring, way.release).truth;
    let (mut active, mut forced) = (0_u32, 0_u32);
    for i in 0..BATCH {
        let disturbs = straight[i] & kind.active.contain(turn.restarted[i]);
        active += u32::from(disturbs);
        forced += u32::from(disturbs & (turn.by[i] == RestartBy::Deadline as u8));
    }
    if kind.habit.scheduled {
        truth.restarts[RestartBy::Schedule as usize] += devices;
    } else {
        let by = |why: RestartBy| how_many(&turn.by.map(|by| by == why as u8), straight);
        let (user, idle) = (by(RestartBy::User), by(RestartBy::Idle));
        truth.restarts[RestartBy::User as usize] += user;
        truth.restarts[RestartBy::Idle as usize] += idle;
        truth.restarts[RestartBy::Deadline as usize] += devices - user - idle;
    }
    truth.restarts_active += u64::from(active);
    truth.forced_active += u64::from(forced);
    let ticks = kind.ticks;
    hit(&mut curves.scan, straight, |i| ticks.of((turn.scan[i] - way.published).max(0)));
    if kind.reports && !curves.asked.is_empty() {
        hit(&mut curves.asked, straight, |i| way.clock(ticks, turn.scan[i]));
    }
    if kind.reads_failures {
        let seen = &mut tally.unit_mut(kind.ring, way.release).observed.install_failed;
        for (_, at) in turn.retries.seen(straight).filter(|&(_, at)| at < kind.horizon) {
            if let Some(slot) = seen.get_mut(way.clock(ticks, at) as usize) {
                *slot += 1;
            }
        }
    }
}

/// How many of those who live straight are marked.
#[inline(always)]
fn how_many(marked: &[bool; BATCH], straight: &[bool; BATCH]) -> u64 {
    let mut count = 0_u32;
    for i in 0..BATCH {
        count += u32::from(marked[i] & straight[i]);
    }
    u64::from(count)
}

/// A release that a turn has brought.
struct Patched<'a> {
    kind: &'a Kind<'a>,
    way: &'a Way,
    turn: &'a Turn,
    straight: &'a [bool; BATCH],
}

impl Patched<'_> {
    /// Seconds between two columns, over all who live straight: for which they were there, and for which they were away.
    #[inline(always)]
    fn seconds(&self, on: &On<BATCH>, from: &Column, to: &Column) -> (u64, u64) {
        let mut away = [0; BATCH];
        let (mut sum, mut absent) = (0, 0);
        for i in 0..BATCH {
            sum += if self.straight[i] { i64::from(to[i] - from[i]) } else { 0 };
        }
        if on.away(from, to, &mut away) {
            for i in 0..BATCH {
                absent += if self.straight[i] { i64::from(away[i]) } else { 0 };
            }
        }
        ((sum - absent) as u64, absent as u64)
    }

    #[inline(always)]
    fn sums(&self, on: &On<BATCH>, offer: &Offer, holds: &[Stretch], devices: u64, tally: &mut Tally) {
        let Self { kind, way, turn, straight } = self;
        let unit = tally.unit_mut(kind.ring, way.release);
        unit.observed.devices += devices;
        let truth = &mut unit.truth;
        truth.devices += devices;
        let (eligible, connected) = match way.judged {
            Some(Judged { eligible, connected }) => {
                (if eligible { devices } else { 0 }, if connected { devices } else { 0 })
            }
            None => (how_many(&offer.eligible, straight), how_many(&offer.connected, straight)),
        };
        truth.eligible += eligible;
        truth.in_time += eligible;
        truth.connected += connected;
        let mut deferred = 0;
        for i in 0..BATCH {
            deferred += if straight[i] { i64::from(offer.offerable[i] - way.published) } else { 0 };
        }
        truth.blocked_s[Blocker::Deferred as usize] += deferred as u64;
        let mut away = 0;
        for (blocker, from, to) in [
            (Blocker::WaitingForScan, &offer.offerable, &turn.scan),
            (Blocker::Downloading, &turn.scan, &turn.downloaded),
            (Blocker::Installing, &turn.downloaded, &turn.pending),
            (Blocker::PendingRestart, &turn.pending, &turn.patched),
        ] {
            let (here, absent) = self.seconds(on, from, to);
            truth.blocked_s[blocker as usize] += here;
            away += absent;
        }
        // Who knows of a pause is paused, away or not.
        let (mut from, mut to) = ([0; BATCH], [0; BATCH]);
        for hold in holds {
            for i in 0..BATCH {
                from[i] = hold.from[i].max(offer.offerable[i]).min(turn.scan[i]);
                to[i] = hold.to[i].min(turn.scan[i]).max(from[i]);
            }
            let (here, absent) = self.seconds(on, &from, &to);
            truth.blocked_s[Blocker::Paused as usize] += here + absent;
            truth.blocked_s[Blocker::WaitingForScan as usize] -= here;
            away -= absent;
        }
        truth.blocked_s[Blocker::Away as usize] += away;
        let waited = turn.retries.waited(straight);
        truth.blocked_s[Blocker::Retrying as usize] += waited;
        truth.blocked_s[Blocker::Installing as usize] -= waited;
        if way.release.0 as usize == turn.target {
            turn.retries.told(straight, &mut truth.failures);
        }
        let (mut first, mut last) = (i32::MAX, 0);
        for i in 0..BATCH {
            first = first.min(if straight[i] { turn.patched[i] } else { i32::MAX });
            last = last.max(if straight[i] { turn.patched[i] } else { 0 });
        }
        let (first, last) = (SimTime(i64::from(first)), SimTime(i64::from(last)));
        let (a, b) = truth.first_last.unwrap_or((first, last));
        truth.first_last = Some((a.min(first), b.max(last)));
    }

    #[inline(always)]
    fn curves(&self, offer: &Offer, curves: &mut Curves) {
        let Self { kind, way, turn, straight } = self;
        let since = |t: i32| (t - way.published).max(0);
        let ticks = kind.ticks;
        if kind.at_once {
            let devices: u32 = straight.iter().map(|&s| u32::from(s)).sum();
            bump(&mut curves.offerable, &[ticks.of(since(offer.offerable[0])); 1], &[devices]);
        } else {
            hit(&mut curves.offerable, straight, |i| ticks.of(since(offer.offerable[i])));
        }
        let who = |i: usize| usize::from(offer.eligible[i]) | usize::from(offer.connected[i]) << 1;
        let all = way.judged.map(|all| usize::from(all.eligible) | usize::from(all.connected) << 1);
        let mut alike = **straight;
        for (which, curve) in curves.patched.iter_mut().enumerate() {
            match all {
                Some(all) if all != which => continue,
                Some(_) => {}
                None => {
                    for i in 0..BATCH {
                        alike[i] = straight[i] & (who(i) == which);
                    }
                    if !any(&alike) {
                        continue;
                    }
                }
            }
            if curve.is_empty() {
                *curve = vec![0; curves.scan.len()].into_boxed_slice();
            }
            hit(curve, &alike, |i| ticks.of(since(turn.patched[i] - 1)));
        }
        if kind.reports {
            let clock = |t: i32| if t < kind.horizon { way.clock(ticks, t) } else { u32::MAX };
            hit(&mut curves.seen, straight, |i| clock(turn.seen[i]));
            if kind.reads_failures {
                let mut reported = turn.seen;
                if way.release.0 as usize == turn.target {
                    for (i, at) in turn.retries.seen(straight) {
                        reported[i] = reported[i].min(at);
                    }
                }
                hit(&mut curves.reported, straight, |i| clock(reported[i]));
            }
        }
    }
}

/// Calls to the help desk that have nothing to do with any release.
#[inline(always)]
fn calls(setting: Setting<'_>, kind: &Kind<'_>, batch: &Batch, c: &Columns, tally: &mut Tally) {
    if !any(&c.calls) {
        return;
    }
    let Setting { plan, luck, until, .. } = setting;
    let mut counter = tally.counter(plan, kind.ring);
    for i in (0..batch.count).filter(|&i| c.straight[i] & c.calls[i]) {
        let key = batch.key(i);
        background(
            plan,
            until,
            |purpose, n| luck.block(key, purpose, n),
            |trouble, at| {
                if trouble == Trouble::Call {
                    counter.step(at, Step::BackgroundCall);
                    counter.observed(at, Observation::Ticket, Cited { at, step: Step::BackgroundCall });
                }
            },
        );
    }
}

/// One more in the slot of each device; the last slot takes those who are not counted.
#[inline(always)]
fn hit(curve: &mut [u32], straight: &[bool; BATCH], slot: impl Fn(usize) -> u32) {
    let mut slots = [0; BATCH];
    let last = curve.len() as u32 - 1;
    for i in 0..BATCH {
        slots[i] = if straight[i] { slot(i).min(last) } else { last };
    }
    bump(curve, &slots, &[1; BATCH]);
}

#[inline(always)]
fn bump<T: Copy + std::ops::AddAssign, const N: usize>(curve: &mut [T], slots: &[u32; N], by: &[T; N]) {
    let mask = curve.len() - 1;
    for i in 0..N {
        // The mask never does anything, but it shows that the slot is there.
        curve[slots[i] as usize & mask] += by[i];
    }
}

/// Bytes and seconds of downloading, tick by tick: most downloads lie in one tick or in two.
#[inline(always)]
fn moved(
    plan: &Plan,
    kind: &Kind<'_>,
    way: &Way,
    turn: &Turn,
    c: &Columns,
    curves: &mut Curves,
    tally: &mut Tally,
) {
    let straight = &c.straight;
    let size = plan.releases[way.release.0 as usize].size_bytes;
    // The quotients below are exact in floating point as long as this holds.
    let exact = size as u128 * 2 * plan.tick_s as u128 <= 1 << 52;
    let tick_s = plan.tick_s as i32;
    let last = curves.bytes.len() as u32 - 1;
    let (mut slots, mut next, mut long) = ([0; BATCH], [0; BATCH], [false; BATCH]);
    let (mut bytes, mut seconds) = ([0_u64; BATCH], [0_u64; BATCH]);
    let (mut more_bytes, mut more_seconds) = ([0_u64; BATCH], [0_u64; BATCH]);
    for i in 0..BATCH {
        let from = (turn.loading[i] - way.published).max(0);
        let to = (turn.downloaded[i] - way.published).max(0);
        let first = kind.ticks.of(from);
        let ends = (first as i32 + 1) * tick_s;
        let (here, total) = (ends.min(to) - from, to - from);
        let short = exact & (to - ends <= tick_s) & (total == turn.loads_s[i]);
        long[i] = straight[i] & !short;
        let counts = straight[i] & short;
        slots[i] = if counts { first.min(last) } else { last };
        next[i] = if counts { (first + 1).min(last) } else { last };
        let quotient = size as f64 * f64::from(here) / f64::from(total.max(1));
        // One that takes less than half a second still moves its bytes.
        let share = if total == 0 { size } else { whole_part(quotient) as u64 };
        bytes[i] = if counts { share } else { 0 };
        more_bytes[i] = if counts { size.wrapping_sub(share) } else { 0 };
        seconds[i] = if counts { here as u64 } else { 0 };
        more_seconds[i] = if counts { (total - here) as u64 } else { 0 };
    }
    bump(&mut curves.bytes, &slots, &bytes);
    bump(&mut curves.loading_s, &slots, &seconds);
    bump(&mut curves.bytes, &next, &more_bytes);
    bump(&mut curves.loading_s, &next, &more_seconds);
    if !any(&long) {
        return;
    }
    let mut counter = tally.counter(plan, kind.ring);
    for i in (0..BATCH).filter(|&i| long[i]) {
        let (mut t, total) = (turn.loading[i], turn.loads_s[i]);
        let mut left = total;
        loop {
            let needs = plan.device.needs_online.download;
            let (from, ends) = if needs { c.on.one(kind, i, t) } else { (t, i32::MAX) };
            let to = ends.min(from + left);
            let at = |t: i32| SimTime(i64::from(t));
            counter.transfer(way.release, at(from), at(to), i64::from(total - left), i64::from(total));
            (left, t) = (left - (to - from), to);
            if left == 0 {
                break;
            }
        }
    }
}
