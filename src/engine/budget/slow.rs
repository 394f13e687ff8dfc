//! After a 429 an account is asked less often for an hour: 20 of 35 blocks that had lapsed were back within 15 minutes
//! (claude-swap, July–August 2026).

use crate::engine::budget::pace::is_in_force;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Seconds between two automatic requests after the first 429, ...
const FIRST_INTERVAL: u32 = 360;
/// ... and at most, half as long again with each further one in that time.
const MAX_INTERVAL: u32 = 1800;

/// So long after the end of the last cool-down.
const LASTS: TimeDelta = TimeDelta::hours(1);

/// After a reset there are new numbers, which are worth a request.
const AFTER_RESET: TimeDelta = TimeDelta::seconds(60);

/// A slower pace, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    pub until: DateTime<Utc>,
    set_at: DateTime<Utc>,
    /// Seconds between two requests, before the jitter.
    interval_seconds: u32,
    /// With the jitter of ±10 %.
    wait_seconds: u32,
}

impl Slow {
    /// The pace after a 429 that holds until `cool_until`. `before` is the pace until then; `jitter` is from 0 to 1.
    pub fn after_429(
        before: Option<&Slow>,
        cool_until: DateTime<Utc>,
        jitter: f64,
        now: DateTime<Utc>,
    ) -> Slow {
        let longer = |slow: &Slow| {
            let interval = slow.interval_seconds.clamp(FIRST_INTERVAL, MAX_INTERVAL);
            (interval + interval / 2).min(MAX_INTERVAL)
        };
        let interval = before.filter(|slow| slow.is_in_force(now)).map_or(FIRST_INTERVAL, longer);
        let wait = f64::from(interval) * (0.9 + 0.2 * jitter.clamp(0.0, 1.0));
        Slow {
            until: cool_until.checked_add_signed(LASTS).unwrap_or(cool_until),
            set_at: now,
            interval_seconds: interval,
            wait_seconds: wait.round() as u32,
        }
    }

    /// Whether it still holds.
    pub fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        is_in_force(self.until, Some(self.set_at), now)
    }

    /// When the next automatic request may be sent, after one at `last`. `next_reset` is the first reset since the last
    /// good response.
    pub fn next(&self, last: DateTime<Utc>, next_reset: Option<DateTime<Utc>>) -> DateTime<Utc> {
        // A number from a file that somebody has edited must not leave the calendar.
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
    fn the_interval_grows_with_each_429_up_to_half_an_hour_and_starts_anew_after_an_hour() {
        let mut slow: Option<Slow> = None;
        let mut now = 0;
        for seconds in [360, 540, 810, 1215, 1800, 1800] {
            slow = Some(Slow::after_429(slow.as_ref(), at(now + 300), 0.5, at(now)));
            let pace = slow.as_ref().expect("just set");
            assert_eq!(pace.next(at(now), None), at(now + seconds));
            assert!(pace.is_in_force(at(now + 300 + 3599)) && !pace.is_in_force(at(now + 300 + 3600)));
            now += 2000;
        }
        let anew = Slow::after_429(slow.as_ref(), at(90_000), 0.5, at(89_000));
        assert_eq!(anew.next(at(0), None), at(360));
    }

    #[test]
    fn jitter_is_a_tenth_and_a_reset_comes_first() {
        let pace = |jitter| Slow::after_429(None, at(300), jitter, at(0));
        assert_eq!((pace(0.0).next(at(0), None), pace(1.0).next(at(0), None)), (at(324), at(396)));
        assert_eq!(pace(0.5).next(at(0), Some(at(100))), at(160));
        assert_eq!(pace(0.5).next(at(0), Some(at(5000))), at(360));
        assert_eq!(pace(0.5).next(at(0), Some(DateTime::<Utc>::MAX_UTC)), at(360));
    }
}
