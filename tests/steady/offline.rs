//! No network: what was known stays, one line says so, and the network's return is noticed.

use std::io::{self, Write};
use std::net::TcpStream;

use chrono::TimeDelta;

use super::server::{Server, answer, endpoints, read_head};
use super::state::State;
use super::*;
use crate::common::{claude_usage, codex_usage};

/// A server for both providers, each with so many percent used.
fn serve(mut stream: TcpStream, used: i64) -> io::Result<()> {
    let head = read_head(&mut stream)?;
    let usage = match head.get("authorization") {
        Some(token) if token.contains("codex") => codex_usage(&[(18_000, used + 1)]),
        _ => claude_usage(&[("five_hour", used as f64)]),
    };
    stream.write_all(answer(200, &usage.to_string()).as_bytes())
}

#[test]
fn rows_keep_their_values_with_their_age_and_refresh_by_themselves_when_the_network_is_back() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let server = Server::start(|stream| serve(stream, 58));
    let port = server.port();
    scene.set_config(&endpoints(&format!("http://127.0.0.1:{port}/usage")));
    assert_eq!(status(&scene).1, Some(0));
    State::of(&scene).age(TimeDelta::hours(2));

    // From now on nobody listens there.
    drop(server);
    let program = scene.spawn(&[]);
    let menu = scene.host.menu_until(showing("Offline"));
    assert_eq!(
        menu.labels()[..3],
        [
            "Offline: showing the last known values",
            "Claude · alice@example.com — 42% left · 2 h ago",
            "Codex · bob@example.com — 41% left · 2 h ago",
        ],
        "{menu}"
    );
    let icon = scene.host.icon();
    assert!(icon.tooltip.text.contains("41% left"), "{icon:#?}");
    assert!(words(menu.item(ALICE)).contains("Could not reach 127.0.0.1: check the network"), "{menu}");
    let (report, code) = status(&scene);
    assert_eq!((code, &report[0]["state"]), (Some(1), &Value::from("stale")), "{report:#?}");

    // Nobody clicks.
    let _server = Server::at(port, |stream| serve(stream, 70));
    let menu = scene.host.menu_until(showing("alice@example.com — 30% left"));
    assert_eq!(
        menu.labels()[..2],
        ["Claude · alice@example.com — 30% left", "Codex · bob@example.com — 29% left"],
        "{menu}"
    );
    assert_eq!(program.stderr(), "");
    quit(&scene, program);
}

#[test]
fn one_provider_that_is_not_reachable_is_not_called_offline() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let port = Server::start(|_| Ok(())).port();
    let usage = scene.usage.url("/codex/usage");
    let settings = endpoints(&format!("http://127.0.0.1:{port}/usage")).replace(
        &format!("codex_usage = \"http://127.0.0.1:{port}/usage\""),
        &format!("codex_usage = \"{usage}\""),
    );
    scene.set_config(&settings);
    let program = scene.spawn(&[]);
    let menu = scene.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(menu.shows("alice@example.com — unreachable") && !menu.shows("Offline"), "{menu}");
    quit(&scene, program);
}
