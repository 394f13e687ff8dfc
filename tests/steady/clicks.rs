//! Clicks at bad moments, and many of them.

use super::*;
use crate::common::{Answer, Gate, MenuItem, claude_usage};

/// From now on Alice's answer waits for the gate, and then tells of so many percent used.
fn slow(scene: &Scene, used: f64) -> Gate {
    let gate = Gate::new();
    let answer = Answer::from(claude_usage(&[("five_hour", used), ("seven_day", 10.0)]));
    scene.usage.answer(scene.account(ALICE).access_token(), answer.behind(&gate));
    gate
}

fn asked(scene: &Scene) -> usize {
    scene.usage.requests_with(scene.account(ALICE).access_token()).len()
}

/// The menu in the middle of a refresh.
#[track_caller]
fn in_the_middle(scene: &Scene, number: usize) -> Menu {
    scene.usage.wait_for_requests(scene.account(ALICE).access_token(), number);
    scene.host.menu_until(|menu| menu.shows("Refreshing…"))
}

#[test]
fn fifty_clicks_in_a_second_are_one_refresh_where_it_takes_that_long() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    let item: MenuItem = scene.host.menu_until(showing("42% left")).item("Refresh now").clone();
    let gate = slow(&scene, 80.0);
    for _ in 0..50 {
        scene.host.send_click(&item).expect("the shape of the menu stays");
    }
    in_the_middle(&scene, 2);
    gate.open();
    scene.host.menu_until(showing("20% left"));
    assert_eq!(asked(&scene), 2);
    quit(&scene, program);
}

#[test]
fn fifty_clicks_in_a_second_are_few_requests_where_the_answers_come_at_once() {
    let mut scene = Scene::new().claude(ALICE).config("[limits]\nrequests_per_five_minutes = 5\n");
    let program = scene.spawn(&[]);
    let mut menu = scene.host.menu_until(showing("42% left"));
    for _ in 0..50 {
        // The number of the item changes with the shape of the menu: then a person looks again.
        if scene.host.send_click(menu.item("Refresh")).is_err() {
            menu = scene.host.menu();
        }
    }
    // A refresh that comes after all of these, and that shows.
    scene.add_codex(BOB);
    scene.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(asked(&scene) <= 5, "{} requests", asked(&scene));
    quit(&scene, program);
}

#[test]
fn refresh_now_in_the_middle_of_a_refresh_is_greyed_and_asks_nobody() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let gate = slow(&scene, 80.0);
    scene.host.click("Refresh now");
    let menu = in_the_middle(&scene, 2);
    let item = menu.item("Refreshing…");
    assert!(!item.enabled, "{menu}");
    for _ in 0..5 {
        scene.host.send_click(item).expect("the item is there");
    }
    gate.open();
    scene.host.menu_until(showing("20% left"));
    assert_eq!(asked(&scene), 2);
    quit(&scene, program);
}

#[test]
fn a_setting_that_is_chosen_in_the_middle_of_a_refresh_takes_effect_and_no_answer_is_lost() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let gate = slow(&scene, 80.0);
    scene.host.click("Refresh now");
    in_the_middle(&scene, 2);
    scene.host.click("Hide e-mail addresses");
    let menu = scene.host.menu_until(|menu| menu.shows("a…e — 42% left"));
    assert_eq!(menu.item("Hide e-mail").checked, Some(true), "{menu}");
    gate.open();
    scene.host.menu_until(showing("a…e — 20% left"));
    quit(&scene, program);
}

#[test]
fn an_account_that_comes_in_the_middle_of_a_refresh_is_in_the_next() {
    let mut scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let gate = slow(&scene, 80.0);
    scene.host.click("Refresh now");
    in_the_middle(&scene, 2);
    let bob = scene.add_codex(BOB);
    scene.usage.wait_for_requests(bob.access_token(), 1);
    gate.open();
    scene.host.menu_until(|menu| at_rest(menu) && menu.shows("20% left") && menu.shows("70% left"));
    quit(&scene, program);
}

#[test]
fn the_end_does_not_wait_for_a_refresh() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let _gate = slow(&scene, 80.0);
    scene.host.click("Refresh now");
    in_the_middle(&scene, 2);
    quit(&scene, program);
}
