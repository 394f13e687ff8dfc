//! The id of an account: the source it comes from, and its key there.

use crate::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::Path;

/// Identifies an account. An e-mail address is not enough: it can have several logins, such as a personal and a team
/// plan.
///
/// Its text form in files, JSON and messages has to stay as it was in version 0.1: for an account of CLIProxyAPI's folder
/// the plain name of its credential file. An account of any other source is `source:key`.
///
/// Ids are compared by their text. A credential file whose name happens to look like `source:key` is then still the
/// same account after its id was written and read.
#[derive(Debug, Clone)]
pub struct AccountId {
    /// `None`: CLIProxyAPI's folder.
    source: Option<String>,
    key: String,
}

impl AccountId {
    /// An account of CLIProxyAPI's folder: `key` is the name of its credential file, as
    /// `credentials/file_name.rs` writes it.
    pub fn file(key: String) -> AccountId {
        AccountId { source: None, key }
    }

    /// An account of another source. `source` consists of lower-case ASCII letters, digits and hyphens; `key` is any
    /// text that is unique in that source and stays the same.
    pub fn new(source: &str, key: &str) -> AccountId {
        AccountId { source: Some(source.to_owned()), key: key.to_owned() }
    }

    /// The name of the source. `None`: CLIProxyAPI's folder.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The key within the source.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The text form, without escapes. For messages use `Display`.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.source {
            None => Cow::Borrowed(&self.key),
            Some(source) => Cow::Owned(format!("{source}:{}", self.key)),
        }
    }

    /// The id with this text form.
    fn from_text(text: String) -> AccountId {
        let is_name = |source: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            !source.is_empty() && source.bytes().all(is_allowed)
        };
        match text.split_once(':') {
            Some((source, key)) if is_name(source) => AccountId::new(source, key),
            _ => AccountId::file(text),
        }
    }
}

/// For messages: control characters and invisible characters are escaped.
impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::path(Path::new(&*self.text())))
    }
}

impl PartialEq for AccountId {
    fn eq(&self, other: &AccountId) -> bool {
        self.text() == other.text()
    }
}

impl Eq for AccountId {}

impl PartialOrd for AccountId {
    fn partial_cmp(&self, other: &AccountId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AccountId {
    fn cmp(&self, other: &AccountId) -> Ordering {
        self.text().cmp(&other.text())
    }
}

impl Hash for AccountId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl Serialize for AccountId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AccountId, D::Error> {
        String::deserialize(deserializer).map(AccountId::from_text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn file_of_cli_proxy_api_is_written_as_its_plain_name() {
        for name in ["claude-a@b.c.json", "a b:c.json", "claude:work.json", ":.json", "", "claude-/FF.json"] {
            let id = AccountId::file(name.into());
            let text = serde_json::to_string(&id).expect("a string");
            assert_eq!(text, serde_json::to_string(name).expect("a string"));
            let read: AccountId = serde_json::from_str(&text).expect("the same id");
            assert_eq!((read.text(), &read), (id.text(), &id), "{name}");
            assert_eq!(id.to_string(), name);
        }
    }

    #[test]
    fn account_of_another_source_is_written_as_source_and_key() {
        let id = AccountId::new("claude-code", "/home/a/.claude:2");
        assert_eq!(id.to_string(), "claude-code:/home/a/.claude:2");
        let map = BTreeMap::from([(id.clone(), 7)]);
        let text = serde_json::to_string(&map).expect("keys are strings");
        assert_eq!(text, r#"{"claude-code:/home/a/.claude:2":7}"#);
        let read: BTreeMap<AccountId, i32> = serde_json::from_str(&text).expect("the same map");
        let (read, _) = read.first_key_value().expect("one entry");
        assert_eq!((read.source(), read.key()), (id.source(), id.key()));
    }

    #[test]
    fn display_escapes_hidden_characters() {
        assert_eq!(AccountId::new("pool", "a\u{202e}\u{1b}").to_string(), "pool:a\\u{202e}\\u{1b}");
    }
}
