//! Who the devices of a pass are: those whom the roll call finds wanted, gathered until their attributes are worth
//! drawing together.

use crate::{
    device::Device,
    draws::Purpose,
    membership::Membership,
    parallel::{World, fold_ranges},
    plan::{Cohort, Fleet, Listed, Pick, Plan, RingId},
    roll::{Columns, Keys, Roll, Run, Seat, TOGETHER, picked, put, word},
};

/// What the devices of a cohort are.
struct Draft<'a> {
    /// One value per attribute, right where it is the same for all.
    fixed: Vec<u16>,
    /// Those that are wanted and drawn.
    drawn: Vec<(usize, &'a [(u64, u16)])>,
}

impl<'a> Draft<'a> {
    fn new(cohort: &'a Cohort, wanted: Option<&[bool]>) -> Self {
        let fixed = cohort.picks.iter().map(|pick| if let Pick::Always(value) = pick { *value } else { 0 });
        let drawn = cohort.picks.iter().enumerate().filter_map(|(attribute, pick)| match pick {
            Pick::Shares(shares) if wanted.is_none_or(|wanted| wanted[attribute]) => {
                Some((attribute, &shares[..]))
            }
            _ => None,
        });
        Self { fixed: fixed.collect(), drawn: drawn.collect() }
    }
}

/// Devices of one worker that wait for their attributes.
pub(crate) struct Gather<'a> {
    roll: &'a Roll<'a>,
    /// One for each cohort.
    drafts: Vec<Draft<'a>>,
    count: usize,
    keys: Keys,
    who: [(Seat, u64, Option<usize>); TOGETHER],
    /// The cohort of those who came last.
    last: Option<Option<usize>>,
    /// Somebody waits for a cohort; and for which attributes.
    undrawn: bool,
    asked: Vec<bool>,
    cohorts: Columns,
    words: Vec<Columns>,
    /// Attributes of a device of this cohort.
    filled: Option<usize>,
    values: Vec<u16>,
}

impl<'a> Gather<'a> {
    /// Attributes that `wanted` leaves out (where it is given) need not be right: drawing them costs time.
    pub(crate) fn new(roll: &'a Roll<'a>, wanted: Option<&[bool]>) -> Self {
        let attributes = roll.plan.attributes.len();
        Self {
            roll,
            drafts: roll.cohorts.iter().map(|cohort| Draft::new(cohort, wanted)).collect(),
            count: 0,
            keys: [[0; TOGETHER]; 2],
            who: [(Seat::Ringless, 0, None); TOGETHER],
            last: None,
            undrawn: false,
            asked: vec![false; attributes],
            cohorts: [[0; TOGETHER]; 4],
            words: vec![[[0; TOGETHER]; 4]; attributes],
            filled: None,
            values: vec![0; attributes],
        }
    }

    /// Takes the devices of a run. They are shown to `visit` sooner or later, by runs of devices that differ in nothing
    /// but their index and their key, which count up from the first one's.
    pub(crate) fn take(&mut self, run: Run, visit: &mut impl FnMut(Seat, &Device<'_>, u64)) {
        if let Fleet::Listed(fleet) = &self.roll.plan.fleet {
            return visit(run.seat, &listed(self.roll.plan, fleet, run.index), 1);
        }
        if let Some(cohort) = run.cohort
            && self.drafts[cohort].drawn.is_empty()
        {
            // All are alike.
            self.fill(cohort, 0);
            return visit(run.seat, &self.device(run.index, run.key, cohort), run.count);
        }
        for i in 0..run.count {
            self.wait(run, i);
            if self.count == TOGETHER {
                self.finish(visit);
            }
        }
    }

    #[inline(always)]
    fn wait(&mut self, run: Run, i: u64) {
        if self.last != Some(run.cohort) {
            self.last = Some(run.cohort);
            self.undrawn |= run.cohort.is_none();
            let of = run.cohort.map_or(self.roll.counted..self.drafts.len(), |cohort| cohort..cohort + 1);
            for &(attribute, _) in self.drafts[of].iter().flat_map(|draft| &draft.drawn) {
                self.asked[attribute] = true;
            }
        }
        put(&mut self.keys, self.count, run.key + i);
        self.who[self.count] = (run.seat, run.index + i, run.cohort);
        self.count += 1;
    }

    /// Draws for those who wait, and shows them.
    pub(crate) fn finish(&mut self, visit: &mut impl FnMut(Seat, &Device<'_>, u64)) {
        let Roll { plan, luck, .. } = *self.roll;
        if std::mem::take(&mut self.undrawn) {
            luck.many(&self.keys, Purpose::Cohort, 0, &mut self.cohorts);
        }
        for (i, attribute) in plan.attributes.iter().enumerate() {
            if std::mem::take(&mut self.asked[i]) {
                luck.many(&self.keys, Purpose::Attribute, attribute.key, &mut self.words[i]);
            }
        }
        self.last = None;
        for i in 0..std::mem::take(&mut self.count) {
            let (seat, index, cohort) = self.who[i];
            let cohort = cohort.unwrap_or_else(|| self.roll.shared(word(&self.cohorts, i)));
            self.fill(cohort, i);
            let key = u64::from(self.keys[1][i]) << 32 | u64::from(self.keys[0][i]);
            visit(seat, &self.device(index, key, cohort), 1);
        }
    }

    /// Writes the attributes of device `i` of those whose words were drawn.
    #[inline(always)]
    fn fill(&mut self, cohort: usize, i: usize) {
        let Draft { fixed, drawn } = &self.drafts[cohort];
        if self.filled != Some(cohort) {
            self.filled = Some(cohort);
            self.values.copy_from_slice(fixed);
        }
        for &(attribute, shares) in drawn {
            self.values[attribute] = *picked(shares, word(&self.words[attribute], i));
        }
    }

    fn device(&self, index: u64, key: u64, cohort: usize) -> Device<'_> {
        let unregistered = self.roll.cohorts[cohort].unregistered;
        Device { index, key, values: &self.values, unregistered, listed: None }
    }
}

/// A device of an inventory.
fn listed<'a>(plan: &Plan, fleet: &'a Listed, index: u64) -> Device<'a> {
    let (i, width) = (index as usize, plan.attributes.len());
    let facts = fleet.facts[i];
    Device {
        index,
        key: fleet.keys[i],
        values: &fleet.values[i * width..(i + 1) * width],
        unregistered: (facts.unregistered != u8::MAX).then_some(facts.unregistered),
        listed: Some(facts),
    }
}

/// Folds over the members of the marked rings (of all rings, without a mark), device by device, with the attributes
/// that are wanted (all of them, without a wish).
pub(crate) fn fold_members<T: Send>(
    world: World<'_>,
    membership: &Membership,
    (marked, wanted): (Option<&[bool]>, Option<&[bool]>),
    new: impl Fn() -> T + Sync,
    each: impl Fn(&mut T, RingId, &Device<'_>) + Sync,
    merge: impl Fn(&mut T, T) + Sync,
) -> T {
    let is_wanted =
        |seat: Seat| matches!(seat, Seat::In(ring) if marked.is_none_or(|marked| marked[ring.0 as usize]));
    let roll = Roll::new(world.plan, world.luck, &membership.rungs(world.plan), is_wanted);
    let show = |sum: &mut T, seat: Seat, first: &Device<'_>, count: u64| {
        let Seat::In(ring) = seat else { return };
        for i in 0..count {
            each(sum, ring, &Device { index: first.index + i, key: first.key + i, ..*first });
        }
    };
    let (sum, _) = fold_ranges(
        world,
        || (new(), Gather::new(&roll, wanted)),
        |(sum, gather), range| {
            roll.call(range, |run| {
                if is_wanted(run.seat) {
                    gather.take(run, &mut |seat, device, count| show(sum, seat, device, count));
                }
            });
        },
        |(sum, gather)| gather.finish(&mut |seat, device, count| show(sum, seat, device, count)),
        |(a, _), (b, _)| merge(a, b),
    );
    sum
}
