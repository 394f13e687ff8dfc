//! Start at login, by the customs of each system: an XDG autostart entry, a LaunchAgent, a value of the
//! Run key. The texts are pure, in a file each; this is the shell around them.

pub mod agent;
pub mod entry;
mod place;
pub mod run_key;

pub use place::Place;

use std::io;
use std::path::{Path, PathBuf};

/// What is started at login: the program, then its arguments.
pub type CommandLine = Vec<String>;

/// Starting at login can't be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    /// The entry can't be read.
    #[error("could not read {place}: {source}\nhint: check its owner and its permissions")]
    Read {
        /// Where it is.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// The entry can't be changed.
    #[error("could not change {place}: {source}\nhint: check its owner and its permissions")]
    Write {
        /// Where it is.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is not known where the program is.
    #[error("could not find out where the program is: {0}")]
    NoProgram(io::Error),
    /// A path that can't stand in an entry.
    #[error("could not name {} in the entry: it is not Unicode\nhint: move it to another folder", .0.display())]
    NotUnicode(PathBuf),
}

/// How it stands with starting at login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AutostartStatus {
    /// Nothing is started, or what there is was switched off by the desktop's own tool.
    Off,
    /// This is started.
    On(CommandLine),
}

/// Starting this program, with the arguments of this run, at login.
#[derive(Debug, Clone)]
pub struct Autostart {
    place: Place,
    command: CommandLine,
}

impl Autostart {
    /// What is kept in `place`, and is to start this program with these arguments.
    ///
    /// # Errors
    /// It is not known where the program is, or it has a name that is no text.
    pub fn new(place: Place, arguments: &[PathBuf]) -> Result<Autostart, AutostartError> {
        let program = program().map_err(AutostartError::NoProgram)?;
        let text = |path: &PathBuf| {
            path.to_str().map(str::to_owned).ok_or_else(|| AutostartError::NotUnicode(path.clone()))
        };
        let command = std::iter::once(&program).chain(arguments).map(text).collect::<Result<_, _>>()?;
        Ok(Autostart { place, command })
    }

    /// How it stands now.
    ///
    /// # Errors
    /// The entry can't be read.
    pub fn standing(&self) -> Result<AutostartStatus, AutostartError> {
        self.place.read().map_err(|source| AutostartError::Read { place: self.place.to_string(), source })
    }

    /// Switches it on, as this program, or off.
    ///
    /// # Errors
    /// The entry can't be changed; it is as it was.
    pub fn set(&self, on: bool) -> Result<(), AutostartError> {
        let changed = if on { self.place.write(&self.command) } else { self.place.remove() };
        changed.map_err(|source| AutostartError::Write { place: self.place.to_string(), source })
    }

    /// Updates the entry after the program was moved: if the entry is on, has this run's arguments, and its program no longer
    /// exists, it is changed to this one. Other entries and custom commands are left alone.
    ///
    /// # Errors
    /// The entry can't be read or changed.
    pub fn follow_program(&self) -> Result<bool, AutostartError> {
        let AutostartStatus::On(command) = self.standing()? else { return Ok(false) };
        if !is_moved(&command, &self.command, exists) {
            return Ok(false);
        }
        self.set(true)?;
        Ok(true)
    }

    /// Where the entry is.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

/// Whether there is such a program: one without a folder is looked for by the desktop.
pub fn exists(program: &str) -> bool {
    let path = Path::new(program);
    !path.is_absolute() || path.is_file()
}

/// Whether `old` is how `new` was started before it was moved.
fn is_moved(old: &[String], new: &[String], exists: impl Fn(&str) -> bool) -> bool {
    let (Some((old, old_rest)), Some((new, rest))) = (old.split_first(), new.split_first()) else {
        return false;
    };
    old_rest == rest && is_ours(old, new) && !exists(old)
}

/// Whether a program goes by the name of this one. An AppImage has its version in the name.
fn is_ours(old: &str, new: &str) -> bool {
    let name = |path: &str| Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let plain = |name: String| name.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "");
    name(old).is_some() && name(old) == name(new)
        || name(old).is_some_and(|name| plain(name).starts_with("quotatray"))
}

/// Where this program is. An AppImage runs from a folder of the moment, and says where it really is.
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
    fn entry_follows_only_a_program_of_this_name_that_is_gone() {
        let parts = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let there = |program: &str| program.starts_with("/there/") || !program.starts_with('/');
        for (old, new, expected) in [
            ("/gone/quota-tray", "/there/quota-tray", true),
            ("/gone/quota-tray --config /x", "/there/quota-tray --config /x", true),
            ("/gone/Quota_Tray-0.1.AppImage", "/there/Quota_Tray-0.2.AppImage", true),
            ("/gone/qt", "/there/qt", true),
            // It is there, or it is looked for by the desktop.
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
            assert_eq!(is_moved(&parts(old), &parts(new), there), expected, "{old}");
        }
        assert!(!is_moved(&[], &parts("/there/quota-tray"), there));
    }
}
