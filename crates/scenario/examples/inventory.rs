//! Writes an invented Intune export to the standard output:
//! `cargo run --release -p rollcast-scenario --example inventory -- ROWS [SEED]`.

use std::{error::Error, io};

use rollcast_scenario::inventory::generate::{DEFAULT_EXPORT_S, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows = arguments.next().ok_or("usage: inventory ROWS [SEED]")?.parse()?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    generate(rows, seed, DEFAULT_EXPORT_S, io::stdout().lock())?;
    Ok(())
}
