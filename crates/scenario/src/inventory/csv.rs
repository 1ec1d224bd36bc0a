//! A CSV as a stream of rows with line numbers: separator, header, broken rows.
//!
//! A row that cannot be a row of the table (wrong number of cells, a quote left open, bytes that are no text) is noted
//! and passed over, so that one reading names everything that is wrong.

use std::{cell::Cell, collections::BTreeMap, path::Path, rc::Rc};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};

use super::{
    problems::Problems,
    text::{self, MAX_ROW, Stream},
};
use crate::{diagnostic::Diagnostic, suggest};

/// An opened CSV, behind its header.
#[derive(Debug)]
pub(super) struct Table {
    reader: Reader<Stream>,
    record: ByteRecord,
    allowed: Rc<Cell<u64>>,
    /// The name as the user wrote it.
    pub(super) name: String,
    /// Header cells as written.
    pub(super) header: Vec<String>,
    /// The separator found in the header.
    pub(super) separator: u8,
    ended: bool,
}

impl Table {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, limit: u64) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let empty = || {
            Diagnostic::error("RC301", format!("`{name}` is empty"))
                .help("export the devices again: Devices > All devices > Export")
        };
        let opened = text::open(path, limit)?.ok_or_else(empty)?;
        let mut lines = opened.head.lines().filter(|line| !line.trim().is_empty());
        let mut first = lines.next().ok_or_else(empty)?;
        // Spreadsheets name the separator in a line of its own.
        let named = first.trim_matches('"').strip_prefix("sep=").map(str::to_owned);
        if named.is_some() {
            first = lines.next().ok_or_else(empty)?;
        }
        let separator = match named.as_deref().map(str::as_bytes) {
            Some(&[one]) => one,
            _ => separator(first),
        };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            // Lines end at the line feed, so that lines are counted rightly; `cell` drops the carriage return.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(64 << 10)
            .from_reader(opened.stream);
        let mut table = Self {
            reader,
            record: ByteRecord::new(),
            allowed: opened.allowed,
            name: name.clone(),
            header: Vec::new(),
            separator,
            ended: false,
        };
        let mut problems = Problems::new(&table.name);
        let mut row = table.advance(&mut problems);
        if named.is_some() && row.is_some() {
            row = table.advance(&mut problems);
        }
        if let Some(line) = row
            && std::str::from_utf8(table.record.as_slice()).is_err()
        {
            problems.error("RC307", line, None, || "the header is not UTF-8 text".to_owned());
            row = None;
        }
        if row.is_none() {
            return Err(problems.finish(path, separator).into_iter().next().unwrap_or_else(empty));
        }
        table.header = (0..table.record.len()).map(|at| table.cell(at).to_owned()).collect();
        Ok(table)
    }

    /// The column of this name; twice is an error only for a column that is asked for.
    pub(super) fn find(&self, column: &str) -> Result<Option<usize>, Diagnostic> {
        let wanted = plain(column);
        let mut matches = (0..self.header.len()).filter(|&at| plain(&self.header[at]) == wanted);
        let Some(first) = matches.next() else { return Ok(None) };
        match matches.next() {
            None => Ok(Some(first)),
            Some(second) => Err(Diagnostic::error(
                "RC303",
                format!(
                    "`{}` has the column `{}` twice, as column {} and {}",
                    self.name,
                    self.header[first],
                    first + 1,
                    second + 1
                ),
            )
            .help("rename or delete one of them")),
        }
    }

    /// The column of this name, which must be there.
    pub(super) fn need(&self, column: &str) -> Result<usize, Diagnostic> {
        self.find(column)?.ok_or_else(|| self.missing(column))
    }

    /// The error for a column that is not there.
    pub(super) fn missing(&self, column: &str) -> Diagnostic {
        let near = suggest::did_you_mean(column, &self.header).filter(|near| !near.is_empty());
        let found = suggest::list(&self.header, 60);
        let help = match near {
            Some(near) => format!("did you mean `{near}`? the columns found are {found}"),
            None => format!("the columns found are {found}"),
        };
        Diagnostic::error("RC302", format!("`{}` has no column `{column}`", self.name)).help(help)
    }

    /// Moves to the next good row and answers the line it starts on; `None` at the end.
    pub(super) fn next_row(&mut self, problems: &mut Problems) -> Option<u64> {
        loop {
            let line = self.advance(problems)?;
            if self.sound(line, problems) {
                return Some(line);
            }
        }
    }

    /// The text of a cell of the row at hand, without surrounding spaces.
    pub(super) fn cell(&self, at: usize) -> &str {
        // A row is checked as a whole before anybody asks for its cells.
        self.record.get(at).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or("").trim()
    }

    /// The next record that is not blank, whatever it looks like.
    fn advance(&mut self, problems: &mut Problems) -> Option<u64> {
        loop {
            if self.ended {
                return None;
            }
            let begin = self.reader.position().clone();
            self.allowed.set(begin.byte().saturating_add(MAX_ROW));
            let more = match self.reader.read_byte_record(&mut self.record) {
                Ok(more) => more,
                Err(error) => {
                    self.ended = true;
                    self.stopped(&error.to_string(), begin.line(), problems);
                    return None;
                }
            };
            let text = self.record.as_slice();
            let inner = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
            let after = self.reader.position().line();
            if !more || text == text::END.as_bytes() {
                self.ended = true;
            } else if text.strip_suffix(b"\n").unwrap_or(text).ends_with(text::END.as_bytes()) {
                // The end mark as a row of its own is the proper end; inside a cell, a quote has eaten it.
                self.ended = true;
                self.unclosed(after.saturating_sub(inner), problems);
            } else if self.record.len() > 1 || !self.cell(0).is_empty() {
                return Some(after.saturating_sub(1 + inner));
            }
        }
    }

    fn stopped(&self, error: &str, line: u64, problems: &mut Problems) {
        if error.contains(text::ROW_TOO_LONG) {
            self.unclosed(line, problems);
        } else if error.contains(text::ZERO_BYTE) {
            problems.error("RC006", line, None, || {
                "a zero byte, so this is not a text file from here on".to_owned()
            });
        } else {
            problems.error("RC009", line, None, || format!("reading stopped: {}", error.to_lowercase()));
        }
    }

    fn unclosed(&self, line: u64, problems: &mut Problems) {
        problems.error("RC305", line, None, || "a quote that opens in this row is never closed".to_owned());
    }

    fn sound(&self, line: u64, problems: &mut Problems) -> bool {
        let (cells, columns) = (self.record.len(), self.header.len());
        // Separators at the end of a line are a habit of spreadsheets.
        let surplus = cells > columns && (columns..cells).any(|at| !self.cell(at).is_empty());
        // A quote left open closes at the next row's first quote, and that cell goes on with a quote inside. The
        // number of cells may be right by chance, so this is looked at first: else a device would be lost.
        let spans_rows = self.record.as_slice().contains(&b'\n')
            && (cells < columns
                || surplus
                || self.record.iter().any(|cell| cell.contains(&b'\n') && cell.contains(&b'"')));
        if spans_rows {
            problems.error("RC305", line, None, || {
                "a quote that opens in this row is closed only in a later line".to_owned()
            });
            return false;
        }
        if cells < columns || surplus {
            problems.error("RC304", line, None, || {
                format!("the row has {cells} cells, the header has {columns}")
            });
            return false;
        }
        if std::str::from_utf8(self.record.as_slice()).is_err() {
            let at = self.record.iter().position(|cell| std::str::from_utf8(cell).is_err());
            problems.error("RC307", line, at, || {
                let column = at.and_then(|at| self.header.get(at)).map_or("", String::as_str);
                format!("column `{column}` is not UTF-8 text")
            });
            return false;
        }
        true
    }
}

/// The separator of a header line: the one that is there most often outside quotes.
fn separator(line: &str) -> u8 {
    let mut counts = BTreeMap::new();
    let mut quoted = false;
    for byte in line.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b',' | b';' | b'\t' if !quoted => *counts.entry(byte).or_insert(0_u32) += 1,
            _ => {}
        }
    }
    counts.into_iter().max_by_key(|&(byte, count)| (count, byte == b',')).map_or(b',', |(byte, _)| byte)
}

/// A column name without what exports and people vary: case, spaces, `-`, `_` and a unit in parentheses.
fn plain(name: &str) -> String {
    let name = name.trim();
    let name = match (name.rfind('('), name.ends_with(')')) {
        (Some(open), true) if open > 0 => &name[..open],
        _ => name,
    };
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// MB per unit of a storage column, from a header such as `Free storage (GB)`.
pub(super) fn megabytes_per_unit(header: &str) -> f64 {
    let unit =
        header.trim().strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map(|(_, unit)| unit.trim());
    match unit.map(str::to_ascii_lowercase).as_deref() {
        Some("b" | "bytes") => 1.0 / (1024.0 * 1024.0),
        Some("kb" | "kib") => 1.0 / 1024.0,
        Some("gb" | "gib") => 1024.0,
        Some("tb" | "tib") => 1024.0 * 1024.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> (Vec<(u64, String)>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, text).unwrap();
        let mut table = Table::open(&path, 1 << 20).unwrap();
        let mut problems = Problems::new("x.csv");
        let mut rows = Vec::new();
        while let Some(line) = table.next_row(&mut problems) {
            let cells: Vec<_> = (0..table.header.len()).map(|at| table.cell(at).to_owned()).collect();
            rows.push((line, cells.join("|")));
        }
        let problems = problems.finish(&path, table.separator);
        (rows, problems.iter().map(|p| format!("{} {}", p.code, p.message)).collect())
    }

    #[test]
    fn lines_are_counted_over_blank_lines_and_long_cells() {
        for end in ["\n", "\r\n"] {
            let text = "\nA,B\n\n1,2\n\"3\n3\",4\n\n5,6\n7,8,,\n".replace('\n', end);
            let (rows, problems) = rows(&text);
            let of = |line: u64, cells: &str| (line, cells.replace('\n', end));
            assert_eq!(rows, [of(4, "1|2"), of(5, "3\n3|4"), of(8, "5|6"), of(9, "7|8")]);
            assert_eq!(problems, [""; 0]);
        }
        assert_eq!(rows("sep=;\nA;B\n1;2").0, [(3, "1|2".to_owned())]);
    }

    #[test]
    fn separators_are_found_outside_quotes() {
        assert_eq!(separator("\"a,b,c\";d;e"), b';');
        assert_eq!(separator("a\tb"), b'\t');
        assert_eq!(separator("a,b;c"), b',');
        assert_eq!(separator("a"), b',');
    }

    #[test]
    fn open_quotes_are_named_where_they_open() {
        let (good, problems) = rows("A,B\n1,2\n3,\"4\n5,6\n7,8\n");
        assert_eq!(good.len(), 1);
        assert_eq!(problems, ["RC305 `x.csv` line 3: a quote that opens in this row is never closed"]);
        let (_, problems) = rows("A,B\n1,2\n\"3\n");
        assert_eq!(problems, ["RC305 `x.csv` line 3: a quote that opens in this row is never closed"]);
        let (good, problems) = rows("A,B\n\"1,2\n\"3\",4\n5,6\n");
        assert_eq!(good, [(4, "5|6".to_owned())]);
        assert!(problems[0].starts_with("RC305 `x.csv` line 2"), "{problems:?}");
        let long = format!("A,B\n1,\"{}", "2,3\n".repeat(400_000));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, long).unwrap();
        let mut table = Table::open(&path, 1 << 30).unwrap();
        let mut problems = Problems::new("x.csv");
        assert_eq!(table.next_row(&mut problems), None);
        assert!(problems.finish(&path, b',')[0].message.contains("line 2"));
    }

    #[test]
    fn names_vary_and_units_count() {
        for name in ["Device ID", "device id", "DeviceId", "DEVICE_ID", " Device-Id "] {
            assert_eq!(plain(name), "deviceid");
        }
        assert_eq!(plain("Free storage (MB)"), plain("Free storage"));
        assert_eq!(megabytes_per_unit("Free storage (GB)"), 1024.0);
        assert_eq!(megabytes_per_unit("Free storage"), 1.0);
    }
}
