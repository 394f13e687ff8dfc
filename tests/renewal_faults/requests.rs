//! What is sent, to whom, in which order.

use super::ledger::Kind;
use super::stage::Stage;
use crate::common::{Answer, Request, UsageServer};

const ACCEPTED: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

/// Letters, digits and `-._~` stand for themselves.
fn form_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The paths in their order, with the number of the access token where there is one.
fn order(stage: &Stage) -> Vec<(String, Option<u32>)> {
    let number = |request: &Request| {
        let bearer = request.header("authorization")?.strip_prefix("Bearer ")?;
        (1..9).find(|number| stage.kind.access(*number) == bearer)
    };
    stage.scene.usage.requests().iter().map(|request| (request.path.clone(), number(request))).collect()
}

#[track_caller]
fn asked(stage: &Stage, expected: &[(&str, Option<u32>)]) {
    let key = stage.kind.key();
    let expected: Vec<_> = expected.iter().map(|(path, n)| (format!("/{key}/{path}"), *n)).collect();
    assert_eq!(order(stage), expected);
}

#[test]
fn an_expired_claude_login_is_renewed_and_then_asked() {
    let stage = Stage::claude();
    stage.shows_usage_with(2);
    asked(&stage, &[("token", None), ("usage", Some(2))]);
    let [post, get] = &stage.scene.usage.requests()[..] else { panic!("two requests") };
    assert_eq!(post.method, "POST");
    let token = form_encoded(&stage.kind.refresh(1));
    assert!(token.contains('%'), "the token shows nothing of the escaping: {token}");
    assert_eq!(
        post.body,
        format!(
            "client_id=9d1c250a-e61b-44d9-88ed-5944d1962f5e&grant_type=refresh_token&refresh_token={token}"
        )
    );
    assert_eq!(post.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(post.header("accept"), Some("application/json"));
    // The agent of Claude Code is answered 429 here, and the bearer is of no use to this endpoint.
    assert!(!post.header("user-agent").unwrap_or_default().contains("claude"), "{post:?}");
    for absent in ["authorization", "anthropic-beta", "cookie", "referer"] {
        assert_eq!(post.header(absent), None, "{absent}");
    }
    assert!(get.header("user-agent").expect("an agent").starts_with("claude-code/"), "{get:?}");
    assert_eq!(stage.held("id_token"), "", "a Claude file has no use for one");
}

#[test]
fn an_expired_codex_login_is_renewed_and_then_asked() {
    let stage = Stage::codex();
    stage.shows_usage_with(2);
    asked(&stage, &[("token", None), ("usage", Some(2))]);
    let [post, get] = &stage.scene.usage.requests()[..] else { panic!("two requests") };
    let token = form_encoded(&stage.kind.refresh(1));
    assert_eq!(
        post.body,
        format!(
            "client_id=app_EMoamEEZ73f0CkXaXp7hrann&grant_type=refresh_token&refresh_token={token}\
             &scope=openid%20profile%20email"
        )
    );
    assert_eq!(post.header("content-type"), Some("application/x-www-form-urlencoded"));
    for absent in ["authorization", "chatgpt-account-id", "cookie"] {
        assert_eq!(post.header(absent), None, "{absent}");
    }
    assert_eq!(get.header("chatgpt-account-id"), Some("workspace-1"));
    assert_eq!(stage.held("id_token"), stage.kind.id(2));
}

#[test]
fn a_login_that_has_not_expired_is_left_alone() {
    let stage = Stage::claude().not_expired();
    let before = stage.text();
    stage.shows_usage_with(1);
    asked(&stage, &[("usage", Some(1))]);
    assert_eq!(stage.text(), before);
    assert!(!stage.journal().exists());
}

#[test]
fn a_refused_access_token_forces_one_renewal_and_one_retry() {
    for kind in [Kind::Claude, Kind::Codex] {
        for status in [401, 403] {
            let stage = Stage::new(kind).not_expired();
            stage.ledger.refuses([1], status);
            stage.shows_usage_with(2);
            asked(&stage, &[("usage", Some(1)), ("token", None), ("usage", Some(2))]);
        }
    }
}

#[test]
fn a_renewed_access_token_that_is_refused_too_means_to_sign_in_again() {
    for kind in [Kind::Claude, Kind::Codex] {
        for status in [401, 403] {
            let stage = Stage::new(kind).not_expired();
            stage.ledger.refuses([1, 2], status);
            stage.says(ACCEPTED);
            asked(&stage, &[("usage", Some(1)), ("token", None), ("usage", Some(2))]);
            assert!(stage.holds(2), "what the server has given is kept all the same");
        }
    }
}

#[test]
fn an_expired_login_is_not_renewed_twice_when_its_new_token_is_refused() {
    let stage = Stage::claude();
    stage.ledger.refuses([2], 403);
    stage.says(ACCEPTED);
    asked(&stage, &[("token", None), ("usage", Some(2))]);
}

/// A login without the right to its usage must not be rotated at each refresh of a tray.
#[test]
fn a_tray_renews_a_refused_login_once_and_not_at_each_refresh() {
    let stage = Stage::claude().not_expired();
    stage.ledger.refuses([1, 2, 3], 403);
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("sign in again"));
    let second = stage.kind.access(2);
    let asked_before = stage.scene.usage.wait_for_requests(&second, 1).len();
    stage.scene.host.click("Refresh now");
    stage.scene.usage.wait_for_requests(&second, asked_before + 1);
    stage.scene.host.menu_until(|menu| menu.find("Refresh now").is_some_and(|item| item.enabled));
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
    stage.end(tray);
}

#[test]
fn a_login_without_a_refresh_token_is_not_renewed() {
    for empty in ["", "  ", "null"] {
        let mut stage = Stage::claude();
        stage.may_lose_an_answer();
        let token = format!("\"{}\"", stage.kind.refresh(1));
        let none = if empty == "null" { "null".to_owned() } else { format!("\"{empty}\"") };
        let text = stage.text().replace(&token, &none);
        stage.write(&text);
        stage.says("token expired: its file has no refresh token; sign in again with CLIProxyAPI");
        assert_eq!(stage.text(), text);
        asked(&stage, &[]);
    }
}

#[test]
fn a_token_endpoint_that_points_elsewhere_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = UsageServer::start();
        let stage = Stage::claude();
        let before = stage.text();
        for location in [elsewhere.url("/claude/token"), stage.scene.usage.url("/elsewhere")] {
            stage.ledger.instead(Answer::redirect(&location).with_status(status));
            stage.says(&format!(
                "token expired: cannot renew: the token server responded with {status}; trying again later"
            ));
            stage.pass(3600);
        }
        assert_eq!(elsewhere.requests().len(), 0);
        asked(&stage, &[("token", None), ("token", None)]);
        assert_eq!(stage.text(), before);
    }
}

#[test]
fn what_a_person_reads_names_the_login_and_when_it_was_renewed() {
    let stage = Stage::claude();
    let text = stage.person_reads();
    assert!(text.starts_with("Claude · alice@example.com — 42% left"), "{text}");
    assert!(text.contains("Login renewed just now, valid until"), "{text}");
}
