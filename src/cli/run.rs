//! Runs the command that the arguments name.

use crate::app::context::Context;
use crate::app::runner;
use crate::autostart::{Autostart, EntryLocation};
use crate::cli::arguments::{Arguments, Command};
use crate::cli::error::CommandError;
use crate::cli::{autostart, completions, demo, doctor, status};
use crate::config::ConfigError;
use crate::platform::paths::Paths;
use crate::platform::stdio;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs the command of the arguments.
///
/// # Errors
/// Why it failed.
pub fn run(arguments: Arguments) -> Result<ExitCode, CommandError> {
    match arguments.command {
        Some(Command::Demo { once }) => return demo::run(once),
        Some(Command::Completions { shell }) => return completions::run(shell),
        _ => {}
    }
    let mut paths = Paths::native().ok_or(CommandError::NoHome)?;
    if let Some(file) = &arguments.config {
        // The default file need not exist; one given on the command line must.
        std::fs::metadata(file).map_err(|source| ConfigError::Read { path: file.clone(), source })?;
        paths.config_file = file.clone();
    }
    let autostart = autostart_of(&arguments);
    if let Some(Command::Autostart { command }) = arguments.command {
        return autostart::run(&autostart?, command);
    }
    let autostart = autostart.inspect_err(|error| log::debug!("{error}")).ok();
    let loaded = Context::new(paths.clone(), arguments.auth_dir.clone());
    if let Some(Command::Doctor(options)) = arguments.command {
        let (context, error) = match loaded {
            Ok(context) => (context, None),
            Err(error) => (Context::with_defaults(paths, arguments.auth_dir), Some(error)),
        };
        return doctor::run(&context.with_autostart(autostart), error.as_ref(), options);
    }
    let context = loaded?.with_autostart(autostart);
    match arguments.command {
        Some(Command::Status(options)) => status::run(&context, &options),
        _ => Ok(runner::run(context)?),
    }
}

/// Prints the help, the version, or the error in the arguments: exit code 0, or 2. clap's own printing ignores write
/// errors, such as a full disk.
///
/// # Errors
/// The help can't be printed.
pub fn usage(help_or_error: &clap::Error) -> Result<ExitCode, CommandError> {
    let text = help_or_error.render().to_string();
    if help_or_error.use_stderr() {
        stdio::write_stderr(&text);
        return Ok(ExitCode::from(2));
    }
    stdio::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The autostart entry for this program with the settings file and the folder of this run.
fn autostart_of(arguments: &Arguments) -> Result<Autostart, CommandError> {
    let location = EntryLocation::native().ok_or(CommandError::NoHome)?;
    let mut options = Vec::new();
    for (flag, path) in [("--config", &arguments.config), ("--auth-dir", &arguments.auth_dir)] {
        if let Some(path) = path {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            options.extend([PathBuf::from(flag), path]);
        }
    }
    Ok(Autostart::new(location, &options)?)
}
