//! One tray a user: a lock in the runtime directory, which the system takes back when the program ends,
//! however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Held while the tray runs.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file gives the lock back")] File);

/// Takes the lock; `None`: another tray holds it.
///
/// # Errors
/// The lock file can't be made.
pub fn lock(runtime_dir: &Path) -> io::Result<Option<Lock>> {
    std::fs::create_dir_all(runtime_dir)?;
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(runtime_dir.join("tray.lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a tray holds the lock. Makes nothing.
///
/// # Errors
/// The lock file can't be opened.
pub fn is_held(runtime_dir: &Path) -> io::Result<bool> {
    let file = match File::open(runtime_dir.join("tray.lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_and_after_it_the_next() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("made/here");
        assert!(!is_held(&path).expect("a look"));
        let first = lock(&path).expect("a lock").expect("free");
        assert!(is_held(&path).expect("a look"));
        assert!(lock(&path).expect("a lock").is_none());
        drop(first);
        assert!(!is_held(&path).expect("a look"));
        assert!(lock(&path).expect("a lock").is_some());
    }
}
