//! The generic parser, for Codex responses without a `rate_limit`: any object with the keys of a window.

use super::*;
use insta::assert_snapshot;
use serde_json::json;

/// The used percentage of the only window.
#[track_caller]
fn used(body: Value) -> f64 {
    only_window(body).used_percent()
}

#[test]
fn response_of_unknown_shape_is_read() {
    assert_snapshot!(shown(Provider::CODEX, "unknown_shape"), @r#"
    generic.5-hour | 5-hour | 45% used | resets 2026-09-17T12:10:00Z | no length | named
    generic.Session | Session | 25% used | resets 2026-09-17T12:00:00Z | no length | named
    generic.Weekly | Weekly | 42% used | resets 2026-09-21T08:00:00Z | no length | named
    generic.Full | Full | 12.5% used | reset "on your renewal date" | no length | not named
    plan go
    "#);
}

#[test]
fn object_is_titled_by_its_key_or_its_own_scalars() {
    let titles = [
        ("5h", "5-hour"),
        ("5-hour", "5-hour"),
        ("five", "5-hour"),
        ("five_hour", "5-hour"),
        ("FIVE_HOUR", "5-hour"),
        ("Last 5H", "5-hour"),
        ("weekly", "Weekly"),
        ("week", "Weekly"),
        ("this_week", "Weekly"),
        ("7d", "Weekly"),
        ("WEEKLY", "Weekly"),
        ("full", "Full"),
        ("premium", "Full"),
        ("paid", "Full"),
        ("Premium", "Full"),
        ("standard", "Session"),
        ("session", "Session"),
        ("Session", "Session"),
    ];
    for (word, title) in titles {
        let bodies = [
            json!({word: {"percent": 30}}),
            json!({"quota": {word: {"percent": 30}}}),
            json!({"quotas": [{"deep": {word: {"percent": 30}}}]}),
            json!({"quota": {"name": word, "percent": 30}}),
            json!({"quotas": [{"percent": 30, "name": word}]}),
            json!({"quota": {word: true, "percent": 30}}),
            json!({"quota": {word: "yes", "percent": 30}}),
            json!({"name": word, "percent": 30}),
        ];
        for body in bodies {
            let usage = generic(body.clone());
            assert_eq!(self::titles(&usage), [title], "{body}");
            let window = window(&usage, &format!("generic.{title}"));
            assert_percent(window.used_percent(), 30.0, &body.to_string());
            assert!(window.named, "{body}");
        }
    }
}

#[test]
fn nested_keys_and_values_title_no_object() {
    let bodies = [
        json!({"percent": 30, "quota": {"name": "weekly"}}),
        json!({"percent": 30, "weekly": {}}),
        json!({"percent": 30, "names": ["weekly"]}),
        json!({"percent": 30, "weekly": []}),
    ];
    for body in bodies {
        parse_error(Provider::CODEX, &body);
    }
}

#[test]
fn object_without_window_keys_is_no_window() {
    for body in [
        json!({"percent": 30}),
        json!({"hour": {"percent": 30}}),
        json!({"weekly": 30}),
        json!({"weekly": "30%"}),
        json!({"weekly": [30]}),
        json!({"weekly": {"limit": 30}}),
        json!({"weekly": {"remaining": 30, "left": 30}}),
        json!({"weekly": {}}),
        json!({"weekly": null}),
    ] {
        parse_error(Provider::CODEX, &body);
    }
}

#[test]
fn walk_is_depth_first_in_document_order_and_the_first_of_a_title_wins() {
    let first = json!({"percent": 11, "name": "weekly"});
    let second = json!({"percent": 22, "name": "weekly"});
    let bodies = [
        json!({"b": first, "a": second}),
        json!({"list": [first, second]}),
        // Depth before breadth.
        json!({"a": {"deeper": {"deepest": first}}, "b": second}),
        json!({"list": [[[first]], second]}),
        // An object before its children.
        json!({"a": {"percent": 11, "name": "weekly", "inner": second}}),
        json!({"a": {"inner": second, "percent": 11, "name": "weekly"}}),
        // Objects without a percentage are skipped.
        json!({"weekly": {"limit": 5}, "b": first, "c": second}),
    ];
    for body in bodies {
        assert_percent(used(body.clone()), 11.0, &body.to_string());
    }
}

#[test]
fn document_that_is_a_list_is_walked() {
    assert_percent(used(json!([[{"name": "weekly", "percent": 30}]])), 30.0, "a list");
}

#[test]
fn month_alone_titles_no_object() {
    let usage = generic(json!({
        "premium": {"percent": 30, "resets": "on the first of the month"},
        "monthly": {"percent": 40},
    }));
    assert_eq!(titles(&usage), ["Full"]);
}

#[test]
fn windows_are_in_menu_order() {
    let body = json!({
        "full": {"percent": 4},
        "weekly": {"percent": 3},
        "session": {"percent": 2},
        "5h": {"percent": 1.5},
    });
    assert_eq!(titles(&generic(body)), ["5-hour", "Session", "Weekly", "Full"]);
}

#[test]
fn percentage_is_from_the_first_percent_key_or_else_the_first_use_key() {
    let cases = [
        (json!({"percent": 30}), 30.0),
        (json!({"used_percent": 30}), 30.0),
        (json!({"PercentUsed": 30}), 30.0),
        (json!({"%": 30}), 30.0),
        (json!({"used %": 30}), 30.0),
        (json!({"usage": 30}), 30.0),
        (json!({"used": 30}), 30.0),
        (json!({"Used": 30}), 30.0),
        (json!({"fraction": 30}), 30.0),
        (json!({"percent": "30"}), 30.0),
        (json!({"percent": "30%"}), 30.0),
        (json!({"percent": "30.5%"}), 30.5),
        (json!({"used": "30%"}), 30.0),
        // "percent" takes precedence in any position, then the first key of its kind.
        (json!({"used": 90, "percent": 30}), 30.0),
        (json!({"usage": 90, "used": 91, "fraction": 0.9, "%": 30}), 30.0),
        (json!({"percent": 30, "other_percent": 90}), 30.0),
        (json!({"used": 30, "usage": 90}), 30.0),
        (json!({"fraction": 0.3, "used": 90}), 30.0),
        // Values that are not numbers are skipped.
        (json!({"percent": null, "other_percent": 30}), 30.0),
        (json!({"percent": "n/a", "used": 30}), 30.0),
        (json!({"percent": {}, "usage": [90], "used": "30"}), 30.0),
        (json!({"percent": true, "used": 30}), 30.0),
        (json!({"percent": "", "used": 30}), 30.0),
        // Out of range.
        (json!({"percent": 150}), 100.0),
        (json!({"percent": -5}), 0.0),
    ];
    for (object, expected) in cases {
        let case = object.to_string();
        assert_percent(used(json!({"weekly": object})), expected, &case);
    }
}

#[test]
fn generic_value_up_to_1_is_a_fraction() {
    let cases = [
        (json!({"percent": 0}), 0.0),
        (json!({"percent": 0.0}), 0.0),
        (json!({"percent": 0.004}), 0.4),
        (json!({"percent": 0.5}), 50.0),
        (json!({"percent": "0.5"}), 50.0),
        (json!({"percent": 1}), 100.0),
        (json!({"percent": 1.0}), 100.0),
        (json!({"percent": "1"}), 100.0),
        (json!({"used": 0.25}), 25.0),
        (json!({"usage": 0.25}), 25.0),
        (json!({"fraction": 0.25}), 25.0),
        (json!({"percent": 1.01}), 1.01),
        (json!({"percent": 2}), 2.0),
    ];
    for (object, expected) in cases {
        let case = object.to_string();
        assert_percent(used(json!({"5h": object})), expected, &case);
    }
}

#[test]
fn remaining_value_is_converted_to_used() {
    let cases = [
        (json!({"remaining_percent": 30}), 70.0),
        (json!({"percent_left": 30}), 70.0),
        (json!({"percentRemaining": "30%"}), 70.0),
        (json!({"LEFT_PERCENT": 30}), 70.0),
        (json!({"% left": 30}), 70.0),
        (json!({"usage_left": 30}), 70.0),
        (json!({"unused_remaining": 30}), 70.0),
        (json!({"fraction_remaining": 0.25}), 75.0),
        (json!({"remaining_percent": 1}), 0.0),
        (json!({"remaining_percent": 0}), 100.0),
        (json!({"remaining_percent": 100}), 0.0),
        (json!({"remaining_percent": 120}), 0.0),
        (json!({"remaining_percent": -5}), 100.0),
        // Only the key of the percentage decides whether it means remaining.
        (json!({"remaining": 12, "percent": 30}), 30.0),
        (json!({"left": 12, "used": 30}), 30.0),
    ];
    for (object, expected) in cases {
        let case = object.to_string();
        assert_percent(used(json!({"weekly": object})), expected, &case);
    }
}

#[test]
fn reset_is_from_the_first_reset_key() {
    let at = |text| (Some(utc(text)), None);
    let cases = [
        (json!({"resets_at": "2026-09-20T20:00:00Z"}), at("2026-09-20T20:00:00Z")),
        (json!({"resets_at": "2026-09-20T22:00:00+02:00"}), at("2026-09-20T20:00:00Z")),
        (json!({"resets_at": "2026-09-20T20:00:00"}), at("2026-09-20T20:00:00Z")),
        (json!({"next_reset": "2026-09-20T20:00:00Z"}), at("2026-09-20T20:00:00Z")),
        (json!({"RESET": "2026-09-20T20:00:00Z"}), at("2026-09-20T20:00:00Z")),
        (json!({"reset": 1_789_645_200}), at("2026-09-17T11:40:00Z")),
        (json!({"reset": 1_789_645_200.0}), at("2026-09-17T11:40:00Z")),
        (json!({"reset": 1_789_645_200_000_u64}), at("2026-09-17T11:40:00Z")),
        (json!({"reset_after_seconds": 5400}), at("2026-09-17T11:40:00Z")),
        (json!({"resets_after": 5400}), at("2026-09-17T11:40:00Z")),
        (json!({"Reset_After": 5400}), at("2026-09-17T11:40:00Z")),
        (json!({"after_which_it_resets": "2026-09-20T20:00:00Z"}), at("2026-09-20T20:00:00Z")),
        (json!({"resets": "in 3 days"}), (None, Some("in 3 days"))),
        (json!({"resets": "on the first of the month"}), (None, Some("on the first of the month"))),
        (json!({"reset_after": "lunch"}), (None, Some("lunch"))),
        (json!({"reset_at": 1_789_645_200, "reset_after_seconds": 1}), at("2026-09-17T11:40:00Z")),
        (
            json!({"reset_after_seconds": 5400, "reset_at": "2026-09-20T20:00:00Z"}),
            at("2026-09-17T11:40:00Z"),
        ),
        (json!({"reset_note": "soon", "reset_at": 1_789_645_200}), (None, Some("soon"))),
        (json!({"after": 5400, "at": "2026-09-20T20:00:00Z"}), (None, None)),
        (json!({}), (None, None)),
        (json!({"reset": null}), (None, None)),
        (json!({"reset": {}}), (None, None)),
        (json!({"reset": ""}), (None, None)),
    ];
    for (mut object, (at, note)) in cases {
        object["percent"] = json!(30);
        let case = object.to_string();
        let usage = generic(json!({"weekly": object}));
        let window = &usage.windows[0];
        assert_eq!(window.resets_at, at, "{case}");
        assert_eq!(window.reset_note.as_deref(), note, "{case}");
    }
}

#[test]
fn generic_response_has_the_plan_as_a_fact() {
    let usage = generic(json!({"plan_type": "edu", "weekly": {"percent": 30}}));
    assert_eq!(usage.plan.as_deref(), Some("edu"));
}

#[test]
fn response_with_a_rate_limit_is_not_read_generically() {
    let guess = json!({"percent": 0.5});
    let usage = generic(json!({"weekly": guess, "rate_limit": {"primary_window": {"used_percent": 1}}}));
    assert_eq!(keys(&usage), ["primary_window"]);
}

#[test]
fn response_with_an_empty_rate_limit_is_not_read_generically() {
    for rate_limit in [json!({"primary_window": null}), json!({"allowed": true, "primary_window": {}})] {
        let response = json!({"weekly": {"percent": 0.5}, "rate_limit": rate_limit});
        parse_error(Provider::CODEX, &response);
    }
}

#[test]
fn claude_response_is_not_read_generically() {
    for body in [json!({"weekly": {"percent": 50}}), json!({"five": {"used": 0.5}})] {
        parse_error(Provider::CLAUDE, &body);
    }
}
