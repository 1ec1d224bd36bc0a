//! Counting a batch of straight lives: what [`crate::tally`] counts of each of them, in sums and curves.

use crate::{
    life::Setting,
    steps::{Blocker, RestartBy, Sink},
    tally::Tally,
    time::SimTime,
};

use super::{
    BATCH,
    course::{Column, Columns, Steps},
    kind::{Kind, Leg},
};

#[inline(always)]
pub(super) fn count(setting: Setting<'_>, kind: &Kind<'_>, c: &Columns, tally: &mut Tally) {
    let straight = &c.straight;
    let devices = straight.iter().map(|&s| u64::from(s)).sum();
    for (leg, steps) in kind.legs.iter().zip(&c.steps) {
        sums(kind, leg, steps, straight, devices, tally);
        curves(setting, kind, leg, steps, straight, tally);
    }
}

/// Seconds between two columns, over all who live straight.
#[inline(always)]
fn seconds(from: &Column, to: &Column, straight: &[bool; BATCH]) -> u64 {
    let mut sum = 0;
    for i in 0..BATCH {
        sum += if straight[i] { i64::from(to[i] - from[i]) } else { 0 };
    }
    sum as u64
}

#[inline(always)]
fn sums(kind: &Kind<'_>, leg: &Leg, steps: &Steps, straight: &[bool; BATCH], devices: u64, tally: &mut Tally) {
    let unit = tally.unit_mut(kind.ring, leg.release);
    unit.observed.devices += devices;
    let truth = &mut unit.truth;
    truth.devices += devices;
    truth.eligible += if leg.eligible { devices } else { 0 };
    truth.in_time += if leg.eligible { devices } else { 0 };
    truth.connected += if leg.connected { devices } else { 0 };
    let published = [leg.published; BATCH];
    for (blocker, from, to) in [
        (Blocker::Deferred, &published, &steps.offerable),
        (Blocker::WaitingForScan, &steps.offerable, &steps.scan),
        (Blocker::Downloading, &steps.scan, &steps.downloaded),
        (Blocker::Installing, &steps.downloaded, &steps.pending),
        (Blocker::PendingRestart, &steps.pending, &steps.patched),
    ] {
        truth.blocked_s[blocker as usize] += seconds(from, to, straight);
    }
    let (mut by_user, mut first, mut last) = (0, i32::MAX, 0);
    for i in 0..BATCH {
        by_user += u64::from(straight[i] & steps.by_user[i]);
        first = first.min(if straight[i] { steps.patched[i] } else { i32::MAX });
        last = last.max(if straight[i] { steps.patched[i] } else { 0 });
    }
    truth.restarts[RestartBy::User as usize] += by_user;
    truth.restarts[RestartBy::Deadline as usize] += devices - by_user;
    if devices > 0 {
        let (first, last) = (SimTime(i64::from(first)), SimTime(i64::from(last)));
        let (a, b) = truth.first_last.unwrap_or((first, last));
        truth.first_last = Some((a.min(first), b.max(last)));
    }
}

#[inline(always)]
fn curves(
    setting: Setting<'_>,
    kind: &Kind<'_>,
    leg: &Leg,
    steps: &Steps,
    straight: &[bool; BATCH],
    tally: &mut Tally,
) {
    let plan = setting.plan;
    let ticks = kind.ticks;
    let (mut offerable, mut scan, mut patched, mut seen) =
        ([0_u32; BATCH], [0_u32; BATCH], [0_u32; BATCH], [0_u32; BATCH]);
    let (mut from, mut to) = ([0_u32; BATCH], [0_u32; BATCH]);
    let since = |t: i32| (t - leg.published).max(0);
    for i in 0..BATCH {
        offerable[i] = ticks.of(since(steps.offerable[i]));
        scan[i] = ticks.of(since(steps.scan[i]));
        from[i] = ticks.of(since(steps.loading[i]));
        to[i] = ticks.of(since(steps.downloaded[i] - 1)).max(from[i]);
        patched[i] = ticks.of(since(steps.patched[i] - 1));
        seen[i] = ticks.of(steps.seen[i]).wrapping_sub(leg.clock_from as u32);
    }
    let size = plan.releases[leg.release.0 as usize].size_bytes;
    let unit = tally.unit_mut(kind.ring, leg.release);
    let (truth, observed) = (&mut unit.truth, &mut unit.observed);
    let bump = |curve: &mut [u64], tick: u32, by: u64| {
        if let Some(slot) = curve.get_mut(tick as usize) {
            *slot += by;
        }
    };
    let net = |curve: &mut [i64], tick: u32, by: bool| {
        if let Some(slot) = curve.get_mut(tick as usize) {
            *slot += i64::from(by);
        }
    };
    for i in (0..BATCH).filter(|&i| straight[i]) {
        bump(&mut truth.offerable, offerable[i], 1);
        bump(&mut truth.offered, scan[i], 1);
        bump(&mut truth.downloads, scan[i], 1);
        net(&mut truth.patched, patched[i], true);
        net(&mut truth.patched_eligible, patched[i], leg.eligible);
        net(&mut truth.patched_connected, patched[i], leg.connected);
        if from[i] == to[i] {
            bump(&mut truth.bytes, from[i], size);
            bump(&mut truth.transfer_s, from[i], (steps.downloaded[i] - steps.loading[i]) as u64);
        }
    }
    if kind.reports {
        for i in (0..BATCH).filter(|&i| straight[i]) {
            if setting.sees {
                let asked = (steps.scan[i] as i64 / plan.tick_s - i64::from(leg.clock_from)) as u32;
                bump(&mut observed.offered, asked, 1);
            }
            if steps.seen[i] < kind.horizon {
                bump(&mut observed.installed, seen[i], 1);
                bump(&mut observed.reported, seen[i], 1);
            }
        }
    }
    let active = &kind.at_site.active;
    for i in (0..BATCH).filter(|&i| straight[i]) {
        let in_active_hours = active.contains(SimTime(i64::from(steps.restarted[i])));
        truth.restarts_active += u64::from(in_active_hours);
        truth.forced_active += u64::from(in_active_hours && !steps.by_user[i]);
    }
    let mut counter = tally.counter(plan, kind.ring);
    for i in (0..BATCH).filter(|&i| straight[i] && from[i] != to[i]) {
        let (from, to) = (i64::from(steps.loading[i]), i64::from(steps.downloaded[i]));
        counter.transfer(leg.release, SimTime(from), SimTime(to), 0, to - from);
    }
}
