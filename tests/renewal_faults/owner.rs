//! Who renews: `token_renewal`, and a CLIProxyAPI that is there, away, or slow.

use super::stage::Stage;
use crate::common::{Answer, PATIENCE, UsageServer};
use chrono::TimeDelta;
use serde_json::json;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const CLI_PROXY_API: &str = "token expired: CLIProxyAPI is running and will renew it";
const SWITCHED_OFF: &str = "token expired: renewal is switched off (token_renewal = \"never\"); start CLIProxyAPI, \
                            or sign in again with it";

/// What CLIProxyAPI says at `GET /`.
fn own_page() -> Answer {
    Answer::json(&json!({"endpoints": ["POST /v1/chat/completions"], "message": "CLI Proxy API Server"}))
}

/// A played CLIProxyAPI.
fn cli_proxy_api(page: Answer) -> UsageServer {
    let server = UsageServer::start();
    server.answer_path("/", move |_| page.clone());
    server
}

fn settings(stage: &Stage, mode: Option<&str>, addresses: &[String]) {
    let mode = mode.map(|mode| format!("token_renewal = \"{mode}\"\n")).unwrap_or_default();
    let at = |path: &str| stage.scene.usage.url(&format!("/{}/{path}", stage.kind.key()));
    let (key, token, usage) = (stage.kind.key(), at("token"), at("usage"));
    stage.scene.set_config(&format!(
        "{mode}[endpoints]\n{key}_token = \"{token}\"\n{key}_usage = \"{usage}\"\ncli_proxy_api = {addresses:?}\n"
    ));
}

fn closed_port() -> String {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    format!("http://{}", address.expect("a port"))
}

#[test]
fn a_running_cliproxyapi_renews_by_itself() {
    for mode in [None, Some("auto")] {
        let stage = Stage::claude();
        let before = stage.text();
        let server = cli_proxy_api(own_page());
        settings(&stage, mode, &[closed_port(), server.url("")]);
        let row = stage.says(CLI_PROXY_API);
        assert_eq!(row.state, "expired");
        assert_eq!((stage.text(), stage.ledger.posts()), (before, Vec::new()));
        let [probe] = &server.requests()[..] else { panic!("one look: {:?}", server.requests()) };
        assert_eq!((probe.method.as_str(), probe.path.as_str(), probe.body.as_str()), ("GET", "/", ""));
        assert_eq!(probe.header("authorization"), None);
    }
}

#[test]
fn a_token_that_is_refused_early_is_left_to_a_running_cliproxyapi_too() {
    let stage = Stage::codex().not_expired();
    stage.ledger.refuses([1], 401);
    let server = cli_proxy_api(own_page());
    settings(&stage, None, &[server.url("")]);
    stage.says("token rejected: CLIProxyAPI is running and will renew it");
    assert_eq!(stage.ledger.posts(), [""; 0]);
}

#[test]
fn whatever_is_no_cliproxyapi_does_not_stop_a_renewal() {
    for page in [
        Answer::status(200).body("<html>It works!</html>"),
        Answer::status(404),
        Answer::redirect("/elsewhere"),
        Answer::json(&json!({"message": "another server"})),
    ] {
        let stage = Stage::claude();
        let server = cli_proxy_api(page);
        settings(&stage, None, &[server.url(""), closed_port()]);
        stage.shows_usage_with(2);
    }
    let stage = Stage::claude();
    settings(&stage, None, &[closed_port(), closed_port()]);
    stage.shows_usage_with(2);
}

#[test]
fn program_that_accepts_a_connection_and_does_not_answer_counts_as_a_cliproxyapi() {
    for page in [
        // Longer than the 0.7 seconds that it has.
        Answer::silence(),
        own_page().trickled(Duration::from_millis(250)),
        Answer::endless_headers(),
        Answer::hang_up(),
    ] {
        let stage = Stage::claude();
        let before = stage.text();
        let server = cli_proxy_api(page);
        let other = cli_proxy_api(Answer::status(404));
        settings(&stage, None, &[other.url(""), server.url(""), closed_port()]);
        stage.says(&does_not_answer(&server.url("")));
        assert_eq!((stage.text(), stage.ledger.posts()), (before, Vec::new()));
        settings(&stage, Some("always"), &[server.url("")]);
        stage.shows_usage_with(2);
    }
}

/// The system accepts connections on its behalf until its queue is full.
#[test]
fn program_that_accepts_no_connection_any_more_counts_as_a_cliproxyapi() {
    let stage = Stage::claude();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let waits = Duration::from_millis(200);
    let queue: Vec<_> =
        std::iter::from_fn(|| TcpStream::connect_timeout(&address, waits).ok()).take(100_000).collect();
    settings(&stage, None, &[format!("http://{address}")]);
    stage.says(&does_not_answer(&format!("http://{address}")));
    assert_eq!(stage.ledger.posts(), [""; 0], "{} connections wait", queue.len());
}

fn does_not_answer(address: &str) -> String {
    format!(
        "token expired: a program on {} accepts connections but does not respond, and may be CLIProxyAPI; restart it, \
         or set token_renewal = \"always\"",
        address.trim_start_matches("http://")
    )
}

#[test]
fn cliproxyapi_that_answers_is_found_behind_a_program_that_does_not() {
    let stage = Stage::claude();
    let (silent, server) = (cli_proxy_api(Answer::silence()), cli_proxy_api(own_page()));
    settings(&stage, None, &[silent.url(""), server.url("")]);
    stage.says(CLI_PROXY_API);
}

#[test]
fn always_does_not_even_look_for_cliproxyapi() {
    let stage = Stage::claude();
    let server = cli_proxy_api(own_page());
    settings(&stage, Some("always"), &[server.url("")]);
    stage.shows_usage_with(2);
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn never_means_never() {
    let stage = Stage::claude();
    let before = stage.text();
    settings(&stage, Some("never"), &[closed_port()]);
    stage.says(SWITCHED_OFF);
    stage.write(stage.content(1, TimeDelta::days(1)));
    stage.ledger.refuses([1], 403);
    stage.says("sign in again with CLIProxyAPI: the login is no longer accepted");
    assert_eq!(stage.ledger.posts(), [""; 0]);
    assert!(stage.text() != before && stage.holds(1));
}

/// What was renewed before the switch is safe all the same.
#[test]
fn never_and_a_running_cliproxyapi_do_not_stop_a_repair() {
    let server = cli_proxy_api(own_page());
    for mode in ["never", "auto"] {
        let stage = Stage::claude();
        let spent = stage.text();
        stage.shows_usage_with(2);
        settings(&stage, Some(mode), &[server.url("")]);
        stage.write_now(&spent);
        stage.shows_usage_with(2);
    }
}

#[test]
fn a_tray_shows_what_cliproxyapi_has_renewed_as_soon_as_it_has() {
    let stage = Stage::claude();
    let server = cli_proxy_api(own_page());
    settings(&stage, None, &[server.url("")]);
    let tray = stage.tray();
    let menu = stage.scene.host.menu_until(|menu| menu.shows("token expired"));
    assert!(menu.shows("Token expired: CLIProxyAPI is running and will renew it"), "{menu}");
    stage.ledger.sign_in();
    stage.write_now(stage.content(2, TimeDelta::hours(8)));
    let menu = stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert!(!menu.shows("expired"), "{menu}");
    assert_eq!(stage.ledger.posts(), [""; 0]);
    stage.end(tray);
}

/// Whom nobody was asked for cannot have been asked too often.
#[test]
fn refusals_that_asked_nobody_do_not_count_as_questions() {
    let stage = Stage::claude();
    let server = cli_proxy_api(own_page());
    settings(&stage, None, &[server.url("")]);
    let text = std::fs::read_to_string(stage.scene.config_file()).expect("settings");
    stage
        .scene
        .set_raw_config(&text.replace("requests_per_five_minutes = 60", "requests_per_five_minutes = 5"));
    for _ in 0..6 {
        stage.says(CLI_PROXY_API);
    }
    stage.ledger.sign_in();
    stage.write_now(stage.content(2, TimeDelta::hours(8)));
    stage.shows_usage_with(2);
}

/// The answer about CLIProxyAPI holds for a few seconds, and no longer.
#[test]
fn a_tray_takes_over_once_cliproxyapi_has_gone() {
    let stage = Stage::claude();
    let server = cli_proxy_api(own_page());
    settings(&stage, None, &[server.url("")]);
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("CLIProxyAPI is running"));
    drop(server);
    let began = Instant::now();
    while !stage.holds(2) {
        assert!(began.elapsed() < PATIENCE, "{}", tray.stderr());
        // The time itself is what is waited for, by a person who clicks now and then.
        thread::sleep(Duration::from_millis(700));
        stage.scene.host.click("Refresh now");
    }
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    stage.end(tray);
}
