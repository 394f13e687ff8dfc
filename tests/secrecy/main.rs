//! No part of a token leaks: not in the text, the JSON, the most verbose log, the D-Bus traffic, or any file
//! except the credential file and its journal. The tokens here are recognised in parts and in each encoding.
#![cfg(target_os = "linux")]

mod bus_recorder;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod errors;

use bus_recorder::BusRecorder;
use common::{EMAIL, Menu, Program, SingleLogin};
use std::process::Command;

/// A tray whose bus traffic is recorded.
struct RecordedTray<'a> {
    fixture: &'a SingleLogin,
    recorder: BusRecorder,
    tray: Program,
}

impl<'a> RecordedTray<'a> {
    /// Starts the tray with these arguments. `command` runs the fixture's program, possibly through a shell.
    fn start(fixture: &'a SingleLogin, mut command: Command, arguments: &[&str]) -> RecordedTray<'a> {
        let recorder = BusRecorder::start(fixture);
        command.env("DBUS_SESSION_BUS_ADDRESS", recorder.address()).args(arguments);
        RecordedTray { fixture, tray: fixture.spawn_command(&mut command), recorder }
    }

    /// Reads menu and icon after the first refresh, ends the tray, and searches all output for tokens.
    #[track_caller]
    fn assert_no_token_leaks(self, shown: impl Fn(&Menu) -> bool) {
        let host = &self.fixture.host;
        let is_idle = |menu: &Menu| menu.find("Refresh now").is_some_and(|item| item.enabled);
        host.menu_until(|menu| is_idle(menu) && shown(menu));
        host.icon();
        self.tray.terminate();
        let done = self.tray.finish();
        let search = self.fixture.search();
        search.not_in("stdout", &done.stdout);
        search.not_in("stderr", &done.stderr);
        let traffic = self.recorder.bytes();
        assert!(contains(&traffic, EMAIL), "the traffic was not recorded");
        search.not_in("D-Bus", traffic);
        search.not_below(self.fixture.dir(), |path| self.fixture.may_hold_tokens(path));
    }
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}
