//! Whose login a credential file holds.
//!
//! A file name is not enough to keep numbers by: another login can be signed in under the same name, and a login
//! can move to another name.

use crate::quota::Account;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A login's stable name: the same after each renewal of its tokens and under any file name, another one for
/// another person, organisation or workspace. It is a provider and a hash, so it can stand in a log.
///
/// How it is made: `credentials/identity.rs`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub String);

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Account {
    /// The key of what is kept for this account: its identity; the file name where no identity is known.
    pub fn state_key(&self) -> &str {
        self.identity.as_ref().map_or(&self.id.0, |identity| &identity.0)
    }

    /// Whether two scans found the same login. `None` where one of them does not tell, as a state file of version
    /// 0.1 and a file that can't be read.
    pub fn same_identity(&self, other: &Account) -> Option<bool> {
        Some(self.identity.as_ref()? == other.identity.as_ref()?)
    }
}

/// The account's entry in a map of [state keys](Account::state_key). An entry under the file name, which is how
/// version 0.1 kept them, is moved to the first identity that is seen in this file.
pub fn entry<'map, V: Default>(map: &'map mut BTreeMap<String, V>, account: &Account) -> &'map mut V {
    if account.identity.is_some()
        && let Some(kept) = map.remove(&account.id.0)
    {
        map.entry(account.state_key().to_owned()).or_insert(kept);
    }
    map.entry(account.state_key().to_owned()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountId, Provider};

    fn account(identity: Option<&str>) -> Account {
        let identity = identity.map(|identity| Identity(identity.into()));
        Account { id: AccountId("a.json".into()), provider: Provider::Claude, email: "a@x".into(), identity }
    }

    #[test]
    fn entry_under_the_file_name_goes_to_the_first_identity_and_to_no_other() {
        let mut map = BTreeMap::from([("a.json".to_owned(), 7)]);
        assert_eq!(*entry(&mut map, &account(None)), 7);
        assert_eq!(*entry(&mut map, &account(Some("claude/1"))), 7);
        assert_eq!(*entry(&mut map, &account(Some("claude/2"))), 0);
        assert_eq!(*entry(&mut map, &account(Some("claude/1"))), 7);
    }
}
