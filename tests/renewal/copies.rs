//! One login in several files: its token is spent once, and every file gets the new one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::crowd::wait_until_it_waits;
use super::stage::{Player, Run, Stage};

/// A copy of the account's file as it is now, an hour old.
fn copy(player: &Player, name: &str) -> PathBuf {
    let copy = player.account.file().with_file_name(name);
    fs::copy(player.account.file(), &copy).expect("copied");
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

/// Each file has the login's live tokens, and no spent token was ever sent.
#[track_caller]
fn all_have(stage: &Stage, player: &Player, renewals: usize, files: &[&Path]) {
    let login = stage.ledger.login(&player.name);
    assert_eq!((login.renewals, login.reuses), (renewals, 0));
    for file in files {
        let held = read(file);
        assert_eq!(held["refresh_token"], *login.refresh, "{}", file.display());
        assert_eq!(held["access_token"], *login.access, "{}", file.display());
    }
    assert_eq!(stage.leftovers(), [""; 0]);
}

#[test]
fn copies_in_one_folder_share_one_renewal() {
    for provider in ["claude", "codex"] {
        let stage = Stage::new().with(provider, "alice@example.com");
        let player = stage.only();
        let copies =
            ["a (copy).json", "b.json", "c.sync-conflict-20261101.json"].map(|name| copy(player, name));
        let run = stage.status();
        assert!(run.succeeded(), "{run:#?}");
        let files = [player.account.file(), &copies[0], &copies[1], &copies[2]];
        all_have(&stage, player, 1, &files);
        // Each of them can renew, and the others follow.
        stage.wait(61);
        for file in files {
            let mut held = read(file);
            held["expired"] = "2026-01-01T00:00:00Z".into();
            fs::write(file, held.to_string()).expect("written");
            age(file);
        }
        assert!(stage.status().succeeded());
        all_have(&stage, player, 2, &files);
    }
}

#[test]
fn hard_link_gets_the_tokens_of_the_other_name() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let player = stage.only();
    let link = player.account.file().with_file_name("link.json");
    fs::hard_link(player.account.file(), &link).expect("linked");
    assert!(stage.status().succeeded());
    all_have(&stage, player, 1, &[player.account.file(), &link]);
}

#[test]
fn disabled_copy_is_brought_up_to_date_as_well() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let player = stage.only();
    let disabled = copy(player, "disabled.json");
    let mut held = read(&disabled);
    held["disabled"] = true.into();
    fs::write(&disabled, held.to_string()).expect("written");
    assert!(stage.status().succeeded());
    all_have(&stage, player, 1, &[player.account.file(), &disabled]);
    assert_eq!(read(&disabled)["disabled"], true);
}

#[test]
fn stale_copy_that_appears_later_gets_the_new_tokens_however_old_it_is() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let player = stage.only();
    let stale = fs::read(player.account.file()).expect("read");
    let file = player.account.file().with_file_name("claude-a.sync-conflict.json");
    for renewals in 1..=12 {
        assert!(stage.status().succeeded());
        stage.wait(61);
        player.account.expire();
        age(player.account.file());
        if [2, 12].contains(&renewals) {
            // Its access token has expired as well; at its place in the order it is renewed before the other.
            fs::write(&file, &stale).expect("written");
            age(&file);
            let run = stage.status();
            assert!(run.succeeded(), "{run:#?}");
            let login = stage.ledger.login(&player.name);
            all_have(&stage, player, login.renewals, &[player.account.file(), &file]);
            fs::remove_file(&file).expect("removed");
            stage.wait(61);
            player.account.expire();
            age(player.account.file());
        }
    }
}

#[test]
fn file_that_is_renamed_while_its_token_is_on_the_wire_gets_the_new_one() {
    let stage = Stage::new().with("codex", "alice@example.com");
    let player = stage.only();
    let gate = stage.hold();
    let status = stage.scene.spawn(&["status", "--format", "json"]);
    stage.ledger.wait_for(&player.name, |login| login.renewals == 1);
    let renamed = player.account.file().with_file_name("codex-work.json");
    fs::rename(player.account.file(), &renamed).expect("renamed");
    gate.open();
    status.finish();
    stage.status();
    all_have(&stage, player, 1, &[&renamed]);
}

#[test]
fn copies_in_two_folders_share_one_renewal() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let player = stage.only();
    let elsewhere = stage.scene.dir().join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("made");
    let other = elsewhere.join("claude.json");
    fs::copy(player.account.file(), &other).expect("copied");
    age(&other);
    let gate = stage.hold();
    let first = stage.scene.spawn(&["status", "--format", "json"]);
    stage.ledger.wait_for(&player.name, |login| login.renewals == 1);
    let mut command = stage.scene.command();
    command.arg("--auth-dir").arg(&elsewhere).args(["-vv", "status", "--format", "json"]);
    let second = stage.scene.spawn_command(&mut command);
    wait_until_it_waits(&second);
    gate.open();
    for program in [first, second] {
        assert!(Run::of(program.finish()).succeeded());
    }
    all_have(&stage, player, 1, &[player.account.file(), &other]);
}

/// The user has signed in to another account: an old copy of the first is not given its tokens.
#[test]
fn stale_copy_does_not_get_the_tokens_of_another_login() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let player = stage.only();
    let stale = fs::read(player.account.file()).expect("read");
    assert!(stage.status().succeeded());
    stage.wait(61);
    stage.status();
    stage.sign_in(player);
    let copy = player.account.file().with_file_name("old.json");
    fs::write(&copy, &stale).expect("written");
    age(&copy);
    let run = stage.status();
    assert!(run.error_in("old.json").is_some_and(|error| error.contains("was already used")), "{run:#?}");
    assert_eq!(fs::read(&copy).expect("read"), stale);
    let login = stage.ledger.login(&player.name);
    assert_eq!((login.renewals, login.reuses), (1, 0));
}
