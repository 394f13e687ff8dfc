//! Killed at every step of the protocol.

use crate::common::{Gate, Provider, RenewalFixture, TokenLocation, journal};
use std::time::Instant;

use quota_tray::credentials::renewal::Checkpoint::{self, *};

use super::child::{self, Moment};

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
fn claude_login_survives_each_kill_point() {
    survives_every_step(&RenewalFixture::new().with(Provider::Claude, "alice@example.com"));
}

#[test]
fn codex_login_survives_each_kill_point() {
    survives_every_step(&RenewalFixture::new().with(Provider::Codex, "bob@example.com"));
}

#[cfg(unix)] // on Windows only an administrator can make a link
#[test]
fn claude_login_behind_a_link_survives_each_kill_point() {
    survives_every_step(&RenewalFixture::new().with_link(Provider::Claude, "alice@example.com"));
}

#[cfg(unix)]
#[test]
fn codex_login_behind_a_link_survives_each_kill_point() {
    survives_every_step(&RenewalFixture::new().with_link(Provider::Codex, "bob@example.com"));
}

#[test]
fn login_survives_a_second_kill_during_recovery() {
    for first in [Moment(PieceStored, 3), Moment(ResponseStored, 1), Moment(Replaced, 1)] {
        let seconds =
            [ReplacementWritten, Replaced, Confirmed, Sending, ResponseStored].map(|step| Moment(step, 1));
        survives_both(&RenewalFixture::new().with(Provider::Claude, "alice@example.com"), first, &seconds);
    }
}

#[test]
#[ignore = "a minute: every pair of steps"]
fn login_survives_each_pair_of_kill_points() {
    for first in MOMENTS {
        let (claude, codex) = ("alice@example.com", "bob@example.com");
        survives_both(&RenewalFixture::new().with(Provider::Claude, claude), first, &MOMENTS);
        survives_both(&RenewalFixture::new().with_link(Provider::Codex, codex), first, &MOMENTS);
    }
}

#[test]
fn login_survives_repeated_kills_just_before_the_token_request() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    fixture.ledger.set_token_lifetime(0);
    for _ in 0..6 {
        assert_eq!(kill_at(&fixture, Moment(Sending, 1)), TokenLocation::CredentialFile);
        fixture.pass(24 * 60);
    }
    fixture.must_renew(&fixture.accounts, "six kills");
}

#[test]
fn response_in_the_journal_is_used_without_another_token_request() {
    for step in [PieceStored, ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
        let account = fixture.only_account();
        kill_at(&fixture, Moment(step, if step == PieceStored { 4 } else { 1 }));
        let run = fixture.status();
        let login = fixture.ledger.login(&account.name);
        assert_eq!(run.error_of(account), None, "{step:?}: {run:#?}");
        assert_eq!((login.renewals, login.usages), (1, 1), "{step:?}: {run:#?}");
        assert_eq!(account.read()["access_token"], *login.access, "{step:?}");
    }
}

#[test]
fn spent_token_written_back_after_a_kill_is_never_sent() {
    for step in [ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
        fixture.ledger.set_token_lifetime(0);
        let account = fixture.only_account();
        let first = fixture.ledger.login(&account.name).refresh;
        kill_at(&fixture, Moment(step, 1));
        fixture.pass(2);
        fixture.must_renew(&fixture.accounts, &format!("a kill at {step:?} and two minutes"));
        // CLIProxyAPI writes back what it had in memory all the time.
        account.set("refresh_token", first);
        fixture.pass(10);
        fixture.must_renew(&fixture.accounts, &format!("a kill at {step:?} and a write-back"));
    }
}

#[test]
fn journal_holds_no_token_after_the_recovery_from_any_kill_point() {
    for step in [ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let fixture = RenewalFixture::new().with(Provider::Codex, "bob@example.com");
        kill_at(&fixture, Moment(step, 1));
        for _ in 0..2 {
            fixture.pass(2);
            assert!(fixture.status().succeeded(), "{step:?}");
        }
        let login = fixture.ledger.login(&fixture.only_account().name);
        let journal = journal::of(&fixture.state_dir(), fixture.only_account().file()).expect("a journal");
        assert_eq!(journal.phase(), "done", "{step:?}");
        assert!(!journal.holds(&login.refresh) && !journal.holds(&login.access), "{step:?}");
    }
}

/// The login that the first renewal has brought is in the file and nowhere else, but for the journal; and
/// there its own renewal begins.
#[test]
fn login_survives_a_write_back_and_each_kill_point_of_the_next_renewal() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    fixture.ledger.set_token_lifetime(0);
    let account = fixture.only_account();
    for moment in &MOMENTS[..MOMENTS.len() - 1] {
        fixture.sign_in(account);
        let first = fixture.ledger.login(&account.name).refresh;
        fixture.must_renew(&fixture.accounts, "a sign-in");
        let kept = kill_at(&fixture, *moment);
        account.set("refresh_token", &*first);
        if ON_THE_WIRE.contains(moment) {
            assert_eq!(kept, TokenLocation::InTransit, "{moment}");
            continue;
        }
        assert!(kept.is_kept(), "killed at {moment}: the login is lost: {kept:?}");
        fixture.pass(2);
        fixture.must_renew(&fixture.accounts, &format!("a kill at {moment} and a write-back"));
        assert_eq!(fixture.ledger.login(&account.name).reuses, 0, "{moment}");
    }
}

/// An answer that lies about unread is a login that a kill would cost.
#[test]
fn response_is_journaled_while_another_renewal_waits_for_its_disk() {
    let fixture = RenewalFixture::new()
        .with(Provider::Claude, "alice@example.com")
        .with(Provider::Codex, "bob@example.com");
    let (first, gate) = (Gate::new(), Gate::new());
    fixture.ledger.hold_responses(&fixture.accounts[0].name, &first);
    fixture.ledger.hold_responses(&fixture.accounts[1].name, &gate);
    let (busy, read) = (Moment(ReplacementWritten, 1), Moment(PieceStored, 2));
    let child = fixture.spawn_command(&mut child::that_waits(&fixture, busy, read));
    // Both questions are out before the first answer comes.
    child.stdout_line(&Moment(Sending, 2).to_string());
    first.open();
    child.stdout_line(&busy.to_string());
    gate.open();
    let finished = child.finish();
    assert!(finished.status.success(), "{finished:#?}");
}

/// Each run renews: the answers say that access tokens are good for no time at all.
fn survives_every_step(fixture: &RenewalFixture) {
    fixture.ledger.set_token_lifetime(0);
    let account = fixture.only_account();
    for moment in MOMENTS {
        let kept = kill_at(fixture, moment);
        if ON_THE_WIRE.contains(&moment) {
            assert_eq!(kept, TokenLocation::InTransit, "{moment}");
            fixture.sign_in(account);
            continue;
        }
        assert!(kept.is_kept(), "killed at {moment}: the login is lost: {kept:?}");
        if moment.0 == Sending {
            // Nobody can know whether the server has the token, so there is a wait.
            let run = fixture.status();
            let error = run.error_of(account).unwrap_or_default();
            assert!(error.contains("trying again in a minute"), "{run:#?}");
            assert_eq!(fixture.ledger.login(&account.name).renewals, 0, "{run:#?}");
            fixture.pass(2);
        }
        fixture.must_renew(&fixture.accounts, &format!("a kill at {moment}"));
        if moment.0 == Finished {
            assert_eq!(kept, TokenLocation::CredentialFile);
        }
        // A new login, so that each step begins with a clean slate, the journal apart.
        fixture.sign_in(account);
    }
}

/// Killed at one moment, and at another in the very next run.
fn survives_both(fixture: &RenewalFixture, first: Moment, seconds: &[Moment]) {
    fixture.ledger.set_token_lifetime(0);
    let account = fixture.only_account();
    for second in seconds {
        for moment in [first, *second] {
            let kept = kill_at(fixture, moment);
            if ON_THE_WIRE.contains(&moment) {
                assert_eq!(kept, TokenLocation::InTransit, "{first}, {second}");
                fixture.sign_in(account);
                continue;
            }
            assert!(kept.is_kept(), "killed at {first}, then at {second}: the login is lost: {kept:?}");
            if moment.0 == Sending {
                fixture.pass(24 * 60);
            }
        }
        fixture.must_renew(&fixture.accounts, &format!("a kill at {first} and one at {second}"));
        fixture.sign_in(account);
    }
}

/// Renews in a process that dies at this moment, and says where the login is then.
#[track_caller]
fn kill_at(fixture: &RenewalFixture, moment: Moment) -> TokenLocation {
    if moment.0 == Checkpoint::Finished {
        // A renewal ends when its file has been stable for a minute.
        fixture.must_renew(&fixture.accounts, "the sign-in");
        fixture.pass(2);
    }
    let gates = fixture.ledger.respond_in_pieces();
    let last = if moment.0 == PieceStored { moment.1 } else { gates.len() + 1 };
    let child = fixture.spawn_command(&mut child::that_dies(fixture, moment));
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
    assert!(child::was_killed(finished.status), "not killed at {moment}: {finished:#?}");
    // What is handed out from here on goes to nobody.
    let died = Instant::now();
    gates.iter().for_each(Gate::open);
    fixture.server.wait_until_idle();
    if moment.0 == Checkpoint::Finished {
        let login = fixture.ledger.login(&fixture.only_account().name);
        let kept = journal::all(&fixture.state_dir()).iter().any(|journal| journal.holds(&login.refresh));
        assert!(!kept, "a token is left in the journal");
    }
    fixture.locate(fixture.only_account(), died)
}
