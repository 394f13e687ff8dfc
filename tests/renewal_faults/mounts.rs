//! A credential that can't be replaced by a rename: then it is written in place, or its token is not spent.

use crate::common::SingleLogin;
use std::fs;
use std::io::Write;
use std::process::Command;

/// The program after `prepare`, a line of shell in which `$F` is the credential, in a mount namespace of its own: what is
/// mounted goes with it.
fn with_mounts(fixture: &SingleLogin, prepare: &str) -> Command {
    let command = fixture.command();
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-c", &format!("{prepare} && exec \"$0\" \"$@\"")]).arg(command.get_program());
    shell.env_clear().envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.env("F", &fixture.file).current_dir(command.get_current_dir().expect("a folder"));
    shell
}

#[track_caller]
fn assert_nothing_spent(fixture: &SingleLogin, before: &str) {
    assert_eq!(fixture.ledger.token_requests(), [""; 0], "a token was spent with no place for the new one");
    assert_eq!((fixture.text().as_str(), fixture.beside()), (before, Vec::new()));
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_file_that_is_a_mount_point_is_written_in_place() {
    let fixture = SingleLogin::claude();
    let inode = |fixture: &SingleLogin| {
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(&fixture.file).expect("there"))
    };
    let before = inode(&fixture);
    let row = fixture.row(&mut with_mounts(&fixture, "mount --bind \"$F\" \"$F\""));
    assert_eq!((row.left, row.error.as_str()), (Some(42.0), ""), "{}", row.stderr);
    assert!(fixture.holds(2), "{}", fixture.text());
    assert_eq!((inode(&fixture), fixture.beside()), (before, Vec::new()));
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_file_that_is_mounted_read_only_keeps_its_token() {
    let fixture = SingleLogin::claude();
    let before = fixture.text();
    let prepare = "mount --bind \"$F\" \"$F\" && mount -o remount,bind,ro \"$F\"";
    let row = fixture.row(&mut with_mounts(&fixture, prepare));
    let words = "token expired: could not renew it: the credential file is mounted read-only; mount it, or its whole \
                 folder, writable";
    assert_eq!(row.error, words, "{}", row.stderr);
    assert_nothing_spent(&fixture, &before);
    fixture.assert_usage_with_tokens(2);
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_mounted_file_that_was_replaced_outside_keeps_its_token() {
    let fixture = SingleLogin::claude();
    let content = fixture.text();
    let replaced = fixture.dir().join("replaced");
    assert!(Command::new("mkfifo").arg(&replaced).status().expect("mkfifo").success());
    let inside = fixture.dir().join("inside");
    fs::create_dir(&inside).expect("made");
    fs::write(inside.join("claude.json"), "").expect("made");
    let prepare = "mount --bind \"$F\" \"$INSIDE/claude.json\" && read -r _ < \"$REPLACED\"";
    let row = std::thread::scope(|scope| {
        let row = scope.spawn(|| {
            let mut command = with_mounts(&fixture, prepare);
            command.env("REPLACED", &replaced).env("INSIDE", &inside).arg("--auth-dir").arg(&inside);
            fixture.row(&mut command)
        });
        // It opens when the other end does: the file is mounted then.
        let mut ready = fs::File::options().write(true).open(&replaced).expect("the other end");
        let new = fixture.file.with_extension("new");
        fs::copy(&fixture.file, &new).expect("copied");
        fs::rename(&new, &fixture.file).expect("replaced");
        fixture.age_file(3600);
        ready.write_all(b"\n").expect("somebody reads");
        row.join().expect("a row")
    });
    let words = "token expired: could not renew it: the mounted file was replaced on the host; restart the container, or \
                 mount the whole folder";
    assert_eq!(row.error, words, "{}", row.stderr);
    assert_nothing_spent(&fixture, &content);
}

#[test]
#[ignore = "needs root, for chattr"]
fn as_root_immutable_file_keeps_its_token() {
    let fixture = SingleLogin::claude();
    let before = fixture.text();
    let folder = fixture.auth_dir();
    for (attribute, path) in [("i", &fixture.file), ("a", &fixture.file), ("a", &folder)] {
        let change = |sign: char| {
            let done = Command::new("chattr").arg(format!("{sign}{attribute}")).arg(path).status();
            assert!(done.expect("chattr").success());
        };
        change('+');
        let row = fixture.status();
        change('-');
        let words = "token expired: could not renew it: the credential file is immutable; make it writable with \
                     chattr -i -a FILE";
        assert_eq!(row.error, words, "{attribute}: {}", row.stderr);
        assert_nothing_spent(&fixture, &before);
    }
    fixture.assert_usage_with_tokens(2);
}

/// As after a kill in the middle of it.
#[test]
fn file_that_was_half_written_in_place_is_completed_at_the_next_start() {
    let fixture = SingleLogin::claude();
    let gate = fixture.hold_responses();
    let status = fixture.spawn(&["status"]);
    fixture.wait_until_sent(1);
    status.kill();
    gate.open();
    drop(status);
    // What a run in the middle of writing has on disk: the response, the whole copy, half a file.
    let whole = fixture.content(2, chrono::TimeDelta::hours(8));
    let mut journal = fs::read(fixture.journal()).expect("a journal");
    let response = format!(
        r#"{{"access_token":"{}","refresh_token":"{}","expires_in":28800}}"#,
        fixture.tokens.access(2),
        fixture.tokens.refresh(2)
    );
    journal[4096..4096 + response.len()].copy_from_slice(response.as_bytes());
    fs::write(fixture.journal(), journal).expect("written");
    fixture.change_header(|header| header["phase"] = "answered".into());
    fs::write(fixture.journal().with_extension("copy"), &whole).expect("written");
    fixture.write_now(&whole[..whole.len() / 2]);
    fixture.assert_usage_with_tokens(2);
    assert!(!fixture.journal().with_extension("copy").exists());
    assert_eq!(fixture.ledger.token_requests(), [fixture.tokens.refresh(1)]);
}

/// A copy that has nothing to do with the login is not put in its place.
#[test]
fn half_written_file_is_not_completed_from_another_login() {
    let fixture = SingleLogin::claude();
    fixture.assert_usage_with_tokens(2);
    let half = fixture.text()[..60].to_owned();
    let copy = fixture.journal().with_extension("copy");
    fs::write(&copy, r#"{"type":"claude","access_token":"other","refresh_token":"other"}"#).expect("written");
    fixture.write_now(&half);
    fixture.status();
    assert_eq!(fixture.text(), half);
    fixture.write_now(fixture.content(2, chrono::TimeDelta::hours(8)));
}
