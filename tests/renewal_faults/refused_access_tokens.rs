//! The usage API refuses a token. Renewing helps once at most; which refusals mean what.

use crate::common::{Provider, Response, SingleLogin};
use serde_json::{Value, json};
use std::fs;

const ACCEPTED: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

/// From now on each usage request gets this response.
fn respond_to_usage(fixture: &SingleLogin, response: &Response) {
    let response = response.clone();
    fixture.server.respond_at(&format!("/{}/usage", fixture.provider.key()), move |_| response.clone());
}

fn usage_requests(fixture: &SingleLogin) -> usize {
    fixture.server.requests().iter().filter(|request| request.path.ends_with("/usage")).count()
}

fn scope_error() -> Response {
    let message = "OAuth token does not meet scope requirement user:profile";
    Response::json(&json!({"type": "error", "error": {"type": "permission_error", "message": message}}))
        .with_status(403)
}

/// The token hashes that are kept.
fn kept(fixture: &SingleLogin) -> Value {
    let file = fixture.state_home().join("quota-tray/refused.json");
    serde_json::from_slice(&fs::read(file).expect("it is kept")).expect("it is JSON")
}

#[test]
fn token_refused_after_its_renewal_is_not_renewed_until_the_file_changes() {
    for provider in Provider::ALL {
        for status in [401, 403] {
            let fixture = SingleLogin::new(provider).not_expired();
            fixture.ledger.refuse_access_tokens(0..100, status);
            for _ in 0..4 {
                fixture.assert_error(ACCEPTED);
            }
            assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)], "{provider:?} {status}");
            assert_eq!(kept(&fixture)["tokens"].as_object().expect("hashes").len(), 1);

            // After a sign-in there is one renewal again.
            fixture.sign_in();
            fixture.write(fixture.content(fixture.live(), chrono::TimeDelta::days(1)));
            fixture.assert_error(ACCEPTED);
            fixture.assert_error(ACCEPTED);
            assert_eq!(
                fixture.ledger.token_requests(),
                [fixture.tokens.refresh(1), fixture.tokens.refresh(3)],
                "{provider:?} {status}"
            );

            // Once its token is accepted, the login is like any other.
            fixture.ledger.refuse_access_tokens([], status);
            fixture.assert_usage_with_tokens(4);
            assert_eq!(
                kept(&fixture)["tokens"].as_object().expect("hashes").len(),
                1,
                "3 is gone, 2 is left"
            );
            fixture.ledger.refuse_access_tokens(0..=4, status);
            fixture.assert_usage_with_tokens(5);
        }
    }
}

#[test]
fn expired_login_whose_new_token_is_refused_is_not_renewed_at_the_next_start() {
    let fixture = SingleLogin::claude();
    fixture.ledger.refuse_access_tokens(0..100, 401);
    for _ in 0..3 {
        fixture.assert_error(ACCEPTED);
    }
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

#[test]
fn refused_login_with_expired_tokens_is_not_renewed_at_each_start() {
    let fixture = SingleLogin::claude();
    fixture.ledger.set_token_lifetime(30);
    fixture.ledger.refuse_access_tokens(0..100, 401);
    for _ in 0..3 {
        fixture.assert_error(ACCEPTED);
    }
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// The request after the renewal is not allowed any more: the refusal of the new token comes at a later refresh.
#[test]
fn refused_login_with_a_budget_of_one_request_is_renewed_once() {
    let fixture = SingleLogin::codex().not_expired();
    let file = fixture.config_file();
    let text = fs::read_to_string(&file).expect("settings");
    fixture.set_raw_config(&text.replace("requests_per_five_minutes = 60", "requests_per_five_minutes = 1"));
    fixture.ledger.refuse_access_tokens(0..100, 401);
    for _ in 0..4 {
        fixture.status();
        fs::remove_file(fixture.state_home().join("quota-tray/pacing.json")).expect("removed");
    }
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
    assert_eq!(usage_requests(&fixture), 4);
}

#[test]
fn login_without_the_scope_gets_no_request_until_its_file_changes() {
    let fixture = SingleLogin::claude().not_expired();
    respond_to_usage(&fixture, &scope_error());
    for _ in 0..3 {
        fixture.assert_error(
            "this login can't read usage (scope user:profile is missing); sign in with CLIProxyAPI",
        );
    }
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — This login can't read usage"));
    fixture.host.click("Refresh now");
    fixture.host.menu_until(|menu| menu.find("Refresh now").is_some_and(|item| item.enabled));
    fixture.end(tray);
    assert_eq!((fixture.ledger.token_requests().len(), usage_requests(&fixture)), (0, 1));

    fixture.write(fixture.content(2, chrono::TimeDelta::days(1)));
    fixture.sign_in();
    fixture.ledger.serve_at(&fixture.server, "/claude/usage", Provider::Claude);
    fixture.assert_usage_with_tokens(2);
}

/// Before its first usage request, an expired login is renewed; only then is the missing scope detected.
#[test]
fn expired_login_without_the_scope_is_renewed_once() {
    let fixture = SingleLogin::claude();
    respond_to_usage(&fixture, &scope_error());
    for _ in 0..3 {
        fixture.assert_error(
            "this login can't read usage (scope user:profile is missing); sign in with CLIProxyAPI",
        );
    }
    assert_eq!((fixture.ledger.token_requests().len(), usage_requests(&fixture)), (1, 1));
}

#[test]
fn cloudflare_block_backs_off_without_a_renewal() {
    let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>";
    let html = Response::status(403).header("Content-Type", "text/html; charset=UTF-8").body(page);
    let challenge = Response::status(403).header("cf-mitigated", "challenge").body("{}");
    let unauthorized = challenge.clone().with_status(401);
    for provider in Provider::ALL {
        for response in [&html, &challenge, &unauthorized] {
            let fixture = SingleLogin::new(provider).not_expired();
            let before = fixture.text();
            respond_to_usage(&fixture, response);
            for _ in 0..3 {
                fixture
                    .assert_error("Cloudflare is blocking requests; the login is fine, trying again later");
            }
            assert_eq!(
                (fixture.ledger.token_requests().len(), usage_requests(&fixture)),
                (0, 1),
                "{response:?}"
            );
            assert_eq!(fixture.text(), before);
            fs::remove_file(fixture.state_home().join("quota-tray/pacing.json")).expect("removed");
            fixture.ledger.serve_at(&fixture.server, &format!("/{}/usage", provider.key()), provider);
            fixture.assert_usage_with_tokens(1);
        }
    }
}

#[test]
fn deactivated_workspace_is_reported() {
    let fixture = SingleLogin::codex().not_expired();
    let body = json!({"detail": {"code": "deactivated_workspace"}});
    respond_to_usage(&fixture, &Response::json(&body).with_status(402));
    fixture.assert_error(
        "this workspace has been deactivated: ask its administrator, or sign in to another one",
    );
    respond_to_usage(&fixture, &Response::status(402));
    fixture.assert_error("server error 402; trying again later");
    assert_eq!(fixture.ledger.token_requests().len(), 0);
}
