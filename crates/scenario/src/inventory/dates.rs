//! The dates of exports: `2026-10-30 08:15:42.0000000`, `2026-10-30T08:15:42Z`, `10/30/2026 8:15:42 AM`.

use jiff::{civil::DateTime, tz::TimeZone};

/// Unix seconds of a date; `Ok(None)` where the export means 'never', `Err` where it cannot be read.
///
/// Without a zone a date is UTC. Slashes mean month first, as Intune writes them.
pub(super) fn unix_seconds(text: &str) -> Result<Option<i64>, ()> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("never") {
        return Ok(None);
    }
    // Some exports put a narrow no-break space before AM and PM, so any white space separates.
    let split = text.find(|c: char| c == 'T' || c == ',' || c.is_whitespace());
    let (date, clock) = match split {
        Some(at) => {
            (&text[..at], text[at..].trim_start_matches(|c: char| c == 'T' || c == ',' || c.is_whitespace()))
        }
        None => (text, ""),
    };
    let (year, month, day) = if date.contains('/') {
        let (month, day, year) = three(date, '/')?;
        (year, month, day)
    } else {
        three(date, '-')?
    };
    let (hour, minute, second, offset_s) = if clock.is_empty() { (0, 0, 0, 0) } else { time(clock)? };
    let narrow = |n: u32| i8::try_from(n).map_err(drop);
    let year = i16::try_from(year).map_err(drop)?;
    let at =
        DateTime::new(year, narrow(month)?, narrow(day)?, narrow(hour)?, narrow(minute)?, narrow(second)?, 0)
            .map_err(drop)?;
    // Empty dates of .NET (year 1), of Windows (1601) and of spreadsheets (1899, 1900).
    if year <= 1900 {
        return Ok(None);
    }
    let at = TimeZone::UTC.to_timestamp(at).map_err(drop)?;
    Ok(Some(at.as_second() - offset_s))
}

fn three(text: &str, separator: char) -> Result<(u32, u32, u32), ()> {
    let mut parts = text.split(separator);
    let mut part = || number(parts.next().ok_or(())?);
    let found = (part()?, part()?, part()?);
    if parts.next().is_some() { Err(()) } else { Ok(found) }
}

fn number(text: &str) -> Result<u32, ()> {
    // `parse` alone would let a sign through.
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(());
    }
    text.parse().map_err(drop)
}

/// Hour, minute, second and seconds east of UTC of `8:15`, `08:15:42.0000000`, `8:15:42 PM`, `08:15:42+01:00`.
fn time(text: &str) -> Result<(u32, u32, u32, i64), ()> {
    let (text, offset_s) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], offset(&text[at..])?),
        None => (text, 0),
    };
    let text = text.trim();
    let upper = text.to_ascii_uppercase();
    let (text, half) = match upper.strip_suffix("AM") {
        Some(rest) => (rest.trim(), Some(0)),
        None => match upper.strip_suffix("PM") {
            Some(rest) => (rest.trim(), Some(12)),
            None => (upper.trim(), None),
        },
    };
    let mut parts = text.split(':');
    let mut hour = number(parts.next().ok_or(())?)?;
    let minute = number(parts.next().ok_or(())?)?;
    let second = match parts.next() {
        None => 0,
        Some(part) => {
            let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
            if !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return Err(());
            }
            number(whole)?
        }
    };
    if parts.next().is_some() {
        return Err(());
    }
    if let Some(half) = half {
        if !(1..=12).contains(&hour) {
            return Err(());
        }
        hour = hour % 12 + half;
    }
    Ok((hour, minute, second, offset_s))
}

fn offset(text: &str) -> Result<i64, ()> {
    let Some(rest) = text.strip_prefix(['+', '-']) else {
        return if text.len() == 1 { Ok(0) } else { Err(()) };
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(pair) => pair,
        None if rest.len() == 4 && rest.is_ascii() => rest.split_at(2),
        None => (rest, "0"),
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 14 || minutes > 59 {
        return Err(());
    }
    let seconds = i64::from(hours * 3600 + minutes * 60);
    Ok(if text.starts_with('-') { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::unix_seconds;

    #[test]
    fn every_form_of_one_instant() {
        let at = Ok(Some(1_793_348_142));
        for text in [
            "2026-10-30 08:15:42.0000000",
            "2026-10-30T08:15:42Z",
            "2026-10-30T08:15:42.123Z",
            "2026-10-30 08:15:42",
            "2026-10-30T09:15:42+01:00",
            "2026-10-30T03:15:42-0500",
            "10/30/2026 8:15:42 AM",
            "10/30/2026, 8:15:42 AM",
            "10/30/2026 8:15:42\u{202F}AM",
            "10/30/2026 08:15:42",
            " 2026-10-30 08:15:42 ",
        ] {
            assert_eq!(unix_seconds(text), at, "{text}");
        }
        assert_eq!(unix_seconds("10/30/2026 12:00:00 AM"), unix_seconds("2026-10-30"));
        assert_eq!(unix_seconds("10/30/2026 12:30 PM"), unix_seconds("2026-10-30 12:30:00"));
    }

    #[test]
    fn never() {
        for text in ["", "  ", "0001-01-01 00:00:00.0000000", "1/1/0001 12:00:00 AM", "1601-01-01", "never"] {
            assert_eq!(unix_seconds(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "yesterday",
            "2026-02-30",
            "30/10/2026",
            "2026-10-30 25:00:00",
            "2026-10-30 08",
            "2026-10-30 08:15:42 XM",
            "10/30/2026 13:00:00 PM",
            "10/30/2026 0:10 AM",
            "2026-10",
            "2026-10-30-01",
            "+2026-10-30",
            "45960.34",
            "2026-10-30T08:15:42+99:00",
            "2026-10-30T08:15:42ZZ",
            "2026-10-30 08:15:4x",
            "T",
            ",",
            "99999-01-01",
        ] {
            assert_eq!(unix_seconds(text), Err(()), "{text}");
        }
    }
}
