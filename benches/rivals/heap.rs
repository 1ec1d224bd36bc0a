//! W1 as a textbook would play it: one heap of events, one state a device, one thread.
//!
//! Written from W1's definition (README.md) and built fair: events of 16 bytes, no allocation after the start, a
//! generator of a few instructions, `-ln u` for exponentials. Usage: `rival-heap 1e6 [--seed S] [--hist FILE]`.
#![allow(clippy::print_stdout, reason = "its answer is one line on stdout")]

use std::{cmp::Ordering, collections::BinaryHeap, fmt::Write as _, time::Instant};

const HORIZON: f64 = 57_600.0;
const HOURS: usize = 960;
const DAY: f64 = 1_440.0;
const DEFER: [f64; 4] = [0.0, 1_440.0, 8_640.0, 12_960.0];
const DEADLINE: [f64; 4] = [0.0, 2_880.0, 2_880.0, 7_200.0];

/// Xoshiro256++ (Blackman and Vigna), seeded by SplitMix64.
struct Random([u64; 4]);

impl Random {
    fn new(seed: u64) -> Self {
        let mut z = seed;
        Self([(); 4].map(|()| {
            z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut x = z;
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            x ^ (x >> 31)
        }))
    }

    fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform on 0..1.
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.uniform()).ln()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// First of its minute: it sees what was before.
    Monitor,
    Offer,
    Downloaded,
    InstallStart,
    InstallEnd,
    Restart,
    Failed,
    Healthy,
}

#[derive(Clone, Copy, PartialEq)]
struct Event {
    at: f64,
    device: u32,
    what: What,
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    /// The earliest is the greatest, as `BinaryHeap` wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then_with(|| (other.what, other.device).cmp(&(self.what, self.device)))
    }
}

#[derive(Clone, Copy)]
struct Device {
    phase: f32,
    ring: u8,
    attempts: u8,
}

struct World {
    random: Random,
    heap: BinaryHeap<Event>,
    devices: Vec<Device>,
    paused: [bool; 4],
    installed: [u64; 4],
    failed: [u64; 4],
    gave_up: [u64; 4],
    installs: Vec<[u64; HOURS]>,
    events: u64,
    paused_at: Option<f64>,
}

fn ends(n: usize) -> [usize; 4] {
    [n / 100, n / 10, 4 * n / 10, n]
}

/// The first minute from `t` on at which a device with this phase is on.
fn next_on(t: f64, phase: f32) -> f64 {
    let since = (t - f64::from(phase)).rem_euclid(DAY);
    if since < 480.0 { t } else { t + DAY - since }
}

impl World {
    fn new(n: usize, seed: u64) -> Self {
        let ring = |i: usize| ends(n).iter().filter(|&&end| end <= i).count().min(3) as u8;
        let mut random = Random::new(seed);
        let devices: Vec<Device> = (0..n)
            .map(|i| Device { phase: (random.uniform() * DAY) as f32, ring: ring(i), attempts: 0 })
            .collect();
        let mut offers: Vec<Event> = Vec::with_capacity(n + 1);
        for (i, device) in devices.iter().enumerate() {
            let at = DEFER[device.ring as usize] + random.uniform() * 1_320.0;
            offers.push(Event { at, device: i as u32, what: What::Offer });
        }
        offers.push(Event { at: 60.0, device: 0, what: What::Monitor });
        World {
            random,
            heap: BinaryHeap::from(offers),
            devices,
            paused: [false; 4],
            installed: [0; 4],
            failed: [0; 4],
            gave_up: [0; 4],
            installs: vec![[0; HOURS]; 4],
            events: 0,
            paused_at: None,
        }
    }

    fn run(&mut self) {
        while let Some(event) = self.heap.pop() {
            if event.at > HORIZON || (event.at == HORIZON && event.what != What::Monitor) {
                return;
            }
            let next = match event.what {
                What::Monitor => {
                    self.judge(event.at);
                    Some((event.at + 60.0, What::Monitor))
                }
                _ => self.step(event),
            };
            if let Some((at, what)) = next {
                self.heap.push(Event { at, what, ..event });
            }
        }
    }

    /// What a device does, and what it does next.
    fn step(&mut self, event: Event) -> Option<(f64, What)> {
        let Event { at, device, what } = event;
        let device = &mut self.devices[device as usize];
        let (random, ring) = (&mut self.random, device.ring as usize);
        if what == What::Offer && self.paused[ring] {
            return None;
        }
        self.events += 1;
        match what {
            What::Offer => Some((at + random.exponential(30.0), What::Downloaded)),
            What::Downloaded => Some((next_on(at, device.phase), What::InstallStart)),
            What::InstallStart => Some((at + 10.0 + 30.0 * random.uniform(), What::InstallEnd)),
            What::InstallEnd if random.uniform() < 0.03 => {
                device.attempts += 1;
                if device.attempts == 5 {
                    self.gave_up[ring] += 1;
                    return None;
                }
                Some((next_on(at + DAY, device.phase), What::InstallStart))
            }
            What::InstallEnd => {
                self.installed[ring] += 1;
                self.installs[ring][(at / 60.0) as usize] += 1;
                Some((at + random.exponential(1_080.0).min(DEADLINE[ring]), What::Restart))
            }
            What::Restart if random.uniform() < 0.0005 => {
                Some((at + random.exponential(360.0), What::Failed))
            }
            What::Restart => Some((at + DAY, What::Healthy)),
            What::Failed => {
                self.failed[ring] += 1;
                None
            }
            What::Healthy | What::Monitor => None,
        }
    }

    fn judge(&mut self, now: f64) {
        let trips =
            |r: usize| self.installed[r] >= 50 && self.failed[r] as f64 > 0.02 * self.installed[r] as f64;
        if !(0..4).any(trips) {
            return;
        }
        for (paused, defer) in self.paused.iter_mut().zip(DEFER) {
            if defer > now && !*paused {
                *paused = true;
                self.paused_at.get_or_insert(now);
            }
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| words.iter().position(|word| word == name).and_then(|i| words.get(i + 1));
    let n = words.first().and_then(|word| word.parse::<f64>().ok()).unwrap_or(1e4) as usize;
    let seed = option("--seed").and_then(|word| word.parse().ok()).unwrap_or(1);
    let begin = Instant::now();
    let mut world = World::new(n, seed);
    world.run();
    let elapsed = begin.elapsed().as_secs_f64();
    let mut rings = String::new();
    for (r, end) in ends(n).into_iter().enumerate() {
        let begin = if r == 0 { 0 } else { ends(n)[r - 1] };
        let sum: u64 = world.installs[r].iter().sum();
        let comma = if r == 0 { "" } else { ", " };
        let _ = write!(
            rings,
            r#"{comma}{{"n": {}, "installed": {sum}, "failed": {}, "gave_up": {}}}"#,
            end - begin,
            world.failed[r],
            world.gave_up[r]
        );
    }
    let paused = world.paused_at.map_or("null".to_owned(), |at| at.to_string());
    println!(
        r#"{{"impl": "heap", "devices": {n}, "seed": {seed}, "events": {}, "ticks": {HOURS}, "paused_at": {paused}, "elapsed_s": {elapsed:.6}, "rings": [{rings}]}}"#,
        world.events
    );
    if let Some(path) = option("--hist") {
        let text = format!("{:?}", world.installs);
        if let Err(error) = std::fs::write(path, text) {
            println!("cannot write {path}: {error}");
            std::process::exit(4);
        }
    }
}
