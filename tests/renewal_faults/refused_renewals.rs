//! The token endpoint says no. Only one kind of no means a dead login, and even then nothing is written.

use crate::common::Provider;
use crate::common::{Response, SingleLogin};
use chrono::TimeDelta;
use serde_json::{Value, json};

const LOOKING: &str = "the login is no longer accepted; checking the credential file for a new one";
const SIGN_IN: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

#[test]
fn server_error_never_means_a_revoked_login() {
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
        let fixture = SingleLogin::claude();
        let before = fixture.text();
        let mut answer = Response::json(&body).with_status(status);
        if status == 429 {
            answer = answer.header("Retry-After", "600");
        }
        fixture.ledger.respond(answer);
        let row = fixture.status();
        let told = format!(
            "token expired: could not renew it: the token server responded with {status}; trying again"
        );
        assert!(row.error.starts_with(&told), "{status} {body}: {row:?}");
        assert_eq!((row.code, row.state.as_str()), (1, "expired"), "{status} {body}");
        assert_eq!((fixture.text(), fixture.beside()), (before, Vec::new()), "{status} {body}");

        // The same token is as good as before, however often that is so.
        fixture.ledger.respond_normally();
        fixture.pass(3600);
        fixture.assert_usage_with_tokens(2);
        assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1), fixture.tokens.refresh(1)]);
    }
}

#[test]
fn long_server_outage_does_not_use_up_the_attempts() {
    let fixture = SingleLogin::codex();
    fixture.ledger.respond(Response::status(500));
    for _ in 0..5 {
        fixture.assert_error(
            "token expired: could not renew it: the token server responded with 500; trying again later",
        );
        fixture.pass(300);
    }
    fixture.ledger.respond_normally();
    fixture.assert_usage_with_tokens(2);
}

#[test]
fn failing_token_server_gets_one_request_from_thirty_runs() {
    for status in [500, 403, 404] {
        let fixture = SingleLogin::claude();
        fixture.ledger.respond(Response::status(status));
        for _ in 0..30 {
            fixture.assert_error(&format!(
                "token expired: could not renew it: the token server responded with {status}; trying again later"
            ));
        }
        assert_eq!(fixture.ledger.token_requests().len(), 1, "{status}");
        for (minutes, requests) in [(1, 2), (1, 2), (1, 3), (2, 3), (2, 4), (31, 5), (14, 5), (3, 6)] {
            fixture.pass(60 * minutes + 1);
            fixture.status();
            assert_eq!(fixture.ledger.token_requests().len(), requests, "{status}: {}", fixture.header());
        }
        fixture.ledger.respond_normally();
        fixture.pass(31 * 60);
        fixture.assert_usage_with_tokens(2);
        assert_eq!(fixture.header()["failures"], 0, "a success starts the count anew");
    }
}

/// Further requests during a 429 would prolong the block.
#[test]
fn retry_after_of_the_token_server_is_honoured() {
    let fixture = SingleLogin::claude();
    fixture.ledger.respond(Response::status(429).header("Retry-After", "600"));
    fixture.status();
    fixture.ledger.respond_normally();
    let row = fixture.status();
    assert!(
        row.error.starts_with("token expired: could not renew it: the token server responded with 429"),
        "{row:?}"
    );
    fixture.pass(590);
    fixture.status();
    assert_eq!(fixture.ledger.token_requests().len(), 1, "requested before the time in Retry-After");
    fixture.pass(20);
    fixture.assert_usage_with_tokens(2);
}

fn dead_answers() -> Vec<(Provider, u16, Value)> {
    let mut answers = vec![
        (
            Provider::Claude,
            400,
            json!({"error": "invalid_grant", "error_description": "Refresh token not found or invalid"}),
        ),
        (Provider::Claude, 400, json!({"type": "error", "error": {"type": "invalid_grant", "message": "x"}})),
        (
            Provider::Codex,
            401,
            json!({"error": {"message": "Your refresh token has already been used to generate a new access token. Please try signing in again.", "type": "invalid_request_error", "param": null, "code": "refresh_token_reused"}}),
        ),
        (Provider::Codex, 400, json!({"code": "refresh_token_expired"})),
    ];
    for code in [
        "invalid_grant",
        "refresh_token_reused",
        "refresh_token_expired",
        "refresh_token_revoked",
        "refresh_token_invalidated",
    ] {
        for status in [400, 401] {
            answers.push((Provider::Codex, status, json!({"error": code})));
            answers.push((Provider::Codex, status, json!({"error": {"code": code}})));
        }
    }
    answers
}

#[test]
fn invalid_grant_in_each_known_shape_means_sign_in_again() {
    for (provider, status, body) in dead_answers() {
        let fixture = SingleLogin::new(provider);
        let before = fixture.text();
        fixture.ledger.respond(Response::json(&body).with_status(status));
        fixture.assert_error(&format!("token expired: {LOOKING}"));
        fixture.pass(130);
        fixture.assert_error(SIGN_IN);
        assert_eq!((fixture.text(), fixture.beside()), (before, Vec::new()), "{body}");
        assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)], "{body}");
    }
}

#[test]
fn invalid_token_is_never_sent_again() {
    for provider in Provider::ALL {
        let fixture = SingleLogin::new(provider);
        let before = fixture.text();
        fixture.ledger.respond(Response::json(&json!({"error": "invalid_grant"})).with_status(400));
        fixture.assert_error(&format!("token expired: {LOOKING}"));
        // The next response would be valid, but no request may be sent.
        fixture.ledger.respond_normally();
        fixture.assert_error(&format!("token expired: {LOOKING}"));
        fixture.pass(70);
        fixture.assert_error(&format!("token expired: {LOOKING}"));
        fixture.pass(60);
        fixture.assert_error(SIGN_IN);
        fixture.pass(30 * 24 * 3600);
        let row = fixture.assert_error(SIGN_IN);
        assert_eq!(row.state, "error");
        assert_eq!(
            (fixture.text(), fixture.ledger.token_requests()),
            (before, vec![fixture.tokens.refresh(1)])
        );
    }
}

#[test]
fn login_revoked_before_its_expiry_is_reported_as_such() {
    let fixture = SingleLogin::claude().not_expired();
    fixture.ledger.refuse_access_tokens([1], 401);
    fixture.ledger.revoke();
    let before = fixture.text();
    fixture.assert_error(&format!("token rejected: {LOOKING}"));
    fixture.pass(130);
    fixture.assert_error(SIGN_IN);
    assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (before, 1));
}

#[test]
fn new_login_replaces_a_revoked_one() {
    let fixture = SingleLogin::claude();
    fixture.ledger.respond(Response::json(&json!({"error": "invalid_grant"})).with_status(400));
    fixture.assert_error(&format!("token expired: {LOOKING}"));
    fixture.pass(130);
    fixture.assert_error(SIGN_IN);
    // The user has signed in again with CLIProxyAPI; the server accepts token number 2 since then.
    fixture.ledger.respond_normally();
    fixture.sign_in();
    fixture.write_now(fixture.content(2, TimeDelta::hours(8)));
    fixture.assert_usage_with_tokens(2);
    // And one that has run out is renewed as any other, once it has stood for a while.
    fixture.write(fixture.content(2, TimeDelta::hours(-1)));
    fixture.assert_usage_with_tokens(3);
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1), fixture.tokens.refresh(2)]);
}

#[test]
fn tray_notices_a_new_login_in_place_of_a_revoked_one() {
    let fixture = SingleLogin::claude();
    fixture.ledger.respond(Response::json(&json!({"error": "invalid_grant"})).with_status(400));
    let tray = fixture.tray();
    let menu = fixture.host.menu_until(|menu| menu.shows("Token expired"));
    assert!(menu.shows("Token expired: the login is no longer accepted; checking the"), "{menu}");
    fixture.ledger.respond_normally();
    fixture.sign_in();
    fixture.write_now(fixture.content(2, TimeDelta::hours(8)));
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
    fixture.end(tray);
}
