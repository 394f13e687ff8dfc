//! What a provider reports about an account besides quota windows. It is displayed, and affects neither the icon nor
//! alerts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A fact about an account. Its label: `presenter/facts.rs`.
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
    /// The provider's name for it, in a readable form.
    pub title: String,
    /// Dollars granted.
    pub limit: f64,
    /// Dollars left. `None`: not reported.
    pub remaining: Option<f64>,
    /// When the remaining credit expires. `None`: not reported.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How many credits are left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditBalance {
    /// Without a limit.
    Unlimited,
    /// There are some; the provider does not say how many.
    Available,
    /// This many; above 0.
    Left(f64),
}
