//! What scenario texts mean: published arithmetic and closed forms, played through the ordinary loader. Seeds are
//! fixed; statistical tests say their alpha.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use rollcast_core::{
    control::Event,
    metrics::{Metric, Of},
    observe::{Story, story},
    outcome::Outcome,
    plan::{Fleet, ReleaseId, RingId},
    replicate::{group, replicate},
    run::run,
    steps::{Observation, RestartBy, Step},
    time::{DAY_S, HOUR_S, SimTime},
    watch::Watch,
};
use rollcast_scenario::{
    diagnostic::Source,
    load::{Loaded, Loader},
};

/// A device does everything at once and restarts only when it is forced to.
const PROMPT: &str = "
device:
  scan: { wait: 0 min }
  download: { takes: 0 min }
  install: { takes: 0 min }
  failures: {}
  restart: { user: never, idle: never, takes: 0 min }
  telemetry: { every: at once, loss: 0%, latency: 0 min }
";
const NOVEMBER: &str = "release: { published: patch-tuesday 2026-11 }\n";
const R: ReleaseId = ReleaseId(0);

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn load_with(text: &str, sets: &[&str]) -> Loaded {
    let source = Arc::new(Source { name: "test.yaml".into(), text: text.to_owned() });
    let loader = sets.iter().fold(Loader::new(), |loader, set| loader.set(*set));
    loader.load_source(source, &folder()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn load(text: &str) -> Loaded {
    load_with(text, &[])
}

/// Everybody on day and night, without the frailties of the default habit.
fn fleet(devices: u64) -> String {
    format!("fleet: {{ devices: {devices}, habits: {{ node: {{ online: always }} }} }}\n")
}

fn play(loaded: &Loaded) -> Outcome {
    run(&loaded.plan, loaded.seed, 0)
}

fn stories(loaded: &Loaded, outcome: &Outcome) -> Vec<Story> {
    (0..loaded.plan.devices()).map(|i| story(&loaded.plan, loaded.seed, outcome, i).unwrap()).collect()
}

fn when(story: &Story, wanted: impl Fn(&Step) -> bool) -> Vec<SimTime> {
    story.steps.iter().filter(|(_, step)| wanted(step)).map(|(at, _)| *at).collect()
}

fn offered(step: &Step) -> bool {
    matches!(step, Step::Offered(_))
}

fn restarted(step: &Step) -> bool {
    matches!(step, Step::Restarted(..))
}

#[test]
fn patch_tuesday_offers_and_forced_restarts_of_every_profile() {
    // 2026-11-10 10:00 Pacific is 18:00 UTC. (ring, day of offer, instant of the forced restart); a ring without
    // deadline and grace shows its fifteen minutes of warning.
    type Table = &'static [(&'static str, u32, &'static str)];
    let tables: [(&str, &str, Table); 3] = [
        (
            "autopatch/2022-08",
            "Test: { size: 10 }, First: {}, Fast: {}, Broad: {}",
            &[
                ("Test", 10, "10T18:15"),
                ("First", 11, "13T18:00"),
                ("Fast", 16, "18T18:00"),
                ("Broad", 19, "24T18:00"),
            ],
        ),
        (
            "autopatch/2023-05",
            "Test: { size: 10 }, Ring1: {}, Ring2: {}, Ring3: {}, Last: { size: 10 }",
            &[
                ("Test", 10, "10T18:15"),
                ("Ring1", 11, "13T18:00"),
                ("Ring2", 16, "18T18:00"),
                ("Ring3", 19, "24T18:00"),
                ("Last", 21, "24T18:00"),
            ],
        ),
        (
            "autopatch/2025-03",
            "Test: { size: 10 }, Ring1: {}, Ring2: {}, Ring3: {}, Last: { size: 10 }",
            &[
                ("Test", 10, "10T18:15"),
                ("Ring1", 11, "13T18:00"),
                ("Ring2", 15, "17T18:00"),
                ("Ring3", 19, "24T18:00"),
                ("Last", 20, "23T18:00"),
            ],
        ),
    ];
    for (service, rings, table) in tables {
        let text = format!("service: {service}\n{}{NOVEMBER}rings: {{ {rings} }}\n{PROMPT}", fleet(220));
        let loaded = load(&text);
        assert_eq!(loaded.labels.utc(SimTime(0)), "2026-11-10T18:00:00Z");
        let outcome = play(&loaded);
        let mut seen = vec![0; table.len()];
        for story in stories(&loaded, &outcome) {
            let ring = story.ring.unwrap().0 as usize;
            let (name, day, forced) = table[ring];
            assert_eq!(loaded.labels.rings[ring], name);
            let utc = |times: Vec<SimTime>| times.iter().map(|t| loaded.labels.utc(*t)).collect::<Vec<_>>();
            assert_eq!(utc(when(&story, offered)), [format!("2026-11-{day}T18:00:00Z")], "{service} {name}");
            assert_eq!(utc(when(&story, restarted)), [format!("2026-11-{forced}:00Z")], "{service} {name}");
            seen[ring] += 1;
        }
        assert!(seen.iter().all(|n| *n > 0), "{seen:?}");
        for (ring, n) in seen.iter().enumerate() {
            assert_eq!(outcome.ring(RingId(ring as u16), R).restarts[RestartBy::Deadline as usize], *n);
        }
    }
}

#[test]
fn ten_in_the_morning_is_pacific_time_in_summer_and_winter() {
    let at = |published: &str| {
        let loaded = load(&format!("{}release: {{ published: {published} }}\n", fleet(1)));
        loaded.labels.utc(SimTime(0))
    };
    assert_eq!(at("patch-tuesday 2026-03"), "2026-03-10T17:00:00Z");
    assert_eq!(at("patch-tuesday 2026-10"), "2026-10-13T17:00:00Z");
    assert_eq!(at("2026-11-10"), "2026-11-10T18:00:00Z");
    assert_eq!(at("2026-11-10 09:30, zone: Europe/Berlin"), "2026-11-10T08:30:00Z");
}

#[test]
fn automatic_assignment_deals_the_published_shares() {
    let sizes = |devices: u64, service: &str, more: &str| {
        let loaded = load(&format!("service: {service}\nhorizon: 1 d\n{}{NOVEMBER}{more}", fleet(devices)));
        let census = play(&loaded).census;
        assert_eq!((census.registered, census.ringless), (devices, 0));
        census.ring_sizes
    };
    for (devices, first, fast, broad) in [
        (150, 8, 22, 120),
        (200, 10, 30, 160),
        (201, 2, 18, 181),
        (1_000, 10, 90, 900),
        (60_000, 600, 5_400, 54_000),
    ] {
        assert_eq!(sizes(devices, "autopatch/2022-08", ""), [0, first, fast, broad]);
        assert_eq!(sizes(devices, "autopatch/2025-03", ""), [0, first, fast, broad, 0]);
    }
    // One by one the first 200 are dealt as a small tenant, the other 800 as a large one.
    let one_by_one = sizes(1_000, "autopatch/2022-08", "automatic: { batch: 1 }\n");
    assert_eq!(one_by_one, [0, 10 + 8, 30 + 72, 160 + 720]);
    // Devices put into Test by hand are not dealt.
    let by_hand = "rings: { Test: { size: 100 }, First: {}, Fast: {}, Broad: {} }\n";
    assert_eq!(sizes(1_100, "autopatch/2022-08", by_hand), [100, 10, 90, 900]);
}

#[test]
fn a_gate_opens_on_reports_and_the_ring_starts_after_the_wait() {
    let text = format!(
        "{}{NOVEMBER}rings:
  Pilot: {{ size: 200 }}
  Rest: {{ size: rest, deferral: 1 d, start: {{ after: Pilot, patched: 90%, wait: 6 h }} }}
device:
  scan: {{ wait: 30 h to 50 h }}
  download: {{ takes: 0 min }}
  install: {{ takes: 0 min }}
  failures: {{}}
  restart: {{ user: 0 min, takes: 5 min }}
  telemetry: {{ every: at once, loss: 0%, latency: 1 h to 4 h }}
",
        fleet(400)
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let stories = stories(&loaded, &outcome);
    let mut reports: Vec<SimTime> = stories
        .iter()
        .filter(|s| s.ring == Some(RingId(0)))
        .flat_map(|s| s.observed.iter().filter(|o| o.1 == Observation::Installed(ReleaseId(0))).map(|o| o.0))
        .collect();
    reports.sort();
    assert_eq!(reports.len(), 200);
    // 90 % of 200 is the 180th report; the gate is judged at the end of its hour.
    let judged = SimTime((reports[179].0 / HOUR_S + 1) * HOUR_S);
    let logged = |wanted: fn(&Event) -> bool| outcome.log.iter().find(|l| wanted(&l.event)).unwrap().at;
    assert_eq!(logged(|e| matches!(e, Event::GateJudged(RingId(1), ..))), judged);
    assert_eq!(logged(|e| matches!(e, Event::RingStarts(RingId(1), _))), judged + 6 * HOUR_S);
    for story in stories.iter().filter(|s| s.ring == Some(RingId(1))) {
        let wait = when(story, offered)[0] - (judged + 6 * HOUR_S);
        assert!((30 * HOUR_S..=50 * HOUR_S).contains(&wait), "{wait}");
    }
}

#[test]
fn a_linear_ramp_offers_its_share_at_every_hour() {
    // Kolmogorov-Smirnov at alpha 0.001: places are uniform, so the share offered is known at every hour.
    let n = 20_000;
    let text = format!(
        "seed: 5\n{}{NOVEMBER}rings: {{ all: {{ size: rest, ramp: {{ linear: {{ over: 48 h, from: 10% }} }} }} }}\n{PROMPT}",
        fleet(n)
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let truth = outcome.ring(RingId(0), R);
    let mut sum = 0;
    for (hour, offered) in truth.offered.iter().enumerate().take(60) {
        sum += offered;
        let share = (0.1 + 0.9 * (hour + 1) as f64 / 48.0).min(1.0);
        let off = (sum as f64 / n as f64 - share).abs();
        assert!(off < 1.95 / (n as f64).sqrt(), "{off} at hour {hour}");
    }
    assert_eq!(sum, n);
}

#[test]
fn steps_of_a_ramp_come_on_their_days() {
    let text = format!(
        "{}{NOVEMBER}rings: {{ all: {{ size: rest, ramp: {{ steps: {{ 0 d: 10%, 1 d: 50%, 3 d: 100% }} }} }} }}\n{PROMPT}",
        fleet(20_000)
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let by_hour: Vec<(usize, u64)> =
        outcome.ring(RingId(0), R).offered.iter().copied().enumerate().filter(|(_, n)| *n > 0).collect();
    let hours: Vec<usize> = by_hour.iter().map(|(hour, _)| *hour).collect();
    assert_eq!(hours, [0, 24, 72]);
    // Binomial counts, each within 3.29 standard deviations (alpha 0.001).
    for ((_, n), share) in by_hour.iter().zip([0.1_f64, 0.4, 0.5]) {
        let sd = (20_000.0 * share * (1.0 - share)).sqrt();
        assert!((*n as f64 - 20_000.0 * share).abs() < 3.29 * sd, "{n} of {share}");
    }
}

#[test]
fn the_three_kinds_of_freeze() {
    // From 18 hours before the release to 30 hours after it: 2026-11-12 00:00 UTC.
    let with = |by: &str| {
        let freeze =
            format!("freezes: {{ f: {{ during: 2026-11-10 00:00 to 2026-11-12 00:00, by: {by} }} }}\n");
        let rings = "rings: { all: { size: rest, deadline: 0 d } }\n";
        let loaded = load(&format!("{}{NOVEMBER}{rings}{freeze}{PROMPT}", fleet(2_000)));
        let outcome = play(&loaded);
        let stories = stories(&loaded, &outcome);
        let all = |wanted: fn(&Step) -> bool| -> Vec<f64> {
            let mut hours: Vec<f64> =
                stories.iter().flat_map(|s| when(s, wanted)).map(|t| t.0 as f64 / HOUR_S as f64).collect();
            hours.sort_by(f64::total_cmp);
            hours
        };
        (all(offered), all(restarted))
    };
    let end = 30.0;
    let (offers, restarts) = with("ideal");
    assert!(offers.len() == 2_000 && offers.iter().all(|t| *t == end));
    assert!(restarts.iter().all(|t| *t == end + 0.25));
    let (offers, restarts) = with("hold restarts");
    assert!(offers.len() == 2_000 && offers.iter().all(|t| *t == 0.0));
    // The hold ends, everybody is warned for fifteen minutes, and restarts.
    assert!(restarts.len() == 2_000 && restarts.iter().all(|t| *t == end + 0.25), "{:?}", restarts.first());
    // A pause ends for each device at its next sync: uniform over eight hours (alpha 0.001).
    let (offers, _) = with("pause");
    assert_eq!(offers.len(), 2_000);
    let distance = offers
        .iter()
        .enumerate()
        .map(|(i, t)| {
            let f = (t - end) / 8.0;
            (f - i as f64 / 2_000.0).abs().max((f - (i + 1) as f64 / 2_000.0).abs())
        })
        .fold(0.0, f64::max);
    assert!(distance < 1.95 / 2_000_f64.sqrt(), "{distance} {:?} {:?}", offers.first(), offers.last());
}

#[test]
fn a_cohort_by_count_is_exact_and_by_share_is_binomial() {
    let text = format!(
        "fleet:
  devices: 1300
  cohorts: {{ it: {{ count: 300 }}, office: {{ share: 40% }}, field: {{ share: rest }} }}
  habits: {{ node: {{ online: always }} }}
horizon: 1 d
{NOVEMBER}"
    );
    let loaded = load(&text);
    let cohort = loaded.labels.attributes.iter().position(|(name, _)| name == "cohort").unwrap();
    assert_eq!(loaded.labels.attributes[cohort].1, ["it", "office", "field"]);
    // 100 runs of 1 000 draws at 40 %: the sum is within 3.29 standard deviations (alpha 0.001), and the squares
    // of the standardized counts sum to a chi-square of 100 degrees, 59 to 154 (alpha 0.001).
    let (mut sum, mut squares) = (0.0, 0.0);
    for replication in 0..100 {
        let census = run(&loaded.plan, 17, replication).census;
        let counts = &census.fleet[cohort];
        assert_eq!((counts[0], counts.iter().sum::<u64>()), (300, 1_300));
        let z = (counts[1] as f64 - 400.0) / 240_f64.sqrt();
        sum += z;
        squares += z * z;
    }
    assert!(sum.abs() < 3.29 * 10.0, "{sum}");
    assert!((59.0..154.0).contains(&squares), "{squares}");
}

#[test]
fn an_unrelated_cohort_changes_no_life_of_the_others() {
    let with = |cohorts: &str| {
        let text = format!(
            "fleet:
  cohorts: {{ {cohorts} }}
  mix: {{ model: {{ laptop: 60%, desktop: rest }} }}
service: autopatch/2025-03
rings: {{ everyone: {{ size: rest, deferral: 2 d, deadline: 3 d, ramp: {{ linear: {{ over: 2 d }} }} }} }}
{NOVEMBER}"
        );
        let loaded = load(&text);
        let outcome = play(&loaded);
        let model = loaded.labels.attributes.iter().position(|(name, _)| name == "model").unwrap();
        let lives: BTreeMap<u64, _> = stories(&loaded, &outcome)
            .into_iter()
            .map(|s| (s.key, (s.values[model], s.steps, s.settled, s.blocked)))
            .collect();
        lives
    };
    let alone = with("office: { count: 150 }");
    assert_eq!(alone.len(), 150);
    for cohorts in ["office: { count: 150 }, it: { count: 70 }", "a: { count: 70 }, office: { count: 150 }"] {
        let together = with(cohorts);
        assert_eq!(together.len(), 220);
        assert!(alone.iter().all(|(key, life)| together.get(key) == Some(life)), "{cohorts}");
    }
}

#[test]
fn a_longer_deferral_shifts_every_event_by_the_difference() {
    let steps = |days: u32| {
        let text = format!(
            "{}service: autopatch/2025-03\nrings: {{ all: {{ size: rest, deferral: {days} d, deadline: 4 d }} }}\n{NOVEMBER}",
            fleet(300)
        );
        let loaded = load(&text);
        let outcome = play(&loaded);
        stories(&loaded, &outcome).into_iter().flat_map(|s| s.steps).collect::<Vec<_>>()
    };
    let (early, late) = (steps(1), steps(4));
    assert_eq!(early.len(), late.len());
    assert!(early.iter().zip(&late).all(|((a, one), (b, other))| *a + 3 * DAY_S == *b && one == other));
}

#[test]
fn the_order_of_rows_changes_no_count() {
    let folder = tempfile::tempdir().unwrap();
    let csv = fs::read_to_string(self::folder().join("data/tenant-1000.csv")).unwrap();
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    let mut rows: Vec<&str> = lines.collect();
    let mut outcomes = Vec::new();
    for turn in 0..3 {
        fs::create_dir_all(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("data/tenant-1000.csv"), format!("{header}\n{}\n", rows.join("\n")))
            .unwrap();
        fs::copy(self::folder().join("tenant.yaml"), folder.path().join("tenant.yaml")).unwrap();
        let loaded = Loader::new().load(folder.path().join("tenant.yaml")).unwrap();
        let Fleet::Listed(listed) = &loaded.plan.fleet else { panic!("an inventory is a listed fleet") };
        assert_eq!(listed.keys.len(), 1_000);
        // What the plan holds of a device, with all attributes that an export gives.
        assert!(listed.bytes() <= 64 * 1_000, "{}", listed.bytes());
        let outcome = play(&loaded);
        outcomes.push((outcome.census, outcome.tally.units, outcome.log.len()));
        if turn == 0 { rows.reverse() } else { rows.sort_by_key(|row| row.len() * 7 % 13) }
    }
    assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn nothing_happens_at_a_site_on_the_days_on_which_it_is_closed() {
    let text = format!(
        "fleet:
  devices: 400
  mix: {{ site: {{ munich: 50%, krakow: rest }} }}
  sites:
    munich: {{ zone: Europe/Berlin, closed: [2026-11-12, 2026-11-16 to 2026-11-17] }}
    krakow: {{ zone: Europe/Warsaw }}
  habits: {{ office: {{ online: daily 08:00 to 17:00, varies: 0 min }} }}
service: autopatch/2022-08
rings: {{ all: {{ size: rest, deferral: 1 d, deadline: 3 d }} }}
{NOVEMBER}"
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let mut on_those_days = [0, 0];
    for story in stories(&loaded, &outcome) {
        let site = usize::from(story.values[loaded.plan.site_attribute.0 as usize]);
        for (at, step) in &story.steps {
            // A restart that began before the doors closed may end after it, and reports follow it.
            if matches!(step, Step::Patched(_)) {
                continue;
            }
            let civil = loaded.labels.civil_at_site(*at, site);
            let hour: u32 = civil[15..17].parse().unwrap();
            assert!((8..17).contains(&hour) || civil.ends_with("17:00"), "{civil} {step:?}");
            let closed = ["2026-11-12", "2026-11-16", "2026-11-17"].iter().any(|day| civil.contains(day));
            on_those_days[site] += u32::from(closed);
        }
    }
    assert_eq!(on_those_days[0], 0);
    assert!(on_those_days[1] > 100, "{on_those_days:?}");
}

#[test]
fn scheduled_installs_keep_to_their_windows() {
    let text = format!(
        "fleet:
  devices: 200
  habits: {{ kiosk: {{ online: always, install: {{ scheduled: Sun 02:00 to Sun 06:00 }} }} }}
zone: Europe/Berlin
service: autopatch/2022-08
{NOVEMBER}"
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let mut restarts = 0;
    for story in stories(&loaded, &outcome) {
        for (at, step) in &story.steps {
            if matches!(step, Step::InstallStarted(_) | Step::Restarted(..)) {
                let civil = loaded.labels.civil(*at);
                let hour: u32 = civil[15..17].parse().unwrap();
                assert!(civil.starts_with("Sun ") && (2..6).contains(&hour), "{civil} {step:?}");
            }
            if let Step::Restarted(_, by, _) = step {
                assert_eq!(*by, RestartBy::Schedule);
                restarts += 1;
            }
        }
    }
    assert_eq!(restarts, 200);
    assert_eq!(outcome.fleet(&loaded.plan, R).eligible, 0, "a scheduled habit is outside the objective");
}

#[test]
fn each_denominator_counts_whom_it_says() {
    let text = format!(
        "fleet:
  cohorts:
    office: {{ count: 500 }}
    own: {{ count: 100, ownership: personal }}
    old: {{ count: 60, management: configuration-manager }}
    conflict: {{ count: 50 }}
    silent: {{ count: 40 }}
    full: {{ count: 30 }}
    kiosk: {{ count: 20 }}
  habits:
    conflict: {{ where: cohort = conflict, online: always, policy-conflict: 100% }}
    silent: {{ where: cohort = silent, online: always, no-heartbeat: 100% }}
    full: {{ where: cohort = full, online: always, little-disk: 100% }}
    kiosk: {{ where: cohort = kiosk, online: always, install: {{ scheduled: Sun 02:00 to Sun 06:00 }} }}
    rest: {{ online: always }}
service: autopatch/2022-08
{NOVEMBER}"
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let truth = outcome.fleet(&loaded.plan, R);
    let group = group(&loaded.plan, &outcome, &truth, None, R);
    let count = |of: Of| of.count(&group);
    assert_eq!(count(Of::All), 800);
    assert_eq!(count(Of::Registered), 640);
    assert_eq!(count(Of::Connected), 600);
    assert_eq!(count(Of::Eligible), 500);
    let share = |name: &str| Metric::parse(name).unwrap().value(&group).unwrap();
    assert_eq!((share("patched.all.share") * 800.0).round(), (share("patched.share") * 640.0).round());
    assert!(share("patched.eligible.share") > share("patched.connected.share"));
    let reasons: BTreeMap<&str, u64> = loaded
        .labels
        .reasons
        .iter()
        .map(String::as_str)
        .zip(outcome.census.unregistered.iter().copied())
        .filter(|(_, n)| *n > 0)
        .collect();
    assert_eq!(reasons.values().copied().collect::<Vec<_>>().iter().sum::<u64>(), 160, "{reasons:?}");
}

#[test]
fn the_objective_passes_when_the_profile_says() {
    let days = |service: &str| -> Vec<i64> {
        let loaded = load(&format!("service: {service}\n{}{NOVEMBER}", fleet(500)));
        let rings = (0..loaded.plan.rings.len()).map(|i| RingId(i as u16));
        rings.map(|ring| loaded.plan.objective_at(ring, R).0 / DAY_S).collect()
    };
    assert_eq!(days("autopatch/2022-08"), [21, 21, 21, 21]);
    // Deferral + deadline + 5 days.
    assert_eq!(days("autopatch/2025-03"), [5, 8, 12, 19, 18]);
}

#[test]
fn order_statistics_and_littles_law() {
    // Waits uniform on 0..20 h, downloads of exactly 2 h, restarts at once.
    let n = 20_000;
    let text = format!(
        "seed: 9\ntick: 5 min\n{}{NOVEMBER}rings: {{ all: {{ size: rest }} }}
device:
  scan: {{ wait: 0 h to 20 h }}
  download: {{ takes: 2 h }}
  install: {{ takes: 0 min }}
  failures: {{}}
  restart: {{ user: 0 min, takes: 0 min }}
",
        fleet(n)
    );
    let loaded = load(&text);
    let outcome = play(&loaded);
    let truth = outcome.fleet(&loaded.plan, R);
    // Arrivals of n / 20 h that stay 2 h: n / 10 at once between the second and the twentieth hour. The number
    // is binomial; within 4.9 standard deviations at each of 216 ticks (alpha 0.001 by Bonferroni).
    let sd = (n as f64 * 0.1 * 0.9).sqrt();
    for tick in 24..240 {
        let at_once = truth.transfer_s[tick] as f64 / 300.0;
        assert!((at_once - n as f64 / 10.0).abs() < 4.9 * sd, "{at_once} at tick {tick}");
    }
    let group = group(&loaded.plan, &outcome, &truth, None, R);
    let hours = |name: &str| Metric::parse(name).unwrap().value(&group).unwrap();
    // The k-th of n uniform draws is Beta(k, n + 1 - k); a tick is added for rounding. Alpha 0.001.
    for (name, share) in [("patched.h50", 0.5_f64), ("patched.h95", 0.95), ("patched.h99", 0.99)] {
        let sd = 20.0 * (share * (1.0 - share) / n as f64).sqrt();
        let off = (hours(name) - (2.0 + 20.0 * share)).abs();
        assert!(off < 3.29 * sd + 1.0 / 12.0, "{name}: {off}");
    }
    // P(last < 20 h - x) = (1 - x / 20)^n: below 20 h - 0.0069 h only with probability 0.001.
    let last = Metric::LastHours.value(&group).unwrap();
    assert!((21.993..=22.0).contains(&last), "{last}");
}

#[test]
fn seed_runs_and_settings() {
    let text = format!("seed: 41\nruns: 3\n{}{NOVEMBER}", fleet(500));
    let loaded = load(&text);
    assert_eq!((loaded.seed, loaded.runs, loaded.plan.devices()), (41, 3, 500));
    let set = load_with(&text, &["seed=42", "runs=7", "fleet.devices=123", "rings.everyone.deferral=2 d"]);
    assert_eq!((set.seed, set.runs, set.plan.devices()), (42, 7, 123));
    assert_eq!(set.plan.rings[0].deferral_s, 2 * DAY_S);
    assert_ne!(set.digest, loaded.digest);
    let bare = load(&format!("{}{NOVEMBER}", fleet(500)));
    assert_eq!((bare.seed, bare.runs), (1, 1));
    // A setting and the same words in the file are the same scenario.
    let typed = load(&text.replace("seed: 41", "seed: 42"));
    assert_eq!(typed.digest, load_with(&text, &["seed=42"]).digest);
    let same = |a: &Loaded, b: &Loaded| play(a).tally.units == play(b).tally.units;
    assert!(same(&loaded, &load(&text)));
    assert!(!same(&loaded, &typed), "other luck for another seed");
    let played = replicate(&loaded.plan, loaded.seed, &[0, 1, 2], &[], &Watch::new()).unwrap();
    let last = played.values(Metric::LastHours, None, R);
    assert!(last.len() == 3 && last[0] != last[1] && last[1] != last[2], "{last:?}");
}

// Broad is forced on day 14, in the hour that begins with it; Fast on day 8.
#[test]
fn goals_are_judged_on_what_they_name() {
    let text = format!(
        "{}service: autopatch/2022-08
rings: {{ Test: {{ size: 10 }}, First: {{}}, Fast: {{}}, Broad: {{}} }}
{NOVEMBER}{PROMPT}goals:
  - {{ of: registered, patched: 100%, by: 14 d }}
  - {{ of: registered, patched: 100%, by: 335 h }}
  - {{ ring: Fast, of: registered, patched: 100%, by: 8 d }}
  - {{ ring: Fast, metric: patched.last-h, at-most: 8 d }}
  - {{ ring: Fast, metric: patched.last-h, at-most: 191 h }}
  - {{ metric: restarts.forced, at-least: 500 }}
",
        fleet(500)
    );
    let loaded = load(&text);
    let goals: Vec<_> = loaded.goals.iter().map(|g| g.0.clone()).collect();
    let played = replicate(&loaded.plan, loaded.seed, &[0, 1], &goals, &Watch::new()).unwrap();
    let held: Vec<u32> = played.goals.iter().map(|g| g.held).collect();
    assert_eq!(held, [2, 0, 2, 2, 0, 2]);
}
