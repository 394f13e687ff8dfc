//! The command line: commands, options and their help.

use crate::cli::{autostart, doctor, status};
use clap::{ArgAction, Parser, Subcommand, ValueHint};
use std::path::PathBuf;

/// Shown below the help and in the man page.
const EXAMPLES: &str = "\
Examples:
  quota-tray demo                        Try it with made-up accounts
  quota-tray                             Show the tray icon
  quota-tray status                      Print a table of what is left
  quota-tray status --check 20 && ./job  Run a job only if every window has 20% left
  quota-tray status --format waybar      Print for a Waybar module
  quota-tray -vv status                  Log debug messages (they contain no tokens)";

/// The heading of the options that every command takes.
const GLOBAL_OPTIONS: &str = "Global options";

/// A tray icon that shows how much of your Claude and Codex quota is left
///
/// Without a command, the tray icon is shown. No setup is needed: the accounts are the logins of CLIProxyAPI, VibeProxy
/// or DroidProxy in ~/.cli-proxy-api.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Use this settings file
    #[arg(long, global = true, value_name = "FILE", env = "QUOTA_TRAY_CONFIG", hide_env_values = true)]
    #[arg(help_heading = GLOBAL_OPTIONS, value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Use the credential files in this folder
    #[arg(long, global = true, value_name = "DIR", env = "QUOTA_TRAY_AUTH_DIR", hide_env_values = true)]
    #[arg(help_heading = GLOBAL_OPTIONS, value_hint = ValueHint::DirPath)]
    pub(crate) auth_dir: Option<PathBuf>,
    /// Log more to standard error; -vv also logs debug messages
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = GLOBAL_OPTIONS)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print current usage
    ///
    /// Exit code: 0 on success; 1 if any account failed, --check finds no percentage to compare, or standard output can't
    /// be written; 2 for invalid arguments or settings; 3 if --check finds a window below PERCENT (takes precedence over
    /// 1).
    Status(status::Options),
    /// Check the installation and suggest fixes
    ///
    /// The output contains no tokens, and no account names unless --show-accounts is given, so it is safe to paste into a
    /// bug report. Exit code: 0 if no check failed, otherwise 1.
    Doctor(doctor::Options),
    /// Start Quota Tray at login
    Autostart {
        #[command(subcommand)]
        command: autostart::AutostartCommand,
    },
    /// Try the tray with five made-up accounts
    ///
    /// Uses no account, no network and none of your files.
    Demo {
        /// Print a table instead, and exit
        #[arg(long)]
        once: bool,
    },
    /// Print a completion script for a shell
    ///
    /// To install it for bash:
    ///
    ///   quota-tray completions bash > ~/.local/share/bash-completion/completions/quota-tray
    ///
    /// For zsh, save it as _quota-tray in a folder of $fpath; for fish, as ~/.config/fish/completions/quota-tray.fish.
    #[command(verbatim_doc_comment)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}
