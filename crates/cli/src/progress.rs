//! Looking on while a plan is played: a bar on stderr where somebody is looking, and Ctrl-C.

use std::{
    io::IsTerminal,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rollcast_core::watch::Watch;

use crate::{
    exit::INTERRUPTED,
    output::{discard_unfinished, say},
    render::number::count,
};

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two looks.
const BEAT: Duration = Duration::from_millis(100);

/// What the engine is watched through.
pub(crate) static WATCH: Watch = Watch::new();
/// True while a plan is played.
static PLAYING: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C ends the process at once: answers are written whole at the end, so there is nothing to save
/// and nothing to wait for.
pub(crate) fn on_interrupt() {
    let handler = || {
        discard_unfinished();
        let way_out = if PLAYING.load(Ordering::Relaxed) {
            "; no outcome was written, run the same command again or with fewer `--replications`"
        } else {
            ""
        };
        say(&format!("\ninterrupted{way_out}"));
        std::process::exit(INTERRUPTED.into());
    };
    // Without a handler Ctrl-C still ends the process, only with less to say.
    let _ = ctrlc::set_handler(handler);
}

/// Does `work`, which plays `runs` runs under [`WATCH`], and shows how far it is once that has taken a moment.
pub(crate) fn watched<T>(runs: u64, quiet: bool, work: impl FnOnce() -> T) -> T {
    PLAYING.store(true, Ordering::Relaxed);
    let done = (Mutex::new(false), Condvar::new());
    let result = thread::scope(|scope| {
        if !quiet && std::io::stderr().is_terminal() {
            scope.spawn(|| show(runs, &done));
        }
        let result = work();
        if let Ok(mut over) = done.0.lock() {
            *over = true;
        }
        done.1.notify_all();
        result
    });
    PLAYING.store(false, Ordering::Relaxed);
    result
}

fn show(runs: u64, done: &(Mutex<bool>, Condvar)) {
    let begun = Instant::now();
    let bar = ProgressBar::with_draw_target(Some(runs), ProgressDrawTarget::hidden());
    let template =
        if runs > 1 { "{wide_bar} {pos} of {len} runs, {eta} left" } else { "{spinner} playing, {msg}" };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let Ok(mut over) = done.0.lock() else { return };
    while !*over {
        let Ok((lock, _)) = done.1.wait_timeout(over, BEAT) else { break };
        over = lock;
        if begun.elapsed() >= PATIENCE {
            if bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            bar.set_position(WATCH.finished());
            bar.set_message(format!("{} devices visited", count(WATCH.visited())));
            bar.tick();
        }
    }
    bar.finish_and_clear();
}
