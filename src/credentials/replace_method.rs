//! Whether a credential file can be replaced, and how. This is found out before its token is sent.

use crate::platform::files;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// How a credential file gets new content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplaceMethod {
    /// Another file is renamed over it.
    Rename,
    /// It is written in place: it is a mount point, as in `docker run -v login.json:/…/login.json`.
    InPlace,
}

/// Why a credential file can't be replaced.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// The system refuses.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file has an attribute that forbids any change.
    #[error("the credential file is immutable; make it writable with {remedy} FILE")]
    Immutable {
        /// The command that removes the attribute.
        remedy: &'static str,
    },
    /// It is mounted by itself, and another file has replaced it on the host.
    #[error("the mounted file was replaced on the host; restart the container, or mount the whole folder")]
    Detached,
    /// It is mounted by itself, and read-only.
    #[error("the credential file is mounted read-only; mount it, or its whole folder, writable")]
    MountedReadOnly,
}

/// How the credential at `target` can be replaced.
///
/// # Errors
/// It can't be replaced.
pub fn replace_method(target: &Path, metadata: &Metadata) -> Result<ReplaceMethod, Obstacle> {
    if is_immutable(target, metadata) || target.parent().is_some_and(is_append_only) {
        return Err(Obstacle::Immutable { remedy: REMEDY });
    }
    if !is_mount_point(target) {
        return Ok(ReplaceMethod::Rename);
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(metadata) == 0 {
        return Err(Obstacle::Detached);
    }
    match open_for_writing(target) {
        Ok(_) => Ok(ReplaceMethod::InPlace),
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Err(Obstacle::MountedReadOnly),
        Err(error) => Err(error.into()),
    }
}

#[cfg(target_os = "linux")]
const REMEDY: &str = "chattr -i -a";
#[cfg(all(unix, not(target_os = "linux")))]
const REMEDY: &str = "chflags nouchg,nouappnd";
#[cfg(windows)]
const REMEDY: &str = "attrib -R";

#[cfg(target_os = "linux")]
fn attributes(path: &Path) -> Option<rustix::fs::Statx> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty()).ok()
}

#[cfg(target_os = "linux")]
fn is_immutable(target: &Path, _metadata: &Metadata) -> bool {
    use rustix::fs::StatxAttributes;
    let forbidding = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    attributes(target).is_some_and(|found| found.stx_attributes.intersects(forbidding))
}

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
fn is_immutable(_target: &Path, metadata: &Metadata) -> bool {
    #[cfg(target_os = "freebsd")]
    use std::os::freebsd::fs::MetadataExt;
    #[cfg(target_os = "macos")]
    use std::os::macos::fs::MetadataExt;
    // UF_IMMUTABLE, UF_APPEND, SF_IMMUTABLE, SF_APPEND: sys/stat.h.
    metadata.st_flags() & 0x0006_0006 != 0
}

#[cfg(windows)]
fn is_immutable(_target: &Path, metadata: &Metadata) -> bool {
    metadata.permissions().readonly()
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd", windows)))]
fn is_immutable(_target: &Path, _metadata: &Metadata) -> bool {
    false
}

/// New files can be created in an append-only folder, but not renamed.
#[cfg(target_os = "linux")]
fn is_append_only(folder: &Path) -> bool {
    attributes(folder).is_some_and(|found| found.stx_attributes.contains(rustix::fs::StatxAttributes::APPEND))
}

#[cfg(not(target_os = "linux"))]
fn is_append_only(_folder: &Path) -> bool {
    false
}

/// `statx` reports it since Linux 5.8; on older kernels the list of mounts is read.
#[cfg(target_os = "linux")]
fn is_mount_point(target: &Path) -> bool {
    use rustix::fs::StatxAttributes;
    if let Some(found) = attributes(target)
        && found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT)
    {
        return found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
    }
    std::fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| lists(&mounts, target))
}

#[cfg(not(target_os = "linux"))]
fn is_mount_point(_target: &Path) -> bool {
    false
}

/// Whether this mountinfo has a mount at `target`: proc(5), the fifth field, with four characters escaped in octal.
#[cfg(target_os = "linux")]
fn lists(mountinfo: &str, target: &Path) -> bool {
    let Some(target) = target.to_str() else { return false };
    let escaped =
        target.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011").replace('\n', "\\012");
    mountinfo.lines().any(|line| line.split(' ').nth(4) == Some(&escaped))
}

/// Reserves space for a file that is to be written in place, where the file system supports that; its content and length
/// stay.
///
/// # Errors
/// There is not enough space.
pub fn reserve(target: &Path, length: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        let file = open_for_writing(target)?;
        match fallocate(&file, FallocateFlags::KEEP_SIZE, 0, length) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (target, length);
        Ok(())
    }
}

/// A named pipe may have taken the place of the file since it was read, and would block for ever.
fn open_for_writing(target: &Path) -> io::Result<File> {
    files::open_regular_with(OpenOptions::new().write(true), target)
}

/// Writes the rest of `content` over the file at `target`, in place, and syncs it.
///
/// # Errors
/// It can't be written. It may be partially written then.
pub fn write_over(content: &mut File, target: &Path) -> io::Result<()> {
    let mut file = open_for_writing(target)?;
    let length = io::copy(content, &mut file)?;
    file.set_len(length)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn mount_is_found_in_the_list_of_mounts() {
        let mounts = "36 35 98:0 / / rw - ext4 /dev/root rw\n\
                      40 36 98:0 /a /home/a\\040b/claude\\134a.json rw - ext4 /dev/root rw\n";
        assert!(lists(mounts, Path::new("/home/a b/claude\\a.json")));
        assert!(!lists(mounts, Path::new("/home/a b")));
        assert!(!lists("", Path::new("/")));
    }

    #[test]
    fn plain_file_is_replaced_by_rename() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let metadata = file.path().metadata().expect("there");
        assert_eq!(replace_method(file.path(), &metadata).expect("no obstacle"), ReplaceMethod::Rename);
    }
}
