//! What `gates` of a plan becomes: rules alone, bad releases at defect rates, rings of other sizes; and what is refused.

use std::{path::Path, sync::Arc};

use rollcast_scenario::{
    diagnostic::{Diagnostic, Source},
    load::Problems,
    study::Study,
};

const SCENARIO: &str = "\
service: autopatch/2022-08
fleet: { devices: 3000, mix: { model: { Latitude 7450: 30%, OptiPlex 7020: rest } } }
rings: { Test: { size: 20 }, First: { size: 100 }, Fast: {}, Broad: {} }
release: { published: 2026-10-13 }
decisions: { the fix: { at: 2026-10-20 09:00, do: pause all rings } }
people: { on-call: {} }
";
const RULES: &str = "\
rules:
  stop: { who: on-call, when: { count: failed, at-least: 3 }, do: pause later rings }
  calls: { when: { count: tickets, at-least: 50 }, do: [resume Test, withdraw] }
  resume: { when: { count: tickets, at-least: 1 }, do: resume all rings }
";
const BANK: &str = "bank: { from: standard/2026, only: [good, 1 in 1000 crash, boot loop on one model] }\n";

fn study(text: &str) -> Result<Study, Problems> {
    let source = Arc::new(Source { name: "test.yaml".into(), text: text.into() });
    Study::of_source(source, Path::new(""), Vec::new())
}

fn said(text: &str) -> Vec<Diagnostic> {
    let alone = study(text).and_then(|study| study.rules_alone());
    alone.err().map_or(Vec::new(), |Problems(found)| found)
}

#[test]
fn each_rule_that_stops_is_played_alone_and_all_are_together() {
    let study = study(&format!("{SCENARIO}{RULES}{BANK}gates: {{ rates: [1%, 1 in 1000] }}\n"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let alone = study.rules_alone().unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(alone.rules, ["stop", "calls"]);
    assert!(alone.without_decisions && alone.on.is_none());
    assert_eq!(alone.rings, ["Test", "First", "Fast", "Broad"]);
    let rules = |strategy: usize, member: usize| {
        let base = alone.study.base(strategy);
        let changes = alone.study.changes(Some(strategy), &[]);
        let labels = base.load(&changes).unwrap_or_else(|problems| panic!("{problems}")).labels;
        let changes = alone.study.with_member(strategy, &changes, member, &labels);
        let loaded = base.load(&changes).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(loaded.labels.decisions.is_empty());
        (loaded.labels.rules.clone(), loaded.layered.root)
    };
    let names: Vec<&str> = alone.study.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
    assert_eq!(names, ["stop", "calls", "all rules", "no rule"]);
    assert_eq!(rules(0, 0).0, ["stop"]);
    assert_eq!(rules(1, 0).0, ["calls"]);
    assert_eq!(rules(2, 0).0, ["stop", "calls", "resume"]);
    assert_eq!(rules(3, 0).0, [""; 0]);
    // The bank: good ones first, then each bad one at each rate; a clustered defect keeps its correlation.
    let bank = alone.study.bank.as_ref().map_or(Vec::new(), |bank| bank.members.clone());
    let members: Vec<&str> = bank.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(
        members,
        [
            "good",
            "boot loop on one model at 1%",
            "boot loop on one model at 0.1%",
            "1 in 1000 crash at 1%",
            "1 in 1000 crash at 0.1%"
        ]
    );
    let told = |member: usize, path: &str| {
        rules(0, member).1.at(path).map(|node| node.to_json().to_string()).unwrap_or_default()
    };
    assert_eq!(told(2, "defects.boot loop.share.clustered.mean"), "\"0.1%\"");
    assert_eq!(told(2, "defects.boot loop.share.clustered.correlation"), "0.9");
    assert_eq!(told(3, "defects.crash.share"), "\"1%\"");
    assert!((bank.iter().map(|member| member.weight).sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn without_gates_the_defaults_hold_and_a_good_release_is_added() {
    let bank = "bank: { from: standard/2026, only: 1 in 1000 crash }\n";
    let study = study(&format!("{SCENARIO}{RULES}{bank}")).unwrap_or_else(|problems| panic!("{problems}"));
    let alone = study.rules_alone().unwrap_or_else(|problems| panic!("{problems}"));
    let told: Vec<String> = alone
        .members
        .iter()
        .map(|(name, rate)| format!("{name} {}", rate.map_or("-".into(), |rate| rate.to_string())))
        .collect();
    let rates = ["0.01%", "0.1%", "1%", "10%"].map(|rate| format!("1 in 1000 crash {rate}"));
    assert_eq!(told[0], "good -");
    assert_eq!(told[1..], rates);
}

#[test]
fn the_ring_that_is_looked_for_has_its_sizes_and_its_replay() {
    let gates = "gates: { catch: { ring: First, member: 1 in 1000 crash, rate: 2%, sizes: 20 to 500 } }\n";
    let study = study(&format!("{SCENARIO}{RULES}{BANK}{gates}")).unwrap_or_else(|p| panic!("{p}"));
    let Some(catch) = study.smallest() else { panic!("no `catch`") };
    assert_eq!((catch.sizes, catch.probability.get(), catch.probability_given), ((20, 500), 0.9, false));
    let rings = ["Test", "First", "Fast", "Broad"].map(str::to_owned);
    let before = catch.before(&rings).unwrap_or_else(|problem| panic!("{problem}"));
    assert_eq!(before, "Fast");
    let sized = study.sized(catch, &before, &[20, 77]);
    let size = |strategy: usize| {
        let loaded = sized.base(strategy).load(&sized.changes(Some(strategy), &[]));
        let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
        loaded.layered.root.at("rings.First.size").and_then(|node| node.text().map(str::to_owned))
    };
    assert_eq!([size(0), size(1)], [Some("20".into()), Some("77".into())]);
    let options = [("--gate", "all rules".to_owned()), ("--set", "rings.First.size=77".to_owned())];
    assert_eq!(sized.strategies[1].options, options);
    let members = |study: &Study| study.bank.as_ref().map_or(0, |bank| bank.members.len());
    assert_eq!(members(&sized), 1);
    let again = study.gate_alone().unwrap_or_else(|problems| panic!("{problems}"));
    let of_bank = again.bank.as_ref().and_then(|bank| bank.members.last());
    assert_eq!(of_bank.map(|member| member.name.as_str()), Some("1 in 1000 crash at 2%"));
}

#[test]
fn what_cannot_be_asked_is_refused_with_its_place_and_a_way_out() {
    let whole = |gates: &str| format!("{SCENARIO}{RULES}{BANK}gates: {{ {gates} }}\n");
    let catch = |more: &str| whole(&format!("catch: {{ member: 1 in 1000 crash, {more} }}"));
    for (text, code, words) in [
        (format!("{SCENARIO}{BANK}"), "RC218", "no rule stops a release"),
        (format!("{SCENARIO}{RULES}"), "RC218", "there is no bank of releases to stop"),
        (whole("rules: [stopp]"), "RC239", "`stopp` is no rule"),
        (whole("rules: [resume]"), "RC239", "stops no release"),
        (whole("rules: [stop, stop]"), "RC239", "named twice"),
        (whole("rates: [0%, 1%]"), "RC212", "good release"),
        (whole("rates: [1%, 1 in 100]"), "RC212", "listed twice"),
        (whole("rates: []"), "RC218", "lists no defect rate"),
        (catch("ring: Frist, sizes: 20 to 500"), "RC204", "`Frist` is no ring"),
        (catch("ring: First, before: Brod, sizes: 20 to 500"), "RC204", "`Brod` is no ring"),
        (catch("ring: First, before: Test, sizes: 20 to 500"), "RC212", "does not come after"),
        (catch("ring: Broad, sizes: 20 to 500"), "RC212", "no ring comes after"),
        (catch("sizes: 20 to 500"), "RC218", "which ring"),
        (catch("ring: First"), "RC218", "between which sizes"),
        (catch("ring: First, sizes: 500 to 20"), "RC140", "not below its second"),
        (catch("ring: First, sizes: 1% to 5%"), "RC212", "no range of ring sizes"),
        (catch("ring: First, sizes: 0 to 5"), "RC212", "no range of ring sizes"),
        (catch("ring: First, sizes: 20 to 500, probability: 100%"), "RC212", "cannot be shown"),
        (catch("ring: First, sizes: 20 to 500, probability: 0%"), "RC212", "cannot be shown"),
        (catch("ring: First, sizes: 20 to 500, rate: 0%"), "RC212", "nothing is to be caught"),
        (whole("catch: { ring: First, sizes: 20 to 500 }"), "RC218", "which release"),
        (whole("catch: { ring: First, member: good, sizes: 20 to 500 }"), "RC235", "nothing to catch"),
        (whole("catch: { ring: First, member: crash, sizes: 20 to 500 }"), "RC235", "no member"),
        (
            whole("rates: [1%]").replace(
                "release: { published: 2026-10-13 }",
                "releases: { bad: { published: 2026-10-13 } }",
            ) + "defects: { crash: { in: bad, share: 2%, shows: at restart } }\n\
                   uncertain: { defects.crash.share: 1% to 5% }\n",
            "RC220",
            "gives the defects of the bank its rates",
        ),
    ] {
        let found = said(&text);
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [code], "{text}\n{found:?}");
        assert!(found[0].message.contains(words), "{text}\n{}", found[0]);
        let (line, column) = found[0].span.as_ref().map_or((0, 0), |span| span.line_column());
        assert!(line > 0 && column > 0 && found[0].help.is_some(), "{text}\n{}", found[0]);
    }
}
