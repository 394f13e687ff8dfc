//! The disk says no: then the token is not spent. Where it says so only after the answer, the answer is
//! in the journal.

use crate::common::{NOBODY, SingleLogin, tokens::files, unprivileged_command};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

/// The program in a shell that lets no file grow beyond so many blocks of 512 bytes.
fn limited(fixture: &SingleLogin, blocks: u32) -> Command {
    let command = fixture.command();
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
    /// Only root may mount it.
    fn over(folder: &Path, kibibytes: u32) -> SmallDisk {
        let held = Held::of(folder);
        let size = format!("size={kibibytes}k");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        let mount = mount.expect("could not run mount");
        assert!(mount.status.success(), "could not mount: {}", String::from_utf8_lossy(&mount.stderr));
        held.put_back();
        SmallDisk(folder.to_owned())
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
fn assert_nothing_spent(fixture: &SingleLogin, before: &str) {
    assert_eq!(fixture.ledger.token_requests(), [""; 0], "a token was spent with no place for the new one");
    assert_eq!(fixture.text(), before);
    let left: Vec<_> = fixture.beside().into_iter().filter(|name| !name.starts_with("filler-")).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn file_size_limit_keeps_the_token() {
    // Below the room for the new credential; then enough for it, and too little for the journal.
    for (blocks, place) in [(16, "credentials"), (68, "journal")] {
        let fixture = SingleLogin::claude();
        let before = fixture.text();
        let place = match place {
            "journal" => fixture.renewals(),
            _ => fixture.auth_dir(),
        };
        let row = fixture.row(&mut limited(&fixture, blocks));
        let words =
            format!("token expired: could not renew it: there is no space left in {}", place.display());
        assert_eq!(row.error, words, "{}", row.stderr);
        assert_nothing_spent(&fixture, &before);
        fixture.assert_usage_with_tokens(2);
    }
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_full_disk_keeps_the_token() {
    for journal in [false, true] {
        let fixture = SingleLogin::codex();
        fs::create_dir_all(fixture.renewals()).expect("made");
        let place = if journal { fixture.renewals() } else { fixture.auth_dir() };
        let disk = SmallDisk::over(&place, 128);
        let before = fixture.text();
        disk.fill(4);
        let words =
            format!("token expired: could not renew it: there is no space left in {}", place.display());
        fixture.assert_error(&words);
        assert_nothing_spent(&fixture, &before);
        disk.clear();
        fixture.assert_usage_with_tokens(2);
        fixture.assert_kept();
    }
}

/// Room is made before the token is spent, so what happens to the disk then does not matter.
#[test]
#[ignore = "needs root, for mount"]
fn as_root_disk_that_fills_up_during_a_renewal_loses_nothing() {
    let fixture = SingleLogin::claude();
    fs::create_dir_all(fixture.renewals()).expect("made");
    let credentials = SmallDisk::over(&fixture.auth_dir(), 256);
    let journals = SmallDisk::over(&fixture.renewals(), 256);
    let gate = fixture.hold_responses();
    std::thread::scope(|scope| {
        let status = scope.spawn(|| fixture.status());
        fixture.wait_until_sent(1);
        credentials.fill(0);
        journals.fill(0);
        gate.open();
        let row = status.join().expect("a row");
        assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{}", row.stderr);
    });
    assert!(fixture.holds(2));
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_disk_that_is_mounted_read_only_keeps_the_token() {
    for journal in [false, true] {
        let fixture = SingleLogin::claude();
        fs::create_dir_all(fixture.renewals()).expect("made");
        let place = if journal { fixture.renewals() } else { fixture.auth_dir() };
        let disk = SmallDisk::over(&place, 128);
        let before = fixture.text();
        disk.remount("ro");
        fixture.assert_error(&format!(
            "token expired: could not renew it: the folder {} is read-only",
            place.display()
        ));
        assert_nothing_spent(&fixture, &before);
        disk.remount("rw");
        fixture.assert_usage_with_tokens(2);
        fixture.assert_kept();
    }
}

#[test]
fn read_only_credential_folder_is_reported() {
    let fixture = SingleLogin::claude();
    let mut command = unprivileged_command(&fixture);
    let (before, folder) = (fixture.text(), fixture.auth_dir());
    allow(&folder, 0o555);
    let row = fixture.row(&mut command);
    allow(&folder, 0o755);
    let words = format!("token expired: could not renew it: the folder {} is read-only", folder.display());
    assert_eq!((row.error, row.state.as_str()), (words, "expired"));
    assert_nothing_spent(&fixture, &before);
}

#[test]
fn read_only_state_folder_is_reported() {
    let fixture = SingleLogin::claude();
    let mut command = unprivileged_command(&fixture);
    let (before, folder) = (fixture.text(), fixture.state_home());
    allow(&folder, 0o555);
    let row = fixture.row(&mut command);
    allow(&folder, 0o755);
    let renewals = fixture.renewals();
    let words = format!("token expired: could not renew it: the folder {} is read-only", renewals.display());
    assert_eq!(row.error, words, "{}", row.stderr);
    assert_nothing_spent(&fixture, &before);
}

#[test]
fn folder_made_read_only_during_a_renewal_gets_the_tokens_later() {
    let fixture = SingleLogin::claude();
    let mut command = unprivileged_command(&fixture);
    let mut again = unprivileged_command(&fixture);
    let (before, folder) = (fixture.text(), fixture.auth_dir());
    let gate = fixture.hold_responses();
    std::thread::scope(|scope| {
        let status = scope.spawn(|| fixture.row(&mut command));
        fixture.wait_until_sent(1);
        allow(&folder, 0o555);
        gate.open();
        let row = status.join().expect("a row");
        let words = format!(
            "token expired: renewed, but could not write the credential file: the folder {} is read-only; the new \
             login is kept and will be written later",
            folder.display()
        );
        assert_eq!(row.error, words, "{}", row.stderr);
    });
    assert_eq!(fixture.text(), before);
    fixture.assert_kept();
    allow(&folder, 0o755);
    let row = fixture.row(&mut again);
    assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{}", row.stderr);
    assert!(fixture.holds(2));
    assert_eq!(fixture.ledger.token_requests().len(), 1);
}

#[test]
#[ignore = "needs root, for chown"]
fn as_root_file_of_another_user_keeps_its_token() {
    let fixture = SingleLogin::claude();
    chown(&fixture.file, Some(NOBODY), None).expect("given away");
    let before = fixture.text();
    fixture.assert_error("token expired: could not renew it: the credential file belongs to another user");
    assert_nothing_spent(&fixture, &before);
}

#[test]
fn credential_file_without_read_permission_is_reported() {
    let fixture = SingleLogin::claude();
    let mut command = unprivileged_command(&fixture);
    let before = fixture.text();
    allow(&fixture.file, 0o000);
    let row = fixture.row(&mut command);
    allow(&fixture.file, 0o600);
    assert!(row.error.to_lowercase().contains("permission"), "{row:?}");
    assert_nothing_spent(&fixture, &before);
}
