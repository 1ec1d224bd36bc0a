//! The smallest ring that catches a defect: a search over sizes, each of which is played with all replications at once.

use rollcast_core::stats::clopper_pearson;
use schemars::JsonSchema;
use serde::Serialize;

/// One-sided bounds hold with 95 %.
const TAIL: f64 = 0.05;
/// The search ends where sizes are closer than this part: what is between them is less than luck leaves open.
pub const RESOLUTION: f64 = 0.02;

/// A size that was played.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Tried {
    /// Devices of the ring.
    pub size: u64,
    /// Runs in which the release was stopped in time.
    pub caught: u32,
    /// Runs.
    pub runs: u32,
    /// Their share.
    pub probability: f64,
    /// With 95 % certainty it is at least this (Clopper and Pearson, one-sided).
    pub at_least: f64,
    /// With 95 % certainty it is at most this.
    pub at_most: f64,
}

impl Tried {
    /// A size with what came of it.
    pub fn new(size: u64, caught: u32, runs: u32) -> Self {
        let (at_least, at_most) = clopper_pearson(caught, runs, TAIL);
        let probability = if runs == 0 { 0.0 } else { f64::from(caught) / f64::from(runs) };
        Tried { size, caught, runs, probability, at_least, at_most }
    }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Smallest {
    /// The smallest size tried whose measured probability reaches what is wanted.
    pub measured: Option<u64>,
    /// The smallest size tried for which the bound proves it.
    pub proved: Option<u64>,
    /// The largest size tried for which the bound refutes it.
    pub refuted: Option<u64>,
    /// Neighbouring sizes of which the larger one caught less: against the assumption of the search.
    pub against_order: Vec<(u64, u64)>,
    /// All sizes that were played, by size.
    pub tried: Vec<Tried>,
}

/// Looks for the smallest size within `sizes` at which `play` catches with the probability `wanted`. It is assumed that a
/// larger ring catches no less; sizes that were tried and say otherwise are told.
///
/// # Errors
/// What `play` fails with.
pub fn find<E>(
    sizes: (u64, u64),
    wanted: f64,
    mut play: impl FnMut(u64) -> Result<Tried, E>,
) -> Result<Smallest, E> {
    let mut tried: Vec<Tried> = vec![play(sizes.0)?, play(sizes.1)?];
    let measured = |one: &Tried| one.probability >= wanted;
    let proved = |one: &Tried| one.at_least >= wanted;
    let open = |one: &Tried| one.at_most >= wanted;
    for reaches in [&measured as &dyn Fn(&Tried) -> bool, &proved, &open] {
        while let Some(size) = between(&tried, reaches) {
            let one = play(size)?;
            let at = tried.partition_point(|other| other.size < size);
            tried.insert(at, one);
        }
    }
    let size = |one: &Tried| one.size;
    let less = |pair: &[Tried]| pair[1].probability < pair[0].probability;
    Ok(Smallest {
        measured: tried.iter().find(|one| measured(one)).map(size),
        proved: tried.iter().find(|one| proved(one)).map(size),
        refuted: tried.iter().rfind(|one| !open(one)).map(size),
        against_order: tried
            .windows(2)
            .filter(|pair| less(pair))
            .map(|pair| (pair[0].size, pair[1].size))
            .collect(),
        tried,
    })
}

/// The next size to play: between the smallest that reaches and the largest below it that does not, where ratios count.
/// `None` if none reaches, if the first one does, or if both are close.
fn between(tried: &[Tried], reaches: &dyn Fn(&Tried) -> bool) -> Option<u64> {
    let at = tried.iter().position(reaches)?;
    let (below, above) = (tried.get(at.checked_sub(1)?)?.size, tried[at].size);
    let close = (below as f64 * RESOLUTION).max(1.0);
    if (above - below) as f64 <= close {
        return None;
    }
    let middle = (below as f64 * above as f64).sqrt() as u64;
    Some(middle.clamp(below + 1, above - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ring of n devices catches with 1 - 0.99^n, to the last run of 10 000.
    fn exact(size: u64) -> Result<Tried, ()> {
        let caught = 10_000.0 * (1.0 - 0.99_f64.powf(size as f64));
        Ok(Tried::new(size, caught.round() as u32, 10_000))
    }

    #[test]
    fn the_search_ends_beside_the_closed_form() {
        // ln(0.1) / ln(0.99) = 229.1.
        let found = find((5, 5_000), 0.9, exact).unwrap();
        let measured = found.measured.unwrap();
        assert!((229..=234).contains(&measured), "{found:?}");
        assert!(found.proved.unwrap() > measured && found.refuted.unwrap() < measured, "{found:?}");
        assert!(found.tried.len() < 30 && found.against_order.is_empty(), "{found:?}");
        assert!(found.tried.windows(2).all(|pair| pair[0].size < pair[1].size));
    }

    #[test]
    fn ends_are_answers_too() {
        let none = find((5, 50), 0.9, exact).unwrap();
        assert_eq!((none.measured, none.proved, none.refuted, none.tried.len()), (None, None, Some(50), 2));
        let all = find((600, 900), 0.9, exact).unwrap();
        assert_eq!((all.measured, all.proved, all.refuted, all.tried.len()), (Some(600), Some(600), None, 2));
        let stop =
            find((5, 50), 0.9, |size| if size < 50 { exact(size).map_err(|()| "no") } else { Err("full") });
        assert_eq!(stop.unwrap_err(), "full");
    }

    #[test]
    fn what_speaks_against_the_assumption_is_told() {
        let falling = |size: u64| Ok::<_, ()>(Tried::new(size, if size < 20 { 80 } else { 20 }, 100));
        assert_eq!(find((10, 40), 0.9, falling).unwrap().against_order, [(10, 40)]);
    }
}
