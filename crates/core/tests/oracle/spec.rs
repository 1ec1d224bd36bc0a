//! A small scenario in few numbers, so that it can be drawn, shrunk and printed.

/// A length of time in seconds.
#[derive(Clone, Copy, Debug)]
pub enum Lasts {
    Fixed(i64),
    Uniform(i64, i64),
    Exponential(i64),
}

#[derive(Clone, Debug)]
pub enum OnlineSpec {
    Always,
    /// Hours of the day, weekends too or not.
    Hours(i64, i64, bool),
    Daily(i64),
    Sporadic(f64, Lasts),
}

#[derive(Clone, Debug)]
pub struct HabitSpec {
    pub online: OnlineSpec,
    pub shift: Lasts,
    /// Share away, and how long.
    pub away: Option<(f64, Lasts)>,
    pub no_heartbeat: f64,
    pub never_back: Option<Lasts>,
    pub conflict: f64,
    pub little_disk: f64,
    pub scheduled: bool,
    /// Active hours.
    pub active: Option<(i64, i64)>,
    /// First day on which site 1 is closed, and for how many.
    pub closed: Option<(i64, i64)>,
}

#[derive(Clone, Debug)]
pub struct RingSpec {
    /// Devices from the pool; the last ring takes the rest.
    pub count: u64,
    pub deferral_s: i64,
    pub deadline_s: Option<i64>,
    pub grace_s: i64,
    /// After which of the rings before it (counted back), share, wait.
    pub gate: Option<(usize, f64, i64)>,
    pub ramp: Option<RampSpec>,
}

#[derive(Clone, Debug)]
pub struct RampSpec {
    pub first: f64,
    pub last: f64,
    pub over_s: i64,
    pub linear: bool,
    pub kept: bool,
}

#[derive(Clone, Debug)]
pub struct ReleaseSpec {
    /// Since the release before.
    pub after_s: i64,
    pub watched_s: i64,
    /// It follows the release before it.
    pub follows: bool,
    pub reaches: Lasts,
    pub past_rings: bool,
}

#[derive(Clone, Debug)]
pub enum ScanSpec {
    Every(i64, f64),
    Wait(Lasts),
}

#[derive(Clone, Debug)]
pub struct DeviceSpec {
    pub scan: ScanSpec,
    pub sync_every_s: i64,
    pub wake_scan: Lasts,
    pub wake_sync: Lasts,
    /// `None`: so many bytes over the bandwidth.
    pub download: Option<Lasts>,
    pub install: Lasts,
    pub needs: (bool, bool, bool),
    pub install_online: u8,
    /// Total hours, hours in one piece.
    pub connectivity: Option<(i64, i64)>,
    /// In the download, in the install.
    pub failures: (f64, f64),
    pub retry: Lasts,
    pub attempts: Option<u32>,
    pub freed: Option<Lasts>,
    pub user: Option<Lasts>,
    pub idle: Option<Lasts>,
    pub anchor: u8,
    pub warning_s: i64,
    pub restart: Lasts,
    pub upload_every_s: Option<i64>,
    /// For the device to be on.
    pub uploads_wait: bool,
    pub loss: f64,
    pub latency: Lasts,
    pub installed_is_success: bool,
}

#[derive(Clone, Debug)]
pub struct FreezeSpec {
    pub from_s: i64,
    pub lasts_s: i64,
    /// A second stretch so long after the first.
    pub again_s: Option<i64>,
    pub rings: u8,
    pub by: u8,
}

#[derive(Clone, Debug)]
pub struct DefectSpec {
    pub releases: u8,
    pub one_model: bool,
    pub prevalence: (u8, f64),
    pub shows: ShowsSpec,
    pub severity: u8,
    pub telemetry: f64,
    pub ticket: Option<(f64, Lasts, bool)>,
    pub repair: Option<RepairSpec>,
}

#[derive(Clone, Debug)]
pub enum ShowsSpec {
    InInstall,
    After(Lasts),
    On(i64),
}

#[derive(Clone, Debug)]
pub struct RepairSpec {
    pub asked: Lasts,
    pub takes: Lasts,
    pub office: bool,
    pub a_day: Option<u64>,
    pub removes: bool,
}

#[derive(Clone, Debug)]
pub struct CrewSpec {
    pub staff: u32,
    pub office: bool,
    pub notices: Lasts,
    pub decides: Lasts,
    pub paged_s: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct RuleSpec {
    pub crew: Option<usize>,
    pub service: bool,
    pub releases: u8,
    pub rings: u8,
    pub each_ring: bool,
    pub count: u8,
    pub within_s: Option<i64>,
    pub at_least: u64,
    pub share: Option<(u8, f64, u64)>,
    /// Every day at this second; `None`: every tick.
    pub daily_s: Option<i64>,
    pub acts: Vec<ActSpec>,
}

#[derive(Clone, Debug)]
pub struct ActSpec {
    pub kind: u8,
    pub reach: (u8, usize),
    pub for_s: Option<i64>,
    /// A release or a defect.
    pub of: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct ScriptSpec {
    pub at_s: i64,
    pub service: bool,
    pub act: ActSpec,
}

#[derive(Clone, Debug)]
pub struct ManagementSpec {
    pub expires_s: Option<i64>,
    pub lifts: bool,
    pub push: Option<Lasts>,
    pub takes: Lasts,
    pub fails: f64,
    pub restart_after: Lasts,
    pub switch_fails: f64,
    pub max_decisions: usize,
}

#[derive(Clone, Debug)]
pub struct Spec {
    pub seed: u64,
    pub tick_s: i64,
    pub days: i64,
    pub devices: u64,
    /// Every third device of an inventory was last seen so many days ago.
    pub listed: Option<i64>,
    pub pushes: bool,
    pub habits: Vec<HabitSpec>,
    pub rings: Vec<RingSpec>,
    pub releases: Vec<ReleaseSpec>,
    pub device: DeviceSpec,
    pub freezes: Vec<FreezeSpec>,
    pub defects: Vec<DefectSpec>,
    /// Share of devices with a failure, and with a call, in ten days.
    pub background: (f64, f64),
    pub crews: Vec<CrewSpec>,
    pub rules: Vec<RuleSpec>,
    pub scripts: Vec<ScriptSpec>,
    pub management: ManagementSpec,
}
