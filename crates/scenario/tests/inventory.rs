//! Inventories from files: what is read, what is refused, and that the order of rows changes nothing.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use rollcast_scenario::{
    diagnostic::{Diagnostic, Severity},
    inventory::{
        AttributeRule, AttributeSource, CODES, Checks, Column, Inventory, MAX_BYTES, PER_KIND, Prerequisite,
        device_key,
        generate::{DEFAULT_EXPORT_S, generate},
        members,
    },
};

const HEADER: &str = "Device ID,Device name,OS,OS version,Last check-in,Ownership,Managed by,Free storage";

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn from_column(
    name: &str,
    column: &str,
    patterns: &[(&str, &str)],
    otherwise: Option<&str>,
) -> AttributeRule {
    let patterns = patterns.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    AttributeRule {
        name: name.to_owned(),
        source: AttributeSource::Column {
            column: column.to_owned(),
            patterns,
            otherwise: otherwise.map(str::to_owned),
        },
        span: None,
    }
}

fn from_file(name: &str, path: PathBuf, column: &str, otherwise: Option<&str>) -> AttributeRule {
    let source =
        AttributeSource::Lookup { path, column: column.to_owned(), otherwise: otherwise.map(str::to_owned) };
    AttributeRule { name: name.to_owned(), source, span: None }
}

fn site(otherwise: Option<&str>) -> AttributeRule {
    let patterns = [("MUC-*", "munich"), ("krk-*", "krakow"), ("DET-*", "detroit")];
    from_column("site", "Device name", &patterns, otherwise)
}

fn read_bytes(
    bytes: &[u8],
    rules: &[AttributeRule],
) -> Result<(Inventory, Vec<Diagnostic>), Vec<Diagnostic>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devices.csv");
    fs::write(&path, bytes).unwrap();
    Inventory::read(&path, rules, MAX_BYTES)
}

fn good(text: &str) -> Inventory {
    let (inventory, warnings) = read_bytes(text.as_bytes(), &[]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    inventory
}

fn bad(text: &str) -> Vec<Diagnostic> {
    read_bytes(text.as_bytes(), &[]).unwrap_err()
}

/// Everything about a device as text, in whatever order of rows it was read.
fn devices(inventory: &Inventory) -> BTreeSet<(u64, Vec<String>)> {
    let describe = |(position, row): (usize, &rollcast_scenario::inventory::Row)| {
        let mut cells: Vec<String> =
            Column::ALL.iter().map(|&column| inventory.value(row, column).to_owned()).collect();
        let codes = inventory.attribute_codes(position);
        cells
            .extend(inventory.attributes().iter().zip(codes).map(|((_, d), &code)| d.value(code).to_owned()));
        cells.push(format!("{:?} {:?}", row.last_check_in_s(), row.free_storage_mb()));
        (row.key, cells)
    };
    inventory.rows().iter().enumerate().map(describe).collect()
}

#[test]
fn the_shipped_tenant_is_seed_1() {
    let mut bytes = Vec::new();
    generate(1000, 1, DEFAULT_EXPORT_S, &mut bytes).unwrap();
    let shipped = fs::read(scenarios().join("data/tenant-1000.csv")).unwrap();
    assert!(
        bytes == shipped,
        "stale: see scenarios/data/README.md for the command that makes tenant-1000.csv"
    );
}

#[test]
fn the_shipped_tenant_reads() {
    let link = from_file("link", scenarios().join("data/tenant-roles.csv"), "Link", Some("office"));
    let rules = [site(None), from_column("role", "Category", &[], Some("none")), link];
    let (inventory, warnings) =
        Inventory::read(scenarios().join("data/tenant-1000.csv"), &rules, MAX_BYTES).unwrap();
    assert_eq!(inventory.rows().len(), 1000);
    assert!(Column::ALL.iter().all(|&column| inventory.has(column)));
    // The phones have no site.
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!((warnings[0].code, warnings[0].severity), ("RC320", Severity::Warning));
    assert!(warnings[0].message.contains("48 devices match no pattern, set to `unmatched`: `Android-"));
    assert!(warnings[0].message.ends_with("and 43 more"));
    let (name, sites) = &inventory.attributes()[0];
    assert_eq!(name, "site");
    assert_eq!(sites.iter().collect::<Vec<_>>(), ["detroit", "krakow", "munich", "unmatched"]);
    assert!(inventory.rows().windows(2).all(|pair| pair[0].key < pair[1].key));

    let checks = Checks::new(&inventory, DEFAULT_EXPORT_S);
    let mut counts = std::collections::BTreeMap::new();
    inventory.rows().iter().for_each(|row| *counts.entry(checks.of(row)).or_insert(0) += 1);
    assert!(Prerequisite::ALL.iter().all(|&why| counts.contains_key(&Some(why))), "{counts:?}");
    assert!(counts[&None] > 800 && counts[&None] < 950, "{counts:?}");
}

#[test]
fn columns_are_found_by_name_in_any_order_and_spelling() {
    let text = "free storage (GB);Extra;OS VERSION;device id;Device Name\r\n1.5;x;10.0.1.2;A;\"a;b\"\r\n";
    let inventory = good(text);
    let row = &inventory.rows()[0];
    assert_eq!(row.key, device_key("a"));
    assert_eq!(row.free_storage_mb(), Some(1536));
    assert_eq!(inventory.value(row, Column::OsVersion), "10.0.1.2");
    assert!(!inventory.has(Column::Model));
    assert_eq!(inventory.value(row, Column::Model), "");
}

#[test]
fn encodings_separators_and_line_ends_do_not_matter() {
    let plain = format!(
        "{HEADER}\ndev-1,\"MUC-ü \"\"1\"\", x\",Windows,10.0.1.2,2026-11-08 08:00:00.0000000,Corporate,Intune,190388\n\
         dev-2,KRK-2,Windows,10.0.1.2,11/8/2026 8:00:00 AM,Corporate,Intune,\n"
    );
    let rules = [site(Some("munich")), from_column("name", "device NAME", &[], None)];
    let read = |bytes: &[u8]| read_bytes(bytes, &rules).unwrap().0;
    let expected = read(plain.as_bytes());
    assert!(expected.attributes()[1].1.code("MUC-ü \"1\", x").is_some());
    assert_eq!(expected.rows()[0].last_check_in_s(), expected.rows()[1].last_check_in_s());

    assert_eq!(read(format!("\u{FEFF}{plain}").as_bytes()), expected);
    assert_eq!(read(plain.replace('\n', "\r\n").as_bytes()), expected);
    assert_eq!(read(plain.trim_end().as_bytes()), expected);
    assert_eq!(read(format!("sep=,\n{plain}\n\n").as_bytes()), expected);
    for big in [false, true] {
        let units = format!("\u{FEFF}{plain}");
        let bytes: Vec<u8> =
            units.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect();
        assert_eq!(read(&bytes), expected);
    }
    for separator in [";", "\t"] {
        // The only comma that is no separator is followed by a space.
        let other = plain.replace(", x", "\u{1F}").replace(',', separator).replace('\u{1F}', ", x");
        assert_eq!(read(other.as_bytes()), expected);
    }
}

#[test]
fn every_problem_of_a_file_is_named_at_once() {
    let text = format!(
        "{HEADER}\n,a,Windows,1,,,,\ndev-2,b,Windows,1,soon,,,\ndev-3,c,Windows,1,,,,lots\ndev-3,d,Windows,1,,,,\ndev-4\n"
    );
    let problems = bad(&text);
    let codes: Vec<_> = problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["RC304", "RC306", "RC308", "RC309", "RC310"]);
    let date = &problems[3];
    assert!(
        date.message.ends_with("line 3: column `Last check-in`: `soon` is not a date"),
        "{}",
        date.message
    );
    let span = date.span.as_ref().unwrap();
    assert_eq!(span.line_column(), (3, 19));
    assert_eq!(&span.source.text[span.start..span.end], "soon");
    assert!(date.help.is_some());
}

#[test]
fn a_kind_of_problem_is_named_twenty_times() {
    let mut text = format!("{HEADER}\n");
    (0..332).for_each(|_| text.push_str(",x,Windows,1,,,,\n"));
    let problems = bad(&text);
    assert_eq!(problems.len(), PER_KIND + 1);
    assert!(problems[PER_KIND].message.ends_with("and 312 more of this kind"));
}

#[test]
fn too_many_values_for_an_attribute() {
    let mut text = "Device ID,Device name\n".to_owned();
    (0..70_000).for_each(|n| text.push_str(&format!("dev-{n},PC-{n}\n")));
    let problems = read_bytes(text.as_bytes(), &[from_column("pc", "Device name", &[], None)]).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "RC312");
    assert!(read_bytes(text.as_bytes(), &[site(Some("munich"))]).is_ok());
}

#[test]
fn files_that_are_no_csv() {
    let code = |path: &Path, limit| Inventory::read(path, &[], limit).unwrap_err()[0].code;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    assert_eq!(code(folder.path(), MAX_BYTES), "RC002");
    assert_eq!(code(&folder.path().join("none.csv"), MAX_BYTES), "RC001");
    assert_eq!(code(&at("empty.csv", b""), MAX_BYTES), "RC301");
    assert_eq!(code(&at("blank.csv", b"\xEF\xBB\xBF\r\n \r\n"), MAX_BYTES), "RC301");
    assert_eq!(code(&at("long.csv", &[b'a'; 200]), 100), "RC005");
    assert_eq!(code(&at("program.csv", b"MZ\x90\x00\x03"), MAX_BYTES), "RC006");
    let zip = Inventory::read(at("x.csv", b"PK\x03\x04rest"), &[], MAX_BYTES).unwrap_err();
    assert!(zip[0].help.as_ref().unwrap().contains("unpack"));
    let mut late = format!("{HEADER}\n").into_bytes();
    late.extend(b"dev-1,a,Windows,1,,,,\n".repeat(5_000));
    late.extend(b"\0\0\0");
    assert!(
        Inventory::read(at("late.csv", &late), &[], MAX_BYTES).unwrap_err().iter().any(|p| p.code == "RC006")
    );
    // A sparse file of more than the default limit is refused without being read.
    let huge = folder.path().join("huge.csv");
    fs::File::create(&huge).unwrap().set_len(MAX_BYTES + 1).unwrap();
    assert_eq!(code(&huge, MAX_BYTES), "RC005");
}

#[test]
fn every_code_has_an_example() {
    let folder = scenarios().join("bad/csv");
    let two = folder.join("rc320-no-pattern.csv");
    let roles = |file: &str| [from_file("role", folder.join(file), "Role", None)];
    let read =
        |file: &str, rules: &[AttributeRule]| match Inventory::read(folder.join(file), rules, MAX_BYTES) {
            Ok((_, warnings)) => warnings,
            Err(errors) => errors,
        };
    let inventory = Inventory::read(&two, &[], MAX_BYTES).unwrap().0;
    let listed = |file: &str| {
        let (members, mut warnings) = members(folder.join(file), MAX_BYTES).unwrap();
        warnings.extend(members.unknown(&inventory));
        warnings
    };
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".csv"))
        .collect();
    files.sort();
    let mut seen = BTreeSet::new();
    for file in &files {
        let code = file[..5].to_uppercase();
        let found = match code.as_str() {
            "RC320" => read(file, &[site(None)]),
            "RC321" | "RC322" => read("rc320-no-pattern.csv", &roles(file)),
            "RC324" | "RC325" => listed(file),
            _ => read(file, &[]),
        };
        let codes: BTreeSet<_> = found.iter().map(|p| p.code).collect();
        assert_eq!(codes.into_iter().collect::<Vec<_>>(), [code.as_str()], "{file}: {found:#?}");
        assert!(found.iter().all(|p| p.help.is_some()), "{file}: {found:#?}");
        let warns = code.as_str() >= "RC320";
        assert!(found.iter().all(|p| (p.severity == Severity::Warning) == warns), "{file}");
        seen.insert(code);
    }
    // 65 536 values make no small file; `too_many_values_for_an_attribute` shows that one.
    seen.insert("RC312".to_owned());
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), CODES.iter().map(|(code, _)| *code).collect::<Vec<_>>());
}

#[test]
fn missing_columns_suggest_and_list() {
    let problems = bad("Device Idd,OS\nx,Windows\n");
    assert_eq!(problems[0].message.split('`').nth(3), Some("Device ID"));
    assert_eq!(
        problems[0].help.as_deref(),
        Some("did you mean `Device Idd`? the columns found are `Device Idd`, `OS`")
    );
    let rules = [from_column("a", "Categry", &[], None), from_column("b", "Nowhere", &[], None)];
    let problems = read_bytes(b"Device ID,Category\nx,Office\n", &rules).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert!(problems[0].help.as_ref().unwrap().starts_with("did you mean `Category`?"));
}

#[test]
fn member_lists_come_in_two_forms() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        let path = folder.path().join("test.csv");
        fs::write(&path, text).unwrap();
        members(&path, MAX_BYTES).map(|(members, _)| members.keys().collect::<Vec<_>>())
    };
    let mut both = vec![device_key("dev-1"), device_key("dev-2")];
    both.sort();
    assert_eq!(read("dev-1\ndev-2\n").unwrap(), both);
    assert_eq!(read("\u{FEFF}DEV-1\r\n\r\n dev-2").unwrap(), both);
    assert_eq!(read("Name,Device ID\na,dev-2\nb,dev-1\n").unwrap(), both);
    assert_eq!(read("Name,Id\na,dev-2\n").unwrap_err()[0].code, "RC302");
    assert_eq!(read("Device ID\n").unwrap_err()[0].code, "RC301");
    assert_eq!(read("").unwrap_err()[0].code, "RC301");
}

#[test]
fn prerequisites_in_the_order_of_the_service() {
    let header = "Device ID,OS,OS version,Last check-in,Ownership,Managed by,SkuFamily,Model,Manufacturer,Serial number";
    let fine = "Windows,10.0.26100.1,2026-11-08 08:00:00,Corporate,Intune,Enterprise,M,V,S";
    let why = |row: &str| {
        let inventory = good(&format!("{header}\nx,{row}\n"));
        Checks::new(&inventory, DEFAULT_EXPORT_S).of(&inventory.rows()[0])
    };
    assert_eq!(why(fine), None);
    assert_eq!(why(&fine.replace("Windows", "iOS")), Some(Prerequisite::NotWindows));
    assert_eq!(why(&fine.replace("Corporate", "Personal")), Some(Prerequisite::PersonallyOwned));
    assert_eq!(why(&fine.replace("Intune", "ConfigMgr")), Some(Prerequisite::NotManagedByIntune));
    assert_eq!(why(&fine.replace("Intune", "Co-managed")), None);
    assert_eq!(why(&fine.replace("Enterprise", "Home")), Some(Prerequisite::UnsupportedEdition));
    assert_eq!(why(&fine.replace("26100", "17134")), Some(Prerequisite::UnsupportedBuild));
    assert_eq!(why(&fine.replace("26100", "17763")), None);
    assert_eq!(why(&fine.replace(",S", ",")), Some(Prerequisite::MissingHardwareIdentity));
    assert_eq!(why(&fine.replace(",M,", ",,")), Some(Prerequisite::MissingHardwareIdentity));
    // Exactly 28 days pass, a second more does not.
    assert_eq!(why(&fine.replace("2026-11-08 08:00:00", "2026-10-12 06:00:00")), None);
    assert_eq!(
        why(&fine.replace("2026-11-08 08:00:00", "2026-10-12 05:59:59")),
        Some(Prerequisite::LastCheckInTooOld)
    );
    assert_eq!(why(",,,,,,M,V,S"), None);
    let bare = good("Device ID\nx\n");
    assert_eq!(Checks::new(&bare, DEFAULT_EXPORT_S).of(&bare.rows()[0]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_order_of_rows_changes_nothing(
        rows in 1_u64..60,
        seed in any::<u64>(),
        order in proptest::collection::vec(any::<u64>(), 60),
    ) {
        let mut bytes = Vec::new();
        generate(rows, seed, DEFAULT_EXPORT_S, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let rules = [site(None), from_column("model", "Model", &[], None)];
        let (one, warnings) = read_bytes(text.as_bytes(), &rules).unwrap();
        let mut lines: Vec<_> = text.lines().skip(1).zip(order).collect();
        lines.sort_by_key(|&(_, rank)| rank);
        let mut permuted = text.lines().next().unwrap().to_owned();
        lines.iter().for_each(|(line, _)| { permuted.push('\n'); permuted.push_str(line); });
        let (two, again) = read_bytes(permuted.as_bytes(), &rules).unwrap();
        prop_assert_eq!(devices(&one), devices(&two));
        prop_assert_eq!(one, two);
        let messages = |all: &[Diagnostic]| all.iter().map(|p| p.message.clone()).collect::<Vec<_>>();
        prop_assert_eq!(messages(&warnings), messages(&again));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "(Device ID|a|,|\"|\n|;|\r|ü){0,60}") {
        let _ = read_bytes(&bytes, &[site(None)]);
        let _ = read_bytes(text.as_bytes(), &[from_column("a", "a", &[], None)]);
        let _ = read_bytes(format!("Device ID,a\n{text}").as_bytes(), &[from_column("a", "a", &[], None)]);
    }
}
