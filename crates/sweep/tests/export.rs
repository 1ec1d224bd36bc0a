//! Results as files. The expected ones are in `tests/golden`; with `ROLLCAST_GOLDEN=write` they are written anew.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::{env, fs, path::Path};

use common::{layout, panic, results};
use rollcast_sweep::{
    export::{Format, write},
    layout::Layout,
    rows::Results,
};

fn written(format: Format, layout: &Layout, results: &Results) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format.file_name());
    write(format, layout, results, &path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the file and nothing else");
    fs::read(path).unwrap()
}

fn text(format: Format, layout: &Layout, results: &Results) -> String {
    String::from_utf8(written(format, layout, results)).unwrap()
}

#[test]
fn every_kind_of_value_is_written_as_expected() {
    let layout = layout(4);
    let mut results = results(&layout);
    results.put(3, panic(3));
    for format in [Format::Csv, Format::Jsonl] {
        let text = text(format, &layout, &results);
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format.file_name());
        if env::var_os("ROLLCAST_GOLDEN").is_some_and(|value| value == "write") {
            fs::write(&golden, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&golden).unwrap(), "{}", golden.display());
        assert_eq!(text, self::text(format, &layout, &results), "the same bytes again");
    }
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let layout = layout(60);
    let results = results(&layout);
    let csv = text(Format::Csv, &layout, &results);
    let jsonl = text(Format::Jsonl, &layout, &results);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    let mut rows = 0;
    for (record, line) in reader.records().zip(jsonl.lines()) {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert_eq!(object.len(), names.len());
        for ((field, name), (key, value)) in record.unwrap().iter().zip(&names).zip(&object) {
            assert_eq!(name, key);
            let expected = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(field, expected);
        }
        rows += 1;
    }
    assert_eq!((rows, jsonl.lines().count() as u64), (layout.runs(), layout.runs()));
}

#[test]
fn numbers_are_read_as_they_were() {
    let layout = layout(60);
    let results = results(&layout);
    let csv = text(Format::Csv, &layout, &results);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let first = reader.headers().unwrap().len() - layout.columns.len();
    let rows = (0..layout.cells()).flat_map(|cell| match results.cell(cell) {
        Some(rollcast_sweep::rows::Played::Rows(rows)) => rows.as_slice(),
        _ => &[],
    });
    for (record, row) in reader.records().zip(rows) {
        let record = record.unwrap();
        for (field, value) in record.iter().skip(first).zip(&row.values) {
            assert_eq!((!field.is_empty()).then(|| field.parse().unwrap()), *value, "{field}");
        }
    }
}

#[test]
fn without_a_bank_there_is_no_member() {
    let mut layout = layout(3);
    layout.members.truncate(1);
    layout.members[0].name.clear();
    layout.axes.clear();
    layout.points.iter_mut().for_each(|point| point.values.clear());
    let csv = text(Format::Csv, &layout, &results(&layout));
    assert!(csv.starts_with("strategy,replication,ended_early,time to 95 %,"), "{csv}");
}

#[test]
fn names_are_told_apart_by_programs_that_ignore_the_case() {
    let csv = text(Format::Csv, &layout(3), &results(&layout(3)));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        names[..11],
        [
            "strategy",
            "rings.pilot.share",
            "deadline, \"hard\"",
            "replication",
            "member",
            "weight",
            "replication (2)",
            "ended_early",
            "time to 95 %",
            "Devices broken",
            "devices broken (2)",
        ]
    );
}

#[test]
fn no_rows_are_a_file_all_the_same() {
    let layout = layout(3);
    assert_eq!(
        text(Format::Csv, &layout, &Results::new(&layout)).lines().count(),
        2,
        "one name has two lines"
    );
    assert_eq!(text(Format::Jsonl, &layout, &Results::new(&layout)), "");
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert!("xlsx".parse::<Format>().unwrap_err().help.contains("`csv`"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_in_every_format() {
    let layout = layout(2000);
    let results = results(&layout);
    for format in Format::ALL.into_iter().filter(|format| format.check().is_ok()) {
        let refusal = write(format, &layout, &results, Path::new("/dev/full")).unwrap_err();
        assert_eq!(refusal.message, "cannot write `/dev/full`: the disk is full", "{format}");
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn what_was_not_built_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.parquet");
    let layout = layout(3);
    let refusal = write(Format::Parquet, &layout, &Results::new(&layout), &path).unwrap_err();
    assert!(refusal.help.contains("`--features parquet`"), "{refusal}");
    assert!(!path.exists());
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_the_same() {
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::{Field, RowAccessor},
    };
    let layout = layout(60);
    let results = results(&layout);
    let bytes = written(Format::Parquet, &layout, &results);
    assert_eq!(bytes, written(Format::Parquet, &layout, &results), "the same bytes again");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.parquet");
    fs::write(&path, bytes).unwrap();
    let reader = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    let jsonl = text(Format::Jsonl, &layout, &results);
    let mut rows = 0;
    for (row, line) in reader.get_row_iter(None).unwrap().zip(jsonl.lines()) {
        let row = row.unwrap();
        assert!(row.get_bool(7).is_ok());
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        for ((name, field), (key, value)) in row.get_column_iter().zip(&object) {
            assert_eq!(name, key);
            match field {
                Field::Null => assert!(value.is_null(), "{name}"),
                Field::Str(text) => assert_eq!(Some(text.as_str()), value.as_str(), "{name}"),
                Field::Double(number) => assert_eq!(Some(*number), value.as_f64(), "{name}"),
                Field::Long(number) => assert_eq!(Some(*number), value.as_i64(), "{name}"),
                Field::Bool(flag) => assert_eq!(Some(*flag), value.as_bool(), "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        rows += 1;
    }
    assert_eq!(rows, layout.runs());
    let empty = written(Format::Parquet, &layout, &Results::new(&layout));
    assert!(empty.starts_with(b"PAR1") && empty.ends_with(b"PAR1"));
}
