//! Counting: what is true of a ring and a release, and apart from it what the service could see.
//!
//! Integers only, so that sums do not depend on who adds first. Everything is counted per replay unit (one
//! ring and one release), which is what a decision can reach.

use crate::{
    plan::{Plan, ReleaseId, RingId},
    steps::{Blocker, Disturbance, RestartBy, Settled, Sink, Step},
    time::SimTime,
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
    /// Devices patched in each tick since publication. Unlike the other curves these ticks include their end
    /// and not their begin, so that the sum over k ticks is what is patched k ticks after publication.
    pub patched: Vec<u64>,
    /// The same, eligible devices only.
    pub patched_eligible: Vec<u64>,
    /// The same, devices with the required hours online only.
    pub patched_connected: Vec<u64>,
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
    /// Eligible devices patched by the instant their objective passed.
    pub in_time: u64,
    /// Devices by the state that blocked them when their objective passed.
    pub late: [u64; Blocker::ALL.len()],
    /// The same, eligible devices only.
    pub late_eligible: [u64; Blocker::ALL.len()],
    /// Device-seconds between publication and patch (or the end of the watch) by the state that blocked them.
    pub blocked_s: [u64; Blocker::ALL.len()],
    /// Restarts by why they came.
    pub restarts: [u64; 4],
    /// Restarts in active hours.
    pub restarts_active: u64,
    /// Forced restarts in active hours.
    pub forced_active: u64,
    /// Failed attempts by cause.
    pub failures: Vec<u64>,
    /// Devices that gave up.
    pub gave_up: u64,
    /// First and last time a device was patched.
    pub first_last: Option<(SimTime, SimTime)>,
}

/// What the service could see of one ring and one release. Gates (and later rules) get this and never a
/// [`Truth`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Registered devices.
    pub devices: u64,
    /// Devices that were reported patched in each tick since publication.
    pub patched: Vec<u64>,
}

/// Truth and observation of one replay unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// What is true.
    pub truth: Truth,
    /// What could be seen.
    pub observed: Observed,
}

fn add(a: &mut [u64], b: &[u64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
}

fn add_curve(a: &mut Vec<u64>, b: &[u64]) {
    if a.len() < b.len() {
        a.resize(b.len(), 0);
    }
    add(a, b);
}

impl Truth {
    fn new(ticks: usize, causes: usize) -> Self {
        let curve = || vec![0; ticks];
        Self {
            patched: curve(),
            patched_eligible: curve(),
            patched_connected: curve(),
            offerable: curve(),
            offered: curve(),
            downloads: curve(),
            bytes: curve(),
            transfer_s: curve(),
            failures: vec![0; causes],
            ..Self::default()
        }
    }

    /// Adds another unit of the same release.
    pub fn add(&mut self, other: &Truth) {
        self.devices += other.devices;
        self.eligible += other.eligible;
        self.connected += other.connected;
        self.in_time += other.in_time;
        self.restarts_active += other.restarts_active;
        self.forced_active += other.forced_active;
        self.gave_up += other.gave_up;
        for (a, b) in [
            (&mut self.patched, &other.patched),
            (&mut self.patched_eligible, &other.patched_eligible),
            (&mut self.patched_connected, &other.patched_connected),
            (&mut self.offerable, &other.offerable),
            (&mut self.offered, &other.offered),
            (&mut self.downloads, &other.downloads),
            (&mut self.bytes, &other.bytes),
            (&mut self.transfer_s, &other.transfer_s),
            (&mut self.failures, &other.failures),
        ] {
            add_curve(a, b);
        }
        add(&mut self.late, &other.late);
        add(&mut self.late_eligible, &other.late_eligible);
        add(&mut self.blocked_s, &other.blocked_s);
        add(&mut self.restarts, &other.restarts);
        self.first_last = match (self.first_last, other.first_last) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }
}

impl Unit {
    /// Adds another part of the same ring and release.
    pub fn add(&mut self, other: &Unit) {
        self.truth.add(&other.truth);
        self.observed.devices += other.observed.devices;
        add_curve(&mut self.observed.patched, &other.observed.patched);
    }
}

/// All units of a plan, ring by ring.
#[derive(Clone, Debug)]
pub struct Tally {
    /// `rings x releases`, releases of one ring side by side.
    pub units: Vec<Unit>,
    releases: usize,
}

impl Tally {
    /// Zeros for every ring and release of the plan.
    pub fn new(plan: &Plan) -> Self {
        let releases = plan.releases.len();
        let mut units = Vec::with_capacity(plan.rings.len() * releases);
        for _ in &plan.rings {
            for r in 0..releases {
                let ticks = plan.ticks(ReleaseId(r as u16));
                units.push(Unit {
                    truth: Truth::new(ticks, plan.device.failures.len()),
                    observed: Observed { devices: 0, patched: vec![0; ticks] },
                });
            }
        }
        Self { units, releases }
    }

    /// Bytes that one tally of this plan takes.
    pub fn bytes(plan: &Plan) -> u64 {
        let ticks: usize = (0..plan.releases.len()).map(|r| plan.ticks(ReleaseId(r as u16))).sum();
        (plan.rings.len() * (ticks * 9 * 8 + plan.releases.len() * size_of::<Unit>())) as u64
    }

    /// The unit of a ring and a release.
    pub fn unit(&self, ring: RingId, release: ReleaseId) -> &Unit {
        &self.units[ring.0 as usize * self.releases + release.0 as usize]
    }

    /// The units of a ring, by release.
    pub fn ring_mut(&mut self, ring: RingId) -> &mut [Unit] {
        let from = ring.0 as usize * self.releases;
        &mut self.units[from..from + self.releases]
    }

    /// Adds another tally of the same plan.
    pub fn add(&mut self, other: &Tally) {
        for (a, b) in self.units.iter_mut().zip(&other.units) {
            a.add(b);
        }
    }
}

/// Counts one life after the other into the units of its ring.
#[derive(Debug)]
pub(crate) struct Counter<'a> {
    pub plan: &'a Plan,
    pub units: &'a mut [Unit],
}

impl Counter<'_> {
    fn tick(&self, release: ReleaseId, at: SimTime) -> usize {
        ((at - self.plan.releases[release.0 as usize].published).max(0) / self.plan.tick_s) as usize
    }

    fn count(&mut self, release: ReleaseId, at: SimTime, curve: impl Fn(&mut Unit) -> &mut Vec<u64>) {
        let tick = self.tick(release, at);
        if let Some(slot) = curve(&mut self.units[release.0 as usize]).get_mut(tick) {
            *slot += 1;
        }
    }
}

impl Sink for Counter<'_> {
    #[inline]
    fn step(&mut self, at: SimTime, step: Step) {
        match step {
            Step::Offered(r) => self.count(r, at, |u| &mut u.truth.offered),
            Step::DownloadStarted(r) => self.count(r, at, |u| &mut u.truth.downloads),
            Step::Failed(r, cause) => {
                self.units[r.0 as usize].truth.failures[cause.0 as usize] += 1;
            }
            Step::GaveUp(r) => self.units[r.0 as usize].truth.gave_up += 1,
            Step::Restarted(r, by, disturbance) => {
                let truth = &mut self.units[r.0 as usize].truth;
                truth.restarts[by as usize] += 1;
                let active = disturbance == Disturbance::InActiveHours;
                truth.restarts_active += u64::from(active);
                truth.forced_active += u64::from(active && by == RestartBy::Deadline);
            }
            Step::Downloaded(_)
            | Step::InstallStarted(_)
            | Step::PendingRestart(_)
            | Step::Patched(_)
            | Step::Reported(_) => {}
        }
    }

    #[inline]
    fn blocked(&mut self, release: ReleaseId, from: SimTime, to: SimTime, blocker: Blocker) {
        self.units[release.0 as usize].truth.blocked_s[blocker as usize] += (to - from) as u64;
    }

    fn transfer(&mut self, release: ReleaseId, from: SimTime, to: SimTime, done_s: i64, total_s: i64) {
        let size = u128::from(self.plan.releases[release.0 as usize].size_bytes);
        let published = self.plan.releases[release.0 as usize].published;
        let sofar = |seconds: i64| (size * seconds as u128 / total_s.max(1) as u128) as u64;
        let truth = &mut self.units[release.0 as usize].truth;
        let (mut t, mut done) = (from, done_s);
        if from == to {
            // A download that takes less than half a second still moves its bytes.
            let tick = (from - published) / self.plan.tick_s;
            if let Some(slot) = truth.bytes.get_mut(tick as usize) {
                *slot += size as u64;
            }
        }
        while t < to {
            let tick = (t - published) / self.plan.tick_s;
            let end = to.min(published + (tick + 1) * self.plan.tick_s);
            let Some(seconds) = truth.transfer_s.get_mut(tick as usize) else { return };
            *seconds += (end - t) as u64;
            truth.bytes[tick as usize] += sofar(done + (end - t)) - sofar(done);
            done += end - t;
            t = end;
        }
    }

    fn settled(&mut self, release: ReleaseId, settled: &Settled) {
        if let Some(at) = settled.offerable {
            self.count(release, at, |u| &mut u.truth.offerable);
        }
        if let Some(at) = settled.reported {
            self.count(release, at, |u| &mut u.observed.patched);
        }
        let tick = settled.patched.map(|at| self.tick(release, SimTime(at.0 - 1)));
        let unit = &mut self.units[release.0 as usize];
        unit.observed.devices += 1;
        let truth = &mut unit.truth;
        truth.devices += 1;
        truth.eligible += u64::from(settled.eligible);
        truth.connected += u64::from(settled.connected);
        if let (Some(at), Some(tick)) = (settled.patched, tick) {
            truth.patched[tick] += 1;
            truth.patched_eligible[tick] += u64::from(settled.eligible);
            truth.patched_connected[tick] += u64::from(settled.connected);
            truth.in_time += u64::from(settled.eligible && at <= settled.objective_at);
            let (first, last) = truth.first_last.unwrap_or((at, at));
            truth.first_last = Some((first.min(at), last.max(at)));
        }
        if let Some(blocker) = settled.late_by {
            truth.late[blocker as usize] += 1;
            truth.late_eligible[blocker as usize] += u64::from(settled.eligible);
        }
    }
}
