//! Terms of defects, people and commands: `120 a day`, `at once`, `paged after 3 h`, `daily 09:00`, `never`.

use std::{fmt, str::FromStr};

use super::{Count, Duration, ScalarError, TimeOfDay, leaf, shorten};

fn fail(text: &str, what: &str, help: &str) -> ScalarError {
    ScalarError::new("RC140", format!("`{}` is not {what}", shorten(text)), help)
}

/// How often a device uploads what happened: so often, or each event `at once`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uploads(pub Option<Duration>);

impl FromStr for Uploads {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "at once" { Ok(Uploads(None)) } else { text.parse().map(|d| Uploads(Some(d))) }
    }
}

impl fmt::Display for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(every) => every.fmt(f),
            None => f.write_str("at once"),
        }
    }
}

leaf!(Uploads, "Uploads", "a length of time such as `24 h`, or `at once`", {
    "type": "string",
    "description": "The interval between uploads, or `at once` for each event.",
    "examples": ["24 h", "at once"],
});

/// A length of time after which something ends by itself, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry(pub Option<Duration>);

impl FromStr for Expiry {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        if text.trim() == "never" { Ok(Expiry(None)) } else { text.parse().map(|d| Expiry(Some(d))) }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(after) => after.fmt(f),
            None => f.write_str("never"),
        }
    }
}

leaf!(Expiry, "Expiry", "a length of time such as `35 d`, or `never`", {
    "type": "string",
    "description": "A length of time, or `never`.",
    "examples": ["35 d", "never"],
});

/// What can be done in a day: `120 a day`, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerDay(pub Option<u64>);

impl FromStr for PerDay {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let help = "write a number a day, as in `120 a day`, or `unlimited`";
        let trimmed = text.trim();
        if trimmed == "unlimited" {
            return Ok(PerDay(None));
        }
        let number = trimmed.strip_suffix(" a day").ok_or_else(|| fail(text, "a number a day", help))?;
        let count: Count = number.trim().parse()?;
        if count.get() == 0 {
            return Err(fail(text, "a number a day above 0", "leave `repair` out where nobody repairs"));
        }
        Ok(PerDay(Some(count.get())))
    }
}

impl fmt::Display for PerDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, "{number} a day"),
            None => f.write_str("unlimited"),
        }
    }
}

leaf!(PerDay, "PerDay", "a number such as `120 a day`, or `unlimited`", {
    "type": "string",
    "description": "A number a day, or `unlimited`.",
    "pattern": "^(unlimited|[0-9][0-9_ ]* a day)$",
    "examples": ["120 a day", "unlimited"],
});

/// What happens with an incident outside working hours: it `waits`, or somebody is `paged after 3 h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside(pub Option<Duration>);

impl FromStr for Outside {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        if trimmed == "waits" {
            return Ok(Outside(None));
        }
        let help = "write `waits`, or `paged after 3 h`";
        let after = trimmed.strip_prefix("paged after ");
        let after = after.ok_or_else(|| fail(text, "a way to live with incidents outside hours", help))?;
        after.parse().map(|after| Outside(Some(after)))
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(after) => write!(f, "paged after {after}"),
            None => f.write_str("waits"),
        }
    }
}

leaf!(Outside, "Outside", "`waits`, or `paged after 3 h`", {
    "type": "string",
    "description": "Outside hours an incident waits, or somebody is called after a time.",
    "pattern": "^(waits|paged after .+)$",
    "examples": ["paged after 3 h", "waits"],
});

/// When a rule is judged: at each `tick`, or `daily 09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged(pub Option<TimeOfDay>);

impl FromStr for Judged {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        if trimmed == "tick" {
            return Ok(Judged(None));
        }
        let help = "write `tick`, or `daily 09:00`";
        let time =
            trimmed.strip_prefix("daily ").ok_or_else(|| fail(text, "a time to judge a rule", help))?;
        time.parse().map(|time| Judged(Some(time)))
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => write!(f, "daily {time}"),
            None => f.write_str("tick"),
        }
    }
}

leaf!(Judged, "Judged", "`tick`, or `daily 09:00`", {
    "type": "string",
    "description": "At the end of each tick, or every day at a time.",
    "pattern": r"^(tick|daily \d{2}:\d{2})$",
    "examples": ["tick", "daily 09:00"],
});

#[cfg(test)]
mod tests {
    use super::*;

    fn same<T: FromStr<Err = ScalarError> + fmt::Display>(texts: &[&str], refused: &[&str]) {
        for text in texts {
            assert_eq!(text.parse::<T>().unwrap_or_else(|e| panic!("{text}: {e}")).to_string(), *text);
        }
        for text in refused {
            assert!(text.parse::<T>().is_err(), "{text}");
        }
    }

    #[test]
    fn texts_read_back_and_slips_are_refused() {
        same::<Uploads>(&["at once", "1 d"], &["once", "24", ""]);
        same::<Expiry>(&["never", "35 d"], &["none", "35"]);
        same::<PerDay>(&["120 a day", "unlimited"], &["120", "0 a day", "120 a week", "a day"]);
        same::<Outside>(&["waits", "paged after 3 h"], &["paged", "paged after", "3 h"]);
        same::<Judged>(&["tick", "daily 09:00"], &["daily", "09:00", "daily 9"]);
    }
}
