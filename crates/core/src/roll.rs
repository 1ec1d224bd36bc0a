//! The roll call: which ring each device is in, without a look at what does not decide it.
//!
//! What decides is found out once a pass, for each cohort: conditions that all of its devices meet, or none, are settled
//! by then, and what is left is a *ladder*, of which a device takes the first rung that lets it in. Most ladders ask for
//! the rank alone or for nothing at all, so most passes draw one word a device, [`TOGETHER`] devices at once, or none;
//! cohorts in which nobody is in a ring of the pass are not called. Attributes are for those who are wanted
//! ([`crate::gather`]).

use std::ops::Range;

use crate::{
    draws::{Luck, Purpose, low64},
    membership::{Bound, place},
    plan::{Cohort, Filter, Fleet, Listed, Pick, Plan, RingId, RingOrder},
};

/// Bits of a described device's key that hold its index in the cohort; the cohort's address is above them.
const INDEX_BITS: u32 = 40;

/// Devices that are drawn for together.
pub(crate) const TOGETHER: usize = 64;

/// A column of words for each lane of a block.
pub(crate) type Columns = [[u32; TOGETHER]; 4];

/// Halves of the keys of devices that are drawn for together: low, high.
pub(crate) type Keys = [[u32; TOGETHER]; 2];

/// Where a device belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    In(RingId),
    /// Registered, and nobody's.
    Ringless,
    Unregistered,
}

/// Devices that follow one another in the fleet and have the same seat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub seat: Seat,
    /// Position in the fleet and key of the first one; those of the others count up.
    pub index: u64,
    pub key: u64,
    pub count: u64,
    /// Which cohort of a described fleet they are of, if that is known already.
    pub cohort: Option<usize>,
}

/// A way into a ring: for those who meet the condition and come before the bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rung<'a> {
    pub ring: RingId,
    pub filter: Option<&'a Filter>,
    pub bound: Bound,
}

/// The ways that are open to a cohort, first come first.
struct Ladder<'a> {
    registered: bool,
    rungs: Vec<Rung<'a>>,
}

impl<'a> Ladder<'a> {
    /// Of a cohort; without one, of devices of which nothing is known.
    fn new(rungs: &[Rung<'a>], cohort: Option<&Cohort>) -> Self {
        let registered = cohort.is_none_or(|cohort| cohort.unregistered.is_none());
        let mut open = Vec::new();
        for rung in rungs.iter().filter(|_| registered) {
            let met = match (rung.filter, cohort) {
                (None, _) => Some(true),
                (Some(_), None) => None,
                (Some(filter), Some(cohort)) => met(filter, &cohort.picks),
            };
            match met {
                Some(false) => {}
                Some(true) => open.push(Rung { filter: None, ..*rung }),
                None => open.push(*rung),
            }
            if met == Some(true) && rung.bound.is_none() {
                break;
            }
        }
        Ladder { registered, rungs: open }
    }

    /// True if nobody could tell the two apart.
    fn is_like(&self, other: &Ladder<'_>) -> bool {
        let same = |a: &Rung<'_>, b: &Rung<'_>| {
            (a.ring, a.bound, a.filter.is_some()) == (b.ring, b.bound, b.filter.is_some())
        };
        self.registered == other.registered
            && self.rungs.len() == other.rungs.len()
            && self.rungs.iter().zip(&other.rungs).all(|(a, b)| same(a, b))
    }

    /// True if it may lead to a seat that is wanted.
    fn leads_to(&self, wanted: impl Fn(Seat) -> bool) -> bool {
        if !self.registered {
            return wanted(Seat::Unregistered);
        }
        wanted(Seat::Ringless) || self.rungs.iter().any(|rung| wanted(Seat::In(rung.ring)))
    }

    /// The seat of a device of this rank that `meets` conditions.
    #[inline(always)]
    fn seat(&self, rank: (u64, u64), meets: impl Fn(&Filter) -> bool) -> Seat {
        let lets_in =
            |rung: &&Rung<'_>| rung.bound.is_none_or(|bound| rank < bound) && rung.filter.is_none_or(&meets);
        match self.rungs.iter().find(lets_in) {
            Some(rung) => Seat::In(rung.ring),
            None if self.registered => Seat::Ringless,
            None => Seat::Unregistered,
        }
    }
}

/// Whether devices with these values meet a condition; `None` where that differs from one to the other.
fn met(filter: &Filter, picks: &[Pick]) -> Option<bool> {
    if filter.any_of.is_empty() {
        return Some(true);
    }
    let mut some = Some(false);
    for all in &filter.any_of {
        let mut every = Some(true);
        for (attribute, allowed) in all {
            let fits = |value: u16| allowed.get(value as usize).copied().unwrap_or(false);
            let fits = match &picks[attribute.0 as usize] {
                Pick::Always(value) => Some(fits(*value)),
                Pick::Shares(shares) => {
                    let mut values = shares.iter().map(|(_, value)| fits(*value));
                    let first = values.next().unwrap_or(false);
                    values.all(|other| other == first).then_some(first)
                }
            };
            every = match (every, fits) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        some = match (some, every) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }
    some
}

/// Devices of the fleet whose keys count up and whose cohorts are drawn alike; an inventory is one stretch.
struct Stretch<'a> {
    range: Range<u64>,
    first_key: u64,
    /// Which cohorts they may be of.
    cohorts: Range<usize>,
    /// One for each cohort, or one for all if they are alike.
    ladders: Vec<Ladder<'a>>,
    /// Attributes that a ladder asks for, the drawn ones.
    attributes: Vec<usize>,
    /// A ladder asks for the rank.
    by_rank: bool,
    /// Somebody may have a seat that the pass wants.
    called: bool,
}

/// The roll of one pass.
pub(crate) struct Roll<'a> {
    pub plan: &'a Plan,
    pub luck: &'a Luck,
    /// Cohorts of a described fleet, those by count first.
    pub cohorts: Vec<&'a Cohort>,
    /// How many of them are by count.
    pub counted: usize,
    stretches: Vec<Stretch<'a>>,
}

impl<'a> Roll<'a> {
    /// For those whose seats are `wanted`; of all others some are called too and some are not.
    pub(crate) fn new(
        plan: &'a Plan,
        luck: &'a Luck,
        rungs: &[Rung<'a>],
        wanted: impl Fn(Seat) -> bool,
    ) -> Self {
        let mut roll = Roll { plan, luck, cohorts: Vec::new(), counted: 0, stretches: Vec::new() };
        let Fleet::Described(fleet) = &plan.fleet else {
            let ladders = vec![Ladder::new(rungs, None)];
            roll.stretches.push(roll.stretch(0..plan.devices(), 0, 0..0, ladders, |_| true));
            return roll;
        };
        roll.cohorts = fleet.counted.iter().map(|(_, cohort)| cohort).collect();
        roll.counted = roll.cohorts.len();
        roll.cohorts.extend(fleet.shared.iter().map(|(_, cohort)| cohort));
        let ladder = |cohort: &&Cohort| Ladder::new(rungs, Some(cohort));
        let mut begin = 0;
        for (i, (count, cohort)) in fleet.counted.iter().enumerate() {
            let range = begin..(begin + count).min(fleet.devices);
            begin = range.end;
            roll.stretches.push(roll.stretch(range, cohort.key, i..i + 1, vec![ladder(&cohort)], &wanted));
        }
        if begin < fleet.devices {
            let mut ladders: Vec<Ladder<'_>> = roll.cohorts[roll.counted..].iter().map(ladder).collect();
            if ladders.iter().all(|other| other.is_like(&ladders[0])) {
                ladders.truncate(1);
            }
            let cohorts = roll.counted..roll.cohorts.len();
            roll.stretches.push(roll.stretch(
                begin..fleet.devices,
                fleet.shared_key,
                cohorts,
                ladders,
                wanted,
            ));
        }
        roll
    }

    fn stretch(
        &self,
        range: Range<u64>,
        address: u32,
        cohorts: Range<usize>,
        ladders: Vec<Ladder<'a>>,
        wanted: impl Fn(Seat) -> bool,
    ) -> Stretch<'a> {
        let rungs = || ladders.iter().flat_map(|ladder| &ladder.rungs);
        let is_drawn = |&attribute: &usize| {
            let mut picks = self.cohorts[cohorts.clone()].iter().map(|cohort| &cohort.picks[attribute]);
            picks.any(|pick| matches!(pick, Pick::Shares(_)))
        };
        let filters = rungs().filter_map(|rung| rung.filter);
        let asked = filters.flat_map(|filter| filter.any_of.iter().flatten());
        let mut attributes: Vec<usize> = asked.map(|(by, _)| by.0 as usize).filter(is_drawn).collect();
        attributes.sort_unstable();
        attributes.dedup();
        Stretch {
            first_key: u64::from(address) << INDEX_BITS,
            by_rank: rungs().any(|rung| rung.bound.is_some()),
            called: self.cohorts.is_empty() || ladders.iter().any(|ladder| ladder.leads_to(&wanted)),
            range,
            cohorts,
            attributes,
            ladders,
        }
    }

    /// Calls `each` with the devices of `range`, in order; those whom nobody wants may be left out.
    pub(crate) fn call(&self, range: Range<u64>, mut each: impl FnMut(Run)) {
        let first = self.stretches.partition_point(|stretch| stretch.range.end <= range.start);
        for stretch in self.stretches[first..].iter().take_while(|s| s.range.start < range.end) {
            let here = range.start.max(stretch.range.start)..range.end.min(stretch.range.end);
            if here.is_empty() || !stretch.called {
                continue;
            }
            match &self.plan.fleet {
                Fleet::Listed(fleet) => self.call_listed(fleet, stretch, here, &mut each),
                Fleet::Described(_) => {
                    let [ladder] = &stretch.ladders[..] else {
                        self.call_drawn(stretch, here, &mut each);
                        continue;
                    };
                    if !stretch.attributes.is_empty() {
                        self.call_drawn(stretch, here, &mut each);
                    } else if stretch.by_rank && self.plan.ring_order == RingOrder::Drawn {
                        self.call_ranked(stretch, ladder, here, &mut each);
                    } else {
                        self.call_alike(stretch, ladder, here, &mut each);
                    }
                }
            }
        }
    }

    /// Where nothing but the place in the fleet decides: from bound to bound.
    fn call_alike(
        &self,
        stretch: &Stretch<'_>,
        ladder: &Ladder<'_>,
        here: Range<u64>,
        each: &mut impl FnMut(Run),
    ) {
        let zeros = self.plan.devices().leading_zeros();
        let mut index = here.start;
        while index < here.end {
            // A bound is the place of the first device beyond the ring.
            let places = ladder.rungs.iter().filter_map(|rung| rung.bound).map(|(rank, _)| rank >> zeros);
            let end = places.filter(|&place| place > index).min().unwrap_or(here.end).min(here.end);
            let seat = ladder.seat((place(self.plan, index), 0), |_| true);
            each(Run { count: end - index, ..stretch.one(seat, index) });
            index = end;
        }
    }

    /// Where nothing but the drawn rank decides.
    fn call_ranked(
        &self,
        stretch: &Stretch<'_>,
        ladder: &Ladder<'_>,
        here: Range<u64>,
        each: &mut impl FnMut(Run),
    ) {
        let (mut keys, mut ranks): (Keys, Columns) = ([[0; TOGETHER]; 2], [[0; TOGETHER]; 4]);
        // Nothing comes after a rung without a bound, and most devices are beyond all bounds.
        let bounds: Vec<((u64, u64), Seat)> =
            (ladder.rungs.iter()).filter_map(|rung| Some((rung.bound?, Seat::In(rung.ring)))).collect();
        let last = bounds.iter().map(|(bound, _)| *bound).max().unwrap_or_default();
        let beyond = ladder.seat((u64::MAX, u64::MAX), |_| true);
        let mut run = Run { count: 0, ..stretch.one(beyond, here.start) };
        for begin in here.clone().step_by(TOGETHER) {
            let count = (here.end - begin).min(TOGETHER as u64) as usize;
            let key = stretch.key(begin);
            count_up(key, &mut keys);
            self.luck.many(&keys, Purpose::Ring, 0, &mut ranks);
            for i in 0..count {
                let rank = (word(&ranks, i), key + i as u64);
                let inside = if rank < last { bounds.iter().find(|(bound, _)| rank < *bound) } else { None };
                let seat = inside.map_or(beyond, |(_, seat)| *seat);
                if seat != run.seat {
                    if run.count > 0 {
                        each(run);
                    }
                    run = Run { count: 0, ..stretch.one(seat, begin + i as u64) };
                }
                run.count += 1;
            }
        }
        if run.count > 0 {
            each(run);
        }
    }

    /// Where cohorts or attributes that are drawn decide.
    fn call_drawn(&self, stretch: &Stretch<'_>, here: Range<u64>, each: &mut impl FnMut(Run)) {
        let none: Columns = [[0; TOGETHER]; 4];
        let (mut keys, mut ranks, mut cohorts) = ([[0; TOGETHER]; 2], none, none);
        let mut words = vec![none; stretch.attributes.len()];
        let mut values = vec![0; self.plan.attributes.len()];
        let by_rank = stretch.by_rank && self.plan.ring_order == RingOrder::Drawn;
        for begin in here.clone().step_by(TOGETHER) {
            let count = (here.end - begin).min(TOGETHER as u64) as usize;
            let key = stretch.key(begin);
            count_up(key, &mut keys);
            if by_rank {
                self.luck.many(&keys, Purpose::Ring, 0, &mut ranks);
            }
            if stretch.cohorts.len() > 1 {
                self.luck.many(&keys, Purpose::Cohort, 0, &mut cohorts);
            }
            for (&attribute, words) in stretch.attributes.iter().zip(&mut words) {
                self.luck.many(&keys, Purpose::Attribute, self.plan.attributes[attribute].key, words);
            }
            for i in 0..count {
                let index = begin + i as u64;
                let cohort = if stretch.cohorts.len() > 1 {
                    self.shared(word(&cohorts, i))
                } else {
                    stretch.cohorts.start
                };
                let ladder = stretch.ladders.get(cohort - stretch.cohorts.start);
                let ladder = ladder.unwrap_or(&stretch.ladders[0]);
                let rank =
                    if by_rank { (word(&ranks, i), key + i as u64) } else { (place(self.plan, index), 0) };
                if ladder.rungs.iter().any(|rung| rung.filter.is_some()) {
                    let picks = &self.cohorts[cohort].picks;
                    for (value, pick) in values.iter_mut().zip(picks) {
                        if let Pick::Always(always) = pick {
                            *value = *always;
                        }
                    }
                    for (&attribute, words) in stretch.attributes.iter().zip(&words) {
                        if let Pick::Shares(shares) = &picks[attribute] {
                            values[attribute] = *picked(shares, word(words, i));
                        }
                    }
                }
                let seat = ladder.seat(rank, |filter| filter.matches(&values));
                each(Run { cohort: Some(cohort), ..stretch.one(seat, index) });
            }
        }
    }

    /// Those of an inventory, each with the facts that it states.
    fn call_listed(
        &self,
        fleet: &Listed,
        stretch: &Stretch<'_>,
        here: Range<u64>,
        each: &mut impl FnMut(Run),
    ) {
        let (mut keys, mut ranks): (Keys, Columns) = ([[0; TOGETHER]; 2], [[0; TOGETHER]; 4]);
        let (ladder, width) = (&stretch.ladders[0], self.plan.attributes.len());
        let by_rank = stretch.by_rank && self.plan.ring_order == RingOrder::Drawn;
        for begin in here.clone().step_by(TOGETHER) {
            let count = (here.end - begin).min(TOGETHER as u64) as usize;
            if by_rank {
                for (i, &key) in fleet.keys[begin as usize..][..count].iter().enumerate() {
                    put(&mut keys, i, key);
                }
                self.luck.many(&keys, Purpose::Ring, 0, &mut ranks);
            }
            for i in 0..count {
                let index = begin + i as u64;
                let (at, facts) = (index as usize, fleet.facts[index as usize]);
                let key = fleet.keys[at];
                let seat = if facts.unregistered != u8::MAX {
                    Seat::Unregistered
                } else if facts.ring != u8::MAX {
                    Seat::In(RingId(u16::from(facts.ring)))
                } else {
                    let rank = if by_rank { (word(&ranks, i), key) } else { (place(self.plan, index), 0) };
                    ladder.seat(rank, |filter| filter.matches(&fleet.values[at * width..(at + 1) * width]))
                };
                each(Run { seat, index, key, count: 1, cohort: None });
            }
        }
    }

    /// The cohort by share that a word stands for.
    pub(crate) fn shared(&self, word: u64) -> usize {
        let Fleet::Described(fleet) = &self.plan.fleet else { return 0 };
        self.counted + place_among(&fleet.shared, word)
    }
}

impl Stretch<'_> {
    fn key(&self, index: u64) -> u64 {
        self.first_key | (index - self.range.start)
    }

    fn one(&self, seat: Seat, index: u64) -> Run {
        let cohort = (self.cohorts.len() == 1).then_some(self.cohorts.start);
        Run { seat, index, key: self.key(index), count: 1, cohort }
    }
}

/// Which of some shares (upper ends of intervals of words) a word stands for.
#[inline(always)]
fn place_among<T>(shares: &[(u64, T)], word: u64) -> usize {
    let ends = &shares[..shares.len() - 1];
    if ends.len() > 8 {
        return ends.partition_point(|(upto, _)| *upto < word);
    }
    // Few are counted faster than searched.
    ends.iter().map(|(upto, _)| usize::from(*upto < word)).sum()
}

/// What a word stands for among shares.
#[inline(always)]
pub(crate) fn picked<T>(shares: &[(u64, T)], word: u64) -> &T {
    &shares[place_among(shares, word)].1
}

/// The first two lanes of device `i` as one word.
#[inline(always)]
pub(crate) fn word(columns: &Columns, i: usize) -> u64 {
    low64([columns[0][i], columns[1][i], 0, 0])
}

/// Writes the key of device `i`.
#[inline(always)]
pub(crate) fn put(keys: &mut Keys, i: usize, key: u64) {
    (keys[0][i], keys[1][i]) = (key as u32, (key >> 32) as u32);
}

/// Writes keys that count up from `first`.
pub(crate) fn count_up(first: u64, keys: &mut Keys) {
    for i in 0..TOGETHER {
        put(keys, i, first + i as u64);
    }
}
