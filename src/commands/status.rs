//! `quota-tray status`: ask once, print, exit.

use super::report::Report;
use super::{CommandError, Context, Format, runtime, trace_step};
use crate::config::Settings;
use crate::quota::{Snapshot, Zone};
use crate::refresher;
use crate::source::{Accounts, Shared};
use crate::tray::menu::{self, View};
use chrono::Utc;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code: 0, or 1 if an account failed.
///
/// # Errors
/// Nothing could be asked at all.
pub fn run(context: &Context, format: Format) -> Result<ExitCode, CommandError> {
    let dir = context.auth_dir(&context.settings);
    let shared = Shared::new(&context.paths.state_dir, trace_step);
    let accounts = Accounts::new(dir.clone(), &context.settings, &shared);
    let asking = refresher::once(Arc::new(accounts), shared.state.snapshot());
    let snapshot = runtime()?.block_on(asking);
    shared.state.keep_snapshot(&snapshot);
    match format {
        Format::Text => print(&text(&snapshot, &context.settings, &dir)),
        Format::Json => {
            // Said beside the JSON, which has no place for it.
            if let Some(problem) = &snapshot.problem {
                eprintln!("quota-tray: {problem}");
            }
            let report = Report::new(&snapshot, context.settings.hide_email, Utc::now(), Zone::LOCAL);
            print(&format!("{}\n", report.json()));
        }
    }
    let failed = snapshot.problem.is_some() || snapshot.enabled().any(|usage| usage.error.is_some());
    Ok(ExitCode::from(u8::from(failed)))
}

/// The menu's rows of the accounts, as text.
pub fn text(snapshot: &Snapshot, settings: &Settings, auth_dir: &Path) -> String {
    let view = View { snapshot, settings, auth_dir, problem: None, now: Utc::now(), zone: Zone::LOCAL };
    menu::as_text(&view.accounts())
}

/// Prints to standard output. A reader that has seen enough, such as `head`, is no error.
pub fn print(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
