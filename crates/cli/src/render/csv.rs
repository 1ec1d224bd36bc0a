//! The outcome as a tidy table: one row for each release, group and metric. Metrics of costs and of an exploit are there
//! where the scenario has them.

use std::io::{self, Write};

use crate::report::{Group, Report};

/// The columns; `low` and `high` are the 95 % interval of the mean, luck only.
pub(crate) const COLUMNS: [&str; 13] = [
    "release", "group", "metric", "unit", "value", "runs", "reached", "p5", "p50", "p95", "mean", "low",
    "high",
];

/// The group of all rings together.
const FLEET: &str = "(fleet)";

/// Writes the metrics of a report as CSV; 'never' is an empty field.
pub(crate) fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    // Through a buffer of its own: the CSV writer hides what kind of error the output had.
    let mut csv = ::csv::Writer::from_writer(Vec::new());
    csv.write_record(COLUMNS)?;
    for release in &report.releases {
        let rings = release.rings.iter().map(|ring| (ring.name.as_str(), &ring.group));
        for (name, group) in std::iter::once((FLEET, &release.fleet)).chain(rings) {
            rows(&mut csv, &release.name, name, group)?;
        }
    }
    let text = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    out.write_all(&text)
}

fn rows(csv: &mut ::csv::Writer<Vec<u8>>, release: &str, name: &str, group: &Group) -> io::Result<()> {
    let text = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    for (metric, report) in &group.metrics {
        // Money and attackers, in a scenario that says nothing of them.
        if metric.lacks(None, false).is_some() && report.reached == 0 {
            continue;
        }
        let interval = report.mean_interval;
        csv.write_record([
            release.to_owned(),
            name.to_owned(),
            metric.name(),
            report.unit.name().to_owned(),
            text(report.value),
            report.runs.to_string(),
            report.reached.to_string(),
            text(report.p5),
            text(report.p50),
            text(report.p95),
            text(report.mean),
            text(interval.map(|[low, _]| low)),
            text(interval.map(|[_, high]| high)),
        ])?;
    }
    Ok(())
}
