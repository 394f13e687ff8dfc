//! Two processes that have no lock in their state directories in common, and other programs at the files.

use std::fs;
use std::process::Command;

use super::crowd::wait_until_it_waits;
use super::stage::{Run, Stage};
use crate::common::{Gate, Program};

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

/// A run whose token has been spent, and whose response waits for the gate.
fn in_the_middle(provider: &'static str) -> (Stage, Gate, Program) {
    let stage = Stage::new().with(provider, "alice@example.com");
    let gate = stage.hold();
    let first = status(stage.scene.command(), &stage);
    stage.ledger.wait_for(&stage.only().name, |login| login.renewals == 1);
    (stage, gate, first)
}

/// The program with a state directory of its own.
fn with_other_state(stage: &Stage) -> Command {
    let mut command = stage.scene.command();
    command.env("XDG_STATE_HOME", stage.scene.dir().join("other-state"));
    command
}

/// Lets the first run go on once the second waits for it.
#[track_caller]
fn renewed_once_with(command: Command, (stage, gate, first): (Stage, Gate, Program)) {
    let second = status(command, &stage);
    wait_until_it_waits(&second);
    gate.open();
    renewed_once(&stage, [first, second]);
}

#[test]
fn runs_with_two_state_directories_send_the_token_once() {
    let middle = in_the_middle("claude");
    renewed_once_with(with_other_state(&middle.0), middle);
}

/// The same content in another inode: the lock on the file does not hold, the one on the token does.
#[test]
fn file_that_is_replaced_while_its_token_is_on_the_wire_is_renewed_once_with_two_state_directories() {
    let middle = in_the_middle("codex");
    let file = middle.0.only().account.file().to_owned();
    let new = file.with_extension("new");
    fs::copy(&file, &new).expect("copied");
    fs::rename(&new, &file).expect("replaced");
    renewed_once_with(with_other_state(&middle.0), middle);
}

#[test]
fn copies_are_renewed_once_with_two_state_directories() {
    for late in [false, true] {
        let (stage, gate, first) = in_the_middle("claude");
        let elsewhere = stage.scene.dir().join("elsewhere");
        fs::create_dir_all(&elsewhere).expect("made");
        let copy = elsewhere.join("claude.json");
        fs::copy(stage.only().account.file(), &copy).expect("copied");
        let mut command = with_other_state(&stage);
        command.arg("--auth-dir").arg(&elsewhere);
        let second = if late {
            gate.open();
            assert!(Run::of(first.finish()).succeeded());
            stage.wait(10);
            assert!(stage.status().succeeded());
            status(command, &stage)
        } else {
            let second = status(command, &stage);
            wait_until_it_waits(&second);
            gate.open();
            assert!(Run::of(first.finish()).succeeded());
            second
        };
        assert!(Run::of(second.finish()).succeeded());
        let login = stage.ledger.login(&stage.only().name);
        assert_eq!((login.renewals, login.reuses), (1, 0), "{late}");
        let held: serde_json::Value = serde_json::from_slice(&fs::read(&copy).expect("read")).expect("JSON");
        assert_eq!(held["refresh_token"], *login.refresh, "{late}");
    }
}

#[test]
fn state_directory_that_is_deleted_while_a_token_is_on_the_wire_costs_nothing() {
    let middle = in_the_middle("codex");
    fs::remove_dir_all(middle.0.state_dir()).expect("removed");
    renewed_once_with(middle.0.scene.command(), middle);
}

#[test]
#[ignore = "needs root, for mount"]
fn as_root_folder_that_is_reached_by_two_mounts_is_renewed_once() {
    let middle = in_the_middle("claude");
    let stage = &middle.0;
    let elsewhere = stage.scene.dir().join("mounted");
    fs::create_dir_all(&elsewhere).expect("made");
    let program = stage.scene.command();
    let mut command = Command::new("unshare");
    let prepare = "mount --bind \"$FROM\" \"$TO\" && exec \"$0\" --auth-dir \"$TO\" \"$@\"";
    command.args(["-m", "sh", "-c", prepare]).arg(program.get_program()).env_clear();
    command.envs(program.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("FROM", stage.scene.auth_dir()).env("TO", &elsewhere).current_dir(stage.scene.home());
    renewed_once_with(command, middle);
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
    // A server that does not know the token says that it is dead; the row would say "sign in again". The second look at
    // the accounts finds a Codex login in a file that is a moment old.
    let error = run.error_of(claude).expect("it can't be renewed yet");
    assert!(error.contains("another program has just changed its file"), "{error}");
    let login = stage.ledger.login(&codex.name);
    assert_eq!((login.renewals, login.reuses), (0, 0));
    assert_eq!(claude.account.read()["refresh_token"], *login.refresh);
}
