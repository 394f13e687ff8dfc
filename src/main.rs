//! Arguments → one command.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]
// A tray needs no console window. A debug build keeps one, for its messages.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use clap::Parser;
use quota_tray::commands::{self, Arguments, messages, output};
use quota_tray::{core_dumps, memory};
use std::process::ExitCode;

fn main() -> ExitCode {
    core_dumps::forbid();
    memory::keep_little();
    commands::attach_console();
    let done = match Arguments::try_parse() {
        Ok(arguments) => {
            messages::log_to_stderr(arguments.verbose);
            commands::run(arguments)
        }
        Err(help_or_error) => commands::usage(&help_or_error),
    };
    done.unwrap_or_else(|error| {
        output::complain(&error.to_string());
        ExitCode::from(error.exit_code())
    })
}
