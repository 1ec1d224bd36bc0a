//! Which ring a device is in, without storing it.
//!
//! A device's ring rank is a 64-bit addressed draw (ties by key), or its position in the fleet where the scenario
//! says so, and a ring is an interval of ranks, so that membership is nested when sizes change and a cut inside an
//! interval moves nobody. How far each ring reaches is worked out here, with [`crate::bins`]; who is in it says
//! [`crate::roll`]. Where every device is in the pool and the order is that of the fleet, the bounds are the sizes
//! themselves and nobody looks at a device.

use crate::{
    bins::{Bins, CANDIDATE, Candidates},
    parallel::World,
    plan::{Amount, Filter, Fleet, Plan, RingId, RingOrder, RingSize},
    roll::Rung,
};

/// A bound between ranks: devices with (rank, key) below it are inside; `None` lets everyone in.
pub(crate) type Bound = Option<(u64, u64)>;

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

/// A position in the fleet as a rank: in the upper bits, so that bins share the fleet out evenly.
pub(crate) fn place(plan: &Plan, index: u64) -> u64 {
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
        let plan = world.plan;
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
                let candidates = Candidates::new(world, m.rungs_to(plan, Some(&ring.members.filter)));
                let bins = candidates.count();
                let size = by_share(plan, bins.registered)[i];
                let bounds = candidates.bounds(&bins, &[size]);
                m.note_short(i, size, bins.candidates);
                m.chosen.push((i, bounds[0]));
                m.about[i] = size;
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
        let plan = world.plan;
        let known = plan.ring_order == RingOrder::AsListed && all_in_pool(plan);
        let candidates = Candidates::new(world, self.rungs_to(plan, None));
        let bins = if known { Bins::everybody(plan) } else { candidates.count() };
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
            candidates.bounds(&bins, &ends)
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

    /// The ways into rings, the winner first. Who is listed in a ring is there before anybody else is asked.
    pub(crate) fn rungs<'a>(&self, plan: &'a Plan) -> Vec<Rung<'a>> {
        let mut rungs = self.before_pool(plan);
        let dealt = self.pool.iter().map(|&(ring, bound)| rung(ring, None, bound));
        rungs.extend(dealt);
        rungs
    }

    /// The ways into the rings that are settled, and then that of [`CANDIDATE`].
    fn rungs_to<'a>(&self, plan: &'a Plan, filter: Option<&'a Filter>) -> Vec<Rung<'a>> {
        let mut rungs = self.before_pool(plan);
        rungs.push(Rung { ring: CANDIDATE, filter, bound: None });
        rungs
    }

    fn before_pool<'a>(&self, plan: &'a Plan) -> Vec<Rung<'a>> {
        let filter = |ring: usize| Some(&plan.rings[ring].members.filter);
        let claims = self.claims.iter().map(|&ring| rung(ring, filter(ring), None));
        claims.chain(self.chosen.iter().map(|&(ring, bound)| rung(ring, filter(ring), bound))).collect()
    }
}

fn rung(ring: usize, filter: Option<&Filter>, bound: Bound) -> Rung<'_> {
    Rung { ring: RingId(ring as u16), filter, bound }
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
