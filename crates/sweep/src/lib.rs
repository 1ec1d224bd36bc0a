//! Plays many ring strategies with the same luck on every core, and says how they differ.
//!
//! ```text
//!   study (strategies x axes x bank x replications) --> layout --> cells --> engine on every core
//!                                                                                |
//!            table, front, choice  <--  comparison  <--  rows  <--  journal  <---+
//! ```
//!
//! A *point* is one strategy with one value on each axis; a *cell* is a point against one member of the release
//! bank, for a block of replications. A cell is a pure function of (layout, cell), so cells can be played in any
//! order, on any machine, and again.

pub mod columns;
pub mod design;
mod directory;
pub mod export;
pub mod figures;
pub mod gates;
pub mod journal;
pub mod layout;
pub mod merge;
pub mod prepare;
mod ranges;
pub mod refusal;
pub mod rounds;
pub mod rows;
pub mod runner;
pub mod shard;
pub mod whole;
