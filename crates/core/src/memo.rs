//! The draws of one life, each made once.
//!
//! Draws are addressed, so a block asked for again has the same words; but it costs ten rounds of multiplications,
//! and a life asks for the lanes of one block at different steps, and for the same session or wake-up from several.
//! So the blocks of a life are kept in a small table, where a later one may take the place of an earlier one.

use std::cell::Cell;

use crate::{
    draws::{Coin, Luck, Purpose, high64, low64},
    quantile::Quantile,
};

/// Places in the table, as a power of two: more than the blocks that most lives ask for.
const SLOT_BITS: u32 = 7;

/// A place in the table: a block that was drawn, and its address.
#[derive(Debug, Default)]
struct Slot {
    entity: Cell<u64>,
    /// Purpose and number; no purpose is 0, so 0 is an empty place.
    address: Cell<u64>,
    words: [Cell<u32>; 4],
}

/// The table; one per worker.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whose draws these are.
    luck: Option<Luck>,
    slots: Box<[Slot; 1 << SLOT_BITS]>,
}

impl Default for Table {
    fn default() -> Self {
        Self { luck: None, slots: Box::new(core::array::from_fn(|_| Slot::default())) }
    }
}

/// The draws of one device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws<'a> {
    luck: Luck,
    entity: u64,
    slots: &'a [Slot; 1 << SLOT_BITS],
}

impl<'a> Draws<'a> {
    pub(crate) fn new(luck: &Luck, entity: u64, table: &'a mut Table) -> Self {
        if table.luck != Some(*luck) {
            table.luck = Some(*luck);
            table.slots.iter().for_each(|slot| slot.address.set(0));
        }
        Self { luck: *luck, entity, slots: &table.slots }
    }

    /// Four words for (purpose, n).
    #[inline]
    pub(crate) fn block(&self, purpose: Purpose, n: u32) -> [u32; 4] {
        let [a, b, c, d] = self.words(purpose, n);
        [a.get(), b.get(), c.get(), d.get()]
    }

    /// The same for a block that nobody asks for again.
    #[inline]
    pub(crate) fn once(&self, purpose: Purpose, n: u32) -> [u32; 4] {
        self.luck.block(self.entity, purpose, n)
    }

    /// The value of `quantile` for lane `lane` of a block drawn once.
    #[inline]
    pub(crate) fn of(
        &self,
        quantile: &Quantile,
        block: [u32; 4],
        purpose: Purpose,
        n: u32,
        lane: usize,
    ) -> i64 {
        quantile.draw(&self.luck, self.entity, purpose, n, lane, block)
    }

    /// The block in its place; drawn if it is not there.
    #[inline(always)]
    fn words(&self, purpose: Purpose, n: u32) -> &'a [Cell<u32>; 4] {
        let address = u64::from(purpose as u32) << 32 | u64::from(n);
        let place = (n.wrapping_add((purpose as u32) << 24)).wrapping_mul(0x9E37_79B1) >> (32 - SLOT_BITS);
        let slot = &self.slots[place as usize];
        if slot.address.get() != address || slot.entity.get() != self.entity {
            slot.address.set(address);
            self.draw(purpose, n, slot);
        }
        &slot.words
    }

    #[inline(never)]
    fn draw(&self, purpose: Purpose, n: u32, slot: &Slot) {
        slot.entity.set(self.entity);
        let block = self.luck.block(self.entity, purpose, n);
        slot.words.iter().zip(block).for_each(|(place, word)| place.set(word));
    }

    /// Whether the coin in the first (`high`: the last) two lanes of (purpose, n) is heads. One that never is needs no
    /// draw.
    #[inline]
    pub(crate) fn toss(&self, coin: Coin, purpose: Purpose, n: u32, high: bool) -> bool {
        if coin.is_never() {
            return false;
        }
        let block = self.block(purpose, n);
        coin.heads(if high { high64(block) } else { low64(block) })
    }

    /// The value of `quantile` for lane `lane` of (purpose, n). What is always the same needs no draw.
    #[inline]
    pub(crate) fn sample(&self, quantile: &Quantile, purpose: Purpose, n: u32, lane: usize) -> i64 {
        match quantile.fixed_value() {
            Some(value) => value,
            None => self.vary(quantile, purpose, n, lane),
        }
    }

    #[inline(never)]
    fn vary(&self, quantile: &Quantile, purpose: Purpose, n: u32, lane: usize) -> i64 {
        let word = self.words(purpose, n)[lane % 4].get();
        quantile.usual(word).unwrap_or_else(|| self.extreme(quantile, word, purpose, n, lane))
    }

    #[cold]
    fn extreme(&self, quantile: &Quantile, word: u32, purpose: Purpose, n: u32, lane: usize) -> i64 {
        quantile.at(word, || self.luck.tail(self.entity, purpose, n, lane))
    }
}
