//! After a 429 automatic requests are less frequent for an hour: of 35 blocks that had ended, 20 were back within 15
//! minutes (claude-swap, July–August 2026).

use crate::engine::budget::validity::is_in_force;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Seconds between two automatic requests after the first 429; half as long again after each further one ...
const FIRST_INTERVAL: u32 = 360;
/// ... up to this.
const MAX_INTERVAL: u32 = 1800;

/// How long it lasts after the end of the last block.
const DURATION: TimeDelta = TimeDelta::hours(1);

/// A request this long after a reset brings new numbers, and is not delayed.
const AFTER_RESET: TimeDelta = TimeDelta::seconds(60);

/// A longer interval between automatic requests, and until when. The names are also those in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slowdown {
    until: DateTime<Utc>,
    set_at: DateTime<Utc>,
    /// Seconds between two requests, before the jitter.
    interval_seconds: u32,
    /// The same with the jitter of ±10 %.
    wait_seconds: u32,
}

impl Slowdown {
    /// The slowdown after a 429 that blocks requests until `blocked_until`. `previous` is the one in force before;
    /// `jitter` is from 0 to 1.
    pub fn after_429(
        previous: Option<&Slowdown>,
        blocked_until: DateTime<Utc>,
        jitter: f64,
        now: DateTime<Utc>,
    ) -> Slowdown {
        let longer = |slowdown: &Slowdown| {
            let interval = slowdown.interval_seconds.clamp(FIRST_INTERVAL, MAX_INTERVAL);
            (interval + interval / 2).min(MAX_INTERVAL)
        };
        let interval = previous.filter(|slowdown| slowdown.is_in_force(now)).map_or(FIRST_INTERVAL, longer);
        let wait = f64::from(interval) * (0.9 + 0.2 * jitter.clamp(0.0, 1.0));
        Slowdown {
            until: blocked_until.checked_add_signed(DURATION).unwrap_or(blocked_until),
            set_at: now,
            interval_seconds: interval,
            wait_seconds: wait.round() as u32,
        }
    }

    /// Whether it still applies.
    pub fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        is_in_force(self.until, Some(self.set_at), now)
    }

    /// When the next automatic request may be sent, after one at `last`. `next_reset` is the first reset since the last
    /// good response.
    pub fn next_request(&self, last: DateTime<Utc>, next_reset: Option<DateTime<Utc>>) -> DateTime<Utc> {
        // Limited again: someone may have edited the file, and the sum must stay within the calendar.
        let wait = self.wait_seconds.min(MAX_INTERVAL * 11 / 10);
        let at = last + TimeDelta::seconds(i64::from(wait));
        let after_reset = next_reset.and_then(|reset| reset.checked_add_signed(AFTER_RESET));
        after_reset.map_or(at, |reset| reset.min(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("in range")
    }

    #[test]
    fn interval_grows_with_each_429_up_to_half_an_hour_and_starts_again_after_an_hour() {
        let mut slowdown: Option<Slowdown> = None;
        let mut now = 0;
        for seconds in [360, 540, 810, 1215, 1800, 1800] {
            slowdown = Some(Slowdown::after_429(slowdown.as_ref(), at(now + 300), 0.5, at(now)));
            let current = slowdown.as_ref().expect("just set");
            assert_eq!(current.next_request(at(now), None), at(now + seconds));
            assert!(current.is_in_force(at(now + 300 + 3599)) && !current.is_in_force(at(now + 300 + 3600)));
            now += 2000;
        }
        let restarted = Slowdown::after_429(slowdown.as_ref(), at(90_000), 0.5, at(89_000));
        assert_eq!(restarted.next_request(at(0), None), at(360));
    }

    #[test]
    fn jitter_is_a_tenth_and_a_reset_ends_the_wait() {
        let slowdown = |jitter| Slowdown::after_429(None, at(300), jitter, at(0));
        assert_eq!(
            (slowdown(0.0).next_request(at(0), None), slowdown(1.0).next_request(at(0), None)),
            (at(324), at(396))
        );
        assert_eq!(slowdown(0.5).next_request(at(0), Some(at(100))), at(160));
        assert_eq!(slowdown(0.5).next_request(at(0), Some(at(5000))), at(360));
        assert_eq!(slowdown(0.5).next_request(at(0), Some(DateTime::<Utc>::MAX_UTC)), at(360));
    }
}
