//! The oracle: a plain reference simulator, written from docs/model.md, that must agree with the engine event for
//! event and decision for decision on random small scenarios.
//!
//! It shares the plan, the draws, the quantiles, the odds and the types of steps with the engine, and who is in
//! which ring; all of that is tested apart. A run that ends at its limit of decisions is compared up to there. `ROLLCAST_ORACLE_CASES` sets how many scenarios are played,
//! `ROLLCAST_ORACLE_SEED` which.
#![allow(missing_docs, unreachable_pub, missing_debug_implementations, reason = "a test")]
#![allow(clippy::print_stdout, reason = "what was reached is worth reading")]

mod both_ways;
mod build;
mod chain;
mod compare;
mod control;
mod decide;
mod device;
mod generate;
mod hours;
mod restart;
mod spec;
mod trouble;
mod world;

use compare::{Reached, compare};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn the_engine_agrees_with_the_oracle() {
    let cases = number("ROLLCAST_ORACLE_CASES", 2_000) as u32;
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number("ROLLCAST_ORACLE_SEED", 1).to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let reached: RefCell<Reached> = RefCell::default();
    let result = TestRunner::new_with_rng(config, rng).run(&generate::spec(), |spec| {
        compare(&spec, &mut reached.borrow_mut()).map_err(TestCaseError::fail)
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, spec)) => panic!("{}\n\nof the scenario\n{spec:?}", why.message()),
        Err(other) => panic!("{other}"),
    }
    for (name, scenarios) in reached.borrow().iter() {
        println!("{scenarios:6} scenarios: {name}");
        assert!(*scenarios > 0 || cases < 2_000, "no scenario reached: {name}");
    }
}
