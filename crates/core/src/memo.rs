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

/// A block that was drawn, and its address.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    entity: u64,
    /// Purpose and number; no purpose is 0, so 0 is an empty place.
    address: u64,
    block: [u32; 4],
}

/// The table; one per worker.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whose draws these are.
    luck: Option<Luck>,
    slots: Box<[Cell<Kept>; 1 << SLOT_BITS]>,
}

impl Default for Table {
    fn default() -> Self {
        Self { luck: None, slots: Box::new([const { Cell::new(EMPTY) }; 1 << SLOT_BITS]) }
    }
}

const EMPTY: Kept = Kept { entity: 0, address: 0, block: [0; 4] };

/// The draws of one device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws<'a> {
    luck: Luck,
    entity: u64,
    slots: &'a [Cell<Kept>; 1 << SLOT_BITS],
}

impl<'a> Draws<'a> {
    pub(crate) fn new(luck: &Luck, entity: u64, table: &'a mut Table) -> Self {
        if table.luck != Some(*luck) {
            table.luck = Some(*luck);
            table.slots.iter().for_each(|slot| slot.set(EMPTY));
        }
        Self { luck: *luck, entity, slots: &table.slots }
    }

    /// Four words for (purpose, n).
    #[inline(always)]
    pub(crate) fn block(&self, purpose: Purpose, n: u32) -> [u32; 4] {
        let address = u64::from(purpose as u32) << 32 | u64::from(n);
        let place = (n.wrapping_add((purpose as u32) << 24)).wrapping_mul(0x9E37_79B1) >> (32 - SLOT_BITS);
        let slot = &self.slots[place as usize];
        let kept = slot.get();
        if kept.address == address && kept.entity == self.entity {
            return kept.block;
        }
        self.draw(purpose, n, slot)
    }

    #[inline(never)]
    fn draw(&self, purpose: Purpose, n: u32, slot: &Cell<Kept>) -> [u32; 4] {
        let block = self.luck.block(self.entity, purpose, n);
        let address = u64::from(purpose as u32) << 32 | u64::from(n);
        slot.set(Kept { entity: self.entity, address, block });
        block
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
        quantile.fixed_value().unwrap_or_else(|| {
            quantile.at(self.block(purpose, n)[lane], || self.luck.tail(self.entity, purpose, n, lane))
        })
    }
}
