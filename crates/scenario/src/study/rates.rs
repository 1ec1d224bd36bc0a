//! Defect rates: what a bad release is like if it is more or less frequent on devices than its bank says.

use crate::{
    node::{Entry, Node, Value},
    scalar::Share,
};

/// Gives defects another rate: the largest share among them becomes `rate`, and all others keep their proportion to it.
/// Of `by-value` the largest value counts; `clustered` keeps its correlation and gets another mean. A share that is not
/// known counts as the rate, and is known from then on.
pub(super) fn scale(defects: &mut [Entry], rate: Share) {
    let largest = defects.iter().filter_map(share_of).flat_map(known).fold(0.0, f64::max);
    for defect in defects {
        let Value::Map(keys) = &mut defect.value.value else { continue };
        let Some(share) = keys.iter_mut().find(|entry| entry.key == "share") else { continue };
        let scaled =
            |old: f64| if old == largest { Some(rate) } else { Share::new(rate.get() * old / largest) };
        if known(&share.value).is_empty() {
            share.value = Node::scalar(rate.to_string(), share.value.span.clone());
        } else {
            each(&mut share.value, &mut |node| {
                let new = number(node).filter(|old| *old > 0.0).and_then(scaled);
                if let Some(new) = new {
                    *node = Node::scalar(new.to_string(), node.span.clone());
                }
            });
        }
    }
}

fn share_of(defect: &Entry) -> Option<&Node> {
    defect.value.get("share")
}

fn number(node: &Node) -> Option<f64> {
    node.text()?.parse::<Share>().ok().map(Share::get)
}

/// The shares that a prevalence states.
fn known(share: &Node) -> Vec<f64> {
    let mut found = Vec::new();
    each(&mut share.clone(), &mut |node| found.extend(number(node)));
    found
}

/// Visits every share of a prevalence.
fn each(share: &mut Node, visit: &mut impl FnMut(&mut Node)) {
    let Value::Map(forms) = &mut share.value else {
        visit(share);
        return;
    };
    for form in forms {
        let Value::Map(keys) = &mut form.value.value else { continue };
        for key in keys {
            match (form.key.as_str(), key.key.as_str(), &mut key.value.value) {
                ("by-value", "values", Value::Map(values)) => {
                    values.iter_mut().for_each(|entry| visit(&mut entry.value));
                }
                ("by-value", "else", _) | ("clustered", "mean", _) => visit(&mut key.value),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{diagnostic::Source, yaml};

    fn scaled(defects: &str, rate: &str) -> String {
        let source = Arc::new(Source { name: "test".into(), text: defects.into() });
        let mut defects = yaml::parse(source).unwrap();
        if let Value::Map(entries) = &mut defects.value {
            scale(entries, rate.parse().unwrap());
        }
        defects.to_json().to_string()
    }

    #[test]
    fn the_largest_share_becomes_the_rate() {
        assert_eq!(
            scaled("{ a: { share: 4% }, b: { share: 1 in 100, telemetry: 10% } }", "1 in 1000"),
            r#"{"a":{"share":"0.1%"},"b":{"share":"0.025%","telemetry":"10%"}}"#
        );
        assert_eq!(
            scaled("a: { share: { clustered: { attribute: model, mean: 2%, correlation: 0.9 } } }", "10%"),
            r#"{"a":{"share":{"clustered":{"attribute":"model","mean":"10%","correlation":0.9}}}}"#
        );
        assert_eq!(
            scaled("a: { share: { by-value: { attribute: m, values: { x: 8%, y: 2% }, else: 0% } } }", "4%"),
            r#"{"a":{"share":{"by-value":{"attribute":"m","values":{"x":"4%","y":"1%"},"else":"0%"}}}}"#
        );
    }

    #[test]
    fn a_share_that_is_not_known_becomes_the_rate() {
        assert_eq!(
            scaled(
                "{ a: { share: 1% to 5% }, b: { share: { beta: { a: 2, b: 60 } } }, c: { share: 2% } }",
                "1%"
            ),
            r#"{"a":{"share":"1%"},"b":{"share":"1%"},"c":{"share":"1%"}}"#
        );
        assert_eq!(scaled("a: { shows: at restart }", "1%"), r#"{"a":{"shows":"at restart"}}"#);
    }
}
