//! Lists of names of rings or releases as marks on an index, and acts whose names are known only here.

use rollcast_core::plan::{Act as PlanAct, DefectId, Reach, ReleaseId, RingId};

use super::cx::Cx;
use crate::node::Value;
use crate::scalar::{ACT_FORMS, Act, Duration, Names, OneOrMany, Verb};

/// Which of `known` a list names: `what` is the code for an unknown one, the map that holds them, and the word for
/// one.
pub(super) fn marked(
    cx: &mut Cx<'_>,
    path: &str,
    names: &Names,
    (code, map, what): (&'static str, &str, &str),
    known: &[String],
) -> Option<Vec<bool>> {
    let mut marks = vec![false; known.len()];
    let mut all = true;
    for (place, name) in names.with_paths(path) {
        match known.iter().position(|known| *known == name.0) {
            Some(found) => marks[found] = true,
            None => {
                cx.unknown_unless_unread(code, &place, (map, what), &name.0, known);
                all = false;
            }
        }
    }
    all.then_some(marks)
}

/// What acts can be about.
pub(super) struct Known<'a> {
    pub(super) rings: &'a [String],
    pub(super) releases: &'a [String],
    pub(super) defects: &'a [String],
    /// Whether each defect sits in a security fix.
    pub(super) in_security_fix: &'a [bool],
}

/// All acts of the `do` of a rule or decision, at least one; `None` after a problem.
pub(super) fn acts(
    cx: &mut Cx<'_>,
    path: &str,
    whose: &str,
    typed: Option<&OneOrMany<Act>>,
    known: &Known<'_>,
) -> Option<Vec<PlanAct>> {
    let place = format!("{path}.do");
    let Some(typed) = typed.filter(|typed| !typed.all.is_empty()) else {
        let message = format!("{whose} does not say what is done");
        let help = "write `do: pause all rings` or another act";
        // A list whose items could not be read has been reported; an empty one has not.
        if cx.layered.root.at(&place).is_some_and(|node| node.value == Value::Seq(Vec::new())) {
            cx.error("RC218", &place, message, help);
        } else {
            cx.missing("RC218", path, &["do"], message, help);
        }
        return None;
    };
    let compiled: Vec<Option<PlanAct>> =
        typed.with_paths(&place).map(|(place, typed)| act(cx, &place, typed, known)).collect();
    compiled.into_iter().collect()
}

fn act(cx: &mut Cx<'_>, path: &str, act: &Act, known: &Known<'_>) -> Option<PlanAct> {
    match act.verb {
        Verb::Pause | Verb::Resume | Verb::Uninstall => on_rings(cx, path, act, known),
        Verb::SwitchOff => {
            let Some(defect) = known.defects.iter().position(|name| *name == act.object) else {
                cx.unknown_unless_unread("RC226", path, ("defects", "defect"), &act.object, known.defects);
                return None;
            };
            if known.in_security_fix[defect] {
                let message =
                    format!("`{}` sits in a security fix, and those are never switched off", act.object);
                let help = "uninstall the release, or publish an out-of-band release that cures it";
                cx.error("RC229", path, message, help);
                return None;
            }
            Some(PlanAct::SwitchOff { defect: DefectId(defect as u16) })
        }
        Verb::Withdraw if act.object.is_empty() => Some(PlanAct::Withdraw { release: None }),
        Verb::Withdraw => match release(&act.object, known) {
            Some(found) => Some(PlanAct::Withdraw { release: Some(found) }),
            None => {
                let what = ("releases", "release");
                cx.unknown_unless_unread("RC217", path, what, &act.object, known.releases);
                None
            }
        },
    }
}

fn on_rings(cx: &mut Cx<'_>, path: &str, act: &Act, known: &Known<'_>) -> Option<PlanAct> {
    let forms = act.forms();
    for form in &forms {
        let found = (!form.release.is_empty()).then(|| release(form.release, known));
        let (Some(rings), false) = (reach(form.rings, known.rings), found == Some(None)) else { continue };
        if form.lasts.is_some_and(|lasts| lasts.seconds() == 0) {
            cx.error("RC212", path, "a pause of no length is none", "write a longer time, or leave it out");
            return None;
        }
        let for_s = form.lasts.map(Duration::seconds);
        return Some(match act.verb {
            Verb::Pause => PlanAct::Pause { rings, for_s },
            Verb::Resume => PlanAct::Resume { rings },
            _ => PlanAct::Uninstall { release: found.flatten(), rings, for_s },
        });
    }
    if let Some((before, problem)) = act.bad_length() {
        let known_release = |name: &str| name.is_empty() || release(name, known).is_some();
        let meant = |form: &crate::scalar::ActForm<'_>| {
            known_release(form.release) && reach(form.rings, known.rings).is_some()
        };
        if before.forms().iter().any(meant) {
            let help = problem.help.unwrap_or_default();
            cx.error(problem.code, path, problem.message, help);
            return None;
        }
    }
    // What is blamed is the reading that understands most: a known release before an unknown one, a length of time
    // before a ring whose name ends like one.
    let understood = |form: &&crate::scalar::ActForm<'_>| {
        let release_is_known = form.release.is_empty() || release(form.release, known).is_some();
        (release_is_known, reach(form.rings, known.rings).is_some(), form.lasts.is_some())
    };
    match forms.iter().max_by_key(understood) {
        None => {
            let message = format!("`{act}` does not say from which rings");
            cx.error("RC132", path, message, ACT_FORMS);
        }
        Some(form) if form.release.is_empty() || release(form.release, known).is_some() => {
            let name = form.rings.strip_suffix(" and later").unwrap_or(form.rings);
            cx.unknown_unless_unread("RC204", path, ("rings", "ring"), name, known.rings);
        }
        Some(form) => {
            cx.unknown_unless_unread("RC217", path, ("releases", "release"), form.release, known.releases);
        }
    }
    None
}

fn release(name: &str, known: &Known<'_>) -> Option<ReleaseId> {
    known.releases.iter().position(|known| known == name).map(|i| ReleaseId(i as u16))
}

fn reach(text: &str, rings: &[String]) -> Option<Reach> {
    let ring = |name: &str| rings.iter().position(|known| known == name).map(|i| RingId(i as u16));
    match text {
        "all rings" => Some(Reach::All),
        "later rings" => Some(Reach::Later),
        _ => ring(text).map(Reach::Ring).or_else(|| {
            text.strip_suffix(" and later").and_then(|name| ring(name.trim_end())).map(Reach::From)
        }),
    }
}
