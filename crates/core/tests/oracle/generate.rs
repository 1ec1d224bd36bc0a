//! Random scenarios that reach every feature of a plan, and shrink to plain ones.

use crate::spec::*;
use proptest::{collection::vec as few, option::weighted, prelude::*, sample::select};
use rollcast_core::time::{DAY_S, HOUR_S};

/// A length of time around `scale` seconds, often nothing at all.
fn lasts(scale: i64) -> impl Strategy<Value = Lasts> {
    prop_oneof![
        2 => Just(Lasts::Fixed(0)),
        2 => (0..=scale).prop_map(Lasts::Fixed),
        4 => (0..=scale / 4, 1..=scale).prop_map(|(low, width)| Lasts::Uniform(low, width)),
        1 => (1..=scale).prop_map(Lasts::Exponential),
    ]
}

/// How long what is overdue waits after a wake-up.
fn wakes() -> impl Strategy<Value = Lasts> {
    prop_oneof![
        1 => (0..1_500_i64).prop_map(Lasts::Fixed),
        2 => (0..500_i64, 1..1_000_i64).prop_map(|(low, width)| Lasts::Uniform(low, width)),
    ]
}

fn share() -> impl Strategy<Value = f64> {
    select(vec![0.0, 0.1, 0.3, 0.5, 0.8, 1.0])
}

/// The same, but not nothing: what begins and ends in one second is neither.
fn some_time(scale: i64) -> impl Strategy<Value = Lasts> {
    prop_oneof![
        (1..=scale).prop_map(Lasts::Fixed),
        (1..=scale / 4, 1..=scale).prop_map(|(low, width)| Lasts::Uniform(low, width)),
    ]
}

fn often() -> impl Strategy<Value = f64> {
    prop_oneof![2 => Just(1.0), 1 => share()]
}

/// All of them, or some.
fn which() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(u8::MAX), 1 => any::<u8>()]
}

fn rare() -> impl Strategy<Value = f64> {
    prop_oneof![5 => Just(0.0), 1 => select(vec![0.1, 0.3, 0.6])]
}

fn hours(from: i64, to: i64) -> impl Strategy<Value = i64> {
    prop_oneof![(from..=to).prop_map(|h| h * HOUR_S), from * HOUR_S..=to * HOUR_S]
}

fn habit() -> impl Strategy<Value = HabitSpec> {
    // Longer than what is overdue waits for after a wake-up: otherwise it waits for weeks.
    let session = (1_800..9_000_i64, 1..30_000_i64).prop_map(|(low, width)| Lasts::Uniform(low, width));
    let online = prop_oneof![
        3 => Just(OnlineSpec::Always),
        3 => (0..16_i64, 1..9_i64, any::<bool>()).prop_map(|(from, n, all)| OnlineSpec::Hours(from, from + n, all)),
        1 => (1..23_i64).prop_map(OnlineSpec::Daily),
        1 => (select(vec![0.3, 0.6, 0.9]), session).prop_map(|(day, l)| OnlineSpec::Sporadic(day, l)),
    ];
    let away = weighted(0.2, (select(vec![0.1, 0.3, 0.6]), (DAY_S..10 * DAY_S).prop_map(Lasts::Fixed)));
    let never_back = weighted(0.1, (DAY_S..60 * DAY_S).prop_map(Lasts::Exponential));
    let active = weighted(0.4, (0..12_i64, 1..12_i64).prop_map(|(from, n)| (from, from + n)));
    let closed = weighted(0.1, (0..20_i64, 1..4_i64));
    let rest = (rare(), rare(), rare(), weighted(0.1, Just(())), active, closed);
    (online, lasts(2 * HOUR_S), away, never_back, rest).prop_map(|(online, shift, away, never_back, rest)| {
        let (no_heartbeat, conflict, little_disk, scheduled, active, closed) = rest;
        HabitSpec {
            online,
            shift,
            away,
            no_heartbeat,
            never_back,
            conflict,
            little_disk,
            scheduled: scheduled.is_some(),
            active,
            closed,
        }
    })
}

fn ring() -> impl Strategy<Value = RingSpec> {
    let ramp =
        (select(vec![0.0, 0.1, 0.5]), select(vec![0.6, 1.0]), hours(1, 120), any::<bool>(), any::<bool>());
    let ramp =
        ramp.prop_map(|(first, last, over_s, linear, kept)| RampSpec { first, last, over_s, linear, kept });
    (
        0..20_u64,
        prop_oneof![2 => Just(0), 1 => hours(0, 150)],
        weighted(0.6, hours(0, 150)),
        prop_oneof![Just(0), hours(0, 60)],
        weighted(0.2, (0..4_usize, share(), prop_oneof![Just(0), hours(0, 50)])),
        weighted(0.25, ramp),
    )
        .prop_map(|(count, deferral_s, deadline_s, grace_s, gate, ramp)| RingSpec {
            count,
            deferral_s,
            deadline_s,
            grace_s,
            gate,
            ramp,
        })
}

fn release() -> impl Strategy<Value = ReleaseSpec> {
    let watched = prop_oneof![3 => Just(60 * DAY_S), 1 => hours(48, 400)];
    (hours(1, 240), watched, weighted(0.3, Just(())), lasts(4 * HOUR_S), any::<bool>()).prop_map(
        |(after_s, watched_s, follows, reaches, past_rings)| ReleaseSpec {
            after_s,
            watched_s,
            follows: follows.is_some(),
            reaches,
            past_rings,
        },
    )
}

fn device() -> impl Strategy<Value = DeviceSpec> {
    let scan = prop_oneof![
        2 => (select(vec![6, 22, 30]), select(vec![0.2, 0.5])).prop_map(|(h, less)| ScanSpec::Every(h * HOUR_S, less)),
        2 => lasts(22 * HOUR_S).prop_map(ScanSpec::Wait),
    ];
    let looks = (scan, select(vec![1, 6, 8, 24]), wakes(), wakes());
    let yes = || prop_oneof![4 => Just(true), 1 => Just(false)];
    let gets = (
        weighted(0.8, lasts(4 * HOUR_S)),
        lasts(2 * HOUR_S),
        (yes(), yes(), yes()),
        0..3_u8,
        weighted(0.15, (1..12_i64, 0..4_i64)),
        (rare(), rare()),
    );
    let retries = (lasts(30 * HOUR_S), weighted(0.7, 1..4_u32), weighted(0.5, lasts(40 * HOUR_S)));
    let restarts = (
        weighted(0.7, lasts(30 * HOUR_S)),
        weighted(0.4, lasts(3 * HOUR_S)),
        0..3_u8,
        select(vec![0, 900, 7_200]),
        lasts(HOUR_S),
    );
    let upload = weighted(0.7, select(vec![DAY_S, 7 * HOUR_S, HOUR_S]));
    let telemetry = (upload, rare(), lasts(5 * HOUR_S), any::<bool>(), yes());
    (looks, gets, retries, restarts, telemetry).prop_map(|(looks, gets, retries, restarts, telemetry)| {
        DeviceSpec {
            scan: looks.0,
            sync_every_s: looks.1 * HOUR_S,
            wake_scan: looks.2,
            wake_sync: looks.3,
            download: gets.0,
            install: gets.1,
            needs: gets.2,
            install_online: gets.3,
            connectivity: gets.4,
            failures: gets.5,
            retry: retries.0,
            attempts: retries.1,
            freed: retries.2,
            user: restarts.0,
            idle: restarts.1,
            anchor: restarts.2,
            warning_s: restarts.3,
            restart: restarts.4,
            upload_every_s: telemetry.0,
            loss: telemetry.1,
            latency: telemetry.2,
            installed_is_success: telemetry.3,
            uploads_wait: telemetry.4,
        }
    })
}

fn freeze() -> impl Strategy<Value = FreezeSpec> {
    (hours(0, 300), hours(1, 120), weighted(0.3, hours(0, 60)), any::<u8>(), 0..3_u8)
        .prop_map(|(from_s, lasts_s, again_s, rings, by)| FreezeSpec { from_s, lasts_s, again_s, rings, by })
}

fn defect() -> impl Strategy<Value = DefectSpec> {
    let shows = prop_oneof![
        1 => Just(ShowsSpec::InInstall),
        4 => lasts(3 * DAY_S).prop_map(ShowsSpec::After),
        1 => hours(0, 240).prop_map(|s| ShowsSpec::On(s + 17)),
    ];
    let ticket = weighted(0.4, (share(), lasts(20 * HOUR_S), any::<bool>()));
    let repair =
        (lasts(10 * HOUR_S), some_time(20 * HOUR_S), any::<bool>(), weighted(0.6, 1..4_u64), any::<bool>());
    let repair = repair.prop_map(|(asked, takes, office, a_day, removes)| RepairSpec {
        asked,
        takes,
        office,
        a_day,
        removes,
    });
    (
        which(),
        weighted(0.2, Just(())),
        (0..3_u8, often()),
        shows,
        0..3_u8,
        often(),
        ticket,
        weighted(0.9, repair),
    )
        .prop_map(|(releases, one_model, prevalence, shows, severity, telemetry, ticket, repair)| {
            DefectSpec {
                releases,
                one_model: one_model.is_some(),
                prevalence,
                shows,
                severity,
                telemetry,
                ticket,
                repair,
            }
        })
}

fn crew() -> impl Strategy<Value = CrewSpec> {
    (1..3_u32, any::<bool>(), lasts(5 * HOUR_S), lasts(8 * HOUR_S), weighted(0.4, hours(0, 20))).prop_map(
        |(staff, office, notices, decides, paged_s)| CrewSpec { staff, office, notices, decides, paged_s },
    )
}

fn act() -> impl Strategy<Value = ActSpec> {
    let kind = prop_oneof![4 => Just(0_u8), 2 => Just(1), 3 => Just(2), 2 => Just(3), 1 => Just(4)];
    (kind, (0..4_u8, 0..4_usize), weighted(0.5, hours(1, 100)), weighted(0.3, 0..3_usize))
        .prop_map(|(kind, reach, for_s, of)| ActSpec { kind, reach, for_s, of })
}

fn rule() -> impl Strategy<Value = RuleSpec> {
    let judged = (
        weighted(0.3, hours(1, 72)),
        1..4_u64,
        weighted(0.4, (0..4_u8, select(vec![0.0, 0.05, 0.3]), 0..6_u64)),
    );
    let who = (weighted(0.6, 0..2_usize), any::<bool>(), which(), which(), any::<bool>());
    // Pause at each failure, resume after ten hours.
    let oscillates = act().prop_map(|act| vec![ActSpec { kind: 0, for_s: Some(10 * HOUR_S), ..act }]);
    let acts = prop_oneof![1 => oscillates, 3 => few(act(), 1..3)];
    (who, prop_oneof![3 => Just(0_u8), 1 => Just(1), 1 => Just(2)], judged, weighted(0.2, 0..DAY_S), acts)
        .prop_map(
            |(
                (crew, service, releases, rings, each_ring),
                count,
                (within_s, at_least, share),
                daily_s,
                acts,
            )| RuleSpec {
                crew,
                service,
                releases,
                rings,
                each_ring,
                count,
                within_s,
                at_least,
                share,
                daily_s,
                acts,
            },
        )
}

fn script() -> impl Strategy<Value = ScriptSpec> {
    (hours(0, 300), any::<bool>(), act()).prop_map(|(at_s, service, act)| ScriptSpec { at_s, service, act })
}

fn management() -> impl Strategy<Value = ManagementSpec> {
    let expires =
        prop_oneof![3 => Just(Some(35 * DAY_S)), 2 => hours(5, 200).prop_map(Some), 1 => Just(None)];
    (
        expires,
        any::<bool>(),
        weighted(0.75, lasts(HOUR_S)),
        some_time(4 * HOUR_S),
        rare(),
        lasts(20 * HOUR_S),
        rare(),
        prop_oneof![5 => Just(1_000_usize), 1 => 0..6_usize],
    )
        .prop_map(
            |(expires_s, lifts, push, takes, fails, restart_after, switch_fails, max_decisions)| {
                ManagementSpec {
                    expires_s,
                    lifts,
                    push,
                    takes,
                    fails,
                    restart_after,
                    switch_fails,
                    max_decisions,
                }
            },
        )
}

pub fn spec() -> impl Strategy<Value = Spec> {
    let tick = prop_oneof![4 => Just(HOUR_S), 1 => Just(900), 1 => Just(DAY_S), 1 => Just(6 * HOUR_S)];
    let size = (any::<u16>(), tick, 5..40_i64, prop_oneof![1 => 1..8_u64, 2 => 1..61_u64]);
    let fleet = (
        weighted(0.1, 5..30_i64),
        weighted(0.07, Just(())),
        few(habit(), 1..3),
        few(ring(), 1..5),
        few(release(), 1..4),
        device(),
    );
    let trouble = (
        few(freeze(), 0..3),
        few(defect(), 0..4),
        (rare(), rare()),
        few(crew(), 0..3),
        few(rule(), 0..5),
        few(script(), 0..5),
        management(),
    );
    (size, fleet, trouble).prop_map(|(size, fleet, trouble)| Spec {
        seed: u64::from(size.0),
        tick_s: size.1,
        days: size.2,
        devices: size.3,
        listed: fleet.0,
        pushes: fleet.1.is_some(),
        habits: fleet.2,
        rings: fleet.3,
        releases: fleet.4,
        device: fleet.5,
        freezes: trouble.0,
        defects: trouble.1,
        background: trouble.2,
        crews: trouble.3,
        rules: trouble.4,
        scripts: trouble.5,
        management: trouble.6,
    })
}
