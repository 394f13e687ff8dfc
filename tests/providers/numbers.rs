//! Out-of-range numbers and timestamps.

use super::hostile::{ZONES, assert_one_line, assert_sound};
use super::*;
use quota_tray::presenter::format::{clock_time, date_time, duration, percent, reset_time};

#[test]
fn out_of_range_number_is_an_error_or_no_window() {
    let numbers = [
        "1e400",
        "-1e400",
        "1e99999999999999999999",
        "\"1e400\"",
        "\"-1e400\"",
        "\"inf\"",
        "\"NaN\"",
        "\"-inf\"",
        "\"nan%\"",
        "\"infinity\"",
    ];
    for number in numbers {
        let body = format!(
            r#"{{"five_hour":{{"utilization":{number}}},"nimbus_quill":{{"utilization":{number}}},
                "limits":[{{"kind":"weekly_scoped","percent":{number},"scope":"Fable"}}]}}"#
        );
        assert_eq!(assert_sound(Provider::CLAUDE, body.as_bytes(), now(), &number), None, "{number}");
        let body = format!(r#"{{"rate_limit":{{"primary_window":{{"used_percent":{number}}}}}}}"#);
        assert_eq!(assert_sound(Provider::CODEX, body.as_bytes(), now(), &number), None, "{number}");
        let body = format!(r#"{{"weekly":{{"percent":{number}}}}}"#);
        assert_eq!(assert_sound(Provider::CODEX, body.as_bytes(), now(), &number), None, "{number}");
    }
    for number in
        ["1e308", "-1e308", "1e-400", "18446744073709551616", "-9223372036854775809", "-0", "5e-324"]
    {
        let body = format!(
            r#"{{"five_hour":{{"utilization":{number}}},
                "extra_usage":{{"is_enabled":true,"used_credits":{number},"monthly_limit":{number},"decimal_places":{number}}},
                "rate_limit":{{"primary_window":{{"used_percent":{number},"limit_window_seconds":{number},
                    "reset_at":{number},"reset_after_seconds":{number}}}}}}}"#
        );
        assert!(assert_sound(Provider::CLAUDE, body.as_bytes(), now(), &number).is_some(), "{number}");
        // A window of zero length is skipped.
        let has_length = number.parse::<f64>().unwrap() >= 1.0;
        let codex = assert_sound(Provider::CODEX, body.as_bytes(), now(), &number);
        assert_eq!(codex.is_some(), has_length, "{number}");
    }
}

#[test]
fn money_with_any_number_of_decimal_places_is_finite_or_omitted() {
    for places in ["0", "2", "9", "20", "308", "400", "-2", "-400", "1e9", "2.5", "\"2\"", "4294967298"] {
        for amount in ["0", "320", "1e308", "-320", "0.5"] {
            let body = format!(
                r#"{{"five_hour":{{"utilization":5}},"extra_usage":{{"is_enabled":true,
                    "used_credits":{amount},"monthly_limit":{amount},"decimal_places":{places}}}}}"#
            );
            assert!(assert_sound(Provider::CLAUDE, body.as_bytes(), now(), &body).is_some(), "{body}");
        }
    }
}

#[test]
fn reset_beyond_the_calendar_is_dropped_and_its_window_kept() {
    let timestamps = [
        "0",
        "-1",
        "1",
        "-1e18",
        "1e18",
        "1e308",
        "-1e308",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "253402300799",
        "253402300800",
        "8210266876799",
        "8210266876800",
        "8210266876799999",
        "-8334601228800",
        "0.1",
        "1e-300",
        "\"9999-12-31T23:59:59Z\"",
        "\"+10000-01-01T00:00:00Z\"",
        "\"+262142-12-31T23:59:59Z\"",
        "\"+262143-01-01T00:00:00Z\"",
        "\"-262143-01-01T00:00:00Z\"",
        "\"-262143-01-01T00:00:00+14:00\"",
        "\"+262142-12-31T23:59:59-12:00\"",
        "\"0000-00-00T00:00:00Z\"",
        "\"2026-02-30T00:00:00Z\"",
        "\"2026-09-17T23:59:60Z\"",
        "\"2026-09-17T24:00:00Z\"",
        "\"2026-09-17T10:00:00+99:99\"",
        "\"9223372036854775807\"",
    ];
    let nows = [now(), DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC];
    for timestamp in timestamps {
        for now in nows {
            let case = format!("{timestamp} at {now}");
            let body = format!(r#"{{"five_hour":{{"utilization":5,"resets_at":{timestamp}}}}}"#);
            assert!(assert_sound(Provider::CLAUDE, body.as_bytes(), now, &case).is_some(), "{case}");
            for key in ["reset_at", "reset_after_seconds", "reset_after"] {
                let limit = format!(
                    r#"{{"rate_limit":{{"primary_window":{{"used_percent":5,"{key}":{timestamp}}}}}}}"#
                );
                assert!(assert_sound(Provider::CODEX, limit.as_bytes(), now, &case).is_some(), "{case}");
                let generic = format!(r#"{{"weekly":{{"percent":5,"{key}":{timestamp}}}}}"#);
                assert!(assert_sound(Provider::CODEX, generic.as_bytes(), now, &case).is_some(), "{case}");
            }
        }
    }
}

#[test]
fn excessive_window_length_does_not_panic() {
    for length in ["1", "59", "1800", "5400", "90000", "1e18", "1e308", "18446744073709551615", "\"18000\""] {
        let body = format!(
            r#"{{"rate_limit":{{"primary_window":{{"used_percent":5,"limit_window_seconds":{length}}}}}}}"#
        );
        let usage = assert_sound(Provider::CODEX, body.as_bytes(), now(), &length).unwrap();
        let title = &usage.windows[0].title;
        assert!(!title.starts_with("0-") && !title.contains("-0"), "{length}: {title}");
    }
}

#[test]
fn negative_zero_is_zero() {
    for (provider, body) in [
        (Provider::CLAUDE, r#"{"five_hour":{"utilization":-0.0}}"#),
        (Provider::CODEX, r#"{"rate_limit":{"primary_window":{"used_percent":-0.0}}}"#),
    ] {
        let usage = assert_sound(provider, body.as_bytes(), now(), &body).unwrap();
        assert_eq!(percent(usage.windows[0].used_percent()), "0%", "{body}");
    }
}

#[test]
fn distant_reset_times_are_formatted() {
    let far = [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, now(), DateTime::<Utc>::MAX_UTC];
    for at in far {
        for now in far {
            for locale in ZONES {
                let case = format!("{at} at {now}");
                assert_one_line(&reset_time(at, now, locale), &case);
                assert_one_line(&clock_time(at, now, locale), &case);
                assert_one_line(&date_time(at, locale), &case);
                assert_one_line(&duration(at - now), &case);
            }
        }
    }
    for length in [TimeDelta::MIN, TimeDelta::MAX, TimeDelta::zero()] {
        assert_one_line(&duration(length), &length.to_string());
    }
    assert_eq!(Window::new("key", "title", f64::NAN), None);
}
