//! Variates by inverse transform: a distribution is compiled into a monotone function from 32 random bits to
//! whole units, and any family costs the same in a life.
//!
//! The table has 64 cells in each octave of either tail probability, from 1/2 down to 2^-16, linear within a
//! cell; a word in the extreme 2 x 2^-16 fetches a second word and is evaluated exactly with 48 bits, so that
//! tails exist at a billion devices. One rounding to the nearest unit at the end.

use crate::{
    draws::{Luck, Purpose},
    family::Family,
};

/// Sub-cells per octave, as a power of two.
const SUB_BITS: u32 = 6;
/// Octaves per side that the table covers; what lies beyond is evaluated exactly.
const OCTAVES: usize = 15;
const CELLS: usize = OCTAVES << SUB_BITS;

/// A compiled distribution: 32 random bits in, whole units (seconds, bits per second) out.
#[derive(Clone, Debug)]
pub struct Quantile {
    shape: Shape,
    at_least: f64,
    at_most: f64,
}

#[derive(Clone, Debug)]
enum Shape {
    Fixed(i64),
    Uniform {
        low: f64,
        width: f64,
    },
    /// (share, value), shares rising from 0 to 1, linear between.
    Points(Box<[(f64, f64)]>),
    Table(Box<Table>),
}

#[derive(Clone, Debug)]
struct Table {
    family: Family,
    /// Quantiles at the knots: of the lower half (p rising to 1/2), and from [`UPPER`] on of the upper half, by rising
    /// tail probability (values fall).
    knots: Box<[f64; 2 * UPPER]>,
}

/// Where the knots of the upper half begin: a power of two, so that no look-up needs a check of its bounds.
const UPPER: usize = 1_024;

impl Quantile {
    /// Always `value`.
    pub fn fixed(value: i64) -> Self {
        Self { shape: Shape::Fixed(value), at_least: f64::NEG_INFINITY, at_most: f64::INFINITY }
    }

    /// Uniform on `low..high`, rounded to the nearest unit.
    pub fn uniform(low: f64, high: f64) -> Self {
        Self {
            shape: Shape::Uniform { low, width: high - low },
            at_least: f64::NEG_INFINITY,
            at_most: f64::INFINITY,
        }
    }

    /// Linear between `(share, value)` points; shares rise from 0 to 1, values do not fall.
    pub fn points(points: Vec<(f64, f64)>) -> Self {
        Self { shape: Shape::Points(points.into()), at_least: f64::NEG_INFINITY, at_most: f64::INFINITY }
    }

    /// One of the named families.
    pub fn family(family: Family) -> Self {
        let knot = |i: usize| {
            let (octave, sub) = (i >> SUB_BITS, i & ((1 << SUB_BITS) - 1));
            // A power of two, made from its exponent.
            let scale = f64::from_bits((1_023 - 16 + octave as u64) << 52);
            scale * (1.0 + sub as f64 / f64::from(1_u32 << SUB_BITS))
        };
        let mut knots = Box::new([0.0; 2 * UPPER]);
        for i in 0..=CELLS {
            knots[i] = family.quantile(knot(i), 1.0 - knot(i));
            knots[UPPER + i] = family.quantile(1.0 - knot(i), knot(i));
        }
        Self {
            shape: Shape::Table(Box::new(Table { family, knots })),
            at_least: f64::NEG_INFINITY,
            at_most: f64::INFINITY,
        }
    }

    /// The same, with values outside `at_least..=at_most` moved to the nearer end.
    pub fn clamped(mut self, at_least: f64, at_most: f64) -> Self {
        (self.at_least, self.at_most) = (at_least, at_most);
        self
    }

    /// The value for `word`; `tail` is asked for a second word only in the extreme 2 x 2^-16.
    #[inline]
    pub fn at(&self, word: u32, tail: impl FnOnce() -> u32) -> i64 {
        self.usual(word).unwrap_or_else(|| self.extreme(word, tail()))
    }

    /// The value for `word`, unless that takes a second word.
    #[inline(always)]
    pub(crate) fn usual(&self, word: u32) -> Option<i64> {
        let value = match &self.shape {
            Shape::Fixed(value) => return Some(*value),
            Shape::Uniform { low, width } => low + width * ((f64::from(word) + 0.5) * EXP2_M32),
            Shape::Points(points) => on_points(points, (f64::from(word) + 0.5) * EXP2_M32),
            Shape::Table(table) => {
                let (upper_half, w) = nearer_end(word);
                if w < 1 << 16 {
                    return None;
                }
                table.inside(upper_half, w)
            }
        };
        Some(self.whole(value))
    }

    #[cold]
    fn extreme(&self, word: u32, second: u32) -> i64 {
        let Shape::Table(table) = &self.shape else { unreachable!("invariant: only tables have extremes") };
        let (upper_half, w) = nearer_end(word);
        self.whole(table.extreme(upper_half, w, second))
    }

    /// Within the bounds, in whole units.
    #[inline]
    fn whole(&self, value: f64) -> i64 {
        let value = if value > self.at_least { value } else { self.at_least };
        round(if value < self.at_most { value } else { self.at_most })
    }

    /// The value where it is always the same.
    #[inline]
    pub(crate) fn fixed_value(&self) -> Option<i64> {
        match self.shape {
            Shape::Fixed(value) => Some(value),
            _ => None,
        }
    }

    /// The value for lane `lane` of (entity, purpose, n). What is always the same needs no draw.
    #[inline]
    pub fn sample(&self, luck: &Luck, entity: u64, purpose: Purpose, n: u32, lane: usize) -> i64 {
        match self.shape {
            Shape::Fixed(value) => value,
            _ => self.draw(luck, entity, purpose, n, lane, luck.block(entity, purpose, n)),
        }
    }

    /// The value for lane `lane` of (entity, purpose, n), given that block.
    #[inline]
    pub fn draw(
        &self,
        luck: &Luck,
        entity: u64,
        purpose: Purpose,
        n: u32,
        lane: usize,
        block: [u32; 4],
    ) -> i64 {
        self.at(block[lane], || luck.tail(entity, purpose, n, lane))
    }

    /// The values for a column of words. Where a word asks for a second one, or the value does not fit into so few bits
    /// (`LIMIT`), `plain` becomes false and the value means nothing.
    #[inline(always)]
    pub(crate) fn column<const N: usize>(
        &self,
        words: &[u32; N],
        values: &mut [i32; N],
        plain: &mut [bool; N],
    ) {
        if let Some(value) = self.fixed_value() {
            let small = i32::try_from(value).ok().filter(|value| f64::from(*value).abs() <= LIMIT);
            values.fill(small.unwrap_or(0));
            if small.is_none() {
                plain.fill(false);
            }
            return;
        }
        let mut exact = [0.0; N];
        self.exact_column(words, &mut exact, plain);
        let (low, high) = (self.at_least, self.at_most);
        for i in 0..N {
            let value = exact[i].max(low).min(high);
            let small = value.clamp(-LIMIT, LIMIT);
            plain[i] &= small == value;
            values[i] = round_small(small);
        }
    }

    /// The same for values that need not be small, as whole numbers below 2^51.
    #[inline(always)]
    pub(crate) fn column_wide<const N: usize>(
        &self,
        words: &[u32; N],
        values: &mut [f64; N],
        plain: &mut [bool; N],
    ) {
        const WIDE: f64 = (1_u64 << 50) as f64;
        let mut exact = [0.0; N];
        self.exact_column(words, &mut exact, plain);
        let (low, high) = match self.shape {
            Shape::Fixed(_) => (f64::NEG_INFINITY, f64::INFINITY),
            _ => (self.at_least, self.at_most),
        };
        for i in 0..N {
            let value = exact[i].max(low).min(high);
            let near = value.clamp(-WIDE, WIDE);
            plain[i] &= near == value;
            values[i] = whole_part(near + 0.5) as f64;
        }
    }

    /// Values before they are bounded and rounded; where a word asks for a second one, `plain` becomes false.
    #[inline(always)]
    fn exact_column<const N: usize>(&self, words: &[u32; N], exact: &mut [f64; N], plain: &mut [bool; N]) {
        match &self.shape {
            Shape::Fixed(value) => exact.fill(*value as f64),
            Shape::Uniform { low, width } => {
                for i in 0..N {
                    exact[i] = low + width * ((f64::from(words[i]) + 0.5) * EXP2_M32);
                }
            }
            Shape::Points(points) => {
                for i in 0..N {
                    exact[i] = on_points(points, (f64::from(words[i]) + 0.5) * EXP2_M32);
                }
            }
            Shape::Table(table) => table.column(words, exact, plain),
        }
    }

    /// The value below which a share `p` lies, strictly between 0 and 1, as a draw in the middle of its interval has it.
    pub fn at_share(&self, p: f64) -> f64 {
        let bits = p * 18_446_744_073_709_551_616.0;
        let (word, second) = ((bits / 4_294_967_296.0) as u32, bits as u64 as u32);
        self.at(word, || second) as f64
    }

    /// The first word from which on no value is below `least`; 2^32: there is none.
    pub(crate) fn first_word(&self, least: i64) -> u64 {
        let (mut low, mut high) = (0, 1_u64 << 32);
        while low < high {
            let middle = (low + high) / 2;
            let word = middle as u32;
            // Values do not fall from word to word; of a second word one end or the other has the lowest.
            let lowest = self.at(word, || 0).min(self.at(word, || u32::MAX));
            if lowest >= least { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// True if the value depends on the word.
    pub(crate) fn is_drawn(&self) -> bool {
        self.fixed_value().is_none()
    }

    /// The mean, by the midpoints of 2^16 equal shares (for rates that must match a stated share).
    pub fn mean(&self) -> f64 {
        let steps = 1_u32 << 16;
        let sum: f64 = (0..steps).map(|i| self.at((i << 16) | (1 << 15), || 1 << 31) as f64).sum();
        sum / f64::from(steps)
    }

    /// The largest value that comes out of all but one draw in 2^31; used to bound how far back an absence
    /// can reach.
    pub fn practically_longest(&self) -> i64 {
        self.at(u32::MAX, || 1 << 31)
    }
}

/// Whether a word lies in the upper half, and how far it is from the nearer end.
#[inline]
fn nearer_end(word: u32) -> (bool, u32) {
    if word < 1 << 31 { (false, word) } else { (true, !word) }
}

const EXP2_M32: f64 = 1.0 / 4_294_967_296.0;
/// Columns hold values up to this.
const LIMIT: f64 = (1 << 29) as f64;

/// To nearest, halves up; the values are far below 2^53.
#[inline]
fn round(x: f64) -> i64 {
    let x = x + 0.5;
    let whole = x as i64;
    whole - i64::from(whole as f64 > x)
}

/// The same for values up to [`LIMIT`].
#[inline(always)]
fn round_small(x: f64) -> i32 {
    whole_part(x + 0.5) as i32
}

/// The largest whole number that is not above `x`, for |x| < 2^51, without a branch: adding and taking away 3 x 2^51
/// leaves whole numbers, and what then stands in the low bits is the number itself.
#[inline(always)]
pub(crate) fn whole_part(x: f64) -> i64 {
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let nearest = (x + WHOLE) - WHOLE;
    let down = nearest - if nearest > x { 1.0 } else { 0.0 };
    (down + WHOLE).to_bits().wrapping_sub(WHOLE.to_bits()) as i64
}

fn on_points(points: &[(f64, f64)], p: f64) -> f64 {
    let after = points.partition_point(|&(share, _)| share < p).clamp(1, points.len() - 1);
    let ((p0, v0), (p1, v1)) = (points[after - 1], points[after]);
    if p1 > p0 { v0 + (v1 - v0) * ((p - p0) / (p1 - p0)) } else { v1 }
}

impl Table {
    /// `w` counts in units of 2^-32 from the nearer end, 2^16 <= w < 2^31.
    #[inline(always)]
    fn inside(&self, upper_half: bool, w: u32) -> f64 {
        let zeros = w.leading_zeros();
        let octave = 15 - zeros;
        let sub = (w >> (31 - zeros - SUB_BITS)) & ((1 << SUB_BITS) - 1);
        let cell = ((octave << SUB_BITS) | sub) as usize;
        // What is left of w below the sub-cell, plus half a unit: the place within the cell.
        let rest = w << (zeros + 1 + SUB_BITS);
        let place = (f64::from(rest) + f64::from(1_u32 << (zeros + SUB_BITS))) * EXP2_M32;
        let cell = cell | if upper_half { UPPER } else { 0 };
        let from = self.knots[cell & (2 * UPPER - 1)];
        let to = self.knots[(cell + 1) & (2 * UPPER - 1)];
        from + (to - from) * place
    }

    /// [`Table::inside`] for a column; words beyond it are not `plain`.
    #[inline(always)]
    fn column<const N: usize>(&self, words: &[u32; N], exact: &mut [f64; N], plain: &mut [bool; N]) {
        let (mut cells, mut ends, mut places) = ([0_u32; N], [0.0; N], [0.0; N]);
        for i in 0..N {
            let upper = if words[i] >> 31 != 0 { u32::MAX } else { 0 };
            plain[i] &= words[i].wrapping_add(1 << 16) >= 1 << 17;
            let w = (words[i] ^ upper).max(1 << 16);
            let zeros = w.leading_zeros();
            let sub = (w >> (25 - zeros)) & 63;
            cells[i] = ((15 - zeros) << SUB_BITS) | sub | (upper & UPPER as u32);
            let rest = w << (zeros + 1 + SUB_BITS);
            places[i] = (f64::from(rest) + f64::from(1_u32 << (zeros + SUB_BITS))) * EXP2_M32;
        }
        for i in 0..N {
            let cell = cells[i] as usize;
            exact[i] = self.knots[cell & (2 * UPPER - 1)];
            ends[i] = self.knots[(cell + 1) & (2 * UPPER - 1)];
        }
        for i in 0..N {
            exact[i] += (ends[i] - exact[i]) * places[i];
        }
    }

    #[cold]
    fn extreme(&self, upper_half: bool, w: u32, second: u32) -> f64 {
        let bits = u64::from(w) << 32 | u64::from(second);
        let p = (bits as f64 + 0.5) / 18_446_744_073_709_551_616.0;
        if upper_half { self.family.quantile(1.0 - p, p) } else { self.family.quantile(p, 1.0 - p) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_S;

    fn families() -> Vec<Family> {
        vec![
            Family::Exponential { mean: 1_800.0 },
            Family::Lognormal { median: 18.0 * 3_600.0, sigma: 0.8 },
            Family::Weibull { shape: 0.7, scale: 40_000.0 },
            Family::Gamma { shape: 2.0, mean: 7_200.0 },
            Family::Normal { mean: 7_200.0, sd: 900.0 },
            Family::Triangular { low: 600.0, mode: 1_200.0, high: 9_000.0 },
            Family::Residual { low: 63_360.0, high: 79_200.0 },
        ]
    }

    #[test]
    fn monotone_and_close_to_the_exact_function_everywhere() {
        for family in families() {
            let table = Quantile::family(family);
            let mut last = i64::MIN;
            for i in 0..1_u32 << 16 {
                let word = (i << 16) | 2048;
                let value = table.at(word, || 1 << 31);
                assert!(value >= last, "{family:?} falls at {word}");
                last = value;
                let p = (f64::from(word) + 0.5) * EXP2_M32;
                let exact = family.quantile(p, 1.0 - p);
                let error = (value as f64 - exact).abs();
                assert!(error <= 1.0 + exact * 1e-3, "{family:?} p={p}: {value} for {exact}");
            }
        }
    }

    #[test]
    fn the_table_meets_the_exact_tail_without_a_step() {
        let table = Quantile::family(Family::Exponential { mean: 1e9 });
        let inside = table.at((1 << 16) | 1, || 0) as f64;
        let outside = table.at((1 << 16) - 1, || u32::MAX) as f64;
        assert!((inside / outside - 1.0).abs() < 1e-3, "{inside} {outside}");
        // One draw in 2^48 reaches 33 means: tails exist.
        assert!(table.at(u32::MAX, || u32::MAX - 1) > 0);
        assert!(table.at(u32::MAX, || 0) as f64 / 1e9 > 21.0);
    }

    #[test]
    fn means_match_theory() {
        assert!((Quantile::family(Family::Exponential { mean: 1_800.0 }).mean() - 1_800.0).abs() < 1.0);
        assert!((Quantile::uniform(0.0, 7_200.0).mean() - 3_600.0).abs() < 1.0);
        let points = Quantile::points(vec![(0.0, 0.0), (0.5, 8.0 * 3600.0), (1.0, 24.0 * 3600.0)]);
        assert!((points.mean() - 10.0 * HOUR_S as f64).abs() < 1.0);
    }

    #[test]
    fn from_the_first_word_on_no_value_is_below() {
        for quantile in families().into_iter().map(Quantile::family) {
            for word in [0, 5, 1 << 15, 1 << 20, 1 << 31, u32::MAX - (1 << 20), u32::MAX - 5] {
                let least = quantile.at(word, || 0).max(quantile.at(word, || u32::MAX));
                let first = quantile.first_word(least);
                assert!(first <= u64::from(word) + 1, "{quantile:?} {word}: {first}");
                let lowest = |word: u32| quantile.at(word, || 0).min(quantile.at(word, || u32::MAX));
                assert!(first > u64::from(u32::MAX) || lowest(first as u32) >= least, "{quantile:?} {word}");
                assert!(first == 0 || lowest(first as u32 - 1) < least, "{quantile:?} {word}");
            }
        }
        assert_eq!(Quantile::uniform(0.0, 10.0).first_word(11), 1 << 32);
    }

    #[test]
    fn columns_say_what_single_draws_say() {
        let mut quantiles: Vec<Quantile> = families().into_iter().map(Quantile::family).collect();
        quantiles.push(Quantile::fixed(77));
        quantiles.push(Quantile::uniform(600.0, 2_400.0));
        quantiles.push(Quantile::points(vec![(0.0, 0.0), (0.5, 8.0), (1.0, 86_400.0)]));
        quantiles
            .push(Quantile::family(Family::Lognormal { median: 100.0, sigma: 3.0 }).clamped(50.0, 500.0));
        quantiles.push(Quantile::fixed(1 << 40));
        let ends = [0, 1, (1 << 16) - 1, 1 << 16, u32::MAX >> 1, 1 << 31, u32::MAX - (1 << 16), u32::MAX];
        for quantile in &quantiles {
            let mut told = 0;
            for round in 0..64_u32 {
                let mut words = [0_u32; 64];
                for (i, word) in words.iter_mut().enumerate() {
                    *word = (round * 64 + i as u32).wrapping_mul(2_654_435_761);
                }
                words[..8].copy_from_slice(&ends);
                let (mut values, mut plain) = ([0; 64], [true; 64]);
                quantile.column(&words, &mut values, &mut plain);
                let (mut wide, mut wide_plain) = ([0.0; 64], [true; 64]);
                quantile.column_wide(&words, &mut wide, &mut wide_plain);
                for i in (0..64).filter(|&i| wide_plain[i]) {
                    assert_eq!(wide[i] as i64, quantile.at(words[i], || unreachable!("no second word")));
                }
                for i in (0..64).filter(|&i| plain[i]) {
                    assert!(wide_plain[i]);
                    told += 1;
                    let one = quantile.at(words[i], || unreachable!("no second word was needed"));
                    assert_eq!(i64::from(values[i]), one, "{quantile:?} {}", words[i]);
                }
            }
            assert!(told > 3_500 || quantile.fixed_value() == Some(1 << 40), "{told}");
        }
    }

    #[test]
    fn bounds_hold() {
        let q = Quantile::family(Family::Lognormal { median: 100.0, sigma: 3.0 }).clamped(50.0, 500.0);
        for i in 0..10_000_u32 {
            let v = q.at(i.wrapping_mul(429_497), || i);
            assert!((50..=500).contains(&v));
        }
    }
}
