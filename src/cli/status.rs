//! `quota-tray status`: ask once, print, exit.

use crate::app::context::Context;
use crate::cli::{CommandError, Format, runtime};
use crate::config::Settings;
use crate::engine::{SourceSet, one_shot, refresher};
use crate::output::json::Report;
use crate::output::style::TableStyle;
use crate::output::table::table;
use crate::output::terminal::LiveTerminal;
use crate::output::{i3blocks, openmetrics, waybar};
use crate::platform::stdio::{self, Reader};
use crate::platform::{hangup, signals};
use crate::presenter::Locale;
use crate::presenter::Presenter;
use crate::quota::Snapshot;
use crate::quota::percent::is_below;
use std::io::{self, IsTerminal};
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
    /// Exit with 3 if any window has less than this left, in percent; ignored with --watch
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    check: Option<f64>,
    /// Show the cached numbers, without any request
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

/// Exit code: 0; 1 if an account failed, or none has a number to check; 3 if one is below what was to be checked.
///
/// # Errors
/// Nothing could be asked at all, or standard output can't be written.
pub fn run(context: &Context, options: &Options) -> Result<ExitCode, CommandError> {
    let resources = context.resources();
    let last_known = resources.state.snapshot();
    let dir = context.auth_dir(&context.settings);
    let sources = Arc::new(SourceSet::configured(dir, &context.settings, &resources));
    if options.cached {
        let cached = runtime()?.block_on(one_shot::cached(&sources, &last_known));
        return Ok(show(context, options, &cached)?.code);
    }
    let (_never, commands) = mpsc::unbounded_channel();
    let keep_and_show = |snapshot: Snapshot| {
        resources.state.save_snapshot(&snapshot);
        show(context, options, &snapshot)
    };
    let (end, mut ended) = mpsc::unbounded_channel();
    let publish = |snapshot: Snapshot| {
        if snapshot.refreshing {
            return;
        }
        // Its other end lives as long as this function.
        let _ = match keep_and_show(snapshot) {
            Ok(Shown { reader: Reader::Present, .. }) => Ok(()),
            Ok(Shown { reader: Reader::Gone, .. }) => end.send(Ok(ExitCode::SUCCESS)),
            Err(error) => end.send(Err(error)),
        };
    };
    let asking = async {
        if options.watch {
            let interval = context.settings.interval();
            refresher::run(sources.clone(), interval, last_known, commands, publish).await;
            return Ok(ExitCode::SUCCESS);
        }
        // Printed first: a token server that takes minutes holds up the end of the program, and nothing else.
        let shown = keep_and_show(one_shot::refresh(sources.clone(), last_known).await);
        sources.finish().await;
        Ok(shown?.code)
    };
    runtime()?.block_on(async {
        let code = tokio::select! {
            code = asking => return code,
            // Nobody reads on, or nothing more can be printed.
            Some(code) = ended.recv() => code,
            code = signals::termination() => Ok(code),
            // As with `head`, that is no error.
            () = hangup::reader_gone(), if options.watch => Ok(ExitCode::SUCCESS),
        };
        // A response that is on its way is a login. A second signal ends the program without waiting.
        tokio::select! {
            () = sources.finish() => {}
            _ = signals::termination() => {}
        }
        code
    })
}

/// What a snapshot came to.
struct Shown {
    code: ExitCode,
    reader: Reader,
}

/// Prints a snapshot; says how it stands.
fn show(context: &Context, options: &Options, snapshot: &Snapshot) -> Result<Shown, CommandError> {
    let dir = context.auth_dir(&context.settings);
    let view = view(snapshot, &context.settings, &dir, context.locale);
    let reader = match options.format {
        Format::Text => {
            let text = table(&view, TableStyle::stdout());
            match options.watch && io::stdout().is_terminal() {
                true => stdio::reader_after(LiveTerminal::default().show(&text)),
                false => stdio::print(&text),
            }
        }
        Format::Json => {
            // Said beside the JSON, which has no place for it.
            if let Some(problem) = &snapshot.problem {
                stdio::print_error(problem);
            }
            stdio::print(&format!(
                "{}\n",
                Report::new(snapshot, context.settings.hide_email, view.now, view.locale).json()
            ))
        }
        Format::Waybar => stdio::print(&waybar::waybar(&view)),
        Format::I3blocks => stdio::print(&i3blocks::i3blocks(&view)),
        Format::Openmetrics => stdio::print(&openmetrics::openmetrics(&view)),
    }?;
    Ok(Shown { code: ExitCode::from(exit_code(options, &view)), reader })
}

fn exit_code(options: &Options, view: &Presenter<'_>) -> u8 {
    let snapshot = view.snapshot;
    let lowest = snapshot.lowest(view.now).map(|(_, window)| window.remaining_percent());
    // With --watch there is no end at which it would count.
    match options.check.filter(|_| !options.watch).map(|least| (least, lowest)) {
        Some((least, Some(left))) if is_below(left, least) => return 3,
        // What a script waits for may be used up: that nothing is known is no reason to start.
        Some((_, None)) => {
            stdio::print_error("could not check: no account has a known percentage");
            return 1;
        }
        _ => {}
    }
    // A bar takes an exit code for a broken module, and what is wrong stands in the text.
    let for_a_bar = matches!(options.format, Format::Waybar | Format::I3blocks);
    let failed = snapshot.problem.is_some() || snapshot.enabled().any(|usage| usage.error.is_some());
    u8::from(failed && !for_a_bar)
}

fn view<'a>(
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    auth_dir: &'a Path,
    locale: Locale,
) -> Presenter<'a> {
    Presenter { snapshot, settings, auth_dir, now: crate::platform::clock::now(), locale }
}

/// The accounts as a table.
pub fn text(snapshot: &Snapshot, settings: &Settings, auth_dir: &Path, locale: Locale) -> String {
    table(&view(snapshot, settings, auth_dir, locale), TableStyle::stdout())
}
