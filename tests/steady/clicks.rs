//! Clicks at bad moments, and many of them.

use super::*;
use crate::common::{Gate, MenuItem, Response, claude_usage};

/// From now on Alice's answer waits for the gate, and then tells of so many percent used.
fn slow(fixture: &Fixture, used: f64) -> Gate {
    let gate = Gate::new();
    let answer = Response::from(claude_usage(&[("five_hour", used), ("seven_day", 10.0)]));
    fixture.server.respond(fixture.account(ALICE).access_token(), answer.behind(&gate));
    gate
}

fn asked(fixture: &Fixture) -> usize {
    fixture.server.requests_with(fixture.account(ALICE).access_token()).len()
}

/// The menu in the middle of a refresh.
#[track_caller]
fn in_the_middle(fixture: &Fixture, number: usize) -> Menu {
    fixture.server.wait_for_requests(fixture.account(ALICE).access_token(), number);
    fixture.host.menu_until(|menu| menu.shows("Refreshing…"))
}

#[test]
fn fifty_clicks_during_a_slow_refresh_start_one_refresh() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    let mut item: MenuItem = fixture.host.menu_until(showing("42% left")).item("Refresh now").clone();
    let gate = slow(&fixture, 80.0);
    for _ in 0..50 {
        // The id of the item changes with the layout of the menu; then it is read again.
        if fixture.host.send_click(&item).is_err() {
            item = fixture.host.menu().item("Refresh").clone();
        }
    }
    in_the_middle(&fixture, 2);
    gate.open();
    fixture.host.menu_until(showing("20% left"));
    assert_eq!(asked(&fixture), 2);
    quit(&fixture, program);
}

#[test]
fn fifty_clicks_with_fast_responses_send_few_requests() {
    let mut fixture = Fixture::new().claude(ALICE).config("[limits]\nrequests_per_five_minutes = 5\n");
    let program = fixture.spawn(&[]);
    let mut menu = fixture.host.menu_until(showing("42% left"));
    for _ in 0..50 {
        // The number of the item changes with the shape of the menu: then a person looks again.
        if fixture.host.send_click(menu.item("Refresh")).is_err() {
            menu = fixture.host.menu();
        }
    }
    // A refresh that comes after all of these, and that shows.
    fixture.add_codex(BOB);
    fixture.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(asked(&fixture) <= 5, "{} requests", asked(&fixture));
    quit(&fixture, program);
}

#[test]
fn refresh_now_during_a_refresh_is_disabled() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let gate = slow(&fixture, 80.0);
    fixture.host.click("Refresh now");
    let menu = in_the_middle(&fixture, 2);
    let item = menu.item("Refreshing…");
    assert!(!item.enabled, "{menu}");
    for _ in 0..5 {
        fixture.host.send_click(item).expect("the item is there");
    }
    gate.open();
    fixture.host.menu_until(showing("20% left"));
    assert_eq!(asked(&fixture), 2);
    quit(&fixture, program);
}

#[test]
fn setting_chosen_during_a_refresh_takes_effect_and_loses_no_response() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let gate = slow(&fixture, 80.0);
    fixture.host.click("Refresh now");
    in_the_middle(&fixture, 2);
    fixture.host.click("Hide e-mail addresses");
    let menu = fixture.host.menu_until(|menu| menu.shows("a…e — 42% left"));
    assert_eq!(menu.item("Hide e-mail").checked, Some(true), "{menu}");
    gate.open();
    fixture.host.menu_until(showing("a…e — 20% left"));
    quit(&fixture, program);
}

#[test]
fn account_added_during_a_refresh_is_in_the_next() {
    let mut fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let gate = slow(&fixture, 80.0);
    fixture.host.click("Refresh now");
    in_the_middle(&fixture, 2);
    let bob = fixture.add_codex(BOB);
    fixture.server.wait_for_requests(bob.access_token(), 1);
    gate.open();
    fixture.host.menu_until(|menu| at_rest(menu) && menu.shows("20% left") && menu.shows("70% left"));
    quit(&fixture, program);
}

#[test]
fn quit_does_not_wait_for_a_refresh() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let _gate = slow(&fixture, 80.0);
    fixture.host.click("Refresh now");
    in_the_middle(&fixture, 2);
    quit(&fixture, program);
}
