//! A quota window: a share of something, used up within a stretch of time, given back at a moment.

use crate::quota::percent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// One quota window of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// What tells this window from the account's others over time: the provider's own name for it,
    /// such as `five_hour`. Never shown; titles may be reworded, keys not.
    pub key: String,
    /// What a person reads: "5-hour", "Weekly (Opus)".
    pub title: String,
    /// Percent used, finite, 0 to 100, with two decimals at most.
    #[serde(deserialize_with = "tidy_percent")]
    used_percent: f64,
    /// When the window is given back. `None`: the provider named no moment.
    pub resets_at: Option<DateTime<Utc>>,
    /// What the provider said of the reset where that was no date.
    pub reset_note: Option<String>,
    /// The window's length in seconds. `None`: not known.
    pub length_seconds: Option<u64>,
    /// Whether the window is one we know by name. Others are shown, but count neither for the
    /// lowest percentage nor for alerts, since nobody knows what they limit.
    pub named: bool,
}

impl Window {
    /// A window with no reset and no length. `used_percent` is clamped to 0–100: −5 and 120 have
    /// been seen; more than two decimals are rounded. `None` for what is no number at all.
    pub fn new(key: impl Into<String>, title: impl Into<String>, used_percent: f64) -> Option<Window> {
        percent::normalise(used_percent).map(|used_percent| Window {
            key: key.into(),
            title: title.into(),
            used_percent,
            resets_at: None,
            reset_note: None,
            length_seconds: None,
            named: true,
        })
    }

    /// Percent used, 0 to 100.
    pub fn used_percent(&self) -> f64 {
        self.used_percent
    }

    /// Percent left, 0 to 100.
    pub fn remaining_percent(&self) -> f64 {
        percent::remaining(self.used_percent)
    }

    /// Whether the window has been given back since it was last seen at `seen_at`, so that its
    /// number is a thing of the past. A reset that already lay in the past when the provider named
    /// it says nothing; a number seen in the future was seen under a clock that was ahead, and any reset may be since.
    pub fn has_reset_since(&self, seen_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.resets_at.is_some_and(|reset| reset <= now && (seen_at < reset || seen_at > now))
    }
}

/// A state file of version 0.1 has more decimals.
fn tidy_percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    percent::normalise(value).ok_or_else(|| serde::de::Error::custom("not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_between_0_and_100() {
        for (given, used, left) in [
            (-5.0, 0.0, 100.0),
            (120.0, 100.0, 0.0),
            (1.0, 1.0, 99.0),
            (f64::INFINITY, 100.0, 0.0),
            (42.5, 42.5, 57.5),
        ] {
            let window = Window::new("k", "t", given).expect("a number");
            assert_eq!((window.used_percent(), window.remaining_percent()), (used, left), "{given}");
        }
        assert_eq!(Window::new("k", "t", f64::NAN), None);
    }

    #[test]
    fn a_number_is_past_only_when_the_reset_came_after_it_was_seen() {
        let at = |s: i64| DateTime::from_timestamp(s, 0).expect("in range");
        let mut window = Window::new("k", "t", 50.0).expect("a number");
        assert!(!window.has_reset_since(at(0), at(100)), "no reset is known");
        window.resets_at = Some(at(50));
        assert!(window.has_reset_since(at(0), at(50)));
        assert!(!window.has_reset_since(at(0), at(49)));
        assert!(!window.has_reset_since(at(60), at(100)), "the provider named a past moment");
        assert!(window.has_reset_since(at(500), at(100)), "seen under a clock that was ahead");
    }
}
