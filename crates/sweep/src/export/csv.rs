//! Comma-separated values. Never is an empty field.

use std::io::{self, Write};

use csv::Writer;

use super::{Field, Table, shortest};

pub(super) fn write(table: &Table<'_>, out: &mut dyn Write) -> io::Result<()> {
    whole_file(table, out).map_err(|error| match error.into_kind() {
        // What the disk said is told as for any other file.
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

fn whole_file(table: &Table<'_>, out: &mut dyn Write) -> Result<(), csv::Error> {
    let mut out = Writer::from_writer(out);
    out.write_record(table.columns.iter().map(|column| &column.name))?;
    for run in table.runs() {
        for column in &table.columns {
            match table.field(run, column) {
                Field::Text(text) => out.write_field(text),
                Field::Number(number) => out.write_field(shortest(number)),
                Field::Whole(number) => out.write_field(number.to_string()),
                Field::Flag(flag) => out.write_field(flag.to_string()),
                Field::Never => out.write_field(""),
            }?;
        }
        // Ends the record.
        out.write_record(None::<&[u8]>)?;
    }
    out.flush()?;
    Ok(())
}
