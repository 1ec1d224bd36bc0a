//! A folder with scenarios, and the binary run in it.

use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Four rings, a mix and no goals: quick to play, with something in every block of the table.
pub(crate) const SMALL: &str = "\
service: autopatch/2025-03
seed: 7
fleet:
  devices: 3000
  mix: { model: { L14: 70%, X1: rest } }
rings: { Test: { size: 20 }, Ring1: {}, Ring2: {}, Ring3: {} }
release: { product: windows-quality, published: 2026-10-13 }
";

/// A goal that every run meets.
pub(crate) const MET: &str = "goals: [{ of: all, patched: 1%, by: 40 d }]\n";
/// A goal that no run meets.
pub(crate) const MISSED: &str = "goals: [{ of: registered, patched: 100%, by: 1 h }]\n";
/// A goal that one run cannot decide.
pub(crate) const UNDECIDED: &str = "goals: [{ of: all, patched: 1%, by: 40 d, in: 90% of runs }]\n";

/// A folder of its own for one test.
pub(crate) struct Place {
    folder: TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Place {
    /// A folder with [`SMALL`] and `more` as `a.yaml`.
    pub(crate) fn with(more: &str) -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        place.write("a.yaml", &format!("{SMALL}{more}"));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary with these arguments in this folder, without colours from outside.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcast"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RAYON_NUM_THREADS"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the binary with arguments split at blanks.
    pub(crate) fn run(&self, line: &str) -> Done {
        self.command(line.split_whitespace()).output().unwrap().into()
    }

    /// Runs a line of shell in this folder, in which `rollcast` is the binary.
    pub(crate) fn shell(&self, line: &str) -> Done {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_rollcast"));
        let mut places = vec![binary.parent().unwrap().to_owned()];
        places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("PATH", std::env::join_paths(places).unwrap());
        command.output().unwrap().into()
    }

    /// Runs the binary and expects this exit code.
    pub(crate) fn ends(&self, code: i32, line: &str) -> Done {
        let done = self.run(line);
        assert_eq!(done.code, Some(code), "{line}: {}", done.err);
        done
    }

    /// Names and contents of all files of a folder in it; nothing where there is none.
    pub(crate) fn contents(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let Ok(entries) = fs::read_dir(self.path(name)) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let mut all: Vec<_> = paths
            .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    }

    /// Runs the binary, expects success and JSON on stdout.
    pub(crate) fn json(&self, line: &str) -> Value {
        let done = self.run(line);
        assert_eq!(done.code, Some(0), "{line}: {}", done.err);
        serde_json::from_str(&done.out).unwrap()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Done {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
