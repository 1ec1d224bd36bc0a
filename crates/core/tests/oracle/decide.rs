//! What becomes of a decision: which rings it reaches, whose pause stands, what is told to devices.

use crate::{
    control::Command,
    world::{What, World},
};
use rollcast_core::{
    control::{Event, PauseEnd},
    outcome::{Decision, Effect},
    plan::{Act, Reach, Side},
};

impl World<'_> {
    pub fn land(&mut self, mut decision: Decision, firing: Option<usize>) {
        let rings = self.plan.rings.len();
        let reach = match decision.act {
            Act::Pause { rings, .. } | Act::Resume { rings } | Act::Uninstall { rings, .. } => rings,
            Act::SwitchOff { .. } | Act::Withdraw { .. } => Reach::All,
        };
        let release = decision.release.0 as usize;
        let reached: Vec<bool> = (0..rings)
            .map(|r| match reach {
                Reach::All => true,
                Reach::Later => !self.control.starts.contains_key(&(r, release)),
                Reach::Ring(ring) => r == ring.0 as usize,
                Reach::From(ring) => r >= ring.0 as usize,
            })
            .collect();
        let of_pauses =
            matches!(decision.act, Act::Pause { .. } | Act::Resume { .. } | Act::Uninstall { .. });
        if let Some(i) = firing.filter(|_| of_pauses) {
            let about = &mut self.control.firings[i].about;
            about.iter_mut().zip(&reached).for_each(|(about, reached)| *about |= reached);
        }
        let already = match decision.act {
            Act::SwitchOff { defect } => self.control.switched_off[defect.0 as usize].is_some(),
            Act::Withdraw { release: of } => !self.withdraw(of.map_or(release, |of| of.0 as usize)),
            _ => false,
        };
        if let Act::SwitchOff { defect } = decision.act {
            self.control.switched_off[defect.0 as usize].get_or_insert(self.now);
        }
        decision.effect = (0..rings)
            .map(|r| match of_pauses {
                _ if !reached[r] => Effect::None,
                true => self.carry_out(r, &decision),
                false if already => Effect::Void,
                false => Effect::Applied,
            })
            .collect();
        self.log(Event::Landed(self.control.decisions.len() as u32));
        self.control.decisions.push(decision);
    }

    /// From the next second on the release is offered to nobody. False if that was so before.
    fn withdraw(&mut self, release: usize) -> bool {
        let now = self.now;
        let first = self.control.withdrawn.insert(release);
        if first {
            for device in &mut self.devices {
                device.until[release] = device.until[release].min(now);
            }
        }
        first
    }

    fn carry_out(&mut self, ring: usize, decision: &Decision) -> Effect {
        let standing = self.control.standing[ring].map(|(side, _)| side);
        if standing == Some(Side::Tenant) && decision.side == Side::Service {
            return Effect::Refused;
        }
        match decision.act {
            Act::Pause { for_s, .. } => self.pause(ring, decision.side, for_s, None),
            Act::Uninstall { release, for_s, .. } => {
                let release = release.unwrap_or(decision.release);
                self.pause(ring, decision.side, for_s, Some(release.0 as usize));
            }
            _ => {
                let lifts = self.plan.management.tenant_lifts_service;
                match standing {
                    None => return Effect::Void,
                    Some(Side::Service) if decision.side == Side::Tenant && !lifts => return Effect::Refused,
                    Some(_) => self.pause_over(ring, true),
                }
            }
        }
        Effect::Applied
    }

    fn pause(&mut self, ring: usize, side: Side, for_s: Option<i64>, uninstalls: Option<usize>) {
        let (now, mut expires) = (self.now, self.expires());
        self.control.numbers += 1;
        let number = self.control.numbers;
        // An uninstall without a length of its own ends with the pause that its side has ordered before.
        let ours = self.control.standing[ring].is_some_and(|(standing, _)| standing == side);
        let joins = uninstalls.is_some() && for_s.is_none() && ours;
        if joins {
            expires = self.control.expires[ring];
        } else {
            self.control.standing[ring] = Some((side, number));
            self.control.expires[ring] = expires;
        }
        let command = Command {
            landed: now,
            number,
            pause: Some(expires),
            pushed: uninstalls.is_some() && self.plan.management.uninstall.push.is_some(),
        };
        self.control.commands[ring].push(command);
        let planned = for_s.map(|for_s| now + for_s).filter(|&at| at < expires);
        let (at, why) = planned.map_or((expires, PauseEnd::Expired), |at| (at, PauseEnd::Planned));
        if !joins {
            self.control_push(at, 5, What::PauseEnds(ring, number, why));
        }
        if let Some(release) = uninstalls {
            for d in 0..self.devices.len() {
                if self.devices[d].ring == ring {
                    self.send_uninstall(d, release, command);
                }
            }
        }
    }

    pub fn pause_over(&mut self, ring: usize, told: bool) {
        let now = self.now;
        let control = &mut self.control;
        control.standing[ring] = None;
        if told {
            control.numbers += 1;
            let command = Command { landed: now, number: control.numbers, pause: None, pushed: false };
            control.commands[ring].push(command);
        }
        for watcher in &mut control.watchers {
            if let Some(i) = watcher.firing
                && control.firings[i].about[ring]
            {
                (watcher.armed, watcher.firing) = (Some(now), None);
            }
        }
    }
}
