//! How text for people is written: in colour or not, and how wide.

use crate::text;
use std::io::{self, IsTerminal};

/// What standard output can display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableStyle {
    /// Cells in a line. `None`: unlimited, for what a program reads.
    pub width: Option<usize>,
    /// Whether there are colours.
    pub colour: bool,
}

/// How a piece of text looks.
#[derive(Clone, Copy)]
pub enum TextStyle {
    /// A heading.
    Bold,
    /// Less important.
    Dim,
    /// All is well.
    Fine,
    /// A warning.
    Low,
    /// An error.
    Bad,
}

impl TableStyle {
    /// Standard output: a terminal with its width, and colours unless `NO_COLOR` is set; anything else without either.
    pub fn stdout() -> TableStyle {
        if !io::stdout().is_terminal() {
            return TableStyle { width: None, colour: false };
        }
        let size = terminal_size::terminal_size_of(io::stdout());
        let colour = !anstyle_query::no_color() && anstyle_query::term_supports_ansi_color();
        #[cfg(windows)]
        let colour = colour && anstyle_query::windows::enable_ansi_colors() != Some(false);
        // A terminal that does not know its size reports 0.
        TableStyle { width: size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0), colour }
    }

    /// A text with the escape sequences of a style, where there are colours.
    pub fn paint(self, text: &str, style: TextStyle) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match style {
            TextStyle::Bold => "1",
            TextStyle::Dim => "2",
            TextStyle::Fine => "32",
            TextStyle::Low => "33",
            TextStyle::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Cuts a text to what is left of a line after `before` cells.
    pub fn truncate(self, text: &str, before: usize) -> String {
        text::truncate_to_width(text, self.width_after(before))
    }

    /// Breaks a text between its words into lines that fit behind an indent; longer words are cut.
    pub fn wrap(self, text: &str, indent: usize) -> Vec<String> {
        let width = self.width_after(indent);
        text::wrap(text, width).iter().map(|line| text::truncate_to_width(line, width)).collect()
    }

    fn width_after(self, cells: usize) -> usize {
        self.width.map_or(usize::MAX, |width| width.saturating_sub(cells))
    }
}
