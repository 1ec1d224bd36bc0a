//! The fleet: described cohorts, sites, and the way to an inventory.

use std::collections::BTreeMap;

use rollcast_core::{
    draws::hash64,
    plan::{Cohort, Described, Fleet, Pick},
};

use super::{
    attributes::{Attributes, COHORT, SITE},
    cx::{Cx, at},
    inventory,
};
use crate::{
    de::Named,
    inventory::Prerequisite,
    scalar::{Days, Size, Spread, Zone},
    schema::{self, Management, Ownership, Scenario},
};

/// A site with its zone.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) name: String,
    pub(super) zone: Zone,
    pub(super) closed: Vec<Days>,
}

/// What the rest of the compiler wants to know of the fleet.
pub(super) struct Devices {
    pub(super) fleet: Option<Fleet>,
    pub(super) attributes: Attributes,
    /// By the values of the attribute `site`.
    pub(super) sites: Vec<Site>,
    /// The scenario's zone.
    pub(super) zone: Option<Zone>,
}

impl Devices {
    /// All devices, registered or not.
    pub(super) fn count(&self) -> u64 {
        match &self.fleet {
            Some(Fleet::Described(described)) => described.devices,
            Some(Fleet::Listed(listed)) => listed.keys.len() as u64,
            None => 0,
        }
    }

    /// Devices that can be registered, as far as that is not left to chance.
    pub(super) fn registered(&self) -> u64 {
        match &self.fleet {
            Some(Fleet::Described(d)) => {
                let counted: u64 =
                    d.counted.iter().map(|(n, c)| if c.unregistered.is_some() { *n } else { 0 }).sum();
                d.devices - counted
            }
            Some(Fleet::Listed(l)) => l.facts.iter().filter(|f| f.unregistered == u8::MAX).count() as u64,
            None => 0,
        }
    }
}

/// Why devices are not registered, in the order of the plan's indices.
pub(super) fn reasons() -> Vec<String> {
    Prerequisite::ALL.iter().map(|p| format!("Prerequisite failed: {p}")).collect()
}

fn reason(wanted: Prerequisite) -> u8 {
    Prerequisite::ALL.iter().position(|p| *p == wanted).expect("invariant: the list is complete") as u8
}

/// A 24-bit address from a name.
pub(super) fn address(name: &str) -> u32 {
    (hash64(name.as_bytes()) >> 40) as u32
}

/// Reports two names that share an address.
pub(super) fn check_addresses<'a>(cx: &mut Cx<'_>, path: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen: BTreeMap<u32, &str> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(address(name), name) {
            let message = format!("the names `{other}` and `{name}` share one address for their draws");
            cx.error("RC221", path, message, "rename one of the two");
        }
    }
}

pub(super) fn fleet(cx: &mut Cx<'_>, scenario: &Scenario) -> Devices {
    let mut devices = Devices {
        fleet: None,
        attributes: Attributes::default(),
        sites: Vec::new(),
        zone: scenario.zone.clone(),
    };
    let Some(fleet) = &scenario.fleet else {
        cx.missing("RC208", "fleet", &[], "the scenario has no fleet", "write `fleet: { devices: 10000 }`");
        return devices;
    };
    declare_sites(cx, scenario, fleet, &mut devices);
    let described = fleet.devices.is_some() || fleet.cohorts.is_some() || fleet.mix.is_some();
    match (&fleet.inventory, described) {
        (Some(_), true) => cx.error(
            "RC209",
            "fleet.inventory",
            "a fleet is either listed (`inventory`) or described (`devices`, `cohorts`, `mix`)",
            "keep one of the two",
        ),
        (Some(file), false) => inventory::listed(cx, fleet, file, &mut devices),
        (None, _) => {
            if fleet.attributes.is_some() {
                cx.error(
                    "RC209",
                    "fleet.attributes",
                    "`attributes` derive values from the columns of an inventory, and there is none",
                    "describe the attributes of a described fleet under `mix`",
                );
            }
            describe(cx, fleet, &mut devices);
        }
    }
    finish_sites(cx, fleet, scenario, &mut devices);
    devices
}

/// Sites that the scenario declares come first, in its order.
fn declare_sites(cx: &mut Cx<'_>, scenario: &Scenario, fleet: &schema::Fleet, devices: &mut Devices) {
    let attribute = devices.attributes.attribute(SITE);
    let Some(sites) = &fleet.sites else { return };
    for (name, site) in sites.iter() {
        devices.attributes.code(attribute, name);
        let zone = site.zone.clone().or_else(|| scenario.zone.clone());
        devices.sites.push(Site {
            name: name.to_owned(),
            zone: zone.unwrap_or_else(Zone::utc),
            closed: site.closed.clone().unwrap_or_default(),
        });
    }
    if sites.is_empty() {
        cx.error("RC216", "fleet.sites", "`sites` names no site", "name one, or remove the key");
    }
}

/// Values of the attribute `site` that no declaration knows are refused, or are sites in the scenario's zone
/// where the scenario declares none.
fn finish_sites(cx: &mut Cx<'_>, fleet: &schema::Fleet, scenario: &Scenario, devices: &mut Devices) {
    let attribute = devices.attributes.attribute(SITE);
    if devices.attributes.values(attribute).is_empty() {
        devices.attributes.code(attribute, "default");
    }
    let names: Vec<String> = devices.attributes.values(attribute).to_vec();
    let declared: Vec<String> = devices.sites.iter().map(|s| s.name.clone()).collect();
    for name in names.into_iter().skip(declared.len()) {
        if fleet.sites.is_some() {
            let path = if fleet.inventory.is_some() { "fleet.attributes.site" } else { "fleet.mix.site" };
            cx.unknown("RC216", path, "site", &name, &declared);
        }
        let zone = scenario.zone.clone().unwrap_or_else(Zone::utc);
        devices.sites.push(Site { name, zone, closed: Vec::new() });
    }
}

fn describe(cx: &mut Cx<'_>, fleet: &schema::Fleet, devices: &mut Devices) {
    let everyone = Named(vec![("all".to_owned(), schema::Cohort::default())]);
    let cohorts = match &fleet.cohorts {
        Some(cohorts) if cohorts.is_empty() => {
            cx.error("RC208", "fleet.cohorts", "`cohorts` names no cohort", "name one, or remove the key");
            return;
        }
        Some(cohorts) => cohorts,
        None => &everyone,
    };
    check_addresses(cx, "fleet.cohorts", cohorts.names().chain(["(by share)"]));
    declare_attributes(fleet, cohorts, &mut devices.attributes);
    let claimed: u64 = cohorts.iter().filter_map(|(_, c)| c.count).map(|n| n.get()).sum();
    let total = match (fleet.devices, fleet.cohorts.is_some()) {
        (Some(n), _) => n.get(),
        (None, true) if claimed > 0 => claimed,
        _ => {
            cx.missing(
                "RC208",
                "fleet",
                &["devices", "cohorts"],
                "the fleet does not say how many devices it has",
                "write `devices: 10000`",
            );
            return;
        }
    };
    if total == 0 {
        cx.error(
            "RC208",
            "fleet.devices",
            "a fleet without devices cannot be played",
            "write a number above 0",
        );
        return;
    }
    if claimed > total {
        let message = format!("the cohorts count {claimed} devices, and the fleet has {total}");
        cx.error("RC207", "fleet.cohorts", message, "raise `devices` or lower the counts");
        return;
    }
    let mut counted = Vec::new();
    let mut by_share = Vec::new();
    for (name, cohort) in cohorts.iter() {
        let path = at(&["fleet", "cohorts", name]);
        let compiled = compile_cohort(cx, fleet, name, cohort, &mut devices.attributes);
        match (cohort.count, cohort.share) {
            (Some(n), None) => counted.push((n.get(), compiled)),
            (None, Some(share)) => by_share.push((name.to_owned(), share, compiled)),
            (None, None) if cohorts.len() == 1 => counted.push((total, compiled)),
            (Some(_), Some(_)) => cx.error(
                "RC220",
                &path,
                format!("cohort `{name}` has a `count` and a `share`"),
                "keep one of the two",
            ),
            (None, None) => cx.missing(
                "RC218",
                &path,
                &["count", "share"],
                format!("cohort `{name}` has neither `count` nor `share`"),
                "write `count: 300`, `share: 20%` or `share: rest`",
            ),
        }
    }
    let left = total - counted.iter().map(|c| c.0).sum::<u64>().min(total);
    let sizes: Vec<(String, Size)> = by_share.iter().map(|(name, share, _)| (name.clone(), *share)).collect();
    let shared = if by_share.is_empty() {
        if left > 0 {
            let message = format!("{left} of {total} devices are in no cohort");
            cx.error("RC201", "fleet.cohorts", message, "give one cohort `share: rest`");
        }
        Vec::new()
    } else {
        let bounds = bounds(cx, "fleet.cohorts", "share", &sizes);
        bounds.into_iter().zip(by_share).map(|(bound, (_, _, cohort))| (bound, cohort)).collect()
    };
    devices.fleet = Some(Fleet::Described(Described {
        devices: total,
        counted,
        shared,
        shared_key: address("(by share)"),
    }));
}

/// All attributes and values first, so that their codes do not depend on which cohort is compiled when.
fn declare_attributes(fleet: &schema::Fleet, cohorts: &Named<schema::Cohort>, attributes: &mut Attributes) {
    let cohort = attributes.attribute(COHORT);
    for name in cohorts.names() {
        attributes.code(cohort, name);
    }
    for mix in fleet.mix.iter().chain(cohorts.iter().filter_map(|(_, c)| c.mix.as_ref())) {
        for (name, spread) in mix.iter() {
            let attribute = attributes.attribute(name);
            match spread {
                Spread::One(value) => {
                    attributes.code(attribute, value);
                }
                Spread::Shares(shares) => {
                    for value in shares.names() {
                        attributes.code(attribute, value);
                    }
                }
            }
        }
    }
}

fn compile_cohort(
    cx: &mut Cx<'_>,
    fleet: &schema::Fleet,
    name: &str,
    cohort: &schema::Cohort,
    attributes: &mut Attributes,
) -> Cohort {
    let mut picks = Vec::with_capacity(attributes.len());
    for attribute in 0..attributes.len() {
        let key = attributes.known()[attribute].clone();
        let own = cohort.mix.as_ref().and_then(|mix| mix.get(&key));
        let common = fleet.mix.as_ref().and_then(|mix| mix.get(&key));
        let path = if own.is_some() {
            at(&["fleet", "cohorts", name, "mix", &key])
        } else {
            at(&["fleet", "mix", &key])
        };
        picks.push(match own.or(common) {
            Some(Spread::One(value)) => Pick::Always(attributes.code(attribute, value)),
            Some(Spread::Shares(shares)) => {
                let sizes: Vec<(String, Size)> = shares.iter().map(|(n, s)| (n.to_owned(), *s)).collect();
                let bounds = bounds(cx, &path, "", &sizes);
                let codes = sizes.iter().map(|(value, _)| attributes.code(attribute, value));
                Pick::Shares(bounds.into_iter().zip(codes.collect::<Vec<_>>()).collect())
            }
            None if key == COHORT => Pick::Always(attributes.code(attribute, name)),
            None if key == SITE => {
                let sites = fleet.sites.as_ref().map_or(0, Named::len);
                if sites > 1 {
                    let help = "say how devices are spread over the sites: `mix: { site: { munich: 60%, krakow: rest } }`";
                    cx.error("RC218", &path, format!("the devices of `{name}` are at no site"), help);
                }
                Pick::Always(0)
            }
            None => Pick::Always(attributes.code(attribute, "")),
        });
    }
    let unregistered = match (cohort.ownership, cohort.management) {
        (_, Some(Management::ConfigurationManager)) => Some(reason(Prerequisite::NotManagedByIntune)),
        (Some(Ownership::Personal), _) => Some(reason(Prerequisite::PersonallyOwned)),
        _ => None,
    };
    Cohort { key: address(name), picks, unregistered }
}

/// Upper ends of the 64-bit intervals of shares that must add up to 100 %, one of them possibly `rest`.
fn bounds(cx: &mut Cx<'_>, path: &str, key: &str, sizes: &[(String, Size)]) -> Vec<u64> {
    let place = |name: &str| if key.is_empty() { at(&[name]) } else { at(&[name, key]) };
    let full = |name: &str| format!("{path}.{}", place(name));
    let mut sum = 0.0;
    let mut rest = None;
    for (name, size) in sizes {
        match size {
            Size::Share(share) => sum += share.get(),
            Size::Rest if rest.is_none() => rest = Some(name),
            Size::Rest => {
                cx.error("RC202", &full(name), "only one can be `rest`", "give the other a share");
            }
            Size::Count(_) | Size::Automatic => cx.error(
                "RC201",
                &full(name),
                format!("`{name}` wants a share here"),
                "write a share such as `30%`, or `rest`",
            ),
        }
    }
    let percent = |share: f64| {
        crate::scalar::Share::new(share).map_or(format!("{:.4}%", share * 100.0), |s| s.to_string())
    };
    if sum > 1.0 + 1e-9 {
        let message = format!("the shares add up to {:.6}%", sum * 100.0).replace(".000000", "");
        cx.error("RC201", path, message, "shares of one whole add up to 100% at most");
    } else if rest.is_none() && (sum - 1.0).abs() > 1e-9 {
        let message = format!("the shares add up to {}, not to 100%", percent(sum));
        cx.error("RC201", path, message, "write `rest` for one of them");
    }
    let mut upto = 0.0;
    let mut bounds: Vec<u64> = sizes
        .iter()
        .map(|(_, size)| {
            upto += match size {
                Size::Share(share) => share.get(),
                Size::Rest => (1.0 - sum).max(0.0),
                _ => 0.0,
            };
            // 2^64 as f64; the cast saturates.
            (upto * 18_446_744_073_709_551_616.0) as u64
        })
        .collect();
    if let Some(last) = bounds.last_mut() {
        *last = u64::MAX;
    }
    bounds
}
