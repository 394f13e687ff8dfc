//! The sections `[windows."…"]` and `[providers.…]`: which quota windows count, and which percentage is low.

use crate::config::values::thresholds;
use crate::quota::{Provider, Window};
use serde::{Deserialize, Deserializer};

/// The settings for windows with one title, in every account.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WindowSettings {
    /// Whether they are ignored for the lowest percentage and for notifications.
    pub ignore: bool,
    /// Thresholds that take precedence over those of the provider. `None`: those of the provider.
    #[serde(deserialize_with = "some_thresholds")]
    pub thresholds: Option<Vec<f64>>,
}

/// The settings for the windows of one provider.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderSettings {
    /// Thresholds that take precedence over the general ones. `None`: the general ones.
    #[serde(deserialize_with = "some_thresholds")]
    pub thresholds: Option<Vec<f64>>,
}

/// The settings of each provider.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Providers {
    /// Claude.
    pub claude: ProviderSettings,
    /// Codex.
    pub codex: ProviderSettings,
}

impl Providers {
    /// The settings of a provider. `None`: it can't have any.
    pub fn of(&self, provider: Provider) -> Option<&ProviderSettings> {
        match provider.key() {
            "claude" => Some(&self.claude),
            "codex" => Some(&self.codex),
            _ => None,
        }
    }
}

/// Whether a section `[windows."…"]` with this name is about a window: the name is its title or its key,
/// case-insensitive.
pub fn is_about(name: &str, window: &Window) -> bool {
    let name = name.to_lowercase();
    window.title.to_lowercase() == name || window.key.to_lowercase() == name
}

fn some_thresholds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<f64>>, D::Error> {
    thresholds(deserializer).map(Some)
}
