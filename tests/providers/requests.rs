//! Usage requests: their headers, and how HTTP responses are read, with a server on loopback.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quota_tray::config::{Endpoint, Endpoints};
use quota_tray::credentials::Login;
use quota_tray::credentials::store::{self, Entry};
use quota_tray::providers::http::{MAX_RESPONSE_BYTES, REQUEST_TIMEOUT};
use quota_tray::providers::{Http, claude};
use quota_tray::quota::Failure;
use serde_json::json;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

/// A login as the store reads it.
async fn login(provider: Provider, changes: Value) -> Login {
    let dir = tempfile::tempdir().unwrap();
    let mut file = json!({"type": provider.key(), "email": "a@b.c", "access_token": "made-up-token",
        "proxy_url": "direct"});
    for (key, value) in changes.as_object().unwrap() {
        file[key] = value.clone();
    }
    std::fs::write(dir.path().join("made-up.json"), file.to_string()).unwrap();
    match store::scan(dir.path(), &HashMap::new()).await.unwrap().entries.remove(0) {
        Entry::Login(login) => login,
        broken => panic!("{broken:?}"),
    }
}

/// Sends one usage request to a server that replies with `response`; returns the request head and the result.
fn fetch(
    provider: Provider,
    changes: Value,
    change: impl FnOnce(&mut Endpoints),
    response: Vec<u8>,
) -> (Vec<String>, Result<Usage, Failure>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/usage?of=me", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        // The client closes the connection once its limit is reached.
        _ = stream.write_all(&response);
        head
    });
    let endpoint = Endpoint::parse(&address).unwrap();
    let mut endpoints = Endpoints {
        claude_usage: Some(endpoint.clone()),
        codex_usage: Some(endpoint),
        ..Endpoints::default()
    };
    change(&mut endpoints);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async {
        let login = login(provider, changes).await;
        let spec = REGISTRY.spec(provider).unwrap();
        spec.fetch_usage(&Http::default(), &endpoints, &login.usage_request()).await
    });
    (server.join().unwrap(), result)
}

fn ok(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", body].concat()
}

/// The values of a header, whose name is matched without regard to case.
fn header<'a>(head: &'a [String], name: &str) -> Vec<&'a str> {
    let pairs = head.iter().filter_map(|line| line.split_once(": "));
    pairs.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[test]
fn claude_request_has_the_documented_headers() {
    let (head, result) = fetch(Provider::CLAUDE, json!({}), |_| (), ok(&fixture(Provider::CLAUDE, "max")));
    assert_eq!(head[0], "GET /usage?of=me HTTP/1.1");
    assert_eq!(header(&head, "authorization"), ["Bearer made-up-token"]);
    assert_eq!(header(&head, "anthropic-beta"), ["oauth-2025-04-20"]);
    assert_eq!(header(&head, "accept"), ["application/json"]);
    assert_eq!(header(&head, "content-type"), ["application/json"]);
    assert_eq!(header(&head, "user-agent"), [claude::SPEC.usage.user_agent]);
    let version =
        claude::SPEC.usage.user_agent.strip_prefix("claude-code/").expect("the agent that is let in");
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{version}");
    assert_eq!(keys(&result.unwrap()), ["five_hour", "seven_day", "weekly_scoped.Fable"]);
}

#[test]
fn claude_user_agent_setting_replaces_the_default() {
    let change = |endpoints: &mut Endpoints| endpoints.claude_user_agent = Some("claude-code/9.9.9".into());
    let (head, _) = fetch(Provider::CLAUDE, json!({}), change, ok(b"{}"));
    assert_eq!(header(&head, "user-agent"), ["claude-code/9.9.9"]);
}

#[test]
fn codex_request_has_the_workspace_if_known() {
    for (changes, expected) in
        [(json!({"account_id": "made-up-account"}), vec!["made-up-account"]), (json!({}), vec![])]
    {
        let (head, result) =
            fetch(Provider::CODEX, changes, |_| (), ok(&fixture(Provider::CODEX, "prolite")));
        assert_eq!(head[0], "GET /usage?of=me HTTP/1.1");
        assert_eq!(header(&head, "authorization"), ["Bearer made-up-token"]);
        assert_eq!(header(&head, "accept"), ["application/json"]);
        assert_eq!(header(&head, "user-agent"), ["codex-cli"]);
        assert_eq!(header(&head, "chatgpt-account-id"), expected);
        assert_eq!(header(&head, "anthropic-beta"), [""; 0]);
        assert_eq!(header(&head, "x-openai-fedramp"), [""; 0]);
        assert_eq!(keys(&result.unwrap()), ["primary_window"]);
    }
}

#[test]
fn codex_request_has_the_workspace_and_the_fedramp_claim_of_the_id_token() {
    let claims = json!({"https://api.openai.com/auth":
        {"chatgpt_account_id": "from-the-claim", "chatgpt_account_is_fedramp": true}});
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let changes = json!({"id_token": token});
    let (head, _) = fetch(Provider::CODEX, changes, |_| (), ok(&fixture(Provider::CODEX, "prolite")));
    assert_eq!(header(&head, "chatgpt-account-id"), ["from-the-claim"]);
    assert_eq!(header(&head, "x-openai-fedramp"), ["true"]);
}

#[test]
fn deactivated_workspace_is_reported_and_not_a_server_error() {
    let body = r#"{"detail":{"code":"deactivated_workspace"}}"#;
    let response = format!("HTTP/1.1 402 Payment Required\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (_, result) = fetch(Provider::CODEX, json!({}), |_| (), response.into_bytes());
    let message = result.expect_err("no usage").message(now(), ZONE);
    assert!(message.starts_with("this workspace has been deactivated"), "{message}");
}

#[test]
fn default_endpoints_and_limits_match_the_documentation() {
    for (provider, url) in [
        (Provider::CLAUDE, "https://api.anthropic.com/api/oauth/usage"),
        (Provider::CODEX, "https://chatgpt.com/backend-api/wham/usage"),
    ] {
        let endpoint = REGISTRY.spec(provider).unwrap().usage_endpoint(&Endpoints::default());
        assert_eq!(endpoint.url().as_str(), url);
    }
    assert_eq!(REQUEST_TIMEOUT, Duration::from_secs(15));
    assert_eq!(MAX_RESPONSE_BYTES, 1 << 20);
}

#[test]
fn redirect_is_not_followed() {
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec();
    let (_, result) = fetch(Provider::CLAUDE, json!({}), |_| (), redirect);
    let message = result.expect_err("the redirect was followed").message(now(), ZONE);
    assert!(message.contains("302"), "{message}");
}

#[test]
fn retry_after_header_is_honoured() {
    let response =
        b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3037\r\ncontent-length: 0\r\n\r\n".to_vec();
    let before = Utc::now();
    let (_, result) = fetch(Provider::CODEX, json!({}), |_| (), response);
    let Err(Failure::RateLimited(until)) = result else { panic!("{result:?}") };
    let retry_after = TimeDelta::seconds(3037);
    assert!(until >= before + retry_after && until <= Utc::now() + retry_after, "{until}");
}

#[test]
fn response_over_1_mib_is_rejected_whatever_its_content_length() {
    let mut body = fixture(Provider::CLAUDE, "max");
    body.resize(MAX_RESPONSE_BYTES, b' ');
    let (_, result) = fetch(Provider::CLAUDE, json!({}), |_| (), ok(&body));
    assert!(result.is_ok(), "{result:?}");

    body.push(b' ');
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let lies = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1_u64 << 40);
    let without = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned();
    for head in [announced, lies, without] {
        let (_, result) = fetch(Provider::CLAUDE, json!({}), |_| (), [head.as_bytes(), &body].concat());
        assert!(matches!(result, Err(Failure::InvalidResponse(_))), "{head}: {result:?}");
    }
}
