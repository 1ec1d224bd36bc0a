//! docs/metrics.md is made from the list of metrics; this test says when it is stale and how to renew it.

use rollcast_core::metrics::Metric;

#[test]
fn metrics_page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let mut page = String::from(
        "# Metrics\n\n\
         One list for tables, JSON, CSV and goals (`metric:`). Shares are 0..1, times are hours from publication\n\
         and null where the share is not reached. `patched.h95` is about registered devices; the other\n\
         denominators stand in the name. Per ring and for the fleet; `all` differs from `registered` only for the\n\
         fleet. Made from `crates/core/src/metrics.rs` by\n\
         `ROLLCAST_UPDATE_DOCS=1 cargo test -p rollcast-core --test docs`.\n\n\
         | name | unit | meaning |\n|---|---|---|\n",
    );
    for metric in Metric::all() {
        let unit = format!("{:?}", metric.unit()).to_lowercase().replace("device", "device-");
        page += &format!("| `{}` | {unit} | {} |\n", metric.name(), metric.meaning());
    }
    if std::env::var_os("ROLLCAST_UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).expect("docs/ can be written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == page,
        "docs/metrics.md is stale; renew it by `ROLLCAST_UPDATE_DOCS=1 cargo test -p rollcast-core --test docs`"
    );
}
