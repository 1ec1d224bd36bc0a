//! One device: what it is, what it runs, what it knows.

use crate::{
    control::Command,
    hours::{Hours, blocked},
    world::{Member, What, World},
};
use rollcast_core::{
    draws::Luck,
    odds::Odds,
    plan::{DefectId, Habit, HabitAtSite, Plan},
    steps::{Cited, Observation, RestartBy, Step},
    time::SimTime,
};
use std::collections::BTreeMap;

/// What the next event of the chain is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Todo {
    /// Nothing until something is offered.
    Idle,
    /// Nothing at all.
    Stuck,
    Look,
    /// A scan, after so many draws of intervals or waits.
    Scan(u32),
    /// The wait of a scan begins anew when the hold is over.
    Held(u32),
    Downloaded,
    DiskFreed,
    InstallBegins,
    Installed,
    Connected,
    Retry,
    Restart(RestartBy),
    Boot,
    /// An uninstall is done: of the build that runs, or (`undo`) of one that never ran.
    Uninstalled {
        release: usize,
        undo: bool,
    },
    RolledBack {
        release: usize,
        undo: bool,
        restarted: SimTime,
    },
}

/// The release that the device works on.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    pub target: usize,
    pub attempt: u32,
    pub downloaded: bool,
    pub offered: SimTime,
    pub pending: SimTime,
    pub planned: Option<(SimTime, RestartBy)>,
    pub restarted: SimTime,
}

#[derive(Clone, Copy, Debug)]
pub struct Build {
    pub release: Option<usize>,
    pub from: SimTime,
}

#[derive(Clone, Copy, Debug)]
pub struct Harm {
    pub release: usize,
    pub defect: usize,
    pub from: SimTime,
    pub over: bool,
}

/// Something true that telemetry could tell.
#[derive(Clone, Debug)]
pub struct Note {
    pub cites: Cited,
    pub kinds: Vec<Observation>,
    pub sent: bool,
}

/// The last command heard, and until when it holds if it is a pause.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeardPause {
    pub number: u32,
    pub until: Option<SimTime>,
}

/// An uninstall on its way.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    pub release: usize,
    pub command: Command,
    /// When it is due; `None`: with a policy sync.
    pub due: Option<SimTime>,
    pub received: bool,
    /// It came while the device restarted into the release.
    pub late: bool,
    /// Others of this second went first.
    pub second: bool,
}

pub struct Device<'a> {
    pub index: u64,
    pub key: u64,
    pub ring: usize,
    pub habit: &'a Habit,
    pub at_site: &'a HabitAtSite,
    pub hours: Hours,
    pub conflict: bool,
    pub little_disk: bool,
    pub disk_freed: bool,
    pub every_hour: bool,
    pub prone: Vec<bool>,
    pub worked_around: Vec<bool>,
    pub offerable: Vec<SimTime>,
    /// The last second in which each release is offered to it.
    pub until: Vec<SimTime>,
    /// The oldest release that it would take.
    pub next: usize,
    pub stack: Vec<usize>,
    pub builds: Vec<Build>,
    pub last_scan: Option<SimTime>,
    /// Since when it waits for a scan.
    pub waits_from: SimTime,
    pub todo: Todo,
    pub generation: u32,
    pub hand: Option<Hand>,
    pub down: Option<SimTime>,
    /// What shall happen when it is up again.
    pub when_up: Vec<(u8, What)>,
    /// By people and rules, by freezes.
    pub paused: [HeardPause; 2],
    /// By defect: when it heard that it is switched off.
    pub switch_heard: Vec<Option<SimTime>>,
    /// What it knew before the syncs of this second.
    pub knew: (SimTime, [HeardPause; 2], Vec<Option<SimTime>>),
    pub switched_off: Vec<bool>,
    pub receipts: Vec<Receipt>,
    pub sync_generation: u32,
    pub receipt_generation: u32,
    /// Uninstalls received up to here have had their say.
    pub heard: SimTime,
    pub harms: Vec<Harm>,
    pub notes: Vec<Note>,
    pub steps: Vec<(SimTime, Step)>,
    pub seen: BTreeMap<Observation, (SimTime, Cited)>,
    pub tickets: Vec<(SimTime, Cited)>,
}

impl<'a> Device<'a> {
    pub fn new(plan: &'a Plan, luck: &Luck, odds: &Odds, m: Member) -> Self {
        let habit = plan.habits.iter().find(|h| h.members.matches(&m.values)).expect("the last one matches");
        let at_site = &habit.at_site[m.values[plan.site_attribute.0 as usize] as usize];
        let hours = Hours::of(plan, luck, m.key, m.index, habit, at_site);
        let (conflict, little_disk) = blocked(luck, m.key, habit);
        let (releases, defects) = (plan.releases.len(), plan.defects.len());
        let prone = |d: usize| odds.prone(plan, luck, DefectId(d as u16), m.key, &m.values);
        Self {
            index: m.index,
            key: m.key,
            ring: m.ring,
            habit,
            at_site,
            conflict,
            little_disk: World::listed_little_disk(plan, m.index).unwrap_or(little_disk),
            disk_freed: false,
            every_hour: hours.always || !plan.device.needs_online.scan,
            hours,
            prone: (0..defects).map(prone).collect(),
            worked_around: vec![false; defects],
            offerable: vec![SimTime::NEVER; releases],
            until: vec![SimTime(SimTime::NEVER.0 - 1); releases],
            next: 0,
            stack: Vec::new(),
            builds: vec![Build { release: None, from: SimTime::ALWAYS }],
            last_scan: None,
            waits_from: SimTime::ALWAYS,
            todo: Todo::Idle,
            generation: 0,
            hand: None,
            down: None,
            when_up: Vec::new(),
            paused: [HeardPause::default(); 2],
            switch_heard: vec![None; defects],
            knew: (SimTime::ALWAYS, [HeardPause::default(); 2], Vec::new()),
            switched_off: vec![false; defects],
            receipts: Vec::new(),
            sync_generation: 0,
            receipt_generation: 0,
            heard: SimTime::ALWAYS,
            harms: Vec::new(),
            notes: Vec::new(),
            steps: Vec::new(),
            seen: BTreeMap::new(),
            tickets: Vec::new(),
        }
    }

    pub fn build(&self) -> Build {
        *self.builds.last().expect("a device runs something")
    }

    pub fn runs(&self) -> Option<usize> {
        self.stack.last().copied()
    }

    /// The newest release from `next` on that is offered at `t`.
    pub fn newest(&self, next: usize, t: SimTime) -> Option<usize> {
        (next..self.offerable.len()).rev().find(|&i| self.offerable[i] <= t && t <= self.until[i])
    }

    /// First harmed by `release` before `by`, and before the end of its watch.
    pub fn harmed_before(&self, release: usize, by: SimTime, watched: SimTime) -> bool {
        self.harms.iter().any(|h| h.release == release && h.from < by.min(watched))
    }

    /// Runs `release` or a newer one at `by`, since before the end of its watch.
    pub fn patched_at(&self, release: usize, by: SimTime, watched: SimTime) -> bool {
        let mut since = None;
        for build in self.builds.iter().filter(|b| b.from <= by) {
            since = match build.release {
                Some(r) if r >= release => since.or(Some(build.from)),
                _ => None,
            };
        }
        since.is_some_and(|from| from < watched)
    }

    /// When something due at `due` happens that waits for the device to be on: at once, or so long after it wakes
    /// up and stays on for long enough.
    pub fn overdue(&self, due: SimTime, delay: impl Fn(SimTime) -> i64) -> Option<SimTime> {
        if self.hours.is_on(due) {
            return Some(due);
        }
        let mut stretch = self.hours.stretch(due)?;
        while !stretch.contains(stretch.from + delay(stretch.from)) {
            stretch = self.hours.stretch(stretch.to)?;
        }
        Some(stretch.from + delay(stretch.from))
    }
}
