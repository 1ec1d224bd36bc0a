//! Ways to show things: an outcome as table, JSON or CSV, problems with their snippets.

pub(crate) mod chart;
pub(crate) mod comparison;
pub(crate) mod csv;
pub(crate) mod diagnostics;
mod front;
pub(crate) mod gate;
pub(crate) mod gates;
pub(crate) mod json;
pub(crate) mod number;
pub(crate) mod paper;
pub(crate) mod sensitivity;
pub(crate) mod story;
pub(crate) mod sweep;
pub(crate) mod table;
