//! One tray per user: a file lock in the runtime directory, which the system releases when the program ends, however it
//! ends.

use crate::platform::file_lock::{self, FileLock};
use std::io;
use std::path::Path;

/// The lock file in the runtime directory.
const LOCK_FILE: &str = "tray.lock";

/// Takes the lock, which is held until the result is dropped. `None`: another tray holds it.
///
/// # Errors
/// The lock file can't be created.
pub fn lock(runtime_dir: &Path) -> io::Result<Option<FileLock>> {
    std::fs::create_dir_all(runtime_dir)?;
    FileLock::try_create(&runtime_dir.join(LOCK_FILE))
}

/// Whether a tray holds the lock. Creates nothing.
///
/// # Errors
/// The lock file can't be opened.
pub fn is_held(runtime_dir: &Path) -> io::Result<bool> {
    file_lock::is_held(&runtime_dir.join(LOCK_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_lock_is_refused_until_the_first_is_dropped() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("made/here");
        assert!(!is_held(&path).expect("checked"));
        let first = lock(&path).expect("a lock file").expect("not held");
        assert!(is_held(&path).expect("checked"));
        assert!(lock(&path).expect("a lock file").is_none());
        drop(first);
        assert!(!is_held(&path).expect("checked"));
        assert!(lock(&path).expect("a lock file").is_some());
    }
}
