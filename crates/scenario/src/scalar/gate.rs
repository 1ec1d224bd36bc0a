//! What makes a run or a comparison fail: `harmed.p95 > 1%`, `patched.h95 in Broad of 2026-12 B >= 20 d for cautious`.

use std::{fmt, str::FromStr};

use super::{
    Bound, Column, ScalarError, Statistic,
    column::{told, with_statistic},
    shorten,
};

/// How a number compares with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `>`.
    Above,
    /// `>=`.
    AtLeast,
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
}

impl Op {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Op::Above => ">",
            Op::AtLeast => ">=",
            Op::Below => "<",
            Op::AtMost => "<=",
        }
    }

    /// Whether a value is on this side of a bound.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Op::Above => value > bound,
            Op::AtLeast => value >= bound,
            Op::Below => value < bound,
            Op::AtMost => value <= bound,
        }
    }

    /// True of `>` and `>=`.
    pub fn is_upwards(self) -> bool {
        matches!(self, Op::Above | Op::AtLeast)
    }
}

/// Which number over the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The mean or a quantile.
    Of(Statistic),
    /// The share of runs that have a value: of a time, in which it was reached.
    Reached,
}

/// A condition under which a run or a comparison fails.
#[derive(Clone, Debug, PartialEq)]
pub struct FailOn {
    /// The metric, with its ring and release.
    pub column: Column,
    /// Which number of it.
    pub asked: Asked,
    /// On which side of the bound it fails.
    pub op: Op,
    /// The bound.
    pub bound: Bound,
    /// The strategy that is asked; without it every one.
    pub strategy: Option<String>,
}

const HELP: &str = "write a metric, one of `>`, `>=`, `<`, `<=`, and a bound, as in `harmed.p95 > 1%`";

impl FromStr for FailOn {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: String| ScalarError::new("RC133", format!("`{}` {why}", shorten(text)), HELP);
        let Some(at) = text.find(['<', '>']) else {
            return Err(fail("is no criterion: it compares nothing by `>`, `>=`, `<` or `<=`".into()));
        };
        let (left, right) = text.split_at(at);
        let (op, right) = match (right.strip_prefix(">="), right.strip_prefix("<=")) {
            (Some(right), _) => (Op::AtLeast, right),
            (_, Some(right)) => (Op::AtMost, right),
            _ if right.starts_with('>') => (Op::Above, &right[1..]),
            _ => (Op::Below, &right[1..]),
        };
        let (bound, strategy) = right.split_once(" for ").map_or((right, None), |(b, name)| (b, Some(name)));
        if bound.contains(['<', '>', '=']) {
            return Err(fail("compares more than once".into()));
        }
        if bound.trim().is_empty() {
            return Err(fail("names no bound".into()));
        }
        if strategy.is_some_and(|name| name.trim().is_empty()) {
            return Err(fail("names no strategy behind `for`".into()));
        }
        let (mut column, statistic) = with_statistic(left)?;
        let reached = column.metric.strip_suffix(".reached").map(str::to_owned);
        let asked = match reached {
            Some(metric) => {
                column.metric = metric;
                Asked::Reached
            }
            None => Asked::Of(statistic),
        };
        Ok(FailOn {
            column,
            asked,
            op,
            bound: bound.parse()?,
            strategy: strategy.map(|name| name.trim().to_owned()),
        })
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = match self.asked {
            Asked::Of(statistic) => told(&self.column, statistic),
            Asked::Reached => {
                let metric = format!("{}.reached", self.column.metric);
                Column { metric, ..self.column.clone() }.to_string()
            }
        };
        write!(f, "{left} {} {}", self.op.sign(), self.bound)?;
        match &self.strategy {
            Some(name) => write!(f, " for {name}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criteria_read_back() {
        for text in [
            "harmed.p95 > 1%",
            "harmed >= 20",
            "patched.h95.median in Broad > 14 d",
            "patched.h95.reached < 90%",
            "objective.share.p5 in Ring 1 of 2026-12 B <= 95% for as today",
        ] {
            assert_eq!(text.parse::<FailOn>().unwrap().to_string(), text);
        }
        let read: FailOn = " harmed.mean>=3 for  a for b ".parse().unwrap();
        assert_eq!((read.asked, read.op), (Asked::Of(Statistic::Mean), Op::AtLeast));
        assert_eq!(read.strategy.as_deref(), Some("a for b"));
    }

    #[test]
    fn nonsense_is_refused_in_a_sentence() {
        for text in [
            "",
            " ",
            "harmed",
            "> 3",
            "harmed >",
            "harmed > NaN",
            "harmed > inf",
            "harmed > -1",
            "harmed > many",
            "harmed = 3",
            "harmed == 3",
            "harmed > 3 > 2",
            "harmed => 3",
            "harmed by Broad > 3",
            "harmed.p0 > 3",
            "harmed > 3 for ",
        ] {
            let problem = text.parse::<FailOn>().unwrap_err();
            assert!(problem.code.starts_with("RC1") && problem.help.is_some(), "{text}: {problem:?}");
        }
    }
}
