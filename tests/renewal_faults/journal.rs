//! The journal on disk: who may read it, how long it holds a token, what becomes of one that is broken.

use crate::common::Provider;
use crate::common::SingleLogin;
use chrono::TimeDelta;
use quota_tray::credentials::renewal::{Checkpoint, Renewer};
use quota_tray::providers::Http;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("listed").map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Journals that were set aside.
fn aside(fixture: &SingleLogin) -> Vec<PathBuf> {
    let names = names(&fixture.renewals());
    let aside = names.iter().filter(|name| name.contains(".unreadable-"));
    aside.map(|name| fixture.renewals().join(name)).collect()
}

#[test]
fn locks_and_journals_are_readable_by_their_owner_only() {
    let fixture = SingleLogin::claude();
    // A folder that somebody has opened to others is closed again, whatever the umask.
    fs::create_dir_all(fixture.renewals()).expect("made");
    fs::set_permissions(fixture.renewals(), fs::Permissions::from_mode(0o777)).expect("set");
    fixture.assert_usage_with_tokens(2);
    assert_eq!(mode(&fixture.renewals()), 0o700);
    let files = names(&fixture.renewals());
    let [journal, lock, spent] = &files[..] else { panic!("a journal, a lock and a list: {files:?}") };
    assert!(journal.ends_with(".journal") && lock.ends_with(".lock") && spent == "spent", "{files:?}");
    for file in files {
        assert_eq!(mode(&fixture.renewals().join(&file)), 0o600, "{file}");
    }
}

#[test]
fn journal_holds_no_token_once_the_file_is_stable() {
    for provider in Provider::ALL {
        let fixture = SingleLogin::new(provider);
        fixture.assert_usage_with_tokens(2);
        let journal = || fs::read(fixture.journal()).expect("a journal");
        assert!(fixture.search().find(&journal()).is_some(), "it should hold the login for a minute");
        fixture.pass(30);
        fixture.assert_usage_with_tokens(2);
        assert!(fixture.search().find(&journal()).is_some(), "half a minute is too soon");
        fixture.pass(31);
        fixture.assert_usage_with_tokens(2);
        fixture.search().not_in("the journal", journal());
        assert_eq!(fixture.header()["phase"], "done");
    }
}

#[test]
fn recovery_clears_the_journal_of_a_stable_file() {
    let fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    fixture.pass(61);
    let state_dir = fixture.renewals().parent().expect("a folder").to_owned();
    let renewer = Renewer::new(&state_dir, &state_dir, Arc::new(Http::default()), |_: Checkpoint| {});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(renewer.recover());
    fixture.search().not_in("the journal", fs::read(fixture.journal()).expect("a journal"));
}

#[test]
fn journal_of_a_deleted_file_keeps_its_login_for_a_day() {
    let mut fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    let content = fixture.content(1, TimeDelta::hours(-1));
    fs::remove_file(&fixture.file).expect("removed");
    fixture.pass(23 * 3600);
    assert!(fixture.run(&["status"]).stdout.contains("No account is connected"));
    fixture.assert_kept();
    assert!(!fixture.file.exists(), "it was made anew");
    // Back from a backup, with the token that was spent. What came a day ago has run out.
    fixture.write_now(content);
    fixture.assert_usage_with_tokens(3);
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1), fixture.tokens.refresh(2)]);

    fs::remove_file(&fixture.file).expect("removed");
    fixture.pass(25 * 3600);
    fixture.run(&["status"]);
    fixture.search().not_in("the journal", fs::read(fixture.journal()).expect("a journal"));
    // The user has deleted it, and a day has passed.
    fixture.may_lose_a_response();
}

#[test]
fn unreadable_journal_is_reported_and_set_aside() {
    for content in [
        "not a journal".to_owned(),
        "{\"version\":1}".to_owned(),
        format!("{:4096}{{}}", "{\"version\":1,\"credential\":\"/x\",\"spent\":\"torn"),
        format!("{:4096}", "[]"),
        "\0".repeat(4096),
    ] {
        let fixture = SingleLogin::claude();
        fs::create_dir_all(fixture.renewals()).expect("made");
        fs::write(fixture.journal(), &content).expect("written");
        fs::set_permissions(fixture.journal(), fs::Permissions::from_mode(0o600)).expect("set");
        let first = fixture.status();
        let found = aside(&fixture);
        let [kept] = &found[..] else { panic!("{content:?}: {found:?}: {first:?}") };
        assert_eq!(fs::read_to_string(kept).expect("read"), content);
        assert_eq!(mode(kept), 0o600);
        let name = kept.file_name().expect("a name").to_string_lossy().into_owned();
        let reported = first.stderr.lines().any(|line| line.contains("WARN") && line.contains(&name));
        assert!(reported || first.error.contains(&name), "not reported: {first:?}");
        let second = fixture.status();
        assert_eq!((second.error.as_str(), second.left), ("", Some(42.0)), "{second:?}");
        assert_eq!(fixture.ledger.token_requests().len(), 1);
        assert!(kept.exists(), "it was deleted");
    }
}

#[test]
fn tray_row_reports_a_journal_that_was_set_aside() {
    let fixture = SingleLogin::claude();
    let content = fixture.text();
    fs::remove_file(&fixture.file).expect("removed");
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("No account is connected"));
    fs::create_dir_all(fixture.renewals()).expect("made");
    let journal = fixture.renewals().join(fixture.journal().file_name().expect("a name"));
    fs::write(&journal, "garbage").expect("written");
    // Moved into place as a whole, with the time of a file that is old enough to be renewed.
    let elsewhere = fixture.home().join("login");
    fs::write(&elsewhere, content).expect("written");
    let hour = std::time::Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(&elsewhere).expect("opened");
    file.set_modified(std::time::SystemTime::now() - hour).expect("set");
    fs::rename(&elsewhere, &fixture.file).expect("moved");
    let menu = fixture.host.menu_until(|menu| menu.shows("Token expired"));
    let text = menu.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Token expired: a damaged renewal journal was renamed to"), "{menu}");
    assert!(text.contains("; renewing at the next refresh"), "{menu}");
    assert_eq!(aside(&fixture).len(), 1);
    fixture.host.click("Refresh now");
    fixture.host.menu_until(|menu| menu.shows("42% left"));
    fixture.end(tray);
}

#[test]
fn journal_that_cannot_be_opened_stops_the_renewal() {
    let fixture = SingleLogin::claude();
    fs::create_dir_all(fixture.journal()).expect("made");
    let before = fixture.text();
    let row = fixture.status();
    assert!(row.error.starts_with("token expired: could not renew it: could not write to "), "{row:?}");
    assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (before, 0));
}

const USED_UP: &str = "was already used";

/// A disk that has changed a bit: the tokens are not those that came, and are not written.
#[test]
fn damaged_token_in_the_journal_is_not_written_into_the_file() {
    let mut fixture = SingleLogin::claude();
    let spent = fixture.text();
    fixture.assert_usage_with_tokens(2);
    let token = fixture.tokens.refresh(2);
    let mut journal = fs::read(fixture.journal()).expect("a journal");
    let at = journal.windows(token.len()).position(|window| window == token.as_bytes()).expect("the token");
    journal[at + token.len() - 1] ^= 1;
    fs::write(fixture.journal(), journal).expect("written");
    fixture.write(&spent);
    let row = fixture.status();
    assert!(row.error.contains(USED_UP), "{row:?}");
    assert_eq!((fixture.text(), fixture.ledger.token_requests().len()), (spent, 1));
    fixture.may_lose_a_response();
}

/// The list of spent tokens outlives the journals.
#[test]
fn spent_token_is_not_sent_again_when_its_journal_is_gone() {
    for damage in [Vec::new(), vec![0; 4096], b"rubbish".to_vec()] {
        let mut fixture = SingleLogin::codex();
        let spent = fixture.text();
        fixture.assert_usage_with_tokens(2);
        fs::write(fixture.journal(), &damage).expect("written");
        fixture.write(&spent);
        fixture.status();
        let row = fixture.status();
        assert!(row.error.contains(USED_UP), "{row:?}");
        assert_eq!(fixture.ledger.token_requests().len(), 1, "{damage:?}");
        fixture.may_lose_a_response();
    }
}

#[test]
fn named_pipes_in_the_state_directory_do_not_block() {
    let fixture = SingleLogin::claude();
    fs::create_dir_all(fixture.renewals()).expect("made");
    let state = fixture.state_home().join("quota-tray");
    let names = ["snapshot.json", "pacing.json", "pacing.lock", "renewals/spent"];
    let pipes = names.map(|name| state.join(name)).into_iter().chain([fixture.journal()]);
    for pipe in pipes {
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    }
    let row = fixture.status();
    assert!(row.error.contains("it is not a regular file"), "{row:?}");
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
}

#[test]
fn leftovers_of_killed_runs_are_removed() {
    let fixture = SingleLogin::claude();
    fs::create_dir_all(fixture.renewals()).expect("made");
    let state = fixture.state_home().join("quota-tray");
    let tokens = fixture.dir().join("runtime/quota-tray/tokens");
    fs::create_dir_all(&tokens).expect("made");
    let [temporary, lock] = [state.join(".quota-tray-a1B2c3.tmp"), tokens.join("token-0123.lock")];
    let kept = state.join(".quota-tray-longer-name.tmp");
    for file in [&temporary, &lock, &kept] {
        let hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
        fs::File::create(file).and_then(|file| file.set_modified(hours_ago)).expect("made");
    }
    fixture.assert_usage_with_tokens(2);
    assert_eq!([&temporary, &lock, &kept].map(|file| file.exists()), [false, false, true]);
}
