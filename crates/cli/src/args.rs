//! The command line as it is typed: types and help texts only, nothing is done here.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand, ValueEnum};
use rollcast_scenario::scalar::{Bound, Bytes, Duration, ScalarError, Share};
use rollcast_sweep::shard::Shard;

use crate::{exit, limits};

/// Forecasts update-ring rollouts before the real one starts.
#[derive(Debug, Parser)]
#[command(
    name = "rollcast",
    version,
    before_help = "Example:\n  rollcast init contoso.yaml && rollcast run contoso.yaml --replications 20",
    after_help = exit::help(),
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play a scenario and print when it is patched
    Run(RunArgs),
    /// Play strategies side by side, with the same luck, and say how they differ
    Compare(CompareArgs),
    /// Play every combination of a plan, on every core, resumably
    Sweep(SweepArgs),
    /// Say what each stopping rule catches and misses, and how small a ring may be to catch a defect
    Gates(GatesArgs),
    /// Put the shards of a sweep together
    Merge(MergeArgs),
    /// Report every problem of scenarios without playing them
    Validate(ValidateArgs),
    /// Print a scenario with every default and where it comes from, the story of one device, or an error code
    Explain(ExplainArgs),
    /// Write a commented scenario to start from
    Init(InitArgs),
    /// Measure how fast this machine plays
    Bench(BenchArgs),
    /// Print a JSON Schema (draft-07)
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Form of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// For people.
    Table,
    /// Everything, unrounded; see `rollcast schema outcome`.
    Json,
    /// One row for each release, group and metric.
    Csv,
}

/// How lives are played; never changes a byte of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Instructions {
    /// In batches, with the widest vectors that this machine has.
    Widest,
    /// In batches, with what every machine has.
    Portable,
    /// One by one.
    OneByOne,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Examples:\n  rollcast run contoso.yaml --replications 20 --set rings.First.size=800\n  rollcast run contoso.yaml --replications 100 --fail-on 'harmed.p95 > 1%'",
    after_help = exit::help()
)]
pub(crate) struct RunArgs {
    /// The scenario (YAML)
    pub(crate) scenario: PathBuf,
    /// The luck; default: the scenario's `seed`
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Threads, 0 for all cores; the result is the same for any number
    #[arg(short, long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1024))]
    pub(crate) jobs: u16,
    /// How lives are played: for measurements; the outcome is the same
    #[arg(long, value_enum, default_value_t = Instructions::Widest)]
    pub(crate) instructions: Instructions,
    /// How often to play, each time with other luck; default: the scenario's `runs`
    #[arg(short, long, value_name = "R", conflicts_with = "replication", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) replications: Option<u32>,
    /// Play just this one replication (counted from 0)
    #[arg(long, value_name = "K")]
    pub(crate) replication: Option<u32>,
    /// Change the scenario, e.g. `rings.First.size=800` (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Play this strategy of the scenario or plan
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Option<String>,
    /// Play this point of `gates`: a rule alone, `all rules` or `no rule`
    #[arg(long, value_name = "RULE", conflicts_with_all = ["strategy", "axes"])]
    pub(crate) gate: Option<String>,
    /// Play with this value of an axis, e.g. `rings.First.size=800` (repeatable)
    #[arg(long = "axis", value_name = "AXIS=VALUE")]
    pub(crate) axes: Vec<String>,
    /// Play against this member of the release bank
    #[arg(long, value_name = "NAME")]
    pub(crate) member: Option<String>,
    /// Fail (exit code 1) if this holds or cannot be told, e.g. `harmed.p95 > 1%` (repeatable)
    #[arg(long = "fail-on", value_name = "CRITERION")]
    pub(crate) fail_on: Vec<String>,
    /// Decide `--fail-on` by the measured value, whatever luck may have done
    #[arg(long, requires = "fail_on")]
    pub(crate) point: bool,
    /// Hold the first replication played against the invariants of the model; takes longer
    #[arg(long)]
    pub(crate) check: bool,
    /// Most memory for counts, results, an inventory and a queue for repair; a run that needs more is refused
    #[arg(long, value_name = "SIZE", default_value = limits::MAX_MEMORY, value_parser = amount)]
    pub(crate) max_memory: Bytes,
    /// Form of the outcome
    #[arg(long, value_enum, default_value_t = RunFormat::Table)]
    pub(crate) format: RunFormat,
    /// Write the outcome to a file instead of stdout (`-` is stdout)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// No warnings and no progress on stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// What `compare`, `sweep` and `gates` have in common.
#[derive(Args, Debug)]
pub(crate) struct PlayArgs {
    /// How often to play each strategy or combination; default: as the plan or the scenario says
    #[arg(short, long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) replications: Option<u32>,
    /// The luck that all share; default: that of the plan or the scenario
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Threads, 0 for all cores; the result is the same for any number
    #[arg(short, long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1024))]
    pub(crate) jobs: u16,
    /// How lives are played: for measurements; the outcome is the same
    #[arg(long, value_enum, default_value_t = Instructions::Widest)]
    pub(crate) instructions: Instructions,
    /// Change the scenario of every strategy, e.g. `fleet.devices=2000` (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Most memory; what needs more is refused
    #[arg(long, value_name = "SIZE", default_value = limits::MAX_MEMORY, value_parser = amount)]
    pub(crate) max_memory: Bytes,
    /// No warnings and no progress on stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How long `compare` and `sweep` go on.
#[derive(Args, Debug)]
pub(crate) struct UntilArgs {
    /// Go on in rounds until the 95 % interval of what `choose` decides by is narrow at each strategy: half its width at most
    /// this share of the value, or this much, as in `2%` or `2% or 0.5 h`
    #[arg(long, value_name = "SHARE [or WIDTH]")]
    pub(crate) until_ci: Option<Narrow>,
    /// Go on in rounds until the best is told apart from the others with this confidence (Kim and Nelson)
    #[arg(long, value_name = "CONFIDENCE", requires = "worth", conflicts_with = "until_ci")]
    pub(crate) until_decided: Option<Share>,
    /// What a difference must be to be worth telling, e.g. `0.5 h`
    #[arg(long, value_name = "DIFFERENCE", requires = "until_decided")]
    pub(crate) worth: Option<Bound>,
}

/// A width of an interval: a share of the value, or an amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Narrow {
    /// Half of the width in parts of the value.
    pub(crate) share: f64,
    /// Half of the width that is narrow enough in any case.
    pub(crate) floor: Option<Bound>,
}

impl FromStr for Narrow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (share, floor) = match text.split_once(" or ") {
            Some((share, floor)) => (share, Some(floor)),
            None => (text, None),
        };
        let share: Share = share.trim().parse().map_err(|error: ScalarError| error.to_string())?;
        let floor = floor.map(|floor| floor.trim().parse()).transpose();
        let floor = floor.map_err(|error: ScalarError| error.to_string())?;
        if share.get() <= 0.0 {
            return Err("no interval is as narrow as that: write a share such as `2%`".into());
        }
        Ok(Narrow { share: share.get(), floor })
    }
}

/// Form of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// For people.
    Table,
    /// Everything, unrounded; see `rollcast schema comparison`.
    Json,
    /// One row for each run.
    Csv,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Examples:\n  rollcast compare plan.yaml\n  rollcast compare today.yaml cautious.yaml --replications 100",
    after_help = exit::help()
)]
pub(crate) struct CompareArgs {
    /// A plan or scenario with `strategies`, or several scenarios over the same fleet (YAML)
    #[arg(required = true, value_name = "PLAN|SCENARIO")]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    /// Fail (exit code 1) if this holds or cannot be told, e.g. `harmed.p95 > 1%` (repeatable)
    #[arg(long = "fail-on", value_name = "CRITERION")]
    pub(crate) fail_on: Vec<String>,
    /// Decide `--fail-on` by the measured value, whatever luck may have done
    #[arg(long, requires = "fail_on")]
    pub(crate) point: bool,
    #[command(flatten)]
    pub(crate) until: UntilArgs,
    /// Keep what is played in this directory, so that an interruption loses nothing: run the same command again
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Form of the comparison
    #[arg(long, value_enum, default_value_t = CompareFormat::Table)]
    pub(crate) format: CompareFormat,
    /// Write the comparison to a file instead of stdout (`-` is stdout)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Examples:\n  rollcast sweep plan.yaml --dry-run\n  rollcast sweep plan.yaml -o rings\n  rollcast sweep plan.yaml -o rings --resume\n  rollcast sweep plan.yaml -o rings-1 --shard 1/4",
    after_help = exit::help()
)]
pub(crate) struct SweepArgs {
    /// A plan, or a scenario with `sweep` (YAML)
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// The directory of the results: `results.csv`, `results.jsonl`, `plan.json` and the journal
    #[arg(short, long, value_name = "DIR", required_unless_present = "dry_run")]
    pub(crate) output: Option<PathBuf>,
    /// Say how many cells and runs there are and about how long they take; play a few, write nothing
    #[arg(long, conflicts_with_all = ["resume", "shard"])]
    pub(crate) dry_run: bool,
    /// Go on with an interrupted sweep in the directory
    #[arg(long)]
    pub(crate) resume: bool,
    /// Play only a part of the cells, for one of several machines, e.g. `2/4`
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    pub(crate) shard: Shard,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    #[command(flatten)]
    pub(crate) until: UntilArgs,
}

/// Form of operating characteristics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GatesFormat {
    /// For people.
    Table,
    /// Everything, unrounded; see `rollcast schema gates`.
    Json,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Example:\n  rollcast gates plan.yaml --replications 100",
    after_help = exit::help()
)]
pub(crate) struct GatesArgs {
    /// A plan or scenario with `rules` that stop releases and a `bank` of releases (YAML)
    #[arg(value_name = "PLAN|SCENARIO")]
    pub(crate) plan: PathBuf,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = GatesFormat::Table)]
    pub(crate) format: GatesFormat,
    /// Write the answer to a file instead of stdout (`-` is stdout)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Example:\n  rollcast merge rings-1 rings-2 rings-3 rings-4 -o rings",
    after_help = exit::help()
)]
pub(crate) struct MergeArgs {
    /// Directories that shards of one sweep wrote
    #[arg(required = true, value_name = "DIR")]
    pub(crate) shards: Vec<PathBuf>,
    /// The directory of the whole
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// No notes on stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Form of a list of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValidateFormat {
    /// For people: problems on stderr, one verdict a file on stdout.
    Text,
    /// For machines, on stdout.
    Json,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Example:\n  rollcast validate scenarios/*.yaml",
    after_help = exit::help()
)]
pub(crate) struct ValidateArgs {
    /// The scenarios (YAML)
    #[arg(required = true, value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Change each scenario first (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Form of the list
    #[arg(long, value_enum, default_value_t = ValidateFormat::Text)]
    pub(crate) format: ValidateFormat,
}

/// Form of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// A scenario with a comment on each line that says where the value comes from.
    Yaml,
    /// The same for machines.
    Json,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Examples:\n  rollcast explain contoso.yaml\n  rollcast explain contoso.yaml --device 4711\n  rollcast explain RC101",
    after_help = exit::help()
)]
pub(crate) struct ExplainArgs {
    /// A scenario (YAML), or the code of an error or warning such as `RC101`
    #[arg(value_name = "SCENARIO|CODE")]
    pub(crate) subject: PathBuf,
    /// Change the scenario first (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Form of the explanation
    #[arg(long, value_enum, default_value_t = ExplainFormat::Yaml)]
    pub(crate) format: ExplainFormat,
    /// Tell the story of the device at this position in the fleet (from 0) instead
    #[arg(long, value_name = "N")]
    pub(crate) device: Option<u64>,
    /// With `--device`: the luck; default: the scenario's `seed`
    #[arg(long, value_name = "N", requires = "device")]
    pub(crate) seed: Option<u64>,
    /// With `--device`: which replication
    #[arg(long, value_name = "K", requires = "device", default_value_t = 0)]
    pub(crate) replication: u32,
    /// With `--device`: threads, 0 for all cores
    #[arg(short, long, value_name = "N", requires = "device", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1024))]
    pub(crate) jobs: u16,
}

/// What `init` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Template {
    /// A few hundred devices, one office.
    Small,
    /// Thousands of devices, four rings, three sites, a freeze and goals.
    Enterprise,
    /// Devices from a CSV export of the device list.
    Inventory,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Example:\n  rollcast init contoso.yaml --template enterprise",
    after_help = exit::help()
)]
pub(crate) struct InitArgs {
    /// The file to write (`-` is stdout)
    #[arg(default_value = "rollcast.yaml")]
    pub(crate) file: PathBuf,
    /// Which scenario; default: `inventory` with `--inventory`, else `small`
    #[arg(long, value_enum)]
    pub(crate) template: Option<Template>,
    /// Also write a made-up `devices.csv` with so many rows beside it
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) inventory: Option<u64>,
    /// With `--inventory`: the luck of the made-up devices
    #[arg(long, value_name = "N", requires = "inventory", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Replace files that exist
    #[arg(long)]
    pub(crate) force: bool,
}

/// Form of measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchFormat {
    /// For people.
    Table,
    /// One object a line for each size, for programs that compare.
    Json,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Examples:\n  rollcast bench\n  rollcast bench scenarios/bench/w1.yaml --devices 10000000 --jobs 1 --format json",
    after_help = exit::help()
)]
pub(crate) struct BenchArgs {
    /// A scenario (YAML), played once in one size; default: W1 and Contoso, which are built in, in growing sizes
    pub(crate) scenario: Option<PathBuf>,
    /// How many devices; default: as the scenario says
    #[arg(long, value_name = "N", requires = "scenario", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) devices: Option<u64>,
    /// Threads, 0 for all cores; without a scenario each size is played on one thread and on so many
    #[arg(short, long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1024))]
    pub(crate) jobs: u16,
    /// How lives are played: for measurements; the outcome is the same
    #[arg(long, value_enum, default_value_t = Instructions::Widest)]
    pub(crate) instructions: Instructions,
    /// Without a scenario: stop before a size that would take longer than what is left of this
    #[arg(long, value_name = "TIME", conflicts_with = "scenario", default_value = "30 s", value_parser = time)]
    pub(crate) budget: Duration,
    /// The luck; default: the scenario's `seed`
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Change the scenario first, e.g. `tick=30 min` (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) sets: Vec<String>,
    /// Most memory for counts, an inventory and a queue for repair; what needs more is refused
    #[arg(long, value_name = "SIZE", default_value = limits::MAX_MEMORY, value_parser = amount)]
    pub(crate) max_memory: Bytes,
    /// Form of the measurements
    #[arg(long, value_enum, default_value_t = BenchFormat::Table)]
    pub(crate) format: BenchFormat,
    /// No warnings and no progress on stderr
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Instructions {
    /// Plays with these from now on.
    pub(crate) fn choose(self) {
        use rollcast_core::instructions::{Instructions as Core, choose};
        choose(match self {
            Instructions::Widest => Core::Widest,
            Instructions::Portable => Core::Portable,
            Instructions::OneByOne => Core::OneByOne,
        });
    }
}

/// An amount of data as scenarios write it.
fn amount(text: &str) -> Result<Bytes, String> {
    text.parse().map_err(said)
}

/// A length of time as scenarios write it.
fn time(text: &str) -> Result<Duration, String> {
    text.parse().map_err(said)
}

fn said(error: ScalarError) -> String {
    [Some(error.message), error.help].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Which schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// What a scenario may hold.
    Scenario,
    /// What a plan of `compare` and `sweep` may hold.
    Plan,
    /// What a bank of releases may hold.
    Bank,
    /// What `run --format json` prints.
    Outcome,
    /// What `compare --format json` prints.
    Comparison,
    /// What `gates --format json` prints.
    Gates,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Example:\n  rollcast schema outcome > outcome.schema.json",
    after_help = exit::help()
)]
pub(crate) struct SchemaArgs {
    /// Which schema
    #[arg(value_enum, default_value_t = SchemaOf::Scenario)]
    pub(crate) of: SchemaOf,
}

#[derive(Args, Debug)]
#[command(
    before_help = "Example:\n  rollcast completions bash > ~/.local/share/bash-completion/completions/rollcast",
    after_help = exit::help()
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
