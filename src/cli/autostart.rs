//! `quota-tray autostart on|off|status`.

use crate::autostart::{self, Autostart, AutostartError, AutostartStatus};
use crate::cli::error::CommandError;
use crate::platform::stdio;
use crate::text;
use std::process::ExitCode;

/// What to do with the autostart entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum AutostartCommand {
    /// Start Quota Tray at login, from its current location
    On,
    /// Do not start Quota Tray at login
    Off,
    /// Show whether Quota Tray is started at login
    Status,
}

/// Runs the command and prints the status.
///
/// # Errors
/// The entry can't be read or changed.
pub fn run(autostart: &Autostart, command: AutostartCommand) -> Result<ExitCode, CommandError> {
    match command {
        AutostartCommand::On => autostart.set(true)?,
        AutostartCommand::Off => autostart.set(false)?,
        AutostartCommand::Status => {}
    }
    stdio::print(&format!("{}\n", text::escape_hidden(&status(autostart)?)))?;
    Ok(ExitCode::SUCCESS)
}

/// The status in one sentence.
fn status(autostart: &Autostart) -> Result<String, AutostartError> {
    Ok(match autostart.status()? {
        AutostartStatus::Off => "off: Quota Tray is not started at login".into(),
        AutostartStatus::On(command) => {
            let line = command.join(" ");
            let is_missing = command.first().is_some_and(|program| !autostart::exists(program));
            let hint = ", which does not exist; run `quota-tray autostart on` to start this one";
            format!("on: {} starts {line}{}", autostart.location(), if is_missing { hint } else { "" })
        }
    })
}
