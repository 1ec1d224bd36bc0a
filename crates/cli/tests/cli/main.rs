//! The binary from the outside: what it prints, where, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bench;
mod compare;
mod explain;
mod gate;
mod gates;
mod golden;
mod init;
mod memory;
mod merge;
mod outcome;
mod run;
mod sensitivity;
mod support;
mod sweep;
mod sweep_faults;
mod sweep_limits;
mod until;
mod validate;
mod ways;
