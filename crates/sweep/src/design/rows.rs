//! Rows of points for the shares of the axes in a variance: two points A and B, and for every axis the point A with the
//! coordinate of B on that axis.
//!
//! Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola, 'Variance based sensitivity analysis of model output',
//! Computer Physics Communications 181 (2010) 259-270. A and B are the two halves of one scrambled Sobol sequence of twice
//! as many dimensions, which is even at powers of two: Owen, 'On dropping the first Sobol' point' (2022).

use super::sobol::Sobol;

/// The most axes: there are numbers for twice as many dimensions.
pub const MOST_AXES: usize = Sobol::MOST_AXES / 2;

/// Points of a row for so many axes.
pub const fn width(axes: usize) -> usize {
    axes + 2
}

/// The points of so many rows on `axes` axes, row by row: A, B, then A with each coordinate of B in turn. `None` beyond
/// [`MOST_AXES`] axes.
pub fn rows(rows: u32, axes: usize, seed: u64) -> Option<impl Iterator<Item = Vec<f64>>> {
    let sequence = Sobol::scrambled(2 * axes, seed)?;
    Some((0..rows).flat_map(move |row| {
        let mut a = sequence.point(row);
        let b = a.split_off(axes);
        let mixed = (0..axes).map(|axis| {
            let mut mixed = a.clone();
            mixed[axis] = b[axis];
            mixed
        });
        let mixed: Vec<_> = mixed.collect();
        [a, b].into_iter().chain(mixed).collect::<Vec<_>>()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_two_points_and_what_lies_between_them() {
        let all: Vec<_> = rows(16, 3, 5).unwrap().collect();
        assert_eq!(all.len(), 16 * width(3));
        for row in all.chunks(width(3)) {
            let (a, b) = (&row[0], &row[1]);
            for (axis, mixed) in row[2..].iter().enumerate() {
                let mut expected = a.clone();
                expected[axis] = b[axis];
                assert_eq!(*mixed, expected);
            }
        }
        // Both halves fill each axis evenly by themselves.
        for which in 0..2 {
            for axis in 0..3 {
                let mut strata: Vec<_> =
                    all.chunks(width(3)).map(|row| (row[which][axis] * 16.0) as usize).collect();
                strata.sort_unstable();
                assert_eq!(strata, (0..16).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn there_are_numbers_for_half_as_many_axes() {
        assert!(rows(8, MOST_AXES, 1).is_some() && rows(8, MOST_AXES + 1, 1).is_none());
    }
}
