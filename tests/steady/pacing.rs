//! How often an account is asked, whatever is clicked and called.

use std::fs;

use chrono::{TimeDelta, Utc};

use super::state::State;
use super::*;
use crate::common::{Response, claude_usage};

const FIVE: &str = "[limits]\nrequests_per_five_minutes = 5\n";

/// How often an account was asked.
fn asked(fixture: &Fixture, email: &str) -> usize {
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
    // A refresh that comes after all of these, and that shows.
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 90.0), ("seven_day", 10.0)]);
    fixture.add_codex(CAROL);
    let menu = fixture.host.menu_until(showing("carol@example.com — 70% left"));
    assert_eq!((asked(&fixture, ALICE), asked(&fixture, BOB)), (5, 5));
    // The last values stay, and the row says from when on there will be others.
    let row = menu.item("alice@example.com — 42% left");
    assert!(row.shows("Next request after "), "{menu}");
    let done = fixture.run(&["status"]);
    assert!(done.status.success() && done.stdout.contains("alice@example.com — 42% left"), "{done:?}");

    // Nor after a restart, nor with other settings.
    quit(&fixture, program);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("Next request after "));
    fixture.set_config(&format!("hide_email = true\n{FIVE}"));
    fixture.host.menu_until(showing("a…e — 42% left"));
    assert_eq!((asked(&fixture, ALICE), asked(&fixture, BOB)), (5, 5));

    State::of(&fixture).age(TimeDelta::minutes(5));
    refresh(&fixture, "a…e — 10% left");
    assert_eq!(asked(&fixture, ALICE), 6);
}

#[test]
fn throttled_account_without_values_shows_its_next_request() {
    let fixture = Fixture::new().claude(ALICE).config("[limits]\nrequests_per_five_minutes = 1\n");
    fixture.server.respond(fixture.account(ALICE).access_token(), Response::json(&Value::Null));
    status(&fixture);
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 58.0)]);
    let state = State::of(&fixture);
    fs::remove_file(state.path("snapshot.json")).expect("removed");
    let _program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(showing("alice@example.com — request limit reached"));
    assert!(
        words(menu.item(ALICE)).contains("Request limit of Quota Tray reached; next request after "),
        "{menu}"
    );
    assert_eq!(asked(&fixture, ALICE), 1);
    state.age(TimeDelta::minutes(5));
    refresh(&fixture, "alice@example.com — 42% left");
}

#[test]
fn request_limit_holds_without_a_writable_state_directory() {
    let mut fixture = Fixture::new().claude(ALICE).config(FIVE);
    // A file where the state directory should be: it can't be made, and nothing be written.
    fs::write(fixture.state_home().join("quota-tray"), "in the way").expect("written");
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    for _ in 0..9 {
        fixture.host.click("Refresh now");
        fixture.host.menu_until(at_rest);
    }
    fixture.add_codex(CAROL);
    fixture.host.menu_until(showing("carol@example.com — 70% left"));
    assert!(asked(&fixture, ALICE) <= 5, "asked {} times", asked(&fixture, ALICE));
}

#[test]
fn failing_server_gets_requests_with_backoff() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let alice = fixture.account(ALICE);
    let id = alice.file().file_name().expect("a name").to_string_lossy().into_owned();
    fixture.server.respond(alice.access_token(), Response::status(503));
    let state = State::of(&fixture);
    for (failures, seconds) in [(1, 30.0), (2, 60.0), (3, 120.0), (4, 240.0)] {
        let before = Utc::now();
        assert_eq!(status(&fixture).1, Some(1));
        assert_eq!(asked(&fixture, ALICE), failures);
        let pause = state.pace(&id, "pause_until").expect("it rests") - before;
        let least = seconds * 0.75;
        // What the run itself took comes on top.
        let most = seconds * 1.25 + (Utc::now() - before).as_seconds_f64();
        assert!((least..=most).contains(&pause.as_seconds_f64()), "{failures}: {pause}");
        // Not before that, by the clock.
        let (report, code) = status(&fixture);
        assert_eq!((asked(&fixture, ALICE), code), (failures, Some(1)));
        let error = report[0]["error"].as_str().expect("it failed");
        assert!(error.contains("503"), "{error}");
        state.age(pause);
    }
    assert_eq!(asked(&fixture, BOB), 8, "the other one goes on");
}

#[test]
fn click_sends_a_request_to_a_failing_server() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let alice = fixture.account(ALICE);
    assert_eq!(status(&fixture).1, Some(0));
    fixture.server.respond(alice.access_token(), Response::status(500));
    assert_eq!(status(&fixture).1, Some(1));

    // The first refresh is by the clock: it leaves alice alone.
    let _program = fixture.spawn(&[]);
    fixture.server.wait_for_requests(fixture.account(BOB).access_token(), 3);
    // What the runs before have left is shown first.
    let is_held = |menu: &Menu| menu.find(ALICE).is_some_and(|item| item.shows("Next request after "));
    let menu = fixture.host.menu_until(|menu| at_rest(menu) && is_held(menu));
    assert!(menu.shows("alice@example.com — 42% left · just now · server error 500"), "{menu}");
    assert_eq!(asked(&fixture, ALICE), 2);

    fixture.server.respond(alice.access_token(), claude_usage(&[("five_hour", 61.0), ("seven_day", 10.0)]));
    let menu = refresh(&fixture, "alice@example.com — 39% left");
    assert!(!menu.shows("server error") && !menu.shows("Next request after"), "{menu}");
    // Nothing is left of it: the next one by the clock asks.
    assert_eq!(status(&fixture).1, Some(0));
    assert_eq!(asked(&fixture, ALICE), 4);
}
