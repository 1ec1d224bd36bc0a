//! Resampling within strata, for what has no formula: intervals of quantiles over a bank.
//!
//! Efron, 'Bootstrap methods: another look at the jackknife', Annals of Statistics 7 (1979) 1-26; Davison and Hinkley,
//! 'Bootstrap Methods and their Application' (1997), sections 3.2 (several samples) and 5.3 (percentile method).

use std::cell::RefCell;

use rand::Rng;
use rollcast_core::draws::Luck;

use super::quantile::Ordered;

/// How often a sample is drawn anew.
pub const RESAMPLES: usize = 1_000;
/// Where the ends of a 95 % interval are among as many sorted results: the 25th from either end, as
/// (RESAMPLES + 1) 2.5 % rounds to.
pub(super) const ENDS: (usize, usize) = (24, RESAMPLES - 25);

/// Most runs whose resamples are kept: 8 MB a thread.
const KEPT_RUNS: usize = 2_048;

/// Resamples by their address.
struct Kept {
    seed: u64,
    sizes: Vec<usize>,
    counts: Vec<u32>,
}

thread_local! {
    /// What was drawn last: a comparison asks for the same resamples for each of its figures.
    static LAST: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// Draws from each stratum as many runs (or groups of them) as it has, with replacement, [`RESAMPLES`] times, and says how
/// often each came: those of the first stratum first, then those of the second, and so on.
///
/// The draws are addressed by (seed, resample, stratum), so points with equally many runs are resampled alike.
pub(super) fn each_resample(sizes: &[usize], seed: u64, mut with: impl FnMut(&[u32])) {
    let runs: usize = sizes.iter().sum();
    if runs > KEPT_RUNS {
        draw(sizes, seed, with);
        return;
    }
    // Taken out for the time being: whoever is called may draw other resamples.
    let last = LAST.take().filter(|last| last.seed == seed && last.sizes == sizes);
    let kept = last.unwrap_or_else(|| {
        let mut counts = Vec::with_capacity(runs * RESAMPLES);
        draw(sizes, seed, |drawn| counts.extend_from_slice(drawn));
        Kept { seed, sizes: sizes.to_vec(), counts }
    });
    kept.counts.chunks(runs.max(1)).for_each(&mut with);
    LAST.set(Some(kept));
}

fn draw(sizes: &[usize], seed: u64, mut with: impl FnMut(&[u32])) {
    let names: Vec<_> = (0..sizes.len()).map(|stratum| format!("bootstrap, stratum {stratum}")).collect();
    let mut counts = vec![0; sizes.iter().sum()];
    for resample in 0..RESAMPLES as u32 {
        counts.fill(0);
        let luck = Luck::new(seed, resample);
        let mut first = 0;
        for (size, name) in sizes.iter().zip(&names) {
            let mut words = luck.stream(name);
            for _ in 0..*size {
                // Off by less than size / 2^32 from equal chances.
                let drawn = (u64::from(words.next_u32()) * *size as u64) >> 32;
                counts[first + drawn as usize] += 1;
            }
            first += size;
        }
        with(&counts);
    }
}

/// Percentile interval of weighted quantiles: between the 25th and the 976th of 1 000 resamples within strata. For each
/// share the positions of its ends among the ordered runs.
///
/// It covers approximately 95 % for large samples. A resample has no values but those seen, so an end that lies on the
/// extreme run is unknown (`None`): the truth may be beyond. Both ends are, where a stratum has one run only.
pub(super) fn quantile_interval(
    ordered: &Ordered,
    shares: &[f64],
    seed: u64,
) -> Vec<(Option<usize>, Option<usize>)> {
    let sizes = ordered.sizes();
    if sizes.iter().any(|size| *size < 2) {
        return vec![(None, None); shares.len()];
    }
    let mut found = vec![Vec::with_capacity(RESAMPLES); shares.len()];
    each_resample(sizes, seed, |counts| {
        for (share, found) in shares.iter().zip(&mut found) {
            found.push(ordered.position(*share, |group| f64::from(counts[group])));
        }
    });
    let last = ordered.runs() - 1;
    found
        .into_iter()
        .map(|mut positions| {
            positions.sort_unstable();
            let (low, high) = (positions[ENDS.0], positions[ENDS.1]);
            (Some(low).filter(|low| *low > 0), Some(high).filter(|high| *high < last))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::sample::Stratum;

    #[test]
    fn strata_keep_their_sizes_and_runs_come_equally_often() {
        let sizes = [30, 5];
        let (mut total, mut resamples) = (vec![0_u32; 35], 0);
        each_resample(&sizes, 3, |counts| {
            assert_eq!((counts[..30].iter().sum::<u32>(), counts[30..].iter().sum::<u32>()), (30, 5));
            total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
            resamples += 1;
        });
        assert_eq!(resamples, RESAMPLES);
        // 1 000 expected of each, standard deviation at most 32; 5 of them for 35 runs: alpha 2e-5.
        assert!(total.iter().all(|count| count.abs_diff(1_000) < 160), "{total:?}");
    }

    #[test]
    fn an_end_on_the_extreme_run_is_unknown() {
        let ordered = |n: u32| {
            let values = |shift: f64| (0..n).map(|run| shift + f64::from(run)).collect();
            let draws = [(0..n).collect(), (0..n).collect()];
            Ordered::of(&[0.0, 0.5].map(|shift| Stratum { weight: 0.5, values: values(shift) }), &draws)
        };
        let [(low, high), (low_95, high_95)] = quantile_interval(&ordered(20), &[0.5, 0.95], 1)[..] else {
            panic!("two shares")
        };
        assert!(low.is_some() && high.is_some() && low_95.is_some(), "{low:?} {high:?} {low_95:?}");
        assert_eq!(high_95, None);
        assert!(quantile_interval(&ordered(200), &[0.95], 1)[0].1.is_some());
        assert_eq!(quantile_interval(&ordered(1), &[0.5], 1), [(None, None)]);
    }
}
