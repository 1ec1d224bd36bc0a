//! Which of several points is the best, decided while they are played: Kim and Nelson's fully sequential procedure.

/// What has come of the procedure so far.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Points that may still be the best, in plan order.
    pub left: Vec<usize>,
    /// True if the first of `left` is decided on: it is the only one, or the others are no further away than what is worth
    /// telling.
    pub decided: bool,
    /// Observations each point would need at most, if it went on to the end.
    pub longest: u64,
}

/// Screens `left` after `observations`: one list for each of them, all of the same length and under common random numbers,
/// less being better. `first` observations are the first stage, from which the variances come; `of` points were there at the
/// beginning.
///
/// With probability `confidence` the point that is decided on is the best, whenever it is better than every other one by at
/// least `worth`; otherwise it is within `worth` of the best with that probability (for normal observations).
///
/// A point i stays while mean_i <= mean_j + W_ij for all j that are left, with
/// W_ij = max(0, worth / 2r (h^2 S^2_ij / worth^2 - r)), S^2_ij the variance of the first-stage differences,
/// h^2 = 2 eta (n0 - 1) and eta = ((2 (1 - confidence) / (k - 1))^(-2 / (n0 - 1)) - 1) / 2. Looking only now and then, as rounds
/// do, removes the best less often than the procedure allows.
///
/// Kim and Nelson, 'A fully sequential procedure for indifference-zone selection in simulation', ACM Transactions on Modeling
/// and Computer Simulation 11 (2001) 251-273, with c = 1; common random numbers are allowed there.
///
/// # Panics
/// If there are fewer observations than `first`, or fewer than two in the first stage.
pub fn screen(
    left: &[usize],
    observations: &[Vec<f64>],
    first: usize,
    of: usize,
    confidence: f64,
    worth: f64,
) -> State {
    assert!(first >= 2 && observations.iter().all(|all| all.len() >= first), "the first stage is complete");
    let n0 = first as f64 - 1.0;
    let share = 2.0 * (1.0 - confidence) / (of.max(2) - 1) as f64;
    let eta = 0.5 * (share.powf(-2.0 / n0) - 1.0);
    let h2 = 2.0 * eta * n0;
    let r = observations.first().map_or(0, Vec::len) as f64;
    let mean = |all: &Vec<f64>| all.iter().sum::<f64>() / all.len() as f64;
    let means: Vec<f64> = observations.iter().map(mean).collect();
    // h^2 S^2 / worth^2: observations after which W is 0.
    let until = |i: usize, j: usize| {
        let differences = observations[i][..first].iter().zip(&observations[j][..first]).map(|(a, b)| a - b);
        let centre = differences.clone().sum::<f64>() / first as f64;
        let variance = differences.map(|d| (d - centre) * (d - centre)).sum::<f64>() / n0;
        h2 * variance / (worth * worth)
    };
    let room = |i: usize, j: usize| (worth / (2.0 * r) * (until(i, j) - r)).max(0.0);
    let all = 0..left.len();
    let stays = |i: &usize| all.clone().all(|j| j == *i || means[*i] <= means[j] + room(*i, j));
    let mut kept: Vec<usize> = all.clone().filter(stays).collect();
    let pairs = |kept: &[usize]| {
        let most = kept.iter().flat_map(|&i| kept.iter().map(move |&j| (i, j))).filter(|(i, j)| i != j);
        most.map(|(i, j)| until(i, j)).fold(0.0, f64::max)
    };
    let longest = pairs(&kept);
    let decided = kept.len() == 1 || r > longest;
    if decided {
        // Whoever is left by now is equally good; of equals the first.
        kept.sort_by(|a, b| means[*a].total_cmp(&means[*b]).then(a.cmp(b)));
    }
    State { left: kept.into_iter().map(|i| left[i]).collect(), decided, longest: longest as u64 + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_by_hand() {
        // k = 2, n0 = 11, 95 %: eta = (0.1^-0.2 - 1) / 2 = 0.292447, h^2 = 5.848932. Differences -1, 0, 1, ... of variance
        // 0.8: with worth 0.1 that is 468 observations.
        let a: Vec<f64> = (0..11).map(|i| f64::from(i % 3 - 1)).collect();
        let b = vec![0.0; 11];
        let variance = 7.0 / 10.0 - 11.0 / 10.0 * (-1.0_f64 / 11.0).powi(2) + 0.0;
        let found = screen(&[4, 7], &[a, b], 11, 2, 0.95, 0.1);
        let expected = 5.848_932 * variance / 0.01;
        assert!((found.longest as f64 - expected).abs() <= 1.5, "{} {expected}", found.longest);
        assert_eq!((found.left, found.decided), (vec![4, 7], false));
    }

    #[test]
    fn clear_cases_are_decided_at_once_and_ties_in_the_end() {
        let luck: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 61) / 10.0).collect();
        let shifted = |by: f64| luck.iter().map(|v| v + by).collect::<Vec<_>>();
        // Shared luck: nothing but the shift differs.
        let found = screen(&[0, 1, 2], &[shifted(3.0), shifted(0.0), shifted(9.0)], 30, 3, 0.95, 0.5);
        assert_eq!((found.left, found.decided), (vec![1], true));
        let found = screen(&[2, 5], &[luck.clone(), luck.clone()], 30, 2, 0.95, 0.5);
        assert_eq!((found.left[0], found.decided, found.longest), (2, true, 1));
        // With luck of their own it takes long.
        let mut other = luck.clone();
        other.rotate_left(11);
        let found = screen(&[0, 1], &[luck, other], 30, 2, 0.95, 0.1);
        assert!(!found.decided && found.left == [0, 1] && found.longest > 1_000, "{found:?}");
    }
}
