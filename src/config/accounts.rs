//! The sections `[accounts."…"]`: how one account is displayed.

use crate::text;
use serde::{Deserialize, Deserializer, de};

/// How one account is displayed.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSettings {
    /// The name that is displayed instead of the e-mail address. `None`: the address.
    #[serde(deserialize_with = "name")]
    pub name: Option<String>,
    /// Whether it is left out of the menu, the icon, the tooltip, notifications and hooks.
    pub hide: bool,
    /// Whether it is listed before the other accounts.
    pub pin: bool,
}

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = text::label(&String::deserialize(deserializer)?);
    match name.is_empty() {
        true => Err(de::Error::custom("expected a name such as \"Work\", not an empty string")),
        false => Ok(Some(name)),
    }
}
