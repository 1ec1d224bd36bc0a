//! Writes the results of a small study with every kind of value in every format, for `.ci/results`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{env, path::PathBuf};

use rollcast_sweep::{
    export::{Format, write},
    refusal::Refusal,
};

fn main() -> Result<(), Refusal> {
    let dir = env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or_else(|| Refusal::input("there is no directory to write to", "name one"))?;
    let layout = common::layout(400);
    let results = common::results(&layout);
    for format in Format::ALL {
        write(format, &layout, &results, &dir.join(format.file_name()))?;
    }
    Ok(())
}
