//! What is left, as text: a bar, a percentage of constant width, and a mark that does not depend on colour.
//!
//! Menus are drawn in a proportional font. A figure space (U+2007) is as wide as a digit, `▰` and `▱` are equally wide,
//! and the marks are padded to about the width of a digit, so that rows are aligned as far as such a font allows.
//! Widths in DejaVu Sans, in em: digit and figure space 0.64, `!` 0.40, `?` 0.53, `×` 0.84, U+2005 0.25, U+200A 0.10.

use crate::presenter::format;
use crate::presenter::icon_state::IconState;
use crate::quota::percent::rounded;

const CELLS: usize = 8;
const FIGURE_SPACE: &str = "\u{2007}";

/// The mark at the start of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: the percentage is current and not low.
    None,
    /// Below a threshold.
    Low,
    /// Nothing is left.
    UsedUp,
    /// The percentage is out of date.
    Stale,
}

impl Mark {
    /// The mark of a percentage. Low and used up take precedence over stale. `state`: the icon state for that
    /// percentage.
    pub fn new(state: Option<IconState>, is_stale: bool) -> Mark {
        match state {
            Some(IconState::Exhausted) => Mark::UsedUp,
            Some(IconState::Low(_)) => Mark::Low,
            _ if is_stale => Mark::Stale,
            _ => Mark::None,
        }
    }

    /// The mark, padded to about the width of a digit.
    pub fn text(self) -> &'static str {
        match self {
            Mark::None => FIGURE_SPACE,
            Mark::Low => "!\u{2005}",
            Mark::UsedUp => "×",
            Mark::Stale => "?\u{200a}",
        }
    }
}

/// A bar of eight cells for this much left, in percent. It is empty only at 0 % and full only at 100 %, as displayed.
pub fn text_bar(left: f64) -> String {
    let left = rounded(left);
    let filled = match left {
        _ if left <= 0.0 => 0,
        _ if left >= 100.0 => CELLS,
        _ => ((left / 100.0 * CELLS as f64).round() as usize).clamp(1, CELLS - 1),
    };
    "▰".repeat(filled) + &"▱".repeat(CELLS - filled)
}

/// A percentage with figure spaces in front of it, as wide as "100%". "under 1%" is wider.
pub fn aligned_percent(left: f64) -> String {
    let percent = format::percent(left);
    let missing = "100%".len().saturating_sub(percent.len());
    FIGURE_SPACE.repeat(missing) + &percent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bar_is_empty_only_at_0_and_full_only_at_100() {
        for (left, bar) in [
            (0.0, "▱▱▱▱▱▱▱▱"),
            (0.01, "▰▱▱▱▱▱▱▱"),
            (1.0, "▰▱▱▱▱▱▱▱"),
            (6.0, "▰▱▱▱▱▱▱▱"),
            (42.0, "▰▰▰▱▱▱▱▱"),
            (50.0, "▰▰▰▰▱▱▱▱"),
            (94.0, "▰▰▰▰▰▰▰▱"),
            (99.0, "▰▰▰▰▰▰▰▱"),
            (99.6, "▰▰▰▰▰▰▰▰"),
            (100.0, "▰▰▰▰▰▰▰▰"),
        ] {
            assert_eq!(text_bar(left), bar, "{left}");
        }
        let filled = |left: u32| text_bar(f64::from(left)).matches('▰').count();
        assert!((1..=100).all(|left| filled(left - 1) <= filled(left)), "more left is never a shorter bar");
    }

    #[test]
    fn percentages_are_equally_wide() {
        for (left, text) in [
            (0.0, "\u{2007}\u{2007}0%"),
            (6.4, "\u{2007}\u{2007}6%"),
            (41.5, "\u{2007}42%"),
            (100.0, "100%"),
            (0.5, "under 1%"),
        ] {
            assert_eq!(aligned_percent(left), text, "{left}");
        }
    }

    #[test]
    fn low_is_marked_rather_than_stale() {
        for (state, is_stale, mark) in [
            (Some(IconState::Fine(20.0)), false, Mark::None),
            (Some(IconState::Fine(20.0)), true, Mark::Stale),
            (Some(IconState::Low(19.0)), true, Mark::Low),
            (Some(IconState::Exhausted), true, Mark::UsedUp),
            (None, true, Mark::Stale),
            (None, false, Mark::None),
        ] {
            assert_eq!(Mark::new(state, is_stale), mark, "{state:?}");
        }
    }
}
