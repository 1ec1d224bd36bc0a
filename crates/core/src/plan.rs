//! What is true about the fleet, the service and the releases: the engine's whole input.
//!
//! A plan has typed indices, integer time, compiled distributions and no strings. It is made by the scenario
//! loader, which has already refused everything that makes no sense, so playing a plan cannot fail.
//!
//! *Invariants* (the loader guarantees them): indices are in range; releases are sorted by publication; the
//! ring graph has no cycle; probabilities lie in 0..=1 and lengths of time are not negative.

mod exploit;
mod stops;
mod trouble;

use crate::{
    costs::Costs,
    draws::Coin,
    quantile::Quantile,
    time::SimTime,
    windows::{Span, Windows},
};
pub use exploit::*;
pub use stops::*;
pub use trouble::*;

/// The input of the engine.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Length of a counting bucket in seconds; curves and gates have this resolution.
    pub tick_s: i64,
    /// Unix seconds of [`SimTime`] 0: absences and sessions are addressed by absolute day, so that moving a
    /// publication date does not deal new luck to the days.
    pub epoch_unix_s: i64,
    /// End of play; what has not happened by then counts as never.
    pub horizon: SimTime,
    /// The devices.
    pub fleet: Fleet,
    /// How many values each device attribute has, in the order of [`Fleet`]'s picks.
    pub attributes: Vec<AttributeDomain>,
    /// How devices live; a device follows the first habit whose `members` match.
    pub habits: Vec<Habit>,
    /// Which attribute is the site (its values index `Habit::at_site`).
    pub site_attribute: AttributeId,
    /// Rings in the order of the scenario.
    pub rings: Vec<Ring>,
    /// How automatic ring assignment counts.
    pub automatic: Automatic,
    /// Who is first where rings take so many of the devices that may be in them.
    pub ring_order: RingOrder,
    /// Releases by publication; a later one supersedes the earlier ones (cumulative updates).
    pub releases: Vec<Release>,
    /// What every managed device does.
    pub device: DeviceRules,
    /// Stretches in which the service holds the rollout back.
    pub freezes: Vec<Freeze>,
    /// What the service promises, for whom.
    pub objective: Objective,
    /// What is wrong with the releases.
    pub defects: Vec<Defect>,
    /// What goes wrong without any release.
    pub background: Background,
    /// The people who decide.
    pub crews: Vec<Crew>,
    /// What they (or the service by itself) react to.
    pub rules: Vec<Rule>,
    /// Decisions at given instants, by time.
    pub scripted: Vec<Scripted>,
    /// What commands do.
    pub management: Management,
    /// Local midnights over the time of play, in order: the days of repair capacities.
    pub midnights: Vec<SimTime>,
    /// What things cost, where the scenario says so. Changes nothing that is played.
    pub costs: Option<Costs>,
}

/// Index into [`Plan::attributes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeId(pub u16);
/// Index into [`Plan::rings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RingId(pub u16);
/// Index into [`Plan::releases`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseId(pub u16);
/// Index into [`DeviceRules::failures`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CauseId(pub u16);

/// One device attribute (site, model, role, ...).
#[derive(Clone, Debug)]
pub struct AttributeDomain {
    /// Address of its draws (a hash of its name), so that adding an attribute shifts no other.
    pub key: u32,
    /// Number of values.
    pub values: u16,
}

/// The devices: described by shares and counts, or listed one by one.
#[derive(Clone, Debug)]
pub enum Fleet {
    /// Cohorts; no memory per device.
    Described(Described),
    /// An inventory.
    Listed(Listed),
}

/// A fleet of cohorts. Cohorts by count come first, exactly; every other device draws its cohort by share.
#[derive(Clone, Debug)]
pub struct Described {
    /// All devices, registered or not.
    pub devices: u64,
    /// Cohorts by count.
    pub counted: Vec<(u64, Cohort)>,
    /// Cohorts by share: upper end of the cohort's interval of 64-bit words (the last one is `u64::MAX`).
    pub shared: Vec<(u64, Cohort)>,
    /// Address of the devices that draw their cohort.
    pub shared_key: u32,
}

/// Devices that are alike, up to chance.
#[derive(Clone, Debug)]
pub struct Cohort {
    /// 24-bit address (a hash of its name); a device's key is (address, index in the cohort).
    pub key: u32,
    /// For each attribute of the plan, how its value comes about.
    pub picks: Vec<Pick>,
    /// Why devices of this cohort cannot be registered with the service (an index into the loader's list of
    /// reasons), `None` if they can.
    pub unregistered: Option<u8>,
}

/// How a device of a cohort gets the value of one attribute.
#[derive(Clone, Debug)]
pub enum Pick {
    /// All the same.
    Always(u16),
    /// Independently by share: upper end of the value's interval of 64-bit words, value.
    Shares(Vec<(u64, u16)>),
}

/// An inventory: one record a device, attributes interned.
#[derive(Clone, Debug)]
pub struct Listed {
    /// A hash of each Device ID; unique.
    pub keys: Vec<u64>,
    /// `attributes.len()` values per device, device after device.
    pub values: Vec<u16>,
    /// Per device: ring by explicit membership (`u8::MAX`: none), reason why it is not registered
    /// (`u8::MAX`: registered), and whether free storage is below what the update needs.
    pub facts: Vec<ListedFacts>,
}

impl Listed {
    /// Bytes that the records of the devices take.
    pub fn bytes(&self) -> u64 {
        (size_of_val(&self.keys[..]) + size_of_val(&self.values[..]) + size_of_val(&self.facts[..])) as u64
    }
}

/// What an inventory says of one device beyond its attributes.
#[derive(Clone, Copy, Debug)]
pub struct ListedFacts {
    /// Ring that names this device in its member list; `u8::MAX` if none does.
    pub ring: u8,
    /// Index into the loader's list of reasons; `u8::MAX` if the device is registered.
    pub unregistered: u8,
    /// Free storage is known and below what the update needs.
    pub little_disk: Option<bool>,
    /// Seconds before the first publication at which the device was last seen, if that long ago that it must
    /// be away; 0 otherwise.
    pub away_for_s: u32,
}

/// A condition on attributes: any of several conjunctions of 'this attribute has one of these values'.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Or of ands; an empty list matches every device.
    pub any_of: Vec<Vec<(AttributeId, Vec<bool>)>>,
}

impl Filter {
    /// True if a device with these attribute values matches.
    #[inline]
    pub fn matches(&self, values: &[u16]) -> bool {
        self.any_of.is_empty()
            || self.any_of.iter().any(|all| {
                all.iter().all(|(attribute, allowed)| {
                    allowed.get(values[attribute.0 as usize] as usize).copied().unwrap_or(false)
                })
            })
    }
}

/// How a kind of device lives: when it is on, when it is away, what blocks it.
#[derive(Clone, Debug)]
pub struct Habit {
    /// Address of its draws (a hash of its name).
    pub key: u32,
    /// Which devices live like this.
    pub members: Filter,
    /// When the device is on and connected, leaving absences aside.
    pub online: Online,
    /// How far the day of one device is shifted against the stated hours, in seconds.
    pub shift: Quantile,
    /// Absences of days or weeks; `None`: never away.
    pub away: Option<Away>,
    /// Share of devices that are registered but silent from before the start.
    pub no_heartbeat: Coin,
    /// Share of devices that leave for good per day, as a probability; the time of leaving is exponential.
    pub never_back: Option<Quantile>,
    /// Share of devices with settings that conflict with the service's policies.
    pub policy_conflict: Coin,
    /// Share of devices with too little free disk (described fleets, and listed devices without a figure).
    pub little_disk: Coin,
    /// Download bandwidth of a device in bits per second.
    pub bandwidth: Quantile,
    /// What depends on the site as well; indexed by the value of the site attribute.
    pub at_site: Vec<HabitAtSite>,
    /// True if updates install and restart only in the windows of `HabitAtSite::install_windows` (no deadline,
    /// no forced restart, outside the objective).
    pub scheduled: bool,
}

/// The calendar of a habit at one site.
#[derive(Clone, Debug, Default)]
pub struct HabitAtSite {
    /// When devices are on, for [`Online::Hours`].
    pub online: Windows,
    /// Active hours: automatic restarts avoid them.
    pub active: Windows,
    /// When installs and restarts are allowed, for a scheduled habit.
    pub install_windows: Windows,
    /// Days on which the site is closed (the device is away).
    pub closed: Windows,
    /// Bandwidth at this site, where it replaces the habit's.
    pub bandwidth: Option<Quantile>,
}

/// When a device is on.
#[derive(Clone, Debug)]
pub enum Online {
    /// Day and night.
    Always,
    /// In the windows of [`HabitAtSite::online`], shifted by the device's own shift.
    Hours,
    /// So many seconds a day from a time of day of the device's own, uniform over the day.
    Daily {
        /// Seconds a day.
        on_s: i64,
    },
    /// On some days only, for one session a day.
    Sporadic {
        /// Share of days with a session.
        day: Coin,
        /// Length of a session in seconds.
        session: Quantile,
    },
}

/// Absences: a Poisson stream of beginnings, addressed by 28-day block, so that the share of devices away is
/// the stated one at every instant, the first included.
#[derive(Clone, Debug)]
pub struct Away {
    /// Length of an absence in seconds.
    pub lasts: Quantile,
    /// How many begin in a block.
    pub begins: Poisson,
    /// How many blocks back an absence can have begun that still lasts.
    pub reach_blocks: i64,
}

/// Seconds in a block of [`Away`].
pub const AWAY_BLOCK_S: i64 = 28 * 86_400;

impl Away {
    /// Absences of these lengths such that a share `share` of devices (0 <= share < 1) is away at any instant.
    ///
    /// With beginnings at rate r and mean length m, the number of absences that cover an instant is Poisson
    /// with mean r m, so P(away) = 1 - exp(-r m) and r = -ln(1 - share) / m.
    pub fn new(share: f64, lasts: Quantile) -> Self {
        let mean = lasts.mean().max(1.0);
        let per_block = -libm::log1p(-share) / mean * AWAY_BLOCK_S as f64;
        let begins = Poisson::per_block(per_block);
        let reach_blocks = lasts.practically_longest() / AWAY_BLOCK_S + 1;
        Self { lasts, begins, reach_blocks }
    }
}

/// A ring: who is in it, when it is offered a release, how hard it is pushed.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Who is in it.
    pub members: Members,
    /// Days after publication from which the release may be offered, in seconds.
    pub deferral_s: i64,
    /// Deadline in seconds; `None`: no forced restart.
    pub deadline_s: Option<i64>,
    /// Grace period in seconds.
    pub grace_s: i64,
    /// What else must have happened before the ring starts.
    pub gate: Option<Gate>,
    /// How the offer spreads inside the ring.
    pub ramp: Ramp,
    /// True if the ring has a deadline-driven cadence and so counts for the objective.
    pub in_objective: bool,
    /// Seconds after publication at which this ring's objective passes.
    pub objective_s: i64,
    /// Where the service counts devices that come back later from their return: seconds from the return to
    /// their objective.
    pub returned_objective_s: Option<i64>,
}

/// Who is in a ring. Explicit lists win over filters, filters over the pool; earlier rings over later ones.
#[derive(Clone, Debug)]
pub struct Members {
    /// Devices must match this to be candidates.
    pub filter: Filter,
    /// How many of the candidates.
    pub size: RingSize,
}

/// How many of the candidates a ring takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RingSize {
    /// All that match the filter (rings by attribute). Where several such rings match, the later one wins, as
    /// the service resolves conflicts between rings of the same kind.
    All,
    /// So many of those that match the filter, chosen by rank before the pool is dealt.
    Chosen(Amount),
    /// So many of the registered devices that no list and no filter claims, by rank.
    Pool(Amount),
    /// A share of the pool as the service assigns it, see [`Automatic`].
    Automatic {
        /// Share in a tenant at or below [`Automatic::small_upto`].
        small: f64,
        /// Share in a larger tenant.
        large: f64,
    },
    /// Whatever the pool has left.
    Rest,
    /// Only devices that a list names.
    Listed,
}

/// A number of devices, or a share of the registered ones (rounded by largest remainder over all rings that
/// are sized by share).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Exactly so many.
    Count(u64),
    /// This share, 0..=1, of the registered devices.
    Share(f64),
}

/// The order in which devices are dealt to rings that do not take all that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingOrder {
    /// By a draw of the device's own: every ring is a random sample, and a device keeps its place when sizes change.
    Drawn,
    /// By position in the fleet: the first ring has the first devices. Rings by share end where the cumulative
    /// share is rounded down (integer division), without largest remainders.
    AsListed,
}

/// How automatic assignment counts devices (one setting for the tenant).
#[derive(Clone, Copy, Debug)]
pub struct Automatic {
    /// The largest tenant to which the small shares apply.
    pub small_upto: u64,
    /// Devices registered together; `None`: the whole fleet at once.
    pub batch: Option<u64>,
    /// True: the batch in hand counts towards the size of the tenant; false: only devices registered before.
    pub counts_batch: bool,
}

/// A ring waits until a share of another ring has been seen patched.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// The ring waited for.
    pub after: RingId,
    /// The share of its registered devices that must have been reported patched.
    pub share: f64,
    /// Seconds between the tick at which that was seen and the start.
    pub wait_s: i64,
}

/// How an offer spreads over a ring from its start.
#[derive(Clone, Debug)]
pub struct Ramp {
    /// (share offered, seconds after the start), both rising; linear between neighbours if `linear`, else a
    /// device is offered at the first step whose share reaches its place.
    pub points: Vec<(f64, i64)>,
    /// Linear between points, or steps.
    pub linear: bool,
    /// The same devices are early in every release, or places are dealt anew.
    pub keeps_order: bool,
}

impl Ramp {
    /// Everyone at once.
    pub fn at_once() -> Self {
        Self { points: vec![(1.0, 0)], linear: false, keeps_order: true }
    }

    /// True if the whole ring is offered at its start.
    pub fn is_at_once(&self) -> bool {
        self.points.first().is_some_and(|&(share, delay)| share >= 1.0 && delay == 0)
    }

    /// Seconds after the start at which the device with place `place` (uniform on 0..1) is offered; `None`
    /// if the ramp never reaches it.
    pub fn delay_s(&self, place: f64) -> Option<i64> {
        let mut before: Option<(f64, i64)> = None;
        for &(share, delay) in &self.points {
            if place < share || share >= 1.0 {
                return Some(match before {
                    Some((s0, d0)) if self.linear => {
                        d0 + libm::floor((place - s0) / (share - s0) * (delay - d0) as f64 + 0.5) as i64
                    }
                    _ => delay,
                });
            }
            before = Some((share, delay));
        }
        None
    }
}

/// A release.
#[derive(Clone, Debug)]
pub struct Release {
    /// 24-bit address of its draws (a hash of its name).
    pub key: u32,
    /// When it is published.
    pub published: SimTime,
    /// Its curves and counts end here (at most the horizon).
    pub watched_until: SimTime,
    /// Bytes to download.
    pub size_bytes: u64,
    /// An out-of-band release follows another: it may be offered to a device from its own publication, but not
    /// before the release that it follows. `None`: it has a deferral of its own.
    pub follows: Option<ReleaseId>,
    /// Content that is pushed: no scan, no install, no restart.
    pub push: Option<Push>,
    /// Who attacks what it closes, and when. Changes nothing that is played.
    pub exploit: Option<Exploit>,
}

/// How pushed content reaches devices. Only [`Act::Withdraw`] stops it: no policy sync is asked.
#[derive(Clone, Debug)]
pub struct Push {
    /// From the moment it may be offered to its arrival on a device that is on, in seconds.
    pub reaches: Quantile,
    /// True: all rings at publication. False: ring by ring, as their deferrals and gates say.
    pub ignores_rings: bool,
}

/// What every managed device does with an offer.
#[derive(Clone, Debug)]
pub struct DeviceRules {
    /// How it looks for updates.
    pub scan: Scan,
    /// Policy sync interval in seconds; the phase is the device's own.
    pub sync_every_s: i64,
    /// Delay of an overdue scan after the device wakes up.
    pub wake_scan: Quantile,
    /// Delay of an overdue sync after the device wakes up.
    pub wake_sync: Quantile,
    /// Time a download takes where it is given directly; otherwise size over bandwidth.
    pub download_takes: Option<Quantile>,
    /// Time an install takes up to the pending restart.
    pub install_takes: Quantile,
    /// Which of its steps need the device to be on.
    pub needs_online: NeedsOnline,
    /// Minimum connectivity after publication: (total, continuous) in seconds.
    pub connectivity: Connectivity,
    /// What can go wrong in an attempt.
    pub failures: Vec<Failure>,
    /// From a failure to the next attempt.
    pub retry_after: Quantile,
    /// Attempts before the device gives up; `None`: it never does.
    pub attempts: Option<u32>,
    /// Time until somebody frees the disk of a device with too little of it; `None`: nobody does.
    pub disk_freed_after: Option<Quantile>,
    /// How it restarts.
    pub restart: Restart,
    /// How the service gets to know what happened on the device.
    pub telemetry: Telemetry,
}

/// How a device comes to its scans.
#[derive(Clone, Debug)]
pub enum Scan {
    /// A renewal process in equilibrium with these intervals; scans that fall due while the device is off run
    /// after it wakes up, and the timer starts again from there.
    Every {
        /// Interval between scans.
        interval: Quantile,
        /// Time from a random instant to the next scan.
        residual: Quantile,
        /// Longest interval, which bounds how far back a device's history matters.
        longest_s: i64,
    },
    /// The wait from the moment the release is offerable is drawn directly.
    Wait(Quantile),
}

/// Which steps wait while the device is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsOnline {
    /// Scans.
    pub scan: bool,
    /// Downloads (which resume where they stopped).
    pub download: bool,
    /// How installs live with being switched off.
    pub install: InstallOnline,
    /// Restarts.
    pub restart: bool,
    /// Uploads of telemetry.
    pub telemetry: bool,
}

/// How an install lives with being switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallOnline {
    /// It progresses only while the device is on and resumes where it stopped.
    Resumes,
    /// It begins while the device is on and is then finished whatever happens.
    Begins,
    /// It does not care.
    Ignores,
}

/// The rule of so many hours online after publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connectivity {
    /// Total seconds online.
    pub total_s: i64,
    /// Of which in one piece.
    pub continuous_s: i64,
    /// True: an install cannot complete before; false: only a statistic and a criterion of eligibility.
    pub gates: bool,
}

/// A cause of failure, per attempt.
#[derive(Clone, Copy, Debug)]
pub struct Failure {
    /// At the end of the download rather than of the install.
    pub in_download: bool,
    /// Upper end of the cause's interval of 64-bit words among the causes of the same stage.
    pub upto: u64,
}

/// Upper ends of 64-bit intervals for causes with these probabilities per attempt.
pub fn cause_bounds(shares: &[f64]) -> Vec<u64> {
    let mut sum = 0.0;
    let bound = |share: &f64| {
        sum += share;
        Coin::new(sum).threshold()
    };
    shares.iter().map(bound).collect()
}

/// How a pending restart comes about: the earliest of the user's choice, an idle slot and the deadline.
#[derive(Clone, Debug)]
pub struct Restart {
    /// From the pending restart to the user's own restart; `None`: users never restart by choice.
    pub user: Option<Quantile>,
    /// From the begin of an idle slot outside active hours to the automatic restart; `None`: no automatic
    /// restart before the deadline.
    pub idle: Option<Quantile>,
    /// What the deadline counts from.
    pub anchor: Anchor,
    /// Warning before a forced restart, in seconds.
    pub warning_s: i64,
    /// How long a restart takes.
    pub takes: Quantile,
}

/// What a deadline counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The scan that found the update (Windows 11 22H2 and later).
    Offer,
    /// Publication plus deferral (the older reading).
    Release,
    /// The pending restart.
    Pending,
}

/// A stretch in which rings are held back.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// When.
    pub spans: Vec<Span>,
    /// Which rings (by index).
    pub rings: Vec<bool>,
    /// How.
    pub by: FreezeBy,
}

/// How a freeze is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreezeBy {
    /// A pause command at the begin and a resume command at the end; each reaches a device at its next sync.
    Pause,
    /// Offers, downloads and installs go on; restarts wait for the end, forced ones too.
    HoldRestarts,
    /// Nothing new is offered in the stretch, without any delay.
    Ideal,
}

/// What the service promises.
#[derive(Clone, Copy, Debug)]
pub struct Objective {
    /// The share of eligible devices, 0..=1.
    pub share: f64,
    /// Seconds within which a device must have been heard from to be eligible.
    pub heard_within_s: i64,
}

impl Plan {
    /// All devices, registered or not.
    pub fn devices(&self) -> u64 {
        match &self.fleet {
            Fleet::Described(fleet) => fleet.devices,
            Fleet::Listed(fleet) => fleet.keys.len() as u64,
        }
    }

    /// When `ring` may be offered `release` as far as the calendar alone decides.
    pub fn earliest_offer(&self, ring: RingId, release: ReleaseId) -> SimTime {
        let r = &self.releases[release.0 as usize];
        match (r.follows, &r.push) {
            (_, Some(push)) if push.ignores_rings => r.published,
            (Some(followed), _) => r.published.max(self.earliest_offer(ring, followed)),
            (None, _) => r.published + self.rings[ring.0 as usize].deferral_s,
        }
    }

    /// When the objective of `ring` for `release` passes.
    pub fn objective_at(&self, ring: RingId, release: ReleaseId) -> SimTime {
        self.releases[release.0 as usize].published + self.rings[ring.0 as usize].objective_s
    }

    /// The newest release published by `at`; the first one before that.
    pub fn newest_published(&self, at: SimTime) -> ReleaseId {
        ReleaseId((self.releases.iter().filter(|r| r.published <= at).count().max(1) - 1) as u16)
    }

    /// Number of ticks over which `release` is watched.
    pub fn ticks(&self, release: ReleaseId) -> usize {
        let r = &self.releases[release.0 as usize];
        let watched = (r.watched_until - r.published).max(0);
        ((watched + self.tick_s - 1) / self.tick_s) as usize
    }

    /// The tick of the plan's clock that holds the publication of `release`.
    pub fn clock_from(&self, release: ReleaseId) -> i64 {
        self.releases[release.0 as usize].published.0.div_euclid(self.tick_s)
    }

    /// Number of ticks of the plan's clock in which `release` is watched.
    pub fn clock_ticks(&self, release: ReleaseId) -> usize {
        let until = self.releases[release.0 as usize].watched_until.0;
        (((until + self.tick_s - 1) / self.tick_s) - self.clock_from(release)).max(0) as usize
    }

    /// Number of ticks of the plan's clock until the end of play.
    pub fn clock_end(&self) -> usize {
        ((self.horizon.0 + self.tick_s - 1) / self.tick_s).max(0) as usize
    }

    /// The end of the tick of the plan's clock that holds `at`; `at` itself at the stroke of a tick.
    pub fn stroke(&self, at: SimTime) -> SimTime {
        SimTime((at.0 + self.tick_s - 1).div_euclid(self.tick_s) * self.tick_s)
    }

    /// True if some decision can uninstall a release.
    pub fn can_uninstall(&self) -> bool {
        let mut acts = self.rules.iter().flat_map(|r| &r.acts).chain(self.scripted.iter().map(|s| &s.act));
        acts.any(|act| matches!(act, Act::Uninstall { .. }))
    }
}
