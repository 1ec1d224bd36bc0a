//! The reference simulator: every device an object, every event in one heap, second after second.
//!
//! Written from docs/model.md. It looks ahead only at what is certain (the calendar, when a device will be on if
//! nothing takes it down), and a timer whose reason is gone does nothing when it fires. Within a second the control
//! plane comes first, because it judges what was visible before and what it orders is heard later; then the phases
//! below, device by device: syncs before the chain (a scan in the second of the sync that brings a pause finds
//! nothing), but undone if a defect takes the device down in that second.

use crate::{control::Control, device::Device};
use rollcast_core::{
    control::PauseEnd,
    draws::Luck,
    odds::Odds,
    outcome::End,
    plan::{Fleet, Plan},
    time::SimTime,
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// What happens in one second, in this order.
pub mod phase {
    pub const CONTROL: u8 = 0;
    pub const UP: u8 = 1;
    pub const SYNC: u8 = 2;
    pub const CHAIN: u8 = 3;
    pub const SWITCHED: u8 = 4;
    pub const ONSET: u8 = 5;
    pub const RECEIPT: u8 = 6;
    pub const BACKGROUND: u8 = 7;
    pub const UPLOAD: u8 = 8;
    pub const CALL: u8 = 9;
    pub const ASKED: u8 = 10;
    pub const DESK: u8 = 11;
    pub const SEEN: u8 = 12;
    pub const TRUTH: u8 = 13;
}

/// Everything that can wait in the heap. `d` is a device, numbers are indices or generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Published(usize),
    FreezeEnds(usize),
    FreezeBegins(usize),
    RingStarts(usize, usize),
    Judge,
    Noticed(usize),
    Decided(usize),
    PauseEnds(usize, u32, PauseEnd),
    Script(usize),
    Act(usize, usize),
    Truth(usize),
    /// A device is repaired.
    Up {
        d: usize,
        defect: usize,
    },
    Sync {
        d: usize,
        generation: u32,
    },
    /// A release may be offered to the device from now on.
    Offerable {
        d: usize,
    },
    /// The next step of the device's chain.
    Chain {
        d: usize,
        generation: u32,
    },
    /// Pushed content is there.
    Arrives {
        d: usize,
    },
    /// A hold may be over.
    HoldOver {
        d: usize,
    },
    SwitchedOff {
        d: usize,
        defect: usize,
    },
    Onset {
        d: usize,
        defect: usize,
        build: usize,
    },
    /// The pause that comes with an uninstall, and the uninstall itself (an index into the device's receipts).
    PausePushed {
        d: usize,
        receipt: usize,
        generation: u32,
    },
    UninstallPushed {
        d: usize,
        receipt: usize,
        generation: u32,
    },
    BackgroundFailure {
        d: usize,
    },
    BackgroundCall {
        d: usize,
    },
    /// Upload number so many.
    Upload {
        d: usize,
        number: i64,
    },
    /// An upload of one note, at once.
    UploadOf {
        d: usize,
        note: usize,
    },
    Call {
        d: usize,
        harm: usize,
    },
    Asked {
        d: usize,
        defect: usize,
    },
    Desk {
        defect: usize,
    },
    Seen {
        d: usize,
        note: usize,
    },
}

/// Order within one phase and second, before the order in which events were put in.
pub type Order = (u8, SimTime, usize, usize, usize, usize);

/// When, phase, order within it, number.
type Entry = (SimTime, u8, Order, u64, What);

pub struct World<'a> {
    pub plan: &'a Plan,
    pub luck: Luck,
    pub now: SimTime,
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
    pub devices: Vec<Device<'a>>,
    pub control: Control,
    pub desks: Vec<Desk>,
    pub end: End,
}

/// Repair of one defect.
#[derive(Debug, Default)]
pub struct Desk {
    /// (asked, key, device).
    queue: Vec<(SimTime, u64, usize)>,
    day: usize,
    begun_today: u64,
    /// Repairs that had to wait for another day.
    pub waited: u64,
}

/// Who is simulated: position in the fleet, key, attributes, ring.
pub struct Member {
    pub index: u64,
    pub key: u64,
    pub values: Vec<u16>,
    pub ring: usize,
}

impl<'a> World<'a> {
    pub fn new(plan: &'a Plan, seed: u64, replication: u32, members: Vec<Member>) -> Self {
        let luck = Luck::new(seed, replication);
        let odds = Odds::new(plan, &luck);
        let devices = members.into_iter().map(|m| Device::new(plan, &luck, &odds, m)).collect();
        Self {
            plan,
            luck,
            now: SimTime::ALWAYS,
            heap: BinaryHeap::new(),
            sequence: 0,
            devices,
            control: Control::new(plan),
            desks: plan.defects.iter().map(|_| Desk::default()).collect(),
            end: End::Completed,
        }
    }

    pub fn push(&mut self, at: SimTime, phase: u8, what: What) {
        self.push_ordered(at, phase, (0, SimTime(0), 0, 0, 0, 0), what);
    }

    pub fn push_ordered(&mut self, at: SimTime, phase: u8, order: Order, what: What) {
        if at < self.plan.horizon {
            assert!(at >= self.now, "time runs back to {at}: {what:?}");
            self.sequence += 1;
            self.heap.push(Reverse((at, phase, order, self.sequence, what)));
        }
    }

    /// Plays everything.
    pub fn run(&mut self) {
        self.open_control();
        for d in 0..self.devices.len() {
            self.open_device(d);
        }
        while let Some(Reverse((at, _, _, _, what))) = self.heap.pop() {
            self.now = at;
            if self.end != End::Completed {
                return;
            }
            self.happen(what);
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Up { d, defect } => self.up(d, defect),
            What::Sync { d, generation } => self.sync(d, generation),
            What::Offerable { d } => self.offerable(d),
            What::Chain { d, generation } => self.chain(d, generation),
            What::Arrives { d } => self.arrives(d),
            What::HoldOver { d } => self.hold_over(d),
            What::SwitchedOff { d, defect } => self.switched_off(d, defect),
            What::Onset { d, defect, build } => self.onset(d, defect, build),
            What::PausePushed { d, receipt, generation } => self.pause_pushed(d, receipt, generation),
            What::UninstallPushed { d, receipt, generation } => self.uninstall_pushed(d, receipt, generation),
            What::BackgroundFailure { d } => self.background_failure(d),
            What::BackgroundCall { d } => self.background_call(d),
            What::Upload { d, number } => self.upload(d, number),
            What::UploadOf { d, note } => self.upload_of(d, note),
            What::Call { d, harm } => self.call(d, harm),
            What::Asked { d, defect } => self.asked(d, defect),
            What::Desk { defect } => self.serve(defect),
            What::Seen { d, note } => self.seen(d, note),
            other => self.control_event(other),
        }
    }

    /// Listed facts of a device, if it comes from an inventory.
    pub fn listed_little_disk(plan: &Plan, index: u64) -> Option<bool> {
        match &plan.fleet {
            Fleet::Listed(listed) => listed.facts[index as usize].little_disk,
            Fleet::Described(_) => None,
        }
    }

    fn asked(&mut self, d: usize, defect: usize) {
        let key = self.devices[d].key;
        self.desks[defect].queue.push((self.now, key, d));
        self.desks[defect].queue.sort_unstable();
        self.push(self.now, phase::DESK, What::Desk { defect });
    }

    /// The desk looks whether it can begin with whoever is first.
    fn serve(&mut self, defect: usize) {
        let (plan, now) = (self.plan, self.now);
        let repair = plan.defects[defect].repair.as_ref().expect("somebody asked");
        while let Some(&(asked, key, d)) = self.desks[defect].queue.first() {
            let open = match &repair.hours {
                None => now,
                Some(hours) => match hours.next(now) {
                    Some(span) => span.from.max(now),
                    None => return,
                },
            };
            if open > now {
                return self.push(open, phase::DESK, What::Desk { defect });
            }
            let desk = &mut self.desks[defect];
            let today = plan.midnights.partition_point(|&midnight| midnight <= now);
            if today != desk.day {
                (desk.day, desk.begun_today) = (today, 0);
            }
            if repair.at_most_a_day.is_some_and(|most| desk.begun_today >= most) {
                desk.waited += 1;
                let Some(&tomorrow) = plan.midnights.get(today) else { return };
                return self.push(tomorrow, phase::DESK, What::Desk { defect });
            }
            desk.begun_today += 1;
            desk.queue.retain(|entry| *entry != (asked, key, d));
            let takes = self.repair_takes(d, defect);
            self.push(now + takes, phase::UP, What::Up { d, defect });
        }
    }
}
