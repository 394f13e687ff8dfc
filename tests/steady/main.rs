//! Correct values through restarts, rate limits, hostile servers and broken desktops: the real binary, real
//! sockets and a real bus. Time passes by shifting the timestamps in the state directory.
#![cfg(target_os = "linux")]

mod cached_values;
mod clicks;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod connections;
mod desktop;
mod folders;
mod hostile;
mod hourly_budget;
mod icon;
mod identity;
mod notifications;
mod offline;
mod process;
mod quit;
mod rate_limits;
mod refreshing;
mod request_budget;
mod resets;
mod settings;
mod signals;
mod state_dir;
mod suspend;
mod tls;
mod unresponsive;

use common::{Fixture, Menu, MenuItem, Program, TIMEOUT};
use serde_json::Value;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";

/// No refresh is running, and one has ended in this run: only then the menu has the time of the next one.
fn at_rest(menu: &Menu) -> bool {
    menu.find("Refresh now").is_some_and(|item| item.enabled) && menu.shows(", next ")
}

/// No refresh is running, and some item has `part` in its label.
fn showing(part: &str) -> impl Fn(&Menu) -> bool {
    move |menu| at_rest(menu) && menu.shows(part)
}

/// Clicks "Refresh now" and waits until the menu shows its outcome.
#[track_caller]
fn refresh(fixture: &Fixture, outcome: &str) -> Menu {
    fixture.host.click("Refresh now");
    fixture.host.menu_until(showing(outcome))
}

/// Quits from the menu.
#[track_caller]
fn quit(fixture: &Fixture, program: Program) {
    fixture.host.click("Quit Quota Tray");
    assert!(program.exit_status_within(TIMEOUT).success());
    fixture.host.wait_until_empty();
}

/// The submenu of an item as one text, since long sentences are wrapped into several rows.
fn submenu_text(item: &MenuItem) -> String {
    item.children.iter().map(|child| child.label.as_str()).collect::<Vec<_>>().join(" ")
}

/// The accounts of `status --format json`, and its exit code.
#[track_caller]
fn status(fixture: &Fixture) -> (Vec<Value>, Option<i32>) {
    let done = fixture.run(&["status", "--format", "json"]);
    let report: Value = serde_json::from_str(&done.stdout).expect("a report");
    (report["accounts"].as_array().expect("accounts").clone(), done.status.code())
}
