//! Shares of a whole.

use std::{fmt, str::FromStr};

use super::{Quantity, ScalarError, decimal, leaf, shorten};

/// A share from 0 to 1: `62%`, `0.1%`, `1 in 10000`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(f64);

impl Share {
    /// All of it.
    pub const ALL: Share = Share(1.0);

    /// A share of a number from 0 to 1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Share(value))
    }

    /// The share as a number from 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }
}

fn fail(text: &str, why: &str, help: impl Into<String>) -> ScalarError {
    ScalarError::new("RC121", format!("`{}` is not a share: {why}", shorten(text)), help)
}

impl FromStr for Share {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(fail(text, "it is negative", "shares go from `0%` to `100%`"));
        }
        if let Some(percent) = trimmed.strip_suffix('%') {
            let Some(percent) = decimal(percent.trim_end()) else {
                return Err(fail(text, "no number stands before the `%`", "write it as in `62%`"));
            };
            if percent > 100.0 {
                return Err(fail(text, "it is more than `100%`", "shares go from `0%` to `100%`"));
            }
            // The decimal point is moved in the text: dividing by 100 would round twice and miss some numbers.
            let moved = format!("{}e-2", trimmed.trim_end_matches('%').trim_end());
            return Ok(Share(moved.parse().unwrap_or(percent / 100.0)));
        }
        if let Some((part, whole)) = trimmed.split_once(" in ") {
            let (part, whole) = (super::amount::digits(part.trim()), super::amount::digits(whole.trim()));
            return match (part, whole) {
                (Some(part), Some(whole)) if whole > 0 && part <= whole => {
                    Ok(Share(part as f64 / whole as f64))
                }
                _ => Err(fail(text, "it is no count out of a larger one", "write it as in `1 in 10000`")),
            };
        }
        match decimal(trimmed) {
            Some(number) if number <= 1.0 && trimmed.contains('.') => {
                let meant = Share(number);
                Err(fail(text, "it has no `%`", format!("did you mean `{meant}`?")))
            }
            Some(_) => Err(fail(text, "it has no `%`", format!("did you mean `{trimmed}%`?"))),
            None => Err(fail(text, "it is no number with a `%`", "write it as in `62%` or `1 in 10000`")),
        }
    }
}

impl fmt::Display for Share {
    /// The shortest percentage that reads back as the same number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let Some((_, digits)) = text.split_once('.') else {
            return f.write_str(if self.0 == 0.0 { "0%" } else { "100%" });
        };
        let digits = format!("{digits:0<2}");
        let whole = digits[..2].trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        match &digits[2..] {
            "" => write!(f, "{whole}%"),
            part => write!(f, "{whole}.{part}%"),
        }
    }
}

impl Quantity for Share {
    const NAME: &'static str = "Share";
    const PATTERN: &'static str = r"(100(\.0+)?|\d{1,2}(\.\d+)?) ?%|\d[\d_ ]* in \d[\d_ ]*";
    const EXAMPLES: [&'static str; 2] = ["8%", "16%"];

    fn value(self) -> f64 {
        self.0
    }
}

leaf!(Share, "Share", "a share such as `62%`", {
    "type": "string",
    "description": "A share of the whole, in percent or as `1 in 10000`.",
    "pattern": format!("^({})$", Self::PATTERN),
    "examples": ["62%", "0.1%", "1 in 10000"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, value) in [
            ("62%", 0.62),
            ("62 %", 0.62),
            ("0.1%", 0.001),
            ("100%", 1.0),
            ("1 in 10000", 0.0001),
            ("1 in 10 000", 0.0001),
        ] {
            assert_eq!(text.parse::<Share>().unwrap().get(), value, "{text}");
        }
        for text in ["7%", "62%", "0.1%", "100%", "0%", "33.3%", "12.5%"] {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refusals_say_why() {
        for (text, why) in [
            ("0.62", "`62%`"),
            ("62", "`62%`"),
            ("120%", "`100%`"),
            ("-1%", "negative"),
            ("NaN%", "number"),
            ("3 in 2", "larger"),
            ("most", "no number"),
            ("%", "before"),
            ("1 in 0", "larger"),
        ] {
            let error = text.parse::<Share>().unwrap_err();
            let all = format!("{} {}", error.message, error.help.unwrap_or_default());
            assert!(all.contains(why), "{text}: {all}");
        }
    }
}
