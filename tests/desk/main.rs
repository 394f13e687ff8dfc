//! At home on the desktop and in the shell: the table in a terminal, hooks, and what else people expect
//! of a finished utility. The real binary, a real bus, real terminals, real scripts.
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
mod watch;

use common::{Fixture, Menu, Program, TIMEOUT};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// No refresh is under way, and some item has `part` in its label.
fn showing(part: &str) -> impl Fn(&Menu) -> bool {
    move |menu| menu.find("Refresh now").is_some_and(|item| item.enabled) && menu.shows(part)
}

/// Clicks "Refresh now" until its outcome stands in the menu: while a refresh is under way, a click means
/// that one, which may have asked already.
#[track_caller]
fn refresh(fixture: &Fixture, outcome: &str) -> Menu {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        fixture.host.click("Refresh now");
        let again = Instant::now() + Duration::from_secs(1);
        while Instant::now() < again {
            let menu = fixture.host.menu();
            if showing(outcome)(&menu) {
                return menu;
            }
            assert!(Instant::now() < deadline, "not {outcome:?}:\n{menu}");
            sleep(Duration::from_millis(10));
        }
    }
}

/// Quits by the menu.
#[track_caller]
fn quit(fixture: &Fixture, program: Program) {
    fixture.host.click("Quit Quota Tray");
    assert!(program.exit_status_within(TIMEOUT).success());
    fixture.host.wait_until_empty();
}

/// Waits until something is there; files and processes tell nobody that they have changed.
#[track_caller]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match look() {
            Some(found) => return found,
            None if Instant::now() > deadline => panic!("never: {what}"),
            None => sleep(Duration::from_millis(10)),
        }
    }
}
