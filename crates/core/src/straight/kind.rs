//! Which devices can live straight, and what those of one ring, habit and site have in common.

use crate::{
    life::Setting,
    plan::{Habit, HabitAtSite, Online, Plan, ReleaseId, RingId, Scan},
    tally::Reads,
    time::{DAY_S, SimTime},
};

use super::{hours::Hours, ticks::Ticks};

/// Columns hold times below this; what lasts longer is not straight.
pub(super) const FAR_S: i64 = 1 << 28;

/// When devices of a kind are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// Day and night.
    Always,
    /// So many seconds a day, from a time of day of the device's own.
    Daily { on_s: i32 },
}

/// One release on its way through one ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub release: ReleaseId,
    /// The 24 bits that address its draws, shifted to make room for the attempt.
    pub address: u32,
    pub published: i32,
    /// When the ring starts; not used where the release follows another one.
    pub start: i32,
    /// The leg of the release that it follows.
    pub follows: Option<usize>,
    /// A straight life is patched at this second at the latest: in time for its objective, before the watch of the
    /// release ends, and before the next release is published.
    pub latest: i32,
    /// Whether devices count for the objective, and have the required hours online by then.
    pub eligible: bool,
    pub connected: bool,
    /// The tick of the plan's clock from which what is seen is counted.
    pub clock_from: i32,
}

/// What devices of one ring, habit and site have in common.
#[derive(Debug)]
pub(super) struct Kind<'a> {
    pub ring: RingId,
    pub habit: &'a Habit,
    pub at_site: &'a HabitAtSite,
    pub rhythm: Rhythm,
    /// Active hours.
    pub active: Hours,
    /// The whole ring may be offered a release at once.
    pub at_once: bool,
    pub legs: Vec<Leg>,
    /// Stretches `[from, to)` in which some device may know of a hold.
    pub held: Vec<(i32, i32)>,
    pub ticks: Ticks,
    pub horizon: i32,
    /// Reports are made and somebody reads them.
    pub reports: bool,
    /// Nobody looks at failed attempts.
    pub retries: bool,
}

impl<'a> Kind<'a> {
    /// The kind of this ring, habit and site; `None` if lives there are not straight.
    pub(super) fn of(setting: Setting<'a>, ring: RingId, habit: usize, site: usize) -> Option<Self> {
        let Setting { plan, known, .. } = setting;
        let habit = &plan.habits[habit];
        let at_site = habit.at_site.get(site)?;
        let device = &plan.device;
        let rhythm = match habit.online {
            Online::Always => Rhythm::Always,
            Online::Daily { on_s } => Rhythm::Daily { on_s: on_s as i32 },
            Online::Hours | Online::Sporadic { .. } => return None,
        };
        let reports = setting.sees && Reads::of(plan) != Reads::default();
        let plain_device = !device.connectivity.gates
            && device.restart.idle.is_none()
            && (matches!(device.scan, Scan::Wait(_))
                || rhythm == Rhythm::Always
                || !device.needs_online.scan)
            && (!reports || device.telemetry.every_s.is_none());
        let plain_habit = !habit.scheduled && at_site.closed.spans().is_empty() && habit.away.is_none();
        let left_alone = known.restart_holds(ring).spans().is_empty()
            && known.uninstalls(ring).is_empty()
            && (0..plan.releases.len()).all(|r| known.withdrawn(ReleaseId(r as u16)) == SimTime::NEVER)
            && plan.releases.iter().all(|release| release.push.is_none());
        let short = setting.until.0 < FAR_S && plan.releases.first()?.published.0 >= 0 && plan.tick_s < FAR_S;
        if !(plain_device && plain_habit && left_alone && short) {
            return None;
        }
        let legs = (0..plan.releases.len()).map(|r| leg(setting, ring, rhythm, r)).collect::<Option<_>>()?;
        Some(Self {
            ring,
            habit,
            at_site,
            rhythm,
            active: Hours::new(&at_site.active, setting.until)?,
            at_once: plan.rings[ring.0 as usize].ramp.is_at_once(),
            legs,
            held: held(setting, ring, rhythm),
            ticks: Ticks::new(plan.tick_s),
            horizon: setting.until.0 as i32,
            reports,
            retries: !reports || !Reads::of(plan).failed_attempts(),
        })
    }
}

fn leg(setting: Setting<'_>, ring: RingId, rhythm: Rhythm, index: usize) -> Option<Leg> {
    let Setting { plan, known, until, .. } = setting;
    let id = ReleaseId(index as u16);
    let (release, of_ring) = (&plan.releases[index], &plan.rings[ring.0 as usize]);
    let follows = release.follows.map(|followed| followed.0 as usize);
    let start = if follows.is_some() { SimTime(0) } else { known.offer(ring, id)? };
    if start >= until || follows.is_some_and(|followed| followed >= index) {
        return None;
    }
    let next = plan.releases.get(index + 1).map_or(SimTime::NEVER, |next| next.published);
    let watched = release.watched_until.min(until);
    let due = plan.objective_at(ring, id).min(watched);
    // A device that was not on while its ring was due has an objective of its own.
    let always_there = match rhythm {
        Rhythm::Always => true,
        Rhythm::Daily { .. } => {
            of_ring.returned_objective_s.is_none() || of_ring.deadline_s.unwrap_or(0) >= DAY_S
        }
    };
    let connected = connected(plan, rhythm, release.published, due)?;
    if !always_there || (rhythm != Rhythm::Always && plan.objective.heard_within_s < DAY_S) {
        return None;
    }
    Some(Leg {
        release: id,
        address: release.key << 8,
        published: release.published.0 as i32,
        start: start.0 as i32,
        follows,
        latest: due.min(SimTime(watched.0 - 1)).min(SimTime(next.0 - 1)).0 as i32,
        eligible: of_ring.in_objective && connected,
        connected,
        clock_from: plan.clock_from(id) as i32,
    })
}

/// Whether a device with this rhythm has the required hours online between `published` and `due`; `None`: that depends
/// on the device.
fn connected(plan: &Plan, rhythm: Rhythm, published: SimTime, due: SimTime) -> Option<bool> {
    let rule = plan.device.connectivity;
    match rhythm {
        Rhythm::Always => Some(published < due && published + rule.total_s.max(rule.continuous_s) <= due),
        Rhythm::Daily { on_s } => {
            let on_s = i64::from(on_s);
            // The first day may have begun; whole days follow.
            let days = 1 + (rule.total_s.max(1) + on_s.max(1) - 1) / on_s.max(1);
            (on_s > 0 && rule.continuous_s <= on_s && published + days * DAY_S <= due).then_some(true)
        }
    }
}

/// Stretches in which some device of `ring` may know of a hold: from the second at which it is ordered to the one by
/// which the last device has heard that it is over.
fn held(setting: Setting<'_>, ring: RingId, rhythm: Rhythm) -> Vec<(i32, i32)> {
    let Setting { plan, known, .. } = setting;
    let heard_within = match (rhythm, plan.device.wake_sync.longest()) {
        (Rhythm::Always, _) => Some(plan.device.sync_every_s),
        // At the latest some time after the next wake-up, if it stays on for that long.
        (Rhythm::Daily { on_s }, Some(longest)) if longest < i64::from(on_s) => {
            Some(plan.device.sync_every_s + DAY_S + longest)
        }
        (Rhythm::Daily { .. }, _) => None,
    };
    let pauses = known.pauses(ring).into_iter().flatten().map(|pause| {
        let heard = heard_within.map_or(SimTime::NEVER, |within| pause.to + (1 + within));
        (pause.from, heard.min(pause.expires))
    });
    let ideal = known.no_offers(ring).iter().map(|span| (span.from, span.to));
    let near = |t: SimTime| t.0.clamp(0, FAR_S) as i32;
    pauses.chain(ideal).map(|(from, to)| (near(from), near(to))).collect()
}
