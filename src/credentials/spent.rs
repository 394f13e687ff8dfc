//! The list of spent refresh tokens: hashes of those for which the journals have no room any more.
//!
//! A copy of a login can turn up months later, from a backup or a sync conflict. Its token was spent long ago, and a
//! token server that gets it once more revokes the whole login.

use crate::credentials::journal::SUCCESSION;
use crate::platform::files;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The list is cut in half when it is longer, in bytes: more than 7,000 tokens.
const MAX_BYTES: usize = 512 * 1024;

/// A hash, a space, the name of the succession of tokens it belongs to, the end of the line.
const LINE: usize = 64 + 1 + SUCCESSION + 1;

fn path(dir: &Path) -> PathBuf {
    dir.join("spent")
}

/// Adds spent tokens, given by their hashes, of a succession of tokens.
///
/// # Errors
/// The disk refuses.
pub fn record<'a>(dir: &Path, succession: &str, hashes: impl Iterator<Item = &'a String>) -> io::Result<()> {
    let lines: String = hashes.map(|hash| format!("{hash} {succession:0>SUCCESSION$}\n")).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let path = path(dir);
    let known = read(dir);
    if known.len() > MAX_BYTES {
        let half = known.len() / 2 / LINE * LINE;
        files::write_atomic(&path, &known.as_bytes()[half..])?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // One call, so that two processes don't mix their lines.
    files::open_regular_with(&mut options, &path)?.write_all(lines.as_bytes())
}

/// The list; empty where there is none.
fn read(dir: &Path) -> String {
    let mut list = Vec::new();
    let _ = files::open_regular(&path(dir)).and_then(|mut file| file.read_to_end(&mut list));
    String::from_utf8_lossy(&list).into_owned()
}

/// The succession of tokens to which this spent token belongs. `None`: it is not in the list.
pub fn find(dir: &Path, hash: &str) -> Option<String> {
    let list = read(dir);
    let found = list.lines().rev().find_map(|line| line.strip_prefix(hash)?.strip_prefix(' '));
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret::sha256_hex as hash;

    #[test]
    fn recorded_token_is_found_and_the_oldest_are_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let (key, other) = ("k".repeat(SUCCESSION), "o".repeat(SUCCESSION));
        let hashes: Vec<_> = (0..8000).map(|number: u32| hash(&number.to_le_bytes())).collect();
        record(dir.path(), &other, std::iter::empty()).expect("nothing to write");
        assert_eq!(find(dir.path(), &hashes[0]), None);
        record(dir.path(), &other, hashes[..1].iter()).expect("written");
        assert_eq!(find(dir.path(), &hashes[0]), Some(other));
        record(dir.path(), &key, hashes[1..].iter()).expect("written");
        let last = [hash(b"last")];
        record(dir.path(), &key, last.iter()).expect("written");
        assert_eq!(find(dir.path(), &hashes[0]), None);
        assert_eq!(find(dir.path(), &hashes[7999]), Some(key.clone()));
        assert_eq!(find(dir.path(), &last[0]), Some(key));
    }
}
