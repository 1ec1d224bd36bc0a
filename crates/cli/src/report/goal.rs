//! Verdicts of the engine in the words of the outcome.

use rollcast_core::goals;

use super::Verdict;

impl From<goals::Verdict> for Verdict {
    fn from(verdict: goals::Verdict) -> Self {
        match verdict {
            goals::Verdict::Met => Verdict::Met,
            goals::Verdict::Missed => Verdict::Missed,
            goals::Verdict::Undecided => Verdict::NotDecided,
        }
    }
}
