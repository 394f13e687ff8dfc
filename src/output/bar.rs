//! What the formats for bars have in common.

use crate::presenter::icon_state::IconState;
use crate::presenter::{Presenter, format};

/// "42%", or a word or two where there is no percentage.
pub fn short_text(presenter: &Presenter<'_>) -> String {
    match presenter.snapshot.lowest(presenter.now) {
        Some((_, window)) => format::percent(window.remaining_percent()),
        None => match presenter.icon_state() {
            IconState::NoAccounts => "no account".into(),
            IconState::Error => "error".into(),
            _ if presenter.has_no_window() => "no quota".into(),
            _ => "…".into(),
        },
    }
}
