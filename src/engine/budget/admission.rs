//! What the request budget decides on, and its decision.

use crate::quota::Account;
use chrono::{DateTime, Utc};

/// How many requests are sent for one account's usage, by all processes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// In any five minutes, at least 1.
    pub per_five_minutes: u32,
    /// In any hour for a Claude account, at least 1. Codex has no such limit.
    pub claude_per_hour: u32,
}

/// An account that a refresh would send a request for.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// The first reset of one of its windows since its last good response. `None`: none is known.
    pub next_reset: Option<DateTime<Utc>>,
}

impl From<Account> for Candidate {
    fn from(account: Account) -> Candidate {
        Candidate { account, next_reset: None }
    }
}

/// Whether a request for an account may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may be sent, and is counted.
    Allowed,
    /// Not before this moment: the provider has responded with 429.
    RateLimited(DateTime<Utc>),
    /// Not before this moment: the limits are used up, or requests are less frequent after errors or a 429.
    Throttled(DateTime<Utc>),
}
