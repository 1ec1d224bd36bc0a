//! What is odd about defects, people and rules, and played all the same.

use rollcast_core::plan::{
    Act, Amount, Counted, Evaluate, Filter, Fleet, ListedFacts, Plan, RingSize, Rule, Severity, Shows,
};

use super::{
    cx::{Cx, at},
    reach,
};
use crate::{schema::Scenario, suggest};

pub(super) fn check(cx: &mut Cx<'_>, scenario: &Scenario, plan: &Plan) {
    for ((name, _), rule) in scenario.rules.iter().flat_map(|r| r.iter()).zip(&plan.rules) {
        check_rule(cx, plan, name, rule);
    }
    check_defects(cx, scenario, plan);
    check_people(cx, scenario);
    check_pushes(cx, scenario, plan);
}

fn check_rule(cx: &mut Cx<'_>, plan: &Plan, name: &str, rule: &Rule) {
    let path = at(&["rules", name]);
    let when = &rule.when;
    if when.count != Counted::Tickets && !rule.releases.contains(&true) {
        let help = "name a release, or remove `releases` to watch all of them";
        let message = format!("rule `{name}` watches no release");
        cx.warning("RC261", &format!("{path}.releases"), message, help);
        return;
    }
    if let Some((key, why, help)) = never(plan, rule) {
        let message = format!("rule `{name}` can never fire: {why}");
        cx.warning("RC260", &format!("{path}.{key}"), message, help);
        return;
    }
    let background = &plan.background;
    let (what, happens) = match when.count {
        Counted::Failed => ("failures", background.failures.is_some() || !plan.defects.is_empty()),
        Counted::Tickets => {
            let called = plan.defects.iter().any(|defect| defect.ticket.is_some());
            ("calls", background.tickets.is_some() || called)
        }
        Counted::InstallFailed => {
            let fails = |d: &rollcast_core::plan::Defect| matches!(d.shows, Shows::InInstall);
            ("failed installs", !plan.device.failures.is_empty() || plan.defects.iter().any(fails))
        }
    };
    if !happens {
        let message = format!("rule `{name}` counts {what}, and nothing in the scenario makes any");
        let help = "add a defect, or a rate in `background`";
        cx.warning("RC265", &format!("{path}.when.count"), message, help);
    }
}

/// Why a rule cannot fire, whatever happens: the key to blame, the reason, the way out.
fn never(plan: &Plan, rule: &Rule) -> Option<(&'static str, String, &'static str)> {
    let when = &rule.when;
    if let Some(within) = when.within_s.filter(|within| *within < plan.tick_s) {
        let why = format!("no tick of {} s lies whole within {within} s", plan.tick_s);
        return Some(("when.within", why, "make `within` longer or the `tick` shorter"));
    }
    if matches!(&rule.evaluate, Evaluate::At(instants) if instants.is_empty()) {
        return Some(("evaluate", "it is never judged during the play".into(), "lengthen the `horizon`"));
    }
    let counted = || (0..plan.rings.len()).filter(|&ring| rule.rings[ring]);
    let registered = reach::most(&plan.fleet, &Filter::default());
    let most = if rule.each_ring {
        counted().map(|ring| most_in(plan, ring)).max().unwrap_or(0)
    } else {
        counted().map(|ring| most_in(plan, ring)).sum::<u64>().min(registered)
    };
    // A device counts once for a release; a user may call more than once.
    if when.count != Counted::Tickets && when.at_least > most {
        let why = format!("it wants {} devices and its rings hold {most} at most", when.at_least);
        return Some(("when.at-least", why, "lower `at-least`, or count over more rings"));
    }
    let share = when.share?;
    if share.min_sample > most {
        let why = format!("its sample is {} devices and its rings hold {most} at most", share.min_sample);
        return Some(("when.min-sample", why, "lower `min-sample`, or count over more rings"));
    }
    if share.above >= 1.0 {
        return Some(("when.above", "no share is above 100%".into(), "lower `above`"));
    }
    None
}

/// The most devices that a ring can hold; never less than it may.
fn most_in(plan: &Plan, ring: usize) -> u64 {
    let members = &plan.rings[ring].members;
    let registered = reach::most(&plan.fleet, &Filter::default());
    let matching = || reach::most(&plan.fleet, &members.filter);
    let amount = |amount: Amount| match amount {
        Amount::Count(count) => count,
        Amount::Share(share) => rounded_up(share * registered as f64),
    };
    let sized = match members.size {
        RingSize::All => matching(),
        RingSize::Chosen(size) => amount(size).min(matching()),
        RingSize::Pool(size) => amount(size),
        RingSize::Automatic { small, large } => most_dealt(plan, small, large),
        RingSize::Rest => most_left(plan),
        RingSize::Listed => 0,
    };
    sized.saturating_add(listed(plan, |of| of == ring)).min(registered)
}

/// The most that a share dealt by largest remainders can come to: only a part of a device is rounded up.
fn rounded_up(devices: f64) -> u64 {
    (devices - 2e-6).ceil().max(0.0) as u64
}

/// Registered devices that member lists put into such rings.
fn listed(plan: &Plan, wanted: impl Fn(usize) -> bool) -> u64 {
    let Fleet::Listed(listed) = &plan.fleet else { return 0 };
    let there = |facts: &&ListedFacts| facts.unregistered == u8::MAX && facts.ring != u8::MAX;
    listed.facts.iter().filter(there).filter(|facts| wanted(usize::from(facts.ring))).count() as u64
}

/// The most devices that lists and rings of a stated size leave to the others.
fn most_left(plan: &Plan) -> u64 {
    let registered = reach::most(&plan.fleet, &Filter::default());
    let sized = plan.rings.iter().map(|ring| match ring.members.size {
        RingSize::Pool(Amount::Count(count)) => count,
        RingSize::Pool(Amount::Share(share)) => (share * registered as f64) as u64,
        _ => 0,
    });
    let taken = sized.fold(listed(plan, |_| true), u64::saturating_add);
    registered.saturating_sub(taken)
}

/// The most that the service deals to a ring with these shares of a small and a large tenant. What the scenario
/// sizes itself leaves its share to the others, in their own proportion.
fn most_dealt(plan: &Plan, small: f64, large: f64) -> u64 {
    let shares = || {
        plan.rings.iter().filter_map(|ring| match ring.members.size {
            RingSize::Automatic { small, large } => Some((small, large)),
            _ => None,
        })
    };
    let part = |share: f64, sum: f64| if sum > 0.0 { share / sum } else { 0.0 };
    let small = part(small, shares().map(|(small, _)| small).sum());
    let large = part(large, shares().map(|(_, large)| large).sum());
    let rule = plan.automatic;
    let most = reach::most(&plan.fleet, &Filter::default());
    // A batch that does not count itself meets only devices that have their ring by other means.
    let by_condition =
        plan.rings.iter().any(|ring| matches!(ring.members.size, RingSize::All | RingSize::Chosen(_)));
    let sized = plan.rings.iter().map(|ring| match ring.members.size {
        RingSize::Pool(Amount::Count(count)) => count,
        RingSize::Pool(Amount::Share(share)) => rounded_up(share * most as f64),
        _ => 0,
    });
    let before = sized.fold(listed(plan, |_| true), u64::saturating_add);
    let (least, most) = match (rule.batch, rule.counts_batch) {
        (None, true) => (reach::least_registered(&plan.fleet), most),
        (None, false) if !by_condition => (0, before.min(most)),
        _ => (0, most),
    };
    let pool = most_left(plan) as f64;
    if most <= rule.small_upto {
        rounded_up(pool * small)
    } else if least > rule.small_upto {
        rounded_up(pool * large)
    } else {
        // Batches of both kinds are rounded for themselves.
        rounded_up(pool * small.max(large)) + u64::from(small.max(large) > 0.0)
    }
}

fn check_defects(cx: &mut Cx<'_>, scenario: &Scenario, plan: &Plan) {
    for ((name, _), defect) in scenario.defects.iter().flat_map(|d| d.iter()).zip(&plan.defects) {
        let path = at(&["defects", name]);
        let nowhere = if !defect.releases.contains(&true) {
            Some(("in", "no release has it", "name a release"))
        } else if !reach::matches_somebody(&plan.fleet, &defect.members) {
            Some(("where", "no device matches its `where`", "change its `where`, or remove the defect"))
        } else if matches!(defect.shows, Shows::On(at) if at >= plan.horizon) {
            Some(("shows", "its date comes when the play is over", "lengthen the `horizon`"))
        } else {
            None
        };
        if let Some((key, why, help)) = nowhere {
            let message = format!("defect `{name}` shows on no device: {why}");
            cx.warning("RC263", &format!("{path}.{key}"), message, help);
        }
        if defect.severity == Severity::Down && defect.repair.is_none() {
            let message = format!("devices that `{name}` takes down stay down: nobody repairs them");
            cx.warning("RC264", &path, message, "add `repair: {}`");
        }
    }
}

/// Decides nothing and repairs nothing.
fn check_people(cx: &mut Cx<'_>, scenario: &Scenario) {
    let who = scenario.rules.iter().flat_map(|r| r.iter()).filter_map(|(_, rule)| rule.who.as_deref());
    let by = scenario.defects.iter().flat_map(|d| d.iter());
    let by = by.filter_map(|(_, defect)| defect.repair.as_ref()?.by.as_deref());
    let busy: Vec<&str> = who.chain(by).collect();
    for name in scenario.people.iter().flat_map(|people| people.names()) {
        if !busy.contains(&name) {
            let rules: Vec<&str> = scenario.rules.iter().flat_map(|r| r.names()).collect();
            let help = if rules.is_empty() {
                "write a rule with `who:`, or remove the people".to_owned()
            } else {
                format!("name them as `who` of a rule ({}), or remove them", suggest::list(&rules, 5))
            };
            let message = format!("`{name}` decides by no rule and repairs nothing");
            cx.warning("RC262", &at(&["people", name]), message, help);
        }
    }
}

fn check_pushes(cx: &mut Cx<'_>, scenario: &Scenario, plan: &Plan) {
    if plan.releases.iter().any(|release| release.push.is_none()) {
        return;
    }
    let idle = |act: &Act| matches!(act, Act::Pause { .. } | Act::Resume { .. } | Act::Uninstall { .. });
    let help = "only `withdraw` and `switch off` act on content that asks for no policy";
    let message =
        |what: &str, name: &str| format!("{what} `{name}` pauses or uninstalls content that is pushed");
    for ((name, _), rule) in scenario.rules.iter().flat_map(|r| r.iter()).zip(&plan.rules) {
        if rule.acts.iter().any(idle) {
            cx.warning("RC266", &at(&["rules", name, "do"]), message("rule", name), help);
        }
    }
    let zoned = scenario.decisions.iter().flat_map(|d| d.iter());
    for (name, decision) in zoned {
        let verbs = decision.acts.iter().flat_map(|acts| &acts.all).map(|act| act.verb);
        use crate::scalar::Verb;
        if verbs.into_iter().any(|verb| matches!(verb, Verb::Pause | Verb::Resume | Verb::Uninstall)) {
            cx.warning("RC266", &at(&["decisions", name, "do"]), message("decision", name), help);
        }
    }
}
