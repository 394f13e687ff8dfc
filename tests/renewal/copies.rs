//! One login in several files: its token is spent once, and every file gets the new one.

use crate::common::{Provider, RenewalFixture, StatusReport, TestAccount};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::concurrency::wait_until_it_waits;

/// A copy of the account's file as it is now, an hour old.
fn copy(account: &TestAccount, name: &str) -> PathBuf {
    let copy = account.file().with_file_name(name);
    fs::copy(account.file(), &copy).expect("copied");
    age(&copy);
    copy
}

fn age(file: &Path) {
    let file = File::options().write(true).open(file).expect("there");
    file.set_modified(SystemTime::now() - Duration::from_secs(3600)).expect("set");
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).expect("read")).expect("JSON")
}

/// Each file has the live tokens, and nothing else is left in the folders.
#[track_caller]
fn assert_renewed(fixture: &RenewalFixture, account: &TestAccount, renewals: usize, files: &[&Path]) {
    fixture.assert_renewed(account, renewals, files);
    assert_eq!(fixture.leftovers(), [""; 0]);
}

#[test]
fn copies_in_one_folder_share_one_renewal() {
    for provider in Provider::ALL {
        let fixture = RenewalFixture::new().with(provider, "alice@example.com");
        let account = fixture.only_account();
        let copies =
            ["a (copy).json", "b.json", "c.sync-conflict-20261101.json"].map(|name| copy(account, name));
        let run = fixture.status();
        assert!(run.succeeded(), "{run:#?}");
        let files = [account.file(), &copies[0], &copies[1], &copies[2]];
        assert_renewed(&fixture, account, 1, &files);
        // Each of them can renew, and the others follow.
        fixture.pass(61);
        for file in files {
            let mut held = read(file);
            held["expired"] = "2026-01-01T00:00:00Z".into();
            fs::write(file, held.to_string()).expect("written");
            age(file);
        }
        assert!(fixture.status().succeeded());
        assert_renewed(&fixture, account, 2, &files);
    }
}

#[test]
fn hard_link_gets_the_tokens_of_the_other_name() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    let account = fixture.only_account();
    let link = account.file().with_file_name("link.json");
    fs::hard_link(account.file(), &link).expect("linked");
    assert!(fixture.status().succeeded());
    assert_renewed(&fixture, account, 1, &[account.file(), &link]);
}

#[test]
fn disabled_copy_gets_the_new_tokens() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    let account = fixture.only_account();
    let disabled = copy(account, "disabled.json");
    let mut held = read(&disabled);
    held["disabled"] = true.into();
    fs::write(&disabled, held.to_string()).expect("written");
    assert!(fixture.status().succeeded());
    assert_renewed(&fixture, account, 1, &[account.file(), &disabled]);
    assert_eq!(read(&disabled)["disabled"], true);
}

#[test]
fn stale_copy_that_appears_later_gets_the_live_tokens_at_any_age() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    let account = fixture.only_account();
    let stale = fs::read(account.file()).expect("read");
    let file = account.file().with_file_name("claude-a.sync-conflict.json");
    for renewals in 1..=12 {
        assert!(fixture.status().succeeded());
        fixture.pass(61);
        account.expire();
        age(account.file());
        if [2, 12].contains(&renewals) {
            // Its access token has expired as well; at its place in the order it is renewed before the other.
            fs::write(&file, &stale).expect("written");
            age(&file);
            let run = fixture.status();
            assert!(run.succeeded(), "{run:#?}");
            let login = fixture.ledger.login(&account.name);
            assert_renewed(&fixture, account, login.renewals, &[account.file(), &file]);
            fs::remove_file(&file).expect("removed");
            fixture.pass(61);
            account.expire();
            age(account.file());
        }
    }
}

#[test]
fn file_renamed_during_its_renewal_gets_the_new_tokens() {
    let fixture = RenewalFixture::new().with(Provider::Codex, "alice@example.com");
    let account = fixture.only_account();
    let gate = fixture.hold_responses();
    let status = fixture.spawn(&["status", "--format", "json"]);
    fixture.ledger.wait_for(&account.name, |login| login.renewals == 1);
    let renamed = account.file().with_file_name("codex-work.json");
    fs::rename(account.file(), &renamed).expect("renamed");
    gate.open();
    status.finish();
    fixture.status();
    assert_renewed(&fixture, account, 1, &[&renamed]);
}

#[test]
fn copies_in_two_folders_share_one_renewal() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    let account = fixture.only_account();
    let elsewhere = fixture.dir().join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("made");
    let other = elsewhere.join("claude.json");
    fs::copy(account.file(), &other).expect("copied");
    age(&other);
    let gate = fixture.hold_responses();
    let first = fixture.spawn(&["status", "--format", "json"]);
    fixture.ledger.wait_for(&account.name, |login| login.renewals == 1);
    let mut command = fixture.command();
    command.arg("--auth-dir").arg(&elsewhere).args(["-vv", "status", "--format", "json"]);
    let second = fixture.spawn_command(&mut command);
    wait_until_it_waits(&second);
    gate.open();
    for program in [first, second] {
        assert!(StatusReport::of(program.finish()).succeeded());
    }
    assert_renewed(&fixture, account, 1, &[account.file(), &other]);
}

/// The user has signed in to another account: an old copy of the first is not given its tokens.
#[test]
fn stale_copy_does_not_get_the_tokens_of_another_login() {
    let fixture = RenewalFixture::new().with(Provider::Claude, "alice@example.com");
    let account = fixture.only_account();
    let stale = fs::read(account.file()).expect("read");
    assert!(fixture.status().succeeded());
    fixture.pass(61);
    fixture.status();
    fixture.sign_in(account);
    let copy = account.file().with_file_name("old.json");
    fs::write(&copy, &stale).expect("written");
    age(&copy);
    let run = fixture.status();
    assert!(run.error_in("old.json").is_some_and(|error| error.contains("was already used")), "{run:#?}");
    assert_eq!(fs::read(&copy).expect("read"), stale);
    let login = fixture.ledger.login(&account.name);
    assert_eq!((login.renewals, login.reuses), (1, 0));
}
