//! What a provider says of an account that is no quota window: shown beside the windows, counted for nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One fact of an account. Its label: `presenter/facts.rs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Claude: prepaid dollars that are used before extra usage.
    Credit(DollarCredit),
    /// Codex: how many times the owner may reset a window that is used up. Never 0.
    ResetCredits(u64),
    /// Codex: credits that are used when the windows are used up.
    Credits(CreditBalance),
}

/// A credit in US dollars that expires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DollarCredit {
    /// The provider's own name for it, made readable.
    pub title: String,
    /// Dollars granted.
    pub limit: f64,
    /// Dollars left. `None`: not known.
    pub remaining: Option<f64>,
    /// When what is left expires. `None`: not known.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How many credits are left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditBalance {
    /// No end of them.
    Unlimited,
    /// There are some, and their number is not known.
    Available,
    /// This many; above 0.
    Left(f64),
}
