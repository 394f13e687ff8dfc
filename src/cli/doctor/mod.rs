//! `quota-tray doctor`: looks at everything that has to work, one line each, and says what to do.

mod desktop;
mod files;
mod logins;
mod network;

use crate::app::context::Context;
use crate::cli::{CommandError, runtime};
use crate::config::ConfigError;
use crate::output::style::{TableStyle, TextStyle};
use crate::platform::stdio;
use crate::text;
use std::path::Path;
use std::process::ExitCode;

/// How the doctor goes about it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Options {
    /// Send a notification, too
    #[arg(long)]
    notify: bool,
    /// Name the accounts and their files: not for a public bug report
    #[arg(long)]
    show_accounts: bool,
}

/// How it stands with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Good,
    Doubtful,
    Bad,
}

/// One line.
#[derive(Debug)]
struct Finding {
    mark: Mark,
    /// What was looked at, as two or three words.
    what: String,
    /// How it is.
    state: String,
    /// What to do. Empty: nothing.
    remedy: String,
}

fn good(what: impl Into<String>, state: impl Into<String>) -> Finding {
    Finding { mark: Mark::Good, what: what.into(), state: state.into(), remedy: String::new() }
}

fn doubtful(what: impl Into<String>, state: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { mark: Mark::Doubtful, what: what.into(), state: state.into(), remedy: remedy.into() }
}

fn bad(what: impl Into<String>, state: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { mark: Mark::Bad, ..doubtful(what, state, remedy) }
}

/// Looks at everything and prints it. Settings that can't be used are a finding like another, and the
/// rest is looked at with the defaults.
///
/// # Errors
/// The program can't run at all.
pub fn run(
    context: &Context,
    settings_error: Option<&ConfigError>,
    options: Options,
) -> Result<ExitCode, CommandError> {
    let paper = TableStyle::stdout();
    let home = &context.paths.home;
    let mut worst = Mark::Good;
    let mut tell = |findings: Vec<Finding>| {
        findings.into_iter().try_for_each(|finding| {
            worst = worst.max(finding.mark);
            stdio::print(&finding.line(paper, home, options.show_accounts)).map(drop)
        })
    };
    runtime()?.block_on(async {
        tell(vec![desktop::versions()])?;
        tell(vec![files::settings(context, settings_error)])?;
        let (findings, logins) = logins::look(context, options.show_accounts).await;
        tell(findings)?;
        tell(desktop::look(options.notify).await)?;
        tell(network::look(context, &logins).await)?;
        tell(vec![files::state(context), files::tray(context)])?;
        tell(context.autostart.iter().map(files::autostart).collect())
    })?;
    Ok(ExitCode::from(u8::from(worst == Mark::Bad)))
}

impl Finding {
    fn line(&self, paper: TableStyle, home: &Path, show_accounts: bool) -> String {
        let (sign, look) = match self.mark {
            Mark::Good => ("✓", TextStyle::Fine),
            Mark::Doubtful => ("!", TextStyle::Low),
            Mark::Bad => ("✗", TextStyle::Bad),
        };
        let remedy = if self.remedy.is_empty() { String::new() } else { format!(" — {}", self.remedy) };
        let text = text::escape_hidden(&one_line(&format!("{}: {}{remedy}", self.what, self.state)));
        let text = without_home(&text, home);
        // No check names an address unless asked to; should one slip in with a path or a message, it ends here.
        let text = if show_accounts { text } else { text::hide_addresses(&text) };
        format!("{} {text}\n", paper.paint(sign, look))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The home directory names its owner.
fn without_home(text: &str, home: &Path) -> String {
    let home = home.display().to_string();
    if home.len() < 2 { text.to_owned() } else { text.replace(&home, "~") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_nobody() {
        let finding = bad(
            "file",
            "/home/alice/x/claude-alice@example.com.json and é.b+c@d.org\nis @ odd",
            "ask /home/alice",
        );
        let plain = TableStyle { width: None, colour: false };
        assert_eq!(
            finding.line(plain, Path::new("/home/alice"), false),
            "✗ file: ~/x/<e-mail> and <e-mail> is @ odd — ask ~\n"
        );
        assert!(finding.line(plain, Path::new("/home/alice"), true).contains("alice@example.com"));
    }
}
