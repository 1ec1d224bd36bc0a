//! Each feature of defects, people, rules and commands changes what is played: seen in the plan, or in a run.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::Path, sync::Arc};

use rollcast_core::{
    goals::Wants,
    metrics::Metric,
    outcome::Outcome,
    plan::{
        Act, Counted, CrewId, DefectId, Denominator, Evaluate, Leaves, Plan, Prevalence, Reach, ReleaseId,
        RingId, Severity, Shows, Side, Success,
    },
    replicate::group,
    run::run,
    time::{DAY_S, HOUR_S, SimTime},
};
use rollcast_scenario::{
    diagnostic::Source,
    explain,
    load::{Loaded, Loader},
};

const BASE: &str = "
service: autopatch/2022-08
zone: Europe/Berlin
fleet: { devices: 2000, habits: { machine: { online: always } }, mix: { model: { A 1: 30%, A 2: 20%, B: rest } } }
rings: { Test: { size: 100 }, First: { size: 200 }, Fast: { size: 500 }, Broad: { size: rest } }
releases: { October: { published: 2026-10-13 }, November: { published: 2026-11-10 } }
background: { failures: 0%, tickets: 0% }
device: { telemetry: { every: at once, loss: 0%, latency: 0 min } }
";

fn load_text(text: &str) -> Result<Loaded, String> {
    let source = Arc::new(Source { name: "test.yaml".into(), text: text.to_owned() });
    Loader::new().load_source(source, Path::new("")).map_err(|problems| problems.to_string())
}

fn load(more: &str) -> Loaded {
    let text = format!("{BASE}{more}");
    load_text(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn plan(more: &str) -> Plan {
    load(more).plan
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.warnings.iter().map(|warning| warning.code).filter(|code| code.starts_with("RC26")).collect()
}

fn play(loaded: &Loaded) -> Outcome {
    run(&loaded.plan, loaded.seed, 0)
}

fn value(loaded: &Loaded, outcome: &Outcome, metric: &str, release: u16) -> f64 {
    let metric = Metric::parse(metric).unwrap();
    let fleet = outcome.fleet(&loaded.plan, ReleaseId(release));
    metric.value(&group(&loaded.plan, outcome, &fleet, None, ReleaseId(release))).unwrap_or(f64::NAN)
}

/// Watched for less than the 35 days after which a pause expires.
const DEFECT: &str = "horizon: 30 d\ndefects: { d: { in: October, share: 10% } }\n";

#[test]
fn telemetry_is_what_the_scenario_says() {
    let of = |telemetry: &str| {
        let text = BASE.replace("{ every: at once, loss: 0%, latency: 0 min }", telemetry);
        load_text(&text).unwrap().plan.device.telemetry
    };
    let t = of("{ every: 12 h, loss: 5%, latency: 1 h, success: installed }");
    assert_eq!((t.every_s, t.success), (Some(12 * HOUR_S), Success::Installed));
    assert!(!t.loss.is_never() && t.latency.mean() == 3_600.0);
    let t = of("{}");
    assert_eq!((t.every_s, t.success), (Some(DAY_S), Success::Restarted));
    assert_eq!(of("{ every: at once }").every_s, None);
}

#[test]
fn defects_name_their_releases_devices_and_consequences() {
    let plan = plan(
        "people: { desk: { hours: daily 08:00 to 20:00, zone: UTC } }
defects:
  one: { in: October, where: model = A*, share: 10%, shows: in install }
  two:
    in: [October, November]
    share: { by-value: { attribute: model, values: { A 1: 100%, A*: 0% }, else: 5% } }
    shows: after 2 h
    severity: annoying
    ticket: { share: 100%, after: 1 h, only-in: workdays 09:00 to 10:00 }
  three:
    in: November
    share: { clustered: { attribute: model, mean: 10%, correlation: 0.3 } }
    shows: { after: { gamma: { shape: 2, mean: 4 h } } }
    severity: down
    repair: { takes: 1 h, at-most: 12 a day, by: desk, leaves: worked-around }
  four: { in: October, share: 1%, shows: on 2026-10-31, severity: down, repair: {} }
",
    );
    let [one, two, three, four] = &plan.defects[..] else { panic!("four defects") };
    assert_eq!((&one.releases[..], &two.releases[..]), (&[true, false][..], &[true, true][..]));
    assert!(matches!(one.shows, Shows::InInstall) && !one.members.any_of.is_empty());
    assert_eq!(
        (one.severity, two.severity, three.severity),
        (Severity::Degraded, Severity::Annoying, Severity::Down)
    );
    let Prevalence::ByValue(_, coins) = &two.prevalence else { panic!("by value") };
    let models = &load("").labels.attributes;
    let models = &models.iter().find(|(name, _)| name == "model").unwrap().1;
    let never = |name: &str| coins[models.iter().position(|model| model == name).unwrap()].is_never();
    assert!(!never("A 1") && never("A 2") && !never("B"));
    let hours = two.ticket.as_ref().unwrap().hours.as_ref().unwrap();
    assert!(hours.spans().iter().all(|span| span.to - span.from == HOUR_S));
    assert!(
        matches!(three.prevalence, Prevalence::Clustered { mean, correlation, .. } if mean == 0.1 && correlation == 0.3)
    );
    let repair = three.repair.as_ref().unwrap();
    assert_eq!((repair.at_most_a_day, repair.leaves), (Some(12), Leaves::WorkedAround));
    // The desk's hours are UTC: 08:00 lies fifteen hours after the publication at 17:00 UTC.
    assert!(repair.hours.as_ref().unwrap().contains(SimTime(15 * HOUR_S)));
    assert!(!repair.hours.as_ref().unwrap().contains(SimTime(15 * HOUR_S - 1)));
    let repair = four.repair.as_ref().unwrap();
    assert_eq!((repair.at_most_a_day, repair.leaves, repair.hours.is_none()), (None, Leaves::Removed, true));
    // 2026-10-31 00:00 in Berlin, summer time being over, is 23:00 UTC.
    assert!(matches!(four.shows, Shows::On(at) if at == SimTime(17 * DAY_S + 6 * HOUR_S)));
}

#[test]
fn midnights_are_those_of_the_zone() {
    let loaded = load("");
    let midnights = &loaded.plan.midnights;
    assert!(midnights.iter().all(|at| loaded.labels.civil(*at).ends_with("00:00")));
    assert!(midnights[0] < SimTime(0) && *midnights.last().unwrap() > loaded.plan.horizon);
    // Summer time ends on 2026-10-25: one day has 25 hours.
    let days: Vec<i64> = midnights.windows(2).map(|pair| (pair[1] - pair[0]) / HOUR_S).collect();
    assert_eq!(days.iter().filter(|hours| **hours == 25).count(), 1);
    assert!(days.iter().all(|hours| *hours == 24 || *hours == 25));
}

#[test]
fn acts_find_names_with_spaces_and_words_of_the_grammar() {
    let text = "
service: autopatch/2022-08
fleet: { devices: 2000 }
rings: { A: { size: 10 }, ring for 2 h: { size: 10 }, A and more: { size: 10 }, from B: { size: rest } }
releases: { fix from May: { published: 2026-10-13 }, fix: { published: 2026-11-10 } }
defects: { off and on: { in: fix, share: 1% } }
decisions:
  a: { at: 2026-10-20, do: pause all rings }
  b: { at: 2026-10-21, do: [pause later rings for 10 h, resume A and more, pause ring for 2 h, pause ring for 2 h for 3 h] }
  c: { at: 2026-10-22, as: service, do: [uninstall fix from May from A, uninstall from A for 7 d, uninstall fix from from B and later] }
  d: { at: 2026-10-23, do: [switch off off and on, withdraw, withdraw fix from May] }
";
    let loaded = load_text(text).unwrap_or_else(|problems| panic!("{problems}"));
    let acts: Vec<Act> = loaded.plan.scripted.iter().map(|scripted| scripted.act).collect();
    let ring = |i: u16| Reach::Ring(RingId(i));
    let release = |i: u16| Some(ReleaseId(i));
    assert_eq!(
        acts,
        [
            Act::Pause { rings: Reach::All, for_s: None },
            Act::Pause { rings: Reach::Later, for_s: Some(10 * HOUR_S) },
            Act::Resume { rings: ring(2) },
            Act::Pause { rings: ring(1), for_s: None },
            Act::Pause { rings: ring(1), for_s: Some(3 * HOUR_S) },
            Act::Uninstall { release: release(0), rings: ring(0), for_s: None },
            Act::Uninstall { release: None, rings: ring(0), for_s: Some(7 * DAY_S) },
            Act::Uninstall { release: release(1), rings: Reach::From(RingId(3)), for_s: None },
            Act::SwitchOff { defect: DefectId(0) },
            Act::Withdraw { release: None },
            Act::Withdraw { release: release(0) },
        ]
    );
    assert_eq!(loaded.plan.scripted[5].side, Side::Service);
    assert_eq!(loaded.labels.decisions[0], "a");
    assert_eq!(loaded.labels.decisions[2], "b (resume A and more)");
    assert_eq!(loaded.labels.causes.last().unwrap(), "off and on");
}

#[test]
fn rules_count_what_they_say_and_people_decide() {
    let plan = plan(
        "people:
  day: { staff: 3, hours: Mon-Fri 07:00 to 19:00, notices: 5 min, decides: 1 h, outside: paged after 3 h }
  vendor: { acts-as: service }
defects: { d: { in: October, share: 1%, ticket: {} } }
rules:
  a: { who: day, in: [First, Fast], each-ring: true, releases: October, when: { count: failed, within: 4 h, at-least: 8, of: offered, above: 2%, min-sample: 50 }, do: pause later rings }
  b: { who: vendor, when: { count: install-failed }, evaluate: daily 09:00, do: withdraw }
  c: { as: service, when: { count: tickets, above: 1% }, do: [pause Fast, resume First] }
",
    );
    let [day, vendor] = &plan.crews[..] else { panic!("two crews") };
    assert_eq!(
        (day.staff, day.paged_after_s, vendor.staff, vendor.paged_after_s),
        (3, Some(3 * HOUR_S), 1, None)
    );
    // Tuesday 19:00 in Berlin is the publication: work is over.
    assert!(day.hours.contains(SimTime(-1)) && !day.hours.contains(SimTime(0)));
    let [a, b, c] = &plan.rules[..] else { panic!("three rules") };
    assert_eq!(
        (a.crew, a.side, b.side, c.crew, c.side),
        (Some(CrewId(0)), Side::Tenant, Side::Service, None, Side::Service)
    );
    assert_eq!(a.rings, [false, true, true, false]);
    assert_eq!((a.each_ring, b.each_ring, &a.releases[..]), (true, false, &[true, false][..]));
    assert_eq!((a.when.count, a.when.within_s, a.when.at_least), (Counted::Failed, Some(4 * HOUR_S), 8));
    let share = a.when.share.unwrap();
    assert_eq!((share.of, share.above, share.min_sample), (Denominator::Offered, 0.02, 50));
    assert_eq!((b.when.at_least, b.when.share), (1, None));
    assert_eq!(c.when.share.unwrap().of, Denominator::Registered);
    assert_eq!((a.evaluate == Evaluate::Tick, c.acts.len()), (true, 2));
    let Evaluate::At(instants) = &b.evaluate else { panic!("daily") };
    // 09:00 in Berlin, fourteen hours after the publication, then every day.
    assert_eq!((instants[0], instants.len() as i64), (SimTime(14 * HOUR_S), plan.horizon.0 / DAY_S));
}

#[test]
fn background_and_management_have_defaults_that_can_be_changed() {
    let text = BASE.replace("background: { failures: 0%, tickets: 0% }", "");
    assert!(load_text(&text).unwrap().plan.background.failures.is_none(), "nobody looks");
    let watched = load_text(&format!("{text}{DEFECT}")).unwrap();
    assert!(watched.plan.background.failures.is_some() && watched.plan.background.tickets.is_some());
    let explained = explain::explain(&watched.layered);
    for line in ["failures: 0.5% a month", "pause-expires: 35 d", "max-decisions: 1000", "severity: degraded"]
    {
        assert!(explained.contains(line), "{line}\n{explained}");
    }
    assert!(!explained.contains("repair:") && !explained.contains("ticket:"), "{explained}");
    assert!(plan(DEFECT).background.failures.is_none());
    let m = watched.plan.management;
    assert_eq!(
        (m.pause_expires_s, m.tenant_lifts_service, m.max_decisions),
        (Some(35 * DAY_S), false, 1_000)
    );
    assert!(m.uninstall.push.is_some());
    let m = plan(
        "management: { pause-expires: never, tenant-lifts-service: true, uninstall: { received: at sync, takes: 1 h, fails: 0% } }
max-decisions: 7\n",
    )
    .management;
    assert_eq!((m.pause_expires_s, m.tenant_lifts_service, m.max_decisions), (None, true, 7));
    assert!(
        m.uninstall.push.is_none() && m.uninstall.fails.is_never() && m.uninstall.takes.mean() == 3_600.0
    );
}

#[test]
fn out_of_band_releases_follow_and_pushes_are_pushed() {
    let text = "
fleet: { devices: 100 }
rings: { A: { size: 50 }, B: { size: rest, deferral: 6 d } }
releases:
  one: { published: 2026-10-13 }
  two: { published: 2026-11-10 }
  three: { kind: out-of-band, published: 2026-11-13 }
  four: { kind: out-of-band, supersedes: one, published: 2026-11-14 }
";
    let plan = load_text(text).unwrap().plan;
    let follows: Vec<_> = plan.releases.iter().map(|release| release.follows).collect();
    assert_eq!(follows, [None, None, Some(ReleaseId(1)), Some(ReleaseId(0))]);
    let offer = |ring: u16, release: u16| plan.earliest_offer(RingId(ring), ReleaseId(release));
    assert_eq!(offer(1, 2), offer(1, 1));
    assert_eq!(offer(0, 2), plan.releases[2].published);
    let push = |more: &str| {
        let text =
            format!("fleet: {{ devices: 100 }}\nrelease: {{ kind: push, published: 2026-10-13{more} }}\n");
        load_text(&text).unwrap_or_else(|problems| panic!("{problems}")).plan.releases[0]
            .push
            .clone()
            .unwrap()
    };
    assert!(push("").ignores_rings && push("").reaches.mean() > 0.0);
    let kept = push(", rings: kept, reaches: 5 min");
    assert!(!kept.ignores_rings && kept.reaches.mean() == 300.0);
}

#[test]
fn goals_in_one_line() {
    let loaded = load(
        "goals: [harmed.p95 <= 200, patched.h95 <= 14 d, objective.share.p5 >= 95%, down.device-hours <= 12.5]\n",
    );
    let goals: Vec<_> = loaded.goals.iter().filter(|(goal, _)| goal.release == ReleaseId(0)).collect();
    assert_eq!((loaded.goals.len(), goals.len()), (8, 4));
    assert_eq!((goals[0].0.wants, goals[0].0.in_share), (Wants::AtMost(Metric::Harmed, 200.0), Some(0.95)));
    assert!(matches!(goals[1].0.wants, Wants::AtMost(Metric::Hours(..), hours) if hours == 336.0));
    assert_eq!(goals[1].0.in_share, None);
    assert_eq!(
        (goals[2].0.wants, goals[2].0.in_share),
        (Wants::AtLeast(Metric::ObjectiveShare, 0.95), Some(0.95))
    );
    assert_eq!(goals[3].0.wants, Wants::AtMost(Metric::DownDeviceHours, 12.5));
    assert_eq!(goals[0].1, "harmed.p95 <= 200 (October)");
    for (text, code) in [("harmd <= 3", "RC214"), ("harmed <= 3 d", "RC215"), ("harmed < 3", "RC133")] {
        let error = load_text(&format!("{BASE}goals: [{text}]\n")).unwrap_err();
        assert!(error.contains(code), "{text}: {error}");
    }
}

#[test]
fn a_rule_stops_a_bad_release_and_nothing_else() {
    let rule = "rules: { stop: { when: { count: failed, at-least: 5 }, do: pause all rings } }\n";
    let without = load(DEFECT);
    let with = load(&format!("{DEFECT}{rule}"));
    let good = load(&format!("horizon: 30 d\n{rule}"));
    assert_eq!((codes(&without), codes(&with), codes(&good)), (vec![], vec![], vec!["RC265"]));
    let (loose, stopped, quiet) = (play(&without), play(&with), play(&good));
    assert!(quiet.decisions.is_empty(), "nothing fails, so no rule fires");
    assert_eq!(stopped.decisions.len(), 1);
    let (many, few) = (value(&without, &loose, "harmed", 0), value(&with, &stopped, "harmed", 0));
    assert!((150.0..250.0).contains(&many) && (5.0..30.0).contains(&few), "{many} and {few}");
}

#[test]
fn scripted_decisions_change_what_is_played() {
    let harmed = |more: &str| {
        let loaded = load(&format!("{DEFECT}{more}"));
        let outcome = play(&loaded);
        (value(&loaded, &outcome, "harmed", 0), value(&loaded, &outcome, "rolled-back.devices", 0))
    };
    let (all, _) = harmed("");
    let (paused, _) = harmed("decisions: { stop: { at: 2026-10-13 20:00, do: pause Fast and later } }\n");
    let (withdrawn, _) = harmed("decisions: { stop: { at: 2026-10-13 19:01, do: withdraw October } }\n");
    let (_, back) = harmed("decisions: { back: { at: 2026-10-17, do: uninstall October from all rings } }\n");
    // Test and First are a third of what comes before Fast; a withdrawal after a minute leaves next to nobody.
    assert!(paused < all / 3.0 && paused > 0.0 && withdrawn <= 2.0, "{all}, {paused}, {withdrawn}");
    assert!(back > 100.0, "{back}");
}

#[test]
fn rules_that_can_never_fire_are_told() {
    let of =
        |rule: &str| codes(&load(&format!("{DEFECT}rules: {{ stop: {{ {rule}, do: pause all rings }} }}\n")));
    for (rule, warned) in [
        ("in: Test, when: { count: failed, above: 2%, min-sample: 101 }", true),
        ("in: Test, when: { count: failed, above: 2%, min-sample: 100 }", false),
        ("in: [Test, First], when: { count: failed, at-least: 300 }", false),
        ("in: [Test, First], when: { count: failed, at-least: 301 }", true),
        ("in: [Test, First], each-ring: true, when: { count: failed, at-least: 201 }", true),
        ("in: Broad, when: { count: failed, at-least: 1200 }", false),
        ("in: Broad, when: { count: failed, at-least: 1201 }", true),
        ("when: { count: failed, at-least: 2001 }", true),
        ("when: { count: failed, above: 100% }", true),
        ("when: { count: failed, within: 59 min }", true),
        ("when: { count: failed, within: 1 h }", false),
    ] {
        assert_eq!(of(rule), if warned { vec!["RC260"] } else { vec![] }, "{rule}");
    }
}

#[test]
fn rules_over_automatic_rings_are_told_too() {
    let of = |devices: u32, more: &str, rule: &str| {
        let text = format!(
            "service: autopatch/2025-03\nfleet: {{ devices: {devices} }}\n{more}\n\
             release: {{ published: 2026-10-13 }}\n\
             rules: {{ stop: {{ {rule}, do: pause all rings }} }}\n"
        );
        codes(&load_text(&text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))) == ["RC260"]
    };
    let test = "rings: { Test: { size: 50 }, Ring1: {}, Ring2: {}, Ring3: {} }";
    for (devices, more, rule, warned) in [
        (3_000, "", "in: Ring1, when: { count: failed, above: 1%, min-sample: 100 }", true),
        (3_000, "", "in: Ring1, when: { count: failed, at-least: 31 }", true),
        (3_000, "", "in: Ring1, when: { count: failed, at-least: 30 }", false),
        (3_000, test, "in: Ring1, when: { count: failed, at-least: 31 }", true),
        (
            3_000,
            test,
            "in: [Test, Ring1], each-ring: true, when: { count: failed, above: 1%, min-sample: 60 }",
            true,
        ),
        (
            3_000,
            test,
            "in: [Test, Ring1], each-ring: true, when: { count: failed, above: 1%, min-sample: 50 }",
            false,
        ),
        // A small tenant has 5 % in Ring1.
        (180, "", "in: Ring1, when: { count: failed, at-least: 9 }", false),
        (180, "", "in: Ring1, when: { count: failed, at-least: 10 }", true),
        // The first 200 are registered with a small tenant: 10 of them, and 28 of the others.
        (3_000, "automatic: { batch: 1 }", "in: Ring1, when: { count: failed, at-least: 38 }", false),
    ] {
        assert_eq!(of(devices, more, rule), warned, "{devices} devices, {more}, {rule}");
    }
}

fn refusal(more: &str) -> String {
    load_text(&format!("{BASE}{more}")).err().unwrap_or_else(|| panic!("{more} loads"))
}

#[test]
fn messages_about_acts_and_bounds_say_how_they_are_written() {
    let act = |act: &str| refusal(&format!("decisions: {{ stop: {{ at: 2026-10-16, do: {act} }} }}\n"));
    for (text, code, says) in [
        ("{ pause: all rings }", "RC104", "write `pause all rings`"),
        ("pause all rings for -1 h", "RC120", "negative"),
        ("pause all rings for 9999999999 d", "RC120", "ten years"),
        ("uninstall October from Test for 3", "RC120", "no unit"),
        ("[]", "RC218", "another act"),
    ] {
        let found = act(text);
        assert!(found.contains(code) && found.contains(says), "{text}: {found}");
    }
    for bound in ["many", "200 devices"] {
        let found = refusal(&format!("goals: [ harmed <= {bound} ]\n"));
        let says = format!("`{bound}` is not a bound");
        assert!(found.contains(&says) && found.contains("plain number"), "{found}");
    }
    let found = refusal("goals: [ patched.h95 <= 5 m ]\n");
    assert!(found.contains("`5 m` is not a length of time"), "{found}");
}

#[test]
fn keys_without_a_value_are_no_defaults() {
    let defect =
        |more: &str| format!("defects: {{ d: {{ in: October, share: 1%, severity: down, {more} }} }}\n");
    for text in
        [defect("repair: "), defect("repair: {}, ticket: "), "management:\n".into(), "device:\n".into()]
    {
        let text = if text == "device:\n" {
            BASE.lines().filter(|line| !line.starts_with("device")).fold(text, |all, line| all + line + "\n")
        } else {
            format!("{BASE}{text}")
        };
        let found = load_text(&text).err().unwrap_or_else(|| panic!("{text} loads"));
        assert!(found.contains("RC105") && found.matches("error[").count() == 1, "{text}: {found}");
    }
    assert_eq!(codes(&load(&defect("repair: {}, ticket: {}"))), Vec::<&str>::new());
}

#[test]
fn too_many_members_are_refused_at_once() {
    for (map, member, most) in [
        ("defects", "{ in: October, share: 1% }", 250),
        ("people", "{}", 1_000),
        ("rules", "{ when: { count: failed }, do: pause all rings }", 1_000),
        ("decisions", "{ at: 2026-10-16, do: pause all rings }", 1_000),
    ] {
        let of = |count: usize| -> String {
            (0..count).fold(format!("{map}:\n"), |all, n| format!("{all}  m{n}: {member}\n"))
        };
        let start = std::time::Instant::now();
        let found = refusal(&of(most + 1));
        assert!(found.contains("RC212") && found.contains(&format!("{} {map}", most + 1)), "{found}");
        assert!(start.elapsed().as_secs() < 5, "{map} took {:?}", start.elapsed());
    }
}

#[test]
fn rings_are_not_named_like_several() {
    for name in ["all rings", "later rings", "Fast and later"] {
        let text = BASE.replace("Broad: { size: rest }", &format!("{name}: {{ size: rest }}"));
        let found = load_text(&text).err().unwrap_or_else(|| panic!("{name} loads"));
        assert!(found.contains("RC232") && found.contains(name), "{found}");
    }
}
