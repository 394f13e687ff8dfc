//! `quota-tray status`: ask once, print, exit.

use super::report::Report;
use super::table::{self, Paper};
use super::{CommandError, Context, Format, formats, runtime, signals, trace_step};
use crate::config::Settings;
use crate::quota::{Snapshot, Zone};
use crate::refresher;
use crate::source::{Accounts, Shared, Source};
use crate::tray::menu::View;
use crate::tray::terminal::Live;
use chrono::Utc;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::mpsc;

/// How `status` goes about it.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 3 when any window has less than this left, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    check: Option<f64>,
    /// Show what was known last, and ask nobody
    #[arg(long, conflicts_with = "watch")]
    cached: bool,
    /// Go on, and print again at each refresh
    #[arg(long)]
    watch: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let percent =
        text.trim_end_matches('%').parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value));
    percent.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}

/// Exit code: 0; 1 if an account failed; 3 if one is below what was to be checked.
///
/// # Errors
/// Nothing could be asked at all.
pub fn run(context: &Context, options: &Options) -> Result<ExitCode, CommandError> {
    let shared = Shared::new(&context.paths.state_dir, trace_step);
    let last_known = shared.state.snapshot();
    if options.cached {
        return Ok(show(context, options, &last_known));
    }
    let dir = context.auth_dir(&context.settings);
    let accounts = Arc::new(Accounts::new(dir, &context.settings, &shared));
    let (_never, commands) = mpsc::unbounded_channel();
    let keep_and_show = |snapshot: Snapshot| {
        shared.state.keep_snapshot(&snapshot);
        show(context, options, &snapshot)
    };
    let publish = |snapshot: Snapshot| {
        if !snapshot.refreshing {
            keep_and_show(snapshot);
        }
    };
    let asking = async {
        if options.watch {
            let interval = context.settings.interval();
            refresher::run(accounts.clone(), interval, last_known, commands, publish).await;
            return ExitCode::SUCCESS;
        }
        // Printed first: a token server that takes minutes holds up the end of the program, and nothing else.
        let code = keep_and_show(refresher::once(accounts.clone(), last_known).await);
        accounts.finish().await;
        code
    };
    Ok(runtime()?.block_on(async {
        tokio::select! {
            code = asking => code,
            code = signals::asked_to_end() => {
                // A response that is on its way is a login. Whoever asks twice means it.
                tokio::select! {
                    () = accounts.finish() => {}
                    _ = signals::asked_to_end() => {}
                }
                code
            }
        }
    }))
}

/// Prints a snapshot; says how it stands.
fn show(context: &Context, options: &Options, snapshot: &Snapshot) -> ExitCode {
    let dir = context.auth_dir(&context.settings);
    let view = view(snapshot, &context.settings, &dir);
    match options.format {
        Format::Text => {
            let table = table::table(&view, Paper::stdout());
            match options.watch && io::stdout().is_terminal() {
                true => Live::default().show(&table),
                false => print(&table),
            }
        }
        Format::Json => {
            // Said beside the JSON, which has no place for it.
            if let Some(problem) = &snapshot.problem {
                eprintln!("quota-tray: {problem}");
            }
            print(&format!(
                "{}\n",
                Report::new(snapshot, context.settings.hide_email, view.now, view.zone).json()
            ));
        }
        Format::Waybar => print(&formats::waybar(&view)),
        Format::I3blocks => print(&formats::i3blocks(&view)),
        Format::Openmetrics => print(&formats::openmetrics(&view)),
    }
    let lowest = snapshot.lowest(view.now).map(|(_, window)| window.remaining_percent());
    if options.check.zip(lowest).is_some_and(|(least, left)| left < least) {
        return ExitCode::from(3);
    }
    // A bar takes an exit code for a broken module, and what is wrong stands in the text.
    let for_a_bar = matches!(options.format, Format::Waybar | Format::I3blocks);
    let failed = snapshot.problem.is_some() || snapshot.enabled().any(|usage| usage.error.is_some());
    ExitCode::from(u8::from(failed && !for_a_bar))
}

fn view<'a>(snapshot: &'a Snapshot, settings: &'a Settings, auth_dir: &'a Path) -> View<'a> {
    View {
        snapshot,
        settings,
        auth_dir,
        problem: None,
        starts_at_login: None,
        now: Utc::now(),
        zone: Zone::LOCAL,
    }
}

/// The accounts as a table.
pub fn text(snapshot: &Snapshot, settings: &Settings, auth_dir: &Path) -> String {
    table::table(&view(snapshot, settings, auth_dir), Paper::stdout())
}

/// Prints to standard output. A reader that has seen enough, such as `head`, is no error.
pub fn print(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
