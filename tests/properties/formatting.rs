//! Formatting and parsing of any number and any time.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use proptest::prelude::*;
use quota_tray::presenter::{Locale, format};
use quota_tray::providers::json::tidy;
use quota_tray::providers::retry_after::retry_at;
use quota_tray::quota::{Failure, timestamp};
use serde_json::{Value, json};

const EAST: Locale = Locale::of_zone(|_| FixedOffset::east_opt(86_399).expect("in range"));
const WEST: Locale = Locale::of_zone(|_| FixedOffset::west_opt(86_399).expect("in range"));

/// Any time of the calendar, often its first or last.
fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    let time = any::<i64>().prop_map(|number| {
        // Most random numbers of milliseconds are out of range; divided, more of them are in it.
        [1, 1_000, 1_000_000]
            .into_iter()
            .find_map(|part| DateTime::from_timestamp_millis(number / part))
            .unwrap_or(DateTime::UNIX_EPOCH)
    });
    prop_oneof![8 => time, 1 => Just(DateTime::<Utc>::MIN_UTC), 1 => Just(DateTime::<Utc>::MAX_UTC)]
}

#[track_caller]
fn assert_one_line(text: &str) {
    assert!(!text.trim().is_empty() && !text.chars().any(char::is_control), "{text:?}");
}

proptest! {
    #[test]
    fn any_time_is_formatted_as_one_line(at in any_time(), now in any_time()) {
        for locale in [Locale::UTC, quota_tray::app::context::locale(), EAST, WEST] {
            assert_one_line(&format::date_time(at, locale));
            assert_one_line(&format::clock_time(at, now, locale));
            assert_one_line(&format::reset_time(at, now, locale));
            for failure in [Failure::RateLimited(at), Failure::Throttled(at)] {
                assert_one_line(&failure.message(now, locale));
                assert_one_line(&failure.short_message(now, locale));
            }
        }
        assert_one_line(&format::age(at, now));
        assert_one_line(&format::duration(at - now));
        let passed = format::reset_time(at, now, Locale::UTC).starts_with("already passed");
        assert_eq!(passed, (at - now).num_seconds() < 0);
    }

    #[test]
    fn any_duration_is_formatted_as_one_line(milliseconds in any::<i64>()) {
        for length in [TimeDelta::milliseconds(milliseconds.max(-i64::MAX)), TimeDelta::MIN, TimeDelta::MAX] {
            assert_one_line(&format::duration(length));
        }
    }

    #[test]
    fn percentage_is_0_only_if_nothing_is_left(value in any::<f64>(), share in 0.0..=100.0) {
        assert_one_line(&format::percent(value));
        let text = format::percent(share);
        assert_eq!(text == "0%", share <= 0.0, "{share}");
        let whole: f64 = text.trim_start_matches("under ").trim_end_matches('%').parse().expect("a number");
        assert!((whole - share).abs() <= 1.0, "{share}: {text}");
    }

    #[test]
    fn any_json_value_parses_as_a_timestamp_or_none(
        number in any::<f64>(),
        whole in any::<i64>(),
        text in ".*",
        seconds in any::<f64>(),
        now in any_time(),
    ) {
        for value in [json!(number), json!(whole), json!(text), json!(whole.to_string()), Value::Null] {
            timestamp::parse(&value);
        }
        timestamp::from_epoch(number);
        if let Some(later) = timestamp::after(now, seconds) {
            assert!(later >= now);
        }
    }

    #[test]
    fn formatted_timestamp_is_parsed_unchanged(seconds in -62_135_596_800_i64..253_402_300_800) {
        let written = DateTime::from_timestamp(seconds, 0).expect("years 1 to 9999");
        for text in [written.to_rfc3339(), written.format("%Y-%m-%d %H:%M:%S").to_string()] {
            assert_eq!(timestamp::parse(&json!(text)), Some(written), "{text}");
        }
    }

    #[test]
    fn retry_after_is_in_the_future_and_at_most_24_hours_ahead(
        header in prop::option::of("[ -~]{0,40}"),
        wait in any::<f64>(),
    ) {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("in range");
        for header in [header, Some(wait.to_string())] {
            let until = retry_at(header.as_deref(), now);
            assert!(until > now && until <= now + TimeDelta::hours(24), "{header:?}: {until}");
        }
    }

    #[test]
    fn tidied_text_is_one_short_line(text in any::<String>()) {
        let tidied = tidy(&text);
        assert!(tidied.chars().count() <= 61 && !tidied.chars().any(char::is_control), "{tidied:?}");
        assert_eq!(tidied.trim(), tidied);
        assert_eq!(tidy(&tidied), tidied);
    }
}
