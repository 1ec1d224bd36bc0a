//! Plays cells on every core.
//!
//! Threads of one pool take runs from a shared counter in plan order. Small fleets are played one a thread; of large
//! fleets fewer runs are in hand at a time, and the other threads help inside them: there are never more threads than
//! the pool has, and memory stays that of the runs in hand. Whoever ends the last run of a cell hands the cell over, so
//! cells come in the order in which they are finished; what they hold does not depend on it.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use rollcast_core::{plan::Plan, replicate::play_one, watch::Watch};

use crate::{
    layout::CellId,
    prepare::{Prepared, Scene, Slot},
    refusal::Refusal,
    rows::{Played, Row},
};

/// Devices of a large fleet that keep one thread busy: the engine gives a run no more threads than it has of these.
const DEVICES_A_THREAD: u64 = 1 << 18;

/// How far a sweep is; looked at by whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Runs that are over.
    pub runs: AtomicU64,
}

/// Plays `cells` (numbers of the layout) in the given pool, and hands each over as soon as it is finished.
///
/// # Errors
/// What `done` refuses; then nothing more is begun.
pub fn play(
    prepared: &Prepared,
    cells: &[u64],
    pool: &rayon::ThreadPool,
    progress: &Progress,
    done: impl FnMut(u64, Played) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    play_watched(prepared, cells, pool, progress, &|_, _| (), done)
}

/// The same, where somebody is told of each run (its cell and replication) on its thread before it begins. A panic there
/// is one of the run: that is how tests see what a fault of the engine costs.
///
/// # Errors
/// What `done` refuses; then nothing more is begun.
pub fn play_watched(
    prepared: &Prepared,
    cells: &[u64],
    pool: &rayon::ThreadPool,
    progress: &Progress,
    begins: &(dyn Fn(CellId, u32) + Sync),
    mut done: impl FnMut(u64, Played) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let (sender, receiver) = mpsc::channel::<(u64, Played)>();
    let floor = Floor::new(prepared, cells, progress, begins, sender);
    let inside = (prepared.devices / DEVICES_A_THREAD).max(1) as usize;
    let lanes = (pool.current_num_threads() / inside).max(1);
    thread::scope(|scope| {
        let floor = &floor;
        scope.spawn(move || {
            pool.broadcast(|thread| {
                if thread.index() < lanes {
                    floor.work();
                }
            });
            floor.close();
        });
        let mut result = Ok(());
        for (cell, played) in receiver {
            if result.is_ok() {
                result = done(cell, played);
                if result.is_err() {
                    floor.stop();
                }
            }
        }
        result
    })
}

/// Plays the first replication of a cell, to see how long it takes.
///
/// # Errors
/// What it fails with.
pub fn try_one(prepared: &Prepared, cell: u64) -> Result<Row, String> {
    let (sender, _receiver) = mpsc::channel();
    let progress = Progress::default();
    let floor = Floor::new(prepared, &[], &progress, &|_, _| (), sender);
    let id = prepared.layout.cell(cell);
    floor.run(&Open::new(id), id.first)
}

/// Where threads find their work.
struct Floor<'a> {
    prepared: &'a Prepared,
    cells: &'a [u64],
    /// The first run of each cell, and of one more.
    first_run: Vec<u64>,
    next: AtomicU64,
    /// Cells in hand, by position.
    open: Mutex<BTreeMap<usize, Arc<Open>>>,
    sender: Mutex<Option<mpsc::Sender<(u64, Played)>>>,
    progress: &'a Progress,
    begins: &'a (dyn Fn(CellId, u32) + Sync),
    stopped: AtomicBool,
    watch: Watch,
}

/// A cell in hand.
struct Open {
    id: CellId,
    scene: OnceLock<Result<Arc<Scene>, String>>,
    rows: Mutex<Vec<Option<Result<Row, String>>>>,
    left: AtomicUsize,
}

impl Open {
    fn new(id: CellId) -> Self {
        let runs = id.runs as usize;
        Open { id, scene: OnceLock::new(), rows: Mutex::new(vec![None; runs]), left: AtomicUsize::new(runs) }
    }
}

impl<'a> Floor<'a> {
    fn new(
        prepared: &'a Prepared,
        cells: &'a [u64],
        progress: &'a Progress,
        begins: &'a (dyn Fn(CellId, u32) + Sync),
        sender: mpsc::Sender<(u64, Played)>,
    ) -> Self {
        let mut first_run = Vec::with_capacity(cells.len() + 1);
        let mut sum = 0;
        for &cell in cells {
            first_run.push(sum);
            sum += u64::from(prepared.layout.cell(cell).runs);
        }
        first_run.push(sum);
        Floor {
            prepared,
            cells,
            first_run,
            next: AtomicU64::new(0),
            open: Mutex::new(BTreeMap::new()),
            sender: Mutex::new(Some(sender)),
            progress,
            begins,
            stopped: AtomicBool::new(false),
            watch: Watch::new(),
        }
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.watch.stop();
    }

    /// Nobody hands over any more.
    fn close(&self) {
        *lock(&self.sender) = None;
    }

    fn work(&self) {
        let all = self.first_run.last().copied().unwrap_or(0);
        while !self.stopped.load(Ordering::Relaxed) {
            let run = self.next.fetch_add(1, Ordering::Relaxed);
            if run >= all {
                return;
            }
            let at = self.first_run.partition_point(|first| *first <= run) - 1;
            let open = self.open(at);
            let which = run - self.first_run[at];
            let row = self.run(&open, open.id.first + which as u32);
            lock(&open.rows)[which as usize] = Some(row);
            self.progress.runs.fetch_add(1, Ordering::Relaxed);
            if open.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                lock(&self.open).remove(&at);
                self.hand_over(at, &open);
            }
        }
    }

    fn open(&self, at: usize) -> Arc<Open> {
        let mut open = lock(&self.open);
        let new = || Arc::new(Open::new(self.prepared.layout.cell(self.cells[at])));
        Arc::clone(open.entry(at).or_insert_with(new))
    }

    /// Plays one run. A panic is a fault of the program: it costs this cell and nothing else.
    fn run(&self, open: &Open, replication: u32) -> Result<Row, String> {
        let work = || {
            (self.begins)(open.id, replication);
            let scene = open.scene.get_or_init(|| self.prepared.scene(open.id));
            let scene = scene.as_ref().map_err(Clone::clone)?;
            if !scene.uncertain {
                return self.row(scene, &scene.plan, replication);
            }
            let plan = self.prepared.plan_of(scene, replication).map_err(|found| found.to_string())?;
            self.row(scene, &plan, replication)
        };
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(said.unwrap_or_else(|| "a panic without words".into()))
        })
    }

    fn row(&self, scene: &Scene, plan: &Plan, replication: u32) -> Result<Row, String> {
        let seed = self.prepared.layout.seed;
        let found = play_one(plan, seed, replication, &scene.wanted, &scene.goals, &self.watch);
        let found = found.ok_or("stopped")?;
        let value = |slot: &Slot| match *slot {
            Slot::Value(at) => found.values[at],
            Slot::Goal(at) => Some(f64::from(u8::from(found.held[at]))),
            Slot::Missing => None,
        };
        Ok(Row { values: scene.slots.iter().map(value).collect(), ended_early: found.ended_early })
    }

    fn hand_over(&self, at: usize, open: &Open) {
        let mut rows = Vec::with_capacity(open.id.runs as usize);
        let mut failed = None;
        for (which, row) in std::mem::take(&mut *lock(&open.rows)).into_iter().enumerate() {
            match row {
                Some(Ok(row)) => rows.push(row),
                Some(Err(message)) => {
                    let replication = open.id.first + which as u32;
                    failed.get_or_insert((replication, message));
                }
                // Only a sweep that was stopped leaves runs out, and it hands nothing over.
                None => return,
            }
        }
        if self.stopped.load(Ordering::Relaxed) {
            return;
        }
        let played = match failed {
            None => Played::Rows(rows),
            Some((replication, message)) => {
                Played::Panicked { message, replay: self.prepared.replay(open.id, replication) }
            }
        };
        if let Some(sender) = &*lock(&self.sender) {
            // Whoever does not listen any more has stopped the sweep.
            let _ = sender.send((self.cells[at], played));
        }
    }
}

/// A panic while a lock is held is caught, and what the lock guards is still whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
