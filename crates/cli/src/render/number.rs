//! Numbers for people: rounded, grouped, with their units.

/// 12345.6 as `12 346`, small values with as many decimals as they need.
pub(crate) fn plain(value: f64) -> String {
    if value.abs() >= 100.0 || value == value.trunc() {
        return grouped(value.round());
    }
    let text = format!("{value:.1}");
    if value.abs() < 0.095 {
        format!("{value:.3}")
    } else {
        text.strip_suffix(".0").unwrap_or(&text).to_owned()
    }
}

/// A count with its thousands set apart.
pub(crate) fn count(value: u64) -> String {
    group(&value.to_string())
}

fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let text = group(&digits);
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// 0.978 as `97.8 %`. Only a whole share says `100 %`, and only nothing says `0 %`.
pub(crate) fn share(value: f64) -> String {
    let percent = value * 100.0;
    let text = format!("{percent:.1}");
    let text = match text.as_str() {
        "100.0" if value < 1.0 => "> 99.9",
        "0.0" if value > 0.0 => "< 0.1",
        text => text.strip_suffix(".0").unwrap_or(text),
    };
    format!("{text} %")
}

/// A length of time in its natural unit, from seconds to days, with one decimal where it says something.
pub(crate) fn time(hours: f64) -> String {
    let seconds = hours.abs() * 3_600.0;
    match seconds {
        0.0 => "0 h".into(),
        s if s < 60.0 => format!("{} s", plain(hours * 3_600.0)),
        s if s < 3_600.0 => format!("{} min", plain(hours * 60.0)),
        s if s < 48.0 * 3_600.0 => format!("{} h", plain(hours)),
        _ => format!("{} d", plain(hours / 24.0)),
    }
}

/// Bytes in decimal units.
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (value, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit > 0 && value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// `1 device`, `2 devices`.
pub(crate) fn many(value: u64, one: &str) -> String {
    if value == 1 { format!("1 {one}") } else { format!("{} {one}s", count(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0.0, 0.05, 9.96, 12.0, 99.94, 12_345.6, -1_000.0].map(plain),
            ["0", "0.050", "10", "12", "99.9", "12 346", "-1 000"]
        );
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(
            [0.0, 0.0001, 0.9999, 1.0, 0.978].map(share),
            ["0 %", "< 0.1 %", "> 99.9 %", "100 %", "97.8 %"]
        );
        assert_eq!(
            [0.0, 0.0125, 0.75, 47.0, 48.0, 412.8].map(time),
            ["0 h", "45 s", "45 min", "47 h", "2 d", "17.2 d"]
        );
        assert_eq!([12.0, 700e6, 9.8e12, 999.6e6].map(bytes), ["12 B", "700 MB", "9.8 TB", "1.0 GB"]);
    }
}
