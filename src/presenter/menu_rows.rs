//! The accounts in the menu: a row for each window with few accounts, a row for each account with more, and groups by
//! provider with many.

use crate::config::MenuForm;
use crate::presenter::account_list::MAX_ROW_WIDTH;
use crate::presenter::account_rows::AccountRow;
use crate::presenter::icon_state::IconState;
use crate::presenter::snapshot_presenter::Presenter;
use crate::presenter::text_bar::{Mark, aligned_percent, text_bar};
use crate::presenter::{format, messages};
use crate::quota::{AccountUsage, Provider, Window};
use crate::text;

/// With more accounts than this, `menu = "auto"` shows a row per account.
const MAX_ACCOUNTS_WITH_WINDOWS: usize = 5;

/// The accounts in the menu. Without accounts, a remark says what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuRows {
    /// Sentences above the accounts: why there are none, or that their numbers are old.
    pub remarks: Vec<String>,
    /// All accounts; the lowest few where they are grouped by provider.
    pub accounts: Vec<MenuAccount>,
    /// All accounts by provider. Empty: they are not grouped.
    pub providers: Vec<MenuProvider>,
}

/// An account in the menu.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuAccount {
    /// "Claude · alice@example.com · Max", or "alice@example.com — 42% · 5-hour, 2 h 10 m".
    pub label: String,
    /// The rows below it: its windows, and what went wrong.
    pub rows: Vec<String>,
    /// What its submenu shows.
    pub details: AccountRow,
}

/// A provider in the menu.
#[derive(Debug, Clone, PartialEq)]
pub struct MenuProvider {
    /// The provider.
    pub provider: Provider,
    /// "Claude · 12 accounts — lowest 1% left".
    pub label: String,
    /// The state of the gauge in front of it.
    pub icon_state: IconState,
    /// What its submenu shows.
    pub accounts: Vec<MenuAccount>,
}

impl Presenter<'_> {
    /// The accounts in the menu.
    pub fn menu_rows(&self) -> MenuRows {
        let groups = self.groups();
        let has_windows = match self.settings.menu {
            MenuForm::Auto => self.snapshot.accounts.len() <= MAX_ACCOUNTS_WITH_WINDOWS,
            MenuForm::Windows => true,
            MenuForm::Accounts => false,
        };
        let mut providers = self.snapshot.accounts.iter().map(|usage| usage.account.provider);
        let first = providers.next();
        let several_providers = providers.any(|provider| Some(provider) != first);
        let with_windows = |usage: &AccountUsage| MenuAccount {
            label: self.header(usage),
            rows: self.rows_below_header(usage),
            details: self.account_row(usage),
        };
        let in_one_row = |usage: &AccountUsage, with_provider| MenuAccount {
            label: self.row_of_account(usage, with_provider),
            rows: Vec::new(),
            details: self.account_row(usage),
        };
        MenuRows {
            remarks: self.remarks(),
            accounts: groups
                .accounts
                .into_iter()
                .map(|usage| match has_windows {
                    true => with_windows(usage),
                    false => in_one_row(usage, several_providers),
                })
                .collect(),
            providers: groups
                .providers
                .into_iter()
                .map(|(provider, usages)| {
                    let (label, icon_state) = self.provider_label(provider, &usages);
                    let accounts = usages.into_iter().map(|usage| in_one_row(usage, false)).collect();
                    MenuProvider { provider, label, icon_state, accounts }
                })
                .collect(),
        }
    }

    /// "Claude · alice@example.com · Max". If there are no windows to show below it, it says why: "… — loading…".
    fn header(&self, usage: &AccountUsage) -> String {
        let mut name = usage.account.label(self.settings.hide_email);
        if usage.disabled {
            return messages::account(&name, &[messages::DISABLED.into()]);
        }
        if let Some(plan) = usage.last_usage.as_ref().and_then(|usage| usage.plan_label()) {
            name = messages::with_plan(&name, &plan);
        }
        let mut details = Vec::new();
        if !usage.windows().iter().any(|window| window.counts()) {
            details.extend(self.without_percentage(usage));
        }
        details.extend(self.stale_age(usage));
        match details.is_empty() {
            true => name,
            false => messages::account(&name, &details),
        }
    }

    fn rows_below_header(&self, usage: &AccountUsage) -> Vec<String> {
        if usage.disabled {
            return Vec::new();
        }
        let windows = usage.windows().iter().filter(|window| window.counts());
        let mut rows: Vec<_> = windows.map(|window| self.row_of_window(usage, window)).collect();
        let indented = |row: String| format!("{} {row}", Mark::None.text());
        if usage.is_billed_by_use() {
            let spent = usage.last_usage.as_ref().and_then(|usage| usage.spending_label(self.locale));
            rows.extend(spent.map(indented));
        }
        if self.shown_error(usage).is_some() {
            let error = self.error(usage).unwrap_or_default();
            rows.extend(text::wrap(&error, MAX_ROW_WIDTH).into_iter().map(indented));
        }
        rows
    }

    /// "! ▰▱▱▱▱▱▱▱  6%  5-hour · resets in 1 h 14 m".
    fn row_of_window(&self, usage: &AccountUsage, window: &Window) -> String {
        let row = self.window_row(usage, window);
        let Some(left) = row.remaining else {
            // Neither an empty nor a full bar: what is left is not known.
            let reset = row.reset.as_deref().unwrap_or(messages::UNCONFIRMED);
            return format!("{} {}", Mark::Stale.text(), messages::window_and_reset(&row.title, Some(reset)));
        };
        let mark = Mark::new(row.icon_state, self.is_stale(usage));
        let title = messages::window_and_reset(&row.title, row.short_reset.as_deref());
        format!("{} {} {}  {title}", mark.text(), text_bar(left), aligned_percent(left))
    }

    /// "! bob@example.com — 6% · 5-hour, 1 h 14 m".
    fn row_of_account(&self, usage: &AccountUsage, with_provider: bool) -> String {
        let hide_email = self.settings.hide_email;
        let name = match with_provider {
            true => usage.account.label(hide_email),
            false => usage.account.name(hide_email),
        };
        let lowest = usage.lowest(self.now).filter(|_| !usage.disabled);
        let state = lowest.map(|window| self.icon_state_of(window));
        let mark = match usage.disabled {
            true => Mark::None,
            // Without a percentage: there is an error, or a reset is not confirmed yet.
            false => Mark::new(state, self.is_stale(usage) || self.has_unconfirmed_windows_only(usage)),
        };
        let mut details = Vec::new();
        match lowest {
            Some(window) => {
                let reset = window.resets_at.filter(|at| *at > self.now);
                let reset = reset.map(|at| format::duration(at - self.now));
                let left = format::percent(window.remaining_percent());
                details.push(messages::lowest_window(&left, &window.title, reset.as_deref()));
            }
            None if usage.disabled => details.push(messages::DISABLED.into()),
            None => details.extend(self.without_percentage(usage)),
        }
        if !usage.disabled {
            details.extend(self.stale_age(usage));
            details.extend(self.shown_error(usage).map(|error| error.short_message(self.now, self.locale)));
        }
        format!("{} {}", mark.text(), messages::account(&name, &details))
    }
}
