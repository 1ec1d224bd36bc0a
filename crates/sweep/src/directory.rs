//! What lies in the directory of a sweep: `plan.json`, a journal for the whole sweep or one for each shard that is played
//! there, and what was exported.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{layout::Layout, refusal::Refusal, shard::Shard, whole};

/// The file that holds the layout.
pub(crate) const PLAN: &str = "plan.json";

/// The file name of the journal of a shard.
pub(crate) fn journal_name(shard: Shard) -> String {
    if shard.is_whole() {
        "journal.jsonl".into()
    } else {
        format!("journal-{}-of-{}.jsonl", shard.index(), shard.of())
    }
}

/// The shard that a journal of this name belongs to.
fn shard_of(name: &str) -> Option<Shard> {
    let stem = name.strip_prefix("journal")?.strip_suffix(".jsonl")?;
    let shard = match stem.strip_prefix('-') {
        Some(part) => part.replacen("-of-", "/", 1).parse().ok()?,
        None => Shard::WHOLE,
    };
    // `journal-1-of-1.jsonl` and `journal-01-of-4.jsonl` are names that no sweep gives.
    (journal_name(shard) == name).then_some(shard)
}

/// What a directory holds.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// True if there is a plan.
    pub(crate) plan: bool,
    /// The journals, by shard.
    pub(crate) journals: Vec<(Shard, PathBuf)>,
    /// Names of everything else but unfinished files, sorted.
    pub(crate) others: Vec<String>,
}

impl Listing {
    /// The journal of a shard.
    pub(crate) fn journal(&self, shard: Shard) -> Option<&Path> {
        self.journals.iter().find(|(of, _)| *of == shard).map(|(_, path)| path.as_path())
    }
}

/// Looks into a directory.
pub(crate) fn list(dir: &Path) -> Result<Listing, Refusal> {
    let mut listing = Listing::default();
    let refuse = |error| Refusal::io("read", dir, &error);
    for entry in fs::read_dir(dir).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == PLAN {
            listing.plan = true;
        } else if let Some(shard) = shard_of(&name) {
            listing.journals.push((shard, entry.path()));
        } else if !(name.starts_with('.') && name.ends_with(whole::PART)) {
            listing.others.push(name);
        }
    }
    listing.journals.sort();
    listing.others.sort();
    Ok(listing)
}

/// Reads the layout of a directory.
pub(crate) fn read_plan(dir: &Path) -> Result<Layout, Refusal> {
    let path = dir.join(PLAN);
    let text = fs::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Refusal::input(
            format!("`{}` holds no sweep: there is no `{PLAN}`", dir.display()),
            "name the directory of a sweep",
        ),
        _ => Refusal::io("read", &path, &error),
    })?;
    serde_json::from_slice(&text).map_err(|error| damaged_plan(&path, &error.to_string()))
}

/// Says that a plan is not what was written.
pub(crate) fn damaged_plan(path: &Path, why: &str) -> Refusal {
    Refusal::input(
        format!("`{}` is damaged: {why}", path.display()),
        "copy it again from where the sweep was played, or take the one of another shard of the same plan",
    )
}

/// Writes the layout of a directory.
pub(crate) fn write_plan(dir: &Path, layout: &Layout) -> Result<(), Refusal> {
    whole::write(&dir.join(PLAN), |out| {
        serde_json::to_writer_pretty(&mut *out, layout)?;
        out.write_all(b"\n")
    })
}

/// A checksum of what a layout says about results. Journals carry it, so that a plan that was damaged or edited is
/// noticed.
pub(crate) fn fingerprint(layout: &Layout) -> String {
    format!("{:08x}", crc32fast::hash(said(layout).as_bytes()))
}

/// What a layout says about results: all of it but how to replay a point, which differs between machines that keep the
/// scenario in different places.
pub(crate) fn said(layout: &Layout) -> String {
    let mut said = layout.clone();
    for point in &mut said.points {
        point.replay.clear();
    }
    serde_json::to_string(&said).expect("invariant: a layout is made of numbers, texts and lists")
}

/// Whether a sweep may begin in a directory, which need not exist. Nothing is changed.
///
/// A directory that holds other shards of the same plan takes one more in, so that machines with a common disk can be
/// given the same directory; one that holds the same plan and no journal was left when a sweep was ended before it began.
pub(crate) fn may_begin(dir: &Path, layout: &Layout, shard: Shard) -> Result<(), Refusal> {
    match fs::metadata(dir) {
        Ok(meta) if !meta.is_dir() => {
            return Err(Refusal::storage(
                format!("`{}` is a file, and a sweep needs a directory", dir.display()),
                "name a directory",
            ));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Refusal::io("use", dir, &error)),
    }
    let listing = list(dir)?;
    if listing.journals.iter().any(|(other, _)| *other == shard || other.of() != shard.of()) {
        return Err(holds_sweep(dir));
    }
    if let Some(other) = listing.others.first() {
        return Err(Refusal::input(
            format!("`{}` is not empty: it holds `{other}`", dir.display()),
            "name a directory that is empty or does not exist yet",
        ));
    }
    if listing.plan {
        let there = read_plan(dir)?;
        if (&there.version, &there.digest) != (&layout.version, &layout.digest) {
            return Err(Refusal::input(
                format!("`{}` holds another sweep: {}", dir.display(), differs(&there, layout)),
                "name another directory",
            ));
        }
    } else if !listing.journals.is_empty() {
        return Err(Refusal::input(
            format!("`{}` holds journals, but no `{PLAN}`", dir.display()),
            "name another directory",
        ));
    }
    Ok(())
}

/// How the plan of a directory differs from the one at hand.
pub(crate) fn differs(there: &Layout, here: &Layout) -> String {
    if there.version == here.version {
        format!("the digest of its plan is {}, and this plan's is {}", there.digest, here.digest)
    } else {
        format!("it is of version {}, and this is version {}", there.version, here.version)
    }
}

/// Says that there is a sweep already.
pub(crate) fn holds_sweep(dir: &Path) -> Refusal {
    Refusal::input(
        format!("`{}` already holds a sweep", dir.display()),
        "go on with it with `--resume`, or name another directory",
    )
}

/// Makes a directory, and puts the plan into it unless it is there.
pub(crate) fn begin(dir: &Path, layout: &Layout) -> Result<(), Refusal> {
    fs::create_dir_all(dir).map_err(|error| Refusal::io("make", dir, &error))?;
    if dir.join(PLAN).exists() { Ok(()) } else { write_plan(dir, layout) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_journals_say_their_shard() {
        for shard in ["1/1", "1/4", "4/4", "16/300"] {
            let shard: Shard = shard.parse().unwrap();
            assert_eq!(shard_of(&journal_name(shard)), Some(shard));
        }
        for name in [
            "journal-1-of-1.jsonl",
            "journal-01-of-4.jsonl",
            "journal-5-of-4.jsonl",
            "journal-1-of-4.jsonl.bak",
            "journal-.jsonl",
            "journal (1).jsonl",
            "journal-1/4.jsonl",
            "journal",
        ] {
            assert_eq!(shard_of(name), None, "{name}");
        }
    }
}
