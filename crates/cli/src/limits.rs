//! What is refused before it is begun, with the sum: more memory than allowed, and fleets beyond reason.

use std::borrow::Cow;

use rollcast_core::{
    draws::Coin,
    instructions::batches_bytes,
    metrics::Metric,
    plan::{Defect, Fleet, Plan, Prevalence},
    tally::Tally,
};
use rollcast_scenario::scalar::Bytes;

use crate::{
    output::CannotWrite,
    render::number::{bytes, count, many, time},
};

/// Default of `--max-memory`. Counts grow with threads, rings and ticks and not with a described fleet, so ordinary
/// runs stay far below; it is there for seconds-long ticks and millions of replications.
pub(crate) const MAX_MEMORY: &str = "4 GiB";

/// The largest fleet that is played: more than ten devices for everybody alive. What is meant above that is a slip
/// of the keyboard, and the run would look like one that hangs.
const MAX_DEVICES: u64 = 100_000_000_000;

/// Time of one device and release on one core, for estimates: what W1 takes (docs/performance.md). Rich scenarios take
/// many times as long.
const NS_PER_DEVICE: f64 = 37.0;

/// A request for repair that waits for a desk with a daily capacity, at the peak of a run: counted, put into order and
/// scheduled.
const BYTES_PER_REQUEST: u64 = 128;

/// Threads of our own; 0 is one for each core.
pub(crate) fn pool(jobs: u16) -> Result<rayon::ThreadPool, CannotWrite> {
    rayon::ThreadPoolBuilder::new().num_threads(usize::from(jobs)).build().map_err(|_| CannotWrite {
        message: format!("cannot start {jobs} threads"),
        help: "use fewer `--jobs`".into(),
    })
}

/// Refuses what would not fit or not end.
pub(crate) fn check(plan: &Plan, threads: usize, runs: u32, limit: Bytes) -> Result<(), CannotWrite> {
    check_devices(plan, threads)?;
    let need = Need::of(plan, threads as u64, u64::from(runs));
    if need.sum() <= limit.bytes() {
        return Ok(());
    }
    Err(CannotWrite {
        message: format!(
            "the run would take {} of memory ({}); the limit is {}",
            bytes(need.sum() as f64),
            need.told(threads as u64, u64::from(runs)),
            bytes(limit.bytes() as f64),
        ),
        help: Cow::Borrowed(if need.queue > need.sum() / 2 {
            "leave out `at-most` of the repair, take fewer `--jobs` or fewer devices, or a higher `--max-memory`"
        } else {
            "take a longer `tick`, fewer `--jobs`, fewer `--replications` or a higher `--max-memory`"
        }),
    })
}

/// Refuses a fleet that nobody has, with what it would take.
pub(crate) fn check_devices(plan: &Plan, threads: usize) -> Result<(), CannotWrite> {
    let devices = plan.devices();
    if devices <= MAX_DEVICES {
        return check_bytes(plan);
    }
    let visits = devices as f64 * plan.releases.len().max(1) as f64;
    let hours = visits * NS_PER_DEVICE * 1e-9 / threads as f64 / 3_600.0;
    let need = Need::of(plan, threads as u64, 1);
    Err(CannotWrite {
        message: format!(
            "a fleet of {} devices would take {} or more for each run on {} (at {NS_PER_DEVICE} ns a device and release, as the plainest devices take on one core) and {} of memory; the limit is {} devices",
            count(devices),
            time(hours),
            many(threads as u64, "thread"),
            bytes(need.sum() as f64),
            count(MAX_DEVICES),
        ),
        help: "shares, times and curves are the same for a thousandth of the devices".into(),
    })
}

/// Refuses downloads that a counter of 64 bits might not hold: what all devices can download within one tick.
fn check_bytes(plan: &Plan) -> Result<(), CannotWrite> {
    // A download that fails is made again; with so many devices the mean number of attempts is what counts.
    let in_download = plan.device.failures.iter().filter(|cause| cause.in_download);
    let fails = in_download.map(|cause| cause.upto).max().unwrap_or(0) as f64 / 2_f64.powi(64);
    // Attempts are at least a minute apart.
    let attempts = plan.device.attempts.map_or(f64::INFINITY, f64::from).min(plan.tick_s as f64 / 60.0 + 1.0);
    let times = attempts.min(1.0 / (1.0 - fails));
    let largest = plan.releases.iter().map(|release| release.size_bytes).max().unwrap_or(0);
    let all = plan.devices() as f64 * largest as f64 * times;
    // A release may be downloaded again after an uninstall; that leaves room for some of that.
    const MOST: f64 = (1_u64 << 62) as f64;
    if all <= MOST {
        return Ok(());
    }
    Err(CannotWrite {
        message: format!(
            "{} devices may download {} in one tick (releases of up to {}); counters hold {}",
            count(plan.devices()),
            bytes(all),
            bytes(largest as f64),
            bytes(MOST),
        ),
        help: "take fewer devices or a smaller `size`; shares, times and curves are the same for a thousandth of the devices".into(),
    })
}

/// Bytes that a run takes.
struct Need {
    tallies: u64,
    results: u64,
    listed: u64,
    /// Devices that wait for repair; the only thing that grows with a described fleet.
    queue: u64,
}

impl Need {
    fn of(plan: &Plan, threads: u64, runs: u64) -> Self {
        // One tally a thread, one that is kept and one on the way, for each run that is in hand at a time.
        let at_once = threads.min(runs);
        let tallies = Tally::bytes(plan).saturating_mul((threads + 2).saturating_mul(at_once));
        let batches = batches_bytes(plan).saturating_mul(threads.saturating_mul(at_once));
        let tallies = tallies.saturating_add(batches);
        let groups = (plan.rings.len() as u64 + 1) * plan.releases.len() as u64;
        let values = 2 * 16 * Metric::all().len() as u64 * groups;
        let listed = match &plan.fleet {
            Fleet::Described(_) => 0,
            Fleet::Listed(listed) => listed.bytes(),
        };
        let prone: f64 = plan.defects.iter().map(most_in_queue).sum();
        let queue = (plan.devices() as f64 * prone) as u64;
        let queue = queue.saturating_mul(BYTES_PER_REQUEST).saturating_mul(threads.min(runs));
        Need { tallies, results: runs.saturating_mul(values), listed, queue }
    }

    fn sum(&self) -> u64 {
        self.tallies.saturating_add(self.results).saturating_add(self.listed).saturating_add(self.queue)
    }

    /// What it is for.
    fn told(&self, threads: u64, runs: u64) -> String {
        let parts = [
            (self.tallies, format!("for counts by ring and tick on {}", many(threads, "thread"))),
            (self.results, format!("for the results of {}", many(runs, "run"))),
            (self.listed, "for the inventory".to_owned()),
            (self.queue, "at most for the queue for repair".to_owned()),
        ];
        let parts = parts.into_iter().filter(|(need, _)| *need > 0);
        parts.map(|(need, what)| format!("{} {what}", bytes(need as f64))).collect::<Vec<_>>().join(", ")
    }
}

/// The share of all devices that a defect sends into a queue for repair, if each of them may have it and goes down
/// once.
fn most_in_queue(defect: &Defect) -> f64 {
    if defect.repair.as_ref().is_none_or(|repair| repair.at_most_a_day.is_none()) {
        return 0.0;
    }
    let share = |coin: &Coin| coin.threshold() as f64 / 2_f64.powi(64);
    match &defect.prevalence {
        Prevalence::Share(coin) => share(coin),
        Prevalence::ByValue(_, coins) => coins.iter().map(share).fold(0.0, f64::max),
        Prevalence::Clustered { mean, .. } => *mean,
    }
}
