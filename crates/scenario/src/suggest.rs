//! "Did you mean": the nearest word of a list.

/// The candidate that a typing slip most likely stands for, if any is near enough.
///
/// Case and the choice between `-`, `_` and a space count as no difference; otherwise at most a third of
/// the letters may differ (insert, drop, replace, swap of neighbours).
pub fn did_you_mean<'a, S: AsRef<str> + ?Sized + 'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a S>,
) -> Option<&'a str> {
    let wanted = plain(word);
    // A slip is short: comparing very long words costs time and tells nothing.
    if wanted.len() > 100 {
        return None;
    }
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let candidate = candidate.as_ref();
        let other = plain(candidate);
        let allowed = wanted.len().max(other.len()).div_ceil(3).min(4);
        if wanted.len().abs_diff(other.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &other);
        if distance <= allowed
            && distance < other.len().max(1)
            && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `a`, `b` or `c` in backticks, at most `limit` of them, for a help line.
pub fn list<S: AsRef<str>>(words: &[S], limit: usize) -> String {
    let mut text =
        words.iter().take(limit).map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ");
    if words.len() > limit {
        text.push_str(&format!(" and {} more", words.len() - limit));
    }
    text
}

/// The way out for a name that is not there: the one that was probably meant, or those that there are; `nothing` if there
/// are none.
pub fn way_out<S: AsRef<str>>(word: &str, known: &[S], nothing: &str) -> String {
    match did_you_mean(word, known.iter().map(AsRef::as_ref)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => nothing.to_owned(),
        None => format!("there is {}", list(known, 12)),
    }
}

fn plain(word: &str) -> Vec<char> {
    word.chars().map(|c| if matches!(c, '_' | ' ') { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Edit distance with swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut cost = (row[j] + usize::from(x != y)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                cost = cost.min(before[j - 1] + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, list};

    #[test]
    fn finds_slips_and_leaves_strangers_alone() {
        let keys = ["deferral", "deadline", "grace", "size"];
        assert_eq!(did_you_mean("deferal", keys), Some("deferral"));
        assert_eq!(did_you_mean("Deadline", keys), Some("deadline"));
        assert_eq!(did_you_mean("sieze", keys), Some("size"));
        assert_eq!(did_you_mean("isze", keys), Some("size"));
        assert_eq!(did_you_mean("colour", keys), None);
        assert_eq!(did_you_mean("x", ["y"]), None);
        assert_eq!(did_you_mean("active_hours", ["active-hours"]), Some("active-hours"));
    }

    #[test]
    fn lists_are_cut() {
        assert_eq!(list(&["a", "b", "c"], 2), "`a`, `b` and 1 more");
    }
}
