//! The one place that spreads a fleet over threads.
//!
//! Workers take chunks of devices from a shared counter, each into an accumulator of its own; accumulators
//! are integers (or are sorted afterwards), so neither the number of threads nor the chunk size shows.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::{device::Device, draws::Luck, plan::Plan};

/// Devices taken at a time: large enough that the counter costs nothing, small enough that cores end together.
const CHUNK: u64 = 2_048;

/// Folds over all devices in the current rayon pool.
pub(crate) fn fold_fleet<T: Send>(
    plan: &Plan,
    luck: &Luck,
    new: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, &Device<'_>) + Sync,
    merge: impl Fn(&mut T, T) + Sync,
) -> T {
    let devices = plan.devices();
    let next = AtomicU64::new(0);
    let workers = (rayon::current_num_threads() as u64).min(devices.div_ceil(CHUNK)).max(1);
    let work = |_: usize| {
        let mut sum = new();
        loop {
            let begin = next.fetch_add(CHUNK, Ordering::Relaxed);
            if begin >= devices {
                return sum;
            }
            plan.visit(luck, begin..devices.min(begin + CHUNK), |device| each(&mut sum, device));
        }
    };
    if workers == 1 {
        return work(0);
    }
    (0..workers as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(work)
        .reduce_with(|mut a, b| {
            merge(&mut a, b);
            a
        })
        .expect("invariant: there is at least one worker")
}
