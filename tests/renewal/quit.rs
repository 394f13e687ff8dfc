//! A renewal runs to its end, whoever stops waiting for it.

use super::crowd::wait_until_it_waits;
use super::stage::{Run, Stage};
use crate::common::{Gate, Program};
use std::thread;
use std::time::Duration;

/// Alice's renewal is on its way: the tokens have rotated, the answer waits for the gate. Bob is
/// switched off, and has nothing to renew.
fn in_the_middle(arguments: &[&str]) -> (Stage, Gate, Program) {
    let stage = Stage::new().with("claude", "alice@example.com").with("codex", "bob@example.com");
    let bob = &stage.players()[1].account;
    bob.set("expired", "2099-01-01T00:00:00Z");
    bob.disable();
    let gate = stage.hold();
    let program = stage.scene.spawn(arguments);
    stage.ledger.wait_for(&stage.players()[0].name, |login| login.renewals == 1);
    (stage, gate, program)
}

#[track_caller]
fn renewed_once(stage: &Stage) {
    let player = &stage.players()[0];
    let login = stage.ledger.login(&player.name);
    assert_eq!((login.renewals, login.reuses), (1, 0));
    let file = player.account.read();
    assert_eq!(file["refresh_token"], *login.refresh);
    assert_eq!(file["access_token"], *login.access);
}

#[test]
fn a_renewal_runs_to_its_end_when_its_refresh_is_superseded() {
    let (stage, gate, tray) = in_the_middle(&[]);
    // Another account begins a new refresh, and its question shows that the old one is over.
    let bob = &stage.players()[1];
    bob.account.enable();
    stage.ledger.wait_for(&bob.name, |login| login.usages > 0);
    gate.open();
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    renewed_once(&stage);
    stage.scene.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    renewed_once(&stage);
}

#[test]
fn a_renewal_runs_to_its_end_when_the_user_quits() {
    let (stage, gate, tray) = in_the_middle(&[]);
    stage.scene.host.click("Quit Quota Tray");
    stage.scene.host.wait_until_empty();
    assert!(tray.is_running());
    gate.open();
    assert!(tray.finish().status.success());
    renewed_once(&stage);
}

#[test]
fn a_renewal_runs_to_its_end_when_the_session_ends() {
    let (stage, gate, tray) = in_the_middle(&[]);
    stage.scene.host.icon();
    tray.terminate();
    stage.scene.host.wait_until_empty();
    assert!(tray.is_running());
    gate.open();
    assert!(tray.finish().status.success());
    renewed_once(&stage);
}

/// Whoever quits is rid of it at once, and can start it again; the login is waited for behind the scenes.
#[test]
fn a_renewal_runs_to_its_end_although_its_server_takes_longer_than_a_quit() {
    let (stage, gate, tray) = in_the_middle(&[]);
    stage.scene.host.click("Quit Quota Tray");
    stage.scene.host.wait_until_empty();
    let next = stage.scene.spawn(&["-vv"]);
    wait_until_it_waits(&next);
    stage.scene.host.icon();
    next.terminate();
    assert!(next.finish().status.success());
    // Nothing tells that something does not happen. Without a renewal it ends in less than half of this.
    thread::sleep(Duration::from_secs(5));
    assert!(tray.is_running());
    gate.open();
    assert!(tray.finish().status.success());
    renewed_once(&stage);
}

#[test]
fn a_renewal_of_status_runs_to_its_end_when_it_is_told_to_stop() {
    for stop in [Program::interrupt, Program::terminate] {
        let (stage, gate, status) = in_the_middle(&["status"]);
        stop(&status);
        gate.open();
        status.finish();
        stage.ledger.settle();
        renewed_once(&stage);
    }
}

#[test]
fn the_tray_ends_at_once_while_another_process_renews() {
    let (stage, gate, status) = in_the_middle(&["status", "--format", "json"]);
    let tray = stage.scene.spawn(&["-vv"]);
    wait_until_it_waits(&tray);
    stage.scene.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    gate.open();
    assert!(Run::of(status.finish()).succeeded());
    renewed_once(&stage);
}
