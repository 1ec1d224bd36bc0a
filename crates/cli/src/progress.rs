//! Looking on while a plan is played: a bar on stderr where somebody is looking, and Ctrl-C.

use std::{
    io::IsTerminal,
    sync::{Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rollcast_core::watch::{Pass, Watch};

use crate::{
    exit::INTERRUPTED,
    output::{discard_unfinished, say},
    render::number::{count, many, time},
};

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two looks.
const BEAT: Duration = Duration::from_millis(100);

/// What the engine is watched through.
pub(crate) static WATCH: Watch = Watch::new();
/// What to do after Ctrl-C, while something is played.
static WAY_OUT: Mutex<Option<String>> = Mutex::new(None);

/// From now on Ctrl-C ends the process at once: answers are written whole at the end, and a journal has whole lines
/// at any moment, so there is nothing to save and nothing to wait for.
pub(crate) fn on_interrupt() {
    let handler = || {
        discard_unfinished();
        rollcast_sweep::whole::discard_unfinished();
        let way_out = WAY_OUT.lock().ok().and_then(|said| said.clone());
        let way_out = way_out.map_or(String::new(), |said| format!("; {said}"));
        say(&format!("\ninterrupted{way_out}"));
        std::process::exit(INTERRUPTED.into());
    };
    // Without a handler Ctrl-C still ends the process, only with less to say.
    let _ = ctrlc::set_handler(handler);
}

/// Does `work`, which plays `runs` runs under [`WATCH`], and shows how far it is once that has taken a moment.
pub(crate) fn watched<T>(runs: u64, quiet: bool, work: impl FnOnce() -> T) -> T {
    let before =
        Look { seconds: 0.0, finished: WATCH.finished(), visited: WATCH.visited(), pass: WATCH.pass() };
    let begun = Instant::now();
    let mut pass_begun = (before.pass.number, begun);
    let look = move || {
        let pass = WATCH.pass();
        if pass.number != pass_begun.0 {
            pass_begun = (pass.number, Instant::now());
        }
        let seconds = if runs > 1 { begun.elapsed() } else { pass_begun.1.elapsed() }.as_secs_f64();
        Look {
            seconds,
            finished: WATCH.finished() - before.finished,
            visited: WATCH.visited() - before.visited,
            pass: Pass { number: pass.number - before.pass.number, ..pass },
        }
        .told(runs)
    };
    let way_out = "no outcome was written, run the same command again or with fewer `--replications`";
    shown(quiet, way_out, look, work)
}

/// Does `work` and shows what `look` tells (which part of the work is done, and words) once that has taken a moment.
/// Ctrl-C meanwhile says `way_out`.
pub(crate) fn shown<T>(
    quiet: bool,
    way_out: &str,
    look: impl FnMut() -> (f64, String) + Send,
    work: impl FnOnce() -> T,
) -> T {
    say_on_interrupt(Some(way_out));
    let done = (Mutex::new(false), Condvar::new());
    let result = thread::scope(|scope| {
        if !quiet && std::io::stderr().is_terminal() {
            scope.spawn(|| show(look, &done));
        }
        let result = work();
        if let Ok(mut over) = done.0.lock() {
            *over = true;
        }
        done.1.notify_all();
        result
    });
    say_on_interrupt(None);
    result
}

fn say_on_interrupt(way_out: Option<&str>) {
    if let Ok(mut said) = WAY_OUT.lock() {
        *said = way_out.map(str::to_owned);
    }
}

fn show(mut look: impl FnMut() -> (f64, String), done: &(Mutex<bool>, Condvar)) {
    let begun = Instant::now();
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{wide_bar} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let Ok(mut over) = done.0.lock() else { return };
    while !*over {
        let Ok((lock, _)) = done.1.wait_timeout(over, BEAT) else { break };
        over = lock;
        let (part, text) = look();
        if begun.elapsed() < PATIENCE {
            continue;
        }
        if bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position((part * STEPS as f64) as u64);
        bar.set_message(text);
        bar.tick();
    }
    bar.finish_and_clear();
}

/// What is told of work in runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Runs {
    /// Since the work began.
    pub(crate) seconds: f64,
    /// Runs that are over since then.
    pub(crate) finished: u64,
    /// Runs that were over before.
    pub(crate) before: u64,
    /// All runs.
    pub(crate) of: u64,
}

impl Runs {
    /// The part that is done, and words with the rate and the time left.
    pub(crate) fn told(self) -> (f64, String) {
        let over = self.before + self.finished;
        let part = if self.of == 0 { 1.0 } else { over as f64 / self.of as f64 };
        let mut text = format!("{} of {}", count(over), many(self.of, "run"));
        if self.finished > 0 && self.seconds > 0.0 {
            let rate = self.finished as f64 / self.seconds;
            let left_s = (self.of - over) as f64 / rate;
            text += &if rate >= 1.0 {
                format!(", {}/s", many(rate.round() as u64, "run"))
            } else {
                format!(", {} a run", time(1.0 / rate / 3_600.0))
            };
            if over < self.of {
                text += &format!(", {} left", time(left_s.ceil() / 3_600.0));
            }
        }
        (part, text)
    }
}

/// Steps of the bar: more than a terminal has cells for.
const STEPS: u64 = 10_000;

/// What is known at one moment of work that goes on.
#[derive(Clone, Copy, Debug)]
struct Look {
    /// Since the work began, or, where one run is played, since its pass did.
    seconds: f64,
    finished: u64,
    visited: u64,
    pass: Pass,
}

impl Look {
    /// The part of the bar that is full, and the words behind it. One run is shown pass by pass: how many passes
    /// will follow is known only when nothing more is decided.
    fn told(&self, runs: u64) -> (f64, String) {
        let (part, of, visited) = if runs > 1 {
            let part = self.finished as f64 / runs as f64;
            (part, format!("{} of {}", count(self.finished), many(runs, "run")), self.visited)
        } else {
            let Pass { number, devices, visited } = self.pass;
            // Nobody is left to visit between the last pass and the answer.
            let part = if devices == 0 { 1.0 } else { visited as f64 / devices as f64 };
            let percent = (part * 100.0) as u64;
            (part, format!("pass {number}, {percent} %"), visited)
        };
        let mut text = of;
        if self.seconds > 0.0 && visited > 0 {
            let per_second = visited as f64 / self.seconds;
            text += &format!(", {}/s", devices(per_second));
        }
        if self.seconds > 0.0 && part > 0.0 && part < 1.0 {
            let left_s = self.seconds * (1.0 - part) / part;
            let pass = if runs > 1 { "" } else { " of the pass" };
            text += &format!(", {}{pass} left", time(left_s.ceil() / 3_600.0));
        }
        (part, text)
    }
}

/// Devices with three digits of them: the rest of a rate only flickers.
fn devices(number: f64) -> String {
    let unit = 10_f64.powi((number.max(1.0).log10() as i32 - 2).max(0));
    format!("{} devices", count(((number / unit).round() * unit) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(seconds: f64, finished: u64, visited: u64, pass: (u64, u64, u64)) -> Look {
        let (number, devices, of_pass) = pass;
        Look { seconds, finished, visited, pass: Pass { number, devices, visited: of_pass } }
    }

    #[test]
    fn one_run_is_told_by_its_pass() {
        let (part, text) = look(10.0, 0, 123_456_789, (3, 1_000_000_000, 250_000_000)).told(1);
        assert_eq!(part, 0.25);
        assert_eq!(text, "pass 3, 25 %, 25 000 000 devices/s, 30 s of the pass left");
        let (_, text) = look(2.0, 0, 0, (2, 4_000_000, 2_469_134)).told(1);
        assert_eq!(text, "pass 2, 61 %, 1 230 000 devices/s, 2 s of the pass left");
        assert_eq!(
            look(2.0, 0, 0, (2, 4_000_000, 4_000_000)).told(1).1,
            "pass 2, 100 %, 2 000 000 devices/s"
        );
    }

    #[test]
    fn several_runs_are_told_by_those_that_are_over() {
        let (part, text) = look(60.0, 10, 6_000_000, (77, 12_000, 5)).told(40);
        assert_eq!((part, text.as_str()), (0.25, "10 of 40 runs, 100 000 devices/s, 3 min left"));
        let (part, text) = look(2.0, 0, 90, (1, 12_000, 90)).told(40);
        assert_eq!((part, text.as_str()), (0.0, "0 of 40 runs, 45 devices/s"));
    }

    #[test]
    fn a_sweep_is_told_with_its_rate_and_the_time_left() {
        let told = |seconds, finished, before| Runs { seconds, finished, before, of: 1_000 }.told();
        assert_eq!(told(10.0, 100, 0), (0.1, "100 of 1 000 runs, 10 runs/s, 1.5 min left".into()));
        // What was played before the sweep went on took none of its time.
        assert_eq!(told(10.0, 100, 500), (0.6, "600 of 1 000 runs, 10 runs/s, 40 s left".into()));
        assert_eq!(told(60.0, 2, 0).1, "2 of 1 000 runs, 30 s a run, 8.3 h left");
        assert_eq!(told(5.0, 0, 500), (0.5, "500 of 1 000 runs".into()));
        assert_eq!(told(5.0, 500, 500), (1.0, "1 000 of 1 000 runs, 100 runs/s".into()));
        assert_eq!(Runs { seconds: 0.0, finished: 0, before: 0, of: 0 }.told().0, 1.0);
    }

    #[test]
    fn nothing_is_foretold_before_the_first_visit() {
        let (part, text) = look(1.0, 0, 0, (1, 12_000, 0)).told(1);
        assert_eq!((part, text.as_str()), (0.0, "pass 1, 0 %"));
        assert_eq!(look(1.0, 0, 0, (0, 0, 0)).told(1).0, 1.0);
        assert_eq!(look(0.0, 1, 5, (1, 5, 5)).told(2).1, "1 of 2 runs");
    }

    #[test]
    fn rates_have_three_digits() {
        let all = [0.4, 7.0, 999.4, 1_234.5, 987_654.0].map(devices);
        assert_eq!(all, ["0 devices", "7 devices", "999 devices", "1 230 devices", "988 000 devices"]);
    }
}
