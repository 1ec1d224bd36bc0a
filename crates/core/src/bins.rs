//! The exact bounds between ranks, by streaming selection: a histogram of the upper bits of the ranks names the bin of
//! each bound, and one more pass (unless the fleet is small) collects the ranks in that bin.

use crate::{
    draws::{Luck, Purpose},
    membership::{Bound, place},
    parallel::{World, fold_ranges},
    plan::{Plan, RingId, RingOrder},
    roll::{Columns, Keys, Roll, Run, Rung, Seat, TOGETHER, put, word},
};

/// Stands for the ring that candidates are called for, while nobody knows how far it reaches.
pub(crate) const CANDIDATE: RingId = RingId(u16::MAX);

const BIN_BITS: u32 = 14;
const SHIFT: u32 = 64 - BIN_BITS;

/// So many ranks are kept at the most; they take two MiB.
const FEW: usize = 1 << 17;

/// Candidates by the upper bits of their rank.
pub(crate) struct Bins {
    counts: Vec<u64>,
    pub candidates: u64,
    pub registered: u64,
    /// All candidates, where there are not many: nobody has to be looked at twice.
    ranks: Option<Vec<(u64, u64)>>,
}

impl Bins {
    /// Of a fleet in which everybody is a candidate; the ranks are of no interest.
    pub(crate) fn everybody(plan: &Plan) -> Self {
        Bins { counts: Vec::new(), candidates: plan.devices(), registered: plan.devices(), ranks: None }
    }
}

/// Those who may get into a ring.
pub(crate) struct Candidates<'a> {
    world: World<'a>,
    rungs: Vec<Rung<'a>>,
}

impl<'a> Candidates<'a> {
    /// Those for whom the first of `rungs` that is open leads to [`CANDIDATE`].
    pub(crate) fn new(world: World<'a>, rungs: Vec<Rung<'a>>) -> Self {
        Self { world, rungs }
    }

    /// The first pass.
    pub(crate) fn count(&self) -> Bins {
        let World { plan, luck, .. } = self.world;
        let roll = Roll::new(plan, luck, &self.rungs, |seat| seat != Seat::Unregistered);
        let put_in = |counts: &mut [u64], kept: &mut Option<Vec<(u64, u64)>>, rank: (u64, u64)| {
            counts[(rank.0 >> SHIFT) as usize] += 1;
            match kept {
                Some(ranks) if ranks.len() < FEW => ranks.push(rank),
                _ => *kept = None,
            }
        };
        let (counts, registered, ranks, _) = fold_ranges(
            self.world,
            || (vec![0_u64; 1 << BIN_BITS], 0, Some(Vec::new()), Ranks::new(plan, luck)),
            |(counts, registered, kept, ranks), range| {
                roll.call(range, |run| {
                    *registered += if run.seat == Seat::Unregistered { 0 } else { run.count };
                    if run.seat == Seat::In(CANDIDATE) {
                        ranks.take(run, |rank| put_in(counts, kept, rank));
                    }
                });
            },
            |(counts, _, kept, ranks)| ranks.finish(|rank| put_in(counts, kept, rank)),
            |a, b| {
                a.0.iter_mut().zip(b.0).for_each(|(a, b)| *a += b);
                a.1 += b.1;
                match (&mut a.2, b.2) {
                    (Some(kept), Some(more)) if kept.len() + more.len() <= FEW => kept.extend(more),
                    (kept, _) => *kept = None,
                }
            },
        );
        Bins { candidates: counts.iter().sum(), counts, registered, ranks }
    }

    /// The bounds below which the `ends[i]` lowest-ranked candidates lie: the second pass collects the ranks
    /// of the bins that are cut.
    pub(crate) fn bounds(&self, bins: &Bins, ends: &[u64]) -> Vec<Bound> {
        // (bin, how many of its lowest are inside) for each end that cuts the candidates.
        let cuts: Vec<Option<(u64, u64)>> = ends
            .iter()
            .map(|&end| {
                let mut left = end;
                if end >= bins.candidates {
                    return None;
                }
                let bin = bins.counts.iter().position(|&n| {
                    let here = left < n;
                    left -= if here { 0 } else { n };
                    here
                });
                bin.map(|bin| (bin as u64, left))
            })
            .collect();
        let mut wanted: Vec<u64> = cuts.iter().flatten().map(|&(bin, _)| bin).collect();
        wanted.dedup();
        if wanted.is_empty() {
            return vec![None; ends.len()];
        }
        let is_wanted = |r: &(u64, u64)| wanted.contains(&(r.0 >> SHIFT));
        let kept = bins.ranks.as_ref().map(|ranks| ranks.iter().copied().filter(is_wanted).collect());
        let mut ranks: Vec<(u64, u64)> = kept.unwrap_or_else(|| self.collect(is_wanted));
        if self.world.watch.stopped() {
            // A pass that was stopped saw only part of the fleet; nobody will look at these bounds.
            return vec![None; ends.len()];
        }
        ranks.sort_unstable();
        cuts.iter()
            .map(|cut| {
                cut.map(|(bin, inside)| {
                    let first = ranks.partition_point(|r| r.0 >> SHIFT < bin);
                    ranks[first + inside as usize]
                })
            })
            .collect()
    }

    /// The second pass: the ranks that are wanted.
    fn collect(&self, is_wanted: impl Fn(&(u64, u64)) -> bool + Sync) -> Vec<(u64, u64)> {
        let World { plan, luck, .. } = self.world;
        let roll = Roll::new(plan, luck, &self.rungs, |seat| seat == Seat::In(CANDIDATE));
        let (found, _) = fold_ranges(
            self.world,
            || (Vec::new(), Ranks::new(plan, luck)),
            |(found, ranks), range| {
                roll.call(range, |run| {
                    if run.seat == Seat::In(CANDIDATE) {
                        ranks.take(run, |rank| found.extend(Some(rank).filter(&is_wanted)));
                    }
                });
            },
            |(found, ranks)| ranks.finish(|rank| found.extend(Some(rank).filter(&is_wanted))),
            |(a, _), (mut b, _)| a.append(&mut b),
        );
        found
    }
}

/// The ranks of devices and their keys, which order devices for ring assignment; drawn for many at once.
struct Ranks<'a> {
    plan: &'a Plan,
    luck: &'a Luck,
    count: usize,
    keys: Keys,
    words: Columns,
}

impl<'a> Ranks<'a> {
    fn new(plan: &'a Plan, luck: &'a Luck) -> Self {
        Self { plan, luck, count: 0, keys: [[0; TOGETHER]; 2], words: [[0; TOGETHER]; 4] }
    }

    /// Shows the ranks of a run, sooner or later.
    #[inline(always)]
    fn take(&mut self, run: Run, mut show: impl FnMut((u64, u64))) {
        for i in 0..run.count {
            match self.plan.ring_order {
                RingOrder::AsListed => show((place(self.plan, run.index + i), 0)),
                RingOrder::Drawn => {
                    put(&mut self.keys, self.count, run.key + i);
                    self.count += 1;
                    if self.count == TOGETHER {
                        self.finish(&mut show);
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn finish(&mut self, mut show: impl FnMut((u64, u64))) {
        if self.count > 0 {
            self.luck.many(&self.keys, Purpose::Ring, 0, &mut self.words);
        }
        for i in 0..std::mem::take(&mut self.count) {
            let key = u64::from(self.keys[1][i]) << 32 | u64::from(self.keys[0][i]);
            show((word(&self.words, i), key));
        }
    }
}
