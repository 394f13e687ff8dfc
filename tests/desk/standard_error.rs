//! The tray keeps running if its messages cannot be written: its terminal is closed, or the disk is full.

use super::*;
use std::fs::OpenOptions;

fn full() -> std::fs::File {
    OpenOptions::new().write(true).open("/dev/full").expect("a Linux device")
}

#[test]
fn tray_without_a_host_survives_full_standard_error() {
    let mut fixture = Fixture::new().claude(ALICE).without_tray_host();
    // It logs that there is no tray host, and that its state directory is a file.
    std::fs::write(fixture.state_home().join("quota-tray"), "").expect("written");
    let mut command = fixture.command();
    let child = command
        .arg("-vvv")
        .stdin(std::process::Stdio::null())
        .stdout(full())
        .stderr(full())
        .spawn()
        .expect("started");
    let mut child = Ended(child);
    until("a first request", || (!fixture.server.requests().is_empty()).then_some(()));
    fixture.host.start_again(&fixture.bus);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    fixture.host.click("Quit Quota Tray");
    let status = until("the end", || child.0.try_wait().expect("it is ours"));
    assert_eq!(status.code(), Some(0));
}

#[test]
fn second_tray_without_standard_error_exits_with_0() {
    let fixture = Fixture::new().claude(ALICE);
    let first = fixture.spawn(&[]);
    fixture.host.menu_until(showing("42% left"));
    let status = fixture.command().stderr(full()).status().expect("started");
    assert_eq!(status.code(), Some(0));
    quit(&fixture, first);
}

#[test]
fn tray_survives_a_closed_standard_error() {
    let mut fixture = Fixture::new().claude(ALICE);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = fixture.command();
    let errors = writer.try_clone().expect("a second handle");
    let child = command.arg("-vvv").stdout(writer).stderr(errors).spawn().expect("started");
    let mut child = Ended(child);
    fixture.host.menu_until(showing("42% left"));
    drop(reader);
    // It logs that the tray host has ended.
    fixture.host.stop();
    fixture.host.start_again(&fixture.bus);
    fixture.host.menu_until(showing("alice@example.com — "));
    fixture.add_codex(BOB);
    fixture.host.menu_until(showing("bob@example.com — 70% left"));
    fixture.host.click("Quit Quota Tray");
    let status = until("the end", || child.0.try_wait().expect("it is ours"));
    assert_eq!(status.code(), Some(0));
}

/// A child process that is killed on drop.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
