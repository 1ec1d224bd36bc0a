//! Where the answer goes: stdout, or a file that appears whole or not at all.
//!
//! A file is opened before anything is played, so that a bad path fails in a moment and not after an hour. What
//! is written goes to a neighbour first and takes the file's place at the end; an interruption removes it.

use std::{
    borrow::Cow,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The neighbour that is being written, for [`discard_unfinished`].
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A destination that is open.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// An ordinary file, through a neighbour.
    File { to: PathBuf, neighbour: PathBuf, file: File },
    /// Something that cannot be replaced, such as a pipe or `/dev/null`.
    Direct { to: PathBuf, file: File },
}

/// Why a destination cannot be used, as a sentence and a way out.
#[derive(Debug)]
pub(crate) struct CannotWrite {
    pub(crate) message: String,
    pub(crate) help: Cow<'static, str>,
}

impl Output {
    /// Opens `path`; `None` and `-` are stdout.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, CannotWrite> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else { return Ok(Output::Stdout) };
        // Through a link the file behind it is replaced, not the link.
        let to = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let refuse = |error: &io::Error| cannot_write(path, error);
        match fs::metadata(&to) {
            Ok(meta) if meta.is_dir() => {
                return Err(CannotWrite {
                    message: format!("cannot write to `{}`: it is a directory", path.display()),
                    help: "name a file in it".into(),
                });
            }
            Ok(meta) if !meta.is_file() => {
                let file = OpenOptions::new().write(true).open(&to).map_err(|e| refuse(&e))?;
                return Ok(Output::Direct { to, file });
            }
            Ok(_) => {
                // A read-only file is not replaced behind its owner's back.
                OpenOptions::new().append(true).open(&to).map_err(|e| refuse(&e))?;
            }
            // A name that ends like a directory's is meant as one.
            Err(error) if error.kind() == ErrorKind::NotFound && ends_in_slash(path) => {
                return Err(refuse(&error));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(refuse(&error)),
        }
        let Some(name) = to.file_name() else {
            return Err(refuse(&ErrorKind::InvalidInput.into()));
        };
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let neighbour = to.with_file_name(hidden);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&neighbour)
            .map_err(|error| refuse(&error))?;
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            *unfinished = Some(neighbour.clone());
        }
        Ok(Output::File { to, neighbour, file })
    }

    /// Writes all of it. A reader that went away is no error.
    pub(crate) fn write(
        self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CannotWrite> {
        match self {
            Output::Stdout => {
                let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout().lock()));
                finish_stdout(content(&mut out).and_then(|()| out.flush()))
            }
            Output::Direct { to, file } => {
                let mut out = BufWriter::new(anstream::StripStream::new(file));
                match content(&mut out).and_then(|()| out.flush()) {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_write(&to, &error)),
                    _ => Ok(()),
                }
            }
            Output::File { to, neighbour, file } => {
                let mut out = BufWriter::new(anstream::StripStream::new(file));
                let written = content(&mut out).and_then(|()| out.flush());
                let result = written.and_then(|()| fs::rename(&neighbour, &to));
                if result.is_err() {
                    discard_unfinished();
                }
                if let Ok(mut unfinished) = UNFINISHED.lock() {
                    *unfinished = None;
                }
                result.map_err(|error| cannot_write(&to, &error))
            }
        }
    }
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(last.into()))
}

/// Removes the neighbour of a file whose writing was cut short.
pub(crate) fn discard_unfinished() {
    if let Some(path) = UNFINISHED.lock().ok().and_then(|mut unfinished| unfinished.take()) {
        // Nothing more can be done about it on the way out.
        let _ = fs::remove_file(path);
    }
}

/// Prints a text to stdout.
pub(crate) fn print(text: &str) -> Result<(), CannotWrite> {
    Output::Stdout.write(|out| out.write_all(text.as_bytes()))
}

/// Says something on stderr; a closed stderr is nobody's problem.
pub(crate) fn say(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", text.trim_end_matches('\n'));
}

fn finish_stdout(result: io::Result<()>) -> Result<(), CannotWrite> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CannotWrite {
            message: format!("cannot write to stdout: {}", plain(&error)),
            help: "check where the output is led to".into(),
        }),
        _ => Ok(()),
    }
}

pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> CannotWrite {
    let help = match error.kind() {
        ErrorKind::NotFound => "make the directory first",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "choose a place where you may write",
        ErrorKind::AlreadyExists => {
            "another run may be writing it; try again or remove the `.part` file beside it"
        }
        ErrorKind::StorageFull => "free some space",
        _ => "check the path and the disk",
    };
    let message = format!("cannot write `{}`: {}", path.display(), plain(error));
    CannotWrite { message, help: help.into() }
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such directory".into(),
        ErrorKind::PermissionDenied => "no permission".into(),
        ErrorKind::NotADirectory => "a part of the path is not a directory".into(),
        ErrorKind::AlreadyExists => "it exists".into(),
        ErrorKind::StorageFull => "the disk is full".into(),
        _ => error.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        fs::write(&path, "old").unwrap();
        let failed = Output::open(Some(&path)).unwrap().write(|out| {
            out.write_all(b"half")?;
            Err(ErrorKind::StorageFull.into())
        });
        assert!(failed.unwrap_err().message.contains("the disk is full"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        Output::open(Some(&path)).unwrap().write(|out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no neighbour is left");
        assert!(Output::open(Some(folder.path())).unwrap_err().message.contains("directory"));
        let slash = folder.path().join("no/");
        assert!(Output::open(Some(&slash)).is_err());
        let missing = folder.path().join("no/out.json");
        assert!(Output::open(Some(&missing)).unwrap_err().help.contains("directory"));
    }
}
