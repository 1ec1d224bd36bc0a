//! Many runs of a plan: what is asked of one alone is what all of them together say.

mod common;

use common::*;
use rollcast_core::{
    goals::{Goal, Wants},
    metrics::{Metric, Of},
    plan::*,
    replicate::{Wanted, play_one, replicate},
    watch::Watch,
};

#[test]
fn a_run_gives_what_is_wanted_of_it_and_no_more() {
    let mut plan = plan(9_000);
    plan.rings = vec![
        sized(RingSize::Pool(Amount::Count(300)), ring(0, Some(2), 1)),
        sized(RingSize::Pool(Amount::Share(0.2)), ring(1, Some(2), 1)),
        ring(3, Some(5), 2),
    ];
    plan.releases.push(release("another", 10));
    let goal = |ring, release, share| {
        let wants = Wants::Patched { of: Of::Registered, share, by_s: 4 * 86_400 };
        Goal { ring, release: ReleaseId(release), wants, in_share: Some(0.5) }
    };
    let goals = [goal(None, 1, 0.5), goal(Some(RingId(0)), 0, 0.9), goal(Some(RingId(2)), 1, 1.0)];
    let want = |metric, ring, release| Wanted { metric, ring, release: ReleaseId(release) };
    // In no order, one of them twice.
    let wanted = [
        want(Metric::Hours(Of::Registered, 95), Some(RingId(2)), 1),
        want(Metric::Restarts, None, 0),
        want(Metric::Hours(Of::Registered, 95), Some(RingId(2)), 1),
        want(Metric::DownloadsPeakHour, None, 1),
        want(Metric::Hours(Of::Connected, 50), Some(RingId(0)), 0),
        want(Metric::HarmedAfterDecision, None, 0),
    ];
    // Few, which share their threads, and many, which do not.
    for runs in [1, 40] {
        let numbers: Vec<u32> = (3..3 + runs).collect();
        let watch = Watch::new();
        let together = replicate(&plan, 5, &numbers, &goals, &watch).expect("nobody stops it");
        let mut held = [0; 3];
        for (i, &number) in numbers.iter().enumerate() {
            let alone = play_one(&plan, 5, number, &wanted, &goals, &watch).expect("nobody stops it");
            assert_eq!(alone.values.len(), wanted.len());
            for (value, w) in alone.values.iter().zip(&wanted) {
                assert_eq!(*value, together.values(w.metric, w.ring, w.release)[i], "{w:?}");
            }
            assert!(alone.values[0].is_some() && alone.values[5].is_none());
            held.iter_mut().zip(&alone.held).for_each(|(sum, &held)| *sum += u32::from(held));
        }
        assert_eq!(held.to_vec(), together.goals.iter().map(|judged| judged.held).collect::<Vec<_>>());
        assert!(play_one(&plan, 5, 3, &[], &[], &watch).expect("nobody stops it").values.is_empty());
        watch.stop();
        assert!(play_one(&plan, 5, 3, &wanted, &goals, &watch).is_none());
    }
}
