//! What is said of a comparison before it is played, and what is measured without a word in the plan.

use std::{path::Path, sync::Arc};

use rollcast_scenario::{diagnostic::Source, load::Problems, study::Study};
use rollcast_sweep::prepare::{Options, Prepared};

const BASE: &str = "\
fleet: { devices: 500 }
service: autopatch/2025-03
release: { product: windows-quality, published: 2026-10-13 }
";

fn prepared(more: &str) -> Result<Prepared, Problems> {
    let source = Arc::new(Source { name: "plan.yaml".into(), text: format!("{BASE}{more}") });
    let study = Study::of_source(source, Path::new(""), Vec::new())?;
    Prepared::of(study, &Options { axes: true, files: vec!["plan.yaml".into()], ..Options::default() })
}

/// Codes and messages of the warnings about the comparison.
fn remarks(more: &str) -> Vec<String> {
    let warnings = prepared(more).unwrap_or_else(|problems| panic!("{problems}")).warnings;
    let about = warnings.iter().filter(|warning| ["RC268", "RC269"].contains(&warning.code));
    about.map(|warning| format!("{}: {}", warning.code, warning.message)).collect()
}

#[test]
fn watches_of_different_length_are_told() {
    let found = remarks("strategies: { long: {}, short: { horizon: 30 d } }\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("RC268") && found[0].contains("`long` and `short`"), "{found:?}");
    let found = remarks("sweep: { axes: { horizon: [30 d, 40 d] } }\n");
    assert!(found.len() == 1 && found[0].contains("with `40 d`"), "{found:?}");
    assert!(remarks("strategies: { long: {}, other: { rings.Ring3.deferral: 7 d } }\n").is_empty());
}

#[test]
fn strategies_that_a_condition_leaves_out_are_named() {
    let strategies = "strategies: { a: {}, b: { rings.Ring3.deferral: 21 d } }\n";
    let found = remarks(&format!("{strategies}sweep: {{ keep: [rings.Ring3.deferral >= 20 d] }}\n"));
    assert!(
        found.len() == 1 && found[0].contains("RC269: a condition of `keep` leaves out `a`"),
        "{found:?}"
    );
    assert!(remarks(&format!("{strategies}sweep: {{ keep: [rings.Ring3.deferral >= 0 d] }}\n")).is_empty());
    let none = prepared(&format!("{strategies}sweep: {{ keep: [rings.Ring3.deferral >= 30 d] }}\n"));
    assert_eq!(none.unwrap_err().0[0].code, "RC236");
}

#[test]
fn the_usual_columns_are_about_a_ring_that_has_devices() {
    let names = |more: &str| -> Vec<String> {
        prepared(more).unwrap().layout.columns.into_iter().map(|column| column.name).collect()
    };
    // The service never fills Last by itself.
    let usual = names("bank: standard/2026\n");
    assert!(usual.contains(&"stop.before-offer in Ring3".into()), "{usual:?}");
    let filled = names("bank: standard/2026\nrings: { Ring1: {}, Ring3: {}, Last: { size: 20 } }\n");
    assert!(filled.contains(&"stop.before-offer in Last".into()), "{filled:?}");
    let nothing = prepared("measure: []\n").unwrap_err();
    assert_eq!(nothing.0[0].code, "RC218");
}

#[test]
fn money_and_attackers_are_usual_where_there_are_any() {
    let found = |more: &str| {
        let columns = prepared(more).map(|prepared| prepared.layout.columns);
        columns.map(|all| all.into_iter().map(|column| (column.name, column.unit)).collect::<Vec<_>>())
    };
    let has = |more: &str, name: &str, unit: &str| {
        found(more).unwrap().contains(&(name.to_owned(), unit.to_owned()))
    };
    assert!(!has("", "cost", "money") && !has("", "exposed.hit", "count"));
    assert!(has("costs: { ticket: 25 }\n", "cost", "money"));
    // One strategy that has prices is enough, and so is one release with an attacker.
    assert!(has("strategies: { a: {}, b: { costs.ticket: 25 } }\n", "cost", "money"));
    let attacked = "strategies: { a: { release.exploit: { chance: 10%, after: 0 d, hits: 1% a day } } }\n";
    assert!(has(attacked, "exposed.hit", "count"));
    for more in [
        "measure: [cost]\n",
        "measure: [cost.harm]\ncosts: { ticket: 3 }\n",
        "choose: { then: least exposed.hit }\n",
    ] {
        let problems = found(more).unwrap_err().0;
        assert!(
            problems.len() == 1 && problems[0].code == "RC238" && problems[0].span.is_some(),
            "{more}: {problems:?}"
        );
    }
}

#[test]
fn what_a_combination_has_wrong_names_it() {
    let wrong = |more: &str| -> Vec<String> {
        let rings = "rings: { A: { size: 10% }, B: { size: 30% }, C: { size: 60%, deferral: 3 d } }\n";
        let Problems(found) = prepared(&format!("{rings}{more}")).unwrap_err();
        found.iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect()
    };
    // The rings that stand in the file add up to 100%.
    assert_eq!(
        wrong("sweep: { axes: { rings.A.size: [10%, 20%, 30%], rings.B.size: [30%, 40%] } }\n"),
        [
            "RC201: the rings' shares add up to 110%, where `rings.A.size` is `10%` and `rings.B.size` is `40%`; the \
             same is wrong with 4 other combinations of the axes"
        ]
    );
    assert_eq!(
        wrong("strategies: { a: {}, b: { rings.A.size: 5% }, c: { rings.A.size: 20% } }\n"),
        [
            "RC201: the rings' shares add up to 95%, not to 100%, for `b`",
            "RC201: the rings' shares add up to 110%, for `c`"
        ]
    );
    // What stands where it was typed needs no more words, and neither does what the scenario has wrong by itself.
    assert_eq!(
        wrong("sweep: { axes: { rings.A.size: [10%, 0%], rings.B.deferral: [1 d, 2 d] } }\n"),
        [
            "RC206: ring `A` has no devices",
            "RC201: the rings' shares add up to 90%, not to 100%, where `rings.A.size` is `0%` and `rings.B.deferral` is \
             `1 d`; the same is wrong with 1 other combination of the axes"
        ]
    );
    let by_itself = wrong("horizon: 0 d\nsweep: { axes: { rings.B.deferral: [1 d, 2 d] } }\n");
    assert!(by_itself.iter().all(|problem| !problem.contains("where")), "{by_itself:?}");
}
