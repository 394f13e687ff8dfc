//! The commands, and what they share: arguments, settings, exit codes.

pub mod autostart;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod logging;
pub mod status;

use crate::app::context::Context;
use crate::app::runner::{self, StartError};
use crate::autostart::{Autostart, AutostartError, Place};
use crate::config::ConfigError;
use crate::platform::paths::Paths;
use crate::platform::runtime;
use crate::platform::stdio::{self, StdoutError};
use clap::{ArgAction, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::process::ExitCode;

/// What stands below the help and in the manual.
const EXAMPLES: &str = "\
Examples:
  quota-tray demo                        See what it is like; needs no account
  quota-tray                             Show the tray
  quota-tray status                      Print what is left, as a table
  quota-tray status --check 20 && ./job  Start it only with 20 % left everywhere
  quota-tray status --format waybar      Feed a bar
  quota-tray -vv status                  See what happens, without a token in it";

/// The heading of the options that every command takes.
const EVERYWHERE: &str = "Global options";

/// How much of your Claude and Codex quota is left, in the corner of your screen
///
/// Without a command it shows the tray. There is nothing to set up: the accounts are the logins that CLIProxyAPI,
/// VibeProxy or DroidProxy keep in ~/.cli-proxy-api.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The settings file
    #[arg(long, global = true, value_name = "FILE", env = "QUOTA_TRAY_CONFIG", hide_env_values = true)]
    #[arg(help_heading = EVERYWHERE, value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// The folder with the credential files
    #[arg(long, global = true, value_name = "DIR", env = "QUOTA_TRAY_AUTH_DIR", hide_env_values = true)]
    #[arg(help_heading = EVERYWHERE, value_hint = ValueHint::DirPath)]
    auth_dir: Option<PathBuf>,
    /// Log more to standard error; twice for debug messages
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = EVERYWHERE)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print current usage and exit
    ///
    /// Exit code: 0; 1 if any account failed, --check finds no percentage to compare, or standard output can't be
    /// written; 2 for wrong arguments or settings; 3 if --check finds a window below PERCENT (takes precedence over 1).
    Status(status::Options),
    /// Check everything that has to work, and say what to do
    ///
    /// The text names no account and holds no token, so that it fits into a bug report. Exit code: 0, or
    /// 1 if something is wrong.
    Doctor(doctor::Options),
    /// Start Quota Tray at login
    Autostart {
        #[command(subcommand)]
        wish: autostart::AutostartCommand,
    },
    /// Show the tray with five made-up accounts: no account, no network, no real file
    Demo {
        /// Print them once instead
        #[arg(long)]
        once: bool,
    },
    /// Print what a shell needs to complete the arguments
    ///
    /// For bash, put it where it is looked for:
    ///
    ///   quota-tray completions bash > ~/.local/share/bash-completion/completions/quota-tray
    ///
    /// zsh wants a file _quota-tray in a folder of its $fpath, fish ~/.config/fish/completions/quota-tray.fish.
    #[command(verbatim_doc_comment)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// How `status` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; described in docs/status-and-scripts.md.
    Json,
    /// For a custom module of Waybar.
    Waybar,
    /// For i3blocks.
    I3blocks,
    /// For Prometheus.
    Openmetrics,
}

/// A command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] ConfigError),
    /// Starting at login can't be looked at or changed.
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
    /// The system refuses something without which nothing goes.
    #[error("could not {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl CommandError {
    /// 2 for what the user can fix in arguments and settings, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            CommandError::Settings(ConfigError::Wrong { .. } | ConfigError::Read { .. }) => 2,
            _ => 1,
        }
    }
}

/// Carries out the command of the arguments.
///
/// # Errors
/// Why it can't be.
pub fn run(arguments: Arguments) -> Result<ExitCode, CommandError> {
    match arguments.command {
        Some(Command::Demo { once }) => return demo::run(once),
        Some(Command::Completions { shell }) => return completions::run(shell),
        _ => {}
    }
    let mut paths = Paths::native().ok_or(CommandError::NoHome)?;
    if let Some(file) = &arguments.config {
        // The default file need not exist; one that is named should.
        std::fs::metadata(file).map_err(|source| ConfigError::Read { path: file.clone(), source })?;
        paths.config_file = file.clone();
    }
    let autostart = autostart_of(&arguments);
    if let Some(Command::Autostart { wish }) = arguments.command {
        return autostart::run(&autostart?, wish);
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

/// Prints the help or the version, or says what is wrong with the arguments: exit code 0, or 2. clap would do so by
/// itself, and say nothing of a full disk.
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

/// Starting at login what was started now: with the settings and the folder that this run was given.
fn autostart_of(arguments: &Arguments) -> Result<Autostart, CommandError> {
    let place = Place::native().ok_or(CommandError::NoHome)?;
    let mut more = Vec::new();
    for (flag, path) in [("--config", &arguments.config), ("--auth-dir", &arguments.auth_dir)] {
        if let Some(path) = path {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            more.extend([PathBuf::from(flag), path]);
        }
    }
    Ok(Autostart::new(place, &more)?)
}

/// The runtime that a command waits on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    runtime::new().map_err(|source| CommandError::System { what: "start the runtime".into(), source })
}

/// A release build for Windows has no console of its own; what it prints goes to the one it was
/// started from.
pub fn attach_console() {
    #[cfg(all(windows, not(debug_assertions)))]
    {
        use windows_sys::Win32::System::Console::{ATTACH_PARENT_PROCESS, AttachConsole};
        // SAFETY: takes a number and touches no memory of ours. It fails where there is no console,
        // and then there is nobody to read.
        unsafe { AttachConsole(ATTACH_PARENT_PROCESS) };
    }
}
