//! The last good values survive a restart.

use std::fs;

use chrono::TimeDelta;
use serde_json::json;

use super::state::{FILES, State};
use super::*;
use crate::common::{Answer, Gate, claude_usage, codex_usage};

/// A claude account with 42 % left and a codex one with 70 %, last seen so long ago.
fn known(ago: TimeDelta) -> Scene {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    assert_eq!(status(&scene).1, Some(0));
    State::of(&scene).age(ago);
    scene
}

/// From now on every answer waits for the gate, and then tells of these percentages used.
fn slow(scene: &Scene, claude: f64, codex: i64) -> Gate {
    let gate = Gate::new();
    let (alice, bob) = (scene.account(ALICE), scene.account(BOB));
    let claude = Answer::from(claude_usage(&[("five_hour", claude), ("seven_day", 10.0)]));
    let codex = Answer::from(codex_usage(&[(18_000, codex), (604_800, 30)]));
    scene.usage.answer(alice.access_token(), claude.behind(&gate));
    scene.usage.answer(bob.access_token(), codex.behind(&gate));
    gate
}

#[test]
fn what_was_known_is_in_the_very_first_menu_with_its_age() {
    let scene = known(TimeDelta::hours(2));
    let gate = slow(&scene, 80.0, 45);
    let _program = scene.spawn(&[]);
    let old =
        ["Claude · alice@example.com — 42% left · 2 h ago", "Codex · bob@example.com — 70% left · 2 h ago"];

    let first = scene.host.menu();
    assert_eq!(first.labels()[..2], old, "{first}");
    scene.usage.wait_for_requests(scene.account(ALICE).access_token(), 2);
    let meanwhile = scene.host.menu_until(|menu| menu.shows("Refreshing…"));
    assert_eq!(meanwhile.labels()[..2], old, "{meanwhile}");
    let icon = scene.host.icon();
    assert!(icon.tooltip.text.contains("5-hour: 42% left"), "{icon:#?}");

    gate.open();
    let new = scene.host.menu_until(showing("20% left"));
    let fresh = ["Claude · alice@example.com — 20% left", "Codex · bob@example.com — 55% left"];
    assert_eq!(new.labels()[..2], fresh, "{new}");
}

#[test]
fn a_run_of_the_tray_leaves_what_it_saw_for_the_next() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("70% left"));
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 67.0), ("seven_day", 10.0)]);
    refresh(&scene, "33% left");
    quit(&scene, program);

    let _gate = slow(&scene, 80.0, 45);
    let _program = scene.spawn(&[]);
    let first = scene.host.menu();
    assert!(
        first.shows("alice@example.com — 33% left") && first.shows("bob@example.com — 70% left"),
        "{first}"
    );
}

#[test]
fn no_token_is_kept_with_it() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 97.0), ("seven_day", 10.0)]);
    scene.usage.answer(scene.account(BOB).access_token(), Answer::status(429));
    let program = scene.spawn(&["-vvv"]);
    scene.host.menu_until(showing("rate limited"));
    scene.notifications.wait_for(1);
    refresh(&scene, "rate limited");
    quit(&scene, program);

    let files = State::of(&scene).files();
    for name in FILES {
        assert!(files.iter().any(|(path, _)| path.ends_with(name)), "no {name}");
    }
    for account in [scene.account(ALICE), scene.account(BOB)] {
        for token in [account.access_token(), account.refresh_token()] {
            for (path, content) in &files {
                let text = String::from_utf8_lossy(content);
                assert!(!text.contains(token), "{}: {text}", path.display());
            }
        }
    }
}

#[test]
fn a_window_whose_reset_has_passed_since_is_not_yet_confirmed_and_counts_for_nothing() {
    // The 5-hour windows are given back 2½ hours after they were seen.
    let scene = known(TimeDelta::hours(3));
    let gate = slow(&scene, 95.0, 95);
    let program = scene.spawn(&[]);
    let menu = scene.host.menu();
    assert_eq!(
        menu.labels()[..2],
        ["Claude · alice@example.com — 90% left · 3 h ago", "Codex · bob@example.com — 70% left · 3 h ago"],
        "{menu}"
    );
    let five_hour = &menu.item(ALICE).find("5-hour: ").expect("it is still shown").label;
    assert!(
        five_hour.starts_with("5-hour: reset at ") && five_hour.ends_with(", not yet confirmed"),
        "{menu}"
    );
    let icon = scene.host.icon();
    assert!(icon.tooltip.text.contains("bob@example.com\nWeekly: 70% left"), "{icon:#?}");
    // Nothing to warn of, in either direction, until an answer is there.
    scene.usage.wait_for_requests(scene.account(BOB).access_token(), 2);
    assert!(scene.notifications.all().is_empty());
    gate.open();
    scene
        .host
        .menu_until(|menu| at_rest(menu) && menu.labels()[..2].iter().all(|row| row.contains("5% left")));
    scene.notifications.wait_for(2);
    quit(&scene, program);
}

#[test]
fn where_every_reset_has_passed_the_row_has_no_number() {
    let scene = known(TimeDelta::days(5));
    for account in [scene.account(ALICE), scene.account(BOB)] {
        scene.usage.answer(account.access_token(), Answer::status(500));
    }
    let (report, code) = status(&scene);
    assert_eq!(code, Some(1));
    for account in &report {
        assert_eq!(account["lowest_remaining_percent"], Value::Null, "{account:#}");
        assert_eq!(account["state"], "stale", "{account:#}");
    }
    let _program = scene.spawn(&[]);
    let menu = scene.host.menu_until(|menu| menu.shows(ALICE));
    for row in &menu.labels()[..2] {
        assert!(row.contains(" — reset, not yet confirmed · 5 d ago"), "{menu}");
    }
}

#[test]
fn rubbish_in_the_state_is_no_more_than_nothing() {
    let scene = Scene::new().claude(ALICE);
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let state = State::of(&scene);
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
        let program = scene.spawn(&[]);
        scene.host.menu_until(showing("alice@example.com — 15% left"));
        scene.notifications.wait_for(done + 1);
        quit(&scene, program);
        let kept = state.read("snapshot.json");
        assert_eq!(kept["accounts"][0]["account"]["email"], ALICE, "{kept:#}");
        assert!(state.read("alerts.json")["windows"].is_object());
        assert!(state.read("pacing.json")["accounts"].is_object());
    }
    // Folders in the place of the files, which nothing can be put in place of.
    for name in FILES {
        fs::remove_file(state.path(name)).expect("removed");
        fs::create_dir_all(state.path(name).join("in the way")).expect("made");
    }
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 15% left"));
    quit(&scene, program);
}

#[test]
fn numbers_beyond_belief_in_the_pacing_break_nothing() {
    let scene = Scene::new().claude(ALICE);
    let alice = scene.account(ALICE);
    let pacing = json!({"accounts": {"claude-alice@example.com.json": {
        "asked": ["+262142-12-31T23:59:59Z", "-262143-01-01T00:00:00Z"],
        "cool_until": "+262142-12-31T23:59:59Z",
        "pause_until": "-262143-01-01T00:00:00Z",
        "refusals": u32::MAX,
        "failures": u32::MAX,
    }}});
    for (answer, said) in [(Answer::status(503), "(503)"), (Answer::status(429), "rate limited until ")] {
        scene.usage.answer(alice.access_token(), answer);
        State::of(&scene).write("pacing.json", pacing.to_string());
        let (report, code) = status(&scene);
        assert_eq!(code, Some(1), "{report:#?}");
        let error = report[0]["error"].as_str().expect("it failed");
        assert!(error.contains(said), "{error}");
        // And from then on it is left alone as it should be.
        let asked = scene.usage.requests().len();
        assert_eq!(status(&scene).1, Some(1));
        assert_eq!(scene.usage.requests().len(), asked, "{said}");
    }
}
