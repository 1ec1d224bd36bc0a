//! Many numbers in few words.

/// How many stretches are told one by one.
const TOLD: usize = 8;

/// Stretches of rising numbers that are `step` apart, as first and last.
pub(crate) fn stretches(numbers: &[u64], step: u64) -> Vec<(u64, u64)> {
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match stretches.last_mut() {
            Some((_, last)) if *last + step == number => *last = number,
            _ => stretches.push((number, number)),
        }
    }
    stretches
}

/// Rising numbers in words: `3, 5 to 9 and 12`; what would make it long is counted.
pub(crate) fn words(numbers: &[u64], step: u64) -> String {
    let every = if step == 1 { String::new() } else { format!(" in steps of {step}") };
    let stretches = stretches(numbers, step);
    let mut words: Vec<String> = stretches
        .iter()
        .take(TOLD)
        .flat_map(|&(first, last)| match (last - first) / step {
            0 => vec![first.to_string()],
            1 => vec![first.to_string(), last.to_string()],
            _ => vec![format!("{first} to {last}{every}")],
        })
        .collect();
    let told: u64 = stretches.iter().take(TOLD).map(|(first, last)| (last - first) / step + 1).sum();
    let more = numbers.len() as u64 - told;
    if more > 0 {
        words.push(format!("{more} more"));
    }
    match words.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_told_as_such() {
        assert_eq!(words(&[3], 1), "3");
        assert_eq!(words(&[3, 5, 6, 7, 8, 9, 12], 1), "3, 5 to 9 and 12");
        assert_eq!(words(&[1, 5, 9, 17], 4), "1 to 9 in steps of 4 and 17");
        assert_eq!(words(&[3, 4, 6], 1), "3, 4 and 6");
        assert_eq!(stretches(&[0, 1, 2, 9], 1), [(0, 2), (9, 9)]);
        let odd: Vec<u64> = (0..40).map(|number| 2 * number).collect();
        assert_eq!(words(&odd, 1), "0, 2, 4, 6, 8, 10, 12, 14 and 32 more");
    }
}
