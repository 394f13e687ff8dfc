//! Changes the settings file while another program may be saving it, without losing either change.
//!
//! Many editors truncate the file and then write it. Three things follow from that:
//!
//! 1. A file that has become empty, missing or invalid since it was read last is probably being written. It is read again
//!    until it is valid, for up to a second; one that stays empty for so long was emptied by the user.
//! 2. The file is replaced only while its content is what was read ([`guarded_replace`]). Otherwise the change is made
//!    again, to the new content.
//! 3. An editor that has opened the file before it was replaced writes to the former file. That one is watched for a moment
//!    and put back if it changes: the editor's save is kept, and the change is made again on top of it.
//!
//! What remains: an editor that has read the file before the change and writes it afterwards overwrites the change, as it
//! would overwrite the change of another editor. The tray shows what is in the file then.

use crate::config::file::{ConfigError, parse, read};
use crate::platform::guarded_replace;
use std::path::Path;
use std::time::{Duration, Instant};

/// A file that stays empty, missing or invalid for this long is meant to be so.
pub const SETTLE_TIME: Duration = Duration::from_secs(1);

/// The pause between two attempts to read such a file.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// How often a change is made again because the file has changed meanwhile.
const MAX_ATTEMPTS: usize = 8;

/// What a settings file is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// It is missing, or has nothing but white space.
    Blank,
    /// It has valid settings, if only comments.
    Valid,
    /// It has an error, or can't be read.
    Wrong,
}

impl FileState {
    /// The state of a file with this text; `None` is a missing file.
    pub fn of(path: &Path, text: Option<&str>) -> FileState {
        match text {
            Some(text) if !text.trim().is_empty() => match parse(path, text) {
                Ok(_) => FileState::Valid,
                Err(_) => FileState::Wrong,
            },
            _ => FileState::Blank,
        }
    }
}

/// Changes the settings file. `known` is its state when it was read last. `change` returns the new text for a text (`None`:
/// there is no file), or `None` to leave it. `saved` is called each time the file was written. Blocks: for 0.3 s, and for
/// up to a second more while the file is being written by another program.
///
/// # Errors
/// Those of `change`; the file can't be read or written; another program does not stop writing to it.
pub fn edit(
    path: &Path,
    known: FileState,
    change: impl Fn(Option<&str>) -> Result<Option<String>, ConfigError>,
    mut saved: impl FnMut(),
) -> Result<(), ConfigError> {
    let write_error = |source| ConfigError::Write { path: path.to_owned(), source };
    for _ in 0..MAX_ATTEMPTS {
        let before = read_settled(path, known)?;
        let Some(after) = change(before.as_deref())? else { return Ok(()) };
        let expected = before.as_deref().map(str::as_bytes);
        let replaced = guarded_replace::replace(path, expected, after.as_bytes()).map_err(write_error)?;
        let Some(replaced) = replaced else { continue };
        saved();
        if !replaced.wait_for_late_write() {
            return Ok(());
        }
        replaced.undo().map_err(write_error)?;
    }
    Err(ConfigError::Busy { path: path.to_owned() })
}

/// Reads the file when it is valid, or as it was known, or after [`SETTLE_TIME`].
fn read_settled(path: &Path, known: FileState) -> Result<Option<String>, ConfigError> {
    let latest = Instant::now() + SETTLE_TIME;
    loop {
        let text = read(path);
        let state = text.as_ref().map_or(FileState::Wrong, |text| FileState::of(path, text.as_deref()));
        if state == FileState::Valid || state == known || Instant::now() >= latest {
            return text;
        }
        std::thread::sleep(RETRY_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::fs::{self, File};
    use std::io::Write;

    fn add_line(text: Option<&str>) -> Result<Option<String>, ConfigError> {
        Ok(Some(format!("{}hide_email = true\n", text.unwrap_or_default())))
    }

    #[test]
    fn file_and_its_folder_are_created_where_they_were_missing() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("deep/er/config.toml");
        edit(&path, FileState::Blank, add_line, || {}).expect("edited");
        assert_eq!(fs::read_to_string(&path).expect("read"), "hide_email = true\n");
    }

    #[test]
    fn file_being_saved_in_place_is_waited_for() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        for first in ["", "show_ti"] {
            let mut editor = File::create(&path).expect("truncated");
            editor.write_all(first.as_bytes()).expect("written");
            let rest = "show_title = true\n".strip_prefix(first).expect("its begin");
            let thread = std::thread::spawn(move || {
                std::thread::sleep(RETRY_INTERVAL * 5);
                editor.write_all(rest.as_bytes()).expect("written");
            });
            edit(&path, FileState::Valid, add_line, || {}).expect("edited");
            thread.join().expect("written");
            assert_eq!(fs::read_to_string(&path).expect("read"), "show_title = true\nhide_email = true\n");
        }
    }

    #[test]
    fn file_that_stays_empty_or_missing_is_changed() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        edit(&path, FileState::Valid, add_line, || {}).expect("edited");
        fs::write(&path, "\n").expect("written");
        edit(&path, FileState::Valid, add_line, || {}).expect("edited");
        assert_eq!(fs::read_to_string(&path).expect("read"), "\nhide_email = true\n");
    }

    #[test]
    fn save_between_reading_and_writing_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        fs::write(&path, "# old\n").expect("written");
        let first = Cell::new(true);
        let change = |text: Option<&str>| {
            if first.take() {
                fs::write(&path, "# new\n").expect("written");
            }
            add_line(text)
        };
        edit(&path, FileState::Valid, change, || {}).expect("edited");
        assert_eq!(fs::read_to_string(&path).expect("read"), "# new\nhide_email = true\n");
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    #[test]
    fn save_of_an_editor_that_has_opened_the_file_before_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        fs::write(&path, "# old\n").expect("written");
        let mut editor = Some(File::options().write(true).open(&path).expect("open"));
        let mut writing = None;
        let save = || {
            if let Some(mut editor) = editor.take() {
                editor.set_len(0).expect("truncated");
                writing = Some(std::thread::spawn(move || {
                    std::thread::sleep(RETRY_INTERVAL * 5);
                    editor.write_all(b"# new\n").expect("written");
                }));
            }
        };
        edit(&path, FileState::Valid, add_line, save).expect("edited");
        writing.expect("saved").join().expect("written");
        assert_eq!(fs::read_to_string(&path).expect("read"), "# new\nhide_email = true\n");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "nothing is left behind");
    }

    #[test]
    fn file_that_keeps_changing_is_an_error_that_names_it_and_the_remedy() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.toml");
        let count = Cell::new(0);
        let change = |text: Option<&str>| {
            count.set(count.get() + 1);
            fs::write(&path, format!("# {}\n", count.get())).expect("written");
            add_line(text)
        };
        let error = edit(&path, FileState::Blank, change, || {}).expect_err("busy").to_string();
        assert!(error.contains("config.toml") && error.contains("hint: "), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("read"), format!("# {MAX_ATTEMPTS}\n"));
    }
}
