//! A response that takes its time, or that waits in its socket while the process does not run.

use super::stage::Stage;
use rustix::process::{Pid, Signal, kill_process};
use std::thread;
use std::time::Duration;

/// Longer than any timeout that was ever set for a token request.
const LONG: Duration = Duration::from_secs(33);

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(90);

const STILL_WAITING: &str = "renewal is taking longer than 30 s";

#[test]
fn response_that_takes_half_a_minute_is_not_given_up() {
    let stage = Stage::claude();
    let gate = stage.hold_answers();
    let status = stage.scene.spawn(&["status"]);
    stage.sent(1);
    // The time is what is tested.
    thread::sleep(LONG);
    // The numbers are not held up so long, and say why they are missing.
    status.stdout_line(STILL_WAITING);
    gate.open();
    status.exit_status_within(LIMIT);
    assert!(stage.holds(2), "{}", stage.text());
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

/// A process that is stopped with the lock in its hand holds up no other for long, and not its end.
#[test]
fn run_that_waits_for_a_stopped_process_ends_when_it_is_told_to() {
    let stage = Stage::claude();
    let gate = stage.hold_answers();
    let first = stage.scene.spawn(&["status"]);
    stage.sent(1);
    let pid = Pid::from_raw(first.id().try_into().expect("a process number")).expect("not 0");
    kill_process(pid, Signal::STOP).expect("it runs");
    let second = stage.scene.spawn(&["-vv", "status"]);
    second.stderr_line("waiting for a lock that another process holds");
    second.terminate();
    assert_eq!(second.finish().status.code(), Some(143));
    kill_process(pid, Signal::CONT).expect("it is there");
    gate.open();
    first.finish();
    assert!(stage.holds(2), "{}", stage.text());
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

/// As by a process that was stopped while it counted its requests.
#[test]
fn locked_request_counts_hold_up_nothing() {
    let stage = Stage::claude().not_expired();
    let dir = stage.scene.state_home().join("quota-tray");
    std::fs::create_dir_all(&dir).expect("made");
    let lock = std::fs::File::create(dir.join("pacing.lock")).expect("made");
    lock.lock().expect("nobody has it");
    let row = stage.status();
    assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{}", row.stderr);
}
