//! The command line as it is typed: types and help texts only, nothing is done here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use rollcast_scenario::scalar::{Bytes, Duration, ScalarError};

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
    before_help = "Example:\n  rollcast run contoso.yaml --replications 20 --set rings.First.size=800",
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
    /// What `run --format json` prints.
    Outcome,
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
