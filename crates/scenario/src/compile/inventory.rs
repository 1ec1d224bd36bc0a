//! A listed fleet: Intune's export with derived attributes, prerequisites and free disk.

use std::path::Path;

use rollcast_core::{
    plan::{Fleet, Listed, ListedFacts},
    time::DAY_S,
};

use super::{
    attributes::SITE,
    cx::{Cx, at},
    fleet::Devices,
};
use crate::{
    digest::Content,
    inventory::{AttributeRule, AttributeSource, Checks, Column, Inventory, MAX_BYTES, Prerequisite},
    schema,
};

/// Days of silence after which a device is taken to be away since its last check-in.
const AWAY_AFTER_S: i64 = 5 * DAY_S;

pub(super) fn listed(cx: &mut Cx<'_>, fleet: &schema::Fleet, file: &Path, devices: &mut Devices) {
    let rules = attribute_rules(cx, fleet);
    let path = cx.file(file);
    let inventory = match Inventory::read(&path, &rules, MAX_BYTES) {
        Ok((inventory, warnings)) => {
            cx.found_in_file("fleet.inventory", warnings);
            inventory
        }
        Err(problems) => {
            cx.found_in_file("fleet.inventory", problems);
            return;
        }
    };
    cx.files.push((file.display().to_string(), Content::Large(path)));
    let needs_mb = cx
        .layered
        .root
        .at("device.disk.needs")
        .and_then(|node| node.text()?.parse::<crate::scalar::Bytes>().ok())
        .map_or(0, |bytes| bytes.bytes() / 1_000_000);
    devices.fleet = Some(Fleet::Listed(records(cx, inventory, devices, needs_mb)));
}

/// Rows of the inventory that are taken over before their memory is given back.
const PIECE: usize = 1 << 16;

/// Attributes in the order: site, columns of the export, derived ones; a derived attribute replaces a column of
/// the same name.
fn records(cx: &Cx<'_>, mut inventory: Inventory, devices: &mut Devices, needs_mb: u64) -> Listed {
    enum From {
        Column(Column),
        Derived(usize),
    }
    let mut sources = Vec::new();
    let derived = inventory.attributes();
    for column in Column::ALL.into_iter().filter(|c| inventory.has(*c)) {
        if derived.iter().all(|(name, _)| name != column.attribute()) {
            sources.push((column.attribute().to_owned(), From::Column(column)));
        }
    }
    sources.extend(derived.iter().enumerate().map(|(i, (name, _))| (name.clone(), From::Derived(i))));
    // Codes of the file to codes of the plan, attribute by attribute.
    let maps: Vec<(usize, From, Vec<u16>)> = sources
        .into_iter()
        .map(|(name, from)| {
            let attribute = devices.attributes.attribute(&name);
            let dictionary = match &from {
                From::Column(column) => inventory.dictionary(*column),
                From::Derived(i) => &derived[*i].1,
            };
            let map = dictionary.iter().map(|value| devices.attributes.code(attribute, value)).collect();
            (attribute, from, map)
        })
        .collect();
    let width = devices.attributes.len();
    let site = devices.attributes.attribute(SITE);
    let rows = inventory.rows();
    // An export is about the day on which it was made, also if the release comes later.
    let newest = rows.iter().filter_map(|r| r.last_check_in_s()).max();
    let reference = newest.map_or(cx.epoch.unix_s, |newest| newest.min(cx.epoch.unix_s));
    let checks = Checks::new(&inventory, reference);
    let count = rows.len();
    let mut listed = Listed {
        keys: Vec::with_capacity(count),
        values: Vec::with_capacity(count * width),
        facts: Vec::with_capacity(count),
    };
    let mut values = vec![0; width];
    // Backwards, so that the inventory gets shorter as the list gets longer and the two never lie side by side.
    for i in (0..count).rev() {
        if i % PIECE == PIECE - 1 {
            inventory.forget_from(i + 1);
        }
        let row = inventory.rows()[i];
        listed.keys.push(row.key);
        let derived = inventory.attribute_codes(i);
        for (attribute, from, map) in &maps {
            let code = match from {
                From::Column(column) => row.code(*column),
                From::Derived(d) => derived[*d],
            };
            values[*attribute] = map[usize::from(code)];
        }
        listed.values.extend(values.iter().rev());
        let silent_s = row.last_check_in_s().map_or(0, |last| reference - last);
        listed.facts.push(ListedFacts {
            ring: u8::MAX,
            unregistered: checks.of(&row).map_or(u8::MAX, |failed| {
                Prerequisite::ALL.iter().position(|p| *p == failed).unwrap_or(0) as u8
            }),
            little_disk: row.free_storage_mb().map(|mb| u64::from(mb) < needs_mb),
            away_for_s: if silent_s > AWAY_AFTER_S { silent_s.min(i64::from(u32::MAX)) as u32 } else { 0 },
        });
    }
    listed.keys.reverse();
    listed.values.reverse();
    listed.facts.reverse();
    debug_assert!(width > site, "the site attribute was declared first");
    listed
}

fn attribute_rules(cx: &mut Cx<'_>, fleet: &schema::Fleet) -> Vec<AttributeRule> {
    let mut rules = Vec::new();
    for (name, attribute) in fleet.attributes.iter().flat_map(|a| a.iter()) {
        let path = at(&["fleet", "attributes", name]);
        let span = Some(cx.place(&path));
        let Some(column) = attribute.from.clone() else {
            let message = format!("attribute `{name}` does not say which column it comes from");
            cx.missing("RC218", &path, &["from"], message, "write `from: Device name`");
            continue;
        };
        let otherwise = attribute.otherwise.clone();
        let source = match &attribute.file {
            Some(_) if attribute.matches.is_some() => {
                let message = format!("attribute `{name}` has a `file` and a `match`");
                cx.error(
                    "RC220",
                    &path,
                    message,
                    "take the column of the file as it is, or match a column of the inventory",
                );
                continue;
            }
            Some(file) => {
                cx.files.push((file.display().to_string(), Content::Large(cx.file(file))));
                AttributeSource::Lookup { path: cx.file(file), column, otherwise }
            }
            None => {
                let patterns = attribute.matches.iter().flat_map(|m| m.iter());
                let patterns = patterns.map(|(p, v)| (p.to_owned(), v.clone())).collect();
                AttributeSource::Column { column, patterns, otherwise }
            }
        };
        rules.push(AttributeRule { name: name.to_owned(), source, span });
    }
    rules
}
