//! Desktop and shell integration: the table in a terminal, hooks, autostart, `doctor`, locale. The real binary,
//! a real bus, real terminals, real scripts.
#![cfg(target_os = "linux")]

mod autostart;
#[path = "../common/mod.rs"]
mod common;
mod core_dumps;
mod doctor;
mod hooks;
mod hostile;
mod label;
mod locale;
mod standard_error;
mod table;
mod unreadable;
mod watch;

use common::{Fixture, Menu, Program, TIMEOUT, poll_until};
use std::time::{Duration, Instant};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// No refresh is running, and some item has `part` in its label.
fn showing(part: &str) -> impl Fn(&Menu) -> bool {
    move |menu| menu.find("Refresh now").is_some_and(|item| item.enabled) && menu.shows(part)
}

/// Clicks "Refresh now" until the menu shows the outcome: during a refresh a click starts no other one, and the
/// current one may have sent its requests already.
#[track_caller]
fn refresh(fixture: &Fixture, outcome: &str) -> Menu {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        fixture.host.click("Refresh now");
        let mut menu = fixture.host.menu();
        let is_shown = || {
            menu = fixture.host.menu();
            showing(outcome)(&menu)
        };
        if poll_until(Duration::from_secs(1), is_shown) {
            return menu;
        }
        assert!(Instant::now() < deadline, "not {outcome:?}:\n{menu}");
    }
}

/// Quits from the menu.
#[track_caller]
fn quit(fixture: &Fixture, program: Program) {
    fixture.host.click("Quit Quota Tray");
    assert!(program.exit_status_within(TIMEOUT).success());
    fixture.host.wait_until_empty();
}

/// Waits until `look` finds something, for what no event signals: files and processes.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    let is_found = || {
        found = look();
        found.is_some()
    };
    assert!(poll_until(TIMEOUT, is_found), "never: {what}");
    found.expect("just found")
}
