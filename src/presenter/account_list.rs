//! The list of all accounts for terminals, the tooltips of bars and the summary; many accounts are grouped by provider.
//! The menu's rows are in `menu_rows.rs`.

use crate::presenter::account_rows::AccountRow;
use crate::presenter::icon_state::IconState;
use crate::presenter::messages;
use crate::presenter::snapshot_presenter::Presenter;
use crate::quota::{AccountUsage, Provider};
use crate::text;
use std::collections::BTreeMap;

/// With more accounts than this, the list begins with the few that have the least left, and groups all by provider.
const MAX_ROWS: usize = 20;
/// How many have the least left.
const MAX_LOWEST_ROWS: usize = 5;

/// The maximum width of a sentence in cells; longer ones are wrapped.
pub const MAX_ROW_WIDTH: usize = 64;

/// The accounts. Without accounts, a remark says what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountList {
    /// Sentences above the accounts: why there are none, or that their numbers are old.
    pub remarks: Vec<String>,
    /// All accounts; the lowest few where they are grouped by provider.
    pub accounts: Vec<AccountRow>,
    /// All accounts by provider. Empty: they are not grouped.
    pub providers: Vec<ProviderRow>,
}

/// A provider's row, with its accounts below it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderRow {
    /// "Claude · 12 accounts — lowest 1% left".
    pub label: String,
    /// The state of the gauge in front of it.
    pub icon_state: IconState,
    /// Its accounts.
    pub accounts: Vec<AccountRow>,
}

/// The accounts as they are grouped.
pub struct Groups<'a> {
    /// All accounts; the pinned ones and the lowest few of the others where they are grouped by provider.
    pub accounts: Vec<&'a AccountUsage>,
    /// All accounts by provider. Empty: they are not grouped.
    pub providers: Vec<(Provider, Vec<&'a AccountUsage>)>,
}

impl<'a> Presenter<'a> {
    /// The list of accounts.
    pub fn account_list(&self) -> AccountList {
        let groups = self.groups();
        AccountList {
            remarks: self.remarks(),
            accounts: groups.accounts.into_iter().map(|usage| self.account_row(usage)).collect(),
            providers: groups
                .providers
                .into_iter()
                .map(|(provider, usages)| {
                    let (label, icon_state) = self.provider_label(provider, &usages);
                    let accounts = usages.into_iter().map(|usage| self.account_row(usage)).collect();
                    ProviderRow { label, icon_state, accounts }
                })
                .collect(),
        }
    }

    /// The accounts as they are grouped.
    pub fn groups(&self) -> Groups<'a> {
        let all = &self.snapshot.accounts;
        if all.len() <= MAX_ROWS {
            return Groups { accounts: all.iter().collect(), providers: Vec::new() };
        }
        let (pinned, others): (Vec<_>, Vec<_>) =
            self.snapshot.enabled().partition(|usage| self.is_pinned(&usage.account.id));
        let mut known: Vec<_> = others
            .into_iter()
            .filter_map(|usage| Some((usage.lowest(self.now)?.remaining_percent(), usage)))
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let lowest = known.into_iter().take(MAX_LOWEST_ROWS).map(|(_, usage)| usage);
        let mut providers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for usage in all {
            providers.entry(usage.account.provider).or_default().push(usage);
        }
        Groups {
            accounts: pinned.into_iter().chain(lowest).collect(),
            providers: providers.into_iter().collect(),
        }
    }

    /// The sentences above the accounts: why there are none, or that their numbers are old.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<_> = self.snapshot.problem.iter().cloned().collect();
        let none = self.snapshot.accounts.is_empty();
        if none && !self.snapshot.hidden.is_empty() {
            remarks.push(messages::ALL_HIDDEN.into());
        }
        if self.snapshot.offline && !none {
            remarks.push(messages::OFFLINE.into());
        }
        if none && remarks.is_empty() {
            if self.snapshot.updated_at.is_none() {
                return vec![messages::LOOKING_FOR_ACCOUNTS.into()];
            }
            remarks.push(messages::NO_ACCOUNT.into());
            remarks.push(messages::sign_in(text::path(self.auth_dir)));
        }
        remarks.iter().map(|remark| self.message(remark)).collect()
    }

    /// "Claude · 12 accounts — lowest 1% left", and the state of its gauge. `usages`: the provider's accounts.
    pub fn provider_label(&self, provider: Provider, usages: &[&AccountUsage]) -> (String, IconState) {
        let (state, icon_state) = match self.snapshot.lowest_of_provider(provider, self.now) {
            Some((_, window)) => (messages::lowest(window.remaining_percent()), self.icon_state_of(window)),
            None if usages.iter().all(|usage| usage.disabled || usage.error.is_some()) => {
                (messages::NO_USAGE.into(), IconState::Error)
            }
            None if usages.iter().any(|usage| usage.is_billed_by_use()) => {
                (messages::NO_WINDOW.into(), IconState::Refreshing)
            }
            None => (messages::NO_DATA_YET.into(), IconState::Refreshing),
        };
        (messages::provider(provider.name(), &messages::accounts(usages.len()), &state), icon_state)
    }
}

impl AccountList {
    /// The label of the first row. `None`: the list is empty.
    pub fn first_label(&self) -> Option<String> {
        let remark =
            self.remarks.first().and_then(|remark| text::wrap(remark, MAX_ROW_WIDTH).into_iter().next());
        let account = self.accounts.first().map(|row| &row.label);
        remark.or_else(|| account.or(self.providers.first().map(|row| &row.label)).cloned())
    }

    /// The list as plain text, one row per line. The rows below a row are indented by two spaces.
    pub fn to_text(&self) -> String {
        let remarks = self.remarks.iter().flat_map(|remark| text::wrap(remark, MAX_ROW_WIDTH));
        let accounts = self.accounts.iter().flat_map(AccountRow::rows);
        let providers = self.providers.iter().flat_map(|provider| {
            let below = provider.accounts.iter().flat_map(AccountRow::rows).map(indented);
            std::iter::once(provider.label.clone()).chain(below)
        });
        remarks.chain(accounts).chain(providers).map(|row| row + "\n").collect()
    }
}

impl AccountRow {
    /// The error as rows of at most [`MAX_ROW_WIDTH`] cells.
    pub fn error_rows(&self) -> Vec<String> {
        self.error.as_ref().map(|error| text::wrap(error, MAX_ROW_WIDTH)).unwrap_or_default()
    }

    /// The account's row and the rows below it, which are indented.
    fn rows(&self) -> Vec<String> {
        let windows = self.windows.iter().map(|window| window.label());
        let below = windows.chain(self.facts.iter().chain(&self.notes).cloned()).chain(self.error_rows());
        std::iter::once(self.label.clone()).chain(below.map(indented)).collect()
    }
}

fn indented(row: String) -> String {
    format!("  {row}")
}
