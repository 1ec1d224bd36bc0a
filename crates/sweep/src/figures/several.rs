//! Many comparisons at once: which of them still say something.
//!
//! Each comparison alone errs in 5 % of all studies, so of twenty one errs in most. The procedures here keep the probability
//! that *any* of a family errs at 5 %; none of them asks for comparisons to be independent of each other, which points
//! played with the same luck never are (that is why Tukey's is not here).

use super::ERROR;
use super::estimate::Estimate;
use super::front::Sense;
use super::mean::Bounds;

/// Adjusted p-value of one of `family` comparisons by Bonferroni's inequality.
///
/// Dunn, 'Multiple comparisons among means', J. Am. Stat. Assoc. 56 (1961) 52-64.
pub fn bonferroni(p: f64, family: usize) -> f64 {
    (p * family as f64).min(1.0)
}

/// Whether a point can be told apart from the one measured as best, so that it is not the best itself: its one-sided p-value
/// is at most the error divided by the others there are.
///
/// The points that cannot are a set that holds the true best with a probability of 95 %: only the comparisons of the true
/// best with each other point can go wrong. A set of one is a decision.
///
/// Nelson, Swann, Goldsman and Song, 'Simple procedures for selecting the best simulated system when the number of
/// alternatives is large', Operations Research 49 (2001) 950-963, section 3 (screening), with paired variances under common
/// random numbers; Bonferroni over the other points.
pub fn is_not_best(two_sided_p: f64, points: usize) -> bool {
    two_sided_p / 2.0 <= ERROR / (points.max(2) - 1) as f64
}

/// How much each of several points differs from the best of the others, all intervals at once with 95 % confidence: where an
/// interval is above 0 (if less is better) the point is not the best, where it is below it is.
///
/// `difference(i, j)` estimates point i minus point j under common random numbers. An interval is from
/// -(max_j (d_ij - w_ij))^- to (max_j (d_ij + w_ij))^+, w_ij being the paired half width that leaves out 5 % / (points - 1)
/// on one side; it ends at 0 where the point is (or is not) surely the best. `None` for a point with a difference that has
/// no interval.
///
/// Hsu, Annals of Statistics 9 (1981) 1026-1034 (constrained intervals); Nelson and Matejcik, 'Using common random numbers
/// for indifference-zone selection and multiple comparisons in simulation', Management Science 41 (1995) 1935-1945, with
/// Bonferroni's paired half widths in place of an assumption about the variances.
pub fn against_the_best(
    points: usize,
    sense: Sense,
    difference: impl Fn(usize, usize) -> Option<Estimate>,
) -> Vec<Option<(f64, f64)>> {
    let tail = ERROR / (points.max(2) - 1) as f64;
    let sign = if sense == Sense::Least { 1.0 } else { -1.0 };
    // The ends of point i minus point j, turned so that less is better.
    let ends = |i: usize, j: usize| {
        let found = difference(i, j)?;
        match found.bounds(tail) {
            Bounds::Interval { low, high } if sense == Sense::Least => Some((low, high)),
            Bounds::Interval { low, high } => Some((-high, -low)),
            // Always different by the same: as sure as anything here.
            Bounds::Constant { .. } => Some((sign * found.value, sign * found.value)),
            Bounds::Unknown => None,
        }
    };
    // By point: the largest lower and the largest upper end over the others.
    let largest = |i: usize| {
        let others = (0..points).filter(|j| *j != i);
        let all: Option<Vec<(f64, f64)>> = others.map(|j| ends(i, j)).collect();
        all.filter(|all| !all.is_empty()).map(|all| {
            all.into_iter().fold((f64::NEG_INFINITY, f64::NEG_INFINITY), |most, (low, high)| {
                (most.0.max(low), most.1.max(high))
            })
        })
    };
    let found: Vec<Option<(f64, f64)>> = (0..points).map(largest).collect();
    found
        .into_iter()
        .map(|ends| {
            let (low, high) = ends.map(|(low, high)| (low.min(0.0), high.max(0.0)))?;
            Some(if sense == Sense::Least { (low, high) } else { (-high, -low) })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::estimate::Pivot;
    use super::*;
    use proptest::prelude::*;
    use rollcast_core::stats::holm;

    #[test]
    fn bonferroni_by_hand() {
        assert_eq!((bonferroni(0.01, 4), bonferroni(0.5, 4)), (0.04, 1.0));
    }

    #[test]
    fn screening_halves_the_error_among_the_others() {
        assert!(is_not_best(0.1, 2) && !is_not_best(0.11, 2));
        assert!(is_not_best(0.01, 11) && !is_not_best(0.011, 11));
    }

    #[test]
    fn the_best_of_three() {
        // Half widths of about 0.2 (t(0.975, 1e6) = 1.96, error 0.1); point 0 is the best, 1 is near, 2 is far.
        let values = [1.0, 1.1, 3.0];
        let estimate = |i: usize, j: usize| {
            let value = values[i] - values[j];
            let error = if i == j { 0.0 } else { 0.1 };
            Some(Estimate { value, error, skew: 0.0, freedom: Some(1e6), pivot: Pivot::Student(1e6) })
        };
        let found = against_the_best(3, Sense::Least, estimate);
        let (first, near, far) = (found[0].unwrap(), found[1].unwrap(), found[2].unwrap());
        assert!((first.0 + 0.296).abs() < 1e-3 && (first.1 - 0.096).abs() < 1e-3, "{first:?}");
        assert!((near.0 + 0.096).abs() < 1e-3 && (near.1 - 0.296).abs() < 1e-3, "{near:?}");
        assert!(far.0 == 0.0 && (far.1 - 2.196).abs() < 1e-3, "{far:?}");
        // Where more is better the last one is the best, and surely.
        let found = against_the_best(3, Sense::Most, estimate);
        assert!(found[2].unwrap().0 == 0.0 && found[0].unwrap().1 == 0.0, "{found:?}");
        assert_eq!(against_the_best(1, Sense::Least, estimate), [None]);
        assert_eq!(against_the_best(2, Sense::Least, |_, _| None), [None, None]);
    }

    proptest! {
        #[test]
        fn holm_lies_between_nothing_and_bonferroni(p in prop::collection::vec(0.0_f64..1.0, 1..20)) {
            for (adjusted, p_value) in holm(&p).into_iter().zip(&p) {
                prop_assert!(adjusted >= *p_value && adjusted <= bonferroni(*p_value, p.len()));
            }
        }
    }
}
