//! Lives in batches and lives one by one at the edges of play: the same bytes.

use crate::support::Place;

/// Each of these was told differently by batches once, or could be.
const EDGES: [(&str, &str); 6] = [
    (
        "play ends within shifted hours, and a gate is judged by what is seen in its last minutes",
        "
zone: UTC
tick: 1 min
horizon: 1 d
fleet: { devices: 3000, habits: { a: { online: daily 08:00 to 20:00, varies: 60 min, active-hours: 03:00 to 04:00 } } }
rings: { a: { size: 2900 }, b: { size: rest, start: { after: a, patched: 95% } } }
objective: { within: 10 d }
device:
  failures: {}
  scan: { wait: 22 h 30 min to 23 h 30 min }
  download: { takes: 0 s }
  install: { takes: 0 s }
  restart: { user: 0 s, idle: never, takes: 15 min }
  telemetry: { every: at once, loss: 0%, latency: 0 s }
release: { published: 2026-10-13 12:00, zone: UTC }
",
    ),
    (
        "downloads that are never done, in hours that are shifted far",
        "
zone: UTC
horizon: 10 d
fleet: { devices: 3000, habits: { a: { online: workdays 07:00 to 16:00, varies: 23 h, bandwidth: 10 kbit/s } } }
rings: { all: { size: rest } }
objective: { within: 10 d }
device: { failures: {}, while-off: { restart: goes on }, restart: { user: 1 h, idle: never } }
release: { published: 2026-10-13, zone: UTC }
",
    ),
    (
        "devices that do not come back before the end of play, and do everything while off",
        "
zone: UTC
horizon: 20 d
fleet: { devices: 3000, habits: { a: { online: always, away: { share: 50%, lasts: 20 d to 60 d } } } }
service: autopatch/2025-03
device:
  failures: {}
  while-off: { scan: goes on, download: goes on, restart: goes on }
  install: { when-off: ignores }
  scan: { wait: 0 d to 6 d }
  restart: { user: 0 h to 9 d, idle: never }
release: { published: 2026-10-13 08:00, zone: UTC }
",
    ),
    (
        "a freeze that began weeks before the publication",
        "
zone: UTC
horizon: 20 d
fleet: { devices: 3000, habits: { a: { online: 8 h a day, away: { share: 70%, lasts: 25 d to 60 d } } } }
rings: { b: { size: rest, deadline: 3 d, grace: 1 d } }
objective: { within: 20 d }
freezes: { long: { during: 2026-09-20 to 2026-10-20, by: pause } }
device: { failures: {}, sync: 6 d, wake: { scan: 0 min to 30 min, sync: 0 h to 6 h } }
release: { published: 2026-10-13 08:00, zone: UTC }
",
    ),
    (
        "a freeze every weekend, and more closed days than columns hold",
        "
zone: UTC
horizon: 40 d
fleet:
  devices: 3000
  habits: { a: { online: workdays 08:00 to 17:00, away: { share: 20%, lasts: 2 d to 9 d } } }
  mix: { site: { here: 60%, there: rest } }
  sites:
    here: { zone: UTC }
    there: { zone: Asia/Tokyo, closed: [2026-10-14, 2026-10-16, 2026-10-20, 2026-10-22, 2026-10-24, 2026-10-26, 2026-10-28, 2026-11-02, 2026-11-04, 2026-11-06] }
rings: { a: { size: 10% }, b: { size: rest, deferral: 6 d, deadline: 5 d, grace: 2 d } }
objective: { within: 30 d }
freezes: { weekend: { every: Fri 17:00 to Mon 06:00, by: pause } }
release: { published: 2026-10-13 17:00, zone: UTC }
",
    ),
    (
        "sessions now and then, a pause, and most installs fail",
        "
zone: UTC
horizon: 30 d
fleet: { devices: 3000, habits: { a: { online: { sporadic: { days: 60%, session: 1 h to 23 h } } } } }
rings: { a: { size: 10% }, b: { size: rest, deferral: 3 d, deadline: 5 d, grace: 2 d } }
objective: { within: 25 d }
device: { failures: { broken: { share: 60%, in: install } }, retry: { after: 6 h, attempts: 9 } }
rules: { stop: { when: { count: install-failed, of: reported, above: 50%, min-sample: 20 }, do: pause all rings for 3 d } }
release: { published: 2026-10-13 17:00, zone: UTC }
",
    ),
];

#[test]
fn batches_tell_at_the_edges_what_single_lives_tell() {
    for (what, scenario) in EDGES {
        let place = Place::with("");
        place.write("edge.yaml", scenario);
        let told = |way: &str| {
            let line = format!("run edge.yaml --replications 2 --quiet --format json --instructions {way}");
            place.ends(0, &line).out
        };
        let one_by_one = told("one-by-one");
        for way in ["portable", "widest"] {
            assert!(told(way) == one_by_one, "{what}: {way} differs from one by one");
        }
    }
}

/// The speed of rich scenarios rests on it: offices, vans and kiosks are batched, whatever else they do.
#[test]
fn most_lives_of_contoso_are_straight() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/contoso.yaml");
    let bench = format!("bench {scenario} --devices 20000 --jobs 1 --format json --quiet");
    let straight = Place::with("").json(&bench)["straight"].as_f64().unwrap();
    assert!(straight > 0.7, "{straight} of the lives are straight");
}
