//! The plan that a small scenario stands for.

use crate::spec::*;
use rollcast_core::{
    draws::{Coin, hash64},
    family::Family,
    plan::*,
    quantile::Quantile,
    time::{DAY_S, HOUR_S, SimTime},
    windows::{Span, Windows},
};

const SITES: u16 = 2;
const MODELS: u16 = 3;

fn key24(name: &str, i: usize) -> u32 {
    (hash64(format!("{name}{i}").as_bytes()) >> 40) as u32
}

fn mask(bits: u8, of: usize) -> Vec<bool> {
    (0..of).map(|i| bits >> i & 1 == 1).collect()
}

impl Lasts {
    pub fn quantile(self) -> Quantile {
        match self {
            Lasts::Fixed(s) => Quantile::fixed(s),
            Lasts::Uniform(low, width) => Quantile::uniform(low as f64, (low + width) as f64),
            Lasts::Exponential(mean) => Quantile::family(Family::Exponential { mean: mean.max(1) as f64 }),
        }
    }
}

impl Spec {
    fn windows(&self, from_h: i64, to_h: i64, weekends: bool) -> Windows {
        let days = (-20..self.days + 5).filter(|day| weekends || day.rem_euclid(7) < 5);
        let at = |day: i64, h: i64| SimTime(day * DAY_S + h * HOUR_S);
        Windows::new(days.map(|day| Span { from: at(day, from_h), to: at(day, to_h) }).collect())
    }

    fn office(&self) -> Windows {
        self.windows(8, 17, false)
    }

    fn habit(&self, i: usize, spec: &HabitSpec) -> Habit {
        let last = i + 1 == self.habits.len();
        let model = |value: usize| vec![(AttributeId(1), (0..MODELS as usize).map(|v| v == value).collect())];
        let site = |value: u16| HabitAtSite {
            online: match spec.online {
                OnlineSpec::Hours(from, to, weekends) => self.windows(from, to, weekends),
                _ => Windows::default(),
            },
            active: spec.active.map_or(Windows::default(), |(from, to)| self.windows(from, to, true)),
            install_windows: self.windows(2, 9, true),
            closed: match spec.closed {
                Some((day, days)) if value == 1 && !matches!(spec.online, OnlineSpec::Always) => {
                    let span = Span { from: SimTime::from_days(day), to: SimTime::from_days(day + days) };
                    Windows::new(vec![span])
                }
                _ => Windows::default(),
            },
            bandwidth: (value == 1).then(|| Quantile::uniform(100_000.0, 5_000_000.0)),
        };
        Habit {
            key: key24("habit", i),
            members: Filter { any_of: if last { vec![] } else { vec![model(i)] } },
            online: match spec.online {
                OnlineSpec::Always => Online::Always,
                OnlineSpec::Hours(..) => Online::Hours,
                OnlineSpec::Daily(hours) => Online::Daily { on_s: hours * HOUR_S },
                OnlineSpec::Sporadic(day, session) => {
                    Online::Sporadic { day: Coin::new(day), session: session.quantile() }
                }
            },
            shift: spec.shift.quantile(),
            away: spec.away.map(|(share, lasts)| Away::new(share, lasts.quantile())),
            no_heartbeat: Coin::new(spec.no_heartbeat),
            never_back: spec.never_back.map(Lasts::quantile),
            policy_conflict: Coin::new(spec.conflict),
            little_disk: Coin::new(spec.little_disk),
            bandwidth: Quantile::fixed(2_000_000),
            at_site: (0..SITES).map(site).collect(),
            scheduled: spec.scheduled,
        }
    }

    fn ring(&self, i: usize, spec: &RingSpec) -> Ring {
        let last = i + 1 == self.rings.len();
        let size = if last { RingSize::Rest } else { RingSize::Pool(Amount::Count(spec.count)) };
        let gate = spec.gate.filter(|_| i > 0).map(|(back, share, wait_s)| {
            let after = RingId((i - 1 - back % i) as u16);
            Gate { after, share, wait_s }
        });
        let ramp = spec.ramp.as_ref().map_or(Ramp::at_once(), |ramp| Ramp {
            points: vec![(ramp.first, 0), (ramp.last.max(ramp.first + 0.01), ramp.over_s)],
            linear: ramp.linear,
            keeps_order: ramp.kept,
        });
        Ring {
            members: Members { filter: Filter::default(), size },
            deferral_s: spec.deferral_s,
            deadline_s: spec.deadline_s,
            grace_s: spec.grace_s,
            gate,
            ramp,
            in_objective: true,
            objective_s: spec.deferral_s + spec.deadline_s.unwrap_or(0) + 5 * DAY_S,
            returned_objective_s: None,
        }
    }

    fn release_list(&self) -> Vec<Release> {
        let horizon = SimTime::from_days(self.days);
        let mut at = SimTime(0);
        let releases = self.releases.iter().enumerate();
        releases
            .map(|(i, spec)| {
                at = if i == 0 { at } else { at + spec.after_s };
                let push = Push { reaches: spec.reaches.quantile(), ignores_rings: spec.past_rings };
                Release {
                    key: key24("release", i),
                    published: at,
                    watched_until: horizon.min(at + spec.watched_s),
                    size_bytes: 700_000_000,
                    follows: (spec.follows && i > 0 && !self.pushes).then(|| ReleaseId(i as u16 - 1)),
                    push: self.pushes.then_some(push),
                    exploit: None,
                }
            })
            .filter(|release| release.published < horizon)
            .collect()
    }

    fn act(&self, spec: &ActSpec) -> Act {
        let releases = self.release_list().len();
        let ring = RingId((spec.reach.1 % self.rings.len()) as u16);
        let rings = match spec.reach.0 {
            0 => Reach::All,
            1 => Reach::Later,
            2 => Reach::Ring(ring),
            _ => Reach::From(ring),
        };
        let release = spec.of.map(|of| ReleaseId((of % releases) as u16));
        match spec.kind {
            0 => Act::Pause { rings, for_s: spec.for_s },
            1 => Act::Resume { rings },
            2 => Act::Uninstall { release, rings, for_s: spec.for_s },
            3 if !self.defects.is_empty() => {
                Act::SwitchOff { defect: DefectId((spec.of.unwrap_or(0) % self.defects.len()) as u16) }
            }
            3 => Act::Pause { rings, for_s: spec.for_s },
            _ => Act::Withdraw { release },
        }
    }

    fn defect(&self, i: usize, spec: &DefectSpec, releases: usize) -> Defect {
        let model = |value: u16| vec![(AttributeId(1), (0..MODELS).map(|v| v == value).collect())];
        let share = spec.prevalence.1;
        Defect {
            key: key24("defect", i),
            releases: mask(spec.releases, releases),
            members: Filter { any_of: if spec.one_model { vec![model(1)] } else { vec![] } },
            prevalence: match spec.prevalence.0 {
                0 => Prevalence::Share(Coin::new(share)),
                1 => {
                    let coins = [share, 1.0 - share, 0.5].map(Coin::new).to_vec();
                    Prevalence::ByValue(AttributeId(1), coins)
                }
                _ => {
                    let mean = share.clamp(0.1, 0.9);
                    Prevalence::Clustered { by: AttributeId(1), mean, correlation: 0.4 }
                }
            },
            shows: match spec.shows {
                ShowsSpec::InInstall => Shows::InInstall,
                ShowsSpec::After(after) => Shows::AfterRestart(after.quantile()),
                ShowsSpec::On(at) => Shows::On(SimTime(at)),
            },
            severity: [Severity::Annoying, Severity::Degraded, Severity::Down][usize::from(spec.severity)],
            telemetry: Coin::new(spec.telemetry),
            ticket: spec.ticket.map(|(share, after, office)| Ticket {
                share: Coin::new(share),
                after: after.quantile(),
                hours: office.then(|| self.office()),
            }),
            repair: spec.repair.as_ref().map(|repair| Repair {
                asked_after: repair.asked.quantile(),
                takes: repair.takes.quantile(),
                hours: repair.office.then(|| self.office()),
                at_most_a_day: repair.a_day,
                leaves: if repair.removes { Leaves::Removed } else { Leaves::WorkedAround },
            }),
        }
    }

    fn rule(&self, i: usize, spec: &RuleSpec, releases: usize) -> Rule {
        let count = [Counted::Failed, Counted::InstallFailed, Counted::Tickets][usize::from(spec.count)];
        let of = |which: u8| match which {
            _ if count == Counted::Tickets => Denominator::Registered,
            0 => Denominator::Registered,
            1 => Denominator::Offered,
            2 => Denominator::Installed,
            _ => Denominator::Reported,
        };
        Rule {
            key: key24("rule", i),
            crew: spec.crew.filter(|_| !self.crews.is_empty()).map(|c| CrewId((c % self.crews.len()) as u16)),
            side: side(spec.service),
            releases: mask(spec.releases, releases),
            rings: mask(spec.rings, self.rings.len()),
            each_ring: spec.each_ring,
            when: Condition {
                count,
                within_s: spec.within_s,
                at_least: spec.at_least,
                share: spec.share.map(|(which, above, min_sample)| ShareOf {
                    of: of(which),
                    above,
                    min_sample,
                }),
            },
            evaluate: match spec.daily_s {
                Some(s) => Evaluate::At((0..self.days).map(|day| SimTime(day * DAY_S + s)).collect()),
                None => Evaluate::Tick,
            },
            acts: spec.acts.iter().map(|act| self.act(act)).collect(),
        }
    }

    fn device_rules(&self) -> DeviceRules {
        let spec = &self.device;
        let (in_download, in_install) = spec.failures;
        let failure =
            |in_download: bool, share: f64| Failure { in_download, upto: cause_bounds(&[share])[0] };
        let (total, piece) = spec.connectivity.unwrap_or((6, 2));
        DeviceRules {
            scan: match spec.scan {
                ScanSpec::Every(longest_s, less) => {
                    let (low, high) = (longest_s as f64 * (1.0 - less), longest_s as f64);
                    Scan::Every {
                        interval: Quantile::uniform(low, high),
                        residual: Quantile::family(Family::Residual { low, high }),
                        longest_s,
                    }
                }
                ScanSpec::Wait(wait) => Scan::Wait(wait.quantile()),
            },
            sync_every_s: spec.sync_every_s,
            wake_scan: spec.wake_scan.quantile(),
            wake_sync: spec.wake_sync.quantile(),
            download_takes: spec.download.map(Lasts::quantile),
            install_takes: spec.install.quantile(),
            needs_online: NeedsOnline {
                scan: spec.needs.0,
                download: spec.needs.1,
                install: match spec.install_online {
                    0 => InstallOnline::Resumes,
                    1 => InstallOnline::Begins,
                    _ => InstallOnline::Ignores,
                },
                restart: spec.needs.2,
                telemetry: spec.uploads_wait,
            },
            connectivity: Connectivity {
                total_s: total * HOUR_S,
                continuous_s: piece * HOUR_S,
                gates: spec.connectivity.is_some(),
            },
            failures: vec![failure(true, in_download), failure(false, in_install)],
            retry_after: spec.retry.quantile(),
            attempts: spec.attempts,
            disk_freed_after: spec.freed.map(Lasts::quantile),
            restart: Restart {
                user: spec.user.map(Lasts::quantile),
                idle: spec.idle.map(Lasts::quantile),
                anchor: [Anchor::Offer, Anchor::Release, Anchor::Pending][usize::from(spec.anchor)],
                warning_s: spec.warning_s,
                takes: spec.restart.quantile(),
            },
            telemetry: Telemetry {
                every_s: spec.upload_every_s,
                loss: Coin::new(spec.loss),
                latency: spec.latency.quantile(),
                success: if spec.installed_is_success { Success::Installed } else { Success::Restarted },
            },
        }
    }

    fn fleet(&self) -> Fleet {
        let Some(days) = self.listed else {
            let third = u64::MAX / 3;
            let picks = vec![
                Pick::Shares(vec![(u64::MAX / 2, 0), (u64::MAX, 1)]),
                Pick::Shares(vec![(third, 0), (2 * third, 1), (u64::MAX, 2)]),
            ];
            let cohort = Cohort { key: key24("cohort", 0), picks, unregistered: None };
            return Fleet::Described(Described {
                devices: self.devices,
                counted: vec![(self.devices, cohort.clone())],
                shared: vec![(u64::MAX, cohort)],
                shared_key: key24("shared", 0),
            });
        };
        let all = 0..self.devices;
        let facts = |i: u64| ListedFacts {
            ring: u8::MAX,
            unregistered: u8::MAX,
            little_disk: (i.is_multiple_of(4)).then_some(i.is_multiple_of(8)),
            away_for_s: if i.is_multiple_of(3) { (days * DAY_S) as u32 } else { 0 },
        };
        Fleet::Listed(Listed {
            keys: all.clone().map(|i| hash64(&i.to_le_bytes())).collect(),
            values: all.clone().flat_map(|i| [(i % 2) as u16, (i % 3) as u16]).collect(),
            facts: all.map(facts).collect(),
        })
    }

    pub fn plan(&self) -> Plan {
        let all = |list: &[FreezeSpec]| -> Vec<Freeze> {
            let spans = |f: &FreezeSpec| {
                let first = Span { from: SimTime(f.from_s), to: SimTime(f.from_s + f.lasts_s) };
                let again = f.again_s.map(|s| Span { from: first.to + s, to: first.to + s + f.lasts_s });
                [Some(first), again].into_iter().flatten().collect()
            };
            let by = |by: u8| [FreezeBy::Pause, FreezeBy::HoldRestarts, FreezeBy::Ideal][usize::from(by)];
            let freeze = |f: &FreezeSpec| Freeze {
                spans: spans(f),
                rings: mask(f.rings, self.rings.len()),
                by: by(f.by),
            };
            list.iter().map(freeze).collect()
        };
        let releases = self.release_list();
        let count = releases.len();
        let mut scripted: Vec<Scripted> = self
            .scripts
            .iter()
            .map(|s| Scripted { at: SimTime(s.at_s), side: side(s.service), act: self.act(&s.act) })
            .collect();
        scripted.sort_by_key(|s| s.at);
        let rate = |share: f64| (share > 0.0).then(|| Poisson::share_per(share, 10 * DAY_S));
        let m = &self.management;
        Plan {
            tick_s: self.tick_s,
            epoch_unix_s: 1_794_333_600,
            horizon: SimTime::from_days(self.days),
            fleet: self.fleet(),
            attributes: vec![
                AttributeDomain { key: 1, values: SITES },
                AttributeDomain { key: 2, values: MODELS },
            ],
            habits: self.habits.iter().enumerate().map(|(i, h)| self.habit(i, h)).collect(),
            site_attribute: AttributeId(0),
            rings: self.rings.iter().enumerate().map(|(i, r)| self.ring(i, r)).collect(),
            automatic: Automatic { small_upto: 200, batch: None, counts_batch: true },
            ring_order: RingOrder::Drawn,
            releases,
            device: self.device_rules(),
            freezes: all(&self.freezes),
            objective: Objective { share: 0.95, heard_within_s: 5 * DAY_S },
            defects: self.defects.iter().enumerate().map(|(i, d)| self.defect(i, d, count)).collect(),
            background: Background {
                failures: rate(self.background.0),
                tickets: rate(self.background.1),
                ticket_hours: Some(self.office()),
            },
            crews: (self.crews.iter().enumerate())
                .map(|(i, crew)| Crew {
                    key: key24("crew", i),
                    staff: crew.staff,
                    hours: if crew.office { self.office() } else { self.windows(0, 24, true) },
                    notices: crew.notices.quantile(),
                    decides: crew.decides.quantile(),
                    paged_after_s: crew.paged_s,
                })
                .collect(),
            rules: self.rules.iter().enumerate().map(|(i, r)| self.rule(i, r, count)).collect(),
            scripted,
            management: Management {
                pause_expires_s: m.expires_s,
                tenant_lifts_service: m.lifts,
                uninstall: Uninstall {
                    push: m.push.map(Lasts::quantile),
                    takes: m.takes.quantile(),
                    fails: Coin::new(m.fails),
                },
                switch_off: SwitchOff {
                    restart_after: m.restart_after.quantile(),
                    fails: Coin::new(m.switch_fails),
                },
                max_decisions: m.max_decisions,
            },
            midnights: (-1..self.days + 3).map(|day| SimTime(day * DAY_S + 6 * HOUR_S)).collect(),
            costs: None,
        }
    }
}

fn side(service: bool) -> Side {
    if service { Side::Service } else { Side::Tenant }
}
