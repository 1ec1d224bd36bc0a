//! Where the spread of a single run comes from: luck, settings that nobody knows, or which release it is.

use super::mean::{average, sample_variance};
use super::sample::Sample;

/// Parts of the variance of a single run of a release drawn from the bank; they add up to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variation {
    /// Between runs of one draw of the uncertain settings: what would be left if the settings were known.
    pub luck: f64,
    /// Between draws of the uncertain settings: what would be left without luck. `None` where each draw was played once, so
    /// that it cannot be told apart from luck, in which it is then contained.
    pub ignorance: Option<f64>,
    /// Between the means of the members of the bank.
    pub release: f64,
}

impl Variation {
    /// The parts for a sample, 'never' counting as the limit. `None` if a member was not played twice or if a value is
    /// undefined.
    ///
    /// One-way analysis of variance in each member: with m runs in each of k draws, luck is the mean variance within draws,
    /// ignorance the variance of the means of draws less luck / m, at least 0 (Searle, Casella and McCulloch, 'Variance
    /// Components' (1992), section 3.6). Over a bank the parts are weighted sums, and the variance of the members' means comes
    /// on top, unbiased: less what their own errors add to it.
    pub fn of(sample: &Sample) -> Option<Self> {
        let strata = sample.numbers()?.strata;
        let draws = sample.draws();
        if strata.iter().any(|stratum| stratum.values.len() < 2) {
            return None;
        }
        let (mut luck, mut ignorance, mut errors) = (0.0, 0.0, 0.0);
        let means: Vec<(f64, f64)> = strata.iter().map(|s| (s.weight, average(&s.values))).collect();
        let centre: f64 = means.iter().map(|(weight, mean)| weight * mean).sum();
        for (stratum, draws) in strata.iter().zip(&draws) {
            let (mut within, mut freedom, mut of_draws) = (0.0, 0.0, Vec::new());
            let mut rest = stratum.values.as_slice();
            for draw in draws.chunk_by(|a, b| a == b) {
                let (these, others) = rest.split_at(draw.len());
                rest = others;
                within += sample_variance(these) * (these.len() as f64 - 1.0);
                freedom += these.len() as f64 - 1.0;
                of_draws.push(average(these));
            }
            // Each draw once: everything between runs is luck.
            let (of_luck, of_draw) = match freedom > 0.0 && of_draws.len() > 1 {
                true => {
                    let each = stratum.values.len() as f64 / of_draws.len() as f64;
                    let luck = within / freedom;
                    (luck, (sample_variance(&of_draws) - luck / each).max(0.0))
                }
                false => (sample_variance(&stratum.values), 0.0),
            };
            luck += stratum.weight * of_luck;
            ignorance += stratum.weight * of_draw;
            let error = sample_variance(&of_draws) / (of_draws.len() as f64);
            errors += stratum.weight * (1.0 - stratum.weight) * error;
        }
        let between: f64 =
            means.iter().map(|(weight, mean)| weight * (mean - centre) * (mean - centre)).sum();
        let release = if strata.len() > 1 { (between - errors).max(0.0) } else { 0.0 };
        Some(Variation { luck, ignorance: (sample.together > 1).then_some(ignorance), release })
    }

    /// The whole variance.
    pub fn sum(&self) -> f64 {
        self.luck + self.ignorance.unwrap_or(0.0) + self.release
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::sample;
    use super::*;
    use proptest::prelude::*;

    fn together(runs: u32, members: &[(f64, &[Option<f64>])]) -> Option<Variation> {
        Variation::of(&Sample { together: runs, ..sample(None, members) })
    }

    #[test]
    fn luck_and_ignorance_by_hand() {
        // Draws (1, 3), (5, 7), (9, 11): 2 within each; means 2, 6, 10 have a variance of 16, less 2 / 2.
        let values = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0].map(Some);
        let found = together(2, &[(1.0, &values)]).unwrap();
        assert_eq!(found, Variation { luck: 2.0, ignorance: Some(15.0), release: 0.0 });
        // Draws that differ by less than luck alone would make them: none.
        let found = together(2, &[(1.0, &[1.0, 9.0, 9.0, 1.0].map(Some))]).unwrap();
        assert_eq!((found.luck, found.ignorance), (32.0, Some(0.0)));
        // One run a draw: they cannot be told apart.
        let found = together(1, &[(1.0, &values)]).unwrap();
        assert_eq!((found.luck, found.ignorance), (14.0, None));
    }

    #[test]
    fn which_release_it_is_matters_too() {
        // Means 2 and 12 by halves: 25, less 0.25 (0.5 + 0.5) for their own errors (variance 2 over 4 runs).
        let (good, bad) = ([1.0, 3.0, 1.0, 3.0].map(Some), [11.0, 13.0, 11.0, 13.0].map(Some));
        let found = together(1, &[(0.5, &good), (0.5, &bad)]).unwrap();
        let four_thirds = 4.0 / 3.0;
        assert!((found.luck - four_thirds).abs() < 1e-12);
        assert!((found.release - (25.0 - 0.5 * four_thirds / 4.0)).abs() < 1e-12, "{found:?}");
        assert_eq!(together(1, &[(1.0, &[Some(1.0)])]), None);
    }

    proptest! {
        /// Shifting everything changes nothing, and another unit changes all parts alike.
        #[test]
        fn parts_move_with_the_unit(values in prop::collection::vec(-50_i32..50, 8..40), scale in 1_u32..9) {
            let plain: Vec<_> = values.iter().map(|v| Some(f64::from(*v))).collect();
            let moved: Vec<_> = values.iter().map(|v| Some(f64::from(*v) * f64::from(scale) + 100.0)).collect();
            let (plain, moved) = (together(2, &[(1.0, &plain)]).unwrap(), together(2, &[(1.0, &moved)]).unwrap());
            let square = f64::from(scale * scale);
            prop_assert!((plain.luck * square - moved.luck).abs() < 1e-6);
            prop_assert!((plain.ignorance.unwrap() * square - moved.ignorance.unwrap()).abs() < 1e-6);
        }
    }
}
