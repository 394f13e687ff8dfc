//! Not one byte of a token is let out: not in the text, the JSON, the log at its most talkative, the
//! traffic on D-Bus, or a file that is not the credential itself or its journal. The tokens here would be
//! known again in pieces, and in each form in which they could be written.
#![cfg(target_os = "linux")]

#[path = "../renewal_faults/canary.rs"]
mod canary;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod errors;
#[path = "../renewal_faults/ledger.rs"]
#[allow(dead_code, reason = "shared with renewal_faults, which uses the rest")]
mod ledger;
#[path = "../renewal_faults/stage.rs"]
#[allow(dead_code, reason = "shared with renewal_faults, which uses the rest")]
mod stage;
mod tap;

use common::{Menu, Program};
use stage::{EMAIL, Stage};
use std::process::Command;
use tap::Tap;

/// A tray whose every byte on the bus is heard.
struct Watched<'a> {
    stage: &'a Stage,
    tap: Tap,
    tray: Program,
}

impl<'a> Watched<'a> {
    /// Starts the tray with these arguments, by a command that goes to the scene's program in the end.
    fn start(stage: &'a Stage, mut command: Command, arguments: &[&str]) -> Watched<'a> {
        let tap = Tap::on(&stage.scene);
        command.env("DBUS_SESSION_BUS_ADDRESS", tap.address()).args(arguments);
        Watched { stage, tray: stage.scene.spawn_command(&mut command), tap }
    }

    /// Reads all there is to read once the first refresh is over, ends the tray, and searches.
    #[track_caller]
    fn lets_nothing_out(self, shown: impl Fn(&Menu) -> bool) {
        let host = &self.stage.scene.host;
        let at_rest = |menu: &Menu| menu.find("Refresh now").is_some_and(|item| item.enabled);
        host.menu_until(|menu| at_rest(menu) && shown(menu));
        host.icon();
        self.tray.terminate();
        let done = self.tray.finish();
        let search = self.stage.search();
        search.not_in("stdout", &done.stdout);
        search.not_in("stderr", &done.stderr);
        let traffic = self.tap.heard();
        assert!(contains(&traffic, EMAIL), "the traffic was not heard");
        search.not_in("D-Bus", traffic);
        search.not_below(self.stage.scene.dir(), |path| self.stage.may_hold_tokens(path));
    }
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}
