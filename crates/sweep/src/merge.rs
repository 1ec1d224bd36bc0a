//! Puts the shards of a sweep together.

use std::{
    collections::BTreeSet,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use crate::{
    directory::{self, PLAN, journal_name},
    journal::{Duplicate, First, Found, Header, Journal, Mismatch, Reader},
    layout::Layout,
    refusal::Refusal,
    rows::Results,
    shard::Shard,
};

mod gaps;

pub use gaps::Gap;

/// What was found in the directories of a sweep.
#[derive(Debug)]
pub struct Merged {
    /// The layout they share.
    pub layout: Layout,
    /// What their journals hold; cells that panicked among it.
    pub results: Results,
    /// Cells that no journal holds, in plan order.
    pub missing: Vec<u64>,
    /// The same by shard, in words.
    pub gaps: Vec<Gap>,
    /// Cells that were found more than once, with equal rows.
    pub duplicates: Vec<Duplicate>,
    /// Sentences about what was found and did not count, for stderr.
    pub notes: Vec<String>,
}

/// Reads all journals of all directories, and writes what they hold as an ordinary sweep to `out`, in plan order, where
/// `--resume` can play what is missing.
///
/// # Errors
/// As [`gather`] and [`Journal::create`]; and if `out` is one of the directories. The directories are never changed.
pub fn merge(dirs: &[PathBuf], out: &Path) -> Result<Merged, Refusal> {
    if let Some(dir) = dirs.iter().find(|dir| same(dir, out)) {
        return Err(Refusal::input(
            format!("`{}` cannot take the merged sweep: it is one of those that are merged", dir.display()),
            "name another directory",
        ));
    }
    // A directory that cannot be used is told before hours of results are read.
    if let Some(dir) = dirs.first() {
        directory::may_begin(out, &directory::read_plan(dir)?, Shard::WHOLE)?;
    }
    let merged = gather(dirs)?;
    save(&merged, out)?;
    Ok(merged)
}

fn save(merged: &Merged, out: &Path) -> Result<(), Refusal> {
    let mut journal = Journal::create(out, &merged.layout, Shard::WHOLE)?;
    let written = (0..merged.layout.cells())
        .filter_map(|cell| Some((cell, merged.results.cell(cell)?)))
        .try_for_each(|(cell, played)| journal.append(cell, played))
        .and_then(|()| journal.finish());
    written.map_err(|refusal| Refusal {
        help: format!("free some space or check the disk, remove `{}` and merge again", out.display()),
        ..refusal
    })
}

/// Reads all journals of all directories: one directory for a sweep that was played whole, several for shards. Nothing
/// is changed.
///
/// # Errors
/// If there is no directory, one holds no sweep, they belong to different versions of the program or different plans,
/// a plan or the first line of a journal is damaged, or a cell was found with different rows.
pub fn gather(dirs: &[PathBuf]) -> Result<Merged, Refusal> {
    let mut sweep: Option<(&Path, Layout)> = None;
    let mut found = Found::default();
    let mut shards = BTreeSet::new();
    let mut notes = Vec::new();
    for (at, dir) in dirs.iter().enumerate() {
        if dirs[..at].iter().any(|other| same(other, dir)) {
            notes.push(format!("`{}` is named twice and read once", dir.display()));
            continue;
        }
        let layout = directory::read_plan(dir)?;
        if let Some((first, known)) = &sweep {
            compare(first, known, dir, &layout)?;
        }
        read(dir, &layout, &mut found, &mut shards, &mut notes)?;
        sweep.get_or_insert((dir, layout));
    }
    let Some((_, layout)) = sweep else {
        return Err(Refusal::input("there is nothing to merge", "name the directories of the shards"));
    };
    let duplicates = found.duplicates();
    let mut results = Results::new(&layout);
    for (cell, played) in found.into_cells() {
        results.put(cell, played);
    }
    let missing: Vec<u64> = results.missing().collect();
    let gaps = gaps::find(&missing, &layout, &shards);
    Ok(Merged { layout, results, missing, gaps, duplicates, notes })
}

/// True if two paths lead to the same directory.
fn same(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Refuses directories of different sweeps.
fn compare(first: &Path, known: &Layout, dir: &Path, layout: &Layout) -> Result<(), Refusal> {
    let (first, dir) = (first.display(), dir.display());
    if known.version != layout.version {
        return Err(Refusal::input(
            format!(
                "`{dir}` is of version {}, and `{first}` of version {}: results of two versions are never mixed",
                layout.version, known.version
            ),
            "play the shards of one of them again with the other's version",
        ));
    }
    if known.digest != layout.digest {
        return Err(Refusal::input(
            format!(
                "`{dir}` belongs to another plan than `{first}`: its digest is {}, the other's {}",
                layout.digest, known.digest
            ),
            "merge shards of one study with the same scenarios and options",
        ));
    }
    if directory::fingerprint(known) != directory::fingerprint(layout) {
        return Err(Refusal::input(
            format!("`{dir}/{PLAN}` and `{first}/{PLAN}` have the same digest and say different things"),
            "one of them was damaged or edited: take the other in its place",
        ));
    }
    Ok(())
}

/// Reads the journals of a directory.
fn read(
    dir: &Path,
    layout: &Layout,
    found: &mut Found,
    shards: &mut BTreeSet<Shard>,
    notes: &mut Vec<String>,
) -> Result<(), Refusal> {
    let listing = directory::list(dir)?;
    if listing.journals.is_empty() {
        return Err(Refusal::input(
            format!("`{}` holds no journal", dir.display()),
            "name a directory in which a sweep or a shard was played",
        ));
    }
    for other in listing.others.iter().filter(|name| name.starts_with("journal")) {
        let path = dir.join(other);
        notes.push(format!("`{}` has no name of a journal and is not read", path.display()));
    }
    for (shard, path) in &listing.journals {
        let file = File::open(path).map_err(|error| Refusal::io("read", path, &error))?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                notes.push(format!(
                    "`{}` is still being written: what it holds so far counts",
                    path.display()
                ));
            }
            // A sweep may go on while its journal is read.
            Ok(()) => file.unlock().map_err(|error| Refusal::io("read", path, &error))?,
            Err(TryLockError::Error(_)) => {}
        }
        let (reader, first) = Reader::new(path, &file)?;
        match first {
            First::Header(header) => {
                header
                    .check(&Header::of(layout, *shard))
                    .map_err(|mismatch| misplaced(dir, path, &mismatch, layout))?;
                notes.extend(reader.cells(layout, *shard, found)?.notes);
            }
            First::Cut(_) => notes.push(format!("`{}` holds nothing yet", path.display())),
        }
        shards.insert(*shard);
    }
    Ok(())
}

/// Says that a journal does not belong to the plan beside it.
fn misplaced(dir: &Path, path: &Path, mismatch: &Mismatch, layout: &Layout) -> Refusal {
    let plan = dir.join(PLAN);
    let (plan, path) = (plan.display(), path.display());
    match mismatch {
        Mismatch::Version(version) => Refusal::input(
            format!(
                "`{path}` was written by version {version}, and `{plan}` by version {}: results of two versions are \
                 never mixed",
                layout.version
            ),
            "put each journal beside its own plan",
        ),
        Mismatch::Digest(digest) => Refusal::input(
            format!(
                "`{path}` belongs to another plan than `{plan}`: its digest is {digest}, the other's {}",
                layout.digest
            ),
            "put each journal beside its own plan",
        ),
        Mismatch::Shard(shard) => Refusal::input(
            format!("`{path}` has another name than its shard {shard}"),
            format!("give the file its own name again: `{}`", journal_name(*shard)),
        ),
        Mismatch::Plan => directory::damaged_plan(
            &dir.join(PLAN),
            "it is not the one that the journal beside it was written for",
        ),
    }
}
