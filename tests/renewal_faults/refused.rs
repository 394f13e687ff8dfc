//! The token endpoint says no. Only one kind of no means a dead login, and even then nothing is written.

use super::ledger::Kind;
use super::stage::Stage;
use crate::common::Answer;
use chrono::TimeDelta;
use serde_json::{Value, json};

const LOOKING: &str = "the login is no longer accepted; looking for a new one in its file";
const SIGN_IN: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

#[test]
fn an_answer_that_is_about_the_server_never_means_a_dead_login() {
    for (status, body) in [
        (429, json!({"error": {"type": "rate_limit_error", "message": "invalid_grant"}})),
        (403, json!({"error": "invalid_grant"})),
        (500, json!({"error": "invalid_grant"})),
        (502, Value::Null),
        (503, json!({"error": "refresh_token_revoked"})),
        (529, json!({"error": {"type": "overloaded_error"}})),
        (400, json!({"error": "invalid_request"})),
        (400, json!({"error": {"type": "invalid_request_error", "message": "invalid_grant"}})),
        (400, json!("invalid_grant")),
        (401, json!({"error": "invalid_client"})),
        (404, json!({"error": "invalid_grant"})),
        (407, json!({})),
        (204, json!({})),
    ] {
        let stage = Stage::claude();
        let before = stage.text();
        let mut answer = Answer::json(&body).with_status(status);
        if status == 429 {
            answer = answer.header("Retry-After", "600");
        }
        stage.ledger.instead(answer);
        let row = stage.status();
        let told =
            format!("token expired: cannot renew: the token server responded with {status}; trying again");
        assert!(row.words.starts_with(&told), "{status} {body}: {row:?}");
        assert_eq!((row.code, row.state.as_str()), (1, "expired"), "{status} {body}");
        assert_eq!((stage.text(), stage.beside()), (before, Vec::new()), "{status} {body}");

        // The same token is as good as before, however often that is so.
        stage.ledger.is_sound();
        stage.pass(3600);
        stage.shows_usage_with(2);
        assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1), stage.kind.refresh(1)]);
    }
}

#[test]
fn a_server_that_is_down_for_long_never_uses_up_the_tries() {
    let stage = Stage::codex();
    stage.ledger.instead(Answer::status(500));
    for _ in 0..5 {
        stage.says("token expired: cannot renew: the token server responded with 500; trying again later");
        stage.pass(300);
    }
    stage.ledger.is_sound();
    stage.shows_usage_with(2);
}

#[test]
fn token_server_in_trouble_gets_one_request_from_thirty_runs() {
    for status in [500, 403, 404] {
        let stage = Stage::claude();
        stage.ledger.instead(Answer::status(status));
        for _ in 0..30 {
            stage.says(&format!(
                "token expired: cannot renew: the token server responded with {status}; trying again later"
            ));
        }
        assert_eq!(stage.ledger.posts().len(), 1, "{status}");
        for (minutes, requests) in [(1, 2), (1, 2), (1, 3), (2, 3), (2, 4), (31, 5), (14, 5), (3, 6)] {
            stage.pass(60 * minutes + 1);
            stage.status();
            assert_eq!(stage.ledger.posts().len(), requests, "{status}: {}", stage.header());
        }
        stage.ledger.is_sound();
        stage.pass(31 * 60);
        stage.shows_usage_with(2);
        assert_eq!(stage.header()["failures"], 0, "a success starts the count anew");
    }
}

/// Asking on during a 429 keeps the block alive.
#[test]
fn a_token_server_that_names_a_moment_is_not_asked_before_it() {
    let stage = Stage::claude();
    stage.ledger.instead(Answer::status(429).header("Retry-After", "600"));
    stage.status();
    stage.ledger.is_sound();
    let row = stage.status();
    assert!(
        row.words.starts_with("token expired: cannot renew: the token server responded with 429"),
        "{row:?}"
    );
    stage.pass(590);
    stage.status();
    assert_eq!(stage.ledger.posts().len(), 1, "it was asked within the time it has set");
    stage.pass(20);
    stage.shows_usage_with(2);
}

fn dead_answers() -> Vec<(Kind, u16, Value)> {
    let mut answers = vec![
        (
            Kind::Claude,
            400,
            json!({"error": "invalid_grant", "error_description": "Refresh token not found or invalid"}),
        ),
        (Kind::Claude, 400, json!({"type": "error", "error": {"type": "invalid_grant", "message": "x"}})),
        (
            Kind::Codex,
            401,
            json!({"error": {"message": "Your refresh token has already been used to generate a new access token. Please try signing in again.", "type": "invalid_request_error", "param": null, "code": "refresh_token_reused"}}),
        ),
        (Kind::Codex, 400, json!({"code": "refresh_token_expired"})),
    ];
    for code in [
        "invalid_grant",
        "refresh_token_reused",
        "refresh_token_expired",
        "refresh_token_revoked",
        "refresh_token_invalidated",
    ] {
        for status in [400, 401] {
            answers.push((Kind::Codex, status, json!({"error": code})));
            answers.push((Kind::Codex, status, json!({"error": {"code": code}})));
        }
    }
    answers
}

#[test]
fn a_dead_token_in_each_known_shape_means_to_sign_in_again() {
    for (kind, status, body) in dead_answers() {
        let stage = Stage::new(kind);
        let before = stage.text();
        stage.ledger.instead(Answer::json(&body).with_status(status));
        stage.says(&format!("token expired: {LOOKING}"));
        stage.pass(130);
        stage.says(SIGN_IN);
        assert_eq!((stage.text(), stage.beside()), (before, Vec::new()), "{body}");
        assert_eq!(stage.ledger.posts(), [kind.refresh(1)], "{body}");
    }
}

#[test]
fn a_dead_token_is_looked_at_again_for_two_minutes_and_never_sent_again() {
    for kind in [Kind::Claude, Kind::Codex] {
        let stage = Stage::new(kind);
        let before = stage.text();
        stage.ledger.instead(Answer::json(&json!({"error": "invalid_grant"})).with_status(400));
        stage.says(&format!("token expired: {LOOKING}"));
        // The server's next answer would be a good one: it must not be asked.
        stage.ledger.is_sound();
        stage.says(&format!("token expired: {LOOKING}"));
        stage.pass(70);
        stage.says(&format!("token expired: {LOOKING}"));
        stage.pass(60);
        stage.says(SIGN_IN);
        stage.pass(30 * 24 * 3600);
        let row = stage.says(SIGN_IN);
        assert_eq!(row.state, "error");
        assert_eq!((stage.text(), stage.ledger.posts()), (before, vec![kind.refresh(1)]));
    }
}

#[test]
fn a_login_that_is_refused_before_it_expires_is_told_apart() {
    let stage = Stage::claude().not_expired();
    stage.ledger.refuses([1], 401);
    stage.ledger.end();
    let before = stage.text();
    stage.says(&format!("token rejected: {LOOKING}"));
    stage.pass(130);
    stage.says(SIGN_IN);
    assert_eq!((stage.text(), stage.ledger.posts().len()), (before, 1));
}

#[test]
fn a_new_login_in_the_file_takes_the_place_of_a_dead_one() {
    let stage = Stage::claude();
    stage.ledger.instead(Answer::json(&json!({"error": "invalid_grant"})).with_status(400));
    stage.says(&format!("token expired: {LOOKING}"));
    stage.pass(130);
    stage.says(SIGN_IN);
    // CLIProxyAPI has signed in anew; the server knows number 2 since then.
    stage.ledger.is_sound();
    stage.ledger.sign_in();
    stage.write_now(stage.content(2, TimeDelta::hours(8)));
    stage.shows_usage_with(2);
    // And one that has run out is renewed as any other, once it has stood for a while.
    stage.write(stage.content(2, TimeDelta::hours(-1)));
    stage.shows_usage_with(3);
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1), stage.kind.refresh(2)]);
}

#[test]
fn a_running_tray_notices_the_new_login_by_itself() {
    let stage = Stage::claude();
    stage.ledger.instead(Answer::json(&json!({"error": "invalid_grant"})).with_status(400));
    let tray = stage.tray();
    let menu = stage.scene.host.menu_until(|menu| menu.shows("token expired"));
    assert!(menu.shows("Token expired: the login is no longer accepted; looking for a"), "{menu}");
    stage.ledger.is_sound();
    stage.ledger.sign_in();
    stage.write_now(stage.content(2, TimeDelta::hours(8)));
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
    stage.end(tray);
}
