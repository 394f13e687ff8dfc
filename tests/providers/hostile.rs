//! Malicious and corrupted responses: each is an error or sound usage, and none panics.

use super::*;
use quota_tray::presenter::format::{clock_time, date_time, duration, percent, reset_time};
use quota_tray::providers::http::{MAX_RESPONSE_BYTES, Response};
use serde_json::json;
use std::collections::HashSet;
use std::fmt::Display;

/// Zones in which the first or last time of the calendar is out of range.
pub(super) const ZONES: [Locale; 3] = [
    Locale::UTC,
    Locale::of_zone(|_| FixedOffset::east_opt(14 * 3600).unwrap()),
    Locale::of_zone(|_| FixedOffset::west_opt(12 * 3600).unwrap()),
];

/// Asserts that the text fits into one line of a menu.
#[track_caller]
pub(super) fn assert_one_line(text: &str, case: &dyn Display) {
    assert!(!text.trim().is_empty(), "{case}: empty text");
    assert!(!text.chars().any(char::is_control), "{case}: {text:?}");
    assert!(text.chars().count() <= 200, "{case}: {} characters", text.chars().count());
}

/// Asserts that the body is an error or sound usage, and returns the usage.
#[track_caller]
pub(super) fn assert_sound(
    provider: Provider,
    body: &[u8],
    now: DateTime<Utc>,
    case: &dyn Display,
) -> Option<Usage> {
    let usage = match REGISTRY.spec(provider).unwrap().parse_body(body, now) {
        Err(error) => {
            assert_one_line(&error, case);
            return None;
        }
        Ok(usage) => usage,
    };
    // A seat with usage-based billing has no window; one of these keys tells it from an empty response.
    let body = String::from_utf8_lossy(body);
    let by_use =
        ["extra_usage", "spend", "limit_dollars", "usage_based"].iter().any(|key| body.contains(key));
    assert!(!usage.windows.is_empty() || by_use, "{case}: valid without usage");
    let mut keys = HashSet::new();
    for window in &usage.windows {
        let used = window.used_percent();
        assert!((0.0..=100.0).contains(&used), "{case}: {used}% used");
        assert_eq!(window.remaining_percent(), quota_tray::quota::percent::remaining(used), "{case}");
        assert!(percent(used).ends_with('%'));
        assert!(keys.insert(&window.key), "{case}: the key {:?} twice", window.key);
        assert_one_line(&window.title, case);
        if let Some(note) = &window.reset_note {
            assert_one_line(note, case);
        }
        if let Some(at) = window.resets_at {
            for locale in ZONES {
                assert_one_line(&reset_time(at, now, locale), case);
                assert_one_line(&date_time(at, locale), case);
                assert_one_line(&clock_time(at, now, locale), case);
            }
            assert_one_line(&duration(at - now), case);
        }
    }
    if let Some(plan) = &usage.plan {
        assert_one_line(plan, case);
    }
    if let Some(extra) = &usage.extra_usage {
        assert!(extra.spent.is_finite() && extra.limit.is_none_or(f64::is_finite), "{case}: {extra:?}");
    }
    for locale in ZONES {
        for message in usage.fact_labels(now, locale) {
            assert_one_line(&message, case);
        }
    }
    Some(usage)
}

#[track_caller]
pub(super) fn assert_both_sound(body: &[u8], case: &dyn Display) {
    for provider in REGISTRY.providers() {
        assert_sound(provider, body, now(), &case);
    }
}

/// Calls `see` with the document, once for each value in it, with that value replaced.
fn each_replaced(document: &Value, replacement: &Value, see: &mut impl FnMut(&Value)) {
    fn walk(whole: &mut Value, pointer: &str, replacement: &Value, see: &mut impl FnMut(&Value)) {
        let place = whole.pointer_mut(pointer).unwrap();
        let original = std::mem::replace(place, replacement.clone());
        see(whole);
        let below: Vec<String> = match &original {
            Value::Object(map) => map.keys().cloned().collect(),
            Value::Array(list) => (0..list.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        };
        *whole.pointer_mut(pointer).unwrap() = original;
        for key in below {
            walk(whole, &format!("{pointer}/{key}"), replacement, see);
        }
    }
    walk(&mut document.clone(), "", replacement, see);
}

#[test]
fn response_with_any_value_replaced_is_an_error_or_sound() {
    let replacements = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(-1e308),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("%"),
        json!("NaN"),
        json!("1e400"),
        json!("garbage \u{0}\n\t\u{202e}\u{feff}"),
        json!("+262142-12-31T23:59:59Z"),
        json!("x".repeat(5000)),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"": {"": null}}),
    ];
    for (provider, name, body) in all_fixtures() {
        let document: Value = serde_json::from_slice(&body).unwrap();
        for replacement in &replacements {
            each_replaced(&document, replacement, &mut |changed| {
                let body = changed.to_string();
                let case = format_args!("{} {name}: {body}", provider.name());
                _ = assert_sound(provider, body.as_bytes(), now(), &case);
            });
        }
    }
}

#[test]
fn response_with_any_key_replaced_is_an_error_or_sound() {
    let keys = ["null", "five_hour", "Fable.primary_window", "\u{0}\n\u{202e}", "/~0~1", "__proto__", "%"];
    for (provider, name, body) in all_fixtures() {
        let text = String::from_utf8(body).unwrap();
        for (at, _) in text.match_indices("\": ") {
            let start = text[..at].rfind('"').unwrap();
            for key in keys {
                let changed = format!("{}{}{}", &text[..start], json!(key), &text[at + 1..]);
                let case = format_args!("{} {name}: {changed}", provider.name());
                _ = assert_sound(provider, changed.as_bytes(), now(), &case);
            }
        }
    }
}

#[test]
fn response_of_the_other_provider_is_an_error_or_sound() {
    for (_, name, body) in all_fixtures() {
        assert_both_sound(&body, &name);
    }
}

#[test]
fn truncated_response_is_an_error_or_sound() {
    for (provider, name, body) in all_fixtures() {
        let body = body.trim_ascii_end();
        for end in 0..body.len() {
            let usage = assert_sound(provider, &body[..end], now(), &format_args!("{name} up to {end}"));
            assert_eq!(usage, None, "{name} up to {end}");
        }
    }
}

#[test]
fn response_with_corrupted_bytes_is_an_error_or_sound() {
    // A linear congruential generator of Knuth's: the same bytes in every run.
    let mut state = 0x5151_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    const SPICE: &[u8] = b"\"{}[]:,0.-+eE9nul%\\\x00\x1f\x7f\x80\xc0\xff tfNI";
    for (provider, name, body) in all_fixtures() {
        for round in 0..1000 {
            let mut broken = body.clone();
            for _ in 0..=random(3) {
                let place = random(broken.len());
                match random(3) {
                    0 => broken[place] = SPICE[random(SPICE.len())],
                    1 => broken.insert(place, SPICE[random(SPICE.len())]),
                    _ => _ = broken.remove(place),
                }
            }
            let case = String::from_utf8_lossy(&broken);
            assert_sound(provider, &broken, now(), &format_args!("{name}, round {round}: {case}"));
        }
    }
}

#[test]
fn body_that_is_not_a_json_object_is_an_error() {
    let bodies: [&[u8]; 22] = [
        b"",
        b" ",
        b"\0",
        b"null",
        b"true",
        b"42",
        b"\"five_hour\"",
        b"[]",
        b"{",
        b"}",
        b"{}x",
        b"{}{}",
        b"<!doctype html><title>Just a timestamp...</title>",
        b"upstream connect error",
        b"{\"five_hour\":{\"utilization\":NaN}}",
        b"{\"five_hour\":{\"utilization\":Infinity}}",
        b"{'five_hour':{'utilization':5}}",
        b"{\"five_hour\":{\"utilization\":5,}}",
        b"{\"five_hour\":{\"utilization\":05}}",
        b"{\"five_hour\":{\"utilization\":5}} trailing",
        b"{\"rate_limit\":{\"primary_window\":{\"used_percent\":5}}} trailing",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ];
    for provider in REGISTRY.providers() {
        for body in bodies {
            let case = String::from_utf8_lossy(body);
            assert_eq!(assert_sound(provider, body, now(), &case), None, "{case}");
        }
    }
}

#[test]
fn body_that_is_not_utf_8_is_an_error() {
    let bodies: [&[u8]; 8] = [
        b"\xff\xfe",
        b"\xff\xfe{\0}\0",
        b"{\"five_hour\xff\":{\"utilization\":5},\"weekly\":{\"percent\":\"\xc3\"}}",
        b"{\"five_hour\":{\"utilization\":5,\"resets_at\":\"\xf0\x9f\"},\"weekly\":{\"percent\":\"\xf0\x9f\"}}",
        b"{\"five_hour\":{\"utilization\":5},\"x\":\"\xed\xa0\x80\",\"weekly\":{\"percent\":5}}",
        b"{\"five_hour\":{\"utilization\":5},\"x\":\"\\ud800\",\"weekly\":{\"percent\":5}}",
        b"{\"five_hour\":{\"utilization\":5},\"x\":\"\\udc00\\ud800\",\"weekly\":{\"percent\":5}}",
        b"{\"five_hour\":{\"utilization\":5},\"x\":\"\xc0\xaf\",\"weekly\":{\"percent\":5}}",
    ];
    for provider in REGISTRY.providers() {
        for body in bodies {
            let case = String::from_utf8_lossy(body);
            assert_eq!(assert_sound(provider, body, now(), &case), None, "{case}");
        }
    }
}

#[test]
fn deep_nesting_is_an_error_without_a_stack_overflow() {
    let opening =
        ["[", "{\"a\":", "[{\"weekly\":", "{\"five_hour\":", "{\"rate_limit\":{\"primary_window\":"];
    for open in opening {
        for depth in [1, 30, 60, 127, 128, 129, 1000, MAX_RESPONSE_BYTES / open.len()] {
            let case = format!("{open} {depth} times");
            let unclosed = open.repeat(depth);
            assert_both_sound(unclosed.as_bytes(), &case);
            let close: String = open.chars().rev().filter_map(closing).collect();
            let whole = format!("{unclosed}1{}", close.repeat(depth));
            assert_both_sound(whole.as_bytes(), &case);
        }
    }
}

fn closing(open: char) -> Option<char> {
    match open {
        '[' => Some(']'),
        '{' => Some('}'),
        _ => None,
    }
}

#[test]
fn generic_parser_finds_a_window_a_hundred_levels_deep() {
    let body = format!("{}{{\"weekly\":{{\"percent\":30}}}}{}", "{\"a\":".repeat(100), "}".repeat(100));
    let usage = assert_sound(Provider::CODEX, body.as_bytes(), now(), &"100 deep").unwrap();
    assert_eq!(titles(&usage), ["Weekly"]);
}

#[test]
fn any_status_with_any_body_does_not_panic() {
    for provider in REGISTRY.providers() {
        for status in 0..1000 {
            for body in [&b""[..], b"{}", b"\xff", b"{\"five_hour\":{\"utilization\":5}}"] {
                let response = Response {
                    status,
                    retry_after: Some("\u{0}".into()),
                    body: body.to_vec(),
                    ..Response::default()
                };
                if let Err(failure) = REGISTRY.spec(provider).unwrap().read_response(&response, now()) {
                    assert_one_line(&failure.message(now(), ZONE), &status);
                    assert_one_line(&failure.short_message(now(), ZONE), &status);
                }
            }
        }
    }
}
