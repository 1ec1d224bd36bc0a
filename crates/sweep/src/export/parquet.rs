//! Apache Parquet, written column by column in groups of rows. Text, axes and metrics may be null, all else is always
//! there. The file says which plan it comes from under `rollcast.digest` and `rollcast.seed`.

use std::{
    io::{self, Write},
    sync::Arc,
};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{Type, TypePtr},
};

use super::{Column, Field, Kind, Run, Source, Table};

/// Rows of a group: what readers share out between threads, and what is held in memory for one column.
const GROUP: usize = 1 << 17;

pub(super) fn write(table: &Table<'_>, out: &mut (dyn Write + Send)) -> io::Result<()> {
    whole_file(table, out).map_err(|error| match error {
        // What the disk said is told as for any other file.
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    })
}

fn whole_file(table: &Table<'_>, out: &mut (dyn Write + Send)) -> Result<(), ParquetError> {
    let layout = table.layout;
    let said = |key: &str, value: String| KeyValue::new(format!("rollcast.{key}"), value);
    let properties = WriterProperties::builder()
        .set_created_by(format!("rollcast {}", layout.version))
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![
            said("digest", layout.digest.clone()),
            said("seed", layout.seed.to_string()),
        ]))
        .build();
    let columns = table.columns.iter().map(described).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("results").with_fields(columns).build()?;
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    let mut runs = table.runs().peekable();
    while runs.peek().is_some() {
        let group: Vec<Run<'_>> = runs.by_ref().take(GROUP).collect();
        let mut to = file.next_row_group()?;
        for column in &table.columns {
            let fields = group.iter().map(|&run| table.field(run, column));
            match column.kind {
                Kind::Text => put::<ByteArrayType>(&mut to, column, fields, |field| match field {
                    Field::Text(text) => Some(ByteArray::from(text)),
                    _ => None,
                })?,
                Kind::Number => put::<DoubleType>(&mut to, column, fields, |field| match field {
                    Field::Number(number) => Some(number),
                    _ => None,
                })?,
                Kind::Whole => put::<Int64Type>(&mut to, column, fields, |field| match field {
                    Field::Whole(number) => Some(number.into()),
                    _ => None,
                })?,
                Kind::Flag => put::<BoolType>(&mut to, column, fields, |field| match field {
                    Field::Flag(flag) => Some(flag),
                    _ => None,
                })?,
            }
        }
        to.close()?;
    }
    file.close()?;
    Ok(())
}

/// True if a column may have nothing in a row.
fn has_nulls(column: &Column) -> bool {
    matches!(column.source, Source::Axis(_) | Source::Metric(_))
}

fn described(column: &Column) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Whole => (Physical::INT64, None),
        Kind::Flag => (Physical::BOOLEAN, None),
    };
    let repetition = if has_nulls(column) { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
        .map(Arc::new)
}

/// Writes what a group of rows has in a column.
fn put<'a, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut (dyn Write + Send)>,
    column: &Column,
    fields: impl Iterator<Item = Field<'a>>,
    value: impl Fn(Field<'a>) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut values, mut present) = (Vec::new(), Vec::new());
    for field in fields {
        let value = value(field);
        present.push(i16::from(value.is_some()));
        values.extend(value);
    }
    let mut writer = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("there are more columns than described".into()))?;
    writer.typed::<T>().write_batch(&values, has_nulls(column).then_some(&present), None)?;
    writer.close()
}
