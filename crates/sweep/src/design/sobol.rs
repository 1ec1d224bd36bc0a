//! The Sobol sequence, scrambled as Owen proposed: points that fill the unit cube evenly at every length.
//!
//! *Sequence.* Sobol, USSR Comp. Math. Math. Phys. 7 (1967) 86-112, with the direction numbers of Joe and Kuo
//! ('Constructing Sobol sequences with better two-dimensional projections', SIAM J. Sci. Comput. 30 (2008) 2635-2654;
//! their file new-joe-kuo-6.21201) in the order of Antonov and Saleev, so that the unscrambled sequence is, point by
//! point, that of other well-known generators.
//!
//! *Scrambling.* Owen's nested uniform scrambling ('Randomly permuted (t,m,s)-nets and (t,s)-sequences', 1995): each
//! digit of a coordinate is flipped or not by a coin that depends on the digits before it. Every point by itself is
//! then uniform in the cube while the points together stay as even as they were. The coin of a node is a hash of
//! (seed, axis, node), so no tree is kept; Burley ('Practical hash-based Owen scrambling', JCGT 9 (2020) no. 4) uses
//! one hash for all digits at once, which is faster and less exact than is needed here.

use rollcast_core::draws::{hash64, mix64};

mod directions;

/// Digits of a coordinate.
const DIGITS: usize = 32;

/// A Sobol sequence of up to 2^32 points in up to [`Sobol::MOST_AXES`] dimensions. Any point can be asked by itself.
#[derive(Clone, Debug)]
pub struct Sobol {
    axes: Vec<Axis>,
}

/// The sequence on one axis.
#[derive(Clone, Debug)]
struct Axis {
    /// What each digit of the position adds, bit by bit without carry.
    directions: [u32; DIGITS],
    /// The key of its coins; `None` without scrambling.
    key: Option<u64>,
}

impl Sobol {
    /// The most dimensions.
    pub const MOST_AXES: usize = directions::JOE_KUO.len() + 1;

    /// The sequence as published, beginning with the origin; `None` beyond [`Sobol::MOST_AXES`] axes.
    pub fn plain(axes: usize) -> Option<Self> {
        (axes <= Self::MOST_AXES).then(|| Sobol {
            axes: (0..axes).map(|axis| Axis { directions: directions(axis), key: None }).collect(),
        })
    }

    /// The sequence scrambled with `seed`; `None` beyond [`Sobol::MOST_AXES`] axes. Each axis is scrambled by itself,
    /// so another axis changes nothing on those before it.
    pub fn scrambled(axes: usize, seed: u64) -> Option<Self> {
        let mut sequence = Self::plain(axes)?;
        let of_seed = mix64(seed ^ hash64(b"scrambled Sobol sequence"));
        for (number, axis) in (0_u64..).zip(&mut sequence.axes) {
            axis.key = Some(mix64(of_seed.wrapping_add(number)));
        }
        Some(sequence)
    }

    /// Point `position` of the sequence: a number from 0 up to, not including, 1 on each axis.
    pub fn point(&self, position: u32) -> Vec<f64> {
        (0..self.axes.len()).map(|axis| self.at(position, axis)).collect()
    }

    /// Point `position` on `axis`, from 0 up to, not including, 1.
    pub fn at(&self, position: u32, axis: usize) -> f64 {
        f64::from(self.digits(position, axis)) / 4_294_967_296.0
    }

    /// Point `position` on `axis` in units of 2^-32.
    pub fn digits(&self, position: u32, axis: usize) -> u32 {
        let Axis { directions, key } = &self.axes[axis];
        // The reflected Gray code: the order of Antonov and Saleev.
        let mut left = position ^ (position >> 1);
        let mut digits = 0;
        while left != 0 {
            digits ^= directions[left.trailing_zeros() as usize];
            left &= left - 1;
        }
        key.map_or(digits, |key| scramble(digits, key))
    }
}

/// Flips each digit by the coin of the node that the digits before it lead to.
fn scramble(digits: u32, key: u64) -> u32 {
    let mut flips = 0;
    for depth in 0..DIGITS as u32 {
        // Nodes are numbered as in a heap: 1, then 2 and 3, then 4 to 7, ...
        let node = (1_u64 << depth) | (u64::from(digits) >> (DIGITS as u32 - depth));
        flips = flips << 1 | (mix64(key ^ mix64(node)) >> 63) as u32;
    }
    digits ^ flips
}

/// Direction numbers of an axis in units of 2^-32: the first axis is the sequence of van der Corput, the others follow
/// the recurrence of their primitive polynomial.
fn directions(axis: usize) -> [u32; DIGITS] {
    let mut v = [0_u32; DIGITS];
    let Some((degree, coefficients, initial)) = axis.checked_sub(1).map(|row| directions::JOE_KUO[row])
    else {
        for (digit, v) in v.iter_mut().enumerate() {
            *v = 1 << (DIGITS - 1 - digit);
        }
        return v;
    };
    for digit in 0..DIGITS {
        v[digit] = match initial.get(digit) {
            Some(initial) => initial << (DIGITS - 1 - digit),
            None => {
                let first = v[digit - degree];
                (1..degree)
                    .filter(|k| coefficients >> (degree - 1 - k) & 1 == 1)
                    .fold(first ^ (first >> degree), |sum, k| sum ^ v[digit - k])
            }
        };
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// FNV-1a over the coordinates of the first 1 024 points, point by point, each as four bytes, least first.
    fn checksum(sequence: &Sobol) -> u64 {
        let mut sum = 0xCBF2_9CE4_8422_2325_u64;
        for position in 0..1_024 {
            for axis in 0..sequence.axes.len() {
                for byte in sequence.digits(position, axis).to_le_bytes() {
                    sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
                }
            }
        }
        sum
    }

    /// The unscrambled sequence of scipy 1.17.1, `scipy.stats.qmc.Sobol(d, scramble=False, bits=32).random(1024)`.
    #[test]
    fn the_published_sequence() {
        assert_eq!(checksum(&Sobol::plain(21).unwrap()), 0xBDF1_BBA9_368E_E925);
        assert_eq!(checksum(&Sobol::plain(40).unwrap()), 0xEDD5_100B_23AC_8825);
        let point = |position, axes| {
            let sequence = Sobol::plain(axes).unwrap();
            (0..axes).map(|axis| sequence.digits(position, axis)).collect::<Vec<_>>()
        };
        assert_eq!(point(0, 40), [0; 40]);
        #[rustfmt::skip]
        assert_eq!(point(1_000, 21), [
            943718400, 415236096, 2227175424, 2906652672, 1203765248, 3896508416, 197132288, 3862953984, 2151677952,
            297795584, 364904448, 1094713344, 692060160, 1648361472, 616562688, 1589641216, 3091202048, 1480589312,
            4257218560, 3116367872, 2243952640,
        ]);
        #[rustfmt::skip]
        assert_eq!(point((1 << 20) - 1, 40), [
            4096, 4026593280, 3314585600, 1977167872, 3719483392, 3405787136, 1416089600, 3816001536, 3178434560,
            1778348032, 3254300672, 3192164352, 1278513152, 155856896, 3318927360, 1001721856, 856436736, 2484047872,
            875622400, 2097213440, 97579008, 1118973952, 385191936, 1318989824, 380686336, 1409519616, 3255291904,
            3224645632, 155676672, 3704524800, 3864023040, 3446697984, 1591709696, 1565478912, 2012352512, 1639026688,
            3137482752, 2855333888, 3909939200, 3209474048,
        ]);
    }

    #[test]
    fn more_axes_than_there_are_numbers_for_are_refused() {
        assert!(Sobol::scrambled(Sobol::MOST_AXES, 1).is_some());
        assert!(
            Sobol::plain(Sobol::MOST_AXES + 1).is_none()
                && Sobol::scrambled(Sobol::MOST_AXES + 1, 1).is_none()
        );
    }

    /// A change here changes the points of every study with such a design.
    #[test]
    fn the_bytes_of_the_scrambled_sequence_stay() {
        assert_eq!(checksum(&Sobol::scrambled(40, 2_024).unwrap()), 8_442_801_329_724_568_864);
    }

    #[test]
    fn the_first_two_axes_stay_a_net() {
        // A (0, 2)-sequence: each box of area 2^-8 with sides of powers of two holds one of the first 256 points.
        let sequence = Sobol::scrambled(2, 5).unwrap();
        for first in 0..=8 {
            let mut boxes: Vec<_> = (0..256)
                .map(|i| {
                    let part = |axis, digits: u32| u64::from(sequence.digits(i, axis)) >> (32 - digits);
                    part(0, first) << (8 - first) | part(1, 8 - first)
                })
                .collect();
            boxes.sort_unstable();
            assert_eq!(boxes, (0..256).collect::<Vec<_>>(), "{first} digits of the first axis");
        }
    }

    #[test]
    fn every_digit_of_every_axis_is_flipped_by_half_of_the_seeds() {
        // Standard deviation of a share of 4 000 coins: 0.8 %; 5 of them for 64 x 3 shares: alpha 1e-4.
        for axis in [0, 1, 39] {
            let (plain, seeds) = (Sobol::plain(40).unwrap().digits(77, axis), 4_000);
            let mut flipped = [0; DIGITS];
            for seed in 0..seeds {
                let digits = Sobol::scrambled(40, seed).unwrap().digits(77, axis) ^ plain;
                for (digit, count) in flipped.iter_mut().enumerate() {
                    *count += digits >> digit & 1;
                }
            }
            assert!(flipped.iter().all(|count| count.abs_diff(2_000) < 160), "{axis}: {flipped:?}");
        }
    }

    #[test]
    fn it_integrates_better_than_luck() {
        // The product of 8 factors 0.5 + x has mean 1 and standard deviation 0.947, so plain Monte Carlo with 1 024
        // points errs by 0.03.
        let error = |seed| {
            let sequence = Sobol::scrambled(8, seed).unwrap();
            let product = |i| sequence.point(i).iter().map(|x| 0.5 + x).product::<f64>();
            (0..1_024).map(product).sum::<f64>() / 1_024.0 - 1.0
        };
        let errors: Vec<f64> = (0..64).map(error).collect();
        let typical = (errors.iter().map(|e| e * e).sum::<f64>() / 64.0).sqrt();
        assert!(typical < 0.03 / 8.0, "{typical}");
        // Unbiased: 4 standard deviations of the mean, alpha 6e-5.
        assert!((errors.iter().sum::<f64>() / 64.0).abs() < 4.0 * typical / 8.0);
    }

    proptest! {
        #[test]
        fn aligned_blocks_hold_one_point_in_each_stratum(
            seed: u64, axis in 0_usize..40, power in 0_u32..11, block in 0_u32..1_000,
        ) {
            let sequence = Sobol::scrambled(40, seed).unwrap();
            let mut strata: Vec<_> = (block << power..(block + 1) << power)
                .map(|i| (u64::from(sequence.digits(i, axis)) >> (32 - power)) as u32)
                .collect();
            strata.sort_unstable();
            prop_assert_eq!(strata, (0..1 << power).collect::<Vec<_>>());
        }

        #[test]
        fn scrambling_keeps_how_many_leading_digits_two_points_share(a: u32, b: u32, key: u64) {
            let (x, y) = (scramble(a, key), scramble(b, key));
            prop_assert_eq!((a ^ b).leading_zeros(), (x ^ y).leading_zeros());
        }

        #[test]
        fn points_are_in_the_cube_and_axes_are_their_own(seed: u64, position: u32) {
            let (few, all) = (Sobol::scrambled(3, seed).unwrap(), Sobol::scrambled(40, seed).unwrap());
            prop_assert_eq!(&few.point(position)[..], &all.point(position)[..3]);
            prop_assert!(all.point(position).iter().all(|x| (0.0..1.0).contains(x)));
        }
    }
}
