//! Looking on while a run is played: how far it is, and telling it to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared between a run and whoever waits for it. Never changes a result: a run either gives its outcome or,
/// told to stop, none.
#[derive(Debug, Default)]
pub struct Watch {
    visited: AtomicU64,
    lives: AtomicU64,
    straight: AtomicU64,
    finished: AtomicU64,
    passes: AtomicU64,
    /// Of the pass that began last: its devices, and the visits before it.
    pass_devices: AtomicU64,
    visited_before: AtomicU64,
    stop: AtomicBool,
}

/// A pass over the fleet. A run takes several: to fill the rings, to play, to play again what a decision changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Counted from 1, over all runs; 0: none has begun.
    pub number: u64,
    /// Devices that it visits.
    pub devices: u64,
    /// Devices visited so far.
    pub visited: u64,
}

impl Watch {
    /// A watch that has seen nothing yet.
    pub const fn new() -> Self {
        Self {
            visited: AtomicU64::new(0),
            lives: AtomicU64::new(0),
            straight: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            passes: AtomicU64::new(0),
            pass_devices: AtomicU64::new(0),
            visited_before: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Device visits so far, over all passes of all runs.
    pub fn visited(&self) -> u64 {
        self.visited.load(Ordering::Relaxed)
    }

    /// Lives played so far, and how many of them were straight and worked out in batches (see `straight.rs`).
    pub fn lives(&self) -> (u64, u64) {
        (self.lives.load(Ordering::Relaxed), self.straight.load(Ordering::Relaxed))
    }

    /// The pass that began last. It means something while one run is played at a time; for several at once look at
    /// [`Watch::visited`] and [`Watch::finished`].
    pub fn pass(&self) -> Pass {
        let devices = self.pass_devices.load(Ordering::Relaxed);
        let visited = self.visited().saturating_sub(self.visited_before.load(Ordering::Relaxed));
        // A look between two passes may mix them.
        Pass { number: self.passes.load(Ordering::Relaxed), devices, visited: visited.min(devices) }
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

    /// A pass over so many devices begins.
    pub(crate) fn begin(&self, devices: u64) {
        self.visited_before.store(self.visited(), Ordering::Relaxed);
        self.pass_devices.store(devices, Ordering::Relaxed);
        self.passes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn visit(&self, devices: u64) {
        self.visited.fetch_add(devices, Ordering::Relaxed);
    }

    pub(crate) fn lived(&self, lives: u64, straight: u64) {
        self.lives.fetch_add(lives, Ordering::Relaxed);
        self.straight.fetch_add(straight, Ordering::Relaxed);
    }

    pub(crate) fn finish(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_counts_its_own_visits() {
        let watch = Watch::new();
        assert_eq!(watch.pass(), Pass::default());
        watch.begin(100);
        watch.visit(60);
        assert_eq!(watch.pass(), Pass { number: 1, devices: 100, visited: 60 });
        watch.visit(40);
        watch.begin(70);
        assert_eq!(watch.pass(), Pass { number: 2, devices: 70, visited: 0 });
        watch.visit(7);
        assert_eq!((watch.pass().visited, watch.visited()), (7, 107));
    }
}
