//! Other programs that change the files of a renewal.

use std::fs;

use super::concurrency::wait_until_it_waits;
use crate::common::{Provider, RenewalFixture, StatusReport};

/// What other programs call their temporary files is theirs.
#[test]
fn temporary_file_of_another_program_stays() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    let name = format!(".{}.json.tmp", fixture.only_account().name);
    let other = fixture.auth_dir().join(&name);
    fs::write(&other, "not ours").expect("written");
    assert!(fixture.status().succeeded());
    assert_eq!(fs::read_to_string(&other).expect("it is there"), "not ours");
    assert_eq!(fixture.leftovers(), [name]);
}

/// The file is exchanged for one of another provider while a second run waits for its lock.
#[test]
fn token_is_sent_to_the_provider_that_the_file_names_once_it_is_locked() {
    let fixture = RenewalFixture::new()
        .with(Provider::Claude, "alice@example.com")
        .with(Provider::Codex, "bob@example.com");
    let [claude, codex] = &fixture.accounts[..] else { panic!("two accounts") };
    let gate = fixture.hold_responses();
    codex.disable();
    let first = fixture.spawn(&["-vv", "status", "--format", "json"]);
    fixture.ledger.wait_for(&claude.name, |login| login.renewals == 1);
    let second = fixture.spawn(&["-vv", "status", "--format", "json"]);
    wait_until_it_waits(&second);
    codex.enable();
    fs::rename(codex.file(), claude.file()).expect("moved");
    gate.open();
    let (_, run) = (first.finish(), StatusReport::of(second.finish()));
    // A server that does not know the token says that it is dead; the row would say "sign in again". The second look at
    // the accounts finds a Codex login in a file that is a moment old.
    let error = run.error_of(claude).expect("it can't be renewed yet");
    assert!(error.contains("another program has just changed the credential file"), "{error}");
    let login = fixture.ledger.login(&codex.name);
    assert_eq!((login.renewals, login.reuses), (0, 0));
    assert_eq!(claude.read()["refresh_token"], *login.refresh);
}
