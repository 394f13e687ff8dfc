//! Codex responses.

use super::*;
use insta::assert_snapshot;
use serde_json::json;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A response with only a primary window.
fn primary(window: Value) -> Value {
    json!({"rate_limit": {"primary_window": window}})
}

#[test]
fn captured_prolite_response_is_read() {
    assert_snapshot!(shown(Provider::CODEX, "prolite"), @r"
    primary_window | Weekly | 12% used | resets 2026-08-01T20:16:05Z | 604800 s | named
    plan prolite
    ");
}

#[test]
fn plus_response_has_a_code_review_limit() {
    assert_snapshot!(shown(Provider::CODEX, "plus"), @r"
    primary_window | 5-hour | 42% used | resets 2026-09-17T12:20:00Z | 18000 s | named
    secondary_window | Weekly | 1% used | resets 2026-09-23T10:10:00Z | 604800 s | named
    code_review_rate_limit.primary_window | Code review (Weekly) | 0% used | resets 2026-09-24T10:10:00Z | 604800 s | named
    plan plus
    ");
}

#[test]
fn pro_response_has_additional_limits_among_garbage() {
    assert_snapshot!(shown(Provider::CODEX, "pro"), @r"
    primary_window | 5-hour | 12% used | resets 2026-09-17T10:20:00Z | 18000 s | named
    secondary_window | Weekly | 34.5% used | resets 2026-09-18T10:10:00Z | 604800 s | named
    GPT-5.3-Codex-Spark.primary_window | GPT-5.3-Codex-Spark (5-hour) | 71% used | resets 2026-09-17T10:40:00Z | 18000 s | named
    GPT-5.3-Codex-Spark.secondary_window | GPT-5.3-Codex-Spark (Weekly) | 8% used | resets 2026-09-21T10:10:00Z | 604800 s | named
    plan pro
    ");
}

#[test]
fn team_windows_in_reverse_order_are_named_by_their_lengths() {
    assert_snapshot!(shown(Provider::CODEX, "team_reversed"), @r"
    secondary_window | 5-hour | 9% used | resets 2026-09-17T13:10:00Z | 18000 s | named
    primary_window | Weekly | 64% used | resets 2026-09-19T10:10:00Z | 604800 s | named
    plan team
    ");
}

#[test]
fn free_plan_has_only_a_monthly_window() {
    assert_snapshot!(shown(Provider::CODEX, "free_monthly"), @r"
    primary_window | Monthly | 3% used | resets 2026-10-07T10:10:00Z | 2592000 s | named
    plan free
    ");
}

#[test]
fn reached_limit_without_a_percentage_is_used_up() {
    assert_snapshot!(shown(Provider::CODEX, "limit_reached"), @r"
    primary_window | 5-hour | 100% used | resets 2026-09-17T11:40:00Z | 18000 s | named
    plan plus
    ");
}

#[test]
fn windows_without_lengths_are_named_by_their_position() {
    let usage = codex(serde_json::from_slice(&fixture(Provider::CODEX, "no_lengths")).unwrap());
    let expected = ["5-hour", "Weekly", "Code review (5-hour)", "Code review (Weekly)"];
    assert_eq!(titles(&usage), expected);
    assert_eq!(usage.windows[1].resets_at, Some(utc("2026-09-20T10:10:00Z")));
    assert_eq!(usage.plan.as_deref(), Some("business"));
}

#[test]
fn error_envelope_is_an_error_without_its_message() {
    let error = shown(Provider::CODEX, "error");
    assert!(error.starts_with("error: ") && !error.contains("eyJ"), "{error}");
}

#[test]
fn window_is_named_by_its_length_in_any_position() {
    let cases = [
        (HOUR, "1-hour"),
        (2 * HOUR, "2-hour"),
        (3 * HOUR, "3-hour"),
        (5 * HOUR, "5-hour"),
        (12 * HOUR, "12-hour"),
        (DAY, "24-hour"),
        (2 * DAY, "2-day"),
        (3 * DAY, "3-day"),
        (6 * DAY, "6-day"),
        (7 * DAY, "Weekly"),
        (8 * DAY, "8-day"),
        (14 * DAY, "14-day"),
        (26 * DAY, "26-day"),
        (27 * DAY, "Monthly"),
        (28 * DAY, "Monthly"),
        (30 * DAY, "Monthly"),
        (31 * DAY, "Monthly"),
        (32 * DAY, "Monthly"),
        (33 * DAY, "33-day"),
        (90 * DAY, "90-day"),
    ];
    for (seconds, title) in cases {
        for key in ["primary_window", "secondary_window"] {
            let limit = json!({key: {"used_percent": 3, "limit_window_seconds": seconds}});
            let usage = codex(json!({
                "rate_limit": limit,
                "code_review_rate_limit": limit,
                "additional_rate_limits": [{"limit_name": "Spark", "rate_limit": limit}],
            }));
            let found = |prefix| window(&usage, &format!("{prefix}{key}"));
            assert_eq!(found("").title, title, "{seconds}");
            assert_eq!(found("code_review_rate_limit.").title, format!("Code review ({title})"));
            assert_eq!(found("Spark.").title, format!("Spark ({title})"));
            assert!(usage.windows.iter().all(|window| window.length_seconds == Some(seconds)), "{seconds}");
            assert!(usage.windows.iter().all(|window| window.named), "{seconds}");
        }
    }
}

#[test]
fn window_without_a_length_is_named_by_its_position() {
    for length in [json!(null), json!("long"), json!({}), json!([18_000])] {
        let usage = codex(json!({"rate_limit": {
            "primary_window": {"used_percent": 3, "limit_window_seconds": length},
            "secondary_window": {"used_percent": 4, "limit_window_seconds": length},
        }}));
        assert_eq!(window(&usage, "primary_window").title, "5-hour", "{length}");
        assert_eq!(window(&usage, "secondary_window").title, "Weekly", "{length}");
    }
}

#[test]
fn windows_with_and_without_a_length_are_both_named() {
    let usage = codex(json!({"rate_limit": {
        "primary_window": {"used_percent": 3, "limit_window_seconds": 2_592_000},
        "secondary_window": {"used_percent": 4},
    }}));
    assert_eq!(window(&usage, "primary_window").title, "Monthly");
    assert_eq!(window(&usage, "secondary_window").title, "Weekly");
}

#[test]
fn secondary_window_alone_is_kept() {
    for first in [json!(null), json!({}), json!("gone"), json!([]), json!(7)] {
        let usage = codex(json!({"rate_limit": {
            "primary_window": first,
            "secondary_window": {"used_percent": 4},
        }}));
        assert_eq!(keys(&usage), ["secondary_window"]);
        assert_eq!(titles(&usage), ["Weekly"]);
    }
}

#[test]
fn used_percent_is_a_percentage_and_never_a_fraction() {
    let cases = [
        (json!(0), 0.0),
        (json!(1), 1.0),
        (json!(1.0), 1.0),
        (json!(0.5), 0.5),
        (json!(12), 12.0),
        (json!(12.5), 12.5),
        (json!(100), 100.0),
        (json!(120), 100.0),
        (json!(-5), 0.0),
        (json!("12%"), 12.0),
        (json!("12.5%"), 12.5),
        (json!("1%"), 1.0),
        (json!("0%"), 0.0),
        (json!("0.5%"), 0.5),
        (json!("12"), 12.0),
        (json!("1"), 1.0),
        (json!("100%"), 100.0),
        (json!("120%"), 100.0),
        (json!("-5%"), 0.0),
    ];
    for (used_percent, used) in cases {
        let case = used_percent.to_string();
        let limit = json!({"primary_window": {"used_percent": used_percent}});
        let usage = codex(json!({
            "rate_limit": limit,
            "code_review_rate_limit": limit,
            "additional_rate_limits": [{"limit_name": "Spark", "rate_limit": limit}],
        }));
        assert_eq!(usage.windows.len(), 3, "{case}");
        for window in &usage.windows {
            assert_percent(window.used_percent(), used, &case);
            assert_percent(window.remaining_percent(), 100.0 - used, &case);
        }
    }
}

#[test]
fn missing_percentage_is_100_only_for_a_reached_limit_with_a_known_reset() {
    let reset_at = json!({"reset_at": 1_789_645_200});
    let after = json!({"reset_after_seconds": 5400});
    let null = json!({"used_percent": null, "reset_at": 1_789_645_200});
    let no_reset = json!({"limit_window_seconds": 18_000});
    let null_reset = json!({"reset_at": null, "reset_after_seconds": null});
    let cases = [
        (json!(true), &reset_at, true),
        (json!(true), &after, true),
        (json!(true), &null, true),
        (json!(true), &no_reset, false),
        (json!(true), &null_reset, false),
        (json!(false), &reset_at, false),
        (json!(false), &null, false),
        (json!(null), &reset_at, false),
    ];
    for (limit_reached, window, kept) in cases {
        let limit = json!({"limit_reached": limit_reached, "primary_window": window});
        let response = json!({"rate_limit": limit});
        if kept {
            let usage = codex(response);
            let window = &usage.windows[0];
            assert_percent(window.used_percent(), 100.0, &limit.to_string());
            assert_eq!(window.resets_at, Some(utc("2026-09-17T11:40:00Z")), "{limit}");
        } else {
            parse_error(Provider::CODEX, &response);
        }
    }
    // A missing `limit_reached` means not reached.
    parse_error(Provider::CODEX, &primary(reset_at));
}

#[test]
fn percentage_of_a_reached_limit_is_kept() {
    let usage = codex(json!({"rate_limit": {"limit_reached": true,
        "primary_window": {"used_percent": 100, "reset_at": 1_789_645_200},
        "secondary_window": {"used_percent": 40, "reset_at": 1_789_645_200}}}));
    assert_percent(window(&usage, "primary_window").used_percent(), 100.0, "reached");
    assert_percent(window(&usage, "secondary_window").used_percent(), 40.0, "not the one that is reached");
}

#[test]
fn reached_limit_does_not_affect_other_limits() {
    let without_percentage = json!({"primary_window": {"reset_at": 1_789_645_200}});
    let usage = codex(json!({
        "rate_limit": {"limit_reached": true, "primary_window": {"used_percent": 100}},
        "code_review_rate_limit": without_percentage,
        "additional_rate_limits": [{"limit_name": "Spark", "rate_limit": without_percentage}],
    }));
    assert_eq!(keys(&usage), ["primary_window"]);
}

#[test]
fn reset_is_an_epoch_or_else_seconds_from_now() {
    let cases = [
        (json!({"reset_at": 1_789_645_200}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_at": 1_789_645_200.0}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_at": 1_789_645_200_000_u64}), Some("2026-09-17T11:40:00Z")),
        // Above 10 000 000 000 it is in milliseconds.
        (json!({"reset_at": 9_999_999_999_u64}), Some("2286-11-20T17:46:39Z")),
        (json!({"reset_at": 10_000_000_000_u64}), Some("2286-11-20T17:46:40Z")),
        (json!({"reset_at": 10_000_000_001_u64}), Some("1970-04-26T17:46:40.001Z")),
        (json!({"reset_at": 1_789_645_200, "reset_after_seconds": 60}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_after_seconds": 5400}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_after_seconds": 5400.0}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_after_seconds": 0}), Some(NOW)),
        (json!({"reset_at": null, "reset_after_seconds": 5400}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_at": "later", "reset_after_seconds": 5400}), Some("2026-09-17T11:40:00Z")),
        (json!({"reset_at": {}, "reset_after_seconds": 5400}), Some("2026-09-17T11:40:00Z")),
        (json!({}), None),
        (json!({"reset_at": null, "reset_after_seconds": null}), None),
        (json!({"reset_at": "", "reset_after_seconds": []}), None),
    ];
    for (mut body, expected) in cases {
        body["used_percent"] = json!(5);
        let usage = codex(primary(body.clone()));
        assert_eq!(usage.windows[0].resets_at, expected.map(utc), "{body}");
    }
}

#[test]
fn null_for_any_key_keeps_the_rest() {
    let limit = json!({"primary_window": {"used_percent": 5, "limit_window_seconds": 604_800}});
    let whole = json!({
        "plan_type": "plus",
        "rate_limit": limit,
        "code_review_rate_limit": limit,
        "additional_rate_limits": [{"limit_name": "Spark", "rate_limit": limit}],
        "credits": {"has_credits": false},
    });
    let all = ["primary_window", "code_review_rate_limit.primary_window", "Spark.primary_window"];
    assert_eq!(keys(&codex(whole.clone())), all);
    let cases: [(&str, &[&str]); 5] = [
        ("plan_type", &all),
        ("rate_limit", &all[1..]),
        ("code_review_rate_limit", &[all[0], all[2]]),
        ("additional_rate_limits", &all[..2]),
        ("credits", &all),
    ];
    for (key, expected) in cases {
        for garbage in [json!(null), json!({}), json!([]), json!(false), json!(3), json!([null, 3])] {
            let mut response = whole.clone();
            response[key] = garbage;
            assert_eq!(keys(&codex(response.clone())), expected, "{response}");
        }
    }
}

#[test]
fn malformed_additional_limits_are_skipped_and_the_rest_kept() {
    let spark = json!({"limit_name": "Spark", "rate_limit": {"primary_window": {"used_percent": 5}}});
    let garbage = [
        json!(null),
        json!(7),
        json!("Spark"),
        json!([]),
        json!({}),
        json!({"limit_name": "Ghost"}),
        json!({"limit_name": "Ghost", "rate_limit": null}),
        json!({"limit_name": "Ghost", "rate_limit": []}),
        json!({"limit_name": "Ghost", "rate_limit": {}}),
        json!({"limit_name": "Ghost", "rate_limit": {"primary_window": null, "secondary_window": null}}),
        json!({"limit_name": "Ghost", "rate_limit": {"primary_window": {}}}),
        json!({"limit_name": "Ghost", "rate_limit": {"primary_window": {"used_percent": null}}}),
        json!({"limit_name": "Ghost", "rate_limit": {"primary_window": {"used_percent": "a lot"}}}),
    ];
    for element in garbage {
        let usage = codex(json!({
            "rate_limit": {"primary_window": {"used_percent": 1}},
            "additional_rate_limits": [element, spark, element],
        }));
        assert_eq!(keys(&usage), ["primary_window", "Spark.primary_window"], "{element}");
        assert_eq!(titles(&usage), ["5-hour", "Spark (5-hour)"]);
    }
}

#[test]
fn additional_limits_with_one_name_have_distinct_keys() {
    let spark =
        |used| json!({"limit_name": "Spark", "rate_limit": {"primary_window": {"used_percent": used}}});
    let usage = codex(json!({
        "rate_limit": {"primary_window": {"used_percent": 1}},
        "additional_rate_limits": [spark(5), spark(80)],
    }));
    let mut keys = keys(&usage);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), usage.windows.len(), "{}", show(&usage));
}

#[test]
fn plan_is_kept_verbatim() {
    let plans = [
        "free",
        "go",
        "plus",
        "pro",
        "prolite",
        "team",
        "business",
        "enterprise",
        "edu",
        "Quorum_9",
        "self_serve_business_usage_based",
    ];
    let with = |plan: Value| {
        codex(json!({"plan_type": plan, "rate_limit": {"primary_window": {"used_percent": 1}}})).plan
    };
    for plan in plans {
        assert_eq!(with(json!(plan)).as_deref(), Some(plan));
    }
    for none in [json!(null), json!(""), json!({}), json!([]), json!(true)] {
        assert_eq!(with(none.clone()), None, "{none}");
    }
    assert_eq!(codex(primary(json!({"used_percent": 1}))).plan, None);
}

#[test]
fn credits_and_unknown_keys_are_not_windows() {
    let usage = codex(json!({
        "rate_limit": {"primary_window": {"used_percent": 1}, "tertiary_window": null},
        "credits": {"has_credits": true, "unlimited": false, "balance": "12.34", "used_percent": 90},
        "spend_control": {"reached": false, "weekly": {"percent": 90}},
    }));
    assert_eq!(keys(&usage), ["primary_window"]);
}

#[test]
fn response_without_a_window_is_an_error() {
    let responses = [
        json!({}),
        json!([]),
        json!(null),
        json!("weekly"),
        json!({"plan_type": "plus"}),
        json!({"plan_type": "plus", "rate_limit": null}),
        json!({"plan_type": "plus", "rate_limit": {}}),
        json!({"rate_limit": {"allowed": true, "primary_window": null, "secondary_window": null}}),
        primary(json!({})),
        primary(json!({"used_percent": null})),
        json!({"detail": "Could not validate your token."}),
        json!({"error": {"message": "no", "code": "token_expired"}}),
    ];
    for response in responses {
        assert!(!parse_error(Provider::CODEX, &response).is_empty());
    }
}
