//! Steady: right numbers through restarts, rate limits, hostile servers and broken desktops. The real
//! binary, real sockets, a real bus; time is made to pass by moving the moments in the state directory.
#![cfg(target_os = "linux")]

mod clicks;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod cooling;
mod desktop;
mod folders;
mod frozen;
mod hostile;
mod hourly;
mod identity;
mod kept;
mod notices;
mod offline;
mod pacing;
mod process;
mod quiet;
mod quit;
mod settings;
mod sharing;
mod signals;
mod sleep;
mod state;
mod tls;

use common::{Fixture, Menu, MenuItem, Program, TIMEOUT};
use serde_json::Value;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const CAROL: &str = "carol@example.com";

/// No refresh is under way, and one has ended in this run: before that it is not said when the next one is.
fn at_rest(menu: &Menu) -> bool {
    menu.find("Refresh now").is_some_and(|item| item.enabled) && menu.shows(", next ")
}

/// No refresh is under way, and some item has `part` in its label.
fn showing(part: &str) -> impl Fn(&Menu) -> bool {
    move |menu| at_rest(menu) && menu.shows(part)
}

/// Clicks "Refresh now" and waits until its outcome stands in the menu.
#[track_caller]
fn refresh(fixture: &Fixture, outcome: &str) -> Menu {
    fixture.host.click("Refresh now");
    fixture.host.menu_until(showing(outcome))
}

/// Quits by the menu.
#[track_caller]
fn quit(fixture: &Fixture, program: Program) {
    fixture.host.click("Quit Quota Tray");
    assert!(program.exit_status_within(TIMEOUT).success());
    fixture.host.wait_until_empty();
}

/// All that stands below an item, as one text: long sentences are broken into several rows.
fn words(item: &MenuItem) -> String {
    item.children.iter().map(|child| child.label.as_str()).collect::<Vec<_>>().join(" ")
}

/// The accounts of `status --format json`, and its exit code.
#[track_caller]
fn status(fixture: &Fixture) -> (Vec<Value>, Option<i32>) {
    let done = fixture.run(&["status", "--format", "json"]);
    let report: Value = serde_json::from_str(&done.stdout).expect("a report");
    (report["accounts"].as_array().expect("accounts").clone(), done.status.code())
}
