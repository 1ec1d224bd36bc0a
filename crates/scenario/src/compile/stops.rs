//! People, rules, scripted decisions, and what commands do.

use rollcast_core::{
    draws::{Coin, hash64},
    plan::{
        Condition, Counted as PlanCounted, Crew, CrewId, Denominator, Evaluate, Management, Release, Rule,
        Scripted, ShareOf, Side as PlanSide, SwitchOff, Uninstall,
    },
    time::SimTime,
};

use super::{
    cx::{Cx, at},
    dist::filled,
    names::{Known, acts, marked},
    trouble::hours,
};
use crate::{
    scalar::{Count, Duration, Hours, Share, Week, Zone},
    schema::{self, Counted, Received, SampleOf, Scenario, Side},
};

/// Everybody who decides; `None` after a problem.
pub(super) fn crews(cx: &mut Cx<'_>, scenario: &Scenario, zone: Option<&Zone>) -> Option<Vec<Crew>> {
    let named = scenario.people.iter().flat_map(|people| people.iter());
    let compiled: Vec<Option<Crew>> = named
        .map(|(name, people)| {
            let path = at(&["people", name]);
            let staff = people.staff.map_or(1, Count::get);
            if staff == 0 || staff > 10_000 {
                let help = "write a number from 1 to 10000, or leave the people out";
                cx.error("RC212", &format!("{path}.staff"), "so many people decide nothing", help);
            }
            let notices = filled(cx, &format!("{path}.notices"), people.notices.as_ref());
            let decides = filled(cx, &format!("{path}.decides"), people.decides.as_ref());
            let week = people.hours.clone().unwrap_or_else(Week::always);
            Some(Crew {
                key: hash64(name.as_bytes()) as u32,
                staff: staff as u32,
                hours: hours(cx, &week, people.zone.as_ref(), zone),
                notices: notices?,
                decides: decides?,
                paged_after_s: people.outside.and_then(|outside| outside.0).map(Duration::seconds),
            })
        })
        .collect();
    compiled.into_iter().collect()
}

fn side(side: Option<Side>) -> PlanSide {
    if side == Some(Side::Service) { PlanSide::Service } else { PlanSide::Tenant }
}

/// All rules; `None` after a problem.
pub(super) fn rules(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    known: &Known<'_>,
    zone: Option<&Zone>,
    horizon: SimTime,
) -> Option<Vec<Rule>> {
    let named = scenario.rules.iter().flat_map(|rules| rules.iter());
    let compiled: Vec<Option<Rule>> =
        named.map(|(name, typed)| rule(cx, scenario, known, zone, horizon, name, typed)).collect();
    compiled.into_iter().collect()
}

fn rule(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    known: &Known<'_>,
    zone: Option<&Zone>,
    horizon: SimTime,
    name: &str,
    typed: &schema::Rule,
) -> Option<Rule> {
    let path = at(&["rules", name]);
    let sub = |key: &str| format!("{path}.{key}");
    let people: Vec<String> = scenario.people.iter().flat_map(|p| p.names().map(str::to_owned)).collect();
    let crew = match &typed.who {
        None => Some(None),
        Some(who) => match people.iter().position(|known| known == who) {
            Some(found) => Some(Some(CrewId(found as u16))),
            None => {
                let what = ("people", "entry of `people`");
                cx.unknown_unless_unread("RC225", &sub("who"), what, who, &people);
                None
            }
        },
    };
    if typed.who.is_some() && typed.side.is_some() {
        let message = "people decide in the name that their `acts-as` says";
        cx.error("RC230", &sub("as"), message, "remove `as`, or `who` to let the rule act by itself");
    }
    let of_people = typed.who.as_ref().and_then(|who| scenario.people.as_ref()?.get(who)?.acts_as);
    let rings = match &typed.rings {
        None => Some(vec![true; known.rings.len()]),
        Some(names) => marked(cx, &sub("in"), names, ("RC204", "rings", "ring"), known.rings),
    };
    let releases = match &typed.releases {
        None => Some(vec![true; known.releases.len()]),
        Some(names) => marked(cx, &sub("releases"), names, ("RC217", "releases", "release"), known.releases),
    };
    let when = match &typed.when {
        Some(when) => condition(cx, &sub("when"), when, typed.releases.is_some()),
        None => {
            let message = format!("rule `{name}` does not say when it fires");
            let help = "write `when: { count: failed, at-least: 8 }`";
            cx.missing("RC218", &path, &["when"], message, help);
            None
        }
    };
    let acts = acts(cx, &path, &format!("rule `{name}`"), typed.acts.as_ref(), known);
    Some(Rule {
        key: hash64(name.as_bytes()) as u32,
        crew: crew?,
        side: side(if typed.who.is_some() { of_people } else { typed.side }),
        releases: releases?,
        rings: rings?,
        each_ring: typed.each_ring == Some(true),
        when: when?,
        evaluate: match typed.evaluate.and_then(|judged| judged.0) {
            None => Evaluate::Tick,
            Some(time) => {
                let every = daily(cx, time.seconds(), zone);
                Evaluate::At(every.into_iter().filter(|at| at.0 > 0 && *at < horizon).collect())
            }
        },
        acts: acts?,
    })
}

fn condition(cx: &mut Cx<'_>, path: &str, when: &schema::When, of_releases: bool) -> Option<Condition> {
    let Some(count) = when.count else {
        let help = "write `count: failed`, `count: install-failed` or `count: tickets`";
        cx.missing("RC218", path, &["count"], "the rule does not say what it counts", help);
        return None;
    };
    let stray = [("of", when.of.is_some()), ("min-sample", when.min_sample.is_some())];
    let stray = stray.into_iter().find(|(_, stands)| *stands && when.above.is_none());
    if let Some((key, _)) = stray
        && !cx.stands(path, &["above"])
    {
        let message = format!("`{key}` is about a share, and the rule asks for none");
        cx.error("RC230", &format!("{path}.{key}"), message, "add `above: 2%`, or remove it");
    }
    if count == Counted::Tickets {
        if of_releases {
            let message = "calls to the help desk are about no release in particular";
            cx.error("RC230", path, message, "remove `releases`, or count `failed`");
        }
        if when.above.is_some() && when.of != Some(SampleOf::Registered) {
            let message = "calls are about no release, so their share is of registered devices";
            cx.error("RC230", &format!("{path}.of"), message, "write `of: registered`");
        }
    }
    let within_s = when.within.map(|_| cx.positive(&format!("{path}.within"), when.within, 1));
    Some(Condition {
        count: match count {
            Counted::Failed => PlanCounted::Failed,
            Counted::InstallFailed => PlanCounted::InstallFailed,
            Counted::Tickets => PlanCounted::Tickets,
        },
        within_s,
        at_least: when.at_least.map_or(1, Count::get).max(1),
        share: when.above.map(|above| ShareOf {
            of: match when.of {
                Some(SampleOf::Registered) => Denominator::Registered,
                Some(SampleOf::Offered) => Denominator::Offered,
                Some(SampleOf::Installed) => Denominator::Installed,
                Some(SampleOf::Reported) | None => Denominator::Reported,
            },
            above: above.get(),
            min_sample: when.min_sample.map_or(1, Count::get),
        }),
    })
}

/// The instants of a time of day in the scenario's zone over the time of play, in order.
pub(super) fn daily(cx: &Cx<'_>, start_s: i64, zone: Option<&Zone>) -> Vec<SimTime> {
    let zone = zone.cloned().unwrap_or_else(Zone::utc);
    let (from, to) = cx.span;
    let instants = cx.epoch.daily(&Hours { start_s, length_s: 1 }, zone.rules(), from, to);
    instants.spans().iter().map(|span| span.from).collect()
}

/// Scripted decisions by time, each with its name; `None` after a problem.
pub(super) fn scripted(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    known: &Known<'_>,
    zone: Option<&Zone>,
    horizon: SimTime,
) -> Option<Vec<(Scripted, String)>> {
    let mut all = true;
    let mut found = Vec::new();
    for (name, typed) in scenario.decisions.iter().flat_map(|decisions| decisions.iter()) {
        let path = at(&["decisions", name]);
        let when = match &typed.at {
            Some(moment) => {
                let zone = typed.zone.as_ref().or(zone).cloned().unwrap_or_else(Zone::utc);
                let when = cx.epoch.moment(moment, zone.rules());
                if when < SimTime(0) || when >= horizon {
                    let message = if when < SimTime(0) {
                        format!("decision `{name}` comes before the first release is published")
                    } else {
                        format!("decision `{name}` comes when the play is over")
                    };
                    let help = "check its date and zone; play ends with the watch of the last release";
                    cx.error("RC231", &format!("{path}.at"), message, help);
                }
                Some(when)
            }
            None => {
                let message = format!("decision `{name}` does not say when it is taken");
                cx.missing("RC218", &path, &["at"], message, "write `at: 2026-11-13 09:00`");
                None
            }
        };
        let acts = acts(cx, &path, &format!("decision `{name}`"), typed.acts.as_ref(), known);
        let (Some(when), Some(acts)) = (when, acts) else {
            all = false;
            continue;
        };
        let texts = typed.acts.iter().flat_map(|acts| &acts.all);
        let several = acts.len() > 1;
        for (act, text) in acts.into_iter().zip(texts) {
            let label = if several { format!("{name} ({text})") } else { name.to_owned() };
            found.push((Scripted { at: when, side: side(typed.side), act }, label));
        }
    }
    // Decisions of one second land in the order of the file.
    found.sort_by_key(|(scripted, _)| scripted.at);
    all.then_some(found)
}

pub(super) fn management(cx: &mut Cx<'_>, scenario: &Scenario) -> Option<Management> {
    let empty = schema::Commands::default();
    let typed = scenario.management.as_ref().unwrap_or(&empty);
    let coin = |share: Option<Share>| share.map_or(Coin::NEVER, |share| Coin::new(share.get()));
    let uninstall = typed.uninstall.as_ref();
    let at = |key: &str| format!("management.{key}");
    let push = match uninstall.and_then(|u| u.received) {
        Some(Received::AtSync) => {
            if cx.written(&["management", "uninstall", "push"]) {
                let message = "an uninstall is pushed or waits for the policy sync";
                cx.error("RC220", &at("uninstall.push"), message, "remove `push`, or write `received: push`");
            }
            Some(None)
        }
        Some(Received::Push) | None => {
            filled(cx, &at("uninstall.push"), uninstall.and_then(|u| u.push.as_ref())).map(Some)
        }
    };
    let takes = filled(cx, &at("uninstall.takes"), uninstall.and_then(|u| u.takes.as_ref()));
    let switch_off = typed.switch_off.as_ref();
    let restart_after =
        filled(cx, &at("switch-off.restart-after"), switch_off.and_then(|s| s.restart_after.as_ref()));
    let pause_expires = typed.pause_expires.and_then(|expiry| expiry.0);
    let pause_expires_s = pause_expires.map(|after| cx.positive(&at("pause-expires"), Some(after), 1));
    let most = scenario.max_decisions.map_or(1_000, Count::get);
    if most == 0 || most > 100_000 {
        let help = "write a number from 1 to 100000";
        cx.error("RC212", "max-decisions", "so many decisions end no run sensibly", help);
    }
    Some(Management {
        pause_expires_s,
        tenant_lifts_service: typed.tenant_lifts_service == Some(true),
        uninstall: Uninstall { push: push?, takes: takes?, fails: coin(uninstall.and_then(|u| u.fails)) },
        switch_off: SwitchOff {
            restart_after: restart_after?,
            fails: coin(switch_off.and_then(|s| s.fails)),
        },
        max_decisions: most as usize,
    })
}

/// Names of all releases.
pub(super) fn names(releases: &[(Release, (String, String))]) -> Vec<String> {
    releases.iter().map(|r| r.1.0.clone()).collect()
}
