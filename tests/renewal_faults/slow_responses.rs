//! A response that takes its time, or that waits in its socket while the process does not run.

use crate::common::SingleLogin;
use rustix::process::{Pid, Signal, kill_process};
use std::thread;
use std::time::Duration;

/// Longer than any timeout that was ever set for a token request.
const LONG: Duration = Duration::from_secs(33);

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(90);

const STILL_WAITING: &str = "renewal is taking longer than 30 s";

#[test]
fn response_after_half_a_minute_is_used() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let status = fixture.spawn(&["status"]);
    fixture.wait_until_sent(1);
    // The time is what is tested.
    thread::sleep(LONG);
    // The numbers are not held up so long, and say why they are missing.
    status.stdout_line(STILL_WAITING);
    gate.open();
    status.exit_status_within(LIMIT);
    assert!(fixture.holds(2), "{}", fixture.text());
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// A process that is stopped with the lock in its hand holds up no other for long, and not its end.
#[test]
fn run_waiting_for_a_suspended_process_ends_after_sigterm() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let first = fixture.spawn(&["status"]);
    fixture.wait_until_sent(1);
    let pid = Pid::from_raw(first.id().try_into().expect("a process number")).expect("not 0");
    kill_process(pid, Signal::STOP).expect("it runs");
    let second = fixture.spawn(&["-vv", "status"]);
    second.stderr_line("waiting for a lock that another process holds");
    second.terminate();
    assert_eq!(second.finish().status.code(), Some(143));
    kill_process(pid, Signal::CONT).expect("it is there");
    gate.open();
    first.finish();
    assert!(fixture.holds(2), "{}", fixture.text());
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// As by a process that was stopped while it counted its requests.
#[test]
fn locked_request_counts_do_not_block() {
    let fixture = SingleLogin::claude().not_expired();
    let dir = fixture.state_home().join("quota-tray");
    std::fs::create_dir_all(&dir).expect("made");
    let lock = std::fs::File::create(dir.join("pacing.lock")).expect("made");
    lock.lock().expect("nobody has it");
    let row = fixture.status();
    assert_eq!((row.left, row.error.as_str()), (Some(42.0), ""), "{}", row.stderr);
}
