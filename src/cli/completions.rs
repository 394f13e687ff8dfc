//! `quota-tray completions SHELL`: what the shell's Tab key has to know, made from the arguments themselves.

use crate::cli::{Arguments, CommandError};
use crate::platform::stdio;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints the completions for a shell.
///
/// # Errors
/// They can't be written.
pub fn run(shell: Shell) -> Result<ExitCode, CommandError> {
    stdio::print(&script(shell))?;
    Ok(ExitCode::SUCCESS)
}

/// The completions for a shell, in its own language.
pub fn script(shell: Shell) -> String {
    // In memory, for the generator panics where it can't write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "quota-tray", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
