//! The one place that spreads a fleet over threads.
//!
//! Workers take chunks of devices from a shared counter, each into an accumulator of its own; accumulators
//! are integers (or are sorted afterwards), so neither the number of threads nor the chunk size shows.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use rayon::prelude::*;

use crate::{draws::Luck, plan::Plan, watch::Watch};

/// Devices taken at a time: large enough that the counter costs nothing, small enough that cores end together.
const CHUNK: u64 = 2_048;

/// A thread that gets fewer devices costs more than it brings: it has to wake up, and its counts are added up.
const WORTH_A_THREAD: u64 = 2 * CHUNK;

/// Where other runs wait, a thread is better off with one of its own, unless this one takes long.
const WORTH_A_BREAK: u64 = 128 * CHUNK;

/// What is played, with which luck, and who looks on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World<'a> {
    pub plan: &'a Plan,
    pub luck: &'a Luck,
    pub watch: &'a Watch,
    /// About how many devices the pass has work with; all of them without it.
    pub busy: Option<u64>,
    /// Other runs are played at the same time: threads find work there.
    pub beside_others: bool,
}

impl<'a> World<'a> {
    /// The only run in hand.
    pub(crate) fn new(plan: &'a Plan, luck: &'a Luck, watch: &'a Watch) -> Self {
        Self { plan, luck, watch, busy: None, beside_others: false }
    }
}

/// Folds over all devices in the current rayon pool, by ranges of their positions in the fleet; a worker that has no more
/// of them ends with `finish`. Told to stop, it ends early; the caller asks the watch before it believes the sum.
pub(crate) fn fold_ranges<T: Send>(
    world: World<'_>,
    new: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, Range<u64>) + Sync,
    finish: impl Fn(&mut T) + Sync,
    merge: impl Fn(&mut T, T) + Sync,
) -> T {
    let World { plan, watch, busy, beside_others, .. } = world;
    let devices = plan.devices();
    watch.begin(devices);
    let next = AtomicU64::new(0);
    let least = if beside_others { WORTH_A_BREAK } else { WORTH_A_THREAD };
    let worth = busy.unwrap_or(devices).min(devices) / least;
    let workers = (rayon::current_num_threads() as u64).min(worth).max(1);
    let work = |_: usize| {
        let mut sum = new();
        loop {
            let begin = next.fetch_add(CHUNK, Ordering::Relaxed);
            if begin >= devices || watch.stopped() {
                finish(&mut sum);
                return sum;
            }
            let end = devices.min(begin + CHUNK);
            each(&mut sum, begin..end);
            watch.visit(end - begin);
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
