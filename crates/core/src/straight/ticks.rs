//! Division by the length of a tick without a division.

/// Divides times by a fixed length, exactly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticks {
    multiplier: u64,
    shift: u32,
}

impl Ticks {
    /// For ticks of `length` seconds, 1 <= `length` < 2^31.
    ///
    /// With l = ceil(log2 length) and m = floor(2^(31 + l) / length) + 1, floor(t m / 2^(31 + l)) is the quotient for
    /// every t below 2^31 (Granlund and Montgomery, 'Division by invariant integers using multiplication', 1994).
    pub(super) fn new(length: i64) -> Self {
        let length = length as u64;
        let bits = u64::BITS - (length - 1).leading_zeros();
        let shift = 31 + bits;
        Self { multiplier: ((1_u128 << shift) / u128::from(length)) as u64 + 1, shift }
    }

    /// The tick that holds the second `t`, 0 <= `t` < 2^31.
    #[inline(always)]
    pub(super) fn of(self, t: i32) -> u32 {
        ((u64::from(t as u32) * self.multiplier) >> self.shift) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_of_ticks() {
        for length in [1, 2, 3, 7, 60, 900, 3_600, 86_399, 86_400, (1 << 30) + 1, (1 << 31) - 1] {
            let ticks = Ticks::new(length);
            for k in [0, 1, 2, 3, 959, 960, (1_i64 << 31) / length] {
                for t in [k * length - 1, k * length, k * length + 1, (1 << 31) - 1] {
                    if (0..1 << 31).contains(&t) {
                        assert_eq!(i64::from(ticks.of(t as i32)), t / length, "{t} / {length}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_division(length in 1_i64..1 << 31, t in 0_i32..i32::MAX) {
            prop_assert_eq!(i64::from(Ticks::new(length).of(t)), i64::from(t) / length);
        }
    }
}
