//! Which devices can live straight, and what those of one ring, habit and site have in common.

use crate::{
    control::Pause,
    draws::Coin,
    life::Setting,
    plan::{Habit, HabitAtSite, Online, Plan, ReleaseId, RingId, Scan},
    quantile::Quantile,
    tally::Reads,
    time::{DAY_S, SimTime},
    windows::Span,
};

use super::{
    hours::Hours,
    on::{MOST_AWAYS, SESSION_DAYS},
    ticks::Ticks,
};

/// Columns hold times below this; what lasts longer is not straight.
pub(super) const FAR_S: i64 = 1 << 28;

/// Days are counted from here: a whole number of them.
pub(super) const LONG_AGO_S: i64 = -16 * DAY_S;

/// What recurs (scans, syncs, uploads) does so within this time.
const OFTEN_S: i64 = 7 * DAY_S;

/// So many stretches of holds are followed.
pub(super) const MOST_HOLDS: usize = 16;

/// When devices of a kind are on, absences aside.
#[derive(Debug)]
pub(super) enum Rhythm<'a> {
    /// Day and night.
    Always,
    /// So many seconds a day, from a time of day of the device's own.
    Daily { on_s: i32 },
    /// At stated hours, shifted by so much as each device has it.
    Hours(Hours),
    /// For a session on some days, of at most a day; days are counted from a midnight `since` seconds before second 0.
    Sporadic { day: Coin, session: &'a Quantile, since: i32, days: usize },
}

/// One release on its way through one ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub release: ReleaseId,
    /// The 24 bits that address its draws, shifted to make room for the attempt.
    pub address: u32,
    pub published: i32,
    /// When the ring starts; not used where the release follows another one.
    pub start: i32,
    /// The release that it follows.
    pub follows: Option<usize>,
    /// When its objective passes in the ring; later for a device that was not there while the ring was due.
    pub due: i32,
    /// Whether devices count for the objective and have the required hours online by then, where that does not depend
    /// on the device, nor when its objective passes.
    pub judged: Option<Judged>,
    /// A straight life is patched before its watch ends.
    pub watched_until: i32,
    /// The tick of the plan's clock from which what is seen is counted.
    pub clock_from: i32,
}

impl Way {
    /// The tick of its own part of the plan's clock.
    #[inline(always)]
    pub(super) fn clock(&self, ticks: Ticks, t: i32) -> u32 {
        ticks.of(t).wrapping_sub(self.clock_from as u32)
    }
}

/// Whether a device counts for the objective, and has the required hours online before it passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub eligible: bool,
    pub connected: bool,
}

/// A stretch in which no new offer is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold<'a> {
    /// A pause, and those that were ordered after it.
    Pause(&'a Pause, &'a [Pause]),
    /// At once for everybody.
    Ideal(Span),
}

/// What devices of one ring, habit and site have in common.
#[derive(Debug)]
pub(super) struct Kind<'a> {
    pub ring: RingId,
    pub habit: &'a Habit,
    pub at_site: &'a HabitAtSite,
    pub rhythm: Rhythm<'a>,
    /// The first word for which a device does not leave for good before the horizon, where some do.
    pub stays: Option<u64>,
    /// Days on which the site is closed, as far as they matter.
    pub closed: Vec<Span>,
    /// Active hours.
    pub active: Hours,
    /// When installs and restarts are allowed, where that is scheduled.
    pub windows: Option<Hours>,
    /// The whole ring may be offered a release at once.
    pub at_once: bool,
    pub ways: Vec<Way>,
    /// By the time at which they begin.
    pub holds: Vec<Hold<'a>>,
    pub ticks: Ticks,
    pub horizon: i32,
    /// Reports are made and somebody reads them.
    pub reports: bool,
    /// Somebody reads reports of failed attempts.
    pub reads_failures: bool,
    /// Failed attempts are made again while the device is on, not in install windows.
    pub retries: bool,
}

impl<'a> Kind<'a> {
    /// The kind of this ring, habit and site; `None` if lives there are not straight.
    pub(super) fn of(setting: Setting<'a>, ring: RingId, habit: usize, site: usize) -> Option<Self> {
        let Setting { plan, known, .. } = setting;
        let habit = &plan.habits[habit];
        let at_site = habit.at_site.get(site)?;
        let device = &plan.device;
        let reports = setting.sees && Reads::of(plan) != Reads::default();
        let often = device.sync_every_s <= OFTEN_S
            && device.telemetry.every_s.is_none_or(|every| every <= OFTEN_S)
            && !matches!(device.scan, Scan::Every { longest_s, .. } if longest_s * 3 > OFTEN_S);
        let plain =
            !device.connectivity.gates && (device.restart.idle.is_none() || device.needs_online.restart);
        let left_alone = known.restart_holds(ring).spans().is_empty()
            && (0..plan.releases.len()).all(|r| known.withdrawn(ReleaseId(r as u16)) == SimTime::NEVER)
            && plan.releases.iter().all(|release| release.push.is_none());
        let short = plan.horizon.0 < FAR_S && plan.releases.first()?.published.0 >= 0 && plan.tick_s < FAR_S;
        if !(often && plain && left_alone && short) {
            return None;
        }
        let rhythm = match habit.online {
            Online::Always => Rhythm::Always,
            Online::Daily { on_s } => Rhythm::Daily { on_s: on_s as i32 },
            Online::Hours => Rhythm::Hours(Hours::new(&at_site.online, plan.horizon)?),
            Online::Sporadic { day, ref session } => sporadic(plan, day, session)?,
        };
        let matters = |span: &&Span| span.to.0 > LONG_AGO_S && span.from < plan.horizon;
        let closed: Vec<_> = at_site.closed.spans().iter().filter(matters).copied().collect();
        let windows = match habit.scheduled {
            true => Some(Hours::new(&at_site.install_windows, plan.horizon)?),
            false => None,
        };
        let never_away = closed.is_empty() && habit.away.is_none();
        let judged = |r: usize| {
            if never_away { judged(setting, ring, &rhythm, habit, r) } else { None }
        };
        let ways = (0..plan.releases.len())
            .map(|r| Some(Way { judged: judged(r), ..way(setting, ring, r)? }))
            .collect::<Option<_>>()?;
        let holds = holds(setting, ring, &rhythm)?;
        if holds.len() > MOST_HOLDS || closed.len() > MOST_AWAYS {
            return None;
        }
        Some(Self {
            ring,
            habit,
            at_site,
            rhythm,
            stays: habit.never_back.as_ref().map(|leaves| leaves.first_word(plan.horizon.0)),
            closed,
            active: Hours::new(&at_site.active, plan.horizon)?,
            windows,
            at_once: plan.rings[ring.0 as usize].ramp.is_at_once(),
            ways,
            holds,
            ticks: Ticks::new(plan.tick_s),
            horizon: setting.until.0 as i32,
            reports,
            reads_failures: reports && Reads::of(plan).failed_attempts(),
            retries: !habit.scheduled,
        })
    }

    /// The earliest time that may be asked for.
    pub(super) fn earliest(&self) -> i32 {
        match self.rhythm {
            Rhythm::Sporadic { since, .. } => DAY_S as i32 - since,
            _ => (LONG_AGO_S + 2 * DAY_S) as i32,
        }
    }

    /// It is on day and night, unless it is away.
    pub(super) fn day_and_night(&self) -> bool {
        matches!(self.rhythm, Rhythm::Always)
    }
}

/// The rhythm of devices with sessions, if none lasts longer than a day and their days are not too many.
fn sporadic<'a>(plan: &Plan, day: Coin, session: &'a Quantile) -> Option<Rhythm<'a>> {
    let device = &plan.device;
    let look_back = match device.scan {
        Scan::Every { longest_s, .. } => 3 * longest_s,
        Scan::Wait(_) => 0,
    };
    // Whoever asks for something that recurs begins so long before.
    let before = look_back.max(device.sync_every_s).max(device.telemetry.every_s.unwrap_or(0)) + 2 * DAY_S;
    let day_of = |t: i64| (t + plan.epoch_unix_s).div_euclid(DAY_S);
    let first = day_of(-before);
    let days = (day_of(plan.horizon.0) - first + 1) as usize;
    let short = session.first_word(DAY_S + 1) > u64::from(u32::MAX) && days + 2 <= SESSION_DAYS;
    let since = (plan.epoch_unix_s - first * DAY_S) as i32;
    short.then_some(Rhythm::Sporadic { day, session, since, days })
}

fn way(setting: Setting<'_>, ring: RingId, index: usize) -> Option<Way> {
    let Setting { plan, known, until, .. } = setting;
    let id = ReleaseId(index as u16);
    let release = &plan.releases[index];
    let follows = release.follows.map(|followed| followed.0 as usize);
    let start = if follows.is_some() { SimTime(0) } else { known.offer(ring, id)? };
    if start >= until || follows.is_some_and(|followed| followed >= index) {
        return None;
    }
    let watched_until = release.watched_until.min(until);
    Some(Way {
        release: id,
        address: release.key << 8,
        published: release.published.0 as i32,
        start: start.0 as i32,
        follows,
        due: clamped(plan.objective_at(ring, id).min(watched_until)),
        judged: None,
        watched_until: clamped(watched_until),
        clock_from: plan.clock_from(id) as i32,
    })
}

/// The same for all devices of a kind that is never away; `None`: that depends on the device.
fn judged(
    setting: Setting<'_>,
    ring: RingId,
    rhythm: &Rhythm<'_>,
    habit: &Habit,
    index: usize,
) -> Option<Judged> {
    let plan = setting.plan;
    let (release, of_ring) = (&plan.releases[index], &plan.rings[ring.0 as usize]);
    let published = release.published;
    let due = plan.objective_at(ring, ReleaseId(index as u16)).min(release.watched_until.min(setting.until));
    let rule = plan.device.connectivity;
    let connected = match rhythm {
        Rhythm::Always => published < due && published + rule.total_s.max(rule.continuous_s) <= due,
        Rhythm::Daily { on_s } => {
            let on_s = i64::from(*on_s);
            // The first day may have begun; whole days follow.
            let days = 1 + (rule.total_s.max(1) + on_s.max(1) - 1) / on_s.max(1);
            let enough = on_s > 0 && rule.continuous_s <= on_s && published + days * DAY_S <= due;
            // A device that was not on while its ring was due has an objective of its own.
            let there = of_ring.returned_objective_s.is_none() || of_ring.deadline_s.unwrap_or(0) >= DAY_S;
            if !(enough && there && plan.objective.heard_within_s >= DAY_S) {
                return None;
            }
            true
        }
        Rhythm::Hours(_) | Rhythm::Sporadic { .. } => return None,
    };
    Some(Judged { eligible: of_ring.in_objective && !habit.scheduled && connected, connected })
}

/// What holds the ring back; `None` if some pause was ordered so early that columns do not hold who heard of it when.
fn holds<'a>(setting: Setting<'a>, ring: RingId, rhythm: &Rhythm<'_>) -> Option<Vec<Hold<'a>>> {
    let Setting { plan, known, .. } = setting;
    let of_list = |pauses: &'a [Pause]| {
        pauses.iter().enumerate().map(|(i, pause)| (pause.from, Hold::Pause(pause, &pauses[i + 1..])))
    };
    let [freezes, pauses] = known.pauses(ring);
    let ideal = known.no_offers(ring).iter().map(|&span| (span.from, Hold::Ideal(span)));
    let mut holds: Vec<_> = of_list(freezes).chain(of_list(pauses)).chain(ideal).collect();
    holds.retain(|(from, _)| *from < plan.horizon);
    holds.sort_by_key(|(from, _)| *from);
    // A device asks for the sync before that, which may be so much earlier.
    let earliest = match rhythm {
        Rhythm::Sporadic { .. } => -DAY_S,
        _ => LONG_AGO_S + OFTEN_S + 2 * DAY_S,
    };
    let early = |(from, hold): &(SimTime, Hold<'_>)| matches!(hold, Hold::Pause(..)) && from.0 < earliest;
    (!holds.iter().any(early)).then(|| holds.into_iter().map(|(_, hold)| hold).collect())
}

/// A time as columns hold it.
pub(super) fn clamped(t: SimTime) -> i32 {
    t.0.clamp(LONG_AGO_S, FAR_S) as i32
}
