//! Arguments → one command.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]
// A tray needs no console window. A debug build keeps one, for its messages.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

use clap::Parser;
use quota_tray::cli::{Arguments, console, logging, run};
use quota_tray::platform::{allocator, core_dumps, stdio};
use std::process::ExitCode;

fn main() -> ExitCode {
    core_dumps::disable();
    allocator::configure();
    console::attach_console();
    let done = match Arguments::try_parse() {
        Ok(arguments) => {
            logging::log_to_stderr(arguments.verbose);
            run::run(arguments)
        }
        Err(help_or_error) => run::usage(&help_or_error),
    };
    done.unwrap_or_else(|error| {
        stdio::print_error(&error.to_string());
        ExitCode::from(error.exit_code())
    })
}
