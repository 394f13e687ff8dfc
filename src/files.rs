//! Replacing a whole file at once, for the settings and the state. Credential files have their own,
//! stricter way in `credentials/file.rs`.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

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

fn replace_with(path: &Path, content: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".quota-tray-").suffix(".tmp").tempfile_in(folder)?;
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
