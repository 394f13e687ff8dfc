//! A credential that can't be replaced by a rename: then it is written in place, or its token is not spent.

use super::stage::Stage;
use std::fs;
use std::io::Write;
use std::process::Command;

/// The program after `prepare`, a line of shell in which `$F` is the credential, in a mount namespace of its own: what is
/// mounted goes with it.
fn with_mounts(stage: &Stage, prepare: &str) -> Command {
    let command = stage.scene.command();
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-c", &format!("{prepare} && exec \"$0\" \"$@\"")]).arg(command.get_program());
    shell.env_clear().envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.env("F", &stage.file).current_dir(command.get_current_dir().expect("a folder"));
    shell
}

#[track_caller]
fn nothing_was_spent(stage: &Stage, before: &str) {
    assert_eq!(stage.ledger.posts(), [""; 0], "a token was spent with no place for the new one");
    assert_eq!((stage.text().as_str(), stage.beside()), (before, Vec::new()));
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_file_that_is_a_mount_point_is_written_in_place() {
    let stage = Stage::claude();
    let inode =
        |stage: &Stage| std::os::unix::fs::MetadataExt::ino(&fs::metadata(&stage.file).expect("there"));
    let before = inode(&stage);
    let row = stage.row(&mut with_mounts(&stage, "mount --bind \"$F\" \"$F\""));
    assert_eq!((row.left, row.words.as_str()), (Some(42.0), ""), "{}", row.stderr);
    assert!(stage.holds(2), "{}", stage.text());
    assert_eq!((inode(&stage), stage.beside()), (before, Vec::new()));
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_file_that_is_mounted_read_only_keeps_its_token() {
    let stage = Stage::claude();
    let before = stage.text();
    let prepare = "mount --bind \"$F\" \"$F\" && mount -o remount,bind,ro \"$F\"";
    let row = stage.row(&mut with_mounts(&stage, prepare));
    let words =
        "token expired: cannot renew: its file is mounted read-only; mount it, or its whole folder, writable";
    assert_eq!(row.words, words, "{}", row.stderr);
    nothing_was_spent(&stage, &before);
    stage.shows_usage_with(2);
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_mounted_file_that_was_replaced_outside_keeps_its_token() {
    let stage = Stage::claude();
    let content = stage.text();
    let replaced = stage.scene.dir().join("replaced");
    assert!(Command::new("mkfifo").arg(&replaced).status().expect("mkfifo").success());
    let inside = stage.scene.dir().join("inside");
    fs::create_dir(&inside).expect("made");
    fs::write(inside.join("claude.json"), "").expect("made");
    let prepare = "mount --bind \"$F\" \"$INSIDE/claude.json\" && read -r _ < \"$REPLACED\"";
    let row = std::thread::scope(|scope| {
        let row = scope.spawn(|| {
            let mut command = with_mounts(&stage, prepare);
            command.env("REPLACED", &replaced).env("INSIDE", &inside).arg("--auth-dir").arg(&inside);
            stage.row(&mut command)
        });
        // It opens when the other end does: the file is mounted then.
        let mut ready = fs::File::options().write(true).open(&replaced).expect("the other end");
        let new = stage.file.with_extension("new");
        fs::copy(&stage.file, &new).expect("copied");
        fs::rename(&new, &stage.file).expect("replaced");
        stage.age_file(3600);
        ready.write_all(b"\n").expect("somebody reads");
        row.join().expect("a row")
    });
    let words = "token expired: cannot renew: the mounted file was replaced on the host; restart the container, or \
                 mount the whole folder";
    assert_eq!(row.words, words, "{}", row.stderr);
    nothing_was_spent(&stage, &content);
}

#[test]
#[ignore = "needs root, for chattr"]
fn as_root_immutable_file_keeps_its_token() {
    let stage = Stage::claude();
    let before = stage.text();
    let folder = stage.scene.auth_dir();
    for (attribute, path) in [("i", &stage.file), ("a", &stage.file), ("a", &folder)] {
        let change = |sign: char| {
            let done = Command::new("chattr").arg(format!("{sign}{attribute}")).arg(path).status();
            assert!(done.expect("chattr").success());
        };
        change('+');
        let row = stage.status();
        change('-');
        let words =
            "token expired: cannot renew: its file is immutable; make it writable with chattr -i -a FILE";
        assert_eq!(row.words, words, "{attribute}: {}", row.stderr);
        nothing_was_spent(&stage, &before);
    }
    stage.shows_usage_with(2);
}

/// As after a kill in the middle of it.
#[test]
fn file_that_was_half_written_in_place_is_completed_at_the_next_start() {
    let stage = Stage::claude();
    let gate = stage.hold_answers();
    let status = stage.scene.spawn(&["status"]);
    stage.sent(1);
    status.kill();
    gate.open();
    drop(status);
    // What a run in the middle of writing has on disk: the response, the whole copy, half a file.
    let whole = stage.content(2, chrono::TimeDelta::hours(8));
    let mut journal = fs::read(stage.journal()).expect("a journal");
    let response = format!(
        r#"{{"access_token":"{}","refresh_token":"{}","expires_in":28800}}"#,
        stage.kind.access(2),
        stage.kind.refresh(2)
    );
    journal[4096..4096 + response.len()].copy_from_slice(response.as_bytes());
    fs::write(stage.journal(), journal).expect("written");
    stage.change_header(|header| header["phase"] = "answered".into());
    fs::write(stage.journal().with_extension("copy"), &whole).expect("written");
    stage.write_now(&whole[..whole.len() / 2]);
    stage.shows_usage_with(2);
    assert!(!stage.journal().with_extension("copy").exists());
    assert_eq!(stage.ledger.posts(), [stage.kind.refresh(1)]);
}

/// A copy that has nothing to do with the login is not put in its place.
#[test]
fn half_written_file_is_not_completed_from_another_login() {
    let stage = Stage::claude();
    stage.shows_usage_with(2);
    let half = stage.text()[..60].to_owned();
    let copy = stage.journal().with_extension("copy");
    fs::write(&copy, r#"{"type":"claude","access_token":"other","refresh_token":"other"}"#).expect("written");
    stage.write_now(&half);
    stage.status();
    assert_eq!(stage.text(), half);
    stage.write_now(stage.content(2, chrono::TimeDelta::hours(8)));
}
