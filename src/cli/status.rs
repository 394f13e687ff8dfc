//! `quota-tray status`: refresh once, print, exit.

use crate::app::context::Context;
use crate::cli::error::{CommandError, runtime};
use crate::config::Settings;
use crate::engine::{SourceSet, one_shot, refresher};
use crate::output::json::Report;
use crate::output::style::TableStyle;
use crate::output::table::table;
use crate::output::terminal::LiveTerminal;
use crate::output::{i3blocks, openmetrics, waybar};
use crate::platform::stdio::{self, Reader};
use crate::platform::{hangup, signals};
use crate::presenter::{Locale, Presenter, messages, preferences};
use crate::quota::Snapshot;
use crate::quota::percent::is_below;
use clap::ValueEnum;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::mpsc;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table.
    Text,
    /// JSON, described in docs/status-and-scripts.md.
    Json,
    /// JSON for a Waybar custom module.
    Waybar,
    /// Lines for i3blocks.
    I3blocks,
    /// OpenMetrics, for Prometheus.
    Openmetrics,
}

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 3 if any window has less than PERCENT left; ignored with --watch
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    check: Option<f64>,
    /// Print the last known values without sending requests
    #[arg(long, conflicts_with = "watch")]
    cached: bool,
    /// Keep running and print after every refresh
    #[arg(long)]
    watch: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let percent =
        text.trim_end_matches('%').parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value));
    percent.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}

/// Runs the command. Exit code: 0; 1 if an account failed, or none has a percentage to check; 3 if a window is below the
/// checked percentage.
///
/// # Errors
/// The runtime can't be started, or standard output can't be written.
pub fn run(context: &Context, options: &Options) -> Result<ExitCode, CommandError> {
    let resources = context.resources();
    let last_known = resources.state.snapshot();
    let dir = context.auth_dir(&context.settings);
    let sources = Arc::new(SourceSet::configured(dir, &context.settings, &resources));
    if options.cached {
        let cached = runtime()?.block_on(one_shot::cached(&sources, &last_known));
        if options.format == Format::Text && cached.has_nothing_saved() {
            stdio::print(&format!("{}\n", messages::NO_SAVED_VALUES))?;
            let dir = context.auth_dir(&context.settings);
            let presenter = presenter(&cached.snapshot, &context.settings, &dir, context.locale);
            return Ok(ExitCode::from(exit_code(options, &presenter)));
        }
        return Ok(print(context, options, &cached.snapshot)?.code);
    }
    let (_never, commands) = mpsc::unbounded_channel();
    let save_and_print = |snapshot: Snapshot| {
        resources.state.save_snapshot(&snapshot);
        print(context, options, &snapshot)
    };
    let (result_sender, mut results) = mpsc::unbounded_channel();
    let publish = |snapshot: Snapshot| {
        if snapshot.refreshing {
            return;
        }
        // The receiver lives as long as this function.
        let _ = match save_and_print(snapshot) {
            Ok(Printed { reader: Reader::Present, .. }) => Ok(()),
            Ok(Printed { reader: Reader::Gone, .. }) => result_sender.send(Ok(ExitCode::SUCCESS)),
            Err(error) => result_sender.send(Err(error)),
        };
    };
    let refreshing = async {
        if options.watch {
            let interval = context.settings.interval();
            refresher::run(sources.clone(), interval, last_known, commands, publish).await;
            return Ok(ExitCode::SUCCESS);
        }
        // Printed first: a slow token server delays the exit only.
        let printed = save_and_print(one_shot::refresh(sources.clone(), last_known).await);
        sources.finish().await;
        Ok(printed?.code)
    };
    runtime()?.block_on(async {
        let code = tokio::select! {
            code = refreshing => return code,
            // The reader is gone, or printing failed.
            Some(code) = results.recv() => code,
            code = signals::termination() => Ok(code),
            // A reader that ends early, such as `head`, is no error.
            () = hangup::reader_gone(), if options.watch => Ok(ExitCode::SUCCESS),
        };
        // The response of a renewal under way holds a login. A second signal exits without waiting.
        tokio::select! {
            () = sources.finish() => {}
            _ = signals::termination() => {}
        }
        code
    })
}

/// The result of printing a snapshot.
struct Printed {
    code: ExitCode,
    reader: Reader,
}

/// Prints a snapshot.
fn print(context: &Context, options: &Options, snapshot: &Snapshot) -> Result<Printed, CommandError> {
    let dir = context.auth_dir(&context.settings);
    let snapshot = &preferences::apply(snapshot, &context.settings);
    let presenter = presenter(snapshot, &context.settings, &dir, context.locale);
    let reader = match options.format {
        Format::Text => {
            let text = table(&presenter, TableStyle::stdout());
            match options.watch && io::stdout().is_terminal() {
                true => stdio::reader_after(LiveTerminal::default().show(&text)),
                false => stdio::print(&text),
            }
        }
        Format::Json => {
            // The JSON has no field for it.
            if let Some(problem) = &snapshot.problem {
                stdio::print_error(problem);
            }
            stdio::print(&format!(
                "{}\n",
                Report::new(snapshot, context.settings.hide_email, presenter.now, presenter.locale).json()
            ))
        }
        Format::Waybar => stdio::print(&waybar::waybar(&presenter)),
        Format::I3blocks => stdio::print(&i3blocks::i3blocks(&presenter)),
        Format::Openmetrics => stdio::print(&openmetrics::openmetrics(&presenter)),
    }?;
    Ok(Printed { code: ExitCode::from(exit_code(options, &presenter)), reader })
}

fn exit_code(options: &Options, presenter: &Presenter<'_>) -> u8 {
    let snapshot = presenter.snapshot;
    let lowest = snapshot.lowest(presenter.now).map(|(_, window)| window.remaining_percent());
    // With --watch there is no exit code to report it with.
    match options.check.filter(|_| !options.watch).map(|minimum| (minimum, lowest)) {
        Some((minimum, Some(left))) if is_below(left, minimum) => return 3,
        // The quota may be exhausted: without a known percentage the check fails.
        Some((_, None)) => {
            stdio::print_error("could not check: no account has a known percentage");
            return 1;
        }
        _ => {}
    }
    // A bar treats an exit code as a broken module, and the text has the error.
    let is_for_bar = matches!(options.format, Format::Waybar | Format::I3blocks);
    let failed = snapshot.problem.is_some() || snapshot.enabled().any(|usage| usage.error.is_some());
    u8::from(failed && !is_for_bar)
}

fn presenter<'a>(
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    auth_dir: &'a Path,
    locale: Locale,
) -> Presenter<'a> {
    Presenter { snapshot, settings, auth_dir, now: crate::platform::clock::now(), locale }
}

/// The accounts as a table.
pub fn text(snapshot: &Snapshot, settings: &Settings, auth_dir: &Path, locale: Locale) -> String {
    table(&presenter(snapshot, settings, auth_dir, locale), TableStyle::stdout())
}
