//! `rollcast completions`: a script for the shell.

use clap::CommandFactory;

use crate::{
    args::{Cli, CompletionsArgs},
    exit::Exit,
    output::{CannotWrite, Output},
};

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, CannotWrite> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rollcast", &mut script);
    Output::Stdout.write(|out| out.write_all(&script))?;
    Ok(Exit::Ok)
}
