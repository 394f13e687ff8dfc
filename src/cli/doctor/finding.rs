//! The result of a check, as a line.

use crate::output::style::{TableStyle, TextStyle};
use crate::text;
use std::path::Path;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// ✓
    Good,
    /// `!`
    Doubtful,
    /// ✗
    Bad,
}

/// One line of the output.
#[derive(Debug)]
pub struct Finding {
    pub mark: Mark,
    /// What was checked, in two or three words.
    pub subject: String,
    /// Its state.
    pub state: String,
    /// What to do. Empty: nothing.
    pub remedy: String,
}

pub fn good(subject: impl Into<String>, state: impl Into<String>) -> Finding {
    Finding { mark: Mark::Good, subject: subject.into(), state: state.into(), remedy: String::new() }
}

pub fn doubtful(subject: impl Into<String>, state: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { mark: Mark::Doubtful, subject: subject.into(), state: state.into(), remedy: remedy.into() }
}

pub fn bad(subject: impl Into<String>, state: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { mark: Mark::Bad, ..doubtful(subject, state, remedy) }
}

impl Finding {
    /// The line in this style, without the home directory and, unless `show_accounts`, without addresses.
    pub fn line(&self, style: TableStyle, home: &Path, show_accounts: bool) -> String {
        let (sign, sign_style) = match self.mark {
            Mark::Good => ("✓", TextStyle::Fine),
            Mark::Doubtful => ("!", TextStyle::Low),
            Mark::Bad => ("✗", TextStyle::Bad),
        };
        let remedy = if self.remedy.is_empty() { String::new() } else { format!(" — {}", self.remedy) };
        let text = text::escape_hidden(&one_line(&format!("{}: {}{remedy}", self.subject, self.state)));
        let text = without_home(&text, home);
        // The checks name no address; one in a path or a message is removed here.
        let text = if show_accounts { text } else { text::hide_addresses(&text) };
        format!("{} {text}\n", style.paint(sign, sign_style))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The path of the home directory holds the user's name.
fn without_home(text: &str, home: &Path) -> String {
    let home = home.display().to_string();
    if home.len() < 2 { text.to_owned() } else { text.replace(&home, "~") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_no_address_and_no_home_directory() {
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
