//! Who renews: `token_renewal`, and a CLIProxyAPI that is there, away, or slow.

use crate::common::{Response, SingleLogin, TIMEOUT, TestServer, poll_until};
use chrono::TimeDelta;
use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

const CLI_PROXY_API: &str = "token expired: CLIProxyAPI is running and will renew it";
const SWITCHED_OFF: &str = "token expired: renewal is switched off (token_renewal = \"never\"); start CLIProxyAPI, \
                            or sign in again with it";

/// What CLIProxyAPI says at `GET /`.
fn own_page() -> Response {
    Response::json(&json!({"endpoints": ["POST /v1/chat/completions"], "message": "CLI Proxy API Server"}))
}

/// A played CLIProxyAPI.
fn cli_proxy_api(page: Response) -> TestServer {
    let server = TestServer::start();
    server.respond_at("/", move |_| page.clone());
    server
}

fn settings(fixture: &SingleLogin, mode: Option<&str>, addresses: &[String]) {
    let mode = mode.map(|mode| format!("token_renewal = \"{mode}\"\n")).unwrap_or_default();
    let at = |path: &str| fixture.server.url(&format!("/{}/{path}", fixture.provider.key()));
    let (key, token, usage) = (fixture.provider.key(), at("token"), at("usage"));
    fixture.set_config(&format!(
        "{mode}[endpoints]\n{key}_token = \"{token}\"\n{key}_usage = \"{usage}\"\ncli_proxy_api = {addresses:?}\n"
    ));
}

fn closed_port() -> String {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    format!("http://{}", address.expect("a port"))
}

#[test]
fn running_cliproxyapi_is_left_to_renew() {
    for mode in [None, Some("auto")] {
        let fixture = SingleLogin::claude();
        let before = fixture.text();
        let server = cli_proxy_api(own_page());
        settings(&fixture, mode, &[closed_port(), server.url("")]);
        let row = fixture.assert_error(CLI_PROXY_API);
        assert_eq!(row.state, "expired");
        assert_eq!((fixture.text(), fixture.ledger.token_requests()), (before, Vec::new()));
        let [probe] = &server.requests()[..] else { panic!("one look: {:?}", server.requests()) };
        assert_eq!((probe.method.as_str(), probe.path.as_str(), probe.body.as_str()), ("GET", "/", ""));
        assert_eq!(probe.header("authorization"), None);
    }
}

#[test]
fn refused_token_is_left_to_a_running_cliproxyapi() {
    let fixture = SingleLogin::codex().not_expired();
    fixture.ledger.refuse_access_tokens([1], 401);
    let server = cli_proxy_api(own_page());
    settings(&fixture, None, &[server.url("")]);
    fixture.assert_error("token rejected: CLIProxyAPI is running and will renew it");
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
}

#[test]
fn other_program_at_the_port_does_not_stop_a_renewal() {
    for page in [
        Response::status(200).body("<html>It works!</html>"),
        Response::status(404),
        Response::redirect("/elsewhere"),
        Response::json(&json!({"message": "another server"})),
    ] {
        let fixture = SingleLogin::claude();
        let server = cli_proxy_api(page);
        settings(&fixture, None, &[server.url(""), closed_port()]);
        fixture.assert_usage_with_tokens(2);
    }
    let fixture = SingleLogin::claude();
    settings(&fixture, None, &[closed_port(), closed_port()]);
    fixture.assert_usage_with_tokens(2);
}

#[test]
fn unresponsive_program_at_the_port_counts_as_cliproxyapi() {
    for page in [
        // Longer than the 0.7 seconds that it has.
        Response::silence(),
        own_page().trickled(Duration::from_millis(250)),
        Response::endless_headers(),
        Response::hang_up(),
    ] {
        let fixture = SingleLogin::claude();
        let before = fixture.text();
        let server = cli_proxy_api(page);
        let other = cli_proxy_api(Response::status(404));
        settings(&fixture, None, &[other.url(""), server.url(""), closed_port()]);
        fixture.assert_error(&does_not_answer(&server.url("")));
        assert_eq!((fixture.text(), fixture.ledger.token_requests()), (before, Vec::new()));
        settings(&fixture, Some("always"), &[server.url("")]);
        fixture.assert_usage_with_tokens(2);
    }
}

/// The system accepts connections on its behalf until its queue is full.
#[test]
fn full_accept_queue_at_the_port_counts_as_cliproxyapi() {
    let fixture = SingleLogin::claude();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let waits = Duration::from_millis(200);
    let queue: Vec<_> =
        std::iter::from_fn(|| TcpStream::connect_timeout(&address, waits).ok()).take(100_000).collect();
    settings(&fixture, None, &[format!("http://{address}")]);
    fixture.assert_error(&does_not_answer(&format!("http://{address}")));
    assert_eq!(fixture.ledger.token_requests(), [""; 0], "{} connections wait", queue.len());
}

fn does_not_answer(address: &str) -> String {
    format!(
        "token expired: a program on {} accepts connections but does not respond, and may be CLIProxyAPI; restart it, \
         or set token_renewal = \"always\"",
        address.trim_start_matches("http://")
    )
}

#[test]
fn cliproxyapi_at_the_second_port_is_found() {
    let fixture = SingleLogin::claude();
    let (silent, server) = (cli_proxy_api(Response::silence()), cli_proxy_api(own_page()));
    settings(&fixture, None, &[silent.url(""), server.url("")]);
    fixture.assert_error(CLI_PROXY_API);
}

#[test]
fn renewal_set_to_always_does_not_probe_for_cliproxyapi() {
    let fixture = SingleLogin::claude();
    let server = cli_proxy_api(own_page());
    settings(&fixture, Some("always"), &[server.url("")]);
    fixture.assert_usage_with_tokens(2);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn renewal_set_to_never_sends_no_token_request() {
    let fixture = SingleLogin::claude();
    let before = fixture.text();
    settings(&fixture, Some("never"), &[closed_port()]);
    fixture.assert_error(SWITCHED_OFF);
    fixture.write(fixture.content(1, TimeDelta::days(1)));
    fixture.ledger.refuse_access_tokens([1], 403);
    fixture.assert_error("sign in again with CLIProxyAPI: the login is no longer accepted");
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
    assert!(fixture.text() != before && fixture.holds(1));
}

/// What was renewed before the switch is safe all the same.
#[test]
fn written_back_token_is_repaired_whoever_renews() {
    let server = cli_proxy_api(own_page());
    for mode in ["never", "auto"] {
        let fixture = SingleLogin::claude();
        let spent = fixture.text();
        fixture.assert_usage_with_tokens(2);
        settings(&fixture, Some(mode), &[server.url("")]);
        fixture.write_now(&spent);
        fixture.assert_usage_with_tokens(2);
    }
}

#[test]
fn tray_shows_usage_as_soon_as_cliproxyapi_has_renewed() {
    let fixture = SingleLogin::claude();
    let server = cli_proxy_api(own_page());
    settings(&fixture, None, &[server.url("")]);
    let tray = fixture.tray();
    let menu = fixture.host.menu_until(|menu| menu.shows("Token expired"));
    assert!(menu.shows("Token expired: CLIProxyAPI is running and will renew it"), "{menu}");
    fixture.sign_in();
    fixture.write_now(fixture.content(2, TimeDelta::hours(8)));
    let menu = fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert!(!menu.shows("expired"), "{menu}");
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
    fixture.end(tray);
}

#[test]
fn renewal_without_a_request_does_not_count_as_a_request() {
    let fixture = SingleLogin::claude();
    let server = cli_proxy_api(own_page());
    settings(&fixture, None, &[server.url("")]);
    let text = std::fs::read_to_string(fixture.config_file()).expect("settings");
    fixture.set_raw_config(&text.replace("requests_per_five_minutes = 60", "requests_per_five_minutes = 5"));
    for _ in 0..6 {
        fixture.assert_error(CLI_PROXY_API);
    }
    fixture.sign_in();
    fixture.write_now(fixture.content(2, TimeDelta::hours(8)));
    fixture.assert_usage_with_tokens(2);
}

/// The result of the probe for CLIProxyAPI is used for 5 s, and no longer.
#[test]
fn tray_renews_once_cliproxyapi_has_stopped() {
    let fixture = SingleLogin::claude();
    let server = cli_proxy_api(own_page());
    settings(&fixture, None, &[server.url("")]);
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("CLIProxyAPI is running"));
    drop(server);
    let began = Instant::now();
    // Each click starts a refresh; the first one after the 5 s renews.
    while !poll_until(Duration::from_millis(700), || fixture.holds(2)) {
        assert!(began.elapsed() < TIMEOUT, "{}", tray.stderr());
        fixture.host.click("Refresh now");
    }
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    fixture.end(tray);
}
