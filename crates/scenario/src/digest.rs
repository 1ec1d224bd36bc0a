//! One fingerprint for all that a result depends on: the effective scenario and the files that it names.
//!
//! Two texts that differ only in the order of keys, in blanks, comments, aliases or quotes around a text have the
//! same digest. Every part is written with its length, so that no two different trees share their bytes.

use std::{
    fmt::Write,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use crate::node::{Node, Value};

/// The content of a file that a scenario names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A small one, as it was read.
    Bytes(Vec<u8>),
    /// One that may be large: it is read once more, piece by piece, so that it never lies in memory as a whole.
    Large(PathBuf),
}

/// SHA-256 in lower-case hex of a tree and of the contents of files by name, in any order of the files.
///
/// A large file that cannot be read any more does not count.
pub fn digest(root: &Node, files: &[(String, Content)]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"rollcast scenario 1\n");
    feed(&mut hash, root);
    let mut files: Vec<_> = files.iter().collect();
    files.sort();
    for (name, content) in files {
        match content {
            Content::Bytes(bytes) => {
                part(&mut hash, b'f', name.as_bytes());
                part(&mut hash, b'c', bytes);
            }
            Content::Large(path) => {
                let mut with = hash.clone();
                part(&mut with, b'f', name.as_bytes());
                if large(&mut with, path).is_ok() {
                    hash = with;
                }
            }
        }
    }
    hex(hash)
}

/// SHA-256 in lower-case hex of a text.
pub fn of_text(text: &str) -> String {
    hex(Sha256::new().chain_update(text))
}

fn hex(hash: Sha256) -> String {
    let mut hex = String::new();
    for byte in hash.finalize() {
        write!(hex, "{byte:02x}").expect("invariant: a string takes all that is written");
    }
    hex
}

fn part(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// The same bytes as [`part`] makes of the whole content.
fn large(hash: &mut Sha256, path: &PathBuf) -> io::Result<()> {
    let mut file = File::open(path)?;
    hash.update([b'c']);
    hash.update(file.metadata()?.len().to_le_bytes());
    let mut piece = vec![0; 256 << 10];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(()),
            n => hash.update(&piece[..n]),
        }
    }
}

fn feed(hash: &mut Sha256, node: &Node) {
    match &node.value {
        Value::Null => part(hash, b'n', b""),
        Value::Scalar { text, .. } => part(hash, b's', text.as_bytes()),
        Value::Seq(items) => {
            part(hash, b'l', &(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| feed(hash, item));
        }
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            // A stable sort: a key that stands twice keeps its order, and is refused elsewhere.
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            part(hash, b'm', &(entries.len() as u64).to_le_bytes());
            for entry in entries {
                part(hash, b'k', entry.key.as_bytes());
                feed(hash, &entry.value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::tests::tree;

    #[test]
    fn only_content_counts() {
        let of = |text: &str| digest(&tree(text), &[]);
        let base = of("a: 1\nb: { c: x, d: [1, 2] }\n");
        assert_eq!(base, of("# note\nb:\n  d: [1,   2]\n  c: 'x'\na: 1\n"));
        assert_ne!(base, of("a: 1\nb: { c: x, d: [2, 1] }\n"));
        assert_ne!(base, of("a: 1\nb: { c: x, d: [1] }\n"));
        assert_ne!(of("a: ~"), of("a: ''"));
        assert_ne!(of("a: b"), of("{ ab: '' }"));
        assert_eq!(base.len(), 64);
    }

    #[test]
    fn files_count_in_any_order() {
        let root = tree("a: 1");
        let file = |name: &str, content: &[u8]| (name.to_owned(), Content::Bytes(content.to_vec()));
        let (x, y) = (file("x.csv", b"1"), file("y.csv", b"2"));
        assert_eq!(digest(&root, &[x.clone(), y.clone()]), digest(&root, &[y.clone(), x.clone()]));
        assert_ne!(digest(&root, std::slice::from_ref(&x)), digest(&root, &[x, y]));
    }

    #[test]
    fn a_large_file_counts_as_its_bytes() {
        let root = tree("a: 1");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let bytes: Vec<u8> = (0..700_000_u32).map(|i| i as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let of = |content| digest(&root, &[("x.csv".to_owned(), content)]);
        assert_eq!(of(Content::Large(path)), of(Content::Bytes(bytes)));
        assert_eq!(of(Content::Large(folder.path().join("gone"))), digest(&root, &[]));
    }
}
