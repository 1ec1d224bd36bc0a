//! Latin hypercubes: each axis is cut into as many strata as there are points, and every stratum holds one point.
//!
//! McKay, Beckman and Conover, 'A comparison of three methods for selecting values of input variables in the analysis
//! of output from a computer code', Technometrics 21 (1979) 239-245.

use rand::Rng;
use rollcast_core::draws::Luck;

/// The most points of a hypercube: up to here a point never leaves its stratum by rounding.
pub const MOST_POINTS: u32 = 1 << 20;

/// A Latin hypercube of `points` points (at most [`MOST_POINTS`]) on `axes` axes: for each point a number on each axis.
///
/// On every axis, for every k below `points`, exactly one point lies strictly between k / points and
/// (k + 1) / points, at a place drawn uniformly; which point it is, is a permutation that is drawn for each axis by
/// itself. The draws of an axis are an addressed stream, so another axis changes nothing on those before it.
pub fn latin_hypercube(points: u32, axes: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut cube = vec![Vec::with_capacity(axes); points as usize];
    for axis in 0..axes {
        let mut words = Luck::new(seed, 0).stream(&format!("Latin hypercube, axis {axis}"));
        // Sorting by random words is a uniform permutation, and does not change with a library's shuffle.
        let mut order: Vec<(u64, u32)> = (0..points).map(|point| (words.next_u64(), point)).collect();
        order.sort_unstable();
        for (stratum, (_, point)) in (0_u32..).zip(order) {
            // Half a step off both ends, so that no rounding leads into a neighbour.
            let inside = (f64::from(words.next_u32()) + 0.5) / 4_294_967_296.0;
            cube[point as usize].push((f64::from(stratum) + inside) / f64::from(points));
        }
    }
    cube
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::level;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_stratum_of_every_axis_holds_one_point(points in 1_u32..300, axes in 0_usize..6, seed: u64) {
            let cube = latin_hypercube(points, axes, seed);
            prop_assert_eq!(cube.len(), points as usize);
            for axis in 0..axes {
                let mut strata: Vec<_> = cube.iter().map(|point| level(point[axis], points as usize)).collect();
                strata.sort_unstable();
                prop_assert_eq!(strata, (0..points as usize).collect::<Vec<_>>());
            }
        }

        #[test]
        fn another_axis_leaves_those_before_it_alone(seed: u64) {
            let (two, three) = (latin_hypercube(20, 2, seed), latin_hypercube(20, 3, seed));
            prop_assert!(two.iter().zip(&three).all(|(two, three)| two[..] == three[..2]));
            prop_assert_ne!(latin_hypercube(20, 2, seed.wrapping_add(1)), two);
        }
    }

    #[test]
    fn rounding_keeps_the_strata_of_the_largest_cube() {
        let n = MOST_POINTS as usize;
        let mut seen = vec![false; n];
        for point in latin_hypercube(MOST_POINTS, 1, 3) {
            assert!(!std::mem::replace(&mut seen[level(point[0], n)], true));
        }
    }

    #[test]
    fn axes_are_not_correlated() {
        // Spearman's rho of independent permutations has standard deviation 1 / sqrt(n - 1); 4 of them: alpha 6e-5.
        let n = 2_000;
        let cube = latin_hypercube(n, 2, 11);
        let middle = |x: f64| x - 0.5;
        let rho = 12.0 * cube.iter().map(|p| middle(p[0]) * middle(p[1])).sum::<f64>() / f64::from(n);
        assert!(rho.abs() < 4.0 / f64::from(n - 1).sqrt(), "{rho}");
    }

    #[test]
    fn the_bytes_stay() {
        let bits: Vec<_> = latin_hypercube(3, 2, 2_024).concat().iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, PINNED, "{bits:#x?}");
    }

    /// A change here changes the points of every study with such a design.
    const PINNED: [u64; 6] = [
        0x3FE9_4117_C4E5_5555,
        0x3FDF_4EAE_33CA_AAAB,
        0x3FD8_5FC9_CEF5_5555,
        0x3FE6_7155_E1DA_AAAB,
        0x3FA9_6804_0A55_5555,
        0x3FCA_0FF3_1FEA_AAAB,
    ];
}
