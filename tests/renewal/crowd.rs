//! Two processes and twenty accounts at once.

use super::stage::{Run, Stage};
use crate::common::{Menu, Program};

/// Ten of each provider, every fifth behind a link.
fn twenty() -> Stage {
    (0..20).fold(Stage::new(), |stage, number| {
        let provider = if number % 2 == 0 { "claude" } else { "codex" };
        let email = format!("user{number:02}@example.com");
        if number % 5 == 0 { stage.with_link(provider, &email) } else { stage.with(provider, &email) }
    })
}

#[test]
fn two_runs_of_status_and_20_accounts_use_each_refresh_token_once() {
    let stage = twenty();
    let both = [(); 2].map(|()| stage.scene.spawn(&["status", "--format", "json"]));
    for program in both {
        all_well(&stage, &Run::of(program.finish()));
    }
    each_renewed_once(&stage);
}

#[test]
fn a_run_of_status_that_starts_while_20_renewals_are_on_their_way_takes_over_what_they_bring() {
    let stage = twenty();
    let gate = stage.hold();
    let first = stage.scene.spawn(&["status", "--format", "json"]);
    for player in stage.players() {
        stage.ledger.wait_for(&player.name, |login| login.renewals == 1);
    }
    let second = stage.scene.spawn(&["-vv", "status", "--format", "json"]);
    wait_until_it_waits(&second);
    gate.open();
    for program in [first, second] {
        all_well(&stage, &Run::of(program.finish()));
    }
    each_renewed_once(&stage);
}

#[test]
fn the_tray_and_status_and_20_accounts_use_each_refresh_token_once() {
    let stage = twenty();
    let tray = stage.scene.spawn(&[]);
    let status = stage.scene.spawn(&["status", "--format", "json"]);
    all_well(&stage, &Run::of(status.finish()));
    stage.scene.host.menu_until(all_have_usage);
    each_renewed_once(&stage);
    stage.scene.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    each_renewed_once(&stage);
}

#[test]
fn the_tray_that_starts_while_20_renewals_of_status_are_on_their_way_takes_over_what_they_bring() {
    let stage = twenty();
    let gate = stage.hold();
    let status = stage.scene.spawn(&["status", "--format", "json"]);
    for player in stage.players() {
        stage.ledger.wait_for(&player.name, |login| login.renewals == 1);
    }
    let tray = stage.scene.spawn(&["-vv"]);
    wait_until_it_waits(&tray);
    gate.open();
    all_well(&stage, &Run::of(status.finish()));
    stage.scene.host.menu_until(all_have_usage);
    stage.scene.host.click("Quit Quota Tray");
    assert!(tray.finish().status.success());
    each_renewed_once(&stage);
}

#[track_caller]
fn all_well(stage: &Stage, run: &Run) {
    for player in stage.players() {
        assert_eq!(run.error_of(player), None, "{}: {run:#?}", player.name);
    }
    assert!(run.succeeded(), "{run:#?}");
}

/// Each login was renewed by one of the two, and its file has what came.
#[track_caller]
fn each_renewed_once(stage: &Stage) {
    for player in stage.players() {
        let login = stage.ledger.login(&player.name);
        assert_eq!((login.renewals, login.reuses), (1, 0), "{}", player.name);
        let file = player.account.read();
        assert_eq!(file["refresh_token"], *login.refresh, "{}", player.name);
        assert_eq!(file["access_token"], *login.access, "{}", player.name);
    }
    assert_eq!(stage.leftovers(), [""; 0], "left beside the credentials");
}

/// Whether each of the twenty rows shows a percentage.
fn all_have_usage(menu: &Menu) -> bool {
    let rows = menu.labels();
    rows.iter().filter(|label| label.contains("@example.com — ") && label.contains("% left")).count() == 20
}

/// Waits until a program, run with `-vv`, has found the lock of a renewal taken.
#[track_caller]
pub fn wait_until_it_waits(program: &Program) {
    program.stderr_line("renewal: waiting for a lock");
}
