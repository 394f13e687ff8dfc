//! `quota-tray completions SHELL`: what the shell's Tab key has to know, made from the arguments themselves.

use super::{Arguments, CommandError};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};
use std::process::ExitCode;

/// Prints the completions for a shell.
///
/// # Errors
/// They can't be written.
pub fn run(shell: Shell) -> Result<ExitCode, CommandError> {
    match io::stdout().lock().write_all(&script(shell)) {
        // `quota-tray completions bash | head` has read what it wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(source) => Err(CommandError::System { what: "print the completions".into(), source }),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// The completions for a shell, in its own language.
pub fn script(shell: Shell) -> Vec<u8> {
    // In memory, for the generator panics where it can't write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "quota-tray", &mut script);
    script
}
