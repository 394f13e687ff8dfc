//! Notification servers that are missing, refuse, hang, or take their time.

use super::unresponsive::UnresponsiveService;
use super::*;
use crate::common::NotifyBehavior;

/// An account above every threshold, and the program after its first refresh.
fn fine() -> (Fixture, Program) {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    (fixture, program)
}

/// Alice falls below a threshold.
#[track_caller]
fn alice_falls(fixture: &Fixture) {
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 88.0), ("seven_day", 10.0)]);
    refresh(fixture, "alice@example.com — 12% left");
}

/// Bob falls below a threshold.
#[track_caller]
fn bob_falls(fixture: &Fixture) {
    fixture.codex_used(&fixture.account(BOB), &[(18_000, 86), (604_800, 30)]);
    refresh(fixture, "bob@example.com — 14% left");
}

#[test]
fn missing_notification_server_is_logged_and_found_once_started() {
    let (mut fixture, program) = fine();
    fixture.notifications.stop();
    alice_falls(&fixture);
    program.stderr_line("could not show the notification \"Claude 5-hour: 12% left\": ");
    fixture.notifications.start_again(&fixture.bus);
    bob_falls(&fixture);
    let shown = fixture.notifications.wait_for(1);
    assert!(shown[0].says("Codex 5-hour: 14% left"), "{shown:#?}");
    quit(&fixture, program);
}

#[test]
fn refused_notification_is_logged_and_the_next_one_sent() {
    let (fixture, program) = fine();
    fixture.notifications.set_behavior(NotifyBehavior::Refuse);
    alice_falls(&fixture);
    let line = program.stderr_line("could not show the notification \"Claude 5-hour: 12% left\": ");
    assert!(line.contains("too many notifications"), "{line}");
    fixture.notifications.set_behavior(NotifyBehavior::Show);
    bob_falls(&fixture);
    let shown = fixture.notifications.wait_for(2);
    assert!(shown[1].says("Codex 5-hour: 14% left"), "{shown:#?}");
    // The rejected notification is not sent again.
    refresh(&fixture, "alice@example.com — 12% left");
    assert_eq!(fixture.notifications.all().len(), 2);
    quit(&fixture, program);
}

#[test]
fn unresponsive_notification_server_times_out_and_gets_the_next_one() {
    let (fixture, program) = fine();
    fixture.notifications.set_behavior(NotifyBehavior::Hang);
    alice_falls(&fixture);
    fixture.notifications.wait_for(1);
    fixture.notifications.set_behavior(NotifyBehavior::Show);
    // The menu still updates, and the second notification is queued.
    bob_falls(&fixture);
    program.stderr_line("\"Claude 5-hour: 12% left\": the notification server does not respond");
    let shown = fixture.notifications.wait_for(2);
    assert!(shown[1].says("Codex 5-hour: 14% left"), "{shown:#?}");
    quit(&fixture, program);
}

#[test]
fn unresponsive_notification_server_does_not_delay_quit() {
    let (fixture, program) = fine();
    fixture.notifications.set_behavior(NotifyBehavior::Hang);
    alice_falls(&fixture);
    bob_falls(&fixture);
    fixture.notifications.wait_for(1);
    quit(&fixture, program);
}

#[test]
fn slow_notification_server_gets_one_call_at_a_time() {
    let (mut fixture, program) = fine();
    fixture.notifications.stop();
    let slow = UnresponsiveService::start(&fixture.bus, "org.freedesktop.Notifications", &[]);
    alice_falls(&fixture);
    slow.wait_for("Notify");
    bob_falls(&fixture);
    assert!(!slow.was_called(), "the second did not wait for the first");
    slow.resume();
    slow.wait_for("Notify");
    quit(&fixture, program);
}
