//! The loops that batches are worked out with in many places: compiled once for each width of vectors, and called.

use crate::{
    draws::{Luck, Many, Purpose},
    quantile::Quantile,
};
use pulp::{Simd, WithSimd};

/// True if any is marked: without an early end, which would keep the loop from being one of vectors.
#[inline(always)]
pub(super) fn any<const N: usize>(marks: &[bool; N]) -> bool {
    let mut any = false;
    for i in 0..N {
        any |= marks[i];
    }
    any
}

/// True if all are marked.
#[inline(always)]
pub(super) fn all<const N: usize>(marks: &[bool; N]) -> bool {
    let mut all = true;
    for i in 0..N {
        all &= marks[i];
    }
    all
}

/// Draws four columns of words for (each key, purpose, n).
#[inline(always)]
pub(super) fn draw<S: Simd, const N: usize>(
    simd: S,
    luck: &Luck,
    keys: &[[u32; N]; 2],
    purpose: Purpose,
    n: u32,
    words: &mut [[u32; N]; 4],
) {
    simd.vectorize(Many { luck, entities: keys, purpose, n, words });
}

/// The same with a number for each key.
#[inline(always)]
pub(super) fn draw_each<S: Simd, const N: usize>(
    simd: S,
    luck: &Luck,
    keys: &[[u32; N]; 2],
    purpose: Purpose,
    numbers: &[u32; N],
    words: &mut [[u32; N]; 4],
) {
    simd.vectorize(DrawEach { luck, keys, purpose, numbers, words });
}

/// The values of `quantile` for a column of words; see [`Quantile::column`].
#[inline(always)]
pub(super) fn sample<S: Simd, const N: usize>(
    simd: S,
    quantile: &Quantile,
    words: &[u32; N],
    values: &mut [i32; N],
    plain: &mut [bool; N],
) {
    simd.vectorize(Sample { quantile, words, values, plain });
}

/// The same for values that need not be small; see [`Quantile::column_wide`].
#[inline(always)]
pub(super) fn sample_wide<S: Simd, const N: usize>(
    simd: S,
    quantile: &Quantile,
    words: &[u32; N],
    values: &mut [f64; N],
    plain: &mut [bool; N],
) {
    simd.vectorize(SampleWide { quantile, words, values, plain });
}

struct DrawEach<'a, const N: usize> {
    luck: &'a Luck,
    keys: &'a [[u32; N]; 2],
    purpose: Purpose,
    numbers: &'a [u32; N],
    words: &'a mut [[u32; N]; 4],
}

impl<const N: usize> WithSimd for DrawEach<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.luck.columns(self.keys, self.purpose, |i| self.numbers[i], self.words);
    }
}

struct Sample<'a, const N: usize> {
    quantile: &'a Quantile,
    words: &'a [u32; N],
    values: &'a mut [i32; N],
    plain: &'a mut [bool; N],
}

impl<const N: usize> WithSimd for Sample<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.quantile.column(self.words, self.values, self.plain);
    }
}

struct SampleWide<'a, const N: usize> {
    quantile: &'a Quantile,
    words: &'a [u32; N],
    values: &'a mut [f64; N],
    plain: &'a mut [bool; N],
}

impl<const N: usize> WithSimd for SampleWide<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.quantile.column_wide(self.words, self.values, self.plain);
    }
}
