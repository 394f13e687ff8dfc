//! The generic parser with ambiguous numbers (percentage or count) and words (name or coincidence).

use super::*;
use quota_tray::quota::alert::{self, AlertHistory, Rules};
use serde_json::json;

/// Asserts that each object is a named window with this used percentage.
#[track_caller]
fn each_has_used(cases: &[(Value, f64)]) {
    for (object, expected) in cases {
        let case = object.to_string();
        let window = only_window(json!({"weekly": object}));
        assert_percent(window.used_percent(), *expected, &case);
        assert!(window.named, "{case}");
    }
}

#[test]
fn count_with_a_limit_is_a_share_and_never_a_percentage() {
    let cases = [
        (json!({"used": 40, "limit": 50}), 80.0),
        (json!({"limit": 50, "used": 40}), 80.0),
        (json!({"used": "40", "limit": "50"}), 80.0),
        (json!({"used": 0, "limit": 50}), 0.0),
        (json!({"used": 1, "limit": 50}), 2.0),
        (json!({"used": 0.5, "limit": 1}), 50.0),
        (json!({"used": 60, "limit": 50}), 100.0),
        (json!({"usage": 40, "limit": 50}), 80.0),
        (json!({"used": 40, "total": 50}), 80.0),
        (json!({"used": 40, "max": 50}), 80.0),
        (json!({"Used": 40, "Limit": 50}), 80.0),
        (json!({"messages_used": 40, "message_limit": 50}), 80.0),
        (json!({"used_credits": 40, "credits_limit": 50}), 80.0),
        (json!({"used": 40, "usage_limit": 50}), 80.0),
        (json!({"usage": {}, "used": 40, "limit": null, "total": 50}), 80.0),
    ];
    each_has_used(&cases);
}

#[test]
fn percentage_takes_precedence_over_a_count_and_a_percent_sign_marks_one() {
    let cases = [
        (json!({"used": 40, "limit": 50, "percent": 30}), 30.0),
        (json!({"used": "25%", "limit": 40}), 25.0),
        (json!({"used": "0.5%"}), 0.5),
        (json!({"usage": "1%"}), 1.0),
        (json!({"percent": "0.5%"}), 0.5),
        (json!({"percent_left": "0.5%"}), 99.5),
        (json!({"usage_left": "30%"}), 70.0),
    ];
    each_has_used(&cases);
}

#[test]
fn number_without_percent_or_limit_is_ignored() {
    for object in [
        json!({"used": 40}),
        json!({"usage": 97}),
        json!({"fraction": 0.97}),
        json!({"used": 0.97}),
        json!({"usage_left": 3}),
        // These keys are not limits of the use.
        json!({"used": 40, "limit": 0}),
        json!({"used": 40, "limit": -50}),
        json!({"used": 40, "limit": "none"}),
        json!({"used": 40, "limit_window_seconds": 604_800}),
        json!({"used": 40, "limit_resets": 1_789_645_200}),
        json!({"used": 40, "remaining_limit": 10}),
        json!({"tokens_used": 40, "request_limit": 50}),
        // This key is not a use.
        json!({"unused": 40, "limit": 50}),
        json!({"used_left": 40, "limit": 50}),
        json!({"used_at": 40, "limit": 50}),
    ] {
        let body = json!({"weekly": object, "5h": {"percent": 10}});
        let usage = generic(body.clone());
        assert_eq!(titles(&usage), ["5-hour", "Weekly"], "{body}");
        assert!(!window(&usage, "generic.Weekly").named, "{body}");
        let snapshot = snapshot(Provider::CODEX, usage);
        let lowest = snapshot.lowest(now()).map(|(_, window)| window.title.clone());
        assert_eq!(lowest.as_deref(), Some("5-hour"), "{body}");
        let rules = Rules { thresholds: vec![50.0], on_reset: true };
        assert_eq!(alert::evaluate(&mut AlertHistory::default(), &snapshot, &rules, now()), [], "{body}");
    }
    // Alone it is not an error: it is shown.
    assert!(!only_window(json!({"weekly": {"used": 40}})).named);
}

#[test]
fn certain_window_takes_precedence_over_a_guess_with_the_same_title() {
    let body = json!({"weekly": {"used": 40}, "weekly_quota": {"percent": 30}, "week": {"percent": 90}});
    let window = only_window(body);
    assert_percent(window.used_percent(), 30.0, "the first that is sure");
    assert!(window.named);
}

#[test]
fn unused_and_available_mean_remaining() {
    for key in ["unused_percent", "percent_available", "available %"] {
        let window = only_window(json!({"weekly": {key: 30}}));
        assert_percent(window.used_percent(), 70.0, key);
    }
}

#[test]
fn letters_inside_an_identifier_title_no_object() {
    for word in ["a75h2", "0b7d9c", "15h", "17d", "3f8a5h1c-7d2e"] {
        parse_error(Provider::CODEX, &json!({"quota": {"id": word, "percent": 30}}));
        parse_error(Provider::CODEX, &json!({word: {"percent": 30}}));
    }
    for (word, title) in
        [("5hours", "5-hour"), ("limit_5h", "5-hour"), ("7days", "Weekly"), ("last 7d", "Weekly")]
    {
        assert_eq!(only_window(json!({"quota": {"name": word, "percent": 30}})).title, title);
    }
}
