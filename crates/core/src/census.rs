//! Who is where: the fleet by attribute and ring, before anything is played. Seats are counted before rules are judged;
//! what the devices of a ring are, which rules do not ask, is counted when the ring is played first.

use crate::{device::Device, plan::Plan, roll::Seat};

/// How many devices of the fleet and of each ring have each value of each attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// All devices.
    pub devices: u64,
    /// Registered devices.
    pub registered: u64,
    /// Devices that cannot be registered, by the loader's list of reasons.
    pub unregistered: Vec<u64>,
    /// Registered devices of no ring.
    pub ringless: u64,
    /// Registered devices of each ring.
    pub ring_sizes: Vec<u64>,
    /// Registered devices of the fleet: per attribute, per value.
    pub fleet: Vec<Vec<u64>>,
    /// The same for each ring.
    pub rings: Vec<Vec<Vec<u64>>>,
}

impl Census {
    /// Before anybody was counted.
    pub(crate) fn new(plan: &Plan) -> Self {
        let zeros =
            || -> Vec<Vec<u64>> { plan.attributes.iter().map(|a| vec![0; a.values as usize]).collect() };
        Census {
            devices: 0,
            registered: 0,
            unregistered: vec![0; usize::from(u8::MAX)],
            ringless: 0,
            ring_sizes: vec![0; plan.rings.len()],
            fleet: zeros(),
            rings: vec![zeros(); plan.rings.len()],
        }
    }

    /// Counts `n` devices by their seats alone.
    pub(crate) fn seat(&mut self, seat: Seat, n: u64) {
        match seat {
            Seat::In(ring) => self.ring_sizes[ring.0 as usize] += n,
            Seat::Ringless => self.ringless += n,
            // They are counted by the reason.
            Seat::Unregistered => {}
        }
    }

    /// Counts what `n` devices are that are like `device`.
    pub(crate) fn count(&mut self, device: &Device<'_>, seat: Seat, n: u64) {
        if let Some(reason) = device.unregistered {
            self.unregistered[reason as usize] += n;
            return;
        }
        let counts = match seat {
            Seat::In(ring) => &mut self.rings[ring.0 as usize],
            _ => &mut self.fleet,
        };
        for (counts, &value) in counts.iter_mut().zip(device.values) {
            counts[value as usize] += n;
        }
    }

    /// Adds the rings up, and drops reasons that nobody has from the end of the list.
    pub(crate) fn finish(mut self) -> Self {
        for ring in &self.rings {
            for (fleet, of_ring) in self.fleet.iter_mut().zip(ring) {
                fleet.iter_mut().zip(of_ring).for_each(|(fleet, of_ring)| *fleet += of_ring);
            }
        }
        self.registered = self.ring_sizes.iter().sum::<u64>() + self.ringless;
        self.devices = self.registered + self.unregistered.iter().sum::<u64>();
        while self.unregistered.last() == Some(&0) {
            self.unregistered.pop();
        }
        self
    }

    /// Adds the count of other devices of the same plan.
    pub(crate) fn add(&mut self, other: &Census) {
        let add = |a: &mut [u64], b: &[u64]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        self.ringless += other.ringless;
        add(&mut self.unregistered, &other.unregistered);
        add(&mut self.ring_sizes, &other.ring_sizes);
        for (a, b) in self.fleet.iter_mut().zip(&other.fleet) {
            add(a, b);
        }
        for (a, b) in self.rings.iter_mut().zip(&other.rings) {
            for (a, b) in a.iter_mut().zip(b) {
                add(a, b);
            }
        }
    }

    /// How well ring `ring` stands for the fleet in attribute `attribute`: 1 minus the total-variation
    /// distance between the two distributions of values; 1 is a perfect miniature. `None` for an empty ring.
    pub fn likeness(&self, ring: usize, attribute: usize) -> Option<f64> {
        let (of_ring, of_fleet) = (self.ring_sizes[ring] as f64, self.registered as f64);
        if of_ring == 0.0 || of_fleet == 0.0 {
            return None;
        }
        let pairs = self.rings[ring][attribute].iter().zip(&self.fleet[attribute]);
        let distance: f64 = pairs.map(|(&r, &f)| (r as f64 / of_ring - f as f64 / of_fleet).abs()).sum();
        Some(1.0 - 0.5 * distance)
    }

    /// Share of the fleet's values of `attribute` (those that occur) that occur in ring `ring` as well.
    pub fn coverage(&self, ring: usize, attribute: usize) -> Option<f64> {
        let present = self.fleet[attribute].iter().filter(|&&n| n > 0).count();
        let pairs = self.rings[ring][attribute].iter().zip(&self.fleet[attribute]);
        let covered = pairs.filter(|(r, f)| **r > 0 && **f > 0).count();
        (present > 0 && self.ring_sizes[ring] > 0).then(|| covered as f64 / present as f64)
    }
}
