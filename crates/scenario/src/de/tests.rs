use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    node::Value,
    scalar::{Dist, Duration, Share, Size, Week},
    yaml::{
        parse,
        tests::{source, tree},
    },
};

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Plan {
    service: String,
    fleet: Fleet,
    #[serde(default)]
    rings: Named<Ring>,
    online: Option<Online>,
    strict: Option<bool>,
    weights: Option<BTreeMap<String, f64>>,
    goals: Option<Vec<Goal>>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Fleet {
    devices: u32,
    scan_every: Option<Dist<Duration>>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Ring {
    size: Size,
    deferral: Option<Duration>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
struct Goal {
    patched: Share,
    by: Duration,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Online {
    Always,
    Hours(Week),
    Away { share: Share, lasts: Dist<Duration> },
}

fn problems(text: &str) -> Vec<(&'static str, (usize, usize))> {
    let (_, problems) = from_node::<Plan>(&tree(text));
    problems
        .iter()
        .map(|problem| {
            assert!(problem.help.is_some(), "no way out: {problem}");
            (problem.code, problem.span.as_ref().unwrap().line_column())
        })
        .collect()
}

fn only(text: &str) -> String {
    let (_, problems) = from_node::<Plan>(&tree(text));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string()
}

const GOOD: &str = "service: a\nfleet: { devices: 10 }\n";

#[test]
fn good_files_read() {
    let text = format!(
        "{GOOD}rings:\n  Test: {{ size: 400 }}\n  First: {{ size: rest, deferral: 2 d }}\nonline: always\nstrict: true\n"
    );
    let (plan, problems) = from_node::<Plan>(&tree(&text));
    assert!(problems.is_empty(), "{problems:?}");
    let plan = plan.unwrap();
    assert_eq!(plan.rings.names().collect::<Vec<_>>(), ["Test", "First"]);
    assert_eq!(plan.rings.get("First").unwrap().size, Size::Rest);
    assert_eq!((plan.online, plan.strict, plan.weights), (Some(Online::Always), Some(true), None));
    let away = format!("{GOOD}online: {{ away: {{ share: 12%, lasts: 3 d to 21 d }} }}\n");
    assert!(problems_of(&away).is_empty());
    let hours = format!("{GOOD}online: {{ hours: workdays 08:00 to 17:00 }}\n");
    assert!(problems_of(&hours).is_empty());
}

fn problems_of(text: &str) -> Vec<Diagnostic> {
    from_node::<Plan>(&tree(text)).1
}

#[test]
fn all_problems_at_once() {
    let text = "\
service: a
fleet: { devices: many, scan-every: { lognormal: { median: 18, sigma: -1 } } }
rings:
  Test: { size: 400, deferal: 2 d }
  First: { size: 120% }
  Test: { size: 1 }
online: sometimes
colour: red
goals:
  - { patched: 0.95, by: 14 d }
  - { patched: 95%, by: 14 }
strict: yes
";
    let expected = [
        ("RC108", (2, 19)), // devices
        ("RC120", (2, 60)), // median
        ("RC128", (2, 71)), // sigma
        ("RC101", (4, 22)), // deferal
        ("RC122", (5, 18)), // 120%
        ("RC102", (6, 3)),  // Test again
        ("RC107", (7, 9)),  // sometimes
        ("RC101", (8, 1)),  // colour
        ("RC121", (10, 16)),
        ("RC120", (11, 25)),
        ("RC108", (12, 9)),
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn follow_up_errors_are_not_reported() {
    assert_eq!(problems("service: a\nfleet: { devices: x }\n"), [("RC108", (2, 19))]);
    // The misspelt key is the missing one.
    assert_eq!(problems("service: a\nfleet: { devicess: 3 }\n"), [("RC101", (2, 10))]);
    // Another missing key is still said.
    assert_eq!(problems("fleet: { devices: x }\n"), [("RC103", (1, 1)), ("RC108", (1, 19))]);
    assert_eq!(problems("service: a\nfleet: { colour: 3 }\n"), [("RC103", (2, 1)), ("RC101", (2, 10))]);
}

#[test]
fn messages_name_what_is_wanted() {
    let text = only(&format!("{GOOD}colour: red\n"));
    assert!(text.contains("unknown key `colour`") && text.contains("`service`, `fleet`"), "{text}");
    let text = only(&format!("{GOOD}ring: {{}}\n"));
    assert!(text.contains("did you mean `rings`?"), "{text}");
    let text = only("service: a\nfleet: 10000\n");
    assert!(
        text.contains("`10000` stands where a map is wanted") && text.contains("{ devices: ... }"),
        "{text}"
    );
    let text = only("service: { a: b }\nfleet: { devices: 1 }\n");
    assert!(text.contains("a map stands where a single value is wanted"), "{text}");
    let text = only(&format!("{GOOD}goals: 95%\n"));
    assert!(text.contains("`95%` stands where a list is wanted"), "{text}");
    let text = only(&format!("{GOOD}online: {{ away: {{ share: 1% }}, hours: x }}\n"));
    assert!(text.contains("RC109"), "{text}");
    let text = only(&format!("{GOOD}online: hours\n"));
    assert!(text.contains("`hours` needs more than its name"), "{text}");
    let text = only(&format!("{GOOD}online: {{ always: 3 }}\n"));
    assert!(text.contains("write `always` alone"), "{text}");
    let text = only(&format!("{GOOD}online: {{ alwys: 3 }}\n"));
    assert!(text.contains("did you mean `always`?"), "{text}");
    let text = only(&format!("{GOOD}weights: {{ a: .nan }}\n"));
    assert!(text.contains("RC108"), "{text}");
}

#[test]
fn nulls_say_their_likely_reason() {
    assert!(only("service: a\nfleet:\n").contains("`fleet` has no value"));
    assert!(only(&format!("{GOOD}strict: ~\n")).contains("means nothing"));
    let text = only("service: a\nfleet: { devices: 3, scan-every: uniform(10 min, 40 min) }\n");
    assert!(text.contains("RC106") && text.contains("write `10 min to 40 min`"), "{text}");
    let text = only(&format!("{GOOD}weights: {{ a: f(1, 2, 3), b: 2 }}\n"));
    assert!(text.contains("RC106") && text.contains("f(1, 2, 3)"), "{text}");
    let text = only(&format!("{GOOD}goals: [f(1, 2)]\n"));
    assert!(text.contains("RC106") && text.contains("two items"), "{text}");
    // Quotes keep a text together.
    assert!(problems_of("service: \"f(1, 2)\"\nfleet: { devices: 3 }\n").is_empty());
}

#[test]
fn partial_values_are_given() {
    let (plan, problems) = from_node::<Plan>(&tree(&format!("{GOOD}strict: maybe\n")));
    assert_eq!((plan.unwrap().strict, problems.len()), (None, 1));
}

#[test]
fn many_problems_are_cut() {
    let rings: String = (0..500).map(|i| format!("  r{i}: {{ size: x{i} }}\n")).collect();
    let (_, problems) = from_node::<Plan>(&tree(&format!("{GOOD}rings:\n{rings}")));
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(problems.last().unwrap().code, "RC110");
    let unknown: String = (0..5_000).map(|i| format!("k{i}: 1\n")).collect();
    let (_, problems) = from_node::<Plan>(&tree(&format!("{GOOD}{unknown}")));
    assert_eq!(problems.len(), MAX_PROBLEMS + 1);
}

#[test]
fn large_files_with_problems_end_quickly() {
    let start = std::time::Instant::now();
    let rings: String = (0..50_000).map(|i| format!("  r{i}: {{ size: x }}\n")).collect();
    let (_, problems) = from_node::<Plan>(&tree(&format!("{GOOD}rings:\n{rings}")));
    assert!(!problems.is_empty());
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn other_formats_refuse_repeated_names() {
    assert!(serde_json::from_str::<Named<u8>>(r#"{ "a": 1, "a": 2 }"#).is_err());
    let named: Named<u8> = serde_json::from_str(r#"{ "b": 1, "a": 2 }"#).unwrap();
    assert_eq!(serde_json::to_string(&named).unwrap(), r#"{"b":1,"a":2}"#);
    assert_eq!((named.len(), named.is_empty()), (2, false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_judged_without_panic(text in "[a-c:{}\\[\\], \n\t'\"&*!|>#%@0-9~-]{0,80}") {
        if let Ok(root) = parse(source(&text)) {
            let _ = from_node::<Plan>(&root);
            let _ = crate::yaml::print(&root);
        }
    }

    #[test]
    fn mutations_are_judged_without_panic(at in any::<prop::sample::Index>(), cut in 0usize..6, put in "\\PC{0,6}") {
        let text = format!("{GOOD}rings:\n  Test: {{ size: 400, deferral: 2 d }}\nonline: {{ away: {{ share: 12%, lasts: 3 d to 21 d }} }}\ngoals:\n  - {{ patched: 95%, by: 14 d }}\n");
        let at = text.floor_char_boundary(at.index(text.len()));
        let end = text.floor_char_boundary((at + cut).min(text.len()));
        let mutated = format!("{}{put}{}", &text[..at], &text[end..]);
        if let Ok(root) = parse(source(&mutated)) {
            let (value, problems) = from_node::<Plan>(&root);
            prop_assert!(value.is_some() || !problems.is_empty(), "{mutated}");
        }
    }

    #[test]
    fn printed_trees_read_back(keys in prop::collection::btree_map("\\PC{1,12}", "\\PC{0,20}", 1..6), quoted in any::<bool>()) {
        let span = crate::node::nowhere("test");
        let scalar = |text: String| Node { value: Value::Scalar { text, quoted }, span: span.clone() };
        let root = Node::map(keys.into_iter().map(|(key, text)| (key, scalar(text))), span.clone());
        let printed = crate::yaml::print(&root);
        let again = parse(source(&printed)).unwrap_or_else(|problems| panic!("{printed}\n{problems:?}"));
        prop_assert_eq!(again.to_json(), root.to_json(), "{}", printed);
    }
}
