//! What is known of each account, and how new answers join what was known before.

use super::{Account, AccountId, Failure, Provider, Window};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What one good answer of a provider says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// The quota windows, in the provider's order. Never empty in a good answer.
    pub windows: Vec<Window>,
    /// The plan as the provider spells it. `None`: not told.
    pub plan: Option<String>,
    /// Usage paid beyond the plan. `None`: not enabled or not told.
    pub extra_usage: Option<ExtraUsage>,
}

/// Money spent beyond the plan: a fact of the account, not a quota window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtraUsage {
    /// Spent, in the currency's main unit.
    pub spent: f64,
    /// The limit set for the month, in the currency's main unit. `None`: no limit.
    pub limit: Option<f64>,
    /// ISO 4217 code, such as `USD`. `None`: not told.
    pub currency: Option<String>,
}

/// How it stands with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The first answer is awaited.
    Loading,
    /// The last request was answered well.
    Ok,
    /// The last request failed; the windows are the last good ones.
    Stale,
    /// The last request failed, and there never was a good one.
    Error,
    /// The token has expired, so nothing was asked.
    Expired,
}

/// What is known of an account's login. The tokens themselves stay in `credentials/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// When its access token was renewed last, by whoever. `None`: not told.
    pub renewed_at: Option<DateTime<Utc>>,
    /// When that token expires. `None`: not told.
    pub expires_at: Option<DateTime<Utc>>,
}

/// One account and all that is known of its usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountUsage {
    /// Whose usage it is.
    pub account: Account,
    /// Whether a request is under way.
    pub loading: bool,
    /// Switched off in its credential file: shown greyed, never asked.
    pub disabled: bool,
    /// The last good answer. `None`: there has been none.
    pub reading: Option<Reading>,
    /// When the last good answer came. `None`: there has been none.
    pub updated_at: Option<DateTime<Utc>>,
    /// Why the last request failed. `None`: it did not.
    pub error: Option<Failure>,
    /// It is not asked before this moment, by our own choice. `None`: it may be.
    pub held_until: Option<DateTime<Utc>>,
    /// How long its login holds. `None`: it was not used yet, or can't be.
    pub validity: Option<Validity>,
}

impl AccountUsage {
    /// An account of which nothing is known yet.
    pub fn unknown(account: Account) -> AccountUsage {
        AccountUsage {
            account,
            loading: false,
            disabled: false,
            reading: None,
            updated_at: None,
            error: None,
            held_until: None,
            validity: None,
        }
    }

    /// Leaves it as it is, since it must not be asked before a moment.
    pub fn hold(&mut self, until: DateTime<Utc>) {
        self.loading = false;
        self.held_until = Some(until);
        if self.reading.is_none() && self.error.is_none() {
            self.error = Some(Failure::AskedEnough(until));
        }
    }

    /// How it stands.
    pub fn state(&self) -> State {
        match (&self.error, &self.reading) {
            (Some(Failure::Expired(_)), _) => State::Expired,
            (Some(_), Some(_)) => State::Stale,
            (Some(_), None) => State::Error,
            (None, Some(_)) => State::Ok,
            (None, None) => State::Loading,
        }
    }

    /// The windows of the last good answer.
    pub fn windows(&self) -> &[Window] {
        self.reading.as_ref().map_or(&[], |reading| &reading.windows)
    }

    /// Whether a window's number is a thing of the past: it has been given back since.
    pub fn is_unconfirmed(&self, window: &Window, now: DateTime<Utc>) -> bool {
        self.updated_at.is_none_or(|seen_at| window.has_reset_since(seen_at, now))
    }

    /// The window with the least left, among those we know by name and whose number still holds;
    /// of equals the one that is given back last, since it hurts longest.
    pub fn lowest(&self, now: DateTime<Utc>) -> Option<&Window> {
        self.windows().iter().filter(|window| window.named && !self.is_unconfirmed(window, now)).min_by(
            |a, b| {
                a.remaining_percent()
                    .total_cmp(&b.remaining_percent())
                    .then_with(|| b.resets_at.cmp(&a.resets_at))
            },
        )
    }

    /// Takes in what a request came to. A failure keeps the last good answer.
    pub fn settle(&mut self, result: Result<Reading, Failure>, now: DateTime<Utc>) {
        self.loading = false;
        self.held_until = None;
        match result {
            Ok(reading) => {
                self.reading = Some(reading);
                self.updated_at = Some(now);
                self.error = None;
            }
            Err(failure) => self.error = Some(failure),
        }
    }
}

/// What the credential folder says of an account before anything is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Enabled and with a token: it is asked.
    Asked,
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
    pub fn placeholders(previous: &Snapshot, found: Vec<(Account, Standing)>) -> Snapshot {
        let mut accounts: Vec<_> = found
            .into_iter()
            .map(|(account, standing)| {
                let same = |known: &&AccountUsage| is_same(&known.account, &account, &standing);
                let known = previous.accounts.iter().find(same);
                let mut usage = known.cloned().unwrap_or_else(|| AccountUsage::unknown(account));
                usage.loading = standing == Standing::Asked;
                usage.disabled = standing == Standing::Disabled;
                match standing {
                    Standing::Failed(failure) => usage.error = Some(failure),
                    Standing::Disabled => usage.error = None,
                    // The old error stays until the answer is there, so that a row does not flicker.
                    Standing::Asked => {}
                }
                usage
            })
            .collect();
        accounts.sort_by_cached_key(|usage| usage.account.sort_key());
        Snapshot { accounts, refreshing: true, problem: None, ..*previous }
    }

    /// The providers that have refused one of these accounts for now.
    pub fn refusing_providers(&self) -> impl Iterator<Item = Provider> {
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

/// Whether two scans mean the same login. A file can be given to another person; one that can't be
/// read does not tell whose it is, and stays whose it was.
fn is_same(known: &Account, found: &Account, standing: &Standing) -> bool {
    let broken = matches!(standing, Standing::Failed(_));
    known.id == found.id && known.provider == found.provider && (broken || known.email == found.email)
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

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
    }

    fn account(id: &str) -> Account {
        Account { id: AccountId(id.into()), provider: Provider::Claude, email: id.into() }
    }

    fn reading(used: &[f64]) -> Reading {
        let windows = used
            .iter()
            .enumerate()
            .map(|(i, used)| Window::new(format!("w{i}"), format!("W{i}"), *used).expect("a number"));
        Reading { windows: windows.collect(), ..Reading::default() }
    }

    fn asked(ids: &[&str]) -> Vec<(Account, Standing)> {
        ids.iter().map(|id| (account(id), Standing::Asked)).collect()
    }

    #[test]
    fn a_failed_fetch_keeps_the_last_good_values() {
        let mut usage = AccountUsage::unknown(account("a"));
        assert_eq!(usage.state(), State::Loading);
        usage.settle(Err(Failure::TimedOut(15)), at(0));
        assert_eq!((usage.state(), usage.updated_at), (State::Error, None));
        usage.settle(Ok(reading(&[40.0])), at(1));
        assert_eq!((usage.state(), usage.updated_at), (State::Ok, Some(at(1))));
        usage.settle(Err(Failure::Server(502)), at(2));
        assert_eq!((usage.state(), usage.updated_at), (State::Stale, Some(at(1))));
        assert_eq!(usage.windows().len(), 1);
        usage.settle(Err(Failure::Expired("x".into())), at(3));
        assert_eq!(usage.state(), State::Expired);
    }

    #[test]
    fn the_lowest_window_is_one_with_a_name_and_a_number_that_holds() {
        let mut usage = AccountUsage::unknown(account("a"));
        usage.settle(Ok(reading(&[40.0, 90.0, 95.0, 99.0])), at(0));
        let windows = &mut usage.reading.as_mut().expect("settled").windows;
        windows[3].named = false;
        windows[2].resets_at = Some(at(100));
        assert_eq!(usage.lowest(at(99)).map(|w| w.key.as_str()), Some("w2"));
        assert_eq!(usage.lowest(at(100)).map(|w| w.key.as_str()), Some("w1"));
    }

    #[test]
    fn placeholders_keep_what_was_known_and_drop_what_is_gone() {
        let mut first = Snapshot::placeholders(&Snapshot::default(), asked(&["b", "a", "gone"]));
        for id in ["a", "b", "gone"] {
            first.account_mut(&AccountId(id.into())).expect("found").settle(Ok(reading(&[10.0])), at(0));
        }
        let mut found = asked(&["c", "B", "a", "b"]);
        found[1].1 = Standing::Disabled;
        found[3].1 = Standing::Failed(Failure::SignInAgain);
        let second = Snapshot::placeholders(&first, found);
        let seen: Vec<_> = second
            .accounts
            .iter()
            .map(|u| (u.account.id.0.as_str(), u.loading, u.disabled, u.state()))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", true, false, State::Ok),
                ("B", false, true, State::Loading),
                ("b", false, false, State::Stale),
                ("c", true, false, State::Loading),
            ]
        );
        assert!(second.refreshing);
    }

    #[test]
    fn the_lowest_of_all_leaves_out_accounts_that_are_switched_off() {
        let mut snapshot = Snapshot::placeholders(&Snapshot::default(), asked(&["a", "b"]));
        snapshot.accounts[0].settle(Ok(reading(&[99.0])), at(0));
        snapshot.accounts[1].settle(Ok(reading(&[50.0])), at(0));
        let lowest =
            |s: &Snapshot| s.lowest(at(1)).map(|(u, w)| (u.account.id.0.clone(), w.remaining_percent()));
        assert_eq!(lowest(&snapshot), Some(("a".into(), 1.0)));
        snapshot.accounts[0].disabled = true;
        assert_eq!(lowest(&snapshot), Some(("b".into(), 50.0)));
        assert_eq!(snapshot.lowest_of_provider(Provider::Codex, at(1)), None);
    }
}
