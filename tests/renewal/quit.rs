//! A renewal runs to its end, whoever stops waiting for it.

use super::concurrency::wait_until_it_waits;
use crate::common::{Gate, Program, Provider, RenewalFixture, StatusReport};

/// The response to Alice's token request waits for the gate, after the rotation. Bob is disabled and has nothing to
/// renew.
fn in_the_middle(arguments: &[&str]) -> (RenewalFixture, Gate, Program) {
    let fixture = RenewalFixture::new()
        .with(Provider::Claude, "alice@example.com")
        .with(Provider::Codex, "bob@example.com");
    let bob = &fixture.accounts[1];
    bob.set("expired", "2099-01-01T00:00:00Z");
    bob.disable();
    let gate = fixture.hold_responses();
    let program = fixture.spawn(arguments);
    fixture.ledger.wait_for(&fixture.accounts[0].name, |login| login.renewals == 1);
    (fixture, gate, program)
}

#[track_caller]
fn assert_renewed_once(fixture: &RenewalFixture) {
    let alice = &fixture.accounts[0];
    fixture.assert_renewed(alice, 1, &[alice.file()]);
}

#[test]
fn renewal_completes_when_its_refresh_is_superseded() {
    let (fixture, gate, tray) = in_the_middle(&[]);
    // Another account causes a new refresh, and its request shows that the old one has been superseded.
    let bob = &fixture.accounts[1];
    bob.enable();
    fixture.ledger.wait_for(&bob.name, |login| login.usages > 0);
    gate.open();
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert_renewed_once(&fixture);
    fixture.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    assert_renewed_once(&fixture);
}

#[test]
fn renewal_completes_when_the_user_quits() {
    let (fixture, gate, tray) = in_the_middle(&[]);
    fixture.host.click("Quit Quota Tray");
    fixture.host.wait_until_empty();
    assert!(tray.is_running());
    gate.open();
    assert!(tray.finish().status.success());
    assert_renewed_once(&fixture);
}

#[test]
fn renewal_completes_when_the_session_ends() {
    let (fixture, gate, tray) = in_the_middle(&[]);
    fixture.host.icon();
    tray.terminate();
    fixture.host.wait_until_empty();
    assert!(tray.is_running());
    gate.open();
    assert!(tray.finish().status.success());
    assert_renewed_once(&fixture);
}

/// The icon disappears and another tray can start at once; the process goes on until the login is saved.
#[test]
fn renewal_completes_after_quit_with_a_slow_server() {
    let (fixture, gate, tray) = in_the_middle(&["-vv"]);
    fixture.host.click("Quit Quota Tray");
    fixture.host.wait_until_empty();
    tray.stderr_line("waiting for token renewals in progress: 1");
    let next = fixture.spawn(&["-vv"]);
    wait_until_it_waits(&next);
    fixture.host.icon();
    next.terminate();
    assert!(next.finish().status.success());
    // Later than the whole run of another tray, which has no renewal in progress.
    assert!(tray.is_running());
    gate.open();
    assert!(tray.finish().status.success());
    assert_renewed_once(&fixture);
}

#[test]
fn renewal_of_status_completes_after_a_signal() {
    for stop in [Program::interrupt, Program::terminate] {
        let (fixture, gate, status) = in_the_middle(&["status"]);
        stop(&status);
        gate.open();
        status.finish();
        fixture.server.wait_until_idle();
        assert_renewed_once(&fixture);
    }
}

#[test]
fn tray_quits_at_once_during_a_renewal_of_another_process() {
    let (fixture, gate, status) = in_the_middle(&["status", "--format", "json"]);
    let tray = fixture.spawn(&["-vv"]);
    wait_until_it_waits(&tray);
    fixture.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    gate.open();
    assert!(StatusReport::of(status.finish()).succeeded());
    assert_renewed_once(&fixture);
}
