//! The journal on disk: who may read it, how long it holds a token, what becomes of one that is broken.

use super::ledger::Kind;
use super::stage::Stage;
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
fn aside(stage: &Stage) -> Vec<PathBuf> {
    let names = names(&stage.renewals());
    let aside = names.iter().filter(|name| name.contains(".unreadable-"));
    aside.map(|name| stage.renewals().join(name)).collect()
}

#[test]
fn locks_and_journals_are_for_their_owner_only() {
    let stage = Stage::claude();
    // A folder that somebody has opened to others is closed again, whatever the umask.
    fs::create_dir_all(stage.renewals()).expect("made");
    fs::set_permissions(stage.renewals(), fs::Permissions::from_mode(0o777)).expect("set");
    stage.shows_usage_with(2);
    assert_eq!(mode(&stage.renewals()), 0o700);
    let files = names(&stage.renewals());
    let [journal, lock, spent] = &files[..] else { panic!("a journal, a lock and a list: {files:?}") };
    assert!(journal.ends_with(".journal") && lock.ends_with(".lock") && spent == "spent", "{files:?}");
    for file in files {
        assert_eq!(mode(&stage.renewals().join(&file)), 0o600, "{file}");
    }
}

#[test]
fn the_journal_holds_no_token_once_the_file_is_stable() {
    for kind in [Kind::Claude, Kind::Codex] {
        let stage = Stage::new(kind);
        stage.shows_usage_with(2);
        let journal = || fs::read(stage.journal()).expect("a journal");
        assert!(stage.search().find(&journal()).is_some(), "it should hold the login for a minute");
        stage.pass(30);
        stage.shows_usage_with(2);
        assert!(stage.search().find(&journal()).is_some(), "half a minute is too soon");
        stage.pass(31);
        stage.shows_usage_with(2);
        stage.search().not_in("the journal", journal());
        assert_eq!(stage.header()["phase"], "done");
    }
}

#[test]
fn a_start_of_the_library_clears_it_as_well() {
    let stage = Stage::claude();
    stage.shows_usage_with(2);
    stage.pass(61);
    let state_dir = stage.renewals().parent().expect("a folder").to_owned();
    let renewer = Renewer::new(&state_dir, &state_dir, Arc::new(Http::default()), |_: Checkpoint| {});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(renewer.recover());
    stage.search().not_in("the journal", fs::read(stage.journal()).expect("a journal"));
}

#[test]
fn journal_of_a_deleted_file_keeps_its_login_for_a_day() {
    let mut stage = Stage::claude();
    stage.shows_usage_with(2);
    let content = stage.content(1, TimeDelta::hours(-1));
    fs::remove_file(&stage.file).expect("removed");
    stage.pass(23 * 3600);
    assert!(stage.scene.run(&["status"]).stdout.contains("No accounts connected"));
    stage.nothing_is_lost();
    assert!(!stage.file.exists(), "it was made anew");
    // Back from a backup, with the token that was spent. What came a day ago has run out.
    stage.write_now(content);
    stage.shows_usage_with(3);
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1), stage.kind.refresh(2)]);

    fs::remove_file(&stage.file).expect("removed");
    stage.pass(25 * 3600);
    stage.scene.run(&["status"]);
    stage.search().not_in("the journal", fs::read(stage.journal()).expect("a journal"));
    // The user has deleted it, and a day has passed.
    stage.may_lose_an_answer();
}

#[test]
fn a_journal_that_cannot_be_read_is_reported_and_set_aside_and_never_deleted() {
    for content in [
        "not a journal".to_owned(),
        "{\"version\":1}".to_owned(),
        format!("{:4096}{{}}", "{\"version\":1,\"credential\":\"/x\",\"spent\":\"torn"),
        format!("{:4096}", "[]"),
        "\0".repeat(4096),
    ] {
        let stage = Stage::claude();
        fs::create_dir_all(stage.renewals()).expect("made");
        fs::write(stage.journal(), &content).expect("written");
        fs::set_permissions(stage.journal(), fs::Permissions::from_mode(0o600)).expect("set");
        let first = stage.status();
        let found = aside(&stage);
        let [kept] = &found[..] else { panic!("{content:?}: {found:?}: {first:?}") };
        assert_eq!(fs::read_to_string(kept).expect("read"), content);
        assert_eq!(mode(kept), 0o600);
        let name = kept.file_name().expect("a name").to_string_lossy().into_owned();
        let reported = first.stderr.lines().any(|line| line.contains("WARN") && line.contains(&name));
        assert!(reported || first.words.contains(&name), "nobody was told: {first:?}");
        let second = stage.status();
        assert_eq!((second.words.as_str(), second.left), ("", Some(42.0)), "{second:?}");
        assert_eq!(stage.ledger.posts().len(), 1);
        assert!(kept.exists(), "it was deleted");
    }
}

#[test]
fn the_row_of_a_running_tray_tells_of_a_journal_that_was_set_aside() {
    let stage = Stage::claude();
    let content = stage.text();
    fs::remove_file(&stage.file).expect("removed");
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("No accounts connected"));
    fs::create_dir_all(stage.renewals()).expect("made");
    let journal = stage.renewals().join(stage.journal().file_name().expect("a name"));
    fs::write(&journal, "garbage").expect("written");
    // In one step, and as old as it is to look: a new file that is a minute old.
    let elsewhere = stage.scene.home().join("login");
    fs::write(&elsewhere, content).expect("written");
    let hour = std::time::Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(&elsewhere).expect("opened");
    file.set_modified(std::time::SystemTime::now() - hour).expect("set");
    fs::rename(&elsewhere, &stage.file).expect("moved");
    let menu = stage.scene.host.menu_until(|menu| menu.shows("token expired"));
    let text = menu.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Token expired: an unreadable renewal journal was set aside as"), "{menu}");
    assert!(text.contains("; renewing at the next refresh"), "{menu}");
    assert_eq!(aside(&stage).len(), 1);
    stage.scene.host.click("Refresh now");
    stage.scene.host.menu_until(|menu| menu.shows("42% left"));
    stage.end(tray);
}

#[test]
fn a_journal_that_the_system_does_not_give_out_stops_the_renewal() {
    let stage = Stage::claude();
    fs::create_dir_all(stage.journal()).expect("made");
    let before = stage.text();
    let row = stage.status();
    assert!(row.words.starts_with("token expired: cannot renew: could not write in "), "{row:?}");
    assert_eq!((stage.text(), stage.ledger.posts().len()), (before, 0));
}

const USED_UP: &str = "was already used";

/// A disk that has changed a bit: the tokens are not those that came, and are not written.
#[test]
fn damaged_token_in_the_journal_is_not_written_into_the_file() {
    let mut stage = Stage::claude();
    let spent = stage.text();
    stage.shows_usage_with(2);
    let token = stage.kind.refresh(2);
    let mut journal = fs::read(stage.journal()).expect("a journal");
    let at = journal.windows(token.len()).position(|window| window == token.as_bytes()).expect("the token");
    journal[at + token.len() - 1] ^= 1;
    fs::write(stage.journal(), journal).expect("written");
    stage.write(&spent);
    let row = stage.status();
    assert!(row.words.contains(USED_UP), "{row:?}");
    assert_eq!((stage.text(), stage.ledger.posts().len()), (spent, 1));
    stage.may_lose_an_answer();
}

/// The list of spent tokens outlives the journals.
#[test]
fn spent_token_is_not_sent_again_when_its_journal_is_gone() {
    for damage in [Vec::new(), vec![0; 4096], b"rubbish".to_vec()] {
        let mut stage = Stage::codex();
        let spent = stage.text();
        stage.shows_usage_with(2);
        fs::write(stage.journal(), &damage).expect("written");
        stage.write(&spent);
        stage.status();
        let row = stage.status();
        assert!(row.words.contains(USED_UP), "{row:?}");
        assert_eq!(stage.ledger.posts().len(), 1, "{damage:?}");
        stage.may_lose_an_answer();
    }
}

#[test]
fn named_pipes_in_the_state_directory_hold_up_nothing() {
    let stage = Stage::claude();
    fs::create_dir_all(stage.renewals()).expect("made");
    let state = stage.scene.state_home().join("quota-tray");
    let names = ["snapshot.json", "pacing.json", "pacing.lock", "renewals/spent"];
    let pipes = names.map(|name| state.join(name)).into_iter().chain([stage.journal()]);
    for pipe in pipes {
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    }
    let row = stage.status();
    assert!(row.words.contains("it is not a regular file"), "{row:?}");
    assert_eq!(stage.ledger.posts(), [""; 0]);
}

#[test]
fn leftovers_of_killed_runs_are_removed() {
    let stage = Stage::claude();
    fs::create_dir_all(stage.renewals()).expect("made");
    let state = stage.scene.state_home().join("quota-tray");
    let tokens = stage.scene.dir().join("runtime/quota-tray/tokens");
    fs::create_dir_all(&tokens).expect("made");
    let [temporary, lock] = [state.join(".quota-tray-a1B2c3.tmp"), tokens.join("token-0123.lock")];
    let kept = state.join(".quota-tray-longer-name.tmp");
    for file in [&temporary, &lock, &kept] {
        let hours_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
        fs::File::create(file).and_then(|file| file.set_modified(hours_ago)).expect("made");
    }
    stage.shows_usage_with(2);
    assert_eq!([&temporary, &lock, &kept].map(|file| file.exists()), [false, false, true]);
}
