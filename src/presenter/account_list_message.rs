//! The list of all accounts as a notification, for tray hosts that open no menu at a left click: LXQt, MATE, swaybar.

use crate::presenter::icon_state::IconContent;
use crate::presenter::messages;
use crate::presenter::snapshot_presenter::Presenter;
use crate::quota::AccountUsage;

/// dunst and mako cut off notifications that are longer than about ten lines.
const MAX_ACCOUNTS: usize = 8;

/// The list of all accounts as a notification.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountListMessage {
    /// What the icon shows, as a sentence.
    pub title: String,
    /// A line for each account; of many, for those with the least left.
    pub text: String,
    /// What the icon shows, without the mark of a refresh, which would stay.
    pub icon: IconContent,
}

impl Presenter<'_> {
    /// The list of all accounts as a notification.
    pub fn account_list_message(&self) -> AccountListMessage {
        let mut accounts: Vec<_> = self.snapshot.accounts.iter().collect();
        let more = accounts.len().saturating_sub(MAX_ACCOUNTS);
        if more > 0 {
            accounts.sort_by(|a, b| self.rank_by_lowest(a).total_cmp(&self.rank_by_lowest(b)));
        }
        let mut lines = self.remarks();
        lines.extend(accounts.into_iter().take(MAX_ACCOUNTS).map(|usage| self.account_line(usage)));
        lines.extend((more > 0).then(|| messages::and_more(more)));
        AccountListMessage {
            title: self.label(),
            text: lines.join("\n"),
            icon: IconContent { refreshing: false, ..self.icon_content() },
        }
    }

    /// The percentage left, and more than 100 for accounts without one, which come last.
    fn rank_by_lowest(&self, usage: &AccountUsage) -> f64 {
        let lowest = usage.lowest(self.now).filter(|_| !usage.disabled);
        lowest.map_or(f64::INFINITY, |window| window.remaining_percent())
    }

    /// "alice@example.com — 42% left", with the provider where there are several.
    fn account_line(&self, usage: &AccountUsage) -> String {
        let provider = usage.account.provider;
        let is_other = |other: &AccountUsage| other.account.provider != provider;
        let name = match self.snapshot.accounts.iter().any(is_other) {
            true => usage.account.label(self.settings.hide_email),
            false => usage.account.name(self.settings.hide_email),
        };
        messages::account(&name, &self.account_details(usage))
    }
}
