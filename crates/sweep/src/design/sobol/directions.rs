//! Direction numbers of the Sobol sequence.

/// Axes 2 to 40: degree of the primitive polynomial, its inner coefficients as a number in base 2, and the initial
/// direction numbers m. They are lines 2 to 40 of new-joe-kuo-6.21201 (Joe and Kuo, SIAM J. Sci. Comput. 30 (2008)
/// 2635-2654).
pub(super) const JOE_KUO: [(usize, u32, &[u32]); 39] = [
    (1, 0, &[1]),
    (2, 1, &[1, 3]),
    (3, 1, &[1, 3, 1]),
    (3, 2, &[1, 1, 1]),
    (4, 1, &[1, 1, 3, 3]),
    (4, 4, &[1, 3, 5, 13]),
    (5, 2, &[1, 1, 5, 5, 17]),
    (5, 4, &[1, 1, 5, 5, 5]),
    (5, 7, &[1, 1, 7, 11, 19]),
    (5, 11, &[1, 1, 5, 1, 1]),
    (5, 13, &[1, 1, 1, 3, 11]),
    (5, 14, &[1, 3, 5, 5, 31]),
    (6, 1, &[1, 3, 3, 9, 7, 49]),
    (6, 13, &[1, 1, 1, 15, 21, 21]),
    (6, 16, &[1, 3, 1, 13, 27, 49]),
    (6, 19, &[1, 1, 1, 15, 7, 5]),
    (6, 22, &[1, 3, 1, 15, 13, 25]),
    (6, 25, &[1, 1, 5, 5, 19, 61]),
    (7, 1, &[1, 3, 7, 11, 23, 15, 103]),
    (7, 4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, 7, &[1, 1, 3, 13, 7, 35, 63]),
    (7, 8, &[1, 3, 5, 9, 1, 25, 53]),
    (7, 14, &[1, 3, 1, 13, 9, 35, 107]),
    (7, 19, &[1, 3, 1, 5, 27, 61, 31]),
    (7, 21, &[1, 1, 5, 11, 19, 41, 61]),
    (7, 28, &[1, 3, 5, 3, 3, 13, 69]),
    (7, 31, &[1, 1, 7, 13, 1, 19, 1]),
    (7, 32, &[1, 3, 7, 5, 13, 19, 59]),
    (7, 37, &[1, 1, 3, 9, 25, 29, 41]),
    (7, 41, &[1, 3, 5, 13, 23, 1, 55]),
    (7, 42, &[1, 3, 7, 3, 13, 59, 17]),
    (7, 50, &[1, 3, 1, 3, 5, 53, 69]),
    (7, 55, &[1, 1, 5, 5, 23, 33, 13]),
    (7, 56, &[1, 1, 7, 7, 1, 61, 123]),
    (7, 59, &[1, 1, 7, 9, 13, 61, 49]),
    (7, 62, &[1, 3, 3, 5, 3, 55, 33]),
    (8, 14, &[1, 3, 1, 15, 31, 13, 49, 245]),
    (8, 21, &[1, 3, 5, 15, 31, 59, 63, 97]),
    (8, 22, &[1, 3, 1, 11, 11, 11, 77, 249]),
];

#[cfg(test)]
mod tests {
    use super::JOE_KUO;

    #[test]
    fn initial_numbers_are_odd_and_fit_their_digit() {
        for (degree, coefficients, initial) in JOE_KUO {
            assert_eq!(initial.len(), degree);
            assert!(coefficients < 1 << (degree - 1));
            assert!((0..).zip(initial).all(|(digit, m)| m % 2 == 1 && *m < 2 << digit));
        }
    }

    #[test]
    fn polynomials_are_primitive_and_different() {
        let mut seen = Vec::new();
        for (degree, coefficients, _) in JOE_KUO {
            let polynomial = 1 << degree | coefficients << 1 | 1;
            // Powers of x modulo the polynomial come back to 1 after 2^degree - 1 steps and not before.
            let mut power = 1_u32;
            let order = 1
                + (1..)
                    .take_while(|_| {
                        power <<= 1;
                        if power >> degree & 1 == 1 {
                            power ^= polynomial;
                        }
                        power != 1
                    })
                    .count();
            assert_eq!(order, (1 << degree) - 1, "{polynomial:b}");
            seen.push(polynomial);
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), JOE_KUO.len());
    }
}
