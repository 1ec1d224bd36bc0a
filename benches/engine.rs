//! Timings of the parts: draws, one quantile, lives, sums of tallies, the control plane, the loader, a cell of a sweep,
//! a whole run.
//!
//! `cargo bench -p rollcast-benches`; quote medians and ratios, timings are noisy. Whole runs of large fleets are
//! measured by `rollcast bench`, and against other programs by `benches/rivals`.

use std::{fmt::Write as _, hint::black_box, path::Path, sync::Arc};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rollcast_core::{
    draws::{Luck, Purpose},
    family::Family,
    instructions::{Instructions, choose, name},
    quantile::Quantile,
    run::run,
    tally::Tally,
};
use rollcast_scenario::{
    diagnostic::Source,
    inventory::generate,
    load::{Loaded, Loader},
    study::Study,
};
use rollcast_sweep::{
    prepare::{Options, Prepared},
    runner::{Progress, play},
};

fn scenario(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name)
}

/// A shipped scenario with so many devices.
fn sized(name: &str, devices: u64) -> Loaded {
    let loader = Loader::new().set(format!("fleet.devices={devices}"));
    loader.load(scenario(name)).unwrap_or_else(|problems| panic!("{name}: {problems}"))
}

fn one_thread() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread")
}

fn parts(c: &mut Criterion) {
    let luck = Luck::new(1, 0);
    c.bench_function("draw: one block of four words", |b| {
        let mut key = 0_u64;
        b.iter(|| {
            key += 1;
            luck.block(black_box(key), Purpose::Attempt, 3)
        });
    });
    let families = [
        ("uniform", Quantile::uniform(0.0, 79_200.0)),
        ("exponential", Quantile::family(Family::Exponential { mean: 64_800.0 })),
        ("lognormal", Quantile::family(Family::Lognormal { median: 64_800.0, sigma: 0.8 })),
    ];
    for (name, quantile) in families {
        c.bench_function(&format!("quantile: one {name} variate"), |b| {
            let mut word = 0_u32;
            b.iter(|| {
                word = word.wrapping_add(0x9E37_79B9);
                quantile.at(black_box(word), || 1 << 31)
            });
        });
    }
    let contoso = sized("contoso.yaml", 12_000);
    let tally = run(&contoso.plan, 7, 0).tally;
    c.bench_function("tally: one of contoso added to another", |b| {
        b.iter_batched_ref(|| Tally::new(&contoso.plan), |sum| sum.add(&tally), BatchSize::SmallInput);
    });
}

/// Lives with the little that is around them: the fleet of one chunk, on one thread. Time is told per device.
fn lives(c: &mut Criterion) {
    const DEVICES: u64 = 2_048;
    let mut group = c.benchmark_group("lives on one thread");
    group.throughput(Throughput::Elements(DEVICES));
    let pool = one_thread();
    for (name, file) in [("W1", "bench/w1.yaml"), ("contoso", "contoso.yaml"), ("minimal", "minimal.yaml")] {
        let loaded = sized(file, DEVICES);
        group.bench_function(name, |b| b.iter(|| pool.install(|| run(&loaded.plan, 7, 0))));
    }
    let loaded = sized("bench/w1.yaml", DEVICES);
    for with in [Instructions::Portable, Instructions::OneByOne] {
        choose(with);
        group.bench_function(format!("W1, {}", name()), |b| {
            b.iter(|| pool.install(|| run(&loaded.plan, 7, 0)))
        });
    }
    choose(Instructions::Widest);
    group.finish();
}

/// Three devices and many decisions, so that what is timed is the calendar of what holds when.
fn control(c: &mut Criterion) {
    const DECISIONS: usize = 200;
    let mut text = String::from(
        "fleet: { devices: 3, habits: { machine: { online: always } } }\n\
         rings: { a: { size: rest }, b: { size: 1, deferral: 2 d }, c: { size: 1, deferral: 4 d } }\n\
         release: { published: 2026-10-13 }\ndecisions:\n",
    );
    for k in 0..DECISIONS {
        let (day, hour) = (14 + k / 12, k % 12 * 2);
        let act =
            ["pause all rings", "resume all rings", "pause b and later for 10 h", "pause later rings"][k % 4];
        writeln!(text, "  d{k}: {{ at: 2026-10-{day} {hour:02}:30, do: {act} }}").expect("text");
    }
    let source = Arc::new(Source { name: "decisions.yaml".into(), text });
    let loaded =
        Loader::new().load_source(source, Path::new("")).unwrap_or_else(|problems| panic!("{problems}"));
    let pool = one_thread();
    c.bench_function("control plane: 200 decisions over three rings", |b| {
        b.iter(|| pool.install(|| run(&loaded.plan, 7, 0)));
    });
}

fn runs(c: &mut Criterion) {
    let mut group = c.benchmark_group("run on all cores");
    group.sample_size(10);
    for (file, devices) in [("contoso.yaml", 100_000_u64), ("bench/w1.yaml", 1_000_000)] {
        let loaded = sized(file, devices);
        group.throughput(Throughput::Elements(devices));
        group.bench_function(format!("{file}, {devices} devices"), |b| b.iter(|| run(&loaded.plan, 7, 0)));
    }
    group.finish();
}

/// One cell of W2: a policy with its twenty replications of 10 000 devices, from the plan to the rows; and what it takes
/// to read and check all 200 policies.
fn cell(c: &mut Criterion) {
    const RUNS: u64 = 20;
    let study = || {
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("w2.yaml");
        Study::read(&[plan], &[]).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let options = Options { axes: true, files: vec!["w2.yaml".into()], ..Options::default() };
    let prepared = Prepared::of(study(), &options).unwrap_or_else(|problems| panic!("{problems}"));
    let pool = one_thread();
    let mut group = c.benchmark_group("sweep");
    group.sample_size(10);
    group.throughput(Throughput::Elements(RUNS));
    group.bench_function("W2: one cell on one thread", |b| {
        b.iter(|| {
            let keep = |_, played| {
                black_box(played);
                Ok(())
            };
            play(&prepared, &[100], &pool, &Progress::default(), keep).expect("nobody refuses")
        });
    });
    group.throughput(Throughput::Elements(prepared.layout.points.len() as u64));
    group.bench_function("W2: 200 policies read and checked", |b| {
        b.iter(|| Prepared::of(study(), &options).expect("a plan").layout.cells());
    });
    group.finish();
}

fn loader(c: &mut Criterion) {
    c.bench_function("loader: contoso", |b| {
        b.iter(|| Loader::new().load(black_box(scenario("contoso.yaml"))).expect("contoso loads"));
    });
    c.bench_function("loader: a tenant of 1 000 rows", |b| {
        b.iter(|| Loader::new().load(black_box(scenario("tenant.yaml"))).expect("the tenant loads"));
    });
    c.bench_function("generator: 1 000 rows", |b| {
        b.iter_batched(
            Vec::new,
            |mut out| {
                generate::generate(1_000, 1, generate::DEFAULT_EXPORT_S, &mut out).expect("memory");
                out
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, parts, lives, control, runs, cell, loader);
criterion_main!(benches);
