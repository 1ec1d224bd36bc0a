//! Designs of experiments: which values are tried together.
//!
//! Two kinds. Designs over *levels* give tuples of indices, one for each axis: the full cross product and one axis at
//! a time ([`levels`]). Designs over the *unit cube* give numbers from 0 up to, not including, 1 for each axis, which
//! the caller maps onto its axis ([`level`] does it for a list of values): a Latin hypercube ([`latin`]) and a scrambled
//! Sobol sequence ([`sobol`]), alone or in rows that tell the axes apart ([`rows`]).
//!
//! Every design is a pure function of its arguments: the same bytes on every machine.

pub mod latin;
pub mod levels;
pub mod rows;
pub mod sobol;

/// Which of `levels` equally likely levels (at least one) a number of the unit cube falls on.
pub fn level(at: f64, levels: usize) -> usize {
    ((at * levels as f64) as usize).min(levels.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn the_unit_interval_is_cut_evenly() {
        assert_eq!([0.0, 0.249, 0.25, 0.5, 0.999].map(|at| level(at, 4)), [0, 0, 1, 2, 3]);
        // Out of the cube is still a level.
        assert_eq!((level(1.0, 4), level(-0.5, 4), level(0.7, 1)), (3, 0, 0));
    }
}
