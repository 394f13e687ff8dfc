//! The presenter: makes everything displayed from a snapshot, the settings, a moment and a locale. It also decides which
//! percentage is low.

use crate::config::Settings;
use crate::presenter::Locale;
use crate::presenter::icon_state::IconState;
use crate::quota::{AccountId, Snapshot, Window, percent};
use crate::text;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Makes the rows, labels and messages of one snapshot.
///
/// Its methods: `account_rows.rs`, `account_list.rs`, `summary.rs`.
#[derive(Clone, Copy)]
pub struct Presenter<'a> {
    /// What is displayed: with the settings for single accounts and windows applied (`preferences.rs`).
    pub snapshot: &'a Snapshot,
    /// How it is displayed.
    pub settings: &'a Settings,
    /// The folder with the credential files.
    pub auth_dir: &'a Path,
    /// The current time.
    pub now: DateTime<Utc>,
    /// The reader's time zone and format.
    pub locale: Locale,
}

impl Presenter<'_> {
    /// The icon state for what is left of a window: low if it is below any of its thresholds.
    pub fn icon_state_of(&self, window: &Window) -> IconState {
        let remaining = window.remaining_percent();
        let thresholds = window.thresholds.as_ref().unwrap_or(&self.settings.thresholds);
        let is_low = thresholds.iter().any(|threshold| percent::is_below(remaining, *threshold));
        match remaining {
            remaining if remaining <= 0.0 => IconState::Exhausted,
            remaining if is_low => IconState::Low(remaining),
            remaining => IconState::Fine(remaining),
        }
    }

    /// Whether an account is listed before the others.
    pub fn is_pinned(&self, id: &AccountId) -> bool {
        self.settings.accounts.get(id).is_some_and(|account| account.pin)
    }

    /// A message as it may be displayed: with `hide_email`, without addresses, which a path may contain, too.
    pub fn message(&self, message: &str) -> String {
        match self.settings.hide_email {
            true => text::hide_addresses(message),
            false => message.to_owned(),
        }
    }
}
