//! The file changes under the program: while the server thinks, just before, or while it is read.

use super::stage::{Row, Stage};
use chrono::TimeDelta;
use std::fs;
use std::io::Write;
use std::thread;

/// Runs `status` and does something to the file between the request and its answer.
#[track_caller]
fn while_the_server_thinks(stage: &Stage, change: impl FnOnce()) -> Row {
    let gate = stage.hold_answers();
    thread::scope(|scope| {
        let status = scope.spawn(|| stage.status());
        stage.sent(1);
        change();
        gate.open();
        status.join().expect("a row")
    })
}

#[test]
fn a_new_login_that_came_meanwhile_is_not_overwritten_but_used() {
    for by_rename in [false, true] {
        let stage = Stage::claude();
        let row = while_the_server_thinks(&stage, || {
            // The server's number 3, beside the 2 that is just on its way.
            stage.ledger.sign_in();
            let new = stage.content(3, TimeDelta::hours(8));
            if by_rename {
                let beside = stage.file.with_extension("new");
                fs::write(&beside, new).expect("written");
                fs::rename(beside, &stage.file).expect("moved");
            } else {
                stage.write_now(new);
            }
        });
        assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{row:?}");
        assert!(stage.holds(3), "{}", stage.text());
        // Nothing later puts the other one back.
        stage.pass(20);
        stage.shows_usage_with(3);
        stage.pass(61);
        stage.shows_usage_with(3);
    }
}

#[test]
fn what_else_was_changed_meanwhile_stays_and_gets_the_new_tokens() {
    let stage = Stage::claude();
    let row = while_the_server_thinks(&stage, || {
        stage.write_now(stage.text().replace("\"priority\":3", "\"priority\": 4.0, \"note\":\"mine\""));
    });
    assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{row:?}");
    assert!(stage.holds(2));
    assert!(stage.text().contains("\"priority\": 4.0, \"note\":\"mine\","), "{}", stage.text());
}

#[test]
fn a_file_that_was_deleted_meanwhile_is_not_made_anew_and_can_come_back() {
    let stage = Stage::claude();
    let before = stage.text();
    let gate = stage.hold_answers();
    let status = stage.scene.spawn(&["-vv", "status", "--format", "json"]);
    stage.sent(1);
    fs::remove_file(&stage.file).expect("removed");
    gate.open();
    let done = status.finish();
    assert!(done.stderr.contains("not renewed: its file is gone; sign in again"), "{done:?}");
    assert!(done.stdout.contains("\"accounts\":[]"), "an account without a file: {done:?}");
    assert!(!stage.file.exists());
    assert_eq!(stage.beside(), [""; 0]);
    stage.nothing_is_lost();
    stage.write_now(before);
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts().len(), 1);
}

#[test]
fn a_file_that_is_half_written_meanwhile_gets_its_tokens_later() {
    let stage = Stage::claude();
    let before = stage.text();
    let half = &before[..before.len() / 2];
    let row = while_the_server_thinks(&stage, || stage.write_now(half));
    assert!(row.stderr.contains("not renewed: its file can't be read: it is not JSON (line 1"), "{row:?}");
    assert!(row.words.contains("it is not JSON (line 1"), "{row:?}");
    assert_eq!(stage.text(), half);
    stage.nothing_is_lost();
    stage.write_now(&before);
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts().len(), 1);
}

/// The looks after a renewal are made whether or not the file could be written at once.
#[test]
fn a_running_tray_finishes_what_a_half_written_file_has_held_up() {
    let stage = Stage::claude();
    let before = stage.text();
    let gate = stage.hold_answers();
    let tray = stage.tray();
    stage.sent(1);
    stage.write_now(&before[..before.len() / 2]);
    gate.open();
    tray.stderr_line("not renewed: its file can't be read");
    stage.write_now(&before);
    stage.until("the new tokens are in the file", |stage| stage.holds(2));
    stage.scene.host.menu_until(|menu| menu.shows("42% left"));
    assert_eq!(stage.ledger.posts().len(), 1);
    stage.end(tray);
}

#[test]
fn a_half_written_file_keeps_its_last_good_values_and_recovers() {
    let stage = Stage::claude().not_expired();
    let whole = stage.text();
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("42% left"));
    stage.write_now(&whole[..40]);
    let menu = stage.scene.host.menu_until(|menu| menu.shows("invalid credential file"));
    assert!(menu.item("alice@example.com").label.contains("42% left"), "{menu}");
    stage.write_now(&whole);
    stage.scene.host.menu_until(|menu| menu.shows("42% left") && !menu.shows("broken"));
    assert_eq!(stage.ledger.posts(), [""; 0]);
    stage.end(tray);
}

#[test]
fn a_file_that_is_just_being_written_is_waited_for() {
    // Its token is good: one that has to be renewed would have to look older than it is.
    let stage = Stage::claude().not_expired();
    let whole = stage.text();
    let mut file = fs::File::create(&stage.file).expect("truncated");
    // The program is told to start while the file is empty, and has to find it whole in the end.
    thread::scope(|scope| {
        let status = scope.spawn(|| stage.status());
        for piece in whole.as_bytes().chunks(whole.len() / 4) {
            file.write_all(piece).expect("written");
            thread::yield_now();
        }
        let row = status.join().expect("a row");
        assert_eq!((row.words.as_str(), row.left), ("", Some(42.0)), "{row:?}");
    });
}

const WAITS: &str =
    "token expired: another program has just changed its file; renewing in a minute unless it does so itself";

#[test]
fn a_file_that_another_program_has_just_changed_is_left_to_it_for_a_minute() {
    let stage = Stage::codex();
    let before = stage.text();
    for age in [0, 30, 55] {
        stage.age_file(age);
        stage.says(WAITS);
    }
    assert_eq!((stage.ledger.posts(), stage.text()), (Vec::new(), before));
    assert!(stage.beside().is_empty() && !stage.journal().exists());
    // That program has renewed it.
    stage.ledger.sign_in();
    stage.write_now(stage.content(2, TimeDelta::hours(8)));
    stage.shows_usage_with(2);
    assert_eq!(stage.ledger.posts(), [""; 0]);
}

#[test]
fn a_running_tray_renews_it_as_soon_as_the_minute_is_over() {
    let stage = Stage::claude();
    stage.age_file(56);
    let tray = stage.tray();
    stage.scene.host.menu_until(|menu| menu.shows("Token expired: another program has just changed"));
    stage.scene.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert!(stage.holds(2));
    stage.end(tray);
}

#[test]
fn what_we_have_written_ourselves_is_not_waited_for() {
    let stage = Stage::claude();
    stage.ledger.expires_in(0);
    stage.shows_usage_with(2);
    stage.pass(61);
    stage.age_file(0);
    stage.shows_usage_with(3);
}
