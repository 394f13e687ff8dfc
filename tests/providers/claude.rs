//! Claude responses.

use super::*;
use insta::assert_snapshot;
use quota_tray::quota::ExtraUsage;
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use serde_json::json;

const NO_WINDOWS: &str = "the response has no quota window";

/// Key, title and length of each documented bucket.
const BUCKETS: [(&str, &str, u64); 7] = [
    ("five_hour", "5-hour", 18_000),
    ("seven_day", "Weekly", 604_800),
    ("seven_day_opus", "Weekly (Opus)", 604_800),
    ("seven_day_sonnet", "Weekly (Sonnet)", 604_800),
    ("seven_day_oauth_apps", "Weekly (OAuth Apps)", 604_800),
    ("seven_day_cowork", "Weekly (Cowork)", 604_800),
    ("seven_day_omelette", "Weekly (Omelette)", 604_800),
];

fn scoped(name: &str, percent: Value) -> Value {
    json!({"kind": "weekly_scoped", "group": "weekly", "percent": percent, "severity": "normal",
        "resets_at": "2026-09-20T20:00:00Z", "is_active": false,
        "scope": {"model": {"id": null, "display_name": name}, "surface": null}})
}

#[test]
fn captured_max_response_is_read() {
    assert_snapshot!(shown(Provider::CLAUDE, "max"), @r"
    five_hour | 5-hour | 89% used | resets 2026-09-17T15:10:00Z | 18000 s | named
    seven_day | Weekly | 35% used | resets 2026-09-20T20:00:00Z | 604800 s | named
    weekly_scoped.Fable | Weekly (Fable) | 5% used | resets 2026-09-20T20:00:00Z | 604800 s | named
    ");
}

#[test]
fn buckets_are_in_table_order_and_unknown_ones_last() {
    assert_snapshot!(shown(Provider::CLAUDE, "every_bucket"), @r"
    five_hour | 5-hour | 1% used | resets 2026-09-17T11:30:00Z | 18000 s | named
    seven_day | Weekly | 2% used | resets 2026-09-21T01:00:00Z | 604800 s | named
    seven_day_opus | Weekly (Opus) | 3% used | resets 2026-09-21T02:00:00Z | 604800 s | named
    seven_day_sonnet | Weekly (Sonnet) | 4% used | resets 2026-09-21T03:00:00Z | 604800 s | named
    seven_day_oauth_apps | Weekly (OAuth Apps) | 5% used | resets 2026-09-21T04:00:00Z | 604800 s | named
    seven_day_cowork | Weekly (Cowork) | 6.5% used | resets 2026-09-21T05:00:00Z | 604800 s | named
    seven_day_omelette | Weekly (Omelette) | 7% used | resets 2026-09-21T06:00:00Z | 604800 s | named
    weekly_scoped.Fable | Weekly (Fable) | 12.5% used | resets 2026-09-21T07:00:00Z | 604800 s | named
    nimbus_quill | Nimbus quill | 61% used | resets 2026-09-30T00:00:00Z | no length | not named
    tangelo | Tangelo | 0% used | resets 2026-09-18T00:00:00Z | no length | not named
    ");
}

#[test]
fn new_week_has_windows_without_a_reset_and_none_without_utilization() {
    assert_snapshot!(shown(Provider::CLAUDE, "pro"), @r"
    five_hour | 5-hour | 0% used | no reset | 18000 s | named
    seven_day | Weekly | 18% used | resets 2026-09-22T09:59:59Z | 604800 s | named
    seven_day_oauth_apps | Weekly (OAuth Apps) | 0% used | no reset | 604800 s | named
    ");
}

#[test]
fn exhausted_plan_keeps_its_extra_usage_as_a_fact() {
    assert_snapshot!(shown(Provider::CLAUDE, "extra_usage"), @r#"
    five_hour | 5-hour | 100% used | resets 2026-09-17T12:20:00Z | 18000 s | named
    seven_day | Weekly | 99.6% used | resets 2026-09-19T17:00:00Z | 604800 s | named
    seven_day_opus | Weekly (Opus) | 100% used | resets 2026-09-19T17:00:00Z | 604800 s | named
    extra usage 3.2 of Some(50.0) Some("USD")
    "#);
}

#[test]
fn response_of_nulls_is_an_error() {
    assert_snapshot!(shown(Provider::CLAUDE, "nothing"), @"error: the response has no quota window");
}

#[test]
fn error_envelope_is_an_error_without_its_message() {
    let error = shown(Provider::CLAUDE, "error");
    assert!(error.starts_with("error: "), "{error}");
    assert!(!error.contains("sk-ant-oat01") && !error.contains("organization"), "{error}");
}

#[test]
fn each_bucket_of_the_table_has_its_title_and_its_length() {
    for (key, title, seconds) in BUCKETS {
        let usage = claude(json!({key: {"utilization": 42.0, "resets_at": "2026-09-20T20:00:00Z"}}));
        let window = window(&usage, key);
        assert_eq!(usage.windows.len(), 1, "{key}");
        assert_eq!(window.title, title);
        assert_eq!(window.length_seconds, Some(seconds), "{key}");
        assert_eq!(window.resets_at, Some(utc("2026-09-20T20:00:00Z")), "{key}");
        assert_percent(window.used_percent(), 42.0, key);
        assert!(window.named, "{key} is known by name");
    }
}

#[test]
fn buckets_are_in_table_order_whatever_the_order_of_the_response() {
    let bucket = json!({"utilization": 3, "resets_at": null});
    let response: serde_json::Map<_, _> =
        BUCKETS.iter().rev().map(|(key, ..)| ((*key).to_owned(), bucket.clone())).collect();
    assert_eq!(keys(&claude(response.into())), BUCKETS.map(|(key, ..)| key));
}

#[test]
fn utilization_is_a_percentage_and_never_a_fraction() {
    let cases = [
        (json!(0), 0.0),
        (json!(0.0), 0.0),
        (json!(0.01), 0.01),
        (json!(0.5), 0.5),
        (json!(0.99), 0.99),
        (json!(1), 1.0),
        (json!(1.0), 1.0),
        (json!(1.5), 1.5),
        (json!(89.0), 89.0),
        (json!(99.999), 99.99),
        (json!(100), 100.0),
        // From another program's tests.
        (json!(-5), 0.0),
        (json!(120), 100.0),
        (json!(-0.1), 0.0),
        (json!(100.1), 100.0),
    ];
    for (utilization, used) in cases {
        let case = utilization.to_string();
        let usage = claude(json!({
            "five_hour": {"utilization": utilization},
            "limits": [scoped("Fable", utilization.clone())],
        }));
        let five_hour = window(&usage, "five_hour");
        assert_percent(five_hour.used_percent(), used, &case);
        assert_percent(five_hour.remaining_percent(), 100.0 - used, &case);
        assert_percent(window(&usage, "weekly_scoped.Fable").used_percent(), used, &case);
    }
}

#[test]
fn bucket_without_utilization_is_not_a_window() {
    let reset = "2026-09-20T20:00:00Z";
    let buckets = [
        json!(null),
        json!({}),
        json!({"utilization": null}),
        json!({"utilization": null, "resets_at": null}),
        json!({"utilization": null, "resets_at": reset}),
        json!({"resets_at": reset}),
        json!({"utilization": {}, "resets_at": reset}),
        json!({"utilization": [50], "resets_at": reset}),
        json!({"utilization": true, "resets_at": reset}),
        json!({"utilization": "", "resets_at": reset}),
        json!({"utilization": "a lot", "resets_at": reset}),
        json!([]),
        json!("50"),
        json!(50),
        json!(false),
    ];
    for bucket in buckets {
        for (key, ..) in BUCKETS {
            let mut response = json!({key: bucket, "nimbus_quill": bucket});
            assert_eq!(parse_error(Provider::CLAUDE, &response), NO_WINDOWS, "{response}");
            let other = if key == "seven_day" { "five_hour" } else { "seven_day" };
            response[other] = json!({"utilization": 10.0, "resets_at": reset});
            assert_eq!(keys(&claude(response)), [other]);
        }
    }
}

#[test]
fn bucket_without_a_reset_is_a_window_without_a_reset() {
    for resets_at in [json!(null), json!(""), json!("soon"), json!({}), json!([]), json!(true)] {
        let case = resets_at.to_string();
        let usage = claude(json!({"five_hour": {"utilization": 7.0, "resets_at": resets_at}}));
        let window = window(&usage, "five_hour");
        assert_eq!(window.resets_at, None, "{case}");
        assert_percent(window.used_percent(), 7.0, &case);
    }
    assert_eq!(window(&claude(json!({"five_hour": {"utilization": 7.0}})), "five_hour").resets_at, None);
}

#[test]
fn reset_is_the_same_time_in_every_form() {
    let cases = [
        (json!("2026-09-17T15:10:00Z"), 0),
        (json!("2026-09-17T15:10:00+00:00"), 0),
        (json!("2026-09-17T15:10:00-00:00"), 0),
        (json!("2026-09-17T15:10:00.5Z"), 500_000),
        (json!("2026-09-17T15:10:00.191Z"), 191_000),
        (json!("2026-09-17T15:10:00.191106+00:00"), 191_106),
        (json!("2026-09-17T15:10:00.191106789Z"), 191_106),
        (json!("2026-09-17T23:10:00+08:00"), 0),
        (json!("2026-09-17T10:10:00-05:00"), 0),
        (json!("2026-09-17T20:40:00.25+05:30"), 250_000),
        (json!("2026-09-18T01:10:00+10:00"), 0),
        (json!("2026-09-17T15:10:00"), 0),
        (json!("2026-09-17T15:10:00.191106"), 191_106),
        (json!(1_789_657_800), 0),
        (json!(1_789_657_800.0), 0),
        (json!(1_789_657_800.5), 500_000),
    ];
    for (resets_at, micros) in cases {
        let usage = claude(json!({
            "five_hour": {"utilization": 7.0, "resets_at": resets_at},
            "tangelo": {"utilization": 0.0, "resets_at": resets_at},
            "limits": [{"kind": "weekly_scoped", "percent": 5, "resets_at": resets_at, "scope": "Fable"}],
        }));
        for key in ["five_hour", "tangelo", "weekly_scoped.Fable"] {
            let at = window(&usage, key).resets_at.unwrap_or_else(|| panic!("{resets_at}: no reset"));
            let expected = utc("2026-09-17T15:10:00Z") + TimeDelta::microseconds(micros);
            // Half a millisecond for the rounding of a float.
            assert!((at - expected).abs() < TimeDelta::microseconds(500), "{resets_at}: {at}");
        }
    }
}

#[test]
fn weekly_limit_of_one_model_is_a_window_whether_active_or_not() {
    for is_active in [json!(true), json!(false), json!(null)] {
        let mut limit = scoped("Fable", json!(5));
        limit["is_active"] = is_active;
        let usage = claude(json!({"five_hour": {"utilization": 1.0}, "limits": [limit]}));
        let window = window(&usage, "weekly_scoped.Fable");
        assert_eq!(window.title, "Weekly (Fable)");
        assert_eq!(window.resets_at, Some(utc("2026-09-20T20:00:00Z")));
        assert_percent(window.used_percent(), 5.0, "Fable");
        assert!(window.named, "a model's name is a name");
    }
}

#[test]
fn response_with_only_a_weekly_limit_of_one_model_is_valid() {
    assert_eq!(keys(&claude(json!({"limits": [scoped("Fable", json!(5))]}))), ["weekly_scoped.Fable"]);
}

#[test]
fn weekly_limit_with_a_string_scope_is_a_window() {
    let limit = json!({"kind": "weekly_scoped", "percent": 5, "resets_at": null, "scope": "Fable"});
    let usage = claude(json!({"five_hour": {"utilization": 1.0}, "limits": [limit]}));
    assert_eq!(window(&usage, "weekly_scoped.Fable").title, "Weekly (Fable)");
}

#[test]
fn model_with_a_bucket_has_no_second_window() {
    for (bucket, model) in
        [("seven_day_opus", "Opus"), ("seven_day_sonnet", "Sonnet"), ("seven_day_omelette", "Omelette")]
    {
        let limits = json!([scoped(model, json!(60)), scoped("Fable", json!(5))]);
        let usage = claude(json!({bucket: {"utilization": 60.0}, "limits": limits}));
        assert_eq!(keys(&usage), [bucket, "weekly_scoped.Fable"]);

        // A null bucket has no window, so there is no duplicate.
        for bucket_value in [json!(null), json!({"utilization": null})] {
            let usage = claude(json!({bucket: bucket_value, "limits": limits}));
            let scoped = format!("weekly_scoped.{model}");
            assert_eq!(keys(&usage), [scoped.as_str(), "weekly_scoped.Fable"]);
            assert_eq!(window(&usage, &scoped).title, format!("Weekly ({model})"));
        }
    }
}

#[test]
fn model_listed_twice_in_the_limits_is_one_window() {
    let limits = json!([scoped("Fable", json!(5)), scoped("Fable", json!(80))]);
    assert_eq!(keys(&claude(json!({"limits": limits}))), ["weekly_scoped.Fable"]);
}

#[test]
fn limits_of_other_kinds_are_not_windows() {
    for kind in [json!("monthly_scoped"), json!("Session"), json!(""), json!(null), json!(7)] {
        let mut limit = scoped("Fable", json!(50));
        limit["kind"] = kind;
        let usage = claude(json!({"five_hour": {"utilization": 1.0}, "limits": [limit]}));
        assert_eq!(keys(&usage), ["five_hour"], "{limit}");
    }
}

#[test]
fn malformed_limits_are_skipped_and_the_rest_kept() {
    let with = |change: fn(&mut Value)| {
        let mut limit = scoped("Mirage", json!(50));
        change(&mut limit);
        limit
    };
    let garbage = [
        json!(null),
        json!(7),
        json!("weekly_scoped"),
        json!([]),
        json!({}),
        with(|limit| limit["percent"] = json!(null)),
        with(|limit| limit["percent"] = json!({})),
        with(|limit| _ = limit.as_object_mut().unwrap().remove("percent")),
        with(|limit| limit["scope"] = json!(null)),
        with(|limit| limit["scope"] = json!("")),
        with(|limit| limit["scope"] = json!([])),
        with(|limit| limit["scope"] = json!({})),
        with(|limit| limit["scope"]["model"] = json!(null)),
        with(|limit| limit["scope"]["model"] = json!({})),
        with(|limit| limit["scope"]["model"]["display_name"] = json!(null)),
        with(|limit| limit["scope"]["model"]["display_name"] = json!("")),
        with(|limit| limit["scope"]["model"]["display_name"] = json!(7)),
        with(|limit| _ = limit.as_object_mut().unwrap().remove("scope")),
    ];
    for limit in garbage {
        let usage = claude(json!({
            "five_hour": {"utilization": 1.0},
            "limits": [limit, scoped("Fable", json!(5))],
        }));
        assert_eq!(keys(&usage), ["five_hour", "weekly_scoped.Fable"], "{limit}");
    }
    for limits in [json!(null), json!({}), json!("none"), json!(0), json!([])] {
        let usage = claude(json!({"five_hour": {"utilization": 1.0}, "limits": limits}));
        assert_eq!(keys(&usage), ["five_hour"], "{limits}");
    }
}

#[test]
fn extra_usage_is_money_in_minor_units() {
    let usd = Some("USD".to_owned());
    let extra = |spent, limit, currency: &Option<String>| {
        Some(ExtraUsage { spent, limit, currency: currency.clone() })
    };
    let cases = [
        (
            json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 320.0, "currency": "USD", "decimal_places": 2}),
            extra(3.2, Some(50.0), &usd),
        ),
        (
            json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 320, "currency": "USD"}),
            extra(3.2, Some(50.0), &usd),
        ),
        (
            json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 320, "currency": "USD", "decimal_places": null}),
            extra(3.2, Some(50.0), &usd),
        ),
        (
            json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 320, "currency": "JPY", "decimal_places": 0}),
            extra(320.0, Some(5000.0), &Some("JPY".into())),
        ),
        (
            json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 320, "currency": "KWD", "decimal_places": 3}),
            extra(0.32, Some(5.0), &Some("KWD".into())),
        ),
        (
            json!({"is_enabled": true, "monthly_limit": null, "used_credits": 320, "currency": "USD"}),
            extra(3.2, None, &usd),
        ),
        (
            json!({"is_enabled": true, "used_credits": 0, "monthly_limit": 5000}),
            extra(0.0, Some(50.0), &None),
        ),
        // Disabled or missing.
        (json!({"is_enabled": false, "monthly_limit": 5000, "used_credits": 320.0, "currency": "USD"}), None),
        (json!({"is_enabled": null, "monthly_limit": 5000, "used_credits": 320.0}), None),
        (json!({"monthly_limit": 5000, "used_credits": 320.0}), None),
        (json!(null), None),
        (json!({}), None),
        (json!("none"), None),
        // A missing amount is not guessed.
        (json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": null}), None),
    ];
    for (extra_usage, expected) in cases {
        let usage = claude(json!({"five_hour": {"utilization": 1.0}, "extra_usage": extra_usage}));
        assert_eq!(usage.extra_usage, expected, "{extra_usage}");
    }
}

#[test]
fn extra_usage_is_never_a_window() {
    let extra = json!({"is_enabled": true, "monthly_limit": 5000, "used_credits": 5000.0,
        "utilization": 100.0, "resets_at": "2026-10-01T00:00:00Z", "currency": "USD"});
    let usage = claude(json!({"five_hour": {"utilization": 1.0}, "extra_usage": extra}));
    assert_eq!(keys(&usage), ["five_hour"]);
    assert_eq!(keys(&claude(json!({"extra_usage": extra}))), [""; 0]);
}

#[test]
fn unknown_bucket_is_kept_if_it_has_any_usage() {
    let reset = "2026-09-20T20:00:00Z";
    let cases = [
        (json!({"utilization": 0.1, "resets_at": null}), true),
        (json!({"utilization": 0.1}), true),
        (json!({"utilization": 100, "resets_at": reset}), true),
        (json!({"utilization": 0.0, "resets_at": reset}), true),
        (json!({"utilization": 0, "resets_at": 1_789_657_800}), true),
        (json!({"utilization": 0.0, "resets_at": null}), false),
        (json!({"utilization": 0}), false),
        (json!({"utilization": null, "resets_at": reset}), false),
        (json!({"resets_at": reset}), false),
        (json!(null), false),
        (json!({}), false),
        (json!([]), false),
        (json!("2026-09-20T20:00:00Z"), false),
        (json!(50), false),
    ];
    for (bucket, kept) in cases {
        let usage = claude(json!({"nimbus_quill": bucket, "seven_day": {"utilization": 1.0}}));
        let expected: &[_] = if kept { &["seven_day", "nimbus_quill"] } else { &["seven_day"] };
        assert_eq!(keys(&usage), expected, "{bucket}");
        assert!(usage.windows.iter().all(|window| window.named == (window.key == "seven_day")), "{bucket}");
    }
}

#[test]
fn unknown_bucket_is_titled_with_its_readable_key() {
    let cases = [
        ("nimbus_quill", "nimbus quill"),
        ("tangelo", "tangelo"),
        ("iguana_necktie", "iguana necktie"),
        ("seven_day_haiku", "seven day haiku"),
    ];
    for (key, title) in cases {
        let usage = claude(json!({"five_hour": {"utilization": 1.0}, key: {"utilization": 3.0}}));
        assert_eq!(window(&usage, key).title.to_lowercase(), title);
    }
}

#[test]
fn unknown_buckets_keep_their_order_after_known_and_scoped_ones() {
    let usage = claude(json!({
        "tangelo": {"utilization": 9.0},
        "seven_day": {"utilization": 1.0},
        "nimbus_quill": {"utilization": 9.0},
        "limits": [scoped("Fable", json!(5))],
        "amber_kite": {"utilization": 9.0},
    }));
    let expected = ["seven_day", "weekly_scoped.Fable", "tangelo", "nimbus_quill", "amber_kite"];
    assert_eq!(keys(&usage), expected);
}

#[test]
fn unknown_bucket_is_excluded_from_the_lowest_percentage_and_alerts() {
    let usage = claude(json!({
        "five_hour": {"utilization": 30.0, "resets_at": "2026-09-17T15:10:00Z"},
        "nimbus_quill": {"utilization": 100.0, "resets_at": "2026-09-17T15:10:00Z"},
    }));
    let snapshot = snapshot(Provider::CLAUDE, usage);
    let lowest = snapshot.accounts[0].lowest(now()).map(|window| window.key.as_str());
    assert_eq!(lowest, Some("five_hour"));
    let rules = Rules { thresholds: vec![20.0, 5.0], on_reset: true };
    assert_eq!(alert::evaluate(&mut AlertHistory::default(), &snapshot, &rules, now()), []);
}

#[test]
fn response_without_any_known_key_is_an_error() {
    let responses = [
        json!({}),
        json!({"limits": []}),
        json!({"extra_usage": {"is_enabled": false}}),
        json!({"usage": {"weekly": {"percent": 50}}}),
        json!({"tangelo": null, "nimbus_quill": {"utilization": 0.0, "resets_at": null}}),
        json!({"tangelo": {"utilization": 5.0, "resets_at": "2026-09-20T20:00:00Z"}}),
    ];
    for response in responses {
        let error = parse_error(Provider::CLAUDE, &response);
        assert!(error.contains("no quota window"), "{response}: {error}");
    }
}

#[test]
fn response_that_is_not_an_object_is_an_error() {
    for response in [json!([]), json!(null), json!("five_hour"), json!([{"five_hour": {"utilization": 5.0}}])]
    {
        parse_error(Provider::CLAUDE, &response);
    }
}

#[test]
fn error_envelope_with_status_200_is_an_error_without_its_message() {
    let message = "Bearer sk-ant-oat01-made-up, please";
    let responses = [
        json!({"type": "error", "error": {"type": "overloaded_error", "message": message}}),
        json!({"error": {"type": "rate_limit_error", "message": message}}),
        json!({"error": {"message": message}}),
        json!({"error": message}),
        json!({"error": null, "message": message}),
        json!({"error": {"type": message}}),
        json!({"type": "error", "error": {"type": "x"}, "five_hour": null, "seven_day": null}),
    ];
    for response in responses {
        let error = parse_error(Provider::CLAUDE, &response);
        assert!(!error.is_empty() && !error.contains("sk-ant"), "{response}: {error}");
    }
}
