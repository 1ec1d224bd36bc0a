//! From a file to a stream of UTF-8 bytes: size limit, byte order marks, UTF-16, binary files.
//!
//! The stream ends in a line of its own, [`END`], that no export contains: whoever reads rows and never meets
//! it knows that an open quote has swallowed the rest of the file.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, Read},
    path::Path,
    rc::Rc,
};

use crate::{diagnostic::Diagnostic, read};

/// The last line of every stream (with a control character, which a text file cannot hold).
pub(super) const END: &str = "\u{1}end";
/// How much is looked at to judge the file and its separator; a header is shorter.
const HEAD: usize = 64 << 10;
/// How far one row may reach before it is taken for an open quote.
pub(super) const MAX_ROW: u64 = 1 << 20;

/// The message of the error that [`Stream`] returns when a row is too long.
pub(super) const ROW_TOO_LONG: &str = "row too long";
/// The message of the error that [`Stream`] returns at a zero byte.
pub(super) const ZERO_BYTE: &str = "zero byte";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Encoding {
    Utf8,
    Utf16 { little: bool },
}

/// UTF-8 bytes of a file, to be read once.
#[derive(Debug)]
pub(super) struct Stream {
    file: io::Take<File>,
    encoding: Encoding,
    /// Decoded bytes not yet handed out, from `start` on.
    ready: Vec<u8>,
    start: usize,
    /// Undecoded bytes of UTF-16.
    rest: Vec<u8>,
    last: u8,
    done: bool,
    served: u64,
    allowed: Rc<Cell<u64>>,
}

/// What the first bytes show.
#[derive(Debug)]
pub(super) struct Opened {
    /// The stream from its first character, without byte order mark.
    pub(super) stream: Stream,
    /// Its first line(s), for a look at the separator.
    pub(super) head: String,
    /// The position up to which the stream serves; the reader of rows moves it along.
    pub(super) allowed: Rc<Cell<u64>>,
}

/// Opens a CSV of at most `limit` bytes. `Ok(None)`: the file is empty.
pub(super) fn open(path: &Path, limit: u64) -> Result<Option<Opened>, Diagnostic> {
    let name = path.display();
    let refused = |error: io::Error| refused(path, &error);
    let meta = fs::metadata(path).map_err(refused)?;
    if !meta.is_file() {
        return Err(refused(io::Error::other("not a file")));
    }
    if meta.len() > limit {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let message =
            format!("`{name}` has {} MiB; a CSV above {} MiB is not read", mib(meta.len()), mib(limit));
        return Err(Diagnostic::error("RC005", message)
            .help("is this the right file? an export of a million devices has about 600 MiB"));
    }
    let mut file = File::open(path).map_err(refused)?.take(limit);
    let mut mark = Vec::new();
    file.by_ref().take(4).read_to_end(&mut mark).map_err(refused)?;
    let (encoding, skip) = match mark.as_slice() {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFF, 0xFE, ..] => (Encoding::Utf16 { little: true }, 2),
        [0xFE, 0xFF, ..] => (Encoding::Utf16 { little: false }, 2),
        // Text of Western letters in UTF-16 without its mark.
        [first, 0, second, 0] if *first > 0 && *second > 0 => (Encoding::Utf16 { little: true }, 0),
        _ => (Encoding::Utf8, 0),
    };
    let zip = mark.starts_with(b"PK\x03\x04");
    let allowed = Rc::new(Cell::new(u64::MAX));
    let mut stream = Stream {
        file,
        encoding,
        ready: Vec::with_capacity(HEAD),
        start: 0,
        rest: Vec::new(),
        last: b'\n',
        done: false,
        served: 0,
        allowed: Rc::clone(&allowed),
    };
    match encoding {
        Encoding::Utf8 => stream.ready.extend_from_slice(&mark[skip..]),
        Encoding::Utf16 { .. } => stream.rest.extend_from_slice(&mark[skip..]),
    }
    if zip {
        return Err(binary(&name.to_string(), "it is a zip archive or a workbook")
            .help("Intune downloads a zip: unpack it and name the CSV inside; save a workbook as CSV"));
    }
    while stream.ready.len() < HEAD && stream.more().map_err(refused)? {}
    if stream.ready.is_empty() {
        return Ok(None);
    }
    let control = |&b: &u8| (b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || b == 0x7F;
    if let Some(at) = stream.ready.iter().position(control) {
        let what = format!("it holds the control byte 0x{:02X} at byte {at}", stream.ready[at]);
        return Err(binary(&name.to_string(), &what).help("name the CSV of `Devices > All devices > Export`"));
    }
    let head = String::from_utf8_lossy(&stream.ready).into_owned();
    Ok(Some(Opened { stream, head, allowed }))
}

/// Why a file cannot be opened or read, with the codes of the scenario reader.
fn refused(path: &Path, error: &io::Error) -> Diagnostic {
    let name = path.display();
    if error.kind() == io::ErrorKind::PermissionDenied {
        return Diagnostic::error("RC003", format!("no permission to read `{name}`"))
            .help("ask its owner for read permission");
    }
    // The scenario reader knows what else can be wrong with a path; with a limit of 0 it reads nothing.
    match read::read_bytes(path, 0) {
        Err(diagnostic) if diagnostic.code != "RC005" => diagnostic,
        _ => {
            Diagnostic::error("RC009", format!("cannot read `{name}`: {}", error.to_string().to_lowercase()))
                .help("check the path and the disk")
        }
    }
}

/// A file that is no text.
pub(super) fn binary(name: &str, what: &str) -> Diagnostic {
    Diagnostic::error("RC006", format!("`{name}` is not a CSV: {what}"))
}

impl Stream {
    /// Decodes a further piece into `ready`; false at the end of the file.
    fn more(&mut self) -> io::Result<bool> {
        let before = self.ready.len();
        match self.encoding {
            Encoding::Utf8 => {
                self.ready.resize(before + HEAD, 0);
                let read = self.file.read(&mut self.ready[before..])?;
                self.ready.truncate(before + read);
                Ok(read > 0)
            }
            Encoding::Utf16 { little } => {
                let old = self.rest.len();
                self.rest.resize(old + HEAD, 0);
                let read = self.file.read(&mut self.rest[old..])?;
                self.rest.truncate(old + read);
                // A pair of surrogates must not be cut: the last unit waits for the next piece.
                let whole = if read == 0 { self.rest.len() } else { self.rest.len().saturating_sub(2) & !1 };
                let unit = |pair: &[u8]| match (little, pair) {
                    (true, &[low, high]) | (false, &[high, low]) => u16::from_be_bytes([high, low]),
                    // Half a unit at the end of the file is no character.
                    _ => 0xD800,
                };
                let mut letters = char::decode_utf16(self.rest[..whole].chunks(2).map(unit)).peekable();
                let mut consumed = 0;
                while let Some(letter) = letters.next() {
                    let last = letters.peek().is_none();
                    match letter {
                        // A high surrogate at the end of this piece: its partner comes with the next.
                        Err(lone) if last && read > 0 && lone.unpaired_surrogate() < 0xDC00 => break,
                        Ok(letter) => {
                            self.ready.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                            consumed += 2 * letter.len_utf16();
                        }
                        // Not valid UTF-8 either, so that the row is named.
                        Err(_) => {
                            self.ready.push(0xFF);
                            consumed += 2;
                        }
                    }
                }
                self.rest.drain(..consumed.min(self.rest.len()));
                Ok(read > 0)
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.served >= self.allowed.get() {
            return Err(io::Error::other(ROW_TOO_LONG));
        }
        while self.start == self.ready.len() && !self.done {
            self.ready.clear();
            self.start = 0;
            if !self.more()? && self.ready.is_empty() {
                self.done = true;
                if self.last != b'\n' {
                    self.ready.push(b'\n');
                }
                self.ready.extend_from_slice(END.as_bytes());
                self.ready.push(b'\n');
            } else if self.ready.contains(&0) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, ZERO_BYTE));
            }
        }
        let piece = &self.ready[self.start..];
        let n = piece.len().min(out.len());
        out[..n].copy_from_slice(&piece[..n]);
        if n > 0 {
            self.last = piece[n - 1];
        }
        self.start += n;
        self.served += n as u64;
        Ok(n)
    }
}

/// The whole text of a small file, for snippets; `None` if it is larger than `limit` or gone.
pub(super) fn whole(path: &Path, limit: u64) -> Option<String> {
    let mut bytes = Vec::new();
    // A row that was too long is no obstacle here.
    let mut stream = open(path, limit).ok()??.stream;
    stream.read_to_end(&mut bytes).ok()?;
    let end = bytes.len().saturating_sub(END.len() + 1);
    bytes.truncate(end);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, bytes).unwrap();
        whole(&path, 1 << 30).unwrap()
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        let mut bytes = if little { vec![0xFF, 0xFE] } else { vec![0xFE, 0xFF] };
        for unit in text.encode_utf16() {
            bytes.extend(if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
        }
        bytes
    }

    #[test]
    fn encodings() {
        assert_eq!(decoded(b"\xEF\xBB\xBFa,b"), "a,b\n");
        assert_eq!(decoded(b"a,b\n"), "a,b\n");
        // Longer than a piece, with surrogate pairs at every offset.
        for shift in 0..3 {
            let text = format!("{}{}\n", "x".repeat(shift), "ü😀a".repeat(60_000));
            assert_eq!(decoded(&utf16(&text, true)), text);
            assert_eq!(decoded(&utf16(&text, false)), text);
        }
        let bare = utf16("Device ID\n1\n", true);
        assert_eq!(decoded(&bare[2..]), "Device ID\n1\n");
        let mut odd = utf16("abc\n", true);
        odd.push(0x41);
        assert_eq!(decoded(&odd), "abc\n\u{FFFD}\n");
    }

    #[test]
    fn refusals_have_the_codes_of_the_scenario_reader() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, "Device ID\n1\n").unwrap();
        assert_eq!(refused(&path, &io::ErrorKind::PermissionDenied.into()).code, "RC003");
        assert_eq!(refused(&path, &io::ErrorKind::Interrupted.into()).code, "RC009");
        assert_eq!(refused(folder.path(), &io::Error::other("not a file")).code, "RC002");
        assert_eq!(refused(&folder.path().join("y"), &io::ErrorKind::NotFound.into()).code, "RC001");
    }

    #[test]
    fn a_long_row_stops_the_stream() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, vec![b'a'; 300_000]).unwrap();
        let mut opened = open(&path, 1 << 30).unwrap().unwrap();
        opened.allowed.set(100_000);
        let error = opened.stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), ROW_TOO_LONG);
    }
}
