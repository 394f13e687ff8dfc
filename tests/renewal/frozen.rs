//! A process that does not run for a while: the laptop sleeps, somebody presses Ctrl-Z, a cgroup is frozen.

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::stage::Stage;

/// Longer than any timeout that was ever set for a token request.
const LONG: Duration = Duration::from_secs(33);

/// How long the whole may take.
const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn response_that_comes_while_the_process_is_stopped_is_read_when_it_goes_on() {
    // None of it is there when the process stops, or a piece that ends within the access token.
    for first_piece in [false, true] {
        let stage = Stage::new().with("claude", "alice@example.com");
        let player = stage.only();
        let gate = stage.hold();
        let pieces = stage.ledger.answer_in_pieces();
        let status = stage.scene.spawn(&["-vv", "status"]);
        stage.ledger.wait_for(&player.name, |login| login.renewals == 1);
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
        let login = stage.ledger.login(&player.name);
        assert_eq!(player.account.read()["refresh_token"], *login.refresh, "{first_piece}");
        stage.status();
        let login = stage.ledger.login(&player.name);
        assert_eq!((login.renewals, login.reuses), (1, 0), "{first_piece}");
    }
}
