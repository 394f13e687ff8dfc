//! Duplicate, similar and empty names: each window has a distinct key, by which alerts identify it, and a
//! title.

use super::hostile::assert_sound;
use super::*;
use serde_json::json;

#[test]
fn duplicate_key_is_one_window() {
    let body =
        br#"{"five_hour":{"utilization":10,"utilization":20},"five_hour":{"utilization":30,"utilization":40},
        "tangelo":{"utilization":1},"tangelo":{"utilization":2},"limits":[],"limits":[null]}"#;
    let usage = assert_sound(Provider::CLAUDE, body, now(), &"twice").unwrap();
    assert_eq!(keys(&usage), ["five_hour", "tangelo"]);
    let body = br#"{"rate_limit":{"primary_window":{"used_percent":10}},"rate_limit":{"primary_window":{"used_percent":20,"used_percent":30}}}"#;
    let usage = assert_sound(Provider::CODEX, body, now(), &"twice").unwrap();
    assert_eq!(keys(&usage), ["primary_window"]);
    let body = br#"{"weekly":{"percent":10,"percent":20},"weekly":{"percent":30}}"#;
    let usage = assert_sound(Provider::CODEX, body, now(), &"twice").unwrap();
    assert_eq!(titles(&usage), ["Weekly"]);
}

fn assert_distinct_keys(provider: Provider, body: &Value) {
    assert_sound(provider, body.to_string().as_bytes(), now(), body).unwrap();
}

/// Names that differ only in characters that cleaning up removes.
fn similar_names() -> Vec<String> {
    let names = ["a", "a ", " a", "a\n", "a\u{0}", "a\u{200b}", "A", "a.b", "a.primary_window"];
    let long = (0..2).map(|end| format!("{}{end}", "x".repeat(100)));
    names.map(str::to_owned).into_iter().chain(long).collect()
}

#[test]
fn models_with_similar_names_have_distinct_keys() {
    let limit = |name: &String| json!({"kind": "weekly_scoped", "percent": 5, "scope": name});
    let limits: Vec<_> = similar_names().iter().map(limit).collect();
    assert_distinct_keys(Provider::CLAUDE, &json!({"limits": limits}));
}

#[test]
fn buckets_with_similar_names_have_distinct_keys() {
    let buckets = similar_names().into_iter().map(|name| (name, json!({"utilization": 5})));
    let mut response = Value::Object(buckets.collect());
    response["five_hour"] = json!({"utilization": 5});
    assert_distinct_keys(Provider::CLAUDE, &response);
}

#[test]
fn bucket_named_like_a_model_has_a_distinct_key() {
    let response = json!({
        "weekly_scoped.Fable": {"utilization": 9},
        "limits": [{"kind": "weekly_scoped", "percent": 5, "scope": "Fable"}],
    });
    assert_distinct_keys(Provider::CLAUDE, &response);
}

#[test]
fn additional_limits_with_similar_names_have_distinct_keys() {
    let limit = |name| json!({"limit_name": name, "rate_limit": {"primary_window": {"used_percent": 5}}});
    let limits: Vec<_> = similar_names().into_iter().map(|name| limit(json!(name))).collect();
    assert_distinct_keys(Provider::CODEX, &json!({"rate_limit": {}, "additional_rate_limits": limits}));
}

#[test]
fn additional_limit_named_like_another_window_has_a_distinct_key() {
    let limit = json!({"primary_window": {"used_percent": 5}});
    let response = json!({
        "rate_limit": limit,
        "code_review_rate_limit": limit,
        "additional_rate_limits": [{"limit_name": "code_review_rate_limit", "rate_limit": limit}],
    });
    assert_distinct_keys(Provider::CODEX, &response);
}

#[test]
fn empty_names_leave_no_row_without_a_title() {
    for name in [json!(""), json!(" "), json!("\n"), json!("\u{0}"), json!("_"), json!(null), json!(7)] {
        let claude = json!({
            "five_hour": {"utilization": 5},
            name.as_str().unwrap_or_default(): {"utilization": 5},
            "limits": [{"kind": "weekly_scoped", "percent": 5, "scope": name}],
        });
        let limit = json!({"primary_window": {"used_percent": 5}});
        let codex = json!({
            "rate_limit": limit,
            "additional_rate_limits": [{"limit_name": name, "rate_limit": limit}],
        });
        for (provider, body) in [(Provider::CLAUDE, claude), (Provider::CODEX, codex)] {
            let usage = assert_sound(provider, body.to_string().as_bytes(), now(), &body).unwrap();
            let empty = |title: &&str| title.starts_with(' ') || title.contains("()");
            assert_eq!(titles(&usage).into_iter().find(empty), None, "{body}");
        }
    }
}
