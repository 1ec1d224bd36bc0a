//! The block of one release: when each ring is patched, how hard it is pushed, what it costs.

use rollcast_core::metrics::{Metric, Of};

use super::{
    HEADING, costs,
    grid::{
        Grid,
        Lean::{Left, Right},
    },
    harm, luck, put, styled, wrapped,
};
use crate::{
    render::{
        chart,
        number::{bytes, count, plain, share, time},
    },
    report::{Group, MetricReport, Release, Report, When},
};

/// Writes the block.
pub(super) fn block(out: &mut String, report: &Report, release: &Release) {
    let product = &release.product;
    put(
        out,
        format_args!(
            "{} ({product}), published {}, watched for {}",
            styled(HEADING, &release.name),
            release.published_civil,
            time(release.watched_h)
        ),
    );
    when(out, report, release);
    how(out, report, release);
    put(out, format_args!("\n{}", styled(HEADING, "share of registered devices patched")));
    let registered = value(&release.fleet, Metric::Devices(Of::Registered)) as u64;
    out.push_str(&chart::adoption(&release.fleet.curve.hours, &release.fleet.curve.patched, registered));
    cost(out, release);
    late(out, release);
    harm::block(out, report, release);
    costs::block(out, report, release);
    if report.replications.len() > 1 {
        luck::block(out, report, release);
    }
}

pub(super) fn value(group: &Group, metric: Metric) -> f64 {
    group.metric(metric).value.unwrap_or(0.0)
}

/// Rings and then the fleet.
pub(super) fn groups(release: &Release) -> impl Iterator<Item = (&str, &Group)> {
    let rings = release.rings.iter().map(|ring| (ring.name.as_str(), &ring.group));
    rings.chain(std::iter::once(("fleet", &release.fleet)))
}

fn when(out: &mut String, report: &Report, release: &Release) {
    let many_runs = report.replications.len() > 1;
    put(
        out,
        format_args!(
            "\n{} (after publication, of registered devices{})",
            styled(HEADING, "when"),
            if many_runs { "; median run, below it 5 to 95 % of runs, luck only" } else { "" }
        ),
    );
    let mut grid = Grid::new([
        ("ring", Left),
        ("devices", Right),
        ("offered from", Left),
        ("deadline from", Left),
        ("50 %", Right),
        ("95 %", Right),
    ]);
    let mut row = |name: &str, group: &Group, offered: String, deadline: String| {
        let to_share = |percent| time_to(release, group, percent, many_runs);
        let devices = count(value(group, Metric::Devices(Of::Registered)) as u64);
        grid.row([name.to_owned(), devices, offered, deadline, to_share(50), to_share(95)]);
    };
    for ring in &release.rings {
        let civil = |when: &Option<When>, none: &str| {
            when.as_ref().map_or_else(|| none.to_owned(), |when| when.civil.clone())
        };
        let offered = civil(&ring.offered_from, "never");
        row(&ring.name, &ring.group, offered, civil(&ring.deadline_from, no_deadline(report, &ring.name)));
    }
    row("fleet", &release.fleet, String::new(), String::new());
    out.push_str(&grid.lines());
    if release.rings.iter().any(|ring| ring.deadline_from.is_some()) {
        put(out, format_args!("  {DEADLINE_NOTE}"));
    }
}

fn no_deadline(report: &Report, ring: &str) -> &'static str {
    let ring = report.rings.iter().find(|known| known.name == ring);
    if ring.is_some_and(|ring| ring.deadline_s.is_none()) { "none" } else { "-" }
}

/// What the column `deadline from` means.
const DEADLINE_NOTE: &str =
    "deadline from: for a device offered the release at once; a forced restart also waits for the grace";

fn time_to(release: &Release, group: &Group, percent: u8, many_runs: bool) -> String {
    let report = group.metric(Metric::Hours(Of::Registered, percent));
    let devices = value(group, Metric::Devices(Of::Registered));
    if devices == 0.0 {
        return "-".into();
    }
    let never = || {
        let patched = group.metric(Metric::PatchedShare(Of::Registered)).p50.unwrap_or(0.0);
        format!("never ({}\nat {})", share(patched), day(release.watched_h))
    };
    let middle = if many_runs { report.p50 } else { report.value };
    let text = middle.map_or_else(never, time);
    if !many_runs || middle.is_none() {
        return reached(text, report);
    }
    let end = |value: Option<f64>| value.map_or_else(|| "never".into(), time);
    reached(format!("{text}\n{} to {}", end(report.p5), end(report.p95)), report)
}

/// Says in how many runs it was reached, where that is neither none nor all.
fn reached(text: String, report: &MetricReport) -> String {
    if report.reached == report.runs || report.reached == 0 {
        return text;
    }
    format!("{text}\nin {} of {} runs", report.reached, report.runs)
}

fn day(hours: f64) -> String {
    if hours < 48.0 { format!("hour {}", plain(hours)) } else { format!("day {}", plain(hours / 24.0)) }
}

fn how(out: &mut String, report: &Report, release: &Release) {
    let first = report.replications.first().copied().unwrap_or(0);
    put(
        out,
        format_args!(
            "\n{} (wanted: {} of eligible devices in time; replication {first})",
            styled(HEADING, "how"),
            share(release.objective_share)
        ),
    );
    let mut grid = Grid::new([
        ("ring", Left),
        ("in time, of eligible", Right),
        ("late", Right),
        ("restarts", Right),
        ("forced", Right),
        ("in active hours", Right),
        ("exposed device-days", Right),
    ]);
    for (name, group) in groups(release) {
        let number = |metric| count(value(group, metric) as u64);
        let in_time = match group.metric(Metric::ObjectiveShare).value {
            Some(found) => format!("{} of {}", share(found), number(Metric::Devices(Of::Eligible))),
            None => "nobody eligible".into(),
        };
        grid.row([
            name.to_owned(),
            in_time,
            number(Metric::Late),
            number(Metric::Restarts),
            number(Metric::RestartsForced),
            number(Metric::RestartsActive),
            plain(value(group, Metric::ExposedDeviceDays).round()),
        ]);
    }
    out.push_str(&grid.lines());
}

fn cost(out: &mut String, release: &Release) {
    let fleet = &release.fleet;
    put(
        out,
        format_args!(
            "\n{}  {} downloads and {} in the busiest hour, {} in all",
            styled(HEADING, "network"),
            plain(value(fleet, Metric::DownloadsPeakHour).round()),
            bytes(value(fleet, Metric::BytesPeakHour)),
            bytes(value(fleet, Metric::Bytes)),
        ),
    );
    let failures = value(fleet, Metric::Failures);
    if failures > 0.0 {
        let causes: Vec<String> = fleet
            .failures
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(cause, n)| format!("{cause} {}", count(*n)))
            .collect();
        let gave_up = value(fleet, Metric::GaveUp) as u64;
        let line = format!(
            "{} failed attempts ({}); {} gave up",
            plain(failures),
            causes.join(", "),
            super::many(gave_up, "device")
        );
        for (i, line) in wrapped(&line, 88).into_iter().enumerate() {
            let heading = if i == 0 { styled(HEADING, "failures") } else { " ".repeat(8) };
            put(out, format_args!("{heading}  {line}"));
        }
    }
}

/// Why devices are late: one state each, so that the counts add up.
fn late(out: &mut String, release: &Release) {
    let total = value(&release.fleet, Metric::Late) as u64;
    if total == 0 {
        put(out, format_args!("\nno registered device was unpatched when its objective passed"));
        return;
    }
    put(
        out,
        format_args!(
            "\n{} (unpatched when their objective passed; what blocked then)",
            styled(HEADING, &format!("why {} are late", super::many(total, "device")))
        ),
    );
    // More rings than fit are left to the JSON.
    let rings: &[_] = if release.rings.len() <= 6 { &release.rings } else { &[] };
    let columns = rings.iter().map(|ring| (ring.name.as_str(), Right));
    let mut grid = Grid::new(std::iter::once(("state", Left)).chain(columns).chain([
        ("fleet", Right),
        ("of late", Right),
        ("eligible", Right),
    ]));
    let mut states: Vec<_> = release.fleet.late.iter().filter(|(_, late)| late.devices > 0).collect();
    states.sort_by(|a, b| b.1.devices.cmp(&a.1.devices).then(a.0.cmp(b.0)));
    for (state, late) in states {
        let per_ring =
            rings.iter().map(|ring| count(ring.group.late.get(state).map_or(0, |late| late.devices)));
        grid.row(std::iter::once((*state).to_owned()).chain(per_ring).chain([
            count(late.devices),
            share(late.devices as f64 / total as f64),
            count(late.eligible),
        ]));
    }
    let per_ring = rings.iter().map(|ring| count(value(&ring.group, Metric::Late) as u64));
    let eligible: u64 = release.fleet.late.values().map(|late| late.eligible).sum();
    grid.row(std::iter::once("total".to_owned()).chain(per_ring).chain([
        count(total),
        share(1.0),
        count(eligible),
    ]));
    out.push_str(&grid.lines());
}
