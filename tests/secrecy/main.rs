//! Not one byte of a token is let out: not in the text, the JSON, the log at its most talkative, the
//! traffic on D-Bus, or a file that is not the credential itself or its journal. The tokens here would be
//! known again in pieces, and in each form in which they could be written.
#![cfg(target_os = "linux")]

mod bus_recorder;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod errors;

use bus_recorder::BusRecorder;
use common::{EMAIL, Menu, Program, SingleLogin};
use std::process::Command;

/// A tray whose every byte on the bus is heard.
struct Watched<'a> {
    fixture: &'a SingleLogin,
    recorder: BusRecorder,
    tray: Program,
}

impl<'a> Watched<'a> {
    /// Starts the tray with these arguments, by a command that goes to the fixture's program in the end.
    fn start(fixture: &'a SingleLogin, mut command: Command, arguments: &[&str]) -> Watched<'a> {
        let recorder = BusRecorder::on(fixture);
        command.env("DBUS_SESSION_BUS_ADDRESS", recorder.address()).args(arguments);
        Watched { fixture, tray: fixture.spawn_command(&mut command), recorder }
    }

    /// Reads all there is to read once the first refresh is over, ends the tray, and searches.
    #[track_caller]
    fn lets_nothing_out(self, shown: impl Fn(&Menu) -> bool) {
        let host = &self.fixture.host;
        let at_rest = |menu: &Menu| menu.find("Refresh now").is_some_and(|item| item.enabled);
        host.menu_until(|menu| at_rest(menu) && shown(menu));
        host.icon();
        self.tray.terminate();
        let done = self.tray.finish();
        let search = self.fixture.search();
        search.not_in("stdout", &done.stdout);
        search.not_in("stderr", &done.stderr);
        let traffic = self.recorder.heard();
        assert!(contains(&traffic, EMAIL), "the traffic was not heard");
        search.not_in("D-Bus", traffic);
        search.not_below(self.fixture.dir(), |path| self.fixture.may_hold_tokens(path));
    }
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}
