//! Which machine instructions straight lives are played with: the widest that the machine has, or those that every
//! machine has. The bytes of an outcome are the same; only the time differs.
//!
//! The loops are written once and compiled for each width; nothing but integers and plain IEEE operations in a fixed
//! order is in them (no fused multiply-add, no reassociated sum of floats), so every width gives the same numbers.

use std::sync::atomic::{AtomicBool, Ordering};

use pulp::Arch;

/// What a process plays with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// The widest vectors that this machine has, found out at run time.
    Widest,
    /// What every machine of the architecture has; instruction counters know these.
    Portable,
}

static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Chooses for the whole process, from now on. Never changes a result.
pub fn choose(instructions: Instructions) {
    PORTABLE.store(instructions == Instructions::Portable, Ordering::Relaxed);
}

/// What was chosen ([`Instructions::Widest`] at first).
pub fn chosen() -> Instructions {
    if PORTABLE.load(Ordering::Relaxed) { Instructions::Portable } else { Instructions::Widest }
}

/// The name of what is used on this machine under the choice made.
pub fn name() -> &'static str {
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

pub(crate) fn arch() -> Arch {
    match chosen() {
        Instructions::Widest => Arch::new(),
        Instructions::Portable => Arch::Scalar,
    }
}
