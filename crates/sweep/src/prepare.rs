//! From a study to what is played: points, members and columns, all of them checked before the first run.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use rayon::prelude::*;
use rollcast_core::{
    goals::Goal,
    plan::{Fleet, Plan},
    replicate::Wanted,
    tally::Tally,
};
use rollcast_scenario::{
    diagnostic::{Diagnostic, Severity, Span},
    digest,
    layers::Change,
    load::{Loaded, Problems},
    scalar::{Column as Named, Kind, Measured as Quantity},
    schema::Design,
    study::{Level, Study},
};

use crate::{
    columns::{self, Found, Measured},
    design::{
        latin::latin_hypercube,
        levels::{grid, grid_size, one_at_a_time},
        rows,
        sobol::Sobol,
    },
    directory,
    layout::{self, Axis, AxisUnit, CellId, Layout, Member, Point, Value},
};

/// Most points of a sweep: above it a design is a slip of the keyboard.
const MOST_POINTS: u64 = 1 << 20;
/// Where replications end that go on until something is known, if the study does not say it: an assumption about patience.
pub const USUAL_MOST: u32 = 1_000;
/// Plans that are kept from the check to the play; others are compiled again.
const KEPT_PLANS: usize = 512;
/// What the inventories of kept plans may take together: each has its own.
const KEPT_BYTES: u64 = 32 << 20;

/// What the command line says of a study.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Replications instead of those of the study.
    pub runs: Option<u32>,
    /// True if replications go on until something is known: the layout then has as many as there may be.
    pub open_ended: bool,
    /// The seed instead of that of the study.
    pub seed: Option<u64>,
    /// True to play the axes of the study, false to compare its strategies alone.
    pub axes: bool,
    /// The words behind `rollcast run` that name the scenario of each base, for replays.
    pub files: Vec<String>,
    /// Settings of the command line, for replays.
    pub sets: Vec<String>,
    /// What the command line asks for, measured beside what the study measures.
    pub asked: Vec<(Named, Span)>,
}

/// A study that is ready to be played.
#[derive(Debug)]
pub struct Prepared {
    /// The study.
    pub study: Study,
    /// Its layout.
    pub layout: Layout,
    /// Replications of each point, or with an open end those at first.
    pub each: u32,
    /// What is odd but played.
    pub warnings: Vec<Diagnostic>,
    /// Devices of the largest fleet.
    pub devices: u64,
    /// By point: its strategy and its levels.
    points: Vec<Candidate>,
    columns: Vec<Measured>,
    uncertain: bool,
    /// By point and member, of a small study.
    kept: Vec<Arc<Scene>>,
    /// By point and member, of a large one: the digests of what was checked.
    checked: Vec<String>,
    /// The points with the largest fleet and with the most counters.
    heaviest: [usize; 2],
}

/// A point against a member: what the engine plays.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The plan; with uncertain settings in the middle.
    pub plan: Plan,
    /// What is wanted of a run.
    pub wanted: Vec<Wanted>,
    /// Goals that are asked about.
    pub goals: Vec<Goal>,
    /// By column of the layout: where it is found.
    pub slots: Vec<Slot>,
    /// True if a plan of its own is drawn for each replication.
    pub uncertain: bool,
    changes: Vec<Change>,
    strategy: usize,
}

/// Where a column is found among what is wanted of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// In [`Scene::wanted`].
    Value(usize),
    /// In [`Scene::goals`].
    Goal(usize),
    /// Nowhere: the scenario has no such ring, release or goal.
    Missing,
}

impl Prepared {
    /// Finds the points of a study, and checks every one of them with every member of its bank.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn of(study: Study, options: &Options) -> Result<Self, Problems> {
        let seed_of_study = options.seed.or(study.seed);
        let candidates = candidates(&study, options, seed_of_study.unwrap_or(1))?;
        let members = study.bank.as_ref().map_or(1, |bank| bank.members.len());
        let own_luck =
            options.axes && matches!(study.design, Design::SobolIndices(_)) && !study.axes.is_empty();
        let pairs = (candidates.len() * members) as u64;
        let enough = |runs| if own_luck { check_luck(&study, pairs, runs) } else { Ok(()) };
        // Said before a large design is looked at, where the number is known by then.
        options.runs.or(study.runs).map_or(Ok(()), enough)?;
        check_strategies(&study)?;
        // Loaded scenarios are large, so those of a large sweep are loaded again when they are played.
        let scenes = candidates.len() * members;
        let keep = (scenes <= KEPT_PLANS).then(|| KEPT_BYTES / (scenes as u64).max(1));
        let look = |(strategy, levels): &Candidate| {
            look(&study, *strategy, study.changes(Some(*strategy), levels), members, keep)
        };
        let looked: Vec<Result<Option<Looked>, Vec<Diagnostic>>> =
            candidates.par_iter().with_max_len(1).map(look).collect();
        let mut wrong = Vec::new();
        let mut left_out: Vec<usize> = Vec::new();
        let mut found = Vec::new();
        for (point, looked) in candidates.into_iter().zip(looked) {
            match looked {
                Ok(Some(looked)) => found.push((point, looked)),
                Ok(None) if point.1.is_empty() => left_out.push(point.0),
                Ok(None) => {}
                Err(found) => wrong.push((point, found)),
            }
        }
        let mut problems = told(&study, wrong, members);
        let mut warnings: Vec<Diagnostic> =
            found.iter_mut().flat_map(|(_, l)| l.warnings.drain(..)).collect();
        warnings.extend(remarks(&study, &found, &left_out));
        once_each(&mut warnings);
        if problems.is_empty() && found.is_empty() {
            let place = study.keep.first().map(|(_, span)| span.clone());
            problems.push(
                Diagnostic::error("RC236", "no combination of the axes keeps all conditions")
                    .at(place)
                    .help("loosen a condition of `keep`, or widen an axis"),
            );
        }
        if problems.iter().any(|problem| problem.severity == Severity::Error) {
            once_each(&mut problems);
            return Err(Problems(problems));
        }
        let first = &found[0].1.facts;
        let columns =
            columns::columns(&study, &options.asked, first, found.iter().map(|(_, looked)| &looked.facts))
                .map_err(Problems)?;
        let seed = seed_of_study.unwrap_or(first.seed);
        let each = options.runs.or(study.runs).unwrap_or(first.runs);
        let runs = if options.open_ended { study.at_most.unwrap_or(USUAL_MOST).max(each) } else { each };
        enough(each)?;
        let members: Vec<Member> = match &study.bank {
            None => vec![Member { name: String::new(), weight: 1.0, runs }],
            Some(bank) => {
                let member = |m: &rollcast_scenario::study::Member| Member {
                    name: m.name.clone(),
                    weight: m.weight,
                    runs,
                };
                bank.members.iter().map(member).collect()
            }
        };
        let axes: Vec<Axis> = match options.axes {
            true => study
                .axes
                .iter()
                .map(|axis| Axis { name: axis.name.clone(), unit: unit(axis.kind), plus: axis.plus })
                .collect(),
            false => Vec::new(),
        };
        let design = (!axes.is_empty()).then(|| design(study.design));
        let mut layout = Layout {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest: String::new(),
            seed,
            together: study.together,
            design,
            points: found.iter().map(|((s, levels), _)| point(&study, options, &axes, *s, levels)).collect(),
            axes,
            columns: columns.iter().map(|measured| measured.column.clone()).collect(),
            members,
        };
        layout.digest = digest_of(&layout, found.iter().flat_map(|(_, looked)| &looked.digests));
        let uncertain = found.iter().any(|(_, looked)| looked.facts.uncertain);
        let devices = found.iter().map(|(_, looked)| looked.facts.devices).max().unwrap_or(0);
        let most = |of: fn(&Looked) -> u64| {
            (0..found.len()).rev().max_by_key(|&point| of(&found[point].1)).unwrap_or(0)
        };
        let heaviest = [most(|looked| looked.facts.devices), most(|looked| looked.counters)];
        let mut kept = Vec::new();
        let mut checked = Vec::new();
        let mut points = Vec::with_capacity(found.len());
        let keep = found.iter().all(|(_, looked)| !looked.kept.is_empty());
        for ((strategy, levels), looked) in found {
            if !keep {
                checked.extend(looked.digests);
            }
            for loaded in looked.kept.into_iter().filter(|_| keep) {
                let changes = loaded.1;
                kept.push(Arc::new(scene(loaded.0, &columns, strategy, changes)));
            }
            points.push((strategy, levels));
        }
        Ok(Prepared {
            study,
            layout,
            each,
            warnings,
            devices,
            points,
            columns,
            uncertain,
            kept,
            checked,
            heaviest,
        })
    }

    /// What is played for the points that take most: that with the largest fleet, and that with the most counters.
    ///
    /// # Errors
    /// As [`Prepared::scene`].
    pub fn heaviest(&self) -> Result<[Arc<Scene>; 2], String> {
        let scene = |point| self.scene(CellId { point, member: 0, first: 0, runs: 1 });
        Ok([scene(self.heaviest[0])?, scene(self.heaviest[1])?])
    }

    /// What is played in a cell.
    ///
    /// # Errors
    /// If a file that the scenario names was changed or removed since it was checked.
    pub fn scene(&self, cell: CellId) -> Result<Arc<Scene>, String> {
        let number = cell.point * self.layout.members.len() + cell.member;
        if let Some(kept) = self.kept.get(number) {
            return Ok(Arc::clone(kept));
        }
        let scene = self.load(cell).map_err(|found| found.to_string())?;
        match self.checked.get(number).is_none_or(|digest| *digest == scene.0.digest) {
            true => Ok(Arc::new(self::scene(scene.0, &self.columns, self.points[cell.point].0, scene.1))),
            false => Err("a file that the scenario names was changed while the sweep was played".into()),
        }
    }

    fn load(&self, cell: CellId) -> Result<(Loaded, Vec<Change>), Problems> {
        let (strategy, levels) = &self.points[cell.point];
        let changes = self.study.changes(Some(*strategy), levels);
        let base = self.study.base(*strategy);
        Ok(match &self.study.bank {
            None => (base.load_once(&changes)?, changes),
            Some(_) => {
                let labels = base.load_once(&changes)?.labels;
                let changes = self.study.with_member(*strategy, &changes, cell.member, &labels);
                (base.load_once(&changes)?, changes)
            }
        })
    }

    /// The plan of one replication of a scene.
    pub fn plan_of(&self, scene: &Scene, replication: u32) -> Result<Plan, Problems> {
        self.study.base(scene.strategy).plan_of(
            &scene.changes,
            self.layout.seed,
            replication / self.layout.together,
        )
    }

    /// The column that decides, and whether the least of it is wanted; without a choice the first column.
    pub fn aim(&self) -> Option<(usize, bool)> {
        let aim = self.study.choose.as_ref().and_then(|choose| choose.then.as_ref());
        match aim {
            Some((aim, _)) => self.column(&aim.column).map(|column| (column, aim.least)),
            None => self.layout.columns.first().map(|column| (0, column.lower_is_better)),
        }
    }

    /// True if settings are drawn anew in each replication.
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// The position of a column that the study names.
    pub fn column(&self, named: &Named) -> Option<usize> {
        self.columns.iter().position(|measured| measured.is(named))
    }

    /// The positions of all columns that the command line may mean, each with its release: without a release every one
    /// that the study is about.
    pub fn columns_named(&self, named: &Named) -> Vec<(usize, &str)> {
        let of_bank = self.study.bank.as_ref().and_then(|bank| bank.release.as_ref());
        let about = |release: &String| named.release.is_some() || of_bank.is_none_or(|name| name == release);
        let one = |(at, measured): (usize, &'_ Measured)| match &measured.what {
            columns::What::Metric { release, .. } if measured.is(named) && about(release) => Some(at),
            _ => None,
        };
        let release = |at: usize| match &self.columns[at].what {
            columns::What::Metric { release, .. } => release.as_str(),
            columns::What::Goal(_) => "",
        };
        self.columns.iter().enumerate().filter_map(one).map(|at| (at, release(at))).collect()
    }

    /// The command that plays one replication of a cell again.
    pub fn replay(&self, cell: CellId, replication: u32) -> String {
        let point = &self.layout.points[cell.point];
        let mut words = vec!["rollcast run".to_owned()];
        words.extend(point.replay.iter().cloned());
        let member = &self.layout.members[cell.member].name;
        if !member.is_empty() {
            words.push(option("--member", member));
        }
        words.push(format!("--seed {} --replication {replication}", self.layout.seed));
        words.join(" ")
    }
}

/// A point before it is looked at: its strategy and its levels.
type Candidate = (usize, Vec<Level>);

/// What a look at a point found.
struct Looked {
    facts: columns::Facts,
    /// Bytes of its counters.
    counters: u64,
    digests: Vec<String>,
    warnings: Vec<Diagnostic>,
    /// By member.
    kept: Vec<(Loaded, Vec<Change>)>,
}

/// Loads a point (its strategy, and all that is changed there) with every member, and keeps what it loaded if its inventory
/// takes no more than `keep` bytes; `None` if it breaks a condition.
fn look(
    study: &Study,
    strategy: usize,
    changes: Vec<Change>,
    members: usize,
    keep: Option<u64>,
) -> Result<Option<Looked>, Vec<Diagnostic>> {
    let base = study.base(strategy);
    let plain = base.load(&changes).map_err(|Problems(found)| found)?;
    if study.broken(&plain).map_err(|problem| vec![problem])?.is_some() {
        return Ok(None);
    }
    let inventory = match &plain.plan.fleet {
        Fleet::Described(_) => 0,
        Fleet::Listed(listed) => listed.bytes(),
    };
    let keep = keep.is_some_and(|most| inventory <= most);
    let mut looked = Looked {
        facts: columns::Facts::of(&plain),
        counters: Tally::bytes(&plain.plan),
        digests: Vec::new(),
        warnings: Vec::new(),
        kept: Vec::new(),
    };
    if study.bank.is_none() {
        looked.digests.push(plain.digest.clone());
        looked.warnings.clone_from(&plain.warnings);
        if keep {
            looked.kept.push((plain, changes));
        }
        return Ok(Some(looked));
    }
    let mut problems = Vec::new();
    for member in 0..members {
        let changes = study.with_member(strategy, &changes, member, &plain.labels);
        match base.load(&changes) {
            Ok(loaded) => {
                looked.digests.push(loaded.digest.clone());
                looked.facts.with_member(&loaded);
                looked.warnings.extend(loaded.warnings.iter().cloned());
                if keep {
                    looked.kept.push((loaded, changes));
                }
            }
            Err(Problems(found)) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(Some(looked)) } else { Err(problems) }
}

/// What is wrong with points. A problem that stands where nobody has changed anything, as with rings whose shares no longer
/// add up, is that of a combination, so it names the first one that has it; others that have it too are counted.
fn told(study: &Study, wrong: Vec<(Candidate, Vec<Diagnostic>)>, members: usize) -> Vec<Diagnostic> {
    /// The name of a text, and from where to where.
    type Place = (String, usize, usize);
    let place = |span: &Span| -> Place { (span.source.name.clone(), span.start, span.end) };
    let at = |problem: &Diagnostic| (problem.code, problem.span.as_ref().map(place));
    let mut said: Vec<Diagnostic> = Vec::new();
    // By strategy: what its scenario has wrong as the plan leaves it.
    let mut plain: BTreeMap<usize, Vec<(&'static str, Option<Place>)>> = BTreeMap::new();
    // What a strategy has wrong somewhere: where it is in `said`, and how many other combinations have it.
    let mut others: BTreeMap<(usize, &'static str, Option<Place>), (usize, u64)> = BTreeMap::new();
    for ((strategy, levels), found) in wrong {
        let plain = plain.entry(strategy).or_insert_with(|| {
            let looked = look(study, strategy, study.changes(None, &[]), members, None);
            looked.err().iter().flatten().map(at).collect()
        });
        let own = study.strategies[strategy].changes.iter();
        let changed: Vec<Place> = own
            .chain(levels.iter().flat_map(|level| &level.changes))
            .flat_map(|change| [place(&change.span), place(&change.value.span)])
            .collect();
        let already = said.len();
        for mut problem in found {
            let (code, here) = at(&problem);
            let within = |(file, from, to): &Place| {
                here.as_ref().is_some_and(|(name, start, end)| name == file && from <= start && end <= to)
            };
            let of_combination = problem.severity == Severity::Error
                && !changed.is_empty()
                && !changed.iter().any(within)
                && !plain.contains(&(code, here.clone()));
            if !of_combination {
                said.push(problem);
                continue;
            }
            match others.entry((strategy, code, here)) {
                Entry::Occupied(mut known) if known.get().0 < already => known.get_mut().1 += 1,
                entry => {
                    problem.message += &combination(study, strategy, &levels);
                    entry.or_insert((said.len(), 0));
                    said.push(problem);
                }
            }
        }
    }
    for (at, number) in others.into_values().filter(|(_, number)| *number > 0) {
        let s = if number == 1 { "" } else { "s" };
        said[at].message += &format!("; the same is wrong with {number} other combination{s} of the axes");
    }
    said
}

/// Which combination it is, behind what is wrong with it.
fn combination(study: &Study, strategy: usize, levels: &[Level]) -> String {
    /// Values that are named: a design may have dozens of axes.
    const MOST: usize = 6;
    let mut text = String::new();
    if study.strategies.len() > 1 {
        text += &format!(", for `{}`", study.strategies[strategy].name);
    }
    let values = study.axes.iter().zip(levels);
    let values: Vec<String> =
        values.take(MOST).map(|(axis, level)| format!("`{}` is `{}`", axis.name, level.text)).collect();
    match values.split_last() {
        None => {}
        Some((one, [])) => text += &format!(", where {one}"),
        Some((_, _)) if levels.len() > MOST => text += &format!(", where {} and so on", values.join(", ")),
        Some((last, first)) => text += &format!(", where {} and {last}", first.join(", ")),
    }
    text
}

fn scene(loaded: Loaded, columns: &[Measured], strategy: usize, changes: Vec<Change>) -> Scene {
    let (mut wanted, mut goals) = (Vec::new(), Vec::new());
    let mut slot = |measured: &Measured| match measured.found(&loaded) {
        Some(Found::Metric(one)) => {
            wanted.push(one);
            Slot::Value(wanted.len() - 1)
        }
        Some(Found::Goal(goal)) => {
            goals.push(goal);
            Slot::Goal(goals.len() - 1)
        }
        None => Slot::Missing,
    };
    let slots = columns.iter().map(&mut slot).collect();
    let uncertain = !loaded.uncertain.is_empty();
    Scene { plan: loaded.plan, wanted, goals, slots, uncertain, changes, strategy }
}

/// Settings of the plan, of its strategies and of its axes that reach into something that is not there.
fn check_strategies(study: &Study) -> Result<(), Problems> {
    let mut problems: Vec<Diagnostic> =
        (0..study.strategies.len()).flat_map(|strategy| study.astray(strategy)).collect();
    once_each(&mut problems);
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

/// What so many points (with each member) with luck of their own need: runs that tell luck from the settings, and a number
/// for every run.
fn check_luck(study: &Study, points: u64, runs: u32) -> Result<(), Problems> {
    let all = points.saturating_mul(runs.into());
    let (message, help) = match () {
        () if runs < 2 => (
            "one run of a point does not tell what luck does from what the settings do".to_owned(),
            "write `runs: 2` or more, or give `--replications`; 4 are a good beginning",
        ),
        () if study.together > 1 => (
            "runs that share a draw of the uncertain settings do not tell what luck does".to_owned(),
            "leave `per-draw` out: in this design every run has a draw of its own",
        ),
        () if all > u64::from(u32::MAX) => (
            format!("{all} runs with luck of their own are more than the {} there are", u32::MAX),
            "take fewer rows or fewer runs",
        ),
        () => return Ok(()),
    };
    let place = study.axes.first().map(|axis| axis.span.clone());
    Err(Problems(vec![Diagnostic::error("RC212", message).at(place).help(help)]))
}

/// What is odd about a comparison as a whole.
fn remarks(study: &Study, found: &[(Candidate, Looked)], left_out: &[usize]) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    if study.bases.len() > 1
        && let Some((point, _)) =
            found.iter().find(|(_, looked)| looked.facts.fleet != found[0].1.facts.fleet)
    {
        let message = format!(
            "the fleets of `{}` and `{}` differ, so what is told of strategies is told of fleets as well",
            study.strategies[0].name, study.strategies[point.0].name
        );
        let place = study.base(point.0).root.locate("fleet");
        said.push(
            Diagnostic::warning("RC267", message)
                .at(place)
                .help("compare over one fleet, or know what you compare"),
        );
    }
    if let Some((point, _)) = found.iter().find(|(_, looked)| !looked.facts.watched_like(&found[0].1.facts)) {
        let (first, other) = (&study.strategies[found[0].0.0].name, &study.strategies[point.0].name);
        let who = match (first == other, point.1.first()) {
            (true, Some(level)) => format!("`{other}` with `{}`", level.text),
            _ => format!("`{first}` and `{other}`"),
        };
        let message = format!(
            "releases are not watched equally long ({who}): sums such as exposure are smaller where the watch ends earlier, and 'never' counts as the longest watch"
        );
        let place = study.base(point.0).root.locate("horizon");
        let help =
            "give all that is compared the same `horizon`, so that the last release is watched equally long";
        said.push(Diagnostic::warning("RC268", message).at(place).help(help));
    }
    if !left_out.is_empty() && !found.is_empty() {
        let names: Vec<String> =
            left_out.iter().map(|&s| format!("`{}`", study.strategies[s].name)).collect();
        let message = format!("a condition of `keep` leaves out {}", names.join(", "));
        let place = study.keep.first().map(|(_, span)| span.clone());
        let help = "loosen the condition if it is meant for the axes alone";
        said.push(Diagnostic::warning("RC269", message).at(place).help(help));
    }
    said
}

/// The points of a study before its conditions are asked, in plan order.
fn candidates(study: &Study, options: &Options, seed: u64) -> Result<Vec<Candidate>, Problems> {
    let mut points = Vec::new();
    for strategy in 0..study.strategies.len() {
        if options.axes && strategy == study.vary && !study.axes.is_empty() {
            points.extend(designed(study, seed)?.into_iter().map(|levels| (strategy, levels)));
        } else {
            points.push((strategy, Vec::new()));
        }
    }
    Ok(points)
}

fn designed(study: &Study, seed: u64) -> Result<Vec<Vec<Level>>, Problems> {
    let axes = &study.axes;
    let counts: Vec<usize> = axes.iter().map(|axis| axis.levels()).collect();
    let pick = |numbers: Vec<usize>| {
        study.combined(axes.iter().zip(numbers).map(|(axis, n)| axis.level(n)).collect())
    };
    let place =
        |place: Vec<f64>| study.combined(axes.iter().zip(place).map(|(axis, at)| axis.at(at)).collect());
    match study.design {
        Design::Grid => match grid_size(&counts).filter(|size| *size <= MOST_POINTS) {
            Some(_) => Ok(grid(&counts).map(pick).collect()),
            None => {
                let each: Vec<String> = counts.iter().take(6).map(usize::to_string).collect();
                let more = if counts.len() > each.len() { " x ..." } else { "" };
                let axes = counts.len();
                Err(too_many(study, format!("a grid of {axes} axes ({}{more} values) has", each.join(" x "))))
            }
        },
        Design::OneAtATime => {
            // Around what the strategy has itself, where an axis lists that; around the first value of other axes.
            let loaded = study.base(study.vary).load_once(&study.changes(Some(study.vary), &[])).ok();
            let root = loaded.as_ref().map(|loaded| &loaded.layered.root);
            let text = |axis: &rollcast_scenario::study::Axis| root?.at(&axis.name)?.text();
            let own = |axis: &rollcast_scenario::study::Axis| match axis.plus {
                None => axis.position(text(axis)?),
                Some(of) => {
                    let [sum, below] = [axis, &axes[of]].map(|axis| text(axis)?.parse::<Quantity>().ok());
                    axis.position(&sum?.minus(below?)?.to_string())
                }
            };
            let base: Vec<usize> = axes.iter().map(|axis| own(axis).unwrap_or(0)).collect();
            Ok(one_at_a_time(&counts, &base).map(pick).collect())
        }
        Design::Latin(points) => {
            Ok(latin_hypercube(points, axes.len(), seed).into_iter().map(place).collect())
        }
        Design::Sobol(points) => match Sobol::scrambled(axes.len(), seed) {
            Some(sequence) => Ok((0..points).map(|i| place(sequence.point(i))).collect()),
            None => Err(too_many_axes(
                study,
                "a Sobol sequence of",
                Sobol::MOST_AXES,
                "take `latin`, or fewer axes",
            )),
        },
        Design::SobolIndices(number) => match rows::rows(number, axes.len(), seed) {
            Some(_) if u64::from(number) * rows::width(axes.len()) as u64 > MOST_POINTS => {
                let points = rows::width(axes.len());
                let message = format!("{number} rows of {points} points are more than {MOST_POINTS} points");
                let problem = Diagnostic::error("RC212", message).at(axes[0].span.clone());
                Err(Problems(vec![problem.help("take fewer rows, as in `sobol-indices: 256`")]))
            }
            Some(points) => Ok(points.map(place).collect()),
            None => Err(too_many_axes(
                study,
                "a design for indices of",
                rows::MOST_AXES,
                "vary fewer settings; `design: { latin: 500 }` takes more",
            )),
        },
    }
}

fn too_many_axes(study: &Study, what: &str, most: usize, help: &str) -> Problems {
    let message = format!("{what} {} axes is more than the {most} there are", study.axes.len());
    Problems(vec![Diagnostic::error("RC212", message).at(study.axes[0].span.clone()).help(help)])
}

/// What a layout says of a design.
fn design(of: Design) -> layout::Design {
    match of {
        Design::Grid => layout::Design::Grid,
        Design::OneAtATime => layout::Design::OneAtATime,
        Design::Latin(_) | Design::Sobol(_) => layout::Design::Cube,
        Design::SobolIndices(_) => layout::Design::Indices,
    }
}

fn too_many(study: &Study, what: String) -> Problems {
    let message = format!("{what} more than {MOST_POINTS} points");
    let problem = Diagnostic::error("RC212", message).at(study.axes[0].span.clone());
    Problems(vec![problem.help("take `design: { latin: 500 }` or fewer values")])
}

fn unit(kind: Option<Kind>) -> AxisUnit {
    match kind {
        Some(Kind::Number) => AxisUnit::Number,
        Some(Kind::Share) => AxisUnit::Share,
        Some(Kind::Time) => AxisUnit::Hours,
        None => AxisUnit::Text,
    }
}

fn point(study: &Study, options: &Options, axes: &[Axis], strategy: usize, levels: &[Level]) -> Point {
    let value = |(axis, level): (&Axis, &Level)| match (axis.unit, level.text.parse::<Quantity>()) {
        (AxisUnit::Text, _) | (_, Err(_)) => Some(Value::Text(level.text.clone())),
        (AxisUnit::Hours, Ok(time)) => Some(Value::Number(time.value / 3_600.0)),
        (_, Ok(number)) => Some(Value::Number(number.value)),
    };
    let values = match levels {
        [] => vec![None; axes.len()],
        all => axes.iter().zip(all).map(value).collect(),
    };
    let named = &study.strategies[strategy];
    let mut replay = vec![file(&options.files[named.base.min(options.files.len() - 1)])];
    // A scenario without strategies is its own strategy.
    if !named.options.is_empty() {
        replay.extend(named.options.iter().map(|(name, value)| option(name, value)));
    } else if study.bases.len() == 1 && study.strategies.len() + named.changes.len() > 1 {
        replay.push(option("--strategy", &named.name));
    }
    let of_axes = axes
        .iter()
        .zip(levels)
        .map(|(axis, level)| option("--axis", &format!("{}={}", axis.name, level.text)));
    replay.extend(of_axes);
    replay.extend(options.sets.iter().map(|set| option("--set", set)));
    Point { strategy: named.name.clone(), values, replay }
}

/// An option with its value as a shell and the command line take them. A value that looks like an option is tied to it.
pub fn option(name: &str, value: &str) -> String {
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{name}{between}{}", quoted(value))
}

/// A file as a shell and the command line take it.
pub fn file(path: &str) -> String {
    if path.starts_with('-') { quoted(&format!("./{path}")) } else { quoted(path) }
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%+@".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A fingerprint of everything that results depend on: what the layout says, and each scenario with each member.
fn digest_of<'a>(layout: &Layout, scenarios: impl Iterator<Item = &'a String>) -> String {
    let mut text = directory::said(layout);
    for scenario in scenarios {
        text.push('\n');
        text += scenario;
    }
    digest::of_text(&text)
}

/// Each problem once: what is common to all points is wrong in each of them.
fn once_each(problems: &mut Vec<Diagnostic>) {
    let mut said = BTreeSet::new();
    problems.retain(|problem| said.insert(problem.to_string()));
}

#[cfg(test)]
mod tests {
    use super::{file, option, quoted};

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("my fleet.yaml"), "'my fleet.yaml'");
        assert_eq!(quoted("rings.First.size=8"), "rings.First.size=8");
        assert_eq!(quoted("a=it's"), r"'a=it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn values_are_not_taken_for_options() {
        assert_eq!(option("--strategy", "my own"), "--strategy 'my own'");
        assert_eq!(option("--strategy", "--help me"), "--strategy='--help me'");
        assert_eq!((file("a.yaml"), file("-a.yaml")), ("a.yaml".into(), "./-a.yaml".into()));
    }
}
