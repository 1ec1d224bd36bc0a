//! Goals in one line: `harmed.p95 <= 200`, `patched.h95 <= 14 d`, `objective.share >= 95%`.

use std::{fmt, str::FromStr};

use super::{Bound, ScalarError, leaf, shorten};

/// A metric with a bound, in every run or in so many per cent of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Name of the metric.
    pub metric: String,
    /// The quantile over runs behind `.p`; without it the bound holds in every run.
    pub percent: Option<u8>,
    /// `<=` rather than `>=`.
    pub at_most: bool,
    /// The bound.
    pub bound: Bound,
}

impl FromStr for Line {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: String| {
            let help = "write a metric, `<=` or `>=` and a bound, as in `harmed.p95 <= 200`";
            ScalarError::new("RC133", format!("`{}` is no goal: {why}", shorten(text)), help)
        };
        let (at_most, (left, right)) = match (text.split_once("<="), text.split_once(">=")) {
            (Some(sides), None) => (true, sides),
            (None, Some(sides)) => (false, sides),
            _ => return Err(fail("it compares nothing by `<=` or `>=`".into())),
        };
        let left = left.trim();
        if left.is_empty() || left.contains(' ') {
            return Err(fail("no name of a metric stands before the comparison".into()));
        }
        let (metric, percent) = match left.rsplit_once(".p") {
            Some((metric, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                let percent = digits.parse::<u8>().ok().filter(|p| (1..=99).contains(p));
                let percent =
                    percent.ok_or_else(|| fail(format!("`.p{digits}` is not between `.p1` and `.p99`")))?;
                (metric, Some(percent))
            }
            _ => (left, None),
        };
        Ok(Line { metric: metric.to_owned(), percent, at_most, bound: right.trim().parse()? })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        if let Some(percent) = self.percent {
            write!(f, ".p{percent}")?;
        }
        write!(f, " {} {}", if self.at_most { "<=" } else { ">=" }, self.bound)
    }
}

leaf!(Line, "GoalLine", "a goal such as `harmed.p95 <= 200`", {
    "type": "string",
    "description": "A metric with a bound; `.p95` behind its name: the 95 % quantile over runs.",
    "pattern": "^[^ <>]+ *(<=|>=) *[^ ].*$",
    "examples": ["harmed.p95 <= 200", "patched.h95 <= 14 d", "objective.share >= 95%"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_back() {
        for text in ["harmed.p95 <= 200", "patched.h95 <= 14 d", "objective.share >= 95%", "harmed.p5 >= 3"] {
            assert_eq!(text.parse::<Line>().expect("a goal").to_string(), text);
        }
        let line: Line = "patched.h95.p80<=14 d".parse().expect("a goal");
        assert_eq!((line.metric.as_str(), line.percent), ("patched.h95", Some(80)));
        for text in [
            "harmed",
            "harmed = 3",
            "<= 3",
            "harmed.p0 <= 3",
            "harmed.p100 <= 3",
            "harmed <= many",
            "a b <= 1",
        ] {
            assert!(text.parse::<Line>().is_err(), "{text}");
        }
    }
}
