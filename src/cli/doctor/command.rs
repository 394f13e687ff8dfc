//! Runs all checks and prints their results, in the order of the output.

use crate::app::context::Context;
use crate::cli::doctor::finding::{Finding, Mark};
use crate::cli::doctor::{desktop, files, logins, network};
use crate::cli::error::{CommandError, runtime};
use crate::config::ConfigError;
use crate::output::style::TableStyle;
use crate::platform::stdio;
use std::process::ExitCode;

/// Options of `doctor`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Send a test notification
    #[arg(long)]
    notify: bool,
    /// Include account names and file names; not for public bug reports
    #[arg(long)]
    show_accounts: bool,
}

/// Runs all checks and prints their results. Settings with an error are a finding like any other; the other checks then
/// use the defaults.
///
/// # Errors
/// The runtime can't be started, or standard output can't be written.
pub fn run(
    context: &Context,
    settings_error: Option<&ConfigError>,
    options: Options,
) -> Result<ExitCode, CommandError> {
    let style = TableStyle::stdout();
    let home = &context.paths.home;
    let mut worst = Mark::Good;
    let mut print = |findings: Vec<Finding>| {
        findings.into_iter().try_for_each(|finding| {
            worst = worst.max(finding.mark);
            stdio::print(&finding.line(style, home, options.show_accounts)).map(drop)
        })
    };
    runtime()?.block_on(async {
        print(vec![desktop::versions()])?;
        print(vec![files::settings(context, settings_error)])?;
        print(files::unknown_windows(context).into_iter().collect())?;
        let (findings, logins) = logins::check(context, options.show_accounts).await;
        print(findings)?;
        print(desktop::check(options.notify).await)?;
        print(desktop::held_back(context).into_iter().collect())?;
        print(network::check(context, &logins).await)?;
        print(vec![files::state(context), files::tray(context)])?;
        print(context.autostart.iter().map(files::autostart).collect())
    })?;
    Ok(ExitCode::from(u8::from(worst == Mark::Bad)))
}
