//! The way a token takes: through the proxy that is set and no other way, but never through one in the clear.

use super::https::{HttpsFront, RecordingProxy};
use super::stage::{Row, Stage};
use std::fs;
use std::net::TcpListener;
use std::process::Command;

/// Sets the account's `proxy_url`.
fn through(stage: &Stage, proxy: &str) {
    let text = stage.text().replacen('{', &format!("{{\"proxy_url\":\"{proxy}\","), 1);
    stage.write(text);
}

fn with_system_proxy(stage: &Stage, proxy: &str) -> Command {
    let mut command = stage.scene.command();
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy);
    }
    command
}

/// From now on the endpoints are behind TLS.
fn behind_tls(stage: &Stage) -> HttpsFront {
    let front = HttpsFront::start(&stage.scene.usage.url(""));
    let endpoints = ["token", "usage"].map(|path| {
        let key = stage.kind.key();
        format!("{key}_{path} = \"{}\"\n", front.url(&format!("/{key}/{path}")))
    });
    stage.scene.set_config(&format!("[endpoints]\ncli_proxy_api = []\n{}", endpoints.concat()));
    fs::write(roots(stage), front.pem()).expect("written");
    front
}

fn roots(stage: &Stage) -> String {
    stage.scene.dir().join("roots.pem").display().to_string()
}

/// What `status` says where the certificate of the scene is trusted.
#[track_caller]
fn row(stage: &Stage, command: &mut Command) -> Row {
    stage.row(command.env("SSL_CERT_FILE", roots(stage)))
}

#[track_caller]
fn is_renewed(stage: &Stage, row: &Row) {
    assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{row:?}");
    assert!(stage.holds(2));
}

/// Both requests went to the server through a tunnel.
#[track_caller]
fn went_through(proxy: &RecordingProxy, front: &HttpsFront) {
    let tunnel = format!("CONNECT {} HTTP/1.1", front.authority());
    assert_eq!(proxy.wanted(), [tunnel.clone(), tunnel]);
}

#[test]
fn http_endpoint_is_reached_without_a_proxy_whatever_names_one() {
    let proxy = RecordingProxy::start();
    for (scheme, of_account) in [("http", true), ("socks5", true), ("http", false), ("socks5", false)] {
        for stage in [Stage::claude(), Stage::codex()] {
            let address = format!("{scheme}://{}", proxy.address());
            let mut command = match of_account {
                true => {
                    through(&stage, &address);
                    stage.scene.command()
                }
                false => with_system_proxy(&stage, &address),
            };
            let row = stage.row(&mut command);
            assert_eq!(proxy.wanted(), [""; 0], "{scheme}, of the account: {of_account}");
            is_renewed(&stage, &row);
        }
    }
}

#[test]
fn http_endpoint_that_cannot_be_reached_is_not_blamed_on_the_proxy() {
    let stage = Stage::claude();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    stage.scene.set_config(&format!(
        "[endpoints]\ncli_proxy_api = []\nclaude_token = \"http://{closed}/\"\nclaude_usage = \"http://{closed}/\"\n"
    ));
    let proxy = RecordingProxy::start();
    through(&stage, &format!("http://{}", proxy.address()));
    let row = stage.status();
    let expected = "token expired: cannot renew: could not reach 127.0.0.1: ";
    assert!(row.words.starts_with(expected), "{row:?}");
    assert_eq!(proxy.wanted(), [""; 0]);
}

#[test]
fn an_accounts_own_proxy_is_used_for_its_renewal() {
    let stage = Stage::claude();
    let (front, proxy) = (behind_tls(&stage), RecordingProxy::start());
    through(&stage, &format!("http://user:hunter2@{}", proxy.address()));
    // A system's proxy that nobody answers at shows that the account's own goes before it.
    let row = row(&stage, &mut with_system_proxy(&stage, "http://127.0.0.1:9"));
    is_renewed(&stage, &row);
    went_through(&proxy, &front);
    assert!(!row.stderr.contains("hunter2"), "{}", row.stderr);
    let credentials = proxy.visits()[0].authorization.clone();
    assert_eq!(credentials.as_deref(), Some("Basic dXNlcjpodW50ZXIy"));
}

#[test]
fn the_systems_proxy_is_used_where_the_account_has_none() {
    let stage = Stage::claude();
    let (front, proxy) = (behind_tls(&stage), RecordingProxy::start());
    let row = row(&stage, &mut with_system_proxy(&stage, &format!("http://{}", proxy.address())));
    is_renewed(&stage, &row);
    went_through(&proxy, &front);
}

#[test]
fn direct_means_that_no_proxy_is_used() {
    for word in ["direct", "none"] {
        let stage = Stage::claude();
        let (_front, proxy) = (behind_tls(&stage), RecordingProxy::start());
        through(&stage, word);
        let row = row(&stage, &mut with_system_proxy(&stage, &format!("http://{}", proxy.address())));
        is_renewed(&stage, &row);
        assert_eq!(proxy.wanted(), [""; 0]);
    }
}

#[test]
fn a_proxy_that_does_not_answer_is_never_gone_around() {
    let stage = Stage::claude();
    behind_tls(&stage);
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    through(&stage, &format!("http://user:hunter2@{closed}"));
    let before = stage.text();
    let row = row(&stage, &mut stage.scene.command());
    assert_eq!(
        row.words,
        "token expired: cannot renew: could not reach localhost through the proxy 127.0.0.1: check the network \
         connection or the proxy"
    );
    assert_eq!((stage.text(), stage.scene.usage.requests().len()), (before, 0));
    assert_eq!(stage.header()["phase"], "prepared", "nothing was sent, so nothing was spent");
}

#[test]
fn a_socks_proxy_is_used_too() {
    let stage = Stage::claude();
    let (front, proxy) = (behind_tls(&stage), RecordingProxy::start());
    through(&stage, &format!("socks5://{}", proxy.address()));
    let row = row(&stage, &mut stage.scene.command());
    is_renewed(&stage, &row);
    let port = front.authority().replace("localhost:", "SOCKS ");
    assert_eq!(proxy.wanted(), [port.clone(), port]);
}
