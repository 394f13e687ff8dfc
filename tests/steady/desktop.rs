//! A desktop that breaks: no bus, a bus that goes, tray hosts that crash, come late, or hang.

use std::time::Instant;

use super::frozen::Frozen;
use super::process::ticks;
use super::*;
use crate::common::Terminal;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

#[test]
fn without_a_bus_it_says_so_in_one_sentence_and_goes_on() {
    for address in [None, Some("unix:path=/nonexistent/bus"), Some("rubbish")] {
        let mut scene = Scene::new().claude(ALICE);
        let mut command = scene.command();
        match address {
            Some(address) => command.env("DBUS_SESSION_BUS_ADDRESS", address),
            None => command.env_remove("DBUS_SESSION_BUS_ADDRESS"),
        };
        let program = scene.spawn_command(&mut command);
        let said = program.stderr_line("could not show the icon: there is no D-Bus session bus");
        assert!(said.contains("(hint: "), "{said}");
        let bob = scene.add_codex(BOB);
        scene.usage.wait_for_requests(bob.access_token(), 1);
        program.terminate();
        let done = program.finish();
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(0), ""), "{address:?}: {done:?}");
        assert_eq!(done.stderr.lines().count(), 1, "{address:?}: {}", done.stderr);
    }
}

#[test]
fn without_a_bus_a_terminal_shows_the_rows_as_they_change() {
    let mut scene = Scene::new().claude(ALICE);
    let mut terminal = Terminal::spawn(scene.command().env_remove("DBUS_SESSION_BUS_ADDRESS"));
    terminal.wait_for("no D-Bus session bus");
    terminal.wait_for("Claude · alice@example.com — 42% left\r\n  5-hour ████████░░░░░░░░░░░░  42% left");
    scene.add_codex(BOB);
    // Over what stood there before.
    terminal.wait_for("\x1b[2J");
    terminal.wait_for("Codex · bob@example.com — 70% left\r\n");
    terminal.terminate();
    assert!(terminal.finish().success());
}

#[test]
fn a_bus_that_goes_takes_the_icon_and_nothing_else() {
    let mut scene = Scene::new().claude(ALICE);
    let mut terminal = Terminal::spawn(&mut scene.command());
    scene.host.menu_until(showing("42% left"));
    scene.bus.stop();
    terminal.wait_for("there is no D-Bus session bus");

    // It goes on asking, and between the questions it rests: a loop that waits for the bus would take
    // all the time there is.
    let (began, before) = (Instant::now(), ticks(terminal.id()));
    for number in 1..=6 {
        let email = format!("number{number}@example.com");
        let account = scene.add_codex(&email);
        scene.usage.wait_for_requests(account.access_token(), 1);
        terminal.wait_for(&format!("{email} — 70% left"));
    }
    let (passed, used) = (began.elapsed(), ticks(terminal.id()) - before);
    println!("{used} ticks of 10 ms in {passed:?}");
    assert!(u128::from(used) * 4 < passed.as_millis() / 10, "{used} ticks of 10 ms in {passed:?}");

    // What can't be shown is logged.
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 97.0)]);
    scene.add_codex(BOB);
    terminal.wait_for("could not show the notification \"Claude 5-hour: 3% left\"");
    terminal.terminate();
    assert!(terminal.finish().success());
}

#[test]
fn a_bus_that_comes_back_gets_the_icon_and_the_notices() {
    let mut scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    for (round, used) in [(1, 85.0), (2, 97.0)] {
        scene.host.stop();
        scene.notifications.stop();
        scene.bus.stop();
        program.stderr_line("there is no D-Bus session bus");
        scene.bus.start_again();
        scene.host.start_again(&scene.bus);
        scene.notifications.start_again(&scene.bus);
        scene.host.menu_until(showing("left"));
        scene.claude_used(&scene.account(ALICE), &[("five_hour", used)]);
        refresh(&scene, &format!("{}% left", 100.0 - used));
        scene.notifications.wait_for(round);
    }
    quit(&scene, program);
}

/// A program that is started before the desktop's bus is.
#[test]
fn a_bus_that_comes_late_gets_the_icon() {
    let mut scene = Scene::new().claude(ALICE);
    scene.host.stop();
    scene.bus.stop();
    let program = scene.spawn(&[]);
    program.stderr_line("there is no D-Bus session bus");
    scene.bus.start_again();
    scene.host.start_again(&scene.bus);
    scene.host.menu_until(showing("42% left"));
    quit(&scene, program);
}

#[test]
fn an_icon_comes_with_the_tray_host_as_often_as_that_crashes() {
    let mut scene = Scene::new().claude(ALICE).without_tray_host();
    let mut terminal = Terminal::spawn(&mut scene.command());
    terminal.wait_for("no tray host is running, and the icon appears when one starts");
    terminal.wait_for("alice@example.com — 42% left");
    for crash in 1..=3 {
        scene.host.start_again(&scene.bus);
        scene.host.menu_until(showing("alice@example.com — 42% left"));
        // The pictures follow by themselves: nothing else happens now.
        scene.host.menu_until(|menu| menu.item(ALICE).icon_png.starts_with(b"\x89PNG"));
        scene.host.stop();
        // What happens meanwhile is in the terminal, and then in the menu.
        let email = format!("number{crash}@example.com");
        scene.add_codex(&email);
        terminal.wait_for(&format!("{email} — 70% left"));
        scene.host.start_again(&scene.bus);
        scene.host.menu_until(showing(&format!("{email} — 70% left")));
        refresh(&scene, "42% left");
        scene.host.stop();
    }
    // No icon has taken the place of another one.
    assert_eq!(scene.host.registrations(), 6, "{:?}", scene.host.registered());
    terminal.terminate();
    assert!(terminal.finish().success());
}

/// The icon's library hears of hosts that come only after it has found none.
#[test]
fn a_tray_host_that_comes_while_the_icon_is_put_up_gets_it() {
    let scene = Scene::new().claude(ALICE);
    scene.host.overlook_next();
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    assert_eq!(scene.host.registrations(), 1);
    program.terminate();
    let done = program.finish();
    assert_eq!((done.status.code(), done.stderr.as_str()), (Some(0), ""));
}

/// It has the name, and then loads its other parts.
#[test]
fn a_tray_host_that_comes_then_and_takes_its_time_gets_it_too() {
    let scene = Scene::new().claude(ALICE);
    scene.host.overlook_next();
    scene.host.hold_list();
    let program = scene.spawn(&[]);
    program.stderr_line("the tray host does not respond");
    scene.host.let_list();
    scene.host.menu_until(showing("42% left"));
    quit(&scene, program);
}

#[test]
fn an_icon_that_is_known_by_another_name_is_not_put_up_twice() {
    let scene = Scene::new().claude(ALICE);
    scene.host.list_unique_names();
    let program = scene.spawn(&[]);
    goes_on_with_one_icon(&scene, program);
}

#[test]
fn an_icon_that_a_busy_host_does_not_know_yet_is_not_put_up_twice() {
    let scene = Scene::new().claude(ALICE);
    scene.host.hold_registrations();
    let program = scene.spawn(&[]);
    scene.host.wait_until_asked_for_list();
    scene.host.let_register();
    goes_on_with_one_icon(&scene, program);
}

#[track_caller]
fn goes_on_with_one_icon(scene: &Scene, program: Program) {
    scene.host.menu_until(showing("42% left"));
    // By then it has shown all that was asked for before.
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 85.0)]);
    refresh(scene, "15% left");
    assert_eq!(scene.host.registrations(), 1);
    quit(scene, program);
}

#[test]
fn a_watcher_that_hangs_at_the_start_holds_up_nothing_and_gets_the_icon_when_it_is_back() {
    let mut scene = Scene::new().claude(ALICE).without_tray_host();
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let frozen = Frozen::start(&scene.bus, WATCHER, &[]);
    let program = scene.spawn(&[]);
    scene.notifications.wait_for(1);
    program.stderr_line("the tray host does not respond");
    drop(frozen);
    scene.host.start_again(&scene.bus);
    scene.host.menu_until(showing("15% left"));
    quit(&scene, program);
}

/// A sound watcher takes the name of one that hangs and keeps its connection.
#[track_caller]
fn replace_hung_watcher(scene: &mut Scene, program: &Program, frozen: &Frozen) {
    program.stderr_line("the tray host does not respond");
    frozen.release_name();
    scene.host.start_again(&scene.bus);
}

/// Its connection stays, so the bus does not tell those who wait for it that it is gone.
#[test]
fn watcher_that_hangs_at_the_start_and_is_replaced_while_connected_gets_the_icon() {
    let mut scene = Scene::new().claude(ALICE).without_tray_host();
    let frozen = Frozen::start(&scene.bus, WATCHER, &[]);
    let program = scene.spawn(&[]);
    replace_hung_watcher(&mut scene, &program, &frozen);
    goes_on_with_one_icon(&scene, program);
}

#[test]
fn watcher_that_hangs_later_and_is_replaced_while_connected_gets_the_icon() {
    let mut scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    scene.host.stop();
    let frozen = Frozen::start(&scene.bus, WATCHER, &[]);
    frozen.wait_for("RegisterStatusNotifierItem");
    replace_hung_watcher(&mut scene, &program, &frozen);
    scene.host.menu_until(showing("left"));
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 85.0)]);
    refresh(&scene, "15% left");
    quit(&scene, program);
}

/// The second icon has another name than the first.
#[test]
fn tray_host_that_comes_while_a_second_icon_is_created_gets_it() {
    let mut scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    scene.host.stop();
    scene.notifications.stop();
    scene.bus.stop();
    program.stderr_line("there is no D-Bus session bus");
    scene.host.overlook_next();
    scene.bus.start_again();
    scene.host.start_again(&scene.bus);
    scene.host.menu_until(showing("42% left"));
    assert!(
        scene.host.registered().last().is_some_and(|name| name.ends_with("-2")),
        "{:?}",
        scene.host.registered()
    );
    quit(&scene, program);
}

#[test]
fn icon_that_the_tray_host_drops_is_registered_again() {
    let scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    for round in 1..=3 {
        scene.host.menu_until(showing("42% left"));
        assert_eq!(scene.host.registrations(), round);
        scene.host.forget_icons();
    }
    scene.host.menu_until(showing("42% left"));
    quit(&scene, program);
}

#[test]
fn a_watcher_that_thaws_gets_the_icon() {
    let scene = Scene::new().claude(ALICE).without_tray_host();
    let frozen = Frozen::start(&scene.bus, WATCHER, &[]);
    let program = scene.spawn(&[]);
    program.stderr_line("the tray host does not respond");
    frozen.thaw();
    frozen.wait_for("RegisterStatusNotifierItem");
    program.terminate();
    assert!(program.exit_status_within(PATIENCE).success());
}

#[test]
fn a_tray_host_that_comes_back_and_hangs_holds_up_nothing() {
    let mut scene = Scene::new().claude(ALICE);
    let program = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    scene.host.stop();
    let frozen = Frozen::start(&scene.bus, WATCHER, &[]);
    frozen.wait_for("RegisterStatusNotifierItem");
    goes_on_and_ends(&mut scene, program);
}

/// As a panel may that has just answered.
#[test]
fn a_watcher_that_hangs_only_when_an_icon_comes_holds_up_nothing() {
    let mut scene = Scene::new().claude(ALICE).without_tray_host();
    let frozen = Frozen::start(&scene.bus, WATCHER, &["Ping", "Get"]);
    let program = scene.spawn(&[]);
    frozen.wait_for("RegisterStatusNotifierItem");
    goes_on_and_ends(&mut scene, program);
}

/// Accounts are asked, notices shown, and the session can end.
#[track_caller]
fn goes_on_and_ends(scene: &mut Scene, program: Program) {
    scene.claude_used(&scene.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let bob = scene.add_codex(BOB);
    scene.usage.wait_for_requests(bob.access_token(), 1);
    scene.notifications.wait_for(1);
    program.terminate();
    assert!(program.exit_status_within(PATIENCE).success());
}
