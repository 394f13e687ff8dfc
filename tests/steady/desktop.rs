//! A desktop that breaks: no bus, a bus that goes, tray hosts that crash, come late, or hang.

use std::time::Instant;

use super::process::ticks;
use super::unresponsive::UnresponsiveService;
use super::*;
use crate::common::Terminal;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

#[test]
fn missing_bus_is_reported_in_one_sentence() {
    for address in [None, Some("unix:path=/nonexistent/bus"), Some("rubbish")] {
        let mut fixture = Fixture::new().claude(ALICE);
        let mut command = fixture.command();
        match address {
            Some(address) => command.env("DBUS_SESSION_BUS_ADDRESS", address),
            None => command.env_remove("DBUS_SESSION_BUS_ADDRESS"),
        };
        let program = fixture.spawn_command(&mut command);
        let said = program.stderr_line("could not show the icon: there is no D-Bus session bus");
        assert!(said.contains("(hint: "), "{said}");
        let bob = fixture.add_codex(BOB);
        fixture.server.wait_for_requests(bob.access_token(), 1);
        program.terminate();
        let done = program.finish();
        assert_eq!((done.status.code(), done.stdout.as_str()), (Some(0), ""), "{address:?}: {done:?}");
        assert_eq!(done.stderr.lines().count(), 1, "{address:?}: {}", done.stderr);
    }
}

#[test]
fn terminal_shows_rows_without_a_bus() {
    let mut fixture = Fixture::new().claude(ALICE);
    let mut terminal = Terminal::spawn(fixture.command().env_remove("DBUS_SESSION_BUS_ADDRESS"));
    terminal.wait_for("no D-Bus session bus");
    terminal.wait_for("Claude · alice@example.com — 42% left\r\n  5-hour ████████░░░░░░░░░░░░  42% left");
    fixture.add_codex(BOB);
    // Over what stood there before.
    terminal.wait_for("\x1b[2J");
    terminal.wait_for("Codex · bob@example.com — 70% left\r\n");
    terminal.terminate();
    assert!(terminal.finish().success());
}

#[test]
fn program_survives_the_end_of_the_bus() {
    let mut fixture = Fixture::new().claude(ALICE);
    let mut terminal = Terminal::spawn(&mut fixture.command());
    fixture.host.menu_until(showing("42% left"));
    fixture.bus.stop();
    terminal.wait_for("there is no D-Bus session bus");

    // It keeps sending requests, and is idle in between: a busy loop would use all of the processor's time.
    let (began, before) = (Instant::now(), ticks(terminal.id()));
    for number in 1..=6 {
        let email = format!("number{number}@example.com");
        let account = fixture.add_codex(&email);
        fixture.server.wait_for_requests(account.access_token(), 1);
        terminal.wait_for(&format!("{email} — 70% left"));
    }
    let (passed, used) = (began.elapsed(), ticks(terminal.id()) - before);
    println!("{used} ticks of 10 ms in {passed:?}");
    assert!(u128::from(used) * 4 < passed.as_millis() / 10, "{used} ticks of 10 ms in {passed:?}");

    // What can't be shown is logged.
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 97.0)]);
    fixture.add_codex(BOB);
    terminal.wait_for("could not show the notification \"Claude 5-hour: 3% left\"");
    terminal.terminate();
    assert!(terminal.finish().success());
}

#[test]
fn restarted_bus_gets_icon_and_notifications() {
    let mut fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    for (round, used) in [(1, 85.0), (2, 97.0)] {
        fixture.host.stop();
        fixture.notifications.stop();
        fixture.bus.stop();
        program.stderr_line("there is no D-Bus session bus");
        fixture.bus.start_again();
        fixture.host.start_again(&fixture.bus);
        fixture.notifications.start_again(&fixture.bus);
        fixture.host.menu_until(showing("left"));
        fixture.claude_used(&fixture.account(ALICE), &[("five_hour", used)]);
        refresh(&fixture, &format!("{}% left", 100.0 - used));
        fixture.notifications.wait_for(round);
    }
    quit(&fixture, program);
}

/// A program that is started before the desktop's bus is.
#[test]
fn late_bus_gets_the_icon() {
    let mut fixture = Fixture::new().claude(ALICE);
    fixture.host.stop();
    fixture.bus.stop();
    let program = fixture.spawn(&[]);
    program.stderr_line("there is no D-Bus session bus");
    fixture.bus.start_again();
    fixture.host.start_again(&fixture.bus);
    fixture.host.menu_until(showing("42% left"));
    quit(&fixture, program);
}

#[test]
fn icon_registers_after_each_crash_of_the_tray_host() {
    let mut fixture = Fixture::new().claude(ALICE).without_tray_host();
    let mut terminal = Terminal::spawn(&mut fixture.command());
    terminal.wait_for("no tray host is running, and the icon appears when one starts");
    terminal.wait_for("alice@example.com — 42% left");
    for crash in 1..=3 {
        fixture.host.start_again(&fixture.bus);
        fixture.host.menu_until(showing("alice@example.com — 42% left"));
        fixture.host.menu_until(|menu| menu.item(ALICE).icon_png.starts_with(b"\x89PNG"));
        fixture.host.stop();
        // What happens meanwhile is in the terminal, and then in the menu.
        let email = format!("number{crash}@example.com");
        fixture.add_codex(&email);
        terminal.wait_for(&format!("{email} — 70% left"));
        fixture.host.start_again(&fixture.bus);
        fixture.host.menu_until(showing(&format!("{email} — 70% left")));
        refresh(&fixture, "42% left");
        fixture.host.stop();
    }
    // No icon has taken the place of another one.
    assert_eq!(fixture.host.registrations(), 6, "{:?}", fixture.host.registered());
    terminal.terminate();
    assert!(terminal.finish().success());
}

#[test]
fn tray_host_started_during_registration_gets_the_icon() {
    let fixture = Fixture::new().claude(ALICE);
    fixture.host.overlook_next();
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    assert_eq!(fixture.host.registrations(), 1);
    program.terminate();
    let done = program.finish();
    assert_eq!((done.status.code(), done.stderr.as_str()), (Some(0), ""));
}

/// It has the name, and then loads its other parts.
#[test]
fn slow_tray_host_started_during_registration_gets_the_icon() {
    let fixture = Fixture::new().claude(ALICE);
    fixture.host.overlook_next();
    fixture.host.hold_list();
    let program = fixture.spawn(&[]);
    program.stderr_line("the tray host does not respond");
    fixture.host.let_list();
    fixture.host.menu_until(showing("42% left"));
    quit(&fixture, program);
}

#[test]
fn icon_listed_by_unique_name_is_not_registered_twice() {
    let fixture = Fixture::new().claude(ALICE);
    fixture.host.list_unique_names();
    let program = fixture.spawn(&[]);
    goes_on_with_one_icon(&fixture, program);
}

#[test]
fn icon_at_a_busy_tray_host_is_not_registered_twice() {
    let fixture = Fixture::new().claude(ALICE);
    fixture.host.hold_registrations();
    let program = fixture.spawn(&[]);
    fixture.host.wait_until_asked_for_list();
    fixture.host.let_register();
    goes_on_with_one_icon(&fixture, program);
}

#[track_caller]
fn goes_on_with_one_icon(fixture: &Fixture, program: Program) {
    fixture.host.menu_until(showing("42% left"));
    // By then it has shown everything from before.
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0)]);
    refresh(fixture, "15% left");
    assert_eq!(fixture.host.registrations(), 1);
    quit(fixture, program);
}

#[test]
fn unresponsive_watcher_at_start_blocks_nothing_and_gets_the_icon_after_its_restart() {
    let mut fixture = Fixture::new().claude(ALICE).without_tray_host();
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let service = UnresponsiveService::start(&fixture.bus, WATCHER, &[]);
    let program = fixture.spawn(&[]);
    fixture.notifications.wait_for(1);
    program.stderr_line("the tray host does not respond");
    drop(service);
    fixture.host.start_again(&fixture.bus);
    fixture.host.menu_until(showing("15% left"));
    quit(&fixture, program);
}

/// A sound watcher takes the name of one that hangs and keeps its connection.
#[track_caller]
fn replace_hung_watcher(fixture: &mut Fixture, program: &Program, service: &UnresponsiveService) {
    program.stderr_line("the tray host does not respond");
    service.release_name();
    fixture.host.start_again(&fixture.bus);
}

/// The hung watcher keeps its connection, so the bus does not end the calls that wait for it.
#[test]
fn watcher_that_replaces_an_unresponsive_one_at_start_gets_the_icon() {
    let mut fixture = Fixture::new().claude(ALICE).without_tray_host();
    let service = UnresponsiveService::start(&fixture.bus, WATCHER, &[]);
    let program = fixture.spawn(&[]);
    replace_hung_watcher(&mut fixture, &program, &service);
    goes_on_with_one_icon(&fixture, program);
}

#[test]
fn watcher_that_replaces_an_unresponsive_one_later_gets_the_icon() {
    let mut fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    fixture.host.stop();
    let service = UnresponsiveService::start(&fixture.bus, WATCHER, &[]);
    service.wait_for("RegisterStatusNotifierItem");
    replace_hung_watcher(&mut fixture, &program, &service);
    fixture.host.menu_until(showing("left"));
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0)]);
    refresh(&fixture, "15% left");
    quit(&fixture, program);
}

#[test]
fn tray_host_started_while_the_icon_registers_on_a_new_bus_gets_it() {
    let mut fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    fixture.host.stop();
    fixture.notifications.stop();
    fixture.bus.stop();
    program.stderr_line("there is no D-Bus session bus");
    fixture.host.overlook_next();
    fixture.bus.start_again();
    fixture.host.start_again(&fixture.bus);
    fixture.host.menu_until(showing("42% left"));
    quit(&fixture, program);
}

#[test]
fn icon_that_the_tray_host_drops_is_registered_again() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    for round in 1..=3 {
        fixture.host.menu_until(showing("42% left"));
        assert_eq!(fixture.host.registrations(), round);
        fixture.host.forget_icons();
    }
    fixture.host.menu_until(showing("42% left"));
    quit(&fixture, program);
}

/// Signals that are not read would block the replies on the same connection.
#[test]
fn burst_of_signals_blocks_neither_menu_nor_clicks() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    fixture.host.signal_removals(300);
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0)]);
    refresh(&fixture, "15% left");
    quit(&fixture, program);
}

#[test]
fn watcher_that_responds_late_gets_the_icon() {
    let fixture = Fixture::new().claude(ALICE).without_tray_host();
    let service = UnresponsiveService::start(&fixture.bus, WATCHER, &[]);
    let program = fixture.spawn(&[]);
    program.stderr_line("the tray host does not respond");
    service.resume();
    service.wait_for("RegisterStatusNotifierItem");
    program.terminate();
    assert!(program.exit_status_within(TIMEOUT).success());
}

#[test]
fn unresponsive_restarted_tray_host_blocks_nothing() {
    let mut fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    fixture.host.stop();
    let service = UnresponsiveService::start(&fixture.bus, WATCHER, &[]);
    service.wait_for("RegisterStatusNotifierItem");
    goes_on_and_ends(&mut fixture, program);
}

/// A panel may respond to `Ping` and `Get`, and then hang.
#[test]
fn watcher_unresponsive_to_registration_blocks_nothing() {
    let mut fixture = Fixture::new().claude(ALICE).without_tray_host();
    let service = UnresponsiveService::start(&fixture.bus, WATCHER, &["Ping", "Get"]);
    let program = fixture.spawn(&[]);
    service.wait_for("RegisterStatusNotifierItem");
    goes_on_and_ends(&mut fixture, program);
}

/// Accounts are requested, notifications are shown, and the program ends with the session.
#[track_caller]
fn goes_on_and_ends(fixture: &mut Fixture, program: Program) {
    fixture.claude_used(&fixture.account(ALICE), &[("five_hour", 85.0), ("seven_day", 10.0)]);
    let bob = fixture.add_codex(BOB);
    fixture.server.wait_for_requests(bob.access_token(), 1);
    fixture.notifications.wait_for(1);
    program.terminate();
    assert!(program.exit_status_within(TIMEOUT).success());
}
