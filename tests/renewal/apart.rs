//! Two processes that have no lock in their state directories in common.

use std::fs;
use std::process::Command;

use super::crowd::wait_until_it_waits;
use super::stage::{Run, Stage};
use crate::common::Program;

/// The files of both runs have what came, and nothing is left of what came in between.
#[track_caller]
fn renewed_once(stage: &Stage, runs: [Program; 2]) {
    let runs = runs.map(|run| Run::of(run.finish()));
    let player = stage.only();
    let login = stage.ledger.login(&player.name);
    assert_eq!((login.renewals, login.reuses), (1, 0), "{runs:#?}");
    let text = fs::read_to_string(player.account.file()).expect("read");
    assert!(text.trim_start().starts_with('{'), "{} bytes of {:?}", text.len(), text.get(..1));
    assert_eq!(player.account.read()["refresh_token"], *login.refresh);
    assert_eq!(player.account.read()["access_token"], *login.access);
    for run in &runs {
        assert_eq!(run.error_of(player), None, "{runs:#?}");
    }
    assert_eq!(stage.leftovers(), [""; 0]);
}

fn status(mut command: Command, stage: &Stage) -> Program {
    stage.scene.spawn_command(command.args(["-vv", "status", "--format", "json"]))
}

#[test]
fn runs_with_two_state_directories_send_the_token_once() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let gate = stage.hold();
    let first = status(stage.scene.command(), &stage);
    stage.ledger.wait_for(&stage.only().name, |login| login.renewals == 1);
    let mut command = stage.scene.command();
    command.env("XDG_STATE_HOME", stage.scene.dir().join("other-state"));
    let second = status(command, &stage);
    wait_until_it_waits(&second);
    gate.open();
    renewed_once(&stage, [first, second]);
}

#[test]
fn state_directory_that_is_deleted_while_a_token_is_on_the_wire_costs_nothing() {
    let stage = Stage::new().with("codex", "alice@example.com");
    let gate = stage.hold();
    let first = status(stage.scene.command(), &stage);
    stage.ledger.wait_for(&stage.only().name, |login| login.renewals == 1);
    fs::remove_dir_all(stage.state_dir()).expect("removed");
    let second = status(stage.scene.command(), &stage);
    wait_until_it_waits(&second);
    gate.open();
    renewed_once(&stage, [first, second]);
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_folder_that_is_reached_by_two_mounts_is_renewed_once() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let gate = stage.hold();
    let first = status(stage.scene.command(), &stage);
    stage.ledger.wait_for(&stage.only().name, |login| login.renewals == 1);
    let elsewhere = stage.scene.dir().join("mounted");
    fs::create_dir_all(&elsewhere).expect("made");
    let program = stage.scene.command();
    let mut command = Command::new("unshare");
    command.args([
        "-m",
        "sh",
        "-c",
        "mount --bind \"$FROM\" \"$TO\" && exec \"$0\" --auth-dir \"$TO\" \"$@\"",
    ]);
    command.arg(program.get_program()).env_clear();
    command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("FROM", stage.scene.auth_dir()).env("TO", &elsewhere).current_dir(stage.scene.home());
    let second = status(command, &stage);
    wait_until_it_waits(&second);
    gate.open();
    renewed_once(&stage, [first, second]);
}

/// What other programs call their temporary files is theirs.
#[test]
fn temporary_file_of_another_program_stays() {
    let stage = Stage::new().with("claude", "alice@example.com");
    let name = format!(".{}.json.tmp", stage.only().name);
    let other = stage.scene.auth_dir().join(&name);
    fs::write(&other, "not ours").expect("written");
    assert!(stage.status().succeeded());
    assert_eq!(fs::read_to_string(&other).expect("it is there"), "not ours");
    assert_eq!(stage.leftovers(), [name]);
}

/// The file is exchanged for one of another provider while a second run waits for its lock.
#[test]
fn token_goes_to_the_provider_of_the_file_that_is_there_after_the_lock() {
    let stage = Stage::new().with("claude", "alice@example.com").with("codex", "bob@example.com");
    let [claude, codex] = stage.players() else { panic!("two accounts") };
    let gate = stage.hold();
    codex.account.disable();
    let first = status(stage.scene.command(), &stage);
    stage.ledger.wait_for(&claude.name, |login| login.renewals == 1);
    let second = status(stage.scene.command(), &stage);
    wait_until_it_waits(&second);
    codex.account.enable();
    fs::rename(codex.account.file(), claude.account.file()).expect("moved");
    gate.open();
    let (_, run) = (first.finish(), Run::of(second.finish()));
    // A server that does not know the token says that it is dead; the ledger would say "sign in again".
    let error = run.error_of(claude).expect("it is no Claude login any more");
    assert!(error.contains("its file was changed while it was renewed"), "{error}");
    let login = stage.ledger.login(&codex.name);
    assert_eq!((login.renewals, login.reuses), (0, 0));
    assert_eq!(claude.account.read()["refresh_token"], *login.refresh);
}
