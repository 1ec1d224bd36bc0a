//! Which machine instructions lives are played with. The bytes of an outcome are the same; only the time differs.
//!
//! The loops of [`crate::straight`] are written once and compiled for each width of vectors that machines have; which
//! of them runs is found out when the program runs. Nothing but integers and plain IEEE operations in a fixed order is
//! in them (no fused multiply-add, no sum of floats), so every width gives the same numbers.

use std::sync::atomic::{AtomicU8, Ordering};

use pulp::Arch;

use crate::plan::Plan;

/// What a process plays with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// Straight lives in batches, with the widest vectors that this machine has.
    Widest,
    /// Straight lives in batches, with what every machine of the architecture has: what instruction counters know.
    Portable,
    /// No batches: every life by itself, as [`crate::life`] tells it.
    OneByOne,
}

const ALL: [Instructions; 3] = [Instructions::Widest, Instructions::Portable, Instructions::OneByOne];

static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Chooses for the whole process, from the next pass over a fleet on. Never changes a result.
pub fn choose(instructions: Instructions) {
    CHOSEN.store(instructions as u8, Ordering::Relaxed);
}

/// What was chosen ([`Instructions::Widest`] at first).
pub fn chosen() -> Instructions {
    ALL[CHOSEN.load(Ordering::Relaxed) as usize]
}

/// The name of what is used on this machine under the choice made.
pub fn name() -> &'static str {
    if chosen() == Instructions::OneByOne {
        return "one by one";
    }
    match arch() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V4(_) => "avx512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "neon",
        _ => "portable",
    }
}

/// Bytes that batches of lives take on one thread, at the most.
pub fn batches_bytes(plan: &Plan) -> u64 {
    if chosen() == Instructions::OneByOne { 0 } else { crate::straight::bytes(plan) }
}

pub(crate) fn arch() -> Arch {
    match chosen() {
        Instructions::Widest => Arch::new(),
        Instructions::Portable | Instructions::OneByOne => Arch::Scalar,
    }
}
