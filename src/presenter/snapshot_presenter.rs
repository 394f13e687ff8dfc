//! The presenter: makes everything displayed from a snapshot, the settings, a moment and a locale. It also decides which
//! percentage is low.

use crate::config::Settings;
use crate::presenter::Locale;
use crate::presenter::icon_state::IconState;
use crate::quota::{AccountId, Snapshot, percent};
use crate::text;
use chrono::{DateTime, Utc};
use std::path::Path;

/// Makes the rows, labels and messages of one snapshot.
///
/// Its methods: `account_rows.rs`, `account_list.rs`, `summary.rs`.
#[derive(Clone, Copy)]
pub struct Presenter<'a> {
    /// What is displayed: with the settings for single accounts applied (`preferences.rs`).
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
    /// The icon state for this much left, in percent: low if it is below any of the configured thresholds.
    pub fn icon_state_of(&self, remaining: f64) -> IconState {
        let is_low =
            self.settings.thresholds.iter().any(|threshold| percent::is_below(remaining, *threshold));
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
