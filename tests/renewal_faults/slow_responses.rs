//! A response that comes late, and locks that a suspended process holds.

use crate::common::{SingleLogin, poll_until};
use std::time::Duration;

/// How long each wait may take.
const LIMIT: Duration = Duration::from_secs(90);

const STILL_WAITING: &str = "renewal is taking longer than 30 s";

#[test]
fn response_after_half_a_minute_is_used() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let status = fixture.spawn(&["status"]);
    fixture.wait_until_sent(1);
    // `status` prints its table after 30 s, with the reason why the usage is missing.
    assert!(poll_until(LIMIT, || status.stdout().contains(STILL_WAITING)), "{}", status.stdout());
    gate.open();
    status.exit_status_within(LIMIT);
    assert!(fixture.holds(2), "{}", fixture.text());
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// The lock of a suspended process delays another process only for a limited time, and does not delay its exit.
#[test]
fn run_waiting_for_a_suspended_process_ends_after_sigterm() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let first = fixture.spawn(&["status"]);
    fixture.wait_until_sent(1);
    first.suspend();
    let second = fixture.spawn(&["-vv", "status"]);
    second.stderr_line("waiting for a lock that another process holds");
    second.terminate();
    assert_eq!(second.finish().status.code(), Some(143));
    first.resume();
    gate.open();
    first.finish();
    assert!(fixture.holds(2), "{}", fixture.text());
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// As if held by a process that was suspended while it counted its requests.
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
