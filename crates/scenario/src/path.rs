//! Dotted paths into a scenario: `rings.First.size`, `goals.0.by`, `rings."a.b".size`.

use crate::diagnostic::Diagnostic;

/// Deepest path and deepest nesting of a file: real scenarios stay below 12, and everything that walks a
/// tree may recurse within this limit.
pub const MAX_DEPTH: usize = 64;

/// Splits a path into its keys. A key with a dot is written in double quotes.
pub fn split(path: &str) -> Result<Vec<String>, Diagnostic> {
    let fail = |why: String| {
        Diagnostic::error("RC111", format!("`{}` is not a path: {why}", crate::scalar::shorten(path)))
            .help("write the keys from the root of the file joined by dots, as in `rings.First.size`; a key with a dot stands in double quotes")
    };
    let mut keys = Vec::new();
    let mut rest = path.trim();
    loop {
        let (key, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(fail("a double quote is not closed".into()));
            };
            (&quoted[..end], &quoted[end + 1..])
        } else {
            let end = rest.find('.').unwrap_or(rest.len());
            (rest[..end].trim(), &rest[end..])
        };
        if key.is_empty() {
            return Err(fail("a key between dots is empty".into()));
        }
        keys.push(key.to_owned());
        if keys.len() > MAX_DEPTH {
            return Err(fail(format!("it has more than {MAX_DEPTH} keys")));
        }
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.trim().is_empty() => return Ok(keys),
            None => return Err(fail(format!("`{}` follows a closing quote", after.trim()))),
        }
    }
}

/// The inverse of [`split`].
pub fn join<S: AsRef<str>>(keys: &[S]) -> String {
    let quote = |key: &str| {
        if key.contains('.') || key.is_empty() || key.trim() != key {
            format!("\"{key}\"")
        } else {
            key.to_owned()
        }
    };
    keys.iter().map(|key| quote(key.as_ref())).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::{join, split};

    #[test]
    fn splits_and_joins() {
        assert_eq!(split("rings.First.size").unwrap(), ["rings", "First", "size"]);
        assert_eq!(split("strategies.as it was.x").unwrap(), ["strategies", "as it was", "x"]);
        assert_eq!(split(r#"rings."a.b".size"#).unwrap(), ["rings", "a.b", "size"]);
        assert_eq!(join(&["rings", "a.b", "size"]), r#"rings."a.b".size"#);
        for bad in ["", ".", "a.", ".a", "a..b", "\"a", "\"a\"b", &"a.".repeat(100)] {
            assert_eq!(split(bad).unwrap_err().code, "RC111", "{bad}");
        }
    }
}
