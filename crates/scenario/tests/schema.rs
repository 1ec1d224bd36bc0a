//! The JSON Schema and the loader agree: what loads satisfies the schema, and unknown keys do not, anywhere.

use std::{path::Path, sync::Arc};

use rollcast_scenario::{diagnostic::Source, load::Loader, schema, yaml};

/// Each form of the language once, with names that an editor takes for numbers or truth values.
const EVERYTHING: &str = "\
service: autopatch/2022-08
seed: 7
runs: 2
tick: 1 h
horizon: 60 d
zone: Europe/Berlin
fleet:
  devices: 1000
  cohorts:
    1: { count: 100, mix: { model: 2024, lab: true, site: 7 } }
    2: { share: 40%, mix: { model: { 2023: 50%, 2025: rest }, lab: no } }
    home: { share: rest, ownership: personal, management: intune }
  mix: { model: 2022, site: { 7: 60%, 8: rest }, lab: false }
  sites:
    7: { zone: Europe/Berlin, bandwidth: 20 Mbit/s to 80 Mbit/s, closed: [2026-12-24 to 2027-01-01, 2026-11-26] }
    8: { zone: America/Detroit, bandwidth: { lognormal: { median: 50 Mbit/s, sigma: 0.8 } } }
  habits:
    kiosk: { where: model = 2024, online: always, install: { scheduled: Sun 02:00 to Sun 06:00 } }
    field: { where: model = 2023 and site = 7, online: { sporadic: { days: 40%, session: 2 h to 4 h } } }
    lab: { where: lab = true, online: 8 h a day, varies: 0 min }
    office:
      where: rest
      online: workdays 08:00 to 17:00
      varies: 30 min
      away: { share: 8%, lasts: { weibull: { scale: 5 d, shape: 1.5 } } }
      no-heartbeat: 1%
      never-back: 0.3% a month
      policy-conflict: 0.5%
      little-disk: 1%
      active-hours: 07:00 to 18:00
rings:
  1: { size: 10, order: dealt anew, deadline: none }
  2: { size: 10%, start: { after: 1, patched: 90%, wait: 1 d }, ramp: { steps: { 0 d: 10%, 1 d: 50%, 3 d: 100% } } }
  true: { where: lab = true, size: 20, deferral: 3 d, deadline: 2 d, grace: 1 d }
  3: { size: rest, ramp: { linear: { over: 3 d, from: 5% } } }
automatic: { small-tenant: 150, batch: 1, counts: before batch }
releases:
  10: { product: windows-quality, published: 2026-10-13 10:00, zone: America/Los_Angeles, security: false }
  13: { product: windows-quality, published: patch-tuesday 2027-01, size: 1.2 GB, exploit: { chance: 10%, after: kev-microsoft/2026, hits: 1 in 1000 a day } }
  14: { kind: out-of-band, supersedes: 10, published: 2026-10-19 10:00 }
freezes:
  1: { every: Fri 17:00 to Mon 06:00, zone: Europe/Berlin, rings: [2, true], by: ideal }
  2: { during: 2026-12-18 17:00 to 2027-01-04 06:00, by: hold restarts }
device:
  scan: { wait: 0 h to 22 h }
  sync: 4 h
  wake: { scan: 1 min, sync: exp 3 min }
  download: { takes: 5 min to 1 h }
  install: { takes: 10 min, when-off: begins }
  while-off: { scan: goes on, download: goes on, restart: waits, telemetry: goes on }
  connectivity: { total: 6 h, continuous: 2 h, as: gate }
  failures: { WUBusy: { share: 1%, in: download }, InstallIssue: { share: 0.5% } }
  retry: { after: 4 h to 22 h, attempts: unlimited }
  disk: { needs: 1 GB, freed-after: never }
  restart: { user: never, idle: 0 min to 60 min, anchor: release, warning: 15 min, takes: 5 min }
  telemetry: { every: 12 h, loss: 5%, latency: 0 h to 24 h, success: installed }
defects:
  1: { in: 10, where: model = 2024, share: 2%, shows: at restart, severity: annoying, telemetry: 90%, security: true }
  slow: { in: [10, 13], share: { by-value: { attribute: model, values: { 2023: 5%, 20*: 1% }, else: 0% } }, shows: after 2 h to 3 d }
  down:
    in: 13
    share: { clustered: { attribute: model, mean: 1%, correlation: 0.3 } }
    shows: { after: { lognormal: { median: 4 h, sigma: 0.8 } } }
    severity: down
    ticket: { share: 90%, after: 10 min to 8 h, only-in: workdays 08:00 to 17:00, zone: Europe/Berlin }
    repair: { asked-after: 0 h to 4 h, takes: 20 min to 60 min, at-most: 120 a day, by: 1, leaves: worked-around }
  install: { in: 10, share: 1 in 100, shows: in install }
  month end: { in: 10, share: 1%, shows: on 2026-10-31 09:00, severity: down, repair: { hours: daily 06:00 to 22:00, zone: UTC, at-most: unlimited } }
background: { failures: 0.1% a month, tickets: 0.4% a month, tickets-in: workdays 08:00 to 17:00, zone: UTC, source: our service desk 2026 }
people:
  1: { staff: 2, hours: Mon-Fri 07:00 to 19:00 and Sat 09:00 to 12:00, zone: Europe/Berlin, notices: 10 min, decides: exp 1 h, outside: paged after 3 h, acts-as: service }
rules:
  1: { who: 1, in: true, each-ring: true, releases: [10, 13], when: { count: failed, within: 4 h, at-least: 2, of: reported, above: 2%, min-sample: 5 }, do: pause later rings }
  calls: { as: service, in: [1, 2, true], when: { count: tickets, at-least: 8 }, evaluate: daily 09:00, do: [pause all rings for 10 h, switch off install, withdraw 10] }
  oops: { when: { count: install-failed, of: offered, above: 5% }, do: uninstall from true and later }
decisions:
  1: { at: 2026-10-20 09:00, zone: America/Detroit, as: service, do: [uninstall 10 from all rings for 7 d, resume 2] }
  2: { at: 2026-10-21, do: withdraw }
management:
  pause-expires: never
  tenant-lifts-service: true
  uninstall: { received: push, push: 1 min to 5 min, takes: 20 min, fails: 2% }
  switch-off: { restart-after: 0 d to 7 d, fails: 0% }
max-decisions: 50
costs: { currency: EUR, exposed-device-day: 0.4, harmed-device-hour: 35, restart-in-active-hours: 12, ticket: 25, decision: 300, administrator-hour: 80, hit-device: 12 000 }
objective: { share: 90%, after-deadline: 5 d, after-return: 5 d, heard-within: 5 d }
goals:
  - { of: eligible, ring: 2, release: 10, patched: 95%, by: 14 d, in: 90% of runs }
  - { metric: patched.h95, ring: true, at-most: 12 d }
  - { metric: objective.share, at-least: 80% }
  - harmed.p95 <= 200
  - cost.p95 <= 200 000
";

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { name: "test.yaml".into(), text: text.into() })
}

/// What a JSON Schema checker says of a text.
fn complaints(text: &str) -> Vec<String> {
    let schema = schema::json_schema();
    let validator = jsonschema::draft7::new(&schema).expect("a valid schema");
    let tree = yaml::parse(source(text)).expect("valid YAML").to_json();
    validator.iter_errors(&tree).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn what_loads_satisfies_the_schema() {
    let loaded = Loader::new().load_source(source(EVERYTHING), Path::new(""));
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(complaints(EVERYTHING).is_empty(), "{:#?}", complaints(EVERYTHING));
    let explained = rollcast_scenario::explain::explain(&loaded.layered);
    assert!(complaints(&explained).is_empty(), "{:#?}", complaints(&explained));
    let again = Loader::new().load_source(source(&explained), Path::new(""));
    let again = again.unwrap_or_else(|problems| panic!("{problems}\n{explained}"));
    assert_eq!((again.digest, format!("{:?}", again.plan)), (loaded.digest, format!("{:?}", loaded.plan)));
}

#[test]
fn a_key_that_does_not_exist_is_refused_in_every_map() {
    for text in [
        "colour: red",
        "fleet: { colour: red }",
        "fleet: { cohorts: { a: { colour: red } } }",
        "fleet: { sites: { a: { colour: red } } }",
        "fleet: { attributes: { a: { colour: red } } }",
        "fleet: { habits: { a: { colour: red } } }",
        "fleet: { habits: { a: { away: { colour: red } } } }",
        "fleet: { habits: { a: { install: { colour: red } } } }",
        "fleet: { habits: { a: { online: { sporadic: { colour: red } } } } }",
        "rings: { a: { colour: red } }",
        "rings: { a: { automatic: { colour: red } } }",
        "rings: { a: { start: { colour: red } } }",
        "rings: { a: { ramp: { colour: red } } }",
        "rings: { a: { ramp: { linear: { colour: red } } } }",
        "automatic: { colour: red }",
        "release: { colour: red }",
        "releases: { a: { colour: red } }",
        "releases: { a: { exploit: { colour: red } } }",
        "costs: { colour: red }",
        "freezes: { a: { colour: red } }",
        "device: { colour: red }",
        "device: { scan: { colour: red } }",
        "device: { wake: { colour: red } }",
        "device: { download: { colour: red } }",
        "device: { install: { colour: red } }",
        "device: { install: { takes: { lognormal: { median: 1 h, sigma: 1, colour: red } } } }",
        "device: { while-off: { colour: red } }",
        "device: { connectivity: { colour: red } }",
        "device: { failures: { a: { colour: red } } }",
        "device: { retry: { colour: red } }",
        "device: { disk: { colour: red } }",
        "device: { restart: { colour: red } }",
        "device: { telemetry: { colour: red } }",
        "defects: { a: { colour: red } }",
        "defects: { a: { share: { by-value: { colour: red } } } }",
        "defects: { a: { share: { clustered: { colour: red } } } }",
        "defects: { a: { ticket: { colour: red } } }",
        "defects: { a: { repair: { colour: red } } }",
        "background: { colour: red }",
        "people: { a: { colour: red } }",
        "rules: { a: { colour: red } }",
        "rules: { a: { when: { colour: red } } }",
        "decisions: { a: { colour: red } }",
        "management: { colour: red }",
        "management: { uninstall: { colour: red } }",
        "management: { switch-off: { colour: red } }",
        "objective: { colour: red }",
        "goals: [{ colour: red }]",
    ] {
        assert!(!complaints(text).is_empty(), "{text}");
    }
}
