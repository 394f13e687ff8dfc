//! What is sent: the headers the two APIs want, to a server on loopback.

use super::*;
use quota_tray::config::{Endpoint, Endpoints};
use quota_tray::credentials::Login;
use quota_tray::credentials::store::{self, Entry};
use quota_tray::providers::http::{MOST_BYTES, TIME_OUT};
use quota_tray::providers::{Http, claude};
use quota_tray::quota::Failure;
use serde_json::json;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

/// A login as the store finds it.
async fn login(provider: Provider, workspace: Option<&str>) -> Login {
    let dir = tempfile::tempdir().unwrap();
    let mut file = json!({"type": provider.key(), "email": "a@b.c", "access_token": "made-up-token",
        "proxy_url": "direct"});
    if let Some(workspace) = workspace {
        file["account_id"] = json!(workspace);
    }
    std::fs::write(dir.path().join("made-up.json"), file.to_string()).unwrap();
    match store::scan(dir.path(), &HashMap::new()).await.unwrap().remove(0) {
        Entry::Login(login) => login,
        broken => panic!("{broken:?}"),
    }
}

/// Asks once, is answered with `answer` as it stands, and gives back what the server read.
fn ask(
    provider: Provider,
    workspace: Option<&str>,
    change: impl FnOnce(&mut Endpoints),
    answer: Vec<u8>,
) -> (Vec<String>, Result<Reading, Failure>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/usage?of=me", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        // A reader that has had enough hangs up.
        _ = stream.write_all(&answer);
        head
    });
    let endpoint = Endpoint::parse(&address).unwrap();
    let mut endpoints =
        Endpoints { claude_usage: endpoint.clone(), codex_usage: endpoint, ..Endpoints::default() };
    change(&mut endpoints);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async {
        let login = login(provider, workspace).await;
        providers::usage(&Http::default(), &endpoints, &login).await
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
fn claude_is_asked_with_the_headers_of_the_table() {
    let (head, result) = ask(Provider::Claude, None, |_| (), ok(&fixture(Provider::Claude, "max")));
    assert_eq!(head[0], "GET /usage?of=me HTTP/1.1");
    assert_eq!(header(&head, "authorization"), ["Bearer made-up-token"]);
    assert_eq!(header(&head, "anthropic-beta"), ["oauth-2025-04-20"]);
    assert_eq!(header(&head, "accept"), ["application/json"]);
    assert_eq!(header(&head, "content-type"), ["application/json"]);
    assert_eq!(header(&head, "user-agent"), [claude::USER_AGENT]);
    let version = claude::USER_AGENT.strip_prefix("claude-code/").expect("the agent that is let in");
    assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{version}");
    assert_eq!(keys(&result.unwrap()), ["five_hour", "seven_day", "weekly_scoped.Fable"]);
}

#[test]
fn the_agent_that_asks_claude_is_a_setting() {
    let change = |endpoints: &mut Endpoints| endpoints.claude_user_agent = "claude-code/9.9.9".into();
    let (head, _) = ask(Provider::Claude, None, change, ok(b"{}"));
    assert_eq!(header(&head, "user-agent"), ["claude-code/9.9.9"]);
}

#[test]
fn codex_is_asked_for_the_workspace_where_there_is_one() {
    for (workspace, expected) in [(Some("made-up-account"), vec!["made-up-account"]), (None, vec![])] {
        let (head, result) =
            ask(Provider::Codex, workspace, |_| (), ok(&fixture(Provider::Codex, "prolite")));
        assert_eq!(head[0], "GET /usage?of=me HTTP/1.1");
        assert_eq!(header(&head, "authorization"), ["Bearer made-up-token"]);
        assert_eq!(header(&head, "accept"), ["application/json"]);
        assert_eq!(header(&head, "user-agent"), ["codex-cli"]);
        assert_eq!(header(&head, "chatgpt-account-id"), expected);
        assert_eq!(header(&head, "anthropic-beta"), [""; 0]);
        assert_eq!(keys(&result.unwrap()), ["primary_window"]);
    }
}

#[test]
fn the_two_apis_are_where_the_notes_say() {
    let endpoints = Endpoints::default();
    assert_eq!(endpoints.claude_usage.url().as_str(), "https://api.anthropic.com/api/oauth/usage");
    assert_eq!(endpoints.codex_usage.url().as_str(), "https://chatgpt.com/backend-api/wham/usage");
    assert_eq!(TIME_OUT, Duration::from_secs(15));
    assert_eq!(MOST_BYTES, 1 << 20);
}

#[test]
fn a_redirect_is_not_followed() {
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec();
    let (_, result) = ask(Provider::Claude, None, |_| (), redirect);
    let words = result.expect_err("what it points to is not asked").words(now(), ZONE);
    assert!(words.contains("302"), "{words}");
}

#[test]
fn a_retry_after_header_is_heard() {
    let answer = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3037\r\ncontent-length: 0\r\n\r\n".to_vec();
    let before = Utc::now();
    let (_, result) = ask(Provider::Codex, None, |_| (), answer);
    let Err(Failure::RateLimited(until)) = result else { panic!("{result:?}") };
    let asked = TimeDelta::seconds(3037);
    assert!(until >= before + asked && until <= Utc::now() + asked, "{until}");
}

#[test]
fn an_answer_of_more_than_a_mebibyte_is_refused_however_it_is_announced() {
    let mut body = fixture(Provider::Claude, "max");
    body.resize(MOST_BYTES, b' ');
    let (_, result) = ask(Provider::Claude, None, |_| (), ok(&body));
    assert!(result.is_ok(), "{result:?}");

    body.push(b' ');
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let lies = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1_u64 << 40);
    let without = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned();
    for head in [announced, lies, without] {
        let (_, result) = ask(Provider::Claude, None, |_| (), [head.as_bytes(), &body].concat());
        assert!(matches!(result, Err(Failure::NotUnderstood(_))), "{head}: {result:?}");
    }
}
