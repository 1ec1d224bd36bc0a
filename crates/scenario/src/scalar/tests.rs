//! What holds for all single values: examples parse, fit their schema, and survive block and flow YAML.

use std::fmt::Display;

use proptest::prelude::*;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::{de::from_node, yaml::tests::tree};

/// Each example of the schema parses from block and flow YAML, fits the schema, and prints a text that does too.
fn check<T: DeserializeOwned + Serialize + JsonSchema + PartialEq + fmt::Debug>() {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>().to_value();
    let judge = jsonschema::validator_for(&schema).unwrap();
    let examples = schema["examples"].as_array().unwrap().clone();
    assert!(!examples.is_empty() && schema["description"].is_string());
    for example in examples {
        assert!(judge.is_valid(&example), "{example} does not fit {schema}");
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let root = match &example {
            serde_json::Value::Object(_) => vec![tree(&format!("x: {text}\n"))],
            _ => vec![
                tree(&format!("x: {text}\n")),
                tree(&format!("{{ x: {text} }}")),
                tree(&format!("[{text}, {text}]")),
                tree(&format!("- {text}\n")),
                tree(&format!("x: \"{text}\"\n")),
            ],
        };
        for root in root {
            let node = root.get("x").unwrap_or_else(|| &root.items()[0]);
            let (value, problems) = from_node::<T>(node);
            assert!(problems.is_empty(), "{text}: {problems:?}");
            let value = value.unwrap();
            let json = serde_json::to_value(&value).unwrap();
            assert!(judge.is_valid(&json), "{json}");
            assert_eq!(serde_json::from_value::<T>(json).unwrap(), value);
        }
    }
}

#[test]
fn examples_hold() {
    check::<Duration>();
    check::<Share>();
    check::<Size>();
    check::<Count>();
    check::<Positive>();
    check::<Bytes>();
    check::<Bandwidth>();
    check::<Date>();
    check::<Moment>();
    check::<Zone>();
    check::<TimeOfDay>();
    check::<Hours>();
    check::<Week>();
    check::<Where>();
    check::<Uploads>();
    check::<Expiry>();
    check::<PerDay>();
    check::<Outside>();
    check::<Judged>();
    check::<Act>();
    check::<Line>();
    check::<Dist<Duration>>();
    check::<Dist<Bandwidth>>();
    check::<Dist<Share>>();
}

#[test]
fn errors_survive_serde() {
    let error = ScalarError::new("RC120", "a message", "a help");
    assert_eq!(ScalarError::decode(&format!("{error:#}")), Some(error.clone()));
    assert_eq!(error.to_string(), "a message");
    assert_eq!(ScalarError::decode("anything"), None);
    assert_eq!(shorten(&"x".repeat(100)).len(), 63);
}

fn round_trip<T: std::str::FromStr<Err = ScalarError> + Display + PartialEq + fmt::Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let canonical = value.to_string();
        assert!(
            !canonical.contains([',', '(', ')', '[', ']', '{', '}'])
                || text.contains([',', '(', ')', '[', ']', '{', '}'])
        );
        assert_eq!(canonical.parse::<T>().as_ref(), Ok(&value), "{text} -> {canonical}");
    }
}

fn all(text: &str) {
    round_trip::<Duration>(text);
    round_trip::<Share>(text);
    round_trip::<Size>(text);
    round_trip::<Count>(text);
    round_trip::<Bytes>(text);
    round_trip::<Bandwidth>(text);
    round_trip::<Date>(text);
    round_trip::<Moment>(text);
    round_trip::<TimeOfDay>(text);
    round_trip::<Hours>(text);
    round_trip::<Week>(text);
    round_trip::<Where>(text);
    round_trip::<Act>(text);
    round_trip::<Line>(text);
    let _ = text.parse::<Act>().map(|act| act.forms().len());
    let _ = text.parse::<Dist<Duration>>();
    let _ = text.parse::<Dist<Bytes>>();
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in "\\PC{0,40}") {
        all(&text);
    }

    #[test]
    fn texts_of_the_right_letters_round_trip(
        text in "[0-9]{1,4}([.:-][0-9]{1,3}){0,2} ?(s|min|h|d|w|%|MB|GiB|Mbit/s|kB/s|in [0-9]{1,3}|to [0-9]{2}:[0-9]{2}|)( [0-9]{1,2} (h|s))?"
    ) {
        all(&text);
    }

    #[test]
    fn windows_round_trip(a in 0usize..7, b in 0usize..7, from in 0i64..96, to in 0i64..=96, long in any::<bool>()) {
        let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let clock = |quarter: i64| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
        let text = if long {
            format!("{} {} to {} {}", days[a], clock(from), days[b], clock(to))
        } else {
            format!("{}-{} {} to {}", days[a], days[b], clock(from), clock(to))
        };
        if let Ok(week) = text.parse::<Week>() {
            let again: Week = week.to_string().parse().unwrap();
            prop_assert_eq!(again.spans(), week.spans(), "{} -> {}", text, week);
        }
    }
}
