//! Files that appear whole or not at all: what is written goes to a neighbour first and takes the file's place at the
//! end, when it has reached the disk.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use crate::refusal::Refusal;

/// How the names of neighbours end.
pub(crate) const PART: &str = ".part";

/// The neighbours that are being written, for [`discard_unfinished`].
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Writes a file. Where there is one it is replaced, a link's target and not the link; what cannot be replaced (a pipe,
/// `/dev/null`) is written to as it is.
///
/// # Errors
/// If something cannot be written; what was there before is then still there.
pub(crate) fn write(
    path: &Path,
    content: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), Refusal> {
    let to = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let done = match fs::metadata(&to) {
        Ok(meta) if meta.is_dir() => {
            let message = format!("cannot write `{}`: it is a directory", path.display());
            return Err(Refusal::storage(message, "remove it or name another place"));
        }
        Ok(meta) if !meta.is_file() => {
            OpenOptions::new().write(true).open(&to).and_then(|file| fill(file, content).map(drop))
        }
        // A read-only file is not replaced behind its owner's back.
        Ok(_) => OpenOptions::new().append(true).open(&to).and_then(|_| replace(&to, content)),
        Err(_) => replace(&to, content),
    };
    done.map_err(|error| Refusal::io("write", path, &error))
}

fn replace(to: &Path, content: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> io::Result<()> {
    let name = to.file_name().ok_or(ErrorKind::InvalidInput)?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}{PART}", std::process::id()));
    let neighbour = to.with_file_name(hidden);
    // One that a killed process with the same number left behind is of no use to anybody.
    let file = File::create(&neighbour)?;
    remember(&neighbour);
    let done = fill(file, content).and_then(|file| {
        file.sync_all()?;
        drop(file);
        fs::rename(&neighbour, to)
    });
    if done.is_err() {
        // The error that led here is the one to tell.
        let _ = fs::remove_file(&neighbour);
    }
    forget(&neighbour);
    done
}

fn fill(file: File, content: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>) -> io::Result<File> {
    let mut out = BufWriter::with_capacity(1 << 16, file);
    content(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

fn remember(neighbour: &Path) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        unfinished.push(neighbour.to_owned());
    }
}

fn forget(neighbour: &Path) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        unfinished.retain(|other| other != neighbour);
    }
}

/// Removes the neighbours of files whose writing is cut short. For the way out after an interruption.
pub fn discard_unfinished() {
    let unfinished = UNFINISHED.lock().map(|mut unfinished| std::mem::take(&mut *unfinished));
    for path in unfinished.unwrap_or_default() {
        // Nothing more can be done about it on the way out.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.csv");
        fs::write(&path, "old").unwrap();
        let failed = write(&path, |out| {
            out.write_all(b"half")?;
            Err(ErrorKind::StorageFull.into())
        });
        assert!(failed.unwrap_err().message.contains("the disk is full"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        write(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no neighbour is left");
        assert!(write(folder.path(), |_| Ok(())).unwrap_err().message.contains("it is a directory"));
        assert!(write(&folder.path().join("no/results.csv"), |_| Ok(())).is_err());
        assert!(
            write(&path.join("results.csv"), |_| Ok(())).unwrap_err().message.contains("not a directory")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        if cfg!(target_os = "linux") {
            let full = write(Path::new("/dev/full"), |out| out.write_all(b"new")).unwrap_err();
            assert!(full.message.contains("the disk is full"), "{full}");
        }
    }
}
