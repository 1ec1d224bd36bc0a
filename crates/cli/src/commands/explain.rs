//! `rollcast explain`: a scenario with all its defaults, the life of one device, the meaning of a code.

use std::path::Path;

use rollcast_core::{observe::story, run::run_watched};
use rollcast_scenario::{codes, explain as scenario_explain};

use super::error;
use crate::{
    args::{ExplainArgs, ExplainFormat},
    exit::Exit,
    labels::Names,
    limits,
    output::{CannotWrite, print, say},
    progress::{WATCH, watched},
    render::{number::count, story as telling},
};

pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, CannotWrite> {
    if let Some(code) = code(&args.subject) {
        return of_code(&code);
    }
    match args.device {
        Some(index) => of_device(args, index),
        None => of_scenario(args),
    }
}

/// `RC101` or `rc101`, unless there is a file of that name.
fn code(subject: &Path) -> Option<String> {
    let text = subject.to_str()?.to_ascii_uppercase();
    let digits = text.strip_prefix("RC")?;
    let is_code = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
    (is_code && !subject.exists()).then_some(text)
}

fn of_code(code: &str) -> Result<Exit, CannotWrite> {
    match codes::meaning(code) {
        Some(meaning) => {
            print(&format!("{code}: {meaning}\n"))?;
            Ok(Exit::Ok)
        }
        None => {
            let (first, last) = (codes::CODES.first(), codes::CODES.last());
            let range = first.zip(last).map(|(a, b)| format!("from `{}` to `{}`", a.0, b.0));
            say(&error(
                &format!("there is no code `{code}`"),
                &format!("codes go {}; a message shows its code in brackets", range.unwrap_or_default()),
            ));
            Ok(Exit::BadInput)
        }
    }
}

fn of_scenario(args: &ExplainArgs) -> Result<Exit, CannotWrite> {
    let loaded = match super::load(&args.subject, &args.sets) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let text = match args.format {
        ExplainFormat::Yaml => scenario_explain::explain(&loaded.layered),
        ExplainFormat::Json => {
            let values = scenario_explain::explain_json(&loaded.layered);
            serde_json::to_string_pretty(&values).expect("invariant: a tree of texts is plain JSON") + "\n"
        }
    };
    print(&text)?;
    Ok(Exit::Ok)
}

fn of_device(args: &ExplainArgs, index: u64) -> Result<Exit, CannotWrite> {
    let loaded = match super::load(&args.subject, &args.sets) {
        Ok(loaded) => loaded,
        Err(exit) => return Ok(exit),
    };
    let devices = loaded.plan.devices();
    if index >= devices {
        say(&error(
            &format!("there is no device {index}; the fleet has {}", count(devices)),
            &format!("positions go from 0 to {}", devices.saturating_sub(1)),
        ));
        return Ok(Exit::BadInput);
    }
    let seed = args.seed.unwrap_or(loaded.seed);
    // The decisions have to be known before a life can be told.
    let pool = limits::pool(args.jobs)?;
    limits::check_devices(&loaded.plan, pool.current_num_threads())?;
    let work = || pool.install(|| run_watched(&loaded.plan, seed, args.replication, &WATCH));
    let outcome =
        watched(1, false, work).expect("invariant: nobody stops the watch, Ctrl-C ends the process");
    let story = story(&loaded.plan, seed, &outcome, index).expect("invariant: the position was checked");
    let site = story.values[loaded.plan.site_attribute.0 as usize] as usize;
    let told = telling::tell(&loaded.plan, Names(&loaded.labels), site, &story);
    let text = match args.format {
        ExplainFormat::Yaml => telling::text(&told),
        ExplainFormat::Json => {
            serde_json::to_string_pretty(&told).expect("invariant: a story is plain JSON") + "\n"
        }
    };
    print(&text)?;
    Ok(Exit::Ok)
}
