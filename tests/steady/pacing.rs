//! How often an account is asked, whatever is clicked and called.

use std::fs;

use chrono::{TimeDelta, Utc};

use super::state::State;
use super::*;
use crate::common::{Answer, claude_usage};

const FIVE: &str = "[limits]\nrequests_per_five_minutes = 5\n";

/// How often an account was asked.
fn asked(scene: &Scene, email: &str) -> usize {
    scene.usage.requests_with(scene.account(email).access_token()).len()
}

#[test]
fn no_account_is_asked_more_often_than_the_limit_however_often_it_is_clicked_and_called() {
    let mut scene = Scene::new().claude(ALICE).codex(BOB).config(FIVE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));

    let bars: Vec<_> = (0..6).map(|_| scene.spawn(&["status"])).collect();
    for bar in bars {
        let done = bar.finish();
        assert!(done.status.success(), "{done:?}");
        assert!(done.stdout.contains("alice@example.com — 42% left"), "{}", done.stdout);
    }
    for _ in 0..6 {
        scene.host.click("Refresh now");
    }
    // A refresh that comes after all of these, and that shows.
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 90.0), ("seven_day", 10.0)]);
    scene.add_codex(CAROL);
    let menu = scene.host.menu_until(showing("carol@example.com — 70% left"));
    assert_eq!((asked(&scene, ALICE), asked(&scene, BOB)), (5, 5));
    // The last values stay, and the row says from when on there will be others.
    let row = menu.item("alice@example.com — 42% left");
    assert!(row.shows("Next request after "), "{menu}");
    let done = scene.run(&["status"]);
    assert!(done.status.success() && done.stdout.contains("alice@example.com — 42% left"), "{done:?}");

    // Nor after a restart, nor with other settings.
    quit(&scene, program);
    let _program = scene.spawn(&[]);
    scene.host.menu_until(showing("Next request after "));
    scene.set_config(&format!("hide_email = true\n{FIVE}"));
    scene.host.menu_until(showing("a…e — 42% left"));
    assert_eq!((asked(&scene, ALICE), asked(&scene, BOB)), (5, 5));

    State::of(&scene).age(TimeDelta::minutes(5));
    refresh(&scene, "a…e — 10% left");
    assert_eq!(asked(&scene, ALICE), 6);
}

#[test]
fn an_account_that_was_asked_often_enough_before_it_ever_answered_says_when_it_will_be_asked() {
    let scene = Scene::new().claude(ALICE).config("[limits]\nrequests_per_five_minutes = 1\n");
    scene.usage.answer(scene.account(ALICE).access_token(), Answer::json(&Value::Null));
    status(&scene);
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 58.0)]);
    let state = State::of(&scene);
    fs::remove_file(state.path("snapshot.json")).expect("removed");
    let _program = scene.spawn(&[]);
    let menu = scene.host.menu_until(showing("alice@example.com — request limit reached"));
    assert!(words(menu.item(ALICE)).contains("Asked often enough for now; asking again at "), "{menu}");
    assert_eq!(asked(&scene, ALICE), 1);
    state.age(TimeDelta::minutes(5));
    refresh(&scene, "alice@example.com — 42% left");
}

#[test]
fn a_limit_holds_where_nothing_can_be_kept() {
    let mut scene = Scene::new().claude(ALICE).config(FIVE);
    // A file where the state directory should be: it can't be made, and nothing be written.
    fs::write(scene.state_home().join("quota-tray"), "in the way").expect("written");
    let _program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    for _ in 0..9 {
        scene.host.click("Refresh now");
        scene.host.menu_until(at_rest);
    }
    scene.add_codex(CAROL);
    scene.host.menu_until(showing("carol@example.com — 70% left"));
    assert!(asked(&scene, ALICE) <= 5, "asked {} times", asked(&scene, ALICE));
}

#[test]
fn a_server_in_trouble_is_left_alone_for_longer_and_longer() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let alice = scene.account(ALICE);
    let id = alice.file().file_name().expect("a name").to_string_lossy().into_owned();
    scene.usage.answer(alice.access_token(), Answer::status(503));
    let state = State::of(&scene);
    for (failures, seconds) in [(1, 30.0), (2, 60.0), (3, 120.0), (4, 240.0)] {
        let before = Utc::now();
        assert_eq!(status(&scene).1, Some(1));
        assert_eq!(asked(&scene, ALICE), failures);
        let pause = state.pace(&id, "pause_until").expect("it rests") - before;
        let least = seconds * 0.75;
        // What the run itself took comes on top.
        let most = seconds * 1.25 + (Utc::now() - before).as_seconds_f64();
        assert!((least..=most).contains(&pause.as_seconds_f64()), "{failures}: {pause}");
        // Not before that, by the clock.
        let (report, code) = status(&scene);
        assert_eq!((asked(&scene, ALICE), code), (failures, Some(1)));
        let error = report[0]["error"].as_str().expect("it failed");
        assert!(error.contains("503"), "{error}");
        state.age(pause);
    }
    assert_eq!(asked(&scene, BOB), 8, "the other one goes on");
}

#[test]
fn a_server_in_trouble_is_asked_where_a_person_wants_it_and_is_back_at_once() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let alice = scene.account(ALICE);
    assert_eq!(status(&scene).1, Some(0));
    scene.usage.answer(alice.access_token(), Answer::status(500));
    assert_eq!(status(&scene).1, Some(1));

    // The first refresh is by the clock: it leaves alice alone.
    let _program = scene.spawn(&[]);
    scene.usage.wait_for_requests(scene.account(BOB).access_token(), 3);
    // What the runs before have left is shown first.
    let is_held = |menu: &Menu| menu.find(ALICE).is_some_and(|item| item.shows("Next request after "));
    let menu = scene.host.menu_until(|menu| at_rest(menu) && is_held(menu));
    assert!(menu.shows("alice@example.com — 42% left · just now · server error 500"), "{menu}");
    assert_eq!(asked(&scene, ALICE), 2);

    scene.usage.answer(alice.access_token(), claude_usage(&[("five_hour", 61.0), ("seven_day", 10.0)]));
    let menu = refresh(&scene, "alice@example.com — 39% left");
    assert!(!menu.shows("server error") && !menu.shows("Next request after"), "{menu}");
    // Nothing is left of it: the next one by the clock asks.
    assert_eq!(status(&scene).1, Some(0));
    assert_eq!(asked(&scene, ALICE), 4);
}
