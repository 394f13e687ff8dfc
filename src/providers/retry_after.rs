//! When to send the next request after a 429.

use chrono::{DateTime, TimeDelta, Utc};

/// The delay after a 429 without a usable `Retry-After`: the providers count in windows of five minutes, and requests
/// during a 429 keep the block alive.
pub const DEFAULT_RETRY_DELAY: TimeDelta = TimeDelta::minutes(5);

/// A longer `Retry-After` is taken for a mistake.
const MAX_RETRY_DELAY: TimeDelta = TimeDelta::hours(24);

/// When to send the next request after a 429. `Retry-After` is in seconds, or a date of RFC 9110; 0, nonsense and a
/// missing header mean [`DEFAULT_RETRY_DELAY`].
pub fn retry_at(retry_after: Option<&str>, now: DateTime<Utc>) -> DateTime<Utc> {
    let delay = retry_after.map(str::trim).and_then(|text| match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            // The cast saturates, and the end is capped.
            Some(TimeDelta::seconds((seconds.ceil() as i64).clamp(0, MAX_RETRY_DELAY.num_seconds())))
        }
        Ok(_) => None,
        Err(_) => Some(DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?) - now),
    });
    let delay = delay.filter(|delay| *delay > TimeDelta::zero()).unwrap_or(DEFAULT_RETRY_DELAY);
    now + delay.min(MAX_RETRY_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_zero() {
        let now: DateTime<Utc> = "2026-09-17T15:00:00Z".parse().expect("a moment");
        for (header, minutes) in [
            (None, 5.0),
            (Some("0"), 5.0),
            (Some("-3"), 5.0),
            (Some(""), 5.0),
            (Some("soon"), 5.0),
            (Some("nan"), 5.0),
            (Some("600"), 10.0),
            (Some(" 3600 "), 60.0),
            (Some("1e300"), 24.0 * 60.0),
            (Some("Thu, 17 Sep 2026 15:10:00 GMT"), 10.0),
            (Some("Thu, 17 Sep 2026 14:10:00 GMT"), 5.0),
            (Some("Fri, 17 Sep 2083 14:10:00 GMT"), 24.0 * 60.0),
        ] {
            let delay = retry_at(header, now) - now;
            assert_eq!(delay.num_seconds() as f64 / 60.0, minutes, "{header:?}");
        }
    }
}
