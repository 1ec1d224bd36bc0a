//! The life of one device, told in the local time of its site: what is true of it, and what could be seen.

mod words;

use std::fmt::Write;

use rollcast_core::{
    observe::Story,
    plan::{Plan, ReleaseId},
    steps::{Cited, Observation, Settled, Step},
    time::{HOUR_S, SimTime},
};
use serde::Serialize;
use words::{Words, about};

use super::number::time;
use crate::labels::Names;

/// A story for machines and for the text.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    pub device: u64,
    /// Address of its draws, in hex (64 bits do not fit a JSON number).
    pub key: String,
    pub ring: Option<String>,
    pub zone: String,
    pub attributes: Vec<(String, String)>,
    pub releases: Vec<ToldRelease>,
    /// What has to do with no release: calls about something else.
    pub steps: Vec<ToldStep>,
    /// What could be seen of that.
    pub observed: Vec<ToldSeen>,
}

/// What one release was to the device.
#[derive(Debug, Serialize)]
pub(crate) struct ToldRelease {
    pub name: String,
    pub eligible: bool,
    pub patched: Option<String>,
    pub patched_s: Option<i64>,
    /// When it lost it for good: an uninstall, a repair that removed it.
    pub missing_since: Option<String>,
    pub late_by: Option<&'static str>,
    pub steps: Vec<ToldStep>,
    pub observed: Vec<ToldSeen>,
    pub blocked: Vec<ToldBlocked>,
    /// What defects of the release did to it, if they did.
    pub harm: Option<ToldHarm>,
}

/// What defects of a release did to the device, up to the end of the watch.
#[derive(Debug, Serialize)]
pub(crate) struct ToldHarm {
    pub first: String,
    pub first_s: i64,
    /// When that was first seen, by telemetry or through a call.
    pub seen: Option<String>,
    pub seen_s: Option<i64>,
    /// For how long a defect showed.
    pub harmed_for_s: i64,
    pub down_for_s: i64,
}

/// Something that could be seen, and the true step that it comes from.
#[derive(Debug, Serialize)]
pub(crate) struct ToldSeen {
    pub seen_s: i64,
    pub seen: String,
    pub what: &'static str,
    pub cites: ToldStep,
    /// The release that the cited step is about.
    pub cites_release: Option<String>,
    /// Follows from another observation; told by that one.
    #[serde(skip)]
    follows: bool,
}

/// A step.
#[derive(Debug, Serialize)]
pub(crate) struct ToldStep {
    pub at_s: i64,
    pub at: String,
    pub what: String,
}

/// A stretch in which one state kept the release from the device.
#[derive(Debug, Serialize)]
pub(crate) struct ToldBlocked {
    pub from_s: i64,
    pub to_s: i64,
    pub from: String,
    pub to: String,
    pub by: &'static str,
}

/// Puts names and local times to a story.
pub(crate) fn tell(plan: &Plan, labels: Names<'_>, site: usize, story: &Story) -> Told {
    let civil = |at: SimTime| labels.at_site(site, at);
    let words = Words { plan, labels };
    let steps = |of: Option<ReleaseId>| -> Vec<ToldStep> {
        let mine = story.steps.iter().filter(|(_, step)| step.release() == of);
        mine.map(|&(at, step)| told_step(words, &civil, at, step)).collect()
    };
    let observed = |of: Option<ReleaseId>| -> Vec<ToldSeen> {
        let mine = story.observed.iter().filter(|(_, what, cites)| about(*what, cites.step) == of);
        mine.map(|&(at, what, cites)| told_seen(words, &civil, at, what, cites)).collect()
    };
    let releases = story
        .settled
        .iter()
        .enumerate()
        .map(|(r, settled)| {
            let id = ReleaseId(r as u16);
            let blocked = story.blocked.iter().filter(|(release, ..)| *release == id);
            ToldRelease {
                name: labels.release(id),
                eligible: settled.eligible,
                patched: settled.patched.map(civil),
                patched_s: settled.patched.map(|at| at.0),
                missing_since: story.covered[r]
                    .last()
                    .filter(|span| span.to < SimTime::NEVER)
                    .map(|span| civil(span.to)),
                late_by: settled.late_by.map(|state| state.name()),
                steps: steps(Some(id)),
                observed: observed(Some(id)),
                blocked: blocked
                    .map(|&(_, from, to, state)| ToldBlocked {
                        from_s: from.0,
                        to_s: to.0,
                        from: civil(from),
                        to: civil(to),
                        by: state.name(),
                    })
                    .collect(),
                harm: told_harm(&civil, settled),
            }
        })
        .collect();
    let attributes = labels.0.attributes.iter().zip(&story.values);
    Told {
        device: story.index,
        key: format!("{:016x}", story.key),
        ring: story.ring.map(|ring| labels.ring(ring)),
        zone: labels.site_zone(site),
        attributes: attributes
            .map(|((name, values), &value)| (name.clone(), values[value as usize].clone()))
            .collect(),
        releases,
        steps: steps(None),
        observed: observed(None),
    }
}

fn told_step(words: Words<'_>, civil: &impl Fn(SimTime) -> String, at: SimTime, step: Step) -> ToldStep {
    ToldStep { at_s: at.0, at: civil(at), what: words.step(step) }
}

fn told_seen(
    words: Words<'_>,
    civil: &impl Fn(SimTime) -> String,
    at: SimTime,
    what: Observation,
    cites: Cited,
) -> ToldSeen {
    ToldSeen {
        seen_s: at.0,
        seen: civil(at),
        what: words.observation(what),
        cites: told_step(words, civil, cites.at, cites.step),
        cites_release: cites.step.release().map(|release| words.labels.release(release)),
        follows: matches!(what, Observation::Reported(_)),
    }
}

fn told_harm(civil: &impl Fn(SimTime) -> String, settled: &Settled) -> Option<ToldHarm> {
    let first = settled.harmed?;
    Some(ToldHarm {
        first: civil(first),
        first_s: first.0,
        seen: settled.harm_seen.map(civil),
        seen_s: settled.harm_seen.map(|at| at.0),
        harmed_for_s: settled.harmed_s,
        down_for_s: settled.down_s,
    })
}

/// The story as text.
pub(crate) fn text(told: &Told) -> String {
    let mut out = String::new();
    let mut put = |line: String| {
        writeln!(out, "{}", line.trim_end()).expect("invariant: a string takes all that is written");
    };
    let ring =
        told.ring.as_deref().map_or("in no ring: nothing is ever offered".into(), |r| format!("ring {r}"));
    put(format!("device {}, {ring}, times in {}", told.device, told.zone));
    let attributes: Vec<String> =
        told.attributes.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    put(format!("  {}", attributes.join(", ")));
    for release in &told.releases {
        put(String::new());
        let counts =
            if release.eligible { "counts for the objective" } else { "does not count for the objective" };
        put(format!("{} ({counts})", release.name));
        // One list in time order: what it did, what was seen, and from when to when something kept it.
        let mut lines = happenings(&release.steps, &release.observed, Some(&release.name));
        for blocked in &release.blocked {
            let length = length(blocked.to_s - blocked.from_s);
            lines.push((
                blocked.from_s,
                2,
                format!("  {}    blocked by {} for {length}", blocked.from, blocked.by),
            ));
        }
        lines.sort_by_key(|&(at, kind, _)| (at, kind));
        lines.into_iter().for_each(|(.., line)| put(line));
        match (&release.patched, release.late_by) {
            (Some(at), None) => put(format!("  patched {at}, within the objective")),
            (Some(at), Some(by)) => put(format!("  patched {at}, late: {by} when the objective passed")),
            (None, Some(by)) => put(format!("  not patched by the end; {by} when the objective passed")),
            (None, None) => put("  not patched by the end of the watch".into()),
        }
        if let Some(at) = &release.missing_since {
            put(format!("  gone again {at}, and not back by the end"));
        }
        if let Some(harm) = &release.harm {
            put(format!("  {}", summary(harm)));
        }
    }
    if !told.steps.is_empty() {
        put("\nabout no release".into());
        happenings(&told.steps, &told.observed, None).into_iter().for_each(|(.., line)| put(line));
    }
    out
}

/// Steps and what was seen of them, in time order; what was seen at a second comes after what happened then.
fn happenings(steps: &[ToldStep], observed: &[ToldSeen], release: Option<&str>) -> Vec<(i64, u8, String)> {
    let mut lines: Vec<(i64, u8, String)> =
        steps.iter().map(|step| (step.at_s, 0, format!("  {}  {}", step.at, step.what))).collect();
    for seen in observed.iter().filter(|seen| !seen.follows) {
        let cites = &seen.cites;
        let of = match &seen.cites_release {
            Some(other) if Some(other.as_str()) != release => format!(", with {other}"),
            _ => String::new(),
        };
        let from = if cites.at_s == seen.seen_s { "at once".into() } else { cites.at.clone() };
        lines.push((
            seen.seen_s,
            1,
            format!("  {}    {} ({from}: {}{of})", seen.seen, seen.what, cites.what),
        ));
    }
    lines.sort_by_key(|&(at, kind, _)| (at, kind));
    lines
}

fn length(seconds: i64) -> String {
    time(seconds as f64 / HOUR_S as f64)
}

fn summary(harm: &ToldHarm) -> String {
    let seen = harm.seen.as_ref().map_or_else(|| "never seen".into(), |at| format!("first seen {at}"));
    let down = match harm.down_for_s {
        0 => String::new(),
        seconds => format!(", down for {}", length(seconds)),
    };
    format!("harmed {}, {seen}; a defect shows for {}{down}", harm.first, length(harm.harmed_for_s))
}

#[cfg(test)]
mod tests {
    use rollcast_core::{observe::story, run::run};

    use super::*;
    use crate::report::trouble::{calm, trouble};

    fn lives(loaded: &rollcast_scenario::load::Loaded) -> Vec<Told> {
        let outcome = run(&loaded.plan, 7, 0);
        let lives = (0..400).filter_map(|index| story(&loaded.plan, 7, &outcome, index));
        lives.map(|life| tell(&loaded.plan, Names(&loaded.labels), 0, &life)).collect()
    }

    #[test]
    fn a_harmed_device_is_told_from_onset_to_repair_with_what_was_seen() {
        let lives = lives(&trouble());
        let whole = |told: &&Told| {
            let text = text(told);
            ["harmed by bad-driver: the device is down", "repaired by hand", "the help desk takes a call"]
                .iter()
                .all(|word| text.contains(word))
        };
        let told = lives.iter().find(whole).expect("a third is harmed and half of them call");
        let text = text(told);
        assert!(text.contains("telemetry shows it failing") && text.contains(", down for "), "{text}");
        let release = &told.releases[0];
        let harm = release.harm.as_ref().unwrap();
        assert!(release.steps.iter().any(|step| step.at_s == harm.first_s && step.what.contains("harmed")));
        for told in &lives {
            for seen in told.releases.iter().flat_map(|release| &release.observed) {
                assert!(seen.cites.at_s <= seen.seen_s, "{}: seen before it happened", told.device);
                let steps = told.releases.iter().flat_map(|release| &release.steps);
                let cited = steps.filter(|s| (s.at_s, &s.what) == (seen.cites.at_s, &seen.cites.what));
                assert_eq!(cited.count(), 1, "{}: it cites `{}`", told.device, seen.cites.what);
            }
        }
    }

    #[test]
    fn uninstalls_are_told() {
        let all: String = lives(&trouble()).iter().map(text).collect();
        for word in ["the uninstall begins", "it restarts after the uninstall", "rolled back"] {
            assert!(all.contains(word), "`{word}` is missing");
        }
    }

    #[test]
    fn calls_about_something_else_stand_apart() {
        let mut loaded = calm();
        loaded.plan.background.tickets = Some(rollcast_core::plan::Poisson::per_block(2.0));
        let lives = lives(&loaded);
        let told = lives.iter().find(|told| !told.steps.is_empty()).expect("two calls a month each");
        let text = text(told);
        let (_, apart) = text.split_once("\nabout no release\n").expect("a heading");
        assert!(apart.contains("its user calls the help desk"), "{text}");
        assert!(told.releases[0].harm.is_none());
    }
}
