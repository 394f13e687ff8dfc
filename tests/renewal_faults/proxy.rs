//! The way a token takes: through the proxy that is set and no other way, but never through one in the clear.

use crate::common::{HttpsFront, RecordingProxy, Row, SingleLogin};
use std::fs;
use std::net::TcpListener;
use std::process::Command;

/// Sets the account's `proxy_url`.
fn through(fixture: &SingleLogin, proxy: &str) {
    let text = fixture.text().replacen('{', &format!("{{\"proxy_url\":\"{proxy}\","), 1);
    fixture.write(text);
}

fn with_system_proxy(fixture: &SingleLogin, proxy: &str) -> Command {
    let mut command = fixture.command();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy);
    }
    command
}

/// From now on the endpoints are behind TLS.
fn behind_tls(fixture: &SingleLogin) -> HttpsFront {
    let front = HttpsFront::start(&fixture.server.url(""));
    let endpoints = ["token", "usage"].map(|path| {
        let key = fixture.provider.key();
        format!("{key}_{path} = \"{}\"\n", front.url(&format!("/{key}/{path}")))
    });
    fixture.set_config(&format!("[endpoints]\ncli_proxy_api = []\n{}", endpoints.concat()));
    fs::write(roots(fixture), front.pem()).expect("written");
    front
}

fn roots(fixture: &SingleLogin) -> String {
    fixture.dir().join("roots.pem").display().to_string()
}

/// What `status` says where the certificate of the fixture is trusted.
#[track_caller]
fn row(fixture: &SingleLogin, command: &mut Command) -> Row {
    fixture.row(command.env("SSL_CERT_FILE", roots(fixture)))
}

#[track_caller]
fn is_renewed(fixture: &SingleLogin, row: &Row) {
    assert_eq!((row.left, row.error.as_str()), (Some(42.0), ""), "{row:?}");
    assert!(fixture.holds(2));
}

/// Both requests went to the server through a tunnel.
#[track_caller]
fn assert_went_through(proxy: &RecordingProxy, front: &HttpsFront) {
    let tunnel = format!("CONNECT {} HTTP/1.1", front.authority());
    assert_eq!(proxy.targets(), [tunnel.clone(), tunnel]);
}

#[test]
fn http_endpoint_is_reached_without_any_proxy() {
    let proxy = RecordingProxy::start();
    for (scheme, of_account) in [("http", true), ("socks5", true), ("http", false), ("socks5", false)] {
        for fixture in [SingleLogin::claude(), SingleLogin::codex()] {
            let address = format!("{scheme}://{}", proxy.address());
            let mut command = match of_account {
                true => {
                    through(&fixture, &address);
                    fixture.command()
                }
                false => with_system_proxy(&fixture, &address),
            };
            let row = fixture.row(&mut command);
            assert_eq!(proxy.targets(), [""; 0], "{scheme}, of the account: {of_account}");
            is_renewed(&fixture, &row);
        }
    }
}

#[test]
fn unreachable_http_endpoint_is_not_reported_as_a_proxy_error() {
    let fixture = SingleLogin::claude();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    fixture.set_config(&format!(
        "[endpoints]\ncli_proxy_api = []\nclaude_token = \"http://{closed}/\"\nclaude_usage = \"http://{closed}/\"\n"
    ));
    let proxy = RecordingProxy::start();
    through(&fixture, &format!("http://{}", proxy.address()));
    let row = fixture.status();
    let expected = "token expired: could not renew it: could not reach 127.0.0.1: ";
    assert!(row.error.starts_with(expected), "{row:?}");
    assert_eq!(proxy.targets(), [""; 0]);
}

#[test]
fn proxy_of_the_account_is_used_for_its_renewal() {
    let fixture = SingleLogin::claude();
    let (front, proxy) = (behind_tls(&fixture), RecordingProxy::start());
    through(&fixture, &format!("http://user:hunter2@{}", proxy.address()));
    // A system's proxy that nobody answers at shows that the account's own goes before it.
    let row = row(&fixture, &mut with_system_proxy(&fixture, "http://127.0.0.1:9"));
    is_renewed(&fixture, &row);
    assert_went_through(&proxy, &front);
    assert!(!row.stderr.contains("hunter2"), "{}", row.stderr);
    let credentials = proxy.requests()[0].authorization.clone();
    assert_eq!(credentials.as_deref(), Some("Basic dXNlcjpodW50ZXIy"));
}

#[test]
fn system_proxy_is_used_for_an_account_without_its_own() {
    let fixture = SingleLogin::claude();
    let (front, proxy) = (behind_tls(&fixture), RecordingProxy::start());
    let row = row(&fixture, &mut with_system_proxy(&fixture, &format!("http://{}", proxy.address())));
    is_renewed(&fixture, &row);
    assert_went_through(&proxy, &front);
}

#[test]
fn proxy_set_to_direct_uses_no_proxy() {
    for word in ["direct", "none"] {
        let fixture = SingleLogin::claude();
        let (_front, proxy) = (behind_tls(&fixture), RecordingProxy::start());
        through(&fixture, word);
        let row = row(&fixture, &mut with_system_proxy(&fixture, &format!("http://{}", proxy.address())));
        is_renewed(&fixture, &row);
        assert_eq!(proxy.targets(), [""; 0]);
    }
}

#[test]
fn unresponsive_proxy_is_never_bypassed() {
    let fixture = SingleLogin::claude();
    behind_tls(&fixture);
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    through(&fixture, &format!("http://user:hunter2@{closed}"));
    let before = fixture.text();
    let row = row(&fixture, &mut fixture.command());
    assert_eq!(
        row.error,
        "token expired: could not renew it: could not reach localhost through the proxy 127.0.0.1: check your \
         network connection or proxy"
    );
    assert_eq!((fixture.text(), fixture.server.requests().len()), (before, 0));
    assert_eq!(fixture.header()["phase"], "prepared", "nothing was sent, so nothing was spent");
}

#[test]
fn socks_proxy_is_used_for_a_renewal() {
    let fixture = SingleLogin::claude();
    let (front, proxy) = (behind_tls(&fixture), RecordingProxy::start());
    through(&fixture, &format!("socks5://{}", proxy.address()));
    let row = row(&fixture, &mut fixture.command());
    is_renewed(&fixture, &row);
    let port = front.authority().replace("localhost:", "SOCKS ");
    assert_eq!(proxy.targets(), [port.clone(), port]);
}
