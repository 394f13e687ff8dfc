//! Properties over random histories.

#[path = "properties/arbitrary_responses.rs"]
mod arbitrary_responses;
#[path = "properties/formatting.rs"]
mod formatting;
#[path = "properties/refreshes.rs"]
mod refreshes;
#[path = "properties/request_budget.rs"]
mod request_budget;
#[path = "properties/reset_schedule.rs"]
mod reset_schedule;
#[path = "properties/resets.rs"]
mod resets;
#[path = "properties/snapshots.rs"]
mod snapshots;

use chrono::{DateTime, Utc};
use quota_tray::quota::{Account, AccountId, Provider};

/// The time `seconds` after the start of every history.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
}

/// One of a few accounts.
fn account(number: usize) -> Account {
    let provider = [Provider::CLAUDE, Provider::CODEX][number % 2];
    let id = AccountId::file(format!("{}-{number}.json", provider.key()));
    Account { id, provider, email: format!("{number}@example.com"), identity: None, given_name: None }
}
