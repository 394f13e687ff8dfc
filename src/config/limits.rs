//! The section `[limits]`: how many requests are sent to the providers.

use crate::config::values::in_range;
use serde::{Deserialize, Deserializer};

/// Limits on requests.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests for one account's usage in five minutes, 1 to 60, by the tray and `status` together. Version 0.1 called
    /// it `asks_per_five_minutes`; both at once are an error.
    #[serde(alias = "asks_per_five_minutes", deserialize_with = "per_five_minutes")]
    pub requests_per_five_minutes: u32,
    /// Requests for one Claude account's usage in any hour, 1 to 720, by the tray and `status` together.
    #[serde(deserialize_with = "per_hour")]
    pub claude_requests_per_hour: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { requests_per_five_minutes: 5, claude_requests_per_hour: 20 }
    }
}

fn per_five_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=60, "a whole number from 1 to 60")
}

fn per_hour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1..=720, "a whole number from 1 to 720")
}
