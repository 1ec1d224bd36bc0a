//! What plans mean: strategies, axes, conditions, uncertain settings and release banks over a small scenario.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf};

use rollcast_core::plan::{Defect, Prevalence, Shows};
use rollcast_scenario::{
    diagnostic::Diagnostic,
    load::{Base, Loaded, Problems},
    study::{Level, Study},
};

const BASE: &str = "\
service: autopatch/2022-08
zone: Europe/Berlin
fleet: { devices: 2000, mix: { role: { it: 10%, office: rest } } }
rings: { Test: { size: 20 }, First: { size: 200 }, Fast: { size: 20%, deferral: 6 d }, Broad: { size: rest } }
people: { on-call: { hours: Mon-Fri 07:00 to 19:00 } }
rules: { stop: { who: on-call, when: { count: failed, at-least: 3 }, do: pause later rings } }
releases: { A: { published: 2026-07-14 }, B: { published: 2026-10-13 } }
defects:
  docking: { in: A, share: 2%, shows: at restart }
  printing: { in: B, share: 3%, shows: at restart }
  both: { in: [A, B], share: 4%, shows: at restart }
";

/// A folder with a scenario, a plan over it and other files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(base: &str, plan: &str) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.put("base.yaml", base);
        folder.put("plan.yaml", &format!("base: base.yaml\n{plan}"));
        folder
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, sets: &[&str]) -> Result<Study, Problems> {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        Study::read(&[self.path("plan.yaml")], &sets)
    }
}

fn study_with(plan: &str, sets: &[&str]) -> Study {
    Folder::with(BASE, plan).read(sets).unwrap_or_else(|problems| panic!("{plan}\n{problems}"))
}

fn study(plan: &str) -> Study {
    study_with(plan, &[])
}

fn load(study: &Study, strategy: usize, levels: &[Level]) -> Result<Loaded, Problems> {
    study.base(strategy).load(&study.changes(Some(strategy), levels))
}

fn loaded(study: &Study, strategy: usize) -> Loaded {
    load(study, strategy, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What stands at a path of the effective scenario.
fn at(loaded: &Loaded, path: &str) -> String {
    loaded.layered.root.at(path).and_then(|node| node.text()).unwrap_or("nothing").to_owned()
}

/// The one problem of a plan that cannot be read.
fn refused(plan: &str) -> Diagnostic {
    match Folder::with(BASE, plan).read(&[]) {
        Ok(_) => panic!("it is read: {plan}"),
        Err(Problems(mut found)) => {
            assert_eq!(found.len(), 1, "{plan}\n{found:?}");
            found.remove(0)
        }
    }
}

/// File, line and column of a problem.
fn place(problem: &Diagnostic) -> (String, usize, usize) {
    let span = problem.span.as_ref().unwrap();
    let (line, column) = span.line_column();
    let name = PathBuf::from(&span.source.name).file_name().unwrap().to_string_lossy().into_owned();
    (name, line, column)
}

fn plan_place(line: usize, column: usize) -> (String, usize, usize) {
    ("plan.yaml".to_owned(), line, column)
}

fn help(problem: &Diagnostic) -> &str {
    problem.help.as_deref().unwrap_or("")
}

// Strategies

#[test]
fn errors_in_strategies_point_into_the_plan() {
    let study = study("strategies:\n  today: {}\n  cautious:\n    rings.First.size: many\n");
    assert!(load(&study, 0, &[]).is_ok());
    let Problems(found) = load(&study, 1, &[]).unwrap_err();
    assert_eq!((found.len(), found[0].code), (1, "RC122"), "{found:?}");
    assert_eq!(place(&found[0]), plan_place(5, 23));
}

#[test]
fn a_strategy_takes_what_it_does_not_change_from_its_base() {
    let study = study(
        "set: { rings.Broad.deferral: 11 d }\nstrategies:\n  today: {}\n  cautious: { rings.Fast.deferral: 8 d, rings.First: { size: 300 } }\n",
    );
    let (today, cautious) = (loaded(&study, 0), loaded(&study, 1));
    assert_eq!(
        (at(&today, "rings.Fast.deferral"), at(&cautious, "rings.Fast.deferral")),
        ("6 d".into(), "8 d".into())
    );
    assert_eq!(
        (at(&today, "rings.First.size"), at(&cautious, "rings.First.size")),
        ("200".into(), "300".into())
    );
    for loaded in [&today, &cautious] {
        assert_eq!(at(loaded, "rings.Broad.deferral"), "11 d", "`set` holds for all strategies");
        assert_eq!(loaded.labels.rings, ["Test", "First", "Fast", "Broad"]);
    }
}

#[test]
fn what_is_not_there_is_refused_with_a_suggestion() {
    let found = study("strategies:\n  today: {}\n  slip:\n    rings.Frist.size: 3\n").astray(1);
    assert_eq!((found.len(), found[0].code), (1, "RC112"), "{found:?}");
    assert_eq!((place(&found[0]), help(&found[0])), (plan_place(5, 5), "did you mean `First`?"));

    let found = study("set: { people.oncall.staff: 2 }\n").astray(0);
    assert_eq!((found.len(), help(&found[0])), (1, "did you mean `on-call`?"), "{found:?}");

    let blocks = "axes:\n  policy: { today: {}, slow: { rings.Slow.deferral: 9 d } }\n";
    let found = study(blocks).astray(0);
    assert_eq!((found.len(), found[0].code), (1, "RC112"), "not the first block alone: {found:?}");
}

#[test]
fn what_the_plan_itself_brings_is_there() {
    for plan in [
        "set: { people.night: { staff: 1 } }\nstrategies: { a: { people.night.staff: 2 } }\n",
        "strategies: { a: { people.night: { staff: 1 }, people.night.staff: 2 } }\n",
        "strategies: { a: {}, six: { rings: { R1: { size: 5 }, R2: { size: rest } } } }\nvary: six\naxes: { rings.R1.size: [5, 10] }\n",
        "set: { service: autopatch/2025-03, rings: { Ring1: {} } }\nstrategies: { a: { rings.Ring1.size: 9 } }\n",
    ] {
        let study = study(plan);
        for strategy in 0..study.strategies.len() {
            assert!(study.astray(strategy).is_empty(), "{plan}: {:?}", study.astray(strategy));
        }
    }
    // Rings of a service that the strategy itself names.
    let folder = Folder::with(
        "service: autopatch/2022-08\nfleet: { devices: 900 }\nrelease: { published: 2026-10-13 }\n",
        "strategies: { now: {}, next: { service: autopatch/2025-03, rings.Ring1.size: 9 } }\n",
    );
    let study = folder.read(&[]).unwrap();
    assert!(study.astray(1).is_empty(), "{:?}", study.astray(1));
    assert_eq!(loaded(&study, 1).labels.rings, ["Test", "Ring1", "Ring2", "Ring3", "Last"]);
}

#[test]
fn the_command_line_lies_over_strategies_axes_and_members() {
    let folder = Folder::with(
        BASE,
        "strategies: { a: { rings.First.size: 300 } }\naxes: { rings.First.size: [100, 400] }\nbank: { from: ours.yaml, in: B }\n",
    );
    folder.put(
        "ours.yaml",
        "members: { slow: { weight: 1, assumption: a test, set: { rings.First.size: 500, rings.Fast.size: 30% } } }\n",
    );
    for (sets, first) in [(&[][..], "500"), (&["rings.First.size=77"][..], "77")] {
        let study = folder.read(sets).unwrap();
        let plain = loaded(&study, 0);
        let axis = load(&study, 0, &[study.axes[0].level(1)]).unwrap();
        let changes = study.changes(Some(0), &[study.axes[0].level(1)]);
        let member = study.base(0).load(&study.with_member(0, &changes, 0, &plain.labels)).unwrap();
        assert_eq!(at(&member, "rings.First.size"), first);
        assert_eq!(at(&member, "rings.Fast.size"), "30%");
        if sets.is_empty() {
            assert_eq!(
                (at(&plain, "rings.First.size"), at(&axis, "rings.First.size")),
                ("300".into(), "400".into())
            );
        } else {
            assert_eq!(
                (at(&plain, "rings.First.size"), at(&axis, "rings.First.size")),
                ("77".into(), "77".into())
            );
        }
    }
}

#[test]
fn several_scenarios_are_strategies_by_the_names_of_their_files() {
    let folder = Folder::with(BASE, "");
    folder.put("wide.yaml", &BASE.replace("size: 200", "size: 500"));
    let study = Study::read(&[folder.path("base.yaml"), folder.path("wide.yaml")], &[]).unwrap();
    let names: Vec<&str> = study.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
    assert_eq!(names, ["base", "wide"]);
    assert_eq!(at(&loaded(&study, 1), "rings.First.size"), "500");
    let Err(Problems(found)) = Study::read(&[folder.path("base.yaml"), folder.path("plan.yaml")], &[]) else {
        panic!("a plan beside a scenario")
    };
    assert_eq!((found.len(), found[0].code), (1, "RC220"), "{found:?}");
}

#[test]
fn a_scenario_with_strategies_is_played_as_if_it_had_none() {
    let folder = Folder::with(BASE, "");
    folder.put(
        "both.yaml",
        &format!("{BASE}strategies: {{ a: {{}}, b: {{ rings.First.size: 9 }} }}\nsweep: {{ axes: {{ rings.Fast.size: [10%, 20%] }}, runs: 3 }}\n"),
    );
    let digest = |name: &str| Base::read(folder.path(name)).unwrap().load(&[]).unwrap().digest;
    assert_eq!(digest("both.yaml"), digest("base.yaml"));
    let study = Study::read(&[folder.path("both.yaml")], &[]).unwrap();
    assert_eq!((study.strategies.len(), study.axes.len(), study.runs), (2, 1, Some(3)));
}

// Axes and conditions

#[test]
fn plans_with_a_slip_are_refused() {
    for (plan, code, line, column) in [
        ("axes:\n  rings.First.size: [1, 2]\n  rings.First: { a: { rings.First.size: 3 } }\n", "RC220", 4, 3),
        ("axes:\n  rings.First.size: [1, 2]\n  policy: { a: { rings: {} } }\n", "RC220", 4, 3),
        ("axes:\n  rings.First.size: [100, 200, 100]\n", "RC234", 3, 32),
        ("axes:\n  rings.Fast.deferral: [1 d, 2 d, 24 h]\n", "RC234", 3, 35),
        ("axes:\n  rings.First.size: []\n", "RC234", 3, 21),
        ("axes:\n  rings.Fast.deferral: 6 d to 9 d\n", "RC234", 3, 3),
        ("axes:\n  rings.Fast.deferral: 9 d to 6 d step 1 d\n", "RC140", 3, 24),
        ("axes:\n  rings..size: [1]\n", "RC111", 3, 3),
        ("strategies: { today: {} }\nvary: todya\n", "RC233", 3, 7),
        ("design: hypercube\n", "RC140", 2, 9),
        ("design: { latin: 0 }\n", "RC140", 2, 9),
        ("design: { sobol-indices: 100 }\n", "RC140", 2, 9),
        ("design: { sobol-indices: 4 }\n", "RC140", 2, 9),
        ("axes:\n  rings.Fast.deferral: rings.First.deferral + 1 d\n", "RC140", 3, 24),
        ("axes:\n  rings.Fast.deferral: rings.First.deferral + 1 d to 2 d step 1 d\n", "RC240", 3, 24),
        ("axes:\n  rings.Fast.deferral: rings.Fast.deferral + 1 d to 2 d step 1 d\n", "RC240", 3, 24),
        ("axes:\n  policy: { a: {} }\n  tick: policy + 1 min to 2 min step 1 min\n", "RC240", 4, 9),
        (
            "axes:\n  rings.First.size: [1]\n  tick: rings.First.size + 1 min to 2 min step 1 min\n",
            "RC240",
            4,
            9,
        ),
        ("keep: [tick > 1 s]\ndesign: { latin: 9 }\n", "RC220", 2, 1),
        ("bank: standard/2025\n", "RC235", 2, 7),
        ("bank: { from: standard/2026, only: [good, boot lop] }\n", "RC235", 2, 43),
        ("choose: { then: fewest harmed }\n", "RC133", 2, 17),
        ("keep: [rings.Fast.deferral]\n", "RC134", 2, 8),
        ("colour: red\n", "RC101", 2, 1),
    ] {
        let problem = refused(plan);
        assert_eq!((problem.code, place(&problem)), (code, plan_place(line, column)), "{plan}\n{problem:?}");
        assert!(!help(&problem).is_empty(), "{plan}");
    }
    assert_eq!(help(&refused("strategies: { today: {} }\nvary: todya\n")), "did you mean `today`?");
}

#[test]
fn a_stretch_needs_a_design_that_draws_from_it() {
    let study =
        study("axes: { rings.Fast.size: 8% to 16%, device.sync: log 1 h to 16 h }\ndesign: { latin: 20 }\n");
    let texts: Vec<String> = study.axes.iter().map(|axis| axis.at(0.5).text).collect();
    assert_eq!(texts, ["12%", "4 h"]);
}

#[test]
fn offsets_are_added_to_what_the_other_axis_has() {
    // Chains, in any order of the file.
    let study = study(
        "axes:\n  rings.Broad.deferral: rings.Fast.deferral + 36 h to 60 h step 12 h\n  rings.Fast.deferral: \
         rings.First.deferral + 1 d to 5 d\n  rings.First.deferral: [1 d, 2 d]\ndesign: { sobol: 8 }\n",
    );
    let picked = [0.5, 0.25, 0.9].iter().zip(&study.axes).map(|(at, axis)| axis.at(*at)).collect();
    let texts: Vec<String> = study.combined(picked).into_iter().map(|level| level.text).collect();
    assert_eq!(texts, ["6 d", "4 d", "2 d"], "2 d, and 2 d more, and 48 h more");
    // What is set can be named, whatever it is the sum of.
    let named = study.axes[0].named("11 d").unwrap();
    assert_eq!(
        (named.text.as_str(), named.changes[0].keys.join(".")),
        ("11 d", "rings.Broad.deferral".into())
    );
    assert!(study.axes[0].named("11").is_none());
}

#[test]
fn offsets_without_an_end_or_beyond_the_whole_are_refused() {
    let circle = "axes:\n  rings.Fast.deferral: rings.Broad.deferral + 1 d to 2 d step 1 d\n  \
                  rings.Broad.deferral: rings.Fast.deferral + 1 d to 2 d step 1 d\n";
    let problem = refused(circle);
    assert_eq!((problem.code, problem.message.contains("offset of itself")), ("RC240", true), "{problem:?}");
    let far =
        "axes:\n  rings.First.size: [10%, 80%]\n  rings.Fast.size: rings.First.size + 10% to 30% step 10%\n";
    assert!(refused(far).message.contains("reaches 110%"), "{:?}", refused(far));
    // An axis that is refused itself is no riddle twice.
    let other = "axes:\n  tick: [1 min, 1 min]\n  device.sync: tick + 1 h to 2 h step 1 h\n";
    assert_eq!(refused(other).code, "RC234");
}

#[test]
fn conditions_compare_what_stands_in_the_effective_scenario() {
    let broken = |keep: &str| {
        let study = study(&format!("keep: [{keep}]\n"));
        let answer = study.broken(&loaded(&study, 0)).map(|found| found.is_some());
        answer.map_err(|problem| (problem.code, place(&problem)))
    };
    // Fast waits 6 d by the file, Broad 9 d and First 1 d by the service.
    assert_eq!(broken("rings.Fast.deferral >= rings.First.deferral + 5 d"), Ok(false));
    assert_eq!(broken("rings.Fast.deferral > rings.First.deferral + 5 d"), Ok(true));
    assert_eq!(broken("rings.Broad.deferral - 72 h = rings.Fast.deferral"), Ok(false));
    assert_eq!(broken("rings.First.size <= 199"), Ok(true));
    assert_eq!(
        broken("rings.First.size >= rings.Fast.size"),
        Err(("RC134", plan_place(2, 8))),
        "number and share"
    );
    assert_eq!(broken("rings.First.size + 1 d > 3"), Err(("RC134", plan_place(2, 8))));
    assert_eq!(broken("rings.Broad.size > 3"), Err(("RC134", plan_place(2, 8))), "`rest` is no quantity");
    assert_eq!(broken("rings.Frist.size > 3"), Err(("RC112", plan_place(2, 8))));
}

// Uncertain settings

const UNSURE: &str = "\
uncertain:
  rings.First.size: 100 to 300
  people.on-call.decides: { one-of: { 1 h: 1, 8 h: 1 } }
";

/// What is drawn for a strategy in a replication.
fn drawn(study: &Study, strategy: usize, replication: u32) -> String {
    let changes = study.changes(Some(strategy), &[]);
    let plan = study.base(strategy).plan_of(&changes, 7, replication).unwrap();
    format!("{:?}", plan.rings[1].members.size)
}

#[test]
fn strategies_meet_the_same_draws_and_replications_different_ones() {
    let study = study(&format!("{UNSURE}strategies: {{ a: {{}}, b: {{ rings.Broad.deferral: 12 d }} }}\n"));
    assert_eq!(loaded(&study, 0).uncertain.len(), 2);
    let of_a: Vec<String> = (0..6).map(|replication| drawn(&study, 0, replication)).collect();
    let of_b: Vec<String> = (0..6).map(|replication| drawn(&study, 1, replication)).collect();
    assert_eq!(of_a, of_b);
    assert!(of_a.windows(2).any(|pair| pair[0] != pair[1]), "{of_a:?}");
}

#[test]
fn a_draw_depends_on_its_path_and_not_on_its_neighbours() {
    let alone = study("uncertain: { rings.First.size: 100 to 300 }\n");
    let beside = study(UNSURE);
    for replication in 0..3 {
        assert_eq!(drawn(&alone, 0, replication), drawn(&beside, 0, replication));
    }
}

#[test]
fn what_a_strategy_sets_is_certain_there() {
    let study = study(&format!(
        "{UNSURE}strategies:\n  a: {{}}\n  b: {{ rings.First.size: 150 }}\n  c: {{ rings.First: {{ size: 160 }} }}\n"
    ));
    let unsure = |strategy| {
        loaded(&study, strategy).uncertain.iter().map(|one| one.keys.join(".")).collect::<Vec<_>>()
    };
    assert_eq!(unsure(0), ["rings.First.size", "people.on-call.decides"]);
    for certain in [1, 2] {
        assert_eq!(unsure(certain), ["people.on-call.decides"]);
        assert_eq!(drawn(&study, certain, 0), drawn(&study, certain, 1));
    }
    let study = study_with(UNSURE, &["rings.First.size=170"]);
    assert_eq!(loaded(&study, 0).uncertain.len(), 1, "so does `--set`");
}

#[test]
fn a_plan_adds_to_what_is_uncertain_in_its_scenario() {
    let base = format!("{BASE}uncertain: {{ rings.First.size: 100 to 300, device.sync: 4 h to 8 h }}\n");
    let study = Folder::with(
        &base,
        "uncertain: { device.sync: 1 h to 2 h, background.failures: { one-of: { 0.1% a month: 1 } } }\n",
    );
    let study = study.read(&[]).unwrap();
    let told = rollcast_scenario::uncertain::told(&loaded(&study, 0).uncertain);
    assert_eq!(
        told,
        [
            "rings.First.size: 100 to 300",
            "device.sync: 1 h to 2 h",
            "background.failures: one of 0.1% a month (weight 1)"
        ]
    );
}

#[test]
fn the_share_of_a_defect_may_be_a_distribution() {
    for share in ["1% to 30%", "{ beta: { a: 2, b: 20 } }"] {
        let study = study(&format!(
            "set: {{ defects.printing.share: {share} }}\nstrategies: {{ a: {{}}, b: {{ defects.printing.share: 5% }} }}\n"
        ));
        let shares = |strategy: usize| -> Vec<f64> {
            let changes = study.changes(Some(strategy), &[]);
            let plan = |replication| study.base(strategy).plan_of(&changes, 7, replication).unwrap();
            (0..8).map(|replication| chance(&plan(replication).defects[1])).collect()
        };
        let drawn = shares(0);
        assert!(drawn.iter().all(|share| (0.0..0.6).contains(share)), "{drawn:?}");
        assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]), "{drawn:?}");
        assert!(shares(1).iter().all(|share| (share - 0.05).abs() < 1e-9), "a strategy makes it certain");
    }
}

fn chance(defect: &Defect) -> f64 {
    match &defect.prevalence {
        Prevalence::Share(coin) => coin.threshold() as f64 / 2_f64.powi(64),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_draw_might_bring_is_checked_before_anything_is_played() {
    let problem = |plan: &str| {
        let Problems(mut found) = load(&study(plan), 0, &[]).unwrap_err();
        assert_eq!(found.len(), 1, "{plan}\n{found:?}");
        let first = found.remove(0);
        (first.code, place(&first), format!("{}; {}", first.message, help(&first)))
    };
    // Half of the devices and up to 60 %: together more than there are.
    let (code, at, said) =
        problem("set: { rings.First.size: 50% }\nuncertain: { rings.Fast.size: 40% to 60% }\n");
    assert_eq!((code, at), ("RC201", ("base.yaml".to_owned(), 4, 8)));
    assert!(
        said.contains("where `rings.Fast.size=60%` is drawn") || said.contains("where `rings.Fast.size=59.9"),
        "{said}"
    );
    // Which release comes first is no matter of luck.
    let (code, at, _) =
        problem("uncertain: { releases.A.published: { one-of: { 2026-07-14: 3, 2027-01-12: 1 } } }\n");
    assert_eq!((code, at), ("RC212", plan_place(2, 36)));
    // A draw never makes a ring.
    let (code, at, said) = problem("uncertain: { rings.Frist.size: 40 to 60 }\n");
    assert_eq!((code, at), ("RC112", plan_place(2, 32)));
    assert!(said.ends_with("did you mean `First`?"), "{said}");
    // Nor a value of the wrong kind.
    let (code, at, _) = problem("uncertain: { device.sync: 40% to 60% }\n");
    assert_eq!((code, at), ("RC120", plan_place(2, 27)));
}

// Release banks

const OURS: &str = "\
about: a test
members:
  good: { weight: 3, assumption: most are }
  bad:
    weight: 1
    source: a test
    defects: { crash: { share: 5%, shows: at restart, severity: down, repair: {} } }
  by floor:
    weight: 1
    assumption: a test
    needs: floor
    defects: { lift: { where: floor = first, share: 5%, shows: at restart } }
    otherwise: { stairs: { share: 1%, shows: at restart } }
  by role:
    weight: 1
    assumption: a test
    needs: role
    defects: { admin: { where: role = it, share: 5%, shows: at restart } }
    otherwise: { anybody: { share: 1%, shows: at restart } }
";

fn members(bank: &str) -> (Study, Vec<Loaded>) {
    let folder = Folder::with(BASE, bank);
    folder.put("ours.yaml", OURS);
    let study = folder.read(&[]).unwrap_or_else(|problems| panic!("{problems}"));
    let changes = study.changes(Some(0), &[]);
    let plain = loaded(&study, 0);
    let all = study.bank.as_ref().unwrap().members.len();
    let member = |member| {
        let changes = study.with_member(0, &changes, member, &plain.labels);
        study.base(0).load(&changes).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let loaded = (0..all).map(member).collect();
    (study, loaded)
}

/// Names of the defects of a release.
fn defects(loaded: &Loaded, release: usize) -> Vec<&str> {
    let of = loaded.labels.defects.iter().zip(&loaded.plan.defects);
    of.filter(|(_, defect)| defect.releases[release]).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn a_member_decides_what_is_wrong_with_its_release_and_nothing_else() {
    let (study, of_member) = members("bank: { from: ours.yaml, in: B }\n");
    let bank = study.bank.as_ref().unwrap();
    assert!((bank.members.iter().map(|member| member.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    assert_eq!((bank.members[0].weight, bank.members[0].is_good()), (0.5, true));
    assert_eq!((bank.members[1].assumed, bank.members[2].assumed), (false, true));
    for loaded in &of_member {
        assert_eq!(defects(loaded, 0), ["docking", "both"], "release A is left alone");
    }
    let of_b: Vec<Vec<&str>> = of_member.iter().map(|loaded| defects(loaded, 1)).collect();
    assert_eq!(of_b, [vec![], vec!["crash"], vec!["stairs"], vec!["admin"]]);
}

#[test]
fn what_is_uncertain_about_a_member_is_drawn() {
    let folder = Folder::with(BASE, "bank: { from: ours.yaml, in: B }\n");
    folder.put(
        "ours.yaml",
        "members: { bad: { weight: 1, assumption: a test, defects: { crash: { share: 1% to 30%, shows: at restart } } } }\n",
    );
    let study = folder.read(&[]).unwrap_or_else(|problems| panic!("{problems}"));
    let changes = study.with_member(0, &study.changes(Some(0), &[]), 0, &loaded(&study, 0).labels);
    let drawn: Vec<f64> = (0..5)
        .map(|replication| study.base(0).plan_of(&changes, 7, replication).unwrap())
        .map(|plan| chance(plan.defects.last().unwrap()))
        .collect();
    assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]), "{drawn:?}");
    assert!(drawn.iter().all(|share| (0.01..0.3).contains(share)), "{drawn:?}");
    folder.put(
        "ours.yaml",
        "members: { bad: { weight: 1, assumption: a test, defects: { crash: { share: { triangular: { low: 3%, mode: 2%, high: 4% } } } } } }\n",
    );
    let Err(Problems(found)) = folder.read(&[]) else { panic!("it does not rise") };
    assert_eq!(found[0].code, "RC128", "{found:?}");
}

#[test]
fn some_members_keep_their_proportions() {
    let (study, of_member) = members("bank: { from: ours.yaml, in: A, only: [good, by floor] }\n");
    let weights: Vec<f64> = study.bank.as_ref().unwrap().members.iter().map(|member| member.weight).collect();
    assert_eq!(weights, [0.75, 0.25]);
    assert_eq!(defects(&of_member[1], 0), ["stairs"]);
    assert_eq!(defects(&of_member[1], 1), ["printing", "both"]);
}

#[test]
fn banks_with_a_slip_are_refused_in_their_own_file() {
    for (bank, code, line, column) in [
        ("members:\n  bad: { assumption: a test }\n", "RC218", 2, 3),
        ("members:\n  bad: { weight: 1 }\n", "RC218", 2, 3),
        ("members:\n  bad: { weight: 1, source: a, assumption: b }\n", "RC218", 2, 3),
        ("members:\n  bad: { weight: 1, source: a, needs: role }\n", "RC218", 2, 3),
        ("members:\n  bad: { weight: 0, source: a }\n", "RC128", 2, 18),
        ("members:\n  bad: { weight: 1, source: a, colour: red }\n", "RC101", 2, 32),
    ] {
        let folder = Folder::with(BASE, "bank: { from: ours.yaml, in: B }\n");
        folder.put("ours.yaml", bank);
        let Err(Problems(found)) = folder.read(&[]) else { panic!("it is read: {bank}") };
        assert_eq!(found[0].code, code, "{bank}\n{found:?}");
        assert_eq!(place(&found[0]), ("ours.yaml".to_owned(), line, column), "{bank}");
    }
}

#[test]
fn month_end_is_the_last_day_of_the_month_of_the_publication() {
    for (published, zone, expected) in [
        ("2026-11-10", "Europe/Berlin", "2026-11-29T23:00:00Z"),
        ("2026-10-13", "UTC", "2026-10-31T00:00:00Z"),
        ("2028-02-08", "America/Detroit", "2028-02-29T05:00:00Z"),
        ("2026-12-31 12:00", "Europe/Berlin", "2026-12-30T23:00:00Z"),
    ] {
        let text = format!(
            "fleet: {{ devices: 50 }}\nzone: {zone}\nrelease: {{ published: {published} }}\ndefects: {{ d: {{ in: release, share: 4%, shows: on month end }} }}\n"
        );
        let folder = Folder::with(&text, "");
        let loaded = Base::read(folder.path("base.yaml")).unwrap().load(&[]).unwrap();
        let Shows::On(at) = loaded.plan.defects[0].shows else { panic!("{:?}", loaded.plan.defects[0]) };
        assert_eq!(loaded.labels.utc(at), expected, "{published} {zone}");
    }
}
