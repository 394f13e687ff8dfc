//! The number of requests for an account under any clicks and commands.

use std::fs;

use chrono::{TimeDelta, Utc};

use super::state_dir::StateDir;
use super::*;
use crate::common::{Response, claude_usage};

const FIVE: &str = "[limits]\nrequests_per_five_minutes = 5\n";

/// The number of usage requests for an account.
fn requests(fixture: &Fixture, email: &str) -> usize {
    fixture.server.requests_with(fixture.account(email).access_token()).len()
}

#[test]
fn request_limit_holds_across_clicks_and_commands() {
    let mut fixture = Fixture::new().claude(ALICE).codex(BOB).config(FIVE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));

    let bars: Vec<_> = (0..6).map(|_| fixture.spawn(&["status"])).collect();
    for bar in bars {
        let done = bar.finish();
        assert!(done.status.success(), "{done:?}");
        assert!(done.stdout.contains("alice@example.com — 42% left"), "{}", done.stdout);
    }
    for _ in 0..6 {
        fixture.host.click("Refresh now");
    }
    // A refresh after all of these, whose outcome is visible.
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 90.0), ("seven_day", 10.0)]);
    fixture.add_codex(CAROL);
    let menu = fixture.host.menu_until(showing("carol@example.com — 70% left"));
    assert_eq!((requests(&fixture, ALICE), requests(&fixture, BOB)), (5, 5));
    // The last values stay, and the row shows when the next request is allowed.
    let row = menu.item("alice@example.com — 42% left");
    assert!(row.shows("Next request after "), "{menu}");
    let done = fixture.run(&["status"]);
    assert!(done.status.success() && done.stdout.contains("alice@example.com — 42% left"), "{done:?}");

    // Neither a restart nor other settings reset the budget.
    quit(&fixture, program);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("Next request after "));
    fixture.set_config(&format!("hide_email = true\n{FIVE}"));
    fixture.host.menu_until(showing("a…e — 42% left"));
    assert_eq!((requests(&fixture, ALICE), requests(&fixture, BOB)), (5, 5));

    StateDir::of(&fixture).age(TimeDelta::minutes(5));
    refresh(&fixture, "a…e — 10% left");
    assert_eq!(requests(&fixture, ALICE), 6);
}

#[test]
fn throttled_account_without_values_shows_its_next_request() {
    let fixture = Fixture::new().claude(ALICE).config("[limits]\nrequests_per_five_minutes = 1\n");
    fixture.server.respond(fixture.account(ALICE).access_token(), Response::json(&Value::Null));
    status(&fixture);
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 58.0)]);
    let state = StateDir::of(&fixture);
    fs::remove_file(state.path("snapshot.json")).expect("removed");
    let _program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("alice@example.com — Request limit of Quota Tray reached"));
    assert!(
        submenu_text(menu.item(ALICE)).contains("Request limit of Quota Tray reached; next request after "),
        "{menu}"
    );
    assert_eq!(requests(&fixture, ALICE), 1);
    state.age(TimeDelta::minutes(5));
    refresh(&fixture, "alice@example.com — 42% left");
}

#[test]
fn request_limit_holds_without_a_writable_state_directory() {
    let mut fixture = Fixture::new().claude(ALICE).config(FIVE);
    // A file in place of the state directory: it cannot be created or written.
    fs::write(fixture.state_home().join("quota-tray"), "in the way").expect("written");
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    for _ in 0..9 {
        fixture.host.click("Refresh now");
        fixture.host.menu_until(at_rest);
    }
    fixture.add_codex(CAROL);
    fixture.host.menu_until(showing("carol@example.com — 70% left"));
    assert!(requests(&fixture, ALICE) <= 5, "{} requests", requests(&fixture, ALICE));
}

#[test]
fn failing_server_gets_requests_with_backoff() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let alice = fixture.account(ALICE);
    let id = alice.file().file_name().expect("a name").to_string_lossy().into_owned();
    fixture.server.respond(alice.access_token(), Response::status(503));
    let state = StateDir::of(&fixture);
    for (failures, seconds) in [(1, 30.0), (2, 60.0), (3, 120.0), (4, 240.0)] {
        let before = Utc::now();
        assert_eq!(status(&fixture).1, Some(1));
        assert_eq!(requests(&fixture, ALICE), failures);
        let pause = state.pace(&id, "pause_until").expect("it rests") - before;
        let least = seconds * 0.75;
        // Plus the duration of the run itself.
        let most = seconds * 1.25 + (Utc::now() - before).as_seconds_f64();
        assert!((least..=most).contains(&pause.as_seconds_f64()), "{failures}: {pause}");
        // No earlier automatic request.
        let (report, code) = status(&fixture);
        assert_eq!((requests(&fixture, ALICE), code), (failures, Some(1)));
        let error = report[0]["error"].as_str().expect("it failed");
        assert!(error.contains("503"), "{error}");
        state.age(pause);
    }
    assert_eq!(requests(&fixture, BOB), 8, "the other account is not throttled");
}

#[test]
fn click_sends_a_request_to_a_failing_server() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let alice = fixture.account(ALICE);
    assert_eq!(status(&fixture).1, Some(0));
    fixture.server.respond(alice.access_token(), Response::status(500));
    assert_eq!(status(&fixture).1, Some(1));

    // The first refresh is automatic: it sends no request for Alice.
    let _program = fixture.spawn(&[]);
    fixture.server.wait_for_requests(fixture.account(BOB).access_token(), 3);
    // The cached values of the previous runs are shown first.
    let is_held = |menu: &Menu| menu.find(ALICE).is_some_and(|item| item.shows("Next request after "));
    let menu = fixture.host.menu_until(|menu| at_rest(menu) && is_held(menu));
    assert!(menu.shows("alice@example.com — 42% left") && menu.shows("Server error 500"), "{menu}");
    assert_eq!(requests(&fixture, ALICE), 2);

    fixture.server.respond(alice.access_token(), claude_usage(&[("five_hour", 61.0), ("seven_day", 10.0)]));
    let menu = refresh(&fixture, "alice@example.com — 39% left");
    assert!(!menu.shows("Server error") && !menu.shows("Next request after"), "{menu}");
    // The backoff has ended: the next automatic refresh sends a request.
    assert_eq!(status(&fixture).1, Some(0));
    assert_eq!(requests(&fixture, ALICE), 4);
}
