//! Merging the lists of several sources into one that has each login once.

use crate::quota::{AccountStatus, Identity};
use crate::sources::{AccountList, Capabilities, ListedAccount};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The accounts of all sources, each with the capabilities of its source.
#[derive(Default)]
pub struct MergedList {
    /// In the order of the sources. The snapshot sorts them.
    pub accounts: Vec<(ListedAccount, Capabilities)>,
    /// Changes when the fingerprint of a source does.
    pub fingerprint: u64,
    /// Why accounts could not be listed. `None`: all were.
    pub problem: Option<String>,
}

/// Merges lists. Where two sources have an account with the same identity, the first one whose usage can be fetched is
/// kept; where none can, the first one. Accounts of the same source are never merged: two credential files with one
/// login are two accounts, since one of the files may be broken.
pub fn merge(lists: Vec<(AccountList, Capabilities)>) -> MergedList {
    let mut hasher = DefaultHasher::new();
    let mut problems = Vec::new();
    let mut accounts: Vec<(usize, ListedAccount, Capabilities)> = Vec::new();
    for (number, (list, capabilities)) in lists.into_iter().enumerate() {
        list.fingerprint.hash(&mut hasher);
        problems.extend(list.problem);
        accounts.extend(list.accounts.into_iter().map(|account| (number, account, capabilities)));
    }
    let mut preferred: HashMap<Identity, (usize, bool)> = HashMap::new();
    for (number, listed, _) in &accounts {
        let Some(identity) = &listed.account.identity else { continue };
        let can_fetch = listed.status == AccountStatus::Active;
        let entry = preferred.entry(identity.clone()).or_insert((*number, can_fetch));
        if can_fetch && !entry.1 {
            *entry = (*number, true);
        }
    }
    let is_preferred = |number: usize, listed: &ListedAccount| {
        let identity = listed.account.identity.as_ref();
        identity.and_then(|identity| preferred.get(identity)).is_none_or(|(first, _)| *first == number)
    };
    let accounts = accounts
        .into_iter()
        .filter(|(number, listed, _)| is_preferred(*number, listed))
        .map(|(_, listed, capabilities)| (listed, capabilities))
        .collect();
    let problem = (!problems.is_empty()).then(|| problems.join("; "));
    MergedList { accounts, fingerprint: hasher.finish(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Account, AccountId, Failure, Provider};

    const CAPABILITIES: Capabilities =
        Capabilities { renews_tokens: false, passive_usage: false, sign_in: "sign in" };

    fn listed(id: AccountId, identity: Option<&str>, status: AccountStatus) -> ListedAccount {
        let identity = identity.map(|identity| Identity(identity.into()));
        let account =
            Account { id, provider: Provider::CLAUDE, email: "a@x".into(), identity, given_name: None };
        ListedAccount { account, status, login: None }
    }

    fn list(accounts: Vec<ListedAccount>) -> (AccountList, Capabilities) {
        (AccountList { accounts, ..AccountList::default() }, CAPABILITIES)
    }

    fn ids(merged: &MergedList) -> Vec<String> {
        merged.accounts.iter().map(|(listed, _)| listed.account.id.to_string()).collect()
    }

    fn file(name: &str, identity: Option<&str>, status: AccountStatus) -> ListedAccount {
        listed(AccountId::file(name.into()), identity, status)
    }

    fn other(key: &str, identity: Option<&str>) -> ListedAccount {
        listed(AccountId::new("other", key), identity, AccountStatus::Active)
    }

    #[test]
    fn account_of_two_sources_is_listed_once_and_of_one_source_as_often_as_it_is_there() {
        let first = vec![
            file("1.json", Some("claude/1"), AccountStatus::Active),
            file("copy.json", Some("claude/1"), AccountStatus::Active),
            file("broken.json", None, AccountStatus::Failed(Failure::InvalidFile("x".into()))),
        ];
        let second = vec![other("1", Some("claude/1")), other("2", Some("claude/2")), other("3", None)];
        let merged = merge(vec![list(first), list(second)]);
        assert_eq!(ids(&merged), ["1.json", "copy.json", "broken.json", "other:2", "other:3"]);
    }

    #[test]
    fn source_that_can_fetch_an_account_is_preferred() {
        for status in [AccountStatus::Disabled, AccountStatus::Failed(Failure::SignInAgain)] {
            let first = vec![file("1.json", Some("claude/1"), status.clone())];
            let merged = merge(vec![list(first), list(vec![other("1", Some("claude/1"))])]);
            assert_eq!(ids(&merged), ["other:1"], "{status:?}");
        }
    }

    #[test]
    fn fingerprint_and_problem_are_those_of_all_sources() {
        let lists = |fingerprint, problem: Option<&str>| {
            let problem = problem.map(str::to_owned);
            let second = AccountList { fingerprint, problem, ..AccountList::default() };
            merge(vec![list(Vec::new()), (second, CAPABILITIES)])
        };
        assert_ne!(lists(1, None).fingerprint, lists(2, None).fingerprint);
        assert_eq!(lists(1, None).fingerprint, lists(1, None).fingerprint);
        assert_eq!(lists(1, None).problem, None);
        assert_eq!(lists(1, Some("no folder")).problem.as_deref(), Some("no folder"));
    }
}
