//! Parsing moments, which responses and credential files write in several forms.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

/// Numbers above this are milliseconds: as seconds it is the year 2286.
const MAX_SECONDS: f64 = 10_000_000_000.0;

/// A moment as a string (RFC 3339 with or without fractions, with `Z`, an offset or no zone at all,
/// which is UTC; date and time separated by a space; with or without seconds) or as a number (seconds or
/// milliseconds since 1970, also in quotes). `None` for anything else.
pub fn parse(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::Number(number) => from_epoch(number.as_f64()?),
        Value::String(text) => from_text(text.trim()),
        _ => None,
    }
}

/// Seconds since 1970, or milliseconds where the number is too large for seconds. `None` outside the
/// calendar.
pub fn from_epoch(number: f64) -> Option<DateTime<Utc>> {
    let seconds = if number.abs() > MAX_SECONDS { number / 1000.0 } else { number };
    // The cast saturates, and moments outside the calendar become `None`.
    DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64).filter(|_| number.is_finite())
}

/// The moment this many seconds after `now`. `None`: `seconds` is negative, or more than a century.
pub fn after(now: DateTime<Utc>, seconds: f64) -> Option<DateTime<Utc>> {
    // A century is longer than any window.
    (0.0..=3.2e9)
        .contains(&seconds)
        .then(|| now.checked_add_signed(chrono::TimeDelta::seconds(seconds as i64)))?
}

fn from_text(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(number) = text.parse::<f64>() {
        return from_epoch(number);
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|naive| naive.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_known_forms_are_parsed() {
        for (form, moment) in [
            (json!("2026-09-17T15:10:00.191106+00:00"), "2026-09-17T15:10:00.191106Z"),
            (json!("2026-09-17T15:10:00Z"), "2026-09-17T15:10:00Z"),
            (json!("2026-09-17T17:10:00+02:00"), "2026-09-17T15:10:00Z"),
            (json!("2026-09-17T15:10:00"), "2026-09-17T15:10:00Z"),
            (json!("2026-09-17T15:10:00.5"), "2026-09-17T15:10:00.500Z"),
            (json!("2026-09-17 15:10"), "2026-09-17T15:10:00Z"),
            (json!("2026-09-17 15:10:30"), "2026-09-17T15:10:30Z"),
            (json!(1_789_657_800), "2026-09-17T15:10:00Z"),
            (json!(1_789_657_800.0), "2026-09-17T15:10:00Z"),
            (json!(1_789_657_800_000_i64), "2026-09-17T15:10:00Z"),
            (json!("1789657800"), "2026-09-17T15:10:00Z"),
        ] {
            assert_eq!(parse(&form), Some(moment.parse().expect("a moment")), "{form}");
        }
    }

    #[test]
    fn invalid_moment_is_none() {
        for form in [
            json!(null),
            json!(true),
            json!({}),
            json!([]),
            json!(""),
            json!("soon"),
            json!(1e300),
            json!(-1e300),
            json!("nan"),
            json!("inf"),
            json!("2026-13-40T00:00:00Z"),
            json!(u64::MAX),
        ] {
            assert_eq!(parse(&form), None, "{form}");
        }
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for seconds in [-1.0, f64::NAN, f64::INFINITY, 1e18] {
            assert_eq!(after(now, seconds), None, "{seconds}");
        }
        assert_eq!(after(now, 90.0), DateTime::from_timestamp(90, 0));
    }
}
