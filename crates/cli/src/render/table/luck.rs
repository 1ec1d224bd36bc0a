//! What other luck would change: the range over runs and the interval of the mean, told apart.

use rollcast_core::metrics::{Metric, Of};

use super::{
    HEADING,
    grid::{
        Grid,
        Lean::{Left, Right},
    },
    put, styled,
};
use crate::{
    render::number::{bytes, plain, share, time},
    report::{Release, Report, UnitName},
};

const SHOWN: [(&str, Metric); 8] = [
    ("50 % of registered", Metric::Hours(Of::Registered, 50)),
    ("95 % of registered", Metric::Hours(Of::Registered, 95)),
    ("95 % of eligible", Metric::Hours(Of::Eligible, 95)),
    ("in time, of eligible", Metric::ObjectiveShare),
    ("late devices", Metric::Late),
    ("exposed device-days", Metric::ExposedDeviceDays),
    ("forced restarts", Metric::RestartsForced),
    ("bytes in busiest hour", Metric::BytesPeakHour),
];

/// Writes the block for the fleet.
pub(super) fn block(out: &mut String, report: &Report, release: &Release) {
    put(
        out,
        format_args!(
            "\n{} ({}: same assumptions, other luck; fleet; with the 95 % interval of the mean)",
            styled(HEADING, &format!("over {} runs", report.replications.len())),
            report.interval_meaning
        ),
    );
    let mut grid = Grid::new([
        ("", Left),
        ("5 to 95 % of runs", Right),
        ("median", Right),
        ("mean", Right),
        ("95 % of the mean", Right),
        ("reached", Right),
    ]);
    for (name, metric) in SHOWN {
        let found = release.fleet.metric(metric);
        let text = |value: Option<f64>, none: &str| {
            value.map_or_else(|| none.to_owned(), |value| quantity(found.unit, value))
        };
        let never = if found.unit == UnitName::Hours { "never" } else { "-" };
        let interval = found.mean_interval.map_or_else(
            || "-".into(),
            |[low, high]| format!("{} to {}", quantity(found.unit, low), quantity(found.unit, high)),
        );
        grid.row([
            name.to_owned(),
            format!("{} to {}", text(found.p5, never), text(found.p95, never)),
            text(found.p50, never),
            // The mean of the lucky runs alone would be a lie.
            text(found.mean, "-"),
            interval,
            format!("{} of {}", found.reached, found.runs),
        ]);
    }
    out.push_str(&grid.lines());
}

fn quantity(unit: UnitName, value: f64) -> String {
    match unit {
        UnitName::Hours => time(value),
        UnitName::Share => share(value),
        UnitName::Bytes => bytes(value),
        UnitName::Money => plain(value),
        UnitName::Days => format!("{} d", plain(value)),
        UnitName::Count | UnitName::DeviceDays | UnitName::DeviceHours => plain(value),
    }
}
