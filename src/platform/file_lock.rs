//! Exclusive file locks between processes. The system releases the lock of a process that ends, however it ends.
//!
//! Locks are polled. A blocking `flock` can't be cancelled: each call against a stopped process would leak a thread and
//! a descriptor, and would hold back signals.

use crate::platform::files;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// A locked file. Closing it releases the lock.
#[derive(Debug)]
pub struct FileLock(File);

impl FileLock {
    /// Locks the file at `path`, which is created for its owner only where there is none. `None`: another process holds
    /// the lock, or has just replaced the file.
    ///
    /// # Errors
    /// The file can't be opened or created, or its file system has no locks.
    pub fn try_create(path: &Path) -> io::Result<Option<FileLock>> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        FileLock::try_lock(files::open_regular_with(&mut options, path)?, path)
    }

    /// Locks a file that was opened at `path`. `None` as for [`FileLock::try_create`].
    ///
    /// # Errors
    /// The file system has no locks.
    pub fn try_lock(file: File, path: &Path) -> io::Result<Option<FileLock>> {
        match file.try_lock() {
            // A lock on a file that was removed or replaced meanwhile has no effect.
            Ok(()) if is_at(&file, path) => Ok(Some(FileLock(file))),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The locked file, which may have content.
    pub fn file(&self) -> &File {
        &self.0
    }
}

/// Whether a process holds the lock of the file at `path`. Creates nothing; `false` where there is no file.
///
/// # Errors
/// The file can't be opened, or its file system has no locks.
pub fn is_held(path: &Path) -> io::Result<bool> {
    let file = match files::open_regular(path) {
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

/// Whether `path` still leads to this open file, and not to another that took its name. On Windows, where the standard
/// library can't find that out, whether there is any file.
#[cfg(unix)]
pub fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let (Ok(open), Ok(named)) = (file.metadata(), std::fs::symlink_metadata(path)) else { return false };
    identity(open) == identity(named)
}

/// See above.
#[cfg(not(unix))]
pub fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// The pause after a lock was found taken. It doubles each time.
#[derive(Debug, Clone, Copy)]
pub struct PollInterval {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl PollInterval {
    /// Calls `take` until it returns a lock. `None`: another process still holds it at the deadline.
    ///
    /// # Errors
    /// Those of `take`.
    pub async fn wait<T>(
        self,
        deadline: Instant,
        mut take: impl FnMut() -> io::Result<Option<T>>,
    ) -> io::Result<Option<T>> {
        let mut pauses = self.pauses();
        loop {
            let lock = take()?;
            if lock.is_some() || Instant::now() >= deadline {
                return Ok(lock);
            }
            tokio::time::sleep(pauses.next().unwrap_or(self.longest)).await;
        }
    }

    /// The same without a runtime: blocks the thread until `timeout` has passed.
    ///
    /// # Errors
    /// Those of `take`.
    pub fn wait_blocking<T>(
        self,
        timeout: Duration,
        mut take: impl FnMut() -> io::Result<Option<T>>,
    ) -> io::Result<Option<T>> {
        let start = std::time::Instant::now();
        let mut pauses = self.pauses();
        loop {
            let lock = take()?;
            if lock.is_some() || start.elapsed() >= timeout {
                return Ok(lock);
            }
            std::thread::sleep(pauses.next().unwrap_or(self.longest));
        }
    }

    fn pauses(self) -> impl Iterator<Item = Duration> {
        std::iter::successors(Some(self.first), move |pause| Some((*pause * 2).min(self.longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: PollInterval =
        PollInterval { first: Duration::from_millis(1), longest: Duration::from_millis(4) };

    #[test]
    fn held_lock_is_refused_and_released_lock_is_granted() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.lock");
        assert!(!is_held(&path).expect("checked"));
        let lock = FileLock::try_create(&path).expect("created").expect("free");
        assert!(is_held(&path).expect("checked"));
        assert!(FileLock::try_create(&path).expect("opened").is_none());
        drop(lock);
        assert!(!is_held(&path).expect("checked"));
        assert!(FileLock::try_create(&path).expect("opened").is_some());
    }

    #[test]
    #[cfg(unix)]
    fn lock_on_a_removed_file_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.lock");
        let file = File::create(&path).expect("created");
        std::fs::remove_file(&path).expect("removed");
        assert!(FileLock::try_lock(file, &path).expect("locks are supported").is_none());
    }

    #[tokio::test]
    async fn waiting_ends_at_the_deadline() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.lock");
        let lock = FileLock::try_create(&path).expect("created");
        let take = || FileLock::try_create(&path);
        assert!(POLL.wait(Instant::now(), take).await.expect("opened").is_none());
        assert!(POLL.wait_blocking(Duration::from_millis(20), take).expect("opened").is_none());
        drop(lock);
        assert!(POLL.wait_blocking(Duration::from_millis(20), take).expect("opened").is_some());
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<_> = POLL.pauses().take(4).map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [1, 2, 4, 4]);
    }
}
