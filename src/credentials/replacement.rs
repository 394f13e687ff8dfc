//! Replacing a credential file: what can fail is tried before the token is spent.
//!
//! The usual way is a temporary file beside the credential, renamed over it. Its name is random and it is created with
//! `O_EXCL`, so two renewals without a common lock (two state directories, say) never write into one file; and the
//! rename happens only while the name still leads to the file that this renewal wrote. A file that is a mount point, the
//! usual way to bring one login into a container, can't be renamed over (EBUSY): it is written in place, with a whole
//! copy of the new content in the state directory until that is done.

use crate::credentials::place::{self, Obstacle, Place};
use crate::platform::file_lock::is_at;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// More than new tokens are longer than old ones, in bytes.
const SPARE: u64 = 32 * 1024;

/// Temporary files are named so, with this many random letters in between. CLIProxyAPI loads every `*.json`, dot files
/// included, so the name has another ending.
const PREFIX: &str = ".quota-tray-login-";
const SUFFIX: &str = ".tmp";
const RANDOM_LETTERS: usize = 12;

/// How often another process may remove the new file.
const MAX_TRIES: u32 = 100;

/// A file that is ready to take the credential's place: made, with room enough and with the credential's owner and
/// permissions, before anything is done that can't be undone.
pub struct Replacement {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    place: Place,
}

impl Replacement {
    /// Makes the file for the credential at `target`, which is no link. `copy` is where the new content stands while it
    /// is written in place.
    ///
    /// # Errors
    /// The credential can't be replaced: the folder can't be written to, the disk is full, the file is immutable …
    pub fn prepare(target: &Path, metadata: &Metadata, copy: &Path) -> Result<Replacement, Obstacle> {
        let place = place::of(target, metadata)?;
        remove_abandoned(target);
        let (file, temporary) = match place {
            Place::Folder => create_locked(|| random_name(target))?,
            Place::MountPoint => {
                // Left by a renewal that was killed, and of no use: it would have been restored before.
                let _ = std::fs::remove_file(copy);
                create_locked(|| copy.to_owned())?
            }
        };
        let mut replacement = Replacement { file, temporary, target: target.to_owned(), place };
        let length = metadata.len().saturating_add(SPARE);
        io::copy(&mut io::Read::take(io::repeat(b' '), length), &mut &replacement.file)?;
        match place {
            Place::Folder => {
                replacement.keep_owner(metadata)?;
                replacement.file.set_permissions(metadata.permissions())?;
                replacement.file.sync_all()?;
                replacement.rehearse()?;
            }
            Place::MountPoint => {
                replacement.file.sync_all()?;
                place::reserve(target, length)?;
            }
        }
        Ok(replacement)
    }

    /// Renames the temporary file to another random name: a folder that takes new files but no renames (append-only, a
    /// nearly full btrfs, a security module) is found out before the token is spent.
    fn rehearse(&mut self) -> io::Result<()> {
        let name = random_name(&self.target);
        rename(&self.temporary, &name)?;
        self.temporary = name;
        sync_folder(&self.target)
    }

    #[cfg(unix)]
    fn keep_owner(&self, metadata: &Metadata) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = self.file.metadata()?;
        let differs = |new: u32, old: u32| (new != old).then_some(old);
        match (differs(own.uid(), metadata.uid()), differs(own.gid(), metadata.gid())) {
            (None, None) => Ok(()),
            (uid, gid) => fchown(&self.file, uid, gid),
        }
    }

    #[cfg(not(unix))]
    fn keep_owner(&self, _metadata: &Metadata) -> io::Result<()> {
        Ok(())
    }

    /// Writes the new content to disk. The credential is as it was.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn fill(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.set_len(content.len() as u64)?;
        self.file.sync_all()
    }

    /// Whether the file is still where it was made, and not removed or replaced by another process.
    pub fn is_in_place(&self) -> bool {
        is_at(&self.file, &self.temporary)
    }

    /// Gives the credential the content written by [`fill`](Self::fill).
    ///
    /// # Errors
    /// The file system refuses, or another process has removed or replaced the temporary file. The credential is as it
    /// was; one written in place may be half written, and [`restore`] completes it.
    pub fn take_place(mut self) -> io::Result<()> {
        if !self.is_in_place() {
            return Err(io::Error::other("the temporary file was removed or replaced by another program"));
        }
        // A mandatory lock there: a program that reads the new credential at once would fail.
        #[cfg(windows)]
        let _ = self.file.unlock();
        match self.place {
            Place::Folder => {
                rename(&self.temporary, &self.target)?;
                sync_folder(&self.target)
            }
            Place::MountPoint => {
                self.file.rewind()?;
                let result = place::write_over(&mut self.file, &self.target);
                if result.is_err() {
                    // The copy stays: it is what the credential is restored from.
                    self.temporary = PathBuf::new();
                }
                result
            }
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After a rename the name is gone, or belongs to somebody else.
        if self.is_in_place() {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Completes a credential that was written in place and only half of it, from the whole copy at `copy`. Says whether
/// there was one.
///
/// # Errors
/// The disk refuses.
pub fn restore(target: &Path, copy: &Path) -> io::Result<bool> {
    let mut file = match File::open(copy) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    place::write_over(&mut file, target)?;
    std::fs::remove_file(copy)?;
    Ok(true)
}

/// Removes the temporary files that killed renewals have left beside the credential: those with our name that no process
/// holds locked. They may hold tokens.
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

/// Makes a file for its owner only, locked, which tells other processes that it is in use. One that another process has
/// taken for abandoned before it was locked is made anew.
fn create_locked(name: impl Fn() -> PathBuf) -> io::Result<(File, PathBuf)> {
    for _ in 0..MAX_TRIES {
        let path = name();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        let taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        if !taken && is_at(&file, &path) {
            return Ok((file, path));
        }
    }
    Err(io::Error::other("another program keeps deleting new files in this folder"))
}

fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|it| it.len() == RANDOM_LETTERS && it.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn random_name(target: &Path) -> PathBuf {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(RANDOM_LETTERS).collect();
    target.with_file_name(format!("{PREFIX}{random}{SUFFIX}"))
}

#[cfg(not(windows))]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// A program that reads the file at this moment holds it; it will let go.
#[cfg(windows)]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut attempts = 40;
    loop {
        match std::fs::rename(from, to) {
            Err(error) if attempts > 0 && error.kind() == io::ErrorKind::PermissionDenied => {
                attempts -= 1;
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

/// Makes sure that a folder has its new names on disk, too.
///
/// # Errors
/// The disk refuses.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn prepared(dir: &Path) -> (PathBuf, Replacement) {
        let target = dir.join("claude-a.json");
        fs::write(&target, "old").expect("written");
        let metadata = fs::metadata(&target).expect("there");
        let replacement = Replacement::prepare(&target, &metadata, &dir.join("copy")).expect("prepared");
        (target, replacement)
    }

    fn names(dir: &Path) -> Vec<String> {
        let listing = fs::read_dir(dir).expect("listed");
        let mut names: Vec<_> =
            listing.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort();
        names
    }

    #[test]
    fn two_replacements_use_different_temporary_files() {
        let dir = tempfile::tempdir().expect("a folder");
        let (target, mut first) = prepared(dir.path());
        let metadata = fs::metadata(&target).expect("there");
        let mut second =
            Replacement::prepare(&target, &metadata, &dir.path().join("copy")).expect("prepared");
        first.fill(b"first").expect("filled");
        second.fill(b"second").expect("filled");
        first.take_place().expect("replaced");
        assert_eq!(fs::read(&target).expect("read"), b"first");
        drop(second);
        assert_eq!(names(dir.path()), ["claude-a.json"]);
    }

    #[test]
    #[cfg(unix)]
    fn temporary_file_that_was_replaced_is_not_renamed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (target, mut replacement) = prepared(dir.path());
        replacement.fill(b"new").expect("filled");
        let temporary = replacement.temporary.clone();
        fs::remove_file(&temporary).expect("removed");
        fs::write(&temporary, "  ").expect("written");
        replacement.take_place().expect_err("it is another file");
        assert_eq!(fs::read(&target).expect("read"), b"old");
        assert!(temporary.exists(), "another program's file is not removed");
    }

    #[test]
    fn abandoned_files_are_removed_and_no_others() {
        let dir = tempfile::tempdir().expect("a folder");
        let (target, replacement) = prepared(dir.path());
        let abandoned = random_name(&target);
        let others =
            [".claude-a.json.tmp", ".quota-tray-login-short.tmp", ".quota-tray-login-abcdefghijkl.json"];
        for path in others.iter().map(|name| dir.path().join(name)).chain([abandoned.clone()]) {
            fs::write(path, "x").expect("written");
        }
        remove_abandoned(&target);
        assert!(!abandoned.exists());
        assert!(replacement.temporary.exists(), "it is in use");
        for name in others {
            assert!(dir.path().join(name).exists(), "{name}");
        }
    }
}
