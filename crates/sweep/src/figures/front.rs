//! The points that nothing beats: the Pareto front.

use std::cmp::Ordering;

use super::bootstrap::{RESAMPLES, each_resample};
use super::sample::Stratum;

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// Less is better.
    Least,
    /// More is better.
    Most,
}

impl Sense {
    /// That of a column.
    pub fn of(lower_is_better: bool) -> Self {
        if lower_is_better { Sense::Least } else { Sense::Most }
    }

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

/// For each point, in what share of resamples it is on the front of its means: how sure its place is, as far as luck goes.
///
/// `samples` has for each point one list of strata for each of `senses`, of the same sizes for all. A resample draws
/// replications within members and takes the same ones for every point, as they had the same luck. The share is no
/// probability that the point is *truly* on the front; a point that is never off it in 1 000 resamples is as good as sure, one
/// at 50 % is a coin toss.
///
/// Efron and Tibshirani, 'The problem of regions', Annals of Statistics 26 (1998) 1687-1718 (what such a share means).
pub fn share_on_front(samples: &[Vec<Vec<Stratum<f64>>>], senses: &[Sense], seed: u64) -> Vec<f64> {
    let sizes: Vec<usize> = match samples.first().and_then(|of| of.first()) {
        Some(strata) => strata.iter().map(|stratum| stratum.values.len()).collect(),
        None => return vec![1.0; samples.len()],
    };
    let mut times = vec![0_u32; samples.len()];
    each_resample(&sizes, seed, |counts| {
        let mean = |strata: &Vec<Stratum<f64>>| {
            let mut first = 0;
            let parts = strata.iter().map(|stratum| {
                let counts = &counts[first..first + stratum.values.len()];
                first += counts.len();
                let sum: f64 = stratum.values.iter().zip(counts).map(|(v, n)| v * f64::from(*n)).sum();
                stratum.weight * sum / counts.len() as f64
            });
            Some(parts.sum())
        };
        let values: Vec<Vec<Option<f64>>> = samples.iter().map(|of| of.iter().map(mean).collect()).collect();
        front(&values, senses).into_iter().zip(&mut times).for_each(|(on, times)| *times += u32::from(on));
    });
    times.into_iter().map(|times| f64::from(times) / RESAMPLES as f64).collect()
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

    #[test]
    fn how_sure_a_place_is() {
        let values =
            |shift: f64| (0..40).map(|run| shift + f64::from(run * 17 % 40) / 10.0).collect::<Vec<_>>();
        let of = |a: f64, b: f64| {
            [a, b].map(|shift| vec![Stratum { weight: 1.0, values: values(shift) }]).to_vec()
        };
        // The same luck everywhere: the second is always beaten, however much runs vary.
        let found = share_on_front(&[of(1.0, 1.0), of(1.01, 1.01), of(0.5, 2.0)], &[Least, Least], 1);
        assert_eq!(found, [1.0, 0.0, 1.0]);
        // With luck of its own a point that is as good is on the front now and then.
        let mut other = of(1.0, 1.0);
        other.iter_mut().for_each(|strata| strata[0].values.rotate_left(7));
        let found = share_on_front(&[of(1.0, 1.0), other], &[Least, Least], 1);
        assert!(found.iter().all(|share| (0.2..0.8).contains(share)), "{found:?}");
        assert!(share_on_front(&[], &[Least], 1).is_empty());
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
