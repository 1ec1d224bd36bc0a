//! What was measured, arranged for statistics: values by member and replication, and pairs of them.

use crate::layout::Layout;
use crate::rows::{Played, Results};

/// What belongs to one member of the release bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Stratum<T> {
    /// The member's share of all releases.
    pub weight: f64,
    /// One value for each run, in the order of replications.
    pub values: Vec<T>,
}

impl<T> Stratum<T> {
    /// The same stratum with other values; `None` if one of them is.
    fn try_map<U>(&self, f: impl FnMut(&T) -> Option<U>) -> Option<Stratum<U>> {
        let values = self.values.iter().map(f).collect::<Option<_>>()?;
        Some(Stratum { weight: self.weight, values })
    }

    /// The same stratum with other values.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> Stratum<U> {
        Stratum { weight: self.weight, values: self.values.iter().map(f).collect() }
    }
}

/// Values of one column at one point.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// By member: replication and value, in the order of replications. `None` is 'never' if the column has a limit and
    /// 'undefined' if it has none.
    pub strata: Vec<Stratum<(u32, Option<f64>)>>,
    /// What stands for 'never'.
    pub limit: Option<f64>,
    /// Runs that the plan has and that gave no row: not played yet, or a fault of the program.
    pub missing: u32,
    /// Runs that ended at their limit of decisions. Their values count as they are.
    pub ended_early: u32,
    /// How many runs in a row share one draw of the uncertain settings: they are not independent, and count as one.
    pub together: u32,
    /// True if every run of the column says yes (1) or no (0): a goal, or whether a stop came before an offer.
    pub indicator: bool,
    /// Addresses resamples.
    pub seed: u64,
}

/// Numbers in place of values: 'never' is replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers<T> {
    /// By member, one number (or pair) for each run.
    pub strata: Vec<Stratum<T>>,
    /// True if there was a 'never', for which the limit of the column stands.
    pub restricted: bool,
}

impl Sample {
    /// Values of `column` at `point`. Members of no weight are left out. What is not a finite number is `None`.
    pub fn of(layout: &Layout, results: &Results, point: usize, column: usize) -> Self {
        let mut strata: Vec<_> =
            layout.members.iter().map(|of| Stratum { weight: of.weight, values: Vec::new() }).collect();
        let (mut missing, mut ended_early) = (0, 0);
        let cells = layout.cells() / (layout.points.len() as u64).max(1);
        for number in point as u64 * cells..(point as u64 + 1) * cells {
            let cell = layout.cell(number);
            if layout.members[cell.member].weight <= 0.0 {
                continue;
            }
            if cell.first >= results.end(point) {
                continue;
            }
            let Some(Played::Rows(rows)) = results.cell(number) else {
                missing += cell.runs;
                continue;
            };
            missing += cell.runs.saturating_sub(rows.len() as u32);
            for (replication, row) in (cell.first..).zip(rows) {
                let value = row.values.get(column).copied().flatten().filter(|value| value.is_finite());
                strata[cell.member].values.push((replication, value));
                ended_early += u32::from(row.ended_early);
            }
        }
        strata.retain(|stratum| stratum.weight > 0.0);
        let of = &layout.columns[column];
        let (together, seed) = (layout.together.max(1), layout.seed);
        let indicator = of.name.starts_with("goal: ") || of.name.starts_with("stop.before-offer");
        Sample { strata, limit: of.limit, missing, ended_early, together, indicator, seed }
    }

    /// How many runs there are.
    pub fn runs(&self) -> u32 {
        self.strata.iter().map(|stratum| stratum.values.len() as u32).sum()
    }

    /// True if every member was played at least once: without that nothing can be said of a release from the bank.
    pub fn has_every_member(&self) -> bool {
        !self.strata.is_empty() && self.strata.iter().all(|stratum| !stratum.values.is_empty())
    }

    /// The values as numbers. If one is 'never', each counts as at most the limit, and 'never' as the limit (restricted
    /// mean). `None` if a member was not played or if a value is undefined.
    pub fn numbers(&self) -> Option<Numbers<f64>> {
        let restricted =
            self.strata.iter().flat_map(|stratum| &stratum.values).any(|(_, value)| value.is_none());
        let number = |(_, value): &(u32, Option<f64>)| replaced(*value, restricted, self.limit);
        let strata = self.strata.iter().map(|stratum| stratum.try_map(number)).collect::<Option<_>>()?;
        self.has_every_member().then_some(Numbers { strata, restricted })
    }

    /// Whether each run has a value.
    pub fn reached(&self) -> Vec<Stratum<bool>> {
        self.strata.iter().map(|stratum| stratum.map(|(_, value)| value.is_some())).collect()
    }

    /// Whether each run says yes, if that is what the column is about, and runs are independent.
    pub fn yes_or_no(&self) -> Option<Vec<Stratum<bool>>> {
        let answer =
            |(_, value): &(u32, Option<f64>)| value.filter(|v| *v == 0.0 || *v == 1.0).map(|v| v == 1.0);
        let strata = || self.strata.iter().map(|stratum| stratum.try_map(answer)).collect();
        (self.indicator && self.together == 1).then(strata)?
    }

    /// The draw of the uncertain settings that each run belongs to, by member.
    pub fn draws(&self) -> Vec<Vec<u32>> {
        let draw = |(replication, _): &(u32, Option<f64>)| replication / self.together;
        self.strata.iter().map(|stratum| stratum.values.iter().map(draw).collect()).collect()
    }

    /// What is independent: the numbers of single runs, or, where several share a draw of the uncertain settings, the
    /// means of draws. `None` as for [`Sample::numbers`].
    pub fn independent(&self) -> Option<Numbers<f64>> {
        let Numbers { strata, restricted } = self.numbers()?;
        Some(Numbers { strata: gathered(strata, &self.draws()), restricted })
    }
}

/// Means over the runs of each draw (runs that follow one another with the same number in `draws`).
pub(super) fn gathered(strata: Vec<Stratum<f64>>, draws: &[Vec<u32>]) -> Vec<Stratum<f64>> {
    let gather = |(stratum, draws): (Stratum<f64>, &Vec<u32>)| {
        let mut values = Vec::with_capacity(stratum.values.len());
        let mut rest = stratum.values.as_slice();
        for draw in draws.chunk_by(|a, b| a == b) {
            let (these, others) = rest.split_at(draw.len());
            values.push(these.iter().sum::<f64>() / these.len() as f64);
            rest = others;
        }
        Stratum { weight: stratum.weight, values }
    };
    strata.into_iter().zip(draws).map(gather).collect()
}

/// Values of one column at two points, run by run.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// By member: what the two points gave in one replication.
    pub strata: Vec<Stratum<(Option<f64>, Option<f64>)>>,
    /// What stands for 'never'.
    pub limit: Option<f64>,
    /// By member: the draw of the uncertain settings that each pair belongs to.
    pub draws: Vec<Vec<u32>>,
    /// True if every run on both sides says yes (1) or no (0), and runs are independent.
    pub yes_or_no: bool,
    /// Addresses resamples.
    pub seed: u64,
}

impl Pairs {
    /// The replications that both samples have; both are of one layout and column.
    pub fn of(sample: &Sample, against: &Sample) -> Self {
        let (mut strata, mut draws) = (Vec::new(), Vec::new());
        for (left, right) in sample.strata.iter().zip(&against.strata) {
            let mut others = right.values.iter().peekable();
            let partner = |(replication, value): &(u32, Option<f64>)| {
                while others.next_if(|other| other.0 < *replication).is_some() {}
                let other = others.next_if(|other| other.0 == *replication)?;
                Some(((*value, other.1), replication / sample.together))
            };
            let (values, of) = left.values.iter().filter_map(partner).unzip();
            strata.push(Stratum { weight: left.weight, values });
            draws.push(of);
        }
        let yes_or_no = sample.yes_or_no().is_some() && against.yes_or_no().is_some();
        Pairs { strata, limit: sample.limit, draws, yes_or_no, seed: sample.seed }
    }

    /// The pairs as numbers. If a value on either side is 'never', both sides are restricted at the same limit. `None`
    /// if a member has no pairs or if a value is undefined.
    pub fn numbers(&self) -> Option<Numbers<(f64, f64)>> {
        if self.strata.is_empty() || self.strata.iter().any(|stratum| stratum.values.is_empty()) {
            return None;
        }
        let pairs = self.strata.iter().flat_map(|stratum| &stratum.values);
        let restricted = pairs.into_iter().any(|(a, b)| a.is_none() || b.is_none());
        let number = |value: Option<f64>| replaced(value, restricted, self.limit);
        let both = |(a, b): &(Option<f64>, Option<f64>)| number(*a).zip(number(*b));
        let strata = self.strata.iter().map(|stratum| stratum.try_map(both)).collect::<Option<_>>()?;
        Some(Numbers { strata, restricted })
    }

    /// Whether each run has a value, as 1 and 0; `None` if a member has no pairs.
    pub fn reached(&self) -> Option<Vec<Stratum<(f64, f64)>>> {
        let flag = |value: &Option<f64>| f64::from(u8::from(value.is_some()));
        let whole = !self.strata.is_empty() && self.strata.iter().all(|stratum| !stratum.values.is_empty());
        whole.then(|| self.strata.iter().map(|stratum| stratum.map(|(a, b)| (flag(a), flag(b)))).collect())
    }
}

/// A value as a number, with `limit` for 'never' where the whole sample is restricted.
fn replaced(value: Option<f64>, restricted: bool, limit: Option<f64>) -> Option<f64> {
    if restricted { limit.map(|limit| value.map_or(limit, |value| value.min(limit))) } else { value }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::layout::{Column, Member, Point};
    use crate::rows::Row;

    /// A sample of members with (weight, values), replications from 0.
    pub(crate) fn sample(limit: Option<f64>, members: &[(f64, &[Option<f64>])]) -> Sample {
        let strata = members
            .iter()
            .map(|(weight, values)| Stratum {
                weight: *weight,
                values: (0..).zip(values.iter().copied()).collect(),
            })
            .collect();
        Sample { strata, limit, missing: 0, ended_early: 0, together: 1, indicator: false, seed: 7 }
    }

    /// A layout of unnamed points and columns (lower is better, limit 100).
    pub(crate) fn layout(points: usize, columns: usize, members: &[(f64, u32)]) -> Layout {
        let point = Point { strategy: String::new(), values: vec![], replay: vec![] };
        let column =
            Column { name: String::new(), unit: "hours".into(), lower_is_better: true, limit: Some(100.0) };
        Layout {
            version: String::new(),
            digest: String::new(),
            seed: 7,
            together: 1,
            axes: vec![],
            design: None,
            columns: vec![column; columns],
            points: vec![point; points],
            members: members
                .iter()
                .map(|(weight, runs)| Member { name: String::new(), weight: *weight, runs: *runs })
                .collect(),
        }
    }

    /// Every cell filled with what (point, member, replication, column) gives.
    pub(crate) fn fill(layout: &Layout, value: impl Fn(usize, usize, u32, usize) -> Option<f64>) -> Results {
        let mut results = Results::new(layout);
        for number in 0..layout.cells() {
            let cell = layout.cell(number);
            let row = |run| Row {
                values: (0..layout.columns.len()).map(|c| value(cell.point, cell.member, run, c)).collect(),
                ended_early: false,
            };
            results.put(number, Played::Rows((cell.first..cell.first + cell.runs).map(row).collect()));
        }
        results
    }

    #[test]
    fn rows_come_by_member_and_replication() {
        let layout = layout(2, 2, &[(0.7, 30), (0.3, 2), (0.0, 5)]);
        let at =
            |point, member, run, column| (point * 1_000 + member * 100 + column * 50) as f64 + f64::from(run);
        let found = Sample::of(&layout, &fill(&layout, |p, m, r, c| Some(at(p, m, r, c))), 1, 1);
        assert_eq!((found.runs(), found.missing, found.limit), (32, 0, Some(100.0)));
        assert_eq!(found.strata.iter().map(|s| s.weight).collect::<Vec<_>>(), [0.7, 0.3]);
        assert_eq!(found.strata[0].values[29], (29, Some(1_079.0)));
        assert_eq!(found.strata[1].values, [(0, Some(1_150.0)), (1, Some(1_151.0))]);
    }

    #[test]
    fn what_was_not_played_is_missing_and_pairs_are_those_of_both() {
        let layout = layout(2, 1, &[(1.0, 60)]);
        let mut results = Results::new(&layout);
        let rows = |first: u32, runs| {
            let row = |run| Row { values: vec![Some(f64::from(run))], ended_early: run == 0 };
            Played::Rows((first..first + runs).map(row).collect())
        };
        results.put(0, rows(0, 25));
        results.put(2, rows(50, 10));
        results.put(3, Played::Panicked { message: String::new(), replay: String::new() });
        results.put(4, rows(25, 25));
        results.put(5, rows(50, 10));
        let [first, second] = [0, 1].map(|point| Sample::of(&layout, &results, point, 0));
        assert_eq!((first.runs(), first.missing, first.ended_early), (35, 25, 1));
        assert_eq!((second.runs(), second.missing, second.ended_early), (35, 25, 0));
        let pairs = Pairs::of(&second, &first);
        assert_eq!(pairs.strata[0].values.len(), 10);
        assert!(pairs.strata[0].values.iter().all(|(a, b)| a == b));
    }

    #[test]
    fn never_restricts_everything_at_one_limit() {
        let found = sample(Some(40.0), &[(1.0, &[Some(10.0), None, Some(50.0)])]).numbers().unwrap();
        assert_eq!((found.strata[0].values.as_slice(), found.restricted), (&[10.0, 40.0, 40.0][..], true));
        let found = sample(Some(40.0), &[(1.0, &[Some(10.0), Some(50.0)])]).numbers().unwrap();
        assert_eq!((found.strata[0].values.as_slice(), found.restricted), (&[10.0, 50.0][..], false));
        // Undefined is not 'never', and a member that was not played is not nothing.
        assert_eq!(sample(None, &[(1.0, &[Some(10.0), None])]).numbers(), None);
        assert_eq!(sample(None, &[(0.5, &[Some(10.0)]), (0.5, &[])]).numbers(), None);
        assert_eq!(sample(None, &[]).numbers(), None);
    }

    #[test]
    fn never_on_one_side_restricts_both_sides() {
        let a = sample(Some(40.0), &[(1.0, &[Some(10.0), Some(50.0)])]);
        let b = sample(Some(40.0), &[(1.0, &[None, Some(20.0)])]);
        let found = Pairs::of(&a, &b).numbers().unwrap();
        assert_eq!(
            (found.strata[0].values.as_slice(), found.restricted),
            (&[(10.0, 40.0), (40.0, 20.0)][..], true)
        );
        assert_eq!(Pairs::of(&a, &b).reached().unwrap()[0].values, [(1.0, 0.0), (1.0, 1.0)]);
    }
}
