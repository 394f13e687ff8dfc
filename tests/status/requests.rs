//! What is sent, and by which way.

use super::*;
use crate::common::Request;
use insta::assert_snapshot;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// The request as text, its headers in the order of the alphabet.
fn text(request: &Request) -> String {
    let mut headers: Vec<_> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    headers.sort();
    format!("{} {}\n{}\n{}", request.method, request.path, headers.join("\n"), request.body)
}

/// The only request of `status` with one account.
#[track_caller]
fn only_request(scene: &Scene) -> String {
    assert_eq!(scene.run(&["status"]).code, 0);
    let requests = scene.server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    text(&requests[0]).replace(scene.server.url("").trim_start_matches("http://"), "<server>")
}

/// An address nobody listens at.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn claude_request_has_the_headers_of_claude_code() {
    let scene = Scene::new();
    scene.claude("sk-ant-oat01-x", good());
    let request = only_request(&scene);
    let agent =
        request.lines().find_map(|line| line.strip_prefix("user-agent: claude-code/")).expect("an agent");
    assert!(
        agent.split('.').count() == 3 && agent.split('.').all(|part| part.parse::<u32>().is_ok()),
        "{agent}"
    );
    assert_snapshot!(request.replace(agent, "<version>"), @"
    GET /claude
    accept-encoding: gzip
    accept: application/json
    anthropic-beta: oauth-2025-04-20
    authorization: Bearer sk-ant-oat01-x
    content-type: application/json
    host: <server>
    user-agent: claude-code/<version>
    ");
}

#[test]
fn codex_request_has_the_headers_of_codex_cli() {
    let scene = Scene::new();
    scene.account("codex-a.json", &codex("eyJ.x", json!({"account_id": "acc-1"})));
    scene.server.respond("eyJ.x", crate::common::codex_usage(&[(604_800, 1)]));
    let request = only_request(&scene);
    assert_snapshot!(request, @"
    GET /codex
    accept-encoding: gzip
    accept: application/json
    authorization: Bearer eyJ.x
    chatgpt-account-id: acc-1
    host: <server>
    user-agent: codex-cli
    ");
    for account_id in [json!(""), json!(null)] {
        let scene = Scene::new();
        scene.account("codex-a.json", &codex("eyJ.x", json!({"account_id": account_id})));
        scene.server.respond("eyJ.x", crate::common::codex_usage(&[(604_800, 1)]));
        assert!(!only_request(&scene).contains("chatgpt-account-id"), "{account_id}");
    }
}

#[test]
fn claude_user_agent_setting_replaces_the_default() {
    let scene = Scene::new();
    scene.claude("t", good());
    let usage = scene.server.url("/claude");
    scene.settings_with("", &usage, "claude_user_agent = \"claude-code/9.9.9\"");
    assert!(only_request(&scene).contains("user-agent: claude-code/9.9.9\n"));
}

#[test]
fn disabled_expired_broken_and_unknown_accounts_send_no_request() {
    let scene = Scene::new();
    scene.account("claude-off.json", &claude("off", json!({"disabled": true})));
    scene.account("claude-old.json", &claude("old", json!({"expired": "2020-01-01 10:00"})));
    scene.account("claude-odd.json", &claude("odd", json!({"proxy_url": "nonsense"})));
    scene.account("claude-gemini.json", &claude("gemini", json!({"type": "gemini"})));
    scene.run(&["status"]);
    assert!(scene.server.requests().is_empty(), "{:?}", scene.server.requests());
}

#[test]
fn requests_of_several_accounts_run_in_parallel() {
    let scene = Scene::new();
    // Nobody is answered before everybody has asked: one after the other would never end.
    let everybody = std::sync::Arc::new(std::sync::Barrier::new(4));
    for name in ["a", "b", "c", "d"] {
        scene.claude(name, good());
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    scene.settings_with("", &format!("http://{address}/"), "");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, everybody) = (stream.expect("a connection"), everybody.clone());
            std::thread::spawn(move || {
                serve_once(&mut stream, || {
                    everybody.wait();
                })
            });
        }
    });
    let done = scene.run(&["status"]);
    assert_eq!((done.code, done.stdout.matches("— 42% left").count()), (0, 4), "{done:?}");
}

/// Reads one request, and answers well after `before`. The lines of the request.
fn serve_once(stream: &mut std::net::TcpStream, before: impl FnOnce()) -> Vec<String> {
    let lines = BufReader::new(stream.try_clone().expect("cloned")).lines().map_while(Result::ok);
    let request = lines.take_while(|line| !line.is_empty()).collect();
    before();
    let body = good().to_string();
    write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .expect("sent");
    request
}

// Only on Unix does `SSL_CERT_FILE` say whom to trust.
#[cfg(unix)]
#[test]
fn account_with_proxy_url_uses_that_proxy() {
    let (scene, system, own) = (Scene::new(), RecordingProxy::start(), RecordingProxy::start());
    let front = scene.behind_tls();
    for (token, more) in [
        ("system", json!({})),
        ("own", json!({"proxy_url": format!("http://user:hunter2@{}", own.address())})),
        ("direct", json!({"proxy_url": "direct"})),
        ("none", json!({"proxy_url": "none"})),
    ] {
        scene.account(&format!("claude-{token}.json"), &claude(token, more));
        scene.server.respond(token, good());
    }
    let system_proxy = format!("http://{}", system.address());
    let done = run(scene.command(&["status"]).env("https_proxy", system_proxy));
    assert_eq!(done.code, 0, "{done:?}");
    let tunnel = format!("CONNECT {} HTTP/1.1", front.authority());
    assert_eq!((system.targets(), own.targets()), (vec![tunnel.clone()], vec![tunnel]));
    assert_eq!(own.requests()[0].authorization.as_deref(), Some("Basic dXNlcjpodW50ZXIy"));
}

#[cfg(unix)]
#[test]
fn socks_proxy_gets_the_server_address() {
    let (scene, proxy) = (Scene::new(), RecordingProxy::start());
    let front = scene.behind_tls();
    let of_account = json!({"proxy_url": format!("socks5://{}", proxy.address())});
    scene.account("claude-a.json", &claude("t", of_account));
    scene.server.respond("t", good());
    assert_eq!(scene.run(&["status"]).code, 0);
    assert_eq!(proxy.targets(), [front.authority().replace("localhost:", "SOCKS ")]);
}

#[test]
fn proxy_of_https_request_never_gets_the_token() {
    let (scene, proxy) = (Scene::new(), TestServer::start());
    scene.account("claude-a.json", &claude("sk-ant-oat01-x", json!({"proxy_url": proxy.url("")})));
    scene.settings_with("", "https://api.example.com/usage", "");
    let error = scene.error();
    assert!(error.contains("could not reach api.example.com through the proxy 127.0.0.1"), "{error}");
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("CONNECT", "api.example.com:443"));
        assert_eq!(request.header("authorization"), None);
    }
}

#[test]
fn unreachable_proxy_is_named_without_its_password() {
    let scene = Scene::new();
    scene.behind_tls();
    let proxy = format!("http://user:hunter2@{}", nowhere());
    scene.account("claude-a.json", &claude("t", json!({"proxy_url": proxy})));
    let error = scene.error();
    assert!(error.contains("could not reach") && error.contains("proxy 127.0.0.1"), "{error}");
    assert!(!error.contains("hunter2") && !error.contains("user"), "{error}");
    assert!(scene.server.requests().is_empty());
}
