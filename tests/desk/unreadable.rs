//! Credential files that this user may not read, as those of a CLIProxyAPI that runs as another user: a row in the menu
//! and a finding in `doctor`, whether or not their names tell the provider.

use super::*;
use crate::common::unprivileged_command;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// A readable account, and two files that only their owner could make readable again.
fn fixture() -> Fixture {
    let fixture = Fixture::new().claude(ALICE);
    for name in ["claude-bob.json", "work.json"] {
        let file = fixture.auth_dir().join(name);
        fs::copy(fixture.account(ALICE).file(), &file).expect("copied");
        set_mode(&fixture, name, 0o000);
    }
    fixture
}

fn set_mode(fixture: &Fixture, name: &str, mode: u32) {
    let file = fixture.auth_dir().join(name);
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("set");
}

#[test]
fn unreadable_files_have_a_row_in_the_menu_until_they_are_readable() {
    let fixture = fixture();
    let program = fixture.spawn_command(&mut unprivileged_command(&fixture));
    let menu = fixture.host.menu_until(showing("42% left"));
    let text = menu.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    for part in
        ["could not read work.json: no permission to read it", "could not use claude-bob.json: no permission"]
    {
        assert!(text.to_lowercase().contains(part), "no {part:?} in:\n{menu}");
    }
    set_mode(&fixture, "work.json", 0o600);
    fixture.host.menu_until(|menu| !menu.shows("work.json"));
    // New while the tray is running.
    fs::rename(fixture.auth_dir().join("claude-bob.json"), fixture.auth_dir().join("bob.json"))
        .expect("renamed");
    fixture.host.menu_until(|menu| menu.to_string().to_lowercase().contains("could not read bob.json"));
    quit(&fixture, program);
}

#[test]
fn unreadable_files_are_findings_of_doctor_and_errors_of_status() {
    let fixture = fixture();
    let run =
        |arguments: &[&str]| fixture.spawn_command(unprivileged_command(&fixture).args(arguments)).finish();
    let doctor = run(&["doctor"]);
    for line in [
        "✗ account 2 (Claude): mode 000, could not use the credential file: no permission to read it; check its owner and \
         its permissions",
        "✗ credential file 1 (of an unknown provider): mode 000, no permission to read it — check its owner and its \
         permissions",
    ] {
        assert!(doctor.stdout.lines().any(|found| found == line), "no {line:?} in:\n{}", doctor.stdout);
    }
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        run(&["doctor", "--show-accounts"]).stdout.contains("(of an unknown provider) work.json: mode 000")
    );
    let status = run(&["status"]);
    assert_eq!(status.status.code(), Some(1), "{}", status.stdout);
    let text = status.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in
        ["could not read work.json: no permission to read it; check its owner and its permissions", "42%"]
    {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let cached = run(&["status", "--cached"]).stdout;
    assert!(cached.contains("work.json") && cached.contains("42%"), "{cached}");
}
