//! The disk takes nothing any more when the response is there.

use crate::common::{Row, SingleLogin};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::process::Command;

/// The program, which is told of a file that may not grow by an error and not by a signal.
fn command(fixture: &SingleLogin) -> Command {
    let command = fixture.command();
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
fn response_that_does_not_fit_the_journal_is_written_to_the_file() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let mut command = command(&fixture);
    let status = fixture.spawn_command(command.args(["-vvv", "status", "--format", "json"]));
    fixture.wait_until_sent(1);
    // The header of the journal and the credential fit, the response in the journal does not.
    limit_files(status.id(), Some(4096));
    gate.open();
    let done = status.finish();
    assert!(done.stderr.contains("could not write the renewal journal"), "{}", done.stderr);
    assert!(fixture.holds(2), "{}", fixture.text());
    let row = Row::of(&done);
    assert_eq!((row.left, row.error.as_str()), (Some(42.0), ""), "{}", row.stderr);
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

#[test]
fn response_without_any_room_is_saved_once_there_is_room() {
    let fixture = SingleLogin::codex();
    let before = fixture.text();
    let gate = fixture.hold_responses();
    let tray = fixture.spawn_command(command(&fixture).arg("-vvv"));
    fixture.wait_until_sent(1);
    limit_files(tray.id(), Some(0));
    gate.open();
    let menu = fixture.host.menu_until(|menu| menu.shows("could not write the credential file"));
    assert!(menu.shows("alice@example.com"), "{menu}");
    assert_eq!(fixture.text(), before);
    // As often as somebody asks: the token is not sent again.
    fixture.host.click("Refresh now");
    tray.stderr_line("could not write");
    limit_files(tray.id(), None);
    fixture.wait_until("the new tokens are in the file", |fixture| fixture.holds(2));
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
    fixture.end(tray);
}

/// Nothing is left of it when it ends: so it does not end while there is hope.
#[test]
fn status_with_an_unsaved_response_does_not_end() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let status = fixture.spawn_command(command(&fixture).args(["-vvv", "status"]));
    fixture.wait_until_sent(1);
    limit_files(status.id(), Some(0));
    gate.open();
    status.stdout_line("could not write the credential file");
    status.terminate();
    status.stderr_line("could not write");
    assert!(status.is_running());
    limit_files(status.id(), None);
    status.finish();
    fixture.assert_kept();
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}
