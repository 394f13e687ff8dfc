//! Wrong clocks: the real binary under libfaketime. The tests are ignored by default, since few machines have
//! it: `cargo test --test steady clock -- --ignored`, after `apt-get install libfaketime`.

use std::path::Path;
use std::process::Command;

use chrono::{TimeDelta, Utc};

use super::*;
use crate::common::Response;

/// The command of a fixture, at this time.
#[track_caller]
fn at(fixture: &Fixture, moment: &str) -> Command {
    let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .map(|system| format!("/usr/lib/{system}/faketime/libfaketime.so.1"))
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("libfaketime is not installed");
    let mut command = fixture.command();
    // The clock advances; the monotonic clock is the real one.
    command.env("LD_PRELOAD", library).env("FAKETIME", format!("@{moment}"));
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

#[test]
#[ignore = "needs libfaketime"]
fn clock_before_1970_or_far_ahead_does_not_panic() {
    let years =
        [("1969-12-31 12:00:00", true), ("1930-01-01 00:00:00", true), ("2200-01-01 00:00:00", false)];
    for (moment, is_valid) in years.into_iter().chain([("9000-01-01 00:00:00", false)]) {
        let fixture = Fixture::new().claude(ALICE).codex(BOB);
        for _ in 0..2 {
            for format in ["text", "json", "waybar", "openmetrics"] {
                let mut command = at(&fixture, moment);
                let done =
                    fixture.spawn_command(command.args(["-vv", "status", "--format", format])).finish();
                assert!(!done.stderr.contains("panicked"), "{moment} {format}: {}", done.stderr);
                assert!(!done.stdout.contains("error in Quota Tray"), "{moment} {format}: {}", done.stdout);
                let shown = done.stdout.contains("42");
                assert_eq!(shown, is_valid, "{moment} {format}: {done:?}");
            }
        }
        let tray = fixture.spawn_command(&mut at(&fixture, moment));
        fixture.host.menu_until(|menu| menu.shows(ALICE));
        assert!(!tray.stderr().contains("panicked"), "{moment}: {}", tray.stderr());
        quit(&fixture, tray);
    }
}

#[test]
#[ignore = "needs libfaketime"]
fn backoff_set_by_a_clock_ahead_ends_once_the_clock_is_right() {
    let fixture = Fixture::new().claude(ALICE).codex(BOB);
    let (alice, bob) = (fixture.account(ALICE), fixture.account(BOB));
    fixture.server.respond(alice.access_token(), Response::status(429).header("Retry-After", "3000"));
    fixture.server.respond(bob.access_token(), Response::status(503));
    let ahead = (Utc::now() + TimeDelta::hours(8)).format("%Y-%m-%d %H:%M:%S").to_string();
    let done = fixture.spawn_command(at(&fixture, &ahead).arg("status")).finish();
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    for (account, email) in [(&alice, ALICE), (&bob, BOB)] {
        assert_eq!(fixture.server.requests_with(account.access_token()).len(), 1, "{email}");
    }
    status(&fixture);
    for (account, email) in [(&alice, ALICE), (&bob, BOB)] {
        assert_eq!(fixture.server.requests_with(account.access_token()).len(), 2, "{email}");
    }
}
