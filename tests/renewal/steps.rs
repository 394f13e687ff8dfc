//! Killed at every step of the protocol.

use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use quota_tray::credentials::renewal::Checkpoint::{self, *};

use super::child::{self, Moment};
use super::journals;
use super::stage::{Stage, Whereabouts};
use crate::common::Gate;

/// Every step. The ledger sends its answer in four pieces: the refresh token is whole with the third.
const MOMENTS: [Moment; 13] = [
    Moment(Locked, 1),
    Moment(ReplacementMade, 1),
    Moment(JournalPrepared, 1),
    Moment(Sending, 1),
    Moment(PieceStored, 1),
    Moment(PieceStored, 2),
    Moment(PieceStored, 3),
    Moment(PieceStored, 4),
    Moment(ResponseStored, 1),
    Moment(ReplacementWritten, 1),
    Moment(Replaced, 1),
    Moment(Confirmed, 1),
    Moment(Finished, 1),
];

/// Killed here, the refresh token is still on its way: it is spent, and its answer not whole.
const ON_THE_WIRE: [Moment; 2] = [Moment(PieceStored, 1), Moment(PieceStored, 2)];

#[test]
fn a_claude_login_survives_a_kill_at_every_step() {
    survives_every_step(&Stage::new().with("claude", "alice@example.com"));
}

#[test]
fn a_codex_login_survives_a_kill_at_every_step() {
    survives_every_step(&Stage::new().with("codex", "bob@example.com"));
}

#[test]
fn a_claude_login_behind_a_link_survives_a_kill_at_every_step() {
    survives_every_step(&Stage::new().with_link("claude", "alice@example.com"));
}

#[test]
fn a_codex_login_behind_a_link_survives_a_kill_at_every_step() {
    survives_every_step(&Stage::new().with_link("codex", "bob@example.com"));
}

#[test]
fn a_kill_while_the_journal_is_read_harms_no_more_than_the_first() {
    for first in [Moment(PieceStored, 3), Moment(ResponseStored, 1), Moment(Replaced, 1)] {
        let seconds =
            [ReplacementWritten, Replaced, Confirmed, Sending, ResponseStored].map(|step| Moment(step, 1));
        survives_both(&Stage::new().with("claude", "alice@example.com"), first, &seconds);
    }
}

#[test]
#[ignore = "a minute: every pair of steps"]
fn a_login_survives_a_kill_at_every_step_after_a_kill_at_every_other() {
    for first in MOMENTS {
        let (claude, codex) = ("alice@example.com", "bob@example.com");
        survives_both(&Stage::new().with("claude", claude), first, &MOMENTS);
        survives_both(&Stage::new().with_link("codex", codex), first, &MOMENTS);
    }
}

#[test]
fn a_login_survives_any_number_of_kills_just_before_its_token_is_sent() {
    let stage = Stage::new().with("claude", "alice@example.com");
    stage.ledger.answer_for(0);
    for _ in 0..6 {
        assert_eq!(kill_at(&stage, Moment(Sending, 1)), Whereabouts::File);
        stage.wait(24 * 60);
    }
    stage.must_renew(stage.players(), "six kills");
}

#[test]
fn an_answer_that_is_in_the_journal_is_taken_from_there_and_not_asked_for_again() {
    for step in [PieceStored, ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let stage = Stage::new().with("claude", "alice@example.com");
        let player = stage.only();
        kill_at(&stage, Moment(step, if step == PieceStored { 4 } else { 1 }));
        let run = stage.status();
        let login = stage.ledger.login(&player.name);
        assert_eq!(run.error_of(player), None, "{step:?}: {run:#?}");
        assert_eq!((login.renewals, login.usages), (1, 1), "{step:?}: {run:#?}");
        assert_eq!(player.account.read()["access_token"], *login.access, "{step:?}");
    }
}

#[test]
fn a_token_that_was_spent_before_a_kill_is_never_sent_again_though_it_comes_back() {
    for step in [ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let stage = Stage::new().with("claude", "alice@example.com");
        stage.ledger.answer_for(0);
        let player = stage.only();
        let first = stage.ledger.login(&player.name).refresh;
        kill_at(&stage, Moment(step, 1));
        stage.wait(2);
        stage.must_renew(stage.players(), &format!("a kill at {step:?} and two minutes"));
        // CLIProxyAPI writes back what it had in memory all the time.
        player.account.set("refresh_token", first);
        stage.wait(10);
        stage.must_renew(stage.players(), &format!("a kill at {step:?} and a write-back"));
    }
}

#[test]
fn no_token_stays_in_the_journal_wherever_the_kill_came() {
    for step in [ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let stage = Stage::new().with("codex", "bob@example.com");
        kill_at(&stage, Moment(step, 1));
        for _ in 0..2 {
            stage.wait(2);
            assert!(stage.status().succeeded(), "{step:?}");
        }
        let login = stage.ledger.login(&stage.only().name);
        let journal = journals::of(&stage.state_dir(), stage.only().account.file()).expect("a journal");
        assert_eq!(journal.phase(), "done", "{step:?}");
        assert!(!journal.holds(&login.refresh) && !journal.holds(&login.access), "{step:?}");
    }
}

/// The login that the first renewal has brought is in the file and nowhere else, but for the journal; and
/// there its own renewal begins.
#[test]
fn a_write_back_in_the_middle_of_the_next_renewal_costs_no_login_wherever_the_kill_came() {
    let stage = Stage::new().with("claude", "alice@example.com");
    stage.ledger.answer_for(0);
    let player = stage.only();
    for moment in &MOMENTS[..MOMENTS.len() - 1] {
        stage.sign_in(player);
        let first = stage.ledger.login(&player.name).refresh;
        stage.must_renew(stage.players(), "a sign-in");
        let kept = kill_at(&stage, *moment);
        player.account.set("refresh_token", &*first);
        if ON_THE_WIRE.contains(moment) {
            assert_eq!(kept, Whereabouts::Wire, "{moment}");
            continue;
        }
        assert!(kept.is_kept(), "killed at {moment}: the login is lost: {kept:?}");
        stage.wait(2);
        stage.must_renew(stage.players(), &format!("a kill at {moment} and a write-back"));
        assert_eq!(stage.ledger.login(&player.name).reuses, 0, "{moment}");
    }
}

/// An answer that lies about unread is a login that a kill would cost.
#[test]
fn an_answer_goes_into_its_journal_while_another_renewal_is_busy_with_its_disk() {
    let stage = Stage::new().with("claude", "alice@example.com").with("codex", "bob@example.com");
    let (first, gate) = (Gate::new(), Gate::new());
    stage.ledger.hold(&stage.players()[0].name, &first);
    stage.ledger.hold(&stage.players()[1].name, &gate);
    let (busy, read) = (Moment(ReplacementWritten, 1), Moment(PieceStored, 2));
    let child = stage.scene.spawn_command(&mut child::that_waits(&stage.scene, busy, read));
    // Both questions are out before the first answer comes.
    child.stdout_line(&Moment(Sending, 2).to_string());
    first.open();
    child.stdout_line(&busy.to_string());
    gate.open();
    let finished = child.finish();
    assert!(finished.status.success(), "{finished:#?}");
}

/// Each run renews: the answers say that access tokens are good for no time at all.
fn survives_every_step(stage: &Stage) {
    stage.ledger.answer_for(0);
    let player = stage.only();
    for moment in MOMENTS {
        let kept = kill_at(stage, moment);
        if ON_THE_WIRE.contains(&moment) {
            assert_eq!(kept, Whereabouts::Wire, "{moment}");
            stage.sign_in(player);
            continue;
        }
        assert!(kept.is_kept(), "killed at {moment}: the login is lost: {kept:?}");
        if moment.0 == Sending {
            // Nobody can know whether the server has the token, so there is a wait.
            let run = stage.status();
            let error = run.error_of(player).unwrap_or_default();
            assert!(error.contains("trying again in a minute"), "{run:#?}");
            assert_eq!(stage.ledger.login(&player.name).renewals, 0, "{run:#?}");
            stage.wait(2);
        }
        stage.must_renew(stage.players(), &format!("a kill at {moment}"));
        if moment.0 == Finished {
            assert_eq!(kept, Whereabouts::File);
        }
        // A new login, so that each step begins with a clean slate, the journal apart.
        stage.sign_in(player);
    }
}

/// Killed at one moment, and at another in the very next run.
fn survives_both(stage: &Stage, first: Moment, seconds: &[Moment]) {
    stage.ledger.answer_for(0);
    let player = stage.only();
    for second in seconds {
        for moment in [first, *second] {
            let kept = kill_at(stage, moment);
            if ON_THE_WIRE.contains(&moment) {
                assert_eq!(kept, Whereabouts::Wire, "{first}, {second}");
                stage.sign_in(player);
                continue;
            }
            assert!(kept.is_kept(), "killed at {first}, then at {second}: the login is lost: {kept:?}");
            if moment.0 == Sending {
                stage.wait(24 * 60);
            }
        }
        stage.must_renew(stage.players(), &format!("a kill at {first} and one at {second}"));
        stage.sign_in(player);
    }
}

/// Renews in a process that dies at this moment, and says where the login is then.
#[track_caller]
fn kill_at(stage: &Stage, moment: Moment) -> Whereabouts {
    if moment.0 == Checkpoint::Finished {
        // A renewal ends when its file has been stable for a minute.
        stage.must_renew(stage.players(), "the sign-in");
        stage.wait(2);
    }
    let gates = stage.ledger.answer_in_pieces();
    let last = if moment.0 == PieceStored { moment.1 } else { gates.len() + 1 };
    let child = stage.scene.spawn_command(&mut child::that_dies(&stage.scene, moment));
    if moment.0 == PieceStored {
        // Each piece only once the one before is kept, so that none is joined to another.
        for (gate, piece) in gates.iter().zip(1..last) {
            child.stdout_line(&Moment(PieceStored, piece).to_string());
            gate.open();
        }
    } else {
        gates.iter().for_each(Gate::open);
    }
    let finished = child.finish();
    assert_eq!(finished.status.signal(), Some(9), "not killed at {moment}: {finished:#?}");
    // What is handed out from here on goes to nobody.
    let died = Instant::now();
    gates.iter().for_each(Gate::open);
    stage.ledger.settle();
    if moment.0 == Checkpoint::Finished {
        let login = stage.ledger.login(&stage.only().name);
        let kept = journals::all(&stage.state_dir()).iter().any(|journal| journal.holds(&login.refresh));
        assert!(!kept, "a token is left in the journal");
    }
    stage.whereabouts(stage.only(), died)
}
