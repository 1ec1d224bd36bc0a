//! One JSON object a line, with all columns in the order of the table. Never is null.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Field, Table};

pub(super) fn write(table: &Table<'_>, mut out: &mut dyn Write) -> io::Result<()> {
    for run in table.runs() {
        let mut line = serde_json::Serializer::new(&mut out);
        let mut object = line.serialize_map(Some(table.columns.len()))?;
        for column in &table.columns {
            object.serialize_entry(&column.name, &table.field(run, column))?;
        }
        object.end()?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Field::Text(text) => serializer.serialize_str(text),
            Field::Number(number) => serializer.serialize_f64(number),
            Field::Whole(number) => serializer.serialize_u32(number),
            Field::Flag(flag) => serializer.serialize_bool(flag),
            Field::Never => serializer.serialize_none(),
        }
    }
}
