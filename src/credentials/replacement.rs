//! Replacing a credential file: everything that can fail is tried before the token is sent.
//!
//! Usually a temporary file beside the credential is renamed over it, and only while its name still leads to the file that
//! this renewal wrote. A file that is a mount point, the usual way to bring one login into a container, can't be renamed
//! over (EBUSY): it is written in place, with a copy of the new content in the state directory until that is done.

use crate::credentials::replace_method::{Obstacle, ReplaceMethod, replace_method, reserve, write_over};
use crate::credentials::temporary_file;
use crate::platform::{file_lock, files};
use std::fs::{File, Metadata};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

/// New tokens are not longer than the old ones by more than this, in bytes.
const SPARE_BYTES: u64 = 32 * 1024;

/// A file that is ready to replace the credential: it has enough space and the credential's owner and permissions before
/// anything is done that can't be undone.
pub struct Replacement {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    method: ReplaceMethod,
}

impl Replacement {
    /// Creates the file for the credential at `target`, which is not a link. `copy` is where the new content is while the
    /// credential is written in place.
    ///
    /// # Errors
    /// The credential can't be replaced: the folder can't be written to, the disk is full, the file is immutable …
    pub fn prepare(target: &Path, metadata: &Metadata, copy: &Path) -> Result<Replacement, Obstacle> {
        let method = replace_method(target, metadata)?;
        temporary_file::remove_abandoned(target);
        let (file, temporary) = match method {
            ReplaceMethod::Rename => temporary_file::create_locked(|| temporary_file::random_path(target))?,
            ReplaceMethod::InPlace => {
                // Left by a renewal that was killed. A copy that was needed has been restored before.
                let _ = std::fs::remove_file(copy);
                temporary_file::create_locked(|| copy.to_owned())?
            }
        };
        let mut replacement = Replacement { file, temporary, target: target.to_owned(), method };
        let length = metadata.len().saturating_add(SPARE_BYTES);
        io::copy(&mut io::Read::take(io::repeat(b' '), length), &mut &replacement.file)?;
        match method {
            ReplaceMethod::Rename => {
                replacement.keep_owner(metadata)?;
                replacement.file.set_permissions(metadata.permissions())?;
                replacement.file.sync_all()?;
                replacement.try_rename()?;
            }
            ReplaceMethod::InPlace => {
                replacement.file.sync_all()?;
                reserve(target, length)?;
            }
        }
        Ok(replacement)
    }

    /// Renames the temporary file to another random name: a folder that allows new files but no renames (append-only, a
    /// nearly full btrfs, a security module) is found out before the token is sent.
    fn try_rename(&mut self) -> io::Result<()> {
        let path = temporary_file::random_path(&self.target);
        rename(&self.temporary, &path)?;
        self.temporary = path;
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

    /// Writes the new content to disk. The credential is unchanged.
    ///
    /// # Errors
    /// It can't be written.
    pub fn fill(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.set_len(content.len() as u64)?;
        self.file.sync_all()
    }

    /// Whether the file is still where it was created, and was not removed or replaced by another process.
    pub fn is_in_place(&self) -> bool {
        file_lock::is_at(&self.file, &self.temporary)
    }

    /// Gives the credential the content written by [`fill`](Self::fill).
    ///
    /// # Errors
    /// The file system refuses, or another process has removed or replaced the temporary file. The credential is
    /// unchanged then; one written in place may be partially written, and [`restore`] completes it.
    pub fn take_place(mut self) -> io::Result<()> {
        if !self.is_in_place() {
            return Err(io::Error::other("the temporary file was removed or replaced by another program"));
        }
        // Locks are mandatory there: a program that reads the new credential at once would fail.
        #[cfg(windows)]
        let _ = self.file.unlock();
        match self.method {
            ReplaceMethod::Rename => {
                rename(&self.temporary, &self.target)?;
                sync_folder(&self.target)
            }
            ReplaceMethod::InPlace => {
                self.file.rewind()?;
                let result = write_over(&mut self.file, &self.target);
                if result.is_err() {
                    // The copy stays: the credential is restored from it.
                    self.temporary = PathBuf::new();
                }
                result
            }
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After the rename the path leads to no file, or to another program's.
        if self.is_in_place() {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// Completes a credential that was partially written in place, from the copy at `copy`. Returns whether there was one.
///
/// # Errors
/// A file can't be read or written.
pub fn restore(target: &Path, copy: &Path) -> io::Result<bool> {
    let mut file = match files::open_regular(copy) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    write_over(&mut file, target)?;
    std::fs::remove_file(copy)?;
    Ok(true)
}

#[cfg(not(windows))]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Fails while another program reads the file, which takes a moment.
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

/// Syncs the folder of a file, so that its new name is on disk, too.
///
/// # Errors
/// The folder can't be opened or synced.
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
}
