//! A process that is suspended for a while: the laptop sleeps, somebody presses Ctrl-Z, a cgroup is frozen.

use crate::common::{Provider, RenewalFixture};
use std::thread;
use std::time::Duration;

/// Longer than 30 s, after which a renewal continues in the background, so that this timer has expired at the resume. A
/// suspended process gives no sign of that, so the test has to wait for the time itself.
const SUSPENDED_FOR: Duration = Duration::from_secs(33);

/// How long the run may take after the resume.
const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn response_received_while_suspended_is_read_after_the_resume() {
    // Nothing of it has arrived at the suspend, or a piece that ends within the access token.
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
        status.suspend();
        gate.open();
        pieces.iter().for_each(|piece| piece.open());
        thread::sleep(SUSPENDED_FOR);
        status.resume();
        status.exit_status_within(LIMIT);
        let login = fixture.ledger.login(&account.name);
        assert_eq!(account.read()["refresh_token"], *login.refresh, "{first_piece}");
        fixture.status();
        let login = fixture.ledger.login(&account.name);
        assert_eq!((login.renewals, login.reuses), (1, 0), "{first_piece}");
    }
}
