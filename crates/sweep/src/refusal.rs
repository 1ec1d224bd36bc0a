//! Why something is not done, as a sentence and a way out.

use std::{fmt, io, path::Path};

/// What kind of exit follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The input does not fit: nothing was played or changed.
    Input,
    /// Something cannot be read or written, or would go over a limit.
    Storage,
}

/// A refusal. `message` and `help` are sentences in lower case without a final dot; literals are in backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind it is.
    pub kind: Kind,
    /// What is not done and why.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Refusal {
    /// The input does not fit.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Self {
        Refusal { kind: Kind::Input, message: message.into(), help: help.into() }
    }

    /// Something cannot be read or written.
    pub fn storage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Refusal { kind: Kind::Storage, message: message.into(), help: help.into() }
    }

    /// What the system says of a path, in words; `doing` is what was tried, e.g. `write`.
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull,
        };
        let (why, help) = match error.kind() {
            NotFound => ("there is no such file or directory".into(), "check the path"),
            PermissionDenied => ("no permission".into(), "choose a place where you may write"),
            ReadOnlyFilesystem => ("the disk is read-only".into(), "choose a place where you may write"),
            NotADirectory => ("a part of the path is not a directory".into(), "check the path"),
            AlreadyExists => ("it exists".into(), "name another directory"),
            StorageFull => ("the disk is full".into(), "free some space and go on with `--resume`"),
            _ => (error.to_string().to_lowercase(), "check the path and the disk"),
        };
        Self::storage(format!("cannot {doing} `{}`: {why}", path.display()), help)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.help)
    }
}

impl std::error::Error for Refusal {}
