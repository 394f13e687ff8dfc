//! The disk says no: then the token is not spent. Where it says so only after the answer, the answer is
//! in the journal.

use super::canary::files;
use super::stage::{Stage, is_root};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// A user who is neither root nor anybody who runs tests.
const NOBODY: u32 = 65534;

/// Whom the permissions of files bind: root runs the program as somebody else, to whom the whole scene
/// is handed over.
fn bound_by_permissions(stage: &Stage) -> Command {
    let mut command = stage.scene.command();
    if is_root() {
        hand_over(stage.scene.dir());
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn hand_over(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("handed over");
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).expect("listed") {
            hand_over(&entry.expect("an entry").path());
        }
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

/// The program in a shell that lets no file grow beyond so many blocks of 512 bytes.
fn limited(stage: &Stage, blocks: u32) -> Command {
    let command = stage.scene.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).env_clear();
    shell.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    shell.current_dir(command.get_current_dir().expect("a folder"));
    shell
}

/// A small disk of its own over a folder, with what the folder held. When it goes the folder holds what
/// it held.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, with the reason printed, for those who may not mount.
    fn over(folder: &Path, kibibytes: u32) -> Option<SmallDisk> {
        let held = Held::of(folder);
        let size = format!("size={kibibytes}k");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        if !mount.is_ok_and(|done| done.status.success()) {
            eprintln!("skipped: only root can mount a small disk");
            return None;
        }
        held.put_back();
        Some(SmallDisk(folder.to_owned()))
    }

    /// Fills it to the last byte, but for so many pages.
    fn fill(&self, but_for: usize) {
        let filler = |number: usize| self.0.join(format!("filler-{number}"));
        let full = (0..).take_while(|number| fs::write(filler(*number), [b'x'; 4096]).is_ok()).count();
        // The last one is there, and empty.
        fs::remove_file(filler(full)).ok();
        for number in full.saturating_sub(but_for)..full {
            fs::remove_file(filler(number)).expect("removed");
        }
    }

    fn clear(&self) {
        for file in files(&self.0).into_iter().filter(|file| is_filler(file)) {
            fs::remove_file(file).expect("removed");
        }
    }

    fn remount(&self, option: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(&self.0).output();
        assert!(done.expect("mount").status.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let held = Held::of(&self.0);
        Command::new("umount").arg("-l").arg(&self.0).output().ok();
        held.put_back();
    }
}

fn is_filler(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("filler-"))
}

/// The files of a folder with their last changes.
struct Held(Vec<(PathBuf, Vec<u8>, SystemTime)>);

impl Held {
    fn of(folder: &Path) -> Held {
        let files = files(folder).into_iter().filter(|file| !is_filler(file));
        Held(
            files
                .map(|file| {
                    let changed = fs::metadata(&file).and_then(|metadata| metadata.modified());
                    (file.clone(), fs::read(&file).expect("read"), changed.expect("a moment"))
                })
                .collect(),
        )
    }

    fn put_back(self) {
        for (file, content, changed) in self.0 {
            fs::write(&file, content).expect("written");
            File::options().write(true).open(&file).and_then(|f| f.set_modified(changed)).expect("set");
        }
    }
}

/// Nothing was sent and nothing was changed; without the fault it is renewed.
#[track_caller]
fn nothing_was_spent(stage: &Stage, before: &str) {
    assert_eq!(stage.ledger.posts(), [""; 0], "a token was spent with no place for the new one");
    assert_eq!(stage.text(), before);
    let left: Vec<_> = stage.beside().into_iter().filter(|name| !name.starts_with("filler-")).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_file_that_may_not_grow_is_no_place_for_new_tokens() {
    // Below the room for the new credential; then enough for it, and too little for the journal.
    for (blocks, place) in [(16, "credentials"), (68, "journal")] {
        let stage = Stage::claude();
        let before = stage.text();
        let place = match place {
            "journal" => stage.renewals(),
            _ => stage.scene.auth_dir(),
        };
        let row = stage.row(&mut limited(&stage, blocks));
        let words = format!("token expired: cannot renew: there is no space left in {}", place.display());
        assert_eq!(row.words, words, "{}", row.stderr);
        nothing_was_spent(&stage, &before);
        stage.shows_usage_with(2);
    }
}

#[test]
fn a_full_disk_is_no_place_for_new_tokens() {
    for journal in [false, true] {
        let stage = Stage::codex();
        fs::create_dir_all(stage.renewals()).expect("made");
        let place = if journal { stage.renewals() } else { stage.scene.auth_dir() };
        let Some(disk) = SmallDisk::over(&place, 128) else { return };
        let before = stage.text();
        disk.fill(4);
        let words = format!("token expired: cannot renew: there is no space left in {}", place.display());
        stage.says(&words);
        nothing_was_spent(&stage, &before);
        disk.clear();
        stage.shows_usage_with(2);
        stage.nothing_is_lost();
    }
}

/// Room is made before the token is spent, so what happens to the disk then does not matter.
#[test]
fn a_disk_that_fills_up_while_the_server_thinks_loses_nothing() {
    let stage = Stage::claude();
    fs::create_dir_all(stage.renewals()).expect("made");
    let Some(credentials) = SmallDisk::over(&stage.scene.auth_dir(), 256) else { return };
    let Some(journals) = SmallDisk::over(&stage.renewals(), 256) else { return };
    let gate = stage.hold_answers();
    std::thread::scope(|scope| {
        let status = scope.spawn(|| stage.status());
        stage.sent(1);
        credentials.fill(0);
        journals.fill(0);
        gate.open();
        let row = status.join().expect("a row");
        assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{}", row.stderr);
    });
    assert!(stage.holds(2));
}

#[test]
fn a_disk_that_is_mounted_read_only_is_named() {
    for journal in [false, true] {
        let stage = Stage::claude();
        fs::create_dir_all(stage.renewals()).expect("made");
        let place = if journal { stage.renewals() } else { stage.scene.auth_dir() };
        let Some(disk) = SmallDisk::over(&place, 128) else { return };
        let before = stage.text();
        disk.remount("ro");
        stage.says(&format!("token expired: cannot renew: the folder {} is read-only", place.display()));
        nothing_was_spent(&stage, &before);
        disk.remount("rw");
        stage.shows_usage_with(2);
        stage.nothing_is_lost();
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let stage = Stage::claude();
    let mut command = bound_by_permissions(&stage);
    let (before, folder) = (stage.text(), stage.scene.auth_dir());
    allow(&folder, 0o555);
    let row = stage.row(&mut command);
    allow(&folder, 0o755);
    let words = format!("token expired: cannot renew: the folder {} is read-only", folder.display());
    assert_eq!((row.words, row.state.as_str()), (words, "expired"));
    nothing_was_spent(&stage, &before);
}

#[test]
fn a_state_folder_that_may_not_be_written_is_named() {
    let stage = Stage::claude();
    let mut command = bound_by_permissions(&stage);
    let (before, folder) = (stage.text(), stage.scene.state_home());
    allow(&folder, 0o555);
    let row = stage.row(&mut command);
    allow(&folder, 0o755);
    let renewals = stage.renewals();
    let words = format!("token expired: cannot renew: the folder {} is read-only", renewals.display());
    assert_eq!(row.words, words, "{}", row.stderr);
    nothing_was_spent(&stage, &before);
}

#[test]
fn a_folder_that_turns_read_only_while_the_server_thinks_gets_the_login_later() {
    let stage = Stage::claude();
    let mut command = bound_by_permissions(&stage);
    let mut again = bound_by_permissions(&stage);
    let (before, folder) = (stage.text(), stage.scene.auth_dir());
    let gate = stage.hold_answers();
    std::thread::scope(|scope| {
        let status = scope.spawn(|| stage.row(&mut command));
        stage.sent(1);
        allow(&folder, 0o555);
        gate.open();
        let row = status.join().expect("a row");
        let words = format!(
            "token expired: renewed, but its file is not written yet: the folder {} is read-only; the new login is \
             kept safe",
            folder.display()
        );
        assert_eq!(row.words, words, "{}", row.stderr);
    });
    assert_eq!(stage.text(), before);
    stage.nothing_is_lost();
    allow(&folder, 0o755);
    let row = stage.row(&mut again);
    assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{}", row.stderr);
    assert!(stage.holds(2));
    assert_eq!(stage.ledger.posts().len(), 1);
}

#[test]
fn a_file_of_another_user_is_left_alone() {
    if !is_root() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    let stage = Stage::claude();
    chown(&stage.file, Some(NOBODY), None).expect("given away");
    let before = stage.text();
    stage.says("token expired: cannot renew: its file belongs to another user");
    nothing_was_spent(&stage, &before);
}
