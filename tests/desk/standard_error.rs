//! The tray goes on when nobody reads its messages any more: the terminal it was started from is closed, or the disk is
//! full.

use super::*;
use std::fs::OpenOptions;

fn full() -> std::fs::File {
    OpenOptions::new().write(true).open("/dev/full").expect("a Linux device")
}

#[test]
fn tray_without_a_host_outlives_full_standard_error() {
    let mut scene = Scene::new().claude(ALICE).without_tray_host();
    // It has to say that there is no tray host, and that the folder of its state is a file.
    std::fs::write(scene.state_home().join("quota-tray"), "").expect("written");
    let mut command = scene.command();
    let child = command
        .arg("-vvv")
        .stdin(std::process::Stdio::null())
        .stdout(full())
        .stderr(full())
        .spawn()
        .expect("started");
    let mut child = Ended(child);
    until("a first request", || (!scene.usage.requests().is_empty()).then_some(()));
    scene.host.start_again(&scene.bus);
    scene.host.menu_until(showing("alice@example.com — 42% left"));
    scene.host.click("Quit Quota Tray");
    let status = until("the end", || child.0.try_wait().expect("it is ours"));
    assert_eq!(status.code(), Some(0));
}

#[test]
fn second_tray_without_standard_error_ends_well() {
    let scene = Scene::new().claude(ALICE);
    let first = scene.spawn(&[]);
    scene.host.menu_until(showing("42% left"));
    let status = scene.command().stderr(full()).status().expect("started");
    assert_eq!(status.code(), Some(0));
    quit(&scene, first);
}

#[test]
fn tray_outlives_the_reader_of_its_messages() {
    let mut scene = Scene::new().claude(ALICE);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = scene.command();
    let errors = writer.try_clone().expect("a second handle");
    let child = command.arg("-vvv").stdout(writer).stderr(errors).spawn().expect("started");
    let mut child = Ended(child);
    scene.host.menu_until(showing("42% left"));
    drop(reader);
    // It has to say that the tray host is gone.
    scene.host.stop();
    scene.host.start_again(&scene.bus);
    scene.host.menu_until(showing("alice@example.com — "));
    scene.add_codex(BOB);
    scene.host.menu_until(showing("bob@example.com — 70% left"));
    scene.host.click("Quit Quota Tray");
    let status = until("the end", || child.0.try_wait().expect("it is ours"));
    assert_eq!(status.code(), Some(0));
}

/// A child that is killed when the test fails.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
