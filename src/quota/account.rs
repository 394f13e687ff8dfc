//! An account: who a quota belongs to.

use crate::quota::{AccountId, Identity, Provider};
use crate::text;
use serde::{Deserialize, Serialize};

/// An account at a provider, without its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Its source, and its key in that source.
    pub id: AccountId,
    /// The service.
    pub provider: Provider,
    /// The e-mail address, else the login name, else the file's name; shortened and without hidden characters, as by [`text::label`].
    pub email: String,
    /// The identity of its login. `None`: not known, as in a state file of version 0.1, or while the credential file
    /// can't be read.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// The name that its owner gave it in the settings, which is displayed instead of the address. `None`: none, or the
    /// settings have not been applied.
    #[serde(skip)]
    pub given_name: Option<String>,
}

impl Account {
    /// The order of the menu: by provider, then by given name or e-mail address without regard to case, then by id, so that
    /// the order is always the same.
    pub fn sort_key(&self) -> (Provider, String, AccountId) {
        let name = self.given_name.as_ref().unwrap_or(&self.email);
        (self.provider, name.to_lowercase(), self.id.clone())
    }

    /// "Claude · alice@example.com"; with `hide_email`, "Claude · a…e".
    pub fn label(&self, hide_email: bool) -> String {
        format!("{} · {}", self.provider.name(), self.name(hide_email))
    }

    /// A text about the account; with `hide_email`, without e-mail addresses and without the name of its credential file,
    /// which usually contains the address.
    pub fn redact(&self, text: String, hide_email: bool) -> String {
        match hide_email {
            true => text::hide_addresses(&text.replace(&self.id.to_string(), "the credential file")),
            false => text,
        }
    }

    /// The given name, as it is; without one, the [`address`](Account::address).
    pub fn name(&self, hide_email: bool) -> String {
        self.given_name.clone().unwrap_or_else(|| self.address(hide_email))
    }

    /// The e-mail address; with `hide_email`, its first and last letter before the `@`, by which the owner can still
    /// recognize it.
    pub fn address(&self, hide_email: bool) -> String {
        if !hide_email {
            return self.email.clone();
        }
        let local = self.email.split('@').next().unwrap_or_default();
        let mut letters = local.chars();
        match (letters.next(), letters.next_back()) {
            (Some(first), Some(last)) => format!("{first}…{last}"),
            (Some(only), None) => format!("{only}…"),
            _ => "…".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(email: &str) -> Account {
        Account {
            id: AccountId::file("f.json".into()),
            provider: Provider::CLAUDE,
            email: email.into(),
            identity: None,
            given_name: None,
        }
    }

    #[test]
    fn hidden_address_keeps_only_its_first_and_last_letter() {
        for (email, hidden) in
            [("alice@example.com", "a…e"), ("b@example.com", "b…"), ("", "…"), ("@x", "…"), ("élan@x", "é…n")]
        {
            assert_eq!(account(email).name(true), hidden, "{email}");
        }
    }

    #[test]
    fn given_name_is_shown_as_it_is() {
        let named = Account { given_name: Some("Work".into()), ..account("alice@example.com") };
        assert_eq!((named.name(false), named.name(true)), ("Work".into(), "Work".into()));
        assert_eq!((named.address(false), named.address(true)), ("alice@example.com".into(), "a…e".into()));
    }

    #[test]
    fn text_with_hidden_addresses_names_no_file() {
        let mut account = account("alice@x.org");
        account.id = AccountId::file("claude-alice@x.org.json".into());
        let text = || "could not use claude-alice@x.org.json: see /y/codex-bob@x.org.json".to_owned();
        assert_eq!(account.redact(text(), false), text());
        assert_eq!(account.redact(text(), true), "could not use the credential file: see /y/<e-mail>");
        account.id = AccountId::file("claude-work\u{202e}.json".into());
        assert_eq!(
            account.redact(format!("could not use {}", account.id), true),
            "could not use the credential file"
        );
    }

    #[test]
    fn accounts_are_sorted_by_provider_then_address_without_regard_to_case() {
        let mut accounts = [account("bob@x"), account("Alice@x"), account("alice@w")];
        accounts[1].provider = Provider::CODEX;
        accounts.sort_by_key(Account::sort_key);
        let order: Vec<_> = accounts.iter().map(|a| a.label(false)).collect();
        assert_eq!(order, ["Claude · alice@w", "Claude · bob@x", "Codex · Alice@x"]);
    }
}
