//! The summary of all accounts: the icon's state, its label and tooltip, the text beside it.

use crate::presenter::icon_state::IconState;
use crate::presenter::snapshot_presenter::Presenter;
use crate::presenter::{format, messages};
use crate::quota::AccountUsage;

impl Presenter<'_> {
    /// The icon's state: that of the lowest window of all accounts, or the reason why there is none.
    pub fn icon_state(&self) -> IconState {
        let mut accounts = self.snapshot.enabled().peekable();
        if let Some((_, window)) = self.snapshot.lowest(self.now) {
            self.icon_state_of(window)
        } else if self.snapshot.problem.is_some() {
            IconState::Error
        } else if accounts.peek().is_none() {
            if self.snapshot.updated_at.is_none() { IconState::Refreshing } else { IconState::NoAccounts }
        } else if accounts.any(|usage| usage.error.is_none()) {
            IconState::Refreshing
        } else {
            IconState::Error
        }
    }

    /// What the icon shows, as text for a screen reader.
    pub fn label(&self) -> String {
        match self.icon_state() {
            IconState::Refreshing if self.has_no_window() => messages::icon(messages::NO_WINDOW),
            state => messages::icon_state(state),
        }
    }

    /// Whether no account has a percentage because at least one of them has no quota window at all.
    pub fn has_no_window(&self) -> bool {
        let mut ok = self.snapshot.enabled().filter(|usage| usage.error.is_none());
        self.snapshot.lowest(self.now).is_none() && ok.any(AccountUsage::is_billed_by_use)
    }

    /// The lowest account and when its window resets, as a time of day, since hosts show a tooltip as it was at the last
    /// change. Where there is none, the first row of the list of accounts.
    pub fn tooltip(&self) -> String {
        match self.snapshot.lowest(self.now) {
            Some((usage, window)) => {
                let account = usage.account.label(self.settings.hide_email);
                format!("{account}\n{}", self.lasting_window_label(window))
            }
            None => self.account_list().first_label().unwrap_or_else(|| messages::NAME.into()),
        }
    }

    /// The text beside the icon, "42%"; empty where none is wanted.
    pub fn title(&self) -> String {
        match self.snapshot.lowest(self.now) {
            Some((_, window)) if self.settings.show_title => format::percent(window.remaining_percent()),
            _ => String::new(),
        }
    }

    /// When the last refresh ended, and when the next one is due. `None`: none has ended.
    pub fn refreshed(&self) -> Option<String> {
        let clock = |at| format::clock_time(at, self.now, self.locale);
        let updated = clock(self.snapshot.updated_at?);
        Some(messages::updated(&updated, self.snapshot.next_at.map(clock).as_deref()))
    }
}
