//! End to end on Linux: the real binary on a private bus, with a played tray host, a played
//! notification server and a usage server on loopback.
#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::{Answer, Gate, HostSignal, Menu, Scene, claude_usage};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

#[test]
fn the_icon_registers_and_the_menu_lists_each_accounts_lowest_percentage() {
    let scene = Scene::new().codex(BOB).claude(ALICE);
    let _program = scene.spawn(&[]);

    let menu =
        scene.host.menu_until(|menu| at_rest(menu) && menu.shows("42% left") && menu.shows("70% left"));
    assert_eq!(
        menu.labels()[..2],
        ["Claude · alice@example.com — 42% left", "Codex · bob@example.com — 70% left",],
        "{menu}"
    );
    let alice = menu.item(ALICE);
    assert!(alice.icon_png.starts_with(b"\x89PNG"), "no gauge picture");
    assert!(alice.shows("5-hour") && alice.shows("Weekly"), "{menu}");
    // What the menu is opened for is not greyed.
    let facts = alice.children.iter().filter(|detail| detail.label.contains("% left"));
    assert!(facts.clone().count() == 2 && facts.clone().all(|fact| fact.enabled), "{menu}");

    let icon = scene.host.icon_until(|icon| icon.tooltip.text.contains("42%"));
    assert_eq!(icon.status, "Active");
    assert!(!icon.pixmaps.is_empty(), "{icon:#?}");
    assert_eq!(scene.host.registrations(), 1);
}

#[test]
fn refresh_now_brings_changed_usage_into_the_menu_and_the_icon() {
    let scene = Scene::new().claude(ALICE);
    let _program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let before = scene.host.icon_until(|icon| icon.tooltip.text.contains("42%"));

    // Held back, so that the moment in between can be looked at.
    let gate = Gate::new();
    let nearly_empty = Answer::from(claude_usage(&[("five_hour", 91.0), ("seven_day", 10.0)]));
    let alice = scene.account(ALICE);
    scene.usage.answer(alice.access_token(), nearly_empty.behind(&gate));
    let earlier = scene.host.signals().len();
    scene.host.click("Refresh now");
    let menu = scene.host.menu_until(|menu| menu.shows("Refreshing…"));
    assert!(!menu.item("Refreshing…").enabled, "{menu}");
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");
    let during = scene.host.icon_until(|icon| icon.pixmaps != before.pixmaps);

    gate.open();
    scene.host.menu_until(showing("alice@example.com — 9% left"));
    scene.host.icon_until(|icon| {
        icon.pixmaps != during.pixmaps && icon.pixmaps != before.pixmaps && icon.tooltip.text.contains("9%")
    });
    // Only texts and pictures changed, so a menu that was open has stayed open.
    let signals = &scene.host.signals()[earlier..];
    assert!(!signals.iter().any(|signal| matches!(signal, HostSignal::LayoutUpdated { .. })), "{signals:#?}");
}

/// That nothing is announced cannot be waited for. So each quiet stretch ends with a fall of another
/// window: its notification has to be the very next one.
#[test]
fn a_window_that_falls_below_20_percent_is_announced_once_even_over_a_restart() {
    let scene = Scene::new().claude(ALICE).codex(BOB);
    let (alice, bob) = (scene.account(ALICE), scene.account(BOB));
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));

    scene.claude_used(&alice, &[("five_hour", 85.0), ("seven_day", 10.0)]);
    refresh(&scene, "alice@example.com — 15% left");
    let first = &scene.notifications.wait_for(1)[0];
    for part in ["Claude", ALICE, "5-hour", "15%"] {
        assert!(first.says(part), "no {part:?} in {first:#?}");
    }

    // The next refresh, told from the one before by the other window.
    scene.claude_used(&alice, &[("five_hour", 85.0), ("seven_day", 11.0)]);
    refresh(&scene, "89%");
    scene.codex_used(&bob, &[(18_000, 90), (604_800, 30)]);
    refresh(&scene, "bob@example.com — 10% left");
    let second = &scene.notifications.wait_for(2)[1];
    assert!(second.says(BOB) && second.says("5-hour"), "{second:#?}");

    scene.host.click("Quit Quota Tray");
    assert!(program.finish().status.success());
    scene.host.wait_until_empty();
    let _program = scene.spawn(&[]);
    scene.host.menu_until(|menu| at_rest(menu) && menu.shows("— 15% left") && menu.shows("— 10% left"));
    scene.codex_used(&bob, &[(18_000, 90), (604_800, 82)]);
    refresh(&scene, "18%");
    let third = &scene.notifications.wait_for(3)[2];
    assert!(third.says(BOB) && third.says("Weekly"), "{third:#?}");
    assert_eq!(scene.notifications.all().len(), 3);
}

#[test]
fn the_menu_follows_an_account_file_that_is_added_disabled_and_deleted() {
    let mut scene = Scene::new().claude(ALICE);
    let _program = scene.spawn(&[]);
    scene.host.menu_until(showing("alice@example.com — 42% left"));

    let bob = scene.add_codex(BOB);
    let menu = scene.host.menu_until(showing("bob@example.com — 70% left"));
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");

    bob.disable();
    let menu = scene.host.menu_until(|menu| at_rest(menu) && !menu.shows(BOB));
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");

    bob.enable();
    scene.host.menu_until(showing("bob@example.com — 70% left"));

    bob.delete();
    let menu = scene.host.menu_until(|menu| at_rest(menu) && !menu.shows(BOB));
    assert!(menu.shows("alice@example.com — 42% left"), "{menu}");

    scene.account(ALICE).delete();
    scene.host.menu_until(|menu| !menu.shows(ALICE) && menu.shows("No account is connected"));
}

#[test]
fn the_icon_is_back_after_the_tray_host_restarts() {
    let mut scene = Scene::new().claude(ALICE);
    let _program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let before = scene.host.icon_until(|icon| icon.tooltip.text.contains("42%"));

    scene.host.restart(&scene.bus);
    let after = scene.host.icon_until(|icon| icon.tooltip.text.contains("42%"));
    assert_eq!(after.pixmaps, before.pixmaps);
    assert_eq!(scene.host.registrations(), 2);

    // It is not a picture of the old one: its menu works.
    let alice = scene.account(ALICE);
    scene.claude_used(&alice, &[("five_hour", 60.0), ("seven_day", 10.0)]);
    refresh(&scene, "alice@example.com — 40% left");
}

#[test]
fn quit_ends_the_process_with_0_within_a_second() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));

    scene.host.click("Quit Quota Tray");
    let status = program.exit_status_within(Duration::from_secs(1));
    assert_eq!(status.code(), Some(0));
    scene.host.wait_until_empty();
}

/// Clicks "Refresh now" and waits until its outcome stands in the menu.
#[track_caller]
fn refresh(scene: &Scene, outcome: &str) -> Menu {
    scene.host.click("Refresh now");
    scene.host.menu_until(showing(outcome))
}

/// No refresh is under way, and some item has `part` in its label.
fn showing(part: &str) -> impl Fn(&Menu) -> bool {
    move |menu| at_rest(menu) && menu.shows(part)
}

/// No refresh is under way, and one has ended in this run: before that it is not said when the next one is.
fn at_rest(menu: &Menu) -> bool {
    menu.find("Refresh now").is_some_and(|item| item.enabled) && menu.shows(", next ")
}
