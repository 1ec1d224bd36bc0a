//! The engine of Rollcast: plays a rollout through rings on virtual devices.
//!
//! A rollout has few decisions and very many devices, and the engine keeps them apart. The *control plane*
//! ([`control`], [`run`]) is a short list of ordered events. The *data plane* is the devices, and a device is
//! a function: its attributes ([`device`]) and its whole life ([`life`]) depend on nothing but the plan, the
//! luck, its key and the decisions so far. Lives are played straight through, in parallel, and tallied
//! ([`tally`]); nobody keeps a million objects or a million-entry queue.
//!
//! *Invariants.* Same plan, seed and replication: same outcome at any number of threads, debug or release.
//! Decisions read only [`tally::Observed`], metrics only [`tally::Truth`]. Nothing here knows files, strings,
//! calendars or clocks, and nothing here fails: what can go wrong with an input is refused before it is a
//! [`plan::Plan`].
//!
//! Start in [`run::run`]; the order of a life is in [`life`].

mod bins;
pub mod census;
pub mod check;
pub mod control;
pub mod costs;
mod desk;
pub mod device;
pub mod draws;
pub mod family;
mod gather;
pub mod goals;
pub mod graph;
mod harm;
mod install;
pub mod instructions;
mod interrupt;
mod lag;
pub mod life;
pub mod membership;
mod memo;
pub mod metrics;
pub mod observe;
pub mod odds;
pub mod outcome;
mod parallel;
mod people;
pub mod plan;
mod presence;
pub mod quantile;
pub mod replicate;
mod restart;
mod roll;
mod rules;
pub mod run;
mod scan;
mod sight;
pub mod stats;
pub mod steps;
mod straight;
pub mod tally;
pub mod time;
pub mod watch;
pub mod windows;
