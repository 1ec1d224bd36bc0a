//! Counting: what is true of a ring and a release, and apart from it what could be seen.
//!
//! Integers only, so that sums do not depend on who adds first. Everything is counted per replay unit (one
//! ring and one release), which is what a decision can reach. What is true is bucketed from each release's own
//! publication; what is seen is bucketed on the plan's clock, on which rules are judged.

use crate::{
    plan::{Counted, DefectId, Denominator, Plan, ReleaseId, RingId, Severity},
    steps::{Blocker, Cited, Disturbance, Observation, RestartBy, Settled, Sink, Step},
    time::SimTime,
    windows::Span,
};

/// What is true of one ring (or the whole fleet) and one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Registered devices.
    pub devices: u64,
    /// Of which count for the objective.
    pub eligible: u64,
    /// Of which had the required hours online before their objective passed.
    pub connected: u64,
    /// By how many more devices are patched after each tick since publication (less than none after a rollback).
    /// Unlike the other curves these ticks include their end and not their begin, so that the sum over k ticks is
    /// what is patched k ticks after publication.
    pub patched: Vec<i64>,
    /// The same, eligible devices only.
    pub patched_eligible: Vec<i64>,
    /// The same, devices with the required hours online only.
    pub patched_connected: Vec<i64>,
    /// Devices that became offerable in each tick.
    pub offerable: Vec<u64>,
    /// Devices whose scan found the release in each tick.
    pub offered: Vec<u64>,
    /// Downloads begun in each tick.
    pub downloads: Vec<u64>,
    /// Bytes downloaded in each tick.
    pub bytes: Vec<u64>,
    /// Device-seconds of downloading in each tick.
    pub transfer_s: Vec<u64>,
    /// Eligible devices patched at the instant their objective passed.
    pub in_time: u64,
    /// Devices by the state that blocked them when their objective passed.
    pub late: [u64; Blocker::ALL.len()],
    /// The same, eligible devices only.
    pub late_eligible: [u64; Blocker::ALL.len()],
    /// Device-seconds between publication and the end of the watch without the release, by the state that
    /// blocked the device.
    pub blocked_s: [u64; Blocker::ALL.len()],
    /// Restarts by why they came.
    pub restarts: [u64; 5],
    /// Restarts in active hours.
    pub restarts_active: u64,
    /// Forced restarts in active hours (by the deadline, or after an uninstall).
    pub forced_active: u64,
    /// Failed attempts by cause; causes of the plan first, then defects.
    pub failures: Vec<u64>,
    /// Devices that gave up.
    pub gave_up: u64,
    /// First and last time a device was patched.
    pub first_last: Option<(SimTime, SimTime)>,
    /// Devices that a defect of the release first harmed in each tick. Empty in plans without defects, as all
    /// that follows.
    pub harmed: Vec<u64>,
    /// First and last time a device was first harmed.
    pub onsets: Option<(SimTime, SimTime)>,
    /// When harm by the release was first seen, by telemetry or through a call.
    pub harm_seen: Option<SimTime>,
    /// Times that each defect showed on a device.
    pub harmed_by: Vec<u64>,
    /// Device-seconds for which defects showed.
    pub harmed_s: u64,
    /// Devices that went down in each tick.
    pub down: Vec<u64>,
    /// Devices repaired in each tick.
    pub repaired: Vec<u64>,
    /// Device-seconds down.
    pub down_s: u64,
    /// Uninstalls completed in each tick.
    pub rolled_back: Vec<u64>,
    /// Uninstalls that failed.
    pub rollbacks_failed: u64,
    /// Calls to the help desk about defects of the release.
    pub tickets: u64,
}

/// What could be seen of one ring and one release, in ticks of the plan's clock from the one that holds the
/// publication; devices count once. Rules and gates get this and never a [`Truth`]. A curve that nobody reads
/// is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Registered devices.
    pub devices: u64,
    /// Devices seen installed.
    pub installed: Vec<u64>,
    /// Devices seen failing.
    pub failed: Vec<u64>,
    /// Devices seen failing to install.
    pub install_failed: Vec<u64>,
    /// Devices seen scanning for it.
    pub offered: Vec<u64>,
    /// Devices seen in any of the first three ways.
    pub reported: Vec<u64>,
}

/// Truth and observation of one replay unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// What is true.
    pub truth: Truth,
    /// What could be seen.
    pub observed: Observed,
}

/// A request for repair by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// When it was made.
    pub asked: SimTime,
    /// The device.
    pub key: u64,
    /// What has it down.
    pub defect: DefectId,
}

/// What is counted of a ring, whatever the release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RingTally {
    /// Calls to the help desk in each tick of the plan's clock.
    pub tickets: Vec<u64>,
    /// Calls that have nothing to do with any release.
    pub background_tickets: u64,
    /// Requests for repair that wait for a desk with a daily capacity, in any order.
    pub requests: Vec<Request>,
}

/// Which observations some rule or gate reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    installed: bool,
    failed: bool,
    install_failed: bool,
    /// Scans that found a release.
    pub offered: bool,
    reported: bool,
    /// Calls to the help desk.
    pub tickets: bool,
}

impl Reads {
    /// What the rules and gates of `plan` read.
    pub fn of(plan: &Plan) -> Self {
        let mut reads = Self { installed: plan.rings.iter().any(|r| r.gate.is_some()), ..Self::default() };
        for rule in &plan.rules {
            match rule.when.count {
                Counted::Failed => reads.failed = true,
                Counted::InstallFailed => reads.install_failed = true,
                Counted::Tickets => reads.tickets = true,
            }
            match rule.when.share.map(|share| share.of) {
                Some(Denominator::Offered) => reads.offered = true,
                Some(Denominator::Installed) => reads.installed = true,
                Some(Denominator::Reported) => reads.reported = true,
                Some(Denominator::Registered) | None => {}
            }
        }
        reads
    }

    /// True if somebody sees attempts that fail.
    pub(crate) fn failed_attempts(self) -> bool {
        self.install_failed || self.reported
    }
}

fn add(a: &mut [u64], b: &[u64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}

fn add_curve<T: Copy + Default + std::ops::AddAssign>(a: &mut Vec<T>, b: &[T]) {
    if a.len() < b.len() {
        a.resize(b.len(), T::default());
    }
    a.iter_mut().zip(b).for_each(|(a, b)| *a += *b);
}

fn join(a: Option<(SimTime, SimTime)>, b: Option<(SimTime, SimTime)>) -> Option<(SimTime, SimTime)> {
    match (a, b) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    }
}

impl Truth {
    fn new(plan: &Plan, ticks: usize) -> Self {
        let curve = || vec![0; ticks];
        let net = || vec![0; ticks];
        let harm = || if plan.defects.is_empty() { Vec::new() } else { vec![0; ticks] };
        Self {
            patched: net(),
            patched_eligible: net(),
            patched_connected: net(),
            offerable: curve(),
            offered: curve(),
            downloads: curve(),
            bytes: curve(),
            transfer_s: curve(),
            failures: vec![0; plan.device.failures.len() + plan.defects.len()],
            harmed: harm(),
            harmed_by: vec![0; plan.defects.len()],
            down: harm(),
            repaired: harm(),
            rolled_back: if plan.can_uninstall() { curve() } else { Vec::new() },
            ..Self::default()
        }
    }

    /// Adds another unit of the same release.
    pub fn add(&mut self, other: &Truth) {
        for (a, b) in [
            (&mut self.devices, other.devices),
            (&mut self.eligible, other.eligible),
            (&mut self.connected, other.connected),
            (&mut self.in_time, other.in_time),
            (&mut self.restarts_active, other.restarts_active),
            (&mut self.forced_active, other.forced_active),
            (&mut self.gave_up, other.gave_up),
            (&mut self.harmed_s, other.harmed_s),
            (&mut self.down_s, other.down_s),
            (&mut self.rollbacks_failed, other.rollbacks_failed),
            (&mut self.tickets, other.tickets),
        ] {
            *a += b;
        }
        for (a, b) in [
            (&mut self.patched, &other.patched),
            (&mut self.patched_eligible, &other.patched_eligible),
            (&mut self.patched_connected, &other.patched_connected),
        ] {
            add_curve(a, b);
        }
        for (a, b) in [
            (&mut self.offerable, &other.offerable),
            (&mut self.offered, &other.offered),
            (&mut self.downloads, &other.downloads),
            (&mut self.bytes, &other.bytes),
            (&mut self.transfer_s, &other.transfer_s),
            (&mut self.failures, &other.failures),
            (&mut self.harmed, &other.harmed),
            (&mut self.harmed_by, &other.harmed_by),
            (&mut self.down, &other.down),
            (&mut self.repaired, &other.repaired),
            (&mut self.rolled_back, &other.rolled_back),
        ] {
            add_curve(a, b);
        }
        add(&mut self.late, &other.late);
        add(&mut self.late_eligible, &other.late_eligible);
        add(&mut self.blocked_s, &other.blocked_s);
        add(&mut self.restarts, &other.restarts);
        self.first_last = join(self.first_last, other.first_last);
        self.onsets = join(self.onsets, other.onsets);
        self.harm_seen = [self.harm_seen, other.harm_seen].into_iter().flatten().min();
    }

    /// Devices first harmed in the ticks before `tick`.
    pub fn harmed_before(&self, tick: usize) -> u64 {
        self.harmed.iter().take(tick).sum()
    }
}

impl Observed {
    fn new(plan: &Plan, release: ReleaseId, reads: Reads) -> Self {
        let ticks = plan.clock_ticks(release);
        let curve = |read: bool| if read { vec![0; ticks] } else { Vec::new() };
        Self {
            devices: 0,
            installed: curve(reads.installed),
            failed: curve(reads.failed),
            install_failed: curve(reads.install_failed),
            offered: curve(reads.offered),
            reported: curve(reads.reported),
        }
    }

    /// Adds what could be seen of other devices and the same release.
    pub fn add(&mut self, other: &Observed) {
        self.devices += other.devices;
        for (a, b) in [
            (&mut self.installed, &other.installed),
            (&mut self.failed, &other.failed),
            (&mut self.install_failed, &other.install_failed),
            (&mut self.offered, &other.offered),
            (&mut self.reported, &other.reported),
        ] {
            add_curve(a, b);
        }
    }
}

/// All that is counted of a plan, ring by ring.
#[derive(Clone, Debug)]
pub struct Tally {
    /// `rings x releases`, releases of one ring side by side.
    pub units: Vec<Unit>,
    /// What is counted of each ring, whatever the release.
    pub rings: Vec<RingTally>,
    releases: usize,
    reads: Reads,
}

impl Tally {
    /// Zeros for every ring and release of the plan.
    pub fn new(plan: &Plan) -> Self {
        Self::of_rings(plan, &vec![true; plan.rings.len()])
    }

    /// Zeros for the marked rings. Nobody of another ring may be counted: it has no curves, which read as zeros.
    pub(crate) fn of_rings(plan: &Plan, marked: &[bool]) -> Self {
        let releases = plan.releases.len();
        let reads = Reads::of(plan);
        let tickets = if reads.tickets { plan.clock_end() } else { 0 };
        let mut units = Vec::with_capacity(plan.rings.len() * releases);
        let mut rings = vec![RingTally::default(); plan.rings.len()];
        for (ring, &marked) in rings.iter_mut().zip(marked) {
            if !marked {
                units.resize(units.len() + releases, Unit::default());
                continue;
            }
            ring.tickets = vec![0; tickets];
            units.extend((0..releases).map(|r| ReleaseId(r as u16)).map(|release| Unit {
                truth: Truth::new(plan, plan.ticks(release)),
                observed: Observed::new(plan, release, reads),
            }));
        }
        Self { units, rings, releases, reads }
    }

    /// Bytes that one tally of this plan takes.
    pub fn bytes(plan: &Plan) -> u64 {
        let releases = || (0..plan.releases.len()).map(|r| ReleaseId(r as u16));
        let ticks: usize = releases().map(|r| plan.ticks(r) * 12 + plan.clock_ticks(r) * 5).sum();
        let ring = ticks * 8 + plan.clock_end() * 8 + plan.releases.len() * size_of::<Unit>();
        (plan.rings.len() * ring) as u64
    }

    /// The unit of a ring and a release.
    pub fn unit(&self, ring: RingId, release: ReleaseId) -> &Unit {
        &self.units[ring.0 as usize * self.releases + release.0 as usize]
    }

    /// The unit of a ring and a release, to count in.
    pub(crate) fn unit_mut(&mut self, ring: RingId, release: ReleaseId) -> &mut Unit {
        &mut self.units[ring.0 as usize * self.releases + release.0 as usize]
    }

    /// A counter for the devices of a ring.
    pub(crate) fn counter<'a>(&'a mut self, plan: &'a Plan, ring: RingId) -> Counter<'a> {
        let from = ring.0 as usize * self.releases;
        Counter {
            plan,
            units: &mut self.units[from..from + self.releases],
            ring: &mut self.rings[ring.0 as usize],
            reads: self.reads,
        }
    }

    /// Puts what `fresh` counts of `ring` in the place of what this counts of it.
    pub(crate) fn take_ring(&mut self, ring: RingId, fresh: &mut Tally) {
        let from = ring.0 as usize * self.releases;
        let units = from..from + self.releases;
        self.units[units.clone()].swap_with_slice(&mut fresh.units[units]);
        std::mem::swap(&mut self.rings[ring.0 as usize], &mut fresh.rings[ring.0 as usize]);
    }

    /// Adds another tally of the same plan.
    pub fn add(&mut self, other: &Tally) {
        for (a, b) in self.units.iter_mut().zip(&other.units) {
            a.truth.add(&b.truth);
            a.observed.add(&b.observed);
        }
        for (a, b) in self.rings.iter_mut().zip(&other.rings) {
            add_curve(&mut a.tickets, &b.tickets);
            a.background_tickets += b.background_tickets;
            a.requests.extend_from_slice(&b.requests);
        }
    }
}

/// Counts one life after the other into the units of its ring.
#[derive(Debug)]
pub(crate) struct Counter<'a> {
    plan: &'a Plan,
    units: &'a mut [Unit],
    ring: &'a mut RingTally,
    reads: Reads,
}

/// Whole ticks in so many seconds.
#[inline]
fn whole_ticks(seconds: i64, tick_s: i64) -> usize {
    match (u32::try_from(seconds), u32::try_from(tick_s)) {
        // Nearly always: a division of half the width.
        (Ok(seconds), Ok(tick_s)) => (seconds / tick_s) as usize,
        _ => (seconds / tick_s) as usize,
    }
}

impl Counter<'_> {
    #[inline]
    fn tick(&self, release: ReleaseId, at: SimTime) -> usize {
        whole_ticks((at - self.plan.releases[release.0 as usize].published).max(0), self.plan.tick_s)
    }

    /// Of patched devices: ticks include their end.
    fn tick_to(&self, release: ReleaseId, at: SimTime) -> usize {
        self.tick(release, SimTime(at.0 - 1))
    }

    fn count(&mut self, release: ReleaseId, at: SimTime, curve: impl Fn(&mut Truth) -> &mut Vec<u64>) {
        let tick = self.tick(release, at);
        if let Some(slot) = curve(&mut self.units[release.0 as usize].truth).get_mut(tick) {
            *slot += 1;
        }
    }

    fn see(&mut self, release: ReleaseId, at: SimTime, curve: impl Fn(&mut Observed) -> &mut Vec<u64>) {
        let tick = whole_ticks(at.0, self.plan.tick_s);
        let curve = curve(&mut self.units[release.0 as usize].observed);
        if curve.is_empty() {
            return;
        }
        let from = self.plan.clock_from(release) as usize;
        if let Some(slot) = tick.checked_sub(from).and_then(|tick| curve.get_mut(tick)) {
            *slot += 1;
        }
    }
}

impl Sink for Counter<'_> {
    #[inline]
    fn step(&mut self, at: SimTime, step: Step) {
        match step {
            Step::Offered(r) => self.count(r, at, |t| &mut t.offered),
            Step::DownloadStarted(r) => self.count(r, at, |t| &mut t.downloads),
            Step::Failed(r, cause) => {
                self.units[r.0 as usize].truth.failures[cause.0 as usize] += 1;
            }
            Step::GaveUp(r) => self.units[r.0 as usize].truth.gave_up += 1,
            Step::Restarted(r, by, disturbance) => {
                let truth = &mut self.units[r.0 as usize].truth;
                truth.restarts[by as usize] += 1;
                let active = disturbance == Disturbance::InActiveHours;
                truth.restarts_active += u64::from(active);
                let forced = matches!(by, RestartBy::Deadline | RestartBy::Rollback);
                truth.forced_active += u64::from(active && forced);
            }
            Step::Harmed(r, defect) => {
                self.units[r.0 as usize].truth.harmed_by[defect.0 as usize] += 1;
                if self.plan.defects[defect.0 as usize].severity == Severity::Down {
                    self.count(r, at, |t| &mut t.down);
                }
            }
            Step::Repaired(r, _) => self.count(r, at, |t| &mut t.repaired),
            Step::RolledBack(r) => self.count(r, at, |t| &mut t.rolled_back),
            Step::RollbackFailed(r) => self.units[r.0 as usize].truth.rollbacks_failed += 1,
            Step::BackgroundCall => self.ring.background_tickets += 1,
            Step::Downloaded(_)
            | Step::InstallStarted(_)
            | Step::PendingRestart(_)
            | Step::Patched(_)
            | Step::Healed(..)
            | Step::RollbackStarted(_)
            | Step::BackgroundFailure(_) => {}
        }
    }

    #[inline]
    fn blocked(&mut self, release: ReleaseId, from: SimTime, to: SimTime, blocker: Blocker) {
        self.units[release.0 as usize].truth.blocked_s[blocker as usize] += (to - from) as u64;
    }

    fn transfer(&mut self, release: ReleaseId, from: SimTime, to: SimTime, done_s: i64, total_s: i64) {
        let size = self.plan.releases[release.0 as usize].size_bytes;
        let published = self.plan.releases[release.0 as usize].published;
        let sofar = |seconds: i64| match size.checked_mul(seconds as u64) {
            _ if seconds == 0 => 0,
            _ if seconds == total_s => size,
            Some(product) => product / total_s.max(1) as u64,
            None => (u128::from(size) * seconds as u128 / total_s.max(1) as u128) as u64,
        };
        let truth = &mut self.units[release.0 as usize].truth;
        let (mut t, mut done) = (from, done_s);
        if from == to {
            // A download that takes less than half a second still moves its bytes.
            let tick = (from - published) / self.plan.tick_s;
            if let Some(slot) = truth.bytes.get_mut(tick as usize) {
                *slot += size;
            }
        }
        while t < to {
            let tick = whole_ticks(t - published, self.plan.tick_s) as i64;
            let end = to.min(published + (tick + 1) * self.plan.tick_s);
            let Some(seconds) = truth.transfer_s.get_mut(tick as usize) else { return };
            *seconds += (end - t) as u64;
            truth.bytes[tick as usize] += sofar(done + (end - t)) - sofar(done);
            done += end - t;
            t = end;
        }
    }

    fn asked(&mut self, at: SimTime, key: u64, defect: DefectId) {
        let repair = self.plan.defects[defect.0 as usize].repair.as_ref();
        if repair.is_some_and(|repair| repair.at_most_a_day.is_some()) {
            self.ring.requests.push(Request { asked: at, key, defect });
        }
    }

    #[inline]
    fn observed(&mut self, at: SimTime, what: Observation, cites: Cited) {
        match what {
            Observation::Offered(r) => self.see(r, at, |o| &mut o.offered),
            Observation::Installed(r) => self.see(r, at, |o| &mut o.installed),
            Observation::Failed(r) => self.see(r, at, |o| &mut o.failed),
            Observation::InstallFailed(r) => self.see(r, at, |o| &mut o.install_failed),
            Observation::Reported(r) => self.see(r, at, |o| &mut o.reported),
            Observation::Ticket => {
                if let Step::Harmed(r, _) = cites.step {
                    self.units[r.0 as usize].truth.tickets += 1;
                }
                if self.reads.tickets
                    && let Some(slot) = self.ring.tickets.get_mut((at.0 / self.plan.tick_s) as usize)
                {
                    *slot += 1;
                }
            }
        }
    }

    fn held(&mut self, _: &[Span]) {}

    fn settled(&mut self, release: ReleaseId, settled: &Settled, covered: &[Span]) {
        if let Some(at) = settled.offerable {
            self.count(release, at, |t| &mut t.offerable);
        }
        for span in covered {
            self.net(release, span.from, 1, settled);
            if span.to < SimTime::NEVER {
                self.net(release, span.to, -1, settled);
            }
        }
        if let Some(at) = settled.harmed {
            self.count(release, at, |t| &mut t.harmed);
        }
        let unit = &mut self.units[release.0 as usize];
        unit.observed.devices += 1;
        let truth = &mut unit.truth;
        truth.devices += 1;
        truth.eligible += u64::from(settled.eligible);
        truth.connected += u64::from(settled.connected);
        let once = |at: Option<SimTime>| at.map(|at| (at, at));
        truth.first_last = join(truth.first_last, once(settled.patched));
        truth.onsets = join(truth.onsets, once(settled.harmed));
        truth.harm_seen = [truth.harm_seen, settled.harm_seen].into_iter().flatten().min();
        truth.harmed_s += settled.harmed_s as u64;
        truth.down_s += settled.down_s as u64;
        let in_time = covered.iter().any(|s| s.from <= settled.objective_at && settled.objective_at < s.to);
        truth.in_time += u64::from(settled.eligible && in_time);
        if let Some(blocker) = settled.late_by {
            truth.late[blocker as usize] += 1;
            truth.late_eligible[blocker as usize] += u64::from(settled.eligible);
        }
    }
}

impl Counter<'_> {
    /// One device more or less is patched from `at` on.
    fn net(&mut self, release: ReleaseId, at: SimTime, by: i64, settled: &Settled) {
        let tick = self.tick_to(release, at);
        let truth = &mut self.units[release.0 as usize].truth;
        if tick >= truth.patched.len() {
            return;
        }
        truth.patched[tick] += by;
        truth.patched_eligible[tick] += if settled.eligible { by } else { 0 };
        truth.patched_connected[tick] += if settled.connected { by } else { 0 };
    }
}
