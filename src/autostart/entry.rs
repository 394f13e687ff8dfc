//! The entry that starts this program at login.

use crate::autostart::error::AutostartError;
use crate::autostart::location::EntryLocation;
use crate::autostart::status::{AutostartStatus, CommandLine};
use std::io;
use std::path::{Path, PathBuf};

/// Starting this program, with the arguments of this run, at login.
#[derive(Debug, Clone)]
pub struct Autostart {
    location: EntryLocation,
    command: CommandLine,
}

impl Autostart {
    /// The entry at `location`, which starts this program with these arguments.
    ///
    /// # Errors
    /// The path of the program is unknown, or a path is not Unicode.
    pub fn new(location: EntryLocation, arguments: &[PathBuf]) -> Result<Autostart, AutostartError> {
        let program = program().map_err(AutostartError::NoProgram)?;
        let text = |path: &PathBuf| {
            path.to_str().map(str::to_owned).ok_or_else(|| AutostartError::NotUnicode(path.clone()))
        };
        let command = std::iter::once(&program).chain(arguments).map(text).collect::<Result<_, _>>()?;
        Ok(Autostart { location, command })
    }

    /// The current status.
    ///
    /// # Errors
    /// The entry can't be read.
    pub fn status(&self) -> Result<AutostartStatus, AutostartError> {
        let failed = |source| AutostartError::Read { location: self.location.to_string(), source };
        self.location.read().map_err(failed)
    }

    /// Enables it for this program, or disables it.
    ///
    /// # Errors
    /// The entry can't be changed, and is as before.
    pub fn set(&self, on: bool) -> Result<(), AutostartError> {
        let result = if on { self.location.write(&self.command) } else { self.location.remove() };
        result.map_err(|source| AutostartError::Write { location: self.location.to_string(), source })
    }

    /// Updates the entry after the program was moved: if the entry is on, has this run's arguments, and its program no
    /// longer exists, it is changed to this one. Other entries and custom commands are left alone. Returns whether it was
    /// changed.
    ///
    /// # Errors
    /// The entry can't be read or changed.
    pub fn update_after_move(&self) -> Result<bool, AutostartError> {
        let AutostartStatus::On(command) = self.status()? else { return Ok(false) };
        if !is_moved(&command, &self.command, exists) {
            return Ok(false);
        }
        self.set(true)?;
        Ok(true)
    }

    /// Where the entry is.
    pub fn location(&self) -> &EntryLocation {
        &self.location
    }
}

/// Whether the program exists. One without a folder is looked up by the desktop.
pub fn exists(program: &str) -> bool {
    let path = Path::new(program);
    !path.is_absolute() || path.is_file()
}

/// Whether `old` is `new` before the program was moved.
fn is_moved(old: &[String], new: &[String], exists: impl Fn(&str) -> bool) -> bool {
    let (Some((old, old_rest)), Some((new, rest))) = (old.split_first(), new.split_first()) else {
        return false;
    };
    old_rest == rest && has_same_name(old, new) && !exists(old)
}

/// Whether a program has the name of this one. An AppImage has its version in the name.
fn has_same_name(old: &str, new: &str) -> bool {
    let name = |path: &str| Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let plain = |name: String| name.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "");
    name(old).is_some() && name(old) == name(new)
        || name(old).is_some_and(|name| plain(name).starts_with("quotatray"))
}

/// The path of this program. An AppImage runs from a temporary folder, and has its own path in `APPIMAGE`.
fn program() -> io::Result<PathBuf> {
    match std::env::var_os("APPIMAGE") {
        Some(image) if Path::new(&image).is_absolute() => Ok(image.into()),
        _ => std::env::current_exe(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_entry_for_a_missing_program_of_this_name_is_moved() {
        let parts = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let exists = |program: &str| program.starts_with("/there/") || !program.starts_with('/');
        for (old, new, expected) in [
            ("/gone/quota-tray", "/there/quota-tray", true),
            ("/gone/quota-tray --config /x", "/there/quota-tray --config /x", true),
            ("/gone/Quota_Tray-0.1.AppImage", "/there/Quota_Tray-0.2.AppImage", true),
            ("/gone/qt", "/there/qt", true),
            // It exists, or is looked up by the desktop.
            ("/there/old/quota-tray", "/there/quota-tray", false),
            ("quota-tray", "/there/quota-tray", false),
            // Another run.
            ("/gone/quota-tray --config /x", "/there/quota-tray", false),
            ("/gone/quota-tray", "/there/quota-tray --config /x", false),
            // The user's own.
            ("/there/start.sh", "/there/quota-tray", false),
            ("/gone/start.sh", "/there/quota-tray", false),
            ("/usr/bin/env FOO=1 /gone/quota-tray", "/there/quota-tray", false),
            ("env FOO=1 quota-tray", "/there/quota-tray", false),
            ("sh -c /gone/quota-tray", "/there/quota-tray", false),
        ] {
            assert_eq!(is_moved(&parts(old), &parts(new), exists), expected, "{old}");
        }
        assert!(!is_moved(&[], &parts("/there/quota-tray"), exists));
    }
}
