//! What every command works with: where the files are, and the settings in force.

use crate::autostart::Autostart;
use crate::config::{self, ConfigError, FileState, Settings};
use crate::engine::Resources;
use crate::platform::paths::{Paths, expand_home};
use crate::platform::{self, stdio};
use crate::presenter::Locale;
use crate::presenter::locale_format::LocaleFormat;
use std::path::PathBuf;

/// Where the files are, and the settings in force.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where the settings, the state and the lock are.
    pub paths: Paths,
    /// The settings in force.
    pub settings: Settings,
    /// What the settings file was like when they were read.
    pub file_state: FileState,
    /// Starting at login. `None`: not supported here, or not to be changed.
    pub autostart: Option<Autostart>,
    /// The reader's time zone, and how times and numbers are written.
    pub locale: Locale,
    /// The folder named on the command line, which takes precedence over the one of the settings.
    auth_dir: Option<PathBuf>,
}

impl Context {
    /// Reads the settings from the file in `paths`.
    ///
    /// # Errors
    /// The settings are invalid or can't be read.
    pub fn new(paths: Paths, auth_dir: Option<PathBuf>) -> Result<Context, ConfigError> {
        let mut context = Context::with_defaults(paths, auth_dir);
        let (settings, state) = context.read_settings();
        (context.settings, context.file_state) = (settings?, state);
        stdio::hide_addresses(context.settings.hide_email);
        Ok(context)
    }

    /// The same with the default settings, without reading the file.
    pub fn with_defaults(paths: Paths, auth_dir: Option<PathBuf>) -> Context {
        let defaults = Settings::default();
        let settings =
            Settings { auth_dir: auth_dir.clone().unwrap_or(defaults.auth_dir.clone()), ..defaults };
        let file_state = FileState::Blank;
        Context { paths, settings, file_state, autostart: None, locale: locale(), auth_dir }
    }

    /// The same with an entry for starting at login.
    #[must_use]
    pub fn with_autostart(self, autostart: Option<Autostart>) -> Context {
        Context { autostart, ..self }
    }

    /// Reads the settings file, without putting the settings in force. The settings are an error if they are invalid or
    /// can't be read.
    pub fn read_settings(&self) -> (Result<Settings, ConfigError>, FileState) {
        let file = &self.paths.config_file;
        let text = match config::read(file) {
            Ok(text) => text,
            Err(error) => return (Err(error), FileState::Wrong),
        };
        let settings = config::parse(file, text.as_deref().unwrap_or_default()).map(|settings| {
            let auth_dir = self.auth_dir.clone().unwrap_or_else(|| settings.auth_dir.clone());
            Settings { auth_dir, ..settings }
        });
        (settings, FileState::of(file, text.as_deref()))
    }

    /// The folder with the credential files according to `settings`, with `~` expanded.
    pub fn auth_dir(&self, settings: &Settings) -> PathBuf {
        expand_home(&settings.auth_dir, &self.paths.home)
    }

    /// The connections, token renewals and state; the steps of each renewal are logged.
    pub fn resources(&self) -> Resources {
        Resources::new(&self.paths.state_dir, &self.paths.runtime_dir, |step| {
            log::debug!("renewal: {step:?}")
        })
    }
}

/// The machine's time zone, and the format of the locale that is set.
pub fn locale() -> Locale {
    let format = LocaleFormat::of(&platform::locale::time(), &platform::locale::numeric());
    Locale { format, ..Locale::of_zone(platform::locale::utc_offset) }
}
