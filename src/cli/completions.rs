//! `quota-tray completions SHELL`: a completion script, generated from the arguments.

use crate::cli::arguments::Arguments;
use crate::cli::error::CommandError;
use crate::platform::stdio;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints the completion script for a shell.
///
/// # Errors
/// Standard output can't be written.
pub fn run(shell: Shell) -> Result<ExitCode, CommandError> {
    stdio::print(&script(shell))?;
    Ok(ExitCode::SUCCESS)
}

/// The completion script for a shell.
pub fn script(shell: Shell) -> String {
    // To memory: the generator panics if it can't write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "quota-tray", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
