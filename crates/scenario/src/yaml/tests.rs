use std::time::{Duration, Instant};

use super::*;

pub(crate) fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "test.yaml".into(), text: text.into() })
}

pub(crate) fn tree(text: &str) -> Node {
    parse(source(text)).unwrap()
}

fn codes(text: &str) -> Vec<&'static str> {
    parse(source(text)).unwrap_err().iter().map(|problem| problem.code).collect()
}

#[test]
fn scalars_stay_what_was_typed() {
    let root = tree("a: no\nb: 08:00\nc: 'on'\nd: 1e3\ne:\nf: ~\ng: \"\"\nnull: x\nh: |\n  two\n  lines\n");
    let text = |key: &str| root.get(key).unwrap().text();
    assert_eq!(
        (text("a"), text("b"), text("c"), text("d")),
        (Some("no"), Some("08:00"), Some("on"), Some("1e3"))
    );
    assert_eq!((text("e"), text("f"), text("g"), text("null")), (None, None, Some(""), Some("x")));
    assert_eq!(text("h"), Some("two\nlines\n"));
}

#[test]
fn spans_point_at_the_value() {
    let text = "größe: 400\nrings:\n  First: { size: 12 }\n  Fast:\n    size: \"7\"\n\n# end\n";
    let root = tree(text);
    let piece = |path: &str| {
        let span = root.locate(path);
        text[span.start..span.end].to_owned()
    };
    assert_eq!(piece("größe"), "400");
    assert_eq!(piece("rings.First"), "{ size: 12 }");
    assert_eq!(piece("rings.First.size"), "12");
    assert_eq!(piece("rings.Fast.size"), "\"7\"");
    assert_eq!(root.locate("größe").line_column(), (1, 8));
}

#[test]
fn aliases_and_merge_keys() {
    let root = tree("a: &x { p: 1, q: 2 }\nb: *x\nc: { <<: *x, q: 3, r: 4 }\nd: { <<: [*x, { s: 5 }] }\n");
    assert_eq!(root.get("a"), root.get("b"));
    assert_eq!(root.locate("b").line_column(), (2, 4));
    assert_eq!(root.at("c.p").and_then(Node::text), Some("1"));
    assert_eq!(root.at("d.s").and_then(Node::text), Some("5"));
    // The map's own key wins, whichever stands first.
    let own: Vec<_> = root.get("c").unwrap().entries().iter().filter(|entry| entry.key == "q").collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].value.text(), Some("3"));
}

#[test]
fn problems_have_codes() {
    assert_eq!(codes("# nothing\n"), ["RC008"]);
    assert_eq!(codes("a: {"), ["RC010"]);
    assert_eq!(codes("a:\n\t- b\n"), ["RC011"]);
    assert_eq!(codes("wait: lognormal(median: 18 h, sigma: 0.8)"), ["RC012"]);
    assert_eq!(codes("a: 1\n---\nb: 2\n"), ["RC013"]);
    assert_eq!(codes("a: !foo 1\nb: !bar { c: 2 }\n"), ["RC016", "RC016"]);
    assert_eq!(codes("a: *x"), ["RC017"]);
    assert_eq!(codes("a: &x [*x]"), ["RC017"]);
    assert_eq!(codes("a: { <<: 3 }"), ["RC018"]);
    assert_eq!(codes("{ [a]: b }"), ["RC019"]);
    assert_eq!(codes("? \n: b"), ["RC019"]);
    assert!(parse(source("a: !!str 1")).is_ok());
}

#[test]
fn hostile_files_end_quickly() {
    let start = Instant::now();
    assert_eq!(codes(&"[".repeat(10_000)), ["RC014"]);
    assert_eq!(codes(&"- ".repeat(10_000)), ["RC014"]);
    let deep: String = (0..10_000).map(|i| format!("{}a:\n", " ".repeat(i % 4_000))).collect();
    assert!(parse(source(&deep)).is_err());
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (this, next) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        bomb += &format!("{next}: &{next} [{}]\n", vec![format!("*{this}"); 9].join(", "));
    }
    assert_eq!(codes(&bomb), ["RC015"]);
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), ["*a"; 64].join(", "));
    assert_eq!(codes(&text), ["RC015"]);
    let many: String = (0..100_000).map(|i| format!("key{i}: {i}\n")).collect();
    assert_eq!(tree(&many).entries().len(), 100_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn printed_trees_read_back() {
    let text = "fleet: { devices: 10000 }\nservice: autopatch/2025-03\nrelease: { published: 2026-10-13, at: 08:00 to 17:00, share: 62%, no: 'no', n: '1', e: [], m: {}, z: ~ }\nlist: [a, { b: c, d: [e, f] }]\n\"a: b\": \"x: y # z\"\n";
    let root = tree(text);
    let printed = print(&root);
    assert_eq!(tree(&printed).to_json(), root.to_json(), "{printed}");
    assert!(printed.contains("  share: 62%\n") && printed.contains("  published: 2026-10-13\n"), "{printed}");
}

#[test]
fn annotations_are_comments() {
    let root = tree("rings: { First: { size: 400, grace: 2 d } }");
    let printed =
        print_annotated(&root, &|path| (path.last()? == "grace").then(|| "from the profile".into()));
    assert!(printed.contains("grace: 2 d # from the profile\n"), "{printed}");
    assert_eq!(tree(&printed), root);
}
