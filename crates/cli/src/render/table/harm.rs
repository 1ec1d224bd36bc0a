//! What a bad release does, ring by ring, and whether it is stopped in time.

use rollcast_core::metrics::Metric;

use super::{
    HEADING,
    grid::{
        Grid,
        Lean::{Left, Right},
        clean,
    },
    put,
    release::{groups, value},
    styled, wrapped,
};
use crate::{
    render::number::{count, plain, share, time},
    report::{Defect, Group, MetricReport, Release, Report, SeverityName},
};

/// Ranges wider than this take two lines.
const CELL: usize = 16;

/// Writes the block; nothing for a scenario in which nothing can go wrong and nobody stops anything.
pub(super) fn block(out: &mut String, report: &Report, release: &Release) {
    let stoppable = !report.rules.is_empty() || !report.scripted.is_empty();
    if report.defects.is_empty() && !stoppable {
        return;
    }
    let defects: Vec<&Defect> =
        report.defects.iter().filter(|defect| defect.releases.contains(&release.name)).collect();
    if defects.is_empty() {
        put(out, format_args!("\n{}  {} has no defect", styled(HEADING, "harm"), clean(&release.name)));
    } else {
        harm(out, report, release, &defects);
    }
    calls(out, release);
    if stoppable {
        stops(out, report, release);
    }
}

fn harm(out: &mut String, report: &Report, release: &Release, defects: &[&Defect]) {
    let many_runs = report.replications.len() > 1;
    let ranges = if many_runs { "; median run, below it 5 to 95 % of runs, luck only" } else { "" };
    put(out, format_args!("\n{} (what is true, seen or not{ranges})", styled(HEADING, "harm")));
    lines(out, &format!("by {}", by_defect(report, release, defects)));
    let down = defects.iter().any(|defect| defect.severity == SeverityName::Down);
    let cell = |group: &Group, metric, none: &str, form: fn(f64) -> String| {
        cell(group.metric(metric), many_runs, none, form)
    };
    let mut devices = vec![
        ("ring", Left),
        ("devices harmed", Right),
        ("before seen", Right),
        ("after the decision", Right),
        ("tickets", Right),
    ];
    let mut times =
        vec![("ring", Left), ("first harm", Right), ("first seen", Right), ("last new harm", Right)];
    if down {
        devices.push(("down device-hours", Right));
        times.push(("95 % repaired", Right));
    }
    let (mut devices, mut times) = (Grid::new(devices), Grid::new(times));
    for (name, group) in groups(release) {
        let mut row = vec![
            name.to_owned(),
            cell(group, Metric::Harmed, "-", whole),
            cell(group, Metric::HarmedUnseen, "-", whole),
            cell(group, Metric::HarmedAfterDecision, "no stop", whole),
            cell(group, Metric::Tickets, "-", whole),
        ];
        // Without harm there is no end of it either.
        let contained = if nobody(group, Metric::Harmed, many_runs) { "-" } else { "never" };
        let mut when = vec![
            name.to_owned(),
            cell(group, Metric::HarmedFirstHours, "never", time),
            cell(group, Metric::HarmSeenHours, "never", time),
            cell(group, Metric::HarmedLastHours, contained, time),
        ];
        if down {
            row.push(cell(group, Metric::DownDeviceHours, "-", plain));
            let none = if nobody(group, Metric::Down, many_runs) { "-" } else { "never" };
            when.push(cell(group, Metric::DownRepairedHours, none, time));
        }
        devices.row(row);
        times.row(when);
    }
    out.push_str(&devices.lines());
    put(out, format_args!("\n  after publication"));
    out.push_str(&times.lines());
}

/// `bad-driver (down, shows on 212 devices) in replication 0`.
fn by_defect(report: &Report, release: &Release, defects: &[&Defect]) -> String {
    let first = report.replications.first().copied().unwrap_or(0);
    let each = defects.iter().map(|defect| {
        let word = match defect.severity {
            SeverityName::Annoying => "annoying",
            SeverityName::Degraded => "degraded",
            SeverityName::Down => "down",
        };
        let times = release.fleet.harmed_by.get(&defect.name).copied().unwrap_or(0);
        format!("{} ({word}, shows on {})", defect.name, super::many(times, "device"))
    });
    format!("{} in replication {first}", each.collect::<Vec<_>>().join(", "))
}

fn nobody(group: &Group, metric: Metric, many_runs: bool) -> bool {
    let report = group.metric(metric);
    let most = if many_runs { report.p50 } else { report.value };
    most.unwrap_or(0.0) == 0.0
}

fn calls(out: &mut String, release: &Release) {
    let calls = value(&release.fleet, Metric::BackgroundTickets) as u64;
    if calls > 0 {
        let line = format!(
            "{} to the help desk are about no release, over the whole play",
            super::many(calls, "call")
        );
        lines(out, &line);
    }
}

fn stops(out: &mut String, report: &Report, release: &Release) {
    let many_runs = report.replications.len() > 1;
    let heading = styled(HEADING, "stops");
    let decided = |group: &Group| group.metric(Metric::StopLandedHours).reached > 0;
    if !groups(release).any(|(_, group)| decided(group)) {
        let runs = if many_runs { "in no run" } else { "not" };
        put(out, format_args!("\n{heading}  the release was {runs} stopped"));
        return;
    }
    let ranges = if many_runs { "; median run, below it 5 to 95 % of runs, luck only" } else { "" };
    put(out, format_args!("\n{heading} (first stop, after publication{ranges})"));
    let mut grid = Grid::new([
        ("ring", Left),
        ("decided", Right),
        ("landed", Right),
        ("before its offer", Right),
        ("stops by rules", Right),
        ("false", Right),
    ]);
    for (name, group) in groups(release) {
        let at = |metric| cell(group.metric(metric), many_runs, "never", time);
        let mean = |metric| {
            let found = group.metric(metric);
            found.mean.or(found.value).map_or_else(|| "-".into(), plain)
        };
        grid.row([
            name.to_owned(),
            at(Metric::StopDecidedHours),
            at(Metric::StopLandedHours),
            before_offer(group, many_runs),
            mean(Metric::Stops),
            mean(Metric::FalseStops),
        ]);
    }
    out.push_str(&grid.lines());
    let over_runs = if many_runs {
        ", with the 95 % interval of that share (Wilson); stops by rules and false ones are means over runs"
    } else {
        ""
    };
    lines(
        out,
        &format!(
            "before its offer: landed before the ring (fleet: any ring) was offered the release{over_runs}"
        ),
    );
}

fn before_offer(group: &Group, many_runs: bool) -> String {
    let chance = &group.stopped_before_offer;
    if !many_runs {
        return if chance.held > 0 { "yes" } else { "no" }.into();
    }
    let [low, high] = chance.interval;
    let of = f64::from(chance.held) / f64::from(chance.runs.max(1));
    format!("{} of runs\n{} to {}", share(of), share(low), share(high))
}

fn whole(value: f64) -> String {
    count(value as u64)
}

/// The median run, below it the range over runs and in how many it came to that, where there is a difference.
fn cell(report: &MetricReport, many_runs: bool, none: &str, form: fn(f64) -> String) -> String {
    let text = |value: Option<f64>| value.map_or_else(|| none.to_owned(), form);
    if !many_runs {
        return text(report.value);
    }
    let (low, middle, high) = (text(report.p5), text(report.p50), text(report.p95));
    let mut cell = middle.clone();
    if low != middle || middle != high {
        let wide = low.chars().count() + high.chars().count() + 4 > CELL;
        cell += &format!("\n{low} to{}{high}", if wide { '\n' } else { ' ' });
    }
    if report.reached < report.runs && report.reached > 0 {
        cell += &format!("\nin {} of {} runs", report.reached, report.runs);
    }
    cell
}

fn lines(out: &mut String, text: &str) {
    for line in wrapped(&clean(text), 96) {
        put(out, format_args!("  {line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::UnitName;

    fn of(values: [Option<f64>; 3], reached: u32) -> MetricReport {
        MetricReport {
            unit: UnitName::Hours,
            value: values[1],
            runs: 20,
            reached,
            reached_interval: [0.0, 1.0],
            p5: values[0],
            p50: values[1],
            p95: values[2],
            mean: None,
            mean_interval: None,
            restricted_mean: None,
        }
    }

    #[test]
    fn never_is_said_and_not_averaged_away() {
        let some = of([Some(3.0), Some(5.0), None], 12);
        assert_eq!(cell(&some, true, "never", time), "5 h\n3 h to never\nin 12 of 20 runs");
        assert_eq!(
            cell(&of([Some(3.0), None, None], 2), true, "never", time),
            "never\n3 h to never\nin 2 of 20 runs"
        );
        assert_eq!(cell(&of([None; 3], 0), true, "never", time), "never");
        assert_eq!(cell(&of([None; 3], 0), false, "no stop", whole), "no stop");
    }

    #[test]
    fn a_range_is_shown_where_there_is_one_and_stays_narrow() {
        assert_eq!(cell(&of([Some(0.0); 3], 20), true, "-", whole), "0");
        let big = [Some(8_100_000.0), Some(8_500_000.0), Some(8_900_000.0)];
        assert_eq!(cell(&of(big, 20), true, "-", whole), "8 500 000\n8 100 000 to\n8 900 000");
    }
}
