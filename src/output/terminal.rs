//! The rows as live text, for a terminal where there is no tray.

use std::io::{self, IsTerminal, Write};

/// Text on standard output that is written over when it changes.
#[derive(Default)]
pub struct LiveTerminal {
    shown: String,
}

impl LiveTerminal {
    /// Shows `text` in place of the last one. Does nothing where standard output is not a terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn show(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout();
        if !out.is_terminal() || text == self.shown {
            return Ok(());
        }
        // The whole screen, since messages on standard error may be in between.
        let clear = "\x1b[H\x1b[2J";
        self.shown = text.to_owned();
        write!(out, "{clear}{text}").and_then(|()| out.flush())
    }
}
