//! The section `[icon]`: what the tray icon shows, and in which style.

use crate::quota::Account;
use serde::{Deserialize, Deserializer, de};

/// The tray icon.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IconSettings {
    /// The accounts that the icon, its tooltip and the text beside it are about.
    pub shows: ShownAccounts,
    /// The style of the icon.
    pub style: IconStyle,
}

/// Which accounts the icon is about; it shows the one with the least left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ShownAccounts {
    /// All: "lowest".
    #[default]
    All,
    /// Those of a provider, by its key ("claude"), or one account, by its id. It may match none.
    Only(String),
}

impl ShownAccounts {
    /// Whether the icon is about this account.
    pub fn includes(&self, account: &Account) -> bool {
        match self {
            ShownAccounts::All => true,
            ShownAccounts::Only(name) => *name == account.provider.key() || *name == account.id.text(),
        }
    }
}

impl<'de> Deserialize<'de> for ShownAccounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShownAccounts, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.trim() {
            "" => Err(de::Error::custom(
                "expected \"lowest\", a provider such as \"claude\", or the id of an account, not an empty string",
            )),
            "lowest" => Ok(ShownAccounts::All),
            _ => Ok(ShownAccounts::Only(text)),
        }
    }
}

/// The style of the icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IconStyle {
    /// An arc as long as the percentage left.
    #[default]
    Gauge,
    /// The percentage left, in digits.
    Number,
    /// Two bars, one for the 5-hour window and one for the weekly window.
    Bars,
}
