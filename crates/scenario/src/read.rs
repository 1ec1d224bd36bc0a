//! Opens an input file within limits, and says in a planner's words why it cannot be read.
//!
//! The size is judged before the first byte is read, and the read itself is bounded, so that a file of
//! gigabytes, a pipe or a device costs nothing. *Invariant:* what comes out is UTF-8 text without a byte
//! order mark and without control characters other than tab and line breaks.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::Path,
    sync::Arc,
};

use crate::{
    diagnostic::{Diagnostic, Source, Span},
    suggest,
};

/// Largest scenario file in bytes.
pub const MAX_BYTES: u64 = 16 << 20;

/// Reads a scenario: a text file of at most [`MAX_BYTES`].
pub fn read(path: impl AsRef<Path>) -> Result<Arc<Source>, Diagnostic> {
    let path = path.as_ref();
    let bytes = read_bytes(path, MAX_BYTES)?;
    text(&path.display().to_string(), bytes)
}

/// Reads any regular file of at most `limit` bytes, with the same messages as [`read`].
pub fn read_bytes(path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>, Diagnostic> {
    let path = path.as_ref();
    let name = path.display();
    let meta = fs::metadata(path).map_err(|error| cannot_open(path, &error))?;
    if meta.is_dir() {
        return Err(Diagnostic::error("RC002", format!("`{name}` is a directory, not a file"))
            .help("name a file in it"));
    }
    if !meta.is_file() {
        return Err(Diagnostic::error("RC004", format!("`{name}` is neither a file nor a directory"))
            .help("save the text to an ordinary file first"));
    }
    if meta.len() > limit {
        return Err(too_large(path, meta.len(), limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    let file = File::open(path).map_err(|error| cannot_open(path, &error))?;
    // One byte more than allowed, so that a file that grew since is noticed.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| cannot_open(path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, bytes.len() as u64, limit));
    }
    Ok(bytes)
}

/// Takes bytes as text: UTF-8, with or without a byte order mark, not binary, not empty.
pub fn text(name: &str, bytes: Vec<u8>) -> Result<Arc<Source>, Diagnostic> {
    if bytes.is_empty() {
        return Err(Diagnostic::error("RC008", format!("`{name}` is empty"))
            .help("`rollcast init` writes a scenario to start from"));
    }
    let utf16 = match bytes.as_slice() {
        [0xFF, 0xFE, ..] | [_, 0, _, 0, ..] if bytes[0] != 0 => true,
        [0xFE, 0xFF, ..] | [0, _, 0, _, ..] => bytes.get(1) != Some(&0),
        _ => false,
    };
    if utf16 {
        return Err(Diagnostic::error("RC007", format!("`{name}` is UTF-16 text, not UTF-8"))
            .help("save it as UTF-8 in the editor"));
    }
    let bad = |&b: &u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7F;
    if let Some(at) = bytes.iter().position(bad) {
        let message = format!(
            "`{name}` is not a text file: it holds the control byte 0x{:02X} at byte {at} (line {})",
            bytes[at],
            line(&bytes, at)
        );
        return Err(Diagnostic::error("RC006", message).help("name a text file in YAML"));
    }
    let start = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            text.drain(..start);
            Ok(Arc::new(Source { name: name.to_owned(), text }))
        }
        Err(error) => Err(not_utf8(name, error)),
    }
}

fn not_utf8(name: &str, error: std::string::FromUtf8Error) -> Diagnostic {
    let at = error.utf8_error().valid_up_to();
    let bytes = error.into_bytes();
    let message = format!(
        "`{name}` is not UTF-8 text: the byte 0x{:02X} at byte {at} (line {}) starts no character",
        bytes[at],
        line(&bytes, at)
    );
    // The lossy text keeps the good part before the bad byte as it is, so the span is right.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let source = Arc::new(Source { name: name.to_owned(), text });
    let end = at + '\u{FFFD}'.len_utf8();
    Diagnostic::error("RC007", message)
        .at(Span { source, start: at, end })
        .help("save it as UTF-8 in the editor; it is probably in a Windows code page")
}

fn line(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|&&b| b == b'\n').count() + 1
}

fn too_large(path: &Path, length: u64, limit: u64) -> Diagnostic {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Diagnostic::error(
        "RC005",
        format!("`{}` has {} MiB; files above {} MiB are not read", path.display(), mib(length), mib(limit)),
    )
    .help("is this the right file? large fleets are described by cohorts or an inventory, not listed in YAML")
}

fn cannot_open(path: &Path, error: &io::Error) -> Diagnostic {
    let name = path.display();
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let diagnostic = Diagnostic::error("RC001", format!("`{name}` does not exist"));
            match sibling(path) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help("paths are relative to the directory that you are in"),
            }
        }
        ErrorKind::PermissionDenied => Diagnostic::error("RC003", format!("no permission to read `{name}`"))
            .help("ask its owner for read permission"),
        _ => {
            Diagnostic::error("RC009", format!("cannot read `{name}`: {}", error.to_string().to_lowercase()))
                .help("check the path and the disk")
        }
    }
}

/// A file beside the missing one whose name is near; looks at a bounded number of names.
fn sibling(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .take(10_000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    let near = suggest::did_you_mean(wanted, &names).or_else(|| {
        names.iter().map(String::as_str).find(|name| Path::new(name).file_stem() == path.file_name())
    })?;
    Some(path.with_file_name(near).display().to_string())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn code(path: impl AsRef<Path>) -> &'static str {
        read(path).unwrap_err().code
    }

    #[test]
    fn missing_files_suggest_siblings() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("contoso.yaml"), "a: b").unwrap();
        let error = read(folder.path().join("contso.yaml")).unwrap_err();
        assert_eq!(error.code, "RC001");
        assert!(error.help.unwrap().contains("contoso.yaml"));
        let error = read(folder.path().join("contoso")).unwrap_err();
        assert!(error.help.unwrap().contains("contoso.yaml"));
        assert_eq!(code(folder.path().join("contoso.yaml/x")), "RC001");
        assert_eq!(code(folder.path()), "RC002");
    }

    #[test]
    fn huge_files_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("huge.yaml");
        File::create(&path).unwrap().set_len(2 << 30).unwrap();
        let start = Instant::now();
        assert_eq!(code(&path), "RC005");
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_forbidden_files() {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(code("/dev/zero"), "RC004");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.yaml");
        fs::write(&path, "a: b").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
        // A superuser may read it all the same.
        if File::open(&path).is_err() {
            assert_eq!(code(&path), "RC003");
        }
        assert_eq!(cannot_open(&path, &ErrorKind::PermissionDenied.into()).code, "RC003");
        assert_eq!(cannot_open(&path, &ErrorKind::Interrupted.into()).code, "RC009");
    }

    #[test]
    fn encodings() {
        let of = |bytes: &[u8]| text("x", bytes.to_vec());
        assert_eq!(of(b"\xEF\xBB\xBFa: b").unwrap().text, "a: b");
        assert_eq!(of(b"").unwrap_err().code, "RC008");
        assert_eq!(of(b"\xFF\xFEa\0:\0").unwrap_err().code, "RC007");
        assert_eq!(of(b"a\0:\0 \0").unwrap_err().code, "RC007");
        assert_eq!(of(b"\0a\0:").unwrap_err().code, "RC007");
        assert_eq!(of(b"MZ\x90\0\0\0\x03").unwrap_err().code, "RC006");
        assert_eq!(of(b"\0\0\0\0").unwrap_err().code, "RC006");
        let error = of(b"a: b\nsite: M\xFCnchen\n").unwrap_err();
        assert_eq!(error.code, "RC007");
        assert_eq!(error.span.unwrap().line_column(), (2, 8));
        assert!(error.message.contains("0xFC") && error.message.contains("line 2"));
    }
}
