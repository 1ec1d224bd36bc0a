//! The points that nothing beats: the Pareto front.

use std::cmp::Ordering;

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// Less is better.
    Least,
    /// More is better.
    Most,
}

impl Sense {
    /// Orders two values, the better one first. Undefined (`None`, or not a number) is worse than anything.
    pub fn compare(self, a: Option<f64>, b: Option<f64>) -> Ordering {
        let known = |value: Option<f64>| value.filter(|value| !value.is_nan());
        match (known(a), known(b)) {
            (Some(a), Some(b)) => {
                // Adding zero makes one zero of two.
                let order = (a + 0.0).total_cmp(&(b + 0.0));
                if self == Sense::Least { order } else { order.reverse() }
            }
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

/// For each point, whether it is on the front: no other is at least as good in every value and better in one. `values`
/// has for each point one value for each of `senses`. Points with equal values are on the front together or not at all.
///
/// It takes values as they are: that two points can be told apart is another question.
pub fn front(values: &[Vec<Option<f64>>], senses: &[Sense]) -> Vec<bool> {
    let compare = |a: usize, b: usize| {
        senses.iter().zip(&values[a]).zip(&values[b]).map(|((s, a), b)| s.compare(*a, *b))
    };
    let mut order: Vec<_> = (0..values.len()).collect();
    // What beats a point comes before it in lexicographic order, and what is beaten is beaten by one of the front.
    order.sort_by(|a, b| compare(*a, *b).find(|order| order.is_ne()).unwrap_or(Ordering::Equal));
    let mut front: Vec<usize> = Vec::new();
    for point in order {
        let beats = |other: &usize| {
            let mut orders = compare(*other, point);
            let mut better = false;
            orders.all(|order| {
                better |= order.is_lt();
                order.is_le()
            }) && better
        };
        if !front.iter().any(beats) {
            front.push(point);
        }
    }
    let mut on = vec![false; values.len()];
    front.into_iter().for_each(|point| on[point] = true);
    on
}

#[cfg(test)]
mod tests {
    use super::Sense::{Least, Most};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn faster_or_safer_but_not_neither() {
        let values = [(1.0, 0.5), (2.0, 0.9), (3.0, 0.9), (3.0, 1.0), (4.0, 0.2)];
        let values = values.map(|(hours, share)| vec![Some(hours), Some(share)]);
        assert_eq!(front(&values, &[Least, Most]), [true, true, false, true, false]);
        assert_eq!(front(&values, &[Least]), [true, false, false, false, false]);
    }

    #[test]
    fn equals_stand_together() {
        let values = [vec![Some(1.0), Some(1.0)], vec![Some(1.0), Some(1.0)], vec![Some(1.0), Some(2.0)]];
        assert_eq!(front(&values, &[Least, Least]), [true, true, false]);
        assert_eq!(front(&[vec![Some(0.0)], vec![Some(-0.0)]], &[Most]), [true, true]);
    }

    #[test]
    fn undefined_is_worse_than_anything_and_never_is_not_undefined() {
        let values = [vec![None], vec![Some(f64::INFINITY)], vec![Some(f64::NAN)]];
        assert_eq!(front(&values, &[Least]), [false, true, false]);
        assert_eq!(front(&values, &[Most]), [false, true, false]);
        assert_eq!(front(&[vec![None], vec![None]], &[Least]), [true, true]);
        // Undefined in one value, best in the other.
        assert_eq!(
            front(&[vec![None, Some(1.0)], vec![Some(9.0), Some(2.0)]], &[Least, Least]),
            [true, true]
        );
        assert_eq!(front(&[], &[Least]), [false; 0]);
    }

    proptest! {
        #[test]
        fn it_is_what_the_definition_says(
            values in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.9, 0_i32..6), 3), 0..40),
        ) {
            let values: Vec<Vec<_>> =
                values.into_iter().map(|point| point.into_iter().map(|v| v.map(f64::from)).collect()).collect();
            let senses = [Least, Most, Least];
            let beats = |a: &Vec<Option<f64>>, b: &Vec<Option<f64>>| {
                let orders = || (0..3).map(|i| senses[i].compare(a[i], b[i]));
                orders().all(Ordering::is_le) && orders().any(Ordering::is_lt)
            };
            let expected: Vec<_> = values.iter().map(|b| !values.iter().any(|a| beats(a, b))).collect();
            prop_assert_eq!(front(&values, &senses), expected);
        }
    }
}
