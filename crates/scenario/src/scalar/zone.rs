//! Time zones by their IANA names.

use std::{fmt, str::FromStr};

use jiff::tz::TimeZone;

use super::{ScalarError, leaf, shorten};
use crate::suggest;

/// A time zone of the bundled database: `Europe/Berlin`, `America/Los_Angeles`, `UTC`.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Zone(TimeZone::UTC)
    }

    /// Its rules.
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl FromStr for Zone {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let name = text.trim();
        if name.len() <= 60 && !name.is_empty() {
            if name.eq_ignore_ascii_case("utc") {
                return Ok(Zone::utc());
            }
            if let Ok(zone) = jiff::tz::db().get(name) {
                return Ok(Zone(zone));
            }
        }
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let city = name.replace(' ', "_").to_ascii_lowercase();
        let near = names
            .iter()
            .find(|known| known.rsplit_once('/').is_some_and(|(_, last)| last.to_ascii_lowercase() == city))
            .map(String::as_str)
            .or_else(|| suggest::did_you_mean(name, &names));
        let is_offset =
            name.split(['+', '-']).nth(1).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let help = match near {
            _ if is_offset => {
                "write the zone of the place, as in `Europe/Berlin`: an offset knows no daylight saving"
                    .into()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the IANA name, as in `Europe/Berlin`, `America/Los_Angeles` or `UTC`".into(),
        };
        Err(ScalarError::new("RC127", format!("`{}` is not a time zone", shorten(name)), help))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

leaf!(Zone, "Zone", "a time zone such as `Europe/Berlin`", {
    "type": "string",
    "description": "A time zone by its IANA name.",
    "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$",
    "examples": ["Europe/Berlin", "America/Los_Angeles", "UTC"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones() {
        for name in ["Europe/Berlin", "America/Los_Angeles", "UTC", "Asia/Kolkata"] {
            assert_eq!(name.parse::<Zone>().unwrap().to_string(), name);
        }
        for (text, near) in [
            ("Europe/Berln", "Europe/Berlin"),
            ("Berlin", "Europe/Berlin"),
            ("Los Angeles", "America/Los_Angeles"),
            ("UTC+2", "daylight"),
            ("nowhere at all", "IANA"),
        ] {
            let error = text.parse::<Zone>().unwrap_err();
            assert!(error.help.as_deref().unwrap().contains(near), "{text}: {error:?}");
        }
    }
}
