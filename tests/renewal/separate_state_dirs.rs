//! Two processes that have no lock in their state directories in common.

use crate::common::{Gate, Program, Provider, RenewalFixture, StatusReport};
use std::fs;
use std::process::Command;

use super::concurrency::wait_until_it_waits;

/// The files of both runs have what came, and nothing is left of what came in between.
#[track_caller]
fn renewed_once(fixture: &RenewalFixture, runs: [Program; 2]) {
    let runs = runs.map(|run| StatusReport::of(run.finish()));
    let account = fixture.only_account();
    let login = fixture.ledger.login(&account.name);
    assert_eq!((login.renewals, login.reuses), (1, 0), "{runs:#?}");
    let text = fs::read_to_string(account.file()).expect("read");
    assert!(text.trim_start().starts_with('{'), "{} bytes of {:?}", text.len(), text.get(..1));
    assert_eq!(account.read()["refresh_token"], *login.refresh);
    assert_eq!(account.read()["access_token"], *login.access);
    for run in &runs {
        assert_eq!(run.error_of(account), None, "{runs:#?}");
    }
    assert_eq!(fixture.leftovers(), [""; 0]);
}

fn status(mut command: Command, fixture: &RenewalFixture) -> Program {
    fixture.spawn_command(command.args(["-vv", "status", "--format", "json"]))
}

/// A run whose token has been spent, and whose response waits for the gate.
fn in_the_middle(provider: Provider) -> (RenewalFixture, Gate, Program) {
    let fixture = RenewalFixture::new().with(provider, "alice@example.com");
    let gate = fixture.hold_responses();
    let first = status(fixture.command(), &fixture);
    fixture.ledger.wait_for(&fixture.only_account().name, |login| login.renewals == 1);
    (fixture, gate, first)
}

/// The program with a state directory of its own.
fn with_other_state(fixture: &RenewalFixture) -> Command {
    let mut command = fixture.command();
    command.env("XDG_STATE_HOME", fixture.dir().join("other-state"));
    command
}

/// Lets the first run go on once the second waits for it.
#[track_caller]
fn renewed_once_with(command: Command, (fixture, gate, first): (RenewalFixture, Gate, Program)) {
    let second = status(command, &fixture);
    wait_until_it_waits(&second);
    gate.open();
    renewed_once(&fixture, [first, second]);
}

#[test]
fn two_state_directories_renew_a_file_once() {
    let middle = in_the_middle(Provider::Claude);
    renewed_once_with(with_other_state(&middle.0), middle);
}

/// The same content in another inode: the lock on the file does not hold, the one on the token does.
#[test]
fn two_state_directories_renew_a_file_replaced_during_the_renewal_once() {
    let middle = in_the_middle(Provider::Codex);
    let file = middle.0.only_account().file().to_owned();
    let new = file.with_extension("new");
    fs::copy(&file, &new).expect("copied");
    fs::rename(&new, &file).expect("replaced");
    renewed_once_with(with_other_state(&middle.0), middle);
}

#[test]
fn two_state_directories_renew_copies_once() {
    for late in [false, true] {
        let (fixture, gate, first) = in_the_middle(Provider::Claude);
        let elsewhere = fixture.dir().join("elsewhere");
        fs::create_dir_all(&elsewhere).expect("made");
        let copy = elsewhere.join("claude.json");
        fs::copy(fixture.only_account().file(), &copy).expect("copied");
        let mut command = with_other_state(&fixture);
        command.arg("--auth-dir").arg(&elsewhere);
        let second = if late {
            gate.open();
            assert!(StatusReport::of(first.finish()).succeeded());
            fixture.pass(10);
            assert!(fixture.status().succeeded());
            status(command, &fixture)
        } else {
            let second = status(command, &fixture);
            wait_until_it_waits(&second);
            gate.open();
            assert!(StatusReport::of(first.finish()).succeeded());
            second
        };
        assert!(StatusReport::of(second.finish()).succeeded());
        let login = fixture.ledger.login(&fixture.only_account().name);
        assert_eq!((login.renewals, login.reuses), (1, 0), "{late}");
        let held: serde_json::Value = serde_json::from_slice(&fs::read(&copy).expect("read")).expect("JSON");
        assert_eq!(held["refresh_token"], *login.refresh, "{late}");
    }
}

#[test]
fn state_directory_deleted_during_a_renewal_loses_no_login() {
    let middle = in_the_middle(Provider::Codex);
    fs::remove_dir_all(middle.0.state_dir()).expect("removed");
    renewed_once_with(middle.0.command(), middle);
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_folder_with_two_mounts_is_renewed_once() {
    let middle = in_the_middle(Provider::Claude);
    let fixture = &middle.0;
    let elsewhere = fixture.dir().join("mounted");
    fs::create_dir_all(&elsewhere).expect("made");
    let program = fixture.command();
    let mut command = Command::new("unshare");
    let prepare = "mount --bind \"$FROM\" \"$TO\" && exec \"$0\" --auth-dir \"$TO\" \"$@\"";
    command.args(["-m", "sh", "-c", prepare]).arg(program.get_program()).env_clear();
    command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("FROM", fixture.auth_dir()).env("TO", &elsewhere).current_dir(fixture.home());
    renewed_once_with(command, middle);
}
