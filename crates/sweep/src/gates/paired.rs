//! Which of two rules stops a release more often, told from runs with the same luck: exact tests, and one adjustment for
//! all that is told at once.

use rollcast_core::stats::{holm, mcnemar};
use schemars::JsonSchema;
use serde::Serialize;

use super::Runs;
use crate::figures::ERROR;

/// Two rules about one release at one defect rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// Position of the first rule.
    pub first: usize,
    /// Position of the second.
    pub second: usize,
    /// Position of the release.
    pub release: usize,
    /// Runs that the first one alone stopped.
    pub first_alone: u32,
    /// Runs that the second one alone stopped.
    pub second_alone: u32,
    /// Probability of so uneven a division, or a more uneven one, by luck alone (McNemar's exact test).
    pub p: f64,
    /// The same, adjusted for all pairs and releases (Holm).
    pub p_adjusted: f64,
    /// Which one stops it more often.
    pub verdict: Verdict,
}

/// Which of two rules stops a release more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The first one.
    First,
    /// The second one.
    Second,
    /// They cannot be told apart by so many runs.
    CannotTell,
}

/// Compares all pairs of rules about all releases; `runs` is by rule, then by release.
pub fn differences(runs: &[Vec<Runs<'_>>]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (first, ours) in runs.iter().enumerate() {
        for (second, theirs) in runs.iter().enumerate().skip(first + 1) {
            for (release, (a, b)) in ours.iter().zip(theirs).enumerate() {
                let (mut first_alone, mut second_alone) = (0, 0);
                for pair in a.stopped().zip(b.stopped()) {
                    match pair {
                        (Some(true), Some(false)) => first_alone += 1,
                        (Some(false), Some(true)) => second_alone += 1,
                        _ => {}
                    }
                }
                found.push(Difference {
                    first,
                    second,
                    release,
                    first_alone,
                    second_alone,
                    p: mcnemar(first_alone, second_alone),
                    p_adjusted: 1.0,
                    verdict: Verdict::CannotTell,
                });
            }
        }
    }
    judge(&mut found);
    found
}

fn judge(found: &mut [Difference]) {
    let adjusted = holm(&found.iter().map(|difference| difference.p).collect::<Vec<_>>());
    for (difference, adjusted) in found.iter_mut().zip(adjusted) {
        difference.p_adjusted = adjusted;
        difference.verdict = match difference.first_alone.cmp(&difference.second_alone) {
            _ if adjusted > ERROR => Verdict::CannotTell,
            std::cmp::Ordering::Greater => Verdict::First,
            _ => Verdict::Second,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(pairs: &[(u32, u32)]) -> Vec<Verdict> {
        let one = |&(first_alone, second_alone): &(u32, u32)| Difference {
            first: 0,
            second: 1,
            release: 0,
            first_alone,
            second_alone,
            p: mcnemar(first_alone, second_alone),
            p_adjusted: 1.0,
            verdict: Verdict::CannotTell,
        };
        let mut all: Vec<Difference> = pairs.iter().map(one).collect();
        judge(&mut all);
        all.iter().map(|one| one.verdict).collect()
    }

    #[test]
    fn six_of_six_tell_alone_and_not_among_many() {
        use Verdict::{CannotTell, First, Second};
        // 2 / 2^6 = 3.1 %.
        assert_eq!(judged(&[(6, 0)]), [First]);
        assert_eq!(judged(&[(5, 0)]), [CannotTell]);
        assert_eq!(judged(&[(6, 0), (3, 3)]), [CannotTell, CannotTell], "twice 3.1 % is more than 5 %");
        assert_eq!(judged(&[(0, 12), (0, 0), (4, 4)]), [Second, CannotTell, CannotTell]);
    }
}
