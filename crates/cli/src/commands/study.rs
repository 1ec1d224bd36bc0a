//! What `run`, `compare` and `sweep` have in common: reading a study, making it ready, playing its cells.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, atomic::Ordering},
    time::Instant,
};

use rollcast_scenario::{
    layers::Change,
    load::{Base, Loaded},
    scalar::Bytes,
    study::{Level, Study},
    suggest,
};
use rollcast_sweep::{
    layout::{Axis, AxisUnit, BLOCK, Design, Layout, Value},
    prepare::{Options, Prepared},
    refusal::{Kind, Refusal},
    rows::{Played, Results, Row},
    runner::{self, Progress},
    shard::Shard,
};

use crate::{
    exit::Exit,
    limits,
    output::{CannotWrite, say},
    progress::{Runs, shown},
    render::{
        diagnostics,
        number::{bytes, count, many, share, time},
    },
};

/// A point of a study, as `run` plays it alone.
pub(super) struct Alone {
    pub(super) base: Base,
    pub(super) changes: Vec<Change>,
    pub(super) loaded: Loaded,
    /// The seed of the plan, or of the scenario.
    pub(super) seed: u64,
    /// How many replications in a row share a draw of the uncertain settings.
    pub(super) together: u32,
}

/// Loads what `run` plays: a scenario, or a strategy of a plan with a value on each axis and a member of its bank.
pub(super) fn alone(
    path: &Path,
    sets: &[String],
    (strategy, gate): (Option<&str>, Option<&str>),
    axes: &[String],
    member: Option<&str>,
) -> Result<Alone, Exit> {
    let read = Study::read(&[path.to_owned()], sets);
    let mut study = super::or_say(read)?;
    if gate.is_some() {
        study = super::or_say(study.gate_alone())?;
    }
    let strategy = strategy.or(gate);
    let strategy = match strategy {
        None => None,
        Some(name) => {
            let names: Vec<&str> = study.strategies.iter().map(|strategy| strategy.name.as_str()).collect();
            Some(pick("strategy", name, &names)?)
        }
    };
    let levels: Vec<Level> = axes.iter().map(|text| level(&study, text)).collect::<Result<_, _>>()?;
    let mut changes = study.changes(strategy, &levels);
    let strategy = strategy.unwrap_or(0);
    let base = study.base(strategy);
    let mut loaded = super::or_say(base.load(&changes))?;
    if let Some(name) = member {
        let Some(bank) = &study.bank else {
            say(&super::error(
                "there is no bank of releases",
                "leave `--member` out, or name a `bank` in the plan",
            ));
            return Err(Exit::BadInput);
        };
        let names: Vec<&str> = bank.members.iter().map(|member| member.name.as_str()).collect();
        let number = pick("member of the bank", name, &names)?;
        changes = study.with_member(strategy, &changes, number, &loaded.labels);
        loaded = super::or_say(base.load(&changes))?;
    }
    let seed = study.seed.unwrap_or(loaded.seed);
    Ok(Alone { base: base.clone(), changes, loaded, seed, together: study.together })
}

fn pick(what: &str, name: &str, known: &[&str]) -> Result<usize, Exit> {
    known.iter().position(|one| *one == name).ok_or_else(|| {
        let help = suggest::way_out(name, known, "there is none");
        say(&super::error(&format!("`{name}` is no {what}"), &help));
        Exit::BadInput
    })
}

/// The level that `--axis AXIS=VALUE` names. The names of axes and of blocks are free, so they may hold blanks and `=`.
fn level(study: &Study, text: &str) -> Result<Level, Exit> {
    let exactly = |axis: &rollcast_scenario::study::Axis| {
        axis.named(text.strip_prefix(axis.name.as_str())?.strip_prefix('=')?)
    };
    if let Some(level) = study.axes.iter().find_map(exactly) {
        return Ok(level);
    }
    let help = "write it as in `--axis rings.First.size=800`";
    let Some((name, value)) = text.split_once('=') else {
        say(&super::error(&format!("`{text}` is no axis with a value"), help));
        return Err(Exit::BadInput);
    };
    let names: Vec<&str> = study.axes.iter().map(|axis| axis.name.as_str()).collect();
    let axis = &study.axes[pick("axis", name.trim(), &names)?];
    axis.named(value.trim()).ok_or_else(|| {
        say(&super::error(
            &format!("the axis `{name}` has no value `{value}`"),
            "take one that the plan lists",
        ));
        Exit::BadInput
    })
}

/// Reads and checks a study; says what is wrong with it. The files and settings of `options` are filled in here.
pub(super) fn prepare(
    files: &[PathBuf],
    sets: &[String],
    options: Options,
    pool: &rayon::ThreadPool,
) -> Result<Prepared, Exit> {
    let study = super::or_say(Study::read(files, sets))?;
    let files = files.iter().map(|file| file.display().to_string()).collect();
    let options = Options { files, sets: sets.to_vec(), ..options };
    super::or_say(pool.install(|| Prepared::of(study, &options)))
}

/// Says what is odd about a study that is played all the same.
pub(super) fn warn(prepared: &Prepared, quiet: bool) {
    if !quiet && !prepared.warnings.is_empty() {
        say(&diagnostics::render(&prepared.warnings));
    }
}

/// Refuses what would not fit or not end: the largest of all points, and the results of the shard.
pub(super) fn check(
    prepared: &Prepared,
    shard: Shard,
    threads: usize,
    limit: Bytes,
) -> Result<(), CannotWrite> {
    let heaviest = prepared
        .heaviest()
        .map_err(|message| CannotWrite { message, help: "leave the files alone and try again".into() })?;
    for scene in heaviest {
        limits::check(&scene.plan, threads, 1, limit)?;
    }
    let layout = &prepared.layout;
    // Counted cell by cell, a design that is far too large would take longer than its refusal may.
    let runs = layout.runs().min(shard.count(layout).saturating_mul(BLOCK.into()));
    let cells = layout.cells().saturating_mul(size_of::<Option<Played>>() as u64);
    let rows = runs.saturating_mul(row_bytes(layout)).saturating_add(cells);
    if rows <= limit.bytes() {
        return Ok(());
    }
    Err(CannotWrite {
        message: format!(
            "the results of {} would take {} of memory, with a place for each of {}; the limit is {}",
            many(runs, "run"),
            bytes(rows as f64),
            many(layout.cells(), "cell"),
            bytes(limit.bytes() as f64),
        ),
        help: "play it in shards, with fewer replications, or with a higher `--max-memory`".into(),
    })
}

/// What a row takes in memory.
fn row_bytes(layout: &Layout) -> u64 {
    (size_of::<Row>() + layout.columns.len() * size_of::<Option<f64>>()) as u64
}

impl From<Refusal> for CannotWrite {
    fn from(refusal: Refusal) -> Self {
        CannotWrite { message: refusal.message, help: refusal.help.into() }
    }
}

/// Says which cells failed, and what plays them `again`, and how many runs ended before their time; true if results are
/// partial because of one or the other.
pub(super) fn partial(layout: &Layout, results: &Results, again: &str) -> bool {
    let mut failed = 0;
    let (mut early, mut all) = (0, 0);
    for cell in 0..layout.cells() {
        match results.cell(cell) {
            Some(Played::Panicked { message, replay }) => {
                failed += 1;
                say(&format!("cell {cell} failed: {message}\n  to see it again: {replay}"));
            }
            Some(Played::Rows(rows)) => {
                early += rows.iter().filter(|row| row.ended_early).count() as u64;
                all += rows.len() as u64;
            }
            None => {}
        }
    }
    if early > 0 {
        say(&format!(
            "{} of {} ended early, at their limit of decisions; later nothing was played in them",
            count(early),
            many(all, "run")
        ));
    }
    if failed > 0 {
        let (have, them) = if failed == 1 { ("has", "it") } else { ("have", "them") };
        say(&format!("{} failed and {have} no rows; {again} plays {them} again", many(failed, "cell")));
        say(
            "where the files of the scenario are as they were, that is a fault of the program: please report it",
        );
    }
    failed > 0 || early > 0
}

/// Says a refusal; gives the exit that follows.
pub(super) fn refuse(refusal: &Refusal) -> Exit {
    say(&super::error(&refusal.message, &refusal.help));
    match refusal.kind {
        Kind::Input => Exit::BadInput,
        Kind::Storage => Exit::CannotWrite,
    }
}

/// How a sweep is shown while it is played.
pub(super) struct Show<'a> {
    /// Nothing is shown.
    pub(super) quiet: bool,
    /// What to do after Ctrl-C.
    pub(super) way_out: &'a str,
    /// Runs of cells that were played before.
    pub(super) before: u64,
    /// Runs of the whole, or of the shard.
    pub(super) of: u64,
    /// With the best point so far.
    pub(super) best: bool,
}

/// Plays cells into `results`, telling `keep` of each as soon as it is finished.
pub(super) fn play(
    prepared: &Prepared,
    cells: &[u64],
    pool: &rayon::ThreadPool,
    show: &Show<'_>,
    results: &mut Results,
    mut keep: impl FnMut(u64, &Played) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let progress = Progress::default();
    // Where luck differs and the shares of the axes are asked for, no point is the best.
    let indices = prepared.layout.design == Some(Design::Indices);
    let aim = prepared.aim().filter(|_| show.best && !indices);
    let best = Mutex::new(Best::new(&prepared.layout, aim, results));
    let begun = Instant::now();
    let look = || {
        let runs = Runs {
            seconds: begun.elapsed().as_secs_f64(),
            finished: progress.runs.load(Ordering::Relaxed),
            before: show.before,
            of: show.of,
        };
        let (part, mut text) = runs.told();
        if let Some(words) = best.lock().ok().and_then(|best| best.told(&prepared.layout)) {
            text += &format!(", best so far: {words}");
        }
        (part, text)
    };
    shown(show.quiet, show.way_out, look, || {
        runner::play(prepared, cells, pool, &progress, |cell, played| {
            keep(cell, &played)?;
            if let Ok(mut best) = best.lock() {
                best.add(&prepared.layout, cell, &played);
            }
            results.put(cell, played);
            Ok(())
        })
    })
}

/// The best point so far, by the mean of the column that the plan chooses by: for the eye, not for the answer.
struct Best {
    /// By point: sum of the weighted values, and of their weights.
    sums: Vec<(f64, f64)>,
    cells: Vec<u32>,
    aim: Option<(usize, bool)>,
}

impl Best {
    /// Of what was played before.
    fn new(layout: &Layout, aim: Option<(usize, bool)>, results: &Results) -> Self {
        let points = layout.points.len();
        let mut best = Best { sums: vec![(0.0, 0.0); points], cells: vec![0; points], aim };
        for cell in 0..layout.cells() {
            if let Some(played) = results.cell(cell) {
                best.add(layout, cell, played);
            }
        }
        best
    }

    fn add(&mut self, layout: &Layout, cell: u64, played: &Played) {
        let Some((column, _)) = self.aim else { return };
        let id = layout.cell(cell);
        self.cells[id.point] += 1;
        let Played::Rows(rows) = played else { return };
        let of = &layout.members[id.member];
        let weight = of.weight / f64::from(of.runs);
        for row in rows {
            let value = row.values[column].or(layout.columns[column].limit);
            if let Some(value) = value {
                let sum = &mut self.sums[id.point];
                *sum = (sum.0 + weight * value, sum.1 + weight);
            }
        }
    }

    /// Of the points that are finished.
    fn told(&self, layout: &Layout) -> Option<String> {
        let (column, least) = self.aim?;
        let each = (layout.cells() / layout.points.len() as u64) as u32;
        let finished = (0..self.sums.len()).filter(|&p| self.cells[p] == each && self.sums[p].1 > 0.0);
        let means = finished.map(|point| (point, self.sums[point].0 / self.sums[point].1));
        let sign = if least { 1.0 } else { -1.0 };
        let (point, mean) = means.min_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))?;
        let name = label(layout, point);
        Some(format!("{name} ({} {mean:.3})", layout.columns[column].name))
    }
}

/// A point in a few words: its strategy where there are several, and its values.
pub(crate) fn label(layout: &Layout, point: usize) -> String {
    let of = &layout.points[point];
    let several = layout.points.iter().any(|other| other.strategy != of.strategy);
    let plain = of.values.iter().all(Option::is_none);
    let strategy = (several || plain).then(|| of.strategy.clone());
    let value = |(axis, value): (&Axis, &Option<Value>)| {
        Some(match (value.as_ref()?, axis.unit) {
            (Value::Text(text), _) => text.clone(),
            (Value::Number(hours), AxisUnit::Hours) => time(*hours),
            (Value::Number(part), AxisUnit::Share) => share(*part),
            (Value::Number(number), _) => number.to_string(),
        })
    };
    strategy
        .into_iter()
        .chain(layout.axes.iter().zip(&of.values).filter_map(value))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use rollcast_sweep::layout::{Column, Member, Point};

    use super::*;

    fn layout() -> Layout {
        let point = |size: f64| Point {
            strategy: "as it is".into(),
            values: vec![Some(Value::Number(size))],
            replay: Vec::new(),
        };
        let column =
            Column { name: "h95".into(), unit: "hours".into(), lower_is_better: true, limit: Some(90.0) };
        Layout {
            version: String::new(),
            digest: String::new(),
            seed: 1,
            together: 1,
            axes: vec![Axis { name: "size".into(), unit: AxisUnit::Number, plus: None }],
            design: None,
            columns: vec![column],
            points: vec![point(10.0), point(20.0), point(40.0)],
            members: vec![Member { name: String::new(), weight: 1.0, runs: 50 }],
        }
    }

    fn played(value: Option<f64>) -> Played {
        Played::Rows(vec![Row { values: vec![value], ended_early: false }; 25])
    }

    #[test]
    fn the_best_so_far_is_one_that_is_finished() {
        let layout = layout();
        let mut best = Best::new(&layout, Some((0, true)), &Results::new(&layout));
        assert_eq!(best.told(&layout), None);
        best.add(&layout, 0, &played(Some(50.0)));
        best.add(&layout, 2, &played(Some(1.0)));
        assert_eq!(best.told(&layout), None, "half a point is none");
        best.add(&layout, 1, &played(Some(60.0)));
        assert_eq!(best.told(&layout).unwrap(), "10 (h95 55.000)");
        // Never is no less than the end of the watch.
        best.add(&layout, 3, &played(None));
        assert_eq!(best.told(&layout).unwrap(), "20 (h95 45.500)");
    }

    #[test]
    fn the_best_of_a_sweep_that_goes_on_may_be_one_of_before() {
        let layout = layout();
        let mut results = Results::new(&layout);
        (0..3).for_each(|cell| results.put(cell, played(Some(cell as f64))));
        let mut best = Best::new(&layout, Some((0, false)), &results);
        assert_eq!(best.told(&layout).unwrap(), "10 (h95 0.500)");
        best.add(&layout, 3, &played(Some(3.0)));
        assert_eq!(best.told(&layout).unwrap(), "20 (h95 2.500)");
        let panicked = Played::Panicked { message: String::new(), replay: String::new() };
        best.add(&layout, 4, &panicked);
        best.add(&layout, 5, &panicked);
        assert_eq!(best.told(&layout).unwrap(), "20 (h95 2.500)", "what failed has no value");
    }
}
