//! Locks around a renewal, over all processes of a user. The system releases the lock of a process that ends, however
//! it ends.
//!
//! Three locks are taken, in this order, because no one of them covers every way in which two processes can reach
//! one login:
//!
//! 1. the credential's path, in the state directory: guards the journal of that path;
//! 2. the credential file itself (`flock` on its inode): holds where two processes have different state
//!    directories, where the state directory is deleted, and where one folder is reached by two mounts;
//! 3. the refresh token, in a folder that all processes of the user share, whatever their state directories are: holds
//!    where two files are copies of one login, and where a file is replaced by another with the same token. Its lock
//!    file notes in which state directory the token was sent, so that the response is found there.
//!
//! All are polled. A blocking `flock` can't be cancelled: each try against a stopped process would leak a thread and a
//! descriptor.

use crate::platform::files;
use ring::digest::{SHA256, digest};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pause after a lock was found taken: the first, and the longest.
const POLL_INTERVALS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// How long the note of a token that was sent is kept. Copies of a login turn up late, but not for ever.
const NOTES_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// An exclusive lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// Closing it releases the lock. `None`: the file system has no locks.
    file: Option<File>,
    /// A lock file that nobody needs afterwards.
    temporary: Option<PathBuf>,
}

impl Lock {
    /// What an earlier holder of the lock has noted. `None`: nothing.
    pub fn noted(&self) -> Option<String> {
        let mut text = String::new();
        self.file.as_ref()?.read_to_string(&mut text).ok()?;
        Some(text).filter(|text| !text.is_empty())
    }

    /// Notes something for later holders of the lock. Its file stays from now on.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else { return Ok(()) };
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock is released: whoever opened the file meanwhile sees that the path has another file, or
        // none, and starts again. Elsewhere a file can't be told from the one that took its name, so it stays.
        #[cfg(unix)]
        if let (Some(path), Some(file)) = (&self.temporary, &self.file)
            && is_at(file, path)
        {
            let _ = std::fs::remove_file(path);
        }
        #[cfg(not(unix))]
        let _ = (&self.temporary, &self.file);
    }
}

/// Makes the folder of locks and journals, for its owner only.
///
/// # Errors
/// It can't be made.
pub fn folder(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    #[cfg(unix)]
    std::fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Tries until `deadline` to take a lock. `None`: another process holds it.
///
/// # Errors
/// Those of `take`.
pub async fn wait(
    deadline: Instant,
    mut take: impl FnMut() -> io::Result<Option<Lock>>,
) -> io::Result<Option<Lock>> {
    let (mut pause, longest) = POLL_INTERVALS;
    let mut is_first = true;
    loop {
        let lock = take()?;
        if lock.is_some() || Instant::now() >= deadline {
            return Ok(lock);
        }
        if std::mem::take(&mut is_first) {
            log::debug!("renewal: waiting for a lock that another process holds");
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// Locks the credential path with this key (see [`key`]). `None`: another process holds the lock.
///
/// # Errors
/// The lock file can't be made.
pub fn try_path(dir: &Path, key: &str) -> io::Result<Option<Lock>> {
    try_file(&dir.join(format!("{key}.lock")), false)
}

/// Locks a refresh token, given by its hash. `None`: another process holds the lock.
///
/// # Errors
/// The lock file can't be made.
pub fn try_token(dir: &Path, hash: &str) -> io::Result<Option<Lock>> {
    try_file(&dir.join(format!("token-{}.lock", &hash[..32.min(hash.len())])), true)
}

/// Locks a credential file itself. `None`: another process holds the lock.
///
/// Windows has mandatory locks only, which would keep CLIProxyAPI from reading the file, so there is none there.
///
/// # Errors
/// The file is gone.
#[cfg(unix)]
pub fn try_credential(target: &Path) -> io::Result<Option<Lock>> {
    // NFS locks only what is open for writing (EBADF).
    for write in [false, true] {
        let mut options = OpenOptions::new();
        options.read(true).write(write);
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            &mut options,
            rustix::fs::OFlags::NONBLOCK.bits() as i32,
        );
        let file = match options.open(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            // Whoever reads it next says why it can't be.
            Err(_) => break,
            Ok(file) => file,
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, target) => return Ok(Some(Lock { file: Some(file), temporary: None })),
            // It was replaced between the two calls, perhaps by the process that held the lock.
            Ok(()) | Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                log::debug!("could not lock {}: {error}", target.display());
            }
        }
    }
    // Some network and FUSE file systems have no locks. The other two remain.
    Ok(Some(Lock { file: None, temporary: None }))
}

/// See above.
#[cfg(not(unix))]
pub fn try_credential(target: &Path) -> io::Result<Option<Lock>> {
    std::fs::metadata(target).map(|_| Some(Lock { file: None, temporary: None }))
}

/// Removes the locks of tokens that killed runs have left, and old notes.
pub fn remove_abandoned(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("token-") && name.ends_with(".lock") {
            let age = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            let is_old = age.and_then(|at| at.elapsed().ok()).is_some_and(|age| age >= NOTES_KEPT);
            // Dropping it removes it, unless something is noted; one that is held is left to its process.
            if let Ok(Some(mut lock)) = try_file(&entry.path(), true)
                && is_old
            {
                lock.temporary = Some(entry.path());
            }
        }
    }
}

fn try_file(path: &Path, temporary: bool) -> io::Result<Option<Lock>> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = files::regular(&mut options, path)?;
    match file.try_lock() {
        // A lock on a file that was removed meanwhile excludes nobody.
        Ok(()) if is_at(&file, path) => {
            let is_empty = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
            let temporary = (temporary && is_empty).then(|| path.to_owned());
            Ok(Some(Lock { file: Some(file), temporary }))
        }
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether `path` still leads to this open file, and not to another that took its name. Always `true` on Windows, where
/// the standard library does not tell.
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

/// Where the journal of the credential at `target` is.
pub fn journal_path(dir: &Path, target: &Path) -> PathBuf {
    dir.join(format!("{}.journal", key(target)))
}

/// A name for a path that is short, legal and always the same.
pub fn key(target: &Path) -> String {
    let hash = hash(target.as_os_str().as_encoded_bytes());
    hash[..32].to_owned()
}

/// SHA-256 in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_lock_is_refused_and_released_lock_is_given() {
        let dir = tempfile::tempdir().expect("a folder");
        let credential = dir.path().join("claude-a.json");
        std::fs::write(&credential, "{}").expect("written");
        let takers: [&dyn Fn() -> io::Result<Option<Lock>>; 2] =
            [&|| try_path(dir.path(), "key"), &|| try_token(dir.path(), &hash(b"token"))];
        for take in takers {
            let lock = take().expect("no error").expect("nobody has it");
            assert!(take().expect("no error").is_none());
            drop(lock);
            assert!(take().expect("no error").is_some());
        }
        assert!(!dir.path().join(format!("token-{}.lock", &hash(b"token")[..32])).exists() || cfg!(windows));
    }

    #[test]
    fn note_is_read_by_the_next_holder_and_keeps_the_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let take = || try_token(dir.path(), &hash(b"token")).expect("no error").expect("nobody has it");
        let mut lock = take();
        assert_eq!(lock.noted(), None);
        lock.note("/state").expect("written");
        drop(lock);
        assert_eq!(take().noted().as_deref(), Some("/state"));
        remove_abandoned(dir.path());
        assert_eq!(take().noted().as_deref(), Some("/state"), "it is young");
    }

    #[test]
    #[cfg(unix)]
    fn credential_lock_belongs_to_the_inode_and_not_to_the_path() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, other) = (dir.path().join("one.json"), dir.path().join("other.json"));
        std::fs::write(&one, "{}").expect("written");
        std::fs::hard_link(&one, &other).expect("linked");
        let lock = try_credential(&one).expect("no error").expect("nobody has it");
        assert!(try_credential(&other).expect("no error").is_none(), "the same file by another name");
        std::fs::write(dir.path().join("new"), "{}").expect("written");
        std::fs::rename(dir.path().join("new"), &one).expect("renamed");
        assert!(try_credential(&one).expect("no error").is_some(), "another file by the same name");
        drop(lock);
    }

    #[tokio::test]
    async fn waiting_for_a_lock_ends_at_the_deadline() {
        let dir = tempfile::tempdir().expect("a folder");
        let _held = try_path(dir.path(), "key").expect("no error").expect("nobody has it");
        let waited = wait(Instant::now(), || try_path(dir.path(), "key")).await;
        assert!(waited.expect("no error").is_none());
    }
}
