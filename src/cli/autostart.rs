//! `quota-tray autostart on|off|status`.

use crate::autostart::{self, Autostart, AutostartError, AutostartStatus};
use crate::cli::CommandError;
use crate::platform::stdio;
use crate::text;
use std::process::ExitCode;

/// What to do about starting at login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum AutostartCommand {
    /// Start Quota Tray at login, from where it is now
    On,
    /// Do not start it any more
    Off,
    /// Say whether it is started, and from where
    Status,
}

/// Carries out a wish and says how it stands.
///
/// # Errors
/// The entry can't be read or changed.
pub fn run(autostart: &Autostart, wish: AutostartCommand) -> Result<ExitCode, CommandError> {
    match wish {
        AutostartCommand::On => autostart.set(true)?,
        AutostartCommand::Off => autostart.set(false)?,
        AutostartCommand::Status => {}
    }
    stdio::print(&format!("{}\n", text::escape_hidden(&words(autostart)?)))?;
    Ok(ExitCode::SUCCESS)
}

/// How it stands, in one sentence.
///
/// # Errors
/// The entry can't be read.
pub fn words(autostart: &Autostart) -> Result<String, AutostartError> {
    Ok(match autostart.standing()? {
        AutostartStatus::Off => "off: Quota Tray is not started at login".into(),
        AutostartStatus::On(command) => {
            let line = command.join(" ");
            let missing = command.first().is_some_and(|program| !autostart::exists(program));
            let lost = ", which is not there; `quota-tray autostart on` starts this one";
            format!("on: {} starts {line}{}", autostart.place(), if missing { lost } else { "" })
        }
    })
}
