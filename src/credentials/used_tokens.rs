//! The list of used refresh tokens: hashes of those that the journals no longer list.
//!
//! A copy of a login can turn up months later, from a backup or a sync conflict. Its token was used long ago, and a token
//! server that receives it once more revokes the whole login.

use crate::credentials::journal::FAMILY_DIGITS;
use crate::platform::files;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The older half of the list is dropped when it is longer, in bytes: more than 7,000 tokens.
const MAX_BYTES: usize = 512 * 1024;

/// The length of a line: a hash, a space, the name of the token family, the end of the line.
const LINE: usize = 64 + 1 + FAMILY_DIGITS + 1;

fn path(dir: &Path) -> PathBuf {
    dir.join("spent")
}

/// Adds used tokens of a token family, given by their hashes.
///
/// # Errors
/// The list can't be written.
pub fn record<'a>(dir: &Path, family: &str, hashes: impl Iterator<Item = &'a String>) -> io::Result<()> {
    let lines: String = hashes.map(|hash| format!("{hash} {family:0>FAMILY_DIGITS$}\n")).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let path = path(dir);
    let list = read(dir);
    if list.len() > MAX_BYTES {
        let half = list.len() / 2 / LINE * LINE;
        files::write_atomic(&path, &list.as_bytes()[half..])?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // One call, so that the lines of two processes don't mix.
    files::open_regular_with(&mut options, &path)?.write_all(lines.as_bytes())
}

/// The list; empty where there is none.
fn read(dir: &Path) -> String {
    let mut list = Vec::new();
    let _ = files::open_regular(&path(dir)).and_then(|mut file| file.read_to_end(&mut list));
    String::from_utf8_lossy(&list).into_owned()
}

/// The token family to which this used token belongs. `None`: it is not in the list.
pub fn find(dir: &Path, hash: &str) -> Option<String> {
    let list = read(dir);
    let found = list.lines().rev().find_map(|line| line.strip_prefix(hash)?.strip_prefix(' '));
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secret::sha256_hex;

    #[test]
    fn recorded_token_is_found_and_oldest_tokens_are_dropped() {
        let dir = tempfile::tempdir().expect("a folder");
        let (key, other) = ("k".repeat(FAMILY_DIGITS), "o".repeat(FAMILY_DIGITS));
        let hashes: Vec<_> = (0..8000).map(|number: u32| sha256_hex(&number.to_le_bytes())).collect();
        record(dir.path(), &other, std::iter::empty()).expect("nothing to write");
        assert_eq!(find(dir.path(), &hashes[0]), None);
        record(dir.path(), &other, hashes[..1].iter()).expect("written");
        assert_eq!(find(dir.path(), &hashes[0]), Some(other));
        record(dir.path(), &key, hashes[1..].iter()).expect("written");
        let last = [sha256_hex(b"last")];
        record(dir.path(), &key, last.iter()).expect("written");
        assert_eq!(find(dir.path(), &hashes[0]), None);
        assert_eq!(find(dir.path(), &hashes[7999]), Some(key.clone()));
        assert_eq!(find(dir.path(), &last[0]), Some(key));
    }
}
