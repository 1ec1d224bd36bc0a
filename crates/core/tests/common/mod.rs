//! Small plans for tests: everything off, to be switched on one by one.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use rollcast_core::{
    draws::{Coin, hash64},
    plan::*,
    quantile::Quantile,
    time::{DAY_S, HOUR_S, SimTime},
    windows::Windows,
};

/// One always-on cohort, one ring with everybody, one release at time 0; every step takes no time but the
/// scan, which waits uniformly for 0 to 22 hours.
pub fn plan(devices: u64) -> Plan {
    Plan {
        tick_s: HOUR_S,
        epoch_unix_s: 1_794_333_600, // 2026-11-10T18:00:00Z
        horizon: SimTime::from_days(40),
        fleet: Fleet::Described(Described {
            devices,
            counted: vec![(devices, cohort("all"))],
            shared: vec![(u64::MAX, cohort("rest"))],
            shared_key: key24("shared"),
        }),
        attributes: vec![AttributeDomain { key: 1, values: 4 }],
        habits: vec![always()],
        site_attribute: AttributeId(0),
        rings: vec![ring(0, None, 0)],
        automatic: Automatic { small_upto: 200, batch: None, counts_batch: true },
        ring_order: RingOrder::Drawn,
        releases: vec![release("r", 0)],
        device: DeviceRules {
            scan: Scan::Wait(Quantile::uniform(0.0, 22.0 * HOUR_S as f64)),
            sync_every_s: 8 * HOUR_S,
            wake_scan: Quantile::fixed(0),
            wake_sync: Quantile::fixed(0),
            download_takes: Some(Quantile::fixed(0)),
            install_takes: Quantile::fixed(0),
            needs_online: NeedsOnline {
                scan: true,
                download: true,
                install: InstallOnline::Resumes,
                restart: true,
                telemetry: true,
            },
            connectivity: Connectivity { total_s: 6 * HOUR_S, continuous_s: 2 * HOUR_S, gates: false },
            failures: vec![],
            retry_after: Quantile::fixed(DAY_S),
            attempts: Some(5),
            disk_freed_after: None,
            restart: Restart {
                user: Some(Quantile::fixed(0)),
                idle: None,
                anchor: Anchor::Offer,
                warning_s: 0,
                takes: Quantile::fixed(0),
            },
            telemetry: Telemetry {
                every_s: None,
                loss: Coin::NEVER,
                latency: Quantile::fixed(0),
                success: Success::Restarted,
            },
        },
        freezes: vec![],
        objective: Objective { share: 0.95, heard_within_s: 5 * DAY_S },
        defects: vec![],
        background: Background::default(),
        crews: vec![],
        rules: vec![],
        scripted: vec![],
        management: Management {
            pause_expires_s: Some(35 * DAY_S),
            tenant_lifts_service: false,
            uninstall: Uninstall {
                push: Some(Quantile::fixed(0)),
                takes: Quantile::fixed(0),
                fails: Coin::NEVER,
            },
            switch_off: SwitchOff { restart_after: Quantile::fixed(0), fails: Coin::NEVER },
            max_decisions: 1_000,
        },
        midnights: (-1..80).map(SimTime::from_days).collect(),
        costs: None,
    }
}

pub fn key24(name: &str) -> u32 {
    (hash64(name.as_bytes()) >> 40) as u32
}

pub fn cohort(name: &str) -> Cohort {
    Cohort { key: key24(name), picks: vec![Pick::Always(0)], unregistered: None }
}

pub fn always() -> Habit {
    Habit {
        key: 7,
        members: Filter::default(),
        online: Online::Always,
        shift: Quantile::fixed(0),
        away: None,
        no_heartbeat: Coin::NEVER,
        never_back: None,
        policy_conflict: Coin::NEVER,
        little_disk: Coin::NEVER,
        bandwidth: Quantile::fixed(50_000_000),
        at_site: vec![HabitAtSite::default(); 4],
        scheduled: false,
    }
}

/// On from `from_h` to `to_h` every day.
pub fn daily(from_h: i64, to_h: i64) -> Habit {
    let days = (-70..120).map(|d| rollcast_core::windows::Span {
        from: SimTime(d * DAY_S + from_h * HOUR_S),
        to: SimTime(d * DAY_S + to_h * HOUR_S),
    });
    let at_site = HabitAtSite { online: Windows::new(days.collect()), ..HabitAtSite::default() };
    Habit { online: Online::Hours, at_site: vec![at_site; 4], ..always() }
}

/// A pool ring that takes what is left, with days of deferral, deadline and grace.
pub fn ring(deferral_d: i64, deadline_d: Option<i64>, grace_d: i64) -> Ring {
    Ring {
        members: Members { filter: Filter::default(), size: RingSize::Rest },
        deferral_s: deferral_d * DAY_S,
        deadline_s: deadline_d.map(|d| d * DAY_S),
        grace_s: grace_d * DAY_S,
        gate: None,
        ramp: Ramp::at_once(),
        in_objective: true,
        objective_s: 21 * DAY_S,
        returned_objective_s: None,
    }
}

pub fn sized(size: RingSize, ring: Ring) -> Ring {
    Ring { members: Members { filter: Filter::default(), size }, ..ring }
}

pub fn release(name: &str, day: i64) -> Release {
    Release {
        key: key24(name),
        published: SimTime::from_days(day),
        watched_until: SimTime::from_days(40),
        size_bytes: 700_000_000,
        follows: None,
        push: None,
        exploit: None,
    }
}

/// Kolmogorov-Smirnov distance of a sample against a distribution function.
pub fn ks(mut sample: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    sample
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            let f = cdf(x);
            (f - i as f64 / n).abs().max((f - (i + 1) as f64 / n).abs())
        })
        .fold(0.0, f64::max)
}

/// Critical value of the Kolmogorov-Smirnov distance at alpha = 0.001 for large samples.
pub fn ks_limit(n: usize) -> f64 {
    1.95 / (n as f64).sqrt()
}
