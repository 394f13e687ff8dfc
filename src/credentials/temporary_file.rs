//! The temporary files that replace credentials. Their names are random and they are created with `O_EXCL`, so two
//! renewals without a common lock (two state directories, for example) never write into one file. A lock tells other
//! processes that a file is in use.

use crate::platform::file_lock::is_at;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The names begin and end like this, with this many random letters in between. CLIProxyAPI loads every `*.json`, dot
/// files included, so the names have another extension.
const PREFIX: &str = ".quota-tray-login-";
const SUFFIX: &str = ".tmp";
const RANDOM_LETTERS: usize = 12;

/// How often another process may remove the new file.
const MAX_ATTEMPTS: u32 = 100;

/// Removes the temporary files that killed renewals have left beside the credential: those with our names that no process
/// has locked. They may contain tokens.
pub fn remove_abandoned(target: &Path) {
    let Some(Ok(listing)) = target.parent().map(std::fs::read_dir) else { return };
    for entry in listing.flatten().filter(|entry| is_temporary(&entry.file_name().to_string_lossy())) {
        let path = entry.path();
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(
            &mut options,
            (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32,
        );
        let Ok(file) = options.open(&path) else { continue };
        if file.try_lock().is_ok() && is_at(&file, &path) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Creates a file for its owner only, and locks it. One that another process has removed as abandoned before it was locked
/// is created again.
///
/// # Errors
/// It can't be created.
pub fn create_locked(path: impl Fn() -> PathBuf) -> io::Result<(File, PathBuf)> {
    for _ in 0..MAX_ATTEMPTS {
        let path = path();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && is_at(&file, &path) {
            return Ok((file, path));
        }
    }
    Err(io::Error::other("another program keeps deleting new files in this folder"))
}

fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|it| it.len() == RANDOM_LETTERS && it.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// A new path beside the credential.
pub fn random_path(target: &Path) -> PathBuf {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(RANDOM_LETTERS).collect();
    target.with_file_name(format!("{PREFIX}{random}{SUFFIX}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn abandoned_files_are_removed_and_no_others() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("claude-a.json");
        let (_file, in_use) = create_locked(|| random_path(&target)).expect("created");
        let abandoned = random_path(&target);
        let others =
            [".claude-a.json.tmp", ".quota-tray-login-short.tmp", ".quota-tray-login-abcdefghijkl.json"];
        for path in others.iter().map(|name| dir.path().join(name)).chain([abandoned.clone()]) {
            fs::write(path, "x").expect("written");
        }
        remove_abandoned(&target);
        assert!(!abandoned.exists());
        assert!(in_use.exists());
        for name in others {
            assert!(dir.path().join(name).exists(), "{name}");
        }
    }
}
