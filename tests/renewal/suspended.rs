//! A process that does not run for a while: the laptop sleeps, somebody presses Ctrl-Z, a cgroup is frozen.

use crate::common::{Provider, RenewalFixture};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any timeout that was ever set for a token request.
const LONG: Duration = Duration::from_secs(33);

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn response_received_while_suspended_is_read_after_the_resume() {
    // None of it is there when the process stops, or a piece that ends within the access token.
    for first_piece in [false, true] {
        let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
        let account = fixture.only_account();
        let gate = fixture.hold_responses();
        let pieces = fixture.ledger.respond_in_pieces();
        let status = fixture.spawn(&["-vv", "status"]);
        fixture.ledger.wait_for(&account.name, |login| login.renewals == 1);
        if first_piece {
            gate.open();
            status.stderr_line("renewal: PieceStored");
        }
        let pid = Pid::from_raw(status.id().try_into().expect("a process number")).expect("not 0");
        kill_process(pid, Signal::STOP).expect("it runs");
        gate.open();
        pieces.iter().for_each(|piece| piece.open());
        // The time is what is tested.
        thread::sleep(LONG);
        kill_process(pid, Signal::CONT).expect("it is there");
        status.exit_status_within(LIMIT);
        let login = fixture.ledger.login(&account.name);
        assert_eq!(account.read()["refresh_token"], *login.refresh, "{first_piece}");
        fixture.status();
        let login = fixture.ledger.login(&account.name);
        assert_eq!((login.renewals, login.reuses), (1, 0), "{first_piece}");
    }
}
