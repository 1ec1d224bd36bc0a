//! The outcome for machines: everything, unrounded.

use std::io::{self, Write};

use crate::report::Report;

/// Writes the report as indented JSON with a final line break.
pub(crate) fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
