//! The last values survive a restart.

use std::fs;

use chrono::TimeDelta;
use serde_json::json;

use super::state_dir::{FILES, StateDir};
use super::*;
use crate::common::{Gate, Response, claude_usage, codex_usage};

/// A claude account with 42 % left and a codex one with 70 %, last seen so long ago.
fn known(ago: TimeDelta) -> Fixture {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    assert_eq!(status(&fixture).1, Some(0));
    StateDir::of(&fixture).age(ago);
    fixture
}

/// Makes every response wait for the gate, and then report these used percentages.
fn slow(fixture: &Fixture, claude: f64, codex: i64) -> Gate {
    let gate = Gate::new();
    let (alice, bob) = (fixture.account(ALICE), fixture.account(BOB));
    let claude = Response::from(claude_usage(&[("five_hour", claude), ("seven_day", 10.0)]));
    let codex = Response::from(codex_usage(&[(18_000, codex), (604_800, 30)]));
    fixture.server.respond(alice.access_token(), claude.behind(&gate));
    fixture.server.respond(bob.access_token(), codex.behind(&gate));
    gate
}

#[test]
fn first_menu_shows_last_values_with_their_age() {
    let fixture = known(TimeDelta::hours(2));
    let gate = slow(&fixture, 80.0, 45);
    let _program = fixture.spawn(&[]);
    let is_old = |menu: &Menu| {
        let shows = |account, left: &str| {
            menu.shows(&format!("{account} — {left}")) && menu.item(account).label.ends_with(" — 2 h ago")
        };
        shows(ALICE, "42% left") && shows(BOB, "70% left")
    };

    let first = fixture.host.menu();
    assert!(is_old(&first), "{first}");
    fixture.server.wait_for_requests(fixture.account(ALICE).access_token(), 2);
    let meanwhile = fixture.host.menu_until(|menu| menu.shows("Refreshing…"));
    assert!(is_old(&meanwhile), "{meanwhile}");
    let icon = fixture.host.icon();
    assert!(icon.tooltip.text.contains("5-hour: 42% left"), "{icon:#?}");

    gate.open();
    let new = fixture.host.menu_until(showing("20% left"));
    assert!(new.shows("alice@example.com — 20% left") && new.shows("bob@example.com — 55% left"), "{new}");
    assert!(!new.shows("ago"), "{new}");
}

#[test]
fn tray_keeps_last_values_for_the_next_run() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("70% left"));
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 67.0), ("seven_day", 10.0)]);
    refresh(&fixture, "33% left");
    quit(&fixture, program);

    let _gate = slow(&fixture, 80.0, 45);
    let _program = fixture.spawn(&[]);
    let first = fixture.host.menu();
    assert!(
        first.shows("alice@example.com — 33% left") && first.shows("bob@example.com — 70% left"),
        "{first}"
    );
}

#[test]
fn state_directory_holds_no_token() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 97.0), ("seven_day", 10.0)]);
    fixture.server.respond(fixture.account(BOB).access_token(), Response::status(429));
    let program = fixture.spawn(&["-vvv"]);
    fixture.host.menu_until(showing("Rate limited"));
    fixture.notifications.wait_for(1);
    refresh(&fixture, "Rate limited");
    quit(&fixture, program);

    let files = StateDir::of(&fixture).files();
    for name in FILES {
        assert!(files.iter().any(|(path, _)| path.ends_with(name)), "no {name}");
    }
    for account in [fixture.account(ALICE), fixture.account(BOB)] {
        for token in [account.access_token(), account.refresh_token()] {
            for (path, content) in &files {
                let text = String::from_utf8_lossy(content);
                assert!(!text.contains(token), "{}: {text}", path.display());
            }
        }
    }
}

#[test]
fn window_past_its_reset_is_unconfirmed_and_not_counted() {
    // The 5-hour windows reset 2½ hours after they were fetched.
    let fixture = known(TimeDelta::hours(3));
    let gate = slow(&fixture, 95.0, 95);
    let program = fixture.spawn(&[]);
    let menu = fixture.host.menu();
    for (account, left) in [(ALICE, "90% left"), (BOB, "70% left")] {
        assert!(menu.item(account).shows(left) && menu.item(account).label.ends_with(" — 3 h ago"), "{menu}");
    }
    let five_hour = &menu.item(ALICE).find("5-hour: ").expect("it is still shown").label;
    assert!(
        five_hour.starts_with("5-hour: reset at ") && five_hour.ends_with(", not yet confirmed"),
        "{menu}"
    );
    let icon = fixture.host.icon();
    assert!(icon.tooltip.text.contains("bob@example.com\nWeekly: 70% left"), "{icon:#?}");
    // No notification before the first response.
    fixture.server.wait_for_requests(fixture.account(BOB).access_token(), 2);
    assert!(fixture.notifications.all().is_empty());
    gate.open();
    fixture.host.menu_until(|menu| {
        at_rest(menu) && [ALICE, BOB].iter().all(|account| menu.item(account).shows("5-hour: 5% left"))
    });
    fixture.notifications.wait_for(2);
    quit(&fixture, program);
}

#[test]
fn account_with_every_window_past_its_reset_shows_no_number() {
    let fixture = known(TimeDelta::days(5));
    for account in [fixture.account(ALICE), fixture.account(BOB)] {
        fixture.server.respond(account.access_token(), Response::status(500));
    }
    let (report, code) = status(&fixture);
    assert_eq!(code, Some(1));
    for account in &report {
        assert_eq!(account["lowest_remaining_percent"], Value::Null, "{account:#}");
        assert_eq!(account["state"], "stale", "{account:#}");
    }
    let _program = fixture.spawn(&[]);
    let menu = fixture.host.menu_until(|menu| menu.shows(ALICE));
    for account in [ALICE, BOB] {
        assert!(menu.item(account).label.ends_with(" — 5 d ago"), "{menu}");
        assert!(menu.item(account).shows("not yet confirmed") && !menu.item(account).shows("%"), "{menu}");
    }
}

#[test]
fn invalid_state_files_count_as_missing() {
    let fixture = Fixture::new().claude(ALICE);
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let state = StateDir::of(&fixture);
    let rubbish: [&[u8]; 6] = [
        b"",
        b"{\"accounts\": [{}]",
        b"\xff\xfe\x00\x00",
        &b"[".repeat(300_000),
        b"{\"accounts\": 5, \"windows\": 5}",
        b"null",
    ];
    for (done, content) in rubbish.into_iter().enumerate() {
        for name in FILES {
            state.write(name, content);
        }
        let program = fixture.spawn(&[]);
        fixture.host.menu_until(showing("alice@example.com — 15% left"));
        fixture.notifications.wait_for(done + 1);
        quit(&fixture, program);
        let kept = state.read("snapshot.json");
        assert_eq!(kept["accounts"][0]["account"]["email"], ALICE, "{kept:#}");
        assert!(state.read("alerts.json")["windows"].is_object());
        assert!(state.read("pacing.json")["accounts"].is_object());
    }
    // Folders in place of the files, which cannot be replaced.
    for name in FILES {
        fs::remove_file(state.path(name)).expect("removed");
        fs::create_dir_all(state.path(name).join("in the way")).expect("made");
    }
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 15% left"));
    quit(&fixture, program);
}

#[test]
fn extreme_numbers_in_the_request_budget_do_not_panic() {
    let fixture = Fixture::new().claude(ALICE);
    let alice = fixture.account(ALICE);
    let pacing = json!({"accounts": {"claude-alice@example.com.json": {
        "asked": ["+262142-12-31T23:59:59Z", "-262143-01-01T00:00:00Z"],
        "cool_until": "+262142-12-31T23:59:59Z",
        "pause_until": "-262143-01-01T00:00:00Z",
        "refusals": u32::MAX,
        "failures": u32::MAX,
    }}});
    for (response, expected) in
        [(Response::status(503), "server error 503"), (Response::status(429), "rate limited until ")]
    {
        fixture.server.respond(alice.access_token(), response);
        StateDir::of(&fixture).write("pacing.json", pacing.to_string());
        let (report, code) = status(&fixture);
        assert_eq!(code, Some(1), "{report:#?}");
        let error = report[0]["error"].as_str().expect("it failed");
        assert!(error.contains(expected), "{error}");
        // From then on it is throttled as usual.
        let requests = fixture.server.requests().len();
        assert_eq!(status(&fixture).1, Some(1));
        assert_eq!(fixture.server.requests().len(), requests, "{expected}");
    }
}
