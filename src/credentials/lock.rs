//! Locks around a renewal, between all processes of a user. The system releases the lock of a process that ends, however
//! it ends.
//!
//! Three locks are taken, in this order, because no single one covers every way in which two processes can reach one
//! login:
//!
//! 1. the credential's path, in the state directory: guards the journal of that path;
//! 2. the credential file itself (`flock` on its inode): holds where two processes have different state
//!    directories, where the state directory is deleted, and where one folder is reached by two mounts;
//! 3. the refresh token, in a folder that all processes of the user share, whatever their state directories are: holds
//!    where two files are copies of one login, and where a file is replaced by another with the same token. Its lock
//!    file has a note of the state directory in which the token was sent, so that the response is found there.

#[cfg(unix)]
use crate::platform::file_lock::is_at;
use crate::platform::file_lock::{FileLock, PollInterval};
use crate::platform::secret::sha256_hex;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

const POLL_INTERVAL: PollInterval =
    PollInterval { first: Duration::from_millis(10), longest: Duration::from_millis(500) };

/// How long the note of a token that was sent is kept. Copies of a login can turn up weeks later.
const NOTE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// An exclusive lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    /// `None`: the file system has no locks.
    lock: Option<FileLock>,
    /// A lock file that is removed with the lock.
    temporary: Option<PathBuf>,
}

impl Lock {
    /// What an earlier holder of the lock has written into its file. `None`: nothing.
    pub fn note(&self) -> Option<String> {
        let mut text = String::new();
        self.lock.as_ref()?.file().read_to_string(&mut text).ok()?;
        Some(text).filter(|text| !text.is_empty())
    }

    /// Writes something for later holders of the lock into its file, which is no longer removed.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn set_note(&mut self, text: &str) -> io::Result<()> {
        let Some(mut file) = self.lock.as_ref().map(FileLock::file) else { return Ok(()) };
        file.rewind()?;
        file.write_all(text.as_bytes())?;
        file.set_len(text.len() as u64)?;
        self.temporary = None;
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file is removed before the lock is released: a process that has opened it meanwhile sees that the path leads
        // to another file, or to none, and starts again. Windows can't tell these files apart, so the file stays there.
        #[cfg(unix)]
        if let (Some(path), Some(lock)) = (&self.temporary, &self.lock)
            && is_at(lock.file(), path)
        {
            let _ = std::fs::remove_file(path);
        }
        #[cfg(not(unix))]
        let _ = (&self.temporary, &self.lock);
    }
}

/// Creates the folder of locks and journals, for its owner only.
///
/// # Errors
/// It can't be created.
pub fn create_dir(dir: &Path) -> io::Result<()> {
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
    if let Some(lock) = take()? {
        return Ok(Some(lock));
    }
    log::debug!("renewal: waiting for a lock that another process holds");
    POLL_INTERVAL.wait(deadline, take).await
}

/// Locks the credential path with this key (see [`path_key`]). `None`: another process holds the lock.
///
/// # Errors
/// The lock file can't be created.
pub fn try_path(dir: &Path, key: &str) -> io::Result<Option<Lock>> {
    try_file(&dir.join(format!("{key}.lock")), false)
}

/// Locks a refresh token, given by its hash. `None`: another process holds the lock.
///
/// # Errors
/// The lock file can't be created.
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
    // NFS locks only files that are open for writing (EBADF).
    for write in [false, true] {
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(write);
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            &mut options,
            rustix::fs::OFlags::NONBLOCK.bits() as i32,
        );
        let file = match options.open(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
            // Reading the file, which comes next, reports the reason.
            Err(_) => break,
            Ok(file) => file,
        };
        match FileLock::try_lock(file, target) {
            Ok(lock) => return Ok(lock.map(|lock| Lock { lock: Some(lock), temporary: None })),
            Err(error) => log::debug!("could not lock {}: {error}", target.display()),
        }
    }
    // Some network and FUSE file systems have no locks. The other two remain.
    Ok(Some(Lock { lock: None, temporary: None }))
}

/// See above.
#[cfg(not(unix))]
pub fn try_credential(target: &Path) -> io::Result<Option<Lock>> {
    std::fs::metadata(target).map(|_| Some(Lock { lock: None, temporary: None }))
}

/// Removes the token locks that killed runs have left, and those whose notes have expired.
pub fn remove_abandoned(dir: &Path) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("token-") && name.ends_with(".lock") {
            let age = entry.metadata().and_then(|metadata| metadata.modified()).ok();
            let is_expired = age.and_then(|at| at.elapsed().ok()).is_some_and(|age| age >= NOTE_LIFETIME);
            // Dropping the lock removes a file without a note; one that another process holds is left alone.
            if let Ok(Some(mut lock)) = try_file(&entry.path(), true)
                && is_expired
            {
                lock.temporary = Some(entry.path());
            }
        }
    }
}

/// A temporary lock file is removed with the lock unless it has a note.
fn try_file(path: &Path, is_temporary: bool) -> io::Result<Option<Lock>> {
    Ok(FileLock::try_create(path)?.map(|lock| {
        let is_empty = lock.file().metadata().is_ok_and(|metadata| metadata.len() == 0);
        let temporary = (is_temporary && is_empty).then(|| path.to_owned());
        Lock { lock: Some(lock), temporary }
    }))
}

/// A file name for the lock and the journal of the credential at `target`: 32 hexadecimal digits.
pub fn path_key(target: &Path) -> String {
    let hash = sha256_hex(target.as_os_str().as_encoded_bytes());
    hash[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_lock_file_is_removed_with_the_lock() {
        let dir = tempfile::tempdir().expect("a folder");
        let credential = dir.path().join("claude-a.json");
        std::fs::write(&credential, "{}").expect("written");
        let takers: [&dyn Fn() -> io::Result<Option<Lock>>; 2] =
            [&|| try_path(dir.path(), "key"), &|| try_token(dir.path(), &sha256_hex(b"token"))];
        for take in takers {
            let lock = take().expect("no error").expect("free");
            assert!(take().expect("no error").is_none());
            drop(lock);
            assert!(take().expect("no error").is_some());
        }
        assert!(
            !dir.path().join(format!("token-{}.lock", &sha256_hex(b"token")[..32])).exists() || cfg!(windows)
        );
    }

    #[test]
    fn note_is_read_by_the_next_holder_and_keeps_the_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let take = || try_token(dir.path(), &sha256_hex(b"token")).expect("no error").expect("free");
        let mut lock = take();
        assert_eq!(lock.note(), None);
        lock.set_note("/state").expect("written");
        drop(lock);
        assert_eq!(take().note().as_deref(), Some("/state"));
        remove_abandoned(dir.path());
        assert_eq!(take().note().as_deref(), Some("/state"), "it has not expired");
    }

    #[test]
    #[cfg(unix)]
    fn credential_lock_belongs_to_the_inode_and_not_to_the_path() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, other) = (dir.path().join("one.json"), dir.path().join("other.json"));
        std::fs::write(&one, "{}").expect("written");
        std::fs::hard_link(&one, &other).expect("linked");
        let lock = try_credential(&one).expect("no error").expect("free");
        assert!(try_credential(&other).expect("no error").is_none(), "the same file by another name");
        std::fs::write(dir.path().join("new"), "{}").expect("written");
        std::fs::rename(dir.path().join("new"), &one).expect("renamed");
        assert!(try_credential(&one).expect("no error").is_some(), "another file by the same name");
        drop(lock);
    }

    #[tokio::test]
    async fn waiting_for_a_lock_ends_at_the_deadline() {
        let dir = tempfile::tempdir().expect("a folder");
        let _held = try_path(dir.path(), "key").expect("no error").expect("free");
        let waited = wait(Instant::now(), || try_path(dir.path(), "key")).await;
        assert!(waited.expect("no error").is_none());
    }
}
