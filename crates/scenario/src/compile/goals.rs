//! Goals as typed to goals of the engine.

use rollcast_core::{
    costs::Costs,
    goals::{Goal, Wants},
    metrics::{Lack, Metric, Of as Denominator, Unit},
    plan::{Release, ReleaseId, RingId},
};

use super::{
    costs::lacking,
    cx::{Cx, at},
};
use crate::{
    scalar::{Bound, Line, Share},
    schema::{self, GoalForm, Of, Scenario},
};

/// Goals with the words that name them, one for each release that they are about.
pub(super) fn goals(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    rings: &[String],
    releases: &[(Release, (String, String))],
    costs: Option<&Costs>,
) -> Vec<(Goal, String)> {
    let mut found = Vec::new();
    for (i, form) in scenario.goals.iter().flatten().enumerate() {
        let path = format!("goals.{i}");
        let goal = match form {
            GoalForm::Map(goal) => goal.as_ref(),
            GoalForm::Line(line) => {
                found.extend(line_goals(cx, &path, line, releases, costs));
                continue;
            }
        };
        let Some((wants, text)) = wants(cx, &path, goal) else { continue };
        let ring = match &goal.ring {
            None => None,
            Some(name) => match rings.iter().position(|known| known == name) {
                Some(ring) => Some(RingId(ring as u16)),
                None => {
                    cx.unknown_unless_unread(
                        "RC204",
                        &format!("{path}.ring"),
                        ("rings", "ring"),
                        name,
                        rings,
                    );
                    continue;
                }
            },
        };
        let names: Vec<String> = releases.iter().map(|r| r.1.0.clone()).collect();
        let about: Vec<usize> = match &goal.release {
            None => (0..releases.len()).collect(),
            Some(name) => match names.iter().position(|known| known == name) {
                Some(release) => vec![release],
                None => {
                    cx.unknown_unless_unread(
                        "RC217",
                        &format!("{path}.release"),
                        ("releases", "release"),
                        name,
                        &names,
                    );
                    continue;
                }
            },
        };
        if let Wants::Patched { by_s, .. } = wants
            && let Some((watched, _)) = releases.first()
            && by_s > watched.watched_until - watched.published
        {
            let help = "lengthen the `horizon`, or judge the goal earlier";
            cx.error("RC212", &format!("{path}.by"), "the goal is about a time after the horizon", help);
            continue;
        }
        let about = match wants {
            Wants::AtMost(metric, _) | Wants::AtLeast(metric, _) => {
                with_figures(cx, &format!("{path}.metric"), metric, about, &names, costs)
            }
            Wants::Patched { .. } => about,
        };
        for release in about {
            let mut words = text.clone();
            if let Some(name) = &goal.ring {
                words += &format!(" in {name}");
            }
            if releases.len() > 1 {
                words += &format!(" ({})", names[release]);
            }
            if let Some(share) = &goal.runs {
                words += &format!(", in {share}");
            }
            let in_share = goal.runs.map(|of| of.0.get());
            found.push((Goal { ring, release: ReleaseId(release as u16), wants, in_share }, words));
        }
    }
    found
}

/// A goal in one line is about the fleet and every release.
fn line_goals(
    cx: &mut Cx<'_>,
    path: &str,
    line: &Line,
    releases: &[(Release, (String, String))],
    costs: Option<&Costs>,
) -> Vec<(Goal, String)> {
    let Some(metric) = metric(cx, path, &line.metric) else { return Vec::new() };
    let Some(value) = in_unit(cx, path, metric, line.bound) else { return Vec::new() };
    let wants = if line.at_most { Wants::AtMost(metric, value) } else { Wants::AtLeast(metric, value) };
    // The 95 % quantile is at most the bound if the bound holds in 95 % of runs, and at least it if in 5 %.
    let in_share = line.percent.map(|p| f64::from(if line.at_most { p } else { 100 - p }) / 100.0);
    let names: Vec<String> = releases.iter().map(|r| r.1.0.clone()).collect();
    let about = |i: usize| {
        let release_name = if releases.len() > 1 { format!(" ({})", names[i]) } else { String::new() };
        (Goal { ring: None, release: ReleaseId(i as u16), wants, in_share }, format!("{line}{release_name}"))
    };
    with_figures(cx, path, metric, (0..names.len()).collect(), &names, costs).into_iter().map(about).collect()
}

/// Those of the releases `about` which a metric has a value; an error if it has none of any. Figures that stand there and
/// could not be read have been reported.
fn with_figures(
    cx: &mut Cx<'_>,
    path: &str,
    metric: Metric,
    about: Vec<usize>,
    names: &[String],
    costs: Option<&Costs>,
) -> Vec<usize> {
    let lacks = |cx: &Cx<'_>, release: usize| {
        let exploit = cx.stands(&at(&["releases", &names[release]]), &["exploit"]);
        metric.lacks(costs, exploit)
    };
    let mut lack = None;
    let found: Vec<usize> = about
        .into_iter()
        .filter(|release| {
            lack = lacks(cx, *release);
            lack.is_none()
        })
        .collect();
    let unread = match lack {
        Some(Lack::Costs) => cx.stands("costs", &[]),
        Some(Lack::Price(part)) => cx.stands("costs", &[part.key()]),
        Some(Lack::Exploit) | None => false,
    };
    if let (true, Some(lack), false) = (found.is_empty(), lack, unread) {
        let (message, help) = lacking(metric, lack);
        cx.error("RC238", path, message, help);
    }
    found
}

/// A metric by its name.
fn metric(cx: &mut Cx<'_>, path: &str, name: &str) -> Option<Metric> {
    let found = Metric::parse(name);
    if found.is_none() {
        let known: Vec<String> = Metric::all().into_iter().map(Metric::name).collect();
        cx.unknown("RC214", path, "metric", name, &known);
    }
    found
}

fn wants(cx: &mut Cx<'_>, path: &str, goal: &schema::Goal) -> Option<(Wants, String)> {
    let help = "write `{ of: eligible, patched: 95%, by: 14 d }` or `{ metric: patched.h95, at-most: 12 d }`";
    let Some(name) = &goal.metric else {
        if goal.at_most.is_some() || goal.at_least.is_some() {
            cx.error("RC215", path, "a bound without `metric` bounds nothing", help);
            return None;
        }
        let (Some(share), Some(by)) = (goal.patched, goal.by) else {
            // What stands there and could not be read has been reported.
            let lacks = |here: bool, key: &str| !here && !cx.stands(path, &[key]);
            if lacks(goal.patched.is_some(), "patched") || lacks(goal.by.is_some(), "by") {
                cx.error("RC215", path, "a goal says `patched` and `by`, or `metric` and a bound", help);
            }
            return None;
        };
        let of = match goal.of {
            Some(Of::All) => Denominator::All,
            Some(Of::Eligible) => Denominator::Eligible,
            Some(Of::Connected) => Denominator::Connected,
            Some(Of::Registered) | None => Denominator::Registered,
        };
        let text = format!("{share} of {} devices patched by {by}", of.name());
        return Some((Wants::Patched { of, share: share.get(), by_s: by.seconds() }, text));
    };
    if goal.patched.is_some() || goal.by.is_some() || goal.of.is_some() {
        cx.error("RC215", path, "a goal about a metric takes only a bound", help);
        return None;
    }
    let metric = metric(cx, &format!("{path}.metric"), name)?;
    match (goal.at_most, goal.at_least) {
        (Some(bound), None) => {
            let value = in_unit(cx, &format!("{path}.at-most"), metric, bound)?;
            Some((Wants::AtMost(metric, value), format!("{name} at most {bound}")))
        }
        (None, Some(bound)) => {
            let value = in_unit(cx, &format!("{path}.at-least"), metric, bound)?;
            Some((Wants::AtLeast(metric, value), format!("{name} at least {bound}")))
        }
        (None, None) => {
            let message = "a goal about a metric has either `at-most` or `at-least`";
            cx.missing("RC215", path, &["at-most", "at-least"], message, help);
            None
        }
        (Some(_), Some(_)) => {
            cx.error("RC215", path, "a goal about a metric has either `at-most` or `at-least`", help);
            None
        }
    }
}

/// The bound in the metric's own unit.
fn in_unit(cx: &mut Cx<'_>, path: &str, metric: Metric, bound: Bound) -> Option<f64> {
    match bound_in_unit(bound, metric) {
        Ok(value) => Some(value),
        Err((message, help)) => {
            cx.error("RC215", path, message, help);
            None
        }
    }
}

/// A bound in the unit of a metric; otherwise what is wrong and the way out.
///
/// # Errors
/// A bound of another kind than the metric.
pub fn bound_in_unit(bound: Bound, metric: Metric) -> Result<f64, (String, String)> {
    let value = match (bound, metric.unit()) {
        (Bound::Time(time), Unit::Hours) => Some(time.seconds() as f64 / 3_600.0),
        (Bound::Time(time), Unit::Days) => Some(time.seconds() as f64 / 86_400.0),
        (Bound::Share(share), Unit::Share) => Some(Share::get(share)),
        (Bound::Number(number), Unit::Share) if number <= 1.0 => Some(number),
        (
            Bound::Number(number),
            Unit::Count | Unit::DeviceDays | Unit::DeviceHours | Unit::Bytes | Unit::Money,
        ) => Some(number),
        _ => None,
    };
    let wanted = match metric.unit() {
        Unit::Hours | Unit::Days => "a length of time such as `12 d`",
        Unit::Share => "a share such as `95%`",
        Unit::Count | Unit::DeviceDays | Unit::DeviceHours | Unit::Bytes | Unit::Money => {
            "a plain number such as `200`"
        }
    };
    value.ok_or_else(|| (format!("`{bound}` is no bound for `{}`", metric.name()), format!("write {wanted}")))
}
