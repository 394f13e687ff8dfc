//! The program as a user whom file permissions bind, since they do not bind root.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::fixture::Fixture;
use super::single_login::is_root;

/// The id of a user and a group without privileges.
pub const NOBODY: u32 = 65534;

/// The program in the environment of the fixture. If the test is root, the fixture's files are given to
/// [`NOBODY`], who runs the program.
pub fn unprivileged_command(fixture: &Fixture) -> Command {
    let mut command = fixture.command();
    if is_root() {
        give_away(fixture.dir());
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("could not change the owner");
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).expect("could not list a folder") {
            give_away(&entry.expect("an entry").path());
        }
    }
}
