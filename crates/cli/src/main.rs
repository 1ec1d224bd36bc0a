//! `rollcast`: forecasts update-ring rollouts before the real one starts.
//!
//! stdout is data, stderr is talk. The exit codes of all commands stand in [`exit`].

mod args;
mod commands;
mod exit;
mod labels;
mod limits;
mod machine;
mod output;
mod progress;
mod render;
mod report;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    progress::on_interrupt();
    let exit = commands::dispatch(cli.command);
    output::discard_unfinished();
    exit.into()
}
