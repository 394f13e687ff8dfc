//! Notification servers that are missing, refuse, hang, or take their time.

use super::frozen::Frozen;
use super::*;
use crate::common::Manners;

/// An account that has more left than any threshold, and the program that has seen it.
fn fine() -> (Scene, Program) {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    (scene, program)
}

/// Alice falls below a threshold.
#[track_caller]
fn alice_falls(scene: &Scene) {
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 88.0), ("seven_day", 10.0)]);
    refresh(scene, "alice@example.com — 12% left");
}

/// Bob does.
#[track_caller]
fn bob_falls(scene: &Scene) {
    scene.codex_used(&scene.account(BOB), &[(18_000, 86), (604_800, 30)]);
    refresh(scene, "bob@example.com — 14% left");
}

#[test]
fn a_server_that_is_missing_is_logged_and_the_next_notice_finds_one_that_has_come() {
    let (mut scene, program) = fine();
    scene.notifications.stop();
    alice_falls(&scene);
    program.stderr_line("could not show the notification \"Claude 5-hour: 12% left\": ");
    scene.notifications.start_again(&scene.bus);
    bob_falls(&scene);
    let shown = scene.notifications.wait_for(1);
    assert!(shown[0].says("Codex 5-hour: 14% left"), "{shown:#?}");
    quit(&scene, program);
}

#[test]
fn a_server_that_refuses_is_logged_and_asked_again_at_the_next_notice() {
    let (scene, program) = fine();
    scene.notifications.mind(Manners::Refuses);
    alice_falls(&scene);
    let line = program.stderr_line("could not show the notification \"Claude 5-hour: 12% left\": ");
    assert!(line.contains("too many notifications"), "{line}");
    scene.notifications.mind(Manners::Answers);
    bob_falls(&scene);
    let asked = scene.notifications.wait_for(2);
    assert!(asked[1].says("Codex 5-hour: 14% left"), "{asked:#?}");
    // The refused one does not come again: it was said, as far as that goes.
    refresh(&scene, "alice@example.com — 12% left");
    assert_eq!(scene.notifications.all().len(), 2);
    quit(&scene, program);
}

#[test]
fn a_server_that_hangs_is_given_up_and_the_next_notice_is_shown_when_it_is_back() {
    let (scene, program) = fine();
    scene.notifications.mind(Manners::Hangs);
    alice_falls(&scene);
    scene.notifications.wait_for(1);
    scene.notifications.mind(Manners::Answers);
    // The menu goes on meanwhile, and the second notice waits its turn.
    bob_falls(&scene);
    program.stderr_line("\"Claude 5-hour: 12% left\": the notification server does not respond");
    let shown = scene.notifications.wait_for(2);
    assert!(shown[1].says("Codex 5-hour: 14% left"), "{shown:#?}");
    quit(&scene, program);
}

#[test]
fn a_server_that_hangs_does_not_hold_up_the_end() {
    let (scene, program) = fine();
    scene.notifications.mind(Manners::Hangs);
    alice_falls(&scene);
    bob_falls(&scene);
    scene.notifications.wait_for(1);
    quit(&scene, program);
}

#[test]
fn a_slow_server_gets_one_notice_after_the_other() {
    let (mut scene, program) = fine();
    scene.notifications.stop();
    let slow = Frozen::start(&scene.bus, "org.freedesktop.Notifications", &[]);
    alice_falls(&scene);
    slow.wait_for("Notify");
    bob_falls(&scene);
    assert!(!slow.was_called(), "the second did not wait for the first");
    slow.thaw();
    slow.wait_for("Notify");
    quit(&scene, program);
}
