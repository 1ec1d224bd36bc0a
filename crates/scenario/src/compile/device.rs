//! What every managed device does: scans, downloads, installs, restarts.

use rollcast_core::{
    draws::Coin,
    family::Family,
    plan::{
        Anchor as PlanAnchor, Connectivity, DeviceRules, Failure, InstallOnline, NeedsOnline, Restart, Scan,
        Success, Telemetry, cause_bounds,
    },
    quantile::Quantile,
};

use super::{
    cx::{Cx, at},
    dist::{filled, maybe, quantile},
};
use crate::{
    scalar::{Duration, Share},
    schema::{self, Anchor, ConnectivityRole, Device, Off, Scenario, Stage, WhenOff},
};

/// Compiled rules, and the names of the causes of failure.
pub(super) struct Rules {
    pub(super) rules: Option<DeviceRules>,
    pub(super) causes: Vec<String>,
}

pub(super) fn device(cx: &mut Cx<'_>, scenario: &Scenario) -> Rules {
    let empty = Device::default();
    let device = scenario.device.as_ref().unwrap_or(&empty);
    let (failures, causes) = failures(cx, device);
    Rules { rules: rules(cx, device, failures), causes }
}

fn rules(cx: &mut Cx<'_>, device: &Device, failures: Vec<Failure>) -> Option<DeviceRules> {
    // Each part reports its own problems before any of them ends this.
    let scan = scan(cx, device);
    let wake_scan = filled(cx, "device.wake.scan", device.wake.as_ref().and_then(|w| w.scan.as_ref()));
    let wake_sync = filled(cx, "device.wake.sync", device.wake.as_ref().and_then(|w| w.sync.as_ref()));
    let sync_every_s = cx.positive("device.sync", device.sync, 60);
    let download_takes = match device.download.as_ref().and_then(|d| d.takes.as_ref()) {
        Some(dist) => quantile(cx, "device.download.takes", dist).map(Some),
        None => Some(None),
    };
    let install = device.install.as_ref();
    let install_takes = filled(cx, "device.install.takes", install.and_then(|i| i.takes.as_ref()));
    let off = device.while_off.as_ref();
    let waits = |step: Option<Off>| step != Some(Off::GoesOn);
    let needs_online = NeedsOnline {
        scan: waits(off.and_then(|o| o.scan)),
        download: waits(off.and_then(|o| o.download)),
        install: match install.and_then(|i| i.when_off) {
            Some(WhenOff::Begins) => InstallOnline::Begins,
            Some(WhenOff::Ignores) => InstallOnline::Ignores,
            Some(WhenOff::Resumes) | None => InstallOnline::Resumes,
        },
        restart: waits(off.and_then(|o| o.restart)),
        telemetry: waits(off.and_then(|o| o.telemetry)),
    };
    let rule = device.connectivity.as_ref();
    let seconds = |d: Option<Duration>| d.map_or(0, Duration::seconds);
    let connectivity = Connectivity {
        total_s: seconds(rule.and_then(|r| r.total)),
        continuous_s: seconds(rule.and_then(|r| r.continuous)),
        gates: rule.and_then(|r| r.role) == Some(ConnectivityRole::Gate),
    };
    let retry = device.retry.as_ref();
    let retry_after = filled(cx, "device.retry.after", retry.and_then(|r| r.after.as_ref()));
    let disk = device.disk.as_ref();
    let freed = maybe(cx, "device.disk.freed-after", disk.and_then(|d| d.freed_after.as_ref()));
    let restart = restart(cx, device);
    let telemetry = telemetry(cx, device);
    Some(DeviceRules {
        scan: scan?,
        sync_every_s,
        wake_scan: wake_scan?,
        wake_sync: wake_sync?,
        download_takes: download_takes?,
        install_takes: install_takes?,
        needs_online,
        connectivity,
        failures,
        retry_after: retry_after?,
        attempts: retry.and_then(|r| r.attempts).and_then(|a| a.0),
        disk_freed_after: freed?,
        restart: restart?,
        telemetry: telemetry?,
    })
}

fn telemetry(cx: &mut Cx<'_>, device: &Device) -> Option<Telemetry> {
    let typed = device.telemetry.as_ref();
    let latency = filled(cx, "device.telemetry.latency", typed.and_then(|t| t.latency.as_ref()));
    let every = typed.and_then(|t| t.every).and_then(|every| every.0);
    let every_s = every.map(|every| cx.positive("device.telemetry.every", Some(every), 60));
    let loss = typed.and_then(|t| t.loss).map_or(0.0, Share::get);
    if loss >= 1.0 {
        let message = "a service that loses every upload sees nothing at all";
        cx.error("RC212", "device.telemetry.loss", message, "write less than `100%`");
    }
    Some(Telemetry {
        every_s,
        loss: Coin::new(loss),
        latency: latency?,
        success: match typed.and_then(|t| t.success) {
            Some(schema::Success::Installed) => Success::Installed,
            Some(schema::Success::Restarted) | None => Success::Restarted,
        },
    })
}

fn scan(cx: &mut Cx<'_>, device: &Device) -> Option<Scan> {
    let scan = device.scan.as_ref();
    if let Some(wait) = scan.and_then(|s| s.wait.as_ref()) {
        if scan.is_some_and(|s| s.every.is_some() || s.jitter.is_some()) {
            let help = "keep `every` and `jitter`, or `wait`";
            cx.error("RC220", "device.scan", "scans come either at intervals or after a wait", help);
            return None;
        }
        return quantile(cx, "device.scan.wait", wait).map(Scan::Wait);
    }
    let longest_s = cx.positive("device.scan.every", scan.and_then(|s| s.every), 60);
    let jitter = scan.and_then(|s| s.jitter).map_or(0.0, Share::get);
    if jitter > 0.9 {
        let help = "write at most `90%`";
        cx.error("RC212", "device.scan.jitter", "with so much jitter scans follow each other at once", help);
        return None;
    }
    let (low, high) = (longest_s as f64 * (1.0 - jitter), longest_s as f64);
    // With one length only, the wait from a random instant is uniform over it.
    let residual =
        if jitter > 0.0 { cx.family(Family::Residual { low, high }) } else { Quantile::uniform(0.0, high) };
    Some(Scan::Every { interval: Quantile::uniform(low, high), residual, longest_s })
}

fn restart(cx: &mut Cx<'_>, device: &Device) -> Option<Restart> {
    let restart = device.restart.as_ref();
    let user = maybe(cx, "device.restart.user", restart.and_then(|r| r.user.as_ref()));
    let idle = maybe(cx, "device.restart.idle", restart.and_then(|r| r.idle.as_ref()));
    let takes = filled(cx, "device.restart.takes", restart.and_then(|r| r.takes.as_ref()));
    Some(Restart {
        user: user?,
        idle: idle?,
        anchor: match restart.and_then(|r| r.anchor) {
            Some(Anchor::Release) => PlanAnchor::Release,
            Some(Anchor::Pending) => PlanAnchor::Pending,
            Some(Anchor::Offer) | None => PlanAnchor::Offer,
        },
        warning_s: restart.and_then(|r| r.warning).map_or(0, Duration::seconds),
        takes: takes?,
    })
}

/// Causes by stage as intervals of words, with their names in the same order.
fn failures(cx: &mut Cx<'_>, device: &Device) -> (Vec<Failure>, Vec<String>) {
    let (mut failures, mut causes) = (Vec::new(), Vec::new());
    let named: Vec<_> = device.failures.iter().flat_map(|f| f.iter()).collect();
    for stage in [Stage::Download, Stage::Install] {
        let of_stage: Vec<_> =
            named.iter().filter(|(_, f)| f.stage.unwrap_or(Stage::Install) == stage).collect();
        let mut shares = Vec::new();
        for (name, failure) in &of_stage {
            if failure.share.is_none() {
                let path = at(&["device", "failures", name]);
                let message = format!("failure `{name}` does not say in what share of attempts it happens");
                cx.missing("RC218", &path, &["share"], message, "write `share: 1%`");
            }
            shares.push(failure.share.map_or(0.0, Share::get));
        }
        let sum: f64 = shares.iter().sum();
        if sum > 1.0 + 1e-9 {
            let message = format!("{:.1}% of the attempts fail", sum * 100.0);
            cx.error("RC201", "device.failures", message, "failures of one stage add up to 100% at most");
        }
        for ((name, _), upto) in of_stage.iter().zip(cause_bounds(&shares)) {
            failures.push(Failure { in_download: stage == Stage::Download, upto });
            causes.push((*name).to_owned());
        }
    }
    (failures, causes)
}
