//! Clicks during a refresh, and many clicks.

use super::*;
use crate::common::{Gate, MenuItem, Response, claude_usage};

/// Makes each response for Alice wait for the gate, and then report `used` percent.
fn slow(fixture: &Fixture, used: f64) -> Gate {
    let gate = Gate::new();
    let response = Response::from(claude_usage(&[("five_hour", used), ("seven_day", 10.0)]));
    fixture.server.respond(fixture.account(ALICE).access_token(), response.behind(&gate));
    gate
}

fn requests(fixture: &Fixture) -> usize {
    fixture.server.requests_with(fixture.account(ALICE).access_token()).len()
}

/// The menu during a refresh.
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
    assert_eq!(requests(&fixture), 2);
    quit(&fixture, program);
}

#[test]
fn fifty_clicks_with_fast_responses_send_few_requests() {
    let mut fixture = Fixture::new().claude(ALICE).config("[limits]\nrequests_per_five_minutes = 5\n");
    let program = fixture.spawn(&[]);
    let mut menu = fixture.host.menu_until(showing("42% left"));
    for _ in 0..50 {
        // The item's id changes with the layout of the menu: then the menu is read again.
        if fixture.host.send_click(menu.item("Refresh")).is_err() {
            menu = fixture.host.menu();
        }
    }
    // A refresh after all of these, whose outcome is visible.
    fixture.add_codex(BOB);
    fixture.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(requests(&fixture) <= 5, "{} requests", requests(&fixture));
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
    assert_eq!(requests(&fixture), 2);
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

#[test]
fn settings_file_that_nothing_opens_is_reported_in_the_menu() {
    let fixture = Fixture::new().claude(ALICE);
    let mut command = fixture.command();
    // No xdg-open there.
    command.env("PATH", fixture.dir());
    let program = fixture.spawn_command(&mut command);
    fixture.host.menu_until(showing("42% left"));
    fixture.host.click("Open settings file");
    fixture.host.menu_until(|menu| menu.labels()[0].starts_with("could not open "));
    program.stderr_line("no program that opens files is installed");
    fixture.host.click("Refresh now");
    fixture.host.menu_until(|menu| at_rest(menu) && !menu.shows("could not open "));
    quit(&fixture, program);
}

#[test]
fn account_is_hidden_and_shown_again_from_the_menu() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(|menu| at_rest(menu) && menu.shows("42% left") && menu.shows("70% left"));
    fixture.host.click("Hide this account");
    let menu = fixture.host.menu_until(|menu| menu.shows("Hidden accounts (1)"));
    assert_eq!(menu.labels()[0], "Codex · bob@example.com · Plus", "{menu}");
    fixture.host.icon_until(|icon| icon.tooltip.text.contains("bob@example.com"));
    fixture.host.click("Show Claude · alice@example.com");
    let menu = fixture.host.menu_until(showing("alice@example.com — 42% left"));
    assert!(!menu.shows("Hidden accounts"), "{menu}");
    quit(&fixture, program);
}
