//! Replacing a whole file at once, for the settings and the state. Credential files have their own,
//! stricter way in `credentials/file.rs`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Temporary files are named so, with this many random letters in between.
const PREFIX: &str = ".quota-tray-";
const SUFFIX: &str = ".tmp";
const RANDOM: usize = 6;

/// No run takes this long to write one.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Puts `content` in place of the file at `path`, at once or not at all. Missing folders are made.
/// A link is followed, since settings are often links into a repository; an existing file keeps its
/// permissions, a new one is for its owner only.
///
/// # Errors
/// The disk refuses; the file is as it was.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(path, content, |file| file.sync_all())
}

/// The same without waiting for the disk: after a power cut the file may be the old one, or empty. For
/// what is only good to have.
///
/// # Errors
/// The disk refuses; the file is as it was.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_with(path, content, |_| Ok(()))
}

/// Opens a file for reading. Anything but a regular file is refused: a named pipe would block for ever.
///
/// # Errors
/// It is not there, it is something else, or the system refuses.
pub fn open(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true), path)
}

/// The same with other ways to open it.
///
/// # Errors
/// As of [`open()`].
pub fn regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, rustix::fs::OFlags::NONBLOCK.bits() as i32);
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Removes the temporary files that killed runs have left in `folder`: those of [`replace`] that are an hour old.
pub fn remove_abandoned(folder: &Path) {
    let is_ours = |name: &str| {
        let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        random
            .is_some_and(|random| random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age =
            entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_ours(&entry.file_name().to_string_lossy()) && age.is_some_and(|age| age >= ABANDONED_AFTER) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn replace_with(path: &Path, content: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file =
        tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM).tempfile_in(folder)?;
    file.write_all(content)?;
    if let Ok(metadata) = std::fs::metadata(&target) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    sync(file.as_file())?;
    file.persist(&target)?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_link_and_the_permissions_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::write(&real, "old").expect("written");
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("set");
        symlink(&real, &link).expect("linked");
        replace(&link, b"new").expect("replaced");
        assert_eq!(std::fs::read_to_string(&real).expect("read"), "new");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
        let fresh = dir.path().join("a/b");
        replace(&fresh, b"x").expect("made");
        assert_eq!(std::fs::metadata(&fresh).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 3, "nothing is left behind");
    }
}
