//! The disk takes nothing any more when the response is there.

use super::stage::{Row, Stage};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::process::Command;

/// The program, which is told of a file that may not grow by an error and not by a signal.
fn command(stage: &Stage) -> Command {
    let command = stage.scene.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.get_program()).env_clear();
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.current_dir(command.get_current_dir().expect("a folder"));
    shell
}

/// From now on the process writes no file beyond so many bytes. `None`: as it likes.
fn limit_files(process: u32, bytes: Option<u64>) {
    let pid = Pid::from_raw(process.try_into().expect("a process number"));
    let limit = Rlimit { current: bytes, maximum: None };
    prlimit(pid, Resource::Fsize, limit).expect("it runs");
}

#[test]
fn response_that_the_journal_cannot_take_gets_into_the_file() {
    let stage = Stage::claude();
    let gate = stage.hold_answers();
    let mut command = command(&stage);
    let status = stage.scene.spawn_command(command.args(["-vvv", "status", "--format", "json"]));
    stage.sent(1);
    // The header of the journal and the credential fit, the response in the journal does not.
    limit_files(status.id(), Some(4096));
    gate.open();
    let done = status.finish();
    assert!(done.stderr.contains("could not write the renewal journal"), "{}", done.stderr);
    assert!(stage.holds(2), "{}", stage.text());
    let row = Row::of(&done);
    assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{}", row.stderr);
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

#[test]
fn response_that_nothing_can_take_is_saved_as_soon_as_something_can() {
    let stage = Stage::codex();
    let before = stage.text();
    let gate = stage.hold_answers();
    let tray = stage.scene.spawn_command(command(&stage).arg("-vvv"));
    stage.sent(1);
    limit_files(tray.id(), Some(0));
    gate.open();
    let menu = stage.scene.host.menu_until(|menu| menu.shows("neither its file nor the journal"));
    assert!(menu.shows("alice@example.com"), "{menu}");
    assert_eq!(stage.text(), before);
    // As often as somebody asks: the token is not sent again.
    stage.scene.host.click("Refresh now");
    tray.stderr_line("could not write");
    limit_files(tray.id(), None);
    stage.until("the new tokens are in the file", |stage| stage.holds(2));
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
    stage.end(tray);
}

/// Nothing is left of it when it ends: so it does not end while there is hope.
#[test]
fn status_does_not_end_while_its_response_is_in_memory_alone() {
    let stage = Stage::claude();
    let gate = stage.hold_answers();
    let status = stage.scene.spawn_command(command(&stage).args(["-vvv", "status"]));
    stage.sent(1);
    limit_files(status.id(), Some(0));
    gate.open();
    status.stdout_line("neither its file nor the journal");
    status.terminate();
    status.stderr_line("could not write");
    assert!(status.is_running());
    limit_files(status.id(), None);
    status.finish();
    stage.nothing_is_lost();
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}
