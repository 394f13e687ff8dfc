//! All accounts at one moment, and how a new listing is merged with the last known values.

use crate::quota::{Account, AccountId, AccountUsage, Failure, Provider, UsageState, Window};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The status of an account in its source's list, before a request is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountStatus {
    /// Enabled, and has a token: its usage can be requested.
    Active,
    /// Disabled in its credential file.
    Disabled,
    /// Its usage can't be requested, for this reason.
    Failed(Failure),
}

/// All accounts at one moment. The menu, the icon, the alerts and `status` are made from it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// In the order of the menu.
    pub accounts: Vec<AccountUsage>,
    /// The accounts that are hidden by the settings. Empty where the settings have not been applied.
    #[serde(skip)]
    pub hidden: Vec<AccountUsage>,
    /// Whether a refresh is in progress.
    pub refreshing: bool,
    /// When the last refresh ended. `None`: none has.
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether the last refresh found no network.
    pub offline: bool,
    /// When the next one is due. `None`: none is planned.
    pub next_at: Option<DateTime<Utc>>,
    /// Why accounts could not be listed. `None`: all were.
    pub problem: Option<String>,
}

impl Snapshot {
    /// The snapshot at the start of a refresh: the listed accounts with their last known values. Active ones are marked as
    /// loading.
    pub fn placeholders(previous: &Snapshot, found: Vec<(Account, AccountStatus)>) -> Snapshot {
        let mut accounts: Vec<_> = found
            .into_iter()
            .map(|(account, status)| {
                let mut usage = last_known(previous, account, &status);
                usage.loading = status == AccountStatus::Active;
                usage.disabled = status == AccountStatus::Disabled;
                match status {
                    AccountStatus::Failed(failure) => usage.error = Some(failure),
                    AccountStatus::Disabled => usage.error = None,
                    // The old error stays until there is a response, so that the row does not flicker.
                    AccountStatus::Active => {}
                }
                usage
            })
            .collect();
        accounts.sort_by_cached_key(|usage| usage.account.sort_key());
        Snapshot { accounts, hidden: Vec::new(), refreshing: true, problem: None, ..*previous }
    }

    /// Whether anything displayed differs from `before`. Marks of a refresh in progress don't count, except on an account
    /// that has neither usage nor an error yet.
    pub fn differs_from(&self, before: &Snapshot) -> bool {
        let mut before = Snapshot { refreshing: self.refreshing, ..before.clone() };
        for (before, now) in before.accounts.iter_mut().zip(&self.accounts) {
            if now.state() != UsageState::Loading {
                before.loading = now.loading;
            }
        }
        before != *self
    }

    /// The providers that rate limit one of these accounts, once for each of them.
    pub fn rate_limited_providers(&self) -> impl Iterator<Item = Provider> {
        let refused = |usage: &&AccountUsage| matches!(usage.error, Some(Failure::RateLimited(_)));
        self.accounts.iter().filter(refused).map(|usage| usage.account.provider)
    }

    /// Whether there seems to be no network: none of the requests for these accounts reached its server. `false` where
    /// none was sent.
    pub fn found_no_network(&self, requested: &[AccountId]) -> bool {
        let mut accounts =
            self.accounts.iter().filter(|usage| requested.contains(&usage.account.id)).peekable();
        accounts.peek().is_some()
            && accounts.all(|usage| matches!(usage.error, Some(Failure::Unreachable(_))))
    }

    /// The account with this id. `None`: it is not in this snapshot.
    pub fn account_mut(&mut self, id: &AccountId) -> Option<&mut AccountUsage> {
        self.accounts.iter_mut().find(|usage| usage.account.id == *id)
    }

    /// The accounts that are not disabled.
    pub fn enabled(&self) -> impl Iterator<Item = &AccountUsage> {
        self.accounts.iter().filter(|usage| !usage.disabled)
    }

    /// The accounts that are not disabled, including hidden ones. For output that programs read, which has every
    /// account.
    pub fn enabled_and_hidden(&self) -> impl Iterator<Item = &AccountUsage> {
        self.enabled().chain(self.hidden.iter().filter(|usage| !usage.disabled))
    }

    /// The window with the least left of all enabled accounts, and its account. `None`: no percentage is known.
    pub fn lowest(&self, now: DateTime<Utc>) -> Option<(&AccountUsage, &Window)> {
        self.lowest_among(now, |_| true)
    }

    /// The window with the least left among some of the enabled accounts, and its account. `None`: no percentage is
    /// known.
    pub fn lowest_among(
        &self,
        now: DateTime<Utc>,
        is_among: impl Fn(&AccountUsage) -> bool,
    ) -> Option<(&AccountUsage, &Window)> {
        lowest_of(self.enabled().filter(|usage| is_among(usage)), now)
    }

    /// The window with the least left among one provider's enabled accounts, and its account. `None`: no percentage is
    /// known.
    pub fn lowest_of_provider(
        &self,
        provider: Provider,
        now: DateTime<Utc>,
    ) -> Option<(&AccountUsage, &Window)> {
        self.lowest_among(now, |usage| usage.account.provider == provider)
    }
}

/// The last known values of an account in a new listing.
fn last_known(previous: &Snapshot, found: Account, status: &AccountStatus) -> AccountUsage {
    let mut accounts = previous.accounts.iter();
    if let Some(known) = accounts.clone().find(|known| is_same(&known.account, &found, status)) {
        // A file that can't be read keeps the identity that it had.
        let account = if found.identity.is_some() { found } else { known.account.clone() };
        return AccountUsage { account, ..known.clone() };
    }
    // A login in a renamed file keeps its usage, but not its error, which may have been about the old file.
    let moved = accounts.find(|known| known.account.same_identity(&found) == Some(true));
    match moved {
        Some(known) => AccountUsage {
            last_usage: known.last_usage.clone(),
            updated_at: known.updated_at,
            ..AccountUsage::unknown(found)
        },
        None => AccountUsage::unknown(found),
    }
}

/// Whether two listings have the same login in the same file, which another login may have replaced. Where an identity is
/// not known, the e-mail addresses are compared.
fn is_same(known: &Account, found: &Account, status: &AccountStatus) -> bool {
    let by_address = || matches!(status, AccountStatus::Failed(_)) || known.email == found.email;
    known.id == found.id
        && known.provider == found.provider
        && known.same_identity(found).unwrap_or_else(by_address)
}

fn lowest_of<'a>(
    accounts: impl Iterator<Item = &'a AccountUsage>,
    now: DateTime<Utc>,
) -> Option<(&'a AccountUsage, &'a Window)> {
    accounts
        .filter_map(|usage| usage.lowest(now).map(|window| (usage, window)))
        .min_by(|(_, a), (_, b)| a.remaining_percent().total_cmp(&b.remaining_percent()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Usage;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
    }

    fn account(id: &str) -> Account {
        Account {
            id: AccountId::file(id.into()),
            provider: Provider::CLAUDE,
            email: id.into(),
            identity: None,
            given_name: None,
        }
    }

    fn usage(used: &[f64]) -> Usage {
        let windows = used
            .iter()
            .enumerate()
            .map(|(i, used)| Window::new(format!("w{i}"), format!("W{i}"), *used).expect("a number"));
        Usage { windows: windows.collect(), ..Usage::default() }
    }

    fn active(ids: &[&str]) -> Vec<(Account, AccountStatus)> {
        ids.iter().map(|id| (account(id), AccountStatus::Active)).collect()
    }

    #[test]
    fn placeholders_keep_last_known_values_and_drop_removed_accounts() {
        let mut first = Snapshot::placeholders(&Snapshot::default(), active(&["b", "a", "gone"]));
        for id in ["a", "b", "gone"] {
            first.account_mut(&AccountId::file(id.into())).expect("found").record(Ok(usage(&[10.0])), at(0));
        }
        let mut found = active(&["c", "B", "a", "b"]);
        found[1].1 = AccountStatus::Disabled;
        found[3].1 = AccountStatus::Failed(Failure::SignInAgain);
        let second = Snapshot::placeholders(&first, found);
        let states: Vec<_> =
            second.accounts.iter().map(|u| (u.account.id.key(), u.loading, u.disabled, u.state())).collect();
        assert_eq!(
            states,
            [
                ("a", true, false, UsageState::Ok),
                ("B", false, true, UsageState::Loading),
                ("b", false, false, UsageState::Stale),
                ("c", true, false, UsageState::Loading),
            ]
        );
        assert!(second.refreshing);
    }

    #[test]
    fn snapshot_differs_by_what_is_displayed_and_not_by_loading() {
        let nothing = Snapshot::default();
        let first = Snapshot::placeholders(&nothing, active(&["a", "b"]));
        assert!(first.differs_from(&nothing), "two accounts");
        let mut known = first.clone();
        known.refreshing = false;
        known.accounts[0].record(Ok(usage(&[10.0])), at(0));
        known.accounts[1].record(Err(Failure::SignInAgain), at(0));
        let again = Snapshot::placeholders(&known, active(&["a", "b"]));
        assert!(again.refreshing && again.accounts.iter().all(|usage| usage.loading));
        assert!(!again.differs_from(&known), "the same, and loading");
        let mut throttled = again.clone();
        throttled.accounts[0].throttle(at(60));
        assert!(throttled.differs_from(&known), "one is throttled");
        known.accounts[1].error = None;
        let again = Snapshot::placeholders(&known, active(&["a", "b"]));
        assert!(again.differs_from(&known), "an account without values is loading");
        let fewer = Snapshot::placeholders(&known, active(&["a"]));
        assert!(fewer.differs_from(&known), "one was removed");
        let problem =
            Snapshot { problem: Some("no folder".into()), ..Snapshot::placeholders(&known, vec![]) };
        assert!(problem.differs_from(&Snapshot::placeholders(&known, vec![])), "a problem");
    }

    #[test]
    fn lowest_window_is_not_one_of_a_disabled_account() {
        let mut snapshot = Snapshot::placeholders(&Snapshot::default(), active(&["a", "b"]));
        snapshot.accounts[0].record(Ok(usage(&[99.0])), at(0));
        snapshot.accounts[1].record(Ok(usage(&[50.0])), at(0));
        let lowest = |s: &Snapshot| {
            s.lowest(at(1)).map(|(u, w)| (u.account.id.key().to_owned(), w.remaining_percent()))
        };
        assert_eq!(lowest(&snapshot), Some(("a".into(), 1.0)));
        snapshot.accounts[0].disabled = true;
        assert_eq!(lowest(&snapshot), Some(("b".into(), 50.0)));
        assert_eq!(snapshot.lowest_of_provider(Provider::CODEX, at(1)), None);
    }
}
