//! What `status` prints for people, and its exit code.

use super::contract::every_state;
use super::*;
use chrono::{SubsecRound, TimeDelta, Utc};
use insta::assert_snapshot;

#[test]
fn text_is_a_table_of_accounts_and_windows() {
    let at = Utc::now().trunc_subsecs(0) + TimeDelta::minutes(190);
    let done = every_state(at).run(&["status"]);
    let clock = done.stdout.split_once(" m (").expect("a reset").1.split_once(')').expect("a moment").0;
    let updated = |row: &str| match row.split_once("Updated ") {
        Some((before, _)) => format!("{before}Updated <now>"),
        None => row.replace(clock, "<then>").replace("3 h 10 m", "3 h 9 m"),
    };
    let rows: Vec<_> = done.stdout.lines().map(updated).collect();
    assert_snapshot!(rows.join("\n"), @r#"
    Claude · a@b.c — 58% left
      5-hour               ████████████░░░░░░░░  58% left  resets in 3 h 9 m (<then>)
      Weekly               ██████████████████░░  88% left
      Weekly (Fable)       ███████████████████░  95% left
      Nimbus quill         █░░░░░░░░░░░░░░░░░░░   1% left
      Extra usage $3.20 of $50.00 · Updated <now>
    Claude · claude-broken.json — invalid credential file
      Could not use claude-broken.json: it has no access token; sign in again with CLIProxyAPI
      Never updated
    Claude · old@x.org — token expired
      Token expired: renewal is switched off (token_renewal = "never"); start CLIProxyAPI, or sign in again with it
      Never updated
    Claude · refused@x.org — sign in again
      Sign in again with CLIProxyAPI: the login is no longer accepted
      Never updated
    Codex · A@b.c — 0% left
    × Weekly               ░░░░░░░░░░░░░░░░░░░░   0% left
      Code review (5-hour) ███████████████████░  99% left
      Spark (Weekly)       ██████████████████░░  88% left
      Plan: Plus · Updated <now>
    Codex · other@x.org — 75% left
      Session              ███████████████░░░░░  75% left  reset: tomorrow
      Updated <now>
    "#);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""));
}

#[test]
fn missing_accounts_exit_with_0_and_say_how_to_connect_one() {
    let scene = Scene::new();
    let done = scene.run(&["status"]);
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    assert!(done.stdout.contains("No account is connected"), "{done:?}");
    assert!(done.stdout.contains(&scene.path("home/.cli-proxy-api").display().to_string()), "{done:?}");
    std::fs::remove_dir(scene.path("home/.cli-proxy-api")).expect("removed");
    let done = scene.run(&["status", "--format", "json"]);
    assert_eq!((done.code, &done.json()["accounts"]), (0, &json!([])));
}

#[test]
fn seat_billed_by_use_shows_its_spending_and_has_not_failed() {
    let scene = Scene::new();
    let response = include_str!("../fixtures/claude/enterprise.json");
    let response: Value = serde_json::from_str(response).expect("JSON");
    scene.server.answer("seat", response);
    scene.account("claude-seat.json", &claude("seat", json!({})));
    let done = scene.run(&["status"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stdout.starts_with("Claude · seat@x.org — usage-based billing\n"), "{done:?}");
    assert!(done.stdout.contains("Spent $2119.26 of $5000.00 · Cinder cove credit: $0.00 of"), "{done:?}");
    let report = scene.run(&["status", "--cached", "--format", "json"]).json();
    let account = &report["accounts"][0];
    assert_eq!((&account["state"], &account["windows"]), (&json!("ok"), &json!([])));
    assert_eq!(account["lowest_remaining_percent"], Value::Null);
    let waybar = scene.run(&["status", "--cached", "--format", "waybar"]).json();
    assert_eq!((&waybar["text"], &waybar["percentage"]), (&json!("no quota"), &Value::Null));
}

#[test]
fn exit_code_is_1_if_any_account_failed() {
    for (name, account, code) in [
        ("claude-good.json", claude("good", json!({})), 0),
        ("claude-off.json", claude("refused", json!({"disabled": true})), 0),
        ("gemini.json", json!({"type": "gemini"}), 0),
        ("claude-refused.json", claude("refused", json!({})), 1),
        ("claude-old.json", claude("good", json!({"expired": 1})), 1),
        ("claude-broken.json", json!([]), 1),
    ] {
        let scene = Scene::new();
        scene.claude("fine", good());
        scene.server.answer("good", good());
        scene.account(name, &account);
        for format in ["text", "json"] {
            let done = scene.run(&["status", "--format", format]);
            assert_eq!(done.code, code, "{name}: {done:?}");
            assert!(done.stdout.contains("fine@x.org"), "one account hides another: {done:?}");
        }
    }
}

#[test]
fn unreadable_auth_dir_is_named_and_exits_with_1() {
    let scene = Scene::new();
    scene.file("not-a-folder", "");
    for format in ["text", "json"] {
        let done = scene.run(&["status", "--format", format, "--auth-dir", "not-a-folder"]);
        assert_eq!(done.code, 1, "{done:?}");
        let said = format!("{}{}", done.stdout, done.stderr);
        assert!(said.contains("not-a-folder"), "{done:?}");
    }
}

#[test]
fn hidden_address_is_shortened_in_text_and_json() {
    let scene = Scene::new();
    scene.settings("hide_email = true");
    scene.account("claude-1.json", &claude("alice", json!({})));
    scene.server.answer("alice", good());
    assert_eq!(scene.run(&["status", "--format", "json"]).json()["accounts"][0]["email"], "a…e");
    let text = scene.run(&["status"]).stdout;
    assert!(text.starts_with("Claude · a…e — 42% left\n") && !text.contains('@'), "{text}");
}

#[test]
fn disabled_accounts_are_listed_if_the_settings_say_so() {
    let scene = Scene::new();
    scene.account("claude-off.json", &claude("off", json!({"disabled": true})));
    scene.settings("show_disabled = true");
    let done = scene.run(&["status"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "Claude · off@x.org — disabled\n"));
    assert_eq!(scene.server.requests().len(), 0);
}
