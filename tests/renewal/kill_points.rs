//! Kills at each checkpoint of a renewal.

use crate::common::{Gate, Provider, RenewalFixture, TokenLocation, journal};
use std::time::Instant;

use quota_tray::credentials::renewal::Checkpoint::{self, *};

use super::child::{self, KillPoint};

/// Every checkpoint. The ledger sends its response in four pieces; the third completes the refresh token.
const KILL_POINTS: [KillPoint; 13] = [
    KillPoint(Locked, 1),
    KillPoint(ReplacementMade, 1),
    KillPoint(JournalPrepared, 1),
    KillPoint(Sending, 1),
    KillPoint(PieceStored, 1),
    KillPoint(PieceStored, 2),
    KillPoint(PieceStored, 3),
    KillPoint(PieceStored, 4),
    KillPoint(ResponseStored, 1),
    KillPoint(ReplacementWritten, 1),
    KillPoint(Replaced, 1),
    KillPoint(Confirmed, 1),
    KillPoint(Finished, 1),
];

/// After a kill here the new refresh token is lost in transit: the old one is spent, and the response incomplete.
const IN_TRANSIT: [KillPoint; 2] = [KillPoint(PieceStored, 1), KillPoint(PieceStored, 2)];

#[test]
fn claude_login_survives_each_kill_point() {
    survives_each_kill_point(&RenewalFixture::new().with(Provider::Claude, "alice@example.com"));
}

#[test]
fn codex_login_survives_each_kill_point() {
    survives_each_kill_point(&RenewalFixture::new().with(Provider::Codex, "bob@example.com"));
}

#[cfg(unix)] // on Windows only an administrator can make a link
#[test]
fn claude_login_behind_a_link_survives_each_kill_point() {
    survives_each_kill_point(&RenewalFixture::new().with_link(Provider::Claude, "alice@example.com"));
}

#[cfg(unix)]
#[test]
fn codex_login_behind_a_link_survives_each_kill_point() {
    survives_each_kill_point(&RenewalFixture::new().with_link(Provider::Codex, "bob@example.com"));
}

#[test]
fn login_survives_a_second_kill_during_recovery() {
    for first in [KillPoint(PieceStored, 3), KillPoint(ResponseStored, 1), KillPoint(Replaced, 1)] {
        let seconds = [ReplacementWritten, Replaced, Confirmed, Sending, ResponseStored]
            .map(|checkpoint| KillPoint(checkpoint, 1));
        survives_both(&RenewalFixture::new().with(Provider::Claude, "alice@example.com"), first, &seconds);
    }
}

#[test]
#[ignore = "a minute: every pair of kill points"]
fn login_survives_each_pair_of_kill_points() {
    for first in KILL_POINTS {
        let (claude, codex) = ("alice@example.com", "bob@example.com");
        survives_both(&RenewalFixture::new().with(Provider::Claude, claude), first, &KILL_POINTS);
        survives_both(&RenewalFixture::new().with_link(Provider::Codex, codex), first, &KILL_POINTS);
    }
}

#[test]
fn login_survives_repeated_kills_just_before_the_token_request() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    fixture.ledger.set_token_lifetime(0);
    for _ in 0..6 {
        assert_eq!(kill_at(&fixture, KillPoint(Sending, 1)), TokenLocation::CredentialFile);
        fixture.pass(24 * 60);
    }
    fixture.must_renew(&fixture.accounts, "six kills");
}

#[test]
fn response_in_the_journal_is_used_without_another_token_request() {
    for checkpoint in [PieceStored, ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
        let account = fixture.only_account();
        kill_at(&fixture, KillPoint(checkpoint, if checkpoint == PieceStored { 4 } else { 1 }));
        let run = fixture.status();
        let login = fixture.ledger.login(&account.name);
        assert_eq!(run.error_of(account), None, "{checkpoint:?}: {run:#?}");
        assert_eq!((login.renewals, login.usages), (1, 1), "{checkpoint:?}: {run:#?}");
        assert_eq!(account.read()["access_token"], *login.access, "{checkpoint:?}");
    }
}

#[test]
fn spent_token_written_back_after_a_kill_is_never_sent() {
    for checkpoint in [ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
        fixture.ledger.set_token_lifetime(0);
        let account = fixture.only_account();
        let first = fixture.ledger.login(&account.name).refresh;
        kill_at(&fixture, KillPoint(checkpoint, 1));
        fixture.pass(2);
        fixture.must_renew(&fixture.accounts, &format!("a kill at {checkpoint:?} and two minutes"));
        // CLIProxyAPI writes back the token that it still has in memory.
        account.set("refresh_token", first);
        fixture.pass(10);
        fixture.must_renew(&fixture.accounts, &format!("a kill at {checkpoint:?} and a write-back"));
    }
}

#[test]
fn journal_holds_no_token_after_the_recovery_from_any_kill_point() {
    for checkpoint in [ResponseStored, ReplacementWritten, Replaced, Confirmed] {
        let fixture = RenewalFixture::new().with(Provider::Codex, "bob@example.com");
        kill_at(&fixture, KillPoint(checkpoint, 1));
        for _ in 0..2 {
            fixture.pass(2);
            assert!(fixture.status().succeeded(), "{checkpoint:?}");
        }
        let login = fixture.ledger.login(&fixture.only_account().name);
        let journal = journal::of(&fixture.state_dir(), fixture.only_account().file()).expect("a journal");
        assert_eq!(journal.phase(), "done", "{checkpoint:?}");
        assert!(!journal.holds(&login.refresh) && !journal.holds(&login.access), "{checkpoint:?}");
    }
}

/// The first renewal's login is only in the file and the journal when its own renewal starts.
#[test]
fn login_survives_a_write_back_and_each_kill_point_of_the_next_renewal() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    fixture.ledger.set_token_lifetime(0);
    let account = fixture.only_account();
    for kill_point in &KILL_POINTS[..KILL_POINTS.len() - 1] {
        fixture.sign_in(account);
        let first = fixture.ledger.login(&account.name).refresh;
        fixture.must_renew(&fixture.accounts, "a sign-in");
        let kept = kill_at(&fixture, *kill_point);
        account.set("refresh_token", &*first);
        if IN_TRANSIT.contains(kill_point) {
            assert_eq!(kept, TokenLocation::InTransit, "{kill_point}");
            continue;
        }
        assert!(kept.is_kept(), "killed at {kill_point}: the login is lost: {kept:?}");
        fixture.pass(2);
        fixture.must_renew(&fixture.accounts, &format!("a kill at {kill_point} and a write-back"));
        assert_eq!(fixture.ledger.login(&account.name).reuses, 0, "{kill_point}");
    }
}

/// A kill would lose the login of a response that is not read.
#[test]
fn response_is_journaled_while_another_renewal_waits_for_its_disk() {
    let fixture = RenewalFixture::new()
        .with(Provider::Claude, "alice@example.com")
        .with(Provider::Codex, "bob@example.com");
    let (first, gate) = (Gate::new(), Gate::new());
    fixture.ledger.hold_responses(&fixture.accounts[0].name, &first);
    fixture.ledger.hold_responses(&fixture.accounts[1].name, &gate);
    let (blocked, read) = (KillPoint(ReplacementWritten, 1), KillPoint(PieceStored, 2));
    let child = fixture.spawn_command(&mut child::that_waits(&fixture, blocked, read));
    // Both requests are sent before the first response arrives.
    child.stdout_line(&KillPoint(Sending, 2).to_string());
    first.open();
    child.stdout_line(&blocked.to_string());
    gate.open();
    let finished = child.finish();
    assert!(finished.status.success(), "{finished:#?}");
}

/// Each run renews, since the responses say that access tokens have already expired.
fn survives_each_kill_point(fixture: &RenewalFixture) {
    fixture.ledger.set_token_lifetime(0);
    let account = fixture.only_account();
    for kill_point in KILL_POINTS {
        let kept = kill_at(fixture, kill_point);
        if IN_TRANSIT.contains(&kill_point) {
            assert_eq!(kept, TokenLocation::InTransit, "{kill_point}");
            fixture.sign_in(account);
            continue;
        }
        assert!(kept.is_kept(), "killed at {kill_point}: the login is lost: {kept:?}");
        if kill_point.0 == Sending {
            // The server may have received the token, so the next request waits for a minute.
            let run = fixture.status();
            let error = run.error_of(account).unwrap_or_default();
            assert!(error.contains("trying again in a minute"), "{run:#?}");
            assert_eq!(fixture.ledger.login(&account.name).renewals, 0, "{run:#?}");
            fixture.pass(2);
        }
        fixture.must_renew(&fixture.accounts, &format!("a kill at {kill_point}"));
        if kill_point.0 == Finished {
            assert_eq!(kept, TokenLocation::CredentialFile);
        }
        // A new login, so that kill points share nothing but the journal.
        fixture.sign_in(account);
    }
}

/// Killed at one point, and at another in the next run.
fn survives_both(fixture: &RenewalFixture, first: KillPoint, seconds: &[KillPoint]) {
    fixture.ledger.set_token_lifetime(0);
    let account = fixture.only_account();
    for second in seconds {
        for kill_point in [first, *second] {
            let kept = kill_at(fixture, kill_point);
            if IN_TRANSIT.contains(&kill_point) {
                assert_eq!(kept, TokenLocation::InTransit, "{first}, {second}");
                fixture.sign_in(account);
                continue;
            }
            assert!(kept.is_kept(), "killed at {first}, then at {second}: the login is lost: {kept:?}");
            if kill_point.0 == Sending {
                fixture.pass(24 * 60);
            }
        }
        fixture.must_renew(&fixture.accounts, &format!("a kill at {first} and one at {second}"));
        fixture.sign_in(account);
    }
}

/// Renews in a process that dies at this point, and returns where the login is then.
#[track_caller]
fn kill_at(fixture: &RenewalFixture, kill_point: KillPoint) -> TokenLocation {
    if kill_point.0 == Checkpoint::Finished {
        // A renewal ends when its file has been stable for a minute.
        fixture.must_renew(&fixture.accounts, "the sign-in");
        fixture.pass(2);
    }
    let gates = fixture.ledger.respond_in_pieces();
    let last = if kill_point.0 == PieceStored { kill_point.1 } else { gates.len() + 1 };
    let child = fixture.spawn_command(&mut child::that_dies(fixture, kill_point));
    if kill_point.0 == PieceStored {
        // Each piece is sent when the one before is stored, so that no two are read together.
        for (gate, piece) in gates.iter().zip(1..last) {
            child.stdout_line(&KillPoint(PieceStored, piece).to_string());
            gate.open();
        }
    } else {
        gates.iter().for_each(Gate::open);
    }
    let finished = child.finish();
    assert!(child::was_killed(finished.status), "not killed at {kill_point}: {finished:#?}");
    // Responses that are sent from here on reach no client.
    let died = Instant::now();
    gates.iter().for_each(Gate::open);
    fixture.server.wait_until_idle();
    if kill_point.0 == Checkpoint::Finished {
        let login = fixture.ledger.login(&fixture.only_account().name);
        let kept = journal::all(&fixture.state_dir()).iter().any(|journal| journal.holds(&login.refresh));
        assert!(!kept, "a token is left in the journal");
    }
    fixture.locate(fixture.only_account(), died)
}
