//! Looking on while a run is played: how far it is, and telling it to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared between a run and whoever waits for it. Never changes a result: a run either gives its outcome or,
/// told to stop, none.
#[derive(Debug, Default)]
pub struct Watch {
    visited: AtomicU64,
    straight: AtomicU64,
    finished: AtomicU64,
    stop: AtomicBool,
}

impl Watch {
    /// A watch that has seen nothing yet.
    pub const fn new() -> Self {
        Self {
            visited: AtomicU64::new(0),
            straight: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Device visits so far, over all passes of all runs.
    pub fn visited(&self) -> u64 {
        self.visited.load(Ordering::Relaxed)
    }

    /// Lives so far that were straight and worked out in batches (see `straight.rs`).
    pub fn straight(&self) -> u64 {
        self.straight.load(Ordering::Relaxed)
    }

    /// Runs finished so far.
    pub fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// Asks the runs that share this watch to stop; each does within one chunk of devices per core.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// True once [`Watch::stop`] was called.
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn visit(&self, devices: u64) {
        self.visited.fetch_add(devices, Ordering::Relaxed);
    }

    pub(crate) fn lived_straight(&self, devices: u64) {
        self.straight.fetch_add(devices, Ordering::Relaxed);
    }

    pub(crate) fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}
