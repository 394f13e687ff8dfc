//! Names that stand twice, mimic one another or say nothing: each window keeps a key of its own, by which
//! the alerts know it, and a title to read.

use super::hostile::assert_sound;
use super::*;
use serde_json::json;

#[test]
fn a_key_that_stands_twice_is_one_window() {
    let body =
        br#"{"five_hour":{"utilization":10,"utilization":20},"five_hour":{"utilization":30,"utilization":40},
        "tangelo":{"utilization":1},"tangelo":{"utilization":2},"limits":[],"limits":[null]}"#;
    let reading = assert_sound(Provider::CLAUDE, body, now(), &"twice").unwrap();
    assert_eq!(keys(&reading), ["five_hour", "tangelo"]);
    let body = br#"{"rate_limit":{"primary_window":{"used_percent":10}},"rate_limit":{"primary_window":{"used_percent":20,"used_percent":30}}}"#;
    let reading = assert_sound(Provider::CODEX, body, now(), &"twice").unwrap();
    assert_eq!(keys(&reading), ["primary_window"]);
    let body = br#"{"weekly":{"percent":10,"percent":20},"weekly":{"percent":30}}"#;
    let reading = assert_sound(Provider::CODEX, body, now(), &"twice").unwrap();
    assert_eq!(titles(&reading), ["Weekly"]);
}

fn assert_keys_of_their_own(provider: Provider, body: &Value) {
    assert_sound(provider, body.to_string().as_bytes(), now(), body).unwrap();
}

/// Names that a careless tidying makes one.
fn mimics() -> Vec<String> {
    let names = ["a", "a ", " a", "a\n", "a\u{0}", "a\u{200b}", "A", "a.b", "a.primary_window"];
    let long = (0..2).map(|end| format!("{}{end}", "x".repeat(100)));
    names.map(str::to_owned).into_iter().chain(long).collect()
}

#[test]
fn models_that_mimic_one_another_keep_keys_of_their_own() {
    let limit = |name: &String| json!({"kind": "weekly_scoped", "percent": 5, "scope": name});
    let limits: Vec<_> = mimics().iter().map(limit).collect();
    assert_keys_of_their_own(Provider::CLAUDE, &json!({"limits": limits}));
}

#[test]
fn buckets_that_mimic_one_another_keep_keys_of_their_own() {
    let buckets = mimics().into_iter().map(|name| (name, json!({"utilization": 5})));
    let mut answer = Value::Object(buckets.collect());
    answer["five_hour"] = json!({"utilization": 5});
    assert_keys_of_their_own(Provider::CLAUDE, &answer);
}

#[test]
fn a_bucket_that_mimics_a_model_keeps_a_key_of_its_own() {
    let answer = json!({
        "weekly_scoped.Fable": {"utilization": 9},
        "limits": [{"kind": "weekly_scoped", "percent": 5, "scope": "Fable"}],
    });
    assert_keys_of_their_own(Provider::CLAUDE, &answer);
}

#[test]
fn additional_limits_that_mimic_one_another_keep_keys_of_their_own() {
    let limit = |name| json!({"limit_name": name, "rate_limit": {"primary_window": {"used_percent": 5}}});
    let limits: Vec<_> = mimics().into_iter().map(|name| limit(json!(name))).collect();
    assert_keys_of_their_own(Provider::CODEX, &json!({"rate_limit": {}, "additional_rate_limits": limits}));
}

#[test]
fn an_additional_limit_that_mimics_another_place_keeps_a_key_of_its_own() {
    let limit = json!({"primary_window": {"used_percent": 5}});
    let answer = json!({
        "rate_limit": limit,
        "code_review_rate_limit": limit,
        "additional_rate_limits": [{"limit_name": "code_review_rate_limit", "rate_limit": limit}],
    });
    assert_keys_of_their_own(Provider::CODEX, &answer);
}

#[test]
fn names_that_say_nothing_leave_no_row_without_a_title() {
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
            let reading = assert_sound(provider, body.to_string().as_bytes(), now(), &body).unwrap();
            let empty = |title: &&str| title.starts_with(' ') || title.contains("()");
            assert_eq!(titles(&reading).into_iter().find(empty), None, "{body}");
        }
    }
}
