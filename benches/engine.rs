//! Timings of the parts: draws, one quantile, one life, membership and a whole run, the loader.
//!
//! `cargo bench -p rollcast-benches`; quote medians and ratios, timings are noisy.

use std::{hint::black_box, path::Path};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rollcast_core::{
    draws::{Luck, Purpose},
    family::Family,
    observe::story,
    quantile::Quantile,
    run::run,
};
use rollcast_scenario::{inventory::generate, load::Loader};

fn scenario(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name)
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
    let quantile = Quantile::family(Family::Lognormal { median: 64_800.0, sigma: 0.8 });
    c.bench_function("quantile: one variate", |b| {
        let mut word = 0_u32;
        b.iter(|| {
            word = word.wrapping_add(0x9E37_79B9);
            quantile.at(black_box(word), || 1 << 31)
        });
    });
}

fn runs(c: &mut Criterion) {
    let small = Loader::new().set("runs=1").load(scenario("contoso.yaml")).expect("contoso loads");
    let outcome = run(&small.plan, 7, 0);
    c.bench_function("life: the story of one device of contoso", |b| {
        let mut index = 0;
        b.iter(|| {
            index = (index + 1) % 12_000;
            story(&small.plan, 7, &outcome, index)
        });
    });
    let mut group = c.benchmark_group("run");
    group.sample_size(10);
    for devices in [12_000_u64, 100_000] {
        let loaded = Loader::new()
            .set(format!("fleet.devices={devices}"))
            .load(scenario("contoso.yaml"))
            .expect("contoso loads");
        group.throughput(Throughput::Elements(devices));
        group.bench_function(format!("contoso, {devices} devices"), |b| b.iter(|| run(&loaded.plan, 7, 0)));
    }
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

criterion_group!(benches, parts, runs, loader);
criterion_main!(benches);
