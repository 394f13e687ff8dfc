//! A quota window: a share of quota that is used up within a period and then resets.

use crate::quota::percent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

/// One quota window of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Identifies the window among those of its account: the provider's name for it, such as `five_hour`. It is part of
    /// the JSON output and of the alert history, and must not change when the title does.
    pub key: String,
    /// What is displayed: "5-hour", "Weekly (Opus)".
    pub title: String,
    /// Percent used, finite, 0 to 100, with two decimals at most.
    #[serde(deserialize_with = "normalised")]
    used_percent: f64,
    /// When the window resets. `None`: the provider does not say.
    pub resets_at: Option<DateTime<Utc>>,
    /// What the provider says about the reset in place of a date. `None`: nothing.
    pub reset_note: Option<String>,
    /// The window's length in seconds. `None`: not known.
    pub length_seconds: Option<u64>,
    /// Whether the window is known by name. Others are displayed, but count neither for the lowest percentage nor for
    /// alerts, since it is not known what they limit.
    pub named: bool,
    /// Whether the settings ignore it: it is displayed, but does not count, like a window that is not known by name.
    #[serde(skip)]
    pub ignored: bool,
    /// Its own thresholds, or those of its provider, from the settings. `None`: the general ones apply, or the settings
    /// have not been applied.
    #[serde(skip)]
    pub thresholds: Option<Vec<f64>>,
}

impl Window {
    /// A window with no reset and no length. `used_percent` is clamped to 0–100, since providers have sent −5 and 120, and
    /// rounded to two decimals. `None`: it is not a number (NaN).
    pub fn new(key: impl Into<String>, title: impl Into<String>, used_percent: f64) -> Option<Window> {
        percent::normalise(used_percent).map(|used_percent| Window {
            key: key.into(),
            title: title.into(),
            used_percent,
            resets_at: None,
            reset_note: None,
            length_seconds: None,
            named: true,
            ignored: false,
            thresholds: None,
        })
    }

    /// Whether it counts for the lowest percentage and for alerts.
    pub fn counts(&self) -> bool {
        self.named && !self.ignored
    }

    /// Percent used, 0 to 100.
    pub fn used_percent(&self) -> f64 {
        self.used_percent
    }

    /// Percent left, 0 to 100.
    pub fn remaining_percent(&self) -> f64 {
        percent::remaining(self.used_percent)
    }

    /// Whether the window is a day or less, as the 5-hour windows are, and not a week or a month. If its length is not
    /// known, its key decides.
    pub fn is_short(&self) -> bool {
        match self.length_seconds {
            Some(length) => length <= 24 * 60 * 60,
            None => self.key == "five_hour" || self.key.ends_with("primary_window"),
        }
    }

    /// Whether the window has reset since the response received at `received_at`, so that its percentage is out of date. A
    /// reset that was in the past already when the response came does not count. Where `received_at` is in the future, the
    /// clock was ahead then, and any reset before `now` counts.
    pub fn has_reset_since(&self, received_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.resets_at.is_some_and(|reset| reset <= now && (received_at < reset || received_at > now))
    }
}

/// Percentages in a state file of version 0.1 have more decimals.
fn normalised<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    percent::normalise(value).ok_or_else(|| serde::de::Error::custom("not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_used_is_clamped_to_0_to_100() {
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
    fn window_is_short_by_its_length_and_else_by_its_key() {
        for (key, length, short) in [
            ("five_hour", Some(18_000), true),
            ("seven_day", Some(604_800), false),
            // Plans whose primary window is a week are common.
            ("primary_window", Some(604_800), false),
            ("secondary_window", Some(18_000), true),
            ("primary_window", None, true),
            ("five_hour", None, true),
            ("individual_limit", None, false),
        ] {
            let mut window = Window::new(key, "t", 1.0).expect("a number");
            window.length_seconds = length;
            assert_eq!(window.is_short(), short, "{key}, {length:?}");
        }
    }

    #[test]
    fn window_has_reset_only_if_the_reset_is_after_the_response() {
        let at = |s: i64| DateTime::from_timestamp(s, 0).expect("in range");
        let mut window = Window::new("k", "t", 50.0).expect("a number");
        assert!(!window.has_reset_since(at(0), at(100)), "no reset is known");
        window.resets_at = Some(at(50));
        assert!(window.has_reset_since(at(0), at(50)));
        assert!(!window.has_reset_since(at(0), at(49)));
        assert!(!window.has_reset_since(at(60), at(100)), "the reset was in the past already");
        assert!(window.has_reset_since(at(500), at(100)), "the clock was ahead");
    }
}
