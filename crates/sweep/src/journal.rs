//! The journal of a sweep: every finished cell is a line in a file as soon as it is finished, so that a sweep which is
//! ended in whatever way goes on where it was.
//!
//! ```text
//!   {"format":...,"version":...,"digest":...,"plan":...,"cells":...,"shard":"1/1","crc":"........"}
//!   {"cell":0,"played":{"rows":[{"values":[12.5,null]}, ...]},"crc":"........"}
//!   ...
//! ```
//!
//! Lines are in the order in which cells were finished. `crc` is the CRC-32 of all that stands before it on its line.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    directory::{self, Listing, journal_name},
    layout::Layout,
    refusal::Refusal,
    rows::Played,
    shard::Shard,
};

mod found;
mod line;
mod read;

pub use found::Duplicate;
pub(crate) use found::Found;
pub(crate) use line::Header;
pub(crate) use read::{First, Mismatch, Reader};

/// How long finished cells may be in the system's memory alone. A crash of the machine loses them, one of the program
/// does not.
const SYNC: Duration = Duration::from_secs(1);

/// A journal that is open for writing. While it is, no other sweep can write it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes up to the end of the last whole line.
    end: u64,
    /// True if half a line may stand behind the end, or the next line might not go there.
    torn: bool,
    /// True if something has been written since the last time that the disk was asked to keep it.
    dirty: bool,
    synced: Instant,
}

/// A sweep that goes on.
#[derive(Debug)]
pub struct Resumed {
    /// Its journal.
    pub journal: Journal,
    /// The cells that are finished, in plan order. Cells that panicked are not among them.
    pub played: Vec<(u64, Played)>,
    /// Sentences about what was found and did not count, for stderr.
    pub notes: Vec<String>,
}

impl Journal {
    /// Begins a sweep in a directory: makes it where it is missing, and writes `plan.json` and the first line of the
    /// journal.
    ///
    /// # Errors
    /// If the directory holds a sweep (other shards of the same plan excepted) or anything else, or cannot be written.
    pub fn create(dir: &Path, layout: &Layout, shard: Shard) -> Result<Self, Refusal> {
        directory::may_begin(dir, layout, shard)?;
        directory::begin(dir, layout).map_err(begin_again)?;
        let path = dir.join(journal_name(shard));
        let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(directory::holds_sweep(dir));
            }
            opened => opened.map_err(|error| Refusal::io("write", &path, &error))?,
        };
        lock(&file, &path)?;
        let mut journal = Journal::on(file, &path, 0);
        match journal.write(&Header::of(layout, shard).line()).and_then(|()| journal.sync()) {
            Ok(()) => Ok(journal),
            Err(refusal) => {
                // Without its first line it would only be in the way of the next attempt.
                let _ = fs::remove_file(&path);
                Err(begin_again(refusal))
            }
        }
    }

    /// Goes on with a sweep. A last line that was cut in the middle is cut off, so that appending goes on cleanly; a
    /// damaged line in the middle is left out with a note, and its cell is to be played again.
    ///
    /// # Errors
    /// If there is no journal of this shard, if it belongs to another plan or version of the program, if another sweep
    /// is writing it, if its first line is damaged, if it holds different rows for the same cell, or if it cannot be
    /// read and written. Nothing is changed then.
    pub fn resume(dir: &Path, layout: &Layout, shard: Shard) -> Result<Resumed, Refusal> {
        let path = find(dir, shard)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| Refusal::io("write", &path, &error))?;
        lock(&file, &path)?;
        let (reader, first) = Reader::new(&path, &file)?;
        let expected = Header::of(layout, shard);
        let mut found = Found::default();
        let (end, mut notes) = match first {
            First::Header(header) => {
                header.check(&expected).map_err(|mismatch| other(&path, &mismatch, &expected))?;
                let end = reader.cells(layout, shard, &mut found)?;
                (end.whole, end.notes)
            }
            First::Cut(text) if expected.line().starts_with(&text) => (0, Vec::new()),
            First::Cut(_) => return Err(read::damaged(&path)),
        };
        let replace_plan = plan_is_damaged(dir, layout)?;

        notes.extend(found.duplicates().iter().map(ToString::to_string));
        let (panicked, played): (Vec<_>, Vec<_>) =
            found.into_cells().partition(|(_, played)| matches!(played, Played::Panicked { .. }));
        match panicked.len() {
            0 => {}
            1 => notes.push(format!("cell {} had panicked: it is played again", panicked[0].0)),
            many => notes.push(format!("{many} cells had panicked: they are played again")),
        }
        if let Some(note) = replace_plan {
            directory::write_plan(dir, layout)?;
            notes.push(note);
        }
        let mut journal = Journal::on(file, &path, end);
        journal.torn = true;
        journal.mend().map_err(|error| Refusal::io("write", &path, &error))?;
        if end == 0 {
            journal.write(&expected.line())?;
        }
        Ok(Resumed { journal, played, notes })
    }

    /// Writes down what a cell gave, and sees to it that the disk keeps it, at most once a second.
    ///
    /// # Errors
    /// If it cannot be written, for example because the disk is full. What was written before is kept, and the sweep
    /// can be resumed.
    pub fn append(&mut self, cell: u64, played: &Played) -> Result<(), Refusal> {
        self.write(&line::cell(cell, played))?;
        if self.synced.elapsed() >= SYNC { self.sync() } else { Ok(()) }
    }

    /// Ends the writing: everything is on the disk then.
    ///
    /// # Errors
    /// If the disk does not take it.
    pub fn finish(mut self) -> Result<(), Refusal> {
        self.sync()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn on(file: File, path: &Path, end: u64) -> Self {
        let path = path.to_owned();
        Journal { path, file, end, torn: false, dirty: false, synced: Instant::now() }
    }

    /// One call for a whole line: whatever ends the program in between leaves whole lines, and at most one piece.
    fn write(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if let Err(error) = self.mend().and_then(|()| self.file.write_all(line)) {
            self.torn = true;
            // If the piece cannot be cut off now, the next line or the next sweep does it.
            let _ = self.mend();
            return Err(self.cannot_write(&error));
        }
        self.end += line.len() as u64;
        self.dirty = true;
        Ok(())
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.end)?;
            self.file.seek(SeekFrom::Start(self.end))?;
            self.torn = false;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Refusal> {
        if self.dirty {
            self.file.sync_data().map_err(|error| self.cannot_write(&error))?;
            self.dirty = false;
        }
        self.synced = Instant::now();
        Ok(())
    }

    fn cannot_write(&self, error: &io::Error) -> Refusal {
        let mut refusal = Refusal::io("write", &self.path, error);
        refusal.help = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                "what is finished is kept: free some space and go on with `--resume`"
            }
            _ => "what is finished is kept: check the disk and go on with `--resume`",
        }
        .into();
        refusal
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Who wants to know whether it worked calls `finish`.
        let _ = self.sync();
    }
}

/// Where nothing is begun yet there is nothing to go on with.
fn begin_again(refusal: Refusal) -> Refusal {
    let help = match refusal.help.contains("--resume") {
        true => "free some space and try again".into(),
        false => refusal.help,
    };
    Refusal { help, ..refusal }
}

/// Keeps other sweeps away from a journal for as long as the file is open. Where a file system knows no locks nobody
/// is kept away.
fn lock(file: &File, path: &Path) -> Result<(), Refusal> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Refusal::storage(
            format!("another sweep is writing `{}`", path.display()),
            "wait until it has ended, or name another directory",
        )),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// True if a sweep has been begun in a directory, so that it can go on.
pub fn is_begun(dir: &Path, shard: Shard) -> bool {
    find(dir, shard).is_ok()
}

/// The journal of a shard.
fn find(dir: &Path, shard: Shard) -> Result<PathBuf, Refusal> {
    let listing = if dir.exists() { directory::list(dir)? } else { Listing::default() };
    if let Some(path) = listing.journal(shard) {
        return Ok(path.to_owned());
    }
    let there: Vec<String> = listing.journals.iter().map(|(other, _)| format!("`{other}`")).collect();
    let dir = dir.display();
    Err(match (listing.journals.first(), shard.is_whole()) {
        (None, _) => Refusal::input(
            format!("`{dir}` holds no journal to go on with"),
            "leave out `--resume` to begin there, or name the directory of a sweep",
        ),
        (Some((Shard::WHOLE, _)), _) => Refusal::input(
            format!("`{dir}` holds a whole sweep, not shard {shard}"),
            "leave out `--shard`, or name another directory",
        ),
        (Some(_), true) => Refusal::input(
            format!("`{dir}` holds shards, not a whole sweep: {}", there.join(", ")),
            "name one of them with `--shard`, or merge them first",
        ),
        (Some((other, _)), false) if other.of() == shard.of() => Refusal::input(
            format!("`{dir}` holds no journal of shard {shard}, only of {}", there.join(", ")),
            "leave out `--resume` to begin this shard there",
        ),
        (Some(_), false) => Refusal::input(
            format!("`{dir}` holds no journal of shard {shard}, only of {}", there.join(", ")),
            "name one of them with `--shard`, or another directory",
        ),
    })
}

/// Says that a journal belongs to something else.
fn other(path: &Path, mismatch: &Mismatch, expected: &Header) -> Refusal {
    let path = path.display();
    match mismatch {
        Mismatch::Version(version) => Refusal::input(
            format!(
                "`{path}` was written by version {version}, and this is version {}: results of two versions are never \
                 mixed",
                expected.version
            ),
            format!("go on with version {version}, or begin in another directory"),
        ),
        Mismatch::Digest(digest) => Refusal::input(
            format!(
                "`{path}` belongs to another plan: its digest is {digest}, and this plan's is {}",
                expected.digest
            ),
            "undo what was changed since in the study, its scenarios or the options, or begin in another directory",
        ),
        Mismatch::Shard(shard) => Refusal::input(
            format!("`{path}` belongs to shard {shard}, not to {}", expected.shard),
            format!("give the file its own name again: `{}`", journal_name(*shard)),
        ),
        Mismatch::Plan => Refusal::input(
            format!("`{path}` has the digest of this plan and still belongs to another one"),
            "this is a fault of the program: please report it; begin in another directory",
        ),
    }
}

/// Whether the plan of a directory whose journal is the right one has to be written again, and what to say then.
fn plan_is_damaged(dir: &Path, layout: &Layout) -> Result<Option<String>, Refusal> {
    let path = dir.join(directory::PLAN);
    let there: Option<Layout> = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).ok(),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(Refusal::io("read", &path, &error)),
    };
    match there {
        Some(there) if (&there.version, &there.digest) != (&layout.version, &layout.digest) => {
            Err(Refusal::input(
                format!("`{}` is not of this sweep: {}", path.display(), directory::differs(&there, layout)),
                "move the file away; it is then written again",
            ))
        }
        Some(there) if directory::fingerprint(&there) == directory::fingerprint(layout) => Ok(None),
        _ => Ok(Some(format!("`{}` was missing or damaged and is written again", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_with_the_way_out() {
        let path = Path::new("/dev/full");
        let file = OpenOptions::new().write(true).open(path).unwrap();
        let mut journal = Journal::on(file, path, 0);
        let played = Played::Rows(vec![]);
        let refusal = journal.append(0, &played).unwrap_err();
        assert_eq!(refusal.message, "cannot write `/dev/full`: the disk is full");
        assert_eq!(refusal.help, "what is finished is kept: free some space and go on with `--resume`");
        assert!(journal.torn, "a device cannot be cut, so the next line has to try");
    }
}
