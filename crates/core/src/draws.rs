//! Addressed draws: every random number is a pure function of (seed, replication, entity, purpose, n).
//!
//! Nothing is consumed, so adding a feature shifts nobody's numbers, any device can be played alone and in
//! any order, and two strategies on one seed meet the same luck. The generator is Philox4x32-10 (Salmon,
//! Moraes, Dror and Shaw, 'Parallel random numbers: as easy as 1, 2, 3', SC11), checked against the
//! known-answer vectors that its authors publish.
//!
//! *Invariant:* the numbers in [`Purpose`] never change meaning; a new purpose takes a new number.

use core::convert::Infallible;

use crate::instructions::arch;
use pulp::{Simd, WithSimd};

/// What a block of four 32-bit words is for. Related draws share a block; `n` tells repetitions apart.
///
/// | purpose | entity | n | lanes |
/// |---|---|---|---|
/// | `Ring` | device | 0 | 0-1 ring rank (64 bits), 2-3 place in a ramp that keeps its order |
/// | `Attribute` | device | hash of the attribute's name | 0-1 value of the attribute (64 bits) |
/// | `Cohort` | device | 0 | 0-1 cohort by share (64 bits) |
/// | `Habit` | device | hash of the habit's name | 0 shift of the day, 1 own phase of the day, 2 bandwidth, 3 policy-sync phase |
/// | `Silent` | device | hash of the habit's name | 0-1 no heartbeat, 2 never back (time of leaving), 3 rest of an absence under way |
/// | `Blocked` | device | hash of the habit's name | 0-1 policy conflict, 2-3 little disk |
/// | `Rollout` | device | release | 0 scan residual, 1 user's restart delay, 2 idle slot delay, 3 arrival of a push |
/// | `RampPlace` | device | release | 0-1 place in a ramp that is dealt anew each release |
/// | `Attempt` | device | release, attempt | 0-1 download failure, 2-3 install failure |
/// | `Durations` | device | release, attempt | 0 install, 1 retry, 2 restart, 3 time until the disk is freed |
/// | `Scan` | device | release, scan / 4 | one scan interval a lane |
/// | `Absence` | device | 28-day block since 1970 | 0-1 how many absences begin in the block (64 bits) |
/// | `AbsenceSpan` | device | block, which | 0 begin inside the block, 1 length |
/// | `Session` | device | day since 1970 | 0-1 on at all that day, 2 begin, 3 length |
/// | `Wake` | device | day since 1970 | 0 overdue scan, 1 overdue sync |
/// | `Defect` | device | defect | 0-1 prone to it (64 bits), 2 onset, 3 delay of a ticket |
/// | `DefectSeen` | device | defect | 0-1 telemetry sees it, 2-3 its user calls |
/// | `Repair` | device | defect | 0 until it is asked for, 1 how long it takes |
/// | `Cluster` | value of an attribute | defect | 0-1 share of that value (64 bits) |
/// | `Trouble` | device | 28-day block since 1970 | 0-1 background failures, 2-3 background tickets in the block |
/// | `TroubleAt` | device | block, which | 0 failure, 1 ticket: place inside the block |
/// | `Upload` | device | 0 | 0 phase of the uploads |
/// | `Telemetry` | device | upload since 1970 (or second of play) | 0-1 lost, 2 latency |
/// | `Uninstall` | device | release | 0-1 fails, 2 push delay, 3 how long it takes |
/// | `SwitchOff` | device | defect | 0-1 fails, 2 until the next restart |
/// | `Crew` | rule | which firing | 0 until it is noticed, 1 until it is decided |
/// | `Setting` | hash of a setting's path | 0 | 0-1 value of an uncertain setting (64 bits) |
///
/// A variate that needs a second word (see [`crate::quantile`]) takes the same lane of the block numbered
/// [`TAIL`] higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs, reason = "the table above says what each is")]
pub enum Purpose {
    Ring = 1,
    Attribute = 2,
    Cohort = 3,
    Habit = 4,
    Silent = 5,
    Blocked = 6,
    Rollout = 7,
    RampPlace = 8,
    Attempt = 9,
    Durations = 10,
    Scan = 11,
    Absence = 12,
    AbsenceSpan = 13,
    Session = 14,
    Wake = 15,
    Defect = 16,
    DefectSeen = 17,
    Repair = 18,
    Cluster = 19,
    Trouble = 20,
    TroubleAt = 21,
    Upload = 22,
    Telemetry = 23,
    Uninstall = 24,
    SwitchOff = 25,
    Crew = 26,
    Setting = 27,
}

/// Added to a purpose's number for the second word of an extreme variate.
pub const TAIL: u32 = 1 << 16;

/// The luck of one replication: the key of the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Luck {
    key: [u32; 2],
}

impl Luck {
    /// The luck of (seed, replication). For one seed, different replications have different keys.
    pub fn new(seed: u64, replication: u32) -> Self {
        let key = mix64(mix64(seed).wrapping_add(u64::from(replication)));
        Self { key: [key as u32, (key >> 32) as u32] }
    }

    /// Whether the coin in the first (`high`: the last) two lanes of (entity, purpose, n) is heads. One that never is
    /// needs no draw.
    #[inline]
    pub fn toss(&self, coin: Coin, entity: u64, purpose: Purpose, n: u32, high: bool) -> bool {
        if coin.is_never() {
            return false;
        }
        let block = self.block(entity, purpose, n);
        coin.heads(if high { high64(block) } else { low64(block) })
    }

    /// Four words for (entity, purpose, n).
    #[inline]
    pub fn block(&self, entity: u64, purpose: Purpose, n: u32) -> [u32; 4] {
        one([entity as u32, (entity >> 32) as u32, purpose as u32, n], self.key)
    }

    /// Four columns of words for (entity, purpose, n), many entities at once: the same as so many calls of
    /// [`Luck::block`], in a loop that compilers turn into vector instructions.
    #[inline(always)]
    pub(crate) fn columns<const N: usize>(
        &self,
        entities: &[[u32; N]; 2],
        purpose: Purpose,
        n: impl Fn(usize) -> u32,
        words: &mut [[u32; N]; 4],
    ) {
        let [low, high] = entities;
        let [a, b, c, d] = words;
        for i in 0..N {
            [a[i], b[i], c[i], d[i]] = philox([low[i], high[i], purpose as u32, n(i)], self.key);
        }
    }

    /// The same with the widest instructions of the machine, for one number.
    pub(crate) fn many<const N: usize>(
        &self,
        entities: &[[u32; N]; 2],
        purpose: Purpose,
        n: u32,
        words: &mut [[u32; N]; 4],
    ) {
        arch().dispatch(Many { luck: self, entities, purpose, n, words });
    }

    /// The second word of lane `lane`, for a variate in an extreme tail.
    #[cold]
    pub fn tail(&self, entity: u64, purpose: Purpose, n: u32, lane: usize) -> u32 {
        one([entity as u32, (entity >> 32) as u32, purpose as u32 + TAIL, n], self.key)[lane]
    }

    /// A stream of words for uses that consume (shuffles, designs) rather than address.
    pub fn stream(&self, name: &str) -> Stream {
        Stream { luck: *self, entity: hash64(name.as_bytes()), next: 0, block: [0; 4] }
    }
}

/// What [`Luck::many`] is asked for.
pub(crate) struct Many<'a, const N: usize> {
    pub luck: &'a Luck,
    pub entities: &'a [[u32; N]; 2],
    pub purpose: Purpose,
    pub n: u32,
    pub words: &'a mut [[u32; N]; 4],
}

impl<const N: usize> WithSimd for Many<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.luck.columns(self.entities, self.purpose, |_| self.n, self.words);
    }
}

/// Lanes 0 and 1 of a block as one 64-bit word.
#[inline]
pub fn low64(block: [u32; 4]) -> u64 {
    u64::from(block[0]) << 32 | u64::from(block[1])
}

/// Lanes 2 and 3 of a block as one 64-bit word.
#[inline]
pub fn high64(block: [u32; 4]) -> u64 {
    u64::from(block[2]) << 32 | u64::from(block[3])
}

/// Ten rounds of Philox4x32.
#[inline(always)]
fn philox(mut c: [u32; 4], mut k: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(c[0]) * 0xD251_1F53;
        let b = u64::from(c[2]) * 0xCD9E_8D57;
        c = [(b >> 32) as u32 ^ c[1] ^ k[0], b as u32, (a >> 32) as u32 ^ c[3] ^ k[1], a as u32];
        k = [k[0].wrapping_add(0x9E37_79B9), k[1].wrapping_add(0xBB67_AE85)];
    }
    c
}

/// The same for one block, whose two products a round are made together where the machine has such an instruction.
#[inline(always)]
fn one(c: [u32; 4], k: [u32; 2]) -> [u32; 4] {
    #[cfg(target_arch = "x86_64")]
    if let Some(two) = pulp::core_arch::x86::Sse2::try_new() {
        let mut c: core::arch::x86_64::__m128i = pulp::cast(c);
        let mut key = [k[0], 0, k[1], 0];
        for _ in 0..10 {
            let products = two._mm_mul_epu32(c, pulp::cast([0xD251_1F53_u32, 0, 0xCD9E_8D57, 0]));
            let odd = two._mm_xor_si128(two._mm_srli_epi64::<32>(c), pulp::cast(key));
            // Each half takes what the other one's product gives, high word first.
            c = two._mm_xor_si128(odd, two._mm_shuffle_epi32::<0b00_01_10_11>(products));
            key = [key[0].wrapping_add(0x9E37_79B9), 0, key[2].wrapping_add(0xBB67_AE85), 0];
        }
        return pulp::cast(c);
    }
    philox(c, k)
}

/// A bijection of 64-bit words that spreads every bit (the finaliser of SplitMix64).
pub const fn mix64(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A 64-bit hash of a name (FNV-1a, finished by [`mix64`]): how names become addresses.
pub const fn hash64(bytes: &[u8]) -> u64 {
    let mut h = 0xCBF2_9CE4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        h = (h ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01B3);
        i += 1;
    }
    mix64(h)
}

/// A probability as a 64-bit threshold: exact to 2^-64, so 1 in 10^9 is that and not 7 % less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coin {
    threshold: u64,
    certain: bool,
}

impl Coin {
    /// Never heads.
    pub const NEVER: Coin = Coin { threshold: 0, certain: false };

    /// Heads with probability `p`, clamped to 0..=1 (not-a-number counts as 0).
    pub fn new(p: f64) -> Self {
        // 2^64 as f64 is exact; the cast saturates, and p < 1 keeps the product below 2^64.
        Coin { threshold: (p.max(0.0) * 18_446_744_073_709_551_616.0) as u64, certain: p >= 1.0 }
    }

    /// The toss that the word decides.
    #[inline]
    pub fn heads(self, word: u64) -> bool {
        self.certain || word < self.threshold
    }

    /// The words below which it is heads.
    pub fn threshold(self) -> u64 {
        if self.certain { u64::MAX } else { self.threshold }
    }

    /// True if it can never be heads.
    pub fn is_never(self) -> bool {
        !self.certain && self.threshold == 0
    }
}

/// Consumes words of one addressed stream; implements `rand`'s generator traits.
#[derive(Clone, Debug)]
pub struct Stream {
    luck: Luck,
    entity: u64,
    next: u64,
    block: [u32; 4],
}

impl rand::TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let lane = (self.next % 4) as usize;
        if lane == 0 {
            let n = self.next / 4;
            let counter = [self.entity as u32, (self.entity >> 32) as u32, !(n >> 32) as u32, n as u32];
            self.block = one(counter, self.luck.key);
        }
        self.next += 1;
        Ok(self.block[lane])
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from(self.try_next_u32()?) | u64::from(self.try_next_u32()?) << 32)
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            let word = self.try_next_u32()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, seq::SliceRandom};

    /// Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10).
    #[test]
    fn philox_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]);
        assert_eq!(philox([!0; 4], [!0; 2]), [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]);
        assert_eq!(one([!0; 4], [!0; 2]), [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]);
        let c = [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344];
        let k = [0xA409_3822, 0x299F_31D0];
        assert_eq!(philox(c, k), [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]);
        assert_eq!(one(c, k), philox(c, k));
    }

    #[test]
    fn coins_are_exact_at_both_ends() {
        assert!(!Coin::new(0.0).heads(0));
        assert!(Coin::new(1.0).heads(u64::MAX));
        assert!(Coin::new(f64::NAN).is_never());
        assert!(Coin::new(1e-9).heads(18_446_744_072) && !Coin::new(1e-9).heads(18_446_744_073));
    }

    #[test]
    fn replications_have_different_keys() {
        let mut keys: Vec<_> = (0..10_000).map(|r| Luck::new(7, r).key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 10_000);
    }

    #[test]
    fn a_stream_serves_the_rand_crate() {
        let mut stream = Luck::new(1, 0).stream("test");
        let mut order: Vec<u32> = (0..100).collect();
        order.shuffle(&mut stream);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_ne!(order, sorted);
        let mean = (0..10_000).map(|_| stream.random::<f64>()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }
}
