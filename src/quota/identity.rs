//! The identity of a login: the key of the state that is kept for it. It also shows that two sources have the same
//! account.
//!
//! An account id is not enough: another login can be signed in under the same file name, and a login can move to
//! another file.

use crate::quota::Account;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The stable identity of a login. It stays the same when the tokens are renewed, when the file is renamed and in every
/// source; another person, organisation or workspace has another one. It consists of the provider and a hash, so it may
/// appear in a log.
///
/// `credentials/identity.rs` computes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(pub String);

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Account {
    /// The key of the state that is kept for this account: its identity, or its id where no identity is known.
    pub fn state_key(&self) -> Cow<'_, str> {
        self.identity.as_ref().map_or_else(|| self.id.text(), |identity| Cow::Borrowed(&identity.0))
    }

    /// Whether two listings found the same login. `None`: unknown, since one of them has no identity, as in a state
    /// file of version 0.1 or for a credential file that can't be read.
    pub fn same_identity(&self, other: &Account) -> Option<bool> {
        Some(self.identity.as_ref()? == other.identity.as_ref()?)
    }
}

/// The account's entry in a map with [state keys](Account::state_key). Version 0.1 used the file name as the key; such
/// an entry is moved to the first identity that is found in this file.
pub fn entry<'map, V: Default>(map: &'map mut BTreeMap<String, V>, account: &Account) -> &'map mut V {
    if account.identity.is_some()
        && let Some(kept) = map.remove(&*account.id.text())
    {
        map.entry(account.state_key().into_owned()).or_insert(kept);
    }
    map.entry(account.state_key().into_owned()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{AccountId, Provider};

    fn account(identity: Option<&str>) -> Account {
        let identity = identity.map(|identity| Identity(identity.into()));
        Account {
            id: AccountId::file("a.json".into()),
            provider: Provider::CLAUDE,
            email: "a@x".into(),
            identity,
            given_name: None,
        }
    }

    #[test]
    fn entry_with_a_file_name_as_key_moves_to_the_first_identity_only() {
        let mut map = BTreeMap::from([("a.json".to_owned(), 7)]);
        assert_eq!(*entry(&mut map, &account(None)), 7);
        assert_eq!(*entry(&mut map, &account(Some("claude/1"))), 7);
        assert_eq!(*entry(&mut map, &account(Some("claude/2"))), 0);
        assert_eq!(*entry(&mut map, &account(Some("claude/1"))), 7);
    }
}
