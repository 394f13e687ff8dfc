//! The file changes under the program: while the server thinks, just before, or while it is read.

use crate::common::{Row, SingleLogin};
use chrono::TimeDelta;
use std::fs;
use std::io::Write;
use std::thread;

/// Runs `status` and changes the file between the token request and its response.
#[track_caller]
fn during_a_renewal(fixture: &SingleLogin, change: impl FnOnce()) -> Row {
    let gate = fixture.hold_responses();
    thread::scope(|scope| {
        let status = scope.spawn(|| fixture.status());
        fixture.wait_until_sent(1);
        change();
        gate.open();
        status.join().expect("a row")
    })
}

#[test]
fn new_login_written_during_a_renewal_is_used() {
    for by_rename in [false, true] {
        let fixture = SingleLogin::claude();
        let row = during_a_renewal(&fixture, || {
            // The server's number 3, beside the 2 that is just on its way.
            fixture.sign_in();
            let new = fixture.content(3, TimeDelta::hours(8));
            if by_rename {
                let beside = fixture.file.with_extension("new");
                fs::write(&beside, new).expect("written");
                fs::rename(beside, &fixture.file).expect("moved");
            } else {
                fixture.write_now(new);
            }
        });
        assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{row:?}");
        assert!(fixture.holds(3), "{}", fixture.text());
        // Nothing later puts the other one back.
        fixture.pass(20);
        fixture.assert_usage_with_tokens(3);
        fixture.pass(61);
        fixture.assert_usage_with_tokens(3);
    }
}

#[test]
fn other_changes_made_during_a_renewal_are_kept() {
    let fixture = SingleLogin::claude();
    let row = during_a_renewal(&fixture, || {
        fixture.write_now(fixture.text().replace("\"priority\":3", "\"priority\": 4.0, \"note\":\"mine\""));
    });
    assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{row:?}");
    assert!(fixture.holds(2));
    assert!(fixture.text().contains("\"priority\": 4.0, \"note\":\"mine\","), "{}", fixture.text());
}

#[test]
fn file_deleted_during_a_renewal_is_not_created_again() {
    let fixture = SingleLogin::claude();
    let before = fixture.text();
    let gate = fixture.hold_responses();
    let status = fixture.spawn(&["-vv", "status", "--format", "json"]);
    fixture.wait_until_sent(1);
    fs::remove_file(&fixture.file).expect("removed");
    gate.open();
    let done = status.finish();
    assert!(done.stderr.contains("not renewed: the credential file was removed; sign in again"), "{done:?}");
    assert!(done.stdout.contains("\"accounts\":[]"), "an account without a file: {done:?}");
    assert!(!fixture.file.exists());
    assert_eq!(fixture.beside(), [""; 0]);
    fixture.assert_kept();
    fixture.write_now(before);
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests().len(), 1);
}

#[test]
fn file_half_written_during_a_renewal_gets_the_tokens_later() {
    let fixture = SingleLogin::claude();
    let before = fixture.text();
    let half = &before[..before.len() / 2];
    let row = during_a_renewal(&fixture, || fixture.write_now(half));
    assert!(
        row.stderr.contains("not renewed: could not read the credential file: it is not JSON (line 1"),
        "{row:?}"
    );
    assert!(row.error.contains("it is not JSON (line 1"), "{row:?}");
    assert_eq!(fixture.text(), half);
    fixture.assert_kept();
    fixture.write_now(&before);
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests().len(), 1);
}

/// The checks after a renewal happen whether or not the file could be written at once.
#[test]
fn tray_writes_the_tokens_once_a_half_written_file_is_complete() {
    let fixture = SingleLogin::claude();
    let before = fixture.text();
    let gate = fixture.hold_responses();
    let tray = fixture.tray();
    fixture.wait_until_sent(1);
    fixture.write_now(&before[..before.len() / 2]);
    gate.open();
    tray.stderr_line("not renewed: could not read the credential file");
    fixture.write_now(&before);
    fixture.wait_until("the new tokens are in the file", |fixture| fixture.holds(2));
    fixture.host.menu_until(|menu| menu.shows("42% left"));
    assert_eq!(fixture.ledger.token_requests().len(), 1);
    fixture.end(tray);
}

#[test]
fn half_written_file_keeps_last_values_and_recovers() {
    let fixture = SingleLogin::claude().not_expired();
    let whole = fixture.text();
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("42% left"));
    fixture.write_now(&whole[..40]);
    let menu = fixture.host.menu_until(|menu| menu.shows("Could not use"));
    assert!(menu.item("alice@example.com").shows("42% left"), "{menu}");
    fixture.write_now(&whole);
    fixture.host.menu_until(|menu| menu.shows("42% left") && !menu.shows("Could not use"));
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
    fixture.end(tray);
}

#[test]
fn file_being_written_is_read_once_it_is_complete() {
    // A valid token: one that has expired would need a file that is older than a minute.
    let fixture = SingleLogin::claude().not_expired();
    let whole = fixture.text();
    let mut file = fs::File::create(&fixture.file).expect("truncated");
    // The program starts while the file is empty, and reads it once it is complete.
    thread::scope(|scope| {
        let status = scope.spawn(|| fixture.status());
        for piece in whole.as_bytes().chunks(whole.len() / 4) {
            file.write_all(piece).expect("written");
            thread::yield_now();
        }
        let row = status.join().expect("a row");
        assert_eq!((row.error.as_str(), row.left), ("", Some(42.0)), "{row:?}");
    });
}

const WAITS: &str = "token expired: another program has just changed the credential file; renewing in a minute \
                     unless that program does";

#[test]
fn file_just_changed_by_another_program_is_not_renewed_for_a_minute() {
    let fixture = SingleLogin::codex();
    let before = fixture.text();
    for age in [0, 30, 55] {
        fixture.age_file(age);
        fixture.assert_error(WAITS);
    }
    assert_eq!((fixture.ledger.token_requests(), fixture.text()), (Vec::new(), before));
    assert!(fixture.beside().is_empty() && !fixture.journal().exists());
    // That program has renewed it.
    fixture.sign_in();
    fixture.write_now(fixture.content(2, TimeDelta::hours(8)));
    fixture.assert_usage_with_tokens(2);
    assert_eq!(fixture.ledger.token_requests(), [""; 0]);
}

#[test]
fn tray_renews_a_changed_file_when_the_minute_is_over() {
    let fixture = SingleLogin::claude();
    fixture.age_file(56);
    let tray = fixture.tray();
    fixture.host.menu_until(|menu| menu.shows("Token expired: another program has just changed"));
    fixture.host.menu_until(|menu| menu.shows("alice@example.com — 42% left"));
    assert!(fixture.holds(2));
    fixture.end(tray);
}

#[test]
fn file_just_written_by_a_renewal_is_renewed_without_a_wait() {
    let fixture = SingleLogin::claude();
    fixture.ledger.set_token_lifetime(0);
    fixture.assert_usage_with_tokens(2);
    fixture.pass(61);
    fixture.age_file(0);
    fixture.assert_usage_with_tokens(3);
}
