//! Without a network the last values stay, one row says so, and the return of the network is detected.

use std::io::{self, Write};
use std::net::TcpStream;

use chrono::TimeDelta;

use super::state_dir::StateDir;
use super::*;
use crate::common::{Response, TcpServer, claude_usage, codex_usage, field, read_head};

/// Responds for both providers with `used` percent.
fn serve(mut stream: TcpStream, used: i64) -> io::Result<()> {
    let head = read_head(&mut stream)?;
    let usage = match field(&head, "authorization") {
        Some(token) if token.contains("codex") => codex_usage(&[(18_000, used + 1)]),
        _ => claude_usage(&[("five_hour", used as f64)]),
    };
    stream.write_all(&Response::json(&usage).to_bytes())
}

#[test]
fn offline_rows_keep_last_values_and_refresh_once_online() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let server = TcpServer::start(|stream| serve(stream, 58));
    let port = server.port();
    fixture.set_usage_endpoint(&server.url("/usage"));
    assert_eq!(status(&fixture).1, Some(0));
    StateDir::of(&fixture).age(TimeDelta::hours(2));

    // From now on the port is closed.
    drop(server);
    let program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("Offline"));
    assert_eq!(
        menu.labels()[..2],
        ["Offline: showing the last known values", "Claude · alice@example.com — 2 h ago"],
        "{menu}"
    );
    assert!(menu.shows("alice@example.com — 42% left") && menu.shows("bob@example.com — 41% left"), "{menu}");
    let icon = fixture.host.icon();
    assert!(icon.tooltip.text.contains("41% left"), "{icon:#?}");
    assert!(
        submenu_text(menu.item(ALICE)).contains("Could not reach 127.0.0.1: check your network"),
        "{menu}"
    );
    let (report, code) = status(&fixture);
    assert_eq!((code, &report[0]["state"]), (Some(1), &Value::from("stale")), "{report:#?}");

    // Without a click.
    let _server = TcpServer::start_at(port, |stream| serve(stream, 70));
    let menu = fixture.host.menu_until(showing("alice@example.com — 30% left"));
    assert_eq!(menu.labels()[0], "Claude · alice@example.com", "{menu}");
    assert!(menu.shows("bob@example.com — 29% left"), "{menu}");
    assert_eq!(program.stderr(), "");
    quit(&fixture, program);
}

#[test]
fn single_unreachable_provider_is_not_offline() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let port = TcpServer::start(|_| Ok(())).port();
    fixture.set_config(&format!(
        "[endpoints]\nclaude_usage = \"http://127.0.0.1:{port}/usage\"\ncodex_usage = \"{}\"\ncli_proxy_api = []\n",
        fixture.server.url("/codex/usage"),
    ));
    let program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(menu.shows("alice@example.com — Could not reach") && !menu.shows("Offline"), "{menu}");
    quit(&fixture, program);
}
