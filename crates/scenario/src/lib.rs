//! Reads Rollcast scenarios and compiles them to plans.

pub mod calendar;
pub mod codes;
pub mod compile;
pub mod de;
pub mod diagnostic;
pub mod digest;
pub mod explain;
pub mod init;
pub mod inventory;
pub mod layers;
pub mod load;
pub mod node;
pub mod overrides;
pub mod path;
pub mod read;
pub mod scalar;
pub mod schema;
pub mod study;
pub mod suggest;
pub mod uncertain;
pub mod yaml;
