//! Who a quota belongs to.

use crate::quota::{AccountId, Identity, Provider};
use crate::text;
use serde::{Deserialize, Serialize};

/// An account as a person knows it. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Where it comes from.
    pub id: AccountId,
    /// The service.
    pub provider: Provider,
    /// The e-mail address, else the login name, else the file's name; made fit for a label by [`text::label`].
    pub email: String,
    /// Whose login the file holds. `None`: not known, as in a state file of version 0.1, or while the file can't
    /// be read.
    #[serde(default)]
    pub identity: Option<Identity>,
}

impl Account {
    /// Sorts accounts as the menu shows them: by provider, then by e-mail without regard to case,
    /// then by file name, so that the order is always the same.
    pub fn sort_key(&self) -> (Provider, String, AccountId) {
        (self.provider, self.email.to_lowercase(), self.id.clone())
    }

    /// "Claude · alice@example.com"; with `hide_email`, "Claude · a…e".
    pub fn label(&self, hide_email: bool) -> String {
        format!("{} · {}", self.provider.name(), self.name(hide_email))
    }

    /// A text about the account; with `hide_email`, without the name of its file, which most often holds the address,
    /// and without any address.
    pub fn redact(&self, text: String, hide_email: bool) -> String {
        match hide_email {
            true => text::hide_addresses(&text.replace(&self.id.to_string(), "the credential file")),
            false => text,
        }
    }

    /// The e-mail address, or a shadow of it that its owner still tells from the others.
    pub fn name(&self, hide_email: bool) -> String {
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
        }
    }

    #[test]
    fn a_hidden_address_keeps_only_its_first_and_last_letter() {
        for (email, shadow) in
            [("alice@example.com", "a…e"), ("b@example.com", "b…"), ("", "…"), ("@x", "…"), ("élan@x", "é…n")]
        {
            assert_eq!(account(email).name(true), shadow, "{email}");
        }
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
    fn the_order_is_provider_then_address_without_regard_to_case() {
        let mut accounts = [account("bob@x"), account("Alice@x"), account("alice@w")];
        accounts[1].provider = Provider::CODEX;
        accounts.sort_by_key(Account::sort_key);
        let order: Vec<_> = accounts.iter().map(|a| a.label(false)).collect();
        assert_eq!(order, ["Claude · alice@w", "Claude · bob@x", "Codex · Alice@x"]);
    }
}
