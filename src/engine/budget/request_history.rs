//! The recent requests for one login, and what delays the next one.

use crate::engine::budget::slowdown::Slowdown;
use crate::engine::budget::validity::is_in_force;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The period of the limit that all providers have.
pub const FIVE_MINUTES: TimeDelta = TimeDelta::minutes(5);

/// The recent requests for one login. The names in the file are those of version 0.1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RequestHistory {
    /// Times of recent requests, oldest first: those of the last five minutes, for Claude of the last hour.
    #[serde(rename = "asked")]
    pub requests: Vec<DateTime<Utc>>,
    /// No request before this moment, after a 429.
    #[serde(rename = "cool_until")]
    pub rate_limited_until: Option<DateTime<Utc>>,
    /// When that was set. `None`: by version 0.1.
    #[serde(default, rename = "cool_set_at")]
    pub rate_limit_set_at: Option<DateTime<Utc>>,
    /// Consecutive 429s.
    #[serde(rename = "refusals")]
    pub rate_limit_count: u32,
    /// No automatic request before this moment, after an error.
    #[serde(rename = "pause_until")]
    pub backoff_until: Option<DateTime<Utc>>,
    /// When that was set. `None`: by version 0.1.
    #[serde(default, rename = "pause_set_at")]
    pub backoff_set_at: Option<DateTime<Utc>>,
    /// Consecutive errors.
    #[serde(rename = "failures")]
    pub error_count: u32,
    /// Less frequent automatic requests after a 429.
    #[serde(default, rename = "slow")]
    pub slowdown: Option<Slowdown>,
}

impl RequestHistory {
    /// Until when the provider refuses requests. `None`: it does not.
    pub fn rate_limited(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.rate_limited_until.filter(|until| is_in_force(*until, self.rate_limit_set_at, now))
    }

    /// Until when automatic requests wait after an error. `None`: they don't.
    pub fn backing_off(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.backoff_until.filter(|until| is_in_force(*until, self.backoff_set_at, now))
    }

    /// Keeps the requests of the last `period`.
    pub fn prune(&mut self, period: TimeDelta, now: DateTime<Utc>) {
        self.requests.retain(|at| counts(*at, period, now));
        // They are out of order after the clock was put back.
        self.requests.sort_unstable();
    }

    /// When `limit` requests in five minutes allow one more. `None`: now.
    pub fn next_in_five_minutes(&self, limit: usize, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let recent = self.requests.partition_point(|at| !counts(*at, FIVE_MINUTES, now));
        let recent = &self.requests[recent..];
        // Once this one is five minutes old, fewer than `limit` are left.
        (recent.len() >= limit).then(|| recent[recent.len() - limit] + FIVE_MINUTES)
    }
}

/// Whether a request at `at` counts in the `period` that ends now. A clock that was put back a little leaves requests in
/// the future, which count as well.
fn counts(at: DateTime<Utc>, period: TimeDelta, now: DateTime<Utc>) -> bool {
    now - at < period && at - now < FIVE_MINUTES
}
