//! What a release costs, of what the money consists, and how many devices an attacker is expected to hit.

use rollcast_core::{costs::Part, metrics::Metric};

use super::{
    HEADING,
    grid::{
        Grid,
        Lean::{Left, Right},
        clean,
    },
    put,
    release::groups,
    styled,
};
use crate::{
    render::number::plain,
    report::{Group, Release, Report},
};

/// Writes the block; nothing where nothing has a price and nobody attacks.
pub(super) fn block(out: &mut String, report: &Report, release: &Release) {
    let told = |metric: &Metric| release.fleet.metric(*metric).reached > 0;
    let parts: Vec<Part> = Part::ALL.into_iter().filter(|part| told(&Metric::CostOf(*part))).collect();
    if told(&Metric::ExposedHit) {
        let hit = mean(&release.fleet, Metric::ExposedHit);
        put(
            out,
            format_args!(
                "\n{}  {hit} devices are expected to be hit before they are patched{}",
                styled(HEADING, "exploit"),
                over_runs(report)
            ),
        );
    }
    if parts.is_empty() {
        return;
    }
    let currency = report
        .currency
        .as_deref()
        .map_or_else(|| "of the prices given".into(), |name| format!("in {}", clean(name)));
    put(out, format_args!("\n{} ({currency}{})", styled(HEADING, "costs"), over_runs(report)));
    let columns = parts.iter().map(|part| (part.name(), Right));
    let mut grid = Grid::new(std::iter::once(("ring", Left)).chain(columns).chain([("in all", Right)]));
    for (name, group) in groups(release) {
        let cells = parts.iter().map(|part| Metric::CostOf(*part)).chain([Metric::Cost]);
        grid.row(std::iter::once(name.to_owned()).chain(cells.map(|metric| mean(group, metric))));
    }
    out.push_str(&grid.lines());
}

fn over_runs(report: &Report) -> &'static str {
    if report.replications.len() > 1 { ", mean of the runs" } else { "" }
}

fn mean(group: &Group, metric: Metric) -> String {
    let found = group.metric(metric);
    found.mean.map_or_else(|| "-".into(), plain)
}
