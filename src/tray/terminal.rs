//! The rows as live text, for a terminal where there is no tray.

use std::io::{self, IsTerminal, Write};

/// Text on standard output that is written over when it changes.
#[derive(Default)]
pub struct Live {
    shown: String,
}

impl Live {
    /// Shows `text` in place of the last one. Does nothing where standard output is no terminal.
    pub fn show(&mut self, text: &str) {
        let mut out = io::stdout();
        if !out.is_terminal() || text == self.shown {
            return;
        }
        // Up to the first line of the last text, and clear from there.
        let back = match self.shown.lines().count() {
            0 => String::new(),
            lines => format!("\x1b[{lines}A\x1b[J"),
        };
        // A terminal that is gone takes nothing, and needs nothing.
        let _ = write!(out, "{back}{text}").and_then(|()| out.flush());
        self.shown = text.to_owned();
    }

    /// What is shown stays, and the next text stands below it.
    pub fn leave(&mut self) {
        self.shown.clear();
    }
}
