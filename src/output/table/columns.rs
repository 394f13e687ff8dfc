//! The rows of quota windows: sign, title, bar, percentage, reset.

use crate::output::style::{TableStyle, TextStyle};
use crate::presenter::account_rows::{AccountRow, WindowRow};
use crate::presenter::icon_state::IconState;
use crate::text;

/// Cells of a bar where there is enough space, ...
pub const MAX_BAR: usize = 20;
/// ... and the minimum.
const MIN_BAR: usize = 8;
/// Cells before a window's title, its sign included.
pub const INDENT: usize = 2;
/// "100% left"; "under 1% left" is wider.
const MIN_REMAINING: usize = 9;

/// How wide each column is, in cells, and whether the last one leaves out the time of day.
pub struct Columns {
    title: usize,
    remaining: usize,
    bar: usize,
    short_reset: bool,
}

impl Columns {
    /// The columns for these accounts. In a narrow terminal the time of day is left out first, then the bar,
    /// since the text has the same percentage.
    pub fn of(rows: &[AccountRow], style: TableStyle) -> Columns {
        let windows = || rows.iter().flat_map(|row| &row.windows);
        let title = windows().map(|window| text::width(&window.title)).max().unwrap_or(0);
        let remaining = windows().map(|window| text::width(&window.remaining_label())).max();
        let remaining = remaining.unwrap_or(0).max(MIN_REMAINING);
        let Some(width) = style.width else {
            return Columns { title, remaining, bar: MAX_BAR, short_reset: false };
        };
        // A title may take a third of the line.
        let title = title.min(width / 3);
        let room = |short_reset| {
            let longest = windows().map(|window| text::width(reset(window, short_reset))).max().unwrap_or(0);
            width.saturating_sub(INDENT + title + 1 + 1 + remaining + 2 + longest)
        };
        match (room(false), room(true)) {
            (bar @ MIN_BAR.., _) => Columns { title, remaining, bar: bar.min(MAX_BAR), short_reset: false },
            (_, bar @ MIN_BAR..) => Columns { title, remaining, bar: bar.min(MAX_BAR), short_reset: true },
            // Only a row that needs it takes the room of "under 1% left".
            _ => Columns { title, remaining: MIN_REMAINING, bar: 0, short_reset: true },
        }
    }

    /// The row of a window.
    pub fn row(&self, window: &WindowRow, style: TableStyle) -> String {
        let (sign, look) = match window.icon_state {
            None => (" ", TextStyle::Dim),
            Some(IconState::Exhausted) => ("×", TextStyle::Bad),
            Some(IconState::Low(_)) => ("!", TextStyle::Low),
            Some(_) => (" ", TextStyle::Fine),
        };
        let title = text::pad_to_width(&text::truncate_to_width(&window.title, self.title), self.title);
        let bar = match self.bar {
            0 => String::new(),
            bar => {
                let full = window.remaining.map_or(0, |remaining| full_cells(remaining, bar));
                let (full, empty) = ("█".repeat(full), "░".repeat(bar - full));
                format!("{}{} ", style.paint(&full, look), style.paint(&empty, TextStyle::Dim))
            }
        };
        let remaining = window.remaining_label();
        let before_reset = INDENT
            + self.title
            + 1
            + self.bar
            + usize::from(self.bar > 0)
            + text::width(&remaining).max(self.remaining)
            + 2;
        let reset = style.truncate(reset(window, self.short_reset), before_reset);
        let remaining = style.paint(&format!("{remaining:>width$}", width = self.remaining), look);
        format!(
            "{} {title} {bar}{remaining}  {}",
            style.paint(sign, look),
            style.paint(&reset, TextStyle::Dim)
        )
    }
}

fn reset(window: &WindowRow, short: bool) -> &str {
    let reset = if short { &window.short_reset } else { &window.reset };
    reset.as_deref().unwrap_or_default()
}

/// How many of a bar's cells are full: none and all of them only where nothing and everything is left.
fn full_cells(remaining: f64, bar: usize) -> usize {
    match remaining {
        remaining if remaining <= 0.0 || bar == 0 => 0,
        remaining if remaining >= 100.0 => bar,
        // The cast is of a number within the bar.
        remaining => ((remaining / 100.0 * bar as f64).round() as usize).clamp(1, (bar - 1).max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_is_full_or_empty_only_where_that_is_true() {
        for (remaining, full) in [(0.0, 0), (0.1, 1), (50.0, 10), (99.9, 19), (100.0, 20)] {
            assert_eq!(full_cells(remaining, MAX_BAR), full, "{remaining}");
        }
    }
}
