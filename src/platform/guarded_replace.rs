//! Replacing a file that another program may be writing at the same moment.
//!
//! The new file and the old one exchange their names in one step (`RENAME_EXCHANGE`, since Linux 3.15; `RENAME_SWAP` on
//! macOS), so there is no moment at which a write to the old file goes unnoticed: the old file keeps a name, and is
//! compared with what was read after the exchange. File systems and systems without such an exchange (NFS, BSD, Windows)
//! get a comparison and a plain rename, with a moment between the two.

use crate::platform::files;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempPath;

/// A program that has opened the old file before the exchange writes soon after it. These are the pauses before each
/// comparison, in milliseconds: 310 ms altogether.
const PAUSES_MS: [u64; 6] = [0, 10, 20, 40, 80, 160];

/// A file that was replaced. Its former content is kept beside it for as long as this value exists.
#[derive(Debug)]
pub struct Replaced {
    target: PathBuf,
    written: Vec<u8>,
    /// `None`: there was no file, or it can't be kept.
    former: Option<Former>,
}

#[derive(Debug)]
struct Former {
    path: TempPath,
    expected: Vec<u8>,
}

/// Replaces the content of the file at `path` if it still is `expected` (`None`: there is no file), as
/// [`files::write_atomic`] does. Returns `None` if it is not, and then the file is as the other program left it.
///
/// # Errors
/// The file can't be read or written; it is unchanged then.
pub fn replace(path: &Path, expected: Option<&[u8]>, content: &[u8]) -> io::Result<Option<Replaced>> {
    let (target, new) = files::temporary(path, content)?;
    new.as_file().sync_all()?;
    target.parent().into_iter().for_each(files::remove_abandoned);
    let replaced = |former| Replaced { target: target.clone(), written: content.to_vec(), former };
    let Some(expected) = expected else {
        // A link that leads nowhere is replaced.
        let persisted =
            if target.is_symlink() { new.persist(&target) } else { new.persist_noclobber(&target) };
        return match persisted {
            Ok(_) => Ok(Some(replaced(None))),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(error.error),
        };
    };
    if !is(&target, expected) {
        return Ok(None);
    }
    match exchange(new.path(), &target) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if is_unsupported(&error) => {
            new.persist(&target)?;
            return Ok(Some(replaced(None)));
        }
        Err(error) => return Err(error),
    }
    let replaced = replaced(Some(Former { path: new.into_temp_path(), expected: expected.to_vec() }));
    if replaced.has_late_write() {
        replaced.undo()?;
        return Ok(None);
    }
    Ok(Some(replaced))
}

impl Replaced {
    /// Watches the former file for a moment. Returns whether another program has written to it, which is undone by
    /// [`undo`](Replaced::undo). Blocks for 310 ms.
    pub fn wait_for_late_write(&self) -> bool {
        self.former.is_some()
            && PAUSES_MS.into_iter().any(|pause| {
                std::thread::sleep(Duration::from_millis(pause));
                self.has_late_write()
            })
    }

    fn has_late_write(&self) -> bool {
        self.former.as_ref().is_some_and(|former| !is(&former.path, &former.expected))
    }

    /// Puts the former file back: the same one, so that a program that still has it open writes to the right file. A file
    /// that was written under its name since then is newer, and stays.
    ///
    /// # Errors
    /// It can't be renamed. Both files keep their names then.
    pub fn undo(self) -> io::Result<()> {
        let Some(former) = self.former else { return Ok(()) };
        if !is(&self.target, &self.written) {
            return Ok(());
        }
        let restored = former.path.persist(&self.target);
        // It is not removed: it may hold the only copy of what the other program wrote.
        restored.map_err(|error| {
            let _ = error.path.keep();
            error.error
        })
    }
}

/// Whether the file has exactly this content.
fn is(path: &Path, content: &[u8]) -> bool {
    files::read_regular(path, content.len() as u64).is_ok_and(|found| found == content)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// File systems report an unknown flag as EINVAL, kernels an unknown call as ENOSYS.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

#[cfg(all(test, any(target_os = "linux", target_os = "macos")))]
mod tests {
    use super::*;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    #[test]
    fn file_that_differs_from_what_was_read_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        for (found, expected) in [
            (Some("new"), Some("old")),
            (Some("old, longer"), Some("old")),
            (None, Some("old")),
            (Some("new"), None),
        ] {
            match found {
                Some(found) => fs::write(&path, found).expect("written"),
                None => fs::remove_file(&path).expect("removed"),
            }
            assert!(replace(&path, expected.map(str::as_bytes), b"mine").expect("compared").is_none());
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), found);
        }
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "nothing is left behind");
    }

    #[test]
    fn late_write_to_the_former_file_is_found_and_the_file_put_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        fs::write(&path, "old").expect("written");
        let mut editor = OpenOptions::new().write(true).open(&path).expect("open");
        let replaced = replace(&path, Some(b"old"), b"mine").expect("replaced").expect("unchanged");
        assert_eq!(fs::read(&path).expect("read"), b"mine");
        editor.set_len(0).expect("truncated");
        assert!(replaced.wait_for_late_write());
        replaced.undo().expect("put back");
        editor.write_all(b"theirs").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"theirs");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "nothing is left behind");
    }

    #[test]
    fn former_file_is_removed_and_not_put_back_over_a_newer_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        fs::write(&path, "old").expect("written");
        let replaced = replace(&path, Some(b"old"), b"mine").expect("replaced").expect("unchanged");
        assert!(!replaced.wait_for_late_write());
        fs::write(&path, "newer").expect("written");
        replaced.undo().expect("kept");
        assert_eq!(fs::read(&path).expect("read"), b"newer");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "nothing is left behind");
    }
}
