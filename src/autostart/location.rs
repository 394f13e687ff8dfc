//! Where the entry is: a file, written atomically, or the registry.

#[cfg(not(windows))]
use crate::autostart::status::AutostartStatus;
use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use std::fmt;
#[cfg(not(windows))]
use std::{io, path::PathBuf};

/// Where this system keeps the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLocation {
    #[cfg(not(windows))]
    file: PathBuf,
}

impl EntryLocation {
    /// The usual location. `None`: no home directory was found.
    pub fn native() -> Option<EntryLocation> {
        let base = choose_native_strategy().ok()?;
        #[cfg(windows)]
        {
            let _ = base.home_dir();
            Some(EntryLocation {})
        }
        #[cfg(target_os = "macos")]
        {
            let name = format!("{}.plist", crate::autostart::launch_agent::LABEL);
            Some(EntryLocation { file: base.home_dir().join("Library/LaunchAgents").join(name) })
        }
        #[cfg(not(any(target_os = "macos", windows)))]
        Some(EntryLocation { file: base.config_dir().join("autostart/quota-tray.desktop") })
    }
}

impl fmt::Display for EntryLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(not(windows))]
        return self.file.display().fmt(f);
        #[cfg(windows)]
        write!(f, "the value \"{}\" of HKEY_CURRENT_USER\\{}", crate::autostart::run_key::NAME, registry::RUN)
    }
}

#[cfg(not(any(target_os = "macos", windows)))]
use crate::autostart::desktop_entry as format;
#[cfg(target_os = "macos")]
use crate::autostart::launch_agent as format;

/// A longer file is not an entry, in bytes.
#[cfg(not(windows))]
const MAX_BYTES: u64 = 1 << 20;

#[cfg(not(windows))]
impl EntryLocation {
    /// The status by the entry.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read(&self) -> io::Result<AutostartStatus> {
        Ok(self.contents()?.map_or(AutostartStatus::Off, |contents| format::status(&contents)))
    }

    /// Makes the entry start a command.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn write(&self, command: &[String]) -> io::Result<()> {
        let contents = match self.contents()? {
            Some(contents) => format::update(&contents, command),
            None => format::create(command),
        };
        crate::platform::files::write_atomic(&self.file, &contents)
    }

    /// Removes the entry, if there is one.
    ///
    /// # Errors
    /// It can't be removed.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// `None`: there is no entry.
    fn contents(&self) -> io::Result<Option<Vec<u8>>> {
        match crate::platform::files::read_regular(&self.file, MAX_BYTES) {
            Ok(contents) => Ok(Some(contents)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(windows)]
mod registry {
    use crate::autostart::location::EntryLocation;
    use crate::autostart::run_key::{NAME, line, status};
    use crate::autostart::status::AutostartStatus;
    use std::io;
    use windows_registry::{CURRENT_USER, Result};

    pub const RUN: &str = "Software\\Microsoft\\Windows\\CurrentVersion\\Run";
    /// Where the Task Manager notes what it has switched off.
    const APPROVED: &str = "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\StartupApproved\\Run";
    /// `ERROR_FILE_NOT_FOUND` as an `HRESULT`.
    const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();

    fn found<T>(result: Result<T>) -> io::Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code().0 == NOT_FOUND => Ok(None),
            Err(error) => Err(io::Error::other(error.message())),
        }
    }

    impl EntryLocation {
        pub(in super::super) fn read(&self) -> io::Result<AutostartStatus> {
            let Some(run) = found(CURRENT_USER.open(RUN))? else { return Ok(AutostartStatus::Off) };
            let Some(line) = found(run.get_string(NAME))? else { return Ok(AutostartStatus::Off) };
            let approved = found(CURRENT_USER.open(APPROVED).and_then(|key| key.get_value(NAME)))?;
            Ok(status(&line, approved.and_then(|value| value.first().copied())))
        }

        pub(in super::super) fn write(&self, command: &[String]) -> io::Result<()> {
            let set = CURRENT_USER.create(RUN).and_then(|run| run.set_string(NAME, line(command)));
            set.map_err(|error| io::Error::other(error.message()))?;
            remove(APPROVED)
        }

        pub(in super::super) fn remove(&self) -> io::Result<()> {
            remove(RUN)?;
            remove(APPROVED)
        }
    }

    fn remove(path: &str) -> io::Result<()> {
        let removed = CURRENT_USER.options().read().write().open(path).and_then(|key| key.remove_value(NAME));
        found(removed).map(|_| ())
    }
}
