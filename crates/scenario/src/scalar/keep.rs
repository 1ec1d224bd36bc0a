//! Conditions between settings: `rings.Fast.deferral >= rings.First.deferral + 1 d`.

use std::{fmt, str::FromStr};

use super::{Measured, ScalarError, leaf, shorten};
use crate::path;

/// How two sides compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `>`
    Above,
    /// `=`
    Equal,
    /// `!=`
    Other,
}

const OPERATORS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("!=", Comparison::Other),
    ("<", Comparison::Below),
    (">", Comparison::Above),
    ("=", Comparison::Equal),
];

impl Comparison {
    /// Whether it holds; what differs by less than a billionth is equal.
    pub fn holds(self, left: f64, right: f64) -> bool {
        let near = (left - right).abs() <= 1e-9 * left.abs().max(right.abs());
        match self {
            Comparison::AtMost => near || left < right,
            Comparison::AtLeast => near || left > right,
            Comparison::Below => !near && left < right,
            Comparison::Above => !near && left > right,
            Comparison::Equal => near,
            Comparison::Other => !near,
        }
    }
}

/// A setting or a quantity.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// What stands at this path.
    Setting(Vec<String>),
    /// A quantity.
    Quantity(Measured),
}

/// A term, with a quantity added or taken away.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The term.
    pub term: Term,
    /// What is added; taken away if `minus`.
    pub shift: Option<(bool, Measured)>,
}

/// Two sides that must compare so.
#[derive(Clone, Debug, PartialEq)]
pub struct Keep {
    /// The left side.
    pub left: Side,
    /// How they compare.
    pub comparison: Comparison,
    /// The right side.
    pub right: Side,
}

const HELP: &str = "write two settings or quantities with `<=`, `>=`, `<`, `>`, `=` or `!=` between them, as in `rings.Fast.deferral >= rings.First.deferral + 1 d`";

fn fail(text: &str, why: impl fmt::Display) -> ScalarError {
    ScalarError::new("RC134", format!("`{}` is no condition between settings: {why}", shorten(text)), HELP)
}

fn term(whole: &str, text: &str) -> Result<Term, ScalarError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(fail(whole, "a side of it is empty"));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(Term::Quantity(text.parse()?));
    }
    match path::split(text) {
        Ok(keys) => Ok(Term::Setting(keys)),
        Err(problem) => Err(fail(whole, problem.message)),
    }
}

fn side(whole: &str, text: &str) -> Result<Side, ScalarError> {
    // Names may hold a hyphen, so a sign stands between blanks.
    let signs = [(" + ", false), (" - ", true)];
    let found =
        signs.into_iter().find_map(|(sign, minus)| text.rsplit_once(sign).map(|parts| (parts, minus)));
    match found {
        Some(((left, right), minus)) => {
            Ok(Side { term: term(whole, left)?, shift: Some((minus, right.trim().parse()?)) })
        }
        None => Ok(Side { term: term(whole, text)?, shift: None }),
    }
}

impl FromStr for Keep {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let found = OPERATORS.into_iter().find_map(|(sign, c)| text.split_once(sign).map(|sides| (sides, c)));
        let Some(((left, right), comparison)) = found else { return Err(fail(text, "it compares nothing")) };
        if right.contains(['<', '>', '=']) {
            return Err(fail(text, "it compares more than two sides"));
        }
        Ok(Keep { left: side(text, left)?, comparison, right: side(text, right)? })
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = OPERATORS.iter().find(|(_, c)| *c == self.comparison).map_or("", |(sign, _)| sign);
        let told = |side: &Side| {
            let term = match &side.term {
                Term::Setting(keys) => path::join(keys),
                Term::Quantity(quantity) => quantity.to_string(),
            };
            match side.shift {
                Some((minus, by)) => format!("{term} {} {by}", if minus { '-' } else { '+' }),
                None => term,
            }
        };
        write!(f, "{} {sign} {}", told(&self.left), told(&self.right))
    }
}

leaf!(Keep, "Keep", "a condition such as `rings.Fast.deferral >= rings.First.deferral + 1 d`", {
    "type": "string",
    "description": "A condition between two settings, or a setting and a quantity.",
    "examples": ["rings.Fast.deferral >= rings.First.deferral + 1 d", "rings.First.size <= 800"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_back() {
        for text in [
            "rings.Fast.deferral >= rings.First.deferral + 1 d",
            "rings.First.size <= 800",
            "people.on-call.staff != 2",
            "rings.\"a.b\".grace - 12 h < 2 d",
        ] {
            assert_eq!(text.parse::<Keep>().unwrap_or_else(|e| panic!("{text}: {e}")).to_string(), text);
        }
        for text in ["rings.First.size", "a <= b <= c", "<= 3", "a >= ", "a >= 3 parsec", "a..b > 1", ""] {
            assert_eq!(text.parse::<Keep>().unwrap_err().code[..3], *"RC1", "{text}");
            assert!(text.parse::<Keep>().is_err());
        }
    }

    #[test]
    fn nearly_equal_is_equal() {
        assert!(Comparison::AtLeast.holds(0.1 + 0.2, 0.3) && !Comparison::Above.holds(0.1 + 0.2, 0.3));
        assert!(Comparison::Equal.holds(0.1 + 0.2, 0.3) && Comparison::Below.holds(1.0, 2.0));
    }
}
