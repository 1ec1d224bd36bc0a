//! Which ring a device is in, without storing it.
//!
//! A device's ring rank is a 64-bit addressed draw (ties by key), or its position in the fleet where the scenario
//! says so, and a ring is an interval of ranks, so that membership is nested when sizes change and a cut inside an
//! interval moves nobody. The exact bounds are order statistics, found by streaming selection: a histogram of the
//! upper bits names the bin of each bound, one more pass (unless the fleet is small) collects the ranks in that bin.
//! Where every device is in the pool and the order is that of the fleet, the bounds are the sizes themselves and nobody
//! looks at a device.

use crate::{
    device::Device,
    draws::{Luck, Purpose, low64},
    parallel::{World, fold_fleet},
    plan::{Amount, Filter, Fleet, Plan, RingId, RingOrder, RingSize},
};

const BIN_BITS: u32 = 14;

/// A bound between ranks: devices with (rank, key) below it are inside; `None` lets everyone in.
type Bound = Option<(u64, u64)>;

/// Ring membership under one plan and luck.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Rings that claim by filter alone, the winner first.
    claims: Vec<usize>,
    /// Rings that choose so many of a filter's devices, in order, with their upper bound.
    chosen: Vec<(usize, Bound)>,
    /// Rings dealt from the pool, in order, with their upper bound.
    pool: Vec<(usize, Bound)>,
    /// Rings that are smaller than the scenario asks because devices ran out: (ring, asked, got).
    pub short: Vec<(RingId, u64, u64)>,
    /// About how many devices each ring has; 0 for those whose members are listed or match a filter.
    pub(crate) about: Vec<u64>,
}

/// The 64-bit rank of a device and its key, which order devices for ring assignment.
fn rank(plan: &Plan, luck: &Luck, device: &Device<'_>) -> (u64, u64) {
    match plan.ring_order {
        RingOrder::Drawn => (low64(luck.block(device.key, Purpose::Ring, 0)), device.key),
        RingOrder::AsListed => (place(plan, device.index), 0),
    }
}

/// A position in the fleet as a rank: in the upper bits, so that bins share the fleet out evenly.
fn place(plan: &Plan, index: u64) -> u64 {
    index << plan.devices().leading_zeros()
}

/// True if every device is registered and in the pool, so that sizes are known without a look at anybody.
fn all_in_pool(plan: &Plan) -> bool {
    let in_pool = |size| !matches!(size, RingSize::All | RingSize::Chosen(_) | RingSize::Listed);
    let Fleet::Described(fleet) = &plan.fleet else { return false };
    let mut cohorts = fleet.counted.iter().chain(&fleet.shared);
    plan.rings.iter().all(|ring| in_pool(ring.members.size))
        && cohorts.all(|(_, cohort)| cohort.unregistered.is_none())
}

impl Membership {
    /// Works out the bounds: two passes over the fleet per choosing ring and two for the pool, or none (see above).
    pub(crate) fn new(world: World<'_>) -> Self {
        let World { plan, luck, .. } = world;
        let wanted = ring_attributes(plan);
        let world = World { wanted: Some(&wanted), ..world };
        let mut m = Membership {
            claims: Vec::new(),
            chosen: Vec::new(),
            pool: Vec::new(),
            short: Vec::new(),
            about: vec![0; plan.rings.len()],
        };
        for (i, ring) in plan.rings.iter().enumerate() {
            if ring.members.size == RingSize::All {
                m.claims.insert(0, i);
            }
        }
        for (i, ring) in plan.rings.iter().enumerate() {
            if let RingSize::Chosen(_) = ring.members.size {
                let earlier = m.clone();
                let filter = &ring.members.filter;
                let candidate =
                    |d: &Device<'_>| earlier.before_pool(plan, luck, d).is_none() && filter.matches(d.values);
                let bins = Bins::count(world, candidate);
                let size = by_share(plan, bins.registered)[i];
                let bounds = bins.bounds(world, &[size], candidate);
                m.about[i] = size;
                m.note_short(i, size, bins.candidates);
                m.chosen.push((i, bounds[0]));
            }
        }
        let dealt: Vec<usize> = (0..plan.rings.len())
            .filter(|&i| {
                matches!(
                    plan.rings[i].members.size,
                    RingSize::Pool(_) | RingSize::Automatic { .. } | RingSize::Rest
                )
            })
            .collect();
        if let [only] = dealt[..]
            && plan.rings[only].members.size == RingSize::Rest
        {
            m.pool.push((only, None));
            m.about[only] = plan.devices();
        } else if !dealt.is_empty() {
            m.deal_pool(world, &dealt);
        }
        m
    }

    fn deal_pool(&mut self, world: World<'_>, dealt: &[usize]) {
        let World { plan, luck, .. } = world;
        let before = self.clone();
        let in_pool = |d: &Device<'_>| before.before_pool(plan, luck, d).is_none();
        let known = plan.ring_order == RingOrder::AsListed && all_in_pool(plan);
        let bins = if known { Bins::everybody(plan) } else { Bins::count(world, in_pool) };
        let mut sizes = by_share(plan, bins.registered);
        let size_of = |i: usize| plan.rings[i].members.size;
        let fixed: u64 =
            dealt.iter().filter(|&&i| matches!(size_of(i), RingSize::Pool(_))).map(|&i| sizes[i]).sum();
        automatic_sizes(plan, bins.registered, bins.candidates.saturating_sub(fixed), &mut sizes);
        if let Some(&rest) = dealt.iter().find(|&&i| size_of(i) == RingSize::Rest) {
            let others: u64 = dealt.iter().filter(|&&i| i != rest).map(|&i| sizes[i]).sum();
            sizes[rest] = bins.candidates.saturating_sub(others);
        }
        let mut upto = 0;
        let ends: Vec<u64> = dealt
            .iter()
            .map(|&i| {
                upto += sizes[i];
                upto
            })
            .collect();
        let bounds = if known {
            let bound = |&end: &u64| (end < bins.candidates).then(|| (place(plan, end), 0));
            ends.iter().map(bound).collect()
        } else {
            bins.bounds(world, &ends, in_pool)
        };
        let mut begin = 0;
        for ((&ring, &end), bound) in dealt.iter().zip(&ends).zip(bounds) {
            self.about[ring] = end - begin;
            self.note_short(ring, end - begin, bins.candidates.saturating_sub(begin));
            self.pool.push((ring, bound));
            begin = end;
        }
    }

    fn note_short(&mut self, ring: usize, asked: u64, found: u64) {
        if found < asked {
            self.short.push((RingId(ring as u16), asked, found));
        }
    }

    /// The ring of a device; `None` if it is in none (not registered, or nobody's).
    pub fn ring(&self, plan: &Plan, luck: &Luck, device: &Device<'_>) -> Option<RingId> {
        if device.unregistered.is_some() {
            return None;
        }
        self.before_pool(plan, luck, device).or_else(|| match self.pool.as_slice() {
            [] => None,
            [(only, None)] => Some(RingId(*only as u16)),
            pool => {
                let rank = rank(plan, luck, device);
                let found = pool.iter().find(|(_, bound)| bound.is_none_or(|b| rank < b));
                found.map(|(ring, _)| RingId(*ring as u16))
            }
        })
    }

    /// The ring of the first of `count` devices that differ in index and key alone, and how many of them share it.
    pub(crate) fn ring_of_run(
        &self,
        plan: &Plan,
        luck: &Luck,
        first: &Device<'_>,
        count: u64,
    ) -> (Option<RingId>, u64) {
        let ring = self.ring(plan, luck, first);
        if count == 1 || first.unregistered.is_some() {
            return (ring, count);
        }
        match plan.ring_order {
            RingOrder::Drawn
                if self.chosen.is_empty() && self.pool.iter().all(|(_, bound)| bound.is_none()) =>
            {
                (ring, count)
            }
            RingOrder::Drawn => (ring, 1),
            RingOrder::AsListed => {
                // A bound is the place of the first device beyond the ring.
                let bounds = self.chosen.iter().chain(&self.pool).filter_map(|(_, bound)| *bound);
                let places = bounds.map(|(rank, _)| rank >> plan.devices().leading_zeros());
                let end = places.filter(|&place| place > first.index).min().unwrap_or(u64::MAX);
                (ring, count.min(end - first.index))
            }
        }
    }

    fn before_pool(&self, plan: &Plan, luck: &Luck, device: &Device<'_>) -> Option<RingId> {
        if let Some(facts) = device.listed
            && facts.ring != u8::MAX
        {
            return Some(RingId(u16::from(facts.ring)));
        }
        let filter = |ring: usize| -> &Filter { &plan.rings[ring].members.filter };
        if let Some(&ring) = self.claims.iter().find(|&&ring| filter(ring).matches(device.values)) {
            return Some(RingId(ring as u16));
        }
        self.chosen.iter().find_map(|&(ring, bound)| {
            let inside = filter(ring).matches(device.values)
                && bound.is_none_or(|bound| rank(plan, luck, device) < bound);
            inside.then_some(RingId(ring as u16))
        })
    }
}

/// Splits `total` by `shares` (each 0..=1, together at most 1): everyone gets the whole part, what is missing
/// to the rounded sum goes to the largest remainders, the earlier one first on a tie.
pub fn largest_remainder(total: u64, shares: &[f64]) -> Vec<u64> {
    // A share such as 0.1 is a hair off its decimal value; a millionth of a device absorbs that.
    let exact: Vec<f64> = shares.iter().map(|share| total as f64 * share + 1e-6).collect();
    let mut sizes: Vec<u64> = exact.iter().map(|&x| x as u64).collect();
    let wanted = (shares.iter().map(|share| total as f64 * share).sum::<f64>() + 0.5 + 1e-6) as u64;
    let mut order: Vec<usize> = (0..shares.len()).filter(|&i| shares[i] > 0.0).collect();
    order.sort_by(|&a, &b| {
        let part = |i: usize| ((exact[i] - sizes[i] as f64) * 1e5).round() as i64;
        part(b).cmp(&part(a)).then(a.cmp(&b))
    });
    let missing = wanted.min(total).saturating_sub(sizes.iter().sum());
    for &i in order.iter().take(missing as usize) {
        sizes[i] += 1;
    }
    sizes
}

/// Splits `total` by `shares` so that the first k parts together are the whole part of `total` times their shares:
/// an end of a part does not depend on how what comes before it is split.
pub fn whole_parts(total: u64, shares: &[f64]) -> Vec<u64> {
    // Shares in units of 10^-15, in which decimal ones are whole; a unit of slack each for those that are not
    // (three times a third is all), which no fleet is large enough to notice elsewhere.
    const UNITS: u128 = 1_000_000_000_000_000;
    let total = u128::from(total);
    let (mut upto, mut begin) = (0, 0);
    let mut size = |(before, share): (usize, &f64)| {
        upto += libm::floor(share * UNITS as f64 + 0.5) as u128;
        let end = (total * (upto + before as u128 + 1) / UNITS).min(total) as u64;
        end - std::mem::replace(&mut begin, end)
    };
    shares.iter().enumerate().map(&mut size).collect()
}

/// Sizes of the rings that state a count or a share of the registered devices; 0 for the others.
fn by_share(plan: &Plan, registered: u64) -> Vec<u64> {
    let amount = |i: usize| match plan.rings[i].members.size {
        RingSize::Chosen(a) | RingSize::Pool(a) => Some(a),
        _ => None,
    };
    let shares: Vec<f64> = (0..plan.rings.len())
        .map(|i| if let Some(Amount::Share(share)) = amount(i) { share } else { 0.0 })
        .collect();
    let mut sizes = match plan.ring_order {
        RingOrder::Drawn => largest_remainder(registered, &shares),
        RingOrder::AsListed => whole_parts(registered, &shares),
    };
    for (i, size) in sizes.iter_mut().enumerate() {
        if let Some(Amount::Count(count)) = amount(i) {
            *size = count;
        }
    }
    sizes
}

/// Adds the sizes of automatically assigned rings for `pool` devices, batch by batch as they are registered.
fn automatic_sizes(plan: &Plan, registered: u64, pool: u64, sizes: &mut [u64]) {
    let shares = |small_tenant: bool| -> Vec<f64> {
        let mut shares: Vec<f64> = plan
            .rings
            .iter()
            .map(|ring| match ring.members.size {
                RingSize::Automatic { small, large } => {
                    if small_tenant {
                        small
                    } else {
                        large
                    }
                }
                _ => 0.0,
            })
            .collect();
        // Where the scenario sizes one of the service's rings itself, the others share what it leaves in
        // their own proportion.
        let sum: f64 = shares.iter().sum();
        if sum > 0.0 {
            shares.iter_mut().for_each(|share| *share /= sum);
        }
        shares
    };
    let rule = plan.automatic;
    // Devices that got their ring by hand are registered too and count towards the size of the tenant.
    let by_hand = registered - pool.min(registered);
    // The two share vectors are dealt over cumulative totals, so that batches of one are shared out fairly
    // and not all rounded to the same ring.
    let (mut done, mut small, mut large) = (0, 0, 0);
    while done < pool {
        let batch = rule.batch.unwrap_or(pool).clamp(1, pool - done);
        let tenant = by_hand + done + if rule.counts_batch { batch } else { 0 };
        if tenant > rule.small_upto {
            // Every later batch meets a large tenant too.
            large = pool - done;
            break;
        }
        small += batch;
        done += batch;
    }
    let of_small = largest_remainder(small, &shares(true));
    let of_large = largest_remainder(large, &shares(false));
    for (size, (a, b)) in sizes.iter_mut().zip(of_small.iter().zip(of_large)) {
        *size += a + b;
    }
}

/// The attributes that ring filters look at.
fn ring_attributes(plan: &Plan) -> Vec<bool> {
    let mut wanted = vec![false; plan.attributes.len()];
    for ring in &plan.rings {
        for (attribute, _) in ring.members.filter.any_of.iter().flatten() {
            wanted[attribute.0 as usize] = true;
        }
    }
    wanted
}

/// Candidates for rings by the upper bits of their rank: the first pass of a streaming selection.
struct Bins {
    counts: Vec<u64>,
    candidates: u64,
    registered: u64,
    /// All candidates, where there are not many: nobody has to be looked at twice.
    ranks: Option<Vec<(u64, u64)>>,
}

/// So many ranks are kept at the most; they take two MiB.
const FEW: usize = 1 << 17;

impl Bins {
    const SHIFT: u32 = 64 - BIN_BITS;

    /// Of a fleet in which everybody is a candidate; the ranks are of no interest.
    fn everybody(plan: &Plan) -> Self {
        Bins { counts: Vec::new(), candidates: plan.devices(), registered: plan.devices(), ranks: None }
    }

    fn count(world: World<'_>, candidate: impl Fn(&Device<'_>) -> bool + Sync) -> Self {
        let World { plan, luck, .. } = world;
        let (counts, registered, ranks) = fold_fleet(
            world,
            || (vec![0_u64; 1 << BIN_BITS], 0, Some(Vec::new())),
            |(counts, registered, ranks), d| {
                if d.unregistered.is_none() {
                    *registered += 1;
                    if candidate(d) {
                        let rank = rank(plan, luck, d);
                        counts[(rank.0 >> Self::SHIFT) as usize] += 1;
                        keep(ranks, &[rank]);
                    }
                }
            },
            |a, b| {
                a.0.iter_mut().zip(b.0).for_each(|(a, b)| *a += b);
                a.1 += b.1;
                match b.2 {
                    Some(ranks) => keep(&mut a.2, &ranks),
                    None => a.2 = None,
                }
            },
        );
        Bins { candidates: counts.iter().sum(), counts, registered, ranks }
    }

    /// The bounds below which the `ends[i]` lowest-ranked candidates lie: the second pass collects the ranks
    /// of the bins that are cut.
    fn bounds(
        &self,
        world: World<'_>,
        ends: &[u64],
        candidate: impl Fn(&Device<'_>) -> bool + Sync,
    ) -> Vec<Bound> {
        let World { plan, luck, .. } = world;
        // (bin, how many of its lowest are inside) for each end that cuts the candidates.
        let cuts: Vec<Option<(u64, u64)>> = ends
            .iter()
            .map(|&end| {
                let mut left = end;
                if end >= self.candidates {
                    return None;
                }
                let bin = self.counts.iter().position(|&n| {
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
        let wanted_rank = |r: &(u64, u64)| wanted.contains(&(r.0 >> Self::SHIFT));
        let kept = self.ranks.as_ref().map(|ranks| ranks.iter().copied().filter(wanted_rank).collect());
        let look_again = || {
            fold_fleet(
                world,
                Vec::new,
                |ranks, d| {
                    let r = rank(plan, luck, d);
                    if wanted_rank(&r) && d.unregistered.is_none() && candidate(d) {
                        ranks.push(r);
                    }
                },
                |a, mut b| a.append(&mut b),
            )
        };
        let mut ranks: Vec<(u64, u64)> = kept.unwrap_or_else(look_again);
        if world.watch.stopped() {
            // A pass that was stopped saw only part of the fleet; nobody will look at these bounds.
            return vec![None; ends.len()];
        }
        ranks.sort_unstable();
        cuts.iter()
            .map(|cut| {
                cut.map(|(bin, inside)| {
                    let first = ranks.partition_point(|r| r.0 >> Self::SHIFT < bin);
                    ranks[first + inside as usize]
                })
            })
            .collect()
    }
}

/// Puts more ranks to those that are kept; from a certain number on none are.
fn keep(kept: &mut Option<Vec<(u64, u64)>>, more: &[(u64, u64)]) {
    match kept {
        Some(ranks) if ranks.len() + more.len() <= FEW => ranks.extend_from_slice(more),
        _ => *kept = None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn automatic_shares_of_small_and_large_tenants() {
        // Shares for tenants up to 200 devices, and above.
        assert_eq!(largest_remainder(150, &[0.05, 0.15, 0.8]), [8, 22, 120]);
        assert_eq!(largest_remainder(201, &[0.01, 0.09, 0.9]), [2, 18, 181]);
        assert_eq!(largest_remainder(1_000, &[0.01, 0.09, 0.9]), [10, 90, 900]);
        assert_eq!(largest_remainder(60_000, &[0.01, 0.09, 0.9]), [600, 5_400, 54_000]);
    }

    #[test]
    fn whole_parts_are_integer_divisions() {
        for n in [0, 1, 7, 99, 100, 12_345, 1_000_003, 1_400_000_001, (1 << 40) + 17] {
            let sizes = whole_parts(n, &[0.01, 0.09, 0.3]);
            assert_eq!(sizes[0], n / 100, "{n}");
            assert_eq!(sizes[0] + sizes[1], n / 10, "{n}");
            assert_eq!(sizes.iter().sum::<u64>(), 4 * n / 10, "{n}");
        }
        assert_eq!(whole_parts(3, &[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]), [1, 1, 1]);
        assert_eq!(whole_parts(1_000, &[0.0, 1.0]), [0, 1_000]);
    }

    proptest! {
        #[test]
        fn largest_remainder_loses_nobody(total in 0_u64..1_000_000, cuts in prop::collection::vec(0.0_f64..1.0, 0..6)) {
            let mut cuts = cuts;
            cuts.sort_by(f64::total_cmp);
            cuts.push(1.0);
            let shares: Vec<f64> = cuts.iter().scan(0.0, |last, &c| { let s = c - *last; *last = c; Some(s) }).collect();
            let sizes = largest_remainder(total, &shares);
            prop_assert_eq!(sizes.iter().sum::<u64>(), total);
            for (size, share) in sizes.iter().zip(&shares) {
                prop_assert!((*size as f64 - share * total as f64).abs() < 1.01);
            }
        }
    }
}
