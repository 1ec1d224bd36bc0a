//! The scenario with every default filled in, and where each value came from.

use crate::{layers::Layered, layers::Origin, node::Node, node::Value, yaml};

/// The effective scenario as YAML, each value with a comment that says where it came from. It loads again to
/// the same scenario.
pub fn explain(layered: &Layered) -> String {
    yaml::print_annotated(&layered.root, &|keys| {
        let origin = layered.origin(keys);
        Some(match origin {
            Origin::File { line } => format!("{}:{line}", layered.file),
            other => other.to_string(),
        })
    })
}

/// The same as JSON: the effective tree, and a list of paths with value and origin.
pub fn explain_json(layered: &Layered) -> serde_json::Value {
    let mut values = Vec::new();
    collect(layered, &layered.root, &mut Vec::new(), &mut values);
    serde_json::json!({ "scenario": layered.root.to_json(), "values": values })
}

fn collect(layered: &Layered, node: &Node, keys: &mut Vec<String>, values: &mut Vec<serde_json::Value>) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                keys.push(entry.key.clone());
                collect(layered, &entry.value, keys, values);
                keys.pop();
            }
        }
        Value::Seq(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                keys.push(index.to_string());
                collect(layered, item, keys, values);
                keys.pop();
            }
        }
        _ => values.push(serde_json::json!({
            "path": crate::path::join(keys),
            "value": node.to_json(),
            "origin": layered.origin(keys).to_string(),
        })),
    }
}
