//! The JSON of `status`, a contract.

use super::*;
use answer::codex_usage;
use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use insta::assert_snapshot;
use quota_tray::presenter::format::date_time;

/// A scene with an account in each state. The window with a reset resets at `at`.
pub fn every_state(at: DateTime<Utc>) -> Scene {
    let scene = Scene::new();
    scene.account("claude-a@b.c.json", &claude("alice", json!({"email": "a@b.c"})));
    let reset = at.to_rfc3339_opts(SecondsFormat::Micros, false);
    scene.server.answer("alice", json!({
        "five_hour": {"utilization": 42.0, "resets_at": reset},
        "seven_day": {"utilization": 12.5, "resets_at": null},
        "nimbus_quill": {"utilization": 99.0, "resets_at": null},
        "extra_usage": {"is_enabled": true, "monthly_limit": 5000, "used_credits": 320.0},
        "limits": [{"kind": "weekly_scoped", "percent": 5, "resets_at": null, "scope": {"model": {"display_name": "Fable"}}}],
    }));
    scene.account("codex-team.json", &codex("team", json!({"email": "A@b.c"})));
    let mut team = codex_usage(&[(604_800, 100)]);
    team["rate_limit"]["primary_window"]["reset_at"] = Value::Null;
    team["code_review_rate_limit"] =
        json!({"primary_window": {"used_percent": 1, "limit_window_seconds": 18_000}});
    team["additional_rate_limits"] =
        json!([{"limit_name": "Spark", "rate_limit": {"secondary_window": {"used_percent": "12%"}}}]);
    scene.server.answer("team", team);
    scene.account("codex-other.json", &codex("other", json!({})));
    scene.server.answer("other", json!({"session": {"used_percent": 0.25, "resets": "tomorrow"}}));
    scene.claude("refused", Answer::status(401));
    scene.account("claude-old.json", &claude("old", json!({"expired": "2020-01-01T00:00:00Z"})));
    scene.account("claude-broken.json", &json!({"type": "claude"}));
    scene.account("claude-off.json", &claude("off", json!({"disabled": true})));
    scene.account("gemini-a@b.c.json", &json!({"type": "gemini"}));
    scene
}

#[test]
fn json_matches_the_contract() {
    let at = Utc::now().trunc_subsecs(0) + TimeDelta::hours(3);
    let before = Utc::now().trunc_subsecs(0);
    let done = every_state(at).run(&["status", "--format", "json"]);
    let mut report = done.json();
    // Moments of this run, checked here and named in the picture.
    let check = |moment: &mut Value| {
        let text = moment.as_str().expect("a moment").to_owned();
        let told: DateTime<Utc> = text.parse().expect("RFC 3339");
        assert!(before <= told && told <= Utc::now() && text.len() == 20, "{text}");
        *moment = "<now>".into();
    };
    check(&mut report["generated_at"]);
    for account in report["accounts"].as_array_mut().expect("accounts") {
        if !account["updated_at"].is_null() {
            check(&mut account["updated_at"]);
        }
    }
    let text = serde_json::to_string_pretty(&report).expect("JSON");
    let text = text.replace(&at.to_rfc3339_opts(SecondsFormat::Secs, true), "<in 3 hours>");
    let text = text.replace(&date_time(at, program_locale()), "<in 3 hours>");
    assert_snapshot!(text, @r#"
    {
      "generated_at": "<now>",
      "accounts": [
        {
          "id": "claude-a@b.c.json",
          "provider": "claude",
          "email": "a@b.c",
          "plan": null,
          "state": "ok",
          "error": null,
          "updated_at": "<now>",
          "lowest_remaining_percent": 58.0,
          "windows": [
            {
              "key": "five_hour",
              "title": "5-hour",
              "used_percent": 42.0,
              "remaining_percent": 58.0,
              "resets_at": "<in 3 hours>",
              "reset_text": "in 3 hours (<in 3 hours>)",
              "window_seconds": 18000
            },
            {
              "key": "seven_day",
              "title": "Weekly",
              "used_percent": 12.5,
              "remaining_percent": 87.5,
              "resets_at": null,
              "reset_text": null,
              "window_seconds": 604800
            },
            {
              "key": "weekly_scoped.Fable",
              "title": "Weekly (Fable)",
              "used_percent": 5.0,
              "remaining_percent": 95.0,
              "resets_at": null,
              "reset_text": null,
              "window_seconds": 604800
            },
            {
              "key": "nimbus_quill",
              "title": "Nimbus quill",
              "used_percent": 99.0,
              "remaining_percent": 1.0,
              "resets_at": null,
              "reset_text": null,
              "window_seconds": null
            }
          ]
        },
        {
          "id": "claude-broken.json",
          "provider": "claude",
          "email": "claude-broken.json",
          "plan": null,
          "state": "error",
          "error": "could not use claude-broken.json: it has no access token; sign in again with CLIProxyAPI",
          "updated_at": null,
          "lowest_remaining_percent": null,
          "windows": []
        },
        {
          "id": "claude-old.json",
          "provider": "claude",
          "email": "old@x.org",
          "plan": null,
          "state": "expired",
          "error": "token expired: renewal is switched off (token_renewal = \"never\"); start CLIProxyAPI, or sign in again with it",
          "updated_at": null,
          "lowest_remaining_percent": null,
          "windows": []
        },
        {
          "id": "claude-refused.json",
          "provider": "claude",
          "email": "refused@x.org",
          "plan": null,
          "state": "error",
          "error": "sign in again with CLIProxyAPI: the login is no longer accepted",
          "updated_at": null,
          "lowest_remaining_percent": null,
          "windows": []
        },
        {
          "id": "codex-team.json",
          "provider": "codex",
          "email": "A@b.c",
          "plan": "plus",
          "state": "ok",
          "error": null,
          "updated_at": "<now>",
          "lowest_remaining_percent": 0.0,
          "windows": [
            {
              "key": "primary_window",
              "title": "Weekly",
              "used_percent": 100.0,
              "remaining_percent": 0.0,
              "resets_at": null,
              "reset_text": null,
              "window_seconds": 604800
            },
            {
              "key": "code_review_rate_limit.primary_window",
              "title": "Code review (5-hour)",
              "used_percent": 1.0,
              "remaining_percent": 99.0,
              "resets_at": null,
              "reset_text": null,
              "window_seconds": 18000
            },
            {
              "key": "Spark.secondary_window",
              "title": "Spark (Weekly)",
              "used_percent": 12.0,
              "remaining_percent": 88.0,
              "resets_at": null,
              "reset_text": null,
              "window_seconds": null
            }
          ]
        },
        {
          "id": "codex-other.json",
          "provider": "codex",
          "email": "other@x.org",
          "plan": null,
          "state": "ok",
          "error": null,
          "updated_at": "<now>",
          "lowest_remaining_percent": 75.0,
          "windows": [
            {
              "key": "generic.Session",
              "title": "Session",
              "used_percent": 25.0,
              "remaining_percent": 75.0,
              "resets_at": null,
              "reset_text": "tomorrow",
              "window_seconds": null
            }
          ]
        }
      ]
    }
    "#);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""));
    assert!(done.stdout.starts_with("{\"generated_at\":") && done.stdout.ends_with("}\n"), "{}", done.stdout);
}
