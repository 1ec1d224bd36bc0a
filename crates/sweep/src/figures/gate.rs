//! Whether the runs prove that a number over them is on one side of a bound: the gate of `--fail-on`.
//!
//! Every decision is one-sided at 95 %: a bound of confidence below or above the number proves on which side of the asked
//! bound it is, or the runs cannot tell. Of percentiles and shares it is exact for one stratum (order statistics, the
//! binomial bounds of Clopper and Pearson); of means it is Student's t, or bootstrap-t where they are skewed. What each
//! promises is in docs/statistics.md.

use rollcast_core::stats::{binomial_upper_tail, clopper_pearson, order_statistics, student_t_quantile};
use rollcast_scenario::scalar::Op;

use super::{
    estimate::{Estimate, Pivot},
    mean::{average, rule_of_three},
    quantile::quantile_value,
    sample::{Sample, Stratum, gathered},
};

/// What a one-sided bound of confidence leaves out.
pub const ALPHA: f64 = 0.05;
/// The same for sums of probabilities that are 5 % but for rounding: one run above a 95th percentile has a chance of that.
const TAIL: f64 = ALPHA * (1.0 + 1e-9);
/// Runs after which sameness decides: then with 95 % confidence at most 5 % of runs give something else.
pub const ENOUGH_ALIKE: u32 = 59;
/// More runs than this are no advice.
const MOST_RUNS: f64 = 20_000.0;

/// Which number over the runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// The mean.
    Mean,
    /// The quantile of this share.
    Quantile(f64),
    /// The share of runs with a value.
    Reached,
}

/// What the runs say of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The number is on the failing side.
    Fails,
    /// It is not.
    Passes,
    /// The runs cannot tell.
    Undecided,
}

/// A number with its one-sided 95 % bounds, and what they say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The ruling.
    pub ruling: Ruling,
    /// As measured; infinity is 'never'. `None` if it is undefined.
    pub value: Option<f64>,
    /// With 95 % confidence the number is at least this. `None` where the runs cannot bound it from below.
    pub low: Option<f64>,
    /// With 95 % confidence it is at most this; infinity is 'never'.
    pub high: Option<f64>,
    /// Runs that were asked.
    pub runs: u32,
    /// If it is undecided: about so many runs in all would decide, if they go on like these. `None` where that cannot be
    /// said.
    pub needs: Option<u64>,
    /// True for a mean in which 'never' counts as the end of the watch.
    pub restricted: bool,
    /// True if all runs of each member gave the same, and are enough to decide by that.
    pub alike: bool,
}

/// One-sided bounds of a number, as far as the runs have them.
#[derive(Clone, Copy, Debug, Default)]
struct Bounds {
    low: Option<f64>,
    high: Option<f64>,
    restricted: bool,
    alike: bool,
}

/// Judges the criterion 'fails if the number is on the side `op` of `bound`'; with `point` by the measured value alone.
pub fn judge(sample: &Sample, number: Number, op: Op, bound: f64, point: bool) -> Judged {
    let runs = sample.runs();
    let Some((value, bounds)) = measured(sample, number) else {
        let undefined = Bounds::default();
        return Judged { needs: None, ..judged(Ruling::Undecided, None, undefined, runs) };
    };
    let Bounds { low, high, restricted, .. } = bounds;
    // A restricted mean never exceeds the watch: that it is below a later bound says nothing.
    let beyond = restricted && sample.limit.is_some_and(|limit| bound >= limit);
    let ruling = if point {
        if op.holds(value, bound) { Ruling::Fails } else { Ruling::Passes }
    } else {
        ruled(op, bound, low, if beyond { None } else { high })
    };
    let needs = match ruling {
        Ruling::Undecided if !beyond => needed(sample, number, op, bound, value, bounds),
        _ => None,
    };
    let high = if beyond { None } else { high };
    Judged { needs, ..judged(ruling, Some(value), Bounds { high, ..bounds }, runs) }
}

fn judged(ruling: Ruling, value: Option<f64>, bounds: Bounds, runs: u32) -> Judged {
    let Bounds { low, high, restricted, alike } = bounds;
    Judged { ruling, value, low, high, runs, needs: None, restricted, alike }
}

/// What one-sided bounds prove: all that is compatible with them is on one side.
fn ruled(op: Op, bound: f64, low: Option<f64>, high: Option<f64>) -> Ruling {
    // An upward criterion fails from below and passes from above, a downward one the other way round.
    let (proves_failure, proves_pass) = if op.is_upwards() { (low, high) } else { (high, low) };
    if proves_failure.is_some_and(|end| op.holds(end, bound)) {
        Ruling::Fails
    } else if proves_pass.is_some_and(|end| !op.holds(end, bound)) {
        Ruling::Passes
    } else {
        Ruling::Undecided
    }
}

fn measured(sample: &Sample, number: Number) -> Option<(f64, Bounds)> {
    match number {
        Number::Mean => match sample.yes_or_no() {
            Some(hits) if sample.has_every_member() => Some(of_share(sample, &hits)),
            _ => mean(sample),
        },
        Number::Quantile(share) => Some((quantile_value(sample, share)?.number(), quantile(sample, share))),
        Number::Reached => sample.has_every_member().then(|| of_share(sample, &sample.reached())),
    }
}

/// One-sided bounds of a mean ([`Estimate::of`]). Where every run of each member gave the same, there is nothing to make them
/// from: from [`ENOUGH_ALIKE`] runs on (with a bank: as many as make something else as improbable) the mean counts as known.
fn mean(sample: &Sample) -> Option<(f64, Bounds)> {
    let numbers = sample.independent()?;
    let found = Estimate::of(&numbers.strata, sample.seed)?;
    let alike = matches!(found.pivot, Pivot::Constant(_)) && something_else(&numbers.strata) <= ALPHA;
    let (low, high) = match alike {
        true => (Some(found.value), Some(found.value)),
        false => (found.low(ALPHA), found.high(ALPHA)),
    };
    Some((found.value, Bounds { low, high, restricted: numbers.restricted, alike }))
}

/// The most, with 95 % confidence, that the probability of something can be that happened in no run: exact for one
/// stratum, the rule of three over several.
fn something_else<T>(strata: &[Stratum<T>]) -> f64 {
    match strata {
        [one] => clopper_pearson(0, one.values.len() as u32, ALPHA).1,
        several => rule_of_three(several),
    }
}

fn of_share(sample: &Sample, hits: &[Stratum<bool>]) -> (f64, Bounds) {
    let (value, low, high) = shares(sample, hits);
    (value, Bounds { low: Some(low), high: Some(high), ..Bounds::default() })
}

/// A share of the runs of a sample with its one-sided 95 % bounds: exact (Clopper and Pearson) for one stratum of
/// independent runs. Otherwise Student's t of ones and zeros (of their means, where runs share a draw of the uncertain
/// settings), and what members leave out in which all runs said the same, by the rule of three: rather too wide.
fn shares(sample: &Sample, hits: &[Stratum<bool>]) -> (f64, f64, f64) {
    if let ([only], 1) = (hits, sample.together) {
        let hit = only.values.iter().filter(|hit| **hit).count() as u32;
        let of = only.values.len() as u32;
        let (low, high) = clopper_pearson(hit, of, ALPHA);
        return (f64::from(hit) / f64::from(of), low, high);
    }
    let numbers = hits.iter().map(|stratum| stratum.map(|hit| f64::from(u8::from(*hit)))).collect();
    let numbers = gathered(numbers, &sample.draws());
    let (silent, telling): (Vec<_>, Vec<_>) = numbers.into_iter().partition(is_constant);
    let value: f64 = silent.iter().chain(&telling).map(|of| of.weight * average(&of.values)).sum();
    let left_out = if silent.is_empty() { 0.0 } else { rule_of_three(&silent) };
    let half = |end: Option<f64>, mean: f64| end.map_or(1.0, |end| (end - mean).abs()) + left_out;
    let (below, above) = match Estimate::student(&telling) {
        Some(found) => (half(found.low(ALPHA), found.value), half(found.high(ALPHA), found.value)),
        None => (left_out, left_out),
    };
    (value.clamp(0.0, 1.0), (value - below).max(0.0), (value + above).min(1.0))
}

fn is_constant(stratum: &Stratum<f64>) -> bool {
    stratum.values.windows(2).all(|pair| pair[0] == pair[1])
}

/// One-sided bounds of a quantile. Over a bank they are those values at which the share of runs at or below (or below)
/// them is told apart from the wanted one.
fn quantile(sample: &Sample, share: f64) -> Bounds {
    let strata: Vec<Stratum<f64>> = (sample.strata.iter())
        .map(|stratum| stratum.map(|(_, value)| value.unwrap_or(f64::INFINITY)))
        .collect();
    let mut ordered: Vec<f64> = strata.iter().flat_map(|stratum| &stratum.values).copied().collect();
    ordered.sort_by(f64::total_cmp);
    if strata.len() == 1 && sample.together == 1 {
        let (low, high) = order_statistics(ordered.len() as u32, share, TAIL);
        let at = |rank: Option<u32>| rank.and_then(|rank| ordered.get(rank as usize - 1).copied());
        return Bounds { low: at(low), high: at(high), ..Bounds::default() };
    }
    ordered.dedup();
    let among = |is: &dyn Fn(f64) -> bool| {
        let marked: Vec<Stratum<bool>> =
            strata.iter().map(|stratum| stratum.map(|value| is(*value))).collect();
        shares(sample, &marked)
    };
    // More runs are at or below a greater value, so both searches may halve.
    let proven = ordered.partition_point(|&value| among(&|other| other <= value).1 < share);
    let excluded = ordered.partition_point(|&value| among(&|other| other < value).2 < share);
    Bounds {
        low: excluded.checked_sub(1).map(|at| ordered[at]),
        high: ordered.get(proven).copied(),
        ..Bounds::default()
    }
}

/// About how many runs in all would decide, if they go on like these.
fn needed(sample: &Sample, number: Number, op: Op, bound: f64, value: f64, bounds: Bounds) -> Option<u64> {
    let runs = u64::from(sample.runs());
    let one_stratum = sample.strata.len() == 1 && sample.together == 1;
    let by_share = |share_beyond: f64, wanted: f64| more_of_the_same(runs, share_beyond, wanted);
    match number {
        // How many runs are on the wrong side of the bound decides a percentile.
        Number::Quantile(share) if one_stratum => {
            let all = &sample.strata[0].values;
            let at_or_below = |v: &&(u32, Option<f64>)| {
                let value = v.1.unwrap_or(f64::INFINITY);
                // What is at the bound counts to the side that does not fail upwards, and fails downwards.
                if matches!(op, Op::Above | Op::AtMost) { value <= bound } else { value < bound }
            };
            let below = all.iter().filter(at_or_below).count() as f64 / all.len() as f64;
            by_share(below, share)
        }
        Number::Reached if one_stratum => by_share(value, bound),
        Number::Mean if one_stratum && sample.yes_or_no().is_some() => by_share(value, bound),
        _ => match (bounds.low, bounds.high) {
            (Some(low), Some(high)) => {
                let half = if value > bound { value - low } else { high - value };
                let away = (value - bound).abs();
                let factor = half / away;
                let needed = (runs as f64 * factor * factor * 1.05).ceil();
                (needed.is_finite() && needed > runs as f64 && needed <= MOST_RUNS).then_some(needed as u64)
            }
            _ if matches!(number, Number::Mean) && one_stratum && runs > 1 => {
                Some(u64::from(ENOUGH_ALIKE)).filter(|needed| *needed > runs)
            }
            _ => None,
        },
    }
}

/// About how many runs, of which a share `found` is on one side, prove that the true share is above, or below, `wanted`.
fn more_of_the_same(runs: u64, found: f64, wanted: f64) -> Option<u64> {
    let away = (found - wanted).abs();
    if wanted <= 0.0 || wanted >= 1.0 || away <= 0.0 {
        return None;
    }
    // The normal approximation says where to look; the exact test decides.
    let z = student_t_quantile(1.0 - ALPHA, f64::INFINITY)?;
    let about = z * z * wanted * (1.0 - wanted) / (away * away);
    if about > MOST_RUNS {
        return None;
    }
    let decides = |n: u64| {
        let (n, hits) = (n as u32, (found * n as f64).round() as u32);
        binomial_upper_tail(hits, n, wanted) <= TAIL || binomial_upper_tail(n - hits, n, 1.0 - wanted) <= TAIL
    };
    let mut n = (runs + 1).max((0.5 * about) as u64);
    while n as f64 <= 4.0 * MOST_RUNS {
        if decides(n) {
            return Some(n);
        }
        // Where it is large, a twentieth more or less is no other advice.
        n += if n < 300 { 1 } else { n / 20 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::sample;
    use super::*;

    fn of(limit: Option<f64>, values: &[f64]) -> Sample {
        let values: Vec<Option<f64>> = values.iter().map(|v| v.is_finite().then_some(*v)).collect();
        sample(limit, &[(1.0, &values)])
    }

    fn rules(sample: &Sample, number: Number, op: Op, bound: f64) -> Ruling {
        judge(sample, number, op, bound, false).ruling
    }

    fn spread(n: u32) -> Vec<f64> {
        (0..n).map(|i| f64::from(i * 37 % n)).collect()
    }

    #[test]
    fn a_95th_percentile_needs_59_runs_to_pass() {
        let p95 = Number::Quantile(0.95);
        for (runs, ruling) in [(1, Ruling::Undecided), (58, Ruling::Undecided), (59, Ruling::Passes)] {
            assert_eq!(rules(&of(None, &vec![3.0; runs]), p95, Op::Above, 5.0), ruling, "{runs}");
        }
        let few = judge(&of(None, &[3.0; 20]), p95, Op::Above, 5.0, false);
        assert_eq!((few.needs, few.value, few.high), (Some(59), Some(3.0), None));
        // One run beyond it proves that more than 5 % are: luck has 5 % for that.
        assert_eq!(rules(&of(None, &[7.0]), p95, Op::Above, 5.0), Ruling::Fails);
        assert_eq!(rules(&of(Some(40.0), &[f64::INFINITY; 2]), p95, Op::Above, 100.0), Ruling::Fails);
    }

    #[test]
    fn means_by_one_sided_t() {
        // Mean 3, standard error 0.70711, t(0.95, 4) = 2.131847: 1.49256 to 4.50744.
        let found = of(None, &[1.0, 2.0, 3.0, 4.0, 5.0]);
        let judged = judge(&found, Number::Mean, Op::Above, 4.6, false);
        assert!(
            (judged.low.unwrap() - 1.492_56).abs() < 1e-5 && (judged.high.unwrap() - 4.507_44).abs() < 1e-5
        );
        for (op, bound, ruling) in [
            (Op::Above, 4.6, Ruling::Passes),
            (Op::Above, 4.4, Ruling::Undecided),
            (Op::Above, 1.4, Ruling::Fails),
            (Op::Below, 4.6, Ruling::Fails),
            (Op::AtMost, 1.6, Ruling::Undecided),
            (Op::AtLeast, 1.4, Ruling::Fails),
            (Op::Below, 1.4, Ruling::Passes),
            (Op::Above, 1e300, Ruling::Passes),
        ] {
            assert_eq!(rules(&found, Number::Mean, op, bound), ruling, "{op:?} {bound}");
        }
        let undecided = judge(&found, Number::Mean, Op::Above, 4.0, false);
        // Half a width of 1.507 must shrink to 1: 5 x 1.507^2 and a little.
        assert_eq!(undecided.needs, Some(12));
        assert_eq!(judge(&found, Number::Mean, Op::Above, 3.0, false).needs, None);
        assert_eq!(judge(&found, Number::Mean, Op::Above, 2.9, true).ruling, Ruling::Fails);
        assert_eq!(judge(&found, Number::Mean, Op::Above, 3.0, true).ruling, Ruling::Passes);
    }

    #[test]
    fn one_run_has_no_mean_to_decide_by() {
        let one = judge(&of(None, &[7.0]), Number::Mean, Op::Above, 5.0, false);
        assert_eq!((one.ruling, one.value, one.low, one.needs), (Ruling::Undecided, Some(7.0), None, None));
        assert_eq!(judge(&of(None, &[7.0]), Number::Mean, Op::Above, 5.0, true).ruling, Ruling::Fails);
    }

    #[test]
    fn sameness_decides_from_59_runs_on() {
        let few = judge(&of(None, &[0.0; 58]), Number::Mean, Op::Above, 5.0, false);
        assert_eq!((few.ruling, few.needs), (Ruling::Undecided, Some(59)));
        let enough = judge(&of(None, &[0.0; 59]), Number::Mean, Op::Above, 5.0, false);
        assert!(enough.ruling == Ruling::Passes && enough.alike);
        assert_eq!(rules(&of(None, &[7.0; 59]), Number::Mean, Op::AtLeast, 7.0), Ruling::Fails);
    }

    #[test]
    fn never_counts_as_the_end_of_the_watch_and_proves_nothing_beyond_it() {
        let mut values = spread(60);
        values[7] = f64::INFINITY;
        let late = of(Some(100.0), &values);
        let judged = judge(&late, Number::Mean, Op::Above, 50.0, false);
        assert!(judged.restricted && judged.ruling == Ruling::Passes);
        assert_eq!(rules(&late, Number::Mean, Op::Above, 100.0), Ruling::Undecided);
        // Undefined is no value at all, whatever is asked.
        let undefined = judge(&of(None, &values), Number::Mean, Op::Above, 5.0, true);
        assert_eq!((undefined.ruling, undefined.value), (Ruling::Undecided, None));
    }

    #[test]
    fn shares_of_runs_are_exact() {
        // 57 of 60: Clopper and Pearson's lower 95 % bound is 0.875813 (bisection of exact binomial sums).
        let mut values = spread(60);
        values[..3].fill(f64::INFINITY);
        let late = of(Some(100.0), &values);
        let judged = judge(&late, Number::Reached, Op::Below, 0.8, false);
        assert!(judged.ruling == Ruling::Passes && judged.value == Some(0.95));
        assert!((judged.low.unwrap() - 0.875_813).abs() < 1e-5, "{:?}", judged.low);
        assert_eq!(rules(&late, Number::Reached, Op::Below, 0.9), Ruling::Undecided);
        // A metric of ones and zeros is a share too: 0 of 10 has none, 10 of 20 is exact.
        let half: Vec<f64> = (0..20).map(|i| f64::from(i % 2)).collect();
        let answers = Sample { indicator: true, ..of(None, &half) };
        let judged = judge(&answers, Number::Mean, Op::Below, 0.3, false);
        assert!(
            judged.ruling == Ruling::Passes && (judged.low.unwrap() - 0.301_954).abs() < 1e-5,
            "{judged:?}"
        );
    }

    #[test]
    fn a_bank_counts_by_weight() {
        let good: Vec<Option<f64>> = vec![Some(0.0); 200];
        let bad: Vec<Option<f64>> = spread(200).into_iter().map(|v| Some(100.0 + v)).collect();
        let both = sample(None, &[(0.8, &good), (0.2, &bad)]);
        // The mean is 0.2 x 199.5 = 39.9.
        assert_eq!(rules(&both, Number::Mean, Op::Above, 45.0), Ruling::Passes);
        assert_eq!(rules(&both, Number::Mean, Op::Above, 35.0), Ruling::Fails);
        // The 95th percentile is the 75th of the bad ones, 249.
        let p95 = judge(&both, Number::Quantile(0.95), Op::Above, 240.0, false);
        assert!(p95.value.is_some_and(|value| (value - 249.0).abs() <= 1.0), "{p95:?}");
        assert!(p95.low.unwrap() < 249.0 && p95.high.unwrap() > 249.0, "{p95:?}");
        assert_eq!(rules(&both, Number::Quantile(0.95), Op::Above, 290.0), Ruling::Passes);
        assert_eq!(rules(&both, Number::Quantile(0.95), Op::Above, 200.0), Ruling::Fails);
        // 80 % of releases harm nobody, but 200 runs of them may have missed one.
        assert_eq!(rules(&both, Number::Quantile(0.79), Op::Above, 0.0), Ruling::Undecided);
        assert_eq!(rules(&both, Number::Quantile(0.7), Op::Above, 0.0), Ruling::Passes);
    }

    #[test]
    fn errors_of_the_first_kind_are_rare() {
        // The 90th percentile of uniform values is 0.9; of 2 000 experiments of 100 runs no more than 5 % (and 3.3 standard
        // errors) say that it is below, or above. Fixed seed.
        let mut wrong = [0, 0];
        for experiment in 0..2_000_u64 {
            let value = |run: u64| {
                let word = rollcast_core::draws::hash64(&(experiment * 1_000 + run).to_le_bytes());
                word as f64 / 18_446_744_073_709_551_616.0
            };
            let found = of(None, &(0..100).map(value).collect::<Vec<_>>());
            match rules(&found, Number::Quantile(0.9), Op::Above, 0.9) {
                Ruling::Fails => wrong[0] += 1,
                Ruling::Passes => wrong[1] += 1,
                Ruling::Undecided => {}
            }
        }
        assert!(wrong.iter().all(|&n| n <= 132), "{wrong:?}");
    }

    #[test]
    fn over_a_bank_they_are_rare_too() {
        // Members of weight 0.8 (uniform from 0 to 1) and 0.2 (from 1 to 2), 60 runs each: the 95th percentile is 1.75,
        // the mean 0.7. Of 1 000 experiments no more than 5 % (and 3.3 standard errors) on either side. Fixed seed.
        let mut wrong = [0; 4];
        for experiment in 0..1_000_u64 {
            let value = |run: u64| {
                let word = rollcast_core::draws::hash64(&(experiment * 1_000 + run).to_le_bytes());
                word as f64 / 18_446_744_073_709_551_616.0
            };
            let good: Vec<Option<f64>> = (0..60).map(|run| Some(value(run))).collect();
            let bad: Vec<Option<f64>> = (60..120).map(|run| Some(1.0 + value(run))).collect();
            let both = sample(None, &[(0.8, &good), (0.2, &bad)]);
            for (at, (number, truth)) in
                [(Number::Quantile(0.95), 1.75), (Number::Mean, 0.7)].into_iter().enumerate()
            {
                match rules(&both, number, Op::Above, truth) {
                    Ruling::Fails => wrong[2 * at] += 1,
                    Ruling::Passes => wrong[2 * at + 1] += 1,
                    Ruling::Undecided => {}
                }
            }
        }
        assert!(wrong.iter().all(|&n| n <= 73), "{wrong:?}");
    }
}
