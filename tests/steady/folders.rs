//! The folder of the logins: missing, created, deleted, created again.

use std::fs;

use super::*;
use crate::common::{TestAccount, claude_usage};

/// A Claude account in the folder, which is created if missing.
fn add(fixture: &Fixture, email: &str) {
    fs::create_dir_all(fixture.auth_dir()).expect("made");
    let account = TestAccount::claude(&fixture.auth_dir(), email);
    fixture.server.respond(account.access_token(), claude_usage(&[("five_hour", 66.0)]));
}

#[test]
fn folder_missing_at_start_is_found_when_created() {
    let fixture = Fixture::new();
    fs::remove_dir(fixture.auth_dir()).expect("removed");
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("No account is connected"));
    add(&fixture, ALICE);
    fixture.host.menu_until(showing("alice@example.com — 34% left"));
    add(&fixture, BOB);
    fixture.host.menu_until(showing("bob@example.com — 34% left"));
    assert_eq!(program.stderr(), "");
    quit(&fixture, program);
}

#[test]
fn folder_created_with_its_parents_is_found() {
    let fixture = Fixture::new().config("auth_dir = \"~/deep/deeper/deepest\"");
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("No account is connected"));
    let folder = fixture.home().join("deep/deeper/deepest");
    fs::create_dir_all(&folder).expect("made");
    let alice = TestAccount::claude(&folder, ALICE);
    fixture.server.respond(alice.access_token(), claude_usage(&[("five_hour", 66.0)]));
    fixture.host.menu_until(showing("alice@example.com — 34% left"));
    quit(&fixture, program);
}

#[test]
fn folder_removed_and_created_again_is_watched() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    for _ in 0..2 {
        fs::remove_dir_all(fixture.auth_dir()).expect("removed");
        fixture.host.menu_until(showing("No account is connected"));
        add(&fixture, BOB);
        fixture.host.menu_until(showing("bob@example.com — 34% left"));
        // The new folder is watched, and not the old one or their parent.
        add(&fixture, CAROL);
        fixture.host.menu_until(showing("carol@example.com — 34% left"));
    }
    quit(&fixture, program);
}

#[test]
fn folder_replaced_by_another_is_watched() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    let new = fixture.home().join("new");
    fs::create_dir(&new).expect("made");
    let bob = TestAccount::claude(&new, BOB);
    fixture.server.respond(bob.access_token(), claude_usage(&[("five_hour", 66.0)]));
    fs::rename(fixture.auth_dir(), fixture.home().join("old")).expect("moved");
    fs::rename(&new, fixture.auth_dir()).expect("moved");
    fixture
        .host
        .menu_until(|menu| at_rest(menu) && menu.shows("bob@example.com — 34% left") && !menu.shows(ALICE));
    add(&fixture, CAROL);
    fixture.host.menu_until(showing("carol@example.com — 34% left"));
    quit(&fixture, program);
}

#[test]
fn file_in_place_of_the_folder_is_reported_and_values_return() {
    let fixture = Fixture::new().claude(ALICE);
    let program = fixture.spawn(&[]);
    fixture.host.menu_until(showing("alice@example.com — 42% left"));
    fs::rename(fixture.auth_dir(), fixture.home().join("aside")).expect("moved");
    fs::write(fixture.auth_dir(), "no folder").expect("written");
    fixture.host.menu_until(showing("could not read the folder"));
    fs::remove_file(fixture.auth_dir()).expect("removed");
    fs::rename(fixture.home().join("aside"), fixture.auth_dir()).expect("moved");
    fixture.host.menu_until(|menu| {
        at_rest(menu) && menu.shows("alice@example.com — 42% left") && !menu.shows("could not read")
    });
    quit(&fixture, program);
}
