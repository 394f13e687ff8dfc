//! Atomic writes, for the settings and the state; credential files are written more strictly, by
//! `credentials/replacement.rs`. Reading regular files only, and of limited size.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// Names of temporary files begin and end like this, with this many random letters in between.
const PREFIX: &str = ".quota-tray-";
const SUFFIX: &str = ".tmp";
const RANDOM_LETTERS: usize = 6;

/// A temporary file of this age was left by a run that was killed.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Replaces the content of the file at `path`, entirely or not at all. Missing folders are created. A link is followed,
/// since settings are often links into a repository; an existing file keeps its permissions, a new one is readable by
/// its owner only. Anything but a regular file, such as a device, is not replaced.
///
/// # Errors
/// The file can't be written; it is unchanged then.
pub fn write_atomic(path: &Path, content: &[u8]) -> io::Result<()> {
    write_with(path, content, |file| file.sync_all())
}

/// The same without waiting for the disk: after a power cut the file may have its old content, or be empty. For data that
/// can be lost.
///
/// # Errors
/// The file can't be written; it is unchanged then.
pub fn write_atomic_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    write_with(path, content, |_| Ok(()))
}

/// Reads a regular file of at most `max_bytes`.
///
/// # Errors
/// Those of [`open_regular`], or it is larger.
pub fn read_regular(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // One byte more, to detect a file that is too large.
    open_regular(path)?.take(max_bytes + 1).read_to_end(&mut content)?;
    match content.len() as u64 <= max_bytes {
        true => Ok(content),
        false => Err(io::Error::other(format!("it is larger than {} MiB", max_bytes >> 20))),
    }
}

/// Opens a file for reading. Anything but a regular file is refused: a named pipe would block for ever.
///
/// # Errors
/// There is no such file, it is not a regular one, or the system refuses.
pub fn open_regular(path: &Path) -> io::Result<File> {
    open_regular_with(OpenOptions::new().read(true), path)
}

/// The same with other options.
///
/// # Errors
/// Those of [`open_regular`].
pub fn open_regular_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, rustix::fs::OFlags::NONBLOCK.bits() as i32);
    // Opening a device can have an effect of its own. What is opened is checked again, as it may be another file by then.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(not_regular());
    }
    let file = options.open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(not_regular()),
    }
}

fn not_regular() -> io::Error {
    io::Error::other("it is not a regular file")
}

/// Removes the temporary files that killed runs have left in `folder`: those of [`write_atomic`] that are an hour old.
pub fn remove_abandoned(folder: &Path) {
    let is_ours = |name: &str| {
        let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        random.is_some_and(|random| {
            random.len() == RANDOM_LETTERS && random.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age =
            entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_ours(&entry.file_name().to_string_lossy()) && age.is_some_and(|age| age >= ABANDONED_AFTER) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn write_with(path: &Path, content: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let (target, file) = temporary(path, content)?;
    sync(file.as_file())?;
    file.persist(&target)?;
    Ok(())
}

/// Creates a temporary file with this content beside the file at `path`, with the permissions of that one. Returns it after
/// the path that it is to be renamed to, which is where a link at `path` leads.
///
/// # Errors
/// Those of [`write_atomic`].
pub fn temporary(path: &Path, content: &[u8]) -> io::Result<(PathBuf, NamedTempFile)> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let existing = std::fs::metadata(&target).ok();
    // As root, a link to a device would otherwise end with a file in place of the device.
    if existing.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        return Err(not_regular());
    }
    let mut file = tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .rand_bytes(RANDOM_LETTERS)
        .tempfile_in(folder)?;
    file.write_all(content)?;
    if let Some(metadata) = existing {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    Ok((target, file))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn atomic_write_keeps_link_and_permissions() {
        let dir = tempfile::tempdir().expect("a folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        std::fs::write(&real, "old").expect("written");
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("set");
        symlink(&real, &link).expect("linked");
        write_atomic(&link, b"new").expect("replaced");
        assert_eq!(std::fs::read_to_string(&real).expect("read"), "new");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
        let fresh = dir.path().join("a/b");
        write_atomic(&fresh, b"x").expect("made");
        assert_eq!(std::fs::metadata(&fresh).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 3, "nothing is left behind");
    }

    #[test]
    fn only_a_regular_file_within_the_limit_is_read() {
        const LIMIT: u64 = 1 << 20;
        let dir = tempfile::tempdir().expect("a folder");
        let (file, pipe) = (dir.path().join("file"), dir.path().join("pipe"));
        let error = |path: &Path| read_regular(path, LIMIT).expect_err("refused").to_string();
        std::fs::write(&file, vec![b' '; LIMIT as usize]).expect("written");
        assert_eq!(read_regular(&file, LIMIT).expect("read").len() as u64, LIMIT);
        std::fs::write(&file, vec![b' '; LIMIT as usize + 1]).expect("written");
        assert_eq!(error(&file), "it is larger than 1 MiB");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        symlink("/dev/null", dir.path().join("link")).expect("linked");
        for other in [&pipe, &dir.path().join("link"), dir.path()] {
            assert_eq!(error(other), "it is not a regular file");
        }
        assert_eq!(
            read_regular(&dir.path().join("none"), LIMIT).expect_err("none").kind(),
            io::ErrorKind::NotFound
        );
    }

    #[test]
    fn only_a_regular_file_is_replaced() {
        use std::os::unix::fs::FileTypeExt;
        let dir = tempfile::tempdir().expect("a folder");
        let (pipe, link) = (dir.path().join("pipe"), dir.path().join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        symlink(&pipe, &link).expect("linked");
        for path in [&pipe, &link] {
            let error = write_atomic(path, b"new").expect_err("refused").to_string();
            assert_eq!(error, "it is not a regular file");
        }
        assert!(std::fs::metadata(&pipe).expect("there").file_type().is_fifo());
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2, "nothing is left behind");
    }
}
