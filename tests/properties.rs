//! What holds of every history, not only of those that somebody has thought of.

#[path = "properties/odd_answers.rs"]
mod odd_answers;
#[path = "properties/pacing.rs"]
mod pacing;
#[path = "properties/resets.rs"]
mod resets;
#[path = "properties/said.rs"]
mod said;
#[path = "properties/snapshots.rs"]
mod snapshots;
#[path = "properties/words.rs"]
mod words;

use chrono::{DateTime, Utc};
use quota_tray::quota::{Account, AccountId, Provider};

/// A moment, in seconds after the first one of every history.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
}

/// One of a few accounts.
fn account(number: usize) -> Account {
    let provider = [Provider::CLAUDE, Provider::CODEX][number % 2];
    let id = AccountId::file(format!("{}-{number}.json", provider.key()));
    Account { id, provider, email: format!("{number}@example.com"), identity: None }
}
