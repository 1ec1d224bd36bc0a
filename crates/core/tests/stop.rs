//! A run that is told to stop ends without an outcome, wherever it is.

mod common;

use std::{thread, time::Duration};

use common::*;
use rollcast_core::{plan::*, run::run_watched, watch::Watch};

#[test]
fn a_stopped_run_gives_no_outcome_and_does_not_fail() {
    let mut plan = plan(3_000_000);
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(1_000_000)), ring(0, None, 0)),
        sized(RingSize::Pool(Amount::Share(0.2)), ring(1, None, 0)),
        ring(2, None, 0),
    ];
    // Stopped before it starts, and at several moments on the way.
    for wait_ms in [0_u64, 2, 20, 60, 150] {
        let watch = Watch::new();
        let outcome = thread::scope(|scope| {
            let run = scope.spawn(|| run_watched(&plan, 1, 0, &watch));
            thread::sleep(Duration::from_millis(wait_ms));
            watch.stop();
            run.join().expect("no panic")
        });
        assert!(outcome.is_none() || watch.finished() == 1);
    }
}
