//! A window that resets long before the next refresh.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;

use super::*;
use crate::common::{Response, poll_until};

/// From a reset to the request.
const MAX_DELAY: Duration = Duration::from_secs(90);

/// A Codex response with this percentage used in its one window, which resets at this time.
pub fn used(percent: i64, reset_at: DateTime<Utc>) -> Value {
    json!({
        "plan_type": "plus",
        "rate_limit": {
            "allowed": true,
            "limit_reached": false,
            "primary_window": {
                "used_percent": percent,
                "limit_window_seconds": 18_000,
                "reset_at": reset_at.timestamp(),
            },
            "secondary_window": null,
        },
    })
}

/// Alice's account with a window that has 3 % left and resets in a few seconds; Bob's, whose window does not. The next
/// refresh is half an hour away.
fn start_low_until_a_reset_soon() -> (Fixture, Program, DateTime<Utc>) {
    let fixture = Fixture::new().codex(ALICE).codex(BOB).config("refresh_minutes = 30");
    // Enough for the first refresh on a busy machine. The response has whole seconds.
    let reset_at = (Utc::now() + TimeDelta::seconds(10)).trunc_subsecs(0);
    fixture.server.respond(fixture.account(ALICE).access_token(), used(97, reset_at));
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 3% left"));
    (fixture, program, reset_at)
}

fn requests(fixture: &Fixture, email: &str) -> usize {
    fixture.server.requests_with(fixture.account(email).access_token()).len()
}

#[test]
fn menu_and_icon_change_at_the_reset_without_a_request() {
    let (fixture, program, reset_at) = start_low_until_a_reset_soon();
    fixture.host.icon_until(|icon| icon.title.contains("3% left"));
    fixture.host.menu_until(|menu| !menu.shows("3% left"));
    assert!(Utc::now() >= reset_at, "too early");
    let icon = fixture.host.icon_until(|icon| !icon.title.contains("3% left"));
    assert!(!icon.title.contains("low"), "{icon:#?}");
    assert_eq!((requests(&fixture, ALICE), requests(&fixture, BOB)), (1, 1));
    quit(&fixture, program);
}

/// The one test that waits for a request as long as a user does: 30 to 90 seconds.
#[test]
fn only_the_account_whose_window_has_reset_is_requested_again() {
    let (fixture, program, reset_at) = start_low_until_a_reset_soon();
    let next_reset = Utc::now() + TimeDelta::hours(5);
    fixture.server.respond(fixture.account(ALICE).access_token(), used(1, next_reset));
    fixture.host.menu_until(|menu| !menu.shows("3% left"));
    let is_requested = || requests(&fixture, ALICE) == 2;
    assert!(poll_until(MAX_DELAY + TIMEOUT, is_requested), "no request");
    assert!(Utc::now() >= reset_at + TimeDelta::seconds(30), "too early");
    let menu = fixture.host.menu_until(showing("alice@example.com — 99% left"));
    assert!(menu.shows("bob@example.com — 70% left"), "{menu}");
    assert_eq!((requests(&fixture, ALICE), requests(&fixture, BOB)), (2, 1));
    quit(&fixture, program);
}

/// A reset in the past, which is repeated by each response, is no event: the response came after it.
#[test]
fn reset_in_the_past_causes_no_request() {
    let fixture = Fixture::new().codex(ALICE).config("refresh_minutes = 30");
    let alice = fixture.account(ALICE);
    let past = Utc::now() - TimeDelta::minutes(1);
    fixture.server.respond(alice.access_token(), used(97, past));
    let program = fixture.spawn(&["-vv"]);
    fixture.host.menu_until(showing("alice@example.com — 3% left"));
    let soon = Utc::now() + TimeDelta::seconds(3);
    fixture.server.respond(alice.access_token(), Response::from(used(96, soon)));
    refresh(&fixture, "alice@example.com — 4% left");
    program.stderr_line("a window has reset");
    assert_eq!(program.stderr().matches("a window has reset").count(), 1, "{}", program.stderr());
    assert_eq!(requests(&fixture, ALICE), 2);
    quit(&fixture, program);
}
