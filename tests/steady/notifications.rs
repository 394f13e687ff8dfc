//! Notification servers that are missing, refuse, hang, or take their time.

use super::unresponsive::UnresponsiveService;
use super::*;
use crate::common::NotifyBehavior;
use quota_tray::presenter::icon_state::IconState;
use quota_tray::tray::icon;

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
fn missing_notification_server_is_logged_and_gets_the_notification_once_started() {
    let (mut fixture, program) = fine();
    fixture.notifications.stop();
    alice_falls(&fixture);
    program.stderr_line("could not show the notification \"Claude 5-hour: 12% left\": ");
    fixture.notifications.start_again(&fixture.bus);
    let shown = fixture.notifications.wait_for(1);
    assert!(shown[0].says("Claude 5-hour: 12% left"), "{shown:#?}");
    bob_falls(&fixture);
    let shown = fixture.notifications.wait_for(2);
    assert!(shown[1].says("Codex 5-hour: 14% left"), "{shown:#?}");
    refresh(&fixture, "bob@example.com — 14% left");
    assert_eq!(fixture.notifications.all().len(), 2);
    quit(&fixture, program);
}

#[test]
fn notifications_before_the_server_starts_are_one_summary_afterwards() {
    let mut fixture = Fixture::new().claude(ALICE).codex(BOB);
    fixture.notifications.stop();
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 88.0), ("seven_day", 10.0)]);
    fixture.codex_used(&fixture.account(BOB), &[(18_000, 86), (604_800, 30)]);
    let program = fixture.spawn(&[]);
    program.stderr_line("could not show the notification \"C");
    let state = super::state_dir::StateDir::of(&fixture);
    let held = || state.read("alerts.json").to_string().matches("\"held\":true").count();
    assert!(crate::common::poll_until(TIMEOUT, || held() == 2), "{}", state.read("alerts.json"));
    quit(&fixture, program);
    // The last known values of the accounts are still true after a restart.
    fixture.notifications.start_again(&fixture.bus);
    let program = fixture.spawn(&[]);
    let shown = fixture.notifications.wait_for(1);
    assert_eq!(shown[0].summary, "2 quota windows low", "{shown:#?}");
    assert!(crate::common::poll_until(TIMEOUT, || held() == 0), "{}", state.read("alerts.json"));
    refresh(&fixture, "bob@example.com — 14% left");
    assert_eq!(fixture.notifications.all().len(), 1);
    quit(&fixture, program);
}

#[test]
fn refused_notification_is_logged_and_sent_again_with_the_next_refresh() {
    let (fixture, program) = fine();
    fixture.notifications.set_behavior(NotifyBehavior::Refuse);
    alice_falls(&fixture);
    let line = program.stderr_line("could not show the notification \"Claude 5-hour: 12% left\": ");
    assert!(line.contains("too many notifications"), "{line}");
    fixture.notifications.set_behavior(NotifyBehavior::Show);
    bob_falls(&fixture);
    let shown = fixture.notifications.wait_for(2);
    assert_eq!(shown[1].summary, "2 quota windows low", "{shown:#?}");
    refresh(&fixture, "alice@example.com — 12% left");
    assert_eq!(fixture.notifications.all().len(), 2);
    quit(&fixture, program);
}

/// As one that crashes whenever it gets a notification, and that the bus starts again for the next one.
#[test]
fn server_that_restarts_repeatedly_gets_one_retry_before_the_next_refresh() {
    let (mut fixture, program) = fine();
    fixture.notifications.set_behavior(NotifyBehavior::Refuse);
    alice_falls(&fixture);
    fixture.notifications.wait_for(1);
    program.stderr_line("could not show the notification");
    let state = super::state_dir::StateDir::of(&fixture);
    let is_held = || state.read("alerts.json").to_string().contains("\"held\":true");
    for _ in 0..5 {
        // The refusal has arrived: a call without a reply would count as one that may have been shown.
        assert!(crate::common::poll_until(TIMEOUT, is_held), "{}", state.read("alerts.json"));
        fixture.notifications.stop();
        fixture.notifications.start_again(&fixture.bus);
        fixture.notifications.wait_for(2);
    }
    assert!(crate::common::poll_until(TIMEOUT, is_held), "{}", state.read("alerts.json"));
    fixture.notifications.set_behavior(NotifyBehavior::Show);
    refresh(&fixture, "alice@example.com — 12% left");
    let sent = fixture.notifications.wait_for(3);
    let behaviors: Vec<_> = sent.iter().map(|notification| notification.behavior).collect();
    assert_eq!(behaviors, [NotifyBehavior::Refuse, NotifyBehavior::Refuse, NotifyBehavior::Show]);
    quit(&fixture, program);
}

#[test]
fn notification_that_a_hung_server_got_is_sent_once_more() {
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
    refresh(&fixture, "alice@example.com — 12% left");
    let shown = fixture.notifications.wait_for(3);
    assert!(shown[2].says("Claude 5-hour: 12% left"), "{shown:#?}");
    refresh(&fixture, "alice@example.com — 12% left");
    assert_eq!(fixture.notifications.all().len(), 3);
    quit(&fixture, program);
}

#[test]
fn unresponsive_notification_server_does_not_delay_quit_and_gets_the_notifications_after_a_restart() {
    let (fixture, program) = fine();
    fixture.notifications.set_behavior(NotifyBehavior::Hang);
    alice_falls(&fixture);
    bob_falls(&fixture);
    fixture.notifications.wait_for(1);
    quit(&fixture, program);
    fixture.notifications.set_behavior(NotifyBehavior::Show);
    let program = fixture.spawn(&[]);
    let shown = fixture.notifications.wait_for(2);
    assert_eq!(shown[1].summary, "2 quota windows low", "{shown:#?}");
    quit(&fixture, program);
}

#[test]
fn slow_notification_server_gets_one_call_at_a_time() {
    let (mut fixture, program) = fine();
    fixture.notifications.stop();
    let replied = &["GetCapabilities"];
    let slow = UnresponsiveService::start(&fixture.bus, "org.freedesktop.Notifications", replied);
    alice_falls(&fixture);
    slow.wait_for("Notify");
    bob_falls(&fixture);
    assert!(!slow.was_called(), "the second did not wait for the first");
    slow.resume();
    slow.wait_for("Notify");
    quit(&fixture, program);
}

/// Alice falls further, below the lowest threshold.
#[track_caller]
fn alice_falls_further(fixture: &Fixture) {
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 97.0), ("seven_day", 10.0)]);
    refresh(fixture, "alice@example.com — 3% left");
}

/// Alice has used up a window.
#[track_caller]
fn alice_uses_it_up(fixture: &Fixture) {
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 100.0), ("seven_day", 10.0)]);
    refresh(fixture, "alice@example.com — 0% left");
}

#[test]
fn notification_has_its_picture_urgency_and_actions() {
    let (fixture, program) = fine();
    alice_falls(&fixture);
    let low = &fixture.notifications.wait_for(1)[0];
    assert!(low.body.starts_with("alice@example.com · resets "), "{low:#?}");
    assert_eq!((low.urgency(), low.app_icon.as_str(), low.expire_timeout), (Some(1), "", -1));
    let low_gauge = icon::row(IconState::Low(12.0), 64, icon::Palette::AnyPanel).rgba;
    assert_eq!(low.picture(), Some((64, 64, low_gauge)));
    assert_eq!(low.actions, ["default", "", "show", "Show", "snooze", "Snooze 1 h"]);
    alice_uses_it_up(&fixture);
    let used_up = &fixture.notifications.wait_for(2)[1];
    assert_eq!((used_up.summary.as_str(), used_up.urgency()), ("Claude 5-hour used up", Some(2)));
    quit(&fixture, program);
}

#[test]
fn server_without_actions_and_markup_gets_neither() {
    let fixture = Fixture::new().claude("a&b@example.com");
    fixture.notifications.set_capabilities(&["body"]);
    let account = fixture.account("a&b@example.com");
    fixture.claude_used(&account, &[("five_hour", 88.0)]);
    let program = fixture.spawn(&[]);
    let plain = &fixture.notifications.wait_for(1)[0];
    assert!(plain.actions.is_empty() && plain.body.starts_with("a&b@example.com · "), "{plain:#?}");
    fixture.notifications.set_capabilities(&["body", "body-markup"]);
    fixture.claude_used(&account, &[("five_hour", 97.0)]);
    refresh(&fixture, "3% left");
    let marked_up = &fixture.notifications.wait_for(2)[1];
    assert!(marked_up.body.starts_with("a&amp;b@example.com · "), "{marked_up:#?}");
    quit(&fixture, program);
}

#[test]
fn lower_threshold_replaces_the_notification_unless_it_was_dismissed() {
    let (fixture, program) = fine();
    alice_falls(&fixture);
    bob_falls(&fixture);
    alice_falls_further(&fixture);
    let shown = fixture.notifications.wait_for(3);
    let ids: Vec<_> = shown.iter().map(|one| (one.replaces_id, one.id)).collect();
    assert_eq!(ids, [(0, 1), (0, 2), (1, 1)], "{shown:#?}");
    fixture.notifications.dismiss(1);
    alice_uses_it_up(&fixture);
    assert_eq!(fixture.notifications.wait_for(4)[3].replaces_id, 0);
    quit(&fixture, program);
}

#[test]
fn notifications_of_a_server_that_was_restarted_are_not_replaced() {
    let (mut fixture, program) = fine();
    alice_falls(&fixture);
    fixture.notifications.wait_for(1);
    fixture.notifications.stop();
    fixture.notifications.start_again(&fixture.bus);
    alice_falls_further(&fixture);
    assert_eq!(fixture.notifications.wait_for(2)[1].replaces_id, 0, "another program may have this id");
    quit(&fixture, program);
}

#[test]
fn notification_is_closed_when_its_window_resets() {
    let fixture = Fixture::new().codex(ALICE).config("refresh_minutes = 30");
    // Enough for the first refresh on a busy machine.
    let reset_at = chrono::Utc::now() + chrono::TimeDelta::seconds(10);
    let alice = fixture.account(ALICE);
    fixture.server.respond(alice.access_token(), super::resets::used(97, reset_at));
    let program = fixture.spawn(&[]);
    let shown = fixture.notifications.wait_for(1);
    assert!(shown[0].says("Codex 5-hour: 3% left"), "{shown:#?}");
    assert_eq!(fixture.notifications.wait_for_closed(1), [shown[0].id]);
    assert_eq!(fixture.server.requests_with(alice.access_token()).len(), 1);
    quit(&fixture, program);
}

#[test]
fn connection_to_the_server_lasts_as_long_as_a_notification() {
    let (fixture, program) = fine();
    let before = fixture.bus.clients();
    alice_falls(&fixture);
    bob_falls(&fixture);
    fixture.notifications.wait_for(2);
    let is_connected_by = |clients| crate::common::poll_until(TIMEOUT, || fixture.bus.clients() == clients);
    assert!(is_connected_by(before + 1), "{} clients, {before} before", fixture.bus.clients());
    fixture.notifications.dismiss(1);
    fixture.notifications.dismiss(2);
    assert!(is_connected_by(before), "{} clients, {before} before", fixture.bus.clients());
    quit(&fixture, program);
}

#[test]
fn show_opens_the_usage_page_of_the_account() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let (bin, opened) = (fixture.dir().join("bin"), fixture.dir().join("opened"));
    std::fs::create_dir(&bin).expect("made");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display());
    std::fs::write(bin.join("xdg-open"), script).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("xdg-open"), mode).expect("set");
    let mut command = fixture.command();
    let path = std::env::var("PATH").expect("a path");
    let program = fixture.spawn_command(command.env("PATH", format!("{}:{path}", bin.display())));
    fixture.host.menu_until(showing("42% left"));
    alice_falls(&fixture);
    bob_falls(&fixture);
    let shown = fixture.notifications.wait_for(2);
    fixture.notifications.choose(shown[1].id, "show");
    let opened_pages = |count| {
        let pages = || std::fs::read_to_string(&opened).unwrap_or_default();
        assert!(crate::common::poll_until(TIMEOUT, || pages().lines().count() == count), "{}", pages());
        pages()
    };
    assert_eq!(opened_pages(1), "https://chatgpt.com/codex/settings/usage\n");
    fixture.notifications.choose(shown[0].id, "default");
    assert!(opened_pages(2).ends_with("\nhttps://claude.ai/settings/usage\n"));
    quit(&fixture, program);
}

#[test]
fn snooze_holds_notifications_back_for_an_hour_across_a_restart() {
    let (fixture, program) = fine();
    alice_falls(&fixture);
    let state = super::state_dir::StateDir::of(&fixture);
    let is_snoozed = || state.read("alerts.json").get("snoozed_until").is_some();
    let id = fixture.notifications.wait_for(1)[0].id;
    fixture.notifications.choose(id, "snooze");
    assert!(crate::common::poll_until(TIMEOUT, is_snoozed), "not snoozed");
    alice_falls_further(&fixture);
    let doctor = fixture.run(&["doctor"]).stdout;
    assert!(doctor.contains("✓ notifications: snoozed until "), "{doctor}");
    quit(&fixture, program);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("3% left"));
    quit(&fixture, program);
    assert_eq!(fixture.notifications.all().len(), 1);

    state.age(chrono::TimeDelta::minutes(61));
    let _program = fixture.spawn(&[]);
    let shown = fixture.notifications.wait_for(2);
    assert!(shown[1].says("Claude 5-hour: 3% left"), "{shown:#?}");
}

#[test]
fn quiet_hours_hold_notifications_back_and_doctor_says_so() {
    let time =
        |minutes| (chrono::Utc::now() + chrono::TimeDelta::minutes(minutes)).format("%H:%M").to_string();
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    fixture.set_config(&format!("[quiet]\nfrom = \"{}\"\nto = \"{}\"", time(-60), time(60)));
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    alice_falls(&fixture);
    bob_falls(&fixture);
    let doctor = fixture.run(&["doctor"]).stdout;
    assert!(doctor.contains("✓ notifications: quiet hours until "), "{doctor}");
    assert!(fixture.notifications.all().is_empty());
    fixture.set_config(&format!("[quiet]\nfrom = \"{}\"\nto = \"{}\"", time(-120), time(-60)));
    let shown = fixture.notifications.wait_for(1);
    assert!(shown[0].summary == "2 quota windows low", "{shown:#?}");
    assert!(shown[0].body.starts_with("Lowest: Claude 5-hour, 12% left · alice@example.com"), "{shown:#?}");
    quit(&fixture, program);
}

/// As lxqt-panel, mate-panel and swaybar pass it on: they ignore the error, and open no menu.
#[track_caller]
fn left_click(fixture: &Fixture) {
    fixture.host.click_icon("Activate").expect_err("no such method");
}

#[test]
fn left_click_without_a_menu_shows_the_accounts_in_place_of_the_list_before() {
    let (fixture, program) = fine();
    alice_falls(&fixture);
    let low = fixture.notifications.wait_for(1)[0].id;
    left_click(&fixture);
    let first = &fixture.notifications.wait_for(2)[1];
    assert_eq!(first.summary, "Quota Tray: 12% left, low");
    assert_eq!(first.body, "Claude · alice@example.com — 12% left\nCodex · bob@example.com — 70% left");
    assert_eq!((first.actions.len(), first.urgency(), first.replaces_id), (0, Some(1), 0));
    let low_gauge = icon::row(IconState::Low(12.0), 64, icon::Palette::AnyPanel).rgba;
    assert_eq!(first.picture(), Some((64, 64, low_gauge)));
    bob_falls(&fixture);
    fixture.notifications.wait_for(3);
    left_click(&fixture);
    let second = &fixture.notifications.wait_for(4)[3];
    assert!(second.body.ends_with("bob@example.com — 14% left"), "{second:#?}");
    assert_eq!(second.replaces_id, first.id);
    assert_ne!(first.id, low);
    fixture.notifications.dismiss(second.id);
    left_click(&fixture);
    assert_eq!(fixture.notifications.wait_for(5)[4].replaces_id, 0);
    quit(&fixture, program);
}
