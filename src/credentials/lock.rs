//! One renewal of a login at a time, over all processes of a user: a lock file a credential, in our
//! own state directory. The system takes a lock back from a process that ends, however it ends.

use ring::digest::{SHA256, digest};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use tokio::sync::oneshot;

/// Held while a credential is renewed.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file gives the lock back")] File);

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

/// Waits for the lock of the credential at `target`, and takes it.
///
/// # Errors
/// The lock file can't be made.
pub async fn take(dir: &Path, target: &Path) -> io::Result<Lock> {
    let file = open(dir, target)?;
    let (tell, told) = oneshot::channel();
    // A thread that nobody waits for: the end of the program must not hang on another process.
    let wait = move || drop(tell.send(file.lock().map(|()| Lock(file))));
    std::thread::Builder::new().name("lock".into()).spawn(wait)?;
    told.await.map_err(io::Error::other)?
}

/// Takes the lock, if nobody has it.
///
/// # Errors
/// The lock file can't be made.
pub fn try_take(dir: &Path, target: &Path) -> io::Result<Option<Lock>> {
    let file = open(dir, target)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(dir: &Path, target: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(dir.join(format!("{}.lock", key(target))))
}

/// Where the journal of the credential at `target` is.
pub fn journal_path(dir: &Path, target: &Path) -> PathBuf {
    dir.join(format!("{}.journal", key(target)))
}

/// A name for a path that is short, legal and always the same.
fn key(target: &Path) -> String {
    let hash = hash(target.as_os_str().as_encoded_bytes());
    hash[..32].to_owned()
}

/// SHA-256 in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
