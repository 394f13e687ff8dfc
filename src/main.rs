//! Arguments → one command.

// A tray needs no console window. A debug build keeps one, for its messages.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use clap::Parser;
use quota_tray::commands::{self, Arguments};
use quota_tray::memory;
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::keep_little();
    commands::attach_console();
    // Wrong arguments end here, with 2.
    let arguments = Arguments::parse();
    commands::messages::log_to_stderr(arguments.verbose);
    commands::run(arguments).unwrap_or_else(|error| {
        eprintln!("quota-tray: {error}");
        ExitCode::from(error.exit_code())
    })
}
