//! How often something is reached.

use rollcast_core::stats::wilson;

use super::mean::{Bounds, stratified_t};
use super::sample::Stratum;

/// A share of runs, with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The share, members counted by weight, from 0 to 1.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

/// The weighted share of runs that are true, with Wilson's score interval for one stratum and, over several, that of
/// [`stratified_t`] for the values 1 and 0, cut off at 0 and 1.
///
/// Where every stratum says all or none, the interval reaches as far as [`super::mean::rule_of_three`] allows; where a
/// stratum has one run only, it is everything. `None` if a stratum is empty.
///
/// Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212; Brown, Cai and DasGupta, Statistical Science 16 (2001) 101-133.
pub fn weighted_share(strata: &[Stratum<bool>]) -> Option<Share> {
    let numbers: Vec<_> = strata.iter().map(|s| s.map(|hit| f64::from(u8::from(*hit)))).collect();
    let (value, bounds) = stratified_t(&numbers)?;
    let (low, high) = match (strata, bounds) {
        ([only], _) => {
            wilson(only.values.iter().filter(|hit| **hit).count() as u32, only.values.len() as u32)
        }
        (_, Bounds::Interval { low, high }) => (low, high),
        (_, Bounds::Constant { at_most }) => (value - at_most, value + at_most),
        (_, Bounds::Unknown) => (0.0, 1.0),
    };
    // Rounding of weights must not leave a share above 1.
    let value = value.clamp(0.0, 1.0);
    Some(Share { value, low: low.clamp(0.0, value), high: high.clamp(value, 1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stratum(weight: f64, hits: usize, of: usize) -> Stratum<bool> {
        Stratum { weight, values: (0..of).map(|run| run < hits).collect() }
    }

    #[test]
    fn one_stratum_is_wilson() {
        let share = weighted_share(&[stratum(1.0, 9, 10)]).unwrap();
        assert!((share.value - 0.9).abs() < 1e-12);
        assert!((share.low - 0.5958).abs() < 1e-3 && (share.high - 0.9821).abs() < 1e-3);
        let all = weighted_share(&[stratum(1.0, 100, 100)]).unwrap();
        assert!(all.value == 1.0 && all.high == 1.0 && (all.low - 0.963).abs() < 1e-3);
        assert_eq!(weighted_share(&[stratum(1.0, 0, 0)]), None);
    }

    #[test]
    fn members_count_by_weight() {
        let share = weighted_share(&[stratum(0.9, 100, 100), stratum(0.1, 50, 100)]).unwrap();
        // Only the second varies: 0.1 * t(0.975, 99) * sqrt(0.25 / 99) = 0.0997.
        assert!((share.value - 0.95).abs() < 1e-12 && (share.value - share.low - 0.009_97).abs() < 1e-4);
    }

    #[test]
    fn members_that_all_say_all_or_none_leave_room() {
        let share = weighted_share(&[stratum(0.9, 90, 90), stratum(0.1, 0, 30)]).unwrap();
        assert!((share.value - 0.9).abs() < 1e-12);
        assert!((share.low - 0.87).abs() < 1e-12 && (share.high - 0.93).abs() < 1e-12);
        let share = weighted_share(&[stratum(0.9, 1, 1), stratum(0.1, 0, 30)]).unwrap();
        assert_eq!((share.low, share.high), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share(
            members in prop::collection::vec((1_usize..40).prop_flat_map(|of| (0..=of, Just(of))), 1..5),
        ) {
            let weight = 1.0 / members.len() as f64;
            let strata: Vec<_> = members.iter().map(|(hits, of)| stratum(weight, *hits, *of)).collect();
            let share = weighted_share(&strata).unwrap();
            prop_assert!(0.0 <= share.low && share.low <= share.value);
            prop_assert!(share.value <= share.high && share.high <= 1.0);
        }
    }
}
