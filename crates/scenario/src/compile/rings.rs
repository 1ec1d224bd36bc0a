//! Rings: sizes, members, gates, ramps, objectives; and the freezes that hold them.

use std::collections::BTreeMap;

use rollcast_core::{
    graph::ring_order,
    plan::{
        Amount, Filter, Fleet, Freeze, FreezeBy as PlanFreezeBy, Gate, Members, Plan, Ramp as PlanRamp, Ring,
        RingId, RingSize,
    },
    time::DAY_S,
    windows::Span,
};

use super::{
    cx::{Cx, at},
    fleet::Devices,
};
use crate::{
    digest::Content,
    inventory::{MAX_BYTES, members},
    scalar::{Duration, Share, Size, Where, Zone},
    schema::{self, FreezeBy, Order, Ramp, Scenario},
};

/// Compiled rings, and whom member lists put where.
pub(super) struct Rings {
    pub(super) names: Vec<String>,
    pub(super) rings: Option<Vec<Ring>>,
    /// Ring by device key, of member lists.
    listed: BTreeMap<u64, u8>,
}

/// The service's range of deferral, deadline and grace, in days.
const RANGES: [(&str, i64); 3] = [("deferral", 30), ("deadline", 30), ("grace", 7)];

pub(super) fn rings(cx: &mut Cx<'_>, scenario: &Scenario, fleet: &Devices) -> Rings {
    let empty = crate::de::Named::default();
    check_objective(cx);
    let named = scenario.rings.as_ref().unwrap_or(&empty);
    let names: Vec<String> = named.names().map(str::to_owned).collect();
    let mut found = Rings { rings: None, listed: BTreeMap::new(), names: names.clone() };
    if names.is_empty() {
        // Rings that are no map could not be read, which has been reported.
        if scenario.rings.is_some() || !cx.stands("rings", &[]) {
            let help = "name one: `rings: { everyone: { size: rest } }`";
            cx.error("RC218", "rings", "the scenario has no ring", help);
        }
        return found;
    }
    if names.len() > 250 {
        let message = format!("{} rings are more than the 250 that can be told apart", names.len());
        cx.error("RC212", "rings", message, "join some of them");
        return found;
    }
    for name in names.iter().filter(|name| means_several(name)) {
        let message = format!("a ring named `{name}` cannot be told from the rings of an act");
        let help = "`all rings`, `later rings` and `... and later` stand for several rings: use another name";
        cx.error("RC232", &at(&["rings", name]), message, help);
    }
    let rings: Vec<Option<Ring>> =
        named.iter().map(|(name, ring)| compile(cx, scenario, fleet, &names, name, ring)).collect();
    for (i, (name, ring)) in named.iter().enumerate() {
        list_members(cx, fleet, &mut found.listed, i, name, ring);
    }
    check_sizes(cx, named, fleet);
    check_graph(cx, named, &names);
    found.rings = rings.into_iter().collect();
    found
}

/// Whether acts take a name for several rings.
fn means_several(name: &str) -> bool {
    let name = name.trim();
    matches!(name, "all rings" | "later rings") || name.ends_with(" and later")
}

impl Rings {
    /// Writes the member lists into the records of a listed fleet.
    pub(super) fn put_members(&self, fleet: &mut Fleet) {
        if let Fleet::Listed(listed) = fleet {
            for (key, facts) in listed.keys.iter().zip(&mut listed.facts) {
                if let Some(&ring) = self.listed.get(key) {
                    facts.ring = ring;
                }
            }
        }
    }
}

fn compile(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    fleet: &Devices,
    names: &[String],
    name: &str,
    ring: &schema::Ring,
) -> Option<Ring> {
    let path = at(&["rings", name]);
    let sub = |key: &str| format!("{path}.{key}");
    let filter = match &ring.filter {
        Some(condition) => fleet.attributes.filter(cx, &sub("where"), condition),
        None => Some(Filter::default()),
    };
    let size = size_of(cx, &path, name, ring);
    let days = |d: Option<Duration>| d.map_or(0, Duration::seconds);
    let deadline = ring.deadline.and_then(|limit| limit.0).map(Duration::seconds);
    let values = [days(ring.deferral), deadline.unwrap_or(0), days(ring.grace)];
    for ((key, most), value) in RANGES.into_iter().zip(values) {
        if scenario.service.is_some() && value > most * DAY_S {
            let message = format!("the service takes a {key} of at most {most} days");
            cx.warning("RC251", &sub(key), message, "it is played as written");
        }
    }
    let gate = match &ring.start {
        Some(start) => Some(gate(cx, &path, names, start)?),
        None => None,
    };
    let ramp = match &ring.ramp {
        Some(ramp) => ramp_of(cx, &sub("ramp"), ramp, ring.order)?,
        None => PlanRamp::at_once(),
    };
    let objective = scenario.objective.as_ref();
    let within = objective.and_then(|o| o.within).map(Duration::seconds);
    let after_deadline = objective.and_then(|o| o.after_deadline).map(Duration::seconds);
    let after_return = objective.and_then(|o| o.after_return).map(Duration::seconds);
    let (objective_s, returned, in_objective) = match (within, after_deadline) {
        (Some(within), _) => (within, None, true),
        (None, Some(after)) => {
            (values[0] + values[1] + after, after_return.map(|after| values[2] + after), deadline.is_some())
        }
        (None, None) => (21 * DAY_S, None, true),
    };
    Some(Ring {
        members: Members { filter: filter?, size: size? },
        deferral_s: values[0],
        deadline_s: deadline,
        grace_s: values[2],
        gate,
        ramp,
        in_objective,
        objective_s,
        returned_objective_s: returned,
    })
}

fn size_of(cx: &mut Cx<'_>, path: &str, name: &str, ring: &schema::Ring) -> Option<RingSize> {
    let size_path = format!("{path}.size");
    let typed = cx.written(&["rings", name, "size"]);
    let empty = matches!(ring.size, Some(Size::Count(0)))
        || matches!(ring.size, Some(Size::Share(share)) if share.get() == 0.0);
    if empty && typed {
        let help = "remove the ring, or give it devices";
        cx.error("RC206", &size_path, format!("ring `{name}` has no devices"), help);
        return None;
    }
    let filtered = matches!(ring.filter, Some(Where::Any(_)));
    let size = ring.size.filter(|_| typed || !(filtered || ring.members.is_some()));
    let automatic = ring.automatic;
    Some(match (size, filtered) {
        (Some(Size::Count(n)), true) => RingSize::Chosen(Amount::Count(n)),
        (Some(Size::Share(s)), true) => RingSize::Chosen(Amount::Share(s.get())),
        (_, true) => RingSize::All,
        (Some(Size::Count(n)), false) => RingSize::Pool(Amount::Count(n)),
        (Some(Size::Share(s)), false) => RingSize::Pool(Amount::Share(s.get())),
        (Some(Size::Rest), false) => RingSize::Rest,
        (Some(Size::Automatic), false) => match automatic {
            Some(shares) => RingSize::Automatic {
                small: shares.small.map_or(0.0, Share::get),
                large: shares.large.map_or(0.0, Share::get),
            },
            None => {
                let message = format!("the service assigns no devices to a ring named `{name}` by itself");
                cx.error("RC218", &size_path, message, "write a count, a share or `rest`");
                return None;
            }
        },
        (None, false) if ring.filter == Some(Where::Rest) => RingSize::Rest,
        (None, false) if ring.members.is_some() => RingSize::Listed,
        (None, false) => {
            let help = "write `size: 400`, `size: 10%`, `size: rest`, or `where: role = it`";
            let message = format!("ring `{name}` does not say who is in it");
            cx.missing("RC218", path, &["size", "where", "members"], message, help);
            return None;
        }
    })
}

fn gate(cx: &mut Cx<'_>, path: &str, names: &[String], start: &schema::Start) -> Option<Gate> {
    let sub = |key: &str| format!("{path}.start.{key}");
    let Some(after) = &start.after else {
        let help = "write `start: { after: First, patched: 90% }`";
        cx.missing(
            "RC218",
            &format!("{path}.start"),
            &["after"],
            "the start does not say which ring it waits for",
            help,
        );
        return None;
    };
    let Some(ring) = names.iter().position(|name| name == after) else {
        cx.unknown_unless_unread("RC204", &sub("after"), ("rings", "ring"), after, names);
        return None;
    };
    let Some(share) = start.patched else {
        let help = "write `patched: 90%`";
        cx.missing(
            "RC218",
            &format!("{path}.start"),
            &["patched"],
            "the start does not say what share it waits for",
            help,
        );
        return None;
    };
    Some(Gate {
        after: RingId(ring as u16),
        share: share.get(),
        wait_s: start.wait.map_or(0, Duration::seconds),
    })
}

fn ramp_of(cx: &mut Cx<'_>, path: &str, ramp: &Ramp, order: Option<Order>) -> Option<PlanRamp> {
    let keeps_order = order != Some(Order::DealtAnew);
    match ramp {
        Ramp::Linear(linear) => {
            let Some(over) = linear.over else {
                cx.missing(
                    "RC218",
                    &format!("{path}.linear"),
                    &["over"],
                    "a linear ramp does not say over what time",
                    "write `linear: { over: 3 d }`",
                );
                return None;
            };
            let from = linear.from.map_or(0.0, Share::get);
            Some(PlanRamp { points: vec![(from, 0), (1.0, over.seconds())], linear: true, keeps_order })
        }
        Ramp::Steps(steps) => {
            let mut points = Vec::new();
            for (after, share) in steps.iter() {
                match after.parse::<Duration>() {
                    Ok(after) => points.push((share.get(), after.seconds())),
                    Err(error) => {
                        let place = format!("{path}.steps");
                        cx.error(error.code, &place, error.message, error.help.unwrap_or_default());
                        return None;
                    }
                }
            }
            points.sort_by_key(|p| p.1);
            let rises = points.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1);
            if points.is_empty() || !rises {
                let help = "write them as in `{ 0 d: 10%, 1 d: 50%, 3 d: 100% }`";
                cx.error(
                    "RC220",
                    &format!("{path}.steps"),
                    "the steps of a ramp rise in time and in share",
                    help,
                );
                return None;
            }
            Some(PlanRamp { points, linear: false, keeps_order })
        }
    }
}

fn list_members(
    cx: &mut Cx<'_>,
    fleet: &Devices,
    listed: &mut BTreeMap<u64, u8>,
    index: usize,
    name: &str,
    ring: &schema::Ring,
) {
    let Some(file) = &ring.members else { return };
    let path = at(&["rings", name, "members"]);
    let Some(Fleet::Listed(known)) = &fleet.fleet else {
        let help =
            "member lists name Device IDs of an inventory; use `where` or `size` for a described fleet";
        if fleet.fleet.is_some() {
            cx.error("RC223", &path, "a described fleet has no Device IDs", help);
        }
        return;
    };
    let file_path = cx.file(file);
    cx.files.push((file.display().to_string(), Content::Large(file_path.clone())));
    match members(&file_path, MAX_BYTES) {
        Ok((members, warnings)) => {
            cx.found_in_file(
                &path,
                warnings.into_iter().chain(members.unknown_to(|key| known.keys.binary_search(&key).is_ok())),
            );
            let twice = members.keys().filter(|key| listed.insert(*key, index as u8).is_some()).count();
            if twice > 0 {
                let message = format!("{twice} devices are in the list of `{name}` and of an earlier ring");
                cx.warning("RC256", &path, message, "the later ring wins, as in the service");
            }
        }
        Err(problems) => cx.found_in_file(&path, problems),
    }
}

/// Two instants at which one objective passes are one too many.
fn check_objective(cx: &mut Cx<'_>) {
    if cx.written(&["objective", "within"]) && cx.written(&["objective", "after-deadline"]) {
        let message = "an objective counts either `within` a time of publication or `after-deadline`";
        cx.error("RC220", "objective.after-deadline", message, "keep one of the two");
    }
}

/// Sizes against each other and against the fleet.
fn check_sizes(cx: &mut Cx<'_>, named: &crate::de::Named<schema::Ring>, fleet: &Devices) {
    let (mut counts, mut shares) = (0_u64, 0.0);
    let (mut rest, mut automatic, mut automatic_shares) = (Vec::new(), 0, (0.0, 0.0));
    for (name, ring) in named.iter() {
        let whole_filter = ring.filter.is_some() && !cx.written(&["rings", name, "size"]);
        match ring.size {
            _ if whole_filter && ring.filter == Some(Where::Rest) => rest.push(name),
            _ if whole_filter || (ring.members.is_some() && !cx.written(&["rings", name, "size"])) => {}
            Some(Size::Count(n)) => counts += n,
            Some(Size::Share(share)) => shares += share.get(),
            Some(Size::Rest) => rest.push(name),
            Some(Size::Automatic) => {
                automatic += 1;
                let a = ring.automatic.unwrap_or_default();
                automatic_shares.0 += a.small.map_or(0.0, Share::get);
                automatic_shares.1 += a.large.map_or(0.0, Share::get);
            }
            None => {}
        }
    }
    if let [_, second, ..] = rest[..] {
        let help = "give the other a count or a share";
        cx.error("RC202", &at(&["rings", second]), "only one ring can take the rest", help);
    }
    if shares > 1.0 + 1e-9 {
        let message = format!("the rings' shares add up to {:.2}%", shares * 100.0).replace(".00", "");
        cx.error("RC201", "rings", message, "shares of one fleet add up to 100% at most");
    }
    let registered = fleet.registered();
    if fleet.fleet.is_some() && counts > registered {
        let message = format!("the rings count {counts} devices, and {registered} can be registered");
        cx.error("RC207", "rings", message, "lower the sizes, or enlarge the fleet");
    }
    let filters = named.iter().any(|(_, r)| r.filter.is_some() || r.members.is_some());
    if rest.is_empty() && automatic == 0 && !filters && shares <= 1.0 + 1e-9 {
        let left = registered as f64 * (1.0 - shares) - counts as f64;
        if shares > 0.0 && counts == 0 && (shares - 1.0).abs() > 1e-9 {
            let message =
                format!("the rings' shares add up to {:.2}%, not to 100%", shares * 100.0).replace(".00", "");
            cx.error("RC201", "rings", message, "write `size: rest` for one of them");
        } else if fleet.fleet.is_some() && left >= 1.0 && (shares - 1.0).abs() > 1e-9 {
            let message = "devices are left that belong to no ring";
            cx.warning(
                "RC257",
                "rings",
                message,
                "write `size: rest` for one ring if they should be patched",
            );
        }
    }
    // Beside a ring that the scenario sizes itself, the service's rings share what is left in proportion.
    let own_size = counts > 0 || shares > 0.0;
    let incomplete = (automatic_shares.0 - 1.0).abs() + (automatic_shares.1 - 1.0).abs() > 1e-9;
    let nobody = automatic_shares.0 * automatic_shares.1 == 0.0;
    if automatic > 0 && rest.is_empty() && incomplete && (nobody || !own_size) {
        let message = format!(
            "the rings that are assigned automatically get {:.0}% of the devices, not 100%",
            automatic_shares.1 * 100.0
        );
        cx.error("RC201", "rings", message, "name all rings of the service, or give one `size: rest`");
    }
    let never_filled = |ring: &schema::Ring| {
        ring.size == Some(Size::Automatic)
            && ring.filter.is_none()
            && ring.members.is_none()
            && ring.automatic.is_some_and(|a| a.large.is_none_or(|s| s.get() == 0.0))
    };
    if named.get("Test").is_some_and(never_filled) && fleet.fleet.is_some() {
        let devices = fleet.count();
        let least = if devices < 500 {
            1
        } else if devices < 5_000 {
            5
        } else {
            50
        };
        let message = "automatic assignment leaves the ring `Test` empty";
        let help = format!(
            "the service recommends at least {least} by hand in a tenant of {devices}: `rings: {{ Test: {{ size: {least} }} }}` beside the other rings"
        );
        cx.warning("RC250", "rings.Test", message, help);
    }
}

fn check_graph(cx: &mut Cx<'_>, named: &crate::de::Named<schema::Ring>, names: &[String]) {
    let position = |name: &str| names.iter().position(|known| known == name);
    let waits: Vec<(usize, usize)> = named
        .iter()
        .enumerate()
        .filter_map(|(i, (_, ring))| Some((i, position(ring.start.as_ref()?.after.as_deref()?)?)))
        .collect();
    if let Err(cycle) = ring_order(names.len(), &waits) {
        let mut path: Vec<&str> = cycle.iter().map(|&i| names[i].as_str()).collect();
        path.push(path[0]);
        let message = format!("rings wait for each other in a circle: {}", path.join(" after "));
        let help = "let one of them start by time alone";
        cx.error("RC203", &at(&["rings", &names[cycle[0]], "start", "after"]), message, help);
    }
}

pub(super) fn freezes(
    cx: &mut Cx<'_>,
    scenario: &Scenario,
    names: &[String],
    zone: Option<&Zone>,
) -> Option<Vec<Freeze>> {
    let mut all = true;
    let mut freezes = Vec::new();
    for (name, freeze) in scenario.freezes.iter().flat_map(|f| f.iter()) {
        let path = at(&["freezes", name]);
        let zone = freeze.zone.as_ref().or(zone).cloned().unwrap_or_else(Zone::utc);
        let (from, to) = cx.span;
        let spans: Vec<Span> = match (&freeze.every, &freeze.during) {
            (Some(week), None) => cx.epoch.week(week, zone.rules(), from, to).spans().to_vec(),
            (None, Some(period)) => {
                let span = Span {
                    from: cx.epoch.moment(&period.from, zone.rules()),
                    to: cx.epoch.moment(&period.to, zone.rules()),
                };
                if span.from >= span.to {
                    let help = "exchange the two moments";
                    cx.error("RC222", &format!("{path}.during"), "the freeze ends before it begins", help);
                    all = false;
                }
                vec![span]
            }
            _ => {
                let message = format!("freeze `{name}` needs either `every` or `during`");
                let help =
                    "write `every: Fri 17:00 to Mon 06:00` or `during: 2026-12-19 00:00 to 2027-01-04 06:00`";
                match (&freeze.every, &freeze.during) {
                    (None, None) => cx.missing("RC222", &path, &["every", "during"], message, help),
                    _ => cx.error("RC222", &path, message, help),
                }
                all = false;
                continue;
            }
        };
        let mut rings = vec![freeze.rings.is_none(); names.len()];
        for (i, ring) in freeze.rings.iter().flatten().enumerate() {
            match names.iter().position(|known| known == ring) {
                Some(found) => rings[found] = true,
                None => {
                    cx.unknown_unless_unread(
                        "RC204",
                        &format!("{path}.rings.{i}"),
                        ("rings", "ring"),
                        ring,
                        names,
                    );
                    all = false;
                }
            }
        }
        let by = match freeze.by {
            Some(FreezeBy::HoldRestarts) => PlanFreezeBy::HoldRestarts,
            Some(FreezeBy::Ideal) => PlanFreezeBy::Ideal,
            Some(FreezeBy::Pause) | None => PlanFreezeBy::Pause,
        };
        freezes.push(Freeze { spans, rings, by });
    }
    all.then_some(freezes)
}

/// Warns where the horizon ends before the slowest ring can be done: its last device offered, and the deadline
/// of that device. A ring with a gate starts after the ring that it waits for at the earliest.
pub(super) fn check_horizon(cx: &mut Cx<'_>, plan: &Plan, names: &[String]) {
    let gates = plan.rings.iter().enumerate().filter_map(|(i, r)| Some((i, usize::from(r.gate?.after.0))));
    // A circle has been reported.
    let Ok(order) = ring_order(plan.rings.len(), &gates.collect::<Vec<_>>()) else { return };
    let mut starts = vec![0; plan.rings.len()];
    for i in order {
        let ring = &plan.rings[i];
        let opens = ring.gate.map_or(0, |gate| starts[usize::from(gate.after.0)] + gate.wait_s);
        starts[i] = ring.deferral_s.max(opens);
    }
    let done = |i: usize| {
        let ring = &plan.rings[i];
        starts[i] + ring.ramp.points.last().map_or(0, |p| p.1) + ring.deadline_s.unwrap_or(0)
    };
    let Some(slowest) = (0..plan.rings.len()).max_by_key(|i| done(*i)) else { return };
    let Some(release) = plan.releases.last() else { return };
    if release.published + done(slowest) >= plan.horizon {
        let days = done(slowest) / DAY_S;
        let what = if plan.rings[slowest].deadline_s.is_some() { "the deadline" } else { "the last offer" };
        let message = format!("the horizon ends before {what} of ring `{}` on day {days}", names[slowest]);
        cx.warning("RC252", "horizon", message, format!("write `horizon: {} d` or more", days + 10));
    }
}
