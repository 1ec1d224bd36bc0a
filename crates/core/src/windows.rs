//! Recurring local hours as sorted spans of seconds.
//!
//! The loader resolves zones, daylight saving, weekdays and holidays; what arrives here is a list of
//! half-open spans `[from, to)`, so the engine never sees a calendar.

use crate::time::{DAY_S, SimTime};

/// A half-open stretch of time `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First second inside.
    pub from: SimTime,
    /// First second after it.
    pub to: SimTime,
}

impl Span {
    /// True if `t` lies inside.
    pub fn contains(&self, t: SimTime) -> bool {
        self.from <= t && t < self.to
    }
}

/// Sorts spans and joins those that overlap or touch.
pub(crate) fn join(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.from, span.to));
    spans.dedup_by(|next, last| {
        let joins = next.from <= last.to;
        if joins {
            last.to = last.to.max(next.to);
        }
        joins
    });
}

/// Sorted, disjoint spans with an index by day, so that a look-up costs a step or two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    spans: Box<[Span]>,
    /// For each day from the first one on: the first span that ends after the day begins.
    by_day: Box<[u32]>,
    /// When that day begins.
    begins: SimTime,
}

impl Windows {
    /// Spans in any order; empty ones are dropped, overlapping and touching ones are joined.
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.retain(|s| s.from < s.to);
        join(&mut spans);
        let joined = spans;
        let (Some(first), Some(last)) = (joined.first(), joined.last()) else { return Self::default() };
        let first_day = first.from.0.div_euclid(DAY_S);
        let days = last.to.0.div_euclid(DAY_S) - first_day + 1;
        let mut by_day = Vec::with_capacity(days as usize);
        let mut next = 0;
        for day in first_day..first_day + days {
            while next < joined.len() && joined[next].to.0 <= day * DAY_S {
                next += 1;
            }
            by_day.push(next as u32);
        }
        Self { spans: joined.into(), by_day: by_day.into(), begins: SimTime(first_day * DAY_S) }
    }

    /// The span that contains `t`, or else the next one after it.
    #[inline]
    pub fn next(&self, t: SimTime) -> Option<Span> {
        self.around(t).map(|(_, span)| span)
    }

    /// The same, with the end of the span before it.
    #[inline]
    pub(crate) fn around(&self, t: SimTime) -> Option<(SimTime, Span)> {
        let day = (t - self.begins).max(0) as u64 / DAY_S as u64;
        let first = *self.by_day.get(day as usize)? as usize;
        let i = first + self.spans[first..].iter().position(|span| span.to > t)?;
        let before = i.checked_sub(1).map_or(SimTime::ALWAYS, |before| self.spans[before].to);
        Some((before, self.spans[i]))
    }

    /// The first instant at or after `t` that lies in a span.
    #[inline]
    pub fn opens(&self, t: SimTime) -> Option<SimTime> {
        self.next(t).map(|span| span.from.max(t))
    }

    /// True if `t` lies in a span.
    #[inline]
    pub fn contains(&self, t: SimTime) -> bool {
        self.next(t).is_some_and(|s| s.from <= t)
    }

    /// The spans, in order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(from: i64, to: i64) -> Span {
        Span { from: SimTime(from), to: SimTime(to) }
    }

    proptest! {
        /// The index answers as a plain walk over the spans would.
        #[test]
        fn next_is_the_first_span_that_ends_later(
            pairs in prop::collection::vec((-400_000_i64..400_000, 0_i64..90_000), 0..20),
            t in -500_000_i64..500_000,
        ) {
            let windows = Windows::new(pairs.iter().map(|&(from, len)| span(from, from + len)).collect());
            let inside = pairs.iter().any(|&(from, len)| from <= t && t < from + len);
            prop_assert_eq!(windows.contains(SimTime(t)), inside);
            let plain = windows.spans().iter().find(|s| s.to > SimTime(t)).copied();
            prop_assert_eq!(windows.next(SimTime(t)), plain);
            prop_assert!(windows.spans().windows(2).all(|w| w[0].to < w[1].from));
        }
    }
}
