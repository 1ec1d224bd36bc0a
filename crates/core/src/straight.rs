//! Straight lives: the course that most lives take, worked out for many devices at once.
//!
//! A life is *straight* where nothing out of the ordinary happens in it. The device comes back from its absences; every
//! scan finds it done with what came before, and what it then takes is patched before its objective passes; no download
//! fails, nothing that it runs has a defect of its own, nobody takes a release from it. Its course is then the chain of
//! docs/model.md with few branches ([`course`]), and devices of one ring and one kind are worked out column by column,
//! [`BATCH`] of them a step, and counted together ([`count`]).
//!
//! The files are those of the general life: [`on`] is its presence, [`scan`] its scans and pauses, [`restart`] its
//! restarts, [`report`] what is seen of it. A step that a few devices repeat (one more idle slot, the rest of an install)
//! is worked out for all as often as most need it, then for those few by themselves.
//!
//! Everything else is a life for [`crate::life`], which alone says what happens when something happens. A batch finds
//! out by itself which of its devices are not straight and leaves them to it; which kinds of devices can be straight
//! at all says [`kind`]. Both ways give the same counts, device by device (`tests/oracle/both_ways.rs`).

#![allow(clippy::needless_range_loop, reason = "columns are worked on side by side")]

mod count;
mod course;
mod hours;
mod kernels;
mod kind;
mod on;
mod report;
mod restart;
mod retries;
mod scan;
mod ticks;

use crate::{
    device::Device,
    instructions::{Instructions, arch, chosen},
    life::{LifeScratch, Setting, play},
    plan::{ListedFacts, Plan, RingId},
    tally::Tally,
    watch::Watch,
};
use pulp::{Simd, WithSimd};

use count::Counts;
use course::Columns;
use hours::Hours;
use kind::Kind;

/// Devices worked out in one step: long enough for the widest instructions, and its columns stay in a core's own cache.
pub(crate) const BATCH: usize = 256;

/// Fewer devices than this are played one by one: a batch costs the same for one as for all.
const WORTH_A_BATCH: usize = 24;

/// So many kinds are batched by one worker; the devices of further ones (one of hundreds of sites) are played one by one.
const MOST_KINDS: usize = 64;

/// Bytes that one worker takes at the most, tallies aside.
pub(crate) fn bytes(plan: &Plan) -> u64 {
    let places = (plan.rings.len() * plan.habits.len() * sites(plan) * size_of::<Place<'_>>()) as u64;
    let kinds = MOST_KINDS.min(plan.rings.len() * plan.habits.len() * sites(plan)) as u64;
    // Hours online, active hours, install windows.
    let rows = BATCH * plan.attributes.len() * size_of::<u16>();
    let batches = kinds * ((size_of::<Batch>() + size_of::<Kind<'_>>() + rows) as u64 + 3 * Hours::BYTES);
    places + batches + plan.rings.len() as u64 * Counts::bytes(plan) + Columns::bytes(plan)
}

fn sites(plan: &Plan) -> usize {
    plan.habits.iter().map(|habit| habit.at_site.len()).max().unwrap_or(0)
}

/// Devices of one ring and one kind that wait to be played together.
struct Batch {
    count: usize,
    /// Halves of their keys: low, high.
    keys: [[u32; BATCH]; 2],
    /// What the general life wants to know of them: rows of attributes, and which row is whose.
    rows: Vec<u16>,
    row: [u16; BATCH],
    listed: [Option<ListedFacts>; BATCH],
}

/// The devices of one ring, habit and site.
enum Place<'a> {
    /// Nobody has come yet.
    Unknown,
    /// Lives here are not straight.
    General,
    /// They may be.
    Straight(Box<(Kind<'a>, Batch)>),
}

/// Plays the lives of one worker, in batches where they are straight.
pub(crate) struct Lives<'a> {
    setting: Setting<'a>,
    places: Vec<Place<'a>>,
    sites: usize,
    /// What was counted of straight lives, by ring; nothing of rings without one.
    counts: Vec<Option<Counts>>,
    columns: Box<Columns>,
    scratch: LifeScratch,
    /// Kinds that are batched.
    kinds: usize,
    /// Taken so far.
    lives: u64,
}

impl<'a> Lives<'a> {
    pub(crate) fn new(setting: Setting<'a>) -> Self {
        let plan = setting.plan;
        let sites = sites(plan);
        let places = plan.rings.len() * plan.habits.len() * sites;
        Self {
            setting,
            places: (0..places).map(|_| Place::Unknown).collect(),
            sites,
            counts: plan.rings.iter().map(|_| None).collect(),
            columns: Box::new(Columns::new(plan.releases.len())),
            scratch: LifeScratch::default(),
            kinds: 0,
            lives: 0,
        }
    }

    /// Plays, sooner or later, the lives of `count` devices of `ring` that differ in nothing but their index and key,
    /// which count up from those of `first`.
    pub(crate) fn take(&mut self, ring: RingId, first: &Device<'_>, count: u64, tally: &mut Tally) {
        let plan = self.setting.plan;
        self.lives += count;
        let habit = plan.habits.iter().position(|habit| habit.members.matches(first.values));
        let habit = habit.expect("invariant: the loader makes the last habit match every device");
        let site = first.values[plan.site_attribute.0 as usize] as usize;
        let at = (ring.0 as usize * plan.habits.len() + habit) * self.sites + site;
        if let Place::Unknown = self.places[at] {
            let batched = chosen() != Instructions::OneByOne && self.kinds < MOST_KINDS;
            let kind = if batched { Kind::of(self.setting, ring, habit, site) } else { None };
            self.kinds += usize::from(kind.is_some());
            self.places[at] = match kind {
                Some(kind) => Place::Straight(Box::new((kind, Batch::new()))),
                None => Place::General,
            };
        }
        let Place::Straight(place) = &mut self.places[at] else {
            for i in 0..count {
                let device = Device { index: first.index + i, key: first.key + i, ..*first };
                play(self.setting, ring, &device, &mut self.scratch, &mut tally.counter(plan, ring));
            }
            return;
        };
        let (kind, batch) = &mut **place;
        let counts = self.counts[ring.0 as usize].get_or_insert_with(|| Counts::new(plan, ring));
        let mut done = 0;
        while done < count {
            done += batch.push(first, done, count - done);
            if batch.count == BATCH {
                play_batch(self.setting, kind, batch, &mut self.columns, &mut self.scratch, counts, tally);
            }
        }
    }

    /// Plays those who still wait.
    pub(crate) fn finish(&mut self, tally: &mut Tally, watch: &Watch) {
        for place in &mut self.places {
            if let Place::Straight(place) = place {
                let (kind, batch) = &mut **place;
                if let Some(counts) = &mut self.counts[kind.ring.0 as usize] {
                    play_batch(
                        self.setting,
                        kind,
                        batch,
                        &mut self.columns,
                        &mut self.scratch,
                        counts,
                        tally,
                    );
                }
            }
        }
        let mut straight = 0;
        for counts in self.counts.iter_mut().flatten() {
            counts.flush(tally);
            straight += counts.straight;
        }
        watch.lived(self.lives, straight);
    }
}

impl Batch {
    fn new() -> Self {
        Self { count: 0, keys: [[0; BATCH]; 2], rows: Vec::new(), row: [0; BATCH], listed: [None; BATCH] }
    }

    /// Takes as many of the devices `from..from + count` after `first` as there is room for; gives back how many.
    fn push(&mut self, first: &Device<'_>, from: u64, count: u64) -> u64 {
        let begin = self.count;
        let taken = count.min((BATCH - begin) as u64) as usize;
        let key = first.key + from;
        for i in 0..taken {
            let key = key + i as u64;
            self.keys[0][begin + i] = key as u32;
            self.keys[1][begin + i] = (key >> 32) as u32;
        }
        let row = self.rows.len() / first.values.len();
        self.rows.extend_from_slice(first.values);
        self.row[begin..begin + taken].fill(row as u16);
        self.listed[begin..begin + taken].fill(first.listed);
        self.count += taken;
        taken as u64
    }

    fn key(&self, i: usize) -> u64 {
        u64::from(self.keys[1][i]) << 32 | u64::from(self.keys[0][i])
    }

    fn values(&self, i: usize, width: usize) -> &[u16] {
        let begin = self.row[i] as usize * width;
        &self.rows[begin..begin + width]
    }

    fn clear(&mut self) {
        self.count = 0;
        self.rows.clear();
    }
}

/// One step of the machine's widest instructions.
struct Step<'a, 'b> {
    setting: Setting<'a>,
    kind: &'b Kind<'a>,
    batch: &'b Batch,
    columns: &'b mut Columns,
    counts: &'b mut Counts,
    tally: &'b mut Tally,
}

impl WithSimd for Step<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Step { setting, kind, batch, columns, counts, tally } = self;
        course::course(simd, setting, kind, batch, columns);
        count::count(setting, kind, batch, columns, counts, tally);
    }
}

/// Plays a batch and empties it.
fn play_batch(
    setting: Setting<'_>,
    kind: &Kind<'_>,
    batch: &mut Batch,
    columns: &mut Columns,
    scratch: &mut LifeScratch,
    counts: &mut Counts,
    tally: &mut Tally,
) {
    if batch.count == 0 {
        return;
    }
    if batch.count < WORTH_A_BATCH {
        columns.straight.fill(false);
    } else {
        arch().dispatch(Step { setting, kind, batch, columns, counts, tally });
    }
    let width = setting.plan.attributes.len();
    for i in (0..batch.count).filter(|&i| !columns.straight[i]) {
        // Where it stands in the fleet has decided its ring; its life does not ask.
        let device = Device {
            index: 0,
            key: batch.key(i),
            values: batch.values(i, width),
            unregistered: None,
            listed: batch.listed[i],
        };
        play(setting, kind.ring, &device, scratch, &mut tally.counter(setting.plan, kind.ring));
    }
    batch.clear();
}
