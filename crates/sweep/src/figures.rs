//! Figures of a comparison: what the runs of a study say about its points, and how sure that is.
//!
//! Members of the release bank are *strata*: a figure of a point is that of a release drawn from the bank, so each
//! member counts by its weight, however often it was played. Points are played with the same luck, so two points are
//! compared run by run.
//!
//! One function for each procedure, named after it: [`mean::stratified_t`], [`mean::rule_of_three`],
//! [`share::weighted_share`], [`quantile::order_statistic_interval`], `bootstrap::quantile_interval` and those for
//! differences in [`paired`]. What each promises is in docs/statistics.md. [`comparison::Comparison`] applies them to
//! the rows of a study; [`front`] and [`choose`] help to decide; [`sensitivity`] tells which axes matter.
//!
//! Intervals cover luck (and the draw of a release from the bank within its strata), never a wrong assumption. They are
//! 95 % each: among many points or columns some miss.

pub mod bootstrap;
pub mod choose;
pub mod comparison;
pub mod decide;
pub mod estimate;
pub mod front;
pub mod gate;
pub mod mean;
pub mod paired;
pub mod quantile;
pub mod sample;
pub mod sensitivity;
pub mod several;
pub mod share;
pub mod variation;

/// What the 95 % intervals leave out on each side.
pub const TAIL: f64 = 0.025;
/// The error that verdicts allow themselves.
pub const ERROR: f64 = 0.05;
