//! Why a command failed, and its exit code.

use crate::app::runner::StartError;
use crate::autostart::AutostartError;
use crate::config::ConfigError;
use crate::platform::runtime;
use crate::platform::stdio::StdoutError;

/// A command has failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// The autostart entry can't be read or changed.
    #[error(transparent)]
    Autostart(#[from] AutostartError),
    /// Standard output can't be written.
    #[error(transparent)]
    Print(#[from] StdoutError),
    /// The tray can't be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no home directory.
    #[error("could not find the home directory\nhint: set the environment variable HOME")]
    NoHome,
    /// The system refuses something essential.
    #[error("could not {what}: {source}")]
    System {
        /// What failed, as in "could not …".
        what: String,
        /// The system's error.
        source: std::io::Error,
    },
}

impl CommandError {
    /// 2 for errors in arguments and settings, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            CommandError::Settings(ConfigError::Wrong { .. } | ConfigError::Read { .. }) => 2,
            _ => 1,
        }
    }
}

/// The runtime of a command.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    runtime::new().map_err(|source| CommandError::System { what: "start the runtime".into(), source })
}
