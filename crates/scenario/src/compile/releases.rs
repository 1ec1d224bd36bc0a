//! Releases: instants of publication, in order.

use rollcast_core::plan::{Push, Release, ReleaseId};

use super::{
    cx::{Cx, at},
    dist::filled,
    fleet::{address, check_addresses},
};
use crate::{
    calendar::{Epoch, TEN_OCLOCK},
    scalar::Zone,
    schema::{self, Kind, PushRings, Scenario},
};

/// Months of the year in which a cumulative update restarts every device; the others are hotpatch months.
const BASELINE_MONTHS: [i8; 4] = [1, 4, 7, 10];

/// Products of the service that live by other rules than the cumulative Windows update.
const OTHER_PRODUCTS: [&str; 5] =
    ["windows-feature", "microsoft-365-apps", "microsoft-edge", "microsoft-teams", "windows-drivers"];

/// Releases by publication, each with its name and product. Sets where second 0 lies.
pub(super) fn releases(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    horizon_s: i64,
) -> Vec<(Release, (String, String))> {
    let named = scenario.releases.iter().flat_map(|r| r.iter());
    let mut found = Vec::new();
    for (name, release) in named {
        let path = at(&["releases", name]);
        let Some(published) = &release.published else {
            let help = "write `published: patch-tuesday 2026-11`, a date, or a date with a time";
            cx.missing(
                "RC210",
                &path,
                &["published"],
                format!("release `{name}` does not say when it is published"),
                help,
            );
            continue;
        };
        let zone = release.zone.clone().unwrap_or_else(Zone::utc);
        let instant = published.instant(zone.rules(), TEN_OCLOCK);
        let product = release.product.clone().unwrap_or_default();
        if OTHER_PRODUCTS.contains(&product.as_str()) {
            let message = format!("`{product}` is played by the rules of `windows-quality`");
            let help = "rings, deadlines and restarts of this product differ in the real service";
            cx.warning("RC255", &format!("{path}.product"), message, help);
        }
        let local = instant.to_zoned(zone.rules().clone()).date();
        let hotpatch_era = local.year() > 2026 || (local.year() == 2026 && local.month() >= 5);
        let monthly = matches!(release.kind, None | Some(Kind::Monthly));
        let managed = scenario.service.is_some() && product == "windows-quality" && monthly;
        if managed && hotpatch_era && !BASELINE_MONTHS.contains(&local.month()) {
            let message = format!(
                "{}-{:02} is a hotpatch month, and hotpatch is not modelled",
                local.year(),
                local.month()
            );
            let help = "devices that take hotpatches need no restart this month; here everybody restarts";
            cx.warning("RC253", &format!("{path}.published"), message, help);
        }
        let size = release.size.map_or(0, |s| s.bytes());
        found.push((instant, name.to_owned(), product, size, release));
    }
    let empty = scenario.releases.as_ref().is_some_and(|r| r.is_empty());
    if empty || !cx.stands("releases", &[]) {
        let help = "write `release: { product: windows-quality, published: patch-tuesday 2026-11 }`";
        cx.error("RC210", "releases", "the scenario has no release", help);
    }
    check_addresses(cx, "releases", found.iter().map(|r| r.1.as_str()));
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    for pair in found.windows(2) {
        if pair[0].0 == pair[1].0 {
            let message = format!("`{}` and `{}` are published at the same second", pair[0].1, pair[1].1);
            let help = "the later one supersedes the earlier one, so one of them must be later";
            cx.error("RC211", &at(&["releases", &pair[1].1, "published"]), message, help);
        }
    }
    if let Some(first) = found.first() {
        cx.epoch = Epoch { unix_s: first.0.as_second() };
    }
    let names: Vec<(String, Option<Kind>)> =
        found.iter().map(|(_, name, _, _, release)| (name.clone(), release.kind)).collect();
    check_kinds(cx, &names);
    let epoch = cx.epoch;
    let mut releases = Vec::new();
    for (i, (instant, name, product, size_bytes, typed)) in found.into_iter().enumerate() {
        let published = epoch.at(instant);
        let watched_until = published + horizon_s;
        let follows = follows(cx, &names, i, typed);
        let push = push(cx, &name, typed);
        let release = Release {
            key: address(&name),
            published,
            watched_until,
            size_bytes,
            follows,
            push,
            exploit: None,
        };
        releases.push((release, (name, product)));
    }
    releases
}

/// Pushes and updates are different products.
fn check_kinds(cx: &mut Cx<'_>, releases: &[(String, Option<Kind>)]) {
    let push = releases.iter().find(|(_, kind)| *kind == Some(Kind::Push));
    let update = releases.iter().find(|(_, kind)| *kind != Some(Kind::Push));
    if let (Some((push, _)), Some((update, _))) = (push, update) {
        let message = format!("`{push}` is a push and `{update}` an update, and they share no scenario");
        let help = "write one scenario for each of them";
        cx.error("RC227", &at(&["releases", push, "kind"]), message, help);
    }
}

/// The earlier release that an out-of-band release follows: `releases` are in the order of publication.
fn follows(
    cx: &mut Cx<'_>,
    releases: &[(String, Option<Kind>)],
    i: usize,
    typed: &schema::Release,
) -> Option<ReleaseId> {
    let path = at(&["releases", &releases[i].0]);
    let place = format!("{path}.supersedes");
    if typed.kind != Some(Kind::OutOfBand) {
        if typed.supersedes.is_some() {
            let message =
                "only an out-of-band release follows another one; a later update supersedes all earlier ones";
            cx.error("RC228", &place, message, "write `kind: out-of-band`, or remove `supersedes`");
        }
        return None;
    }
    let earlier = &releases[..i];
    let found = match &typed.supersedes {
        Some(name) => match earlier.iter().position(|(known, _)| known == name) {
            Some(found) => Some(found),
            None if releases.iter().any(|(known, _)| known == name) => {
                let message = format!("`{name}` is not published before `{}`", releases[i].0);
                cx.error("RC228", &place, message, "name an earlier release");
                return None;
            }
            None => {
                let known: Vec<String> = earlier.iter().map(|(name, _)| name.clone()).collect();
                cx.unknown_unless_unread("RC217", &place, ("releases", "release"), name, &known);
                return None;
            }
        },
        None if cx.stands(&path, &["supersedes"]) => return None,
        None => earlier.iter().rposition(|(_, kind)| matches!(kind, None | Some(Kind::Monthly))),
    };
    if found.is_none() {
        let message =
            format!("`{}` is out of band, and no monthly release is published before it", releases[i].0);
        cx.error("RC228", &format!("{path}.kind"), message, "add the release that it corrects");
    }
    found.map(|found| ReleaseId(found as u16))
}

fn push(cx: &mut Cx<'_>, name: &str, typed: &schema::Release) -> Option<Push> {
    let path = at(&["releases", name]);
    if typed.kind != Some(Kind::Push) {
        for (key, stands) in [("reaches", typed.reaches.is_some()), ("rings", typed.rings.is_some())] {
            if stands {
                let message = format!("`{key}` is about content that is pushed, and `{name}` is an update");
                cx.error("RC228", &format!("{path}.{key}"), message, "write `kind: push`, or remove it");
            }
        }
        return None;
    }
    let reaches = filled(cx, &format!("{path}.reaches"), typed.reaches.as_ref())?;
    Some(Push { reaches, ignores_rings: typed.rings != Some(PushRings::Kept) })
}
