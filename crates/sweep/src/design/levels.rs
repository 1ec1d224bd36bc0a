//! Designs over levels: tuples of indices, one for each axis.

/// Every combination of levels, as in nested loops: the first axis changes slowest, the last fastest.
///
/// `levels` says how many levels each axis has. Without axes there is one combination, the empty one; an axis without
/// levels leaves none.
pub fn grid(levels: &[usize]) -> Grid {
    let next = levels.iter().all(|count| *count > 0).then(|| vec![0; levels.len()]);
    Grid { levels: levels.to_vec(), next }
}

/// How many combinations [`grid`] gives; `None` if the number does not fit into 64 bits.
pub fn grid_size(levels: &[usize]) -> Option<u64> {
    if levels.contains(&0) {
        return Some(0);
    }
    levels.iter().try_fold(1_u64, |size, count| size.checked_mul(u64::try_from(*count).ok()?))
}

/// The combinations of [`grid`], one after the other.
#[derive(Clone, Debug)]
pub struct Grid {
    levels: Vec<usize>,
    next: Option<Vec<usize>>,
}

impl Iterator for Grid {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let now = self.next.take()?;
        let mut next = now.clone();
        for (at, count) in next.iter_mut().zip(&self.levels).rev() {
            *at += 1;
            if *at < *count {
                self.next = Some(next);
                break;
            }
            *at = 0;
        }
        Some(now)
    }
}

/// One axis at a time: `base` first, then, axis by axis, the base with each other level of that axis in order.
///
/// `levels` says how many levels each axis has, `base` which of them each axis has otherwise; both are of one length.
/// So there are 1 + sum (levels - 1) tuples. Interactions of axes do not show in such a design.
pub fn one_at_a_time(levels: &[usize], base: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let others: Vec<(usize, usize)> = (levels.iter().zip(base).enumerate())
        .flat_map(|(axis, (count, base))| {
            (0..*count).filter(move |level| level != base).map(move |level| (axis, level))
        })
        .collect();
    let base = base.to_vec();
    let varied = {
        let base = base.clone();
        move |(axis, level): (usize, usize)| {
            let mut tuple = base.clone();
            tuple[axis] = level;
            tuple
        }
    };
    std::iter::once(base).chain(others.into_iter().map(varied))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_axis_is_slowest() {
        let found: Vec<_> = grid(&[2, 3]).collect();
        let expected = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]].map(Vec::from);
        assert_eq!(found, expected);
    }

    #[test]
    fn grids_of_nothing() {
        assert_eq!(grid(&[]).collect::<Vec<_>>(), [Vec::<usize>::new()]);
        assert_eq!((grid(&[3, 0, 2]).count(), grid_size(&[3, 0, 2])), (0, Some(0)));
        assert_eq!(grid_size(&[]), Some(1));
    }

    #[test]
    fn a_size_beyond_all_bounds_is_said_without_counting() {
        assert_eq!(grid_size(&[usize::MAX, usize::MAX]), None);
        assert_eq!(grid_size(&[usize::MAX, usize::MAX, 0]), Some(0));
    }

    #[test]
    fn one_axis_at_a_time_begins_with_the_base() {
        let found: Vec<_> = one_at_a_time(&[3, 1, 2], &[1, 0, 0]).collect();
        assert_eq!(found, [[1, 0, 0], [0, 0, 0], [2, 0, 0], [1, 0, 1]].map(Vec::from));
    }

    proptest! {
        #[test]
        fn a_grid_has_every_combination_once_in_order(levels in prop::collection::vec(0_usize..5, 0..5)) {
            let found: Vec<_> = grid(&levels).collect();
            prop_assert_eq!(Some(found.len() as u64), grid_size(&levels));
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(found.iter().all(|tuple| tuple.iter().zip(&levels).all(|(at, count)| at < count)));
        }

        #[test]
        fn a_varied_tuple_differs_from_the_base_on_one_axis(
            axes in prop::collection::vec((1_usize..6).prop_flat_map(|count| (Just(count), 0..count)), 0..6),
        ) {
            let (levels, base): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
            let found: Vec<_> = one_at_a_time(&levels, &base).collect();
            prop_assert_eq!(&found[0], &base);
            prop_assert_eq!(found.len(), 1 + levels.iter().map(|count| count - 1).sum::<usize>());
            for tuple in &found[1..] {
                prop_assert_eq!(tuple.iter().zip(&base).filter(|(a, b)| a != b).count(), 1);
            }
            let mut distinct = found.clone();
            distinct.sort();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), found.len());
        }
    }
}
