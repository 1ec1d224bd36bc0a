//! How devices live: calendars per habit and site.

use rollcast_core::{
    draws::{Coin, hash64},
    family::Family,
    plan::{Away, Habit, HabitAtSite, Online as PlanOnline},
    quantile::Quantile,
    windows::Windows,
};

use super::{
    attributes::Attributes,
    cx::{Cx, at},
    dist::{filled, quantile},
    fleet::Site,
};
use crate::{
    scalar::{Hours, Online, Share, Where},
    schema::{self, Scenario},
};

/// All habits, the one for the rest last; `None` after a problem.
pub(super) fn habits(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    attributes: &Attributes,
    sites: &[Site],
) -> Option<Vec<Habit>> {
    let fleet = scenario.fleet.as_ref()?;
    let named = fleet.habits.as_ref()?;
    let (mut some, mut rest, mut unread) = (Vec::new(), Vec::new(), false);
    for (name, habit) in named.iter() {
        let path = at(&["fleet", "habits", name]);
        let compiled = compile(cx, fleet, &path, name, habit, attributes, sites);
        match &habit.members {
            Some(Where::Any(_)) => some.push(compiled),
            // One that could not be read has been reported, and nobody knows whom it means.
            None if cx.stands(&path, &["where"]) => unread = true,
            None | Some(Where::Rest) => rest.push((name, compiled)),
        }
    }
    if let [_, second, ..] = &rest[..] {
        let path = at(&["fleet", "habits", second.0]);
        let message = format!("`{}` and `{}` both live as the rest", rest[0].0, second.0);
        cx.error("RC202", &path, message, "say `where` for one of them");
    }
    if rest.is_empty() && !unread {
        let help = "give one habit `where: rest`, or no `where`";
        cx.error("RC219", "fleet.habits", "no habit says how the rest of the devices live", help);
    }
    some.extend(rest.into_iter().map(|(_, habit)| habit));
    if unread { None } else { some.into_iter().collect() }
}

fn compile(
    cx: &mut Cx<'_>,
    fleet: &schema::Fleet,
    path: &str,
    name: &str,
    habit: &schema::Habit,
    attributes: &Attributes,
    sites: &[Site],
) -> Option<Habit> {
    let sub = |key: &str| format!("{path}.{key}");
    let members = match &habit.members {
        Some(condition) => attributes.filter(cx, &sub("where"), condition),
        None => Some(rollcast_core::plan::Filter::default()),
    };
    let Some(online) = &habit.online else {
        let help = "write `online: always`, `online: workdays 08:00 to 17:00` or another form";
        cx.missing(
            "RC218",
            path,
            &["online"],
            format!("habit `{name}` does not say when its devices are on"),
            help,
        );
        return None;
    };
    let plan_online = match online {
        Online::Always => PlanOnline::Always,
        Online::Hours(_) => PlanOnline::Hours,
        Online::Daily(daily) => PlanOnline::Daily { on_s: daily.seconds() },
        Online::Sporadic(sporadic) => PlanOnline::Sporadic {
            day: Coin::new(sporadic.days.get()),
            session: quantile(cx, &sub("online.sporadic.session"), &sporadic.session)?,
        },
    };
    let shift = match &habit.varies {
        Some(dist) => match dist.shape {
            // One length means that much earlier or later.
            crate::scalar::Shape::Fixed(s) => Quantile::uniform(-s, s),
            _ => quantile(cx, &sub("varies"), dist)?,
        },
        None => Quantile::fixed(0),
    };
    let away = match &habit.away {
        Some(away) => away_of(cx, path, away),
        None => Some(None),
    };
    let coin = |share: Option<Share>| share.map_or(Coin::NEVER, |s| Coin::new(s.get()));
    let bandwidth = filled(cx, &sub("bandwidth"), habit.bandwidth.as_ref());
    let scheduled = habit.install.as_ref().and_then(|i| i.scheduled.as_ref());
    let always = matches!(online, Online::Always);
    let (from, to) = cx.span;
    let epoch = cx.epoch;
    let mut at_site = Vec::with_capacity(sites.len());
    for site in sites {
        let zone = site.zone.rules();
        let typed = fleet.sites.as_ref().and_then(|s| s.get(&site.name)).and_then(|s| s.bandwidth.as_ref());
        let bandwidth = match typed {
            Some(dist) => Some(quantile(cx, &at(&["fleet", "sites", &site.name, "bandwidth"]), dist)?),
            None => None,
        };
        let active = |hours: &Hours| epoch.daily(hours, zone, from, to);
        at_site.push(HabitAtSite {
            online: match online {
                Online::Hours(week) => epoch.week(week, zone, from, to),
                _ => Windows::default(),
            },
            active: habit.active_hours.as_ref().map_or_else(Windows::default, active),
            install_windows: scheduled.map_or_else(Windows::default, |week| epoch.week(week, zone, from, to)),
            closed: if always {
                Windows::default()
            } else {
                Windows::new(site.closed.iter().map(|days| epoch.days(days, zone)).collect())
            },
            bandwidth,
        });
    }
    Some(Habit {
        key: hash64(name.as_bytes()) as u32,
        members: members?,
        online: plan_online,
        shift,
        away: away?,
        no_heartbeat: coin(habit.no_heartbeat),
        never_back: habit
            .never_back
            .and_then(|rate| rate.mean_s())
            .map(|mean| cx.family(Family::Exponential { mean }).clamped(0.0, 1e15)),
        policy_conflict: coin(habit.policy_conflict),
        little_disk: coin(habit.little_disk),
        bandwidth: bandwidth?,
        at_site,
        scheduled: scheduled.is_some(),
    })
}

/// Absences; `Some(None)`: never away.
fn away_of(cx: &mut Cx<'_>, path: &str, away: &schema::Away) -> Option<Option<Away>> {
    let at = format!("{path}.away");
    let share = away.share.map_or(0.0, Share::get);
    if share == 0.0 {
        return Some(None);
    }
    if share > 0.95 {
        let help = "up to `95%`; devices that never come are `no-heartbeat`";
        cx.error("RC212", &format!("{at}.share"), "so many devices cannot be away at any time", help);
        return None;
    }
    let lasts = filled(cx, &format!("{at}.lasts"), away.lasts.as_ref())?;
    // Most are above without a look at the mean, which is a sum over many quantiles.
    if lasts.at(0, || 0) < 3_600 && lasts.mean() < 3_600.0 {
        let help = "absences last hours to weeks; shorter ones belong to `online`";
        cx.error(
            "RC212",
            &format!("{at}.lasts"),
            "absences shorter than an hour cannot be told from a break",
            help,
        );
        return None;
    }
    // The engine keeps up to fifteen beginnings in 28 days; that many absences would mean hours.
    Some(Some(Away::new(share, lasts)))
}
