//! The recent requests for every login: admits requests, and records their outcome.

use crate::engine::budget::hourly::{self, HOUR};
use crate::engine::budget::request_history::{FIVE_MINUTES, RequestHistory};
use crate::engine::budget::slowdown::Slowdown;
use crate::engine::budget::{Admission, Candidate, RequestLimits};
use crate::quota::{Account, Failure, Provider, identity};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest wait after 429s, unless the provider asks for a longer one.
const MAX_RATE_LIMIT: TimeDelta = TimeDelta::hours(1);

/// The outcomes of a refresh are recorded together, so a response may be this old.
const MAX_RECORDING_DELAY: TimeDelta = TimeDelta::minutes(1);

/// The wait after a server error or a timeout, doubled with each further one ...
const FIRST_BACKOFF: TimeDelta = TimeDelta::seconds(30);
/// ... up to this.
const MAX_BACKOFF: TimeDelta = TimeDelta::minutes(15);

/// The recent requests for each login. Kept over restarts, shared by all processes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RequestBudget {
    /// By [state key](Account::state_key): a login keeps its budget in another file or source, and another login in
    /// the same file has its own budget.
    accounts: BTreeMap<String, RequestHistory>,
}

impl RequestBudget {
    /// Whether a request for an account may be sent now; an allowed request is counted at once. A `manual` request
    /// (*Refresh now*) ignores the backoff after errors and the slowdown after a 429, and may use the reserve of the
    /// budget; it never exceeds the budget or the wait after a 429.
    pub fn admit(
        &mut self,
        candidate: &Candidate,
        limits: &RequestLimits,
        manual: bool,
        now: DateTime<Utc>,
    ) -> Admission {
        let history = identity::entry(&mut self.accounts, &candidate.account);
        let is_claude = candidate.account.provider == Provider::CLAUDE;
        history.prune(if is_claude { HOUR } else { FIVE_MINUTES }, now);
        if let Some(until) = history.rate_limited(now) {
            return Admission::RateLimited(until);
        }
        let in_hour = match is_claude {
            true => hourly::next_request(&history.requests, limits.claude_per_hour as usize, manual, now),
            false => None,
        };
        let in_five_minutes = history.next_in_five_minutes((limits.per_five_minutes as usize).max(1), now);
        // The later of both, or one limit would be exceeded.
        if let Some(until) = in_five_minutes.max(in_hour) {
            return Admission::Throttled(until);
        }
        if !manual {
            let slowdown = history.slowdown.as_ref().filter(|slowdown| slowdown.is_in_force(now));
            let slowdown = slowdown.zip(history.requests.last());
            let slowdown =
                slowdown.map(|(slowdown, last)| slowdown.next_request(*last, candidate.next_reset));
            if let Some(until) = history.backing_off(now).max(slowdown.filter(|until| *until > now)) {
                return Admission::Throttled(until);
            }
        }
        history.requests.push(now);
        Admission::Allowed
    }

    /// Records the outcome of a request, and returns the failure as it is to be shown. `failure` is `None` for a
    /// success. `jitter`, from 0 to 1, keeps accounts from being requested again all at once.
    pub fn record(
        &mut self,
        account: &Account,
        failure: Option<Failure>,
        jitter: f64,
        now: DateTime<Utc>,
    ) -> Option<Failure> {
        let history = identity::entry(&mut self.accounts, account);
        match failure {
            Some(Failure::RateLimited(until)) => {
                // Five minutes may be the provider's `Retry-After` or the default where it sent none. The two can't be
                // distinguished here, so both are doubled with each 429.
                let mut wait = until - now;
                if wait <= FIVE_MINUTES && wait > FIVE_MINUTES - MAX_RECORDING_DELAY {
                    let doubled = FIVE_MINUTES * 2_i32.pow(history.rate_limit_count.min(8));
                    wait = doubled.min(MAX_RATE_LIMIT);
                }
                history.rate_limit_count = history.rate_limit_count.saturating_add(1);
                // Another process may have been given a later moment.
                let until = history.rate_limited(now).map_or(now + wait, |known| known.max(now + wait));
                (history.rate_limited_until, history.rate_limit_set_at) = (Some(until), Some(now));
                if account.provider == Provider::CLAUDE {
                    let previous = history.slowdown.as_ref();
                    history.slowdown = Some(Slowdown::after_429(previous, until, jitter, now));
                }
                return Some(Failure::RateLimited(until));
            }
            Some(
                Failure::Server(_) | Failure::Blocked | Failure::TimedOut(_) | Failure::ConnectionLost(_),
            ) => {
                let doubled = FIRST_BACKOFF * 2_i32.pow(history.error_count.min(8));
                let wait = doubled.min(MAX_BACKOFF).as_seconds_f64() * (0.75 + 0.5 * jitter.clamp(0.0, 1.0));
                history.error_count = history.error_count.saturating_add(1);
                let until = now + TimeDelta::milliseconds((wait * 1000.0) as i64);
                (history.backoff_until, history.backoff_set_at) = (Some(until), Some(now));
            }
            // The request did not reach the provider, or was not sent at all: it does not count.
            Some(Failure::Unreachable(_) | Failure::Expired(_)) => {
                history.requests.pop();
            }
            // A success, or a failure that is a response of the server: it is not overloaded. A 429 that another
            // process got meanwhile stays in force.
            _ => {
                (history.error_count, history.backoff_until, history.backoff_set_at) = (0, None, None);
                if history.rate_limited(now).is_none() {
                    history.rate_limit_count = 0;
                    (history.rate_limited_until, history.rate_limit_set_at) = (None, None);
                }
            }
        }
        failure
    }

    /// Removes accounts for which nothing is in force any more.
    pub fn prune(&mut self, now: DateTime<Utc>) {
        self.accounts.retain(|_, history| {
            history.prune(HOUR, now);
            // The number of consecutive 429s and errors is kept for a while after the last one.
            let was_recent =
                |until: Option<DateTime<Utc>>| until.is_some_and(|at| at <= now && now - at < MAX_RATE_LIMIT);
            history.slowdown.take_if(|slowdown| !slowdown.is_in_force(now));
            history.rate_limited(now).is_some()
                || history.backing_off(now).is_some()
                || history.slowdown.is_some()
                || !history.requests.is_empty()
                || was_recent(history.rate_limited_until)
                || was_recent(history.backoff_until)
        });
    }
}
