//! The usage API refuses a token. Renewing helps once at most; which refusals mean what.

use super::ledger::Kind;
use super::stage::Stage;
use crate::common::Answer;
use serde_json::{Value, json};
use std::fs;

const ACCEPTED: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

/// From now on each usage request gets this answer.
fn usage_answers(stage: &Stage, answer: &Answer) {
    let answer = answer.clone();
    stage.scene.usage.answer_path(&format!("/{}/usage", stage.kind.key()), move |_| answer.clone());
}

fn usage_requests(stage: &Stage) -> usize {
    stage.scene.usage.requests().iter().filter(|request| request.path.ends_with("/usage")).count()
}

fn scope_error() -> Answer {
    let message = "OAuth token does not meet scope requirement user:profile";
    Answer::json(&json!({"type": "error", "error": {"type": "permission_error", "message": message}}))
        .with_status(403)
}

/// The token hashes that are kept.
fn kept(stage: &Stage) -> Value {
    let file = stage.scene.state_home().join("quota-tray/refused.json");
    serde_json::from_slice(&fs::read(file).expect("it is kept")).expect("it is JSON")
}

#[test]
fn token_refused_after_its_renewal_is_renewed_by_no_later_process_until_the_file_changes() {
    for kind in [Kind::Claude, Kind::Codex] {
        for status in [401, 403] {
            let stage = Stage::new(kind).not_expired();
            stage.ledger.refuses(0..100, status);
            for _ in 0..4 {
                stage.says(ACCEPTED);
            }
            assert_eq!(stage.ledger.posts(), [kind.refresh(1)], "{kind:?} {status}");
            assert_eq!(kept(&stage)["tokens"].as_object().expect("hashes").len(), 1);

            // After a sign-in there is one renewal again.
            stage.ledger.sign_in();
            stage.write(stage.content(stage.ledger.live(), chrono::TimeDelta::days(1)));
            stage.says(ACCEPTED);
            stage.says(ACCEPTED);
            assert_eq!(stage.ledger.posts(), [kind.refresh(1), kind.refresh(3)], "{kind:?} {status}");

            // A token that is accepted in the end is like any other.
            stage.ledger.refuses([], status);
            stage.shows_usage_with(4);
            assert_eq!(kept(&stage)["tokens"].as_object().expect("hashes").len(), 1, "3 is gone, 2 is left");
            stage.ledger.refuses(0..=4, status);
            stage.shows_usage_with(5);
        }
    }
}

#[test]
fn expired_login_whose_new_token_is_refused_is_not_renewed_at_the_next_start() {
    let stage = Stage::claude();
    stage.ledger.refuses(0..100, 401);
    for _ in 0..3 {
        stage.says(ACCEPTED);
    }
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

#[test]
fn refused_login_whose_tokens_expire_at_once_is_not_renewed_at_each_start() {
    let stage = Stage::claude();
    stage.ledger.expires_in(30);
    stage.ledger.refuses(0..100, 401);
    for _ in 0..3 {
        stage.says(ACCEPTED);
    }
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

/// The request after the renewal is not allowed any more: the refusal of the new token comes at a later refresh.
#[test]
fn refused_login_is_renewed_once_where_each_refresh_has_one_request() {
    let stage = Stage::codex().not_expired();
    let file = stage.scene.config_file();
    let text = fs::read_to_string(&file).expect("settings");
    stage
        .scene
        .set_raw_config(&text.replace("requests_per_five_minutes = 60", "requests_per_five_minutes = 1"));
    stage.ledger.refuses(0..100, 401);
    for _ in 0..4 {
        stage.status();
        fs::remove_file(stage.scene.state_home().join("quota-tray/pacing.json")).expect("removed");
    }
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
    assert_eq!(usage_requests(&stage), 4);
}

#[test]
fn login_without_the_scope_is_not_renewed_and_gets_no_more_requests_until_its_file_changes() {
    let stage = Stage::claude().not_expired();
    usage_answers(&stage, &scope_error());
    for _ in 0..3 {
        stage.says("this login can't read usage (scope user:profile is missing); sign in with CLIProxyAPI");
    }
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — sign in again"));
    stage.scene.host.click("Refresh now");
    stage.scene.host.menu_until(|menu| menu.find("Refresh now").is_some_and(|item| item.enabled));
    stage.end(tray);
    assert_eq!((stage.ledger.posts().len(), usage_requests(&stage)), (0, 1));

    stage.write(stage.content(2, chrono::TimeDelta::days(1)));
    stage.ledger.sign_in();
    stage.ledger.answer_at(&stage.scene.usage, "/claude/usage");
    stage.shows_usage_with(2);
}

/// What happens to expire has never been asked: it is renewed, and then told apart.
#[test]
fn expired_login_without_the_scope_is_renewed_once() {
    let stage = Stage::claude();
    usage_answers(&stage, &scope_error());
    for _ in 0..3 {
        stage.says("this login can't read usage (scope user:profile is missing); sign in with CLIProxyAPI");
    }
    assert_eq!((stage.ledger.posts().len(), usage_requests(&stage)), (1, 1));
}

#[test]
fn block_by_cloudflare_renews_nothing_and_backs_off_like_a_server_error() {
    let page = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>";
    let html = Answer::status(403).header("Content-Type", "text/html; charset=UTF-8").body(page);
    let challenge = Answer::status(403).header("cf-mitigated", "challenge").body("{}");
    let unauthorized = challenge.clone().with_status(401);
    for kind in [Kind::Claude, Kind::Codex] {
        for answer in [&html, &challenge, &unauthorized] {
            let stage = Stage::new(kind).not_expired();
            let before = stage.text();
            usage_answers(&stage, answer);
            for _ in 0..3 {
                stage.says("Cloudflare is blocking requests for now; the login is fine, trying again later");
            }
            assert_eq!((stage.ledger.posts().len(), usage_requests(&stage)), (0, 1), "{answer:?}");
            assert_eq!(stage.text(), before);
            fs::remove_file(stage.scene.state_home().join("quota-tray/pacing.json")).expect("removed");
            stage.ledger.answer_at(&stage.scene.usage, &format!("/{}/usage", kind.key()));
            stage.shows_usage_with(1);
        }
    }
}

#[test]
fn deactivated_workspace_is_told_as_such() {
    let stage = Stage::codex().not_expired();
    let body = json!({"detail": {"code": "deactivated_workspace"}});
    usage_answers(&stage, &Answer::json(&body).with_status(402));
    stage.says("this workspace has been deactivated: ask its administrator, or sign in to another one");
    usage_answers(&stage, &Answer::status(402));
    stage.says("server error 402; trying again later");
    assert_eq!(stage.ledger.posts().len(), 0);
}
