//! Operating characteristics of rules that stop releases: what each of them catches and misses at which defect rate, and
//! the smallest ring that still catches one. The procedures stand in docs/statistics.md.

pub mod characteristic;
pub mod paired;
pub mod smallest;

pub use characteristic::{Characteristic, Delay, Mean, Probability, Runs};
pub use paired::{Difference, differences};
pub use smallest::{Smallest, Tried};
