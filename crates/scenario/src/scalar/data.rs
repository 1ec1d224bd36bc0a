//! Amounts of data and bandwidths.

use std::{fmt, str::FromStr};

use super::{Quantity, ScalarError, decimal, leaf, number_and_rest, shorten};

/// An amount of data in bytes: `700 MB`, `1.2 GB`, `64 GiB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(u64);

/// A bandwidth in bits per second: `200 Mbit/s`, `2 MB/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(u64);

impl Bytes {
    /// So many bytes.
    pub fn new(bytes: u64) -> Self {
        Bytes(bytes.min(MAX_BYTES))
    }

    /// The amount in bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl Bandwidth {
    /// So many bits per second, at least one.
    pub fn new(bits_per_second: u64) -> Self {
        Bandwidth(bits_per_second.clamp(1, MAX_BITS))
    }

    /// The bandwidth in bits per second, above 0.
    pub fn bits_per_second(self) -> u64 {
        self.0
    }
}

/// 1000 TB.
const MAX_BYTES: u64 = 1_000_000_000_000_000;
/// 1000 Gbit/s.
const MAX_BITS: u64 = 1_000_000_000_000;

/// Units from large to small, so that printing finds the largest that divides.
const BYTE_UNITS: [(&str, u64); 9] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];
const BIT_UNITS: [(&str, u64); 4] =
    [("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000), ("bit", 1)];

fn byte_unit(unit: &str) -> Option<u64> {
    let unit = if unit == "KB" { "kB" } else { unit };
    BYTE_UNITS.into_iter().find(|(name, _)| *name == unit).map(|(_, size)| size)
}

impl FromStr for Bytes {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: &str, help: &str| {
            ScalarError::new("RC124", format!("`{}` is not an amount of data: {why}", shorten(text)), help)
        };
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(fail("it is negative", "amounts are zero or more"));
        }
        let (number, unit) = number_and_rest(trimmed);
        let Some(number) = decimal(number) else {
            return Err(fail("it does not start with a number", "write it as in `700 MB`"));
        };
        let units = "the units are `kB`, `MB`, `GB`, `TB` and `KiB`, `MiB`, `GiB`, `TiB`";
        let size = match byte_unit(unit) {
            Some(size) => size as f64,
            None if unit.is_empty() => return Err(fail("it has no unit", units)),
            None if unit.ends_with("/s") => {
                return Err(fail("it is a bandwidth", "write an amount, as in `700 MB`"));
            }
            None if unit.ends_with("bit") => {
                return Err(fail("it is in bits", "write bytes: 8 Mbit are `1 MB`"));
            }
            None => return Err(fail(&format!("`{}` is no unit of data", shorten(unit)), units)),
        };
        let bytes = (number * size).round();
        if bytes > MAX_BYTES as f64 {
            return Err(fail("it is more than 1000 TB", "check the unit"));
        }
        Ok(Bytes(bytes as u64))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) = BYTE_UNITS
            .into_iter()
            .find(|(_, size)| self.0 != 0 && self.0.is_multiple_of(*size))
            .unwrap_or(("B", 1));
        write!(f, "{} {unit}", self.0 / size)
    }
}

impl Quantity for Bytes {
    const NAME: &'static str = "Bytes";
    const PATTERN: &'static str = r"\d+(\.\d+)? ?([kKMGT]B|[KMGT]iB|B)";
    const EXAMPLES: [&'static str; 2] = ["300 MB", "700 MB"];

    fn value(self) -> f64 {
        self.0 as f64
    }
}

leaf!(Bytes, "Bytes", "an amount of data such as `700 MB`", {
    "type": "string",
    "description": "An amount of data with its unit: kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB, TiB (powers of 1024).",
    "pattern": format!("^{}$", Self::PATTERN),
    "examples": ["700 MB", "1.2 GB", "64 GiB"],
});

impl FromStr for Bandwidth {
    type Err = ScalarError;

    fn from_str(text: &str) -> Result<Self, ScalarError> {
        let fail = |why: &str, help: &str| {
            ScalarError::new("RC125", format!("`{}` is not a bandwidth: {why}", shorten(text)), help)
        };
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(fail("it is negative", "bandwidths are above 0"));
        }
        let (number, unit) = number_and_rest(trimmed);
        let Some(number) = decimal(number) else {
            return Err(fail("it does not start with a number", "write it as in `200 Mbit/s`"));
        };
        let units = "the units are `kbit/s`, `Mbit/s`, `Gbit/s` and `kB/s`, `MB/s`, `GB/s`";
        let name = match unit {
            "kbps" => "kbit",
            "Mbps" => "Mbit",
            "Gbps" => "Gbit",
            _ => unit.strip_suffix("/s").unwrap_or(""),
        };
        let bits = BIT_UNITS.into_iter().find(|(known, _)| *known == name).map(|(_, size)| size);
        let Some(size) = bits.or_else(|| byte_unit(name).map(|size| size * 8)) else {
            return Err(match unit {
                "" => fail("it has no unit", units),
                "kb/s" | "Mb/s" | "Gb/s" | "mbps" | "MBps" => {
                    fail(&format!("`{unit}` could be bits or bytes"), "write `Mbit/s` or `MB/s`")
                }
                _ if byte_unit(unit).is_some() => fail("it is an amount, not a rate", units),
                _ => fail(&format!("`{}` is no unit of bandwidth", shorten(unit)), units),
            });
        };
        let bits = (number * size as f64).round();
        if bits < 1.0 {
            return Err(fail("it is zero", "bandwidths are above 0"));
        }
        if bits > MAX_BITS as f64 {
            return Err(fail("it is more than 1000 Gbit/s", "check the unit"));
        }
        Ok(Bandwidth(bits as u64))
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, size) =
            BIT_UNITS.into_iter().find(|(_, size)| self.0.is_multiple_of(*size)).unwrap_or(("bit", 1));
        write!(f, "{} {unit}/s", self.0 / size)
    }
}

impl Quantity for Bandwidth {
    const NAME: &'static str = "Bandwidth";
    const PATTERN: &'static str = r"\d+(\.\d+)? ?([kMG]?bit/s|[kKMG]?B/s|[KMG]iB/s|[kMG]bps)";
    const EXAMPLES: [&'static str; 2] = ["20 Mbit/s", "200 Mbit/s"];

    fn value(self) -> f64 {
        self.0 as f64
    }
}

leaf!(Bandwidth, "Bandwidth", "a bandwidth such as `200 Mbit/s`", {
    "type": "string",
    "description": "A bandwidth with its unit: kbit/s, Mbit/s, Gbit/s or kB/s, MB/s, GB/s.",
    "pattern": format!("^{}$", Self::PATTERN),
    "examples": ["20 Mbit/s", "200 Mbit/s", "2 MB/s"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (text, bytes) in [
            ("700 MB", 700_000_000),
            ("1.2 GB", 1_200_000_000),
            ("64 GiB", 64 << 30),
            ("5 B", 5),
            ("2 KB", 2_000),
        ] {
            assert_eq!(text.parse::<Bytes>().unwrap().bytes(), bytes);
        }
        for text in ["700 MB", "64 GiB", "1200 MB", "0 B", "1500 B"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        for (text, why) in [
            ("700", "no unit"),
            ("-1 MB", "negative"),
            ("MB", "number"),
            ("700 mb", "no unit of data"),
            ("8 Mbit", "bits"),
            ("2 MB/s", "bandwidth"),
            ("9999 TB", "1000 TB"),
            ("NaN MB", "number"),
        ] {
            let error = text.parse::<Bytes>().unwrap_err();
            assert!(error.message.contains(why), "{text}: {}", error.message);
        }
    }

    #[test]
    fn bandwidths() {
        for (text, bits) in [
            ("200 Mbit/s", 200_000_000),
            ("2 MB/s", 16_000_000),
            ("20 Mbps", 20_000_000),
            ("0.5 Gbit/s", 500_000_000),
        ] {
            assert_eq!(text.parse::<Bandwidth>().unwrap().bits_per_second(), bits);
        }
        assert_eq!("2 MB/s".parse::<Bandwidth>().unwrap().to_string(), "16 Mbit/s");
        for (text, why) in [
            ("200", "no unit"),
            ("0 Mbit/s", "zero"),
            ("200 Mb/s", "bits or bytes"),
            ("200 MB", "rate"),
            ("x", "number"),
            ("9999 Gbit/s", "1000 Gbit/s"),
            ("-2 MB/s", "negative"),
            ("2 furlong/s", "no unit"),
        ] {
            let error = text.parse::<Bandwidth>().unwrap_err();
            assert!(error.message.contains(why), "{text}: {}", error.message);
        }
    }
}
