//! Defects and background trouble.

use rollcast_core::{
    draws::Coin,
    plan::{
        AWAY_BLOCK_S, AttributeId, Background, Defect, Filter, Leaves as PlanLeaves, Poisson,
        Prevalence as PlanPrevalence, Release, Repair, Severity as PlanSeverity, Shows as PlanShows, Ticket,
    },
    windows::Windows,
};

use super::{
    attributes::Attributes,
    cx::{Cx, at},
    dist::{filled, quantile},
    fleet::{address, check_addresses},
    names::marked,
};
use crate::{
    scalar::{Prevalence, Rate, Share, Shows, Week, Zone, glob},
    schema::{self, Leaves, Scenario, Severity},
};

/// Most background events of one kind that a device has in 28 days on average: the engine plays 15 at most.
const MOST_A_BLOCK: f64 = 5.0;

/// What a defect may be about.
pub(super) struct World<'a> {
    pub(super) attributes: &'a Attributes,
    pub(super) releases: &'a [(Release, (String, String))],
    pub(super) zone: Option<&'a Zone>,
}

/// Weekly hours over the time of play, in a zone of their own or the scenario's.
pub(super) fn hours(cx: &Cx<'_>, week: &Week, zone: Option<&Zone>, scenario: Option<&Zone>) -> Windows {
    let zone = zone.or(scenario).cloned().unwrap_or_else(Zone::utc);
    let (from, to) = cx.span;
    cx.epoch.week(week, zone.rules(), from, to)
}

/// All defects in the order of the scenario; `None` after a problem.
pub(super) fn defects(cx: &mut Cx<'_>, scenario: &Scenario, world: &World<'_>) -> Option<Vec<Defect>> {
    let Some(named) = &scenario.defects else { return Some(Vec::new()) };
    check_addresses(cx, "defects", named.names());
    let compiled: Vec<Option<Defect>> =
        named.iter().map(|(name, defect)| compile(cx, scenario, world, name, defect)).collect();
    compiled.into_iter().collect()
}

fn compile(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    world: &World<'_>,
    name: &str,
    defect: &schema::Defect,
) -> Option<Defect> {
    let path = at(&["defects", name]);
    let sub = |key: &str| format!("{path}.{key}");
    let releases = match &defect.releases {
        Some(names) => {
            let known: Vec<String> = world.releases.iter().map(|r| r.1.0.clone()).collect();
            marked(cx, &sub("in"), names, ("RC217", "releases", "release"), &known)
        }
        None => {
            let message = format!("defect `{name}` does not say which release has it");
            cx.missing("RC218", &path, &["in"], message, "write `in:` and the name of a release");
            None
        }
    };
    let members = match &defect.members {
        Some(condition) => world.attributes.filter(cx, &sub("where"), condition),
        None => Some(Filter::default()),
    };
    let prevalence = match &defect.share {
        Some(share) => prevalence(cx, world.attributes, &sub("share"), share),
        None => {
            let message = format!("defect `{name}` does not say what share of devices has it");
            cx.missing("RC218", &path, &["share"], message, "write `share: 2%` or another form");
            None
        }
    };
    let shows = match &defect.shows {
        None => Some(PlanShows::AfterRestart(rollcast_core::quantile::Quantile::fixed(0))),
        Some(Shows::InInstall) => Some(PlanShows::InInstall),
        Some(Shows::AfterRestart(wait)) => quantile(cx, &sub("shows"), wait).map(PlanShows::AfterRestart),
        Some(Shows::On(moment)) => {
            let zone = world.zone.cloned().unwrap_or_else(Zone::utc);
            Some(PlanShows::On(cx.epoch.moment(moment, zone.rules())))
        }
        Some(Shows::OnMonthEnd) => {
            let zone = world.zone.cloned().unwrap_or_else(Zone::utc);
            // Of a defect in several releases the first one counts.
            let first = releases.as_ref().and_then(|which| which.iter().position(|has| *has));
            let first = first.and_then(|which| world.releases.get(which));
            first.map(|release| PlanShows::On(cx.epoch.month_end(release.0.published, zone.rules())))
        }
    };
    let severity = defect.severity.unwrap_or(Severity::Degraded);
    if severity == Severity::Down && matches!(shows, Some(PlanShows::InInstall)) {
        let message = "an install that fails leaves the device as it was, so it does not go down";
        let help = "write `shows: at restart`, or another severity";
        cx.error("RC224", &sub("shows"), message, help);
    }
    if severity != Severity::Down && defect.repair.is_some() {
        let message = "only a device that is down is repaired by hand";
        cx.error("RC224", &sub("repair"), message, "write `severity: down`, or remove `repair`");
    }
    let ticket = ticket(cx, world, &sub("ticket"), defect.ticket.as_ref());
    let repair = repair(cx, scenario, world, &sub("repair"), defect.repair.as_ref());
    Some(Defect {
        key: address(name),
        releases: releases?,
        members: members?,
        prevalence: prevalence?,
        shows: shows?,
        severity: match severity {
            Severity::Annoying => PlanSeverity::Annoying,
            Severity::Degraded => PlanSeverity::Degraded,
            Severity::Down => PlanSeverity::Down,
        },
        telemetry: Coin::new(defect.telemetry.map_or(1.0, Share::get)),
        ticket: ticket?,
        repair: repair?,
    })
}

fn prevalence(
    cx: &mut Cx<'_>,
    attributes: &Attributes,
    path: &str,
    share: &Prevalence,
) -> Option<PlanPrevalence> {
    let (of, key) = match share {
        Prevalence::Share(share) => return Some(PlanPrevalence::Share(Coin::new(share.get()))),
        // A draw has taken its place; where none has, it is the one in the middle.
        Prevalence::Unsure(unsure) => {
            let share: Share = unsure.middle().parse().ok()?;
            return Some(PlanPrevalence::Share(Coin::new(share.get())));
        }
        Prevalence::ByValue(by) => (&by.attribute.0, "by-value"),
        Prevalence::Clustered(by) => (&by.attribute.0, "clustered"),
    };
    let Some(attribute) = attributes.position(of) else {
        cx.unknown("RC205", &format!("{path}.{key}.attribute"), "attribute", of, attributes.known());
        return None;
    };
    match share {
        Prevalence::Share(_) | Prevalence::Unsure(_) => None,
        Prevalence::ByValue(by) => {
            let values = attributes.values(attribute);
            let mut known = true;
            for (pattern, _) in by.values.iter() {
                if !values.iter().any(|value| glob(pattern, value)) {
                    let known_values: Vec<String> =
                        values.iter().filter(|v| !v.is_empty()).cloned().collect();
                    let place = format!("{path}.by-value.values.{}", at(&[pattern]));
                    cx.unknown("RC205", &place, &format!("value of `{of}`"), pattern, &known_values);
                    known = false;
                }
            }
            let share_of = |value: &String| {
                let first =
                    by.values.iter().find(|(pattern, _)| glob(pattern, value)).map(|(_, share)| *share);
                Coin::new(first.or(by.otherwise).map_or(0.0, Share::get))
            };
            let coins = values.iter().map(share_of).collect();
            known.then_some(PlanPrevalence::ByValue(AttributeId(attribute as u16), coins))
        }
        Prevalence::Clustered(by) => {
            let (mean, correlation) = (by.mean.get(), by.correlation.get());
            if correlation >= 1.0 {
                let help = "near 0 every value is alike, near 1 values are all bad or all fine";
                let place = format!("{path}.clustered.correlation");
                cx.error("RC212", &place, "a correlation lies above 0 and below 1", help);
                return None;
            }
            // Nobody or everybody: no value differs from another.
            if mean <= 0.0 || mean >= 1.0 {
                return Some(PlanPrevalence::Share(Coin::new(mean)));
            }
            Some(PlanPrevalence::Clustered { by: AttributeId(attribute as u16), mean, correlation })
        }
    }
}

/// Calls; `Some(None)`: nobody calls.
fn ticket(
    cx: &mut Cx<'_>,
    world: &World<'_>,
    path: &str,
    ticket: Option<&schema::Ticket>,
) -> Option<Option<Ticket>> {
    let Some(ticket) = ticket else { return Some(None) };
    let after = filled(cx, &format!("{path}.after"), ticket.after.as_ref())?;
    Some(Some(Ticket {
        share: Coin::new(ticket.share.map_or(0.0, Share::get)),
        after,
        hours: ticket.only_in.as_ref().map(|week| hours(cx, week, ticket.zone.as_ref(), world.zone)),
    }))
}

/// Repair; `Some(None)`: nobody repairs.
fn repair(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    world: &World<'_>,
    path: &str,
    repair: Option<&schema::Repair>,
) -> Option<Option<Repair>> {
    let Some(repair) = repair else { return Some(None) };
    let asked_after = filled(cx, &format!("{path}.asked-after"), repair.asked_after.as_ref());
    let takes = filled(cx, &format!("{path}.takes"), repair.takes.as_ref());
    let of_desk = match (&repair.hours, &repair.by) {
        (Some(_), Some(_)) => {
            let message = "repairs begin in `hours` of their own or in those of the people who do them";
            cx.error("RC220", path, message, "keep `hours` or `by`");
            None
        }
        (Some(week), None) => Some(Some(hours(cx, week, repair.zone.as_ref(), world.zone))),
        (None, Some(name)) => match scenario.people.as_ref().and_then(|people| people.get(name)) {
            Some(people) => {
                let week = people.hours.clone().unwrap_or_else(Week::always);
                Some(Some(hours(cx, &week, people.zone.as_ref(), world.zone)))
            }
            None => {
                let known: Vec<String> =
                    scenario.people.iter().flat_map(|p| p.names().map(str::to_owned)).collect();
                let place = format!("{path}.by");
                cx.unknown_unless_unread("RC225", &place, ("people", "entry of `people`"), name, &known);
                None
            }
        },
        (None, None) => Some(None),
    };
    Some(Some(Repair {
        asked_after: asked_after?,
        takes: takes?,
        hours: of_desk?,
        at_most_a_day: repair.at_most.and_then(|most| most.0),
        leaves: match repair.leaves {
            Some(Leaves::WorkedAround) => PlanLeaves::WorkedAround,
            Some(Leaves::Removed) | None => PlanLeaves::Removed,
        },
    }))
}

pub(super) fn background(cx: &mut Cx<'_>, scenario: &Scenario, zone: Option<&Zone>) -> Background {
    let Some(background) = &scenario.background else { return Background::default() };
    let failures = stream(cx, "background.failures", background.failures);
    let tickets = stream(cx, "background.tickets", background.tickets);
    let week = background.tickets_in.as_ref();
    let ticket_hours = week.map(|week| hours(cx, week, background.zone.as_ref(), zone));
    Background { failures, tickets, ticket_hours }
}

fn stream(cx: &mut Cx<'_>, path: &str, rate: Option<Rate>) -> Option<Poisson> {
    let per_block = AWAY_BLOCK_S as f64 / rate?.mean_s()?;
    if per_block > MOST_A_BLOCK {
        let message = format!("`{path}` is {per_block:.0} times on each device in four weeks");
        cx.error("RC212", path, message, "write a rate of five times in four weeks or less");
        return None;
    }
    Some(Poisson::per_block(per_block))
}
