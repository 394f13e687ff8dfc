//! What is sent, to whom, in which order.

use crate::common::{Provider, Request, Response, SingleLogin, TestServer};
const ACCEPTED: &str = "sign in again with CLIProxyAPI: the login is no longer accepted";

/// Letters, digits and `-._~` stand for themselves.
fn form_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The paths in their order, with the number of the access token where there is one.
fn order(fixture: &SingleLogin) -> Vec<(String, Option<u32>)> {
    let number = |request: &Request| {
        let bearer = request.header("authorization")?.strip_prefix("Bearer ")?;
        (1..9).find(|number| fixture.tokens.access(*number) == bearer)
    };
    fixture.server.requests().iter().map(|request| (request.path.clone(), number(request))).collect()
}

#[track_caller]
fn assert_requests(fixture: &SingleLogin, expected: &[(&str, Option<u32>)]) {
    let key = fixture.provider.key();
    let expected: Vec<_> = expected.iter().map(|(path, n)| (format!("/{key}/{path}"), *n)).collect();
    assert_eq!(order(fixture), expected);
}

#[test]
fn expired_claude_token_is_renewed_before_the_usage_request() {
    let fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    assert_requests(&fixture, &[("token", None), ("usage", Some(2))]);
    let [post, get] = &fixture.server.requests()[..] else { panic!("two requests") };
    assert_eq!(post.method, "POST");
    let token = form_encoded(&fixture.tokens.refresh(1));
    assert!(token.contains('%'), "the token shows nothing of the escaping: {token}");
    assert_eq!(
        post.body,
        format!(
            "client_id=9d1c250a-e61b-44d9-88ed-5944d1962f5e&grant_type=refresh_token&refresh_token={token}"
        )
    );
    assert_eq!(post.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(post.header("accept"), Some("application/json"));
    // This endpoint responds with 429 to Claude Code's User-Agent, and needs no access token.
    assert!(!post.header("user-agent").unwrap_or_default().contains("claude"), "{post:?}");
    for absent in ["authorization", "anthropic-beta", "cookie", "referer"] {
        assert_eq!(post.header(absent), None, "{absent}");
    }
    assert!(get.header("user-agent").expect("an agent").starts_with("claude-code/"), "{get:?}");
    assert_eq!(fixture.held("id_token"), "", "a Claude file has no use for one");
}

#[test]
fn expired_codex_token_is_renewed_before_the_usage_request() {
    let fixture = SingleLogin::codex();
    fixture.assert_usage_with_tokens(2);
    assert_requests(&fixture, &[("token", None), ("usage", Some(2))]);
    let [post, get] = &fixture.server.requests()[..] else { panic!("two requests") };
    let token = form_encoded(&fixture.tokens.refresh(1));
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
    assert_eq!(fixture.held("id_token"), fixture.tokens.id(2));
}

#[test]
fn valid_token_is_not_renewed() {
    let fixture = SingleLogin::claude().not_expired();
    let before = fixture.text();
    fixture.assert_usage_with_tokens(1);
    assert_requests(&fixture, &[("usage", Some(1))]);
    assert_eq!(fixture.text(), before);
    assert!(!fixture.journal().exists());
}

#[test]
fn refused_access_token_is_renewed_and_retried_once() {
    for provider in Provider::ALL {
        for status in [401, 403] {
            let fixture = SingleLogin::new(provider).not_expired();
            fixture.ledger.refuse_access_tokens([1], status);
            fixture.assert_usage_with_tokens(2);
            assert_requests(&fixture, &[("usage", Some(1)), ("token", None), ("usage", Some(2))]);
        }
    }
}

#[test]
fn access_token_refused_after_its_renewal_means_sign_in_again() {
    for provider in Provider::ALL {
        for status in [401, 403] {
            let fixture = SingleLogin::new(provider).not_expired();
            fixture.ledger.refuse_access_tokens([1, 2], status);
            fixture.assert_error(ACCEPTED);
            assert_requests(&fixture, &[("usage", Some(1)), ("token", None), ("usage", Some(2))]);
            assert!(fixture.holds(2), "what the server has given is kept all the same");
        }
    }
}

#[test]
fn expired_login_is_not_renewed_twice_when_its_new_token_is_refused() {
    let fixture = SingleLogin::claude();
    fixture.ledger.refuse_access_tokens([2], 403);
    fixture.assert_error(ACCEPTED);
    assert_requests(&fixture, &[("token", None), ("usage", Some(2))]);
}

/// A login without the right to its usage must not be rotated at each refresh of a tray.
#[test]
fn tray_renews_a_refused_login_once() {
    let fixture = SingleLogin::claude().not_expired();
    fixture.ledger.refuse_access_tokens([1, 2, 3], 403);
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("Sign in again"));
    let second = fixture.tokens.access(2);
    let asked_before = fixture.server.wait_for_requests(&second, 1).len();
    fixture.host.click("Refresh now");
    fixture.server.wait_for_requests(&second, asked_before + 1);
    fixture.host.menu_until(|menu| menu.find("Refresh now").is_some_and(|item| item.enabled));
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
    fixture.end(tray);
}

#[test]
fn login_without_a_refresh_token_is_not_renewed() {
    for empty in ["", "  ", "null"] {
        let mut fixture = SingleLogin::claude();
        fixture.may_lose_a_response();
        let token = format!("\"{}\"", fixture.tokens.refresh(1));
        let none = if empty == "null" { "null".to_owned() } else { format!("\"{empty}\"") };
        let text = fixture.text().replace(&token, &none);
        fixture.write(&text);
        fixture.assert_error(
            "token expired: the credential file has no refresh token; sign in again with CLIProxyAPI",
        );
        assert_eq!(fixture.text(), text);
        assert_requests(&fixture, &[]);
    }
}

#[test]
fn redirect_of_the_token_endpoint_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = TestServer::start();
        let fixture = SingleLogin::claude();
        let before = fixture.text();
        for location in [elsewhere.url("/claude/token"), fixture.server.url("/elsewhere")] {
            fixture.ledger.respond(Response::redirect(&location).with_status(status));
            fixture.assert_error(&format!(
                "token expired: could not renew it: the token server responded with {status}; trying again later"
            ));
            fixture.pass(3600);
        }
        assert_eq!(elsewhere.requests().len(), 0);
        assert_requests(&fixture, &[("token", None), ("token", None)]);
        assert_eq!(fixture.text(), before);
    }
}

#[test]
fn status_text_names_the_login_and_its_renewal_time() {
    let fixture = SingleLogin::claude();
    let text = fixture.status_text();
    assert!(text.starts_with("Claude · alice@example.com — 42% left"), "{text}");
    assert!(text.contains("Login renewed just now, valid until"), "{text}");
}
