//! Claude's list of limits, which has the same windows as the buckets and may be their only source.

use super::*;
use insta::assert_snapshot;
use serde_json::json;

fn session(percent: Value, resets_at: Value) -> Value {
    json!({"kind": "session", "group": "session", "percent": percent, "resets_at": resets_at, "scope": null})
}

fn weekly(percent: Value, resets_at: Value) -> Value {
    json!({"kind": "weekly_all", "group": "weekly", "percent": percent, "resets_at": resets_at, "scope": null})
}

fn scoped(scope: Value) -> Value {
    json!({"kind": "weekly_scoped", "percent": 5, "resets_at": "2026-09-20T20:00:01Z", "scope": scope})
}

#[test]
fn limits_as_the_only_source_give_all_windows() {
    assert_snapshot!(shown(Provider::CLAUDE, "limits_only"), @r"
    five_hour | 5-hour | 47% used | resets 2026-09-17T12:20:00Z | 18000 s | named
    seven_day | Weekly | 13% used | resets 2026-09-21T16:59:59Z | 604800 s | named
    weekly_scoped.Fable | Weekly (Fable) | 14% used | resets 2026-09-21T17:00:00Z | 604800 s | named
    weekly_scoped.Cowork | Weekly (Cowork) | 3% used | no reset | 604800 s | named
    ");
}

#[test]
fn any_known_key_makes_a_response_valid_and_no_unknown_one_does() {
    let known = [
        "five_hour",
        "seven_day",
        "seven_day_opus",
        "seven_day_sonnet",
        "seven_day_oauth_apps",
        "seven_day_cowork",
        "seven_day_omelette",
        "cinder_cove",
        "extra_usage",
        "limits",
        "spend",
    ];
    let tangelo = json!({"utilization": 5, "resets_at": null});
    for key in known {
        assert_eq!(keys(&claude(json!({key: null, "tangelo": tangelo}))), ["tangelo"], "{key}");
        parse_error(Provider::CLAUDE, &json!({key: null}));
    }
    for key in ["nimbus_quill", "usage", "seven_day_breakdown", "weekly_scoped_shares", "cedar_ember"] {
        parse_error(Provider::CLAUDE, &json!({key: null, "tangelo": tangelo}));
    }
}

#[test]
fn bucket_with_a_number_takes_precedence_over_the_list() {
    let usage = claude(json!({
        "five_hour": {"utilization": 89.0, "resets_at": "2026-09-17T15:10:00Z"},
        "seven_day": {"utilization": 0, "resets_at": "2026-09-20T20:00:00Z"},
        "limits": [session(json!(12), json!("2026-09-17T15:10:01Z")), weekly(json!(60), json!("2026-09-20T19:59:59Z"))],
    }));
    assert_eq!(keys(&usage), ["five_hour", "seven_day"]);
    assert_percent(window(&usage, "five_hour").used_percent(), 89.0, "the bucket's");
    assert_eq!(window(&usage, "five_hour").resets_at, Some(utc("2026-09-17T15:10:00Z")));
    assert_percent(window(&usage, "seven_day").used_percent(), 0.0, "the bucket's");
}

#[test]
fn list_fills_what_a_bucket_leaves_null_or_missing() {
    let reset = "2026-09-17T15:10:00Z";
    let list = json!([session(json!(12), json!(reset))]);
    let cases = [
        (json!({"limits": list}), 12.0),
        (json!({"five_hour": null, "limits": list}), 12.0),
        (json!({"five_hour": {}, "limits": list}), 12.0),
        (json!({"five_hour": {"utilization": null, "resets_at": null}, "limits": list}), 12.0),
        (json!({"five_hour": {"utilization": "a lot"}, "limits": list}), 12.0),
        (json!({"five_hour": {"utilization": 7}, "limits": list}), 7.0),
        (json!({"five_hour": {"utilization": 7, "resets_at": null}, "limits": list}), 7.0),
        (
            json!({"five_hour": {"utilization": null, "resets_at": reset},
                "limits": [session(json!(12), json!(null))]}),
            12.0,
        ),
    ];
    for (body, used) in cases {
        let case = body.to_string();
        let usage = claude(body);
        assert_eq!(keys(&usage), ["five_hour"], "{case}");
        let window = &usage.windows[0];
        assert_eq!((window.title.as_str(), window.length_seconds), ("5-hour", Some(18_000)), "{case}");
        assert_percent(window.used_percent(), used, &case);
        assert_eq!(window.resets_at, Some(utc(reset)), "{case}");
    }
}

#[test]
fn list_without_a_percentage_is_neither_0_nor_100_percent() {
    for percent in [json!(null), json!({}), json!("a lot"), json!(true)] {
        let body = json!({"five_hour": null, "seven_day": {"utilization": 4},
            "limits": [session(percent, json!("2026-09-17T15:10:00Z"))]});
        assert_eq!(keys(&claude(body.clone())), ["seven_day"], "{body}");
    }
}

#[test]
fn inactive_limits_count_like_active_ones() {
    for is_active in [json!(true), json!(false), json!(null)] {
        let mut limits = json!([session(json!(12), json!(null)), weekly(json!(13), json!(null))]);
        for limit in limits.as_array_mut().unwrap() {
            limit["is_active"] = is_active.clone();
        }
        assert_eq!(keys(&claude(json!({"limits": limits}))), ["five_hour", "seven_day"]);
    }
}

#[test]
fn windows_keep_the_order_of_the_table_whatever_the_order_of_the_list() {
    let limits = json!([
        scoped(json!("Fable")),
        weekly(json!(13), json!(null)),
        session(json!(12), json!(null)),
        session(json!(99), json!(null)),
    ]);
    let usage = claude(json!({"limits": limits, "seven_day_sonnet": {"utilization": 4}}));
    assert_eq!(keys(&usage), ["five_hour", "seven_day", "seven_day_sonnet", "weekly_scoped.Fable"]);
    assert_percent(usage.windows[0].used_percent(), 12.0, "the first of its kind");
}

#[test]
fn scoped_limit_is_named_by_model_or_surface_or_the_scope_itself() {
    let cases = [
        (json!({"model": {"display_name": "Fable"}, "surface": null}), "Fable"),
        (json!({"model": {"display_name": "Fable"}, "surface": {"display_name": "Code"}}), "Fable"),
        (json!({"model": null, "surface": {"display_name": "Code"}}), "Code"),
        (json!({"model": {"display_name": null}, "surface": {"display_name": "Code"}}), "Code"),
        (json!({"model": {"display_name": " "}, "surface": {"display_name": "Code"}}), "Code"),
        (json!({"surface": {"id": "code", "display_name": "Code"}}), "Code"),
        (json!("Fable"), "Fable"),
    ];
    for (scope, name) in cases {
        let usage = claude(json!({"limits": [scoped(scope.clone())]}));
        assert_eq!(titles(&usage), [format!("Weekly ({name})")], "{scope}");
        assert!(usage.windows[0].named, "{scope}");
    }
}

#[test]
fn window_in_bucket_and_list_with_resets_a_second_apart_is_listed_once() {
    let usage = claude(json!({
        "seven_day_opus": {"utilization": 60.0, "resets_at": "2026-09-20T20:00:00Z"},
        "seven_day_cowork": {"utilization": 9.0, "resets_at": null},
        "limits": [
            scoped(json!({"model": {"display_name": "Opus"}})),
            scoped(json!({"surface": {"display_name": "cowork"}})),
        ],
    }));
    assert_eq!(keys(&usage), ["seven_day_opus", "seven_day_cowork"]);
    assert_eq!(window(&usage, "seven_day_opus").resets_at, Some(utc("2026-09-20T20:00:00Z")));
    assert_eq!(window(&usage, "seven_day_cowork").resets_at, Some(utc("2026-09-20T20:00:01Z")));
}

#[test]
fn reset_at_the_unix_epoch_is_no_reset() {
    for resets_at in [json!(0), json!(-1), json!("0"), json!("1970-01-01T00:00:00Z")] {
        let usage = claude(json!({"five_hour": {"utilization": 7, "resets_at": resets_at},
            "tangelo": {"utilization": 0, "resets_at": resets_at},
            "limits": [weekly(json!(3), resets_at.clone())]}));
        assert_eq!(keys(&usage), ["five_hour", "seven_day"], "{resets_at}");
        assert!(usage.windows.iter().all(|window| window.resets_at.is_none()), "{resets_at}");
    }
}
