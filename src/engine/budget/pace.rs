//! The recent requests for one login, and what delays the next one.

use crate::engine::budget::hourly::HOUR;
use crate::engine::budget::slow::Slow;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The shorter of the two stretches in which requests are counted.
pub const STRETCH: TimeDelta = TimeDelta::minutes(5);

/// A moment further ahead than this was written under another clock.
const BEYOND_BELIEF: TimeDelta = TimeDelta::hours(25);

/// Clocks are corrected by as much as this in passing. What was set further ahead was set by a clock that was wrong.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// What is kept for one login.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Pace {
    /// Times of recent requests, oldest first: those of the last five minutes, for Claude of the last hour.
    pub asked: Vec<DateTime<Utc>>,
    /// When it may be asked again after a 429.
    pub cool_until: Option<DateTime<Utc>>,
    /// When that was set. `None`: by version 0.1.
    #[serde(default)]
    pub cool_set_at: Option<DateTime<Utc>>,
    /// Consecutive 429s.
    pub refusals: u32,
    /// When it should be asked again after a failure.
    pub pause_until: Option<DateTime<Utc>>,
    /// When that was set. `None`: by version 0.1.
    #[serde(default)]
    pub pause_set_at: Option<DateTime<Utc>>,
    /// Consecutive failures.
    pub failures: u32,
    /// The slower pace after a 429.
    #[serde(default)]
    pub slow: Option<Slow>,
}

impl Pace {
    pub fn cooling(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cool_until.filter(|until| is_in_force(*until, self.cool_set_at, now))
    }

    pub fn pausing(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.pause_until.filter(|until| is_in_force(*until, self.pause_set_at, now))
    }

    /// Keeps the requests that count in the last hour.
    pub fn keep_recent(&mut self, now: DateTime<Utc>) {
        self.keep_those_of(HOUR, now);
    }

    /// Keeps the requests that count in a stretch that ends now.
    pub fn keep_those_of(&mut self, stretch: TimeDelta, now: DateTime<Utc>) {
        self.asked.retain(|at| counts(*at, stretch, now));
        // A clock that was put back leaves them out of order.
        self.asked.sort_unstable();
    }

    /// When `limit` requests in five minutes leave room for one more. `None`: now.
    pub fn five_minutes(&self, limit: usize, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let recent = self.asked.partition_point(|at| !counts(*at, STRETCH, now));
        let recent = &self.asked[recent..];
        // The oldest that has to fall out.
        (recent.len() >= limit).then(|| recent[recent.len() - limit] + STRETCH)
    }
}

/// Whether a moment is still to come, and can be believed: one that was set in what is now the future was set by a clock
/// that was ahead, and is void. `set_at` is `None` in what version 0.1 has written.
pub fn is_in_force(until: DateTime<Utc>, set_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let is_believed = match set_at {
        Some(set_at) => set_at - now <= CLOCK_TOLERANCE,
        None => until - now < BEYOND_BELIEF,
    };
    until > now && is_believed
}

/// Whether a request at that moment counts in a stretch that ends now, be it that the clock was put back a little since.
fn counts(at: DateTime<Utc>, stretch: TimeDelta, now: DateTime<Utc>) -> bool {
    now - at < stretch && at - now < STRETCH
}
