//! End to end on Linux: the real binary on a private bus, with a played tray host, a played
//! notification server and a usage server on loopback.
#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::{Fixture, Gate, HostSignal, Menu, Response, claude_usage};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

#[test]
fn menu_lists_the_windows_of_each_account() {
    let fixture = Fixture::new().codex(BOB).claude(ALICE);
    let _program = fixture.spawn(&[]);

    let menu =
        fixture.host.menu_until(|menu| at_rest(menu) && menu.shows("42% left") && menu.shows("70% left"));
    let rows: Vec<_> = menu.labels().iter().map(|label| label.replace('\u{2007}', " ")).collect();
    let reset = |label: &str| label.split(" · resets in ").next().unwrap_or_default().to_owned();
    assert_eq!(
        rows[..6].iter().map(|label| reset(label)).collect::<Vec<_>>(),
        [
            "Claude · alice@example.com",
            "  ▰▰▰▱▱▱▱▱  42%  5-hour",
            "  ▰▰▰▰▰▰▰▱  90%  Weekly",
            "Codex · bob@example.com · Plus",
            "  ▰▰▰▰▰▰▰▱  88%  5-hour",
            "  ▰▰▰▰▰▰▱▱  70%  Weekly",
        ],
        "{menu}"
    );
    let alice = menu.item(ALICE);
    assert!(alice.icon_png.starts_with(b"\x89PNG"), "no gauge picture");
    assert!(alice.shows("5-hour") && alice.shows("Weekly"), "{menu}");
    // What the menu is opened for is not greyed.
    let facts = alice.children.iter().filter(|detail| detail.label.contains("% left"));
    assert!(facts.clone().count() == 2 && facts.clone().all(|fact| fact.enabled), "{menu}");

    let icon = fixture.host.icon_until(|icon| icon.tooltip.text.contains("42%"));
    assert_eq!(icon.status, "Active");
    assert!(!icon.pixmaps.is_empty(), "{icon:#?}");
    assert_eq!(fixture.host.registrations(), 1);
}

#[test]
fn refresh_now_updates_menu_and_icon() {
    let fixture = Fixture::new().claude(ALICE);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let before = fixture.host.icon_until(|icon| icon.tooltip.text.contains("42%"));

    // The response is delayed, so that the state in between can be checked.
    let gate = Gate::new();
    let nearly_empty = Response::from(claude_usage(&[("five_hour", 91.0), ("seven_day", 10.0)]));
    let alice = fixture.account(ALICE);
    fixture.server.respond(alice.access_token(), nearly_empty.behind(&gate));
    let earlier = fixture.host.signals().len();
    fixture.host.click("Refresh now");
    let menu = fixture.host.menu_until(|menu| menu.shows("Refreshing…"));
    assert!(!menu.item("Refreshing…").enabled, "{menu}");
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");
    let during = fixture.host.icon_until(|icon| icon.pixmaps != before.pixmaps);

    gate.open();
    fixture.host.menu_until(showing("alice@example.com — 9% left"));
    fixture.host.icon_until(|icon| {
        icon.pixmaps != during.pixmaps && icon.pixmaps != before.pixmaps && icon.tooltip.text.contains("9%")
    });
    // Only texts and pictures changed, so a menu that was open has stayed open.
    let signals = &fixture.host.signals()[earlier..];
    assert!(!signals.iter().any(|signal| matches!(signal, HostSignal::LayoutUpdated { .. })), "{signals:#?}");
}

/// That nothing is announced cannot be waited for. So each quiet stretch ends with a fall of another
/// window: its notification has to be the very next one.
#[test]
fn window_below_20_percent_is_notified_once_across_a_restart() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let (alice, bob) = (fixture.account(ALICE), fixture.account(BOB));
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));

    fixture.claude_used(&alice, &[("five_hour", 85.0), ("seven_day", 10.0)]);
    refresh(&fixture, "alice@example.com — 15% left");
    let first = &fixture.notifications.wait_for(1)[0];
    for part in ["Claude", ALICE, "5-hour", "15%"] {
        assert!(first.says(part), "no {part:?} in {first:#?}");
    }

    // The other window distinguishes the next refresh from the one before.
    fixture.claude_used(&alice, &[("five_hour", 85.0), ("seven_day", 11.0)]);
    refresh(&fixture, "89%");
    fixture.codex_used(&bob, &[(18_000, 90), (604_800, 30)]);
    refresh(&fixture, "bob@example.com — 10% left");
    let second = &fixture.notifications.wait_for(2)[1];
    assert!(second.says(BOB) && second.says("5-hour"), "{second:#?}");

    fixture.host.click("Quit Quota Tray");
    assert!(program.finish().status.success());
    fixture.host.wait_until_empty();
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(|menu| at_rest(menu) && menu.shows("15% left") && menu.shows("10% left"));
    fixture.codex_used(&bob, &[(18_000, 90), (604_800, 82)]);
    refresh(&fixture, "18%");
    let third = &fixture.notifications.wait_for(3)[2];
    assert!(third.says(BOB) && third.says("Weekly"), "{third:#?}");
    assert_eq!(fixture.notifications.all().len(), 3);
}

#[test]
fn menu_follows_added_disabled_and_deleted_files() {
    let mut fixture = Fixture::new().claude(ALICE);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));

    let bob = fixture.add_codex(BOB);
    let menu = fixture.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");

    bob.disable();
    let menu = fixture.host.menu_until(|menu| at_rest(menu) && !menu.shows(BOB));
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");

    bob.enable();
    fixture.host.menu_until(showing("bob@example.com — 70% left"));

    bob.delete();
    let menu = fixture.host.menu_until(|menu| at_rest(menu) && !menu.shows(BOB));
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");

    fixture.account(ALICE).delete();
    fixture.host.menu_until(|menu| !menu.shows(ALICE) && menu.shows("No account is connected"));
}

#[test]
fn icon_registers_again_after_the_tray_host_restarts() {
    let mut fixture = Fixture::new().claude(ALICE);
    let _program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let before = fixture.host.icon_until(|icon| icon.tooltip.text.contains("42%"));

    fixture.host.restart(&fixture.bus);
    let after = fixture.host.icon_until(|icon| icon.tooltip.text.contains("42%"));
    assert_eq!(after.pixmaps, before.pixmaps);
    assert_eq!(fixture.host.registrations(), 2);

    // It is not a picture of the old one: its menu works.
    let alice = fixture.account(ALICE);
    fixture.claude_used(&alice, &[("five_hour", 60.0), ("seven_day", 10.0)]);
    refresh(&fixture, "alice@example.com — 40% left");
}

#[test]
fn quit_exits_with_0_within_a_second() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));

    fixture.host.click("Quit Quota Tray");
    let status = program.exit_status_within(Duration::from_secs(1));
    assert_eq!(status.code(), Some(0));
    fixture.host.wait_until_empty();
}

/// Clicks "Refresh now" and waits until its outcome stands in the menu.
#[track_caller]
fn refresh(fixture: &Fixture, outcome: &str) -> Menu {
    fixture.host.click("Refresh now");
    fixture.host.menu_until(showing(outcome))
}

/// No refresh is under way, and some item has `part` in its label.
fn showing(part: &str) -> impl Fn(&Menu) -> bool {
    move |menu| at_rest(menu) && menu.shows(part)
}

/// No refresh is under way, and one has ended in this run: before that it is not said when the next one is.
fn at_rest(menu: &Menu) -> bool {
    menu.find("Refresh now").is_some_and(|item| item.enabled) && menu.shows(", next ")
}
