//! Where it is kept: a file, written at once or not at all, or the registry.

#[cfg(not(windows))]
use crate::autostart::AutostartStatus;
use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};
use std::fmt;
#[cfg(not(windows))]
use std::{io, path::PathBuf};

/// Where starting at login is noted on this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    #[cfg(not(windows))]
    file: PathBuf,
}

impl Place {
    /// The customary place; `None` where there is no home directory to be found.
    pub fn native() -> Option<Place> {
        let base = choose_native_strategy().ok()?;
        #[cfg(windows)]
        {
            let _ = base.home_dir();
            Some(Place {})
        }
        #[cfg(target_os = "macos")]
        {
            let name = format!("{}.plist", crate::autostart::agent::LABEL);
            Some(Place { file: base.home_dir().join("Library/LaunchAgents").join(name) })
        }
        #[cfg(not(any(target_os = "macos", windows)))]
        Some(Place { file: base.config_dir().join("autostart/quota-tray.desktop") })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(not(windows))]
        return self.file.display().fmt(f);
        #[cfg(windows)]
        write!(f, "the value \"{}\" of HKEY_CURRENT_USER\\{}", crate::autostart::run_key::NAME, registry::RUN)
    }
}

#[cfg(not(windows))]
impl Place {
    /// What is noted there.
    ///
    /// # Errors
    /// It can't be read.
    pub(crate) fn read(&self) -> io::Result<AutostartStatus> {
        let Some(text) = self.text()? else { return Ok(AutostartStatus::Off) };
        #[cfg(target_os = "macos")]
        return Ok(crate::autostart::agent::standing(&text));
        #[cfg(not(target_os = "macos"))]
        Ok(crate::autostart::entry::standing(&text))
    }

    /// Notes a command there.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn write(&self, command: &[String]) -> io::Result<()> {
        #[cfg(target_os = "macos")]
        use crate::autostart::agent as form;
        #[cfg(not(target_os = "macos"))]
        use crate::autostart::entry as form;
        let text = match self.text()? {
            Some(text) => form::changed(&text, command),
            None => form::new(command),
        };
        crate::platform::files::write_atomic(&self.file, text.as_bytes())
    }

    /// Notes nothing there any more.
    ///
    /// # Errors
    /// It can't be removed.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn text(&self) -> io::Result<Option<String>> {
        match std::fs::read(&self.file) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(windows)]
mod registry {
    use crate::autostart::AutostartStatus;
    use crate::autostart::place::Place;
    use crate::autostart::run_key::{NAME, line, standing};
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

    impl Place {
        pub(in super::super) fn read(&self) -> io::Result<AutostartStatus> {
            let Some(run) = found(CURRENT_USER.open(RUN))? else { return Ok(AutostartStatus::Off) };
            let Some(line) = found(run.get_string(NAME))? else { return Ok(AutostartStatus::Off) };
            let approved = found(CURRENT_USER.open(APPROVED).and_then(|key| key.get_value(NAME)))?;
            Ok(standing(&line, approved.and_then(|value| value.first().copied())))
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
