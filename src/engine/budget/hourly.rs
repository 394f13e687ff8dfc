//! The hourly budget of a Claude account.
//!
//! Anthropic accepts 28–30 requests in any trailing hour per identity and agent class, Claude Code's own requests
//! included (claude-swap `poll_policy.py`, measured July–August 2026).

use chrono::{DateTime, TimeDelta, Utc};

/// The period of the limit.
pub const HOUR: TimeDelta = TimeDelta::hours(1);

/// One part in this many of the budget is reserved for *Refresh now*.
const RESERVED_FRACTION: usize = 5;

/// When the next request may be sent. `None`: now. `requests` are those of the last hour, oldest first; `per_hour` is how
/// many there may be.
///
/// A `manual` request may use the whole budget, an automatic one not the reserve. The first half of the automatic share
/// is available at once. The rest is spread evenly over the time until the oldest request is an hour old, so that a
/// short refresh interval does not use up the share in minutes and leave old numbers for the rest of the hour.
pub fn next_request(
    requests: &[DateTime<Utc>],
    per_hour: usize,
    manual: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let per_hour = per_hour.max(1);
    let share = if manual { per_hour } else { per_hour - per_hour / RESERVED_FRACTION };
    if requests.len() >= share {
        // Once this one is an hour old, fewer than `share` are left.
        return Some(requests[requests.len() - share] + HOUR);
    }
    let (Some(first), Some(last)) = (requests.first(), requests.last()) else { return None };
    if manual || requests.len() < share / 2 {
        return None;
    }
    // The last of these steps ends when the oldest request is an hour old.
    let steps = i32::try_from(share - requests.len() + 1).unwrap_or(i32::MAX);
    let at = *last + (*first + HOUR - *last) / steps;
    (at > now).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).expect("in range")
    }

    /// The minutes at which a refresh every `interval` minutes sends a request in `hours` hours.
    fn automatic(interval: usize, hours: i64, per_hour: usize) -> Vec<i64> {
        let mut sent: Vec<i64> = Vec::new();
        for minute in (0..hours * 60).step_by(interval) {
            let requests: Vec<_> =
                sent.iter().filter(|at| minute - **at < 60).map(|minute| at(*minute)).collect();
            if next_request(&requests, per_hour, false, at(minute)).is_none() {
                sent.push(minute);
            }
        }
        sent
    }

    #[test]
    fn refresh_every_minute_is_spread_over_the_hour() {
        let sent = automatic(1, 6, 20);
        let in_the_hour_to =
            |minute: i64| sent.iter().filter(|at| (0..60).contains(&(minute - **at))).count();
        assert!(sent.iter().all(|minute| in_the_hour_to(*minute) <= 16), "{sent:?}");
        let longest = sent.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(longest <= Some(7), "{sent:?}");
        assert!(sent.len() >= 6 * 13, "{sent:?}");
    }

    #[test]
    fn refresh_every_five_minutes_is_not_delayed() {
        assert_eq!(automatic(5, 4, 20).len(), 4 * 12);
    }

    #[test]
    fn manual_requests_may_use_the_reserve_and_no_more_than_the_budget() {
        let mut requests: Vec<_> = automatic(1, 1, 20).into_iter().map(at).collect();
        let now = at(59);
        assert!(next_request(&requests, 20, false, now).is_some());
        while next_request(&requests, 20, true, now).is_none() {
            requests.push(now);
        }
        assert_eq!(requests.len(), 20);
        assert_eq!(next_request(&requests, 20, true, now), Some(requests[0] + HOUR));
        assert_eq!(
            next_request(&requests, 20, false, now),
            Some(requests[4] + HOUR),
            "automatic requests stop at 16"
        );
    }

    #[test]
    fn smallest_budgets_allow_one_request() {
        for per_hour in 0..5 {
            assert_eq!(next_request(&[], per_hour, false, at(0)), None);
        }
        assert_eq!(next_request(&[at(0)], 1, false, at(1)), Some(at(60)));
        assert_eq!(next_request(&[at(0)], 1, true, at(1)), Some(at(60)));
    }
}
