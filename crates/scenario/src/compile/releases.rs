//! Releases: instants of publication, in order.

use rollcast_core::plan::Release;

use super::{
    cx::{Cx, at},
    fleet::{address, check_addresses},
};
use crate::{
    calendar::{Epoch, TEN_OCLOCK},
    scalar::Zone,
    schema::Scenario,
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
        let managed = scenario.service.is_some() && product == "windows-quality";
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
        found.push((instant, name.to_owned(), product, size));
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
    let epoch = cx.epoch;
    found
        .into_iter()
        .map(|(instant, name, product, size_bytes)| {
            let published = epoch.at(instant);
            let watched_until = published + horizon_s;
            (Release { key: address(&name), published, watched_until, size_bytes }, (name, product))
        })
        .collect()
}
