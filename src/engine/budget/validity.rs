//! Whether a moment that was written to a file can be believed: the clock may have been wrong.

use chrono::{DateTime, TimeDelta, Utc};

/// A moment further ahead than this was written while the clock was wrong. Used where it is not known when it was set.
const MAX_WAIT: TimeDelta = TimeDelta::hours(25);

/// Regular clock corrections are smaller than this. What was set further in the future was set by a wrong clock.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(1);

/// Whether `until` is still to come, and was not set by a clock that was ahead. `set_at` is `None` in files of version
/// 0.1.
pub fn is_in_force(until: DateTime<Utc>, set_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let is_plausible = match set_at {
        Some(set_at) => set_at - now <= CLOCK_TOLERANCE,
        None => until - now < MAX_WAIT,
    };
    until > now && is_plausible
}
