//! What a study measures and what is chosen by: `harmed`, `harmed.p95 in Broad <= 200`, `least exposed.device-days`.

use std::{fmt, str::FromStr};

use super::{Bound, ScalarError, leaf, shorten};

/// A number over runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The mean; of times in which 'never' occurs, with the end of the watch for it.
    Mean,
    /// The value that so many per cent of the runs do not exceed, from 1 to 99.
    Quantile(u8),
}

/// A metric, with its ring and its release where it is not the fleet or there are several releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name of the metric.
    pub metric: String,
    /// The ring.
    pub ring: Option<String>,
    /// The release.
    pub release: Option<String>,
}

/// A statistic of a column with a bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// What is bounded.
    pub column: Column,
    /// Which number of it.
    pub statistic: Statistic,
    /// `<=` rather than `>=`.
    pub at_most: bool,
    /// The bound.
    pub bound: Bound,
}

/// What decides among those that keep the limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// The least rather than the most of it.
    pub least: bool,
    /// What is looked at.
    pub column: Column,
    /// Which number of it.
    pub statistic: Statistic,
}

fn fail(text: &str, why: impl fmt::Display, help: &str) -> ScalarError {
    ScalarError::new("RC133", format!("`{}` {why}", shorten(text)), help)
}

const COLUMN: &str =
    "write a metric, and a ring or a release if one is meant, as in `harmed in Broad of 2026-12 B`";

impl FromStr for Column {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        let (metric, mut rest) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
        if metric.is_empty() {
            return Err(fail(text, "names no metric", COLUMN));
        }
        rest = rest.trim();
        let (mut ring, mut release) = (None, None);
        if let Some(names) = rest.strip_prefix("in ") {
            let (name, of) = names.split_once(" of ").map_or((names, ""), |(name, of)| (name, of));
            ring = Some(name.trim().to_owned());
            release = Some(of.trim().to_owned()).filter(|of| !of.is_empty());
        } else if let Some(of) = rest.strip_prefix("of ") {
            release = Some(of.trim().to_owned());
        } else if !rest.is_empty() {
            return Err(fail(text, format!("has `{}` behind the metric", shorten(rest)), COLUMN));
        }
        Ok(Column { metric: metric.to_owned(), ring, release })
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        if let Some(ring) = &self.ring {
            write!(f, " in {ring}")?;
        }
        match &self.release {
            Some(release) => write!(f, " of {release}"),
            None => Ok(()),
        }
    }
}

/// A column whose metric may end in `.p95`, `.median` or `.mean`.
pub(super) fn with_statistic(text: &str) -> Result<(Column, Statistic), ScalarError> {
    let text = text.trim();
    let mut column: Column = text.parse()?;
    let Some((metric, last)) = column.metric.rsplit_once('.') else { return Ok((column, Statistic::Mean)) };
    let statistic = match last {
        "mean" => Statistic::Mean,
        "median" => Statistic::Quantile(50),
        _ => {
            match last.strip_prefix('p').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit())) {
                Some(digits) => match digits.parse() {
                    Ok(percent @ 1..=99) => Statistic::Quantile(percent),
                    _ => {
                        let why = format!("has `.p{digits}`, which is not between `.p1` and `.p99`");
                        return Err(fail(text, why, "write `.p95` for the 95 % quantile over runs"));
                    }
                },
                None => return Ok((column, Statistic::Mean)),
            }
        }
    };
    column.metric = metric.to_owned();
    Ok((column, statistic))
}

pub(super) fn told(column: &Column, statistic: Statistic) -> String {
    let suffix = match statistic {
        Statistic::Mean => String::new(),
        Statistic::Quantile(50) => ".median".into(),
        Statistic::Quantile(percent) => format!(".p{percent}"),
    };
    Column { metric: format!("{}{suffix}", column.metric), ..column.clone() }.to_string()
}

impl FromStr for Criterion {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let (at_most, (left, right)) = match (text.split_once("<="), text.split_once(">=")) {
            (Some(sides), None) => (true, sides),
            (None, Some(sides)) => (false, sides),
            _ => {
                let help = "write a metric, `<=` or `>=` and a bound, as in `harmed.p95 <= 200`";
                return Err(fail(text, "is no limit: it compares nothing by `<=` or `>=`", help));
            }
        };
        let (column, statistic) = with_statistic(left)?;
        Ok(Criterion { column, statistic, at_most, bound: right.trim().parse()? })
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = if self.at_most { "<=" } else { ">=" };
        write!(f, "{} {op} {}", told(&self.column, self.statistic), self.bound)
    }
}

impl FromStr for Aim {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let least = match word {
            "least" => true,
            "most" => false,
            _ => {
                let help = "write `least` or `most` and a metric, as in `least exposed.device-days`";
                return Err(fail(text, "does not say `least` or `most` of what", help));
            }
        };
        let (column, statistic) = with_statistic(rest)?;
        Ok(Aim { least, column, statistic })
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.least { "least" } else { "most" };
        write!(f, "{word} {}", told(&self.column, self.statistic))
    }
}

leaf!(Column, "Column", "a metric such as `harmed in Broad`", {
    "type": "string",
    "description": "A metric (docs/metrics.md), and the ring or the release that is meant.",
    "pattern": r"^[a-z0-9.-]+( in .+)?( of .+)?$",
    "examples": ["patched.h95", "harmed in Broad", "harmed of 2026-12 B"],
});

leaf!(Criterion, "Criterion", "a limit such as `harmed.p95 <= 200`", {
    "type": "string",
    "description": "A metric with a bound: its mean over runs, or with `.p95` behind its name the 95 % quantile.",
    "pattern": "^[^<>]+ *(<=|>=) *[^ ].*$",
    "examples": ["harmed.p95 <= 200", "patched.h95 <= 14 d", "stop.before-offer in Broad >= 80%"],
});

leaf!(Aim, "Aim", "`least` or `most` and a metric", {
    "type": "string",
    "description": "What decides among those that keep the limits.",
    "pattern": "^(least|most) [^ ].*$",
    "examples": ["least exposed.device-days", "least patched.h95.p95"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back() {
        for text in ["harmed", "harmed in Broad", "patched.h95 of 2026-12 B", "harmed in Ring 1 of 2026-12 B"]
        {
            assert_eq!(text.parse::<Column>().unwrap().to_string(), text);
        }
        for text in [
            "harmed.p95 <= 200",
            "harmed in Broad <= 3",
            "patched.h95.median of oct <= 14 d",
            "stop.before-offer in Broad >= 80%",
        ] {
            assert_eq!(text.parse::<Criterion>().unwrap().to_string(), text);
        }
        for text in ["least exposed.device-days", "most objective.share.p5 in Broad"] {
            assert_eq!(text.parse::<Aim>().unwrap().to_string(), text);
        }
        let limit: Criterion = "patched.h95.mean<=3 d".parse().unwrap();
        assert_eq!((limit.column.metric.as_str(), limit.statistic), ("patched.h95", Statistic::Mean));
        for text in ["", "harmed by Broad"] {
            assert!(text.parse::<Column>().is_err(), "{text}");
        }
        for text in ["harmed", "harmed.p0 <= 3", "harmed.p100 <= 3", "harmed <= many", "<= 3"] {
            assert!(text.parse::<Criterion>().is_err(), "{text}");
        }
        let wrong = "harmed.p0 <= 3".parse::<Criterion>().unwrap_err().to_string();
        assert!(wrong.contains("`harmed.p0` has"), "{wrong}");
        for text in ["harmed", "least", "fewest harmed", "least harmed.p0"] {
            assert!(text.parse::<Aim>().is_err(), "{text}");
        }
    }
}
