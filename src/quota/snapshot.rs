//! All accounts at one moment, and how a new scan joins what was known.

use crate::quota::{Account, AccountId, AccountUsage, Failure, Provider, UsageState, Window};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What the credential folder says of an account before anything is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum AccountStatus {
    /// Enabled and with a token: it is asked.
    Active,
    /// Switched off in its file.
    Disabled,
    /// It can't be asked, and this is why.
    Failed(Failure),
}

/// All accounts at one moment. What the menu, the icon, the alerts and `status` are made of.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// In the order of the menu.
    pub accounts: Vec<AccountUsage>,
    /// Whether a refresh is under way.
    pub refreshing: bool,
    /// When the last refresh ended. `None`: none has.
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether the last refresh found no network.
    pub offline: bool,
    /// When the next one is due. `None`: none is planned.
    pub next_at: Option<DateTime<Utc>>,
    /// Why there are no accounts to show, where that is more than there being none.
    pub problem: Option<String>,
}

impl Snapshot {
    /// The snapshot at the start of a refresh: the accounts found, each with what was known of it,
    /// those that are asked marked as loading.
    pub fn placeholders(previous: &Snapshot, found: Vec<(Account, AccountStatus)>) -> Snapshot {
        let mut accounts: Vec<_> = found
            .into_iter()
            .map(|(account, standing)| {
                let mut usage = known_of(previous, account, &standing);
                usage.loading = standing == AccountStatus::Active;
                usage.disabled = standing == AccountStatus::Disabled;
                match standing {
                    AccountStatus::Failed(failure) => usage.error = Some(failure),
                    AccountStatus::Disabled => usage.error = None,
                    // The old error stays until the answer is there, so that a row does not flicker.
                    AccountStatus::Active => {}
                }
                usage
            })
            .collect();
        accounts.sort_by_cached_key(|usage| usage.account.sort_key());
        Snapshot { accounts, refreshing: true, problem: None, ..*previous }
    }

    /// Whether this shows something that `before` does not, the marks of a refresh under way aside. That an
    /// account is asked is news where nothing is known of it.
    pub fn differs_from(&self, before: &Snapshot) -> bool {
        let mut before = Snapshot { refreshing: self.refreshing, ..before.clone() };
        for (before, now) in before.accounts.iter_mut().zip(&self.accounts) {
            if now.state() != UsageState::Loading {
                before.loading = now.loading;
            }
        }
        before != *self
    }

    /// The providers that have refused one of these accounts for now.
    pub fn rate_limited_providers(&self) -> impl Iterator<Item = Provider> {
        let refused = |usage: &&AccountUsage| matches!(usage.error, Some(Failure::RateLimited(_)));
        self.accounts.iter().filter(refused).map(|usage| usage.account.provider)
    }

    /// Whether the answers mean that there is no network: nobody could be reached.
    pub fn found_no_network(&self, asked: &[AccountId]) -> bool {
        let mut asked = self.accounts.iter().filter(|usage| asked.contains(&usage.account.id)).peekable();
        asked.peek().is_some() && asked.all(|usage| matches!(usage.error, Some(Failure::Unreachable(_))))
    }

    /// The account with this id.
    pub fn account_mut(&mut self, id: &AccountId) -> Option<&mut AccountUsage> {
        self.accounts.iter_mut().find(|usage| usage.account.id == *id)
    }

    /// The accounts that are not switched off.
    pub fn enabled(&self) -> impl Iterator<Item = &AccountUsage> {
        self.accounts.iter().filter(|usage| !usage.disabled)
    }

    /// The account and the window with the least left of all.
    pub fn lowest(&self, now: DateTime<Utc>) -> Option<(&AccountUsage, &Window)> {
        lowest_of(self.enabled(), now)
    }

    /// The same among one provider's accounts.
    pub fn lowest_of_provider(
        &self,
        provider: Provider,
        now: DateTime<Utc>,
    ) -> Option<(&AccountUsage, &Window)> {
        lowest_of(self.enabled().filter(|usage| usage.account.provider == provider), now)
    }
}

/// What is known of the login that a scan has found.
fn known_of(previous: &Snapshot, found: Account, standing: &AccountStatus) -> AccountUsage {
    let mut accounts = previous.accounts.iter();
    if let Some(known) = accounts.clone().find(|known| is_same(&known.account, &found, standing)) {
        // A file that can't be read does not tell whose it is, and stays whose it was.
        let account = if found.identity.is_some() { found } else { known.account.clone() };
        return AccountUsage { account, ..known.clone() };
    }
    // Under another file name its numbers are as good as before; what was wrong may be the old file's own fault.
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

/// Whether two scans found the same login in the same file: another one can be signed in there. Where there is no
/// identity to go by, the address decides.
fn is_same(known: &Account, found: &Account, standing: &AccountStatus) -> bool {
    let by_address = || matches!(standing, AccountStatus::Failed(_)) || known.email == found.email;
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
        }
    }

    fn reading(used: &[f64]) -> Usage {
        let windows = used
            .iter()
            .enumerate()
            .map(|(i, used)| Window::new(format!("w{i}"), format!("W{i}"), *used).expect("a number"));
        Usage { windows: windows.collect(), ..Usage::default() }
    }

    fn asked(ids: &[&str]) -> Vec<(Account, AccountStatus)> {
        ids.iter().map(|id| (account(id), AccountStatus::Active)).collect()
    }

    #[test]
    fn placeholders_keep_what_was_known_and_drop_what_is_gone() {
        let mut first = Snapshot::placeholders(&Snapshot::default(), asked(&["b", "a", "gone"]));
        for id in ["a", "b", "gone"] {
            first
                .account_mut(&AccountId::file(id.into()))
                .expect("found")
                .record(Ok(reading(&[10.0])), at(0));
        }
        let mut found = asked(&["c", "B", "a", "b"]);
        found[1].1 = AccountStatus::Disabled;
        found[3].1 = AccountStatus::Failed(Failure::SignInAgain);
        let second = Snapshot::placeholders(&first, found);
        let seen: Vec<_> =
            second.accounts.iter().map(|u| (u.account.id.key(), u.loading, u.disabled, u.state())).collect();
        assert_eq!(
            seen,
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
    fn asking_again_is_no_news_and_whatever_shows_is() {
        let nothing = Snapshot::default();
        let first = Snapshot::placeholders(&nothing, asked(&["a", "b"]));
        assert!(first.differs_from(&nothing), "two accounts");
        let mut known = first.clone();
        known.refreshing = false;
        known.accounts[0].record(Ok(reading(&[10.0])), at(0));
        known.accounts[1].record(Err(Failure::SignInAgain), at(0));
        let again = Snapshot::placeholders(&known, asked(&["a", "b"]));
        assert!(again.refreshing && again.accounts.iter().all(|usage| usage.loading));
        assert!(!again.differs_from(&known), "the same, and loading");
        let mut held = again.clone();
        held.accounts[0].throttle(at(60));
        assert!(held.differs_from(&known), "one is held back");
        known.accounts[1].error = None;
        let again = Snapshot::placeholders(&known, asked(&["a", "b"]));
        assert!(again.differs_from(&known), "one of which nothing is known is asked");
        let fewer = Snapshot::placeholders(&known, asked(&["a"]));
        assert!(fewer.differs_from(&known), "one has gone");
        let problem =
            Snapshot { problem: Some("no folder".into()), ..Snapshot::placeholders(&known, vec![]) };
        assert!(problem.differs_from(&Snapshot::placeholders(&known, vec![])), "a sentence");
    }

    #[test]
    fn the_lowest_of_all_leaves_out_accounts_that_are_switched_off() {
        let mut snapshot = Snapshot::placeholders(&Snapshot::default(), asked(&["a", "b"]));
        snapshot.accounts[0].record(Ok(reading(&[99.0])), at(0));
        snapshot.accounts[1].record(Ok(reading(&[50.0])), at(0));
        let lowest = |s: &Snapshot| {
            s.lowest(at(1)).map(|(u, w)| (u.account.id.key().to_owned(), w.remaining_percent()))
        };
        assert_eq!(lowest(&snapshot), Some(("a".into(), 1.0)));
        snapshot.accounts[0].disabled = true;
        assert_eq!(lowest(&snapshot), Some(("b".into(), 50.0)));
        assert_eq!(snapshot.lowest_of_provider(Provider::CODEX, at(1)), None);
    }
}
