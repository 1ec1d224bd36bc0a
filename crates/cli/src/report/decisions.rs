//! From defects, rules and what was decided to the report.

use rollcast_core::{
    control::{Event, Logged, PauseEnd},
    outcome::{By, Decision as CoreDecision, Effect, Outcome},
    plan::{Act, Counted, Denominator, Plan, Reach, ReleaseId, RingId, Severity, Side},
    time::HOUR_S,
};

use super::{
    ActName, CountedName, Decision, Defect, EffectName, Landed, RingEffect, Rule, SampleName, Seen,
    SeverityName, SideName, Sighting, TrueMoment, What, build::when,
};
use crate::{labels::Names, render::number::time};

/// Who decided, where no people did.
const ITSELF: &str = "the rule itself";
const SCRIPTED: &str = "scripted";

/// What is wrong with the releases.
pub(super) fn defects(plan: &Plan, labels: Names<'_>) -> Vec<Defect> {
    let defect = |(i, defect): (usize, &rollcast_core::plan::Defect)| Defect {
        name: labels.0.defects[i].clone(),
        releases: marked(labels, &defect.releases),
        severity: match defect.severity {
            Severity::Annoying => SeverityName::Annoying,
            Severity::Degraded => SeverityName::Degraded,
            Severity::Down => SeverityName::Down,
        },
    };
    plan.defects.iter().enumerate().map(defect).collect()
}

/// Who watches.
pub(super) fn rules(plan: &Plan, labels: Names<'_>) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &rollcast_core::plan::Rule)| Rule {
        name: labels.0.rules[i].clone(),
        people: rule.crew.map(|crew| labels.0.people[crew.0 as usize].clone()),
        side: side(rule.side),
        releases: marked(labels, &rule.releases),
        counts: counted(rule.when.count),
        of: rule.when.share.map(|share| sample(share.of)),
    };
    plan.rules.iter().enumerate().map(rule).collect()
}

fn marked(labels: Names<'_>, releases: &[bool]) -> Vec<String> {
    let marked = releases.iter().enumerate().filter(|&(_, &marked)| marked);
    marked.map(|(r, _)| labels.release(ReleaseId(r as u16))).collect()
}

/// One event of the control plane.
pub(super) fn logged(plan: &Plan, labels: Names<'_>, outcome: &Outcome, logged: &Logged) -> Decision {
    let mut entry = Decision {
        at_s: logged.at.0,
        civil: labels.civil(logged.at),
        what: What::Published,
        release: None,
        ring: None,
        freeze: None,
        seen: None,
        landed: None,
    };
    match logged.event {
        Event::Published(release) => entry.release = Some(labels.release(release)),
        Event::FreezeBegins(freeze) => {
            (entry.what, entry.freeze) = (What::FreezeBegins, Some(labels.freeze(freeze)));
        }
        Event::FreezeEnds(freeze) => {
            (entry.what, entry.freeze) = (What::FreezeEnds, Some(labels.freeze(freeze)));
        }
        Event::RingStarts(ring, release) => {
            entry.what = What::RingStarts;
            (entry.ring, entry.release) = (Some(labels.ring(ring)), Some(labels.release(release)));
        }
        Event::GateJudged(ring, release, seen) => {
            entry.what = What::GateOpens;
            (entry.ring, entry.release) = (Some(labels.ring(ring)), Some(labels.release(release)));
            entry.seen = Some(Seen { patched: seen.patched, of: seen.of });
        }
        Event::PauseEnds(ring, why) => {
            entry.what = match why {
                PauseEnd::Planned => What::PauseEnds,
                PauseEnd::Expired => What::PauseExpires,
            };
            entry.ring = Some(labels.ring(ring));
        }
        Event::Landed(i) => {
            let decision = &outcome.decisions[i as usize];
            entry.what = What::Decided;
            entry.release = Some(labels.release(decision.release));
            entry.ring = decision.ring.map(|ring| labels.ring(ring));
            entry.landed = Some(landed(plan, labels, decision));
        }
    }
    entry
}

fn landed(plan: &Plan, labels: Names<'_>, decision: &CoreDecision) -> Landed {
    let (rule, firing, script) = match decision.by {
        By::Rule(rule, nth) => (Some(rule as usize), Some(nth + 1), None),
        By::Script(script) => (None, None, Some(labels.0.decisions[script as usize].clone())),
    };
    let crew = rule.and_then(|rule| plan.rules[rule].crew);
    let who = match (rule, crew) {
        (None, _) => SCRIPTED.into(),
        (Some(_), None) => ITSELF.into(),
        (Some(_), Some(crew)) => labels.0.people[crew.0 as usize].clone(),
    };
    let effects = decision.effect.iter().enumerate().filter_map(|(r, effect)| {
        let effect = match effect {
            Effect::None => return None,
            Effect::Applied => EffectName::Applied,
            Effect::Refused => EffectName::Refused,
            Effect::Void => EffectName::Void,
        };
        Some(RingEffect { ring: labels.ring(RingId(r as u16)), effect })
    });
    let observed = decision.saw.zip(rule).map(|(saw, rule)| {
        let asked = &plan.rules[rule].when;
        Sighting {
            count: saw.count,
            counted: counted(asked.count),
            of: saw.of,
            sample: saw.of.and(asked.share).map(|share| sample(share.of)),
        }
    });
    Landed {
        rule: rule.map(|rule| labels.0.rules[rule].clone()),
        firing,
        script,
        who,
        side: side(decision.side),
        fired: when(labels, decision.fired),
        noticed: when(labels, decision.noticed),
        decided: when(labels, decision.decided),
        act: match decision.act {
            Act::Pause { .. } => ActName::Pause,
            Act::Resume { .. } => ActName::Resume,
            Act::Uninstall { .. } => ActName::Uninstall,
            Act::SwitchOff { .. } => ActName::SwitchOff,
            Act::Withdraw { .. } => ActName::Withdraw,
        },
        words: words(labels, decision.act, decision.release),
        rings: effects.collect(),
        observed,
        truth: decision.truth.map(|truth| TrueMoment { harmed: truth.harmed, patched: truth.patched }),
    }
}

/// `pause later rings for 10 h`, `uninstall KB5058379 from all rings`.
fn words(labels: Names<'_>, act: Act, about: ReleaseId) -> String {
    let of_rings = |rings: Reach| match rings {
        Reach::All => "all rings".to_owned(),
        Reach::Later => "later rings".to_owned(),
        Reach::Ring(ring) => format!("ring {}", labels.ring(ring)),
        Reach::From(ring) => format!("ring {} and those after it", labels.ring(ring)),
    };
    let release = |named: Option<ReleaseId>| labels.release(named.unwrap_or(about));
    let lasting = |before: &str, for_s: Option<i64>| {
        for_s.map_or_else(String::new, |s| format!("{before} for {}", time(s as f64 / HOUR_S as f64)))
    };
    match act {
        Act::Pause { rings, for_s } => format!("pause {}{}", of_rings(rings), lasting("", for_s)),
        Act::Resume { rings } => format!("resume {}", of_rings(rings)),
        Act::Uninstall { release: named, rings, for_s } => {
            let pause = lasting(" and pause them", for_s);
            format!("uninstall {} from {}{pause}", release(named), of_rings(rings))
        }
        Act::SwitchOff { defect } => format!("switch off {}", labels.0.defects[defect.0 as usize]),
        Act::Withdraw { release: named } => format!("withdraw {}", release(named)),
    }
}

fn side(side: Side) -> SideName {
    match side {
        Side::Tenant => SideName::Tenant,
        Side::Service => SideName::Service,
    }
}

fn counted(counted: Counted) -> CountedName {
    match counted {
        Counted::Failed => CountedName::Failed,
        Counted::InstallFailed => CountedName::FailedToInstall,
        Counted::Tickets => CountedName::Tickets,
    }
}

fn sample(of: Denominator) -> SampleName {
    match of {
        Denominator::Registered => SampleName::Registered,
        Denominator::Offered => SampleName::Offered,
        Denominator::Installed => SampleName::Installed,
        Denominator::Reported => SampleName::Reported,
    }
}
